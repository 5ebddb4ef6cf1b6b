/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Working time: declared hours in a zone, less public holidays and absences; and the arithmetic of durations on it. */

#include "parsers/arena.h"
#include "parsers/base.h"
#include "parsers/zone.h"

/* Minutes after midnight; end may exceed 24*60 for a span over midnight (it belongs to the day it begins on). */
struct work_span {
        int16_t start, end;
};
#define WORK_SPANS_MAX 8U

struct work_day {
        struct work_span spans[WORK_SPANS_MAX]; /* sorted, not overlapping */
        uint32_t n;
};

struct day_range {
        int32_t first, last; /* days since the epoch, both inclusive */
};

struct work_calendar {
        const struct zone *zone;          /* borrowed */
        struct work_day week[7];          /* [0] = Monday */
        const char *const *regions;       /* holiday regions, "FR" ...; NULL-terminated, borrowed; may be NULL */
        const struct day_range *days_off; /* absences and holidays from files, sorted, not overlapping; borrowed */
        size_t n_days_off;
};

/* Is this local day worked at all (hours declared, no holiday, no absence)? */
bool work_calendar_day_open(const struct work_calendar *c, int32_t day);
/* Is the instant inside working time: is the clock on the wall in c's zone inside a span? Starts are inside, ends outside. */
bool work_calendar_is_open(const struct work_calendar *c, instant at);
/* The same for the clock on that wall, in seconds since the epoch as if it showed UTC. */
bool work_calendar_clock_is_open(const struct work_calendar *c, int64_t local);
/* For that clock: is it a break of a worked day, between two spans at most WORK_BREAK_MAX minutes apart? */
#define WORK_BREAK_MAX 180 /* the longest of lunches; who works 09:00-12:00 and 20:00-22:00 is not at work in between */
bool work_calendar_clock_is_break(const struct work_calendar *c, int64_t local);
/* Seconds of working time between two instants (0 when to <= from). Bounded: spans over WORK_YEARS_MAX years saturate. */
#define WORK_YEARS_MAX 30
int64_t work_calendar_between(const struct work_calendar *c, instant from, instant to);
/* The instant at which `seconds` of working time have passed since `from`. INSTANT_UNKNOWN when none comes (no hours at all). */
instant work_calendar_add_seconds(const struct work_calendar *c, instant from, int64_t seconds);
/* Close of business of the n-th business day after the local day of `from` (n >= 1). A `from` after close of business or on a day
 * off counts from that day all the same: Friday evening plus 1bd is the close of Monday. INSTANT_UNKNOWN when none comes. */
instant work_calendar_add_days(const struct work_calendar *c, instant from, int32_t n);

/* A duration as written in the owner's files: "15m 24h 3d 2w 6mo", "8bh" working hours, "3bd" business days. */
enum duration_unit { DURATION_SECONDS, DURATION_MONTHS, DURATION_WORK_SECONDS, DURATION_WORK_DAYS };
struct duration {
        enum duration_unit unit;
        int64_t n;    /* SECONDS: the days below are in it, 86400 each */
        int32_t days; /* SECONDS: civil days of n ("1d", "2w"), which keep the clock time over a change of the hour */
};
/* "90d", "1h30m" (compound of s m h d w); one unit only for mo, bh, bd. 0 or -EINVAL. */
int duration_parse(const char *s, struct duration *ret);
/* from + d. Months and days are civil in c's zone (24h is 24 hours, 1d is the same clock time the next day). */
instant duration_add(const struct duration *d, const struct work_calendar *c, instant from);
/* The length in plain seconds where a comparison needs one number: months are 30 d, bd use 24 h. */
int64_t duration_seconds(const struct duration *d) _pure_;
/* "3 business days", "24 hours": for people. */
const char *duration_text(const struct duration *d, struct arena *arena);

/* Public holidays, computed (no table of years). Regions: FR FR-57 FR-67 FR-68 (Alsace-Moselle) BE CH (and CH-GE, CH-VD, CH-ZH)
 * LU CA-QC DE (and DE-BY ... by Land) NL GB (England and Wales; GB-SCT, GB-NIR) ES IT US. Only days that are public everywhere in the region. */
bool holiday_region_known(const char *region) _pure_;
/* NULL-terminated list of codes, for diagnostics and docs. */
const char *const *holiday_regions(void);
/* The holiday on that day (days since the epoch) in that region: its local name, or NULL when it is an ordinary day. */
const char *holiday_name(const char *region, int32_t day) _pure_;
