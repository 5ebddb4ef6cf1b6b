/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a command can learn from the service that runs for the same configuration: its Status on the bus, or, where no bus answers, that it runs at all. */

#include <json-c/json.h>

#include "daemon/context.h"

/* The entries of Status that are texts and numbers (bus.h), by their names; NULL: no service of this configuration answered. When c->state is not set
 * yet it becomes the folder of the service's store, if that may be read: root looks at what the service reads. The caller puts the answer back. */
json_object *service_ask(struct context *c);

/* Print what the service says of itself, a few lines or with --json one object; `answer` (which it puts back) may be NULL: then only whether one holds
 * the store is known. c->settings may be NULL. Does one run? */
bool service_print(struct context *c, json_object *answer);
