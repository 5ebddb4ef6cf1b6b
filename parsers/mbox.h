/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* mbox framing (RFC 4155 and its relatives mboxo, mboxrd, mboxcl, mboxcl2): finds where messages begin and end.
 * Push parser, constant memory, never sees more than what it is given. Runs in the parse role: an mbox is hostile bytes. */

#include "parsers/base.h"

struct mbox_framer;

struct mbox_span {
        int64_t offset;    /* of the From_ line in the file */
        int64_t body;      /* of the first byte of the header section */
        int64_t end;       /* one past the last byte of the message, without the blank line that separates */
        instant from_date; /* of the From_ line (asctime, read as UTC); INSTANT_UNKNOWN */
        bool complete; /* followed by another From_ line, or by its announced Content-Length; else it ends with the file */
};

/* `offset` is where in the file the first byte to come lies (where the last pass ended; 0 at the start). */
int mbox_framer_new(int64_t offset, struct mbox_framer **ret) _must_check_;
struct mbox_framer *mbox_framer_free(struct mbox_framer *f);
/* Feed the next bytes. Calls found(span, userdata) for every message that ended; a negative result stops and is returned.
 * 0, -EBADMSG (the first line is no From_ line: not an mbox), -ENOMEM. */
int mbox_framer_feed(struct mbox_framer *f, const char *data, size_t size,
                     int (*found)(const struct mbox_span *span, void *userdata), void *userdata) _must_check_;
/* The file ends here: reports the last message. */
int mbox_framer_end(struct mbox_framer *f, int (*found)(const struct mbox_span *span, void *userdata),
                    void *userdata) _must_check_;

/* Undo the quoting of From_ lines inside a message ("mboxrd": one '>' less before "From "; mboxo is the same on reading,
 * lines that began with ">From " in the original lose one '>': that cannot be known). In place; returns the new size. */
size_t mbox_unquote(char *data, size_t size);
