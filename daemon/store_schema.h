/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the files of the store share: the tables, the statements, and the open handle. Nobody else includes this. */

#include <sqlite3.h>

#include "daemon/store.h"
#include "daemon/store_hash.h"

/* "adiu": tells our file from any other SQLite file. */
#define STORE_APPLICATION_ID 0x61646975
/* Records of up to a quarter of a page lie inside the clustered table; a message without its text takes 300 to 900 bytes. Pages of 4 KiB walk
 * half as fast, pages of 16 KiB are no faster and double what a commit writes. */
#define STORE_PAGE_SIZE "8192"

/* One step forward. `sql` runs in one transaction together with the new version number. */
struct store_migration {
        int version;
        const char *sql;
};
extern const struct store_migration store_migrations[];
extern const size_t store_n_migrations;
int store_newest_version(void);

enum statement {
        STATEMENT_BEGIN,
        STATEMENT_BEGIN_READ,
        STATEMENT_COMMIT,
        STATEMENT_ROLLBACK,
        STATEMENT_META_GET,
        STATEMENT_META_PUT,
        STATEMENT_SOURCE_FIND,
        STATEMENT_SOURCE_ADD,
        STATEMENT_SOURCE_RENAME,
        STATEMENT_SOURCE_READ,
        STATEMENT_SOURCE_FAILED,
        STATEMENT_SOURCES,
        STATEMENT_SOURCE_COUNTS,
        STATEMENT_NEWEST_SEEN,
        STATEMENT_SOURCE_NAMES,
        STATEMENT_FOLDER_FIND,
        STATEMENT_FOLDER_ADD,
        STATEMENT_FOLDER_STATE,
        STATEMENT_FOLDER_REMEMBER,
        STATEMENT_FOLDER_REMEMBERED,
        STATEMENT_FOLDERS,
        STATEMENT_FOLDER_ITEMS_DELETE,
        STATEMENT_FOLDER_DELETE,
        STATEMENT_ITEMS,
        STATEMENT_ITEMS_OF_FOLDER,
        STATEMENT_ITEM_ADD,
        STATEMENT_ITEM_PUT,
        STATEMENT_ITEM_DELETE,
        STATEMENT_COMPONENTS,
        STATEMENT_COMPONENT_PUT,
        STATEMENT_COMPONENT_DELETE,
        STATEMENT_COMPONENT_ELSEWHERE,
        STATEMENT_FIND_ONCE,
        STATEMENT_FIND_VERSION,
        STATEMENT_OBSERVATION_ADD,
        STATEMENT_OBSERVATION_REDATE,
        STATEMENT_RECORD_ADD,
        STATEMENT_RECORD_REDATE,
        STATEMENT_RECORD_GET,
        STATEMENT_TEXT_ADD,
        STATEMENT_TEXT_GET,
        STATEMENT_DIGEST_GET,
        STATEMENT_RECURRING_ADD,
        STATEMENT_UNEXPANDED,
        STATEMENT_EXPANSION_PUT,
        STATEMENT_EXPANSION_GET,
        STATEMENT_UNREADABLE,
        STATEMENT_MESSAGES_BY_ID,
        STATEMENT_WALK_CALENDAR,
        STATEMENT_WALK_MESSAGES,
        STATEMENT_TOTALS,
        STATEMENT_SPAN,
        STATEMENT_SIZE,
        STATEMENT_TOLD,
        STATEMENT_TELL,
        STATEMENT_TELL_IN,
        STATEMENT_TOLD_BY_MAIL,
        STATEMENT_OUTBOX_PUT,
        STATEMENT_OUTBOX_HAS,
        STATEMENT_OUTBOX_MADE,
        STATEMENT_OUTBOX_DUE,
        STATEMENT_OUTBOX_NEXT,
        STATEMENT_OUTBOX_LIST,
        STATEMENT_OUTBOX_CLAIM,
        STATEMENT_OUTBOX_STAGE,
        STATEMENT_OUTBOX_CHANGE,
        STATEMENT_OUTBOX_HURRY,
        STATEMENT_OUTBOX_TAKE_BACK,
        STATEMENT_OUTBOX_REPLACE,
        STATEMENT_OUTBOX_REPLACE_EXTRA,
        STATEMENT_OUTBOX_UNTELL,
        STATEMENT_OUTBOX_DROP,
        STATEMENT_OUTBOX_ARRIVED,
        _STATEMENT_MAX,
};
extern const char *const store_statements[_STATEMENT_MAX];

/* Columns of `record.flags`. */
enum record_flag {
        RECORD_TEXT = 1 << 0,      /* its text is in the table `text` */
        RECORD_RECURRING = 1 << 1, /* it has a row in `recurring` */
};

struct store_feed_state {
        bool open, own_transaction;
        bool texts;
        sqlite3_stmt *walk;  /* borrowed: the statement being stepped, NULL between walks */
        struct arena *arena; /* owned: lists of the current row */
        struct observation observation;
        char **sources; /* owned: names by id */
        int64_t n_sources;
};

struct store {
        sqlite3 *db; /* owned */
        char *path;  /* owned */
        bool read_only;
        bool patient; /* while it is opened */
        bool in_transaction;
        sqlite3_stmt *statements[_STATEMENT_MAX]; /* owned, prepared when first used */
        struct buf encoded;
        struct arena *arena; /* owned: decoding outside of the feed */
        char error[512];
        struct store_feed_state feed;
        int64_t last_folder_source; /* the folder row found last: most items come one folder after the other */
        int64_t last_folder;
        char *last_folder_name; /* owned */
};

/* The cached statement, reset and without bindings; NULL: store_fail() was called. */
sqlite3_stmt *store_statement(struct store *s, enum statement which);
/* Turn SQLite's last failure into words and a negative errno. Never 0. */
int store_fail(struct store *s);
/* Step a statement that returns no row and reset it. 0 or negative errno. */
int store_run(struct store *s, sqlite3_stmt *q);
/* 1 row, 0 end, negative errno; the statement is reset unless there is a row. */
int store_step(struct store *s, sqlite3_stmt *q);

/* INSTANT_UNKNOWN is NULL in the file. */
void store_bind_instant(sqlite3_stmt *q, int column, instant at);
instant store_column_instant(sqlite3_stmt *q, int column);
void store_bind_text(sqlite3_stmt *q, int column, const char *text);
/* Unsigned numbers sort as unsigned in SQLite's signed column when their top bit is turned over. */
static inline int64_t store_sortable(uint64_t v) {
        return (int64_t) (v ^ (UINT64_C(1) << 63));
}
static inline uint64_t store_unsortable(int64_t v) {
        return (uint64_t) v ^ (UINT64_C(1) << 63);
}
