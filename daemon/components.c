/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/components.h"

#include <ctype.h>
#include <stdio.h>
#include <unistd.h>

/* Bytes at the end of a file in which END:VCALENDAR must be. */
#define CALENDAR_TAIL 256

struct known_component {
        char *uid; /* owned */
        struct moment recurrence_id;
        uint8_t digest[OBSERVATION_DIGEST_SIZE];
        bool seen;
};

static int compare_component(const char *uid, const struct moment *id, const struct known_component *k) {
        int c = strcmp(uid, k->uid);
        if (c == 0)
                c = (id->form > k->recurrence_id.form) - (id->form < k->recurrence_id.form);
        if (c == 0 && id->form != MOMENT_NONE)
                c = (id->at > k->recurrence_id.at) - (id->at < k->recurrence_id.at);
        return c;
}

static int compare_components(const void *a, const void *b) {
        const struct known_component *x = a;
        return compare_component(x->uid, &x->recurrence_id, b);
}

static struct known_component *find_component(const struct components *s, const struct event *e) {
        size_t low = 0, high = s->n;
        while (low < high) {
                size_t i = low + (high - low) / 2;
                int c = compare_component(e->uid, &e->recurrence_id, &s->known[i]);
                if (c == 0)
                        return &s->known[i];
                if (c < 0)
                        high = i;
                else
                        low = i + 1;
        }
        return NULL;
}

static int on_component(const struct store_component *c, void *userdata) {
        struct components *s = userdata;
        /* Grows by doubling: a power of two is full. */
        if ((s->n & (s->n - 1)) == 0) {
                struct known_component *p = realloc(s->known, (s->n ? s->n * 2 : 1) * sizeof(*p));
                if (!p)
                        return -ENOMEM;
                s->known = p;
        }
        struct known_component *k = &s->known[s->n];
        *k = (struct known_component){.uid = strdup(c->uid), .recurrence_id = c->recurrence_id};
        if (!k->uid)
                return -ENOMEM;
        memcpy(k->digest, c->digest, sizeof(k->digest));
        s->n++;
        return 0;
}

int components_load(struct reader *r, int64_t item, struct components *ret) {
        struct components s = {};
        int e = store_components(reader_store(r), item, on_component, &s);
        if (e < 0) {
                components_free(&s);
                return reader_fatal(r, e);
        }
        if (s.n > 0)
                qsort(s.known, s.n, sizeof(*s.known), compare_components);
        *ret = s;
        return 0;
}

void components_free(struct components *c) {
        for (size_t i = 0; i < c->n; i++)
                free(c->known[i].uid);
        free(c->known);
        *c = (struct components){};
}

int components_see(struct reader *r, struct components *s, int64_t item, const struct observation *o,
                   instant internal_date) {
        struct store_component c = {.item = item, .uid = o->event.uid, .recurrence_id = o->event.recurrence_id};
        int e = observation_digest(o, c.digest);
        if (e < 0)
                return reader_fatal(r, e);
        struct known_component *k = find_component(s, &o->event);
        if (k)
                k->seen = true;
        if (k && memcmp(k->digest, c.digest, sizeof(c.digest)) == 0)
                return 0;
        if ((e = reader_observe(r, o, internal_date)) < 0)
                return e;
        if (k)
                memcpy(k->digest, c.digest, sizeof(c.digest));
        if ((e = store_component_put(reader_store(r), &c)) < 0)
                return reader_fatal(r, e);
        return reader_checkpoint(r);
}

/* --- what is gone --- */

void departures_free(struct departures *d) {
        for (size_t i = 0; i < d->n; i++)
                free(d->items[i].uid);
        free(d->items);
        *d = (struct departures){};
}

static int add(struct departures *d, int64_t item, const char *uid, const struct moment *id) {
        if (d->n == d->allocated) {
                size_t room = MAX(d->allocated * 2, (size_t) 16);
                struct departed *p = realloc(d->items, room * sizeof(*p));
                if (!p)
                        return -ENOMEM;
                d->items = p;
                d->allocated = room;
        }
        char *copy = strdup(uid);
        if (!copy)
                return -ENOMEM;
        d->items[d->n++] = (struct departed){item, copy, *id};
        return 0;
}

int departures_add(struct departures *d, int64_t item, const struct components *c) {
        int e = 0;
        for (size_t i = 0; i < c->n && e >= 0; i++)
                if (!c->known[i].seen)
                        e = add(d, item, c->known[i].uid, &c->known[i].recurrence_id);
        return e;
}

static int on_departed(const struct store_component *c, void *userdata) {
        return add(userdata, c->item, c->uid, &c->recurrence_id);
}

int departures_add_item(struct reader *r, struct departures *d, int64_t item) {
        int e = store_components(reader_store(r), item, on_departed, d);
        return e < 0 ? reader_fatal(r, e) : 0;
}

static int tell_departed(struct reader *r, const struct departed *m) {
        struct store *s = reader_store(r);
        int e = reader_write(r);
        if (e < 0)
                return e;
        int elsewhere = store_component_elsewhere(s, m->item, m->uid, &m->recurrence_id, reader_now(r));
        if (elsewhere < 0)
                return reader_fatal(r, elsewhere);
        if (!elsewhere) {
                const struct observation o = {
                        .kind = OBSERVATION_EVENT_GONE,
                        .event = {.uid = m->uid,
                                  .recurrence_id = m->recurrence_id,
                                  .dtstamp = INSTANT_UNKNOWN,
                                  .last_modified = INSTANT_UNKNOWN,
                                  .created = INSTANT_UNKNOWN},
                };
                if ((e = reader_observe(r, &o, INSTANT_UNKNOWN)) < 0)
                        return e;
        }
        e = store_component_delete(s, m->item, m->uid, &m->recurrence_id);
        return e < 0 ? reader_fatal(r, e) : 0;
}

int departures_tell(struct reader *r, const struct departures *d, size_t from) {
        int e = 0;
        for (size_t i = from; i < d->n && e >= 0; i++)
                e = tell_departed(r, &d->items[i]);
        return e;
}

/* --- states that wait --- */

void late_items_free(struct late_items *l) {
        for (size_t i = 0; i < l->n; i++) {
                free((char *) l->items[i].folder);
                free((char *) l->items[i].name);
        }
        free(l->items);
        *l = (struct late_items){};
}

int late_items_add(struct late_items *l, const struct store_item *item) {
        struct store_item *p = realloc(l->items, (l->n + 1) * sizeof(*p));
        if (!p)
                return -ENOMEM;
        l->items = p;
        p += l->n++;
        *p = *item;
        p->folder = strdup(item->folder);
        p->name = strdup(item->name);
        return p->folder && p->name ? 0 : -ENOMEM;
}

int late_items_put(struct reader *r, struct late_items *l) {
        int e = 0;
        for (size_t i = 0; i < l->n && e >= 0; i++)
                e = reader_item_put(r, &l->items[i], NULL);
        late_items_free(l);
        return e;
}

/* --- reading an item --- */

bool calendar_ends_properly(int fd, int64_t size) {
        char tail[CALENDAR_TAIL + 1];
        int64_t n = MIN(size, (int64_t) CALENDAR_TAIL);
        if (pread(fd, tail, (size_t) n, size - n) != n)
                return false;
        while (n > 0 && isspace((unsigned char) tail[n - 1]))
                n--;
        tail[n] = 0;
        return reader_has_suffix(tail, "END:VCALENDAR");
}

int calendar_tell_incomplete(struct reader *r, const char *path, int64_t size, const struct ipc_reply_header *reply,
                             bool cut_off) {
        if (reply->malformed == 0 && reply->truncated == 0 && !cut_off)
                return 0;
        char what[64];
        if (cut_off)
                (void) snprintf(what, sizeof(what), ", which is cut off");
        else
                (void) snprintf(what, sizeof(what), ", %u of its components", reply->malformed + reply->truncated);
        char item[1200];
        (void) snprintf(item, sizeof(item), "%s%s", path, what);
        struct unreadable why = {.reason = reply->malformed > 0 || cut_off ? UNREADABLE_MALFORMED : UNREADABLE_TOO_LARGE,
                                 .size = size};
        return reader_unreadable(r, &why, item, INSTANT_UNKNOWN);
}
