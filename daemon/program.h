/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A program of the owner's (a password manager, sendmail, what passes alerts on): run from the loop, with a time limit, its output read up to a limit. It
 * leads a process group of its own, and what it leaves running in that ends with it. */

#include <signal.h>
#include <systemd/sd-event.h>

#include "parsers/base.h"

struct program_spec {
        const char *const *arguments; /* NULL-terminated; [0] is looked for in PATH when it has no slash */
        const char *const *more;      /* appended; NULL: none */
        char *const *environment;     /* NULL: the owner's own, but for what systemd says to us alone */
        int input;                    /* its standard input, borrowed for the start; -1: /dev/null */
        uint64_t limit_usec;          /* then it and its children are killed, */
        uint64_t grace_usec;          /* this long after they were asked to end */
        size_t output_max;            /* bytes kept of its standard output; 0: it goes to /dev/null */
        bool hang_up;                 /* after that nobody reads, which ends it as in a pipe of a shell; else it is killed */
        bool quiet;                   /* standard error to /dev/null; else it is ours */
        bool merge;                   /* standard error goes where its output goes */
};

struct program_result {
        int error;    /* 0; -ETIME the limit was reached, -E2BIG it wrote more than output_max, and was killed */
        int status;   /* its exit status; -1 when a signal ended it */
        int signal;   /* 0: none */
        char *output; /* output_max + 1 bytes, NUL after size; may be taken (set it to NULL). Wiped and freed otherwise */
        size_t size;
};

struct program;
/* `done` is called once, from the loop; program_free() may be called in it. Negative errno when it cannot be started (-ENOENT: not found). */
int program_start(sd_event *event, const struct program_spec *spec, void (*done)(struct program_result *r, void *userdata),
                  void *userdata, struct program **ret) _must_check_;
/* Kills it when it still runs; `done` is then not called. Accepts NULL, returns NULL. */
struct program *program_free(struct program *p);
/* The same, but it is asked first, and waited for that long. */
struct program *program_stop(struct program *p, int milliseconds);
