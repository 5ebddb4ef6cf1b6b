/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Conversations of messages in files, by References and In-Reply-To alone: neither subjects nor clients, nor a window of time. */

#include "parsers/observation.h"
#include "parsers/zone.h"

struct inspect_threads;

int inspect_threads_new(struct inspect_threads **ret) _must_check_;
/* Accepts NULL; always returns NULL. */
struct inspect_threads *inspect_threads_free(struct inspect_threads *t);

/* One message; copies what it needs. 0, -ENOMEM. */
int inspect_threads_add(struct inspect_threads *t, const char *path, const struct message *m,
                        instant internal_date) _must_check_;

/* The conversations in the order of their first messages, whatever the order they were added in; on standard output. 0, -ENOMEM. */
int inspect_threads_print(struct inspect_threads *t, const struct zone *zone, bool json) _must_check_;
