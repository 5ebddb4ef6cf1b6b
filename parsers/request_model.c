/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <endian.h>

#include "parsers/request_model.h"

/* Training and judging walk the same features, so that they cannot drift apart. */

/* Words of one sentence that are looked at: what follows changes no judgement. */
#define REQUEST_WORDS_MAX 80U
/* Sixteenths, so that the root of small numbers keeps its fraction. */
#define ROOT_UNIT 16U

/* Classes of words no table names, told by their shape. The tables use the numbers below these. */
enum { CLASS_NONE, CLASS_NUMBER = 240, CLASS_NAME, CLASS_SHORT, CLASS_END_FIRST, CLASS_COMMA = 254, CLASS_EDGE = 255 };

uint32_t request_hash(const char *s, size_t n) {
        uint32_t h = UINT32_C(2166136261);
        for (size_t i = 0; i < n; i++) {
                unsigned char c = (unsigned char) s[i];
                h = (h ^ (c >= '0' && c <= '9' ? '0' : c)) * UINT32_C(16777619);
        }
        return h;
}

static inline uint32_t mix(uint32_t a, uint32_t b) {
        uint32_t h = (a ^ b) * UINT32_C(2654435761);
        return (h << 13 | h >> 19) + UINT32_C(0x9E3779B9) * (a & 0xFFFF);
}

static inline uint32_t place(uint32_t key, uint32_t mask) {
        return (key * UINT32_C(2654435761)) >> 8 & mask;
}

static uint8_t class_in_table(const struct request_model *model, uint32_t hash) {
        uint32_t i = place(hash, model->classes_mask);
        while (model->classes[i].more && model->classes[i].key != hash)
                i = (i + 1) & model->classes_mask;
        return model->classes[i].key == hash ? model->classes[i].value : (uint8_t) CLASS_NONE;
}

bool request_knows(const struct request_model *model, const char *word, size_t n) {
        return class_in_table(model, request_hash(word, n)) != CLASS_NONE;
}

/* The last four letters of a word that has as many. */
static inline uint32_t last_letters(const struct request_word *w) {
        uint32_t v;
        memcpy(&v, w->s + w->len - sizeof(v), sizeof(v));
        return be32toh(v);
}

static uint8_t class_of(const struct request_model *model, const struct request_word *w, uint32_t hash, bool first) {
        /* The last letters as a number, and which of its bits count: comparing strings would take longer than all the rest. */
#define END_4(a, b, c, d) ((uint32_t) (a) << 24 | (uint32_t) (b) << 16 | (uint32_t) (c) << 8 | (uint32_t) (d))
        static const struct {
                uint32_t end, mask, len;
        } ends[] = {{END_4(0, 'i', 'n', 'g'), 0xFFFFFF, 3}, {END_4(0, 0, 'e', 'd'), 0xFFFF, 2},
                    {END_4(0, 0, 'l', 'y'), 0xFFFF, 2},     {END_4('t', 'i', 'o', 'n'), UINT32_MAX, 4},
                    {END_4(0, 0, 'e', 'z'), 0xFFFF, 2},     {END_4(0, 0, 'e', 'r'), 0xFFFF, 2},
                    {END_4(0, 'o', 'n', 's'), 0xFFFFFF, 3}, {END_4(0, 'e', 'n', 't'), 0xFFFFFF, 3},
                    {END_4(0, 0, 0, 's'), 0xFF, 1}};
#undef END_4
        /* Those of them, a bit each, that end in one letter: most words end in another. */
#define LETTER(c) ((c) &31)
        static const uint16_t in_letter[32] = {
                [LETTER('g')] = 1 << 0, [LETTER('d')] = 1 << 1, [LETTER('y')] = 1 << 2,          [LETTER('n')] = 1 << 3,
                [LETTER('z')] = 1 << 4, [LETTER('r')] = 1 << 5, [LETTER('s')] = 1 << 6 | 1 << 8, [LETTER('t')] = 1 << 7};
        if (w->comma)
                return CLASS_COMMA;
        uint8_t class = class_in_table(model, hash);
        if (class != CLASS_NONE)
                return class;
        if (w->s[0] >= '0' && w->s[0] <= '9')
                return CLASS_NUMBER;
        if (w->upper && !first)
                return CLASS_NAME;
        if (w->len <= 3)
                return CLASS_SHORT;
        /* At least three letters must stand before an end. */
        uint32_t last = last_letters(w);
        for (unsigned bits = in_letter[LETTER(last)]; bits; bits &= bits - 1) {
                unsigned i = (unsigned) __builtin_ctz(bits);
                if ((last & ends[i].mask) == ends[i].end && w->len > ends[i].len + 2U)
                        return (uint8_t) (CLASS_END_FIRST + i);
        }
        return CLASS_NONE;
#undef LETTER
}

struct view {
        uint32_t words[REQUEST_WORDS_MAX + 4]; /* hashes, with two edges before and after */
        uint32_t classes[REQUEST_WORDS_MAX + 4];
        uint64_t seen; /* the classes of the table, a bit each */
        size_t n;
};

static void look(const struct request_model *model, const struct request_sentence *s, struct view *v) {
        bool first = true;
        v->seen = 0;
        v->n = MIN(s->n, (size_t) REQUEST_WORDS_MAX);
        v->words[0] = v->words[1] = 1;
        v->classes[0] = v->classes[1] = CLASS_EDGE;
        for (size_t i = 0; i < v->n; i++) {
                uint32_t h = request_hash(s->words[i].s, s->words[i].len);
                v->words[i + 2] = h;
                v->classes[i + 2] = class_of(model, s->words + i, h, first);
                if (v->classes[i + 2] < REQUEST_CLASSES)
                        v->seen |= UINT64_C(1) << v->classes[i + 2];
                first = false;
        }
        v->words[v->n + 2] = v->words[v->n + 3] = 2 + (unsigned char) s->ending;
        v->classes[v->n + 2] = v->classes[v->n + 3] = CLASS_EDGE + 1U + (unsigned char) s->ending;
}

static uint32_t bucket(size_t n) {
        return n <= 6 ? (uint32_t) n : n <= 9 ? 7 : n <= 13 ? 8 : n <= 18 ? 9 : n <= 25 ? 10 : n <= 40 ? 11 : 12;
}

uint32_t request_pair(uint32_t low, uint32_t high) {
        return mix(low * REQUEST_CLASSES + high, '&');
}

/* One letter for each kind of feature, so that the same words count apart in each. Returns the classes that were seen, a bit each. */
__attribute__((always_inline)) static inline uint64_t
walk(const struct request_model *model, const struct request_sentence *s, request_visit visit, void *userdata) {
        struct view v;
        bool start = true;
        look(model, s, &v);
        const uint32_t *w = v.words + 2, *c = v.classes + 2;
        uint32_t end = 2 + (unsigned char) s->ending;

#define FEATURE(kind, key, at, len) visit(userdata, mix((key), (uint32_t) (kind)), (kind), (size_t) (at), (size_t) (len))
        /* Signed, since the words before the first are looked at: the edges. */
        for (ptrdiff_t i = 0; i < (ptrdiff_t) v.n; i++) {
                uint32_t pair = mix(w[i - 1], w[i]), classes = mix(c[i - 1], c[i]);
                if (c[i] == CLASS_COMMA) {
                        start = true;
                        continue;
                }
                FEATURE('1', w[i], i, 1);
                FEATURE('2', pair, i > 0 ? i - 1 : 0, i > 0 ? 2 : 1);
                FEATURE('p', mix(c[i - 1], w[i]), i, 1);
                FEATURE('n', mix(w[i], c[i + 1]), i, 1);
                FEATURE('c', mix(classes, c[i + 1]), i, 1);
                FEATURE('d', classes, i, 1);
                FEATURE('s', mix(w[i - 2], w[i]), i > 1 ? i - 2 : 0, 3);
                if (start) {
                        /* The first words of a clause, and whether it is the first one. */
                        FEATURE('^', mix(w[i], end), i, 1);
                        FEATURE('<', mix(w[i], w[i + 1]), i, 2);
                        FEATURE('[', mix(c[i], mix(c[i + 1], c[i + 2])), i, 3);
                        FEATURE('{', mix(mix(c[i], c[i + 1]), i == 0), i, 2);
                        FEATURE('(', mix(mix(c[i], end), i == 0), i, 1);
                }
                start = false;
        }
        FEATURE('$', mix(bucket(v.n), 0), 0, 0);
        FEATURE('%', mix(bucket(v.n), end), 0, 0);
        FEATURE('.', end, 0, 0);
        for (uint32_t bits = s->signals; bits; bits &= bits - 1) {
                FEATURE('!', (bits & -bits), 0, 0);
                FEATURE('?', mix(bits & -bits, end), 0, 0);
        }
#undef FEATURE
        return v.seen;
}

void request_features(const struct request_model *model, const struct request_sentence *sentence, request_visit visit,
                      void *userdata) {
        uint64_t seen = walk(model, sentence, visit, userdata);
        /* Which classes stand together in the sentence, in any order. */
        for (uint64_t rest = seen; rest; rest &= rest - 1)
                for (uint64_t other = rest & (rest - 1); other; other &= other - 1)
                        visit(userdata, request_pair((uint32_t) __builtin_ctzll(rest), (uint32_t) __builtin_ctzll(other)),
                              '&', 0, 0);
}

uint32_t request_root(uint32_t n) {
        uint32_t root = 0, x = n * ROOT_UNIT * ROOT_UNIT;
        for (uint32_t bit = UINT32_C(1) << 15; bit; bit >>= 1)
                if ((root + bit) * (root + bit) <= x)
                        root += bit;
        return root;
}

/* Features of one sentence that are looked up: twelve of a word, a few of the whole. */
#define FEATURES_MAX (REQUEST_WORDS_MAX * 12U + 3U + 64U)

/* One that may have a weight. */
struct candidate {
        uint32_t key;
        uint16_t at, len;
};

struct collection {
        const uint32_t *present;      /* of the model */
        struct candidate *candidates; /* FEATURES_MAX */
        uint32_t n, n_candidates;
};

/* Most features have no weight: one bit tells, without a visit to the table. Which have one, no processor can guess, so nothing branches
 * on it here. */
static inline void add(void *userdata, uint32_t key, char kind, size_t at, size_t len) {
        struct collection *c = userdata;
        (void) kind;
        c->n++;
        c->candidates[c->n_candidates] = (struct candidate){key, (uint16_t) at, (uint16_t) len};
        c->n_candidates += c->present[REQUEST_BIT(key) / 32] >> REQUEST_BIT(key) % 32 & 1;
}

/* Features of a sentence that may have a weight; *ret_n of all of them, *ret_seen its classes, whose pairs are to come. */
static uint32_t collect(const struct request_model *model, const struct request_sentence *sentence,
                        struct candidate candidates[static FEATURES_MAX + 1], uint32_t *ret_n, uint64_t *ret_seen) {
        struct collection c = {.present = model->present, .candidates = candidates};
        *ret_seen = walk(model, sentence, add, &c);
        *ret_n = c.n;
        return c.n_candidates;
}

/* The sum of all weights, and the words of the one that weighs most (len 0: none weighs for it). */
static int32_t weigh(const struct request_model *m, const struct candidate *candidates, uint32_t n, size_t *ret_at,
                     size_t *ret_len) {
        int32_t score = 0, best = 0;
        for (uint32_t k = 0; k < n; k++) {
                const struct candidate *c = candidates + k;
                uint32_t i = place(c->key, m->weights_mask);
                while (m->weights[i].more && m->weights[i].key != c->key)
                        i = (i + 1) & m->weights_mask;
                int32_t weight = m->weights[i].key == c->key ? m->weights[i].weight : 0;
                score += weight;
                if (c->len > 0 && weight > best) {
                        best = weight;
                        *ret_at = c->at;
                        *ret_len = c->len;
                }
        }
        return score;
}

/* The sum of the weights of all pairs of classes; *n counts them. */
static int32_t weigh_pairs(const struct request_model *m, uint64_t seen, uint32_t *n) {
        uint8_t classes[REQUEST_CLASSES];
        uint32_t count = 0;
        int32_t score = 0;
        for (; seen; seen &= seen - 1)
                classes[count++] = (uint8_t) __builtin_ctzll(seen);
        for (uint32_t i = 0; i < count; i++)
                for (uint32_t k = i + 1; k < count; k++)
                        score += m->pairs[classes[i] * REQUEST_CLASSES + classes[k]];
        *n += count * (count - (count > 0)) / 2;
        return score;
}

int32_t request_score(const struct request_model *model, const struct request_sentence *sentence, size_t *ret_at,
                      size_t *ret_len) {
        /* One more than there can be: each is written before it is known to count. Not cleared, which would cost as much as a short
         * sentence. */
        struct candidate candidates[FEATURES_MAX + 1];
        uint64_t seen;
        uint32_t n_all;
        *ret_at = *ret_len = 0;
        if (sentence->signals & REQUEST_SIGNAL_SILENT)
                return -1;
        uint32_t n = collect(model, sentence, candidates, &n_all, &seen);
        int32_t score = weigh(model, candidates, n, ret_at, ret_len) + weigh_pairs(model, seen, &n_all);
        int64_t scaled = (int64_t) score * ROOT_UNIT / request_root(n_all) + model->bias;
        return (int32_t) (scaled * 1000 / model->one);
}
