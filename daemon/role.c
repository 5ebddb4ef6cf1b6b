/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/role.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/descriptor.h"
/* --- a process --- */

/* posix_spawn() and its kin return positive errors. */
int process_attributes(posix_spawnattr_t *a) {
        sigset_t none, all;
        sigemptyset(&none);
        sigfillset(&all);
        int e = posix_spawnattr_setflags(a, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        e = e ? e : posix_spawnattr_setpgroup(a, 0); /* Ctrl-C is for the core, which then ends what it started */
        e = e ? e : posix_spawnattr_setsigmask(a, &none);
        return e ? e : posix_spawnattr_setsigdefault(a, &all);
}

/* Nothing of the owner's environment reaches the role, but what tables, messages and sanitizers need. */
static int role_environment(char **ret_items, size_t room, struct buf *storage) {
        static const char *const names[] = {"TZDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "JOURNAL_STREAM"};
        size_t offsets[ELEMENTSOF(names) + 1], n = 0;
        offsets[n++] = 0;
        (void) buf_add(storage, "LANG=C.UTF-8", sizeof("LANG=C.UTF-8"));
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                const char *value = getenv(names[i]);
                if (!value)
                        continue;
                offsets[n++] = storage->size;
                (void) buf_printf(storage, "%s=%s", names[i], value);
                (void) buf_add_char(storage, 0);
        }
        if (storage->error < 0)
                return storage->error;
        if (n >= room)
                return -E2BIG;
        for (size_t i = 0; i < n; i++)
                ret_items[i] = storage->data + offsets[i];
        ret_items[n] = NULL;
        return 0;
}

/* posix_spawn() and its kin return positive errors. */
static int spawn_attributes(posix_spawnattr_t *a, posix_spawn_file_actions_t *f, int socket) {
        int e = process_attributes(a);
        /* First the socket: it may itself be 0 or 1 when the core was started without them. */
        e = e ? e : posix_spawn_file_actions_adddup2(f, socket, ROLE_SOCKET);
        e = e ? e : posix_spawn_file_actions_addopen(f, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        e = e ? e : posix_spawn_file_actions_addopen(f, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
        return e ? e : posix_spawn_file_actions_addclosefrom_np(f, ROLE_SOCKET + 1);
}

static int spawn(const char *program, const char *role, int socket, pid_t *ret) {
        char argument[32], *environment[8];
        (void) snprintf(argument, sizeof(argument), "--role=%s", role);
        char *const arguments[] = {(char *) program, argument, NULL};
        _cleanup_buf_ struct buf storage = {0};
        posix_spawnattr_t a;
        posix_spawn_file_actions_t f;
        int e = role_environment(environment, ELEMENTSOF(environment), &storage);
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
        e = spawn_attributes(&a, &f, socket);
        e = e ? e : posix_spawn(ret, program, &f, &a, arguments, environment);
        posix_spawn_file_actions_destroy(&f);
        posix_spawnattr_destroy(&a);
        return -e;
}

int process_start(const char *program, const char *role, struct process *ret) {
        int pair[2];
        struct process p = PROCESS_NONE;
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return -errno;
        for (size_t i = 0; i < 2; i++) {
                const int size = ROLE_SOCKET_BUFFER;
                (void) setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
        }
        p.socket = pair[0];
        int e = spawn(program, role, pair[1], &p.pid);
        (void) close(pair[1]);
        if (e >= 0 && (p.pidfd = pidfd_open(p.pid, 0)) < 0) {
                e = -errno;
                (void) kill(p.pid, SIGKILL); /* not reaped yet, so the number is still its own */
                (void) waitpid(p.pid, NULL, 0);
        }
        if (e < 0) {
                close_fd(&p.socket);
                return e;
        }
        *ret = p;
        return 0;
}

void process_signal(const struct process *p, int signal) {
        /* The descriptor, not the number: it cannot mean another process. */
        if (p->pidfd >= 0)
                (void) pidfd_send_signal(p->pidfd, signal, NULL, 0);
}

void process_hang_up(struct process *p) {
        close_fd(&p->socket);
}

int process_reap(const struct process *p, bool wait, siginfo_t *ret) {
        siginfo_t info = {0};
        int r;
        while ((r = waitid(P_PIDFD, (id_t) p->pidfd, &info, WEXITED | (wait ? 0 : WNOHANG))) < 0 && errno == EINTR)
                ;
        if (r < 0)
                return -errno;
        if (info.si_pid == 0)
                return -EAGAIN;
        *ret = info;
        return 0;
}

void process_clear(struct process *p) {
        close_fd(&p->socket);
        close_fd(&p->pidfd);
        *p = PROCESS_NONE;
}

void process_end(struct process *p) {
        siginfo_t info;
        process_signal(p, SIGKILL);
        if (p->pidfd >= 0)
                (void) !process_reap(p, true, &info);
        process_clear(p);
}

const char *process_story(const siginfo_t *how, char *text, size_t size) {
        if (how->si_code == CLD_EXITED)
                (void) snprintf(text, size, "ended with status %d", how->si_status);
        else
                (void) snprintf(text, size, "was killed by signal %d", how->si_status);
        return text;
}

/* --- words for packets --- */

#define WIRE_NULL UINT32_MAX
/* Longest text of a remote: its address (rules/remote.c) with room for what escaping adds. */
#define WIRE_REMOTE_TEXT_MAX 4096U

void wire_put_number(struct buf *b, uint64_t n) {
        (void) buf_add(b, &n, sizeof(n));
}

void wire_put_bytes(struct buf *b, const void *data, size_t size) {
        uint32_t n = data ? (uint32_t) size : WIRE_NULL;
        (void) buf_add(b, &n, sizeof(n));
        if (data)
                (void) buf_add(b, data, size);
}

void wire_put(struct buf *b, const char *s) {
        wire_put_bytes(b, s, s ? strlen(s) : 0);
}

static bool wire_take(struct wire *w, void *to, size_t size) {
        w->bad = w->bad || w->size < size;
        if (w->bad)
                return false;
        memcpy(to, w->data, size);
        w->data += size;
        w->size -= size;
        return true;
}

uint64_t wire_number(struct wire *w) {
        uint64_t n;
        return wire_take(w, &n, sizeof(n)) ? n : 0;
}

const char *wire_bytes(struct wire *w, size_t *ret_size) {
        uint32_t n;
        *ret_size = 0;
        if (!wire_take(w, &n, sizeof(n)) || n == WIRE_NULL)
                return NULL;
        w->bad = w->size < n;
        if (w->bad)
                return NULL;
        const char *data = w->data;
        w->data += n;
        w->size -= n;
        *ret_size = n;
        return data;
}

const char *wire_text(struct wire *w, struct arena *arena, size_t max) {
        size_t n;
        const char *data = wire_bytes(w, &n);
        if (!data)
                return NULL;
        const char *copy = n > max || memchr(data, 0, n) ? NULL : arena_strndup(arena, data, n);
        w->bad = w->bad || !copy;
        return copy;
}

void wire_put_remote(struct buf *b, const struct remote *r) {
        const char *const texts[] = {r->url, r->user, r->host, r->path, r->ca, r->fingerprint};
        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                wire_put(b, texts[i]);
        wire_put_number(b, r->port);
        wire_put_number(b, r->tls);
        wire_put_number(b, r->auth);
}

void wire_remote(struct wire *w, struct arena *arena, struct remote *ret) {
        struct remote r = {0};
        const char **const texts[] = {&r.url, &r.user, &r.host, &r.path, &r.ca, &r.fingerprint};
        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                *texts[i] = wire_text(w, arena, WIRE_REMOTE_TEXT_MAX);
        uint64_t port = wire_number(w), tls = wire_number(w), auth = wire_number(w);
        w->bad = w->bad || port > UINT16_MAX || tls > REMOTE_PLAIN || auth >= _AUTH_MAX || !r.host;
        r.port = (uint16_t) port;
        r.tls = (enum remote_tls) tls;
        r.auth = (enum auth_mechanism) auth;
        *ret = r;
}
