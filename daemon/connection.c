/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/connection.h"

#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include "daemon/clock.h"
#include "parsers/civil.h"
#include "parsers/utf8.h"

#include <libetpan/mailstream_low.h>

/* What RFC 8996 left: TLS 1.0 and 1.1 are refused. */
#define TLS_PRIORITY "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
/* A name may have many addresses of which the first does not answer: none gets all the time but the last. */
#define CONNECT_USEC_MAX (UINT64_C(10) * 1000000)
/* A sentence, with a host's name and a few words of a certificate. */
#define ERROR_SIZE 400U
/* Names in a certificate, as far as they are told. */
#define NAME_SIZE 128U
#define SHA256_SIZE 32U
/* Compressed bytes that were read and not yet looked at, and those that wait to be sent. One read of a TLS record's size is one system call. */
#define DEFLATED_SIZE 16384U
/* Raw deflate (RFC 1951), as RFC 4978 has it: negative to zlib. What we say are short commands, so a window of 4 KiB and tables of 16 KiB do; the server's
 * window may be all of the 32 KiB. */
#define INFLATE_WINDOW (-15)
#define DEFLATE_WINDOW (-12)
#define DEFLATE_MEMORY 5
/* Looked at before anybody read it: more than a line that tells of a new message. */
#define AHEAD_SIZE 1024U

/* What COMPRESS=DEFLATE keeps: about 100 KB in all, whatever comes. */
struct compression {
        z_stream in, out;
        unsigned char received[DEFLATED_SIZE], sent[DEFLATED_SIZE];
};

struct connection {
        const struct remote *remote;
        gnutls_certificate_credentials_t credentials;
        gnutls_session_t session;        /* NULL: in clear */
        struct compression *compression; /* owned; NULL: none */
        int fd;
        uint64_t deadline_usec, silence_usec;
        size_t left;      /* bytes that may still come, inflated */
        size_t wire_left; /* the same as they are on the wire: blocks that hold nothing can go on for ever */
        unsigned char ahead[AHEAD_SIZE];
        size_t ahead_at, ahead_size; /* of `ahead`: read, and not yet asked for */
        enum connection_fault fault;
        bool shut; /* the other side said so, or there was an error: no goodbye */
        char error[ERROR_SIZE];
};

bool connection_fault_is_lasting(enum connection_fault f) {
        return f == CONNECTION_NO_TLS || f == CONNECTION_CERTIFICATE || f == CONNECTION_INJECTED || f == CONNECTION_LOCAL;
}

/* --- faults --- */

static int fail(struct connection *c, enum connection_fault fault, const char *format, ...) _printf_(3, 4);
static int fail(struct connection *c, enum connection_fault fault, const char *format, ...) {
        char text[ERROR_SIZE];
        va_list ap;
        /* The first one is the cause, the others follow from it. */
        if (c->fault != CONNECTION_OK)
                return -EIO;
        va_start(ap, format);
        int n = vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        size_t size = utf8_boundary(text, MIN((size_t) MAX(n, 0), sizeof(text) - 1));
        (void) utf8_clean_line(text, size);
        memcpy(c->error, text, strlen(text) + 1);
        c->fault = fault;
        c->shut = true;
        return -EIO;
}

static void forget_fault(struct connection *c) {
        c->fault = CONNECTION_OK;
        c->error[0] = 0;
}

enum connection_fault connection_fault(const struct connection *c) {
        return c->fault;
}

const char *connection_error(const struct connection *c) {
        return c->error;
}

/* --- time and bytes --- */

static uint64_t now_usec(void) {
        return (uint64_t) clock_monotonic_ns() / 1000;
}

void connection_allow(struct connection *c, uint64_t usec, size_t bytes) {
        c->deadline_usec = now_usec() + usec;
        c->left = c->wire_left = bytes;
}

/* 1: ready; 0: not by then; negative errno. */
static int wait_for(int fd, short events, uint64_t until_usec) {
        for (;;) {
                uint64_t now = now_usec();
                if (now >= until_usec)
                        return 0;
                struct pollfd p = {.fd = fd, .events = events};
                uint64_t ms = MIN((until_usec - now + 999) / 1000, (uint64_t) INT32_MAX);
                int n = poll(&p, 1, (int) ms);
                if (n > 0)
                        return 1;
                if (n < 0 && errno != EINTR)
                        return -errno;
        }
}

void connection_limit_silence(struct connection *c, uint64_t usec) {
        c->silence_usec = usec;
}

static int wait_io(struct connection *c, bool write) {
        uint64_t until = c->silence_usec > 0 ? MIN(c->deadline_usec, now_usec() + c->silence_usec) : c->deadline_usec;
        int r = wait_for(c->fd, write ? POLLOUT : POLLIN, until);
        if (r > 0)
                return 0;
        if (r == 0)
                return fail(c, CONNECTION_TIMEOUT, "%s did not answer in time", c->remote->host);
        return fail(c, CONNECTION_CLOSED, "the connection to %s broke: %s", c->remote->host, strerror(-r));
}

/* --- who vouches for it --- */

/* The names of others end in a sentence of ours: in quotes, cut, without controls (fail() does that). */
static void put_name(gnutls_x509_crt_t crt, bool issuer, char *text, size_t size) {
        size_t n = size;
        int r = issuer ? gnutls_x509_crt_get_issuer_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, text, &n)
                       : gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, text, &n);
        if (r < 0)
                (void) snprintf(text, size, "?");
}

/* The first names it is for. */
static void put_owner(gnutls_x509_crt_t crt, char *text, size_t size) {
        size_t used = 0;
        text[0] = 0;
        for (unsigned i = 0; i < 3; i++) {
                char name[NAME_SIZE];
                size_t n = sizeof(name) - 1;
                int type = gnutls_x509_crt_get_subject_alt_name(crt, i, name, &n, NULL);
                if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
                        break;
                if (type != GNUTLS_SAN_DNSNAME)
                        continue;
                name[n] = 0;
                int k = snprintf(text + used, size - used, "%s%s", used ? ", " : "", name);
                if (k < 0 || (size_t) k >= size - used)
                        break;
                used += (size_t) k;
        }
        if (used == 0)
                put_name(crt, false, text, size);
}

static void put_date(time_t at, char *text, size_t size) {
        struct civil day = civil_from_seconds(at);
        (void) snprintf(text, size, "%04d-%02d-%02d", (int) day.year, (int) day.month, (int) day.day);
}

static int leaf_of(gnutls_session_t session, const gnutls_datum_t **ret_der, gnutls_x509_crt_t *ret) {
        unsigned n = 0;
        const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &n);
        if (!chain || n == 0 || gnutls_certificate_type_get(session) != GNUTLS_CRT_X509)
                return -ENOENT;
        if (gnutls_x509_crt_init(ret) < 0)
                return -ENOMEM;
        if (gnutls_x509_crt_import(*ret, &chain[0], GNUTLS_X509_FMT_DER) < 0) {
                gnutls_x509_crt_deinit(*ret);
                return -EBADMSG;
        }
        *ret_der = &chain[0];
        return 0;
}

/* What is wrong, in the words of somebody who could mend it. The first cause counts. */
static void tell_status(struct connection *c, gnutls_x509_crt_t leaf, unsigned status) {
        const char *host = c->remote->host;
        char name[NAME_SIZE * 3], date[32];
        if (status & GNUTLS_CERT_EXPIRED) {
                put_date(gnutls_x509_crt_get_expiration_time(leaf), date, sizeof(date));
                if (gnutls_x509_crt_get_expiration_time(leaf) < (time_t) (clock_now(&(struct clock){0})))
                        (void) fail(c, CONNECTION_CERTIFICATE, "the certificate of %s expired on %s", host, date);
                else
                        (void) fail(c, CONNECTION_CERTIFICATE, "who vouches for the certificate of %s has an expired one",
                                    host);
        } else if (status & GNUTLS_CERT_NOT_ACTIVATED) {
                put_date(gnutls_x509_crt_get_activation_time(leaf), date, sizeof(date));
                (void) fail(c, CONNECTION_CERTIFICATE,
                            "the certificate of %s is valid from %s only (is the clock of this machine right?)", host, date);
        } else if (status & GNUTLS_CERT_UNEXPECTED_OWNER) {
                put_owner(leaf, name, sizeof(name));
                (void) fail(c, CONNECTION_CERTIFICATE, "the certificate is for \"%s\", not for %s: is the address right?",
                            name, host);
        } else if (status & GNUTLS_CERT_REVOKED)
                (void) fail(c, CONNECTION_CERTIFICATE, "the certificate of %s was revoked", host);
        else if (status & (GNUTLS_CERT_SIGNER_NOT_FOUND | GNUTLS_CERT_SIGNER_NOT_CA)) {
                bool own = gnutls_x509_crt_check_issuer(leaf, leaf) != 0;
                put_name(leaf, true, name, NAME_SIZE);
                if (own)
                        (void) fail(c, CONNECTION_CERTIFICATE,
                                    "%s vouches for its certificate itself (`ca` or `fingerprint` would make it known)",
                                    host);
                else
                        (void) fail(c, CONNECTION_CERTIFICATE,
                                    "the certificate of %s is vouched for by \"%s\", whom %s does not know (`ca` or "
                                    "`fingerprint` would make it known)",
                                    host, name, c->remote->ca ? "the file under `ca`" : "this machine");
        } else if (status & GNUTLS_CERT_INSECURE_ALGORITHM)
                (void) fail(c, CONNECTION_CERTIFICATE, "the certificate of %s is signed in a way that is no longer safe",
                            host);
        else if (status & GNUTLS_CERT_PURPOSE_MISMATCH)
                (void) fail(c, CONNECTION_CERTIFICATE, "the certificate of %s is not one of a server", host);
        else
                (void) fail(c, CONNECTION_CERTIFICATE, "the certificate of %s could not be verified", host);
}

static bool fingerprint_matches(struct connection *c, const gnutls_datum_t *der) {
        unsigned char digest[SHA256_SIZE];
        char text[2 * SHA256_SIZE + 1];
        size_t n = sizeof(digest);
        if (gnutls_fingerprint(GNUTLS_DIG_SHA256, der, digest, &n) < 0 || n != sizeof(digest))
                return false;
        for (size_t i = 0; i < sizeof(digest); i++)
                (void) snprintf(text + 2 * i, 3, "%02x", digest[i]);
        if (str_eq(c->remote->fingerprint + strlen("sha256:"), text))
                return true;
        (void) fail(c, CONNECTION_CERTIFICATE, "%s has another certificate than the one under `fingerprint`: sha256:%s",
                    c->remote->host, text);
        return false;
}

/* Called within the handshake, before anything of ours is sent: 0 goes on, anything else ends it. */
static int on_verify(gnutls_session_t session) {
        struct connection *c = gnutls_session_get_ptr(session);
        const gnutls_datum_t *der;
        gnutls_x509_crt_t leaf;
        if (leaf_of(session, &der, &leaf) < 0) {
                (void) fail(c, CONNECTION_CERTIFICATE, "%s shows no certificate that can be read", c->remote->host);
                return -1;
        }
        bool good = !c->remote->fingerprint || fingerprint_matches(c, der);
        /* Without `ca`, the owner vouches by the fingerprint alone. */
        if (good && (!c->remote->fingerprint || c->remote->ca)) {
                gnutls_typed_vdata_st wanted[] = {
                        {.type = GNUTLS_DT_DNS_HOSTNAME, .data = (unsigned char *) c->remote->host},
                        {.type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (unsigned char *) GNUTLS_KP_TLS_WWW_SERVER},
                };
                unsigned status = 0;
                int r = gnutls_certificate_verify_peers(session, wanted, ELEMENTSOF(wanted), &status);
                good = r >= 0 && status == 0;
                if (r < 0)
                        (void) fail(c, CONNECTION_CERTIFICATE, "the certificate of %s could not be verified: %s",
                                    c->remote->host, gnutls_strerror(r));
                else if (!good)
                        tell_status(c, leaf, status);
        }
        gnutls_x509_crt_deinit(leaf);
        return good ? 0 : -1;
}

static int load_trust(struct connection *c) {
        const struct remote *r = c->remote;
        if (r->fingerprint && !r->ca)
                return 0;
        int n = r->ca ? gnutls_certificate_set_x509_trust_file(c->credentials, r->ca, GNUTLS_X509_FMT_PEM)
                      : gnutls_certificate_set_x509_system_trust(c->credentials);
        if (n > 0)
                return 0;
        if (r->ca)
                (void) fail(c, CONNECTION_LOCAL, "the file under `ca`, %s, %s", r->ca,
                            n == 0 ? "holds no certificate" : "cannot be read");
        else
                (void) fail(c, CONNECTION_LOCAL,
                            "this machine knows no authority that vouches for certificates (install ca-certificates)");
        return -EINVAL;
}

/* --- the handshake --- */

static void tell_handshake(struct connection *c, int r) {
        const char *host = c->remote->host;
        /* on_verify() has told it already. */
        if (r == GNUTLS_E_CERTIFICATE_ERROR || r == GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR)
                (void) fail(c, CONNECTION_CERTIFICATE, "the certificate of %s could not be verified", host);
        else if (r == GNUTLS_E_UNSUPPORTED_VERSION_PACKET ||
                 (r == GNUTLS_E_FATAL_ALERT_RECEIVED && gnutls_alert_get(c->session) == GNUTLS_A_PROTOCOL_VERSION))
                (void) fail(c, CONNECTION_NO_TLS, "%s speaks no newer TLS than 1.1, which is no longer safe", host);
        else if (r == GNUTLS_E_UNEXPECTED_PACKET_LENGTH || r == GNUTLS_E_UNEXPECTED_PACKET || r == GNUTLS_E_RECORD_OVERFLOW)
                (void) fail(c, CONNECTION_NO_TLS, "%s does not speak TLS on port %u: is the port right?", host,
                            c->remote->port);
        else if (r == GNUTLS_E_PREMATURE_TERMINATION || r == GNUTLS_E_PULL_ERROR || r == GNUTLS_E_PUSH_ERROR ||
                 (r == GNUTLS_E_FATAL_ALERT_RECEIVED && gnutls_alert_get(c->session) == GNUTLS_A_INTERNAL_ERROR))
                (void) fail(c, CONNECTION_CLOSED, "%s ended the connection while TLS was agreed on", host);
        else
                (void) fail(c, CONNECTION_NO_TLS, "no TLS could be agreed on with %s: %s", host, gnutls_strerror(r));
}

static int shake_hands(struct connection *c) {
        const char *host = c->remote->host;
        int r = gnutls_init(&c->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);
        if (r >= 0)
                r = gnutls_priority_set_direct(c->session, TLS_PRIORITY, NULL);
        if (r >= 0)
                r = gnutls_credentials_set(c->session, GNUTLS_CRD_CERTIFICATE, c->credentials);
        if (r >= 0 && !remote_is_literal(host))
                r = gnutls_server_name_set(c->session, GNUTLS_NAME_DNS, host, strlen(host));
        if (r < 0)
                return fail(c, CONNECTION_LOCAL, "TLS could not be prepared: %s", gnutls_strerror(r));
        gnutls_session_set_ptr(c->session, c);
        gnutls_session_set_verify_function(c->session, on_verify);
        gnutls_transport_set_int(c->session, c->fd);
        while ((r = gnutls_handshake(c->session)) < 0) {
                /* Also for a server that always has one more warning to give. */
                if (now_usec() >= c->deadline_usec)
                        return fail(c, CONNECTION_TIMEOUT, "%s did not agree on TLS in time", host);
                if (r == GNUTLS_E_AGAIN || r == GNUTLS_E_INTERRUPTED) {
                        if (wait_io(c, gnutls_record_get_direction(c->session)) < 0)
                                return -EIO;
                        continue;
                }
                if (gnutls_error_is_fatal(r)) {
                        tell_handshake(c, r);
                        return -EIO;
                }
        }
        return 0;
}

/* --- connecting --- */

static bool address_is_loopback(const struct sockaddr *a) {
        if (a->sa_family == AF_INET)
                return ntohl(((const struct sockaddr_in *) (const void *) a)->sin_addr.s_addr) >> 24 == 127;
        const struct in6_addr *six = &((const struct sockaddr_in6 *) (const void *) a)->sin6_addr;
        return a->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(six);
}

static int try_address(struct connection *c, const struct addrinfo *a, uint64_t until_usec) {
        int one = 1, error = 0;
        socklen_t size = sizeof(error);
        int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
        if (fd < 0)
                return -errno;
        int r = connect(fd, a->ai_addr, a->ai_addrlen) < 0 ? -errno : 0;
        if (r == -EINPROGRESS) {
                r = wait_for(fd, POLLOUT, until_usec);
                if (r == 0)
                        r = -ETIMEDOUT;
                else if (r > 0)
                        r = getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? -errno : -error;
        }
        if (r < 0) {
                (void) close(fd);
                return r;
        }
        /* Commands are small and each waits for its answer. */
        (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        (void) setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
        c->fd = fd;
        return 0;
}

static int try_addresses(struct connection *c, const struct addrinfo *list) {
        bool only_here = c->remote->tls == REMOTE_PLAIN && remote_is_loopback(c->remote->host);
        int r = -EHOSTUNREACH;
        for (const struct addrinfo *a = list; a; a = a->ai_next) {
                uint64_t now = now_usec();
                if (only_here && !address_is_loopback(a->ai_addr))
                        return fail(c, CONNECTION_LOCAL, "%s should be this machine, but leads elsewhere", c->remote->host);
                if (now >= c->deadline_usec) {
                        r = -ETIMEDOUT;
                        break;
                }
                uint64_t left = c->deadline_usec - now;
                r = try_address(c, a, now + (a->ai_next ? MIN(left, CONNECT_USEC_MAX) : left));
                if (r >= 0)
                        return 0;
        }
        return fail(c, r == -ETIMEDOUT ? CONNECTION_TIMEOUT : CONNECTION_UNREACHABLE,
                    "%s cannot be reached on port %u: %s%s", c->remote->host, c->remote->port, strerror(-r),
                    r == -ECONNREFUSED ? " (is the port right?)" : "");
}

int connection_open(struct connection *c) {
        const struct remote *r = c->remote;
        struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *list = NULL;
        char port[8];
        if (c->fd >= 0)
                return -EISCONN;
        forget_fault(c);
        c->shut = false;
        (void) snprintf(port, sizeof(port), "%u", r->port);
        int e = getaddrinfo(r->host, port, &hints, &list);
        if (e == EAI_NONAME)
                return fail(c, CONNECTION_NO_HOST, "no host is called %s: is it written right?", r->host);
        if (e != 0)
                return fail(c, CONNECTION_NO_HOST, "the host %s cannot be looked up: %s", r->host,
                            e == EAI_SYSTEM ? strerror(errno) : gai_strerror(e));
        e = try_addresses(c, list);
        freeaddrinfo(list);
        if (e >= 0 && r->tls == REMOTE_TLS)
                e = shake_hands(c);
        if (e < 0)
                connection_close(c);
        return e;
}

int connection_adopt(struct connection *c, int fd) {
        int flags = fcntl(fd, F_GETFL);
        if (c->fd >= 0)
                return -EISCONN;
        if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
                return -errno;
        forget_fault(c);
        c->shut = false;
        c->fd = fd;
        int e = c->remote->tls == REMOTE_TLS ? shake_hands(c) : 0;
        if (e < 0)
                connection_close(c);
        return e;
}

int connection_starttls(struct connection *c, size_t unread) {
        char byte;
        if (c->fd < 0 || c->session)
                return fail(c, CONNECTION_LOCAL, "there is nothing to protect");
        /* What came in clear before the handshake would be read as if it had come through it (CVE-2011-0411 and its many sisters). */
        if (unread > 0 || c->ahead_size > 0 || recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0)
                return fail(c, CONNECTION_INJECTED,
                            "%s sent bytes in clear after it had agreed on TLS (somebody may sit between)", c->remote->host);
        return shake_hands(c);
}

/* --- bytes --- */

static ssize_t read_once(struct connection *c, void *data, size_t n) {
        if (!c->session) {
                ssize_t r = recv(c->fd, data, n, 0);
                return r < 0 ? (errno == EINTR    ? GNUTLS_E_INTERRUPTED
                                : errno == EAGAIN ? GNUTLS_E_AGAIN
                                                  : GNUTLS_E_PULL_ERROR)
                             : r;
        }
        return gnutls_record_recv(c->session, data, n);
}

/* Bytes as they come, at least one. 0: none now (only when not to wait). */
static ssize_t receive(struct connection *c, void *data, size_t n, bool wait) {
        if (c->wire_left == 0)
                return fail(c, CONNECTION_BUDGET, "%s sends more than any answer needs", c->remote->host);
        n = MIN(n, c->wire_left);
        for (;;) {
                /* Also against a server that always has one more byte ready. */
                if (wait && now_usec() >= c->deadline_usec)
                        return fail(c, CONNECTION_TIMEOUT, "%s did not answer in time", c->remote->host);
                ssize_t r = read_once(c, data, n);
                if (r > 0) {
                        c->wire_left -= (size_t) r;
                        return r;
                }
                if (r == 0)
                        return fail(c, CONNECTION_CLOSED, "%s ended the connection", c->remote->host);
                bool again = r == GNUTLS_E_AGAIN;
                /* Nor is a server waited for that always has one more word about TLS itself. */
                if (!wait && r != GNUTLS_E_INTERRUPTED && (again || (c->session && !gnutls_error_is_fatal((int) r))))
                        return 0;
                if (again && wait_io(c, c->session && gnutls_record_get_direction(c->session)) < 0)
                        return -EIO;
                /* A server that wants to agree anew (TLS 1.2) is not answered, which it may take as it likes. */
                if (again || r == GNUTLS_E_INTERRUPTED || (c->session && !gnutls_error_is_fatal((int) r)))
                        continue;
                return fail(c, CONNECTION_CLOSED, "the connection to %s broke", c->remote->host);
        }
}

/* The same after COMPRESS: never more than n, so that a few bytes that stand for gigabytes are inflated as far as somebody wants them. */
static ssize_t inflated(struct connection *c, void *data, size_t n, bool wait) {
        z_stream *z = &c->compression->in;
        for (;;) {
                z->next_out = data;
                z->avail_out = (uInt) MIN(n, (size_t) DEFLATED_SIZE);
                uInt room = z->avail_out;
                int e = inflate(z, Z_SYNC_FLUSH);
                if (e == Z_MEM_ERROR)
                        return fail(c, CONNECTION_LOCAL, "not enough memory for what %s sends", c->remote->host);
                if (e != Z_OK && e != Z_BUF_ERROR && e != Z_STREAM_END)
                        return fail(c, CONNECTION_CLOSED, "what %s sends was not compressed as agreed", c->remote->host);
                if (z->avail_out < room)
                        return (ssize_t) (room - z->avail_out);
                if (e == Z_STREAM_END)
                        return fail(c, CONNECTION_CLOSED, "%s ended the connection", c->remote->host);
                ssize_t r = receive(c, c->compression->received, sizeof(c->compression->received), wait);
                if (r <= 0)
                        return r;
                z->next_in = c->compression->received;
                z->avail_in = (uInt) r;
        }
}

static ssize_t take(struct connection *c, void *data, size_t n, bool wait) {
        if (c->fd < 0 || c->fault != CONNECTION_OK)
                return fail(c, CONNECTION_CLOSED, "the connection to %s is closed", c->remote->host);
        if (c->left == 0)
                return fail(c, CONNECTION_BUDGET, "%s sends more than any answer needs", c->remote->host);
        n = MIN(n, c->left);
        ssize_t r = c->compression ? inflated(c, data, n, wait) : receive(c, data, n, wait);
        if (r > 0)
                c->left -= (size_t) r;
        return r;
}

ssize_t connection_read(struct connection *c, void *data, size_t n) {
        if (c->ahead_size == 0)
                return take(c, data, n, true);
        n = MIN(n, c->ahead_size);
        memcpy(data, c->ahead + c->ahead_at, n);
        c->ahead_at += n;
        c->ahead_size -= n;
        return (ssize_t) n;
}

int connection_look(struct connection *c) {
        if (c->ahead_size > 0)
                return 1;
        ssize_t r = take(c, c->ahead, sizeof(c->ahead), false);
        if (r <= 0)
                return (int) r;
        c->ahead_at = 0;
        c->ahead_size = (size_t) r;
        return 1;
}

static ssize_t write_once(struct connection *c, const void *data, size_t n) {
        if (!c->session) {
                ssize_t r = send(c->fd, data, n, MSG_NOSIGNAL);
                return r < 0 ? (errno == EINTR    ? GNUTLS_E_INTERRUPTED
                                : errno == EAGAIN ? GNUTLS_E_AGAIN
                                                  : GNUTLS_E_PUSH_ERROR)
                             : r;
        }
        return gnutls_record_send(c->session, data, n);
}

static int transmit(struct connection *c, const void *data, size_t n) {
        const char *p = data;
        while (n > 0) {
                ssize_t r = write_once(c, p, n);
                if (r > 0) {
                        p += r;
                        n -= (size_t) r;
                        continue;
                }
                if (r == GNUTLS_E_INTERRUPTED)
                        continue;
                if (r != GNUTLS_E_AGAIN)
                        return fail(c, CONNECTION_CLOSED, "%s ended the connection", c->remote->host);
                if (wait_io(c, !c->session || gnutls_record_get_direction(c->session)) < 0)
                        return -EIO;
        }
        return 0;
}

/* Whole, up to a point where the server can inflate all of it. */
static int transmit_deflated(struct connection *c, const void *data, size_t n) {
        z_stream *z = &c->compression->out;
        z->next_in = (Bytef *) data;
        z->avail_in = (uInt) n;
        do {
                z->next_out = c->compression->sent;
                z->avail_out = sizeof(c->compression->sent);
                int e = deflate(z, Z_SYNC_FLUSH);
                if (e != Z_OK && e != Z_BUF_ERROR)
                        return fail(c, CONNECTION_LOCAL, "what is said to %s cannot be compressed", c->remote->host);
                if (transmit(c, c->compression->sent, sizeof(c->compression->sent) - z->avail_out) < 0)
                        return -EIO;
        } while (z->avail_out == 0);
        return 0;
}

int connection_write(struct connection *c, const void *data, size_t n) {
        if (c->fd < 0 || c->fault != CONNECTION_OK)
                return fail(c, CONNECTION_CLOSED, "the connection to %s is closed", c->remote->host);
        if (n > UINT32_MAX)
                return fail(c, CONNECTION_LOCAL, "too much at once for %s", c->remote->host);
        return c->compression ? transmit_deflated(c, data, n) : transmit(c, data, n);
}

/* --- compression --- */

static void end_compression(struct connection *c) {
        if (!c->compression)
                return;
        (void) inflateEnd(&c->compression->in);
        (void) deflateEnd(&c->compression->out);
        free(TAKE_PTR(c->compression));
}

int connection_compress(struct connection *c, const void *unread, size_t n) {
        if (!connection_is_open(c) || c->compression || n > DEFLATED_SIZE - c->ahead_size)
                return fail(c, CONNECTION_LOCAL, "there is nothing to compress");
        struct compression *z = calloc(1, sizeof(*z));
        /* The first refuses what is not there, and each is ended also when it was never begun. */
        if (z && (inflateInit2(&z->in, INFLATE_WINDOW) != Z_OK ||
                  deflateInit2(&z->out, Z_DEFAULT_COMPRESSION, Z_DEFLATED, DEFLATE_WINDOW, DEFLATE_MEMORY,
                               Z_DEFAULT_STRATEGY) != Z_OK)) {
                (void) inflateEnd(&z->in);
                free(TAKE_PTR(z));
        }
        if (!z)
                return fail(c, CONNECTION_LOCAL, "not enough memory to compress what is said to %s", c->remote->host);
        if (n > 0)
                memcpy(z->received, unread, n);
        memcpy(z->received + n, c->ahead + c->ahead_at, c->ahead_size);
        z->in.next_in = z->received;
        z->in.avail_in = (uInt) (n + c->ahead_size);
        c->ahead_size = 0;
        c->compression = z;
        return 0;
}

/* --- its life --- */

int connection_new(const struct remote *remote, struct connection **ret) {
        struct connection *c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;
        *c = (struct connection){.remote = remote, .fd = -1};
        if (gnutls_certificate_allocate_credentials(&c->credentials) < 0) {
                free(c);
                return -ENOMEM;
        }
        int r = remote->tls == REMOTE_PLAIN ? 0 : load_trust(c);
        *ret = c;
        return r;
}

void connection_close(struct connection *c) {
        end_compression(c);
        c->ahead_size = 0;
        if (c->session) {
                if (!c->shut)
                        (void) gnutls_bye(c->session, GNUTLS_SHUT_WR);
                gnutls_deinit(c->session);
        }
        c->session = NULL;
        if (c->fd >= 0)
                (void) close(c->fd);
        c->fd = -1;
}

struct connection *connection_free(struct connection *c) {
        if (!c)
                return NULL;
        connection_close(c);
        gnutls_certificate_free_credentials(c->credentials);
        free(c);
        return NULL;
}

bool connection_is_open(const struct connection *c) {
        return c->fd >= 0 && c->fault == CONNECTION_OK;
}

bool connection_has_tls(const struct connection *c) {
        return c->session && c->fault == CONNECTION_OK;
}

bool connection_is_safe(const struct connection *c) {
        return connection_is_open(c) && (c->session || c->remote->tls == REMOTE_PLAIN);
}

int connection_fd(const struct connection *c) {
        return c->fd;
}

/* --- as libetpan sees it --- */

static ssize_t low_read(mailstream_low *low, void *data, size_t n) {
        ssize_t r = connection_read(low->data, data, n);
        return r < 0 ? -1 : r;
}

static ssize_t low_write(mailstream_low *low, const void *data, size_t n) {
        return connection_write(low->data, data, n) < 0 ? -1 : (ssize_t) n;
}

static int low_close(mailstream_low *low) {
        connection_close(low->data);
        return 0;
}

static int low_fd(mailstream_low *low) {
        return connection_fd(low->data);
}

static void low_free(mailstream_low *low) {
        free(low);
}

static void low_cancel(mailstream_low *low) {
        (void) low;
}

static struct mailstream_cancel *low_get_cancel(mailstream_low *low) {
        (void) low;
        return NULL;
}

static carray *low_chain(mailstream_low *low) {
        (void) low;
        return NULL;
}

static int low_no_idle(mailstream_low *low) {
        (void) low;
        return -1;
}

mailstream_low *connection_low(struct connection *c) {
        static mailstream_low_driver driver = {
                .mailstream_read = low_read,
                .mailstream_write = low_write,
                .mailstream_close = low_close,
                .mailstream_get_fd = low_fd,
                .mailstream_free = low_free,
                .mailstream_cancel = low_cancel,
                .mailstream_get_cancel = low_get_cancel,
                .mailstream_get_certificate_chain = low_chain,
                .mailstream_setup_idle = low_no_idle,
                .mailstream_unsetup_idle = low_no_idle,
                .mailstream_interrupt_idle = low_no_idle,
        };
        return mailstream_low_new(c, &driver);
}
