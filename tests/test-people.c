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
        m.from.items[0].name = "'Jean' via Projet";
        assert_string_equal(message_author(&m)->email, "sender@x");
        m.reply_to = people_list(s, "LIST@x,jean@x");
        assert_string_equal(message_author(&m)->email, "jean@x");
        m.reply_to = m.sender = (struct address_list){};
        assert_string_equal(message_author(&m)->email, "list@x");
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
                TEST(test_message_time), TEST(test_author), TEST(test_from_owner), TEST(test_table), TEST(test_email),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
