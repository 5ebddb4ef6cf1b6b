/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the core and the parse role say to each other: SOCK_SEQPACKET messages, a fixed versioned header, one descriptor with
 * a request. Both sides check everything; the core treats the parse role as hostile. */

#include "parsers/base.h"
#include "parsers/limits.h"

#define IPC_VERSION 1

enum ipc_request {
        IPC_MESSAGE = 1, /* parse bytes [offset, offset+size) of the descriptor as one message */
        IPC_CALENDAR,    /* the descriptor is an iCalendar stream */
        IPC_MBOX,        /* the descriptor is an mbox, plain or gzip: frame it from `offset` and parse each message */
        IPC_EXPAND,      /* the descriptor (memfd) holds event.recurrence: expand between from and to */
};

enum ipc_request_flag {
        IPC_WANT_QUOTED_TEXT = 1 << 0,
        IPC_GZIP = 1 << 1,         /* MBOX: inflate first; offset counts inflated bytes */
        IPC_MBOX_UNQUOTE = 1 << 2, /* MESSAGE out of an mbox: undo >From quoting */
        IPC_RESUME_AFTER = 1 << 3, /* MBOX: the span at `offset` is poison: frame it but do not parse it */
};

struct ipc_request_header {
        uint32_t version, type, flags, serial;
        int64_t offset, size; /* size -1: to the end */
        int64_t from, to;     /* EXPAND */
};

enum ipc_reply {
        IPC_OBSERVATION = 1, /* payload: one encoded observation; any number before DONE */
        IPC_INSTANCES,       /* EXPAND: payload is an array of struct ipc_instance; any number before DONE */
        IPC_BEGIN, /* MBOX: at work on the message at `offset`, known up to `end`: so the core knows what killed the role; again now
                              * and then while a very long one is framed. Others: a large file was read up to `end`. A sign of life */
        IPC_DONE, /* status: 0 or negative errno; counters. Serial 0, once, first of all: the role is ready, or why it is not */
        IPC_OBSERVATION_DONE, /* MESSAGE: its one observation and DONE with status 0 in one packet, since most jobs are just that */
};

struct ipc_instance {
        int64_t at;
        int32_t form; /* enum moment_form */
        int32_t reserved;
};

struct ipc_reply_header {
        uint32_t version, type, serial;
        int32_t status;
        int64_t offset, end; /* BEGIN: the span; OBSERVATION from an mbox: its span; DONE of an mbox: where reading ended */
        int64_t internal_date;                 /* OBSERVATION from an mbox: the From_ line's date; else INSTANT_UNKNOWN */
        uint32_t complete;                     /* OBSERVATION from an mbox: struct mbox_span.complete */
        uint32_t errors, malformed, truncated; /* DONE */
        uint32_t payload;                      /* bytes after the header */
        uint32_t reserved;
};

/* fd may be -1. 0, -EAGAIN (socket full), or a negative errno (-EPIPE, -ECONNRESET: the peer is gone). */
int ipc_send_request(int socket, const struct ipc_request_header *h, int fd);
int ipc_send_reply(int socket, const struct ipc_reply_header *h, const void *payload);
/* 1 received; 0 the peer closed; -EAGAIN; -EBADMSG (wrong size, version, type, or more than one descriptor). *ret_fd is -1 when none came,
 * else owned by the caller (O_CLOEXEC). */
int ipc_receive_request(int socket, struct ipc_request_header *ret, int *ret_fd);
/* buffer holds at least OBSERVATION_SIZE_MAX bytes; the payload is copied there. Descriptors that a parse role sends are closed at once. */
int ipc_receive_reply(int socket, struct ipc_reply_header *ret, void *buffer, size_t size);
