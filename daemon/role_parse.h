/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The parse role: the process that reads hostile bytes. It is this binary, started by pool.c with --role=parse. */

#include "daemon/role.h"

#define PARSE_SOCKET ROLE_SOCKET
/* Processor time of one message, one calendar event, one expansion. Real ones need milliseconds; RLIMIT_CPU counts whole
 * seconds, so that up to one more is given. SIGXCPU ends the role. */
#define PARSE_CPU_SECONDS 5U
/* What the parsers may allocate for one message, beside the message itself. */
#define PARSE_ARENA_MAX ((size_t) 256 * 1024 * 1024)

/* Prepares (zones, charsets, first use of each library), locks itself in, says so to the core (IPC_DONE with serial 0, status 0 or
 * why it cannot start), and then answers requests until the core closes the socket. Returns the exit status of the process. */
int role_parse(void);
