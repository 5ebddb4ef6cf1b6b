/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/conversation.h"
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

static struct message *question(const char *id, const char *at, const char *subject) {
        struct message *m = mail(s, id, ME, JEAN, at, subject, NULL);
        m->flags |= MESSAGE_REQUEST;
        return m;
}

/* The conversation of the message with that id. */
static const char *thread(const char *id) {
        for (size_t i = 0; i < s->n_facts; i++)
                if (s->facts[i]->type != FACT_REQUEST_SETTLED && s->facts[i]->type != FACT_MESSAGE_DOUBTED &&
                    s->facts[i]->message_id && strcmp(s->facts[i]->message_id, id) == 0)
                        return field(s->facts[i], "thread_id").s;
        fail_msg("no fact of %s", id);
        return NULL;
}

#define assert_together(a, b) assert_string_equal(thread(a), thread(b))
#define assert_apart(a, b) assert_string_not_equal(thread(a), thread(b))

static void test_references(void **state) {
        (void) state;
        question("1@x", "2026-03-02T10:00", "devis");
        mail(s, "2@x", JEAN, ME, "2026-03-02T11:00", "tout autre chose", "1@x");
        mail(s, "3@x", MARIE, ME, "2026-03-02T12:00", "encore", "0@x,2@x");
        mail(s, "4@x", JEAN, ME, "2026-03-02T13:00", "nouveau", NULL);
        scene_fold(s);
        assert_together("1@x", "2@x");
        assert_together("1@x", "3@x");
}

/* The message between was never seen (sent from a telephone). */
static void test_missing_message(void **state) {
        (void) state;
        mail(s, "2@x", JEAN, ME, "2026-03-02T11:00", "un", "1@x");
        mail(s, "5@x", JEAN, ME, "2026-03-02T12:00", "deux", "1@x,4@x");
        mail(s, "6@x", JEAN, ME, "2026-03-02T13:00", "trois", "4@x");
        mail(s, "1@x", ME, JEAN, "2026-03-02T10:30", "zero", NULL);
        scene_fold(s);
        assert_together("1@x", "2@x");
        assert_together("2@x", "5@x");
        /* Arrives by the name of the first, however late. */
        assert_together("1@x", "5@x");
}

static void test_subject(void **state) {
        (void) state;
        question("1@x", "2026-03-02T10:00", "logo");
        mail(s, "2@x", JEAN, ME, "2026-03-04T10:00", "re: logo", NULL);
        mail(s, "3@x", JEAN, ME, "2026-03-05T10:00", "re: logo",
             "rewritten-by-server@y"); /* the server had given ours another name */
        mail(s, "4@x", BOB, ME, "2026-03-05T10:00", "re: logo", NULL);
        mail(s, "5@x", JEAN, ME, "2026-04-20T10:00", "re: logo", NULL);
        scene_fold(s);
        assert_together("1@x", "2@x");
        assert_together("1@x", "3@x");
        assert_apart("1@x", "4@x");
        assert_apart("1@x", "5@x");
}

static void test_fresh_answer(void **state) {
        (void) state;
        question("1@x", "2026-03-02T10:00", "validation des maquettes");
        mail(s, "2@x", MARIE, ME, "2026-03-03T10:00", "maquette: notre avis", NULL);
        mail(s, "3@x", JEAN, ME, "2026-03-04T10:00", "maquettes encore", NULL); /* nothing waits any more */
        scene_fold(s);
        assert_together("1@x", "2@x");
        assert_apart("1@x", "3@x");
}

static void test_fresh_but_no_answer(void **state) {
        (void) state;
        question("1@x", "2026-03-02T10:00", "validation des maquettes");
        mail(s, "2@x", JEAN, ME, "2026-03-03T10:00", "facture janvier", NULL);
        mail(s, "3@x", BOB, ME, "2026-03-03T10:00", "maquettes", NULL); /* another client */
        mail(s, "4@x", JEAN, ME, "2026-03-03T11:00", "maquettes", NULL)->automatic = AUTOMATIC_VACATION;
        mail(s, "5@x", JEAN, ME, "2026-04-30T11:00", "maquettes", NULL); /* too long ago */
        scene_fold(s);
        assert_apart("1@x", "2@x");
        assert_apart("1@x", "3@x");
        assert_apart("1@x", "4@x");
        assert_apart("1@x", "5@x");
}

/* A subject that tells nothing, while one question waits: the doubt is the client's. */
static void test_empty_subject(void **state) {
        (void) state;
        question("1@x", "2026-03-02T10:00", "validation des maquettes");
        mail(s, "2@x", JEAN, ME, "2026-03-03T10:00", "", NULL);
        scene_fold(s);
        assert_together("1@x", "2@x");
}

static void test_empty_subject_in_doubt(void **state) {
        (void) state;
        question("1@x", "2026-03-02T10:00", "validation des maquettes");
        question("2@x", "2026-03-02T11:00", "hebergement");
        mail(s, "3@x", JEAN, ME, "2026-03-03T10:00", "bonjour", NULL);
        scene_fold(s);
        assert_apart("1@x", "3@x");
        assert_apart("2@x", "3@x");
}

static void test_owner_asks_again(void **state) {
        (void) state;
        question("1@x", "2026-03-02T10:00", "devis hebergement");
        question("2@x", "2026-03-03T10:00", "relance: devis hebergement");
        question("3@x", "2026-03-03T11:00", "devis photos");
        mail(s, "4@x", JEAN, ME, "2026-03-03T12:00", "voila", "2@x");
        scene_fold(s);
        assert_together("1@x", "2@x");
        assert_together("1@x", "4@x");
        assert_apart("1@x", "3@x");
}

/* References that join two conversations: the one in which a question waits keeps its name. */
static void test_merge(void **state) {
        (void) state;
        mail(s, "a@x", JEAN, ME, "2026-03-01T10:00", "anciens fichiers", NULL);
        question("b@x", "2026-03-02T10:00", "hebergement");
        mail(s, "c@x", JEAN, ME, "2026-03-03T10:00", "autre", "a@x,b@x");
        mail(s, "d@x", JEAN, ME, "2026-03-03T11:00", "suite", "a@x");
        scene_fold(s);
        assert_together("b@x", "c@x");
        assert_together("c@x", "d@x");
}

static void test_window(void **state) {
        (void) state;
        mail(s, "1@x", JEAN, ME, "2025-01-02T10:00", "un", NULL);
        mail(s, "1@x", JEAN, ME, "2025-01-03T10:00", "un", NULL);
        mail(s, "2@x", JEAN, ME, "2026-03-02T10:00", "deux", NULL);
        mail(s, "3@x", JEAN, ME, "2026-03-03T10:00", "trois", "1@x");
        scene_fold(s);
        assert_int_equal(count(s, FACT_MESSAGE_RECEIVED), 3);
        /* The name of a conversation is that of its first message, remembered or not. */
        assert_together("1@x", "3@x");
        for (size_t i = 0; i < 2; i++)
                assert_none(s->facts[i], "response_time");
}

/* A subject joins the people who shared it before; a colleague's fresh mail is another matter, an answer is not. */
static void test_subject_people(void **state) {
        (void) state;
        mail(s, "1@x", JEAN, ME, "2026-03-02T10:00", "facture", NULL);
        mail(s, "2@x", JEAN, ME, "2026-03-03T10:00", "facture", NULL);
        mail(s, "3@x", MARIE, ME, "2026-03-04T10:00", "facture", NULL);
        mail(s, "4@x", "paul@dupont.example", ME, "2026-03-04T11:00", "re: facture", NULL);
        mail(s, "5@x", ME, MARIE, "2026-03-05T10:00", "facture", NULL);
        scene_fold(s);
        assert_together("1@x", "2@x");
        assert_apart("1@x", "3@x");
        assert_together("3@x", "4@x");
        assert_together("3@x", "5@x");
}

/* While a question waits, whoever of the client's writes with its subject answers it. */
static void test_subject_while_waiting(void **state) {
        (void) state;
        question("1@x", "2026-03-02T10:00", "question");
        question("2@x", "2026-03-02T11:00", "hebergement");
        mail(s, "3@x", MARIE, ME, "2026-03-04T10:00", "question", NULL);
        scene_fold(s);
        assert_together("1@x", "3@x");
}

/* Two clients with one subject line: neither an answer of one nor a mail to both joins them. */
static void test_subject_of_two_clients(void **state) {
        (void) state;
        question("1@x", "2026-03-02T10:00", "logo");
        mail(s, "2@x", ME, BOB, "2026-03-02T11:00", "logo", NULL);
        mail(s, "3@x", BOB, ME "," JEAN, "2026-03-03T10:00", "re: logo", NULL);
        mail(s, "4@x", ME, JEAN "," BOB, "2026-03-04T10:00", "logo", NULL);
        mail(s, "5@x", ME, JEAN "," BOB, "2026-03-04T11:00", "re: logo", NULL);
        scene_fold(s);
        assert_apart("1@x", "2@x");
        assert_together("2@x", "3@x");
        assert_apart("4@x", "1@x");
        assert_apart("4@x", "2@x");
        assert_together("4@x", "5@x");
}

static const char *turn(const char *id) {
        for (size_t i = 0; i < s->n_facts; i++)
                if ((s->facts[i]->type == FACT_MESSAGE_RECEIVED || s->facts[i]->type == FACT_MESSAGE_SENT) &&
                    strcmp(s->facts[i]->message_id, id) == 0)
                        return field(s->facts[i], "waiting_on").s;
        fail_msg("no fact of %s", id);
        return NULL;
}

static void test_turn(void **state) {
        static const struct {
                const char *id, *from, *to;
                uint32_t flags;
                enum automatic_kind automatic;
                const char *turn;
        } table[] = {
                {"1@x", JEAN, ME, 0, AUTOMATIC_NO, "nobody"}, /* tells something */
                {"2@x", ME, JEAN, MESSAGE_REQUEST, AUTOMATIC_NO, "client"},
                {"3@x", ME, JEAN, 0, AUTOMATIC_NO, "client"}, /* adds something */
                {"4@x", JEAN, ME, 0, AUTOMATIC_VACATION, "client"},
                {"5@x", JEAN, ME, MESSAGE_REQUEST, AUTOMATIC_NO, "owner"}, /* asks back */
                {"6@x", MARIE, ME, 0, AUTOMATIC_NO, "owner"},
                {"7@x", ME, JEAN, 0, AUTOMATIC_NO, "nobody"},
                {"8@x", JEAN, ME, MESSAGE_THANKS | MESSAGE_REQUEST, AUTOMATIC_NO, "nobody"}, /* thanks ask for nothing */
                {"9@x", ME, JEAN, MESSAGE_REQUEST, AUTOMATIC_NO, "client"},
                {"10@x", ME, JEAN, MESSAGE_SETTLED, AUTOMATIC_NO, "nobody"}, /* they spoke */
                {"11@x", ME, JEAN, MESSAGE_REQUEST, AUTOMATIC_NO, "client"},
                {"12@x", JEAN, ME, 0, AUTOMATIC_BOUNCE, "nobody"},
                {"13@x", ME, BOB, MESSAGE_REQUEST, AUTOMATIC_NO, "client"},
        };
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                char at[32];
                snprintf(at, sizeof(at), "2026-03-%02zuT10:00", i + 2);
                struct message *m = mail(s, table[i].id, table[i].from, table[i].to, at, "devis", i > 0 ? "1@x" : NULL);
                m->flags |= table[i].flags;
                m->automatic = table[i].automatic;
        }
        scene_fold(s);
        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                if (strcmp(turn(table[i].id), table[i].turn) != 0)
                        fail_msg("%s: the turn of %s, not %s", table[i].id, turn(table[i].id), table[i].turn);
}

/* Asked in copy only: nobody has to answer. */
static void test_turn_of_copy(void **state) {
        (void) state;
        struct message *m = question("1@x", "2026-03-02T10:00", "devis");
        m->cc = people_list(s, BOB);
        scene_fold(s);
        for (size_t i = 0; i < s->n_facts; i++)
                if (s->facts[i]->type == FACT_MESSAGE_SENT)
                        assert_word(s->facts[i], "waiting_on", s->facts[i]->client == &s->clients[0] ? "client" : "nobody");
}

#define PAUL "paul@print.example"

/* One message asks several people; what one of them answers, the others in copy, is the answer. */
static void test_asked_together(void **state) {
        static const struct {
                const char *asked, *author, *copied_to;
                uint32_t flags;
                size_t settled;
        } table[] = {
                {JEAN "," BOB, BOB, ME "," JEAN, 0, 1},
                {JEAN "," PAUL, PAUL, ME "," JEAN, 0, 1},
                {JEAN "," BOB, BOB, ME, 0, 0}, /* Jean has not heard */
                {JEAN "," PAUL, PAUL, ME, 0, 0},
                {JEAN, BOB, ME "," JEAN, 0, 0},                       /* was not asked */
                {JEAN "," BOB, BOB, ME "," JEAN, MESSAGE_REQUEST, 0}, /* asks back */
                {JEAN "," BOB, BOB, ME "," JEAN, MESSAGE_THANKS, 0},
        };
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                s->n = 0;
                question("1@x", "2026-03-02T10:00", "logo commun")->to = people_list(s, table[i].asked);
                mail(s, "2@x", table[i].author, table[i].copied_to, "2026-03-03T10:00", "re: logo commun", "1@x")->flags |=
                        table[i].flags;
                mail(s, "3@x", ME, JEAN, "2026-03-04T10:00", "re: logo commun", "1@x");
                scene_fold(s);
                if (count(s, FACT_REQUEST_SETTLED) != table[i].settled)
                        fail_msg("%zu: %zu settled", i, count(s, FACT_REQUEST_SETTLED));
                if (table[i].settled == 0) {
                        assert_string_equal(turn("3@x"), "client");
                        continue;
                }
                const struct fact *f = nth(s, FACT_REQUEST_SETTLED, 0);
                assert_ptr_equal(f->client, &s->clients[0]);
                assert_string_equal(f->message_id, "2@x");
                assert_string_equal(field(f, "thread_id").s, thread("1@x"));
                assert_number(f, "response_time", 86400);
                assert_bool(f, "settled", true);
                assert_string_equal(turn("3@x"), "nobody");
        }
}

/* Two questions wait in conversations that an answer joins: both are answered, each under the name it was told. */
static void test_merge_of_two_questions(void **state) {
        (void) state;
        question("1@x", "2026-03-02T10:00", "hebergement");
        question("2@x", "2026-03-02T11:00", "photos catalogue");
        mail(s, "3@x", JEAN, ME, "2026-03-03T10:00", "voila", "1@x,2@x");
        scene_fold(s);
        assert_apart("1@x", "2@x");
        assert_together("1@x", "3@x"); /* the older one */
        assert_int_equal(count(s, FACT_REQUEST_SETTLED), 1);
        const struct fact *f = nth(s, FACT_REQUEST_SETTLED, 0);
        assert_string_equal(field(f, "thread_id").s, thread("2@x"));
        assert_string_equal(field(f, "answered_in").s, thread("1@x"));
}

/* What a third party wrote between belongs there: an answer may name it alone. */
static void test_third_party_between(void **state) {
        (void) state;
        question("1@x", "2026-03-02T10:00", "devis")->cc = people_list(s, PAUL);
        mail(s, "2@x", PAUL, JEAN, "2026-03-02T11:00", "papier", "1@x");
        mail(s, "3@x", ME, PAUL, "2026-03-02T12:00", "tirage", "2@x");
        mail(s, "4@x", JEAN, ME, "2026-03-03T10:00", "format", "3@x");
        mail(s, "5@x", PAUL, ME, "2026-03-03T11:00", "sans rapport", "0@x");
        scene_fold(s);
        assert_together("1@x", "4@x");
        assert_int_equal(s->n_facts, 3); /* nothing of Paul's */
}

/* The same facts in whatever order the store gives what it was given. */
static void test_any_order(void **state) {
        static const struct {
                const char *id, *from, *to, *at, *refs;
        } mails[] = {
                {"1@x", ME, JEAN, "2026-03-02T10:00", NULL},      {"2@x", JEAN, ME, "2026-03-03T10:00", "0@x,1@x"},
                {"3@x", ME, JEAN, "2026-03-04T10:00", "7@x,8@x"}, {"4@x", JEAN, ME, "2026-03-05T10:00", "8@x"},
                {"5@x", JEAN, ME, "2026-03-06T10:00", "2@x,3@x"}, {"6@x", ME, JEAN, "2026-03-07T10:00", "7@x"},
        };
        char threads[ELEMENTSOF(mails)][17];
        (void) state;
        for (size_t turn_by = 0; turn_by < 2 * ELEMENTSOF(mails); turn_by++) {
                s->n = 0;
                for (size_t i = 0; i < ELEMENTSOF(mails); i++) {
                        size_t k = (turn_by / 2 + (turn_by % 2 ? ELEMENTSOF(mails) - i : i)) % ELEMENTSOF(mails);
                        mail(s, mails[k].id, mails[k].from, mails[k].to, mails[k].at, mails[k].id, mails[k].refs);
                }
                scene_fold(s);
                for (size_t i = 0; i < ELEMENTSOF(mails); i++) {
                        if (turn_by == 0)
                                snprintf(threads[i], sizeof(threads[i]), "%s", thread(mails[i].id));
                        assert_string_equal(threads[i], thread(mails[i].id));
                }
        }
        assert_together("5@x", "6@x");
}

/* 1: known, 0: new. */
static int add_number(struct conversations *c, int number, instant at) {
        char id[32];
        snprintf(id, sizeof(id), "m%d@x", number);
        const struct message m = {.message_id = id, .sent_at = INSTANT_UNKNOWN};
        const struct client *client = &s->clients[0];
        struct conversation_message cm = {
                .message = &m, .at = at, .key = message_key(&m), .clients = &client, .n_clients = 1};
        uint64_t thread;
        conversations_prepare(c, &cm);
        return conversations_add(c, &cm, &thread);
}

/* A mail an hour for years: each is known for the window to the second, however often the table grew and forgot. */
static void test_many(void **state) {
        (void) state;
        const int window = (int) (CONVERSATION_WINDOW / 3600);
        _cleanup_conversations_ struct conversations *c = NULL;
        assert_int_equal(conversations_new(&s->settings, &c), 0);
        for (int i = 0; i < 5 * window; i++) {
                instant at = INT64_C(1700000000) + (instant) i * 3600;
                assert_int_equal(add_number(c, i, at), 0);
                if (i >= window)
                        assert_int_equal(add_number(c, i - window, at), 1);
                if (i > window)
                        assert_int_equal(add_number(c, i - window - 1, at), 0);
        }
}

static void test_words(void **state) {
        (void) state;
        static const struct {
                const char *a, *b;
                bool share, within;
        } cases[] = {
                {"validation des maquettes", "maquette", true, true},
                {"devis site", "devis photos", true, false},
                {"question", "question", false, false}, /* says nothing */
                {"re", "re", false, false},
                {"bilan 2026", "comptes 2026", false, false},
                {"hebergement", "HEBERGEMENT", false, false}, /* callers fold */
                {NULL, "devis", false, false},
                {"réunion d'équipe", "équipe", true, true},
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct subject_words a, b;
                subject_words(cases[i].a, &a);
                subject_words(cases[i].b, &b);
                assert_int_equal(subject_words_share(&a, &b), cases[i].share);
                assert_int_equal(subject_words_within(&a, &b), cases[i].within);
        }
        struct subject_words many;
        subject_words("alpha bravo charlie delta echo1 foxtrot golf hotel india juliett kilo", &many);
        assert_int_equal(many.n, SUBJECT_WORDS_MAX);
}

static struct message *failed(struct message *m, const char *domain) {
        m->dmarc = DMARC_FAIL;
        m->words = 10;
        if (domain)
                m->authenticated_domains = ids_list(s, domain);
        return m;
}

static bool is_told(const char *id, enum fact_type type) {
        for (size_t i = 0; i < s->n_facts; i++)
                if (s->facts[i]->type == type && strcmp(s->facts[i]->message_id, id) == 0)
                        return true;
        return false;
}

#define assert_counts(id)                                        \
        do {                                                     \
                assert_true(is_told(id, FACT_MESSAGE_RECEIVED)); \
                assert_false(is_told(id, FACT_MESSAGE_DOUBTED)); \
        } while (0)
#define assert_doubted(id)                                        \
        do {                                                      \
                assert_false(is_told(id, FACT_MESSAGE_RECEIVED)); \
                assert_true(is_told(id, FACT_MESSAGE_DOUBTED));   \
        } while (0)

static void test_doubted(void **state) {
        (void) state;
        mail(s, "1@x", ME, JEAN, "2026-03-02T10:00", "devis", NULL);
        failed(mail(s, "before@x", JEAN, ME, "2026-03-02T10:30", "logo", NULL), "hoster.example");
        failed(mail(s, "answer@x", JEAN, ME, "2026-03-02T11:00", "re: devis", "1@x"), "hoster.example,gmail.com");
        failed(mail(s, "again@x", JEAN, ME, "2026-03-02T11:30", "re: devis", "answer@x"), NULL);
        failed(mail(s, "host@x", MARIE, ME, "2026-03-03T11:00", "logo", NULL), "Hoster.example");
        failed(mail(s, "free@x", JEAN, ME, "2026-03-03T11:01", "logo", NULL), "gmail.com");
        failed(mail(s, "other@x", JEAN, ME, "2026-03-03T11:02", "logo", NULL), "evil.example");
        failed(mail(s, "client@x", BOB, ME, "2026-03-03T11:03", "logo", NULL), "hoster.example");
        failed(mail(s, "self@x", JEAN, ME, "2026-03-03T11:04", "re: logo", "self@x"), NULL);
        failed(mail(s, "forger@x", JEAN, ME, "2026-03-03T11:05", "re: logo", "other@x"), NULL);
        failed(mail(s, "owner@x", ME, JEAN, "2026-03-03T11:06", "virement", NULL), "evil.example")->flags |= MESSAGE_REQUEST;
        mail(s, "named@x", JEAN, ME, "2026-03-03T11:07", "re: logo", "other@x");
        failed(mail(s, "named2@x", JEAN, ME, "2026-03-03T11:08", "re: logo", "other@x"), NULL);
        failed(mail(s, "late@x", JEAN, ME, "2026-12-03T11:00", "logo", NULL), "hoster.example");
        failed(mail(s, "late@x", JEAN, ME, "2026-12-03T11:30", "logo", NULL), "hoster.example"); /* a copy */
        scene_fold(s);
        assert_int_equal(count(s, FACT_MESSAGE_DOUBTED), 9);
        static const char *const counts[] = {"answer@x", "again@x", "host@x", "named@x"};
        static const char *const doubted[] = {"before@x", "free@x",   "other@x",  "client@x",
                                              "self@x",   "forger@x", "named2@x", "late@x"};
        for (size_t i = 0; i < ELEMENTSOF(counts); i++)
                assert_counts(counts[i]);
        for (size_t i = 0; i < ELEMENTSOF(doubted); i++)
                assert_doubted(doubted[i]);
        assert_doubted("owner@x");
        assert_false(is_told("owner@x", FACT_MESSAGE_SENT));
        assert_int_equal(count(s, FACT_REQUEST_SENT), 0);
        assert_together("1@x", "again@x");
}

/* A list breaks the signatures of all who write to it: it vouches once one of them is known to have come through it. */
static void test_doubted_list(void **state) {
        (void) state;
        mail(s, "1@x", ME, "projet@lists.example", "2026-03-02T10:00", "devis", NULL);
        mail(s, "2@x", ME, JEAN, "2026-03-02T10:01", "devis", NULL);
        failed(mail(s, "before@x", JEAN, ME, "2026-03-02T10:02", "un", NULL), "lists.example")->list_id =
                "projet.lists.example";
        failed(mail(s, "answer@x", JEAN, ME, "2026-03-02T11:00", "re: devis", "2@x"), "lists.example")->list_id =
                "projet.lists.example";
        failed(mail(s, "other@x", BOB, ME, "2026-03-02T11:01", "deux", NULL), "lists.example")->list_id =
                "projet.lists.example";
        failed(mail(s, "straight@x", BOB, ME, "2026-03-02T11:02", "trois", NULL), "lists.example");
        failed(mail(s, "elsewhere@x", BOB, ME, "2026-03-02T11:03", "quatre", NULL), "evil.example")->list_id =
                "projet.lists.example";
        /* The same message once more, by a forwarder: a copy, not a doubt. */
        failed(mail(s, "2@x", ME, JEAN, "2026-03-02T11:04", "devis", NULL), "forwarder.example");
        scene_fold(s);
        assert_doubted("before@x");
        assert_counts("answer@x");
        assert_counts("other@x");
        assert_doubted("straight@x");
        assert_doubted("elsewhere@x");
        assert_false(is_told("2@x", FACT_MESSAGE_DOUBTED));
}

/* A list says who wrote what it sent under its own name: one that anybody can have set up, until it is known. */
static void test_doubted_list_says(void **state) {
        (void) state;
        mail(s, "1@x", ME, JEAN, "2026-03-02T10:00", "devis", NULL);
        struct message *m[] = {
                mail(s, "before@x", "projet@lists.example", ME, "2026-03-02T10:01", "un", NULL),
                mail(s, "answer@x", "projet@lists.example", ME, "2026-03-02T11:00", "re: devis", "1@x"),
                mail(s, "after@x", "projet@lists.example", ME, "2026-03-02T11:01", "deux", NULL),
                mail(s, "evil@x", "projet@evil.example", ME, "2026-03-02T11:02", "trois", NULL),
                mail(s, "nothing@x", "projet@quiet.example", ME, "2026-03-02T11:03", "quatre", NULL),
        };
        static const char *const lists[] = {"projet.lists.example", "projet.lists.example", "projet.lists.example",
                                            "projet.evil.example", "projet.quiet.example"};
        for (size_t i = 0; i < ELEMENTSOF(m); i++) {
                m[i]->original_from = people_list(s, i == 2 ? BOB : JEAN);
                m[i]->list_id = lists[i];
                m[i]->dmarc = i < 4 ? DMARC_PASS : DMARC_NONE;
        }
        scene_fold(s);
        assert_doubted("before@x");
        assert_counts("answer@x");
        assert_counts("after@x");
        assert_doubted("evil@x");
        assert_counts("nothing@x");
}

/* Programs that excuse are heard wherever they send from; who wrote may have answered, in the conversation that the subject names. */
static void test_doubted_excuses(void **state) {
        (void) state;
        question("1@x", "2026-03-02T10:00", "devis");
        question("2@x", "2026-03-02T10:01", "hebergement");
        failed(mail(s, "away@x", JEAN, ME, "2026-03-02T10:02", "absence", NULL), NULL)->automatic = AUTOMATIC_VACATION;
        failed(mail(s, "answer@x", JEAN, ME, "2026-03-02T11:00", "re: devis", "unknown@x"), NULL);
        failed(mail(s, "other@x", BOB, ME, "2026-03-02T11:01", "hebergement", NULL), NULL);
        scene_fold(s);
        assert_counts("away@x");
        assert_doubted("answer@x");
        assert_int_equal(count(s, FACT_REQUEST_SETTLED), 1);
        assert_word(nth(s, FACT_REQUEST_SETTLED, 0), "thread_id", thread("1@x"));
        /* Nor is what the client writes next the late answer to what the doubted message may have answered. */
        s->n = 0;
        question("1@x", "2026-03-02T10:00", "devis");
        failed(mail(s, "soon@x", JEAN, ME, "2026-03-02T11:00", "re: devis", NULL), NULL);
        mail(s, "next@x", JEAN, ME, "2026-03-09T11:00", "re: devis", "1@x");
        scene_fold(s);
        assert_none(nth(s, FACT_MESSAGE_RECEIVED, 0), "response_time");
        /* The owner wrote by night, perhaps: it is not held against who answers then. */
        s->n = 0;
        failed(mail(s, "night@x", ME, JEAN, "2026-03-02T22:00", "devis", NULL), NULL);
        mail(s, "reply@x", JEAN, ME, "2026-03-02T23:00", "devis", NULL);
        scene_fold(s);
        assert_bool(nth(s, FACT_MESSAGE_RECEIVED, 0), "invited", true);
}

/* The table of everyday words is searched by halves. */
static void test_common_words(void **state) {
        (void) state;
        static const char *const common[] = {"aber", "annulation", "meeting", "urgent", "zwei", "reunion", "votre", "yours"};
        for (size_t i = 0; i < ELEMENTSOF(common); i++) {
                struct subject_words w;
                subject_words(common[i], &w);
                assert_int_equal(w.n, strcmp(common[i], "yours") == 0);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, end)
                TEST(test_references),
                TEST(test_missing_message),
                TEST(test_subject),
                TEST(test_fresh_answer),
                TEST(test_fresh_but_no_answer),
                TEST(test_empty_subject),
                TEST(test_empty_subject_in_doubt),
                TEST(test_owner_asks_again),
                TEST(test_merge),
                TEST(test_window),
                TEST(test_subject_people),
                TEST(test_subject_while_waiting),
                TEST(test_subject_of_two_clients),
                TEST(test_turn),
                TEST(test_turn_of_copy),
                TEST(test_asked_together),
                TEST(test_merge_of_two_questions),
                TEST(test_third_party_between),
                TEST(test_doubted),
                TEST(test_doubted_list),
                TEST(test_doubted_list_says),
                TEST(test_doubted_excuses),
                TEST(test_any_order),
                TEST(test_many),
                TEST(test_words),
                TEST(test_common_words),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
