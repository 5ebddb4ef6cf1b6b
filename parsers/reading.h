/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Private to reading.c, acts.c and deadline.c: a text cut into words and sentences. */

#include "parsers/base.h"

struct word {
        uint32_t folded, at, end; /* in the folded text; in the source, and where it ends there */
        uint32_t key;             /* its first four letters; zeros stand for those after a shorter one */
        uint16_t len;             /* of the folded form */
        bool comma, clock;        /* a break inside the sentence, not a word; a time of day */
};

struct mark {
        uint32_t at, len; /* in words */
        uint32_t classes;
};

struct sentence {
        uint32_t first, last; /* words, last excluded */
        uint32_t first_mark, last_mark;
        uint32_t end;     /* in the source */
        char ending;      /* '?', '!', '.' or 0 */
        uint32_t classes; /* of all marks in it */
        bool clock;
};

struct reading {
        const char *text;
        char *folded; /* owned */
        struct word *words;
        struct sentence *sentences;
        struct mark *marks;
        size_t n_folded, n_words, n_sentences, n_marks;
        size_t words_allocated, sentences_allocated, marks_allocated;
        bool late_verb, no_memory;
};

/* The languages that have tables. A text too short to tell its language is read with all of them. */
enum { FR, EN, DE, NL, ES, IT, TABLES };

/* The folded word; neighbours follow after one blank, so that a phrase can be compared in one go. */
static inline const char *word_text(const struct reading *r, size_t i) {
        return r->folded + r->words[i].folded;
}

static inline bool word_is(const struct reading *r, size_t i, const char *word) {
        const char *s = word_text(r, i);
        if (*s != *word)
                return false;
        size_t n = strlen(word);
        return r->words[i].len == n && memcmp(s, word, n) == 0;
}

static inline bool word_in(const struct reading *r, size_t i, const char *const *list, size_t n) {
        for (size_t k = 0; k < n; k++)
                if (word_is(r, i, list[k]))
                        return true;
        return false;
}

/* The first word after the clause in which word i stands, at most `last`. */
static inline size_t reading_clause_end(const struct reading *r, size_t i, size_t last) {
        while (i < last && !r->words[i].comma)
                i++;
        return i;
}
