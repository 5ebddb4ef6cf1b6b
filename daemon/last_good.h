/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The owner's files as they were when they last had no fault, kept beside the store: a service that starts over a mistyped rule goes on with them instead of
 * ending. Shipped rules are not among them: they may be newer. */

#include "daemon/context.h"

/* Its name in the folder of the state: one JSON array of {path, text}, in the order of loading. */
#define LAST_GOOD_FILE "last-good.json"

/* Keeps those of the files that are the owner's, in the place of those kept before. 0 or negative errno; what was there stays then. */
int last_good_keep(const char *state, const struct loaded_file *files, size_t n) _must_check_;
/* *ret is an array for last_good_free(). -ENOENT: none are kept; -EBADMSG: the file is not what it should be; other negative errno. */
int last_good_recall(const char *state, struct loaded_file **ret, size_t *ret_n) _must_check_;
void last_good_free(struct loaded_file *files, size_t n);
