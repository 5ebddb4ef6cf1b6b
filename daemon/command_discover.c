/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <unistd.h>

#include "daemon/command.h"
#include "daemon/judgement.h"
#include "daemon/log.h"
#include "daemon/output.h"
#include "parsers/buf.h"
#include "parsers/utf8.h"
#include "rules/discover.h"

/* Names are strangers' words: in the YAML below they must not end a comment or a text. What YAML takes for a line's end
 * beyond \n (U+0085 never comes here, U+2028, U+2029) and \n itself become blanks. */
static void add_words(struct buf *b, const char *s, bool quoted) {
        for (size_t n = strlen(s), i = 0; i < n;) {
                uint32_t cp;
                size_t size = utf8_decode(s + i, n - i, &cp);
                if (size == 0)
                        break;
                if (cp < 0x20 || cp == 0x7f || cp == 0x85 || cp == 0x2028 || cp == 0x2029 || cp == 0xfeff)
                        (void) buf_add_char(b, ' ');
                else {
                        if (quoted && (cp == '"' || cp == '\\'))
                                (void) buf_add_char(b, '\\');
                        (void) buf_add(b, s + i, size);
                }
                i += size;
        }
}

static void add_text(struct buf *b, const char *s) {
        (void) buf_add_char(b, '"');
        add_words(b, s, true);
        (void) buf_add_char(b, '"');
}

static void add_count(struct buf *b, uint32_t n, const char *one, const char *many) {
        (void) buf_printf(b, "%" PRIu32 " %s", n, n == 1 ? one : many);
}

static void add_day(struct buf *b, instant at, const struct zone *zone) {
        struct civil c = zone_civil(zone, at);
        (void) buf_printf(b, "%04d-%02d-%02d", c.year, c.month, c.day);
}

static void add_reasons(struct buf *b, const struct discovered *f, const struct zone *zone) {
        (void) buf_add_str(b, "  # ");
        add_count(b, f->received, "message from them", "messages from them");
        (void) buf_printf(b, " and %" PRIu32 " of yours, %" PRIu32 " of them answers, in ", f->sent, f->answers);
        add_count(b, f->weeks, "week", "weeks");
        (void) buf_add_str(b, " from ");
        add_day(b, f->first_at, zone);
        (void) buf_add_str(b, " to ");
        add_day(b, f->last_at, zone);
        (void) buf_add_char(b, '\n');
        const struct {
                uint32_t n;
                const char *before, *one, *many;
        } proofs[] = {
                {f->meetings, "", "meeting", "meetings"},
                {f->business, "", "quote, invoice or order", "quotes, invoices or orders"},
                {f->asked, "asked you for something ", "time", "times"},
        };
        const char *before = "  # ";
        for (size_t i = 0; i < ELEMENTSOF(proofs); i++) {
                if (proofs[i].n == 0)
                        continue;
                (void) buf_printf(b, "%s%s", before, proofs[i].before);
                add_count(b, proofs[i].n, proofs[i].one, proofs[i].many);
                before = "; ";
        }
        (void) buf_add_char(b, '\n');
}

static void add_people(struct buf *b, const struct discovered *f) {
        (void) buf_add_str(b, "  # ");
        uint32_t named = MIN(f->n_people, DISCOVERED_PEOPLE_MAX);
        for (uint32_t i = 0; i < named; i++) {
                const struct discovered_person *p = &f->people[i];
                if (i > 0)
                        (void) buf_add_str(b, ", ");
                if (p->name) {
                        add_words(b, p->name, false);
                        (void) buf_add_str(b, " <");
                }
                add_words(b, p->email, false);
                if (p->name)
                        (void) buf_add_char(b, '>');
        }
        if (f->n_people > named)
                (void) buf_printf(b, " and %" PRIu32 " more", f->n_people - named);
        (void) buf_add_char(b, '\n');
}

static void add_client(struct buf *b, const struct discovered *f, const struct zone *zone) {
        (void) buf_add_char(b, '\n');
        add_reasons(b, f, zone);
        add_people(b, f);
        if (f->client) {
                (void) buf_printf(b, "  # %s has single addresses there: to take in the others, add ", f->client->id);
                add_text(b, f->match);
                (void) buf_add_str(b, " to its match\n");
                return;
        }
        (void) buf_printf(b, "  - id: \"%s\"\n    name: ", f->id);
        add_text(b, f->name);
        (void) buf_add_str(b, "\n    match: [");
        add_text(b, f->match);
        (void) buf_add_str(b, "]\n");
        if (f->time_zone)
                (void) buf_printf(b, "    time_zone: %s\n", f->time_zone);
}

static int print_yaml(const struct discovery *found, const struct zone *zone) {
        _cleanup_buf_ struct buf b = {};
        size_t fresh = 0;
        for (size_t i = 0; i < found->n; i++)
                fresh += !found->items[i].client;
        if (found->n > 0)
                (void) buf_printf(&b,
                                  "# %zu correspondent%s look%s like a client, the likeliest first. Take out who is none; "
                                  "the rest goes into\n# a file of clients.d, or below \"clients:\" of adieu.yaml.\n",
                                  found->n, found->n == 1 ? "" : "s", found->n == 1 ? "s" : "");
        else
                (void) buf_printf(&b, "# Nobody looks like a client who is not one already.\n");
        (void) buf_add_str(&b, fresh > 0 ? "clients:\n" : "clients: []\n");
        for (size_t i = 0; i < found->n; i++)
                add_client(&b, &found->items[i], zone);
        if (b.error < 0)
                return b.error;
        fputs(b.data, stdout);
        return 0;
}

static void print_json(const struct discovered *f, const struct zone *zone) {
        json_object *o = json_object_new_object(), *match = json_object_new_array(), *people = json_object_new_array();
        json_object_object_add(o, "id", json_text(f->id));
        json_object_object_add(o, "name", json_text(f->name));
        json_object_array_add(match, json_text(f->match));
        json_object_object_add(o, "match", match);
        json_object_object_add(o, "time_zone", json_text(f->time_zone));
        json_object_object_add(o, "client", json_text(f->client ? f->client->id : NULL));
        json_object_object_add(o, "score", json_object_new_int64(f->score));
        json_object_object_add(o, "received", json_object_new_int64(f->received));
        json_object_object_add(o, "sent", json_object_new_int64(f->sent));
        json_object_object_add(o, "answers", json_object_new_int64(f->answers));
        json_object_object_add(o, "weeks", json_object_new_int64(f->weeks));
        json_object_object_add(o, "meetings", json_object_new_int64(f->meetings));
        json_object_object_add(o, "business", json_object_new_int64(f->business));
        json_object_object_add(o, "asked", json_object_new_int64(f->asked));
        json_object_object_add(o, "first_at", json_time(f->first_at, zone));
        json_object_object_add(o, "last_at", json_time(f->last_at, zone));
        for (uint32_t i = 0; i < MIN(f->n_people, DISCOVERED_PEOPLE_MAX); i++) {
                json_object *p = json_object_new_object();
                json_object_object_add(p, "name", json_text(f->people[i].name));
                json_object_object_add(p, "email", json_text(f->people[i].email));
                json_object_object_add(p, "received", json_object_new_int64(f->people[i].received));
                json_object_object_add(p, "sent", json_object_new_int64(f->people[i].sent));
                json_object_array_add(people, p);
        }
        json_object_object_add(o, "people", people);
        json_print(o);
}

static void on_progress(uint64_t messages, void *userdata) {
        (void) userdata;
        fprintf(stderr, "\r\033[K%" PRIu64 " messages looked at", messages);
}

static int find(struct context *c, struct arena *arena, struct discovery *ret) {
        struct observation_feed feed;
        bool terminal = isatty(STDERR_FILENO) == 1;
        struct discover_options options = {
                .now = clock_now(&c->clock), .zones = c->zones, .progress = terminal ? on_progress : NULL};
        int r = store_feed(c->store, &feed);
        if (r >= 0) {
                r = discover(&feed, c->settings, &options, arena, ret);
                store_feed_end(c->store);
        }
        if (terminal)
                fputs("\r\033[K", stderr);
        return r;
}

int command_clients_discover(struct context *c) {
        _cleanup_arena_ struct arena *arena = NULL;
        struct discovery found;
        int status = context_settings(c);
        if (status == EXIT_DONE)
                status = context_store(c, STORE_READ_ONLY);
        if (status != EXIT_DONE)
                return status;
        /* No ceiling: it holds the names of those the owner's mailboxes are from. */
        int r = arena_new(0, &arena);
        if (r >= 0)
                r = find(c, arena, &found);
        if (r < 0)
                return judge_failed(c, r, "cannot look for clients"), EXIT_FAULT;
        const struct zone *zone = c->settings->owner.zone;
        for (size_t i = 0; i < found.n && c->json; i++)
                print_json(&found.items[i], zone);
        if (!c->json && (r = print_yaml(&found, zone)) < 0)
                return log_errno(r, "cannot print the clients"), EXIT_FAULT;
        if (found.own == 0 && found.messages > 0)
                log_warning("none of %" PRIu64
                            " messages is yours: add the folder of your sent mail to the sources, and every "
                            "address you write from to owner.addresses",
                            found.messages);
        return EXIT_DONE;
}
