/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The mails to the owner, from the moment they are due until somebody took them: the digest once a week, what is mailed at once, notices about adieu itself. What
 * there is to do is read from the outbox and from what was told each time, so that a restart changes nothing. */

#include <systemd/sd-event.h>

#include "daemon/digest.h"

struct mailing;

/* `c` must outlive it; its settings and rules may be exchanged between turns (mailing_reload()). Nothing is sent before the first turn. 0 or negative errno. */
int mailing_new(sd_event *event, struct context *c, struct mailing **ret) _must_check_;
/* Ends what is under way and notes how far it came. Accepts NULL, returns NULL. */
struct mailing *mailing_free(struct mailing *m);

/* After a judgement, outside of any batch of the store: makes the mails that are due and begins to send what waits. j NULL: there is none, since nothing could be
 * read; nothing is made, and what may have arrived stays open until a judgement. *ret_next: when another judgement and turn are wanted at the latest; INSTANT_MAX: nothing awaits one. Without `digest.smtp` or `digest.sendmail` nothing is made. 0 or negative errno, told on stderr: nothing is
 * lost then, another turn does it. */
int mailing_turn(struct mailing *m, const struct judgement *j, instant *ret_next) _must_check_;
/* Puts one mail about adieu itself into the outbox, once for each key, for ever. 1 put, 0 there already or no way to send; negative errno, told on stderr. */
int mailing_notice(struct mailing *m, const char *key, const char *subject, const char *text);
/* The configuration was read again: what waited for it to be mended is tried at once. */
void mailing_reload(struct mailing *m);
/* As of the last turn or try; asks nobody. */
struct mailing_status {
        size_t waiting;      /* not out yet */
        size_t given_up;     /* refused within the last week */
        instant next_digest; /* INSTANT_MAX: no mails are sent */
        const char *fault;   /* of the newest mail, when it is not out; NULL. Valid until the next turn */
};
void mailing_get_status(const struct mailing *m, struct mailing_status *ret);
/* Is a mail on its way? */
bool mailing_is_busy(const struct mailing *m) _pure_;

/* Puts the digest of the running week into the outbox, as one that replaces no other and marks nothing as told, and begins to send it and nothing else: turn the
 * loop while mailing_is_busy(). *ret_message_id (the caller frees it) finds its rows. 0 or negative errno, told on stderr. */
int mailing_extra(struct mailing *m, const struct judgement *j, char **ret_message_id) _must_check_;

/* Is there a way to send: `digest.smtp` or `digest.sendmail`? */
bool mailing_is_configured(const struct settings *settings) _pure_;
/* What the digest would tell now, as the next one counts: all that no digest told. Free with digest_report_free(). 0 or negative errno, told on stderr. */
int mailing_report(struct context *c, const struct judgement *j, struct digest_report *ret) _must_check_;
