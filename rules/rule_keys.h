/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Every key a rule file may hold, once: the validator, its suggestions, the manual and the schema come from this table. */

#include "parsers/base.h"

struct rule_key {
        const char *path; /* "rule.severity": what it belongs to, and its name */
        /* What may stand there: "A or B", "list of A", "map of A" (names to A), and A is what another key belongs to ("param"), or a plain thing: text,
         * word, id, int, value, duration, date, time, fact, field, condition, comparison, version, occurrence, on, one of rule_words(), or what
         * adieu.yaml has too: owner, client, example (a fact as given to a test). */
        const char *type;
        bool required;
        const char *doc; /* one sentence */
};
const struct rule_key *rule_keys(size_t *n);

/* The keys under a prefix of which exactly one is written, NULL-terminated; NULL: there is no such choice. */
const char *const *rule_key_choice(const char *prefix);

/* Types that are one of some words. */
struct rule_word {
        const char *type;
        const char *const *names; /* NULL-terminated, in the order of their enum */
};
const struct rule_word *rule_words(size_t *n);

/* The words that some keys take, NULL-terminated: in the order of their enums. */
extern const char *const mode_names[], *const severity_names[], *const lasting_names[], *const param_type_names[],
                                                                                                *const clock_names[];
