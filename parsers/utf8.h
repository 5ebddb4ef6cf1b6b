/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* UTF-8 (RFC 3629). Everything that leaves parsers/ is valid UTF-8 without control characters except \n and \t. */

#include "parsers/base.h"

/* Length in bytes (1-4) of the valid sequence at s, or 0 when there is none within n bytes. *ret_cp may be NULL. */
size_t utf8_decode(const char *s, size_t n, uint32_t *ret_cp);
/* Write cp as UTF-8 into out (at least 4 bytes); returns the length, 0 for surrogates and beyond U+10FFFF. */
size_t utf8_encode(uint32_t cp, char out[4]);
bool utf8_is_ascii(const char *s, size_t n) _pure_;
bool utf8_valid(const char *s, size_t n) _pure_;
/* Valid, no NUL, and no control characters other than \n and \t: what an observation may hold. */
bool utf8_clean(const char *s, size_t n) _pure_;
/* Largest length <= n that does not cut a character. */
size_t utf8_boundary(const char *s, size_t n) _pure_;
/* Clean s in place: invalid bytes become U+FFFD's ASCII stand-in '?', CR LF and bare CR become \n, other controls
 * (C0, DEL, C1, and the bidirectional overrides that can disguise text) vanish. Returns the new length; s[len] is NUL. */
size_t utf8_clean_in_place(char *s, size_t n);
/* Simple lower case of one code point: ASCII, Latin-1, Latin Extended-A, Greek, Cyrillic. */
uint32_t utf8_lower(uint32_t cp) _pure_;
/* Is it a letter or a digit of any script (for cutting words)? Marks and apostrophes are not. */
bool utf8_is_word(uint32_t cp) _pure_;
/* Copies printable ASCII, in small letters, as far as it goes in steps of eight bytes; the rest is for slower means.
 * Returns the number of bytes. `out` may not overlap `s`. */
size_t utf8_lower_ascii(const char *s, size_t n, char *out);
/* Fold for comparing phrases: lower case, accents of Latin letters dropped, typographic apostrophes and quotes made
 * ASCII, no-break and other blanks made ' ', œ -> oe, æ -> ae, ß -> ss. Writes at most size bytes with a NUL; returns the length. */
size_t utf8_fold(const char *s, size_t n, char *out, size_t size);
