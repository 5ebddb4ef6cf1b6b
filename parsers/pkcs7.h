/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The outermost layer of S/MIME (RFC 8551, RFC 5652): is it signed, so that the letter stands plainly inside, or encrypted?
 * Signatures are not checked: adieu believes From no more than any mail program does. */

#include "parsers/buf.h"

enum pkcs7_kind {
        PKCS7_OTHER,     /* compressed, digested, certificates alone: nothing that is read */
        PKCS7_SIGNED,    /* with its content */
        PKCS7_ENCRYPTED, /* enveloped or encrypted data */
};

/* Walk the DER or BER of a ContentInfo. Of signed data the content (a MIME entity) is added to `content`, joined from its
 * pieces. Linear, without recursion; a stream that is cut off gives what it held until then.
 * 0, -EBADMSG (not a ContentInfo), -ENOMEM. */
int pkcs7_read(const void *data, size_t size, struct buf *content, enum pkcs7_kind *ret) _must_check_;
