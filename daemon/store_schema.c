/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/store_schema.h"

/* `observation` is the log: a small row for each thing seen, in the order of arrival. Its content is in `record`, clustered by time so that the fold
 * reads it as one sequential scan (a million rows in 0.6 s; by rowid through an index the same walk takes 3.4 s). Message texts are apart: the fold
 * rarely wants them and they are most of the bytes.
 *
 * A message or an unreadable item is there once (its digest is unique). A calendar component is not: going from A to B and back to A are three
 * observations. `component` is a hash of its uid and recurrence id, and NULL for everything else. */
static const char version_1[] =
        "CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
        "CREATE TABLE source(id INTEGER PRIMARY KEY, kind TEXT NOT NULL, location TEXT NOT NULL, name TEXT NOT NULL,"
        "  read_at INTEGER, tried_at INTEGER, error TEXT, UNIQUE(kind, location));"
        "CREATE TABLE folder(id INTEGER PRIMARY KEY, source INTEGER NOT NULL REFERENCES source(id), folder TEXT NOT NULL,"
        "  mtime_ns INTEGER, items INTEGER, UNIQUE(source, folder));"
        "CREATE TABLE item(id INTEGER PRIMARY KEY, folder INTEGER NOT NULL REFERENCES folder(id), name TEXT NOT NULL,"
        "  inode INTEGER NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, tail INTEGER NOT NULL, UNIQUE(folder, "
        "name));"
        "CREATE TABLE component(item INTEGER NOT NULL REFERENCES item(id) ON DELETE CASCADE, uid TEXT NOT NULL, form "
        "INTEGER NOT NULL,"
        "  at INTEGER NOT NULL, digest BLOB NOT NULL, PRIMARY KEY(item, uid, form, at)) WITHOUT ROWID;"
        "CREATE INDEX component_uid ON component(uid, form, at);"
        "CREATE TABLE observation(id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, source INTEGER NOT NULL, component "
        "INTEGER, at INTEGER NOT NULL,"
        "  seen_at INTEGER, internal_date INTEGER, digest BLOB NOT NULL);"
        "CREATE UNIQUE INDEX observation_once ON observation(digest) WHERE component IS NULL;"
        "CREATE INDEX observation_version ON observation(component, seen_at) WHERE component IS NOT NULL;"
        "CREATE INDEX observation_source ON observation(source, kind);"
        "CREATE TABLE record(kind INTEGER NOT NULL, at INTEGER NOT NULL, tie INTEGER NOT NULL, observation INTEGER NOT "
        "NULL, source INTEGER NOT NULL,"
        "  seen_at INTEGER, internal_date INTEGER, calendar INTEGER NOT NULL, flags INTEGER NOT NULL, record BLOB NOT NULL,"
        "  PRIMARY KEY(kind, at, tie, observation)) WITHOUT ROWID;"
        "CREATE INDEX record_calendar ON record(kind, at, tie, observation) WHERE calendar = 1;"
        "CREATE TABLE text(observation INTEGER PRIMARY KEY, text TEXT NOT NULL);"
        "CREATE TABLE recurring(observation INTEGER PRIMARY KEY, recurrence TEXT NOT NULL, until INTEGER, moments BLOB);"
        "CREATE TABLE told(breach TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;"
        "PRAGMA application_id = 1633970549;"
        "PRAGMA user_version = 1;";

/* What was told before there were several ways to tell was told in lines. */
static const char version_2[] = "CREATE TABLE told_by(breach TEXT NOT NULL, outlet INTEGER NOT NULL, at INTEGER NOT NULL, "
                                "PRIMARY KEY(breach, outlet)) "
                                "WITHOUT ROWID;"
                                "INSERT INTO told_by(breach, outlet, at) SELECT breach, 0, at FROM told;"
                                "DROP TABLE told;"
                                "ALTER TABLE told_by RENAME TO told;"
                                "PRAGMA user_version = 2;";

_Static_assert(OUTLET_LINES == 0, "the number in the second migration");
_Static_assert(STORE_APPLICATION_ID == 1633970549, "the number in the first migration");

/* What was read of a folder on a server, in words of the protocol. `items` counts what was read there, as it does for a folder of this machine. */
static const char version_3[] = "ALTER TABLE folder ADD COLUMN state TEXT;"
                                "PRAGMA user_version = 3;";

/* Mails of ours; and of what was told, in which mail. A row is small once its mail is dropped: one a week and one for each mail at once stay for ever. */
static const char version_4[] =
        "CREATE TABLE outbox(id INTEGER PRIMARY KEY, message_id TEXT NOT NULL, kind INTEGER NOT NULL, key TEXT NOT NULL,"
        "  sender TEXT NOT NULL, recipient TEXT NOT NULL, subject TEXT NOT NULL, made_at INTEGER NOT NULL,"
        "  changed_at INTEGER NOT NULL, next_at INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0,"
        "  state INTEGER NOT NULL DEFAULT 0, stage INTEGER NOT NULL DEFAULT -1, code INTEGER NOT NULL DEFAULT 0, text TEXT,"
        "  unsure INTEGER NOT NULL DEFAULT 0, mail BLOB, UNIQUE(message_id, recipient));"
        "CREATE INDEX outbox_key ON outbox(kind, key);"
        "CREATE INDEX outbox_open ON outbox(state) WHERE state IN (0, 1, 4);"
        "ALTER TABLE told ADD COLUMN mail TEXT;"
        "CREATE INDEX told_in ON told(mail) WHERE mail IS NOT NULL;"
        "PRAGMA user_version = 4;";

const struct store_migration store_migrations[] = {
        {1, version_1},
        {2, version_2},
        {3, version_3},
        {4, version_4},
};
const size_t store_n_migrations = ELEMENTSOF(store_migrations);

int store_newest_version(void) {
        return store_migrations[store_n_migrations - 1].version;
}

#define OUTBOX_COLUMNS                                                                                                     \
        "id, message_id, kind, key, sender, recipient, subject, made_at, changed_at, next_at, tries, state, stage, code, " \
        "text, unsure"
/* ?1: now, ?2: what is further off was written under another clock, as was what was changed later than now. */
#define OUTBOX_TIME_HAS_COME "(next_at <= ?1 OR next_at > ?2 OR changed_at > ?1)"
/* Just asked for, since ?4, and still to be begun by who asked. */
#define OUTBOX_IS_THE_ASKERS "(kind = 3 AND tries = 0 AND made_at > ?4 AND made_at <= ?1)"
#define RECORD_COLUMNS "observation, tie, source, seen_at, internal_date, flags, record"

const char *const store_statements[_STATEMENT_MAX] = {
        [STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
        [STATEMENT_BEGIN_READ] = "BEGIN DEFERRED",
        [STATEMENT_COMMIT] = "COMMIT",
        [STATEMENT_ROLLBACK] = "ROLLBACK",
        [STATEMENT_META_GET] = "SELECT value FROM meta WHERE key = ?1",
        [STATEMENT_META_PUT] = "INSERT INTO meta(key, value) VALUES(?1, ?2) ON CONFLICT(key) DO UPDATE SET value = ?2",
        [STATEMENT_SOURCE_FIND] = "SELECT id, name FROM source WHERE kind = ?1 AND location = ?2",
        [STATEMENT_SOURCE_ADD] = "INSERT INTO source(kind, location, name) VALUES(?1, ?2, ?3)",
        [STATEMENT_SOURCE_RENAME] = "UPDATE source SET name = ?2 WHERE id = ?1",
        [STATEMENT_SOURCE_READ] = "UPDATE source SET read_at = ?2, tried_at = ?2, error = NULL WHERE id = ?1",
        [STATEMENT_SOURCE_FAILED] = "UPDATE source SET tried_at = ?2, error = ?3 WHERE id = ?1",
        [STATEMENT_SOURCES] = "SELECT id, kind, location, name, read_at, tried_at, error,"
                              " EXISTS(SELECT 1 FROM observation WHERE source = source.id)"
                              " FROM source ORDER BY id",
        [STATEMENT_SOURCE_COUNTS] =
                "SELECT (SELECT count(*) FROM item JOIN folder ON item.folder = folder.id WHERE folder.source = ?1) +"
                " (SELECT coalesce(sum(items), 0) FROM folder WHERE folder.source = ?1 AND state IS NOT NULL),"
                " (SELECT count(*) FROM observation WHERE source = ?1),"
                " (SELECT count(*) FROM observation WHERE source = ?1 AND kind = 4)",
        /* The newest of each kind by its number, which the index on source and kind has at its end: a large source is not walked. */
        [STATEMENT_NEWEST_SEEN] = "SELECT max(seen_at) FROM observation WHERE id IN ("
                                  "(SELECT max(id) FROM observation WHERE source = ?1 AND kind = 1),"
                                  "(SELECT max(id) FROM observation WHERE source = ?1 AND kind = 2),"
                                  "(SELECT max(id) FROM observation WHERE source = ?1 AND kind = 3),"
                                  "(SELECT max(id) FROM observation WHERE source = ?1 AND kind = 4))",
        [STATEMENT_SOURCE_NAMES] = "SELECT id, name FROM source ORDER BY id DESC",
        [STATEMENT_FOLDER_FIND] = "SELECT id, mtime_ns, items FROM folder WHERE source = ?1 AND folder = ?2",
        [STATEMENT_FOLDER_ADD] = "INSERT INTO folder(source, folder) VALUES(?1, ?2)",
        [STATEMENT_FOLDER_STATE] = "UPDATE folder SET mtime_ns = ?2, items = ?3 WHERE id = ?1",
        [STATEMENT_FOLDER_REMEMBER] = "UPDATE folder SET state = ?2, items = ?3 WHERE id = ?1",
        [STATEMENT_FOLDER_REMEMBERED] = "SELECT state FROM folder WHERE source = ?1 AND folder = ?2",
        [STATEMENT_FOLDERS] = "SELECT folder FROM folder WHERE source = ?1",
        [STATEMENT_FOLDER_ITEMS_DELETE] = "DELETE FROM item WHERE folder = ?1",
        [STATEMENT_FOLDER_DELETE] = "DELETE FROM folder WHERE id = ?1",
        [STATEMENT_ITEMS] = "SELECT item.id, folder.folder, item.name, inode, size, item.mtime_ns, tail"
                            " FROM folder JOIN item ON item.folder = folder.id WHERE folder.source = ?1",
        [STATEMENT_ITEMS_OF_FOLDER] =
                "SELECT item.id, folder.folder, item.name, inode, size, item.mtime_ns, tail"
                " FROM folder JOIN item ON item.folder = folder.id WHERE folder.source = ?1 AND folder.folder = ?2",
        /* An upsert keeps a journal of its own in case it must be taken back half done, which costs more than the row. Most items are new. */
        [STATEMENT_ITEM_ADD] = "INSERT INTO item(folder, name, inode, size, mtime_ns, tail) VALUES(?1, ?2, ?3, ?4, ?5, ?6) "
                               "ON CONFLICT DO NOTHING",
        [STATEMENT_ITEM_PUT] =
                "INSERT INTO item(folder, name, inode, size, mtime_ns, tail) VALUES(?1, ?2, ?3, ?4, ?5, ?6)"
                " ON CONFLICT(folder, name) DO UPDATE SET inode = ?3, size = ?4, mtime_ns = ?5, tail = ?6 RETURNING id",
        [STATEMENT_ITEM_DELETE] = "DELETE FROM item WHERE id = ?1",
        [STATEMENT_COMPONENTS] = "SELECT uid, form, at, digest FROM component WHERE item = ?1",
        [STATEMENT_COMPONENT_PUT] = "INSERT INTO component(item, uid, form, at, digest) VALUES(?1, ?2, ?3, ?4, ?5)"
                                    " ON CONFLICT(item, uid, form, at) DO UPDATE SET digest = ?5",
        [STATEMENT_COMPONENT_DELETE] = "DELETE FROM component WHERE item = ?1 AND uid = ?2 AND form = ?3 AND at = ?4",
        [STATEMENT_COMPONENT_ELSEWHERE] =
                "SELECT 1 FROM component JOIN item ON item.id = component.item JOIN folder ON folder.id = item.folder"
                " JOIN source ON source.id = folder.source"
                " WHERE component.uid = ?2 AND component.form = ?3 AND component.at = ?4 AND component.item <> ?1"
                " AND (source.tried_at = ?5 OR source.id ="
                "  (SELECT f.source FROM item AS i JOIN folder AS f ON f.id = i.folder WHERE i.id = ?1)) LIMIT 1",
        [STATEMENT_FIND_ONCE] = "SELECT id, at, internal_date FROM observation WHERE digest = ?1 AND component IS NULL",
        [STATEMENT_FIND_VERSION] = "SELECT id FROM observation WHERE component = ?1 AND digest = ?2 AND seen_at ="
                                   " (SELECT max(seen_at) FROM observation WHERE component = ?1 AND seen_at <= ?3) LIMIT 1",
        [STATEMENT_OBSERVATION_ADD] = "INSERT INTO observation(kind, source, component, at, seen_at, internal_date, digest) "
                                      "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"
                                      " ON CONFLICT DO NOTHING",
        [STATEMENT_OBSERVATION_REDATE] = "UPDATE observation SET at = ?2, internal_date = ?3 WHERE id = ?1",
        [STATEMENT_RECORD_ADD] =
                "INSERT INTO record(kind, at, tie, observation, source, seen_at, internal_date, calendar, flags, record)"
                " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        [STATEMENT_RECORD_REDATE] = "UPDATE record SET at = ?5, internal_date = ?6 WHERE kind = ?1 AND at = ?2 AND tie = ?3 "
                                    "AND observation = ?4",
        [STATEMENT_RECORD_GET] = "SELECT r.record FROM observation AS o JOIN record AS r ON r.kind = o.kind AND r.at = o.at "
                                 "AND r.tie = ?2 AND r.observation = o.id"
                                 " WHERE o.id = ?1",
        [STATEMENT_TEXT_ADD] = "INSERT INTO text(observation, text) VALUES(?1, ?2)",
        [STATEMENT_TEXT_GET] = "SELECT text FROM text WHERE observation = ?1",
        [STATEMENT_DIGEST_GET] = "SELECT digest, source FROM observation WHERE id = ?1",
        [STATEMENT_RECURRING_ADD] = "INSERT INTO recurring(observation, recurrence) VALUES(?1, ?2)",
        [STATEMENT_UNEXPANDED] =
                "SELECT observation, recurrence FROM recurring WHERE observation > ?1 AND (until IS NULL OR until < ?2)"
                " ORDER BY observation LIMIT ?3",
        [STATEMENT_EXPANSION_PUT] = "UPDATE recurring SET until = ?2, moments = ?3 WHERE observation = ?1",
        [STATEMENT_EXPANSION_GET] = "SELECT moments FROM recurring WHERE observation = ?1",
        [STATEMENT_UNREADABLE] = "SELECT source.name, record.seen_at, record.internal_date, record.record FROM record JOIN "
                                 "source ON source.id = record.source"
                                 " WHERE record.kind = 4 ORDER BY record.at DESC, record.tie DESC",
        [STATEMENT_MESSAGES_BY_ID] =
                "SELECT id, at, seen_at, internal_date, digest FROM observation WHERE kind = 1 ORDER BY id",
        [STATEMENT_WALK_CALENDAR] = "SELECT " RECORD_COLUMNS " FROM record WHERE calendar = 1 ORDER BY kind, at, tie",
        [STATEMENT_WALK_MESSAGES] = "SELECT " RECORD_COLUMNS " FROM record WHERE kind = 1 ORDER BY at, tie",
        [STATEMENT_TOTALS] = "SELECT kind, count(*) FROM observation INDEXED BY observation_source GROUP BY kind",
        [STATEMENT_SPAN] = "SELECT (SELECT min(at) FROM record WHERE kind = 1), (SELECT max(at) FROM record WHERE kind = 1)",
        [STATEMENT_SIZE] = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
        [STATEMENT_TOLD] = "SELECT 1 FROM told WHERE breach = ?1 AND outlet = ?2",
        [STATEMENT_TELL] = "INSERT INTO told(breach, outlet, at) VALUES(?1, ?2, ?3) ON CONFLICT DO NOTHING",
        [STATEMENT_TELL_IN] = "INSERT INTO told(breach, outlet, at, mail) VALUES(?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        [STATEMENT_TOLD_BY_MAIL] = "SELECT 1 FROM told JOIN outbox ON outbox.message_id = told.mail AND outbox.state = 2"
                                   " WHERE told.breach = ?1 AND told.outlet = 1 LIMIT 1",
        [STATEMENT_OUTBOX_PUT] =
                "INSERT INTO outbox(message_id, kind, key, sender, recipient, subject, made_at, changed_at, next_at, mail)"
                " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?7, ?8) ON CONFLICT DO NOTHING",
        [STATEMENT_OUTBOX_HAS] = "SELECT 1 FROM outbox WHERE kind = ?1 AND key = ?2 LIMIT 1",
        [STATEMENT_OUTBOX_MADE] = "SELECT max(made_at) FROM outbox WHERE kind = ?1 AND made_at BETWEEN ?2 AND ?3",
        [STATEMENT_OUTBOX_DUE] = "SELECT " OUTBOX_COLUMNS ", mail FROM outbox WHERE state = 0 AND " OUTBOX_TIME_HAS_COME
                                 " AND (message_id = ?3 OR (?3 IS NULL AND NOT " OUTBOX_IS_THE_ASKERS "))"
                                 " ORDER BY made_at, id LIMIT 1",
        [STATEMENT_OUTBOX_NEXT] = "SELECT min(CASE WHEN " OUTBOX_IS_THE_ASKERS " THEN made_at - ?4"
                                  " WHEN " OUTBOX_TIME_HAS_COME " THEN 0 ELSE next_at - ?1 END)"
                                  " FROM outbox WHERE state = 0",
        [STATEMENT_OUTBOX_LIST] = "SELECT " OUTBOX_COLUMNS " FROM outbox WHERE state IN (0, 1, 4) OR id IN"
                                  " (SELECT id FROM outbox WHERE state IN (2, 3, 5) ORDER BY made_at DESC, id DESC LIMIT ?1)"
                                  " ORDER BY made_at, id",
        [STATEMENT_OUTBOX_CHANGE] =
                "UPDATE outbox SET state = ?2, stage = ?3, code = ?4, text = ?5, unsure = ?6, changed_at = ?7, next_at = ?8"
                " WHERE id = ?1",
        [STATEMENT_OUTBOX_CLAIM] =
                "UPDATE outbox SET state = 1, stage = 0, changed_at = ?2, tries = tries + 1 WHERE id = ?1 AND state = 0",
        [STATEMENT_OUTBOX_STAGE] = "UPDATE outbox SET stage = ?3 WHERE id = ?1 AND tries = ?2 AND state = 1",
        [STATEMENT_OUTBOX_HURRY] = "UPDATE outbox SET next_at = min(next_at, ?1) WHERE state = 0",
        [STATEMENT_OUTBOX_TAKE_BACK] =
                "DELETE FROM told WHERE mail = ?1 AND outlet <> 1"
                " AND NOT EXISTS (SELECT 1 FROM outbox WHERE message_id = ?1 AND state NOT IN (3, 5))",
        [STATEMENT_OUTBOX_REPLACE] =
                "UPDATE outbox SET state = 5, changed_at = ?1 WHERE state = 0 AND (kind = 0 OR (kind = 1 AND unsure = 0"
                " AND NOT EXISTS (SELECT 1 FROM outbox AS o WHERE o.message_id = outbox.message_id AND o.state IN (1, 2, "
                "4))))",
        [STATEMENT_OUTBOX_REPLACE_EXTRA] =
                "UPDATE outbox SET state = 5, changed_at = ?1 WHERE state = 0 AND kind = 3 AND unsure = 0",
        [STATEMENT_OUTBOX_UNTELL] =
                "DELETE FROM told WHERE outlet <> 1 AND mail IN"
                " (SELECT message_id FROM outbox WHERE kind = 0 AND state = 5 AND changed_at = ?1)"
                " AND NOT EXISTS (SELECT 1 FROM outbox WHERE message_id = told.mail AND state NOT IN (3, 5))",
        [STATEMENT_OUTBOX_DROP] =
                "UPDATE outbox SET mail = NULL WHERE mail IS NOT NULL AND state IN (2, 3, 5) AND changed_at < ?1",
        [STATEMENT_OUTBOX_ARRIVED] = "SELECT 1 FROM record WHERE kind = 1 AND at >= ?1 AND instr(record, ?2) > 0 LIMIT 1",
};
