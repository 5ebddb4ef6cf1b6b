/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Address lists (RFC 5322 section 3.4). libetpan reads what is well-formed, our own reader the rest. */

#include "parsers/arena.h"
#include "parsers/observation.h"

struct charset_set;

/* Zero bytes that must follow the text (libetpan looks ahead). */
#define ADDRESS_PADDING 16U

/* Append the mailboxes of an unfolded field body to *list, at most `max` in all; groups are flattened, display names decoded,
 * entries without an address dropped (but the lone word of `From: root` is kept). Strings belong to the arena; *ret_truncated
 * is set, never cleared. 0, -ENOMEM. */
int address_list_parse(const struct charset_set *set, const char *s, size_t n, uint32_t max, struct arena *arena,
                       struct address_list *list, bool *ret_truncated) _must_check_;
