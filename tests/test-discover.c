/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/discover.h"
#include "rules/domain.h"
#include "tests/folding.h"
#include "tests/skip.h"

static struct scene scene;
static struct scene *s = &scene;
static struct discovery found;
static struct zone_table *zones;
static unsigned number;

static int start(void **state) {
        (void) state;
        scene_start(s);
        number = 0;
        static const char *const names[] = {"Europe/Paris",    "Europe/Berlin",  "Europe/London",  "America/New_York",
                                            "America/Toronto", "America/Bogota", "Asia/Singapore", "Asia/Shanghai"};
        assert_int_equal(zone_table_new(&zones), 0);
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                struct zone *zone = zoneinfo_read(names[i]);
                if (!zone)
                        SKIP("no time zone tables on this machine");
                assert_int_equal(zone_table_add(zones, zone), 0);
        }
        return 0;
}
static int end(void **state) {
        (void) state;
        zones = zone_table_free(zones);
        scene_end(s);
        return 0;
}

static const struct discovered *look(void) {
        struct observation_feed feed = {scene_feed_start, scene_feed_next, s};
        struct discover_options options = {.now = s->now, .zones = zones};
        assert_int_equal(discover(&feed, &s->settings, &options, s->arena, &found), 0);
        return found.n > 0 ? &found.items[0] : NULL;
}

static struct message *letter(const char *from, const char *to, const char *at, const char *answers) {
        const char *id = arena_printf(s->arena, "m%u@x", number++);
        return mail(s, id, from, to, at, "projet", answers);
}

/* What every client has: mail both ways, answered, over weeks, in working hours. */
static void correspond(const char *who) {
        static const char *const days[] = {"2026-03-02", "2026-03-09", "2026-03-17", "2026-04-01"};
        for (size_t i = 0; i < ELEMENTSOF(days); i++) {
                struct message *m = letter(who, ME, arena_printf(s->arena, "%sT10:00", days[i]), NULL);
                m->flags |= MESSAGE_REQUEST;
                letter(ME, who, arena_printf(s->arena, "%sT11:00", days[i]), m->message_id);
        }
}

static void attach(struct message *m, const char *name) {
        struct attachment *a = arena_new0(s->arena, struct attachment, 1);
        *a = (struct attachment){.name = name, .media_type = "application/pdf", .size = 1};
        m->attachments = (struct attachment_list){a, 1};
}

static struct event *meet(const char *uid, const char *who, const char *at) {
        struct observation *o = scene_observation(s, OBSERVATION_EVENT);
        struct attendee *a = arena_new0(s->arena, struct attendee, 2);
        a[0].email = ME;
        a[1].email = who;
        o->event = (struct event){.uid = uid, .start = {MOMENT_INSTANT, when(s, at)}, .attendees = {a, 2}};
        o->event.end = o->event.start;
        return &o->event;
}

static void test_a_client(void **state) {
        (void) state;
        correspond("Eva@mail.nova.co.uk");
        correspond("paul@nova.co.uk");
        s->stored[0].observation->message.from.items[0].name = "Eva Stern";
        meet("u1", "paul@nova.co.uk", "2026-03-20T10:00");
        meet("u1", "eva@mail.nova.co.uk", "2026-03-20T10:00"); /* one meeting, however many people */
        meet("u2", "paul@nova.co.uk", "2028-03-20T10:00");     /* to come */
        meet("u3", "paul@nova.co.uk", "2026-03-21T10:00")->status = EVENT_STATUS_CANCELLED;
        const struct discovered *f = look();
        assert_int_equal(found.n, 1);
        assert_string_equal(f->id, "nova");
        assert_string_equal(f->name, "Nova");
        assert_string_equal(f->match, "@nova.co.uk");
        assert_null(f->time_zone);
        assert_null(f->client);
        assert_int_equal(f->received, 8);
        assert_int_equal(f->sent, 8);
        assert_int_equal(f->answers, 8);
        assert_int_equal(f->weeks, 4);
        assert_int_equal(f->meetings, 1);
        assert_int_equal(f->asked, 8);
        assert_int_equal(f->n_people, 2);
        assert_string_equal(f->people[0].email, "Eva@mail.nova.co.uk");
        assert_string_equal(f->people[0].name, "Eva Stern");
        assert_true(f->first_at == when(s, "2026-03-02T10:00") && f->last_at == when(s, "2026-04-01T11:00"));
        assert_int_equal(found.own, 8);
}

/* A copy in another folder counts once; what a client has part in is that client's. */
static void test_copies_and_clients(void **state) {
        (void) state;
        correspond("eva@nova.example");
        size_t n = s->n;
        for (size_t i = 0; i < n; i++) {
                struct observation *o = scene_observation(s, OBSERVATION_MESSAGE);
                o->message = s->stored[i].observation->message;
        }
        struct message *m = letter("eva@nova.example", ME, "2026-05-02T10:00", NULL);
        m->cc = people_list(s, JEAN);
        correspond(JEAN);
        const struct discovered *f = look();
        assert_int_equal(found.n, 1);
        assert_int_equal(f->received, 4);
        assert_int_equal(f->sent, 4);
}

/* Each has all that a client has but one thing. */
static void test_look_alikes(void **state) {
        (void) state;
        static const enum automatic_kind machine = AUTOMATIC_NOTIFICATION;
        correspond("colleague@studio.example");
        correspond("list@lists.example");
        correspond("robot@service.example");
        correspond("all@mailing.example");
        correspond("a\"b@gmail.com"); /* fits into no configuration */
        attach(letter(ME, "a\"b@gmail.com", "2026-04-03T10:00", NULL), "devis.pdf");
        for (size_t i = 0; i < s->n; i++) {
                struct message *m = (struct message *) &s->stored[i].observation->message;
                const char *other = strcmp(m->from.items[0].email, ME) == 0 ? m->to.items[0].email : m->from.items[0].email;
                if (strstr(other, "lists"))
                        m->list_id = "list.lists.example";
                else if (strstr(other, "service"))
                        m->automatic = machine;
                else if (strstr(other, "mailing"))
                        m->cc = people_list(s, "a@x,b@x,c@x,d@x,e@x,f@x,g@x,h@x,i@x,j@x");
        }
        /* Never answered; only written to; one week; too short a time. */
        for (int day = 1; day < 29; day++) {
                letter("news@never.example", ME, arena_printf(s->arena, "2026-03-%02dT10:00", day), NULL);
                letter(ME, "deaf@only.example", arena_printf(s->arena, "2026-03-%02dT10:00", day), NULL);
        }
        correspond("eva@crowd.example"); /* eleven for one */
        for (int day = 1; day < 29; day++) {
                letter("x@crowd.example", ME, arena_printf(s->arena, "2026-03-%02dT10:00", day), NULL);
                letter("y@crowd.example", ME, arena_printf(s->arena, "2026-03-%02dT10:00", day), NULL);
        }
        struct message *first = letter("eva@week.example", ME, "2026-03-02T10:00", NULL);
        for (int day = 3; day < 6; day++) {
                letter(ME, "eva@week.example", arena_printf(s->arena, "2026-03-%02dT11:00", day), first->message_id);
                first = letter("eva@week.example", ME, arena_printf(s->arena, "2026-03-%02dT12:00", day), first->message_id);
        }
        look();
        for (size_t i = 0; i < found.n; i++)
                print_message("# %s\n", found.items[i].match);
        assert_int_equal(found.n, 0);
}

static void test_supplier_and_helpdesk(void **state) {
        (void) state;
        correspond("eva@supplier.example");
        attach(letter("eva@supplier.example", ME, "2026-04-02T10:00", NULL), "Facture_2026-03.pdf");
        correspond("help@desk.example");
        for (size_t i = 0; i < s->n; i++) {
                struct message *m = (struct message *) &s->stored[i].observation->message;
                if (strstr(m->from.items[0].email, "desk"))
                        m->flags &= ~(uint32_t) MESSAGE_REQUEST;
        }
        assert_null(look());
        /* The owner's own invoice weighs as much, and that of a helpdesk's client more. */
        attach(letter(ME, "eva@supplier.example", "2026-04-03T10:00", NULL), "Facture 12.pdf");
        attach(letter(ME, "help@desk.example", "2026-04-03T10:00", NULL), "devis-site.pdf");
        look();
        assert_int_equal(found.n, 2);
        assert_int_equal(found.items[0].business, 1);
}

static void test_free_mail(void **state) {
        (void) state;
        s->settings.owner.name = "Camille Martin";
        correspond("jean.dupond@gmail.com");
        correspond("j.martin@orange.fr");
        correspond("friend@gmail.com");
        assert_null(look()); /* nothing of work */
        for (size_t i = 0; i < s->n; i++) {
                struct message *m = (struct message *) &s->stored[i].observation->message;
                const char *email = m->from.items[0].email;
                m->from.items[0].name = strstr(email, "dupond")   ? "Jean DUPOND"
                                        : strstr(email, "martin") ? "Julie Martin"
                                                                  : NULL;
                if (strstr(email, "friend"))
                        m->sent_at = m->received_at = m->sent_at + 12 * 3600; /* by evening */
        }
        meet("u1", "jean.dupond@gmail.com", "2026-03-20T10:00");
        meet("u2", "j.martin@orange.fr", "2026-03-20T10:00");
        meet("u3", "friend@gmail.com", "2026-03-20T10:00");
        const struct discovered *f = look();
        assert_int_equal(found.n, 1); /* one by one: not all of Gmail */
        assert_string_equal(f->match, "jean.dupond@gmail.com");
        assert_string_equal(f->id, "jean-dupond");
        assert_string_equal(f->name, "Jean DUPOND");
        attach(letter(ME, "j.martin@orange.fr", "2026-04-03T10:00", NULL), "facture.pdf");
        look();
        assert_int_equal(found.n, 2);
}

/* Ids are no client's and no other proposal's; a client with single addresses is extended, not doubled. */
static void test_names(void **state) {
        (void) state;
        correspond("a@dupont.fr");
        correspond("a@dupont.be");
        correspond("a@xn--mller-kva.example");
        correspond("a@studio-nova.example");
        correspond("a@free-mail.example");
        s->clients[0].match = scene_match[2];
        look();
        assert_int_equal(found.n, 5);
        unsigned seen = 0;
        for (size_t i = 0; i < found.n; i++) {
                const struct discovered *f = &found.items[i];
                static const char *const want[][3] = {
                        {"@dupont.be", "dupont-2", "Dupont"},
                        {"@dupont.fr", "dupont-3", "Dupont"},
                        {"@xn--mller-kva.example", "muller", "M\xc3\xbcller"},
                        {"@studio-nova.example", "studio-nova", "Studio Nova"},
                        {"@free-mail.example", "free-mail", "Free Mail"},
                };
                for (size_t k = 0; k < ELEMENTSOF(want); k++)
                        if (strcmp(f->match, want[k][0]) == 0) {
                                assert_string_equal(f->id, want[k][1]);
                                assert_string_equal(f->name, want[k][2]);
                                seen++;
                        }
                assert_true((f->client != NULL) == (strcmp(f->match, "@free-mail.example") == 0));
        }
        assert_int_equal(seen, 5);
}

static void test_time_zone(void **state) {
        (void) state;
        static const struct {
                const char *domain;
                int32_t winter, summer;
                const char *want; /* NULL: none */
        } v[] = {
                {"paris.example", 3600, 7200, NULL}, /* the owner's */
                {"ny.example", -18000, -14400, "America/New_York"},
                {"toronto.ca", -18000, -14400, "America/Toronto"},
                {"bogota.example", -18000, -18000, "America/Bogota"},
                {"london.co.uk", 0, 3600, "Europe/London"},
                {"asia.example", 28800, 28800, NULL}, /* Singapore or Shanghai */
                {"asia.sg", 28800, 28800, "Asia/Singapore"},
                {"torn.example", -18000, 28800, NULL},
                {"silent.example", INT32_MIN, INT32_MIN, NULL},
        };
        for (size_t i = 0; i < ELEMENTSOF(v); i++) {
                const char *who = arena_printf(s->arena, "a@%s", v[i].domain);
                correspond(who);
                for (int k = 0; k < 4; k++)
                        letter(who, ME, arena_printf(s->arena, "2026-0%d-%02dT10:00", k % 2 ? 2 : 7, 10 + k), NULL);
        }
        for (size_t k = 0; k < s->n; k++) {
                struct message *m = (struct message *) &s->stored[k].observation->message;
                for (size_t i = 0; i < ELEMENTSOF(v); i++)
                        if (strstr(m->from.items[0].email, v[i].domain))
                                m->sent_offset = zone_offset(s->paris, m->sent_at) == 7200 ? v[i].summer : v[i].winter;
        }
        /* Britain's clocks and the continent's change at one instant, America's do not: keep March out of it. */
        for (size_t k = 0; k < s->n; k++) {
                struct message *m = (struct message *) &s->stored[k].observation->message;
                if (m->sent_at >= when(s, "2026-03-08") && m->sent_at < when(s, "2026-03-30"))
                        m->sent_offset = INT32_MIN;
        }
        look();
        assert_int_equal(found.n, ELEMENTSOF(v));
        for (size_t i = 0; i < ELEMENTSOF(v); i++)
                for (size_t k = 0; k < found.n; k++)
                        if (strcmp(domain_organisation(v[i].domain), found.items[k].match + 1) == 0) {
                                const char *got = found.items[k].time_zone;
                                if (!str_eq(got, v[i].want))
                                        fail_msg("%s: %s", v[i].domain, got ? got : "none");
                        }
}

/* The likeliest first; those of long ago last. */
static void test_order(void **state) {
        (void) state;
        correspond("a@plain.example");
        correspond("a@better.example");
        meet("u1", "a@better.example", "2026-03-20T10:00");
        look();
        assert_int_equal(found.n, 2);
        assert_string_equal(found.items[0].match, "@better.example");
        assert_true(found.items[0].score > found.items[1].score);
        s->now = when(s, "2028-01-01");
        uint32_t before = found.items[0].score;
        look();
        assert_true(found.items[0].score < before);
        s->now = when(s, "2026-03-10");
        assert_null(look()); /* it had only begun */
}

int main(void) {
        const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, end)
                TEST(test_a_client),    TEST(test_copies_and_clients),
                TEST(test_look_alikes), TEST(test_supplier_and_helpdesk),
                TEST(test_free_mail),   TEST(test_names),
                TEST(test_time_zone),   TEST(test_order),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
