/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/store_outbox.h"

#include "daemon/store_schema.h"

/* `adieu digest --send` sends what it put in, and tells what became of it. When it has not begun for so long it is gone. */
#define ASKER_SECONDS INT64_C(60)

static const char *const kind_names[] = {"digest", "alert", "notice", "extra"};
static const char *const state_names[] = {"waiting", "sending", "sent", "refused", "unknown", "replaced"};

const char *outbox_kind_name(enum outbox_kind kind) {
        return (size_t) kind < ELEMENTSOF(kind_names) ? kind_names[kind] : "?";
}

const char *outbox_state_name(enum outbox_state state) {
        return (size_t) state < ELEMENTSOF(state_names) ? state_names[state] : "?";
}

/* 1 there is a row, 0 there is none. */
static int has_row(struct store *s, sqlite3_stmt *q) {
        int r = store_step(s, q);
        if (r > 0)
                (void) sqlite3_reset(q);
        return r;
}

/* --- putting in, looking up */

int outbox_put(struct store *s, const struct outbox_row *row, int64_t *ret_id) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_OUTBOX_PUT);
        if (!q)
                return store_fail(s);
        store_bind_text(q, 1, row->message_id);
        (void) sqlite3_bind_int(q, 2, (int) row->kind);
        store_bind_text(q, 3, row->key);
        store_bind_text(q, 4, row->sender);
        store_bind_text(q, 5, row->recipient);
        store_bind_text(q, 6, row->subject);
        (void) sqlite3_bind_int64(q, 7, row->made_at);
        (void) sqlite3_bind_blob64(q, 8, row->mail, row->size, SQLITE_STATIC);
        int r = store_run(s, q);
        if (r < 0 || sqlite3_changes(s->db) == 0)
                return MIN(r, 0);
        if (ret_id)
                *ret_id = sqlite3_last_insert_rowid(s->db);
        return 1;
}

int outbox_has(struct store *s, enum outbox_kind kind, const char *key) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_OUTBOX_HAS);
        if (!q)
                return store_fail(s);
        (void) sqlite3_bind_int(q, 1, (int) kind);
        store_bind_text(q, 2, key);
        return has_row(s, q);
}

int outbox_made(struct store *s, enum outbox_kind kind, instant from, instant until, instant *ret) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_OUTBOX_MADE);
        if (!q)
                return store_fail(s);
        (void) sqlite3_bind_int(q, 1, (int) kind);
        (void) sqlite3_bind_int64(q, 2, from);
        (void) sqlite3_bind_int64(q, 3, until);
        int r = store_step(s, q);
        if (r <= 0)
                return r;
        instant at = store_column_instant(q, 0);
        (void) sqlite3_reset(q);
        if (at != INSTANT_UNKNOWN)
                *ret = at;
        return at != INSTANT_UNKNOWN;
}

static const char *text_or_null(sqlite3_stmt *q, int column) {
        return (const char *) sqlite3_column_text(q, column);
}

/* Columns as OUTBOX_COLUMNS lists them. */
static struct outbox_row row_of(sqlite3_stmt *q) {
        return (struct outbox_row){
                .id = sqlite3_column_int64(q, 0),
                .message_id = text_or_null(q, 1),
                .kind = (enum outbox_kind) sqlite3_column_int(q, 2),
                .key = text_or_null(q, 3),
                .sender = text_or_null(q, 4),
                .recipient = text_or_null(q, 5),
                .subject = text_or_null(q, 6),
                .made_at = sqlite3_column_int64(q, 7),
                .changed_at = sqlite3_column_int64(q, 8),
                .next_at = sqlite3_column_int64(q, 9),
                .tries = (uint32_t) sqlite3_column_int64(q, 10),
                .state = (enum outbox_state) sqlite3_column_int(q, 11),
                .stage = sqlite3_column_int(q, 12),
                .code = sqlite3_column_int(q, 13),
                .text = text_or_null(q, 14),
                .unsure = (uint32_t) sqlite3_column_int64(q, 15),
        };
}

/* A copy that outlives the statement, which must not stay open: as long as it does, the store is seen as it was then, and once another process has written, this one
 * can write no more. */
static int copy_row(const struct outbox_row *row, struct arena *arena, struct outbox_row *ret) {
        struct outbox_row copy = *row;
        copy.message_id = arena_strdup(arena, row->message_id);
        copy.key = arena_strdup(arena, row->key);
        copy.sender = arena_strdup(arena, row->sender);
        copy.recipient = arena_strdup(arena, row->recipient);
        copy.subject = arena_strdup(arena, row->subject);
        copy.text = arena_strdup(arena, row->text);
        void *mail = arena_alloc(arena, row->size + 1);
        copy.mail = mail;
        if (!copy.message_id || !copy.key || !copy.sender || !copy.recipient || !copy.subject || (row->text && !copy.text) ||
            !mail)
                return -ENOMEM;
        if (row->size > 0)
                memcpy(mail, row->mail, row->size);
        *ret = copy;
        return 1;
}

int outbox_due(struct store *s, instant now, int64_t patience, const char *message_id, struct arena *arena,
               struct outbox_row *ret) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_OUTBOX_DUE);
        if (!q)
                return store_fail(s);
        (void) sqlite3_bind_int64(q, 1, now);
        (void) sqlite3_bind_int64(q, 2, now + patience);
        store_bind_text(q, 3, message_id);
        (void) sqlite3_bind_int64(q, 4, now - ASKER_SECONDS);
        int r = store_step(s, q);
        if (r <= 0)
                return r;
        struct outbox_row row = row_of(q);
        row.mail = sqlite3_column_blob(q, 16);
        row.size = (size_t) sqlite3_column_bytes(q, 16);
        r = copy_row(&row, arena, ret);
        (void) sqlite3_reset(q);
        return r;
}

int outbox_wait(struct store *s, instant now, int64_t patience, int64_t *ret_seconds) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_OUTBOX_NEXT);
        if (!q)
                return store_fail(s);
        (void) sqlite3_bind_int64(q, 1, now);
        (void) sqlite3_bind_int64(q, 2, now + patience);
        (void) sqlite3_bind_int64(q, 4, now - ASKER_SECONDS);
        int r = store_step(s, q);
        if (r < 0)
                return r;
        *ret_seconds = r > 0 && sqlite3_column_type(q, 0) != SQLITE_NULL ? sqlite3_column_int64(q, 0) : -1;
        if (r > 0)
                (void) sqlite3_reset(q);
        return 0;
}

int outbox_list(struct store *s, uint32_t done, int (*found)(const struct outbox_row *row, void *userdata), void *userdata) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_OUTBOX_LIST);
        if (!q)
                return store_fail(s);
        (void) sqlite3_bind_int64(q, 1, done);
        int r;
        while ((r = store_step(s, q)) > 0) {
                struct outbox_row row = row_of(q);
                r = found(&row, userdata);
                if (r < 0) {
                        (void) sqlite3_reset(q);
                        return r;
                }
        }
        return r;
}

/* --- what became of it */

int outbox_claim(struct store *s, int64_t row, instant at) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_OUTBOX_CLAIM);
        if (!q)
                return store_fail(s);
        (void) sqlite3_bind_int64(q, 1, row);
        (void) sqlite3_bind_int64(q, 2, at);
        int r = store_run(s, q);
        return r < 0 ? r : sqlite3_changes(s->db) > 0;
}

int outbox_stage(struct store *s, int64_t row, uint32_t tries, int stage) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_OUTBOX_STAGE);
        if (!q)
                return store_fail(s);
        (void) sqlite3_bind_int64(q, 1, row);
        (void) sqlite3_bind_int64(q, 2, tries);
        (void) sqlite3_bind_int(q, 3, stage);
        int r = store_run(s, q);
        return r < 0 ? r : sqlite3_changes(s->db) > 0;
}

int outbox_change(struct store *s, int64_t row, const struct outbox_change *change) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_OUTBOX_CHANGE);
        if (!q)
                return store_fail(s);
        (void) sqlite3_bind_int64(q, 1, row);
        (void) sqlite3_bind_int(q, 2, (int) change->state);
        (void) sqlite3_bind_int(q, 3, change->stage);
        (void) sqlite3_bind_int(q, 4, change->code);
        store_bind_text(q, 5, change->text);
        (void) sqlite3_bind_int64(q, 6, change->unsure);
        (void) sqlite3_bind_int64(q, 7, change->at);
        (void) sqlite3_bind_int64(q, 8, change->next_at);
        return store_run(s, q);
}

int outbox_hurry(struct store *s, instant now, int64_t seconds) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_OUTBOX_HURRY);
        if (!q)
                return store_fail(s);
        (void) sqlite3_bind_int64(q, 1, now + seconds);
        return store_run(s, q);
}

int outbox_take_back(struct store *s, const char *message_id) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_OUTBOX_TAKE_BACK);
        if (!q)
                return store_fail(s);
        store_bind_text(q, 1, message_id);
        return store_run(s, q);
}

int outbox_replace(struct store *s, instant at) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_OUTBOX_REPLACE);
        if (!q)
                return store_fail(s);
        (void) sqlite3_bind_int64(q, 1, at);
        int r = store_run(s, q);
        if (r < 0)
                return r;
        q = store_statement(s, STATEMENT_OUTBOX_UNTELL);
        if (!q)
                return store_fail(s);
        (void) sqlite3_bind_int64(q, 1, at);
        return store_run(s, q);
}

int outbox_replace_extra(struct store *s, instant at) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_OUTBOX_REPLACE_EXTRA);
        if (!q)
                return store_fail(s);
        (void) sqlite3_bind_int64(q, 1, at);
        return store_run(s, q);
}

int outbox_drop(struct store *s, instant before) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_OUTBOX_DROP);
        if (!q)
                return store_fail(s);
        (void) sqlite3_bind_int64(q, 1, before);
        return store_run(s, q);
}

int outbox_arrived(struct store *s, const char *message_id, instant since) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_OUTBOX_ARRIVED);
        if (!q)
                return store_fail(s);
        (void) sqlite3_bind_int64(q, 1, since);
        (void) sqlite3_bind_blob64(q, 2, message_id, strlen(message_id), SQLITE_STATIC);
        return has_row(s, q);
}

/* --- what it told */

int store_tell_in(struct store *s, const char *breach, enum outlet outlet, const char *message_id, instant at) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_TELL_IN);
        if (!q)
                return store_fail(s);
        store_bind_text(q, 1, breach);
        (void) sqlite3_bind_int(q, 2, (int) outlet);
        (void) sqlite3_bind_int64(q, 3, at);
        store_bind_text(q, 4, message_id);
        return store_run(s, q);
}

int store_told_by_mail(struct store *s, const char *breach) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_TOLD_BY_MAIL);
        if (!q)
                return store_fail(s);
        store_bind_text(q, 1, breach);
        return has_row(s, q);
}

int store_moment(struct store *s, const char *name, instant *ret) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_META_GET);
        if (!q)
                return store_fail(s);
        store_bind_text(q, 1, name);
        int r = store_step(s, q);
        if (r <= 0)
                return r;
        *ret = sqlite3_column_int64(q, 0);
        (void) sqlite3_reset(q);
        return 1;
}

int store_first(struct store *s, const char *name, instant *at) {
        instant kept;
        int r = store_moment(s, name, &kept);
        if (r > 0 && kept <= *at)
                *at = kept;
        if (r < 0 || (r > 0 && kept <= *at))
                return MIN(r, 0);
        return store_keep_moment(s, name, *at);
}

int store_keep_moment(struct store *s, const char *name, instant at) {
        sqlite3_stmt *q = store_statement(s, STATEMENT_META_PUT);
        if (!q)
                return store_fail(s);
        store_bind_text(q, 1, name);
        (void) sqlite3_bind_int64(q, 2, at);
        return store_run(s, q);
}
