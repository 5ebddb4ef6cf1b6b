/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* adieu.yaml, rules.d and clients.d as values: the owner, the clients, where to read. Pure: daemon/ reads the files. */

#include "parsers/arena.h"
#include "parsers/zone.h"
#include "rules/diagnostic.h"
#include "rules/remote.h"
#include "rules/schedule.h"
#include "rules/worktime.h"
#include "rules/yaml.h"

struct pause {
        instant from, until; /* from may be INSTANT_MIN; until is the end of the written day, exclusive */
        const char *reason;  /* never NULL */
};

struct owner {
        const char *name;
        const char **addresses; /* lower-cased, NULL-terminated */
        const char *language;   /* "fr", "en" ...; "en" by default */
        const struct zone *zone;
        struct work_calendar calendar;
};

struct client {
        const char *id, *name;
        const char **match;      /* NULL-terminated: "@domain" or full address, lower-cased */
        const struct zone *zone; /* NULL when not declared */
        bool own_hours;          /* hours were declared for the client */
        /* Declared, else Monday to Friday 09:00-18:00 in its zone, else the owner's calendar, absences included. A client in the owner's zone
         * without `holidays` keeps the owner's regions: a deadline must not run over a holiday that both keep. */
        struct work_calendar calendar;
        struct pause *pauses;
        size_t n_pauses;
        const struct yaml_node *rules;      /* overrides for this client: applied by ruleset_load(); NULL */
        const struct yaml_node *exceptions; /* list of {rule, where, reason, until}: applied by ruleset_load(); NULL */
        const char *file;                   /* where the client was declared, for diagnostics */
        uint32_t line, column;
        uint32_t index; /* position in settings.clients */
};

enum source_kind { SOURCE_MAILDIR, SOURCE_MBOX, SOURCE_CALENDAR, SOURCE_IMAP, SOURCE_CALDAV };

struct source_spec {
        enum source_kind kind;
        const char *
                location; /* absolute path (relative ones were joined to the folder of the file), or URL as written; remote_veiled() of a
                               * CALENDAR on the web */
        const struct remote *remote; /* IMAP, CALDAV, and a CALENDAR on the web; NULL: on this machine */
        const char *name;            /* how people and JSON name it: `name:` or the location */
        const char **exclude;        /* folder names left out, NULL-terminated; NULL: the defaults (junk, trash, drafts) */
        const char **include;        /* folders to read only; NULL: all */
        const char *file;
        uint32_t line, column;
};

/* When and how the owner is written to. */
struct digest_settings {
        bool written;                /* the configuration has `digest:` */
        struct schedule every;       /* on the owner's wall; Monday 08:00 by default */
        const char *const *to;       /* NULL-terminated; the owner's first address by default */
        const char *from;            /* the owner's first address by default */
        bool empty;                  /* a week without anything sends one line, rather than nothing */
        const struct remote *remote; /* SMTP; NULL when `sendmail` is given, or no digest is wanted */
        const char *const *sendmail; /* a program and its first arguments, NULL-terminated; NULL */
};

struct address_index; /* who an address belongs to, for quick finding; NULL in settings made by hand */

struct settings {
        struct arena *arena;            /* owns everything below */
        const struct zone_table *zones; /* as given to settings_load(); NULL in settings made by hand */
        bool derived;                   /* by settings_derive(): ruleset_load() lets rules that are off watch */
        const struct address_index *index;
        struct owner owner;
        struct client *clients;
        size_t n_clients;
        struct source_spec *sources;
        size_t n_sources;
        struct digest_settings digest;
        const char **packs;                 /* names of shipped packs wanted; NULL: all */
        const struct yaml_node *packs_node; /* where they are written, in the first file; NULL */
        const struct yaml_node *rules;      /* global overrides; applied by ruleset_load(); NULL */
        const char *rules_file;             /* file that `rules` came from */
        const char *alerts_file; /* where the service appends alerts: an absolute path; NULL: in the folder of the store */
        const char **on_alert;   /* what the service runs for each alert: a program and its arguments, NULL-terminated;
                                             * NULL: nothing. The program is an absolute path or a name without a slash. */
        const char **
                holiday_files; /* .ics files named under holidays: absolute paths, NULL-terminated. daemon/ reads them through the
                                         * parse role and calls settings_add_days_off(). */
};

/* One file handed over by daemon/. */
struct settings_file {
        const char *path; /* as shown in diagnostics; relative paths inside are relative to its folder */
        const char *data;
        size_t size;
        const char *
                base; /* what a relative `path` is relative to, so that a source has one name wherever adieu is started; may be NULL */
};

/* Read the configuration: files[0] is adieu.yaml, the others are the clients.d files in name order (each a mapping with `clients:`, or one
 * client as a mapping). All faults of all files are collected in d. Unknown keys, wrong types, unknown zones or regions, two clients with one
 * address or domain, a pause without reason or end, an unreachable combination: all errors with a place.
 * 0 (d may hold warnings), -EBADMSG (d holds errors; *ret is NULL), -ENOMEM. */
int settings_load(const struct settings_file *files, size_t n, const struct zone_table *zones, struct diagnostics *d,
                  struct settings **ret) _must_check_;
struct settings *settings_free(struct settings *s);

/* Other people than the configuration's, as a test of a rule states them: both keys are written as in adieu.yaml. */
struct settings_change {
        const char *file;                /* in which they are written */
        const struct yaml_node *owner;   /* NULL: of base */
        const struct yaml_node *clients; /* NULL: of base, or none beside an owner that is stated */
        const char *const *more;         /* ids of clients about whom nothing else is known, unless they are there already */
        size_t n_more;
};
/* The people of `base` (NULL: somebody in Paris, Monday to Friday 09:00-18:00, me@owner.example, without clients) with that change. What the
 * configuration says of rules, exceptions and pauses is left out. `base`, the tree and the zones must outlive *ret. Faults and errors as of
 * settings_load(). */
int settings_derive(const struct settings *base, const struct settings_change *change, const struct zone_table *zones,
                    struct diagnostics *d, struct settings **ret) _must_check_;
/* Add days off (from a holidays.ics) to the owner's calendar. */
int settings_add_days_off(struct settings *s, const struct day_range *ranges, size_t n) _must_check_;

/* Is it one of the owner's addresses (case-insensitive; plus-tags of the owner's own addresses count)? */
bool settings_is_owner(const struct settings *s, const char *email);
/* The client an address belongs to (NULL for the owner's own): exact address first, then longest matching domain ("@dupont.example" also joins
 * mail.dupont.example); plus-tags ignored. NULL: nobody's. */
const struct client *settings_find_client(const struct settings *s, const char *email);
const struct client *settings_client_by_id(const struct settings *s, const char *id);

/* Every key the owner may write, with its type and one sentence: the checks, the suggestions and the man page come from it.
 * Paths are written "owner.time_zone", "clients[].pauses[].until". */
struct settings_key {
        const char *path;
        const char *type; /* "text", "list of texts", "date" ... */
        bool required;
        const char *doc;
};
const struct settings_key *settings_keys(size_t *ret_n);
/* The keys directly under a path of which exactly one is written, NULL-terminated; NULL: there is no such choice. */
const char *const *settings_choice(const char *prefix);
