/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/rules-help.h"

/* Rules of kind `measure`, `inhibits` and `repeat_after`: facts in, when breaches begin out. */

struct scene {
        struct world w;
        struct fact facts[200];
        size_t n;
        instant now, read_until; /* INSTANT_UNKNOWN: all is read */
        struct evaluation *e;
        const struct alert *alerts;
        size_t n_alerts;
};

static int setup(void **state) {
        struct scene *s = calloc(1, sizeof(*s));
        assert_non_null(s);
        world_start(&s->w);
        s->now = at(&s->w, "2026-07-01");
        s->read_until = INSTANT_UNKNOWN;
        *state = s;
        return 0;
}

static int teardown(void **state) {
        struct scene *s = *state;
        evaluation_free(s->e);
        world_end(&s->w);
        free(s);
        return 0;
}

static struct fact *add(struct scene *s, enum fact_type type, int client, const char *when) {
        assert_true(s->n < ELEMENTSOF(s->facts));
        struct fact *f = &s->facts[s->n++];
        *f = (struct fact){.type = type,
                           .at = at(&s->w, when),
                           .client = client >= 0 ? &s->w.clients[client] : NULL,
                           .source = "mail",
                           .key = s->n,
                           .observation = -1};
        return f;
}

static struct fact *replied(struct scene *s, int client, const char *when, int64_t hours) {
        struct fact *f = add(s, FACT_MESSAGE_RECEIVED, client, when);
        set(f, "response_time", v_duration(hours * 3600));
        return f;
}

static void paid(struct scene *s, int client, const char *when, int64_t amount) {
        set(add(s, FACT_PAYMENT_RECEIVED, client, when), "amount", (struct value){.type = VALUE_MONEY, .i = amount * 100});
}

static void run(struct scene *s) {
        s->e = evaluation_free(s->e);
        instant until = s->read_until == INSTANT_UNKNOWN ? s->now : s->read_until;
        struct eval_options options = {.now = s->now, .read_until = until, .calendars_read_until = until};
        assert_int_equal(evaluation_new(s->w.rules, &s->w.settings, &options, &s->e), 0);
        for (size_t i = 0; i < s->n; i++)
                assert_int_equal(evaluation_fact(&s->facts[i], s->e), 0);
        assert_int_equal(evaluation_end(s->e), 0);
        s->n_alerts = evaluation_alerts(s->e, &s->alerts);
}

static const struct alert *alert_of(const struct scene *s, const char *rule, int client) {
        for (size_t i = 0; i < s->n_alerts; i++)
                if (str_eq(rule_id(s->alerts[i].rule), rule) &&
                    s->alerts[i].client == (client >= 0 ? &s->w.clients[client] : NULL))
                        return &s->alerts[i];
        return NULL;
}

/* Breaches of a rule for a client begin at these times, NULL at the end, and at no other. */
static void expect(const struct scene *s, const char *rule, int client, const char *const *times) {
        const struct alert *a = alert_of(s, rule, client);
        size_t n = 0;
        for (; times[n]; n++) {
                if (!a || n >= a->n_evidence)
                        fail_msg("%s: no breach at %s", rule, times[n]);
                if (a->evidence[n].at != at(&s->w, times[n]))
                        fail_msg("%s: breach %zu is off %s by %" PRId64 " s", rule, n, times[n],
                                 a->evidence[n].at - at(&s->w, times[n]));
        }
        if (a && a->n_evidence > n)
                fail_msg("%s: %zu breaches more", rule, a->n_evidence - n);
}
#define EXPECT(s, rule, client, ...) expect(s, rule, client, (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

#define HEAD "version: 1\nrules:\n"
#define RULE(id, measure) "  - id: " id "\n    measure: {" measure "}\n"

static void test_count(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD RULE("nag", "count: {fact: reminder.received}, over: 30d, is: {gte: 3}"));
        add(s, FACT_REMINDER_RECEIVED, DUPONT, "2026-03-01T09:00");
        add(s, FACT_REMINDER_RECEIVED, ACME, "2026-03-02T10:00"); /* somebody else's */
        add(s, FACT_REMINDER_RECEIVED, DUPONT, "2026-03-10T10:00");
        add(s, FACT_REMINDER_RECEIVED, DUPONT,
            "2026-03-31T10:00"); /* the first one is exactly 30 days old: out (and an hour of summer time) */
        add(s, FACT_REMINDER_RECEIVED, DUPONT, "2026-04-05T10:00"); /* three */
        add(s, FACT_REMINDER_RECEIVED, DUPONT, "2026-04-06T10:00"); /* four: the same breach */
        add(s, FACT_REMINDER_RECEIVED, DUPONT, "2026-05-20T10:00"); /* one: over */
        add(s, FACT_REMINDER_RECEIVED, DUPONT, "2026-05-21T10:00");
        add(s, FACT_REMINDER_RECEIVED, DUPONT, "2026-05-22T10:00"); /* three again */
        run(s);
        EXPECT(s, "nag", DUPONT, "2026-04-05T10:00", "2026-05-22T10:00");
        EXPECT(s, "nag", ACME);
        const struct alert *a = alert_of(s, "nag", DUPONT);
        assert_string_equal(a->evidence[0].detail, "3 times over 30 days");
        assert_string_equal(a->evidence[0].fact, "reminder.received");
        assert_int_equal(a->lasting, LASTING_RECURRING);
}

static void test_stays(void **state) {
        struct scene *s = *state;
        load_good(&s->w,
                  HEAD RULE("hours",
                            "sum: {fact: work.done, field: duration}, over: 1w, is: {gt: 50h}") "    by: []\n    for: "
                                                                                                "{breaches: 3, of: 4, "
                                                                                                "every: 1w}\n");
        /* Eleven hours on each working day: every week is a breach of its own. */
        static const char *const days[] = {"02", "03", "04", "05", "06", "09", "10", "11",
                                           "12", "13", "16", "17", "18", "19", "20"};
        for (size_t i = 0; i < ELEMENTSOF(days); i++) {
                char when[32];
                (void) snprintf(when, sizeof(when), "2026-03-%sT18:00", days[i]);
                set(add(s, FACT_WORK_DONE, i % 2 ? DUPONT : -1, when), "duration", v_duration(11 * 3600));
        }
        run(s);
        EXPECT(s, "hours", -1, "2026-03-06T18:00", "2026-03-13T18:00", "2026-03-20T18:00");
        assert_int_equal(alert_of(s, "hours", -1)->lasting, LASTING_LASTING);
        assert_string_equal(alert_of(s, "hours", -1)->evidence[0].detail, "2 days in all over 1 week");
}

static void test_one_instant(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD RULE("half", "ratio: {part: {fact: meeting.cancelled}, whole: {fact: meeting.planned}}, over: "
                                           "60d, min_facts: 2, is: {gte: 0.5}"));
        /* Three facts of one moment: the number is judged once, whatever came first; the smallest key opens. */
        add(s, FACT_MEETING_PLANNED, DUPONT, "2026-03-02T10:00");
        add(s, FACT_MEETING_CANCELLED, DUPONT, "2026-03-03T10:00")->key = 9;
        add(s, FACT_MEETING_PLANNED, DUPONT, "2026-03-03T10:00")->key = 4;
        add(s, FACT_MEETING_PLANNED, DUPONT, "2026-03-03T10:00")->key = 7;
        run(s);
        EXPECT(s, "half", DUPONT);                 /* one of three */
        s->facts[3].type = FACT_MEETING_CANCELLED; /* two of two: 1 */
        run(s);
        EXPECT(s, "half", DUPONT, "2026-03-03T10:00");
        char first[17];
        (void) snprintf(first, sizeof(first), "%s", alert_of(s, "half", DUPONT)->evidence[0].breach);
        const struct fact swapped = s->facts[1];
        s->facts[1] = s->facts[2];
        s->facts[2] = swapped;
        run(s);
        assert_string_equal(alert_of(s, "half", DUPONT)->evidence[0].breach, first);
        assert_string_equal(alert_of(s, "half", DUPONT)->evidence[0].detail, "100 % of them over 60 days");
}

static void test_values(void **state) {
        struct scene *s = *state;
        load_good(&s->w,
                  HEAD RULE("mean", "mean: {fact: message.received, field: response_time}, over: 30d, is: {gt: 10h}") RULE(
                          "median", "median: {fact: message.received, field: response_time}, over: 30d, is: {gt: 10h}")
                          RULE("p90", "p90: {fact: message.received, field: response_time}, over: 30d, is: {gte: 40h}") RULE(
                                  "days", "distinct: {fact: message.received, field: weekday}, over: 30d, is: {gte: 3}"));
        static const int64_t hours[] = {1, 2, 3, 40, 11, 12};
        static const char *const weekdays[] = {"mon", "mon", "tue", "tue", "wed", "wed"};
        for (size_t i = 0; i < ELEMENTSOF(hours); i++) {
                char when[32];
                (void) snprintf(when, sizeof(when), "2026-03-%02zuT10:00", i + 2);
                set(replied(s, DUPONT, when, hours[i]), "weekday", v_enum(weekdays[i]));
        }
        add(s, FACT_MESSAGE_RECEIVED, DUPONT, "2026-03-12T10:00"); /* without a value: does not count, and is not judged */
        run(s);
        /* 1 2 3 40: mean 11.5; 1 2 3 11 40: mean 11.4; 1 2 3 11 12 40: mean 11.5. Medians 2.5, 3, 7. */
        EXPECT(s, "mean", DUPONT, "2026-03-05T10:00");
        EXPECT(s, "median", DUPONT);
        EXPECT(s, "p90", DUPONT, "2026-03-05T10:00");
        EXPECT(s, "days", DUPONT, "2026-03-06T10:00");
        assert_string_equal(alert_of(s, "days", DUPONT)->evidence[0].detail, "3 different over 30 days");
        assert_string_equal(alert_of(s, "mean", DUPONT)->evidence[0].detail, "11 h 30 on average over 30 days");
}

static void test_share(void **state) {
        struct scene *s = *state;
        load_good(&s->w,
                  HEAD RULE("alone",
                            "share: {fact: payment.received, field: amount}, over: 365d, min_facts: 4, is: {gt: 0.5}"));
        paid(s, DUPONT, "2026-01-05T10:00", 1000); /* all there is: too few facts to judge */
        paid(s, ACME, "2026-02-05T10:00", 500);
        paid(s, -1, "2026-02-06T10:00", 2000);     /* of nobody known: in the whole all the same */
        paid(s, DUPONT, "2026-03-05T10:00", 1500); /* 2500 of 5000: just not more than half */
        paid(s, DUPONT, "2026-03-06T10:00", 1);
        run(s);
        EXPECT(s, "alone", DUPONT, "2026-03-06T10:00");
        EXPECT(s, "alone", ACME);
        EXPECT(s, "alone", -1);
}

/* Off for all but one client: what the others pay is part of the whole nevertheless. */
static void test_share_of_one(void **state) {
        struct scene *s = *state;
        s->w.clients[DUPONT].rules = tree(&s->w, "alone: {mode: on}\n");
        load_good(&s->w,
                  HEAD RULE("alone",
                            "share: {fact: payment.received, field: amount}, over: 365d, is: {gt: 0.5}") "    mode: off\n");
        paid(s, ACME, "2026-01-05T10:00", 1000);
        paid(s, DUPONT, "2026-02-05T10:00", 1000);
        run(s);
        EXPECT(s, "alone", DUPONT);
        paid(s, DUPONT, "2026-02-06T10:00", 1);
        run(s);
        EXPECT(s, "alone", DUPONT, "2026-02-06T10:00");
        EXPECT(s, "alone", ACME);
}

static void test_own_past(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD RULE("slower", "median: {fact: message.received, field: response_time}, over: 30d, against: "
                                             "{own_past: 60d}, min_facts: 3, is: {gte: 1.5}")
                                 RULE("more",
                                      "count: {fact: message.received}, over: 30d, against: {own_past: 60d}, is: {gte: 2}"));
        replied(s, ACME, "2026-05-01T10:00", 30); /* no past */
        for (size_t i = 1; i <= 3; i++) {
                char when[32];
                (void) snprintf(when, sizeof(when), "2026-03-%02zuT10:00", 10 * i);
                replied(s, DUPONT, when, 10);
        }
        replied(s, DUPONT, "2026-05-10T10:00", 15);
        replied(s, DUPONT, "2026-05-11T10:00", 15);
        replied(s, DUPONT, "2026-05-12T10:00", 15);
        for (size_t i = 0; i < s->n; i++)
                for (size_t k = i + 1; k < s->n; k++)
                        if (s->facts[k].at < s->facts[i].at) {
                                const struct fact swapped = s->facts[i];
                                s->facts[i] = s->facts[k];
                                s->facts[k] = swapped;
                        }
        run(s);
        /* On 12 May the window begins on 12 April, its past on 11 February: 15 h against 10 h. */
        EXPECT(s, "slower", DUPONT, "2026-05-12T10:00");
        EXPECT(s, "slower", ACME);
        assert_string_equal(alert_of(s, "slower", DUPONT)->evidence[0].detail, "1.5 times as before, over 30 days");
        /* Three in 30 days against three in 60 would be twice as many, but before 10 March nothing is known. */
        EXPECT(s, "more", DUPONT);
        s->facts[0].at = at(&s->w, "2026-02-11T09:00");
        run(s);
        EXPECT(s, "more", DUPONT, "2026-05-12T10:00");
}

/* What is not read yet can make a count no smaller; everything else may look bad for want of it. */
static void test_stale(void **state) {
        struct scene *s = *state;
        load_good(&s->w,
                  HEAD RULE("many", "count: {fact: message.received}, over: 30d, is: {gte: 3}")
                          RULE("few", "count: {fact: message.received}, over: 30d, is: {lte: 2}")
                                  RULE("range", "count: {fact: message.received}, over: 30d, is: {gte: 3, lt: 9}")
                                          RULE("slow", "mean: {fact: message.received, field: response_time}, over: 30d, "
                                                       "is: {gt: 24h}"));
        replied(s, DUPONT, "2026-03-02T10:00", 50);
        replied(s, DUPONT, "2026-03-03T10:00", 50);
        replied(s, DUPONT, "2026-03-04T10:00", 50);
        s->read_until = at(&s->w, "2026-03-01");
        run(s);
        EXPECT(s, "many", DUPONT, "2026-03-04T10:00");
        EXPECT(s, "few", DUPONT);
        EXPECT(s, "range", DUPONT);
        EXPECT(s, "slow", DUPONT);
        const struct waiting *waiting;
        assert_int_equal(evaluation_waiting(s->e, &waiting), 3); /* each once */
        assert_string_equal(rule_id(waiting[0].rule), "few");
        assert_string_equal(rule_id(waiting[1].rule), "slow");
        assert_string_equal(rule_id(waiting[2].rule), "range");
        assert_true(waiting[0].deadline == at(&s->w, "2026-03-02T10:00"));
        s->read_until = at(&s->w, "2026-03-03T10:00");
        run(s);
        EXPECT(s, "few", DUPONT, "2026-03-02T10:00");
        EXPECT(s, "slow", DUPONT, "2026-03-02T10:00");
        EXPECT(s, "range", DUPONT);
        s->read_until = s->now;
        run(s);
        EXPECT(s, "range", DUPONT, "2026-03-04T10:00");
        assert_int_equal(evaluation_waiting(s->e, &waiting), 0);
}

static void test_exceptions_do_not_count(void **state) {
        struct scene *s = *state;
        load_good(&s->w,
                  HEAD RULE("nag",
                            "count: {fact: reminder.received}, over: 30d, is: {gte: 2}") "    exceptions: [{where: {client: "
                                                                                         "dupont}, reason: launch, until: "
                                                                                         "2026-03-10}]\n");
        add(s, FACT_REMINDER_RECEIVED, DUPONT, "2026-03-09T10:00");
        add(s, FACT_REMINDER_RECEIVED, DUPONT, "2026-03-10T10:00");
        add(s, FACT_REMINDER_RECEIVED, DUPONT, "2026-03-11T10:00");
        run(s);
        EXPECT(s, "nag", DUPONT);
        add(s, FACT_REMINDER_RECEIVED, DUPONT, "2026-03-12T10:00");
        run(s);
        EXPECT(s, "nag", DUPONT, "2026-03-12T10:00");
}

static void test_of_breaches(void **state) {
        struct scene *s = *state;
        /* The one that builds on another comes first in the file, and both are judged at one instant. */
        load_good(&s->w, HEAD RULE("often", "count: {fact: [rule.busy, thanks.received]}, over: 90d, is: {gte: 2}")
                                 RULE("busy", "count: {fact: reminder.received}, over: 7d, is: {gte: 2}"));
        add(s, FACT_REMINDER_RECEIVED, DUPONT, "2026-03-02T10:00");
        add(s, FACT_REMINDER_RECEIVED, DUPONT, "2026-03-03T10:00");
        add(s, FACT_THANKS_RECEIVED, DUPONT, "2026-03-03T10:00");
        run(s);
        EXPECT(s, "busy", DUPONT, "2026-03-03T10:00");
        EXPECT(s, "often", DUPONT, "2026-03-03T10:00");
        assert_int_equal(alert_of(s, "often", DUPONT)->count, 1);
}

static void test_overrides(void **state) {
        struct scene *s = *state;
        s->w.clients[ACME].rules = tree(&s->w, "nag: {params: {limit: 3}}\n");
        s->w.clients[LIBERTY].rules = tree(&s->w, "nag: {mode: off}\n");
        load_good(&s->w,
                  HEAD RULE("nag",
                            "count: {fact: reminder.received}, over: $window, is: {gte: $limit}") "    params: {limit: "
                                                                                                  "{type: int, default: 2}, "
                                                                                                  "window: {type: duration, "
                                                                                                  "default: 30d}}\n");
        for (int c = 0; c < 3; c++)
                for (int i = 0; i < 2; i++)
                        add(s, FACT_REMINDER_RECEIVED, c, "2026-03-02T10:00");
        run(s);
        EXPECT(s, "nag", DUPONT, "2026-03-02T10:00");
        EXPECT(s, "nag", ACME);
        EXPECT(s, "nag", LIBERTY);
}

static void test_many_groups(void **state) {
        struct scene *s = *state;
        load_good(&s->w,
                  HEAD RULE("thread",
                            "count: {fact: message.received}, over: 1d, is: {gte: 2}") "    by: [client, thread_id]\n");
        struct eval_options options = {.now = s->now, .read_until = s->now, .calendars_read_until = s->now};
        assert_int_equal(evaluation_new(s->w.rules, &s->w.settings, &options, &s->e), 0);
        struct fact f = {.type = FACT_MESSAGE_RECEIVED,
                         .at = at(&s->w, "2020-01-01"),
                         .client = &s->w.clients[DUPONT],
                         .observation = -1};
        for (uint64_t i = 0; i < 50000; i++) {
                char thread[32];
                (void) snprintf(thread, sizeof(thread), "%c%" PRIu64, i % 4 < 2 ? 'p' : 'o', i % 4 < 2 ? i / 4 : i);
                f.key = i + 1;
                f.at += 600;
                set(&f, "thread_id", v_string(thread));
                assert_int_equal(evaluation_fact(&f, s->e), 0);
        }
        assert_int_equal(evaluation_end(s->e), 0);
        /* Of four messages the first two are of one conversation: let go or not, each such pair is one breach. */
        size_t n = evaluation_alerts(s->e, &s->alerts);
        assert_int_equal(n, 12500);
}

static void test_inhibits(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD "  - id: strong\n    mode: alert\n    match: {fact: boundary.stated}\n    inhibits: [weak]\n"
                              "  - id: weak\n    match: {fact: reminder.received}\n    repeat_after: 14d\n");
        add(s, FACT_REMINDER_RECEIVED, DUPONT, "2026-06-01T10:00");
        add(s, FACT_REMINDER_RECEIVED, ACME, "2026-06-01T10:00");
        add(s, FACT_BOUNDARY_STATED, DUPONT, "2026-06-02T10:00");
        run(s);
        assert_string_equal(rule_id(alert_of(s, "weak", DUPONT)->inhibited_by), "strong");
        assert_null(alert_of(s, "weak", ACME)->inhibited_by);
        assert_null(alert_of(s, "strong", DUPONT)->inhibited_by);
        /* The stronger alert is over: the weaker one stands for itself. */
        s->facts[2].at = at(&s->w, "2026-06-01T10:00");
        s->now = at(&s->w, "2026-08-30T10:00");
        run(s);
        assert_string_equal(rule_id(alert_of(s, "weak", DUPONT)->inhibited_by), "strong");
        s->facts[2].at -= 3600;
        const struct fact first = s->facts[2];
        memmove(s->facts + 1, s->facts, 2 * sizeof(s->facts[0]));
        s->facts[0] = first;
        run(s);
        assert_null(alert_of(s, "weak", DUPONT)->inhibited_by);
}

static void test_not_less_loudly(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD "  - id: strong\n    mode: watch\n    match: {fact: boundary.stated}\n    inhibits: [weak]\n"
                              "  - id: weak\n    match: {fact: reminder.received}\n");
        add(s, FACT_REMINDER_RECEIVED, DUPONT, "2026-06-01T10:00");
        add(s, FACT_BOUNDARY_STATED, DUPONT, "2026-06-02T10:00");
        run(s);
        assert_null(alert_of(s, "weak", DUPONT)->inhibited_by);
}

static void test_repeat_after(void **state) {
        struct scene *s = *state;
        char first[17];
        load_good(&s->w, HEAD "  - id: weak\n    match: {fact: reminder.received}\n    repeat_after: 14d\n");
        add(s, FACT_REMINDER_RECEIVED, DUPONT, "2026-06-01T10:00");
        s->now = at(&s->w, "2026-06-15T09:59");
        run(s);
        assert_string_equal(s->alerts[0].repeat, "");
        s->now = at(&s->w, "2026-06-15T10:00");
        run(s);
        (void) snprintf(first, sizeof(first), "%s", s->alerts[0].repeat);
        assert_int_equal(strlen(first), 16);
        s->now = at(&s->w, "2026-06-28T10:00");
        run(s);
        assert_string_equal(s->alerts[0].repeat, first);
        s->now = at(&s->w, "2026-06-29T10:00");
        run(s);
        assert_string_not_equal(s->alerts[0].repeat, first);
        s->now = at(&s->w, "2026-12-29T10:00"); /* resolved */
        run(s);
        assert_string_equal(s->alerts[0].repeat, "");
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        const struct CMUnitTest tests[] = {
                T(test_count),           T(test_stays),        T(test_one_instant), T(test_values),
                T(test_share),           T(test_share_of_one), T(test_own_past),    T(test_exceptions_do_not_count),
                T(test_of_breaches),     T(test_overrides),    T(test_many_groups), T(test_inhibits),
                T(test_not_less_loudly), T(test_repeat_after), T(test_stale),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
