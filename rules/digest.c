/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/digest.h"

#include <stdio.h>

struct selection {
        const struct digest_options *options;
        struct arena *arena;
        struct digest *digest;
};

static bool is_told_at_all(const struct alert *a, bool at_once) {
        return a->mode >= (at_once ? MODE_ALERT : MODE_DIGEST) && !a->inhibited_by;
}

void digest_recovery_id(const struct alert *a, char ret[static DIGEST_RECOVERY_ID_SIZE]) {
        (void) snprintf(ret, DIGEST_RECOVERY_ID_SIZE, "rest:%s:%" PRId64, a->id, a->last_at);
}

/* How known a breach is; what is too old counts as told. */
static int how_known(const struct selection *s, const struct evidence *e) {
        if (e->at < s->options->since)
                return DIGEST_TOLD;
        return s->options->told(e->breach, s->options->userdata);
}

static int select_news(const struct selection *s, const struct alert *a, struct digest_item *item) {
        item->news = arena_new0(s->arena, const struct evidence *, a->n_evidence + 1);
        if (!item->news)
                return -ENOMEM;
        for (size_t i = 0; i < a->n_evidence; i++) {
                int known = how_known(s, &a->evidence[i]);
                if (known < 0)
                        return known;
                if (known == DIGEST_NEW)
                        item->news[item->n_news++] = &a->evidence[i];
                item->n_mailed += known == DIGEST_MAILED;
        }
        return 0;
}

static int select_open(struct selection *s, const struct alert *a) {
        struct digest_item *item = &s->digest->items[s->digest->n];
        *item = (struct digest_item){.alert = a};
        int r = select_news(s, a, item);
        if (r < 0)
                return r;
        if (*a->repeat) {
                int known = s->options->told(a->repeat, s->options->userdata);
                if (known < 0)
                        return known;
                item->repeat = known == DIGEST_NEW;
        }
        if (s->options->at_once)
                item->n_mailed = 0;
        if (item->n_news == 0 && item->n_mailed == 0 && !item->repeat)
                return 0;
        s->digest->n++;
        if (item->n_news > 0 || item->repeat)
                s->digest->counts[a->lasting]++;
        else
                s->digest->n_mailed++;
        return 0;
}

/* Only what a digest told before can be told to be over. */
static int select_recovered(struct selection *s, const struct alert *a) {
        char id[DIGEST_RECOVERY_ID_SIZE];
        bool told = false;
        for (size_t i = a->n_evidence; i > 0 && !told; i--) {
                int known = a->evidence[i - 1].at < s->options->since
                                    ? DIGEST_NEW
                                    : s->options->told(a->evidence[i - 1].breach, s->options->userdata);
                if (known < 0)
                        return known;
                told = known == DIGEST_TOLD;
        }
        if (!told)
                return 0;
        digest_recovery_id(a, id);
        int known = s->options->told(id, s->options->userdata);
        if (known == DIGEST_NEW)
                s->digest->recovered[s->digest->n_recovered++] = a;
        return MIN(known, 0);
}

static int compare_items(const void *pa, const void *pb) {
        const struct alert *a = ((const struct digest_item *) pa)->alert, *b = ((const struct digest_item *) pb)->alert;
        if (a->lasting != b->lasting)
                return a->lasting > b->lasting ? -1 : 1;
        if (a->severity != b->severity)
                return a->severity > b->severity ? -1 : 1;
        if (a->last_at != b->last_at)
                return a->last_at > b->last_at ? -1 : 1;
        return strcmp(a->id, b->id);
}

int digest_select(const struct alert *alerts, size_t n, const struct digest_options *options, struct arena *arena,
                  struct digest *ret) {
        struct digest d = {.items = arena_new0(arena, struct digest_item, n + 1),
                           .recovered = arena_new0(arena, const struct alert *, n + 1)};
        struct selection s = {.options = options, .arena = arena, .digest = &d};
        int r = d.items && d.recovered ? 0 : -ENOMEM;
        for (size_t i = 0; i < n && r >= 0; i++) {
                if (!is_told_at_all(&alerts[i], options->at_once))
                        continue;
                if (alerts[i].state == ALERT_OPEN)
                        r = select_open(&s, &alerts[i]);
                else if (!options->at_once)
                        r = select_recovered(&s, &alerts[i]);
        }
        if (r < 0)
                return r;
        if (d.n > 1)
                qsort(d.items, d.n, sizeof(*d.items), compare_items);
        *ret = d;
        return 0;
}

bool digest_is_empty(const struct digest *d) {
        return d->n == 0 && d->n_recovered == 0;
}

int digest_told_ids(const struct alert *alerts, size_t n, int (*found)(const char *id, void *userdata), void *userdata) {
        int r = 0;
        for (size_t i = 0; i < n && r >= 0; i++) {
                const struct alert *a = &alerts[i];
                char id[DIGEST_RECOVERY_ID_SIZE];
                if (!is_told_at_all(a, false))
                        continue;
                for (size_t k = 0; k < a->n_evidence && r >= 0; k++)
                        r = found(a->evidence[k].breach, userdata);
                if (r >= 0 && *a->repeat)
                        r = found(a->repeat, userdata);
                digest_recovery_id(a, id);
                if (r >= 0 && a->state == ALERT_RESOLVED)
                        r = found(id, userdata);
        }
        return MIN(r, 0);
}

int digest_said_ids(const struct digest *d, int (*found)(const char *id, void *userdata), void *userdata) {
        int r = 0;
        for (size_t i = 0; i < d->n && r >= 0; i++) {
                const struct digest_item *item = &d->items[i];
                for (size_t k = 0; k < item->n_news && r >= 0; k++)
                        r = found(item->news[k]->breach, userdata);
                if (r >= 0 && item->repeat)
                        r = found(item->alert->repeat, userdata);
        }
        return MIN(r, 0);
}
