/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/skip.h"

#include "rules/settings.h"
#include "tests/zoneinfo.h"

static struct zone_table *table;

static int setup(void **state) {
        (void) state;
        static const char *const names[] = {"Europe/Paris", "Europe/Brussels", "America/New_York"};
        if (zone_table_new(&table) < 0)
                return -1;
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                struct zone *zone = zoneinfo_read(names[i]);
                if (!zone || zone_table_add(table, zone) < 0)
                        return -1;
        }
        return 0;
}

static int teardown(void **state) {
        (void) state;
        table = zone_table_free(table);
        return 0;
}

struct loaded {
        struct settings *s;
        struct diagnostics d;
        int r;
};

static void loaded_free(struct loaded *l) {
        settings_free(l->s);
        diagnostics_free(&l->d);
}
#define _cleanup_loaded_ _cleanup_(loaded_free)

static struct loaded load_files(const struct settings_file *files, size_t n) {
        struct loaded l = {0};
        l.r = settings_load(files, n, table, &l.d, &l.s);
        assert_true(l.r == 0 || l.r == -EBADMSG);
        assert_int_equal(l.r == 0, l.d.errors == 0);
        assert_int_equal(l.r == 0, l.s != NULL);
        return l;
}

static struct loaded load(const char *text) {
        struct settings_file file = {"/etc/adieu/adieu.yaml", text, strlen(text), NULL};
        return load_files(&file, 1);
}

#define OWNER "owner: {addresses: [camille@studio.example], time_zone: Europe/Paris}\n"

static void assert_good(const struct loaded *l) {
        for (size_t i = 0; i < l->d.n; i++)
                print_message("%u:%u: %s: %s\n", l->d.items[i].line, l->d.items[i].column, l->d.items[i].code,
                              l->d.items[i].text);
        assert_int_equal(l->r, 0);
}

/* Exactly one fault, of that code, at that place, and its words. */
static void assert_one_fault(const char *text, const char *code, uint32_t line, uint32_t column, const char *words) {
        _cleanup_loaded_ struct loaded l = load(text);
        if (l.d.n != 1 || !str_eq(l.d.items[0].code, code) || l.d.items[0].line != line || l.d.items[0].column != column ||
            (words && !strstr(l.d.items[0].text, words) && !(l.d.items[0].hint && strstr(l.d.items[0].hint, words)))) {
                print_message("%s", text);
                for (size_t i = 0; i < l.d.n; i++)
                        print_message("-> %u:%u: %s: %s (%s)\n", l.d.items[i].line, l.d.items[i].column, l.d.items[i].code,
                                      l.d.items[i].text, l.d.items[i].hint ? l.d.items[i].hint : "");
                fail_msg("expected %s at %u:%u (%s)", code, line, column, words ? words : "");
        }
        assert_int_equal(l.r, -EBADMSG);
}

static instant at(const char *zone, const char *local) {
        return zoneinfo_instant(zone_table_find(table, zone), local);
}

/* A line "# expect LINE:COLUMN CODE "WORDS"": exactly that fault, with these words in its text or its hint. */
static bool is_expected(const struct diagnostic *d, const char *line) {
        unsigned at_line, column;
        char code[64], words[128];
        return sscanf(line, "# expect %u:%u %63s \"%127[^\"]\"", &at_line, &column, code, words) == 4 &&
               d->line == at_line && d->column == column && str_eq(d->code, code) &&
               (strstr(d->text, words) || (d->hint && strstr(d->hint, words)));
}

static void check_broken(const char *folder, const char *name) {
        char path[4400];
        static char data[16384];
        (void) snprintf(path, sizeof(path), "%s/%s", folder, name);
        FILE *f = fopen(path, "re");
        assert_non_null(f);
        data[fread(data, 1, sizeof(data) - 1, f)] = 0;
        fclose(f);
        char *expects = strstr(data, "# expect");
        assert_non_null(expects);
        struct settings_file file = {name, data, strlen(data), NULL};
        _cleanup_loaded_ struct loaded l = load_files(&file, 1);
        size_t i = 0;
        for (char *line; (line = strsep(&expects, "\n")) && *line; i++)
                if (i >= l.d.n || !is_expected(&l.d.items[i], line)) {
                        for (size_t k = 0; k < l.d.n; k++)
                                print_message("-> %u:%u: %s: %s (%s)\n", l.d.items[k].line, l.d.items[k].column,
                                              l.d.items[k].code, l.d.items[k].text,
                                              l.d.items[k].hint ? l.d.items[k].hint : "");
                        fail_msg("%s: %s", name, line);
                }
        assert_int_equal(i, l.d.n);
}

/* The files of tests/settings-broken. */
static void test_broken(void **state) {
        (void) state;
        const char *top = getenv("abs_top_srcdir");
        char folder[4000];
        (void) snprintf(folder, sizeof(folder), "%s/tests/settings-broken", top ? top : ".");
        DIR *dir = opendir(folder);
        assert_non_null(dir);
        unsigned files = 0;
        for (struct dirent *entry; (entry = readdir(dir));)
                if (strstr(entry->d_name, ".yaml")) {
                        check_broken(folder, entry->d_name);
                        files++;
                }
        closedir(dir);
        assert_true(files >= 4);
}

static void test_smallest(void **state) {
        (void) state;
        _cleanup_loaded_ struct loaded l = load(OWNER);
        assert_good(&l);
        assert_string_equal(l.s->owner.name, "camille@studio.example");
        assert_string_equal(l.s->owner.language, "en");
        assert_string_equal(zone_name(l.s->owner.zone), "Europe/Paris");
        assert_ptr_equal(l.s->owner.calendar.zone, l.s->owner.zone);
        assert_true(work_calendar_is_open(&l.s->owner.calendar, at("Europe/Paris", "2026-03-02T09:00")));
        assert_false(work_calendar_is_open(&l.s->owner.calendar, at("Europe/Paris", "2026-03-02T18:00")));
        assert_false(work_calendar_is_open(&l.s->owner.calendar, at("Europe/Paris", "2026-03-07T10:00")));
        assert_int_equal(l.s->n_clients, 0);
        assert_int_equal(l.s->n_sources, 0);
        assert_null(l.s->packs);
        assert_null(l.s->rules);
        assert_null(l.s->holiday_files);
}

/* The configuration of the design, word for word. */
static void test_design_example(void **state) {
        (void) state;
        _cleanup_loaded_ struct loaded l = load(
                "owner:\n  name: Camille Martin\n  addresses: [camille@studio.example, CM@old.example]\n  time_zone: "
                "Europe/Paris\n"
                "  language: fr\n  hours: {mon-fri: [\"09:00-12:30\", \"14:00-18:00\"]}\n  holidays: [FR, holidays.ics]\n"
                "sources:\n  - {maildir: /home/camille/Maildir}\n  - {mbox: /home/camille/archive.mbox}\n"
                "  - {imap: \"imaps://camille@mail.example\", password: {credential: imap}}\n"
                "  - {calendar: /home/camille/.calendars}\n"
                "  - {caldav: \"https://dav.example/camille/\", password: {credential: dav}}\n"
                "clients:\n  - {id: dupont, name: Dupont SARL, match: [\"@dupont.example\", "
                "\"jean.dupont@free-mail.example\"],"
                " time_zone: Europe/Paris}\n"
                "digest: {every: \"mon 08:00\", to: camille@studio.example, smtp: \"smtps://camille@mail.example\","
                " password: {credential: smtp}}\n");
        assert_good(&l);
        const struct settings *s = l.s;
        assert_string_equal(s->owner.name, "Camille Martin");
        assert_string_equal(s->owner.addresses[1], "cm@old.example");
        assert_null(s->owner.addresses[2]);
        assert_string_equal(s->owner.language, "fr");
        assert_string_equal(s->owner.calendar.regions[0], "FR");
        assert_null(s->owner.calendar.regions[1]);
        assert_string_equal(s->holiday_files[0], "/etc/adieu/holidays.ics");
        assert_null(s->holiday_files[1]);
        assert_int_equal(s->n_sources, 5);
        assert_int_equal(s->sources[0].kind, SOURCE_MAILDIR);
        assert_string_equal(s->sources[0].location, "/home/camille/Maildir");
        assert_string_equal(s->sources[0].name, "/home/camille/Maildir");
        assert_null(s->sources[0].exclude);
        assert_int_equal(s->sources[0].line, 9);
        assert_int_equal(s->sources[2].kind, SOURCE_IMAP);
        assert_string_equal(s->sources[2].location, "imaps://camille@mail.example");
        assert_int_equal(s->sources[4].kind, SOURCE_CALDAV);
        assert_int_equal(s->n_clients, 1);
        assert_string_equal(s->clients[0].id, "dupont");
        assert_string_equal(s->clients[0].file, "/etc/adieu/adieu.yaml");
        assert_false(s->clients[0].own_hours);
        assert_non_null(s->clients[0].zone);
        assert_int_equal(s->owner.calendar.week[0].n, 2);
        assert_int_equal(s->owner.calendar.week[5].n, 0);
        /* In the owner's zone, the owner's public holidays are theirs too. */
        assert_false(work_calendar_day_open(&s->clients[0].calendar, civil_days(2026, 7, 14)));
}

static void test_shipped_example(void **state) {
        (void) state;
        const char *top = getenv("abs_top_srcdir");
        char path[4096];
        snprintf(path, sizeof(path), "%s/contrib/adieu.yaml", top ? top : ".");
        FILE *f = fopen(path, "rbe");
        if (!f)
                SKIP("the example configuration is not beside the test");
        _cleanup_free_ char *data = malloc(65536);
        size_t n = fread(data, 1, 65536, f);
        fclose(f);
        struct settings_file file = {path, data, n, NULL};
        _cleanup_loaded_ struct loaded l = load_files(&file, 1);
        assert_good(&l);
        assert_int_equal(l.d.n, 0);
        assert_int_equal(l.s->n_clients, 2);
        assert_int_equal(l.s->clients[1].n_pauses, 1);
        assert_non_null(l.s->clients[1].exceptions);
        assert_non_null(l.s->clients[1].rules);
        assert_non_null(l.s->rules);
        assert_string_equal(l.s->rules_file, path);
}

static void test_hours(void **state) {
        (void) state;
        static const struct {
                const char *hours;
                int day;
                const char *spans;
        } v[] = {
                {"{mon-fri: \"09:00-18:00\"}", 4, "540-1080 "},
                {"{mon-fri: \"09:00-18:00\"}", 5, ""},
                {"{mon-fri: 09:00-18:00}", 0, "540-1080 "},
                {"{mon: [14:00-18:00, 09:00-12:30]}", 0, "540-750 840-1080 "},
                {"{\"mon,wed\": 9-12, tue: 9h30-12h}", 2, "540-720 "},
                {"{\"mon,wed\": 9-12, tue: 9h30-12h}", 1, "570-720 "},
                {"{\"mon, wed-fri\": 9:00 - 12:00}", 4, "540-720 "},
                {"{sat-mon: 10:00-11:00}", 6, "600-660 "},
                {"{sat-mon: 10:00-11:00}", 0, "600-660 "},
                {"{Monday: 10:00-11:00}", 0, "600-660 "},
                {"{fri: 22:00-02:00}", 4, "1320-1560 "},
                {"{fri: 22:30-24:00}", 4, "1350-1440 "},
                {"{mon-sun: 00:00-24:00}", 6, "0-1440 "},
                {"{mon-fri: 22:00-06:00}", 3, "1320-1800 "},
                {"{mon: 09:00-12:00, tue: off, wed: no, thu: [], fri: }", 1, ""},
                {"{mon: 09:00-12:00, tue: off, wed: no, thu: [], fri: }", 4, ""},
                {"{mon: \"09:00\xe2\x80\x93"
                 "12:00\"}",
                 0, "540-720 "},
                {"{mon: [9-12, 12-14]}", 0, "540-720 720-840 "},
        };
        for (size_t i = 0; i < ELEMENTSOF(v); i++) {
                char text[512], spans[256] = "";
                snprintf(text, sizeof(text), "owner:\n  addresses: a@b.example\n  time_zone: Europe/Paris\n  hours: %s\n",
                         v[i].hours);
                _cleanup_loaded_ struct loaded l = load(text);
                if (l.r < 0)
                        print_message("%s\n", v[i].hours);
                assert_good(&l);
                const struct work_day *d = &l.s->owner.calendar.week[v[i].day];
                for (uint32_t k = 0; k < d->n; k++)
                        snprintf(spans + strlen(spans), sizeof(spans) - strlen(spans), "%d-%d ", d->spans[k].start,
                                 d->spans[k].end);
                if (!str_eq(spans, v[i].spans))
                        fail_msg("%s: %s", v[i].hours, spans);
        }
}

static void test_bad_hours(void **state) {
        (void) state;
        static const struct {
                const char *hours, *code;
                uint32_t column;
                const char *words;
        } v[] = {
                {"{mon: 09:00}", "bad-value", 9, "span"},
                {"{mon: 09:00-09:00}", "bad-value", 9, "span"},
                {"{mon: 25:00-26:00}", "bad-value", 9, "span"},
                {"{mon: 09:60-10:00}", "bad-value", 9, "span"},
                {"{mon: 24:00-10:00}", "bad-value", 9, "span"},
                {"{mon: 9-12-14}", "bad-value", 9, "span"},
                {"{mon: morning}", "bad-value", 9, "span"},
                {"{mon: {a: b}}", "wrong-type", 9, "list"},
                {"{mon: [[9-12]]}", "bad-value", 10, "a list"},
                {"{mon: [9-12, 11-14]}", "overlapping-hours", 9, "overlap"},
                {"{mon: [22-02, 23-24]}", "overlapping-hours", 9, "overlap"},
                {"{fri: 22-08, sat: 07-09}", "overlapping-hours", 3, "fri reach into those of sat"},
                {"{sun: 22-08, mon: 07-09}", "overlapping-hours", 3, "sun reach into those of mon"},
                {"{mon-fri: 9-12, wed: 9-10}", "bad-value", 19, "before"},
                {"{mno: 9-12}", "unknown-key", 4, "\"mon\""},
                {"{lun-ven: 9-12}", "unknown-key", 4, "day of the week"},
                {"{mon-: 9-12}", "unknown-key", 4, "day"},
                {"{mon: [0-1, 1-2, 2-3, 3-4, 4-5, 5-6, 6-7, 7-8, 8-9]}", "bad-value", 50, "more than 8"},
                {"09:00-18:00", "wrong-type", 3, "mon-fri"},
                {"[09:00-18:00]", "wrong-type", 3, "mon-fri"},
        };
        for (size_t i = 0; i < ELEMENTSOF(v); i++) {
                char text[512];
                snprintf(text, sizeof(text),
                         "owner:\n  addresses: a@b.example\n  time_zone: Europe/Paris\n  hours:\n    %s\n", v[i].hours);
                assert_one_fault(text, v[i].code, 5, v[i].column + 2, v[i].words);
        }
}

static void test_faults(void **state) {
        (void) state;
        static const struct {
                const char *text, *code;
                uint32_t line, column;
                const char *words;
        } v[] = {
                {"", "missing-key", 1, 1, "owner"},
                {"# nothing\n", "missing-key", 1, 1, "owner"},
                {"sources: []\n", "missing-key", 1, 1, "owner"},
                {"owner:\n", "missing-key", 1, 1, "owner"},
                {"just text\n", "wrong-type", 1, 1, "not a mapping"},
                {"owner: me\n", "wrong-type", 1, 8, "owner"},
                {"owner: {time_zone: Europe/Paris}\n", "missing-key", 1, 8, "addresses"},
                {"owner: {time_zone: Europe/Paris, addresses: []}\n", "missing-key", 1, 45, "empty"},
                {"owner: {time_zone: Europe/Paris, addresses: }\n", "missing-key", 1, 34, "addresses"},
                {"owner: {addresses: a@b.example}\n", "missing-key", 1, 8, "time_zone"},
                {"owner: {addresses: a@b.example, time_zone: Europe/Pari}\n", "unknown-zone", 1, 44, "Europe/Paris"},
                {"owner: {addresses: a@b.example, timezone: x, time_zone: Europe/Paris}\n", "unknown-key", 1, 33,
                 "time_zone"},
                {"owner: {addresses: studio.example, time_zone: Europe/Paris}\n", "bad-value", 1, 20, "not a mail address"},
                {"owner: {addresses: [[a@b.example]], time_zone: Europe/Paris}\n", "wrong-type", 1, 21, "not a text"},
                {"owner: {addresses: a@b.example, time_zone: Europe/Paris, language: no}\n", "bad-value", 1, 68, "allowed"},
                {"owner: {addresses: a@b.example, time_zone: Europe/Paris, holidays: [FR, FX]}\n", "unknown-region", 1, 73,
                 "FR"},
                {"owner: {addresses: a@b.example, time_zone: Europe/Paris, absences: [2026-02-30]}\n", "bad-value", 1, 69,
                 "date"},
                {"owner: {addresses: a@b.example, time_zone: Europe/Paris, absences: [{from: 2026-02-20}]}\n", "missing-key",
                 1, 69, "until"},
                {OWNER "source: []\n", "unknown-key", 2, 1, "sources"},
                {OWNER "sources: {maildir: x}\n", "wrong-type", 2, 10, "list"},
                {OWNER "sources: [/home/x]\n", "wrong-type", 2, 11, "not a mapping"},
                {OWNER "sources: [{name: x}]\n", "kind-missing", 2, 11, "maildir"},
                {OWNER "sources: [{maildir: x, mbox: y}]\n", "two-kinds", 2, 11, "one kind"},
                {OWNER "sources: [{maildir: }]\n", "missing-key", 2, 12, "maildir"},
                {OWNER "sources: [{maildri: x, mbox: y}]\n", "unknown-key", 2, 12, "maildir"},
                {OWNER "sources: [{maildir: ~/Maildir}]\n", "bad-value", 2, 21, "shell"},
                {OWNER "sources: [{maildir: x}, {maildir: ./x/}]\n", "duplicate-source", 2, 25, "line 2"},
                {OWNER "sources: [{maildir: x, name: a}, {mbox: y, name: a}]\n", "duplicate-source", 2, 34, "name"},
                {OWNER "sources: [{maildir: x, password: {file: y}}]\n", "unknown-key", 2, 24, "local"},
                {OWNER "sources: [{maildir: x, include: []}]\n", "nothing-to-read", 2, 33, "leave the key out"},
                {OWNER "sources: [{maildir: x, exclude: [Junk, \"*\"]}]\n", "nothing-to-read", 2, 40, "include"},
                {OWNER "sources: [{mbox: x, exclude: \"**\"}]\n", "nothing-to-read", 2, 30, "include"},
                {OWNER
                 "sources: [{imap: \"imaps://u@h.example\", password: {file: y}, include: [a, b], exclude: [B, c, A]}]\n",
                 "nothing-to-read", 2, 71, "exclude"},
                {OWNER "sources: [{imap: mail.example}]\n", "bad-value", 2, 18, "imaps://"},
                {OWNER "sources: [{imap: \"imaps://u:hunter2@mail.example\"}]\n", "password-in-file", 2, 18, "credential"},
                {OWNER "sources: [{imap: \"imaps://u@h\", password: hunter2}]\n", "password-in-file", 2, 43, "credential"},
                {OWNER "sources: [{imap: \"imaps://u@h\", password: [hunter2]}]\n", "password-in-file", 2, 43, "credential"},
                {OWNER "sources: [{imap: \"imaps://u@h\", password: {file: a, text: hunter2}}]\n", "password-in-file", 2, 53,
                 "credential"},
                {OWNER "sources: [{imap: \"imaps://u@h\", password: {}}]\n", "bad-value", 2, 33, "one of"},
                {OWNER "sources: [{imap: \"imaps://u@h\", password: {file: a, credential: b}}]\n", "bad-value", 2, 33,
                 "one of"},
                {OWNER "sources: [{caldav: \"http://dav.example/\"}]\n", "bad-value", 2, 20, "https://"},
                {OWNER "clients: [{id: a}]\n", "missing-key", 2, 11, "match"},
                {OWNER "clients: [{match: \"@a.example\"}]\n", "missing-key", 2, 11, "id"},
                {OWNER "clients: [{id: a, match: []}]\n", "missing-key", 2, 26, "empty"},
                {OWNER "clients: [{id: Big Corp, match: \"@a.example\"}]\n", "bad-value", 2, 16, "small letters"},
                {OWNER "clients: [{id: a, match: \"@a.example\"}, {id: a, match: \"@b.example\"}]\n", "duplicate-client", 2,
                 46, "taken"},
                {OWNER "clients: [{id: a, match: \"@a.example\"}, {id: b, match: \"@A.example\"}]\n", "duplicate-match", 2,
                 56, "\"a\""},
                {OWNER "clients: [{id: a, match: j@a.example}, {id: b, match: J+x@a.example}]\n", "duplicate-match", 2, 55,
                 "already"},
                {OWNER "clients: [{id: a, match: [j@a.example, J@a.example]}]\n", "duplicate-match", 2, 40, "already"},
                {OWNER "clients: [{id: a, match: a.example}]\n", "bad-value", 2, 26, "\"@a.example\""},
                {OWNER "clients: [{id: a, match: \"@example\"}]\n", "bad-value", 2, 26, "neither"},
                {OWNER "clients: [{id: a, match: \"*@a.example\"}]\n", "bad-value", 2, 26, "subdomain"},
                {OWNER "clients: [{id: a, match: \"@gmail.com\"}]\n", "free-mail", 2, 26, "strangers"},
                {OWNER "clients: [{id: a, match: \"@Yahoo.co.uk\"}]\n", "free-mail", 2, 26, "strangers"},
                {OWNER "clients: [{id: a, match: \"@hotmail.fr\"}]\n", "free-mail", 2, 26, "strangers"},
                {OWNER "clients: [{id: a, match: \"@wanadoo.fr\"}]\n", "free-mail", 2, 26, "strangers"},
                {OWNER "clients: [{id: a, match: \"@gmx.net\"}]\n", "free-mail", 2, 26, "strangers"},
                {OWNER "clients: [{id: a, match: \"@pro.orange.fr\"}]\n", "free-mail", 2, 26, "name@pro.orange.fr"},
                {OWNER "clients: [{id: a, match: \"@mozmail.com\"}]\n", "free-mail", 2, 26, "relay"},
                {OWNER "clients: [{id: a, match: [\"@a.example\", \"@CO.uk\"]}]\n", "public-suffix", 2, 41, "name.co.uk"},
                {OWNER "clients: [{id: a, match: \"@github.io\"}]\n", "public-suffix", 2, 26, "below it"},
                {OWNER "clients: [{id: a, match: \"@fr\"}]\n", "public-suffix", 2, 26, "strangers"},
                {OWNER "clients: [{id: a, match: \"@gouv.fr.\"}]\n", "public-suffix", 2, 26, "gouv.fr"},
                {OWNER "clients: [{id: a, match: \"@xn--55qx5d.cn\"}]\n", "public-suffix", 2, 26, NULL},
                {OWNER "clients: [{id: a, match: \"@\xe5\x85\xac\xe5\x8f\xb8.cn\"}]\n", "public-suffix", 2, 26, NULL},
                {OWNER "clients: [{id: a, match: \"@[127.0.0.1]\"}]\n", "bad-value", 2, 26, "machine"},
                {OWNER "clients: [{id: a, match: \"@127.0.0.1\"}]\n", "bad-value", 2, 26, "machine"},
                {OWNER "clients: [{id: a, match: \"@m\xc3\xbcller.example\"}, {id: b, match: \"@xn--mller-kva.example\"}]\n",
                 "duplicate-match", 2, 61, "adieu.yaml:2:26"},
                {OWNER "clients: [{id: a, match: j.d@gmail.com}, {id: b, match: JD+x@googlemail.com}]\n", "duplicate-match",
                 2, 57, "already"},
                {OWNER "clients: [{id: a, match: \"@a.example\"}, {id: b, match: \"@a.example.\"}]\n", "duplicate-match", 2,
                 56, "already"},
                {OWNER "clients: [{id: a, match: camille@studio.example}]\n", "own-address", 2, 26, "own address"},
                {OWNER "clients: [{id: a, match: camille+x@STUDIO.example}]\n", "own-address", 2, 26, "own address"},
                {OWNER "clients: [{id: a, match: \"@studio.example\"}]\n", "own-address", 2, 26, "full addresses"},
                {OWNER "clients: [{id: a, match: \"@a.example\", holidays: x.ics}]\n", "bad-value", 2, 50, "absences"},
                {OWNER "clients: [{id: a, match: \"@a.example\", time_zone: Mars}]\n", "unknown-zone", 2, 51, "IANA"},
                {OWNER "clients: [{id: a, match: \"@a.example\", pauses: [{until: 2026-01-01}]}]\n", "missing-key", 2, 49,
                 "reason"},
                {OWNER "clients: [{id: a, match: \"@a.example\", pauses: [{reason: x}]}]\n", "missing-key", 2, 49, "until"},
                {OWNER "clients: [{id: a, match: \"@a.example\", pauses: [{reason: \"\", until: 2026-01-01}]}]\n",
                 "bad-value", 2, 58, "empty"},
                {OWNER
                 "clients: [{id: a, match: \"@a.example\", pauses: [{reason: x, from: 2026-02-01, until: 2026-01-01}]}]\n",
                 "bad-value", 2, 49, "ends before"},
                {OWNER "clients: [{id: a, match: \"@a.example\", exceptions: [{until: 2026-01-01}]}]\n", "missing-key", 2,
                 53, "reason"},
                {OWNER "clients: [{id: a, match: \"@a.example\", exceptions: [{reason: x}]}]\n", "missing-key", 2, 53,
                 "until"},
                {OWNER "clients: [{id: a, match: \"@a.example\", exceptions: [{reason: x, until: 31.12.2026}]}]\n",
                 "bad-value", 2, 72, "2026-12-31"},
                {OWNER
                 "clients: [{id: a, match: \"@a.example\", exceptions: [{reason: x, until: 2026-12-31, were: {a: b}}]}]\n",
                 "unknown-key", 2, 84, "where"},
                {OWNER "digest: {every: daily, sendmail: msmtp}\n", "bad-value", 2, 17, "mon 08:00"},
                {OWNER "digest: {to: x, sendmail: msmtp}\n", "bad-value", 2, 14, "address"},
                {OWNER "digest: {every: fri 24:00, sendmail: msmtp}\n", "bad-value", 2, 17, "mon 08:00"},
                {OWNER "digest: {every: mon 08:00}\n", "missing-key", 2, 9, "sendmail"},
                {OWNER "digest: {smtp: \"smtp://h.example\", sendmail: x}\n", "two-kinds", 2, 36, "one way"},
                {OWNER "digest: {sendmail: x, tls: none}\n", "unknown-key", 2, 23, "a program"},
                {OWNER "digest: {sendmail: x, empty: no}\n", "bad-value", 2, 30, "nothing"},
                {OWNER "digest: {sendmail: x, from: Camille}\n", "bad-value", 2, 29, "address"},
                {OWNER "digest: {sendmail: x, to: [a@x.example, \"jos\\u00e9@x.example\"]}\n", "bad-value", 2, 41,
                 "every server"},
                {OWNER "digest: {sendmail: x, from: \"a\\rb@x.example\"}\n", "bad-value", 2, 29, "every server"},
                {OWNER "digest: {sendmail: x, from: -f@x.example}\n", "bad-value", 2, 29, "every server"},
                {OWNER "digest: {smtp: mail.example}\n", "bad-value", 2, 16, "smtps://"},
                {OWNER "packs: {a: b}\n", "wrong-type", 2, 8, "packs"},
                {OWNER "alerts_file: ~/x\n", "bad-value", 2, 14, "shell"},
                {OWNER "alerts_file: \"\"\n", "bad-value", 2, 14, "empty"},
                {OWNER "on_alert: notify me\n", "bad-value", 2, 11, "[program, argument]"},
                {OWNER "on_alert: []\n", "bad-value", 2, 11, "empty"},
                {OWNER "on_alert: [~/bin/x]\n", "bad-value", 2, 12, "shell"},
                {OWNER "on_alert: [[x]]\n", "wrong-type", 2, 12, "on_alert"},
                {OWNER "rules: [a]\n", "wrong-type", 2, 8, "rules"},
                {OWNER "rules:\n  a: {}\n  a: {}\n", "duplicate-key", 4, 3, "line 3"},
                {OWNER "clients: [{id: a, match: @a.example}]\n", "yaml-syntax", 2, 26, "single quotes"},
        };
        for (size_t i = 0; i < ELEMENTSOF(v); i++)
                assert_one_fault(v[i].text, v[i].code, v[i].line, v[i].column, v[i].words);
}

/* What is written of an account becomes what daemon/ connects with. */
static void test_remotes(void **state) {
        (void) state;
        static const struct {
                const char *text, *url, *user, *host, *path;
                uint16_t port;
                enum remote_tls tls;
                enum auth_mechanism auth;
        } v[] = {
                {"imap: \"imaps://camille@Mail.Example\"", "imaps://mail.example:993", "camille", "mail.example", "", 993,
                 REMOTE_TLS},
                {"imap: \"imap://mail.example/\"", "imap://mail.example:143", "camille@studio.example", "mail.example", "",
                 143, REMOTE_STARTTLS},
                {"imap: \"imap://me@mail.example\", tls: none", "imap://mail.example:143", "me", "mail.example", "", 143,
                 REMOTE_PLAIN},
                {"imap: \"imap://me@127.0.0.1:1143\"", "imap://127.0.0.1:1143", "me", "127.0.0.1", "", 1143, REMOTE_PLAIN},
                {"imap: \"imap://me@localhost:993\", tls: starttls", "imap://localhost:993", "me", "localhost", "", 993,
                 REMOTE_STARTTLS},
                {"imap: \"imaps://camille%40studio.example@[2001:DB8::1]:9993\", auth: XOAUTH2",
                 "imaps://[2001:DB8::1]:9993", "camille@studio.example", "2001:DB8::1", "", 9993, REMOTE_TLS, AUTH_XOAUTH2},
                {"imap: \"imaps://a%3Ab%25c@m\xc3\xbcller.example\", auth: plain", "imaps://xn--mller-kva.example:993",
                 "a:b%c", "xn--mller-kva.example", "", 993, REMOTE_TLS, AUTH_PLAIN},
                {"imap: \"imaps://mail.example\", user: \"DOMAIN\\\\me\"", "imaps://mail.example:993", "DOMAIN\\me",
                 "mail.example", "", 993, REMOTE_TLS},
                {"caldav: \"https://dav.example/camille/\"", "https://dav.example:443/camille/", "camille@studio.example",
                 "dav.example", "/camille/", 443, REMOTE_TLS},
                {"caldav: \"https://me@dav.example\", auth: bearer", "https://dav.example:443/", "me", "dav.example", "/",
                 443, REMOTE_TLS, AUTH_BEARER},
                {"caldav: \"http://me@[::1]:5232/me/\"", "http://[::1]:5232/me/", "me", "::1", "/me/", 5232, REMOTE_PLAIN},
                {"caldav: \"http://me@dav.example/\", tls: none", "http://dav.example:80/", "me", "dav.example", "/", 80,
                 REMOTE_PLAIN},
                {"calendar: \"webcal://me@cal.example/a/b.ics?token=x%2F\"", "https://cal.example:443/a/b.ics?token=x%2F",
                 "me", "cal.example", "/a/b.ics?token=x%2F", 443, REMOTE_TLS},
        };
        for (size_t i = 0; i < ELEMENTSOF(v); i++) {
                char text[512];
                (void) snprintf(text, sizeof(text), OWNER "sources: [{%s, password: {credential: c}}]\n", v[i].text);
                _cleanup_loaded_ struct loaded l = load(text);
                assert_good(&l);
                const struct remote *r = l.s->sources[0].remote;
                assert_non_null(r);
                assert_string_equal(r->url, v[i].url);
                assert_string_equal(r->user, v[i].user);
                assert_string_equal(r->host, v[i].host);
                assert_string_equal(r->path, v[i].path);
                assert_int_equal(r->port, v[i].port);
                assert_int_equal(r->tls, v[i].tls);
                assert_int_equal(r->auth, v[i].auth);
                assert_int_equal(r->password.kind, SECRET_CREDENTIAL);
                assert_string_equal(r->password.name, "c");
                assert_int_equal(r->line, 2);
        }
}

static void test_calendars_near_and_far(void **state) {
        (void) state;
        _cleanup_loaded_ struct loaded l = load(OWNER "sources:\n  - {calendar: \"https://cal.example/a.ics\"}\n"
                                                      "  - {calendar: cal/a.ics}\n");
        assert_good(&l);
        assert_int_equal(l.s->sources[0].kind, SOURCE_CALENDAR);
        assert_non_null(l.s->sources[0].remote);
        assert_null(l.s->sources[0].remote->user);
        assert_int_equal(l.s->sources[0].remote->password.kind, SECRET_NONE);
        assert_null(l.s->sources[1].remote);
        assert_string_equal(l.s->sources[1].location, "/etc/adieu/cal/a.ics");
}

/* Whoever knows such a link may read: it names nothing. The same link has the same name, in all its spellings. */
static void test_a_link_is_veiled(void **state) {
        (void) state;
        static const char *const links[] = {"https://cal.example/private-x/a.ics",
                                            "webcal://Cal.example:443/private-x/a.ics",
                                            "https://cal.example/private-y/a.ics", "https://me@cal.example/private-x/a.ics"};
        char names[ELEMENTSOF(links)][64];
        for (size_t i = 0; i < ELEMENTSOF(links); i++) {
                char text[1000];
                (void) snprintf(text, sizeof(text), OWNER "sources:\n  - {calendar: \"%s\", password: {file: x}}\n",
                                links[i]);
                _cleanup_loaded_ struct loaded l = load(text);
                assert_good(&l);
                assert_string_equal(l.s->sources[0].name, l.s->sources[0].location);
                assert_int_equal(strlen(l.s->sources[0].name), strlen("cal.example#01234567"));
                assert_null(strstr(l.s->sources[0].name, "private"));
                (void) snprintf(names[i], sizeof(names[i]), "%s", l.s->sources[0].name);
        }
        assert_string_equal(names[0], names[1]);
        assert_string_not_equal(names[0], names[2]);
        assert_string_not_equal(names[0], names[3]);
        _cleanup_loaded_ struct loaded l =
                load(OWNER "sources:\n  - {calendar: \"https://cal.example/a.ics\", name: team}\n");
        assert_good(&l);
        assert_string_equal(l.s->sources[0].name, "team");
}

static void test_digest(void **state) {
        (void) state;
        _cleanup_loaded_ struct loaded none = load(OWNER);
        assert_good(&none);
        assert_false(none.s->digest.written);
        _cleanup_loaded_ struct loaded l = load(
                OWNER "digest: {every: \"Friday 17:30\", to: [Jean@dupont.example, b@x.example], from: me@x.example, empty: "
                      "nothing,\n"
                      "  smtp: \"smtp://me@mail.example:25\", auth: oauthbearer, password: {command: [pass, show, mail]},\n"
                      "  ca: ca.pem, fingerprint: \"SHA256:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:FF:"
                      "00112233445566778899aabbccddeeff\"}\n");
        assert_good(&l);
        const struct digest_settings *d = &l.s->digest;
        assert_true(d->written);
        assert_int_equal(d->every.weekday, 4);
        assert_int_equal(d->every.minute, 17 * 60 + 30);
        assert_string_equal(d->to[0], "Jean@dupont.example");
        assert_string_equal(d->to[1], "b@x.example");
        assert_null(d->to[2]);
        assert_string_equal(d->from, "me@x.example");
        assert_false(d->empty);
        assert_null(d->sendmail);
        assert_int_equal(d->remote->tls, REMOTE_STARTTLS);
        assert_int_equal(d->remote->port, 25);
        assert_int_equal(d->remote->auth, AUTH_OAUTHBEARER);
        assert_int_equal(d->remote->password.kind, SECRET_COMMAND);
        assert_string_equal(d->remote->password.command[1], "show");
        assert_null(d->remote->password.command[3]);
        assert_string_equal(d->remote->ca, "/etc/adieu/ca.pem");
        assert_string_equal(d->remote->fingerprint,
                            "sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
        /* A program of one's own beside the file. */
        _cleanup_loaded_ struct loaded c =
                load(OWNER "digest: {smtp: \"smtps://me@mail.example\", password: {command: [./pw.sh, ./x]}}\n");
        assert_good(&c);
        assert_string_equal(c.s->digest.remote->password.command[0], "/etc/adieu/pw.sh");
        assert_string_equal(c.s->digest.remote->password.command[1], "./x");
        /* Other letters in a domain: as servers of mail know it. */
        _cleanup_loaded_ struct loaded i = load(OWNER "digest: {sendmail: x, to: \"Jean+a@St\\u00fcdio.example\"}\n");
        assert_good(&i);
        assert_string_equal(i.s->digest.to[0], "Jean+a@xn--stdio-lva.example");
        _cleanup_loaded_ struct loaded s = load(OWNER "digest: {sendmail: [bin/send, -x], smtp: }\n");
        assert_good(&s);
        d = &s.s->digest;
        assert_int_equal(d->every.weekday, 0);
        assert_int_equal(d->every.minute, 8 * 60);
        assert_string_equal(d->to[0], "camille@studio.example");
        assert_string_equal(d->from, "camille@studio.example");
        assert_true(d->empty);
        assert_null(d->remote);
        assert_string_equal(d->sendmail[0], "/etc/adieu/bin/send");
        assert_string_equal(d->sendmail[1], "-x");
        assert_null(d->sendmail[2]);
}

static void test_passwords_are_never_told(void **state) {
        (void) state;
        _cleanup_loaded_ struct loaded l = load(OWNER "sources:\n  - {imap: \"imaps://u:hunter2@h\", password: hunter2}\n"
                                                      "  - {imap: \"imaps://u@h\", password: [hunter2]}\n"
                                                      "  - {caldav: \"ftp://u:hunter2@h\"}\n"
                                                      "digest: {smtp: \"smtp://u:hunter2@h\", password: hunter2}\n");
        assert_true(l.d.errors >= 6);
        for (size_t i = 0; i < l.d.n; i++) {
                assert_null(strstr(l.d.items[i].text, "hunter2"));
                assert_true(!l.d.items[i].hint || !strstr(l.d.items[i].hint, "hunter2"));
        }
}

static void test_all_faults_of_all_files(void **state) {
        (void) state;
        static const char a[] = "owner: {time_zone: Mars, adresses: x}\nclients: [{id: one, match: \"@one.example\"}]\n";
        static const char b[] = "clients:\n  - {id: two, match: \"@one.example\"}\nsources: []\n";
        static const char c[] = "id: one\nmatch: [x\n";
        static const char d[] = "id: one\nmatch: \"@four.example\"\ncolor: red\n";
        struct settings_file files[] = {{"adieu.yaml", a, sizeof(a) - 1, NULL},
                                        {"clients.d/b.yaml", b, sizeof(b) - 1, NULL},
                                        {"clients.d/c.yaml", c, sizeof(c) - 1, NULL},
                                        {"clients.d/d.yaml", d, sizeof(d) - 1, NULL}};
        _cleanup_loaded_ struct loaded l = load_files(files, ELEMENTSOF(files));
        static const struct {
                const char *file, *code;
        } want[] = {{"adieu.yaml", "missing-key"},
                    {"adieu.yaml", "unknown-zone"},
                    {"adieu.yaml", "unknown-key"},
                    {"clients.d/b.yaml", "duplicate-match"},
                    {"clients.d/b.yaml", "unknown-key"},
                    {"clients.d/c.yaml", "yaml-syntax"},
                    {"clients.d/d.yaml", "duplicate-client"},
                    {"clients.d/d.yaml", "unknown-key"}};
        assert_int_equal(l.d.n, ELEMENTSOF(want));
        for (size_t i = 0; i < ELEMENTSOF(want); i++) {
                assert_string_equal(l.d.items[i].file, want[i].file);
                assert_string_equal(l.d.items[i].code, want[i].code);
        }
}

static void test_clients_d(void **state) {
        (void) state;
        static const char a[] = OWNER "clients: [{id: one, match: \"@one.example\"}]\n";
        static const char b[] = "clients:\n  - {id: two, match: \"@two.example\"}\n  - {id: three, match: j@x.example}\n";
        static const char c[] = "id: four\nname: Four\nmatch: [\"@four.example\", j@y.example]\n";
        static const char e[] = "# nobody\n", f[] = "clients:\n";
        struct settings_file files[] = {{"/etc/adieu/adieu.yaml", a, sizeof(a) - 1, NULL},
                                        {"/etc/adieu/clients.d/b.yaml", b, sizeof(b) - 1, NULL},
                                        {"/etc/adieu/clients.d/c.yaml", c, sizeof(c) - 1, NULL},
                                        {"/etc/adieu/clients.d/e.yaml", e, sizeof(e) - 1, NULL},
                                        {"/etc/adieu/clients.d/f.yaml", f, sizeof(f) - 1, NULL}};
        _cleanup_loaded_ struct loaded l = load_files(files, ELEMENTSOF(files));
        assert_good(&l);
        assert_int_equal(l.s->n_clients, 4);
        for (uint32_t i = 0; i < 4; i++)
                assert_int_equal(l.s->clients[i].index, i);
        assert_string_equal(l.s->clients[3].file, "/etc/adieu/clients.d/c.yaml");
        assert_string_equal(l.s->clients[3].name, "Four");
        assert_string_equal(l.s->clients[0].name, "one");
        assert_string_equal(settings_find_client(l.s, "x@four.example")->id, "four");
        assert_ptr_equal(settings_client_by_id(l.s, "two"), &l.s->clients[1]);
        assert_null(settings_client_by_id(l.s, "five"));
        assert_null(settings_client_by_id(l.s, NULL));
}

static void test_find(void **state) {
        (void) state;
        _cleanup_loaded_ struct loaded l =
                load("owner: {addresses: [camille@studio.example, cm+work@old.example], time_zone: Europe/Paris}\n"
                     "clients:\n  - {id: dupont, match: [\"@Dupont.example\", Jean.Dupont@gmail.com]}\n"
                     "  - {id: lab, match: \"@lab.dupont.example\"}\n  - {id: boss, match: boss@dupont.example}\n"
                     "  - {id: uk, match: \"@uk.co.example\"}\n");
        assert_good(&l);
        static const struct {
                const char *email, *client;
        } v[] = {
                {"anna@dupont.example", "dupont"},
                {"ANNA@DUPONT.EXAMPLE", "dupont"},
                {"anna+news@dupont.example", "dupont"},
                {"anna@mail.dupont.example", "dupont"},
                {"anna@a.b.c.dupont.example", "dupont"},
                {"x@lab.dupont.example", "lab"},
                {"x@m.lab.dupont.example", "lab"},
                {"boss@dupont.example", "boss"},
                {"Boss+x@Dupont.example", "boss"},
                {"boss@mail.dupont.example", "dupont"},
                {"jean.dupont@gmail.com", "dupont"},
                {"jean.dupont+a@gmail.com", "dupont"},
                {"jean@gmail.com", NULL},
                {"anna@notdupont.example", NULL},
                {"anna@dupont.example.org", NULL},
                {"anna@example", NULL},
                {"@dupont.example", NULL},
                {"dupont.example", NULL},
                {"", NULL},
                {"@", NULL},
                {"a@", NULL},
                {"+x@dupont.example", "dupont"},
                {"\"a@b\"@dupont.example", "dupont"},
                {"camille@studio.example", NULL},
                {"x@co.example", NULL},
                {"x@uk.co.example", "uk"},
        };
        for (int by_hand = 0; by_hand < 2; by_hand++) {
                /* Without the index, as in settings made by hand, the answers are the same. */
                if (by_hand)
                        l.s->index = NULL;
                for (size_t i = 0; i < ELEMENTSOF(v); i++) {
                        const struct client *c = settings_find_client(l.s, v[i].email);
                        if (!str_eq(c ? c->id : NULL, v[i].client))
                                fail_msg("%s: %s", v[i].email, c ? c->id : "nobody");
                }
                assert_null(settings_find_client(l.s, NULL));
                assert_true(settings_is_owner(l.s, "camille@studio.example"));
                assert_true(settings_is_owner(l.s, "Camille+list@Studio.Example"));
                assert_true(settings_is_owner(l.s, "cm@old.example"));
                assert_false(settings_is_owner(l.s, "x@studio.example"));
                assert_false(settings_is_owner(l.s, "anna@dupont.example"));
                assert_false(settings_is_owner(l.s, "@studio.example"));
                assert_false(settings_is_owner(l.s, NULL));
        }
        char longer[2000];
        memset(longer, 'a', sizeof(longer));
        snprintf(longer + 1500, 100, "@dupont.example");
        assert_null(settings_find_client(l.s, longer));
        memset(longer, '.', 1500);
        longer[0] = '@';
        assert_null(settings_find_client(l.s, longer));
}

/* Spellings of one domain, and what only looks like it. */
static void test_domains(void **state) {
        (void) state;
        _cleanup_loaded_ struct loaded l =
                load(OWNER "clients:\n"
                           "  - {id: uk, match: \"@dupont.co.uk\"}\n"
                           "  - {id: eu, match: \"@eu.dupont.co.uk\"}\n"
                           "  - {id: idn, match: \"@caf\xc3\xa9.fr\"}\n"
                           "  - {id: page, match: \"@dupont.github.io\"}\n"
                           "  - {id: box, match: [\"jean@[192.0.2.1]\", \"jean@[IPv6:2001:db8::1]\", jean@co.uk]}\n"
                           "  - {id: mail, match: [\"jean.dupont@gmail.com\", \"@dot.example.\"]}\n");
        assert_good(&l);
        static const struct {
                const char *email, *client;
        } v[] = {
                {"jean@dupont.co.uk", "uk"},
                {"jean@mail.dupont.co.uk", "uk"},
                {"jean@mail.eu.dupont.co.uk", "eu"},
                {"Jean@EU.Dupont.co.uk.", "eu"},
                {"jean@durand.co.uk", NULL},
                {"jean@co.uk", "box"},
                {"paul@co.uk", NULL},
                {"jean@xdupont.co.uk", NULL},
                {"jean@dupont.co.uk.evil.example", NULL},
                {"jean@xn--caf-dma.fr", "idn"},
                {"jean@CAF\xc3\x89.fr", "idn"},
                {"jean@mail.caf\xc3\xa9.fr", "idn"},
                {"jean@cafe.fr", NULL},
                {"x@dupont.github.io", "page"},
                {"x@durand.github.io", NULL},
                {"jean@[192.0.2.1]", "box"},
                {"jean@[ipv6:2001:DB8::1]", "box"},
                {"paul@[192.0.2.1]", NULL},
                {"JeanDupont+x@googlemail.com", "mail"},
                {"j.eandupont@gmail.com", "mail"},
                {"jean.dupont@yahoo.com", NULL},
                {"x@dot.example", "mail"},
                {"SRS0=abcd=xy=dupont.co.uk=jean@evil.example", NULL},
                {"jean=dupont.co.uk@lists.example", NULL},
        };
        for (int by_hand = 0; by_hand < 2; by_hand++) {
                if (by_hand)
                        l.s->index = NULL;
                for (size_t i = 0; i < ELEMENTSOF(v); i++) {
                        const struct client *c = settings_find_client(l.s, v[i].email);
                        if (!str_eq(c ? c->id : NULL, v[i].client))
                                fail_msg("%s: %s", v[i].email, c ? c->id : "nobody");
                }
        }
}

static void test_many_clients(void **state) {
        (void) state;
        size_t room = 1024U * 1024, used = 0;
        _cleanup_free_ char *text = malloc(room);
        used += (size_t) snprintf(text, room, OWNER "clients:\n");
        for (int i = 0; i < 3000; i++)
                used += (size_t) snprintf(text + used, room - used,
                                          "  - {id: c%d, match: [\"@c%d.example\", j%d@x.example]}\n", i, i, i);
        _cleanup_loaded_ struct loaded l = load(text);
        assert_good(&l);
        char email[64], id[32];
        for (int i = 0; i < 300000; i++) {
                int k = (int) ((unsigned) i * 7919U % 3000U);
                snprintf(email, sizeof(email), i % 2 ? "a@mail.c%d.example" : "j%d+tag@x.example", k);
                snprintf(id, sizeof(id), "c%d", k);
                const struct client *c = settings_find_client(l.s, email);
                assert_true(c && str_eq(c->id, id));
        }
}

static void test_client_calendars(void **state) {
        (void) state;
        _cleanup_loaded_ struct loaded l = load(
                "owner: {addresses: a@o.example, time_zone: Europe/Paris, hours: {mon-thu: 8-12}, holidays: FR, absences: "
                "[2026-08-03..2026-08-21]}\n"
                "clients:\n  - {id: none, match: \"@a.example\"}\n  - {id: zone, match: \"@b.example\", time_zone: "
                "America/New_York}\n"
                "  - {id: hours, match: \"@c.example\", hours: {sat: 10-12}}\n"
                "  - {id: us, match: \"@d.example\", time_zone: America/New_York, hours: {mon-fri: 9-17}, holidays: [US],"
                " absences: [2026-05-04, {from: 2026-05-05, until: 2026-05-06, reason: fair}]}\n"
                "  - {id: same, match: \"@e.example\", time_zone: Europe/Paris}\n"
                "  - {id: worker, match: \"@f.example\", holidays: []}\n");
        assert_good(&l);
        const struct client *c = l.s->clients;
        /* Nothing declared: the owner's calendar, absences and all. */
        assert_null(c[0].zone);
        assert_true(work_calendar_is_open(&c[0].calendar, at("Europe/Paris", "2026-03-02T08:00")));
        assert_false(work_calendar_day_open(&c[0].calendar, civil_days(2026, 8, 10)));
        assert_false(work_calendar_day_open(&c[0].calendar, civil_days(2026, 7, 14)));
        /* A zone: ordinary office hours there, and none of the owner's days. */
        assert_true(work_calendar_is_open(&c[1].calendar, at("America/New_York", "2026-03-06T17:59")));
        assert_false(work_calendar_is_open(&c[1].calendar, at("America/New_York", "2026-03-06T18:00")));
        assert_true(work_calendar_day_open(&c[1].calendar, civil_days(2026, 7, 14)));
        assert_true(work_calendar_day_open(&c[1].calendar, civil_days(2026, 8, 10)));
        /* Hours only: in the owner's zone, with its public holidays, but not absent when the owner is. */
        assert_true(c[2].own_hours);
        assert_true(work_calendar_is_open(&c[2].calendar, at("Europe/Paris", "2026-08-08T10:00")));
        assert_false(work_calendar_day_open(&c[2].calendar, civil_days(2026, 8, 15)));
        assert_false(work_calendar_day_open(&c[3].calendar, civil_days(2026, 7, 3)));
        for (int day = 4; day <= 6; day++)
                assert_false(work_calendar_day_open(&c[3].calendar, civil_days(2026, 5, day)));
        assert_true(work_calendar_day_open(&c[3].calendar, civil_days(2026, 5, 7)));
        assert_false(work_calendar_day_open(&c[4].calendar, civil_days(2026, 7, 14)));
        assert_true(work_calendar_day_open(&c[4].calendar, civil_days(2026, 8, 10)));
        /* Days off from a file reach the owner and those who share the owner's calendar. */
        struct day_range extra[] = {{civil_days(2026, 9, 7), civil_days(2026, 9, 8)},
                                    {civil_days(2026, 8, 20), civil_days(2026, 8, 25)}};
        assert_int_equal(settings_add_days_off(l.s, extra, 2), 0);
        assert_int_equal(settings_add_days_off(l.s, NULL, 0), 0);
        assert_int_equal(l.s->owner.calendar.n_days_off, 2);
        assert_false(work_calendar_day_open(&l.s->owner.calendar, civil_days(2026, 8, 4)));
        assert_false(work_calendar_day_open(&l.s->owner.calendar, civil_days(2026, 8, 25)));
        assert_false(work_calendar_day_open(&l.s->owner.calendar, civil_days(2026, 9, 8)));
        assert_true(work_calendar_day_open(&l.s->owner.calendar, civil_days(2026, 9, 9)));
        assert_false(work_calendar_day_open(&c[0].calendar, civil_days(2026, 9, 8)));
        assert_true(work_calendar_day_open(&c[4].calendar, civil_days(2026, 9, 8)));
        /* An empty list says that no public holiday is kept. */
        assert_true(work_calendar_day_open(&c[5].calendar, civil_days(2026, 7, 14)));
}

static void test_pauses(void **state) {
        (void) state;
        _cleanup_loaded_ struct loaded l = load(
                OWNER "clients:\n  - id: a\n    match: \"@a.example\"\n    time_zone: America/New_York\n    pauses:\n"
                      "      - {from: 2026-03-02, until: 2026-03-29, reason: launch}\n      - {until: 2025-12-31, reason: "
                      "\"before us\"}\n"
                      "    exceptions:\n      - {rule: x, where: {hour: {gte: 22}}, reason: on call, until: 2026-12-31}\n"
                      "    rules: {x: {mode: off}}\n");
        assert_good(&l);
        const struct client *c = &l.s->clients[0];
        assert_int_equal(c->n_pauses, 2);
        /* Days of the owner's zone; the last day is in it, the change of the hour included. */
        assert_int_equal(c->pauses[0].from, at("Europe/Paris", "2026-03-02T00:00"));
        assert_int_equal(c->pauses[0].until, at("Europe/Paris", "2026-03-30T00:00"));
        assert_string_equal(c->pauses[0].reason, "launch");
        assert_int_equal(c->pauses[1].from, INSTANT_MIN);
        assert_int_equal(c->pauses[1].until, at("Europe/Paris", "2026-01-01T00:00"));
        assert_int_equal(c->exceptions->type, YAML_SEQUENCE);
        assert_string_equal(yaml_get(c->exceptions->child, "rule")->scalar, "x");
        assert_string_equal(yaml_get(yaml_get(c->rules, "x"), "mode")->scalar, "off");
}

static void test_paths_and_lists(void **state) {
        (void) state;
        static const char text[] =
                OWNER "sources:\n  - {maildir: mail/, include: INBOX, exclude: [Junk, \"Old mail\"], name: home}\n"
                      "  - {mbox: ./a.mbox}\n  - {calendar: /}\npacks: [contact]\nrules: {a: {mode: watch}}\n";
        struct settings_file files[] = {{"/home/c/.config/adieu/adieu.yaml", text, sizeof(text) - 1, NULL},
                                        {"adieu.yaml", text, sizeof(text) - 1, NULL}};
        struct settings_file based[] = {{"sub/adieu.yaml", text, sizeof(text) - 1, "/home/c"},
                                        {"/x/adieu.yaml", text, sizeof(text) - 1, "/home/c"}};
        static const char *const wanted[] = {"/home/c/sub/mail", "/x/mail"};
        for (size_t i = 0; i < ELEMENTSOF(based); i++) {
                _cleanup_loaded_ struct loaded b = load_files(&based[i], 1);
                assert_good(&b);
                assert_string_equal(b.s->sources[0].location, wanted[i]);
        }
        _cleanup_loaded_ struct loaded l = load_files(&files[0], 1);
        assert_good(&l);
        assert_string_equal(l.s->sources[0].location, "/home/c/.config/adieu/mail");
        assert_string_equal(l.s->sources[0].name, "home");
        assert_string_equal(l.s->sources[0].include[0], "INBOX");
        assert_null(l.s->sources[0].include[1]);
        assert_string_equal(l.s->sources[0].exclude[1], "Old mail");
        assert_string_equal(l.s->sources[1].location, "/home/c/.config/adieu/a.mbox");
        assert_string_equal(l.s->sources[2].location, "/");
        assert_string_equal(l.s->packs[0], "contact");
        assert_null(l.s->packs[1]);
        assert_non_null(yaml_get(l.s->rules, "a"));
        _cleanup_loaded_ struct loaded here = load_files(&files[1], 1);
        assert_good(&here);
        assert_string_equal(here.s->sources[1].location, "a.mbox");
        static const char outlets[] = OWNER "alerts_file: out/a.jsonl\non_alert: [bin/tell, ./-x, \"\"]\n";
        struct settings_file file = {"/home/c/adieu.yaml", outlets, sizeof(outlets) - 1, NULL};
        _cleanup_loaded_ struct loaded o = load_files(&file, 1);
        assert_int_equal(o.d.n, 1); /* an empty argument */
        _cleanup_loaded_ struct loaded named = load(OWNER "alerts_file: /var/a\non_alert: [tell, a/b, c d]\n");
        assert_good(&named);
        assert_string_equal(named.s->alerts_file, "/var/a");
        assert_string_equal(named.s->on_alert[0], "tell");
        assert_string_equal(named.s->on_alert[1], "a/b");
        assert_string_equal(named.s->on_alert[2], "c d");
        assert_null(named.s->on_alert[3]);
        _cleanup_loaded_ struct loaded none = load(OWNER "packs: []\nsources:\nclients:\ndigest:\nrules:\n");
        assert_good(&none);
        assert_non_null(none.s->packs);
        assert_null(none.s->packs[0]);
}

static void test_key_table(void **state) {
        (void) state;
        size_t n;
        const struct settings_key *k = settings_keys(&n);
        assert_true(n > 40);
        for (size_t i = 0; i < n; i++) {
                assert_false(str_empty(k[i].type));
                /* A sentence: begins with a capital, ends with a full stop. */
                assert_true(k[i].doc[0] >= 'A' && k[i].doc[0] <= 'Z');
                assert_int_equal(k[i].doc[strlen(k[i].doc) - 1], '.');
                for (size_t j = 0; j < i; j++)
                        assert_string_not_equal(k[i].path, k[j].path);
                /* What a path lies under is in the table too. */
                char parent[128];
                snprintf(parent, sizeof(parent), "%s", k[i].path);
                char *dot = strrchr(parent, '.');
                if (!dot)
                        continue;
                *dot = 0;
                if (dot[-1] == ']')
                        dot[-2] = 0;
                bool found = false;
                for (size_t j = 0; j < n; j++)
                        found |= str_eq(k[j].path, parent);
                if (!found)
                        fail_msg("%s has no parent", k[i].path);
        }
}

/* Cut off anywhere, the file is refused or read, and nothing is lost on the way. */
static void test_every_prefix(void **state) {
        (void) state;
        static const char text[] =
                "owner:\n  addresses: [a@b.example]\n  time_zone: Europe/Paris\n  hours: {mon-fri: [\"09:00-12:30\"]}\n"
                "sources:\n  - {imap: \"imaps://u@h\", password: {command: [a, b]}}\nclients:\n"
                "  - {id: a, match: \"@x.example\", pauses: [{from: 2026-01-01, until: 2026-01-02, reason: x}]}\n";
        for (size_t n = 0; n < sizeof(text); n++) {
                struct settings_file file = {"adieu.yaml", text, n, NULL};
                _cleanup_loaded_ _unused_ struct loaded l = load_files(&file, 1);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_smallest),
                cmocka_unit_test(test_design_example),
                cmocka_unit_test(test_shipped_example),
                cmocka_unit_test(test_hours),
                cmocka_unit_test(test_bad_hours),
                cmocka_unit_test(test_faults),
                cmocka_unit_test(test_broken),
                cmocka_unit_test(test_passwords_are_never_told),
                cmocka_unit_test(test_remotes),
                cmocka_unit_test(test_calendars_near_and_far),
                cmocka_unit_test(test_a_link_is_veiled),
                cmocka_unit_test(test_digest),
                cmocka_unit_test(test_all_faults_of_all_files),
                cmocka_unit_test(test_clients_d),
                cmocka_unit_test(test_find),
                cmocka_unit_test(test_domains),
                cmocka_unit_test(test_many_clients),
                cmocka_unit_test(test_client_calendars),
                cmocka_unit_test(test_pauses),
                cmocka_unit_test(test_paths_and_lists),
                cmocka_unit_test(test_key_table),
                cmocka_unit_test(test_every_prefix),
        };
        return cmocka_run_group_tests(tests, setup, teardown);
}
