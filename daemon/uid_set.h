/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Sets of UIDs (RFC 3501 section 2.3.1.1), kept as ranges: what was read of a mailbox is one range, or a few where reading was interrupted. Pure. */

#include "parsers/buf.h"

struct uid_range {
        uint32_t first, last; /* both belong to it */
};

struct uid_set {
        struct uid_range *items; /* owned; rising, apart by at least one */
        size_t n, room;
};
void uid_set_done(struct uid_set *s);

/* More ranges than this are kept of no mailbox: as text they stay below 100 KiB. */
#define UID_SET_RANGES_MAX 4000U

/* "1:4,7,9:12" (`size` bytes; empty is the empty set). *s is what it was on failure. 0, -EINVAL, -E2BIG (too many ranges), -ENOMEM. */
int uid_set_parse(const char *text, size_t size, struct uid_set *s) _must_check_;
int uid_set_print(const struct uid_set *s, struct buf *out);
/* 0 < first <= last. 0, -E2BIG, -ENOMEM. */
int uid_set_add(struct uid_set *s, uint32_t first, uint32_t last) _must_check_;
void uid_set_remove(struct uid_set *s, uint32_t uid);
bool uid_set_has(const struct uid_set *s, uint32_t uid) _pure_;
/* The highest UIDs from 1 to `top` that are not in it, as far as they follow each other. False: all are. */
bool uid_set_missing(const struct uid_set *s, uint32_t top, struct uid_range *ret);
/* How many UIDs. */
uint64_t uid_set_count(const struct uid_set *s) _pure_;
