/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/outlet_command.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/output.h"
#include "daemon/program.h"
#include "daemon/store_hash.h"
#include "parsers/utf8.h"

/* The kind of message in the journal: contrib/systemd/adieu.catalog explains it. */
#define MESSAGE_ID_GIVEN_UP "ed2d0cc42a6b48a4a7625a720ae611de"

#define USEC_PER_SEC UINT64_C(1000000)
/* Between being asked to end and being made to. */
#define GRACE_USEC (5 * USEC_PER_SEC)
/* The same when the service itself is to end, which may take two seconds. */
#define STOP_GRACE_MILLISECONDS 1000
/* After a failure nothing is tried for this long, then twice as long, and so on: most failures are of the program and not of one alert. */
#define WAIT_FIRST_USEC (10 * USEC_PER_SEC)
#define WAIT_MAX_USEC (UINT64_C(3600) * USEC_PER_SEC)
/* What waits is kept as text, and made again by the next judgement: a first pass may find thousands. */
#define QUEUE_MAX 256U
#define QUEUE_BYTES_MAX ((size_t) 4 << 20)
/* Alerts of which the number of failures is known. */
#define FAILURES_MAX 1024U
/* Output: the first line is told when it fails; what goes on for ever is no longer read. */
#define FIRST_LINE_MAX 200U
#define OUTPUT_MAX ((size_t) 1 << 20)
/* As many bytes of its words found in the alert are the alert's own. */
#define ECHO_MIN 16U

static const char search_path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

struct item {
        char *id;   /* name_of(); owned */
        char *json; /* owned */
        size_t size;
        char **breaches; /* those it was not told yet; owned, NULL-terminated */
};

struct failure {
        char *id; /* name_of() what was to be told; owned */
        unsigned tries;
};

struct outlet_command {
        sd_event *event;
        char *program;
        void (*finished)(void *userdata);
        void *userdata;
        uint64_t limit, grace, pause;

        struct item *queue; /* in the order they are told */
        size_t n_queue, first, bytes;
        bool more; /* the last judgement had more than the queue took */

        struct item running; /* id NULL: nothing runs */
        struct program *run;
        struct program_result ending; /* of what is settled next, without what it wrote */
        char line[FIRST_LINE_MAX + 1];
        size_t n_line;
        bool settling;
        sd_event_source *wait;

        struct failure *failures;
        size_t n_failures;
        unsigned in_a_row; /* failures since the last success */
        char *fault;
};

/* --- values */

static void item_free(struct item *i) {
        for (char **b = i->breaches; b && *b; b++)
                free(*b);
        free(i->breaches);
        free(i->json);
        free(i->id);
        *i = (struct item){};
}

static void queue_clear(struct outlet_command *o) {
        for (size_t i = o->first; i < o->n_queue; i++)
                item_free(&o->queue[i]);
        o->n_queue = o->first = o->bytes = 0;
}

static struct failure *failure_find(const struct outlet_command *o, const char *id) {
        for (size_t i = 0; i < o->n_failures; i++)
                if (strcmp(o->failures[i].id, id) == 0)
                        return &o->failures[i];
        return NULL;
}

static void failures_clear(struct outlet_command *o) {
        for (size_t i = 0; i < o->n_failures; i++)
                free(o->failures[i].id);
        o->n_failures = 0;
}

static unsigned count_failure(struct outlet_command *o, const char *id) {
        struct failure *f = failure_find(o, id);
        if (f)
                return ++f->tries;
        /* With more than that failing it is the program: the pauses between its runs are an hour long by then. */
        char *copy = o->n_failures < FAILURES_MAX ? strdup(id) : NULL;
        if (!copy)
                return 1;
        o->failures[o->n_failures++] = (struct failure){.id = copy, .tries = 1};
        return 1;
}

static void forget_failure(struct outlet_command *o, const char *id) {
        struct failure *f = failure_find(o, id);
        if (!f)
                return;
        free(f->id);
        *f = o->failures[--o->n_failures];
}

/* --- a run: start and end */

/* The first line of what it wrote that is not empty. */
static void take_line(struct outlet_command *o, const char *data, size_t size) {
        size_t start = 0;
        while (start < size && data[start] == '\n')
                start++;
        const char *end = memchr(data + start, '\n', size - start);
        o->n_line = MIN(end ? (size_t) (end - data) - start : size - start, (size_t) FIRST_LINE_MAX);
        memcpy(o->line, data + start, o->n_line);
}

static void on_end(struct program_result *result, void *userdata) {
        struct outlet_command *o = userdata;
        take_line(o, result->output, result->size);
        o->ending = *result;
        o->ending.output = NULL;
        o->settling = true;
        o->finished(o->userdata);
}

/* The alert as a file without a name: nothing waits for the program to read it, and it may seek. */
static int input_of(const struct item *item) {
        int fd = memfd_create("alert", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        size_t done = 0;
        while (fd >= 0 && done < item->size) {
                ssize_t n = write(fd, item->json + done, item->size - done);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        break;
                done += (size_t) n;
        }
        if (fd >= 0 && (done < item->size || lseek(fd, 0, SEEK_SET) < 0)) {
                int error = errno;
                (void) close(fd);
                return -error;
        }
        return fd < 0 ? -errno : fd;
}

/* Of the service's environment only HOME and LANG. */
static int environment_of(struct buf *storage, char *ret[4]) {
        static const char *const defaults[][2] = {{"HOME", "/"}, {"LANG", "C.UTF-8"}};
        size_t offsets[ELEMENTSOF(defaults)];
        for (size_t i = 0; i < ELEMENTSOF(defaults); i++) {
                const char *value = getenv(defaults[i][0]);
                offsets[i] = storage->size;
                (void) buf_printf(storage, "%s=%s", defaults[i][0], value ? value : defaults[i][1]);
                (void) buf_add_char(storage, 0);
        }
        if (storage->error < 0)
                return storage->error;
        ret[0] = (char *) search_path;
        for (size_t i = 0; i < ELEMENTSOF(defaults); i++)
                ret[1 + i] = storage->data + offsets[i];
        ret[1 + ELEMENTSOF(defaults)] = NULL;
        return 0;
}

static int start(struct outlet_command *o, const char **command) {
        _cleanup_buf_ struct buf storage = {0};
        char *environment[4];
        int input = input_of(&o->running);
        if (input < 0)
                return input;
        const char *const role[] = {o->program, "--role=command", NULL};
        const struct program_spec spec = {
                .arguments = role,
                .more = command,
                .environment = environment,
                .input = input,
                .limit_usec = o->limit,
                .grace_usec = o->grace,
                .output_max = OUTPUT_MAX,
                .hang_up = true,
                .merge = true,
        };
        int r = environment_of(&storage, environment);
        if (r >= 0)
                r = program_start(o->event, &spec, on_end, o, &o->run);
        (void) close(input);
        return r;
}

/* --- what became of it */

/* Words that are the alert's own, quotes of mail among them, are not for the journal. */
static bool is_echo(const struct outlet_command *o, const char *line, size_t size) {
        return size >= ECHO_MIN && memmem(o->running.json, o->running.size, line, MIN(size, (size_t) ECHO_MIN * 2));
}

static void keep_fault(struct outlet_command *o, const char *name) {
        char ending[96];
        if (o->ending.error == -ETIME)
                (void) snprintf(ending, sizeof(ending), "took longer than %u seconds", (unsigned) (o->limit / USEC_PER_SEC));
        else if (o->ending.signal > 0)
                (void) snprintf(ending, sizeof(ending), "was ended by signal %d", o->ending.signal);
        else
                (void) snprintf(ending, sizeof(ending), "ended with %d", o->ending.status);
        size_t n = utf8_clean_line(o->line, o->n_line);
        bool told = n > 0 && !is_echo(o, o->line, n);
        free(o->fault);
        if (asprintf(&o->fault, "%s %s%s%.*s", name, ending, told ? ": " : "", told ? (int) n : 0, o->line) < 0)
                o->fault = NULL;
        log_warning("on_alert: %s", o->fault ? o->fault : ending);
}

static int on_wait(sd_event_source *s, uint64_t usec, void *userdata) {
        struct outlet_command *o = userdata;
        (void) s;
        (void) usec;
        o->finished(o->userdata);
        return 0;
}

/* Nothing runs until then. */
static void wait_a_while(struct outlet_command *o) {
        uint64_t usec = MIN(o->pause << MIN(o->in_a_row, 10U), WAIT_MAX_USEC);
        o->in_a_row++;
        if (!o->wait && sd_event_add_time_relative(o->event, &o->wait, CLOCK_BOOTTIME, usec, 0, on_wait, o) >= 0)
                return;
        (void) sd_event_source_set_time_relative(o->wait, usec);
        (void) sd_event_source_set_enabled(o->wait, SD_EVENT_ONESHOT);
}

static bool is_waiting(const struct outlet_command *o) {
        int enabled = SD_EVENT_OFF;
        return o->wait && sd_event_source_get_enabled(o->wait, &enabled) >= 0 && enabled != SD_EVENT_OFF;
}

static void failed(struct outlet_command *o, const char *name) {
        unsigned tries = count_failure(o, o->running.id);
        keep_fault(o, name);
        if (tries == COMMAND_TRIES_MAX)
                log_known(LOG_LEVEL_ERROR, MESSAGE_ID_GIVEN_UP,
                          "on_alert: given up for one alert after %u tries; a reload or a restart tries it again", tries);
        /* It comes again with the next judgement, behind the others. */
        o->more = true;
        wait_a_while(o);
}

static int note_told(struct outlet_command *o, struct context *c) {
        int r = store_begin(c->store);
        for (char **b = o->running.breaches; r >= 0 && *b; b++)
                r = store_tell(c->store, *b, OUTLET_COMMAND, clock_now(&c->clock));
        if (r >= 0)
                r = store_commit(c->store);
        if (r < 0) {
                store_rollback(c->store);
                return judge_failed(c, r, "cannot keep what was told");
        }
        return 0;
}

static int settle_run(struct outlet_command *o, struct context *c, const char *name) {
        int r = 0;
        o->settling = false;
        o->run = program_free(o->run);
        if (o->ending.error == 0 && o->ending.status == 0) {
                r = note_told(o, c);
                forget_failure(o, o->running.id);
                o->in_a_row = 0;
                free(o->fault);
                o->fault = NULL;
        } else
                failed(o, name);
        /* What could not be noted is told again. */
        if (r < 0)
                wait_a_while(o);
        item_free(&o->running);
        return r;
}

int outlet_command_settle(struct outlet_command *o, struct context *c) {
        const char **command = c->settings->on_alert;
        if (o->settling) {
                int r = settle_run(o, c, command ? command[0] : "the program");
                if (r < 0)
                        return r;
        }
        if (!command) {
                queue_clear(o);
                o->more = false;
                return 0;
        }
        if (o->running.id || is_waiting(o))
                return 0;
        if (o->first == o->n_queue) {
                /* After a failure what failed must be made again as well. */
                bool again = o->more;
                o->more = false;
                return again;
        }
        o->running = o->queue[o->first++];
        o->bytes -= o->running.size;
        int r = start(o, command);
        if (r >= 0)
                return 0;
        log_errno(r, "on_alert: cannot start %s", command[0]);
        o->more = true;
        item_free(&o->running);
        wait_a_while(o);
        return r;
}

/* --- what is to be told */

/* 1 when something of it was never told to the program, with the ids of that. */
static int untold(struct context *c, const struct alert *a, char ***ret) {
        char **breaches = calloc(a->n_evidence + 2, sizeof(*breaches));
        size_t n = 0;
        int r = breaches ? 0 : -ENOMEM;
        for (size_t i = 0; i <= a->n_evidence && r >= 0; i++) {
                const char *id = i < a->n_evidence ? a->evidence[i].breach : a->repeat;
                if (!*id)
                        continue;
                r = store_told(c->store, id, OUTLET_COMMAND);
                if (r == 0 && !(breaches[n++] = strdup(id)))
                        r = -ENOMEM;
        }
        if (r >= 0 && n > 0) {
                *ret = breaches;
                return 1;
        }
        for (size_t i = 0; breaches && i < n; i++)
                free(breaches[i]);
        free(breaches);
        return MIN(r, 0);
}

/* By the alert and all that is to be told of it: new evidence, which may be older than what is known, is another thing to tell and a new chance. */
static char *name_of(const struct alert *a, char *const *breaches) {
        uint64_t hash = STORE_HASH_SEED;
        char *name = NULL;
        for (; *breaches; breaches++)
                hash = store_hash(hash, *breaches, strlen(*breaches));
        return asprintf(&name, "%s %016" PRIx64, a->id, hash) < 0 ? NULL : name;
}

static bool has_room(const struct outlet_command *o) {
        return o->n_queue < QUEUE_MAX && (o->n_queue == 0 || o->bytes < QUEUE_BYTES_MAX);
}

/* Takes item->id and item->breaches. */
static int queue_add(struct outlet_command *o, struct context *c, const struct alert *a, struct item *item) {
        _cleanup_buf_ struct buf line = {};
        int r = alert_line(c, a, &line);
        if (r < 0) {
                item_free(item);
                return r;
        }
        item->json = TAKE_PTR(line.data);
        item->size = line.size;
        o->bytes += item->size;
        o->queue[o->n_queue++] = *item;
        return 0;
}

/* Alerts that failed before come behind those that did not. */
static int consider(struct outlet_command *o, struct context *c, const struct alert *a, bool failed_before) {
        struct item item = {};
        if (a->mode == MODE_WATCH || a->inhibited_by || a->state != ALERT_OPEN)
                return 0;
        int r = untold(c, a, &item.breaches);
        if (r <= 0)
                return r;
        item.id = name_of(a, item.breaches);
        const struct failure *f = item.id ? failure_find(o, item.id) : NULL;
        bool wanted = item.id && (f != NULL) == failed_before && (!f || f->tries < COMMAND_TRIES_MAX) &&
                      !(o->running.id && strcmp(o->running.id, item.id) == 0);
        r = item.id ? 0 : -ENOMEM;
        if (wanted && has_room(o))
                return queue_add(o, c, a, &item);
        o->more |= wanted;
        item_free(&item);
        return r;
}

int outlet_command_turn(struct outlet_command *o, struct context *c, const struct judgement *j) {
        int r = 0;
        queue_clear(o);
        o->more = false;
        if (!c->settings->on_alert)
                return 0;
        for (unsigned pass = 0; pass < 2; pass++)
                for (size_t i = 0; i < j->n_alerts && r >= 0; i++)
                        r = consider(o, c, &j->alerts[i], pass == 1);
        if (r == -ENOMEM)
                return log_errno(r, "on_alert: cannot keep the alerts");
        return r < 0 ? judge_failed(c, r, "cannot tell what on_alert was told") : 0;
}

/* --- the whole */

int outlet_command_new(sd_event *event, const char *program, void (*finished)(void *userdata), void *userdata,
                       struct outlet_command **ret) {
        struct outlet_command *o = calloc(1, sizeof(*o));
        if (!o)
                return -ENOMEM;
        *o = (struct outlet_command){
                .event = sd_event_ref(event),
                .program = strdup(program),
                .finished = finished,
                .userdata = userdata,
                .limit = COMMAND_SECONDS * USEC_PER_SEC,
                .grace = GRACE_USEC,
                .pause = WAIT_FIRST_USEC,
                .queue = calloc(QUEUE_MAX, sizeof(struct item)),
                .failures = calloc(FAILURES_MAX, sizeof(struct failure)),
        };
        if (!o->program || !o->queue || !o->failures) {
                outlet_command_free(o);
                return -ENOMEM;
        }
        *ret = o;
        return 0;
}

struct outlet_command *outlet_command_free(struct outlet_command *o) {
        if (!o)
                return NULL;
        o->run = program_stop(o->run, STOP_GRACE_MILLISECONDS);
        o->wait = sd_event_source_disable_unref(o->wait);
        item_free(&o->running);
        if (o->queue)
                queue_clear(o);
        if (o->failures)
                failures_clear(o);
        free(o->queue);
        free(o->failures);
        free(o->fault);
        free(o->program);
        sd_event_unref(o->event);
        free(o);
        return NULL;
}

void outlet_command_forgive(struct outlet_command *o) {
        failures_clear(o);
        o->in_a_row = 0;
        o->wait = sd_event_source_disable_unref(o->wait);
}

void outlet_command_get_status(const struct outlet_command *o, struct outlet_command_status *ret) {
        size_t given_up = 0;
        for (size_t i = 0; i < o->n_failures; i++)
                given_up += o->failures[i].tries >= COMMAND_TRIES_MAX;
        *ret = (struct outlet_command_status){
                .waiting = o->n_queue - o->first + (o->running.id ? 1 : 0),
                .given_up = given_up,
                .fault = o->fault,
        };
}

void outlet_command_set_patience(struct outlet_command *o, uint64_t limit, uint64_t grace, uint64_t pause) {
        o->limit = limit;
        o->grace = grace;
        o->pause = pause;
}
