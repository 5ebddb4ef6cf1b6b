/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/ruleset_internal.h"

/* Reading `measure:` from its YAML tree. */

#define BIT(x) (1U << (x))
#define WITHOUT_FIELD (BIT(MEASURE_COUNT) | BIT(MEASURE_RATIO))
#define FIELD_OPTIONAL (BIT(MEASURE_SHARE))
/* A field that can be added up; any value can be told from others. */
#define SUMMABLE (BIT(VALUE_INT) | BIT(VALUE_DURATION) | BIT(VALUE_MONEY))
#define COMPARABLE (SUMMABLE | BIT(VALUE_STRING) | BIT(VALUE_BOOL) | BIT(VALUE_INSTANT) | BIT(VALUE_ENUM))

static const char *const tests[] = {
        [COMPARISON_EQ] = "eq",   [COMPARISON_NEQ] = "neq", [COMPARISON_LT] = "lt",
        [COMPARISON_LTE] = "lte", [COMPARISON_GT] = "gt",   [COMPARISON_GTE] = "gte",
};

/* The one function a measure has; NULL, and the fault told, for none or two. */
static const struct yaml_node *find_function(struct rule_reader *c, const struct yaml_node *node,
                                             enum measure_function *ret) {
        const struct yaml_node *found = NULL;
        for (const struct yaml_node *p = node->child; p; p = p->next)
                for (int i = 0; i < _MEASURE_MAX; i++) {
                        if (!str_eq(p->key->scalar, measure_function_names[i]))
                                continue;
                        if (found) {
                                read_fault(c, p->key, "two-kinds", "make two rules of it",
                                           "the measure has %s (line %u) and %s: keep exactly one", found->key->scalar,
                                           found->key->line, p->key->scalar);
                                return NULL;
                        }
                        found = p;
                        *ret = (enum measure_function) i;
                }
        if (!found)
                read_fault(c, node, "kind-missing", read_hint(c, "", measure_function_names),
                           "the measure does not say what number");
        return found;
}

static void read_measured_field(struct rule_reader *c, struct rule *rule, const struct yaml_node *node) {
        struct measure *m = &rule->measure;
        const struct yaml_node *name = yaml_get(node, "field");
        if (!name) {
                if (!(BIT(m->function) & (WITHOUT_FIELD | FIELD_OPTIONAL)))
                        (void) read_missing(c, node, "field", measure_function_names[m->function]);
                return;
        }
        if (BIT(m->function) & WITHOUT_FIELD) {
                read_fault(c, name->key, "bad-value", "for values of a field: distinct, sum, mean, median, p90, share",
                           "`%s` counts facts and looks at no field", measure_function_names[m->function]);
                return;
        }
        if (!read_word(c, name, "the name of a field") || rule->steps[0].types == 0)
                return;
        const struct fact_field *field = read_field_name(c, name, rule->steps[0].types, m->field);
        if (!field)
                return;
        if (!(BIT(field->type) & (m->function == MEASURE_DISTINCT ? COMPARABLE : SUMMABLE))) {
                read_fault(c, name, "wrong-type", NULL, "\"%s\" is no number and no duration", field->name);
                return;
        }
        m->has_field = true;
        m->type = field->type;
}

static void read_pair(struct rule_reader *c, struct rule *rule, const struct yaml_node *node) {
        static const char *const names[] = {"part", "whole"};
        if (!read_keys(c, node, "ratio"))
                return;
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                const struct yaml_node *p = yaml_get(node, names[i]);
                if (!read_missing(c, node, names[i], "a ratio"))
                        read_fact_and_where(c, p, "match", &rule->steps[i]);
        }
        rule->n_steps = ELEMENTSOF(names);
}

/* What `is` compares with: what the number is of. */
static enum value_type number_type(const struct measure *m) {
        if (m->has_past || (BIT(m->function) & (BIT(MEASURE_RATIO) | BIT(MEASURE_SHARE))))
                return VALUE_NUMBER;
        if (BIT(m->function) & (BIT(MEASURE_COUNT) | BIT(MEASURE_DISTINCT)))
                return VALUE_INT;
        return m->type == VALUE_INT || m->type == VALUE_NONE ? VALUE_NUMBER : m->type;
}

/* "more than 30" of what is never above 1: people think in hundredths. */
static void check_share(struct rule_reader *c, const struct measure *m, const struct yaml_node *node,
                        const struct value *v) {
        double n = v->type == VALUE_NUMBER ? v->number : (double) v->i;
        if (m->function == MEASURE_SHARE && (n < 0 || n > 1))
                read_fault(c, node, "bad-value", "30 in 100 is written 0.3", "a share is a number from 0 to 1");
}

static void read_is(struct rule_reader *c, struct measure *m, const struct yaml_node *node) {
        if (node->type != YAML_MAPPING || !node->child) {
                read_fault(c, node, "wrong-type", NULL, "a comparison is wanted here: {gte: 3}");
                return;
        }
        for (const struct yaml_node *p = node->child; p; p = p->next) {
                const char *names[ELEMENTSOF(tests) + 1] = {NULL};
                size_t op = 0;
                memcpy(names, tests, sizeof(tests));
                while (op < ELEMENTSOF(tests) && !str_eq(tests[op], p->key->scalar))
                        op++;
                if (op == ELEMENTSOF(tests))
                        read_fault(c, p->key, "unknown-key", read_hint(c, p->key->scalar ? p->key->scalar : "", names),
                                   "no comparison \"%s\"", p->key->scalar ? p->key->scalar : "");
                else if (m->n_tests == MEASURE_TESTS_MAX)
                        read_fault(c, p->key, "bad-value", NULL, "at most %u comparisons", MEASURE_TESTS_MAX);
                else if (read_literal(c, p, number_type(m), NULL, &m->tests[m->n_tests].value) &&
                         check_wall(c, p, "the number", &m->tests[m->n_tests].value)) {
                        check_share(c, m, p, &m->tests[m->n_tests].value.value);
                        m->tests[m->n_tests++].op = (enum comparison) op;
                }
        }
}

static void check_range(struct rule_reader *c, const struct measure *m, const struct yaml_node *node) {
        for (size_t i = 0; i < m->n_tests; i++)
                for (size_t k = 0; k < m->n_tests; k++)
                        if (range_is_empty(m->tests[i].op, &m->tests[i].value, m->tests[k].op, &m->tests[k].value))
                                read_fault(c, node, "bad-value", NULL, "no number is both %s and %s these",
                                           tests[m->tests[i].op], tests[m->tests[k].op]);
}

static void read_against(struct rule_reader *c, struct measure *m, const struct yaml_node *node) {
        if (m->function == MEASURE_SHARE) {
                read_fault(c, node->key, "bad-value", NULL, "a share has no past of its own to be compared with");
                return;
        }
        if (read_keys(c, node, "against") && !read_missing(c, node, "own_past", "`against`"))
                m->has_past = read_window(c, yaml_get(node, "own_past"), "`own_past`", &m->own_past);
}

static void read_windows(struct rule_reader *c, struct measure *m, const struct yaml_node *node) {
        const struct yaml_node *min_facts = yaml_get(node, "min_facts"), *against = yaml_get(node, "against");
        m->min_facts = (struct literal){.value = {.type = VALUE_INT, .i = 1}};
        if (!read_missing(c, node, "over", "a measure"))
                (void) read_window(c, yaml_get(node, "over"), "`over`", &m->over);
        if (min_facts && read_whole_number(c, min_facts, &m->min_facts)) {
                if (m->min_facts.value.i < 1)
                        read_fault(c, min_facts, "bad-value", NULL, "at least one fact is needed for a number");
                param_used(c, &m->min_facts, PARAM_SOME);
        }
        if (against)
                read_against(c, m, against);
}

void read_measure(struct rule_reader *c, struct rule *rule, const struct yaml_node *node) {
        struct measure *m = &rule->measure;
        if (!read_keys(c, node, "measure"))
                return;
        const struct yaml_node *function = find_function(c, node, &m->function);
        if (function && m->function == MEASURE_RATIO)
                read_pair(c, rule, function);
        else if (function) {
                read_fact_and_where(c, function, "measured", &rule->steps[0]);
                rule->n_steps = 1;
                if (function->type == YAML_MAPPING)
                        read_measured_field(c, rule, function);
        }
        for (size_t i = 0; i < rule->n_steps; i++)
                rule->types |= rule->steps[i].types;
        read_windows(c, m, node);
        /* Without its field nobody knows what the number is of. */
        bool known = m->has_field || (function && (BIT(m->function) & (WITHOUT_FIELD | FIELD_OPTIONAL)));
        if (!read_missing(c, node, "is", "a measure") && known)
                read_is(c, m, yaml_get(node, "is"));
        if (m->n_tests > 1)
                check_range(c, m, yaml_get(node, "is"));
        read_grouping(c, rule, NULL);
}
