/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* An arena owns everything allocated from it and frees it at once. One observation, one YAML file, one rule set: one
 * arena each. It has a ceiling, so that no input can make it grow without bound. */

#include "parsers/base.h"

struct arena;

/* Create an arena that holds at most `limit` bytes in total (0: no ceiling, for trusted input only).
 * Returns 0 or -ENOMEM; the caller owns *ret and ends it with arena_free(). */
int arena_new(size_t limit, struct arena **ret) _must_check_;
/* Accepts NULL; always returns NULL. */
struct arena *arena_free(struct arena *arena);
static inline void arena_freep(struct arena **a) {
        arena_free(*a);
}
#define _cleanup_arena_ _cleanup_(arena_freep)

/* Forget every allocation but keep the memory for the next use. */
void arena_reset(struct arena *arena);
/* Bytes handed out since the last reset. */
size_t arena_used(const struct arena *arena);

/* Zeroed memory, aligned for any type; NULL when memory or the ceiling is reached (the caller returns -ENOMEM). */
void *arena_alloc(struct arena *arena, size_t size);
#define arena_new0(arena, type, n) ((type *) arena_alloc_array(arena, (n), sizeof(type)))
void *arena_alloc_array(struct arena *arena, size_t n, size_t size);
/* Copies; the result is NUL-terminated. NULL in, NULL out. */
char *arena_strdup(struct arena *arena, const char *s);
char *arena_strndup(struct arena *arena, const char *s, size_t n);
char *arena_printf(struct arena *arena, const char *format, ...) _printf_(2, 3);
