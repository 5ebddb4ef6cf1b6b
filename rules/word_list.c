/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/word_list.h"

/* A state is a beginning of some phrase. Its `fail` is the longest proper end of it that is a beginning too. */
struct state {
        uint32_t fail;
        uint32_t outputs; /* the first of the phrases that end here, + 1 */
        uint32_t shorter; /* the next state on the way of `fail` where some phrase ends */
};

struct output {
        uint32_t list, phrase, next;
        uint16_t size;
        bool open_end;
        uint8_t languages;
};

struct word_lists {
        struct state *states;
        struct output *outputs;
        uint32_t *keys; /* open-addressed: state << 8 | byte, + 1 */
        uint32_t *targets;
        uint32_t n_states, n_outputs, mask;
};

/* States are numbered in 24 bits, so that an edge is one number. */
#define STATES_MAX (UINT32_C(1) << 24)

uint8_t word_language(const char *name) {
        static const char *const names[WORD_LANGUAGES] = {"fr", "en", "de", "nl", "es", "it"};
        for (unsigned i = 0; i < WORD_LANGUAGES && name; i++)
                if (str_eq(names[i], name))
                        return (uint8_t) (1U << i);
        return 0;
}

/* Where the edge is, or the empty place where it belongs. */
static uint32_t edge_place(const struct word_lists *w, uint32_t key) {
        uint32_t i = (key * UINT32_C(2654435761)) >> 7 & w->mask;
        while (w->keys[i] != 0 && w->keys[i] != key)
                i = (i + 1) & w->mask;
        return i;
}

static uint32_t edge_key(uint32_t state, char byte) {
        return (state << 8 | (unsigned char) byte) + 1;
}

/* 0: there is none; nothing leads back to the start. */
static uint32_t edge(const struct word_lists *w, uint32_t state, char byte) {
        return w->targets[edge_place(w, edge_key(state, byte))];
}

static void add_phrase(struct word_lists *w, const struct word_list *list, uint32_t phrase, uint32_t *parents, char *bytes) {
        const struct phrase *p = &list->phrases[phrase];
        uint32_t state = 0;
        for (const char *s = p->folded; *s; s++) {
                uint32_t i = edge_place(w, edge_key(state, *s));
                if (w->keys[i] == 0) {
                        w->keys[i] = edge_key(state, *s);
                        w->targets[i] = w->n_states;
                        parents[w->n_states] = state;
                        bytes[w->n_states] = *s;
                        w->n_states++;
                }
                state = w->targets[i];
        }
        w->outputs[w->n_outputs] = (struct output){.list = list->index,
                                                   .phrase = phrase,
                                                   .next = w->states[state].outputs,
                                                   .size = (uint16_t) strlen(p->folded),
                                                   .open_end = p->open_end,
                                                   .languages = p->languages};
        w->states[state].outputs = ++w->n_outputs;
}

/* The states by depth: a fail is always shallower, so it is known before it is asked for. */
static void order_by_depth(const struct word_lists *w, const uint32_t *parents, uint32_t *depths, uint32_t *order) {
        uint32_t starts[PHRASE_MAX * 2 + 2] = {0};
        for (uint32_t i = 1; i < w->n_states; i++) { /* a parent has the smaller number */
                depths[i] = depths[parents[i]] + 1;
                starts[depths[i] + 1]++;
        }
        for (size_t d = 1; d < ELEMENTSOF(starts); d++)
                starts[d] += starts[d - 1];
        for (uint32_t i = 1; i < w->n_states; i++)
                order[starts[depths[i]]++] = i;
}

static void find_fails(struct word_lists *w, const uint32_t *parents, const char *bytes, const uint32_t *order) {
        for (uint32_t k = 0; k + 1 < w->n_states; k++) {
                uint32_t i = order[k], f = parents[i];
                uint32_t target = 0;
                while (f != 0 && target == 0) {
                        f = w->states[f].fail;
                        target = edge(w, f, bytes[i]);
                }
                struct state *s = &w->states[i];
                s->fail = target;
                s->shorter = w->states[s->fail].outputs ? s->fail : w->states[s->fail].shorter;
        }
}

static int build(struct word_lists *w, const struct word_list *lists, size_t n, size_t room) {
        _cleanup_free_ uint32_t *parents = calloc(room, sizeof(*parents)), *depths = calloc(room, sizeof(*depths)),
                                *order = calloc(room, sizeof(*order));
        _cleanup_free_ char *bytes = malloc(room);
        if (!parents || !depths || !order || !bytes)
                return -ENOMEM;
        w->n_states = 1;
        for (size_t i = 0; i < n; i++)
                for (uint32_t k = 0; k < lists[i].n; k++)
                        add_phrase(w, &lists[i], k, parents, bytes);
        order_by_depth(w, parents, depths, order);
        find_fails(w, parents, bytes, order);
        return 0;
}

int word_lists_new(struct word_list *lists, size_t n, struct arena *arena, const struct word_lists **ret) {
        struct word_lists *w = arena_new0(arena, struct word_lists, 1);
        size_t states = 1, phrases = 0, places = 8;
        for (size_t i = 0; i < n; i++) {
                phrases += lists[i].n;
                for (size_t k = 0; k < lists[i].n; k++)
                        states += strlen(lists[i].phrases[k].folded);
        }
        if (states > STATES_MAX)
                return -ENOMEM;
        while (places < 2 * states)
                places *= 2;
        if (w) {
                w->states = arena_new0(arena, struct state, states);
                w->outputs = arena_new0(arena, struct output, phrases + 1);
                w->keys = arena_new0(arena, uint32_t, places);
                w->targets = arena_new0(arena, uint32_t, places);
                w->mask = (uint32_t) places - 1;
        }
        if (!w || !w->states || !w->outputs || !w->keys || !w->targets)
                return -ENOMEM;
        int r = build(w, lists, n, states);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n; i++)
                lists[i].all = w;
        *ret = w;
        return 0;
}

static bool stands_alone(const struct output *o, const char *text, size_t size, size_t end) {
        size_t start = end - o->size;
        bool before = start == 0 || !word_byte(text[start - 1]) || !word_byte(text[start]);
        bool after = end == size || o->open_end || !word_byte(text[end]) || !word_byte(text[end - 1]);
        return before && after;
}

void word_lists_find(const struct word_lists *w, const char *text, size_t size, const char *language, word_found found,
                     void *userdata) {
        uint8_t known = word_language(language), wanted = known ? known : WORDS_OF_ANY_LANGUAGE;
        uint32_t state = 0;
        for (size_t i = 0; i < size; i++) {
                uint32_t next;
                while ((next = edge(w, state, text[i])) == 0 && state != 0)
                        state = w->states[state].fail;
                state = next;
                /* At most as many as a phrase has letters. */
                for (uint32_t s = w->states[state].outputs ? state : w->states[state].shorter; s; s = w->states[s].shorter)
                        for (uint32_t k = w->states[s].outputs; k; k = w->outputs[k - 1].next) {
                                const struct output *o = &w->outputs[k - 1];
                                if ((o->languages & wanted) && stands_alone(o, text, size, i + 1))
                                        found(o->list, o->phrase, userdata);
                        }
        }
}
