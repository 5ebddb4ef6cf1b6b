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

/* Between two runs of a program that is not there meanwhile. */
static void test_slept(void **state) {
        (void) state;
        const struct wakefulness before = {.boot = 7, .asleep = 1000, .up = 50000};
        struct wakefulness now = before;
        now.up += 86400;
        assert_false(slept_since(&before, &now));
        now.asleep += SLEEP_SECONDS - 1;
        assert_false(slept_since(&before, &now));
        now.asleep++;
        assert_true(slept_since(&before, &now));
        /* Started anew: only for as long as mail may not have been fetched. */
        now = (struct wakefulness){.boot = 8, .asleep = 0, .up = LULL_FETCH_SECONDS - 1};
        assert_true(slept_since(&before, &now));
        now.up++;
        assert_false(slept_since(&before, &now));
}

#define BEGIN INT64_C(5000)

static void test_catch_up(void **state) {
        (void) state;
        struct catch_up c = {};
        assert_false(catch_up_holds(&c, false, 0, BEGIN));
        /* Down: so long, and no longer. */
        assert_true(catch_up_holds(&c, true, 0, BEGIN));
        assert_true(catch_up_holds(&c, true, 0, BEGIN + CATCH_UP_NS - 1));
        assert_false(catch_up_holds(&c, true, 0, BEGIN + CATCH_UP_NS));
        assert_false(catch_up_holds(&c, true, 0, BEGIN + 5 * CATCH_UP_NS));
        /* Up again: what it gives is in parts, and is waited for as if it had just been noticed. */
        int64_t up = BEGIN + 6 * CATCH_UP_NS;
        assert_true(catch_up_holds(&c, true, up, up + 1));
        assert_true(catch_up_holds(&c, true, up, up + CATCH_UP_NS - 1));
        assert_false(catch_up_holds(&c, true, up, up + CATCH_UP_NS));
        /* Read whole; the next time begins anew. */
        assert_false(catch_up_holds(&c, false, 0, up + 2 * CATCH_UP_NS));
        assert_true(catch_up_holds(&c, true, 0, up + 3 * CATCH_UP_NS));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_begins),    cmocka_unit_test(test_ends),  cmocka_unit_test(test_again),
                cmocka_unit_test(test_clock_set), cmocka_unit_test(test_slept), cmocka_unit_test(test_catch_up),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
