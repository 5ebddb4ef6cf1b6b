/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/fetch.h"

static int pair[2];
static char *buffer;

static int setup(void **state) {
        (void) state;
        buffer = malloc(FETCH_PACKET_MAX);
        return buffer && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0 ? 0 : -1;
}

static int teardown(void **state) {
        (void) state;
        free(buffer);
        (void) close(pair[0]);
        (void) close(pair[1]);
        return 0;
}

static int sealed(const char *text) {
        int fd = memfd_create("item", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), (ssize_t) strlen(text));
        assert_return_code(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), errno);
        return fd;
}

static struct fetch_record item(int fd) {
        struct fetch_record r = fetch_record_of(FETCH_ITEM);
        r.folder = "INBOX";
        r.name = "17";
        r.size = 5;
        r.date = 1772438400;
        r.fd = fd;
        return r;
}

static void items_come_with_their_bytes(void **state) {
        (void) state;
        struct fetch_record r = item(sealed("hello")), got;
        char text[8] = "";
        assert_int_equal(fetch_transmit(pair[1], &r, false), 0);
        (void) close(r.fd);
        assert_int_equal(fetch_receive(pair[0], true, false, buffer, &got), 1);
        assert_int_equal(got.type, FETCH_ITEM);
        assert_string_equal(got.folder, "INBOX");
        assert_string_equal(got.name, "17");
        assert_null(got.tag);
        assert_null(got.text);
        assert_int_equal(got.date, 1772438400);
        assert_int_equal(pread(got.fd, text, sizeof(text) - 1, 0), 5);
        assert_string_equal(text, "hello");
        (void) close(got.fd);
        assert_int_equal(fetch_receive(pair[0], true, false, buffer, &got), -EAGAIN);
        (void) shutdown(pair[1], SHUT_RDWR);
        assert_int_equal(fetch_receive(pair[0], true, false, buffer, &got), 0);
}

/* A role that gives up while the core tells it of more room. */
static void last_words_count(void **state) {
        (void) state;
        const struct fetch_record more = fetch_record_of(FETCH_MORE);
        struct fetch_record r = fetch_record_of(FETCH_DONE), got;
        r.status = FETCH_END_LOST;
        r.text = "it did not answer in time";
        assert_int_equal(fetch_transmit(pair[0], &more, false), 0);
        assert_int_equal(fetch_transmit(pair[1], &r, false), 0);
        (void) close(pair[1]);
        assert_int_equal(fetch_receive(pair[0], true, false, buffer, &got), 1);
        assert_int_equal(got.type, FETCH_DONE);
        assert_string_equal(got.text, "it did not answer in time");
        assert_int_equal(fetch_receive(pair[0], true, false, buffer, &got), 0);
        pair[1] = open("/dev/null", O_RDONLY | O_CLOEXEC); /* for teardown() */
}

static void accounts_keep_their_strings_apart(void **state) {
        (void) state;
        struct fetch_record r = fetch_record_of(FETCH_ACCOUNT), got;
        r.status = FETCH_IMAP;
        r.number = 993;
        r.host = "mail.example";
        r.user = "camille";
        r.secret = "s3cret pass\"\\word";
        assert_int_equal(fetch_transmit(pair[0], &r, false), 0);
        assert_int_equal(fetch_receive(pair[1], false, false, buffer, &got), 1);
        assert_string_equal(got.host, "mail.example");
        assert_string_equal(got.user, "camille");
        assert_string_equal(got.secret, "s3cret pass\"\\word");
        assert_null(got.url);
        assert_null(got.fingerprint);
}

/* What the core must not take from a role that is not what it was. */
static void hostile_records_are_refused(void **state) {
        (void) state;
        struct fetch_record got;
        struct fetch_record wrong[16];
        size_t n = 0;

        wrong[n] = item(-1); /* no bytes, and no reason */
        n++;
        wrong[n] = item(-1);
        wrong[n].name = NULL;
        wrong[n++].status = -EIO;
        wrong[n] = item(-1);
        wrong[n++].status = -5000;
        wrong[n] = item(-1);
        wrong[n].status = -EIO;
        wrong[n++].size = -1;
        wrong[n] = item(-1);
        wrong[n].status = -EIO;
        wrong[n++].date = INSTANT_MAX + 1;
        wrong[n] = fetch_record_of(FETCH_DONE);
        wrong[n++].status = _FETCH_END_MAX;
        wrong[n] = fetch_record_of(FETCH_DONE); /* a failure without a word */
        wrong[n++].status = FETCH_END_LOST;
        wrong[n++] = fetch_record_of(FETCH_STATE);
        wrong[n++] = fetch_record_of(FETCH_TROUBLE);
        wrong[n++] = fetch_record_of(FETCH_FOLDER);
        wrong[n++] = fetch_record_of(FETCH_READ); /* the core's own word */
        wrong[n++] = fetch_record_of(_FETCH_FROM_ROLE_END);
        for (size_t i = 0; i < n; i++) {
                assert_int_equal(fetch_transmit(pair[1], &wrong[i], false), 0);
                assert_int_equal(fetch_receive(pair[0], true, false, buffer, &got), -EBADMSG);
        }
}

static int open_descriptors(void) {
        int n = 0;
        for (int fd = 0; fd < 256; fd++)
                n += fcntl(fd, F_GETFD) >= 0;
        return n;
}

/* Bytes that could still change, or are no file: a pipe would make whoever reads it wait. And nothing stays open. */
static void only_sealed_memory_is_taken(void **state) {
        (void) state;
        struct fetch_record got, r;
        int pipes[2], before = open_descriptors();
        assert_return_code(pipe2(pipes, O_CLOEXEC), errno);
        int loose = memfd_create("loose", MFD_CLOEXEC | MFD_ALLOW_SEALING), null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        const int fds[] = {pipes[0], loose, null};
        for (size_t i = 0; i < ELEMENTSOF(fds); i++) {
                r = item(fds[i]);
                assert_int_equal(fetch_transmit(pair[1], &r, false), 0);
                assert_int_equal(fetch_receive(pair[0], true, false, buffer, &got), -EBADMSG);
        }
        /* Two of them: a place for one has room for two. */
        struct fetch_record good = item(sealed("x"));
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(2 * sizeof(int))];
        } control = {0};
        assert_int_equal(fetch_transmit(pair[1], &good, false), 0);
        ssize_t size = recv(pair[0], buffer, FETCH_PACKET_MAX, 0);
        struct iovec part = {.iov_base = buffer, .iov_len = (size_t) size};
        struct msghdr m = {
                .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control.space)};
        const int both[2] = {good.fd, good.fd};
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(both));
        memcpy(CMSG_DATA(c), both, sizeof(both));
        assert_int_equal(sendmsg(pair[1], &m, 0), size);
        assert_int_equal(fetch_receive(pair[0], true, false, buffer, &got), -EBADMSG);
        (void) close(good.fd);
        /* A descriptor with a record that has none. */
        r = fetch_record_of(FETCH_PROGRESS);
        r.fd = sealed("x");
        assert_int_equal(fetch_transmit(pair[1], &r, false), 0);
        assert_int_equal(fetch_receive(pair[0], true, false, buffer, &got), -EBADMSG);
        (void) close(r.fd);
        (void) close(pipes[0]);
        (void) close(pipes[1]);
        (void) close(loose);
        (void) close(null);
        assert_int_equal(open_descriptors(), before);
}

/* Every packet that differs from a good one in one byte, is shorter, or longer. */
static void changed_packets_do_no_harm(void **state) {
        (void) state;
        struct fetch_record r = fetch_record_of(FETCH_STATE), got;
        char *packet = malloc(FETCH_PACKET_MAX + 1);
        r.folder = "INBOX";
        r.text = "1:17";
        r.total = 17;
        assert_int_equal(fetch_transmit(pair[1], &r, false), 0);
        ssize_t size = recv(pair[0], packet, FETCH_PACKET_MAX, 0);
        assert_true(size > 0);
        for (ssize_t at = 0; at < size; at++)
                for (unsigned bit = 0; bit < 8; bit++) {
                        packet[at] ^= (char) (1U << bit);
                        assert_int_equal(send(pair[1], packet, (size_t) size, 0), size);
                        int e = fetch_receive(pair[0], true, false, buffer, &got);
                        assert_true(e == 1 || e == -EBADMSG);
                        packet[at] ^= (char) (1U << bit);
                }
        for (ssize_t n = 1; n < size; n++) {
                assert_int_equal(send(pair[1], packet, (size_t) n, 0), n);
                assert_int_equal(fetch_receive(pair[0], true, false, buffer, &got), -EBADMSG);
        }
        packet[size] = 0;
        assert_int_equal(send(pair[1], packet, (size_t) size + 1, 0), size + 1);
        assert_int_equal(fetch_receive(pair[0], true, false, buffer, &got), -EBADMSG);
        free(packet);
}

static void long_strings_are_refused_where_they_are_made(void **state) {
        (void) state;
        char *longer = calloc(1, FETCH_TEXT_MAX + 2);
        struct fetch_record r = fetch_record_of(FETCH_STATE);
        memset(longer, 'x', FETCH_TEXT_MAX + 1);
        r.folder = "INBOX";
        r.text = longer;
        assert_int_equal(fetch_transmit(pair[1], &r, false), -E2BIG);
        longer[FETCH_TEXT_MAX] = 0;
        assert_int_equal(fetch_transmit(pair[1], &r, false), 0);
        longer[FETCH_STRING_MAX + 1] = 0;
        r.folder = longer;
        assert_int_equal(fetch_transmit(pair[1], &r, false), -E2BIG);
        free(longer);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(items_come_with_their_bytes, setup, teardown),
                cmocka_unit_test_setup_teardown(last_words_count, setup, teardown),
                cmocka_unit_test_setup_teardown(accounts_keep_their_strings_apart, setup, teardown),
                cmocka_unit_test_setup_teardown(hostile_records_are_refused, setup, teardown),
                cmocka_unit_test_setup_teardown(only_sealed_memory_is_taken, setup, teardown),
                cmocka_unit_test_setup_teardown(changed_packets_do_no_harm, setup, teardown),
                cmocka_unit_test_setup_teardown(long_strings_are_refused_where_they_are_made, setup, teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
