/* SPDX-License-Identifier: GPL-3.0-or-later */

/* daemon/connection over a socket whose other side is a script: what a server said lies there before it is read. TLS is tested against real servers
 * (test-send.py). And what smtp.c does with bytes, without a server. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "daemon/connection.h"
#include "daemon/smtp.h"

#include <libetpan/libetpan.h>

#define SECOND UINT64_C(1000000)
/* For what is there from the start: no machine is too busy for it. */
#define PATIENCE (300 * SECOND)

static const struct remote here = {.host = "localhost", .port = 1, .tls = REMOTE_PLAIN};

struct talk {
        struct connection *c;
        int server;
};

/* What the server says from the start; `then_closes`: and nothing more. */
static struct talk talk_begin(const struct remote *remote, const void *says, size_t n, bool then_closes) {
        int pair[2];
        struct talk t = {0};
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        assert_int_equal(connection_new(remote, &t.c), 0);
        connection_allow(t.c, PATIENCE, 1000000);
        assert_int_equal(connection_adopt(t.c, pair[0]), 0);
        t.server = pair[1];
        assert_int_equal(write(t.server, says, n), n);
        if (then_closes)
                assert_int_equal(shutdown(t.server, SHUT_WR), 0);
        return t;
}

static size_t heard(const struct talk *t, char *text, size_t room) {
        ssize_t n = recv(t->server, text, room - 1, MSG_DONTWAIT);
        text[n > 0 ? n : 0] = 0;
        return n > 0 ? (size_t) n : 0;
}

static void talk_end(struct talk *t) {
        connection_free(t->c);
        close(t->server);
}

static void test_bytes(void **state) {
        (void) state;
        struct talk t = talk_begin(&here, "hello", 5, true);
        char data[16];
        assert_true(connection_is_open(t.c));
        assert_true(connection_is_safe(t.c));
        assert_false(connection_has_tls(t.c));
        assert_int_equal(connection_look(t.c), 1);
        assert_int_equal(connection_look(t.c), 1);
        assert_int_equal(connection_read(t.c, data, 3), 3);
        assert_memory_equal(data, "hel", 3);
        assert_int_equal(connection_write(t.c, "bye", 3), 0);
        assert_int_equal(heard(&t, data, sizeof(data)), 3);
        assert_string_equal(data, "bye");
        assert_int_equal(connection_read(t.c, data, sizeof(data)), 2);
        /* The end is an error, and stays one. */
        assert_int_equal(connection_read(t.c, data, sizeof(data)), -EIO);
        assert_int_equal(connection_fault(t.c), CONNECTION_CLOSED);
        assert_string_equal(connection_error(t.c), "localhost ended the connection");
        assert_int_equal(connection_write(t.c, "x", 1), -EIO);
        assert_false(connection_is_open(t.c));
        assert_string_equal(connection_error(t.c), "localhost ended the connection");
        talk_end(&t);
}

static void test_budget(void **state) {
        (void) state;
        struct talk t = talk_begin(&here, "0123456789", 10, false);
        char data[16];
        connection_allow(t.c, PATIENCE, 6);
        assert_int_equal(connection_read(t.c, data, 4), 4);
        assert_int_equal(connection_read(t.c, data, 4), 2);
        assert_int_equal(connection_read(t.c, data, 4), -EIO);
        assert_int_equal(connection_fault(t.c), CONNECTION_BUDGET);
        assert_false(connection_fault_is_lasting(CONNECTION_BUDGET));
        talk_end(&t);
}

static void test_deadline(void **state) {
        (void) state;
        char data[16];
        struct talk t = talk_begin(&here, "", 0, false);
        connection_allow(t.c, SECOND / 50, 1000);
        assert_int_equal(connection_read(t.c, data, 4), -EIO);
        assert_int_equal(connection_fault(t.c), CONNECTION_TIMEOUT);
        talk_end(&t);
        /* Also when there always is one more byte to read. */
        t = talk_begin(&here, "0123456789", 10, false);
        connection_allow(t.c, 0, 1000);
        assert_int_equal(connection_read(t.c, data, 1), -EIO);
        assert_int_equal(connection_fault(t.c), CONNECTION_TIMEOUT);
        talk_end(&t);
        /* And when nobody reads what is written. */
        static const char much[4 * 1024 * 1024];
        t = talk_begin(&here, "", 0, false);
        connection_allow(t.c, SECOND / 50, 1000);
        assert_int_equal(connection_write(t.c, much, sizeof(much)), -EIO);
        assert_int_equal(connection_fault(t.c), CONNECTION_TIMEOUT);
        talk_end(&t);
}

static void test_not_open(void **state) {
        (void) state;
        char data[4];
        struct connection *c;
        assert_int_equal(connection_new(&here, &c), 0);
        assert_false(connection_is_open(c));
        assert_false(connection_is_safe(c));
        assert_int_equal(connection_fd(c), -1);
        assert_int_equal(connection_read(c, data, 1), -EIO);
        connection_free(c);
        assert_null(connection_free(NULL));
}

/* --- COMPRESS=DEFLATE --- */

/* Deflated, up to a point where all can be inflated. */
static size_t deflated(z_stream *z, const void *data, size_t n, unsigned char *out, size_t room) {
        z->next_in = (Bytef *) data;
        z->avail_in = (uInt) n;
        z->next_out = out;
        z->avail_out = (uInt) room;
        assert_int_equal(deflate(z, Z_SYNC_FLUSH), Z_OK);
        assert_int_equal(z->avail_in, 0);
        return room - z->avail_out;
}

static void deflater(z_stream *z) {
        *z = (z_stream){0};
        assert_int_equal(deflateInit2(z, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
}

static void read_all(struct connection *c, const char *want) {
        char data[256];
        size_t n = 0;
        while (n < strlen(want)) {
                ssize_t r = connection_read(c, data + n, sizeof(data) - 1 - n);
                assert_true(r > 0);
                n += (size_t) r;
        }
        data[n] = 0;
        assert_string_equal(data, want);
}

static void test_compression(void **state) {
        (void) state;
        z_stream z;
        deflater(&z);
        unsigned char bytes[512];
        char text[512];
        struct talk t = talk_begin(&here, "", 0, false);
        /* What came with the agreement is compressed already. */
        size_t n = deflated(&z, "* 1 EXISTS\r\n", 12, bytes, sizeof(bytes));
        assert_int_equal(connection_compress(t.c, bytes, n), 0);
        read_all(t.c, "* 1 EXISTS\r\n");
        /* A byte at a time: until one can be inflated there is nothing, and nobody waits. */
        assert_int_equal(connection_look(t.c), 0);
        n = deflated(&z, "* 2 EXISTS\r\n", 12, bytes, sizeof(bytes));
        size_t sent = 0;
        for (; sent < n && connection_look(t.c) == 0; sent++)
                assert_int_equal(write(t.server, bytes + sent, 1), 1);
        assert_true(sent > 0);
        assert_int_equal(connection_look(t.c), 1);
        assert_int_equal(write(t.server, bytes + sent, n - sent), n - sent);
        read_all(t.c, "* 2 EXISTS\r\n");
        /* The mark at the end makes the socket readable, and is no word. */
        assert_int_equal(connection_look(t.c), 0);
        assert_int_equal(write(t.server, "\0\0\0\xff\xff", 5), 5);
        assert_int_equal(connection_look(t.c), 0);
        /* Of what is in one packet all is found, however little is asked for at once. */
        n = deflated(&z, "* 3 EXISTS\r\n* 4 EXISTS\r\n", 24, bytes, sizeof(bytes));
        assert_int_equal(write(t.server, bytes, n), n);
        for (size_t k = 0; k < 24; k++) {
                assert_int_equal(connection_look(t.c), 1);
                assert_int_equal(connection_read(t.c, text, 1), 1);
        }
        assert_int_equal(connection_look(t.c), 0);
        /* And what is written can be inflated at once. */
        z_stream back = {0};
        assert_int_equal(inflateInit2(&back, -15), Z_OK);
        for (int k = 0; k < 3; k++) {
                assert_int_equal(connection_write(t.c, "7 NOOP\r\n", 8), 0);
                back.avail_in = (uInt) heard(&t, (char *) bytes, sizeof(bytes));
                back.next_in = bytes;
                back.next_out = (Bytef *) text;
                back.avail_out = sizeof(text);
                assert_int_equal(inflate(&back, Z_SYNC_FLUSH), Z_OK);
                assert_int_equal(sizeof(text) - back.avail_out, 8);
                assert_memory_equal(text, "7 NOOP\r\n", 8);
        }
        inflateEnd(&back);
        deflateEnd(&z);
        talk_end(&t);
}

/* More than fits into any buffer of ours, that cannot be compressed. */
static void test_compression_large(void **state) {
        (void) state;
        static unsigned char noise[100000], bytes[120000], back[100000];
        uint32_t seed = 1;
        for (size_t k = 0; k < sizeof(noise); k++)
                noise[k] = (unsigned char) ((seed = seed * 1664525 + 1013904223) >> 24);
        struct talk t = talk_begin(&here, "", 0, false);
        assert_int_equal(connection_compress(t.c, NULL, 0), 0);
        assert_int_equal(connection_write(t.c, noise, sizeof(noise)), 0);
        size_t n = 0;
        for (ssize_t r; n < sizeof(bytes) && (r = recv(t.server, bytes + n, sizeof(bytes) - n, MSG_DONTWAIT)) > 0;
             n += (size_t) r)
                ;
        z_stream z = {.next_in = bytes, .avail_in = (uInt) n, .next_out = back, .avail_out = sizeof(back)};
        assert_int_equal(inflateInit2(&z, -15), Z_OK);
        assert_int_equal(inflate(&z, Z_SYNC_FLUSH), Z_OK);
        assert_int_equal(z.avail_out, 0);
        assert_memory_equal(back, noise, sizeof(noise));
        inflateEnd(&z);
        talk_end(&t);
}

static enum connection_fault fault_of(struct connection *c) {
        char data[4096];
        while (connection_read(c, data, sizeof(data)) > 0)
                ;
        return connection_fault(c);
}

/* Gigabytes in a few bytes, blocks of nothing for ever, and what was never compressed. */
static void test_compression_hostile(void **state) {
        (void) state;
        static unsigned char bytes[60000];
        static const char zeros[30000000];
        char data[1000];
        z_stream z;
        deflater(&z);
        struct talk t = talk_begin(&here, "", 0, false);
        size_t n = deflated(&z, zeros, sizeof(zeros), bytes, sizeof(bytes));
        assert_int_equal(connection_compress(t.c, NULL, 0), 0);
        connection_allow(t.c, 10 * SECOND, 100000);
        assert_int_equal(write(t.server, bytes, n), n);
        size_t got = 0;
        for (ssize_t r; (r = connection_read(t.c, data, sizeof(data))) > 0; got += (size_t) r)
                ;
        assert_int_equal(got, 100000);
        assert_int_equal(connection_fault(t.c), CONNECTION_BUDGET);
        talk_end(&t);
        deflateEnd(&z);

        t = talk_begin(&here, "", 0, false);
        assert_int_equal(connection_compress(t.c, NULL, 0), 0);
        connection_allow(t.c, 10 * SECOND, 50000);
        for (n = 0; n + 5 <= sizeof(bytes); n += 5)
                memcpy(bytes + n, "\0\0\0\xff\xff", 5);
        assert_int_equal(write(t.server, bytes, n), n);
        assert_int_equal(connection_look(t.c), -EIO);
        assert_int_equal(connection_fault(t.c), CONNECTION_BUDGET);
        talk_end(&t);

        /* In clear after it was agreed to compress: somebody's between, or a server that does not know what it says. */
        t = talk_begin(&here, "* 1 EXISTS\r\n", 12, true);
        assert_int_equal(connection_compress(t.c, NULL, 0), 0);
        assert_int_equal(fault_of(t.c), CONNECTION_CLOSED);
        talk_end(&t);
        t = talk_begin(&here, "", 0, true);
        assert_int_equal(connection_compress(t.c, "* 1 EXISTS\r\n", 12), 0);
        assert_int_equal(fault_of(t.c), CONNECTION_CLOSED);
        assert_non_null(strstr(connection_error(t.c), "compressed"));
        talk_end(&t);

        /* The end of the compressed bytes is the end. */
        t = talk_begin(&here, "\x03\0* 1 EXISTS\r\n", 14, false);
        assert_int_equal(connection_compress(t.c, NULL, 0), 0);
        assert_int_equal(fault_of(t.c), CONNECTION_CLOSED);
        talk_end(&t);
}

/* A server behind STARTTLS is not safe until the handshake is done, and what it says before in clear ends it. */
static void test_starttls(void **state) {
        (void) state;
        static const struct remote remote = {
                .host = "localhost",
                .port = 1,
                .tls = REMOTE_STARTTLS,
                .fingerprint = "sha256:0000000000000000000000000000000000000000000000000000000000000000",
        };
        char text[64];
        struct talk t = talk_begin(&remote, "", 0, false);
        assert_true(connection_is_open(t.c));
        assert_false(connection_is_safe(t.c));
        assert_int_equal(connection_starttls(t.c, 1), -EIO); /* read by a stream already */
        assert_int_equal(connection_fault(t.c), CONNECTION_INJECTED);
        assert_true(connection_fault_is_lasting(CONNECTION_INJECTED));
        assert_int_equal(heard(&t, text, sizeof(text)), 0);
        assert_false(connection_is_safe(t.c));
        talk_end(&t);
        t = talk_begin(&remote, "* OK injected", 13, false); /* still in the socket */
        assert_int_equal(connection_starttls(t.c, 0), -EIO);
        assert_int_equal(connection_fault(t.c), CONNECTION_INJECTED);
        assert_int_equal(heard(&t, text, sizeof(text)), 0);
        talk_end(&t);
        t = talk_begin(&remote, "", 0, true); /* nothing, and its end */
        assert_int_equal(connection_starttls(t.c, 0), -EIO);
        assert_int_equal(connection_fault(t.c), CONNECTION_CLOSED);
        assert_false(connection_is_safe(t.c));
        talk_end(&t);
}

/* --- through libetpan --- */

static void test_imap(void **state) {
        (void) state;
        static const char says[] =
                "* OK [CAPABILITY IMAP4rev1] hi\r\n1 OK in\r\n* CAPABILITY IMAP4rev1 IDLE\r\n2 OK done\r\n";
        struct talk t = talk_begin(&here, says, sizeof(says) - 1, true);
        char text[256];
        mailimap *imap = mailimap_new(0, NULL);
        assert_int_equal(mailimap_connect(imap, mailstream_new(connection_low(t.c), 8192)),
                         MAILIMAP_NO_ERROR_NON_AUTHENTICATED);
        assert_int_equal(mailimap_login(imap, "me", "a \"b"), MAILIMAP_NO_ERROR);
        struct mailimap_capability_data *data;
        assert_int_equal(mailimap_capability(imap, &data), MAILIMAP_NO_ERROR);
        mailimap_capability_data_free(data);
        assert_true(heard(&t, text, sizeof(text)) > 0);
        assert_string_equal(text, "1 LOGIN me \"a \\\"b\"\r\n2 CAPABILITY\r\n");
        /* The end of the other side is an error of the stream, also within a literal, where libetpan's own driver turns for ever. */
        assert_int_equal(mailimap_noop(imap), MAILIMAP_ERROR_STREAM);
        assert_int_equal(connection_fault(t.c), CONNECTION_CLOSED);
        mailimap_free(imap);
        assert_false(connection_is_open(t.c));
        talk_end(&t);
}

static void test_imap_ends_in_a_literal(void **state) {
        (void) state;
        static const char says[] = "* OK hi\r\n1 OK in\r\n* LIST () \"/\" {1000000000}\r\nINB";
        struct talk t = talk_begin(&here, says, sizeof(says) - 1, true);
        mailimap *imap = mailimap_new(0, NULL);
        clist *list = NULL;
        assert_int_equal(mailimap_connect(imap, mailstream_new(connection_low(t.c), 8192)),
                         MAILIMAP_NO_ERROR_NON_AUTHENTICATED);
        assert_int_equal(mailimap_login(imap, "me", "x"), MAILIMAP_NO_ERROR);
        assert_int_not_equal(mailimap_list(imap, "", "*", &list), MAILIMAP_NO_ERROR);
        assert_int_equal(connection_fault(t.c), CONNECTION_CLOSED);
        mailimap_free(imap);
        talk_end(&t);
}

/* --- smtp.c --- */

static enum send_stage stages[32];
static size_t n_stages;

static int on_stage(enum send_stage stage, void *userdata) {
        (void) userdata;
        if (n_stages < ELEMENTSOF(stages))
                stages[n_stages++] = stage;
        return 0;
}

/* The whole script is there from the start; only the order of what we say can then be wrong. */
static void test_smtp(void **state) {
        (void) state;
        static const char says[] = "220-hello\r\n220 there\r\n250-x\r\n250-AUTH=LOGIN\r\n250-auth plain gssapi\r\n250 "
                                   "SIZE\r\n235 in\r\n250 a\r\n250 b\r\n"
                                   "354 go\r\n250 2.0.0 ok \x01\xff\r\n";
        struct talk t = talk_begin(&here, says, sizeof(says) - 1, true);
        struct remote remote = here;
        char secret[] = "pw", text[1024];
        remote.user = "me";
        struct smtp_job job = {.remote = &remote,
                               .secret = secret,
                               .secret_size = 2,
                               .from = "a@b.c",
                               .recipient = "d@e.f",
                               .mail = "x\n.y",
                               .size = 4,
                               .command_usec = PATIENCE,
                               .final_usec = PATIENCE,
                               .stage = on_stage};
        struct smtp_outcome o;
        n_stages = 0;
        smtp_send(t.c, &job, &o);
        assert_int_equal(o.stage, SEND_DONE);
        assert_int_equal(o.code, 250);
        assert_string_equal(o.text, "localhost took it: 250 2.0.0 ok ?");
        (void) heard(&t, text, sizeof(text));
        assert_string_equal(text, "EHLO [127.0.0.1]\r\nAUTH PLAIN AG1lAHB3\r\nMAIL FROM:<a@b.c> SIZE=8\r\nRCPT "
                                  "TO:<d@e.f>\r\nDATA\r\nx\r\n..y\r\n.\r\nQUIT\r\n");
        /* Wiped, once it was used. */
        assert_memory_equal(secret, "\0\0", 2);
        static const enum send_stage wanted[] = {SEND_CONNECT,   SEND_AUTH, SEND_FROM,
                                                 SEND_RECIPIENT, SEND_DATA, SEND_ACCEPTED_UNKNOWN};
        assert_int_equal(n_stages, ELEMENTSOF(wanted));
        assert_memory_equal(stages, wanted, sizeof(wanted));
        talk_end(&t);
}

static void test_smtp_replies(void **state) {
        (void) state;
        static const struct {
                const char *says;
                int code;
        } v[] = {
                {"", 0},
                {"2", 0},
                {"22\r\n", 0},
                {"220x\r\n", 0},
                {"abc\r\n", 0},
                {"120 x\r\n", 0},
                {"220-a\r\n221 b\r\n", 0},
                {"600 x\r\n", 0},
                {"220-a\r\n", 0},
                {"220-a", 0},
                {"\r\n", 0},
                {"421 4.3.2 later\r\n", 421},
                {"554\r\n", 554},
                {"554-\r\n554 x\n", 554},
        };
        for (size_t i = 0; i < ELEMENTSOF(v); i++) {
                struct talk t = talk_begin(&here, v[i].says, strlen(v[i].says), true);
                struct smtp_job job = {.remote = &here,
                                       .from = "a@b.c",
                                       .recipient = "d@e.f",
                                       .mail = "",
                                       .command_usec = PATIENCE,
                                       .final_usec = PATIENCE};
                struct smtp_outcome o;
                char text[16];
                smtp_send(t.c, &job, &o);
                assert_int_equal(o.stage, SEND_CONNECT);
                assert_int_equal(o.code, v[i].code);
                assert_int_equal(o.configuration, v[i].code >= 500);
                assert_false(o.permanent);
                assert_true(o.text[0]);
                (void) heard(&t, text, sizeof(text));
                assert_true(!text[0] || strcmp(text, "QUIT\r\n") == 0); /* at most a goodbye */
                talk_end(&t);
        }
}

/* What does not fit is cut between two letters. */
static void test_smtp_long_reply(void **state) {
        (void) state;
        for (size_t shift = 0; shift < 3; shift++) {
                char says[2100] = "554-";
                size_t n = 4;
                for (size_t i = 0; i < shift; i++)
                        says[n++] = 'a';
                for (; n < 1000; n += 2)
                        memcpy(says + n, "\xc3\xa9", 2);
                n += (size_t) snprintf(says + n, sizeof(says) - n, "\r\n554 more\r\n");
                struct talk t = talk_begin(&here, says, n, true);
                struct smtp_job job = {.remote = &here,
                                       .from = "a@b.c",
                                       .recipient = "d@e.f",
                                       .mail = "",
                                       .command_usec = PATIENCE,
                                       .final_usec = PATIENCE};
                struct smtp_outcome o;
                smtp_send(t.c, &job, &o);
                assert_int_equal(o.code, 554);
                assert_non_null(strstr(o.text, "\xc3\xa9\xc3\xa9"));
                assert_null(strchr(o.text, '?'));
                assert_true(strlen(o.text) > 290 && strlen(o.text) <= SEND_TEXT_MAX);
                talk_end(&t);
        }
}

static void test_smtp_addresses(void **state) {
        (void) state;
        static const char *const good[] = {
                "a@b", "jean.dupont+x@mail.dupont.example", "\"a\"@b", "a@b@c", "rené@müller.example", "a@[127.0.0.1]"};
        static const char *const bad[] = {"",      "a",    "@",    "a@",    "@b",      "a b@c",  "a@b\r\nDATA",
                                          "a@b\n", "a@b>", "<a@b", "a\t@b", "a@b\x7f", "\xff@b", "a@b\xc2\x85"};
        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                assert_true(smtp_address_valid(good[i]));
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                if (smtp_address_valid(bad[i]))
                        fail_msg("%s", bad[i]);
        char longest[400];
        memset(longest, 'a', sizeof(longest));
        memcpy(longest + 1, "@", 1);
        longest[399] = 0;
        assert_false(smtp_address_valid(longest));
}

static void test_stuff(void **state) {
        (void) state;
        static const struct {
                const char *mail, *line;
        } v[] = {
                {"", ""},
                {"\n", "\r\n"},
                {"\r", "\r\n"},
                {"\r\n", "\r\n"},
                {"\r\r\n", "\r\n\r\n"},
                {"\n\r", "\r\n\r\n"},
                {".", "..\r\n"},
                {"..", "...\r\n"},
                {"a.\n.b", "a.\r\n..b\r\n"},
                {"a\r.b", "a\r\n..b\r\n"},
                {"\r\n.\r\n", "\r\n..\r\n"},
        };
        for (size_t i = 0; i < ELEMENTSOF(v); i++) {
                _cleanup_buf_ struct buf b = {0};
                assert_int_equal(smtp_stuff(&b, v[i].mail, strlen(v[i].mail)), 0);
                assert_string_equal(b.data ? b.data : "", v[i].line);
        }
        _cleanup_buf_ struct buf b = {0};
        assert_int_equal(smtp_stuff(&b, "a\0b", 3), 0);
        assert_int_equal(b.size, 5);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_bytes),
                cmocka_unit_test(test_budget),
                cmocka_unit_test(test_deadline),
                cmocka_unit_test(test_not_open),
                cmocka_unit_test(test_compression),
                cmocka_unit_test(test_compression_large),
                cmocka_unit_test(test_compression_hostile),
                cmocka_unit_test(test_starttls),
                cmocka_unit_test(test_imap),
                cmocka_unit_test(test_imap_ends_in_a_literal),
                cmocka_unit_test(test_smtp),
                cmocka_unit_test(test_smtp_replies),
                cmocka_unit_test(test_smtp_long_reply),
                cmocka_unit_test(test_smtp_addresses),
                cmocka_unit_test(test_stuff),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
