/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "parsers/civil.h"

static void test_known_days(void **state) {
        (void) state;
        static const struct {
                int32_t year;
                int month, day;
                int32_t days;
        } cases[] = {
                {1970, 1, 1, 0},     {1969, 12, 31, -1},    {2000, 2, 29, 11016},
                {2000, 3, 1, 11017}, {1900, 2, 28, -25509}, {1900, 3, 1, -25508},
                {2026, 3, 2, 20514}, {1, 1, 1, -719162},    {9999, 12, 31, 2932896},
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                int32_t year;
                int month, day;
                assert_int_equal(civil_days(cases[i].year, cases[i].month, cases[i].day), cases[i].days);
                civil_from_days(cases[i].days, &year, &month, &day);
                assert_int_equal(year, cases[i].year);
                assert_int_equal(month, cases[i].month);
                assert_int_equal(day, cases[i].day);
        }
}

/* Each day from year 1 to 9999 follows the one before, and there and back is the identity. */
static void test_every_day(void **state) {
        (void) state;
        int32_t days = civil_days(1, 1, 1);
        int weekday = 1; /* 0001-01-01 was a Monday in the proleptic calendar */
        for (int32_t year = 1; year <= 9999; year++)
                for (int month = 1; month <= 12; month++)
                        for (int day = 1; day <= civil_days_in_month(year, month); day++, days++) {
                                int32_t y;
                                int m, d;
                                civil_from_days(days, &y, &m, &d);
                                if (civil_days(year, month, day) != days || y != year || m != month || d != day ||
                                    civil_weekday(days) != weekday)
                                        fail_msg("%d-%d-%d: day %d", year, month, day, days);
                                weekday = weekday % 7 + 1;
                        }
        assert_int_equal(days, civil_days(9999, 12, 31) + 1);
}

static void test_like_gmtime(void **state) {
        (void) state;
        for (int64_t t = INSTANT_MIN; t < INSTANT_MAX - 86400000; t += 86399 * 997) {
                struct tm tm;
                time_t tt = (time_t) t;
                assert_non_null(gmtime_r(&tt, &tm));
                struct civil c = civil_from_seconds(t);
                assert_int_equal(c.year, tm.tm_year + 1900);
                assert_int_equal(c.month, tm.tm_mon + 1);
                assert_int_equal(c.day, tm.tm_mday);
                assert_int_equal(c.hour, tm.tm_hour);
                assert_int_equal(c.minute, tm.tm_min);
                assert_int_equal(c.second, tm.tm_sec);
                assert_true(civil_valid(&c));
                assert_true(civil_seconds(&c) == t);
        }
}

static void test_beyond_the_calendar(void **state) {
        (void) state;
        struct civil first = civil_from_seconds(INT64_MIN), last = civil_from_seconds(INT64_MAX);
        assert_int_equal(first.year, 1);
        assert_int_equal(first.second, 0);
        assert_int_equal(last.year, 9999);
        assert_int_equal(last.second, 59);
        int32_t year;
        int month, day;
        civil_from_days(INT32_MIN, &year, &month, &day);
        civil_from_days(INT32_MAX, &year, &month, &day);
        assert_in_range(civil_weekday(INT32_MIN), 1, 7);
        assert_in_range(civil_weekday(INT32_MAX), 1, 7);
}

static void test_months(void **state) {
        (void) state;
        assert_int_equal(civil_days_in_month(2024, 2), 29);
        assert_int_equal(civil_days_in_month(2025, 2), 28);
        assert_int_equal(civil_days_in_month(2100, 2), 28);
        assert_int_equal(civil_days_in_month(2000, 2), 29);
        assert_int_equal(civil_days_in_month(2025, 4), 30);
        assert_int_equal(civil_days_in_month(2025, 0), 0);
        assert_int_equal(civil_days_in_month(2025, 13), 0);
}

static void test_valid(void **state) {
        (void) state;
        static const struct {
                struct civil c;
                bool valid;
        } cases[] = {
                {{2026, 3, 2, 8, 50, 0}, true},  {{1, 1, 1, 0, 0, 0}, true},      {{9999, 12, 31, 23, 59, 59}, true},
                {{0, 1, 1, 0, 0, 0}, false},     {{10000, 1, 1, 0, 0, 0}, false}, {{2026, 0, 1, 0, 0, 0}, false},
                {{2026, 13, 1, 0, 0, 0}, false}, {{2025, 2, 29, 0, 0, 0}, false}, {{2026, 1, 0, 0, 0, 0}, false},
                {{2026, 1, 1, 24, 0, 0}, false}, {{2026, 1, 1, -1, 0, 0}, false}, {{2026, 1, 1, 0, 60, 0}, false},
                {{2026, 1, 1, 0, 0, 60}, false}, {{2026, 1, 1, 0, 0, -1}, false}, {{2026, 1, 1, 0, -1, 0}, false},
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_int_equal(civil_valid(&cases[i].c), cases[i].valid);
}

static void test_parse(void **state) {
        (void) state;
        static const struct {
                const char *s;
                int64_t seconds;
                int32_t offset;
                bool date_only;
        } cases[] = {
                {"2026-03-02", 1772409600, INT32_MIN, true},
                {"2026-03-02T08:50", 1772441400, INT32_MIN, false},
                {"2026-03-02 08:50", 1772441400, INT32_MIN, false},
                {"2026-03-02t08:50:07z", 1772441407, 0, false},
                {"2026-03-02T08:50:07Z", 1772441407, 0, false},
                {"2026-03-02T08:50:07.123456789Z", 1772441407, 0, false},
                {"2026-03-02T08:50+01:00", 1772441400, 3600, false},
                {"2026-03-02T08:50:00-0330", 1772441400, -12600, false},
                {"2026-03-02T08:50:00+00:00", 1772441400, 0, false},
                {"2016-12-31T23:59:60Z", 1483228799, 0, false},
                {"0001-01-01", INSTANT_MIN, INT32_MIN, true},
                {"9999-12-31T23:59:59", INSTANT_MAX, INT32_MIN, false},
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct civil c;
                int32_t offset;
                bool date_only;
                assert_int_equal(civil_parse(cases[i].s, &c, &offset, &date_only), 0);
                assert_true(civil_seconds(&c) == cases[i].seconds);
                assert_int_equal(offset, cases[i].offset);
                assert_int_equal(date_only, cases[i].date_only);
                assert_int_equal(civil_parse(cases[i].s, &c, NULL, NULL), 0);
        }
}

static void test_parse_refuses(void **state) {
        (void) state;
        static const char *const cases[] = {
                "",
                "2",
                "2026",
                "2026-",
                "2026-03",
                "2026-3-2",
                "2026-03-0",
                "2026-03-00",
                "2026-02-29",
                "2026-13-01",
                "0000-01-01",
                "26-03-02",
                "02026-03-02",
                "2026-03-02T",
                "2026-03-02T8:50",
                "2026-03-02T08",
                "2026-03-02T08:",
                "2026-03-02T08:5",
                "2026-03-02T24:00",
                "2026-03-02T08:60",
                "2026-03-02T08:50:61",
                "2026-03-02T08:50:",
                "2026-03-02T08:50:07.",
                "2026-03-02T08:50X",
                "2026-03-02T08:50+1",
                "2026-03-02T08:50+01:60",
                "2026-03-02T08:50+24:00",
                "2026-03-02T08:50ZZ",
                "2026-03-02T08:50Z ",
                "2026-03-02x",
                " 2026-03-02",
                "-026-03-02",
                "+026-03-02",
                "2026/03/02",
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct civil c = {.year = 7};
                int32_t offset = 7;
                bool date_only = true;
                if (civil_parse(cases[i], &c, &offset, &date_only) != -EINVAL)
                        fail_msg("accepted '%s'", cases[i]);
                assert_int_equal(c.year, 7);
                assert_int_equal(offset, 7);
                assert_true(date_only);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_known_days),  cmocka_unit_test(test_every_day),
                cmocka_unit_test(test_like_gmtime), cmocka_unit_test(test_beyond_the_calendar),
                cmocka_unit_test(test_months),      cmocka_unit_test(test_valid),
                cmocka_unit_test(test_parse),       cmocka_unit_test(test_parse_refuses),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
