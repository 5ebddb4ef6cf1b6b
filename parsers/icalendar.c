/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/icalendar.h"

#include <strings.h>

#include "parsers/limits.h"
#include "parsers/utf8.h"

/* VTIMEZONEs kept for one VCALENDAR, the text of one, and the changes read from it: real ones have two observances, those
 * that spell out history some two hundred changes. */
#define CUSTOM_ZONES_MAX 64U
#define CUSTOM_TEXT_MAX (16U * 1024)
#define CUSTOM_CHANGES_MAX 2048U
/* A yearly rule is written out over these years: mail and calendars live in them. */
#define CUSTOM_YEAR_FIRST 1970
#define CUSTOM_YEAR_LAST 2100
#define CUSTOM_STEPS_MAX 400
#define DAY_SECONDS 86400

/* ---- Lines --------------------------------------------------------------------------------------------------------- */

/* One content line, unfolded. Not NUL-terminated: it lies in the stream itself unless it was folded. */
struct line {
        const char *data;
        size_t size;
        bool cut; /* longer than CALENDAR_LINE_MAX: only its beginning is here */
};

static bool name_is(const char *name, size_t size, const char *wanted) {
        return strlen(wanted) == size && strncasecmp(name, wanted, size) == 0;
}

/* The end of the physical line at `at`, and where the next one begins: CR LF, LF or CR. */
static size_t line_end(const struct cutter *c, size_t at, size_t *ret_next) {
        const char *start = c->data + at;
        size_t left = c->size - at;
        const char *lf = memchr(start, '\n', left);
        size_t n = lf ? (size_t) (lf - start) : left;
        const char *cr = memchr(start, '\r', n);
        if (cr) {
                n = (size_t) (cr - start);
                *ret_next = at + n + (n + 1 < left && start[n + 1] == '\n' ? 2 : 1);
        } else
                *ret_next = at + n + (lf ? 1 : 0);
        return at + n;
}

static bool folds(const struct cutter *c) {
        return c->at < c->size && (c->data[c->at] == ' ' || c->data[c->at] == '\t');
}

/* 1 with a line, 0 at the end, -ENOMEM. */
static int line_next(struct cutter *c, struct line *ret) {
        if (c->at >= c->size)
                return 0;
        size_t start = c->at, end = line_end(c, start, &c->at);
        *ret = (struct line){.data = c->data + start, .size = end - start};
        if (!folds(c)) {
                if (ret->size > CALENDAR_LINE_MAX) {
                        ret->size = CALENDAR_LINE_MAX;
                        ret->cut = true;
                }
                return 1;
        }

        buf_reset(&c->line);
        c->line.limit = CALENDAR_LINE_MAX;
        int r = buf_add(&c->line, ret->data, ret->size);
        while (folds(c)) {
                start = c->at + 1;
                end = line_end(c, c->at, &c->at);
                if (r == 0 && end > start)
                        r = buf_add(&c->line, c->data + start, end - start);
        }
        if (c->line.error == -ENOMEM)
                return -ENOMEM;
        ret->data = c->line.size > 0 ? c->line.data : "";
        ret->size = c->line.size;
        ret->cut = c->line.error != 0;
        return 1;
}

/* "BEGIN:VEVENT": the name of the component, trimmed; false for other lines. */
static bool line_marks(const struct line *line, const char *keyword, const char **ret, size_t *ret_size) {
        size_t n = strlen(keyword), size = line->size;
        if (size <= n || line->data[n] != ':' || strncasecmp(line->data, keyword, n) != 0)
                return false;
        while (size > n + 1 && (line->data[size - 1] == ' ' || line->data[size - 1] == '\t'))
                size--;
        *ret = line->data + n + 1;
        *ret_size = size - n - 1;
        return true;
}

static size_t name_size(const struct line *line) {
        size_t n = 0;
        while (n < line->size && line->data[n] != ':' && line->data[n] != ';')
                n++;
        return n;
}

static enum itip_method read_method(const struct line *line) {
        static const struct {
                const char *name;
                enum itip_method method;
        } methods[] = {
                {"PUBLISH", ITIP_PUBLISH}, {"REQUEST", ITIP_REQUEST},
                {"REPLY", ITIP_REPLY},     {"ADD", ITIP_ADD},
                {"CANCEL", ITIP_CANCEL},   {"REFRESH", ITIP_REFRESH},
                {"COUNTER", ITIP_COUNTER}, {"DECLINECOUNTER", ITIP_DECLINECOUNTER},
        };
        const char *value = memchr(line->data, ':', line->size);
        if (!value)
                return ITIP_NONE;
        value++;
        size_t size = line->size - (size_t) (value - line->data);
        while (size > 0 && (*value == ' ' || *value == '\t')) {
                value++;
                size--;
        }
        while (size > 0 && (value[size - 1] == ' ' || value[size - 1] == '\t'))
                size--;
        for (size_t i = 0; i < ELEMENTSOF(methods); i++)
                if (name_is(value, size, methods[i].name))
                        return methods[i].method;
        return size > 0 ? ITIP_OTHER : ITIP_NONE;
}

/* ---- Components ---------------------------------------------------------------------------------------------------- */

static bool is_kept(enum component_kind kind, const struct line *line) {
        static const char *const of_events[] = {
                "UID",    "DTSTAMP",  "DTSTART",       "DTEND",         "DURATION", "SUMMARY",
                "STATUS", "SEQUENCE", "ORGANIZER",     "ATTENDEE",      "TRANSP",   "RRULE",
                "EXDATE", "RDATE",    "RECURRENCE-ID", "LAST-MODIFIED", "CREATED",  "COMMENT",
        };
        static const char *const of_zones[] = {"TZID", "DTSTART", "TZOFFSETFROM", "TZOFFSETTO", "RRULE", "RDATE"};
        const char *const *names = kind == COMPONENT_EVENT ? of_events : of_zones;
        size_t n = kind == COMPONENT_EVENT ? ELEMENTSOF(of_events) : ELEMENTSOF(of_zones), size = name_size(line);
        if (size == line->size) /* no value */
                return false;
        for (size_t i = 0; i < n; i++)
                if (name_is(line->data, size, names[i]))
                        return true;
        return false;
}

void cutter_init(struct cutter *c, const char *data, size_t size, enum component_kind wanted) {
        bool bom = size >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0;
        *c = (struct cutter){
                .data = data,
                .size = size,
                .at = bom ? 3 : 0,
                .wanted = wanted,
                .text = BUF_LIMITED(CALENDAR_COMPONENT_MAX),
        };
}

void cutter_done(struct cutter *c) {
        buf_free(&c->text);
        buf_free(&c->line);
        buf_free(&c->scratch);
}

/* Text that is not UTF-8 comes from old programs on Windows. */
static int make_utf8(struct cutter *c) {
        static const uint16_t upper[32] = {
                0x20AC, '?',    0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
                0x2039, 0x0152, '?',    0x017D, '?',    '?',    0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
                0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, '?',    0x017E, 0x0178,
        };
        if (utf8_valid(c->text.data, c->text.size))
                return 0;
        buf_reset(&c->scratch);
        c->scratch.limit = 3 * CALENDAR_COMPONENT_MAX;
        for (size_t i = 0; i < c->text.size; i++) {
                uint8_t byte = (uint8_t) c->text.data[i];
                char out[4] = {(char) byte};
                size_t n = byte < 0x80 ? 1 : utf8_encode(byte < 0xA0 ? upper[byte - 0x80] : byte, out);
                int r = buf_add(&c->scratch, out, n);
                if (r < 0)
                        return r;
        }
        struct buf other = c->text;
        c->text = c->scratch;
        c->scratch = other;
        return 0;
}

/* NUL would end the text for libical. */
static int add_line(struct buf *text, const struct line *line) {
        size_t start = text->size;
        int r = buf_add(text, line->data, line->size);
        if (r < 0)
                return r;
        for (char *nul; (nul = memchr(text->data + start, '\0', text->size - start));)
                *nul = ' ';
        return buf_add(text, "\r\n", 2);
}

enum cut_state { CUT_OUTSIDE, CUT_INSIDE };

/* Where a walk over one component stands. */
struct cut {
        enum cut_state state;
        unsigned nested; /* components inside the one at hand that are passed over (VALARM) */
        bool observance; /* inside STANDARD or DAYLIGHT */
        bool broken;     /* beyond a ceiling */
};

static void begin_component(struct cutter *c, struct cut *cut, const struct line *line) {
        /* The next one begins before this one has ended: a writer that was cut off. */
        if (cut->state == CUT_INSIDE)
                c->malformed++;
        *cut = (struct cut){.state = CUT_INSIDE};
        c->any = true;
        buf_reset(&c->text);
        c->text.limit = CALENDAR_COMPONENT_MAX;
        (void) add_line(&c->text, line);
}

static void begin_calendar(struct cutter *c, struct cut *cut, size_t at) {
        if (cut->state == CUT_INSIDE)
                c->malformed++;
        *cut = (struct cut){};
        c->any = true;
        c->method = ITIP_NONE;
        c->calendar_at = at;
}

static const char *wanted_name(const struct cutter *c) {
        return c->wanted == COMPONENT_EVENT ? "VEVENT" : "VTIMEZONE";
}

/* A line inside the wanted component. True when the component is complete. */
static bool take_line(struct cutter *c, struct cut *cut, const struct line *line) {
        const char *name;
        size_t n;
        bool keep = false;

        if (line_marks(line, "BEGIN", &name, &n)) {
                if (c->wanted == COMPONENT_TIMEZONE && cut->nested == 0 && !cut->observance)
                        keep = cut->observance = true;
                else
                        cut->nested++;
        } else if (line_marks(line, "END", &name, &n)) {
                if (name_is(name, n, wanted_name(c))) {
                        if (!cut->broken)
                                cut->broken = add_line(&c->text, line) < 0;
                        return true;
                }
                if (cut->nested > 0)
                        cut->nested--;
                else if (cut->observance) {
                        keep = true;
                        cut->observance = false;
                }
        } else
                keep = cut->nested == 0 && is_kept(c->wanted, line);

        if (keep && !cut->broken)
                cut->broken = line->cut || add_line(&c->text, line) < 0;
        return false;
}

/* A line outside: only what tells where in the stream it is. */
static void pass_line(struct cutter *c, const struct line *line, unsigned *other) {
        const char *name;
        size_t n;
        if (line_marks(line, "BEGIN", &name, &n))
                (*other)++;
        else if (line_marks(line, "END", &name, &n))
                *other -= *other > 0;
        else if (*other == 0 && name_is(line->data, name_size(line), "METHOD"))
                c->method = read_method(line);
}

int cutter_next(struct cutter *c) {
        struct cut cut = {};
        unsigned other = 0; /* depth inside VTODO and the like: their METHOD would not be one */

        for (;;) {
                struct line line;
                const char *name;
                size_t n, at = c->at;
                int r = line_next(c, &line);
                if (r < 0)
                        return r;
                if (r == 0)
                        break;
                bool begins = line_marks(&line, "BEGIN", &name, &n);
                if (begins && name_is(name, n, "VCALENDAR")) {
                        if (c->one_calendar && c->any)
                                return 0;
                        begin_calendar(c, &cut, at);
                        other = 0;
                } else if (begins && name_is(name, n, wanted_name(c))) {
                        begin_component(c, &cut, &line);
                        other = 0;
                } else if (!begins && line_marks(&line, "END", &name, &n) && name_is(name, n, "VCALENDAR")) {
                        if (cut.state == CUT_INSIDE)
                                c->malformed++;
                        cut = (struct cut){};
                        other = 0;
                        if (c->one_calendar)
                                return 0;
                        c->method = ITIP_NONE;
                } else if (cut.state == CUT_OUTSIDE)
                        pass_line(c, &line, &other);
                else if (take_line(c, &cut, &line)) {
                        if (c->text.error == -ENOMEM)
                                return -ENOMEM;
                        if (!cut.broken)
                                return make_utf8(c) < 0 ? -ENOMEM : 1;
                        c->malformed++;
                        cut = (struct cut){};
                }
        }
        if (cut.state == CUT_INSIDE)
                c->malformed++;
        return 0;
}

size_t text_line(const char *text) {
        return strcspn(text, "\r\n");
}

bool text_line_is(const char *line, const char *property) {
        size_t n = strlen(property);
        return strncasecmp(line, property, n) == 0 && (line[n] == ':' || line[n] == ';');
}

icalcomponent *component_parse(const char *text) {
        icalerror_set_errors_are_fatal(0);
        return icalparser_parse_string(text);
}

void component_freep(icalcomponent **c) {
        if (*c)
                icalcomponent_free(*c);
}

/* ---- Zones --------------------------------------------------------------------------------------------------------- */

/* libical does not check dates, and reads outside its tables for month 99. 24:00 is the next midnight. */
static bool time_valid(struct icaltimetype t) {
        return t.year >= 1 && t.year <= 9999 && t.month >= 1 && t.month <= 12 && t.day >= 1 &&
               t.day <= civil_days_in_month(t.year, t.month) &&
               (t.is_date || (t.hour >= 0 && t.hour <= 24 && t.minute >= 0 && t.minute <= 59 && t.second >= 0 &&
                              t.second <= 60 && (t.hour < 24 || (t.minute == 0 && t.second == 0))));
}

static struct civil civil_of(struct icaltimetype t) {
        struct civil c = {.year = t.year, .month = (int8_t) t.month, .day = (int8_t) t.day};
        if (t.is_date)
                return c;
        c.hour = (int8_t) t.hour;
        c.minute = (int8_t) t.minute;
        c.second = (int8_t) MIN(t.second, 59);
        /* Only 24:00 needs to be carried over. */
        return civil_from_seconds(civil_seconds(&c));
}

struct changes {
        struct zone_change items[CUSTOM_CHANGES_MAX];
        size_t n;
        int32_t before; /* the offset before the earliest */
        instant earliest;
};

static void add_change(struct changes *changes, struct icaltimetype t, int32_t from, int32_t to) {
        if (!time_valid(t) || changes->n >= CUSTOM_CHANGES_MAX)
                return;
        struct civil c = civil_of(t);
        instant at = civil_seconds(&c) - from;
        changes->items[changes->n++] = (struct zone_change){.at = at, .offset = to};
        if (at < changes->earliest) {
                changes->earliest = at;
                changes->before = from;
        }
}

/* Yearly rules only: nobody changes the clock more often, and other rules could run without end. */
static bool add_rule(struct changes *changes, struct icalrecurrencetype rule, struct icaltimetype start, int32_t from,
                     int32_t to) {
        if (rule.freq != ICAL_YEARLY_RECURRENCE || rule.rscale || start.is_date)
                return false;
        instant until = INT64_MAX;
        if (!icaltime_is_null_time(rule.until)) {
                if (!time_valid(rule.until))
                        return false;
                struct civil c = civil_of(rule.until);
                until = civil_seconds(&c) + (rule.until.is_date ? DAY_SECONDS : 0);
        }
        rule.until = icaltime_null_time();
        /* Exchange counts from 1601. */
        if (rule.count == 0 && rule.interval == 1 && start.year < CUSTOM_YEAR_FIRST) {
                start.year = CUSTOM_YEAR_FIRST;
                start.day = MIN(start.day, civil_days_in_month(start.year, start.month));
        }
        start.zone = NULL;
        icalrecur_iterator *i = icalrecur_iterator_new(rule, start);
        if (!i)
                return false;
        for (int n = 0; n < CUSTOM_STEPS_MAX && changes->n < CUSTOM_CHANGES_MAX; n++) {
                struct icaltimetype t = icalrecur_iterator_next(i);
                if (icaltime_is_null_time(t) || t.year > CUSTOM_YEAR_LAST || !time_valid(t))
                        break;
                struct civil c = civil_of(t);
                if (civil_seconds(&c) - from > until)
                        break;
                add_change(changes, t, from, to);
        }
        icalrecur_iterator_free(i);
        return true;
}

static struct icaltimetype value_time(const icalproperty *p) {
        icalvalue *v = icalproperty_get_value(p);
        switch (v ? icalvalue_isa(v) : ICAL_NO_VALUE) {
        case ICAL_DATE_VALUE:
                return icalvalue_get_date(v);
        case ICAL_DATETIME_VALUE:
                return icalvalue_get_datetime(v);
        case ICAL_DATETIMEPERIOD_VALUE: {
                struct icaldatetimeperiodtype dtp = icalvalue_get_datetimeperiod(v);
                return icaltime_is_null_time(dtp.time) ? dtp.period.start : dtp.time;
        }
        case ICAL_PERIOD_VALUE:
                return icalvalue_get_period(v).start;
        default:
                return icaltime_null_time();
        }
}

static bool observance_read(icalcomponent *o, struct changes *changes) {
        icalproperty *start = icalcomponent_get_first_property(o, ICAL_DTSTART_PROPERTY),
                     *from = icalcomponent_get_first_property(o, ICAL_TZOFFSETFROM_PROPERTY),
                     *to = icalcomponent_get_first_property(o, ICAL_TZOFFSETTO_PROPERTY);
        if (!start || !from || !to || changes->n >= CUSTOM_CHANGES_MAX)
                return false;
        int32_t from_offset = icalproperty_get_tzoffsetfrom(from), to_offset = icalproperty_get_tzoffsetto(to);
        struct icaltimetype t = value_time(start);
        if (!time_valid(t) || abs(from_offset) > DAY_SECONDS || abs(to_offset) > DAY_SECONDS)
                return false;
        add_change(changes, t, from_offset, to_offset);

        int rules = 0;
        for (icalproperty *p = icalcomponent_get_first_property(o, ICAL_RRULE_PROPERTY); p;
             p = icalcomponent_get_next_property(o, ICAL_RRULE_PROPERTY))
                if (++rules > 1 || !add_rule(changes, icalproperty_get_rrule(p), t, from_offset, to_offset))
                        return false;
        for (icalproperty *p = icalcomponent_get_first_property(o, ICAL_RDATE_PROPERTY); p;
             p = icalcomponent_get_next_property(o, ICAL_RDATE_PROPERTY))
                add_change(changes, value_time(p), from_offset, to_offset);
        return true;
}

static int compare_changes(const void *a, const void *b) {
        const struct zone_change *x = a, *y = b;
        return x->at < y->at ? -1 : x->at > y->at;
}

/* A VTIMEZONE as a zone like those of the system, so that gaps and folds are treated alike. NULL when it makes no sense. */
static int custom_build(const char *tzid, const char *text, struct zone **ret) {
        _cleanup_component_ icalcomponent *c = component_parse(text);
        _cleanup_free_ struct changes *changes = malloc(sizeof(*changes));
        if (!changes)
                return -ENOMEM;
        changes->n = 0;
        changes->earliest = INT64_MAX;
        if (!c || icalcomponent_isa(c) != ICAL_VTIMEZONE_COMPONENT)
                return 0;
        for (icalcomponent *o = icalcomponent_get_first_component(c, ICAL_ANY_COMPONENT); o;
             o = icalcomponent_get_next_component(c, ICAL_ANY_COMPONENT))
                if (!observance_read(o, changes))
                        return 0;
        if (changes->n == 0)
                return 0;

        qsort(changes->items, changes->n, sizeof(changes->items[0]), compare_changes);
        size_t n = 1;
        for (size_t i = 1; i < changes->n; i++)
                if (changes->items[i].at != changes->items[n - 1].at)
                        changes->items[n++] = changes->items[i];
        int r = zone_new_from_changes(tzid, changes->before, changes->items, n, ret);
        return r == -EINVAL ? 0 : r;
}

static void customs_free(struct custom_zone *customs, size_t n) {
        for (size_t i = 0; i < n; i++) {
                free(customs[i].tzid);
                free(customs[i].text);
                zone_free(customs[i].zone);
        }
        free(customs);
}

void zone_finder_done(struct zone_finder *f) {
        customs_free(f->customs, f->n_customs);
        free(f->tzid);
}

/* The value of the TZID property of a VTIMEZONE's text. */
static char *text_tzid(const char *text) {
        for (const char *p = text; *p; p += text_line(p), p += strspn(p, "\r\n"))
                if (text_line_is(p, "TZID")) {
                        const char *value = memchr(p, ':', text_line(p));
                        return value ? strndup(value + 1, text_line(value + 1)) : NULL;
                }
        return NULL;
}

/* Programs repeat the same VTIMEZONE in each object they write: keep what was built for the VCALENDAR before. */
static void reuse(struct custom_zone *custom, struct custom_zone *old, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (old[i].tried && old[i].text && strcmp(old[i].text, custom->text) == 0) {
                        custom->zone = TAKE_PTR(old[i].zone);
                        custom->tried = true;
                        free(TAKE_PTR(old[i].text));
                        return;
                }
}

static int customs_load(struct zone_finder *f) {
        if (f->customs && f->customs_at == f->calendar_at)
                return 0;
        struct custom_zone *old = f->customs;
        size_t n_old = f->n_customs;
        int r;

        f->n_customs = 0;
        f->customs_at = f->calendar_at;
        f->customs = calloc(CUSTOM_ZONES_MAX, sizeof(*f->customs));
        if (!f->customs) {
                customs_free(old, n_old);
                return -ENOMEM;
        }
        _cleanup_cutter_ struct cutter c;
        cutter_init(&c, f->data + f->calendar_at, f->size - f->calendar_at, COMPONENT_TIMEZONE);
        c.one_calendar = true;
        while ((r = cutter_next(&c)) > 0 && f->n_customs < CUSTOM_ZONES_MAX) {
                char *tzid = text_tzid(c.text.data);
                if (!tzid || c.text.size > CUSTOM_TEXT_MAX) {
                        free(tzid);
                        continue;
                }
                struct custom_zone *custom = &f->customs[f->n_customs++];
                custom->tzid = tzid;
                custom->text = strdup(c.text.data);
                if (!custom->text) {
                        r = -ENOMEM;
                        break;
                }
                reuse(custom, old, n_old);
        }
        customs_free(old, n_old);
        return MIN(r, 0);
}

static int custom_find(struct zone_finder *f, const char *tzid, const struct zone **ret) {
        int r = customs_load(f);
        if (r < 0)
                return r;
        for (size_t i = 0; i < f->n_customs; i++) {
                struct custom_zone *custom = &f->customs[i];
                if (strcmp(custom->tzid, tzid) != 0)
                        continue;
                if (!custom->tried) {
                        custom->tried = true;
                        r = custom_build(tzid, custom->text, &custom->zone);
                        if (r < 0)
                                return r;
                }
                *ret = custom->zone;
                return 0;
        }
        return 0;
}

int zone_finder_find(struct zone_finder *f, const char *tzid, const struct zone **ret) {
        if (!f->tzid || f->answered_at != f->calendar_at || strcmp(f->tzid, tzid) != 0) {
                const struct zone *zone = zone_table_find(f->table, tzid);
                char *copy = strdup(tzid);
                if (!copy)
                        return -ENOMEM;
                free(f->tzid);
                f->tzid = copy;
                f->zone = NULL;
                f->answered_at = f->calendar_at;
                int r = zone ? 0 : custom_find(f, tzid, &zone);
                if (r < 0) {
                        free(TAKE_PTR(f->tzid));
                        return r;
                }
                f->zone = zone;
        }
        *ret = f->zone;
        return 0;
}

const char *zone_finder_text(const struct zone_finder *f, const struct zone *zone) {
        for (size_t i = 0; i < f->n_customs; i++)
                if (zone && f->customs[i].zone == zone)
                        return f->customs[i].text;
        return NULL;
}

/* ---- Times --------------------------------------------------------------------------------------------------------- */

struct moment when_moment(const struct when *like, const struct civil *local) {
        if (like->moment.form == MOMENT_INSTANT && like->zone)
                return (struct moment){.form = MOMENT_INSTANT, .at = zone_instant(like->zone, local)};
        return (struct moment){.form = like->moment.form, .at = civil_seconds(local)};
}

int when_read(struct zone_finder *f, icalproperty *property, struct when *ret) {
        struct icaltimetype t = value_time(property);
        if (icaltime_is_null_time(t) || !time_valid(t))
                return -EBADMSG;

        struct when w = {.local = civil_of(t), .moment.form = t.is_date ? MOMENT_DATE : MOMENT_FLOATING};
        icalparameter *tzid = icalproperty_get_first_parameter(property, ICAL_TZID_PARAMETER);
        if (!t.is_date && icaltime_is_utc(t))
                w.zone = zone_utc();
        else if (!t.is_date && tzid) {
                const char *name = icalparameter_get_tzid(tzid);
                int r = str_empty(name) ? 0 : zone_finder_find(f, name, &w.zone);
                if (r < 0)
                        return r;
                w.unknown_zone = !w.zone;
        }
        if (w.zone)
                w.moment.form = MOMENT_INSTANT;
        w.moment = when_moment(&w, &w.local);
        if (w.moment.at < INSTANT_MIN || w.moment.at > INSTANT_MAX)
                return -EBADMSG;
        *ret = w;
        return 0;
}
