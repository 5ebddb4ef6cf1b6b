/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The fetch role: one process for each account, with the network and that account's one secret, and nothing else. This header is what the core and
 * the role say to each other (SOCK_SEQPACKET, one record a packet) and the core's end of it. role_fetch.h is the role's end, accounts.h
 * what the core does with it in a pass. The core treats the role as hostile: every record is bounded and checked before anyone looks at it, and bytes of
 * messages and calendars come as sealed memfds that the core hands to the parse roles unread.
 *
 *   core                                   role
 *   ACCOUNT   whose, and the secret   ->
 *                                     <-   READY      locked in
 *   READ      one pass                ->
 *                                     <-   FOLDER     this one exists: is it to be read, and what is known of it?
 *   KNOWN*    items known there       ->
 *   ANSWER    wanted?, its state      ->
 *                                     <-   ITEM*      new or changed, with its bytes        (never more than FETCH_*_IN_FLIGHT unanswered)
 *   MORE      so many are dealt with  ->
 *                                     <-   GONE*      no longer there
 *                                     <-   STATE      remember this text once everything before it is in the store
 *                                     <-   TROUBLE*   a sentence for a person: not everything could be read
 *                                     <-   DONE       how the pass ended
 *                                     <-   CHANGED    (READ had FETCH_WATCH) something happened: ask again
 *
 * A second kind of account plugs in with four things. (1) A row of enum fetch_kind. (2) In the role, a struct fetch_driver (role_fetch.h): open, read
 * and watch; it is put into the table of role_fetch.c. It says FOLDER, ITEM, GONE and STATE in words of its own: `name` and `tag` (an ETag, a modseq) are
 * opaque to everyone else, so is the state, which for IMAP is a set of UIDs and for CalDAV may be a sync-token or ctag. (3) In the core, a struct
 * account_kind (accounts.h): which folders are wanted, which KNOWN items to tell (CalDAV: href and ETag of every object, so that the role
 * need not keep them), how an item is given to the parse role, what GONE means. (4) A struct source_driver over account_read(). */

#include <systemd/sd-event.h>

#include "daemon/role.h"
#include "parsers/buf.h"
#include "rules/remote.h"

/* Where the role finds its socket. */
#define FETCH_SOCKET ROLE_SOCKET
#define FETCH_VERSION 1

enum fetch_kind { FETCH_IMAP = 1, FETCH_CALDAV, FETCH_WEBCAL, _FETCH_KIND_MAX };

enum fetch_type {
        /* from the core */
        FETCH_ACCOUNT = 1,
        FETCH_READ, /* flags: fetch_read_flag; number: while it waits for changes, seconds between two words to the server; 0: what the protocol asks for */
        FETCH_KNOWN,  /* name, tag; flags: fetch_known_flag */
        FETCH_ANSWER, /* status: enum fetch_wish; text: the state that STATE gave last, NULL when there is none */
        FETCH_MORE,   /* number items of size bytes are dealt with */
        _FETCH_FROM_CORE_END,
        /* from the role */
        FETCH_READY = 32,
        FETCH_FOLDER, /* folder: its key; name: for people and for lists of names, '/' between levels; flags: fetch_folder_flag; total: items, or -1 */
        FETCH_AT,     /* folder, name: what it asks for next. Only after FETCH_CAREFUL */
        FETCH_ITEM, /* folder, name, tag; date: when the server got it, or INSTANT_UNKNOWN; size: of the whole, which may be more than is
                         * in the descriptor. status 0 with a descriptor, or a negative errno without: it cannot be had */
        FETCH_GONE,     /* folder, name. name NULL: the folder and all that was in it */
        FETCH_STATE,    /* folder, text; total: items read in that folder */
        FETCH_TROUBLE,  /* text */
        FETCH_PROGRESS, /* number of total items; a sign of life */
        FETCH_DONE, /* status: enum fetch_end; text: why (not for FETCH_END_DONE); number: seconds that the server asks to wait, 0 */
        FETCH_CHANGED,
        _FETCH_FROM_ROLE_END,
};

enum fetch_wish {
        FETCH_UNWANTED,
        FETCH_WANTED,
        FETCH_LEFT_OUT, /* not wanted, nor is what is in it where another folder shows it, too (Gmail's labels) */
};

enum fetch_read_flag {
        FETCH_WATCH = 1 << 0,   /* stay connected afterwards, and say CHANGED */
        FETCH_CAREFUL = 1 << 1, /* the role died: ask for one thing at a time, and say which before (AT) */
};

enum fetch_known_flag {
        FETCH_AVOID = 1 << 0, /* it killed the role: count it as read, never ask for it */
};

enum fetch_folder_flag {
        FETCH_FOLDER_INBOX = 1 << 0,
        FETCH_FOLDER_SENT = 1 << 1,
        FETCH_FOLDER_JUNK = 1 << 2,
        FETCH_FOLDER_TRASH = 1 << 3,
        FETCH_FOLDER_DRAFTS = 1 << 4,
        FETCH_FOLDER_ARCHIVE = 1 << 5,
        FETCH_FOLDER_ALL = 1 << 6,      /* shows what is in the others, too */
        FETCH_FOLDER_FLAGGED = 1 << 7,  /* the same, of what is flagged or important */
        FETCH_FOLDER_COMPLETE = 1 << 8, /* with ALL: nothing is in any other folder that is not here, but junk and trash */
};

enum fetch_end {
        FETCH_END_DONE,    /* what could be read was read (TROUBLE said what not) */
        FETCH_END_LOST,    /* no connection, or it broke: try again soon */
        FETCH_END_REFUSED, /* the server refused the secret: not again before something changed, or the account is locked */
        FETCH_END_FAULT,   /* a certificate, a server that lacks something: a person must look */
        _FETCH_END_MAX,
};

/* Unanswered items and bytes: what a role may have the core and the parse roles hold for it. One item may be larger when it is alone. */
#define FETCH_ITEMS_IN_FLIGHT 128
#define FETCH_BYTES_IN_FLIGHT (INT64_C(32) * 1024 * 1024)

/* Longest strings, without their NUL. */
#define FETCH_STRING_MAX 2048U
#define FETCH_TEXT_MAX (128U * 1024) /* a state: the sets of UIDs of a mailbox with holes in it */
#define FETCH_SECRET_MAX (16U * 1024)
#define FETCH_PACKET_MAX (160U * 1024)

#define FETCH_STRINGS 7

/* One record, decoded. Strings are NULL when they are absent; received ones live in the receiver's buffer until the next is received. */
struct fetch_record {
        enum fetch_type type;
        uint32_t flags;
        int32_t status;
        int64_t size, date, number, total;
        int fd; /* ITEM; else -1. A received one is the receiver's */
        union {
                struct {
                        const char *folder, *name, *tag, *text;
                };
                struct
                { /* ACCOUNT. status: enum fetch_kind; number: port; flags: enum remote_tls | enum auth_mechanism << 8 */
                        const char *url, *user, *host, *path, *ca, *fingerprint, *secret;
                };
                const char *strings[FETCH_STRINGS];
        };
};

/* --- the wire; both ends --- */

/* Send one record, with its descriptor, which stays the caller's. Waits for room when `wait`. 0, -EAGAIN, -E2BIG (a string is too long), -EINVAL, or -EPIPE,
 * -ECONNRESET when the other end is gone. */
int fetch_transmit(int socket, const struct fetch_record *record, bool wait) _must_check_;
/* The next record; buffer has FETCH_PACKET_MAX bytes. 1; 0: the other end closed; -EAGAIN (only when `wait` is false); -EBADMSG: not a record that this end may
 * get. from_role: this is the core. */
int fetch_receive(int socket, bool from_role, bool wait, char *buffer, struct fetch_record *ret) _must_check_;
/* A record of that type and nothing else. */
struct fetch_record fetch_record_of(enum fetch_type type);
/* ACCOUNT, with the strings of `remote` and the secret (NULL: none). */
struct fetch_record fetch_record_of_account(enum fetch_kind kind, const struct remote *remote, const char *secret);

/* What a server or a role said, made fit to be shown: UTF-8 on one line, no control characters, at most room - 1 bytes. `out` may be `said`.
 * Returns out. */
char *fetcher_clean(const char *said, char *out, size_t room);

/* --- the core's end --- */

struct fetch;

/* Starts the role and gives it its account (its secret is not kept here). `ready` is called, from the loop, when fetch_next() has more to say after it said
 * -EAGAIN. program: path of this binary. */
int fetch_start(sd_event *event, const char *program, const struct fetch_record *account, void (*ready)(void *userdata),
                void *userdata, struct fetch **ret) _must_check_;
struct fetch *fetch_free(struct fetch *f); /* ends the role at once */
/* Queue a record for the role; never waits. 0, -ENOMEM, -ENOBUFS (the role does not listen). */
int fetch_send(struct fetch *f, const struct fetch_record *record) _must_check_;
/* The next record. 1; 0: the role has ended; -EAGAIN; -EBADMSG: what it says makes no sense, free it. */
int fetch_next(struct fetch *f, struct fetch_record *ret) _must_check_;
/* `ready` is to be called once more, also when it has been since fetch_next() said -EAGAIN. */
void fetch_listen(struct fetch *f);
