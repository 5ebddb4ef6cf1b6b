/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/lull.h"

#define NOW INT64_C(1772000000)

static struct lull looked(instant read_at) {
        struct lull l = {.since = INSTANT_UNKNOWN};
        lull_look(&l, read_at, NOW);
        return l;
}

static void test_begins(void **state) {
        (void) state;
        assert_true(looked(NOW).since == INSTANT_UNKNOWN);
        assert_true(looked(NOW - LULL_SECONDS).since == INSTANT_UNKNOWN);
        assert_true(looked(NOW - LULL_SECONDS - 1).since == NOW - LULL_SECONDS - 1);
        /* A first reading says nothing of a lull, nor does a clock that was ahead. */
        assert_true(looked(INSTANT_UNKNOWN).since == INSTANT_UNKNOWN);
        assert_true(looked(NOW + 86400).since == INSTANT_UNKNOWN);
}

static void test_ends(void **state) {
        (void) state;
        instant slept = NOW - 8 * 3600;
        struct lull l = looked(slept);
        /* Read now and then while who fetches has not come yet. */
        lull_look(&l, NOW, NOW + 1);
        assert_true(l.since == slept);
        lull_look(&l, NOW + 1, NOW + LULL_FETCH_SECONDS - 1);
        assert_true(l.since == slept);
        lull_look(&l, NOW + LULL_FETCH_SECONDS - 1, NOW + LULL_FETCH_SECONDS);
        assert_true(l.since == INSTANT_UNKNOWN);
        lull_look(&l, NOW + LULL_FETCH_SECONDS, NOW + LULL_FETCH_SECONDS + 1);
        assert_true(l.since == INSTANT_UNKNOWN);
}

/* Awake for a minute between two nights: the first is not fetched either. */
static void test_again(void **state) {
        (void) state;
        instant slept = NOW - 8 * 3600, woke = NOW + 8 * 3600;
        struct lull l = looked(slept);
        lull_look(&l, NOW, NOW + 60);
        lull_look(&l, NOW + 60, woke);
        assert_true(l.since == slept);
        assert_true(l.until == woke + LULL_FETCH_SECONDS);
        /* Awake for long enough: only what came since then may be missing. */
        lull_look(&l, woke + LULL_FETCH_SECONDS, woke + 86400);
        assert_true(l.since == woke + LULL_FETCH_SECONDS);
}

/* The clock was a year ahead when it began, and is set right: it must not last for a year. */
static void test_clock_set(void **state) {
        (void) state;
        struct lull l = looked(NOW - 86400);
        lull_look(&l, NOW, NOW - 365 * INT64_C(86400));
        assert_true(l.since == INSTANT_UNKNOWN);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_begins),
                cmocka_unit_test(test_ends),
                cmocka_unit_test(test_again),
                cmocka_unit_test(test_clock_set),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
