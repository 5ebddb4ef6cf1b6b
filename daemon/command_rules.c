/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "daemon/command.h"
#include "daemon/judgement.h"
#include "daemon/log.h"
#include "daemon/schema.h"
#include "rules/rule_history.h"

/* A pass of the fold over what the store holds. */
static int watch_history(struct context *c, struct rule_history *h) {
        struct observation_feed feed;
        int r = store_feed(c->store, &feed);
        if (r < 0)
                return r;
        const struct fold_options options = {.now = clock_now(&c->clock), .texts = rule_history_needs_texts(h)};
        r = fold(&feed, c->settings, &options, rule_history_fact, h);
        store_feed_end(c->store);
        return r;
}

/* The history can be missing or out of reach: rules are right or wrong without it. Warnings change no exit status. */
static int check_history(struct context *c, size_t *ret_warnings) {
        _cleanup_diagnostics_ struct diagnostics d = {};
        struct rule_history *h = NULL;
        if (!context_store_there(c)) {
                log_info("no history to check them against yet: adieu scan reads it");
                return EXIT_DONE;
        }
        if (context_store(c, STORE_READ_ONLY) != EXIT_DONE)
                return EXIT_DONE;
        int status = context_holidays(c);
        if (status != EXIT_DONE)
                return status;
        int r = rule_history_new(c->rules, &h);
        if (r >= 0)
                r = watch_history(c, h);
        if (r >= 0)
                r = rule_history_tell(h, clock_now(&c->clock), &d);
        rule_history_free(h);
        if (r < 0)
                return judge_failed(c, r, "cannot check the rules against the history"), EXIT_FAULT;
        context_print_diagnostics(c, &d);
        *ret_warnings = d.n;
        return EXIT_DONE;
}

static int rules_check(struct context *c, int n_files, char **files) {
        size_t warnings = 0;
        c->warns = true;
        /* The configuration is part of it: its overrides name rules, the rules name clients. */
        int status = context_configuration(c, files, (size_t) n_files);
        if (status == EXIT_DONE)
                status = check_history(c, &warnings);
        if (status == EXIT_DONE && !c->json)
                printf("%zu rules in %zu files, no fault%s\n", ruleset_size(c->rules), c->n_rule_files,
                       warnings > 0 ? "; what the history says is above" : "");
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
