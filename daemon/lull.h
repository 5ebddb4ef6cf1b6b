/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* After a lull. Mailboxes of this machine are filled by another program (mbsync, fetchmail). When the machine slept, or the service was off, they are
 * read at once afterwards, and that program has not been to the server yet: what was answered meanwhile is nowhere here. So for a while they count
 * as read only up to the lull, and nobody is blamed for silence. Pure: the caller has the clock. */

#include "parsers/base.h"
#include "parsers/civil.h"

/* Mailboxes are looked at every quarter of an hour at the least: who was not for so long was not looked at all. */
#define LULL_SECONDS (INT64_C(30) * 60)
/* Who fetches mail now and then has done so by then. */
#define LULL_FETCH_SECONDS (INT64_C(30) * 60)

struct lull {
        instant since; /* what came later may still be on the server; INSTANT_UNKNOWN: all is here. Set it so at first */
        instant until; /* taken to be here from then on */
};

/* Before local mailboxes are read at `now`. read_at: when all of them were last read whole; INSTANT_UNKNOWN: one never was, which tells nothing of a
 * lull. A clock that went back ends a lull that it would make longer. */
void lull_look(struct lull *l, instant read_at, instant now);
