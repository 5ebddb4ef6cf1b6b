/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "parsers/buf.h"
#include "parsers/calendar.h"
#include "parsers/limits.h"

static struct zone_table *zones;

static int64_t seconds(const char *s) {
        struct civil c;
        assert_int_equal(civil_parse(s, &c, NULL, NULL), 0);
        return civil_seconds(&c);
}

/* Europe/Paris from 2020 to 2035, and Lord Howe, whose summer is half an hour: made here, whatever the system knows. */
static void add_zone(const char *name, const char *const *changes, size_t n, int32_t winter, int32_t summer) {
        struct zone_change list[64];
        struct zone *z;
        for (size_t i = 0; i < n; i++)
                list[i] = (struct zone_change){.at = seconds(changes[i]), .offset = i % 2 == 0 ? summer : winter};
        assert_int_equal(zone_new_from_changes(name, winter, list, n, &z), 0);
        assert_int_equal(zone_table_add(zones, z), 0);
}

static int set_up(void **state) {
        (void) state;
        static const char *const paris[] = {
                "2024-03-31T01:00", "2024-10-27T01:00", "2025-03-30T01:00", "2025-10-26T01:00",
                "2026-03-29T01:00", "2026-10-25T01:00", "2027-03-28T01:00", "2027-10-31T01:00",
        };
        static const char *const lord_howe[] = {"2025-10-04T15:30", "2026-04-04T15:00", "2026-10-03T15:30",
                                                "2027-04-03T15:00"};
        assert_int_equal(zone_table_new(&zones), 0);
        add_zone("Europe/Paris", paris, ELEMENTSOF(paris), 3600, 7200);
        add_zone("Australia/Lord_Howe", lord_howe, ELEMENTSOF(lord_howe), 37800, 39600);
        return 0;
}

static int tear_down(void **state) {
        (void) state;
        zones = zone_table_free(zones);
        return 0;
}

/* Instances as one string, for comparing: "2026-03-02T08:00:00Z 2026-03-09 ...". */
static void expand(const char *event, const char *from, const char *to, uint32_t max, struct buf *ret) {
        _cleanup_buf_ struct buf text = {};
        _cleanup_free_ struct moment *items = calloc(MAX(max, 1U), sizeof(*items));
        uint32_t n = 0;
        bool truncated = false;
        buf_printf(&text, "BEGIN:VCALENDAR\nBEGIN:VEVENT\n%s\nEND:VEVENT\nEND:VCALENDAR\n", event);
        int r = recurrence_expand(text.data, zones, seconds(from), seconds(to), items, max, &n, &truncated);
        buf_reset(ret);
        buf_add_str(ret, "");
        if (r < 0) {
                buf_add_str(ret, r == -EOPNOTSUPP ? "refused" : r == -EBADMSG ? "bad" : "error");
                return;
        }
        assert_true(n <= max);
        for (uint32_t i = 0; i < n; i++) {
                struct civil c = civil_from_seconds(items[i].at);
                buf_printf(ret, "%s%04d-%02d-%02d", i > 0 ? " " : "", c.year, c.month, c.day);
                if (items[i].form == MOMENT_DATE)
                        continue;
                buf_printf(ret, "T%02d:%02d", c.hour, c.minute);
                if (c.second != 0)
                        buf_printf(ret, ":%02d", c.second);
                if (items[i].form == MOMENT_INSTANT)
                        buf_add_str(ret, "Z");
        }
        if (truncated)
                buf_add_str(ret, " ...");
}

struct example {
        const char *event, *from, *to, *instances;
};

static void check(const struct example *examples, size_t n) {
        for (size_t i = 0; i < n; i++) {
                _cleanup_buf_ struct buf b = {};
                expand(examples[i].event, examples[i].from, examples[i].to, 100, &b);
                if (strcmp(b.data ? b.data : "", examples[i].instances) != 0)
                        fail_msg("%s\nis     %s\nwanted %s", examples[i].event, b.data, examples[i].instances);
        }
}

#define PARIS(time) "DTSTART;TZID=Europe/Paris:" time "\n"

static void test_frequencies(void **state) {
        (void) state;
        static const struct example examples[] = {
                {"DTSTART:20260301T100000\nRRULE:FREQ=DAILY", "2026-03-01", "2026-03-03T12:00",
                 "2026-03-01T10:00 2026-03-02T10:00 2026-03-03T10:00"},
                {"DTSTART:20260301T100000\nRRULE:FREQ=DAILY;INTERVAL=3;COUNT=3", "2026-01-01", "2027-01-01",
                 "2026-03-01T10:00 2026-03-04T10:00 2026-03-07T10:00"},
                {"DTSTART:20260302T100000\nRRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=4", "2026-01-01", "2027-01-01",
                 "2026-03-02T10:00 2026-03-04T10:00 2026-03-09T10:00 2026-03-11T10:00"},
                {"DTSTART:20260302T100000\nRRULE:FREQ=WEEKLY;COUNT=3", "2026-01-01", "2027-01-01",
                 "2026-03-02T10:00 2026-03-09T10:00 2026-03-16T10:00"},
                /* the start of the week decides which week a second one is: RFC 5545 section 3.8.5.3 */
                {"DTSTART:19970805T090000\nRRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", "1997-01-01",
                 "1998-01-01", "1997-08-05T09:00 1997-08-10T09:00 1997-08-19T09:00 1997-08-24T09:00"},
                {"DTSTART:19970805T090000\nRRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", "1997-01-01",
                 "1998-01-01", "1997-08-05T09:00 1997-08-17T09:00 1997-08-19T09:00 1997-08-31T09:00"},
                {"DTSTART;VALUE=DATE:20260131\nRRULE:FREQ=MONTHLY;COUNT=4", "2026-01-01", "2027-01-01",
                 "2026-01-31 2026-03-31 2026-05-31 2026-07-31"},
                {"DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=MONTHLY;BYDAY=1MO,-1FR;COUNT=4", "2026-01-01", "2027-01-01",
                 "2026-01-05 2026-01-30 2026-02-02 2026-02-27"},
                {"DTSTART;VALUE=DATE:20260130\nRRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=3", "2026-01-01",
                 "2027-01-01", "2026-01-30 2026-02-27 2026-03-31"},
                {"DTSTART;VALUE=DATE:20260128\nRRULE:FREQ=MONTHLY;BYMONTHDAY=-1,28;COUNT=4", "2026-01-01", "2027-01-01",
                 "2026-01-28 2026-01-31 2026-02-28 2026-03-28"},
                {"DTSTART;VALUE=DATE:20240229\nRRULE:FREQ=YEARLY", "2024-01-01", "2033-01-01",
                 "2024-02-29 2028-02-29 2032-02-29"},
                {"DTSTART;VALUE=DATE:19970513\nRRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=2TU;COUNT=2", "1997-01-01", "2000-01-01",
                 "1997-05-13 1998-05-12"},
                {"DTSTART;VALUE=DATE:19970519\nRRULE:FREQ=YEARLY;BYDAY=20MO;COUNT=3", "1997-01-01", "2000-01-01",
                 "1997-05-19 1998-05-18 1999-05-17"},
                {"DTSTART;VALUE=DATE:19970512\nRRULE:FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO;COUNT=3", "1997-01-01", "2000-01-01",
                 "1997-05-12 1998-05-11 1999-05-17"},
                {"DTSTART;VALUE=DATE:20131231\nRRULE:FREQ=YEARLY;BYWEEKNO=1;COUNT=3", "2013-01-01", "2020-01-01",
                 "2013-12-31 2014-12-30 2016-01-05"},
                /* the start lies in a week of the year before, or of the next one */
                {"DTSTART;VALUE=DATE:20270102\nRRULE:FREQ=YEARLY;BYWEEKNO=-1,-2;COUNT=4", "2026-01-01", "2030-01-01",
                 "2027-01-02 2027-12-25 2028-01-01 2028-12-23"},
                {"DTSTART;VALUE=DATE:20241231\nRRULE:FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO,TU;INTERVAL=3;COUNT=4", "2024-01-01",
                 "2035-01-01", "2024-12-31 2028-01-03 2028-01-04 2030-12-30"},
                {"DTSTART;VALUE=DATE:19970101\nRRULE:FREQ=YEARLY;INTERVAL=3;COUNT=4;BYYEARDAY=1,100,200", "1997-01-01",
                 "2010-01-01", "1997-01-01 1997-04-10 1997-07-19 2000-01-01"},
                {"DTSTART;VALUE=DATE:20261231\nRRULE:FREQ=YEARLY;BYYEARDAY=-1;COUNT=2", "2026-01-01", "2030-01-01",
                 "2026-12-31 2027-12-31"},
                {"DTSTART;VALUE=DATE:19961105\nRRULE:FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8;"
                 "COUNT=3",
                 "1996-01-01", "2020-01-01", "1996-11-05 2000-11-07 2004-11-02"},
                {"DTSTART:19970902T090000\nRRULE:FREQ=DAILY;BYHOUR=9,10;BYMINUTE=0,40;COUNT=5", "1997-01-01", "1998-01-01",
                 "1997-09-02T09:00 1997-09-02T09:40 1997-09-02T10:00 1997-09-02T10:40 1997-09-03T09:00"},
                {"DTSTART:19980101T090000\nRRULE:FREQ=DAILY;BYMONTH=1;UNTIL=19980103", "1998-01-01", "2000-01-01",
                 "1998-01-01T09:00 1998-01-02T09:00 1998-01-03T09:00"},
                {"DTSTART;VALUE=DATE:20111120\nRRULE:FREQ=WEEKLY;COUNT=3;BYDAY=SU,TH,TH", "2011-01-01", "2012-01-01",
                 "2011-11-20 2011-11-24 2011-11-27"},
        };
        check(examples, ELEMENTSOF(examples));
}

/* RFC 5545 section 3.3.5: 02:30 in the gap is counted with the offset before it, in the fold it is the first one. */
static void test_clock_changes(void **state) {
        (void) state;
        static const struct example examples[] = {
                {PARIS("20260328T023000") "RRULE:FREQ=DAILY", "2026-03-28", "2026-03-31",
                 "2026-03-28T01:30Z 2026-03-29T01:30Z 2026-03-30T00:30Z"},
                {PARIS("20261024T023000") "RRULE:FREQ=DAILY", "2026-10-24", "2026-10-27",
                 "2026-10-24T00:30Z 2026-10-25T00:30Z 2026-10-26T01:30Z"},
                {PARIS("20260323T090000") "RRULE:FREQ=WEEKLY", "2026-03-01", "2026-04-07",
                 "2026-03-23T08:00Z 2026-03-30T07:00Z 2026-04-06T07:00Z"},
                {"DTSTART;TZID=Australia/Lord_Howe:20261003T021500\nRRULE:FREQ=DAILY;COUNT=3", "2026-10-01", "2026-10-08",
                 "2026-10-02T15:45Z 2026-10-03T15:45Z 2026-10-04T15:15Z"},
                /* two clock times, one moment */
                {PARIS("20260329T023000") "RRULE:FREQ=DAILY;BYHOUR=2,3;COUNT=2", "2026-03-29", "2026-03-30",
                 "2026-03-29T01:30Z"},
                /* 03:00 comes before 02:30, also at the very end of the window */
                {PARIS("20260328T023000") "RRULE:FREQ=DAILY;BYHOUR=2,3;BYMINUTE=0,30", "2026-03-29", "2026-03-29T01:00",
                 "2026-03-29T01:00Z"},
        };
        check(examples, ELEMENTSOF(examples));
}

static void test_ends(void **state) {
        (void) state;
        static const struct example examples[] = {
                /* UNTIL counts in UTC, and is part of the set */
                {PARIS("20260302T090000") "RRULE:FREQ=WEEKLY;UNTIL=20260316T080000Z", "2026-01-01", "2027-01-01",
                 "2026-03-02T08:00Z 2026-03-09T08:00Z 2026-03-16T08:00Z"},
                {PARIS("20260302T090000") "RRULE:FREQ=WEEKLY;UNTIL=20260316T075959Z", "2026-01-01", "2027-01-01",
                 "2026-03-02T08:00Z 2026-03-09T08:00Z"},
                /* a date means the whole of it, a floating time the clock of the start */
                {PARIS("20260302T233000") "RRULE:FREQ=WEEKLY;UNTIL=20260309", "2026-01-01", "2027-01-01",
                 "2026-03-02T22:30Z 2026-03-09T22:30Z"},
                {PARIS("20260302T090000") "RRULE:FREQ=WEEKLY;UNTIL=20260309T090000", "2026-01-01", "2027-01-01",
                 "2026-03-02T08:00Z 2026-03-09T08:00Z"},
                {"DTSTART;VALUE=DATE:20260302\nRRULE:FREQ=DAILY;UNTIL=20260304T000000Z", "2026-01-01", "2027-01-01",
                 "2026-03-02 2026-03-03 2026-03-04"},
                /* before the start: the start alone */
                {PARIS("20260302T090000") "RRULE:FREQ=WEEKLY;UNTIL=20250101T000000Z", "2026-01-01", "2027-01-01",
                 "2026-03-02T08:00Z"},
                /* COUNT counts from the start, not from the window */
                {"DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=DAILY;COUNT=10", "2026-01-09", "2027-01-01",
                 "2026-01-09 2026-01-10"},
                {"DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=DAILY;COUNT=10", "2026-01-11", "2027-01-01", ""},
                /* a start that the rule does not name is the first of COUNT */
                {"DTSTART;VALUE=DATE:20260106\nRRULE:FREQ=WEEKLY;BYDAY=WE;COUNT=3", "2026-01-01", "2027-01-01",
                 "2026-01-06 2026-01-07 2026-01-14"},
                {"DTSTART;VALUE=DATE:20260106\nRRULE:FREQ=WEEKLY;BYDAY=WE;COUNT=1", "2026-01-01", "2027-01-01",
                 "2026-01-06"},
                /* both ends of the window belong to it */
                {"DTSTART:20260301T100000Z\nRRULE:FREQ=DAILY", "2026-03-02T10:00", "2026-03-03T10:00",
                 "2026-03-02T10:00Z 2026-03-03T10:00Z"},
                {"DTSTART:20260301T100000Z\nRRULE:FREQ=DAILY", "2026-03-02T10:00:01", "2026-03-03T09:59:59", ""},
                {"DTSTART:20260301T100000Z\nRRULE:FREQ=DAILY", "2026-03-05", "2026-03-04", ""},
                {"DTSTART:20260301T100000Z\nRRULE:FREQ=DAILY", "2025-03-05", "2026-02-04", ""},
                /* the calendar ends */
                {"DTSTART;VALUE=DATE:99981230\nRRULE:FREQ=YEARLY", "9990-01-01", "9999-12-31", "9998-12-30"},
        };
        check(examples, ELEMENTSOF(examples));
}

static void test_dates(void **state) {
        (void) state;
        static const struct example examples[] = {
                {PARIS("20260302T090000") "RDATE;TZID=Europe/Paris:20260401T090000,20260303T090000", "2026-01-01",
                 "2027-01-01", "2026-03-02T08:00Z 2026-03-03T08:00Z 2026-04-01T07:00Z"},
                {PARIS("20260302T090000") "RDATE;VALUE=PERIOD:20260310T080000Z/PT1H,20260311T080000Z/20260311T090000Z",
                 "2026-01-01", "2027-01-01", "2026-03-02T08:00Z 2026-03-10T08:00Z 2026-03-11T08:00Z"},
                {PARIS("20260302T090000") "RRULE:FREQ=WEEKLY;COUNT=2\nRDATE:20260309T080000Z\nRDATE:20260304T080000Z",
                 "2026-01-01", "2027-01-01", "2026-03-02T08:00Z 2026-03-04T08:00Z 2026-03-09T08:00Z"},
                {PARIS("20260302T090000") "RRULE:FREQ=WEEKLY;COUNT=2\nRRULE:FREQ=DAILY;COUNT=2", "2026-01-01", "2027-01-01",
                 "2026-03-02T08:00Z 2026-03-03T08:00Z 2026-03-09T08:00Z"},
                /* mixed forms follow the start */
                {PARIS("20260302T090000") "RDATE;VALUE=DATE:20260701", "2026-01-01", "2027-01-01",
                 "2026-03-02T08:00Z 2026-07-01T07:00Z"},
                {PARIS("20260302T090000") "RDATE:20260701T100000", "2026-01-01", "2027-01-01",
                 "2026-03-02T08:00Z 2026-07-01T08:00Z"},
                {"DTSTART;VALUE=DATE:20260302\nRDATE:20260701T100000Z", "2026-01-01", "2027-01-01", "2026-03-02 2026-07-01"},
                /* dates that do not exist */
                {PARIS("20260302T090000") "RDATE:20269901T100000Z,20260303T080000Z", "2026-01-01", "2027-01-01",
                 "2026-03-02T08:00Z 2026-03-03T08:00Z"},
                {"DTSTART:20260302T090000\nRDATE:20261332T250000", "2026-01-01", "2027-01-01", "2026-03-02T09:00"},
        };
        check(examples, ELEMENTSOF(examples));
}

static void test_refused(void **state) {
        (void) state;
        static const struct example examples[] = {
                {"DTSTART:20260302T090000\nRRULE:FREQ=SECONDLY", "2026-01-01", "2027-01-01", "refused"},
                {"DTSTART:20260302T090000\nRRULE:FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30", "2026-01-01", "2027-01-01",
                 "refused"},
                {"DTSTART:20260302T090000\nRRULE:FREQ=HOURLY;COUNT=3", "2026-01-01", "2027-01-01", "refused"},
                {"DTSTART:20260302T090000\nRRULE:RSCALE=CHINESE;FREQ=YEARLY", "2026-01-01", "2027-01-01", "refused"},
                {"RRULE:FREQ=DAILY", "2026-01-01", "2027-01-01", "bad"},
                {"DTSTART:20269902T090000\nRRULE:FREQ=DAILY", "2026-01-01", "2027-01-01", "bad"},
                {"DTSTART:garbage\nRRULE:FREQ=DAILY", "2026-01-01", "2027-01-01", "bad"},
                {"DTSTART:20260302T090000\nRRULE:FREQ=DAILY;UNTIL=20261399T000000Z", "2026-01-01", "2027-01-01", "bad"},
                /* what libical drops leaves the start */
                {"DTSTART:20260302T090000\nRRULE:FREQ=SOMETIMES", "2026-01-01", "2027-01-01", "2026-03-02T09:00"},
                {"DTSTART:20260302T090000\nRRULE:FREQ=DAILY;INTERVAL=0", "2026-01-01", "2027-01-01", "2026-03-02T09:00"},
        };
        check(examples, ELEMENTSOF(examples));

        struct moment m[1];
        uint32_t n = 7;
        bool truncated = true;
        static const char *const texts[] = {"", "nonsense", "BEGIN:VCALENDAR\nEND:VCALENDAR", "BEGIN:VEVENT\n",
                                            "BEGIN:VEVENT\nEND:VEVENT"};
        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                assert_int_equal(recurrence_expand(texts[i], zones, 0, 1, m, 1, &n, &truncated), -EBADMSG);
        assert_int_equal(n, 7);
        assert_true(truncated);
}

/* Rules that never match, or hardly ever: they must end. */
static void test_never(void **state) {
        (void) state;
        static const struct example examples[] = {
                {"DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "2026-01-01", "9999-01-01",
                 "2026-01-01"},
                {"DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30", "2026-01-01", "9999-01-01",
                 "2026-01-01"},
                {"DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "2026-01-01", "2099-01-01",
                 "2026-01-01"},
                {"DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=WEEKLY;BYMONTH=2;BYMONTHDAY=30;COUNT=5", "2026-01-01",
                 "2099-01-01", "2026-01-01"},
                {"DTSTART;VALUE=DATE:20260228\nRRULE:FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=30", "2026-01-01", "9999-01-01",
                 "2026-02-28"},
                {"DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=YEARLY;INTERVAL=400;BYYEARDAY=366", "2026-01-01", "9999-01-01",
                 "2026-01-01"},
                {"DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=MONTHLY;BYDAY=5MO;BYMONTHDAY=1", "2026-01-01", "9999-01-01",
                 "2026-01-01"},
                {"DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=YEARLY;BYWEEKNO=53;BYMONTH=7", "2026-01-01", "9999-01-01",
                 "2026-01-01"},
                {"DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=MONTHLY;BYDAY=MO;BYSETPOS=366,-366", "2026-01-01", "2099-01-01",
                 "2026-01-01"},
        };
        check(examples, ELEMENTSOF(examples));
}

static void test_ceilings(void **state) {
        (void) state;
        _cleanup_buf_ struct buf b = {};
        expand("DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=DAILY", "2026-01-01", "2027-01-01", 2, &b);
        assert_string_equal(b.data, "2026-01-01 2026-01-02 ...");
        expand("DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=DAILY;COUNT=2", "2026-01-01", "2027-01-01", 2, &b);
        assert_string_equal(b.data, "2026-01-01 2026-01-02");
        expand("DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=DAILY", "2026-01-01", "2027-01-01", 0, &b);
        assert_string_equal(b.data, " ...");
        /* Too many steps before the window, because they must be counted. */
        expand("DTSTART:00010101T000000\nRRULE:FREQ=DAILY;BYHOUR=1,2,3;COUNT=2000000000", "2026-01-01", "2026-01-02", 9, &b);
        assert_string_equal(b.data, " ...");
        /* Never more than OCCURRENCES_MAX, whatever is asked for. */
        _cleanup_free_ struct moment *items = calloc(OCCURRENCES_MAX + 10, sizeof(*items));
        uint32_t n;
        bool truncated;
        assert_int_equal(recurrence_expand("BEGIN:VEVENT\nDTSTART:20260101T000000Z\nRRULE:FREQ=DAILY\nEND:VEVENT\n", zones,
                                           INSTANT_MIN, INSTANT_MAX, items, OCCURRENCES_MAX + 10, &n, &truncated),
                         0);
        assert_int_equal(n, OCCURRENCES_MAX);
        assert_true(truncated);
        for (uint32_t i = 1; i < n; i++)
                assert_true(items[i].at == items[i - 1].at + 86400);
}

/* A window far behind the start gives what the whole series gives there: skipping ahead loses nothing. */
static void test_windows(void **state) {
        (void) state;
        static const char *const rules[] = {
                "FREQ=DAILY",
                "FREQ=DAILY;INTERVAL=7",
                "FREQ=WEEKLY;INTERVAL=3;BYDAY=MO,SU;WKST=SU",
                "FREQ=MONTHLY;INTERVAL=5;BYMONTHDAY=31",
                "FREQ=MONTHLY;BYDAY=-1FR",
                "FREQ=YEARLY;INTERVAL=3;BYMONTH=2;BYMONTHDAY=29",
                "FREQ=YEARLY;BYWEEKNO=1,53",
                "FREQ=YEARLY;BYDAY=-1SU",
                "FREQ=MONTHLY;INTERVAL=13;BYDAY=MO,TU;BYSETPOS=2,-1",
                "FREQ=DAILY;INTERVAL=400;BYHOUR=1,23",
        };
        static struct moment all[OCCURRENCES_MAX], part[OCCURRENCES_MAX];
        for (size_t i = 0; i < ELEMENTSOF(rules); i++) {
                _cleanup_buf_ struct buf text = {};
                uint32_t n_all, n_part;
                bool truncated;
                buf_printf(&text, "BEGIN:VEVENT\nDTSTART;TZID=Europe/Paris:20190330T023000\nRRULE:%s\nEND:VEVENT\n",
                           rules[i]);
                instant end = seconds("2031-06-01");
                assert_int_equal(
                        recurrence_expand(text.data, zones, INSTANT_MIN, end, all, OCCURRENCES_MAX, &n_all, &truncated), 0);
                assert_false(truncated);
                for (instant from = seconds("2019-03-01"); from < end; from += 86400 * 29 + 3607) {
                        instant to = MIN(end, from + 86400 * 200);
                        assert_int_equal(
                                recurrence_expand(text.data, zones, from, to, part, OCCURRENCES_MAX, &n_part, &truncated),
                                0);
                        uint32_t k = 0;
                        for (uint32_t j = 0; j < n_all; j++)
                                if (all[j].at >= from && all[j].at <= to) {
                                        if (k >= n_part || part[k].at != all[j].at)
                                                fail_msg("%s from %" PRId64, rules[i], from);
                                        k++;
                                }
                        assert_int_equal(k, n_part);
                }
        }
}

/* A VTIMEZONE that only the text knows. */
static void test_custom_zone(void **state) {
        (void) state;
        static const char text[] = "BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:Mine\n"
                                   "BEGIN:STANDARD\nDTSTART:16010101T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nRRULE:"
                                   "FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\nEND:STANDARD\n"
                                   "BEGIN:DAYLIGHT\nDTSTART:16010101T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nRRULE:"
                                   "FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\nEND:DAYLIGHT\n"
                                   "END:VTIMEZONE\nBEGIN:VEVENT\nDTSTART;TZID=Mine:20260323T090000\nRRULE:FREQ=WEEKLY;COUNT="
                                   "2\nEND:VEVENT\nEND:VCALENDAR\n";
        struct moment m[4];
        uint32_t n;
        bool truncated;
        assert_int_equal(recurrence_expand(text, zones, INSTANT_MIN, INSTANT_MAX, m, 4, &n, &truncated), 0);
        assert_int_equal(n, 2);
        assert_true(m[0].at == seconds("2026-03-23T08:00"));
        assert_true(m[1].at == seconds("2026-03-30T07:00"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_frequencies), cmocka_unit_test(test_clock_changes), cmocka_unit_test(test_ends),
                cmocka_unit_test(test_dates),       cmocka_unit_test(test_refused),       cmocka_unit_test(test_never),
                cmocka_unit_test(test_ceilings),    cmocka_unit_test(test_windows),       cmocka_unit_test(test_custom_zone),
        };
        return cmocka_run_group_tests(tests, set_up, tear_down);
}
