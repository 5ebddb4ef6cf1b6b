/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/buf.h"
#include "rules/worktime.h"

#define DAY INT64_C(86400)
/* A hundred years: nobody means more, and no sum with an instant can overflow. */
#define DURATION_SECONDS_MAX (36525 * DAY)
/* No number of a duration needs more digits than its largest value in seconds. */
#define DURATION_DIGITS_MAX 10

static const struct unit_row {
        const char *name;
        enum duration_unit unit;
        int64_t seconds; /* of one, by the measure of duration_seconds() */
        int64_t count;   /* what one adds to duration.n */
        bool civil;      /* days and weeks keep the clock time */
} unit_rows[] = {
        {"s", DURATION_SECONDS, 1, 1, false},
        {"m", DURATION_SECONDS, 60, 60, false},
        {"h", DURATION_SECONDS, 3600, 3600, false},
        {"d", DURATION_SECONDS, DAY, DAY, true},
        {"w", DURATION_SECONDS, 7 * DAY, 7 * DAY, true},
        {"mo", DURATION_MONTHS, 30 * DAY, 1, false},
        {"bh", DURATION_WORK_SECONDS, 3600, 3600, false},
        {"bd", DURATION_WORK_DAYS, DAY, 1, false},
};

static const char *read_number(const char *s, int64_t *ret) {
        int64_t n = 0;
        int digits = 0;
        for (; *s >= '0' && *s <= '9'; s++) {
                if (++digits > DURATION_DIGITS_MAX)
                        return NULL;
                n = n * 10 + (*s - '0');
        }
        *ret = n;
        return digits > 0 ? s : NULL;
}

static const struct unit_row *read_unit(const char **s) {
        size_t n = 0;
        while ((*s)[n] >= 'a' && (*s)[n] <= 'z')
                n++;
        for (size_t i = 0; i < ELEMENTSOF(unit_rows); i++)
                if (strlen(unit_rows[i].name) == n && memcmp(unit_rows[i].name, *s, n) == 0) {
                        *s += n;
                        return &unit_rows[i];
                }
        return NULL;
}

int duration_parse(const char *s, struct duration *ret) {
        struct duration d = {0};
        const struct unit_row *last = NULL;
        int64_t total = 0;
        s = skip_blanks(s ? s : "");
        do {
                int64_t n;
                s = read_number(s, &n);
                if (!s)
                        return -EINVAL;
                s = skip_blanks(s);
                const struct unit_row *row = read_unit(&s);
                if (!row)
                        return -EINVAL;
                /* "1h30m" goes from the larger to the smaller: "30m1h" or "1h1h" is a slip, and 1mo3d means nothing exact. */
                if (last &&
                    (last->unit != DURATION_SECONDS || row->unit != DURATION_SECONDS || row->seconds >= last->seconds))
                        return -EINVAL;
                last = row;
                if (n > DURATION_SECONDS_MAX / row->seconds)
                        return -EINVAL;
                total += n * row->seconds;
                d.unit = row->unit;
                d.n += n * row->count;
                if (row->civil)
                        d.days += (int32_t) (n * row->seconds / DAY);
                s = skip_blanks(s);
        } while (*s);
        if (total <= 0 || total > DURATION_SECONDS_MAX)
                return -EINVAL;
        *ret = d;
        return 0;
}

int64_t duration_seconds(const struct duration *d) {
        switch (d->unit) {
        case DURATION_MONTHS:
                return d->n * 30 * DAY;
        case DURATION_WORK_DAYS:
                return d->n * DAY;
        case DURATION_SECONDS:
        case DURATION_WORK_SECONDS:
                break;
        }
        return d->n;
}

static instant add_civil(const struct zone *zone, instant from, int64_t months, int32_t days) {
        struct civil c = zone_civil(zone, from);
        if (months != 0) {
                int64_t month = (int64_t) c.year * 12 + (c.month - 1) + months;
                c.year = (int32_t) (month / 12);
                c.month = (int8_t) (month % 12 + 1);
                if (c.year < 1 || c.year > 9999)
                        return INSTANT_UNKNOWN;
                /* 31 January plus a month is the last day of February. */
                c.day = (int8_t) MIN(c.day, civil_days_in_month(c.year, c.month));
        }
        int64_t local = civil_seconds(&c) + days * DAY;
        if (local < INSTANT_MIN || local > INSTANT_MAX)
                return INSTANT_UNKNOWN;
        c = civil_from_seconds(local);
        return zone_instant(zone, &c);
}

instant duration_add(const struct duration *d, const struct work_calendar *c, instant from) {
        if (from < INSTANT_MIN || from > INSTANT_MAX)
                return INSTANT_UNKNOWN;
        switch (d->unit) {
        case DURATION_MONTHS:
                return add_civil(c->zone, from, d->n, 0);
        case DURATION_WORK_SECONDS:
                return work_calendar_add_seconds(c, from, d->n);
        case DURATION_WORK_DAYS:
                return work_calendar_add_days(c, from, (int32_t) MIN(d->n, INT32_MAX));
        case DURATION_SECONDS:
                break;
        }
        instant at = d->days != 0 ? add_civil(c->zone, from, 0, d->days) : from;
        if (at == INSTANT_UNKNOWN)
                return at;
        return at + (d->n - d->days * DAY);
}

static void add_words(struct buf *b, int64_t n, const char *one) {
        if (n != 0)
                (void) buf_printf(b, "%s%" PRId64 " %s%s", b->size > 0 ? " " : "", n, one, n == 1 ? "" : "s");
}

const char *duration_text(const struct duration *d, struct arena *arena) {
        _cleanup_buf_ struct buf b = {0};
        int64_t rest = d->n - d->days * DAY;
        switch (d->unit) {
        case DURATION_MONTHS:
                add_words(&b, d->n, "month");
                break;
        case DURATION_WORK_DAYS:
                add_words(&b, d->n, "business day");
                break;
        case DURATION_WORK_SECONDS:
                add_words(&b, d->n / 3600, "business hour");
                break;
        case DURATION_SECONDS:
                if (d->days % 7 == 0)
                        add_words(&b, d->days / 7, "week");
                else
                        add_words(&b, d->days, "day");
                add_words(&b, rest / 3600, "hour");
                add_words(&b, rest / 60 % 60, "minute");
                add_words(&b, rest % 60, "second");
                break;
        }
        if (b.error < 0)
                return NULL;
        return arena_strdup(arena, b.size > 0 ? b.data : "no time");
}
