/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A few files read into memory: the same parse role and the same fold as of a scan, without a store. For the tests of rules. */

#include "rules/fold.h"
#include "rules/rule_test.h"

struct observed;

/* Starts nothing yet. program: this binary, for starting the role. 0 or -ENOMEM. */
int observed_new(const char *program, struct observed **ret) _must_check_;
struct observed *observed_free(struct observed *o);

/* Reads the files of a test in the place of what was read before: .ics and .ical are calendars, .mbox mailboxes, all else is one message. A calendar object
 * counts as seen when it says that it was last changed, of several with one UID in the order of the files. A file that is missing or unreadable is told by
 * `trouble`. *ret_newest is the newest time of all that was read. 0, or a negative errno when the role cannot work at all. */
int observed_read(struct observed *o, const struct rule_test *t, const struct settings *people,
                  void (*trouble)(const struct rule_test_file *file, const char *text, void *userdata), void *userdata,
                  instant *ret_newest) _must_check_;
/* What was read, until the next observed_read(). */
struct observation_feed observed_feed(struct observed *o);
