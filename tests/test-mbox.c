/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "parsers/buf.h"
#include "parsers/mbox.h"

#define FROM "From a@b.example Mon Mar  2 08:50:00 2026\n"
#define FROM_AT INT64_C(1772441400)
#define MAIL "Subject: x\n\nbody\n"

struct spans {
        struct buf text;
        instant from_date; /* of the last */
        int64_t fail_at;   /* the span that is refused, from 1 */
        int64_t n;
};

static int found(const struct mbox_span *s, void *userdata) {
        struct spans *spans = userdata;
        if (++spans->n == spans->fail_at)
                return -ECANCELED;
        spans->from_date = s->from_date;
        return buf_printf(&spans->text, "%s%lld+%lld-%lld%s", spans->text.size ? " " : "", (long long) s->offset,
                          (long long) (s->body - s->offset), (long long) s->end, s->complete ? "" : "...");
}

static int frame(const char *data, size_t n, size_t step, int64_t offset, struct spans *spans) {
        struct mbox_framer *f;
        assert_int_equal(mbox_framer_new(offset, &f), 0);
        int r = 0;
        for (size_t i = 0; i < n && r == 0; i += step)
                r = mbox_framer_feed(f, data + i, MIN(step, n - i), found, spans);
        if (r == 0)
                r = mbox_framer_end(f, found, spans);
        mbox_framer_free(f);
        return r;
}

/* The same result whatever the pieces. */
static void check(const char *data, size_t n, const char *expected) {
        static const size_t steps[] = {1, 2, 3, 7, 64, 1 << 20};
        for (size_t i = 0; i < ELEMENTSOF(steps); i++) {
                struct spans spans = {0};
                assert_int_equal(frame(data, n, steps[i], 0, &spans), 0);
                const char *got = spans.text.data ? spans.text.data : "";
                if (strcmp(got, expected) != 0)
                        fail_msg("in pieces of %zu: \"%s\" instead of \"%s\"", steps[i], got, expected);
                buf_free(&spans.text);
        }
}
#define CHECK(data, expected) check(data, sizeof(data) - 1, expected)

static void test_plain(void **state) {
        (void) state;
        assert_int_equal(strlen(FROM), 42);
        assert_int_equal(strlen(MAIL), 17);
        CHECK("", "");
        CHECK("\n\n", "");
        CHECK(FROM MAIL, "0+42-59...");
        CHECK(FROM MAIL "\n", "0+42-59...");
        CHECK(FROM MAIL "\n" FROM MAIL, "0+42-59 60+42-119...");
        CHECK(FROM MAIL "\n" FROM MAIL "\n", "0+42-59 60+42-119...");
        CHECK("\n" FROM MAIL, "1+42-60...");
        CHECK(FROM "Subject: x\n\nno newline", "0+42-64...");
        CHECK(FROM, "0+42-42...");
        CHECK("From a Mon Mar  2 08:50:00 2026", "0+31-31...");
        CHECK(FROM MAIL "\n\n\n" FROM MAIL,
              "0+42-61 62+42-121..."); /* one blank line separates, the others are the message's */
        CHECK(FROM "Subject: x\n\n" FROM MAIL, "0+42-53 54+42-113...");
        CHECK("From a Mon Mar  2 08:50:00 2026\r\nSubject: x\r\n\r\nb\r\n\r\nFrom a Mon Mar  2 08:50:00 2026\r\nS: "
              "x\r\n\r\n",
              "0+33-50 52+33-91...");
        CHECK("From whatever\n" MAIL, "0+14-31..."); /* the first line may lack its date */
}

static void test_look_alikes(void **state) {
        (void) state;
        CHECK(FROM MAIL FROM MAIL, "0+42-118..."); /* no blank line before */
        CHECK(FROM MAIL "\nFrom here on it is text\n", "0+42-84...");
        CHECK(FROM MAIL "\nFrom Monday to Friday\n", "0+42-82...");
        CHECK(FROM MAIL "\n>" FROM MAIL, "0+42-120...");
        CHECK(FROM MAIL "\n>>" FROM, "0+42-104...");
        CHECK(FROM MAIL "\n " FROM, "0+42-103...");
        CHECK(FROM MAIL "\nFROM a Mon Mar  2 08:50:00 2026\n", "0+42-92...");
}

static void test_content_length(void **state) {
        (void) state;
        /* True, and the From_ line inside is the message's. 53 = "one\n\n" + FROM + "body\n" + 1 */
        CHECK(FROM "Content-Length: 52\n\none\n\n" FROM "body\n\n" FROM MAIL, "0+42-114 115+42-174...");
        /* Too short, too long, absurd, negative, not a number: not believed. */
        CHECK(FROM "Content-Length: 2\n\none\n\n" FROM MAIL, "0+42-65 66+42-125...");
        CHECK(FROM "Content-Length: 53\n\none\n\n" FROM MAIL, "0+42-66 67+42-126...");
        CHECK(FROM "Content-Length: 99999999999999999999999\n\none\n\n" FROM MAIL, "0+42-87 88+42-147...");
        CHECK(FROM "Content-Length: 9223372036854775807\n\none\n\n" FROM MAIL, "0+42-83 84+42-143...");
        CHECK(FROM "Content-Length: -1\n\none\n\n" FROM MAIL, "0+42-66 67+42-126...");
        CHECK(FROM "Content-Length: x\n\none\n\n" FROM MAIL, "0+42-65 66+42-125...");
        /* True at the end of the file. */
        CHECK(FROM "Content-Length: 47\n\none\n\n" FROM, "0+42-109");
        CHECK(FROM "Content-Length: 47\n\none\n\n" FROM "\n", "0+42-109");
        CHECK(FROM "Content-Length: 0\n\n\n" FROM MAIL, "0+42-61 62+42-121...");
}

static void test_content_length_many(void **state) {
        _cleanup_buf_ struct buf b = {0};
        struct spans spans = {0};
        (void) state;
        /* A lie that covers more messages than may wait: all of them are found. */
        buf_add_str(&b, FROM "Content-Length: 900000\n\n");
        for (int i = 0; i < 1000; i++)
                buf_add_str(&b, "\n" FROM MAIL);
        assert_int_equal(frame(b.data, b.size, 4096, 0, &spans), 0);
        assert_int_equal(spans.n, 1001);
        buf_free(&spans.text);

        /* The truth over a few hundred is believed, or at least loses no message. */
        buf_reset(&b);
        struct buf inner = {0};
        for (int i = 0; i < 200; i++)
                buf_add_str(&inner, FROM MAIL "\n");
        buf_printf(&b, FROM "Content-Length: %zu\n\n", inner.size);
        buf_add(&b, inner.data, inner.size);
        buf_add_str(&b, "\n" FROM MAIL);
        spans = (struct spans){0};
        assert_int_equal(frame(b.data, b.size, 1000, 0, &spans), 0);
        assert_int_equal(spans.n, 2);
        buf_free(&spans.text);
        buf_free(&inner);

        /* The From_ line that proves the truth comes when no more can wait. */
        buf_reset(&b);
        for (int i = 0; i < 255; i++)
                buf_add_str(&inner, FROM MAIL "\n");
        buf_printf(&b, FROM "Content-Length: %zu\n\n", inner.size);
        buf_add(&b, inner.data, inner.size);
        buf_add_str(&b, "\n" FROM MAIL);
        spans = (struct spans){0};
        assert_int_equal(frame(b.data, b.size, 1000, 0, &spans), 0);
        assert_int_equal(spans.n, 2);
        buf_free(&spans.text);
        buf_free(&inner);
}

static void test_dates(void **state) {
        struct spans spans = {0};
        (void) state;
        assert_int_equal(frame(FROM MAIL, strlen(FROM MAIL), 5, 0, &spans), 0);
        assert_int_equal(spans.from_date, FROM_AT);
        assert_int_equal(frame("From x\n" MAIL, strlen("From x\n" MAIL), 5, 0, &spans), 0);
        assert_true(spans.from_date == INSTANT_UNKNOWN);
        buf_free(&spans.text);
}

static void test_resume(void **state) {
        struct spans spans = {0};
        (void) state;
        assert_int_equal(frame("\n" FROM MAIL, strlen(FROM MAIL) + 1, 9, 1000, &spans), 0);
        assert_string_equal(spans.text.data, "1001+42-1060...");
        buf_free(&spans.text);
}

static void test_errors(void **state) {
        struct spans spans = {0};
        struct mbox_framer *f;
        (void) state;
        assert_int_equal(frame(MAIL, strlen(MAIL), 1, 0, &spans), -EBADMSG);
        assert_int_equal(frame("From: a@b\n\n", 11, 100, 0, &spans), -EBADMSG);
        assert_int_equal(frame("no newline", 10, 100, 0, &spans), -EBADMSG);
        assert_int_equal(spans.n, 0);

        spans.fail_at = 1;
        assert_int_equal(mbox_framer_new(0, &f), 0);
        assert_int_equal(mbox_framer_feed(f, FROM MAIL "\n" FROM, strlen(FROM MAIL "\n" FROM), found, &spans), -ECANCELED);
        assert_int_equal(mbox_framer_feed(f, "x", 1, found, &spans), -ECANCELED); /* it sticks */
        assert_int_equal(mbox_framer_end(f, found, &spans), -ECANCELED);
        mbox_framer_free(f);
        assert_null(mbox_framer_free(NULL));
        buf_free(&spans.text);
}

static void test_long_line(void **state) {
        static char zeros[1 << 16];
        struct spans spans = {0};
        struct mbox_framer *f;
        (void) state;
        assert_int_equal(mbox_framer_new(0, &f), 0);
        assert_int_equal(mbox_framer_feed(f, FROM "\n", 43, found, &spans), 0);
        for (int i = 0; i < 16384; i++) /* 1 GiB, one line */
                assert_int_equal(mbox_framer_feed(f, zeros, sizeof(zeros), found, &spans), 0);
        assert_int_equal(mbox_framer_end(f, found, &spans), 0);
        assert_string_equal(spans.text.data, "0+42-1073741867...");
        mbox_framer_free(f);
        buf_free(&spans.text);
}

static void test_unquote(void **state) {
        static const struct {
                const char *text, *expected;
        } table[] = {
                {"", ""},
                {"a\n", "a\n"},
                {">From x\n", "From x\n"},
                {">>From x\n>From y", ">From x\nFrom y"},
                {"a >From x\n", "a >From x\n"},
                {"> From x\n", "> From x\n"},
                {">From\n>Fromage\n", ">From\n>Fromage\n"},
                {">>>>", ">>>>"},
        };
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                char text[64];
                size_t n = strlen(table[i].text);
                memcpy(text, table[i].text, n + 1);
                n = mbox_unquote(text, n);
                text[n] = 0;
                assert_string_equal(text, table[i].expected);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_plain),          cmocka_unit_test(test_look_alikes),
                cmocka_unit_test(test_content_length), cmocka_unit_test(test_content_length_many),
                cmocka_unit_test(test_dates),          cmocka_unit_test(test_resume),
                cmocka_unit_test(test_errors),         cmocka_unit_test(test_long_line),
                cmocka_unit_test(test_unquote),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
