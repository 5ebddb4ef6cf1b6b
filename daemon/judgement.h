/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The store, the rules and the clock brought together: what the alerts are now. */

#include "daemon/context.h"
#include "rules/eval.h"

struct judgement {
        struct evaluation *evaluation; /* owned */
        const struct alert *alerts;
        size_t n_alerts;
        uint64_t facts;
        bool partial; /* an account is in the middle of being read: what speaks for a client may be in the rest, so nothing is told */
        instant lull_since,
                lull_until; /* mailboxes of this machine may not be filled since, taken to be from then on; UNKNOWN: they are (lull.h) */
        struct alert *shown; /* owned: what `alerts` points to after judge_shown() */
        size_t n_held;       /* alerts that are not among them */
        char *held_by;       /* owned: the names of the sources that were read in part; NULL: none was */
};

/* Fold everything the store holds and evaluate it. 0 or negative errno, told on stderr. */
int judge(struct context *c, struct judgement *ret) _must_check_;
/* The same for who shows alerts and reads no source: as long as a source is known to have been read in part (judge_partial() keeps what it found in the store; a reading
 * that is at work, or was broken off as a whole, is seen by what came since), alerts with a breach that was never told are left out, since the rest may take
 * it back. */
int judge_shown(struct context *c, struct judgement *ret) _must_check_;
/* The names of the sources read in part, as judge_shown() finds them; the caller frees. *ret is NULL: none. 0 or negative errno. */
int judge_read_in_part(struct context *c, char **ret) _must_check_;
/* Say on stderr what is held back, and why; nothing when nothing is. */
void judgement_tell_held(const struct context *c, const struct judgement *j);

/* When sources were last judged, and since when one that was read in part holds back what is news: names for store_moment(). */
#define MOMENT_JUDGED "judged"
#define MOMENT_NAME_SIZE 48
const char *moment_of_part(int64_t source, char name[static MOMENT_NAME_SIZE]);

struct accounts;
struct catch_up;
/* Of some account only a part is in the store, and the rest is still to come: then nothing is to be told (lull.h). After the sources were read; catch_up: kept from
 * pass to pass, NULL: there is only this one, and an account that is behind is not waited for longer than one that is read for the first time. 0 or negative
 * errno, told on stderr. */
int judge_partial(struct context *c, const struct accounts *accounts, struct catch_up *catch_up, bool *ret) _must_check_;
struct lull;
/* Before the sources are read: is this the end of a lull (lull.h)? 0 or negative errno, told on stderr. */
int judge_lull(struct context *c, struct lull *l) _must_check_;
/* The same for a program that is not there between two readings: a lull begins when the machine slept meanwhile. It is kept for judge(). */
int judge_lull_between(struct context *c) _must_check_;
/* Tell why folding or evaluating failed. Returns error. */
int judge_failed(const struct context *c, int error, const char *what);
void judgement_free(struct judgement *j);

/* Is a source of the store still one of the configuration? */
const struct source_spec *source_configured(const struct settings *settings,
                                            const struct store_source_status *st); /* NULL: no */
bool source_is_configured(const struct settings *settings, const struct store_source_status *st);
/* Can it hold answers? Calendars cannot. */
bool source_is_mailbox(const struct source_spec *spec);

/* The quotes of an alert's evidence, from the store: an array of n_evidence strings or NULLs; free with quotes_free(). 0 or negative errno, told on stderr. */
int alert_quotes(struct context *c, const struct alert *a, char ***ret) _must_check_;
void quotes_free(char **quotes, size_t n);

/* The alert as one line of JSON, with its quotes, behind what `ret` holds. 0 or negative errno, told on stderr. */
int alert_line(struct context *c, const struct alert *a, struct buf *ret) _must_check_;
/* Print an alert: one JSON line, or text with the newest of its evidence. 0 or negative errno, told on stderr: evidence without its words
 * would pass for all there is. */
int alert_print(struct context *c, const struct alert *a) _must_check_;
