/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Accounts on servers: what the core does with a fetch role in a pass, whatever the protocol, and the sessions that outlive a pass so that the service hears of
 * a change at once. What a role has read is remembered as its STATE says, in the same transaction as the last of the observations before it. */

#include "daemon/fetch.h"
#include "daemon/reader.h"

/* --- for commands and the service --- */

struct accounts;

/* wake: called from the loop when a pass would find something in an account (a change, an answer, the time for another try); NULL: accounts are read
 * whole within one pass, however long that takes. With `wake`, a pass goes on to other sources when a server is silent for a moment, and the rest comes in the next
 * pass, so that no mailbox waits for another. program: path of this binary. */
int accounts_new(sd_event *event, const char *program, void (*wake)(void *userdata), void *userdata,
                 struct accounts **ret) _must_check_;
struct accounts *accounts_free(struct accounts *a);
/* The configuration or a secret may have changed: end all sessions, forget every refusal and wait. */
void accounts_reload(struct accounts *a);
/* Nobody is there who could have mended what a server refused: a login that was refused in an earlier run is not tried before its time (refusal.h). */
void accounts_unattended(struct accounts *a);
/* Something else is to be read: the pass at work leaves its account where it is. Nothing is lost: wake() comes again. */
void accounts_hurry(struct accounts *a);

/* A pass begins: whoever was in a hurry before is served by it. */
void accounts_begin(struct accounts *a);
/* The machine slept, the clock was set or its addresses changed: whoever waits after a lost connection need wait no more, and whoever waits on one opens another.
 * A refused secret stays refused. */
void accounts_awake(struct accounts *a);
/* Of an account that is read mailbox by mailbox (IMAP, CalDAV): did its last reading not come to its end so far, since it is still at work, or was broken off? Then
 * *ret_since is since when it gives what it has (monotonic, in ns; counted anew once an hour), 0 if nothing came; else it is untouched. */
bool accounts_is_partial(const struct accounts *a, const char *location, int64_t *ret_since);

/* --- for kinds of accounts --- */

struct account; /* an account in a pass */

/* An item that is with the parse roles: first member of a kind's own job, made with calloc(). What `job.release` frees includes folder and name. */
struct account_job {
        struct reader_job job;
        struct account *account;
        struct account_epoch *epoch;
        int64_t held; /* bytes in its descriptor */
        int64_t size; /* of the whole */
        instant internal_date;
        char *folder, *name; /* owned */
        bool observed;
};

struct account_kind {
        enum fetch_kind kind;
        const struct source_driver *driver;
        /* Is that folder to be read? */
        bool (*wanted)(struct account *m, const struct fetch_record *folder);
        /* Is this its name, as under `include`? NULL: names mean nothing. */
        bool (*named)(const struct fetch_record *folder, const char *name);
        /* And if it is not to be read: is what is in it to be left out of every other folder, too? NULL: no. */
        bool (*left_out)(struct account *m, const struct fetch_record *folder);
        /* Tell KNOWN items of a wanted folder with account_send(); NULL: there are none to tell. */
        int (*known)(struct account *m, const char *folder);
        /* Hand one item over with account_submit(). Takes item->fd in any case. Negative errno: the run is over. */
        int (*item)(struct account *m, struct fetch_record *item);
        /* An item or a folder is gone; NULL: that means nothing. */
        int (*gone)(struct account *m, const struct fetch_record *gone);
        /* Everything that the role told before the STATE of that folder is in the store. 0: remember it; 1: not in this reading; negative errno: the run is
         * over. NULL: always. */
        int (*settled)(struct account *a, const char *folder);
        /* The reading is over, or is broken off: frees what account_data() holds, which may be NULL. NULL: nothing is ever put there. */
        void (*ended)(void *data);
        /* Where a role does not hear of changes: how often a service asks; 0: each pass. */
        uint32_t poll_seconds;
        /* What people call an item: "message 1234". */
        const char *noun;
};

/* A source_driver's read(). */
int account_read(struct reader *r, const struct source_spec *spec, int64_t source, const struct account_kind *kind);
/* Hand an item to the parse roles: pool_job has its type and fd. Takes j, which must come from calloc(); fields other than job.release are set here. */
int account_submit(struct account *m, struct account_job *j, const struct fetch_record *item,
                   const struct pool_job *pool_job) _must_check_;
/* The usual release: frees folder, name and the job. */
void account_job_release(struct reader_job *job);
/* To be called at the end of a driver's done(): the item is dealt with, so a state may be due. */
int account_dealt_with(struct account_job *j) _must_check_;
/* An item that cannot be read is kept aside. */
int account_unreadable(struct account *m, const struct unreadable *why, const char *folder, const char *name,
                       instant internal_date) _must_check_;
int account_send(struct account *m, const struct fetch_record *record) _must_check_;
struct reader *account_reader(struct account *m);
const struct source_spec *account_spec(const struct account *m);
int64_t account_source(const struct account *m);
/* A kind's own for the length of a reading: *account_data() is NULL when it begins. */
void **account_data(struct account *m);
