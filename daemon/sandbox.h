/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The last step before the parse role reads its first hostile byte. */

#include "parsers/base.h"

/* Address space of the parse role: libical's ICU maps 30 MB, the largest calendar and its copy must fit. */
#define PARSE_ADDRESS_SPACE_MAX (UINT64_C(768) * 1024 * 1024)

/* Resource limits (AS, CORE 0, FSIZE 0, NPROC 0, NOFILE), no_new_privs, Landlock with an empty rule set where the kernel has it, and
 * a seccomp allow-list that kills by default (openat gives EACCES, since iconv tries). Everything needed must be open and warm.
 * 0 or a negative errno: the caller must then not go on. With sanitizers built in, RLIMIT_AS and seccomp are left out. */
int sandbox_parse(void) _must_check_;
