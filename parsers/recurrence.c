/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/calendar.h"
#include "parsers/icalendar.h"
#include "parsers/limits.h"

/* The rules are walked here: libical reads them, but its iterator can neither be interrupted nor bounded, misses instances
 * of BYSETPOS and BYWEEKNO, and is an hour off after a gap. A period (a year, a month, a week or a day) gives its days, the
 * BY parts are conditions on days, and the times of day are multiplied in. Every loop here is bounded. */

/* Periods and instances looked at in one expansion: a daily rule over five centuries. */
#define STEPS_MAX 200000U
/* As many rules as calendar.c keeps. */
#define RULES_MAX 4U
/* The walk begins this much before the window: beyond any zone's offset and any change of it. */
#define WINDOW_MARGIN (3 * 86400)
#define DAY_SECONDS 86400
/* A year of weeks may take in six days of its neighbours. */
#define PERIOD_DAYS_MAX 378

struct expansion {
        struct zone_finder finder;
        struct when start;
        instant from, to;
        struct moment *items; /* owned */
        size_t n, allocated;
        uint32_t max;   /* instances asked for, of each rule */
        uint32_t steps; /* taken so far */
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

/* A rule made ready for walking. */
struct rule {
        const struct icalrecurrencetype *r; /* borrowed */
        int32_t interval;
        int week_start;     /* 1 = Monday */
        int32_t first_year; /* of the start; of its week where weeks are numbered */
        uint32_t months;    /* bit n: month n; all when nothing is said */
        uint32_t weekdays;  /* bit n: weekday n, whichever of the month; 0: no condition */
        bool by_day;        /* there is a condition on weekdays, also one by position */
        size_t n_year_days, n_month_days, n_week_numbers, n_days, n_positions;
        int month_day; /* of the start, when it is the condition; else 0 */
        int8_t hours[24], minutes[60], seconds[60];
        int32_t n_hours, n_minutes, n_seconds;
};

/* Entries of a BY list; libical ends a list that is not full with a value out of range. */
static size_t by_count(const short *list, size_t size) {
        size_t n = 0;
        while (n < size && list[n] != ICAL_RECURRENCE_ARRAY_MAX)
                n++;
        return n;
}
#define BY_COUNT(list) by_count((list), ELEMENTSOF(list))

/* Times of day in order, once each; the start's own when the rule says nothing. */
static int32_t read_times(const short *list, size_t size, int limit, int own, int8_t *ret) {
        size_t n = by_count(list, size);
        int32_t count = 0;
        for (int value = 0; value < limit; value++) {
                bool named = n == 0 && value == own;
                for (size_t i = 0; i < n; i++)
                        named = named || MIN(list[i], 59) == value;
                if (named)
                        ret[count++] = (int8_t) value;
        }
        return count;
}

static int iso_weekday(int ical) {
        return ical == ICAL_SUNDAY_WEEKDAY ? 7 : ical - 1;
}

/* What a rule leaves out comes from the start (RFC 5545 section 3.3.10). */
static void rule_defaults(struct rule *rule, const struct civil *start) {
        int weekday = civil_weekday(civil_days(start->year, start->month, start->day));
        bool days_said = rule->n_year_days > 0 || rule->n_month_days > 0 || rule->by_day;
        if (days_said || rule->r->freq == ICAL_DAILY_RECURRENCE)
                return;
        if (rule->r->freq == ICAL_WEEKLY_RECURRENCE || rule->n_week_numbers > 0) {
                rule->weekdays = 1U << weekday;
                rule->by_day = true;
        } else {
                rule->month_day = start->day;
                if (rule->r->freq == ICAL_YEARLY_RECURRENCE && BY_COUNT(rule->r->by_month) == 0)
                        rule->months = 1U << start->month;
        }
}

/* The first day of the week that holds the fourth of January. */
static int32_t first_week(int32_t year, int week_start) {
        int32_t days = civil_days(year, 1, 4);
        return days - (civil_weekday(days) - week_start + 7) % 7;
}

static void rule_prepare(struct rule *ret, const struct icalrecurrencetype *r, const struct civil *start, bool is_date) {
        struct rule rule = {
                .r = r,
                .interval = r->interval,
                .week_start = r->week_start == ICAL_NO_WEEKDAY ? 1 : iso_weekday((int) r->week_start),
                .n_year_days = BY_COUNT(r->by_year_day),
                .n_month_days = BY_COUNT(r->by_month_day),
                .n_week_numbers = r->freq == ICAL_YEARLY_RECURRENCE ? BY_COUNT(r->by_week_no) : 0,
                .n_days = BY_COUNT(r->by_day),
                .n_positions = BY_COUNT(r->by_set_pos),
        };
        size_t n_months = BY_COUNT(r->by_month);
        rule.months = n_months == 0 ? UINT32_MAX : 0;
        for (size_t i = 0; i < n_months; i++)
                rule.months |= 1U << (icalrecurrencetype_month_month(r->by_month[i]) & 31);
        /* Positions mean something in months and years only, and not beside week numbers. */
        bool positions =
                (r->freq == ICAL_MONTHLY_RECURRENCE || r->freq == ICAL_YEARLY_RECURRENCE) && rule.n_week_numbers == 0;
        for (size_t i = 0; i < rule.n_days; i++)
                if (!positions || icalrecurrencetype_day_position(r->by_day[i]) == 0)
                        rule.weekdays |= 1U << iso_weekday((int) icalrecurrencetype_day_day_of_week(r->by_day[i]));
        rule.by_day = rule.n_days > 0;
        if (!positions)
                rule.n_days = 0;
        rule_defaults(&rule, start);
        rule.first_year = start->year;
        if (rule.n_week_numbers > 0) {
                int32_t days = civil_days(start->year, start->month, start->day);
                rule.first_year += days >= first_week(start->year + 1, rule.week_start);
                rule.first_year -= days < first_week(start->year, rule.week_start);
        }

        rule.n_hours = rule.n_minutes = rule.n_seconds = 1;
        if (!is_date) {
                rule.n_hours = read_times(r->by_hour, ELEMENTSOF(r->by_hour), 24, start->hour, rule.hours);
                rule.n_minutes = read_times(r->by_minute, ELEMENTSOF(r->by_minute), 60, start->minute, rule.minutes);
                rule.n_seconds = read_times(r->by_second, ELEMENTSOF(r->by_second), 60, start->second, rule.seconds);
        }
        *ret = rule;
}

/* A day with all the ways a rule may name it. */
struct day {
        int32_t days, year;
        int month, day, weekday;
        int of_year, year_length;
};

static bool named_from_either_end(const short *list, size_t n, int position, int length) {
        for (size_t i = 0; i < n; i++)
                if (list[i] == position || list[i] == position - length - 1)
                        return true;
        return false;
}

/* "2MO", "-1FR": counted in the month, or in the year when a yearly rule names no month. */
static bool weekday_named(const struct rule *rule, const struct day *d) {
        if (!rule->by_day || rule->weekdays & 1U << d->weekday)
                return true;
        bool in_year = rule->r->freq == ICAL_YEARLY_RECURRENCE && BY_COUNT(rule->r->by_month) == 0;
        int from_start = in_year ? d->of_year : d->day,
            length = in_year ? d->year_length : civil_days_in_month(d->year, d->month);
        int nth = (from_start - 1) / 7 + 1, nth_last = -((length - from_start) / 7 + 1);
        for (size_t i = 0; i < rule->n_days; i++) {
                short by = rule->r->by_day[i];
                int position = icalrecurrencetype_day_position(by);
                if (iso_weekday((int) icalrecurrencetype_day_day_of_week(by)) == d->weekday &&
                    (position == nth || position == nth_last))
                        return true;
        }
        return false;
}

static bool day_named(const struct rule *rule, const struct day *d) {
        const struct icalrecurrencetype *r = rule->r;
        int month_length = civil_days_in_month(d->year, d->month);
        return rule->months & 1U << d->month && (rule->month_day == 0 || rule->month_day == d->day) &&
               (rule->n_month_days == 0 ||
                named_from_either_end(r->by_month_day, rule->n_month_days, d->day, month_length)) &&
               (rule->n_year_days == 0 ||
                named_from_either_end(r->by_year_day, rule->n_year_days, d->of_year, d->year_length)) &&
               weekday_named(rule, d);
}

static struct day day_of(int32_t days) {
        struct day d = {.days = days, .weekday = civil_weekday(days)};
        civil_from_days(days, &d.year, &d.month, &d.day);
        int32_t first = civil_days(d.year, 1, 1);
        d.of_year = days - first + 1;
        d.year_length = civil_days(d.year + 1, 1, 1) - first;
        return d;
}

/* Where period k begins and ends (days since the epoch, the end excluded). */
static void period(const struct rule *rule, const struct civil *start, int64_t k, int32_t *ret_from, int32_t *ret_until) {
        int32_t first = civil_days(start->year, start->month, start->day);
        switch (rule->r->freq) {
        case ICAL_YEARLY_RECURRENCE: {
                int32_t year = (int32_t) (rule->first_year + k * rule->interval);
                bool weeks = rule->n_week_numbers > 0;
                *ret_from = weeks ? first_week(year, rule->week_start) : civil_days(year, 1, 1);
                *ret_until = weeks ? first_week(year + 1, rule->week_start) : civil_days(year + 1, 1, 1);
                break;
        }
        case ICAL_MONTHLY_RECURRENCE: {
                int64_t month = start->month - 1 + k * rule->interval;
                int32_t year = (int32_t) (start->year + month / 12);
                *ret_from = civil_days(year, (int) (month % 12) + 1, 1);
                *ret_until = *ret_from + civil_days_in_month(year, (int) (month % 12) + 1);
                break;
        }
        case ICAL_WEEKLY_RECURRENCE:
                first -= (civil_weekday(first) - rule->week_start + 7) % 7;
                *ret_from = (int32_t) (first + 7 * k * rule->interval);
                *ret_until = *ret_from + 7;
                break;
        default:
                *ret_from = (int32_t) (first + k * rule->interval);
                *ret_until = *ret_from + 1;
        }
}

static int32_t period_days(const struct rule *rule, int32_t from, int32_t until, int32_t ret[static PERIOD_DAYS_MAX]) {
        int32_t n = 0, weeks = (until - from) / 7;
        for (int32_t days = from; days < until && n < PERIOD_DAYS_MAX; days++) {
                if (rule->n_week_numbers > 0 &&
                    !named_from_either_end(rule->r->by_week_no, rule->n_week_numbers, (days - from) / 7 + 1, weeks))
                        continue;
                struct day d = day_of(days);
                if (day_named(rule, &d))
                        ret[n++] = days;
        }
        return n;
}

static bool refused(const struct icalrecurrencetype *rule) {
        /* libical counts finer frequencies first. Other calendars (RFC 7529) have other months than the ones checked here. */
        return rule->freq < ICAL_DAILY_RECURRENCE || rule->freq >= ICAL_NO_RECURRENCE || rule->rscale ||
               rule->interval < 1 || rule->count < 0;
}

static bool time_valid(struct icaltimetype t) {
        struct civil c = {.year = t.year,
                          .month = (int8_t) t.month,
                          .day = (int8_t) t.day,
                          .hour = (int8_t) t.hour,
                          .minute = (int8_t) t.minute,
                          .second = (int8_t) t.second};
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
        *ret = icaltime_is_utc(until) && x->start.moment.form == MOMENT_INSTANT ? civil_seconds(&c)
                                                                                : when_moment(&x->start, &c).at;
        return 0;
}

/* A walk along one rule. */
struct walk {
        const struct rule *rule;
        int64_t first; /* the start on the clock: nothing comes before it */
        int64_t end;   /* of window and UNTIL, as the moments are counted */
        int64_t stop;  /* where no later instance can lie before `end` any more */
        uint32_t left; /* of COUNT */
        uint32_t found;
        bool started, done;
};

/* The clock time of the instance with this number in its period. */
static int64_t instance(const struct rule *rule, const int32_t *days, int64_t number) {
        int64_t second = number % rule->n_seconds, minute = number / rule->n_seconds % rule->n_minutes,
                hour = number / rule->n_seconds / rule->n_minutes % rule->n_hours,
                day = number / rule->n_seconds / rule->n_minutes / rule->n_hours;
        return (int64_t) days[day] * DAY_SECONDS + rule->hours[hour] * 3600 + rule->minutes[minute] * 60 +
               rule->seconds[second];
}

static int take(struct expansion *x, struct walk *w, int64_t local) {
        if (local < w->first)
                return 0;
        /* DTSTART is the first of COUNT instances, even when the rule does not name it (RFC 5545 section 3.3.10). */
        if (!w->started && local != w->first && w->left != UINT32_MAX)
                w->left--;
        w->started = true;
        if (++x->steps > STEPS_MAX) {
                x->truncated = w->done = true;
                return 0;
        }
        struct civil c = civil_from_seconds(local);
        struct moment m = when_moment(&x->start, &c);
        if (w->left == 0 || m.at > w->stop) {
                w->done = true;
                return 0;
        }
        w->left -= w->left != UINT32_MAX;
        if (m.at < x->from || m.at > w->end)
                return 0;
        if (w->found++ > x->max) {
                x->truncated = w->done = true;
                return 0;
        }
        return add(x, m);
}

static int compare_numbers(const void *a, const void *b) {
        const int64_t *x = a, *y = b;
        return *x < *y ? -1 : *x > *y;
}

/* BYSETPOS: only some of a period's instances, counted from either end. */
static int take_positions(struct expansion *x, struct walk *w, const int32_t *days, int64_t total) {
        int64_t numbers[ICAL_BY_SETPOS_SIZE];
        size_t n = 0;
        for (size_t i = 0; i < w->rule->n_positions; i++) {
                int64_t position = w->rule->r->by_set_pos[i], number = position > 0 ? position - 1 : total + position;
                if (position != 0 && number >= 0 && number < total)
                        numbers[n++] = number;
        }
        if (n > 1)
                qsort(numbers, n, sizeof(numbers[0]), compare_numbers);
        int r = 0;
        for (size_t i = 0; i < n && r == 0 && !w->done; i++)
                if (i == 0 || numbers[i] != numbers[i - 1])
                        r = take(x, w, instance(w->rule, days, numbers[i]));
        return r;
}

static int take_period(struct expansion *x, struct walk *w, int32_t from, int32_t until) {
        int32_t days[PERIOD_DAYS_MAX];
        int32_t n = period_days(w->rule, from, until, days);
        int64_t total = (int64_t) n * w->rule->n_hours * w->rule->n_minutes * w->rule->n_seconds;
        if (w->rule->n_positions > 0)
                return take_positions(x, w, days, total);
        /* The first period may begin long before the start: don't count through it. */
        int64_t number = 0, per_day = total / MAX(n, 1);
        while (number < total && (int64_t) (days[number / per_day] + 1) * DAY_SECONDS <= w->first)
                number += per_day;
        int r = 0;
        for (; number < total && r == 0 && !w->done; number++)
                r = take(x, w, instance(w->rule, days, number));
        return r;
}

/* The period to begin with: shortly before the window, unless the instances must be counted. */
static int64_t first_period(const struct expansion *x, const struct rule *rule) {
        static const int32_t lengths[] = {
                [ICAL_DAILY_RECURRENCE] = 1,
                [ICAL_WEEKLY_RECURRENCE] = 7,
                [ICAL_MONTHLY_RECURRENCE] = 31,
                [ICAL_YEARLY_RECURRENCE] = 366,
        };
        int64_t ahead =
                (MAX(x->from, INSTANT_MIN + WINDOW_MARGIN) - WINDOW_MARGIN - civil_seconds(&x->start.local)) / DAY_SECONDS;
        if (rule->r->count > 0 || ahead <= 0)
                return 0;
        return MAX(ahead / ((int64_t) lengths[rule->r->freq] * rule->interval) - 1, 0);
}

static int walk_rule(struct expansion *x, const struct rule *rule, int64_t until) {
        int64_t end = MIN(until, x->to);
        struct walk w = {
                .rule = rule,
                .first = civil_seconds(&x->start.local),
                .end = end,
                /* Clock times in order are not always moments in order: where the clock jumps, 02:30 comes after 03:00. */
                .stop = end > INSTANT_MAX - WINDOW_MARGIN ? INT64_MAX : end + WINDOW_MARGIN,
                .left = rule->r->count > 0 ? (uint32_t) rule->r->count : UINT32_MAX,
        };
        int32_t last_day = civil_days(9999, 12, 31);
        int r = 0;
        for (int64_t k = first_period(x, rule); r == 0 && !w.done; k++) {
                int32_t from, period_end;
                period(rule, &x->start.local, k, &from, &period_end);
                if (period_end > last_day || (int64_t) from * DAY_SECONDS - WINDOW_MARGIN > w.stop)
                        break;
                if (++x->steps > STEPS_MAX) {
                        x->truncated = true;
                        break;
                }
                r = take_period(x, &w, from, period_end);
        }
        return r;
}

static int expand_rule(struct expansion *x, const struct icalrecurrencetype *r) {
        struct rule rule;
        int64_t until;
        if (refused(r))
                return -EOPNOTSUPP;
        int e = read_until(x, r->until, &until);
        if (e < 0)
                return e;
        rule_prepare(&rule, r, &x->start.local, x->start.moment.form == MOMENT_DATE);
        return walk_rule(x, &rule, until);
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
        r = add_within(x, x->start.moment);

        unsigned rules = 0, dates = 0;
        for (p = icalcomponent_get_first_property(c, ICAL_RRULE_PROPERTY); r == 0 && p;
             p = icalcomponent_get_next_property(c, ICAL_RRULE_PROPERTY)) {
                if (!icalproperty_get_value(p))
                        continue;
                struct icalrecurrencetype rule = icalproperty_get_rrule(p);
                r = ++rules > RULES_MAX ? -EOPNOTSUPP : expand_rule(x, &rule);
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
