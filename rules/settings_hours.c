/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/schedule.h"
#include "rules/settings_internal.h"

#define MINUTES_OF_DAY (24 * 60)

/* --- hours ---------------------------------------------------------------------------------------------------------- */

/* "mon-fri", "sat", "mon, wed": a bit for each day. */
static int read_days(const char *s, uint32_t *ret) {
        uint32_t days = 0;
        for (;; s++) {
                int first = schedule_read_day(&s), last = first;
                if (first >= 0 && *s == '-') {
                        s++;
                        last = schedule_read_day(&s);
                }
                if (first < 0 || last < 0)
                        return -EINVAL;
                for (int day = first;; day = (day + 1) % 7) {
                        days |= 1U << day;
                        if (day == last)
                                break;
                }
                if (*s == 0)
                        break;
                if (*s != ',')
                        return -EINVAL;
        }
        *ret = days;
        return 0;
}

/* "09:00-12:30"; an end before the start is on the next day. */
static int read_span(const char *s, struct work_span *ret) {
        int start = schedule_read_time(&s);
        if (start < 0 || start == MINUTES_OF_DAY)
                return -EINVAL;
        if (*s == '-')
                s++;
        else if (strncmp(s, "\xe2\x80\x93", 3) == 0) /* the dash that word processors make of it */
                s += 3;
        else
                return -EINVAL;
        int end = schedule_read_time(&s);
        if (end < 0 || *s || end == start)
                return -EINVAL;
        if (end < start)
                end += MINUTES_OF_DAY;
        *ret = (struct work_span){(int16_t) start, (int16_t) end};
        return 0;
}

/* What people write for a day without work; yaml_bool() knows no and off. */
static bool means_closed(const struct yaml_node *node) {
        bool yes = true;
        return yaml_is_null(node) || (yaml_bool(node, &yes) == 0 && !yes) ||
               (node->type == YAML_SCALAR && (str_eq(node->scalar, "closed") || str_eq(node->scalar, "off")));
}

static void add_span(struct work_day *day, struct work_span span) {
        uint32_t at = day->n++;
        for (; at > 0 && day->spans[at - 1].start > span.start; at--)
                day->spans[at] = day->spans[at - 1];
        day->spans[at] = span;
}

static bool day_overlaps(const struct work_day *day) {
        for (uint32_t i = 1; i < day->n; i++)
                if (day->spans[i - 1].end > day->spans[i].start)
                        return true;
        return false;
}

static struct work_day read_work_day(struct loader *l, const struct yaml_node *value) {
        struct work_day day = {0};
        if (means_closed(value))
                return day;
        if (value->type == YAML_MAPPING) {
                fault(l, value, "wrong-type", "write times: [\"09:00-12:30\", \"14:00-18:00\"]",
                      "hours of a day are a list of times");
                return day;
        }
        for (const struct yaml_node *i = loader_first_item(value); i; i = loader_next_item(value, i)) {
                struct work_span span;
                if (i->type != YAML_SCALAR || read_span(i->scalar, &span) < 0)
                        fault(l, i, "bad-value",
                              "write a start and an end: \"09:00-12:30\", over midnight \"22:00-02:00\", all day "
                              "\"00:00-24:00\"",
                              "\"%s\" is not a span of time", i->type == YAML_SCALAR ? i->scalar : "a list");
                else if (day.n >= WORK_SPANS_MAX)
                        fault(l, i, "bad-value", NULL, "more than %u spans in one day", WORK_SPANS_MAX);
                else
                        add_span(&day, span);
        }
        if (day_overlaps(&day))
                fault(l, value, "overlapping-hours", "write each time once", "two of these spans overlap");
        return day;
}

/* A night that reaches into the hours of the day after. */
static void check_nights(struct loader *l, const struct yaml_node *hours, const struct work_day week[7]) {
        for (int i = 0; i < 7; i++) {
                const struct work_day *day = &week[i], *next = &week[(i + 1) % 7];
                if (day->n > 0 && next->n > 0 && day->spans[day->n - 1].end - MINUTES_OF_DAY > next->spans[0].start)
                        fault(l, hours, "overlapping-hours", "end the night before the hours of the next day begin",
                              "the hours of %s reach into those of %s", schedule_days[i], schedule_days[(i + 1) % 7]);
        }
}

void loader_read_hours(struct loader *l, const struct yaml_node *hours, struct work_day week[7]) {
        uint32_t seen = 0;
        for (const struct yaml_node *c = hours->child; c; c = c->next) {
                uint32_t days;
                if (read_days(c->key->scalar, &days) < 0) {
                        const char *near = suggest(c->key->scalar, schedule_days);
                        fault(l, c->key, "unknown-key",
                              near ? loader_keep(l, arena_printf(l->arena, "did you mean \"%s\"?", near))
                                   : "days are mon tue wed thu fri sat sun; write mon-fri, or \"mon,wed\"",
                              "\"%s\" is not a day of the week", c->key->scalar);
                        continue;
                }
                if (seen & days)
                        fault(l, c->key, "bad-value", "write each day in one place", "a day of \"%s\" was written before",
                              c->key->scalar);
                seen |= days;
                struct work_day day = read_work_day(l, c);
                for (int i = 0; i < 7; i++)
                        if (days & (1U << i))
                                week[i] = day;
        }
        check_nights(l, hours, week);
}

void hours_default(struct work_day week[7]) {
        for (int i = 0; i < 5; i++)
                week[i] = (struct work_day){.spans = {{9 * 60, 18 * 60}}, .n = 1};
}

/* --- days off ------------------------------------------------------------------------------------------------------- */

static int compare_ranges(const void *pa, const void *pb) {
        const struct day_range *a = pa, *b = pb;
        return (a->first > b->first) - (a->first < b->first);
}

/* Sorted and without overlap, as work_calendar wants them. */
static size_t merge_ranges(struct day_range *r, size_t n) {
        if (n == 0)
                return 0;
        qsort(r, n, sizeof(*r), compare_ranges);
        size_t last = 0;
        for (size_t i = 1; i < n; i++) {
                if (r[i].first <= r[last].last)
                        r[last].last = MAX(r[last].last, r[i].last);
                else
                        r[++last] = r[i];
        }
        return last + 1;
}

int days_off_join(struct arena *arena, const struct day_range *a, size_t na, const struct day_range *b, size_t nb,
                  struct work_calendar *c) {
        if (na + nb == 0)
                return 0;
        struct day_range *all = arena_new0(arena, struct day_range, na + nb);
        if (!all)
                return -ENOMEM;
        if (na > 0)
                memcpy(all, a, na * sizeof(*a));
        if (nb > 0)
                memcpy(all + na, b, nb * sizeof(*b));
        c->n_days_off = merge_ranges(all, na + nb);
        c->days_off = all;
        return 0;
}

bool loader_check_order(struct loader *l, const struct yaml_node *node, int32_t first, int32_t last) {
        if (first <= last)
                return true;
        fault(l, node, "bad-value", "the first day comes first", "it ends before it begins");
        return false;
}

/* "2026-12-24", "2026-08-03..2026-08-21" or {from, until, reason}. */
static bool read_period(struct loader *l, const struct yaml_node *node, const char *prefix, struct day_range *ret) {
        if (node->type == YAML_MAPPING) {
                loader_check_mapping(l, node, prefix, "an absence");
                bool from = loader_get_date(l, node, prefix, "from", &ret->first),
                     until = loader_get_date(l, node, prefix, "until", &ret->last);
                return from && until && loader_check_order(l, node, ret->first, ret->last);
        }
        const char *dots = node->type == YAML_SCALAR ? strstr(node->scalar, "..") : NULL;
        if (!dots) {
                bool ok = loader_read_date(l, node, &ret->first);
                ret->last = ret->first;
                return ok;
        }
        struct yaml_node from = *node, until = *node;
        size_t n = (size_t) (dots - node->scalar);
        while (n > 0 && node->scalar[n - 1] == ' ')
                n--;
        from.scalar = loader_keep(l, arena_strndup(l->arena, node->scalar, n));
        until.scalar = skip_blanks(dots + 2);
        if (!from.scalar || !loader_read_date(l, &from, &ret->first) || !loader_read_date(l, &until, &ret->last))
                return false;
        return loader_check_order(l, node, ret->first, ret->last);
}

void loader_read_absences(struct loader *l, const struct yaml_node *node, const char *prefix, const char *item_prefix,
                          struct work_calendar *c) {
        const struct yaml_node *list = loader_get(node, prefix, "absences");
        if (!list)
                return;
        struct day_range *r = loader_keep(l, arena_new0(l->arena, struct day_range, loader_count_items(list) + 1));
        size_t n = 0;
        for (const struct yaml_node *i = loader_first_item(list); r && i; i = loader_next_item(list, i))
                n += read_period(l, i, item_prefix, &r[n]);
        if (n == 0)
                return;
        c->n_days_off = merge_ranges(r, n);
        c->days_off = r;
}

void loader_read_holidays(struct loader *l, const struct yaml_node *node, const char *prefix, bool owner,
                          struct work_calendar *c) {
        const char **texts = loader_get_texts(l, node, prefix, "holidays");
        if (!texts)
                return;
        const struct yaml_node *list = yaml_get(node, "holidays");
        size_t n = loader_count_items(list), n_regions = 0, n_files = 0;
        const char **regions = loader_keep(l, arena_new0(l->arena, const char *, n + 1));
        const char **files = loader_keep(l, arena_new0(l->arena, const char *, n + 1));
        if (!regions || !files)
                return;
        for (const struct yaml_node *i = loader_first_item(list); i; i = loader_next_item(list, i)) {
                if (i->type != YAML_SCALAR || !i->scalar[0] || yaml_is_null(i))
                        continue;
                if (holiday_region_known(i->scalar))
                        regions[n_regions++] = i->scalar;
                else if (str_ends_with(i->scalar, ".ics") && owner)
                        files[n_files++] = loader_join_path(l, i->scalar);
                else if (str_ends_with(i->scalar, ".ics"))
                        fault(l, i, "bad-value", "list the days under \"absences\"",
                              "a client's holidays cannot come from a file");
                else
                        fault(l, i, "unknown-region", loader_did_you_mean(l, i->scalar, holiday_regions()),
                              "no public holidays are known for \"%s\"", i->scalar);
        }
        c->regions = regions;
        if (owner)
                l->s->holiday_files = files;
}
