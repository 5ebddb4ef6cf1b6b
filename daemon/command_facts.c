/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "daemon/command.h"
#include "daemon/judgement.h"
#include "daemon/log.h"
#include "daemon/output.h"

struct listing {
        const struct context *context;
        const char *client, *fact;
        instant since;
};

static void print_text(const struct listing *l, const struct fact *f) {
        const struct owner *owner = &l->context->settings->owner;
        char when[64];
        print_padded(time_human(f->at, owner->zone, owner->language, when, sizeof(when)), 24);
        printf("%-18s ", fact_table[f->type].name);
        print_padded(f->client ? f->client->id : "-", 12);
        fputs(f->person ? f->person : "", stdout);
        struct value subject = fact_value(f, "subject"), summary = fact_value(f, "summary"),
                     notice = fact_value(f, "notice");
        if (subject.type == VALUE_STRING)
                printf("  %s", subject.s);
        if (summary.type == VALUE_STRING)
                printf("  %s", summary.s);
        if (notice.type == VALUE_DURATION)
                printf("  (%.1f h before)", (double) notice.i / 3600);
        putchar('\n');
}

static int on_fact(const struct fact *f, void *userdata) {
        const struct listing *l = userdata;
        if (l->client && !(f->client && strcmp(f->client->id, l->client) == 0))
                return 0;
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
                struct fold_options options = {.now = clock_now(&c->clock), .texts = c->json};
                r = fold(&feed, c->settings, &options, on_fact, l);
                store_feed_end(c->store);
        }
        return r < 0 ? judge_failed(c, r, "cannot compute the facts") : 0;
}

int command_facts(struct context *c, int argc, char **argv) {
        struct listing l = {.context = c, .since = INSTANT_UNKNOWN};
        const char *since = NULL;
        const struct option_row rows[] = {
                {"client", &l.client, NULL, "of one client (its id)"},
                {"fact", &l.fact, NULL, "of one kind, such as message.received"},
                {"since", &since, NULL, "since a time or a duration back (90d)"},
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
        return status;
}
