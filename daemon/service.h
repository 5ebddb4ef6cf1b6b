/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The service: reads the sources when they change and now and then, judges, and tells what is news. */

#include "daemon/context.h"

/* Runs until SIGTERM or SIGINT. `c` has its options set and nothing loaded; it may be another context's contents afterwards (SIGHUP). instance:
 * what tells it apart from others on one bus (bus.h), or NULL. An exit status. */
int service_run(struct context *c, const char *instance);
