/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Reading sources: each kind is a row of callbacks over one reader. Read-only: O_RDONLY, no lock files, no flags, no atime where possible. */

#include "daemon/clock.h"
#include "daemon/pool.h"
#include "daemon/store.h"

struct reader;   /* one pass over all sources: store, pool, clock, progress */
struct accounts; /* accounts.h */

struct read_totals {
        int64_t items;        /* looked at */
        int64_t read;         /* handed to the parse role */
        int64_t observations; /* new */
        int64_t unreadable;   /* new */
        int64_t bytes;
        uint32_t sources, failed_sources;
};

struct reader_options {
        struct store *store;
        struct pool *pool;
        struct accounts *accounts; /* sessions with servers; NULL: no account is read */
        const struct settings *settings;
        struct clock clock;
        /* Called now and then (at most ten times a second) with what was done so far; may be NULL. */
        void (*progress)(const struct read_totals *totals, const char *source, void *userdata);
        /* A source, folder or file that could not be read: a sentence for a person. Reading goes on. */
        void (*trouble)(const char *source, const char *text, void *userdata);
        void *userdata;
};

/* Read every source of the settings, commit as it goes (a batch at a time), expand recurring events to now + EXPANSION_AHEAD.
 * 0 (failed sources are in ret->failed_sources), or a negative errno when the store or the parse role cannot work at all. */
#define EXPANSION_AHEAD (INT64_C(400) * 86400)
#define BATCH_OBSERVATIONS 2000
int read_sources(const struct reader_options *options, struct read_totals *ret) _must_check_;

/* As the store keeps it: "maildir", "mbox" ... */
const char *source_kind_name(enum source_kind kind);

/* The contract of a kind of source. `location` is absolute. Implementations: source_maildir.c, source_mbox.c, source_calendar.c, source_imap.c. */
struct source_driver {
        enum source_kind kind;
        const char *name; /* "maildir" */
        /* Walk the source, submit what is new. Unreadable parts are told by reader_trouble() and make the source "not read whole" (return 1). 0: read
         * whole. Negative errno: the source as a whole cannot be read (-ENOENT ...). */
        int (*read)(struct reader *r, const struct source_spec *spec, int64_t source);
        /* Results of this driver's jobs; job is what it submitted. Same rules as struct pool_handlers. */
        int (*observation)(struct reader *r, void *job, const struct observation *o, const struct ipc_reply_header *reply);
        int (*done)(struct reader *r, void *job, const struct ipc_reply_header *reply, const struct unreadable *poison,
                    int64_t at);
        int (*instances)(struct reader *r, void *job, const struct moment *items,
                         uint32_t n); /* only where a driver asks for EXPAND */
};
extern const struct source_driver source_maildir, source_mbox, source_calendar, source_imap, source_caldav;
