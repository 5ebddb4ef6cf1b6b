/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "daemon/command.h"
#include "daemon/judgement.h"
#include "daemon/log.h"

struct filter {
        bool all;
        const char *client, *rule;
        instant since; /* INSTANT_UNKNOWN: any */
};

static bool wanted(const struct filter *f, const struct alert *a) {
        if (!f->all && (a->state != ALERT_OPEN || a->mode == MODE_WATCH))
                return false;
        if (f->client && !(a->client && strcmp(a->client->id, f->client) == 0))
                return false;
        if (f->rule && strcmp(rule_id(a->rule), f->rule) != 0)
                return false;
        return f->since == INSTANT_UNKNOWN || a->last_at >= f->since;
}

int command_alerts(struct context *c, int argc, char **argv) {
        struct filter f = {.since = INSTANT_UNKNOWN};
        const char *since = NULL;
        const struct option_row rows[] = {
                {"all", NULL, &f.all, "in every state, rules in watch mode too"},
                {"client", &f.client, NULL, "of one client (its id)"},
                {"rule", &f.rule, NULL, "of one rule (its id)"},
                {"since", &since, NULL, "with something since a time or a duration back (90d)"},
                {},
        };
        int operands = command_options(c, command_find("alerts"), argc, argv, rows);
        if (operands == OPTIONS_HELPED)
                return EXIT_DONE;
        if (operands != 0) {
                if (operands > 0)
                        log_error("alerts takes no operands");
                return EXIT_USAGE;
        }
        int status = context_all(c, STORE_READ_ONLY);
        if (status == EXIT_DONE && since && command_time(c, "--since", since, &f.since) < 0)
                status = EXIT_USAGE;
        if (status == EXIT_DONE)
                status = command_check_client(c, f.client);
        if (status == EXIT_DONE)
                status = command_check_rule(c, f.rule);
        struct judgement j = {};
        if (status == EXIT_DONE && judge_shown(c, &j) < 0)
                status = EXIT_FAULT;
        size_t shown = 0;
        for (size_t i = 0; status == EXIT_DONE && i < j.n_alerts; i++) {
                if (!wanted(&f, &j.alerts[i]))
                        continue;
                if (shown++ > 0 && !c->json)
                        putchar('\n');
                if (alert_print(c, &j.alerts[i]) < 0)
                        status = EXIT_FAULT;
        }
        if (status == EXIT_DONE)
                judgement_tell_held(c, &j);
        if (status == EXIT_DONE && shown == 0 && !c->json)
                puts(f.all ? "No alerts." : "No open alerts.");
        judgement_free(&j);
        return status;
}
