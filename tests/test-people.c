/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/people.h"
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

#define UNKNOWN INSTANT_UNKNOWN

static void test_message_time(void **state) {
        (void) state;
        const instant noon = 1772449200, day = 86400;
        static const struct {
                instant sent, received, internal, seen;
                bool own, no_date;
                instant want;
        } cases[] = {
                {100, 200, 300, 400, true, false, 100},    /* the owner's: Date */
                {100, 200, 300, 400, false, false, 200},   /* others': delivery */
                {UNKNOWN, 200, 300, 400, true, true, 200}, /* the owner's without Date */
                {UNKNOWN, UNKNOWN, 300, 400, true, true, 300},   {UNKNOWN, UNKNOWN, UNKNOWN, 400, false, true, 400},
                {100, UNKNOWN, UNKNOWN, 400, false, false, 100}, {100, UNKNOWN, 300, 400, false, false, 300},
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct observation o = {
                        .kind = OBSERVATION_MESSAGE, .seen_at = cases[i].seen, .internal_date = cases[i].internal};
                o.message.sent_at = cases[i].sent;
                o.message.received_at = cases[i].received;
                o.message.flags = cases[i].no_date ? MESSAGE_NO_DATE : 0;
                assert_int_equal(message_time(&o, cases[i].own), cases[i].want);
        }
        /* A mailbox that was copied has dates of the copying. */
        struct observation o = {.kind = OBSERVATION_MESSAGE,
                                .seen_at = noon + 100 * day,
                                .message = {.sent_at = noon, .received_at = UNKNOWN}};
        const struct {
                int64_t after, want;
        } copies[] = {{-day, -day}, {-day - 1, 0}, {7 * day, 7 * day}, {7 * day + 1, 0}, {3600, 3600}};
        for (size_t i = 0; i < ELEMENTSOF(copies); i++) {
                o.internal_date = noon + copies[i].after;
                assert_int_equal(message_time(&o, false), noon + copies[i].want);
        }
}

static void test_author(void **state) {
        (void) state;
        struct message m = {};
        assert_null(message_author(&m));
        m.sender = people_list(s, "sender@x");
        assert_string_equal(message_author(&m)->email, "sender@x");
        m.from = people_list(s, "list@x,second@x");
        assert_string_equal(message_author(&m)->email, "list@x");
}

/* A list, a relay, and those that only look like one. */
static void test_rewritten(void **state) {
        (void) state;
        static const char list[] = "projet@lists.assoc.example", id[] = "projet.lists.assoc.example";
        static const struct {
                const char *name, *from, *list_id, *original, *reply_name, *reply_to, *want;
        } v[] = {
                /* Mailman, Google Groups, Sympa. */
                {"Jean Dupont via Projet", list, id, NULL, "Jean Dupont", JEAN, JEAN},
                {"'Jean Dupont' via Projet", list, id, NULL, "Jean Dupont", JEAN, JEAN},
                {"Jean Dupont (via projet)", list, id, NULL, "JEAN DUPONT", JEAN, JEAN},
                {"'" JEAN "' via Projet", list, id, NULL, NULL, JEAN, JEAN},
                {"Jean via Projet", list, id, NULL, NULL, JEAN, JEAN},
                {"Jean via Projet", list, id, NULL, NULL, "projet@lists.assoc.example," JEAN, JEAN},
                {"Jean via Projet", list, id, NULL, NULL, MARIE "," JEAN, list},
                {"Jean via Projet", list, id, JEAN, "Autre", MARIE, JEAN},
                /* The address of the list, wherever it is at home. */
                {"Jean via Projet", "projet@dupont.example", "projet.dupont.example", NULL, "Jean", JEAN, JEAN},
                {"Jean via Projet", "projet-owner@assoc.example", id, NULL, "Jean", JEAN, JEAN},
                /* An address made of the author's, without a word in the name. */
                {"Jean Dupont", "jean=40dupont.example@dmarc.assoc.example", id, JEAN, NULL, NULL, JEAN},
                /* Answers go to somebody else than who wrote. */
                {"Marie Durand via Projet", list, id, NULL, "Jean Dupont", JEAN, list},
                {"Jean via Projet", list, id, NULL, NULL, list, list},
                /* No list at all: a service, or worse. */
                {"Jean Dupont via DocuSign", "dse@docusign.net", NULL, NULL, "Jean Dupont", JEAN, "dse@docusign.net"},
                {"Jean Dupont", "x@evil.example", NULL, JEAN, NULL, NULL, "x@evil.example"},
                {JEAN, "x@evil.example", NULL, NULL, NULL, JEAN, "x@evil.example"},
                {"Jean via Projet", "x@evil.example", id, JEAN, "Jean", JEAN, "x@evil.example"},
                {"Jean via Projet", "x@gmail.com", "projet.gmail.com", JEAN, "Jean", JEAN, "x@gmail.com"},
                /* Who writes to a list that leaves From alone. */
                {"Marie", MARIE, id, MARIE, NULL, list, MARIE},
                {"Marie", MARIE, id, NULL, NULL, list, MARIE},
                /* A relay in front of the owner's address. */
                {"Jean - jean(a)dupont.example", "ra+abc@simplelogin.co", NULL, JEAN, NULL, NULL, JEAN},
                {"Jean", "abc+jean=dupont.example@anonaddy.me", NULL, JEAN, NULL, NULL, JEAN},
                {"Jean", "abc@mozmail.com", NULL, NULL, NULL, JEAN, "abc@mozmail.com"},
        };
        for (size_t i = 0; i < ELEMENTSOF(v); i++) {
                struct message m = {.from = people_list(s, v[i].from), .list_id = v[i].list_id};
                m.from.items[0].name = v[i].name;
                if (v[i].original)
                        m.original_from = people_list(s, v[i].original);
                if (v[i].reply_to) {
                        m.reply_to = people_list(s, v[i].reply_to);
                        m.reply_to.items[0].name = v[i].reply_name;
                }
                if (strcmp(message_author(&m)->email, v[i].want) != 0)
                        fail_msg("%zu: %s is %s", i, v[i].name, message_author(&m)->email);
        }
}

/* Mailman, where answers go to the list, puts the author into Cc. */
static void test_author_in_copy(void **state) {
        (void) state;
        struct message m = {.from = people_list(s, "projet@lists.example"),
                            .reply_to = people_list(s, "projet@lists.example"),
                            .cc = people_list(s, MARIE "," JEAN),
                            .list_id = "projet.lists.example"};
        m.from.items[0].name = "Jean Dupont via Projet";
        assert_string_equal(message_author(&m)->email, "projet@lists.example");
        m.cc.items[0].name = "Marie";
        m.cc.items[1].name = "Jean Dupont";
        assert_string_equal(message_author(&m)->email, JEAN);
        m.list_id = NULL;
        assert_string_equal(message_author(&m)->email, "projet@lists.example");
}

static void test_delegate(void **state) {
        (void) state;
        struct message m = {.from = people_list(s, JEAN)};
        assert_null(message_delegate(&m));
        assert_null(message_resender(&m));
        m.sender = people_list(s, "Jean@Dupont.example");
        assert_null(message_delegate(&m));
        m.sender = people_list(s, MARIE);
        assert_string_equal(message_delegate(&m)->email, MARIE);
        assert_string_equal(message_author(&m)->email, JEAN);
        m.list_id = "projet.lists.example"; /* Sender is where bounces go */
        assert_null(message_delegate(&m));
        m.list_id = NULL;
        m.automatic = AUTOMATIC_NOTIFICATION;
        assert_null(message_delegate(&m));
        m.resent_from = people_list(s, MARIE);
        assert_string_equal(message_resender(&m)->email, MARIE);
        assert_string_equal(message_author(&m)->email, JEAN);
}

static void test_srs(void **state) {
        (void) state;
        static const struct {
                const char *email, *want; /* NULL: none */
        } v[] = {
                {"SRS0=HHHH=TT=dupont.example=jean@forwarder.example", JEAN},
                {"srs0+HHHH=TT=dupont.example=jean@forwarder.example", JEAN},
                {"SRS0-HHHH=TT=dupont.example=a=b@forwarder.example", "a=b@dupont.example"},
                {"SRS1=GGGG=first.example==HHHH=TT=dupont.example=jean@second.example", JEAN},
                {"SRS0=HHHH=TT=dupont.example=@forwarder.example", NULL},
                {"SRS0=HHHH=TT==jean@forwarder.example", NULL},
                {"SRS0=HHHH=TT@forwarder.example", NULL},
                {"SRS0=@forwarder.example", NULL},
                {"SRS1=GGGG=first.example=HHHH@second.example", NULL},
                {"SRS2=HHHH=TT=dupont.example=jean@forwarder.example", NULL},
                {"SRS0xHHHH=TT=dupont.example=jean@forwarder.example", NULL},
                {"SRS0=HHHH=TT=dupont.example=jean", NULL},
                {"jean@dupont.example", NULL},
                {"@", NULL},
                {"", NULL},
        };
        for (size_t i = 0; i < ELEMENTSOF(v); i++) {
                char got[SRS_SIZE] = "";
                bool is = srs_original(v[i].email, got);
                if (is != (v[i].want != NULL) || (is && strcmp(got, v[i].want) != 0))
                        fail_msg("%s: %s", v[i].email, got);
        }
}

static void test_addressed(void **state) {
        (void) state;
        _cleanup_people_ struct people *p = NULL;
        assert_int_equal(people_new(&s->settings, &p), 0);
        static const struct {
                const char *to, *cc, *bcc, *delivered, *resent, *list_id;
                enum addressed want;
        } v[] = {
                {ME, "", "", "", "", NULL, ADDRESSED_TO},
                {JEAN "," ME, "", "", "", "", NULL, ADDRESSED_TO},
                {JEAN, ME, "", "", "", NULL, ADDRESSED_COPY},
                {"cm@old.example", ME, "", "", "", NULL, ADDRESSED_TO},
                {JEAN, "", ME, "", "", NULL, ADDRESSED_BLIND},
                /* Nothing is known of the way: an address that nobody declared. */
                {"camille@coworking.example", "", "", "", "", NULL, ADDRESSED_TO},
                {"", "", "", ME, "", NULL, ADDRESSED_TO},
                /* The servers tell. */
                {JEAN, "", "", ME, "", NULL, ADDRESSED_BLIND},
                {JEAN, MARIE, "", "cm@old.example", "", NULL, ADDRESSED_BLIND},
                {"camille@coworking.example", "", "", "camille@coworking.example," ME, "", NULL, ADDRESSED_TO},
                {JEAN, "Camille@Coworking.example", "", "camille@coworking.example," ME, "", NULL, ADDRESSED_COPY},
                {"contact@studio.example", "", "", ME, "", NULL, ADDRESSED_TO},
                {JEAN, "", "", "SRS0=a=b=studio.example=camille@old.example", "", NULL, ADDRESSED_BLIND},
                {JEAN, "", "", "jean@third.example", "", NULL, ADDRESSED_TO},
                /* By a list it is for everybody. */
                {"projet@lists.example", "", "", ME, "", "projet.lists.example", ADDRESSED_TO},
                /* Handed on. */
                {JEAN, "", "", "", MARIE, NULL, ADDRESSED_RESENT},
                {JEAN, "", "", ME, MARIE, NULL, ADDRESSED_RESENT},
                {ME, "", "", "", MARIE, NULL, ADDRESSED_TO},
                {JEAN, ME, "", "", MARIE, NULL, ADDRESSED_COPY},
                {"camille@coworking.example", "", "", "", ME, NULL, ADDRESSED_TO},
                {"projet@lists.example", "", "", "", "projet@lists.example", "projet.lists.example", ADDRESSED_TO},
        };
        for (size_t i = 0; i < ELEMENTSOF(v); i++) {
                struct message m = {.from = people_list(s, JEAN),
                                    .to = people_list(s, v[i].to),
                                    .cc = people_list(s, v[i].cc),
                                    .bcc = people_list(s, v[i].bcc),
                                    .delivered_to = ids_list(s, v[i].delivered),
                                    .resent_from = people_list(s, v[i].resent),
                                    .list_id = v[i].list_id};
                if (people_addressed(p, &m) != v[i].want)
                        fail_msg("%zu: to %s: %d", i, v[i].to, people_addressed(p, &m));
        }
}

static void test_from_owner(void **state) {
        (void) state;
        struct people *p;
        assert_int_equal(people_new(&s->settings, &p), 0);
        static const struct {
                const char *from;
                bool want;
        } cases[] = {{ME, true}, {"cm@old.example", true}, {JEAN, false}, {"", false}, {JEAN "," ME, true}};
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct message m = {.from = people_list(s, cases[i].from)};
                assert_int_equal(message_is_from_owner(&m, &s->settings), cases[i].want);
                assert_int_equal(people_is_from_owner(p, &m), cases[i].want);
        }
        /* A client's mailbox that the owner writes from, and a form that writes to the owner in the client's name. */
        struct message m = {.from = people_list(s, JEAN), .sender = people_list(s, ME), .to = people_list(s, BOB)};
        assert_true(message_is_from_owner(&m, &s->settings));
        assert_true(people_is_from_owner(p, &m));
        m.to = people_list(s, "cm@old.example");
        assert_false(message_is_from_owner(&m, &s->settings));
        assert_false(people_is_from_owner(p, &m));
        people_free(p);
}

/* More strangers than the table has room for, and long names: the answers stay right. */
static void test_table(void **state) {
        (void) state;
        _cleanup_people_ struct people *p = NULL;
        assert_int_equal(people_new(&s->settings, &p), 0);
        assert_int_equal(people_find(p, NULL).side, SIDE_NOBODY);
        assert_int_equal(people_find(p, "").side, SIDE_NOBODY);
        char email[300];
        for (int round = 0; round < 2; round++)
                for (int i = 0; i < 20000; i++) {
                        snprintf(email, sizeof(email), "p%d@%s", i, i % 3 == 0 ? "dupont.example" : "third.example");
                        const struct client *want = i % 3 == 0 ? &s->clients[0] : NULL;
                        assert_ptr_equal(people_find(p, email).client, want);
                }
        memset(email, 'a', sizeof(email));
        memcpy(email + 200, "@dupont.example", sizeof("@dupont.example"));
        assert_ptr_equal(people_find(p, email).client, &s->clients[0]);
        assert_int_equal(people_find(p, ME).side, SIDE_OWNER);
        assert_null(people_find(p, ME).client);
}

static void test_email(void **state) {
        (void) state;
        assert_true(email_eq("A@X", "a@x"));
        assert_false(email_eq("a@x", "b@x"));
        assert_false(email_eq(NULL, "b@x"));
        assert_true(email_hash("A@X") == email_hash("a@x"));
        assert_true(email_hash("b@x") != email_hash("a@x"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, end)
                TEST(test_message_time), TEST(test_author), TEST(test_rewritten), TEST(test_author_in_copy),
                TEST(test_delegate),     TEST(test_srs),    TEST(test_addressed), TEST(test_from_owner),
                TEST(test_table),        TEST(test_email),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
