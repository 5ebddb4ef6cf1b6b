/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Which messages belong to one conversation, by what they name: RFC 5256 section 3 (References), of which the rules need the
 * partition and not the tree. All identifiers that a message names, its own, In-Reply-To and References, are one conversation,
 * whether or not their messages were ever seen (the missing parents of the RFC); so loops, a message naming itself and references in the
 * wrong order mean nothing. Which identifiers are together does not depend on the order in which messages come. Subjects play no part
 * here: see conversation.h.
 *
 * Incremental, and linear in the identifiers named; remembers those of `age`, so memory follows the mail of that time. */

#include "parsers/limits.h"
#include "parsers/observation.h"
#include "rules/window.h"

struct threads {
        /* ids: identifier -> thread (even and never 0), the lowest bit tells a message seen from one only named.
         * aliases: thread -> the thread it was joined to. */
        struct window ids, aliases;
        bool has_aliases;
};

/* Begin with THREADS(age); a seen message or a join older than age (seconds; WINDOW_FOREVER) is not known any more. */
#define THREADS(age_)                                               \
        {                                                           \
                .ids = {.age = (age_)}, .aliases = {.age = (age_) } \
        }
void threads_done(struct threads *t);

/* The identifiers of one message, as keys: its own first, then from the one it answers back to the root. Filled in place. */
#define THREAD_NAMES_MAX (1U + 2U * REFERENCES_MAX)
struct thread_names {
        uint64_t keys[THREAD_NAMES_MAX];
        uint64_t root; /* the key the conversation is called after when it is new */
        uint32_t n;
};
/* `key` is message_key(). What lists hold beyond the parser's ceiling is left out. */
void thread_names_read(const struct message *m, uint64_t key, struct thread_names *ret);
/* Has the memory fetched that the calls below will look at. */
void threads_prefetch(const struct threads *t, const struct thread_names *names);

/* Was that message seen? */
bool threads_seen(const struct threads *t, uint64_t key, instant at) _pure_;
/* The conversation that a message or a name belongs to; 0: unknown. */
uint64_t threads_find(struct threads *t, uint64_t key, instant at);
/* What a conversation is called now. */
uint64_t threads_resolve(struct threads *t, uint64_t thread, instant at);
/* What it would be called if none of its identifiers were known. */
uint64_t thread_of_root(uint64_t root);

/* The conversation of the names that are known; several become one. It keeps the name of the one that `keeps` (may be NULL) tells to, else of
 * the one whose name is known longer. 1: *ret filled, 0: none is known, -ENOMEM. */
typedef bool (*thread_keeps)(uint64_t thread, void *userdata);
int threads_join(struct threads *t, const struct thread_names *names, instant at, thread_keeps keeps, void *userdata,
                 uint64_t *ret) _must_check_;
/* All names belong to that conversation from here on, as far as they do not belong to one; the first was seen. After threads_join(). 0, -ENOMEM. */
int threads_add(struct threads *t, const struct thread_names *names, instant at, uint64_t thread) _must_check_;
/* One more name for a message seen. 0, -ENOMEM. */
int threads_add_seen(struct threads *t, uint64_t key, instant at, uint64_t thread) _must_check_;
