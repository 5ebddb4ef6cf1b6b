/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "parsers/message.h"
#include "parsers/text.h"
#include "parsers/tnef.h"
#include "tests/zoneinfo.h"

/* The streams are those that tests/tnef.py writes, the seeds of the fuzz target. */
#define STREAM_MAX (1024 * 1024)

static struct message_options options;
static bool has_zone;

static int open_options(void **state) {
        struct charset_set *charsets;
        struct zone_table *zones;
        struct zone *paris = zoneinfo_read("Europe/Paris");
        (void) state;
        if (charset_open(&charsets) < 0 || zone_table_new(&zones) < 0)
                return -1;
        has_zone = paris && zone_table_add(zones, paris) == 0;
        options = (struct message_options){.charsets = charsets, .zones = zones};
        return 0;
}

static int close_options(void **state) {
        (void) state;
        charset_close((struct charset_set *) options.charsets);
        zone_table_free((struct zone_table *) options.zones);
        return 0;
}

static size_t load(const char *name, char *out) {
        char path[4096];
        const char *top = getenv("abs_top_srcdir");
        snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/tnef/%s.tnef", top ? top : ".", name);
        FILE *f = fopen(path, "rbe");
        assert_non_null(f);
        size_t n = fread(out, 1, STREAM_MAX, f);
        fclose(f);
        return n;
}

struct parsed {
        struct arena *arena;
        struct message m;
        struct buf raw;
};

/* A message that carries the stream, after a text part when there is one. */
static struct parsed parse_beside(const char *name, const char *text) {
        struct parsed p = {0};
        static char stream[STREAM_MAX];
        size_t n = load(name, stream);
        (void) buf_add_str(&p.raw,
                           "From: Jean Boss <jean@dupont.example>\nTo: Camille <camille@studio.example>\nCc: eva@x.example\n"
                           "Date: Mon, 2 Mar 2026 08:51:30 +0100\nSubject: Of the mail\n"
                           "Content-Type: multipart/mixed; boundary=\"=_b\"\n\n");
        if (text)
                (void) buf_printf(&p.raw, "--=_b\nContent-Type: text/plain; charset=us-ascii\n\n%s\n", text);
        (void) buf_add_str(&p.raw, "--=_b\nContent-Type: application/octet-stream; name=WINMAIL.DAT\n\n");
        (void) buf_add(&p.raw, stream, n);
        (void) buf_add_str(&p.raw, "\n--=_b--\n");
        size_t size = p.raw.size;
        for (int i = 0; i < MESSAGE_PADDING; i++)
                (void) buf_add_char(&p.raw, 0);
        assert_int_equal(p.raw.error, 0);
        assert_int_equal(arena_new(0, &p.arena), 0);
        assert_int_equal(message_parse(p.raw.data, size, &options, p.arena, &p.m), 0);
        return p;
}

static struct parsed parse(const char *name) {
        return parse_beside(name, NULL);
}

static void done(struct parsed *p) {
        p->arena = arena_free(p->arena);
        buf_free(&p->raw);
}

static void test_texts(void **state) {
        static const char *const table[][2] = {
                {"text", "Peux-tu m\xE2\x80\x99"
                         "envoyer le devis ?"},
                {"text8", "D\xC3\xA9j\xC3\xA0 vu"},
                {"text8-cyrillic", "\xD0\x9F\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82, "
                                   "\xD0\x9A\xD0\xB0\xD0\xBC\xD0\xB8\xD0\xBB\xD0\xBB\xD0\xB0"},
                {"attributes", "Old body\nsecond line"},
                {"html", "D\xC3\xA9j\xC3\xA0 vu"},
                {"html-1252", "D\xC3\xA9j\xC3\xA0 vu"},
                {"rtf-html", "Bonjour Camille, \xE2\x80\x93 d\xC3\xA9j\xC3\xA0 "
                             "{vu}\n\n\xD0\x9F\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82"},
                {"rtf-plain", "Dear Camille,\nsee the plan\n\xE2\x82\xAC 5 \xE2\x80\x94\xF0\x9F\x98\x80\tx y-z"},
                {"rtf-cut", "Bonjour Camille, \xE2\x80\x93 d\xC3\xA9j\xC3\xA0 {vu}"},
                {"named-by-text", "Peux-tu m\xE2\x80\x99"
                                  "envoyer le devis ?"},
                {"garbage", "Peux-tu m\xE2\x80\x99"
                            "envoyer le devis ?"},
                {"empty", NULL},
                {"cut", NULL},
        };
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                struct parsed p = parse(table[i][0]);
                if (!str_eq(p.m.text, table[i][1]))
                        fail_msg("%s: %s", table[i][0], p.m.text ? p.m.text : "nothing");
                assert_int_equal(p.m.attachments.n, 0);
                assert_int_equal(p.m.parts.n, 1); /* what MIME says of it */
                done(&p);
        }
        struct parsed p = parse("not");
        assert_int_equal(p.m.attachments.n, 1);
        assert_string_equal(p.m.attachments.items[0].name, "WINMAIL.DAT");
        done(&p);
}

/* The plain text beside it counts, unless there is none or its letters were lost. */
static void test_better_text(void **state) {
        static const char *const table[][2] = {
                {"Can you send the quote?", "Can you send the quote?"},
                {"  \n", "Peux-tu m\xE2\x80\x99"
                         "envoyer le devis ?"},
                {"This message is HTML, your client cannot display it", "Peux-tu m\xE2\x80\x99"
                                                                        "envoyer le devis ?"},
                {"??????, ????", "Peux-tu m\xE2\x80\x99"
                                 "envoyer le devis ?"},
                {"Why??", "Why??"},
        };
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                struct parsed p = parse_beside("text", table[i][0]);
                assert_string_equal(p.m.text, table[i][1]);
                done(&p);
        }
}

static void test_attachments(void **state) {
        static const struct {
                const char *name, *media_type;
                int64_t size;
        } table[] = {
                {"Devis ao\xC3\xBBt.pdf", "application/pdf", 4},
                {"plan.doc", "application/octet-stream", 3},
                {"Forwarded", "message/rfc822", 0},
                {"bad.bin", "application/octet-stream", 1},
        };
        (void) state;
        struct parsed p = parse("attachments");
        assert_int_equal(p.m.attachments.n, ELEMENTSOF(table)); /* the picture in the text is none */
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                assert_string_equal(p.m.attachments.items[i].name, table[i].name);
                assert_string_equal(p.m.attachments.items[i].media_type, table[i].media_type);
                assert_int_equal(p.m.attachments.items[i].size, table[i].size);
        }
        done(&p);
        p = parse("ics");
        assert_int_equal(p.m.calendar.n, 1);
        assert_string_equal(p.m.calendar.items[0].uid, "in-tnef");
        assert_int_equal(p.m.attachments.n, 1);
        done(&p);
}

static void write_moment(struct buf *b, const struct moment *m) {
        struct civil c = civil_from_seconds(m->at);
        (void) buf_printf(b, " %02d-%02d", c.month, c.day);
        if (m->form != MOMENT_DATE)
                (void) buf_printf(b, "T%02d:%02d%s", c.hour, c.minute, m->form == MOMENT_FLOATING ? "?" : "");
}

/* One line for each event: what decides. */
static void describe(const struct message *m, struct buf *b) {
        for (uint32_t i = 0; i < m->calendar.n; i++) {
                const struct event *e = &m->calendar.items[i];
                (void) buf_printf(b, "%s %s %d", itip_method_name(e->method), strlen(e->uid) == 64 ? "digest" : e->uid,
                                  e->sequence);
                write_moment(b, &e->start);
                write_moment(b, &e->end);
                if (e->recurrence_id.form != MOMENT_NONE) {
                        (void) buf_add_str(b, " of");
                        write_moment(b, &e->recurrence_id);
                }
                if (e->status == EVENT_STATUS_CANCELLED)
                        (void) buf_add_str(b, " cancelled");
                if (e->transparent)
                        (void) buf_add_str(b, " free");
                if (e->rrule)
                        (void) buf_printf(b, " %s", e->rrule);
                for (uint32_t k = 0; k < e->exdates.n; k++) {
                        (void) buf_add_str(b, " not");
                        write_moment(b, &e->exdates.items[k]);
                }
                (void) buf_printf(b, " by %s", e->organizer ? e->organizer->email : "nobody");
                for (uint32_t k = 0; k < e->attendees.n; k++) {
                        const struct attendee *a = &e->attendees.items[k];
                        (void) buf_printf(b, " with %s", a->email);
                        if (a->participation_status != PARTICIPATION_NONE)
                                (void) buf_printf(b, "=%s", participation_status_name(a->participation_status));
                        if (a->resource)
                                (void) buf_add_str(b, "(room)");
                }
                (void) buf_printf(b, " \"%s\"\n", e->summary ? e->summary : "");
        }
        if (m->flags & MESSAGE_TRUNCATED)
                (void) buf_add_str(b, "not all\n");
}

#define JEAN " by jean@dupont.example"
#define THEM " with camille@studio.example with eva@x.example"
#define ANSWER " by camille@studio.example with jean@dupont.example"
#define MOVED "REQUEST series@dupont.example 0 03-25T14:00 03-25T15:00 of 03-24T09:00" JEAN THEM " \"Meeting\"\n"

static void test_meetings(void **state) {
        static const struct {
                const char *name, *expected;
                bool zone; /* needs the system's zones */
        } table[] = {
                {"request", "REQUEST m1 2 03-12T13:00 03-12T14:00" JEAN THEM " \"Point, projet; suite\"\n", false},
                {"request-outlook-id",
                 "REQUEST 040000008200E00074C5B7101A82E0080000000000000000000000000000000000000000"
                 "10000000000102030405060708090A0B0C0D0E0F 0 03-12T13:00 03-12T14:00" JEAN THEM " \"Meeting\"\n",
                 false},
                {"request-addresses",
                 "REQUEST m1 0 03-12T13:00 03-12T14:00 by boss@dupont.example with camille@studio.example with "
                 "room@dupont.example(room) \"Meeting\"\n",
                 false},
                {"request-exchange-address", "REQUEST m1 0 03-12T13:00 03-12T14:00" JEAN THEM " \"Meeting\"\n", false},
                {"request-all-day", "REQUEST day 0 03-12 03-13 free" JEAN THEM " \"Meeting\"\n", false},
                {"request-old-class", "REQUEST digest 0 03-12T13:00 03-12T14:00" JEAN THEM " \"Of the mail\"\n", false},
                {"request-no-start", "not all\n", false},
                {"request-wrong-checksum", "not all\n", false},
                {"cancel", "CANCEL m1 3 03-12T13:00 03-12T14:00 cancelled" JEAN THEM " \"Meeting\"\n", false},
                {"cancel-instance",
                 "CANCEL m1 3 03-12T13:00 03-12T14:00 of 03-12T09:00 cancelled" JEAN THEM " \"Meeting\"\n", false},
                {"cancel-instance-by-day",
                 "CANCEL m1 3 03-12T13:00 03-12T14:00 of 03-12T09:30 cancelled" JEAN THEM " \"Meeting\"\n", true},
                /* One instance of nobody knows which must not cancel the series. */
                {"cancel-instance-unknown", "not all\n", false},
                {"accepted", "REPLY m1 2 03-12T13:00 03-12T14:00" ANSWER "=accepted \"Meeting\"\n", false},
                {"declined", "REPLY m1 2 03-12T13:00 03-12T14:00" ANSWER "=declined \"Meeting\"\n", false},
                {"counter", "COUNTER m1 2 03-13T08:00 03-13T09:00" ANSWER "=tentative \"Meeting\"\n", false},
                {"series",
                 "REQUEST series@dupont.example 0 03-03T09:00 03-03T10:00 FREQ=WEEKLY;INTERVAL=1;BYDAY=TU;WKST=MO not "
                 "03-17T09:00" JEAN THEM " \"Meeting\"\n" MOVED,
                 false},
                {"series-named-zone",
                 "REQUEST series@dupont.example 0 03-03T09:00 03-03T10:00 FREQ=WEEKLY;INTERVAL=1;BYDAY=TU;WKST=MO not "
                 "03-17T09:00" JEAN THEM " \"Meeting\"\n" MOVED,
                 true},
                {"series-no-zone",
                 "REQUEST series@dupont.example 0 03-03T09:00 03-03T10:00" JEAN THEM " \"Meeting\"\nnot all\n", false},
                {"series-cut", "REQUEST series@dupont.example 0 03-03T09:00 03-03T10:00" JEAN THEM " \"Meeting\"\nnot all\n",
                 false},
                {"series-moon",
                 "REQUEST series@dupont.example 0 03-03T09:00 03-03T10:00" JEAN THEM " \"Meeting\"\nnot all\n", false},
        };
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                _cleanup_buf_ struct buf b = {0};
                if (table[i].zone && !has_zone)
                        continue;
                struct parsed p = parse(table[i].name);
                describe(&p.m, &b);
                if (!str_eq(b.data ? b.data : "", table[i].expected))
                        fail_msg("%s:\n%s\nwanted:\n%s", table[i].name, b.data, table[i].expected);
                assert_int_equal(p.m.automatic, AUTOMATIC_CALENDAR);
                done(&p);
        }
}

static void test_rules(void **state) {
        static const char *const table[][2] = {
                {"series-daily", "FREQ=DAILY;INTERVAL=2;COUNT=5"},
                {"series-weekdays", "FREQ=WEEKLY;INTERVAL=1;BYDAY=MO,TU,WE,TH,FR;WKST=MO;UNTIL=20260430T110000Z"},
                {"series-monthly", "FREQ=MONTHLY;INTERVAL=1;BYMONTHDAY=-1"},
                {"series-second-tuesday", "FREQ=MONTHLY;INTERVAL=1;BYDAY=2TU"},
                {"series-last-weekday", "FREQ=MONTHLY;INTERVAL=1;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"},
                {"series-yearly", "FREQ=YEARLY;INTERVAL=1;BYMONTH=3;BYMONTHDAY=3"},
        };
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                struct parsed p = parse(table[i][0]);
                assert_int_equal(p.m.calendar.n, 1);
                assert_string_equal(p.m.calendar.items[0].rrule, table[i][1]);
                assert_false(p.m.flags & MESSAGE_TRUNCATED);
                done(&p);
        }
}

static void test_automatic(void **state) {
        (void) state;
        struct parsed p = parse("receipt");
        assert_int_equal(p.m.automatic, AUTOMATIC_RECEIPT);
        done(&p);
        p = parse("out-of-office");
        assert_int_equal(p.m.automatic, AUTOMATIC_VACATION);
        done(&p);
        p = parse("text");
        assert_int_equal(p.m.automatic, AUTOMATIC_NO);
        done(&p);
}

/* Every stream cut off at every byte, and with every byte changed, is read without harm. */
static void test_damage(void **state) {
        static const char *const names[] = {"attachments", "series", "rtf-html", "request-addresses"};
        static char stream[STREAM_MAX];
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                size_t n = load(names[i], stream);
                for (size_t cut = 0; cut < 2 * n; cut++) {
                        struct arena *arena;
                        struct tnef t;
                        size_t size = cut < n ? cut : n;
                        char *copy = malloc(size + 1); /* exactly its size, so that a sanitizer sees what is read beyond */
                        assert_non_null(copy);
                        memcpy(copy, stream, size);
                        if (cut >= n)
                                copy[cut - n] = (char) ~copy[cut - n];
                        assert_int_equal(arena_new(0, &arena), 0);
                        int e = tnef_parse(copy, size, options.charsets, arena, &t);
                        assert_true(e == 0 || e == -EBADMSG);
                        if (e == 0) {
                                _cleanup_buf_ struct buf b = {0};
                                struct address_list none = {0};
                                struct tnef_envelope envelope = {&none, &none, &none, NULL, INSTANT_UNKNOWN, options.zones};
                                bool unread = false;
                                e = tnef_calendar(&t, &envelope, &b, &unread);
                                assert_true(e == 0 || e == -ENODATA);
                        }
                        arena_free(arena);
                        free(copy);
                }
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_texts),    cmocka_unit_test(test_better_text), cmocka_unit_test(test_attachments),
                cmocka_unit_test(test_meetings), cmocka_unit_test(test_rules),       cmocka_unit_test(test_automatic),
                cmocka_unit_test(test_damage),
        };
        return cmocka_run_group_tests(tests, open_options, close_options);
}
