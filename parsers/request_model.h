/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Private to reading.c and to the training program: a linear model over the words of one sentence that tells whether the
 * reader is asked for something. Integers only, so that the same text gives the same answer everywhere. */

#include "parsers/base.h"

/* Folded words as reading.c cuts them; a break inside the sentence is an item of its own. */
struct request_word {
        const char *s; /* borrowed, not terminated */
        uint32_t len;
        bool comma;
        bool upper; /* written with a capital */
};

struct request_sentence {
        const struct request_word *words; /* borrowed */
        size_t n;
        char ending;      /* '?', '!', '.' or 0 */
        uint32_t signals; /* what the rules found: enum phrase_class and these */
};

#define REQUEST_SIGNAL_SILENT (UINT32_C(1) << 28) /* a courtesy or a cancellation: asks nothing, whatever its words weigh */
#define REQUEST_SIGNAL_CLOCK (UINT32_C(1) << 29)
#define REQUEST_SIGNAL_QUESTION (UINT32_C(1) << 30)
#define REQUEST_SIGNAL_RULE (UINT32_C(1) << 31)

/* Open-addressed tables over 32-bit hashes, sizes a power of two, at most half full. A key of 0 is an empty place. What is not where it
 * belongs stands further on, if `more`: most searches end at the first place, whatever is found there. */
struct request_weight {
        uint32_t key;
        int16_t weight;
        bool more;
};

struct request_class {
        uint32_t key;
        uint8_t value;
        bool more;
};

/* One bit for each hash of a weight, small enough to stay near. */
#define REQUEST_BITS 65536U
#define REQUEST_BIT(key) (((key) ^ (key) >> 16) % REQUEST_BITS)

/* Classes of words that a table may have. */
#define REQUEST_CLASSES 64U

struct request_model {
        const struct request_weight *weights;
        const uint32_t *present; /* REQUEST_BITS bits */
        const struct request_class *classes;
        const int16_t
                *pairs; /* of two classes, the lower one times REQUEST_CLASSES and the other: the weight of request_pair() */
        uint32_t weights_mask, classes_mask;
        int32_t bias, one; /* added to every sentence; what a sentence at the margin of training reaches */
};

extern const struct request_model request_model_en, request_model_fr;

/* Features of a sentence, each a hash and the words it was made of (len 0: none in particular). */
typedef void (*request_visit)(void *userdata, uint32_t key, char kind, size_t at, size_t len);
void request_features(const struct request_model *model, const struct request_sentence *sentence, request_visit visit,
                      void *userdata);

/* The hash of the feature that two classes stand in one sentence, the lower one first. */
uint32_t request_pair(uint32_t low, uint32_t high) _pure_;

/* In thousandths of the margin of training; above 0: the reader is asked for something. *ret_at and *ret_len are the words that weighed most for it (len 0: none). */
int32_t request_score(const struct request_model *model, const struct request_sentence *sentence, size_t *ret_at,
                      size_t *ret_len);

/* Is it a word of the model's classes? For telling the language of a text too short for more. */
bool request_knows(const struct request_model *model, const char *word, size_t n) _pure_;

/* FNV-1a with all digits alike: "10:30" and "11:45" are one word. */
uint32_t request_hash(const char *s, size_t n) _pure_;
/* The root of a number of features in sixteenths: what both training and judging divide by. */
uint32_t request_root(uint32_t n) _pure_;

/* The sentences of a text as the model sees them, for training and measuring. 0, -ENOMEM. */
typedef void (*request_visit_sentence)(void *userdata, const struct request_sentence *sentence);
struct phrase_index;
int text_request_sentences(const struct phrase_index *index, const char *text, const char *language,
                           request_visit_sentence visit, void *userdata) _must_check_;
