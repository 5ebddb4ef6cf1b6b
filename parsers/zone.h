/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Time zones from the system's compiled tables (TZif, RFC 8536), without any I/O: daemon/ reads the files and hands the
 * bytes over. Both the parse role (calendar times) and rules/ (working time) use them. */

#include "parsers/base.h"
#include "parsers/civil.h"

struct zone;       /* one zone; immutable */
struct zone_table; /* zones by name; immutable once filled */

/* Read TZif version 2 or 3 (version 1 blocks alone are refused), the footer rule included.
 * 0, -EINVAL (not TZif or damaged), -ENOMEM. Bytes are copied. */
int zone_new(const char *name, const void *tzif, size_t size, struct zone **ret) _must_check_;
/* A zone made of changes in rising order, for a VTIMEZONE that no table knows. `before` is the offset before the first.
 * 0, -EINVAL (order, offsets beyond a day), -ENOMEM. */
struct zone_change {
        instant at;
        int32_t offset; /* seconds east of UTC from then on */
};
int zone_new_from_changes(const char *name, int32_t before, const struct zone_change *changes, size_t n,
                          struct zone **ret) _must_check_;
struct zone *zone_free(struct zone *zone); /* accepts NULL, returns NULL */
const char *zone_name(const struct zone *zone);
/* UTC itself, always available. */
const struct zone *zone_utc(void);

/* Seconds east of UTC at an instant. */
int32_t zone_offset(const struct zone *zone, instant at);
/* The same for who asks in the order of time: it remembers the stretch between two changes that it was last asked about. Begin with
 * {.zone = zone}. */
struct zone_clock {
        const struct zone *zone;
        instant from, until;
        int32_t offset;
};
int32_t zone_clock_offset(struct zone_clock *clock, instant at);
struct civil zone_civil(const struct zone *zone, instant at);
/* Days since the epoch of the local date at an instant. */
int32_t zone_day(const struct zone *zone, instant at);
/* The instant of a local clock time, by RFC 5545 section 3.3.5: inside a gap the offset before the change is used,
 * inside a fold the first of the two instants. */
instant zone_instant(const struct zone *zone, const struct civil *local);

int zone_table_new(struct zone_table **ret) _must_check_;
struct zone_table *zone_table_free(struct zone_table *table);
/* Takes ownership of zone on success. -EEXIST when the name is there already (zone stays the caller's). */
int zone_table_add(struct zone_table *table, struct zone *zone);
size_t zone_table_size(const struct zone_table *table);
/* Find by what calendars write: an IANA name in any case, with the prefixes some programs put before it
 * ("/freeassociation.sourceforge.net/", "/mozilla.org/20050126_1/", "/softwarestudio.org/Olson_.../"), or a Windows name
 * ("Romance Standard Time", CLDR windowsZones). "Customized Time Zone" and other unknown names: NULL. */
const struct zone *zone_table_find(const struct zone_table *table, const char *tzid);
/* Nearest known name to a mistyped one, for diagnostics; NULL when nothing is near. */
const char *zone_table_suggest(const struct zone_table *table, const char *name);
