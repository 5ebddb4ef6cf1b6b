/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Conversations: which messages belong together, whose turn it is, and what of a client's past a message is judged by.
 * Fed in time order; remembers a window of time, never the whole mailbox. */

#include "parsers/observation.h"
#include "rules/settings.h"
#include "rules/thread.h"

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

/* People of one message by whom a subject is found again. */
#define CONVERSATION_PEOPLE_MAX 4U

/* One message in its turn. `clients` are whom it came from (one) or goes to. */
struct conversation_message {
        const struct message *message;
        instant at;
        uint64_t key; /* message_key() */
        bool from_owner;
        const struct client *const *clients;
        uint32_t n_clients;
        /* email_hash() of people of these clients who wrote it or got it; not all need be here. */
        uint64_t people[CONVERSATION_PEOPLE_MAX];
        uint32_t n_people;
        uint64_t copy_key, subject_key; /* by conversations_prepare(), as what follows; 0: none */
        struct thread_names names;
};

/* Works out the keys, and has the memory they lead to fetched: what is done before conversations_add() hides the wait. */
void conversations_prepare(const struct conversations *c, struct conversation_message *m);

/* Does it come a second time: the same message, or the owner's own once more under a Message-ID that a server gave it?
 * Otherwise *ret_thread names its conversation, and the message is remembered. After conversations_prepare(). 1: again,
 * 0: new, -ENOMEM. */
int conversations_add(struct conversations *c, const struct conversation_message *m, uint64_t *ret_thread) _must_check_;

/* A message that concerns no client, of a third party or to one: when it names a message that is known it belongs there, so that answers to it do
 * too. After conversations_prepare(). 1: *ret_thread filled, 0: it names nothing known, or was seen, -ENOMEM. */
int conversations_pass(struct conversations *c, const struct conversation_message *m, uint64_t *ret_thread) _must_check_;

/* A question that was answered, told in a conversation that the answer's fact does not name. */
struct conversation_settled {
        const struct client *client;
        uint64_t thread; /* of the question's fact */
        instant asked_at;
};
#define CONVERSATION_SETTLED_MAX 16U

/* A message in the name of a client, or of the owner, whose domain does not vouch for it (DMARC failed) may be a forgery, or the mail of
 * a domain that was set up badly, or came by a forwarder. Who names a message that is known had it: identifiers cannot be guessed. What
 * such a message came from is remembered, and vouches for later ones in the same name. After conversations_prepare(), before
 * conversations_add(). 1: somebody vouches for it, 0: nobody does, -ENOMEM. */
int conversations_vouch(struct conversations *c, const struct conversation_message *m) _must_check_;
/* The owner wrote to nobody of a client: to a list, a third party. Who names it had it, all the same. 0, -ENOMEM. */
int conversations_note_own(struct conversations *c, uint64_t key, instant at) _must_check_;
/* Nobody vouches for that message. 1: it came before, 0: the first time, -ENOMEM. */
int conversations_note_doubted(struct conversations *c, uint64_t key, instant at) _must_check_;
/* Where a message of a client would belong that nobody vouches for: by subject, else by the question that it may answer. 0: nowhere. */
uint64_t conversations_place(struct conversations *c, const struct conversation_message *m);
/* Its questions are answered, as far as anybody can tell: all that wait there are told. Returns how many of *ret are filled. */
uint32_t conversations_excused(struct conversations *c, uint64_t thread, const struct client *client, instant at,
                               struct conversation_settled ret[static CONVERSATION_SETTLED_MAX]);

/* Does it ask these people for something? Thanks do not, a forward without a word does not, and an invitation asks by its
 * own buttons, whose answer is no mail of a person. */
bool message_asks(const struct message *m) _pure_;
/* Is there nothing left to wait for? They spoke about it, the answer is an invitation, or the question never arrived. */
bool message_settles(const struct message *m) _pure_;

/* Whose turn it is to write. */
enum turn { TURN_NOBODY, TURN_OWNER, TURN_CLIENT };

/* A message as the turns see it. */
struct conversation_turn {
        instant at;
        bool from_owner;
        bool person;  /* a person wrote it */
        bool opens;   /* it may be answered (thanks are not) */
        bool asks;    /* it asks the other side for something */
        bool settles; /* nothing is to be waited for any more */
        /* found: */
        enum turn turn;        /* after it */
        bool pending;          /* the same side wrote before and heard nothing */
        int64_t response_time; /* seconds since the first message of the other side that was not answered; -1 */
};
/* Call once for each client of a message, in order. 0, -ENOMEM. */
int conversations_turn(struct conversations *c, uint64_t thread, const struct client *client,
                       struct conversation_turn *m) _must_check_;

/* The owner asked that client for something: until the client writes in this conversation, a fresh message about the same
 * is its answer. */
void conversations_asked(struct conversations *c, uint64_t thread, const struct client *client,
                         const struct conversation_message *m);
/* Has the owner asked that client in this conversation and heard nothing? */
bool conversations_waits(struct conversations *c, uint64_t thread, const struct client *client, instant at);
/* The only client whom the owner asked the question that this message answers by its references; NULL. The question went to nobody else, so whoever
 * answers it had it from the client. */
const struct client *conversations_expects(struct conversations *c, const struct message *m, instant at);

/* The client wrote there: nothing waits any more. Returns how many of *ret are filled: questions asked in a conversation that only became this
 * one later. */
uint32_t conversations_answered(struct conversations *c, uint64_t thread, const struct client *client, instant at,
                                struct conversation_settled ret[static CONVERSATION_SETTLED_MAX]);
/* Somebody else answered, with the client in copy: of `author_client` (may be NULL), address hash `author`. Where that one was asked by the same
 * message, it is answered for the client too. Before conversations_answered() for the author's client. Returns as above, all that
 * were answered. */
uint32_t conversations_answered_for(struct conversations *c, uint64_t thread, const struct client *client,
                                    const struct client *author_client, uint64_t author, instant at,
                                    struct conversation_settled ret[static CONVERSATION_SETTLED_MAX]);

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
