/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "daemon/command.h"
#include "daemon/log.h"
#include "daemon/observed.h"
#include "daemon/output.h"
#include "daemon/reader.h"

/* The tests that rule files carry, against the rules as they are written: overrides and exceptions of the configuration are the owner's wish, not what the
 * rule promises. Shipped packs are tested with the same people everywhere. */

struct rule_testing {
        struct context *context;
        char **files; /* those named; none: all */
        int n_files;
        struct settings *owner;       /* owned: the configuration without what it says of rules */
        struct settings *somebody;    /* owned: for the shipped packs */
        struct ruleset *rules;        /* owned */
        struct observed *observed;    /* owned; NULL until a test wants it */
        const struct rule_test *test; /* the one being run */
        bool unreadable;              /* a file of it could not be read */
        bool headed;                  /* its first line is printed */
        json_object *differences;     /* owned: of the test being run */
        uint64_t passed, failed, untested;
};

static bool selected(const struct rule_testing *t, const struct rule *r) {
        for (int i = 0; i < t->n_files; i++)
                if (strcmp(rule_file_name(r), t->files[i]) == 0)
                        return true;
        return t->n_files == 0;
}

/* --- telling */

static void head(struct rule_testing *t) {
        const struct rule_test *x = t->test;
        if (!t->headed && !t->context->json)
                printf("%s:%u:%u: failed: %s: %s\n", x->file, x->line, x->column, rule_id(x->rule), x->name);
        if (!t->headed && t->context->json)
                t->differences = json_object_new_array();
        t->headed = true;
}

static void on_trouble(const struct rule_test_file *file, const char *text, void *userdata) {
        struct rule_testing *t = userdata;
        t->unreadable = true;
        head(t);
        if (!t->context->json) {
                printf("  %s:%u:%u: %s: %s\n", t->test->file, file->line, file->column, file->path, text);
                return;
        }
        json_object *o = json_object_new_object();
        json_object_object_add(o, "kind", json_text("unreadable"));
        json_object_object_add(o, "file", json_text(file->path));
        json_object_object_add(o, "line", json_object_new_int64(file->line));
        json_object_object_add(o, "column", json_object_new_int64(file->column));
        json_object_object_add(o, "text", json_text(text));
        json_object_array_add(t->differences, o);
}

static const char *kind_name(enum rule_test_kind kind) {
        static const char *const names[] = {
                [RULE_TEST_MISSING] = "missing", [RULE_TEST_UNEXPECTED] = "unexpected", [RULE_TEST_DIFFERENT] = "different"};
        return names[kind];
}

static json_object *side(const char *text, instant at, const struct zone *zone) {
        return text ? json_text(text) : at != INSTANT_UNKNOWN ? json_time(at, zone) : NULL;
}

static void print_json_difference(struct rule_testing *t, const struct rule_test_difference *d, const struct zone *zone) {
        json_object *o = json_object_new_object();
        json_object_object_add(o, "kind", json_text(kind_name(d->kind)));
        json_object_object_add(o, "rule", json_text(d->rule));
        json_object_object_add(o, "client", json_text(d->client));
        json_object_object_add(o, "field", json_text(d->field));
        json_object_object_add(o, "wanted", side(d->wanted, d->wanted_at, zone));
        json_object_object_add(o, "got", side(d->got, d->got_at, zone));
        if (d->line > 0) {
                json_object_object_add(o, "line", json_object_new_int64(d->line));
                json_object_object_add(o, "column", json_object_new_int64(d->column));
        }
        json_object_array_add(t->differences, o);
}

static void print_difference(struct rule_testing *t, const struct rule_test_difference *d, const struct zone *zone) {
        char a[TIME_TEXT_SIZE], b[TIME_TEXT_SIZE];
        const char *wanted = d->wanted ? d->wanted : time_rfc3339(d->wanted_at, zone, a),
                   *got = d->got ? d->got : time_rfc3339(d->got_at, zone, b);
        head(t);
        if (t->context->json) {
                print_json_difference(t, d, zone);
                return;
        }
        fputs("  ", stdout);
        if (d->line > 0)
                printf("line %u: ", d->line);
        printf("%s%s%s: ", d->rule, d->client ? " " : "", d->client ? d->client : "");
        if (d->kind == RULE_TEST_DIFFERENT)
                printf("%s: wanted %s, got %s\n", d->field, wanted, got);
        else if (d->kind == RULE_TEST_MISSING)
                printf("wanted%s%s, got nothing\n", *wanted ? " " : "", wanted);
        else
                printf("wanted nothing, got %s\n", got);
}

static void finish(struct rule_testing *t) {
        const struct rule_test *x = t->test;
        *(t->headed ? &t->failed : &t->passed) += 1;
        if (!t->differences)
                return;
        json_object *o = json_object_new_object();
        json_object_object_add(o, "file", json_text(x->file));
        json_object_object_add(o, "line", json_object_new_int64(x->line));
        json_object_object_add(o, "column", json_object_new_int64(x->column));
        json_object_object_add(o, "rule", json_text(rule_id(x->rule)));
        json_object_object_add(o, "test", json_text(x->name));
        json_object_object_add(o, "passed", json_object_new_boolean(false));
        json_object_object_add(o, "differences", TAKE_PTR(t->differences));
        json_print(o);
}

static void tell_untested(struct rule_testing *t, const struct rule *r) {
        uint32_t line, column;
        rule_place(r, &line, &column);
        t->untested++;
        if (!t->context->json) {
                printf("%s:%u:%u: no tests: %s\n", rule_file_name(r), line, column, rule_id(r));
                return;
        }
        json_object *o = json_object_new_object();
        json_object_object_add(o, "file", json_text(rule_file_name(r)));
        json_object_object_add(o, "line", json_object_new_int64(line));
        json_object_object_add(o, "column", json_object_new_int64(column));
        json_object_object_add(o, "rule", json_text(rule_id(r)));
        json_object_object_add(o, "tests", json_object_new_int(0));
        json_print(o);
}

static void tell_totals(const struct rule_testing *t) {
        if (!t->context->json) {
                printf("%" PRIu64 " passed, %" PRIu64 " failed\n", t->passed, t->failed);
                return;
        }
        json_object *o = json_object_new_object();
        json_object_object_add(o, "passed", json_object_new_int64((int64_t) t->passed));
        json_object_object_add(o, "failed", json_object_new_int64((int64_t) t->failed));
        json_object_object_add(o, "untested", json_object_new_int64((int64_t) t->untested));
        json_print(o);
}

/* --- running */

static void on_holiday_trouble(const char *source, const char *text, void *userdata) {
        (void) userdata;
        log_warning("%s: %s", source, text);
}

/* Days off in files that the test's own owner names. */
static int own_holidays(struct rule_testing *t, struct settings *people) {
        if (!people->holiday_files || !people->holiday_files[0])
                return 0;
        sd_event *event = NULL;
        const struct reader_options options = {
                .settings = people, .clock = t->context->clock, .trouble = on_holiday_trouble};
        int r = sd_event_new(&event);
        if (r >= 0)
                r = reader_holidays(event, t->context->program, people, &options);
        sd_event_unref(event);
        return r;
}

static int observe(struct rule_testing *t, const struct settings *people, struct observation_feed *ret,
                   instant *ret_newest) {
        int r = t->observed ? 0 : observed_new(t->context->program, &t->observed);
        if (r >= 0)
                r = observed_read(t->observed, t->test, people, on_trouble, t, ret_newest);
        if (r >= 0)
                *ret = observed_feed(t->observed);
        return r;
}

static int run_with(struct rule_testing *t, struct settings *people) {
        struct observation_feed feed;
        instant newest = INSTANT_UNKNOWN;
        bool observes = t->test->observe;
        int r = own_holidays(t, people);
        if (r >= 0 && observes)
                r = observe(t, people, &feed, &newest);
        struct rule_test_result result = {};
        /* What is missing would only be told a second time. */
        if (r >= 0 && !t->unreadable)
                r = rule_test_run(t->rules, t->test, people, observes ? &feed : NULL, newest, &result);
        for (size_t i = 0; i < result.n; i++)
                print_difference(t, &result.items[i], people->owner.zone ? people->owner.zone : zone_utc());
        rule_test_result_free(&result);
        return r;
}

static int run_test(struct rule_testing *t, const struct rule_test *x) {
        struct settings *people = NULL;
        t->test = x;
        t->unreadable = t->headed = false;
        int r = rule_test_people(x, rule_is_shipped(x->rule) ? t->somebody : t->owner, &people);
        if (r >= 0)
                r = run_with(t, people);
        settings_free(people);
        if (r < 0)
                return log_errno(r, "%s:%u: cannot run the test", x->file, x->line);
        finish(t);
        return 0;
}

static int run_all(struct rule_testing *t) {
        int r = 0;
        for (size_t i = 0; i < ruleset_size(t->rules) && r >= 0; i++) {
                const struct rule *rule = ruleset_rule(t->rules, i);
                const struct rule_test *tests;
                size_t n = rule_tests(rule, &tests);
                if (!selected(t, rule))
                        continue;
                if (n == 0)
                        tell_untested(t, rule);
                for (size_t k = 0; k < n && r >= 0; k++)
                        r = run_test(t, &tests[k]);
        }
        return r;
}

/* Does the owner's own calendar matter at all? Its files are only read then, since that starts a role. */
static bool owner_matters(const struct rule_testing *t) {
        for (size_t i = 0; i < ruleset_size(t->context->rules); i++) {
                const struct rule *rule = ruleset_rule(t->context->rules, i);
                const struct rule_test *tests;
                size_t n = rule_tests(rule, &tests);
                for (size_t k = 0; k < n && selected(t, rule) && !rule_is_shipped(rule); k++)
                        if (!tests[k].own_owner)
                                return true;
        }
        return false;
}

static int prepare(struct rule_testing *t) {
        struct context *c = t->context;
        _cleanup_diagnostics_ struct diagnostics told = {};
        const struct settings_change none = {};
        int r = settings_derive(c->settings, &none, c->zones, &told, &t->owner);
        if (r >= 0)
                r = settings_derive(NULL, &none, c->zones, &told, &t->somebody);
        if (r >= 0)
                r = ruleset_load(c->rule_files, c->n_rule_files, t->owner, &told, &t->rules);
        return r < 0 ? log_errno(r, "cannot prepare the tests") : 0;
}

int rules_test(struct context *c, int n_files, char **files) {
        struct rule_testing t = {.context = c, .files = files, .n_files = n_files};
        c->without_config = c->whole_set = true;
        int status = context_settings(c);
        if (status == EXIT_DONE)
                status = context_rules(c, files, (size_t) n_files);
        if (status == EXIT_DONE && owner_matters(&t))
                status = context_holidays(c);
        if (status != EXIT_DONE)
                return status;
        int r = prepare(&t);
        if (r >= 0)
                r = run_all(&t);
        if (r >= 0)
                tell_totals(&t);
        json_object_put(t.differences);
        observed_free(t.observed);
        ruleset_free(t.rules);
        settings_free(t.owner);
        settings_free(t.somebody);
        return r < 0 || t.failed > 0 ? EXIT_FAULT : EXIT_DONE;
}
