/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The owner's files, as a slip of the hand or of a program leaves them: a set of rules is taken whole or refused with a fault that has a place in the file, and
 * the tests inside it come to an end. The same bytes are tried as adieu.yaml. */

#include "rules/rule_history.h"
#include "rules/rule_test.h"
#include "rules/yaml.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_corpus[] = "rules";

static void check_faults(const struct diagnostics *d, int r, size_t size) {
        FUZZ_CHECK(r == 0 || r == -EBADMSG);
        FUZZ_CHECK((r == 0) == (d->errors == 0));
        for (size_t i = 0; i < d->n; i++)
                FUZZ_CHECK(d->items[i].line <= size + 2 && d->items[i].text && d->items[i].code);
}

static void run_tests(const struct ruleset *rs, const struct settings *people) {
        for (size_t i = 0; i < ruleset_size(rs); i++) {
                const struct rule_test *tests;
                size_t n = rule_tests(ruleset_rule(rs, i), &tests);
                for (size_t k = 0; k < n; k++) {
                        struct settings *own;
                        struct rule_test_result result;
                        if (tests[k].observe || rule_test_people(&tests[k], people, &own) < 0)
                                continue;
                        FUZZ_CHECK(rule_test_run(rs, &tests[k], own, NULL, 0, &result) == 0);
                        for (size_t x = 0; x < result.n; x++)
                                FUZZ_CHECK(result.items[x].rule &&
                                           (result.items[x].line > 0 || result.items[x].kind == RULE_TEST_UNEXPECTED));
                        rule_test_result_free(&result);
                        settings_free(own);
                }
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct zone_table *zones;
        struct settings *people, *settings = NULL;
        struct ruleset *rs = NULL;
        struct rule_history *history;
        struct diagnostics d = {}, unused = {};
        FUZZ_CHECK(zone_table_new(&zones) == 0);
        FUZZ_CHECK(settings_derive(NULL, &(struct settings_change){}, zones, &d, &people) == 0);
        const struct rule_file file = {.file = {.path = "rules.yaml", .data = (const char *) data, .size = size}};
        int r = ruleset_load(&file, 1, people, &d, &rs);
        check_faults(&d, r, size);
        FUZZ_CHECK((r == 0) == (rs != NULL));
        if (rs) {
                run_tests(rs, people);
                FUZZ_CHECK(rule_history_new(rs, &history) == 0);
                FUZZ_CHECK(rule_history_tell(history, INT64_C(1800000000), &d) == 0);
                rule_history_free(history);
        }
        ruleset_free(rs);
        r = settings_load(&file.file, 1, zones, &unused, &settings);
        check_faults(&unused, r, size);
        settings_free(settings);
        settings_free(people);
        zone_table_free(zones);
        diagnostics_free(&d);
        diagnostics_free(&unused);
        return 0;
}
