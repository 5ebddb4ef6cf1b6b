/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>

#include <cmocka.h>

#include "parsers/date.h"

#define AT INT64_C(1772437800) /* 2026-03-02T08:50:00+01:00 */
#define NONE INT32_MIN

static void test_good(void **state) {
        static const struct {
                const char *text;
                instant at;
                int32_t offset;
        } table[] = {
                {"Mon, 2 Mar 2026 08:50:00 +0100", AT, 3600},
                {"Mon, 02 Mar 2026 08:50 +0100", AT, 3600},
                {"2 Mar 2026 08:50:00 +0100 (CET)", AT, 3600},
                {"(a (nested) comment) Mon, 2 Mar 2026 08:50:00 +0100", AT, 3600},
                {"Mon,2 Mar 2026 08:50:00 +0100", AT, 3600},
                {"Mon, 2 Mar 2026 13:20:00 +0530", AT, 19800},
                {"Mon, 2 Mar 2026 03:20:00 -0430", AT, -16200},
                {"Mon, 2 Mar 2026 07:50:00 +0000", AT, NONE},
                {"Mon, 2 Mar 2026 07:50:00 -0000", AT, NONE},
                {"Mon, 2 Mar 2026 07:50:00 +000", AT, NONE}, /* a digit was lost in front */
                {"Mon, 2 Mar 2026 08:50:00 +100", AT, 3600},
                {"Mon, 2 Mar 2026 07:50:00 GMT", AT, NONE},
                {"Mon, 2 Mar 2026 07:50:00 UT", AT, NONE},
                {"Mon, 2 Mar 2026 07:50:00", AT, NONE},
                {"Mon, 2 Mar 2026 02:50:00 EST", AT, -18000},
                {"Mon, 2 Mar 2026 08:50:00 CET", AT, 3600},
                {"Mon, 2 Mar 2026 09:50:00 CEST", AT, 7200},
                {"Mon, 2 Mar 2026 07:50:00 XYZ", AT, NONE}, /* unknown: as -0000 */
                {"Mon, 2 Mar 26 08:50:00 +0100", AT, 3600},
                {"Mon, 2 Mar 126 08:50:00 +0100", AT, 3600}, /* years since 1900 */
                {"Sat, 1 Jan 99 00:00:00 +0000", 915148800, NONE},
                {"Mon Mar  2 07:50:00 2026", AT, NONE},
                {"Mon Mar 2 08:50:00 CET 2026", AT, 3600},
                {"Mon Mar 2 08:50:00 2026 +0100", AT, 3600},
                {"2026-03-02T08:50:00+01:00", AT, 3600},
                {"2026-03-02T07:50:00Z", AT, NONE},
                {"2026-03-02 08:50:00 +0100", AT, 3600},
                {"2026-03-02T08:50:00.123+01:00", AT, 3600},
                {"02-Mar-2026 08:50:00 +0100", AT, 3600},
                {"Mon, 2 March 2026 08:50:00 +0100", AT, 3600},
                {"Monday, March 2, 2026 8:50 AM +0100", AT, 3600},
                {"2 Mar 2026 08:50:00 PM +0100", AT + 12 * 3600, 3600},
                {"lun., 2 Mar 2026 08:50:00 +0100", AT, 3600},
                {"Mon, 2 Mar 2026 08.50.00 +0100", AT, 3600},
                {"Mon, 2 Mar 2026 08:50:00 \"GMT\"", AT + 3600, NONE},
                {"Mon, 2 Mar 2026 07:50:00 +9999", AT, NONE}, /* no such offset */
                {"Tue, 2 Mar 2077 08:50:00 +0000", INT64_C(3381900600), NONE},
                {"Thu, 31 Dec 2099 23:59:60 +0000", INT64_C(4102444799), NONE},
                {"Thu, 1 Jan 1970 00:00:00 +0000", 0, NONE},
                {"Thu, 29 Feb 2024 12:00:00 +0000", 1709208000, NONE},
        };
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                instant at = 1;
                int32_t offset = 1;
                if (date_parse(table[i].text, strlen(table[i].text), &at, &offset) < 0)
                        fail_msg("%s: refused", table[i].text);
                if (at != table[i].at || offset != table[i].offset)
                        fail_msg("%s: %lld %d", table[i].text, (long long) at, offset);
        }
}

/* The usual form and the same with a blank more, which is read word by word: one result. */
static void test_usual_form(void **state) {
        static const char *const months[] = {"Jan", "feb", "MAR", "Apr", "Jum", "Dec"}, *const days[] = {"Mon", "sun",
                                                                                                         "Lun"};
        static const char *const zones[] = {"+0000", "-0000", "+0530", "-1145", "+1500", "+1501", "+0060", "-9999", "+0x00"};
        static const int numbers[] = {0, 1, 9, 23, 24, 29, 31, 59, 60, 99};
        (void) state;
        for (size_t i = 0; i < 20000; i++) {
                char usual[100], other[100];
                const char *month = months[i % ELEMENTSOF(months)], *day = days[i / 7 % 11 ? i % 2 : 2];
                const char *zone = zones[i / 3 % ELEMENTSOF(zones)];
                int n[4] = {numbers[i / 5 % 10], numbers[i / 11 % 10], numbers[i / 13 % 10], numbers[i / 17 % 10]};
                int year = i % 19 ? 1970 + (int) (i % 160) : 12;
                int digits = i % 2 ? 2 : 1;
                (void) snprintf(usual, sizeof(usual), "%s, %0*d %s %04d %02d:%02d:%02d %s", day, digits, n[0], month, year,
                                n[1], n[2], n[3], zone);
                (void) snprintf(other, sizeof(other), "%s, %0*d %s %04d %02d:%02d:%02d  %s", day, digits, n[0], month, year,
                                n[1], n[2], n[3], zone);
                instant a = 1, b = 1;
                int32_t offset_a = 1, offset_b = 1;
                int e = date_parse(usual, strlen(usual), &a, &offset_a);
                if (e != date_parse(other, strlen(other), &b, &offset_b) || a != b || offset_a != offset_b)
                        fail_msg("%s: %lld %d instead of %lld %d", usual, (long long) a, offset_a, (long long) b, offset_b);
        }
}

static void test_bad(void **state) {
        static const char *const table[] = {
                "",
                " ",
                "garbage",
                "42 Jan 2025 30:70:90 +9999",
                "Mon, 30 Feb 2026 08:50:00 +0100",
                "Sat, 29 Feb 2025 12:00:00 +0000",
                "Mon, 2 Mar 2026 25:00:00 +0100",
                "Mon, 2 Mar 2026 08:61:00 +0100",
                "Mon, 2 Mar 2026", /* no hour: none is guessed */
                "2026-03-02",
                "1661992959",
                "Mon, 2 Mar 1661992959 08:50:00 +0100",
                "02/03/2026 08:50", /* which is the month? */
                "((((((((((((((",
                "Mon, 2 Foo 2026 08:50:00 +0100",
                "-",
                "+",
                ",,,,,,,,",
                "Mon, 0 Mar 2026 08:50:00 +0100",
        };
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                instant at = 77;
                int32_t offset = 88;
                if (date_parse(table[i], strlen(table[i]), &at, &offset) != -EINVAL)
                        fail_msg("%s: taken for %lld", table[i], (long long) at);
                assert_int_equal(at, 77);
                assert_int_equal(offset, 88);
        }
}

/* Read, since that is what stands there, but nothing is judged by it. */
static void test_implausible(void **state) {
        static const struct {
                const char *text;
                instant at;
        } table[] = {
                {"Wed, 31 Dec 1969 23:59:59 +0000", -1},
                {"Fri, 14 Feb 1969 00:32:54 -0330", -27719826},
                {"Sat, 1 Jan 2101 00:00:00 +0000", INT64_C(4133980800)},
        };
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                instant at = 77;
                int32_t offset;
                assert_int_equal(date_parse(table[i].text, strlen(table[i].text), &at, &offset), 0);
                assert_int_equal(at, table[i].at);
                assert_false(date_is_plausible(at));
        }
        assert_true(date_is_plausible(0));
        assert_true(date_is_plausible(INT64_C(4133980799)));
}

static void test_from_line(void **state) {
        static const struct {
                const char *text;
                instant at;
        } good[] = {
                {"a@b.example Mon Mar  2 07:50:00 2026", AT},
                {"a@b.example  Mon Mar 2 07:50:00 2026\r", AT},
                {"- Mon Mar  2 07:50:00 2026", AT},
                {"a@b Mon Mar  2 07:50 2026", AT},
                {"a@b Mon Mar  2 08:50:00 CET 2026", AT},
                {"a@b Mon Mar  2 08:50:00 2026 +0100", AT},
                {"uucp!a Mon Mar  2 07:50:00 2026 remote from host", AT},
                {"Jean Sun Dupont Mon Mar  2 07:50:00 2026", AT},
                {"a@b Mon, 2 Mar 2026 08:50:00 +0100", AT},
                {"MAILER-DAEMON Mon Mar 02 07:50:00 2026", AT},
        };
        static const char *const bad[] = {"",
                                          "here on",
                                          "a friend",
                                          "Monday to Friday",
                                          "a@b Mon Mar 2",
                                          "a@b Mon 12:00",
                                          "x Mon Mar 2 99:00:00 2026",
                                          "my heart I thank you",
                                          "a@b Mon Mar  2 07:50:00 1904",
                                          "a@b Mon Mar  2 07:50:00 2101"};
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                instant at = 0;
                if (date_parse_from_line(good[i].text, strlen(good[i].text), &at) < 0 || at != good[i].at)
                        fail_msg("%s: %lld", good[i].text, (long long) at);
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                instant at = 5;
                if (date_parse_from_line(bad[i], strlen(bad[i]), &at) != -EINVAL || at != 5)
                        fail_msg("%s: taken", bad[i]);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_good), cmocka_unit_test(test_usual_form),
                                           cmocka_unit_test(test_bad), cmocka_unit_test(test_implausible),
                                           cmocka_unit_test(test_from_line)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
