/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/reader.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/accounts.h"
#include "daemon/source_names.h"
#include "parsers/utf8.h"
#include "rules/fold.h"

/* File systems stamp files with a clock that ticks every few milliseconds, FAT every two seconds: what is younger than that may change again
 * without a new stamp. */
#define SETTLED_SECONDS 2
/* A batch is committed when it is this old, full or not: another adieu waits STORE_BUSY_MILLISECONDS for it. */
#define BATCH_NANOSECONDS INT64_C(1000000000)
#define PROGRESS_NANOSECONDS INT64_C(100000000)
/* How far back recurring events are expanded: a daily meeting then stays below OCCURRENCES_MAX. */
#define EXPANSION_BEHIND (INT64_C(10) * 366 * 86400)
/* An expansion is made again when it ends within this of what is wanted, so that not every pass makes all of them again. */
#define EXPANSION_SLACK (INT64_C(30) * 86400)
#define TROUBLE_MAX 1000U
#define PATH_SHOWN_MAX 1024U

struct reader {
        const struct reader_options *options;
        struct read_totals totals;
        struct reader_job *jobs;        /* with the pool */
        const struct source_spec *spec; /* at work; NULL between sources */
        int64_t source;
        instant now;     /* of the run: one pass sees everything at one time */
        int64_t wall_ns; /* the real time, for judging file times: options->clock may be set */
        instant since;   /* when this source was looked at */
        char *trouble;   /* owned: the first of this source */
        bool settling;   /* all sources were read once, or there is but one calendar */
        bool deferred;   /* this source is to be read again then */
        int fatal;
        int64_t batch;       /* observations since the last commit */
        int64_t batch_since; /* monotonic; 0: no batch open */
        int64_t progress_at;
};

struct store *reader_store(struct reader *r) {
        return r->options->store;
}

instant reader_now(const struct reader *r) {
        return r->now;
}

const struct settings *reader_settings(struct reader *r) {
        return r->options->settings;
}

int reader_fatal(struct reader *r, int error) {
        if (error < 0 && r->fatal == 0)
                r->fatal = error;
        return error;
}

bool reader_is_over(const struct reader *r) {
        return r->fatal < 0;
}

bool reader_may_settle(struct reader *r) {
        if (!r->settling)
                r->deferred = true;
        return r->settling;
}

struct accounts *reader_accounts(struct reader *r) {
        return r->options->accounts;
}

void reader_read_since(struct reader *r, instant since) {
        r->since = since;
}

static __attribute__((format(printf, 3, 0))) void keep_trouble(struct reader *r, char text[static TROUBLE_MAX],
                                                               const char *format, va_list ap) {
        (void) vsnprintf(text, TROUBLE_MAX, format, ap);
        /* File names are any bytes, and servers say what they like; what a person reads, or the store keeps, is a line of text. */
        (void) utf8_clean_line(text, strlen(text));
        if (!r->trouble)
                r->trouble = strdup(text);
}

void reader_not_yet(struct reader *r, const char *format, ...) {
        char text[TROUBLE_MAX];
        va_list ap;
        va_start(ap, format);
        keep_trouble(r, text, format, ap);
        va_end(ap);
}

void reader_trouble(struct reader *r, const char *format, ...) {
        char text[TROUBLE_MAX];
        va_list ap;
        va_start(ap, format);
        keep_trouble(r, text, format, ap);
        va_end(ap);
        if (r->options->trouble)
                r->options->trouble(r->spec ? r->spec->name : "", text, r->options->userdata);
}

static void progress(struct reader *r) {
        if (!r->options->progress || !r->spec)
                return;
        int64_t now = clock_monotonic_ns();
        if (now - r->progress_at < PROGRESS_NANOSECONDS)
                return;
        r->progress_at = now;
        r->options->progress(&r->totals, r->spec->name, r->options->userdata);
}

void reader_looked_at(struct reader *r) {
        r->totals.items++;
        /* Reading the clock for each of 50,000 unchanged messages would be most of the work. */
        if (r->totals.items % 64 == 0)
                progress(r);
}

void reader_handed_over(struct reader *r, int64_t bytes) {
        r->totals.read++;
        r->totals.bytes += bytes;
}

/* --- jobs --- */

static void job_unlink(struct reader_job *j) {
        if (j->previous)
                j->previous->next = j->next;
        else
                j->reader->jobs = j->next;
        if (j->next)
                j->next->previous = j->previous;
}

static void job_release(struct reader_job *j) {
        if (j->release)
                j->release(j);
        else
                free(j);
}

int reader_submit(struct reader *r, const struct source_driver *driver, struct reader_job *job,
                  const struct pool_job *pool_job) {
        struct pool_job p = *pool_job;
        p.userdata = job;
        job->reader = r;
        job->driver = driver;
        job->previous = NULL;
        job->next = r->jobs;
        if (job->next)
                job->next->previous = job;
        r->jobs = job;

        int e = r->fatal;
        while (e == 0 && (e = pool_submit(r->options->pool, &p)) == -EAGAIN)
                e = pool_run(r->options->pool, false);
        if (e < 0) {
                if (p.fd >= 0)
                        (void) close(p.fd);
                job_unlink(job);
                job_release(job);
                return reader_fatal(r, e);
        }
        progress(r);
        return 0;
}

int reader_turn(struct reader *r, uint64_t usec) {
        if (r->fatal < 0)
                return r->fatal;
        int e = pool_turn(r->options->pool, usec);
        progress(r);
        return e < 0 ? reader_fatal(r, e) : 0;
}

void reader_expect(struct reader *r) {
        pool_expect(r->options->pool);
}

int reader_drain(struct reader *r) {
        if (r->fatal < 0)
                return r->fatal;
        int e = pool_run(r->options->pool, true);
        return e < 0 ? reader_fatal(r, e) : 0;
}

static int on_observation(const struct observation *o, const struct ipc_reply_header *reply, void *job_userdata,
                          void *userdata) {
        (void) userdata;
        struct reader_job *j = job_userdata;
        return j->driver->observation ? j->driver->observation(j->reader, j, o, reply) : 0;
}

static int on_instances(const struct moment *items, uint32_t n, void *job_userdata, void *userdata) {
        (void) userdata;
        struct reader_job *j = job_userdata;
        return j->driver->instances ? j->driver->instances(j->reader, j, items, n) : 0;
}

static int on_done(const struct ipc_reply_header *reply, const struct unreadable *poison, int64_t at, void *job_userdata,
                   void *userdata) {
        (void) userdata;
        struct reader_job *j = job_userdata;
        struct reader *r = j->reader;
        job_unlink(j);
        int e = j->driver->done(r, j, reply, poison, at);
        job_release(j);
        if (e >= 0)
                progress(r);
        return e;
}

const struct pool_handlers reader_handlers = {on_observation, on_instances, on_done, NULL};

/* --- the store --- */

int reader_write(struct reader *r) {
        if (r->batch_since > 0)
                return 0;
        int e = store_begin(r->options->store);
        if (e < 0)
                return reader_fatal(r, e);
        r->batch_since = clock_monotonic_ns();
        return 0;
}

static int commit(struct reader *r) {
        r->batch = r->batch_since = 0;
        int e = store_commit(r->options->store);
        return e < 0 ? reader_fatal(r, e) : 0;
}

bool reader_batch_full(const struct reader *r) {
        return r->batch_since > 0 &&
               (r->batch >= BATCH_OBSERVATIONS || clock_monotonic_ns() - r->batch_since > BATCH_NANOSECONDS);
}

int reader_checkpoint(struct reader *r) {
        return reader_batch_full(r) ? commit(r) : 0;
}

struct unreadable reader_refused(int status) {
        enum unreadable_reason reason = UNREADABLE_MALFORMED;
        if (status == -ENOMEM)
                reason = UNREADABLE_MEMORY;
        else if (status == -EFBIG || status == -E2BIG)
                reason = UNREADABLE_TOO_LARGE;
        else if (status == -EIO)
                reason = UNREADABLE_IO;
        return (struct unreadable){.reason = reason, .detail = -status, .size = -1};
}

static int append_to(struct reader *r, int64_t source, struct observation *o) {
        instant at = r->now;
        if (o->kind == OBSERVATION_MESSAGE)
                at = message_time(o, message_is_from_owner(&o->message, r->options->settings));
        int e = reader_write(r);
        if (e < 0)
                return e;
        e = store_append(r->options->store, source, o, at, NULL);
        if (e < 0)
                return reader_fatal(r, e);
        r->batch++;
        if (e > 0 && o->kind == OBSERVATION_UNREADABLE)
                r->totals.unreadable++;
        else if (e > 0)
                r->totals.observations++;
        return e;
}

int reader_observe(struct reader *r, const struct observation *o, instant internal_date) {
        struct observation seen = *o;
        seen.seen_at = r->now;
        seen.internal_date = internal_date;
        return append_to(r, r->source, &seen);
}

static int keep_aside(struct reader *r, int64_t source, const struct unreadable *why, const char *item,
                      instant internal_date) {
        char shown[PATH_SHOWN_MAX];
        (void) snprintf(shown, sizeof(shown), "%s", item);
        (void) utf8_clean_line(shown, strlen(shown));
        struct observation o = {
                .kind = OBSERVATION_UNREADABLE, .seen_at = r->now, .internal_date = internal_date, .unreadable = *why};
        o.unreadable.item = shown;
        return append_to(r, source, &o);
}

int reader_unreadable(struct reader *r, const struct unreadable *why, const char *item, instant internal_date) {
        return keep_aside(r, r->source, why, item, internal_date);
}

int reader_item_put(struct reader *r, const struct store_item *item, int64_t *ret_item) {
        int e = reader_write(r);
        if (e < 0)
                return e;
        e = store_item_put(r->options->store, r->source, item, ret_item);
        return e < 0 ? reader_fatal(r, e) : 0;
}

/* --- files --- */

int64_t reader_raw_mtime(const struct stat *st) {
        return (int64_t) st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

bool reader_has_suffix(const char *name, const char *suffix) {
        return strlen(name) > strlen(suffix) && str_ends_with(name, suffix);
}

unsigned reader_depth(const char *folder) {
        unsigned n = 0;
        for (; *folder; folder++)
                n += *folder == '/';
        return n;
}

int64_t reader_mtime(const struct reader *r, const struct stat *st) {
        int64_t ns = reader_raw_mtime(st);
        return ns < r->wall_ns - SETTLED_SECONDS * INT64_C(1000000000) ? ns : 0;
}

instant reader_file_date(const struct stat *st) {
        int64_t t = st->st_mtim.tv_sec;
        return t >= INSTANT_MIN && t <= INSTANT_MAX ? t : INSTANT_UNKNOWN;
}

/* Only the owner of a file may ask to leave its access time alone. */
static int open_quietly(int folder_fd, const char *name, int flags) {
        int fd = openat(folder_fd, name, flags | O_NOATIME);
        return fd < 0 && errno == EPERM ? openat(folder_fd, name, flags) : fd;
}

int reader_open_file(int folder_fd, const char *name, struct stat *ret_st, int *ret_fd) {
        int follow = folder_fd == AT_FDCWD ? 0 : O_NOFOLLOW;
        int fd = open_quietly(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | follow);
        if (fd < 0)
                return -errno;
        struct stat st;
        int e = fstat(fd, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? 0 : -EINVAL;
        if (e < 0) {
                (void) close(fd);
                return e;
        }
        if (ret_st)
                *ret_st = st;
        *ret_fd = fd;
        return 0;
}

int reader_open_folder(int folder_fd, const char *name, int *ret_fd) {
        int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
        /* The path the owner wrote may pass a link; a link inside a mailbox could lead anywhere, or in a circle. */
        if (folder_fd != AT_FDCWD)
                flags |= O_NOFOLLOW;
        int fd = open_quietly(folder_fd, name, flags);
        if (fd < 0)
                return -errno;
        *ret_fd = fd;
        return 0;
}

char *reader_join(const char *a, const char *b) {
        size_t size = strlen(a) + strlen(b) + 2;
        char *p = malloc(size);
        if (p)
                (void) snprintf(p, size, "%s%s%s", a, *a && *b ? "/" : "", b);
        return p;
}

bool reader_folder_wanted(const struct source_spec *spec, const char *folder) {
        if (spec->include)
                return folder_in_list(folder, spec->include) && !(spec->exclude && folder_in_list(folder, spec->exclude));
        return spec->exclude ? !folder_in_list(folder, spec->exclude) : !folder_left_out_by_default(folder);
}

void reader_all_left_out(struct reader *r, const struct source_spec *spec) {
        if (spec->include || spec->exclude)
                reader_trouble(
                        r, "nothing of it is read: `include` and `exclude` leave out every folder that is there (%s:%u:%u)",
                        spec->file, spec->line, spec->column);
}

/* --- expansions of recurring events --- */

struct expand_job {
        struct reader_job job;
        int64_t observation;
        instant until;
        struct moment *items; /* owned */
        uint32_t n;
};

static void expand_release(struct reader_job *job) {
        struct expand_job *j = (struct expand_job *) job;
        free(j->items);
        free(j);
}

/* The role is not trusted to stay below its own ceiling. */
static int moments_add(struct moment **items, uint32_t *n, const struct moment *more, uint32_t n_more) {
        n_more = MIN(n_more, OCCURRENCES_MAX - *n);
        struct moment *p = realloc(*items, ((size_t) *n + n_more + 1) * sizeof(*p));
        if (!p)
                return -ENOMEM;
        memcpy(p + *n, more, n_more * sizeof(*p));
        *items = p;
        *n += n_more;
        return 0;
}

static int expand_instances(struct reader *r, void *job, const struct moment *items, uint32_t n) {
        struct expand_job *j = job;
        return reader_fatal(r, moments_add(&j->items, &j->n, items, n));
}

static int expand_refused(struct reader *r, const struct expand_job *j, const struct unreadable *why) {
        _cleanup_free_ char *what = NULL;
        int64_t source = 0;
        int e = store_describe(r->options->store, j->observation, &source, &what);
        if (e < 0)
                return reader_fatal(r, e);
        char item[PATH_SHOWN_MAX];
        (void) snprintf(item, sizeof(item), READER_RECURRING "%s", what);
        return keep_aside(r, source, why, item, INSTANT_UNKNOWN);
}

static int expand_done(struct reader *r, void *job, const struct ipc_reply_header *reply, const struct unreadable *poison,
                       int64_t at) {
        (void) at;
        struct expand_job *j = job;
        const struct unreadable refused = reader_refused(reply->status);
        if (poison || reply->status < 0) {
                int e = expand_refused(r, j, poison ? poison : &refused);
                if (e < 0)
                        return e;
                /* Kept as expanded for ever: the same rule would do the same again. */
                j->n = 0;
                j->until = INSTANT_MAX;
        }
        int e = reader_write(r);
        if (e < 0)
                return e;
        e = store_expansion_put(r->options->store, j->observation, j->until, j->items, j->n);
        return e < 0 ? reader_fatal(r, e) : reader_checkpoint(r);
}

static const struct source_driver expander = {.name = "expand", .done = expand_done, .instances = expand_instances};

static int text_fd(const char *text) {
        int fd = memfd_create("recurrence", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (fd < 0)
                return -errno;
        size_t size = strlen(text);
        for (size_t done = 0; done < size;) {
                ssize_t n = write(fd, text + done, size - done);
                if (n <= 0) {
                        int e = n < 0 ? -errno : -EIO;
                        (void) close(fd);
                        return e;
                }
                done += (size_t) n;
        }
        (void) fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
        return fd;
}

static int expand_submit(struct reader *r, const struct source_driver *driver, struct reader_job *job,
                         const char *recurrence, instant until) {
        int fd = text_fd(recurrence);
        if (fd < 0) {
                job_release(job);
                return reader_fatal(r, fd);
        }
        const struct pool_job p = {.type = IPC_EXPAND,
                                   .size = (int64_t) strlen(recurrence),
                                   .from = r->now - EXPANSION_BEHIND,
                                   .to = until,
                                   .fd = fd};
        return reader_submit(r, driver, job, &p);
}

static int on_unexpanded(int64_t observation, const char *recurrence, void *userdata) {
        struct reader *r = userdata;
        struct expand_job *j = calloc(1, sizeof(*j));
        if (!j)
                return -ENOMEM;
        j->job.release = expand_release;
        j->observation = observation;
        j->until = r->now + EXPANSION_AHEAD;
        return expand_submit(r, &expander, &j->job, recurrence, j->until);
}

static int read_expansions(struct reader *r) {
        int e = store_unexpanded(r->options->store, r->now + EXPANSION_AHEAD - EXPANSION_SLACK, on_unexpanded, r);
        if (e < 0)
                return reader_fatal(r, e);
        if ((e = reader_drain(r)) < 0)
                return e;
        return r->batch_since > 0 ? commit(r) : 0;
}

/* --- all sources --- */

static const struct source_driver *driver_of(enum source_kind kind) {
        static const struct source_driver *const drivers[] = {&source_maildir, &source_mbox, &source_calendar, &source_imap,
                                                              &source_caldav};
        for (size_t i = 0; i < ELEMENTSOF(drivers); i++)
                if (drivers[i]->kind == kind)
                        return drivers[i];
        return NULL;
}

const char *source_kind_name(enum source_kind kind) {
        static const char *const names[] = {
                [SOURCE_MAILDIR] = "maildir", [SOURCE_MBOX] = "mbox",     [SOURCE_CALENDAR] = "calendar",
                [SOURCE_IMAP] = "imap",       [SOURCE_CALDAV] = "caldav",
        };
        return (size_t) kind < ELEMENTSOF(names) ? names[kind] : "unknown";
}

/* What an errno means for a source as a whole. */
static void tell_failure(struct reader *r, int error) {
        const char *where = r->spec->location;
        switch (-error) {
        case ENOENT:
                reader_trouble(r, "%s does not exist (moved, or its disk not mounted?)", where);
                break;
        case ENOTDIR:
                reader_trouble(r, "%s is not a folder", where);
                break;
        case EACCES:
        case EPERM:
                reader_trouble(r, "%s cannot be read: permission denied", where);
                break;
        case EINVAL:
                reader_trouble(r, "%s is neither a file nor a folder that can be read", where);
                break;
        default:
                reader_trouble(r, "%s cannot be read: %s", where, strerror(-error));
        }
}

static int read_source(struct reader *r, const struct source_spec *spec, bool *ret_whole) {
        /* A calendar may lie on this machine or on the web. */
        const struct source_driver *driver = driver_of(spec->kind);
        r->spec = spec;
        free(TAKE_PTR(r->trouble));
        r->deferred = false;
        r->since = r->now;
        int e = reader_write(r);
        if (e >= 0 &&
            (e = store_source(r->options->store, source_kind_name(spec->kind), spec->location, spec->name, &r->source)) < 0)
                return reader_fatal(r, e);
        if (e < 0)
                return e;

        bool whole = false;
        if (!driver)
                reader_trouble(r, "%s accounts are not read by this version yet", source_kind_name(spec->kind));
        else {
                e = driver->read(r, spec, r->source);
                if (r->fatal < 0)
                        return r->fatal;
                if (e < 0)
                        tell_failure(r, e);
                whole = e == 0 && !r->trouble;
        }
        if (reader_drain(r) < 0 || reader_write(r) < 0)
                return r->fatal;
        *ret_whole = whole;
        const char *error = whole ? NULL : r->trouble ? r->trouble : "not read whole";
        if ((e = store_source_read(r->options->store, r->source, whole ? r->since : r->now, error)) < 0)
                return reader_fatal(r, e);
        return commit(r);
}

static struct reader reader_for(const struct reader_options *options) {
        return (struct reader){
                .options = options,
                .now = clock_now(&options->clock),
                .wall_ns = clock_now(&(struct clock){.fixed = false}) * 1000000000,
        };
}

static void reader_end(struct reader *r) {
        for (struct reader_job *j = r->jobs, *next; j; j = next) {
                next = j->next;
                job_release(j);
        }
        free(r->trouble);
}

static int read_each(struct reader *r) {
        const struct settings *s = r->options->settings;
        _cleanup_free_ bool *again = calloc(s->n_sources + 1, sizeof(*again));
        if (!again)
                return -ENOMEM;
        size_t calendars = 0;
        int e = 0;
        for (size_t i = 0; i < s->n_sources; i++)
                calendars += s->sources[i].kind == SOURCE_CALENDAR || s->sources[i].kind == SOURCE_CALDAV;
        r->settling = calendars < 2;
        for (size_t i = 0; i < s->n_sources && e >= 0; i++) {
                bool whole = false;
                r->totals.sources++;
                e = read_source(r, &s->sources[i], &whole);
                again[i] = r->deferred;
                /* One that is read again is counted then. */
                r->totals.failed_sources += !whole && !again[i];
        }
        r->settling = true;
        for (size_t i = 0; i < s->n_sources && e >= 0; i++) {
                bool whole = true;
                if (again[i])
                        e = read_source(r, &s->sources[i], &whole);
                r->totals.failed_sources += !whole;
        }
        return e;
}

int read_sources(const struct reader_options *options, struct read_totals *ret) {
        struct reader r = reader_for(options);
        if (options->accounts)
                accounts_begin(options->accounts);
        int e = store_set_owner(options->store, options->settings);
        if (e >= 0)
                e = read_each(&r);
        r.spec = NULL;
        if (e >= 0)
                e = read_expansions(&r);
        if (e < 0)
                store_rollback(options->store);
        reader_end(&r);
        *ret = r.totals;
        return MIN(e, 0);
}

int reader_run(sd_event *event, const char *program, const struct reader_options *options, struct read_totals *ret) {
        struct reader_options o = *options;
        int e = pool_new(event, program, 0, &reader_handlers, &o.pool);
        if (e < 0)
                return e;
        e = read_sources(&o, ret);
        pool_free(o.pool);
        return e;
}

/* --- holidays from files --- */

/* Days that one file or all of them may give: 50 a year for a lifetime. */
#define DAYS_OFF_MAX 5000U
/* One absence of a holidays file: nobody is away for longer. */
#define DAYS_OFF_LENGTH_MAX 400

struct holidays {
        const struct settings *settings;
        struct day_range *items; /* owned */
        size_t n;
};

struct holiday_job {
        struct reader_job job;
        struct holidays *days;
        const char *path;
        int32_t length; /* EXPAND: days of the event */
};

static int32_t day_of(const struct holidays *h, const struct moment *m) {
        if (m->form == MOMENT_INSTANT)
                return zone_day(h->settings->owner.zone ? h->settings->owner.zone : zone_utc(), m->at);
        return (int32_t) (m->at >= 0 ? m->at / 86400 : (m->at - 86399) / 86400);
}

static int holiday_add(struct holidays *h, int32_t first, int32_t length) {
        if (h->n >= DAYS_OFF_MAX)
                return 0;
        struct day_range *p = realloc(h->items, (h->n + 1) * sizeof(*p));
        if (!p)
                return -ENOMEM;
        h->items = p;
        p[h->n++] = (struct day_range){first, first + length - 1};
        return 0;
}

static int holiday_instances(struct reader *r, void *job, const struct moment *items, uint32_t n) {
        struct holiday_job *j = job;
        int e = 0;
        for (uint32_t i = 0; i < n && e >= 0; i++)
                e = holiday_add(j->days, day_of(j->days, &items[i]), j->length);
        return reader_fatal(r, e);
}

static int holiday_done(struct reader *r, void *job, const struct ipc_reply_header *reply, const struct unreadable *poison,
                        int64_t at) {
        (void) at;
        struct holiday_job *j = job;
        if (poison)
                reader_trouble(r, "holidays: %s: %s", j->path, unreadable_reason_name(poison->reason));
        else if (reply->status == -EBADMSG)
                reader_trouble(r, "holidays: %s is not a calendar file", j->path);
        else if (reply->status < 0)
                reader_trouble(r, "holidays: %s: %s", j->path, strerror(-reply->status));
        return 0;
}

static const struct source_driver holiday_driver;

static int holiday_event(struct reader *r, void *job, const struct observation *o, const struct ipc_reply_header *reply) {
        (void) reply;
        struct holiday_job *j = job;
        const struct event *e = &o->event;
        if (o->kind != OBSERVATION_EVENT || e->start.form == MOMENT_NONE || e->status == EVENT_STATUS_CANCELLED)
                return 0;
        int32_t first = day_of(j->days, &e->start);
        /* An end is the first moment after: midnight belongs to the day before it. */
        struct moment end = e->end;
        int32_t last = first;
        if (end.form == e->start.form && end.at > e->start.at) {
                end.at--;
                last = day_of(j->days, &end);
        }
        int32_t length = MIN(MAX(last - first + 1, 1), DAYS_OFF_LENGTH_MAX);
        if (!e->recurrence)
                return reader_fatal(r, holiday_add(j->days, first, length));

        struct holiday_job *x = calloc(1, sizeof(*x));
        if (!x)
                return reader_fatal(r, -ENOMEM);
        x->days = j->days;
        x->path = j->path;
        x->length = length;
        return expand_submit(r, &holiday_driver, &x->job, e->recurrence, r->now + EXPANSION_AHEAD);
}

static const struct source_driver holiday_driver = {
        .name = "holidays", .observation = holiday_event, .done = holiday_done, .instances = holiday_instances};

static int holiday_file(struct reader *r, struct holidays *h, const char *path) {
        int fd, e = reader_open_file(AT_FDCWD, path, NULL, &fd);
        if (e < 0) {
                reader_trouble(r, "holidays: %s: %s", path, e == -EINVAL ? "not a file" : strerror(-e));
                return 0;
        }
        struct holiday_job *j = calloc(1, sizeof(*j));
        if (!j) {
                (void) close(fd);
                return -ENOMEM;
        }
        j->days = h;
        j->path = path;
        return reader_submit(r, &holiday_driver, &j->job, &(struct pool_job){.type = IPC_CALENDAR, .size = -1, .fd = fd});
}

int reader_holidays(sd_event *event, const char *program, struct settings *settings, const struct reader_options *options) {
        if (!settings->holiday_files || !settings->holiday_files[0])
                return 0;
        struct reader_options o = *options;
        int e = pool_new(event, program, 1, &reader_handlers, &o.pool);
        if (e < 0)
                return e;
        struct holidays h = {.settings = settings};
        struct reader r = reader_for(&o);
        for (const char **f = settings->holiday_files; *f && e >= 0; f++)
                e = holiday_file(&r, &h, *f);
        if (e >= 0)
                e = reader_drain(&r);
        if (e >= 0 && h.n > 0)
                e = settings_add_days_off(settings, h.items, h.n);
        reader_end(&r);
        pool_free(o.pool);
        free(h.items);
        return MIN(e, 0);
}
