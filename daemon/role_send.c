/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/role_send.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/sandbox.h"
#include "daemon/secret.h"
#include "daemon/smtp.h"
#include "parsers/limits.h"

/* A remote, two addresses. */
#define SEND_ARENA_MAX ((size_t) 64 * 1024)

struct order {
        struct arena *arena;
        struct remote remote;
        struct smtp_job job;
        char *mail;
        int mail_fd;
};

/* --- the order --- */

static int receive_packet(char *packet, size_t *ret_size, int *ret_fd) {
        union {
                struct cmsghdr header;
                char room[CMSG_SPACE(sizeof(int))];
        } control;
        struct iovec v = {.iov_base = packet, .iov_len = SEND_PACKET_MAX};
        struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
        ssize_t n;
        while ((n = recvmsg(ROLE_SOCKET, &m, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
                ;
        if (n < 0)
                return -errno;
        const struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        if (n == 0 || (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || !c || c->cmsg_level != SOL_SOCKET ||
            c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof(int)))
                return -EBADMSG;
        memcpy(ret_fd, CMSG_DATA(c), sizeof(int));
        *ret_size = (size_t) n;
        return 0;
}

static int read_mail(struct order *o) {
        struct stat st;
        if (fstat(o->mail_fd, &st) < 0)
                return -errno;
        if (st.st_size < 0 || (uint64_t) st.st_size > SEND_MAIL_MAX)
                return -E2BIG;
        size_t size = (size_t) st.st_size;
        o->mail = malloc(size + 1);
        if (!o->mail)
                return -ENOMEM;
        for (size_t at = 0; at < size;) {
                ssize_t n = pread(o->mail_fd, o->mail + at, size - at, (off_t) at);
                if (n <= 0)
                        return n < 0 ? -errno : -EBADMSG;
                at += (size_t) n;
        }
        o->job.mail = o->mail;
        o->job.size = size;
        (void) close(o->mail_fd);
        o->mail_fd = -1;
        return 0;
}

static int read_order(struct order *o, const char *packet, size_t size) {
        struct wire w = {.data = packet, .size = size};
        if (wire_number(&w) != SEND_WIRE_VERSION)
                return -EBADMSG;
        o->job.command_usec = wire_number(&w);
        o->job.final_usec = wire_number(&w);
        o->job.only_try = wire_number(&w) != 0;
        wire_remote(&w, o->arena, &o->remote);
        o->job.from = wire_text(&w, o->arena, ADDRESS_MAX);
        o->job.recipient = wire_text(&w, o->arena, ADDRESS_MAX);
        size_t n;
        const char *secret = wire_bytes(&w, &n);
        if (w.bad || w.size > 0 || n > SECRET_SIZE_MAX || !o->job.from || !o->job.recipient ||
            !smtp_address_valid(o->job.from) || !smtp_address_valid(o->job.recipient))
                return -EBADMSG;
        o->job.remote = &o->remote;
        if (!secret)
                return 0;
        o->job.secret = calloc(1, n + 1);
        if (!o->job.secret)
                return -ENOMEM;
        memcpy(o->job.secret, secret, n);
        o->job.secret_size = n;
        return 0;
}

static int receive_order(struct order *o) {
        char *packet = calloc(1, SEND_PACKET_MAX);
        size_t size = 0;
        int r = packet ? arena_new(SEND_ARENA_MAX, &o->arena) : -ENOMEM;
        if (r >= 0)
                r = receive_packet(packet, &size, &o->mail_fd);
        if (r >= 0)
                r = read_order(o, packet, size);
        /* The secret lay in it. */
        secret_free(packet, packet ? SEND_PACKET_MAX : 0);
        return r < 0 ? r : read_mail(o);
}

/* --- what the core hears --- */

static int say(const struct buf *b) {
        if (b->error < 0)
                return b->error;
        ssize_t n;
        while ((n = send(ROLE_SOCKET, b->data, b->size, MSG_NOSIGNAL)) < 0 && errno == EINTR)
                ;
        return n < 0 ? -errno : 0;
}

/* The core says "go" when it has written down that the mail may arrive; it hangs up when it must not. */
static int wait_for_go(uint64_t usec) {
        char byte;
        struct pollfd p = {.fd = ROLE_SOCKET, .events = POLLIN};
        int n = poll(&p, 1, (int) MIN(usec / 1000, (uint64_t) INT32_MAX));
        if (n <= 0)
                return n < 0 ? -errno : -ETIMEDOUT;
        return recv(ROLE_SOCKET, &byte, 1, MSG_DONTWAIT) == 1 ? 0 : -EPIPE;
}

static int on_stage(enum send_stage stage, void *userdata) {
        const struct order *o = userdata;
        _cleanup_buf_ struct buf b = {0};
        wire_put_number(&b, SEND_WORD_STAGE);
        wire_put_number(&b, stage);
        int r = say(&b);
        return r < 0 || stage != SEND_ACCEPTED_UNKNOWN ? r : wait_for_go(o->job.command_usec);
}

static int say_outcome(const struct smtp_outcome *outcome) {
        _cleanup_buf_ struct buf b = {0};
        wire_put_number(&b, SEND_WORD_OUTCOME);
        wire_put_number(&b, outcome->stage);
        wire_put_number(&b, (uint64_t) outcome->code);
        wire_put_number(&b, outcome->permanent);
        wire_put_number(&b, outcome->configuration);
        wire_put(&b, outcome->text);
        return say(&b);
}

/* --- the role --- */

static void send_one(struct order *o, struct smtp_outcome *outcome) {
        struct connection *c = NULL;
        int r = connection_new(&o->remote, &c);
        if (r < 0) {
                *outcome = (struct smtp_outcome){.stage = SEND_TLS, .configuration = true};
                (void) snprintf(outcome->text, sizeof(outcome->text), "%s", c ? connection_error(c) : "out of memory");
        } else if ((r = sandbox_network(&o->remote.port, 1)) < 0) {
                *outcome = (struct smtp_outcome){.stage = SEND_START};
                (void) snprintf(outcome->text, sizeof(outcome->text), "the send role cannot lock itself in: %s",
                                strerror(-r));
        } else {
                o->job.stage = on_stage;
                o->job.userdata = o;
                smtp_send(c, &o->job, outcome);
        }
        connection_free(c);
}

int role_send(void) {
        struct order o = {.mail_fd = -1};
        struct smtp_outcome outcome;
        (void) signal(SIGPIPE, SIG_IGN);
        int r = receive_order(&o);
        if (r >= 0) {
                send_one(&o, &outcome);
                r = say_outcome(&outcome);
        } else
                log_errno(r, "The send role did not understand what to do");
        secret_free(o.job.secret, o.job.secret_size);
        free(o.mail);
        arena_free(o.arena);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
