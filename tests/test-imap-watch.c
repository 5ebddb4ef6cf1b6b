/* SPDX-License-Identifier: GPL-3.0-or-later */

/* How the fetch role waits for mail over IMAP: IDLE, its renewal, and asking where there is none. The role is the real one, in its sandbox; this is its core and, on
 * loopback, its server, which says a line at a time what no server that one can install would. The pulse of 20 minutes is one second here. */

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cmocka.h>

#include "daemon/fetch.h"
#include "daemon/role_fetch.h"

#define PULSE_SECONDS 1
/* Whoever says nothing for this long has failed. */
#define PATIENCE_SECONDS 60

struct scene {
        pid_t role;
        int core, listener, client;
        uint16_t port;
        const char *capabilities;
        bool idle_refused;
        char *buffer;
        char line[1024], tag[16];
};

/* --- the server --- */

static void say(struct scene *s, const char *format, ...) _printf_(2, 3);
static void say(struct scene *s, const char *format, ...) {
        char text[1024];
        va_list ap;
        va_start(ap, format);
        int n = vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        assert_int_equal(send(s->client, text, (size_t) n, MSG_NOSIGNAL), n);
}

static void hear(struct scene *s) {
        size_t n = 0;
        do {
                assert_true(n + 1 < sizeof(s->line));
                assert_int_equal(recv(s->client, s->line + n, 1, 0), 1);
        } while (s->line[n++] != '\n');
        s->line[n] = 0;
        assert_int_equal(sscanf(s->line, "%15s", s->tag), 1);
}

static bool asks(const struct scene *s, const char *what) {
        const char *command = strchr(s->line, ' ');
        return command && strncmp(command + 1, what, strlen(what)) == 0;
}

/* Answers whatever is asked as an empty mailbox would, until it is `what`. */
static void serve_until(struct scene *s, const char *what) {
        for (hear(s); !asks(s, what); hear(s)) {
                if (asks(s, "CAPABILITY"))
                        say(s, "* CAPABILITY %s\r\n", s->capabilities);
                else if (asks(s, "LIST"))
                        say(s, "* LIST () \"/\" INBOX\r\n");
                else if (asks(s, "STATUS"))
                        say(s, "* STATUS INBOX (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 1)\r\n");
                else if (asks(s, "EXAMINE"))
                        say(s, "* 0 EXISTS\r\n* OK [UIDVALIDITY 1] .\r\n* OK [UIDNEXT 1] .\r\n");
                if (asks(s, "IDLE") && s->idle_refused)
                        say(s, "%s BAD what is that?\r\n", s->tag);
                else
                        say(s, "%s OK done\r\n", s->tag);
        }
}

/* --- the core --- */

static void order(struct scene *s, const struct fetch_record *r) {
        assert_int_equal(fetch_transmit(s->core, r, true), 0);
}

/* Read, with INBOX wanted, and wait. */
static void order_reading(struct scene *s) {
        struct fetch_record read = fetch_record_of(FETCH_READ), answer = fetch_record_of(FETCH_ANSWER);
        read.flags = FETCH_WATCH;
        read.number = PULSE_SECONDS;
        answer.status = 1;
        order(s, &read);
        order(s, &answer);
}

static void told_until(struct scene *s, enum fetch_type type) {
        struct fetch_record r;
        do
                assert_int_equal(fetch_receive(s->core, true, true, s->buffer, &r), 1);
        while (r.type != type);
        if (type == FETCH_DONE)
                assert_int_equal(r.status, FETCH_END_DONE);
}

/* --- */

static void limit(int fd) {
        const struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
        assert_return_code(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), errno);
}

static void begin(struct scene *s, const char *capabilities) {
        struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof(here);
        int pair[2];
        *s = (struct scene){.capabilities = capabilities, .buffer = malloc(FETCH_PACKET_MAX)};
        s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_return_code(bind(s->listener, (const struct sockaddr *) &here, sizeof(here)), errno);
        assert_return_code(listen(s->listener, 1), errno);
        assert_return_code(getsockname(s->listener, (struct sockaddr *) &here, &size), errno);
        assert_return_code(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), errno);
        s->role = fork();
        assert_return_code(s->role, errno);
        if (s->role == 0) {
                (void) close(pair[0]);
                if (pair[1] != FETCH_SOCKET)
                        (void) dup2(pair[1], FETCH_SOCKET);
                _exit(role_fetch());
        }
        (void) close(pair[1]);
        s->core = pair[0];
        limit(s->core);
        limit(s->listener);
        const struct remote remote = {.url = "imap://127.0.0.1",
                                      .user = "bob",
                                      .host = "127.0.0.1",
                                      .port = ntohs(here.sin_port),
                                      .tls = REMOTE_PLAIN,
                                      .auth = AUTH_LOGIN};
        const struct fetch_record account = fetch_record_of_account(FETCH_IMAP, &remote, "bobpw");
        order(s, &account);
        order_reading(s);
        s->client = accept(s->listener, NULL, NULL);
        assert_return_code(s->client, errno);
        limit(s->client);
        say(s, "* OK hello\r\n");
}

static void end(struct scene *s) {
        int status = -1;
        (void) close(s->core);
        assert_int_equal(waitpid(s->role, &status, 0), s->role);
        assert_int_equal(status, 0);
        (void) close(s->client);
        (void) close(s->listener);
        free(s->buffer);
}

/* That some of what was read is dealt with, which the core may say when the role waits already: then it goes on waiting. */
static void test_room_is_told_late(void **state) {
        (void) state;
        struct scene s;
        struct fetch_record more = fetch_record_of(FETCH_MORE);
        char tag[sizeof(s.tag)];
        begin(&s, "IMAP4rev1 IDLE");
        serve_until(&s, "IDLE");
        told_until(&s, FETCH_DONE);
        say(&s, "+ idling\r\n");
        memcpy(tag, s.tag, sizeof(tag));
        order(&s, &more);
        hear(&s);
        assert_string_equal(s.line, "DONE\r\n");
        say(&s, "%s OK IDLE completed\r\n", tag);
        serve_until(&s, "IDLE");
        say(&s, "+ idling\r\n* 1 EXISTS\r\n");
        memcpy(tag, s.tag, sizeof(tag));
        hear(&s);
        say(&s, "%s OK IDLE completed\r\n", tag);
        told_until(&s, FETCH_CHANGED);
        end(&s);
}

/* A server that says now and then that it is there; RFC 2177 wants to hear the same of us. */
static void test_renewal(void **state) {
        (void) state;
        struct scene s;
        begin(&s, "IMAP4rev1 IDLE");
        serve_until(&s, "IDLE");
        told_until(&s, FETCH_DONE);
        for (unsigned round = 0; round < 2; round++) {
                char tag[sizeof(s.tag)];
                memcpy(tag, s.tag, sizeof(tag));
                say(&s, "+ idling\r\n");
                struct pollfd p = {.fd = s.client, .events = POLLIN};
                unsigned k = 0;
                for (; k < PATIENCE_SECONDS * 5 && poll(&p, 1, 200) == 0; k++)
                        say(&s, "* OK Still here\r\n");
                assert_true(p.revents & POLLIN);
                hear(&s);
                assert_string_equal(s.line, "DONE\r\n");
                say(&s, "%s OK IDLE completed\r\n", tag);
                hear(&s);
                assert_true(asks(&s, "IDLE"));
        }
        /* New mail, in two pieces, in the third IDLE. */
        say(&s, "+ idling\r\n* 1 EX");
        say(&s, "ISTS\r\n");
        char tag[sizeof(s.tag)];
        memcpy(tag, s.tag, sizeof(tag));
        hear(&s);
        assert_string_equal(s.line, "DONE\r\n");
        say(&s, "%s OK IDLE completed\r\n", tag);
        told_until(&s, FETCH_CHANGED);
        /* And on it goes, until the core has something to say. */
        order_reading(&s);
        serve_until(&s, "IDLE");
        told_until(&s, FETCH_DONE);
        say(&s, "+ idling\r\n");
        memcpy(tag, s.tag, sizeof(tag));
        order_reading(&s);
        hear(&s);
        assert_string_equal(s.line, "DONE\r\n");
        say(&s, "%s OK IDLE completed\r\n", tag);
        serve_until(&s, "IDLE");
        told_until(&s, FETCH_DONE);
        say(&s, "+ idling\r\n");
        memcpy(tag, s.tag, sizeof(tag));
        /* Which may be that it is gone. */
        assert_return_code(shutdown(s.core, SHUT_WR), errno);
        hear(&s);
        assert_string_equal(s.line, "DONE\r\n");
        say(&s, "%s OK IDLE completed\r\n", tag);
        end(&s);
}

static void expect_asking(struct scene *s) {
        for (unsigned round = 0; round < 3; round++) {
                serve_until(s, "NOOP");
                if (round == 2)
                        say(s, "* 1 EXISTS\r\n");
                say(s, "%s OK nothing\r\n", s->tag);
        }
        told_until(s, FETCH_CHANGED);
        order_reading(s);
        serve_until(s, "NOOP");
        say(s, "%s OK nothing\r\n", s->tag);
        end(s);
}

static void test_no_idle(void **state) {
        (void) state;
        struct scene s;
        begin(&s, "IMAP4rev1");
        expect_asking(&s);
}

static void test_idle_refused(void **state) {
        (void) state;
        struct scene s;
        begin(&s, "IMAP4rev1 IDLE");
        s.idle_refused = true;
        expect_asking(&s);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_renewal),
                cmocka_unit_test(test_room_is_told_late),
                cmocka_unit_test(test_no_idle),
                cmocka_unit_test(test_idle_refused),
        };
        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
