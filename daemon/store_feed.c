/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/store_schema.h"

#include <stdio.h>

/* Observations: appending them, and reading them back for the fold. */

/* Recurring events looked at in one go: their texts are held in memory while the caller works, since it writes to the same table. */
#define UNEXPANDED_CHUNK 256
/* One instance in `recurring.moments`: form, then the number, lowest byte first. */
#define MOMENT_BYTES 9U
/* Raised when message_time() decides differently, so that the stored order is made again. */
#define ORDER_VERSION 2U
#define META_OWNER "owner"

static int run_of(struct store *s, sqlite3_stmt *q) {
        return q ? store_run(s, q) : store_fail(s);
}

/* --- appending --- */

static uint64_t digest_number(const uint8_t digest[static OBSERVATION_DIGEST_SIZE]) {
        uint64_t v = 0;
        for (size_t i = 0; i < 8; i++)
                v = v << 8 | digest[i];
        return v;
}

static bool is_calendar_kind(enum observation_kind kind) {
        return kind == OBSERVATION_EVENT || kind == OBSERVATION_EVENT_GONE;
}

static int64_t component_number(const struct event *e) {
        uint64_t h = store_hash(STORE_HASH_SEED, e->uid, strlen(e->uid));
        int64_t id[2] = {e->recurrence_id.form, e->recurrence_id.form == MOMENT_NONE ? 0 : e->recurrence_id.at};
        return (int64_t) store_hash(h, id, sizeof(id));
}

/* The recurring event of an observation; NULL when it has none. */
static const struct event *recurring_event(const struct observation *o) {
        if (o->kind == OBSERVATION_EVENT)
                return o->event.recurrence ? &o->event : NULL;
        if (o->kind == OBSERVATION_MESSAGE)
                for (uint32_t i = 0; i < o->message.calendar.n; i++)
                        if (o->message.calendar.items[i].recurrence)
                                return &o->message.calendar.items[i];
        return NULL;
}

static bool in_calendar_walk(const struct observation *o) {
        return is_calendar_kind(o->kind) ||
               (o->kind == OBSERVATION_MESSAGE && (o->message.calendar.n > 0 || o->message.cancellation_because));
}

/* Another copy of a message: the earliest date a source gives is nearest to its delivery. */
static int redate(struct store *s, int64_t id, instant old_at, instant at, instant internal_date, uint64_t digest) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_OBSERVATION_REDATE);
        if (!q)
                return store_fail(s);
        (void) sqlite3_bind_int64(q, 1, id);
        (void) sqlite3_bind_int64(q, 2, at);
        store_bind_instant(q, 3, internal_date);
        int r = store_run(s, q);
        if (r < 0)
                return r;
        if (!(q = store_statement(s, STATEMENT_RECORD_REDATE)))
                return store_fail(s);
        (void) sqlite3_bind_int(q, 1, OBSERVATION_MESSAGE);
        (void) sqlite3_bind_int64(q, 2, old_at);
        (void) sqlite3_bind_int64(q, 3, store_sortable(digest));
        (void) sqlite3_bind_int64(q, 4, id);
        (void) sqlite3_bind_int64(q, 5, at);
        store_bind_instant(q, 6, internal_date);
        return store_run(s, q);
}

static int find_once(struct store *s, const struct observation *o, const uint8_t *digest, instant at, int64_t *ret_id) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_FIND_ONCE);
        if (!q)
                return store_fail(s);
        (void) sqlite3_bind_blob(q, 1, digest, OBSERVATION_DIGEST_SIZE, SQLITE_STATIC);
        int r = store_step(s, q);
        if (r <= 0)
                return r;
        int64_t id = sqlite3_column_int64(q, 0);
        instant old_at = sqlite3_column_int64(q, 1), old_date = store_column_instant(q, 2);
        (void) sqlite3_reset(q);
        *ret_id = id;
        if (o->kind != OBSERVATION_MESSAGE || o->internal_date == INSTANT_UNKNOWN ||
            (old_date != INSTANT_UNKNOWN && old_date <= o->internal_date))
                return 1;
        r = redate(s, id, old_at, at, o->internal_date, digest_number(digest));
        return r < 0 ? r : 1;
}

/* A component is the same thing when the version before it, in time, was the same: back to an old version is news. */
static int find_version(struct store *s, const struct observation *o, const uint8_t *digest, instant seen_at,
                        int64_t *ret_id) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_FIND_VERSION);
        if (!q)
                return store_fail(s);
        (void) sqlite3_bind_int64(q, 1, component_number(&o->event));
        (void) sqlite3_bind_blob(q, 2, digest, OBSERVATION_DIGEST_SIZE, SQLITE_STATIC);
        (void) sqlite3_bind_int64(q, 3, seen_at);
        int r = store_step(s, q);
        if (r > 0) {
                *ret_id = sqlite3_column_int64(q, 0);
                (void) sqlite3_reset(q);
        }
        return r;
}

/* 1 added, 0 it is there already (never a calendar component). */
static int add_observation(struct store *s, int64_t source, const struct observation *o, const uint8_t *digest, instant at,
                           instant seen_at) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_OBSERVATION_ADD);
        if (!q)
                return store_fail(s);
        (void) sqlite3_bind_int(q, 1, (int) o->kind);
        (void) sqlite3_bind_int64(q, 2, source);
        if (is_calendar_kind(o->kind))
                (void) sqlite3_bind_int64(q, 3, component_number(&o->event));
        (void) sqlite3_bind_int64(q, 4, at);
        store_bind_instant(q, 5, seen_at);
        store_bind_instant(q, 6, o->internal_date);
        (void) sqlite3_bind_blob(q, 7, digest, OBSERVATION_DIGEST_SIZE, SQLITE_STATIC);
        int r = store_run(s, q);
        return r < 0 ? r : sqlite3_changes(s->db) > 0;
}

static int add_record(struct store *s, int64_t id, int64_t source, const struct observation *o, uint64_t digest, instant at,
                      instant seen_at, int flags) {
        /* What append() encoded lacks the text. */
        if (o->kind == OBSERVATION_MESSAGE && o->message.text && !(flags & RECORD_TEXT)) {
                buf_reset(&s->encoded);
                int r = observation_encode(o, false, &s->encoded);
                if (r < 0)
                        return r;
        }
        sqlite3_stmt *q = store_statement(s, STATEMENT_RECORD_ADD);
        if (!q)
                return store_fail(s);
        (void) sqlite3_bind_int(q, 1, (int) o->kind);
        (void) sqlite3_bind_int64(q, 2, at);
        (void) sqlite3_bind_int64(q, 3, store_sortable(digest));
        (void) sqlite3_bind_int64(q, 4, id);
        (void) sqlite3_bind_int64(q, 5, source);
        store_bind_instant(q, 6, seen_at);
        store_bind_instant(q, 7, o->internal_date);
        (void) sqlite3_bind_int(q, 8, in_calendar_walk(o));
        (void) sqlite3_bind_int(q, 9, flags);
        (void) sqlite3_bind_blob(q, 10, s->encoded.data, (int) s->encoded.size, SQLITE_STATIC);
        return store_run(s, q);
}

static int add_beside(struct store *s, enum statement which, int64_t id, const char *text) {
        sqlite3_stmt *q = store_statement(s, which);
        if (!q)
                return store_fail(s);
        (void) sqlite3_bind_int64(q, 1, id);
        store_bind_text(q, 2, text);
        return store_run(s, q);
}

/* A message with neither Message-ID nor content key is told from others by its text (message_key()): there it stays in the record. */
static int flags_of(const struct observation *o) {
        const struct message *m = o->kind == OBSERVATION_MESSAGE ? &o->message : NULL;
        bool text = m && (m->message_id || m->content_key) && !str_empty(m->text);
        return (text ? RECORD_TEXT : 0) | (recurring_event(o) ? RECORD_RECURRING : 0);
}

static int append(struct store *s, int64_t source, const struct observation *o, instant at, int64_t *ret_id) {
        uint8_t digest[OBSERVATION_DIGEST_SIZE];
        int r = observation_record(o, &s->encoded, digest);
        if (r < 0)
                return r;
        instant seen_at = o->seen_at;
        if (seen_at == INSTANT_UNKNOWN && is_calendar_kind(o->kind))
                seen_at = at;
        if (is_calendar_kind(o->kind) && (r = find_version(s, o, digest, seen_at, ret_id)) != 0)
                return MIN(r, 0);
        /* Most are new: to look for them first would be a second search of the same index. */
        if ((r = add_observation(s, source, o, digest, at, seen_at)) < 0)
                return r;
        if (r == 0)
                return MIN(find_once(s, o, digest, at, ret_id), 0);
        int64_t id = sqlite3_last_insert_rowid(s->db);
        int flags = flags_of(o);
        if ((r = add_record(s, id, source, o, digest_number(digest), at, seen_at, flags)) < 0)
                return r;
        if ((flags & RECORD_TEXT) && (r = add_beside(s, STATEMENT_TEXT_ADD, id, o->message.text)) < 0)
                return r;
        if ((flags & RECORD_RECURRING) &&
            (r = add_beside(s, STATEMENT_RECURRING_ADD, id, recurring_event(o)->recurrence)) < 0)
                return r;
        *ret_id = id;
        return 1;
}

int store_append(struct store *s, int64_t source, const struct observation *o, instant at, int64_t *ret_id) {
        int64_t id = 0;
        bool own = !s->in_transaction;
        int r = own ? store_begin(s) : 0;
        if (r >= 0)
                r = append(s, source, o, at, &id);
        if (own) {
                int e = r < 0 ? r : store_commit(s);
                if (e < 0) {
                        store_rollback(s);
                        return e;
                }
        }
        if (r >= 0 && ret_id)
                *ret_id = id;
        return r;
}

/* --- expansions --- */

struct unexpanded {
        int64_t observation;
        char *recurrence; /* owned */
};

static int unexpanded_chunk(struct store *s, int64_t after, instant until, struct unexpanded *ret, size_t *ret_n) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_UNEXPANDED);
        if (!q)
                return store_fail(s);
        (void) sqlite3_bind_int64(q, 1, after);
        (void) sqlite3_bind_int64(q, 2, until);
        (void) sqlite3_bind_int(q, 3, UNEXPANDED_CHUNK);
        int r;
        while ((r = store_step(s, q)) > 0) {
                const char *text = (const char *) sqlite3_column_text(q, 1);
                ret[*ret_n] = (struct unexpanded){sqlite3_column_int64(q, 0), strdup(text ? text : "")};
                if (!ret[*ret_n].recurrence) {
                        (void) sqlite3_reset(q);
                        return -ENOMEM;
                }
                (*ret_n)++;
        }
        return r;
}

int store_unexpanded(struct store *s, instant until,
                     int (*found)(int64_t observation, const char *recurrence, void *userdata), void *userdata) {
        _cleanup_free_ struct unexpanded *chunk = calloc(UNEXPANDED_CHUNK, sizeof(*chunk));
        if (!chunk)
                return -ENOMEM;
        int64_t after = 0;
        size_t n;
        int r;
        do {
                n = 0;
                r = unexpanded_chunk(s, after, until, chunk, &n);
                for (size_t i = 0; i < n; i++) {
                        if (r >= 0)
                                r = found(chunk[i].observation, chunk[i].recurrence, userdata);
                        after = chunk[i].observation;
                        free(chunk[i].recurrence);
                }
        } while (r >= 0 && n == UNEXPANDED_CHUNK);
        return MIN(r, 0);
}

int store_expansion_put(struct store *s, int64_t observation, instant until, const struct moment *items, uint32_t n) {
        _cleanup_free_ uint8_t *bytes = malloc((size_t) n * MOMENT_BYTES + 1);
        if (!bytes)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                uint8_t *p = bytes + (size_t) i * MOMENT_BYTES;
                *p++ = (uint8_t) items[i].form;
                for (unsigned k = 0; k < 8; k++)
                        p[k] = (uint8_t) ((uint64_t) items[i].at >> (8 * k));
        }
        sqlite3_stmt *q = store_statement(s, STATEMENT_EXPANSION_PUT);
        if (!q)
                return store_fail(s);
        (void) sqlite3_bind_int64(q, 1, observation);
        store_bind_instant(q, 2, until);
        (void) sqlite3_bind_blob(q, 3, bytes, (int) ((size_t) n * MOMENT_BYTES), SQLITE_STATIC);
        return store_run(s, q);
}

/* Instances of an observation, in the arena. */
static int expansion_get(struct store *s, int64_t observation, struct arena *arena, const struct moment **ret,
                         uint32_t *ret_n) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_EXPANSION_GET);
        if (!q)
                return store_fail(s);
        (void) sqlite3_bind_int64(q, 1, observation);
        int r = store_step(s, q);
        if (r <= 0)
                return r;
        const uint8_t *p = sqlite3_column_blob(q, 0);
        uint32_t n = p ? (uint32_t) sqlite3_column_bytes(q, 0) / MOMENT_BYTES : 0;
        struct moment *m = n > 0 ? arena_new0(arena, struct moment, n) : NULL;
        for (uint32_t i = 0; i < n && m; i++, p += MOMENT_BYTES) {
                uint64_t at = 0;
                for (unsigned k = 0; k < 8; k++)
                        at |= (uint64_t) p[1 + k] << (8 * k);
                m[i] = (struct moment){(enum moment_form) p[0], (int64_t) at};
        }
        (void) sqlite3_reset(q);
        if (n > 0 && !m)
                return -ENOMEM;
        *ret = m;
        *ret_n = n;
        return 0;
}

/* --- one observation by its row --- */

static int record_of(struct store *s, int64_t id, uint64_t digest, sqlite3_stmt **ret) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_RECORD_GET);
        if (!q)
                return store_fail(s);
        (void) sqlite3_bind_int64(q, 1, id);
        (void) sqlite3_bind_int64(q, 2, store_sortable(digest));
        int r = store_step(s, q);
        if (r > 0)
                *ret = q;
        return r;
}

/* Bytes of ours that do not decode: the file was damaged where SQLite cannot see it. */
static int decode(struct store *s, sqlite3_stmt *q, int column, struct arena *arena, struct observation *ret) {
        const void *data = sqlite3_column_blob(q, column);
        int r = observation_decode_trusted(data, (size_t) sqlite3_column_bytes(q, column), arena, ret);
        if (r == -EBADMSG) {
                (void) snprintf(s->error, sizeof(s->error),
                                "%s is damaged (a record that cannot be read); move it away and run `adieu scan` to read "
                                "everything again",
                                s->path);
                return -EUCLEAN;
        }
        return r;
}

int store_text(struct store *s, int64_t observation, char **ret) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_TEXT_GET);
        if (!q)
                return store_fail(s);
        (void) sqlite3_bind_int64(q, 1, observation);
        int r = store_step(s, q);
        if (r < 0)
                return r;
        char *text = NULL;
        if (r > 0) {
                const char *t = (const char *) sqlite3_column_text(q, 0);
                text = strdup(t ? t : "");
                (void) sqlite3_reset(q);
                if (!text)
                        return -ENOMEM;
                *ret = text;
                return 0;
        }

        /* It may be in the record. */
        struct observation o;
        uint64_t digest = 0;
        if (!(q = store_statement(s, STATEMENT_DIGEST_GET)))
                return store_fail(s);
        (void) sqlite3_bind_int64(q, 1, observation);
        if ((r = store_step(s, q)) <= 0)
                goto none;
        if (sqlite3_column_bytes(q, 0) == OBSERVATION_DIGEST_SIZE)
                digest = digest_number(sqlite3_column_blob(q, 0));
        (void) sqlite3_reset(q);
        if ((r = record_of(s, observation, digest, &q)) <= 0)
                goto none;
        arena_reset(s->arena);
        r = decode(s, q, 0, s->arena, &o);
        if (r >= 0 && o.kind == OBSERVATION_MESSAGE && o.message.text && !(text = strdup(o.message.text)))
                r = -ENOMEM;
        (void) sqlite3_reset(q);
none:
        if (r >= 0)
                *ret = text;
        return MIN(r, 0);
}

/* --- the feed --- */

static void feed_forget_sources(struct store_feed_state *f) {
        for (int64_t i = 0; i < f->n_sources; i++)
                free(f->sources[i]);
        free(f->sources);
        f->sources = NULL;
        f->n_sources = 0;
}

/* Names by id: the first row has the largest id. Sources are few, their ids are dense. */
static int feed_sources(struct store *s) {
        struct store_feed_state *f = &s->feed;
        feed_forget_sources(f);
        sqlite3_stmt *q = store_statement(s, STATEMENT_SOURCE_NAMES);
        if (!q)
                return store_fail(s);
        int r;
        while ((r = store_step(s, q)) > 0) {
                int64_t id = sqlite3_column_int64(q, 0);
                const char *name = (const char *) sqlite3_column_text(q, 1);
                if (!f->sources) {
                        if (!(f->sources = calloc((size_t) id + 1, sizeof(*f->sources))))
                                goto no_memory;
                        f->n_sources = id + 1;
                }
                if (!(f->sources[id] = strdup(name ? name : "")))
                        goto no_memory;
        }
        return r;
no_memory:
        (void) sqlite3_reset(q);
        return -ENOMEM;
}

static const char *feed_source(const struct store_feed_state *f, int64_t id) {
        return id >= 0 && id < f->n_sources && f->sources[id] ? f->sources[id] : "";
}

static int feed_start(void *userdata, enum observation_walk walk, bool texts) {
        struct store *s = userdata;
        if (s->feed.walk)
                (void) sqlite3_reset(s->feed.walk);
        s->feed.walk = store_statement(s, walk == WALK_CALENDAR ? STATEMENT_WALK_CALENDAR : STATEMENT_WALK_MESSAGES);
        s->feed.texts = texts;
        return s->feed.walk ? 0 : store_fail(s);
}

static int feed_text(struct store *s, int64_t id, struct observation *o) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_TEXT_GET);
        if (!q)
                return store_fail(s);
        (void) sqlite3_bind_int64(q, 1, id);
        int r = store_step(s, q);
        if (r <= 0)
                return r;
        /* Stays where SQLite has it until the statement is asked for the next one. */
        o->message.text = (const char *) sqlite3_column_text(q, 0);
        return 0;
}

enum { COLUMN_OBSERVATION, COLUMN_TIE, COLUMN_SOURCE, COLUMN_SEEN_AT, COLUMN_INTERNAL_DATE, COLUMN_FLAGS, COLUMN_RECORD };

static int feed_next(void *userdata, struct stored_observation *ret) {
        struct store *s = userdata;
        struct store_feed_state *f = &s->feed;
        if (!f->walk)
                return 0;
        int r = store_step(s, f->walk);
        if (r <= 0) {
                f->walk = NULL;
                return r;
        }
        sqlite3_stmt *q = f->walk;
        struct observation *o = &f->observation;
        arena_reset(f->arena);
        if ((r = decode(s, q, COLUMN_RECORD, f->arena, o)) < 0)
                return r;
        o->seen_at = store_column_instant(q, COLUMN_SEEN_AT);
        o->internal_date = store_column_instant(q, COLUMN_INTERNAL_DATE);
        struct stored_observation found = {
                .id = sqlite3_column_int64(q, COLUMN_OBSERVATION),
                .digest = store_unsortable(sqlite3_column_int64(q, COLUMN_TIE)),
                .source = feed_source(f, sqlite3_column_int64(q, COLUMN_SOURCE)),
                .observation = o,
        };
        int flags = sqlite3_column_int(q, COLUMN_FLAGS);
        if (f->texts && (flags & RECORD_TEXT) && (r = feed_text(s, found.id, o)) < 0)
                return r;
        if ((flags & RECORD_RECURRING) &&
            (r = expansion_get(s, found.id, f->arena, &found.occurrences, &found.n_occurrences)) < 0)
                return r;
        *ret = found;
        return 1;
}

int store_feed(struct store *s, struct observation_feed *ret) {
        store_feed_end(s);
        if (!s->in_transaction) {
                int r = run_of(s, store_statement(s, STATEMENT_BEGIN_READ));
                if (r < 0)
                        return r;
                s->feed.own_transaction = true;
        }
        s->feed.open = true;
        int r = feed_sources(s);
        if (r < 0) {
                store_feed_end(s);
                return r;
        }
        *ret = (struct observation_feed){.start = feed_start, .next = feed_next, .userdata = s};
        return 0;
}

void store_feed_end(struct store *s) {
        struct store_feed_state *f = &s->feed;
        if (!f->open)
                return;
        if (f->walk)
                (void) sqlite3_reset(f->walk);
        f->walk = NULL;
        if (s->statements[STATEMENT_TEXT_GET])
                (void) sqlite3_reset(s->statements[STATEMENT_TEXT_GET]);
        if (f->own_transaction)
                (void) run_of(s, store_statement(s, STATEMENT_ROLLBACK));
        f->own_transaction = f->open = false;
        feed_forget_sources(f);
}

/* --- the order of messages --- */

static uint64_t owner_number(const struct settings *settings) {
        const uint32_t version = ORDER_VERSION;
        uint64_t h = store_hash(STORE_HASH_SEED, &version, sizeof(version));
        for (const char **a = settings->owner.addresses; a && *a; a++)
                h = store_hash(h, *a, strlen(*a) + 1);
        return h;
}

static int reorder(struct store *s, sqlite3_stmt *q, const struct settings *settings) {
        int64_t id = sqlite3_column_int64(q, 0);
        instant old_at = sqlite3_column_int64(q, 1);
        if (sqlite3_column_bytes(q, 4) != OBSERVATION_DIGEST_SIZE)
                return 0;
        uint64_t digest = digest_number(sqlite3_column_blob(q, 4));
        sqlite3_stmt *record;
        int r = record_of(s, id, digest, &record);
        if (r <= 0)
                return r;
        struct observation o;
        arena_reset(s->arena);
        r = decode(s, record, 0, s->arena, &o);
        o.seen_at = store_column_instant(q, 2);
        o.internal_date = store_column_instant(q, 3);
        instant at = r < 0 ? old_at : message_time(&o, message_is_from_owner(&o.message, settings));
        (void) sqlite3_reset(record);
        if (r < 0 || at == old_at)
                return r;
        return redate(s, id, old_at, at, o.internal_date, digest);
}

static int reorder_all(struct store *s, const struct settings *settings) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_MESSAGES_BY_ID);
        if (!q)
                return store_fail(s);
        int r;
        while ((r = store_step(s, q)) > 0) {
                int e = reorder(s, q, settings);
                if (e < 0) {
                        (void) sqlite3_reset(q);
                        return e;
                }
        }
        return r;
}

int store_set_owner(struct store *s, const struct settings *settings) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_META_GET);
        if (!q)
                return store_fail(s);
        int64_t now = (int64_t) owner_number(settings), before = 0;
        store_bind_text(q, 1, META_OWNER);
        int r = store_step(s, q);
        if (r < 0)
                return r;
        if (r > 0) {
                before = sqlite3_column_int64(q, 0);
                (void) sqlite3_reset(q);
                if (before == now)
                        return 0;
        }
        bool own = !s->in_transaction;
        if (own && (r = store_begin(s)) < 0)
                return r;
        r = reorder_all(s, settings);
        if (r >= 0 && (q = store_statement(s, STATEMENT_META_PUT))) {
                store_bind_text(q, 1, META_OWNER);
                (void) sqlite3_bind_int64(q, 2, now);
                r = store_run(s, q);
        } else if (r >= 0)
                r = store_fail(s);
        if (own && r >= 0)
                r = store_commit(s);
        if (own && r < 0)
                store_rollback(s);
        return r < 0 ? r : 1;
}

/* --- what status shows --- */

int store_unreadable(struct store *s, int (*found)(const char *source, const struct observation *o, void *userdata),
                     void *userdata) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_UNREADABLE);
        if (!q)
                return store_fail(s);
        int r;
        while ((r = store_step(s, q)) > 0) {
                struct observation o;
                arena_reset(s->arena);
                int e = decode(s, q, 3, s->arena, &o);
                if (e >= 0) {
                        const char *source = (const char *) sqlite3_column_text(q, 0);
                        o.seen_at = store_column_instant(q, 1);
                        o.internal_date = store_column_instant(q, 2);
                        e = found(source ? source : "", &o, userdata);
                }
                if (e < 0) {
                        (void) sqlite3_reset(q);
                        return e;
                }
        }
        return r;
}

int store_totals(struct store *s, struct store_totals *ret) {
        struct store_totals t = {.first_at = INSTANT_UNKNOWN, .last_at = INSTANT_UNKNOWN};
        sqlite3_stmt *q = store_statement(s, STATEMENT_TOTALS);
        if (!q)
                return store_fail(s);
        int r;
        while ((r = store_step(s, q)) > 0) {
                int64_t n = sqlite3_column_int64(q, 1);
                switch (sqlite3_column_int(q, 0)) {
                case OBSERVATION_MESSAGE:
                        t.messages = n;
                        break;
                case OBSERVATION_EVENT:
                case OBSERVATION_EVENT_GONE:
                        t.events += n;
                        break;
                case OBSERVATION_UNREADABLE:
                        t.unreadable = n;
                        break;
                }
        }
        if (r < 0)
                return r;
        if (!(q = store_statement(s, STATEMENT_SPAN)))
                return store_fail(s);
        if ((r = store_step(s, q)) < 0)
                return r;
        if (r > 0) {
                t.first_at = store_column_instant(q, 0);
                t.last_at = store_column_instant(q, 1);
                (void) sqlite3_reset(q);
        }
        if (!(q = store_statement(s, STATEMENT_SIZE)))
                return store_fail(s);
        if ((r = store_step(s, q)) < 0)
                return r;
        if (r > 0) {
                t.bytes = sqlite3_column_int64(q, 0);
                (void) sqlite3_reset(q);
        }
        *ret = t;
        return 0;
}

int store_describe(struct store *s, int64_t observation, int64_t *ret_source, char **ret) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_DIGEST_GET);
        if (!q)
                return store_fail(s);
        (void) sqlite3_bind_int64(q, 1, observation);
        int r = store_step(s, q);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        uint64_t digest =
                sqlite3_column_bytes(q, 0) == OBSERVATION_DIGEST_SIZE ? digest_number(sqlite3_column_blob(q, 0)) : 0;
        int64_t source = sqlite3_column_int64(q, 1);
        (void) sqlite3_reset(q);
        if ((r = record_of(s, observation, digest, &q)) <= 0)
                return r < 0 ? r : -ENOENT;
        struct observation o;
        arena_reset(s->arena);
        r = decode(s, q, 0, s->arena, &o);
        const struct event *e = r >= 0 ? recurring_event(&o) : NULL;
        const char *title = e ? e->summary : r >= 0 && o.kind == OBSERVATION_MESSAGE ? o.message.subject : NULL;
        const char *id = e ? e->uid : r >= 0 && o.kind == OBSERVATION_MESSAGE ? o.message.message_id : NULL;
        struct buf b = {};
        if (r >= 0 && (r = buf_printf(&b, "%s (%s %s)", title ? title : "without title", e ? "uid" : "message",
                                      id ? id : "unknown")) >= 0) {
                *ret = buf_take(&b);
                *ret_source = source;
                r = *ret ? 0 : -ENOMEM;
        }
        buf_free(&b);
        (void) sqlite3_reset(q);
        return r;
}
