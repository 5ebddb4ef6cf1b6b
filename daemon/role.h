/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* This binary started again in a role: a small process with one socket to the core and the least it needs. Here it is started and ended; what is said over the socket is the role's own affair (ipc.h for parse, send.c, fetch.c). */

#include <signal.h>
#include <spawn.h>
#include <sys/types.h>

#include "parsers/buf.h"
#include "rules/remote.h"

/* The socket to the core (SOCK_SEQPACKET); 0 and 1 are /dev/null, 2 is the core's stderr, nothing else is open. */
#define ROLE_SOCKET 3
/* Room in each direction of the socket: a role goes on working while the core commits. The kernel gives what it allows. */
#define ROLE_SOCKET_BUFFER (1024 * 1024)

struct process {
        pid_t pid;
        int pidfd, socket; /* -1: none; the socket is non-blocking on this side only by MSG_DONTWAIT */
};
#define PROCESS_NONE ((struct process){.pidfd = -1, .socket = -1})

/* Start `program` (this binary) with --role=`role`, in a process group of its own, no signal blocked or ignored, its environment emptied but for what tables
 * and sanitizers need. 0 and *ret is the caller's to end; negative errno. */
int process_start(const char *program, const char *role, struct process *ret) _must_check_;
/* Whatever is started: a process group of its own, no signal blocked or ignored. 0 or a positive errno, as posix_spawn() and its kin. */
int process_attributes(posix_spawnattr_t *a) _must_check_;
/* It may have ended already: nothing happens then. */
void process_signal(const struct process *p, int signal);
/* Close the socket: a role takes that for the end. */
void process_hang_up(struct process *p);
/* Has it ended? Without `wait` -EAGAIN when not. 0: *ret tells how; process_clear() comes next, once nothing watches the descriptors. */
int process_reap(const struct process *p, bool wait, siginfo_t *ret) _must_check_;
/* Closes what is open: PROCESS_NONE again. */
void process_clear(struct process *p);
/* Kill it, wait for it, and clear. Nothing to do for PROCESS_NONE. */
void process_end(struct process *p);
/* "ended with status 1", "was killed by signal 9", for a log. */
const char *process_story(const siginfo_t *how, char *text, size_t size);

/* --- words for packets --- */

/* A text with its length before it (4 bytes, this machine's order); NULL is kept apart from "". */
void wire_put(struct buf *b, const char *s);
void wire_put_bytes(struct buf *b, const void *data, size_t size);
void wire_put_number(struct buf *b, uint64_t n);

struct wire {
        const char *data;
        size_t size;
        bool bad; /* sticks: checked once at the end */
};
uint64_t wire_number(struct wire *w);
/* Points into the packet. NULL with size 0 when it was NULL, or when the packet is bad. */
const char *wire_bytes(struct wire *w, size_t *ret_size);
/* A copy of the arena's, without a NUL inside; NULL when it was NULL, is longer than `max`, or memory is out: then the packet is bad. */
const char *wire_text(struct wire *w, struct arena *arena, size_t max);
/* Everything of a remote but the password's place, which only the core needs, and where it is written. */
void wire_put_remote(struct buf *b, const struct remote *r);
void wire_remote(struct wire *w, struct arena *arena, struct remote *ret);

/* --- in the process that was started --- */

/* Runs the role that the arguments name. -1 when they name none. */
int role_main(int argc, char **argv);
