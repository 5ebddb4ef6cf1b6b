/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/ipc.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

union descriptors {
        struct cmsghdr header; /* for alignment */
        char space[CMSG_SPACE(IPC_BATCH_MAX * sizeof(int))];
};

static int send_packet(int socket, const struct msghdr *m, int flags) {
        for (;;) {
                if (sendmsg(socket, m, flags | MSG_NOSIGNAL) >= 0)
                        return 0;
                if (errno != EINTR)
                        return -errno;
        }
}

int ipc_send_requests(int socket, const struct ipc_request_header *h, const int *fds, size_t n) {
        struct iovec part = {.iov_base = (void *) h, .iov_len = n * sizeof(*h)};
        union descriptors control = {0};
        struct msghdr m = {
                .msg_iov = &part,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = CMSG_SPACE(n * sizeof(*fds)),
        };
        if (n == 0 || n > IPC_BATCH_MAX)
                return -EINVAL;
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(n * sizeof(*fds));
        memcpy(CMSG_DATA(c), fds, n * sizeof(*fds));
        /* The core must never wait for a parse role. */
        return send_packet(socket, &m, MSG_DONTWAIT);
}

int ipc_add_reply(struct buf *packet, const struct ipc_reply_header *h, const void *payload) {
        if (sizeof(*h) + h->payload > IPC_PACKET_MAX - packet->size)
                return -E2BIG;
        int e = buf_add(packet, h, sizeof(*h));
        return e < 0 || h->payload == 0 ? e : buf_add(packet, payload, h->payload);
}

int ipc_send_replies(int socket, struct buf *packet) {
        struct iovec part = {.iov_base = packet->data, .iov_len = packet->size};
        const struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
        if (packet->size == 0)
                return 0;
        int e = send_packet(socket, &m, 0);
        buf_reset(packet);
        return e;
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

static void close_all(const int *fds, size_t n) {
        for (size_t i = 0; i < n; i++)
                (void) close(fds[i]);
}

/* The descriptors of the control data. What is more than there is room for never gets that far: the kernel drops it and says so. */
static size_t take_descriptors(struct msghdr *m, int fds[static IPC_BATCH_MAX]) {
        size_t n = 0;
        for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
                if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
                        continue;
                size_t bytes = MIN(c->cmsg_len - CMSG_LEN(0), (IPC_BATCH_MAX - n) * sizeof(int));
                memcpy(fds + n, CMSG_DATA(c), bytes);
                n += bytes / sizeof(int);
        }
        return n;
}

static bool request_valid(const struct ipc_request_header *h) {
        const uint32_t known = IPC_WANT_QUOTED_TEXT | IPC_GZIP | IPC_MBOX_UNQUOTE | IPC_RESUME_AFTER | IPC_ANSWER_AT_ONCE;
        return h->version == IPC_VERSION && h->type >= IPC_MESSAGE && h->type <= IPC_EXPAND && (h->flags & ~known) == 0 &&
               h->serial != 0 && h->offset >= 0 && h->size >= -1 && (h->size < 0 || h->offset <= INT64_MAX - h->size);
}

static bool requests_valid(const struct ipc_request_header *h, size_t bytes, size_t n) {
        if (n == 0 || bytes != n * sizeof(*h))
                return false;
        for (size_t i = 0; i < n; i++)
                if (!request_valid(h + i))
                        return false;
        return true;
}

int ipc_receive_requests(int socket, bool wait, struct ipc_request_header *ret, int *ret_fds, size_t *ret_n) {
        struct iovec part = {.iov_base = ret, .iov_len = IPC_BATCH_MAX * sizeof(*ret)};
        union descriptors control;
        struct msghdr m = {
                .msg_iov = &part,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control.space),
        };
        ssize_t bytes = receive_packet(socket, &m, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
        if (bytes < 0)
                return (int) bytes;
        size_t n = take_descriptors(&m, ret_fds);
        if (bytes == 0 && n == 0)
                return 0;
        if ((m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || !requests_valid(ret, (size_t) bytes, n)) {
                close_all(ret_fds, n);
                return -EBADMSG;
        }
        *ret_n = n;
        return 1;
}

/* What each kind of reply may carry; everything else is refused before anyone looks at the payload. */
static bool reply_valid(const struct ipc_reply_header *h) {
        uint32_t payload = h->payload;
        if (h->version != IPC_VERSION || h->reserved != 0 || payload > OBSERVATION_SIZE_MAX)
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

int ipc_receive_replies(int socket, void *buffer, struct ipc_packet *ret) {
        struct iovec part = {.iov_base = buffer, .iov_len = IPC_PACKET_MAX};
        /* No room for control data: the kernel then drops descriptors before they reach this process. */
        struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
        ssize_t n = receive_packet(socket, &m, MSG_DONTWAIT);
        if (n <= 0)
                return (int) n;
        if (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
                return -EBADMSG;
        *ret = (struct ipc_packet){buffer, (size_t) n};
        return 1;
}

int ipc_next_reply(struct ipc_packet *packet, struct ipc_reply_header *ret, const void **ret_payload) {
        struct ipc_reply_header h;
        if (packet->size == 0)
                return 0;
        if (packet->size < sizeof(h))
                return -EBADMSG;
        memcpy(&h, packet->data, sizeof(h));
        if (!reply_valid(&h) || h.payload > packet->size - sizeof(h))
                return -EBADMSG;
        *ret = h;
        *ret_payload = packet->data + sizeof(h);
        packet->data += sizeof(h) + h.payload;
        packet->size -= sizeof(h) + h.payload;
        return 1;
}
