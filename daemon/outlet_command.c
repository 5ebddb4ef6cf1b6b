/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/outlet_command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/descriptor.h"
#include "daemon/log.h"
#include "daemon/output.h"
#include "daemon/role.h"
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
        pid_t pid;
        int pidfd, output;
        sd_event_source *io, *child, *time, *wait;
        bool out_of_time, settling;
        int wstatus; /* of what is settled next */
        char line[FIRST_LINE_MAX + 1];
        size_t n_line, n_output;
        bool line_over;

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

static void signal_group(const struct outlet_command *o, int sig) {
        /* Until it is waited for, its number is its own, and so is that of its group. */
        if (o->pid > 0)
                (void) kill(-o->pid, sig);
}

static void take_line(struct outlet_command *o, const char *data, size_t size) {
        for (size_t i = 0; i < size && !o->line_over; i++) {
                if (data[i] == '\n' || o->n_line == FIRST_LINE_MAX)
                        o->line_over = o->n_line > 0;
                else
                        o->line[o->n_line++] = data[i];
        }
}

/* Reads what there is. */
static void drain_output(struct outlet_command *o) {
        char data[4096];
        while (o->output >= 0) {
                ssize_t n = read(o->output, data, sizeof(data));
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN)
                        return;
                if (n > 0)
                        take_line(o, data, (size_t) n);
                o->n_output += n > 0 ? (size_t) n : 0;
                if (n <= 0 || o->n_output > OUTPUT_MAX) {
                        /* What it still writes ends it, as it would in a pipe of a shell. */
                        o->io = sd_event_source_disable_unref(o->io);
                        close_fd(&o->output);
                }
        }
}

static int on_output(sd_event_source *s, int fd, uint32_t revents, void *userdata) {
        (void) s;
        (void) fd;
        (void) revents;
        drain_output(userdata);
        return 0;
}

/* The leader has ended: whatever it left behind in its group ends with it, while the group still has its number. */
static void reap(struct outlet_command *o) {
        drain_output(o);
        signal_group(o, SIGKILL);
        while (waitpid(o->pid, &o->wstatus, 0) < 0 && errno == EINTR)
                ;
        o->pid = 0;
        o->io = sd_event_source_disable_unref(o->io);
        o->child = sd_event_source_disable_unref(o->child);
        o->time = sd_event_source_disable_unref(o->time);
        close_fd(&o->output);
        close_fd(&o->pidfd);
}

static int on_end(sd_event_source *s, int fd, uint32_t revents, void *userdata) {
        struct outlet_command *o = userdata;
        (void) s;
        (void) fd;
        (void) revents;
        reap(o);
        o->settling = true;
        o->finished(o->userdata);
        return 0;
}

static int on_limit(sd_event_source *s, uint64_t usec, void *userdata) {
        struct outlet_command *o = userdata;
        (void) usec;
        signal_group(o, o->out_of_time ? SIGKILL : SIGTERM);
        if (!o->out_of_time) {
                (void) sd_event_source_set_time_relative(s, o->grace);
                (void) sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
        }
        o->out_of_time = true;
        return 0;
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

/* posix_spawn() and its kin return positive errors. */
static int spawn_attributes(posix_spawnattr_t *a, posix_spawn_file_actions_t *f, int input, int output) {
        int e = process_attributes(a);
        e = e ? e : posix_spawn_file_actions_adddup2(f, input, STDIN_FILENO);
        e = e ? e : posix_spawn_file_actions_adddup2(f, output, STDOUT_FILENO);
        return e ? e : posix_spawn_file_actions_adddup2(f, output, STDERR_FILENO);
}

static int spawn(struct outlet_command *o, char **argv, int input, int output) {
        _cleanup_buf_ struct buf storage = {0};
        char *environment[4];
        posix_spawnattr_t a;
        posix_spawn_file_actions_t f;
        int e = environment_of(&storage, environment);
        if (e < 0)
                return e;
        e = posix_spawnattr_init(&a);
        if (e)
                return -e;
        e = posix_spawn_file_actions_init(&f);
        if (e) {
                posix_spawnattr_destroy(&a);
                return -e;
        }
        e = spawn_attributes(&a, &f, input, output);
        e = e ? e : posix_spawn(&o->pid, o->program, &f, &a, argv, environment);
        posix_spawn_file_actions_destroy(&f);
        posix_spawnattr_destroy(&a);
        return -e;
}

static int watch_run(struct outlet_command *o) {
        o->pidfd = pidfd_open(o->pid, 0);
        if (o->pidfd < 0)
                return -errno;
        int r = sd_event_add_io(o->event, &o->io, o->output, EPOLLIN, on_output, o);
        if (r >= 0)
                r = sd_event_add_io(o->event, &o->child, o->pidfd, EPOLLIN, on_end, o);
        if (r >= 0)
                r = sd_event_add_time_relative(o->event, &o->time, CLOCK_MONOTONIC, o->limit, 0, on_limit, o);
        return r;
}

static int start_with(struct outlet_command *o, char **argv) {
        int ends[2];
        int input = input_of(&o->running);
        if (input < 0)
                return input;
        if (pipe2(ends, O_CLOEXEC) < 0) {
                int error = errno;
                (void) close(input);
                return -error;
        }
        int r = spawn(o, argv, input, ends[1]);
        (void) close(input);
        (void) close(ends[1]);
        o->output = ends[0];
        /* Only our end: the program finds an ordinary pipe. */
        if (r >= 0 && fcntl(o->output, F_SETFL, O_NONBLOCK) < 0)
                r = -errno;
        if (r >= 0)
                r = watch_run(o);
        if (r < 0 && o->pid > 0) {
                signal_group(o, SIGKILL);
                reap(o);
        }
        if (r < 0)
                close_fd(&o->output);
        return r;
}

static int start(struct outlet_command *o, const char **command) {
        size_t n = 0;
        while (command[n])
                n++;
        _cleanup_free_ char **argv = calloc(n + 3, sizeof(*argv));
        if (!argv)
                return -ENOMEM;
        argv[0] = o->program;
        argv[1] = (char *) "--role=command";
        for (size_t i = 0; i < n; i++)
                argv[2 + i] = (char *) command[i];
        o->pid = 0;
        o->n_line = o->n_output = 0;
        o->line_over = o->out_of_time = false;
        return start_with(o, argv);
}

/* --- what became of it */

/* Words that are the alert's own, quotes of mail among them, are not for the journal. */
static bool is_echo(const struct outlet_command *o, const char *line, size_t size) {
        return size >= ECHO_MIN && memmem(o->running.json, o->running.size, line, MIN(size, (size_t) ECHO_MIN * 2));
}

static void keep_fault(struct outlet_command *o, const char *name) {
        char ending[96];
        if (o->out_of_time)
                (void) snprintf(ending, sizeof(ending), "took longer than %u seconds", (unsigned) (o->limit / USEC_PER_SEC));
        else if (WIFSIGNALED(o->wstatus))
                (void) snprintf(ending, sizeof(ending), "was ended by signal %d", WTERMSIG(o->wstatus));
        else
                (void) snprintf(ending, sizeof(ending), "ended with %d", WEXITSTATUS(o->wstatus));
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
        if (WIFEXITED(o->wstatus) && WEXITSTATUS(o->wstatus) == 0 && !o->out_of_time) {
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
                .pidfd = -1,
                .output = -1,
        };
        if (!o->program || !o->queue || !o->failures) {
                outlet_command_free(o);
                return -ENOMEM;
        }
        *ret = o;
        return 0;
}

static void stop_run(struct outlet_command *o) {
        struct pollfd end = {.fd = o->pidfd, .events = POLLIN};
        signal_group(o, SIGTERM);
        signal_group(o, SIGCONT); /* one that was stopped hears nothing else */
        (void) poll(&end, 1, STOP_GRACE_MILLISECONDS);
        signal_group(o, SIGKILL);
        reap(o);
}

struct outlet_command *outlet_command_free(struct outlet_command *o) {
        if (!o)
                return NULL;
        if (o->pid > 0)
                stop_run(o);
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
