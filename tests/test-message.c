/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "parsers/buf.h"
#include "parsers/limits.h"
#include "parsers/message.h"
#include "parsers/text.h"
#include "parsers/utf8.h"

static struct message_options options;

struct parsed {
        struct arena *arena;
        struct message m;
};

static int open_options(void **state) {
        struct charset_set *charsets;
        struct zone_table *zones;
        (void) state;
        if (charset_open(&charsets) < 0 || zone_table_new(&zones) < 0)
                return -1;
        options = (struct message_options){.charsets = charsets, .zones = zones, .want_quoted_text = true};
        return 0;
}

static int close_options(void **state) {
        (void) state;
        charset_close((struct charset_set *) options.charsets);
        zone_table_free((struct zone_table *) options.zones);
        return 0;
}

/* Every message that is read here must also be one that can be encoded and decoded again. */
static void check_encoding(const struct message *m) {
        struct observation o = {.kind = OBSERVATION_MESSAGE, .message = *m}, again;
        _cleanup_buf_ struct buf b = {0};
        struct arena *arena;
        assert_int_equal(observation_encode(&o, true, &b), 0);
        assert_int_equal(arena_new(0, &arena), 0);
        assert_int_equal(observation_decode(b.data, b.size, arena, &again), 0);
        arena_free(arena);
}

static struct parsed parse_bytes(const char *data, size_t n) {
        struct parsed p = {0};
        char *padded = calloc(1, n + MESSAGE_PADDING);
        assert_non_null(padded);
        memcpy(padded, data, n);
        assert_int_equal(arena_new(0, &p.arena), 0);
        assert_int_equal(message_parse(padded, n, &options, p.arena, &p.m), 0);
        free(padded); /* nothing may point into it */
        check_encoding(&p.m);
        return p;
}

static struct parsed parse(const char *text) {
        return parse_bytes(text, strlen(text));
}

static void done(struct parsed *p) {
        p->arena = arena_free(p->arena);
}

static void test_header(void **state) {
        struct parsed p = parse("Return-Path: <jean@dupont.example>\n"
                                "Delivered-To: camille@studio.example\n"
                                "X-Original-To: cm@old.example\n"
                                "Delivered-To: camille@studio.example\n"
                                "Received: from c by d (x; y); Mon, 2 Mar 2026 08:51:30 +0100 (CET)\n"
                                "Received: from a by c; Mon, 2 Mar 2026 07:50:10 +0000\n"
                                "From: Jean Dupont <jean@DUPONT.example>\n"
                                "Sender: office@dupont.example\n"
                                "Reply-To: <jd@dupont.example>\n"
                                "To: Camille <camille@studio.example>\n"
                                "Cc: a@b.example, c@d.example\n"
                                "Bcc: e@f.example\n"
                                "Subject: =?utf-8?Q?Re:_R=C3=A9union?=\n"
                                "Date: Mon, 2 Mar 2026 08:50:00 +0100\n"
                                "Message-ID: <m1@dupont.example>\n"
                                "In-Reply-To: <q1@studio.example>\n"
                                "References: <r0@x> <q1@studio.example>\n"
                                "\nBonjour Camille\n");
        const struct message *m = &p.m;
        (void) state;
        assert_string_equal(m->message_id, "m1@dupont.example");
        assert_int_equal(m->in_reply_to.n, 1);
        assert_string_equal(m->in_reply_to.items[0], "q1@studio.example");
        assert_int_equal(m->references.n, 2);
        assert_string_equal(m->references.items[0], "r0@x");
        assert_int_equal(m->from.n, 1);
        assert_string_equal(m->from.items[0].name, "Jean Dupont");
        assert_string_equal(m->from.items[0].email, "jean@dupont.example");
        assert_string_equal(m->sender.items[0].email, "office@dupont.example");
        assert_string_equal(m->reply_to.items[0].email, "jd@dupont.example");
        assert_string_equal(m->to.items[0].email, "camille@studio.example");
        assert_int_equal(m->cc.n, 2);
        assert_int_equal(m->bcc.n, 1);
        assert_int_equal(m->delivered_to.n, 2);
        assert_string_equal(m->delivered_to.items[1], "cm@old.example");
        assert_string_equal(m->subject, "Re: Réunion");
        assert_string_equal(m->thread_subject, "reunion");
        assert_int_equal(m->sent_at, 1772437800);
        assert_int_equal(m->sent_offset, 3600);
        assert_int_equal(m->received_at, 1772437890);
        assert_int_equal(m->parts.n, 1);
        assert_string_equal(m->parts.items[0], "text/plain");
        assert_string_equal(m->text, "Bonjour Camille");
        assert_int_equal(m->automatic, AUTOMATIC_NO);
        assert_true(m->flags & MESSAGE_REPLY);
        assert_false(m->flags & (MESSAGE_NO_DATE | MESSAGE_TRUNCATED | MESSAGE_FORWARD | MESSAGE_ENCRYPTED));
        assert_true(m->content_key != 0);
        done(&p);
}

/* Who it is from when From does not say it, and how it came. */
static void test_ways(void **state) {
        struct parsed p = parse("Return-Path: <bounces@lists.assoc.example>\n"
                                "Received: from d by e; Mon, 2 Mar 2026 10:00:00 +0100\n"
                                "Resent-To: camille@studio.example\n"
                                "Resent-From: Marie <marie@dupont.example>\n"
                                "Resent-Cc: paul@dupont.example\n"
                                "Resent-Date: Mon, 2 Mar 2026 09:59:00 +0100\n"
                                "Received: from b by c; Mon, 2 Mar 2026 09:00:00 +0100\n"
                                "Resent-From: older@dupont.example\n"
                                "Resent-To: marie@dupont.example\n"
                                "Resent-Bcc: nobody@dupont.example\n"
                                "X-Original-Sender: jd@dupont.example\n"
                                "X-Original-From: Jean Dupont <jean@dupont.example>\n"
                                "List-ID: \"Le projet <bleu>\" <Projet.Lists.Assoc.example> (list)\n"
                                "From: \"Jean Dupont via Projet\" <projet@lists.assoc.example>\n"
                                "To: projet@lists.assoc.example\n\nx\n");
        (void) state;
        const struct message *m = &p.m;
        assert_int_equal(m->resent_from.n, 1);
        assert_string_equal(m->resent_from.items[0].email, "marie@dupont.example");
        assert_int_equal(m->resent_to.n, 2);
        assert_string_equal(m->resent_to.items[0].email, "camille@studio.example");
        assert_string_equal(m->resent_to.items[1].email, "paul@dupont.example");
        assert_int_equal(m->original_from.n, 1);
        assert_string_equal(m->original_from.items[0].email, "jean@dupont.example");
        assert_string_equal(m->list_id, "projet.lists.assoc.example");
        done(&p);

        /* One above the other without a trace between: the field that comes again begins the older one. */
        p = parse("Resent-Sender: desk@dupont.example\nResent-To: a@x.example\nResent-Sender: old@dupont.example\n"
                  "Resent-Cc: b@x.example\nFrom: jean@dupont.example\n\nx\n");
        assert_string_equal(p.m.resent_from.items[0].email, "desk@dupont.example");
        assert_int_equal(p.m.resent_to.n, 1);
        assert_null(p.m.list_id);
        assert_int_equal(p.m.original_from.n, 0);
        done(&p);
}

static void test_encoded_author(void **state) {
        static const struct {
                const char *from, *list_id, *want; /* NULL: none */
        } v[] = {
                {"jean=40dupont.example@dmarc.lists.example", "<x.lists.example>", "jean@dupont.example"},
                {"jean=dupont.example@groups.example", "x.groups.example", "jean@dupont.example"},
                {"a=b=dupont.example@groups.example", "x.groups.example", "a=b@dupont.example"},
                {"jean=dupont.example@groups.example", "", NULL},
                {"news-bounces+jean=dupont.example@groups.example", "x.groups.example", NULL},
                {"jean=@groups.example", "x.groups.example", NULL},
                {"=dupont.example@groups.example", "x.groups.example", NULL},
                {"jean=40@groups.example", "x.groups.example", NULL},
                {"jean=x@groups.example", "x.groups.example", NULL},
        };
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(v); i++) {
                char text[300];
                (void) snprintf(text, sizeof(text), "From: Jean <%s>\nList-Id: %s\n\nx\n", v[i].from, v[i].list_id);
                struct parsed p = parse(text);
                const char *got = p.m.original_from.n > 0 ? p.m.original_from.items[0].email : NULL;
                if (!str_eq(got, v[i].want))
                        fail_msg("%s: %s", v[i].from, got ? got : "none");
                if (got)
                        assert_string_equal(p.m.original_from.items[0].name, "Jean");
                done(&p);
        }
}

/* A name is a name, whatever it looks like. */
static void test_address_for_a_name(void **state) {
        static const char *const from[] = {"\"jean@dupont.example\" <x@evil.example>",
                                           "jean@dupont.example <x@evil.example>", "<jean@dupont.example> <x@evil.example>",
                                           "=?utf-8?Q?jean=40dupont.example?= <x@evil.example>",
                                           "x@evil.example (jean@dupont.example)"};
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(from); i++) {
                char text[300];
                (void) snprintf(text, sizeof(text), "From: %s\n\nx\n", from[i]);
                struct parsed p = parse(text);
                assert_int_equal(p.m.from.n, 1);
                assert_string_equal(p.m.from.items[0].email, "x@evil.example");
                done(&p);
        }
}

static void test_nothing_there(void **state) {
        struct parsed p = parse("");
        (void) state;
        assert_null(p.m.message_id);
        assert_null(p.m.subject);
        assert_null(p.m.text);
        assert_int_equal(p.m.from.n, 0);
        assert_true(p.m.sent_at == INSTANT_UNKNOWN && p.m.received_at == INSTANT_UNKNOWN);
        assert_int_equal(p.m.sent_offset, INT32_MIN);
        assert_true(p.m.flags & MESSAGE_NO_DATE);
        done(&p);

        p = parse("no header at all, only words");
        assert_string_equal(p.m.text, "no header at all, only words");
        done(&p);
}

static void test_dates(void **state) {
        static const struct {
                const char *date;
                instant at;
                bool wrong;
        } table[] = {
                {"Fri, 1 Jan 1904 08:50:00 +0000", INT64_C(-2082813000), true},
                {"Tue, 2 Mar 2077 08:50:00 +0000", INT64_C(3381900600), false},
                {"Sat, 1 Mar 25 12:00:00 GMT", 1740830400, false},
                {"yesterday", INSTANT_UNKNOWN, true},
                {"((((((((((((((((((((((", INSTANT_UNKNOWN, true},
        };
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                char text[256];
                snprintf(text, sizeof(text), "Date: %s\nReceived: from a by b; %s\n\nx", table[i].date, table[i].date);
                struct parsed p = parse(text);
                assert_true(p.m.sent_at == table[i].at);
                /* When it arrived is never taken from a clock that is wrong. */
                assert_true(p.m.received_at == (table[i].wrong ? INSTANT_UNKNOWN : table[i].at));
                assert_int_equal(!!(p.m.flags & MESSAGE_NO_DATE), table[i].wrong);
                done(&p);
        }
        struct parsed p = parse("Received: by a without date\nReceived: from b; Mon, 2 Mar 2026 08:50:00 +0100\n\nx");
        assert_int_equal(p.m.received_at, 1772437800);
        done(&p);
}

static void test_ids(void **state) {
        static const struct {
                const char *field, *expected;
        } table[] = {
                {"Message-ID: <a@b>", "a@b"},
                {"Message-Id: a@b", "a@b"},
                {"MESSAGE-ID: <a\n @b>", "a@b"},
                {"Message-ID: <<a@b>>", "a@b"},
                {"Message-ID: <a@b> <c@d>", "a@b"},
                {"Message-ID: <a b@c>", "ab@c"},
                {"Message-ID: nothing like it", "nothinglikeit"},
                {"Message-ID: <a@b\n", "a@b"}, /* never closed */
        };
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                char text[128];
                snprintf(text, sizeof(text), "%s\n\n", table[i].field);
                struct parsed p = parse(text);
                assert_string_equal(p.m.message_id, table[i].expected);
                done(&p);
        }
        struct parsed p = parse("Message-ID: <>\nIn-Reply-To: Your message of Monday <a@b>\nReferences: c@d e@f junk\n\n");
        assert_int_equal(p.m.in_reply_to.n, 1);
        assert_string_equal(p.m.in_reply_to.items[0], "a@b");
        assert_int_equal(p.m.references.n, 2);
        assert_string_equal(p.m.references.items[1], "e@f");
        done(&p);

        /* What old programs write into In-Reply-To: people and words are no messages, or all answers to one person would be
         * one conversation. */
        p = parse("To: Jean <jean@DUPONT.example>\nIn-Reply-To: Message from Jean <jean@dupont.example> of Mon <a@b>\n\n");
        assert_int_equal(p.m.in_reply_to.n, 1);
        assert_string_equal(p.m.in_reply_to.items[0], "a@b");
        done(&p);
        p = parse("In-Reply-To: Your message of Monday from jean@dupont.example\n\n");
        assert_int_equal(p.m.in_reply_to.n, 0);
        done(&p);
        /* A program that wrote to the message it answers. */
        p = parse("To: a@b, jean@dupont.example\nIn-Reply-To: <a@b>\n\n");
        assert_int_equal(p.m.in_reply_to.n, 1);
        done(&p);
        p = parse("In-Reply-To: a@b\n\n");
        assert_int_equal(p.m.in_reply_to.n, 1);
        done(&p);

        struct buf b = {0}; /* of too many the first and the last are kept */
        buf_add_str(&b, "References:");
        for (int i = 0; i < 300; i++)
                buf_printf(&b, " <%d@x>", i);
        buf_add_str(&b, "\n\n");
        p = parse(b.data);
        assert_int_equal(p.m.references.n, REFERENCES_MAX);
        assert_string_equal(p.m.references.items[0], "0@x");
        assert_string_equal(p.m.references.items[REFERENCES_MAX - 1], "299@x");
        assert_true(p.m.flags & MESSAGE_TRUNCATED);
        done(&p);
        buf_free(&b);
}

static void test_urgency(void **state) {
        static const char *const urgent[] = {"X-Priority: 1",    "X-Priority: 2 (High)", "Importance: high",
                                             "Importance: High", "Priority: urgent",     "X-MSMail-Priority: High"};
        static const char *const normal[] = {"X-Priority: 3",    "X-Priority: 10",      "Importance: normal",
                                             "Priority: normal", "Importance: highway", "X-Priority:"};
        char text[128];
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(urgent); i++) {
                snprintf(text, sizeof(text), "%s\n\nhello\n", urgent[i]);
                struct parsed p = parse(text);
                assert_true(p.m.flags & MESSAGE_URGENT);
                done(&p);
        }
        for (size_t i = 0; i < ELEMENTSOF(normal); i++) {
                snprintf(text, sizeof(text), "%s\n\nhello\n", normal[i]);
                struct parsed p = parse(text);
                assert_false(p.m.flags & MESSAGE_URGENT);
                done(&p);
        }
}

static void check_text(const char *message, const char *expected) {
        struct parsed p = parse(message);
        if (!expected)
                assert_null(p.m.text);
        else {
                assert_non_null(p.m.text);
                assert_string_equal(p.m.text, expected);
        }
        done(&p);
}

#define ALTERNATIVE "Content-Type: multipart/alternative; boundary=b\n\n"

static void test_text(void **state) {
        (void) state;
        check_text("Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: "
                   "quoted-printable\n\nd=E9sol=E9=\n !\n",
                   "désolé !");
        check_text("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nZMOpc29sw6k=\n", "désolé");
        check_text("Content-Type: text/plain; charset=\"utf-8 (x)\"\n\nd\xC3\xA9sol\xC3\xA9\n", "désolé");
        check_text("Content-Type: text/plain; charset=us-ascii\n\nd\xE9sol\xE9\n", "désolé");
        check_text("Content-Type: text/html\n\n<p>one</p><p>two</p>", "one\n\ntwo");
        check_text(
                "Content-Type: text/html\nContent-Transfer-Encoding: 8bit\n\n<meta charset=windows-1251><p>\xCF\xF0\xE8</p>",
                "При");
        check_text(ALTERNATIVE "--b\n\nplain\n--b\nContent-Type: text/html\n\n<p>html</p>\n--b--\n", "plain");
        check_text(ALTERNATIVE "--b\nContent-Type: text/html\n\n<p>html</p>\n--b\n\nplain\n--b--\n", "plain");
        check_text(ALTERNATIVE "--b\n\n \n\n--b\nContent-Type: text/html\n\n<p>html</p>\n--b--\n", "html");
        check_text(ALTERNATIVE "--b\n\nPlease use an HTML viewer to read this message.\n--b\nContent-Type: "
                               "text/html\n\n<p>html</p>\n--b--\n",
                   "html");
        check_text(ALTERNATIVE "--b\n\nI like HTML.\n--b\nContent-Type: text/html\n\n<p>html</p>\n--b--\n", "I like HTML.");
        check_text(ALTERNATIVE "--b\nContent-Type: text/html\n\n<p>html only</p>\n--b--\n", "html only");
        check_text("Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\n\ntwo\n--b--\n", "one\ntwo");
        check_text("Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\nContent-Disposition: attachment; "
                   "filename=a.txt\n\ntwo\n--b--\n",
                   "one");
        check_text("Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\nContent-Disposition: inline; "
                   "filename=a.txt\n\ntwo\n--b--\n",
                   "one");
        check_text("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nSubject: x\n\nnot the "
                   "writer's\n--b--\n",
                   NULL);
        check_text("Content-Type: text/plain; format=flowed\n\na flowed \nline\n", "a flowed line");
        check_text("Content-Type: image/png\n\nxxxx\n", NULL);
        check_text("\n\n\n\n", NULL);
        check_text("From: a@b\rSubject: old\r\rwith CR line ends\r", "with CR line ends");
        check_text("Subject: x\n\nhel\0lo", "hel");
}

static void test_quoted(void **state) {
        struct parsed p = parse("Subject: Re: x\n\nOui.\n\n> Tu viens ?\n");
        (void) state;
        assert_string_equal(p.m.text, "Oui.");
        assert_non_null(strstr(p.m.quoted_text, "Tu viens ?"));
        done(&p);
        options.want_quoted_text = false;
        p = parse("Subject: Re: x\n\nOui.\n\n> Tu viens ?\n");
        assert_null(p.m.quoted_text);
        options.want_quoted_text = true;
        done(&p);
}

static void test_attachments(void **state) {
        struct parsed p = parse(
                "Content-Type: multipart/mixed; boundary=b\n\n"
                "--b\n\nhello\n"
                "--b\nContent-Type: application/pdf\nContent-Disposition: attachment; "
                "filename*=UTF-8''%C3%A9t%C3%A9.pdf\n\n12345\n"
                "--b\nContent-Type: image/png; name=\"=?utf-8?Q?=C3=A9.png?=\"\n\n\n"
                "--b\nContent-Type: application/x-y\nContent-Disposition: attachment; filename=../../etc/pass wd\n\nx\n"
                "--b\nContent-Type: application/pgp-signature\n\nx\n"
                "--b--\n");
        (void) state;
        assert_int_equal(p.m.attachments.n, 3);
        assert_string_equal(p.m.attachments.items[0].name, "été.pdf");
        assert_string_equal(p.m.attachments.items[0].media_type, "application/pdf");
        assert_int_equal(p.m.attachments.items[0].size, 5);
        assert_string_equal(p.m.attachments.items[1].name, "é.png");
        assert_int_equal(p.m.attachments.items[1].size, 0);
        assert_string_equal(p.m.attachments.items[2].name, "../../etc/pass wd");
        assert_int_equal(p.m.parts.n, 5);
        done(&p);

        p = parse("Content-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>x\n--b\nContent-Type: "
                  "image/gif\nContent-ID: <logo>\n\nG\n--b--\n");
        assert_int_equal(p.m.attachments.n, 0); /* the logo of a signature is nothing sent along */
        assert_int_equal(p.m.parts.n, 2);
        done(&p);
}

/* What the fetch role makes of a large message. Bytes that are there count, whatever the header says. */
static void test_attachments_left_on_the_server(void **state) {
        struct parsed p = parse("Content-Type: multipart/mixed; boundary=b\n\n"
                                "--b\n\nhello\n"
                                "--b\nContent-Length: 52428800\nContent-Type: application/pdf\nContent-Disposition: "
                                "attachment; filename=a.pdf\n\n\n"
                                "--b\nContent-Length: 99\nContent-Type: application/pdf\nContent-Disposition: attachment; "
                                "filename=b.pdf\n\nx\n"
                                "--b\nContent-Length: 99999999999999999999\nContent-Type: application/pdf; name=c.pdf\n\n\n"
                                "--b\nContent-Length: -7\nContent-Type: application/pdf; name=d.pdf\n\n\n"
                                "--b--\n");
        static const int64_t sizes[] = {52428800, 1, ATTACHMENT_SIZE_MAX, 0};
        (void) state;
        assert_int_equal(p.m.attachments.n, ELEMENTSOF(sizes));
        for (size_t i = 0; i < ELEMENTSOF(sizes); i++)
                assert_int_equal(p.m.attachments.items[i].size, sizes[i]);
        done(&p);
}

#define EVENT(method)                                                                                                   \
        "BEGIN:VCALENDAR\nVERSION:2.0\nMETHOD:" method                                                                  \
        "\nBEGIN:VEVENT\nUID:u1\nDTSTAMP:20260301T100000Z\nDTSTART:20260303T090000Z\n"                                  \
        "DTEND:20260303T100000Z\nSUMMARY:Point\nORGANIZER;CN=Jean:mailto:jean@dupont.example\nATTENDEE:mailto:camille@" \
        "studio.example\nEND:VEVENT\nEND:VCALENDAR\n"

static void test_calendar(void **state) {
        struct parsed p = parse("From: jean@dupont.example\nContent-Type: multipart/mixed; boundary=o\n\n--o\n"
                                "Content-Type: multipart/alternative; boundary=i\n\n--i\n\nIl faut reporter notre "
                                "rendez-vous, je suis malade.\n--i\n"
                                "Content-Type: text/calendar; charset=utf-8; method=CANCEL\n\n" EVENT(
                                        "CANCEL") "--i--\n--o\n"
                                                  "Content-Type: application/octet-stream\nContent-Disposition: attachment; "
                                                  "filename=Invite.ICS\n\n" EVENT("CANCEL") "--o--\n");
        (void) state;
        assert_int_equal(p.m.calendar.n, 1); /* twice the same object */
        assert_int_equal(p.m.calendar.items[0].method, ITIP_CANCEL);
        assert_string_equal(p.m.calendar.items[0].uid, "u1");
        assert_string_equal(p.m.calendar.items[0].summary, "Point");
        assert_string_equal(p.m.calendar.items[0].organizer->email, "jean@dupont.example");
        assert_int_equal(p.m.calendar.items[0].attendees.n, 1);
        assert_int_equal(p.m.calendar.items[0].start.at, 1772528400);
        assert_int_equal(p.m.attachments.n, 1);
        assert_int_equal(p.m.automatic, AUTOMATIC_NO); /* a person wrote the text */
        done(&p);

        p = parse("From: jean@dupont.example\nContent-Type: text/calendar; method=REPLY\n\n" EVENT("REPLY"));
        assert_int_equal(p.m.calendar.n, 1);
        assert_int_equal(p.m.automatic, AUTOMATIC_CALENDAR);
        done(&p);

        p = parse("From: jean@dupont.example\nContent-Type: multipart/alternative; boundary=i\n\n--i\n\nJean Dupont has "
                  "accepted this invitation.\n--i\n"
                  "Content-Type: text/calendar; method=REPLY\n\n" EVENT("REPLY") "--i--\n");
        assert_int_equal(p.m.automatic, AUTOMATIC_CALENDAR);
        done(&p);

        p = parse("From: jean@dupont.example\nContent-Type: text/calendar\n\nthis is no calendar\n");
        assert_int_equal(p.m.calendar.n, 0);
        done(&p);
}

static void test_kinds(void **state) {
        struct parsed p = parse("From: a@b.example\nContent-Type: multipart/encrypted; boundary=b\n\n--b\nContent-Type: "
                                "application/pgp-encrypted\n\nVersion: 1\n"
                                "--b\nContent-Type: application/octet-stream\n\nxxx\n--b--\n");
        (void) state;
        assert_true(p.m.flags & MESSAGE_ENCRYPTED);
        assert_null(p.m.text);
        assert_int_equal(p.m.attachments.n, 0);
        done(&p);

        p = parse("Content-Type: application/pkcs7-mime; smime-type=enveloped-data; "
                  "name=smime.p7m\nContent-Transfer-Encoding: base64\n\nMIAG\n");
        assert_true(p.m.flags & MESSAGE_ENCRYPTED);
        done(&p);

        p = parse("Subject: x\n\n-----BEGIN PGP MESSAGE-----\n\nhQEM\n-----END PGP MESSAGE-----\n");
        assert_true(p.m.flags & MESSAGE_ENCRYPTED);
        assert_null(p.m.text);
        done(&p);

        p = parse("Subject: Tr: devis\n\nPour info\n");
        assert_true(p.m.flags & MESSAGE_FORWARD);
        assert_string_equal(p.m.thread_subject, "devis");
        done(&p);

        p = parse("From: MAILER-DAEMON@mx.example\nReturn-Path: <>\nContent-Type: multipart/report; "
                  "report-type=delivery-status; boundary=b\n\n"
                  "--b\n\nfailed\n--b\nContent-Type: message/delivery-status\n\nAction: failed\n--b--\n");
        assert_int_equal(p.m.automatic, AUTOMATIC_BOUNCE);
        assert_int_equal(p.m.attachments.n, 0);
        done(&p);

        p = parse("From: <>\nTo: a@b.example\nSubject: Delivery Status\n\nfailed\n");
        assert_int_equal(p.m.automatic, AUTOMATIC_BOUNCE);
        done(&p);
        p = parse("From: MAILER-DAEMON <>\nTo: a@b.example\nSubject: Mail delivery failed\n\nfailed\n");
        assert_int_equal(p.m.automatic, AUTOMATIC_BOUNCE);
        done(&p);

        p = parse("From: a@b.example\nList-Unsubscribe: <https://x.example>\nList-Id: <news.x.example>\n\nNews\n");
        assert_int_equal(p.m.automatic, AUTOMATIC_LIST);
        done(&p);

        p = parse("From: jean@b.example\nAuto-Submitted: auto-replied\nSubject: Absence du bureau\nDate: Mon, 2 Mar 2026 "
                  "08:50:00 +0100\n\n"
                  "Je suis absent du 3 mars 2026 au 6 mars 2026.\n");
        assert_int_equal(p.m.automatic, AUTOMATIC_VACATION);
        assert_int_equal(p.m.absence_until.form, MOMENT_DATE);
        assert_int_equal(p.m.absence_until.at, 1772755200); /* 2026-03-06 */
        done(&p);
}

static void test_spoofing(void **state) {
        /* Junk lines hide nothing, the first of doubled fields counts. */
        struct parsed p = parse("From someone Mon Mar  2 08:50:00 2026\njunk\nFrom: real@a.example\nFrom: "
                                "fake@b.example\n>From x\nList-Id: <l.example>\n\nx");
        (void) state;
        assert_int_equal(p.m.from.n, 1);
        assert_string_equal(p.m.from.items[0].email, "real@a.example");
        assert_int_equal(p.m.automatic, AUTOMATIC_LIST);
        done(&p);
        p = parse("From: =?utf-8?Q?boss=40a.example_=3Cboss=40a.example=3E?= <fake@b.example>\nSubject: "
                  "=?utf-8?Q?x=0D=0AList-Id:_y?=\n\nx");
        assert_string_equal(p.m.from.items[0].email, "fake@b.example");
        assert_string_equal(p.m.subject, "x List-Id: y");
        assert_int_equal(p.m.automatic, AUTOMATIC_NO);
        done(&p);
}

/* The largest of everything still makes an observation that can be sent (parse_bytes() checks that). */
static void test_ceilings(void **state) {
        struct buf b = {0};
        (void) state;
        const char *lists[] = {"From", "Sender", "Reply-To", "To", "Cc", "Bcc"};
        for (size_t k = 0; k < ELEMENTSOF(lists); k++) {
                buf_printf(&b, "%s: ", lists[k]);
                for (int i = 0; i < 250; i++)
                        buf_printf(&b, "\"%0200d\" <%0100d@example.org>,\n ", i, i);
                buf_add_str(&b, "\n");
        }
        buf_add_str(&b, "Subject: ");
        for (int i = 0; i < 3000; i++)
                buf_add_str(&b, "s");
        buf_add_str(&b, "\nReferences: ");
        for (int i = 0; i < 200; i++)
                buf_printf(&b, "<%0600d@x>\n ", i);
        buf_add_str(&b, "\nContent-Type: multipart/mixed; boundary=b\n\n");
        struct parsed p = parse(b.data); /* beyond HEADER_SECTION_MAX: no MIME, but all lists */
        assert_true(p.m.flags & MESSAGE_TRUNCATED);
        assert_in_range(p.m.from.n, 1, ADDRESSES_MAX);
        done(&p);

        buf_reset(&b);
        buf_add_str(&b, "From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n");
        for (int i = 0; i < 200000; i++)
                buf_printf(&b, "word%d and\n", i);
        for (int i = 0; i < 1500; i++)
                buf_printf(&b, "--b\nContent-Type: application/x-%0100d; name=\"%0200d\"\n\nx\n", i, i);
        buf_add_str(&b, "--b--\n");
        p = parse(b.data);
        assert_true(p.m.flags & MESSAGE_TRUNCATED);
        assert_in_range(strlen(p.m.text), TEXT_MAX - 100, TEXT_MAX);
        assert_in_range(p.m.attachments.n, 20, ATTACHMENTS_MAX);
        done(&p);

        buf_reset(&b);
        buf_add_str(&b,
                    "From: a@b.example\nContent-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\nMETHOD:REQUEST\n");
        for (int i = 0; i < 500; i++) {
                buf_printf(&b, "BEGIN:VEVENT\nUID:%0200d\nDTSTART:20260303T090000Z\nSUMMARY:%0500d\n", i, i);
                for (int k = 0; k < 20; k++)
                        buf_printf(&b, "ATTENDEE;CN=%0100d:mailto:%0100d@example.org\n", k, k);
                buf_add_str(&b, "END:VEVENT\n");
        }
        buf_add_str(&b, "END:VCALENDAR\n");
        p = parse(b.data);
        assert_true(p.m.flags & MESSAGE_TRUNCATED);
        assert_in_range(p.m.calendar.n, 5, CALENDAR_PART_EVENTS_MAX);
        done(&p);
        buf_free(&b);
}

static void repeat(const char *head, const char *unit, size_t size, struct parsed *ret) {
        struct buf b = {0};
        buf_add_str(&b, head);
        while (b.size < size)
                buf_add_str(&b, unit);
        *ret = parse_bytes(b.data, b.size);
        buf_free(&b);
}

static void test_hostile(void **state) {
        struct parsed p;
        (void) state;
        repeat("From: ", "(", 1000000, &p);
        done(&p);
        repeat("Date: ", "(", 1000000, &p);
        done(&p);
        repeat("Content-Type: ", "(", 1000000, &p);
        done(&p);
        repeat("", "X: y\n", 5000000, &p);
        assert_true(p.m.flags & MESSAGE_TRUNCATED);
        done(&p);
        repeat("To: ", "a@b.example, ", 13000000, &p);
        assert_int_equal(p.m.to.n, 200);
        assert_true(p.m.flags & MESSAGE_TRUNCATED);
        done(&p);
        repeat("\n", "x", 64 << 20, &p);
        assert_true(p.m.flags & MESSAGE_TRUNCATED);
        done(&p);
        repeat("", "Content-Type: message/rfc822\n\n", 1000000, &p);
        done(&p);
        repeat("Subject: ", "=?utf-8?Q?=C3", 1000000, &p);
        done(&p);
        repeat("Content-Type: text/html\n\n", "<div>", 3000000, &p);
        done(&p);

        struct buf b = {0};
        for (unsigned i = 0; i < 100000; i++)
                buf_printf(&b, "Content-Type: multipart/mixed; boundary=b%u\n\n--b%u\n", i, i);
        p = parse(b.data);
        assert_true(p.m.flags & MESSAGE_TRUNCATED);
        done(&p);
        buf_free(&b);

        static const char nuls[] = "From: a@b\0.example\n\0Sub\0ject: x\nTo: \0\n\n\0\0text\0";
        p = parse_bytes(nuls, sizeof(nuls) - 1);
        assert_string_equal(p.m.text, "text");
        done(&p);
}

static void test_memory(void **state) {
        static const char text[MESSAGE_PADDING + 200] =
                "From: Jean <jean@dupont.example>\nSubject: x\nTo: b@c.example\n\nhello\n";
        struct message m = {.words = 77};
        (void) state;
        for (size_t limit = 16; limit < 400; limit += 16) { /* the ceiling of the arena, wherever it strikes */
                struct arena *arena;
                assert_int_equal(arena_new(limit, &arena), 0);
                int r = message_parse(text, strlen(text), &options, arena, &m);
                if (r == 0) {
                        assert_true(limit > 100);
                        arena_free(arena);
                        return;
                }
                assert_int_equal(r, -ENOMEM);
                assert_int_equal(m.words, 77);
                arena_free(arena);
        }
        fail_msg("a small message needs less than 400 bytes");
}

/* A text that a program wrote from HTML names the target of each link: not the writer's words. In one that stands alone they are. */
static void test_link_targets(void **state) {
        (void) state;
        struct parsed p =
                parse(ALTERNATIVE "--b\n\nSee the plan<https://x.example/p>.\n\n> old\n--b\nContent-Type: text/html\n\n"
                                  "<p>See the <a href='https://x.example/p'>plan</a>.</p>\n--b--\n");
        assert_string_equal(p.m.text, "See the plan.");
        assert_string_equal(p.m.quoted_text, "> old\nhttps://x.example/p");
        arena_free(p.arena);
        p = parse("\nSee <https://x.example/p>.\n");
        assert_string_equal(p.m.text, "See <https://x.example/p>.");
        assert_null(p.m.quoted_text);
        arena_free(p.arena);
}

/* Mail to the list's own address is a discussion, although older lists call it bulk. */
static void test_to_list(void **state) {
        static const struct {
                const char *fields;
                enum automatic_kind kind;
        } table[] = {
                {"To: Team <Team@lists.example>\nList-Id: Our team <team.lists.example>\n", AUTOMATIC_NO},
                {"To: x@y.example\nCc: team@lists.example\nList-Id: <team.LISTS.example>\n", AUTOMATIC_NO},
                {"To: team@lists.example\nList-Id: team.lists.example\n", AUTOMATIC_NO},
                {"To: x@y.example\nList-Id: <team.lists.example>\n", AUTOMATIC_LIST},
                {"To: other@lists.example\nList-Id: <team.lists.example>\n", AUTOMATIC_LIST},
                {"To: team@lists.example.org\nList-Id: <team.lists.example>\n", AUTOMATIC_LIST},
                {"To: team\nList-Id: <team>\n", AUTOMATIC_LIST},
                {"To: team@lists.example\nFrom: team@lists.example\nList-Id: <team.lists.example>\n", AUTOMATIC_LIST},
                {"To: team@lists.example\nList-Id: <>\n", AUTOMATIC_LIST},
        };
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                char text[256];
                (void) snprintf(text, sizeof(text), "%s%sPrecedence: bulk\n\nHello\n", table[i].fields,
                                strstr(table[i].fields, "From:") ? "" : "From: marie@a.example\n");
                struct parsed p = parse(text);
                if (p.m.automatic != table[i].kind)
                        fail_msg("%s: %d", table[i].fields, p.m.automatic);
                arena_free(p.arena);
        }
}

/* What is signed is read, what is encrypted is said to be. */
#define SMIME \
        "From: a@b.example\nContent-Type: application/pkcs7-mime; name=smime.p7m\nContent-Transfer-Encoding: base64\n\n"
static const char smime_signed[] =
        SMIME "MIIA1gYJKoZIhvcNAQcCoIIAxzCCAMMCAQExADCCALoGCSqGSIb3DQEHAaCCAKsEggCnQ29udGVudC1UeXBlOiBtdW"
              "x0aXBhcnQvbWl4ZWQ7IGJvdW5kYXJ5PWkNCg0KLS1pDQpDb250ZW50LVR5cGU6IHRleHQvcGxhaW47IGNoYXJzZXQ9"
              "dXRmLTgNCg0KQ291bGQgeW91IHNlbmQgaXQ/DQotLWkNCkNvbnRlbnQtVHlwZTogaW1hZ2UvcG5nOyBuYW1lPWEucG"
              "5nDQoNCngNCi0taS0tDQo="
              "\n";
static const char smime_signed_encrypted[] =
        SMIME "MIIAiAYJKoZIhvcNAQcCoHsweQIBATEAMHIGCSqGSIb3DQEHAaBlBGNDb250ZW50LVR5cGU6IGFwcGxpY2F0aW9uL3"
              "BrY3M3LW1pbWUNCkNvbnRlbnQtVHJhbnNmZXItRW5jb2Rpbmc6IGJhc2U2NA0KDQpNQThHQ1NxR1NJYjNEUUVIQTZB"
              "Q01BQT0="
              "\n";
static const char smime_encrypted[] = SMIME "MA8GCSqGSIb3DQEHA6ACMAA="
                                            "\n";
static const char smime_certificates[] = SMIME "MCEGCSqGSIb3DQEHAqAUMBICAQExADALBgkqhkiG9w0BBwE="
                                               "\n";

static void test_smime(void **state) {
        struct parsed p = parse(smime_signed);
        (void) state;
        assert_false(p.m.flags & MESSAGE_ENCRYPTED);
        assert_string_equal(p.m.text, "Could you send it?");
        assert_true(p.m.flags & MESSAGE_REQUEST);
        assert_int_equal(p.m.attachments.n, 1);
        assert_string_equal(p.m.attachments.items[0].name, "a.png");
        assert_int_equal(p.m.parts.n, 1);
        assert_string_equal(p.m.parts.items[0], "application/pkcs7-mime");
        done(&p);
        const char *const closed[] = {smime_signed_encrypted, smime_encrypted};
        for (size_t i = 0; i < ELEMENTSOF(closed); i++) {
                p = parse(closed[i]);
                assert_true(p.m.flags & MESSAGE_ENCRYPTED);
                assert_null(p.m.text);
                assert_int_equal(p.m.attachments.n, 0);
                done(&p);
        }
        p = parse(smime_certificates);
        assert_false(p.m.flags & MESSAGE_ENCRYPTED);
        assert_int_equal(p.m.attachments.n, 1);
        done(&p);
}

static void test_openpgp(void **state) {
        static const struct {
                const char *text, *expected;
                bool encrypted;
        } table[] = {
                {"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\nComment: x\n\nDear Camille,\n- -----\n- - one\n\nCould "
                 "you send it?\n"
                 "-----BEGIN PGP SIGNATURE-----\nVersion: x\n\niQEz\n-----END PGP SIGNATURE-----\n",
                 "Dear Camille,\n-----\n- one\n\nCould you send it?", false},
                {"-----BEGIN PGP SIGNED MESSAGE-----\n\nHash: is a word\n", "Hash: is a word", false}, /* never closed */
                {"My key:\n-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQEN\n-----END PGP PUBLIC KEY BLOCK-----\nThanks for it",
                 "My key:\nThanks for it", false},
                {"\n-----BEGIN PGP MESSAGE-----\n\nhQEM\n-----END PGP MESSAGE-----\n-- \nfooter of the list\n", NULL, true},
                {"-----BEGIN PGP MESSAGE-----\n\nhQEM", NULL, true},
                {"See below.\n\n-----BEGIN PGP MESSAGE-----\n\nhQEM\n-----END PGP MESSAGE-----\n", "See below.", true},
                {"> -----BEGIN PGP MESSAGE-----\n> hQEM\nI cannot read that.\n", "I cannot read that.", false},
                {"The line -----BEGIN PGP MESSAGE----- begins it.\n", "The line -----BEGIN PGP MESSAGE----- begins it.",
                 false},
        };
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                _cleanup_buf_ struct buf b = {0};
                (void) buf_printf(&b, "From: a@b.example\n\n%s", table[i].text);
                struct parsed p = parse(b.data);
                if (!str_eq(p.m.text, table[i].expected))
                        fail_msg("%s\n\"%s\" instead of \"%s\"", b.data, p.m.text, table[i].expected);
                assert_int_equal((p.m.flags & MESSAGE_ENCRYPTED) != 0, table[i].encrypted);
                done(&p);
        }
        /* What was taken away is shown beside the words. */
        struct parsed q = parse("From: a@b.example\n\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nCould you?\n"
                                "-----BEGIN PGP SIGNATURE-----\n\niQEz\n-----END PGP SIGNATURE-----\n");
        assert_string_equal(q.m.quoted_text,
                            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n-----BEGIN PGP SIGNATURE-----\n\niQEz\n"
                            "-----END PGP SIGNATURE-----");
        done(&q);
        /* Exchange makes multipart/mixed of multipart/encrypted. */
        struct parsed p = parse(
                "From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n\n--b\n"
                "Content-Type: application/pgp-encrypted\n\nVersion: 1\n--b\nContent-Type: application/octet-stream; "
                "name=encrypted.asc\n\nxxx\n--b--\n");
        assert_true(p.m.flags & MESSAGE_ENCRYPTED);
        assert_null(p.m.text);
        done(&p);
        p = parse("From: a@b.example\nContent-Type: multipart/signed; boundary=b\n\n--b\n\nCould you send it?\n--b\n"
                  "Content-Type: application/pgp-signature\n\nxxx\n--b--\n");
        assert_false(p.m.flags & MESSAGE_ENCRYPTED);
        assert_string_equal(p.m.text, "Could you send it?");
        assert_int_equal(p.m.attachments.n, 0);
        done(&p);
}

/* Parts that are not what their label says. */
static void test_mislabelled(void **state) {
        static const struct {
                const char *head, *body, *expected;
        } table[] = {
                {"text/plain", "<!DOCTYPE html><p>a</p><p>b</p>", "a\n\nb"},
                {"text/plain", "<div>Dear <b>Camille</b>,</div><div>yes</div>", "Dear Camille,\nyes"},
                {"text/plain", "<p> stands for a paragraph", "<p> stands for a paragraph"},
                {"text/html", "just words\nin lines", "just words in lines"},
                {"text/html; charset=utf-16", "<p>caf\xC3\xA9</p>", "caf\xC3\xA9"},
                {"text/html", "<meta charset='windows-1251'><p>\xCF\xF0\xE8</p>", "\xD0\x9F\xD1\x80\xD0\xB8"},
                {"text/html; charset=utf-8", "<meta charset='windows-1251'><p>caf\xC3\xA9</p>", "caf\xC3\xA9"},
                {"text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit", "soft =\nbreak caf=C3=A9",
                 "soft =\nbreak caf=C3=A9"},
                {"text/plain; charset=utf-8\nContent-Transfer-Encoding: 7bit",
                 "Qm9uam91ciBDYW1pbGxlLAoKcGV1eC10dSBtJ2Vudm95ZXIgbGUgZGV2aXMgYXZhbnQgdmVuZHJl\nZGkgPyBNZXJjaS4K",
                 "Bonjour Camille,\n\npeux-tu m'envoyer le devis avant vendredi ? Merci."},
                {"text/plain; charset=utf-8", "Donaudampfschifffahrtsgesellschaftskapitaenswitwe00000000000",
                 "Donaudampfschifffahrtsgesellschaftskapitaenswitwe00000000000"},
                {"text/plain; charset=utf-8", "3c8ab4d0f1e2c3b4a5968778695a4b3c2d1e0f1029384756a9b8c7d6e5f40312",
                 "3c8ab4d0f1e2c3b4a5968778695a4b3c2d1e0f1029384756a9b8c7d6e5f40312"},
                {"text/plain; charset=x-nonsense", "caf\xE9", "caf\xC3\xA9"},
                {"text/plain; charset=\"utf-8", "caf\xC3\xA9", "caf\xC3\xA9"},
                {"text/plain; charset==?utf-8?Q?utf-8?=", "caf\xC3\xA9", "caf\xC3\xA9"},
                {"text/plain\nContent-Transfer-Encoding: BASE64 (x)", "Y2Fm\nw6k=", "caf\xC3\xA9"},
                {"text/plain\nContent-Transfer-Encoding: quoted_printable", "a=3D", "a=3D"},
        };
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                _cleanup_buf_ struct buf b = {0};
                (void) buf_printf(&b, "From: a@b.example\nContent-Type: %s\n\n%s\n", table[i].head, table[i].body);
                struct parsed p = parse(b.data);
                if (!str_eq(p.m.text, table[i].expected))
                        fail_msg("%s\n\"%s\" instead of \"%s\"", b.data, p.m.text, table[i].expected);
                done(&p);
        }
        /* Raw bytes in the subject are in the charset of the text. */
        static const char *const subjects[][2] = {{"windows-1251", "\xD0\x9F\xD1\x80\xD0\xB8 a"},
                                                  {"utf-8", "\xC3\x8F\xC3\xB0\xC3\xA8 a"},
                                                  {"utf-16", "\xC3\x8F\xC3\xB0\xC3\xA8 a"}};
        for (size_t i = 0; i < ELEMENTSOF(subjects); i++) {
                _cleanup_buf_ struct buf b = {0};
                (void) buf_printf(&b,
                                  "From: a@b.example\nSubject: \xCF\xF0\xE8 =?utf-8?Q?a?=\nContent-Type: text/plain; "
                                  "charset=%s\n\nx\n",
                                  subjects[i][0]);
                struct parsed p = parse(b.data);
                assert_string_equal(p.m.subject, subjects[i][1]);
                done(&p);
        }
        static const char wide[] = "From: a@b.example\nContent-Type: text/html\n\n\xFF\xFE<\0p\0>\0H\0\xE9\0<\0/\0p\0>\0";
        struct parsed p = parse_bytes(wide, sizeof(wide) - 1);
        assert_string_equal(p.m.text, "H\xC3\xA9");
        done(&p);
        p = parse("From: a@b.example\nContent-Type: message/rfc822\nContent-Transfer-Encoding: "
                  "base64\n\nU3ViamVjdDogeAoKaGVsbG8K\n");
        assert_null(p.m.text);
        assert_int_equal(p.m.attachments.n, 1);
        done(&p);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_link_targets),
                cmocka_unit_test(test_to_list),
                cmocka_unit_test(test_header),
                cmocka_unit_test(test_ways),
                cmocka_unit_test(test_encoded_author),
                cmocka_unit_test(test_address_for_a_name),
                cmocka_unit_test(test_nothing_there),
                cmocka_unit_test(test_dates),
                cmocka_unit_test(test_ids),
                cmocka_unit_test(test_urgency),
                cmocka_unit_test(test_text),
                cmocka_unit_test(test_quoted),
                cmocka_unit_test(test_attachments),
                cmocka_unit_test(test_attachments_left_on_the_server),
                cmocka_unit_test(test_calendar),
                cmocka_unit_test(test_kinds),
                cmocka_unit_test(test_spoofing),
                cmocka_unit_test(test_ceilings),
                cmocka_unit_test(test_hostile),
                cmocka_unit_test(test_smime),
                cmocka_unit_test(test_openpgp),
                cmocka_unit_test(test_mislabelled),
                cmocka_unit_test(test_memory),
        };
        return cmocka_run_group_tests(tests, open_options, close_options);
}
