/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include "rules/diagnostic.h"

#include <stdarg.h>
#include <stdio.h>

/* A generated or binary file can be wrong in every line; nobody reads more than this, and memory stays bounded. What is
 * beyond is counted in `errors` all the same, so a wrong file is never taken for a right one. */
#define DIAGNOSTICS_MAX 1000U
/* Words longer than this are not typing slips of a key. */
#define SUGGEST_LENGTH_MAX 63U

void diagnostics_free(struct diagnostics *d) {
        for (size_t i = 0; i < d->n; i++) {
                free((char *) d->items[i].file);
                free(d->items[i].text);
                free(d->items[i].hint);
        }
        free(d->items);
        *d = (struct diagnostics){0};
}

static int diagnostics_reserve(struct diagnostics *d) {
        if (d->n < d->allocated)
                return 0;
        size_t room = d->allocated ? d->allocated * 2 : 16;
        struct diagnostic *p = reallocarray(d->items, room, sizeof(*p));
        if (!p)
                return -ENOMEM;
        d->items = p;
        d->allocated = room;
        return 0;
}

void diagnostics_add(struct diagnostics *d, enum diagnostic_level level, const char *file, uint32_t line, uint32_t column,
                     uint32_t length, const char *code, const char *hint, const char *format, ...) {
        if (level == DIAGNOSTIC_ERROR)
                d->errors++;
        if (d->n >= DIAGNOSTICS_MAX)
                return;

        char *text = NULL;
        va_list ap;
        va_start(ap, format);
        int n = vasprintf(&text, format, ap);
        va_end(ap);
        _cleanup_free_ char *owned_text = n < 0 ? NULL : text;
        _cleanup_free_ char *owned_file = strdup(file ? file : "");
        _cleanup_free_ char *owned_hint = hint ? strdup(hint) : NULL;
        if (!owned_text || !owned_file || (hint && !owned_hint) || diagnostics_reserve(d) < 0) {
                d->error = -ENOMEM;
                return;
        }
        d->items[d->n++] = (struct diagnostic){
                .level = level,
                .file = TAKE_PTR(owned_file),
                .line = line,
                .column = column,
                .length = MAX(length, 1U),
                .code = code,
                .text = TAKE_PTR(owned_text),
                .hint = TAKE_PTR(owned_hint),
        };
}

static bool diagnostic_after(const struct diagnostic *a, const struct diagnostic *b) {
        int r = strcmp(a->file, b->file);
        if (r != 0)
                return r > 0;
        if (a->line != b->line)
                return a->line > b->line;
        return a->column > b->column;
}

/* An insertion sort: stable, which qsort() is not, and the list is short and mostly in order already. */
void diagnostics_sort(struct diagnostics *d) {
        for (size_t i = 1; i < d->n; i++) {
                struct diagnostic item = d->items[i];
                size_t at = i;
                for (; at > 0 && diagnostic_after(&d->items[at - 1], &item); at--)
                        d->items[at] = d->items[at - 1];
                d->items[at] = item;
        }
}

/* Case and the choice between "-", "_" and a blank are not what tells two keys apart. */
static char suggest_fold(char c) {
        if (c >= 'A' && c <= 'Z')
                return (char) (c - 'A' + 'a');
        return c == '-' || c == ' ' ? '_' : c;
}

/* Insertions, deletions, replacements and swaps of neighbours (optimal string alignment), over three rows. */
static unsigned edit_distance(const char *a, size_t na, const char *b, size_t nb) {
        unsigned rows[3][SUGGEST_LENGTH_MAX + 1];
        unsigned *before = rows[0], *last = rows[1], *row = rows[2];
        for (size_t j = 0; j <= nb; j++)
                last[j] = (unsigned) j;
        memset(rows[0], 0, sizeof(rows[0]));
        for (size_t i = 1; i <= na; i++) {
                row[0] = (unsigned) i;
                for (size_t j = 1; j <= nb; j++) {
                        char ca = suggest_fold(a[i - 1]), cb = suggest_fold(b[j - 1]);
                        unsigned best = MIN(last[j], row[j - 1]) + 1;
                        best = MIN(best, last[j - 1] + (ca != cb));
                        if (i > 1 && j > 1 && ca == suggest_fold(b[j - 2]) && suggest_fold(a[i - 2]) == cb)
                                best = MIN(best, before[j - 2] + 1);
                        row[j] = best;
                }
                unsigned *spare = before;
                before = last;
                last = row;
                row = spare;
        }
        return last[nb];
}

const char *suggest(const char *word, const char *const *names) {
        size_t n = strlen(word);
        if (n == 0 || n > SUGGEST_LENGTH_MAX)
                return NULL;

        const char *best = NULL;
        unsigned best_distance = 0;
        for (; *names; names++) {
                size_t length = strlen(*names);
                if (length == 0 || length > SUGGEST_LENGTH_MAX)
                        continue;
                unsigned distance = edit_distance(word, n, *names, length);
                /* One slip in three letters; a word of which nothing is left is another word. */
                unsigned allowed = (unsigned) MAX(n, length) / 3;
                allowed = MAX(allowed, 1U);
                if (distance > allowed || distance >= MIN(n, length))
                        continue;
                if (!best || distance < best_distance) {
                        best = *names;
                        best_distance = distance;
                }
        }
        return best;
}
