/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/civil.h"

#define DAY_SECONDS 86400
/* The Gregorian calendar repeats after 400 years. */
#define CYCLE_YEARS 400
#define CYCLE_DAYS 146097
/* Days from 0000-03-01 to 1970-01-01: counting years from March puts the leap day last. */
#define MARCH_EPOCH 719468
/* RFC 3339 allows 23:59; no zone of the past went beyond 16 hours, but a parser need not judge that. */
#define OFFSET_HOURS_MAX 23

int32_t civil_days(int32_t year, int month, int day) {
        int64_t y = (int64_t) year - (month <= 2);
        int64_t cycle = (y >= 0 ? y : y - (CYCLE_YEARS - 1)) / CYCLE_YEARS;
        int64_t of_cycle = y - cycle * CYCLE_YEARS;
        int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
        return (int32_t) (cycle * CYCLE_DAYS + of_cycle * 365 + of_cycle / 4 - of_cycle / 100 + of_year - MARCH_EPOCH);
}

void civil_from_days(int32_t days, int32_t *ret_year, int *ret_month, int *ret_day) {
        int64_t d = (int64_t) days + MARCH_EPOCH;
        int64_t cycle = (d >= 0 ? d : d - (CYCLE_DAYS - 1)) / CYCLE_DAYS;
        int64_t of_cycle = d - cycle * CYCLE_DAYS;
        int64_t year = (of_cycle - of_cycle / 1460 + of_cycle / 36524 - of_cycle / 146096) / 365;
        int64_t of_year = of_cycle - (365 * year + year / 4 - year / 100);
        int64_t march_month = (5 * of_year + 2) / 153;
        int month = (int) (march_month < 10 ? march_month + 3 : march_month - 9);

        *ret_year = (int32_t) (year + cycle * CYCLE_YEARS + (month <= 2));
        *ret_month = month;
        *ret_day = (int) (of_year - (153 * march_month + 2) / 5 + 1);
}

int civil_weekday(int32_t days) {
        /* 1970-01-01 was a Thursday, 4. */
        int64_t n = ((int64_t) days + 3) % 7;
        return (int) (n < 0 ? n + 7 : n) + 1;
}

int civil_days_in_month(int32_t year, int month) {
        static const int8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        if (month < 1 || month > 12)
                return 0;
        bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        return lengths[month - 1] + (month == 2 && leap);
}

bool civil_valid(const struct civil *c) {
        return c->year >= 1 && c->year <= 9999 && c->month >= 1 && c->month <= 12 && c->day >= 1 &&
               c->day <= civil_days_in_month(c->year, c->month) && c->hour >= 0 && c->hour <= 23 && c->minute >= 0 &&
               c->minute <= 59 && c->second >= 0 && c->second <= 59;
}

int64_t civil_seconds(const struct civil *c) {
        return (int64_t) civil_days(c->year, c->month, c->day) * DAY_SECONDS + c->hour * 3600 + c->minute * 60 + c->second;
}

struct civil civil_from_seconds(int64_t seconds) {
        /* Outside the years that can be written the nearest one stands in, so that no caller sees a wrapped date. */
        seconds = MAX(INSTANT_MIN, MIN(INSTANT_MAX, seconds));
        int64_t days = seconds / DAY_SECONDS, rest = seconds % DAY_SECONDS;
        if (rest < 0) {
                days--;
                rest += DAY_SECONDS;
        }
        int32_t year;
        int month, day;
        civil_from_days((int32_t) days, &year, &month, &day);
        return (struct civil){
                .year = year,
                .month = (int8_t) month,
                .day = (int8_t) day,
                .hour = (int8_t) (rest / 3600),
                .minute = (int8_t) (rest / 60 % 60),
                .second = (int8_t) (rest % 60),
        };
}

/* Exactly n digits; moves *s behind them. -1 when there are fewer. */
static int digits(const char **s, int n) {
        int value = 0;
        for (int i = 0; i < n; i++) {
                char c = (*s)[i];
                if (c < '0' || c > '9')
                        return -1;
                value = value * 10 + (c - '0');
        }
        *s += n;
        return value;
}

static bool skip(const char **s, char c) {
        if (**s != c)
                return false;
        (*s)++;
        return true;
}

static bool parse_date(const char **s, struct civil *c) {
        int year = digits(s, 4);
        if (year < 0 || !skip(s, '-'))
                return false;
        int month = digits(s, 2);
        if (month < 0 || !skip(s, '-'))
                return false;
        int day = digits(s, 2);
        if (day < 0)
                return false;
        *c = (struct civil){.year = year, .month = (int8_t) month, .day = (int8_t) day};
        return true;
}

static bool parse_time(const char **s, struct civil *c) {
        int hour = digits(s, 2);
        if (hour < 0 || !skip(s, ':'))
                return false;
        int minute = digits(s, 2), second = 0;
        if (minute < 0)
                return false;
        if (skip(s, ':')) {
                second = digits(s, 2);
                if (second < 0)
                        return false;
                if (skip(s, '.')) {
                        if (digits(s, 1) < 0)
                                return false;
                        while (digits(s, 1) >= 0)
                                ;
                }
                /* A leap second is the last one of its minute: no zone table here counts it. */
                if (second == 60)
                        second = 59;
        }
        c->hour = (int8_t) hour;
        c->minute = (int8_t) minute;
        c->second = (int8_t) second;
        return true;
}

static bool parse_offset(const char **s, int32_t *ret) {
        if (skip(s, 'Z') || skip(s, 'z')) {
                *ret = 0;
                return true;
        }
        int sign = skip(s, '+') ? 1 : skip(s, '-') ? -1 : 0;
        if (sign == 0)
                return false;
        int hour = digits(s, 2);
        if (hour < 0)
                return false;
        (void) skip(s, ':');
        int minute = digits(s, 2);
        if (minute < 0 || minute > 59 || hour > OFFSET_HOURS_MAX)
                return false;
        *ret = sign * (hour * 3600 + minute * 60);
        return true;
}

int civil_parse(const char *s, struct civil *ret, int32_t *ret_offset, bool *ret_date_only) {
        struct civil c;
        int32_t offset = INT32_MIN;

        if (!parse_date(&s, &c))
                return -EINVAL;
        bool date_only = *s == '\0';
        if (!date_only) {
                if (!skip(&s, 'T') && !skip(&s, 't') && !skip(&s, ' '))
                        return -EINVAL;
                if (!parse_time(&s, &c))
                        return -EINVAL;
                if (*s && !parse_offset(&s, &offset))
                        return -EINVAL;
                if (*s)
                        return -EINVAL;
        }
        if (!civil_valid(&c))
                return -EINVAL;

        *ret = c;
        if (ret_offset)
                *ret_offset = offset;
        if (ret_date_only)
                *ret_date_only = date_only;
        return 0;
}
