/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/calendar.h"
#include "parsers/icalendar.h"
#include "parsers/limits.h"

/* Steps of all iterators in one expansion: a rule with COUNT, or one whose instances all lie before the window, is walked
 * from its start. A daily rule over five centuries. */
#define STEPS_MAX 200000U
/* As many rules as calendar.c keeps. */
#define RULES_MAX 4U
/* The window opens this much earlier for the iterator: beyond any zone's offset, a change of it, and UNTIL's hour. */
#define WINDOW_MARGIN (3 * 86400)
#define DAY_SECONDS 86400

struct expansion {
        struct zone_finder finder;
        struct when start;
        struct icaltimetype first; /* the clock time of the start, as libical counts: without zone */
        instant from, to;
        struct moment *items; /* owned */
        size_t n, allocated;
        uint32_t max;    /* instances asked for, of each rule */
        uint32_t steps;  /* taken so far */
        bool truncated;
};

static int add(struct expansion *x, struct moment m) {
        if (x->n >= x->allocated) {
                size_t allocated = x->allocated > 0 ? 2 * x->allocated : 64;
                struct moment *items = reallocarray(x->items, allocated, sizeof(*items));
                if (!items)
                        return -ENOMEM;
                x->items = items;
                x->allocated = allocated;
        }
        x->items[x->n++] = m;
        return 0;
}

/* Entries of a BY list; libical ends a list that is not full with a value out of range. */
static size_t by_count(const short *list, size_t size) {
        size_t n = 0;
        while (n < size && list[n] != ICAL_RECURRENCE_ARRAY_MAX)
                n++;
        return n;
}

/* Days of a month in a leap year: what BYMONTHDAY may name there. */
static bool day_exists(int month, int day) {
        return abs(day) >= 1 && abs(day) <= civil_days_in_month(2000, month);
}

/* A month that a monthly rule never comes to: every sixth month from February on is February or August. */
static bool month_reached(const struct icalrecurrencetype *rule, int start_month, int month) {
        if (rule->freq != ICAL_MONTHLY_RECURRENCE)
                return true;
        for (int i = 0, m = start_month - 1; i < 12; i++, m = (m + rule->interval) % 12)
                if (m == month - 1)
                        return true;
        return false;
}

/* "The 30th of February" never comes, and libical looks for it until its calendar ends, where nobody can stop it. */
static bool can_match(const struct icalrecurrencetype *rule, int start_month) {
        size_t days = by_count(rule->by_month_day, ELEMENTSOF(rule->by_month_day)),
               months = by_count(rule->by_month, ELEMENTSOF(rule->by_month));
        if (days == 0 && months == 0)
                return true;
        for (int month = 1; month <= 12; month++) {
                bool named = months == 0;
                for (size_t i = 0; i < months; i++)
                        named = named || icalrecurrencetype_month_month(rule->by_month[i]) == month;
                if (!named || !month_reached(rule, start_month, month))
                        continue;
                if (days == 0)
                        return true;
                for (size_t i = 0; i < days; i++)
                        if (day_exists(month, rule->by_month_day[i]))
                                return true;
        }
        return false;
}

static bool refused(const struct icalrecurrencetype *rule) {
        /* libical counts finer frequencies first. Other calendars (RFC 7529) have other months than the ones checked here. */
        return rule->freq < ICAL_DAILY_RECURRENCE || rule->freq >= ICAL_NO_RECURRENCE || rule->rscale || rule->interval < 1 ||
               rule->count < 0;
}

static bool time_valid(struct icaltimetype t) {
        struct civil c = {.year = t.year, .month = (int8_t) t.month, .day = (int8_t) t.day, .hour = (int8_t) t.hour,
                          .minute = (int8_t) t.minute, .second = (int8_t) t.second};
        return t.month >= 1 && t.month <= 12 && t.day >= 1 && t.day <= 31 && t.hour >= 0 && t.hour <= 23 && t.minute >= 0 &&
               t.minute <= 59 && t.second >= 0 && t.second <= 59 && civil_valid(&c);
}

static struct civil civil_of(struct icaltimetype t) {
        struct civil c = {.year = t.year, .month = (int8_t) t.month, .day = (int8_t) t.day};
        if (!t.is_date) {
                c.hour = (int8_t) t.hour;
                c.minute = (int8_t) t.minute;
                c.second = (int8_t) t.second;
        }
        return c;
}

static struct icaltimetype icaltime_of(struct civil c, bool is_date) {
        struct icaltimetype t = icaltime_null_time();
        t.year = c.year;
        t.month = c.month;
        t.day = c.day;
        t.is_date = is_date;
        if (!is_date) {
                t.hour = c.hour;
                t.minute = c.minute;
                t.second = c.second;
        }
        return t;
}

/* UNTIL as a moment of the start's form: the rule is walked without zone, so libical must not judge it. A bare date stands
 * for the whole day, as programs mean it. 0 or -EBADMSG. */
static int read_until(const struct expansion *x, struct icaltimetype until, int64_t *ret) {
        if (icaltime_is_null_time(until)) {
                *ret = INT64_MAX;
                return 0;
        }
        struct icaltimetype checked = until;
        checked.second = MIN(checked.second, 59);
        if (!time_valid(checked))
                return -EBADMSG;
        struct civil c = civil_of(checked);
        if (x->start.moment.form == MOMENT_DATE) {
                c.hour = c.minute = c.second = 0;
                *ret = civil_seconds(&c);
                return 0;
        }
        if (until.is_date) {
                c.hour = 23;
                c.minute = c.second = 59;
        }
        *ret = icaltime_is_utc(until) && x->start.moment.form == MOMENT_INSTANT ? civil_seconds(&c) : when_moment(&x->start, &c).at;
        return 0;
}

/* Begin shortly before the window when the rule does not count from its start. */
static void skip_ahead(const struct expansion *x, icalrecur_iterator *i, const struct icalrecurrencetype *rule) {
        struct civil c = civil_from_seconds(MAX(x->from, INSTANT_MIN + WINDOW_MARGIN) - WINDOW_MARGIN);
        c.hour = x->start.local.hour;
        c.minute = x->start.local.minute;
        c.second = x->start.local.second;
        struct icaltimetype near = icaltime_of(c, x->first.is_date);
        if (rule->count == 0 && icaltime_compare(near, x->first) > 0)
                (void) icalrecur_iterator_set_start(i, near);
}

static int walk(struct expansion *x, icalrecur_iterator *i, const struct icalrecurrencetype *rule, int64_t until) {
        uint32_t found = 0, left = rule->count > 0 ? (uint32_t) rule->count : UINT32_MAX;
        bool first = true;
        /* Clock times in order are not always moments in order: where the clock jumps, 02:30 comes after 03:00. */
        int64_t end = MIN(until, x->to), stop = end > INT64_MAX - DAY_SECONDS ? end : end + DAY_SECONDS;

        for (;;) {
                struct icaltimetype t = icalrecur_iterator_next(i);
                if (icaltime_is_null_time(t) || !time_valid(t))
                        return 0;
                struct civil c = civil_of(t);
                struct moment m = when_moment(&x->start, &c);
                /* DTSTART is the first of COUNT instances, even when the rule does not name it (RFC 5545 section 3.8.5.3). */
                if (first && m.at != x->start.moment.at && left != UINT32_MAX)
                        left--;
                first = false;
                if (left == 0 || m.at > stop)
                        return 0;
                left -= left != UINT32_MAX;
                if (++x->steps > STEPS_MAX || found > x->max) {
                        x->truncated = true;
                        return 0;
                }
                if (m.at < x->from || m.at > end)
                        continue;
                int r = add(x, m);
                if (r < 0)
                        return r;
                found++;
        }
}

static int expand_rule(struct expansion *x, struct icalrecurrencetype rule) {
        int64_t until;
        if (refused(&rule))
                return -EOPNOTSUPP;
        int r = read_until(x, rule.until, &until);
        if (r < 0)
                return r;
        rule.until = icaltime_null_time();
        if (!can_match(&rule, x->first.month))
                return 0;
        icalrecur_iterator *i = icalrecur_iterator_new(rule, x->first);
        if (!i) /* libical found out by itself that it never matches */
                return 0;
        skip_ahead(x, i, &rule);
        r = walk(x, i, &rule, until);
        icalrecur_iterator_free(i);
        return r;
}

/* Extra dates come in the form of the start; where a program mixed them up, the start tells what is meant. */
static struct moment like_start(const struct expansion *x, const struct when *w) {
        enum moment_form form = x->start.moment.form;
        struct civil c = w->local;
        if (w->moment.form == form)
                return w->moment;
        if (form == MOMENT_DATE)
                c.hour = c.minute = c.second = 0;
        else if (w->moment.form == MOMENT_DATE) {
                c.hour = x->start.local.hour;
                c.minute = x->start.local.minute;
                c.second = x->start.local.second;
        }
        return when_moment(&x->start, &c);
}

static int add_within(struct expansion *x, struct moment m) {
        return m.at >= x->from && m.at <= x->to ? add(x, m) : 0;
}

static int expand_component(struct expansion *x, icalcomponent *c) {
        icalproperty *p = icalcomponent_get_first_property(c, ICAL_DTSTART_PROPERTY);
        int r = p && icalproperty_get_value(p) ? when_read(&x->finder, p, &x->start) : -EBADMSG;
        if (r < 0)
                return r;
        x->first = icaltime_of(x->start.local, x->start.moment.form == MOMENT_DATE);
        r = add_within(x, x->start.moment);

        unsigned rules = 0, dates = 0;
        for (p = icalcomponent_get_first_property(c, ICAL_RRULE_PROPERTY); r == 0 && p;
             p = icalcomponent_get_next_property(c, ICAL_RRULE_PROPERTY)) {
                if (!icalproperty_get_value(p))
                        continue;
                r = ++rules > RULES_MAX ? -EOPNOTSUPP : expand_rule(x, icalproperty_get_rrule(p));
        }
        for (p = icalcomponent_get_first_property(c, ICAL_RDATE_PROPERTY); r == 0 && p;
             p = icalcomponent_get_next_property(c, ICAL_RDATE_PROPERTY)) {
                struct when w;
                if (!icalproperty_get_value(p))
                        continue;
                if (++dates > EXCEPTION_DATES_MAX) {
                        x->truncated = true;
                        break;
                }
                r = when_read(&x->finder, p, &w);
                if (r == 0) {
                        struct moment m = like_start(x, &w);
                        r = add_within(x, m);
                } else if (r == -EBADMSG) /* one that does not exist is no instance */
                        r = 0;
        }
        return r;
}

static int compare_moments(const void *a, const void *b) {
        const struct moment *x = a, *y = b;
        return x->at < y->at ? -1 : x->at > y->at;
}

int recurrence_expand(const char *recurrence, const struct zone_table *zones, instant from, instant to, struct moment *ret,
                      uint32_t max, uint32_t *ret_n, bool *ret_truncated) {
        size_t size = strlen(recurrence);
        _cleanup_cutter_ struct cutter cutter;
        cutter_init(&cutter, recurrence, size, COMPONENT_EVENT);
        int r = cutter_next(&cutter);
        if (r <= 0)
                return r < 0 ? r : -EBADMSG;
        _cleanup_component_ icalcomponent *component = component_parse(cutter.text.data);
        if (!component || icalcomponent_isa(component) != ICAL_VEVENT_COMPONENT)
                return -EBADMSG;

        struct expansion x = {
                .finder = {.table = zones, .data = recurrence, .size = size, .calendar_at = cutter.calendar_at},
                .from = from,
                .to = to,
                .max = MIN(max, OCCURRENCES_MAX),
        };
        r = expand_component(&x, component);
        if (r == 0) {
                uint32_t n = 0;
                if (x.n > 1)
                        qsort(x.items, x.n, sizeof(*x.items), compare_moments);
                for (size_t i = 0; i < x.n; i++) {
                        if (i > 0 && x.items[i].at == x.items[i - 1].at)
                                continue;
                        if (n >= x.max) {
                                x.truncated = true;
                                break;
                        }
                        ret[n++] = x.items[i];
                }
                *ret_n = n;
                *ret_truncated = x.truncated;
        }
        free(x.items);
        zone_finder_done(&x.finder);
        return r;
}
