/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/settings_internal.h"

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

const struct settings_key *settings_find_key(const char *prefix, const char *name) {
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

void *loader_keep(struct loader *l, void *p) {
        if (!p)
                l->no_memory = true;
        return p;
}

const char *loader_hint_words(struct loader *l, const char *before, const char *const *names) {
        char *s = loader_keep(l, arena_strdup(l->arena, before));
        for (; s && *names; names++)
                s = loader_keep(l, arena_printf(l->arena, "%s%s%s", s, *names, names[1] ? ", " : ""));
        return s;
}

const char *loader_did_you_mean(struct loader *l, const char *word, const char *const *names) {
        const char *near = suggest(word, names);
        if (near)
                return loader_keep(l, arena_printf(l->arena, "did you mean \"%s\"?", near));
        return loader_hint_words(l, "allowed: ", names);
}

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

bool loader_check_mapping(struct loader *l, const struct yaml_node *node, const char *prefix, const char *what) {
        if (node->type != YAML_MAPPING) {
                const char *names[KEYS_OF_MAPPING_MAX + 1];
                key_names(prefix, names);
                fault(l, node, "wrong-type", loader_hint_words(l, "write a mapping with the keys ", names),
                      "%s is not a mapping", what);
                return false;
        }
        for (const struct yaml_node *c = node->child; c; c = c->next) {
                const struct settings_key *key = settings_find_key(prefix, c->key->scalar);
                if (!key) {
                        const char *names[KEYS_OF_MAPPING_MAX + 1];
                        key_names(prefix, names);
                        const char *instead = key_instead(prefix, c->key->scalar);
                        fault(l, c->key, code_about(prefix, "", "unknown-key"),
                              instead ? instead : loader_did_you_mean(l, c->key->scalar, names), "unknown key \"%s\" in %s",
                              c->key->scalar, what);
                } else if (!yaml_is_null(c) && !(type_of(key)->shapes & SHAPE(c->type))) {
                        const char *name = c->key->scalar;
                        fault(l, c, code_about(prefix, name, "wrong-type"),
                              str_eq(name, "password") ? WHERE_A_PASSWORD_IS : type_of(key)->hint, "\"%s\" must be: %s",
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

const struct yaml_node *loader_get(const struct yaml_node *node, const char *prefix, const char *name) {
        const struct yaml_node *c = yaml_get(node, name);
        const struct settings_key *key = settings_find_key(prefix, name);
        if (!c || !key || yaml_is_null(c) || !(type_of(key)->shapes & SHAPE(c->type)))
                return NULL;
        return c;
}

const char *loader_get_text(struct loader *l, const struct yaml_node *node, const char *prefix, const char *name) {
        const struct yaml_node *c = loader_get(node, prefix, name);
        if (!c || c->type != YAML_SCALAR)
                return NULL;
        if (!c->scalar[strspn(c->scalar, " \t\n")]) {
                fault(l, c, "bad-value", NULL, "\"%s\" is empty", name);
                return NULL;
        }
        return c->scalar;
}

const struct yaml_node *loader_first_item(const struct yaml_node *node) {
        return node && node->type == YAML_SEQUENCE ? node->child : node;
}

const struct yaml_node *loader_next_item(const struct yaml_node *list, const struct yaml_node *item) {
        return list->type == YAML_SEQUENCE ? item->next : NULL;
}

size_t loader_count_items(const struct yaml_node *list) {
        size_t n = 0;
        for (const struct yaml_node *i = loader_first_item(list); i; i = loader_next_item(list, i))
                n++;
        return n;
}

bool loader_item_is_text(struct loader *l, const struct yaml_node *item, const char *what) {
        if (item->type == YAML_SCALAR && !yaml_is_null(item) && item->scalar[0])
                return true;
        fault(l, item, "wrong-type", "quote it if it is a text; a value that begins with # or @ must stand in quotes",
              "an entry of \"%s\" is not a text", what);
        return false;
}

const char **loader_get_texts(struct loader *l, const struct yaml_node *node, const char *prefix, const char *name) {
        const struct yaml_node *list = loader_get(node, prefix, name);
        if (!list)
                return NULL;
        const char **texts = loader_keep(l, arena_new0(l->arena, const char *, loader_count_items(list) + 1));
        size_t n = 0;
        for (const struct yaml_node *i = loader_first_item(list); texts && i; i = loader_next_item(list, i))
                if (loader_item_is_text(l, i, name))
                        texts[n++] = i->scalar;
        return texts;
}

const struct zone *loader_get_zone(struct loader *l, const struct yaml_node *node, const char *prefix) {
        const char *name = loader_get_text(l, node, prefix, "time_zone");
        if (!name)
                return NULL;
        const struct zone *zone = zone_table_find(l->zones, name);
        if (zone)
                return zone;
        const char *near = zone_table_suggest(l->zones, name);
        const char *hint = near ? loader_keep(l, arena_printf(l->arena, "did you mean \"%s\"?", near))
                                : "write an IANA name: Europe/Paris, America/New_York";
        fault(l, yaml_get(node, "time_zone"), "unknown-zone", hint, "unknown time zone \"%s\"", name);
        return NULL;
}

bool loader_read_date(struct loader *l, const struct yaml_node *node, int32_t *ret) {
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

bool loader_get_date(struct loader *l, const struct yaml_node *node, const char *prefix, const char *name, int32_t *ret) {
        const struct yaml_node *c = loader_get(node, prefix, name);
        return c && loader_read_date(l, c, ret);
}

/* --- paths --- */

const char *loader_join_path(struct loader *l, const char *path) {
        const char *slash = strrchr(l->file, '/'), *base = l->file[0] == '/' ? NULL : l->base;
        size_t n = strlen(path);
        while (n > 1 && path[n - 1] == '/')
                n--;
        while (path[0] == '.' && path[1] == '/' && n > 2) {
                path += 2;
                n -= 2;
        }
        if (path[0] == '/' || (!slash && !base))
                return loader_keep(l, arena_strndup(l->arena, path, n));
        return loader_keep(l, arena_printf(l->arena, "%s%s%.*s%.*s", base ? base : "", base ? "/" : "",
                                           slash ? (int) (slash - l->file + 1) : 0, l->file, (int) n, path));
}

const char *loader_program_path(struct loader *l, const char *program) {
        return strchr(program, '/') ? loader_join_path(l, program) : program;
}
