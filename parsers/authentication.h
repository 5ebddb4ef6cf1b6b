/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the owner's own mail server found out about the sender: Authentication-Results (RFC 8601).
 *
 * Anybody can write such a field, so only that of the receiving server counts. Servers put their fields on top: what stands above the
 * newest Received was added by the server that took the message in, and what stands below it only counts while all Received above
 * are of one organisation (or of machines without a public name) and the authserv-id is of that organisation too. The topmost field
 * that tells a DMARC result decides, whatever others say (RFC 8601 sections 1.6, 4.1 and 5).
 *
 * Not read: ARC-Authentication-Results (RFC 8617), since anybody can seal anything and who is to be believed is known to nobody here;
 * Received-SPF, since DMARC has judged it. */

#include "parsers/arena.h"
#include "parsers/header.h"
#include "parsers/observation.h"

struct authentication_trace {
        const struct field *results; /* Authentication-Results, newest first */
        const uint8_t *depths;       /* how many Received stand above each */
        uint32_t n_results;
        const struct field *received; /* newest first */
        uint32_t n_received;
        bool doubled_from; /* there is another From field, below the one that is shown */
};

/* `scratch` has at least FIELD_BODY_MAX bytes. *ret and *domains (of struct message: dmarc, authenticated_domains) are set where a
 * result is to be believed and is about the first of `from`; one about another address beside it, or another From field, is
 * a failure: a server that looked at the wrong one was led there. Strings live in the arena, in small letters, at most
 * AUTHENTICATED_DOMAINS_MAX. Linear in the fields. 0, -ENOMEM. */
int authentication_read(const struct authentication_trace *trace, const struct address_list *from, char *scratch,
                        struct arena *arena, enum dmarc_result *ret, struct text_list *domains) _must_check_;
