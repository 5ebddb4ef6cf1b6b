/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Meetings: from invitations, calendars and plain words, told in any order and by several at once, to one history of each
 * meeting. */

#include "rules/fold.h"
#include "rules/people.h"

struct meetings;

/* Nothing known later than `now` counts. settings and people must outlive it. */
int meetings_new(const struct settings *settings, struct people *people, instant now, struct meetings **ret) _must_check_;
struct meetings *meetings_free(struct meetings *m);
static inline void meetings_freep(struct meetings **m) {
        meetings_free(*m);
}
#define _cleanup_meetings_ _cleanup_(meetings_freep)

/* One observation of WALK_CALENDAR; what is needed of it is copied. */
int meetings_add(struct meetings *m, const struct stored_observation *so) _must_check_;
/* Is there an invitation, or words that call off, of a client whose domain does not vouch for them? Then meetings_vouch() those that a
 * conversation vouches for, by the digest of their observations, before meetings_end(). The others are no deed of the client. */
bool meetings_doubted(const struct meetings *m) _pure_;
void meetings_vouch(struct meetings *m, uint64_t digest);
/* All were added: judge. */
int meetings_end(struct meetings *m) _must_check_;

/* After meetings_end(): the facts by time, then key. The strings live as long as `m`. */
size_t meetings_size(const struct meetings *m) _pure_;
void meetings_fact(const struct meetings *m, size_t i, struct fact *ret);
/* When the i-th fact happened, and its key; INSTANT_MAX past the end. */
instant meetings_at(const struct meetings *m, size_t i) _pure_;
uint64_t meetings_key(const struct meetings *m, size_t i) _pure_;
