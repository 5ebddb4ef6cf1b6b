/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The owner's command: one table of commands, and the roles in which this same binary is started again. */

#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/command.h"
#include "daemon/log.h"
#include "daemon/role.h"
#include "daemon/sandbox.h"
#include "rules/worktime.h"

static const struct command commands[] = {
        {"scan", "", "read all sources once, evaluate the rules, print what is new", command_scan},
        {"alerts", "[--all] [--client C] [--rule R] [--since T]", "list alerts: the open ones, or all", command_alerts},
        {"facts", "[--client C] [--fact F | --conversations] [--since T]", "list what happened", command_facts},
        {"inspect", "[--threads] FILE...", "show what is read in .eml, .ics and mbox files", command_inspect},
        {"clients", "[--discover]", "list the clients, with score and trend", command_clients},
        {"digest", "[--send]", "print the weekly mail as it would be now, or mail it", command_digest},
        {"rules", "check|test [FILE...] | schema [NAME]",
         "validate the rules; run the tests inside them; a schema for editors", command_rules},
        {"check", "", "try every source, secret and delivery, and say what is wrong", command_check},
        {"status", "", "health of the sources, items that could not be read", command_status},
};

const struct command *command_at(size_t i) {
        return i < ELEMENTSOF(commands) ? &commands[i] : NULL;
}

const struct command *command_find(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(commands); i++)
                if (strcmp(commands[i].name, name) == 0)
                        return &commands[i];
        return NULL;
}

static void help(void) {
        puts("adieu [-c FILE] [--now TIME] [--json] COMMAND\n\n"
             "Keeps count, fairly, of which clients keep to the terms you work by.\n\nCommands:");
        for (size_t i = 0; i < ELEMENTSOF(commands); i++)
                printf("  %-8s %-44s %s\n", commands[i].name, commands[i].arguments, commands[i].summary);
        puts("\nOptions:\n"
             "  -c, --config FILE  the configuration (default: ~/.config/adieu/adieu.yaml, else " SYSCONF_DIR
             "/adieu.yaml)\n"
             "      --now TIME     take TIME for the present: RFC 3339, or a date\n"
             "      --json         one JSON object a line\n"
             "  -h, --help         this text; after a command, its own\n"
             "      --version      the version\n\n"
             "Exit status: 0 done, 1 a fault was found, 2 usage, 3 a source could not be read.\n"
             "Manual: adieu(1), adieu.yaml(5), adieu-rules(5)");
}

int command_time(const struct context *c, const char *what, const char *s, instant *ret) {
        struct civil civil;
        int32_t offset;
        bool date_only;
        struct duration d;

        if (duration_parse(s, &d) >= 0 && (d.unit == DURATION_SECONDS || d.unit == DURATION_MONTHS)) {
                *ret = clock_now(&c->clock) - duration_seconds(&d);
                return 0;
        }
        if (civil_parse(s, &civil, &offset, &date_only) < 0) {
                log_error("%s: \"%s\" is no time: write 2026-03-02, 2026-03-02T08:50+01:00 or a duration such as 90d", what,
                          s);
                return -EINVAL;
        }
        if (offset != INT32_MIN)
                *ret = civil_seconds(&civil) - offset;
        else
                *ret = zone_instant(c->settings ? c->settings->owner.zone : zone_utc(), &civil);
        return 0;
}

/* A date or a time without an offset: it is meant on the owner's wall, and the owner is not known yet. */
static bool is_wall_time(const char *s) {
        struct civil civil;
        int32_t offset;
        return civil_parse(s, &civil, &offset, NULL) >= 0 && offset == INT32_MIN;
}

static void command_help(const struct command *command, const struct option_row *rows) {
        printf("adieu %s%s%s\n\n%s\n", command->name, *command->arguments ? " " : "", command->arguments, command->summary);
        for (const struct option_row *o = rows; o && o->name; o++)
                printf("  --%-14s %s\n", o->name, o->doc);
        printf("  --%-14s %s\n", "json", "one JSON object a line");
}

/* What getopt_long() did not understand, in the words of the rest: it would name the option, but not suggest one. */
static void tell_option(int failure, const char *word, const struct option *longs) {
        enum { NAMES_MAX = 32 };
        const char *names[NAMES_MAX] = {};
        if (failure == ':') {
                log_error("option %s wants a value", word);
                return;
        }
        for (size_t i = 0; i < NAMES_MAX - 1 && longs[i].name; i++)
                names[i] = longs[i].name;
        size_t dashes = strspn(word, "-"), length = strcspn(word + dashes, "=");
        _cleanup_free_ char *name = strndup(word + dashes, length);
        const char *near = name && dashes == 2 ? suggest(name, names) : NULL;
        if (near && strcmp(near, name) == 0) {
                log_error("option --%s takes no value", near);
                return;
        }
        log_error("no option \"%.*s\"%s%s%s", (int) (dashes + length), word, near ? "; did you mean \"--" : "",
                  near ? near : "", near ? "\"?" : "");
}

int command_check_client(const struct context *c, const char *id) {
        if (!id || settings_client_by_id(c->settings, id))
                return EXIT_DONE;
        const char **names = calloc(c->settings->n_clients + 1, sizeof(*names));
        for (size_t i = 0; names && i < c->settings->n_clients; i++)
                names[i] = c->settings->clients[i].id;
        const char *near = names ? suggest(id, names) : NULL;
        log_error("no client \"%s\" in the configuration%s%s%s", id, near ? "; did you mean \"" : "", near ? near : "",
                  near ? "\"?" : "");
        free(names);
        return EXIT_USAGE;
}

int command_check_rule(const struct context *c, const char *id) {
        if (!id || ruleset_find(c->rules, id))
                return EXIT_DONE;
        size_t n = ruleset_size(c->rules);
        const char **names = calloc(n + 1, sizeof(*names));
        for (size_t i = 0; names && i < n; i++)
                names[i] = rule_id(ruleset_rule(c->rules, i));
        const char *near = names ? suggest(id, names) : NULL;
        log_error("no rule \"%s\"%s%s%s", id, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
        free(names);
        return EXIT_USAGE;
}

int command_options(struct context *c, const struct command *command, int argc, char **argv, const struct option_row *rows) {
        /* More options than any command has, and the three that all have. */
        enum { ROWS_MAX = 16 };
        struct option longs[ROWS_MAX + 4] = {};
        int n = 0;
        for (; rows && rows[n].name && n < ROWS_MAX; n++)
                longs[n] = (struct option){rows[n].name, rows[n].value ? required_argument : no_argument, NULL, 1000 + n};
        longs[n] = (struct option){"json", no_argument, NULL, 'j'};
        longs[n + 1] = (struct option){"help", no_argument, NULL, 'h'};

        if (c->completing) {
                for (int i = 0; longs[i].name; i++)
                        complete_option(c->completing, longs[i].name);
                return OPTIONS_HELPED;
        }
        optind = 0; /* a new scan */
        opterr = 0;
        for (int o; (o = getopt_long(argc, argv, ":h", longs, NULL)) != -1;) {
                if (o == 'h') {
                        command_help(command, rows);
                        return OPTIONS_HELPED;
                }
                if (o == '?' || o == ':') {
                        tell_option(o, argv[optind - 1], longs);
                        return -EXIT_USAGE;
                }
                if (o == 'j')
                        c->json = true;
                else if (rows[o - 1000].value)
                        *rows[o - 1000].value = optarg;
                else
                        *rows[o - 1000].given = true;
        }
        int operands = argc - optind;
        for (int i = 0; i < operands; i++)
                argv[1 + i] = argv[optind + i];
        return operands;
}

/* A full disk under a redirected output must not pass for success. */
static int written(int status) {
        if (fflush(stdout) == 0 && !ferror(stdout))
                return status;
        log_error("cannot write the output: %s", strerror(errno));
        return status == EXIT_DONE ? EXIT_FAULT : status;
}

static int run(struct context *c, int argc, char **argv) {
        const struct command *command = command_find(argv[0]);
        if (!command && strcmp(argv[0], "complete") == 0)
                return written(command_complete(c, argc, argv));
        if (!command) {
                const char *names[ELEMENTSOF(commands) + 1] = {};
                for (size_t i = 0; i < ELEMENTSOF(commands); i++)
                        names[i] = commands[i].name;
                const char *near = suggest(argv[0], names);
                log_error("no command \"%s\"%s%s%s; adieu --help lists them", argv[0], near ? "; did you mean \"" : "",
                          near ? near : "", near ? "\"?" : "");
                return EXIT_USAGE;
        }
        return written(command->run(c, argc, argv));
}

int main(int argc, char **argv) {
        int role = role_main(argc, argv);
        if (role >= 0)
                return role;
        sandbox_limit_core();

        static const struct option longs[] = {
                {"config", required_argument, NULL, 'c'}, {"now", required_argument, NULL, 'n'},
                {"json", no_argument, NULL, 'j'},         {"help", no_argument, NULL, 'h'},
                {"version", no_argument, NULL, 'v'},      {},
        };
        (void) setlocale(LC_CTYPE, "C.UTF-8");
        struct context c = {.program = "/proc/self/exe"};
        opterr = 0;
        for (int o; (o = getopt_long(argc, argv, "+:c:h", longs, NULL)) != -1;)
                switch (o) {
                case 'c':
                        c.config_path = optarg;
                        break;
                case 'n':
                        if (command_time(&c, "--now", optarg, &c.clock.now) < 0)
                                return EXIT_USAGE;
                        c.clock.fixed = true;
                        c.now_wall = is_wall_time(optarg) ? optarg : NULL;
                        break;
                case 'j':
                        c.json = true;
                        break;
                case 'h':
                        help();
                        return written(EXIT_DONE);
                case 'v':
                        puts("adieu " PACKAGE_VERSION);
                        return written(EXIT_DONE);
                default:
                        tell_option(o, argv[optind - 1], longs);
                        return EXIT_USAGE;
                }
        if (optind == argc) {
                help();
                return EXIT_USAGE;
        }
        int status = run(&c, argc - optind, argv + optind);
        context_free(&c);
        return status;
}
