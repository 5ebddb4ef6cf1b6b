/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include "rules/yaml.h"

#include <yaml.h>

/* The tree is built from libyaml's events and not from its documents: every ceiling is checked before anything is kept, and
 * nothing recurses. Nodes are built even when something was refused, so that one run finds all faults it can. */

/* A mapping or sequence that is open. */
struct yaml_frame {
        struct yaml_node *node;
        struct yaml_node **tail; /* where the next child goes */
        struct yaml_node *key;   /* MAPPING: the key whose value comes next, else NULL */
        size_t n;                /* children */
};

struct yaml_build {
        const char *file;
        const char *data; /* without the byte order mark */
        size_t size;
        struct arena *arena;
        struct diagnostics *d;
        struct yaml_frame stack[YAML_DEPTH_MAX];
        uint32_t depth;
        uint32_t nodes, documents;
        struct yaml_node *root;
};

/* What to tell besides libyaml's own words, by what those words contain. */
static const struct yaml_hint {
        const char *problem, *context;
        const char *hint;
} yaml_hints[] = {
        {"mapping values are not allowed", NULL,
         "a value that contains \": \" must stand in single quotes: 'Re: invoice'; otherwise check the indentation of this "
         "line"},
        {"cannot start any token", NULL,
         "a value that begins with @, ` or % must stand in single quotes: '@client.example'"},
        {NULL, "while scanning an alias", "a value that begins with * must stand in single quotes: '*@client.example'"},
        {NULL, "while scanning an anchor", "a value that begins with & must stand in single quotes"},
        {NULL, "while scanning a tag", "a value that begins with ! must stand in single quotes"},
        {NULL, "while scanning a directive",
         "a line that begins with % is a YAML directive; put the value in single quotes"},
        {"unknown escape character", NULL, "a backslash is special in double quotes; use single quotes: '\\d'"},
        {NULL, "while scanning a quoted scalar",
         "the closing quote is missing; an apostrophe inside single quotes is written twice: 'l''été'"},
        {"found unexpected ':'", NULL,
         "between { } or [ ] a value that ends with \":\" must stand in quotes, and an empty one needs a blank"},
        {"could not find expected ':'", NULL, "is a \":\" followed by a blank missing, or a quote?"},
        {NULL, "while parsing a flow sequence", "is a \"]\" or a \",\" missing?"},
        {NULL, "while parsing a flow mapping", "is a \"}\" or a \",\" missing?"},
        {"did not find expected key", NULL, "check the indentation; a value that begins with a quote must end with it"},
        {"did not find expected '-' indicator", NULL, "each entry of a list begins with \"- \" in the same column"},
        {"did not find expected <document start>", NULL, "check the indentation; the file holds one YAML mapping"},
};

static uint32_t mark_line(const yaml_mark_t *m) {
        return (uint32_t) m->line + 1;
}

static uint32_t mark_column(const yaml_mark_t *m) {
        return (uint32_t) m->column + 1;
}

static uint32_t marks_length(const yaml_mark_t *a, const yaml_mark_t *b) {
        return a->line == b->line && b->column > a->column ? (uint32_t) (b->column - a->column) : 1;
}

static void refuse(struct yaml_build *b, const yaml_mark_t *start, uint32_t length, const char *hint, const char *text) {
        diagnostics_add(b->d, DIAGNOSTIC_ERROR, b->file, mark_line(start), mark_column(start), length, "yaml-refused", hint,
                        "%s", text);
}

/* The bytes of a line, from 0. */
static const char *line_bytes(const struct yaml_build *b, size_t line, size_t *ret_size) {
        const char *p = b->data, *end = b->data + b->size;
        for (; line > 0 && p < end; line--) {
                const char *nl = memchr(p, '\n', (size_t) (end - p));
                p = nl ? nl + 1 : end;
        }
        const char *nl = memchr(p, '\n', (size_t) (end - p));
        *ret_size = (size_t) ((nl ? nl : end) - p);
        return p;
}

static bool has_no_break_space(const char *s, size_t n) {
        return memmem(s, n, "\xc2\xa0", 2) || memmem(s, n, "\xe2\x80\xaf", 3) || memmem(s, n, "\xef\xbb\xbf", 3);
}

#define NO_BREAK_HINT \
        "this line holds a no-break space (or another invisible character), which looks like a blank: retype it as a blank"

/* What is invisible comes first: nobody finds it by looking at the line. */
static const char *syntax_hint(const struct yaml_build *b, const yaml_parser_t *p) {
        size_t n;
        const char *line = line_bytes(b, p->problem_mark.line, &n);
        if (n > 0 && has_no_break_space(line, n))
                return NO_BREAK_HINT;
        size_t blank = 0;
        while (blank < n && (line[blank] == ' ' || line[blank] == '\t'))
                blank++;
        if (memchr(line, '\t', blank))
                return "this line is indented with a tab; YAML wants blanks";
        for (size_t i = 0; i < ELEMENTSOF(yaml_hints); i++) {
                const struct yaml_hint *h = &yaml_hints[i];
                if (h->problem && (!p->problem || !strstr(p->problem, h->problem)))
                        continue;
                if (h->context && (!p->context || !strstr(p->context, h->context)))
                        continue;
                return h->hint;
        }
        return NULL;
}

/* Reader errors come with an offset in bytes only. */
static void reader_error(struct yaml_build *b, const yaml_parser_t *p) {
        uint32_t line = 1, column = 1;
        size_t end = MIN(p->problem_offset, b->size);
        /* A sequence that breaks off is told by the byte after it: show the character that it begins. */
        if (strstr(p->problem, "trailing"))
                while (end > 0 && ((unsigned char) b->data[MIN(end, b->size - 1)] & 0xc0) != 0xc0)
                        end--;
        for (size_t i = 0; i < end; i++)
                if (b->data[i] == '\n') {
                        line++;
                        column = 1;
                } else if (((unsigned char) b->data[i] & 0xc0) != 0x80)
                        column++;
        diagnostics_add(b->d, DIAGNOSTIC_ERROR, b->file, line, column, 1, "yaml-syntax",
                        "save the file as UTF-8 text; this byte is no character of it", "%s", p->problem);
}

static int parser_error(struct yaml_build *b, const yaml_parser_t *p) {
        if (p->error == YAML_MEMORY_ERROR)
                return -ENOMEM;
        const char *problem = p->problem ? p->problem : "not YAML";
        if (p->error == YAML_READER_ERROR) {
                reader_error(b, p);
                return -EBADMSG;
        }
        const char *hint = syntax_hint(b, p);
        if (p->context && p->context_mark.line != p->problem_mark.line)
                diagnostics_add(b->d, DIAGNOSTIC_ERROR, b->file, mark_line(&p->problem_mark), mark_column(&p->problem_mark),
                                1, "yaml-syntax", hint, "%s, %s that begins on line %u", problem, p->context,
                                mark_line(&p->context_mark));
        else if (p->context)
                diagnostics_add(b->d, DIAGNOSTIC_ERROR, b->file, mark_line(&p->problem_mark), mark_column(&p->problem_mark),
                                1, "yaml-syntax", hint, "%s, %s", problem, p->context);
        else
                diagnostics_add(b->d, DIAGNOSTIC_ERROR, b->file, mark_line(&p->problem_mark), mark_column(&p->problem_mark),
                                1, "yaml-syntax", hint, "%s", problem);
        return -EBADMSG;
}

static int compare_keys(const void *pa, const void *pb) {
        const struct yaml_node *a = *(const struct yaml_node *const *) pa, *b = *(const struct yaml_node *const *) pb;
        int r = strcmp(a->scalar, b->scalar);
        if (r != 0)
                return r;
        return a->line != b->line ? (a->line < b->line ? -1 : 1) : (a->column > b->column) - (a->column < b->column);
}

/* Sorted, so that a mapping of 50,000 keys costs no more than reading it. */
static int check_duplicates(struct yaml_build *b, const struct yaml_frame *f) {
        if (f->n < 2)
                return 0;
        _cleanup_free_ const struct yaml_node **keys = calloc(f->n, sizeof(*keys));
        if (!keys)
                return -ENOMEM;
        size_t n = 0;
        for (const struct yaml_node *c = f->node->child; c; c = c->next)
                if (c->key->type == YAML_SCALAR)
                        keys[n++] = c->key;
        qsort(keys, n, sizeof(*keys), compare_keys);
        size_t first = 0;
        for (size_t i = 1; i < n; i++) {
                if (!str_eq(keys[i]->scalar, keys[first]->scalar)) {
                        first = i;
                        continue;
                }
                diagnostics_add(b->d, DIAGNOSTIC_ERROR, b->file, keys[i]->line, keys[i]->column, keys[i]->length,
                                "duplicate-key", "keep one of the two", "\"%s\" is written twice, first on line %u",
                                keys[i]->scalar, keys[first]->line);
        }
        return 0;
}

static void check_key(struct yaml_build *b, const struct yaml_node *key) {
        if (key->type != YAML_SCALAR)
                diagnostics_add(b->d, DIAGNOSTIC_ERROR, b->file, key->line, key->column, 1, "yaml-refused",
                                "a key is one word; quote it if it begins with [ or {", "a list or a mapping used as a key");
        else if (has_no_break_space(key->scalar, strlen(key->scalar)))
                diagnostics_add(b->d, DIAGNOSTIC_ERROR, b->file, key->line, key->column, key->length, "yaml-syntax",
                                NO_BREAK_HINT, "the key \"%s\" contains a no-break space", key->scalar);
}

/* Put a node where it belongs: root, entry of a sequence, key or value of a mapping. */
static void attach(struct yaml_build *b, struct yaml_node *node) {
        if (b->depth == 0) {
                b->root = node;
                return;
        }
        struct yaml_frame *f = &b->stack[b->depth - 1];
        if (f->node->type == YAML_MAPPING && !f->key) {
                f->key = node;
                /* A mapping as a key is told when it begins: its children do not matter any more. */
                check_key(b, node);
                return;
        }
        node->key = TAKE_PTR(f->key);
        *f->tail = node;
        f->tail = &node->next;
        f->n++;
}

static int new_node(struct yaml_build *b, enum yaml_type type, const yaml_event_t *e, struct yaml_node **ret) {
        if (++b->nodes > YAML_NODES_MAX) {
                refuse(b, &e->start_mark, 1, "split the file", "more than 100000 values in one file");
                return -EBADMSG;
        }
        struct yaml_node *node = arena_new0(b->arena, struct yaml_node, 1);
        if (!node)
                return -ENOMEM;
        node->type = type;
        node->line = mark_line(&e->start_mark);
        node->column = mark_column(&e->start_mark);
        node->length = type == YAML_SCALAR ? marks_length(&e->start_mark, &e->end_mark) : 1;
        *ret = node;
        return 0;
}

static void check_properties(struct yaml_build *b, const yaml_event_t *e, const yaml_char_t *anchor,
                             const yaml_char_t *tag) {
        if (anchor)
                refuse(b, &e->start_mark, (uint32_t) strlen((const char *) anchor) + 1,
                       "write the value out; if the \"&\" belongs to it, put it in single quotes",
                       "anchors (&name) are not used here");
        /* A tag would change the meaning of a value, which is ours to tell. */
        if (tag)
                refuse(b, &e->start_mark, 1, "leave it out; if the \"!\" belongs to the value, put it in single quotes",
                       "tags (!name) are not used here");
}

static int on_scalar(struct yaml_build *b, const yaml_event_t *e) {
        struct yaml_node *node;
        int r = new_node(b, YAML_SCALAR, e, &node);
        if (r < 0)
                return r;
        check_properties(b, e, e->data.scalar.anchor, e->data.scalar.tag);
        const char *value = (const char *) e->data.scalar.value;
        if (memchr(value, 0, e->data.scalar.length))
                refuse(b, &e->start_mark, node->length, NULL, "a NUL character inside a value");
        node->scalar = arena_strndup(b->arena, value, e->data.scalar.length);
        if (!node->scalar)
                return -ENOMEM;
        node->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        attach(b, node);
        return 0;
}

static int on_start(struct yaml_build *b, const yaml_event_t *e, enum yaml_type type, const yaml_char_t *anchor,
                    const yaml_char_t *tag) {
        if (b->depth >= YAML_DEPTH_MAX) {
                refuse(b, &e->start_mark, 1, NULL, "nested too deeply: 32 levels are the most");
                return -EBADMSG;
        }
        struct yaml_node *node;
        int r = new_node(b, type, e, &node);
        if (r < 0)
                return r;
        check_properties(b, e, anchor, tag);
        attach(b, node);
        b->stack[b->depth++] = (struct yaml_frame){.node = node, .tail = &node->child};
        return 0;
}

static int on_end(struct yaml_build *b) {
        struct yaml_frame *f = &b->stack[--b->depth];
        return f->node->type == YAML_MAPPING ? check_duplicates(b, f) : 0;
}

static int on_alias(struct yaml_build *b, const yaml_event_t *e) {
        struct yaml_node *node;
        int r = new_node(b, YAML_SCALAR, e, &node);
        if (r < 0)
                return r;
        refuse(b, &e->start_mark, marks_length(&e->start_mark, &e->end_mark),
               "write the value out; if the \"*\" belongs to it, put it in single quotes",
               "aliases (*name) are not used here");
        node->scalar = "";
        attach(b, node);
        return 0;
}

/* 1: go on, 0: the end, negative: stop. */
static int on_event(struct yaml_build *b, const yaml_event_t *e) {
        int r = 0;
        switch (e->type) {
        case YAML_STREAM_END_EVENT:
                return 0;
        case YAML_DOCUMENT_START_EVENT:
                if (++b->documents > 1) {
                        refuse(b, &e->start_mark, 3, "one file is one document: remove the \"---\" or make two files",
                               "a second document in one file");
                        return -EBADMSG;
                }
                break;
        case YAML_ALIAS_EVENT:
                r = on_alias(b, e);
                break;
        case YAML_SCALAR_EVENT:
                r = on_scalar(b, e);
                break;
        case YAML_SEQUENCE_START_EVENT:
                r = on_start(b, e, YAML_SEQUENCE, e->data.sequence_start.anchor, e->data.sequence_start.tag);
                break;
        case YAML_MAPPING_START_EVENT:
                r = on_start(b, e, YAML_MAPPING, e->data.mapping_start.anchor, e->data.mapping_start.tag);
                break;
        case YAML_SEQUENCE_END_EVENT:
        case YAML_MAPPING_END_EVENT:
                r = on_end(b);
                break;
        default: /* stream start, document end */
                break;
        }
        return r < 0 ? r : 1;
}

static int parse_events(struct yaml_build *b) {
        yaml_parser_t parser;
        if (!yaml_parser_initialize(&parser))
                return -ENOMEM;
        yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&parser, (const unsigned char *) b->data, b->size);
        int r = 1;
        while (r > 0) {
                yaml_event_t event;
                if (!yaml_parser_parse(&parser, &event)) {
                        r = parser_error(b, &parser);
                        break;
                }
                r = on_event(b, &event);
                yaml_event_delete(&event);
        }
        yaml_parser_delete(&parser);
        return r;
}

/* Unicode line separators end a line for YAML 1.1 but for no editor: every place told after one would be wrong. */
static void check_separators(struct yaml_build *b) {
        static const char *const separators[] = {"\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9"};
        for (size_t i = 0; i < ELEMENTSOF(separators); i++) {
                const char *p = memmem(b->data, b->size, separators[i], strlen(separators[i]));
                if (!p)
                        continue;
                uint32_t line = 1;
                for (const char *q = b->data; q < p; q++)
                        line += *q == '\n';
                diagnostics_add(b->d, DIAGNOSTIC_ERROR, b->file, line, 1, 1, "yaml-syntax", "retype the line",
                                "an invisible Unicode line separator in this line");
        }
}

/* By its mark, or by the zeros that the first letters have in it. */
static bool is_utf16(const char *s, size_t n) {
        if (n >= 2 && (memcmp(s, "\xff\xfe", 2) == 0 || memcmp(s, "\xfe\xff", 2) == 0))
                return true;
        return n >= 4 && ((s[0] && !s[1] && s[2] && !s[3]) || (!s[0] && s[1] && !s[2] && s[3]));
}

static bool refused_whole(struct yaml_build *b) {
        const char *text = NULL, *hint = NULL;
        if (b->size > YAML_SIZE_MAX) {
                text = "larger than 1 MiB";
                hint = "split the file";
        } else if (is_utf16(b->data, b->size)) {
                text = "written in UTF-16";
                hint = "save the file as UTF-8";
        }
        if (text)
                diagnostics_add(b->d, DIAGNOSTIC_ERROR, b->file, 0, 0, 1, "yaml-refused", hint, "the file is %s", text);
        return text;
}

int yaml_parse(const char *file, const char *data, size_t size, struct arena *arena, struct diagnostics *d,
               struct yaml_node **ret) {
        _cleanup_free_ struct yaml_build *b = calloc(1, sizeof(*b));
        if (!b)
                return -ENOMEM;
        *b = (struct yaml_build){.file = file, .data = data ? data : "", .size = size, .arena = arena, .d = d};
        size_t errors = d->errors;
        if (refused_whole(b))
                return -EBADMSG;
        if (size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
                b->data += 3;
                b->size -= 3;
        }
        check_separators(b);
        int r = parse_events(b);
        if (r < 0)
                return r;
        if (d->error < 0)
                return d->error;
        if (d->errors > errors)
                return -EBADMSG;
        /* A file of comments, or an empty document, is an empty file. */
        *ret = b->root && yaml_is_null(b->root) ? NULL : b->root;
        return 0;
}

struct yaml_node *yaml_get(const struct yaml_node *node, const char *key) {
        if (!node || node->type != YAML_MAPPING)
                return NULL;
        for (struct yaml_node *c = node->child; c; c = c->next)
                if (str_eq(c->key->scalar, key))
                        return c;
        return NULL;
}

static bool plain(const struct yaml_node *node) {
        return node && node->type == YAML_SCALAR && !node->quoted;
}

static bool one_of(const char *s, const char *const *words) {
        for (; *words; words++)
                if (strcmp(s, *words) == 0)
                        return true;
        return false;
}

bool yaml_is_null(const struct yaml_node *node) {
        static const char *const words[] = {"", "~", "null", "Null", "NULL", NULL};
        return plain(node) && one_of(node->scalar, words);
}

int yaml_bool(const struct yaml_node *node, bool *ret) {
        static const char *const yes[] = {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", NULL};
        static const char *const no[] = {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", NULL};
        if (!plain(node))
                return -EINVAL;
        bool is_yes = one_of(node->scalar, yes);
        if (!is_yes && !one_of(node->scalar, no))
                return -EINVAL;
        *ret = is_yes;
        return 0;
}

/* Decimal, whatever zeros stand before it: "010" is ten for everyone but a computer. */
int yaml_int(const struct yaml_node *node, int64_t *ret) {
        if (!plain(node))
                return -EINVAL;
        const char *s = node->scalar;
        bool negative = *s == '-';
        if (*s == '-' || *s == '+')
                s++;
        if (!*s)
                return -EINVAL;
        int64_t n = 0;
        for (; *s; s++) {
                if (*s < '0' || *s > '9')
                        return -EINVAL;
                int digit = negative ? '0' - *s : *s - '0';
                if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, digit, &n))
                        return -EINVAL;
        }
        *ret = n;
        return 0;
}

/* Read by hand: strtod() takes its decimal point from the locale. Fifteen digits are exact in a double, and so is the
 * power of ten they are divided by, hence the quotient is the nearest double. */
#define NUMBER_DIGITS_MAX 15

int yaml_number(const struct yaml_node *node, double *ret) {
        if (!plain(node))
                return -EINVAL;
        const char *s = node->scalar;
        bool negative = *s == '-';
        if (*s == '-' || *s == '+')
                s++;
        int64_t mantissa = 0;
        double scale = 1;
        int digits = 0, seen = 0;
        bool point = false;
        for (; *s; s++) {
                if (*s == '.' && !point) {
                        point = true;
                        continue;
                }
                if (*s < '0' || *s > '9')
                        return -EINVAL;
                seen++;
                digits += digits > 0 || *s != '0';
                if (digits > NUMBER_DIGITS_MAX || seen > 2 * NUMBER_DIGITS_MAX)
                        return -EINVAL;
                mantissa = mantissa * 10 + (*s - '0');
                if (point)
                        scale *= 10;
        }
        if (seen == 0 || s[-1] == '.')
                return -EINVAL;
        double value = (double) mantissa / scale;
        *ret = negative ? -value : value;
        return 0;
}
