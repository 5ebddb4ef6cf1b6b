/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What is not here yet though nobody says so. Pure: the caller has the clock. */

/* After a lull. Mailboxes of this machine are filled by another program (mbsync, fetchmail). When the machine slept, or the service was off, they are
 * read at once afterwards, and that program has not been to the server yet: what was answered meanwhile is nowhere here. So for a while they count
 * as read only up to the lull, and nobody is blamed for silence. */

#include "parsers/base.h"
#include "parsers/civil.h"

/* Mailboxes are looked at every quarter of an hour at the least: who was not for so long was not looked at all. */
#define LULL_SECONDS (INT64_C(30) * 60)
/* Who fetches mail now and then has done so by then. */
#define LULL_FETCH_SECONDS (INT64_C(30) * 60)

struct lull {
        instant since; /* what came later may still be on the server; INSTANT_UNKNOWN: all is here. Set it so at first */
        instant until; /* taken to be here from then on */
        bool recalled; /* the caller's: it was looked up what the service before this one knew */
};

/* Before local mailboxes are read at `now`. read_at: when all of them were last read whole; INSTANT_UNKNOWN: one never was, which tells nothing of a
 * lull. A clock that went back ends a lull that it would make longer. */
void lull_look(struct lull *l, instant read_at, instant now);

/* The same for who looks now and then: the last look tells nothing, but what the machine did since does. */
struct wakefulness {
        int64_t boot;   /* a number of the start of the system */
        int64_t asleep; /* seconds that it slept since then, in all */
        int64_t up;     /* seconds since then */
};
/* A nap during which no mail was missed that a moment's wait would not bring. */
#define SLEEP_SECONDS 60
/* Did the machine sleep since `before`, so that mail may not have been fetched yet? When it woke is not known; one that was started since tells when that was. */
bool slept_since(const struct wakefulness *before, const struct wakefulness *now) _pure_;

/* Accounts that catch up. One folder comes after the other: the cancellation before the mail in which the owner asked for it, the answer at night before the
 * question at night. So nothing is told while an account is read that was not read before, or not for a while; but its server may be gone for good. */

/* For an account whose first reading does not come to its end. */
#define FIRST_READING_SECONDS (INT64_C(24) * 3600)
/* An account that was not read whole for so long has more to tell than what comes while it is listened to: what belongs together comes together then. */
#define BEHIND_SECONDS (INT64_C(30) * 60)
/* For accounts that are behind, since that was noticed, and since one of them began to give what it has. */
#define CATCH_UP_NS (10 * 60 * INT64_C(1000000000))

struct catch_up {
        int64_t since_ns; /* monotonic: when it was noticed; 0: none is behind */
};

/* After a pass at `now_ns`. behind: some account is, and its reading has not come to its end; given_ns: since when the newest of them gives what it has; 0: none
 * does. True: nothing is to be told. */
bool catch_up_holds(struct catch_up *c, bool behind, int64_t given_ns, int64_t now_ns);
