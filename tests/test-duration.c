/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rules/worktime.h"
#include "tests/zoneinfo.h"

#define HOUR INT64_C(3600)
#define DAY INT64_C(86400)

static struct zone *paris;

static int setup(void **state) {
        (void) state;
        paris = zoneinfo_read("Europe/Paris");
        return paris ? 0 : -1;
}

static int teardown(void **state) {
        (void) state;
        paris = zone_free(paris);
        return 0;
}

static void test_parse(void **state) {
        (void) state;
        static const struct {
                const char *s;
                enum duration_unit unit;
                int64_t n, seconds;
                int32_t days;
        } good[] = {
                {"1s", DURATION_SECONDS, 1, 1, 0},
                {"15m", DURATION_SECONDS, 900, 900, 0},
                {"24h", DURATION_SECONDS, DAY, DAY, 0},
                {"3d", DURATION_SECONDS, 3 * DAY, 3 * DAY, 3},
                {"2w", DURATION_SECONDS, 14 * DAY, 14 * DAY, 14},
                {"90d", DURATION_SECONDS, 90 * DAY, 90 * DAY, 90},
                {"6mo", DURATION_MONTHS, 6, 180 * DAY, 0},
                {"8bh", DURATION_WORK_SECONDS, 8 * HOUR, 8 * HOUR, 0},
                {"3bd", DURATION_WORK_DAYS, 3, 3 * DAY, 0},
                {"1h30m", DURATION_SECONDS, 5400, 5400, 0},
                {"1w2d3h4m5s", DURATION_SECONDS, 9 * DAY + 3 * HOUR + 245, 9 * DAY + 3 * HOUR + 245, 9},
                {" 1 h  30 m ", DURATION_SECONDS, 5400, 5400, 0},
                {"3 bd", DURATION_WORK_DAYS, 3, 3 * DAY, 0},
                {"\t3d\t", DURATION_SECONDS, 3 * DAY, 3 * DAY, 3},
                {"010d", DURATION_SECONDS, 10 * DAY, 10 * DAY, 10},
                {"1h0m", DURATION_SECONDS, 3600, 3600, 0},
                {"36525d", DURATION_SECONDS, 36525 * DAY, 36525 * DAY, 36525},
        };
        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                struct duration d;
                if (duration_parse(good[i].s, &d) < 0)
                        fail_msg("\"%s\" was refused", good[i].s);
                assert_int_equal(d.unit, good[i].unit);
                assert_int_equal(d.n, good[i].n);
                assert_int_equal(d.days, good[i].days);
                assert_int_equal(duration_seconds(&d), good[i].seconds);
        }
}

static void test_refused(void **state) {
        (void) state;
        static const char *const bad[] = {
                "",
                " ",
                "h",
                "5",
                "0m",
                "0h0m",
                "-3d",
                "+3d",
                "3",
                "3x",
                "3D",
                "24H",
                "1.5h",
                "1,5h",
                "3bdx",
                "3mon",
                "5 buisness days",
                "3 days",
                "1h1h",
                "30m1h",
                "1mo3d",
                "3d1mo",
                "1bd4h",
                "1bh30m",
                "2bd3bd",
                "1mo1mo",
                "3d,",
                "d3",
                "3dd",
                "3b d",
                "3m o",
                "99999999999s",
                "9999999999999999999999d",
                "36526d",
                "5218w1d",
                "1300mo",
                "3\xc2\xa0\x64",
                "3d\n",
                "0x10s",
                "1e3s",
        };
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                struct duration d = {.n = 42};
                if (duration_parse(bad[i], &d) != -EINVAL)
                        fail_msg("\"%s\" was accepted", bad[i]);
                assert_int_equal(d.n, 42);
        }
        struct duration d;
        assert_int_equal(duration_parse(NULL, &d), -EINVAL);
}

static instant added(const char *duration, const struct work_calendar *c, const char *from) {
        struct duration d;
        assert_int_equal(duration_parse(duration, &d), 0);
        return duration_add(&d, c, zoneinfo_instant(paris, from));
}

static void test_add(void **state) {
        (void) state;
        struct work_calendar c = {.zone = paris};
        for (int i = 0; i < 5; i++)
                c.week[i] = (struct work_day){.spans = {{9 * 60, 17 * 60}}, .n = 1};
        static const struct {
                const char *duration, *from, *want;
        } v[] = {
                {"15m", "2026-03-02T08:50", "2026-03-02T09:05"},
                /* Over the spring change a day keeps the clock time, 24 hours do not. */
                {"1d", "2026-03-28T10:00", "2026-03-29T10:00"},
                {"24h", "2026-03-28T10:00", "2026-03-29T11:00"},
                {"1d", "2026-10-24T10:00", "2026-10-25T10:00"},
                {"24h", "2026-10-24T10:00", "2026-10-25T09:00"},
                {"1w", "2026-03-25T10:00", "2026-04-01T10:00"},
                {"1d2h", "2026-03-28T10:00", "2026-03-29T12:00"},
                {"1mo", "2026-01-31T10:00", "2026-02-28T10:00"},
                {"1mo", "2024-01-31T10:00", "2024-02-29T10:00"},
                {"6mo", "2026-08-31T10:00", "2027-02-28T10:00"},
                {"12mo", "2026-03-02T10:00", "2027-03-02T10:00"},
                {"2mo", "2026-02-10T10:00", "2026-04-10T10:00"},
                {"8bh", "2026-03-06T16:00", "2026-03-09T16:00"},
                {"1bd", "2026-03-06T20:00", "2026-03-09T17:00"},
                {"3bd", "2026-03-06T08:00", "2026-03-11T17:00"},
        };
        for (size_t i = 0; i < ELEMENTSOF(v); i++)
                if (added(v[i].duration, &c, v[i].from) != zoneinfo_instant(paris, v[i].want))
                        fail_msg("%s + %s is not %s", v[i].from, v[i].duration, v[i].want);
}

static void test_add_at_the_ends(void **state) {
        (void) state;
        struct work_calendar c = {.zone = paris};
        struct duration d = {.unit = DURATION_MONTHS, .n = 12};
        assert_int_equal(duration_add(&d, &c, INSTANT_UNKNOWN), INSTANT_UNKNOWN);
        assert_int_equal(duration_add(&d, &c, INSTANT_MAX - DAY), INSTANT_UNKNOWN);
        d = (struct duration){.n = 3 * DAY, .days = 3};
        assert_int_equal(duration_add(&d, &c, INSTANT_MAX - DAY), INSTANT_UNKNOWN);
        d = (struct duration){.unit = DURATION_WORK_DAYS, .n = 3};
        assert_int_equal(duration_add(&d, &c, 0), INSTANT_UNKNOWN);
        /* Without days the clock is not looked at: the second 02:30 of an autumn night plus a minute is the next minute. */
        d = (struct duration){.n = 60};
        instant second = zoneinfo_instant(paris, "2026-10-25T02:30") + HOUR;
        assert_int_equal(duration_add(&d, &c, second), second + 60);
}

static void test_text(void **state) {
        (void) state;
        static const struct {
                const char *s, *text;
        } v[] = {
                {"3bd", "3 business days"},
                {"1bd", "1 business day"},
                {"24h", "24 hours"},
                {"1h", "1 hour"},
                {"8bh", "8 business hours"},
                {"90d", "90 days"},
                {"2w", "2 weeks"},
                {"6mo", "6 months"},
                {"1mo", "1 month"},
                {"15m", "15 minutes"},
                {"1h30m", "1 hour 30 minutes"},
                {"1d12h", "1 day 12 hours"},
                {"45s", "45 seconds"},
        };
        struct arena *arena;
        assert_int_equal(arena_new(0, &arena), 0);
        for (size_t i = 0; i < ELEMENTSOF(v); i++) {
                struct duration d;
                assert_int_equal(duration_parse(v[i].s, &d), 0);
                assert_string_equal(duration_text(&d, arena), v[i].text);
        }
        arena_free(arena);
        assert_int_equal(arena_new(1, &arena), 0);
        struct duration d = {.n = 60};
        assert_null(duration_text(&d, arena));
        arena_free(arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_parse),           cmocka_unit_test(test_refused), cmocka_unit_test(test_add),
                cmocka_unit_test(test_add_at_the_ends), cmocka_unit_test(test_text),
        };
        return cmocka_run_group_tests(tests, setup, teardown);
}
