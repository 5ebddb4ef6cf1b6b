/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the core and the parse role say to each other: SOCK_SEQPACKET packets of one or more requests, each with a descriptor, or of one or
 * more replies, each a fixed versioned header and its payload. Several go together because most jobs are shorter than the
 * two wake-ups that a packet costs. Both sides check everything; the core treats the parse role as hostile. */

#include "parsers/buf.h"
#include "parsers/limits.h"

#define IPC_VERSION 2
/* Requests in one packet: a wake-up then costs little beside the work. The kernel passes at most 253 descriptors at a time. */
#define IPC_BATCH_MAX 32U
/* A reply with the largest payload; smaller ones share a packet. */
#define IPC_PACKET_MAX (OBSERVATION_SIZE_MAX + (uint32_t) sizeof(struct ipc_reply_header))

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
        /* Keep no answer back to send it with others: so that, should the role die, it is known of which job, and what it said before counts. */
        IPC_ANSWER_AT_ONCE = 1 << 4,
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

/* h[0..n-1], each with its descriptor fds[i], as one packet; 0 < n <= IPC_BATCH_MAX. 0, -EAGAIN (socket full), or a negative errno
 * (-EPIPE, -ECONNRESET: the peer is gone). Never waits. */
int ipc_send_requests(int socket, const struct ipc_request_header *h, const int *fds, size_t n) _must_check_;
/* The next packet: ret and ret_fds have room for IPC_BATCH_MAX. 1 received; 0 the peer closed; -EAGAIN (only when `wait` is false); -EBADMSG (wrong size,
 * version or type, or not a descriptor for each request). The descriptors are owned by the caller (O_CLOEXEC). */
int ipc_receive_requests(int socket, bool wait, struct ipc_request_header *ret, int *ret_fds, size_t *ret_n) _must_check_;

/* Appends a reply to the packet at hand. 0, -ENOMEM, or -E2BIG when the packet has no room for it: what it held is as before. */
int ipc_add_reply(struct buf *packet, const struct ipc_reply_header *h, const void *payload) _must_check_;
/* Sends the packet, waiting for room, and empties it; nothing to do when it is empty. 0 or a negative errno as above. */
int ipc_send_replies(int socket, struct buf *packet) _must_check_;

/* A packet of replies, or what is left of it. */
struct ipc_packet {
        const char *data;
        size_t size;
};

/* buffer has IPC_PACKET_MAX bytes, to which *ret points afterwards. 1; 0 the peer closed; -EAGAIN; -EBADMSG (too large). Descriptors that a parse role sends
 * never reach this process. */
int ipc_receive_replies(int socket, void *buffer, struct ipc_packet *ret) _must_check_;
/* Takes the first reply off the packet; its payload lies in the packet. 1; 0 there is none left; -EBADMSG (it is not what a reply may be). */
int ipc_next_reply(struct ipc_packet *packet, struct ipc_reply_header *ret, const void **ret_payload) _must_check_;
