/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/secret.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/program.h"

/* Whoever may read the file knows the password. Its group may: a service reads what root wrote. */
#define SECRET_FILE_FORBIDDEN (S_IRWXO | S_IWGRP)

char *secret_free(char *secret, size_t size) {
        if (secret)
                explicit_bzero(secret, size);
        free(secret);
        return NULL;
}

static int explain(char **ret_why, int error, const char *format, ...) _printf_(3, 4);
static int explain(char **ret_why, int error, const char *format, ...) {
        va_list ap;
        va_start(ap, format);
        if (ret_why && vasprintf(ret_why, format, ap) < 0)
                *ret_why = NULL;
        va_end(ap);
        return error;
}

/* "the credential imap", for a sentence. */
static void name_place(const struct secret_spec *spec, char *text, size_t size) {
        switch (spec->kind) {
        case SECRET_CREDENTIAL:
                (void) snprintf(text, size, "the credential \"%s\"", spec->name);
                break;
        case SECRET_COMMAND:
                (void) snprintf(text, size, "the command \"%s\"", spec->command[0]);
                break;
        case SECRET_FILE:
                (void) snprintf(text, size, "the file %s", spec->file);
                break;
        default:
                (void) snprintf(text, size, "nothing");
        }
}

/* The first line of data[0..n), in place. What a command prints after it is its own affair (`pass` keeps notes there); a file holds the
 * password and nothing else, and one with more is not what its owner thinks it is. */
static int first_line(const struct secret_spec *spec, char *data, size_t n, size_t *ret_size, char **ret_why) {
        char place[512];
        name_place(spec, place, sizeof(place));
        char *end = memchr(data, '\n', n);
        size_t size = end ? (size_t) (end - data) : n, rest = end ? n - size - 1 : 0;
        if (size > 0 && data[size - 1] == '\r')
                size--;
        if (size == 0)
                return explain(ret_why, -ENOENT, "%s gives no password: it is empty", place);
        if (memchr(data, 0, size) || memchr(data, '\r', size))
                return explain(ret_why, -EBADMSG, "%s gives no password: it holds characters that no password has", place);
        if (spec->kind != SECRET_COMMAND && rest > 0)
                return explain(ret_why, -EBADMSG, "%s holds more than one line", place);
        explicit_bzero(data + size, n - size);
        *ret_size = size;
        return 0;
}

/* --- files and credentials --- */

static int open_place(const struct secret_spec *spec, char **ret_why) {
        char place[512];
        name_place(spec, place, sizeof(place));
        int fd;
        if (spec->kind == SECRET_FILE)
                fd = open(spec->file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        else {
                const char *folder = getenv("CREDENTIALS_DIRECTORY");
                if (!folder)
                        return explain(
                                ret_why, -ENOENT,
                                "%s is not there: systemd gives it to the service, and this was started by somebody else",
                                place);
                int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                if (dir < 0)
                        return explain(ret_why, -errno, "%s cannot be read: %m", place);
                fd = openat(dir, spec->name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
                int saved = errno;
                (void) close(dir);
                errno = saved;
        }
        if (fd >= 0)
                return fd;
        if (errno == ENOENT && spec->kind == SECRET_CREDENTIAL)
                return explain(ret_why, -ENOENT, "%s is not there: LoadCredential=%s:PATH in the unit gives it", place,
                               spec->name);
        return explain(ret_why, -errno, "%s cannot be read: %m", place);
}

static int check_place(const struct secret_spec *spec, int fd, char **ret_why) {
        struct stat st;
        char place[512];
        name_place(spec, place, sizeof(place));
        if (fstat(fd, &st) < 0)
                return explain(ret_why, -errno, "%s cannot be read: %m", place);
        if (!S_ISREG(st.st_mode))
                return explain(ret_why, -EINVAL, "%s is not a file", place);
        if (spec->kind == SECRET_FILE && (st.st_mode & SECRET_FILE_FORBIDDEN))
                return explain(ret_why, -EACCES, "%s can be read by others: chmod 600 makes it yours alone", place);
        return 0;
}

static int read_all(int fd, char *data, size_t room, size_t *ret) {
        size_t size = 0;
        while (size < room) {
                ssize_t n = read(fd, data + size, room - size);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                size += (size_t) n;
        }
        *ret = size;
        return 0;
}

static int read_place(const struct secret_spec *spec, char **ret, size_t *ret_size, char **ret_why) {
        int fd = open_place(spec, ret_why);
        if (fd < 0)
                return fd;
        size_t size = 0, room = SECRET_SIZE_MAX + 1;
        char *data = calloc(1, room + 1);
        int r = data ? check_place(spec, fd, ret_why) : -ENOMEM;
        if (r >= 0)
                r = read_all(fd, data, room, &size);
        (void) close(fd);
        if (r >= 0 && size > SECRET_SIZE_MAX)
                r = explain(ret_why, -E2BIG, "what should hold a password is larger than %u bytes", SECRET_SIZE_MAX);
        if (r >= 0)
                r = first_line(spec, data, size, &size, ret_why);
        if (r < 0) {
                secret_free(data, data ? room : 0);
                return r;
        }
        *ret = data;
        *ret_size = size;
        return 0;
}

/* --- asking from a loop --- */

struct secret_request {
        const struct secret_spec *spec;
        struct program *program;
        sd_event_source *defer;
        int failed; /* why the command could not be started */
        void (*done)(int r, char *secret, size_t size, const char *why, void *userdata);
        void *userdata;
};

static void answer(struct secret_request *q, int r, char *secret, size_t size, char *why) {
        q->done(r, secret, size, why, q->userdata); /* q may be gone afterwards */
        free(why);
}

static int on_defer(sd_event_source *s, void *userdata) {
        struct secret_request *q = userdata;
        char *secret = NULL, *why = NULL;
        size_t size = 0;
        (void) s;
        int r = q->failed;
        if (r < 0)
                (void) explain(&why, r, "the command \"%s\" cannot be run: %s", q->spec->command[0], strerror(-r));
        else
                r = read_place(q->spec, &secret, &size, &why);
        answer(q, r, secret, size, why);
        return 0;
}

/* The command's own words are not repeated: nobody knows what it prints. */
static int command_failure(const struct secret_request *q, const struct program_result *result, char **ret_why) {
        const char *name = q->spec->command[0];
        if (result->error == -ETIME)
                return explain(ret_why, -ETIME, "the command \"%s\" gave no password within %u seconds", name,
                               SECRET_COMMAND_SECONDS);
        if (result->error < 0)
                return explain(ret_why, -E2BIG, "the command \"%s\" prints more than a password", name);
        if (result->signal != 0)
                return explain(ret_why, -ECHILD, "the command \"%s\" was killed by signal %d", name, result->signal);
        if (result->status != 0)
                return explain(ret_why, -ECHILD, "the command \"%s\" ended with status %d", name, result->status);
        return 0;
}

static void on_command(struct program_result *result, void *userdata) {
        struct secret_request *q = userdata;
        char *why = NULL, *secret = NULL;
        size_t size = 0;
        int r = command_failure(q, result, &why);
        if (r >= 0)
                r = first_line(q->spec, result->output, result->size, &size, &why);
        if (r >= 0) {
                secret = calloc(1, size + 1);
                if (secret)
                        memcpy(secret, result->output, size);
                else
                        r = -ENOMEM;
        }
        answer(q, r, secret, size, why);
}

static void secret_request_freep(struct secret_request **q) {
        secret_request_free(*q);
}

int secret_ask(sd_event *event, const struct secret_spec *spec,
               void (*done)(int r, char *secret, size_t size, const char *why, void *userdata), void *userdata,
               struct secret_request **ret) {
        _cleanup_(secret_request_freep) struct secret_request *q = calloc(1, sizeof(*q));
        int r = 0;
        if (spec->kind == SECRET_NONE)
                return -EINVAL;
        if (!q)
                return -ENOMEM;
        *q = (struct secret_request){.spec = spec, .done = done, .userdata = userdata};
        if (spec->kind == SECRET_COMMAND) {
                const struct program_spec program = {
                        .arguments = spec->command,
                        .input = -1,
                        .limit_usec = SECRET_COMMAND_SECONDS * UINT64_C(1000000),
                        .output_max = SECRET_SIZE_MAX,
                        .quiet = true,
                };
                r = q->failed = program_start(event, &program, on_command, q, &q->program);
        }
        /* A command that is not there is as wrong as one that fails, and told the same way: not as a fault of who asks. */
        if (!q->program && r != -ENOMEM)
                r = sd_event_add_defer(event, &q->defer, on_defer, q);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(q);
        return 0;
}

struct secret_request *secret_request_free(struct secret_request *q) {
        if (!q)
                return NULL;
        q->program = program_free(q->program);
        q->defer = sd_event_source_disable_unref(q->defer);
        free(q);
        return NULL;
}

/* --- waiting for it --- */

struct waiting {
        sd_event *event;
        int r;
        char *secret, *why;
        size_t size;
};

static void on_answer(int r, char *secret, size_t size, const char *why, void *userdata) {
        struct waiting *w = userdata;
        w->r = r;
        w->secret = secret;
        w->size = size;
        w->why = why ? strdup(why) : NULL;
        (void) sd_event_exit(w->event, 0);
}

static int wait_for_command(const struct secret_spec *spec, struct waiting *w) {
        struct secret_request *q = NULL;
        int r = sd_event_new(&w->event);
        if (r < 0)
                return r;
        r = secret_ask(w->event, spec, on_answer, w, &q);
        if (r >= 0)
                r = sd_event_loop(w->event);
        if (r >= 0)
                r = w->r;
        secret_request_free(q);
        w->event = sd_event_unref(w->event);
        return r;
}

int secret_get(const struct secret_spec *spec, char **ret, size_t *ret_size, char **ret_why) {
        if (ret_why)
                *ret_why = NULL;
        if (spec->kind == SECRET_NONE)
                return -EINVAL;
        if (spec->kind != SECRET_COMMAND)
                return read_place(spec, ret, ret_size, ret_why);
        struct waiting w = {0};
        int r = wait_for_command(spec, &w);
        if (ret_why)
                *ret_why = TAKE_PTR(w.why);
        free(w.why);
        if (r < 0) {
                secret_free(w.secret, w.size);
                return r;
        }
        *ret = w.secret;
        *ret_size = w.size;
        return 0;
}
