/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What is wrong in the owner's files: collected, all of a run, never printed here. */

#include "parsers/base.h"

enum diagnostic_level { DIAGNOSTIC_ERROR, DIAGNOSTIC_WARNING };

struct diagnostic {
        enum diagnostic_level level;
        const char *file;      /* as the owner named it; owned by the list */
        uint32_t line, column; /* from 1, columns in characters; 0 when the whole file is meant */
        uint32_t length;       /* characters to underline, at least 1 */
        const char *code;      /* static: "unknown-key" ...; the man page lists them */
        char *text;            /* owned */
        char *hint;            /* "did you mean ...", "allowed: ...": owned, may be NULL */
};

struct diagnostics {
        struct diagnostic *items; /* owned, in the order found */
        size_t n, errors;
        size_t allocated;
        int error; /* sticky -ENOMEM */
};

void diagnostics_free(struct diagnostics *d);
#define _cleanup_diagnostics_ _cleanup_(diagnostics_free)
/* hint may be NULL. */
void diagnostics_add(struct diagnostics *d, enum diagnostic_level level, const char *file, uint32_t line, uint32_t column,
                     uint32_t length, const char *code, const char *hint, const char *format, ...) _printf_(9, 10);
/* Sorts by file, line, column. */
void diagnostics_sort(struct diagnostics *d);
/* Nearest of `names` (NULL-terminated) to a mistyped word by edit distance, NULL when none is near enough. */
const char *suggest(const char *word, const char *const *names);
