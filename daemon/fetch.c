/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/fetch.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "parsers/utf8.h"

/* Packets for a role that is busy with the network: the ETags of a large calendar. More means that it does not listen at all. */
#define QUEUE_BYTES_MAX ((size_t) 64 * 1024 * 1024)

/* What a packet begins with; the strings follow, each with its NUL. */
struct packet_header {
        uint32_t version, type, flags;
        int32_t status;
        int64_t size, date, number, total;
        uint32_t lengths[FETCH_STRINGS]; /* 0: absent */
        uint32_t reserved;
};

union descriptor {
        struct cmsghdr header; /* for alignment */
        char space[CMSG_SPACE(sizeof(int))];
};

struct fetch_record fetch_record_of(enum fetch_type type) {
        return (struct fetch_record){.type = type, .date = INSTANT_UNKNOWN, .fd = -1};
}

struct fetch_record fetch_record_of_account(enum fetch_kind kind, const struct remote *remote, const char *secret) {
        struct fetch_record r = fetch_record_of(FETCH_ACCOUNT);
        r.status = (int32_t) kind;
        r.number = remote->port;
        r.flags = (uint32_t) remote->tls | (uint32_t) remote->auth << 8;
        r.url = remote->url;
        r.user = remote->user;
        r.host = remote->host;
        r.path = remote->path;
        r.ca = remote->ca;
        r.fingerprint = remote->fingerprint;
        r.secret = secret;
        return r;
}

/* --- writing --- */

static size_t string_max(enum fetch_type type, size_t i) {
        if (type == FETCH_ACCOUNT)
                return i == FETCH_STRINGS - 1 ? FETCH_SECRET_MAX : FETCH_STRING_MAX;
        return i == 3 ? FETCH_TEXT_MAX : FETCH_STRING_MAX;
}

static size_t string_count(enum fetch_type type) {
        return type == FETCH_ACCOUNT ? FETCH_STRINGS : 4;
}

static int encode(const struct fetch_record *r, struct buf *out) {
        struct packet_header h = {
                .version = FETCH_VERSION,
                .type = (uint32_t) r->type,
                .flags = r->flags,
                .status = r->status,
                .size = r->size,
                .date = r->date,
                .number = r->number,
                .total = r->total,
        };
        for (size_t i = 0; i < string_count(r->type); i++) {
                size_t n = r->strings[i] ? strlen(r->strings[i]) : 0;
                if (n > string_max(r->type, i))
                        return -E2BIG;
                h.lengths[i] = r->strings[i] ? (uint32_t) n + 1 : 0;
        }
        int e = buf_add(out, &h, sizeof(h));
        for (size_t i = 0; i < string_count(r->type) && e >= 0; i++)
                if (h.lengths[i] > 0)
                        e = buf_add(out, r->strings[i], h.lengths[i]);
        return e < 0 ? e : out->size > FETCH_PACKET_MAX ? -E2BIG : 0;
}

static int send_packet(int socket, const void *data, size_t size, int fd, bool wait) {
        struct iovec part = {.iov_base = (void *) data, .iov_len = size};
        union descriptor control = {0};
        struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
        if (fd >= 0) {
                m.msg_control = &control;
                m.msg_controllen = sizeof(control.space);
                struct cmsghdr *c = CMSG_FIRSTHDR(&m);
                c->cmsg_level = SOL_SOCKET;
                c->cmsg_type = SCM_RIGHTS;
                c->cmsg_len = CMSG_LEN(sizeof(fd));
                memcpy(CMSG_DATA(c), &fd, sizeof(fd));
        }
        for (;;) {
                if (sendmsg(socket, &m, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT)) >= 0)
                        return 0;
                if (errno != EINTR)
                        return -errno;
        }
}

int fetch_transmit(int socket, const struct fetch_record *record, bool wait) {
        _cleanup_buf_ struct buf packet = {0};
        int e = encode(record, &packet);
        if (e >= 0)
                e = send_packet(socket, packet.data, packet.size, record->fd, wait);
        if (record->type == FETCH_ACCOUNT && packet.data)
                explicit_bzero(packet.data, packet.size);
        return e;
}

/* --- reading --- */

static bool type_valid(uint32_t type, bool from_role) {
        return from_role ? type >= FETCH_READY && type < _FETCH_FROM_ROLE_END
                         : type >= FETCH_ACCOUNT && type < _FETCH_FROM_CORE_END;
}

/* What each record must have to mean anything. */
static bool record_valid(const struct fetch_record *r) {
        bool known_date = r->date == INSTANT_UNKNOWN || (r->date >= INSTANT_MIN && r->date <= INSTANT_MAX);
        if (!known_date || r->size < 0 || r->number < 0 || r->total < -1 || (r->fd >= 0 && r->type != FETCH_ITEM))
                return false;
        switch (r->type) {
        case FETCH_ACCOUNT:
                return r->status > 0 && r->status < _FETCH_KIND_MAX && r->host && r->number <= UINT16_MAX;
        case FETCH_ITEM:
                /* 4095 is the largest errno there is. */
                return r->folder && r->name && r->size <= UINT32_MAX && r->number <= UINT32_MAX && r->status <= 0 &&
                       r->status >= -4095 && (r->status == 0) == (r->fd >= 0);
        case FETCH_FOLDER:
                return r->folder && r->name;
        case FETCH_AT:
        case FETCH_GONE:
                return r->folder;
        case FETCH_STATE:
                return r->folder && r->text;
        case FETCH_TROUBLE:
                return r->text;
        case FETCH_DONE:
                return r->status >= 0 && r->status < _FETCH_END_MAX && (r->status == FETCH_END_DONE || r->text);
        case FETCH_KNOWN:
                return r->name;
        default:
                return true;
        }
}

/* Sealed, so that nobody changes the bytes while they are read; only a memfd can be, so that it is no pipe or device either. */
static bool descriptor_valid(int fd) {
        const int wanted = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
        int seals = fcntl(fd, F_GET_SEALS);
        return seals >= 0 && (seals & wanted) == wanted;
}

static bool decode(char *data, size_t size, bool from_role, struct fetch_record *ret) {
        struct packet_header h;
        if (size < sizeof(h))
                return false;
        memcpy(&h, data, sizeof(h));
        if (h.version != FETCH_VERSION || h.reserved != 0 || !type_valid(h.type, from_role))
                return false;
        ret->type = (enum fetch_type) h.type;
        ret->flags = h.flags;
        ret->status = h.status;
        ret->size = h.size;
        ret->date = h.date;
        ret->number = h.number;
        ret->total = h.total;
        char *p = data + sizeof(h);
        size -= sizeof(h);
        for (size_t i = 0; i < FETCH_STRINGS; i++) {
                size_t n = h.lengths[i];
                if (n == 0)
                        continue;
                if (i >= string_count(ret->type) || n > size || n > string_max(ret->type, i) + 1 || strnlen(p, n) != n - 1)
                        return false;
                ret->strings[i] = p;
                p += n;
                size -= n;
        }
        return size == 0 && record_valid(ret);
}

/* *ret: the one that came along, or -1. False: there were more. The kernel drops what there is no room for, but the padding of a place for one has room for
 * two: whoever is not looked at would stay open for ever. */
static bool take_descriptor(struct msghdr *m, int *ret) {
        bool one = true;
        *ret = -1;
        for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
                size_t n = c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS
                                   ? (c->cmsg_len - CMSG_LEN(0)) / sizeof(int)
                                   : 0;
                for (size_t i = 0; i < n; i++) {
                        int fd;
                        memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
                        if (*ret < 0)
                                *ret = fd;
                        else {
                                (void) close(fd);
                                one = false;
                        }
                }
        }
        return one;
}

int fetch_receive(int socket, bool from_role, bool wait, char *buffer, struct fetch_record *ret) {
        struct iovec part = {.iov_base = buffer, .iov_len = FETCH_PACKET_MAX};
        union descriptor control;
        struct msghdr m = {
                .msg_iov = &part,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control.space),
        };
        ssize_t n;
        /* A role that ends before it has read all that was said to it: the kernel tells of that before the role's last words, and once. They count. */
        bool reset = false, again;
        do {
                n = recvmsg(socket, &m, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
                again = n < 0 && (errno == EINTR || (errno == ECONNRESET && !reset));
                reset = reset || (n < 0 && errno == ECONNRESET);
        } while (again);
        if (n < 0)
                return errno == ECONNRESET ? 0 : -errno;
        struct fetch_record r = fetch_record_of(FETCH_MORE);
        bool one = take_descriptor(&m, &r.fd);
        if (n == 0 && r.fd < 0)
                return 0;
        if (!one || (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || !decode(buffer, (size_t) n, from_role, &r) ||
            (r.fd >= 0 && !descriptor_valid(r.fd))) {
                if (r.fd >= 0)
                        (void) close(r.fd);
                return -EBADMSG;
        }
        *ret = r;
        return 1;
}

char *fetcher_clean(const char *said, char *out, size_t room) {
        size_t n = 0;
        for (; said && *said && n + 1 < room; said++) {
                /* Control characters could move a terminal's cursor or make a second line of a log. */
                bool blank = (unsigned char) *said < 0x20 || *said == 0x7f;
                if (!blank || (n > 0 && out[n - 1] != ' '))
                        out[n++] = blank ? ' ' : *said;
        }
        while (n > 0 && out[n - 1] == ' ')
                n--;
        out[n] = 0;
        (void) utf8_clean_line(out, n);
        return out;
}

/* --- the core's end --- */

struct packet {
        struct packet *next;
        size_t size;
        char data[];
};

struct fetch {
        struct process process;
        int out; /* its socket once more, for waiting until there is room */
        sd_event_source *in_source, *out_source;
        struct packet *first, **end; /* waiting for room */
        size_t queued;
        char *buffer;
        void (*ready)(void *userdata);
        void *userdata;
};

static int on_readable(sd_event_source *s, int fd, uint32_t revents, void *userdata) {
        struct fetch *f = userdata;
        (void) s;
        (void) fd;
        (void) revents;
        f->ready(f->userdata);
        return 0;
}

static void drop_first(struct fetch *f) {
        struct packet *p = f->first;
        f->first = p->next;
        if (!f->first)
                f->end = &f->first;
        f->queued -= p->size;
        explicit_bzero(p->data, p->size);
        free(p);
}

static int on_writable(sd_event_source *s, int fd, uint32_t revents, void *userdata) {
        struct fetch *f = userdata;
        (void) fd;
        (void) revents;
        while (f->first) {
                int e = send_packet(f->out, f->first->data, f->first->size, -1, false);
                if (e == -EAGAIN)
                        return sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
                /* Gone: fetch_next() tells, after its last words. */
                drop_first(f);
        }
        return 0;
}

int fetch_start(sd_event *event, const char *program, const struct fetch_record *account, void (*ready)(void *userdata),
                void *userdata, struct fetch **ret) {
        struct fetch *f = calloc(1, sizeof(*f));
        if (!f)
                return -ENOMEM;
        f->process = PROCESS_NONE;
        f->out = -1;
        f->end = &f->first;
        f->ready = ready;
        f->userdata = userdata;
        f->buffer = malloc(FETCH_PACKET_MAX);
        int e = f->buffer ? process_start(program, "fetch", &f->process) : -ENOMEM;
        if (e >= 0 && (f->out = fcntl(f->process.socket, F_DUPFD_CLOEXEC, 0)) < 0)
                e = -errno;
        if (e >= 0)
                e = sd_event_add_io(event, &f->in_source, f->process.socket, EPOLLIN, on_readable, f);
        if (e >= 0)
                e = sd_event_source_set_enabled(f->in_source, SD_EVENT_OFF);
        if (e >= 0)
                e = sd_event_add_io(event, &f->out_source, f->out, EPOLLOUT, on_writable, f);
        if (e >= 0)
                e = sd_event_source_set_enabled(f->out_source, SD_EVENT_OFF);
        if (e >= 0)
                e = fetch_send(f, account);
        if (e < 0) {
                fetch_free(f);
                return e;
        }
        *ret = f;
        return 0;
}

struct fetch *fetch_free(struct fetch *f) {
        if (!f)
                return NULL;
        (void) sd_event_source_disable_unref(f->in_source);
        (void) sd_event_source_disable_unref(f->out_source);
        if (f->out >= 0)
                (void) close(f->out);
        process_end(&f->process);
        while (f->first)
                drop_first(f);
        free(f->buffer);
        free(f);
        return NULL;
}

int fetch_send(struct fetch *f, const struct fetch_record *record) {
        _cleanup_buf_ struct buf packet = {0};
        int e = encode(record, &packet);
        if (e < 0)
                return e;
        e = f->first ? -EAGAIN : send_packet(f->process.socket, packet.data, packet.size, -1, false);
        if (e == -EAGAIN || e == -ENOBUFS) {
                struct packet *p = f->queued + packet.size <= QUEUE_BYTES_MAX ? malloc(sizeof(*p) + packet.size) : NULL;
                e = p ? 0 : -ENOBUFS;
                if (p) {
                        p->next = NULL;
                        p->size = packet.size;
                        memcpy(p->data, packet.data, packet.size);
                        *f->end = p;
                        f->end = &p->next;
                        f->queued += p->size;
                        e = sd_event_source_set_enabled(f->out_source, SD_EVENT_ONESHOT);
                }
        }
        if (record->type == FETCH_ACCOUNT)
                explicit_bzero(packet.data, packet.size);
        /* Gone: fetch_next() tells, after its last words. */
        return e == -EPIPE || e == -ECONNRESET ? 0 : e;
}

int fetch_next(struct fetch *f, struct fetch_record *ret) {
        int e = fetch_receive(f->process.socket, true, false, f->buffer, ret);
        if (e == -EAGAIN) {
                int armed = sd_event_source_set_enabled(f->in_source, SD_EVENT_ONESHOT);
                return armed < 0 ? armed : -EAGAIN;
        }
        return e;
}

void fetch_listen(struct fetch *f) {
        (void) sd_event_source_set_enabled(f->in_source, SD_EVENT_ONESHOT);
}
