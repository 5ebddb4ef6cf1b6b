/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/folding.h"

static struct scene scene;
static struct scene *s = &scene;

static int start(void **state) {
        (void) state;
        scene_start(s);
        return 0;
}
static int end(void **state) {
        (void) state;
        scene_end(s);
        return 0;
}

/* 2026-03-02 is a Monday. */
static void test_received(void **state) {
        (void) state;
        struct message *m = mail(s, "a@x", JEAN, ME "," MARIE ",expert@third.example", "2026-03-02T10:00", "devis", NULL);
        m->text = "Bonjour";
        m->language = "fr";
        m->questions = 2;
        assert_int_equal(scene_fold(s), 1);
        const struct fact *f = nth(s, FACT_MESSAGE_RECEIVED, 0);
        assert_string_equal(f->client->id, "dupont");
        assert_string_equal(f->person, JEAN);
        assert_string_equal(f->source, "mail");
        assert_string_equal(f->message_id, "a@x");
        assert_int_equal(f->at, when(s, "2026-03-02T10:00"));
        assert_word(f, "subject", "devis");
        assert_word(f, "text", "Bonjour");
        assert_word(f, "language", "fr");
        assert_word(f, "weekday", "mon");
        assert_number(f, "hour", 10);
        assert_number(f, "third_parties", 1);
        assert_number(f, "recipients", 3);
        assert_number(f, "questions", 2);
        assert_number(f, "delayed", 0);
        assert_bool(f, "working_time", true);
        assert_bool(f, "their_working_time", false);
        assert_bool(f, "invited", false);
        assert_bool(f, "automatic", false);
        assert_bool(f, "reply", false);
        assert_none(f, "response_time");
        assert_int_equal(strlen(field(f, "thread_id").s), 16);
}

static void test_strangers(void **state) {
        (void) state;
        mail(s, "a@x", "spam@evil.example", ME, "2026-03-02T10:00", "offer", NULL);
        mail(s, "b@x", ME, "friend@home.example", "2026-03-02T10:00", "diner", NULL);
        mail(s, "c@x", ME, "cm@old.example", "2026-03-02T10:00", "note to self", NULL);
        assert_int_equal(scene_fold(s), 0);
}

static void test_no_from(void **state) {
        (void) state;
        struct message *m = mail(s, NULL, "", ME, "2026-03-02T10:00", "devis", NULL);
        assert_int_equal(scene_fold(s), 0);
        m->sender = people_list(s, JEAN);
        assert_int_equal(scene_fold(s), 1);
}

static void test_list_rewrote_from(void **state) {
        (void) state;
        struct message *m =
                mail(s, "a@x", "projet@lists.example", "projet@lists.example", "2026-03-02T10:00", "devis", NULL);
        m->from.items[0].name = "Jean Dupont via Projet";
        m->reply_to = people_list(s, "projet@lists.example,jean@dupont.example");
        assert_int_equal(scene_fold(s), 0); /* no list says so */
        m->list_id = "projet.lists.example";
        assert_int_equal(scene_fold(s), 1);
        assert_string_equal(s->facts[0]->client->id, "dupont");
        assert_string_equal(s->facts[0]->person, JEAN);
        /* Who is only called so keeps the own address. */
        m->from.items[0] = (struct address){.name = "Anna via Roma", .email = GOOD};
        m->reply_to = (struct address_list){};
        assert_int_equal(scene_fold(s), 1);
        assert_string_equal(s->facts[0]->client->id, "good");
}

/* Who sent or resent it is told beside who wrote it, and a mail handed on accuses nobody of its hour. */
static void test_ways(void **state) {
        (void) state;
        struct message *m = mail(s, "a@x", JEAN, ME, "2026-03-02T21:00", "devis", NULL);
        m->sender = people_list(s, MARIE);
        scene_fold(s);
        assert_word(s->facts[0], "sender", MARIE);
        assert_word(s->facts[0], "addressed", "to");
        assert_string_equal(s->facts[0]->person, JEAN);
        assert_int_equal(fact_value(s->facts[0], "working_time").type, VALUE_BOOL);
        m->to = people_list(s, BOB);
        m->resent_from = people_list(s, BOB);
        m->flags |= MESSAGE_REQUEST;
        assert_int_equal(scene_fold(s), 1); /* nothing was asked of the owner */
        assert_word(s->facts[0], "resent_by", BOB);
        assert_word(s->facts[0], "addressed", "resent");
        assert_string_equal(s->facts[0]->person, JEAN);
        assert_int_equal(fact_value(s->facts[0], "working_time").type, VALUE_NONE);
        m->resent_from = (struct address_list){};
        m->delivered_to = ids_list(s, ME);
        assert_int_equal(scene_fold(s), 1);
        assert_word(s->facts[0], "addressed", "blind");
        m->cc = people_list(s, ME);
        assert_int_equal(scene_fold(s), 1);
        assert_word(s->facts[0], "addressed", "copy");
        m->to = people_list(s, ME);
        assert_int_equal(scene_fold(s), 2);
}

/* The owner looks after a client's mailbox: what goes out at night is not the client's doing. */
static void test_on_behalf_of_a_client(void **state) {
        (void) state;
        struct message *m = mail(s, "a@x", JEAN, BOB, "2026-03-02T21:00", "devis", NULL);
        m->sender = people_list(s, ME);
        assert_int_equal(scene_fold(s), 1);
        assert_int_equal(s->facts[0]->type, FACT_MESSAGE_SENT);
        assert_string_equal(s->facts[0]->client->id, "acme");
}

static void test_sent_to_several(void **state) {
        (void) state;
        struct message *m = mail(s, "a@x", ME, JEAN "," MARIE "," BOB, "2026-03-02T10:00", "devis", NULL);
        m->cc = people_list(s, GOOD ",x@third.example," JEAN);
        m->flags |= MESSAGE_REQUEST;
        m->request_because = "pouvez-vous";
        scene_fold(s);
        assert_int_equal(count(s, FACT_MESSAGE_SENT), 3);
        assert_int_equal(count(s, FACT_REQUEST_SENT), 2); /* the good one has a copy only */
        for (size_t i = 0; i < 2; i++) {
                const struct fact *f = nth(s, FACT_REQUEST_SENT, i);
                assert_string_not_equal(f->client->id, "good");
                assert_word(f, "because", "pouvez-vous");
                assert_number(f, "third_parties", strcmp(f->client->id, "dupont") == 0 ? 3 : 4);
        }
        for (size_t i = 0; i < 3; i++)
                assert_number(nth(s, FACT_MESSAGE_SENT, i), "recipients", 5);
}

/* Delivered at night, written by day: held back somewhere on the way. */
static void test_delayed_delivery(void **state) {
        (void) state;
        struct message *m = mail(s, "a@x", JEAN, ME, "2026-03-02T22:30", "devis", NULL);
        m->sent_at = when(s, "2026-03-02T17:55");
        scene_fold(s);
        assert_bool(s->facts[0], "working_time", true);
        assert_number(s->facts[0], "delayed", 4 * 3600 + 35 * 60);
        assert_number(s->facts[0], "hour", 22);
}

/* Written at night, delivered in the morning: disturbs nobody. */
static void test_delivered_in_the_morning(void **state) {
        (void) state;
        struct message *m = mail(s, "a@x", JEAN, ME, "2026-03-03T09:00", "devis", NULL);
        m->sent_at = when(s, "2026-03-02T23:00");
        scene_fold(s);
        assert_bool(s->facts[0], "working_time", true);
        assert_int_equal(s->facts[0]->at, when(s, "2026-03-03T09:00"));
}

static void test_after_hours(void **state) {
        (void) state;
        mail(s, "a@x", JEAN, ME, "2026-03-02T18:00", "devis", NULL);
        mail(s, "b@x", JEAN, ME, "2026-03-07T11:00", "planning", NULL); /* Saturday */
        mail(s, "c@x", JEAN, ME, "2026-03-09T08:59:59", "texte", NULL);
        mail(s, "d@x", JEAN, ME, "2026-03-09T09:00", "photo", NULL);
        assert_int_equal(scene_fold(s), 4);
        for (size_t i = 0; i < 4; i++)
                assert_bool(s->facts[i], "working_time", i == 3);
}

/* Clocks go forward on 2026-03-29 and back on 2026-10-25. */
static void test_summer_time(void **state) {
        (void) state;
        mail(s, "a@x", JEAN, ME, "2026-03-27T16:59:00Z", "un", NULL);
        mail(s, "b@x", JEAN, ME, "2026-03-30T07:00:00Z", "deux", NULL);
        mail(s, "c@x", JEAN, ME, "2026-03-30T16:00:00Z", "trois", NULL);
        mail(s, "d@x", JEAN, ME, "2026-10-26T07:59:00Z", "quatre", NULL);
        mail(s, "e@x", JEAN, ME, "2026-10-26T16:59:00Z", "cinq", NULL);
        scene_fold(s);
        static const bool want[] = {true, true, false, false, true};
        static const int hours[] = {17, 9, 18, 8, 17};
        for (size_t i = 0; i < 5; i++) {
                assert_bool(s->facts[i], "working_time", want[i]);
                assert_number(s->facts[i], "hour", hours[i]);
        }
}

/* An old mail fetched at night from another server is no contact at night. */
static void test_old_mail_delivered_again(void **state) {
        (void) state;
        struct message *m = mail(s, "a@x", JEAN, ME, "2026-03-02T03:00", "devis", NULL);
        m->sent_at = when(s, "2026-01-12T11:00");
        struct message *wrong_clock = mail(s, "b@x", JEAN, ME, "2026-03-02T04:00", "texte", NULL);
        wrong_clock->sent_at = when(s, "2026-05-02T10:00");
        struct message *no_date = mail(s, "c@x", JEAN, ME, "2026-03-02T05:00", "photo", NULL);
        no_date->sent_at = INSTANT_UNKNOWN;
        no_date->flags |= MESSAGE_NO_DATE;
        assert_int_equal(scene_fold(s), 3);
        assert_none(s->facts[0], "working_time");
        assert_bool(s->facts[1], "working_time", false);
        assert_none(s->facts[1], "delayed");
        assert_bool(s->facts[2], "working_time", false);
        assert_none(s->facts[2], "delayed");
}

static void test_same_message_twice(void **state) {
        (void) state;
        mail(s, "a@x", JEAN, ME, "2026-03-02T10:00", "devis", NULL);
        mail(s, "a@x", JEAN, "cm@old.example", "2026-03-02T23:00", "devis", NULL); /* by the other account, late */
        mail(s, "own@x", ME, JEAN, "2026-03-03T10:00", "planning", NULL);
        mail(s, "own@x", ME, JEAN, "2026-03-03T10:00", "planning", NULL);    /* by Bcc */
        mail(s, "server@x", ME, JEAN, "2026-03-03T10:00", "planning", NULL); /* under a new name */
        assert_int_equal(scene_fold(s), 2);
        assert_int_equal(s->facts[0]->at, when(s, "2026-03-02T10:00"));
        assert_int_equal(s->facts[1]->type, FACT_MESSAGE_SENT);
        /* An answer to the new name is in the same conversation. */
        mail(s, "answer@x", JEAN, ME, "2026-03-03T11:00", "autre chose", "server@x");
        scene_fold(s);
        assert_string_equal(field(s->facts[1], "thread_id").s, field(s->facts[2], "thread_id").s);
        assert_number(s->facts[2], "response_time", 3600);
}

static void test_automatic(void **state) {
        (void) state;
        struct message *q = mail(s, "q@x", ME, JEAN, "2026-03-02T10:00", "devis", NULL);
        q->flags |= MESSAGE_REQUEST;
        struct message *m = mail(s, "a@x", JEAN, ME, "2026-03-02T10:01", "absence", "q@x");
        m->automatic = AUTOMATIC_VACATION;
        m->absence_from = (struct moment){MOMENT_DATE, INT64_C(86400) * civil_days(2026, 3, 2)};
        m->absence_until = (struct moment){MOMENT_DATE, INT64_C(86400) * civil_days(2026, 3, 29)};
        m->flags |= MESSAGE_REQUEST | MESSAGE_THANKS;
        mail(s, "b@x", JEAN, ME, "2026-03-30T10:00", "re: devis", "q@x");
        assert_int_equal(scene_fold(s), 4);
        const struct fact *f = nth(s, FACT_MESSAGE_RECEIVED, 0);
        assert_bool(f, "automatic", true);
        assert_none(f, "response_time");
        assert_number(f, "absence_from", when(s, "2026-03-02T00:00"));
        assert_number(f, "absence_until", when(s, "2026-03-30T00:00"));
        /* 28 days, one of them an hour short. */
        assert_number(nth(s, FACT_MESSAGE_RECEIVED, 1), "response_time", INT64_C(28) * 86400 - 3600);
        assert_none(nth(s, FACT_MESSAGE_RECEIVED, 1), "absence_from");
}

static void test_response_time(void **state) {
        (void) state;
        mail(s, "1@x", ME, JEAN, "2026-03-02T10:00", "devis", NULL);
        mail(s, "2@x", ME, JEAN, "2026-03-02T11:00", "re: devis", "1@x");
        mail(s, "3@x", MARIE, ME, "2026-03-02T12:00", "re: devis", "1@x,2@x");
        mail(s, "4@x", JEAN, ME, "2026-03-02T13:00", "re: devis", "1@x,2@x,3@x");
        mail(s, "5@x", ME, JEAN, "2026-03-02T15:00", "re: devis", "1@x,4@x");
        scene_fold(s);
        assert_none(s->facts[0], "response_time");
        assert_none(s->facts[1], "response_time");
        assert_number(s->facts[2], "response_time", 2 * 3600);
        assert_none(s->facts[3], "response_time");
        assert_number(s->facts[4], "response_time", 3 * 3600);
        for (size_t i = 1; i < 5; i++)
                assert_string_equal(field(s->facts[0], "thread_id").s, field(s->facts[i], "thread_id").s);
}

static void add_act(struct message *m, enum act_kind kind, const char *because) {
        struct act *items = arena_new0(s->arena, struct act, m->acts.n + 1);
        assert_non_null(items);
        if (m->acts.n > 0)
                memcpy(items, m->acts.items, m->acts.n * sizeof(*items));
        items[m->acts.n] = (struct act){kind, because};
        m->acts = (struct act_list){items, m->acts.n + 1};
}

static void test_thanks(void **state) {
        (void) state;
        mail(s, "1@x", ME, JEAN, "2026-03-02T10:00", "devis", NULL);
        struct message *m = mail(s, "2@x", JEAN, ME, "2026-03-02T11:00", "re: devis", "1@x");
        m->flags |= MESSAGE_THANKS | MESSAGE_REQUEST;
        add_act(m, ACT_THANKS, "merci beaucoup");
        mail(s, "3@x", ME, JEAN, "2026-03-09T11:00", "re: devis", "1@x,2@x");
        scene_fold(s);
        assert_int_equal(count(s, FACT_THANKS_RECEIVED), 1);
        assert_int_equal(count(s, FACT_REQUEST_RECEIVED), 0);
        /* Thanks wait for no answer. */
        assert_none(nth(s, FACT_MESSAGE_SENT, 1), "response_time");
}

static void test_requests(void **state) {
        (void) state;
        struct message *m = mail(s, "1@x", JEAN, ME, "2026-03-02T10:00", "devis", NULL);
        m->flags |= MESSAGE_REQUEST;
        m = mail(s, "2@x", JEAN, MARIE, "2026-03-02T10:05", "interne", NULL);
        m->cc = people_list(s, ME);
        m->flags |= MESSAGE_REQUEST;
        m = mail(s, "3@x", ME, JEAN, "2026-03-02T10:10", "transfert", NULL);
        m->flags |= MESSAGE_REQUEST | MESSAGE_FORWARD;
        m->words = 0;
        m = mail(s, "4@x", JEAN, "alias@elsewhere.example", "2026-03-02T10:15", "facture", NULL);
        m->flags |= MESSAGE_REQUEST;
        scene_fold(s);
        assert_int_equal(count(s, FACT_REQUEST_RECEIVED), 2);
        assert_int_equal(count(s, FACT_REQUEST_SENT), 0);
}

/* What stands in an invitation is answered by its buttons. */
static void test_words_in_an_invitation(void **state) {
        (void) state;
        struct message *m = mail(s, "1@x", ME, JEAN, "2026-03-02T10:00", "point", NULL);
        m->flags |= MESSAGE_REQUEST;
        m->calendar.items = arena_new0(s->arena, struct event, 1);
        m->calendar.n = 1;
        m->calendar.items[0] = (struct event){.method = ITIP_REQUEST,
                                              .uid = "u",
                                              .dtstamp = INSTANT_UNKNOWN,
                                              .created = INSTANT_UNKNOWN,
                                              .last_modified = INSTANT_UNKNOWN};
        scene_fold(s);
        assert_int_equal(count(s, FACT_REQUEST_SENT), 0);
}

static void test_boundary(void **state) {
        (void) state;
        struct message *m = mail(s, "1@x", ME, JEAN "," BOB, "2026-03-02T10:00", "horaires", NULL);
        add_act(m, ACT_BOUNDARY_HOURS, "je ne réponds pas le soir");
        add_act(mail(s, "2@x", JEAN, ME, "2026-03-02T10:00", "horaires", NULL), ACT_BOUNDARY_HOURS, "le soir");
        scene_fold(s);
        assert_int_equal(count(s, FACT_BOUNDARY_STATED), 2);
        assert_word(nth(s, FACT_BOUNDARY_STATED, 0), "kind", "hours");
        assert_word(nth(s, FACT_BOUNDARY_STATED, 0), "because", "je ne réponds pas le soir");
        /* Another one in the same message is another fact. */
        add_act(m, ACT_BOUNDARY_CHANNEL, "ni aux SMS");
        scene_fold(s);
        assert_int_equal(count(s, FACT_BOUNDARY_STATED), 4);
        for (size_t i = 0; i < 4; i++)
                for (size_t k = 0; k < i; k++)
                        assert_true(nth(s, FACT_BOUNDARY_STATED, i)->key != nth(s, FACT_BOUNDARY_STATED, k)->key);
}

/* Who does what: the owner proposes, both decide, machines do neither. */
static void test_statements(void **state) {
        (void) state;
        add_act(mail(s, "1@x", ME, JEAN, "2026-03-02T10:00", "devis", NULL), ACT_PROPOSAL_QUOTE, "ci-joint mon devis");
        add_act(mail(s, "2@x", JEAN, ME, "2026-03-02T15:00", "re: devis", "1@x"), ACT_DECISION_APPROVAL, "c'est validé");
        add_act(mail(s, "3@x", JEAN, ME, "2026-03-03T15:00", "re: devis", "1@x"), ACT_DECISION_CHANGE,
                "finalement, on préfère");
        add_act(mail(s, "4@x", ME, JEAN, "2026-03-03T16:00", "re: devis", "1@x"), ACT_DECISION_REFUSAL,
                "je ne peux pas accepter");
        add_act(mail(s, "5@x", JEAN, ME, "2026-03-03T17:00", "autre", NULL), ACT_PROPOSAL_DATE, "mardi à 10h ?");
        struct message *m = mail(s, "6@x", JEAN, ME, "2026-03-03T18:00", "robot", NULL);
        add_act(m, ACT_DECISION_APPROVAL, "validé");
        m->automatic = AUTOMATIC_NOTIFICATION;
        scene_fold(s);
        assert_int_equal(count(s, FACT_PROPOSAL_SENT), 1);
        assert_word(nth(s, FACT_PROPOSAL_SENT, 0), "kind", "quote");
        assert_int_equal(count(s, FACT_DECISION_MADE), 3);
        assert_word(nth(s, FACT_DECISION_MADE, 0), "kind", "approval");
        assert_word(nth(s, FACT_DECISION_MADE, 0), "by", "client");
        assert_number(nth(s, FACT_DECISION_MADE, 0), "response_time", 5 * 3600);
        assert_word(nth(s, FACT_DECISION_MADE, 1), "kind", "change");
        assert_word(nth(s, FACT_DECISION_MADE, 2), "by", "owner");
}

static void test_reminders(void **state) {
        (void) state;
        struct message *m = mail(s, "1@x", JEAN, ME, "2026-03-02T10:00", "logo", NULL);
        m->flags |= MESSAGE_REQUEST;
        m->request_because = "pouvez-vous";
        /* Something else in the same conversation is not asked again. */
        mail(s, "2@x", JEAN, ME, "2026-03-03T10:00", "re: logo", "1@x")->flags |= MESSAGE_REQUEST;
        m = mail(s, "3@x", JEAN, ME, "2026-03-04T10:00", "re: logo", "1@x");
        m->flags |= MESSAGE_REQUEST;
        add_act(m, ACT_REMINDER, "toujours pas de nouvelles ?");
        scene_fold(s);
        assert_int_equal(count(s, FACT_REQUEST_RECEIVED), 2);
        assert_int_equal(count(s, FACT_REMINDER_RECEIVED), 1);
        assert_word(nth(s, FACT_REMINDER_RECEIVED, 0), "because", "toujours pas de nouvelles ?");
        /* Of a matter that is not known to wait: it is asked for, and said to be so again. */
        m = mail(s, "4@x", ME, JEAN, "2026-03-05T10:00", "facture", NULL);
        m->flags |= MESSAGE_REQUEST;
        add_act(m, ACT_REMINDER, "petite relance");
        m = mail(s, "5@x", ME, JEAN, "2026-03-06T10:00", "re: facture", "4@x");
        m->flags |= MESSAGE_REQUEST;
        add_act(mail(s, "6@x", ME, JEAN, "2026-03-07T10:00", "re: facture", "4@x"), ACT_REMINDER, "sans réponse");
        scene_fold(s);
        assert_int_equal(count(s, FACT_REQUEST_SENT), 1);
        assert_int_equal(count(s, FACT_REMINDER_SENT), 3);
}

static void set_deadline(struct message *m, enum moment_form form, const char *text) {
        struct civil c;
        int32_t offset;
        assert_int_equal(civil_parse(text, &c, &offset, NULL), 0);
        m->flags |= MESSAGE_REQUEST;
        m->deadline = (struct moment){form, civil_seconds(&c)};
}

/* The writer's clock: over the change to summer time where it is the owner's or the client's, else as the message shows it. */
static void test_deadline(void **state) {
        (void) state;
        static const struct {
                const char *from, *to, *deadline, *instant;
                enum moment_form form;
                int32_t offset;
        } cases[] = {
                {JEAN, ME, "2026-03-30T17:00", "2026-03-30T17:00", MOMENT_FLOATING, 3600},
                {JEAN, ME, "2026-03-30", "2026-03-30T23:59:59", MOMENT_DATE, 3600},
                {ME, JEAN, "2026-03-30T17:00", "2026-03-30T17:00", MOMENT_FLOATING, 3600},
                {BOB, ME, "2026-03-30T17:00", "2026-03-30T17:00-04:00", MOMENT_FLOATING, -4 * 3600},
                {JEAN, ME, "2026-03-30T17:00", "2026-03-30T17:00+09:00", MOMENT_FLOATING, 9 * 3600},
                {JEAN, ME, "2026-03-30T17:00", "2026-03-30T17:00", MOMENT_FLOATING, INT32_MIN},
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char id[8];
                (void) snprintf(id, sizeof(id), "%zu@x", i);
                struct message *m =
                        mail(s, arena_strdup(s->arena, id), cases[i].from, cases[i].to, "2026-03-24T10:00", id, NULL);
                m->subject = m->thread_subject = arena_strdup(s->arena, id);
                m->sent_offset = cases[i].offset;
                set_deadline(m, cases[i].form, cases[i].deadline);
                scene_fold(s);
                enum fact_type type = str_eq(cases[i].from, ME) ? FACT_REQUEST_SENT : FACT_REQUEST_RECEIVED;
                bool found = false;
                for (size_t k = 0; k < count(s, type); k++) {
                        const struct fact *f = nth(s, type, k);
                        if (strcmp(f->message_id, id) != 0)
                                continue;
                        found = true;
                        assert_int_equal(field(f, "deadline").i, when(s, cases[i].instant));
                }
                assert_true(found);
        }
}

static struct event *invitation(struct message *m, const char *organizer, const char *attendee,
                                enum participation_status status) {
        struct attendee *people = arena_new0(s->arena, struct attendee, 2);
        people[0] = (struct attendee){.email = organizer};
        people[1] = (struct attendee){.email = attendee, .participation_status = status};
        m->calendar = (struct event_list){arena_new0(s->arena, struct event, 1), 1};
        m->automatic = AUTOMATIC_CALENDAR;
        m->calendar.items[0] = (struct event){.method = ITIP_REQUEST,
                                              .uid = "u",
                                              .summary = "Point",
                                              .dtstamp = INSTANT_UNKNOWN,
                                              .created = INSTANT_UNKNOWN,
                                              .last_modified = INSTANT_UNKNOWN,
                                              .start = {MOMENT_INSTANT, when(s, "2026-03-10T10:00")},
                                              .end = {MOMENT_INSTANT, when(s, "2026-03-10T11:00")},
                                              .organizer = &people[0],
                                              .attendees = {&people[1], 1}};
        return &m->calendar.items[0];
}

/* An invitation to what is to come asks those who have not answered. */
static void test_invitations(void **state) {
        (void) state;
        struct message *m = mail(s, "1@x", ME, JEAN, "2026-03-02T10:00", "point", NULL);
        struct event *e = invitation(m, ME, JEAN, PARTICIPATION_NEEDS_ACTION);
        scene_fold(s);
        assert_int_equal(count(s, FACT_REQUEST_SENT), 1);
        assert_bool(nth(s, FACT_REQUEST_SENT, 0), "invitation", true);
        assert_word(nth(s, FACT_REQUEST_SENT, 0), "because", "Point");
        e->attendees.items[0].participation_status = PARTICIPATION_ACCEPTED;
        scene_fold(s);
        assert_int_equal(count(s, FACT_REQUEST_SENT), 0);
        e->attendees.items[0].participation_status = PARTICIPATION_NONE;
        e->attendees.items[0].resource = true;
        scene_fold(s);
        assert_int_equal(count(s, FACT_REQUEST_SENT), 0);
        e->attendees.items[0].resource = false;
        e->start.at = when(s, "2026-03-01T10:00");
        scene_fold(s);
        assert_int_equal(count(s, FACT_REQUEST_SENT), 0);
        e->start.at = when(s, "2026-03-10T10:00");
        e->method = ITIP_CANCEL;
        scene_fold(s);
        assert_int_equal(count(s, FACT_REQUEST_SENT), 0);
        e->method = ITIP_REQUEST;
        e->organizer->email = BOB; /* passed on, not one's own */
        scene_fold(s);
        assert_int_equal(count(s, FACT_REQUEST_SENT), 0);
        m = mail(s, "2@x", JEAN, ME, "2026-03-02T11:00", "atelier", NULL);
        invitation(m, JEAN, ME, PARTICIPATION_NEEDS_ACTION);
        scene_fold(s);
        assert_int_equal(count(s, FACT_REQUEST_RECEIVED), 1);
        assert_bool(nth(s, FACT_REQUEST_RECEIVED, 0), "invitation", true);
}

static void test_invited(void **state) {
        (void) state;
        mail(s, "1@x", ME, JEAN, "2026-03-02T22:00", "devis", NULL);
        mail(s, "2@x", JEAN, ME, "2026-03-02T22:30", "re: devis", "1@x");
        mail(s, "3@x", MARIE, ME, "2026-03-02T23:00", "autre", NULL);
        mail(s, "4@x", BOB, ME, "2026-03-02T23:00", "other", NULL);
        mail(s, "5@x", JEAN, ME, "2026-03-03T21:00", "re: devis", "1@x");
        mail(s, "6@x", ME, JEAN, "2026-03-04T17:00", "re: devis", "1@x");
        mail(s, "7@x", JEAN, ME, "2026-03-04T20:00", "re: devis", "1@x");
        struct message *away = mail(s, "8@x", ME, JEAN, "2026-03-05T20:00", "absence", "7@x");
        away->automatic = AUTOMATIC_VACATION;
        mail(s, "9@x", JEAN, ME, "2026-03-05T20:30", "re: devis", "1@x");
        scene_fold(s);
        for (size_t i = 0, n = count(s, FACT_MESSAGE_RECEIVED); i < n; i++) {
                const struct fact *f = nth(s, FACT_MESSAGE_RECEIVED, i);
                assert_bool(f, "invited", strcmp(f->message_id, "2@x") == 0 || strcmp(f->message_id, "3@x") == 0);
        }
}

static void test_declared_zone(void **state) {
        (void) state;
        mail(s, "1@x", BOB, ME, "2026-03-02T22:00", "one", NULL); /* 16:00 in New York */
        mail(s, "2@x", BOB, ME, "2026-03-03T02:00", "two", NULL); /* 20:00 there */
        mail(s, "3@x", BOB, ME, "2026-03-20T22:30", "three",
             NULL); /* three weeks in which clocks are five hours apart: 17:30 */
        mail(s, "4@x", BOB, ME, "2026-03-20T23:30", "four", NULL); /* 18:30 */
        scene_fold(s);
        static const bool want[] = {true, false, true, false};
        for (size_t i = 0; i < 4; i++) {
                assert_bool(s->facts[i], "working_time", false);
                assert_bool(s->facts[i], "their_working_time", want[i]);
        }
}

static void test_voted_zone(void **state) {
        (void) state;
        static const char *const at[] = {"2026-02-02T15:00", "2026-02-03T15:00", "2026-02-04T15:00",
                                         "2026-02-05T15:00", "2026-02-06T22:00", "2026-02-09T22:00"};
        static const char *const ids[] = {"1@x", "2@x", "3@x", "4@x", "5@x", "6@x"};
        for (size_t i = 0; i < 6; i++)
                mail(s, ids[i], JEAN, ME, at[i], "planning", NULL)->sent_offset = -5 * 3600;
        scene_fold(s);
        assert_bool(s->facts[4], "their_working_time", false); /* four messages tell too little */
        assert_bool(s->facts[5], "their_working_time", true);
        /* After both changed their clocks, and with a Date that tells nothing. */
        mail(s, "7@x", JEAN, ME, "2026-04-07T22:00", "planning", NULL);
        mail(s, "8@x", JEAN, ME, "2026-04-08T01:00", "planning", NULL);
        scene_fold(s);
        assert_bool(s->facts[6], "their_working_time", true);
        assert_bool(s->facts[7], "their_working_time", false);
        /* Ninety days later nobody knows any more. */
        mail(s, "9@x", JEAN, ME, "2026-06-08T22:00", "planning", NULL);
        scene_fold(s);
        assert_bool(s->facts[8], "their_working_time", false);
}

/* The owner's own zone in summer and winter is never another zone. */
static void test_voted_same_zone(void **state) {
        (void) state;
        static const char *const ids[] = {"1@x", "2@x", "3@x", "4@x", "5@x", "6@x"};
        static const char *const at[] = {"2026-10-15T15:00", "2026-10-16T15:00", "2026-10-19T15:00",
                                         "2026-10-20T15:00", "2026-10-21T15:00", "2026-10-22T15:00"};
        for (size_t i = 0; i < 6; i++)
                mail(s, ids[i], JEAN, ME, at[i], "planning", NULL)->sent_offset = 2 * 3600;
        mail(s, "7@x", JEAN, ME, "2026-10-26T18:30", "planning", NULL)->sent_offset = 3600;
        mail(s, "8@x", JEAN, ME, "2026-10-27T18:30", "planning", NULL);
        scene_fold(s);
        assert_bool(s->facts[6], "their_working_time", false);
        assert_bool(s->facts[7], "their_working_time", false);
}

static void test_now(void **state) {
        (void) state;
        mail(s, "1@x", JEAN, ME, "2026-03-02T10:00", "devis", NULL);
        mail(s, "2@x", JEAN, ME, "2026-03-02T10:01", "devis", NULL);
        s->now = when(s, "2026-03-02T10:00");
        assert_int_equal(scene_fold(s), 1);
        s->now--;
        assert_int_equal(scene_fold(s), 0);
}

static int stop_at_once(const struct fact *fact, void *userdata) {
        (void) fact;
        (*(int *) userdata)++;
        return -ECANCELED;
}

static int broken_start(void *userdata, enum observation_walk walk, bool texts) {
        (void) userdata;
        (void) texts;
        return walk == WALK_MESSAGES ? -EIO : 0;
}

static int empty_next(void *userdata, struct stored_observation *ret) {
        (void) userdata;
        (void) ret;
        return 0;
}

static void test_errors(void **state) {
        (void) state;
        mail(s, "1@x", JEAN, ME, "2026-03-02T10:00", "devis", NULL);
        mail(s, "2@x", JEAN, ME, "2026-03-02T10:01", "devis", NULL);
        const struct observation_feed feed = {.start = scene_feed_start, .next = scene_feed_next, .userdata = s};
        const struct fold_options options = {.now = s->now};
        int calls = 0;
        assert_int_equal(fold(&feed, &s->settings, &options, stop_at_once, &calls), -ECANCELED);
        assert_int_equal(calls, 1);
        const struct observation_feed broken = {.start = broken_start, .next = empty_next};
        assert_int_equal(fold(&broken, &s->settings, &options, stop_at_once, &calls), -EIO);
}

static void test_keys(void **state) {
        (void) state;
        mail(s, "1@x", ME, JEAN "," BOB, "2026-03-02T10:00", "devis", NULL)->flags |= MESSAGE_REQUEST;
        scene_fold(s);
        uint64_t keys[4];
        assert_int_equal(s->n_facts, 4);
        for (size_t i = 0; i < 4; i++) {
                keys[i] = s->facts[i]->key;
                for (size_t j = 0; j < i; j++)
                        assert_true(keys[i] != keys[j]);
        }
        /* Another message and another order of clients change nothing. */
        mail(s, "0@x", JEAN, ME, "2026-03-01T10:00", "avant", NULL);
        scene_fold(s);
        for (size_t i = 0; i < 4; i++)
                assert_true(s->facts[i + 1]->key == keys[i]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, end)
                TEST(test_received),
                TEST(test_strangers),
                TEST(test_no_from),
                TEST(test_list_rewrote_from),
                TEST(test_ways),
                TEST(test_on_behalf_of_a_client),
                TEST(test_sent_to_several),
                TEST(test_delayed_delivery),
                TEST(test_delivered_in_the_morning),
                TEST(test_after_hours),
                TEST(test_summer_time),
                TEST(test_old_mail_delivered_again),
                TEST(test_same_message_twice),
                TEST(test_automatic),
                TEST(test_response_time),
                TEST(test_thanks),
                TEST(test_requests),
                TEST(test_words_in_an_invitation),
                TEST(test_boundary),
                TEST(test_statements),
                TEST(test_reminders),
                TEST(test_deadline),
                TEST(test_invitations),
                TEST(test_invited),
                TEST(test_declared_zone),
                TEST(test_voted_zone),
                TEST(test_voted_same_zone),
                TEST(test_now),
                TEST(test_errors),
                TEST(test_keys),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
