/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "daemon/command.h"
#include "daemon/digest.h"
#include "daemon/judgement.h"
#include "daemon/log.h"
#include "daemon/output.h"
#include "daemon/service_ask.h"

static const char *when(const struct context *c, instant at, char *buffer, size_t size) {
        const struct owner *o = &c->settings->owner;
        return at == INSTANT_UNKNOWN ? "never" : time_human(at, o->zone, o->language, buffer, size);
}

static int on_source(const struct store_source_status *st, void *userdata) {
        struct context *c = userdata;
        const struct zone *zone = c->settings->owner.zone;
        char read[64], tried[64];
        struct store_source_counts counts = {};
        int r = store_source_counts(c->store, st->id, &counts);
        if (r < 0)
                return r;

        if (c->json) {
                json_object *o = json_object_new_object();
                json_object_object_add(o, "status", json_text("source"));
                json_object_object_add(o, "source", json_text(st->name));
                json_object_object_add(o, "kind", json_text(st->kind));
                json_object_object_add(o, "location", json_text(st->location));
                json_object_object_add(o, "read_at", json_time(st->read_at, zone));
                json_object_object_add(o, "tried_at", json_time(st->tried_at, zone));
                json_object_object_add(o, "error", json_text(st->error));
                json_object_object_add(o, "items", json_object_new_int64(counts.items));
                json_object_object_add(o, "observations", json_object_new_int64(counts.observations));
                json_object_object_add(o, "unreadable", json_object_new_int64(counts.unreadable));
                json_print(o);
                return 0;
        }
        printf("%-9s %s%s\n", st->kind, st->name,
               source_is_configured(c->settings, st) ? "" : " (no longer in the configuration)");
        printf("          read whole %s; %" PRId64 " items, %" PRId64 " observations",
               when(c, st->read_at, read, sizeof(read)), counts.items, counts.observations);
        if (counts.unreadable > 0)
                printf(", %" PRId64 " could not be read", counts.unreadable);
        putchar('\n');
        if (st->error)
                printf("          last try %s: %s\n", when(c, st->tried_at, tried, sizeof(tried)), st->error);
        return 0;
}

static int on_unreadable(const char *source, const struct observation *o, void *userdata) {
        struct context *c = userdata;
        const struct unreadable *u = &o->unreadable;
        char seen[64];

        if (c->json) {
                json_object *j = json_object_new_object();
                json_object_object_add(j, "status", json_text("unreadable"));
                json_object_object_add(j, "source", json_text(source));
                json_object_object_add(j, "item", json_text(u->item));
                json_object_object_add(j, "reason", json_text(unreadable_reason_name(u->reason)));
                json_object_object_add(j, "detail", json_object_new_int(u->detail));
                json_object_object_add(j, "size", u->size >= 0 ? json_object_new_int64(u->size) : NULL);
                json_object_object_add(j, "seen_at", json_time(o->seen_at, c->settings->owner.zone));
                json_print(j);
        } else
                printf("kept aside %s: %s (%s, since %s)\n", source, u->item ? u->item : "?",
                       unreadable_reason_name(u->reason), when(c, o->seen_at, seen, sizeof(seen)));
        return 0;
}

static void print_waiting(struct context *c, const struct judgement *j) {
        const struct waiting *waiting;
        size_t n = evaluation_waiting(j->evaluation, &waiting);
        const struct owner *owner = &c->settings->owner;
        char buffer[64];

        for (size_t i = 0; i < n; i++) {
                const struct waiting *w = &waiting[i];
                if (c->json) {
                        json_object *o = json_object_new_object();
                        json_object_object_add(o, "status", json_text("waiting"));
                        json_object_object_add(o, "rule", json_text(rule_id(w->rule)));
                        json_object_object_add(o, "client", json_text(w->client ? w->client->id : NULL));
                        json_object_object_add(o, "deadline", json_time(w->deadline, owner->zone));
                        json_object_object_add(o, "reason", json_text(w->unread ? "unread message" : "source stale"));
                        json_print(o);
                } else
                        printf("waiting: %s  %s, %s, due %s\n", w->unread ? "unread message" : "source stale",
                               rule_id(w->rule), w->client ? w->client->id : "-",
                               time_human(w->deadline, owner->zone, owner->language, buffer, sizeof(buffer)));
        }
}

static int print_totals(struct context *c, const struct judgement *j) {
        struct store_totals t;
        int r = store_totals(c->store, &t);
        if (r < 0)
                return r;
        size_t open = 0;
        for (size_t i = 0; i < j->n_alerts; i++)
                open += j->alerts[i].state == ALERT_OPEN && j->alerts[i].mode != MODE_WATCH; /* those that `alerts` lists */
        if (c->json) {
                json_object *o = json_object_new_object();
                json_object_object_add(o, "status", json_text("totals"));
                json_object_object_add(o, "messages", json_object_new_int64(t.messages));
                json_object_object_add(o, "events", json_object_new_int64(t.events));
                json_object_object_add(o, "unreadable", json_object_new_int64(t.unreadable));
                json_object_object_add(o, "bytes", json_object_new_int64(t.bytes));
                json_object_object_add(o, "first_at", json_time(t.first_at, c->settings->owner.zone));
                json_object_object_add(o, "last_at", json_time(t.last_at, c->settings->owner.zone));
                json_object_object_add(o, "facts", json_object_new_int64((int64_t) j->facts));
                json_object_object_add(o, "alerts_open", json_object_new_int64((int64_t) open));
                json_object_object_add(o, "alerts_held_back", json_object_new_int64((int64_t) j->n_held));
                json_object_object_add(o, "rules", json_object_new_int64((int64_t) ruleset_size(c->rules)));
                json_object_object_add(o, "excepted", json_object_new_int64((int64_t) evaluation_excepted(j->evaluation)));
                json_print(o);
                return 0;
        }
        char first[64], last[64];
        printf("store     %s, %.1f MB: %" PRId64 " messages, %" PRId64 " calendar versions", c->state,
               (double) t.bytes / 1e6, t.messages, t.events);
        if (t.messages > 0)
                printf(", %s to %s", when(c, t.first_at, first, sizeof(first)), when(c, t.last_at, last, sizeof(last)));
        printf("\nrules     %zu, from %zu files; %zu alert%s open\n", ruleset_size(c->rules), c->n_rule_files, open,
               open == 1 ? "" : "s");
        if (j->n_held > 0)
                printf("          %zu more held back: of %s only a part was read\n", j->n_held, j->held_by);
        if (evaluation_excepted(j->evaluation) > 0)
                printf("          %zu times not counted: agreed exceptions and pauses\n",
                       evaluation_excepted(j->evaluation));
        return 0;
}

/* The mails that are not out, and the newest that are. */
#define SENT_SHOWN 3U

static int on_outbox(const struct outbox_row *row, void *userdata) {
        struct context *c = userdata;
        char made[64], next[64];
        if (c->json) {
                json_print(json_outbox(row, c->settings->owner.zone));
                return 0;
        }
        printf("mail      %s of %s%s%s: %s", outbox_kind_name(row->kind), when(c, row->made_at, made, sizeof(made)),
               *row->recipient ? " to " : "", row->recipient, outbox_state_name(row->state));
        if (row->state == OUTBOX_WAITING)
                printf(", %u %s, the next not before %s", row->tries, row->tries == 1 ? "try" : "tries",
                       when(c, row->next_at, next, sizeof(next)));
        putchar('\n');
        if (row->unsure > 0)
                puts("          it may have arrived: it was handed over, and no answer came");
        if (row->text && row->state != OUTBOX_SENT)
                printf("          %s\n", row->text);
        return 0;
}

int command_status(struct context *c, int argc, char **argv) {
        int operands = command_options(c, command_find("status"), argc, argv, NULL);
        if (operands == OPTIONS_HELPED)
                return EXIT_DONE;
        if (operands != 0) {
                if (operands > 0)
                        log_error("status takes no operands");
                return EXIT_USAGE;
        }
        int status = context_configuration(c, NULL, 0);
        if (status == EXIT_DONE)
                status = context_holidays(c);
        /* A service that refused the configuration says so, also when this command refuses it. */
        json_object *service = service_ask(c);
        bool sound = status == EXIT_DONE;
        if (sound)
                status = context_store(c, STORE_READ_ONLY);
        bool running = service_print(c, service);
        if (status != EXIT_DONE) /* the store may be for the service's eyes only: then what it says is all there is */
                return running && sound ? EXIT_DONE : status;
        struct judgement j = {};
        if (judge_shown(c, &j) < 0)
                return EXIT_FAULT;
        int r = print_totals(c, &j);
        if (r >= 0)
                r = store_sources(c->store, on_source, c);
        if (r >= 0)
                print_waiting(c, &j);
        if (r >= 0)
                r = store_unreadable(c->store, on_unreadable, c);
        if (r >= 0)
                r = outbox_list(c->store, SENT_SHOWN, on_outbox, c);
        judgement_free(&j);
        if (r < 0)
                return log_errno(r, "%s", store_error(c->store)), EXIT_FAULT;
        return EXIT_DONE;
}
