/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/role_parse.h"

#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "daemon/clock.h"
#include "daemon/ipc.h"
#include "daemon/sandbox.h"
#include "daemon/zones.h"
#include "parsers/calendar.h"
#include "parsers/mbox.h"
#include "parsers/message.h"
#include "parsers/text.h"

/* An mbox is read in pieces of this size. */
#define CHUNK_SIZE ((size_t) 128 * 1024)
/* Between two signs of life while bytes come in: a network folder that gives half a megabyte a second stays within POOL_JOB_SECONDS. */
#define PROGRESS_BYTES (INT64_C(4) * 1024 * 1024)
/* Memory that is kept for the next job; the rest goes back after a rare large one. */
#define KEPT_BYTES ((size_t) 4 * 1024 * 1024)
/* A recurrence is a few lines; what the core hands over never exceeds a component. */
#define RECURRENCE_SIZE_MAX ((size_t) CALENDAR_COMPONENT_MAX)
/* Answers are kept until they make a packet of this size, about one batch of requests, */
#define PACKET_FULL ((size_t) 32 * 1024)
/* or are this old: the core sees that the role is alive, and what was read is written soon. */
#define PACKET_NANOSECONDS INT64_C(50000000)
/* A message may have had this much less of its time than the others. */
#define BUDGET_NANOSECONDS INT64_C(50000000)
/* Fits one reply. */
#define INSTANCES_PER_REPLY (OBSERVATION_SIZE_MAX / sizeof(struct ipc_instance))

/* Bytes of a file from `base` on. There is always room for MESSAGE_PADDING more. */
struct window {
        char *data; /* owned */
        size_t size, allocated;
        int64_t base;
};

struct parse_role {
        struct zone_table *zones;
        struct charset_set *charsets;
        struct language_index languages;
        struct phrase_index *phrases;
        struct arena *arena;          /* one message, one expansion */
        struct window input;          /* what is being parsed */
        struct buf encoded;           /* its encoding */
        struct buf packet;            /* answers that were not sent yet */
        int64_t sent_at;              /* monotonic, when the last ones were */
        char *chunk;                  /* CHUNK_SIZE */
        rlim_t cpu_limit;             /* as last set */
        int64_t cpu_at;               /* monotonic, when it was looked at */
        bool quoted_text;             /* the request wants it */
        bool at_once;                 /* no answer is kept back */
        bool told_done;               /* the end of the job went with its observation */
        struct ipc_reply_header done; /* counters of the current job */
};

/* --- limits --- */

/* The soft RLIMIT_CPU is moved on before each message: it counts from the start of the process, so each job gets the same however many
 * came before. It only changes once in a second of processor time, and no more of that passes than of time, which costs no system call. */
static void cpu_budget(struct parse_role *r) {
        struct timespec used;
        struct rlimit limit;
        int64_t now = clock_monotonic_ns();
        if (r->cpu_limit > 0 && now - r->cpu_at < BUDGET_NANOSECONDS)
                return;
        r->cpu_at = now;
        if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) < 0)
                return;
        rlim_t wanted = (rlim_t) used.tv_sec + 1 + PARSE_CPU_SECONDS;
        if (wanted == r->cpu_limit || getrlimit(RLIMIT_CPU, &limit) < 0)
                return;
        limit.rlim_cur = MIN(wanted, limit.rlim_max);
        if (setrlimit(RLIMIT_CPU, &limit) == 0)
                r->cpu_limit = wanted;
}

/* --- bytes --- */

static int window_reserve(struct window *w, size_t size) {
        if (size + MESSAGE_PADDING <= w->allocated)
                return 0;
        size_t room = MAX(size + MESSAGE_PADDING, w->allocated + w->allocated / 2);
        char *p = realloc(w->data, room);
        if (!p)
                return -ENOMEM;
        w->data = p;
        w->allocated = room;
        return 0;
}

static void window_clear(struct window *w, int64_t base) {
        if (w->allocated > KEPT_BYTES) {
                free(w->data);
                *w = (struct window){0};
        }
        w->size = 0;
        w->base = base;
}

/* pread() until `size` bytes, the end of the file, or an error. */
static ssize_t read_at(int fd, char *to, size_t size, int64_t offset) {
        size_t n = 0;
        while (n < size) {
                ssize_t r = pread(fd, to + n, size - n, offset + (int64_t) n);
                if (r < 0 && errno == EINTR)
                        continue;
                if (r < 0)
                        return -errno;
                if (r == 0)
                        break;
                n += (size_t) r;
        }
        return (ssize_t) n;
}

/* --- answers --- */

static int flush(struct parse_role *r) {
        r->sent_at = clock_monotonic_ns();
        return ipc_send_replies(PARSE_SOCKET, &r->packet);
}

static int reply(struct parse_role *r, enum ipc_reply type, const struct ipc_reply_header *fields, const void *payload,
                 size_t size) {
        struct ipc_reply_header h = *fields;
        h.version = IPC_VERSION;
        h.type = type;
        h.serial = r->done.serial;
        h.payload = (uint32_t) size;
        int e = ipc_add_reply(&r->packet, &h, payload);
        if (e == -E2BIG) {
                e = flush(r);
                e = e < 0 ? e : ipc_add_reply(&r->packet, &h, payload);
        }
        return e < 0 || !r->at_once ? e : flush(r);
}

/* Tells the core which bytes are at work: so that it knows which message killed this role, and that a slow disk is no endless loop. */
static int reply_begin(struct parse_role *r, int64_t offset, int64_t end) {
        const struct ipc_reply_header fields = {.offset = offset, .end = end, .internal_date = INSTANT_UNKNOWN};
        int e = reply(r, IPC_BEGIN, &fields, NULL, 0);
        return e < 0 ? e : flush(r);
}

/* -EPIPE and the like end the role; an observation that cannot be encoded only ends its job. */
static int reply_observation(struct parse_role *r, const struct observation *o, enum ipc_reply type,
                             const struct ipc_reply_header *fields) {
        buf_reset(&r->encoded);
        int e = observation_encode(o, r->quoted_text, &r->encoded);
        return e < 0 ? e : reply(r, type, fields, r->encoded.data, r->encoded.size);
}

static bool core_is_gone(int e) {
        return e == -EPIPE || e == -ECONNRESET || e == -ENOTCONN;
}

/* --- what a request asks for --- */

/* Only a file has an end and a size; the core opens nothing else, but a link may have been swapped under it. */
static int regular_size(int fd, int64_t *ret_size) {
        struct stat st;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
        *ret_size = st.st_size;
        return 0;
}

/* `size` bytes into the window, which has room for them, or fewer at the end of the file. */
static int read_slowly(struct parse_role *r, int fd, int64_t size) {
        struct window *w = &r->input;
        while ((int64_t) w->size < size) {
                size_t piece = (size_t) MIN(size - (int64_t) w->size, PROGRESS_BYTES);
                ssize_t n = read_at(fd, w->data + w->size, piece, w->base + (int64_t) w->size);
                if (n < 0)
                        return (int) n;
                w->size += (size_t) n;
                if ((size_t) n < piece)
                        break;
                int e = (int64_t) w->size < size ? reply_begin(r, w->base, w->base + (int64_t) w->size) : 0;
                if (e < 0)
                        return e;
        }
        return 0;
}

/* Reads what a request asks for, up to `max` bytes, into the window. A file that shrinks meanwhile is what could be read. 1 when there
 * was more than `max`. */
static int read_input(struct parse_role *r, const struct ipc_request_header *h, int fd, size_t max) {
        int64_t size;
        int e = regular_size(fd, &size);
        if (e < 0)
                return e;
        size = MAX(size - h->offset, INT64_C(0));
        if (h->size >= 0)
                size = MIN(size, h->size);
        bool cut = size > (int64_t) max;
        size = MIN(size, (int64_t) max);

        window_clear(&r->input, h->offset);
        e = window_reserve(&r->input, (size_t) size);
        if (e < 0)
                return e;
        e = read_slowly(r, fd, size);
        if (e < 0)
                return e;
        memset(r->input.data + r->input.size, 0, MESSAGE_PADDING);
        return cut;
}

/* --- one message --- */

static void arena_renew(struct parse_role *r) {
        if (arena_used(r->arena) <= KEPT_BYTES) {
                arena_reset(r->arena);
                return;
        }
        /* A reset keeps the memory. When there is none for a new arena, the old one still serves. */
        struct arena *fresh;
        if (arena_new(PARSE_ARENA_MAX, &fresh) < 0) {
                arena_reset(r->arena);
                return;
        }
        arena_free(r->arena);
        r->arena = fresh;
}

/* `data` is followed by MESSAGE_PADDING zero bytes; `cut`: there was more of it. */
static int parse_one(struct parse_role *r, const char *data, size_t size, bool cut, struct observation *ret) {
        struct observation o = {.kind = OBSERVATION_MESSAGE, .seen_at = INSTANT_UNKNOWN, .internal_date = INSTANT_UNKNOWN};
        const struct message_options options = {
                .zones = r->zones,
                .charsets = r->charsets,
                .languages = &r->languages,
                .phrases = r->phrases,
                .want_quoted_text = r->quoted_text,
        };
        arena_renew(r);
        int e = message_parse(data, size, &options, r->arena, &o.message);
        if (e < 0)
                return e;
        if (cut)
                o.message.flags |= MESSAGE_TRUNCATED;
        if (o.message.flags & MESSAGE_TRUNCATED)
                r->done.truncated++;
        *ret = o;
        return 0;
}

static int job_message(struct parse_role *r, const struct ipc_request_header *h, int fd) {
        int cut = read_input(r, h, fd, MESSAGE_SIZE_MAX);
        if (cut < 0)
                return cut;
        if (h->flags & IPC_MBOX_UNQUOTE) {
                r->input.size = mbox_unquote(r->input.data, r->input.size);
                memset(r->input.data + r->input.size, 0, MESSAGE_PADDING);
        }
        struct observation o;
        int e = parse_one(r, r->input.data, r->input.size, cut > 0, &o);
        if (e < 0)
                return e;
        e = reply_observation(r, &o, IPC_OBSERVATION_DONE, &r->done);
        r->told_done = e >= 0;
        return e;
}

/* --- a calendar --- */

static int calendar_event(const struct event *event, void *userdata) {
        struct parse_role *r = userdata;
        const struct observation o = {
                .kind = OBSERVATION_EVENT,
                .seen_at = INSTANT_UNKNOWN,
                .internal_date = INSTANT_UNKNOWN,
                .event = *event,
        };
        const struct ipc_reply_header fields = {.internal_date = INSTANT_UNKNOWN};
        int e = reply_observation(r, &o, IPC_OBSERVATION, &fields);
        cpu_budget(r);
        return e;
}

static int job_calendar(struct parse_role *r, const struct ipc_request_header *h, int fd) {
        int cut = read_input(r, h, fd, CALENDAR_SIZE_MAX);
        if (cut != 0)
                return cut < 0 ? cut : -EFBIG;
        struct calendar_result result = {0};
        int e = calendar_parse(r->input.data, r->input.size, r->zones, calendar_event, r, &result);
        r->done.errors += result.errors;
        r->done.malformed += result.malformed;
        return e;
}

/* --- an mbox: a stream of bytes, plain or inflated --- */

struct stream {
        int fd;
        int64_t at; /* where in the file the next bytes are read */
        bool gzip;
        bool between; /* gzip: at the border of a member, where the file may end */
        z_stream z;
        char *packed; /* owned; CHUNK_SIZE */
};

static void stream_close(struct stream *s) {
        if (s->gzip)
                (void) inflateEnd(&s->z);
        free(s->packed);
}
#define _cleanup_stream_ _cleanup_(stream_close)

static int stream_open(struct stream *s, int fd, bool gzip) {
        s->fd = fd;
        if (!gzip)
                return 0;
        s->packed = malloc(CHUNK_SIZE);
        /* 15: the largest window; 16: a gzip header. */
        if (!s->packed || inflateInit2(&s->z, 15 + 16) != Z_OK)
                return -ENOMEM;
        s->gzip = s->between = true;
        return 0;
}

static int stream_fill(struct stream *s) {
        if (s->z.avail_in > 0)
                return 1;
        ssize_t n = read_at(s->fd, s->packed, CHUNK_SIZE, s->at);
        if (n <= 0)
                return (int) n;
        s->at += n;
        s->z.next_in = (Bytef *) s->packed;
        s->z.avail_in = (uInt) n;
        return 1;
}

/* One step of inflating: 1 go on, 0 the end, negative errno. A file that ends inside a member is damaged: -EBADMSG. */
static int stream_step(struct stream *s) {
        int e = stream_fill(s);
        if (e < 0)
                return e;
        if (e == 0)
                return s->between ? 0 : -EBADMSG;
        /* Members follow each other; what is no member is padding (RFC 1952 section 2.2, and what gzip does). */
        if (s->between && s->at > (int64_t) s->z.avail_in && *s->z.next_in != 0x1f)
                return 0;
        s->between = false;
        e = inflate(&s->z, Z_NO_FLUSH);
        if (e == Z_STREAM_END) {
                s->between = true;
                return inflateReset(&s->z) == Z_OK ? 1 : -EBADMSG;
        }
        if (e == Z_MEM_ERROR)
                return -ENOMEM;
        return e == Z_OK || e == Z_BUF_ERROR ? 1 : -EBADMSG;
}

/* Bytes read (0 the end), or a negative errno when there are none before the error. */
static ssize_t stream_read(struct stream *s, char *to, size_t size) {
        if (!s->gzip) {
                ssize_t n = read_at(s->fd, to, size, s->at);
                s->at += MAX(n, (ssize_t) 0);
                return n;
        }
        s->z.next_out = (Bytef *) to;
        s->z.avail_out = (uInt) size;
        int e = 1;
        while (e > 0 && s->z.avail_out > 0)
                e = stream_step(s);
        ssize_t n = (ssize_t) (size - s->z.avail_out);
        return n > 0 ? n : e;
}

/* --- an mbox: messages --- */

struct mbox_job {
        struct parse_role *role;
        const struct ipc_request_header *request;
        int64_t at;   /* of the next byte of the stream */
        int64_t next; /* where the message that is being framed begins, at the earliest */
        int64_t told; /* the stream's place at the last reply */
        bool skip;    /* the next message is poison */
};

static int mbox_begin(struct mbox_job *j, int64_t offset, int64_t end) {
        cpu_budget(j->role);
        j->told = j->at;
        return reply_begin(j->role, offset, end);
}

static int mbox_parse(struct mbox_job *j, const struct mbox_span *span) {
        struct parse_role *r = j->role;
        struct window *w = &r->input;
        /* What of the message is in the window: all of it, or its first MESSAGE_SIZE_MAX bytes. */
        int64_t end = MIN(span->end, w->base + (int64_t) w->size);
        size_t from = (size_t) (MAX(MIN(span->body, end), w->base) - w->base), until = (size_t) (end - w->base);
        char saved[MESSAGE_PADDING];
        memcpy(saved, w->data + until, MESSAGE_PADDING);

        size_t size = mbox_unquote(w->data + from, until - from);
        memset(w->data + from + size, 0, MESSAGE_PADDING);
        const struct ipc_reply_header fields = {
                .offset = span->offset,
                .end = span->end,
                .internal_date = span->from_date,
                .complete = span->complete,
        };
        struct observation o;
        int e = parse_one(r, w->data + from, size, end < span->end, &o);
        memcpy(w->data + until, saved, MESSAGE_PADDING);
        return e < 0 ? e : reply_observation(r, &o, IPC_OBSERVATION, &fields);
}

static int mbox_found(const struct mbox_span *span, void *userdata) {
        struct mbox_job *j = userdata;
        j->next = MAX(span->end, j->next);
        if (j->skip) {
                j->skip = false;
                return 0;
        }
        int e = mbox_begin(j, span->offset, span->end);
        if (e < 0)
                return e;
        e = mbox_parse(j, span);
        if (e >= 0 || core_is_gone(e) || e == -ENOMEM)
                return e;
        /* One message that cannot be told does not end the mailbox. */
        j->role->done.errors++;
        return 0;
}

/* Keeps the bytes of the message that is being framed, but never more than a message may have. */
static int mbox_keep(struct mbox_job *j, const char *data, size_t size) {
        struct window *w = &j->role->input;
        /* After a cut there is a hole until the next message begins. */
        if (w->base + (int64_t) w->size != j->at)
                return 0;
        size = MIN(size, MESSAGE_SIZE_MAX + CHUNK_SIZE - MIN(w->size, MESSAGE_SIZE_MAX + CHUNK_SIZE));
        int e = window_reserve(w, w->size + size);
        if (e < 0)
                return e;
        memcpy(w->data + w->size, data, size);
        w->size += size;
        return 0;
}

/* Forgets what lies before the message that is being framed. `data` are the last bytes read, which ended at `j->at`. */
static int mbox_forget(struct mbox_job *j, const char *data, size_t size) {
        struct window *w = &j->role->input;
        if (j->next <= w->base)
                return 0;
        int64_t have = w->base + (int64_t) w->size;
        if (j->next <= have) {
                size_t gone = (size_t) (j->next - w->base);
                memmove(w->data, w->data + gone, w->size - gone);
                w->size -= gone;
                w->base = j->next;
                if (have == j->at)
                        return 0;
        }
        /* The message before was cut: go on with the new one, of which nothing but a piece of its From_ line can be missing. */
        int64_t from = MAX(j->next, j->at - (int64_t) size);
        window_clear(w, from);
        size_t left = (size_t) (j->at - from);
        int e = window_reserve(w, left);
        if (e < 0)
                return e;
        memcpy(w->data, data + (size - left), left);
        w->size = left;
        return 0;
}

static int mbox_chunk(struct mbox_job *j, struct mbox_framer *framer, size_t size) {
        const char *data = j->role->chunk;
        int e = mbox_keep(j, data, size);
        if (e < 0)
                return e;
        j->at += (int64_t) size;
        e = mbox_framer_feed(framer, data, size, mbox_found, j);
        if (e < 0)
                return e;
        cpu_budget(j->role);
        if (j->at - j->told >= PROGRESS_BYTES) {
                e = mbox_begin(j, j->next, j->at);
                if (e < 0)
                        return e;
        }
        return mbox_forget(j, data, size);
}

/* Inflated bytes before the request's offset were read by an earlier job. */
static int mbox_seek(struct mbox_job *j, struct stream *s, int64_t offset) {
        if (!s->gzip) {
                s->at = j->at = offset;
                return 0;
        }
        while (j->at < offset) {
                ssize_t n = stream_read(s, j->role->chunk, (size_t) MIN((int64_t) CHUNK_SIZE, offset - j->at));
                if (n <= 0)
                        return n < 0 ? (int) n : -ENODATA;
                j->at += n;
                cpu_budget(j->role);
                if (j->at - j->told >= PROGRESS_BYTES) {
                        int e = mbox_begin(j, offset, offset);
                        if (e < 0)
                                return e;
                }
        }
        return 0;
}

static int mbox_read(struct mbox_job *j, struct stream *s, struct mbox_framer *framer) {
        const struct ipc_request_header *h = j->request;
        int64_t end = h->size < 0 ? INT64_MAX : h->offset + h->size;
        ssize_t n = 0;
        while (j->at < end) {
                n = stream_read(s, j->role->chunk, (size_t) MIN((int64_t) CHUNK_SIZE, end - j->at));
                if (n <= 0)
                        break;
                int e = mbox_chunk(j, framer, (size_t) n);
                if (e < 0)
                        return e;
        }
        /* What came before damage is still mail. */
        int e = mbox_framer_end(framer, mbox_found, j);
        return e < 0 ? e : (int) MIN(n, (ssize_t) 0);
}

static void mbox_framer_freep(struct mbox_framer **f) {
        mbox_framer_free(*f);
}

static int job_mbox(struct parse_role *r, const struct ipc_request_header *h, int fd) {
        struct mbox_job j = {.role = r, .request = h, .next = h->offset, .skip = h->flags & IPC_RESUME_AFTER};
        _cleanup_stream_ struct stream s = {0};
        _cleanup_(mbox_framer_freep) struct mbox_framer *framer = NULL;
        int64_t size;
        int e = regular_size(fd, &size);
        if (e >= 0)
                e = stream_open(&s, fd, h->flags & IPC_GZIP);
        if (e >= 0)
                e = mbox_framer_new(h->offset, &framer);
        if (e >= 0)
                e = mbox_seek(&j, &s, h->offset);
        if (e >= 0) {
                window_clear(&r->input, h->offset);
                e = mbox_read(&j, &s, framer);
        }
        r->done.offset = r->done.end = MAX(j.at, h->offset);
        return e;
}

/* --- a recurring event --- */

static int reply_instances(struct parse_role *r, const struct moment *items, uint32_t n) {
        const struct ipc_reply_header fields = {.internal_date = INSTANT_UNKNOWN};
        struct ipc_instance *packed = arena_new0(r->arena, struct ipc_instance, MIN(n, INSTANCES_PER_REPLY));
        if (!packed)
                return -ENOMEM;
        for (uint32_t at = 0; at < n;) {
                uint32_t k = MIN(n - at, (uint32_t) INSTANCES_PER_REPLY);
                for (uint32_t i = 0; i < k; i++)
                        packed[i] = (struct ipc_instance){.at = items[at + i].at, .form = (int32_t) items[at + i].form};
                int e = reply(r, IPC_INSTANCES, &fields, packed, k * sizeof(*packed));
                if (e < 0)
                        return e;
                at += k;
        }
        return 0;
}

static int job_expand(struct parse_role *r, const struct ipc_request_header *h, int fd) {
        int cut = read_input(r, h, fd, RECURRENCE_SIZE_MAX);
        if (cut != 0)
                return cut < 0 ? cut : -EFBIG;
        if (strlen(r->input.data) != r->input.size)
                return -EBADMSG;
        arena_renew(r);
        struct moment *items = arena_new0(r->arena, struct moment, OCCURRENCES_MAX);
        if (!items)
                return -ENOMEM;
        uint32_t n = 0;
        bool truncated = false;
        int e = recurrence_expand(r->input.data, r->zones, h->from, h->to, items, OCCURRENCES_MAX, &n, &truncated);
        if (e < 0)
                return e;
        r->done.truncated = truncated;
        return reply_instances(r, items, n);
}

/* --- the process --- */

static int (*const jobs[])(struct parse_role *r, const struct ipc_request_header *h, int fd) = {
        [IPC_MESSAGE] = job_message,
        [IPC_CALENDAR] = job_calendar,
        [IPC_MBOX] = job_mbox,
        [IPC_EXPAND] = job_expand,
};

/* Touches everything that opens a file, loads a converter or fills a table at its first use: afterwards nothing can be opened. */
static int warm_up(struct parse_role *r) {
        static const char event[] =
                "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:warm@up.invalid\r\n"
                "DTSTAMP:20260301T080000Z\r\nDTSTART;TZID=Europe/Paris:20260302T100000\r\nDURATION:PT1H\r\n"
                "RRULE:FREQ=WEEKLY;COUNT=3\r\nORGANIZER:mailto:a@up.invalid\r\nSUMMARY:warm\r\n"
                "END:VEVENT\r\nEND:VCALENDAR\r\n";
        static const char head[] =
                "From: =?iso-8859-1?Q?Andr=E9?= <a@up.invalid>\r\nTo: b@up.invalid\r\n"
                "Date: Mon, 2 Mar 2026 08:50:00 +0100\r\nSubject: =?utf-8?B?w6k=?=\r\n"
                "Received: from a by b; Mon, 2 Mar 2026 08:50:01 +0100\r\nMessage-ID: <warm@up.invalid>\r\n"
                "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
                "--x\r\nContent-Type: text/plain; charset=iso-8859-15\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
                "caf=E9?\r\n--x\r\nContent-Type: text/html; charset=utf-16le\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                "PABwAD4AYQA=\r\n--x\r\nContent-Type: text/calendar; method=REQUEST; charset=utf-8\r\n\r\n";
        static const char tail[] = "--x--\r\n";
        static const char *const pieces[] = {head, event, tail};

        window_clear(&r->input, 0);
        int e = window_reserve(&r->input, sizeof(head) + sizeof(event) + sizeof(tail));
        if (e < 0)
                return e;
        for (size_t i = 0; i < ELEMENTSOF(pieces); i++) {
                memcpy(r->input.data + r->input.size, pieces[i], strlen(pieces[i]));
                r->input.size += strlen(pieces[i]);
        }
        memset(r->input.data + r->input.size, 0, MESSAGE_PADDING);
        struct message m;
        const struct message_options options = {
                .zones = r->zones,
                .charsets = r->charsets,
                .languages = &r->languages,
                .phrases = r->phrases,
                .want_quoted_text = true,
        };
        e = message_parse(r->input.data, r->input.size, &options, r->arena, &m);
        if (e < 0)
                return e;

        /* What the expansion gives is of no interest, and a parser that cannot read this is no reason not to read mail. */
        struct moment instants[4];
        uint32_t n = 0;
        bool truncated = false;
        if (m.calendar.n > 0 && m.calendar.items[0].recurrence)
                (void) !recurrence_expand(m.calendar.items[0].recurrence, r->zones, INSTANT_MIN, INSTANT_MAX, instants,
                                          ELEMENTSOF(instants), &n, &truncated);
        arena_reset(r->arena);
        return 0;
}

static int prepare(struct parse_role *r) {
        /* One heap: roles have one thread. Large blocks go back to the kernel when they are freed, small ones are kept. */
        (void) mallopt(M_ARENA_MAX, 1);
        (void) mallopt(M_MMAP_THRESHOLD, 1024 * 1024);
        (void) mallopt(M_TRIM_THRESHOLD, 16 * 1024 * 1024);
        r->chunk = malloc(CHUNK_SIZE);
        if (!r->chunk)
                return -ENOMEM;
        int e = arena_new(PARSE_ARENA_MAX, &r->arena);
        if (e >= 0)
                e = zones_load(&r->zones);
        if (e >= 0)
                e = charset_open(&r->charsets);
        language_index_fill(&r->languages);
        if (e >= 0)
                e = phrase_index_new(&r->phrases);
        return e < 0 ? e : warm_up(r);
}

static void finish(struct parse_role *r) {
        arena_free(r->arena);
        zone_table_free(r->zones);
        charset_close(r->charsets);
        phrase_index_free(r->phrases);
        free(r->input.data);
        free(r->chunk);
        buf_free(&r->encoded);
        buf_free(&r->packet);
}

static int answer(struct parse_role *r, const struct ipc_request_header *h, int fd) {
        r->done = (struct ipc_reply_header){.serial = h->serial, .internal_date = INSTANT_UNKNOWN};
        r->quoted_text = h->flags & IPC_WANT_QUOTED_TEXT;
        r->at_once = h->flags & IPC_ANSWER_AT_ONCE;
        r->told_done = false;
        cpu_budget(r);
        int e = jobs[h->type](r, h, fd);
        if (!r->told_done && !core_is_gone(e)) {
                r->done.status = MIN(e, 0);
                struct ipc_reply_header done = r->done;
                e = reply(r, IPC_DONE, &done, NULL, 0);
        }
        if (e < 0)
                return e;
        bool full = r->packet.size >= PACKET_FULL || clock_monotonic_ns() - r->sent_at >= PACKET_NANOSECONDS;
        return full ? flush(r) : 0;
}

/* The next requests; nothing said is kept back while the role waits for them. */
static int receive(struct parse_role *r, struct ipc_request_header *h, int *fds, size_t *ret_n) {
        int e = ipc_receive_requests(PARSE_SOCKET, false, h, fds, ret_n);
        if (e != -EAGAIN)
                return e;
        e = flush(r);
        return e < 0 ? e : ipc_receive_requests(PARSE_SOCKET, true, h, fds, ret_n);
}

/* 1 to go on, 0 when the core closed the socket. */
static int serve(struct parse_role *r) {
        struct ipc_request_header h[IPC_BATCH_MAX];
        int fds[IPC_BATCH_MAX];
        size_t n = 0;
        int e = receive(r, h, fds, &n);
        if (e <= 0)
                return core_is_gone(e) ? 0 : e;
        for (size_t i = 0; i < n; i++) {
                e = e < 0 ? e : answer(r, h + i, fds[i]);
                (void) close(fds[i]);
        }
        return core_is_gone(e) ? 0 : e < 0 ? e : 1;
}

int role_parse(void) {
        /* A core that dies takes its roles along, whatever they are busy with. */
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        struct parse_role r = {.encoded = BUF_LIMITED(OBSERVATION_SIZE_MAX), .packet = BUF_LIMITED(IPC_PACKET_MAX)};
        int e = prepare(&r);
        if (e >= 0)
                e = sandbox_parse();
        r.done = (struct ipc_reply_header){.status = MIN(e, 0), .internal_date = INSTANT_UNKNOWN};
        struct ipc_reply_header ready = r.done;
        int sent = reply(&r, IPC_DONE, &ready, NULL, 0);
        if (sent >= 0)
                sent = flush(&r);
        if (e >= 0)
                e = sent < 0 ? sent : 1;
        while (e > 0)
                e = serve(&r);
        finish(&r);
        return e < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
