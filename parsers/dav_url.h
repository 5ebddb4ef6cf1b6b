/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Addresses of WebDAV resources (RFC 3986), in one form each: servers write one and the same resource in several ways, and a resource that
 * only changed its spelling has not vanished. */

#include "parsers/arena.h"

/* A URL as far as it matters for asking and comparing. */
struct dav_url {
        bool tls;
        uint16_t port;
        const char *host; /* lower case; IPv6 without brackets */
        const char *path; /* in one form (see dav_url_resolve()), with the query if there is one; begins with '/' */
        const char *user; /* percent-decoded; NULL: none is written. A password in a URL is refused */
};

#define DAV_URL_MAX 2048U

/* "https://user@host:port/path" (http, https; webcal and webcals are read as https). 0, -EINVAL (not such a URL, a password in it,
 * control characters, more than DAV_URL_MAX bytes), -ENOMEM. */
int dav_url_parse(const char *url, struct arena *arena, struct dav_url *ret) _must_check_;
/* What a server wrote as an address (RFC 3986, 5.2; a path, a whole URL, "//host/path", or relative), seen from `base`: its path in one form,
 * so that two ways of writing one resource are equal bytes: percent-encoding only where RFC 3986 (3.3) asks for it and in capitals, no "." or "..", no
 * fragment. An encoded slash stays encoded. 0, -EINVAL, -ENOMEM. */
int dav_url_resolve(const struct dav_url *base, const char *href, struct arena *arena, struct dav_url *ret) _must_check_;
/* Do they name the same server in the same way? */
bool dav_url_same_server(const struct dav_url *a, const struct dav_url *b) _pure_;
/* The same path, a slash at the end or not. */
bool dav_path_equal(const char *a, const char *b) _pure_;
/* Is `path` directly inside the collection? Then *ret_name points into path, at what comes after the collection's slash. */
bool dav_path_inside(const char *collection, const char *path, const char **ret_name);
/* "https://host:port/path", the port only where it is another than the scheme's. NULL: no memory. */
char *dav_url_format(const struct dav_url *u, struct arena *arena);
