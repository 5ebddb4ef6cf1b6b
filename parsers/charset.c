/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Charsets of mail to UTF-8. One iconv descriptor for each allowed charset is opened up front: iconv loads its
 * converters with dlopen(), which the sandbox of the parse role forbids later, and an iconv_open() for each word of a
 * header would cost more than reading the message. */

#include <iconv.h>
#include <strings.h>

#include "parsers/buf.h"
#include "parsers/text.h"
#include "parsers/utf8.h"

/* Longest label looked at; "unicode-1-1-utf-8" has 17. */
#define LABEL_MAX 40U
/* A multi-byte text with more wrong sequences than one in this many bytes beyond ASCII carries a wrong label. */
#define WRONG_SHARE 4U
/* Bytes whose looks tell the byte order. */
#define LOOKS_MAX 512U

enum charset {
        CHARSET_UNKNOWN, /* us-ascii too: with 8-bit bytes in it the label is wrong */
        CHARSET_UTF_8,
        CHARSET_WINDOWS_1252, /* by our own table: every byte means something, and the most frequent is the fastest */
        CHARSET_ICONV,        /* first of those that go through iconv */
        CHARSET_ISO_8859_2 = CHARSET_ICONV,
        CHARSET_ISO_8859_3,
        CHARSET_ISO_8859_4,
        CHARSET_ISO_8859_5,
        CHARSET_ISO_8859_6,
        CHARSET_ISO_8859_7,
        CHARSET_ISO_8859_8,
        CHARSET_ISO_8859_10,
        CHARSET_ISO_8859_13,
        CHARSET_ISO_8859_14,
        CHARSET_ISO_8859_15,
        CHARSET_ISO_8859_16,
        CHARSET_WINDOWS_874,
        CHARSET_WINDOWS_1250,
        CHARSET_WINDOWS_1251,
        CHARSET_WINDOWS_1253,
        CHARSET_WINDOWS_1254,
        CHARSET_WINDOWS_1255,
        CHARSET_WINDOWS_1256,
        CHARSET_WINDOWS_1257,
        CHARSET_WINDOWS_1258,
        CHARSET_KOI8_R,
        CHARSET_KOI8_U,
        CHARSET_GB18030,
        CHARSET_BIG5,
        CHARSET_EUC_KR,
        CHARSET_EUC_JP,
        CHARSET_ISO_2022_JP,
        CHARSET_ISO_2022_KR,
        CHARSET_SHIFT_JIS,
        CHARSET_UTF_16LE,
        CHARSET_UTF_16BE,
        CHARSET_UTF_32LE,
        CHARSET_UTF_32BE,
        CHARSET_UTF_7,
        CHARSET_MACINTOSH,
        CHARSET_CP437,
        CHARSET_CP850,
        CHARSET_CP852,
        CHARSET_CP858,
        CHARSET_CP866,
        _CHARSET_MAX,
};

/* What iconv calls them. Supersets stand for the smaller sets: writers label by the smaller name. */
static const char *const iconv_names[_CHARSET_MAX] = {
        [CHARSET_ISO_8859_2] = "ISO-8859-2",
        [CHARSET_ISO_8859_3] = "ISO-8859-3",
        [CHARSET_ISO_8859_4] = "ISO-8859-4",
        [CHARSET_ISO_8859_5] = "ISO-8859-5",
        [CHARSET_ISO_8859_6] = "ISO-8859-6",
        [CHARSET_ISO_8859_7] = "ISO-8859-7",
        [CHARSET_ISO_8859_8] = "ISO-8859-8",
        [CHARSET_ISO_8859_10] = "ISO-8859-10",
        [CHARSET_ISO_8859_13] = "ISO-8859-13",
        [CHARSET_ISO_8859_14] = "ISO-8859-14",
        [CHARSET_ISO_8859_15] = "ISO-8859-15",
        [CHARSET_ISO_8859_16] = "ISO-8859-16",
        [CHARSET_WINDOWS_874] = "CP874",
        [CHARSET_WINDOWS_1250] = "CP1250",
        [CHARSET_WINDOWS_1251] = "CP1251",
        [CHARSET_WINDOWS_1253] = "CP1253",
        [CHARSET_WINDOWS_1254] = "CP1254",
        [CHARSET_WINDOWS_1255] = "CP1255",
        [CHARSET_WINDOWS_1256] = "CP1256",
        [CHARSET_WINDOWS_1257] = "CP1257",
        [CHARSET_WINDOWS_1258] = "CP1258",
        [CHARSET_KOI8_R] = "KOI8-R",
        [CHARSET_KOI8_U] = "KOI8-U",
        [CHARSET_GB18030] = "GB18030",
        [CHARSET_BIG5] = "BIG5-HKSCS",
        [CHARSET_EUC_KR] = "CP949",
        [CHARSET_EUC_JP] = "EUC-JP-MS",
        [CHARSET_ISO_2022_JP] = "ISO-2022-JP-2",
        [CHARSET_ISO_2022_KR] = "ISO-2022-KR",
        [CHARSET_SHIFT_JIS] = "CP932",
        [CHARSET_UTF_16LE] = "UTF-16LE",
        [CHARSET_UTF_16BE] = "UTF-16BE",
        [CHARSET_UTF_32LE] = "UTF-32LE",
        [CHARSET_UTF_32BE] = "UTF-32BE",
        [CHARSET_UTF_7] = "UTF-7",
        [CHARSET_MACINTOSH] = "MACINTOSH",
        [CHARSET_CP437] = "CP437",
        [CHARSET_CP850] = "CP850",
        [CHARSET_CP852] = "CP852",
        [CHARSET_CP858] = "CP858",
        [CHARSET_CP866] = "CP866",
};

/* Labels as mail writes them, in lower case, without '-', '_', ':', '.' and blanks. iso-8859-1 means windows-1252 and
 * iso-8859-9 windows-1254: programs write the quotes and dashes of the latter under the name of the former. */
static const struct label {
        const char *name;
        enum charset charset;
} labels[] = {
        {"utf8", CHARSET_UTF_8},
        {"unicode11utf8", CHARSET_UTF_8},
        {"utf8mb4", CHARSET_UTF_8},
        {"cp65001", CHARSET_UTF_8},
        {"iso88591", CHARSET_WINDOWS_1252},
        {"iso885911987", CHARSET_WINDOWS_1252},
        {"latin1", CHARSET_WINDOWS_1252},
        {"l1", CHARSET_WINDOWS_1252},
        {"ibm819", CHARSET_WINDOWS_1252},
        {"windows1252", CHARSET_WINDOWS_1252},
        {"cp1252", CHARSET_WINDOWS_1252},
        {"xcp1252", CHARSET_WINDOWS_1252},
        {"ansi", CHARSET_WINDOWS_1252},
        {"iso88592", CHARSET_ISO_8859_2},
        {"latin2", CHARSET_ISO_8859_2},
        {"iso88593", CHARSET_ISO_8859_3},
        {"latin3", CHARSET_ISO_8859_3},
        {"iso88594", CHARSET_ISO_8859_4},
        {"latin4", CHARSET_ISO_8859_4},
        {"iso88595", CHARSET_ISO_8859_5},
        {"iso88596", CHARSET_ISO_8859_6},
        {"iso88597", CHARSET_ISO_8859_7},
        {"iso88598", CHARSET_ISO_8859_8},
        {"iso88598i", CHARSET_ISO_8859_8},
        {"iso88598e", CHARSET_ISO_8859_8},
        {"iso88599", CHARSET_WINDOWS_1254},
        {"latin5", CHARSET_WINDOWS_1254},
        {"iso885910", CHARSET_ISO_8859_10},
        {"latin6", CHARSET_ISO_8859_10},
        {"iso885911", CHARSET_WINDOWS_874},
        {"tis620", CHARSET_WINDOWS_874},
        {"windows874", CHARSET_WINDOWS_874},
        {"cp874", CHARSET_WINDOWS_874},
        {"iso885913", CHARSET_ISO_8859_13},
        {"iso885914", CHARSET_ISO_8859_14},
        {"iso885915", CHARSET_ISO_8859_15},
        {"latin9", CHARSET_ISO_8859_15},
        {"latin0", CHARSET_ISO_8859_15},
        {"iso885916", CHARSET_ISO_8859_16},
        {"latin10", CHARSET_ISO_8859_16},
        {"windows1250", CHARSET_WINDOWS_1250},
        {"cp1250", CHARSET_WINDOWS_1250},
        {"windows1251", CHARSET_WINDOWS_1251},
        {"cp1251", CHARSET_WINDOWS_1251},
        {"win1251", CHARSET_WINDOWS_1251},
        {"windows1253", CHARSET_WINDOWS_1253},
        {"cp1253", CHARSET_WINDOWS_1253},
        {"windows1254", CHARSET_WINDOWS_1254},
        {"cp1254", CHARSET_WINDOWS_1254},
        {"windows1255", CHARSET_WINDOWS_1255},
        {"cp1255", CHARSET_WINDOWS_1255},
        {"windows1256", CHARSET_WINDOWS_1256},
        {"cp1256", CHARSET_WINDOWS_1256},
        {"windows1257", CHARSET_WINDOWS_1257},
        {"cp1257", CHARSET_WINDOWS_1257},
        {"windows1258", CHARSET_WINDOWS_1258},
        {"cp1258", CHARSET_WINDOWS_1258},
        {"koi8r", CHARSET_KOI8_R},
        {"koi8", CHARSET_KOI8_R},
        {"koi8u", CHARSET_KOI8_U},
        {"koi8ru", CHARSET_KOI8_U},
        {"gb2312", CHARSET_GB18030},
        {"gb231280", CHARSET_GB18030},
        {"euccn", CHARSET_GB18030},
        {"xgbk", CHARSET_GB18030},
        {"gbk", CHARSET_GB18030},
        {"cp936", CHARSET_GB18030},
        {"ms936", CHARSET_GB18030},
        {"gb18030", CHARSET_GB18030},
        {"big5", CHARSET_BIG5},
        {"big5hkscs", CHARSET_BIG5},
        {"xxbig5", CHARSET_BIG5},
        {"cp950", CHARSET_BIG5},
        {"euckr", CHARSET_EUC_KR},
        {"ksc5601", CHARSET_EUC_KR},
        {"ksc56011987", CHARSET_EUC_KR},
        {"cp949", CHARSET_EUC_KR},
        {"uhc", CHARSET_EUC_KR},
        {"windows949", CHARSET_EUC_KR},
        {"eucjp", CHARSET_EUC_JP},
        {"xeucjp", CHARSET_EUC_JP},
        {"iso2022jp", CHARSET_ISO_2022_JP},
        {"iso2022jp1", CHARSET_ISO_2022_JP},
        {"iso2022jp2", CHARSET_ISO_2022_JP},
        {"csiso2022jp", CHARSET_ISO_2022_JP},
        {"cp50220", CHARSET_ISO_2022_JP},
        {"iso2022kr", CHARSET_ISO_2022_KR},
        {"shiftjis", CHARSET_SHIFT_JIS},
        {"sjis", CHARSET_SHIFT_JIS},
        {"xsjis", CHARSET_SHIFT_JIS},
        {"mskanji", CHARSET_SHIFT_JIS},
        {"windows31j", CHARSET_SHIFT_JIS},
        {"cp932", CHARSET_SHIFT_JIS},
        {"utf16", CHARSET_UTF_16BE},
        {"utf16le", CHARSET_UTF_16LE},
        {"utf16be", CHARSET_UTF_16BE},
        {"ucs2", CHARSET_UTF_16BE},
        {"iso10646ucs2", CHARSET_UTF_16BE},
        {"unicode", CHARSET_UTF_16LE},
        {"utf32", CHARSET_UTF_32BE},
        {"utf32le", CHARSET_UTF_32LE},
        {"utf32be", CHARSET_UTF_32BE},
        {"utf7", CHARSET_UTF_7},
        {"unicode11utf7", CHARSET_UTF_7},
        {"xunicode20utf7", CHARSET_UTF_7},
        {"macintosh", CHARSET_MACINTOSH},
        {"macroman", CHARSET_MACINTOSH},
        {"mac", CHARSET_MACINTOSH},
        {"xmacroman", CHARSET_MACINTOSH},
        {"cp437", CHARSET_CP437},
        {"ibm437", CHARSET_CP437},
        {"cp850", CHARSET_CP850},
        {"ibm850", CHARSET_CP850},
        {"cp852", CHARSET_CP852},
        {"ibm852", CHARSET_CP852},
        {"cp858", CHARSET_CP858},
        {"ibm00858", CHARSET_CP858},
        {"cp866", CHARSET_CP866},
        {"ibm866", CHARSET_CP866},
};

/* windows-1252 from 0x80 to 0x9F; 0 where nothing is defined. Everything else is its own code point. */
static const uint16_t windows_1252[32] = {
        0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
        0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
        0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178,
};

struct charset_set {
        iconv_t descriptors[_CHARSET_MAX]; /* owned; (iconv_t) -1 where the system lacks the charset */
};

int charset_open(struct charset_set **ret) {
        struct charset_set *set = calloc(1, sizeof(*set));
        if (!set)
                return -ENOMEM;
        for (size_t i = 0; i < _CHARSET_MAX; i++)
                set->descriptors[i] = iconv_names[i] ? iconv_open("UTF-8", iconv_names[i]) : (iconv_t) -1;
        *ret = set;
        return 0;
}

struct charset_set *charset_close(struct charset_set *set) {
        if (!set)
                return NULL;
        for (size_t i = 0; i < _CHARSET_MAX; i++)
                if (set->descriptors[i] != (iconv_t) -1)
                        (void) iconv_close(set->descriptors[i]);
        free(set);
        return NULL;
}

static enum charset charset_find(const char *label) {
        char key[LABEL_MAX + 1];
        size_t n = 0;
        if (!label)
                return CHARSET_UNKNOWN;
        for (; *label; label++) {
                if (strchr("-_:. \t\"'", *label))
                        continue;
                if (n == LABEL_MAX)
                        return CHARSET_UNKNOWN;
                key[n++] = *label >= 'A' && *label <= 'Z' ? (char) (*label + 32) : *label;
        }
        key[n] = 0;
        for (size_t i = 0; i < ELEMENTSOF(labels); i++)
                if (key[0] == labels[i].name[0] && str_eq(key, labels[i].name))
                        return labels[i].charset;
        return CHARSET_UNKNOWN;
}

/* A text labelled UTF-8 that is not: damaged UTF-8 keeps what can be read, a wrong label is not believed. */
static bool mostly_utf8(const char *s, size_t n) {
        size_t good = 0, bad = 0;
        for (size_t i = 0; i < n;) {
                size_t length = utf8_decode(s + i, n - i, NULL);
                if (length > 1)
                        good++;
                else if (length == 0)
                        bad++;
                i += MAX(length, (size_t) 1);
        }
        return good > bad;
}

/* What utf8_clean_in_place() does, for the many texts that are ASCII: hardly more than a copy. */
static void clean_ascii(const char *s, size_t n, char *out) {
        for (size_t i = 0; i < n; i++) {
                size_t run = utf8_printable(s + i, n - i);
                memcpy(out, s + i, run);
                i += run;
                out += run;
                if (i == n)
                        break;
                if (s[i] == '\n' || s[i] == '\t')
                        *out++ = s[i];
                else if (s[i] == '\r' && (i + 1 == n || s[i + 1] != '\n'))
                        *out++ = '\n';
        }
        *out = 0;
}

static int decode_ascii(const char *s, size_t n, size_t limit, struct arena *arena, char **ret, bool *ret_truncated) {
        bool cut = n > limit;
        n = MIN(n, limit);
        char *out = arena_alloc(arena, n + 1);
        if (!out)
                return -ENOMEM;
        clean_ascii(s, n, out);
        *ret = out;
        *ret_truncated = cut;
        return 0;
}

/* Copy what is UTF-8 already, and make it clean. */
static int decode_utf8(const char *s, size_t n, size_t limit, struct arena *arena, char **ret, bool *ret_truncated) {
        bool cut = n > limit;
        if (n >= 3 && memcmp(s, "\xEF\xBB\xBF", 3) == 0)
                s += 3, n -= 3;
        if (n > limit)
                n = utf8_boundary(s, limit);
        char *out = arena_alloc(arena, n + 1);
        if (!out)
                return -ENOMEM;
        memcpy(out, s, n);
        utf8_clean_in_place(out, n);
        *ret = out;
        *ret_truncated = cut;
        return 0;
}

static int decode_windows_1252(const char *s, size_t n, size_t limit, struct arena *arena, char **ret, bool *ret_truncated) {
        _cleanup_buf_ struct buf b = BUF_LIMITED(limit);
        for (size_t i = 0; i < n && b.error == 0;) {
                size_t run = i;
                while (run < n && (unsigned char) s[run] < 0x80)
                        run++;
                buf_add(&b, s + i, run - i);
                for (i = run; i < n && (unsigned char) s[i] >= 0x80; i++) {
                        unsigned char c = (unsigned char) s[i];
                        uint32_t cp = c < 0xA0 ? windows_1252[c - 0x80] : c;
                        char out[4] = "?";
                        buf_add(&b, out, cp ? utf8_encode(cp, out) : 1);
                }
        }
        if (b.error == -ENOMEM)
                return -ENOMEM;
        bool cut = b.error == -E2BIG;
        bool ignored;
        int r = decode_utf8(b.size ? b.data : "", cut ? utf8_boundary(b.data, b.size) : b.size, limit, arena, ret, &ignored);
        if (r == 0)
                *ret_truncated = cut;
        return r;
}

static bool is_wide(enum charset c) {
        return c == CHARSET_UTF_16LE || c == CHARSET_UTF_16BE || c == CHARSET_UTF_32LE || c == CHARSET_UTF_32BE;
}

/* Sixteen-bit text under another label or none: a byte order mark, which is no beginning in any other charset, and NUL bytes behind
 * it. Without a mark "utf-16" means what its blanks and line ends show: Windows writes it the other way round. */
static enum charset wide_by_looks(enum charset charset, bool order_told, const char *s, size_t n) {
        static const char marks[2][2] = {{(char) 0xFF, (char) 0xFE}, {(char) 0xFE, (char) 0xFF}};
        if (n < 2 || !memchr(s, 0, MIN(n, (size_t) LOOKS_MAX)))
                return charset;
        bool wide = is_wide(charset);
        for (size_t i = 0; i < ELEMENTSOF(marks); i++)
                if (memcmp(s, marks[i], 2) == 0)
                        return wide ? charset : i == 0 ? CHARSET_UTF_16LE : CHARSET_UTF_16BE;
        if (charset != CHARSET_UTF_16BE || order_told)
                return charset;
        size_t zeros[2] = {0};
        for (size_t i = 0; i < MIN(n, (size_t) LOOKS_MAX); i++)
                zeros[i % 2] += s[i] == 0;
        return zeros[1] > zeros[0] ? CHARSET_UTF_16LE : charset;
}

/* The text without its byte order mark; a mark decides between the two byte orders whatever the label says. */
static enum charset byte_order(enum charset charset, const char **s, size_t *n) {
        bool wide = charset == CHARSET_UTF_32LE || charset == CHARSET_UTF_32BE;
        bool sixteen = charset == CHARSET_UTF_16LE || charset == CHARSET_UTF_16BE;
        if (wide && *n >= 4 && memcmp(*s, "\xFF\xFE\0\0", 4) == 0)
                charset = CHARSET_UTF_32LE;
        else if (wide && *n >= 4 && memcmp(*s, "\0\0\xFE\xFF", 4) == 0)
                charset = CHARSET_UTF_32BE;
        else if (sixteen && *n >= 2 && memcmp(*s, "\xFF\xFE", 2) == 0)
                charset = CHARSET_UTF_16LE;
        else if (sixteen && *n >= 2 && memcmp(*s, "\xFE\xFF", 2) == 0)
                charset = CHARSET_UTF_16BE;
        else
                return charset;
        *s += wide ? 4 : 2;
        *n -= wide ? 4 : 2;
        return charset;
}

/* Wrong units (1, 2 or 4 bytes) become '?', one each. *ret_wrong counts them. */
static int convert(iconv_t cd, const char *s, size_t n, size_t unit, struct buf *out, size_t *ret_wrong) {
        char chunk[4096];
        char *in = (char *) s; /* iconv() does not write there; its prototype is older than const */
        size_t wrong = 0;

        (void) iconv(cd, NULL, NULL, NULL, NULL);
        while (n > 0 && out->error == 0) {
                char *to = chunk;
                size_t room = sizeof(chunk);
                size_t r = iconv(cd, &in, &n, &to, &room);
                int error = r == (size_t) -1 ? errno : 0;
                buf_add(out, chunk, sizeof(chunk) - room);
                if (error == E2BIG)
                        continue;
                if (error == 0)
                        break;
                wrong++; /* a character cut off at the end (EINVAL) too */
                buf_add_char(out, '?');
                if (error == EINVAL)
                        break;
                size_t skip = MIN(unit, n);
                in += skip, n -= skip;
        }
        if (out->error == 0) { /* what a stateful charset still held back */
                char *to = chunk;
                size_t room = sizeof(chunk);
                (void) iconv(cd, NULL, NULL, &to, &room);
                buf_add(out, chunk, sizeof(chunk) - room);
        }
        *ret_wrong = wrong;
        return out->error == -ENOMEM ? -ENOMEM : 0;
}

static size_t bytes_beyond_ascii(const char *s, size_t n) {
        size_t beyond = 0;
        for (size_t i = 0; i < n; i++)
                beyond += (unsigned char) s[i] >= 0x80;
        return beyond;
}

/* Charsets that write text in ASCII bytes: pure ASCII is not yet plain text. */
static bool is_escaped(enum charset c) {
        return c == CHARSET_ISO_2022_JP || c == CHARSET_ISO_2022_KR || c == CHARSET_UTF_7;
}

int charset_decode(const struct charset_set *set, const char *label, const char *s, size_t n, size_t limit,
                   struct arena *arena, char **ret, bool *ret_truncated) {
        enum charset charset = charset_find(label);
        charset = wide_by_looks(charset, label && str_ends_with(label, "be"), s, n);
        if (is_wide(charset) && !memchr(s, 0, n)) /* no text in these has no NUL byte: blanks and line ends hold one */
                charset = CHARSET_UNKNOWN;
        if (!is_wide(charset) && !is_escaped(charset)) {
                if (utf8_is_ascii(s, n))
                        return decode_ascii(s, n, limit, arena, ret, ret_truncated);
                /* Latin letters in an order that happens to be UTF-8 do not occur in words. */
                bool latin =
                        charset <= CHARSET_WINDOWS_1252 || charset == CHARSET_ISO_8859_15 || charset == CHARSET_MACINTOSH;
                if (latin && (utf8_valid(s, n) || (charset != CHARSET_WINDOWS_1252 && mostly_utf8(s, n))))
                        return decode_utf8(s, n, limit, arena, ret, ret_truncated);
        }
        charset = byte_order(charset, &s, &n);
        if (charset < CHARSET_ICONV || !set || set->descriptors[charset] == (iconv_t) -1) {
                if (charset >= CHARSET_ICONV && utf8_valid(s, n))
                        return decode_utf8(s, n, limit, arena, ret, ret_truncated);
                return decode_windows_1252(s, n, limit, arena, ret, ret_truncated);
        }

        _cleanup_buf_ struct buf b = BUF_LIMITED(limit);
        size_t wrong;
        size_t unit = charset == CHARSET_UTF_32LE || charset == CHARSET_UTF_32BE ? 4 : is_wide(charset) ? 2 : 1;
        int r = convert(set->descriptors[charset], s, n, unit, &b, &wrong);
        if (r < 0)
                return r;
        bool cut = b.error == -E2BIG;
        if (wrong > 0 && !is_wide(charset) && wrong >= bytes_beyond_ascii(s, n) / WRONG_SHARE) {
                if (utf8_valid(s, n) || mostly_utf8(s, n))
                        return decode_utf8(s, n, limit, arena, ret, ret_truncated);
                return decode_windows_1252(s, n, limit, arena, ret, ret_truncated);
        }
        bool ignored;
        r = decode_utf8(b.size ? b.data : "", cut ? utf8_boundary(b.data, b.size) : b.size, limit, arena, ret, &ignored);
        if (r == 0)
                *ret_truncated = cut;
        return r;
}
