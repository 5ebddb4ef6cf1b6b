/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What calendar.c and recurrence.c share: cutting components out of a stream, and reading calendar times. Only these three
 * files include libical. */

#include <libical/ical.h>

#include "parsers/buf.h"
#include "parsers/observation.h"
#include "parsers/zone.h"

enum component_kind { COMPONENT_EVENT, COMPONENT_TIMEZONE };

/* Walks over a stream once. Each component found is in `text`: UTF-8, unfolded, ended by CR LF, and reduced to the
 * properties that are read, so that neither an inline attachment nor a long description costs anything. */
struct cutter {
        const char *data; /* borrowed */
        size_t size, at;
        enum component_kind wanted;
        bool one_calendar; /* stop where the VCALENDAR ends */

        struct buf text, line, scratch; /* owned */
        enum itip_method method;        /* of the VCALENDAR around the component */
        size_t calendar_at;             /* where that VCALENDAR begins */
        bool any;                       /* a VCALENDAR or a component was seen */
        uint32_t malformed;             /* components that were cut off, or beyond a ceiling */
};

void cutter_init(struct cutter *c, const char *data, size_t size, enum component_kind wanted);
void cutter_done(struct cutter *c);
#define _cleanup_cutter_ _cleanup_(cutter_done)
/* 1: a component is in c->text, 0: the end, -ENOMEM. */
int cutter_next(struct cutter *c);

/* One property of a component's text: the length of its line without the line break. */
size_t text_line(const char *text);
/* Does the line hold this property? */
bool text_line_is(const char *line, const char *property) _pure_;

struct custom_zone {
        char *tzid, *text; /* owned */
        struct zone *zone; /* owned; NULL until asked for, or when the VTIMEZONE makes no sense */
        bool tried;
};

/* Finds the zone of a TZID: the system's by any name it may have, else the VTIMEZONE of the same VCALENDAR. */
struct zone_finder {
        const struct zone_table *table; /* borrowed */
        const char *data;               /* borrowed: the stream, for its VTIMEZONEs */
        size_t size;
        size_t calendar_at; /* the VCALENDAR of the component at hand; set by the caller */

        struct custom_zone *customs; /* owned: the VTIMEZONEs of one VCALENDAR, read when first needed */
        size_t n_customs, customs_at;
        /* The last answer: nearly always the next question. */
        char *tzid;              /* owned */
        const struct zone *zone; /* borrowed */
        size_t answered_at;
};
void zone_finder_done(struct zone_finder *f);
#define _cleanup_zone_finder_ _cleanup_(zone_finder_done)
/* NULL zone when nothing explains the TZID. 0 or -ENOMEM. */
int zone_finder_find(struct zone_finder *f, const char *tzid, const struct zone **ret);
/* The text of the VTIMEZONE that explained this zone; NULL when the system knows it. */
const char *zone_finder_text(const struct zone_finder *f, const struct zone *zone);

/* A calendar time with what is needed to count on from it. */
struct when {
        struct moment moment;
        struct civil local;      /* the clock time as written */
        const struct zone *zone; /* NULL: floating or a date */
        bool unknown_zone;
};
/* The first date of a date, time, or period property. 0, -EBADMSG (not a date that exists), -ENOMEM. */
int when_read(struct zone_finder *f, icalproperty *property, struct when *ret);
/* The moment of a clock time in the zone and form of `like`. */
struct moment when_moment(const struct when *like, const struct civil *local);

/* Parse one component's text. NULL when libical cannot. */
icalcomponent *component_parse(const char *text);
void component_freep(icalcomponent **c);
#define _cleanup_component_ _cleanup_(component_freep)
