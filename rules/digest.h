/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a mail to the owner tells: chosen from the alerts and from what was told before. Pure; daemon/digest.h has the words. */

#include "rules/eval.h"

/* How much of a breach is known to the owner. */
enum digest_told {
        DIGEST_NEW,
        DIGEST_MAILED, /* by a mail at once that arrived: a digest says it in brief */
        DIGEST_TOLD,
};

struct digest_options {
        /* What happened before is history when the mails begin: it is counted in the summaries, not told one by one. */
        instant since;
        bool at_once; /* the mail at once: only alerts of that mode, and what no digest told either */
        /* What `userdata` knows of the id of a breach, of alert.repeat, or of digest_recovery_id(): an enum digest_told, or a negative errno, which ends it. */
        int (*told)(const char *id, void *userdata);
        void *userdata;
};

struct digest_item {
        const struct alert *alert;
        const struct evidence **news; /* by time: what is to be told with its evidence; NULL-terminated */
        size_t n_news;
        size_t n_mailed; /* besides: breaches that a mail at once told */
        bool repeat;     /* still open, to be told again */
};

struct digest {
        /* Lasting first, then recurring, then one-off; of these the graver, the later, the smaller id first. Every one has news, was mailed, or repeats. */
        struct digest_item *items;
        size_t n;
        /* Of them, with news or a repeat: by how they last. */
        size_t counts[_LASTING_MAX];
        size_t n_mailed; /* items of which everything was mailed before */
        /* Alerts a digest told that have come to rest, by their end; never with at_once. */
        const struct alert **recovered;
        size_t n_recovered;
};

/* Chooses from `alerts`, as evaluation_alerts() gives them: open ones that are not watched only and not folded into a stronger one. Everything is of `arena`
 * or of the alerts. 0, -ENOMEM, or what told() failed with. */
int digest_select(const struct alert *alerts, size_t n, const struct digest_options *options, struct arena *arena,
                  struct digest *ret) _must_check_;
/* Is there anything to tell? */
bool digest_is_empty(const struct digest *d) _pure_;

/* Every id that is told once a digest is out: what it says, what was too old to be said, and what is at rest already, which would be news again if the alert
 * opened again years later. What is folded into a stronger alert is not among them. */
int digest_told_ids(const struct alert *alerts, size_t n, int (*found)(const char *id, void *userdata),
                    void *userdata) _must_check_;
/* Every id that a selection says: what is told once a mail at once is out. */
int digest_said_ids(const struct digest *d, int (*found)(const char *id, void *userdata), void *userdata) _must_check_;

/* The id under which "this alert came to rest" is told: another one each time it opens again. */
#define DIGEST_RECOVERY_ID_SIZE 48
void digest_recovery_id(const struct alert *a, char ret[static DIGEST_RECOVERY_ID_SIZE]);
