/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Who is who in a message, and when it counts. */

#include "parsers/observation.h"
#include "rules/settings.h"

/* Who wrote: From, else Sender. Where a list put itself into From ("Jean Dupont via Projet"), who Reply-To or Sender
 * names. NULL when nobody is named at all. */
const struct address *message_author(const struct message *m);

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
/* The same as message_is_from_owner(), through the table. */
bool people_is_from_owner(struct people *p, const struct message *m);

/* FNV-1a over a string without regard to ASCII case: for addresses. */
uint64_t email_hash(const char *email) _pure_;
bool email_eq(const char *a, const char *b) _pure_;
