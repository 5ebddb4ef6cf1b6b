/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Conversations: which messages belong together, whose turn it is, and what of a client's past a message is judged by.
 * Fed in time order; remembers a window of time, never the whole mailbox. */

#include "parsers/observation.h"
#include "rules/settings.h"

#define DAY_SECONDS INT64_C(86400)
/* A conversation that slept longer than this begins anew, and a copy of a message that comes later is not known for a
 * copy. */
#define CONVERSATION_WINDOW (200 * DAY_SECONDS)
/* Without References, the same subject joins for so long ("Question" in March is another one in June). */
#define CONVERSATION_SUBJECT_WINDOW (30 * DAY_SECONDS)

/* Words of a subject or summary that tell what it is about: four letters or more, no everyday word of English, French,
 * German or Dutch. */
#define SUBJECT_WORDS_MAX 8U
struct subject_words {
        uint32_t hashes[SUBJECT_WORDS_MAX];
        uint32_t n;
};
/* `folded` went through utf8_fold(); may be NULL. */
void subject_words(const char *folded, struct subject_words *ret);
bool subject_words_share(const struct subject_words *a, const struct subject_words *b) _pure_;
/* Does one of them hold all words of the other? */
bool subject_words_within(const struct subject_words *a, const struct subject_words *b) _pure_;

uint64_t hash_mix(uint64_t a, uint64_t b);
uint64_t hash_string(const char *s) _pure_;

struct conversations;

int conversations_new(const struct settings *settings, struct conversations **ret) _must_check_;
struct conversations *conversations_free(struct conversations *c);
static inline void conversations_freep(struct conversations **c) {
        conversations_free(*c);
}
#define _cleanup_conversations_ _cleanup_(conversations_freep)

/* One message in its turn. `clients` are whom it came from (one) or goes to. */
struct conversation_message {
        const struct message *message;
        instant at;
        uint64_t key; /* message_key() */
        bool from_owner;
        const struct client *const *clients;
        uint32_t n_clients;
        uint64_t copy_key, parent_key, subject_key; /* by conversations_prepare(); 0: none */
};

/* Works out the keys, and has the memory they lead to fetched: what is done before conversations_add() hides the wait. */
void conversations_prepare(const struct conversations *c, struct conversation_message *m);

/* Does it come a second time: the same message, or the owner's own once more under a Message-ID that a server gave it?
 * Otherwise *ret_thread names its conversation, and the message is remembered. After conversations_prepare(). 1: again,
 * 0: new, -ENOMEM. */
int conversations_add(struct conversations *c, const struct conversation_message *m, uint64_t *ret_thread) _must_check_;

/* The turn: seconds since the first message of the other side that still waits in this conversation with that client, -1
 * when none waits. Call once for each client of a message a person wrote. `opens`: it wants an answer itself (thanks do
 * not). */
int conversations_turn(struct conversations *c, uint64_t thread, const struct client *client, bool from_owner, bool opens,
                       instant at, int64_t *ret_response_time) _must_check_;

/* Did the same side write in this conversation, and wait since? Ask before conversations_turn(). */
bool conversations_pending(const struct conversations *c, uint64_t thread, const struct client *client, bool from_owner,
                           instant at) _pure_;

/* The owner asked that client for something: until the client writes in this conversation, a fresh message about the same
 * is its answer. */
void conversations_asked(struct conversations *c, uint64_t thread, const struct client *client, const struct message *m,
                         instant at);
/* Has the owner asked that client in this conversation and heard nothing? */
bool conversations_waits(const struct conversations *c, uint64_t thread, const struct client *client, instant at) _pure_;
/* The only client whom the owner asked the question that this message answers by its references; NULL. The question went to nobody else, so whoever
 * answers it had it from the client. */
const struct client *conversations_expects(const struct conversations *c, const struct message *m, instant at) _pure_;
void conversations_answered(struct conversations *c, uint64_t thread, const struct client *client);

/* The owner wrote to the client outside working time. */
void conversations_note_outside(struct conversations *c, const struct client *client, instant at);
/* Did the owner do so within CONVERSATION_INVITED before? */
#define CONVERSATION_INVITED INT64_C(43200)
bool conversations_invited(const struct conversations *c, const struct client *client, instant at) _pure_;

/* A message of the client shows its clock: `offset` is that of its Date. */
void conversations_vote(struct conversations *c, const struct client *client, instant sent_at, int32_t offset);
/* The client's offset east of UTC at an instant, by the messages of the past CONVERSATION_VOTE_WINDOW: what most of them
 * show. -ENOENT when fewer than CONVERSATION_VOTES_MIN tell or they disagree. */
#define CONVERSATION_VOTE_WINDOW (90 * DAY_SECONDS)
#define CONVERSATION_VOTES_MIN 5U
int conversations_offset(struct conversations *c, const struct client *client, instant at, int32_t *ret);
