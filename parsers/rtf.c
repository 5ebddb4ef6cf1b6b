/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/rtf.h"

#include <stdio.h>

#include "parsers/text.h"
#include "parsers/utf8.h"

/* --- compression: [MS-OXRTFCP] section 2 --- */

#define WINDOW_SIZE 4096U
#define COMPRESSED_HEADER 16U
#define COMPRESSED 0x75465A4CU   /* "LZFu" */
#define UNCOMPRESSED 0x414C454DU /* "MELA" */

/* What the window holds before the first byte, section 2.1.2.1: words that every rich text begins with. */
static const char window_start[] = "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern "
                                   "\\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0"
                                   "\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

static uint32_t u32(const uint8_t *p) {
        return (uint32_t) p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16 | (uint32_t) p[3] << 24;
}

static int expand(const uint8_t *p, const uint8_t *end, struct buf *out) {
        uint8_t window[WINDOW_SIZE] = {0};
        size_t at = sizeof(window_start) - 1;

        memcpy(window, window_start, at);
        while (p < end && out->error == 0) {
                unsigned control = *p++;
                for (unsigned bit = 0; bit < 8 && p < end; bit++, control >>= 1) {
                        if (!(control & 1)) {
                                (void) buf_add_char(out, (char) *p);
                                window[at++ % WINDOW_SIZE] = *p++;
                                continue;
                        }
                        if (end - p < 2)
                                return 0;
                        size_t offset = (size_t) p[0] << 4 | p[1] >> 4, length = (p[1] & 15U) + 2U;
                        p += 2;
                        if (offset == at % WINDOW_SIZE) /* how the end is written */
                                return 0;
                        for (; length > 0; length--, offset++) {
                                uint8_t c = window[offset % WINDOW_SIZE];
                                (void) buf_add_char(out, (char) c);
                                window[at++ % WINDOW_SIZE] = c;
                        }
                }
        }
        return 0;
}

int rtf_decompress(const void *data, size_t size, struct buf *out) {
        const uint8_t *p = data;
        if (size < COMPRESSED_HEADER)
                return -EBADMSG;
        uint32_t form = u32(p + 8);
        if (form == UNCOMPRESSED)
                (void) buf_add(out, p + COMPRESSED_HEADER, MIN(size - COMPRESSED_HEADER, (size_t) u32(p + 4)));
        else if (form == COMPRESSED)
                (void) expand(p + COMPRESSED_HEADER, p + size, out);
        else
                return -EBADMSG;
        return out->error == -ENOMEM ? -ENOMEM : 0;
}

/* --- code pages --- */

void code_page_label(uint32_t code_page, char *ret) {
        static const struct {
                uint32_t page;
                const char *label;
        } names[] = {
                {1200, "utf-16le"},     {1201, "utf-16be"},     {10000, "macintosh"},   {20127, "us-ascii"},
                {20866, "koi8-r"},      {21866, "koi8-u"},      {50220, "iso-2022-jp"}, {50221, "iso-2022-jp"},
                {50222, "iso-2022-jp"}, {50225, "iso-2022-kr"}, {51932, "euc-jp"},      {51936, "gb18030"},
                {51949, "euc-kr"},      {52936, "gb18030"},     {54936, "gb18030"},     {65000, "utf-7"},
                {38598, "iso-8859-8"},  {20932, "euc-jp"},
        };
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (names[i].page == code_page) {
                        (void) snprintf(ret, CODE_PAGE_LABEL_MAX, "%s", names[i].label);
                        return;
                }
        bool iso = code_page > 28590 && code_page < 28606;
        (void) snprintf(ret, CODE_PAGE_LABEL_MAX, iso ? "iso-8859-%" PRIu32 : "cp%" PRIu32,
                        iso ? code_page - 28590 : code_page);
}

/* --- rich text --- */

/* Groups in groups; Outlook's HTML reaches 20. What is deeper is read as if it stood in the last one. */
#define GROUPS_MAX 100U
/* Fonts with a charset of their own. */
#define FONTS_MAX 256U
/* Longest control word; the specification says 32. */
#define CONTROL_MAX 32U

struct group {
        bool skip;     /* a destination that is not text */
        bool fonts;    /* inside the font table */
        bool tag;      /* a piece of the HTML this was made from */
        bool htmlrtf;  /* formatting that stands for such a piece */
        uint8_t after; /* bytes after \u that stand in for it, \uc */
        uint16_t code_page;
};

struct rtf {
        const struct charset_set *charsets;
        struct arena *arena;
        struct group groups[GROUPS_MAX];
        size_t depth, excess; /* groups open; those of them beyond GROUPS_MAX */
        struct {
                int32_t number;
                uint16_t code_page;
        } fonts[FONTS_MAX];
        size_t n_fonts;
        uint16_t code_page; /* of the document, \ansicpg */
        bool html, starred, cut;
        uint32_t high;   /* first half of a surrogate pair */
        size_t stand_in; /* characters still to be left out after \u */
        struct buf run;  /* owned: bytes of one code page */
        uint16_t run_page;
        struct buf out; /* owned */
};

static struct group *top(struct rtf *r) {
        return &r->groups[r->depth];
}

static bool visible(struct rtf *r) {
        const struct group *g = top(r);
        return !g->skip && (g->tag || !g->htmlrtf || !r->html);
}

static int flush(struct rtf *r) {
        char label[CODE_PAGE_LABEL_MAX], *text;
        bool cut = false;
        int e = 0;
        if (r->run.size > 0 && utf8_is_ascii(r->run.data, r->run.size))
                (void) buf_add(&r->out, r->run.data, r->run.size);
        else if (r->run.size > 0) {
                code_page_label(r->run_page, label);
                e = charset_decode(r->charsets, label, r->run.data, r->run.size, r->out.limit, r->arena, &text, &cut);
                if (e == 0)
                        (void) buf_add_str(&r->out, text);
                r->cut |= cut;
        }
        buf_reset(&r->run);
        if (e == 0 && r->out.error == -ENOMEM)
                e = -ENOMEM;
        return e;
}

static int put_byte(struct rtf *r, char c) {
        if (!visible(r))
                return 0;
        if (r->run_page != top(r)->code_page && r->run.size > 0) {
                int e = flush(r);
                if (e < 0)
                        return e;
        }
        r->run_page = top(r)->code_page;
        return buf_add_char(&r->run, c) == -ENOMEM ? -ENOMEM : 0;
}

static int put_code_point(struct rtf *r, uint32_t cp) {
        char utf8[4];
        if (!visible(r))
                return 0;
        int e = flush(r);
        size_t n = utf8_encode(cp, utf8);
        if (e == 0 && n > 0 && buf_add(&r->out, utf8, n) == -ENOMEM)
                e = -ENOMEM;
        return e;
}

/* \uN: signed 16 bits, characters beyond them as two halves. */
static int put_unicode(struct rtf *r, int32_t value) {
        uint32_t unit = (uint32_t) value & 0xFFFF;
        r->stand_in = top(r)->after;
        if (unit >= 0xD800 && unit < 0xDC00) {
                r->high = unit;
                return 0;
        }
        if (unit >= 0xDC00 && unit < 0xE000) {
                if (r->high != 0)
                        unit = 0x10000 + ((r->high - 0xD800) << 10) + (unit - 0xDC00);
                r->high = 0;
        }
        return put_code_point(r, unit);
}

static uint16_t page_of_charset(int32_t charset) {
        static const struct {
                uint8_t charset;
                uint16_t page;
        } table[] = {
                {0, 1252},   {77, 10000}, {128, 932},  {129, 949},  {134, 936},  {136, 950}, {161, 1253}, {162, 1254},
                {163, 1258}, {177, 1255}, {178, 1256}, {186, 1257}, {204, 1251}, {222, 874}, {238, 1250}, {254, 437},
        };
        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                if (table[i].charset == charset)
                        return table[i].page;
        return 0;
}

static void set_font(struct rtf *r, int32_t number) {
        if (top(r)->fonts) {
                if (r->n_fonts < FONTS_MAX) {
                        r->fonts[r->n_fonts].number = number;
                        r->fonts[r->n_fonts++].code_page = r->code_page;
                }
                return;
        }
        top(r)->code_page = r->code_page;
        for (size_t i = 0; i < r->n_fonts; i++)
                if (r->fonts[i].number == number) {
                        top(r)->code_page = r->fonts[i].code_page;
                        return;
                }
}

enum control {
        CONTROL_SKIP, /* begins a destination that is not text */
        CONTROL_CHARACTER,
        CONTROL_FONTS,
        CONTROL_FONT,
        CONTROL_FONT_CHARSET,
        CONTROL_CODE_PAGE,
        CONTROL_UNICODE,
        CONTROL_AFTER,
        CONTROL_PLAIN,
        CONTROL_HTML,
        CONTROL_HTML_TAG,
        CONTROL_HTML_RTF,
        CONTROL_BINARY,
};

static const struct {
        const char *name;
        enum control control;
        uint32_t code_point;
} controls[] = {
        {"par", CONTROL_CHARACTER, '\n'},
        {"htmlrtf", CONTROL_HTML_RTF, 0},
        {"htmltag", CONTROL_HTML_TAG, 0},
        {"f", CONTROL_FONT, 0},
        {"u", CONTROL_UNICODE, 0},
        {"uc", CONTROL_AFTER, 0},
        {"line", CONTROL_CHARACTER, '\n'},
        {"tab", CONTROL_CHARACTER, '\t'},
        {"row", CONTROL_CHARACTER, '\n'},
        {"cell", CONTROL_CHARACTER, '\t'},
        {"sect", CONTROL_CHARACTER, '\n'},
        {"page", CONTROL_CHARACTER, '\n'},
        {"plain", CONTROL_PLAIN, 0},
        {"lquote", CONTROL_CHARACTER, 0x2018},
        {"rquote", CONTROL_CHARACTER, 0x2019},
        {"ldblquote", CONTROL_CHARACTER, 0x201C},
        {"rdblquote", CONTROL_CHARACTER, 0x201D},
        {"emdash", CONTROL_CHARACTER, 0x2014},
        {"endash", CONTROL_CHARACTER, 0x2013},
        {"bullet", CONTROL_CHARACTER, 0x2022},
        {"emspace", CONTROL_CHARACTER, ' '},
        {"enspace", CONTROL_CHARACTER, ' '},
        {"fonttbl", CONTROL_FONTS, 0},
        {"fcharset", CONTROL_FONT_CHARSET, 0},
        {"ansicpg", CONTROL_CODE_PAGE, 0},
        {"fromhtml", CONTROL_HTML, 0},
        {"bin", CONTROL_BINARY, 0},
        {"colortbl", CONTROL_SKIP, 0},
        {"stylesheet", CONTROL_SKIP, 0},
        {"info", CONTROL_SKIP, 0},
        {"pict", CONTROL_SKIP, 0},
        {"object", CONTROL_SKIP, 0},
        {"fldinst", CONTROL_SKIP, 0},
        {"header", CONTROL_SKIP, 0},
        {"headerl", CONTROL_SKIP, 0},
        {"headerr", CONTROL_SKIP, 0},
        {"headerf", CONTROL_SKIP, 0},
        {"footer", CONTROL_SKIP, 0},
        {"footerl", CONTROL_SKIP, 0},
        {"footerr", CONTROL_SKIP, 0},
        {"footerf", CONTROL_SKIP, 0},
        {"listtable", CONTROL_SKIP, 0},
        {"listoverridetable", CONTROL_SKIP, 0},
        {"revtbl", CONTROL_SKIP, 0},
        {"xe", CONTROL_SKIP, 0},
        {"tc", CONTROL_SKIP, 0},
};

static int apply(struct rtf *r, size_t which, bool has_value, int32_t value) {
        struct group *g = top(r);
        switch (controls[which].control) {
        case CONTROL_SKIP:
                g->skip = true;
                return 0;
        case CONTROL_CHARACTER:
                if (controls[which].code_point < 0x80)
                        return put_byte(r, (char) controls[which].code_point);
                return put_code_point(r, controls[which].code_point);
        case CONTROL_FONTS:
                g->fonts = g->skip = true;
                return 0;
        case CONTROL_FONT:
                set_font(r, value);
                return 0;
        case CONTROL_FONT_CHARSET:
                if (g->fonts && r->n_fonts > 0 && page_of_charset(value) != 0)
                        r->fonts[r->n_fonts - 1].code_page = page_of_charset(value);
                return 0;
        case CONTROL_CODE_PAGE:
                if (value > 0 && value <= UINT16_MAX)
                        r->code_page = g->code_page = (uint16_t) value;
                return 0;
        case CONTROL_UNICODE:
                return has_value ? put_unicode(r, value) : 0;
        case CONTROL_AFTER:
                g->after = (uint8_t) MIN(MAX(value, 0), UINT8_MAX);
                return 0;
        case CONTROL_PLAIN:
                g->code_page = r->code_page;
                return 0;
        case CONTROL_HTML:
                r->html = true;
                return 0;
        case CONTROL_HTML_TAG:
                g->tag = true;
                return 0;
        case CONTROL_HTML_RTF:
                g->htmlrtf = !has_value || value != 0;
                return 0;
        case CONTROL_BINARY:
                return 0;
        }
        return 0;
}

/* A control word at *p, which stands after the backslash. */
static int read_word(struct rtf *r, const char **p, const char *end) {
        char name[CONTROL_MAX + 1];
        size_t n = 0;
        int32_t value = 0;
        bool negative = false, has_value = false;

        for (; *p < end && ((**p | 32) >= 'a' && (**p | 32) <= 'z'); (*p)++)
                if (n < CONTROL_MAX)
                        name[n++] = **p;
        name[n] = 0;
        if (end - *p >= 2 && **p == '-' && (*p)[1] >= '0' && (*p)[1] <= '9') {
                negative = true;
                (*p)++;
        }
        for (; *p < end && **p >= '0' && **p <= '9'; (*p)++) {
                has_value = true;
                if (value < 100000000)
                        value = value * 10 + (**p - '0');
        }
        if (*p < end && **p == ' ')
                (*p)++;
        value = negative ? -value : value;
        bool starred = r->starred;
        r->starred = false;
        if (r->stand_in > 0 && (*name != 'u' || name[1])) {
                r->stand_in--;
                return 0;
        }
        for (size_t i = 0; i < ELEMENTSOF(controls); i++) {
                if (*name != *controls[i].name || !str_eq(name, controls[i].name))
                        continue;
                if (controls[i].control == CONTROL_BINARY && value > 0)
                        *p += MIN((size_t) value, (size_t) (end - *p));
                if (starred && controls[i].control != CONTROL_HTML_TAG)
                        break;
                return apply(r, i, has_value, value);
        }
        if (starred)
                top(r)->skip = true;
        return 0;
}

static int hex(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        c |= 32;
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int put_character(struct rtf *r, char c) {
        if (r->stand_in > 0) {
                r->stand_in--;
                return 0;
        }
        return put_byte(r, c);
}

/* A control symbol: one sign after the backslash. */
static int read_symbol(struct rtf *r, const char **p, const char *end) {
        char c = *(*p)++;
        switch (c) {
        case '*':
                r->starred = true;
                return 0;
        case '\'':
                if (end - *p < 2 || hex(**p) < 0 || hex((*p)[1]) < 0)
                        return 0;
                *p += 2;
                return put_character(r, (char) (hex((*p)[-2]) << 4 | hex((*p)[-1])));
        case '~':
                return put_character(r, ' ');
        case '_':
                return put_character(r, '-');
        case '\r':
        case '\n':
                return put_character(r, '\n');
        case '\\':
        case '{':
        case '}':
                return put_character(r, c);
        default: /* an optional hyphen, an index entry */
                return 0;
        }
}

static void open_group(struct rtf *r) {
        r->stand_in = 0;
        if (r->depth + 1 == GROUPS_MAX) {
                r->excess++;
                return;
        }
        r->groups[r->depth + 1] = r->groups[r->depth];
        r->depth++;
        top(r)->tag = false;
}

static void close_group(struct rtf *r) {
        r->stand_in = 0;
        if (r->excess > 0)
                r->excess--;
        else if (r->depth > 0)
                r->depth--;
}

static int read_all(struct rtf *r, const char *p, const char *end) {
        while (p < end && r->out.error == 0) {
                char c = *p++;
                int e = 0;
                if (c == '{')
                        open_group(r);
                else if (c == '}')
                        close_group(r);
                else if (c == '\\' && p < end)
                        e = (*p | 32) >= 'a' && (*p | 32) <= 'z' ? read_word(r, &p, end) : read_symbol(r, &p, end);
                else if (c != '\r' && c != '\n' && c != 0)
                        e = put_character(r, c);
                if (e < 0)
                        return e;
        }
        return flush(r);
}

int rtf_read(const struct charset_set *charsets, const char *rtf, size_t size, size_t limit, struct arena *arena, char **ret,
             bool *ret_html, bool *ret_truncated) {
        static const char start[] = "{\\rtf";
        if (size < sizeof(start) - 1 || memcmp(rtf, start, sizeof(start) - 1) != 0)
                return -EBADMSG;
        _cleanup_free_ struct rtf *r = calloc(1, sizeof(*r));
        if (!r)
                return -ENOMEM;
        r->charsets = charsets;
        r->arena = arena;
        r->code_page = r->run_page = 1252;
        r->groups[0] = (struct group){.after = 1, .code_page = 1252};
        r->out = BUF_LIMITED(limit);
        int e = read_all(r, rtf, rtf + size);
        if (e == 0) {
                const char *text = r->out.data ? r->out.data : "";
                char *copy = arena_strndup(arena, text, utf8_boundary(text, r->out.size));
                if (!copy)
                        e = -ENOMEM;
                else {
                        (void) utf8_clean_in_place(copy, strlen(copy));
                        *ret = copy;
                        *ret_html = r->html;
                        *ret_truncated |= r->cut || r->out.error == -E2BIG;
                }
        }
        buf_free(&r->run);
        buf_free(&r->out);
        return e;
}
