/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "daemon/command.h"
#include "daemon/log.h"
#include "daemon/schema.h"

static int rules_check(struct context *c, int n_files, char **files) {
        /* The configuration is part of it: its overrides name rules, the rules name clients. */
        int status = context_settings(c);
        if (status == EXIT_DONE)
                status = context_rules(c, files, (size_t) n_files);
        if (status == EXIT_DONE && !c->json)
                printf("%zu rules in %zu files, no fault\n", ruleset_size(c->rules), c->n_rule_files);
        return status;
}

static int rules_schema(struct context *c, int n_names, char **names) {
        (void) c;
        if (n_names > 1) {
                log_error("rules schema makes one schema at a time");
                return EXIT_USAGE;
        }
        json_object *schema = schema_make(n_names > 0 ? names[0] : schema_names[0]);
        if (!schema) {
                const char *near = suggest(n_names > 0 ? names[0] : "", schema_names);
                log_error("no such schema%s%s%s; there are rules, adieu and clients", near ? "; did you mean \"" : "",
                          near ? near : "", near ? "\"?" : "");
                return EXIT_USAGE;
        }
        puts(json_object_to_json_string_ext(schema, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_PRETTY_TAB |
                                                            JSON_C_TO_STRING_NOSLASHESCAPE));
        json_object_put(schema);
        return EXIT_DONE;
}

static const struct {
        const char *name;
        int (*run)(struct context *c, int n_files, char **files);
} actions[] = {
        {"check", rules_check},
        {"schema", rules_schema},
        {"test", rules_test},
};

const char *const *rules_actions(void) {
        static const char *names[ELEMENTSOF(actions) + 1];
        for (size_t i = 0; i < ELEMENTSOF(actions); i++)
                names[i] = actions[i].name;
        return names;
}

static int rules_what(const char *word) {
        const char *near = word ? suggest(word, rules_actions()) : NULL;
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
