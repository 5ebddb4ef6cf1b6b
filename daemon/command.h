/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The commands: one row each in main.c, one file each. argv[0] is the command's own name. They return an exit status. */

#include "daemon/context.h"

struct command {
        const char *name;
        const char *arguments; /* as shown by --help */
        const char *summary;
        int (*run)(struct context *c, int argc, char **argv);
};

int command_scan(struct context *c, int argc, char **argv);
int command_alerts(struct context *c, int argc, char **argv);
int command_facts(struct context *c, int argc, char **argv);
int command_inspect(struct context *c, int argc, char **argv);
int command_check(struct context *c, int argc, char **argv);
int command_digest(struct context *c, int argc, char **argv);
int command_status(struct context *c, int argc, char **argv);
int command_rules(struct context *c, int argc, char **argv);
int command_complete(struct context *c, int argc, char **argv); /* for shells; not listed */
/* The commands in their order; NULL after the last. */
const struct command *command_at(size_t i);
/* Print "--name" when it begins like that (command_complete.c). */
void complete_option(const char *begun, const char *name);
/* What can follow `adieu rules`, NULL-terminated. */
const char *const *rules_actions(void);
/* `adieu rules test`: files are what follows it on the command line. */
int rules_test(struct context *c, int n_files, char **files);
int command_clients(struct context *c, int argc, char **argv);
/* `clients --discover`. */
int command_clients_discover(struct context *c);

/* An option of a command: `--name VALUE`, or a switch when value is NULL. */
struct option_row {
        const char *name;
        const char **value;
        bool *given;
        const char *doc;
};

/* Read a command's options (and --json, --help, which all have) from argv; what is left are the operands. `rows` ends with a NULL name.
 * The number of operands (moved to the front of argv[1..]), or a negative exit status: -EXIT_USAGE after saying why, -EXIT_DONE - 100 after --help. */
#define OPTIONS_HELPED (-100)
int command_options(struct context *c, const struct command *command, int argc, char **argv, const struct option_row *rows);
/* The row of that name in the table of commands. */
const struct command *command_find(const char *name);
/* EXIT_DONE when there is such a client, or such a rule (or none is asked for: NULL); else EXIT_USAGE after saying which may have been meant. */
int command_check_client(const struct context *c, const char *id);
int command_check_rule(const struct context *c, const char *id);
/* RFC 3339 time, a date (midnight in the owner's zone), or a duration back from now ("90d"). 0, or -EINVAL after saying so. */
int command_time(const struct context *c, const char *what, const char *s, instant *ret);
