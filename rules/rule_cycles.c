/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/ruleset_internal.h"

/* Rules that wait for each other, or fold each other: found in time linear in what the rules name, after Tarjan (SIAM Journal on Computing 1, 1972), without
 * recursion, since a chain can be as long as the set. */

/* Which rules each rule names: those of rule i are to[first[i]] up to to[first[i + 1]]. */
struct rule_graph {
        uint32_t *first, *to; /* owned */
        size_t n;
};

static void graph_free(struct rule_graph *g) {
        free(g->first);
        free(g->to);
}

typedef size_t (*named_rules)(const struct rule *r, uint32_t *ret); /* how many; written to ret unless it is NULL */

static size_t built_on(const struct rule *r, uint32_t *ret) {
        size_t n = 0;
        for (size_t i = 0; i <= r->n_steps; i++) {
                const struct rule_step *step = i < r->n_steps ? &r->steps[i] : &r->until;
                if (ret && step->n_rules > 0)
                        memcpy(ret + n, step->rules, step->n_rules * sizeof(*ret));
                n += step->n_rules;
        }
        return n;
}

static size_t folded_in(const struct rule *r, uint32_t *ret) {
        if (ret && r->n_inhibits > 0)
                memcpy(ret, r->inhibits, r->n_inhibits * sizeof(*ret));
        return r->n_inhibits;
}

static int graph_make(const struct ruleset *rs, named_rules named, struct rule_graph *ret) {
        struct rule_graph g = {.first = calloc(rs->n + 1, sizeof(*g.first)), .n = rs->n};
        if (!g.first)
                return -ENOMEM;
        for (size_t i = 0; i < rs->n; i++)
                g.first[i + 1] = g.first[i] + (uint32_t) named(&rs->rules[i], NULL);
        g.to = calloc((size_t) g.first[rs->n] + 1, sizeof(*g.to));
        if (!g.to) {
                graph_free(&g);
                return -ENOMEM;
        }
        for (size_t i = 0; i < rs->n; i++)
                (void) named(&rs->rules[i], g.to + g.first[i]);
        *ret = g;
        return 0;
}

struct walk {
        const struct rule_graph *graph;
        uint32_t *number; /* when it was met, from 1; 0: not yet */
        uint32_t *low;    /* the earliest met that can be reached and is still open */
        uint32_t *next;   /* the edge to look at next */
        uint32_t *path;   /* from the root to the one at hand */
        uint32_t *open;   /* met, and not yet known to be on a cycle or not */
        bool *is_open, *cyclic;
        uint32_t *depth; /* longer than that of every rule it names */
        uint32_t met, n_path, n_open;
};

static void enter(struct walk *w, uint32_t i) {
        w->number[i] = w->low[i] = ++w->met;
        w->next[i] = w->graph->first[i];
        w->path[w->n_path++] = i;
        w->open[w->n_open++] = i;
        w->is_open[i] = true;
}

/* All that can be reached from i was walked. When nothing of it leads back before i, what is open since then is one component. */
static void leave(struct walk *w, uint32_t i) {
        w->n_path--;
        if (w->n_path > 0) {
                uint32_t parent = w->path[w->n_path - 1];
                w->low[parent] = MIN(w->low[parent], w->low[i]);
        }
        if (w->low[i] != w->number[i])
                return;
        bool several = w->open[w->n_open - 1] != i;
        for (uint32_t last = UINT32_MAX; last != i;) {
                last = w->open[--w->n_open];
                w->is_open[last] = false;
                w->cyclic[last] |= several;
        }
        for (uint32_t k = w->graph->first[i]; k < w->graph->first[i + 1]; k++) {
                uint32_t to = w->graph->to[k];
                w->cyclic[i] |= to == i;
                w->depth[i] = MAX(w->depth[i], w->depth[to] + 1);
        }
}

static void walk_from(struct walk *w, uint32_t root) {
        enter(w, root);
        while (w->n_path > 0) {
                uint32_t i = w->path[w->n_path - 1];
                if (w->next[i] == w->graph->first[i + 1]) {
                        leave(w, i);
                        continue;
                }
                uint32_t to = w->graph->to[w->next[i]++];
                if (w->number[to] == 0)
                        enter(w, to);
                else if (w->is_open[to])
                        w->low[i] = MIN(w->low[i], w->number[to]);
        }
}

/* Which rules are on a cycle, and how many stand under each; the caller frees both. */
static int walk_all(const struct ruleset *rs, named_rules named, bool **ret_cyclic, uint32_t **ret_depth) {
        _cleanup_(graph_free) struct rule_graph g = {};
        int r = graph_make(rs, named, &g);
        if (r < 0)
                return r;
        size_t n = rs->n + 1;
        _cleanup_free_ uint32_t *number = calloc(n, sizeof(*number)), *low = calloc(n, sizeof(*low)),
                                *next = calloc(n, sizeof(*next)), *path = calloc(n, sizeof(*path)),
                                *open = calloc(n, sizeof(*open)), *depth = calloc(n, sizeof(*depth));
        _cleanup_free_ bool *is_open = calloc(n, sizeof(*is_open)), *cyclic = calloc(n, sizeof(*cyclic));
        if (!number || !low || !next || !path || !open || !depth || !is_open || !cyclic)
                return -ENOMEM;
        struct walk w = {.graph = &g,
                         .number = number,
                         .low = low,
                         .next = next,
                         .path = path,
                         .open = open,
                         .is_open = is_open,
                         .cyclic = cyclic,
                         .depth = depth};
        for (uint32_t i = 0; i < rs->n; i++)
                if (number[i] == 0)
                        walk_from(&w, i);
        *ret_cyclic = TAKE_PTR(cyclic);
        *ret_depth = TAKE_PTR(depth);
        return 0;
}

static int check_building(struct rule_reader *c) {
        _cleanup_free_ bool *cyclic = NULL;
        _cleanup_free_ uint32_t *depth = NULL;
        int r = walk_all(c->rs, built_on, &cyclic, &depth);
        for (size_t i = 0; r >= 0 && i < c->rs->n; i++) {
                struct rule *rule = &c->rs->rules[i];
                rule->depth = depth[i];
                if (!cyclic[i])
                        continue;
                const struct yaml_node *id = yaml_get(rule->node, "id");
                c->file = rule->file;
                read_fault(c, (id ? id : rule->node), "rule-cycle",
                           "a rule cannot build on itself, not even by way of others", "rule \"%s\" builds on itself",
                           rule->id ? rule->id : "");
        }
        return r;
}

static int check_folding(struct rule_reader *c) {
        _cleanup_free_ bool *cyclic = NULL;
        _cleanup_free_ uint32_t *depth = NULL;
        int r = walk_all(c->rs, folded_in, &cyclic, &depth);
        for (size_t i = 0; r >= 0 && i < c->rs->n; i++) {
                const struct rule *rule = &c->rs->rules[i];
                if (!cyclic[i])
                        continue;
                c->file = rule->file;
                read_fault(c, yaml_get(rule->node, "inhibits"), "rule-cycle", "of two rules, one is the stronger",
                           "rule \"%s\" would be folded into itself", rule->id ? rule->id : "");
        }
        return r;
}

int check_cycles(struct rule_reader *c) {
        int r = check_building(c);
        return r < 0 ? r : check_folding(c);
}
