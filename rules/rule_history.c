/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/rule_history.h"

#include "rules/ruleset_internal.h"

#define BIT(x) (1U << (x))
/* Fewer facts, or messages, say nothing about a condition, or a word. */
#define HISTORY_FACTS_MIN 10U
/* Words of one list that are named; of more only the number is told. */
#define WORDS_TOLD_MAX 10U
/* Columns of a diagnostic's day count. */
#define DAY INT64_C(86400)

/* One comparison of one step. */
struct leaf {
        const struct rule *rule;
        const struct condition *condition;
        const struct rule_step *step;
        uint64_t tested, held, present; /* present: the fact had the field */
};

struct watched_exception {
        const struct rule *rule;
        const struct rule_exception *exception;
        bool used;
};

struct rule_history {
        const struct ruleset *rs;
        struct leaf *leaves; /* owned */
        size_t n_leaves, room;
        uint32_t *open[_FACT_TYPE_MAX]; /* owned: leaves still to be asked about facts of a type */
        size_t n_open[_FACT_TYPE_MAX];
        struct watched_exception *exceptions; /* owned */
        size_t n_exceptions, open_exceptions; /* those not used come first */
        bool **words;                         /* owned: of each list, of each phrase: was it found? */
        struct condition_scratch scratch;
        char *folded; /* owned */
        size_t folded_room;
        uint64_t facts[_FACT_TYPE_MAX], messages, all;
        instant first, last;
        int error;
};

static bool own(const struct rule *r) {
        return r->id && !r->pack && (r->global.mode != MODE_OFF || r->by_client);
}

/* --- what there is to watch */

static void add_leaf(struct rule_history *h, const struct rule *r, const struct rule_step *step, const struct condition *c) {
        if (h->n_leaves == h->room) {
                size_t room = h->room ? 2 * h->room : 32;
                struct leaf *p = reallocarray(h->leaves, room, sizeof(*p));
                if (!p) {
                        h->error = -ENOMEM;
                        return;
                }
                h->leaves = p;
                h->room = room;
        }
        h->leaves[h->n_leaves++] = (struct leaf){.rule = r, .condition = c, .step = step};
}

/* Recursion follows the nesting of a rule file, which yaml.c bounds by YAML_DEPTH_MAX. */
static void add_leaves(struct rule_history *h, const struct rule *r, const struct rule_step *step,
                       const struct condition *c) {
        for (; c; c = c->next)
                if (c->kind == CONDITION_COMPARE)
                        add_leaf(h, r, step, c);
                else
                        add_leaves(h, r, step, c->child);
}

static int open_leaves(struct rule_history *h) {
        for (int t = 0; t < FACT_RULE; t++) {
                h->open[t] = calloc(h->n_leaves + 1, sizeof(**h->open));
                if (!h->open[t])
                        return -ENOMEM;
                for (uint32_t i = 0; i < h->n_leaves; i++)
                        if (h->leaves[i].step->types & BIT(t))
                                h->open[t][h->n_open[t]++] = i;
        }
        return 0;
}

static int watch_exceptions(struct rule_history *h) {
        size_t n = 0;
        for (size_t i = 0; i < h->rs->n; i++)
                n += h->rs->rules[i].n_exceptions;
        h->exceptions = calloc(n + 1, sizeof(*h->exceptions));
        if (!h->exceptions)
                return -ENOMEM;
        for (size_t i = 0; i < h->rs->n; i++)
                for (size_t k = 0; k < h->rs->rules[i].n_exceptions; k++)
                        h->exceptions[h->n_exceptions++] =
                                (struct watched_exception){&h->rs->rules[i], &h->rs->rules[i].exceptions[k], false};
        h->open_exceptions = h->n_exceptions;
        return 0;
}

static int watch_words(struct rule_history *h) {
        h->words = calloc(h->rs->n_lists + 1, sizeof(*h->words));
        if (!h->words)
                return -ENOMEM;
        for (size_t i = 0; i < h->rs->n_lists; i++)
                if (!(h->words[i] = calloc(h->rs->lists[i].n + 1, sizeof(**h->words))))
                        return -ENOMEM;
        return 0;
}

int rule_history_new(const struct ruleset *rs, struct rule_history **ret) {
        struct rule_history *h = calloc(1, sizeof(*h));
        if (!h)
                return -ENOMEM;
        h->rs = rs;
        h->first = h->last = INSTANT_UNKNOWN;
        for (size_t i = 0; i < rs->n; i++) {
                const struct rule *r = &rs->rules[i];
                for (size_t k = 0; k < r->n_steps && own(r); k++)
                        add_leaves(h, r, &r->steps[k], r->steps[k].where);
                if (r->has_until && own(r))
                        add_leaves(h, r, &r->until, r->until.where);
        }
        int k = h->error;
        if (k >= 0)
                k = open_leaves(h);
        if (k >= 0)
                k = watch_exceptions(h);
        if (k >= 0)
                k = watch_words(h);
        if (k < 0)
                rule_history_free(h);
        else
                *ret = h;
        return k;
}

struct rule_history *rule_history_free(struct rule_history *h) {
        if (!h)
                return NULL;
        for (int t = 0; t < _FACT_TYPE_MAX; t++)
                free(h->open[t]);
        for (size_t i = 0; h->words && i < h->rs->n_lists; i++)
                free(h->words[i]);
        free(h->words);
        free(h->leaves);
        free(h->exceptions);
        free(h->folded);
        condition_scratch_free(&h->scratch);
        free(h);
        return NULL;
}

bool rule_history_needs_texts(const struct rule_history *h) {
        return h->rs->n_lists > 0 || ruleset_needs_texts(h->rs);
}

/* --- facts */

/* Has the condition shown both of its faces? */
static bool settled(const struct leaf *l) {
        return l->held > 0 && l->held < l->tested;
}

static void ask_leaves(struct rule_history *h, const struct fact *f) {
        uint32_t *open = h->open[f->type];
        size_t kept = 0;
        for (size_t i = 0; i < h->n_open[f->type]; i++) {
                struct leaf *l = &h->leaves[open[i]];
                const struct rule_variant *v = rule_variant_of(l->rule, f->client);
                bool counts = v->mode != MODE_OFF && (f->client || !l->rule->by_client_key);
                if (counts && !settled(l)) {
                        l->tested++;
                        l->held += condition_holds(l->condition, f, v, &h->scratch);
                        l->present += fact_value_at(f, l->condition->index[f->type]).type != VALUE_NONE;
                }
                if (!settled(l))
                        open[kept++] = open[i];
        }
        h->n_open[f->type] = kept;
}

/* Used: it covers a fact that would open the rule. */
static void ask_exceptions(struct rule_history *h, const struct fact *f) {
        for (size_t i = 0; i < h->open_exceptions;) {
                struct watched_exception *w = &h->exceptions[i];
                const struct rule_exception *x = w->exception;
                const struct rule_variant *v = rule_variant_of(w->rule, f->client);
                const struct rule_step *opening = &w->rule->steps[0];
                if (!(opening->types & BIT(f->type)) || f->at >= x->until || (x->client && x->client != f->client) ||
                    !condition_holds(opening->where, f, v, &h->scratch) || !condition_holds(x->where, f, v, &h->scratch)) {
                        i++;
                        continue;
                }
                struct watched_exception used = *w;
                used.used = true;
                *w = h->exceptions[--h->open_exceptions];
                h->exceptions[h->open_exceptions] = used;
        }
}

static void on_word(uint32_t list, uint32_t phrase, void *userdata) {
        struct rule_history *h = userdata;
        h->words[list][phrase] = true;
}

static int look_for_words(struct rule_history *h, const char *text, const char *language) {
        size_t need = 2 * strlen(text) + 1;
        if (need > h->folded_room) {
                char *p = realloc(h->folded, need);
                if (!p)
                        return -ENOMEM;
                h->folded = p;
                h->folded_room = need;
        }
        size_t n = phrase_fold(text, h->folded, h->folded_room);
        word_lists_find(h->rs->lists[0].all, h->folded, n, language, on_word, h);
        return 0;
}

static int ask_words(struct rule_history *h, const struct fact *f) {
        static const int fields[] = {F_MESSAGE_TEXT, F_MESSAGE_SUBJECT};
        if (h->rs->n_lists == 0 || (f->type != FACT_MESSAGE_RECEIVED && f->type != FACT_MESSAGE_SENT))
                return 0;
        const struct value *language = &f->values[F_MESSAGE_LANGUAGE];
        int r = 0;
        h->messages++;
        for (size_t i = 0; i < ELEMENTSOF(fields) && r >= 0; i++) {
                const struct value *text = &f->values[fields[i]];
                if (text->type == VALUE_STRING && text->s)
                        r = look_for_words(h, text->s, language->type == VALUE_STRING ? language->s : NULL);
        }
        return r;
}

int rule_history_fact(const struct fact *f, void *history) {
        struct rule_history *h = history;
        condition_scratch_reset(&h->scratch);
        h->facts[f->type]++;
        h->all++;
        if (h->first == INSTANT_UNKNOWN)
                h->first = f->at;
        h->last = MAX(h->last, f->at);
        ask_leaves(h, f);
        ask_exceptions(h, f);
        int r = ask_words(h, f);
        return r < 0 ? r : h->scratch.error;
}

/* --- telling */

#define tell(d, file, node, code, hint, ...) \
        diagnostics_add(d, DIAGNOSTIC_WARNING, file, (node)->line, (node)->column, (node)->length, code, hint, __VA_ARGS__)

static int64_t days(const struct rule_history *h) {
        return (h->last - h->first) / DAY + 1;
}

static void tell_fact(const struct rule_history *h, const struct rule *r, const struct yaml_node *name,
                      struct diagnostics *d) {
        int t = name->type == YAML_SCALAR ? fact_type_from_name(name->scalar) : -ENOENT;
        /* What this version never finds was told by the loader. */
        if (t >= 0 && t != FACT_RULE && fact_table[t].produced && h->facts[t] == 0)
                tell(d, r->file, name, "never-seen", NULL, "no %s in %" PRId64 " days of history", name->scalar, days(h));
}

/* Facts stand under these keys, a name or a list of names, in whatever kind of rule. */
static void tell_facts(const struct rule_history *h, const struct rule *r, const struct yaml_node *node,
                       struct diagnostics *d) {
        static const char *const keys[] = {"fact", "absent", "needs"};
        bool names = false;
        for (size_t i = 0; node->key && i < ELEMENTSOF(keys); i++)
                names |= str_eq(node->key->scalar, keys[i]);
        if (names && node->type == YAML_SCALAR)
                tell_fact(h, r, node, d);
        for (const struct yaml_node *p = node->child; p; p = p->next)
                if (names)
                        tell_fact(h, r, p, d);
                else if (!p->key || (!str_eq(p->key->scalar, "where") && !str_eq(p->key->scalar, "tests")))
                        tell_facts(h, r, p, d); /* as deep as YAML_DEPTH_MAX */
}

static const char *field_of(const struct leaf *l) {
        for (int t = 0; t < _FACT_TYPE_MAX; t++) {
                int i = l->condition->index[t];
                if (l->step->types & BIT(t))
                        return i >= 0 ? fact_table[t].fields[i].name : fact_common_fields[-1000 - i].name;
        }
        return "";
}

static void tell_leaf(const struct rule_history *h, const struct leaf *l, struct diagnostics *d) {
        const struct yaml_node *node = l->condition->node->key ? l->condition->node->key : l->condition->node;
        if (l->tested < HISTORY_FACTS_MIN || settled(l))
                return;
        if (l->held > 0)
                tell(d, l->rule->file, node, "always-true", NULL,
                     "what is asked of \"%s\" held for all %" PRIu64 " facts in %" PRId64 " days of history", field_of(l),
                     l->tested, days(h));
        else
                tell(d, l->rule->file, node, "never-true", l->present == 0 ? "no fact of them has a value there" : NULL,
                     "what is asked of \"%s\" held for none of %" PRIu64 " facts in %" PRId64 " days of history",
                     field_of(l), l->tested, days(h));
}

static void tell_exception(const struct rule_history *h, const struct watched_exception *w, instant now,
                           struct diagnostics *d) {
        const struct rule_exception *x = w->exception;
        const struct yaml_node *until = yaml_get(x->node, "until");
        if (x->until <= now)
                tell(d, x->file, until ? until : x->node, "exception-expired", "take it out, or agree on a new end",
                     "this exception of \"%s\" has ended", w->rule->id);
        else if (!w->used && h->all >= HISTORY_FACTS_MIN)
                tell(d, x->file, x->node, "exception-unused", NULL,
                     "this exception of \"%s\" covered nothing in %" PRId64 " days of history", w->rule->id, days(h));
}

/* Does the file lie in the folder of a shipped rule? */
static bool is_shipped(const struct rule_history *h, const char *file) {
        const char *slash = strrchr(file, '/');
        size_t n = slash ? (size_t) (slash - file) + 1 : 0;
        for (size_t i = 0; i < h->rs->n; i++) {
                const char *other = h->rs->rules[i].pack ? h->rs->rules[i].file : "";
                const char *end = strrchr(other, '/');
                if (*other && (end ? (size_t) (end - other) + 1 : 0) == n && strncmp(other, file, n) == 0)
                        return true;
        }
        return false;
}

static void tell_words(const struct rule_history *h, size_t list, struct diagnostics *d) {
        const struct word_list *l = &h->rs->lists[list];
        size_t unused = 0;
        for (size_t i = 0; i < l->n; i++)
                unused += !h->words[list][i];
        if (unused == 0 || h->messages < HISTORY_FACTS_MIN || is_shipped(h, l->phrases[0].file))
                return;
        for (size_t i = 0, told = 0; i < l->n && told < WORDS_TOLD_MAX; i++) {
                const struct phrase *p = &l->phrases[i];
                if (h->words[list][i])
                        continue;
                bool rest = ++told == WORDS_TOLD_MAX && unused > WORDS_TOLD_MAX;
                if (rest)
                        diagnostics_add(d, DIAGNOSTIC_WARNING, p->file, p->line, p->column, p->length, "word-unused", NULL,
                                        "\"%s\" and %zu more words of \"%s\" were never found in %" PRIu64 " messages",
                                        p->folded, unused - WORDS_TOLD_MAX, l->name, h->messages);
                else
                        diagnostics_add(d, DIAGNOSTIC_WARNING, p->file, p->line, p->column, p->length, "word-unused", NULL,
                                        "\"%s\" was never found in %" PRIu64 " messages", p->folded, h->messages);
        }
}

int rule_history_tell(struct rule_history *h, instant now, struct diagnostics *d) {
        for (size_t i = 0; i < h->rs->n; i++) {
                const struct rule *r = &h->rs->rules[i];
                const struct yaml_node *id = yaml_get(r->node, "id");
                if (!own(r))
                        continue;
                if (r->n_tests == 0)
                        tell(d, r->file, id, "test-missing", "write under `tests:` what it tells, and what it does not",
                             "rule \"%s\" has no test", r->id);
                if (h->all > 0)
                        tell_facts(h, r, r->node, d);
        }
        for (size_t i = 0; i < h->n_leaves; i++)
                tell_leaf(h, &h->leaves[i], d);
        for (size_t i = 0; i < h->n_exceptions; i++)
                tell_exception(h, &h->exceptions[i], now, d);
        for (size_t i = 0; i < h->rs->n_lists; i++)
                tell_words(h, i, d);
        return d->error;
}
