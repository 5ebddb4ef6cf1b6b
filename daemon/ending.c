/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/ending.h"

#include <signal.h>

bool ending_asked(void) {
        sigset_t pending;
        return sigpending(&pending) == 0 && (sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1);
}
