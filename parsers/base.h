/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The few words every layer speaks: attributes, ownership, and an instant. Nothing here does I/O. */

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _printf_(a, b) __attribute__((format(printf, a, b)))
#define _pure_ __attribute__((pure))
#define _must_check_ __attribute__((warn_unused_result))
#define _unused_ __attribute__((unused))

#define ELEMENTSOF(x) (sizeof(x) / sizeof((x)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* An instant: seconds since 1970-01-01T00:00:00Z, negative before. Mail and calendars have no finer grain. */
typedef int64_t instant;
#define INSTANT_UNKNOWN INT64_MIN

/* What may be written in four digits of year: 0001-01-01 to 9999-12-31. Parsers refuse anything outside. */
#define INSTANT_MIN INT64_C(-62135596800)
#define INSTANT_MAX INT64_C(253402300799)

/* Give up ownership: the variable becomes NULL and the caller gets the value. */
#define TAKE_PTR(p)                        \
        ({                                 \
                __typeof__(p) *_pp = &(p); \
                __typeof__(p) _v = *_pp;   \
                *_pp = NULL;               \
                _v;                        \
        })

static inline void freep(void *p) {
        free(*(void **) p);
}
#define _cleanup_free_ _cleanup_(freep)

static inline bool str_eq(const char *a, const char *b) {
        return a == b || (a && b && strcmp(a, b) == 0);
}

static inline bool str_empty(const char *s) {
        return !s || !*s;
}

static inline char ascii_lower(char c) {
        return c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
}

/* Of a hexadecimal digit; -1: it is none. */
static inline int hex_value(char c) {
        c = ascii_lower(c);
        return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Behind blanks of one line. */
static inline const char *skip_blanks(const char *s) {
        while (*s == ' ' || *s == '\t')
                s++;
        return s;
}

/* Whatever the case: names of files and zones are compared by people. */
static inline bool str_ends_with(const char *s, const char *end) {
        size_t n = strlen(s), m = strlen(end);
        return n >= m && strcasecmp(s + n - m, end) == 0;
}
