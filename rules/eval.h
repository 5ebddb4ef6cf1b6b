/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Evaluation: facts in time order, rules and a clock in; alerts out. Pure. */

#include "rules/fold.h"
#include "rules/ruleset.h"

struct evaluation; /* opaque */

struct eval_options {
        instant now;
        /* Every source that could hold an answer has been read past this instant: deadlines of absences later than it wait. */
        instant read_until;
};

int evaluation_new(const struct ruleset *rs, const struct settings *settings, const struct eval_options *options, struct evaluation **ret) _must_check_;
struct evaluation *evaluation_free(struct evaluation *e);
/* A fact_found: feed it to fold(). Facts must come in time order. */
int evaluation_fact(const struct fact *fact, void *evaluation);
/* No more facts: run the clock to min(now, read_until) for absences, grade, build the alerts. */
int evaluation_end(struct evaluation *e) _must_check_;

struct evidence {
        char breach[17];      /* stable id, lower-case hex */
        const char *fact;     /* name of the fact shown ("request.sent", "meeting.cancelled") */
        instant at;           /* when the breach held */
        instant fact_at;      /* when the opening fact happened */
        instant ended_at;     /* when what was awaited came after all; INSTANT_UNKNOWN */
        const char *source, *message_id, *uid, *subject, *person;
        int64_t observation;  /* for the quote; -1 */
        const char *detail;   /* neutral words with the decisive numbers, in the owner's language */
};

enum alert_state { ALERT_OPEN, ALERT_RESOLVED }; /* acknowledged, snoozed, dismissed: with the owner's word */
const char *alert_state_name(enum alert_state s) _pure_;

struct alert {
        char id[17]; /* stable: from the rule and its `by` keys */
        const struct rule *rule;
        const struct client *client;
        enum severity severity;
        enum lasting lasting;
        enum alert_state state;
        enum rule_mode mode;
        instant first_at, last_at;
        uint32_t count;
        const char *title, *summary; /* in the owner's language */
        const struct evidence *evidence; /* by time */
        size_t n_evidence;               /* at most EVIDENCE_MAX newest; count tells all */
};
/* Evidence shown for one alert; nobody reads more, memory stays bounded. */
#define EVIDENCE_MAX 50U

/* Sorted by first_at, then id; valid until evaluation_free(). MODE_OFF rules give none. */
size_t evaluation_alerts(const struct evaluation *e, const struct alert **ret);

struct waiting {
        const struct rule *rule;
        const struct client *client;
        instant deadline;
};
/* Absences whose deadline passed but whose sources were not read past it: "waiting: source stale". */
size_t evaluation_waiting(const struct evaluation *e, const struct waiting **ret);
/* How many breaches were not counted because of exceptions and pauses. */
size_t evaluation_excepted(const struct evaluation *e);
