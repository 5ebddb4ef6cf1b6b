/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Alerts told by the service as lines: appended as JSON to a file that others read and rotate, then to the journal, then as a signal on the bus. The
 * file comes first: what it cannot take is told by none of them, and tried again. */

#include "daemon/tell.h"

/* In the folder of the store, unless `alerts_file:` names another. */
#define ALERTS_FILE "alerts.jsonl"

struct outlet_lines;

/* `signal` (may be NULL) is called for each alert that was told. */
int outlet_lines_new(void (*signal)(const struct alert *a, void *userdata), void *userdata,
                     struct outlet_lines **ret) _must_check_;
struct outlet_lines *outlet_lines_free(struct outlet_lines *o);

/* Tells what is news of a judgement and notes it as told (tell.h). At least once: a crash between the file and the store tells again, with the same
 * ids. 0 or negative errno, told on stderr. */
int outlet_lines_tell(struct outlet_lines *o, struct context *c, const struct judgement *j) _must_check_;
/* Why the file could not be written at the last try, as a sentence; NULL: it could. */
const char *outlet_lines_fault(const struct outlet_lines *o);
