/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/rules-help.h"

#include <dirent.h>

#include "rules/rule_keys.h"

static const char *source_folder(void) {
        const char *s = getenv("abs_top_srcdir");
        return s ? s : ".";
}

static int setup(void **state) {
        struct world *w = calloc(1, sizeof(*w));
        assert_non_null(w);
        world_start(w);
        *state = w;
        return 0;
}

static int teardown(void **state) {
        world_end(*state);
        free(*state);
        return 0;
}

/* --- broken files: each tells what is to be found in it, by lines `# expect LINE:COLUMN CODE ["suggestion"]` */

static bool expected(const struct diagnostic *d, const char *line) {
        unsigned at_line, column;
        char code[64], word[64] = "";
        int n = sscanf(line, "# expect %u:%u %63s \"%63[^\"]\"", &at_line, &column, code, word);
        if (n < 3 || d->line != at_line || d->column != column || !str_eq(d->code, code))
                return false;
        if (n < 4)
                return true;
        char hint[100];
        (void) snprintf(hint, sizeof(hint), "did you mean \"%s\"?", word);
        return str_eq(d->hint, hint);
}

static unsigned check_broken(struct world *w, const char *name) {
        char path[4096];
        size_t size;
        (void) snprintf(path, sizeof(path), "%s/tests/rules-broken/%s", source_folder(), name);
        char *data = read_all(path, &size);
        assert_non_null(data);
        char *expects = strstr(data, "# expect");
        assert_non_null(expects);
        int r = load_text(w, data);
        diagnostics_sort(&w->d);
        size_t i = 0;
        unsigned wrong = r != -EBADMSG || w->rules;
        for (char *line; (line = strsep(&expects, "\n")) && *line;) {
                if (i >= w->d.n || !expected(&w->d.items[i], line))
                        wrong++;
                i++;
        }
        wrong += i != w->d.n;
        if (wrong) {
                print_message("# %s: result %d\n", name, r);
                print_diagnostics(&w->d);
        }
        free(data);
        return wrong;
}

static void test_broken(void **state) {
        char path[4096];
        (void) snprintf(path, sizeof(path), "%s/tests/rules-broken", source_folder());
        DIR *dir = opendir(path);
        assert_non_null(dir);
        unsigned files = 0, wrong = 0;
        for (struct dirent *entry; (entry = readdir(dir));) {
                if (entry->d_name[0] == '.' || !strstr(entry->d_name, ".yaml"))
                        continue;
                files++;
                wrong += check_broken(*state, entry->d_name);
        }
        closedir(dir);
        assert_true(files >= 60);
        assert_int_equal(wrong, 0);
}

/* --- the shipped packs */

static void test_packs(void **state) {
        struct world *w = *state;
        static const char *const names[] = {"after-hours", "meetings", "requests"};
        struct rule_file files[ELEMENTSOF(names)];
        char paths[ELEMENTSOF(names)][4096];
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                size_t size;
                (void) snprintf(paths[i], sizeof(paths[i]), "%s/rules/packs/%s.yaml", source_folder(), names[i]);
                char *data = read_all(paths[i], &size);
                assert_non_null(data);
                files[i] = (struct rule_file){.file = {.path = paths[i], .data = data, .size = size}, .pack = names[i]};
        }
        int r = ruleset_load(files, ELEMENTSOF(files), &w->settings, &w->d, &w->rules);
        print_diagnostics(&w->d);
        assert_int_equal(r, 0);
        assert_int_equal(w->d.n, 0);
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                free((char *) files[i].file.data);
        assert_int_equal(ruleset_size(w->rules), 3);
        static const struct {
                const char *id;
                enum rule_mode mode;
                enum severity severity[3];
        } rules[] = {
                {"after-hours-contact", MODE_DIGEST, {SEVERITY_LOW, SEVERITY_LOW, SEVERITY_MEDIUM}},
                {"last-minute-cancellation", MODE_ALERT, {SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH}},
                {"unanswered-request", MODE_DIGEST, {SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH}},
        };
        for (size_t i = 0; i < ELEMENTSOF(rules); i++) {
                const struct rule *rule = ruleset_find(w->rules, rules[i].id);
                assert_non_null(rule);
                assert_int_equal(rule_mode(rule, NULL), rules[i].mode);
                for (int l = 0; l < 3; l++)
                        assert_int_equal(rule_severity(rule, NULL, (enum lasting) l), rules[i].severity[l]);
                assert_string_not_equal(rule_title(rule, "fr"), rule_title(rule, "en"));
                assert_string_equal(rule_title(rule, "de"), rule_title(rule, "en"));
                assert_true(strlen(rule_why(rule, "fr")) > 40);
        }
        assert_false(ruleset_needs_texts(w->rules));
}

/* --- files together */

static void test_several_files(void **state) {
        struct world *w = *state;
        static const char one[] = "version: 1\nrules:\n  - id: a\n    match: {fact: rule.b}\n";
        static const char two[] = "version: 1\nlists: {l: {words: [x]}}\nrules:\n  - id: b\n    match: {fact: "
                                  "message.received, where: {text: {in_list: l}}}\n";
        static const char three[] = "version: 1\nrules:\n  - id: b\n    match: {fact: message.sent}\n";
        static const char broken[] = "version: 1\nrules: [\n";
        struct rule_file files[] = {
                {.file = {"one.yaml", one, sizeof(one) - 1}},
                {.file = {"two.yaml", two, sizeof(two) - 1}, .pack = "two"},
                {.file = {"three.yaml", three, sizeof(three) - 1}},
                {.file = {"empty.yaml", "# nothing\n", 10}},
                {.file = {"broken.yaml", broken, sizeof(broken) - 1}},
        };
        assert_int_equal(ruleset_load(files, 2, &w->settings, &w->d, &w->rules), 0);
        assert_true(ruleset_needs_texts(w->rules));
        assert_string_equal(rule_file_name(ruleset_find(w->rules, "b")), "two.yaml");
        assert_string_equal(rule_title(ruleset_find(w->rules, "b"), "en"), "b");
        assert_string_equal(rule_id(ruleset_rule(w->rules, 0)), "a");
        assert_null(ruleset_rule(w->rules, 2));
        assert_null(ruleset_find(w->rules, "c"));
        w->rules = ruleset_free(w->rules);
        /* A duplicate and a broken file: both told, nothing loaded. */
        assert_int_equal(ruleset_load(files, ELEMENTSOF(files), &w->settings, &w->d, &w->rules), -EBADMSG);
        assert_null(w->rules);
        diagnostics_sort(&w->d);
        assert_int_equal(w->d.n, 2);
        assert_string_equal(w->d.items[0].file, "broken.yaml");
        assert_string_equal(w->d.items[1].file, "three.yaml");
        assert_string_equal(w->d.items[1].code, "duplicate-rule");
}

static void test_no_files(void **state) {
        struct world *w = *state;
        assert_int_equal(ruleset_load(NULL, 0, &w->settings, &w->d, &w->rules), 0);
        assert_int_equal(ruleset_size(w->rules), 0);
        assert_false(ruleset_needs_texts(w->rules));
        assert_null(ruleset_free(NULL));
}

/* --- modes and words */

static void test_modes(void **state) {
        struct world *w = *state;
        static const struct {
                const char *word;
                enum rule_mode mode;
        } cases[] = {
                {"off", MODE_OFF},     {"no", MODE_OFF},      {"false", MODE_OFF},
                {"\"off\"", MODE_OFF}, {"watch", MODE_WATCH}, {"digest", MODE_DIGEST},
                {"alert", MODE_ALERT}, {"on", MODE_DIGEST},   {"yes", MODE_DIGEST},
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char text[300];
                (void) snprintf(text, sizeof(text),
                                "version: 1\nrules: [{id: a, mode: %s, match: {fact: message.received, where: {text: "
                                "{contains: x}}}}]\n",
                                cases[i].word);
                load_good(w, text);
                assert_int_equal(rule_mode(ruleset_find(w->rules, "a"), NULL), cases[i].mode);
                assert_true(ruleset_needs_texts(w->rules) == (cases[i].mode != MODE_OFF));
        }
        assert_string_equal(rule_mode_name(MODE_ALERT), "alert");
        assert_string_equal(severity_name(SEVERITY_HIGH), "high");
        assert_string_equal(lasting_name(LASTING_ONE_OFF), "one-off");
}

/* --- overrides */

#define RULE_A                                                                                                           \
        "version: 1\nrules:\n  - id: a-rule\n    mode: watch\n    params: {notice: {type: duration, default: 24h, min: " \
        "1h, max: 2w}}\n"                                                                                                \
        "    match: {fact: meeting.moved, where: {notice: {lt: $notice}}}\n"

static void test_overrides(void **state) {
        struct world *w = *state;
        w->settings.rules = tree(w, "a-rule: {mode: off, severity: {one-off: high}}\n");
        w->clients[ACME].rules =
                tree(w, "a-rule: {mode: on, params: {notice: 3d}, for: {breaches: 2, within: 30d}, reason: agreed}\n");
        load_good(w, RULE_A);
        const struct rule *r = ruleset_find(w->rules, "a-rule");
        assert_int_equal(rule_mode(r, NULL), MODE_OFF);
        assert_int_equal(rule_mode(r, &w->clients[DUPONT]), MODE_OFF);
        assert_int_equal(rule_mode(r, &w->clients[ACME]), MODE_WATCH);
        assert_int_equal(rule_severity(r, &w->clients[ACME], LASTING_ONE_OFF), SEVERITY_HIGH);
        assert_int_equal(rule_severity(r, &w->clients[ACME], LASTING_RECURRING), SEVERITY_MEDIUM);
}

static void expect_fault(struct world *w, const char *file, unsigned line, unsigned column, const char *code,
                         const char *hint) {
        assert_int_equal(load_text(w, RULE_A), -EBADMSG);
        if (w->d.n != 1 || !str_eq(w->d.items[0].file, file) || w->d.items[0].line != line ||
            w->d.items[0].column != column || !str_eq(w->d.items[0].code, code) ||
            (hint && !str_eq(w->d.items[0].hint, hint))) {
                print_diagnostics(&w->d);
                fail_msg("wanted %s:%u:%u %s", file, line, column, code);
        }
        w->settings.rules = NULL;
        w->clients[ACME].rules = w->clients[ACME].exceptions = NULL;
}

static void test_wrong_overrides(void **state) {
        struct world *w = *state;
        w->settings.rules = tree(w, "a-rul: {mode: off}\n");
        expect_fault(w, "adieu.yaml", 1, 1, "unknown-rule", "did you mean \"a-rule\"?");
        w->settings.rules = tree(w, "a-rule: {params: {notise: 3d}}\n");
        expect_fault(w, "adieu.yaml", 1, 19, "unknown-param", "did you mean \"notice\"?");
        w->settings.rules = tree(w, "a-rule: {params: {notice: 3w}}\n");
        expect_fault(w, "adieu.yaml", 1, 27, "param-out-of-range", "from 1h to 2w");
        w->settings.rules = tree(w, "a-rule: {match: {fact: message.sent}}\n");
        expect_fault(w, "adieu.yaml", 1, 10, "unknown-key", NULL);
        w->settings.rules = tree(w, "- a-rule\n");
        expect_fault(w, "adieu.yaml", 1, 1, "wrong-type", NULL);
        w->settings.rules = tree(w, "a-rule: off\n");
        expect_fault(w, "adieu.yaml", 1, 9, "wrong-type", NULL);
        w->clients[ACME].rules = tree(w, "a-rule: {params: {notice: soon}}\n");
        expect_fault(w, "clients.yaml", 1, 27, "bad-duration", NULL);
        w->clients[ACME].exceptions = tree(w, "- {rule: b-rule, reason: x, until: 2026-01-01}\n");
        expect_fault(w, "clients.yaml", 1, 10, "unknown-rule", "did you mean \"a-rule\"?");
        w->clients[ACME].exceptions = tree(w, "- {rule: a-rule, until: 2026-01-01}\n");
        expect_fault(w, "clients.yaml", 1, 3, "missing-key", NULL);
        w->clients[ACME].exceptions = tree(w, "- {reason: x, until: 2026-01-01}\n");
        expect_fault(w, "clients.yaml", 1, 3, "missing-key", NULL);
        w->clients[ACME].exceptions = tree(w, "- {rule: a-rule, where: {hour: 3}, reason: x, until: 2026-01-01}\n");
        expect_fault(w, "clients.yaml", 1, 26, "unknown-field", NULL);
}

/* What the rule needs of its parameters holds for an override, too. */
static void test_override_uses(void **state) {
        static const char rule[] =
                "version: 1\nrules:\n  - id: r\n    params: {w: {type: duration, default: 30d}, n: {type: int, default: 3}, "
                "m: {type: int, default: 2}, p: {type: string, default: urgent}}\n"
                "    measure: {count: {fact: message.received, where: {text: {contains: $p}}}, over: $w, min_facts: $m, "
                "is: {gte: 5}}\n    for: {breaches: $n, of: 4, every: 1w}\n";
        static const struct {
                const char *override, *code;
                unsigned column;
        } cases[] = {
                {"r: {params: {w: 3bd}}", "bad-duration", 17},
                {"r: {params: {n: 0}}", "param-out-of-range", 17},
                {"r: {params: {n: 1001}}", "param-out-of-range", 17},
                {"r: {params: {n: 5}}", "bad-value", 13},
                {"r: {params: {n: 5}, for: {breaches: $n, of: 4, every: 1w}}", "bad-value", 45},
                {"r: {params: {m: 0}}", "param-out-of-range", 17},
                {"r: {params: {p: 'a.*b'}}", "bad-pattern", 17},
                {"r: {reason: [x]}", "wrong-type", 13},
                {"r: {params: {w: 2w, n: 4, m: 2000, p: 'urgen*'}, reason: x}", NULL, 0},
                {"r: {params: {n: 5}, for: {breaches: $n, within: 90d}}", NULL, 0},
        };
        struct world *w = *state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                w->settings.rules = tree(w, cases[i].override);
                int r = load_text(w, rule);
                assert_int_equal(r, cases[i].code ? -EBADMSG : 0);
                assert_int_equal(w->d.n, cases[i].code ? 1 : 0);
                if (cases[i].code) {
                        assert_string_equal(w->d.items[0].code, cases[i].code);
                        assert_int_equal(w->d.items[0].column, cases[i].column);
                }
        }
        w->settings.rules = NULL;
}

static void test_warnings(void **state) {
        struct world *w = *state;
        load_good(w, "version: 1\nrules:\n  - id: a\n    match: {fact: payment.received}\n");
        assert_int_equal(w->d.n, 1);
        assert_int_equal(w->d.errors, 0);
        assert_int_equal(w->d.items[0].level, DIAGNOSTIC_WARNING);
        assert_string_equal(w->d.items[0].code, "never-seen");
}

static void test_too_many_steps(void **state) {
        struct world *w = *state;
#define STEPS "{fact: message.sent}, {fact: message.sent}, {fact: message.sent}, "
        static const char text[] = "version: 1\nrules: [{id: a, sequence: {steps: [" STEPS STEPS STEPS STEPS STEPS STEPS
                STEPS STEPS STEPS STEPS STEPS "]}}]\n";
        assert_int_equal(load_text(w, text), -EBADMSG);
        assert_string_equal(w->d.items[0].code, "bad-value");
}

/* The table is what the manual is checked against: no key twice, each with a type and a sentence. */
/* Rules that build on rules and fold rules, at random: who is on a cycle is asked a second time in the simplest way there is. */
enum { GRAPH_RULES = 7 };

static bool comes_back(bool edges[GRAPH_RULES][GRAPH_RULES], int start) {
        bool reached[GRAPH_RULES];
        memcpy(reached, edges[start], sizeof(reached));
        for (int round = 0; round < GRAPH_RULES; round++)
                for (int i = 0; i < GRAPH_RULES; i++)
                        for (int k = 0; reached[i] && k < GRAPH_RULES; k++)
                                reached[k] |= edges[i][k];
        return reached[start];
}

static size_t random_rules(uint32_t *seed, char *out, size_t size, bool on[GRAPH_RULES][GRAPH_RULES],
                           bool folds[GRAPH_RULES][GRAPH_RULES]) {
        size_t n = (size_t) snprintf(out, size, "version: 1\nrules:\n");
        for (int i = 0; i < GRAPH_RULES; i++) {
                n += (size_t) snprintf(out + n, size - n, "  - {id: r%d, match: {fact: [thanks.received", i);
                for (int k = 0; k < GRAPH_RULES; k++) {
                        *seed = *seed * 1664525U + 1013904223U;
                        on[i][k] = *seed >> 24 < 16;
                        if (on[i][k])
                                n += (size_t) snprintf(out + n, size - n, ", rule.r%d", k);
                }
                n += (size_t) snprintf(out + n, size - n, "]}, inhibits: [");
                for (int k = 0; k < GRAPH_RULES; k++) {
                        *seed = *seed * 1664525U + 1013904223U;
                        folds[i][k] = *seed >> 24 < 16;
                        if (folds[i][k])
                                n += (size_t) snprintf(out + n, size - n, "r%d, ", k);
                }
                n += (size_t) snprintf(out + n, size - n, "]}\n");
        }
        return n;
}

static void test_cycles(void **state) {
        struct world *w = *state;
        uint32_t seed = 1;
        size_t with = 0, without = 0;
        for (int round = 0; round < 500; round++) {
                char text[4000];
                bool on[GRAPH_RULES][GRAPH_RULES], folds[GRAPH_RULES][GRAPH_RULES];
                random_rules(&seed, text, sizeof(text), on, folds);
                int r = load_text(w, text);
                size_t told = 0;
                for (int i = 0; i < GRAPH_RULES; i++) {
                        bool builds = false, folded = false;
                        for (size_t k = 0; k < w->d.n; k++) {
                                builds |= w->d.items[k].line == (uint32_t) i + 3 &&
                                          strstr(w->d.items[k].text, "builds on itself");
                                folded |= w->d.items[k].line == (uint32_t) i + 3 &&
                                          strstr(w->d.items[k].text, "folded into itself");
                        }
                        assert_int_equal(builds, comes_back(on, i));
                        assert_int_equal(folded, comes_back(folds, i));
                        told += builds + folded;
                }
                assert_int_equal(told, w->d.errors);
                assert_int_equal(r, told > 0 ? -EBADMSG : 0);
                *(told > 0 ? &with : &without) += 1;
        }
        assert_true(with > 50 && without > 50);
}

static void test_keys(void **state) {
        (void) state;
        size_t n;
        const struct rule_key *keys = rule_keys(&n);
        assert_true(n > 50);
        for (size_t i = 0; i < n; i++) {
                assert_non_null(strchr(keys[i].path, '.'));
                assert_true(strlen(keys[i].type) > 0 && strlen(keys[i].doc) > 5);
                for (size_t k = 0; k < i; k++)
                        assert_string_not_equal(keys[i].path, keys[k].path);
        }
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        const struct CMUnitTest tests[] = {
                T(test_broken),         T(test_packs),     T(test_several_files),   T(test_no_files),
                T(test_modes),          T(test_overrides), T(test_wrong_overrides), T(test_warnings),
                T(test_too_many_steps), T(test_cycles),    T(test_override_uses),   T(test_keys),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
