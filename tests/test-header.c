/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "parsers/buf.h"
#include "parsers/header.h"
#include "parsers/limits.h"
#include "parsers/text.h"

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

/* "name=body|name=body|>rest" */
static void check_section(const char *data, size_t n, bool part, const char *expected) {
        _cleanup_buf_ struct buf b = {0};
        struct header_cursor c = header_begin(data, n, part);
        struct field f;
        char body[200];
        bool truncated = false;
        while (header_next(&c, &f)) {
                header_unfold(&f, body, sizeof(body), &truncated);
                buf_printf(&b, "%.*s=%s|", (int) f.name_size, f.name, body);
        }
        buf_add_str(&b, ">");
        buf_add(&b, c.p, (size_t) (c.end - c.p));
        if (strcmp(b.data, expected) != 0)
                fail_msg("\"%s\" instead of \"%s\"", b.data, expected);
}
#define CHECK_SECTION(data, part, expected) check_section(data, sizeof(data) - 1, part, expected)

static void test_sections(void **state) {
        (void) state;
        CHECK_SECTION("A: 1\nB: 2\n\nbody", false, "A=1|B=2|>body");
        CHECK_SECTION("A: 1\r\nB: 2\r\n\r\nbody", false, "A=1|B=2|>body");
        CHECK_SECTION("A: 1\r\n  2\r\n\t3\r\nB:4\r\n\r\n", false, "A=1  2 3|B=4|>");
        CHECK_SECTION("From a@b Mon Mar  2 08:50:00 2026\nA: 1\n\nx", false, "A=1|>x");
        CHECK_SECTION(">From a@b Mon Mar  2 08:50:00 2026\nA: 1\n\nx", false, "A=1|>x");
        CHECK_SECTION("A: 1\njunk without colon\n folded junk: x\nB: 2\n\nx", false, "A=1|B=2|>x");
        CHECK_SECTION("A: 1\nbad name: 2\nC: 3\n\nx", false, "A=1|C=3|>x");
        CHECK_SECTION("A : 1\nB\t: 2\n\nx", false, "A=1|B=2|>x");
        CHECK_SECTION("A: 1", false, "A=1|>");
        CHECK_SECTION("A:", false, "A=|>");
        CHECK_SECTION("A:\n\n", false, "A=|>");
        CHECK_SECTION(": 1\nA: 2\n\n", false, "A=2|>");
        CHECK_SECTION("A: 1\0 2\nB\0: x\nC: 3\n\nx", false, "A=1 2|C=3|>x");
        CHECK_SECTION("", false, ">");
        CHECK_SECTION("\n", false, ">");
        CHECK_SECTION("\r\nx", false, ">x");
        CHECK_SECTION("\r", false, ">");
        CHECK_SECTION("A: 1\n \n\nx", false, "A=1|>x");
        CHECK_SECTION("A: 1\n--b\nB: 2\n\n", true, "A=1|>--b\nB: 2\n\n");
        /* the empty line was forgotten, or a blank got into it */
        CHECK_SECTION("A: 1\n \n--b=\nB: 2\n\nx", false, "A=1|>--b=\nB: 2\n\nx");
        CHECK_SECTION("--b\nA: 1\n\nx", false, "A=1|>x");
        CHECK_SECTION("A: 1\n--b: 2\nC: 3\n\nx", false, "A=1|--b=2|C=3|>x");
        CHECK_SECTION("text at once\nA: 1\n", true, ">text at once\nA: 1\n");
        CHECK_SECTION("text at once\nA: 1\n", false, "A=1|>");
        CHECK_SECTION("\xC3\xA9: 1\nA: 2\n\n", false, "A=2|>");
}

static void test_ceiling(void **state) {
        _cleanup_buf_ struct buf b = {0};
        struct field f;
        uint32_t n = 0;
        (void) state;
        while (b.size < HEADER_SECTION_MAX + 1000)
                buf_add_str(&b, "X-Filler: 0123456789\r\n");
        buf_add_str(&b, "\r\nbody");
        struct header_cursor c = header_begin(b.data, b.size, false);
        while (header_next(&c, &f))
                n++;
        assert_true(c.truncated);
        assert_in_range(n, HEADER_SECTION_MAX / 22 - 2, HEADER_SECTION_MAX / 22 + 2);
        assert_string_equal(c.p, "body"); /* found although nothing was read any more */

        char small[4];
        bool truncated = false;
        struct field long_one = {"A", 1, " abcdef", 7};
        assert_int_equal(header_unfold(&long_one, small, sizeof(small), &truncated), 3);
        assert_string_equal(small, "abc");
        assert_true(truncated);
        assert_true(field_is(&long_one, "a"));
        assert_false(field_is(&long_one, "ab"));
}

static void test_decode(void **state) {
        static const struct {
                const char *text, *expected;
        } table[] = {
                {"", ""},
                {"plain", "plain"},
                {"  two   blanks  ", "two blanks"},
                {"=?utf-8?Q?R=C3=A9union?=", "Réunion"},
                {"=?UTF-8?B?UsOpdW5pb24=?=", "Réunion"},
                {"=?utf-8?b?UsOpdW5pb24?=", "Réunion"},
                {"=?iso-8859-1?Q?d=E9j=E0_vu?=", "déjà vu"},
                {"=?iso-8859-1*fr?Q?d=E9j=E0?=", "déjà"},
                {"=?utf-8?Q?a?= =?utf-8?Q?b?=", "ab"},
                {"=?utf-8?Q?a=C3?= =?utf-8?Q?=A9?=", "aé"}, /* a character cut in two */
                {"=?utf-8?B?w6k=?= =?iso-8859-1?Q?=E9?=", "éé"},
                {"=?utf-8?Q?a?= b =?utf-8?Q?c?=", "a b c"},
                {"x =?utf-8?Q?a?= y", "x a y"},
                {"x=?utf-8?Q?a?=y", "xay"},
                {"=?utf-8?Q?with blank?=", "with blank"},
                {"=?utf-8?X?abc?=", "=?utf-8?X?abc?="},
                {"=?utf-8?Q?unclosed", "=?utf-8?Q?unclosed"},
                {"=??Q?d=E9j=E0_vu?=", "déjà vu"}, /* no charset */
                {"=??x", "=??x"},
                {"=?x-unknown?Q?caf=E9?=", "café"},
                {"=?utf-8?Q?a=0Ab=00c=0D?=", "a bc"}, /* no line end gets into a subject */
                {"=?utf-8?Q?=1B[31m?=", "[31m"},
                {"=?iso-2022-jp?B?GyRCJDMkcxsoQg==?=", "こん"},
                {"caf\xE9", "café"},
                {"caf\xC3\xA9 a", "café a"},
                {"=?utf-8?Q?"
                 "?=",
                 ""},
                {"=?", "=?"},
                {"a =?= b", "a =?= b"},
                {"=?utf-8?Q?=E2=80=AEevil?=", "evil"},
                {"=?utf-8?q?R=c3=a9union?=", "Réunion"},               /* all in small letters */
                {"=?utf-8?Q?R\xC3\xA9union =E2=82=AC?=", "Réunion €"}, /* raw bytes inside */
                {"=?iso-8859-1?Q?R\xC3\xA9union?=", "Réunion"},        /* and not of its charset */
                {"=?utf-8?Q? R=C3=A9union ?=", "Réunion"},
                {"=?utf-8?B? UsOpdW 5pb24= ?=", "Réunion"},
                {"=?utf-8?Q?What_now?"
                 "?=",
                 "What now?"},
                {"=?utf-8?Q?a?==?utf-8?Q?b?=", "ab"}, /* no blank between */
                {"=?utf-8?Q?a?=\t=?utf-8?Q?b?=", "ab"},
                {"\"=?utf-8?Q?Andr=C3=A9?= x\"", "\"André x\""},
                {"=?utf-8?Q?R=C3=A9union", "=?utf-8?Q?R=C3=A9union"}, /* cut off: nobody knows what is missing */
                {"=?utf-8?Q?R=C3=A9union?", "=?utf-8?Q?R=C3=A9union?"},
                {"=?utf-8?Q?a?= =?utf-8?Q?b", "a =?utf-8?Q?b"},
                {"=?utf-8?Q?=3D=3Futf-8=3FQ=3Fa=3F=3D?=", "=?utf-8?Q?a?="}, /* encoded twice: once is what it says */
                {"=?utf-8?Q?=3?= x", "=3 x"},
                {"=?utf-8?B?w6?= =?utf-8?B?qQ==?=", "é"},             /* bytes cut, each word whole */
                {"=?utf-8?B?UsO?= =?utf-8?B?pdW5pb24=?=", "Réunion"}, /* base64 cut anywhere */
                {"=?utf-8?B?UsOpd?= =?utf-8?B?W5pb24=?= x", "Réunion x"},
                {"=?utf-8?B?UsOpdQ?= =?utf-8?Q?a?=", "Réua"},
                {"=?utf-8?B?UsOpdQ?= =?iso-8859-1?B?6Q?=", "Réué"},
                {"=?utf-8?B?UsOpdQ?= x =?utf-8?B?UsOpdQ?=", "Réu x Réu"},
                {"=?utf-8?B?////?=", "ÿÿÿ"},
                {"=?utf-16?B?/v8AUgDp?=", "Ré"},
                {"=?utf-16?B?UgDpAA==?=", "Ré"},
                {"=?gb2312?B?xOO6ww==?=", "你好"},
                {"=?iso-8859-1?Q?=80_=93x=94?=", "€ “x”"},
                {"=?utf-8?Q?caf=E9?=", "café"},
                {"=?us-ascii?Q?caf=C3=A9?=", "café"},
                {"=?'utf-8'?Q?caf=C3=A9?=", "café"},
                {"=?utf8?Q?caf=C3=A9?=", "café"},
                {"=?UTF-8*en-GB?q?caf=c3=a9?=", "café"},
                {"R\xC3\xA9union =?utf-8?Q?d=C3=A9j=C3=A0?= vu\xE9", "Réunion déjà vué"},
        };
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                struct arena *arena;
                const char *text = NULL;
                bool truncated = false;
                assert_int_equal(arena_new(0, &arena), 0);
                assert_int_equal(header_decode(set, table[i].text, strlen(table[i].text), 200, arena, &text, &truncated), 0);
                if (strcmp(text, table[i].expected) != 0)
                        fail_msg("%s: \"%s\" instead of \"%s\"", table[i].text, text, table[i].expected);
                assert_false(truncated);
                arena_free(arena);
        }
}

static void test_decode_limits(void **state) {
        struct arena *arena;
        const char *text = NULL;
        bool truncated = false;
        (void) state;
        assert_int_equal(arena_new(0, &arena), 0);
        assert_int_equal(header_decode(set, "abcdef", 6, 3, arena, &text, &truncated), 0);
        assert_string_equal(text, "abc");
        assert_true(truncated);
        truncated = false;
        assert_int_equal(header_decode(set, "=?utf-8?Q?a=C3=A9?=", 19, 2, arena, &text, &truncated), 0);
        assert_string_equal(text, "a");
        assert_true(truncated);
        arena_free(arena);

        assert_int_equal(arena_new(8, &arena), 0);
        text = "untouched";
        assert_int_equal(header_decode(set, "=?utf-8?Q?this is longer?=", 26, 100, arena, &text, &truncated), -ENOMEM);
        assert_string_equal(text, "untouched");
        arena_free(arena);

        _cleanup_buf_ struct buf b = {0}; /* many words that never close: linear */
        while (b.size < FIELD_BODY_MAX)
                buf_add_str(&b, "=?a?q?");
        assert_int_equal(arena_new(0, &arena), 0);
        assert_int_equal(header_decode(set, b.data, b.size, 100, arena, &text, &truncated), 0);
        arena_free(arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_sections), cmocka_unit_test(test_ceiling),
                                           cmocka_unit_test(test_decode), cmocka_unit_test(test_decode_limits)};
        return cmocka_run_group_tests(tests, open_set, close_set);
}
