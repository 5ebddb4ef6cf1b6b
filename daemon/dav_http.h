/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One question to a web server at a time, for dav.c: who may get the secret, which certificates are good, how far a redirection is followed, and
 * what to tell a person when it does not work. */

#include "daemon/dav.h"
#include "parsers/arena.h"
#include "parsers/dav_url.h"

struct http;

struct http_request {
        const char *method;                            /* "PROPFIND", "REPORT", "GET" */
        const char *path;                              /* on the server of http_base(), as dav_url_resolve() makes it */
        const char *body;                              /* XML; NULL: none */
        const char *depth;                             /* "0", "1"; NULL: no such header */
        const char *if_none_match, *if_modified_since; /* NULL */
        bool anywhere; /* a redirection to another server may be followed, without the secret: for a file that is public */
        /* The body, as it comes; `code` is the answer's. Not called for redirections that are followed. A negative result ends the request. */
        int (*piece)(int code, const void *data, size_t size, void *userdata);
        void *userdata;
};

struct http_answer {
        int code;
        struct dav_url url; /* that answered: another than was asked after a redirection */
        /* Headers; NULL: not given. All strings live until the next request. */
        const char *etag, *last_modified, *content_type;
};

int http_new(const struct dav_options *options, struct http **ret) _must_check_;
struct http *http_free(struct http *h);
/* The address that the owner wrote. */
const struct dav_url *http_base(const struct http *h);

/* Ask, follow what may be followed, and give any answer of the server but 401, 429 and 503. 0; -EIO: see http_fault(); -ENOMEM; what `piece` gave. */
int http_ask(struct http *h, const struct http_request *q, struct http_answer *ret) _must_check_;

/* Note what went wrong, in words. Returns -EIO. */
int http_fail(struct http *h, enum dav_fault fault, const char *format, ...) _printf_(3, 4);
/* The usual sentence for an answer that is an error by its code. Returns -EIO. */
int http_fail_code(struct http *h, int code, const struct dav_url *url);
enum dav_fault http_fault(const struct http *h);
const char *http_error(const struct http *h);
uint32_t http_retry_after(const struct http *h);
