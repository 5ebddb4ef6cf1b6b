/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The header section of an entity (RFC 5322 section 2.1): cut into fields by ourselves, since one junk line makes
 * libetpan drop every field after it, and a sender could hide From or List-Id that way. */

#include "parsers/arena.h"
#include "parsers/base.h"

struct charset_set;

struct field {
        const char *name; /* as written, not terminated */
        size_t name_size;
        const char *body; /* still folded, not terminated, without the last line end */
        size_t body_size;
};

struct header_cursor {
        const char *start, *p, *end;
        bool part;      /* a body part: a line of "--" ends it too, and text where the first field should be is the body */
        bool truncated; /* HEADER_SECTION_MAX was reached: fields after it were not read */
        uint32_t fields;
};

static inline struct header_cursor header_begin(const char *data, size_t size, bool part) {
        return (struct header_cursor){.start = data, .p = data, .end = data + size, .part = part};
}
/* The next field. Junk lines (mbox From_ lines, no colon, blanks or controls in the name) are skipped with what is folded
 * after them. False at the end of the section: c->p is then where the body starts. */
bool header_next(struct header_cursor *c, struct field *ret);
bool field_is(const struct field *f, const char *name) _pure_;

/* Unfold a field body: no line ends, no NULs, no blanks around. Writes at most room - 1 bytes and a NUL.
 * Returns the length; *ret_truncated is set, never cleared. */
size_t header_unfold(const struct field *f, char *out, size_t room, bool *ret_truncated);

/* Decode the text of an unfolded field body or display name: encoded words (RFC 2047), raw 8-bit text; runs of blanks and
 * line ends become one blank. At most `limit` bytes are kept. *ret belongs to the arena, "" for nothing; *ret_truncated
 * is set, never cleared. 0, -ENOMEM. */
int header_decode(const struct charset_set *set, const char *s, size_t n, size_t limit, struct arena *arena,
                  const char **ret, bool *ret_truncated) _must_check_;
