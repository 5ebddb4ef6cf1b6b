/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/settings.h"

#include <stdio.h>

#include "parsers/limits.h"
#include "parsers/utf8.h"
#include "rules/domain.h"
#include "rules/schedule.h"

#define MINUTES_OF_DAY (24 * 60)
/* Twice what the mapping with the most keys has; a suggestion needs no more. */
#define KEYS_OF_MAPPING_MAX 24U

/* --- the keys ------------------------------------------------------------------------------------------------------- */

#define TEXT "text"
#define TEXTS "list of texts"
#define ZONE "time zone"
#define HOURS "hours"
#define DATE "date"
#define PATH "path"
#define URL "URL"
#define MAPPING "mapping"
#define LIST "list of mappings"
#define PERIODS "list of periods"

static const struct settings_key keys[] = {
        {"owner", MAPPING, true, "The person whose mail it is."},
        {"owner.name", TEXT, false, "Your name, as it stands under your mails; the first address by default."},
        {"owner.addresses", TEXTS, true,
         "Every address you write from, old ones included: this is how your own mails are known."},
        {"owner.time_zone", ZONE, true, "The time zone you work in, by its IANA name (Europe/Paris)."},
        {"owner.language", TEXT, false,
         "The language of alerts and of the digest: de, en, es, fr, it or nl; en by default. What is not there in it is in "
         "English."},
        {"owner.hours", HOURS, false, "Your working hours by day of the week; Monday to Friday 09:00-18:00 by default."},
        {"owner.holidays", TEXTS, false, "Regions whose public holidays you keep (FR, CA-QC), and .ics files of days off."},
        {"owner.absences", PERIODS, false, "Days on which you do not work: dates, or {from, until, reason}."},
        {"owner.absences[].from", DATE, true, "The first day of the absence."},
        {"owner.absences[].until", DATE, true, "The last day of the absence."},
        {"owner.absences[].reason", TEXT, false, "A word for yourself."},
        {"sources", LIST, false, "The mailboxes and calendars to read; nothing is ever written to them."},
        {"sources[].maildir", PATH, false, "A Maildir, with its subfolders."},
        {"sources[].mbox", PATH, false, "An mbox file, or a folder of them."},
        {"sources[].calendar", PATH, false,
         "An .ics file, a vdir, or a folder of them; or the address of an .ics file: https://host/name.ics, webcal://..."},
        {"sources[].imap", URL, false, "An IMAP account: imaps://user@host."},
        {"sources[].caldav", URL, false, "A CalDAV account: https://host/path/."},
        {"sources[].name", TEXT, false, "How alerts name the source; its place by default."},
        {"sources[].password", MAPPING, false,
         "Where the password of an imap or caldav account is found; never the password itself."},
        {"sources[].password.credential", TEXT, false, "The name of a systemd credential."},
        {"sources[].password.command", TEXTS, false, "A command that prints the password."},
        {"sources[].password.file", PATH, false, "A file that holds the password and nothing else."},
        {"sources[].user", TEXT, false,
         "The name to log in with, where it does not stand in the address; your first mail address by default."},
        {"sources[].auth", TEXT, false,
         "How to log in: plain, login, xoauth2 or oauthbearer for imap, basic, digest or bearer for caldav and calendars; "
         "the "
         "best that the server offers for a password by default. With xoauth2, oauthbearer and bearer, the password is a "
         "token."},
        {"sources[].tls", TEXT, false,
         "Write starttls, or none: then the password can be read on the way. By default what the address says; imap:// "
         "needs "
         "STARTTLS, except on this machine."},
        {"sources[].ca", PATH, false,
         "A PEM file of the authorities that may vouch for the server; the system's by default."},
        {"sources[].fingerprint", TEXT, false,
         "The one certificate that the server must have: sha256: and 64 hexadecimal digits. Without ca, nobody need vouch "
         "for it."},
        {"sources[].include", TEXTS, false, "Folders to read; all others are left out."},
        {"sources[].exclude", TEXTS, false, "Folders left out; junk, trash and drafts by default."},
        {"clients", LIST, false, "The people you work for."},
        {"clients[].id", TEXT, true, "A short name that never changes: small letters, digits and hyphens."},
        {"clients[].name", TEXT, false, "How alerts name the client; the id by default."},
        {"clients[].match", TEXTS, true, "The client's addresses (jean@dupont.example) and domains (@dupont.example)."},
        {"clients[].time_zone", ZONE, false, "The time zone the client works in."},
        {"clients[].hours", HOURS, false, "The client's working hours by day of the week."},
        {"clients[].holidays", TEXTS, false, "Regions whose public holidays the client keeps."},
        {"clients[].absences", PERIODS, false, "Days on which the client does not work: dates, or {from, until, reason}."},
        {"clients[].absences[].from", DATE, true, "The first day of the absence."},
        {"clients[].absences[].until", DATE, true, "The last day of the absence."},
        {"clients[].absences[].reason", TEXT, false, "A word for yourself."},
        {"clients[].pauses", LIST, false, "Times in which nothing counts against the client, a hard phase for instance."},
        {"clients[].pauses[].from", DATE, false, "The first day of the pause; since ever by default."},
        {"clients[].pauses[].until", DATE, true, "The last day of the pause."},
        {"clients[].pauses[].reason", TEXT, true, "Why: it is shown where alerts would stand."},
        {"clients[].exceptions", LIST, false, "What was agreed with the client: breaches that do not count."},
        {"clients[].exceptions[].rule", TEXT, false, "The rule that is excepted."},
        {"clients[].exceptions[].where", MAPPING, false, "Conditions on the fact, written as in a rule."},
        {"clients[].exceptions[].reason", TEXT, true, "What was agreed."},
        {"clients[].exceptions[].until", DATE, true, "The last day of the agreement."},
        {"clients[].rules", MAPPING, false, "Changes of rules for this client, by rule id."},
        {"digest", MAPPING, false, "The weekly mail."},
        {"digest.every", TEXT, false, "When it is sent: a day of the week and a time (mon 08:00)."},
        {"digest.to", TEXTS, false, "Where it is sent; the first address of the owner by default."},
        {"digest.from", TEXT, false, "Who it comes from; the first address of the owner by default."},
        {"digest.empty", TEXT, false, "What a week without anything sends: line (the default) or nothing."},
        {"digest.smtp", URL, false, "The account it is sent through: smtps://user@host."},
        {"digest.sendmail", TEXTS, false,
         "Instead of smtp: a program that sends a mail, called with -i -f FROM -- TO (/usr/sbin/sendmail, msmtp)."},
        {"digest.user", TEXT, false,
         "The name to log in with, where it does not stand in the address; your first mail address by default."},
        {"digest.auth", TEXT, false,
         "How to log in: plain, login, xoauth2 or oauthbearer; the best that the server offers for a password by default."},
        {"digest.tls", TEXT, false,
         "Write starttls, or none: then the password can be read on the way. By default what the address says; smtp:// "
         "needs "
         "STARTTLS, except on this machine."},
        {"digest.ca", PATH, false, "A PEM file of the authorities that may vouch for the server; the system's by default."},
        {"digest.fingerprint", TEXT, false,
         "The one certificate that the server must have: sha256: and 64 hexadecimal digits."},
        {"digest.password", MAPPING, false, "Where the password of that account is found."},
        {"digest.password.credential", TEXT, false, "The name of a systemd credential."},
        {"digest.password.command", TEXTS, false, "A command that prints the password."},
        {"digest.password.file", PATH, false, "A file that holds the password and nothing else."},
        {"alerts_file", PATH, false,
         "Where the service writes alerts for other programs, one JSON object a line; alerts.jsonl in the folder of the "
         "store by default."},
        {"on_alert", TEXTS, false,
         "A program that the service runs for each alert, with its arguments; it gets the alert as JSON on its standard "
         "input."},
        {"packs", TEXTS, false, "The shipped packs of rules that are used; all by default."},
        {"rules", MAPPING, false, "Changes of rules for all clients, by rule id."},
};

const struct settings_key *settings_keys(size_t *ret_n) {
        *ret_n = ELEMENTSOF(keys);
        return keys;
}

#define SHAPE(type) (1U << (type))
static const struct type_row {
        const char *name;
        uint32_t shapes;
        const char *hint;
} types[] = {
        {TEXT, SHAPE(YAML_SCALAR), "write one value"},
        {TEXTS, SHAPE(YAML_SCALAR) | SHAPE(YAML_SEQUENCE), "write one value or a list: [a, b]"},
        {ZONE, SHAPE(YAML_SCALAR), "write one name: Europe/Paris"},
        {HOURS, SHAPE(YAML_MAPPING), "write days and times: {mon-fri: [\"09:00-12:30\", \"14:00-18:00\"]}"},
        {DATE, SHAPE(YAML_SCALAR), "write a date: 2026-12-31"},
        {PATH, SHAPE(YAML_SCALAR), "write one path"},
        {URL, SHAPE(YAML_SCALAR), "write one address in double quotes"},
        {MAPPING, SHAPE(YAML_MAPPING), "write keys and values: {key: value}"},
        {LIST, SHAPE(YAML_SEQUENCE), "write a list of mappings: each begins with \"- \""},
        {PERIODS, SHAPE(YAML_SCALAR) | SHAPE(YAML_SEQUENCE),
         "write a list: [2026-12-24, {from: 2026-08-03, until: 2026-08-21}]"},
};

static const struct type_row *type_of(const struct settings_key *key) {
        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                if (str_eq(types[i].name, key->type))
                        return &types[i];
        return NULL;
}

/* The last word of a path that lies directly under `prefix` ("" is the top), else NULL. */
static const char *key_under(const char *path, const char *prefix) {
        size_t n = strlen(prefix);
        if (n > 0) {
                if (strncmp(path, prefix, n) != 0 || path[n] != '.')
                        return NULL;
                path += n + 1;
        }
        return strpbrk(path, ".[") ? NULL : path;
}

static const struct settings_key *find_key(const char *prefix, const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                if (str_eq(key_under(keys[i].path, prefix), name))
                        return &keys[i];
        return NULL;
}

static void key_names(const char *prefix, const char *ret[KEYS_OF_MAPPING_MAX + 1]) {
        size_t n = 0;
        for (size_t i = 0; i < ELEMENTSOF(keys) && n < KEYS_OF_MAPPING_MAX; i++) {
                const char *name = key_under(keys[i].path, prefix);
                if (name)
                        ret[n++] = name;
        }
        ret[n] = NULL;
}

/* --- loading: the common parts -------------------------------------------------------------------------------------- */

/* Where an entry of a client's match stands, to tell of two that are the same. */
struct match_place {
        const char *entry; /* normalized */
        size_t client;
        const char *file;
        const struct yaml_node *node;
};

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

/* Memory is checked once at the end of loading: until then a failed allocation only means fewer results. */
static void *keep(struct loader *l, void *p) {
        if (!p)
                l->no_memory = true;
        return p;
}

static const char *hint_words(struct loader *l, const char *before, const char *const *names) {
        char *s = keep(l, arena_strdup(l->arena, before));
        for (; s && *names; names++)
                s = keep(l, arena_printf(l->arena, "%s%s%s", s, *names, names[1] ? ", " : ""));
        return s;
}

static const char *did_you_mean(struct loader *l, const char *word, const char *const *names) {
        const char *near = suggest(word, names);
        if (near)
                return keep(l, arena_printf(l->arena, "did you mean \"%s\"?", near));
        return hint_words(l, "allowed: ", names);
}

static const char where_a_password_is[] = "write one of {credential: name}, {command: [pass, show, mail]}, {file: path}";

/* What people write because other programs have it. */
static const char *key_instead(const char *prefix, const char *name) {
        static const struct {
                const char *prefix, *name, *hint;
        } keys_instead[] = {
                {"sources[]", "pop3",
                 "POP3 is not read: it shows neither sent mail nor folders; the same account is nearly always there by "
                 "IMAP"},
                {"sources[]", "webcal", "write calendar: webcal://..."},
                {"sources[]", "ics", "write calendar: and the path or the address"},
        };
        for (size_t i = 0; i < ELEMENTSOF(keys_instead); i++)
                if (str_eq(keys_instead[i].prefix, prefix) && strcasecmp(keys_instead[i].name, name) == 0)
                        return keys_instead[i].hint;
        return NULL;
}

/* What is wrong here may be a password, written where it does not belong: by this code the line is not shown. */
static const char *code_about(const char *prefix, const char *name, const char *code) {
        return str_ends_with(prefix, ".password") || str_eq(name, "password") ? "password-in-file" : code;
}

/* Every key known and of the right shape, every required key there. */
static bool check_mapping(struct loader *l, const struct yaml_node *node, const char *prefix, const char *what) {
        if (node->type != YAML_MAPPING) {
                const char *names[KEYS_OF_MAPPING_MAX + 1];
                key_names(prefix, names);
                fault(l, node, "wrong-type", hint_words(l, "write a mapping with the keys ", names), "%s is not a mapping",
                      what);
                return false;
        }
        for (const struct yaml_node *c = node->child; c; c = c->next) {
                const struct settings_key *key = find_key(prefix, c->key->scalar);
                if (!key) {
                        const char *names[KEYS_OF_MAPPING_MAX + 1];
                        key_names(prefix, names);
                        const char *instead = key_instead(prefix, c->key->scalar);
                        fault(l, c->key, code_about(prefix, "", "unknown-key"),
                              instead ? instead : did_you_mean(l, c->key->scalar, names), "unknown key \"%s\" in %s",
                              c->key->scalar, what);
                } else if (!yaml_is_null(c) && !(type_of(key)->shapes & SHAPE(c->type))) {
                        const char *name = c->key->scalar;
                        fault(l, c, code_about(prefix, name, "wrong-type"),
                              str_eq(name, "password") ? where_a_password_is : type_of(key)->hint, "\"%s\" must be: %s",
                              name, key->type);
                }
        }
        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                const char *name = key_under(keys[i].path, prefix);
                if (!name || !keys[i].required)
                        continue;
                const struct yaml_node *c = yaml_get(node, name);
                if (!c || yaml_is_null(c))
                        fault(l, c ? c->key : node, "missing-key", keys[i].doc, "%s needs \"%s\"", what, name);
        }
        return true;
}

/* A key that has a value of the right shape; the others were told by check_mapping() or mean the default. */
static const struct yaml_node *get(const struct yaml_node *node, const char *prefix, const char *name) {
        const struct yaml_node *c = yaml_get(node, name);
        const struct settings_key *key = find_key(prefix, name);
        if (!c || !key || yaml_is_null(c) || !(type_of(key)->shapes & SHAPE(c->type)))
                return NULL;
        return c;
}

static const char *get_text(struct loader *l, const struct yaml_node *node, const char *prefix, const char *name) {
        const struct yaml_node *c = get(node, prefix, name);
        if (!c || c->type != YAML_SCALAR)
                return NULL;
        if (!c->scalar[strspn(c->scalar, " \t\n")]) {
                fault(l, c, "bad-value", NULL, "\"%s\" is empty", name);
                return NULL;
        }
        return c->scalar;
}

/* A value or a list of values, one after the other. */
static const struct yaml_node *first_item(const struct yaml_node *node) {
        return node && node->type == YAML_SEQUENCE ? node->child : node;
}

static const struct yaml_node *next_item(const struct yaml_node *list, const struct yaml_node *item) {
        return list->type == YAML_SEQUENCE ? item->next : NULL;
}

static size_t count_items(const struct yaml_node *list) {
        size_t n = 0;
        for (const struct yaml_node *i = first_item(list); i; i = next_item(list, i))
                n++;
        return n;
}

static bool item_is_text(struct loader *l, const struct yaml_node *item, const char *what) {
        if (item->type == YAML_SCALAR && !yaml_is_null(item) && item->scalar[0])
                return true;
        fault(l, item, "wrong-type", "quote it if it is a text; a value that begins with # or @ must stand in quotes",
              "an entry of \"%s\" is not a text", what);
        return false;
}

/* NULL-terminated; NULL when the key is absent. */
static const char **get_texts(struct loader *l, const struct yaml_node *node, const char *prefix, const char *name) {
        const struct yaml_node *list = get(node, prefix, name);
        if (!list)
                return NULL;
        const char **texts = keep(l, arena_new0(l->arena, const char *, count_items(list) + 1));
        size_t n = 0;
        for (const struct yaml_node *i = first_item(list); texts && i; i = next_item(list, i))
                if (item_is_text(l, i, name))
                        texts[n++] = i->scalar;
        return texts;
}

static const struct zone *get_zone(struct loader *l, const struct yaml_node *node, const char *prefix) {
        const char *name = get_text(l, node, prefix, "time_zone");
        if (!name)
                return NULL;
        const struct zone *zone = zone_table_find(l->zones, name);
        if (zone)
                return zone;
        const char *near = zone_table_suggest(l->zones, name);
        const char *hint = near ? keep(l, arena_printf(l->arena, "did you mean \"%s\"?", near))
                                : "write an IANA name: Europe/Paris, America/New_York";
        fault(l, yaml_get(node, "time_zone"), "unknown-zone", hint, "unknown time zone \"%s\"", name);
        return NULL;
}

static bool read_date(struct loader *l, const struct yaml_node *node, int32_t *ret) {
        struct civil c;
        int32_t offset;
        bool date_only;
        if (node->type != YAML_SCALAR || civil_parse(node->scalar, &c, &offset, &date_only) < 0 || !date_only) {
                fault(l, node, "bad-value", "write a date as year-month-day: 2026-12-31", "\"%s\" is not a date",
                      node->type == YAML_SCALAR ? node->scalar : "a list");
                return false;
        }
        *ret = civil_days(c.year, c.month, c.day);
        return true;
}

static bool get_date(struct loader *l, const struct yaml_node *node, const char *prefix, const char *name, int32_t *ret) {
        const struct yaml_node *c = get(node, prefix, name);
        return c && read_date(l, c, ret);
}

/* --- hours ---------------------------------------------------------------------------------------------------------- */

/* "mon-fri", "sat", "mon, wed": a bit for each day. */
static int read_days(const char *s, uint32_t *ret) {
        uint32_t days = 0;
        for (;; s++) {
                int first = schedule_read_day(&s), last = first;
                if (first >= 0 && *s == '-') {
                        s++;
                        last = schedule_read_day(&s);
                }
                if (first < 0 || last < 0)
                        return -EINVAL;
                for (int day = first;; day = (day + 1) % 7) {
                        days |= 1U << day;
                        if (day == last)
                                break;
                }
                if (*s == 0)
                        break;
                if (*s != ',')
                        return -EINVAL;
        }
        *ret = days;
        return 0;
}

/* "09:00-12:30"; an end before the start is on the next day. */
static int read_span(const char *s, struct work_span *ret) {
        int start = schedule_read_time(&s);
        if (start < 0 || start == MINUTES_OF_DAY)
                return -EINVAL;
        if (*s == '-')
                s++;
        else if (strncmp(s, "\xe2\x80\x93", 3) == 0) /* the dash that word processors make of it */
                s += 3;
        else
                return -EINVAL;
        int end = schedule_read_time(&s);
        if (end < 0 || *s || end == start)
                return -EINVAL;
        if (end < start)
                end += MINUTES_OF_DAY;
        *ret = (struct work_span){(int16_t) start, (int16_t) end};
        return 0;
}

/* What people write for a day without work; yaml_bool() knows no and off. */
static bool means_closed(const struct yaml_node *node) {
        bool yes = true;
        return yaml_is_null(node) || (yaml_bool(node, &yes) == 0 && !yes) ||
               (node->type == YAML_SCALAR && (str_eq(node->scalar, "closed") || str_eq(node->scalar, "off")));
}

static void add_span(struct work_day *day, struct work_span span) {
        uint32_t at = day->n++;
        for (; at > 0 && day->spans[at - 1].start > span.start; at--)
                day->spans[at] = day->spans[at - 1];
        day->spans[at] = span;
}

static bool day_overlaps(const struct work_day *day) {
        for (uint32_t i = 1; i < day->n; i++)
                if (day->spans[i - 1].end > day->spans[i].start)
                        return true;
        return false;
}

static struct work_day read_work_day(struct loader *l, const struct yaml_node *value) {
        struct work_day day = {0};
        if (means_closed(value))
                return day;
        if (value->type == YAML_MAPPING) {
                fault(l, value, "wrong-type", "write times: [\"09:00-12:30\", \"14:00-18:00\"]",
                      "hours of a day are a list of times");
                return day;
        }
        for (const struct yaml_node *i = first_item(value); i; i = next_item(value, i)) {
                struct work_span span;
                if (i->type != YAML_SCALAR || read_span(i->scalar, &span) < 0)
                        fault(l, i, "bad-value",
                              "write a start and an end: \"09:00-12:30\", over midnight \"22:00-02:00\", all day "
                              "\"00:00-24:00\"",
                              "\"%s\" is not a span of time", i->type == YAML_SCALAR ? i->scalar : "a list");
                else if (day.n >= WORK_SPANS_MAX)
                        fault(l, i, "bad-value", NULL, "more than %u spans in one day", WORK_SPANS_MAX);
                else
                        add_span(&day, span);
        }
        if (day_overlaps(&day))
                fault(l, value, "overlapping-hours", "write each time once", "two of these spans overlap");
        return day;
}

/* A night that reaches into the hours of the day after. */
static void check_nights(struct loader *l, const struct yaml_node *hours, const struct work_day week[7]) {
        for (int i = 0; i < 7; i++) {
                const struct work_day *day = &week[i], *next = &week[(i + 1) % 7];
                if (day->n > 0 && next->n > 0 && day->spans[day->n - 1].end - MINUTES_OF_DAY > next->spans[0].start)
                        fault(l, hours, "overlapping-hours", "end the night before the hours of the next day begin",
                              "the hours of %s reach into those of %s", schedule_days[i], schedule_days[(i + 1) % 7]);
        }
}

static void read_hours(struct loader *l, const struct yaml_node *hours, struct work_day week[7]) {
        uint32_t seen = 0;
        for (const struct yaml_node *c = hours->child; c; c = c->next) {
                uint32_t days;
                if (read_days(c->key->scalar, &days) < 0) {
                        const char *near = suggest(c->key->scalar, schedule_days);
                        fault(l, c->key, "unknown-key",
                              near ? keep(l, arena_printf(l->arena, "did you mean \"%s\"?", near))
                                   : "days are mon tue wed thu fri sat sun; write mon-fri, or \"mon,wed\"",
                              "\"%s\" is not a day of the week", c->key->scalar);
                        continue;
                }
                if (seen & days)
                        fault(l, c->key, "bad-value", "write each day in one place", "a day of \"%s\" was written before",
                              c->key->scalar);
                seen |= days;
                struct work_day day = read_work_day(l, c);
                for (int i = 0; i < 7; i++)
                        if (days & (1U << i))
                                week[i] = day;
        }
        check_nights(l, hours, week);
}

static void default_hours(struct work_day week[7]) {
        for (int i = 0; i < 5; i++)
                week[i] = (struct work_day){.spans = {{9 * 60, 18 * 60}}, .n = 1};
}

/* --- days off ------------------------------------------------------------------------------------------------------- */

static int compare_ranges(const void *pa, const void *pb) {
        const struct day_range *a = pa, *b = pb;
        return (a->first > b->first) - (a->first < b->first);
}

/* Sorted and without overlap, as work_calendar wants them. */
static size_t merge_ranges(struct day_range *r, size_t n) {
        if (n == 0)
                return 0;
        qsort(r, n, sizeof(*r), compare_ranges);
        size_t last = 0;
        for (size_t i = 1; i < n; i++) {
                if (r[i].first <= r[last].last)
                        r[last].last = MAX(r[last].last, r[i].last);
                else
                        r[++last] = r[i];
        }
        return last + 1;
}

/* The two lists as one, in memory of the arena. */
static int join_ranges(struct arena *arena, const struct day_range *a, size_t na, const struct day_range *b, size_t nb,
                       struct work_calendar *c) {
        if (na + nb == 0)
                return 0;
        struct day_range *all = arena_new0(arena, struct day_range, na + nb);
        if (!all)
                return -ENOMEM;
        if (na > 0)
                memcpy(all, a, na * sizeof(*a));
        if (nb > 0)
                memcpy(all + na, b, nb * sizeof(*b));
        c->n_days_off = merge_ranges(all, na + nb);
        c->days_off = all;
        return 0;
}

static bool check_order(struct loader *l, const struct yaml_node *node, int32_t first, int32_t last) {
        if (first <= last)
                return true;
        fault(l, node, "bad-value", "the first day comes first", "it ends before it begins");
        return false;
}

/* "2026-12-24", "2026-08-03..2026-08-21" or {from, until, reason}. */
static bool read_period(struct loader *l, const struct yaml_node *node, const char *prefix, struct day_range *ret) {
        if (node->type == YAML_MAPPING) {
                check_mapping(l, node, prefix, "an absence");
                bool from = get_date(l, node, prefix, "from", &ret->first),
                     until = get_date(l, node, prefix, "until", &ret->last);
                return from && until && check_order(l, node, ret->first, ret->last);
        }
        const char *dots = node->type == YAML_SCALAR ? strstr(node->scalar, "..") : NULL;
        if (!dots) {
                bool ok = read_date(l, node, &ret->first);
                ret->last = ret->first;
                return ok;
        }
        struct yaml_node from = *node, until = *node;
        size_t n = (size_t) (dots - node->scalar);
        while (n > 0 && node->scalar[n - 1] == ' ')
                n--;
        from.scalar = keep(l, arena_strndup(l->arena, node->scalar, n));
        until.scalar = skip_blanks(dots + 2);
        if (!from.scalar || !read_date(l, &from, &ret->first) || !read_date(l, &until, &ret->last))
                return false;
        return check_order(l, node, ret->first, ret->last);
}

static void read_absences(struct loader *l, const struct yaml_node *node, const char *prefix, const char *item_prefix,
                          struct work_calendar *c) {
        const struct yaml_node *list = get(node, prefix, "absences");
        if (!list)
                return;
        struct day_range *r = keep(l, arena_new0(l->arena, struct day_range, count_items(list) + 1));
        size_t n = 0;
        for (const struct yaml_node *i = first_item(list); r && i; i = next_item(list, i))
                n += read_period(l, i, item_prefix, &r[n]);
        if (n == 0)
                return;
        c->n_days_off = merge_ranges(r, n);
        c->days_off = r;
}

static bool ends_with(const char *s, const char *end) {
        size_t n = strlen(s), m = strlen(end);
        return n > m && strcmp(s + n - m, end) == 0;
}

/* Relative to the folder of the file that names it. */
static const char *join_path(struct loader *l, const char *path) {
        const char *slash = strrchr(l->file, '/'), *base = l->file[0] == '/' ? NULL : l->base;
        size_t n = strlen(path);
        while (n > 1 && path[n - 1] == '/')
                n--;
        while (path[0] == '.' && path[1] == '/' && n > 2) {
                path += 2;
                n -= 2;
        }
        if (path[0] == '/' || (!slash && !base))
                return keep(l, arena_strndup(l->arena, path, n));
        return keep(l, arena_printf(l->arena, "%s%s%.*s%.*s", base ? base : "", base ? "/" : "",
                                    slash ? (int) (slash - l->file + 1) : 0, l->file, (int) n, path));
}

/* A name without a slash is looked for where programs are. */
static const char *program_path(struct loader *l, const char *program) {
        return strchr(program, '/') ? join_path(l, program) : program;
}

/* Regions into the calendar; .ics files into the settings, for the owner only. */
static void read_holidays(struct loader *l, const struct yaml_node *node, const char *prefix, bool owner,
                          struct work_calendar *c) {
        const char **texts = get_texts(l, node, prefix, "holidays");
        if (!texts)
                return;
        const struct yaml_node *list = yaml_get(node, "holidays");
        size_t n = count_items(list), n_regions = 0, n_files = 0;
        const char **regions = keep(l, arena_new0(l->arena, const char *, n + 1));
        const char **files = keep(l, arena_new0(l->arena, const char *, n + 1));
        if (!regions || !files)
                return;
        for (const struct yaml_node *i = first_item(list); i; i = next_item(list, i)) {
                if (i->type != YAML_SCALAR || !i->scalar[0] || yaml_is_null(i))
                        continue;
                if (holiday_region_known(i->scalar))
                        regions[n_regions++] = i->scalar;
                else if (ends_with(i->scalar, ".ics") && owner)
                        files[n_files++] = join_path(l, i->scalar);
                else if (ends_with(i->scalar, ".ics"))
                        fault(l, i, "bad-value", "list the days under \"absences\"",
                              "a client's holidays cannot come from a file");
                else
                        fault(l, i, "unknown-region", did_you_mean(l, i->scalar, holiday_regions()),
                              "no public holidays are known for \"%s\"", i->scalar);
        }
        c->regions = regions;
        if (owner)
                l->s->holiday_files = files;
}

/* --- addresses ------------------------------------------------------------------------------------------------------ */

static const char *lower_copy(struct loader *l, const char *s) {
        char *copy = keep(l, arena_strdup(l->arena, s));
        for (char *p = copy; p && *p; p++)
                *p = ascii_lower(*p);
        return copy;
}

/* One "@", something before it unless a domain is meant, no blanks, no brackets: what a person means by an address. */
static bool address_shape(const char *s, bool domain) {
        const char *at = strchr(s, '@');
        if (!at || strchr(at + 1, '@') || !at[1] || at[1] == '.' || strstr(at, ".."))
                return false;
        if (domain != (at == s) || s[strcspn(s, " \t\n<>,;\"*()")] || strlen(s) > ADDRESS_MAX)
                return false;
        return at[1] == '[' ? !domain && ends_with(at, "]") : !strchr(s, ':');
}

static bool read_address(struct loader *l, const struct yaml_node *node, const char *what) {
        if (!item_is_text(l, node, what))
                return false;
        if (address_shape(node->scalar, false))
                return true;
        fault(l, node, "bad-value", "write the address only: name@host.example", "\"%s\" is not a mail address",
              node->scalar);
        return false;
}

/* As every mail server takes it. A domain in other letters has a spelling without them (RFC 5890); the name before it has none, and a server that takes it
 * (RFC 6531) does not help when another on the way does not. `node` is blamed. NULL: a fault. */
static const char *read_mailable(struct loader *l, const struct yaml_node *node, const char *address) {
        size_t local = strcspn(address, "@");
        char key[ADDRESS_KEY_SIZE];
        bool plain = address[0] != '-';
        for (const char *p = address; *p; p++) {
                bool odd = (unsigned char) *p <= ' ' || *p == 127 || *p == '\\';
                plain &= !odd && (p >= address + local || (unsigned char) *p < 127);
        }
        if (plain && utf8_is_ascii(address, strlen(address)))
                return address;
        if (plain && address_key(address + local, key) > 1 && utf8_is_ascii(key, strlen(key)))
                return keep(l, arena_printf(l->arena, "%.*s%s", (int) local, address, key));
        fault(l, node, "bad-value",
              "write one of plain letters, digits and . _ + - before the \"@\", that every server takes",
              "no mail of ours can be written to or from \"%s\"", address);
        return NULL;
}

/* A domain that would make strangers a client: nobody's, everybody's, or no name at all. */
static bool check_domain(struct loader *l, const struct yaml_node *node, const char *key) {
        const char *domain = key + 1;
        enum free_mail kind = domain_free_mail(domain);
        if (kind != FREE_MAIL_NO) {
                fault(l, node, "free-mail",
                      keep(l, arena_printf(l->arena, "did you mean one person there? write the full address: \"name@%s\"",
                                           domain)),
                      "\"%s\" belongs to %s: strangers would become this client", node->scalar, free_mail_name(kind));
                return false;
        }
        if (domain_is_public_suffix(domain)) {
                fault(l, node, "public-suffix",
                      keep(l,
                           arena_printf(l->arena, "did you mean a domain below it? write \"@name.%s\", or one full address",
                                        domain)),
                      "everybody registers names below \"%s\": strangers would become this client", domain);
                return false;
        }
        if (domain_is_literal(domain)) {
                fault(l, node, "bad-value", "write the full address: \"name@[127.0.0.1]\"",
                      "\"%s\" is no domain but the address of a machine", node->scalar);
                return false;
        }
        return true;
}

static bool read_match(struct loader *l, const struct yaml_node *node) {
        if (!item_is_text(l, node, "match"))
                return false;
        char key[ADDRESS_KEY_SIZE];
        const char *s = lower_copy(l, node->scalar);
        if (!s)
                return false;
        /* "@[127.0.0.1]" is told with the words for literals. */
        bool domain = s[0] == '@' && (s[1] == '[' || address_shape(s, true)) && address_key(s, key) > 1;
        if (domain && (strchr(key, '.') || domain_is_public_suffix(key + 1)))
                return check_domain(l, node, key);
        if (address_shape(s, false))
                return true;
        const char *hint = "write an address (jean@dupont.example) or a domain (\"@dupont.example\")";
        if (strchr(s, '*'))
                hint = "write \"@dupont.example\": it joins every address and subdomain of it";
        else if (!strchr(s, '@') && strchr(s, '.'))
                hint = keep(l, arena_printf(l->arena, "write \"@%s\"", s));
        fault(l, node, "bad-value", hint, "\"%s\" is neither an address nor a domain", node->scalar);
        return false;
}

/* --- finding people ------------------------------------------------------------------------------------------------- */

/* Asked for every address of every message: a hash table with open addressing, at most half full. */
struct address_slot {
        const char *key;             /* "jean@dupont.example", "@dupont.example" */
        const struct client *client; /* NULL: the owner's own address */
};

struct address_index {
        struct address_slot *slots;
        size_t mask;
};

static size_t hash_bytes(const char *s, size_t n) {
        uint64_t h = UINT64_C(14695981039346656037);
        for (size_t i = 0; i < n; i++)
                h = (h ^ (unsigned char) s[i]) * UINT64_C(1099511628211);
        return (size_t) (h ^ (h >> 32));
}

static struct address_slot *index_slot(const struct address_index *index, const char *key, size_t n) {
        for (size_t i = hash_bytes(key, n);; i++) {
                struct address_slot *slot = &index->slots[i & index->mask];
                if (!slot->key || (strncmp(slot->key, key, n) == 0 && !slot->key[n]))
                        return slot;
        }
}

/* The first one to come keeps its place: two are a fault that is told elsewhere. */
static void index_add(struct loader *l, struct address_index *index, const char *address, const struct client *client) {
        char key[ADDRESS_KEY_SIZE];
        size_t n = address_key(address, key);
        if (n == 0)
                return;
        struct address_slot *slot = index_slot(index, key, n);
        if (slot->key)
                return;
        slot->key = keep(l, arena_strndup(l->arena, key, n));
        slot->client = client;
}

static size_t list_length(const char *const *list) {
        size_t n = 0;
        while (list && list[n])
                n++;
        return n;
}

static void build_index(struct loader *l) {
        struct settings *s = l->s;
        size_t n = list_length(s->owner.addresses), size = 16;
        for (size_t i = 0; i < s->n_clients; i++)
                n += list_length(s->clients[i].match);
        while (size < 2 * n)
                size *= 2;
        struct address_index *index = keep(l, arena_new0(l->arena, struct address_index, 1));
        if (!index)
                return;
        index->slots = keep(l, arena_new0(l->arena, struct address_slot, size));
        index->mask = size - 1;
        if (!index->slots)
                return;
        for (size_t k = 0; s->owner.addresses && s->owner.addresses[k]; k++)
                index_add(l, index, s->owner.addresses[k], NULL);
        for (size_t i = 0; i < s->n_clients; i++)
                for (size_t k = 0; s->clients[i].match && s->clients[i].match[k]; k++)
                        index_add(l, index, s->clients[i].match[k], &s->clients[i]);
        s->index = index;
}

/* Settings made by hand have no index. */
static bool find_listed(const struct settings *s, const char *key, const struct client **ret) {
        char listed[ADDRESS_KEY_SIZE];
        for (size_t k = 0; s->owner.addresses && s->owner.addresses[k]; k++)
                if (address_key(s->owner.addresses[k], listed) > 0 && str_eq(listed, key)) {
                        *ret = NULL;
                        return true;
                }
        for (size_t i = 0; i < s->n_clients; i++)
                for (size_t k = 0; s->clients[i].match && s->clients[i].match[k]; k++)
                        if (address_key(s->clients[i].match[k], listed) > 0 && str_eq(listed, key)) {
                                *ret = &s->clients[i];
                                return true;
                        }
        return false;
}

static bool find_key_owner(const struct settings *s, const char *key, size_t n, const struct client **ret) {
        if (!s->index)
                return find_listed(s, key, ret);
        const struct address_slot *slot = index_slot(s->index, key, n);
        *ret = slot->client;
        return slot->key;
}

bool settings_is_owner(const struct settings *s, const char *email) {
        char key[ADDRESS_KEY_SIZE];
        size_t n = email ? address_key(email, key) : 0;
        const struct client *client;
        return n > 0 && key[0] != '@' && find_key_owner(s, key, n, &client) && !client;
}

const struct client *settings_find_client(const struct settings *s, const char *email) {
        char key[ADDRESS_KEY_SIZE];
        size_t n = email ? address_key(email, key) : 0;
        const struct client *client;
        if (n == 0 || key[0] == '@')
                return NULL;
        if (find_key_owner(s, key, n, &client))
                return client;
        if (domain_is_literal(address_domain(key)))
                return NULL;
        /* "@mail.dupont.example", then "@dupont.example": the "@" takes the place of what was cut off. */
        for (char *at = strrchr(key, '@'); at && strchr(at, '.'); at = strchr(at + 1, '.')) {
                *at = '@';
                if (find_key_owner(s, at, n - (size_t) (at - key), &client))
                        return client;
        }
        return NULL;
}

const struct client *settings_client_by_id(const struct settings *s, const char *id) {
        for (size_t i = 0; id && i < s->n_clients; i++)
                if (str_eq(s->clients[i].id, id))
                        return &s->clients[i];
        return NULL;
}

/* --- the owner ------------------------------------------------------------------------------------------------------ */

static const char **read_addresses(struct loader *l, const struct yaml_node *list) {
        const char **addresses = keep(l, arena_new0(l->arena, const char *, count_items(list) + 1));
        size_t n = 0;
        for (const struct yaml_node *i = first_item(list); addresses && i; i = next_item(list, i))
                if (read_address(l, i, "addresses"))
                        addresses[n++] = lower_copy(l, i->scalar);
        if (!list || !list->child)
                if (list && list->type == YAML_SEQUENCE)
                        fault(l, list, "missing-key", "list every address you write from", "\"addresses\" is empty");
        return addresses;
}

static const char *read_language(struct loader *l, const struct yaml_node *node) {
        static const char *const languages[] = {"de", "en", "es", "fr", "it", "nl", NULL};
        const char *language = get_text(l, node, "owner", "language");
        if (!language)
                return "en";
        for (size_t i = 0; languages[i]; i++)
                if (str_eq(language, languages[i]))
                        return languages[i];
        /* "no" is Norwegian to its author and a boolean to YAML; here it is neither. */
        fault(l, yaml_get(node, "language"), "bad-value", hint_words(l, "allowed: ", languages),
              "no texts in the language \"%s\"", language);
        return "en";
}

static void read_owner(struct loader *l, const struct yaml_node *node) {
        struct owner *o = &l->s->owner;
        if (!check_mapping(l, node, "owner", "owner"))
                return;
        o->addresses = read_addresses(l, get(node, "owner", "addresses"));
        o->name = get_text(l, node, "owner", "name");
        if (!o->name && o->addresses)
                o->name = o->addresses[0];
        o->language = read_language(l, node);
        o->zone = get_zone(l, node, "owner");
        const struct yaml_node *hours = get(node, "owner", "hours");
        if (hours)
                read_hours(l, hours, o->calendar.week);
        else
                default_hours(o->calendar.week);
        read_holidays(l, node, "owner", true, &o->calendar);
        read_absences(l, node, "owner", "owner.absences[]", &o->calendar);
}

/* --- sources -------------------------------------------------------------------------------------------------------- */

static const struct kind_row {
        const char *key;
        enum source_kind kind;
        enum remote_use use;
        bool local, remote; /* it may be a path; it may be an address */
} kinds[] = {
        {"maildir", SOURCE_MAILDIR, 0, true, false},
        {"mbox", SOURCE_MBOX, 0, true, false},
        {"calendar", SOURCE_CALENDAR, REMOTE_FOR_CALENDAR, true, true},
        {"imap", SOURCE_IMAP, REMOTE_FOR_IMAP, false, true},
        {"caldav", SOURCE_CALDAV, REMOTE_FOR_CALDAV, false, true},
};

const char *const *settings_choice(const char *prefix) {
        static const struct {
                const char *prefix;
                const char *names[ELEMENTSOF(kinds) + 1];
        } choices[] = {
                {"sources[]", {"maildir", "mbox", "calendar", "imap", "caldav"}},
                {"sources[].password", {"credential", "command", "file"}},
                {"digest", {"smtp", "sendmail"}},
                {"digest.password", {"credential", "command", "file"}},
        };
        for (size_t i = 0; i < ELEMENTSOF(choices); i++)
                if (str_eq(choices[i].prefix, prefix))
                        return choices[i].names;
        return NULL;
}

/* --- accounts on the network --- */

/* The value is never shown: it may be a password in the wrong place. */
static bool read_password(struct loader *l, const struct yaml_node *node, const char *prefix, struct secret_spec *ret) {
        const struct yaml_node *password = yaml_get(node, "password");
        if (!password || yaml_is_null(password))
                return true;
        if (password->type != YAML_MAPPING)
                return false;
        char path[64];
        snprintf(path, sizeof(path), "%s.password", prefix);
        check_mapping(l, password, path, "password");
        size_t n = 0;
        for (const struct yaml_node *c = password->child; c; c = c->next)
                n += find_key(path, c->key->scalar) != NULL;
        if (n != 1) {
                fault(l, password->key, "bad-value", where_a_password_is, "a password comes from exactly one place");
                return false;
        }
        struct secret_spec s = {0};
        const char **command = get_texts(l, password, path, "command");
        if ((s.name = get_text(l, password, path, "credential")))
                s.kind = SECRET_CREDENTIAL;
        else if ((s.file = get_text(l, password, path, "file"))) {
                s.kind = SECRET_FILE;
                s.file = join_path(l, s.file);
        } else if (command && command[0]) {
                s.kind = SECRET_COMMAND;
                command[0] = program_path(l, command[0]);
                s.command = command;
        } else
                return false;
        if (s.name && (strchr(s.name, '/') || s.name[0] == '.')) {
                fault(l, yaml_get(password, "credential"), "bad-value",
                      "write the name that stands in LoadCredential=", "a credential has a name, not a path");
                return false;
        }
        *ret = s;
        return true;
}

static bool read_auth(struct loader *l, const struct yaml_node *node, const char *prefix, enum remote_use use,
                      enum auth_mechanism *ret) {
        const char *auth = get_text(l, node, prefix, "auth");
        if (!auth || auth_mechanism_parse(auth, use, ret) == 0)
                return true;
        fault(l, yaml_get(node, "auth"), "bad-value", did_you_mean(l, auth, auth_mechanism_names(use)),
              "no way to log in is called \"%s\"", auth);
        return false;
}

/* What is written under `tls` can only say more than the address where that leaves it open. */
static bool read_tls(struct loader *l, const struct yaml_node *place, const struct yaml_node *node, const char *prefix,
                     enum remote_use use, struct remote *r) {
        static const char *const names[] = {"starttls", "none", NULL};
        const char *tls = get_text(l, node, prefix, "tls");
        const struct yaml_node *at = yaml_get(node, "tls");
        bool web = use == REMOTE_FOR_CALDAV || use == REMOTE_FOR_CALENDAR;
        if (!tls) {
                if (!web || r->tls != REMOTE_PLAIN || remote_is_loopback(r->host))
                        return true;
                fault(l, place, "bad-value", "write https://; where the server has none, add tls: none",
                      "what goes through http:// can be read on the way");
                return false;
        }
        bool none = str_eq(tls, "none"), starttls = str_eq(tls, "starttls");
        if (!none && !starttls) {
                fault(l, at, "bad-value", did_you_mean(l, tls, names), "no protection is called \"%s\"", tls);
                return false;
        }
        if (r->tls == REMOTE_TLS || (web && starttls)) {
                fault(l, at, "bad-value",
                      web ? "leave it out" : "write imap:// or smtp:// in the address, or leave this out",
                      "the address says that TLS begins with the first byte");
                return false;
        }
        r->tls = none ? REMOTE_PLAIN : REMOTE_STARTTLS;
        return true;
}

static bool read_trust(struct loader *l, const struct yaml_node *node, const char *prefix, struct remote *r) {
        const char *ca = get_text(l, node, prefix, "ca"), *fingerprint = get_text(l, node, prefix, "fingerprint");
        if (ca)
                r->ca = join_path(l, ca);
        if (!fingerprint)
                return true;
        int e = remote_fingerprint(l->arena, fingerprint, &r->fingerprint);
        if (e == -ENOMEM)
                l->no_memory = true;
        else if (e < 0)
                fault(l, yaml_get(node, "fingerprint"), "bad-value", "write sha256: and the 64 hexadecimal digits",
                      "not the fingerprint of a certificate");
        return e >= 0;
}

/* Who logs in: only with a password, and a password never without somebody. */
static bool read_login(struct loader *l, const struct yaml_node *place, const struct yaml_node *node, const char *prefix,
                       enum remote_use use, struct remote *r) {
        const char *user = get_text(l, node, prefix, "user");
        const struct yaml_node *at = yaml_get(node, "user");
        bool ok = read_password(l, node, prefix, &r->password);
        if (user && r->user) {
                fault(l, at, "bad-value", "write it in one place", "the address names a user already");
                return false;
        }
        if (user && (!utf8_clean(user, strlen(user)) || strpbrk(user, "\n\t"))) {
                fault(l, at, "bad-value", NULL, "the user's name holds characters that no name has");
                return false;
        }
        if (user)
                r->user = user;
        if (ok && r->password.kind == SECRET_NONE && (r->user || use == REMOTE_FOR_IMAP)) {
                fault(l, place, "missing-key",
                      "add password: {credential: name}, {command: [pass, show, mail]} or {file: path}",
                      "an account needs \"password\"");
                return false;
        }
        if (!r->user && r->password.kind != SECRET_NONE && l->s->owner.addresses)
                r->user = l->s->owner.addresses[0];
        return ok;
}

static const struct remote *read_remote(struct loader *l, const struct yaml_node *place, const struct yaml_node *node,
                                        const char *prefix, enum remote_use use) {
        struct remote_fault why = {0};
        struct remote *r = keep(l, arena_new0(l->arena, struct remote, 1));
        if (!r)
                return NULL;
        *r = (struct remote){.file = l->file, .line = place->line, .column = place->column};
        bool ok = read_auth(l, node, prefix, use, &r->auth);
        ok = read_trust(l, node, prefix, r) && ok;
        int e = remote_parse(l->arena, use, place->scalar, r, &why);
        if (e == -ENOMEM)
                l->no_memory = true;
        else if (e < 0) {
                struct secret_spec unused = {0};
                fault(l, place, why.code, why.hint, "%s", why.text);
                (void) read_password(l, node, prefix, &unused);
        }
        if (e < 0)
                return NULL;
        ok = read_tls(l, place, node, prefix, use, r) && ok;
        ok = read_login(l, place, node, prefix, use, r) && ok;
        return ok ? r : NULL;
}

/* What only an account has, written where there is none. */
static void refuse_account_keys(struct loader *l, const struct yaml_node *node, const char *what) {
        static const char *const names[] = {"password", "user", "auth", "tls", "ca", "fingerprint"};
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (yaml_get(node, names[i]))
                        fault(l, yaml_get(node, names[i])->key, "unknown-key", NULL, "%s has no %s", what, names[i]);
}

/* A path that is joined to the folder of the file, unless it means something to a shell only. */
static const char *read_path(struct loader *l, const struct yaml_node *node, const char *key) {
        if (node->scalar[0] == '~') {
                fault(l, node, "bad-value", "write the path from / or relative to the folder of this file",
                      "\"~\" means something in a shell only");
                return NULL;
        }
        if (!node->scalar[0]) {
                fault(l, node, "bad-value", NULL, "\"%s\" is empty", key);
                return NULL;
        }
        return join_path(l, node->scalar);
}

/* False when it cannot be read from there. */
static bool read_location(struct loader *l, const struct yaml_node *place, const struct yaml_node *node,
                          const struct kind_row *kind, struct source_spec *spec) {
        if (!kind->remote || (kind->local && !remote_is_url(place->scalar))) {
                spec->location = read_path(l, place, kind->key);
                refuse_account_keys(l, node, "a local source");
                return spec->location;
        }
        spec->remote = read_remote(l, place, node, "sources[]", kind->use);
        if (!spec->remote)
                return false;
        /* A link to a calendar is often all that is needed to read it: it is kept where it is needed, and told nowhere. */
        spec->location = kind->use == REMOTE_FOR_CALENDAR ? keep(l, remote_veiled(l->arena, spec->remote)) : place->scalar;
        return spec->location;
}

static void check_same_source(struct loader *l, const struct yaml_node *node, const struct source_spec *spec) {
        for (size_t i = 0; i < l->s->n_sources; i++) {
                const struct source_spec *other = &l->s->sources[i];
                if (other->kind == spec->kind && str_eq(other->location, spec->location))
                        fault(l, node, "duplicate-source", NULL, "this source is listed on line %u already", other->line);
                else if (str_eq(other->name, spec->name))
                        fault(l, node, "duplicate-source", "give one of them another name",
                              "the source on line %u has the name \"%s\" too", other->line, spec->name);
        }
}

static bool is_everything(const char *pattern) {
        return *pattern && pattern[strspn(pattern, "*")] == 0;
}

static bool is_listed(const char *name, const char **list) {
        for (; *list; list++)
                if (strcasecmp(*list, name) == 0)
                        return true;
        return false;
}

/* A source of which nothing is read would pass for one in which nothing is. What only the folders that are there can tell is told when it is read. */
static void check_folders(struct loader *l, const struct yaml_node *node, const struct source_spec *spec) {
        const struct yaml_node *include = get(node, "sources[]", "include"), *exclude = get(node, "sources[]", "exclude");
        size_t left = 0, named = 0;
        for (const struct yaml_node *i = exclude ? first_item(exclude) : NULL; i; i = next_item(exclude, i))
                if (i->type == YAML_SCALAR && is_everything(i->scalar)) {
                        fault(l, i, "nothing-to-read", "name the folders to read under `include`",
                              "\"%s\" leaves out every folder, so that nothing of the source is read", i->scalar);
                        return;
                }
        if (!include || !spec->include)
                return;
        for (; spec->include[named]; named++)
                left += spec->exclude && is_listed(spec->include[named], spec->exclude);
        if (!first_item(include))
                fault(l, include, "nothing-to-read", "leave the key out to read all folders",
                      "`include` names no folder, so that nothing of the source is read");
        else if (named > 0 && left == named)
                fault(l, include, "nothing-to-read", "take from `exclude` what is to be read",
                      "`exclude` leaves out every folder that `include` names, so that nothing of the source is read");
}

static void read_source(struct loader *l, const struct yaml_node *node) {
        if (!check_mapping(l, node, "sources[]", "a source"))
                return;
        struct source_spec spec = {.file = l->file, .line = node->line, .column = node->column};
        const struct yaml_node *place = NULL;
        const struct kind_row *kind = NULL;
        size_t n = 0;
        for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
                if (!yaml_get(node, kinds[i].key))
                        continue;
                n++;
                kind = &kinds[i];
                place = get(node, "sources[]", kind->key);
                if (yaml_is_null(yaml_get(node, kind->key)))
                        fault(l, yaml_get(node, kind->key)->key, "missing-key", NULL, "\"%s\" has no value", kind->key);
        }
        if (n != 1)
                fault(l, node, n == 0 ? "kind-missing" : "two-kinds", "write one of maildir, mbox, calendar, imap, caldav",
                      "a source has exactly one kind");
        spec.include = get_texts(l, node, "sources[]", "include");
        spec.exclude = get_texts(l, node, "sources[]", "exclude");
        check_folders(l, node, &spec);
        spec.name = get_text(l, node, "sources[]", "name");
        if (n != 1 || !place)
                return;
        spec.kind = kind->kind;
        if (!read_location(l, place, node, kind, &spec))
                return;
        if (!spec.name)
                spec.name = spec.location;
        check_same_source(l, node, &spec);
        l->s->sources[l->s->n_sources++] = spec;
}

/* --- clients -------------------------------------------------------------------------------------------------------- */

static void check_id(struct loader *l, const struct yaml_node *node, const char *id) {
        for (const char *p = id; *p; p++)
                if (!((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '-')) {
                        fault(l, node, "bad-value", "small letters, digits and hyphens: dupont-sarl",
                              "\"%s\" cannot be an id", id);
                        return;
                }
        const struct client *other = settings_client_by_id(l->s, id);
        if (other)
                fault(l, node, "duplicate-client", "give one of them another id", "the id \"%s\" is taken by %s:%u", id,
                      other->file, other->line);
}

/* The local midnight with which a day begins for the owner. */
static instant owner_midnight(struct loader *l, int32_t day) {
        struct civil c = civil_from_seconds((int64_t) day * 86400);
        return zone_instant(l->s->owner.zone ? l->s->owner.zone : zone_utc(), &c);
}

static void read_pauses(struct loader *l, const struct yaml_node *node, struct client *client) {
        const struct yaml_node *list = get(node, "clients[]", "pauses");
        if (!list)
                return;
        client->pauses = keep(l, arena_new0(l->arena, struct pause, count_items(list) + 1));
        for (const struct yaml_node *i = list->child; client->pauses && i; i = i->next) {
                static const char prefix[] = "clients[].pauses[]";
                struct pause p = {.from = INSTANT_MIN};
                int32_t first = INT32_MIN, last;
                if (!check_mapping(l, i, prefix, "a pause"))
                        continue;
                p.reason = get_text(l, i, prefix, "reason");
                if (get_date(l, i, prefix, "from", &first))
                        p.from = owner_midnight(l, first);
                if (!get_date(l, i, prefix, "until", &last) || !p.reason || !check_order(l, i, first, last))
                        continue;
                p.until = owner_midnight(l, last + 1);
                client->pauses[client->n_pauses++] = p;
        }
}

/* Kept as they are written: only ruleset_load() knows rules and fields. */
static void check_exceptions(struct loader *l, const struct yaml_node *node, struct client *client) {
        static const char prefix[] = "clients[].exceptions[]";
        const struct yaml_node *list = get(node, "clients[]", "exceptions");
        if (!list)
                return;
        for (const struct yaml_node *i = list->child; i; i = i->next) {
                int32_t day;
                if (!check_mapping(l, i, prefix, "an exception"))
                        continue;
                (void) get_text(l, i, prefix, "reason");
                (void) get_text(l, i, prefix, "rule");
                (void) get_date(l, i, prefix, "until", &day);
        }
        client->exceptions = list;
}

static void read_matches(struct loader *l, const struct yaml_node *list, struct client *client) {
        client->match = keep(l, arena_new0(l->arena, const char *, count_items(list) + 1));
        size_t n = 0;
        for (const struct yaml_node *i = first_item(list); client->match && i; i = next_item(list, i)) {
                if (!read_match(l, i))
                        continue;
                client->match[n++] = lower_copy(l, i->scalar);
                char key[ADDRESS_KEY_SIZE];
                size_t size = address_key(i->scalar, key);
                const char *entry = size > 0 ? keep(l, arena_strndup(l->arena, key, size)) : NULL;
                if (entry)
                        l->matches[l->n_matches++] = (struct match_place){entry, client->index, l->file, i};
        }
        if (list && list->type == YAML_SEQUENCE && !list->child)
                fault(l, list, "missing-key", "list the client's addresses or domains", "\"match\" is empty");
}

static bool same_zone(const struct zone *a, const struct zone *b) {
        return a == b || (a && b && str_eq(zone_name(a), zone_name(b)));
}

/* What was not declared is the owner's where that is likely: a client in the owner's zone keeps the owner's holidays. */
static void read_client_calendar(struct loader *l, const struct yaml_node *node, struct client *client) {
        const struct owner *o = &l->s->owner;
        struct work_calendar *c = &client->calendar;
        client->zone = get_zone(l, node, "clients[]");
        const struct yaml_node *hours = get(node, "clients[]", "hours");
        client->own_hours = hours;
        c->zone = client->zone ? client->zone : o->calendar.zone;
        if (hours)
                read_hours(l, hours, c->week);
        else if (client->zone)
                default_hours(c->week);
        else
                memcpy(c->week, o->calendar.week, sizeof(c->week));
        if (same_zone(c->zone, o->calendar.zone))
                c->regions = o->calendar.regions;
        read_holidays(l, node, "clients[]", false, c);
        read_absences(l, node, "clients[]", "clients[].absences[]", c);
        /* Nothing declared: the owner's calendar, days off included. */
        if (!hours && !client->zone &&
            join_ranges(l->arena, c->days_off, c->n_days_off, o->calendar.days_off, o->calendar.n_days_off, c) < 0)
                l->no_memory = true;
}

static void read_client(struct loader *l, const struct yaml_node *node) {
        if (!check_mapping(l, node, "clients[]", "a client"))
                return;
        struct client *c = &l->s->clients[l->s->n_clients];
        *c = (struct client){
                .file = l->file, .line = node->line, .column = node->column, .index = (uint32_t) l->s->n_clients};
        c->id = get_text(l, node, "clients[]", "id");
        if (c->id)
                check_id(l, yaml_get(node, "id"), c->id);
        c->name = get_text(l, node, "clients[]", "name");
        if (!c->name)
                c->name = c->id;
        read_matches(l, get(node, "clients[]", "match"), c);
        read_client_calendar(l, node, c);
        read_pauses(l, node, c);
        check_exceptions(l, node, c);
        c->rules = get(node, "clients[]", "rules");
        l->s->n_clients++;
}

static int compare_matches(const void *pa, const void *pb) {
        const struct match_place *a = pa, *b = pb;
        int r = strcmp(a->entry, b->entry);
        return r != 0 ? r : (a->client > b->client) - (a->client < b->client);
}

/* One address or domain, one client. */
static void check_matches(struct loader *l) {
        if (l->n_matches > 1)
                qsort(l->matches, l->n_matches, sizeof(*l->matches), compare_matches);
        for (size_t i = 1; i < l->n_matches; i++) {
                const struct match_place *a = &l->matches[i - 1], *b = &l->matches[i];
                if (!str_eq(a->entry, b->entry))
                        continue;
                l->file = b->file;
                fault(l, b->node, "duplicate-match", "one address or domain belongs to one client",
                      "\"%s\" is listed by client \"%s\" already (%s:%u:%u)", b->entry, l->s->clients[a->client].name,
                      a->file, a->node->line, a->node->column);
        }
}

/* The owner is nobody's client. A client's domain may hold a further address of the owner (a mailbox that the client gave): the owner is looked
 * up first. But a client with the domain of the owner's first address would make colleagues a client. */
static void check_own_addresses(struct loader *l) {
        for (size_t k = 0; l->s->owner.addresses && l->s->owner.addresses[k]; k++) {
                char key[ADDRESS_KEY_SIZE];
                if (address_key(l->s->owner.addresses[k], key) == 0)
                        continue;
                for (size_t i = 0; i < l->n_matches; i++) {
                        const struct match_place *m = &l->matches[i];
                        size_t n = strlen(key), size = strlen(m->entry);
                        bool domain = m->entry[0] == '@';
                        const char *tail = n >= size ? key + n - size : "";
                        bool hit = domain ? str_eq(tail, m->entry) ||
                                                    (n > size && tail[0] == '.' && str_eq(tail + 1, m->entry + 1))
                                          : str_eq(key, m->entry);
                        if (!hit || (domain && k > 0))
                                continue;
                        l->file = m->file;
                        fault(l, m->node, "own-address", domain ? "list the client's people by their full addresses" : NULL,
                              "\"%s\" would make your own address %s a client's", m->entry, l->s->owner.addresses[k]);
                }
        }
}

/* --- the files ------------------------------------------------------------------------------------------------------ */

static void read_every(struct loader *l, const struct yaml_node *node, struct digest_settings *d) {
        const struct yaml_node *every = get(node, "digest", "every");
        const char *wrong = NULL;
        if (schedule_parse(every ? every->scalar : "mon 08:00", &d->every, &wrong) < 0)
                fault(l, every, "bad-value", "write a day and a time: \"mon 08:00\"",
                      "\"%s\" is not a day of the week and a time: %s", every->scalar, wrong);
}

/* Where it goes and who it comes from: the owner, where nothing else is written. */
static void read_envelope(struct loader *l, const struct yaml_node *node, struct digest_settings *d) {
        static const char *const words[] = {"line", "nothing", NULL};
        const struct yaml_node *to = get(node, "digest", "to"), *from = get(node, "digest", "from");
        const char *empty = get_text(l, node, "digest", "empty");
        const char *own = l->s->owner.addresses ? l->s->owner.addresses[0] : NULL;
        const char **list = keep(l, arena_new0(l->arena, const char *, count_items(to) + 2));
        size_t n = 0;
        for (const struct yaml_node *i = first_item(to); list && i; i = next_item(to, i))
                if (read_address(l, i, "to") && (list[n] = read_mailable(l, i, i->scalar)))
                        n++;
        if (own && (n == 0 || !from) && !(own = read_mailable(l, node, own)))
                return;
        if (n == 0 && list)
                list[n] = own;
        d->to = list;
        d->from = from && read_address(l, from, "from") ? read_mailable(l, from, from->scalar) : own;
        d->empty = !str_eq(empty, "nothing");
        if (empty && d->empty && !str_eq(empty, "line"))
                fault(l, yaml_get(node, "empty"), "bad-value", did_you_mean(l, empty, words),
                      "\"%s\" is nothing that an empty week can send", empty);
}

static void read_digest(struct loader *l, const struct yaml_node *node) {
        struct digest_settings *d = &l->s->digest;
        if (!check_mapping(l, node, "digest", "digest"))
                return;
        d->written = true;
        read_every(l, node, d);
        read_envelope(l, node, d);
        const struct yaml_node *smtp = get(node, "digest", "smtp");
        const char **sendmail = get_texts(l, node, "digest", "sendmail");
        if (smtp && sendmail)
                fault(l, yaml_get(node, "sendmail")->key, "two-kinds", "write one of smtp, sendmail",
                      "the digest is sent in one way");
        else if (smtp)
                d->remote = read_remote(l, smtp, node, "digest", REMOTE_FOR_SMTP);
        else if (sendmail && sendmail[0]) {
                sendmail[0] = program_path(l, sendmail[0]);
                d->sendmail = sendmail;
                refuse_account_keys(l, node, "a program that sends");
        } else
                fault(l, node, "missing-key", "write smtp: \"smtps://user@host.example\", or sendmail: /usr/sbin/sendmail",
                      "digest needs \"smtp\" or \"sendmail\"");
}

/* A name without a slash is looked for where programs are; a path is one like all others in this file. */
static void read_on_alert(struct loader *l, const struct yaml_node *root) {
        const struct yaml_node *list = get(root, "", "on_alert"), *first = first_item(list);
        if (!list)
                return;
        if (!first) {
                fault(l, list, "bad-value", "write a program and its arguments: [notify, --quiet]", "\"on_alert\" is empty");
                return;
        }
        if (list->type == YAML_SCALAR && list->scalar[strcspn(list->scalar, " \t")]) {
                fault(l, list, "bad-value", "write a list: [program, argument]",
                      "\"on_alert\" is no line for a shell: a program and each of its arguments stand by themselves");
                return;
        }
        l->s->on_alert = get_texts(l, root, "", "on_alert");
        if (l->s->on_alert && l->s->on_alert[0] && strpbrk(l->s->on_alert[0], "/~"))
                l->s->on_alert[0] = read_path(l, first, "on_alert");
}

static void read_outlets(struct loader *l, const struct yaml_node *root) {
        const struct yaml_node *file = get(root, "", "alerts_file");
        if (file && get_text(l, root, "", "alerts_file"))
                l->s->alerts_file = read_path(l, file, "alerts_file");
        read_on_alert(l, root);
}

static void read_packs(struct loader *l, const struct yaml_node *root) {
        l->s->packs = get_texts(l, root, "", "packs");
        l->s->packs_node = get(root, "", "packs");
}

static void read_clients(struct loader *l, const struct yaml_node *list) {
        for (const struct yaml_node *i = list ? list->child : NULL; i; i = i->next)
                read_client(l, i);
}

static void read_main(struct loader *l, const struct yaml_node *root) {
        static const struct yaml_node top = {.type = YAML_MAPPING, .line = 1, .column = 1, .length = 1};
        if (!root)
                root = &top;
        if (!check_mapping(l, root, "", "the configuration"))
                return;
        const struct yaml_node *owner = get(root, "", "owner"), *sources = get(root, "", "sources"),
                               *digest = get(root, "", "digest");
        if (owner)
                read_owner(l, owner);
        l->s->owner.calendar.zone = l->s->owner.zone ? l->s->owner.zone : zone_utc();
        for (const struct yaml_node *i = sources ? sources->child : NULL; i; i = i->next)
                read_source(l, i);
        read_clients(l, get(root, "", "clients"));
        if (digest)
                read_digest(l, digest);
        read_outlets(l, root);
        read_packs(l, root);
        l->s->rules = get(root, "", "rules");
        l->s->rules_file = l->s->rules ? l->file : NULL;
}

/* A file of clients.d: "clients:" and nothing else, or one client. */
static void read_extra(struct loader *l, const struct yaml_node *root) {
        if (!yaml_get(root, "clients")) {
                read_client(l, root);
                return;
        }
        for (const struct yaml_node *c = root->child; c; c = c->next)
                if (!str_eq(c->key->scalar, "clients"))
                        fault(l, c->key, "unknown-key", "put it into adieu.yaml",
                              "a file of clients.d holds clients only, not \"%s\"", c->key->scalar);
                else if (!yaml_is_null(c) && c->type != YAML_SEQUENCE)
                        fault(l, c, "wrong-type", "write a list of mappings: each begins with \"- \"",
                              "\"clients\" must be a list");
        read_clients(l, get(root, "", "clients"));
}

/* How much room the trees can need at most. */
static void count_tree(const struct yaml_node *root, bool first, size_t *clients, size_t *matches, size_t *sources) {
        const struct yaml_node *list = yaml_get(root, "clients");
        if (root && !first && !list) {
                *clients += 1;
                *matches += count_items(yaml_get(root, "match"));
        }
        for (const struct yaml_node *i = list && list->type == YAML_SEQUENCE ? list->child : NULL; i; i = i->next) {
                *clients += 1;
                *matches += count_items(yaml_get(i, "match"));
        }
        *sources += count_items(yaml_get(root, "sources"));
}

static int load_trees(struct loader *l, const struct settings_file *files, size_t n, const struct yaml_node **roots,
                      const char **paths) {
        for (size_t i = 0; i < n; i++) {
                struct yaml_node *root = NULL;
                paths[i] = keep(l, arena_strdup(l->arena, files[i].path));
                if (!paths[i])
                        return -ENOMEM;
                int r = yaml_parse(paths[i], files[i].data, files[i].size, l->arena, l->d, &root);
                if (r == -ENOMEM)
                        return r;
                roots[i] = root;
        }
        return 0;
}

/* A file that is no YAML was told as such: what it lacks is not told a second time. */
static bool file_has_fault(const struct diagnostics *d, size_t from, const char *path) {
        for (size_t i = from; i < d->n; i++)
                if (d->items[i].level == DIAGNOSTIC_ERROR && str_eq(d->items[i].file, path))
                        return true;
        return false;
}

static int read_trees(struct loader *l, const struct settings_file *files, const struct yaml_node *const *roots,
                      const char *const *paths, size_t n, size_t told) {
        size_t clients = 0, matches = 0, sources = 0;
        for (size_t i = 0; i < n; i++)
                count_tree(roots[i], i == 0, &clients, &matches, &sources);
        l->s->clients = arena_new0(l->arena, struct client, clients + 1);
        l->s->sources = arena_new0(l->arena, struct source_spec, sources + 1);
        l->matches = arena_new0(l->arena, struct match_place, matches + 1);
        if (!l->s->clients || !l->s->sources || !l->matches)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                l->file = paths[i];
                l->base = files[i].base;
                if (!roots[i] && (i > 0 || file_has_fault(l->d, told, paths[i])))
                        continue;
                if (i == 0)
                        read_main(l, roots[i]);
                else
                        read_extra(l, roots[i]);
        }
        check_own_addresses(l);
        check_matches(l);
        build_index(l);
        return l->no_memory || l->d->error < 0 ? -ENOMEM : 0;
}

int settings_load(const struct settings_file *files, size_t n, const struct zone_table *zones, struct diagnostics *d,
                  struct settings **ret) {
        _cleanup_arena_ struct arena *arena = NULL;
        size_t errors = d->errors, told = d->n;
        /* No ceiling: the files have one each, and they are the owner's own. */
        int r = arena_new(0, &arena);
        if (r < 0)
                return r;
        struct loader l = {.zones = zones, .d = d, .arena = arena, .s = arena_new0(arena, struct settings, 1)};
        const struct yaml_node **roots = arena_new0(arena, const struct yaml_node *, n + 1);
        const char **paths = arena_new0(arena, const char *, n + 1);
        if (!l.s || !roots || !paths)
                return -ENOMEM;
        r = load_trees(&l, files, n, roots, paths);
        if (r >= 0)
                r = read_trees(&l, files, roots, paths, n, told);
        if (r < 0)
                return r;
        diagnostics_sort(d);
        if (d->errors > errors) {
                *ret = NULL;
                return -EBADMSG;
        }
        l.s->arena = TAKE_PTR(arena);
        l.s->zones = zones;
        *ret = l.s;
        return 0;
}

/* --- people of a test ----------------------------------------------------------------------------------------------- */

/* Who is meant where nobody is stated: what examples in the manual and the shipped rules take for granted. */
static void somebody(struct loader *l) {
        static const char *const names[] = {"me@owner.example", NULL};
        const struct zone *zone = l->zones ? zone_table_find(l->zones, "Europe/Paris") : NULL;
        struct owner *o = &l->s->owner;
        *o = (struct owner){.name = "me@owner.example", .language = "en", .zone = zone ? zone : zone_utc()};
        o->addresses = keep(l, arena_new0(l->arena, const char *, ELEMENTSOF(names)));
        if (o->addresses)
                memcpy(o->addresses, names, sizeof(names));
        o->calendar.zone = o->zone;
        default_hours(o->calendar.week);
}

static void known_clients(struct loader *l, const struct settings *base) {
        for (size_t i = 0; i < base->n_clients; i++) {
                struct client *c = &l->s->clients[l->s->n_clients++];
                *c = base->clients[i];
                c->rules = c->exceptions = NULL;
                c->pauses = NULL;
                c->n_pauses = 0;
        }
}

/* A name and nothing more: working like the owner. */
static void named_client(struct loader *l, const char *id) {
        if (settings_client_by_id(l->s, id))
                return;
        struct client *c = &l->s->clients[l->s->n_clients];
        *c = (struct client){.id = keep(l, arena_strdup(l->arena, id)),
                             .calendar = l->s->owner.calendar,
                             .file = l->file,
                             .index = (uint32_t) l->s->n_clients};
        c->name = c->id;
        c->match = keep(l, arena_new0(l->arena, const char *, 1));
        l->s->n_clients++;
}

static void read_people(struct loader *l, const struct settings *base, const struct settings_change *change) {
        if (change->owner)
                read_owner(l, change->owner);
        else if (base)
                l->s->owner = base->owner;
        else
                somebody(l);
        if (!l->s->owner.calendar.zone)
                l->s->owner.calendar.zone = l->s->owner.zone ? l->s->owner.zone : zone_utc();
        if (change->clients && change->clients->type != YAML_SEQUENCE)
                fault(l, change->clients, "wrong-type", "write a list: [{id: dupont, match: [\"@dupont.example\"]}]",
                      "`clients` is a list");
        else if (change->clients)
                read_clients(l, change->clients);
        else if (base && !change->owner)
                known_clients(l, base);
        for (size_t i = 0; i < change->n_more; i++)
                named_client(l, change->more[i]);
        check_own_addresses(l);
        check_matches(l);
        build_index(l);
}

int settings_derive(const struct settings *base, const struct settings_change *change, const struct zone_table *zones,
                    struct diagnostics *d, struct settings **ret) {
        _cleanup_arena_ struct arena *arena = NULL;
        size_t errors = d->errors, clients = change->n_more + (base ? base->n_clients : 0), matches = 0;
        int r = arena_new(0, &arena);
        if (r < 0)
                return r;
        const struct yaml_node *list = change->clients && change->clients->type == YAML_SEQUENCE ? change->clients : NULL;
        for (const struct yaml_node *i = list ? list->child : NULL; i; i = i->next) {
                clients++;
                matches += count_items(yaml_get(i, "match"));
        }
        struct loader l = {.zones = zones,
                           .d = d,
                           .arena = arena,
                           .s = arena_new0(arena, struct settings, 1),
                           .file = change->file ? change->file : ""};
        l.matches = arena_new0(arena, struct match_place, matches + 1);
        if (!l.s || !l.matches || !(l.s->clients = arena_new0(arena, struct client, clients + 1)))
                return -ENOMEM;
        read_people(&l, base, change);
        l.s->derived = true;
        if (l.no_memory || d->error < 0)
                return -ENOMEM;
        if (d->errors > errors)
                return -EBADMSG;
        l.s->arena = TAKE_PTR(arena);
        l.s->zones = zones;
        *ret = l.s;
        return 0;
}

struct settings *settings_free(struct settings *s) {
        if (s)
                arena_free(s->arena);
        return NULL;
}

int settings_add_days_off(struct settings *s, const struct day_range *ranges, size_t n) {
        struct work_calendar *c = &s->owner.calendar;
        int r = join_ranges(s->arena, c->days_off, c->n_days_off, ranges, n, c);
        if (r < 0)
                return r;
        for (size_t i = 0; i < s->n_clients; i++) {
                struct client *client = &s->clients[i];
                if (client->own_hours || client->zone)
                        continue;
                r = join_ranges(s->arena, client->calendar.days_off, client->calendar.n_days_off, ranges, n,
                                &client->calendar);
                if (r < 0)
                        return r;
        }
        return 0;
}
