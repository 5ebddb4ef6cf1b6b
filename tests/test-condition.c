/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/rules-help.h"

#include "rules/ruleset_internal.h"

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

/* Does the condition, as written in a rule, hold of the fact? */
static bool holds(struct world *w, const struct fact *f, const char *where) {
        char text[2000];
        (void) snprintf(text, sizeof(text),
                        "version: 1\nlists: {stop: {words: [merci d'arrêter, 'ça suffit', STOP]}}\nrules:\n  - id: a\n"
                        "    params: {d: {type: duration, default: 24h}, i: {type: int, default: 3}, n: {type: number, "
                        "default: 1.5},\n"
                        "             s: {type: string, default: Été}, h: {type: share, default: 0.5}}\n"
                        "    match: {fact: %s, where: %s}\n",
                        fact_table[f->type].name, where);
        load_good(w, text);
        const struct rule *r = ruleset_find(w->rules, "a");
        struct condition_scratch scratch = {0};
        bool ret = condition_holds(r->steps[0].where, f, &r->global, &scratch);
        assert_int_equal(scratch.error, 0);
        condition_scratch_free(&scratch);
        return ret;
}

static void test_numbers(void **state) {
        struct world *w = *state;
        struct fact f = {.type = FACT_MESSAGE_RECEIVED};
        set(&f, "hour", v_int(3));
        static const struct {
                const char *where;
                bool holds;
        } cases[] = {
                {"{hour: 3}", true},
                {"{hour: 4}", false},
                {"{hour: {neq: 4}}", true},
                {"{hour: {neq: 3}}", false},
                {"{hour: {lt: 3}}", false},
                {"{hour: {lt: 4}}", true},
                {"{hour: {lte: 3}}", true},
                {"{hour: {lte: 2}}", false},
                {"{hour: {gt: 3}}", false},
                {"{hour: {gt: 2}}", true},
                {"{hour: {gte: 3}}", true},
                {"{hour: {gte: 4}}", false},
                {"{hour: {in: [1, 3]}}", true},
                {"{hour: [1, 2]}", false},
                {"{hour: {gte: 1, lt: 3}}", false},
                {"{hour: {gte: 1, lt: 4}}", true},
                {"{hour: $i}", true},
                {"{hour: {gt: $n}}", true},
                {"{hour: {lt: $n}}", false},
                {"{hour: {in: [1, $i]}}", true},
                {"{hour: {gt: $h}}", true},
                {"{hour: -3}", false},
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                if (holds(w, &f, cases[i].where) != cases[i].holds)
                        fail_msg("%s", cases[i].where);
}

/* A field the fact does not have satisfies no comparison, not even neq; `not` turns that round. */
static void test_none(void **state) {
        struct world *w = *state;
        struct fact f = {.type = FACT_MESSAGE_RECEIVED};
        static const char *const never[] = {"{hour: 3}",
                                            "{hour: {neq: 3}}",
                                            "{hour: {lt: 3}}",
                                            "{hour: {gte: 3}}",
                                            "{hour: [1, 3]}",
                                            "{automatic: false}",
                                            "{automatic: {neq: true}}",
                                            "{subject: {contains: x}}",
                                            "{text: {in_list: stop}}",
                                            "{lists: stop}",
                                            "{person: {neq: x}}",
                                            "{client: {neq: dupont}}",
                                            "{weekday: {neq: mon}}"};
        for (size_t i = 0; i < ELEMENTSOF(never); i++) {
                char where[200];
                if (holds(w, &f, never[i]))
                        fail_msg("%s", never[i]);
                (void) snprintf(where, sizeof(where), "{not: %s}", never[i]);
                assert_true(holds(w, &f, where));
        }
}

static void test_durations_and_times(void **state) {
        struct world *w = *state;
        struct fact f = {.type = FACT_MEETING_MOVED, .at = at(w, "2026-03-02T08:50"), .client = &w->clients[DUPONT]};
        set(&f, "notice", v_duration(86399));
        set(&f, "start", v_instant(at(w, "2026-03-03T10:00")));
        assert_true(holds(w, &f, "{notice: {lt: $d}}"));
        assert_true(holds(w, &f, "{notice: {lt: 24h}}"));
        assert_true(holds(w, &f, "{notice: {lt: 1d}}"));
        assert_false(holds(w, &f, "{notice: {lt: 23h}}"));
        set(&f, "notice", v_duration(-60));
        assert_true(holds(w, &f, "{notice: {lt: 1m}}"));
        set(&f, "notice", v_duration(86400));
        assert_false(holds(w, &f, "{notice: {lt: $d}}"));
        assert_true(holds(w, &f, "{start: {gte: 2026-03-03}}"));
        assert_true(holds(w, &f, "{start: \"2026-03-03T10:00\"}"));
        assert_true(holds(w, &f, "{start: \"2026-03-03T09:00Z\"}"));
        assert_false(holds(w, &f, "{start: \"2026-03-03T10:00Z\"}"));
        assert_false(holds(w, &f, "{at: {lt: \"2026-03-02T08:50\"}}"));
        assert_true(holds(w, &f, "{client: dupont}"));
        assert_true(holds(w, &f, "{client: {neq: acme}}"));
        assert_false(holds(w, &f, "{client: [acme, liberty]}"));
}

static void test_texts(void **state) {
        struct world *w = *state;
        struct fact f = {.type = FACT_MESSAGE_RECEIVED, .person = "jean@dupont.example"};
        set(&f, "text",
            v_string("Bonjour,\nmerci\xc2\xa0"
                     "d\xe2\x80\x99"
                     "arr\xc3\xaater tout cela. L'ÉTÉ arrive : stopper non."));
        static const struct {
                const char *where;
                bool holds;
        } cases[] = {
                {"{text: {in_list: stop}}", true},
                {"{text: {contains: BONJOUR}}", true},
                {"{text: {contains: \"merci d'arreter\"}}", true},
                {"{text: {contains: $s}}", true},
                {"{text: {contains: stop}}", false}, /* not inside "stopper" */
                {"{text: {contains: non.}}", true},
                {"{text: {contains: tout  cela}}", true},
                {"{text: Bonjour}", false},
                {"{person: Jean@Dupont.example}", true},
                {"{any: [{text: {contains: rien}}, {text: {contains: cela}}]}", true},
                {"{all: [{text: {contains: rien}}, {text: {contains: cela}}]}", false},
                {"{not: {any: [{text: {contains: rien}}, {text: {contains: cela}}]}}", false},
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                if (holds(w, &f, cases[i].where) != cases[i].holds)
                        fail_msg("%s", cases[i].where);
        set(&f, "text", v_string(""));
        assert_false(holds(w, &f, "{text: {in_list: stop}}"));
        set(&f, "text", v_string("Ça suffit"));
        assert_true(holds(w, &f, "{text: {in_list: stop}}"));
}

/* A text made of near misses: a phrase is looked for in linear time. */
static void test_long_text(void **state) {
        struct world *w = *state;
        size_t n = 1 << 20;
        char *text = malloc(n + 1);
        assert_non_null(text);
        memset(text, 'a', n);
        text[n] = 0;
        struct fact f = {.type = FACT_MESSAGE_RECEIVED};
        set(&f, "text", v_string(text));
        assert_false(holds(w, &f, "{text: {contains: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab}}"));
        memcpy(text + n - 4, " fin", 4);
        assert_true(holds(w, &f, "{text: {contains: fin}}"));
        free(text);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        const struct CMUnitTest tests[] = {T(test_numbers), T(test_none), T(test_durations_and_times), T(test_texts),
                                           T(test_long_text)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
