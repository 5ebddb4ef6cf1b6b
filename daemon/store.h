/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The log of observations, and for each source what was read of it: SQLite, one writer, WAL. What is not an observation (items, expansions,
 * the `at` column) is bookkeeping that can be made again. */

#include "parsers/observation.h"
#include "rules/fold.h"

struct store;

/* Its name in the folder of the state. */
#define STORE_FILE "adieu.db"

enum store_open_flag {
        STORE_READ_ONLY = 1 << 0, /* alerts, facts, status: never create, never migrate */
        STORE_PATIENT = 1 << 1,   /* the service: opening waits STORE_PATIENT_MILLISECONDS */
};

/* How long a second process waits for the first before it says so. */
#define STORE_BUSY_MILLISECONDS 5000
/* How long a service that starts waits: nobody stands beside it to start it again. Who ends (a `status`, say) and finds a log left by a service that was killed
 * puts it into the file, on a busy disk for longer than a person would wait; systemd gives a start 90 seconds. */
#define STORE_PATIENT_MILLISECONDS 60000

/* Opens `folder`/adieu.db, creating folder (0700) and file (0600). *ret_message (may be NULL) gets a sentence for a person on failure
 * (caller frees): -EBUSY another adieu is writing, -ENOSPC, -EROFS/-EACCES, -EUCLEAN damaged (the file is left as it is), -EPROTO made by
 * a newer version, -ENOENT (read only and none yet). */
int store_open(const char *folder, unsigned flags, struct store **ret, char **ret_message) _must_check_;
struct store *store_close(struct store *s);
/* The last failure in words ("disk full writing /…/adieu.db"); never NULL. */
const char *store_error(const struct store *s);

/* --- a batch: everything between begin and commit is seen together or not at all --- */
int store_begin(struct store *s) _must_check_;
int store_commit(struct store *s) _must_check_;
void store_rollback(struct store *s);
/* Is a batch under way? Who did not begin it must not write: its end would end the batch. */
bool store_in_batch(const struct store *s) _pure_;

/* A source by its kind and location; made when new. */
int store_source(struct store *s, const char *kind, const char *location, const char *name,
                 int64_t *ret_source) _must_check_;

/* Append. 1: new; 0: the same thing (by observation_digest) is there already (its earlier seen_at and internal_date stay; for messages the smaller
 * internal_date is kept). An EVENT or EVENT_GONE is the same only when the version of that component before it, by seen_at, was the same: a meeting
 * moved and moved back, or one that vanished, came back and vanished again, is three observations (two of them with one digest). `at` is message_time() for messages, seen_at for others. *ret_id may be NULL. */
int store_append(struct store *s, int64_t source, const struct observation *o, instant at, int64_t *ret_id) _must_check_;

/* --- items: what was read of a source --- */
struct store_item {
        int64_t id;
        const char *folder;            /* Maildir folder, vdir ...; "" at the top */
        const char *name;              /* file name (Maildir: without info), or the mbox's path */
        int64_t inode, size, mtime_ns; /* as last read; for an mbox, size is how far it was read */
        uint64_t check; /* of the bytes before `size` where a source wants to know whether a file only grew; else 0 */
};
/* Every item of a source, in no order. Strings valid during the call. */
int store_items(struct store *s, int64_t source, int (*found)(const struct store_item *item, void *userdata),
                void *userdata) _must_check_;
/* The same for one folder, so that a change in one does not cost a look at all. */
int store_items_of_folder(struct store *s, int64_t source, const char *folder,
                          int (*found)(const struct store_item *item, void *userdata), void *userdata) _must_check_;
/* Insert or replace by (source, folder, name). */
int store_item_put(struct store *s, int64_t source, const struct store_item *item, int64_t *ret_item) _must_check_;
int store_item_delete(struct store *s, int64_t item) _must_check_;
/* A folder's state, for skipping what did not change: nanosecond mtime of the directory (or 0). */
int store_folder_get(struct store *s, int64_t source, const char *folder, int64_t *ret_mtime_ns,
                     int64_t *ret_items) _must_check_; /* 1 found, 0 not */
int store_folder_put(struct store *s, int64_t source, const char *folder, int64_t mtime_ns, int64_t items) _must_check_;
/* What a kind of source wants to know again of a folder (a text of its own), with how many items were read there. */
int store_folder_remember(struct store *s, int64_t source, const char *folder, const char *state,
                          int64_t items) _must_check_;
/* *ret is NULL when nothing was remembered; the caller frees it. */
int store_folder_remembered(struct store *s, int64_t source, const char *folder, char **ret) _must_check_;
/* Every folder of a source that is kept, in no order. Strings valid during the call, in which the store must not be written to. */
int store_folders(struct store *s, int64_t source, int (*found)(const char *folder, void *userdata),
                  void *userdata) _must_check_;
/* With the items in it and their components. */
int store_folder_delete(struct store *s, int64_t source, const char *folder) _must_check_;

/* --- calendar components now in a source, for noticing what changed or vanished --- */
struct store_component {
        int64_t item;
        const char *uid;
        struct moment recurrence_id;
        uint8_t digest[OBSERVATION_DIGEST_SIZE]; /* of the last version appended */
};
int store_components(struct store *s, int64_t item, int (*found)(const struct store_component *c, void *userdata),
                     void *userdata) _must_check_;
int store_component_put(struct store *s, const struct store_component *c) _must_check_;
int store_component_delete(struct store *s, int64_t item, const char *uid, const struct moment *recurrence_id) _must_check_;
/* Is that component in any other item of its source, or of a source that was tried at `pass` (a file moved between folders has not vanished;
 * a source that is no longer configured holds nothing)? 1, 0, negative errno. */
int store_component_elsewhere(struct store *s, int64_t item, const char *uid, const struct moment *recurrence_id,
                              instant pass);

/* --- how reading went --- */
int store_source_read(struct store *s, int64_t source, instant at,
                      const char *error) _must_check_; /* error NULL: read whole at `at` */
struct store_source_status {
        int64_t id;
        const char *kind, *location, *name;
        instant read_at; /* last time it was read whole; INSTANT_UNKNOWN never */
        instant tried_at;
        const char *error; /* of the last try; NULL fine */
        bool observed;     /* something was, ever */
};
int store_sources(struct store *s, int (*found)(const struct store_source_status *st, void *userdata),
                  void *userdata) _must_check_;
/* How much there is of a source: walks all of it, which takes milliseconds for a large mailbox. */
struct store_source_counts {
        int64_t items, observations, unreadable;
};
int store_source_counts(struct store *s, int64_t source, struct store_source_counts *ret) _must_check_;
/* When the newest of what was observed there was seen, by the order of arrival: 1 and *ret, 0 nothing was. */
int store_newest_seen(struct store *s, int64_t source, instant *ret);
/* Every UNREADABLE observation, newest first. */
int store_unreadable(struct store *s, int (*found)(const char *source, const struct observation *o, void *userdata),
                     void *userdata) _must_check_;

/* --- expansions of recurring events: a cache --- */
/* Recurring events (alone or in an iMIP message) whose instances are not known up to `until`: gives their row and text. */
int store_unexpanded(struct store *s, instant until,
                     int (*found)(int64_t observation, const char *recurrence, void *userdata), void *userdata) _must_check_;
int store_expansion_put(struct store *s, int64_t observation, instant until, const struct moment *items,
                        uint32_t n) _must_check_;

/* --- reading for the fold --- */
/* A feed over the store in a read transaction; end it with store_feed_end(). */
int store_feed(struct store *s, struct observation_feed *ret) _must_check_;
void store_feed_end(struct store *s);
/* The new text of a message (caller frees), or NULL. */
int store_text(struct store *s, int64_t observation, char **ret) _must_check_;
/* What a person calls it ("Weekly meeting (uid 4711)"), and its source. The caller frees *ret. -ENOENT. */
int store_describe(struct store *s, int64_t observation, int64_t *ret_source, char **ret) _must_check_;
/* Recompute the `at` column when the owner's addresses changed since it was written. 1 recomputed, 0 nothing to do. */
int store_set_owner(struct store *s, const struct settings *settings) _must_check_;

struct store_totals {
        int64_t messages, events, unreadable, bytes;
        instant first_at, last_at;
};
int store_totals(struct store *s, struct store_totals *ret) _must_check_;

/* What was told, by breach and by the way it took, so that nothing is told twice by one way and a way that fails does not silence another. The
 * numbers stand in the file. */
enum outlet {
        OUTLET_LINES = 0,   /* the journal, the JSON lines, what scan prints */
        OUTLET_MAIL = 1,    /* at once */
        OUTLET_DIGEST = 2,  /* the weekly mail */
        OUTLET_COMMAND = 3, /* on_alert */
};
int store_told(struct store *s, const char *breach, enum outlet outlet); /* 1 told before, 0 not, negative errno */
/* The first time counts; telling again changes nothing. */
int store_tell(struct store *s, const char *breach, enum outlet outlet, instant at) _must_check_;
