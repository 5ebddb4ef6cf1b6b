/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/calendar.h"

#include <nettle/sha2.h>
#include <strings.h>

#include "parsers/icalendar.h"
#include "parsers/limits.h"
#include "parsers/utf8.h"

/* What one event may hold, so that its encoding stays below OBSERVATION_SIZE_MAX: a comment is a sentence or two, ... */
#define COMMENT_MAX (4U * 1024)
/* ... all attendees' names and addresses together, ... */
#define ATTENDEES_BYTES_MAX (48U * 1024)
/* ... a rule with every BY part filled in, ... */
#define RRULE_MAX 2048U
/* ... and what is kept of a series to expand it again: a VTIMEZONE, the rule and EXCEPTION_DATES_MAX extra dates. */
#define RECURRENCE_MAX (56U * 1024)
/* Rules of one component; RFC 5545 3.8.5.3 says one, two were seen. */
#define RRULES_MAX 4U
/* Memory for one event beyond the text libical holds. */
#define EVENT_ARENA_MAX (4U * 1024 * 1024)
/* RFC 5545 durations have no bound; a meeting ends within some years. */
#define DURATION_MAX (INT64_C(20) * 366 * 86400)
#define DAY_SECONDS 86400

struct reader {
        struct zone_finder *finder;
        struct arena *arena;
        const char *text; /* the component, see struct cutter */
        icalcomponent *component;
        struct event *event;
        struct when start, end;
        bool has_end, has_duration;
        struct icaldurationtype duration;
        unsigned rules, extra_dates;
        size_t attendee_bytes;
        bool organizer_seen;
};

/* ---- Strings ------------------------------------------------------------------------------------------------------- */

/* A clean copy of at most `max` bytes without blanks around it; NULL for nothing. One line unless `lines`. */
static int clean(struct reader *r, const char *s, size_t max, bool lines, const char **ret) {
        *ret = NULL;
        if (str_empty(s))
                return 0;
        /* Cleaning only shrinks; the ceiling before it keeps a line of 64 KiB from being copied for a name of 256 bytes. */
        size_t n = utf8_boundary(s, MIN(strlen(s), 4 * max));
        char *copy = arena_strndup(r->arena, s, n);
        if (!copy)
                return -ENOMEM;
        n = utf8_clean_in_place(copy, n);
        for (size_t i = 0; i < n && !lines; i++)
                if (copy[i] == '\n' || copy[i] == '\t')
                        copy[i] = ' ';
        size_t blanks = strspn(copy, " \n\t");
        copy += blanks;
        n -= blanks;
        if (n > max)
                n = utf8_boundary(copy, max);
        while (n > 0 && (copy[n - 1] == ' ' || copy[n - 1] == '\n' || copy[n - 1] == '\t'))
                n--;
        copy[n] = '\0';
        if (n > 0)
                *ret = copy;
        return 0;
}

static void lower_domain(char *email) {
        char *at = strrchr(email, '@');
        for (char *p = at; p && *p; p++)
                if (*p >= 'A' && *p <= 'Z')
                        *p = (char) (*p + ('a' - 'A'));
}

/* "mailto:Camille@Example.ORG" to "Camille@example.org"; NULL when it is no address (Exchange writes "invalid:nomail"). */
static int clean_address(struct reader *r, const char *s, const char **ret) {
        *ret = NULL;
        if (!s)
                return 0;
        s += strspn(s, " \t<\"");
        /* Some programs write it twice. */
        while (strncasecmp(s, "mailto:", 7) == 0)
                s += 7 + strspn(s + 7, " \t<");
        size_t n = strcspn(s, " \t\r\n>?\"");
        const char *at = memchr(s, '@', n);
        if (!at || at == s || at + 1 == s + n || n > ADDRESS_MAX)
                return 0;
        char *copy = arena_strndup(r->arena, s, n);
        if (!copy)
                return -ENOMEM;
        if (!utf8_clean(copy, strlen(copy)))
                return 0;
        lower_domain(copy);
        *ret = copy;
        return 0;
}

static int hex_digest(struct reader *r, struct sha256_ctx *ctx, const char **ret) {
        uint8_t digest[SHA256_DIGEST_SIZE];
        sha256_digest(ctx, sizeof(digest), digest);
        char *hex = arena_alloc(r->arena, 2 * sizeof(digest) + 1);
        if (!hex)
                return -ENOMEM;
        for (size_t i = 0; i < sizeof(digest); i++) {
                hex[2 * i] = "0123456789abcdef"[digest[i] >> 4];
                hex[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
        }
        *ret = hex;
        return 0;
}

/* A UID that is missing is replaced by a digest of what the component says, without what changes with each export. */
static int digest_uid(struct reader *r) {
        static const char *const volatiles[] = {"DTSTAMP", "LAST-MODIFIED", "CREATED", "SEQUENCE"};
        struct sha256_ctx ctx;
        sha256_init(&ctx);
        for (const char *line = r->text; *line; line += text_line(line), line += strspn(line, "\r\n")) {
                bool skip = false;
                for (size_t i = 0; i < ELEMENTSOF(volatiles); i++)
                        skip = skip || text_line_is(line, volatiles[i]);
                if (skip)
                        continue;
                sha256_update(&ctx, text_line(line), (const uint8_t *) line);
                sha256_update(&ctx, 1, (const uint8_t *) "\n");
        }
        return hex_digest(r, &ctx, &r->event->uid);
}

static int read_uid(struct reader *r, icalproperty *p) {
        const char *uid = icalproperty_get_uid(p);
        if (r->event->uid || str_empty(uid))
                return 0;
        if (strlen(uid) <= MESSAGE_ID_MAX)
                return clean(r, uid, MESSAGE_ID_MAX, false, &r->event->uid);
        /* Cutting it could make two series one. */
        struct sha256_ctx ctx;
        sha256_init(&ctx);
        sha256_update(&ctx, strlen(uid), (const uint8_t *) uid);
        return hex_digest(r, &ctx, &r->event->uid);
}

/* ---- People -------------------------------------------------------------------------------------------------------- */

static enum participation_status read_participation(icalproperty *p) {
        static const struct {
                icalparameter_partstat partstat;
                enum participation_status status;
        } states[] = {
                {ICAL_PARTSTAT_NEEDSACTION, PARTICIPATION_NEEDS_ACTION}, {ICAL_PARTSTAT_ACCEPTED, PARTICIPATION_ACCEPTED},
                {ICAL_PARTSTAT_DECLINED, PARTICIPATION_DECLINED},        {ICAL_PARTSTAT_TENTATIVE, PARTICIPATION_TENTATIVE},
                {ICAL_PARTSTAT_DELEGATED, PARTICIPATION_DELEGATED},
        };
        icalparameter *param = icalproperty_get_first_parameter(p, ICAL_PARTSTAT_PARAMETER);
        icalparameter_partstat partstat = param ? icalparameter_get_partstat(param) : ICAL_PARTSTAT_NONE;
        for (size_t i = 0; i < ELEMENTSOF(states); i++)
                if (states[i].partstat == partstat)
                        return states[i].status;
        return PARTICIPATION_NONE;
}

/* ret->email stays NULL when there is no address. */
static int read_person(struct reader *r, icalproperty *p, const char *address, struct attendee *ret) {
        struct attendee a = {.participation_status = read_participation(p)};
        icalparameter *email = icalproperty_get_first_parameter(p, ICAL_EMAIL_PARAMETER),
                      *cn = icalproperty_get_first_parameter(p, ICAL_CN_PARAMETER),
                      *sent_by = icalproperty_get_first_parameter(p, ICAL_SENTBY_PARAMETER),
                      *cutype = icalproperty_get_first_parameter(p, ICAL_CUTYPE_PARAMETER);
        int e = clean_address(r, address, &a.email);
        /* Apple writes a principal's URL and puts the address into EMAIL (RFC 7986 section 6.2). */
        if (e == 0 && !a.email && email)
                e = clean_address(r, icalparameter_get_email(email), &a.email);
        if (e == 0 && cn)
                e = clean(r, icalparameter_get_cn(cn), NAME_MAX_BYTES, false, &a.name);
        if (e == 0 && sent_by)
                e = clean_address(r, icalparameter_get_sentby(sent_by), &a.sent_by);
        if (e < 0)
                return e;
        if (cutype) {
                icalparameter_cutype type = icalparameter_get_cutype(cutype);
                a.resource = type == ICAL_CUTYPE_ROOM || type == ICAL_CUTYPE_RESOURCE;
        }
        *ret = a;
        return 0;
}

static int read_organizer(struct reader *r, icalproperty *p) {
        struct attendee a;
        if (r->event->organizer)
                return 0;
        int e = read_person(r, p, icalproperty_get_organizer(p), &a);
        if (e < 0 || !a.email)
                return e;
        r->event->organizer = arena_new0(r->arena, struct attendee, 1);
        if (!r->event->organizer)
                return -ENOMEM;
        *r->event->organizer = a;
        return 0;
}

static size_t length(const char *s) {
        return s ? strlen(s) : 0;
}

static int read_attendee(struct reader *r, icalproperty *p) {
        struct attendee_list *list = &r->event->attendees;
        struct attendee a;
        if (list->n >= ATTENDEES_MAX)
                return 0;
        int e = read_person(r, p, icalproperty_get_attendee(p), &a);
        if (e < 0 || !a.email)
                return e;
        size_t bytes = length(a.email) + length(a.name) + length(a.sent_by);
        if (r->attendee_bytes + bytes > ATTENDEES_BYTES_MAX)
                return 0;
        if (!list->items && !(list->items = arena_new0(r->arena, struct attendee, ATTENDEES_MAX)))
                return -ENOMEM;
        r->attendee_bytes += bytes;
        list->items[list->n++] = a;
        return 0;
}

/* ---- Times --------------------------------------------------------------------------------------------------------- */

/* A time property that cannot be read is as good as absent: -EBADMSG becomes MOMENT_NONE. */
static int read_when(struct reader *r, icalproperty *p, struct when *ret) {
        int e = when_read(r->finder, p, ret);
        if (e == -EBADMSG) {
                *ret = (struct when){};
                return 0;
        }
        if (e == 0 && ret->unknown_zone)
                r->event->unknown_zone = true;
        return e;
}

static int read_start(struct reader *r, icalproperty *p) {
        return r->start.moment.form == MOMENT_NONE ? read_when(r, p, &r->start) : 0;
}

static int read_end(struct reader *r, icalproperty *p) {
        if (r->has_end)
                return 0;
        int e = read_when(r, p, &r->end);
        r->has_end = r->end.moment.form != MOMENT_NONE;
        return e;
}

static int read_duration(struct reader *r, icalproperty *p) {
        r->duration = icalproperty_get_duration(p);
        r->has_duration = true;
        return 0;
}

/* DTSTAMP and its like: in UTC by RFC 5545, so a missing Z changes nothing. */
static int read_stamp(struct reader *r, icalproperty *p, instant *ret) {
        struct when w;
        bool unknown = r->event->unknown_zone;
        int e = read_when(r, p, &w);
        r->event->unknown_zone = unknown;
        if (e == 0 && w.moment.form != MOMENT_NONE)
                *ret = w.moment.at;
        return e;
}

static int read_dtstamp(struct reader *r, icalproperty *p) {
        return read_stamp(r, p, &r->event->dtstamp);
}

static int read_last_modified(struct reader *r, icalproperty *p) {
        return read_stamp(r, p, &r->event->last_modified);
}

static int read_created(struct reader *r, icalproperty *p) {
        return read_stamp(r, p, &r->event->created);
}

static int read_recurrence_id(struct reader *r, icalproperty *p) {
        struct when w;
        int e = read_when(r, p, &w);
        if (e < 0)
                return e;
        r->event->recurrence_id = w.moment;
        icalparameter *range = icalproperty_get_first_parameter(p, ICAL_RANGE_PARAMETER);
        r->event->this_and_future = range && icalparameter_get_range(range) == ICAL_RANGE_THISANDFUTURE;
        return 0;
}

static int read_exdate(struct reader *r, icalproperty *p) {
        struct moment_list *list = &r->event->exdates;
        struct when w;
        if (list->n >= EXCEPTION_DATES_MAX)
                return 0;
        int e = read_when(r, p, &w);
        if (e < 0 || w.moment.form == MOMENT_NONE)
                return e;
        if (!list->items && !(list->items = arena_new0(r->arena, struct moment, EXCEPTION_DATES_MAX)))
                return -ENOMEM;
        list->items[list->n++] = w.moment;
        return 0;
}

/* Days of a duration are days on the clock, the rest is time that passes (RFC 5545 section 3.3.6). */
static void add_duration(const struct reader *r, struct moment *ret) {
        const struct icaldurationtype *d = &r->duration;
        int64_t days = ((int64_t) d->weeks * 7 + d->days) * DAY_SECONDS;
        int64_t seconds = (int64_t) d->hours * 3600 + (int64_t) d->minutes * 60 + d->seconds;
        if (d->is_neg || days < 0 || seconds < 0 || days > DURATION_MAX || seconds > DURATION_MAX)
                return;
        if (r->start.moment.form == MOMENT_DATE) {
                ret->at += days + seconds / DAY_SECONDS * DAY_SECONDS;
                return;
        }
        struct civil local = civil_from_seconds(civil_seconds(&r->start.local) + days);
        if (days > 0)
                *ret = when_moment(&r->start, &local);
        ret->at += seconds;
}

static void finish_end(struct reader *r) {
        struct event *e = r->event;
        e->start = e->end = r->start.moment;
        if (r->has_end) {
                e->end = r->end.moment;
                /* An end without its TZID is meant in the zone of the start. */
                if (e->start.form == MOMENT_INSTANT && e->end.form == MOMENT_FLOATING && !r->end.unknown_zone)
                        e->end = when_moment(&r->start, &r->end.local);
        } else if (r->has_duration)
                add_duration(r, &e->end);
        if (e->end.form == e->start.form && e->end.at < e->start.at)
                e->end = e->start;
        if (e->end.at > INSTANT_MAX)
                e->end = e->start;
}

/* ---- The rest ------------------------------------------------------------------------------------------------------ */

static int read_sequence(struct reader *r, icalproperty *p) {
        int sequence = icalproperty_get_sequence(p);
        r->event->sequence = MAX(sequence, 0);
        return 0;
}

static int read_status(struct reader *r, icalproperty *p) {
        switch (icalproperty_get_status(p)) {
        case ICAL_STATUS_TENTATIVE:
                r->event->status = EVENT_STATUS_TENTATIVE;
                break;
        case ICAL_STATUS_CONFIRMED:
                r->event->status = EVENT_STATUS_CONFIRMED;
                break;
        case ICAL_STATUS_CANCELLED:
                r->event->status = EVENT_STATUS_CANCELLED;
                break;
        default:
                break;
        }
        return 0;
}

static int read_transp(struct reader *r, icalproperty *p) {
        icalproperty_transp transp = icalproperty_get_transp(p);
        r->event->transparent = transp == ICAL_TRANSP_TRANSPARENT || transp == ICAL_TRANSP_TRANSPARENTNOCONFLICT;
        return 0;
}

static int read_summary(struct reader *r, icalproperty *p) {
        return r->event->summary ? 0 : clean(r, icalproperty_get_summary(p), SUBJECT_MAX, false, &r->event->summary);
}

static int read_comment(struct reader *r, icalproperty *p) {
        return r->event->comment ? 0 : clean(r, icalproperty_get_comment(p), COMMENT_MAX, true, &r->event->comment);
}

static int read_rrule(struct reader *r, icalproperty *p) {
        r->rules += icalproperty_get_rrule(p).freq != ICAL_NO_RECURRENCE;
        return 0;
}

static int read_rdate(struct reader *r, _unused_ icalproperty *p) {
        r->extra_dates++;
        return 0;
}

static const struct {
        icalproperty_kind kind;
        int (*read)(struct reader *r, icalproperty *p);
} properties[] = {
        {ICAL_ATTENDEE_PROPERTY, read_attendee},
        {ICAL_DTSTART_PROPERTY, read_start},
        {ICAL_DTEND_PROPERTY, read_end},
        {ICAL_DURATION_PROPERTY, read_duration},
        {ICAL_UID_PROPERTY, read_uid},
        {ICAL_SEQUENCE_PROPERTY, read_sequence},
        {ICAL_DTSTAMP_PROPERTY, read_dtstamp},
        {ICAL_LASTMODIFIED_PROPERTY, read_last_modified},
        {ICAL_CREATED_PROPERTY, read_created},
        {ICAL_STATUS_PROPERTY, read_status},
        {ICAL_SUMMARY_PROPERTY, read_summary},
        {ICAL_COMMENT_PROPERTY, read_comment},
        {ICAL_ORGANIZER_PROPERTY, read_organizer},
        {ICAL_TRANSP_PROPERTY, read_transp},
        {ICAL_EXDATE_PROPERTY, read_exdate},
        {ICAL_RECURRENCEID_PROPERTY, read_recurrence_id},
        {ICAL_RRULE_PROPERTY, read_rrule},
        {ICAL_RDATE_PROPERTY, read_rdate},
};

static int read_properties(struct reader *r) {
        for (icalproperty *p = icalcomponent_get_first_property(r->component, ICAL_ANY_PROPERTY); p;
             p = icalcomponent_get_next_property(r->component, ICAL_ANY_PROPERTY)) {
                icalproperty_kind kind = icalproperty_isa(p);
                for (size_t i = 0; i < ELEMENTSOF(properties); i++) {
                        if (properties[i].kind != kind)
                                continue;
                        /* A property whose value libical refused has none. */
                        int e = icalproperty_get_value(p) ? properties[i].read(r, p) : 0;
                        if (e < 0)
                                return e;
                        break;
                }
        }
        return 0;
}

/* ---- Series -------------------------------------------------------------------------------------------------------- */

/* Rules are kept as written: one a line. */
static int keep_rules(struct reader *r) {
        _cleanup_buf_ struct buf rules = BUF_LIMITED(RRULE_MAX);
        for (const char *line = r->text; *line; line += text_line(line), line += strspn(line, "\r\n")) {
                const char *value = text_line_is(line, "RRULE") ? memchr(line, ':', text_line(line)) : NULL;
                if (!value)
                        continue;
                if (rules.size > 0)
                        (void) buf_add_char(&rules, '\n');
                (void) buf_add(&rules, value + 1, text_line(value + 1));
        }
        if (rules.error == -ENOMEM)
                return -ENOMEM;
        return clean(r, rules.data, RRULE_MAX, true, &r->event->rrule);
}

static int keep_recurrence(struct reader *r) {
        static const char *const kept[] = {"UID", "DTSTART", "RRULE", "RDATE"};
        _cleanup_buf_ struct buf b = BUF_LIMITED(RECURRENCE_MAX);
        const char *zone_text = zone_finder_text(r->finder, r->start.zone);

        (void) buf_add_str(&b, "BEGIN:VCALENDAR\r\n");
        if (zone_text)
                (void) buf_add_str(&b, zone_text);
        (void) buf_add_str(&b, "BEGIN:VEVENT\r\n");
        for (const char *line = r->text; *line; line += text_line(line), line += strspn(line, "\r\n"))
                for (size_t i = 0; i < ELEMENTSOF(kept); i++)
                        if (text_line_is(line, kept[i])) {
                                /* Extra dates beyond the ceiling are left out line by line, the rule never. */
                                if (i == 3 && b.size + text_line(line) + 64 > RECURRENCE_MAX)
                                        break;
                                (void) buf_add(&b, line, text_line(line));
                                (void) buf_add_str(&b, "\r\n");
                        }
        (void) buf_add_str(&b, "END:VEVENT\r\nEND:VCALENDAR\r\n");
        if (b.error == -ENOMEM)
                return -ENOMEM;
        if (b.error < 0) /* a rule or UID of tens of kilobytes */
                return -EBADMSG;
        /* Observations hold no CR; lines may end in LF alone. */
        char *copy = arena_strndup(r->arena, b.data, b.size);
        if (!copy)
                return -ENOMEM;
        utf8_clean_in_place(copy, b.size);
        r->event->recurrence = copy;
        return 0;
}

static int read_series(struct reader *r) {
        if (r->event->recurrence_id.form != MOMENT_NONE || (r->rules == 0 && r->extra_dates == 0))
                return 0;
        if (r->rules > RRULES_MAX)
                return -EBADMSG;
        int e = r->rules > 0 ? keep_rules(r) : 0;
        return e < 0 ? e : keep_recurrence(r);
}

static bool text_has(const char *text, const char *property) {
        for (const char *line = text; *line; line += text_line(line), line += strspn(line, "\r\n"))
                if (text_line_is(line, property))
                        return true;
        return false;
}

/* 0 with *r->event filled, -EBADMSG (no usable DTSTART, or an override of nobody knows which instance), -ENOMEM. */
static int read_event(struct reader *r) {
        int e = read_properties(r);
        if (e < 0)
                return e;
        if (r->start.moment.form == MOMENT_NONE)
                return -EBADMSG;
        if (r->event->recurrence_id.form == MOMENT_NONE && text_has(r->text, "RECURRENCE-ID"))
                return -EBADMSG;
        finish_end(r);
        if (!r->event->uid) {
                e = digest_uid(r);
                if (e < 0)
                        return e;
        }
        return read_series(r);
}

static int parse_component(const struct cutter *c, struct zone_finder *finder, struct arena *arena, calendar_found found,
                           void *userdata, struct calendar_result *result) {
        _cleanup_component_ icalcomponent *component = component_parse(c->text.data);
        if (!component || icalcomponent_isa(component) != ICAL_VEVENT_COMPONENT) {
                result->malformed++;
                return 0;
        }
        result->errors += (uint32_t) icalcomponent_count_errors(component);

        struct event event = {
                .method = c->method,
                .dtstamp = INSTANT_UNKNOWN,
                .last_modified = INSTANT_UNKNOWN,
                .created = INSTANT_UNKNOWN,
        };
        struct reader reader = {
                .finder = finder, .arena = arena, .text = c->text.data, .component = component, .event = &event};
        arena_reset(arena);
        finder->calendar_at = c->calendar_at;
        int r = read_event(&reader);
        if (r == -EBADMSG) {
                result->malformed++;
                return 0;
        }
        if (r < 0)
                return r;
        result->events++;
        return found(&event, userdata);
}

int calendar_parse(const char *data, size_t size, const struct zone_table *zones, calendar_found found, void *userdata,
                   struct calendar_result *ret) {
        struct calendar_result result = {};
        _cleanup_zone_finder_ struct zone_finder finder = {.table = zones, .data = data, .size = size};
        _cleanup_arena_ struct arena *arena = NULL;
        int r = arena_new(EVENT_ARENA_MAX, &arena);
        if (r < 0)
                return r;

        _cleanup_cutter_ struct cutter c;
        cutter_init(&c, data, size, COMPONENT_EVENT);
        while ((r = cutter_next(&c)) > 0) {
                r = parse_component(&c, &finder, arena, found, userdata, &result);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        if (!c.any)
                return -EBADMSG;
        result.malformed += c.malformed;
        *ret = result;
        return 0;
}
