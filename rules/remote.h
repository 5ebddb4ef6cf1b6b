/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Where something lies on the network, as the owner wrote it: the address, how the connection is protected, who logs in and where the
 * secret is found. Pure: daemon/ connects. A secret itself is never part of it. */

#include "parsers/arena.h"

enum secret_kind { SECRET_NONE, SECRET_CREDENTIAL, SECRET_COMMAND, SECRET_FILE };

struct secret_spec {
        enum secret_kind kind;
        const char *name;           /* CREDENTIAL: of systemd, a file name without a slash */
        const char *const *command; /* COMMAND: NULL-terminated; looked for in PATH when it has no slash */
        const char *file;           /* FILE: absolute, or relative to where adieu was started */
};

enum auth_mechanism {
        AUTH_BEST,        /* what the server offers for a password; never one for a token */
        AUTH_PLAIN,       /* RFC 4616 */
        AUTH_LOGIN,       /* of mail: the LOGIN command of IMAP, the unwritten mechanism of SMTP */
        AUTH_XOAUTH2,     /* the secret is a token, as Google and Microsoft want it */
        AUTH_OAUTHBEARER, /* the secret is a token, RFC 7628 */
        AUTH_BASIC,       /* of HTTP: RFC 7617 */
        AUTH_DIGEST,      /* of HTTP: RFC 7616 */
        AUTH_BEARER,      /* of HTTP: the secret is a token, RFC 6750 */
        _AUTH_MAX,
};

enum remote_tls {
        REMOTE_TLS,      /* from the first byte */
        REMOTE_STARTTLS, /* required: without it nothing is sent */
        REMOTE_PLAIN,    /* to this machine, or `tls: none` was written */
};

struct remote {
        const char *url;  /* normalized, without user: "imaps://mail.example:993", "https://dav.example:443/camille/" */
        const char *user; /* decoded, no control characters; NULL: nobody logs in */
        const char *host; /* small letters, A-labels; an address without brackets */
        const char *path; /* as written, with the query, begins with "/" */
        uint16_t port;
        enum remote_tls tls;
        enum auth_mechanism auth;
        struct secret_spec password;
        const char *ca;          /* PEM file of those who may vouch for the server; NULL: the system's */
        const char *fingerprint; /* "sha256:" and 64 small hexadecimal digits of the server's certificate; NULL */
        const char *file;        /* where it is written, for diagnostics */
        uint32_t line, column;
};

enum remote_use { REMOTE_FOR_IMAP, REMOTE_FOR_SMTP, REMOTE_FOR_CALDAV, REMOTE_FOR_CALENDAR, _REMOTE_FOR_MAX };

/* Why an address is refused. The strings are static or the arena's; they never hold what stands before an "@". */
struct remote_fault {
        const char *code, *text, *hint;
};

/* Read "scheme://[user@]host[:port][/path]" (RFC 3986; RFC 5092, RFC 8314 for ports). Sets url, user, host, path, port and tls of *ret and
 * leaves the rest as it is. imap and smtp mean STARTTLS, to this machine they and http mean no TLS; http to elsewhere gives REMOTE_PLAIN too and
 * is for the caller to refuse. Percent-encoding in the user is decoded; a host that is an address of IPv6 stands in brackets.
 * 0; -EINVAL with *fault set; -ENOMEM. */
int remote_parse(struct arena *arena, enum remote_use use, const char *url, struct remote *ret,
                 struct remote_fault *fault) _must_check_;
/* How people are told of an address that lets in whoever knows it, as the private links of calendars do: the host, and a tag that this address always has and
 * that does not give it away. "calendar.example#4f1d2c3b". NULL: no memory. */
char *remote_veiled(struct arena *arena, const struct remote *r);
/* Does it begin like an address of the network ("https://", "webcal:") rather than a path? */
bool remote_is_url(const char *s) _pure_;
/* Is it this machine: "localhost", a name below it, 127.0.0.0/8 or ::1? */
bool remote_is_loopback(const char *host) _pure_;
/* Is it an address, not a name? No name is then told in the handshake (RFC 6066 section 3). */
bool remote_is_literal(const char *host) _pure_;

/* "xoauth2", "basic" ... among the mechanisms of that use. 0 or -EINVAL. */
int auth_mechanism_parse(const char *s, enum remote_use use, enum auth_mechanism *ret) _must_check_;
const char *auth_mechanism_name(enum auth_mechanism m);
/* The names that auth_mechanism_parse() takes, NULL-terminated. */
const char *const *auth_mechanism_names(enum remote_use use);
/* Is the secret a token rather than a password? */
bool auth_mechanism_is_token(enum auth_mechanism m);
/* "sha256:AA:BB..." in any case, with or without colons between: 0 and 64 small hexadecimal digits behind "sha256:"; -EINVAL; -ENOMEM. */
int remote_fingerprint(struct arena *arena, const char *s, const char **ret) _must_check_;
