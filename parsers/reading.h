/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Private to reading.c, acts.c and deadline.c: a text cut into words and sentences. */

#include "parsers/base.h"

struct word {
        uint32_t folded, at, end; /* in the folded text; in the source, and where it ends there */
        uint32_t key;             /* its first four letters; zeros stand for those after a shorter one */
        uint16_t len;             /* of the folded form */
        uint16_t beginning;       /* number of the key when phrases or patterns begin with it; 0: none do */
        uint8_t bit;              /* of the key: see reading_bit() */
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
        size_t n_counted; /* words without breaks and elided ones */
        size_t words_allocated, sentences_allocated, marks_allocated;
        bool late_verb, no_memory;
};

/* Numbers for the keys with which phrases and patterns begin, so that both find theirs without a search. */
#define BEGINNINGS_MAX 2048U
/* Of a number: a key that belongs there stands in a place further on. */
#define BEGINNING_MORE 0x8000U

struct beginnings {
        uint32_t keys[2 * BEGINNINGS_MAX]; /* by hash; 0: an empty place */
        uint16_t numbers[2 * BEGINNINGS_MAX];
        uint16_t n; /* the highest number */
};

static inline size_t beginning_place(uint32_t key) {
        return key * UINT32_C(2654435761) >> 20; /* Knuth's multiplicative hash; the top 12 bits */
}
_Static_assert(2 * BEGINNINGS_MAX == 1U << 12, "as many places as the hash has values");

/* The number of a key, 0 when it has none. Whether a word has one no processor can guess, so hardly anything branches on it. */
static inline uint16_t beginning_find(const struct beginnings *b, uint32_t key) {
        size_t i = beginning_place(key);
        while (b->numbers[i] & BEGINNING_MORE && b->keys[i] != key)
                i = (i + 1) % (2 * BEGINNINGS_MAX);
        return b->keys[i] == key ? b->numbers[i] % BEGINNING_MORE : 0;
}

/* The number of a key, which is given one when it has none; -E2BIG when there are none left. */
int beginning_add(struct beginnings *b, uint32_t key) _must_check_;

/* The languages that have tables. A text too short to tell its language is read with all of them. */
enum { FR, EN, DE, NL, ES, IT, TABLES };

/* One of 64 bits for the first letters of a word, so that a set of words can be asked whether it may hold this one. */
static inline uint8_t reading_bit_number(uint32_t key) {
        return (uint8_t) (key * UINT32_C(2654435761) >> 26);
}

static inline uint64_t reading_bit(uint32_t key) {
        return UINT64_C(1) << reading_bit_number(key);
}

static inline uint64_t word_bit(const struct reading *r, size_t i) {
        return UINT64_C(1) << r->words[i].bit;
}

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
