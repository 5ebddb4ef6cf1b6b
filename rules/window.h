/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A hash table that forgets: what was put longer ago than `age` is not found any more, and makes room when room is needed. So memory
 * follows the mail of that time, and what is remembered of one message does not depend on which other messages there are. */

#include "parsers/base.h"

struct window_slot {
        uint64_t key;
        uint64_t word;
        instant at;
};

/* An age that never comes: nothing is forgotten. */
#define WINDOW_FOREVER (INT64_MAX / 4)

/* Begin with {.age = seconds}; slots lie in the order they were filled, since mail is about the mail just before it, and only the small index is
 * hit at random. */
struct window {
        struct window_slot *items; /* owned */
        uint64_t *index; /* owned; open addressing: half of the key above, the number of the slot from 1 below; 0: free */
        size_t n, room;
        unsigned bits; /* of the index's size */
        int64_t age;
};

void window_done(struct window *w);

/* A million messages wait for memory more than for anything else: ask for what will be looked at, all at once. */
void window_prefetch(const struct window *w, uint64_t key);
/* What is young enough at that time; NULL. Word and time may be changed in place; valid until the next window_put(). */
struct window_slot *window_find(const struct window *w, uint64_t key, instant at);
/* Keep a word under a key (a hash, not 0), instead of what was there. 0, -ENOMEM. */
int window_put(struct window *w, uint64_t key, uint64_t word, instant at) _must_check_;
