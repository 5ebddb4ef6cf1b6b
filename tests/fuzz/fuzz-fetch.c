/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The decoder that stands between the core and a fetch role that a server may have taken over (and the one at the other end). The first byte says who listens and what
 * descriptor comes along; the rest is the packet. What is taken encodes to the same bytes again, keeps to every limit, and is fit for a line once cleaned. */

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "daemon/fetch.h"
#include "parsers/utf8.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_corpus[] = "fetch";

enum extra { EXTRA_NONE, EXTRA_SEALED, EXTRA_LOOSE, EXTRA_PIPE, EXTRA_TWO, _EXTRA_MAX };

/* Made once: a target runs a hundred thousand times a second. */
static struct {
        int pair[2], fds[_EXTRA_MAX];
        char *buffer;
} fixed;

static int memory(bool sealed) {
        int fd = memfd_create("item", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        FUZZ_CHECK(fd >= 0 && write(fd, "BEGIN", 5) == 5);
        FUZZ_CHECK(!sealed || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0);
        return fd;
}

static void make_fixed(void) {
        int pipes[2], size = 4 * (int) FETCH_PACKET_MAX;
        if (fixed.buffer)
                return;
        FUZZ_CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fixed.pair) == 0);
        for (size_t i = 0; i < 2; i++)
                (void) setsockopt(fixed.pair[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
        FUZZ_CHECK(pipe2(pipes, O_CLOEXEC) == 0);
        fixed.fds[EXTRA_NONE] = -1;
        fixed.fds[EXTRA_SEALED] = memory(true);
        fixed.fds[EXTRA_LOOSE] = memory(false);
        fixed.fds[EXTRA_PIPE] = pipes[0];
        fixed.fds[EXTRA_TWO] = fixed.fds[EXTRA_SEALED];
        fixed.buffer = malloc(FETCH_PACKET_MAX);
        FUZZ_CHECK(fixed.buffer);
}

static bool send_raw(const uint8_t *data, size_t size, enum extra extra) {
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(2 * sizeof(int))];
        } control = {0};
        struct iovec part = {.iov_base = (void *) data, .iov_len = size};
        struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
        size_t n = (extra == EXTRA_TWO ? 2 : 1) * sizeof(int);
        if (extra != EXTRA_NONE) {
                const int fds[2] = {fixed.fds[extra], fixed.fds[extra]};
                m.msg_control = &control;
                m.msg_controllen = CMSG_SPACE(n);
                struct cmsghdr *c = CMSG_FIRSTHDR(&m);
                c->cmsg_level = SOL_SOCKET;
                c->cmsg_type = SCM_RIGHTS;
                c->cmsg_len = CMSG_LEN(n);
                memcpy(CMSG_DATA(c), fds, n);
        }
        return sendmsg(fixed.pair[1], &m, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

static void check_line(const char *s) {
        char line[300];
        (void) fetcher_clean(s, line, sizeof(line));
        FUZZ_CHECK(utf8_clean(line, strlen(line)) && !strpbrk(line, "\r\n\t"));
        /* In place, too. */
        char again[300];
        memcpy(again, line, sizeof(line));
        FUZZ_CHECK(strcmp(fetcher_clean(again, again, sizeof(again)), line) == 0);
}

static void check_record(const struct fetch_record *r, bool from_role) {
        bool account = r->type == FETCH_ACCOUNT;
        FUZZ_CHECK((r->type >= FETCH_READY) == from_role);
        for (size_t i = 0; i < FETCH_STRINGS; i++) {
                size_t most = account  ? i + 1 == FETCH_STRINGS ? FETCH_SECRET_MAX : FETCH_STRING_MAX
                              : i == 3 ? FETCH_TEXT_MAX
                                       : FETCH_STRING_MAX;
                FUZZ_CHECK(!r->strings[i] || (strlen(r->strings[i]) <= most && (account || i < 4)));
                if (r->strings[i])
                        check_line(r->strings[i]);
        }
        FUZZ_CHECK(r->size >= 0 && r->number >= 0 && r->total >= -1);
        FUZZ_CHECK(r->date == INSTANT_UNKNOWN || (r->date >= INSTANT_MIN && r->date <= INSTANT_MAX));
        FUZZ_CHECK(r->fd < 0 || (r->type == FETCH_ITEM && r->status == 0));
        /* What the core looks at without asking. */
        FUZZ_CHECK(r->type != FETCH_FOLDER || (r->folder && r->name));
        FUZZ_CHECK(r->type != FETCH_ITEM || (r->folder && r->name && (r->fd >= 0 || r->status < 0)));
        FUZZ_CHECK((r->type != FETCH_GONE && r->type != FETCH_AT) || r->folder);
        FUZZ_CHECK(r->type != FETCH_STATE || (r->folder && r->text));
        FUZZ_CHECK(r->type != FETCH_TROUBLE || r->text);
        FUZZ_CHECK(r->type != FETCH_DONE || r->status == FETCH_END_DONE || r->text);
        FUZZ_CHECK(r->type != FETCH_KNOWN || r->name);
}

/* The same bytes, in a second packet that nobody reads as a record. */
static void check_again(const struct fetch_record *r, const uint8_t *data, size_t size) {
        static char again[FETCH_PACKET_MAX + 1];
        FUZZ_CHECK(fetch_transmit(fixed.pair[1], r, false) == 0);
        ssize_t n = recv(fixed.pair[0], again, sizeof(again), MSG_DONTWAIT);
        FUZZ_CHECK(n >= 0 && (size_t) n == size && memcmp(again, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        if (size < 1)
                return 0;
        make_fixed();
        bool from_role = data[0] & 1;
        enum extra extra = (enum extra)((data[0] >> 1) % _EXTRA_MAX);
        struct fetch_record r;
        data++, size--;
        if (!send_raw(data, size, extra))
                return 0; /* larger than a packet can be */
        int e = fetch_receive(fixed.pair[0], from_role, false, fixed.buffer, &r);
        FUZZ_CHECK(e == 1 || e == -EBADMSG || (e == 0 && size == 0));
        if (e == 1) {
                FUZZ_CHECK((r.fd >= 0) == (extra == EXTRA_SEALED));
                check_record(&r, from_role);
                check_again(&r, data, size);
                if (r.fd >= 0)
                        FUZZ_CHECK(close(r.fd) == 0);
        }
        /* Nothing stays behind: no packet, and no descriptor. */
        char left;
        FUZZ_CHECK(recv(fixed.pair[0], &left, 1, MSG_DONTWAIT) < 0);
        int next = dup(fixed.pair[0]);
        FUZZ_CHECK(next >= 0 && next < 64 && close(next) == 0);
        return 0;
}
