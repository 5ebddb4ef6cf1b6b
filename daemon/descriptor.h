/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <unistd.h>

/* Close what is open, once: -1 afterwards. */
static inline void close_fd(int *fd) {
        if (*fd >= 0)
                (void) close(*fd);
        *fd = -1;
}
