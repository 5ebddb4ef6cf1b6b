/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/ipc.h"

struct wire {
        int core, role;
        char buffer[IPC_PACKET_MAX];
        struct ipc_request_header requests[IPC_BATCH_MAX];
        int fds[IPC_BATCH_MAX];
        size_t n;
};

static int setup(void **state) {
        static struct wire w;
        int pair[2];
        assert_return_code(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), errno);
        w.core = pair[0];
        w.role = pair[1];
        *state = &w;
        return 0;
}

static int teardown(void **state) {
        struct wire *w = *state;
        if (w->core >= 0)
                close(w->core);
        if (w->role >= 0)
                close(w->role);
        return 0;
}

static struct ipc_request_header request(void) {
        return (struct ipc_request_header){
                .version = IPC_VERSION, .type = IPC_MESSAGE, .serial = 7, .offset = 3, .size = -1};
}

static struct ipc_reply_header reply(enum ipc_reply type, uint32_t payload) {
        return (struct ipc_reply_header){.version = IPC_VERSION, .type = type, .serial = 7, .payload = payload};
}

static int open_files(void) {
        int n = 0;
        for (int fd = 0; fd < 256; fd++)
                n += fcntl(fd, F_GETFD) >= 0;
        return n;
}

static int receive_requests(struct wire *w) {
        return ipc_receive_requests(w->role, false, w->requests, w->fds, &w->n);
}

/* One packet with one reply, checked or not. */
static int send_reply(struct wire *w, const struct ipc_reply_header *h, const void *payload) {
        _cleanup_buf_ struct buf packet = {0};
        int e = buf_add(&packet, h, sizeof(*h));
        if (e >= 0 && payload)
                e = buf_add(&packet, payload, h->payload);
        return e < 0 ? e : ipc_send_replies(w->role, &packet);
}

/* The first reply of the next packet; its payload is moved to the start of the buffer. */
static int receive_reply(struct wire *w, struct ipc_reply_header *ret) {
        struct ipc_packet packet;
        const void *payload;
        int e = ipc_receive_replies(w->core, w->buffer, &packet);
        if (e <= 0)
                return e;
        e = ipc_next_reply(&packet, ret, &payload);
        if (e <= 0)
                return e;
        struct ipc_reply_header rest;
        memmove(w->buffer, payload, ret->payload);
        return packet.size > 0 && ipc_next_reply(&packet, &rest, &payload) < 0 ? -EBADMSG : 1;
}

static void request_with_descriptor(void **state) {
        struct wire *w = *state;
        struct ipc_request_header h = request();
        int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        assert_int_equal(receive_requests(w), -EAGAIN);
        assert_int_equal(ipc_send_requests(w->core, &h, &fd, 1), 0);
        assert_int_equal(receive_requests(w), 1);
        assert_int_equal(w->n, 1);
        assert_memory_equal(&h, w->requests, sizeof(h));
        int came = w->fds[0];
        assert_true(came >= 0 && came != fd);
        struct stat a, b;
        assert_return_code(fstat(fd, &a), errno);
        assert_return_code(fstat(came, &b), errno);
        assert_int_equal(a.st_rdev, b.st_rdev);
        assert_true(fcntl(came, F_GETFD) & FD_CLOEXEC);
        close(fd);
        close(came);
}

static void a_batch_of_requests(void **state) {
        struct wire *w = *state;
        struct ipc_request_header h[IPC_BATCH_MAX + 1];
        int fds[IPC_BATCH_MAX + 1], before = open_files();
        for (size_t i = 0; i < ELEMENTSOF(h); i++) {
                h[i] = request();
                h[i].serial = (uint32_t) i + 1;
                fds[i] = i % 2 ? w->core : w->role;
        }
        assert_int_equal(ipc_send_requests(w->core, h, fds, 0), -EINVAL);
        assert_int_equal(ipc_send_requests(w->core, h, fds, IPC_BATCH_MAX + 1), -EINVAL);
        for (size_t n = 1; n <= IPC_BATCH_MAX; n += 31) {
                assert_int_equal(ipc_send_requests(w->core, h, fds, n), 0);
                assert_int_equal(receive_requests(w), 1);
                assert_int_equal(w->n, n);
                assert_memory_equal(h, w->requests, n * sizeof(h[0]));
                for (size_t i = 0; i < n; i++) {
                        struct stat a, b;
                        assert_return_code(fstat(fds[i], &a), errno);
                        assert_return_code(fstat(w->fds[i], &b), errno);
                        assert_int_equal(a.st_ino, b.st_ino);
                        close(w->fds[i]);
                }
                assert_int_equal(open_files(), before);
        }
}

static void send_descriptors(int socket, const void *data, size_t size, const int *fds, size_t n) {
        struct iovec part = {.iov_base = (void *) data, .iov_len = size};
        union {
                struct cmsghdr h;
                char space[CMSG_SPACE(64 * sizeof(int))];
        } control = {0};
        struct msghdr m = {
                .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_SPACE(n * sizeof(int))};
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(n * sizeof(int));
        memcpy(CMSG_DATA(c), fds, n * sizeof(int));
        assert_true(sendmsg(socket, &m, 0) >= 0);
}

static void too_many_descriptors_are_refused_and_closed(void **state) {
        struct wire *w = *state;
        const struct ipc_request_header h = request();
        int before = open_files(), fds[IPC_BATCH_MAX + 8];
        for (size_t i = 0; i < ELEMENTSOF(fds); i++)
                fds[i] = w->core;
        for (size_t n = 2; n <= ELEMENTSOF(fds); n++) {
                send_descriptors(w->core, &h, sizeof(h), fds, n);
                assert_int_equal(receive_requests(w), -EBADMSG);
                assert_int_equal(open_files(), before);
        }
        /* Nor one for two requests, nor none. */
        const struct ipc_request_header two[] = {h, h};
        send_descriptors(w->core, two, sizeof(two), fds, 1);
        assert_int_equal(receive_requests(w), -EBADMSG);
        assert_int_equal(send(w->core, &h, sizeof(h), 0), sizeof(h));
        assert_int_equal(receive_requests(w), -EBADMSG);
        assert_int_equal(open_files(), before);
}

static void bad_requests(void **state) {
        struct wire *w = *state;
        struct ipc_request_header bad[12];
        size_t n = 0;
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                bad[i] = request();
        bad[n++].version = IPC_VERSION + 1;
        bad[n++].version = 0;
        bad[n++].type = 0;
        bad[n++].type = IPC_EXPAND + 1;
        bad[n++].flags = 1U << 31;
        bad[n++].serial = 0;
        bad[n++].offset = -1;
        bad[n++].size = -2;
        bad[n].offset = INT64_MAX;
        bad[n++].size = 1;
        int before = open_files();
        for (size_t i = 0; i < n; i++) {
                /* A bad one among good ones spoils them all. */
                const struct ipc_request_header batch[] = {request(), bad[i], request()};
                const int fds[] = {w->core, w->core, w->core};
                assert_int_equal(ipc_send_requests(w->core, batch, fds, ELEMENTSOF(batch)), 0);
                assert_int_equal(receive_requests(w), -EBADMSG);
        }
        char large[sizeof(struct ipc_request_header) + 1] = {0};
        struct ipc_request_header h = request();
        memcpy(large, &h, sizeof(h));
        send_descriptors(w->core, large, sizeof(large), &w->core, 1);
        assert_int_equal(receive_requests(w), -EBADMSG);
        send_descriptors(w->core, large, sizeof(h) - 1, &w->core, 1);
        assert_int_equal(receive_requests(w), -EBADMSG);
        assert_int_equal(open_files(), before);
}

static void replies(void **state) {
        struct wire *w = *state;
        struct ipc_reply_header h = reply(IPC_OBSERVATION, 5), got;
        assert_int_equal(receive_reply(w, &got), -EAGAIN);
        assert_int_equal(send_reply(w, &h, "hello"), 0);
        assert_int_equal(receive_reply(w, &got), 1);
        assert_memory_equal(&h, &got, sizeof(h));
        assert_memory_equal(w->buffer, "hello", 5);
        h = reply(IPC_DONE, 0);
        h.status = -EFBIG;
        assert_int_equal(send_reply(w, &h, NULL), 0);
        assert_int_equal(receive_reply(w, &got), 1);
        assert_int_equal(got.status, -EFBIG);
}

static void the_largest_observation_fits(void **state) {
        struct wire *w = *state;
        static char large[OBSERVATION_SIZE_MAX + 1];
        struct ipc_reply_header h = reply(IPC_OBSERVATION, OBSERVATION_SIZE_MAX), got;
        memset(large, 'x', sizeof(large));
        assert_int_equal(send_reply(w, &h, large), 0);
        assert_int_equal(receive_reply(w, &got), 1);
        assert_int_equal(w->buffer[OBSERVATION_SIZE_MAX - 1], 'x');
        h.payload++;
        assert_int_equal(send_reply(w, &h, large), 0);
        assert_int_equal(receive_reply(w, &got), -EBADMSG);
}

static void replies_share_a_packet(void **state) {
        struct wire *w = *state;
        static char large[OBSERVATION_SIZE_MAX];
        _cleanup_buf_ struct buf packet = BUF_LIMITED(IPC_PACKET_MAX);
        struct ipc_reply_header h = reply(IPC_OBSERVATION, 5), got;
        const char *const words[] = {"hello", "world"};
        assert_int_equal(ipc_send_replies(w->role, &packet), 0); /* nothing to say: nothing is sent */
        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                assert_int_equal(ipc_add_reply(&packet, &h, words[i]), 0);
        size_t size = packet.size;
        h.payload = sizeof(large);
        assert_int_equal(ipc_add_reply(&packet, &h, large), -E2BIG);
        assert_int_equal(packet.size, size);
        h = reply(IPC_DONE, 0);
        assert_int_equal(ipc_add_reply(&packet, &h, NULL), 0);
        assert_int_equal(ipc_send_replies(w->role, &packet), 0);
        assert_int_equal(packet.size, 0);

        struct ipc_packet left;
        const void *payload;
        assert_int_equal(ipc_receive_replies(w->core, w->buffer, &left), 1);
        for (size_t i = 0; i < ELEMENTSOF(words); i++) {
                assert_int_equal(ipc_next_reply(&left, &got, &payload), 1);
                assert_int_equal(got.payload, 5);
                assert_memory_equal(payload, words[i], 5);
        }
        assert_int_equal(ipc_next_reply(&left, &got, &payload), 1);
        assert_int_equal(got.type, IPC_DONE);
        assert_int_equal(ipc_next_reply(&left, &got, &payload), 0);
        assert_int_equal(receive_reply(w, &got), -EAGAIN);
}

static void bad_replies(void **state) {
        struct wire *w = *state;
        struct ipc_reply_header bad[16], got;
        size_t n = 0;
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                bad[i] = reply(IPC_DONE, 0);
        bad[n++].version = IPC_VERSION + 1;
        bad[n++].type = 0;
        bad[n++].type = IPC_OBSERVATION_DONE + 1;
        bad[n++].type = UINT32_MAX;
        bad[n++].status = 1;
        bad[n++].status = -4096;
        bad[n++].status = INT32_MIN;
        bad[n++].reserved = 1;
        bad[n++].type = IPC_OBSERVATION; /* without payload */
        bad[n++].type = IPC_INSTANCES;
        bad[n] = reply(IPC_BEGIN, 0);
        bad[n++].offset = -1;
        bad[n] = reply(IPC_BEGIN, 0);
        bad[n].offset = 5;
        bad[n++].end = 4;
        for (size_t i = 0; i < n; i++) {
                assert_int_equal(send_reply(w, &bad[i], NULL), 0);
                assert_int_equal(receive_reply(w, &got), -EBADMSG);
        }
        /* The announced size is not the real one, in both directions. */
        struct {
                struct ipc_reply_header h;
                char payload[8];
        } packet = {.h = reply(IPC_OBSERVATION, 7)};
        assert_int_equal(send(w->role, &packet, sizeof(packet), 0), sizeof(packet));
        assert_int_equal(receive_reply(w, &got), -EBADMSG);
        packet.h.payload = UINT32_MAX;
        assert_int_equal(send(w->role, &packet, sizeof(packet), 0), sizeof(packet));
        assert_int_equal(receive_reply(w, &got), -EBADMSG);
        /* Half an instance, half a header. */
        packet.h = reply(IPC_INSTANCES, 8);
        assert_int_equal(send(w->role, &packet, sizeof(packet), 0), sizeof(packet));
        assert_int_equal(receive_reply(w, &got), -EBADMSG);
        assert_int_equal(send(w->role, &packet, sizeof(packet.h) / 2, 0), sizeof(packet.h) / 2);
        assert_int_equal(receive_reply(w, &got), -EBADMSG);
}

static void a_role_cannot_plant_descriptors(void **state) {
        struct wire *w = *state;
        struct ipc_reply_header h = reply(IPC_DONE, 0), got;
        int before = open_files();
        const int fds[] = {w->role, w->role, w->role};
        send_descriptors(w->role, &h, sizeof(h), fds, ELEMENTSOF(fds));
        assert_int_equal(receive_reply(w, &got), -EBADMSG);
        assert_int_equal(open_files(), before);
}

static void a_full_socket_does_not_block_the_core(void **state) {
        struct wire *w = *state;
        struct ipc_request_header h = request();
        int e = 0;
        for (int i = 0; i < 1000000 && e == 0; i++)
                e = ipc_send_requests(w->core, &h, &w->core, 1);
        assert_true(e == -EAGAIN || e == -ETOOMANYREFS);
}

static void the_peer_is_gone(void **state) {
        struct wire *w = *state;
        struct ipc_request_header h = request();
        struct ipc_reply_header r;
        close(w->role);
        w->role = -1;
        assert_int_equal(ipc_send_requests(w->core, &h, &w->core, 1), -EPIPE);
        assert_int_equal(receive_reply(w, &r), 0);
        w->role = w->core;
        assert_int_equal(receive_requests(w), 0);
        w->role = -1;
}

static void last_words_survive_the_speaker(void **state) {
        struct wire *w = *state;
        struct ipc_request_header h = request();
        struct ipc_reply_header r = reply(IPC_DONE, 0), got;
        assert_int_equal(send_reply(w, &r, NULL), 0);
        assert_int_equal(ipc_send_requests(w->core, &h, &w->core, 1), 0);
        close(w->role); /* with a request unread */
        w->role = -1;
        int e = receive_reply(w, &got);
        if (e == -ECONNRESET)
                e = receive_reply(w, &got);
        assert_int_equal(e, 1);
        assert_int_equal(got.serial, 7);
        assert_int_equal(receive_reply(w, &got), 0);
}

int main(void) {
#define WIRE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        const struct CMUnitTest tests[] = {
                WIRE_TEST(request_with_descriptor),
                WIRE_TEST(a_batch_of_requests),
                WIRE_TEST(too_many_descriptors_are_refused_and_closed),
                WIRE_TEST(bad_requests),
                WIRE_TEST(replies),
                WIRE_TEST(the_largest_observation_fits),
                WIRE_TEST(replies_share_a_packet),
                WIRE_TEST(bad_replies),
                WIRE_TEST(a_role_cannot_plant_descriptors),
                WIRE_TEST(a_full_socket_does_not_block_the_core),
                WIRE_TEST(the_peer_is_gone),
                WIRE_TEST(last_words_survive_the_speaker),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
