/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "parsers/utf8.h"
#include "rules/settings_internal.h"

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
        loader_check_mapping(l, password, path, "password");
        size_t n = 0;
        for (const struct yaml_node *c = password->child; c; c = c->next)
                n += settings_find_key(path, c->key->scalar) != NULL;
        if (n != 1) {
                fault(l, password->key, "bad-value", WHERE_A_PASSWORD_IS, "a password comes from exactly one place");
                return false;
        }
        struct secret_spec s = {0};
        const char **command = loader_get_texts(l, password, path, "command");
        if ((s.name = loader_get_text(l, password, path, "credential")))
                s.kind = SECRET_CREDENTIAL;
        else if ((s.file = loader_get_text(l, password, path, "file"))) {
                s.kind = SECRET_FILE;
                s.file = loader_join_path(l, s.file);
        } else if (command && command[0]) {
                s.kind = SECRET_COMMAND;
                command[0] = loader_program_path(l, command[0]);
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
        const char *auth = loader_get_text(l, node, prefix, "auth");
        if (!auth || auth_mechanism_parse(auth, use, ret) == 0)
                return true;
        fault(l, yaml_get(node, "auth"), "bad-value", loader_did_you_mean(l, auth, auth_mechanism_names(use)),
              "no way to log in is called \"%s\"", auth);
        return false;
}

/* What is written under `tls` can only say more than the address where that leaves it open. */
static bool read_tls(struct loader *l, const struct yaml_node *place, const struct yaml_node *node, const char *prefix,
                     enum remote_use use, struct remote *r) {
        static const char *const names[] = {"starttls", "none", NULL};
        const char *tls = loader_get_text(l, node, prefix, "tls");
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
                fault(l, at, "bad-value", loader_did_you_mean(l, tls, names), "no protection is called \"%s\"", tls);
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
        const char *ca = loader_get_text(l, node, prefix, "ca"),
                   *fingerprint = loader_get_text(l, node, prefix, "fingerprint");
        if (ca)
                r->ca = loader_join_path(l, ca);
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
        const char *user = loader_get_text(l, node, prefix, "user");
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

const struct remote *loader_read_remote(struct loader *l, const struct yaml_node *place, const struct yaml_node *node,
                                        const char *prefix, enum remote_use use) {
        struct remote_fault why = {0};
        struct remote *r = loader_keep(l, arena_new0(l->arena, struct remote, 1));
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

void loader_refuse_account_keys(struct loader *l, const struct yaml_node *node, const char *what) {
        static const char *const names[] = {"password", "user", "auth", "tls", "ca", "fingerprint"};
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (yaml_get(node, names[i]))
                        fault(l, yaml_get(node, names[i])->key, "unknown-key", NULL, "%s has no %s", what, names[i]);
}

const char *loader_read_path(struct loader *l, const struct yaml_node *node, const char *key) {
        if (node->scalar[0] == '~') {
                fault(l, node, "bad-value", "write the path from / or relative to the folder of this file",
                      "\"~\" means something in a shell only");
                return NULL;
        }
        if (!node->scalar[0]) {
                fault(l, node, "bad-value", NULL, "\"%s\" is empty", key);
                return NULL;
        }
        return loader_join_path(l, node->scalar);
}

/* False when it cannot be read from there. */
static bool read_location(struct loader *l, const struct yaml_node *place, const struct yaml_node *node,
                          const struct kind_row *kind, struct source_spec *spec) {
        if (!kind->remote || (kind->local && !remote_is_url(place->scalar))) {
                spec->location = loader_read_path(l, place, kind->key);
                loader_refuse_account_keys(l, node, "a local source");
                return spec->location;
        }
        spec->remote = loader_read_remote(l, place, node, "sources[]", kind->use);
        if (!spec->remote)
                return false;
        /* A link to a calendar is often all that is needed to read it: it is kept where it is needed, and told nowhere. */
        spec->location =
                kind->use == REMOTE_FOR_CALENDAR ? loader_keep(l, remote_veiled(l->arena, spec->remote)) : place->scalar;
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
        const struct yaml_node *include = loader_get(node, "sources[]", "include"),
                               *exclude = loader_get(node, "sources[]", "exclude");
        size_t left = 0, named = 0;
        for (const struct yaml_node *i = exclude ? loader_first_item(exclude) : NULL; i; i = loader_next_item(exclude, i))
                if (i->type == YAML_SCALAR && is_everything(i->scalar)) {
                        fault(l, i, "nothing-to-read", "name the folders to read under `include`",
                              "\"%s\" leaves out every folder, so that nothing of the source is read", i->scalar);
                        return;
                }
        if (!include || !spec->include)
                return;
        for (; spec->include[named]; named++)
                left += spec->exclude && is_listed(spec->include[named], spec->exclude);
        if (!loader_first_item(include))
                fault(l, include, "nothing-to-read", "leave the key out to read all folders",
                      "`include` names no folder, so that nothing of the source is read");
        else if (named > 0 && left == named)
                fault(l, include, "nothing-to-read", "take from `exclude` what is to be read",
                      "`exclude` leaves out every folder that `include` names, so that nothing of the source is read");
}

void loader_read_source(struct loader *l, const struct yaml_node *node) {
        if (!loader_check_mapping(l, node, "sources[]", "a source"))
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
                place = loader_get(node, "sources[]", kind->key);
                if (yaml_is_null(yaml_get(node, kind->key)))
                        fault(l, yaml_get(node, kind->key)->key, "missing-key", NULL, "\"%s\" has no value", kind->key);
        }
        if (n != 1)
                fault(l, node, n == 0 ? "kind-missing" : "two-kinds", "write one of maildir, mbox, calendar, imap, caldav",
                      "a source has exactly one kind");
        spec.include = loader_get_texts(l, node, "sources[]", "include");
        spec.exclude = loader_get_texts(l, node, "sources[]", "exclude");
        check_folders(l, node, &spec);
        spec.name = loader_get_text(l, node, "sources[]", "name");
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
