/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Content transfer encodings (RFC 2045 section 6) and those of encoded words (RFC 2047), read leniently. Our own: libetpan's
 * quoted-printable reads past its end, and its base64 is several times slower. */

#include "parsers/base.h"

enum transfer_encoding { TRANSFER_IDENTITY = 0, TRANSFER_BASE64, TRANSFER_QUOTED_PRINTABLE };

/* The encoding a Content-Transfer-Encoding field body names; unknown names are identity. */
enum transfer_encoding transfer_encoding_find(const char *name, size_t n) _pure_;

/* Both write at most `room` bytes, never more than n, and return how many. *ret_cut: something was left over.
 * Characters outside the alphabet are skipped; padding in the middle ends a run and the next begins (concatenated parts). */
size_t base64_decode(const char *s, size_t n, char *out, size_t room, bool *ret_cut);
/* Soft line breaks vanish, "=" before anything but two hexadecimal digits stays. `word`: '_' is a blank (RFC 2047 4.2). */
size_t quoted_printable_decode(const char *s, size_t n, bool word, char *out, size_t room, bool *ret_cut);
