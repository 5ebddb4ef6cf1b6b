/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* iCalendar (RFC 5545) and iTIP (RFC 5546) objects, through libical, in the parse role only. */

#include "parsers/arena.h"
#include "parsers/observation.h"
#include "parsers/zone.h"

/* Called for each VEVENT found; `event` and its strings live in an arena that is reset after the call.
 * A negative result stops the parse and is returned. */
typedef int (*calendar_found)(const struct event *event, void *userdata);

struct calendar_result {
        uint32_t events;    /* handed to found() */
        uint32_t malformed; /* components that could not be read (no usable DTSTART ...) */
        uint32_t errors;    /* lines libical dropped */
};

/* Read one iCalendar stream (one or several VCALENDAR objects, or bare components; BOM, LF and CR accepted). Components
 * are cut out one by one by our own linear scan (VTIMEZONEs first), so that memory does not depend on the size of the file and
 * one bad component does not take its neighbours along; each goes through libical by itself.
 * `data` need not be NUL-terminated. 0, -EBADMSG (no VCALENDAR, no component at all), -ENOMEM, or what found() returned. */
int calendar_parse(const char *data, size_t size, const struct zone_table *zones, calendar_found found, void *userdata,
                   struct calendar_result *ret) _must_check_;

/* Instances of a recurring event between two instants (both inclusive), at most `max`, in order, EXDATEs and overrides NOT
 * removed (the fold does that: it knows all versions). `recurrence` is event.recurrence. Frequencies above DAILY are refused,
 * the walk is bounded; instances in a daylight-saving gap or fold follow RFC 5545 3.3.5. Floating and all-day
 * instances come back in that form. 0 with *ret_n, -EOPNOTSUPP (refused rule), -EBADMSG, -ENOMEM. */
int recurrence_expand(const char *recurrence, const struct zone_table *zones, instant from, instant to, struct moment *ret,
                      uint32_t max, uint32_t *ret_n, bool *ret_truncated) _must_check_;
