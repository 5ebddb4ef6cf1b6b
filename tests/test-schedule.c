/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rules/schedule.h"
#include "tests/zoneinfo.h"

#define MINUTE 60
#define HOUR 3600
#define DAY 86400
#define WEEK (7 * DAY)

/* Changes of an hour and of half an hour, in both halves of the year, none, at midnight, and just after it. */
static const char *const zone_names[] = {"Europe/Paris",   "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata",
                                         "America/Havana", "America/Asuncion", "Pacific/Apia",        "UTC"};
static struct zone *zones[ELEMENTSOF(zone_names)];
#define PARIS zones[0]

static int setup(void **state) {
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(zones); i++)
                if (!(zones[i] = zoneinfo_read(zone_names[i])))
                        return -1;
        return 0;
}

static int teardown(void **state) {
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(zones); i++)
                zones[i] = zone_free(zones[i]);
        return 0;
}

static void test_parse(void **state) {
        (void) state;
        static const struct {
                const char *text;
                int day, minute;
                const char *fault;
        } v[] = {
                {"mon 08:00", 0, 480, NULL},
                {"Monday 8:00", 0, 480, NULL},
                {"  FRI\t17h30 ", 4, 1050, NULL},
                {"sun 9", 6, 540, NULL},
                {"sat 9h", 5, 540, NULL},
                {"wed 00:00", 2, 0, NULL},
                {"thu 23:59", 3, 1439, NULL},
                {"tue24", 1, 0, "24:00 is"},
                {"mon 24:00", 0, 0, "24:00 is"},
                {"mon", 0, 0, "no time"},
                {"mon 8:5", 0, 0, "no time"},
                {"mon 25:00", 0, 0, "no time"},
                {"mon 08:60", 0, 0, "no time"},
                {"08:00", 0, 0, "does not begin"},
                {"", 0, 0, "does not begin"},
                {"lundi 08:00", 0, 0, "does not begin"},
                {"mon 08:00 09:00", 0, 0, "something follows"},
                {"mon 08:00 pm", 0, 0, "something follows"},
                {"mon-fri 08:00", 0, 0, "no time"},
                {"mon 123", 0, 0, "something follows"},
        };
        for (size_t i = 0; i < ELEMENTSOF(v); i++) {
                struct schedule s = {3, 7};
                const char *fault = NULL;
                int r = schedule_parse(v[i].text, &s, &fault);
                if (v[i].fault) {
                        assert_int_equal(r, -EINVAL);
                        assert_non_null(strstr(fault, v[i].fault));
                        assert_true(s.weekday == 3 && s.minute == 7);
                        assert_int_equal(schedule_parse(v[i].text, &s, NULL), -EINVAL);
                        continue;
                }
                assert_int_equal(r, 0);
                assert_int_equal(s.weekday, v[i].day);
                assert_int_equal(s.minute, v[i].minute);
        }
}

static int32_t day_of(const char *date) {
        struct civil c;
        int32_t offset;
        assert_int_equal(civil_parse(date, &c, &offset, NULL), 0);
        return civil_days(c.year, c.month, c.day);
}

static void test_vectors(void **state) {
        (void) state;
        static const struct {
                const char *every, *now, *last, *last_day, *next, *next_day; /* UTC */
        } v[] = {
                /* Paris: 08:00 is 07:00Z in winter, 06:00Z in summer. */
                {"mon 08:00", "2026-03-02T06:59:59Z", "2026-02-23T07:00:00Z", "2026-02-23", "2026-03-02T07:00:00Z",
                 "2026-03-02"},
                {"mon 08:00", "2026-03-02T07:00:00Z", "2026-03-02T07:00:00Z", "2026-03-02", "2026-03-09T07:00:00Z",
                 "2026-03-09"},
                {"mon 08:00", "2026-03-29T12:00:00Z", "2026-03-23T07:00:00Z", "2026-03-23", "2026-03-30T06:00:00Z",
                 "2026-03-30"},
                {"mon 08:00", "2026-10-25T12:00:00Z", "2026-10-19T06:00:00Z", "2026-10-19", "2026-10-26T07:00:00Z",
                 "2026-10-26"},
                /* 02:30 is left out on 29 March: it is due at 03:30 summer time. */
                {"sun 02:30", "2026-03-29T01:29:59Z", "2026-03-22T01:30:00Z", "2026-03-22", "2026-03-29T01:30:00Z",
                 "2026-03-29"},
                {"sun 02:30", "2026-03-29T01:30:00Z", "2026-03-29T01:30:00Z", "2026-03-29", "2026-04-05T00:30:00Z",
                 "2026-04-05"},
                /* 02:30 comes twice on 25 October: the first counts, and the second is not due again. */
                {"sun 02:30", "2026-10-25T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-25", "2026-11-01T01:30:00Z",
                 "2026-11-01"},
                {"sun 02:30", "2026-10-25T01:30:00Z", "2026-10-25T00:30:00Z", "2026-10-25", "2026-11-01T01:30:00Z",
                 "2026-11-01"},
        };
        for (size_t i = 0; i < ELEMENTSOF(v); i++) {
                struct schedule s;
                int32_t day;
                const struct zone *utc = zone_utc();
                assert_int_equal(schedule_parse(v[i].every, &s, NULL), 0);
                instant now = zoneinfo_instant(utc, v[i].now);
                assert_int_equal(schedule_last(&s, PARIS, now, &day), zoneinfo_instant(utc, v[i].last));
                assert_int_equal(day, day_of(v[i].last_day));
                assert_int_equal(schedule_next(&s, PARIS, now, &day), zoneinfo_instant(utc, v[i].next));
                assert_int_equal(day, day_of(v[i].next_day));
        }
}

/* A year in steps that hit every quarter of an hour in each zone, for every day and some times: what was due last is what was next before, the days are a
 * week apart and of the right name, and the clock on the wall shows the time wherever it shows it at all on that day. */
static void test_walk(void **state) {
        (void) state;
        static const int16_t minutes[] = {0, 1, 15, 90, 150, 170, 480, 1439};
        for (size_t z = 0; z < ELEMENTSOF(zones); z++)
                for (int8_t weekday = 0; weekday < 7; weekday++)
                        for (size_t m = 0; m < ELEMENTSOF(minutes); m++) {
                                const struct schedule s = {weekday, minutes[m]};
                                instant start = 1767225600 /* 2026-01-01 */, last, next, was = INSTANT_UNKNOWN;
                                int32_t day, next_day, was_day = 0;
                                for (instant now = start; now < start + 366 * (instant) DAY; now += 15 * MINUTE) {
                                        last = schedule_last(&s, zones[z], now, &day);
                                        next = schedule_next(&s, zones[z], now, &next_day);
                                        assert_true(last <= now && now < next);
                                        assert_int_equal(next_day, day + 7);
                                        assert_int_equal(civil_weekday(day), weekday + 1);
                                        assert_true(next - last >= WEEK - 2 * HOUR && next - last <= WEEK + 2 * HOUR);
                                        if (was != INSTANT_UNKNOWN && last != was)
                                                assert_int_equal(day, was_day + 7);
                                        if (last != was) {
                                                struct civil c = zone_civil(zones[z], last);
                                                int shown = c.hour * 60 + c.minute;
                                                int32_t shown_day = zone_day(zones[z], last);
                                                assert_true(shown == s.minute || shown == s.minute + 60 ||
                                                            shown == s.minute + 30 || shown_day == day + 1);
                                        }
                                        was = last;
                                        was_day = day;
                                }
                        }
}

#define T(name) cmocka_unit_test(name)

int main(void) {
        const struct CMUnitTest tests[] = {T(test_parse), T(test_vectors), T(test_walk)};
        return cmocka_run_group_tests(tests, setup, teardown);
}
