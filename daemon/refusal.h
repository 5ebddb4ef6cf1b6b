/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Logins that a server refused, remembered from one run to the next: servers lock accounts after a handful of failures, and a timer that scans every quarter of
 * an hour would be that handful. */

#include "daemon/store.h"
#include "rules/remote.h"

/* By the clock of the machine, not by --now: it is the server's patience that counts. Kept in the batch at hand. */
int refusal_keep(struct store *s, int64_t source, const struct remote *r, int64_t seconds) _must_check_;
/* It logged in. */
int refusal_forget(struct store *s, int64_t source) _must_check_;
/* Is it too early for another try? 1, and *ret is when the next may be; 0: none was refused, or what it was refused for may have changed: how the account is
 * written down, or the file that holds its secret. (What a command answers is not looked at, and nothing is kept that comes of a secret.) */
int refusal_waits(struct store *s, int64_t source, const struct remote *r, instant *ret);
