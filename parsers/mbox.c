/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/mbox.h"

#include <strings.h>

#include "parsers/date.h"

/* Bytes of a line that are kept: a From_ line or Content-Length field longer than this is none. */
#define LINE_MAX_KEPT 512U
/* From_ lines that may wait inside an announced Content-Length until its end shows whether it was true. A forwarded
 * mailbox inside one message seldom holds more; with more the announcement is not believed. */
#define PENDING_MAX 256U

/* A message that begins at a From_ line. Whether it really is one is known when the Content-Length before it was proved
 * or refuted; until then it waits. */
struct pending {
        int64_t offset, body;
        int64_t previous_end; /* end of what stands before this From_ line, without the blank line that separates */
        int64_t announced;    /* where the message ends by its Content-Length; -1 none */
        bool verified;        /* a From_ line or the end of the file stands there */
        instant from_date;
};

struct mbox_framer {
        int64_t pos; /* offset of the next byte to come */
        int64_t line_start;
        int64_t content_end; /* end of the last line that was not blank, its line end included */
        int64_t message_end; /* the same, but only the last of several blank lines is left out: it separates */
        char line[LINE_MAX_KEPT + 1];
        size_t line_size;    /* of what is kept of the current line */
        bool line_long;      /* more than was kept */
        bool line_skipped;   /* nothing is kept: no From_ line and no field can come of it */
        bool begun;          /* the first From_ line was seen */
        bool previous_blank; /* the line before was blank, or the file begins */
        bool in_header;
        int64_t content_length; /* of the header section that is being read; -1 */
        int error;              /* -EBADMSG sticks */
        struct pending pending[PENDING_MAX];
        size_t n;
};

int mbox_framer_new(int64_t offset, struct mbox_framer **ret) {
        struct mbox_framer *f = calloc(1, sizeof(*f));
        if (!f)
                return -ENOMEM;
        f->pos = f->line_start = f->content_end = f->message_end = offset;
        f->previous_blank = true;
        *ret = f;
        return 0;
}

struct mbox_framer *mbox_framer_free(struct mbox_framer *f) {
        free(f);
        return NULL;
}

typedef int (*span_found)(const struct mbox_span *span, void *userdata);

static int report(const struct pending *p, int64_t end, bool complete, span_found found, void *userdata) {
        struct mbox_span span = {
                .offset = p->offset,
                .body = p->body,
                .end = MAX(end, p->body),
                .from_date = p->from_date,
                .complete = complete,
        };
        return found(&span, userdata);
}

static void forget(struct mbox_framer *f, size_t n) {
        memmove(f->pending, f->pending + n, (f->n - n) * sizeof(*f->pending));
        f->n -= n;
}

/* Is the announcement of `p` refuted, or not made at all? Beyond its end, where nothing stood, it is. */
static bool refuted(const struct mbox_framer *f, const struct pending *p) {
        return p->announced < 0 || f->line_start > p->announced + 2;
}

/* Where the message at the front ends by its verified announcement: what waits inside was quoted by it. */
static size_t inside(const struct mbox_framer *f) {
        size_t n = 1;
        while (n < f->n && f->pending[n].offset < f->pending[0].announced)
                n++;
        return n;
}

/* Report the messages at the front whose end is known. `full`: room must be made for the From_ line that was just read, so
 * one announcement that is still open is not believed. */
static int settle(struct mbox_framer *f, bool full, span_found found, void *userdata) {
        while (f->n > 1) {
                const struct pending *first = &f->pending[0];
                bool verified = first->verified;
                if (!verified && !refuted(f, first) && !full)
                        return 0;
                size_t next = verified ? inside(f) : 1;
                int r = report(first, verified ? first->announced : f->pending[1].previous_end, true, found, userdata);
                forget(f, next);
                full = false;
                if (r < 0)
                        return r;
        }
        return 0;
}

/* What a From_ line at `offset`, or the end of the file, tells of those who announced that they end there: with the blank
 * line that separates, or without. */
static void verify(struct mbox_framer *f, int64_t offset) {
        for (size_t i = 0; i < f->n; i++)
                if (f->pending[i].announced >= f->content_end && f->pending[i].announced <= offset)
                        f->pending[i].verified = true;
}

static int begin_message(struct mbox_framer *f, int64_t line_end, instant from_date, span_found found, void *userdata) {
        verify(f, f->line_start);
        if (f->n == PENDING_MAX) {
                int r = settle(f, true, found, userdata);
                if (r < 0)
                        return r;
        }
        f->pending[f->n++] = (struct pending){
                .offset = f->line_start,
                .body = line_end,
                .previous_end = f->message_end,
                .announced = -1,
                .from_date = from_date,
        };
        f->begun = true;
        f->in_header = true;
        f->content_length = -1;
        return settle(f, false, found, userdata);
}

static bool line_is_blank(const struct mbox_framer *f) {
        return f->line_size == 0 || (f->line_size == 1 && f->line[0] == '\r');
}

static void read_header_line(struct mbox_framer *f) {
        static const char name[] = "Content-Length:";
        const size_t n = sizeof(name) - 1;
        if (f->line_long || f->line_size < n || strncasecmp(f->line, name, n) != 0)
                return;
        const char *p = f->line + n, *end = f->line + f->line_size;
        int64_t value = 0;
        while (p < end && (*p == ' ' || *p == '\t'))
                p++;
        if (p == end || *p < '0' || *p > '9')
                return;
        for (; p < end && *p >= '0' && *p <= '9'; p++)
                if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *p - '0', &value))
                        return;
        f->content_length = value;
}

/* A whole line was read; `line_end` is the offset after its line end. */
static int end_line(struct mbox_framer *f, int64_t line_end, span_found found, void *userdata) {
        bool blank = !f->line_skipped && line_is_blank(f);
        bool from = !f->line_skipped && !f->line_long && f->line_size >= 5 && memcmp(f->line, "From ", 5) == 0;
        instant date = INSTANT_UNKNOWN;
        int r = 0;

        if (from && f->previous_blank) {
                bool dated = date_parse_from_line(f->line + 5, f->line_size - 5, &date) == 0;
                if (dated || !f->begun) {
                        r = begin_message(f, line_end, date, found, userdata);
                        f->content_end = f->message_end = line_end;
                        f->previous_blank = false;
                        return r;
                }
        }
        if (!f->begun)
                return blank ? 0 : -EBADMSG;
        if (f->in_header && blank) {
                struct pending *last = &f->pending[f->n - 1];
                f->in_header = false;
                if (f->content_length >= 0 && __builtin_add_overflow(line_end, f->content_length, &last->announced))
                        last->announced = -1;
        } else if (f->in_header && !f->line_skipped)
                read_header_line(f);
        if (!blank)
                f->content_end = line_end;
        f->message_end = blank ? f->line_start : line_end;
        f->previous_blank = blank;
        return 0;
}

/* Only the start of a line can matter, and most lines show by their first byte that they do not. */
static void keep_line(struct mbox_framer *f, const char *data, size_t size) {
        if (f->line_skipped || size == 0)
                return;
        if (f->line_size == 0) {
                char c = *data;
                f->line_skipped = f->begun && c != 'F' && c != '\r' && !(f->in_header && (c | 32) == 'c');
                if (f->line_skipped)
                        return;
        }
        size_t room = LINE_MAX_KEPT - f->line_size;
        f->line_long |= size > room;
        size = MIN(size, room);
        memcpy(f->line + f->line_size, data, size);
        f->line_size += size;
}

int mbox_framer_feed(struct mbox_framer *f, const char *data, size_t size, span_found found, void *userdata) {
        if (f->error < 0)
                return f->error;
        for (const char *end = data + size; data < end;) {
                const char *nl = memchr(data, '\n', (size_t) (end - data));
                size_t n = (size_t) ((nl ? nl : end) - data);
                keep_line(f, data, n);
                f->pos += (int64_t) n + (nl ? 1 : 0);
                data = nl ? nl + 1 : end;
                if (!nl)
                        break;
                int r = end_line(f, f->pos, found, userdata);
                f->line_start = f->pos;
                f->line_size = 0;
                f->line_long = f->line_skipped = false;
                if (r < 0)
                        return f->error = r;
        }
        return 0;
}

int mbox_framer_end(struct mbox_framer *f, span_found found, void *userdata) {
        if (f->error < 0)
                return f->error;
        if (f->pos > f->line_start) { /* a last line without a line end */
                int r = end_line(f, f->pos, found, userdata);
                f->line_start = f->pos;
                f->line_size = 0;
                f->line_long = f->line_skipped = false;
                if (r < 0)
                        return f->error = r;
        }
        verify(f, f->pos);
        while (f->n > 0) {
                const struct pending *first = &f->pending[0];
                bool verified = first->verified, complete = verified || f->n > 1;
                int64_t end = verified ? first->announced : f->n > 1 ? f->pending[1].previous_end : f->message_end;
                size_t next = verified ? inside(f) : 1;
                int r = report(first, end, complete, found, userdata);
                forget(f, next);
                if (r < 0)
                        return f->error = r;
        }
        return 0;
}

size_t mbox_unquote(char *data, size_t size) {
        static const char from[] = "From ";
        char *out = data, *p = data, *end = data + size;
        if (!memmem(data, size, ">From ", 6))
                return size;
        while (p < end) {
                char *nl = memchr(p, '\n', (size_t) (end - p));
                char *next = nl ? nl + 1 : end;
                char *q = p;
                while (q < next && *q == '>')
                        q++;
                if (q > p && (size_t) (next - q) >= sizeof(from) - 1 && memcmp(q, from, sizeof(from) - 1) == 0)
                        p++;
                memmove(out, p, (size_t) (next - p));
                out += next - p;
                p = next;
        }
        return (size_t) (out - data);
}
