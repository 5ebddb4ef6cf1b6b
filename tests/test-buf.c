/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "parsers/buf.h"

static void test_grows(void **state) {
        (void) state;
        _cleanup_buf_ struct buf b = {};
        for (int i = 0; i < 10000; i++)
                assert_int_equal(buf_printf(&b, "%d,", i % 10), 0);
        assert_int_equal(b.size, 20000);
        assert_int_equal(b.data[19998], '9');
        assert_int_equal(b.data[b.size], 0);
}

static void test_ceiling_keeps_what_fits(void **state) {
        (void) state;
        _cleanup_buf_ struct buf b = BUF_LIMITED(5);
        assert_int_equal(buf_add_str(&b, "abc"), 0);
        assert_int_equal(buf_add_str(&b, "defg"), -E2BIG);
        assert_string_equal(b.data, "abcde");
        assert_int_equal(buf_add_char(&b, 'x'), -E2BIG); /* sticks */
        assert_string_equal(b.data, "abcde");
        buf_reset(&b);
        assert_int_equal(buf_add_str(&b, "12345"), 0);
        assert_int_equal(b.error, 0);
}

static void test_long_format(void **state) {
        (void) state;
        _cleanup_buf_ struct buf b = {};
        char word[1000];
        memset(word, 'w', sizeof(word) - 1);
        word[sizeof(word) - 1] = 0;
        assert_int_equal(buf_printf(&b, "<%s>", word), 0);
        assert_int_equal(b.size, 1001);
        assert_int_equal(b.data[1000], '>');
}

static void test_take(void **state) {
        (void) state;
        _cleanup_buf_ struct buf b = {};
        _cleanup_free_ char *empty = buf_take(&b);
        assert_string_equal(empty, "");
        assert_int_equal(buf_add(&b, "a\0b", 3), 0);
        _cleanup_free_ char *s = buf_take(&b);
        assert_memory_equal(s, "a\0b", 4);
        assert_null(b.data);
        assert_int_equal(b.size, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_grows),
                cmocka_unit_test(test_ceiling_keeps_what_fits),
                cmocka_unit_test(test_long_format),
                cmocka_unit_test(test_take),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
