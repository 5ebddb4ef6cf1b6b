/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/window.h"

#define INDEX_BITS_FIRST 10U
/* As many look-ups as memory answers at a time. */
#define INDEX_AHEAD 16U
#define INDEX_KEY (UINT64_MAX << 32)

/* Keys are hashes; but thread ids end in 0, so the upper bits of a product tell where to look. */
static size_t index_home(const struct window *w, uint64_t key) {
        return (size_t) (key * UINT64_C(0x9e3779b97f4a7c15) >> (64 - w->bits));
}

void window_prefetch(const struct window *w, uint64_t key) {
        if (w->n > 0)
                __builtin_prefetch(&w->index[index_home(w, key)]);
}

/* The slot of that key, or NULL and where the index is free for it. */
static struct window_slot *window_look(const struct window *w, uint64_t key, size_t *ret_free) {
        size_t mask = ((size_t) 1 << w->bits) - 1, i = index_home(w, key);
        for (; w->index[i] != 0; i = (i + 1) & mask) {
                if (((w->index[i] ^ key << 32) & INDEX_KEY) != 0)
                        continue;
                struct window_slot *slot = &w->items[(uint32_t) w->index[i] - 1];
                if (slot->key == key)
                        return slot;
        }
        *ret_free = i;
        return NULL;
}

static void window_forget(struct window *w, instant before) {
        size_t n = 0;
        for (size_t i = 0; i < w->n; i++)
                if (w->items[i].at >= before)
                        w->items[n++] = w->items[i];
        w->n = n;
}

/* Steps of a third and a half, in turn: with all room taken, nine or twelve sixteenths of the index are. */
static int window_grow(struct window *w) {
        bool wider = w->room != (size_t) 9 << w->bits >> 4;
        unsigned bits = w->bits == 0 ? INDEX_BITS_FIRST : w->bits + wider;
        size_t room = (size_t) (wider ? 9 : 12) << bits >> 4;
        if (bits > 32)
                return -ENOMEM;
        struct window_slot *items = reallocarray(w->items, room, sizeof(*items));
        if (!items)
                return -ENOMEM;
        w->items = items;
        w->room = room;
        if (bits == w->bits)
                return 0;
        uint64_t *index = malloc(sizeof(*index) << bits);
        if (!index)
                return -ENOMEM;
        free(w->index);
        w->index = index;
        w->bits = bits;
        return 0;
}

static void window_reindex(struct window *w) {
        memset(w->index, 0, sizeof(*w->index) << w->bits);
        for (size_t i = 0; i < w->n; i++) {
                size_t at;
                window_prefetch(w, w->items[MIN(i + INDEX_AHEAD, w->n - 1)].key);
                (void) window_look(w, w->items[i].key, &at);
                w->index[at] = w->items[i].key << 32 | (i + 1);
        }
}

/* Forgetting looks at all, so it must free a quarter, or the table grows. */
static int window_make_room(struct window *w, instant at) {
        window_forget(w, at - w->age);
        int r = 4 * w->n < 3 * w->room ? 0 : window_grow(w);
        if (w->index)
                window_reindex(w);
        return r;
}

struct window_slot *window_find(const struct window *w, uint64_t key, instant at) {
        size_t at_index;
        struct window_slot *slot = w->n > 0 ? window_look(w, key, &at_index) : NULL;
        return slot && slot->at >= at - w->age ? slot : NULL;
}

int window_put(struct window *w, uint64_t key, uint64_t word, instant at) {
        size_t at_index = 0;
        struct window_slot *slot = w->n > 0 ? window_look(w, key, &at_index) : NULL;
        if (!slot && w->n == w->room) {
                int r = window_make_room(w, at);
                if (r < 0)
                        return r;
                (void) window_look(w, key, &at_index);
        }
        if (!slot) {
                slot = &w->items[w->n++];
                w->index[at_index] = key << 32 | w->n;
        }
        *slot = (struct window_slot){.key = key, .word = word, .at = at};
        return 0;
}

void window_done(struct window *w) {
        free(w->items);
        free(w->index);
        *w = (struct window){.age = w->age};
}
