/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the owner's own history says of the owner's own rules: warnings, never errors. Shipped rules are nobody's to mend and are passed over; exceptions
 * are looked at wherever they are written. */

#include "rules/ruleset.h"

struct rule_history;

/* Watches the rules of a set, which must outlive it. 0 or -ENOMEM. */
int rule_history_new(const struct ruleset *rs, struct rule_history **ret) _must_check_;
struct rule_history *rule_history_free(struct rule_history *h);
/* Do the facts need their texts? */
bool rule_history_needs_texts(const struct rule_history *h);
/* A fact_found: feed it to fold(). The time is that of the conditions not yet seen to hold and not to hold: soon few. 0 or -ENOMEM. */
int rule_history_fact(const struct fact *fact, void *history);
/* No more facts. Warnings with the codes never-seen, always-true, never-true, exception-unused, exception-expired, word-unused and test-missing; none but the
 * last and the last but two without a fact. 0 or -ENOMEM. */
int rule_history_tell(struct rule_history *h, instant now, struct diagnostics *d) _must_check_;
