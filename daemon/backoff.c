/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/backoff.h"

#include <sys/random.h>

uint64_t backoff_wait(const struct backoff *b, uint32_t failures, uint64_t random) {
        if (failures == 0)
                return 0;
        uint64_t wait = MIN(b->first_usec, b->most_usec);
        for (uint32_t i = 1; i < failures && wait < b->most_usec; i++)
                wait = wait > b->most_usec / 2 ? b->most_usec : wait * 2;
        uint64_t half = wait / 2;
        return wait - half + random % (half + 1);
}

uint64_t random_number(void) {
        uint64_t random = 0;
        (void) !getrandom(&random, sizeof(random), GRND_NONBLOCK);
        return random;
}
