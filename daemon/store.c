/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/store.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/ending.h"
#include "daemon/store_schema.h"

/* Memory for pages. The first pass inserts all over the clustered table when a mailbox is in no order, so that a small cache reads pages again. */
#define STORE_CACHE "PRAGMA cache_size = -16384"
/* 32 MiB of log before its pages go to the file: a first pass writes the pages of the indexes again with each batch. */
#define STORE_CHECKPOINT_PAGES "4096"
/* Between two looks at a store that another process is writing: its batches take about as long. */
#define BUSY_PAUSE_MILLISECONDS 10
/* The longest path of folder and file together. */
#define STORE_PATH_MAX 4096U

/* --- failures --- */

static void _printf_(2, 3) store_say(struct store *s, const char *format, ...) {
        va_list ap;
        va_start(ap, format);
        (void) vsnprintf(s->error, sizeof(s->error), format, ap);
        va_end(ap);
}

const char *store_error(const struct store *s) {
        return s && s->error[0] ? s->error : "no error";
}

/* What the file system said, when SQLite knows it. */
static int system_errno(const struct store *s) {
        int e = s->db ? sqlite3_system_errno(s->db) : 0;
        switch (e) {
        case ENOSPC:
        case EDQUOT:
                return ENOSPC;
        case EACCES:
        case EPERM:
                return EACCES;
        case EROFS:
                return EROFS;
        default:
                return 0;
        }
}

static int fail_with(struct store *s, int error) {
        switch (error) {
        case ENOSPC:
                store_say(s, "disk full writing %s; nothing already stored is lost, free some space and run again", s->path);
                break;
        case EROFS:
                store_say(s, "%s cannot be written: the file system or the file is read-only", s->path);
                break;
        case EACCES:
                store_say(s, "%s cannot be opened: permission denied", s->path);
                break;
        case EBUSY:
                store_say(s, "another adieu is writing %s; try again when it is done", s->path);
                break;
        case EUCLEAN:
                store_say(s,
                          "%s is damaged (%s); it was left as it is. Move it away and run `adieu scan` to read everything "
                          "again, "
                          "or put a backup in its place",
                          s->path, s->db ? sqlite3_errmsg(s->db) : "not a database, or cut off");
                break;
        case ENOMEM:
                store_say(s, "out of memory working on %s", s->path);
                break;
        case EIO:
                store_say(s, "%s: %s", s->path, s->db ? sqlite3_errmsg(s->db) : "input/output error");
                break;
        default:
                store_say(s, "%s: %s", s->path, strerror(error));
        }
        return -error;
}

int store_fail(struct store *s) {
        int e = system_errno(s);
        switch (sqlite3_errcode(s->db) & 0xff) {
        case SQLITE_FULL:
                return fail_with(s, ENOSPC);
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_PROTOCOL:
                return fail_with(s, EBUSY);
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
                return fail_with(s, EUCLEAN);
        case SQLITE_READONLY:
                return fail_with(s, e == EACCES ? EACCES : EROFS);
        case SQLITE_PERM:
        case SQLITE_AUTH:
                return fail_with(s, EACCES);
        case SQLITE_CANTOPEN:
        case SQLITE_IOERR:
                return fail_with(s, e ? e : EIO);
        case SQLITE_NOMEM:
                return fail_with(s, ENOMEM);
        default:
                return fail_with(s, EIO);
        }
}

/* --- statements --- */

sqlite3_stmt *store_statement(struct store *s, enum statement which) {
        sqlite3_stmt **q = &s->statements[which];
        if (!*q) {
                if (sqlite3_prepare_v3(s->db, store_statements[which], -1, SQLITE_PREPARE_PERSISTENT, q, NULL) !=
                    SQLITE_OK) {
                        (void) store_fail(s);
                        return NULL;
                }
                return *q;
        }
        (void) sqlite3_reset(*q);
        (void) sqlite3_clear_bindings(*q);
        return *q;
}

/* Why there is no statement, after store_fail() has put it into words. */
static int no_statement(struct store *s) {
        return store_fail(s);
}

int store_step(struct store *s, sqlite3_stmt *q) {
        int r = sqlite3_step(q);
        if (r == SQLITE_ROW)
                return 1;
        int error = r == SQLITE_DONE ? 0 : store_fail(s);
        (void) sqlite3_reset(q);
        return error;
}

int store_run(struct store *s, sqlite3_stmt *q) {
        int r = store_step(s, q);
        if (r > 0)
                (void) sqlite3_reset(q);
        return r < 0 ? r : 0;
}

static int run_plain(struct store *s, enum statement which) {
        sqlite3_stmt *q = store_statement(s, which);
        return q ? store_run(s, q) : no_statement(s);
}

/* FNV-1a with a final mix, so that short names differ in every bit. */
uint64_t store_hash(uint64_t seed, const void *data, size_t size) {
        const uint8_t *p = data;
        uint64_t h = seed;
        for (size_t i = 0; i < size; i++)
                h = (h ^ p[i]) * UINT64_C(0x100000001b3);
        h ^= h >> 32;
        h *= UINT64_C(0xd6e8feb86659fd93);
        return h ^ (h >> 32);
}

void store_bind_instant(sqlite3_stmt *q, int column, instant at) {
        if (at == INSTANT_UNKNOWN)
                (void) sqlite3_bind_null(q, column);
        else
                (void) sqlite3_bind_int64(q, column, at);
}

instant store_column_instant(sqlite3_stmt *q, int column) {
        return sqlite3_column_type(q, column) == SQLITE_NULL ? INSTANT_UNKNOWN : sqlite3_column_int64(q, column);
}

void store_bind_text(sqlite3_stmt *q, int column, const char *text) {
        (void) sqlite3_bind_text(q, column, text, -1, SQLITE_STATIC);
}

static const char *column_text(sqlite3_stmt *q, int column) {
        const char *t = (const char *) sqlite3_column_text(q, column);
        return t ? t : "";
}

/* --- opening --- */

/* Folders above the last one are made for everyone to pass, as mkdir -p does; ours is the owner's alone. */
static int make_folder(const char *folder) {
        if (mkdir(folder, 0700) == 0 || errno == EEXIST)
                return 0;
        if (errno != ENOENT)
                return -errno;
        _cleanup_free_ char *path = strdup(folder);
        if (!path)
                return -ENOMEM;
        for (char *p = path + 1; (p = strchr(p, '/')); *p++ = '/') {
                *p = 0;
                if (mkdir(path, 0755) < 0 && errno != EEXIST)
                        return -errno;
        }
        return mkdir(folder, 0700) == 0 || errno == EEXIST ? 0 : -errno;
}

static uint32_t big_endian(const unsigned char *p) {
        return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16 | (uint32_t) p[2] << 8 | p[3];
}

/* Does the file hold less than its header promises (sqlite.org/fileformat2.html, 1.3)? */
static bool is_short(int fd) {
        unsigned char head[100];
        struct stat st;
        if (pread(fd, head, sizeof(head), 0) != sizeof(head) || fstat(fd, &st) < 0)
                return false; /* too short to promise anything: SQLite says so */
        int64_t page = (int64_t) head[16] << 8 | head[17], pages = big_endian(head + 28);
        bool promised = big_endian(head + 24) == big_endian(head + 92);
        return promised && st.st_size < (page == 1 ? 65536 : page) * pages;
}

/* SQLite only finds that pages are missing when it wants them, which may be after it wrote others. While there is a write-ahead log the header may be ahead
 * of the file; when it goes, the file is whole: so the second look counts. */
static bool is_cut_off(const struct store *s, int fd) {
        _cleanup_free_ char *log = NULL;
        struct stat st;
        if (!is_short(fd) || asprintf(&log, "%s-wal", s->path) < 0)
                return false;
        if (stat(log, &st) == 0 ? st.st_size > 0 : errno != ENOENT)
                return false;
        return is_short(fd);
}

/* Look before SQLite does: a file that is not ours must not be touched, not even its journal. */
static int look_at_file(struct store *s, unsigned flags) {
        int open_flags = O_CLOEXEC | (flags & STORE_READ_ONLY ? O_RDONLY : O_RDWR | O_CREAT);
        int fd = open(s->path, open_flags, 0600);
        if (fd < 0 && errno == ENOENT && (flags & STORE_READ_ONLY)) {
                store_say(s, "%s is not there yet; run `adieu scan` first", s->path);
                return -ENOENT;
        }
        if (fd < 0)
                return fail_with(s, errno == EPERM ? EACCES : errno);
        struct stat st;
        char head[16];
        int r = fstat(fd, &st) < 0 ? -errno : 0;
        if (r == 0 && !S_ISREG(st.st_mode))
                r = -EUCLEAN;
        /* Mail is private: a file that others may read (copied from a backup, say) is closed again. */
        if (r == 0 && (st.st_mode & 077) && !(flags & STORE_READ_ONLY))
                (void) fchmod(fd, 0600);
        if (r == 0 && st.st_size > 0)
                if (pread(fd, head, sizeof(head), 0) != sizeof(head) || memcmp(head, "SQLite format 3", 16) != 0)
                        r = -EUCLEAN;
        if (r == 0 && is_cut_off(s, fd))
                r = -EUCLEAN;
        (void) close(fd);
        return r < 0 ? fail_with(s, -r) : 0;
}

/* A number from a pragma that is a constant of ours. */
static int pragma_number(struct store *s, const char *sql, int *ret) {
        sqlite3_stmt *q = NULL;
        if (sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) != SQLITE_OK)
                return store_fail(s);
        int r = store_step(s, q);
        if (r > 0)
                *ret = sqlite3_column_int(q, 0);
        (void) sqlite3_finalize(q);
        return r < 0 ? r : 0;
}

static int execute(struct store *s, const char *sql) {
        return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : store_fail(s);
}

static int read_version(struct store *s, int *application, int *version, int *tables) {
        int r = pragma_number(s, "PRAGMA application_id", application);
        if (r >= 0)
                r = pragma_number(s, "PRAGMA user_version", version);
        return r >= 0 ? pragma_number(s, "SELECT count(*) FROM sqlite_schema", tables) : r;
}

static int check_version(struct store *s, int *ret) {
        int application = 0, version = 0, tables = 0, r;
        /* All of one moment: another process may be making the tables right now. */
        bool own = sqlite3_get_autocommit(s->db);
        if (own && (r = execute(s, "BEGIN")) < 0)
                return r;
        r = read_version(s, &application, &version, &tables);
        if (own && !sqlite3_get_autocommit(s->db))
                (void) sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
        if (r < 0)
                return r;
        if (application != STORE_APPLICATION_ID && (application != 0 || version != 0 || tables > 0)) {
                store_say(s, "%s was not made by adieu; it was left as it is", s->path);
                return -EUCLEAN;
        }
        if (version > store_newest_version()) {
                store_say(s, "%s was made by a newer version of adieu (format %d, this one knows %d)", s->path, version,
                          store_newest_version());
                return -EPROTO;
        }
        *ret = version;
        return 0;
}

static int migrate(struct store *s) {
        int version = 0, r = check_version(s, &version);
        if (r < 0 || version == store_newest_version())
                return r;
        if ((r = run_plain(s, STATEMENT_BEGIN)) < 0)
                return r;
        /* Another process may have done it while we waited. */
        r = check_version(s, &version);
        for (size_t i = 0; i < store_n_migrations && r >= 0; i++)
                if (store_migrations[i].version > version)
                        r = execute(s, store_migrations[i].sql);
        if (r >= 0)
                r = run_plain(s, STATEMENT_COMMIT);
        if (r < 0 && !sqlite3_get_autocommit(s->db))
                (void) sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
        return r;
}

/* synchronous=FULL: with NORMAL a power cut may take back the last commits. The next scan would find their messages again, but not what the owner said,
 * what was told, or the state of a calendar that has changed since. A batch is two thousand observations, so that the price is one fsync each. */
static const char settings_writer[] = "PRAGMA page_size = " STORE_PAGE_SIZE ";"
                                      "PRAGMA journal_mode = WAL;"
                                      "PRAGMA synchronous = FULL;"
                                      "PRAGMA foreign_keys = ON;"
                                      "PRAGMA trusted_schema = OFF;"
                                      "PRAGMA wal_autocheckpoint = " STORE_CHECKPOINT_PAGES ";"
                                      "PRAGMA journal_size_limit = 67108864;" STORE_CACHE;
static const char settings_reader[] = "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF;" STORE_CACHE;

/* Another process writes: wait a while, unless this one is to end. */
static int on_busy(void *userdata, int count) {
        const struct timespec pause = {.tv_nsec = BUSY_PAUSE_MILLISECONDS * 1000000};
        const struct store *s = userdata;
        int most = s->patient ? STORE_PATIENT_MILLISECONDS : STORE_BUSY_MILLISECONDS;
        if (count >= most / BUSY_PAUSE_MILLISECONDS || ending_asked())
                return 0;
        (void) nanosleep(&pause, NULL);
        return 1;
}

static int open_database(struct store *s) {
        /* A reader opens for writing too where it may: in WAL mode even reading keeps its marks in the -shm file. */
        int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
        if (sqlite3_open_v2(s->path, &s->db, flags, NULL) != SQLITE_OK)
                return s->db ? store_fail(s) : fail_with(s, ENOMEM);
        (void) sqlite3_busy_handler(s->db, on_busy, s);
        (void) sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        int version = 0, r;
        if (s->read_only) {
                if ((r = execute(s, settings_reader)) < 0 || (r = check_version(s, &version)) < 0)
                        return r;
                if (version == 0) {
                        store_say(s, "%s is empty; run `adieu scan` first", s->path);
                        return -ENOENT;
                }
                if (version < store_newest_version()) {
                        store_say(s, "%s is of an older version; run `adieu scan` to bring it up to date", s->path);
                        return -EPROTO;
                }
                return 0;
        }
        /* The version comes first: a file of a newer version is not even switched to WAL. */
        if ((r = check_version(s, &version)) < 0 || (r = execute(s, settings_writer)) < 0)
                return r;
        return migrate(s);
}

static int open_here(const char *folder, unsigned flags, struct store *s) {
        int r;
        size_t size = strlen(folder) + sizeof("/" STORE_FILE);
        if (size > STORE_PATH_MAX)
                return -ENAMETOOLONG;
        if (!(s->path = malloc(size)))
                return -ENOMEM;
        (void) snprintf(s->path, size, "%s/%s", folder, STORE_FILE);
        s->read_only = flags & STORE_READ_ONLY;
        s->patient = flags & STORE_PATIENT;
        if ((r = arena_new(0, &s->arena)) < 0 || (r = arena_new(0, &s->feed.arena)) < 0)
                return r;
        if (!s->read_only && (r = make_folder(folder)) < 0) {
                store_say(s, "the folder %s cannot be made: %s", folder, strerror(-r));
                return r == -EPERM ? -EACCES : r;
        }
        if ((r = look_at_file(s, flags)) < 0)
                return r;
        r = open_database(s);
        s->patient = false;
        return r;
}

int store_open(const char *folder, unsigned flags, struct store **ret, char **ret_message) {
        struct store *s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        /* SQLite gives its -wal and -shm files the mode of the main file; the mask covers what it makes before it knows it. */
        mode_t mask = umask(077);
        int r = open_here(folder, flags, s);
        (void) umask(mask);
        if (r < 0) {
                if (ret_message)
                        *ret_message = strdup(s->error[0] ? s->error : strerror(-r));
                store_close(s);
                return r;
        }
        *ret = s;
        return 0;
}

struct store *store_close(struct store *s) {
        if (!s)
                return NULL;
        store_feed_end(s);
        for (size_t i = 0; i < _STATEMENT_MAX; i++)
                (void) sqlite3_finalize(s->statements[i]);
        (void) sqlite3_close(s->db);
        buf_free(&s->encoded);
        arena_free(s->arena);
        arena_free(s->feed.arena);
        free(s->last_folder_name);
        free(s->path);
        free(s);
        return NULL;
}

/* --- transactions --- */

int store_begin(struct store *s) {
        if (s->in_transaction)
                return 0;
        int r = run_plain(s, STATEMENT_BEGIN);
        if (r >= 0)
                s->in_transaction = true;
        return r;
}

int store_commit(struct store *s) {
        if (!s->in_transaction)
                return 0;
        int r = run_plain(s, STATEMENT_COMMIT);
        if (r < 0) {
                store_rollback(s);
                return r;
        }
        s->in_transaction = false;
        return 0;
}

bool store_in_batch(const struct store *s) {
        return s->in_transaction;
}

void store_rollback(struct store *s) {
        /* What failed stays in words; SQLite may have rolled back by itself on a full disk. */
        if (!sqlite3_get_autocommit(s->db))
                (void) sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
        s->in_transaction = false;
        s->last_folder = 0;
}

/* --- sources --- */

int store_source(struct store *s, const char *kind, const char *location, const char *name, int64_t *ret_source) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_SOURCE_FIND);
        if (!q)
                return no_statement(s);
        store_bind_text(q, 1, kind);
        store_bind_text(q, 2, location);
        int r = store_step(s, q);
        if (r < 0)
                return r;
        if (r > 0) {
                int64_t id = sqlite3_column_int64(q, 0);
                bool renamed = !str_eq(column_text(q, 1), name);
                (void) sqlite3_reset(q);
                if (renamed) {
                        if (!(q = store_statement(s, STATEMENT_SOURCE_RENAME)))
                                return no_statement(s);
                        (void) sqlite3_bind_int64(q, 1, id);
                        store_bind_text(q, 2, name);
                        if ((r = store_run(s, q)) < 0)
                                return r;
                }
                *ret_source = id;
                return 0;
        }
        if (!(q = store_statement(s, STATEMENT_SOURCE_ADD)))
                return no_statement(s);
        store_bind_text(q, 1, kind);
        store_bind_text(q, 2, location);
        store_bind_text(q, 3, name);
        if ((r = store_run(s, q)) < 0)
                return r;
        *ret_source = sqlite3_last_insert_rowid(s->db);
        return 0;
}

int store_source_read(struct store *s, int64_t source, instant at, const char *error) {
        sqlite3_stmt *q = store_statement(s, error ? STATEMENT_SOURCE_FAILED : STATEMENT_SOURCE_READ);
        if (!q)
                return no_statement(s);
        (void) sqlite3_bind_int64(q, 1, source);
        store_bind_instant(q, 2, at);
        if (error)
                store_bind_text(q, 3, error);
        return store_run(s, q);
}

int store_sources(struct store *s, int (*found)(const struct store_source_status *st, void *userdata), void *userdata) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_SOURCES);
        if (!q)
                return no_statement(s);
        int r;
        while ((r = store_step(s, q)) > 0) {
                struct store_source_status st = {
                        .id = sqlite3_column_int64(q, 0),
                        .kind = column_text(q, 1),
                        .location = column_text(q, 2),
                        .name = column_text(q, 3),
                        .read_at = store_column_instant(q, 4),
                        .tried_at = store_column_instant(q, 5),
                        .error = (const char *) sqlite3_column_text(q, 6),
                        .observed = sqlite3_column_int(q, 7) != 0,
                };
                int e = found(&st, userdata);
                if (e < 0) {
                        (void) sqlite3_reset(q);
                        return e;
                }
        }
        return r;
}

int store_source_counts(struct store *s, int64_t source, struct store_source_counts *ret) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_SOURCE_COUNTS);
        if (!q)
                return no_statement(s);
        (void) sqlite3_bind_int64(q, 1, source);
        int r = store_step(s, q);
        if (r <= 0)
                return r;
        *ret = (struct store_source_counts){.items = sqlite3_column_int64(q, 0),
                                            .observations = sqlite3_column_int64(q, 1),
                                            .unreadable = sqlite3_column_int64(q, 2)};
        (void) sqlite3_reset(q);
        return 0;
}

int store_newest_seen(struct store *s, int64_t source, instant *ret) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_NEWEST_SEEN);
        if (!q)
                return no_statement(s);
        (void) sqlite3_bind_int64(q, 1, source);
        int r = store_step(s, q);
        if (r <= 0)
                return r;
        bool seen = sqlite3_column_type(q, 0) != SQLITE_NULL;
        if (seen)
                *ret = store_column_instant(q, 0);
        (void) sqlite3_reset(q);
        return seen;
}

/* --- folders and items --- */

/* The row of a folder: 1 found, 0 not there. */
static int folder_find(struct store *s, int64_t source, const char *folder, int64_t *ret, int64_t *ret_mtime_ns,
                       int64_t *ret_items, bool *ret_known) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_FOLDER_FIND);
        if (!q)
                return no_statement(s);
        (void) sqlite3_bind_int64(q, 1, source);
        store_bind_text(q, 2, folder);
        int r = store_step(s, q);
        if (r <= 0)
                return r;
        *ret = sqlite3_column_int64(q, 0);
        *ret_known = sqlite3_column_type(q, 1) != SQLITE_NULL;
        *ret_mtime_ns = sqlite3_column_int64(q, 1);
        *ret_items = sqlite3_column_int64(q, 2);
        (void) sqlite3_reset(q);
        return 1;
}

static int folder_ensure(struct store *s, int64_t source, const char *folder, int64_t *ret) {
        if (s->last_folder > 0 && s->last_folder_source == source && str_eq(s->last_folder_name, folder)) {
                *ret = s->last_folder;
                return 0;
        }
        int64_t id = 0, mtime, items;
        bool known;
        int r = folder_find(s, source, folder, &id, &mtime, &items, &known);
        if (r < 0)
                return r;
        if (r == 0) {
                sqlite3_stmt *q = store_statement(s, STATEMENT_FOLDER_ADD);
                if (!q)
                        return no_statement(s);
                (void) sqlite3_bind_int64(q, 1, source);
                store_bind_text(q, 2, folder);
                if ((r = store_run(s, q)) < 0)
                        return r;
                id = sqlite3_last_insert_rowid(s->db);
        }
        free(s->last_folder_name);
        s->last_folder_name = strdup(folder);
        s->last_folder_source = source;
        s->last_folder = s->last_folder_name ? id : 0;
        *ret = id;
        return 0;
}

int store_folder_get(struct store *s, int64_t source, const char *folder, int64_t *ret_mtime_ns, int64_t *ret_items) {
        int64_t id, mtime, items;
        bool known = false;
        int r = folder_find(s, source, folder, &id, &mtime, &items, &known);
        if (r <= 0 || !known)
                return MIN(r, 0);
        *ret_mtime_ns = mtime;
        *ret_items = items;
        return 1;
}

int store_folder_put(struct store *s, int64_t source, const char *folder, int64_t mtime_ns, int64_t items) {
        int64_t id;
        int r = folder_ensure(s, source, folder, &id);
        if (r < 0)
                return r;
        sqlite3_stmt *q = store_statement(s, STATEMENT_FOLDER_STATE);
        if (!q)
                return no_statement(s);
        (void) sqlite3_bind_int64(q, 1, id);
        (void) sqlite3_bind_int64(q, 2, mtime_ns);
        (void) sqlite3_bind_int64(q, 3, items);
        return store_run(s, q);
}

int store_folder_remember(struct store *s, int64_t source, const char *folder, const char *state, int64_t items) {
        int64_t id;
        int r = folder_ensure(s, source, folder, &id);
        if (r < 0)
                return r;
        sqlite3_stmt *q = store_statement(s, STATEMENT_FOLDER_REMEMBER);
        if (!q)
                return no_statement(s);
        (void) sqlite3_bind_int64(q, 1, id);
        store_bind_text(q, 2, state);
        (void) sqlite3_bind_int64(q, 3, items);
        return store_run(s, q);
}

int store_folder_remembered(struct store *s, int64_t source, const char *folder, char **ret) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_FOLDER_REMEMBERED);
        char *state = NULL;
        if (!q)
                return no_statement(s);
        (void) sqlite3_bind_int64(q, 1, source);
        store_bind_text(q, 2, folder);
        int r = store_step(s, q);
        if (r > 0) {
                const char *text = (const char *) sqlite3_column_text(q, 0);
                if (text && !(state = strdup(text)))
                        r = -ENOMEM;
        }
        (void) sqlite3_reset(q);
        if (r < 0)
                return r;
        *ret = state;
        return 0;
}

int store_folders(struct store *s, int64_t source, int (*found)(const char *folder, void *userdata), void *userdata) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_FOLDERS);
        if (!q)
                return no_statement(s);
        (void) sqlite3_bind_int64(q, 1, source);
        int r;
        while ((r = store_step(s, q)) > 0) {
                const char *folder = (const char *) sqlite3_column_text(q, 0);
                int e = found(folder ? folder : "", userdata);
                if (e < 0) {
                        sqlite3_reset(q);
                        return e;
                }
        }
        return r;
}

int store_folder_delete(struct store *s, int64_t source, const char *folder) {
        int64_t id = 0, mtime, items;
        bool known;
        int r = folder_find(s, source, folder, &id, &mtime, &items, &known);
        static const enum statement steps[] = {STATEMENT_FOLDER_ITEMS_DELETE, STATEMENT_FOLDER_DELETE};
        for (size_t i = 0; i < ELEMENTSOF(steps) && r > 0; i++) {
                sqlite3_stmt *q = store_statement(s, steps[i]);
                if (!q)
                        return no_statement(s);
                (void) sqlite3_bind_int64(q, 1, id);
                int e = store_run(s, q);
                if (e < 0)
                        return e;
        }
        s->last_folder = 0;
        return MIN(r, 0);
}

static int each_item(struct store *s, sqlite3_stmt *q, int (*found)(const struct store_item *item, void *userdata),
                     void *userdata) {
        int r;
        while ((r = store_step(s, q)) > 0) {
                struct store_item item = {
                        .id = sqlite3_column_int64(q, 0),
                        .folder = column_text(q, 1),
                        .name = column_text(q, 2),
                        .inode = sqlite3_column_int64(q, 3),
                        .size = sqlite3_column_int64(q, 4),
                        .mtime_ns = sqlite3_column_int64(q, 5),
                        .check = (uint64_t) sqlite3_column_int64(q, 6),
                };
                int e = found(&item, userdata);
                if (e < 0) {
                        (void) sqlite3_reset(q);
                        return e;
                }
        }
        return r;
}

int store_items(struct store *s, int64_t source, int (*found)(const struct store_item *item, void *userdata),
                void *userdata) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_ITEMS);
        if (!q)
                return no_statement(s);
        (void) sqlite3_bind_int64(q, 1, source);
        return each_item(s, q, found, userdata);
}

int store_items_of_folder(struct store *s, int64_t source, const char *folder,
                          int (*found)(const struct store_item *item, void *userdata), void *userdata) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_ITEMS_OF_FOLDER);
        if (!q)
                return no_statement(s);
        (void) sqlite3_bind_int64(q, 1, source);
        store_bind_text(q, 2, folder);
        return each_item(s, q, found, userdata);
}

static sqlite3_stmt *item_statement(struct store *s, enum statement which, int64_t folder, const struct store_item *item) {
        sqlite3_stmt *q = store_statement(s, which);
        if (!q)
                return NULL;
        (void) sqlite3_bind_int64(q, 1, folder);
        store_bind_text(q, 2, item->name);
        (void) sqlite3_bind_int64(q, 3, item->inode);
        (void) sqlite3_bind_int64(q, 4, item->size);
        (void) sqlite3_bind_int64(q, 5, item->mtime_ns);
        (void) sqlite3_bind_int64(q, 6, (int64_t) item->check);
        return q;
}

int store_item_put(struct store *s, int64_t source, const struct store_item *item, int64_t *ret_item) {
        int64_t folder;
        int r = folder_ensure(s, source, item->folder, &folder);
        if (r < 0)
                return r;
        sqlite3_stmt *q = item_statement(s, STATEMENT_ITEM_ADD, folder, item);
        if (!q)
                return no_statement(s);
        if ((r = store_run(s, q)) < 0)
                return r;
        if (sqlite3_changes(s->db) > 0) {
                if (ret_item)
                        *ret_item = sqlite3_last_insert_rowid(s->db);
                return 0;
        }

        /* It is there already. */
        if (!(q = item_statement(s, STATEMENT_ITEM_PUT, folder, item)))
                return no_statement(s);
        if ((r = store_step(s, q)) < 0)
                return r;
        if (r > 0 && ret_item)
                *ret_item = sqlite3_column_int64(q, 0);
        /* RETURNING hands out its row before the statement is over. */
        return r > 0 ? store_run(s, q) : 0;
}

int store_item_delete(struct store *s, int64_t item) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_ITEM_DELETE);
        if (!q)
                return no_statement(s);
        (void) sqlite3_bind_int64(q, 1, item);
        return store_run(s, q);
}

/* --- calendar components --- */

static sqlite3_stmt *component_statement(struct store *s, enum statement which, int64_t item, const char *uid,
                                         const struct moment *recurrence_id) {
        sqlite3_stmt *q = store_statement(s, which);
        if (!q)
                return NULL;
        (void) sqlite3_bind_int64(q, 1, item);
        store_bind_text(q, 2, uid);
        (void) sqlite3_bind_int(q, 3, (int) recurrence_id->form);
        (void) sqlite3_bind_int64(q, 4, recurrence_id->form == MOMENT_NONE ? 0 : recurrence_id->at);
        return q;
}

int store_components(struct store *s, int64_t item, int (*found)(const struct store_component *c, void *userdata),
                     void *userdata) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_COMPONENTS);
        if (!q)
                return no_statement(s);
        (void) sqlite3_bind_int64(q, 1, item);
        int r;
        while ((r = store_step(s, q)) > 0) {
                struct store_component c = {
                        .item = item,
                        .uid = column_text(q, 0),
                        .recurrence_id = {.form = (enum moment_form) sqlite3_column_int(q, 1),
                                          .at = sqlite3_column_int64(q, 2)},
                };
                const void *digest = sqlite3_column_blob(q, 3);
                if (digest && sqlite3_column_bytes(q, 3) == OBSERVATION_DIGEST_SIZE)
                        memcpy(c.digest, digest, sizeof(c.digest));
                int e = found(&c, userdata);
                if (e < 0) {
                        (void) sqlite3_reset(q);
                        return e;
                }
        }
        return r;
}

int store_component_put(struct store *s, const struct store_component *c) {
        sqlite3_stmt *q = component_statement(s, STATEMENT_COMPONENT_PUT, c->item, c->uid, &c->recurrence_id);
        if (!q)
                return no_statement(s);
        (void) sqlite3_bind_blob(q, 5, c->digest, sizeof(c->digest), SQLITE_STATIC);
        return store_run(s, q);
}

int store_component_delete(struct store *s, int64_t item, const char *uid, const struct moment *recurrence_id) {
        sqlite3_stmt *q = component_statement(s, STATEMENT_COMPONENT_DELETE, item, uid, recurrence_id);
        return q ? store_run(s, q) : no_statement(s);
}

/* 1 there is a row, 0 there is none. */
static int has_row(struct store *s, sqlite3_stmt *q) {
        int r = store_step(s, q);
        if (r > 0)
                (void) sqlite3_reset(q);
        return r;
}

int store_component_elsewhere(struct store *s, int64_t item, const char *uid, const struct moment *recurrence_id,
                              instant pass) {
        sqlite3_stmt *q = component_statement(s, STATEMENT_COMPONENT_ELSEWHERE, item, uid, recurrence_id);
        if (!q)
                return no_statement(s);
        store_bind_instant(q, 5, pass);
        return has_row(s, q);
}

/* --- what was told --- */

int store_told(struct store *s, const char *breach, enum outlet outlet) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_TOLD);
        if (!q)
                return no_statement(s);
        store_bind_text(q, 1, breach);
        (void) sqlite3_bind_int(q, 2, (int) outlet);
        return has_row(s, q);
}

int store_tell(struct store *s, const char *breach, enum outlet outlet, instant at) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_TELL);
        if (!q)
                return no_statement(s);
        store_bind_text(q, 1, breach);
        (void) sqlite3_bind_int(q, 2, (int) outlet);
        (void) sqlite3_bind_int64(q, 3, at);
        return store_run(s, q);
}
