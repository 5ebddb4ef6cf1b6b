/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "parsers/text.h"
#include "parsers/utf8.h"

static struct charset_set *set;

static int open_set(void **state) {
        (void) state;
        return charset_open(&set);
}

static int close_set(void **state) {
        (void) state;
        set = charset_close(set);
        return 0;
}

static void check(const char *label, const char *bytes, size_t n, const char *expected) {
        struct arena *arena;
        char *text = NULL;
        bool cut = true;
        assert_int_equal(arena_new(0, &arena), 0);
        assert_int_equal(charset_decode(set, label, bytes, n, 1000, arena, &text, &cut), 0);
        if (strcmp(text, expected) != 0)
                fail_msg("%s: \"%s\" instead of \"%s\"", label ? label : "(none)", text, expected);
        assert_true(utf8_clean(text, strlen(text)));
        assert_false(cut);
        arena_free(arena);
}
#define CHECK(label, bytes, expected) check(label, bytes, sizeof(bytes) - 1, expected)

static void test_labels(void **state) {
        (void) state;
        CHECK("us-ascii", "plain", "plain");
        CHECK("utf-8", "d\xC3\xA9sol\xC3\xA9", "désolé");
        CHECK("UTF8", "\xE2\x82\xAC", "€");
        CHECK("iso-8859-1", "d\xE9sol\xE9", "désolé");
        CHECK("ISO_8859-1:1987", "\xE9", "é");
        CHECK("latin1", "\x80\x92\x97", "€’—"); /* windows-1252 under its name */
        CHECK("windows-1252", "\x81\xE9", "?é");
        CHECK("iso-8859-15", "\xA4", "€");
        CHECK("iso-8859-2", "\xB1", "ą");
        CHECK("iso-8859-9", "\xFE", "ş");
        CHECK("windows-1250", "\x9A", "š");
        CHECK("windows-1251", "\xCF\xF0\xE8\xE2\xE5\xF2", "Привет");
        CHECK("koi8-r", "\xF0\xD2\xC9\xD7\xC5\xD4", "Привет");
        CHECK("gb2312", "\xC4\xE3\xBA\xC3", "你好");
        CHECK("GBK", "\xC4\xE3\xBA\xC3", "你好");
        CHECK("big5", "\xA7\x41\xA6\x6E", "你好");
        CHECK("ks_c_5601-1987", "\xBE\xC8\xB3\xE7", "안녕");
        CHECK("euc-jp", "\xA4\xB3\xA4\xF3", "こん");
        CHECK("shift_jis", "\x82\xB1\x82\xF1", "こん");
        CHECK("iso-2022-jp", "\x1b$B$3$s\x1b(B!", "こん!");
        CHECK("utf-16", "\xFF\xFEh\0\xE9\0", "hé");
        CHECK("utf-16le", "h\0\xE9\0", "hé");
        CHECK("utf-16be", "\0h\0\xE9", "hé");
        CHECK("utf-7", "caf+AOk-", "café");
        CHECK("macintosh", "caf\x8E", "café");
        CHECK("cp850", "caf\x82", "café");
        CHECK("cp437", "caf\x82", "café");
}

static void test_wrong_labels(void **state) {
        (void) state;
        CHECK("us-ascii", "d\xC3\xA9j\xC3\xA0", "déjà");
        CHECK("us-ascii", "d\xE9j\xE0", "déjà");
        CHECK(NULL, "d\xE9j\xE0", "déjà");
        CHECK("", "d\xC3\xA9", "dé");
        CHECK("x-unknown", "d\xE9", "dé");
        CHECK("iso-8859-1", "d\xC3\xA9j\xC3\xA0", "déjà"); /* UTF-8 by its bytes */
        CHECK("utf-8", "d\xE9j\xE0 vu", "déjà vu");        /* latin-1 by its bytes */
        CHECK("utf-8", "\xC3\xA9\xC3\xA9 \xE9", "éé ?");   /* damaged UTF-8 stays UTF-8 */
        CHECK("utf-16le", "plain text", "plain text");
        CHECK("utf-8//IGNORE", "ab", "ab");
        CHECK("../../etc/passwd", "d\xE9", "dé");
        CHECK("gb2312", "caf\xE9", "café");
        CHECK("this label is longer than any label that was ever registered", "d\xE9", "dé");
}

static void test_clean(void **state) {
        (void) state;
        CHECK("utf-8", "a\0b\r\nc\rd\x1b[31m\x7f", "ab\nc\nd[31m");
        CHECK("utf-8", "\xEF\xBB\xBFtext", "text");
        CHECK("utf-8", "\xC3\xA9\0\x07\r\n\xE2\x80\xAEx", "é\nx");
        CHECK("windows-1252", "\xE9\x01\r\n", "é\n");
        CHECK("utf-8", "", "");
        CHECK("utf-16le", "", "");
}

static void test_limit(void **state) {
        struct arena *arena;
        char *text;
        bool cut = false;
        (void) state;
        assert_int_equal(arena_new(0, &arena), 0);
        assert_int_equal(charset_decode(set, "utf-8", "ab\xC3\xA9", 4, 3, arena, &text, &cut), 0);
        assert_string_equal(text, "ab");
        assert_true(cut);
        assert_int_equal(charset_decode(set, "latin1", "ab\xE9\xE9", 4, 5, arena, &text, &cut), 0);
        assert_string_equal(text, "abé");
        assert_true(cut);
        assert_int_equal(charset_decode(set, "koi8-r", "\xF0\xD2\xC9", 3, 5, arena, &text, &cut), 0);
        assert_string_equal(text, "Пр");
        assert_true(cut);
        arena_free(arena);

        assert_int_equal(arena_new(8, &arena), 0); /* the ceiling of the arena is an error, not a crash */
        assert_int_equal(charset_decode(set, NULL, "far too long for it", 19, 100, arena, &text, &cut), -ENOMEM);
        arena_free(arena);
}

static void test_without_set(void **state) {
        struct arena *arena;
        char *text;
        bool cut;
        (void) state;
        assert_int_equal(arena_new(0, &arena), 0);
        assert_int_equal(charset_decode(NULL, "koi8-r", "\xE9", 1, 100, arena, &text, &cut), 0);
        assert_string_equal(text, "é");
        arena_free(arena);
        assert_null(charset_close(NULL));
}

/* Sixteen bits under a wrong label, without one, or in an order nobody told. */
static void test_wide_looks(void **state) {
        (void) state;
        CHECK(NULL, "\xFF\xFEH\0i\0\xE9\0", "Hié");
        CHECK("utf-8", "\xFE\xFF\0H\0i\0\xE9", "Hié");
        CHECK("iso-8859-1", "\xFF\xFEH\0i\0", "Hi");
        CHECK("utf-16", "H\0i\0 \0\xE9\0", "Hi é");
        CHECK("utf-16", "\0H\0i\0 \0\xE9", "Hi é");
        CHECK("utf-16be", "\0H\0i\0 \0\xE9", "Hi é");
        CHECK("utf-16le", "\xFE\xFF\0H\0i", "Hi");
        CHECK("iso-8859-1", "\xFF\xFEH\xE9", "ÿþHé"); /* two letters, and no NUL */
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_labels), cmocka_unit_test(test_wrong_labels), cmocka_unit_test(test_clean),
                cmocka_unit_test(test_limit),  cmocka_unit_test(test_wide_looks),   cmocka_unit_test(test_without_set),
        };
        return cmocka_run_group_tests(tests, open_set, close_set);
}
