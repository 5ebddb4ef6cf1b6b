/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The fold: observations in, facts out, in the order of the facts' times. Pure: what it needs of the world comes as arguments, and the
 * order in which observations were stored does not matter. */

#include "parsers/observation.h"
#include "rules/fact.h"
#include "rules/settings.h"

/* An observation with what the store knows of it. */
struct stored_observation {
        int64_t id;         /* row of the store; only for finding it again, never for deciding */
        uint64_t digest;    /* first 8 bytes of observation_digest(): breaks ties in time */
        const char *source; /* name of the source it was first seen in */
        const struct observation *observation;
        const struct moment *
                occurrences; /* of a recurring event: its instances as far as they were expanded, in order; EVENT, or the one
                                           * recurring event of an iMIP message */
        uint32_t n_occurrences;
};

/* Where observations come from. Each walk gives what was asked for, each observation valid until the next call.
 * CALENDAR: every EVENT and EVENT_GONE, and every MESSAGE that carries calendar parts or has cancellation_because, in any order.
 * MESSAGES: every MESSAGE, by message_time(), ties by digest. Texts need only be present when `texts` was asked for. */
enum observation_walk { WALK_CALENDAR, WALK_MESSAGES };
struct observation_feed {
        int (*start)(void *userdata, enum observation_walk walk, bool texts);
        int (*next)(void *userdata, struct stored_observation *ret); /* 1: *ret filled, 0: end, negative errno */
        void *userdata;
};

/* The time a message counts as: for the owner's own messages Date; for others the newest Received, else the internal date unless it
 * contradicts Date (before it by over a day or after it by over a week: a copied mailbox), else Date, else seen_at. */
instant message_time(const struct observation *o, bool from_owner);
/* Did the owner write it, from any address, or send it on behalf of its author? */
bool message_is_from_owner(const struct message *m, const struct settings *s);

struct fold_options {
        instant now; /* nothing later than this becomes a fact */
        bool texts;  /* facts carry `text` (rules that look into it, or `adieu facts`) */
};

/* Called in the order of fact->at (ties: by key); the fact and its strings are valid during the call. Negative: stop, returned. */
typedef int (*fact_found)(const struct fact *fact, void *userdata);

int fold(const struct observation_feed *feed, const struct settings *settings, const struct fold_options *options,
         fact_found found, void *userdata) _must_check_;
