/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The parse roles as seen from the core: a few children (this binary re-executed with --role=parse), fed with descriptors, several
 * requests in flight each, watched by CPU and wall limits, restarted when they die. A job that kills its role is tried once more alone;
 * if it kills again it is reported as unreadable, and its neighbours are asked again. */

#include <systemd/sd-event.h>

#include "daemon/ipc.h"
#include "parsers/observation.h"

/* Wall clock a single job may take before its role is killed, when it shows no progress (any reply is progress). */
#define POOL_JOB_SECONDS 10U
/* Requests in flight for one role, where the limit of open files allows: what hides a commit of the core's, ten milliseconds, and the moments in
 * which its log goes to the file, fifty, and bounds what a crash makes us repeat. The kernel counts descriptors in flight against that limit,
 * and ours stay open as long. */
#define POOL_IN_FLIGHT 1024U
/* Requests after which a role is replaced: libetpan leaks on some malformed fields. Its start costs as much as a
 * thousand messages. */
#define POOL_JOBS_PER_ROLE 100000U

struct pool;

struct pool_job {
        enum ipc_request type;
        uint32_t flags;
        int64_t offset, size;
        instant from, to; /* EXPAND */
        int fd;           /* owned by the pool from pool_submit() on */
        void *userdata;   /* the caller's name for it */
};

struct pool_handlers {
        /* One observation, decoded and checked; valid during the call. `span` is set for MBOX jobs, else NULL.
         * A negative result ends the run: pool_run() returns it. */
        int (*observation)(const struct observation *o, const struct ipc_reply_header *reply, void *job_userdata,
                           void *userdata);
        int (*instances)(const struct moment *items, uint32_t n, void *job_userdata, void *userdata);
        /* The job is over: status 0 or negative errno from the role; or `poison` tells why it was given up, with `at`
         * the offset of the message that did it (MBOX; the caller submits the rest again with IPC_RESUME_AFTER), else -1: then the item
         * as a whole is given up, also for an MBOX where nothing could be found after the message to skip. `reply` is never NULL;
         * with `poison` its status is -EIO. Inside a handler pool_submit() never answers -EAGAIN; pool_run() must not be called. */
        int (*done)(const struct ipc_reply_header *reply, const struct unreadable *poison, int64_t at, void *job_userdata,
                    void *userdata);
        void *userdata;
};

/* Up to `n_roles` children (0: as many as there are processors, at most 4), started when there is work for them. program: path of this binary. */
int pool_new(sd_event *event, const char *program, uint32_t n_roles, const struct pool_handlers *handlers,
             struct pool **ret) _must_check_;
struct pool *pool_free(struct pool *p); /* kills what still runs */
/* Queue a job. 0; -EAGAIN when POOL_QUEUE_MAX jobs wait: call pool_run() with drain false first (job->fd stays the caller's). */
#define POOL_QUEUE_MAX 256U
int pool_submit(struct pool *p, const struct pool_job *job) _must_check_;
/* Many jobs will follow: the roles are started already, so that they load their tables while the caller still looks for the work. One that cannot
 * start is tried again, and told, with the first job. */
void pool_expect(struct pool *p);
/* Hand out jobs and turn the event loop once, for at most `usec`: for a caller that waits for something else than the pool. 0, or the failure that ended the
 * run. */
int pool_turn(struct pool *p, uint64_t usec) _must_check_;
/* Another wall clock limit than POOL_JOB_SECONDS, for jobs given out from now on (tests). */
void pool_set_patience(struct pool *p, uint64_t usec);
/* End the run: pool_run() returns -ECANCELED as soon as it can, and nothing more is told. */
void pool_cancel(struct pool *p);
/* -ECHILD: roles cannot be started, or ended three times in a row before they were ready. Any failure sticks: only pool_free() is left then.
 * Turn the event loop until there is room for another job (drain false) or nothing is left (drain true). */
int pool_run(struct pool *p, bool drain) _must_check_;
