/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Calendars on a server: CalDAV (RFC 4791, with RFC 6764 to find them and RFC 6578 to learn what changed) and single .ics files over HTTP, read only. Runs in the
 * fetch role: it waits for the network, and is ended from outside. The secret goes to the server that the owner wrote and nowhere else, and only over TLS that was
 * verified, or to this machine. What a server says is checked here, but what is inside calendar objects is passed on unread. */

#include "parsers/base.h"

struct dav;

enum dav_authentication {
        DAV_AUTH_BEST, /* Digest where it is offered, else Basic */
        DAV_AUTH_BASIC,
        DAV_AUTH_DIGEST,
        DAV_AUTH_BEARER, /* the secret is a token (RFC 6750) */
};

struct dav_options {
        const char *url;    /* https, http or webcal; a user in it counts when `user` is NULL */
        const char *user;   /* NULL: none */
        const char *secret; /* password or token; NULL: none */
        enum dav_authentication authentication;
        bool plain;      /* `tls: none` is written: the secret may be sent in clear */
        bool private;    /* whoever knows the address may read: sentences do not hold its path */
        bool ca_written; /* `ca` is the owner's own */
        const char *ca;  /* file with certificates of those who may vouch for the server; NULL: the system's */
        const char *
                fingerprint; /* "sha256:" and 64 hexadecimal digits: the server must have this certificate; without `ca` nobody need
                                  * vouch for it then. NULL */
        /* Limits; 0: the defaults below. */
        uint32_t connect_seconds, idle_seconds, request_seconds;
        int64_t body_bytes;
};

#define DAV_CONNECT_SECONDS 20U
/* A server that computes a long listing is silent meanwhile. */
#define DAV_IDLE_SECONDS 60U
#define DAV_REQUEST_SECONDS 900U
/* One answer, unpacked: a listing of 500,000 files, or the largest .ics file that is read. */
#define DAV_BODY_BYTES (INT64_C(256) * 1024 * 1024)
/* Objects asked for at once: servers put them together in memory. */
#define DAV_BATCH_MAX 50U
/* A server may not have itself waited for longer. */
#define DAV_RETRY_MAX 86400U

/* What went wrong, for those who decide when to try again. */
enum dav_fault {
        DAV_FINE,
        DAV_FAULT_CONFIGURATION,  /* the address, the certificate file: nothing helps but the owner */
        DAV_FAULT_CONNECT,        /* name, network, timeout, connection lost */
        DAV_FAULT_TLS,            /* not the server it should be; nothing was sent */
        DAV_FAULT_AUTHENTICATION, /* user and secret were refused: never tried again by this client */
        DAV_FAULT_EXPIRED,        /* a token that was accepted before: a new one helps */
        DAV_FAULT_BUSY,           /* 429 or 503; dav_retry_after() */
        DAV_FAULT_REFUSED,        /* other 4xx, a redirection that is not followed */
        DAV_FAULT_SERVER,         /* 5xx */
        DAV_FAULT_GARBAGE,        /* not what the standards say, cut off, or beyond a limit */
};

/* The file with the certificates that the system trusts; NULL: there is none. */
const char *dav_system_certificates(void);

/* 0, -EINVAL (the address cannot be used; nothing to ask dav_error()), -ENOMEM. */
int dav_new(const struct dav_options *options, struct dav **ret) _must_check_;
struct dav *dav_free(struct dav *d); /* wipes the secret; accepts NULL */
static inline void dav_freep(struct dav **d) {
        dav_free(*d);
}

/* Of the last failure: a sentence for a person, without secrets, clean UTF-8; never NULL. */
const char *dav_error(const struct dav *d);
enum dav_fault dav_fault(const struct dav *d);
/* Seconds that the server wants to be left alone; 0: it did not say. At most DAV_RETRY_MAX. */
uint32_t dav_retry_after(const struct dav *d);

/* The functions below ask the server. Negative results: -EIO (dav_fault() and dav_error() tell), -ENOMEM, or what a callback gave; callbacks get values that are
 * valid during the call. */

struct dav_calendar {
        const char *path;              /* to ask for it: ASCII, one form, begins with '/' */
        const char *name;              /* how its owner calls it; the last part of the path when it has no name */
        const char *ctag, *sync_token; /* NULL: none */
        bool can_sync;
        bool inbox; /* the scheduling inbox (RFC 6638): messages about meetings, not meetings */
};

/* The calendars behind the address: of the user, in all his homes (RFC 4791, 6.2.1), when it is a server's or a user's; those of a collection, or the one that it is.
 * Only such as may hold events, each once. *ret_left_out: why one of several homes could not be listed, as dav_error(); the caller frees; NULL: all were. */
int dav_discover(struct dav *d, int (*found)(const struct dav_calendar *calendar, void *userdata), void *userdata,
                 char **ret_left_out) _must_check_;

struct dav_member {
        const char *name; /* below the calendar; a path from '/' when it is elsewhere. ASCII, one form */
        const char *etag; /* NULL: none */
        bool gone;
        bool hidden; /* it is there, but the server could not say more */
};

struct dav_listing {
        bool changes;     /* only what changed since `token` was told; else everything that is there */
        bool interrupted; /* a token was given, but the server does not know it any longer */
        char *token;      /* for the next time; the caller frees; NULL: none */
};

/* What is in a calendar, or what changed since `token` (NULL: everything). `can_sync` as the calendar says. */
int dav_list(struct dav *d, const char *path, bool can_sync, const char *token,
             int (*found)(const struct dav_member *member, void *userdata), void *userdata,
             struct dav_listing *ret) _must_check_;

struct dav_object {
        const char *name; /* as in struct dav_member */
        const char *etag;
        const char *data; /* NULL: `status` says why */
        size_t size;
        int status; /* 200, 404 it is not there any more, 413 too large, else what the server said */
};

/* At most DAV_BATCH_MAX objects of a calendar, by name. Each is told once, whether it was found or not. */
int dav_get(struct dav *d, const char *path, const char *const *names, size_t n,
            int (*found)(const struct dav_object *object, void *userdata), void *userdata) _must_check_;

struct dav_file {
        bool unchanged;
        char *etag, *last_modified; /* for the next time; the caller frees; NULL: none */
};

/* The one file behind the address, unless it is still the one with that etag or date (each may be NULL). Its bytes come in pieces. */
int dav_download(struct dav *d, const char *etag, const char *last_modified,
                 int (*piece)(const void *data, size_t size, void *userdata), void *userdata,
                 struct dav_file *ret) _must_check_;
