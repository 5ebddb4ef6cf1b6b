/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/transfer.h"

#include <strings.h>

/* Value of a base64 character plus one, 0 for any other: also the two of base64url, which some programs write. */
static const uint8_t base64_value[256] = {
        ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,  ['I'] = 9,
        ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18,
        ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24, ['Y'] = 25, ['Z'] = 26, ['a'] = 27,
        ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36,
        ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45,
        ['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54,
        ['2'] = 55, ['3'] = 56, ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63,
        ['/'] = 64, ['-'] = 63, ['_'] = 64,
};

enum transfer_encoding transfer_encoding_find(const char *s, size_t n) {
        static const struct {
                const char *name;
                enum transfer_encoding encoding;
        } names[] = {
                {"base64", TRANSFER_BASE64},
                {"quoted-printable", TRANSFER_QUOTED_PRINTABLE},
        };
        for (; n > 0 && strchr(" \t\"'", *s); s++)
                n--;
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                size_t length = strlen(names[i].name);
                if (n >= length && strncasecmp(s, names[i].name, length) == 0 &&
                    (n == length || strchr(" \t\"';(", s[length])))
                        return names[i].encoding;
        }
        return TRANSFER_IDENTITY;
}

size_t base64_decode(const char *s, size_t n, char *out, size_t room, bool *ret_cut) {
        size_t written = 0, i = 0;
        uint32_t bits = 0;
        unsigned have = 0; /* bits waiting: 0, 6, 12 or 18, less what was written */

        while (i < n) {
                if (have == 0 && n - i >= 4 && room - written >= 3) { /* four good characters: the usual case */
                        uint32_t a = base64_value[(uint8_t) s[i]], b = base64_value[(uint8_t) s[i + 1]];
                        uint32_t c = base64_value[(uint8_t) s[i + 2]], d = base64_value[(uint8_t) s[i + 3]];
                        if (a && b && c && d) {
                                uint32_t w = (a - 1) << 18 | (b - 1) << 12 | (c - 1) << 6 | (d - 1);
                                out[written++] = (char) (w >> 16);
                                out[written++] = (char) (w >> 8);
                                out[written++] = (char) w;
                                i += 4;
                                continue;
                        }
                }
                char c = s[i++];
                if (c == '=')
                        have = 0;
                if (!base64_value[(uint8_t) c])
                        continue;
                bits = bits << 6 | (uint32_t) (base64_value[(uint8_t) c] - 1);
                have += 6;
                if (have < 8)
                        continue;
                if (written == room) {
                        *ret_cut = true;
                        return written;
                }
                have -= 8;
                out[written++] = (char) (bits >> have);
        }
        *ret_cut = false;
        return written;
}

/* Length of a soft line break at s ("=", blanks that were added on the way, a line end or the end of the text), or 0. */
static size_t soft_break(const char *s, size_t n) {
        size_t i = 1;
        while (i < n && (s[i] == ' ' || s[i] == '\t'))
                i++;
        if (i == n)
                return i;
        if (s[i] == '\r' && i + 1 < n && s[i + 1] == '\n')
                return i + 2;
        return s[i] == '\n' || s[i] == '\r' ? i + 1 : 0;
}

size_t quoted_printable_decode(const char *s, size_t n, bool word, char *out, size_t room, bool *ret_cut) {
        size_t written = 0, i = 0;

        while (i < n && written < room) {
                char c = s[i];
                if (c != '=') {
                        out[written++] = word && c == '_' ? ' ' : c;
                        i++;
                        continue;
                }
                if (n - i >= 3 && hex_value(s[i + 1]) >= 0 && hex_value(s[i + 2]) >= 0) {
                        out[written++] = (char) (hex_value(s[i + 1]) << 4 | hex_value(s[i + 2]));
                        i += 3;
                        continue;
                }
                size_t skip = soft_break(s + i, n - i);
                if (skip == 0)
                        out[written++] = s[i];
                i += MAX(skip, (size_t) 1);
        }
        *ret_cut = i < n;
        return written;
}
