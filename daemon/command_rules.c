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

static const struct {
        const char *name;
        int (*run)(struct context *c, int n_files, char **files);
} actions[] = {
        {"check", rules_check},
        {"test", rules_test},
};

static int rules_what(const char *word) {
        const char *names[ELEMENTSOF(actions) + 1] = {};
        for (size_t i = 0; i < ELEMENTSOF(actions); i++)
                names[i] = actions[i].name;
        const char *near = word ? suggest(word, names) : NULL;
        log_error("rules what?%s%s%s adieu rules --help lists what there is", near ? " Did you mean \"" : "",
                  near ? near : "", near ? "\"?" : "");
        return EXIT_USAGE;
}

int command_rules(struct context *c, int argc, char **argv) {
        int operands = command_options(c, command_find("rules"), argc, argv, NULL);
        if (operands == OPTIONS_HELPED)
                return EXIT_DONE;
        if (operands < 0)
                return EXIT_USAGE;
        for (size_t i = 0; operands > 0 && i < ELEMENTSOF(actions); i++)
                if (strcmp(argv[1], actions[i].name) == 0)
                        return actions[i].run(c, operands - 1, argv + 2);
        return rules_what(operands > 0 ? argv[1] : NULL);
}
