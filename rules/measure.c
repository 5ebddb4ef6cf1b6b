/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/measure.h"

const char *const measure_function_names[_MEASURE_MAX + 1] = {"count", "distinct", "sum",   "mean", "median",
                                                              "p90",   "ratio",    "share", NULL};

#define BIT(x) (1U << (x))
/* Those that grow with the length of a window: a past of another length is compared as a rate. */
#define RATES (BIT(MEASURE_COUNT) | BIT(MEASURE_DISTINCT) | BIT(MEASURE_SUM))
/* Those that need the values in order. */
#define ORDERED (BIT(MEASURE_DISTINCT) | BIT(MEASURE_MEDIAN) | BIT(MEASURE_P90))
#define ENTRIES_ROOM 8U

struct entry {
        instant at;
        int64_t value;
        bool part, whole;
};

/* What is known of the facts of one window. */
struct tally {
        size_t n, whole, distinct;
        __int128 sum;    /* exact, so that what left leaves nothing behind */
        int64_t *sorted; /* owned; ORDERED only */
        size_t allocated;
};

struct measured {
        struct entry *entries; /* owned, by time: [head, middle) are the past, [middle, tail) the window */
        size_t head, middle, tail, allocated;
        struct tally now, past;
        instant first_at; /* of the first fact ever */
};

struct measured *measured_free(struct measured *m) {
        if (!m)
                return NULL;
        free(m->now.sorted);
        free(m->past.sorted);
        free(m->entries);
        free(m);
        return NULL;
}

/* --- tallies */

/* The place of the first value that is not smaller. */
static size_t place_of(const struct tally *t, int64_t value) {
        size_t low = 0, high = t->n;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (t->sorted[middle] < value)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

static int sorted_add(struct tally *t, int64_t value) {
        if (t->n == t->allocated) {
                size_t room = MAX(t->allocated * 2, (size_t) ENTRIES_ROOM);
                int64_t *p = reallocarray(t->sorted, room, sizeof(*p));
                if (!p)
                        return -ENOMEM;
                t->sorted = p;
                t->allocated = room;
        }
        size_t i = place_of(t, value);
        t->distinct += i == t->n || t->sorted[i] != value;
        memmove(t->sorted + i + 1, t->sorted + i, (t->n - i) * sizeof(*t->sorted));
        t->sorted[i] = value;
        return 0;
}

static void sorted_remove(struct tally *t, int64_t value) {
        size_t i = place_of(t, value);
        memmove(t->sorted + i, t->sorted + i + 1, (t->n - i - 1) * sizeof(*t->sorted));
        t->distinct -= i == t->n - 1 || t->sorted[i] != value;
}

static int tally_add(struct tally *t, const struct entry *x, bool ordered) {
        int r = x->part && ordered ? sorted_add(t, x->value) : 0;
        if (r < 0)
                return r;
        t->whole += x->whole;
        if (x->part) {
                t->n++;
                t->sum += x->value;
        }
        return 0;
}

static void tally_remove(struct tally *t, const struct entry *x, bool ordered) {
        if (x->part && ordered)
                sorted_remove(t, x->value);
        t->whole -= x->whole;
        if (x->part) {
                t->n--;
                t->sum -= x->value;
        }
}

/* --- windows */

static int entries_make_room(struct measured *m) {
        if (m->tail < m->allocated)
                return 0;
        /* Moving costs what stays: at least half must go. */
        if (m->head >= m->allocated / 2 && m->head > 0) {
                memmove(m->entries, m->entries + m->head, (m->tail - m->head) * sizeof(*m->entries));
                m->middle -= m->head;
                m->tail -= m->head;
                m->head = 0;
                return 0;
        }
        size_t room = MAX(m->allocated * 2, (size_t) ENTRIES_ROOM);
        struct entry *p = reallocarray(m->entries, room, sizeof(*p));
        if (!p)
                return -ENOMEM;
        m->entries = p;
        m->allocated = room;
        return 0;
}

int measured_add(struct measured **field, const struct measure *spec, instant at, bool part, bool whole, int64_t value) {
        struct measured *m = *field ? *field : calloc(1, sizeof(*m));
        if (!m)
                return -ENOMEM;
        if (!*field)
                m->first_at = at;
        *field = m;
        int r = entries_make_room(m);
        if (r < 0)
                return r;
        const struct entry x = {at, value, part, whole};
        r = tally_add(&m->now, &x, ORDERED & BIT(spec->function));
        if (r < 0)
                return r;
        m->entries[m->tail++] = x;
        return 0;
}

/* Lets go what is not later than `from`, and of the past what is not later than `past_from`. */
static int measured_move(struct measured *m, const struct measure *spec, instant from, instant past_from) {
        bool ordered = ORDERED & BIT(spec->function);
        for (; m->middle < m->tail && m->entries[m->middle].at <= from; m->middle++) {
                int r = spec->has_past ? tally_add(&m->past, &m->entries[m->middle], ordered) : 0;
                if (r < 0)
                        return r;
                tally_remove(&m->now, &m->entries[m->middle], ordered);
        }
        for (; m->head < m->middle && (!spec->has_past || m->entries[m->head].at <= past_from); m->head++)
                if (spec->has_past)
                        tally_remove(&m->past, &m->entries[m->head], ordered);
        return 0;
}

/* --- numbers */

/* Nearest rank: the smallest value that at least nine in ten do not exceed. */
static double ninetieth(const struct tally *t) {
        return (double) t->sorted[(t->n * 9 + 9) / 10 - 1];
}

static double median(const struct tally *t) {
        double upper = (double) t->sorted[t->n / 2];
        return t->n % 2 ? upper : ((double) t->sorted[t->n / 2 - 1] + upper) / 2;
}

static double amount(const struct tally *t, const struct measure *spec) {
        return spec->has_field ? (double) t->sum : (double) t->n;
}

static bool tally_number(const struct tally *t, const struct tally *all, const struct measure *spec, double *ret) {
        if (spec->function == MEASURE_RATIO ? t->whole == 0 : t->n == 0)
                return false;
        switch (spec->function) {
        case MEASURE_DISTINCT:
                *ret = (double) t->distinct;
                return true;
        case MEASURE_SUM:
                *ret = (double) t->sum;
                return true;
        case MEASURE_MEAN:
                *ret = (double) t->sum / (double) t->n;
                return true;
        case MEASURE_MEDIAN:
                *ret = median(t);
                return true;
        case MEASURE_P90:
                *ret = ninetieth(t);
                return true;
        case MEASURE_RATIO:
                *ret = (double) t->n / (double) t->whole;
                return true;
        case MEASURE_SHARE:
                if (amount(all, spec) <= 0)
                        return false;
                *ret = amount(t, spec) / amount(all, spec);
                return true;
        default:
                *ret = (double) t->n;
                return true;
        }
}

static size_t facts_of(const struct tally *t, const struct measure *spec) {
        return spec->function == MEASURE_RATIO ? t->whole : t->n;
}

static bool against_past(const struct measured *m, const struct measure *spec, size_t min_facts, instant at, int64_t over,
                         int64_t past, double *number) {
        bool rate = RATES & BIT(spec->function);
        double before;
        /* Who is known for a short time only has no past to be compared with. */
        if ((rate && m->first_at > at - over - past) || facts_of(&m->past, spec) < min_facts ||
            !tally_number(&m->past, &m->past, spec, &before) || before <= 0)
                return false;
        *number = rate ? *number * (double) past / (before * (double) over) : *number / before;
        return true;
}

int measured_number(struct measured *m, struct measured *all, const struct measure *spec, const struct rule_variant *v,
                    instant at, double *ret) {
        int64_t over = literal_resolve(&spec->over, v)->value.i;
        int64_t past = spec->has_past ? literal_resolve(&spec->own_past, v)->value.i : 0;
        size_t min_facts = (size_t) MAX(literal_resolve(&spec->min_facts, v)->value.i, INT64_C(1));
        const struct tally *whole = all ? &all->now : &m->now;
        double number;
        int r = measured_move(m, spec, at - over, at - over - past);
        if (r >= 0 && all)
                r = measured_move(all, spec, at - over, at - over);
        if (r < 0)
                return r;
        if (facts_of(whole, spec) < min_facts || !tally_number(&m->now, whole, spec, &number) ||
            (spec->has_past && !against_past(m, spec, min_facts, at, over, past, &number)))
                return 0;
        *ret = number;
        return 1;
}

static bool test_holds(enum comparison op, double a, double b) {
        switch (op) {
        case COMPARISON_EQ:
                return a == b;
        case COMPARISON_NEQ:
                return a != b;
        case COMPARISON_LT:
                return a < b;
        case COMPARISON_LTE:
                return a <= b;
        case COMPARISON_GT:
                return a > b;
        case COMPARISON_GTE:
                return a >= b;
        default:
                return false;
        }
}

bool measure_is(const struct measure *spec, const struct rule_variant *v, double number) {
        for (size_t i = 0; i < spec->n_tests; i++) {
                const struct value *value = &literal_resolve(&spec->tests[i].value, v)->value;
                double limit = value->type == VALUE_NUMBER ? value->number : (double) value->i;
                if (!test_holds(spec->tests[i].op, number, limit))
                        return false;
        }
        return true;
}

bool measured_is_spent(const struct measured *m, const struct measure *spec, const struct rule_variant *v, instant at) {
        /* How long it is known matters for a rate. */
        if (spec->has_past && (RATES & BIT(spec->function)))
                return false;
        int64_t reach = literal_resolve(&spec->over, v)->value.i;
        if (spec->has_past)
                reach += literal_resolve(&spec->own_past, v)->value.i;
        return m->tail == 0 || m->entries[m->tail - 1].at <= at - reach;
}
