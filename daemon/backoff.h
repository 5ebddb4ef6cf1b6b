/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* How long to wait before trying again. The caller has the clock. */

#include "parsers/base.h"

struct backoff {
        uint64_t first_usec, most_usec; /* after one failure, and never longer than */
};

/* The wait after `failures` failures in a row: twice as long each time, up to the most, of which the second half is by chance (`random`: any
 * number), so that many machines cut off together do not come back together. 0 when nothing failed. */
uint64_t backoff_wait(const struct backoff *b, uint32_t failures, uint64_t random) _pure_;
/* A number for `random`; 0 where the kernel has none yet: then all wait the same, which harms no single machine. */
uint64_t random_number(void);
