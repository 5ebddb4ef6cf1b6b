/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Conditions on one fact, compiled once and tested often. Inside rules/ only. */

#include "rules/fact.h"
#include "rules/word_list.h"
#include "rules/worktime.h"

struct rule_variant;

/* A value as written, or a reference to a parameter of the rule, which can differ by client. */
struct literal {
        int16_t param; /* index + 1 of the rule's parameters; 0: none */
        struct value value;
        struct duration duration; /* VALUE_DURATION: as written, for arithmetic */
        const char *folded;       /* strings: folded, for `contains` */
        bool open_end;            /* `contains` with a * at the end */
};
const struct literal *literal_resolve(const struct literal *l, const struct rule_variant *v);

enum comparison {
        COMPARISON_EQ,
        COMPARISON_NEQ,
        COMPARISON_LT,
        COMPARISON_LTE,
        COMPARISON_GT,
        COMPARISON_GTE,
        COMPARISON_IN,
        COMPARISON_CONTAINS,
        COMPARISON_IN_LIST,
        _COMPARISON_MAX,
};
const char *comparison_name(enum comparison op) _pure_;
/* Can a field of that type be compared so? */
bool comparison_fits(enum value_type type, enum comparison op) _pure_;

enum condition_kind { CONDITION_ALL, CONDITION_ANY, CONDITION_NOT, CONDITION_COMPARE };

struct condition {
        enum condition_kind kind;
        enum comparison op;
        struct condition *child, *next;
        const struct yaml_node *node; /* COMPARE: what the field is compared with, as written */
        const struct word_list *list;
        struct literal *literals; /* one; for `in` as many as written */
        size_t n_literals;
        int16_t index[_FACT_TYPE_MAX]; /* the field, by type of fact */
};

/* Texts folded at once: those of the facts of one instant, which rules look into in turns, and their subjects. */
#define FOLDED_TEXTS_MAX 8U

struct folded_text {
        const char *text; /* whose folding is in `folded`; NULL: nobody's */
        char *folded;     /* owned */
        size_t size, allocated;
        bool searched; /* the lists found in it are known */
        uint64_t lists[LISTS_MAX / 64];
};

/* The texts of the facts being judged, each folded once however many phrases look into it. */
struct condition_scratch {
        struct folded_text texts[FOLDED_TEXTS_MAX];
        uint32_t next; /* the one to be given up for another text */
        int error;     /* sticky -ENOMEM */
};
void condition_scratch_free(struct condition_scratch *s);
/* Other facts are judged from now on: texts are known by where they lie, and these places may be used again. */
void condition_scratch_reset(struct condition_scratch *s);

/* VALUE_NONE satisfies no comparison. where may be NULL: holds. */
bool condition_holds(const struct condition *where, const struct fact *f, const struct rule_variant *v,
                     struct condition_scratch *s);
