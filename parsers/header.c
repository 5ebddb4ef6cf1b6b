/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/header.h"

#include <strings.h>

#include "parsers/buf.h"
#include "parsers/limits.h"
#include "parsers/text.h"
#include "parsers/transfer.h"
#include "parsers/utf8.h"

/* Longest charset label of an encoded word, with its language ("*fr"). */
#define WORD_LABEL_MAX 60U

static bool is_blank(char c) {
        return c == ' ' || c == '\t';
}

/* One past the line end of the line at p. */
static const char *line_after(const char *p, const char *end) {
        const char *nl = memchr(p, '\n', (size_t) (end - p));
        return nl ? nl + 1 : end;
}

/* Length of an empty line at p, or 0. */
static size_t empty_line(const char *p, const char *end) {
        if (*p == '\n')
                return 1;
        return *p == '\r' && (p + 1 == end || p[1] == '\n') ? MIN((size_t) (end - p), (size_t) 2) : 0;
}

/* The colon that ends a field name at p, blanks before it allowed (obsolete syntax); NULL: no field. */
static const char *name_end(const char *p, const char *end, size_t *ret_size) {
        const char *q = p;
        while (q<end && * q> 32 && *q < 127 && *q != ':')
                q++;
        *ret_size = (size_t) (q - p);
        while (q < end && is_blank(*q))
                q++;
        return *ret_size > 0 && q < end && *q == ':' ? q : NULL;
}

/* Beyond the ceiling nothing is read any more, but the body must still be found. */
static void skip_section(struct header_cursor *c) {
        c->truncated = true;
        while (c->p < c->end) {
                size_t empty = empty_line(c->p, c->end);
                if (empty > 0) {
                        c->p += empty;
                        return;
                }
                c->p = line_after(c->p, c->end);
        }
}

bool header_next(struct header_cursor *c, struct field *ret) {
        while (c->p < c->end) {
                if ((size_t) (c->p - c->start) > HEADER_SECTION_MAX) {
                        skip_section(c);
                        return false;
                }
                size_t empty = empty_line(c->p, c->end);
                if (empty > 0) {
                        c->p += empty;
                        return false;
                }
                /* A delimiter ends the header where the empty line was forgotten; in a message only after a field, and no
                 * field itself. */
                bool dashes = c->end - c->p >= 2 && c->p[0] == '-' && c->p[1] == '-';
                if (c->part && dashes)
                        return false;

                const char *line = c->p;
                size_t name_size;
                const char *colon = name_end(line, c->end, &name_size);
                if (!colon && ((c->part && c->fields == 0 && line == c->start) || (dashes && c->fields > 0)))
                        return false;
                const char *next = line_after(line, c->end);
                while (next < c->end && is_blank(*next))
                        next = line_after(next, c->end);
                c->p = next;
                if (!colon)
                        continue;

                const char *body_end = next;
                while (body_end > colon + 1 && (body_end[-1] == '\n' || body_end[-1] == '\r'))
                        body_end--;
                *ret = (struct field){line, name_size, colon + 1, (size_t) (body_end - colon - 1)};
                c->fields++;
                return true;
        }
        return false;
}

bool field_is(const struct field *f, const char *name) {
        return strlen(name) == f->name_size && strncasecmp(f->name, name, f->name_size) == 0;
}

size_t header_unfold(const struct field *f, char *out, size_t room, bool *ret_truncated) {
        size_t n = 0;
        for (size_t i = 0; i < f->body_size; i++) {
                char c = f->body[i];
                if (c == '\r' || c == '\n' || c == 0 || (n == 0 && is_blank(c)))
                        continue;
                if (n + 1 >= room) {
                        *ret_truncated = true;
                        break;
                }
                out[n++] = c == '\t' ? ' ' : c;
                /* Most of it is copied as it is. */
                size_t run = MIN(utf8_printable(f->body + i + 1, f->body_size - i - 1), room - 1 - n);
                memcpy(out + n, f->body + i + 1, run);
                n += run;
                i += run;
        }
        while (n > 0 && out[n - 1] == ' ')
                n--;
        out[n] = 0;
        return n;
}

struct word {
        char label[WORD_LABEL_MAX + 1];
        char encoding; /* 'b' or 'q' */
        const char *text;
        size_t size;
        const char *after;
};

/* An encoded word at s ("=?charset?B?...?="). *closing remembers that no "?=" is left, or many unclosed words would
 * each be searched to the end. Without a charset ("=??Q?...?=") the bytes tell it. */
static bool word_read(const char *s, const char *end, bool *closing, struct word *ret) {
        const char *p = s + 2;
        size_t n = 0;
        while (p < end && *p != '?' && *p > 32 && *p < 127 && n < WORD_LABEL_MAX)
                ret->label[n++] = *p++;
        ret->label[n] = 0;
        if (end - p < 4 || p[0] != '?' || p[2] != '?' || !strchr("bBqQ", p[1]) || !*closing)
                return false;
        char *language = strchr(ret->label, '*'); /* RFC 2231 section 5 */
        if (language)
                *language = 0;
        ret->encoding = (char) (p[1] | 32);
        ret->text = p + 3;
        const char *close = memmem(ret->text, (size_t) (end - ret->text), "?=", 2);
        if (!close) {
                *closing = false;
                return false;
        }
        ret->size = (size_t) (close - ret->text);
        ret->after = close + 2;
        return true;
}

/* Bytes of one charset wait here, since writers cut characters in two between adjacent words. */
struct decoding {
        const struct charset_set *set;
        struct arena *arena;
        struct buf pending, out;
        struct buf base64; /* a word whose base64 stops between two bytes: its rest may stand in the next word */
        char label[WORD_LABEL_MAX + 1];
        bool cut;
};

static int decode_run(struct decoding *d, const char *label, const char *s, size_t n) {
        char *text;
        bool cut;
        if (n == 0)
                return 0;
        int r = charset_decode(d->set, label, s, n, FIELD_BODY_MAX, d->arena, &text, &cut);
        if (r < 0)
                return r;
        d->cut |= cut;
        return buf_add_str(&d->out, text) == -ENOMEM ? -ENOMEM : 0;
}

static int decode_base64(struct decoding *d, const char *s, size_t n) {
        bool cut;
        _cleanup_free_ char *bytes = malloc(n + 1);
        if (!bytes)
                return -ENOMEM;
        size_t size = base64_decode(s, n, bytes, n, &cut);
        return buf_add(&d->pending, bytes, size) == -ENOMEM ? -ENOMEM : 0;
}

/* The word that waited for its rest, which did not come: it is read as it is. */
static int decode_waiting(struct decoding *d) {
        int r = d->base64.size > 0 ? decode_base64(d, d->base64.data, d->base64.size) : 0;
        buf_reset(&d->base64);
        return r;
}

/* Programs cut the base64 of a long text into words wherever the line is full. Two pieces belong together when neither is whole by
 * itself but both together are. */
static int decode_base64_word(struct decoding *d, const struct word *w) {
        int r;
        if (d->base64.size > 0 && (d->base64.size + w->size) % 4 == 0) {
                if (buf_add(&d->base64, w->text, w->size) < 0)
                        return -ENOMEM;
                return decode_waiting(d);
        }
        if ((r = decode_waiting(d)) < 0)
                return r;
        if (w->size % 4 == 0 || memchr(w->text, '=', w->size))
                return decode_base64(d, w->text, w->size);
        return buf_add(&d->base64, w->text, w->size) < 0 ? -ENOMEM : 0;
}

static int decode_pending(struct decoding *d) {
        int waiting = decode_waiting(d);
        if (waiting < 0)
                return waiting;
        int r = decode_run(d, d->label, d->pending.data, d->pending.size);
        buf_reset(&d->pending);
        return r;
}

static int decode_word(struct decoding *d, const struct word *w) {
        bool cut;
        if (strcasecmp(w->label, d->label) != 0) {
                int r = decode_pending(d);
                if (r < 0)
                        return r;
                memcpy(d->label, w->label, sizeof(d->label));
        }
        if (w->encoding == 'b')
                return decode_base64_word(d, w);
        int r = decode_waiting(d);
        _cleanup_free_ char *bytes = r == 0 ? malloc(w->size + 1) : NULL;
        if (!bytes)
                return -ENOMEM;
        size_t n = quoted_printable_decode(w->text, w->size, true, bytes, w->size, &cut);
        return buf_add(&d->pending, bytes, n) == -ENOMEM ? -ENOMEM : 0;
}

static bool all_blank(const char *s, const char *end) {
        for (; s < end; s++)
                if (!is_blank(*s) && *s != '\r' && *s != '\n')
                        return false;
        return true;
}

static int decode_words(struct decoding *d, const char *s, const char *end) {
        bool closing = true;
        const char *text = s; /* start of what is not yet written */
        for (const char *p = s; p < end;) {
                struct word w;
                const char *mark = memmem(p, (size_t) (end - p), "=?", 2);
                if (!mark)
                        break;
                if (!word_read(mark, end, &closing, &w)) {
                        p = mark + 2;
                        continue;
                }
                if ((d->pending.size == 0 && d->base64.size == 0) ||
                    !all_blank(text, mark)) { /* blanks between two words are not text */
                        int r = decode_pending(d);
                        if (r < 0 || (r = decode_run(d, NULL, text, (size_t) (mark - text))) < 0)
                                return r;
                }
                int r = decode_word(d, &w);
                if (r < 0)
                        return r;
                p = text = w.after;
        }
        int r = decode_pending(d);
        return r < 0 ? r : decode_run(d, NULL, text, (size_t) (end - text));
}

/* Runs of blanks and line ends become one blank, none at the ends. In place. */
static size_t collapse(char *s, size_t n) {
        size_t out = 0;
        for (size_t i = 0; i < n; i++) {
                bool blank = is_blank(s[i]) || s[i] == '\n' || s[i] == '\r';
                if (!blank)
                        s[out++] = s[i];
                else if (out > 0 && s[out - 1] != ' ')
                        s[out++] = ' ';
        }
        if (out > 0 && s[out - 1] == ' ')
                out--;
        s[out] = 0;
        return out;
}

static int keep(struct arena *arena, char *s, size_t n, size_t limit, const char **ret, bool *ret_truncated) {
        n = collapse(s, n);
        if (n > limit) {
                n = utf8_boundary(s, limit);
                *ret_truncated = true;
        }
        *ret = arena_strndup(arena, s, n);
        return *ret ? 0 : -ENOMEM;
}

static bool is_plain(const char *s, size_t n) {
        return utf8_printable(s, n) == n && !memmem(s, n, "=?", 2);
}

int header_decode(const struct charset_set *set, const char *s, size_t n, size_t limit, struct arena *arena,
                  const char **ret, bool *ret_truncated) {
        const char *kept = NULL;
        int r;

        if (n <= limit && is_plain(s, n)) {
                char *copy = arena_strndup(arena, s, n);
                if (!copy)
                        return -ENOMEM;
                collapse(copy, n);
                *ret = copy;
                return 0;
        }
        struct decoding d = {.set = set, .arena = arena, .out = BUF_LIMITED(FIELD_BODY_MAX)};
        bool cut = false;
        r = decode_words(&d, s, s + n);
        if (r == 0) {
                char none[1] = "";
                size_t whole = d.out.error == -E2BIG ? utf8_boundary(d.out.data, d.out.size) : d.out.size;
                r = keep(arena, d.out.data ? d.out.data : none, whole, limit, &kept, &cut);
        }
        if (r == 0) {
                *ret = kept;
                *ret_truncated |= cut || d.cut || d.out.error == -E2BIG;
        }
        buf_free(&d.pending);
        buf_free(&d.base64);
        buf_free(&d.out);
        return r;
}
