/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/program.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/descriptor.h"
#include "daemon/role.h"

/* Read in one go: what a pipe holds. */
#define PROGRAM_READ_SIZE 4096U

struct program {
        sd_event_source *io, *child, *timer;
        pid_t pid;
        int pidfd, output;
        size_t output_max;
        uint64_t grace_usec;
        bool hang_up;
        struct program_result result;
        void (*done)(struct program_result *r, void *userdata);
        void *userdata;
};

extern char **environ;

/* The whole group: a shell's children as well. Its leader is not reaped yet, so the number is still its own. */
static void signal_group(const struct program *p, int sig) {
        if (p->pid > 0)
                (void) kill(-p->pid, sig);
}

/* --- what it writes --- */

static void close_output(struct program *p) {
        p->io = sd_event_source_disable_unref(p->io);
        close_fd(&p->output);
}

static void too_much(struct program *p) {
        p->result.size = p->output_max;
        close_output(p);
        if (p->hang_up)
                return;
        p->result.error = -E2BIG;
        signal_group(p, SIGKILL);
}

/* Until, for now or for ever, there is no more. */
static void read_output(struct program *p) {
        struct program_result *r = &p->result;
        while (p->output >= 0) {
                /* One more than may be kept, so that too much is noticed. */
                size_t room = MIN(p->output_max + 1 - r->size, (size_t) PROGRAM_READ_SIZE);
                ssize_t n = read(p->output, r->output + r->size, room);
                if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
                        if (errno == EAGAIN)
                                return;
                        continue;
                }
                if (n <= 0) {
                        close_output(p);
                        return;
                }
                r->size += (size_t) n;
                if (r->size > p->output_max)
                        too_much(p);
        }
}

static int on_output(sd_event_source *s, int fd, uint32_t revents, void *userdata) {
        (void) s;
        (void) fd;
        (void) revents;
        read_output(userdata);
        return 0;
}

/* --- its end --- */

static int on_end(sd_event_source *s, int fd, uint32_t revents, void *userdata) {
        struct program *p = userdata;
        struct program_result *r = &p->result;
        siginfo_t info = {0};
        (void) s;
        (void) revents;
        if (waitid(P_PIDFD, (id_t) fd, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
                return 0;
        read_output(p);
        /* What it left running holds the pipe, and would for ever. */
        signal_group(p, SIGKILL);
        (void) waitid(P_PIDFD, (id_t) fd, &info, WEXITED | WNOHANG);
        p->pid = 0;
        p->child = sd_event_source_disable_unref(p->child);
        p->timer = sd_event_source_disable_unref(p->timer);
        p->io = sd_event_source_disable_unref(p->io);
        r->status = info.si_code == CLD_EXITED ? info.si_status : -1;
        r->signal = info.si_code == CLD_EXITED ? 0 : info.si_status;
        if (r->output)
                r->output[r->size] = 0;
        p->done(r, p->userdata); /* p may be gone afterwards */
        return 0;
}

static int on_limit(sd_event_source *s, uint64_t usec, void *userdata) {
        struct program *p = userdata;
        (void) usec;
        bool ask = p->result.error != -ETIME && p->grace_usec > 0;
        p->result.error = -ETIME;
        signal_group(p, ask ? SIGTERM : SIGKILL);
        if (ask) {
                (void) sd_event_source_set_time_relative(s, p->grace_usec);
                (void) sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
        }
        return 0;
}

/* --- its start --- */

/* The owner's own environment, but for what systemd says to us alone. */
static char **environment(void) {
        static const char *const ours[] = {
                "NOTIFY_SOCKET=", "WATCHDOG_USEC=", "WATCHDOG_PID=", "LISTEN_PID=", "LISTEN_FDS=", "JOURNAL_STREAM="};
        size_t n = 0, kept = 0;
        while (environ && environ[n])
                n++;
        char **list = calloc(n + 1, sizeof(*list));
        for (size_t i = 0; list && i < n; i++) {
                bool left_out = false;
                for (size_t k = 0; k < ELEMENTSOF(ours); k++)
                        left_out |= strncmp(environ[i], ours[k], strlen(ours[k])) == 0;
                if (!left_out)
                        list[kept++] = environ[i];
        }
        return list;
}

static int spawn_actions(posix_spawnattr_t *a, posix_spawn_file_actions_t *f, const struct program_spec *spec, int output) {
        int e = process_attributes(a);
        e = e                  ? e
            : spec->input >= 0 ? posix_spawn_file_actions_adddup2(f, spec->input, STDIN_FILENO)
                               : posix_spawn_file_actions_addopen(f, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        e = e             ? e
            : output >= 0 ? posix_spawn_file_actions_adddup2(f, output, STDOUT_FILENO)
                          : posix_spawn_file_actions_addopen(f, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
        if (spec->quiet)
                e = e ? e : posix_spawn_file_actions_addopen(f, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        else if (spec->merge)
                e = e ? e : posix_spawn_file_actions_adddup2(f, STDOUT_FILENO, STDERR_FILENO);
        return e ? e : posix_spawn_file_actions_addclosefrom_np(f, STDERR_FILENO + 1);
}

static size_t count(const char *const *list) {
        size_t n = 0;
        while (list && list[n])
                n++;
        return n;
}

static char **join_arguments(const struct program_spec *spec) {
        size_t n = count(spec->arguments), more = count(spec->more);
        char **list = calloc(n + more + 1, sizeof(*list));
        for (size_t i = 0; list && i < n + more; i++)
                list[i] = (char *) (i < n ? spec->arguments[i] : spec->more[i - n]);
        return list;
}

static int spawn(struct program *p, const struct program_spec *spec, int output) {
        _cleanup_free_ char **arguments = join_arguments(spec);
        _cleanup_free_ char **own = spec->environment ? NULL : environment();
        posix_spawnattr_t a;
        posix_spawn_file_actions_t f;
        if (!arguments || (!own && !spec->environment))
                return -ENOMEM;
        if (!arguments[0])
                return -EINVAL;
        int e = posix_spawnattr_init(&a);
        if (e)
                return -e;
        e = posix_spawn_file_actions_init(&f);
        if (e) {
                posix_spawnattr_destroy(&a);
                return -e;
        }
        e = spawn_actions(&a, &f, spec, output);
        e = e ? e : posix_spawnp(&p->pid, arguments[0], &f, &a, arguments, own ? own : spec->environment);
        posix_spawn_file_actions_destroy(&f);
        posix_spawnattr_destroy(&a);
        return -e;
}

static int watch_it(struct program *p, sd_event *event, const struct program_spec *spec) {
        p->pidfd = pidfd_open(p->pid, 0);
        int e = p->pidfd < 0 ? -errno : sd_event_add_io(event, &p->child, p->pidfd, EPOLLIN, on_end, p);
        if (e >= 0) /* after its last words were read */
                e = sd_event_source_set_priority(p->child, SD_EVENT_PRIORITY_NORMAL + 1);
        if (e >= 0 && p->output >= 0)
                e = sd_event_add_io(event, &p->io, p->output, EPOLLIN, on_output, p);
        if (e >= 0)
                e = sd_event_add_time_relative(event, &p->timer, CLOCK_MONOTONIC, spec->limit_usec, 0, on_limit, p);
        return e;
}

static void program_freep(struct program **p) {
        program_free(*p);
}

int program_start(sd_event *event, const struct program_spec *spec, void (*done)(struct program_result *r, void *userdata),
                  void *userdata, struct program **ret) {
        _cleanup_(program_freep) struct program *p = calloc(1, sizeof(*p));
        int pair[2] = {-1, -1};
        if (!p)
                return -ENOMEM;
        *p = (struct program){.pidfd = -1,
                              .output = -1,
                              .output_max = spec->output_max,
                              .grace_usec = spec->grace_usec,
                              .hang_up = spec->hang_up,
                              .done = done,
                              .userdata = userdata};
        if (spec->output_max > 0) {
                p->result.output = malloc(spec->output_max + 1);
                if (!p->result.output)
                        return -ENOMEM;
                if (pipe2(pair, O_CLOEXEC) < 0)
                        return -errno;
                p->output = pair[0];
                (void) fcntl(p->output, F_SETFL, O_NONBLOCK);
        }
        int e = spawn(p, spec, pair[1]);
        close_fd(&pair[1]);
        if (e >= 0)
                e = watch_it(p, event, spec);
        if (e < 0)
                return e;
        *ret = TAKE_PTR(p);
        return 0;
}

struct program *program_free(struct program *p) {
        if (!p)
                return NULL;
        if (p->pid > 0) {
                signal_group(p, SIGKILL);
                (void) waitpid(p->pid, NULL, 0);
        }
        p->child = sd_event_source_disable_unref(p->child);
        p->timer = sd_event_source_disable_unref(p->timer);
        close_output(p);
        close_fd(&p->pidfd);
        if (p->result.output) /* one byte more than is kept may have been read */
                explicit_bzero(p->result.output, p->result.size + 1);
        free(p->result.output);
        free(p);
        return NULL;
}

struct program *program_stop(struct program *p, int milliseconds) {
        if (p && p->pid > 0) {
                struct pollfd end = {.fd = p->pidfd, .events = POLLIN};
                signal_group(p, SIGTERM);
                signal_group(p, SIGCONT); /* one that was stopped hears nothing else */
                (void) poll(&end, 1, milliseconds);
        }
        return program_free(p);
}
