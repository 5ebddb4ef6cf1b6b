/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The role's end of the fetch role: what the protocols (imap.c and its like) stand on. One thread, one account, one connection; everything may wait. When the
 * connection is lost the role ends: the core starts another when it is time. fetch.h has the records. */

#include "daemon/fetch.h"
#include "rules/remote.h"

struct fetcher; /* the way to the core */

/* Whose it is. Lives as long as the role. */
struct fetch_account {
        enum fetch_kind kind;
        struct remote remote; /* without its password's place */
        const char *secret;   /* NULL: none */
};

/* One protocol. */
struct fetch_driver {
        enum fetch_kind kind;
        /* Before the role is locked in: whatever opens a file (certificates, tables, a library's modules). 0, or a negative errno. *ret is closed by close(). */
        int (*prepare)(const struct fetch_account *account, void **ret);
        /* Connect and log in. 0, or negative after fetcher_end(). */
        int (*open)(void *session, struct fetcher *f);
        /* One pass. flags: FETCH_CAREFUL. 0: DONE is told; negative: the session is of no more use (after fetcher_end()). */
        int (*read)(void *session, struct fetcher *f, uint32_t flags);
        /* Wait for a change without letting the connection die. fetcher_socket() becomes readable when the core wants something: then return 0, soon.
         * 1: something changed; negative: the session is of no more use (after fetcher_end()). NULL: there is nothing to wait for; the core asks when it
         * wants to know. */
        int (*watch)(void *session, struct fetcher *f);
        void (*close)(void *session);
};

/* Runs the role until the core closes the socket. Returns the exit status of the process. */
int role_fetch(void);

/* --- for the protocols: each negative errno of these means that the core is gone, and with it the reason to go on --- */

struct fetch_known {
        const char *name, *tag; /* tag may be NULL */
        bool avoid;
};

struct fetch_answer {
        bool wanted, left_out;     /* FETCH_WANTED, FETCH_LEFT_OUT */
        const char *state;         /* NULL: nothing is known of that folder */
        struct fetch_known *known; /* in the order they were told; sort it as you like */
        size_t n_known;
        void *storage; /* of the strings */
};
void fetch_answer_done(struct fetch_answer *a);

/* Tell of a folder (type is set here) and wait for what the core says. */
int fetcher_folder(struct fetcher *f, struct fetch_record *folder, struct fetch_answer *ret) _must_check_;
/* An empty file for one item's bytes: a memfd. The caller's until it is given to fetcher_item(). Negative errno: no memory. */
int fetcher_file(void) _must_check_;
/* All of it, or a negative errno. */
int fetcher_write(int fd, const void *data, size_t size) _must_check_;
/* Seal and send an item (type is set here), waiting until the core has room. Takes item->fd in any case. */
int fetcher_item(struct fetcher *f, struct fetch_record *item) _must_check_;
/* GONE, STATE, AT, PROGRESS. */
int fetcher_tell(struct fetcher *f, const struct fetch_record *record) _must_check_;
/* Something keeps the account from being read whole: a sentence. What servers say in it was cleaned (fetcher_clean()). */
int fetcher_trouble(struct fetcher *f, const char *format, ...) _printf_(2, 3);
/* How the pass or the session ended: told as DONE when the driver returns. Only the first counts. Returns a negative errno that fits. */
int fetcher_end(struct fetcher *f, enum fetch_end end, const char *format, ...) _printf_(3, 4);
/* How long the server asks to be left alone (Retry-After); with fetcher_end(). */
void fetcher_ask_patience(struct fetcher *f, int64_t seconds);
/* How many seconds a driver that waits for a change may leave the server without a word: `usual`, unless the core asked for something else. */
int64_t fetcher_pulse(const struct fetcher *f, int64_t usual);
/* Readable when the core wants something. */
int fetcher_socket(const struct fetcher *f);
