/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/skip.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/store.h"
#include "daemon/zones.h"

static char folder[64];
static char state[128];
static char file[160];
static struct zone_table *zones;

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw) {
        (void) st, (void) flag, (void) ftw;
        return remove(path);
}

static int setup(void **data) {
        (void) data;
        (void) snprintf(folder, sizeof(folder), "/tmp/adieu-test-store-XXXXXX");
        if (!mkdtemp(folder))
                return -1;
        (void) snprintf(state, sizeof(state), "%s/deep/er/state", folder);
        (void) snprintf(file, sizeof(file), "%s/adieu.db", state);
        return 0;
}

static int teardown(void **data) {
        (void) data;
        return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static struct store *open_store(unsigned flags) {
        struct store *s = NULL;
        char *message = NULL;
        int r = store_open(state, flags, &s, &message);
        if (r < 0)
                fail_msg("store_open: %d %s", r, message);
        return s;
}

static void open_fails(unsigned flags, int error, const char *words) {
        struct store *s = NULL;
        _cleanup_free_ char *message = NULL;
        assert_int_equal(store_open(state, flags, &s, &message), error);
        assert_null(s);
        assert_non_null(message);
        if (!strstr(message, words))
                fail_msg("'%s' does not say '%s'", message, words);
}

static void sql(const char *text) {
        sqlite3 *db;
        assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* --- things to store --- */

static struct observation message(const char *id, const char *text, instant received_at) {
        static struct address from = {.name = "Jean", .email = "jean@dupont.example"};
        return (struct observation){
                .kind = OBSERVATION_MESSAGE,
                .seen_at = 5000,
                .internal_date = INSTANT_UNKNOWN,
                .message = {.message_id = id,
                            .from = {&from, 1},
                            .subject = "Bonjour",
                            .thread_subject = "bonjour",
                            .sent_at = received_at == INSTANT_UNKNOWN ? 1000 : received_at - 3,
                            .sent_offset = 3600,
                            .received_at = received_at,
                            .text = text,
                            .quoted_text = "> never kept",
                            .words = 3,
                            .absence_from = {},
                            .absence_until = {}},
        };
}

static struct observation event(const char *uid, const char *summary, instant seen_at) {
        return (struct observation){
                .kind = OBSERVATION_EVENT,
                .seen_at = seen_at,
                .internal_date = INSTANT_UNKNOWN,
                .event = {.uid = uid,
                          .summary = summary,
                          .start = {MOMENT_INSTANT, 100000},
                          .end = {MOMENT_INSTANT, 103600},
                          .dtstamp = INSTANT_UNKNOWN,
                          .last_modified = INSTANT_UNKNOWN,
                          .created = INSTANT_UNKNOWN},
        };
}

static struct observation gone(const char *uid, instant seen_at) {
        struct observation o = event(uid, NULL, seen_at);
        o.kind = OBSERVATION_EVENT_GONE;
        o.event.start = o.event.end = (struct moment){};
        return o;
}

static struct observation unreadable(const char *item, instant seen_at) {
        return (struct observation){
                .kind = OBSERVATION_UNREADABLE,
                .seen_at = seen_at,
                .internal_date = INSTANT_UNKNOWN,
                .unreadable = {.reason = UNREADABLE_CRASH, .detail = 11, .size = 42, .item = item},
        };
}

static int64_t add(struct store *s, const struct observation *o, instant at, int expected) {
        int64_t id = -1;
        int r = store_append(s, 1, o, at, &id);
        if (r != expected)
                fail_msg("append gave %d, not %d: %s", r, expected, store_error(s));
        return id;
}

static int64_t mailbox(struct store *s) {
        int64_t id;
        assert_int_equal(store_source(s, "maildir", "/home/c/Maildir", "mail", &id), 0);
        return id;
}

/* The walk in one line: "at:subject[:text] ...". */
static void walk(struct store *s, enum observation_walk which, bool texts, char *out, size_t size) {
        struct observation_feed feed;
        struct stored_observation o;
        FILE *f = fmemopen(out, size, "w");
        int r;
        assert_non_null(f);
        assert_int_equal(store_feed(s, &feed), 0);
        assert_int_equal(feed.start(feed.userdata, which, texts), 0);
        while ((r = feed.next(feed.userdata, &o)) > 0) {
                const struct observation *b = o.observation;
                if (b->kind == OBSERVATION_MESSAGE)
                        fprintf(f, "%s(%s) ", b->message.message_id ? b->message.message_id : "-",
                                b->message.text ? b->message.text : "");
                else
                        fprintf(f, "%s%s[%u] ", b->kind == OBSERVATION_EVENT_GONE ? "!" : "", b->event.uid, o.n_occurrences);
                assert_string_equal(o.source, "mail");
        }
        assert_int_equal(r, 0);
        store_feed_end(s);
        fclose(f);
}

static void assert_walk(struct store *s, enum observation_walk which, bool texts, const char *expected) {
        char out[2000] = "";
        walk(s, which, texts, out, sizeof(out));
        assert_string_equal(out, expected);
}

/* --- tests --- */

static void test_files_are_private(void **data) {
        (void) data;
        mode_t mask = umask(0);
        struct store *s = open_store(0);
        struct stat st;
        mailbox(s);
        assert_int_equal(stat(state, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0700);
        static const char *const suffixes[] = {"", "-wal", "-shm"};
        for (size_t i = 0; i < ELEMENTSOF(suffixes); i++) {
                char path[200];
                (void) snprintf(path, sizeof(path), "%s%s", file, suffixes[i]);
                assert_int_equal(stat(path, &st), 0);
                assert_int_equal(st.st_mode & 07777, 0600);
        }
        store_close(s);
        assert_int_equal(chmod(file, 0644), 0);
        store_close(open_store(0));
        assert_int_equal(stat(file, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        umask(mask);
}

static void test_message_once_and_earliest_date(void **data) {
        (void) data;
        struct store *s = open_store(0);
        mailbox(s);
        struct observation o = message("a@x", "hello", INSTANT_UNKNOWN), other = message("b@x", "two", INSTANT_UNKNOWN);
        o.internal_date = 3000;
        other.internal_date = 2500;
        int64_t id = add(s, &o, 3000, 1);
        add(s, &other, 2500, 1);
        assert_walk(s, WALK_MESSAGES, false, "b@x() a@x() ");
        o.seen_at = 9000;
        o.internal_date = 4000;
        assert_int_equal(add(s, &o, 4000, 0), id);
        o.internal_date = INSTANT_UNKNOWN;
        assert_int_equal(add(s, &o, 1000, 0), id);
        assert_walk(s, WALK_MESSAGES, false, "b@x() a@x() ");
        o.internal_date = 2000;
        assert_int_equal(add(s, &o, 2000, 0), id);
        assert_walk(s, WALK_MESSAGES, true, "a@x(hello) b@x(two) ");

        struct observation_feed feed;
        struct stored_observation found;
        assert_int_equal(store_feed(s, &feed), 0);
        assert_int_equal(feed.start(feed.userdata, WALK_MESSAGES, false), 0);
        assert_int_equal(feed.next(feed.userdata, &found), 1);
        assert_int_equal(found.id, id);
        assert_int_equal(found.observation->seen_at, 5000);
        assert_int_equal(found.observation->internal_date, 2000);
        uint8_t digest[OBSERVATION_DIGEST_SIZE];
        assert_int_equal(observation_digest(&o, digest), 0);
        for (unsigned i = 0; i < 8; i++)
                assert_int_equal((uint8_t) (found.digest >> (56 - 8 * i)), digest[i]);
        store_close(s);
}

static void test_ties_are_in_order_of_digest(void **data) {
        (void) data;
        struct store *s = open_store(0);
        mailbox(s);
        for (int i = 0; i < 200; i++) {
                char id[20];
                (void) snprintf(id, sizeof(id), "m%d@x", i);
                struct observation o = message(id, "t", 7000);
                add(s, &o, 7000, 1);
        }
        struct observation_feed feed;
        struct stored_observation o;
        uint64_t last = 0;
        int n = 0;
        assert_int_equal(store_feed(s, &feed), 0);
        assert_int_equal(feed.start(feed.userdata, WALK_MESSAGES, false), 0);
        while (feed.next(feed.userdata, &o) > 0) {
                assert_true(o.digest > last);
                last = o.digest;
                n++;
        }
        assert_int_equal(n, 200);
        store_close(s); /* ends the feed too */
}

static void test_text_apart(void **data) {
        (void) data;
        struct store *s = open_store(0);
        mailbox(s);
        struct observation with = message("a@x", "what I wrote", 7000), without = message(NULL, "no id", 8000),
                           empty = message("c@x", NULL, 9000);
        int64_t a = add(s, &with, 7000, 1), b = add(s, &without, 8000, 1), c = add(s, &empty, 9000, 1);
        char *text = NULL;
        assert_int_equal(store_text(s, a, &text), 0);
        assert_string_equal(text, "what I wrote");
        free(text);
        assert_int_equal(store_text(s, b, &text), 0);
        assert_string_equal(text, "no id");
        free(text);
        assert_int_equal(store_text(s, c, &text), 0);
        assert_null(text);
        assert_int_equal(store_text(s, 12345, &text), 0);
        assert_null(text);
        /* A message without Message-ID is told from others by its text: the walk has it whether asked for or not. */
        assert_walk(s, WALK_MESSAGES, false, "a@x() -(no id) c@x() ");
        assert_walk(s, WALK_MESSAGES, true, "a@x(what I wrote) -(no id) c@x() ");
        store_close(s);
}

static void test_calendar_walk(void **data) {
        (void) data;
        struct store *s = open_store(0);
        mailbox(s);
        struct observation plain = message("plain@x", "t", 7000), cancels = message("cancels@x", "t", 7100),
                           invites = message("invites@x", "t", 7200);
        struct observation e = event("e1", "one", 100), g = gone("e2", 200), u = unreadable("/x", 300);
        cancels.message.cancellation_because = "must cancel";
        invites.message.calendar = (struct event_list){&e.event, 1};
        add(s, &plain, 7000, 1);
        add(s, &cancels, 7100, 1);
        add(s, &invites, 7200, 1);
        add(s, &e, 100, 1);
        add(s, &g, 200, 1);
        add(s, &u, 300, 1);
        assert_walk(s, WALK_CALENDAR, false, "cancels@x() invites@x() e1[0] !e2[0] ");
        assert_walk(s, WALK_MESSAGES, false, "plain@x() cancels@x() invites@x() ");
        struct store_totals t;
        assert_int_equal(store_totals(s, &t), 0);
        assert_int_equal(t.messages, 3);
        assert_int_equal(t.events, 2);
        assert_int_equal(t.unreadable, 1);
        assert_int_equal(t.first_at, 7000);
        assert_int_equal(t.last_at, 7200);
        assert_true(t.bytes > 0);
        store_close(s);
}

static void test_versions_of_a_component(void **data) {
        (void) data;
        struct store *s = open_store(0);
        mailbox(s);
        struct observation a = event("e", "at ten", 100), b = event("e", "at noon", 200), g = gone("e", 400);
        int64_t first = add(s, &a, 100, 1);
        assert_int_equal(add(s, &a, 100, 0), first);
        a.seen_at = 150;
        assert_int_equal(add(s, &a, 150, 0), first); /* the same, seen again */
        add(s, &b, 200, 1);
        a.seen_at = 300;
        assert_true(add(s, &a, 300, 1) != first); /* back to the old one: that is news */
        add(s, &g, 400, 1);
        g.seen_at = 410;
        add(s, &g, 410, 0);
        a.seen_at = 500;
        add(s, &a, 500, 1); /* it is back */
        g.seen_at = 600;
        add(s, &g, 600, 1);
        struct observation occurrence = event("e", "at ten", 600);
        occurrence.event.recurrence_id = (struct moment){MOMENT_INSTANT, 100000};
        add(s, &occurrence, 600, 1); /* another component of that uid */
        store_close(s);
}

static int count_expand(int64_t observation, const char *recurrence, void *userdata) {
        void **p = userdata;
        struct store *s = p[0];
        int *n = p[1];
        (*n)++;
        assert_memory_equal(recurrence, "RRULE", 5);
        struct moment m[2] = {{MOMENT_INSTANT, 100000}, {MOMENT_FLOATING, -86400}};
        assert_int_equal(store_expansion_put(s, observation, 5000, m, 2), 0);
        return 0;
}

static void test_expansions(void **data) {
        (void) data;
        struct store *s = open_store(0);
        mailbox(s);
        assert_int_equal(store_begin(s), 0);
        for (int i = 0; i < 700; i++) {
                char uid[20];
                (void) snprintf(uid, sizeof(uid), "r%d", i);
                struct observation e = event(uid, "weekly", 100);
                e.event.rrule = "FREQ=WEEKLY";
                e.event.recurrence = "RRULE:FREQ=WEEKLY";
                if (i == 0) { /* the same in an invitation */
                        struct observation m = message("invite@x", "t", 50);
                        m.message.calendar = (struct event_list){&e.event, 1};
                        add(s, &m, 50, 1);
                }
                add(s, &e, 100, 1);
        }
        assert_int_equal(store_commit(s), 0);
        int n = 0;
        void *p[] = {s, &n};
        assert_int_equal(store_unexpanded(s, 4000, count_expand, p), 0);
        assert_int_equal(n, 701);
        assert_int_equal(store_unexpanded(s, 5000, count_expand, p), 0);
        assert_int_equal(n, 701);
        assert_int_equal(store_unexpanded(s, 5001, count_expand, p), 0);
        assert_int_equal(n, 1402);

        struct observation_feed feed;
        struct stored_observation o;
        assert_int_equal(store_feed(s, &feed), 0);
        assert_int_equal(feed.start(feed.userdata, WALK_CALENDAR, false), 0);
        for (n = 0; feed.next(feed.userdata, &o) > 0; n++) {
                assert_int_equal(o.n_occurrences, 2);
                assert_int_equal(o.occurrences[0].form, MOMENT_INSTANT);
                assert_int_equal(o.occurrences[0].at, 100000);
                assert_int_equal(o.occurrences[1].form, MOMENT_FLOATING);
                assert_int_equal(o.occurrences[1].at, -86400);
        }
        assert_int_equal(n, 701);
        store_feed_end(s);
        store_close(s);
}

static int one_item(const struct store_item *item, void *userdata) {
        struct store_item *ret = userdata;
        if (ret->id != 0)
                return -EEXIST;
        assert_string_equal(item->folder, "INBOX");
        assert_string_equal(item->name, "1.a");
        *ret = *item;
        return 0;
}

static int count_item(const struct store_item *item, void *userdata) {
        (void) item;
        (*(int *) userdata)++;
        return 0;
}

static int count_component(const struct store_component *c, void *userdata) {
        assert_int_equal(c->digest[0], 7);
        (*(int *) userdata)++;
        return 0;
}

static void test_items_folders_components(void **data) {
        (void) data;
        struct store *s = open_store(0);
        int64_t source = mailbox(s), id = 0, again = 0, other = 0, mtime = -1, n = -1;
        assert_int_equal(store_folder_get(s, source, "INBOX", &mtime, &n), 0);
        struct store_item item = {.folder = "INBOX",
                                  .name = "1.a",
                                  .inode = 5,
                                  .size = 6,
                                  .mtime_ns = 7,
                                  .check = UINT64_MAX},
                          found = {};
        assert_int_equal(store_item_put(s, source, &item, &id), 0);
        item.size = 60;
        assert_int_equal(store_item_put(s, source, &item, &again), 0);
        assert_int_equal(id, again);
        assert_int_equal(store_items(s, source, one_item, &found), 0);
        assert_int_equal(found.id, id);
        assert_int_equal(found.inode, 5);
        assert_int_equal(found.size, 60);
        assert_int_equal(found.mtime_ns, 7);
        assert_true(found.check == UINT64_MAX);
        /* Items alone say nothing of a folder's state. */
        assert_int_equal(store_folder_get(s, source, "INBOX", &mtime, &n), 0);
        assert_int_equal(store_folder_put(s, source, "INBOX", 123456789, 1), 0);
        assert_int_equal(store_folder_get(s, source, "INBOX", &mtime, &n), 1);
        assert_int_equal(mtime, 123456789);
        assert_int_equal(n, 1);

        struct store_item second = {.folder = "Sent", .name = "1.a"};
        assert_int_equal(store_item_put(s, source, &second, &other), 0);
        int count = 0;
        assert_int_equal(store_items_of_folder(s, source, "Sent", count_item, &count), 0);
        assert_int_equal(count, 1);
        assert_int_equal(store_items(s, source, one_item, &found), -EEXIST); /* what found() says comes back */

        struct store_component c = {.item = id, .uid = "u", .digest = {7}};
        assert_int_equal(store_component_put(s, &c), 0);
        assert_int_equal(store_component_put(s, &c), 0);
        assert_int_equal(store_component_elsewhere(s, id, "u", &c.recurrence_id, 5), 0);
        c.item = other;
        assert_int_equal(store_component_put(s, &c), 0);
        assert_int_equal(store_component_elsewhere(s, id, "u", &c.recurrence_id, 5), 1);
        assert_int_equal(store_component_delete(s, other, "u", &c.recurrence_id), 0);
        int64_t elsewhere;
        assert_int_equal(store_source(s, "calendar", "/elsewhere", "elsewhere", &elsewhere), 0);
        assert_int_equal(store_item_put(s, elsewhere, &second, &c.item), 0);
        assert_int_equal(store_component_put(s, &c), 0);
        assert_int_equal(store_source_read(s, elsewhere, 4, NULL), 0); /* not of this pass: no longer configured */
        assert_int_equal(store_component_elsewhere(s, id, "u", &c.recurrence_id, 5), 0);
        assert_int_equal(store_source_read(s, elsewhere, 5, "cannot be read"), 0);
        assert_int_equal(store_component_elsewhere(s, id, "u", &c.recurrence_id, 5), 1);
        assert_int_equal(store_component_delete(s, c.item, "u", &c.recurrence_id), 0);
        assert_int_equal(store_component_elsewhere(s, id, "u", &c.recurrence_id, 5), 0);
        count = 0;
        assert_int_equal(store_components(s, id, count_component, &count), 0);
        assert_int_equal(count, 1);
        c.item = 4711;
        assert_true(store_component_put(s, &c) < 0); /* no such item */

        assert_int_equal(store_folder_delete(s, source, "INBOX"), 0);
        assert_int_equal(store_folder_delete(s, source, "INBOX"), 0);
        count = 0;
        assert_int_equal(store_components(s, id, count_component, &count), 0);
        assert_int_equal(store_items(s, source, count_item, &count), 0);
        assert_int_equal(count, 1);
        assert_int_equal(store_item_put(s, source, &item, &id), 0); /* the folder's row is made again */
        assert_int_equal(store_item_delete(s, id), 0);
        store_close(s);
}

static int first_status(const struct store_source_status *st, void *userdata) {
        struct store_source_status *ret = userdata;
        *ret = *st;
        ret->error = st->error ? "some" : NULL;
        assert_string_equal(st->name, "post");
        return 0;
}

static void test_sources(void **data) {
        (void) data;
        struct store *s = open_store(0);
        int64_t id = mailbox(s), same;
        assert_int_equal(store_source(s, "maildir", "/home/c/Maildir", "post", &same), 0);
        assert_int_equal(id, same);
        struct store_source_status st;
        assert_int_equal(store_sources(s, first_status, &st), 0);
        assert_true(st.read_at == INSTANT_UNKNOWN && st.tried_at == INSTANT_UNKNOWN && !st.error && !st.observed);
        assert_int_equal(store_source_read(s, id, 1000, NULL), 0);
        assert_int_equal(store_source_read(s, id, 2000, "no such folder"), 0);
        struct observation u = unreadable("/x", 300), m = message("a@x", "t", 7000);
        add(s, &u, 300, 1);
        add(s, &u, 300, 0);
        add(s, &m, 7000, 1);
        assert_int_equal(store_sources(s, first_status, &st), 0);
        assert_int_equal(st.read_at, 1000);
        assert_int_equal(st.tried_at, 2000);
        assert_non_null(st.error);
        assert_true(st.observed);
        struct store_source_counts counts;
        assert_int_equal(store_source_counts(s, id, &counts), 0);
        assert_int_equal(counts.items, 0);
        assert_int_equal(counts.observations, 2);
        assert_int_equal(counts.unreadable, 1);
        assert_int_equal(store_source_read(s, id, 3000, NULL), 0);
        assert_int_equal(store_sources(s, first_status, &st), 0);
        assert_null(st.error);
        store_close(s);
}

static void test_told_by_outlet(void **data) {
        (void) data;
        struct store *s = open_store(0);
        assert_int_equal(store_told(s, "b1", OUTLET_LINES), 0);
        assert_int_equal(store_tell(s, "b1", OUTLET_LINES, 5), 0);
        assert_int_equal(store_tell(s, "b1", OUTLET_LINES, 6), 0);
        assert_int_equal(store_told(s, "b1", OUTLET_LINES), 1);
        assert_int_equal(store_told(s, "b1", OUTLET_MAIL), 0);
        assert_int_equal(store_told(s, "b1", OUTLET_DIGEST), 0);
        assert_int_equal(store_tell(s, "b1", OUTLET_DIGEST, 7), 0);
        assert_int_equal(store_told(s, "b1", OUTLET_DIGEST), 1);
        assert_int_equal(store_told(s, "b1", OUTLET_COMMAND), 0);
        store_close(s);
}

/* A store as the first version made it: what it told stays told, in lines. */
static void test_told_is_kept_by_migration(void **data) {
        (void) data;
        store_close(open_store(0));
        sql("DROP TABLE told;"
            "CREATE TABLE told(breach TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;"
            "INSERT INTO told VALUES('b1', 5), ('b2', 6);"
            "ALTER TABLE folder DROP COLUMN state;"
            "DROP TABLE outbox;"
            "PRAGMA user_version = 1");
        struct store *s = open_store(0);
        assert_int_equal(store_told(s, "b1", OUTLET_LINES), 1);
        assert_int_equal(store_told(s, "b2", OUTLET_LINES), 1);
        assert_int_equal(store_told(s, "b1", OUTLET_MAIL), 0);
        assert_int_equal(store_told(s, "b3", OUTLET_LINES), 0);
        store_close(s);
}

static int collect_unreadable(const char *source, const struct observation *o, void *userdata) {
        assert_string_equal(source, "mail");
        assert_int_equal(o->unreadable.reason, UNREADABLE_CRASH);
        strncat(userdata, o->unreadable.item, 20);
        return 0;
}

static void test_unreadable_newest_first(void **data) {
        (void) data;
        struct store *s = open_store(0);
        mailbox(s);
        struct observation a = unreadable("/a", 100), b = unreadable("/b", 300), c = unreadable("/c", 200);
        add(s, &a, 100, 1);
        add(s, &b, 300, 1);
        add(s, &c, 200, 1);
        char out[100] = "";
        assert_int_equal(store_unreadable(s, collect_unreadable, out), 0);
        assert_string_equal(out, "/b/c/a");
        store_close(s);
}

static struct settings *owner_settings(const char *addresses) {
        struct settings *settings = NULL;
        struct diagnostics d = {};
        char yaml[300];
        (void) snprintf(yaml, sizeof(yaml), "owner: {name: C, time_zone: Europe/Paris, addresses: [%s]}\n", addresses);
        const struct settings_file f = {.path = "/adieu.yaml", .data = yaml, .size = strlen(yaml)};
        if (!zones)
                assert_int_equal(zones_load(&zones), 0);
        assert_int_equal(settings_load(&f, 1, zones, &d, &settings), 0);
        diagnostics_free(&d);
        return settings;
}

static void test_owner_changes_the_order(void **data) {
        (void) data;
        struct store *s = open_store(0);
        mailbox(s);
        struct settings *settings = owner_settings("camille@studio.example");
        assert_int_equal(store_set_owner(s, settings), 1);
        assert_int_equal(store_set_owner(s, settings), 0);
        /* Jean's message was written first and came last. */
        struct observation late = message("late@x", "t", 9000), early = message("early@x", "t", 8000);
        late.message.sent_at = 1000;
        add(s, &late, message_time(&late, false), 1);
        add(s, &early, message_time(&early, false), 1);
        assert_walk(s, WALK_MESSAGES, false, "early@x() late@x() ");
        settings_free(settings);
        settings = owner_settings("camille@studio.example, jean@dupont.example");
        assert_int_equal(store_set_owner(s, settings), 1);
        assert_walk(s, WALK_MESSAGES, false, "late@x() early@x() ");
        assert_int_equal(store_set_owner(s, settings), 0);
        settings_free(settings);
        store_close(s);
}

static void test_rollback_and_reopen(void **data) {
        (void) data;
        struct store *s = open_store(0);
        mailbox(s);
        struct observation a = message("a@x", "t", 1), b = message("b@x", "t", 2);
        assert_int_equal(store_begin(s), 0);
        add(s, &a, 1, 1);
        store_rollback(s);
        assert_int_equal(store_begin(s), 0);
        add(s, &b, 2, 1);
        assert_int_equal(store_commit(s), 0);
        store_close(s);
        s = open_store(STORE_READ_ONLY);
        assert_walk(s, WALK_MESSAGES, false, "b@x() ");
        assert_true(store_append(s, 1, &a, 1, NULL) < 0);
        store_close(s);
}

static void test_kill_between_batches(void **data) {
        (void) data;
        store_close(open_store(0));
        int ready[2];
        assert_int_equal(pipe(ready), 0);
        pid_t child = fork();
        if (child == 0) {
                struct store *s = NULL;
                if (store_open(state, 0, &s, NULL) < 0)
                        _exit(1);
                int64_t source;
                struct observation a = message("a@x", "t", 1), b = message("b@x", "t", 2);
                struct store_item item = {.folder = "", .name = "a"}, item_b = {.folder = "", .name = "b"};
                if (store_begin(s) < 0 || store_source(s, "maildir", "/m", "mail", &source) < 0 ||
                    store_append(s, source, &a, 1, NULL) < 0 || store_item_put(s, source, &item, NULL) < 0 ||
                    store_commit(s) < 0 || store_begin(s) < 0 || store_append(s, source, &b, 2, NULL) < 0 ||
                    store_item_put(s, source, &item_b, NULL) < 0)
                        _exit(2);
                (void) !write(ready[1], "x", 1);
                pause();
                _exit(0);
        }
        char c;
        close(ready[1]);
        assert_int_equal(read(ready[0], &c, 1), 1);
        close(ready[0]);
        kill(child, SIGKILL);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        struct store *s = open_store(0);
        assert_walk(s, WALK_MESSAGES, true, "a@x(t) ");
        int count = 0;
        assert_int_equal(store_items(s, 1, count_item, &count), 0);
        assert_int_equal(count, 1);
        store_close(s);
}

static void test_two_writers(void **data) {
        (void) data;
        struct store *a = open_store(0), *b = open_store(0);
        mailbox(a);
        assert_int_equal(store_begin(a), 0);
        struct observation o = message("a@x", "t", 1);
        add(a, &o, 1, 1);
        /* Reading goes on beside a writer, and sees what was committed. */
        assert_walk(b, WALK_MESSAGES, false, "");
        assert_int_equal(store_begin(b), -EBUSY); /* after STORE_BUSY_MILLISECONDS */
        assert_non_null(strstr(store_error(b), "another adieu is writing"));
        assert_int_equal(store_commit(a), 0);
        assert_int_equal(store_begin(b), 0);
        add(b, &o, 1, 0);
        assert_int_equal(store_commit(b), 0);
        store_close(a);
        store_close(b);
}

static void test_full_disk(void **data) {
        (void) data;
        struct store *s = open_store(0);
        mailbox(s);
        struct observation kept = message("kept@x", "t", 1);
        add(s, &kept, 1, 1);
        store_close(s);
        /* A ceiling on the number of pages is what SQLite reports as a full disk; it lasts as long as the connection, so that the child keeps
         * it by a limit on file size instead: then the write itself fails. */
        pid_t child = fork();
        if (child == 0) {
                signal(SIGXFSZ, SIG_IGN);
                if (store_open(state, 0, &s, NULL) < 0)
                        _exit(1);
                sqlite3 *db = *(sqlite3 **) s; /* the handle is the first member */
                if (sqlite3_exec(db, "PRAGMA max_page_count = 20", NULL, NULL, NULL) != SQLITE_OK)
                        _exit(2);
                int r = store_begin(s);
                for (int i = 0; i < 10000 && r >= 0; i++) {
                        char id[20];
                        (void) snprintf(id, sizeof(id), "m%d@x", i);
                        struct observation o = message(id, "some text that takes room", 10 + i);
                        r = store_append(s, 1, &o, 10 + i, NULL);
                }
                bool said = strstr(store_error(s), "disk full") != NULL;
                store_rollback(s);
                store_close(s);
                _exit(r != -ENOSPC ? 3 : said ? 0 : 4);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
        s = open_store(0);
        assert_walk(s, WALK_MESSAGES, false, "kept@x() ");
        add(s,
            &(struct observation){.kind = OBSERVATION_UNREADABLE,
                                  .seen_at = 1,
                                  .internal_date = INSTANT_UNKNOWN,
                                  .unreadable = {.reason = UNREADABLE_TIME, .item = "x"}},
            1, 1);
        store_close(s);
}

static size_t slurp(const char *path, char **ret) {
        FILE *f = fopen(path, "r");
        assert_non_null(f);
        char *data = calloc(1, 1 << 20);
        size_t n = fread(data, 1, 1 << 20, f);
        fclose(f);
        *ret = data;
        return n;
}

static void spoil(size_t offset, const char *bytes, size_t n) {
        int fd = open(file, O_WRONLY);
        assert_true(fd >= 0);
        assert_int_equal(pwrite(fd, bytes, n, (off_t) offset), (ssize_t) n);
        close(fd);
}

static void damaged(size_t offset, size_t n) {
        _cleanup_free_ char *junk = malloc(n), *before = NULL, *after = NULL;
        memset(junk, 0xa5, n);
        spoil(offset, junk, n);
        size_t size = slurp(file, &before);
        open_fails(0, -EUCLEAN, "damaged");
        assert_int_equal(slurp(file, &after), size);
        assert_memory_equal(before, after, size);
        open_fails(STORE_READ_ONLY, -EUCLEAN, "damaged");
}

static void test_damaged_header(void **data) {
        (void) data;
        store_close(open_store(0));
        damaged(0, 16);
}

static void test_damaged_schema(void **data) {
        (void) data;
        store_close(open_store(0));
        damaged(100, 4000);
}

static void test_damaged_record(void **data) {
        (void) data;
        struct store *s = open_store(0);
        mailbox(s);
        struct observation o = message("a@x", "t", 1);
        add(s, &o, 1, 1);
        store_close(s);
        sql("UPDATE record SET record = x'ff00ff'");
        s = open_store(STORE_READ_ONLY);
        struct observation_feed feed;
        struct stored_observation found;
        assert_int_equal(store_feed(s, &feed), 0);
        assert_int_equal(feed.start(feed.userdata, WALK_MESSAGES, false), 0);
        assert_int_equal(feed.next(feed.userdata, &found), -EUCLEAN);
        store_close(s);
}

static void test_not_ours(void **data) {
        (void) data;
        store_close(open_store(0));
        assert_int_equal(unlink(file), 0);
        sql("CREATE TABLE address_book(name)");
        open_fails(0, -EUCLEAN, "not made by adieu");
        assert_int_equal(unlink(file), 0);
        assert_int_equal(mkdir(file, 0700), 0);
        struct store *s;
        assert_true(store_open(state, 0, &s, NULL) < 0);
}

static void test_newer_version(void **data) {
        (void) data;
        store_close(open_store(0));
        sql("PRAGMA user_version = 99");
        open_fails(0, -EPROTO, "newer version");
        open_fails(STORE_READ_ONLY, -EPROTO, "newer version");
}

static void test_none_yet(void **data) {
        (void) data;
        open_fails(STORE_READ_ONLY, -ENOENT, "adieu scan");
        struct stat st;
        assert_true(stat(state, &st) < 0); /* looking makes nothing */
        /* Killed while making it: an empty file. */
        store_close(open_store(0));
        assert_int_equal(truncate(file, 0), 0);
        open_fails(STORE_READ_ONLY, -ENOENT, "adieu scan");
        store_close(open_store(0));
}

static void test_read_only_folder(void **data) {
        (void) data;
        if (geteuid() == 0) {
                print_message("# as root: permissions do not hold for root, tried as nobody in a child\n");
                assert_int_equal(chmod(folder, 0755), 0);
        }
        pid_t child = fork();
        if (child == 0) {
                if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
                        _exit(77);
                if (geteuid() != 65534 && chmod(folder, 0500) < 0)
                        _exit(1);
                struct store *s = NULL;
                char *message = NULL;
                int r = store_open(state, 0, &s, &message);
                _exit(r != -EACCES ? 2 : message && strstr(message, "cannot be") ? 0 : 3);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(chmod(folder, 0700), 0);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
                SKIP("a read-only folder needs a user other than root");
        assert_int_equal(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
                T(test_files_are_private),
                T(test_message_once_and_earliest_date),
                T(test_ties_are_in_order_of_digest),
                T(test_text_apart),
                T(test_calendar_walk),
                T(test_versions_of_a_component),
                T(test_expansions),
                T(test_items_folders_components),
                T(test_sources),
                T(test_unreadable_newest_first),
                T(test_owner_changes_the_order),
                T(test_rollback_and_reopen),
                T(test_kill_between_batches),
                T(test_two_writers),
                T(test_full_disk),
                T(test_damaged_header),
                T(test_damaged_schema),
                T(test_damaged_record),
                T(test_not_ours),
                T(test_newer_version),
                T(test_told_by_outlet),
                T(test_told_is_kept_by_migration),
                T(test_none_yet),
                T(test_read_only_folder),
        };
        int failed = cmocka_run_group_tests(tests, NULL, NULL);
        zone_table_free(zones);
        return failed;
}
