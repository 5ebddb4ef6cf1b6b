/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/skip.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "daemon/accounts.h"
#include "daemon/reader.h"
#include "daemon/role_parse.h"
#include "daemon/source_names.h"
#include "daemon/zones.h"
#include "parsers/calendar.h"
#include "parsers/message.h"

/* This program is its own parse role; marked input makes it die. */
int __real_message_parse(const char *data, size_t size, const struct message_options *options, struct arena *arena,
                         struct message *ret);
int __wrap_message_parse(const char *data, size_t size, const struct message_options *options, struct arena *arena,
                         struct message *ret);
int __real_recurrence_expand(const char *recurrence, const struct zone_table *zones, instant from, instant to,
                             struct moment *ret, uint32_t max, uint32_t *ret_n, bool *ret_truncated);
int __wrap_recurrence_expand(const char *recurrence, const struct zone_table *zones, instant from, instant to,
                             struct moment *ret, uint32_t max, uint32_t *ret_n, bool *ret_truncated);

int __wrap_message_parse(const char *data, size_t size, const struct message_options *options, struct arena *arena,
                         struct message *ret) {
        if (memmem(data, size, "X-Test: crash", 13))
                abort();
        return __real_message_parse(data, size, options, arena, ret);
}

int __wrap_recurrence_expand(const char *recurrence, const struct zone_table *zones, instant from, instant to,
                             struct moment *ret, uint32_t max, uint32_t *ret_n, bool *ret_truncated) {
        if (strstr(recurrence, "COUNT=666"))
                abort();
        return __real_recurrence_expand(recurrence, zones, from, to, ret, max, ret_n, ret_truncated);
}

/* The n-th of these calls is the last thing a child does. */
static int64_t appends_left, commits_left;
int __real_store_append(struct store *s, int64_t source, const struct observation *o, instant at, int64_t *ret_id);
int __wrap_store_append(struct store *s, int64_t source, const struct observation *o, instant at, int64_t *ret_id);
int __real_store_commit(struct store *s);
int __wrap_store_commit(struct store *s);

int __wrap_store_append(struct store *s, int64_t source, const struct observation *o, instant at, int64_t *ret_id) {
        if (appends_left > 0 && --appends_left == 0)
                kill(getpid(), SIGKILL);
        return __real_store_append(s, source, o, at, ret_id);
}

int __wrap_store_commit(struct store *s) {
        int r = __real_store_commit(s);
        if (commits_left > 0 && --commits_left == 0)
                kill(getpid(), SIGKILL);
        return r;
}

/* --- the bench --- */

#define NOW_AT INT64_C(1772452800) /* 2026-03-02T12:00:00Z */

static char top[64];
static struct store *store;
static struct settings *settings;
static struct zone_table *zones;
static struct read_totals totals;
static char troubles[8000];
static instant clock_at; /* of the next pass */

static const char *path_of(const char *name) {
        static char paths[4][512];
        static unsigned n;
        char *p = paths[n++ % 4];
        (void) snprintf(p, sizeof(paths[0]), "%s/%s", top, name);
        return p;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw) {
        (void) st, (void) flag, (void) ftw;
        return remove(path);
}

static int setup(void **data) {
        (void) data;
        (void) snprintf(top, sizeof(top), "/tmp/adieu-test-reader-XXXXXX");
        if (!mkdtemp(top) || store_open(path_of("state"), 0, &store, NULL) < 0)
                return -1;
        clock_at = NOW_AT;
        return 0;
}

static int teardown(void **data) {
        (void) data;
        store = store_close(store);
        settings = settings_free(settings);
        return nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void make_folder(const char *name) {
        char path[512];
        (void) snprintf(path, sizeof(path), "%s", path_of(name));
        for (char *p = path + strlen(top) + 1; (p = strchr(p, '/')); *p++ = '/') {
                *p = 0;
                (void) mkdir(path, 0700);
        }
        assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
}

static void set_time(const char *name, int64_t seconds) {
        const struct timespec t[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
        assert_int_equal(utimensat(AT_FDCWD, path_of(name), t, AT_SYMLINK_NOFOLLOW), 0);
}

static void write_file(const char *name, const char *text) {
        FILE *f = fopen(path_of(name), "w");
        assert_non_null(f);
        fputs(text, f);
        assert_int_equal(fclose(f), 0);
}

static void append_file(const char *name, const char *text) {
        FILE *f = fopen(path_of(name), "a");
        assert_non_null(f);
        fputs(text, f);
        assert_int_equal(fclose(f), 0);
}

static const char *mail(int n) {
        static char text[1000];
        (void) snprintf(text, sizeof(text),
                        "From: Jean <jean@dupont.example>\nTo: camille@studio.example\nSubject: number %d\nMessage-ID: "
                        "<m%d@dupont.example>\n"
                        "Date: Mon, 02 Feb 2026 09:%02d:00 +0100\n\nBonjour, number %d.\n",
                        n, n, n % 60, n);
        return text;
}

static void use(const char *sources) {
        struct diagnostics d = {};
        char yaml[4000];
        (void) snprintf(yaml, sizeof(yaml),
                        "owner: {name: C, addresses: [camille@studio.example], time_zone: Europe/Paris}\nsources:\n%s",
                        sources);
        const struct settings_file file = {.path = path_of("adieu.yaml"), .data = yaml, .size = strlen(yaml)};
        settings = settings_free(settings);
        assert_int_equal(settings_load(&file, 1, zones, &d, &settings), 0);
        diagnostics_free(&d);
}

static void on_trouble(const char *source, const char *text, void *userdata) {
        (void) source, (void) userdata;
        strncat(troubles, text, sizeof(troubles) - strlen(troubles) - 2);
        strcat(troubles, "\n");
}

static void on_progress(const struct read_totals *t, const char *source, void *userdata) {
        (void) userdata;
        assert_non_null(source);
        assert_true(t->items >= 0 && t->sources > 0);
}

static int run(instant now) {
        sd_event *event = NULL;
        struct accounts *accounts = NULL;
        assert_int_equal(sd_event_new(&event), 0);
        assert_int_equal(accounts_new(event, "/proc/self/exe", NULL, NULL, &accounts), 0);
        troubles[0] = 0;
        const struct reader_options options = {
                .store = store,
                .accounts = accounts,
                .settings = settings,
                .clock = {.fixed = true, .now = now},
                .progress = on_progress,
                .trouble = on_trouble,
        };
        int r = reader_run(event, "/proc/self/exe", &options, &totals);
        accounts_free(accounts);
        sd_event_unref(event);
        return r;
}

static void pass(void) {
        clock_at += 60;
        if (run(clock_at) < 0)
                fail_msg("reading failed: %s", store_error(store));
}

/* A pass where nothing may go wrong. */
static void clean_pass(void) {
        pass();
        assert_string_equal(troubles, "");
        assert_int_equal(totals.failed_sources, 0);
}

static void expect_read(int64_t read, int64_t observations) {
        clean_pass();
        assert_int_equal(totals.read, read);
        assert_int_equal(totals.observations, observations);
}

/* What the store holds, in one text that does not depend on rows. */
static char *dump(void) {
        char *out = NULL;
        size_t size;
        FILE *f = open_memstream(&out, &size);
        for (int which = WALK_CALENDAR; which <= WALK_MESSAGES; which++) {
                struct observation_feed feed;
                struct stored_observation o;
                assert_int_equal(store_feed(store, &feed), 0);
                assert_int_equal(feed.start(feed.userdata, which, true), 0);
                while (feed.next(feed.userdata, &o) > 0) {
                        const struct observation *b = o.observation;
                        if (b->kind == OBSERVATION_MESSAGE)
                                fprintf(f, "%016" PRIx64 " %s %" PRId64 " %s\n", o.digest, b->message.message_id,
                                        b->internal_date, b->message.text);
                        else
                                fprintf(f, "%016" PRIx64 " %d %s %u\n", o.digest, (int) b->kind, b->event.uid,
                                        o.n_occurrences);
                }
                store_feed_end(store);
        }
        fclose(f);
        return out;
}

/* Events as "uid=summary" and "!uid", in order of being seen. */
static int64_t count_messages(void) {
        struct store_totals t;
        assert_int_equal(store_totals(store, &t), 0);
        return t.messages;
}

static void events(char *out, size_t size) {
        struct observation_feed feed;
        struct stored_observation o;
        char found[100][100];
        int64_t ids[100];
        size_t n = 0;
        assert_int_equal(store_feed(store, &feed), 0);
        assert_int_equal(feed.start(feed.userdata, WALK_CALENDAR, false), 0);
        while (feed.next(feed.userdata, &o) > 0) {
                size_t at = n;
                while (at > 0 && ids[at - 1] > o.id) {
                        ids[at] = ids[at - 1];
                        memcpy(found[at], found[at - 1], sizeof(found[0]));
                        at--;
                }
                ids[at] = o.id;
                if (o.observation->kind == OBSERVATION_EVENT_GONE)
                        (void) snprintf(found[at], sizeof(found[0]), "!%s", o.observation->event.uid);
                else
                        (void) snprintf(found[at], sizeof(found[0]), "%s=%s", o.observation->event.uid,
                                        o.observation->event.summary);
                assert_true(++n < 100);
        }
        store_feed_end(store);
        out[0] = 0;
        for (size_t i = 0; i < n; i++) {
                strncat(out, i > 0 ? " " : "", size - strlen(out) - 1);
                strncat(out, found[i], size - strlen(out) - 1);
        }
}

static void expect_events(const char *expected) {
        char out[4000];
        events(out, sizeof(out));
        assert_string_equal(out, expected);
}

static int count_unreadable_one(const char *source, const struct observation *o, void *userdata) {
        (void) source;
        char *out = userdata;
        (void) snprintf(out + strlen(out), 2000 - strlen(out), "%d:%s\n", (int) o->unreadable.reason,
                        o->unreadable.item + strlen(top));
        return 0;
}

static const char *unreadables(void) {
        static char out[2000];
        out[0] = 0;
        assert_int_equal(store_unreadable(store, count_unreadable_one, out), 0);
        return out;
}

static int last_error(const struct store_source_status *st, void *userdata) {
        (void) snprintf(userdata, 500, "%s%s", st->error ? st->error : "", st->read_at == clock_at ? " (read)" : "");
        return 0;
}

static const char *source_error(void) {
        static char out[500];
        out[0] = 0;
        assert_int_equal(store_sources(store, last_error, out), 0);
        return out;
}

/* --- Maildir --- */

static void maildir(const char *folder) {
        static const char *const boxes[] = {"cur", "new", "tmp"};
        for (size_t i = 0; i < 3; i++) {
                char name[300];
                (void) snprintf(name, sizeof(name), "%s/%s", folder, boxes[i]);
                make_folder(name);
        }
}

static void deliver(const char *name, int n) {
        write_file(name, mail(n));
        set_time(name, 1770019200 + n);
}

static void test_maildir_only_what_is_new(void **data) {
        (void) data;
        maildir("m");
        use("  - {maildir: m}\n");
        deliver("m/cur/1.a:2,S", 1);
        deliver("m/new/2.b", 2);
        deliver("m/tmp/3.c", 3);
        deliver("m/new/.hidden", 4);
        make_folder("m/cur/folder");
        expect_read(2, 2);
        assert_string_equal(source_error(), " (read)");
        expect_read(0, 0);
        /* Flags and the move from new to cur make no new message. */
        assert_int_equal(rename(path_of("m/cur/1.a:2,S"), path_of("m/cur/1.a:2,RS")), 0);
        assert_int_equal(rename(path_of("m/new/2.b"), path_of("m/cur/2.b:2,")), 0);
        expect_read(0, 0);
        deliver("m/new/5.e", 5);
        expect_read(1, 1);
        /* Names of file systems without colons. */
        deliver("m/cur/6.f;2,S", 6);
        deliver("m/cur/7.g!2,S", 7);
        expect_read(2, 2);
        assert_int_equal(rename(path_of("m/cur/6.f;2,S"), path_of("m/cur/6.f;2,")), 0);
        expect_read(0, 0);
        /* A message that was deleted is still known to have been. */
        assert_int_equal(unlink(path_of("m/cur/1.a:2,RS")), 0);
        expect_read(0, 0);
        assert_int_equal(count_messages(), 5);
        char *d = dump();
        assert_non_null(strstr(d, "m1@dupont.example 1770019201 Bonjour, number 1."));
        free(d);
}

static void test_maildir_flags_left_out(void **data) {
        (void) data;
        maildir("m");
        use("  - {maildir: m}\n");
        deliver("m/cur/1.a:2,ST", 1);
        deliver("m/cur/2.b:2,D", 2);
        deliver("m/cur/3.c:2,FPRS", 3);
        expect_read(1, 1);
        expect_read(0, 0);
        assert_int_equal(rename(path_of("m/cur/2.b:2,D"), path_of("m/cur/2.b:2,S")), 0);
        expect_read(1, 1);
        assert_int_equal(rename(path_of("m/cur/3.c:2,FPRS"), path_of("m/cur/3.c:2,FPRST")), 0);
        expect_read(0, 0);
}

static void test_maildir_folders(void **data) {
        (void) data;
        static const char *const folders[] = {
                "m",
                "m/.Clients.Dupont",
                "m/.Junk",
                "m/.INBOX.Courrier ind&AOk-sirable",
                "m/.Trash.Old",
                "m/.Brouillons",
                "m/Projects/Hotel",
                "m/Projects/Spam",
        };
        for (size_t i = 0; i < ELEMENTSOF(folders); i++) {
                char name[200];
                maildir(folders[i]);
                (void) snprintf(name, sizeof(name), "%s/cur/%zu.x:2,S", folders[i], i);
                deliver(name, (int) i);
        }
        make_folder("m/.notmuch/xapian/cur");
        deliver("m/.notmuch/xapian/cur/1.z", 50);
        use("  - {maildir: m}\n");
        expect_read(3, 3);
        settings->sources[0].exclude = (const char *[]){"Clients", NULL};
        expect_read(5, 5);
        settings->sources[0].exclude = NULL;
        settings->sources[0].include = (const char *[]){"clients/dupont", "INBOX", NULL};
        store_close(store);
        assert_int_equal(store_open(path_of("state2"), 0, &store, NULL), 0);
        expect_read(2, 2);
}

static void test_folder_names(void **data) {
        (void) data;
        static const struct {
                const char *name;
                bool out;
        } names[] = {
                {"", false},
                {"INBOX", false},
                {".Junk", true},
                {"junk", true},
                {"INBOX/SPAM", true},
                {".INBOX.Ind&AOk-sirables", true},
                {".&AMk-l&AOk-ments supprim&AOk-s", true},
                {"\xc3\x89l\xc3\xa9ments supprim\xc3\xa9s", true},
                {".Entw&APw-rfe", true},
                {".Gel&APY-schte Elemente", true},
                {"Papierkorb/2020", true},
                {".Prullenbak", true},
                {".Deleted Items.Sub", true},
                {"[Gmail]/Corbeille", true},
                {"Inbox.sbd/Trash", true},
                {"Junk.mbox", true},
                {"Junkyard project", false},
                {"junk.example", false},
                {"Tom & Jerry", false},
                {"&", false},
                {"&&&-", false},
                {".Clients.Trashy", false},
                {"Concepts", false},
                {"Concepten", true},
        };
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (folder_left_out_by_default(names[i].name) != names[i].out)
                        fail_msg("%s", names[i].name);
        char long_name[5000];
        memset(long_name, 'x', sizeof(long_name) - 1);
        long_name[sizeof(long_name) - 1] = 0;
        assert_false(folder_left_out_by_default(long_name));
        memset(long_name, '&', sizeof(long_name) - 1);
        assert_false(folder_left_out_by_default(long_name));
        static const char *const list[] = {"Clients.Dupont", "Archiv\xc3\xa9", NULL};
        assert_true(folder_in_list(".INBOX.clients.dupont.2026", list));
        assert_true(folder_in_list("Clients/Dupont", list));
        assert_true(folder_in_list(".Archiv&AOk-", list));
        assert_false(folder_in_list("Clients/Dupontel", list));
        assert_false(folder_in_list("", list));
        /* What a person writes may look like what a server does: "&D-" would be a run of modified UTF-7 if it held a character. */
        static const char *const ampersands[] = {"R&D-2024", "A&Eco-x", "P&L", NULL};
        assert_true(folder_in_list("R&-D-2024", ampersands));
        assert_true(folder_in_list("R&D-2024", ampersands));
        assert_true(folder_in_list("A&-Eco-x", ampersands));
        assert_true(folder_in_list("A&Eco-x", ampersands));
        assert_true(folder_in_list("P&-L/2024", ampersands));
        assert_false(folder_in_list("R2024", ampersands));
        static const char *const as_on_disk[] = {"R&-D-2024", "A&-Eco-x", NULL};
        assert_true(folder_in_list("R&-D-2024", as_on_disk));
        assert_true(folder_in_list("R&D-2024", as_on_disk));
        assert_true(folder_in_list("A&Eco-x", as_on_disk));
        static const struct {
                const char *name, *shown;
        } shown[] = {
                {"&AMk-tudes", "\xc3\x89tudes"},
                {"R&-D-2024", "R&D-2024"},
                {"R&D-2024", "R&D-2024"},
                {"&2D3eAA-", "\xf0\x9f\x98\x80"},
                {"a&AAA-b", "a?b"},
                {"&3gA-", "?"},
                {"&", "&"},
                {"&AMk", "&AMk"},
        };
        for (size_t i = 0; i < ELEMENTSOF(shown); i++) {
                _cleanup_free_ char *text = folder_for_people(shown[i].name);
                assert_string_equal(text, shown[i].shown);
        }
}

static void test_maildir_one_message_in_two_folders(void **data) {
        (void) data;
        maildir("m");
        maildir("m/.Archive");
        maildir("n");
        use("  - {maildir: m}\n  - {maildir: n, name: other}\n");
        deliver("m/cur/1.a:2,S", 1);
        deliver("m/.Archive/cur/9.z:2,S", 1);
        deliver("n/new/5.q", 1);
        expect_read(3, 1);
        /* Moved to another folder: read again, and nothing new. */
        assert_int_equal(rename(path_of("m/cur/1.a:2,S"), path_of("m/.Archive/cur/1.b:2,S")), 0);
        expect_read(1, 0);
        expect_read(0, 0);
        assert_int_equal(count_messages(), 1);
}

/* An unchanged folder is not listed at all: what is put in behind its back is not seen. */
static void test_maildir_unchanged_is_skipped(void **data) {
        (void) data;
        maildir("m");
        use("  - {maildir: m}\n");
        deliver("m/cur/1.a:2,S", 1);
        set_time("m/cur", 1770000000);
        set_time("m/new", 1770000000);
        expect_read(1, 1);
        deliver("m/cur/2.b:2,S", 2);
        set_time("m/cur", 1770000000);
        expect_read(0, 0);
        assert_int_equal(totals.items, 1);
        set_time("m/cur", 1770000001);
        expect_read(1, 1);
        /* Only new changed. */
        deliver("m/new/3.c", 3);
        expect_read(1, 1);
}

/* Two deliveries within one tick of the clock of the file system. */
static void test_maildir_fresh_folder_is_looked_at_again(void **data) {
        (void) data;
        maildir("m");
        use("  - {maildir: m}\n");
        deliver("m/new/1.a", 1);
        struct stat st;
        expect_read(1, 1);
        assert_int_equal(stat(path_of("m/new"), &st), 0);
        deliver("m/new/2.b", 2);
        const struct timespec t[2] = {st.st_mtim, st.st_mtim};
        assert_int_equal(utimensat(AT_FDCWD, path_of("m/new"), t, 0), 0);
        expect_read(1, 1);
}

static void test_maildir_poison_once(void **data) {
        (void) data;
        maildir("m");
        use("  - {maildir: m}\n");
        deliver("m/cur/1.a:2,S", 1);
        write_file("m/cur/2.b:2,S", "From: a@b.example\nX-Test: crash\n\nboom\n");
        set_time("m/cur/2.b:2,S", 1770019200);
        deliver("m/cur/3.c:2,S", 3);
        expect_read(3, 2);
        assert_int_equal(totals.unreadable, 1);
        assert_string_equal(unreadables(), "1:/m/cur/2.b:2,S\n");
        deliver("m/cur/4.d:2,S", 4);
        expect_read(1, 1); /* the poison is not asked for again */
        assert_int_equal(totals.unreadable, 0);
        write_file("m/cur/2.b:2,S", "From: a@b.example\nSubject: repaired\n\nfine\n");
        deliver("m/cur/5.e:2,S", 5); /* the folder changed */
        expect_read(2, 2);
}

static void test_maildir_wrong_places(void **data) {
        (void) data;
        maildir("m");
        make_folder("empty");
        write_file("file", "x");
        deliver("m/cur/1.a:2,S", 1);
        use("  - {maildir: nowhere}\n  - {maildir: empty}\n  - {maildir: file}\n  - {maildir: m}\n");
        pass();
        assert_int_equal(totals.sources, 4);
        assert_int_equal(totals.failed_sources, 3);
        assert_int_equal(totals.observations, 1);
        assert_non_null(strstr(troubles, "nowhere does not exist"));
        assert_non_null(strstr(troubles, "empty holds no Maildir"));
        assert_non_null(strstr(troubles, "file is not a folder"));
        assert_string_equal(source_error(), " (read)"); /* of the last */
}

static void test_maildir_link_is_not_followed(void **data) {
        (void) data;
        maildir("m");
        maildir("elsewhere");
        deliver("elsewhere/cur/1.a:2,S", 1);
        assert_int_equal(symlink(path_of("elsewhere"), path_of("m/.Linked")), 0);
        assert_int_equal(symlink("/etc/passwd", path_of("m/cur/2.b:2,S")), 0);
        assert_int_equal(mkfifo(path_of("m/cur/3.c:2,S"), 0600), 0);
        use("  - {maildir: m}\n");
        pass();
        assert_int_equal(totals.observations, 0);
        assert_int_equal(totals.failed_sources, 1);
        assert_non_null(strstr(troubles, "it is a link"));
        assert_int_equal(unlink(path_of("m/cur/2.b:2,S")), 0);
        /* The answer that somebody is blamed for may lie there. */
        pass();
        assert_int_equal(totals.failed_sources, 1);
        assert_non_null(strstr(troubles, "m/.Linked is a link"));
        /* What to do about it is said, and ends it. */
        use("  - {maildir: m, exclude: [Linked]}\n");
        expect_read(0, 0);
        use("  - {maildir: m}\n  - {maildir: elsewhere}\n");
        expect_read(1, 1);
}

static void expect_link_missed(const char *name) {
        pass();
        assert_int_equal(totals.failed_sources, 1);
        assert_non_null(strstr(troubles, name));
}

static void test_maildir_link_is_told(void **data) {
        (void) data;
        maildir("m");
        maildir("m/.Sent");
        maildir("elsewhere/Clients");
        deliver("elsewhere/Clients/cur/1.a:2,S", 1);
        use("  - {maildir: m}\n");
        /* Within the same Maildir it is read under its own name; into what is left out; locks; programs of others; to files. */
        assert_int_equal(symlink(".Sent", path_of("m/.Envoyes")), 0);
        assert_int_equal(symlink(path_of("elsewhere/Clients"), path_of("m/.Junk")), 0);
        assert_int_equal(symlink("camille@studio.4711:1700000000", path_of("m/.#draft")), 0);
        make_folder("index");
        assert_int_equal(symlink(path_of("index"), path_of("m/.index")), 0);
        assert_int_equal(symlink("/etc/passwd", path_of("m/passwd")), 0);
        assert_int_equal(symlink(".", path_of("m/.Loop")), 0);
        expect_read(0, 0);
        /* A folder of folders, a disk that is not mounted. */
        assert_int_equal(symlink(path_of("elsewhere"), path_of("m/all")), 0);
        expect_link_missed("m/all is a link");
        assert_int_equal(unlink(path_of("m/all")), 0);
        assert_int_equal(symlink("/nowhere/Clients", path_of("m/.Clients")), 0);
        expect_link_missed("m/.Clients is a link");
        assert_int_equal(unlink(path_of("m/.Clients")), 0);
        clean_pass();
        /* To what is left out of the same Maildir: nobody reads it. */
        maildir("m/.Trash");
        assert_int_equal(symlink(".Trash", path_of("m/.Old")), 0);
        expect_link_missed("m/.Old is a link");
        assert_int_equal(unlink(path_of("m/.Old")), 0);
        /* cur itself. */
        maildir("m/.Half");
        assert_int_equal(rmdir(path_of("m/.Half/cur")), 0);
        assert_int_equal(symlink(path_of("elsewhere/Clients/cur"), path_of("m/.Half/cur")), 0);
        deliver("m/.Half/new/2.b", 2);
        expect_link_missed("m/.Half/cur is a link");
        assert_int_equal(totals.observations, 1);
}

static void test_all_left_out(void **data) {
        (void) data;
        maildir("m");
        make_folder("calendars/work");
        make_folder("mail");
        write_file("mail/archive", "From x Mon Mar  2 08:00:00 2026\nFrom: a@b.example\nSubject: x\n\nx\n");
        static const char *const sources[] = {
                "  - {maildir: m, exclude: [INBOX]}\n", "  - {maildir: m, include: [Clients]}\n",
                "  - {mbox: mail, exclude: [archive]}\n", "  - {calendar: calendars, include: [home]}\n"};
        for (size_t i = 0; i < ELEMENTSOF(sources); i++) {
                use(sources[i]);
                pass();
                assert_int_equal(totals.failed_sources, 1);
                assert_non_null(strstr(troubles, "leave out every folder that is there"));
                assert_non_null(strstr(troubles, "adieu.yaml:"));
        }
        use("  - {maildir: m}\n  - {calendar: calendars}\n  - {mbox: mail, exclude: [other]}\n");
        clean_pass();
}

static void test_other_links_are_told(void **data) {
        (void) data;
        make_folder("calendars");
        make_folder("mail");
        make_folder("elsewhere");
        write_file("elsewhere/work.ics", "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nEND:VCALENDAR\r\n");
        write_file("elsewhere/archive", "From x Mon Mar  2 08:00:00 2026\nFrom: a@b.example\nSubject: x\n\nx\n");
        write_file("elsewhere/notes", "nothing\n");
        use("  - {calendar: calendars}\n  - {mbox: mail}\n");
        assert_int_equal(symlink(path_of("elsewhere/notes"), path_of("mail/notes")), 0);
        assert_int_equal(symlink(path_of("elsewhere/notes"), path_of("calendars/notes")), 0);
        assert_int_equal(symlink("..", path_of("calendars/.hidden")), 0);
        expect_read(0, 0);
        assert_int_equal(symlink(path_of("elsewhere"), path_of("calendars/work")), 0);
        expect_link_missed("calendars/work is a link");
        assert_int_equal(unlink(path_of("calendars/work")), 0);
        assert_int_equal(symlink(path_of("elsewhere/work.ics"), path_of("calendars/work.ics")), 0);
        expect_link_missed("calendars/work.ics is a link");
        assert_int_equal(unlink(path_of("calendars/work.ics")), 0);
        assert_int_equal(symlink(path_of("elsewhere/archive"), path_of("mail/2025")), 0);
        expect_link_missed("mail/2025 is a link");
        assert_int_equal(unlink(path_of("mail/2025")), 0);
        assert_int_equal(symlink(path_of("elsewhere"), path_of("mail/old")), 0);
        expect_link_missed("mail/old is a link");
        use("  - {calendar: calendars}\n  - {mbox: mail}\n  - {mbox: elsewhere}\n");
        clean_pass();
}

static void test_unreadable_folder(void **data) {
        (void) data;
        if (geteuid() == 0) {
                SKIP("root may read every folder");
        }
        maildir("m");
        maildir("m/.Closed");
        deliver("m/cur/1.a:2,S", 1);
        deliver("m/.Closed/cur/2.b:2,S", 2);
        assert_int_equal(chmod(path_of("m/.Closed/cur"), 0), 0);
        use("  - {maildir: m}\n");
        pass();
        assert_int_equal(totals.observations, 1);
        assert_int_equal(totals.failed_sources, 1);
        assert_non_null(strstr(troubles, "Permission denied"));
        assert_int_equal(chmod(path_of("m/.Closed/cur"), 0700), 0);
        expect_read(1, 1);
}

/* --- nothing is ever changed --- */

static char *snapshot_out;
static size_t snapshot_size;
static FILE *snapshot_file;

static int snapshot_one(const char *path, const struct stat *st, int flag, struct FTW *ftw) {
        (void) flag, (void) ftw;
        fprintf(snapshot_file, "%s %ld %o %ld %ld.%09ld %ld.%09ld %ld.%09ld %ld\n", path, (long) st->st_ino, st->st_mode,
                (long) st->st_size, (long) st->st_atim.tv_sec, st->st_atim.tv_nsec, (long) st->st_mtim.tv_sec,
                st->st_mtim.tv_nsec, (long) st->st_ctim.tv_sec, st->st_ctim.tv_nsec, (long) st->st_nlink);
        if (S_ISREG(st->st_mode)) {
                int fd = open(path, O_RDONLY | O_NOATIME);
                char data[8192];
                ssize_t n = fd < 0 ? 0 : read(fd, data, sizeof(data));
                fwrite(data, 1, n > 0 ? (size_t) n : 0, snapshot_file);
                close(fd);
        }
        return 0;
}

static char *snapshot(const char *name) {
        snapshot_file = open_memstream(&snapshot_out, &snapshot_size);
        /* nftw() lists folders, which is reading them: times far in the past for access would be moved by it, so it goes first and twice. */
        assert_int_equal(nftw(path_of(name), snapshot_one, 16, FTW_PHYS), 0);
        fclose(snapshot_file);
        return snapshot_out;
}

static const char *event(const char *uid, const char *summary) {
        static char text[4][1000];
        static unsigned n;
        char *p = text[n++ % 4];
        (void) snprintf(p, sizeof(text[0]),
                        "BEGIN:VEVENT\r\nUID:%s\r\nDTSTAMP:20260201T080000Z\r\nDTSTART:20260310T090000Z\r\nDTEND:"
                        "20260310T100000Z\r\nSUMMARY:%s\r\nEND:VEVENT\r\n",
                        uid, summary);
        return p;
}

static void calendar_of(const char *name, const char *a, const char *b, const char *end) {
        char text[4000];
        (void) snprintf(text, sizeof(text), "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\n%s%s%s", a, b, end);
        write_file(name, text);
}

#define END "END:VCALENDAR\r\n"

static void test_sources_are_left_alone(void **data) {
        (void) data;
        maildir("s/m");
        maildir("s/m/.Junk");
        make_folder("s/c");
        make_folder("s/t.sbd");
        deliver("s/m/cur/1.a:2,S", 1);
        deliver("s/m/new/2.b", 2);
        calendar_of("s/c/e.ics", event("e", "one"), "", END);
        write_file("s/box", "From a@b Mon Feb  2 09:00:00 2026\n");
        append_file("s/box", mail(3));
        use("  - {maildir: s/m}\n  - {mbox: s/box}\n  - {calendar: s/c}\n");
        set_time("s/box", 1770000000);
        free(snapshot("s"));
        char *before = snapshot("s");
        expect_read(4, 4);
        expect_read(1, 0); /* the calendar is so young that it could have changed since */
        char *after = snapshot("s");
        assert_string_equal(before, after);
        free(before);
        free(after);
}

/* --- killed at any point --- */

static void test_killed_and_run_again(void **data) {
        (void) data;
        maildir("m");
        use("  - {maildir: m}\n  - {mbox: box}\n");
        for (int i = 0; i < 3000; i++) {
                char name[100];
                (void) snprintf(name, sizeof(name), "m/cur/%d.x:2,S", i);
                deliver(name, i);
        }
        for (int i = 3000; i < 5500; i++) {
                append_file("box",
                            i > 3000 ? "\nFrom a@b Mon Feb  2 09:00:00 2026\n" : "From a@b Mon Feb  2 09:00:00 2026\n");
                append_file("box", mail(i));
        }
        clean_pass();
        assert_int_equal(totals.observations, 5500);
        char *expected = dump();
        store_close(store);
        /* In the first batch, in a later one, in the mbox; right after a commit. */
        static const int64_t points[][2] = {{1, 0}, {1500, 0}, {3500, 0}, {5499, 0}, {0, 1}, {0, 2}, {0, 3}};
        for (size_t i = 0; i < ELEMENTSOF(points); i++) {
                char state[40];
                (void) snprintf(state, sizeof(state), "state-%zu", i);
                pid_t child = fork();
                if (child == 0) {
                        if (store_open(path_of(state), 0, &store, NULL) < 0)
                                _exit(1);
                        appends_left = points[i][0];
                        commits_left = points[i][1];
                        (void) run(NOW_AT);
                        _exit(2);
                }
                int status;
                assert_int_equal(waitpid(child, &status, 0), child);
                assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
                assert_int_equal(store_open(path_of(state), 0, &store, NULL), 0);
                clean_pass();
                char *got = dump();
                assert_string_equal(got, expected);
                free(got);
                store_close(store);
        }
        free(expected);
        assert_int_equal(store_open(path_of("state"), 0, &store, NULL), 0);
}

/* --- mbox --- */

static void add_to_box(const char *box, int n, bool first) {
        append_file(box, first ? "From a@b Mon Feb  2 09:00:00 2026\n" : "\nFrom a@b Mon Feb  2 09:00:00 2026\n");
        append_file(box, mail(n));
}

static void test_mbox_grows(void **data) {
        (void) data;
        use("  - {mbox: box}\n");
        for (int i = 0; i < 5; i++)
                add_to_box("box", i, i == 0);
        set_time("box", 1770000000);
        expect_read(5, 5);
        expect_read(0, 0);
        add_to_box("box", 5, false);
        set_time("box", 1770000001);
        expect_read(2, 1); /* what was the last message is read again: only now its end is sure */
        append_file("box", "and more of the last one\n");
        set_time("box", 1770000002);
        expect_read(1, 1); /* it was not whole */
        /* Rewritten by a mail program: read whole, nothing new. */
        assert_int_equal(unlink(path_of("box")), 0);
        for (int i = 1; i < 4; i++)
                add_to_box("box", i, i == 1);
        set_time("box", 1770000003);
        expect_read(3, 0);
        /* Replaced by something longer that begins otherwise. */
        assert_int_equal(unlink(path_of("box")), 0);
        for (int i = 100; i < 120; i++)
                add_to_box("box", i, i == 100);
        set_time("box", 1770000004);
        expect_read(20, 20);
        assert_int_equal(truncate(path_of("box"), 0), 0);
        expect_read(0, 0);
        char *d = dump();
        assert_non_null(strstr(d, "m0@dupont.example 1770022800 ")); /* internal date: the From_ line, read as UTC */
        free(d);
}

static void test_mbox_gzip(void **data) {
        (void) data;
        use("  - {mbox: archive}\n");
        for (int round = 1; round <= 2; round++) {
                gzFile z = gzopen(path_of("archive"), round == 1 ? "wb" : "ab");
                for (int i = 0; i < 3; i++) {
                        gzputs(z, "From a@b Mon Feb  2 09:00:00 2026\n");
                        gzputs(z, mail(10 * round + i));
                        gzputs(z, "\n");
                }
                assert_int_equal(gzclose(z), Z_OK);
                set_time("archive", 1770000000 + round);
                expect_read(3 * round, 3);
                expect_read(0, 0);
        }
}

static void test_mbox_folder(void **data) {
        (void) data;
        make_folder("t/Inbox.sbd/Sub.sbd");
        use("  - {mbox: t}\n");
        add_to_box("t/Inbox", 1, true);
        add_to_box("t/Inbox.sbd/Clients", 2, true);
        add_to_box("t/Inbox.sbd/Sub.sbd/Deep", 3, true);
        add_to_box("t/Junk", 4, true);
        add_to_box("t/Inbox.sbd/Trash", 5, true);
        add_to_box("t/Inbox.msf", 6, true);
        add_to_box("t/.hidden", 7, true);
        write_file("t/notes", "no mbox");
        write_file("t/empty", "");
        expect_read(3, 3);
}

static void test_mbox_poison(void **data) {
        (void) data;
        use("  - {mbox: box}\n");
        add_to_box("box", 1, true);
        append_file("box", "\nFrom a@b Mon Feb  2 09:00:00 2026\nX-Test: crash\n\nboom\n");
        add_to_box("box", 2, false);
        append_file("box", "\nFrom a@b Mon Feb  2 09:00:00 2026\nX-Test: crash\nSubject: another\n\nboom\n");
        set_time("box", 1770000000);
        clean_pass();
        assert_int_equal(totals.observations, 2);
        assert_int_equal(totals.unreadable, 2);
        clean_pass();
        assert_int_equal(totals.read, 0);
        add_to_box("box", 3, false);
        set_time("box", 1770000001);
        clean_pass();
        assert_int_equal(totals.observations, 1);
        assert_int_equal(totals.unreadable, 0);
}

static void test_mbox_is_none(void **data) {
        (void) data;
        write_file("box", "Dear diary\n");
        use("  - {mbox: box}\n  - {mbox: nowhere}\n");
        pass();
        assert_int_equal(totals.failed_sources, 2);
        assert_non_null(strstr(troubles, "not an mbox file"));
        assert_non_null(strstr(troubles, "does not exist"));
}

/* --- calendars --- */

static void test_calendar_life_of_an_event(void **data) {
        (void) data;
        make_folder("c/work");
        make_folder("c/home");
        use("  - {calendar: c}\n");
        calendar_of("c/work/e.ics", event("e", "one"), "", END);
        calendar_of("c/home/f.ics", event("f", "home"), "", END);
        calendar_of("c/work/.hidden.ics", event("h", "hidden"), "", END);
        calendar_of("c/work/x.ics.tmp", event("t", "temporary"), "", END);
        write_file("c/work/color", "#ff0000");
        set_time("c/work/e.ics", 1770000000);
        set_time("c/home/f.ics", 1770000000);
        expect_read(2, 2);
        expect_read(0, 0);
        calendar_of("c/work/e.ics", event("e", "moved"), "", END);
        expect_read(1, 1);
        set_time("c/work/e.ics", 1770000001); /* touched only */
        expect_read(1, 0);
        /* From one folder to the other: it has not vanished. */
        assert_int_equal(rename(path_of("c/work/e.ics"), path_of("c/home/e.ics")), 0);
        expect_read(1, 0);
        assert_int_equal(unlink(path_of("c/home/e.ics")), 0);
        expect_read(0, 1);
        expect_read(0, 0);
        /* And it is back. */
        calendar_of("c/home/e.ics", event("e", "moved"), "", END);
        expect_read(1, 1);
        char out[1000];
        events(out, sizeof(out));
        assert_non_null(strstr(out, "e=one"));
        assert_string_equal(out + strlen(out) - strlen(" e=moved !e e=moved"), " e=moved !e e=moved");
}

static void test_calendar_one_file(void **data) {
        (void) data;
        use("  - {calendar: all.ics}\n");
        calendar_of("all.ics", event("a", "one"), event("b", "two"), END);
        expect_read(1, 2);
        calendar_of("all.ics", event("a", "one"), "", END);
        expect_read(1, 1);
        expect_events("a=one b=two !b");
        /* Caught half-written, or no calendar any more: nothing is gone. */
        calendar_of("all.ics", event("c", "new"), "", "");
        pass();
        assert_int_equal(totals.failed_sources, 0);
        write_file("all.ics", "<html>Sign in to the network</html>");
        clean_pass();
        assert_int_equal(totals.unreadable, 1);
        clean_pass();
        assert_int_equal(totals.unreadable, 0);
        expect_events("a=one b=two !b c=new");
        calendar_of("all.ics", event("b", "two"), "", END);
        clean_pass();
        /* The file as a whole missing is a fault of the source. */
        assert_int_equal(unlink(path_of("all.ics")), 0);
        pass();
        assert_int_equal(totals.failed_sources, 1);
        assert_non_null(strstr(source_error(), "does not exist"));
        char out[1000];
        events(out, sizeof(out));
        assert_non_null(strstr(out, "!a"));
        assert_non_null(strstr(out, "!c"));
        assert_null(strstr(strstr(out, "!b") + 1, "!b"));
}

static void test_calendar_between_files_of_one_source(void **data) {
        (void) data;
        make_folder("c");
        use("  - {calendar: c}\n");
        calendar_of("c/a.ics", event("x", "x"), event("y", "y"), END);
        calendar_of("c/b.ics", event("z", "z"), "", END);
        expect_read(2, 3);
        calendar_of("c/a.ics", event("y", "y"), "", END);
        calendar_of("c/b.ics", event("z", "z"), event("x", "x"), END);
        expect_read(2, 0);
}

static void test_calendar_between_sources(void **data) {
        (void) data;
        make_folder("a");
        make_folder("b");
        use("  - {calendar: a}\n  - {calendar: b}\n");
        calendar_of("a/x.ics", event("x", "x"), "", END);
        calendar_of("a/y.ics", event("y", "y"), event("z", "z"), END);
        set_time("a/x.ics", 1770000000);
        set_time("a/y.ics", 1770000000);
        expect_read(2, 3);
        assert_int_equal(rename(path_of("a/x.ics"), path_of("b/x.ics")), 0);
        expect_read(1, 0);
        calendar_of("a/y.ics", event("y", "y"), "", END);
        calendar_of("b/z.ics", event("z", "z"), "", END);
        clean_pass();
        assert_int_equal(totals.observations, 0);
        assert_int_equal(totals.sources, 2);
        assert_int_equal(unlink(path_of("b/z.ics")), 0);
        assert_int_equal(unlink(path_of("a/y.ics")), 0);
        expect_read(0, 2);
        expect_read(0, 0);
}

static void test_calendar_disk_not_mounted(void **data) {
        (void) data;
        make_folder("c/work");
        use("  - {calendar: c}\n");
        calendar_of("c/work/a.ics", event("a", "a"), "", END);
        calendar_of("c/work/b.ics", event("b", "b"), "", END);
        expect_read(2, 2);
        /* Another, empty folder in its place. */
        assert_int_equal(rename(path_of("c/work"), path_of("aside")), 0);
        make_folder("c/work");
        pass();
        assert_int_equal(totals.failed_sources, 1);
        assert_non_null(strstr(troubles, "not mounted"));
        assert_int_equal(totals.observations, 0);
        assert_int_equal(rmdir(path_of("c/work")), 0);
        assert_int_equal(rename(path_of("aside"), path_of("c/work")), 0);
        clean_pass();
        assert_int_equal(totals.observations, 0);
        /* Gone as a whole: no longer kept here, which says nothing of the meetings. */
        assert_int_equal(rename(path_of("c/work"), path_of("aside")), 0);
        expect_read(0, 0);
        assert_int_equal(rename(path_of("aside"), path_of("c/work")), 0);
        expect_read(2, 0);
        /* Emptied by hand, file by file. */
        assert_int_equal(unlink(path_of("c/work/a.ics")), 0);
        assert_int_equal(unlink(path_of("c/work/b.ics")), 0);
        expect_read(0, 2);
        /* The source itself. */
        assert_int_equal(rename(path_of("c"), path_of("c-aside")), 0);
        pass();
        assert_int_equal(totals.failed_sources, 1);
        assert_int_equal(totals.observations, 0);
}

static const char *series(const char *uid, const char *rule) {
        static char text[1000];
        (void) snprintf(text, sizeof(text),
                        "BEGIN:VEVENT\r\nUID:%s\r\nDTSTAMP:20260201T080000Z\r\nDTSTART:20260302T090000Z\r\nDTEND:"
                        "20260302T100000Z\r\nSUMMARY:Weekly\r\nRRULE:%s\r\n"
                        "END:VEVENT\r\n",
                        uid, rule);
        return text;
}

static void test_recurring_events_are_expanded(void **data) {
        (void) data;
        make_folder("c");
        use("  - {calendar: c}\n");
        calendar_of("c/w.ics", series("w", "FREQ=WEEKLY;COUNT=7"), "", END);
        calendar_of("c/p.ics", series("p", "FREQ=WEEKLY;COUNT=666"), "", END);
        clean_pass();
        assert_int_equal(totals.unreadable, 1); /* the rule that kills */
        char *d = dump();
        assert_non_null(strstr(d, " w 7\n"));
        assert_non_null(strstr(d, " p 0\n"));
        free(d);
        clean_pass();
        assert_int_equal(totals.unreadable, 0);
        assert_int_equal(run(NOW_AT + EXPANSION_AHEAD), 0);
        assert_int_equal(totals.unreadable, 0);
}

/* --- the rest --- */

static void test_accounts_wait(void **data) {
        (void) data;
        use("  - {imap: \"imaps://camille@mail.example\", password: {credential: imap}}\n");
        pass();
        assert_int_equal(totals.failed_sources, 1);
        assert_non_null(strstr(troubles, "credential"));
}

static void test_holidays(void **data) {
        (void) data;
        static const char yaml[] = "owner: {name: C, addresses: [camille@studio.example], time_zone: Europe/Paris,\n"
                                   "  hours: {mon-fri: [\"09:00-18:00\"]}, holidays: [h.ics, none.ics]}\n";
        struct diagnostics d = {};
        const struct settings_file file = {.path = path_of("adieu.yaml"), .data = yaml, .size = strlen(yaml)};
        assert_int_equal(settings_load(&file, 1, zones, &d, &settings), 0);
        diagnostics_free(&d);
        calendar_of("h.ics",
                    "BEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20260309\r\nDTEND;VALUE=DATE:20260311\r\nSUMMARY:"
                    "Away\r\nEND:VEVENT\r\n",
                    "BEGIN:VEVENT\r\nUID:2\r\nDTSTART;VALUE=DATE:20200317\r\nRRULE:FREQ=YEARLY\r\nSUMMARY:Every "
                    "year\r\nEND:VEVENT\r\n",
                    END);
        sd_event *event_loop = NULL;
        assert_int_equal(sd_event_new(&event_loop), 0);
        troubles[0] = 0;
        const struct reader_options options = {
                .store = store, .settings = settings, .clock = {.fixed = true, .now = NOW_AT}, .trouble = on_trouble};
        assert_int_equal(reader_holidays(event_loop, "/proc/self/exe", settings, &options), 0);
        sd_event_unref(event_loop);
        assert_non_null(strstr(troubles, "none.ics"));
        static const struct {
                int day;
                bool open;
        } days[] = {{6, true}, {9, false}, {10, false}, {11, true}, {16, true}, {17, false}, {18, true}};
        for (size_t i = 0; i < ELEMENTSOF(days); i++)
                assert_int_equal(work_calendar_day_open(&settings->owner.calendar, civil_days(2026, 3, days[i].day)),
                                 days[i].open);
}

static void test_roles_cannot_start(void **data) {
        (void) data;
        maildir("m");
        deliver("m/cur/1.a:2,S", 1);
        use("  - {maildir: m}\n");
        sd_event *event_loop = NULL;
        assert_int_equal(sd_event_new(&event_loop), 0);
        const struct reader_options options = {
                .store = store, .settings = settings, .clock = {.fixed = true, .now = NOW_AT}};
        assert_true(reader_run(event_loop, "/bin/false", &options, &totals) < 0);
        sd_event_unref(event_loop);
        assert_int_equal(count_messages(), 0);
        expect_read(1, 1);
}

int main(int argc, char **argv) {
        if (argc == 2 && strcmp(argv[1], "--role=parse") == 0)
                return role_parse();
        if (zones_load(&zones) < 0)
                return 1;
        static const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
                cmocka_unit_test(test_folder_names),
                T(test_maildir_only_what_is_new),
                T(test_maildir_flags_left_out),
                T(test_maildir_folders),
                T(test_maildir_one_message_in_two_folders),
                T(test_maildir_unchanged_is_skipped),
                T(test_maildir_fresh_folder_is_looked_at_again),
                T(test_maildir_poison_once),
                T(test_maildir_wrong_places),
                T(test_maildir_link_is_not_followed),
                T(test_maildir_link_is_told),
                T(test_other_links_are_told),
                T(test_all_left_out),
                T(test_unreadable_folder),
                T(test_sources_are_left_alone),
                T(test_killed_and_run_again),
                T(test_mbox_grows),
                T(test_mbox_gzip),
                T(test_mbox_folder),
                T(test_mbox_poison),
                T(test_mbox_is_none),
                T(test_calendar_life_of_an_event),
                T(test_calendar_one_file),
                T(test_calendar_between_files_of_one_source),
                T(test_calendar_between_sources),
                T(test_calendar_disk_not_mounted),
                T(test_recurring_events_are_expanded),
                T(test_accounts_wait),
                T(test_holidays),
                T(test_roles_cannot_start),
        };
        int failed = cmocka_run_group_tests(tests, NULL, NULL);
        zone_table_free(zones);
        return failed;
}
