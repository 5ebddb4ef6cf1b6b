/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/mime.h"

#include <strings.h>

#include "parsers/limits.h"

/* Bytes of a Content-Type that are searched for parameters: a thousand parts may each bring one, and it is read several
 * times. Long file names in RFC 2231 pieces stay below 2 KB. */
#define PARAMETERS_MAX 8192U
/* Pieces of one RFC 2231 value that are joined. */
#define PIECES_MAX 50
/* Name of a parameter with "*12*". */
#define PARAMETER_NAME_MAX 40U

void mime_fields_add(struct mime_fields *fields, const struct field *f) {
        if (f->name_size < 10 || strncasecmp(f->name, "Content-", 8) != 0)
                return;
        const struct {
                const char *name;
                struct field *to;
        } table[] = {
                {"Content-Type", &fields->content_type},
                {"Content-Disposition", &fields->content_disposition},
                {"Content-Transfer-Encoding", &fields->content_transfer_encoding},
                {"Content-ID", &fields->content_id},
                {"Content-Length", &fields->content_length},
        };
        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                if (!table[i].to->body && field_is(f, table[i].name)) {
                        *table[i].to = *f;
                        return;
                }
}

static bool is_space(char c) {
        return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0;
}

/* RFC 2045 section 5.1. */
static bool is_token(char c) {
        static const bool special[128] = {['('] = true, [')'] = true, ['<'] = true, ['>'] = true, ['@'] = true,
                                          [','] = true, [';'] = true, [':'] = true, ['"'] = true, ['\\'] = true,
                                          ['/'] = true, ['['] = true, [']'] = true, ['?'] = true, ['='] = true};
        return c > 32 && c < 127 && !special[(unsigned char) c];
}

/* Where a field body can be read from: blanks, line ends and comments in front skipped. */
static const char *skip_space(const char *p, const char *end) {
        size_t depth = 0;
        for (; p < end; p++) {
                if (*p == '(')
                        depth++;
                else if (*p == ')' && depth > 0)
                        depth--;
                else if (depth == 0 && !is_space(*p))
                        break;
        }
        return p;
}

void mime_media_type(const struct field *f, char *ret) {
        size_t n = 0;
        bool slash = false;
        const char *p = f->body, *end = p ? p + MIN(f->body_size, (size_t) PARAMETERS_MAX) : NULL;
        p = p ? skip_space(p, end) : NULL;
        for (; p < end && n < MEDIA_TYPE_MAX; p++) {
                if (*p == '/' && !slash && n > 0)
                        slash = true;
                else if (!is_token(*p)) {
                        if (is_space(*p) && (!slash || ret[n - 1] == '/') && n > 0) /* "text / plain" */
                                continue;
                        break;
                }
                ret[n++] = *p >= 'A' && *p <= 'Z' ? (char) (*p + 32) : *p;
        }
        ret[n] = 0;
        if (!slash || n == 0 || ret[n - 1] == '/')
                memcpy(ret, "text/plain", sizeof("text/plain"));
}

bool mime_disposition_is(const struct field *f, const char *what) {
        if (!f->body)
                return false;
        const char *end = f->body + MIN(f->body_size, (size_t) PARAMETERS_MAX), *p = skip_space(f->body, end);
        if (p < end && *p == '"')
                p++;
        size_t n = strlen(what);
        return (size_t) (end - p) >= n && strncasecmp(p, what, n) == 0 && (p + n == end || !is_token(p[n]));
}

struct parameter {
        char name[PARAMETER_NAME_MAX + 1];
        const char *value; /* raw: inside the quotes, or up to the next ';' */
        size_t size;
        bool quoted;
};

/* The next "; name=value" at *p. */
static bool next_parameter(const char **p, const char *end, struct parameter *ret) {
        while (*p < end) {
                const char *q = skip_space(*p, end);
                while (q < end && *q == ';')
                        q = skip_space(q + 1, end);
                size_t n = 0;
                const char *name = q;
                while (q < end && (is_token(*q) || *q == '*'))
                        q++;
                n = (size_t) (q - name);
                q = skip_space(q, end);
                if (q == end || *q != '=' || n == 0 || n > PARAMETER_NAME_MAX) { /* not one: on to the next ';' */
                        const char *next = q < end ? memchr(q, ';', (size_t) (end - q)) : NULL;
                        *p = next ? next + 1 : end;
                        continue;
                }
                memcpy(ret->name, name, n);
                ret->name[n] = 0;
                q = skip_space(q + 1, end);
                ret->quoted = q < end && *q == '"' && memchr(q + 1, '"', (size_t) (end - q - 1));
                if (ret->quoted) {
                        ret->value = ++q;
                        while (q < end && *q != '"')
                                q += *q == '\\' && q + 1 < end ? 2 : 1;
                        ret->size = (size_t) (q - ret->value);
                        const char *next = q < end ? memchr(q, ';', (size_t) (end - q)) : NULL;
                        *p = next ? next + 1 : end;
                        return true;
                }
                ret->value = q;
                while (q < end && *q != ';')
                        q++;
                *p = q < end ? q + 1 : end;
                while (q > ret->value && is_space(q[-1]))
                        q--;
                ret->size = (size_t) (q - ret->value);
                return true;
        }
        return false;
}

struct output {
        char *data;
        size_t size, room;
};

static void put(struct output *o, char c) {
        if (c != 0 && c != '\r' && c != '\n' && o->size + 1 < o->room)
                o->data[o->size++] = c;
}

static void put_percent(struct output *o, const char *s, size_t n) {
        for (size_t i = 0; i < n; i++) {
                if (s[i] == '%' && n - i >= 3 && hex_value(s[i + 1]) >= 0 && hex_value(s[i + 2]) >= 0) {
                        put(o, (char) (hex_value(s[i + 1]) << 4 | hex_value(s[i + 2])));
                        i += 2;
                } else
                        put(o, s[i]);
        }
}

/* Backslashes escape, but Windows paths are written unescaped: only quotes and backslashes count as escaped. */
static void put_plain(struct output *o, const struct parameter *p) {
        for (size_t i = 0; i < p->size; i++) {
                if (p->quoted && p->value[i] == '\\' && i + 1 < p->size && strchr("\"\\", p->value[i + 1]))
                        i++;
                put(o, p->value[i]);
        }
}

/* "charset'language'" before an extended value. */
static void take_charset(const char **s, size_t *n, char *ret_charset) {
        const char *first = memchr(*s, '\'', *n);
        const char *second = first ? memchr(first + 1, '\'', (size_t) (*s + *n - first - 1)) : NULL;
        if (!second)
                return;
        size_t length = MIN((size_t) (first - *s), (size_t) MIME_LABEL_MAX);
        if (ret_charset) {
                memcpy(ret_charset, *s, length);
                ret_charset[length] = 0;
        }
        *n -= (size_t) (second + 1 - *s);
        *s = second + 1;
}

static bool find_parameter(const struct field *f, const char *name, struct parameter *ret) {
        const char *end = f->body + MIN(f->body_size, (size_t) PARAMETERS_MAX),
                   *p = memchr(f->body, ';', (size_t) (end - f->body));
        if (!p)
                return false;
        for (p++; next_parameter(&p, end, ret);)
                if (strcasecmp(ret->name, name) == 0)
                        return true;
        return false;
}

static void put_extended(struct output *o, const struct parameter *p, bool first, char *ret_charset) {
        const char *s = p->value;
        size_t n = p->size;
        if (first)
                take_charset(&s, &n, ret_charset);
        put_percent(o, s, n);
}

/* The number of a piece ("name*12*"), or -1; *ret_extended: its last '*' is there. */
static int piece_number(const char *piece, const char *name, bool *ret_extended) {
        size_t length = strlen(name);
        int number = 0;
        if (strncasecmp(piece, name, length) != 0 || piece[length] != '*')
                return -1;
        const char *p = piece + length + 1;
        if (*p < '0' || *p > '9')
                return -1;
        for (; *p >= '0' && *p <= '9' && number < PIECES_MAX; p++)
                number = number * 10 + (*p - '0');
        *ret_extended = *p == '*';
        return number < PIECES_MAX && (*p == 0 || *ret_extended) ? number : -1;
}

/* name*0=..; name*1*=..; in any order. */
static bool join_pieces(const struct field *f, const char *name, struct output *o, char *ret_charset) {
        struct {
                struct parameter p;
                bool there, extended;
        } pieces[PIECES_MAX];
        struct parameter one;
        const char *end = f->body + MIN(f->body_size, (size_t) PARAMETERS_MAX),
                   *p = memchr(f->body, ';', (size_t) (end - f->body));

        for (int i = 0; i < PIECES_MAX; i++)
                pieces[i].there = false;
        while (p && next_parameter(&p, end, &one)) {
                bool extended;
                int number = piece_number(one.name, name, &extended);
                if (number < 0 || pieces[number].there)
                        continue;
                pieces[number].p = one;
                pieces[number].there = true;
                pieces[number].extended = extended;
        }
        int first = pieces[0].there ? 0 : 1; /* some count from one */
        for (int i = first; i < PIECES_MAX && pieces[i].there; i++) {
                if (pieces[i].extended)
                        put_extended(o, &pieces[i].p, i == first, ret_charset);
                else
                        put_plain(o, &pieces[i].p);
        }
        return pieces[first].there;
}

bool mime_parameter(const struct field *f, const char *name, char *out, size_t room, char *ret_charset) {
        struct output o = {out, 0, room};
        struct parameter p;
        char extended[PARAMETER_NAME_MAX + 1];
        size_t length = strlen(name);
        out[0] = 0;
        if (ret_charset)
                ret_charset[0] = 0;
        if (!f->body || f->body_size == 0 || length + 2 > PARAMETER_NAME_MAX)
                return false;

        memcpy(extended, name, length);
        extended[length] = '*';
        extended[length + 1] = 0;
        bool starred = memchr(f->body, '*', MIN(f->body_size, (size_t) PARAMETERS_MAX)); /* most fields have no such name */
        bool there = true;
        if (starred && find_parameter(f, extended, &p))
                put_extended(&o, &p, true, ret_charset);
        else if (find_parameter(f, name, &p))
                put_plain(&o, &p);
        else
                there = starred && join_pieces(f, name, &o, ret_charset);
        out[o.size] = 0;
        return there;
}

/* --- the walk */

struct level {
        char boundary[BOUNDARY_MAX + 1];
        size_t size;
        uint32_t containers, alternative;
};

struct walk {
        const char *p, *end;
        struct level levels[MIME_DEPTH_MAX];
        size_t depth;
        uint32_t leaves, alternatives;
        mime_found found;
        void *userdata;
        bool truncated;
};

static uint32_t container_of_type(const char *type) {
        static const struct {
                const char *type;
                uint32_t container;
        } table[] = {
                {"multipart/alternative", MIME_ALTERNATIVE}, {"multipart/related", MIME_RELATED},
                {"multipart/report", MIME_REPORT},           {"multipart/signed", MIME_SIGNED},
                {"multipart/encrypted", MIME_ENCRYPTED},     {"multipart/digest", MIME_DIGEST},
        };
        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                if (str_eq(type, table[i].type))
                        return table[i].container;
        return 0;
}

/* A multipart without a boundary parameter: programs that lose it still write the delimiter lines. */
static size_t guess_boundary(const char *p, const char *end, char *ret) {
        while (p < end && is_space(*p) && *p)
                p++;
        if (end - p < 3 || p[0] != '-' || p[1] != '-')
                return 0;
        p += 2;
        size_t n = 0;
        while (p + n < end && n <= BOUNDARY_MAX && !is_space(p[n]))
                n++;
        if (n == 0 || n > BOUNDARY_MAX)
                return 0;
        memcpy(ret, p, n);
        ret[n] = 0;
        return n;
}

/* Open a multipart; false when it must be taken for a leaf. */
static bool open_level(struct walk *w, const char *type, const struct mime_fields *fields, const struct level *above) {
        if (strncmp(type, "multipart/", 10) != 0)
                return false;
        if (w->depth == MIME_DEPTH_MAX) {
                w->truncated = true;
                return false;
        }
        struct level *l = &w->levels[w->depth];
        char boundary[BOUNDARY_MAX + 2];
        if (mime_parameter(&fields->content_type, "boundary", boundary, sizeof(boundary), NULL)) {
                l->size = strlen(boundary);
                while (l->size > 0 && boundary[l->size - 1] == ' ')
                        l->size--;
                if (l->size > BOUNDARY_MAX)
                        return false;
                memcpy(l->boundary, boundary, l->size);
        } else
                l->size = 0;
        if (l->size == 0 && (l->size = guess_boundary(w->p, w->end, l->boundary)) == 0)
                return false;
        uint32_t container = container_of_type(type);
        l->containers = container | (above ? above->containers : 0);
        l->alternative = above ? above->alternative : 0;
        if (container == MIME_ALTERNATIVE && l->alternative == 0)
                l->alternative = ++w->alternatives;
        w->depth++;
        return true;
}

enum delimiter { DELIMITER_NONE, DELIMITER_OPEN, DELIMITER_CLOSE };

/* Is the line at p ("--...") a delimiter of an open level? The innermost counts; with one of an outer level the inner
 * ones are over, whether they were closed or not. */
static enum delimiter match_delimiter(struct walk *w, const char *p, size_t *ret_level) {
        const char *s = p + 2;
        size_t left = (size_t) (w->end - s);
        for (size_t i = w->depth; i-- > 0;) {
                const struct level *l = &w->levels[i];
                if (left < l->size || memcmp(s, l->boundary, l->size) != 0)
                        continue;
                const char *q = s + l->size;
                bool close = w->end - q >= 2 && q[0] == '-' && q[1] == '-';
                if (close)
                        q += 2;
                while (q < w->end && (*q == ' ' || *q == '\t'))
                        q++;
                if (q < w->end && *q != '\n' && *q != '\r' && !close)
                        continue; /* another boundary that begins alike */
                *ret_level = i;
                return close ? DELIMITER_CLOSE : DELIMITER_OPEN;
        }
        return DELIMITER_NONE;
}

static const char *line_after(const char *p, const char *end) {
        const char *nl = memchr(p, '\n', (size_t) (end - p));
        return nl ? nl + 1 : end;
}

/* Find the next delimiter line from w->p (a line start) on; w->p is then after it. *ret_end is the end of what came
 * before, without the line end that belongs to the delimiter. False: none until the end. */
static bool next_delimiter(struct walk *w, enum delimiter *ret, size_t *ret_level, const char **ret_end) {
        const char *start = w->p, *p = start;
        while (p < w->end) {
                if (w->end - p >= 2 && p[0] == '-' && p[1] == '-') {
                        *ret = match_delimiter(w, p, ret_level);
                        if (*ret != DELIMITER_NONE) {
                                const char *end = p;
                                if (end > start && end[-1] == '\n')
                                        end--;
                                if (end > start && end[-1] == '\r')
                                        end--;
                                *ret_end = end;
                                w->p = line_after(p, w->end);
                                return true;
                        }
                }
                p = line_after(p, w->end);
        }
        *ret_end = w->end;
        w->p = w->end;
        return false;
}

static int emit(struct walk *w, const char *type, const struct mime_fields *fields, const char *body, const char *end) {
        const struct level *above = w->depth > 0 ? &w->levels[w->depth - 1] : NULL;
        struct mime_leaf leaf = {
                .fields = *fields,
                .body = body,
                .size = (size_t) (end - body),
                .containers = above ? above->containers : 0,
                .alternative = above ? above->alternative : 0,
        };
        memcpy(leaf.media_type, type, strlen(type) + 1);
        w->leaves++;
        return w->found(&leaf, w->userdata);
}

/* Read a part's header section at w->p; *ret_type is its media type. */
static void read_part(struct walk *w, struct mime_fields *fields, char *type) {
        struct header_cursor c = header_begin(w->p, (size_t) (w->end - w->p), true);
        struct field f;
        while (header_next(&c, &f))
                mime_fields_add(fields, &f);
        w->p = c.p;
        w->truncated |= c.truncated;
        mime_media_type(&fields->content_type, type);
        if (!fields->content_type.body && w->levels[w->depth - 1].containers & MIME_DIGEST)
                memcpy(type, "message/rfc822", sizeof("message/rfc822"));
}

/* The line after a delimiter is the same one once more. */
static bool delimiter_again(struct walk *w, size_t level) {
        size_t other;
        return w->end - w->p >= 2 && w->p[0] == '-' && w->p[1] == '-' &&
               match_delimiter(w, w->p, &other) == DELIMITER_OPEN && other == level;
}

int mime_walk(const struct mime_fields *fields, const char *data, size_t size, mime_found found, void *userdata,
              bool *ret_truncated) {
        struct walk w; /* its levels are 20 KB, of which most messages need none: each is filled when it is opened */
        char type[MEDIA_TYPE_MAX + 1];
        const char *end;
        enum delimiter delimiter;
        size_t level;
        int r = 0;

        w.p = data;
        w.end = data + size;
        w.depth = 0;
        w.leaves = w.alternatives = 0;
        w.found = found;
        w.userdata = userdata;
        w.truncated = false;
        mime_media_type(&fields->content_type, type);
        if (!open_level(&w, type, fields, NULL))
                return emit(&w, type, fields, data, data + size);

        bool more = next_delimiter(&w, &delimiter, &level, &end); /* the preamble */
        while (more && r >= 0) {
                if (w.leaves >= MIME_PARTS_MAX) {
                        w.truncated = true;
                        break;
                }
                w.depth = level + 1;
                if (delimiter == DELIMITER_CLOSE) { /* the epilogue */
                        if (--w.depth == 0)
                                break;
                        more = next_delimiter(&w, &delimiter, &level, &end);
                        continue;
                }
                if (delimiter_again(&w, level)) { /* nothing at all between the two: no part was meant */
                        more = next_delimiter(&w, &delimiter, &level, &end);
                        continue;
                }
                struct mime_fields part = {0};
                read_part(&w, &part, type);
                const char *body = w.p;
                bool opened = open_level(&w, type, &part, &w.levels[w.depth - 1]);
                more = next_delimiter(&w, &delimiter, &level, &end);
                if (!opened)
                        r = emit(&w, type, &part, body, end);
        }
        if (r >= 0 && w.leaves == 0) { /* the delimiters are not those that were announced: read it as text */
                struct mime_fields none = {0};
                w.depth = 0;
                r = emit(&w, "text/plain", &none, data, data + size);
        }
        *ret_truncated |= w.truncated;
        return r < 0 ? r : 0;
}
