/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The only place that asks what time it is. `--now` sets it; everything else gets the value handed in. */

#include <time.h>

#include "parsers/base.h"

struct clock {
        bool fixed;
        instant now; /* when fixed */
};

instant clock_now(const struct clock *c);
/* Nanoseconds since some moment, never backwards: for pace and patience only. What is decided about mail never comes from here. */
int64_t clock_monotonic_ns(void);
/* The same, which runs on while the machine sleeps, and began with its start. */
int64_t clock_boottime_ns(void);
/* The kernel's name for the clock that is read when none is fixed: for timers that wait for an instant. */
#define CLOCK_OF_INSTANTS CLOCK_REALTIME
