/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Private to reading.c, acts.c and deadline.c: what the writer does with a sentence besides asking (reminds, thanks, sets a boundary,
 * proposes, decides), and until when something is wanted. Told by patterns over the folded words, one table for each language.
 *
 * A pattern is items joined by one blank:
 *   word          that word; "a|b" either; "ab*" a word that begins so (not within its first four letters); "#" a word that
 *                 begins with a digit; "," a break inside the sentence
 *   ?item         the same, or nothing
 *   !item         the next word is not that one
 *   ..            up to ACT_GAP_MAX words of the same clause
 * It begins with an item that must be there and is no "#". */

#include "parsers/observation.h"
#include "parsers/reading.h"
#include "parsers/text.h"

#define ACT_GAP_MAX 6U

/* What a pattern tells, beyond enum act_kind. */
enum act_sign {
        ACT_COVER = _ACT_MAX, /* hides what begins inside it and is not longer: "thanks in advance" */
        ACT_IF,               /* a condition: nothing is decided */
        ACT_REPORT,           /* somebody else's words, or a guess */
        ACT_BY,               /* before a time until which something is wanted, that day included */
        ACT_BEFORE,           /* that day not included */
        ACT_WITHIN,           /* before a span of time */
        ACT_FOR,              /* as ACT_BY, where it is not said of a meeting */
        ACT_LATEST,           /* after such a time */
        ACT_EOD,              /* such a time itself: today */
        ACT_EOW,              /* this week */
        ACT_EOM,              /* this month */
        ACT_PAST,             /* was due or promised: what follows is no deadline */
        _ACT_SIGN_MAX,
};

#define ACT_SIGN 63U        /* the part of `does` that is an enum act_kind or act_sign */
#define ACT_START (1U << 6) /* at the start of a clause */
#define ACT_END (1U << 7)   /* up to its end, but for a name */
#define ACT_ASKS (1U << 8)  /* in a question too */
#define ACT_ASKED (1U << 9) /* in a question only */
#define ACT_BARE (1U << 10) /* too little to count beside other text */
#define ACT_WHOLE (ACT_START | ACT_END)

struct act_pattern {
        const char *text;
        uint32_t does;
};

struct act_table {
        const struct act_pattern *items;
        size_t n;
};

extern const struct act_table acts_fr, acts_en, acts_de, acts_nl;
/* By FR ... NL of reading.h; NULL where a language has none. */
extern const struct act_table *const act_tables[TABLES];

struct act_mark {
        uint32_t at, end; /* words */
        uint32_t does;
        uint32_t table; /* what silences a claim is of its language */
};

/* Patterns that may be found in one sentence; what is beyond is not looked at. */
#define ACT_MARKS_MAX 48U

struct act_sentence {
        struct act_mark marks[ACT_MARKS_MAX];
        size_t n_marks;
        /* One for each kind, where it was found. */
        struct {
                uint32_t at;
                bool found, bare;
        } kinds[_ACT_MAX];
};

struct act_index;
/* Gives the first words of the patterns a number among the beginnings. 0, -ENOMEM, -E2BIG. */
int act_index_new(struct beginnings *beginnings, struct act_index **ret) _must_check_;
struct act_index *act_index_free(struct act_index *index);

/* What sentence k does, by the tables of `wanted` (bits by FR ... NL). */
void acts_read(const struct act_index *index, const struct reading *r, size_t k, unsigned wanted, struct act_sentence *ret);

/* --- deadlines --- */

/* The time that sentence k wants something by, and the word where it begins; either_order: "03/04" may be of March or April. False: none, or
 * one that can be read in two ways. */
bool deadline_find(const struct reading *r, size_t k, bool either_order, const struct act_sentence *acts,
                   struct deadline *ret, size_t *ret_at);
