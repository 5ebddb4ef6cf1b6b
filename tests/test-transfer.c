/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "parsers/transfer.h"

static void test_base64(void **state) {
        static const struct {
                const char *text, *expected;
        } table[] = {
                {"", ""},
                {"YQ==", "a"},
                {"YWI=", "ab"},
                {"YWJj", "abc"},
                {"YWJj\r\nZGVm\r\n", "abcdef"},
                {"Y W\tJ\nj", "abc"},
                {"YQ", "a"},        /* padding forgotten */
                {"YQ==YQ==", "aa"}, /* two encodings in a row */
                {"YW!Jj*", "abc"},  /* junk between */
                {"____", "\xff\xff\xff"},
                {"=", ""},
                {"Y", ""},
                {"====YWJj", "abc"},
        };
        char out[32];
        bool cut;
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                size_t n = base64_decode(table[i].text, strlen(table[i].text), out, sizeof(out) - 1, &cut);
                out[n] = 0;
                assert_string_equal(out, table[i].expected);
                assert_false(cut);
        }
        assert_int_equal(base64_decode("YWJjZGVm", 8, out, 4, &cut), 4);
        assert_memory_equal(out, "abcd", 4);
        assert_true(cut);
        assert_int_equal(base64_decode("YWJj", 4, out, 0, &cut), 0);
        assert_true(cut);
}

static void test_quoted_printable(void **state) {
        static const struct {
                const char *text;
                bool word;
                const char *expected;
        } table[] = {
                {"", false, ""},
                {"a=E9b", false,
                 "a\xE9"
                 "b"},
                {"a=e9", false, "a\xE9"},
                {"a=\nb", false, "ab"},
                {"a=\r\nb", false, "ab"},
                {"a=  \r\nb", false, "ab"},
                {"a=", false, "a"},
                {"a=A", false, "a=A"}, /* where libetpan reads past the end */
                {"a=ZZ", false, "a=ZZ"},
                {"=3D=3D", false, "=="},
                {"a_b", false, "a_b"},
                {"a_b", true, "a b"},
                {"a=5Fb", true, "a_b"},
        };
        char out[32];
        bool cut;
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                size_t n = quoted_printable_decode(table[i].text, strlen(table[i].text), table[i].word, out, sizeof(out) - 1,
                                                   &cut);
                out[n] = 0;
                assert_string_equal(out, table[i].expected);
                assert_false(cut);
        }
        assert_int_equal(quoted_printable_decode("abcdef", 6, false, out, 4, &cut), 4);
        assert_true(cut);
}

static void test_names(void **state) {
        (void) state;
        assert_int_equal(transfer_encoding_find("base64", 6), TRANSFER_BASE64);
        assert_int_equal(transfer_encoding_find(" BASE64 ", 8), TRANSFER_BASE64);
        assert_int_equal(transfer_encoding_find("\"base64\"", 8), TRANSFER_BASE64);
        assert_int_equal(transfer_encoding_find("quoted-printable; x", 19), TRANSFER_QUOTED_PRINTABLE);
        assert_int_equal(transfer_encoding_find("base64x", 7), TRANSFER_IDENTITY);
        assert_int_equal(transfer_encoding_find("8bit", 4), TRANSFER_IDENTITY);
        assert_int_equal(transfer_encoding_find("", 0), TRANSFER_IDENTITY);
}

int main(void) {
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_base64), cmocka_unit_test(test_quoted_printable),
                                           cmocka_unit_test(test_names)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
