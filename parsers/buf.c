/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/buf.h"

#include <stdarg.h>
#include <stdio.h>

void buf_free(struct buf *b) {
        free(b->data);
        *b = (struct buf){.limit = b->limit};
}

void buf_reset(struct buf *b) {
        b->size = 0;
        b->error = 0;
        if (b->data)
                b->data[0] = 0;
}

static int buf_reserve(struct buf *b, size_t size) {
        if (size <= b->allocated)
                return 0;
        size_t room = MAX(size, b->allocated + b->allocated / 2);
        room = MAX(room, (size_t) 256);
        char *p = realloc(b->data, room);
        if (!p)
                return b->error = -ENOMEM;
        b->data = p;
        b->allocated = room;
        return 0;
}

int buf_add(struct buf *b, const void *data, size_t size) {
        if (b->error < 0)
                return b->error;
        bool cut = b->limit > 0 && size > b->limit - b->size;
        if (cut)
                size = b->limit - b->size;
        if (size > SIZE_MAX - 1 - b->size)
                return b->error = -ENOMEM;
        if (buf_reserve(b, b->size + size + 1) < 0)
                return b->error;
        if (size > 0)
                memcpy(b->data + b->size, data, size);
        b->size += size;
        b->data[b->size] = 0;
        return cut ? (b->error = -E2BIG) : 0;
}

int buf_add_str(struct buf *b, const char *s) {
        return buf_add(b, s, strlen(s));
}

int buf_add_char(struct buf *b, char c) {
        if (b->error < 0 || b->size + 1 >= b->allocated || (b->limit > 0 && b->size >= b->limit))
                return buf_add(b, &c, 1);
        b->data[b->size++] = c;
        b->data[b->size] = 0;
        return 0;
}

int buf_printf(struct buf *b, const char *format, ...) {
        va_list ap;
        char small[256];
        va_start(ap, format);
        int n = vsnprintf(small, sizeof(small), format, ap);
        va_end(ap);
        if (n < 0)
                return b->error = -EINVAL;
        if ((size_t) n < sizeof(small))
                return buf_add(b, small, (size_t) n);

        _cleanup_free_ char *large = malloc((size_t) n + 1);
        if (!large)
                return b->error = -ENOMEM;
        va_start(ap, format);
        (void) vsnprintf(large, (size_t) n + 1, format, ap);
        va_end(ap);
        return buf_add(b, large, (size_t) n);
}

char *buf_take(struct buf *b) {
        if (!b->data)
                return calloc(1, 1);
        char *p = TAKE_PTR(b->data);
        buf_free(b);
        return p;
}
