/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The proleptic Gregorian calendar: days, dates and clock times without any zone. */

#include "parsers/base.h"

struct civil {
        int32_t year;                /* 1..9999 */
        int8_t month, day;           /* 1..12, 1..31 */
        int8_t hour, minute, second; /* 0..23, 0..59, 0..59 */
};

/* Days since 1970-01-01, negative before. The date must be valid. */
int32_t civil_days(int32_t year, int month, int day) _pure_;
void civil_from_days(int32_t days, int32_t *ret_year, int *ret_month, int *ret_day);
/* 1 = Monday .. 7 = Sunday (ISO 8601). */
int civil_weekday(int32_t days) _pure_;
int civil_days_in_month(int32_t year, int month) _pure_;
bool civil_valid(const struct civil *c) _pure_;
/* Seconds since the epoch as if the clock time were UTC, and back. */
int64_t civil_seconds(const struct civil *c) _pure_;
struct civil civil_from_seconds(int64_t seconds);
/* ISO 8601 / RFC 3339 date or date-time: "2026-03-02", "2026-03-02T08:50", "...:00Z", "...+01:00" (seconds optional).
 * 0, or -EINVAL. *ret_offset is seconds east of UTC, INT32_MIN when none is written; *ret_date_only may be NULL. */
int civil_parse(const char *s, struct civil *ret, int32_t *ret_offset, bool *ret_date_only);
