/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The outbox: mails of ours to the owner, a row for each recipient. Like what was told it is bookkeeping of what adieu did, nothing observed; and what a mail
 * tells is marked as told in the transaction that makes its row, so that neither is ever there without the other. */

#include "daemon/store.h"

/* The numbers stand in the file. */
enum outbox_kind {
        OUTBOX_DIGEST = 0, /* the weekly mail; its key is the date it was due */
        OUTBOX_ALERT = 1,  /* at once */
        OUTBOX_NOTICE = 2, /* about adieu itself */
        OUTBOX_EXTRA = 3,  /* a digest that was asked for */
};
const char *outbox_kind_name(enum outbox_kind kind) _pure_; /* "digest", "alert", "notice", "extra" */

enum outbox_state {
        OUTBOX_WAITING = 0,
        OUTBOX_SENDING = 1, /* somebody is at it, or was when the lights went out */
        OUTBOX_SENT = 2,
        OUTBOX_REFUSED = 3,  /* for good, or given up */
        OUTBOX_UNKNOWN = 4,  /* handed over whole, but nobody said that it was taken */
        OUTBOX_REPLACED = 5, /* never handed over, and a newer digest tells what it told */
};
const char *outbox_state_name(enum outbox_state state) _pure_;

struct outbox_row {
        int64_t id;
        const char *message_id, *key, *sender, *recipient, *subject;
        enum outbox_kind kind;
        enum outbox_state state;
        int stage; /* of the last try, an enum send_stage; -1: none yet */
        int code;  /* of the last answer; 0: none */
        uint32_t tries;
        uint32_t unsure;  /* how often it was handed over and no answer came: it may have arrived */
        const char *text; /* of the last answer, cleaned; NULL */
        instant made_at;
        instant changed_at; /* when `state` became what it is */
        instant next_at;    /* of a WAITING row: not before this */
        const void *mail;   /* the bytes; NULL once dropped, or not asked for */
        size_t size;
};

/* Puts a mail in, WAITING, due at once. 1, and *ret_id (may be NULL) is its row; 0: this message is there for this recipient already. */
int outbox_put(struct store *s, const struct outbox_row *row, int64_t *ret_id) _must_check_;
/* Is there a mail of that kind and key, whatever became of it? 1, 0. */
int outbox_has(struct store *s, enum outbox_kind kind, const char *key);
/* When the last mail of that kind was made within [from, until]: 1 and *ret, 0 none was. */
int outbox_made(struct store *s, enum outbox_kind kind, instant from, instant until, instant *ret);
/* The row that was made first of those WAITING whose time has come, with its mail: 1, 0 none. A time further off than `patience`, or of a row that was changed
 * later than `now`, was written under another clock: it has come. Of that message only; NULL: of any, but for those
 * asked for within the last minute and not begun by who asked (OUTBOX_EXTRA). Strings and mail are copied into the arena. */
int outbox_due(struct store *s, instant now, int64_t patience, const char *message_id, struct arena *arena,
               struct outbox_row *ret) _must_check_;
/* Makes it SENDING, unless somebody else did so first: 1, 0. */
int outbox_claim(struct store *s, int64_t row, instant at);
/* How far the try has come, written before it goes further: a row that is found SENDING tells what may have happened. tries: as they were after the claim. 1; 0:
 * the row is no longer theirs who claimed it, since another process took them to be gone. */
int outbox_stage(struct store *s, int64_t row, uint32_t tries, int stage) _must_check_;
/* How many seconds until outbox_due() finds one, 0 for now; -1: none waits. */
int outbox_wait(struct store *s, instant now, int64_t patience, int64_t *ret_seconds) _must_check_;
/* Of what is done so many are looked at, the newest: more than a week has. */
#define OUTBOX_DONE_LOOKED_AT 100U
/* Rows for `found`, oldest first, without their mails: those WAITING, SENDING and UNKNOWN, and of the others, which are done, the newest. What found() returns below
 * 0 ends it. */
int outbox_list(struct store *s, uint32_t done, int (*found)(const struct outbox_row *row, void *userdata),
                void *userdata) _must_check_;

/* A new state, with what the last answer was (`text` may be NULL) and the time of the next try. */
struct outbox_change {
        enum outbox_state state;
        int stage, code;
        const char *text;
        uint32_t unsure;
        instant at, next_at;
};
int outbox_change(struct store *s, int64_t row, const struct outbox_change *change) _must_check_;
/* Every WAITING row becomes due within `seconds`: something changed that it may have waited for. */
int outbox_hurry(struct store *s, instant now, int64_t seconds) _must_check_;

/* Every recipient's row of a message is REFUSED: what it told is untold again, so that the next digest tells it. What a mail at once told stays marked, or it
 * would be mailed again and again: store_told_by_mail() knows that it did not arrive. 0, also when there was nothing to take back. */
int outbox_take_back(struct store *s, const char *message_id) _must_check_;
/* A digest is being made: older digests and mails at once that wait, and that nobody got, are REPLACED, and what the digests told is untold again. In a batch with
 * the making. */
int outbox_replace(struct store *s, instant at) _must_check_;
/* The same of digests that were asked for and that nobody got, for another one: whoever tries until the password is right wants one mail. They mark nothing as told. */
int outbox_replace_extra(struct store *s, instant at) _must_check_;
/* The mails of rows that are done since before `before` are dropped; the rows stay, they are how a week is known to be done. */
int outbox_drop(struct store *s, instant before) _must_check_;
/* Does some source hold that message, or one that refers to it? Then it arrived. Looks at messages since `since`. 1, 0. */
int outbox_arrived(struct store *s, const char *message_id, instant since);

/* store_tell() by that mail, so that outbox_take_back() finds it. */
int store_tell_in(struct store *s, const char *breach, enum outlet outlet, const char *message_id, instant at) _must_check_;
/* Was it told by a mail at once that was sent? 1, 0. */
int store_told_by_mail(struct store *s, const char *breach);

/* A moment that is kept under a name: 1 and *ret, 0 there is none. */
int store_moment(struct store *s, const char *name, instant *ret);
/* A moment that is kept from the first time on: *at when there is none under that name yet, or one that is later and so was written under a wrong clock. 0. */
int store_first(struct store *s, const char *name, instant *at) _must_check_;
/* Keep that moment under that name, whatever was there. 0. */
int store_keep_moment(struct store *s, const char *name, instant at) _must_check_;
