/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "rules/rule_keys.h"
#include "rules/ruleset_internal.h"

/* Reading one rule from its YAML tree. A fault is told and reading goes on, so that one run finds all of them; whether the
 * set is usable is decided by the number of errors at the end, never here. */

#define BIT(x) (1U << (x))
#define KEYS_MAX 24U
#define HINT_NAMES_MAX 30U

const char *const mode_names[] = {"off", "watch", "digest", "alert", NULL};
const char *const severity_names[] = {"low", "medium", "high", NULL};
const char *const lasting_names[] = {"one-off", "recurring", "lasting", NULL};
const char *const clock_names[] = {"owner", "client", NULL};
const char *const param_type_names[] = {"duration", "number", "int", "string", "share", NULL};

/* Also the three numbers of a grading that nobody wrote: habits are what people mean by "three times in three months". */
#define FOR_BREACHES 3
#define FOR_DAYS 90

const char *rule_mode_name(enum rule_mode m) {
        return mode_names[m];
}

const char *severity_name(enum severity s) {
        return severity_names[s];
}

const char *lasting_name(enum lasting l) {
        return lasting_names[l];
}

/* --- help for readers */

void *read_alloc(struct rule_reader *c, size_t n, size_t size) {
        void *p = arena_alloc_array(c->arena, n, size);
        if (!p)
                c->error = -ENOMEM;
        return p;
}

const char *read_hint(struct rule_reader *c, const char *word, const char *const *names) {
        const char *near = suggest(word, names);
        if (near)
                return arena_printf(c->arena, "did you mean \"%s\"?", near);
        if (!names[0])
                return NULL;
        const char *hint = arena_printf(c->arena, "allowed: %s", names[0]);
        for (size_t i = 1; names[i] && hint; i++) {
                if (i == HINT_NAMES_MAX)
                        return arena_printf(c->arena, "%s ...", hint);
                hint = arena_printf(c->arena, "%s, %s", hint, names[i]);
        }
        return hint;
}

/* What people write first where a mapping is wanted, told as it is to be written. */
static const char *mapping_example(const char *prefix) {
        static const struct {
                const char *prefix, *example;
        } examples[] = {
                {"file", "`version: 1`, then `rules:`, and a `- id: name` for each"},
                {"list", "{words: [one, two words]}"},
                {"param", "{type: duration, default: 3bd}"},
                {"match", "{fact: message.received}"},
                {"sequence", "{steps: [{fact: request.sent}, {absent: message.received, within: 3bd}]}"},
                {"step", "{fact: request.sent}, or {absent: message.received, within: 3bd}"},
                {"until", "{fact: request.settled}"},
                {"measure", "{count: {fact: reminder.sent}, over: 30d, is: {gte: 3}}"},
                {"measured", "{fact: message.received}"},
                {"against", "{own_past: 180d}"},
                {"for", "{breaches: 3, within: 90d}"},
                {"exception", "{where: {client: x}, reason: \"as agreed\", until: 2026-12-31}"},
                {"client-exception", "{rule: x, reason: \"as agreed\", until: 2026-12-31}"},
                {"override", "{mode: off}, or {params: {patience: 5bd}}"},
        };
        for (size_t i = 0; i < ELEMENTSOF(examples); i++)
                if (str_eq(examples[i].prefix, prefix))
                        return examples[i].example;
        return NULL;
}

/* A mistyped key is taken for the one that was meant, so that what stands under it is checked in the same run; the set is
 * refused all the same. Not in a tree that belongs to the settings, and not where files of words are named: which ones are
 * read was decided before. */
static void take_for(const struct rule_reader *c, const struct yaml_node *node, struct yaml_node *p, const char *meant) {
        if (meant && !c->shared && !yaml_get(node, meant) && !str_eq(meant, "lists") && !str_eq(meant, "file"))
                p->key->scalar = meant;
}

bool read_keys(struct rule_reader *c, const struct yaml_node *node, const char *prefix) {
        if (node->type != YAML_MAPPING) {
                const char *example = mapping_example(prefix);
                read_fault(c, node, "wrong-type", example ? arena_printf(c->arena, "write %s", example) : NULL,
                           "a mapping is wanted here (%s)", prefix);
                return false;
        }
        const char *names[KEYS_MAX + 1];
        size_t n_table, n = 0, length = strlen(prefix);
        const struct rule_key *table = rule_keys(&n_table);
        for (size_t i = 0; i < n_table && n < KEYS_MAX; i++)
                if (strncmp(table[i].path, prefix, length) == 0 && table[i].path[length] == '.')
                        names[n++] = table[i].path + length + 1;
        names[n] = NULL;
        for (struct yaml_node *p = node->child; p; p = p->next) {
                size_t i = 0;
                while (i < n && !str_eq(names[i], p->key->scalar))
                        i++;
                if (i < n || !p->key->scalar)
                        continue;
                read_fault(c, p->key, "unknown-key", read_hint(c, p->key->scalar, names), "no key \"%s\" here (%s)",
                           p->key->scalar, prefix);
                take_for(c, node, p, suggest(p->key->scalar, names));
        }
        return true;
}

const char *read_word(struct rule_reader *c, const struct yaml_node *node, const char *what) {
        if (node->type == YAML_SCALAR && !yaml_is_null(node) && *node->scalar)
                return node->scalar;
        read_fault(c, node, "wrong-type", NULL, "%s is wanted here", what);
        return NULL;
}

int read_instant(struct rule_reader *c, const struct yaml_node *node, bool end, instant *ret) {
        struct civil civil;
        int32_t offset;
        bool date_only = false;
        if (node->type != YAML_SCALAR || civil_parse(node->scalar, &civil, &offset, &date_only) < 0) {
                read_fault(c, node, "bad-value", "write 2026-12-31 or \"2026-12-31T18:00\"", "a date is wanted here");
                return -EINVAL;
        }
        const struct zone *zone = c->settings && c->settings->owner.zone ? c->settings->owner.zone : zone_utc();
        if (date_only && end) {
                civil = civil_from_seconds(civil_seconds(&civil) + 86400);
                *ret = zone_instant(zone, &civil);
        } else
                *ret = (offset == INT32_MIN ? zone_instant(zone, &civil) : civil_seconds(&civil) - offset) + (end ? 1 : 0);
        return 0;
}

const struct rule *reader_find_rule(const struct rule_reader *c, const char *id) {
        return ruleset_find(c->rs, id);
}

size_t read_children(const struct yaml_node *node) {
        size_t n = 0;
        for (const struct yaml_node *p = node->child; p; p = p->next)
                n++;
        return n;
}

static int find_name(const char *s, const char *const *names) {
        for (int i = 0; names[i]; i++)
                if (str_eq(names[i], s))
                        return i;
        return -ENOENT;
}

bool read_missing(struct rule_reader *c, const struct yaml_node *node, const char *key, const char *what) {
        if (yaml_get(node, key))
                return false;
        read_fault(c, node, "missing-key", NULL, "%s lacks \"%s\"", what, key);
        return true;
}

int read_choice(struct rule_reader *c, const struct yaml_node *node, const char *const *names, const char *what) {
        const char *word = read_word(c, node, what);
        if (!word)
                return -EINVAL;
        int i = find_name(word, names);
        if (i < 0)
                read_fault(c, node, "bad-value", read_hint(c, word, names), "\"%s\" is no %s", word, what);
        return i;
}

void param_used(const struct rule_reader *c, const struct literal *l, enum param_use use) {
        if (l->param > 0)
                c->rule->params[l->param - 1].uses |= use;
}

/* --- title, mode, severity */

/* Keys are languages: two or three letters, perhaps a region. */
static bool is_language(const char *s) {
        size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz");
        return (n == 2 || n == 3) && (s[n] == 0 || s[n] == '-');
}

static void read_texts(struct rule_reader *c, const struct yaml_node *node, const struct rule_text **ret, size_t *ret_n) {
        if (!node)
                return;
        struct rule_text *texts = read_new0(c, struct rule_text, node->type == YAML_MAPPING ? read_children(node) + 1 : 1);
        if (!texts)
                return;
        size_t n = 0;
        if (node->type != YAML_MAPPING) {
                texts[0].text = read_word(c, node, "a text, or one for each language");
                n = texts[0].text ? 1 : 0;
        }
        for (const struct yaml_node *p = node->type == YAML_MAPPING ? node->child : NULL; p; p = p->next) {
                const char *text = read_word(c, p, "a text");
                if (!p->key->scalar || !is_language(p->key->scalar))
                        read_fault(c, p->key, "bad-value", "as in {en: ..., fr: ...}", "\"%s\" is no language",
                                   p->key->scalar ? p->key->scalar : "");
                else if (text)
                        texts[n++] = (struct rule_text){.language = p->key->scalar, .text = text};
        }
        *ret = texts;
        *ret_n = n;
}

/* `off` and `no` stay words in our YAML; `on` means what the rule says by itself. */
static void read_mode(struct rule_reader *c, const struct yaml_node *node, enum rule_mode own, enum rule_mode *ret) {
        bool on;
        if (!node)
                return;
        if (yaml_bool(node, &on) == 0) {
                *ret = on ? own : MODE_OFF;
                return;
        }
        if (node->type == YAML_SCALAR && str_eq(node->scalar, "on")) { /* in quotes, as `"off"` may be */
                *ret = own;
                return;
        }
        int i = read_choice(c, node, mode_names, "mode");
        if (i >= 0)
                *ret = (enum rule_mode) i;
}

static void read_severity(struct rule_reader *c, const struct yaml_node *node, enum severity *ret) {
        if (!node)
                return;
        if (node->type != YAML_MAPPING) {
                int i = read_choice(c, node, severity_names, "severity");
                for (int k = 0; i >= 0 && k < _LASTING_MAX; k++)
                        ret[k] = (enum severity) i;
                return;
        }
        read_keys(c, node, "severity");
        for (int k = 0; k < _LASTING_MAX; k++) {
                const struct yaml_node *p = yaml_get(node, lasting_names[k]);
                int i = p ? read_choice(c, p, severity_names, "severity") : -1;
                if (i >= 0)
                        ret[k] = (enum severity) i;
        }
}

/* --- parameters */

static const enum value_type param_values[_PARAM_TYPE_MAX] = {
        [PARAM_DURATION] = VALUE_DURATION, [PARAM_NUMBER] = VALUE_NUMBER, [PARAM_INT] = VALUE_INT,
        [PARAM_STRING] = VALUE_STRING,     [PARAM_SHARE] = VALUE_NUMBER,
};

static double literal_number(const struct literal *l) {
        return l->value.type == VALUE_NUMBER ? l->value.number : (double) l->value.i;
}

static bool is_working_time(const struct literal *l) {
        return l->value.type == VALUE_DURATION &&
               (l->duration.unit == DURATION_WORK_SECONDS || l->duration.unit == DURATION_WORK_DAYS);
}

/* Where a rule uses its parameter, the default was checked; an override has to be as good. */
static bool check_uses(struct rule_reader *c, const struct param *p, const struct yaml_node *node, const struct literal *l) {
        if ((p->uses & PARAM_WALL) && is_working_time(l)) {
                read_fault(c, node, "bad-duration", "units: s m h d w mo",
                           "\"%s\" runs on the wall clock, not in working time", p->name);
                return false;
        }
        bool many = (p->uses & PARAM_COUNT) && l->value.i > RULE_FOR_MAX;
        if (many || ((p->uses & (PARAM_COUNT | PARAM_SOME)) && l->value.i < 1)) {
                read_fault(c, node, "param-out-of-range",
                           many ? arena_printf(c->arena, "%d is the most", RULE_FOR_MAX) : "1 is the least",
                           "%s is out of range for \"%s\"", node->scalar, p->name);
                return false;
        }
        return !(p->uses & PARAM_PHRASE) || check_phrase(c, node, node->scalar);
}

static bool read_param_value(struct rule_reader *c, const struct param *p, const struct yaml_node *node,
                             struct literal *ret) {
        if (node->type == YAML_SCALAR && node->scalar[0] == '$') {
                read_fault(c, node, "bad-value", NULL, "a parameter cannot refer to another");
                return false;
        }
        if (!read_literal(c, node, param_values[p->type], NULL, ret) || !check_uses(c, p, node, ret))
                return false;
        if (p->type == PARAM_STRING) {
                open_phrase(c, ret);
                return true;
        }
        double n = literal_number(ret);
        bool share = p->type != PARAM_SHARE || (n >= 0 && n <= 1);
        if (share && (!p->has_min || n >= p->min) && (!p->has_max || n <= p->max))
                return true;
        const char *hint = arena_printf(c->arena, "from %s to %s",
                                        p->has_min ? p->min_text : (p->type == PARAM_SHARE ? "0" : "anything"),
                                        p->has_max ? p->max_text : (p->type == PARAM_SHARE ? "1" : "anything"));
        read_fault(c, node, "param-out-of-range", hint, "%s is out of range for \"%s\"", node->scalar, p->name);
        return false;
}

static void read_bound(struct rule_reader *c, const struct param *p, const struct yaml_node *node, bool *ret_has,
                       double *ret, const char **ret_text) {
        struct literal l;
        if (!node)
                return;
        if (p->type == PARAM_STRING)
                read_fault(c, node, "bad-value", NULL, "a text has no least and no most");
        else if (read_literal(c, node, param_values[p->type], NULL, &l)) {
                *ret_has = true;
                *ret = literal_number(&l);
                *ret_text = node->scalar;
        }
}

static void read_param(struct rule_reader *c, const struct yaml_node *node, struct param *p) {
        p->name = node->key->scalar;
        if (!p->name || p->name[strspn(p->name, "abcdefghijklmnopqrstuvwxyz0123456789_")] || !*p->name)
                read_fault(c, node->key, "bad-value", "lower-case letters, digits and _", "\"%s\" is no name of a parameter",
                           p->name ? p->name : "");
        if (!read_keys(c, node, "param"))
                return;
        const struct yaml_node *type = yaml_get(node, "type"), *value = yaml_get(node, "default");
        if (read_missing(c, node, "type", "a parameter"))
                return;
        int i = read_choice(c, type, param_type_names, "type of parameter");
        if (i < 0)
                return;
        p->type = (enum param_type) i;
        p->value.value.type = param_values[p->type];
        read_bound(c, p, yaml_get(node, "min"), &p->has_min, &p->min, &p->min_text);
        read_bound(c, p, yaml_get(node, "max"), &p->has_max, &p->max, &p->max_text);
        if (!read_missing(c, node, "default", "a parameter"))
                (void) read_param_value(c, p, value, &p->value);
}

static void read_params(struct rule_reader *c, struct rule *rule, const struct yaml_node *node) {
        if (!node)
                return;
        if (node->type != YAML_MAPPING) {
                read_fault(c, node, "wrong-type", NULL, "parameters are a mapping: {name: {type: duration, default: 3bd}}");
                return;
        }
        if (read_children(node) > RULE_PARAMS_MAX) {
                read_fault(c, node, "bad-value", NULL, "at most %u parameters", RULE_PARAMS_MAX);
                return;
        }
        struct param *params = read_new0(c, struct param, read_children(node) + 1);
        if (!params)
                return;
        size_t n = 0;
        for (const struct yaml_node *p = node->child; p; p = p->next)
                read_param(c, p, &params[n++]);
        rule->params = params;
        rule->n_params = n;
}

bool check_wall(struct rule_reader *c, const struct yaml_node *node, const char *what, const struct literal *l) {
        if (is_working_time(l)) {
                read_fault(c, node, "bad-duration",
                           str_eq(what, "notice") ? "in working time there is \"working_notice\"" : "units: s m h d w mo",
                           "%s runs on the wall clock, not in working time", what);
                return false;
        }
        param_used(c, l, PARAM_WALL);
        return true;
}

bool read_window(struct rule_reader *c, const struct yaml_node *node, const char *what, struct literal *ret) {
        if (!read_literal(c, node, VALUE_DURATION, NULL, ret))
                return false;
        if (!check_wall(c, node, what, ret))
                return false;
        if (ret->value.i <= 0) {
                read_fault(c, node, "bad-value", NULL, "%s has some length", what);
                return false;
        }
        return true;
}

/* --- for */

bool read_whole_number(struct rule_reader *c, const struct yaml_node *node, struct literal *ret) {
        if (!read_literal(c, node, VALUE_INT, NULL, ret))
                return false;
        if (ret->value.type == VALUE_INT)
                return true;
        read_fault(c, node, "wrong-type", "give it `type: int`",
                   "parameter \"%s\" is a number; a whole number is wanted here", node->scalar + 1);
        return false;
}

static bool read_count(struct rule_reader *c, const struct yaml_node *node, struct literal *ret) {
        if (!read_whole_number(c, node, ret))
                return false;
        if (ret->value.i < 1 || ret->value.i > RULE_FOR_MAX) {
                read_fault(c, node, "bad-value", NULL, "a number from 1 to %d is wanted here", RULE_FOR_MAX);
                return false;
        }
        param_used(c, ret, PARAM_COUNT);
        return true;
}

static void read_windows(struct rule_reader *c, const struct yaml_node *node, struct rule_for *ret) {
        const struct yaml_node *of = yaml_get(node, "of"), *every = yaml_get(node, "every");
        if (read_missing(c, node, "of", "`for`") || read_missing(c, node, "every", "`for`"))
                return;
        (void) read_count(c, of, &ret->of);
        if (every->type == YAML_SCALAR && str_eq(every->scalar, "occurrence"))
                ret->occurrence = true;
        else
                (void) read_window(c, every, "`every`", &ret->every);
}

static void read_for(struct rule_reader *c, const struct yaml_node *node, struct rule_for *ret) {
        if (!node || !read_keys(c, node, "for"))
                return;
        const struct yaml_node *breaches = yaml_get(node, "breaches"), *within = yaml_get(node, "within");
        if (read_missing(c, node, "breaches", "`for`"))
                return;
        struct rule_for found = {.breaches = ret->breaches};
        (void) read_count(c, breaches, &found.breaches);
        if (within && (yaml_get(node, "of") || yaml_get(node, "every"))) {
                read_fault(c, within->key, "bad-value",
                           "write {breaches: 3, within: 90d} or {breaches: 3, of: 4, every: 1w}",
                           "`within` does not go with `of` and `every`");
                return;
        }
        if (within) {
                found.has_within = true;
                (void) read_window(c, within, "`within`", &found.within);
        } else
                read_windows(c, node, &found);
        *ret = found;
}

/* The facts of a measure have no outcome of their own. And `params` or `for`, whichever is written at `node`, can ask for what
 * never comes. */
static void check_for(struct rule_reader *c, const struct rule *rule, const struct yaml_node *node,
                      const struct rule_variant *v) {
        const struct rule_for *limit = &v->limit;
        if (!node)
                return;
        const struct yaml_node *every = yaml_get(node, "every"), *of = yaml_get(node, "of");
        if (every && rule->kind == RULE_MEASURE && limit->occurrence)
                read_fault(c, every, "bad-value", "write a length, as in `every: 1w`",
                           "a measure has windows, not occurrences");
        if (limit->has_within || limit->of.value.type != VALUE_INT || limit->breaches.value.type != VALUE_INT)
                return;
        int64_t wanted = literal_resolve(&limit->breaches, v)->value.i, windows = literal_resolve(&limit->of, v)->value.i;
        if (wanted > windows && windows > 0)
                read_fault(c, of ? of : node, "bad-value", NULL, "%" PRId64 " breaches cannot be among %" PRId64, wanted,
                           windows);
}

/* --- facts and steps */

void read_unknown_rule(struct rule_reader *c, const struct yaml_node *node, const char *id) {
        read_fault(c, node, "unknown-rule", read_hint(c, id, c->rs->ids), "no rule \"%s\"", id);
}

/* The fact that was meant, so that its fields are checked in the same run; negative when nobody can tell. */
static int unknown_fact(struct rule_reader *c, const struct yaml_node *node, const char *name) {
        const char *names[_FACT_TYPE_MAX + 1] = {NULL};
        for (int t = 0; t < FACT_RULE; t++)
                names[t] = fact_table[t].name;
        read_fault(c, node, "unknown-fact", read_hint(c, name, names), "no fact \"%s\"", name);
        const char *near = suggest(name, names);
        return near ? fact_type_from_name(near) : -ENOENT;
}

int read_fact_name(struct rule_reader *c, const struct yaml_node *node, uint32_t *ret_rule) {
        const char *name = read_word(c, node, "the name of a fact");
        if (!name)
                return -EINVAL;
        int t = fact_type_from_name(name);
        if (t < 0)
                return unknown_fact(c, node, name);
        if (t == FACT_RULE) {
                const struct rule *r = reader_find_rule(c, name + 5);
                if (!r) {
                        read_unknown_rule(c, node, name + 5);
                        return -ENOENT;
                }
                if (ret_rule)
                        *ret_rule = r->index;
        }
        return t;
}

static void read_facts(struct rule_reader *c, const struct yaml_node *node, struct rule_step *step) {
        bool many = node->type == YAML_SEQUENCE;
        if (many && !node->child) {
                read_fault(c, node, "wrong-type", NULL, "a fact, or a list of facts, is wanted here");
                return;
        }
        uint32_t *rules = read_new0(c, uint32_t, many ? read_children(node) : 1);
        for (const struct yaml_node *p = many ? node->child : node; p && rules; p = many ? p->next : NULL) {
                uint32_t rule = 0;
                int t = read_fact_name(c, p, &rule);
                if (t < 0)
                        continue;
                step->types |= BIT(t);
                if (t == FACT_RULE)
                        rules[step->n_rules++] = rule;
                else if (!fact_table[t].produced && str_eq(fact_table[t].name, p->scalar))
                        read_warning(c, p, "never-seen", NULL, "%s is not found by this version: the rule waits for it",
                                     p->scalar);
        }
        step->rules = rules;
}

/* `from: NAME.FIELD`, or NAME alone for the time of that step; `not_before` likewise. */
static void read_step_field(struct rule_reader *c, struct rule *rule, const struct yaml_node *node, struct step_field *ret) {
        const char *word = read_word(c, node, "NAME.FIELD of an earlier step");
        if (!word)
                return;
        const char *dot = strchr(word, '.'), *field = dot ? dot + 1 : "at";
        size_t length = dot ? (size_t) (dot - word) : strlen(word);
        const char *names[RULE_STEPS_MAX + 1] = {NULL};
        size_t n_names = 0;
        const char *name = arena_strndup(c->arena, word, length);
        for (size_t i = 0; i < rule->n_steps; i++) {
                const struct rule_step *s = &rule->steps[i];
                if (s->as && !s->absent)
                        names[n_names++] = s->as;
                if (s->as && str_eq(s->as, name) && !s->absent)
                        ret->step = (int) i;
        }
        if (ret->step < 0) {
                read_fault(c, node, "bad-value", name && n_names ? read_hint(c, name, names) : "name it with `as:`",
                           "no earlier step is named \"%s\"", name ? name : "");
                return;
        }
        const struct rule_step *from = &rule->steps[ret->step];
        for (int t = 0; t < _FACT_TYPE_MAX; t++) {
                if (!(from->types & BIT(t)))
                        continue;
                int i = fact_field_index((enum fact_type) t, field);
                const struct fact_field *f = i == -ENOENT ? NULL
                                             : i >= 0     ? &fact_table[t].fields[i]
                                                          : &fact_common_fields[-1000 - i];
                if (!f) {
                        const char *fields[FACT_FIELDS_MAX + 2] = {NULL};
                        for (uint32_t k = 0; k < fact_table[t].n_fields; k++)
                                fields[k] = fact_table[t].fields[k].name;
                        read_fault(c, node, "unknown-field", read_hint(c, field, fields),
                                   "fact %s (as %s) has no field \"%s\"", fact_table[t].name, name, field);
                        return;
                }
                if (f->type != VALUE_INSTANT) {
                        read_fault(c, node, "wrong-type", NULL, "\"%s\" is no date and no time", field);
                        return;
                }
                ret->index[t] = (int16_t) i;
        }
}

static void read_deadline(struct rule_reader *c, struct rule *rule, const struct yaml_node *node, struct rule_step *step) {
        const struct yaml_node *within = yaml_get(node, "within"), *from = yaml_get(node, "from"),
                               *not_before = yaml_get(node, "not_before"), *clock = yaml_get(node, "clock");
        if (within && rule->n_steps == 0)
                read_fault(c, within->key, "bad-value", NULL, "the first step has no time limit: nothing comes before it");
        else if (within) {
                step->has_within = read_literal(c, within, VALUE_DURATION, NULL, &step->within);
                if (step->has_within && step->within.value.i <= 0) {
                        read_fault(c, within, "bad-value", NULL, "a time limit has some length");
                        step->has_within = false;
                }
        } else if (step->absent)
                (void) read_missing(c, node, "within", "an absent step");
        if (from)
                read_step_field(c, rule, from, &step->from);
        if (not_before)
                read_step_field(c, rule, not_before, &step->not_before);
        if (from && !within && !step->absent)
                read_fault(c, from->key, "bad-value", NULL,
                           "`from` says where `within` counts from, and there is no `within`");
        if (not_before && !within && !step->absent)
                read_fault(c, not_before->key, "bad-value", NULL,
                           "`not_before` moves the end of `within`, and there is no `within`");
        int i = clock ? read_choice(c, clock, clock_names, "clock") : 0;
        step->clock = i == 1 ? CLOCK_CLIENT : CLOCK_OWNER;
        rule->client_clock |= step->clock == CLOCK_CLIENT && step->has_within;
}

static void read_as(struct rule_reader *c, const struct rule *rule, const struct yaml_node *node, struct rule_step *step) {
        step->as = read_word(c, node, "a name");
        for (size_t i = 0; i < rule->n_steps && step->as; i++)
                if (str_eq(rule->steps[i].as, step->as))
                        read_fault(c, node, "bad-value", "each step has a name of its own",
                                   "an earlier step is named \"%s\" already", step->as);
}

static void read_step(struct rule_reader *c, struct rule *rule, const struct yaml_node *node) {
        struct rule_step *step = &rule->steps[rule->n_steps];
        step->from.step = step->not_before.step = -1;
        if (!read_keys(c, node, "step"))
                return;
        const struct yaml_node *fact = yaml_get(node, "fact"), *absent = yaml_get(node, "absent"),
                               *as = yaml_get(node, "as");
        if (!fact == !absent) {
                if (fact)
                        read_fault(c, absent->key, "bad-value", NULL, "a step has either `fact` or `absent`");
                else
                        read_fault(c, node, "missing-key", NULL, "a step lacks \"fact\" or \"absent\"");
                return;
        }
        step->absent = absent;
        if (absent && rule->n_steps == 0)
                read_fault(c, absent->key, "bad-value", "nothing would say from when on it is missing",
                           "a sequence begins with a fact that happens");
        read_facts(c, fact ? fact : absent, step);
        if (as)
                read_as(c, rule, as, step);
        const struct yaml_node *where = yaml_get(node, "where");
        if (where)
                step->where = read_condition(c, where, step->types);
        read_deadline(c, rule, node, step);
        rule->n_steps++;
}

void read_fact_and_where(struct rule_reader *c, const struct yaml_node *node, const char *prefix, struct rule_step *step) {
        step->from.step = step->not_before.step = -1;
        if (!read_keys(c, node, prefix) || read_missing(c, node, "fact", prefix))
                return;
        read_facts(c, yaml_get(node, "fact"), step);
        const struct yaml_node *where = yaml_get(node, "where");
        if (where)
                step->where = read_condition(c, where, step->types);
}

/* --- by and same */

static void read_key(struct rule_reader *c, struct rule *rule, const struct yaml_node *node) {
        const char *name = read_word(c, node, "the name of a field");
        if (!name)
                return;
        for (size_t i = 0; i < rule->n_keys; i++)
                if (str_eq(rule->keys[i].name, name))
                        return;
        if (rule->n_keys == RULE_KEYS_MAX) {
                read_fault(c, node, "bad-value", NULL, "at most %u fields in `by` and `same`", RULE_KEYS_MAX);
                return;
        }
        struct rule_key_field *key = &rule->keys[rule->n_keys++];
        key->name = name;
        for (int t = 0; t < _FACT_TYPE_MAX; t++) {
                if (!(rule->types & BIT(t)))
                        continue;
                const struct fact_row *row = &fact_table[t];
                int i = fact_field_index((enum fact_type) t, name);
                key->index[t] = (int16_t) i;
                if (i != -ENOENT)
                        continue;
                const char *names[FACT_FIELDS_MAX + FACT_COMMON_FIELDS + 1] = {NULL};
                size_t n = 0;
                for (uint32_t k = 0; k < row->n_fields; k++)
                        names[n++] = row->fields[k].name;
                for (uint32_t k = 0; k < FACT_COMMON_FIELDS; k++)
                        names[n++] = fact_common_fields[k].name;
                read_fault(c, node, "unknown-field", read_hint(c, name, names), "fact %s has no field \"%s\"", row->name,
                           name);
                return;
        }
}

static void read_key_list(struct rule_reader *c, struct rule *rule, const struct yaml_node *node) {
        if (node->type == YAML_MAPPING)
                read_fault(c, node, "wrong-type", NULL, "a list of fields is wanted here: [client]");
        else if (node->type == YAML_SCALAR)
                read_key(c, rule, node);
        else
                for (const struct yaml_node *p = node->child; p; p = p->next)
                        read_key(c, rule, p);
}

void read_grouping(struct rule_reader *c, struct rule *rule, const struct yaml_node *same) {
        static const struct yaml_node client = {.type = YAML_SCALAR, .scalar = "client"};
        const struct yaml_node *by = yaml_get(rule->node, "by");
        if (by)
                read_key_list(c, rule, by);
        else
                read_key(c, rule, &client);
        rule->n_by = rule->n_keys;
        for (size_t i = 0; i < rule->n_by; i++)
                rule->by_client_key |= str_eq(rule->keys[i].name, "client");
        if (same)
                read_key_list(c, rule, same);
}

/* --- kinds */

static void read_sequence(struct rule_reader *c, struct rule *rule, const struct yaml_node *node) {
        if (!read_keys(c, node, "sequence") || read_missing(c, node, "steps", "a sequence"))
                return;
        const struct yaml_node *steps = yaml_get(node, "steps"), *until = yaml_get(node, "until");
        if (steps->type != YAML_SEQUENCE || !steps->child) {
                read_fault(c, steps, "wrong-type", NULL, "steps are a list: [{fact: ...}, {absent: ..., within: ...}]");
                return;
        }
        for (const struct yaml_node *p = steps->child; p; p = p->next) {
                if (rule->n_steps == RULE_STEPS_MAX) {
                        read_fault(c, p, "bad-value", NULL, "at most %u steps", RULE_STEPS_MAX);
                        break;
                }
                read_step(c, rule, p);
        }
        if (!steps->child->next)
                read_fault(c, steps, "bad-value", "a rule on one fact is a `match`", "a sequence has two steps or more");
        if (until) {
                rule->has_until = true;
                read_fact_and_where(c, until, "until", &rule->until);
        }
        for (size_t i = 0; i < rule->n_steps; i++) {
                rule->types |= rule->steps[i].types;
                rule->later_types |= i > 0 ? rule->steps[i].types : 0;
        }
        rule->types |= rule->until.types;
        rule->later_types |= rule->until.types;
        rule->ends_absent = rule->n_steps > 0 && rule->steps[rule->n_steps - 1].absent;
        read_grouping(c, rule, yaml_get(node, "same"));
}

static void read_match(struct rule_reader *c, struct rule *rule, const struct yaml_node *node) {
        rule->n_steps = 1;
        read_fact_and_where(c, node, "match", &rule->steps[0]);
        rule->types = rule->steps[0].types;
        read_grouping(c, rule, NULL);
}

static const struct {
        const char *key;
        enum rule_kind kind;
        void (*read)(struct rule_reader *c, struct rule *rule, const struct yaml_node *node);
} kinds[] = {{"match", RULE_MATCH, read_match},
             {"sequence", RULE_SEQUENCE, read_sequence},
             {"measure", RULE_MEASURE, read_measure}};

static bool is_kind(const char *key) {
        for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
                if (str_eq(key, kinds[i].key))
                        return true;
        return false;
}

static void read_kind(struct rule_reader *c, struct rule *rule) {
        const struct yaml_node *found = NULL;
        for (const struct yaml_node *p = rule->node->child; p; p = p->next) {
                if (!is_kind(p->key->scalar))
                        continue;
                if (found) {
                        read_fault(c, p->key, "two-kinds", "make two rules of it",
                                   "the rule has %s (line %u) and %s: keep exactly one", found->key->scalar,
                                   found->key->line, p->key->scalar);
                        return;
                }
                found = p;
        }
        if (!found) {
                read_fault(c, rule->node, "kind-missing", "one of: match, sequence, measure",
                           "the rule says nothing to look for");
                return;
        }
        for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
                if (str_eq(found->key->scalar, kinds[i].key)) {
                        rule->kind = kinds[i].kind;
                        kinds[i].read(c, rule, found);
                }
}

/* --- exceptions, needs */

bool read_exception(struct rule_reader *c, struct rule *rule, const struct yaml_node *node, const struct client *client) {
        if (!read_keys(c, node, client ? "client-exception" : "exception"))
                return false;
        const struct yaml_node *where = yaml_get(node, "where"), *until = yaml_get(node, "until"),
                               *reason = yaml_get(node, "reason");
        bool good = !read_missing(c, node, "reason", "an exception");
        good &= !read_missing(c, node, "until", "an exception");
        struct rule_exception *e = &rule->exceptions[rule->n_exceptions];
        *e = (struct rule_exception){.client = client, .file = c->file, .node = node};
        good = good && (e->reason = read_word(c, reason, "a reason"));
        if (until)
                good &= read_instant(c, until, true, &e->until) >= 0;
        if (where)
                good &= (e->where = read_condition(c, where,
                                                   rule->kind == RULE_MEASURE ? rule->types : rule->steps[0].types)) != NULL;
        if (good)
                rule->n_exceptions++;
        return good;
}

static void read_exceptions(struct rule_reader *c, struct rule *rule, const struct yaml_node *node) {
        if (!node)
                return;
        if (node->type != YAML_SEQUENCE) {
                read_fault(c, node, "wrong-type", NULL, "exceptions are a list");
                return;
        }
        if (read_children(node) > RULE_EXCEPTIONS_MAX) {
                read_fault(c, node, "bad-value", NULL, "at most %u exceptions", RULE_EXCEPTIONS_MAX);
                return;
        }
        rule->exceptions = read_new0(c, struct rule_exception, read_children(node) + 1);
        for (const struct yaml_node *p = node->child; p && rule->exceptions; p = p->next)
                (void) read_exception(c, rule, p, NULL);
}

static void read_needs(struct rule_reader *c, struct rule *rule, const struct yaml_node *node) {
        struct rule_step step = {0};
        if (!node)
                return;
        read_facts(c, node, &step);
        rule->needs = step.types & ~BIT(FACT_RULE);
        rule->needs_rules = step.rules;
        rule->n_needs_rules = step.n_rules;
}

static void read_inhibits(struct rule_reader *c, struct rule *rule, const struct yaml_node *node) {
        if (!node)
                return;
        if (node->type != YAML_SEQUENCE) {
                read_fault(c, node, "wrong-type", NULL, "a list of rules is wanted here");
                return;
        }
        rule->inhibits = read_new0(c, uint32_t, read_children(node) + 1);
        for (const struct yaml_node *p = node->child; p && rule->inhibits; p = p->next) {
                const char *id = read_word(c, p, "the name of a rule");
                const struct rule *weaker = id ? reader_find_rule(c, id) : NULL;
                if (weaker)
                        rule->inhibits[rule->n_inhibits++] = weaker->index;
                else if (id)
                        read_unknown_rule(c, p, id);
        }
}

static void read_repeat(struct rule_reader *c, struct rule *rule, const struct yaml_node *node) {
        rule->has_repeat = node && read_window(c, node, "`repeat_after`", &rule->repeat_after);
}

/* --- the rule */

static void default_variant(struct rule_variant *v) {
        *v = (struct rule_variant){
                .mode = MODE_DIGEST,
                .severity = {SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH},
                .limit = {.breaches = {.value = {.type = VALUE_INT, .i = FOR_BREACHES}},
                          .within = {.value = {.type = VALUE_DURATION, .i = INT64_C(86400) * FOR_DAYS},
                                     .duration = {.unit = DURATION_SECONDS,
                                                  .n = INT64_C(86400) * FOR_DAYS,
                                                  .days = FOR_DAYS}},
                          .has_within = true},
        };
}

static void copy_params(struct rule_reader *c, const struct rule *rule, struct rule_variant *v) {
        v->params = read_new0(c, struct literal, rule->n_params + 1);
        for (size_t i = 0; i < rule->n_params && v->params; i++)
                v->params[i] = rule->params[i].value;
}

void read_rule(struct rule_reader *c, struct rule *rule) {
        const struct yaml_node *node = rule->node;
        c->rule = rule;
        default_variant(&rule->global);
        if (node->type != YAML_MAPPING)
                return; /* told when ids were read */
        read_params(c, rule, yaml_get(node, "params"));
        read_texts(c, yaml_get(node, "title"), &rule->title, &rule->n_title);
        read_texts(c, yaml_get(node, "why"), &rule->why, &rule->n_why);
        read_mode(c, yaml_get(node, "mode"), MODE_DIGEST, &rule->global.mode);
        rule->own_mode = rule->global.mode == MODE_OFF ? MODE_DIGEST : rule->global.mode;
        read_severity(c, yaml_get(node, "severity"), rule->global.severity);
        read_for(c, yaml_get(node, "for"), &rule->global.limit);
        read_kind(c, rule);
        copy_params(c, rule, &rule->global);
        if (rule->global.params)
                check_for(c, rule, yaml_get(node, "for"), &rule->global);
        read_needs(c, rule, yaml_get(node, "needs"));
        read_exceptions(c, rule, yaml_get(node, "exceptions"));
        read_inhibits(c, rule, yaml_get(node, "inhibits"));
        read_repeat(c, rule, yaml_get(node, "repeat_after"));
        read_tests(c, rule, yaml_get(node, "tests"));
        c->rule = NULL;
}

/* --- overrides */

static void read_param_overrides(struct rule_reader *c, const struct rule *rule, const struct yaml_node *node,
                                 struct rule_variant *v) {
        if (node->type != YAML_MAPPING) {
                read_fault(c, node, "wrong-type", NULL, "parameters are a mapping: {patience: 5bd}");
                return;
        }
        const char **names = read_new0(c, const char *, rule->n_params + 1);
        for (size_t i = 0; i < rule->n_params && names; i++)
                names[i] = rule->params[i].name;
        for (const struct yaml_node *p = node->child; p && names; p = p->next) {
                int i = find_name(p->key->scalar, names);
                struct literal l;
                if (i < 0)
                        read_fault(c, p->key, "unknown-param", read_hint(c, p->key->scalar, names),
                                   "rule \"%s\" has no parameter \"%s\"", rule->id, p->key->scalar);
                else if (read_param_value(c, &rule->params[i], p, &l))
                        v->params[i] = l;
        }
}

bool read_override(struct rule_reader *c, const struct rule *rule, const struct yaml_node *node,
                   const struct rule_variant *base, struct rule_variant *ret) {
        *ret = *base;
        if (!read_keys(c, node, "override"))
                return false;
        ret->params = read_new0(c, struct literal, rule->n_params + 1);
        if (!ret->params)
                return false;
        if (rule->n_params)
                memcpy(ret->params, base->params, rule->n_params * sizeof(*ret->params));
        read_mode(c, yaml_get(node, "mode"), rule->own_mode, &ret->mode);
        read_severity(c, yaml_get(node, "severity"), ret->severity);
        const struct yaml_node *params = yaml_get(node, "params");
        if (params)
                read_param_overrides(c, rule, params, ret);
        const struct yaml_node *limit = yaml_get(node, "for"), *reason = yaml_get(node, "reason");
        read_for(c, limit, &ret->limit);
        check_for(c, rule, limit ? limit : params, ret);
        return !reason || read_word(c, reason, "a reason");
}
