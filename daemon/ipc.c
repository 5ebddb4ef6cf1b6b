/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/ipc.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* Room for one descriptor more than is allowed, so that a second one is seen (and closed) rather than cut off by the kernel. */
#define DESCRIPTORS_SEEN 2U

union descriptors {
        struct cmsghdr header; /* for alignment */
        char space[CMSG_SPACE(DESCRIPTORS_SEEN * sizeof(int))];
};

static int send_packet(int socket, const struct msghdr *m, int flags) {
        for (;;) {
                if (sendmsg(socket, m, flags | MSG_NOSIGNAL) >= 0)
                        return 0;
                if (errno != EINTR)
                        return -errno;
        }
}

int ipc_send_request(int socket, const struct ipc_request_header *h, int fd) {
        struct iovec part = {.iov_base = (void *) h, .iov_len = sizeof(*h)};
        struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(int))];
        } control = {0};
        if (fd >= 0) {
                m.msg_control = &control;
                m.msg_controllen = sizeof(control.space);
                struct cmsghdr *c = CMSG_FIRSTHDR(&m);
                c->cmsg_level = SOL_SOCKET;
                c->cmsg_type = SCM_RIGHTS;
                c->cmsg_len = CMSG_LEN(sizeof(int));
                memcpy(CMSG_DATA(c), &fd, sizeof(int));
        }
        /* The core must never wait for a parse role. */
        return send_packet(socket, &m, MSG_DONTWAIT);
}

int ipc_send_reply(int socket, const struct ipc_reply_header *h, const void *payload) {
        struct iovec parts[] = {
                {.iov_base = (void *) h, .iov_len = sizeof(*h)},
                {.iov_base = (void *) payload, .iov_len = h->payload},
        };
        struct msghdr m = {.msg_iov = parts, .msg_iovlen = h->payload > 0 ? 2 : 1};
        return send_packet(socket, &m, 0);
}

static ssize_t receive_packet(int socket, struct msghdr *m, int flags) {
        for (;;) {
                ssize_t n = recvmsg(socket, m, flags);
                if (n >= 0)
                        return n;
                if (errno != EINTR)
                        return -errno;
        }
}

/* Takes the first descriptor out of the control data and closes any other. Returns how many there were. */
static unsigned take_descriptors(struct msghdr *m, int *ret_fd) {
        unsigned n = 0;
        *ret_fd = -1;
        for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
                if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
                        continue;
                size_t bytes = c->cmsg_len - CMSG_LEN(0);
                for (size_t at = 0; at + sizeof(int) <= bytes; at += sizeof(int)) {
                        int fd;
                        memcpy(&fd, CMSG_DATA(c) + at, sizeof(int));
                        if (n++ == 0)
                                *ret_fd = fd;
                        else
                                (void) close(fd);
                }
        }
        return n;
}

static bool request_valid(const struct ipc_request_header *h) {
        const uint32_t known = IPC_WANT_QUOTED_TEXT | IPC_GZIP | IPC_MBOX_UNQUOTE | IPC_RESUME_AFTER;
        return h->version == IPC_VERSION && h->type >= IPC_MESSAGE && h->type <= IPC_EXPAND && (h->flags & ~known) == 0 &&
               h->serial != 0 && h->offset >= 0 && h->size >= -1 && (h->size < 0 || h->offset <= INT64_MAX - h->size);
}

int ipc_receive_request(int socket, struct ipc_request_header *ret, int *ret_fd) {
        struct ipc_request_header h;
        /* One byte more than a header, so that a longer packet shows. */
        char extra;
        struct iovec parts[] = {{.iov_base = &h, .iov_len = sizeof(h)}, {.iov_base = &extra, .iov_len = 1}};
        union descriptors control;
        struct msghdr m = {
                .msg_iov = parts,
                .msg_iovlen = ELEMENTSOF(parts),
                .msg_control = &control,
                .msg_controllen = sizeof(control.space),
        };
        ssize_t n = receive_packet(socket, &m, MSG_CMSG_CLOEXEC);
        if (n < 0)
                return (int) n;
        int fd;
        unsigned fds = take_descriptors(&m, &fd);
        if (n == 0 && fds == 0)
                return 0;
        if (n != (ssize_t) sizeof(h) || (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || fds > 1 || !request_valid(&h)) {
                if (fd >= 0)
                        (void) close(fd);
                return -EBADMSG;
        }
        *ret = h;
        *ret_fd = fd;
        return 1;
}

/* What each kind of reply may carry; everything else is refused before anyone looks at the payload. */
static bool reply_valid(const struct ipc_reply_header *h, size_t payload) {
        if (h->version != IPC_VERSION || h->reserved != 0 || h->payload != payload || payload > OBSERVATION_SIZE_MAX)
                return false;
        switch (h->type) {
        case IPC_OBSERVATION:
                return payload > 0 && h->complete <= 1;
        case IPC_OBSERVATION_DONE:
                return payload > 0 && h->status == 0;
        case IPC_INSTANCES:
                return payload > 0 && payload % sizeof(struct ipc_instance) == 0;
        case IPC_BEGIN:
                return payload == 0 && h->offset >= 0 && h->end >= h->offset;
        case IPC_DONE:
                /* 4095 is the largest errno the kernel knows how to return. */
                return payload == 0 && h->status <= 0 && h->status >= -4095;
        default:
                return false;
        }
}

int ipc_receive_reply(int socket, struct ipc_reply_header *ret, void *buffer, size_t size) {
        struct ipc_reply_header h;
        struct iovec parts[] = {{.iov_base = &h, .iov_len = sizeof(h)}, {.iov_base = buffer, .iov_len = size}};
        /* No room for control data: the kernel then drops descriptors before they reach this process. */
        struct msghdr m = {.msg_iov = parts, .msg_iovlen = ELEMENTSOF(parts)};
        ssize_t n = receive_packet(socket, &m, MSG_DONTWAIT);
        if (n <= 0)
                return (int) n;
        if ((size_t) n < sizeof(h) || (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || !reply_valid(&h, (size_t) n - sizeof(h)))
                return -EBADMSG;
        *ret = h;
        return 1;
}
