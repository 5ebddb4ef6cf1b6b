/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the kinds of sources share: jobs, batches, troubles; and the way in for commands. */

#include <sys/stat.h>

#include "daemon/source.h"

/* --- for commands --- */

/* Starts parse roles of its own (program: path of this binary; options->pool is not looked at) and reads every source. As read_sources(). */
int reader_run(sd_event *event, const char *program, const struct reader_options *options,
               struct read_totals *ret) _must_check_;

/* A pool given to read_sources() must have been made with these handlers. After a failure of read_sources() only pool_free() is left for it. */
extern const struct pool_handlers reader_handlers;

/* Read the .ics files named under `holidays:` and add their days to the owner's calendar; does nothing (and starts nothing) when none is named.
 * Files that cannot be read are told by options->trouble (settings, clock, trouble and userdata are looked at). 0, or a negative errno when
 * the parse role cannot work at all. */
int reader_holidays(sd_event *event, const char *program, struct settings *settings,
                    const struct reader_options *options) _must_check_;

/* --- for the kinds of sources --- */

/* A job of a driver: first member of its own struct, made with calloc() or malloc(). */
struct reader_job {
        struct reader *reader;
        const struct source_driver *driver;
        struct reader_job *previous, *next;      /* all that are with the pool */
        void (*release)(struct reader_job *job); /* frees it; NULL: free() */
};

struct store *reader_store(struct reader *r);
const struct settings *reader_settings(struct reader *r);
/* The time of the pass: one for all that it sees. */
instant reader_now(const struct reader *r);

/* Hand a job to the pool, waiting for room. Takes job and pool_job->fd in any case. 0 or negative errno (the whole run is over). */
int reader_submit(struct reader *r, const struct source_driver *driver, struct reader_job *job,
                  const struct pool_job *pool_job) _must_check_;
/* Many jobs will follow: pool_expect(). */
void reader_expect(struct reader *r);
/* Wait until every job is done. */
int reader_drain(struct reader *r) _must_check_;
/* Mark a failure of store or pool: it ends the run, not the source only. Returns error. */
int reader_fatal(struct reader *r, int error);
bool reader_is_over(const struct reader *r);

/* Turn the loop once, for at most that long, so that roles at work are heard. 0, or a negative errno (the whole run is over). */
int reader_turn(struct reader *r, uint64_t usec) _must_check_;
/* Accounts on servers; NULL: none can be read in this run. */
struct accounts *reader_accounts(struct reader *r);

/* This reading began earlier, in another pass: what the source held was seen then. */
void reader_read_since(struct reader *r, instant since);
/* Not read whole yet, or not tried now: kept for `status`, but no news. */
void reader_not_yet(struct reader *r, const char *format, ...) _printf_(2, 3);
/* Something that keeps the source from being read whole: a sentence for a person. */
void reader_trouble(struct reader *r, const char *format, ...) _printf_(2, 3);
/* One more item was looked at. */
void reader_looked_at(struct reader *r);
/* That many bytes were handed over. */
void reader_handed_over(struct reader *r, int64_t bytes);

/* Append what was observed. 1 new, 0 known, negative errno. */
int reader_observe(struct reader *r, const struct observation *o, instant internal_date) _must_check_;
/* Keep aside what could not be read; once. `item` is what a person can look up, any bytes. internal_date: when it came, as far as the source says it;
 * INSTANT_UNKNOWN. */
int reader_unreadable(struct reader *r, const struct unreadable *why, const char *item, instant internal_date) _must_check_;
/* How the items are called that are no items of a source: recurring events whose instances could not be told. */
#define READER_RECURRING "recurring event: "
/* store_item_put() in the current batch. */
int reader_item_put(struct reader *r, const struct store_item *item, int64_t *ret_item) _must_check_;
/* Call before writing to the store in another way: opens the batch. */
int reader_write(struct reader *r) _must_check_;
/* Call where what was written belongs together: commits when the batch is full. */
int reader_checkpoint(struct reader *r) _must_check_;
/* Would it commit now? For long jobs that note how far they came only then. */
bool reader_batch_full(const struct reader *r);
/* What a status of the parse role means for an item that it could not read. */
struct unreadable reader_refused(int status);

/* May what is missing be called gone? With several calendars only when all were read, since it may have moved to another: a source that hears no
 * here leaves what is missing as it is, and is read once more at the end. */
bool reader_may_settle(struct reader *r);

/* Modification time in nanoseconds as the file system gives it. */
int64_t reader_raw_mtime(const struct stat *st);
/* Modification time in nanoseconds; 0 when the file changed so lately that it could change again within the same tick. */
int64_t reader_mtime(const struct reader *r, const struct stat *st);
instant reader_file_date(const struct stat *st);

/* Is this folder to be read? Names as on disk ("Clients.Dupont", "INBOX/Junk", IMAP's modified UTF-7); "" is the top. */
bool reader_folder_wanted(const struct source_spec *spec, const char *folder);

/* Everything that is there is left out by `include` and `exclude`: told as a trouble, or it would pass for a source in which nothing is. */
void reader_all_left_out(struct reader *r, const struct source_spec *spec);

/* Open for reading without following a link in the last component, without waiting on a FIFO, without changing the access time where that is
 * allowed. Regular files only (-EINVAL). *ret_st may be NULL. */
int reader_open_file(int folder_fd, const char *name, struct stat *ret_st, int *ret_fd) _must_check_;
int reader_open_folder(int folder_fd, const char *name, int *ret_fd) _must_check_;
/* A name before that suffix, whatever the case: ".ics" alone is none. */
bool reader_has_suffix(const char *name, const char *suffix);
/* Folders below the top: "a/b" is 1. */
unsigned reader_depth(const char *folder);
/* "a/b", or "b" when a is "". The caller frees; NULL: no memory. */
char *reader_join(const char *a, const char *b);
