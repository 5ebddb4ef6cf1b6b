/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rules/worktime.h"
#include "tests/zoneinfo.h"

#define MINUTE 60
#define HOUR 3600
#define DAY 86400

static const char *const zone_names[] = {"Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"};
static struct zone *zones[ELEMENTSOF(zone_names)];
#define PARIS zones[0]
#define NEW_YORK zones[1]
#define LORD_HOWE zones[2]
#define KOLKATA zones[3]

static int setup(void **state) {
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(zones); i++) {
                zones[i] = zoneinfo_read(zone_names[i]);
                if (!zones[i])
                        return -1;
        }
        return 0;
}

static int teardown(void **state) {
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(zones); i++)
                zones[i] = zone_free(zones[i]);
        return 0;
}

static struct work_day one_span(int start, int end) {
        return (struct work_day){.spans = {{(int16_t) start, (int16_t) end}}, .n = 1};
}

/* The same span on the first `days` days of the week. */
static struct work_calendar hours(const struct zone *zone, int days, int start, int end) {
        struct work_calendar c = {.zone = zone};
        for (int i = 0; i < days; i++)
                c.week[i] = one_span(start * 60, end * 60);
        return c;
}

/* Clock times may lie on any date; the week of Monday 2026-03-02 has neither holiday nor change of the hour. */
#define AT(z, s) zoneinfo_instant((z), (s))
#define MON "2026-03-02T"
#define TUE "2026-03-03T"
#define FRI "2026-03-06T"
#define SAT "2026-03-07T"
#define SUN "2026-03-08T"
#define NEXT_MON "2026-03-09T"
#define NEXT_TUE "2026-03-10T"

static void test_published_between(void **state) {
        (void) state;
        static const struct {
                int start, end;
                const char *from, *to;
                int64_t minutes;
        } v[] = {
                {9, 17, MON "08:30", MON "09:15", 15},  /* timetoreply */
                {9, 17, MON "16:30", TUE "10:30", 120}, /* Email Meter */
                {9, 17, MON "20:00", TUE "09:15", 15},  /* Email Meter */
                {8, 17, MON "13:00", MON "21:00", 240}, /* Email Meter */
                {9, 17, MON "16:30", TUE "09:30", 60},  /* Front */
                {9, 17, MON "18:00", TUE "09:30", 30},  /* Front */
                {9, 17, SAT "11:00", SUN "15:00", 0},   /* Front */
                {8, 17, MON "07:00", MON "08:05", 5},   /* EmailAnalytics */
                {8, 17, MON "16:00", MON "18:27", 60},  /* EmailAnalytics */
        };
        for (size_t z = 0; z < ELEMENTSOF(zones); z++)
                for (size_t i = 0; i < ELEMENTSOF(v); i++) {
                        struct work_calendar c = hours(zones[z], 5, v[i].start, v[i].end);
                        assert_int_equal(work_calendar_between(&c, AT(zones[z], v[i].from), AT(zones[z], v[i].to)),
                                         v[i].minutes * MINUTE);
                }
}

static void test_published_add(void **state) {
        (void) state;
        struct work_calendar c = hours(PARIS, 5, 9, 17);
        assert_int_equal(work_calendar_add_seconds(&c, AT(PARIS, MON "16:00"), 4 * HOUR),
                         AT(PARIS, TUE "12:00")); /* FreeScout */
        /* Front: Friday 16:30 and an hour is Monday 9:30. */
        assert_int_equal(work_calendar_add_seconds(&c, AT(PARIS, FRI "16:30"), HOUR), AT(PARIS, NEXT_MON "09:30"));
}

/* Results that were published and are wrong: ours is the right one and differs. */
static void test_published_wrong(void **state) {
        (void) state;
        struct work_calendar c = hours(PARIS, 5, 9, 17);
        instant got = work_calendar_add_seconds(&c, AT(PARIS, FRI "17:00"), 8 * HOUR);
        assert_int_equal(got, AT(PARIS, NEXT_MON "17:00"));
        assert_int_not_equal(got, AT(PARIS, NEXT_MON "09:00"));

        c = hours(PARIS, 5, 8, 17);
        got = work_calendar_add_seconds(&c, AT(PARIS, FRI "16:00"), 4 * HOUR);
        assert_int_equal(got, AT(PARIS, NEXT_MON "11:00"));
        assert_int_not_equal(got, AT(PARIS, NEXT_TUE "11:00"));

        /* zammad#390 counts 11 November 2016 both as a holiday and as worked. */
        struct day_range off[] = {{civil_days(2016, 11, 11), civil_days(2016, 11, 11)},
                                  {civil_days(2016, 11, 13), civil_days(2016, 11, 13)}};
        c = hours(PARIS, 7, 9, 21);
        c.days_off = off;
        c.n_days_off = ELEMENTSOF(off);
        got = work_calendar_add_seconds(&c, AT(PARIS, "2016-11-09T23:00"), 48 * HOUR);
        assert_int_equal(got, AT(PARIS, "2016-11-15T21:00"));
        assert_int_not_equal(got, AT(PARIS, "2016-11-14T21:00"));
}

static void test_breaks(void **state) {
        (void) state;
        struct work_calendar c = hours(PARIS, 5, 9, 12);
        for (size_t i = 0; i < 5; i++)
                c.week[i].spans[c.week[i].n++] = (struct work_span){14 * 60, 18 * 60};
        const int64_t monday = (int64_t) civil_days(2026, 3, 2) * 24 * HOUR;
        assert_false(work_calendar_clock_is_break(&c, monday + 12 * HOUR - 1));
        assert_true(work_calendar_clock_is_break(&c, monday + 12 * HOUR));
        assert_true(work_calendar_clock_is_break(&c, monday + 14 * HOUR - 1));
        assert_false(work_calendar_clock_is_break(&c, monday + 14 * HOUR));
        assert_false(work_calendar_clock_is_break(&c, monday + 20 * HOUR));
        assert_false(work_calendar_clock_is_break(&c, monday + 8 * HOUR));
        assert_false(work_calendar_clock_is_break(&c, monday - 2 * 24 * HOUR + 13 * HOUR)); /* Saturday */
        struct day_range off = {civil_days(2026, 3, 2), civil_days(2026, 3, 2)};
        c.days_off = &off;
        c.n_days_off = 1;
        assert_false(work_calendar_clock_is_break(&c, monday + 13 * HOUR));
        c.n_days_off = 0;
        c.week[0].spans[1] = (struct work_span){12 * 60 + WORK_BREAK_MAX + 1, 20 * 60}; /* too long to be a break */
        assert_false(work_calendar_clock_is_break(&c, monday + 13 * HOUR));
}

static void test_edges_of_spans(void **state) {
        (void) state;
        struct work_calendar c = hours(PARIS, 5, 9, 17);
        assert_false(work_calendar_is_open(&c, AT(PARIS, MON "09:00") - 1));
        assert_true(work_calendar_is_open(&c, AT(PARIS, MON "09:00")));
        assert_true(work_calendar_is_open(&c, AT(PARIS, MON "17:00") - 1));
        assert_false(work_calendar_is_open(&c, AT(PARIS, MON "17:00")));
        assert_false(work_calendar_is_open(&c, AT(PARIS, SAT "12:00")));
        assert_int_equal(work_calendar_between(&c, AT(PARIS, MON "17:00") - 1, AT(PARIS, TUE "09:00") + 1), 2);
        assert_int_equal(work_calendar_between(&c, AT(PARIS, MON "12:00"), AT(PARIS, MON "12:00")), 0);
        assert_int_equal(work_calendar_between(&c, AT(PARIS, TUE "12:00"), AT(PARIS, MON "12:00")), 0);
        assert_int_equal(work_calendar_add_seconds(&c, AT(PARIS, SAT "12:00"), 0), AT(PARIS, SAT "12:00"));
        assert_int_equal(work_calendar_add_seconds(&c, AT(PARIS, SAT "12:00"), 1), AT(PARIS, NEXT_MON "09:00") + 1);
        assert_int_equal(work_calendar_add_seconds(&c, AT(PARIS, MON "09:00"), 8 * HOUR), AT(PARIS, MON "17:00"));
        assert_int_equal(work_calendar_add_seconds(&c, AT(PARIS, MON "09:00"), 8 * HOUR + 1), AT(PARIS, TUE "09:00") + 1);
}

/* zammad#3180: a clock that never stops has no hole at midnight. */
static void test_around_the_clock(void **state) {
        (void) state;
        for (size_t z = 0; z < ELEMENTSOF(zones); z++) {
                struct work_calendar c = hours(zones[z], 7, 0, 24);
                instant from = AT(zones[z], "2026-01-01T00:00"), to = from + 366 * (int64_t) DAY + 17;
                assert_int_equal(work_calendar_between(&c, from, to), to - from);
                assert_int_equal(work_calendar_add_seconds(&c, from + 5, 1000000), from + 5 + 1000000);
        }
}

static void test_over_midnight(void **state) {
        (void) state;
        struct work_calendar c = {.zone = PARIS};
        c.week[4] = one_span(22 * 60, 26 * 60); /* Friday night */
        assert_true(work_calendar_is_open(&c, AT(PARIS, SAT "01:59")));
        assert_false(work_calendar_is_open(&c, AT(PARIS, SAT "02:00")));
        assert_false(work_calendar_is_open(&c, AT(PARIS, FRI "01:00")));
        assert_false(work_calendar_day_open(&c, civil_days(2026, 3, 7)));
        assert_int_equal(work_calendar_between(&c, AT(PARIS, FRI "00:00"), AT(PARIS, SUN "00:00")), 4 * HOUR);
        assert_int_equal(work_calendar_between(&c, AT(PARIS, SAT "00:30"), AT(PARIS, SAT "12:00")), 90 * MINUTE);
        assert_int_equal(work_calendar_add_days(&c, AT(PARIS, MON "12:00"), 1), AT(PARIS, SAT "02:00"));
        /* The night belongs to the day it begins on: a Saturday off does not end it, a Friday off removes it all. */
        struct day_range saturday = {civil_days(2026, 3, 7), civil_days(2026, 3, 7)};
        c.days_off = &saturday;
        c.n_days_off = 1;
        assert_int_equal(work_calendar_between(&c, AT(PARIS, FRI "00:00"), AT(PARIS, SUN "00:00")), 4 * HOUR);
        struct day_range friday = {civil_days(2026, 3, 6), civil_days(2026, 3, 6)};
        c.days_off = &friday;
        assert_int_equal(work_calendar_between(&c, AT(PARIS, FRI "00:00"), AT(PARIS, SUN "00:00")), 0);
}

static void test_change_of_the_hour(void **state) {
        (void) state;
        /* Sunday 2026-03-29: 02:00 becomes 03:00. Sunday 2026-10-25: 03:00 becomes 02:00. */
        struct work_calendar c = hours(PARIS, 7, 1, 5);
        assert_int_equal(work_calendar_between(&c, AT(PARIS, "2026-03-29T00:00"), AT(PARIS, "2026-03-29T12:00")), 3 * HOUR);
        assert_int_equal(work_calendar_between(&c, AT(PARIS, "2026-10-25T00:00"), AT(PARIS, "2026-10-25T12:00")), 5 * HOUR);
        assert_int_equal(work_calendar_between(&c, AT(PARIS, "2026-03-30T00:00"), AT(PARIS, "2026-03-30T12:00")), 4 * HOUR);
        assert_int_equal(work_calendar_add_seconds(&c, AT(PARIS, "2026-03-29T00:00"), 3 * HOUR),
                         AT(PARIS, "2026-03-29T05:00"));
        /* Lord Howe moves by half an hour: 2026-04-05 02:00 becomes 01:30. */
        c.zone = LORD_HOWE;
        assert_int_equal(work_calendar_between(&c, AT(LORD_HOWE, "2026-04-05T00:00"), AT(LORD_HOWE, "2026-04-05T12:00")),
                         4 * HOUR + 30 * MINUTE);
        /* What lies in the gap is never worked. */
        c = hours(PARIS, 7, 2, 3);
        assert_int_equal(work_calendar_between(&c, AT(PARIS, "2026-03-29T00:00"), AT(PARIS, "2026-03-29T12:00")), 0);
        assert_int_equal(work_calendar_between(&c, AT(PARIS, "2026-10-25T00:00"), AT(PARIS, "2026-10-25T12:00")), 2 * HOUR);
}

static void test_business_days(void **state) {
        (void) state;
        struct work_calendar c = hours(PARIS, 5, 9, 17);
        c.week[0] = (struct work_day){.spans = {{9 * 60, 12 * 60 + 30}, {14 * 60, 18 * 60}}, .n = 2};
        assert_int_equal(work_calendar_add_days(&c, AT(PARIS, FRI "20:00"), 1), AT(PARIS, NEXT_MON "18:00"));
        assert_int_equal(work_calendar_add_days(&c, AT(PARIS, FRI "08:00"), 1), AT(PARIS, NEXT_MON "18:00"));
        assert_int_equal(work_calendar_add_days(&c, AT(PARIS, SAT "08:00"), 1), AT(PARIS, NEXT_MON "18:00"));
        assert_int_equal(work_calendar_add_days(&c, AT(PARIS, SUN "23:59"), 2), AT(PARIS, NEXT_TUE "17:00"));
        assert_int_equal(work_calendar_add_days(&c, AT(PARIS, MON "10:00"), 3), AT(PARIS, "2026-03-05T17:00"));
        assert_int_equal(work_calendar_add_days(&c, AT(PARIS, MON "10:00"), 0), INSTANT_UNKNOWN);
        assert_int_equal(work_calendar_add_days(&c, AT(PARIS, MON "10:00"), -3), INSTANT_UNKNOWN);
        assert_int_equal(work_calendar_add_days(&c, AT(PARIS, MON "10:00"), INT32_MAX), INSTANT_UNKNOWN);
        /* Late on Sunday in New York is Monday in Paris already: the day is the one of the calendar. */
        assert_int_equal(work_calendar_add_days(&c, AT(NEW_YORK, SUN "22:00"), 1), AT(PARIS, NEXT_TUE "17:00"));
}

static void test_holidays_and_absences(void **state) {
        (void) state;
        static const char *const fr[] = {"FR", NULL}, *const both[] = {"FR", "US", NULL};
        struct work_calendar c = hours(PARIS, 5, 9, 17);
        c.regions = fr;
        /* Easter Monday 2026 is 6 April. */
        assert_false(work_calendar_day_open(&c, civil_days(2026, 4, 6)));
        assert_true(work_calendar_day_open(&c, civil_days(2026, 4, 3)));
        assert_int_equal(work_calendar_add_seconds(&c, AT(PARIS, "2026-04-03T16:00"), 2 * HOUR),
                         AT(PARIS, "2026-04-07T10:00"));
        assert_int_equal(work_calendar_add_days(&c, AT(PARIS, "2026-04-03T16:00"), 1), AT(PARIS, "2026-04-07T17:00"));
        assert_true(work_calendar_day_open(&c, civil_days(2026, 7, 3)));
        c.regions = both;
        assert_false(work_calendar_day_open(&c, civil_days(2026, 7, 3))); /* observed for Saturday 4 July */
        assert_false(work_calendar_day_open(&c, civil_days(2026, 7, 14)));
        struct day_range off[] = {{civil_days(2026, 8, 3), civil_days(2026, 8, 21)},
                                  {civil_days(2026, 12, 28), civil_days(2026, 12, 31)}};
        c.days_off = off;
        c.n_days_off = 2;
        assert_true(work_calendar_day_open(&c, civil_days(2026, 7, 31)));
        assert_false(work_calendar_day_open(&c, civil_days(2026, 8, 3)));
        assert_false(work_calendar_day_open(&c, civil_days(2026, 8, 21)));
        assert_true(work_calendar_day_open(&c, civil_days(2026, 8, 24)));
        assert_false(work_calendar_day_open(&c, civil_days(2026, 12, 31)));
        assert_int_equal(work_calendar_between(&c, AT(PARIS, "2026-08-03T00:00"), AT(PARIS, "2026-08-22T00:00")), 0);
}

static void test_no_hours(void **state) {
        (void) state;
        struct work_calendar c = {.zone = PARIS};
        instant now = AT(PARIS, MON "12:00");
        assert_false(work_calendar_is_open(&c, now));
        assert_int_equal(work_calendar_between(&c, now, now + 100 * DAY), 0);
        assert_int_equal(work_calendar_add_seconds(&c, now, 1), INSTANT_UNKNOWN);
        assert_int_equal(work_calendar_add_days(&c, now, 1), INSTANT_UNKNOWN);
        /* Hours, but absent for ever. */
        struct day_range always = {INT32_MIN, INT32_MAX};
        c = hours(PARIS, 7, 9, 17);
        c.days_off = &always;
        c.n_days_off = 1;
        assert_int_equal(work_calendar_add_seconds(&c, now, 1), INSTANT_UNKNOWN);
        assert_int_equal(work_calendar_add_days(&c, now, 1), INSTANT_UNKNOWN);
        assert_int_equal(work_calendar_between(&c, now, now + 100 * DAY), 0);
}

static void test_far_instants(void **state) {
        (void) state;
        struct work_calendar c = hours(PARIS, 7, 0, 24);
        instant now = AT(PARIS, MON "12:00");
        int64_t most = work_calendar_between(&c, now, now + WORK_YEARS_MAX * INT64_C(366) * DAY);
        assert_int_equal(work_calendar_between(&c, now, INSTANT_MAX), most);
        assert_int_equal(work_calendar_between(&c, INSTANT_UNKNOWN, now), 0);
        assert_int_equal(work_calendar_between(&c, now, INSTANT_UNKNOWN), 0);
        assert_int_equal(work_calendar_between(&c, now, INT64_MAX), 0);
        assert_int_equal(work_calendar_add_seconds(&c, INSTANT_UNKNOWN, 5), INSTANT_UNKNOWN);
        assert_int_equal(work_calendar_add_seconds(&c, now, INT64_MAX), INSTANT_UNKNOWN);
        assert_false(work_calendar_is_open(&c, INSTANT_UNKNOWN));
        (void) work_calendar_is_open(&c, INSTANT_MIN);
        (void) work_calendar_is_open(&c, INSTANT_MAX);
        (void) work_calendar_between(&c, INSTANT_MIN, INSTANT_MAX);
        (void) work_calendar_add_seconds(&c, INSTANT_MAX, 5);
        (void) work_calendar_add_days(&c, INSTANT_MAX, 5);
}

/* A small generator that is the same everywhere. */
static uint64_t random_state = 88172645463325252U;
static uint32_t random_below(uint32_t n) {
        random_state ^= random_state << 13;
        random_state ^= random_state >> 7;
        random_state ^= random_state << 17;
        return (uint32_t) ((random_state >> 16) % n);
}

static struct work_calendar random_calendar(const struct zone *zone, int32_t near, struct day_range *off) {
        static const char *const regions[][3] = {{NULL}, {"FR", NULL}, {"US", NULL}, {"GB", "DE-BY", NULL}};
        struct work_calendar c = {.zone = zone, .regions = regions[random_below(ELEMENTSOF(regions))]};
        uint32_t kind = random_below(8);
        for (size_t i = 0; i < 7 && kind > 0; i++) {
                struct work_day *d = &c.week[i];
                uint32_t n = random_below(i < 5 ? 5 : 3), at = random_below(300);
                for (uint32_t k = 0; k < n && at < 1430; k++) {
                        uint32_t end = at + 1 + random_below(k + 1 == n ? 700 : 240);
                        if (kind % 2 == 0) /* round hours meet each other and midnight */
                                end = (end + 59) / 60 * 60;
                        d->spans[d->n++] = (struct work_span){(int16_t) at, (int16_t) end};
                        at = end + (kind % 3 == 0 ? 0 : random_below(120));
                }
                if (kind == 7 && random_below(3) == 0) /* a night over the change */
                        *d = one_span((int) (1200 + random_below(239)), (int) (1441 + random_below(400)));
        }
        size_t n = random_below(4);
        int32_t day = near - 5;
        for (size_t i = 0; i < n; i++) {
                off[i].first = day + (int32_t) random_below(5);
                off[i].last = off[i].first + (int32_t) random_below(3);
                day = off[i].last + 1;
        }
        c.days_off = off;
        c.n_days_off = n;
        return c;
}

/* The definition itself, minute by minute: what the clock on the wall shows, against the spans as they are written. */
static bool open_by_definition(const struct work_calendar *c, instant at) {
        struct civil local = zone_civil(c->zone, at);
        int32_t today = civil_days(local.year, local.month, local.day);
        for (int back = 0; back <= 1; back++) {
                int32_t day = today - back, minute = local.hour * 60 + local.minute + back * 1440;
                bool off = false;
                for (size_t i = 0; i < c->n_days_off; i++)
                        off |= day >= c->days_off[i].first && day <= c->days_off[i].last;
                for (size_t i = 0; c->regions[i]; i++)
                        off |= holiday_name(c->regions[i], day) != NULL;
                const struct work_day *d = &c->week[civil_weekday(day) - 1];
                for (uint32_t i = 0; i < d->n && !off; i++)
                        if (minute >= d->spans[i].start && minute < d->spans[i].end)
                                return true;
        }
        return false;
}

static void test_against_a_minute_walk(void **state) {
        (void) state;
        /* Around every change of the hour of the zones and around holidays. */
        static const char *const days[] = {"2026-03-29", "2026-10-25", "2026-03-08", "2026-11-01", "2026-04-05",
                                           "2026-10-04", "2026-12-25", "2025-05-05", "2024-02-29", "1999-12-31"};
        unsigned checked = 0, with_time = 0;
        for (unsigned round = 0; round < 480; round++) {
                const struct zone *zone = zones[round % ELEMENTSOF(zones)];
                struct civil c;
                int32_t offset;
                assert_int_equal(civil_parse(days[random_below(ELEMENTSOF(days))], &c, &offset, NULL), 0);
                int32_t near = civil_days(c.year, c.month, c.day);
                struct day_range off[4];
                struct work_calendar calendar = random_calendar(zone, near, off);
                instant from = (int64_t) near * DAY - 3 * DAY + (int64_t) random_below(4 * 1440) * MINUTE;
                uint32_t minutes = random_below(round % 3 == 0 ? 600 : 6 * 1440);
                int64_t worked = 0;
                instant last = INSTANT_UNKNOWN;
                for (uint32_t i = 0; i < minutes; i++) {
                        instant at = from + (int64_t) i * MINUTE;
                        bool open = open_by_definition(&calendar, at);
                        if (open != work_calendar_is_open(&calendar, at))
                                fail_msg("round %u: %s at %" PRId64, round, zone_name(zone), at);
                        if (!open)
                                continue;
                        worked += MINUTE;
                        last = at + MINUTE;
                }
                instant to = from + (int64_t) minutes * MINUTE;
                int64_t got = work_calendar_between(&calendar, from, to);
                if (got != worked)
                        fail_msg("round %u: %s from %" PRId64 ", %u minutes: %" PRId64 " for %" PRId64, round,
                                 zone_name(zone), from, minutes, got, worked);
                /* Adding what was worked comes to the end of the last minute that was. */
                if (worked > 0) {
                        assert_int_equal(work_calendar_add_seconds(&calendar, from, worked), last);
                        with_time++;
                }
                /* Any cut adds up, also inside a minute. */
                instant cut = from + random_below(minutes * MINUTE + 1);
                assert_int_equal(work_calendar_between(&calendar, from, cut) + work_calendar_between(&calendar, cut, to),
                                 worked);
                checked++;
        }
        assert_int_equal(checked, 480);
        assert_true(with_time > 200);
}

static void test_business_days_against_a_walk(void **state) {
        (void) state;
        for (unsigned round = 0; round < 300; round++) {
                const struct zone *zone = zones[round % ELEMENTSOF(zones)];
                struct day_range off[4];
                int32_t near = civil_days(2026, 1, 1) + (int32_t) random_below(365);
                struct work_calendar c = random_calendar(zone, near, off);
                instant from = (int64_t) near * DAY + random_below(DAY);
                int32_t n = 1 + (int32_t) random_below(12), left = n, day = zone_day(zone, from);
                instant want = INSTANT_UNKNOWN;
                for (int i = 0; i < 400 && left > 0; i++)
                        if (work_calendar_day_open(&c, ++day) && --left == 0) {
                                const struct work_day *d = &c.week[civil_weekday(day) - 1];
                                struct civil close = civil_from_seconds((int64_t) day * DAY + d->spans[d->n - 1].end * 60);
                                want = zone_instant(zone, &close);
                        }
                assert_int_equal(work_calendar_add_days(&c, from, n), want);
        }
}

static void test_ten_years_add_up(void **state) {
        (void) state;
        static const char *const fr[] = {"FR", NULL};
        struct work_calendar c = hours(PARIS, 5, 9, 17);
        c.regions = fr;
        instant from = AT(PARIS, "2016-01-01T00:00"), to = AT(PARIS, "2026-01-01T00:00");
        int64_t days = 0;
        for (int32_t day = civil_days(2016, 1, 1); day < civil_days(2026, 1, 1); day++)
                days += work_calendar_day_open(&c, day);
        for (int i = 0; i < 200; i++)
                assert_int_equal(work_calendar_between(&c, from, to), days * 8 * HOUR);
        assert_true(days > 2500 && days < 2550);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_published_between),
                cmocka_unit_test(test_published_add),
                cmocka_unit_test(test_published_wrong),
                cmocka_unit_test(test_breaks),
                cmocka_unit_test(test_edges_of_spans),
                cmocka_unit_test(test_around_the_clock),
                cmocka_unit_test(test_over_midnight),
                cmocka_unit_test(test_change_of_the_hour),
                cmocka_unit_test(test_business_days),
                cmocka_unit_test(test_holidays_and_absences),
                cmocka_unit_test(test_no_hours),
                cmocka_unit_test(test_far_instants),
                cmocka_unit_test(test_against_a_minute_walk),
                cmocka_unit_test(test_business_days_against_a_walk),
                cmocka_unit_test(test_ten_years_add_up),
        };
        return cmocka_run_group_tests(tests, setup, teardown);
}
