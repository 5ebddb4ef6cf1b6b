/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/observed.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/pool.h"
#include "parsers/limits.h"

/* Nobody writes a test over more than a mailbox of this many messages; the whole lies in memory. */
#define OBSERVED_MAX 20000U
/* Recurring events are expanded this far around the newest thing seen: as for a scan. */
#define EXPANDED_BEHIND (INT64_C(10) * 366 * 86400)
#define EXPANDED_AHEAD (INT64_C(2) * 366 * 86400)

struct observed_item {
        struct stored_observation stored;
        instant at;                 /* message_time() */
        struct moment *occurrences; /* owned */
        uint32_t n_occurrences;
};

struct observed {
        const char *program;
        sd_event *event;
        struct pool *pool; /* NULL until the first file */
        struct arena *arena;
        const struct settings *people;
        struct observed_item *items; /* owned */
        size_t n, allocated;
        instant newest, seen; /* seen: of the object before */
        enum observation_walk walk;
        size_t next;
        void (*trouble)(const struct rule_test_file *file, const char *text, void *userdata);
        void *userdata;
};

/* What the pool carries for us: a file, or an item to expand. */
struct observed_job {
        const struct rule_test_file *file;
        bool expand;
        size_t item;
};

static void forget(struct observed *o) {
        for (size_t i = 0; i < o->n; i++)
                free(o->items[i].occurrences);
        o->n = 0;
        o->newest = o->seen = INSTANT_UNKNOWN;
        arena_reset(o->arena);
}

int observed_new(const char *program, struct observed **ret) {
        struct observed *o = calloc(1, sizeof(*o));
        if (!o)
                return -ENOMEM;
        o->program = program;
        o->newest = o->seen = INSTANT_UNKNOWN;
        int r = arena_new(0, &o->arena);
        if (r < 0) {
                free(o);
                return r;
        }
        *ret = o;
        return 0;
}

struct observed *observed_free(struct observed *o) {
        if (!o)
                return NULL;
        forget(o);
        pool_free(o->pool);
        sd_event_unref(o->event);
        arena_free(o->arena);
        free(o->items);
        free(o);
        return NULL;
}

/* --- what the role answers */

static int keep_copy(struct observed *o, const struct observation *from, struct observation **ret) {
        _cleanup_buf_ struct buf encoded = {};
        struct observation *copy = arena_new0(o->arena, struct observation, 1);
        int r = copy ? observation_encode(from, false, &encoded) : -ENOMEM;
        char *bytes = r >= 0 ? arena_alloc(o->arena, encoded.size + 1) : NULL;
        if (r < 0 || !bytes)
                return r < 0 ? r : -ENOMEM;
        memcpy(bytes, encoded.data, encoded.size);
        r = observation_decode_trusted(bytes, encoded.size, o->arena, copy);
        if (r >= 0)
                *ret = copy;
        return r;
}

static instant moment_at(const struct moment *m) {
        return m->form == MOMENT_NONE ? INSTANT_UNKNOWN : m->at;
}

/* When an object says that it was last changed; a later version is never seen before an earlier one. */
static instant object_seen_at(struct observed *o, const struct event *e) {
        instant at = MAX(MAX(e->last_modified, e->dtstamp), e->created);
        if (at == INSTANT_UNKNOWN)
                at = moment_at(&e->start);
        for (size_t i = 0; i < o->n; i++) {
                const struct observation *other = o->items[i].stored.observation;
                if (other->kind == OBSERVATION_EVENT && strcmp(other->event.uid, e->uid) == 0)
                        at = MAX(at, other->seen_at + 1);
        }
        return at;
}

static bool known(const struct observed *o, const struct observation *new, uint64_t digest) {
        for (size_t i = 0; i < o->n; i++)
                if (o->items[i].stored.digest == digest && o->items[i].stored.observation->kind == new->kind)
                        return new->kind == OBSERVATION_MESSAGE;
        return false;
}

static void note_newest(struct observed *o, const struct observation *copy, instant at) {
        o->newest = MAX(o->newest, at);
        if (copy->kind == OBSERVATION_EVENT && !copy->event.recurrence)
                o->newest = MAX(o->newest, MAX(moment_at(&copy->event.start), moment_at(&copy->event.end)));
        for (uint32_t i = 0; copy->kind == OBSERVATION_MESSAGE && i < copy->message.calendar.n; i++)
                if (!copy->message.calendar.items[i].recurrence)
                        o->newest = MAX(o->newest, moment_at(&copy->message.calendar.items[i].end));
}

static int on_observation(const struct observation *from, const struct ipc_reply_header *reply, void *job, void *userdata) {
        struct observed *o = userdata;
        const struct observed_job *j = job;
        uint8_t digest[OBSERVATION_DIGEST_SIZE];
        uint64_t tie;
        if (o->n >= OBSERVED_MAX)
                return -E2BIG;
        if (o->n == o->allocated) {
                size_t more = o->allocated ? 2 * o->allocated : 16;
                struct observed_item *p = reallocarray(o->items, more, sizeof(*p));
                if (!p)
                        return -ENOMEM;
                o->items = p;
                o->allocated = more;
        }
        struct observation *copy = NULL;
        int r = keep_copy(o, from, &copy);
        if (r >= 0)
                r = observation_digest(from, digest);
        if (r < 0)
                return r;
        memcpy(&tie, digest, sizeof(tie));
        if (known(o, copy, tie))
                return 0;
        copy->internal_date = reply ? reply->internal_date : INSTANT_UNKNOWN;
        bool message = copy->kind == OBSERVATION_MESSAGE;
        copy->seen_at = message ? INSTANT_UNKNOWN : object_seen_at(o, &copy->event);
        instant at = message ? message_time(copy, message_is_from_owner(&copy->message, o->people)) : copy->seen_at;
        note_newest(o, copy, at);
        o->items[o->n] = (struct observed_item){
                .stored = {.id = (int64_t) o->n + 1, .digest = tie, .source = j->file->path, .observation = copy}, .at = at};
        o->n++;
        return 0;
}

static int on_instances(const struct moment *more, uint32_t n, void *job, void *userdata) {
        struct observed *o = userdata;
        const struct observed_job *j = job;
        if (!j->expand)
                return -EBADMSG;
        struct observed_item *item = &o->items[j->item];
        n = MIN(n, OCCURRENCES_MAX - item->n_occurrences);
        struct moment *p = reallocarray(item->occurrences, (size_t) item->n_occurrences + n + 1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        memcpy(p + item->n_occurrences, more, n * sizeof(*p));
        item->occurrences = p;
        item->n_occurrences += n;
        return 0;
}

static int on_done(const struct ipc_reply_header *reply, const struct unreadable *poison, int64_t at, void *job,
                   void *userdata) {
        struct observed *o = userdata;
        const struct observed_job *j = job;
        (void) at;
        if (poison)
                o->trouble(j->file, unreadable_reason_name(poison->reason), o->userdata);
        else if (reply->status < 0)
                o->trouble(j->file, reply->status == -EBADMSG ? "not what its name promises" : strerror(-reply->status),
                           o->userdata);
        return 0;
}

/* --- asking the role */

static int start(struct observed *o) {
        const struct pool_handlers handlers = {on_observation, on_instances, on_done, o};
        if (o->pool)
                return 0;
        int r = o->event ? 0 : sd_event_new(&o->event);
        /* One role, so that versions of an object come in the order of the files. */
        return r < 0 ? r : pool_new(o->event, o->program, 1, &handlers, &o->pool);
}

static int submit(struct observed *o, struct pool_job *job) {
        int r = pool_submit(o->pool, job);
        while (r == -EAGAIN) {
                r = pool_run(o->pool, false);
                if (r >= 0)
                        r = pool_submit(o->pool, job);
        }
        if (r < 0)
                (void) close(job->fd);
        return r;
}

static int submit_file(struct observed *o, struct observed_job *j) {
        struct stat st;
        const char *path = j->file->path;
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
                o->trouble(j->file, fd < 0 ? strerror(errno) : "not a file", o->userdata);
                if (fd >= 0)
                        (void) close(fd);
                return 0;
        }
        bool calendar = str_ends_with(path, ".ics") || str_ends_with(path, ".ical");
        bool zipped = str_ends_with(path, ".gz"), mbox = str_ends_with(path, ".mbox") || str_ends_with(path, ".mbox.gz");
        int r = start(o);
        if (r < 0) {
                (void) close(fd);
                return r;
        }
        return submit(o, &(struct pool_job){.type = calendar ? IPC_CALENDAR
                                                    : mbox   ? IPC_MBOX
                                                             : IPC_MESSAGE,
                                            .flags = zipped ? (uint32_t) IPC_GZIP : 0U,
                                            .size = -1,
                                            .fd = fd,
                                            .userdata = j});
}

static const char *recurrence_of(const struct observation *o) {
        if (o->kind == OBSERVATION_EVENT)
                return o->event.recurrence;
        for (uint32_t i = 0; o->kind == OBSERVATION_MESSAGE && i < o->message.calendar.n; i++)
                if (o->message.calendar.items[i].recurrence)
                        return o->message.calendar.items[i].recurrence;
        return NULL;
}

static int submit_expansion(struct observed *o, struct observed_job *j, const char *text) {
        size_t size = strlen(text);
        int fd = memfd_create("recurrence", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (fd < 0)
                return -errno;
        for (size_t done = 0; done < size;) {
                ssize_t n = write(fd, text + done, size - done);
                if (n <= 0) {
                        (void) close(fd);
                        return -EIO;
                }
                done += (size_t) n;
        }
        (void) fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
        return submit(o, &(struct pool_job){.type = IPC_EXPAND,
                                            .size = (int64_t) size,
                                            .from = o->newest - EXPANDED_BEHIND,
                                            .to = o->newest + EXPANDED_AHEAD,
                                            .fd = fd,
                                            .userdata = j});
}

static int expand_all(struct observed *o, struct observed_job *jobs, const struct rule_test_file *file) {
        int r = 0;
        size_t n = 0;
        for (size_t i = 0; i < o->n && r >= 0; i++) {
                const char *recurrence = recurrence_of(o->items[i].stored.observation);
                if (!recurrence)
                        continue;
                jobs[n] = (struct observed_job){.file = file, .expand = true, .item = i};
                r = submit_expansion(o, &jobs[n++], recurrence);
        }
        if (r >= 0 && n > 0)
                r = pool_run(o->pool, true);
        for (size_t i = 0; i < o->n; i++) {
                o->items[i].stored.occurrences = o->items[i].occurrences;
                o->items[i].stored.n_occurrences = o->items[i].n_occurrences;
        }
        return r;
}

static int by_time(const void *pa, const void *pb) {
        const struct observed_item *a = pa, *b = pb;
        if (a->at != b->at)
                return a->at < b->at ? -1 : 1;
        return (a->stored.digest > b->stored.digest) - (a->stored.digest < b->stored.digest);
}

int observed_read(struct observed *o, const struct rule_test *t, const struct settings *people,
                  void (*trouble)(const struct rule_test_file *file, const char *text, void *userdata), void *userdata,
                  instant *ret_newest) {
        forget(o);
        o->people = people;
        o->trouble = trouble;
        o->userdata = userdata;
        _cleanup_free_ struct observed_job *jobs = calloc(t->n_observe + 1, sizeof(*jobs));
        if (!jobs)
                return -ENOMEM;
        int r = 0;
        for (size_t i = 0; i < t->n_observe && r >= 0; i++) {
                jobs[i] = (struct observed_job){.file = &t->observe[i]};
                r = submit_file(o, &jobs[i]);
        }
        if (r >= 0 && o->pool)
                r = pool_run(o->pool, true);
        if (r < 0)
                return r;
        if (o->newest == INSTANT_UNKNOWN)
                o->newest = 0;
        _cleanup_free_ struct observed_job *expansions = calloc(o->n + 1, sizeof(*expansions));
        if (!expansions)
                return -ENOMEM;
        r = expand_all(o, expansions, t->observe);
        if (r < 0)
                return r;
        if (o->n > 1)
                qsort(o->items, o->n, sizeof(*o->items), by_time);
        *ret_newest = o->newest;
        return 0;
}

/* --- the feed */

static int feed_start(void *userdata, enum observation_walk walk, bool texts) {
        struct observed *o = userdata;
        (void) texts;
        o->walk = walk;
        o->next = 0;
        return 0;
}

static bool in_walk(const struct observed *o, const struct observation *x) {
        bool message = x->kind == OBSERVATION_MESSAGE;
        if (o->walk == WALK_MESSAGES)
                return message;
        return message ? x->message.calendar.n > 0 || x->message.cancellation_because
                       : x->kind == OBSERVATION_EVENT || x->kind == OBSERVATION_EVENT_GONE;
}

static int feed_next(void *userdata, struct stored_observation *ret) {
        struct observed *o = userdata;
        while (o->next < o->n) {
                const struct observed_item *item = &o->items[o->next++];
                if (!in_walk(o, item->stored.observation))
                        continue;
                *ret = item->stored;
                return 1;
        }
        return 0;
}

struct observation_feed observed_feed(struct observed *o) {
        return (struct observation_feed){.start = feed_start, .next = feed_next, .userdata = o};
}
