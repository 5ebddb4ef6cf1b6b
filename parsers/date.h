/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Dates of mail: RFC 5322 section 3.3, its obsolete forms, and what programs write instead. */

#include "parsers/base.h"

/* The date-time in an unfolded field body. Weekday and comments are ignored; two-digit years, names of zones, asctime and
 * ISO 8601 order are understood. A date without a clock time is refused: a guessed hour could accuse someone.
 * *ret_offset: seconds east of UTC as written; INT32_MIN when none, unknown, or zero (+0000 and -0000 tell nothing).
 * 0, or -EINVAL (unreadable or impossible); outputs untouched then. */
int date_parse(const char *s, size_t n, instant *ret, int32_t *ret_offset);

/* From 1970 to 2100: what else a clock shows is wrong, and nothing is judged by it. */
bool date_is_plausible(instant at);

/* The date of an mbox From_ line, after its "From ": the last weekday or month name starts it; "remote from x" may follow.
 * Without a zone it is read as UTC. 0, -EINVAL (implausible too). */
int date_parse_from_line(const char *s, size_t n, instant *ret);
