/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Rule files as values: loaded whole or not at all, with every fault told at its place. */

#include "rules/diagnostic.h"
#include "rules/fact.h"
#include "rules/settings.h"

enum rule_mode { MODE_OFF, MODE_WATCH, MODE_DIGEST, MODE_ALERT };
const char *rule_mode_name(enum rule_mode m) _pure_;
enum severity { SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH };
const char *severity_name(enum severity s) _pure_;
enum lasting { LASTING_ONE_OFF, LASTING_RECURRING, LASTING_LASTING, _LASTING_MAX };
const char *lasting_name(enum lasting l) _pure_; /* "one-off", "recurring", "lasting" */

struct ruleset; /* opaque; immutable after loading */
struct rule;    /* one rule of it */

/* Rule files: the shipped packs first, then the owner's rules.d files; a later rule with the same id is an error (overrides go by
 * `rules: {id: {...}}` in adieu.yaml or a client). settings gives the overrides. Facts, fields, keys, durations, parameters, clients, modes ...
 * are all checked; codes: yaml-syntax duplicate-key unknown-key unknown-fact unknown-field wrong-type bad-duration unknown-client
 * unknown-rule unknown-param unknown-list missing-file bad-pattern kind-missing two-kinds param-out-of-range missing-key bad-value rule-cycle duplicate-rule
 * and the warning never-seen (a fact that no version finds yet). Keys: rule_keys.h.
 * 0, -EBADMSG (*ret NULL), -ENOMEM. `settings` must outlive the set. */
struct rule_file {
        struct settings_file file;
        const char *pack; /* name of the shipped pack, NULL for the owner's own file */
        bool words;       /* no rules: a file of words that `lists:` names, by the path that rule_files_mentioned() told */
};
/* The files of words that the `lists:` of a file of rules name, for the caller to read; a path that is not handed to ruleset_load() is told
 * there as a fault. 0, -ENOMEM, or what `found` returned. */
int rule_files_mentioned(const struct rule_file *file, int (*found)(const char *path, void *userdata),
                         void *userdata) _must_check_;

int ruleset_load(const struct rule_file *files, size_t n, const struct settings *settings, struct diagnostics *d,
                 struct ruleset **ret) _must_check_;
struct ruleset *ruleset_free(struct ruleset *rs);

size_t ruleset_size(const struct ruleset *rs);
const struct rule *ruleset_rule(const struct ruleset *rs, size_t i);
const struct rule *ruleset_find(const struct ruleset *rs, const char *id);
bool ruleset_needs_texts(const struct ruleset *rs); /* some active rule looks into `text` */

const char *rule_id(const struct rule *r);
/* In that language, else English, else any. */
const char *rule_title(const struct rule *r, const char *language);
const char *rule_why(const struct rule *r, const char *language);
/* After overrides for that client (NULL: the global ones). */
enum rule_mode rule_mode(const struct rule *r, const struct client *client);
enum severity rule_severity(const struct rule *r, const struct client *client, enum lasting lasting);
const char *rule_file_name(const struct rule *r);
/* Where its id stands in that file. */
void rule_place(const struct rule *r, uint32_t *ret_line, uint32_t *ret_column);
bool rule_is_shipped(const struct rule *r); /* in a pack, not in a file of the owner's */
