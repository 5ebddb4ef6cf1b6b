/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "parsers/rtf.h"
#include "parsers/text.h"

static struct charset_set *charsets;

static int open_charsets(void **state) {
        (void) state;
        return charset_open(&charsets);
}

static int close_charsets(void **state) {
        (void) state;
        charset_close(charsets);
        return 0;
}

static void check(const char *rtf, const char *expected, bool html) {
        struct arena *arena;
        char *text = NULL;
        bool is_html = !html, cut = false;
        assert_int_equal(arena_new(0, &arena), 0);
        assert_int_equal(rtf_read(charsets, rtf, strlen(rtf), 10000, arena, &text, &is_html, &cut), 0);
        assert_string_equal(text, expected);
        assert_int_equal(is_html, html);
        assert_false(cut);
        arena_free(arena);
}

static void test_text(void **state) {
        (void) state;
        check("{\\rtf1\\ansi Hello\\par World}", "Hello\nWorld", false);
        check("{\\rtf1{\\fonttbl{\\f0 Arial;}}{\\colortbl;\\red0;}{\\stylesheet{\\s0 Normal;}}{\\*\\generator X;}text}",
              "text", false);
        check("{\\rtf1 a\\b b\\b0 c\\b0  d}", "abc d", false); /* the blank after a control word is part of it */
        check("{\\rtf1 \\{x\\}\\\\ \\~y}", "{x}\\  y", false);
        check("{\\rtf1 {\\b un{\\i closed", "unclosed", false);
        check("{\\rtf1 too}}} many}", "too many", false);
        check("{\\rtf1\\ansicpg1251 \\'cf\\'f0}", "\xD0\x9F\xD1\x80", false);
        check("{\\rtf1\\ansicpg932{\\fonttbl{\\f0\\fcharset128 x;}}\\f0\\'93\\'fa\\'96\\'7b}", "\xE6\x97\xA5\xE6\x9C\xAC",
              false);
        check("{\\rtf1\\uc0\\u233 t\\u233}", "\xC3\xA9t\xC3\xA9", false);
        check("{\\rtf1\\uc1\\u233\\'e9t\\u8364 EUR}", "\xC3\xA9t\xE2\x82\xACUR", false);
        check("{\\rtf1 \\u-10179?\\u-8704?}", "\xF0\x9F\x98\x80", false);
        check("{\\rtf1 \\u-10179 ?}", "", false);
        check("{\\rtf1 a\\bin99999 b}", "a", false);
        check("{\\rtf1\\unknownword99999999999999 a\\'zz}", "azz", false);
}

static void test_html(void **state) {
        (void) state;
        check("{\\rtf1\\fromhtml1 {\\*\\htmltag <p>}a &amp; b\\htmlrtf hidden\\par\\htmlrtf0{\\*\\htmltag </p>}}",
              "<p>a &amp; b</p>", true);
        check("{\\rtf1\\fromhtml1 {\\*\\htmltag <b>\\par x}\\htmlrtf{\\htmlrtf0 y}}", "<b>\nxy", true);
        check("{\\rtf1\\fromtext \\htmlrtf a\\htmlrtf0 b}", "ab", false);
}

static void test_ceilings(void **state) {
        struct arena *arena;
        char *text, deep[1000] = "{\\rtf1";
        bool html, cut = false;
        (void) state;
        memset(deep + 6, '{', 500);
        memset(deep + 506, '}', 400);
        memcpy(deep + 906, "x", 2);
        check(deep, "x", false);
        assert_int_equal(arena_new(0, &arena), 0);
        assert_int_equal(rtf_read(charsets, "{\\rtf1 12\\'e945", 15, 3, arena, &text, &html, &cut), 0);
        assert_string_equal(text, "12"); /* the letter does not fit */
        assert_true(cut);
        assert_int_equal(rtf_read(charsets, "<html>", 6, 100, arena, &text, &html, &cut), -EBADMSG);
        arena_free(arena);
}

/* The example of [MS-OXRTFCP] section 4.1, and what is not one. */
static void test_compression(void **state) {
        static const uint8_t example[] = {0x2d, 0x00, 0x00, 0x00, 0x2b, 0x00, 0x00, 0x00, 0x4c, 0x5a, 0x46, 0x75, 0xf1,
                                          0xc5, 0xc7, 0xa7, 0x03, 0x00, 0x0a, 0x00, 0x72, 0x63, 0x70, 0x67, 0x31, 0x32,
                                          0x35, 0x42, 0x32, 0x0a, 0xf3, 0x20, 0x68, 0x65, 0x6c, 0x09, 0x00, 0x20, 0x62,
                                          0x77, 0x05, 0xb0, 0x6c, 0x64, 0x7d, 0x0a, 0x80, 0x0f, 0xa0};
        _cleanup_buf_ struct buf b = {0}, small = BUF_LIMITED(5);
        (void) state;
        assert_int_equal(rtf_decompress(example, sizeof(example), &b), 0);
        assert_string_equal(b.data, "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
        assert_int_equal(rtf_decompress(example, sizeof(example), &small), 0);
        assert_int_equal(small.error, -E2BIG);
        assert_int_equal(rtf_decompress(example, 15, &b), -EBADMSG);
        assert_int_equal(rtf_decompress("0123456789abcdefgh", 18, &b), -EBADMSG);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_text),
                cmocka_unit_test(test_html),
                cmocka_unit_test(test_ceilings),
                cmocka_unit_test(test_compression),
        };
        return cmocka_run_group_tests(tests, open_charsets, close_charsets);
}
