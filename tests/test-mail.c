/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/mail.h"
#include "parsers/arena.h"
#include "parsers/message.h"
#include "tests/zoneinfo.h"

/* 2026-03-02 08:00 in Paris. */
#define MONDAY INT64_C(1772434800)

static struct zone *paris, *kolkata, *st_johns;
static const char *const one[] = {"camille@studio.example", NULL};

static int setup(void **state) {
        (void) state;
        paris = zoneinfo_read("Europe/Paris");
        kolkata = zoneinfo_read("Asia/Kolkata");
        st_johns = zoneinfo_read("America/St_Johns");
        return paris && kolkata && st_johns ? 0 : -1;
}

static int teardown(void **state) {
        (void) state;
        zone_free(paris);
        zone_free(kolkata);
        zone_free(st_johns);
        return 0;
}

static struct mail plain(void) {
        return (struct mail){.from_name = "adieu",
                             .from = "camille@studio.example",
                             .to = one,
                             .subject = "Nothing unusual",
                             .message_id = "adieu.digest.1@studio.example",
                             .at = MONDAY,
                             .zone = paris,
                             .language = "en",
                             .text = "Hello.\n"};
}

static char *compose(const struct mail *m) {
        struct buf b = {};
        assert_int_equal(mail_compose(m, &b), 0);
        /* Whatever is in it: CRLF only, and no line longer than 78. */
        size_t line = 0;
        for (size_t i = 0; i < b.size; i++) {
                assert_true(b.data[i] > 0);
                if (b.data[i] == '\n')
                        assert_true(i > 0 && b.data[i - 1] == '\r');
                else if (b.data[i] == '\r')
                        assert_true(b.data[i + 1] == '\n');
                line = b.data[i] == '\n' ? 0 : line + 1;
                assert_true(line <= 79);
        }
        assert_true(b.size > 2 && b.data[b.size - 1] == '\n');
        return buf_take(&b);
}

static void test_whole(void **state) {
        (void) state;
        struct mail m = plain();
        _cleanup_free_ char *s = compose(&m);
        assert_string_equal(s, "Date: Mon, 02 Mar 2026 08:00:00 +0100\r\n"
                               "From: adieu <camille@studio.example>\r\n"
                               "To: camille@studio.example\r\n"
                               "Subject: Nothing unusual\r\n"
                               "Message-ID: <adieu.digest.1@studio.example>\r\n"
                               "Auto-Submitted: auto-generated\r\n"
                               "MIME-Version: 1.0\r\n"
                               "Content-Language: en\r\n"
                               "Content-Type: text/plain; charset=utf-8\r\n"
                               "Content-Transfer-Encoding: quoted-printable\r\n"
                               "\r\n"
                               "Hello.\r\n");
}

static void test_dates(void **state) {
        (void) state;
        const struct {
                const struct zone *zone;
                instant at;
                const char *date;
        } v[] = {
                {paris, MONDAY, "Mon, 02 Mar 2026 08:00:00 +0100"},
                {paris, 1782885599, "Wed, 01 Jul 2026 07:59:59 +0200"},
                {kolkata, MONDAY, "Mon, 02 Mar 2026 12:30:00 +0530"},
                {st_johns, MONDAY, "Mon, 02 Mar 2026 03:30:00 -0330"},
                {paris, -2208988800, "Mon, 01 Jan 1900 00:09:00 +0009"}, /* the seconds of mean time are cut, the instant stays */
        };
        for (size_t i = 0; i < ELEMENTSOF(v); i++) {
                struct mail m = plain();
                m.zone = v[i].zone;
                m.at = v[i].at;
                _cleanup_free_ char *s = compose(&m);
                assert_memory_equal(s, "Date: ", 6);
                assert_memory_equal(s + 6, v[i].date, strlen(v[i].date));
        }
}

/* Our own reader gives back what went in. */
static void read_back(const struct mail *m, const char *subject, const char *from_name, const char *text) {
        _cleanup_free_ char *s = compose(m);
        size_t size = strlen(s);
        _cleanup_free_ char *padded = calloc(1, size + MESSAGE_PADDING);
        _cleanup_arena_ struct arena *arena = NULL;
        struct message_options options = {};
        struct message got;
        assert_non_null(padded);
        memcpy(padded, s, size);
        assert_int_equal(arena_new(0, &arena), 0);
        assert_int_equal(message_parse(padded, size, &options, arena, &got), 0);
        assert_string_equal(got.subject, subject);
        assert_string_equal(got.from.items[0].name, from_name);
        assert_string_equal(got.from.items[0].email, m->from);
        assert_string_equal(got.message_id, m->message_id);
        assert_int_equal(got.sent_at, m->at);
        assert_true(got.automatic);
        assert_string_equal(got.text, text);
}

static void test_round_trip(void **state) {
        (void) state;
        static const char *const words[] = {
                "Nothing unusual",
                "adieu : votre semaine jusqu’au 2 mars, 3 clients à regarder",
                "Ça, où, déjà-vu: «une fois n’est pas coutume» — and on and on and on, über alle Maße, ещё раз, 一度だけ",
                "a =?utf-8?Q?trap?= of encoded words",
                "A very long subject in plain words that has to be folded more than once, since nobody reads it else",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        };
        static const char *const texts[] = {
                "Hello.",
                "Été = 100 % « à l’heure » — ça va.\nFrom here on\n.\n..dots\n  indented\n-- \nsignature",
                "A line of exactly seventy-six columns, which is as long as it may be......76\nand one more",
                "A line longer than seventy-six columns and so to be broken softly, éééééééééééé, in the middle.",
        };
        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                for (size_t k = 0; k < ELEMENTSOF(texts); k++) {
                        struct mail m = plain();
                        m.subject = words[i];
                        m.from_name = words[i];
                        m.text = texts[k];
                        _cleanup_free_ char *s = compose(&m);
                        /* The text itself, undone by hand: newtext would cut the signature. */
                        const char *body = strstr(s, "\r\n\r\n") + 4;
                        char out[2000] = "";
                        size_t n = 0;
                        for (const char *p = body; *p; p++) {
                                unsigned code;
                                if (*p == '\r')
                                        continue;
                                if (strncmp(p, "=\r\n", 3) == 0)
                                        p += 2;
                                else if (*p == '=' && sscanf(p + 1, "%2X", &code) == 1) {
                                        out[n++] = (char) code;
                                        p += 2;
                                } else
                                        out[n++] = *p;
                        }
                        assert_true(n > 0 && out[n - 1] == '\n');
                        out[n - 1] = 0;
                        assert_string_equal(out, texts[k]);
                        m.text = "Hello.\n";
                        read_back(&m, words[i], words[i], "Hello.");
                }
}

static void test_injection(void **state) {
        (void) state;
        struct mail m = plain();
        m.subject = "quiet\r\nBcc: everyone@example.org\r\n\r\nbody\x01\x7f";
        m.from_name = "x\nBcc: y";
        m.text = "a\r\n.\r\nMAIL FROM:<x>\r\n\x1b[31m\n";
        _cleanup_free_ char *s = compose(&m);
        assert_null(strstr(s, "\nBcc"));
        assert_null(strstr(s, "\r\n.\r\n"));
        assert_null(strchr(s, 0x1b));
        static const char *const bad[] = {"a@b\r\nBcc: x@y", "a b@c", "a<b@c", "a@b>", "nobody", "@b", "a@",
                                          "é@b.example",     "a,b@c", ""};
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                const char *const to[] = {"fine@b.example", bad[i], NULL};
                struct buf b = {};
                m = plain();
                m.to = to;
                assert_int_equal(mail_compose(&m, &b), -EINVAL);
                m = plain();
                m.from = bad[i];
                assert_int_equal(mail_compose(&m, &b), -EINVAL);
                m = plain();
                m.message_id = bad[i];
                assert_int_equal(mail_compose(&m, &b), -EINVAL);
                assert_int_equal(b.size, 0);
        }
        struct buf b = {};
        m = plain();
        m.language = "en\r\nX: y";
        assert_int_equal(mail_compose(&m, &b), -EINVAL);
        m = plain();
        m.to = (const char *const[]){NULL};
        assert_int_equal(mail_compose(&m, &b), -EINVAL);
}

static void test_many_recipients(void **state) {
        (void) state;
        static const char *const many[] = {"camille@studio.example", "cm@old.example",
                                           "camille.martin@a-longer-name.example", "accounts@studio.example", NULL};
        struct mail m = plain();
        m.to = many;
        _cleanup_free_ char *s = compose(&m);
        assert_non_null(strstr(s, "To: camille@studio.example, cm@old.example,\r\n camille.martin@a-longer-name.example, "
                                  "accounts@studio.example\r\n"));
}

static void test_message_ids(void **state) {
        (void) state;
        _cleanup_free_ char *a = NULL, *b = NULL, *c = NULL, *d = NULL, *e = NULL;
        assert_int_equal(mail_message_id("digest", "2026-03-02", "camille@studio.example", "x@studio.example", &a), 0);
        assert_int_equal(mail_message_id("digest", "2026-03-02", "camille@studio.example", "x@studio.example", &b), 0);
        assert_int_equal(mail_message_id("digest", "2026-03-09", "camille@studio.example", "x@studio.example", &c), 0);
        assert_int_equal(mail_message_id("digest", "2026-03-02", "other@studio.example", "x@studio.example", &d), 0);
        assert_int_equal(mail_message_id("digest", "2026-03-02", "camille@studio.example", "x@[127.0.0.1]", &e), 0);
        assert_string_equal(a, b);
        assert_string_not_equal(a, c);
        assert_string_not_equal(a, d);
        assert_non_null(strstr(a, "@studio.example"));
        assert_non_null(strstr(e, "@adieu.invalid"));
}

#define T(name) cmocka_unit_test(name)

int main(void) {
        const struct CMUnitTest tests[] = {T(test_whole),     T(test_dates),           T(test_round_trip),
                                           T(test_injection), T(test_many_recipients), T(test_message_ids)};
        return cmocka_run_group_tests(tests, setup, teardown);
}
