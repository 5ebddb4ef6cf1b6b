/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One service for one store: a file in the folder of the store that the service holds locked as long as it lives. */

#include <sys/types.h>

#include "parsers/base.h"

#define RUNNING_FILE "adieud.lock"

/* Makes the folder when it is not there (0700). 0 and a descriptor to be kept open; -EBUSY: another service has it, *ret_pid tells which (0: unknown);
 * other negative errno. The kernel lets go of it when the process ends, however it ends. */
int running_take(const char *folder, int *ret_fd, pid_t *ret_pid) _must_check_;
/* The process of the service that works on this store: its id, 0 when it does not tell, -ESRCH when none does, other negative errno. Takes no
 * lock, so that a service may start while it is asked for. */
pid_t running_find(const char *folder);
