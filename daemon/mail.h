/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Mails of ours, as bytes (RFC 5322, MIME): plain text in UTF-8, nothing to be fetched from anywhere. */

#include "parsers/buf.h"
#include "parsers/zone.h"

struct mail {
        const char *from_name;  /* NULL: the address alone */
        const char *from;       /* an address, as the settings checked it */
        const char *const *to;  /* addresses, NULL-terminated, at least one */
        const char *subject;    /* one line; anything that could end a field becomes a blank */
        const char *message_id; /* without angle brackets */
        instant at;
        const struct zone *zone; /* of whom it is for: Date shows its offset */
        const char *language;    /* Content-Language (RFC 3282); NULL: none */
        const char *text;        /* UTF-8, lines end with \n */
};

/* Lines of mails are as long as people and programs for mail like them (RFC 5322 2.1.1; RFC 2045 6.7). */
#define MAIL_COLUMNS 76

/* Appends the whole message with CRLF at every line end. 0; -EINVAL: an address that no header can hold (blanks, controls, brackets, beyond ASCII: that would
 * need RFC 6531 of every server on its way), or a Message-ID of the kind; -ENOMEM. */
int mail_compose(const struct mail *m, struct buf *ret) _must_check_;

/* A Message-ID, without angle brackets, that is the same whenever and wherever it is computed: from what the mail is ("digest"), its key ("2026-03-02"), and whose
 * it is. `from` gives the domain. -ENOMEM. */
int mail_message_id(const char *kind, const char *key, const char *owner, const char *from, char **ret) _must_check_;
