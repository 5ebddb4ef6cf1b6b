/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The last step before the parse role reads its first hostile byte. */

#include "parsers/base.h"

/* Address space of the parse role: libical's ICU maps 30 MB, the largest calendar and its copy must fit. */
#define PARSE_ADDRESS_SPACE_MAX (UINT64_C(768) * 1024 * 1024)

/* The first thing a role does, before it is given mail or a secret: what it holds is in no core file. */
void sandbox_leave_no_core(void);
/* The same for the core, through which mail and, for a moment, secrets pass: no core file, but whoever runs it may look in, as /proc/self needs. */
void sandbox_limit_core(void);

/* Resource limits (AS, CORE 0, FSIZE 0, NPROC 0, NOFILE), no_new_privs, Landlock with an empty rule set where the kernel has it, and
 * a seccomp allow-list that kills by default (openat gives EACCES, since iconv tries). Everything needed must be open and warm.
 * 0 or a negative errno: the caller must then not go on. With sanitizers built in, RLIMIT_AS and seccomp are left out. */
int sandbox_parse(void) _must_check_;

/* What a role with a network may still read or map: a message or a calendar in memory, TLS, the resolver. */
#define NETWORK_ADDRESS_SPACE_MAX (UINT64_C(1024) * 1024 * 1024)
#define NETWORK_FILES_MAX 256U
/* The server's own, and those it may lead to. */
#define NETWORK_PORTS_MAX 8U

/* The last step of a role that talks to a server, before it connects. Everything of its own must have been read: certificates, its orders. Afterwards it
 * starts no program, writes no file, reads only what the resolver and the C library need (Landlock, where the kernel has it), connects over TCP to `ports` and
 * the resolver's alone (Landlock 4 and later), and gains no privileges. Files that the resolver reads are bound as they are now: a role whose network
 * changed ends and is started again. Threads are allowed (libcurl resolves names in one). 0 or a negative errno: the caller must then not go on. With
 * sanitizers built in, Landlock and seccomp are left out. */
int sandbox_network(const uint16_t *ports, size_t n_ports) _must_check_;
