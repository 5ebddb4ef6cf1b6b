/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/condition.h"

#include "parsers/utf8.h"
#include "rules/ruleset_internal.h"

#define BIT(x) (1U << (x))

/* An amount that a number of hundredths still tells exactly. */
#define AMOUNT_MAX 1e13

/* What can be asked of each type of field, and what a value of it is called in a diagnostic. */
#define EQUALITY (BIT(COMPARISON_EQ) | BIT(COMPARISON_NEQ) | BIT(COMPARISON_IN))
#define ORDER (BIT(COMPARISON_LT) | BIT(COMPARISON_LTE) | BIT(COMPARISON_GT) | BIT(COMPARISON_GTE))

static const struct {
        uint32_t ops;
        const char *what;
        const char *example; /* where something else stands instead; NULL: none is needed */
} types[] = {
        [VALUE_NONE] = {0, "nothing", NULL},
        [VALUE_STRING] = {EQUALITY | BIT(COMPARISON_CONTAINS) | BIT(COMPARISON_IN_LIST), "a text", NULL},
        [VALUE_BOOL] = {BIT(COMPARISON_EQ) | BIT(COMPARISON_NEQ), "true or false", NULL},
        [VALUE_INT] = {EQUALITY | ORDER, "a whole number", "digits alone, as in 1000"},
        [VALUE_NUMBER] = {EQUALITY | ORDER, "a number", "as in 1.5; 10 in 100 is written 0.1"},
        [VALUE_DURATION] = {EQUALITY | ORDER, "a duration", NULL},
        [VALUE_INSTANT] = {EQUALITY | ORDER, "a date or a time", NULL},
        [VALUE_LIST] = {BIT(COMPARISON_CONTAINS), "a list of words", NULL},
        [VALUE_ENUM] = {EQUALITY, "a word", NULL},
        [VALUE_MONEY] = {EQUALITY | ORDER, "an amount", NULL},
};

static const char *const comparison_names[_COMPARISON_MAX + 1] = {"eq",  "neq", "lt",       "lte",     "gt",
                                                                  "gte", "in",  "contains", "in_list", NULL};

const char *comparison_name(enum comparison op) {
        return comparison_names[op];
}

bool comparison_fits(enum value_type type, enum comparison op) {
        return types[type].ops & BIT(op);
}

/* --- testing */

const struct literal *literal_resolve(const struct literal *l, const struct rule_variant *v) {
        return l->param > 0 ? &v->params[l->param - 1] : l;
}

void condition_scratch_free(struct condition_scratch *s) {
        for (size_t i = 0; i < FOLDED_TEXTS_MAX; i++)
                free(s->texts[i].folded);
        *s = (struct condition_scratch){0};
}

void condition_scratch_reset(struct condition_scratch *s) {
        for (size_t i = 0; i < FOLDED_TEXTS_MAX; i++)
                s->texts[i].text = NULL;
}

/* NULL makes s->error stick. */
static struct folded_text *scratch_fold(struct condition_scratch *s, const char *text) {
        for (size_t i = 0; i < FOLDED_TEXTS_MAX; i++)
                if (s->texts[i].text == text)
                        return &s->texts[i];
        struct folded_text *t = &s->texts[s->next];
        s->next = (s->next + 1) % FOLDED_TEXTS_MAX;
        size_t n = strlen(text), need = 2 * n + 1;
        if (need > t->allocated) {
                char *p = realloc(t->folded, need);
                if (!p) {
                        s->error = -ENOMEM;
                        return NULL;
                }
                t->folded = p;
                t->allocated = need;
        }
        t->size = phrase_fold(text, t->folded, t->allocated);
        t->text = text;
        t->searched = false;
        return t;
}

/* A phrase stands between word boundaries: "con" is not in "confirm". */
static bool holds_phrase(const char *text, size_t size, const char *phrase, bool open_end) {
        size_t n = strlen(phrase);
        const char *end = text + size;
        if (n == 0)
                return false;
        for (const char *p = text; (p = memmem(p, (size_t) (end - p), phrase, n)); p++) {
                bool before = p == text || !word_byte(p[-1]) || !word_byte(phrase[0]);
                bool after = p + n == end || open_end || !word_byte(p[n]) || !word_byte(phrase[n - 1]);
                if (before && after)
                        return true;
        }
        return false;
}

static void note_list(uint32_t list, uint32_t phrase, void *userdata) {
        struct folded_text *t = userdata;
        (void) phrase;
        t->lists[list / 64] |= UINT64_C(1) << list % 64;
}

/* All lists are looked for at once, and once for a text, however many rules ask. */
static bool holds_list(const struct word_list *list, const struct fact *f, const char *text, struct condition_scratch *s) {
        struct folded_text *t = scratch_fold(s, text);
        if (!t)
                return false;
        if (!t->searched) {
                struct value language = fact_value(f, "language");
                memset(t->lists, 0, sizeof(t->lists));
                word_lists_find(list->all, t->folded, t->size, language.type == VALUE_STRING ? language.s : NULL, note_list,
                                t);
                t->searched = true;
        }
        return t->lists[list->index / 64] >> list->index % 64 & 1;
}

static bool contains(const struct value *v, const struct literal *l, struct condition_scratch *s) {
        if (v->type == VALUE_LIST) {
                for (const char *const *p = v->list; p && *p; p++)
                        if (str_eq(*p, l->value.s))
                                return true;
                return false;
        }
        const struct folded_text *t = l->folded ? scratch_fold(s, v->s) : NULL;
        return t && holds_phrase(t->folded, t->size, l->folded, l->open_end);
}

static double value_number(const struct value *v) {
        return v->type == VALUE_NUMBER ? v->number : (double) v->i;
}

/* -1, 0, 1; whole numbers stay exact. */
static int value_order(const struct value *a, const struct value *b) {
        if (a->type == VALUE_STRING || a->type == VALUE_ENUM)
                return strcmp(a->s, b->s);
        if (a->type == VALUE_BOOL)
                return (a->b > b->b) - (a->b < b->b);
        if (a->type == VALUE_NUMBER || b->type == VALUE_NUMBER) {
                double x = value_number(a), y = value_number(b);
                return (x > y) - (x < y);
        }
        return (a->i > b->i) - (a->i < b->i);
}

static bool compare(const struct condition *c, const struct fact *f, const struct rule_variant *v,
                    struct condition_scratch *s) {
        struct value value = fact_value_at(f, c->index[f->type]);
        if (value.type == VALUE_NONE || ((value.type == VALUE_STRING || value.type == VALUE_ENUM) && !value.s))
                return false;
        if (c->op == COMPARISON_IN_LIST)
                return holds_list(c->list, f, value.s, s);
        if (c->op == COMPARISON_IN) {
                for (size_t i = 0; i < c->n_literals; i++)
                        if (value_order(&value, &literal_resolve(&c->literals[i], v)->value) == 0)
                                return true;
                return false;
        }
        const struct literal *l = literal_resolve(c->literals, v);
        if (c->op == COMPARISON_CONTAINS)
                return contains(&value, l, s);
        int order = value_order(&value, &l->value);
        switch (c->op) {
        case COMPARISON_EQ:
                return order == 0;
        case COMPARISON_NEQ:
                return order != 0;
        case COMPARISON_LT:
                return order < 0;
        case COMPARISON_LTE:
                return order <= 0;
        case COMPARISON_GT:
                return order > 0;
        case COMPARISON_GTE:
                return order >= 0;
        default:
                return false;
        }
}

/* Recursion follows the nesting of a rule file, which yaml.c bounds by YAML_DEPTH_MAX. */
bool condition_holds(const struct condition *c, const struct fact *f, const struct rule_variant *v,
                     struct condition_scratch *s) {
        if (!c)
                return true;
        switch (c->kind) {
        case CONDITION_COMPARE:
                return compare(c, f, v, s);
        case CONDITION_NOT:
                return !condition_holds(c->child, f, v, s);
        case CONDITION_ANY:
                for (const struct condition *p = c->child; p; p = p->next)
                        if (condition_holds(p, f, v, s))
                                return true;
                return false;
        default:
                for (const struct condition *p = c->child; p; p = p->next)
                        if (!condition_holds(p, f, v, s))
                                return false;
                return true;
        }
}

/* --- reading literals */

static const enum value_type param_value_types[_PARAM_TYPE_MAX] = {
        [PARAM_DURATION] = VALUE_DURATION, [PARAM_NUMBER] = VALUE_NUMBER, [PARAM_INT] = VALUE_INT,
        [PARAM_STRING] = VALUE_STRING,     [PARAM_SHARE] = VALUE_NUMBER,
};

static bool param_fits(enum value_type have, enum value_type want) {
        if (want == VALUE_INT || want == VALUE_NUMBER)
                return have == VALUE_INT || have == VALUE_NUMBER;
        if (want == VALUE_ENUM || want == VALUE_LIST || want == VALUE_STRING)
                return have == VALUE_STRING;
        return have == want;
}

static bool read_param_reference(struct rule_reader *c, const struct yaml_node *node, enum value_type type,
                                 struct literal *ret) {
        const char *names[RULE_PARAMS_MAX + 1] = {NULL};
        const char *name = node->scalar + 1;
        for (size_t i = 0; c->rule && i < c->rule->n_params; i++) {
                const struct param *p = &c->rule->params[i];
                if (!str_eq(p->name, name)) {
                        names[i] = p->name;
                        continue;
                }
                if (!param_fits(param_value_types[p->type], type)) {
                        read_fault(c, node, "wrong-type", NULL, "parameter \"%s\" is %s; %s is wanted here", name,
                                   types[param_value_types[p->type]].what, types[type].what);
                        return false;
                }
                *ret = p->value;
                ret->param = (int16_t) (i + 1);
                return true;
        }
        read_fault(c, node, "unknown-param",
                   c->rule && c->rule->n_params ? read_hint(c, name, names) : "declare it under `params:`",
                   "the rule has no parameter \"%s\"", name);
        return false;
}

static const char *fold_phrase(struct rule_reader *c, const char *s) {
        size_t n = strlen(s);
        char *out = read_new0(c, char, 2 * n + 1);
        if (out)
                (void) phrase_fold(s, out, 2 * n + 1);
        return out;
}

static bool read_string(struct rule_reader *c, const struct yaml_node *node, const struct fact_field *field,
                        struct literal *ret) {
        if (yaml_is_null(node)) {
                read_fault(c, node, "wrong-type", NULL, "a text is wanted here");
                return false;
        }
        char *s = arena_strdup(c->arena, node->scalar);
        ret->folded = fold_phrase(c, node->scalar);
        if (!s) {
                c->error = -ENOMEM;
                return false;
        }
        /* Addresses are kept in lower case by the fold. */
        if (field && str_eq(field->name, "person"))
                for (char *p = s; *p; p++)
                        if (*p >= 'A' && *p <= 'Z')
                                *p = (char) (*p - 'A' + 'a');
        ret->value = (struct value){.type = VALUE_STRING, .s = s};
        if (!field || !str_eq(field->name, "client") || !c->settings)
                return true;
        const char **ids = read_new0(c, const char *, c->settings->n_clients + 1);
        for (size_t i = 0; ids && i < c->settings->n_clients; i++) {
                if (str_eq(c->settings->clients[i].id, s))
                        return true;
                ids[i] = c->settings->clients[i].id;
        }
        read_fault(c, node, "unknown-client", ids ? read_hint(c, s, ids) : NULL, "no client \"%s\"", s);
        return false;
}

static bool read_enum(struct rule_reader *c, const struct yaml_node *node, const struct fact_field *field,
                      struct literal *ret) {
        for (const char *const *p = field->values; *p; p++)
                if (str_eq(*p, node->scalar)) {
                        ret->value = (struct value){.type = VALUE_ENUM, .s = *p};
                        return true;
                }
        read_fault(c, node, "bad-value", read_hint(c, node->scalar, field->values), "\"%s\" is no value of %s", node->scalar,
                   field->name);
        return false;
}

static bool read_duration(struct rule_reader *c, const struct yaml_node *node, struct literal *ret) {
        if (duration_parse(node->scalar, &ret->duration) < 0) {
                read_fault(c, node, "bad-duration", "units: s m h d w mo, bh bd in working time; as in 15m, 24h, 3bd",
                           "\"%s\" is no duration", node->scalar);
                return false;
        }
        ret->value = (struct value){.type = VALUE_DURATION, .i = duration_seconds(&ret->duration)};
        return true;
}

/* Facts hold hundredths, whatever the currency. */
static bool read_amount(struct rule_reader *c, const struct yaml_node *node, struct literal *ret) {
        double number;
        if (yaml_number(node, &number) < 0 || number > AMOUNT_MAX || number < -AMOUNT_MAX) {
                read_fault(c, node, "wrong-type", NULL, "an amount is wanted here, not \"%s\"", node->scalar);
                return false;
        }
        ret->value = (struct value){.type = VALUE_MONEY, .i = (int64_t) (number * 100 + (number < 0 ? -0.5 : 0.5))};
        return true;
}

bool read_literal(struct rule_reader *c, const struct yaml_node *node, enum value_type type, const struct fact_field *field,
                  struct literal *ret) {
        *ret = (struct literal){.value = {.type = type}};
        if (node->type != YAML_SCALAR) {
                read_fault(c, node, "wrong-type", NULL, "%s is wanted here", types[type].what);
                return false;
        }
        if (node->scalar[0] == '$')
                return read_param_reference(c, node, type, ret);
        int r = 0;
        switch (type) {
        case VALUE_BOOL:
                r = yaml_bool(node, &ret->value.b);
                break;
        case VALUE_INT:
                r = yaml_int(node, &ret->value.i);
                break;
        case VALUE_NUMBER:
                r = yaml_number(node, &ret->value.number);
                break;
        case VALUE_DURATION:
                return read_duration(c, node, ret);
        case VALUE_INSTANT:
                return read_instant(c, node, false, &ret->value.i) >= 0;
        case VALUE_ENUM:
                return read_enum(c, node, field, ret);
        case VALUE_MONEY:
                return read_amount(c, node, ret);
        default:
                return read_string(c, node, field, ret);
        }
        if (r < 0)
                read_fault(c, node, "wrong-type", types[type].example, "%s is wanted here, not \"%s\"", types[type].what,
                           node->scalar);
        return r >= 0;
}

/* What `contains` looks for; the words of lists are read alike. */
bool check_phrase(struct rule_reader *c, const struct yaml_node *node, const char *text) {
        size_t n = strlen(text);
        if (n == 0 || n > PHRASE_MAX) {
                read_fault(c, node, "bad-value", NULL, "a phrase has 1 to %u characters", PHRASE_MAX);
                return false;
        }
        if (!phrase_is_pattern(text))
                return true;
        read_fault(c, node, "bad-pattern", pattern_hint, "\"%s\" looks like a regular expression", text);
        return false;
}

void open_phrase(struct rule_reader *c, struct literal *l) {
        size_t n = l->folded ? strlen(l->folded) : 0;
        if (n < 2 || l->folded[n - 1] != '*')
                return;
        l->open_end = true;
        l->folded = arena_strndup(c->arena, l->folded, n - 1);
        if (!l->folded)
                c->error = -ENOMEM;
}

/* --- reading conditions */

const struct fact_field *read_field_name(struct rule_reader *c, const struct yaml_node *key, uint32_t fact_types,
                                         int16_t *index) {
        const struct fact_field *found = NULL;
        for (int t = 0; t < _FACT_TYPE_MAX; t++) {
                if (!(fact_types & BIT(t)))
                        continue;
                const struct fact_row *row = &fact_table[t];
                int i = fact_field_index((enum fact_type) t, key->scalar);
                if (i == -ENOENT) {
                        const char *names[FACT_FIELDS_MAX + FACT_COMMON_FIELDS + 4] = {NULL};
                        size_t n = 0;
                        for (uint32_t k = 0; k < row->n_fields; k++)
                                names[n++] = row->fields[k].name;
                        for (uint32_t k = 0; k < FACT_COMMON_FIELDS; k++)
                                names[n++] = fact_common_fields[k].name;
                        names[n++] = "any";
                        names[n++] = "all";
                        names[n++] = "not";
                        read_fault(c, key, "unknown-field", read_hint(c, key->scalar, names), "fact %s has no field \"%s\"",
                                   row->name, key->scalar);
                        return NULL;
                }
                index[t] = (int16_t) i;
                const struct fact_field *field = i >= 0 ? &row->fields[i] : &fact_common_fields[-1000 - i];
                if (found && (found->type != field->type || found->values != field->values)) {
                        read_fault(c, key, "wrong-type", "make two rules of it",
                                   "\"%s\" is not the same thing in all these facts", key->scalar);
                        return NULL;
                }
                found = field;
        }
        return found;
}

static const struct word_list *find_list(const struct rule_reader *c, const char *name) {
        for (size_t i = 0; i < c->rs->n_lists; i++)
                if (str_eq(c->rs->lists[i].name, name))
                        return &c->rs->lists[i];
        return NULL;
}

static bool read_in_list(struct rule_reader *c, const struct yaml_node *node, struct condition *ret) {
        const char *name = read_word(c, node, "the name of a list");
        if (!name)
                return false;
        ret->list = find_list(c, name);
        if (ret->list)
                return true;
        const char **names = read_new0(c, const char *, c->rs->n_lists + 1);
        for (size_t i = 0; names && i < c->rs->n_lists; i++)
                names[i] = c->rs->lists[i].name;
        const char *hint = names && names[0] ? read_hint(c, name, names) : "declare it under `lists:`";
        read_fault(c, node, "unknown-list", hint, "no list \"%s\"", name);
        return false;
}

/* "notice" is on the wall, "working_notice" in working time: only there a length in working time means something. */
static bool read_compared(struct rule_reader *c, const struct yaml_node *node, enum value_type type,
                          const struct fact_field *field, struct literal *ret) {
        bool working = strncmp(field->name, "working_", strlen("working_")) == 0;
        return read_literal(c, node, type, field, ret) && (working || check_wall(c, node, field->name, ret));
}

static bool read_in(struct rule_reader *c, const struct yaml_node *node, const struct fact_field *field,
                    struct condition *ret) {
        if (node->type != YAML_SEQUENCE || !node->child) {
                read_fault(c, node, "wrong-type", NULL, "`in` wants a list of values: [a, b]");
                return false;
        }
        size_t n = 0;
        for (const struct yaml_node *p = node->child; p; p = p->next)
                n++;
        ret->literals = read_new0(c, struct literal, n);
        bool good = ret->literals;
        for (const struct yaml_node *p = node->child; p && ret->literals; p = p->next)
                good &= read_compared(c, p, field->type, field, &ret->literals[ret->n_literals++]);
        return good;
}

static bool read_operand(struct rule_reader *c, const struct yaml_node *node, const struct fact_field *field,
                         uint32_t fact_types, struct condition *ret) {
        if (ret->op == COMPARISON_IN_LIST)
                return read_in_list(c, node, ret);
        if (ret->op == COMPARISON_IN)
                return read_in(c, node, field, ret);
        ret->literals = read_new0(c, struct literal, 1);
        ret->n_literals = 1;
        enum value_type type = field->type == VALUE_LIST ? VALUE_STRING : field->type;
        if (!ret->literals || !read_compared(c, node, type, field, ret->literals))
                return false;
        struct literal *l = ret->literals;
        if (ret->op == COMPARISON_CONTAINS && l->folded && field->type != VALUE_LIST) {
                if (!check_phrase(c, node, l->value.s))
                        return false;
                param_used(c, l, PARAM_PHRASE);
                if (l->param == 0)
                        open_phrase(c, l);
        }
        /* A list of the rule files is looked up in the text itself: the fold knows only shipped ones. */
        if (field->type != VALUE_LIST || node->scalar[0] == '$')
                return true;
        if (!read_in_list(c, node, ret))
                return false;
        ret->op = COMPARISON_IN_LIST;
        for (int t = 0; t < _FACT_TYPE_MAX; t++)
                if (fact_types & BIT(t))
                        ret->index[t] = (int16_t) fact_field_index((enum fact_type) t, "text");
        c->rule->reads_text = true;
        return true;
}

static struct condition *new_condition(struct rule_reader *c, enum condition_kind kind, struct condition ***tail) {
        struct condition *p = read_new0(c, struct condition, 1);
        if (!p)
                return NULL;
        p->kind = kind;
        **tail = p;
        *tail = &p->next;
        return p;
}

static bool read_compare(struct rule_reader *c, const struct yaml_node *node, enum comparison op,
                         const struct fact_field *field, uint32_t fact_types, const int16_t *index,
                         struct condition ***tail) {
        struct condition *p = new_condition(c, CONDITION_COMPARE, tail);
        if (!p)
                return false;
        p->op = op;
        p->node = node;
        memcpy(p->index, index, sizeof(p->index));
        return read_operand(c, node, field, fact_types, p);
}

static void op_hint(uint32_t ops, const char **names) {
        size_t n = 0;
        for (size_t i = 0; i < _COMPARISON_MAX; i++)
                if (ops & BIT(i))
                        names[n++] = comparison_names[i];
        names[n] = NULL;
}

bool range_is_empty(enum comparison a, const struct literal *x, enum comparison b, const struct literal *y) {
        const uint32_t above = BIT(COMPARISON_GT) | BIT(COMPARISON_GTE), below = BIT(COMPARISON_LT) | BIT(COMPARISON_LTE);
        if (!(BIT(a) & above) || !(BIT(b) & below) || x->param > 0 || y->param > 0)
                return false;
        int order = value_order(&x->value, &y->value);
        return order > 0 || (order == 0 && (a == COMPARISON_GT || b == COMPARISON_LT));
}

/* {gte: 20, lt: 8}: meant is the night, said is nothing. */
static bool check_range(struct rule_reader *c, const struct condition *first) {
        for (const struct condition *low = first; low; low = low->next)
                for (const struct condition *high = first; high; high = high->next) {
                        if (low->n_literals != 1 || high->n_literals != 1 ||
                            !range_is_empty(low->op, low->literals, high->op, high->literals))
                                continue;
                        read_fault(c, high->node, "bad-value", "write any: [{...}, {...}] where one of the two is enough",
                                   "nothing is both %s %s and %s %s", comparison_names[low->op], low->node->scalar,
                                   comparison_names[high->op], high->node->scalar);
                        return false;
                }
        return true;
}

static bool read_operators(struct rule_reader *c, const struct yaml_node *node, const struct fact_field *field,
                           uint32_t fact_types, const int16_t *index, struct condition ***tail) {
        bool good = node->child;
        struct condition **first = *tail;
        if (!node->child)
                read_fault(c, node, "wrong-type", NULL, "an empty comparison");
        for (const struct yaml_node *p = node->child; p; p = p->next) {
                size_t op = 0;
                while (op < _COMPARISON_MAX && !str_eq(comparison_names[op], p->key->scalar))
                        op++;
                const char *allowed[_COMPARISON_MAX + 1];
                op_hint(types[field->type].ops, allowed);
                if (op == _COMPARISON_MAX) {
                        read_fault(c, p->key, "unknown-key", read_hint(c, p->key->scalar ? p->key->scalar : "", allowed),
                                   "no comparison \"%s\"", p->key->scalar ? p->key->scalar : "");
                        good = false;
                } else if (!(types[field->type].ops & BIT(op))) {
                        read_fault(c, p->key, "wrong-type", read_hint(c, "", allowed),
                                   "%s is %s and cannot be compared by \"%s\"", field->name, types[field->type].what,
                                   p->key->scalar);
                        good = false;
                } else
                        good &= read_compare(c, p, (enum comparison) op, field, fact_types, index, tail);
        }
        return good && check_range(c, *first);
}

static bool read_field(struct rule_reader *c, const struct yaml_node *node, uint32_t fact_types, struct condition ***tail) {
        int16_t index[_FACT_TYPE_MAX] = {0};
        const struct fact_field *field = read_field_name(c, node->key, fact_types, index);
        if (!field)
                return false;
        if (str_eq(field->name, "text") && c->rule)
                c->rule->reads_text = true;
        if (node->type == YAML_MAPPING)
                return read_operators(c, node, field, fact_types, index, tail);
        enum comparison op = field->type == VALUE_LIST ? COMPARISON_CONTAINS : COMPARISON_EQ;
        if (node->type == YAML_SEQUENCE) {
                op = COMPARISON_IN;
                if (!(types[field->type].ops & BIT(op))) {
                        read_fault(c, node, "wrong-type", NULL, "%s is %s: one value is wanted here", field->name,
                                   types[field->type].what);
                        return false;
                }
        }
        return read_compare(c, node, op, field, fact_types, index, tail);
}

static bool read_map(struct rule_reader *c, const struct yaml_node *node, uint32_t fact_types, struct condition ***tail);

static bool read_branches(struct rule_reader *c, const struct yaml_node *node, enum condition_kind kind, uint32_t fact_types,
                          struct condition ***tail) {
        if (node->type != YAML_SEQUENCE || !node->child) {
                read_fault(c, node, "wrong-type", NULL, "`%s` wants a list of conditions: [{...}, {...}]",
                           node->key->scalar);
                return false;
        }
        struct condition *p = new_condition(c, kind, tail);
        if (!p)
                return false;
        struct condition **child = &p->child;
        bool good = true;
        for (const struct yaml_node *n = node->child; n; n = n->next)
                good &= read_map(c, n, fact_types, &child);
        return good;
}

/* Nesting is bounded by YAML_DEPTH_MAX. */
static bool read_map(struct rule_reader *c, const struct yaml_node *node, uint32_t fact_types, struct condition ***tail) {
        if (node->type != YAML_MAPPING || !node->child) {
                read_fault(c, node, "wrong-type", NULL, "a condition is a mapping of fields: {changed_by: client}");
                return false;
        }
        struct condition *all = new_condition(c, CONDITION_ALL, tail);
        if (!all)
                return false;
        struct condition **child = &all->child;
        bool good = true;
        for (const struct yaml_node *p = node->child; p; p = p->next) {
                if (str_eq(p->key->scalar, "any"))
                        good &= read_branches(c, p, CONDITION_ANY, fact_types, &child);
                else if (str_eq(p->key->scalar, "all"))
                        good &= read_branches(c, p, CONDITION_ALL, fact_types, &child);
                else if (str_eq(p->key->scalar, "not")) {
                        struct condition *not = new_condition(c, CONDITION_NOT, &child);
                        struct condition **inner = not ? &not ->child : NULL;
                        good &= not &&read_map(c, p, fact_types, &inner);
                } else
                        good &= read_field(c, p, fact_types, &child);
        }
        return good;
}

const struct condition *read_condition(struct rule_reader *c, const struct yaml_node *node, uint32_t fact_types) {
        struct condition *ret = NULL, **tail = &ret;
        if (!node || fact_types == 0)
                return NULL;
        return read_map(c, node, fact_types, &tail) ? ret : NULL;
}
