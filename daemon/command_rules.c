/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "daemon/command.h"
#include "daemon/log.h"

static int rules_check(struct context *c, int n_files, char **files) {
        /* The configuration is part of it: its overrides name rules, the rules name clients. */
        int status = context_settings(c);
        if (status == EXIT_DONE)
                status = context_rules(c, files, (size_t) n_files);
        if (status == EXIT_DONE && !c->json)
                printf("%zu rules in %zu files, no fault\n", ruleset_size(c->rules), c->n_rule_files);
        return status;
}

int command_rules(struct context *c, int argc, char **argv) {
        int operands = command_options(c, command_find("rules"), argc, argv, NULL);
        if (operands == OPTIONS_HELPED)
                return EXIT_DONE;
        if (operands < 0)
                return EXIT_USAGE;
        if (operands == 0 || strcmp(argv[1], "check") != 0) {
                static const char *const known[] = {"check", NULL};
                const char *near = operands > 0 ? suggest(argv[1], known) : NULL;
                log_error("rules what?%s%s%s This version knows: adieu rules check [FILE...]",
                          near ? " Did you mean \"" : "", near ? near : "", near ? "\"?" : "");
                return EXIT_USAGE;
        }
        return rules_check(c, operands - 1, argv + 2);
}
