/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Lists of words and phrases, all of a rule set found in one walk over a text, however many there are: an automaton after Aho and Corasick
 * (Communications of the ACM 18, 1975), so the time is that of the text. Inside rules/ only. */

#include "parsers/arena.h"
#include "parsers/base.h"

/* A phrase longer than this is no phrase. */
#define PHRASE_MAX 200U
/* Lists of one rule set: what was found in a text is kept as a bit for each. */
#define LISTS_MAX 512U

/* Languages a phrase can be meant for, a bit each; those of text_language(). */
enum { WORD_LANGUAGES = 6 };
#define WORDS_OF_ANY_LANGUAGE UINT8_MAX
/* The bit of "fr", "en" ...; 0 for a name that is none of them. */
uint8_t word_language(const char *name) _pure_;

struct phrase {
        const char *folded; /* as utf8_fold() makes it, blanks single */
        bool open_end;      /* written with a '*' at its end: the last word may go on */
        uint8_t languages;  /* of the messages it is looked for in */
        const char *file;   /* where it stands */
        unsigned line, column, length;
};

struct word_lists;
struct word_list {
        const char *name;
        uint32_t index;
        struct phrase *phrases;
        size_t n;
        const struct word_lists *all; /* once made */
};

/* The automaton of all lists, in the arena. The lists must live as long; their `all` is set. 0, -ENOMEM. */
int word_lists_new(struct word_list *lists, size_t n, struct arena *arena, const struct word_lists **ret) _must_check_;

/* A phrase of a list stands in the text, between word boundaries: "con" is not in "confirm". */
typedef void (*word_found)(uint32_t list, uint32_t phrase, void *userdata);
/* text: folded, blanks single. language: "fr" ...; NULL, unknown: phrases of every language are looked for. */
void word_lists_find(const struct word_lists *all, const char *text, size_t size, const char *language, word_found found,
                     void *userdata);

/* Is the byte one of a word? For phrases that begin or end otherwise no boundary is asked for. */
static inline bool word_byte(char c) {
        unsigned char u = (unsigned char) c;
        return u >= 0x80 || (u >= '0' && u <= '9') || (u >= 'a' && u <= 'z') || (u >= 'A' && u <= 'Z');
}
