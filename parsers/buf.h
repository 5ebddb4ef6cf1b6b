/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A growing byte buffer with a ceiling. `data` is always NUL-terminated once anything was added. The first failure
 * (memory or ceiling) sticks in `error`, so that a run of adds is checked once at its end. */

#include "parsers/base.h"

struct buf {
        char *data; /* owned */
        size_t size;
        size_t allocated;
        size_t limit; /* 0: none */
        int error;    /* 0, -ENOMEM, or -E2BIG when the ceiling was reached (what fitted is kept) */
};

#define BUF_LIMITED(max) ((struct buf){.limit = (max)})

void buf_free(struct buf *b); /* also resets, keeps the ceiling */
#define _cleanup_buf_ _cleanup_(buf_free)

int buf_add(struct buf *b, const void *data, size_t size);
int buf_add_str(struct buf *b, const char *s);
int buf_add_char(struct buf *b, char c);
int buf_printf(struct buf *b, const char *format, ...) _printf_(2, 3);
/* Forget the content, keep the memory and clear the error. */
void buf_reset(struct buf *b);
/* The content as a string the caller owns and frees (never NULL unless memory is out); b is empty afterwards. */
char *buf_take(struct buf *b);
