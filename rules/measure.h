/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A number over a window of facts: what the rules of kind `measure` look at. Inside rules/ only.
 *
 * The window at an instant T is (T - over, T], its past (T - over - own_past, T - over]. Facts enter in the order of their times, and leave when a
 * later fact is judged: so each enters and leaves once, and memory follows the windows, not the years. */

#include "rules/condition.h"

enum measure_function {
        MEASURE_COUNT,
        MEASURE_DISTINCT,
        MEASURE_SUM,
        MEASURE_MEAN,
        MEASURE_MEDIAN,
        MEASURE_P90,
        MEASURE_RATIO,
        MEASURE_SHARE,
        _MEASURE_MAX,
};
extern const char *const measure_function_names[_MEASURE_MAX + 1]; /* NULL at the end */

/* Comparisons of one `is`: a range has two. */
#define MEASURE_TESTS_MAX 4U

struct measure_test {
        enum comparison op;
        struct literal value;
};

/* What a rule file says of a measure; the facts are the rule's steps: the first, and of a ratio the second, its whole. */
struct measure {
        enum measure_function function;
        bool has_field, has_past;
        enum value_type type; /* of the field */
        int16_t field[_FACT_TYPE_MAX];
        struct literal over, own_past, min_facts;
        struct measure_test tests[MEASURE_TESTS_MAX];
        size_t n_tests;
};

struct rule_variant;
struct measured;

struct measured *measured_free(struct measured *m);
/* A fact of the measure at `at`, not before the one given last. part, whole: which of the two it is of a ratio; else part. value: of the field,
 * a hash of it for `distinct`, 0 without a field. *m is made when it is NULL. 0, -ENOMEM. */
int measured_add(struct measured **m, const struct measure *spec, instant at, bool part, bool whole, int64_t value);
/* The number at `at`: 1, 0 when there is none to judge, -ENOMEM. `all`: of a share, the facts of all groups; else NULL. v gives the parameters. */
int measured_number(struct measured *m, struct measured *all, const struct measure *spec, const struct rule_variant *v,
                    instant at, double *ret);
/* Do all comparisons hold of it? */
bool measure_is(const struct measure *spec, const struct rule_variant *v, double number);
/* Would the group judge the same if it was made anew at a later fact? Then it can be let go. */
bool measured_is_spent(const struct measured *m, const struct measure *spec, const struct rule_variant *v, instant at);
