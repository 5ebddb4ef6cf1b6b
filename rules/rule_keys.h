/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Every key a rule file may hold, once: the validator, its suggestions, the manual and the schema come from this table. */

#include "parsers/base.h"

struct rule_key {
        const char *path; /* "rule.severity": what it belongs to, and its name */
        const char *type; /* "word", "duration", "map" ... */
        const char *doc;  /* one sentence */
};
const struct rule_key *rule_keys(size_t *n);

/* The words that some keys take, NULL-terminated: in the order of their enums. */
extern const char *const mode_names[], *const severity_names[], *const lasting_names[], *const param_type_names[];
