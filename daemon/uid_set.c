/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/uid_set.h"

void uid_set_done(struct uid_set *s) {
        free(s->items);
        *s = (struct uid_set){0};
}

/* The first range that ends at or after uid. */
static size_t find(const struct uid_set *s, uint32_t uid) {
        size_t low = 0, high = s->n;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (s->items[middle].last < uid)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

bool uid_set_has(const struct uid_set *s, uint32_t uid) {
        size_t i = find(s, uid);
        return i < s->n && s->items[i].first <= uid;
}

static int insert(struct uid_set *s, size_t at, struct uid_range range) {
        if (s->n >= UID_SET_RANGES_MAX)
                return -E2BIG;
        if (s->n == s->room) {
                size_t room = MAX(s->room * 2, (size_t) 8);
                struct uid_range *p = realloc(s->items, room * sizeof(*p));
                if (!p)
                        return -ENOMEM;
                s->items = p;
                s->room = room;
        }
        memmove(s->items + at + 1, s->items + at, (s->n - at) * sizeof(*s->items));
        s->items[at] = range;
        s->n++;
        return 0;
}

int uid_set_add(struct uid_set *s, uint32_t first, uint32_t last) {
        /* Ranges that touch it, or lie right beside it, become one with it. */
        size_t i = find(s, first > 1 ? first - 1 : first), n = 0;
        while (i + n < s->n && (s->items[i + n].first <= last || s->items[i + n].first - 1 == last))
                n++;
        if (n == 0)
                return insert(s, i, (struct uid_range){first, last});
        s->items[i].first = MIN(first, s->items[i].first);
        s->items[i].last = MAX(last, s->items[i + n - 1].last);
        memmove(s->items + i + 1, s->items + i + n, (s->n - i - n) * sizeof(*s->items));
        s->n -= n - 1;
        return 0;
}

void uid_set_remove(struct uid_set *s, uint32_t uid) {
        size_t i = find(s, uid);
        if (i >= s->n || s->items[i].first > uid)
                return;
        struct uid_range old = s->items[i];
        memmove(s->items + i, s->items + i + 1, (s->n - i - 1) * sizeof(*s->items));
        s->n--;
        /* There was room for one just now; for the second there may be none: then what is left out is asked for once more, no harm done. */
        if (old.last > uid)
                (void) !insert(s, i, (struct uid_range){uid + 1, old.last});
        if (old.first < uid)
                (void) !insert(s, i, (struct uid_range){old.first, uid - 1});
}

bool uid_set_missing(const struct uid_set *s, uint32_t top, struct uid_range *ret) {
        size_t i = s->n;
        while (i > 0 && s->items[i - 1].first > top)
                i--;
        if (i > 0 && s->items[i - 1].last >= top) {
                i--;
                if (s->items[i].first == 1)
                        return false;
                top = s->items[i].first - 1;
        }
        if (top == 0)
                return false;
        *ret = (struct uid_range){i > 0 ? s->items[i - 1].last + 1 : 1, top};
        return true;
}

uint64_t uid_set_count(const struct uid_set *s) {
        uint64_t n = 0;
        for (size_t i = 0; i < s->n; i++)
                n += (uint64_t) s->items[i].last - s->items[i].first + 1;
        return n;
}

static bool read_uid(const char **p, const char *end, uint32_t *ret) {
        uint64_t n = 0;
        const char *start = *p;
        while (*p < end && **p >= '0' && **p <= '9' && n <= UINT32_MAX)
                n = n * 10 + (uint64_t) (*(*p)++ - '0');
        *ret = (uint32_t) n;
        return *p > start && n > 0 && n <= UINT32_MAX;
}

int uid_set_parse(const char *text, size_t size, struct uid_set *s) {
        struct uid_set set = {0};
        const char *p = text, *end = text + size;
        int e = 0;
        while (p < end && e >= 0) {
                struct uid_range r;
                if (p > text && *p++ != ',')
                        e = -EINVAL;
                else if (!read_uid(&p, end, &r.first))
                        e = -EINVAL;
                else {
                        r.last = r.first;
                        if (p < end && *p == ':') {
                                p++;
                                if (!read_uid(&p, end, &r.last) || r.last < r.first)
                                        e = -EINVAL;
                        }
                        e = e < 0 ? e : uid_set_add(&set, r.first, r.last);
                }
        }
        if (e < 0) {
                uid_set_done(&set);
                return e;
        }
        uid_set_done(s);
        *s = set;
        return 0;
}

int uid_set_print(const struct uid_set *s, struct buf *out) {
        for (size_t i = 0; i < s->n && out->error >= 0; i++) {
                const struct uid_range *r = &s->items[i];
                (void) buf_printf(out, "%s%" PRIu32, i > 0 ? "," : "", r->first);
                if (r->last > r->first)
                        (void) buf_printf(out, ":%" PRIu32, r->last);
        }
        return out->error;
}
