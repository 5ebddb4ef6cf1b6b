/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The MIME structure of a message (RFC 2046), found by one pass over its bytes: no tree, no recursion, no decoding. */

#include "parsers/base.h"
#include "parsers/header.h"

/* Longest media type and longest boundary that are believed. RFC 2046 allows boundaries of 70. */
#define MEDIA_TYPE_MAX 127U
#define BOUNDARY_MAX 250U

/* The fields of an entity that MIME gives a meaning; bodies are still folded, body NULL when absent. */
struct mime_fields {
        struct field content_type, content_disposition, content_transfer_encoding, content_id, content_length;
};
/* Keep f if it is one of them and the first of its name. */
void mime_fields_add(struct mime_fields *fields, const struct field *f);

/* Media type in lower case ("text/plain" when absent or unreadable); ret has MEDIA_TYPE_MAX + 1 bytes. */
void mime_media_type(const struct field *content_type, char *ret);
/* The value of a parameter of Content-Type or Content-Disposition: quotes undone, RFC 2231 pieces joined and percent
 * decoding undone, blanks inside an unquoted value kept. Writes at most room - 1 bytes and a NUL.
 * *ret_charset (may be NULL; LABEL bytes) gets the charset RFC 2231 names, "" when none. False when absent. */
#define MIME_LABEL_MAX 60U
bool mime_parameter(const struct field *f, const char *name, char *out, size_t room, char *ret_charset);
/* The first word of Content-Disposition is `what`. */
bool mime_disposition_is(const struct field *f, const char *what);

enum mime_container { /* what surrounds a leaf */
                      MIME_ALTERNATIVE = 1 << 0,
                      MIME_RELATED = 1 << 1,
                      MIME_REPORT = 1 << 2,
                      MIME_SIGNED = 1 << 3,
                      MIME_ENCRYPTED = 1 << 4,
                      MIME_DIGEST = 1 << 5,
};

struct mime_leaf {
        char media_type[MEDIA_TYPE_MAX + 1];
        struct mime_fields fields;
        const char *body;
        size_t size;
        uint32_t containers;  /* enum mime_container, of all levels above */
        uint32_t alternative; /* number of the outermost multipart/alternative around it, from 1; 0 none */
};

/* Called for each leaf in order; message/rfc822 is a leaf. A negative result stops and is returned. */
typedef int (*mime_found)(const struct mime_leaf *leaf, void *userdata);

/* Walk an entity whose header section was read: `fields` are its own, `data` its body. Deeper than MIME_DEPTH_MAX a
 * multipart is a leaf, after MIME_PARTS_MAX leaves the rest is not looked at: *ret_truncated is set then, never cleared. */
int mime_walk(const struct mime_fields *fields, const char *data, size_t size, mime_found found, void *userdata,
              bool *ret_truncated) _must_check_;
