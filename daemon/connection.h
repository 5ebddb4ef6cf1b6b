/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A connection to the server of a remote: found by every address of its name, protected as the owner wrote it, verified before a byte of ours is
 * sent, with a deadline and a budget of bytes for whatever is done next. libetpan sees it as a stream (mailstream_low), and does none of this
 * itself: it verifies nothing, waits for ever and reads without end. For roles only (fetch, send): calls wait. */

#include <sys/types.h>

#include "rules/remote.h"

enum connection_fault {
        CONNECTION_OK,
        CONNECTION_NO_HOST,     /* the name is not known, or cannot be asked for now */
        CONNECTION_UNREACHABLE, /* refused, no route, no answer */
        CONNECTION_CLOSED,      /* the other side ended it, or the network did, or what came was not compressed as agreed */
        CONNECTION_TIMEOUT,     /* the deadline passed */
        CONNECTION_BUDGET,      /* more bytes came than were allowed */
        CONNECTION_NO_TLS,      /* there is none, or only what is too old */
        CONNECTION_CERTIFICATE, /* not verified */
        CONNECTION_INJECTED,    /* bytes came in clear after STARTTLS was agreed on */
        CONNECTION_LOCAL,       /* ours: memory, a CA file that cannot be read */
        _CONNECTION_FAULT_MAX,
};
/* Does it lie in what is configured, or in the server's certificate, so that trying again soon helps nobody? */
bool connection_fault_is_lasting(enum connection_fault f);

struct connection;
struct _mailstream_low; /* libetpan's */

/* Reads the authorities that may vouch for the server (the system's, or remote->ca): before sandbox_network(). `remote` must outlive it.
 * 0; -ENOMEM, -EINVAL: connection_error(*ret) tells why, *ret is set also then unless memory is out. */
int connection_new(const struct remote *remote, struct connection **ret) _must_check_;
/* Accepts NULL; closes. Streams made of it must have been freed. Always returns NULL. */
struct connection *connection_free(struct connection *c);
static inline void connection_freep(struct connection **c) {
        connection_free(*c);
}

/* From now on at most `usec` and `bytes` received, for everything until the next call. */
void connection_allow(struct connection *c, uint64_t usec, size_t bytes);
/* Besides: never longer than `usec` without a single byte. 0, as at first: the deadline alone. */
void connection_limit_silence(struct connection *c, uint64_t usec);
/* Look up, connect, and with REMOTE_TLS shake hands. A remote that is plain because it is this machine must be found there.
 * 0, -EIO (connection_fault() tells), -EISCONN. May be called again after connection_close(). */
int connection_open(struct connection *c) _must_check_;
/* The same over a socket that is connected already, and is owned from then on (tests). */
int connection_adopt(struct connection *c, int fd) _must_check_;
/* The server agreed on STARTTLS. `unread`: bytes that a stream has read and nobody has looked at (read_buffer_len): they came in clear, nobody knows from
 * whom, and end the connection; so do bytes that wait in the socket. Then the handshake, in place: the stream goes on. 0 or -EIO. */
int connection_starttls(struct connection *c, size_t unread) _must_check_;
/* The server agreed on COMPRESS=DEFLATE (RFC 4978): all that comes and goes from here on is deflated (RFC 1951), beneath the stream, and each write is flushed so
 * that the server can answer it. `unread`: the n bytes that a stream has read and nobody has looked at; they are the first compressed ones, so that nothing said
 * in clear after the agreement is ever taken for an answer, and the stream must forget them (read_buffer_len). To be called after the secret was sent: what is
 * compressed together with a secret tells of it by its length. connection_allow() bounds what is inflated and what comes over the wire, each. 0 or -EIO. */
int connection_compress(struct connection *c, const void *unread, size_t n) _must_check_;
/* Bytes, at least one, at most n. -EIO: connection_fault() tells; the end of the other side is an error too. */
ssize_t connection_read(struct connection *c, void *data, size_t n) _must_check_;
/* All of them. 0 or -EIO. */
int connection_write(struct connection *c, const void *data, size_t n) _must_check_;
/* With TLS says goodbye, without waiting. */
void connection_close(struct connection *c);

bool connection_is_open(const struct connection *c);
/* TLS, verified: secrets may be sent. Or plain where that was allowed (this machine, `tls: none`). */
bool connection_is_safe(const struct connection *c);
bool connection_has_tls(const struct connection *c);
/* Is there something to read? Never waits. 1: yes; 0: not now, and when there is, connection_fd() is readable; -EIO: it is of no more use. To be asked before each
 * poll(), since bytes may wait within TLS or be inflated from what came already, and after it: a record of TLS or an empty block makes the descriptor readable
 * and holds no byte. */
int connection_look(struct connection *c) _must_check_;
/* -1 when closed. */
int connection_fd(const struct connection *c);

enum connection_fault connection_fault(const struct connection *c);
/* The last fault as a sentence for a person, without a full stop: "the certificate of mail.example expired on 2026-03-01". What a server or a
 * certificate says in it is cleaned and cut. "" when there is none. */
const char *connection_error(const struct connection *c);

/* A stream of libetpan's over it, for mailstream_new(). Freed by libetpan (mailstream_close() frees it), which closes the connection but does not free it. NULL: memory. */
struct _mailstream_low *connection_low(struct connection *c);
