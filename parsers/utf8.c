/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <endian.h>

#include "parsers/utf8.h"

/* What stands for bytes that are not UTF-8: one ASCII character, so that cleaning in place never grows. */
#define STAND_IN '?'

size_t utf8_decode(const char *s, size_t n, uint32_t *ret_cp) {
        const unsigned char *p = (const unsigned char *) s;
        uint32_t cp;
        size_t len;

        if (n == 0)
                return 0;
        if (p[0] < 0x80) {
                if (ret_cp)
                        *ret_cp = p[0];
                return 1;
        }
        if (p[0] >= 0xC2 && p[0] <= 0xDF)
                len = 2, cp = p[0] & 0x1FU;
        else if ((p[0] & 0xF0) == 0xE0)
                len = 3, cp = p[0] & 0x0FU;
        else if (p[0] >= 0xF0 && p[0] <= 0xF4)
                len = 4, cp = p[0] & 0x07U;
        else
                return 0;
        if (len > n)
                return 0;
        for (size_t i = 1; i < len; i++) {
                if ((p[i] & 0xC0) != 0x80)
                        return 0;
                cp = cp << 6 | (p[i] & 0x3FU);
        }
        /* Overlong forms, surrogates and what lies beyond Unicode. */
        if ((len == 3 && cp < 0x800) || (len == 4 && cp < 0x10000) || (cp >= 0xD800 && cp <= 0xDFFF) || cp > 0x10FFFF)
                return 0;
        if (ret_cp)
                *ret_cp = cp;
        return len;
}

size_t utf8_encode(uint32_t cp, char out[4]) {
        if (cp < 0x80) {
                out[0] = (char) cp;
                return 1;
        }
        if (cp < 0x800) {
                out[0] = (char) (0xC0 | cp >> 6);
                out[1] = (char) (0x80 | (cp & 0x3F));
                return 2;
        }
        if ((cp >= 0xD800 && cp <= 0xDFFF) || cp > 0x10FFFF)
                return 0;
        if (cp < 0x10000) {
                out[0] = (char) (0xE0 | cp >> 12);
                out[1] = (char) (0x80 | (cp >> 6 & 0x3F));
                out[2] = (char) (0x80 | (cp & 0x3F));
                return 3;
        }
        out[0] = (char) (0xF0 | cp >> 18);
        out[1] = (char) (0x80 | (cp >> 12 & 0x3F));
        out[2] = (char) (0x80 | (cp >> 6 & 0x3F));
        out[3] = (char) (0x80 | (cp & 0x3F));
        return 4;
}

bool utf8_is_ascii(const char *s, size_t n) {
        size_t i = 0;
        for (; n - i >= sizeof(uint64_t); i += sizeof(uint64_t)) {
                uint64_t w;
                memcpy(&w, s + i, sizeof(w));
                if (w & UINT64_C(0x8080808080808080))
                        return false;
        }
        for (; i < n; i++)
                if ((unsigned char) s[i] >= 0x80)
                        return false;
        return true;
}

/* How many of the first eight bytes are ASCII. */
static size_t ascii_bytes(const char *s) {
        uint64_t w;
        memcpy(&w, s, sizeof(w));
        w = le64toh(w) & UINT64_C(0x8080808080808080);
        return w ? (size_t) __builtin_ctzll(w) / 8 : sizeof(w);
}

bool utf8_valid(const char *s, size_t n) {
        for (size_t i = 0, len; i < n; i += len) {
                len = n - i >= sizeof(uint64_t) ? ascii_bytes(s + i) : 0;
                if (len > 0)
                        continue;
                len = utf8_decode(s + i, n - i, NULL);
                if (len == 0)
                        return false;
        }
        return true;
}

static bool is_control(uint32_t cp) {
        return (cp < 0x20 && cp != '\n' && cp != '\t') || (cp >= 0x7F && cp < 0xA0);
}

/* How many of the first eight bytes are printable ASCII: most of all text. */
static size_t plain_bytes(uint64_t w) {
        /* The highest bit of each byte that is not: those above ASCII have it, those below ' ' get it by the subtraction, DEL by the
         * addition. A borrow or a carry only ever comes from a byte that is marked, and spoils those after it, which do not count. */
        uint64_t other = (w | (w - UTF8_EACH_BYTE(' ')) | (w + UTF8_EACH_BYTE(1))) & UTF8_EACH_BYTE(0x80);
        return other ? (size_t) __builtin_ctzll(other) / 8 : sizeof(w);
}

size_t utf8_lower_ascii(const char *s, size_t n, char *out) {
        size_t i = 0;
        for (; n - i >= sizeof(uint64_t); i += sizeof(uint64_t)) {
                uint64_t w = utf8_load_8(s + i);
                if (w & UTF8_EACH_BYTE(0x80))
                        break;
                /* The bit that was found, moved down, is the one that makes a letter small; a tab and a blank differ in three. */
                uint64_t upper = utf8_between_8(w, 'A', 'Z'), tabs = utf8_between_8(w, '\t', '\t');
                w = htole64((w | upper >> 2) ^ (tabs >> 7) * ('\t' ^ ' '));
                memcpy(out + i, &w, sizeof(w));
        }
        for (; i < n && (unsigned char) s[i] < 0x80; i++)
                out[i] = (char) (s[i] == '\t' ? ' ' : s[i] >= 'A' && s[i] <= 'Z' ? s[i] + 32 : s[i]);
        return i;
}

size_t utf8_count_small(const char *s, size_t n) {
        size_t i = 0, found = 0;
        for (; n - i >= sizeof(uint64_t); i += sizeof(uint64_t)) {
                uint64_t w = utf8_load_8(s + i);
                /* One for each byte; the product adds all of them up in its highest byte. */
                uint64_t small = utf8_between_8(w & ~UTF8_EACH_BYTE(0x80), 'a', 'z') & ~w;
                found += (small >> 7) * UTF8_EACH_BYTE(1) >> 56;
        }
        for (; i < n; i++)
                found += s[i] >= 'a' && s[i] <= 'z';
        return found;
}

size_t utf8_printable(const char *s, size_t n) {
        size_t i = 0, k = sizeof(uint64_t);
        for (; n - i >= sizeof(uint64_t) && k == sizeof(uint64_t); i += k)
                k = plain_bytes(utf8_load_8(s + i));
        while (k == sizeof(uint64_t) && i < n && s[i] >= ' ' && s[i] < 0x7F)
                i++;
        return i;
}

bool utf8_clean(const char *s, size_t n) {
        uint32_t cp = 0;
        for (size_t i = 0, len; i < n; i += len) {
                len = n - i >= sizeof(uint64_t) ? plain_bytes(utf8_load_8(s + i)) : 0;
                if (len > 0)
                        continue;
                unsigned char c = (unsigned char) s[i];
                len = 1;
                if ((c >= ' ' && c < 0x7F) || c == '\n' || c == '\t')
                        continue;
                len = utf8_decode(s + i, n - i, &cp);
                if (len == 0 || is_control(cp))
                        return false;
        }
        return true;
}

size_t utf8_boundary(const char *s, size_t n) {
        /* Only the last character can be cut; its lead byte is at most three bytes back. Text that is not UTF-8 at
         * all has no boundaries and is cut where asked. */
        for (size_t back = 1; back <= 4 && back <= n; back++) {
                unsigned char c = (unsigned char) s[n - back];
                if ((c & 0xC0) == 0x80)
                        continue;
                size_t need = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;
                return need > back ? n - back : n;
        }
        return n;
}

/* --- characters that show nothing */

struct range {
        uint32_t first, last;
};

/* Sorted, and apart from one another. */
static bool in_ranges(uint32_t cp, const struct range *ranges, size_t n) {
        for (size_t low = 0; low < n;) {
                size_t middle = low + (n - low) / 2;
                if (cp < ranges[middle].first)
                        n = middle;
                else if (cp > ranges[middle].last)
                        low = middle + 1;
                else
                        return true;
        }
        return false;
}

#define IN_RANGES(cp, table) in_ranges((cp), (table), ELEMENTSOF(table))

/* Default_Ignorable_Code_Point of Unicode, without what is assigned to nothing outside of plane 14, and the marks of interlinear annotations. They have neither a
 * form nor a width of their own: names and subjects can be made to look like others with them, the order of what is read turned, words hidden in sight from
 * whoever looks for them, and hidden from sight in whole. */
static const struct range ignorable[] = {
        {0xAD, 0xAD},     {0x34F, 0x34F},   {0x61C, 0x61C},     {0x115F, 0x1160},   {0x17B4, 0x17B5},   {0x180B, 0x180F},
        {0x200B, 0x200F}, {0x202A, 0x202E}, {0x2060, 0x206F},   {0x3164, 0x3164},   {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},
        {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFB}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
};

static bool is_ignorable(uint32_t cp) {
        return cp >= 0xAD && (cp < 0x300 ? cp == 0xAD : IN_RANGES(cp, ignorable));
}

/* Scripts whose letters are joined to one another: Arabic and its kin, Mongolian, 'Phags-pa and the like. */
static const struct range cursive[] = {
        {0x600, 0x8FF},   {0x1800, 0x18AF},   {0xA840, 0xA87F},   {0xFB50, 0xFDFF},
        {0xFE70, 0xFEFC}, {0x10A80, 0x10AFF}, {0x10D00, 0x10D3F}, {0x1E900, 0x1E95F},
};
/* Scripts that write conjuncts with a virama: those of India, and those that came of them. */
static const struct range conjunct[] = {
        {0x900, 0xDFF},   {0xF00, 0x109F},  {0x1700, 0x17FF}, {0x1900, 0x1CFF},
        {0xA800, 0xA83F}, {0xA880, 0xAAFF}, {0xABC0, 0xABFF}, {0x11000, 0x11FFF},
};
/* What emoji are made of, coarsely: arrows, signs, symbols, pictures, and the colours of skin. */
static const struct range pictures[] = {
        {0xA9, 0xA9},     {0xAE, 0xAE},     {0x203C, 0x2049},   {0x2100, 0x2BFF},
        {0x3030, 0x303D}, {0x3297, 0x3299}, {0x1F000, 0x1FBFF},
};
/* Letters whose forms a variation selector chooses from (UTS 37 and StandardizedVariants.txt). */
static const struct range variable[] = {
        {0x1000, 0x109F}, {0x2200, 0x22FF}, {0x3000, 0x303F},   {0x3400, 0x9FFF},
        {0xA840, 0xA87F}, {0xF900, 0xFAFF}, {0x20000, 0x3FFFF},
};

enum { ZWNJ = 0x200C, ZWJ = 0x200D, EMOJI_STYLE = 0xFE0F, KEYCAP = 0x20E3, BLACK_FLAG = 0x1F3F4, TAG_END = 0xE007F };

static bool is_joiner(uint32_t cp) {
        return cp == ZWNJ || cp == ZWJ;
}

static bool is_variation(uint32_t cp) {
        return (cp >= 0xFE00 && cp <= 0xFE0F) || (cp >= 0xE0100 && cp <= 0xE01EF);
}

/* Where a script cannot do without one (RFC 5892 appendix A is the model, a little wider: old spellings put it before the virama, and at the end of a word), and between two
 * pictures that are shown as one (UTS 51). */
static bool joins(uint32_t before, uint32_t joiner, uint32_t after) {
        if (IN_RANGES(before, cursive))
                return joiner == ZWJ || IN_RANGES(after, cursive);
        if (IN_RANGES(before, conjunct))
                return true;
        return joiner == ZWJ && (IN_RANGES(before, pictures) || before == EMOJI_STYLE) && IN_RANGES(after, pictures);
}

static bool chooses_form(uint32_t before, uint32_t selector, uint32_t after) {
        if (selector >= 0xE0100)
                return IN_RANGES(before, variable);
        if ((before >= '0' && before <= '9') || before == '#' || before == '*')
                return selector == EMOJI_STYLE && after == KEYCAP;
        return IN_RANGES(before, pictures) || IN_RANGES(before, variable);
}

static bool is_tag(uint32_t cp) {
        return cp >= 0xE0000 && cp <= TAG_END;
}

/* The tags of a part of a country behind its flag (UTS 51): three to six letters and digits, and the end. Their length in bytes; 0: they are none. */
#define TAG_SIZE 4U
static size_t flag_tags(const char *s, size_t n) {
        enum { SHORTEST = 3, LONGEST = 6 };
        uint32_t cp = 0;
        for (size_t i = 0; i <= LONGEST && utf8_decode(s + i * TAG_SIZE, n - i * TAG_SIZE, &cp) == TAG_SIZE; i++) {
                if (cp == TAG_END)
                        return i < SHORTEST ? 0 : (i + 1) * TAG_SIZE;
                if (!((cp >= 0xE0030 && cp <= 0xE0039) || (cp >= 0xE0061 && cp <= 0xE007A)))
                        return 0;
        }
        return 0;
}

/* How many bytes of it are to be kept, where one that shows nothing stands at s; `before` is what was kept last. */
static size_t keep_ignorable(uint32_t before, uint32_t cp, size_t length, const char *s, size_t n) {
        uint32_t after = 0;
        if (before == BLACK_FLAG && is_tag(cp))
                return flag_tags(s, n);
        if (cp >= 0x180B && cp <= 0x180F && cp != 0x180E)
                return before >= 0x1820 && before <= 0x18AF ? length : 0;
        if (!is_joiner(cp) && !is_variation(cp))
                return 0;
        (void) utf8_decode(s + length, n - length, &after);
        after = is_ignorable(after) ? 0 : after; /* it may not stay */
        return (is_joiner(cp) ? joins(before, cp, after) : chooses_form(before, cp, after)) ? length : 0;
}

/* Quotes and dashes of windows-1252 that went into UTF-8 as if they were Latin-1: controls that stand between words. */
static char windows_stand_in(uint32_t cp) {
        static const char table[] = {[0x91] = '\'', [0x92] = '\'', [0x93] = '"', [0x94] = '"', [0x96] = '-', [0x97] = '-'};
        return cp < sizeof(table) ? table[cp] : 0;
}

/* What one character becomes, whatever stands before it: an ASCII character, 0 itself, -1 nothing. length 0: it is none. */
static int replaced_by(uint32_t cp, size_t length, bool before_lf) {
        if (length == 0)
                return STAND_IN;
        if (cp == '\r') /* the LF of CR LF writes the line end */
                return before_lf ? -1 : '\n';
        if (cp == 0x2028 || cp == 0x2029)
                return '\n';
        int stand_in = windows_stand_in(cp);
        return stand_in ? stand_in : is_control(cp) ? -1 : 0;
}

size_t utf8_clean_in_place(char *s, size_t n) {
        size_t out = 0;
        uint32_t before = 0; /* the last that was kept */

        for (size_t i = 0, len; i < n; i += len) {
                uint32_t cp = 0;
                len = n - i >= sizeof(uint64_t) ? plain_bytes(utf8_load_8(s + i)) : 0;
                if (len > 0) {
                        before = (unsigned char) s[i + len - 1];
                        if (out != i)
                                memmove(s + out, s + i, len);
                        out += len;
                        continue;
                }
                len = utf8_decode(s + i, n - i, &cp);
                int other = replaced_by(cp, len, i + 1 < n && s[i + 1] == '\n');
                if (other != 0) {
                        len = MAX(len, (size_t) 1);
                        if (other > 0) {
                                before = (uint32_t) other;
                                s[out++] = (char) other;
                        }
                        continue;
                }
                if (is_ignorable(cp)) {
                        size_t keep = keep_ignorable(before, cp, len, s + i, n - i);
                        if (keep == 0) {
                                /* The rest of tags that are none must not pass for some. */
                                before = is_tag(cp) ? 0 : before;
                                continue;
                        }
                        len = keep;
                }
                before = cp;
                if (out != i)
                        memmove(s + out, s + i, len);
                out += len;
        }
        s[out] = 0;
        return out;
}

size_t utf8_clean_line(char *s, size_t n) {
        n = utf8_clean_in_place(s, n);
        for (size_t i = 0; i < n; i++)
                if (s[i] == '\n' || s[i] == '\t')
                        s[i] = ' ';
        return n;
}

uint32_t utf8_lower(uint32_t cp) {
        if (cp < 0x80)
                return cp >= 'A' && cp <= 'Z' ? cp + 32 : cp;
        if (cp < 0x100)
                return cp >= 0xC0 && cp <= 0xDE && cp != 0xD7 ? cp + 32 : cp;
        if (cp < 0x180) { /* Latin Extended-A: pairs, even first but in two stretches */
                if (cp == 0x130)
                        return 'i';
                if (cp == 0x178)
                        return 0xFF;
                if (cp == 0x17F)
                        return 's';
                if (cp == 0x131 || cp == 0x138 || cp == 0x149)
                        return cp;
                if ((cp >= 0x139 && cp <= 0x148) || cp >= 0x179)
                        return cp & 1 ? cp + 1 : cp;
                return cp | 1;
        }
        if (cp >= 0x218 && cp <= 0x21F)
                return cp | 1;
        if (cp >= 0x386 && cp <= 0x3AB) {
                if (cp == 0x386)
                        return 0x3AC;
                if (cp >= 0x388 && cp <= 0x38A)
                        return cp + 37;
                if (cp == 0x38C)
                        return 0x3CC;
                if (cp == 0x38E || cp == 0x38F)
                        return cp + 63;
                return cp >= 0x391 && cp != 0x3A2 ? cp + 32 : cp;
        }
        if (cp >= 0x400 && cp <= 0x40F)
                return cp + 80;
        if (cp >= 0x410 && cp <= 0x42F)
                return cp + 32;
        if ((cp >= 0x460 && cp <= 0x481) || (cp >= 0x48A && cp <= 0x4BF) || (cp >= 0x4D0 && cp <= 0x52F))
                return cp | 1;
        if (cp == 0x1E9E)
                return 0xDF;
        if ((cp >= 0x1E00 && cp <= 0x1E95) || (cp >= 0x1EA0 && cp <= 0x1EFF))
                return cp | 1;
        return cp;
}

/* Letters and digits by stretches, coarse inside rare scripts: it cuts words and counts them, it does not spell. */
static const struct range word_ranges[] = {
        {0x30, 0x39},     {0x41, 0x5A},       {0x61, 0x7A},       {0xAA, 0xAA},       {0xB5, 0xB5},       {0xBA, 0xBA},
        {0xC0, 0xD6},     {0xD8, 0xF6},       {0xF8, 0x2C1},      {0x370, 0x373},     {0x376, 0x377},     {0x37B, 0x37D},
        {0x37F, 0x37F},   {0x386, 0x386},     {0x388, 0x3FF},     {0x400, 0x481},     {0x48A, 0x52F},     {0x531, 0x556},
        {0x561, 0x587},   {0x5D0, 0x5EA},     {0x620, 0x64A},     {0x660, 0x669},     {0x66E, 0x66F},     {0x671, 0x6D3},
        {0x6F0, 0x6FC},   {0x710, 0x7B1},     {0x904, 0x939},     {0x958, 0x961},     {0x966, 0xDFF},     {0xE01, 0xE30},
        {0xE40, 0xE46},   {0xE50, 0xE59},     {0xE81, 0xFFF},     {0x1000, 0x1049},   {0x1050, 0x1FBC},   {0x1FC2, 0x1FCC},
        {0x1FD0, 0x1FDB}, {0x1FE0, 0x1FEC},   {0x1FF2, 0x1FFC},   {0x2C00, 0x2DFF},   {0x3005, 0x3007},   {0x3041, 0x3096},
        {0x30A1, 0x30FA}, {0x30FC, 0x30FF},   {0x3105, 0x318E},   {0x31A0, 0x31FF},   {0x3400, 0x4DBF},   {0x4E00, 0xA4CF},
        {0xA500, 0xA61F}, {0xA640, 0xA66E},   {0xA680, 0xA69D},   {0xA722, 0xA7FF},   {0xAC00, 0xD7FB},   {0xF900, 0xFAFF},
        {0xFB00, 0xFB17}, {0xFB1D, 0xFDFB},   {0xFE70, 0xFEFC},   {0xFF10, 0xFF19},   {0xFF21, 0xFF3A},   {0xFF41, 0xFF5A},
        {0xFF66, 0xFFDC}, {0x10000, 0x1CFFF}, {0x1D400, 0x1D7FF}, {0x1E000, 0x1EFFF}, {0x20000, 0x3FFFF},
};

bool utf8_is_word(uint32_t cp) {
        if (cp < 0x80)
                return (cp >= '0' && cp <= '9') || ((cp | 0x20) >= 'a' && (cp | 0x20) <= 'z');
        return IN_RANGES(cp, word_ranges);
}

/* Base letters of U+00E0..U+00FF and U+0100..U+017F; '*' marks what is written as two letters or stays. */
static const char latin1_base[] = "aaaaaa*ceeeeiiiidnooooo*ouuuuy*y";
static const char latin_a_base[] = "aaaaaacccccccc"
                                   "ddddeeeeeeeeeegggggggg"
                                   "hhhhiiiiiiiiii**jjkkkllllllllllnnnnnnnnnoooooo**"
                                   "rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
_Static_assert(sizeof(latin1_base) == 32 + 1, "one letter for each code point");
_Static_assert(sizeof(latin_a_base) == 128 + 1, "one letter for each code point");

/* Vietnamese, U+1EA0..U+1EFF. */
static const char vietnamese_base[] =
        "aaaaaaaaaaaaaaaaaaaaaaaaeeeeeeeeeeeeeeeeiiiioooooooooooooooooooooooouuuuuuuuuuuuuuyyyyyyyy******";
_Static_assert(sizeof(vietnamese_base) == 96 + 1, "one letter for each code point");

static const struct {
        uint32_t cp;
        const char *as;
} folded_as[] = {
        {0xB4, "'"},   {0xAB, "\""},   {0xBB, "\""},   {0xDF, "ss"},   {0xE6, "ae"},   {0xFE, "th"},   {0x133, "ij"},
        {0x153, "oe"}, {0x219, "s"},   {0x21B, "t"},   {0x2B9, "'"},   {0x2BC, "'"},   {0x2018, "'"},  {0x2019, "'"},
        {0x201A, "'"}, {0x201B, "'"},  {0x201C, "\""}, {0x201D, "\""}, {0x201E, "\""}, {0x201F, "\""}, {0x2026, "..."},
        {0x2032, "'"}, {0x2033, "\""}, {0x2039, "'"},  {0x203A, "'"},  {0x2212, "-"},  {0xFB01, "fi"}, {0xFB02, "fl"},
};

static bool is_blank(uint32_t cp) {
        return cp == '\t' || cp == ' ' || cp == 0xA0 || cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200A) || cp == 0x202F ||
               cp == 0x205F || cp == 0x3000;
}

/* Combining accents (decomposed text, as some file systems and phones write it) and characters without width. */
static bool is_invisible(uint32_t cp) {
        return (cp >= 0x300 && cp <= 0x36F) || is_ignorable(cp);
}

/* The folded form of one character: never longer than the character itself, so a fold always fits n + 1 bytes. */
static size_t fold_one(uint32_t cp, char out[4]) {
        if (is_blank(cp)) {
                out[0] = ' ';
                return 1;
        }
        if (is_invisible(cp))
                return 0;
        if (cp >= 0xFF01 && cp <= 0xFF5E) /* full-width ASCII */
                cp -= 0xFEE0;
        if (cp >= 0x2010 && cp <= 0x2015)
                cp = '-';
        cp = utf8_lower(cp);

        char base = '*';
        if (cp >= 0xE0 && cp <= 0xFF)
                base = latin1_base[cp - 0xE0];
        else if (cp >= 0x100 && cp <= 0x17F)
                base = latin_a_base[cp - 0x100];
        else if (cp >= 0x1EA0 && cp <= 0x1EFF)
                base = vietnamese_base[cp - 0x1EA0];
        if (base != '*') {
                out[0] = base;
                return 1;
        }
        if (cp >= 0x80)
                for (size_t i = 0; i < ELEMENTSOF(folded_as); i++)
                        if (folded_as[i].cp == cp) {
                                size_t len = strlen(folded_as[i].as);
                                memcpy(out, folded_as[i].as, len);
                                return len;
                        }
        return utf8_encode(cp, out);
}

size_t utf8_fold(const char *s, size_t n, char *out, size_t size) {
        size_t used = 0;

        if (size == 0)
                return 0;
        for (size_t i = 0, len; i < n; i += len) {
                uint32_t cp = 0;
                char folded[4];

                /* Most of all text is ASCII. */
                size_t run = utf8_lower_ascii(s + i, MIN(n - i, size - 1 - used), out + used);
                i += run;
                used += run;
                if (i == n || used == size - 1)
                        break;
                len = utf8_decode(s + i, n - i, &cp);
                if (len == 0) {
                        cp = STAND_IN;
                        len = 1;
                }
                size_t k = fold_one(cp, folded);
                if (k > size - 1 - used)
                        break;
                memcpy(out + used, folded, k);
                used += k;
        }
        out[used] = 0;
        return used;
}
