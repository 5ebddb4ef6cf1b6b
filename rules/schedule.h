/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Once a week, on a day and at a time of the clock on the wall: `digest.every`. Pure. */

#include "parsers/zone.h"

/* "mon" ... "sun", NULL-terminated. */
extern const char *const schedule_days[];

struct schedule {
        int8_t weekday; /* 0 = Monday */
        int16_t minute; /* after midnight, below 24 * 60 */
};

/* "mon 08:00", "Friday 17h30", "sun 9". 0, or -EINVAL: *ret_fault (may be NULL) says in a sentence what is wrong. */
int schedule_parse(const char *s, struct schedule *ret, const char **ret_fault);

/* When it was due last, `now` included, and when it is due next. The clock on the wall counts: over a change of the hour it stays 08:00. A time that a
 * change leaves out is due as late as the change leaps; of a time that a change brings twice the first counts. *ret_day (may be NULL) gets the local date it
 * is due on, in days since the epoch: the name of the week. */
instant schedule_last(const struct schedule *s, const struct zone *zone, instant now, int32_t *ret_day);
instant schedule_next(const struct schedule *s, const struct zone *zone, instant now, int32_t *ret_day);

/* The parts that other settings share: a day of the week ("mon", "Monday"; 0 = Monday) and a time ("9", "09:00", "9h30", "24:00") in minutes at *s, which
 * is moved behind them and the blanks that follow. -EINVAL: there is none. */
int schedule_read_day(const char **s);
int schedule_read_time(const char **s);
