/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/worktime.h"

/* An instant is working time when the clock on the wall of the calendar's zone shows a time inside a span of a day that is
 * worked. So a span across the spring change is an hour shorter, and one across the autumn change an hour longer, in the
 * real seconds that are counted here. Every walk goes through windows in which the clock runs evenly: from one change of
 * the offset, or one local midnight, to the next. */

#define DAY 86400
#define MINUTES_OF_DAY (24 * 60)
#define WALK_SECONDS_MAX (WORK_YEARS_MAX * INT64_C(366) * DAY)

/* Seconds after local midnight. */
struct stretch {
        int32_t start, end;
};
/* The spans of a day and the rest of the night before. */
#define STRETCHES_MAX (WORK_SPANS_MAX + 1)

static int64_t floor_div(int64_t a, int64_t b) {
        return a / b - (a % b < 0);
}

static bool in_days_off(const struct work_calendar *c, int32_t day) {
        size_t low = 0, high = c->n_days_off;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (c->days_off[middle].last < day)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low < c->n_days_off && c->days_off[low].first <= day;
}

static const struct work_day *week_day(const struct work_calendar *c, int32_t day) {
        /* 1970-01-01 was a Thursday. */
        int32_t w = (day + 3) % 7;
        return &c->week[w < 0 ? w + 7 : w];
}

bool work_calendar_day_open(const struct work_calendar *c, int32_t day) {
        if (week_day(c, day)->n == 0 || in_days_off(c, day))
                return false;
        for (const char *const *region = c->regions; region && *region; region++)
                if (holiday_name(*region, day))
                        return false;
        return true;
}

/* Where the last span of a day ends, in minutes after its midnight; 0 when it has none. */
static int32_t day_close(const struct work_calendar *c, int32_t day) {
        const struct work_day *d = week_day(c, day);
        return d->n > 0 ? d->spans[d->n - 1].end : 0;
}

/* What is worked between two midnights, in order and without overlap: the end of a night that began the day before belongs
 * to that day, holiday or not. */
static size_t day_stretches(const struct work_calendar *c, int32_t day, struct stretch ret[STRETCHES_MAX]) {
        size_t n = 0;
        int32_t until = 0;
        int32_t night = day_close(c, day - 1) - MINUTES_OF_DAY;
        if (night > 0 && work_calendar_day_open(c, day - 1)) {
                until = MIN(night, MINUTES_OF_DAY);
                ret[n++] = (struct stretch){0, until * 60};
        }
        if (!work_calendar_day_open(c, day))
                return n;
        const struct work_day *d = week_day(c, day);
        for (uint32_t i = 0; i < d->n && i < WORK_SPANS_MAX; i++) {
                int32_t start = MAX(d->spans[i].start, until), end = MIN(d->spans[i].end, MINUTES_OF_DAY);
                if (start < end)
                        ret[n++] = (struct stretch){start * 60, end * 60};
        }
        return n;
}

/* A walk forward through time; each step is a window of one local day in which the offset does not change. */
struct walk {
        const struct work_calendar *calendar;
        instant at, end;
        int32_t offset;      /* at `at` */
        instant start;       /* of the window */
        int32_t day;         /* its local day */
        int32_t first, last; /* seconds after local midnight; last is outside */
};

static struct walk walk_new(const struct work_calendar *c, instant from, instant to) {
        return (struct walk){.calendar = c, .at = from, .end = to, .offset = zone_offset(c->zone, from)};
}

/* The first instant after `low` and up to `high` at which the offset is another one; it is another one at `high`. */
static instant offset_change(const struct zone *zone, instant low, instant high, int32_t offset) {
        while (high - low > 1) {
                instant middle = low + (high - low) / 2;
                if (zone_offset(zone, middle) == offset)
                        low = middle;
                else
                        high = middle;
        }
        return high;
}

static bool walk_next(struct walk *w) {
        if (w->at >= w->end)
                return false;
        const struct zone *zone = w->calendar->zone;
        int64_t local = w->at + w->offset, day = floor_div(local, DAY);
        instant stop = MIN(w->end, w->at + (day + 1) * DAY - local);
        int32_t offset = zone_offset(zone, stop);
        if (offset != w->offset) {
                stop = offset_change(zone, w->at, stop, w->offset);
                offset = zone_offset(zone, stop);
        }
        w->start = w->at;
        w->day = (int32_t) day;
        w->first = (int32_t) (local - day * DAY);
        w->last = w->first + (int32_t) (stop - w->at);
        w->at = stop;
        w->offset = offset;
        return true;
}

static bool instant_usable(instant at) {
        return at >= INSTANT_MIN && at <= INSTANT_MAX;
}

/* Spans are looked at first: most instants that are asked about fall outside of them or on a plain day, and holidays take
 * longer to work out. */
bool work_calendar_clock_is_open(const struct work_calendar *c, int64_t local) {
        int64_t day = floor_div(local, DAY);
        int32_t minute = (int32_t) ((local - day * DAY) / 60);
        if (minute < day_close(c, (int32_t) day - 1) - MINUTES_OF_DAY && work_calendar_day_open(c, (int32_t) day - 1))
                return true;
        const struct work_day *d = week_day(c, (int32_t) day);
        for (uint32_t i = 0; i < d->n && i < WORK_SPANS_MAX; i++)
                if (minute >= d->spans[i].start && minute < d->spans[i].end)
                        return work_calendar_day_open(c, (int32_t) day);
        return false;
}

bool work_calendar_clock_is_break(const struct work_calendar *c, int64_t local) {
        int64_t day = floor_div(local, DAY);
        int32_t minute = (int32_t) ((local - day * DAY) / 60);
        const struct work_day *d = week_day(c, (int32_t) day);
        for (uint32_t i = 1; i < d->n && i < WORK_SPANS_MAX; i++) {
                int32_t from = d->spans[i - 1].end, until = d->spans[i].start;
                if (minute >= from && minute < until)
                        return until - from <= WORK_BREAK_MAX && work_calendar_day_open(c, (int32_t) day);
        }
        return false;
}

bool work_calendar_is_open(const struct work_calendar *c, instant at) {
        return instant_usable(at) && work_calendar_clock_is_open(c, at + zone_offset(c->zone, at));
}

int64_t work_calendar_between(const struct work_calendar *c, instant from, instant to) {
        if (!instant_usable(from) || !instant_usable(to) || to <= from)
                return 0;
        struct walk w = walk_new(c, from, MIN(to, from + WALK_SECONDS_MAX));
        int64_t total = 0;
        while (walk_next(&w)) {
                struct stretch s[STRETCHES_MAX];
                size_t n = day_stretches(c, w.day, s);
                for (size_t i = 0; i < n; i++) {
                        int32_t start = MAX(s[i].start, w.first), end = MIN(s[i].end, w.last);
                        total += MAX(end - start, 0);
                }
        }
        return total;
}

static bool no_hours(const struct work_calendar *c) {
        for (size_t i = 0; i < ELEMENTSOF(c->week); i++)
                if (c->week[i].n > 0)
                        return false;
        return true;
}

instant work_calendar_add_seconds(const struct work_calendar *c, instant from, int64_t seconds) {
        if (!instant_usable(from))
                return INSTANT_UNKNOWN;
        if (seconds <= 0)
                return from;
        if (no_hours(c))
                return INSTANT_UNKNOWN;
        struct walk w = walk_new(c, from, MIN(from + WALK_SECONDS_MAX, INSTANT_MAX));
        while (walk_next(&w)) {
                struct stretch s[STRETCHES_MAX];
                size_t n = day_stretches(c, w.day, s);
                for (size_t i = 0; i < n; i++) {
                        int32_t start = MAX(s[i].start, w.first), end = MIN(s[i].end, w.last);
                        if (start >= end)
                                continue;
                        if (seconds <= end - start)
                                return w.start + (start - w.first) + seconds;
                        seconds -= end - start;
                }
        }
        return INSTANT_UNKNOWN;
}

static instant local_instant(const struct zone *zone, int32_t day, int32_t minutes) {
        struct civil local = civil_from_seconds((int64_t) day * DAY + (int64_t) minutes * 60);
        return zone_instant(zone, &local);
}

instant work_calendar_add_days(const struct work_calendar *c, instant from, int32_t n) {
        if (!instant_usable(from) || n < 1 || no_hours(c))
                return INSTANT_UNKNOWN;
        int32_t day = zone_day(c->zone, from);
        int32_t end = (int32_t) MIN((int64_t) day + WORK_YEARS_MAX * 366, floor_div(INSTANT_MAX, DAY) - 2);
        while (++day < end)
                if (work_calendar_day_open(c, day) && --n == 0)
                        return local_instant(c->zone, day, day_close(c, day));
        return INSTANT_UNKNOWN;
}
