/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a command works with: the options of the command line, the owner's files once loaded, the store once open. */

#include "daemon/clock.h"
#include "daemon/store.h"
#include "parsers/zone.h"
#include "rules/ruleset.h"

/* Exit statuses of the `adieu` command (design, section 7). */
enum exit_status { EXIT_DONE = 0, EXIT_FAULT = 1, EXIT_USAGE = 2, EXIT_SOURCE = 3 };

struct loaded_file {
        char *path, *data; /* owned */
        size_t size;
        bool shipped; /* with adieu, not the owner's */
};

struct lull;

struct context {
        const char *program;     /* this binary, for starting roles */
        const char *config_path; /* -c; NULL: the usual places */
        bool json;
        const char *completing; /* commands only offer their options that begin so, instead of running */
        struct clock clock;
        bool whole_set;       /* context_rules(): a file of rules.d that is named brings the others with it */
        bool warns;           /* tell warnings, too: who asks for alerts does not ask what is strange about the rules */
        bool without_config;  /* where none is found, somebody is taken for the owner: settings_derive() */
        const char *now_wall; /* --now without an offset: on the owner's wall, once that is known */

        struct sd_event *
                event; /* the loop of the service, which hears signals while files are read in a role; NULL: one is made for that */
        char *fault; /* the first fault of the owner's files, as "file:line:column: text"; owned, NULL: none */

        struct zone_table *zones;  /* owned */
        struct settings *settings; /* owned */
        struct ruleset *rules;     /* owned */
        struct loaded_file *files; /* owned: what the diagnostics quote */
        size_t n_files;
        struct loaded_file *recalled; /* owned: context_recall() */
        size_t n_recalled;
        struct rule_file *rule_files; /* owned: what the rules were loaded from, pointing into `files` */
        size_t n_rule_files;
        struct store *store; /* owned */
        char *state;         /* owned: folder of the store; one that is set before context_store() is taken */
        struct lull *
                lull; /* of the service: how far the mailboxes of this machine can be trusted to be filled (lull.h); NULL: to the last reading */
};

void context_free(struct context *c);

/* Load the time zones. 0 or a negative errno, told on stderr. */
int context_zones(struct context *c) _must_check_;

/* Find and load adieu.yaml and clients.d beside it: -c, else $XDG_CONFIG_HOME/adieu, else the system's folder. Faults are printed.
 * An exit status: EXIT_DONE or EXIT_FAULT. */
int context_settings(struct context *c) _must_check_;

/* Add the days off of the owner's .ics files (`holidays:`) to the calendar; a file that cannot be read is told and passed over. */
int context_holidays(struct context *c) _must_check_;

/* Load the shipped packs ($ADIEU_PACKS, else where they are installed) and rules.d, or `only` (n files) instead of rules.d. A file of `only` that is a
 * pack, or there twice, is read once, under the name given. */
int context_rules(struct context *c, char *const *only, size_t n_only) _must_check_;

/* The configuration, then the rules as context_rules() loads them: faults of the one hide none of the other. */
int context_configuration(struct context *c, char *const *only, size_t n_only) _must_check_;

/* From now on the owner's files are those that had no fault when the service last loaded them, whatever the folders hold (last_good.h). 0 or a negative errno:
 * -ENOENT when none are kept. */
int context_recall(struct context *c) _must_check_;
/* Keep them for context_recall(); the store is open. Told on stderr when it cannot be done. */
void context_keep(const struct context *c);

/* Is there a store at all? */
bool context_store_there(const struct context *c);

/* Open the store in $STATE_DIRECTORY, else $XDG_STATE_HOME/adieu. Flags of store.h. */
int context_store(struct context *c, unsigned flags) _must_check_;

/* All of the above, for commands that judge. */
int context_all(struct context *c, unsigned store_flags) _must_check_;

/* Print diagnostics, with the line they are about, or as JSON lines to stdout. */
void context_print_diagnostics(struct context *c, struct diagnostics *d);
