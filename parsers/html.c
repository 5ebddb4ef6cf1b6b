/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/text.h"
#include "parsers/utf8.h"

#include <libxml/HTMLparser.h>
#include <strings.h>

/* libxml2's push parser calls us for each element; a tree is never built (below depth 256 its text would vanish). What
 * an open element changed is remembered by one byte each, so that depth costs a byte and no recursion. */

/* Pieces given to the parser: the size libxml2 was measured with. */
#define HTML_CHUNK 4096U
/* Depth of quotes that is still written out: deeper ones look the same to a reader. */
#define QUOTE_DEPTH_MAX 16U
/* At most one empty line between blocks. */
#define BREAKS_MAX 2U

enum open_flag {
        OPEN_QUOTE = 1 << 0,     /* added a level of quote */
        OPEN_HIDDEN = 1 << 1,    /* hides what it holds */
        OPEN_BLOCK = 1 << 2,     /* ends its line */
        OPEN_PARAGRAPH = 1 << 3, /* and leaves an empty one */
        OPEN_PRE = 1 << 4,       /* keeps its line ends */
        OPEN_CONTAINER = 1 << 5, /* Gmail's quote: ends with the quotation in it, answers may follow inside */
        OPEN_BLOCKQUOTE = 1 << 6,
        OPEN_CITE = 1 << 7, /* Gmail's attribution or forward line: its first words decide */
};

struct html {
        struct buf out;
        struct buf open; /* a byte of enum open_flag for each open element */
        unsigned quotes, hidden, pre;
        unsigned breaks;      /* line ends owed before the next text */
        bool blank;           /* a blank is owed before the next text */
        bool rest_is_quote;   /* everything after Outlook's mark */
        size_t container;     /* position + 1 in `open` of Gmail's quote while it counts as one */
        unsigned blockquotes; /* open inside that container */
        bool cite_starts;
        bool no_memory;
};

static bool one_of(const char *name, const char *const *list, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (strcmp(name, list[i]) == 0)
                        return true;
        return false;
}

static bool has_word(const char *words, const char *word) {
        size_t n = strlen(word);
        for (const char *p = words; (p = strstr(p, word)); p += n)
                if ((p == words || p[-1] == ' ') && (p[n] == 0 || p[n] == ' '))
                        return true;
        return false;
}

static unsigned element_flags(const char *name) {
        static const char *const hidden[] = {"script", "style", "head",   "title",    "noscript", "template",
                                             "object", "svg",   "select", "textarea", "iframe",   "applet"};
        static const char *const paragraphs[] = {"p",  "blockquote", "pre", "ul", "ol", "dl", "table",
                                                 "h1", "h2",         "h3",  "h4", "h5", "h6", "hr"};
        static const char *const blocks[] = {"div",   "li",     "tr",   "dt",     "dd",       "address", "article",
                                             "aside", "body",   "html", "center", "fieldset", "figure",  "footer",
                                             "form",  "header", "main", "nav",    "section",  "caption", "option"};
        if (one_of(name, hidden, ELEMENTSOF(hidden)))
                return OPEN_HIDDEN;
        if (one_of(name, blocks, ELEMENTSOF(blocks)))
                return OPEN_BLOCK;
        if (!one_of(name, paragraphs, ELEMENTSOF(paragraphs)))
                return 0;
        unsigned flags = OPEN_BLOCK | OPEN_PARAGRAPH;
        if (strcmp(name, "pre") == 0)
                flags |= OPEN_PRE;
        if (strcmp(name, "blockquote") == 0)
                flags |= OPEN_QUOTE | OPEN_BLOCKQUOTE;
        return flags;
}

/* "display:none", with blanks and capitals as people write them. */
static bool style_hides(const char *style) {
        static const char *const ways[] = {"display:none", "visibility:hidden", "mso-hide:all", "font-size:0px",
                                           "font-size:0;", "font-size:0pt",     "max-height:0"};
        char tight[256];
        size_t n = 0;
        for (const char *p = style; *p && n < sizeof(tight) - 1; p++)
                if (!strchr(" \t\r\n", *p))
                        tight[n++] = *p >= 'A' && *p <= 'Z' ? (char) (*p + 32) : *p;
        tight[n] = 0;
        for (size_t i = 0; i < ELEMENTSOF(ways); i++)
                if (strstr(tight, ways[i]))
                        return true;
        return false;
}

/* Marks of quotations by attribute. Where a mark holds only the attribution, the quotation after it is a blockquote. */
static const char *const quote_classes[] = {"moz-cite-prefix",
                                            "moz-forward-container",
                                            "protonmail_quote",
                                            "yahoo_quoted",
                                            "zmail_extra",
                                            "tutanota_quote",
                                            "OutlookMessageHeader",
                                            "gmail_attr",
                                            "moz-signature",
                                            "gmail_signature",
                                            "protonmail_signature_block",
                                            "freshdesk_quote",
                                            "missive_quote",
                                            "hs_reply",
                                            "-x-evo-attribution",
                                            "-x-evo-signature-wrapper",
                                            "mail_quote",
                                            "mail_android_quote"};
static const char *const quote_ids[] = {"reply-intro", "OLK_SRC_BODY_SECTION", "isReplyContent", "isForwardContent",
                                        "replySplit",  "forwardbody1",         "quoted_header",  "mail_android_quote"};
/* Everything that follows is the message that is answered. */
static const char *const rest_ids[] = {"divRplyFwdMsg", "appendonsend", "zwchr", "mail-editor-reference-message-container"};

static unsigned attribute_flags(struct html *h, const char *name, const char *value) {
        unsigned flags = 0;

        if (strcmp(name, "hidden") == 0)
                return OPEN_HIDDEN;
        if (strcmp(name, "style") == 0)
                return style_hides(value) ? OPEN_HIDDEN : 0;
        if (strcmp(name, "class") == 0) {
                if (has_word(value, "gmail_quote") || has_word(value, "gmail_quote_container"))
                        flags |= OPEN_CONTAINER;
                if (has_word(value, "gmail_attr"))
                        flags |= OPEN_CITE;
                /* Yahoo puts random letters before its names: "ydp3f1cyahoo_quoted". */
                if (strstr(value, "yahoo_quoted"))
                        return flags | OPEN_QUOTE;
                for (size_t i = 0; i < ELEMENTSOF(quote_classes); i++)
                        if (has_word(value, quote_classes[i]))
                                return flags | OPEN_QUOTE;
                return flags;
        }
        if (strcmp(name, "name") == 0)
                return strcmp(value, "quote") == 0 || strcmp(value, "messageReplySection") == 0 ? OPEN_QUOTE : 0;
        if (strcmp(name, "data-marker") == 0) {
                h->rest_is_quote |= strcmp(value, "__DIVIDER__") == 0;
                return strcmp(value, "__QUOTED_TEXT__") == 0 || strcmp(value, "__HEADERS__") == 0 ? OPEN_QUOTE : 0;
        }
        if (strcmp(name, "id") != 0)
                return 0;
        if (strstr(value, "yahoo_quoted") || one_of(value, quote_ids, ELEMENTSOF(quote_ids)))
                return OPEN_QUOTE;
        h->rest_is_quote |= one_of(value, rest_ids, ELEMENTSOF(rest_ids));
        return 0;
}

static void owe_breaks(struct html *h, unsigned n) {
        h->breaks = MAX(h->breaks, n);
        h->blank = false;
}

static void element_start(void *data, const xmlChar *tag, const xmlChar **attributes) {
        struct html *h = data;
        const char *name = (const char *) tag;
        unsigned flags = element_flags(name);

        if (strcmp(name, "br") == 0) {
                h->breaks = MIN(h->breaks + 1, BREAKS_MAX);
                h->blank = false;
        }
        if (strcmp(name, "td") == 0 || strcmp(name, "th") == 0)
                h->blank = true;
        for (size_t i = 0; attributes && attributes[i]; i += 2) {
                const char *value = attributes[i + 1] ? (const char *) attributes[i + 1] : "";
                flags |= attribute_flags(h, (const char *) attributes[i], value);
        }
        /* Outlook writes every line as a paragraph without margins. */
        if (flags & OPEN_PARAGRAPH && strcmp(name, "p") == 0)
                for (size_t i = 0; attributes && attributes[i]; i += 2)
                        if (attributes[i + 1] && strcmp((const char *) attributes[i], "class") == 0 &&
                            strstr((const char *) attributes[i + 1], "MsoNormal"))
                                flags &= ~(unsigned) OPEN_PARAGRAPH;
        if (flags & OPEN_QUOTE)
                flags |= OPEN_BLOCK;
        /* Inside Gmail's container the attribution and the quotation are one level with it. */
        if (h->container > 0 && (flags & OPEN_CITE || (flags & OPEN_BLOCKQUOTE && h->blockquotes == 0)))
                flags &= ~(unsigned) OPEN_QUOTE;
        if (flags & OPEN_CONTAINER) {
                /* A blockquote of that class is a quotation like any other, and only the outermost container counts. */
                if (flags & (OPEN_QUOTE | OPEN_BLOCKQUOTE) || h->container > 0)
                        flags &= ~(unsigned) OPEN_CONTAINER;
                else {
                        flags |= OPEN_QUOTE | OPEN_BLOCK;
                        h->container = h->open.size + 1;
                        h->blockquotes = 0;
                }
        }
        if (flags & OPEN_BLOCKQUOTE)
                h->blockquotes++;
        if (flags & OPEN_CITE)
                h->cite_starts = true;
        if (flags & OPEN_BLOCK)
                owe_breaks(h, flags & OPEN_PARAGRAPH ? 2 : 1);
        h->quotes += (flags & OPEN_QUOTE) != 0;
        h->hidden += (flags & OPEN_HIDDEN) != 0;
        h->pre += (flags & OPEN_PRE) != 0;
        if (buf_add_char(&h->open, (char) flags) < 0)
                h->no_memory = true;
}

static void element_end(void *data, const xmlChar *tag _unused_) {
        struct html *h = data;

        if (h->open.size == 0)
                return;
        unsigned flags = (unsigned char) h->open.data[--h->open.size];
        if (flags & OPEN_BLOCK)
                owe_breaks(h, flags & OPEN_PARAGRAPH ? 2 : 1);
        h->quotes -= (flags & OPEN_QUOTE) != 0;
        h->hidden -= (flags & OPEN_HIDDEN) != 0;
        h->pre -= (flags & OPEN_PRE) != 0;
        if (h->container == h->open.size + 1)
                h->container = 0;
        if (flags & OPEN_BLOCKQUOTE && h->blockquotes > 0 && --h->blockquotes == 0 && h->container > 0) {
                /* What follows the quotation inside Gmail's container is an answer between two parts of it. */
                size_t at = h->container - 1;
                h->open.data[at] = (char) ((unsigned char) h->open.data[at] & ~(unsigned) OPEN_QUOTE);
                h->quotes--;
                h->container = 0;
        }
}

/* Line ends and blanks that are owed, and the quote marks of a new line. */
static void begin_text(struct html *h) {
        if (h->out.size > 0 && h->breaks == 0) {
                if (h->blank)
                        (void) buf_add_char(&h->out, ' ');
                h->blank = false;
                return;
        }
        unsigned quotes = MIN(MAX(h->quotes, (unsigned) h->rest_is_quote), QUOTE_DEPTH_MAX);
        for (unsigned i = 0; h->out.size > 0 && i < h->breaks; i++)
                (void) buf_add_char(&h->out, '\n');
        for (unsigned i = 0; i < quotes; i++)
                (void) buf_add(&h->out, "> ", 2);
        h->breaks = 0;
        h->blank = false;
}

static size_t blank_length(const char *s, size_t n) {
        if (*s == ' ' || *s == '\t' || *s == '\n' || *s == '\r')
                return 1;
        return n >= 2 && memcmp(s, "\xC2\xA0", 2) == 0 ? 2 : 0;
}

static void characters(void *data, const xmlChar *text, int len) {
        struct html *h = data;
        const char *s = (const char *) text;
        size_t n = len > 0 ? (size_t) len : 0;

        if (h->hidden > 0)
                return;
        for (size_t i = 0; i < n;) {
                size_t blank = blank_length(s + i, n - i);
                if (blank > 0) {
                        if (h->pre > 0 && s[i] == '\n')
                                h->breaks = MIN(h->breaks + 1, BREAKS_MAX), h->blank = false;
                        else
                                h->blank = true;
                        i += blank;
                        continue;
                }
                size_t end = i;
                while (end < n && blank_length(s + end, n - end) == 0)
                        end++;
                if (h->cite_starts) {
                        /* "---------- Forwarded message": in any language, what follows was written by somebody else. */
                        h->rest_is_quote |= end - i >= 5 && memcmp(s + i, "-----", 5) == 0;
                        h->cite_starts = false;
                }
                begin_text(h);
                (void) buf_add(&h->out, s + i, end - i);
                i = end;
        }
}

/* The parser stops where the last open element ends: what stands after a stray "</p>" or after "</html>" would be lost, and
 * gateways add text there. So we open the document ourselves and its ends become line ends. */
static const char prologue[] = "<html><body><div>";

static void keep_open(char *html, size_t size) {
        char *end = html + size;
        for (char *p = html; (p = memchr(p, '<', (size_t) (end - p))); p++)
                if (end - p > 6 && p[1] == '/' && (strncasecmp(p + 2, "html", 4) == 0 || strncasecmp(p + 2, "body", 4) == 0))
                        memcpy(p, "<br   ", 6);
}

static int parse(struct html *h, const char *html, size_t size) {
        htmlSAXHandler sax = {
                .startElement = element_start,
                .endElement = element_end,
                .characters = characters,
                .ignorableWhitespace = characters,
        };
        htmlParserCtxtPtr parser = htmlCreatePushParserCtxt(&sax, h, NULL, 0, NULL, XML_CHAR_ENCODING_UTF8);
        if (!parser)
                return -ENOMEM;
        /* IGNORE_ENC: the text is UTF-8 by now, whatever its <meta> says. */
        (void) htmlCtxtUseOptions(parser, HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET |
                                                  HTML_PARSE_IGNORE_ENC);
        (void) htmlParseChunk(parser, prologue, (int) strlen(prologue), 0);
        for (size_t at = 0; at < size && h->out.error == 0 && !h->no_memory; at += HTML_CHUNK)
                (void) htmlParseChunk(parser, html + at, (int) MIN(size - at, (size_t) HTML_CHUNK), 0);
        (void) htmlParseChunk(parser, NULL, 0, 1);
        bool no_memory = parser->errNo == XML_ERR_NO_MEMORY || h->no_memory || h->out.error == -ENOMEM;
        htmlFreeParserCtxt(parser);
        return no_memory ? -ENOMEM : 0;
}

int html_to_text(const char *html, size_t size, size_t limit, struct arena *arena, char **ret, bool *ret_truncated) {
        _cleanup_free_ char *clean = NULL;
        struct html h = {.out = BUF_LIMITED(limit)};

        clean = malloc(size + 1);
        if (!clean)
                return -ENOMEM;
        memcpy(clean, html, size);
        clean[size] = 0;
        /* libxml2 would guess another charset, and end at a NUL. */
        if (!utf8_clean(html, size))
                size = utf8_clean_in_place(clean, size);
        keep_open(clean, size);
        int r = parse(&h, clean, size);
        char *text = NULL;
        if (r == 0) {
                size_t n = utf8_boundary(h.out.data ? h.out.data : "", h.out.size);
                text = arena_strndup(arena, h.out.data ? h.out.data : "", n);
                if (!text)
                        r = -ENOMEM;
                else
                        (void) utf8_clean_in_place(text, strlen(text)); /* "&#8238;" */
        }
        bool truncated = h.out.error == -E2BIG;
        buf_free(&h.out);
        buf_free(&h.open);
        if (r < 0)
                return r;
        *ret = text;
        *ret_truncated = truncated;
        return 0;
}
