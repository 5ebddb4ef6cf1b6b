/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rules/diagnostic.h"

static const char *const keys[] = {"addresses", "time_zone", "language", "hours", "holidays", "name", "until", NULL};

static void test_add_keeps_copies(void **state) {
        (void) state;
        _cleanup_diagnostics_ struct diagnostics d = {0};
        char file[] = "a.yaml", hint[] = "did you mean \"name\"?", word[] = "nmae";
        diagnostics_add(&d, DIAGNOSTIC_ERROR, file, 3, 5, 4, "unknown-key", hint, "unknown key \"%s\"", word);
        file[0] = hint[0] = word[0] = 'X';
        assert_int_equal(d.n, 1);
        assert_int_equal(d.errors, 1);
        assert_int_equal(d.error, 0);
        assert_string_equal(d.items[0].file, "a.yaml");
        assert_string_equal(d.items[0].text, "unknown key \"nmae\"");
        assert_string_equal(d.items[0].hint, "did you mean \"name\"?");
        assert_string_equal(d.items[0].code, "unknown-key");
        assert_int_equal(d.items[0].line, 3);
        assert_int_equal(d.items[0].column, 5);
        assert_int_equal(d.items[0].length, 4);
}

static void test_warnings_are_no_errors(void **state) {
        (void) state;
        _cleanup_diagnostics_ struct diagnostics d = {0};
        diagnostics_add(&d, DIAGNOSTIC_WARNING, "a", 0, 0, 0, "x", NULL, "careful");
        assert_int_equal(d.n, 1);
        assert_int_equal(d.errors, 0);
        assert_int_equal(d.items[0].length, 1);
        assert_null(d.items[0].hint);
}

static void test_sort_is_stable(void **state) {
        (void) state;
        _cleanup_diagnostics_ struct diagnostics d = {0};
        static const struct {
                const char *file;
                uint32_t line, column;
                const char *text;
        } in[] = {{"b", 1, 1, "6"}, {"a", 9, 9, "5"}, {"a", 2, 7, "3"},
                  {"a", 2, 1, "1"}, {"a", 2, 1, "2"}, {"a", 9, 1, "4"}};
        for (size_t i = 0; i < ELEMENTSOF(in); i++)
                diagnostics_add(&d, DIAGNOSTIC_ERROR, in[i].file, in[i].line, in[i].column, 1, "x", NULL, "%s", in[i].text);
        diagnostics_sort(&d);
        for (size_t i = 0; i < ELEMENTSOF(in); i++) {
                char want[] = {(char) ('1' + i), 0};
                assert_string_equal(d.items[i].text, want);
        }
}

static void test_list_is_bounded_but_counts(void **state) {
        (void) state;
        _cleanup_diagnostics_ struct diagnostics d = {0};
        for (int i = 0; i < 5000; i++)
                diagnostics_add(&d, DIAGNOSTIC_ERROR, "a", 1, 1, 1, "x", NULL, "%d", i);
        assert_int_equal(d.errors, 5000);
        assert_int_equal(d.n, 1000);
}

static void test_free_twice(void **state) {
        (void) state;
        struct diagnostics d = {0};
        diagnostics_add(&d, DIAGNOSTIC_ERROR, NULL, 1, 1, 1, "x", "h", "t");
        assert_string_equal(d.items[0].file, "");
        diagnostics_free(&d);
        diagnostics_free(&d);
        assert_int_equal(d.n, 0);
}

static void test_suggest(void **state) {
        (void) state;
        assert_string_equal(suggest("adresses", keys), "addresses");
        assert_string_equal(suggest("timezone", keys), "time_zone");
        assert_string_equal(suggest("time-zone", keys), "time_zone");
        assert_string_equal(suggest("Time Zone", keys), "time_zone");
        assert_string_equal(suggest("HOURS", keys), "hours");
        assert_string_equal(suggest("nmae", keys), "name");
        assert_string_equal(suggest("untill", keys), "until");
        assert_string_equal(suggest("holiday", keys), "holidays");
}

static void test_suggest_nothing_near(void **state) {
        (void) state;
        static const char *const none[] = {NULL}, *const empty[] = {"", NULL}, *const two[] = {"ab", NULL};
        assert_null(suggest("password", keys));
        assert_null(suggest("", keys));
        assert_null(suggest("x", keys));
        assert_null(suggest("name", none));
        assert_null(suggest("name", empty));
        assert_null(suggest("xy", two));
        char word[200];
        memset(word, 'a', sizeof(word) - 1);
        word[sizeof(word) - 1] = 0;
        assert_null(suggest(word, keys));
        word[63] = 0;
        assert_null(suggest(word, keys));
}

static void test_suggest_takes_the_nearest(void **state) {
        (void) state;
        static const char *const names[] = {"mailbox", "maildir", "mbox", NULL};
        assert_string_equal(suggest("mailbx", names), "mailbox");
        assert_string_equal(suggest("maildri", names), "maildir");
        assert_string_equal(suggest("mbx", names), "mbox");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_add_keeps_copies),     cmocka_unit_test(test_warnings_are_no_errors),
                cmocka_unit_test(test_sort_is_stable),       cmocka_unit_test(test_list_is_bounded_but_counts),
                cmocka_unit_test(test_free_twice),           cmocka_unit_test(test_suggest),
                cmocka_unit_test(test_suggest_nothing_near), cmocka_unit_test(test_suggest_takes_the_nearest),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
