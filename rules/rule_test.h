/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The tests that rule files carry: examples of what a rule tells and what it does not, run against the rules as they are written. */

#include "rules/fold.h"
#include "rules/ruleset.h"

/* A file that a test observes. */
struct rule_test_file {
        const char *path;              /* as written, joined to the folder of the rule file */
        uint32_t line, column, length; /* where it is named */
};

struct rule_test {
        const struct rule *rule; /* under which it stands */
        const char *name;        /* never NULL */
        const char *file;        /* the rule file */
        uint32_t line, column;
        const struct rule_test_file *observe; /* NULL: the test gives its facts */
        size_t n_observe;
        bool own_owner;               /* says who the owner is: the configuration does not matter */
        const struct yaml_node *node; /* as written */
};

/* The tests of a rule, in the order of the file; valid as long as its set. */
size_t rule_tests(const struct rule *r, const struct rule_test **ret);

/* The people of a test, with settings_free(): those it states itself, else those of `base`; and whoever else its facts and expectations name.
 * `base` must outlive them. Overrides, exceptions and pauses of `base` are left out. 0, -EBADMSG (the stated people have a fault: told by
 * ruleset_load() when settings->zones was known), -ENOMEM. */
int rule_test_people(const struct rule_test *t, const struct settings *base, struct settings **ret) _must_check_;

/* So long after the last fact a test looks at what has come, unless it has a clock of its own. */
#define RULE_TEST_AFTERWARDS (INT64_C(2) * 366 * 86400)
/* The clock of the test: its `now`, else RULE_TEST_AFTERWARDS after `newest`. */
instant rule_test_now(const struct rule_test *t, const struct settings *people, instant newest);

enum rule_test_kind {
        RULE_TEST_MISSING,    /* expected, and did not come */
        RULE_TEST_UNEXPECTED, /* came, and was not expected */
        RULE_TEST_DIFFERENT,  /* came, but `field` is another */
};

struct rule_test_difference {
        enum rule_test_kind kind;
        const char *rule, *client; /* client: NULL for none, or for whoever */
        const char *field;         /* DIFFERENT: "at", "count", "lasting" or "severity" */
        const char *wanted, *got;  /* of the field, in words; NULL for times */
        instant wanted_at, got_at; /* INSTANT_UNKNOWN when there is none */
        uint32_t line, column;     /* of the expectation; 0 for what came unexpected */
};

struct rule_test_result {
        struct arena *arena;
        const struct rule_test_difference *items; /* expectations first, in their order; none: the test passed */
        size_t n;
};
void rule_test_result_free(struct rule_test_result *r);

/* Run a test. `rs` is the set it comes from; `feed` gives what it observes (NULL for a test with facts), `newest` the time of the newest of it
 * (not looked at for a test with facts). A rule that is off is taken as one that watches.
 *
 * An expectation with a time is one breach; one without is the whole alert of that rule and client. What else a rule of the same file (or a rule that an
 * expectation names) tells is unexpected. 0 or -ENOMEM. */
int rule_test_run(const struct ruleset *rs, const struct rule_test *t, const struct settings *people,
                  const struct observation_feed *feed, instant newest, struct rule_test_result *ret) _must_check_;
