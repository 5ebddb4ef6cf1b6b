/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "parsers/arena.h"

static void test_zeroed_and_aligned(void **state) {
        (void) state;
        _cleanup_arena_ struct arena *a = NULL;
        assert_int_equal(arena_new(0, &a), 0);
        for (size_t n = 1; n < 5000; n += 37) {
                unsigned char *p = arena_alloc(a, n);
                assert_non_null(p);
                assert_int_equal((uintptr_t) p % _Alignof(max_align_t), 0);
                for (size_t i = 0; i < n; i++)
                        assert_int_equal(p[i], 0);
                memset(p, 0xff, n); /* dirties the block for the next round */
        }
        arena_reset(a);
        assert_int_equal(arena_used(a), 0);
        unsigned char *p = arena_alloc(a, 4000);
        for (size_t i = 0; i < 4000; i++)
                assert_int_equal(p[i], 0);
}

static void test_ceiling(void **state) {
        (void) state;
        _cleanup_arena_ struct arena *a = NULL;
        assert_int_equal(arena_new(1000, &a), 0);
        assert_non_null(arena_alloc(a, 900));
        assert_null(arena_alloc(a, 200));
        assert_non_null(arena_alloc(a, 50)); /* a refusal does not poison what still fits */
        assert_null(arena_alloc(a, SIZE_MAX));
        assert_null(arena_alloc_array(a, SIZE_MAX / 2, 4));
        arena_reset(a);
        assert_non_null(arena_alloc(a, 900));
}

static void test_large_after_small_blocks(void **state) {
        (void) state;
        _cleanup_arena_ struct arena *a = NULL;
        assert_int_equal(arena_new(0, &a), 0);
        for (int round = 0; round < 3; round++) {
                for (int i = 0; i < 100; i++)
                        assert_non_null(arena_alloc(a, 1000));
                char *large = arena_alloc(a, 100000);
                assert_non_null(large);
                memset(large, 1, 100000);
                assert_non_null(arena_alloc(a, 1000));
                arena_reset(a);
        }
}

static void test_strings(void **state) {
        (void) state;
        _cleanup_arena_ struct arena *a = NULL;
        assert_int_equal(arena_new(0, &a), 0);
        assert_null(arena_strdup(a, NULL));
        assert_string_equal(arena_strdup(a, ""), "");
        assert_string_equal(arena_strdup(a, "réunion"), "réunion");
        assert_string_equal(arena_strndup(a, "abcdef", 3), "abc");
        assert_string_equal(arena_printf(a, "%s-%d", "x", 42), "x-42");
        assert_null(arena_free(NULL));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_zeroed_and_aligned),
                cmocka_unit_test(test_ceiling),
                cmocka_unit_test(test_large_after_small_blocks),
                cmocka_unit_test(test_strings),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
