/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Who is who in a message, and when it counts. */

#include "parsers/observation.h"
#include "rules/domain.h"
#include "rules/settings.h"

/* Who wrote: From, else Sender, and never who only resent it (RFC 5322 section 3.6.6) or sent it on behalf of the author
 * (Sender). Names decide nothing: anybody can call himself "jean@dupont.example".
 *
 * Where a list had to put itself into From ("Jean Dupont via Projet", for DMARC), the author is whom X-Original-From or
 * X-Original-Sender names, or Reply-To or Cc under the name that stands before "via". That is believed only of a list that is at
 * home where From is: the organisation of List-Id, or the list's own address. A relay that hides addresses is believed
 * what it says of the sender. Whoever else writes "via" is the one who wrote: a service that has a client's name on its
 * notices is not the client. NULL when nobody is named at all. */
const struct address *message_author(const struct message *m);

/* Must somebody else vouch that message_author() wrote it? The owner's server found that the domain in From does not (DMARC failed), or that
 * only From's does, which is a list that says who wrote: anybody can set up a list. Programs that tell of an absence or a bounce only
 * excuse, and are believed. Where no server told anything nobody is asked. */
bool message_in_doubt(const struct message *m);

/* Who sent it on behalf of the author: Sender, when it is another address, no program's and no list's. NULL. */
const struct address *message_delegate(const struct message *m);
/* Who handed it on to somebody it was not written to: the newest Resent-From. NULL. */
const struct address *message_resender(const struct message *m);

/* An address of the envelope as it was before a forwarder rewrote it: "SRS0=hash=day=dupont.example=jean@forwarder" and its
 * SRS1 form are jean@dupont.example. Only for addresses that servers wrote (Delivered-To ...): in From it would be
 * anybody's word. Copies into ret; false, and nothing is copied, when it is no such address. */
#define SRS_SIZE (ADDRESS_MAX + 1)
bool srs_original(const char *email, char ret[static SRS_SIZE]);

enum side { SIDE_NOBODY, SIDE_OWNER, SIDE_CLIENT };

struct person {
        enum side side;
        const struct client *client; /* SIDE_CLIENT */
};

/* Answers "whose address is this" for a million messages: the settings are asked once for each address as long as it
 * stays in the table, which is of fixed size and so does not grow with a mailbox full of strangers. */
struct people;

int people_new(const struct settings *settings, struct people **ret) _must_check_;
struct people *people_free(struct people *p);
static inline void people_freep(struct people **p) {
        people_free(*p);
}
#define _cleanup_people_ _cleanup_(people_freep)

struct person people_find(struct people *p, const char *email);
/* The same where email_hash() is known. */
struct person people_find_hashed(struct people *p, const char *email, uint64_t hash);
/* How the owner got a message. */
enum addressed {
        ADDRESSED_TO = 0, /* in To; by a list; or by an address that To names and nobody declared */
        ADDRESSED_COPY,   /* in Cc */
        ADDRESSED_BLIND,  /* named in neither, and Delivered-To says that the owner got it: Bcc */
        ADDRESSED_RESENT, /* written to others, and handed on by one of them */
        _ADDRESSED_MAX,
};
enum addressed people_addressed(struct people *p, const struct message *m);

/* The same as message_is_from_owner(), through the table. */
bool people_is_from_owner(struct people *p, const struct message *m);

/* FNV-1a over a string without regard to ASCII case: for addresses. */
uint64_t email_hash(const char *email) _pure_;
bool email_eq(const char *a, const char *b) _pure_;
