/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/rules-help.h"

/* Runs the tests that the shipped packs carry: their facts in, exactly the breaches they expect out. */

#define PACK_FACTS_MAX 20U

static const char *const packs[] = {"after-hours", "meetings", "requests"};

struct packs {
        struct world w;
        struct rule_file files[ELEMENTSOF(packs)];
        char paths[ELEMENTSOF(packs)][4096];
};

static int setup(void **state) {
        struct packs *p = calloc(1, sizeof(*p));
        assert_non_null(p);
        world_start(&p->w);
        const char *folder = getenv("abs_top_srcdir");
        for (size_t i = 0; i < ELEMENTSOF(packs); i++) {
                size_t size;
                (void) snprintf(p->paths[i], sizeof(p->paths[i]), "%s/rules/packs/%s.yaml", folder ? folder : ".", packs[i]);
                char *data = read_all(p->paths[i], &size);
                assert_non_null(data);
                p->files[i] = (struct rule_file){.file = {p->paths[i], data, size}, .pack = packs[i]};
        }
        assert_int_equal(ruleset_load(p->files, ELEMENTSOF(packs), &p->w.settings, &p->w.d, &p->w.rules), 0);
        *state = p;
        return 0;
}

static int teardown(void **state) {
        struct packs *p = *state;
        for (size_t i = 0; i < ELEMENTSOF(packs); i++)
                free((char *) p->files[i].file.data);
        world_end(&p->w);
        free(p);
        return 0;
}

static struct value written(const struct world *w, const struct fact_field *field, const struct yaml_node *node) {
        struct value v = {.type = field->type};
        struct duration d;
        int r = 0;
        switch (field->type) {
        case VALUE_BOOL:
                r = yaml_bool(node, &v.b);
                break;
        case VALUE_INT:
                r = yaml_int(node, &v.i);
                break;
        case VALUE_DURATION:
                r = duration_parse(node->scalar, &d);
                v.i = r < 0 ? 0 : duration_seconds(&d);
                break;
        case VALUE_INSTANT:
                v.i = at(w, node->scalar);
                break;
        default:
                v.s = node->scalar;
        }
        if (r < 0)
                fail_msg("%s: %s", field->name, node->scalar);
        return v;
}

static const struct client *client_named(struct world *w, const char *id) {
        for (size_t i = 0; i < w->settings.n_clients; i++)
                if (str_eq(w->clients[i].id, id))
                        return &w->clients[i];
        fail_msg("no client %s", id);
        return NULL;
}

static struct fact fact_from(struct world *w, const struct yaml_node *node, uint64_t key) {
        const struct yaml_node *fields = node->child;
        int t = fact_type_from_name(fields->key->scalar);
        assert_true(t >= 0);
        struct fact f = {.type = (enum fact_type) t, .key = key, .observation = -1};
        for (const struct yaml_node *p = fields->child; p; p = p->next) {
                const char *name = p->key->scalar;
                if (str_eq(name, "client"))
                        f.client = client_named(w, p->scalar);
                else if (str_eq(name, "at"))
                        f.at = at(w, p->scalar);
                else if (str_eq(name, "uid"))
                        f.uid = p->scalar;
                else {
                        int i = fact_field_index(f.type, name);
                        assert_true(i >= 0);
                        f.values[i] = written(w, &fact_table[t].fields[i], p);
                }
        }
        return f;
}

/* Is one of the breaches the expected one? */
static bool breached(const struct world *w, const struct alert *alerts, size_t n, const struct yaml_node *expect) {
        for (size_t i = 0; i < n; i++)
                for (size_t k = 0; k < alerts[i].n_evidence; k++)
                        if (str_eq(rule_id(alerts[i].rule), yaml_get(expect, "rule")->scalar) &&
                            str_eq(alerts[i].client->id, yaml_get(expect, "client")->scalar) &&
                            alerts[i].evidence[k].at == at(w, yaml_get(expect, "at")->scalar))
                                return true;
        return false;
}

static void run_example(struct world *w, const struct yaml_node *test) {
        const char *name = yaml_get(test, "name")->scalar;
        instant now = at(w, "2027-01-01");
        struct eval_options options = {.now = now, .read_until = now};
        struct fact facts[PACK_FACTS_MAX];
        struct evaluation *e;
        size_t n = 0, wanted = 0, found = 0;
        assert_int_equal(evaluation_new(w->rules, &w->settings, &options, &e), 0);
        for (const struct yaml_node *p = yaml_get(test, "facts")->child; p; p = p->next) {
                assert_true(n < PACK_FACTS_MAX);
                facts[n] = fact_from(w, p, n);
                assert_int_equal(evaluation_fact(&facts[n++], e), 0);
        }
        assert_int_equal(evaluation_end(e), 0);
        const struct alert *alerts;
        size_t n_alerts = evaluation_alerts(e, &alerts);
        for (size_t i = 0; i < n_alerts; i++)
                found += alerts[i].count;
        for (const struct yaml_node *p = yaml_get(test, "expect")->child; p; p = p->next, wanted++)
                if (!breached(w, alerts, n_alerts, p))
                        fail_msg("%s: breach %zu did not come", name, wanted + 1);
        if (found != wanted)
                fail_msg("%s: %zu breaches, not %zu", name, found, wanted);
        evaluation_free(e);
}

static void test_tests_inside(void **state) {
        struct packs *p = *state;
        for (size_t i = 0; i < ELEMENTSOF(packs); i++) {
                struct yaml_node *root = NULL;
                assert_int_equal(
                        yaml_parse(p->paths[i], p->files[i].file.data, p->files[i].file.size, p->w.arena, &p->w.d, &root),
                        0);
                for (const struct yaml_node *rule = yaml_get(root, "rules")->child; rule; rule = rule->next) {
                        const struct yaml_node *tests = yaml_get(rule, "tests");
                        size_t n = 0;
                        for (const struct yaml_node *t = tests ? tests->child : NULL; t; t = t->next, n++)
                                run_example(&p->w, t);
                        assert_true(n >= 3);
                }
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_tests_inside, setup, teardown)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
