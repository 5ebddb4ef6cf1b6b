/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Bytes of one RFC 5322 message in, one observation out. Runs in the parse role only. */

#include "parsers/arena.h"
#include "parsers/observation.h"
#include "parsers/zone.h"

struct charset_set;
struct language_index;
struct phrase_index;

struct message_options {
        const struct zone_table *zones;     /* for calendar parts; borrowed */
        const struct charset_set *charsets; /* of charset_open(), text.h; borrowed. NULL: UTF-8 and windows-1252 only */
        const struct language_index
                *languages; /* of language_index_fill(), text.h; borrowed. NULL: each message makes its own */
        const struct phrase_index *phrases; /* of phrase_index_new(), text.h; borrowed. NULL: each message makes its own */
        bool want_quoted_text;              /* fill quoted_text (inspect) */
};

/* Parse a message. `data` must be followed by at least MESSAGE_PADDING zero bytes (libetpan reads past the end; see
 * VIOLATIONS.md) and may be anything at all: the result is always a message, with MESSAGE_TRUNCATED when a ceiling was reached.
 * A leading mbox "From " line is skipped. Strings live in `arena`.
 * 0, -ENOMEM. */
#define MESSAGE_PADDING 16
int message_parse(const char *data, size_t size, const struct message_options *options, struct arena *arena,
                  struct message *ret) _must_check_;
