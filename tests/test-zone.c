/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/skip.h"
#include <dirent.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#include "parsers/buf.h"
#include "parsers/zone.h"

static const char *zone_directory(void) {
        const char *path = getenv("TZDIR");
        return str_empty(path) ? "/usr/share/zoneinfo" : path;
}

static struct zone *load(const char *name) {
        char path[PATH_MAX], bytes[65536];
        snprintf(path, sizeof(path), "%s/%s", zone_directory(), name);
        FILE *f = fopen(path, "re");
        if (!f)
                return NULL;
        size_t n = fread(bytes, 1, sizeof(bytes), f);
        fclose(f);
        struct zone *z;
        return zone_new(name, bytes, n, &z) == 0 ? z : NULL;
}

/* ---- Tables made here, so that the tests do not depend on the tzdata of the day ------------------------------------ */

static void put32(struct buf *b, uint32_t v) {
        const uint8_t bytes[] = {(uint8_t) (v >> 24), (uint8_t) (v >> 16), (uint8_t) (v >> 8), (uint8_t) v};
        assert_int_equal(buf_add(b, bytes, sizeof(bytes)), 0);
}

static void put64(struct buf *b, int64_t v) {
        put32(b, (uint32_t) ((uint64_t) v >> 32));
        put32(b, (uint32_t) v);
}

static void put_header(struct buf *b, char version, uint32_t leapcnt, uint32_t timecnt, uint32_t typecnt, uint32_t charcnt) {
        static const char reserved[15];
        buf_add(b, "TZif", 4);
        buf_add(b, &version, 1);
        buf_add(b, reserved, sizeof(reserved));
        put32(b, 0);
        put32(b, 0);
        put32(b, leapcnt);
        put32(b, timecnt);
        put32(b, typecnt);
        put32(b, charcnt);
}

struct made {
        int64_t at[4];
        uint8_t types[4];
        uint32_t n;
        int32_t offsets[4];
        uint32_t n_types;
        const char *footer;
};

static void put_file(struct buf *b, const struct made *m) {
        put_header(b, '2', 0, 0, 1, 4);
        put32(b, 0);
        buf_add(b, "\0\0UTC", 6);
        put_header(b, '2', 0, m->n, m->n_types, 4);
        for (uint32_t i = 0; i < m->n; i++)
                put64(b, m->at[i]);
        buf_add(b, m->types, m->n);
        for (uint32_t i = 0; i < m->n_types; i++) {
                put32(b, (uint32_t) m->offsets[i]);
                buf_add(b, "\0\0", 2);
        }
        buf_add(b, "UTC", 4);
        buf_printf(b, "\n%s\n", m->footer);
        assert_int_equal(b->error, 0);
}

static struct zone *made(const char *footer) {
        _cleanup_buf_ struct buf b = {};
        put_file(&b, &(struct made){.n_types = 1, .footer = footer});
        struct zone *z;
        return zone_new("Made", b.data, b.size, &z) == 0 ? z : NULL;
}

static int64_t seconds(const char *s) {
        struct civil c;
        assert_int_equal(civil_parse(s, &c, NULL, NULL), 0);
        return civil_seconds(&c);
}

static void test_footers(void **state) {
        (void) state;
        static const struct {
                const char *footer, *at;
                int32_t offset;
        } cases[] = {
                {"UTC0", "2026-01-01", 0},
                {"<+0330>-3:30", "2026-01-01", 12600},
                {"<-0930>9:30", "2026-01-01", -34200},
                {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T00:59:59", 3600},
                {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T01:00:00", 7200},
                {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25T00:59:59", 7200},
                {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25T01:00:00", 3600},
                {"CET-1CEST,M3.5.0,M10.5.0/3", "9000-07-01", 7200},
                {"EST5EDT,M3.2.0,M11.1.0", "2026-03-08T06:59:59", -18000},
                {"EST5EDT,M3.2.0,M11.1.0", "2026-03-08T07:00:00", -14400},
                {"EST5EDT,M3.2.0,M11.1.0", "2026-11-01T05:59:59", -14400},
                {"EST5EDT,M3.2.0,M11.1.0", "2026-11-01T06:00:00", -18000},
                /* summer over the new year, half an hour only */
                {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-01-01", 39600},
                {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-07-01", 37800},
                {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-04-04T14:59:59", 39600},
                {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-04-04T15:00:00", 37800},
                {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-10-03T15:30:00", 39600},
                /* Dublin: summer is the standard, winter goes back */
                {"IST-1GMT0,M10.5.0,M3.5.0/1", "2026-01-01", 0},
                {"IST-1GMT0,M10.5.0,M3.5.0/1", "2026-03-29T00:59:59", 0},
                {"IST-1GMT0,M10.5.0,M3.5.0/1", "2026-03-29T01:00:00", 3600},
                {"IST-1GMT0,M10.5.0,M3.5.0/1", "2026-10-25T01:00:00", 0},
                /* Nuuk: hours before the day; Gaza: hours far behind it */
                {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T00:59:59", -7200},
                {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T01:00:00", -3600},
                {"EET-2EEST,M3.4.4/50,M10.4.4/50", "2026-03-27T23:59:59", 7200},
                {"EET-2EEST,M3.4.4/50,M10.4.4/50", "2026-03-28T00:00:00", 10800},
                /* Julian days: J60 is always 1 March, 59 is 29 February in leap years */
                {"AAA0BBB,J60/0,J300/0", "2024-02-29T23:59:59", 0},
                {"AAA0BBB,J60/0,J300/0", "2024-03-01T00:00:00", 3600},
                {"AAA0BBB,J60/0,J300/0", "2025-02-28T23:59:59", 0},
                {"AAA0BBB,J60/0,J300/0", "2025-03-01T00:00:00", 3600},
                {"AAA0BBB,59/0,300/0", "2024-02-28T23:59:59", 0},
                {"AAA0BBB,59/0,300/0", "2024-02-29T00:00:00", 3600},
                {"AAA0BBB,59/0,300/0", "2025-03-01T00:00:00", 3600},
                /* summer time all year, RFC 8536 section 3.3.1 */
                {"XXX3EDT4,0/0,J365/23", "2026-01-01T02:59:59", -14400},
                {"XXX3EDT4,0/0,J365/23", "2026-01-01T03:00:00", -14400},
                {"XXX3EDT4,0/0,J365/23", "2026-12-31T23:59:59", -14400},
                {"XXX3EDT4,0/0,J365/23", "2024-07-01", -14400},
                /* days of January and December that fall into other years */
                {"AAA0BBB,M1.1.0/-160,M7.1.0", "2025-12-28T08:00:00", 3600},
                {"AAA0BBB,M1.1.0/-160,M7.1.0", "2025-12-28T07:59:59", 0},
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct zone *z = made(cases[i].footer);
                if (!z)
                        fail_msg("refused %s", cases[i].footer);
                int32_t offset = zone_offset(z, seconds(cases[i].at));
                if (offset != cases[i].offset)
                        fail_msg("%s at %s: %d, not %d", cases[i].footer, cases[i].at, offset, cases[i].offset);
                zone_free(z);
        }
}

static void test_footers_refused(void **state) {
        (void) state;
        static const char *const cases[] = {
                "X",
                "XX0",
                "CET",
                "CET-",
                "CET-25",
                "CET-1:60",
                "CET-1:",
                "<+01-1",
                "CET-1CEST",
                "CET-1CEST,",
                "CET-1CEST,M3.5.0",
                "CET-1CEST,M3.5.0,",
                "CET-1CEST,M0.5.0,M10.5.0",
                "CET-1CEST,M13.5.0,M10.5.0",
                "CET-1CEST,M3.0.0,M10.5.0",
                "CET-1CEST,M3.6.0,M10.5.0",
                "CET-1CEST,M3.5.7,M10.5.0",
                "CET-1CEST,M3.5,M10.5.0",
                "CET-1CEST,J0,J9",
                "CET-1CEST,J366,J9",
                "CET-1CEST,366,9",
                "CET-1CEST,M3.5.0/168,M10.5.0",
                "CET-1CEST,M3.5.0,M10.5.0/3x",
                "CET-1CEST,M3.5.0/,M10.5.0",
                "CET-1CEST,M3.5.0,M10.5.0,",
                "CET-1CEST,0003,9",
                "CET-1 ",
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct zone *z = made(cases[i]);
                if (z)
                        fail_msg("accepted %s", cases[i]);
        }
}

static void test_instants(void **state) {
        (void) state;
        static const struct {
                const char *footer, *local, *at;
        } cases[] = {
                {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-01-15T12:00", "2026-01-15T11:00"},
                {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-07-15T12:00", "2026-07-15T10:00"},
                {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T01:59:59", "2026-03-29T00:59:59"},
                /* RFC 5545 3.3.5: in the gap the offset before it */
                {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T02:00", "2026-03-29T01:00"},
                {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T02:30", "2026-03-29T01:30"},
                {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T03:00", "2026-03-29T01:00"},
                /* twice: the first */
                {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25T02:00", "2026-10-25T00:00"},
                {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25T02:59:59", "2026-10-25T00:59:59"},
                {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25T03:00", "2026-10-25T02:00"},
                {"EST5EDT,M3.2.0,M11.1.0", "2007-03-11T02:30", "2007-03-11T07:30"},
                {"EST5EDT,M3.2.0,M11.1.0", "2007-11-04T01:30", "2007-11-04T05:30"},
                {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-10-04T02:15", "2026-10-03T15:45"},
                {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-04-05T01:45", "2026-04-04T14:45"},
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct zone *z = made(cases[i].footer);
                struct civil local;
                assert_non_null(z);
                assert_int_equal(civil_parse(cases[i].local, &local, NULL, NULL), 0);
                instant at = zone_instant(z, &local);
                if (at != seconds(cases[i].at))
                        fail_msg("%s %s: %" PRId64 " off", cases[i].footer, cases[i].local, at - seconds(cases[i].at));
                zone_free(z);
        }
}

/* A day that was left out (Samoa crossed the date line), and one that came twice. */
static void test_whole_days(void **state) {
        (void) state;
        _cleanup_buf_ struct buf b = {};
        const struct made m = {
                .at = {seconds("2011-12-30T10:00"), seconds("2012-12-30T10:00")},
                .types = {1, 0},
                .n = 2,
                .offsets = {-36000, 50400},
                .n_types = 2,
                .footer = "<-10>10",
        };
        put_file(&b, &m);
        struct zone *z;
        assert_int_equal(zone_new("Line", b.data, b.size, &z), 0);
        const struct civil lost = {2011, 12, 30, 12, 0, 0}, first = {2011, 12, 31, 0, 0, 0}, twice = {2012, 12, 30, 5, 0, 0};
        assert_true(zone_instant(z, &lost) == seconds("2011-12-30T22:00"));
        assert_true(zone_instant(z, &first) == seconds("2011-12-30T10:00"));
        assert_true(zone_instant(z, &twice) == seconds("2012-12-29T15:00"));
        assert_int_equal(zone_day(z, seconds("2011-12-30T09:59:59")), civil_days(2011, 12, 29));
        assert_int_equal(zone_day(z, seconds("2011-12-30T10:00")), civil_days(2011, 12, 31));
        zone_free(z);
}

static void test_extremes(void **state) {
        (void) state;
        struct zone *z = made("CET-1CEST,M3.5.0,M10.5.0/3");
        assert_non_null(z);
        const struct civil first = {1, 1, 1, 0, 0, 0}, last = {9999, 12, 31, 23, 59, 59};
        assert_true(zone_instant(z, &first) == INSTANT_MIN - 3600);
        assert_true(zone_instant(z, &last) == INSTANT_MAX - 3600);
        assert_int_equal(zone_civil(z, INT64_MIN).year, 1);
        assert_int_equal(zone_civil(z, INT64_MAX).year, 9999);
        (void) zone_day(z, INT64_MIN);
        (void) zone_day(z, INT64_MAX);
        (void) zone_offset(z, INT64_MIN);
        (void) zone_offset(z, INT64_MAX);
        assert_int_equal(zone_day(z, seconds("1969-12-31T22:59:59")), -1);
        assert_int_equal(zone_day(z, seconds("1969-12-31T23:00")), 0);
        zone_free(z);
}

/* What it remembers never shows, in whatever order it is asked. */
static void test_clock(void **state) {
        (void) state;
        struct zone *z = made("CET-1CEST,M3.5.0,M10.5.0/3");
        struct zone_clock forward = {.zone = z}, back = {.zone = z}, jump = {.zone = z};
        const instant first = seconds("2025-12-01"), last = seconds("2028-02-01");
        for (instant t = first; t < last; t += 1800) {
                instant b = last - (t - first), j = t % 3600 == 0 ? t : b;
                assert_int_equal(zone_clock_offset(&forward, t), zone_offset(z, t));
                assert_int_equal(zone_clock_offset(&forward, t - 1), zone_offset(z, t - 1));
                assert_int_equal(zone_clock_offset(&back, b), zone_offset(z, b));
                assert_int_equal(zone_clock_offset(&jump, j), zone_offset(z, j));
        }
        zone_free(z);
        struct zone_clock utc = {.zone = zone_utc()};
        assert_int_equal(zone_clock_offset(&utc, 0), 0);
        assert_int_equal(zone_clock_offset(&utc, first), 0);
}

static void test_utc(void **state) {
        (void) state;
        const struct civil c = {2026, 3, 29, 2, 30, 0};
        assert_string_equal(zone_name(zone_utc()), "UTC");
        assert_int_equal(zone_offset(zone_utc(), 0), 0);
        assert_true(zone_instant(zone_utc(), &c) == civil_seconds(&c));
        assert_null(zone_free((struct zone *) zone_utc()));
        assert_null(zone_free(NULL));
}

static int try(const struct buf *b, size_t size) {
        struct zone *z = NULL;
        /* A block of its own, so that the sanitizers see a read beyond its end. */
        char *copy = malloc(MAX(size, (size_t) 1));
        assert_non_null(copy);
        memcpy(copy, b->data, size);
        int r = zone_new("X", copy, size, &z);
        free(copy);
        if (r < 0)
                assert_null(z);
        zone_free(z);
        return r;
}

static void test_damaged(void **state) {
        (void) state;
        _cleanup_buf_ struct buf good = {};
        const struct made m = {
                .at = {0, 1000}, .types = {1, 0}, .n = 2, .offsets = {0, 3600}, .n_types = 2, .footer = "UTC0"};
        put_file(&good, &m);
        assert_int_equal(try(&good, good.size), 0);
        for (size_t n = 0; n < good.size; n++)
                assert_int_equal(try(&good, n), -EINVAL);
        /* No single wrong byte may be more than refused or read differently. */
        for (size_t i = 0; i < good.size; i++)
                for (int bit = 0; bit < 8; bit++) {
                        good.data[i] ^= (char) (1 << bit);
                        int r = try(&good, good.size);
                        assert_true(r == 0 || r == -EINVAL);
                        good.data[i] ^= (char) (1 << bit);
                }

        static const struct made bad[] = {
                {.at = {1000, 1000}, .types = {1, 0}, .n = 2, .offsets = {0, 3600}, .n_types = 2, .footer = "UTC0"},
                {.at = {1000, 0}, .types = {1, 0}, .n = 2, .offsets = {0, 3600}, .n_types = 2, .footer = "UTC0"},
                {.at = {0}, .types = {2}, .n = 1, .offsets = {0, 3600}, .n_types = 2, .footer = "UTC0"},
                {.at = {0}, .types = {1}, .n = 1, .offsets = {0, 100000}, .n_types = 2, .footer = "UTC0"},
                {.at = {0}, .types = {1}, .n = 1, .offsets = {0, -90000}, .n_types = 2, .footer = "UTC0"},
                {.n_types = 0, .footer = "UTC0"},
        };
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_buf_ struct buf b = {};
                put_file(&b, &bad[i]);
                assert_int_equal(try(&b, b.size), -EINVAL);
        }

        _cleanup_buf_ struct buf old = {};
        put_header(&old, '\0', 0, 0, 1, 4);
        put32(&old, 0);
        buf_add(&old, "\0\0UTC", 6);
        assert_int_equal(try(&old, old.size), -EINVAL);
}

static void test_no_footer(void **state) {
        (void) state;
        _cleanup_buf_ struct buf b = {};
        put_file(&b, &(struct made){.at = {0}, .types = {1}, .n = 1, .offsets = {0, 3600}, .n_types = 2, .footer = ""});
        struct zone *z;
        assert_int_equal(zone_new("X", b.data, b.size, &z), 0);
        assert_int_equal(zone_offset(z, -1), 0);
        assert_int_equal(zone_offset(z, 0), 3600);
        assert_int_equal(zone_offset(z, INT64_MAX), 3600);
        zone_free(z);
}

/* ---- The system's tables, against the C library -------------------------------------------------------------------- */

static long library_offset(instant at) {
        time_t t = (time_t) at;
        struct tm tm;
        assert_non_null(localtime_r(&t, &tm));
        return tm.tm_gmtoff;
}

/* The first instant at which the C library's clock shows a local time; the library's idea of a gap is not asked. */
static bool library_instant(int64_t local, instant *ret) {
        static const int32_t step = 7200;
        bool found = false;
        for (instant near = local - 100800; near <= local + 100800; near += step) {
                instant at = local - library_offset(near);
                if (at + library_offset(at) == local && (!found || at < *ret)) {
                        *ret = at;
                        found = true;
                }
        }
        return found;
}

static unsigned compare_local_times(const struct zone *z, instant change) {
        unsigned n = 0;
        for (int64_t d = -7200; d <= 7200; d += 600) {
                for (int side = 0; side < 2; side++, n++) {
                        int64_t local = change + zone_offset(z, change - side) + d;
                        struct civil c = civil_from_seconds(local);
                        instant wanted = 0, at = zone_instant(z, &c);
                        if (!library_instant(local, &wanted))
                                wanted = local - library_offset(change - 1);
                        if (at != wanted)
                                fail_msg("%s: %04d-%02d-%02dT%02d:%02d is %" PRId64 " off", zone_name(z), c.year, c.month,
                                         c.day, c.hour, c.minute, at - wanted);
                }
        }
        return n;
}

static void compare_zone(const char *name, instant step, bool local_times) {
        struct zone *z = load(name);
        if (!z)
                return;
        setenv("TZ", name, 1);
        tzset();
        int32_t last = 0;
        instant from = seconds("1901-12-14"), until = seconds("2100-01-01");
        for (instant at = from; at < until; at += step) {
                int32_t offset = zone_offset(z, at);
                if (offset != library_offset(at))
                        fail_msg("%s at %" PRId64 ": %d, not %ld", name, at, offset, library_offset(at));
                struct civil c = zone_civil(z, at);
                if (civil_seconds(&c) != at + offset)
                        fail_msg("%s at %" PRId64 ": the clock", name, at);
                if (local_times && at > from && offset != last) {
                        instant low = at - step, high = at;
                        while (high - low > 1) {
                                instant middle = low + (high - low) / 2;
                                if (library_offset(middle) == offset)
                                        high = middle;
                                else
                                        low = middle;
                        }
                        if (zone_offset(z, high - 1) != library_offset(high - 1) ||
                            zone_offset(z, high) != library_offset(high))
                                fail_msg("%s: the change at %" PRId64, name, high);
                        compare_local_times(z, high);
                }
                last = offset;
        }
        zone_free(z);
}

static void compare_directory(const char *under, int depth, instant step, bool local_times, unsigned *n) {
        char path[PATH_MAX];
        snprintf(path, sizeof(path), "%s/%s", zone_directory(), under);
        DIR *dir = opendir(path);
        if (!dir)
                return;
        for (struct dirent *e; (e = readdir(dir));) {
                char name[PATH_MAX], full[2 * PATH_MAX];
                struct stat st;
                if (e->d_name[0] == '.' || str_eq(e->d_name, "right") || str_eq(e->d_name, "posix") ||
                    str_eq(e->d_name, "localtime"))
                        continue;
                snprintf(name, sizeof(name), "%s%s%s", under, *under ? "/" : "", e->d_name);
                snprintf(full, sizeof(full), "%s/%s", zone_directory(), name);
                if (stat(full, &st) < 0)
                        continue;
                if (S_ISDIR(st.st_mode) && depth < 3)
                        compare_directory(name, depth + 1, step, local_times, n);
                else if (S_ISREG(st.st_mode)) {
                        compare_zone(name, step, local_times);
                        (*n)++;
                }
        }
        closedir(dir);
}

/* All zones; ADIEU_TEST_THOROUGH also compares every change and the local times around it (minutes). */
static void test_all_zones(void **state) {
        (void) state;
        bool thorough = getenv("ADIEU_TEST_THOROUGH") != NULL;
        unsigned n = 0;
        compare_directory("", 0, thorough ? 86400 : 31 * 86400 + 3607, thorough, &n);
        if (n == 0)
                SKIP("no time zone tables on this machine");
}

static void test_zones_closely(void **state) {
        (void) state;
        static const char *const names[] = {"Europe/Dublin", "Australia/Lord_Howe", "America/Nuuk", "Africa/Casablanca",
                                            "Pacific/Apia"};
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                compare_zone(names[i], 7 * 86400, true);
}

/* ---- Names --------------------------------------------------------------------------------------------------------- */

static struct zone_table *table_of(const char *const *names, size_t n) {
        struct zone_table *t;
        assert_int_equal(zone_table_new(&t), 0);
        for (size_t i = 0; i < n; i++) {
                static const struct {
                        const char *region, *footer;
                } footers[] = {
                        {"Europe/London", "GMT0BST,M3.5.0/1,M10.5.0"},
                        {"Europe/", "CET-1CEST,M3.5.0,M10.5.0/3"},
                        {"America/Los", "PST8PDT,M3.2.0,M11.1.0"},
                        {"America/", "EST5EDT,M3.2.0,M11.1.0"},
                        {"Asia/Kol", "IST-5:30"},
                        {"Asia/Cal", "IST-5:30"},
                        {"Asia/", "JST-9"},
                        {"Etc/GMT-1", "<+01>-1"},
                        {"Etc/GMT+5", "<-05>5"},
                        {"", "UTC0"},
                };
                _cleanup_buf_ struct buf b = {};
                const char *footer = NULL;
                for (size_t j = 0; !footer; j++)
                        if (strncmp(names[i], footers[j].region, strlen(footers[j].region)) == 0)
                                footer = footers[j].footer;
                put_file(&b, &(struct made){.n_types = 1, .footer = footer});
                struct zone *z;
                assert_int_equal(zone_new(names[i], b.data, b.size, &z), 0);
                assert_int_equal(zone_table_add(t, z), 0);
        }
        return t;
}

static void test_find(void **state) {
        (void) state;
        static const char *const names[] = {
                "Europe/Paris",
                "Europe/London",
                "Europe/Berlin",
                "Europe/Amsterdam",
                "Europe/Brussels",
                "America/New_York",
                "America/Los_Angeles",
                "America/Argentina/Buenos_Aires",
                "America/Indiana/Knox",
                "Asia/Tokyo",
                "Asia/Calcutta",
                "Etc/UTC",
                "Etc/GMT-1",
                "Etc/GMT+5",
                "GMT",
                "Asia/Chisinau",
                "Europe/Chisinau",
        };
        static const struct {
                const char *tzid, *name;
        } cases[] = {
                {"Europe/Paris", "Europe/Paris"},
                {"europe/PARIS", "Europe/Paris"},
                {" \"Europe/Paris\" ", "Europe/Paris"},
                {"/freeassociation.sourceforge.net/Europe/Paris", "Europe/Paris"},
                {"/freeassociation.sourceforge.net/Tzfile/Europe/Paris", "Europe/Paris"},
                {"/mozilla.org/20050126_1/Europe/Paris", "Europe/Paris"},
                {"/softwarestudio.org/Olson_20011030_5/America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"},
                {"/citadel.org/20190914_1/America/Indiana/Knox", "America/Indiana/Knox"},
                {"Asia/Kolkata", "Asia/Calcutta"},
                {"US/Eastern", "America/New_York"},
                {"Romance Standard Time", "Europe/Paris"},
                {"romance standard time", "Europe/Paris"},
                {"Romance Standard Time 1", "Europe/Paris"},
                {"Romance Daylight Time", "Europe/Paris"},
                {"W. Europe Standard Time", "Europe/Berlin"},
                {"W. Europe", "Europe/Berlin"},
                {"GMT Standard Time", "Europe/London"},
                {"Eastern Standard Time", "America/New_York"},
                {"Eastern", "America/New_York"},
                {"India Standard Time", "Asia/Calcutta"},
                {"Argentina Standard Time", "America/Argentina/Buenos_Aires"},
                {"(UTC+01:00) Brussels, Copenhagen, Madrid, Paris", "Europe/Brussels"},
                {"(GMT+01.00) Amsterdam / Berlin / Bern / Rome", "Europe/Amsterdam"},
                {"(UTC-05:00) Eastern Time (US & Canada)", "America/New_York"},
                {"(UTC-08:00) Pacific Time (US & Canada)", "America/Los_Angeles"},
                {"(UTC+05:30) Chennai, Kolkata, Mumbai, New Delhi", "Asia/Calcutta"},
                {"(UTC+00:00) Dublin, Edinburgh, Lisbon, London", "Europe/London"},
                {"(UTC-03:00) City of Buenos Aires", NULL}, /* the table here has another offset: no guess */
                {"(UTC+09:00) Chisinau", "Asia/Chisinau"},
                {"(UTC+01:00) Chisinau", "Europe/Chisinau"},
                {"(UTC) Coordinated Universal Time", "Etc/UTC"},
                {"tzone://Microsoft/Utc", "Etc/UTC"},
                {"UTC", "UTC"},
                {"utc", "UTC"},
                {"Z", "UTC"},
                {"Etc/UTC", "Etc/UTC"},
                {"GMT", "GMT"},
                {"Etc/GMT-1", "Etc/GMT-1"},
                {"GMT+0100", "Etc/GMT-1"},
                {"UTC-05:00", "Etc/GMT+5"},
                {"+01:00", "Etc/GMT-1"},
                {"GMT+0000", "UTC"},
                {"GMT+1", NULL},
                {"+01:30", NULL},
                {"+2300", NULL},
                {"+1", NULL},
                {"+ab:cd", NULL},
                {"-0", NULL},
                {"Customized Time Zone", NULL},
                {"tzone://Microsoft/Custom", NULL},
                {"Romanische Zeit", NULL},
                {"Paris", NULL},
                {"Europe/", NULL},
                {"/", NULL},
                {"//", NULL},
                {"", NULL},
                {" ", NULL},
                {" Standard Time", NULL},
                {"1", NULL},
                {" 1", NULL},
                {"(UTC", NULL},
                {"(UTC+01:00", NULL},
                {"(UTC+01:00)", NULL},
                {"(UTC+01:00) ,,;//", NULL},
                {"(UTC+1", NULL},
        };
        struct zone_table *t = table_of(names, ELEMENTSOF(names));
        assert_int_equal(zone_table_size(t), ELEMENTSOF(names));
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const struct zone *z = zone_table_find(t, cases[i].tzid);
                if (!str_eq(z ? zone_name(z) : NULL, cases[i].name))
                        fail_msg("'%s': %s, not %s", cases[i].tzid, z ? zone_name(z) : "none",
                                 cases[i].name ? cases[i].name : "none");
        }

        char *huge = malloc(100001);
        assert_non_null(huge);
        for (size_t n = 200; n <= 100000; n = n < 300 ? n + 1 : n * 10) {
                memset(huge, 'a', n);
                huge[n] = '\0';
                assert_null(zone_table_find(t, huge));
                memcpy(huge, "(UTC+01:00) ", 12);
                assert_null(zone_table_find(t, huge));
                huge[0] = '/';
                assert_null(zone_table_find(t, huge));
        }
        free(huge);
        assert_null(zone_table_free(t));
        assert_null(zone_table_free(NULL));
}

static void test_empty_table(void **state) {
        (void) state;
        struct zone_table *t;
        assert_int_equal(zone_table_new(&t), 0);
        assert_int_equal(zone_table_size(t), 0);
        assert_ptr_equal(zone_table_find(t, "UTC"), zone_utc());
        assert_ptr_equal(zone_table_find(t, "(UTC) Coordinated Universal Time"), zone_utc());
        assert_null(zone_table_find(t, "Europe/Paris"));
        assert_null(zone_table_find(t, "(UTC+01:00) Paris"));
        assert_null(zone_table_suggest(t, "Europe/Pariss"));
        zone_table_free(t);
}

static void test_add(void **state) {
        (void) state;
        struct zone_table *t;
        assert_int_equal(zone_table_new(&t), 0);
        /* Enough to make the table grow twice. */
        for (int i = 0; i < 3000; i++) {
                _cleanup_buf_ struct buf b = {}, name = {};
                put_file(&b, &(struct made){.n_types = 1, .footer = "UTC0"});
                buf_printf(&name, "Zone/%d", i);
                struct zone *z;
                assert_int_equal(zone_new(name.data, b.data, b.size, &z), 0);
                assert_int_equal(zone_table_add(t, z), 0);
                assert_int_equal(zone_new("ZONE/0", b.data, b.size, &z), 0);
                assert_int_equal(zone_table_add(t, z), -EEXIST);
                zone_free(z);
        }
        assert_int_equal(zone_table_size(t), 3000);
        for (int i = 0; i < 3000; i++) {
                _cleanup_buf_ struct buf name = {};
                buf_printf(&name, "zone/%d", i);
                assert_non_null(zone_table_find(t, name.data));
        }
        zone_table_free(t);
}

static void test_suggest(void **state) {
        (void) state;
        static const char *const names[] = {"Europe/Paris", "Europe/Berlin", "America/New_York", "Asia/Tokyo", "Etc/UTC"};
        static const struct {
                const char *name, *suggestion;
        } cases[] = {
                {"Europe/Pariss", "Europe/Paris"},
                {"Europe/Pairs", "Europe/Paris"},
                {"europe/bern", "Europe/Berlin"},
                {"Paris", "Europe/Paris"},
                {"America/NewYork", "America/New_York"},
                {"Tokio", "Asia/Tokyo"},
                {"Mars/Olympus_Mons", NULL},
                {"", NULL},
                {"x", NULL},
        };
        struct zone_table *t = table_of(names, ELEMENTSOF(names));
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const char *s = zone_table_suggest(t, cases[i].name);
                if (!str_eq(s, cases[i].suggestion))
                        fail_msg("'%s': %s", cases[i].name, s ? s : "none");
        }
        char huge[300];
        memset(huge, 'a', sizeof(huge) - 1);
        huge[sizeof(huge) - 1] = '\0';
        assert_null(zone_table_suggest(t, huge));
        zone_table_free(t);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_footers),       cmocka_unit_test(test_footers_refused),
                cmocka_unit_test(test_instants),      cmocka_unit_test(test_whole_days),
                cmocka_unit_test(test_extremes),      cmocka_unit_test(test_utc),
                cmocka_unit_test(test_clock),         cmocka_unit_test(test_damaged),
                cmocka_unit_test(test_no_footer),     cmocka_unit_test(test_all_zones),
                cmocka_unit_test(test_zones_closely), cmocka_unit_test(test_find),
                cmocka_unit_test(test_empty_table),   cmocka_unit_test(test_add),
                cmocka_unit_test(test_suggest),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
