/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "daemon/uid_set.h"

#define UNIVERSE 40U

/* The set as text; static storage. */
static const char *text(const struct uid_set *s) {
        static char out[4096];
        _cleanup_buf_ struct buf b = {0};
        assert_return_code(uid_set_print(s, &b), 0);
        (void) snprintf(out, sizeof(out), "%.*s", (int) b.size, b.data ? b.data : "");
        return out;
}

static void adding_joins_what_touches(void **state) {
        (void) state;
        struct uid_set s = {0};
        assert_int_equal(uid_set_add(&s, 5, 7), 0);
        assert_int_equal(uid_set_add(&s, 10, 12), 0);
        assert_string_equal(text(&s), "5:7,10:12");
        assert_int_equal(uid_set_add(&s, 8, 9), 0);
        assert_string_equal(text(&s), "5:12");
        assert_int_equal(uid_set_add(&s, 1, 1), 0);
        assert_int_equal(uid_set_add(&s, UINT32_MAX, UINT32_MAX), 0);
        assert_int_equal(uid_set_add(&s, UINT32_MAX - 1, UINT32_MAX - 1), 0);
        assert_string_equal(text(&s), "1,5:12,4294967294:4294967295");
        uid_set_done(&s);
}

/* Against an array of flags: every operation, in an order by chance. */
static void same_as_flags(void **state) {
        (void) state;
        struct uid_set s = {0};
        bool flags[UNIVERSE + 2] = {false};
        uint32_t random = 1;
        for (unsigned step = 0; step < 20000; step++) {
                random = random * 1103515245U + 12345U;
                uint32_t a = 1 + (random >> 16) % UNIVERSE, n = (random >> 8) % 4;
                uint32_t b = MIN(a + n, UNIVERSE);
                if (random >> 31)
                        for (uint32_t u = a; u <= b; u++) {
                                uid_set_remove(&s, u);
                                flags[u] = false;
                        }
                else {
                        assert_int_equal(uid_set_add(&s, a, b), 0);
                        for (uint32_t u = a; u <= b; u++)
                                flags[u] = true;
                }
                uint64_t count = 0;
                for (uint32_t u = 1; u <= UNIVERSE; u++) {
                        assert_int_equal(uid_set_has(&s, u), flags[u]);
                        count += flags[u];
                }
                assert_int_equal(uid_set_count(&s), count);
                uint32_t top = 1 + (random >> 20) % UNIVERSE, last = top;
                while (last > 0 && flags[last])
                        last--;
                uint32_t first = last;
                while (first > 1 && !flags[first - 1])
                        first--;
                struct uid_range r;
                assert_int_equal(uid_set_missing(&s, top, &r), last > 0);
                if (last > 0) {
                        assert_int_equal(r.first, first);
                        assert_int_equal(r.last, last);
                }
                struct uid_set again = {0};
                const char *t = text(&s);
                assert_int_equal(uid_set_parse(t, strlen(t), &again), 0);
                assert_int_equal(uid_set_count(&again), count);
                uid_set_done(&again);
        }
        uid_set_done(&s);
}

static void nonsense_is_refused(void **state) {
        (void) state;
        static const char *const wrong[] = {"0", "3:1", "1,", ",1", "1:", ":1", "a", "1 2", "4294967296", "1:2:3", "-1"};
        struct uid_set s = {0};
        assert_int_equal(uid_set_add(&s, 7, 9), 0);
        for (size_t i = 0; i < ELEMENTSOF(wrong); i++)
                assert_int_equal(uid_set_parse(wrong[i], strlen(wrong[i]), &s), -EINVAL);
        assert_string_equal(text(&s), "7:9");
        uid_set_done(&s);
}

static void has_a_ceiling(void **state) {
        (void) state;
        struct uid_set s = {0};
        for (uint32_t i = 0; i < UID_SET_RANGES_MAX; i++)
                assert_int_equal(uid_set_add(&s, 2 * i + 1, 2 * i + 1), 0);
        assert_int_equal(uid_set_add(&s, 2 * UID_SET_RANGES_MAX + 1, 2 * UID_SET_RANGES_MAX + 1), -E2BIG);
        /* What joins is no range more. */
        assert_int_equal(uid_set_add(&s, 2, 2), 0);
        uid_set_done(&s);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(adding_joins_what_touches),
                cmocka_unit_test(same_as_flags),
                cmocka_unit_test(nonsense_is_refused),
                cmocka_unit_test(has_a_ceiling),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
