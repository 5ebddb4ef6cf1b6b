/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/rules-help.h"

#include "rules/rule_test.h"

/* Tests that rule files carry: how they are run and compared, and those of the shipped packs. */

struct bench {
        struct world w;
        struct zone_table *zones;
        struct settings *people; /* somebody */
};

static int setup(void **state) {
        struct bench *b = calloc(1, sizeof(*b));
        assert_non_null(b);
        world_start(&b->w);
        assert_int_equal(zone_table_new(&b->zones), 0);
        assert_int_equal(zone_table_add(b->zones, system_zone("Europe/Paris")), 0);
        assert_int_equal(zone_table_add(b->zones, system_zone("America/New_York")), 0);
        struct diagnostics d = {0};
        assert_int_equal(settings_derive(NULL, &(struct settings_change){0}, b->zones, &d, &b->people), 0);
        *state = b;
        return 0;
}

static int teardown(void **state) {
        struct bench *b = *state;
        world_end(&b->w);
        settings_free(b->people);
        zone_table_free(b->zones);
        free(b);
        return 0;
}

static void load_for_test(struct bench *b, const char *text) {
        b->w.rules = ruleset_free(b->w.rules);
        diagnostics_free(&b->w.d);
        struct rule_file file = {.file = {.path = "dir/rules.yaml", .data = text, .size = strlen(text)}};
        int r = ruleset_load(&file, 1, b->people, &b->w.d, &b->w.rules);
        print_diagnostics(&b->w.d);
        assert_int_equal(r, 0);
}

/* Differences of the only test of the first rule, one a line. */
static const char *run_only(struct bench *b) {
        const struct rule_test *t;
        struct rule_test_result result;
        struct settings *people;
        assert_int_equal(rule_tests(ruleset_rule(b->w.rules, 0), &t), 1);
        assert_int_equal(rule_test_people(t, b->people, &people), 0);
        assert_int_equal(rule_test_run(b->w.rules, t, people, NULL, 0, &result), 0);
        const char *out = "";
        static const char *const kinds[] = {"missing", "unexpected", "different"};
        for (size_t i = 0; i < result.n; i++) {
                const struct rule_test_difference *d = &result.items[i];
                out = arena_printf(b->w.arena, "%s%s %s %s %s %s>%s %" PRId64 ">%" PRId64 "\n", out, kinds[d->kind], d->rule,
                                   d->client ? d->client : "-", d->field ? d->field : "-", d->wanted ? d->wanted : "-",
                                   d->got ? d->got : "-", d->wanted_at == INSTANT_UNKNOWN ? -1 : d->wanted_at,
                                   d->got_at == INSTANT_UNKNOWN ? -1 : d->got_at);
        }
        rule_test_result_free(&result);
        settings_free(people);
        return out;
}

#define RULE                                                              \
        "version: 1\n"                                                    \
        "rules:\n"                                                        \
        "  - id: night\n"                                                 \
        "    severity: {one-off: low, recurring: medium}\n"               \
        "    match: {fact: message.received, where: {hour: {gte: 22}}}\n" \
        "    tests:\n"                                                    \
        "      - name: x\n"
#define MESSAGE(at) "          - message.received: {client: dupont, at: " at ", hour: 23}\n"

static const char *differences(struct bench *b, const char *facts, const char *expect) {
        char text[4000];
        (void) snprintf(text, sizeof(text), RULE "        facts:\n%s        expect: %s\n", facts, expect);
        load_for_test(b, text);
        return run_only(b);
}

static void test_compared(void **state) {
        struct bench *b = *state;
        /* 23:00 in Paris, winter: 22:00 UTC. */
        instant at_3 = at(&b->w, "2026-03-03T23:00"), at_4 = at(&b->w, "2026-03-04T23:00");
        static const char two[] = MESSAGE("\"2026-03-04T23:00\"") MESSAGE("\"2026-03-03T23:00\"");
        const struct {
                const char *facts, *expect, *want;
        } cases[] = {
                {two, "[{at: \"2026-03-03T23:00\"}, {at: \"2026-03-04T23:00+01:00\"}]", ""},
                {two, "[{rule: night, client: dupont, at: 2026-03-03}, {at: 2026-03-04}]", ""},
                {two, "[{client: dupont, count: 2, lasting: recurring, severity: medium}]", ""},
                {two, "[{}]", ""},
                {two, "[{at: \"2026-03-03T23:00\"}]",
                 arena_printf(b->w.arena, "unexpected night dupont - ->- -1>%" PRId64 "\n", at_4)},
                {two, "[]",
                 arena_printf(b->w.arena,
                              "unexpected night dupont - ->- -1>%" PRId64 "\nunexpected night dupont - ->- -1>%" PRId64 "\n",
                              at_3, at_4)},
                {two, "[{at: \"2026-03-03T23:00\"}, {at: \"2026-03-04T23:30\", client: dupont}]",
                 arena_printf(b->w.arena, "different night dupont at ->- %" PRId64 ">%" PRId64 "\n",
                              at(&b->w, "2026-03-04T23:30"), at_4)},
                {two, "[{count: 3, lasting: lasting, severity: high}]",
                 "different night - count 3>2 -1>-1\ndifferent night - lasting lasting>recurring -1>-1\n"
                 "different night - severity high>medium -1>-1\n"},
                {two, "[{count: 2}, {client: acme, at: \"2026-03-04T23:00\"}]",
                 arena_printf(b->w.arena, "missing night acme - ->- %" PRId64 ">-1\n", at_4)},
                {two, "[{count: 2}, {client: acme}]", "missing night acme - ->- -1>-1\n"},
                {MESSAGE("2026-03-03"), "[{at: \"2026-03-03T00:00\"}, {at: \"2026-03-03T00:00\"}]",
                 arena_printf(b->w.arena, "missing night - - ->- %" PRId64 ">-1\n", at(&b->w, "2026-03-03T00:00"))},
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_string_equal(differences(b, cases[i].facts, cases[i].expect), cases[i].want);
}

static void test_clock(void **state) {
        struct bench *b = *state;
        load_for_test(b, RULE
                      "        now: \"2026-03-03T23:30\"\n"
                      "        facts:\n" MESSAGE("\"2026-03-04T23:00\"")
                              MESSAGE("\"2026-03-03T23:00\"") "        expect: [{at: \"2026-03-03T23:00\", count: 1}]\n");
        assert_string_equal(run_only(b), "");
}

#define ASKED                                                                                                             \
        "version: 1\n"                                                                                                    \
        "rules:\n"                                                                                                        \
        "  - id: asked\n"                                                                                                 \
        "    mode: off\n"                                                                                                 \
        "    sequence: {same: [thread_id], steps: [{fact: request.sent}, {absent: message.received, within: 1bd, clock: " \
        "client}]}\n"                                                                                                     \
        "    tests:\n"                                                                                                    \
        "      - name: x\n"                                                                                               \
        "        facts: [{request.sent: {client: liberty, at: \"2026-05-13T10:00+02:00\", thread_id: t}}]\n"

/* Thursday 14 May 2026 is Ascension: with the holidays of France the next business day is Friday. A rule that is off is tested too. */
static void test_people(void **state) {
        struct bench *b = *state;
        load_for_test(b, ASKED "        expect: [{client: liberty, at: \"2026-05-14T18:00+02:00\"}]\n");
        assert_string_equal(run_only(b), "");
        load_for_test(b, ASKED "        owner: {addresses: [a@b.example], time_zone: Europe/Paris, holidays: [FR], hours: "
                               "{mon-fri: \"08:00-17:00\"}}\n"
                               "        expect: [{client: liberty, at: \"2026-05-15T17:00+02:00\"}]\n");
        assert_string_equal(run_only(b), "");
        load_for_test(b,
                      ASKED "        clients: [{id: liberty, match: [\"@liberty.example\"], time_zone: America/New_York}]\n"
                            "        expect: [{client: liberty, at: \"2026-05-14T18:00-04:00\"}]\n");
        assert_string_equal(run_only(b), "");
}

/* Rules build on rules, given or found; a rule of another file only counts when it is named. */
static void test_scope(void **state) {
        struct bench *b = *state;
        static const char first[] = "version: 1\nrules:\n"
                                    "  - id: again\n"
                                    "    sequence: {steps: [{fact: rule.other}, {fact: message.received, within: 9d}]}\n"
                                    "    tests:\n"
                                    "      - name: x\n"
                                    "        facts:\n"
                                    "          - rule.other: {client: dupont, at: 2026-03-02}\n"
                                    "          - message.received: {client: dupont, at: 2026-03-03}\n"
                                    "        expect: [{at: 2026-03-03}%s]\n",
                          second[] = "version: 1\nrules: [{id: other, match: {fact: message.received}}]\n";
        static const char *const expects[] = {"", ", {rule: other, at: 2026-03-04}"};
        for (size_t i = 0; i < ELEMENTSOF(expects); i++) {
                char text[1000];
                (void) snprintf(text, sizeof(text), first, expects[i]);
                struct rule_file files[] = {{.file = {.path = "a.yaml", .data = text, .size = strlen(text)}},
                                            {.file = {.path = "b.yaml", .data = second, .size = strlen(second)}}};
                b->w.rules = ruleset_free(b->w.rules);
                assert_int_equal(ruleset_load(files, 2, b->people, &b->w.d, &b->w.rules), 0);
                assert_string_equal(run_only(b),
                                    i == 0 ? ""
                                           : arena_printf(b->w.arena, "different other - at ->- %" PRId64 ">%" PRId64 "\n",
                                                          at(&b->w, "2026-03-04"), at(&b->w, "2026-03-03")));
        }
}

/* Every value is checked where it stands. */
static void test_faults(void **state) {
        struct bench *b = *state;
        static const struct {
                const char *fact;
                unsigned column;
                const char *code;
        } cases[] = {
                {"message.received: {at: 2026-03-02, hour: nine}", 53, "wrong-type"},
                {"message.received: {at: 2026-03-02, automatic: 1}", 58, "wrong-type"},
                {"message.received: {at: 2026-03-02, response_time: 3bd}", 62, "bad-duration"},
                {"message.received: {at: 2026-03-02, weekday: monday}", 56, "bad-value"},
                {"message.received: {at: 2026-33-02}", 35, "bad-value"},
                {"message.received: {client: x}", 30, "missing-key"},
                {"message.received: {at: 2026-03-02, lists: {a: b}}", 54, "wrong-type"},
                {"message.received: {at: 2026-03-02, huor: 9}", 47, "unknown-field"},
                {"invoice.sent: {at: 2026-03-02, amount: much}", 51, "wrong-type"},
                {"rule.niht: {at: 2026-03-02}", 12, "unknown-rule"},
                {"message.recieved: {at: 2026-03-02}", 12, "unknown-fact"},
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char text[1000];
                (void) snprintf(text, sizeof(text), RULE "        facts:\n        - {%s}\n        expect: []\n",
                                cases[i].fact);
                assert_int_equal(load_text(&b->w, text), -EBADMSG);
                const struct diagnostic *d = &b->w.d.items[b->w.d.n - 1];
                if (b->w.d.errors != 1 || d->line != 9 || d->column != cases[i].column || !str_eq(d->code, cases[i].code)) {
                        print_diagnostics(&b->w.d);
                        fail_msg("%s", cases[i].fact);
                }
        }
}

/* The shipped packs, every one with its tests. */
static const char *const packs[] = {"after-hours", "meetings", "requests"};

static void test_packs(void **state) {
        struct bench *b = *state;
        struct rule_file files[ELEMENTSOF(packs)];
        char paths[ELEMENTSOF(packs)][4096];
        const char *folder = getenv("abs_top_srcdir");
        for (size_t i = 0; i < ELEMENTSOF(packs); i++) {
                size_t size;
                (void) snprintf(paths[i], sizeof(paths[i]), "%s/rules/packs/%s.yaml", folder ? folder : ".", packs[i]);
                char *data = read_all(paths[i], &size);
                assert_non_null(data);
                files[i] = (struct rule_file){.file = {paths[i], data, size}, .pack = packs[i]};
        }
        assert_int_equal(ruleset_load(files, ELEMENTSOF(packs), b->people, &b->w.d, &b->w.rules), 0);
        for (size_t i = 0; i < ruleset_size(b->w.rules); i++) {
                const struct rule_test *tests;
                size_t n = rule_tests(ruleset_rule(b->w.rules, i), &tests);
                assert_true(n >= 3);
                for (size_t k = 0; k < n; k++) {
                        struct rule_test_result result;
                        struct settings *people;
                        if (tests[k].observe)
                                continue; /* these need the parse role: adieu rules test */
                        assert_int_equal(rule_test_people(&tests[k], b->people, &people), 0);
                        assert_int_equal(rule_test_run(b->w.rules, &tests[k], people, NULL, 0, &result), 0);
                        if (result.n > 0)
                                fail_msg("%s:%u: %s", tests[k].file, tests[k].line, tests[k].name);
                        rule_test_result_free(&result);
                        settings_free(people);
                }
        }
        for (size_t i = 0; i < ELEMENTSOF(packs); i++)
                free((char *) files[i].file.data);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_compared, setup, teardown),
                cmocka_unit_test_setup_teardown(test_clock, setup, teardown),
                cmocka_unit_test_setup_teardown(test_people, setup, teardown),
                cmocka_unit_test_setup_teardown(test_scope, setup, teardown),
                cmocka_unit_test_setup_teardown(test_faults, setup, teardown),
                cmocka_unit_test_setup_teardown(test_packs, setup, teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
