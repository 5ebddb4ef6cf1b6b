/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The words of the mails to the owner, in the owner's language: the digest, and what is mailed at once. */

#include "daemon/judgement.h"
#include "daemon/store_outbox.h"
#include "rules/digest.h"

/* What is wrong with adieu's own work, as the owner should know it. */
struct stale_source {
        const char *name, *error; /* error: NULL when the last try was fine */
        instant read_at;          /* INSTANT_UNKNOWN: never */
        bool mailbox;             /* else a calendar */
};
struct digest_report {
        struct arena *arena; /* owns what is here and what the alerts do not */
        instant from, until;
        struct digest digest;
        struct stale_source *stale;
        size_t n_stale;
        size_t n_held; /* alerts with news that are held back, and by which sources: judge_shown() */
        const char *held_by;
        instant lull_since;       /* answers are overdue that may not have been fetched since; INSTANT_UNKNOWN: none */
        size_t n_unread;          /* breaches that wait for a message that could not be read */
        size_t n_aside;           /* items that could not be read since `from` */
        struct outbox_row *mails; /* mails of ours that were refused, given up, or may have arrived twice, not told before */
        size_t n_mails;
};

/* A source that was not read whole for so long is told. Everything is looked at several times an hour while the service runs. */
#define DIGEST_STALE_SECONDS (INT64_C(24) * 3600)
/* Alerts that are told one by one, and pieces of evidence of each that are quoted, the newest: nobody reads more of a mail. Older pieces are named with their
 * times, as many as an alert keeps (EVIDENCE_MAX); what it only counts, and other alerts, are counted; `adieu alerts` has all. */
#define DIGEST_ALERTS_MAX 40U
#define DIGEST_EVIDENCE_MAX 5U

/* What a digest would tell now: `since` as for digest_select(). Free with digest_report_free(). 0 or negative errno, told on stderr. */
int digest_report(struct context *c, const struct judgement *j, instant since, instant from,
                  struct digest_report *ret) _must_check_;
/* The same for the mail at once: alerts only. */
int digest_report_at_once(struct context *c, const struct judgement *j, instant since,
                          struct digest_report *ret) _must_check_;
void digest_report_free(struct digest_report *r);
/* Neither alerts nor anything wrong. */
bool digest_report_is_empty(const struct digest_report *r) _pure_;

/* The id under which it is told what became of a mail. */
#define DIGEST_MAIL_ID_SIZE 48
void digest_mail_id(const struct outbox_row *row, char ret[static DIGEST_MAIL_ID_SIZE]);

/* Subject and text; quotes come from the store. 0 or negative errno, told on stderr. */
int digest_write(struct context *c, const struct digest_report *r, bool at_once, struct buf *subject,
                 struct buf *text) _must_check_;
/* Text of others' making, its lines broken between words as those of a digest are. 0, -ENOMEM. */
int digest_wrap(const char *text, struct buf *ret) _must_check_;
/* The language the texts are in: "fr" or "en". */
const char *digest_language(const struct context *c);
/* A row of the outbox, as `status` and `digest --send` show it. */
struct json_object *json_outbox(const struct outbox_row *row, const struct zone *zone);
/* One JSON object with all of it. NULL when memory is out. */
struct json_object *digest_json(const struct context *c, const struct digest_report *r, const char *subject,
                                const char *text);
