/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/thread.h"

#include "rules/conversation.h"

/* Thread ids leave the lowest bit to the table of identifiers. */
#define SEEN UINT64_C(1)

uint64_t thread_of_root(uint64_t root) {
        uint64_t id = hash_mix(root, UINT64_C(0x7468726561640001)) & ~SEEN;
        return id != 0 ? id : 2;
}

void threads_done(struct threads *t) {
        window_done(&t->ids);
        window_done(&t->aliases);
}

void thread_names_read(const struct message *m, uint64_t key, struct thread_names *ret) {
        const struct text_list *references = &m->references, *in_reply_to = &m->in_reply_to;
        uint32_t n = 0;
        ret->keys[n++] = key;
        for (uint32_t i = 0; i < MIN(in_reply_to->n, REFERENCES_MAX); i++)
                ret->keys[n++] = message_id_key(in_reply_to->items[i]);
        for (uint32_t i = 0; i < MIN(references->n, REFERENCES_MAX); i++)
                ret->keys[n++] = message_id_key(references->items[references->n - 1 - i]);
        ret->n = n;
        ret->root = references->n > 0 ? message_id_key(references->items[0]) : n > 1 ? ret->keys[1] : key;
}

void threads_prefetch(const struct threads *t, const struct thread_names *names) {
        for (uint32_t i = 0; i < names->n; i++)
                window_prefetch(&t->ids, names->keys[i]);
}

/* Joins point from the thread that lost its name to one that had a name then, so they form a forest and a walk along them ends.
 * The way walked is made short, and kept alive with what led to it. */
uint64_t threads_resolve(struct threads *t, uint64_t thread, instant at) {
        struct window_slot *slot;
        uint64_t root = thread;
        if (!t->has_aliases)
                return thread;
        while ((slot = window_find(&t->aliases, root, at)))
                root = slot->word;
        while (thread != root) {
                slot = window_find(&t->aliases, thread, at);
                thread = slot->word;
                slot->word = root;
                slot->at = at;
        }
        return root;
}

bool threads_seen(const struct threads *t, uint64_t key, instant at) {
        const struct window_slot *slot = window_find(&t->ids, key, at);
        return slot && (slot->word & SEEN);
}

uint64_t threads_find(struct threads *t, uint64_t key, instant at) {
        const struct window_slot *slot = window_find(&t->ids, key, at);
        return slot ? threads_resolve(t, slot->word & ~SEEN, at) : 0;
}

struct candidate {
        uint64_t thread;
        instant since;
        bool keeps;
};

static bool is_better(const struct candidate *a, const struct candidate *b) {
        if (a->keeps != b->keeps)
                return a->keeps;
        return a->since != b->since ? a->since < b->since : a->thread < b->thread;
}

int threads_join(struct threads *t, const struct thread_names *names, instant at, thread_keeps keeps, void *userdata,
                 uint64_t *ret) {
        struct candidate best = {0};
        for (uint32_t i = 0; i < names->n; i++) {
                const struct window_slot *slot = window_find(&t->ids, names->keys[i], at);
                if (!slot)
                        continue;
                struct candidate c = {.thread = threads_resolve(t, slot->word & ~SEEN, at), .since = slot->at};
                if (best.thread == 0 || best.thread == c.thread) {
                        best.since = best.thread == 0 ? c.since : MIN(best.since, c.since);
                        best.thread = c.thread;
                        continue;
                }
                best.keeps = keeps && keeps(best.thread, userdata);
                c.keeps = keeps && keeps(c.thread, userdata);
                bool changes = is_better(&c, &best);
                const struct candidate *from = changes ? &best : &c, *to = changes ? &c : &best;
                int r = window_put(&t->aliases, from->thread, to->thread, at);
                if (r < 0)
                        return r;
                t->has_aliases = true;
                best = *to;
        }
        if (best.thread == 0)
                return 0;
        *ret = best.thread;
        return 1;
}

int threads_add_seen(struct threads *t, uint64_t key, instant at, uint64_t thread) {
        return window_put(&t->ids, key, thread | SEEN, at);
}

int threads_add(struct threads *t, const struct thread_names *names, instant at, uint64_t thread) {
        int r = threads_add_seen(t, names->keys[0], at, thread);
        for (uint32_t i = 1; i < names->n && r >= 0; i++)
                if (!window_find(&t->ids, names->keys[i], at))
                        r = window_put(&t->ids, names->keys[i], thread, at);
        return r;
}
