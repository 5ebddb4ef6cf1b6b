/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "daemon/command.h"
#include "daemon/judgement.h"
#include "daemon/log.h"
#include "daemon/output.h"
#include "rules/window.h"

struct listing {
        const struct context *context;
        const char *client, *fact;
        instant since;
        struct conversation_list *conversations; /* gathered instead of printing facts; owned; NULL: print facts */
};

/* ---- conversations: what the facts of messages say of them */

struct conversation {
        const struct client *client;
        char *thread_id, *subject; /* owned; the subject of the first message; may be NULL */
        const char *waiting_on;    /* a value of the field */
        instant first_at, last_at, waiting_since;
        uint32_t received, sent;
};

struct conversation_list {
        struct conversation *items;
        size_t n, room;
        struct window index; /* client and thread_id -> number of the item */
};

static struct conversation_list *conversation_list_free(struct conversation_list *l) {
        if (!l)
                return NULL;
        for (size_t i = 0; i < l->n; i++) {
                free(l->items[i].thread_id);
                free(l->items[i].subject);
        }
        free(l->items);
        window_done(&l->index);
        free(l);
        return NULL;
}

static int conversation_new(struct conversation_list *l, const struct fact *f, uint64_t key, struct conversation **ret) {
        if (l->n == l->room) {
                size_t room = MAX(2 * l->room, (size_t) 64);
                struct conversation *items = reallocarray(l->items, room, sizeof(*items));
                if (!items)
                        return -ENOMEM;
                l->items = items;
                l->room = room;
        }
        struct value subject = fact_value(f, "subject");
        struct conversation *c = &l->items[l->n];
        *c = (struct conversation){.client = f->client,
                                   .thread_id = strdup(fact_value(f, "thread_id").s),
                                   .subject = subject.s ? strdup(subject.s) : NULL,
                                   .waiting_on = "nobody",
                                   .first_at = f->at};
        l->n++;
        if (!c->thread_id || (subject.s && !c->subject))
                return -ENOMEM;
        *ret = c;
        return window_put(&l->index, key, l->n - 1, 0);
}

static void conversation_waits(struct conversation *c, const char *waiting_on, instant at) {
        if (strcmp(c->waiting_on, waiting_on) != 0)
                c->waiting_since = at;
        c->waiting_on = waiting_on;
}

static int conversation_add(struct conversation_list *l, const struct fact *f) {
        bool message = f->type == FACT_MESSAGE_RECEIVED || f->type == FACT_MESSAGE_SENT;
        if (!f->client || !(message || f->type == FACT_REQUEST_SETTLED))
                return 0;
        const char *id = fact_value(f, "thread_id").s;
        uint64_t key = hash_bytes(id, strlen(id), f->client->index + 1U);
        const struct window_slot *slot = window_find(&l->index, key, 0);
        struct conversation *c = slot ? &l->items[slot->word] : NULL;
        int r = c ? 0 : conversation_new(l, f, key, &c);
        if (r < 0)
                return r;
        c->last_at = f->at;
        c->received += f->type == FACT_MESSAGE_RECEIVED;
        c->sent += f->type == FACT_MESSAGE_SENT;
        conversation_waits(c, message ? fact_value(f, "waiting_on").s : "nobody", f->at);
        return 0;
}

static void print_conversation_json(const struct conversation *c, const struct zone *zone) {
        bool waits = strcmp(c->waiting_on, "nobody") != 0;
        json_object *o = json_object_new_object();
        json_object_object_add(o, "thread_id", json_text(c->thread_id));
        json_object_object_add(o, "client", json_text(c->client->id));
        json_object_object_add(o, "subject", json_text(c->subject));
        json_object_object_add(o, "first_at", json_time(c->first_at, zone));
        json_object_object_add(o, "last_at", json_time(c->last_at, zone));
        json_object_object_add(o, "received", json_object_new_int64(c->received));
        json_object_object_add(o, "sent", json_object_new_int64(c->sent));
        json_object_object_add(o, "waiting_on", json_text(c->waiting_on));
        json_object_object_add(o, "waiting_since", waits ? json_time(c->waiting_since, zone) : NULL);
        json_print(o);
}

static void print_conversation(const struct conversation *c, const struct owner *owner) {
        char when[64], since[64];
        print_padded(time_human(c->last_at, owner->zone, owner->language, when, sizeof(when)), 24);
        print_padded(c->client->id, 12);
        printf("%3u received %3u sent  %s\n", c->received, c->sent, c->subject ? c->subject : "");
        if (strcmp(c->waiting_on, "nobody") != 0)
                printf("%24swaiting on %s since %s\n", "", strcmp(c->waiting_on, "owner") == 0 ? "you" : c->client->name,
                       time_human(c->waiting_since, owner->zone, owner->language, since, sizeof(since)));
}

static int compare_conversations(const void *a, const void *b) {
        const struct conversation *x = a, *y = b;
        if (x->last_at != y->last_at)
                return x->last_at < y->last_at ? -1 : 1;
        int r = strcmp(x->thread_id, y->thread_id);
        return r != 0 ? r : strcmp(x->client->id, y->client->id);
}

static void print_conversations(const struct listing *l) {
        struct conversation_list *list = l->conversations;
        const struct owner *owner = &l->context->settings->owner;
        if (list->n > 1)
                qsort(list->items, list->n, sizeof(*list->items), compare_conversations);
        for (size_t i = 0; i < list->n; i++) {
                const struct conversation *c = &list->items[i];
                if (l->since != INSTANT_UNKNOWN && c->last_at < l->since)
                        continue;
                if (l->context->json)
                        print_conversation_json(c, owner->zone);
                else
                        print_conversation(c, owner);
        }
}

/* ---- facts */

static void print_text(const struct listing *l, const struct fact *f) {
        const struct owner *owner = &l->context->settings->owner;
        char when[64];
        print_padded(time_human(f->at, owner->zone, owner->language, when, sizeof(when)), 24);
        printf("%-18s ", fact_table[f->type].name);
        print_padded(f->client ? f->client->id : "-", 12);
        fputs(f->person ? f->person : "", stdout);
        struct value subject = fact_value(f, "subject"), summary = fact_value(f, "summary"),
                     notice = fact_value(f, "notice"), turn = fact_value(f, "waiting_on");
        if (subject.type == VALUE_STRING)
                printf("  %s", subject.s);
        if (f->type == FACT_MESSAGE_DOUBTED)
                printf("  (may be forged: %s)", fact_value(f, "because").s);
        if (summary.type == VALUE_STRING)
                printf("  %s", summary.s);
        if (notice.type == VALUE_DURATION)
                printf("  (%.1f h before)", (double) notice.i / 3600);
        if (turn.type == VALUE_ENUM && strcmp(turn.s, "nobody") != 0)
                printf("  (waiting on %s)", strcmp(turn.s, "owner") == 0 ? "you" : f->client ? f->client->name : turn.s);
        putchar('\n');
}

static int on_fact(const struct fact *f, void *userdata) {
        const struct listing *l = userdata;
        if (l->client && !(f->client && strcmp(f->client->id, l->client) == 0))
                return 0;
        if (l->conversations)
                return conversation_add(l->conversations, f);
        if (l->fact && strcmp(fact_table[f->type].name, l->fact) != 0)
                return 0;
        if (l->since != INSTANT_UNKNOWN && f->at < l->since)
                return 0;
        if (l->context->json)
                json_print(json_fact(f, l->context->settings->owner.zone));
        else
                print_text(l, f);
        return 0;
}

static int check(const struct context *c, const struct listing *l) {
        if (l->fact && l->conversations) {
                log_error("--fact and --conversations do not go together");
                return EXIT_USAGE;
        }
        if (l->fact && fact_type_from_name(l->fact) < 0) {
                const char *names[_FACT_TYPE_MAX + 1] = {};
                for (int i = 0; i < _FACT_TYPE_MAX; i++)
                        names[i] = fact_table[i].name;
                const char *near = suggest(l->fact, names);
                log_error("no fact \"%s\"%s%s%s", l->fact, near ? "; did you mean \"" : "", near ? near : "",
                          near ? "\"?" : "");
                return EXIT_USAGE;
        }
        return command_check_client(c, l->client);
}

static int list(struct context *c, struct listing *l) {
        struct observation_feed feed;
        int r = store_feed(c->store, &feed);
        if (r >= 0) {
                struct fold_options options = {.now = clock_now(&c->clock), .texts = c->json && !l->conversations};
                r = fold(&feed, c->settings, &options, on_fact, l);
                store_feed_end(c->store);
        }
        if (r >= 0 && l->conversations)
                print_conversations(l);
        _cleanup_free_ char *in_part = NULL;
        if (r >= 0 && judge_read_in_part(c, &in_part) >= 0 && in_part)
                fprintf(stderr, "of %s only a part was read: whose turn it is, and what answers what, may still change\n",
                        in_part);
        return r < 0 ? judge_failed(c, r, "cannot compute the facts") : 0;
}

int command_facts(struct context *c, int argc, char **argv) {
        struct listing l = {.context = c, .since = INSTANT_UNKNOWN};
        const char *since = NULL;
        bool conversations = false;
        const struct option_row rows[] = {
                {"client", &l.client, NULL, "of one client (its id)"},
                {"fact", &l.fact, NULL, "of one kind, such as message.received"},
                {"since", &since, NULL, "since a time or a duration back (90d)"},
                {"conversations", NULL, &conversations, "the conversations instead, with whose turn it is"},
                {},
        };
        int operands = command_options(c, command_find("facts"), argc, argv, rows);
        if (operands == OPTIONS_HELPED)
                return EXIT_DONE;
        if (operands != 0) {
                if (operands > 0)
                        log_error("facts takes no operands");
                return EXIT_USAGE;
        }
        if (conversations) {
                l.conversations = calloc(1, sizeof(*l.conversations));
                if (!l.conversations)
                        return log_errno(-ENOMEM, "cannot compute the facts"), EXIT_FAULT;
                l.conversations->index.age = WINDOW_FOREVER;
        }
        int status = context_settings(c);
        if (status == EXIT_DONE)
                status = context_holidays(c);
        if (status == EXIT_DONE)
                status = context_store(c, STORE_READ_ONLY);
        if (status == EXIT_DONE && since && command_time(c, "--since", since, &l.since) < 0)
                status = EXIT_USAGE;
        if (status == EXIT_DONE)
                status = check(c, &l);
        if (status == EXIT_DONE && list(c, &l) < 0)
                status = EXIT_FAULT;
        conversation_list_free(l.conversations);
        return status;
}
