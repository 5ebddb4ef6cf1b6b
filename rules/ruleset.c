/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/ruleset.h"

#include "rules/ruleset_internal.h"

/* Loading goes in passes over all files, so that order between files never matters: trees, ids and lists, rules,
 * overrides, cycles. */

/* All of a set: a thousand rules with their titles and tests take about 5 MB. */
#define RULESET_SIZE_MAX (256U * 1024 * 1024)

/* --- asking */

struct ruleset *ruleset_free(struct ruleset *rs) {
        if (rs)
                arena_free(rs->arena);
        return NULL;
}

size_t ruleset_size(const struct ruleset *rs) {
        return rs->n;
}

const struct rule *ruleset_rule(const struct ruleset *rs, size_t i) {
        return i < rs->n ? &rs->rules[i] : NULL;
}

const struct rule *ruleset_find(const struct ruleset *rs, const char *id) {
        for (size_t i = 0; i < rs->n && id; i++)
                if (str_eq(rs->rules[i].id, id))
                        return &rs->rules[i];
        return NULL;
}

const struct rule_variant *rule_variant_of(const struct rule *r, const struct client *client) {
        return client && r->by_client && r->by_client[client->index] ? r->by_client[client->index] : &r->global;
}

bool rule_is_on(const struct ruleset *rs, const struct rule *r) {
        if (r->global.mode != MODE_OFF)
                return true;
        for (size_t i = 0; r->by_client && i < rs->settings->n_clients; i++)
                if (r->by_client[i] && r->by_client[i]->mode != MODE_OFF)
                        return true;
        return false;
}

bool ruleset_needs_texts(const struct ruleset *rs) {
        for (size_t i = 0; i < rs->n; i++)
                if (rs->rules[i].reads_text && rule_is_on(rs, &rs->rules[i]))
                        return true;
        return false;
}

const char *rule_id(const struct rule *r) {
        return r->id;
}

static const char *text_in(const struct rule_text *texts, size_t n, const char *language) {
        const char *english = NULL;
        for (size_t i = 0; i < n; i++) {
                if (texts[i].language && str_eq(texts[i].language, language))
                        return texts[i].text;
                if (str_eq(texts[i].language, "en"))
                        english = texts[i].text;
        }
        return english ? english : n > 0 ? texts[0].text : NULL;
}

const char *rule_title(const struct rule *r, const char *language) {
        const char *s = text_in(r->title, r->n_title, language);
        return s ? s : r->id;
}

const char *rule_why(const struct rule *r, const char *language) {
        const char *s = text_in(r->why, r->n_why, language);
        return s ? s : "";
}

enum rule_mode rule_mode(const struct rule *r, const struct client *client) {
        return rule_variant_of(r, client)->mode;
}

enum severity rule_severity(const struct rule *r, const struct client *client, enum lasting lasting) {
        return rule_variant_of(r, client)->severity[lasting];
}

const char *rule_file_name(const struct rule *r) {
        return r->file;
}

void rule_place(const struct rule *r, uint32_t *ret_line, uint32_t *ret_column) {
        const struct yaml_node *id = yaml_get(r->node, "id");
        *ret_line = id ? id->line : r->node->line;
        *ret_column = id ? id->column : r->node->column;
}

bool rule_is_shipped(const struct rule *r) {
        return r->pack;
}

/* --- files */

struct loaded_file {
        const struct rule_file *file;
        struct yaml_node *root;
};

/* Tree of each file; a broken file does not hide the faults of the others. -EBADMSG is in the diagnostics already. */
static int parse_files(struct rule_reader *c, const struct rule_file *files, size_t n, struct loaded_file *loaded) {
        for (size_t i = 0; i < n; i++) {
                const struct settings_file *f = &files[i].file;
                loaded[i].file = &files[i];
                if (files[i].words)
                        continue;
                int r = yaml_parse(f->path, f->data, f->size, c->arena, c->d, &loaded[i].root);
                if (r < 0)
                        loaded[i].root = NULL;
                if (r < 0 && r != -EBADMSG)
                        return r;
        }
        return 0;
}

static void check_file(struct rule_reader *c, const struct yaml_node *root) {
        if (!read_keys(c, root, "file"))
                return;
        const struct yaml_node *version = yaml_get(root, "version");
        int64_t n = 0;
        if (!version)
                read_fault(c, root, "missing-key", "write `version: 1` on the first line", "the file lacks \"version\"");
        else if (yaml_int(version, &n) < 0 || n != 1)
                read_fault(c, version, "bad-value", "write `version: 1`", "a version this program does not know");
}

static bool good_id(const char *id) {
        size_t n = strlen(id);
        return n > 0 && n <= RULE_ID_MAX && id[0] >= 'a' && id[0] <= 'z' &&
               strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-_") == n;
}

static const char *read_id(struct rule_reader *c, const struct yaml_node *node) {
        const struct yaml_node *id = yaml_get(node, "id");
        if (!id) {
                if (node->type == YAML_MAPPING)
                        read_fault(c, node, "missing-key", NULL, "the rule lacks \"id\"");
                return NULL;
        }
        const char *word = read_word(c, id, "the id of the rule");
        if (!word)
                return NULL;
        if (!good_id(word)) {
                read_fault(c, id, "bad-value", "a lower-case letter, then such letters, digits, - and _, at most 64",
                           "\"%s\" is no id", word);
                return NULL;
        }
        const struct rule *other = ruleset_find(c->rs, word);
        if (other) {
                read_fault(c, id, "duplicate-rule", "to change a rule, write `rules: {id: {...}}` in adieu.yaml",
                           "rule \"%s\" is in %s, line %u, already", word, other->file, other->node->line);
                return NULL;
        }
        return word;
}

/* Ids first: a rule may build on one that comes later, or that has faults of its own. */
static void collect_rules(struct rule_reader *c, const struct loaded_file *f) {
        const struct yaml_node *rules = yaml_get(f->root, "rules");
        if (!rules)
                return;
        if (rules->type != YAML_SEQUENCE) {
                read_fault(c, rules, "wrong-type", NULL, "rules are a list: each begins with `- id: name`");
                return;
        }
        for (const struct yaml_node *p = rules->child; p; p = p->next) {
                if (c->rs->n == RULES_MAX) {
                        read_fault(c, p, "bad-value", NULL, "at most %u rules", RULES_MAX);
                        return;
                }
                (void) read_keys(c, p, "rule");
                const char *id = read_id(c, p);
                struct rule *r = &c->rs->rules[c->rs->n];
                *r = (struct rule){
                        .id = id, .file = c->file, .pack = f->file->pack, .node = p, .index = (uint32_t) c->rs->n};
                c->rs->n++;
        }
}

/* --- overrides */

static struct rule *find_for_override(struct rule_reader *c, const struct yaml_node *at, const char *id) {
        const struct rule *r = id ? ruleset_find(c->rs, id) : NULL;
        if (r)
                return &c->rs->rules[r->index];
        if (id)
                read_fault(c, at, "unknown-rule", read_hint(c, id, c->rs->ids), "no rule \"%s\"", id);
        return NULL;
}

static void read_overrides(struct rule_reader *c, const struct yaml_node *node, const struct client *client) {
        if (!node)
                return;
        if (node->type != YAML_MAPPING) {
                read_fault(c, node, "wrong-type", NULL,
                           "overrides are a mapping: {unanswered-request: {params: {patience: 5bd}}}");
                return;
        }
        for (const struct yaml_node *p = node->child; p; p = p->next) {
                struct rule *r = find_for_override(c, p->key, p->key->scalar);
                if (!r)
                        continue;
                struct rule_variant v;
                c->rule = r;
                if (!client) {
                        if (read_override(c, r, p, &r->global, &v))
                                r->global = v;
                        continue;
                }
                struct rule_variant *own = read_new0(c, struct rule_variant, 1);
                if (!r->by_client)
                        r->by_client = read_new0(c, struct rule_variant *, c->settings->n_clients);
                if (own && r->by_client && read_override(c, r, p, &r->global, own))
                        r->by_client[client->index] = own;
        }
        c->rule = NULL;
}

static void read_client_exceptions(struct rule_reader *c, const struct client *client) {
        const struct yaml_node *node = client->exceptions;
        if (!node)
                return;
        if (node->type != YAML_SEQUENCE) {
                read_fault(c, node, "wrong-type", NULL, "exceptions are a list: [{rule: ..., reason: ..., until: ...}]");
                return;
        }
        for (const struct yaml_node *p = node->child; p; p = p->next) {
                const struct yaml_node *id = yaml_get(p, "rule");
                if (!id) {
                        if (read_keys(c, p, "client-exception"))
                                read_fault(c, p, "missing-key", NULL, "an exception lacks \"rule\"");
                        continue;
                }
                struct rule *r = find_for_override(c, id, read_word(c, id, "the name of a rule"));
                if (!r)
                        continue;
                if (r->n_exceptions >= RULE_EXCEPTIONS_MAX) {
                        read_fault(c, p, "bad-value", NULL, "at most %u exceptions", RULE_EXCEPTIONS_MAX);
                        return;
                }
                /* Few and rare: the list is copied to grow by one. */
                struct rule_exception *grown = read_new0(c, struct rule_exception, r->n_exceptions + 1);
                if (!grown)
                        return;
                if (r->n_exceptions)
                        memcpy(grown, r->exceptions, r->n_exceptions * sizeof(*grown));
                r->exceptions = grown;
                c->rule = r;
                (void) read_exception(c, r, p, client);
                c->rule = NULL;
        }
}

static void apply_settings(struct rule_reader *c) {
        if (!c->settings)
                return;
        c->shared = true;
        for (size_t i = 0; c->settings->derived && i < c->rs->n; i++)
                if (c->rs->rules[i].global.mode == MODE_OFF)
                        c->rs->rules[i].global.mode = MODE_WATCH;
        c->file = c->settings->rules_file;
        read_overrides(c, c->settings->rules, NULL);
        for (size_t i = 0; i < c->settings->n_clients; i++) {
                const struct client *client = &c->settings->clients[i];
                c->file = client->file;
                read_overrides(c, client->rules, client);
                read_client_exceptions(c, client);
        }
        c->shared = false;
}

/* --- loading */

static int collect(struct rule_reader *c, const struct loaded_file *loaded, size_t n) {
        for (size_t i = 0; i < n; i++) {
                if (!loaded[i].root)
                        continue;
                c->file = loaded[i].file->file.path;
                read_lists(c, yaml_get(loaded[i].root, "lists"));
                collect_rules(c, &loaded[i]);
        }
        c->rs->ids = read_new0(c, const char *, c->rs->n + 1);
        size_t k = 0;
        for (size_t i = 0; i < c->rs->n && c->rs->ids; i++)
                if (c->rs->rules[i].id)
                        c->rs->ids[k++] = c->rs->rules[i].id;
        return c->error;
}

static size_t count_rules(const struct loaded_file *loaded, size_t n) {
        size_t rules = 0;
        for (size_t i = 0; i < n; i++) {
                const struct yaml_node *list = yaml_get(loaded[i].root, "rules");
                for (const struct yaml_node *p = list ? list->child : NULL; p && rules < RULES_MAX; p = p->next)
                        rules++;
        }
        return rules;
}

static int load(struct rule_reader *c, const struct rule_file *files, size_t n) {
        _cleanup_free_ struct loaded_file *loaded = calloc(n + 1, sizeof(*loaded));
        if (!loaded)
                return -ENOMEM;
        int r = parse_files(c, files, n, loaded);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n; i++) {
                c->file = files[i].file.path;
                if (loaded[i].root)
                        check_file(c, loaded[i].root);
        }
        c->rs->rules = read_new0(c, struct rule, count_rules(loaded, n) + 1);
        c->rs->lists = read_new0(c, struct word_list, LISTS_MAX);
        if (c->error < 0)
                return c->error;
        c->files = files;
        c->n_files = n;
        r = collect(c, loaded, n);
        if (r < 0)
                return r;
        const struct word_lists *all;
        r = word_lists_new(c->rs->lists, c->rs->n_lists, c->arena, &all);
        if (r < 0)
                return r;
        for (size_t i = 0; i < c->rs->n; i++) {
                c->file = c->rs->rules[i].file;
                read_rule(c, &c->rs->rules[i]);
        }
        apply_settings(c);
        r = check_cycles(c);
        return r < 0 ? r : c->error;
}

int rule_files_mentioned(const struct rule_file *file, int (*found)(const char *path, void *userdata), void *userdata) {
        _cleanup_diagnostics_ struct diagnostics d = {};
        struct arena *arena = NULL;
        struct yaml_node *root = NULL;
        int r = arena_new(RULESET_SIZE_MAX, &arena);
        if (r < 0)
                return r;
        /* Faults are told when the set is loaded. */
        if (yaml_parse(file->file.path, file->file.data, file->file.size, arena, &d, &root) < 0)
                root = NULL;
        const struct yaml_node *lists = yaml_get(root, "lists");
        for (const struct yaml_node *p = lists && lists->type == YAML_MAPPING ? lists->child : NULL; p && r >= 0;
             p = p->next) {
                const struct yaml_node *name = yaml_get(p, "file");
                const char *path =
                        name && name->type == YAML_SCALAR ? words_path(file->file.path, name->scalar, arena) : NULL;
                if (path)
                        r = found(path, userdata);
        }
        arena_free(arena);
        return MIN(r, 0);
}

static void ruleset_freep(struct ruleset **rs) {
        ruleset_free(*rs);
}

int ruleset_load(const struct rule_file *files, size_t n, const struct settings *settings, struct diagnostics *d,
                 struct ruleset **ret) {
        struct arena *arena = NULL;
        int r = arena_new(RULESET_SIZE_MAX, &arena);
        if (r < 0)
                return r;
        _cleanup_(ruleset_freep) struct ruleset *rs = arena_new0(arena, struct ruleset, 1);
        if (!rs) {
                arena_free(arena);
                return -ENOMEM;
        }
        rs->arena = arena;
        rs->settings = settings;
        struct rule_reader c = {.rs = rs, .settings = settings, .d = d, .arena = arena};
        size_t errors = d->errors;
        r = load(&c, files, n);
        if (r == 0)
                r = d->error;
        if (r == 0 && d->errors > errors)
                r = -EBADMSG;
        if (r < 0) {
                *ret = NULL;
                return r;
        }
        *ret = TAKE_PTR(rs);
        return 0;
}
