/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/schedule.h"

#define DAYS_OF_WEEK 7
#define MINUTES_OF_DAY (24 * 60)
#define SECONDS_OF_DAY INT64_C(86400)

const char *const schedule_days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun", NULL};
static const char *const long_days[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};

int schedule_read_day(const char **s) {
        char word[16];
        size_t n = 0;
        const char *p = skip_blanks(*s);
        for (; n < sizeof(word) - 1 && ascii_lower(*p) >= 'a' && ascii_lower(*p) <= 'z'; p++)
                word[n++] = ascii_lower(*p);
        word[n] = 0;
        for (int i = 0; i < DAYS_OF_WEEK; i++)
                if (str_eq(word, schedule_days[i]) || str_eq(word, long_days[i])) {
                        *s = skip_blanks(p);
                        return i;
                }
        return -EINVAL;
}

int schedule_read_time(const char **s) {
        const char *p = skip_blanks(*s);
        int hour = 0, minute = 0, digits = 0;
        for (; digits < 2 && *p >= '0' && *p <= '9'; p++, digits++)
                hour = hour * 10 + (*p - '0');
        if (digits == 0)
                return -EINVAL;
        bool colon = *p == ':';
        if (colon || ascii_lower(*p) == 'h') {
                p++;
                if (p[0] >= '0' && p[0] <= '9' && p[1] >= '0' && p[1] <= '9') {
                        minute = (p[0] - '0') * 10 + (p[1] - '0');
                        p += 2;
                } else if (colon)
                        return -EINVAL;
        }
        if (minute > 59 || hour > 24 || (hour == 24 && minute > 0))
                return -EINVAL;
        *s = skip_blanks(p);
        return hour * 60 + minute;
}

int schedule_parse(const char *s, struct schedule *ret, const char **ret_fault) {
        const char *fault = NULL;
        int day = schedule_read_day(&s), minute = 0;
        if (day < 0)
                fault = "it does not begin with a day of the week";
        else if ((minute = schedule_read_time(&s)) < 0)
                fault = "no time of the day follows the day";
        else if (minute == MINUTES_OF_DAY)
                fault = "24:00 is the next day's 00:00";
        else if (*s)
                fault = "something follows the time";
        if (!fault) {
                *ret = (struct schedule){.weekday = (int8_t) day, .minute = (int16_t) minute};
                return 0;
        }
        if (ret_fault)
                *ret_fault = fault;
        return -EINVAL;
}

static instant due_on(const struct schedule *s, const struct zone *zone, int32_t day) {
        struct civil c = civil_from_seconds(day * SECONDS_OF_DAY + s->minute * INT64_C(60));
        return zone_instant(zone, &c);
}

/* The first day of that name from `day` on. */
static int32_t first_from(const struct schedule *s, int32_t day) {
        return day + (s->weekday + 1 - civil_weekday(day) + DAYS_OF_WEEK) % DAYS_OF_WEEK;
}

/* Where a change of the hour steps back over midnight, the date of `now` may be the day before one that was there already: so both begin a day further
 * than seems necessary. */
instant schedule_last(const struct schedule *s, const struct zone *zone, instant now, int32_t *ret_day) {
        int32_t day = first_from(s, zone_day(zone, now) + 1 - (DAYS_OF_WEEK - 1));
        instant due = due_on(s, zone, day);
        if (due > now) {
                day -= DAYS_OF_WEEK;
                due = due_on(s, zone, day);
        }
        if (ret_day)
                *ret_day = day;
        return due;
}

instant schedule_next(const struct schedule *s, const struct zone *zone, instant now, int32_t *ret_day) {
        int32_t day = first_from(s, zone_day(zone, now) - 1);
        instant due = due_on(s, zone, day);
        if (due <= now) {
                day += DAYS_OF_WEEK;
                due = due_on(s, zone, day);
        }
        if (ret_day)
                *ret_day = day;
        return due;
}
