/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/clock.h"

#include <time.h>

instant clock_now(const struct clock *c) {
        if (c && c->fixed)
                return c->now;
        struct timespec t;
        /* CLOCK_REALTIME cannot fail with a valid pointer. */
        (void) clock_gettime(CLOCK_REALTIME, &t);
        return (instant) t.tv_sec;
}

int64_t clock_monotonic_ns(void) {
        struct timespec t;
        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t) t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t clock_boottime_ns(void) {
        struct timespec t;
        (void) clock_gettime(CLOCK_BOOTTIME, &t);
        return (int64_t) t.tv_sec * 1000000000 + t.tv_nsec;
}
