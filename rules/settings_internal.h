/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the files that load the settings share: settings_keys.c reads a mapping by the table of keys, settings_hours.c working hours and days off,
 * settings_people.c addresses and whom they belong to, settings_sources.c mailboxes, calendars and how they are reached; settings.c puts it together.
 * All of them tell faults where they stand and go on, so that one run tells all. */

#include "rules/settings.h"

/* Where an entry of a client's match stands, to tell of two that are the same. */
struct match_place {
        const char *entry; /* normalized */
        size_t client;
        const char *file;
        const struct yaml_node *node;
};

/* One run over the files: everything that lives on is in the arena. */
struct loader {
        const struct zone_table *zones;
        struct diagnostics *d;
        struct arena *arena;
        struct settings *s;
        const char *file, *base;
        struct match_place *matches; /* owned by the arena */
        size_t n_matches;
        bool no_memory;
};

#define fault(l, node, code, hint, ...)                                                                                    \
        diagnostics_add((l)->d, DIAGNOSTIC_ERROR, (l)->file, (node)->line, (node)->column, (node)->length, (code), (hint), \
                        __VA_ARGS__)

/* --- settings_keys.c --- */

/* Memory is checked once at the end of loading: until then a failed allocation, noted here, only means fewer results. */
void *loader_keep(struct loader *l, void *p);
/* "before", then the names with commas; NULL-terminated. */
const char *loader_hint_words(struct loader *l, const char *before, const char *const *names);
/* A hint: the name that is nearest to the word, or all that are allowed. */
const char *loader_did_you_mean(struct loader *l, const char *word, const char *const *names);
/* The row of a key directly under `prefix` ("" is the top); NULL: there is none. */
const struct settings_key *settings_find_key(const char *prefix, const char *name);
/* Every key known and of the right shape, every required key there; false: no mapping at all. `what` names it for a person. */
bool loader_check_mapping(struct loader *l, const struct yaml_node *node, const char *prefix, const char *what);
/* A key that has a value of the right shape, NULL otherwise: the others were told by loader_check_mapping() or mean the default. */
const struct yaml_node *loader_get(const struct yaml_node *node, const char *prefix, const char *name);
/* Its text; NULL when it is absent or empty, which is told. */
const char *loader_get_text(struct loader *l, const struct yaml_node *node, const char *prefix, const char *name);
/* Its texts, NULL-terminated; NULL when it is absent. */
const char **loader_get_texts(struct loader *l, const struct yaml_node *node, const char *prefix, const char *name);
/* The key "time_zone"; NULL when it is absent, or unknown, which is told. */
const struct zone *loader_get_zone(struct loader *l, const struct yaml_node *node, const char *prefix);
/* A day, as days since 1970. */
bool loader_get_date(struct loader *l, const struct yaml_node *node, const char *prefix, const char *name, int32_t *ret);
bool loader_read_date(struct loader *l, const struct yaml_node *node, int32_t *ret);
/* A value or a list of values, one after the other. */
const struct yaml_node *loader_first_item(const struct yaml_node *node);
const struct yaml_node *loader_next_item(const struct yaml_node *list, const struct yaml_node *item);
size_t loader_count_items(const struct yaml_node *list);
/* Else it is told; `what` is the key it stands under. */
bool loader_item_is_text(struct loader *l, const struct yaml_node *item, const char *what);
/* A path is meant from the folder of the file it stands in; a program without a slash is looked for in PATH. */
const char *loader_join_path(struct loader *l, const char *path);
const char *loader_program_path(struct loader *l, const char *program);

/* What to write where a password was expected. */
#define WHERE_A_PASSWORD_IS "write one of {credential: name}, {command: [pass, show, mail]}, {file: path}"

/* --- settings_hours.c --- */

/* {mon-fri: "09:00-18:00"}: the days that are not named are closed. */
void loader_read_hours(struct loader *l, const struct yaml_node *hours, struct work_day week[7]);
/* Monday to Friday, nine to six. */
void hours_default(struct work_day week[7]);
/* Does a period end after it begins? Else it is told. */
bool loader_check_order(struct loader *l, const struct yaml_node *node, int32_t first, int32_t last);
/* Dates and periods under that key, into the days off. */
void loader_read_absences(struct loader *l, const struct yaml_node *node, const char *prefix, const char *item_prefix,
                          struct work_calendar *c);
/* Regions into the calendar; .ics files into the settings, for the owner only. */
void loader_read_holidays(struct loader *l, const struct yaml_node *node, const char *prefix, bool owner,
                          struct work_calendar *c);
/* The two lists as one, in memory of the arena. */
int days_off_join(struct arena *arena, const struct day_range *a, size_t na, const struct day_range *b, size_t nb,
                  struct work_calendar *c);

/* --- settings_people.c --- */

/* In small letters, ASCII only. */
const char *loader_lower_copy(struct loader *l, const char *s);
/* Is the value a mail address? Else it is told; `what` is the key it stands under. */
bool loader_read_address(struct loader *l, const struct yaml_node *node, const char *what);
/* As every mail server takes it. A domain in other letters has a spelling without them (RFC 5890); the name before it has none, and a server that takes it
 * (RFC 6531) does not help when another on the way does not. `node` is blamed. NULL: a fault. */
const char *loader_read_mailable(struct loader *l, const struct yaml_node *node, const char *address);
/* Is the value an address or "@domain" that a client may be known by? Else it is told. */
bool loader_read_match(struct loader *l, const struct yaml_node *node);
/* After all clients were read: whose each address is. */
void loader_build_index(struct loader *l);

/* --- settings_sources.c --- */

/* A path that is joined to the folder of the file, unless it means something to a shell only. */
const char *loader_read_path(struct loader *l, const struct yaml_node *node, const char *key);
/* The server an address means, and how it is logged in to; `place` is where the address stands. NULL: a fault. */
const struct remote *loader_read_remote(struct loader *l, const struct yaml_node *place, const struct yaml_node *node,
                                        const char *prefix, enum remote_use use);
/* What only an account has, written where there is none. */
void loader_refuse_account_keys(struct loader *l, const struct yaml_node *node, const char *what);
/* One entry of `sources`. */
void loader_read_source(struct loader *l, const struct yaml_node *node);
