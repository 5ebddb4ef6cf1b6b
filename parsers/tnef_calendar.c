/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "parsers/civil.h"
#include "parsers/limits.h"
#include "parsers/tnef.h"

/* Instances moved by one series that are written out, and those taken out of it; more than the organizer of a weekly meeting
 * changes in a decade. */
#define MOVED_MAX 150U
#define DELETED_MAX 1000U
/* An iCalendar text of all that. */
#define CALENDAR_TEXT_MAX (256U * 1024)
/* Longest name of a zone in the registry of Windows. */
#define ZONE_NAME_MAX 128U
/* The name that a zone without a known one gets here. */
#define OWN_ZONE "Zone of the meeting"

/* Minutes since 1601 to seconds since 1970. */
#define MINUTES_1601 INT64_C(194074560)
/* The largest change of a clock within a series: what an end in UTC must leave room for. */
#define CLOCK_SLACK 7200
#define DAY 86400

static uint16_t u16(const uint8_t *p) {
        return (uint16_t) (p[0] | p[1] << 8);
}

static uint32_t u32(const uint8_t *p) {
        return (uint32_t) u16(p) | (uint32_t) u16(p + 2) << 16;
}

/* --- zones --- */

/* The zone in which a series runs: one that the table knows, or the rules that Outlook sends along. */
struct series_zone {
        const struct zone *known; /* NULL: by its rules */
        const uint8_t *rules;     /* PidLidTimeZoneStruct; NULL: none */
};

#define ZONE_STRUCT_SIZE 48U

static bool rule_is_yearly(const uint8_t *date) {
        unsigned month = u16(date + 2), weekday = u16(date + 4), week = u16(date + 6);
        return u16(date) == 0 && month >= 1 && month <= 12 && weekday <= 6 && week >= 1 && week <= 5 && u16(date + 8) < 24 &&
               u16(date + 10) < 60;
}

static bool bias_is_sane(int64_t minutes) {
        return minutes > -24 * 60 && minutes < 24 * 60;
}

static struct series_zone find_zone(const struct tnef_meeting *m, const struct zone_table *zones) {
        struct series_zone z = {0};
        const struct tnef_bytes *d = &m->zone_definition;
        char name[ZONE_NAME_MAX + 1];

        /* [MS-OXOCAL] section 2.2.1.41: version 2.1, size, flags (2: the key name is there), its length, the name. */
        if (d->size >= 8 && d->data[0] == 2 && u16(d->data + 4) & 2) {
                size_t n = MIN((size_t) u16(d->data + 6), (size_t) ZONE_NAME_MAX), i;
                for (i = 0; i < n && 8 + 2 * i + 2 <= d->size; i++) {
                        uint16_t unit = u16(d->data + 8 + 2 * i);
                        name[i] = unit >= 32 && unit < 127 ? (char) unit : '?';
                }
                name[i] = 0;
                z.known = zones ? zone_table_find(zones, name) : NULL;
        }
        const uint8_t *r = m->zone.data;
        if (m->zone.size >= ZONE_STRUCT_SIZE && bias_is_sane((int32_t) u32(r)) && bias_is_sane((int32_t) u32(r + 4)) &&
            bias_is_sane((int32_t) u32(r + 8)) &&
            (u16(r + 14 + 2) == 0 || (rule_is_yearly(r + 14) && rule_is_yearly(r + 32))))
                z.rules = r;
        return z;
}

static int64_t zone_seconds(const struct series_zone *z, instant at) {
        if (z->known)
                return zone_offset(z->known, at);
        return z->rules ? -60 * (int64_t) (int32_t) u32(z->rules) : 0;
}

static void write_offset(struct buf *b, const char *name, int64_t minutes) {
        (void) buf_printf(b, "%s:%c%02d%02d\r\n", name, minutes < 0 ? '-' : '+', (int) (llabs(minutes) / 60),
                          (int) (llabs(minutes) % 60));
}

/* One half of a VTIMEZONE; `date` is a SYSTEMTIME: the nth weekday of a month, 5 the last. */
static void write_rule(struct buf *b, const char *what, const uint8_t *date, int64_t from, int64_t to) {
        static const char *const days[] = {"SU", "MO", "TU", "WE", "TH", "FR", "SA"};
        (void) buf_printf(b, "BEGIN:%s\r\nDTSTART:16010101T%02u%02u00\r\n", what, u16(date + 8) % 24U, u16(date + 10) % 60U);
        write_offset(b, "TZOFFSETFROM", from);
        write_offset(b, "TZOFFSETTO", to);
        if (u16(date + 2) != 0)
                (void) buf_printf(b, "RRULE:FREQ=YEARLY;BYMONTH=%u;BYDAY=%s%s\r\n", u16(date + 2),
                                  u16(date + 6) == 5   ? "-1"
                                  : u16(date + 6) == 4 ? "4"
                                  : u16(date + 6) == 3 ? "3"
                                  : u16(date + 6) == 2 ? "2"
                                                       : "1",
                                  days[u16(date + 4) % 7]);
        (void) buf_printf(b, "END:%s\r\n", what);
}

static void write_zone(struct buf *b, const struct series_zone *z) {
        if (z->known || !z->rules)
                return;
        const uint8_t *r = z->rules;
        int64_t bias = (int32_t) u32(r), standard = -(bias + (int32_t) u32(r + 4)),
                daylight = -(bias + (int32_t) u32(r + 8));
        bool changes = u16(r + 14 + 2) != 0;
        (void) buf_add_str(b, "BEGIN:VTIMEZONE\r\nTZID:" OWN_ZONE "\r\n");
        write_rule(b, "STANDARD", r + 14, changes ? daylight : standard, standard);
        if (changes)
                write_rule(b, "DAYLIGHT", r + 32, standard, daylight);
        (void) buf_add_str(b, "END:VTIMEZONE\r\n");
}

/* --- lines --- */

static void write_text(struct buf *b, const char *name, const char *s) {
        if (str_empty(s))
                return;
        (void) buf_printf(b, "%s:", name);
        for (; *s; s++) {
                if (strchr("\\;,", *s))
                        (void) buf_add_char(b, '\\');
                (void) buf_add_char(b, *s == '\n' ? ' ' : *s);
        }
        (void) buf_add_str(b, "\r\n");
}

static void write_person(struct buf *b, const char *line, const char *name, const char *email, bool resource,
                         enum participation_status status) {
        (void) buf_add_str(b, line);
        if (!str_empty(name)) {
                (void) buf_add_str(b, ";CN=\"");
                for (; *name; name++)
                        if (*name != '"' && *name != '\n')
                                (void) buf_add_char(b, *name);
                (void) buf_add_char(b, '"');
        }
        if (resource)
                (void) buf_add_str(b, ";CUTYPE=RESOURCE");
        if (status == PARTICIPATION_ACCEPTED)
                (void) buf_add_str(b, ";PARTSTAT=ACCEPTED");
        else if (status == PARTICIPATION_DECLINED)
                (void) buf_add_str(b, ";PARTSTAT=DECLINED");
        else if (status == PARTICIPATION_TENTATIVE)
                (void) buf_add_str(b, ";PARTSTAT=TENTATIVE");
        (void) buf_printf(b, ":mailto:%s\r\n", email);
}

static void write_civil(struct buf *b, int64_t seconds, const char *end) {
        struct civil c = civil_from_seconds(seconds);
        (void) buf_printf(b, "%04d%02d%02dT%02d%02d%02d%s", (int) c.year, c.month, c.day, c.hour, c.minute, c.second, end);
}

static void write_instant(struct buf *b, const char *name, instant at) {
        if (at == INSTANT_UNKNOWN)
                return;
        (void) buf_printf(b, "%s:", name);
        write_civil(b, at, "Z\r\n");
}

/* A day on which the clock of the meeting stands at midnight: an instant that is not quite one is some other zone's. */
static void write_day(struct buf *b, const char *name, int64_t local) {
        struct civil c = civil_from_seconds(local + DAY / 2);
        (void) buf_printf(b, "%s;VALUE=DATE:%04d%02d%02d\r\n", name, (int) c.year, c.month, c.day);
}

struct writer {
        struct buf *b;
        const struct tnef *tnef;
        const struct tnef_meeting *m;
        const struct tnef_envelope *envelope;
        struct series_zone zone;
};

/* A clock time of the series. */
static void write_local(const struct writer *w, const char *name, int64_t local) {
        if (w->m->all_day) {
                write_day(w->b, name, local);
                return;
        }
        (void) buf_printf(w->b, "%s;TZID=%s:", name, w->zone.known ? zone_name(w->zone.known) : OWN_ZONE);
        write_civil(w->b, local, "\r\n");
}

/* --- the identifier --- */

/* A global object id ([MS-OXOCAL] section 2.2.1.27): class, date of the instance, creation time, data. An identifier of
 * other programs stands in its data, marked; Outlook's own is the whole in hexadecimal, without the date. */
#define ID_DATE 16U
#define ID_DATA 40U

static bool write_uid(struct buf *b, const struct tnef_meeting *m) {
        static const char foreign[] = "vCal-Uid\1\0\0\0";
        const size_t mark = sizeof(foreign) - 1;
        const struct tnef_bytes *id = m->clean_id.size >= ID_DATA ? &m->clean_id : &m->global_id;
        if (id->size < ID_DATA || id->size > MESSAGE_ID_MAX / 2)
                return false;
        (void) buf_add_str(b, "UID:");
        if (id->size > ID_DATA + mark && memcmp(id->data + ID_DATA, foreign, mark) == 0) {
                for (size_t i = ID_DATA + mark; i < id->size && id->data[i] > 32; i++) {
                        if (strchr("\\;,", id->data[i]))
                                (void) buf_add_char(b, '\\');
                        (void) buf_add_char(b, (char) id->data[i]);
                }
        } else
                for (size_t i = 0; i < id->size; i++)
                        (void) buf_printf(b, "%02X", i >= ID_DATE && i < ID_DATE + 4 ? 0 : id->data[i]);
        (void) buf_add_str(b, "\r\n");
        return true;
}

/* Which instance of a series is meant: 1 written, 0 none in particular, -ENODATA: one, but not to be told which. */
static int write_instance(const struct writer *w) {
        const struct tnef_meeting *m = w->m;
        const uint8_t *id = m->global_id.size >= ID_DATA ? m->global_id.data + ID_DATE : NULL;
        int year = id ? id[0] << 8 | id[1] : 0;
        if (!m->exception && year == 0)
                return 0;
        if (m->replaced != INSTANT_UNKNOWN) {
                if (m->all_day)
                        write_day(w->b, "RECURRENCE-ID", m->replaced + zone_seconds(&w->zone, m->replaced));
                else
                        write_instant(w->b, "RECURRENCE-ID", m->replaced);
                return 1;
        }
        uint32_t t = m->series_time;
        if (!id || year < 1970 || year > 2200 || id[2] < 1 || id[2] > 12 || id[3] < 1 ||
            id[3] > civil_days_in_month(year, id[2]) || (!w->zone.known && !w->zone.rules && !m->all_day) ||
            t >= 24U << 12 || (t >> 6 & 63) > 59)
                return -ENODATA;
        int64_t day = (int64_t) civil_days(year, id[2], id[3]) * DAY;
        write_local(w, "RECURRENCE-ID", day + (t >> 12) * 3600 + (t >> 6 & 63) * 60);
        return 1;
}

/* --- series: [MS-OXOCAL] section 2.2.1.44 --- */

struct pattern {
        unsigned frequency, type;
        uint32_t period, specific, nth, end_type, count, first_day;
        const uint8_t *deleted;
        uint32_t n_deleted;
        const uint8_t *moved; /* NULL: none that can be read */
        const uint8_t *end;
        uint32_t n_moved;
        int64_t first, last;              /* days, in seconds since 1970 of the local clock */
        int64_t start_offset, end_offset; /* seconds from midnight */
};

enum {
        FREQUENCY_DAILY = 0x200A,
        FREQUENCY_WEEKLY = 0x200B,
        FREQUENCY_MONTHLY = 0x200C,
        FREQUENCY_YEARLY = 0x200D,
        PATTERN_DAY = 0,
        PATTERN_WEEK = 1,
        PATTERN_MONTH = 2,
        PATTERN_NTH = 3,
        PATTERN_MONTH_END = 4,
        END_BY_DATE = 0x2021,
        END_AFTER = 0x2022,
};

static int64_t local_of_minutes(uint32_t minutes) {
        return ((int64_t) minutes - MINUTES_1601) * 60;
}

/* A list of counted 32-bit values at *p; NULL when it is cut off. */
static const uint8_t *skip_list(const uint8_t *p, const uint8_t *end, const uint8_t **ret, uint32_t *ret_n) {
        if (!p || end - p < 4)
                return NULL;
        *ret_n = u32(p);
        *ret = p + 4;
        return (size_t) (end - *ret) / 4 < *ret_n ? NULL : *ret + 4 * (size_t) *ret_n;
}

static bool read_pattern(const struct tnef_bytes *blob, struct pattern *ret) {
        uint32_t n;
        if (blob->size < 22 || u16(blob->data) != 0x3004)
                return false;
        const uint8_t *p = blob->data, *end = p + blob->size, *ignored;
        struct pattern r = {.frequency = u16(p + 4), .type = u16(p + 6), .period = u32(p + 14), .end = end};
        unsigned calendar = u16(p + 8);
        if (calendar > 1 || r.type > PATTERN_MONTH_END) /* moon calendars */
                return false;
        p += 22;
        size_t specific = r.type == PATTERN_DAY ? 0 : r.type == PATTERN_NTH ? 8 : 4;
        if ((size_t) (end - p) < specific + 12)
                return false;
        r.specific = specific > 0 ? u32(p) : 0;
        r.nth = specific > 4 ? u32(p + 4) : 0;
        p += specific;
        r.end_type = u32(p);
        r.count = u32(p + 4);
        r.first_day = u32(p + 8);
        p = skip_list(p + 12, end, &r.deleted, &r.n_deleted);
        p = skip_list(p, end, &ignored, &n);
        if (!p || end - p < 24)
                return false;
        r.first = local_of_minutes(u32(p));
        r.last = local_of_minutes(u32(p + 4));
        r.start_offset = (int64_t) u32(p + 16) * 60;
        r.end_offset = (int64_t) u32(p + 20) * 60;
        p += 24;
        if (end - p >= 2) {
                r.n_moved = u16(p);
                r.moved = p + 2;
        }
        if (r.first < 0 || r.start_offset > DAY || r.end_offset > 400 * (int64_t) DAY || r.end_offset < r.start_offset ||
            r.period == 0)
                return false;
        *ret = r;
        return true;
}

/* The rule; nothing is written when it makes no sense. */
static bool write_rrule(const struct writer *w, const struct pattern *p) {
        static const char *const days[] = {"SU", "MO", "TU", "WE", "TH", "FR", "SA"};
        struct buf *b = w->b;
        bool yearly = p->frequency == FREQUENCY_YEARLY;
        uint32_t interval = p->type == PATTERN_DAY ? p->period / (24 * 60) : yearly ? p->period / 12 : p->period;
        char by[64] = "";
        size_t n = 0;

        if (interval == 0 || (p->type == PATTERN_DAY && p->period % (24 * 60) != 0))
                return false;
        bool nth = p->type == PATTERN_NTH, one_day = nth && (p->specific & 0x7F & ((p->specific & 0x7F) - 1)) == 0;
        if (p->type == PATTERN_WEEK || nth) {
                if ((p->specific & 0x7F) == 0 || (nth && (p->nth < 1 || p->nth > 5)))
                        return false;
                for (size_t i = 0; i < ELEMENTSOF(days); i++)
                        if (p->specific & 1U << i) {
                                int length = snprintf(by + n, sizeof(by) - n, "%s%.0d%s", n ? "," : "",
                                                      !one_day      ? 0
                                                      : p->nth == 5 ? -1
                                                                    : (int) p->nth,
                                                      days[i]);
                                n += (size_t) length;
                        }
        }
        (void) buf_printf(b, "RRULE:FREQ=%s;INTERVAL=%" PRIu32,
                          p->type == PATTERN_DAY    ? "DAILY"
                          : p->type == PATTERN_WEEK ? "WEEKLY"
                          : yearly                  ? "YEARLY"
                                                    : "MONTHLY",
                          interval);
        if (p->type >= PATTERN_MONTH && yearly)
                (void) buf_printf(b, ";BYMONTH=%d", civil_from_seconds(p->first).month);
        if (n > 0)
                (void) buf_printf(b, ";BYDAY=%s", by);
        if (nth && !one_day)
                (void) buf_printf(b, ";BYSETPOS=%d", p->nth == 5 ? -1 : (int) p->nth);
        if (p->type == PATTERN_MONTH_END || (p->type == PATTERN_MONTH && p->specific == 31))
                (void) buf_add_str(b, ";BYMONTHDAY=-1");
        else if (p->type == PATTERN_MONTH)
                (void) buf_printf(b, ";BYMONTHDAY=%" PRIu32, p->specific);
        if (p->type == PATTERN_WEEK && p->first_day < 7)
                (void) buf_printf(b, ";WKST=%s", days[p->first_day]);
        if (p->end_type == END_AFTER)
                (void) buf_printf(b, ";COUNT=%" PRIu32, p->count);
        else if (p->end_type == END_BY_DATE) {
                int64_t last = p->last + p->start_offset;
                (void) buf_add_str(b, ";UNTIL=");
                if (w->m->all_day) {
                        struct civil c = civil_from_seconds(p->last);
                        (void) buf_printf(b, "%04d%02d%02d", (int) c.year, c.month, c.day);
                } else
                        write_civil(b, last - zone_seconds(&w->zone, last) + CLOCK_SLACK, "Z");
        }
        (void) buf_add_str(b, "\r\n");
        return true;
}

/* The next moved instance at *p; false when there is none or it is cut off. */
static bool next_moved(const uint8_t **p, const uint8_t *end, int64_t *ret_start, int64_t *ret_end, int64_t *ret_original) {
        enum { SUBJECT = 0x1, LOCATION = 0x10 };
        static const unsigned longs[] = {0x2, 0x4, 0x8, 0x20, 0x40, 0x80, 0x100}; /* each adds four bytes */
        const uint8_t *q = *p;
        if (end - q < 14)
                return false;
        *ret_start = local_of_minutes(u32(q));
        *ret_end = local_of_minutes(u32(q + 4));
        *ret_original = local_of_minutes(u32(q + 8));
        unsigned flags = u16(q + 12);
        q += 14;
        for (unsigned flag = 1; flag <= 0x100; flag <<= 1) {
                size_t skip = 0;
                if (!(flags & flag))
                        continue;
                if (flag == SUBJECT || flag == LOCATION) {
                        if (end - q < 4)
                                return false;
                        skip = 4 + (size_t) u16(q + 2);
                }
                for (size_t i = 0; i < ELEMENTSOF(longs); i++)
                        if (longs[i] == flag)
                                skip = 4;
                if ((size_t) (end - q) < skip)
                        return false;
                q += skip;
        }
        *p = q;
        return *ret_start >= 0 && *ret_end >= *ret_start && *ret_original >= 0;
}

static bool is_moved(const struct pattern *p, int64_t day) {
        const uint8_t *q = p->moved;
        int64_t start, end, original;
        for (uint32_t i = 0; q && i < MIN(p->n_moved, MOVED_MAX) && next_moved(&q, p->end, &start, &end, &original); i++)
                if (original - original % DAY == day)
                        return true;
        return false;
}

static void write_deleted(const struct writer *w, const struct pattern *p) {
        for (uint32_t i = 0; i < MIN(p->n_deleted, DELETED_MAX); i++) {
                int64_t day = local_of_minutes(u32(p->deleted + 4 * (size_t) i));
                if (day >= 0 && !is_moved(p, day))
                        write_local(w, "EXDATE", day + p->start_offset);
        }
}

/* --- the event --- */

static void write_attendees(const struct writer *w) {
        const struct address_list *const lists[] = {w->envelope->to, w->envelope->cc};
        const struct attendee_list *table = &w->m->recipients;
        for (uint32_t i = 0; i < table->n; i++)
                write_person(w->b, "ATTENDEE", table->items[i].name, table->items[i].email, table->items[i].resource,
                             PARTICIPATION_NONE);
        /* Those a meeting request is addressed to are its attendees, [MS-OXOCAL] section 3.1.4.7.2. */
        for (size_t k = 0; k < ELEMENTSOF(lists) && table->n == 0; k++)
                for (uint32_t i = 0; i < lists[k]->n; i++)
                        write_person(w->b, "ATTENDEE", lists[k]->items[i].name, lists[k]->items[i].email, false,
                                     PARTICIPATION_NONE);
}

/* The sender organizes what he invites to; an answer goes to the organizer and comes from an attendee. */
static void write_people(const struct writer *w) {
        const struct tnef_meeting *m = w->m;
        const struct address_list *from = w->envelope->from, *to = w->envelope->to;
        const char *email = m->from.email, *name = m->from.name;
        bool answer = m->participation != PARTICIPATION_NONE;
        if (!email && from->n > 0) {
                email = from->items[0].email;
                name = from->items[0].name;
        }
        if (answer && to->n > 0)
                write_person(w->b, "ORGANIZER", to->items[0].name, to->items[0].email, false, PARTICIPATION_NONE);
        if (email)
                write_person(w->b, answer ? "ATTENDEE" : "ORGANIZER", name, email, false, m->participation);
        if (!answer)
                write_attendees(w);
}

/* What an event of the series and the instances moved have in common. */
static void write_common(const struct writer *w) {
        const struct tnef_meeting *m = w->m;
        struct buf *b = w->b;
        write_instant(b, "DTSTAMP", m->changed != INSTANT_UNKNOWN ? m->changed : w->envelope->sent_at);
        (void) buf_printf(b, "SEQUENCE:%" PRId32 "\r\n", m->sequence);
        write_text(b, "SUMMARY", w->tnef->subject ? w->tnef->subject : w->envelope->subject);
        if (m->method == ITIP_CANCEL)
                (void) buf_add_str(b, "STATUS:CANCELLED\r\n");
        if (m->transparent)
                (void) buf_add_str(b, "TRANSP:TRANSPARENT\r\n");
        write_people(w);
}

static void write_once(const struct writer *w) {
        const struct tnef_meeting *m = w->m;
        instant end = m->end != INSTANT_UNKNOWN && m->end >= m->start ? m->end : m->start;
        if (m->all_day) {
                write_day(w->b, "DTSTART", m->start + zone_seconds(&w->zone, m->start));
                if (end > m->start)
                        write_day(w->b, "DTEND", end + zone_seconds(&w->zone, end));
        } else {
                write_instant(w->b, "DTSTART", m->start);
                write_instant(w->b, "DTEND", end);
        }
}

static void write_moved(const struct writer *w, const struct pattern *p) {
        const uint8_t *q = p->moved;
        int64_t start, end, original;
        for (uint32_t i = 0; q && i < MIN(p->n_moved, MOVED_MAX) && next_moved(&q, p->end, &start, &end, &original); i++) {
                (void) buf_add_str(w->b, "BEGIN:VEVENT\r\n");
                (void) write_uid(w->b, w->m);
                write_local(w, "RECURRENCE-ID", original);
                write_local(w, "DTSTART", start);
                write_local(w, "DTEND", end);
                write_common(w);
                (void) buf_add_str(w->b, "END:VEVENT\r\n");
        }
}

static int write_event(const struct writer *w, bool *ret_unread) {
        const struct tnef_meeting *m = w->m;
        struct pattern pattern = {};

        (void) buf_add_str(w->b, "BEGIN:VEVENT\r\n");
        bool has_uid = write_uid(w->b, m);
        int instance = write_instance(w);
        if (instance < 0)
                return instance;
        bool series = instance == 0 && (m->recurring || m->pattern.data);
        bool zoned = w->zone.known || w->zone.rules || m->all_day;
        bool readable = series && has_uid && zoned && read_pattern(&m->pattern, &pattern);
        if (readable && (readable = write_rrule(w, &pattern))) {
                write_local(w, "DTSTART", pattern.first + pattern.start_offset);
                write_local(w, "DTEND", pattern.first + pattern.end_offset);
                write_deleted(w, &pattern);
        } else if (m->start != INSTANT_UNKNOWN)
                write_once(w);
        else
                return -ENODATA;
        *ret_unread |= series && !readable;
        write_common(w);
        (void) buf_add_str(w->b, "END:VEVENT\r\n");
        if (readable && m->method != ITIP_CANCEL)
                write_moved(w, &pattern);
        return 0;
}

int tnef_calendar(const struct tnef *tnef, const struct tnef_envelope *envelope, struct buf *out, bool *ret_unread) {
        const struct tnef_meeting *m = &tnef->meeting;
        _cleanup_buf_ struct buf b = BUF_LIMITED(CALENDAR_TEXT_MAX);
        const struct writer w = {&b, tnef, m, envelope, find_zone(m, envelope->zones)};
        bool unread = false;

        if (m->method == ITIP_NONE)
                return -ENODATA;
        (void) buf_printf(&b, "BEGIN:VCALENDAR\r\nMETHOD:%s\r\n", itip_method_name(m->method));
        write_zone(&b, &w.zone);
        int e = write_event(&w, &unread);
        if (e < 0)
                return e;
        (void) buf_add_str(&b, "END:VCALENDAR\r\n");
        if (b.error < 0)
                return b.error == -ENOMEM ? -ENOMEM : -ENODATA;
        if (buf_add(out, b.data, b.size) < 0)
                return -ENOMEM;
        *ret_unread |= unread;
        return 0;
}
