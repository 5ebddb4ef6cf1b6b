/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/rules-help.h"

/* A scene: facts in time order, a clock, and what came out of it. */
struct scene {
        struct world w;
        struct fact facts[200];
        size_t n;
        uint64_t next_key;
        instant now, read_until, calendars_read_until; /* INSTANT_UNKNOWN: as the mailboxes */
        bool absences_first;
        instant unread[4];
        size_t n_unread;
        struct evaluation *e;
        const struct alert *alerts;
        size_t n_alerts;
        const struct waiting *waiting;
        size_t n_waiting;
};

static int setup(void **state) {
        struct scene *s = calloc(1, sizeof(*s));
        assert_non_null(s);
        world_start(&s->w);
        s->now = s->read_until = at(&s->w, "2026-04-01");
        s->calendars_read_until = INSTANT_UNKNOWN;
        s->next_key = 1;
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
                           .person = "jean@dupont.example",
                           .message_id = "m@x",
                           .key = s->next_key++,
                           .observation = (int64_t) s->n};
        return f;
}

static struct fact *asked(struct scene *s, int client, const char *when, const char *thread) {
        struct fact *f = add(s, FACT_REQUEST_SENT, client, when);
        set(f, "thread_id", v_string(thread));
        set(f, "subject", v_string("Logo v3"));
        return f;
}

static struct fact *received(struct scene *s, int client, const char *when, const char *thread, bool automatic) {
        struct fact *f = add(s, FACT_MESSAGE_RECEIVED, client, when);
        set(f, "thread_id", v_string(thread));
        set(f, "automatic", v_bool(automatic));
        return f;
}

static struct fact *away(struct scene *s, int client, const char *when, const char *from, const char *until) {
        struct fact *f = received(s, client, when, "auto", true);
        if (from)
                set(f, "absence_from", v_instant(at(&s->w, from)));
        set(f, "absence_until", v_instant(at(&s->w, until)));
        return f;
}

static struct fact *cancelled(struct scene *s, int client, const char *when, const char *start, const char *by) {
        struct fact *f = add(s, FACT_MEETING_CANCELLED, client, when);
        set(f, "start", v_instant(at(&s->w, start)));
        set(f, "notice", v_duration(at(&s->w, start) - f->at));
        set(f, "planned_notice", v_duration(20 * 86400));
        set(f, "changed_by", v_enum(by));
        f->uid = "meeting";
        return f;
}

static void run(struct scene *s) {
        s->e = evaluation_free(s->e);
        instant calendars = s->calendars_read_until == INSTANT_UNKNOWN ? s->read_until : s->calendars_read_until;
        struct eval_options options = {.now = s->now,
                                       .read_until = s->read_until,
                                       .calendars_read_until = calendars,
                                       .unread = s->unread,
                                       .n_unread = s->n_unread};
        assert_int_equal(evaluation_new(s->w.rules, &s->w.settings, &options, &s->e), 0);
        for (size_t i = 0; s->absences_first && evaluation_wants_absences(s->e) && i < s->n; i++)
                assert_int_equal(evaluation_absence(&s->facts[i], s->e), 0);
        for (size_t i = 0; i < s->n; i++) {
                assert_true(i == 0 || s->facts[i - 1].at <= s->facts[i].at);
                assert_int_equal(evaluation_fact(&s->facts[i], s->e), 0);
        }
        assert_int_equal(evaluation_end(s->e), 0);
        s->n_alerts = evaluation_alerts(s->e, &s->alerts);
        s->n_waiting = evaluation_waiting(s->e, &s->waiting);
}

#define HEAD "version: 1\nrules:\n"
#define UNANSWERED                                                                      \
        "  - id: unanswered\n"                                                          \
        "    params: {patience: {type: duration, default: 3bd, min: 1bd, max: 30bd}}\n" \
        "    sequence:\n"                                                               \
        "      same: [thread_id]\n"                                                     \
        "      steps:\n"                                                                \
        "        - {fact: request.sent}\n"                                              \
        "        - {absent: message.received, where: {automatic: false}, within: $patience, clock: client}\n"
#define LATE                                                                                                         \
        "  - id: late\n"                                                                                             \
        "    mode: alert\n"                                                                                          \
        "    params: {notice: {type: duration, default: 24h}}\n"                                                     \
        "    match: {fact: [meeting.cancelled, meeting.moved], where: {changed_by: client, notice: {lt: $notice},\n" \
        "            not: {planned_notice: {lt: $notice}}}}\n"

static void assert_at(const struct scene *s, instant have, const char *want) {
        if (have != at(&s->w, want))
                fail_msg("%" PRId64 " is not %s, it is off by %" PRId64 " s", have, want, have - at(&s->w, want));
}

/* --- matches */

static void test_match(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD LATE);
        cancelled(s, DUPONT, "2026-03-02T08:50", "2026-03-02T10:00", "client");
        cancelled(s, DUPONT, "2026-03-03T08:50", "2026-03-03T10:00", "owner");
        cancelled(s, DUPONT, "2026-03-04T10:00", "2026-03-05T10:00", "client"); /* exactly 24 h */
        cancelled(s, -1, "2026-03-05T08:50", "2026-03-05T10:00", "client");     /* nobody's */
        run(s);
        assert_int_equal(s->n_alerts, 1);
        const struct alert *a = &s->alerts[0];
        assert_string_equal(rule_id(a->rule), "late");
        assert_ptr_equal(a->client, &s->w.clients[DUPONT]);
        assert_int_equal(a->count, 1);
        assert_int_equal(a->lasting, LASTING_ONE_OFF);
        assert_int_equal(a->severity, SEVERITY_LOW);
        assert_int_equal(a->mode, MODE_ALERT);
        assert_int_equal(a->state, ALERT_OPEN);
        assert_int_equal(a->n_evidence, 1);
        assert_at(s, a->evidence[0].at, "2026-03-02T08:50");
        assert_string_equal(a->evidence[0].fact, "meeting.cancelled");
        assert_string_equal(a->evidence[0].detail, "Cancelled 1 h 10 before (Mon 2 Mar 08:50 for 10:00)");
        assert_string_equal(a->evidence[0].uid, "meeting");
        assert_string_equal(a->summary, "once, on Mon 2 Mar 08:50");
        assert_int_equal(strlen(a->id), 16);
}

static void test_booked_inside(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD LATE);
        set(cancelled(s, DUPONT, "2026-03-02T08:50", "2026-03-02T10:00", "client"), "planned_notice", v_duration(3 * 3600));
        run(s);
        assert_int_equal(s->n_alerts, 0);
        /* Unknown planning counts; unknown notice does not. */
        set(&s->facts[0], "planned_notice", (struct value){0});
        run(s);
        assert_int_equal(s->n_alerts, 1);
        set(&s->facts[0], "notice", (struct value){0});
        run(s);
        assert_int_equal(s->n_alerts, 0);
}

static void test_french(void **state) {
        struct scene *s = *state;
        s->w.settings.owner.language = "fr";
        load_good(&s->w, HEAD LATE "    title: {en: Late, fr: Tard}\n" UNANSWERED
                                   "  - id: evening\n    match: {fact: message.received, where: {working_time: false}}\n");
        cancelled(s, DUPONT, "2026-03-01T18:00", "2026-03-02T10:00", "client");
        cancelled(s, DUPONT, "2026-03-02T08:50", "2026-03-02T10:00", "client");
        asked(s, ACME, "2026-03-02T10:04", "t");
        set(received(s, DUPONT, "2026-03-07T22:14", "x", false), "working_time", v_bool(false));
        run(s);
        assert_int_equal(s->n_alerts, 3);
        assert_string_equal(s->alerts[0].title, "Tard");
        assert_string_equal(s->alerts[0].evidence[0].detail,
                            "Annulé 16 h avant (dimanche 1er mars 18:00 pour lundi 2 mars 10:00)");
        assert_string_equal(s->alerts[0].evidence[1].detail, "Annulé 1 h 10 avant (lundi 2 mars 08:50 pour 10:00)");
        assert_string_equal(s->alerts[0].summary, "2 fois en 90 jours, la dernière le lundi 2 mars 08:50");
        assert_string_equal(s->alerts[1].evidence[0].detail,
                            "Aucune réponse 3 jours ouvrés après (demandé lundi 2 mars 10:04)");
        assert_string_equal(s->alerts[2].evidence[0].detail, "Reçu samedi 7 mars à 22:14, hors des heures de travail");
}

static void test_any_all_in(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD "  - id: r\n    match: {fact: message.received, where: {any: [{hour: {gte: 22}}, {all: "
                              "[{weekday: [sat, sun]}, "
                              "{client: {in: [acme, dupont]}}]}], text: {contains: \"d'urgence\"}}}\n");
        assert_true(ruleset_needs_texts(s->w.rules));
        struct fact *f = received(s, DUPONT, "2026-03-07T15:00", "t", false);
        set(f, "hour", v_int(15));
        set(f, "weekday", v_enum("sat"));
        set(f, "text", v_string("Il le faut\nD’URGENCE, merci"));
        run(s);
        assert_int_equal(s->n_alerts, 1);
        set(f, "text", v_string("d'urgences"));
        run(s);
        assert_int_equal(s->n_alerts, 0);
        set(f, "text", v_string("d'urgence"));
        set(f, "weekday", v_enum("fri"));
        run(s);
        assert_int_equal(s->n_alerts, 0);
        set(f, "hour", v_int(22));
        run(s);
        assert_int_equal(s->n_alerts, 1);
}

static void test_lists(void **state) {
        struct scene *s = *state;
        load_good(&s->w, "version: 1\nlists: {stop: {words: [\"merci d'arrêter\", 'ne plus']}}\nrules:\n"
                         "  - id: r\n    match: {fact: message.received, where: {text: {in_list: stop}}}\n"
                         "  - id: q\n    match: {fact: message.received, where: {lists: {contains: stop}}}\n"
                         "  - id: p\n    match: {fact: message.received, where: {lists: stop}}\n");
        struct fact *f = received(s, DUPONT, "2026-03-07T15:00", "t", false);
        set(f, "text",
            v_string("Merci   d\xe2\x80\x99"
                     "arreter."));
        run(s);
        assert_int_equal(s->n_alerts, 3);
        set(f, "text", v_string("rien"));
        run(s);
        assert_int_equal(s->n_alerts, 0);
}

/* --- absences */

static void test_deadline(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD UNANSWERED);
        asked(s, DUPONT, "2026-03-02T10:04", "t");
        run(s);
        assert_int_equal(s->n_alerts, 1);
        assert_at(s, s->alerts[0].first_at, "2026-03-05T18:00"); /* the client's close of business, not the owner's */
        assert_at(s, s->alerts[0].evidence[0].fact_at, "2026-03-02T10:04");
        assert_string_equal(s->alerts[0].evidence[0].fact, "request.sent");
        assert_string_equal(s->alerts[0].evidence[0].subject, "Logo v3");
        assert_string_equal(s->alerts[0].evidence[0].detail, "No answer after 3 business days (asked Mon 2 Mar 10:04)");
        assert_true(s->alerts[0].evidence[0].ended_at == INSTANT_UNKNOWN);
        /* Not yet. */
        s->now = s->read_until = at(&s->w, "2026-03-05T17:59:59");
        run(s);
        assert_int_equal(s->n_alerts, 0);
        assert_int_equal(s->n_waiting, 0);
        s->now = s->read_until = at(&s->w, "2026-03-05T18:00");
        run(s);
        assert_int_equal(s->n_alerts, 1);
}

static void test_answers(void **state) {
        struct scene *s = *state;
        static const struct {
                const char *when, *thread;
                int client;
                bool automatic;
                size_t alerts;
        } cases[] = {
                {"2026-03-05T17:59", "t", DUPONT, false, 0},
                {"2026-03-05T18:00", "t", DUPONT, false, 0}, /* at the deadline is in time */
                {"2026-03-05T18:00:01", "t", DUPONT, false, 1},
                {"2026-03-03T10:00", "t", DUPONT, true, 1}, /* a machine */
                {"2026-03-03T10:00", "other", DUPONT, false, 1},
                {"2026-03-03T10:00", "t", ACME, false, 1}, /* another client */
                {"2026-03-03T10:00", "t", -1, false, 1},
        };
        load_good(&s->w, HEAD UNANSWERED);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                s->n = 0;
                asked(s, DUPONT, "2026-03-02T10:04", "t");
                received(s, cases[i].client, cases[i].when, cases[i].thread, cases[i].automatic);
                run(s);
                if (s->n_alerts != cases[i].alerts)
                        fail_msg("case %zu: %zu alerts", i, s->n_alerts);
        }
}

static void test_late_answer(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD UNANSWERED);
        asked(s, DUPONT, "2026-03-02T10:04", "t");
        received(s, DUPONT, "2026-03-09T11:00", "t", false);
        s->now = s->read_until = at(&s->w, "2026-03-10");
        run(s);
        assert_int_equal(s->n_alerts, 1);
        assert_at(s, s->alerts[0].evidence[0].ended_at, "2026-03-09T11:00");
        assert_int_equal(s->alerts[0].state, ALERT_OPEN);
        assert_string_equal(s->alerts[0].evidence[0].detail,
                            "Answered after 7 days (asked Mon 2 Mar 10:04, answered Mon 9 Mar 11:00)");
        s->now = s->read_until = at(&s->w, "2026-03-24");
        run(s);
        assert_int_equal(s->alerts[0].state, ALERT_RESOLVED);
        /* Unended, it stays open for the quiet period. */
        s->n = 1;
        s->now = s->read_until = at(&s->w, "2026-06-03T18:00");
        run(s);
        assert_int_equal(s->alerts[0].state, ALERT_OPEN);
        s->now = s->read_until = at(&s->w, "2026-06-04T18:00");
        run(s);
        assert_int_equal(s->alerts[0].state, ALERT_RESOLVED);
}

static void test_one_answer_ends_all(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD UNANSWERED);
        asked(s, DUPONT, "2026-03-02T10:00", "t");
        asked(s, DUPONT, "2026-03-03T10:00", "t");
        asked(s, DUPONT, "2026-03-03T11:00", "u");
        received(s, DUPONT, "2026-03-04T10:00", "t", false);
        run(s);
        assert_int_equal(s->n_alerts, 1);
        assert_int_equal(s->alerts[0].count, 1);
        assert_at(s, s->alerts[0].evidence[0].fact_at, "2026-03-03T11:00");
        /* Without the answer each question is a breach of its own. */
        s->n = 3;
        run(s);
        assert_int_equal(s->n_alerts, 1);
        assert_int_equal(s->alerts[0].count, 3);
        assert_int_equal(s->alerts[0].lasting, LASTING_LASTING);
        assert_int_equal(s->alerts[0].severity, SEVERITY_HIGH);
        assert_at(s, s->alerts[0].first_at, "2026-03-05T18:00");
        assert_at(s, s->alerts[0].last_at, "2026-03-06T18:00");
        assert_string_not_equal(s->alerts[0].evidence[0].breach, s->alerts[0].evidence[1].breach);
        assert_string_not_equal(s->alerts[0].evidence[1].breach, s->alerts[0].evidence[2].breach);
}

static void test_same_instant(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD UNANSWERED);
        asked(s, DUPONT, "2026-03-02T10:00", "t");
        received(s, DUPONT, "2026-03-02T10:00", "t", false);
        run(s);
        assert_int_equal(s->n_alerts, 1);
        char id[17];
        memcpy(id, s->alerts[0].evidence[0].breach, sizeof(id));
        struct fact f = s->facts[0];
        s->facts[0] = s->facts[1];
        s->facts[1] = f;
        run(s);
        assert_int_equal(s->n_alerts, 1);
        assert_string_equal(s->alerts[0].evidence[0].breach, id);
}

static void test_absence_told(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD UNANSWERED);
        /* Told by the machine's reply to the question itself: away from the day of the question on. */
        asked(s, DUPONT, "2026-03-02T10:04", "t");
        away(s, DUPONT, "2026-03-02T10:05", "2026-03-02", "2026-03-07");
        run(s);
        assert_int_equal(s->n_alerts, 1);
        assert_at(s, s->alerts[0].first_at, "2026-03-11T18:00"); /* 9, 10, 11 March */
        /* Back and answered in time. */
        received(s, DUPONT, "2026-03-10T09:00", "t", false);
        run(s);
        assert_int_equal(s->n_alerts, 0);
        /* Told before. */
        s->n = 0;
        away(s, DUPONT, "2026-02-27T10:05", "2026-03-03", "2026-03-06T23:59:59");
        asked(s, DUPONT, "2026-03-02T10:04", "t");
        run(s);
        assert_at(s, s->alerts[0].first_at, "2026-03-11T18:00");
        /* Another client's absence is not mine. */
        s->n = 0;
        away(s, ACME, "2026-02-27T10:05", "2026-03-03", "2026-03-06T23:59:59");
        asked(s, DUPONT, "2026-03-02T10:04", "t");
        run(s);
        assert_at(s, s->alerts[0].first_at, "2026-03-05T18:00");
}

/* The days of an absence are days, in whatever zone the client is. */
static void test_absence_elsewhere(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD UNANSWERED);
        asked(s, LIBERTY, "2026-02-27T15:00-05:00", "t");
        away(s, LIBERTY, "2026-02-27T15:01-05:00", "2026-03-03", "2026-03-07"); /* 3 to 6 March */
        run(s);
        assert_int_equal(s->n_alerts, 1);
        assert_at(s, s->alerts[0].first_at, "2026-03-10T18:00-04:00"); /* 2, 9, 10 March */
}

static void test_absence_told_too_late(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD UNANSWERED);
        asked(s, DUPONT, "2026-03-02T10:04", "t");
        away(s, DUPONT, "2026-03-06T10:00", "2026-03-01", "2026-03-14");
        run(s);
        assert_int_equal(s->n_alerts, 1);
        assert_int_equal(s->alerts[0].count, 1);
        assert_at(s, s->alerts[0].first_at, "2026-03-18T18:00");
        received(s, DUPONT, "2026-03-17T10:00", "t", false);
        run(s);
        assert_int_equal(s->n_alerts, 0);
}

static void test_absurd_absence(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD UNANSWERED);
        away(s, DUPONT, "2026-02-27T10:05", "2026-03-03", "2099-01-01");
        asked(s, DUPONT, "2026-03-02T10:04", "t");
        s->now = s->read_until = at(&s->w, "2028-01-01");
        run(s);
        assert_int_equal(s->n_alerts, 1);
}

static void test_stale_source(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD UNANSWERED);
        asked(s, DUPONT, "2026-03-02T10:04", "t");
        asked(s, ACME, "2026-03-30T10:04", "z"); /* not due yet */
        s->read_until = at(&s->w, "2026-03-04T12:00");
        run(s);
        assert_int_equal(s->n_alerts, 0);
        assert_int_equal(s->n_waiting, 1);
        assert_string_equal(rule_id(s->waiting[0].rule), "unanswered");
        assert_ptr_equal(s->waiting[0].client, &s->w.clients[DUPONT]);
        assert_at(s, s->waiting[0].deadline, "2026-03-05T18:00");
        /* A later fact from a fresh source changes nothing: an earlier answer may still be unread. */
        s->n = 1;
        received(s, DUPONT, "2026-03-20T10:00", "t", false);
        run(s);
        assert_int_equal(s->n_alerts, 0);
        assert_int_equal(s->n_waiting, 1);
        s->read_until = s->now;
        run(s);
        assert_int_equal(s->n_alerts, 1);
        assert_int_equal(s->n_waiting, 0);
}

/* A reminder after a reminder, unless the client wrote between them: from the mailbox that was not read meanwhile, too. */
static void test_stale_until(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD "  - id: chased\n    sequence: {same: [thread_id], steps: [{fact: request.sent}, {fact: "
                              "reminder.sent}], until: {fact: message.received}}\n");
        asked(s, DUPONT, "2026-03-02T10:04", "t");
        set(add(s, FACT_REMINDER_SENT, DUPONT, "2026-03-10T10:00"), "thread_id", v_string("t"));
        set(add(s, FACT_REMINDER_SENT, DUPONT, "2026-03-17T10:00"), "thread_id", v_string("t"));
        s->read_until = at(&s->w, "2026-03-09");
        run(s);
        assert_int_equal(s->n_alerts, 0);
        assert_int_equal(s->n_waiting, 1);
        assert_at(s, s->waiting[0].deadline, "2026-03-10T10:00");
        assert_ptr_equal(s->waiting[0].client, &s->w.clients[DUPONT]);
        s->read_until = s->now;
        run(s);
        assert_int_equal(s->n_alerts, 1);
        assert_int_equal(s->alerts[0].count, 1);
        assert_int_equal(s->n_waiting, 0);
}

/* Whoever is still silent may have answered where it was not read: no reminder of the alert before that is known. */
static void test_stale_repeat(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD UNANSWERED "    repeat_after: 7d\n");
        asked(s, DUPONT, "2026-03-02T10:04", "t");
        s->read_until = at(&s->w, "2026-03-06");
        run(s);
        assert_int_equal(s->n_alerts, 1);
        assert_string_equal(s->alerts[0].repeat, "");
        s->read_until = s->now;
        run(s);
        assert_string_not_equal(s->alerts[0].repeat, "");
}

/* A new date may stand in the calendar that is not read; what only mail can tell does not wait for it. */
static void test_stale_calendar(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD "  - id: no-new-date\n    sequence: {steps: [{fact: meeting.cancelled}, {absent: "
                              "meeting.planned, within: 7d}]}\n"
                              "  - id: twice\n    sequence: {steps: [{fact: rule.no-new-date}, {absent: message.received, "
                              "within: 1d}]}\n" UNANSWERED);
        cancelled(s, DUPONT, "2026-03-02T08:00", "2026-03-02T10:00", "client");
        asked(s, DUPONT, "2026-03-02T10:04", "t");
        s->calendars_read_until = at(&s->w, "2026-03-05");
        run(s);
        assert_int_equal(s->n_alerts, 1);
        assert_string_equal(rule_id(s->alerts[0].rule), "unanswered");
        assert_int_equal(s->n_waiting, 1);
        assert_string_equal(rule_id(s->waiting[0].rule), "no-new-date");
        /* Read past that deadline, but not past the one that rests on it. */
        s->calendars_read_until = at(&s->w, "2026-03-09T09:00");
        run(s);
        assert_int_equal(s->n_alerts, 2);
        assert_int_equal(s->n_waiting, 1);
        assert_string_equal(rule_id(s->waiting[0].rule), "twice");
        s->calendars_read_until = s->now;
        run(s);
        assert_int_equal(s->n_alerts, 3);
        assert_int_equal(s->n_waiting, 0);
}

static void test_summer_time(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD "  - id: hours\n    sequence: {same: [thread_id], steps: [{fact: request.sent}, {absent: "
                              "message.received, within: 24h}]}\n"
                              "  - id: days\n    sequence: {same: [thread_id], steps: [{fact: request.sent}, {absent: "
                              "message.received, within: 1d}]}\n"
                              "  - id: business\n    sequence: {same: [thread_id], steps: [{fact: request.sent}, {absent: "
                              "message.received, within: 1bd, clock: client}]}\n");
        asked(s, LIBERTY, "2026-03-28T12:00", "t"); /* Paris changes on the 29th at 02:00; New York did on the 8th */
        run(s);
        assert_int_equal(s->n_alerts, 3);
        for (size_t i = 0; i < 3; i++) {
                const char *id = rule_id(s->alerts[i].rule);
                assert_at(s, s->alerts[i].first_at,
                          str_eq(id, "hours")  ? "2026-03-29T13:00"
                          : str_eq(id, "days") ? "2026-03-29T12:00"
                                               : "2026-03-30T18:00-04:00");
        }
}

/* --- sequences */

static void test_until(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD "  - id: r\n    sequence:\n      same: [thread_id]\n      until: {fact: message.sent}\n"
                              "      steps: [{fact: request.sent}, {absent: message.received, within: 2d}]\n");
        asked(s, DUPONT, "2026-03-02T10:00", "t");
        set(add(s, FACT_MESSAGE_SENT, DUPONT, "2026-03-03T10:00"), "thread_id", v_string("t"));
        run(s);
        assert_int_equal(s->n_alerts, 0);
        s->facts[1].at += 2 * 86400; /* too late to end it without a breach, but it ends the wait */
        run(s);
        assert_int_equal(s->n_alerts, 1);
        assert_at(s, s->alerts[0].evidence[0].ended_at, "2026-03-05T10:00");
}

/* The client answers late, and says only afterwards that it had been away. */
static void test_away_told_after_the_answer(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD UNANSWERED);
        asked(s, DUPONT, "2026-03-02T10:00", "t");
        received(s, DUPONT, "2026-03-09T10:00", "t", false);
        run(s);
        assert_int_equal(s->n_alerts, 1);
        away(s, DUPONT, "2026-03-10T10:00", "2026-03-02", "2026-03-07T00:00");
        run(s);
        assert_int_equal(s->n_alerts, 0);
        set(&s->facts[2], "absence_until",
            v_instant(at(&s->w, "2026-03-04T00:00"))); /* back on the 4th: late all the same */
        run(s);
        assert_int_equal(s->n_alerts, 1);
}

/* Every order of two facts of one instant, the facts before them staying. */
static void run_both_ways(struct scene *s, void (*check)(const struct scene *s)) {
        for (int i = 0; i < 2; i++) {
                run(s);
                check(s);
                struct fact last = s->facts[s->n - 1];
                s->facts[s->n - 1] = s->facts[s->n - 2];
                s->facts[s->n - 2] = last;
        }
}

static void no_alert(const struct scene *s) {
        assert_int_equal(s->n_alerts, 0);
}

static void one_of_smallest_key(const struct scene *s) {
        assert_int_equal(s->n_alerts, 1);
        assert_int_equal(s->alerts[0].count, 1);
        assert_int_equal(s->alerts[0].evidence[0].observation, 2);
}

static void answered_once(const struct scene *s) {
        assert_int_equal(s->n_alerts, 1);
        assert_string_equal(s->alerts[0].evidence[0].detail,
                            "Answered after 4 days (asked Mon 2 Mar 10:00, answered Fri 6 Mar 10:00)");
}

static void test_one_instant(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD "  - id: r\n    sequence:\n      same: [thread_id]\n      until: {fact: message.sent}\n"
                              "      steps: [{fact: request.sent}, {fact: message.received}]\n");
        asked(s, DUPONT, "2026-03-02T10:00", "t");
        received(s, DUPONT, "2026-03-03T10:00", "t", false);
        set(add(s, FACT_MESSAGE_SENT, DUPONT, "2026-03-03T10:00"), "thread_id", v_string("t"));
        run_both_ways(s, no_alert); /* what ends it comes first */
        s->n = 2;
        received(s, DUPONT, "2026-03-03T10:00", "t", false);
        run_both_ways(s, one_of_smallest_key);
        load_good(&s->w, HEAD "  - id: r\n    sequence:\n      same: [thread_id]\n      until: {fact: message.sent}\n"
                              "      steps: [{fact: request.sent}, {absent: message.received, within: 2d}]\n");
        s->n = 1;
        received(s, DUPONT, "2026-03-06T10:00", "t", false);
        set(add(s, FACT_MESSAGE_SENT, DUPONT, "2026-03-06T10:00"), "thread_id", v_string("t"));
        run_both_ways(s, answered_once);
}

/* A rule below breaches at the same instant: its breach is one more fact of that instant. */
static void test_one_instant_above(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD "  - id: above\n    sequence:\n      until: {fact: rule.below}\n"
                              "      steps: [{fact: request.sent}, {fact: message.received}]\n"
                              "  - id: below\n    mode: watch\n    match: {fact: message.sent}\n");
        asked(s, DUPONT, "2026-03-02T10:00", "t");
        received(s, DUPONT, "2026-03-03T10:00", "t", false);
        add(s, FACT_MESSAGE_SENT, DUPONT, "2026-03-03T10:00");
        for (int i = 0; i < 2; i++) {
                run(s);
                assert_int_equal(s->n_alerts, 1);
                assert_string_equal(rule_id(s->alerts[0].rule), "below");
                struct fact last = s->facts[2];
                s->facts[2] = s->facts[1];
                s->facts[1] = last;
        }
}

static void test_needs_a_rule(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD "  - id: r\n    needs: [rule.known]\n    match: {fact: message.received}\n"
                              "  - id: known\n    match: {fact: message.sent}\n"
                              "  - id: other\n    match: {fact: message.received}\n"
                              "  - id: above\n    match: {fact: rule.other}\n");
        received(s, DUPONT, "2026-03-03T10:00", "t", false);
        run(s);
        for (size_t i = 0; i < s->n_alerts; i++)
                assert_string_not_equal(rule_id(s->alerts[i].rule), "r");
        add(s, FACT_MESSAGE_SENT, DUPONT, "2026-03-04T10:00");
        run(s);
        assert_int_equal(s->n_alerts, 4);
}

static void test_three_steps(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD "  - id: r\n    sequence:\n      same: [thread_id]\n"
                              "      steps: [{fact: request.sent}, {absent: message.received, within: 2d}, {fact: "
                              "message.sent, within: 1d}]\n");
        asked(s, DUPONT, "2026-03-02T10:00", "t");
        struct fact *f = add(s, FACT_MESSAGE_SENT, DUPONT, "2026-03-05T09:00");
        set(f, "thread_id", v_string("t"));
        run(s);
        assert_int_equal(s->n_alerts, 1);
        assert_at(s, s->alerts[0].first_at, "2026-03-05T09:00");
        assert_string_equal(s->alerts[0].evidence[0].fact, "message.sent");
        f->at = at(&s->w, "2026-03-05T10:00:01"); /* a second after the window */
        run(s);
        assert_int_equal(s->n_alerts, 0);
        f->at = at(&s->w, "2026-03-03T10:00"); /* before the absence is one */
        run(s);
        assert_int_equal(s->n_alerts, 0);
}

static void test_last_step_again(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD "  - id: again\n    sequence: {steps: [{fact: boundary.stated}, {fact: message.received, "
                              "where: {working_time: false}, within: 10d}]}\n");
        add(s, FACT_BOUNDARY_STATED, DUPONT, "2026-03-01T10:00");
        static const char *const when[] = {"2026-03-02T22:00", "2026-03-04T22:00", "2026-03-12T22:00"};
        for (size_t i = 0; i < ELEMENTSOF(when); i++)
                set(received(s, DUPONT, when[i], "t", false), "working_time", v_bool(false));
        run(s);
        assert_int_equal(s->n_alerts, 1);
        assert_int_equal(s->alerts[0].count, 2);
        assert_string_not_equal(s->alerts[0].evidence[0].breach, s->alerts[0].evidence[1].breach);
        assert_at(s, s->alerts[0].evidence[1].fact_at, "2026-03-01T10:00");
}

static void test_from_due_date(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD "  - id: unpaid\n    sequence:\n      same: [invoice_number]\n"
                              "      steps: [{fact: invoice.sent, as: inv}, {absent: payment.received, within: 3d, from: "
                              "inv.due_date}]\n");
        struct fact *f = add(s, FACT_INVOICE_SENT, DUPONT, "2026-02-02T10:00");
        set(f, "invoice_number", v_string("F-1"));
        set(f, "due_date", v_instant(at(&s->w, "2026-03-04")));
        set(add(s, FACT_INVOICE_SENT, DUPONT, "2026-02-02T10:00"), "invoice_number",
            v_string("F-2")); /* no due date: never late */
        run(s);
        assert_int_equal(s->n_alerts, 1);
        assert_int_equal(s->alerts[0].count, 1);
        assert_at(s, s->alerts[0].first_at, "2026-03-07");
        /* A due date long past when the invoice goes out: not before it went out. */
        set(f, "due_date", v_instant(at(&s->w, "2026-01-01")));
        run(s);
        assert_at(s, s->alerts[0].first_at, "2026-02-02T10:00");
}

static void test_needs(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD "  - id: unpaid\n    needs: [payment.received]\n    sequence:\n      same: [invoice_number]\n"
                              "      steps: [{fact: invoice.sent}, {absent: payment.received, within: 3d}]\n");
        set(add(s, FACT_INVOICE_SENT, DUPONT, "2026-02-02T10:00"), "invoice_number", v_string("F-1"));
        run(s);
        assert_int_equal(s->n_alerts, 0);
        set(add(s, FACT_PAYMENT_RECEIVED, ACME, "2026-02-03T10:00"), "invoice_number", v_string("F-9"));
        run(s);
        assert_int_equal(s->n_alerts, 1);
}

/* --- rules over rules */

static void test_rules_over_rules(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD
                  "  - id: again\n    sequence: {steps: [{fact: boundary.stated}, {fact: rule.evening, within: 90d}]}\n"
                  "  - id: evening\n    mode: watch\n    match: {fact: message.received, where: {working_time: false}}\n"
                  "  - id: third\n    match: {fact: rule.again, where: {subject: {contains: logo}}}\n");
        struct fact *f = received(s, DUPONT, "2026-03-01T22:00", "t", false);
        set(f, "working_time", v_bool(false));
        add(s, FACT_BOUNDARY_STATED, DUPONT, "2026-03-02T10:00");
        f = received(s, DUPONT, "2026-03-03T22:00", "t", false);
        set(f, "working_time", v_bool(false));
        set(f, "subject", v_string("Logo, encore"));
        run(s);
        assert_int_equal(s->n_alerts, 3);
        for (size_t i = 0; i < 3; i++) {
                const struct alert *a = &s->alerts[i];
                bool evening = str_eq(rule_id(a->rule), "evening");
                assert_int_equal(a->count, evening ? 2 : 1);
                assert_at(s, a->last_at, "2026-03-03T22:00");
                if (!evening)
                        assert_int_equal(strncmp(a->evidence[0].fact, "rule.", 5), 0);
        }
        /* A rule that is off tells nobody anything. */
        load_good(&s->w, HEAD
                  "  - id: again\n    match: {fact: rule.evening}\n"
                  "  - id: evening\n    mode: off\n    match: {fact: message.received, where: {working_time: false}}\n");
        run(s);
        assert_int_equal(s->n_alerts, 0);
}

static void test_rule_of_absence(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD "  - id: second\n    sequence: {same: [thread_id], steps: [{fact: rule.unanswered}, {absent: "
                              "message.received, within: 7d}]}\n" UNANSWERED);
        asked(s, DUPONT, "2026-03-02T10:04", "t");
        run(s);
        assert_int_equal(s->n_alerts, 2);
        assert_at(s, s->alerts[0].first_at, "2026-03-05T18:00");
        assert_at(s, s->alerts[1].first_at, "2026-03-12T18:00");
        received(s, DUPONT, "2026-03-12T17:00", "t", false);
        run(s);
        assert_int_equal(s->n_alerts, 1);
}

/* The answer that tells the absence comes after the deadline: what builds on the breach must not keep it. */
static void test_absence_known_before(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD "  - id: again\n    match: {fact: rule.unanswered}\n" UNANSWERED);
        asked(s, DUPONT, "2026-03-02T10:04", "t");
        away(s, DUPONT, "2026-03-09T09:00", "2026-03-03", "2026-03-08T23:59:59");
        received(s, DUPONT, "2026-03-09T10:00", "t", false);
        run(s);
        assert_int_equal(s->n_alerts, 1);
        assert_string_equal(rule_id(s->alerts[0].rule), "again");
        s->absences_first = true;
        run(s);
        assert_int_equal(s->n_alerts, 0);
        load_good(&s->w, HEAD UNANSWERED);
        run(s);
        assert_false(evaluation_wants_absences(s->e));
}

/* --- fairness */

static void test_exceptions(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD LATE "    exceptions: [{where: {client: dupont}, reason: agreed, until: 2026-03-03}]\n");
        cancelled(s, ACME, "2026-03-02T08:50", "2026-03-02T10:00", "client");
        cancelled(s, DUPONT, "2026-03-02T08:50", "2026-03-02T10:00", "client");
        cancelled(s, DUPONT, "2026-03-03T23:59:59", "2026-03-04T10:00", "client"); /* the last day is in */
        cancelled(s, DUPONT, "2026-03-04T00:00", "2026-03-04T10:00", "client");
        run(s);
        assert_int_equal(s->n_alerts, 2);
        assert_int_equal(evaluation_excepted(s->e), 2);
        assert_ptr_equal(s->alerts[1].client, &s->w.clients[DUPONT]);
        assert_int_equal(s->alerts[1].count, 1);
        assert_at(s, s->alerts[1].first_at, "2026-03-04T00:00");
}

static void test_exception_of_client(void **state) {
        struct scene *s = *state;
        s->w.clients[ACME].exceptions = tree(&s->w, "- {rule: unanswered, reason: trade fair, until: 2026-03-02}\n");
        load_good(&s->w, HEAD UNANSWERED);
        asked(s, DUPONT, "2026-03-02T10:00", "a");
        asked(s, ACME, "2026-03-02T10:00", "b"); /* opened under the exception: not counted although the deadline is later */
        asked(s, ACME, "2026-03-03T10:00", "c");
        run(s);
        assert_int_equal(s->n_alerts, 2);
        assert_int_equal(s->alerts[0].count + s->alerts[1].count, 2);
        assert_int_equal(evaluation_excepted(s->e), 1);
}

static void test_pause(void **state) {
        struct scene *s = *state;
        struct pause pause = {.from = at(&s->w, "2026-03-01"), .until = at(&s->w, "2026-03-03"), .reason = "migration"};
        s->w.clients[DUPONT].pauses = &pause;
        s->w.clients[DUPONT].n_pauses = 1;
        load_good(&s->w, HEAD UNANSWERED LATE);
        asked(s, DUPONT, "2026-03-02T10:00", "t");
        cancelled(s, DUPONT, "2026-03-02T23:59", "2026-03-03T10:00", "client");
        run(s);
        assert_int_equal(s->n_alerts, 0);
        assert_int_equal(evaluation_excepted(s->e), 2);
        cancelled(s, DUPONT, "2026-03-03T00:00", "2026-03-03T10:00", "client");
        run(s);
        assert_int_equal(s->n_alerts, 1);
}

static void test_overrides(void **state) {
        struct scene *s = *state;
        s->w.settings.rules = tree(&s->w, "unanswered: {params: {patience: 4bd}, severity: low}\n");
        s->w.clients[DUPONT].rules = tree(&s->w, "unanswered: {params: {patience: 5bd}, mode: alert}\n");
        s->w.clients[LIBERTY].rules = tree(&s->w, "unanswered: {mode: off}\n");
        load_good(&s->w, HEAD UNANSWERED);
        const struct rule *r = ruleset_find(s->w.rules, "unanswered");
        assert_int_equal(rule_mode(r, NULL), MODE_DIGEST);
        assert_int_equal(rule_mode(r, &s->w.clients[DUPONT]), MODE_ALERT);
        assert_int_equal(rule_mode(r, &s->w.clients[LIBERTY]), MODE_OFF);
        assert_int_equal(rule_severity(r, &s->w.clients[DUPONT], LASTING_LASTING), SEVERITY_LOW);
        asked(s, DUPONT, "2026-03-02T10:00", "a");
        asked(s, ACME, "2026-03-02T10:00", "b");
        asked(s, LIBERTY, "2026-03-02T10:00", "c");
        run(s);
        assert_int_equal(s->n_alerts, 2);
        assert_ptr_equal(s->alerts[0].client, &s->w.clients[ACME]);
        assert_at(s, s->alerts[0].first_at, "2026-03-06T18:00");
        assert_at(s, s->alerts[1].first_at, "2026-03-09T18:00");
        assert_int_equal(s->alerts[1].mode, MODE_ALERT);
}

/* --- grading */

static void test_within(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD LATE "    for: {breaches: 3, within: 10d}\n");
        cancelled(s, DUPONT, "2026-03-01T08:00", "2026-03-01T10:00", "client");
        cancelled(s, DUPONT, "2026-03-12T08:00", "2026-03-12T10:00", "client");
        run(s);
        assert_int_equal(s->alerts[0].lasting, LASTING_ONE_OFF); /* 11 days apart */
        assert_int_equal(s->alerts[0].count, 2);
        cancelled(s, DUPONT, "2026-03-14T08:00", "2026-03-14T10:00", "client");
        run(s);
        assert_int_equal(s->alerts[0].lasting, LASTING_RECURRING);
        assert_int_equal(s->alerts[0].severity, SEVERITY_MEDIUM);
        assert_string_equal(s->alerts[0].summary, "2 times in 10 days, the last on Sat 14 Mar 08:00");
        cancelled(s, DUPONT, "2026-03-22T08:00", "2026-03-22T10:00", "client");
        run(s);
        assert_int_equal(s->alerts[0].lasting, LASTING_LASTING); /* 12, 14, 22: the first lies exactly 10 days back */
        assert_int_equal(s->alerts[0].state, ALERT_OPEN);
        s->now = s->read_until = at(&s->w, "2026-04-05");
        run(s);
        assert_int_equal(s->alerts[0].state, ALERT_RESOLVED);
}

static void test_windows(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD LATE "    for: {breaches: 2, of: 4, every: 1w}\n");
        static const char *const one_week[] = {"2026-03-09T08:00", "2026-03-10T08:00", "2026-03-11T08:00"};
        for (size_t i = 0; i < ELEMENTSOF(one_week); i++)
                cancelled(s, DUPONT, one_week[i], "2026-03-12T07:00", "client");
        set(&s->facts[0], "notice", v_duration(3600));
        set(&s->facts[1], "notice", v_duration(3600));
        run(s);
        assert_int_equal(s->alerts[0].lasting, LASTING_RECURRING); /* one week of four */
        set(cancelled(s, DUPONT, "2026-03-20T08:00", "2026-03-20T10:00", "client"), "notice", v_duration(3600));
        run(s);
        assert_int_equal(s->alerts[0].lasting, LASTING_LASTING);
}

static void test_occurrences(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD UNANSWERED "    for: {breaches: 2, of: 3, every: occurrence}\n");
        static const char *const when[] = {"2026-03-02T10:00", "2026-03-03T10:00", "2026-03-04T10:00", "2026-03-09T10:00"};
        static const char *const threads[] = {"a", "b", "c", "d"};
        for (size_t i = 0; i < 3; i++)
                asked(s, DUPONT, when[i], threads[i]);
        received(s, DUPONT, "2026-03-04T11:00", "b", false);
        received(s, DUPONT, "2026-03-04T11:00", "c", false);
        asked(s, DUPONT, when[3], threads[3]);
        run(s); /* unanswered: a and d; the last three questions: b, c, d */
        assert_int_equal(s->alerts[0].count, 2);
        assert_int_equal(s->alerts[0].lasting, LASTING_ONE_OFF);
        s->facts[4] = s->facts[5]; /* c is not answered */
        s->n = 5;
        run(s);
        assert_int_equal(s->alerts[0].count, 3);
        assert_int_equal(s->alerts[0].lasting, LASTING_LASTING);
}

static void test_one_opener_counts_once(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD
                  "  - id: r\n    sequence:\n      steps: [{fact: request.sent}, {fact: message.received, within: 5d}]\n"
                  "    for: {breaches: 3, of: 4, every: occurrence}\n");
        asked(s, DUPONT, "2026-03-02T10:00", "t");
        for (int i = 0; i < 3; i++)
                received(s, DUPONT,
                         i == 0   ? "2026-03-03T10:00"
                         : i == 1 ? "2026-03-03T11:00"
                                  : "2026-03-03T12:00",
                         "t", false);
        run(s);
        assert_int_equal(s->alerts[0].count, 3); /* evidence, of one occurrence */
        assert_int_equal(s->alerts[0].lasting, LASTING_ONE_OFF);
}

static void test_by(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD "  - id: r\n    by: [client, uid]\n    match: {fact: meeting.cancelled}\n"
                              "  - id: q\n    by: []\n    match: {fact: meeting.cancelled}\n");
        cancelled(s, DUPONT, "2026-03-02T08:50", "2026-03-02T10:00", "client");
        cancelled(s, DUPONT, "2026-03-03T08:50", "2026-03-03T10:00", "client")->uid = "other";
        cancelled(s, -1, "2026-03-04T08:50", "2026-03-04T10:00", "client");
        run(s);
        assert_int_equal(s->n_alerts, 3);
        for (size_t i = 0; i < 3; i++) {
                bool q = str_eq(rule_id(s->alerts[i].rule), "q");
                assert_int_equal(s->alerts[i].count, q ? 3 : 1);
                assert_true(q == !s->alerts[i].client);
        }
}

/* --- ids, order, bounds */

static void test_stable_ids(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD UNANSWERED LATE);
        asked(s, DUPONT, "2026-03-02T10:00", "t");
        cancelled(s, DUPONT, "2026-03-02T11:00", "2026-03-02T12:00", "client");
        run(s);
        char alert[2][17], breach[2][17];
        for (size_t i = 0; i < 2; i++) {
                memcpy(alert[i], s->alerts[i].id, 17);
                memcpy(breach[i], s->alerts[i].evidence[0].breach, 17);
        }
        assert_string_not_equal(alert[0], alert[1]);
        /* Other rules, other facts, another client: the same ids. */
        load_good(&s->w, HEAD "  - id: first\n    match: {fact: request.sent}\n" LATE UNANSWERED);
        asked(s, ACME, "2026-03-03T10:00", "t");
        run(s);
        size_t found = 0;
        for (size_t i = 0; i < s->n_alerts; i++)
                for (size_t k = 0; k < 2; k++)
                        if (str_eq(s->alerts[i].id, alert[k])) {
                                assert_string_equal(s->alerts[i].evidence[0].breach, breach[k]);
                                found++;
                        }
        assert_int_equal(found, 2);
        assert_int_equal(s->n_alerts, 5);
        for (size_t i = 1; i < s->n_alerts; i++)
                assert_true(s->alerts[i - 1].first_at <= s->alerts[i].first_at);
}

/* Facts of one instant in any order give the same alerts. */
static void test_shuffled(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD UNANSWERED LATE "  - id: both\n    match: {fact: [request.sent, message.received]}\n");
        static const char *const threads[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
        for (size_t i = 0; i < ELEMENTSOF(threads); i++) {
                asked(s, (int) (i % 3), "2026-03-02T10:00", threads[i]);
                if (i % 2)
                        received(s, (int) (i % 3), "2026-03-02T10:00", threads[i], false);
        }
        for (size_t i = 0; i < 3; i++)
                received(s, (int) i, "2026-03-03T10:00", threads[i], false);
        run(s);
        size_t n = s->n_alerts;
        assert_true(n > 3);
        struct alert before[20];
        char breaches[20][EVIDENCE_MAX][17];
        assert_true(n <= ELEMENTSOF(before));
        for (size_t i = 0; i < n; i++) {
                before[i] = s->alerts[i];
                for (size_t k = 0; k < s->alerts[i].n_evidence; k++)
                        memcpy(breaches[i][k], s->alerts[i].evidence[k].breach, 17);
        }
        uint32_t seed = 7;
        for (int round = 0; round < 50; round++) {
                for (size_t i = 11; i > 0; i--) {
                        seed = seed * 1664525U + 1013904223U;
                        size_t k = (seed >> 8) % (i + 1);
                        struct fact f = s->facts[i];
                        s->facts[i] = s->facts[k];
                        s->facts[k] = f;
                }
                run(s);
                assert_int_equal(s->n_alerts, n);
                for (size_t i = 0; i < n; i++) {
                        assert_string_equal(s->alerts[i].id, before[i].id);
                        assert_int_equal(s->alerts[i].count, before[i].count);
                        for (size_t k = 0; k < s->alerts[i].n_evidence; k++)
                                assert_string_equal(s->alerts[i].evidence[k].breach, breaches[i][k]);
                }
        }
}

static void test_much_evidence(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD "  - id: r\n    match: {fact: message.received}\n");
        struct fact *f = received(s, DUPONT, "2026-03-02T10:00", "t", false);
        struct eval_options options = {.now = s->now, .read_until = s->now, .calendars_read_until = s->now};
        assert_int_equal(evaluation_new(s->w.rules, &s->w.settings, &options, &s->e), 0);
        for (int i = 0; i < 500; i++, f->at += 60, f->key++)
                assert_int_equal(evaluation_fact(f, s->e), 0);
        assert_int_equal(evaluation_end(s->e), 0);
        assert_int_equal(evaluation_alerts(s->e, &s->alerts), 1);
        assert_int_equal(s->alerts[0].count, 500);
        assert_int_equal(s->alerts[0].n_evidence, EVIDENCE_MAX);
        assert_true(s->alerts[0].evidence[EVIDENCE_MAX - 1].at == s->alerts[0].last_at);
}

/* What no window reaches any more is only counted. */
static void test_past_breaches(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD "  - id: within\n    match: {fact: message.received}\n    for: {breaches: 3, within: 10d}\n"
                              "  - id: windows\n    match: {fact: message.received}\n"
                              "    for: {breaches: 4, of: 4, every: 7d}\n"
                              "  - id: occurrences\n    match: {fact: message.received}\n"
                              "    for: {breaches: 2, of: 60, every: occurrence}\n");
        static const char *const rules[] = {"within", "windows", "occurrences"}, *const in_window[] = {"241", "672", "60"};
        enum { HOURS = 3000 };
        struct fact *f = received(s, DUPONT, "2025-06-02T10:00", "t", false);
        instant first = f->at;
        struct eval_options options = {.now = s->now, .read_until = s->now, .calendars_read_until = s->now};
        assert_int_equal(evaluation_new(s->w.rules, &s->w.settings, &options, &s->e), 0);
        for (int i = 0; i < HOURS; i++, f->at += 3600, f->key++)
                assert_int_equal(evaluation_fact(f, s->e), 0);
        assert_int_equal(evaluation_end(s->e), 0);
        assert_int_equal(evaluation_alerts(s->e, &s->alerts), ELEMENTSOF(rules));
        for (size_t i = 0; i < ELEMENTSOF(rules); i++) {
                const struct alert *a = &s->alerts[0];
                while (strcmp(rule_id(a->rule), rules[i]) != 0)
                        a++;
                assert_int_equal(a->count, HOURS);
                assert_true(a->first_at == first);
                assert_true(a->last_at == first + (HOURS - 1) * 3600);
                assert_int_equal(a->lasting, LASTING_LASTING);
                assert_int_equal(a->n_evidence, EVIDENCE_MAX);
                assert_int_equal(strncmp(a->summary, in_window[i], strlen(in_window[i])), 0);
        }
}

/* Many open instances, ended in another order than opened: the heap keeps its order. */
static void test_many_instances(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD UNANSWERED);
        struct eval_options options = {.now = s->now, .read_until = s->now, .calendars_read_until = s->now};
        assert_int_equal(evaluation_new(s->w.rules, &s->w.settings, &options, &s->e), 0);
        instant start = at(&s->w, "2026-03-02T09:00");
        for (int round = 0; round < 2; round++)
                for (int i = 0; i < 3000; i++) {
                        char thread[16];
                        int k = round == 0 ? i : (i * 7) % 3000;
                        if (round == 1 && k % 3 == 0)
                                continue;
                        (void) snprintf(thread, sizeof(thread), "t%d", k);
                        s->n = 0;
                        struct fact *f = round == 0 ? asked(s, k % 3, "2026-03-02T10:00", thread)
                                                    : received(s, k % 3, "2026-03-02T10:00", thread, false);
                        f->at = start + round * 86400 + i;
                        f->key = (uint64_t) k;
                        assert_int_equal(evaluation_fact(f, s->e), 0);
                }
        assert_int_equal(evaluation_end(s->e), 0);
        size_t n = evaluation_alerts(s->e, &s->alerts);
        assert_int_equal(n, 1); /* k % 3 is also the client */
        assert_int_equal(s->alerts[0].count, 1000);
}

static uint32_t below(uint32_t *seed, uint32_t n) {
        *seed = *seed * 1664525U + 1013904223U;
        return (*seed >> 8) % n;
}

/* Random questions and answers, against the plain reading of the rule: for each question, the first answer after it. */
static void test_against_plain_reading(void **state) {
        struct scene *s = *state;
        static const char *const threads[] = {"a", "b", "c", "d", "e"};
        load_good(&s->w, HEAD UNANSWERED);
        const struct duration patience = {.unit = DURATION_WORK_DAYS, .n = 3};
        uint32_t seed = 42;
        size_t breaches = 0, waits = 0;
        for (int round = 0; round < 200; round++) {
                s->n = 0;
                instant t = at(&s->w, "2026-02-20T09:00");
                size_t n = 20 + below(&seed, 100U);
                for (size_t i = 0; i < n; i++) {
                        t += below(&seed, 3) ? below(&seed, 40000) : 0;
                        int client = (int) (below(&seed, 3U));
                        const char *thread = threads[below(&seed, 5U)];
                        struct fact *f = below(&seed, 2U) ? asked(s, client, "2026-01-01", thread)
                                                          : received(s, client, "2026-01-01", thread, below(&seed, 4U) == 0);
                        f->at = t;
                }
                s->now = t + (instant) (below(&seed, 10U)) * 86400;
                s->read_until = s->now - (instant) (below(&seed, 3U)) * 43200;
                run(s);
                uint32_t wanted[3] = {0}, have[3] = {0};
                size_t waiting = 0;
                instant ends[3] = {0}, found_ends[3] = {0};
                for (size_t i = 0; i < s->n; i++) {
                        const struct fact *q = &s->facts[i], *answer = NULL;
                        if (q->type != FACT_REQUEST_SENT)
                                continue;
                        for (size_t k = 0; k < s->n && !answer; k++) {
                                const struct fact *f = &s->facts[k];
                                if (f->type == FACT_MESSAGE_RECEIVED && f->client == q->client && f->at > q->at &&
                                    !fact_value(f, "automatic").b &&
                                    str_eq(fact_value(f, "thread_id").s, fact_value(q, "thread_id").s))
                                        answer = f;
                        }
                        instant deadline = duration_add(&patience, &q->client->calendar, q->at);
                        if (deadline > s->now || (answer && answer->at <= deadline))
                                continue;
                        if (deadline > s->read_until) {
                                waiting++;
                                continue;
                        }
                        wanted[q->client->index]++;
                        ends[q->client->index] += answer ? answer->at - deadline : 0;
                }
                for (size_t i = 0; i < s->n_alerts; i++) {
                        const struct alert *a = &s->alerts[i];
                        have[a->client->index] = a->count;
                        assert_int_equal(a->n_evidence, MIN(a->count, EVIDENCE_MAX));
                        for (size_t k = 0; k < a->n_evidence; k++)
                                if (a->evidence[k].ended_at != INSTANT_UNKNOWN)
                                        found_ends[a->client->index] += a->evidence[k].ended_at - a->evidence[k].at;
                }
                assert_int_equal(s->n_waiting, waiting);
                waits += waiting;
                for (size_t i = 0; i < 3; i++) {
                        assert_int_equal(have[i], wanted[i]);
                        breaches += wanted[i];
                        assert_int_equal(found_ends[i], ends[i]);
                }
        }
        assert_true(breaches > 1000 && waits > 50);
}

/* Texts are known by where they lie: what one deadline emitted must not be taken for what the next one emits at the same place. */
static void test_text_of_each_deadline(void **state) {
        struct scene *s = *state;
        load_good(&s->w,
                  HEAD UNANSWERED "  - {id: logos, match: {fact: rule.unanswered, where: {subject: {contains: logo}}}}\n");
        asked(s, DUPONT, "2026-03-02T10:00", "t1");
        set(asked(s, DUPONT, "2026-03-03T10:00", "t2"), "subject", v_string("Page v3"));
        run(s);
        assert_int_equal(s->n_alerts, 2);
        for (size_t i = 0; i < s->n_alerts; i++)
                assert_int_equal(s->alerts[i].count, str_eq(rule_id(s->alerts[i].rule), "logos") ? 1 : 2);
}

static void test_no_facts(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD UNANSWERED);
        run(s);
        assert_int_equal(s->n_alerts, 0);
        assert_int_equal(evaluation_excepted(s->e), 0);
        load_good(&s->w, "version: 1\n");
        asked(s, DUPONT, "2026-03-02T10:00", "t");
        run(s);
        assert_int_equal(s->n_alerts, 0);
        assert_null(evaluation_free(NULL));
}

/* --- messages that could not be read */

/* The question is of Monday, due on Thursday; what could not be read came at these times. */
static void run_unread(struct scene *s, const char *now, const char *first, const char *second) {
        s->n = 0;
        s->n_unread = 0;
        s->unread[s->n_unread++] = at(&s->w, first);
        if (second)
                s->unread[s->n_unread++] = at(&s->w, second);
        s->now = s->read_until = at(&s->w, now);
        asked(s, DUPONT, "2026-03-02T10:00", "t1");
        run(s);
}

static void test_unread_may_be_the_answer(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD UNANSWERED);
        run_unread(s, "2026-03-06", "2026-03-03T09:00", NULL);
        assert_int_equal(s->n_alerts, 0);
        assert_int_equal(s->n_waiting, 1);
        assert_true(s->waiting[0].unread);
        assert_at(s, s->waiting[0].deadline, "2026-03-05T18:00");
        assert_at(s, evaluation_next_deadline(s->e), "2026-03-12T18:00");
        run_unread(s, "2026-03-12T17:59", "2026-03-05T18:00", NULL);
        assert_int_equal(s->n_alerts, 0);
        /* Nobody is silenced for ever by it: what is told says so. */
        run_unread(s, "2026-03-12T18:00", "2026-03-03T09:00", "2026-03-04T09:00");
        assert_int_equal(s->n_alerts, 1);
        assert_int_equal(s->n_waiting, 0);
        assert_at(s, s->alerts[0].evidence[0].at, "2026-03-05T18:00");
        assert_int_equal(s->alerts[0].evidence[0].unread, 2);
        assert_non_null(strstr(s->alerts[0].evidence[0].detail, "; 2 messages of that time could not be read"));
        run_unread(s, "2026-03-20", "2026-03-03T09:00", NULL);
        assert_int_equal(s->alerts[0].evidence[0].unread, 1);
        assert_non_null(strstr(s->alerts[0].evidence[0].detail, "; 1 message of that time could not be read"));
}

static void test_unread_of_another_time(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD UNANSWERED);
        /* Before the question, in its very second, and after the deadline: it is no answer in time. */
        static const char *const times[] = {"2026-03-01T09:00", "2026-03-02T10:00", "2026-03-05T18:00:01"};
        for (size_t i = 0; i < ELEMENTSOF(times); i++) {
                run_unread(s, "2026-03-06", times[i], NULL);
                assert_int_equal(s->n_alerts, 1);
                assert_int_equal(s->alerts[0].evidence[0].unread, 0);
                assert_null(strstr(s->alerts[0].evidence[0].detail, "could not be read"));
        }
}

/* What came late is known to be late when it is told at last. */
static void test_unread_and_a_late_answer(void **state) {
        struct scene *s = *state;
        load_good(&s->w, HEAD UNANSWERED);
        for (int i = 0; i < 2; i++) {
                s->n = s->n_unread = 0;
                s->unread[s->n_unread++] = at(&s->w, "2026-03-03T09:00");
                s->now = s->read_until = at(&s->w, i ? "2026-03-13" : "2026-03-10");
                asked(s, DUPONT, "2026-03-02T10:00", "t1");
                received(s, DUPONT, "2026-03-09T10:00", "t1", false);
                run(s);
                assert_int_equal(s->n_alerts, i);
                assert_int_equal(s->n_waiting, !i);
        }
        assert_at(s, s->alerts[0].evidence[0].ended_at, "2026-03-09T10:00");
        assert_int_equal(s->alerts[0].evidence[0].unread, 1);
        /* In time: nothing waits. */
        s->n = 0;
        s->now = s->read_until = at(&s->w, "2026-03-10");
        asked(s, DUPONT, "2026-03-02T10:00", "t1");
        received(s, DUPONT, "2026-03-04T10:00", "t1", false);
        run(s);
        assert_int_equal(s->n_alerts + s->n_waiting, 0);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        const struct CMUnitTest tests[] = {
                T(test_match),
                T(test_booked_inside),
                T(test_french),
                T(test_any_all_in),
                T(test_lists),
                T(test_deadline),
                T(test_answers),
                T(test_late_answer),
                T(test_unread_may_be_the_answer),
                T(test_unread_of_another_time),
                T(test_unread_and_a_late_answer),
                T(test_one_answer_ends_all),
                T(test_same_instant),
                T(test_absence_told),
                T(test_absence_elsewhere),
                T(test_absence_told_too_late),
                T(test_absurd_absence),
                T(test_stale_source),
                T(test_stale_until),
                T(test_stale_repeat),
                T(test_stale_calendar),
                T(test_summer_time),
                T(test_until),
                T(test_away_told_after_the_answer),
                T(test_one_instant),
                T(test_one_instant_above),
                T(test_needs_a_rule),
                T(test_one_opener_counts_once),
                T(test_three_steps),
                T(test_last_step_again),
                T(test_from_due_date),
                T(test_needs),
                T(test_rules_over_rules),
                T(test_rule_of_absence),
                T(test_absence_known_before),
                T(test_exceptions),
                T(test_exception_of_client),
                T(test_pause),
                T(test_overrides),
                T(test_within),
                T(test_windows),
                T(test_occurrences),
                T(test_by),
                T(test_stable_ids),
                T(test_shuffled),
                T(test_much_evidence),
                T(test_past_breaches),
                T(test_many_instances),
                T(test_against_plain_reading),
                T(test_text_of_each_deadline),
                T(test_no_facts),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
