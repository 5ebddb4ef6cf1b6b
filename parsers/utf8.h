/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* UTF-8 (RFC 3629). Everything that leaves parsers/ is valid UTF-8 without control characters except \n and \t. */

#include <endian.h>

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
 * (C0, DEL, C1) vanish, and so do characters that show nothing and can disguise text (those that turn its direction, zero widths, tags, fillers), but for
 * joiners and variation selectors where a script or an emoji needs them. Cleaning what was cleaned changes nothing. Returns the new length; s[len] is NUL. */
size_t utf8_clean_in_place(char *s, size_t n);
/* The same, as one line: line ends and tabs become blanks. For what others wrote where a line of our own is expected. */
size_t utf8_clean_line(char *s, size_t n);
/* Simple lower case of one code point: ASCII, Latin-1, Latin Extended-A, Greek, Cyrillic. */
uint32_t utf8_lower(uint32_t cp) _pure_;
/* Is it a letter or a digit of any script (for cutting words)? Marks and apostrophes are not. */
bool utf8_is_word(uint32_t cp) _pure_;
/* Length of the letter or digit at s, of which there are n > 0 bytes; 0 when there is none. */
static inline size_t utf8_word_char(const char *s, size_t n) {
        uint32_t cp;
        unsigned char c = (unsigned char) *s;
        if (c < 0x80)
                return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
        size_t len = utf8_decode(s, n, &cp);
        return len > 0 && utf8_is_word(cp) ? len : 0;
}
/* Copies ASCII as it folds, in small letters and with blanks for tabs, up to the first byte that is none.
 * Returns the number of bytes. `out` may not overlap `s`. */
size_t utf8_lower_ascii(const char *s, size_t n, char *out);
/* How many bytes at the start are printable ASCII, blanks included. */
size_t utf8_printable(const char *s, size_t n) _pure_;
/* How many small letters of ASCII there are. */
size_t utf8_count_small(const char *s, size_t n) _pure_;
/* Fold for comparing phrases: lower case, accents of Latin letters dropped, typographic apostrophes and quotes made
 * ASCII, no-break and other blanks made ' ', what shows nothing dropped, œ -> oe, æ -> ae, ß -> ss. Writes at most size bytes with a NUL; returns the length. */
size_t utf8_fold(const char *s, size_t n, char *out, size_t size);

#define UTF8_EACH_BYTE(c) (UINT64_C(0x0101010101010101) * (c))
/* Eight bytes as a number, the first one lowest. */
static inline uint64_t utf8_load_8(const char *s) {
        uint64_t w;
        memcpy(&w, s, sizeof(w));
        return le64toh(w);
}
/* The highest bit of each byte from `first` to `last`. None may have it already, so that no sum carries into the next byte. */
static inline uint64_t utf8_between_8(uint64_t w, uint8_t first, uint8_t last) {
        return (w + UTF8_EACH_BYTE(0x80U - first)) & ~(w + UTF8_EACH_BYTE(0x80U - last - 1)) & UTF8_EACH_BYTE(0x80);
}
/* Bytes that must be readable after the end of a text, and be NUL, for utf8_word_run(). */
#define UTF8_PADDING 16U
/* How many small letters and digits of ASCII there are at s: most of all words, without a guess at their length. */
static inline size_t utf8_word_run(const char *s) {
        for (size_t i = 0;; i += sizeof(uint64_t)) {
                uint64_t w = utf8_load_8(s + i), low = w & ~UTF8_EACH_BYTE(0x80);
                uint64_t others =
                        (w | ~(utf8_between_8(low, 'a', 'z') | utf8_between_8(low, '0', '9'))) & UTF8_EACH_BYTE(0x80);
                if (others)
                        return i + (size_t) __builtin_ctzll(others) / 8;
        }
}
