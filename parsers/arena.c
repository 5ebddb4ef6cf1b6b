/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/arena.h"

#include <stdarg.h>
#include <stdio.h>

/* Most observations fit one block, so that a reset makes the next one free of malloc. */
#define ARENA_BLOCK 16384U

struct block {
        struct block *next;
        size_t size, used;
        _Alignas(max_align_t) char data[];
};

struct arena {
        struct block *first;   /* owned: the whole chain */
        struct block *current; /* where the next allocation is tried; blocks after it are empty */
        size_t limit, used;
};

int arena_new(size_t limit, struct arena **ret) {
        struct arena *a = calloc(1, sizeof(*a));
        if (!a)
                return -ENOMEM;
        a->limit = limit;
        *ret = a;
        return 0;
}

struct arena *arena_free(struct arena *a) {
        if (!a)
                return NULL;
        for (struct block *b = a->first, *next; b; b = next) {
                next = b->next;
                free(b);
        }
        free(a);
        return NULL;
}

void arena_reset(struct arena *a) {
        for (struct block *b = a->first; b; b = b->next)
                b->used = 0;
        a->current = a->first;
        a->used = 0;
}

size_t arena_used(const struct arena *a) {
        return a->used;
}

static struct block *arena_block(struct arena *a, size_t size) {
        while (a->current && a->current->size - a->current->used < size) {
                if (!a->current->next)
                        break;
                a->current = a->current->next;
                a->current->used = 0;
        }
        if (a->current && a->current->size - a->current->used >= size)
                return a->current;

        size_t room = MAX(size, (size_t) ARENA_BLOCK);
        struct block *b = malloc(sizeof(*b) + room);
        if (!b)
                return NULL;
        *b = (struct block){.size = room};
        if (a->current)
                a->current->next = b;
        else
                a->first = b;
        a->current = b;
        return b;
}

void *arena_alloc(struct arena *a, size_t size) {
        const size_t align = _Alignof(max_align_t);
        if (size > SIZE_MAX - align)
                return NULL;
        size = (MAX(size, (size_t) 1) + align - 1) / align * align;
        if (a->limit > 0 && (size > a->limit || a->used > a->limit - size))
                return NULL;
        struct block *b = arena_block(a, size);
        if (!b)
                return NULL;
        void *p = b->data + b->used;
        b->used += size;
        a->used += size;
        return memset(p, 0, size);
}

void *arena_alloc_array(struct arena *a, size_t n, size_t size) {
        size_t total;
        if (__builtin_mul_overflow(n, size, &total))
                return NULL;
        return arena_alloc(a, total);
}

char *arena_strndup(struct arena *a, const char *s, size_t n) {
        if (!s)
                return NULL;
        size_t len = strnlen(s, n);
        char *p = arena_alloc(a, len + 1);
        return p ? memcpy(p, s, len) : NULL;
}

char *arena_strdup(struct arena *a, const char *s) {
        return s ? arena_strndup(a, s, strlen(s)) : NULL;
}

char *arena_printf(struct arena *a, const char *format, ...) {
        va_list ap;
        va_start(ap, format);
        int n = vsnprintf(NULL, 0, format, ap);
        va_end(ap);
        char *p = n < 0 ? NULL : arena_alloc(a, (size_t) n + 1);
        if (!p)
                return NULL;
        va_start(ap, format);
        (void) vsnprintf(p, (size_t) n + 1, format, ap);
        va_end(ap);
        return p;
}
