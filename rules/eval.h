/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Evaluation: facts in time order, rules and a clock in; alerts out. Pure. */

#include "rules/fold.h"
#include "rules/ruleset.h"

/* Facts that open, advance or end a sequence must be later than the step before: the mail that asks is never its own answer. What comes at
 * the deadline still comes in time. A sequence that ends with a step that happens breaches once for each time it happens within its window.
 *
 * The facts of one instant are judged together, in whatever order they come: the absence a client tells first; then each rule, after those it
 * builds on, with their breaches of that instant among its facts; then the rule's deadlines at that instant. Of the facts of one instant, one
 * that ends a sequence (`until`) comes before one that goes on with it, an answer in time before one that is late; of several that would do for
 * one step the one with the smallest key stands for all. An opener sees only what comes later than itself.
 *
 * An automatic reply that tells an absence adds its days to that client's calendar: the client's pending deadlines (`clock: client`)
 * move, and a breach of a deadline that would not have passed yet, or not before the answer came, is taken back. (Rules that build on that
 * breach keep what they saw, unless it was told before by evaluation_absence(); when the new deadline passes as well, it is the same breach
 * to them, and counts once, the second time.)
 *
 * Grading looks back from the last breach over the window of `for` (an edge counts as inside): one breach is one-off, fewer than
 * `breaches` are recurring, so many or more are lasting. With `of` and `every`, windows of that length are counted back from the last
 * breach and those with a breach count; with `every: occurrence`, the last `of` openers, breached or not, up to the newest that breached: one
 * opener counts once, however much evidence it has, and one that an exception or a pause covers not at all.
 *
 * An alert is open until its quiet period (`within`, or `of` times `every`, else 90 days) has passed since the last breach. One of an
 * absent step is resolved sooner: when every breach of that period has ended and 14 days have passed since.
 *
 * The rule set, the settings and the facts' clients must outlive the evaluation's alerts; evaluation_free() needs none of them. */
struct evaluation; /* opaque */

struct eval_options {
        instant now;
        /* Every mailbox, and every calendar, has been read past these instants. What rests on something that did not happen waits until all that
         * could hold it was read: the deadlines of absences and their repetitions, sequences that `until` would have ended, and measures that
         * what is missing could make hold (all but count, distinct and sum with gt or gte and no past). Mailboxes hold everything, calendars
         * what meetings and work are told from. */
        instant read_until, calendars_read_until;
        /* When messages came that are in a mailbox and could not be read, in ascending order; borrowed. One between a question and its deadline may be the answer,
         * and nobody knows whose it is: what would be a breach waits UNREAD_PATIENCE from its deadline on, in which the owner is told of the message and can
         * look at it. Then it is told, and says how many there were: one broken file must not silence a rule. What came after the deadline holds back nothing. */
        const instant *unread;
        size_t n_unread;
};
/* So long that a weekly digest tells of the message before. */
#define UNREAD_PATIENCE (INT64_C(7) * 86400)

int evaluation_new(const struct ruleset *rs, const struct settings *settings, const struct eval_options *options,
                   struct evaluation **ret) _must_check_;
struct evaluation *evaluation_free(struct evaluation *e);
/* An absence that is told later takes back what was counted against the client meanwhile, but not what rules saw that build on it. Where some do
 * (evaluation_wants_absences()), all facts are to be given to evaluation_absence() once, before the first evaluation_fact(): then no
 * deadline passes in an absence in the first place. */
bool evaluation_wants_absences(const struct evaluation *e);
int evaluation_absence(const struct fact *fact, void *evaluation);
/* A fact_found: feed it to fold(). Facts must come in time order, those of one instant in any; each is copied until its instant is over. */
int evaluation_fact(const struct fact *fact, void *evaluation);
/* No more facts: run the clock as far as all was read for absences, grade, build the alerts. */
int evaluation_end(struct evaluation *e) _must_check_;

struct evidence {
        char breach[17];  /* stable id, lower-case hex */
        const char *fact; /* name of the fact shown ("request.sent", "meeting.cancelled") */
        instant at;       /* when the breach held */
        instant fact_at;  /* when the opening fact happened */
        instant ended_at; /* when what was awaited came after all; INSTANT_UNKNOWN */
        const char *source, *message_id, *uid, *subject, *person;
        int64_t observation; /* for the quote; -1 */
        uint32_t unread;     /* messages between the opening fact and the deadline that could not be read */
        const char *detail;  /* neutral words with the decisive numbers, in the owner's language */
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
        /* The stronger rule whose open alert for the same client it is folded into (`inhibits`); NULL. Not told on its own meanwhile. */
        const struct rule *inhibited_by;
        /* Open for another `repeat_after` since its last breach: the id of the newest such time, to be told like a breach; "" for none. */
        char repeat[17];
        const char *title, *summary;     /* in the owner's language */
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
        instant deadline; /* or when what is held back would have been a breach */
        bool unread;      /* all was read so far, but for a message that could not be */
};
/* What would be a breach but for sources that were not read so far: "waiting: source stale", or for a message that could not be read. By deadline, then rule,
 * then client. */
size_t evaluation_waiting(const struct evaluation *e, const struct waiting **ret);
/* When the next deadline of an absence passes, or has waited for long enough, after `now` of the evaluation; INSTANT_MAX: none is awaited. */
instant evaluation_next_deadline(const struct evaluation *e);
/* How many breaches were not counted because of exceptions and pauses. */
size_t evaluation_excepted(const struct evaluation *e);
