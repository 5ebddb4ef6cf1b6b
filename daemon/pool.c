/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/pool.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/role.h"

/* More roles than this gain nothing: the core's one writer is then the slower side. */
#define POOL_ROLES_MAX 4U
/* A role that has nothing to do but load tables, or to end, is not given longer than this. */
#define POOL_START_SECONDS 30U
/* Roles that ended before they were ready, one after the other, before the pool gives up. */
#define POOL_FAILURES_MAX 3U
/* A job that killed its role is asked once more; the second time it is to blame. A SIGKILL from outside (a person, a shutdown, the kernel
 * short of memory) says little about the job, but a job must not be asked for ever. */
#define BLAME_OF_KILLER 3U
#define BLAME_OF_VICTIM 1U
#define BLAME_MAX 6U
/* Requests that wait for a role before the start of another pays. */
#define POOL_WORTH_A_ROLE 96U
/* Files that the rest of the program may have open. */
#define POOL_FILES_KEPT 128U
/* Packets read in one turn of the loop, so that no role starves the others. */
#define POOL_PACKETS_A_TURN 8U
/* Lists of one decoded observation: a few thousand entries of limits.h. */
#define POOL_ARENA_MAX ((size_t) 16 * 1024 * 1024)

#define USEC_PER_SEC UINT64_C(1000000)

struct job {
        struct job *next;
        struct pool_job spec; /* spec.fd is owned */
        uint32_t serial;
        uint32_t delivered; /* replies handed to the caller; a retry does not hand them over again (not MBOX) */
        uint32_t seen;      /* replies of this try */
        uint32_t blame;     /* for roles that died at `culprit` */
        int64_t culprit;
        int64_t resume;     /* MBOX: offset of the message at work, where a retry begins */
        int64_t read_until; /* not MBOX: what the role said to have read in this try */
        bool moved;         /* MBOX: resume is past what the caller asked to skip */
        bool apart;         /* its answers are not kept to go with others, so that it can be blamed */
};

struct job_list {
        struct job *first, **end; /* end: where the next one is hooked */
        uint32_t n;
};

enum role_state { ROLE_EMPTY, ROLE_STARTING, ROLE_READY, ROLE_ENDING };

struct role {
        struct pool *pool;
        enum role_state state;
        struct process process;
        sd_event_source *io, *child, *watch;
        struct job_list jobs;   /* asked, in order: a role answers in order */
        uint64_t progress_usec; /* when it last showed life */
        uint32_t n_done;
        bool retire;                    /* no more jobs; ends when it has answered */
        bool lone;                      /* tries a suspect alone */
        bool deaf;                      /* nothing it says counts any more */
        enum unreadable_reason verdict; /* why the pool killed it; 0: it did not */
};

struct pool {
        sd_event *event;
        char *program;
        struct pool_handlers handlers;
        struct role roles[POOL_ROLES_MAX];
        uint32_t n_roles, in_flight; /* requests for one of them */
        struct job_list waiting, suspects;
        struct arena *arena; /* the observation at hand */
        char *packet;        /* IPC_PACKET_MAX */
        uint64_t job_usec;
        uint32_t serial, failures;
        int error; /* why the run ended; sticks */
        bool in_handler;
};

/* --- lists --- */

static void list_init(struct job_list *l) {
        *l = (struct job_list){.end = &l->first};
}

static void list_append(struct job_list *l, struct job *j) {
        j->next = NULL;
        *l->end = j;
        l->end = &j->next;
        l->n++;
}

static struct job *list_take(struct job_list *l) {
        struct job *j = l->first;
        if (!j)
                return NULL;
        l->first = j->next;
        if (!l->first)
                l->end = &l->first;
        l->n--;
        j->next = NULL;
        return j;
}

/* All of `from`, in order, before what `to` holds. */
static void list_prepend(struct job_list *to, struct job_list *from) {
        if (!from->first)
                return;
        *from->end = to->first;
        if (!to->first)
                to->end = from->end;
        to->first = from->first;
        to->n += from->n;
        list_init(from);
}

static void job_free(struct job *j) {
        if (!j)
                return;
        if (j->spec.fd >= 0)
                (void) close(j->spec.fd);
        free(j);
}

static void list_free(struct job_list *l) {
        struct job *j;
        while ((j = list_take(l)))
                job_free(j);
}

/* --- what the caller hears --- */

static uint64_t now_usec(void) {
        return (uint64_t) clock_monotonic_ns() / 1000;
}

static void pool_fail(struct pool *p, int error) {
        if (p->error >= 0)
                p->error = error;
}

static void tell_done(struct pool *p, struct job *j, const struct ipc_reply_header *reply, const struct unreadable *poison,
                      int64_t at) {
        if (p->error < 0)
                return;
        p->in_handler = true;
        int r = p->handlers.done(reply, poison, at, j->spec.userdata, p->handlers.userdata);
        p->in_handler = false;
        if (r < 0)
                pool_fail(p, r);
}

/* --- a role: start and end --- */

static int on_socket(sd_event_source *s, int fd, uint32_t revents, void *userdata);
static int on_end(sd_event_source *s, int fd, uint32_t revents, void *userdata);
static int on_watch(sd_event_source *s, uint64_t usec, void *userdata);

static void role_hang_up(struct role *r) {
        r->io = sd_event_source_disable_unref(r->io);
        process_hang_up(&r->process);
}

/* Back to an empty place; the process must have been reaped. Jobs must have been moved elsewhere. */
static void role_reset(struct role *r) {
        role_hang_up(r);
        r->child = sd_event_source_disable_unref(r->child);
        r->watch = sd_event_source_disable_unref(r->watch);
        process_clear(&r->process);
        struct pool *p = r->pool;
        *r = (struct role){.pool = p, .process = PROCESS_NONE};
        list_init(&r->jobs);
}

/* The role broke a limit or the protocol. The rest happens when it has ended. */
static void role_kill(struct role *r, enum unreadable_reason verdict) {
        if (r->verdict == 0)
                r->verdict = verdict;
        r->deaf = true;
        role_hang_up(r);
        process_signal(&r->process, SIGKILL);
}

static int role_watch_events(struct role *r) {
        sd_event *event = r->pool->event;
        int e = sd_event_add_io(event, &r->io, r->process.socket, EPOLLIN, on_socket, r);
        if (e >= 0)
                e = sd_event_add_io(event, &r->child, r->process.pidfd, EPOLLIN, on_end, r);
        if (e >= 0) /* after its last words were heard */
                e = sd_event_source_set_priority(r->child, SD_EVENT_PRIORITY_NORMAL + 1);
        if (e >= 0)
                e = sd_event_add_time_relative(event, &r->watch, CLOCK_MONOTONIC, POOL_START_SECONDS * USEC_PER_SEC, 0,
                                               on_watch, r);
        return e;
}

static int role_start(struct role *r) {
        int e = process_start(r->pool->program, "parse", &r->process);
        if (e < 0)
                return e;
        r->state = ROLE_STARTING;
        r->progress_usec = now_usec();
        e = role_watch_events(r);
        if (e < 0) {
                process_end(&r->process);
                role_reset(r);
        }
        return e;
}

/* Let a role without jobs go: it ends when its socket closes. */
static void role_end(struct role *r) {
        role_hang_up(r);
        r->state = ROLE_ENDING;
        r->progress_usec = now_usec();
        (void) sd_event_source_set_time_relative(r->watch, POOL_START_SECONDS * USEC_PER_SEC);
        (void) sd_event_source_set_enabled(r->watch, SD_EVENT_ONESHOT);
}

static void role_retire(struct role *r) {
        r->retire = true;
        if (!r->jobs.first && r->state == ROLE_READY)
                role_end(r);
}

/* --- handing out jobs --- */

static bool role_is_fresh(const struct role *r) {
        return r->state == ROLE_READY && !r->retire && !r->deaf && r->n_done == 0 && !r->jobs.first;
}

/* Half a packet at least, or single requests would make up the traffic of a busy role. */
static bool role_has_room(const struct role *r) {
        return r->state == ROLE_READY && !r->retire && !r->deaf && !r->lone &&
               (r->jobs.n + IPC_BATCH_MAX / 2 <= r->pool->in_flight);
}

static struct ipc_request_header request_of(const struct job *j) {
        const struct pool_job *s = &j->spec;
        uint32_t flags = j->moved ? s->flags & ~(uint32_t) IPC_RESUME_AFTER : s->flags;
        return (struct ipc_request_header){
                .version = IPC_VERSION,
                .type = s->type,
                .flags = j->apart ? flags | IPC_ANSWER_AT_ONCE : flags,
                .serial = j->serial,
                .offset = j->resume,
                .size = s->size < 0 ? -1 : MAX(s->size - (j->resume - s->offset), INT64_C(0)),
                .from = s->from,
                .to = s->to,
        };
}

/* The first jobs of a list, at most `max`, in one packet. How many, or -EAGAIN when the role takes no more now. */
static int role_ask(struct role *r, const struct job_list *from, size_t max) {
        struct ipc_request_header requests[IPC_BATCH_MAX];
        int fds[IPC_BATCH_MAX];
        size_t n = 0;
        for (const struct job *j = from->first; j && n < max; j = j->next) {
                requests[n] = request_of(j);
                fds[n++] = j->spec.fd;
        }
        int e = ipc_send_requests(r->process.socket, requests, fds, n);
        if (e >= 0)
                return (int) n;
        /* Full: its next reply comes back here. Gone: on_end() comes next, and its last words are still to be read. */
        if (e != -EAGAIN && e != -ENOBUFS && e != -ETOOMANYREFS)
                r->retire = true;
        /* A role that takes nothing although it has nothing to do is of no use. */
        else if (!r->jobs.first)
                role_kill(r, UNREADABLE_PROTOCOL);
        return -EAGAIN;
}

static void role_arm(struct role *r) {
        r->progress_usec = now_usec();
        (void) sd_event_source_set_time_relative(r->watch, r->pool->job_usec);
        (void) sd_event_source_set_enabled(r->watch, SD_EVENT_ONESHOT);
}

static int role_give(struct role *r, struct job_list *from, size_t max) {
        int n = role_ask(r, from, max);
        if (n < 0)
                return n;
        if (!r->jobs.first)
                role_arm(r);
        for (int i = 0; i < n; i++) {
                struct job *j = list_take(from);
                j->seen = 0;
                j->read_until = 0;
                list_append(&r->jobs, j);
        }
        return 0;
}

static struct role *pool_pick(struct pool *p, bool (*fits)(const struct role *r)) {
        struct role *best = NULL;
        for (uint32_t i = 0; i < p->n_roles; i++)
                if (fits(&p->roles[i]) && (!best || p->roles[i].jobs.n < best->jobs.n))
                        best = &p->roles[i];
        return best;
}

/* A suspect waits for a fresh role. When none is on its way, the least busy one is let go. */
static void pool_make_fresh(struct pool *p) {
        uint32_t coming = 0;
        for (uint32_t i = 0; i < p->n_roles; i++)
                coming += p->roles[i].state != ROLE_READY || p->roles[i].retire || p->roles[i].deaf;
        struct role *r = coming < p->suspects.n ? pool_pick(p, role_has_room) : NULL;
        if (r)
                role_retire(r);
}

static void pool_failure(struct pool *p) {
        if (++p->failures >= POOL_FAILURES_MAX)
                pool_fail(p, -ECHILD);
}

/* How many roles may be started now. One starts with the first job, or a pass with nothing new would pay for it. The start of another
 * costs as much as some hundred messages: it must have more to do than the others can be given. A mailbox in one file is enough. */
static uint32_t pool_wanted(const struct pool *p) {
        uint32_t busy = 0;
        for (uint32_t i = 0; i < p->n_roles; i++)
                busy += p->roles[i].state == ROLE_STARTING || p->roles[i].state == ROLE_READY;
        uint32_t jobs = p->waiting.n;
        if (busy > 0 && jobs > 0 && p->waiting.first->spec.type == IPC_MESSAGE)
                jobs = jobs > busy * POOL_WORTH_A_ROLE ? jobs - busy * POOL_WORTH_A_ROLE : 0;
        return jobs + p->suspects.n;
}

static void pool_refill(struct pool *p) {
        uint32_t wanted = pool_wanted(p);
        for (uint32_t i = 0; i < p->n_roles && wanted > 0 && p->error >= 0; i++) {
                if (p->roles[i].state != ROLE_EMPTY)
                        continue;
                int e = role_start(&p->roles[i]);
                if (e < 0) {
                        log_errno(e, "The parse role cannot be started");
                        pool_failure(p);
                }
                wanted--;
        }
        /* Without a single role nothing would ever wake the loop again. */
        for (uint32_t i = 0; i < p->n_roles; i++)
                if (p->roles[i].state != ROLE_EMPTY)
                        return;
        if (p->waiting.first || p->suspects.first)
                pool_fail(p, -ECHILD);
}

/* Gives jobs to whoever has room. Calls no handler. */
static void pool_dispatch(struct pool *p) {
        struct role *r;
        if (p->error < 0 || p->in_handler)
                return;
        while (p->suspects.first && (r = pool_pick(p, role_is_fresh)))
                if (role_give(r, &p->suspects, 1) >= 0)
                        r->lone = true;
        if (p->suspects.first)
                pool_make_fresh(p);
        while (p->waiting.first && (r = pool_pick(p, role_has_room)))
                if (role_give(r, &p->waiting, MIN(IPC_BATCH_MAX, p->in_flight - r->jobs.n)) < 0)
                        break;
        pool_refill(p);
}

/* --- blame --- */

static void job_poison(struct pool *p, struct job *j, enum unreadable_reason reason, int detail) {
        const struct unreadable u = {.reason = reason, .detail = detail, .size = j->spec.size};
        /* The caller goes on after the message at fault. When it asked for just that and the role still got no further,
         * the file as a whole is to blame. */
        bool whole = j->spec.type != IPC_MBOX || ((j->spec.flags & IPC_RESUME_AFTER) && !j->moved);
        int64_t at = whole ? -1 : j->resume;
        const struct ipc_reply_header reply = {
                .version = IPC_VERSION,
                .type = IPC_DONE,
                .serial = j->serial,
                .status = -EIO,
                .offset = j->resume,
                .end = j->resume,
                .internal_date = INSTANT_UNKNOWN,
        };
        tell_done(p, j, &reply, &u, at);
        job_free(j);
}

/* A role died of this job, or ran out of memory over it. */
static void job_blame(struct pool *p, struct job *j, enum unreadable_reason reason, int detail, uint32_t blame) {
        j->blame = j->culprit == j->resume ? j->blame + blame : blame;
        j->culprit = j->resume;
        j->apart = true;
        if (j->blame < BLAME_MAX)
                list_append(&p->suspects, j);
        else
                job_poison(p, j, reason, detail);
}

/* --- replies --- */

static void role_job_over(struct role *r) {
        struct pool *p = r->pool;
        p->failures = 0;
        r->lone = false;
        if (++r->n_done >= POOL_JOBS_PER_ROLE)
                r->retire = true;
        if (r->retire)
                role_retire(r);
}

/* Is this reply news, or did the caller hear it in an earlier try? */
static bool job_is_news(struct job *j) {
        if (j->spec.type == IPC_MBOX)
                return true;
        if (++j->seen <= j->delivered)
                return false;
        j->delivered = j->seen;
        return true;
}

static bool instant_valid(int64_t at) {
        return at == INSTANT_UNKNOWN || (at >= INSTANT_MIN && at <= INSTANT_MAX);
}

/* A message at work must lie where none was reported yet. */
static int job_move(struct job *j, const struct ipc_reply_header *h) {
        if (j->spec.type != IPC_MBOX || h->offset < j->resume || h->end < h->offset)
                return -EBADMSG;
        if (j->spec.size >= 0 && h->offset - j->spec.offset > j->spec.size)
                return -EBADMSG;
        j->moved = j->moved || h->offset > j->resume;
        j->resume = h->offset;
        return 0;
}

static int reply_begin(struct role *r, struct job *j, const struct ipc_reply_header *h, const void *payload) {
        (void) r;
        (void) payload;
        if (j->spec.type == IPC_MBOX)
                return job_move(j, h);
        /* Elsewhere it says how far a large file was read: always further, and not for ever. */
        if (h->offset != j->spec.offset || h->end <= j->read_until || h->end - h->offset > (int64_t) CALENDAR_SIZE_MAX)
                return -EBADMSG;
        j->read_until = h->end;
        return 0;
}

static int reply_observation(struct role *r, struct job *j, const struct ipc_reply_header *h, const void *payload) {
        /* A role that was taken over must not tell of things that only the core can know. */
        static const enum observation_kind kinds[] = {
                [IPC_MESSAGE] = OBSERVATION_MESSAGE,
                [IPC_CALENDAR] = OBSERVATION_EVENT,
                [IPC_MBOX] = OBSERVATION_MESSAGE,
                [IPC_EXPAND] = 0,
        };
        struct pool *p = r->pool;
        struct observation o;
        bool mbox = j->spec.type == IPC_MBOX;
        if (mbox ? !instant_valid(h->internal_date) || job_move(j, h) < 0 : h->internal_date != INSTANT_UNKNOWN)
                return -EBADMSG;
        arena_reset(p->arena);
        int e = observation_decode(payload, h->payload, p->arena, &o);
        if (e < 0)
                return e;
        if (o.kind != kinds[j->spec.type])
                return -EBADMSG;
        if (mbox) { /* also counted as a job, since each message may leak */
                j->resume = h->end;
                j->moved = true;
                r->n_done++;
        }
        if (!job_is_news(j) || p->error < 0)
                return 0;
        p->in_handler = true;
        e = p->handlers.observation(&o, h, j->spec.userdata, p->handlers.userdata);
        p->in_handler = false;
        if (e < 0)
                pool_fail(p, e);
        return 0;
}

static int reply_instances(struct role *r, struct job *j, const struct ipc_reply_header *h, const void *payload) {
        struct pool *p = r->pool;
        uint32_t n = h->payload / (uint32_t) sizeof(struct ipc_instance);
        if (j->spec.type != IPC_EXPAND)
                return -EBADMSG;
        arena_reset(p->arena);
        struct moment *items = arena_new0(p->arena, struct moment, n);
        if (!items)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                struct ipc_instance x;
                memcpy(&x, (const char *) payload + i * sizeof(x), sizeof(x));
                if (x.form < MOMENT_INSTANT || x.form > MOMENT_DATE || x.at < INSTANT_MIN || x.at > INSTANT_MAX ||
                    x.reserved != 0)
                        return -EBADMSG;
                items[i] = (struct moment){.form = (enum moment_form) x.form, .at = x.at};
        }
        if (!job_is_news(j) || p->error < 0 || !p->handlers.instances)
                return 0;
        p->in_handler = true;
        int e = p->handlers.instances(items, n, j->spec.userdata, p->handlers.userdata);
        p->in_handler = false;
        if (e < 0)
                pool_fail(p, e);
        return 0;
}

static int reply_done(struct role *r, struct job *j, const struct ipc_reply_header *h, const void *payload) {
        (void) payload;
        /* "Ended at" cannot lie before what was told. */
        if (j->spec.type == IPC_MBOX && (h->offset < j->resume || h->end < h->offset))
                return -EBADMSG;
        (void) list_take(&r->jobs);
        if (h->status == -ENOMEM) {
                /* Perhaps only what the role had kept; a fresh one tells. */
                job_blame(r->pool, j, UNREADABLE_MEMORY, ENOMEM, BLAME_OF_KILLER);
                r->retire = true;
        } else {
                tell_done(r->pool, j, h, NULL, -1);
                job_free(j);
        }
        role_job_over(r);
        return 0;
}

static int reply_observation_done(struct role *r, struct job *j, const struct ipc_reply_header *h, const void *payload) {
        if (j->spec.type != IPC_MESSAGE)
                return -EBADMSG;
        int e = reply_observation(r, j, h, payload);
        return e < 0 ? e : reply_done(r, j, h, NULL);
}

/* The first word of a role: it is locked in, or why not. */
static int role_ready(struct role *r, const struct ipc_reply_header *h) {
        if (h->type != IPC_DONE || r->state != ROLE_STARTING)
                return -EBADMSG;
        if (h->status < 0) {
                log_errno(h->status, "The parse role cannot lock itself in");
                return h->status;
        }
        r->state = ROLE_READY;
        (void) sd_event_source_set_enabled(r->watch, SD_EVENT_OFF);
        return 0;
}

static int role_heard(struct role *r, const struct ipc_reply_header *h, const void *payload) {
        static int (*const replies[])(struct role * r, struct job * j, const struct ipc_reply_header *h,
                                      const void *payload) = {
                [IPC_OBSERVATION] = reply_observation,
                [IPC_INSTANCES] = reply_instances,
                [IPC_BEGIN] = reply_begin,
                [IPC_DONE] = reply_done,
                [IPC_OBSERVATION_DONE] = reply_observation_done,
        };
        if (h->serial == 0)
                return role_ready(r, h);
        struct job *j = r->jobs.first;
        if (!j || j->serial != h->serial)
                return -EBADMSG;
        return replies[h->type](r, j, h, payload);
}

/* Everything that one packet says, until it says something it may not. */
static void role_read(struct role *r, struct ipc_packet packet) {
        struct pool *p = r->pool;
        r->progress_usec = now_usec();
        while (!r->deaf && p->error >= 0) {
                struct ipc_reply_header h;
                const void *payload;
                int e = ipc_next_reply(&packet, &h, &payload);
                if (e == 0)
                        return;
                /* Our own lack of memory is no fault of the role's; its first word may be that it has none. */
                bool ours = false;
                if (e > 0) {
                        e = role_heard(r, &h, payload);
                        ours = e == -ENOMEM && h.serial != 0;
                }
                if (ours)
                        pool_fail(p, e);
                else if (e < 0)
                        role_kill(r, UNREADABLE_PROTOCOL);
        }
}

/* Reads at most `max` packets. 0 there is nothing more for now, 1 there may be, -EPIPE the role hung up. */
static int role_listen(struct role *r, unsigned max) {
        struct pool *p = r->pool;
        for (unsigned i = 0; i < max; i++) {
                struct ipc_packet packet;
                if (r->process.socket < 0 || r->deaf || p->error < 0)
                        return 0;
                int e = ipc_receive_replies(r->process.socket, p->packet, &packet);
                if (e == -EAGAIN)
                        return 0;
                /* Told once, when requests were left unread; what the role said before still waits to be read. */
                if (e == -ECONNRESET)
                        continue;
                if (e == 0)
                        return -EPIPE;
                if (e > 0)
                        role_read(r, packet);
                else if (e == -ENOMEM)
                        pool_fail(p, e);
                else
                        role_kill(r, UNREADABLE_PROTOCOL);
        }
        return 1;
}

static int on_socket(sd_event_source *s, int fd, uint32_t revents, void *userdata) {
        struct role *r = userdata;
        (void) s;
        (void) fd;
        (void) revents;
        if (role_listen(r, POOL_PACKETS_A_TURN) < 0 || r->pool->error < 0) {
                /* It is ending, or pretends to: no effect on a process that is on its way out by itself. */
                role_hang_up(r);
                process_signal(&r->process, SIGKILL);
        }
        pool_dispatch(r->pool);
        return 0;
}

/* --- the end of a role --- */

static enum unreadable_reason death_reason(const struct role *r, const siginfo_t *info) {
        if (r->verdict != 0)
                return r->verdict;
        return info->si_code != CLD_EXITED && info->si_status == SIGXCPU ? UNREADABLE_TIME : UNREADABLE_CRASH;
}

/* The job a dead role was busy with. It may have done others whose answers it had kept: then nobody can tell, and all of them are asked again
 * for answers at once. A message of an mbox is told when it is begun. */
static struct job *role_culprit(struct role *r) {
        struct job *first = r->jobs.first;
        if (first && (first->apart || first->spec.type == IPC_MBOX || !first->next))
                return list_take(&r->jobs);
        for (struct job *j = first; j; j = j->next)
                j->apart = true;
        return NULL;
}

static int on_end(sd_event_source *s, int fd, uint32_t revents, void *userdata) {
        struct role *r = userdata;
        struct pool *p = r->pool;
        siginfo_t info = {0};
        (void) s;
        (void) fd;
        (void) revents;
        /* What it said before it died counts. */
        while (role_listen(r, POOL_PACKETS_A_TURN) > 0)
                ;
        if (process_reap(&r->process, false, &info) < 0)
                return 0;

        enum unreadable_reason reason = death_reason(r, &info);
        int detail = info.si_code == CLD_EXITED ? 0 : info.si_status;
        /* A role that was killed while it had nothing to do is simply started again when there is work. */
        bool at_work = r->state == ROLE_READY, failed = r->state == ROLE_STARTING || r->verdict != 0;
        bool outside = r->verdict == 0 && detail == SIGKILL;
        struct job *culprit = at_work ? role_culprit(r) : NULL;
        if (culprit)
                log_at(LOG_LEVEL_DEBUG, "A parse role ended over one item (signal %d).", detail);
        bool again = r->jobs.first;
        /* Its neighbours are innocent: first in line again. */
        list_prepend(&p->waiting, &r->jobs);
        role_reset(r);
        if (culprit)
                job_blame(p, culprit, reason, detail, outside ? BLAME_OF_VICTIM : BLAME_OF_KILLER);
        else if (failed && !again)
                pool_failure(p);
        pool_dispatch(p);
        return 0;
}

static int on_watch(sd_event_source *s, uint64_t usec, void *userdata) {
        struct role *r = userdata;
        uint64_t limit = r->state == ROLE_READY ? r->pool->job_usec : POOL_START_SECONDS * USEC_PER_SEC;
        (void) usec;
        /* The core itself may have been busy: what the role said meanwhile is progress. */
        (void) role_listen(r, POOL_PACKETS_A_TURN);
        if (r->state == ROLE_READY && !r->jobs.first) {
                pool_dispatch(r->pool);
                return 0; /* armed again with the next job */
        }
        uint64_t idle = now_usec() - r->progress_usec;
        if (idle >= limit) {
                role_kill(r, UNREADABLE_TIME);
                return 0;
        }
        (void) sd_event_source_set_time_relative(s, limit - idle);
        (void) sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
        pool_dispatch(r->pool);
        return 0;
}

/* --- the pool --- */

static uint32_t processors(void) {
        cpu_set_t set;
        int n = sched_getaffinity(0, sizeof(set), &set) < 0 ? 1 : CPU_COUNT(&set);
        return (uint32_t) MIN(MAX(n, 1), (int) POOL_ROLES_MAX);
}

/* As many for each role as the limit of open files leaves room for, one packet at least. The usual limit is there for programs that cannot
 * count further: it is raised as far as it may be. */
static uint32_t room_in_flight(uint32_t n_roles) {
        const rlim_t wanted = n_roles * POOL_IN_FLIGHT + POOL_QUEUE_MAX + POOL_FILES_KEPT;
        struct rlimit limit;
        rlim_t files = getrlimit(RLIMIT_NOFILE, &limit) < 0 ? 0 : limit.rlim_cur;
        if (files < wanted && files < limit.rlim_max) {
                limit.rlim_cur = MIN(wanted, limit.rlim_max);
                files = setrlimit(RLIMIT_NOFILE, &limit) < 0 ? files : limit.rlim_cur;
        }
        rlim_t room = files > POOL_QUEUE_MAX + POOL_FILES_KEPT ? files - POOL_QUEUE_MAX - POOL_FILES_KEPT : 0;
        uint32_t packets = (uint32_t) MIN(room / n_roles, (rlim_t) POOL_IN_FLIGHT) / IPC_BATCH_MAX;
        return MAX(packets, 1U) * IPC_BATCH_MAX;
}

static void pool_freep(struct pool **p) {
        pool_free(*p);
}

int pool_new(sd_event *event, const char *program, uint32_t n_roles, const struct pool_handlers *handlers,
             struct pool **ret) {
        _cleanup_(pool_freep) struct pool *p = calloc(1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        p->event = sd_event_ref(event);
        p->handlers = *handlers;
        p->n_roles = n_roles == 0 ? processors() : MIN(n_roles, POOL_ROLES_MAX);
        p->in_flight = room_in_flight(p->n_roles);
        p->job_usec = POOL_JOB_SECONDS * USEC_PER_SEC;
        list_init(&p->waiting);
        list_init(&p->suspects);
        for (uint32_t i = 0; i < p->n_roles; i++) {
                p->roles[i] = (struct role){.pool = p, .process = PROCESS_NONE};
                list_init(&p->roles[i].jobs);
        }
        p->program = strdup(program);
        p->packet = malloc(IPC_PACKET_MAX);
        if (!p->program || !p->packet)
                return -ENOMEM;
        int e = arena_new(POOL_ARENA_MAX, &p->arena);
        if (e < 0)
                return e;
        *ret = TAKE_PTR(p);
        return 0;
}

struct pool *pool_free(struct pool *p) {
        if (!p)
                return NULL;
        for (uint32_t i = 0; i < p->n_roles; i++) {
                struct role *r = &p->roles[i];
                siginfo_t info;
                process_signal(&r->process, SIGKILL);
                if (r->state != ROLE_EMPTY)
                        (void) !process_reap(&r->process, true, &info);
                list_free(&r->jobs);
                role_reset(r);
        }
        list_free(&p->waiting);
        list_free(&p->suspects);
        arena_free(p->arena);
        free(p->packet);
        free(p->program);
        sd_event_unref(p->event);
        free(p);
        return NULL;
}

void pool_set_patience(struct pool *p, uint64_t usec) {
        p->job_usec = usec;
}

void pool_cancel(struct pool *p) {
        pool_fail(p, -ECANCELED);
}

int pool_submit(struct pool *p, const struct pool_job *job) {
        /* A handler cannot turn the loop to make room, and submits no more than what just ended. */
        if (p->waiting.n >= POOL_QUEUE_MAX && !p->in_handler)
                return -EAGAIN;
        if (job->offset < 0 || job->size < -1)
                return -EINVAL;
        if (job->fd < 0)
                return -EBADF;
        struct job *j = malloc(sizeof(*j));
        if (!j)
                return -ENOMEM;
        /* 0 is the role's own. */
        p->serial = p->serial == UINT32_MAX ? 1 : p->serial + 1;
        *j = (struct job){.spec = *job, .serial = p->serial, .resume = job->offset};
        list_append(&p->waiting, j);
        if (p->waiting.n >= IPC_BATCH_MAX)
                pool_dispatch(p);
        return 0;
}

void pool_expect(struct pool *p) {
        for (uint32_t i = 0; i < p->n_roles && p->error >= 0; i++)
                if (p->roles[i].state == ROLE_EMPTY && role_start(&p->roles[i]) < 0)
                        return;
}

static bool pool_is_idle(const struct pool *p) {
        if (p->waiting.first || p->suspects.first)
                return false;
        for (uint32_t i = 0; i < p->n_roles; i++)
                if (p->roles[i].jobs.first)
                        return false;
        return true;
}

int pool_run(struct pool *p, bool drain) {
        if (p->in_handler)
                return -EBUSY;
        pool_dispatch(p);
        while (p->error >= 0 && (drain ? !pool_is_idle(p) : p->waiting.n >= POOL_QUEUE_MAX)) {
                int e = sd_event_run(p->event, UINT64_MAX);
                if (e < 0)
                        return e;
        }
        return p->error;
}

int pool_turn(struct pool *p, uint64_t usec) {
        if (p->in_handler)
                return -EBUSY;
        pool_dispatch(p);
        int e = p->error < 0 ? p->error : sd_event_run(p->event, usec);
        return e < 0 ? e : p->error;
}
