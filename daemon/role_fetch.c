/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/role_fetch.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "daemon/fetch_dav.h"
#include "daemon/imap.h"
#include "daemon/sandbox.h"

#define SENTENCE_MAX 1000U
/* So much of a secret is recognized where the rest of it was cut off. */
#define SECRET_BEGINNING_MIN 4

struct fetcher {
        char *buffer;                 /* FETCH_PACKET_MAX: the record at hand */
        struct fetch_account account; /* its strings lie in account_storage */
        char *account_storage;        /* owned */
        size_t account_size;
        int64_t items, bytes; /* in flight */
        uint32_t flags;       /* of the READ at hand */
        int64_t pulse;        /* the same */
        bool ended;
        enum fetch_end end;
        int64_t patience;
        char why[SENTENCE_MAX];
};

static const struct fetch_driver *const drivers[] = {&fetch_imap, &fetch_caldav, &fetch_webcal};

int fetcher_socket(const struct fetcher *f) {
        (void) f;
        return FETCH_SOCKET;
}

int fetcher_tell(struct fetcher *f, const struct fetch_record *record) {
        (void) f;
        return fetch_transmit(FETCH_SOCKET, record, true);
}

/* One record. MORE is taken note of here. 0, or a negative errno: -ESHUTDOWN when the core is gone; -EAGAIN, when not to wait. */
static int take_record_now(struct fetcher *f, bool wait, struct fetch_record *ret) {
        int e = fetch_receive(FETCH_SOCKET, false, wait, f->buffer, ret);
        if (e <= 0)
                return e == 0 ? -ESHUTDOWN : e;
        if (ret->type == FETCH_MORE) {
                f->items -= MIN(ret->number, f->items);
                f->bytes -= MIN(ret->size, f->bytes);
        }
        return 0;
}

static int take_record(struct fetcher *f, struct fetch_record *ret) {
        return take_record_now(f, true, ret);
}

/* The next record that is not about room. */
static int next_record(struct fetcher *f, struct fetch_record *ret) {
        int e;
        do
                e = take_record(f, ret);
        while (e >= 0 && ret->type == FETCH_MORE);
        return e;
}

/* --- folders --- */

void fetch_answer_done(struct fetch_answer *a) {
        free(a->known);
        free(a->storage);
        *a = (struct fetch_answer){0};
}

/* Strings go into one buffer that moves while it grows: pointers are made at the end. */
struct answer_builder {
        struct buf strings, known; /* known: of struct known_offsets */
};

struct known_offsets {
        size_t name, tag;
        bool has_tag, avoid;
};

static size_t keep_string(struct buf *b, const char *s) {
        size_t at = b->size;
        (void) buf_add(b, s, strlen(s) + 1);
        return at;
}

static int keep_known(struct answer_builder *b, const struct fetch_record *r) {
        struct known_offsets k = {.name = keep_string(&b->strings, r->name), .avoid = r->flags & FETCH_AVOID};
        if (r->tag) {
                k.tag = keep_string(&b->strings, r->tag);
                k.has_tag = true;
        }
        return buf_add(&b->known, &k, sizeof(k));
}

static int finish_answer(struct answer_builder *b, const struct fetch_record *r, struct fetch_answer *ret) {
        size_t state = r->text ? keep_string(&b->strings, r->text) : 0;
        size_t n = b->known.size / sizeof(struct known_offsets);
        struct fetch_answer a = {.wanted = r->status == FETCH_WANTED, .left_out = r->status == FETCH_LEFT_OUT, .n_known = n};
        if (b->strings.error < 0 || b->known.error < 0)
                return -ENOMEM;
        if (n > 0 && !(a.known = calloc(n, sizeof(*a.known))))
                return -ENOMEM;
        char *base = b->strings.data;
        for (size_t i = 0; i < n; i++) {
                struct known_offsets k;
                memcpy(&k, b->known.data + i * sizeof(k), sizeof(k));
                a.known[i] = (struct fetch_known){base + k.name, k.has_tag ? base + k.tag : NULL, k.avoid};
        }
        a.state = r->text ? base + state : NULL;
        a.storage = TAKE_PTR(b->strings.data);
        b->strings = (struct buf){0};
        *ret = a;
        return 0;
}

int fetcher_folder(struct fetcher *f, struct fetch_record *folder, struct fetch_answer *ret) {
        struct answer_builder b = {0};
        struct fetch_record r;
        folder->type = FETCH_FOLDER;
        int e = fetcher_tell(f, folder);
        while (e >= 0 && (e = next_record(f, &r)) >= 0) {
                if (r.type == FETCH_KNOWN)
                        e = keep_known(&b, &r);
                else {
                        e = r.type == FETCH_ANSWER ? finish_answer(&b, &r, ret) : -EPROTO;
                        break;
                }
        }
        buf_free(&b.strings);
        buf_free(&b.known);
        return e;
}

/* --- items --- */

int fetcher_file(void) {
        int fd = memfd_create("item", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        return fd < 0 ? -errno : fd;
}

int fetcher_write(int fd, const void *data, size_t size) {
        const char *p = data;
        while (size > 0) {
                ssize_t n = write(fd, p, size);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -EIO;
                p += n;
                size -= (size_t) n;
        }
        return 0;
}

static int wait_for_room(struct fetcher *f, int64_t size) {
        while (f->items >= FETCH_ITEMS_IN_FLIGHT || (f->items > 0 && f->bytes + size > FETCH_BYTES_IN_FLIGHT)) {
                struct fetch_record r;
                int e = take_record(f, &r);
                if (e < 0)
                        return e;
                if (r.type != FETCH_MORE)
                        return -EPROTO; /* nothing else is due now */
        }
        return 0;
}

int fetcher_item(struct fetcher *f, struct fetch_record *item) {
        off_t held = item->fd >= 0 ? lseek(item->fd, 0, SEEK_END) : 0;
        item->type = FETCH_ITEM;
        int e = held < 0 ? -errno : 0;
        if (e >= 0 && item->fd >= 0 &&
            fcntl(item->fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
                e = -errno;
        item->number = held;
        if (e >= 0)
                e = wait_for_room(f, held);
        if (e >= 0)
                e = fetcher_tell(f, item);
        if (e >= 0) {
                f->items++;
                f->bytes += held;
        }
        if (item->fd >= 0)
                (void) close(item->fd);
        item->fd = -1;
        return e;
}

/* --- sentences --- */

/* Some servers repeat what they refuse. What was cut off at the end may be the beginning of it. */
static void hide_secret(const struct fetcher *f, char *text) {
        const char *secret = f->account.secret;
        size_t n = secret ? strlen(secret) : 0;
        char *end = text + strlen(text);
        for (char *p = text; n > 0 && *p; p++) {
                bool cut_off = (size_t) (end - p) < n && end - p >= SECRET_BEGINNING_MIN &&
                               memcmp(p, secret, (size_t) (end - p)) == 0;
                if (cut_off || strncmp(p, secret, n) == 0)
                        memset(p, '*', MIN(n, (size_t) (end - p)));
        }
}

int fetcher_trouble(struct fetcher *f, const char *format, ...) {
        char text[SENTENCE_MAX];
        struct fetch_record r = fetch_record_of(FETCH_TROUBLE);
        va_list ap;
        va_start(ap, format);
        (void) vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        hide_secret(f, text);
        r.text = text;
        return fetcher_tell(f, &r);
}

int fetcher_end(struct fetcher *f, enum fetch_end end, const char *format, ...) {
        if (!f->ended) {
                va_list ap;
                va_start(ap, format);
                (void) vsnprintf(f->why, sizeof(f->why), format, ap);
                va_end(ap);
                hide_secret(f, f->why);
                f->ended = true;
                f->end = end;
        }
        return -ECONNABORTED;
}

void fetcher_ask_patience(struct fetcher *f, int64_t seconds) {
        f->patience = MAX(seconds, INT64_C(0));
}

int64_t fetcher_pulse(const struct fetcher *f, int64_t usual) {
        return f->pulse > 0 ? f->pulse : usual;
}

static int tell_end(struct fetcher *f, int error) {
        struct fetch_record r = fetch_record_of(FETCH_DONE);
        if (error < 0 && !f->ended)
                (void) fetcher_end(f, FETCH_END_LOST, "reading failed: %s", strerror(-error));
        r.status = f->ended ? (int32_t) f->end : FETCH_END_DONE;
        r.text = f->ended ? f->why : NULL;
        r.number = f->patience;
        return fetcher_tell(f, &r);
}

/* --- the process --- */

static const struct fetch_driver *driver_of(enum fetch_kind kind) {
        for (size_t i = 0; i < ELEMENTSOF(drivers); i++)
                if (drivers[i]->kind == kind)
                        return drivers[i];
        return NULL;
}

static void account_of(const struct fetch_record *r, struct fetch_account *ret) {
        *ret = (struct fetch_account){
                .kind = (enum fetch_kind) r->status,
                .secret = r->secret,
                .remote = {.url = r->url,
                           .user = r->user,
                           .host = r->host,
                           .path = r->path,
                           .ca = r->ca,
                           .fingerprint = r->fingerprint,
                           .port = (uint16_t) r->number,
                           .tls = (enum remote_tls)(r->flags & 0xff),
                           .auth = (enum auth_mechanism)(r->flags >> 8)},
        };
}

/* The secret leaves the buffer in which it came. */
static int take_account(struct fetcher *f) {
        struct fetch_record r;
        int e = fetch_receive(FETCH_SOCKET, false, true, f->buffer, &r);
        if (e <= 0)
                return -ESHUTDOWN;
        if (r.type != FETCH_ACCOUNT)
                return -EPROTO;
        for (size_t i = 0; i < FETCH_STRINGS; i++)
                f->account_size += r.strings[i] ? strlen(r.strings[i]) + 1 : 0;
        f->account_storage = malloc(f->account_size);
        char *p = f->account_storage;
        for (size_t i = 0; i < FETCH_STRINGS && p; i++) {
                if (!r.strings[i])
                        continue;
                size_t n = strlen(r.strings[i]) + 1;
                memcpy(p, r.strings[i], n);
                r.strings[i] = p;
                p += n;
        }
        explicit_bzero(f->buffer, FETCH_PACKET_MAX);
        if (!p)
                return -ENOMEM;
        account_of(&r, &f->account);
        return 0;
}

static int take_read(struct fetcher *f, const struct fetch_record *r) {
        if (r->type != FETCH_READ)
                return -EPROTO;
        f->flags = r->flags;
        f->pulse = r->number;
        return 0;
}

static int next_read(struct fetcher *f) {
        struct fetch_record r;
        int e = next_record(f, &r);
        return e < 0 ? e : take_read(f, &r);
}

/* Until the core wants another reading. That there is room again, which may be told late, is no reason to be deaf from then on. */
static int watch(struct fetcher *f, const struct fetch_driver *d, void *session) {
        bool listens = f->flags & FETCH_WATCH && d->watch;
        struct fetch_record r;
        for (;;) {
                int e = take_record_now(f, !listens, &r);
                if (e >= 0 && r.type == FETCH_MORE)
                        continue;
                if (e != -EAGAIN)
                        return e < 0 ? e : take_read(f, &r);
                e = d->watch(session, f);
                if (e < 0)
                        return e;
                /* The driver may have found nothing to wait for: it is asked again when the core has said something. */
                if (e == 0) {
                        if ((e = take_record(f, &r)) < 0)
                                return e;
                        if (r.type != FETCH_MORE)
                                return take_read(f, &r);
                        continue;
                }
                const struct fetch_record changed = fetch_record_of(FETCH_CHANGED);
                e = fetcher_tell(f, &changed);
                return e < 0 ? e : next_read(f);
        }
}

static int serve(struct fetcher *f, const struct fetch_driver *d, void *session) {
        int e = next_read(f);
        if (e >= 0)
                e = d->open(session, f);
        while (e >= 0) {
                e = d->read(session, f, f->flags);
                if (e >= 0)
                        e = tell_end(f, 0);
                if (e >= 0)
                        e = watch(f, d, session);
        }
        return e;
}

static int run(struct fetcher *f) {
        void *session = NULL;
        f->buffer = malloc(FETCH_PACKET_MAX);
        int e = f->buffer ? take_account(f) : -ENOMEM;
        const struct fetch_driver *d = e >= 0 ? driver_of(f->account.kind) : NULL;
        if (e >= 0)
                e = d ? d->prepare(&f->account, &session) : -EOPNOTSUPP;
        if (e >= 0)
                e = sandbox_network(&(uint16_t){f->account.remote.port}, 1);
        const struct fetch_record ready = fetch_record_of(FETCH_READY);
        if (e >= 0)
                e = fetcher_tell(f, &ready);
        if (e >= 0)
                e = serve(f, d, session);
        if (session)
                d->close(session);
        return e;
}

int role_fetch(void) {
        struct fetcher f = {0};
        /* A core that dies takes its roles along, whatever they wait for. */
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void) mallopt(M_ARENA_MAX, 1);
        int e = run(&f);
        bool core_gone = e == -ESHUTDOWN || e == -EPIPE || e == -ECONNRESET;
        if (!core_gone)
                (void) !tell_end(&f, e);
        if (f.account_storage)
                explicit_bzero(f.account_storage, f.account_size);
        free(f.account_storage);
        free(f.buffer);
        return core_gone ? EXIT_SUCCESS : EXIT_FAILURE;
}
