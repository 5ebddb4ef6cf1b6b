/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The mails to the owner over a year of weeks, restarts, wrong clocks and servers that fail: a real store, a server and a clock of the test's own. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/mailing.h"
#include "daemon/send.h"
#include "daemon/zones.h"

#define MINUTE 60
#define HOUR 3600
#define DAY 86400
#define WEEK (7 * DAY)

static struct zone_table *zones;
static char folder[64];

/* --- dying at a chosen point: test programs are linked so that these calls come here first */

static long points, die_at = -1;
/* Mails of this kind cannot be put into the outbox; -1: all can. */
static int fail_put = -1;
/* So many times it cannot be written that what waits is to be hurried. */
static int fail_hurry;

static void point(void) {
        if (points++ == die_at)
                (void) raise(SIGKILL);
}

int __real_store_begin(struct store *s);
int __wrap_store_begin(struct store *s);
int __wrap_store_begin(struct store *s) {
        point();
        return __real_store_begin(s);
}

int __real_store_commit(struct store *s);
int __wrap_store_commit(struct store *s);
int __wrap_store_commit(struct store *s) {
        point();
        int r = __real_store_commit(s);
        point();
        return r;
}

int __real_outbox_put(struct store *s, const struct outbox_row *row, int64_t *ret_id);
int __wrap_outbox_put(struct store *s, const struct outbox_row *row, int64_t *ret_id);
int __wrap_outbox_put(struct store *s, const struct outbox_row *row, int64_t *ret_id) {
        int r = fail_put >= 0 && (int) row->kind == fail_put ? -EIO : __real_outbox_put(s, row, ret_id);
        point();
        return r;
}

int __real_outbox_claim(struct store *s, int64_t row, instant at);
int __wrap_outbox_claim(struct store *s, int64_t row, instant at);
int __wrap_outbox_claim(struct store *s, int64_t row, instant at) {
        point();
        int r = __real_outbox_claim(s, row, at);
        point();
        return r;
}

int __real_outbox_change(struct store *s, int64_t row, const struct outbox_change *change);
int __wrap_outbox_change(struct store *s, int64_t row, const struct outbox_change *change);
int __wrap_outbox_change(struct store *s, int64_t row, const struct outbox_change *change) {
        point();
        int r = __real_outbox_change(s, row, change);
        point();
        return r;
}

int __real_outbox_hurry(struct store *s, instant now, int64_t seconds);
int __wrap_outbox_hurry(struct store *s, instant now, int64_t seconds);
int __wrap_outbox_hurry(struct store *s, instant now, int64_t seconds) {
        return fail_hurry > 0 && fail_hurry-- ? -EBUSY : __real_outbox_hurry(s, now, seconds);
}

int __real_store_tell_in(struct store *s, const char *breach, enum outlet outlet, const char *message_id, instant at);
int __wrap_store_tell_in(struct store *s, const char *breach, enum outlet outlet, const char *message_id, instant at);
int __wrap_store_tell_in(struct store *s, const char *breach, enum outlet outlet, const char *message_id, instant at) {
        int r = __real_store_tell_in(s, breach, outlet, message_id, at);
        point();
        return r;
}

/* --- the server */

enum answer { TAKES, LATER, NEVER, BREAKS, SILENT, SILENT_LOST, ODD, BAD_LOGIN, BAD_CERTIFICATE, NO_START, _ANSWER_MAX };

static const struct {
        bool takes;
        struct send_outcome outcome;
} answers[_ANSWER_MAX] = {
        [TAKES] = {true, {.stage = SEND_DONE, .code = 250, .text = "taken"}},
        [LATER] = {false, {.stage = SEND_RECIPIENT, .code = 451, .text = "later"}},
        [NEVER] = {false, {.stage = SEND_RECIPIENT, .code = 550, .permanent = true, .text = "no such user"}},
        [BREAKS] = {false, {.stage = SEND_DATA, .text = "the connection broke"}},
        [SILENT] = {true, {.stage = SEND_ACCEPTED_UNKNOWN, .text = "no answer"}},
        [SILENT_LOST] = {false, {.stage = SEND_ACCEPTED_UNKNOWN, .text = "no answer"}},
        [ODD] = {true, {.stage = SEND_ACCEPTED_UNKNOWN, .code = 354, .text = "does not answer as a mail server does"}},
        [BAD_CERTIFICATE] = {false, {.stage = SEND_TLS, .configuration = true, .text = "the certificate is another's"}},
        [BAD_LOGIN] = {false, {.stage = SEND_AUTH, .code = 535, .configuration = true, .text = "wrong password"}},
};

#define TAKEN_MAX 2000U

struct taken {
        char message_id[128], recipient[64];
        char *mail;
        instant at;
        bool silently; /* nobody was told */
};

struct sending {
        void (*done)(const struct send_outcome *o, void *userdata);
        void *userdata;
        char recipient[64];
        char *mail;
        int (*final)(void *userdata);
        bool final_called;
};

static struct {
        enum answer answer;
        const char *only; /* the answer is for this recipient, others are taken; NULL: for all */
        uint64_t random;  /* not 0: answers by chance */
        bool polite;      /* and none of them leaves one in doubt */
        struct taken taken[TAKEN_MAX];
        size_t n_taken, tries;
        instant now;
        struct sending *current;
        int log; /* a file for those who are killed; -1 */
} server = {.log = -1};

static uint64_t chance(void) {
        server.random = server.random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return server.random >> 33;
}

static void id_of(const char *mail, char id[static 128]) {
        const char *p = strstr(mail, "\nMessage-ID: <");
        assert_non_null(p);
        assert_int_equal(sscanf(p + 14, "%127[^>]", id), 1);
}

int send_start(sd_event *event, const char *program, const struct send_transport *transport, const char *from,
               const char *recipient, const void *mail, size_t size,
               void (*done)(const struct send_outcome *o, void *userdata), void *userdata, struct sending **ret) {
        (void) event, (void) program;
        assert_null(server.current);
        assert_true(transport->remote || transport->sendmail);
        assert_string_equal(from, "camille@studio.example");
        server.tries++;
        point();
        if (server.answer == NO_START)
                return -EAGAIN;
        struct sending *s = calloc(1, sizeof(*s));
        assert_non_null(s);
        s->done = done;
        s->userdata = userdata;
        (void) snprintf(s->recipient, sizeof(s->recipient), "%s", recipient);
        s->mail = strndup(mail, size);
        server.current = *ret = s;
        return 0;
}

void send_set_final(struct sending *s, int (*final)(void *userdata)) {
        s->final = final;
}

enum send_stage sending_stage(const struct sending *s) {
        return s->final_called ? SEND_ACCEPTED_UNKNOWN : SEND_FROM;
}

struct sending *send_cancel(struct sending *s) {
        if (s) {
                server.current = NULL;
                free(s->mail);
                free(s);
        }
        return NULL;
}

static void take(const struct sending *s, bool silently) {
        assert_true(server.n_taken < TAKEN_MAX);
        struct taken *t = &server.taken[server.n_taken++];
        id_of(s->mail, t->message_id);
        memcpy(t->recipient, s->recipient, sizeof(t->recipient));
        t->mail = strdup(s->mail);
        t->at = server.now;
        t->silently = silently;
        if (server.log < 0)
                return;
        /* One write: a mail is in the mailbox or it is not. */
        struct buf b = {};
        assert_int_equal(buf_printf(&b, "%s\n%c", s->mail, 0), 0);
        assert_int_equal(write(server.log, b.data, b.size), (ssize_t) b.size);
        buf_free(&b);
}

static enum answer answer_for(const struct sending *s) {
        if (server.random && server.answer == TAKES) {
                static const enum answer by_chance[] = {TAKES, TAKES, TAKES, LATER, BREAKS, SILENT, SILENT_LOST};
                return by_chance[chance() % (ELEMENTSOF(by_chance) - (server.polite ? 2 : 0))];
        }
        return server.only && strcmp(server.only, s->recipient) != 0 ? TAKES : server.answer;
}

static void forget_taken(void) {
        for (size_t i = 0; i < server.n_taken; i++)
                free(server.taken[i].mail);
        server.n_taken = server.tries = 0;
        server.answer = TAKES;
        fail_put = -1;
        fail_hurry = 0;
        server.only = NULL;
        server.random = 0;
        server.polite = false;
}

/* --- the world */

struct world {
        struct context c;
        sd_event *event;
        struct mailing *m;
        struct diagnostics d;
        struct arena *arena;
        const char *configuration;
        int64_t source;
        unsigned n_messages;
        instant next;
};

static const char rules_text[] = "version: 1\n"
                                 "rules:\n"
                                 "  - id: quiet\n"
                                 "    title: {en: A message, fr: Un message}\n"
                                 "    why: {en: It is counted., fr: Cela compte.}\n"
                                 "    mode: digest\n"
                                 "    match: {fact: message.received, where: {client: dupont}}\n"
                                 "    for: {breaches: 3, within: 60d}\n"
                                 "  - id: loud\n"
                                 "    title: {en: A loud message, fr: Un message bruyant}\n"
                                 "    mode: alert\n"
                                 "    match: {fact: message.received, where: {client: acme}}\n"
                                 "    for: {breaches: 3, within: 60d}\n";

#define CONFIGURATION(digest)                                                                                    \
        "owner: {name: Camille, addresses: [camille@studio.example], time_zone: Europe/Paris, holidays: [FR]}\n" \
        "sources: [{maildir: /nowhere/Maildir, name: post}]\n"                                                   \
        "clients: [{id: dupont, name: Dupont SARL, match: [\"@dupont.example\"]}, {id: acme, match: "            \
        "[\"@acme.example\"]}]\n"                                                                                \
        "digest: {sendmail: [/bin/true], " digest "}\n"

static void configure(struct world *w, const char *text) {
        const struct settings_file file = {.path = "/adieu.yaml", .data = text, .size = strlen(text)};
        const struct rule_file rules = {.file = {.path = "/rules.yaml", .data = rules_text, .size = sizeof(rules_text) - 1}};
        ruleset_free(w->c.rules);
        settings_free(w->c.settings);
        w->c.settings = NULL;
        w->c.rules = NULL;
        if (settings_load(&file, 1, zones, &w->d, &w->c.settings) < 0 ||
            ruleset_load(&rules, 1, w->c.settings, &w->d, &w->c.rules) < 0)
                fail_msg("%s", w->d.n > 0 ? w->d.items[0].text : "?");
}

static void start(struct world *w) {
        char *why = NULL;
        if (store_open(folder, 0, &w->c.store, &why) < 0)
                fail_msg("%s", why);
        assert_int_equal(sd_event_new(&w->event), 0);
        assert_int_equal(mailing_new(w->event, &w->c, &w->m), 0);
}

static void stop(struct world *w) {
        w->m = mailing_free(w->m);
        w->event = sd_event_unref(w->event);
        w->c.store = store_close(w->c.store);
}

static void restart(struct world *w) {
        stop(w);
        start(w);
}

static instant at(const char *text) {
        struct civil c;
        int32_t offset;
        assert_int_equal(civil_parse(text, &c, &offset, NULL), 0);
        return offset == INT32_MIN ? zone_instant(zone_table_find(zones, "Europe/Paris"), &c) : civil_seconds(&c) - offset;
}

static void world_begin(struct world *w, const char *configuration, instant now) {
        *w = (struct world){.c = {.program = "/bin/false", .clock = {.fixed = true, .now = now}}};
        server.now = now;
        forget_taken();
        configure(w, configuration);
        start(w);
        assert_int_equal(store_source(w->c.store, "maildir", "/nowhere/Maildir", "post", &w->source), 0);
        assert_int_equal(store_source_read(w->c.store, w->source, now, NULL), 0);
}

static void world_end(struct world *w) {
        stop(w);
        ruleset_free(w->c.rules);
        settings_free(w->c.settings);
        diagnostics_free(&w->d);
        forget_taken();
}

static void clock_to(struct world *w, instant now) {
        w->c.clock.now = server.now = now;
}

static const char *subject = "Bonjour";

/* Somebody writes now: message N, which is one breach. */
static unsigned write_from(struct world *w, const char *email) {
        char id[64], text[64];
        unsigned n = ++w->n_messages;
        (void) snprintf(id, sizeof(id), "m%u@client.example", n);
        (void) snprintf(text, sizeof(text), "Words of message %u.", n);
        struct address from = {.email = email}, to = {.email = "camille@studio.example"};
        instant now = w->c.clock.now;
        const struct observation o = {.kind = OBSERVATION_MESSAGE,
                                      .seen_at = now,
                                      .internal_date = INSTANT_UNKNOWN,
                                      .message = {.message_id = id,
                                                  .from = {&from, 1},
                                                  .to = {&to, 1},
                                                  .subject = subject,
                                                  .thread_subject = "bonjour",
                                                  .sent_at = now,
                                                  .sent_offset = 3600,
                                                  .received_at = now,
                                                  .text = text,
                                                  .words = 4,
                                                  .absence_from = {},
                                                  .absence_until = {}}};
        assert_int_equal(store_append(w->c.store, w->source, &o, now, NULL), 1);
        return n;
}

#define QUIETLY "jean@dupont.example"
#define LOUDLY "joe@acme.example"

/* What the server does with it, until nothing is on its way. */
static void serve(struct world *w) {
        for (;;) {
                while (sd_event_run(w->event, 0) > 0)
                        ;
                struct sending *s = server.current;
                if (!s)
                        return;
                enum answer answer = answer_for(s);
                point();
                const struct send_outcome held = {.stage = SEND_DATA, .text = "held back"},
                                          *outcome = &answers[answer].outcome;
                if (answers[answer].takes || outcome->stage == SEND_ACCEPTED_UNKNOWN) {
                        s->final_called = s->final(s->userdata) >= 0;
                        point();
                        if (!s->final_called)
                                outcome = &held;
                        else if (answers[answer].takes)
                                take(s, answer == SILENT || answer == ODD);
                }
                point();
                s->done(outcome, s->userdata);
        }
}

/* The service's pass without its reading: judge, a turn, and what the server does with it. */
static int try_turn(struct world *w) {
        struct judgement j;
        assert_int_equal(store_source_read(w->c.store, w->source, w->c.clock.now, NULL), 0);
        assert_int_equal(judge(&w->c, &j), 0);
        int r = mailing_turn(w->m, &j, &w->next);
        judgement_free(&j);
        serve(w);
        return r;
}

static void turn(struct world *w) {
        assert_int_equal(try_turn(w), 0);
}

static void turn_at(struct world *w, const char *text) {
        clock_to(w, at(text));
        turn(w);
}

/* --- looking */

static bool tells(const char *mail, unsigned n) {
        char id[64];
        (void) snprintf(id, sizeof(id), "<m%u@client.example>", n);
        return strstr(mail, id);
}

static size_t told_in(const char *kind, unsigned n) {
        size_t k = 0;
        for (size_t i = 0; i < server.n_taken; i++)
                k += strstr(server.taken[i].message_id, kind) && tells(server.taken[i].mail, n);
        return k;
}
#define IN_DIGESTS "adieu.digest."
#define AT_ONCE "adieu.alert."

static const struct taken *last_taken(void) {
        assert_true(server.n_taken > 0);
        return &server.taken[server.n_taken - 1];
}

struct counting {
        enum outbox_state state;
        size_t n;
        struct outbox_row row; /* of the last, without strings */
        char text[200];
};

static int count_row(const struct outbox_row *row, void *userdata) {
        struct counting *c = userdata;
        if (row->state != c->state)
                return 0;
        c->n++;
        c->row = *row;
        (void) snprintf(c->text, sizeof(c->text), "%s", row->text ? row->text : "");
        return 0;
}

static struct counting rows(struct world *w, enum outbox_state state) {
        struct counting c = {.state = state};
        assert_int_equal(outbox_list(w->c.store, 1000, count_row, &c), 0);
        return c;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw) {
        (void) st, (void) flag, (void) ftw;
        return remove(path);
}

static int setup(void **data) {
        (void) data;
        /* Every step is synced to the disk: in memory a thousand of them take no time. */
        (void) snprintf(folder, sizeof(folder), "/dev/shm/adieu-test-mailing-XXXXXX");
        if (mkdtemp(folder))
                return 0;
        (void) snprintf(folder, sizeof(folder), "/tmp/adieu-test-mailing-XXXXXX");
        return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **data) {
        (void) data;
        return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* --- one thing each */

#define USUAL CONFIGURATION("to: camille@studio.example")
#define TWO CONFIGURATION("to: [camille@studio.example, other@studio.example]")

static void test_first_digest(void **data) {
        (void) data;
        struct world w;
        world_begin(&w, USUAL, at("2026-03-01T10:00"));
        unsigned old = write_from(&w, QUIETLY);
        clock_to(&w, at("2026-03-04T10:00"));
        /* The service runs for the first time on a Wednesday: Monday is over. */
        turn(&w);
        assert_int_equal(server.tries, 0);
        assert_int_equal(w.next, at("2026-03-09T08:00"));
        unsigned fresh = write_from(&w, QUIETLY);
        turn_at(&w, "2026-03-09T07:59:59");
        assert_int_equal(server.tries, 0);
        turn_at(&w, "2026-03-09T08:00");
        assert_int_equal(server.n_taken, 1);
        assert_true(tells(last_taken()->mail, old) && tells(last_taken()->mail, fresh));
        assert_memory_equal(last_taken()->mail, "Date: Mon, 09 Mar 2026 08:00:00 +0100\n", 38);
        turn_at(&w, "2026-03-09T08:00:01");
        restart(&w);
        turn_at(&w, "2026-03-12T08:00");
        assert_int_equal(server.n_taken, 1);
        assert_null(strstr(last_taken()->mail, " before: "));
        /* Much in one week: what an alert keeps is named, the newest are quoted, and the numbers add up. */
        for (unsigned i = 0; i < EVIDENCE_MAX + 10; i++) {
                clock_to(&w, at("2026-03-12T09:00") + i);
                fresh = write_from(&w, QUIETLY);
        }
        turn_at(&w, "2026-03-16T08:00");
        assert_non_null(strstr(last_taken()->mail, "\n  62 times in 60 days"));
        assert_non_null(strstr(last_taken()->mail, "\n  - 12 before: `adieu alerts` shows them.\n"));
        assert_true(tells(last_taken()->mail, fresh) && tells(last_taken()->mail, fresh - (EVIDENCE_MAX - 1)));
        assert_false(tells(last_taken()->mail, fresh - EVIDENCE_MAX));
        world_end(&w);
}

static void test_long_subject(void **data) {
        (void) data;
        struct world w;
        char words[900], *p = words;
        while (p < words + sizeof(words) - 10)
                p = stpcpy(p, "word@#% ");
        world_begin(&w, USUAL, at("2026-03-04T10:00"));
        turn(&w);
        subject = words;
        (void) write_from(&w, QUIETLY);
        (void) write_from(&w, LOUDLY);
        subject = "Bonjour";
        turn(&w);
        turn_at(&w, "2026-03-09T08:00");
        assert_int_equal(server.n_taken, 2);
        for (size_t i = 0; i < server.n_taken; i++) {
                assert_non_null(strstr(server.taken[i].mail, "Subject: word@#% word@#%"));
                size_t n = 0;
                for (const char *q = server.taken[i].mail; (q = strstr(q, "word@#%")); q++)
                        n++;
                assert_in_range(n, 10, 30);
        }
        world_end(&w);
}

/* Installed while the battery of the clock was empty, or full of years. */
static void test_first_clock_is_wrong(void **data) {
        (void) data;
        struct world w;
        world_begin(&w, USUAL, at("2031-07-01T10:00"));
        turn(&w);
        turn_at(&w, "2026-03-04T10:00");
        unsigned quiet = write_from(&w, QUIETLY), loud = write_from(&w, LOUDLY);
        turn(&w);
        assert_int_equal(told_in(AT_ONCE, loud), 1);
        restart(&w);
        turn_at(&w, "2026-03-09T08:00");
        assert_int_equal(told_in(IN_DIGESTS, quiet), 1);
        assert_int_equal(server.n_taken, 2);
        world_end(&w);
}

static void test_empty_week(void **data) {
        (void) data;
        struct world w;
        world_begin(&w, USUAL, at("2026-03-04T10:00"));
        turn(&w);
        turn_at(&w, "2026-03-09T08:30");
        assert_int_equal(server.n_taken, 1);
        assert_non_null(strstr(last_taken()->mail, "Nothing unusual"));
        world_end(&w);
        (void) teardown(NULL);
        (void) setup(NULL);
        /* Nothing, when nothing is wanted, and not the day after either when there is something. */
        world_begin(&w, CONFIGURATION("empty: nothing"), at("2026-03-04T10:00"));
        turn(&w);
        turn_at(&w, "2026-03-09T08:30");
        assert_int_equal(server.tries, 0);
        clock_to(&w, at("2026-03-10T10:00"));
        unsigned n = write_from(&w, QUIETLY);
        turn(&w);
        restart(&w);
        turn(&w);
        assert_int_equal(server.tries, 0);
        turn_at(&w, "2026-03-16T08:00");
        assert_int_equal(told_in(IN_DIGESTS, n), 1);
        world_end(&w);
}

static void test_no_transport(void **data) {
        (void) data;
        struct world w;
        world_begin(&w,
                    "owner: {name: C, addresses: [camille@studio.example], time_zone: Europe/Paris}\n"
                    "clients: [{id: dupont, match: [\"@dupont.example\"]}, {id: acme, match: [\"@acme.example\"]}]\n",
                    at("2026-03-04T10:00"));
        turn(&w);
        write_from(&w, LOUDLY);
        turn_at(&w, "2026-03-09T08:30");
        assert_int_equal(server.tries, 0);
        assert_int_equal(w.next, INSTANT_MAX);
        assert_int_equal(mailing_notice(w.m, "k", "s", "t"), 0);
        world_end(&w);
}

static void test_refused_for_now(void **data) {
        (void) data;
        struct world w;
        world_begin(&w, USUAL, at("2026-03-04T10:00"));
        turn(&w);
        unsigned n = write_from(&w, QUIETLY);
        server.answer = LATER;
        turn_at(&w, "2026-03-09T08:00");
        assert_int_equal(server.tries, 1);
        struct counting waiting = rows(&w, OUTBOX_WAITING);
        assert_int_equal(waiting.n, 1);
        assert_int_equal(waiting.row.tries, 1);
        assert_int_equal(waiting.row.code, 451);
        assert_string_equal(waiting.text, "later");
        assert_true(waiting.row.next_at > w.c.clock.now && waiting.row.next_at <= w.c.clock.now + 5 * MINUTE);
        turn(&w); /* not before its time */
        assert_int_equal(server.tries, 1);
        /* Half a day of trying: some ten times, neither two nor two hundred. */
        for (instant t = w.c.clock.now; t < at("2026-03-09T20:00"); t += MINUTE) {
                clock_to(&w, t);
                turn(&w);
        }
        assert_in_range(server.tries, 8, 20);
        server.answer = TAKES;
        turn_at(&w, "2026-03-09T23:00");
        assert_int_equal(server.n_taken, 1);
        assert_true(tells(last_taken()->mail, n));
        assert_int_equal(rows(&w, OUTBOX_SENT).n, 1);
        turn_at(&w, "2026-03-10T23:00");
        assert_int_equal(server.n_taken, 1);
        world_end(&w);
}

/* A machine that thought it was two hours later until the network was there. */
static void test_clock_set_back_after_a_try(void **data) {
        (void) data;
        struct world w;
        world_begin(&w, USUAL, at("2026-03-04T10:00"));
        turn(&w);
        server.answer = LATER;
        turn_at(&w, "2026-03-09T08:00");
        assert_int_equal(server.tries, 1);
        turn_at(&w, "2026-03-09T06:00");
        turn(&w);
        assert_int_equal(server.tries, 2);
        server.answer = TAKES;
        turn_at(&w, "2026-03-09T06:10");
        assert_int_equal(server.n_taken, 1);
        world_end(&w);
}

static void test_refused_for_good(void **data) {
        (void) data;
        struct world w;
        world_begin(&w, USUAL, at("2026-03-04T10:00"));
        turn(&w);
        unsigned n = write_from(&w, QUIETLY);
        server.answer = NEVER;
        turn_at(&w, "2026-03-09T08:00");
        struct counting refused = rows(&w, OUTBOX_REFUSED);
        assert_int_equal(refused.n, 1);
        assert_int_equal(refused.row.code, 550);
        turn_at(&w, "2026-03-15T08:00");
        assert_int_equal(server.tries, 1);
        /* The next one tells what it told, and that it did not arrive. */
        server.answer = TAKES;
        turn_at(&w, "2026-03-16T08:00");
        assert_int_equal(server.n_taken, 1);
        assert_true(tells(last_taken()->mail, n));
        assert_non_null(strstr(last_taken()->mail, "was not delivered"));
        assert_non_null(strstr(last_taken()->mail, "no such user"));
        turn_at(&w, "2026-03-23T08:00");
        assert_int_equal(server.n_taken, 2);
        assert_null(strstr(last_taken()->mail, "was not delivered"));
        assert_false(tells(last_taken()->mail, n));
        world_end(&w);
}

static void test_one_recipient_of_two(void **data) {
        (void) data;
        struct world w;
        world_begin(&w, CONFIGURATION("to: [camille@studio.example, gone@studio.example]"), at("2026-03-04T10:00"));
        turn(&w);
        unsigned n = write_from(&w, QUIETLY);
        server.answer = NEVER;
        server.only = "gone@studio.example";
        turn_at(&w, "2026-03-09T08:00");
        assert_int_equal(server.tries, 2);
        assert_int_equal(server.n_taken, 1);
        server.answer = TAKES;
        turn_at(&w, "2026-03-16T08:00");
        assert_int_equal(server.n_taken, 3);
        /* It arrived: it is not told again. */
        assert_int_equal(told_in(IN_DIGESTS, n), 1);
        assert_non_null(strstr(last_taken()->mail, "gone@studio.example"));
        assert_non_null(strstr(last_taken()->mail, "was not delivered"));
        assert_string_equal(server.taken[1].message_id, server.taken[2].message_id);
        world_end(&w);
}

/* The message comes into the owner's mailbox, as adieu reads it. */
static void arrives(struct world *w, const char *message_id) {
        struct address me = {.email = "camille@studio.example"};
        instant now = w->c.clock.now;
        const struct observation o = {.kind = OBSERVATION_MESSAGE,
                                      .seen_at = now,
                                      .internal_date = INSTANT_UNKNOWN,
                                      .message = {.message_id = message_id,
                                                  .from = {&me, 1},
                                                  .to = {&me, 1},
                                                  .subject = "adieu",
                                                  .thread_subject = "adieu",
                                                  .sent_at = now,
                                                  .received_at = now,
                                                  .text = "x",
                                                  .absence_from = {},
                                                  .absence_until = {}}};
        assert_int_equal(store_append(w->c.store, w->source, &o, now, NULL), 1);
}

static void test_unknown_that_arrived(void **data) {
        (void) data;
        struct world w;
        world_begin(&w, USUAL, at("2026-03-04T10:00"));
        turn(&w);
        write_from(&w, QUIETLY);
        server.answer = SILENT;
        turn_at(&w, "2026-03-09T08:00");
        assert_int_equal(rows(&w, OUTBOX_UNKNOWN).n, 1);
        clock_to(&w, at("2026-03-09T08:05"));
        arrives(&w, last_taken()->message_id);
        turn(&w);
        assert_int_equal(rows(&w, OUTBOX_SENT).n, 1);
        assert_int_equal(rows(&w, OUTBOX_UNKNOWN).n, 0);
        server.answer = TAKES;
        turn_at(&w, "2026-03-16T08:00");
        assert_int_equal(server.n_taken, 2);
        assert_null(strstr(last_taken()->mail, "twice"));
        world_end(&w);
}

static void test_unknown_that_did_not(void **data) {
        (void) data;
        struct world w;
        world_begin(&w, USUAL, at("2026-03-04T10:00"));
        turn(&w);
        unsigned n = write_from(&w, QUIETLY);
        server.answer = SILENT_LOST;
        turn_at(&w, "2026-03-09T08:00");
        turn_at(&w, "2026-03-09T08:19:59");
        assert_int_equal(server.tries, 1);
        server.answer = TAKES;
        turn_at(&w, "2026-03-09T08:20");
        assert_int_equal(server.tries, 2);
        assert_int_equal(server.n_taken, 1);
        assert_true(tells(last_taken()->mail, n));
        turn_at(&w, "2026-03-16T08:00");
        assert_int_equal(server.n_taken, 2);
        assert_non_null(strstr(last_taken()->mail, "twice"));
        turn_at(&w, "2026-03-23T08:00");
        assert_null(strstr(last_taken()->mail, "twice"));
        /* A server that never answers gets it three times, then the next digest tells it. */
        server.answer = SILENT_LOST;
        size_t before = server.tries;
        n = write_from(&w, QUIETLY);
        for (instant t = at("2026-03-30T08:00"); t < at("2026-03-31T08:00"); t += 7 * MINUTE) {
                clock_to(&w, t);
                turn(&w);
        }
        assert_int_equal(server.tries - before, 3);
        server.answer = TAKES;
        turn_at(&w, "2026-04-06T08:00");
        assert_true(tells(last_taken()->mail, n));
        world_end(&w);
}

/* A server that answers the end of the mail with what belongs elsewhere: nobody knows whether it took it, and nothing comes twice without a word. */
static void test_odd_answer(void **data) {
        (void) data;
        struct world w;
        world_begin(&w, USUAL, at("2026-03-04T10:00"));
        turn(&w);
        write_from(&w, QUIETLY);
        server.answer = ODD;
        turn_at(&w, "2026-03-09T08:00");
        assert_int_equal(rows(&w, OUTBOX_UNKNOWN).n, 1);
        turn_at(&w, "2026-03-09T08:19");
        assert_int_equal(server.tries, 1);
        server.answer = TAKES;
        turn_at(&w, "2026-03-09T08:20");
        assert_int_equal(server.tries, 2);
        turn_at(&w, "2026-03-16T08:00");
        assert_non_null(strstr(last_taken()->mail, "twice"));
        world_end(&w);
}

/* A network that answers for everybody until one has paid: no login is at stake. */
static void test_bad_certificate_waits_little(void **data) {
        (void) data;
        struct world w;
        world_begin(&w, USUAL, at("2026-03-04T10:00"));
        turn(&w);
        server.answer = BAD_CERTIFICATE;
        turn_at(&w, "2026-03-09T08:00");
        server.answer = TAKES;
        for (instant t = w.c.clock.now; t < at("2026-03-09T08:10"); t += MINUTE) {
                clock_to(&w, t);
                turn(&w);
        }
        assert_int_equal(server.n_taken, 1);
        world_end(&w);
}

static void test_login_waits_long(void **data) {
        (void) data;
        struct world w;
        world_begin(&w, USUAL, at("2026-03-04T10:00"));
        turn(&w);
        server.answer = BAD_LOGIN;
        turn_at(&w, "2026-03-09T08:00");
        for (instant t = w.c.clock.now; t < at("2026-03-10T08:00"); t += 5 * MINUTE) {
                clock_to(&w, t);
                turn(&w);
        }
        /* A day of a wrong password is some four to eight logins. */
        assert_in_range(server.tries, 4, 9);
        size_t before = server.tries;
        server.answer = TAKES;
        configure(&w, USUAL);
        mailing_reload(w.m);
        turn(&w);
        assert_int_equal(server.tries, before + 1);
        assert_int_equal(server.n_taken, 1);
        world_end(&w);
}

/* The owner mended the password, and another process was writing the store at that moment. */
static void test_reload_while_store_is_busy(void **data) {
        (void) data;
        struct world w;
        world_begin(&w, USUAL, at("2026-03-04T10:00"));
        turn(&w);
        server.answer = BAD_LOGIN;
        turn_at(&w, "2026-03-09T08:00");
        assert_int_equal(server.tries, 1);
        server.answer = TAKES;
        fail_hurry = 1;
        mailing_reload(w.m);
        (void) try_turn(&w);
        assert_int_equal(fail_hurry, 0);
        turn_at(&w, "2026-03-09T08:01");
        assert_int_equal(server.n_taken, 1);
        /* Done once. */
        server.answer = BAD_LOGIN;
        turn_at(&w, "2026-03-16T08:00");
        size_t before = server.tries;
        turn_at(&w, "2026-03-16T08:01");
        assert_int_equal(server.tries, before);
        world_end(&w);
}

static void test_given_up(void **data) {
        (void) data;
        struct world w;
        world_begin(&w, USUAL, at("2026-03-04T10:00"));
        turn(&w);
        unsigned n = write_from(&w, QUIETLY);
        server.answer = LATER;
        for (instant t = at("2026-03-09T08:00"); t < at("2026-03-16T07:00"); t += 30 * MINUTE) {
                clock_to(&w, t);
                turn(&w);
                if (rows(&w, OUTBOX_REFUSED).n > 0)
                        break;
        }
        assert_in_range(w.c.clock.now, at("2026-03-14T08:00"), at("2026-03-14T12:00"));
        size_t before = server.tries;
        turn_at(&w, "2026-03-16T07:00");
        assert_int_equal(server.tries, before);
        server.answer = TAKES;
        turn_at(&w, "2026-03-16T08:00");
        assert_int_equal(told_in(IN_DIGESTS, n), 1);
        assert_non_null(strstr(last_taken()->mail, "was not delivered"));
        world_end(&w);
}

/* The machine slept through the tries: the old digest is not given up for that, but the new one tells all of it. */
static void test_replaced_by_the_next(void **data) {
        (void) data;
        struct world w;
        world_begin(&w, USUAL, at("2026-03-04T10:00"));
        turn(&w);
        unsigned n = write_from(&w, QUIETLY);
        server.answer = LATER;
        turn_at(&w, "2026-03-09T08:00");
        turn_at(&w, "2026-03-15T23:00");
        assert_int_equal(rows(&w, OUTBOX_WAITING).n, 1);
        server.answer = TAKES;
        turn_at(&w, "2026-03-16T08:00");
        assert_int_equal(server.n_taken, 1);
        assert_true(tells(last_taken()->mail, n));
        turn_at(&w, "2026-03-17T08:00");
        assert_int_equal(server.n_taken, 1);
        world_end(&w);
}

static void test_at_once(void **data) {
        (void) data;
        struct world w;
        world_begin(&w, USUAL, at("2026-03-04T10:00"));
        unsigned history = write_from(&w, LOUDLY);
        clock_to(&w, at("2026-03-04T11:00"));
        turn(&w);
        assert_int_equal(server.tries, 0);
        unsigned first = write_from(&w, LOUDLY);
        turn(&w);
        assert_int_equal(told_in(AT_ONCE, first), 1);
        turn(&w);
        restart(&w);
        turn_at(&w, "2026-03-04T12:00");
        assert_int_equal(server.n_taken, 1);
        /* Friday night: on Monday, with what else came, when the hours begin. */
        clock_to(&w, at("2026-03-06T22:00"));
        unsigned night = write_from(&w, LOUDLY);
        turn(&w);
        assert_int_equal(w.next, at("2026-03-09T08:00")); /* the digest is earlier than the hours */
        turn_at(&w, "2026-03-09T08:00");
        assert_int_equal(server.n_taken, 2);
        /* The digest has told it: no mail at once any more, and what was mailed is said in brief. */
        assert_int_equal(told_in(IN_DIGESTS, night), 1);
        assert_int_equal(told_in(IN_DIGESTS, first), 0);
        assert_int_equal(told_in(IN_DIGESTS, history), 1);
        turn_at(&w, "2026-03-09T09:00");
        assert_int_equal(server.n_taken, 2);
        /* The night before a holiday: on the day after it. 6 April 2026 is Easter Monday, and the digest comes on it. */
        clock_to(&w, at("2026-04-06T10:00"));
        turn(&w);
        size_t before = server.n_taken;
        unsigned easter = write_from(&w, LOUDLY), also = write_from(&w, LOUDLY);
        turn(&w);
        assert_int_equal(w.next, at("2026-04-07T09:00"));
        turn_at(&w, "2026-04-07T08:59:59");
        assert_int_equal(server.n_taken, before);
        restart(&w);
        turn_at(&w, "2026-04-07T09:00");
        assert_int_equal(server.n_taken, before + 1);
        assert_true(tells(last_taken()->mail, easter) && tells(last_taken()->mail, also));
        /* All of it was mailed: the digest says so in a line. */
        turn_at(&w, "2026-04-13T08:00");
        assert_false(tells(last_taken()->mail, easter));
        assert_non_null(strstr(last_taken()->mail, "ALREADY MAILED"));
        world_end(&w);
}

/* A mail at once that cannot be made does not hold up the digest that was. */
static void test_at_once_fails(void **data) {
        (void) data;
        struct world w;
        world_begin(&w, CONFIGURATION("every: mon 10:00"), at("2026-03-04T10:00"));
        turn(&w);
        unsigned quiet = write_from(&w, QUIETLY);
        fail_put = OUTBOX_ALERT;
        clock_to(&w, at("2026-03-09T09:59:30"));
        unsigned loud = write_from(&w, LOUDLY);
        assert_true(try_turn(&w) < 0);
        assert_int_equal(server.n_taken, 0);
        turn_at(&w, "2026-03-09T10:00");
        assert_int_equal(told_in(IN_DIGESTS, quiet), 1);
        assert_int_equal(told_in(IN_DIGESTS, loud), 1);
        /* Made, and not out yet, when the next cannot be made. */
        server.answer = LATER;
        turn_at(&w, "2026-03-16T10:00");
        (void) write_from(&w, LOUDLY);
        server.answer = TAKES;
        clock_to(&w, at("2026-03-16T13:00"));
        assert_true(try_turn(&w) < 0);
        assert_int_equal(server.n_taken, 2);
        fail_put = -1;
        turn(&w);
        assert_int_equal(server.n_taken, 3);
        world_end(&w);
}

/* Nor does a digest that cannot be made hold up the mail at once. */
static void test_digest_fails(void **data) {
        (void) data;
        struct world w;
        world_begin(&w, CONFIGURATION("every: mon 10:00"), at("2026-03-04T10:00"));
        turn(&w);
        unsigned quiet = write_from(&w, QUIETLY);
        clock_to(&w, at("2026-03-09T10:00"));
        unsigned loud = write_from(&w, LOUDLY);
        fail_put = OUTBOX_DIGEST;
        assert_true(try_turn(&w) < 0);
        assert_int_equal(told_in(AT_ONCE, loud), 1);
        fail_put = -1;
        turn_at(&w, "2026-03-09T10:05");
        assert_int_equal(server.n_taken, 2);
        assert_int_equal(told_in(IN_DIGESTS, quiet), 1);
        assert_int_equal(told_in(IN_DIGESTS, loud), 0);
        assert_non_null(strstr(last_taken()->mail, "ALREADY MAILED"));
        world_end(&w);
}

/* Passes fail since the service started (its parse roles do not run here any more, say): what was made before goes out all the same, and nothing is made. */
static void test_nothing_is_read(void **data) {
        (void) data;
        struct world w;
        world_begin(&w, USUAL, at("2026-03-04T10:00"));
        turn(&w);
        server.answer = LATER;
        assert_int_equal(mailing_notice(w.m, "fault", "adieu: a fault", "A fault.\n"), 1);
        turn(&w);
        assert_int_equal(rows(&w, OUTBOX_WAITING).n, 1);
        restart(&w);
        server.answer = SILENT;
        clock_to(&w, at("2026-03-09T08:00"));
        (void) write_from(&w, QUIETLY);
        assert_int_equal(mailing_turn(w.m, NULL, &w.next), 0);
        serve(&w);
        assert_int_equal(server.n_taken, 1);
        assert_non_null(strstr(last_taken()->mail, "A fault."));
        /* What may have arrived is not sent again before a source could show it. */
        assert_int_equal(rows(&w, OUTBOX_UNKNOWN).n, 1);
        server.answer = TAKES;
        clock_to(&w, at("2026-03-09T09:00"));
        assert_int_equal(mailing_turn(w.m, NULL, &w.next), 0);
        serve(&w);
        assert_int_equal(server.n_taken, 1);
        restart(&w);
        assert_int_equal(mailing_turn(w.m, NULL, &w.next), 0);
        serve(&w);
        assert_int_equal(server.n_taken, 1);
        arrives(&w, last_taken()->message_id);
        turn_at(&w, "2026-03-09T10:00");
        assert_int_equal(server.n_taken, 2);
        assert_non_null(strstr(last_taken()->message_id, IN_DIGESTS));
        assert_int_equal(rows(&w, OUTBOX_SENT).n, 2);
        world_end(&w);
}

static void test_at_once_refused(void **data) {
        (void) data;
        struct world w;
        world_begin(&w, USUAL, at("2026-03-04T10:00"));
        turn(&w);
        server.answer = NEVER;
        unsigned n = write_from(&w, LOUDLY);
        for (int i = 0; i < 50; i++) {
                clock_to(&w, w.c.clock.now + 30 * MINUTE);
                turn(&w);
        }
        assert_int_equal(server.tries, 1); /* no loop of refused mails */
        server.answer = TAKES;
        turn_at(&w, "2026-03-09T08:00");
        assert_int_equal(told_in(IN_DIGESTS, n), 1);
        world_end(&w);
}

static void test_notice(void **data) {
        (void) data;
        struct world w;
        world_begin(&w, USUAL, at("2026-03-04T10:00"));
        turn(&w);
        assert_int_equal(mailing_notice(w.m, "fault-1", "adieu: a fault", "Line 3.\n"), 1);
        assert_int_equal(mailing_notice(w.m, "fault-1", "adieu: a fault", "Line 3.\n"), 0);
        turn(&w);
        assert_int_equal(server.n_taken, 1);
        restart(&w);
        assert_int_equal(mailing_notice(w.m, "fault-1", "adieu: a fault", "Line 3.\n"), 0);
        assert_int_equal(mailing_notice(w.m, "fault-2", "adieu: a fault", "Line 4.\n"), 1);
        turn(&w);
        assert_int_equal(server.n_taken, 2);
        world_end(&w);
}

static void test_extra(void **data) {
        (void) data;
        struct world w;
        struct judgement j;
        world_begin(&w, USUAL, at("2026-03-04T10:00"));
        turn(&w);
        unsigned n = write_from(&w, QUIETLY);
        clock_to(&w, at("2026-03-05T10:00"));
        assert_int_equal(judge(&w.c, &j), 0);
        _cleanup_free_ char *id = NULL;
        assert_int_equal(mailing_extra(w.m, &j, &id), 0);
        judgement_free(&j);
        assert_true(mailing_is_busy(w.m));
        take(server.current, false);
        server.current->done(&answers[TAKES].outcome, server.current->userdata);
        while (mailing_is_busy(w.m))
                assert_true(sd_event_run(w.event, UINT64_MAX) >= 0);
        assert_string_equal(last_taken()->message_id, id);
        assert_int_equal(told_in("adieu.extra.", n), 1);
        restart(&w);
        turn_at(&w, "2026-03-09T08:00");
        assert_int_equal(told_in(IN_DIGESTS, n), 1);
        world_end(&w);
}

/* Asked for twice within a second, or with a clock that stands. */
static void test_extra_at_once(void **data) {
        (void) data;
        struct world w;
        world_begin(&w, USUAL, at("2026-03-04T10:00"));
        turn(&w);
        for (size_t i = 1; i <= 3; i++) {
                struct judgement j;
                _cleanup_free_ char *id = NULL;
                assert_int_equal(judge(&w.c, &j), 0);
                assert_int_equal(mailing_extra(w.m, &j, &id), 0);
                judgement_free(&j);
                take(server.current, false);
                server.current->done(&answers[TAKES].outcome, server.current->userdata);
                while (mailing_is_busy(w.m))
                        assert_true(sd_event_run(w.event, UINT64_MAX) >= 0);
                assert_int_equal(server.n_taken, i);
                assert_string_equal(last_taken()->message_id, id);
                restart(&w);
        }
        world_end(&w);
}

/* Asked for again and again while the password is wrong: one mail in the end. */
static void test_extra_replaces_extra(void **data) {
        (void) data;
        struct world w;
        world_begin(&w, USUAL, at("2026-03-04T10:00"));
        turn(&w);
        (void) write_from(&w, QUIETLY);
        for (int i = 1; i <= 3; i++) {
                struct judgement j;
                _cleanup_free_ char *id = NULL;
                clock_to(&w, at("2026-03-05T10:00") + i * MINUTE);
                assert_int_equal(judge(&w.c, &j), 0);
                assert_int_equal(mailing_extra(w.m, &j, &id), 0);
                judgement_free(&j);
                server.current->done(&answers[BAD_LOGIN].outcome, server.current->userdata);
                while (mailing_is_busy(w.m))
                        assert_true(sd_event_run(w.event, UINT64_MAX) >= 0);
                restart(&w);
        }
        assert_int_equal(rows(&w, OUTBOX_WAITING).n, 1);
        assert_int_equal(rows(&w, OUTBOX_REPLACED).n, 2);
        turn_at(&w, "2026-03-05T18:00");
        turn_at(&w, "2026-03-06T18:00");
        assert_int_equal(server.n_taken, 1);
        turn_at(&w, "2026-03-09T08:00");
        assert_null(strstr(last_taken()->mail, "was not delivered"));
        world_end(&w);
}

static void test_another_day_is_chosen(void **data) {
        (void) data;
        struct world w;
        world_begin(&w, USUAL, at("2026-03-04T10:00"));
        turn(&w);
        turn_at(&w, "2026-03-09T08:00");
        assert_int_equal(server.n_taken, 1);
        /* On Tuesday: last Friday is before the digest of Monday, so the next is on Friday. */
        configure(&w, CONFIGURATION("every: fri 17:00"));
        turn_at(&w, "2026-03-10T08:00");
        assert_int_equal(server.n_taken, 1);
        assert_int_equal(w.next, at("2026-03-13T17:00"));
        turn_at(&w, "2026-03-13T17:00");
        assert_int_equal(server.n_taken, 2);
        world_end(&w);
}

/* Killed between the claim and the answer. */
static void test_left_sending(void **data) {
        (void) data;
        struct world w;
        world_begin(&w, USUAL, at("2026-03-04T10:00"));
        turn(&w);
        unsigned n = write_from(&w, QUIETLY);
        struct judgement j;
        clock_to(&w, at("2026-03-09T08:00"));
        assert_int_equal(judge(&w.c, &j), 0);
        assert_int_equal(mailing_turn(w.m, &j, &w.next), 0);
        judgement_free(&j);
        assert_non_null(server.current);
        assert_int_equal(rows(&w, OUTBOX_SENDING).n, 1);
        /* Another process looks: it does not touch what is being sent. */
        struct outbox_row row;
        assert_int_equal(outbox_due(w.c.store, w.c.clock.now, DAY, NULL, NULL, &row), 0);
        /* The end of the service in good order, before the dot: it waits again. */
        restart(&w);
        assert_int_equal(rows(&w, OUTBOX_WAITING).n, 1);
        turn_at(&w, "2026-03-09T08:10");
        assert_int_equal(server.n_taken, 1);
        assert_true(tells(last_taken()->mail, n));
        world_end(&w);
}

/* `adieu digest --send` is at it while the service starts. */
static void test_somebody_else_sends(void **data) {
        (void) data;
        struct world asked, service;
        struct judgement j;
        world_begin(&asked, USUAL, at("2026-03-04T10:00"));
        turn(&asked);
        (void) write_from(&asked, QUIETLY);
        assert_int_equal(judge(&asked.c, &j), 0);
        _cleanup_free_ char *id = NULL;
        assert_int_equal(mailing_extra(asked.m, &j, &id), 0);
        judgement_free(&j);
        assert_true(mailing_is_busy(asked.m));
        struct sending *elsewhere = server.current;
        server.current = NULL;
        service = (struct world){.c = {.program = "/bin/false", .clock = asked.c.clock}, .source = asked.source};
        configure(&service, USUAL);
        start(&service);
        turn(&service);
        assert_int_equal(server.n_taken, 0);
        server.current = elsewhere;
        take(elsewhere, false);
        elsewhere->done(&answers[TAKES].outcome, elsewhere->userdata);
        while (mailing_is_busy(asked.m))
                assert_true(sd_event_run(asked.event, UINT64_MAX) >= 0);
        clock_to(&service, at("2026-03-04T14:00"));
        turn(&service);
        assert_int_equal(server.n_taken, 1);
        assert_int_equal(rows(&service, OUTBOX_SENT).n, 1);
        stop(&service);
        ruleset_free(service.c.rules);
        settings_free(service.c.settings);
        diagnostics_free(&service.d);
        world_end(&asked);
}

/* To two recipients: the second is theirs who asked as well, who would not know what became of it, unless they are gone. */
static void test_asked_for_two(void **data) {
        (void) data;
        struct world w;
        struct judgement j;
        world_begin(&w, TWO, at("2026-03-04T10:00"));
        turn(&w);
        assert_int_equal(judge(&w.c, &j), 0);
        _cleanup_free_ char *id = NULL;
        assert_int_equal(mailing_extra(w.m, &j, &id), 0);
        judgement_free(&j);
        assert_non_null(server.current);
        struct outbox_row row;
        int64_t seconds;
        instant now = w.c.clock.now;
        assert_int_equal(rows(&w, OUTBOX_WAITING).n, 1);
        assert_int_equal(outbox_due(w.c.store, now + 59, DAY, NULL, NULL, &row), 0);
        assert_int_equal(outbox_wait(w.c.store, now + 59, DAY, &seconds), 0);
        assert_int_equal(seconds, 1);
        struct arena *arena;
        assert_int_equal(arena_new(0, &arena), 0);
        assert_int_equal(outbox_due(w.c.store, now + 60, DAY, NULL, arena, &row), 1);
        assert_int_equal(outbox_due(w.c.store, now, DAY, id, arena, &row), 1);
        /* Made under a clock that was set back. */
        assert_int_equal(outbox_due(w.c.store, now - 1, DAY, NULL, arena, &row), 1);
        arena_free(arena);
        world_end(&w);
}

/* The clock is set back (or the machine slept for hours) while `adieu digest --send` is at it: the service takes the mail for one that was left, and who had it
 * notices before the dot, so that it does not come twice without a word. */
static void test_somebody_else_took_over(void **data) {
        (void) data;
        struct world asked, service;
        struct judgement j;
        world_begin(&asked, USUAL, at("2026-03-04T10:00"));
        turn(&asked);
        (void) write_from(&asked, QUIETLY);
        assert_int_equal(judge(&asked.c, &j), 0);
        _cleanup_free_ char *id = NULL;
        assert_int_equal(mailing_extra(asked.m, &j, &id), 0);
        judgement_free(&j);
        struct sending *elsewhere = server.current;
        assert_non_null(elsewhere);
        server.current = NULL;
        service = (struct world){.c = {.program = "/bin/false", .clock = asked.c.clock}, .source = asked.source};
        configure(&service, USUAL);
        start(&service);
        turn_at(&service, "2026-03-04T09:00");
        assert_int_equal(server.n_taken, 1);
        assert_int_equal(rows(&service, OUTBOX_SENT).n, 1);
        server.current = elsewhere;
        assert_true(elsewhere->final(elsewhere->userdata) < 0);
        const struct send_outcome held = {.stage = SEND_DATA, .text = "held back"};
        elsewhere->done(&held, elsewhere->userdata);
        while (mailing_is_busy(asked.m))
                assert_true(sd_event_run(asked.event, UINT64_MAX) >= 0);
        assert_int_equal(rows(&service, OUTBOX_SENT).n, 1);
        assert_int_equal(rows(&service, OUTBOX_WAITING).n, 0);
        stop(&service);
        ruleset_free(service.c.rules);
        settings_free(service.c.settings);
        diagnostics_free(&service.d);
        world_end(&asked);
}

/* --- killed at every point */

/* Turns of a short life: a mail at once, a notice, a digest that is refused for now, one with two alerts, one that tells what happened to the others. */
static const struct {
        const char *at;
        enum answer answer;
} life[] = {
        {"2026-03-04T10:05", TAKES}, {"2026-03-05T10:00", TAKES}, {"2026-03-09T08:00", LATER}, {"2026-03-09T08:30", TAKES},
        {"2026-03-09T12:00", TAKES}, {"2026-03-16T08:00", TAKES}, {"2026-03-16T12:00", TAKES}, {"2026-03-23T08:00", TAKES},
        {"2026-03-23T08:30", TAKES}, {"2026-03-23T12:00", TAKES}, {"2026-03-30T08:00", TAKES}, {"2026-03-30T12:00", TAKES},
};
/* The child that is killed lives so long; who goes on lives to the end, so that a later digest can say what came of the kill. */
#define CHILD_TURNS 7U

/* The clock goes on where the one before was: its file says where. */
static void live(const char *mailbox, const char *progress, size_t until) {
        struct world w;
        size_t i = 0;
        int where = open(progress, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        assert_true(where >= 0);
        if (pread(where, &i, sizeof(i), 0) != sizeof(i))
                i = 0;
        world_begin(&w, TWO, at(life[i].at));
        server.log = open(mailbox, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        assert_true(server.log >= 0);
        for (; i < until; i++) {
                assert_int_equal(pwrite(where, &i, sizeof(i), 0), sizeof(i));
                clock_to(&w, at(life[i].at) + MINUTE);
                server.answer = life[i].answer;
                if (i >= 1)
                        assert_true(mailing_notice(w.m, "n", "adieu: a notice", "A notice.\n") >= 0);
                turn(&w);
        }
        (void) close(server.log);
        server.log = -1;
        (void) close(where);
        world_end(&w);
}

/* What is there before the first turn of all. */
static void born(unsigned *ret_quiet, unsigned *ret_loud) {
        struct world w;
        world_begin(&w, TWO, at("2026-03-04T10:00"));
        turn(&w);
        *ret_quiet = write_from(&w, QUIETLY);
        *ret_loud = write_from(&w, LOUDLY);
        world_end(&w);
}

struct mailbox {
        size_t quiet, loud; /* different mails that tell them, in a digest and at once */
        size_t notices;     /* different ones */
        size_t most;        /* how often the most frequent one came, for the two recipients together */
        bool said;          /* some mail says that one may have come twice, or was not delivered */
};

static struct mailbox look(const char *path, unsigned quiet, unsigned loud) {
        static char data[1 << 20];
        static char ids[200][128];
        size_t counts[ELEMENTSOF(ids)] = {}, n = 0;
        struct mailbox m = {};
        FILE *f = fopen(path, "re");
        size_t size = f ? fread(data, 1, sizeof(data) - 1, f) : 0;
        if (f)
                fclose(f);
        for (const char *p = data; p < data + size; p += strlen(p) + 1) {
                char id[128];
                size_t i = 0;
                id_of(p, id);
                while (i < n && strcmp(ids[i], id) != 0)
                        i++;
                if (i == n) {
                        assert_true(n < ELEMENTSOF(ids));
                        memcpy(ids[n++], id, sizeof(id));
                        m.quiet += strstr(id, IN_DIGESTS) && tells(p, quiet);
                        m.loud += (strstr(id, AT_ONCE) || strstr(id, IN_DIGESTS)) && tells(p, loud);
                        m.notices += strstr(id, "adieu.notice.") != NULL;
                }
                counts[i]++;
                m.most = MAX(m.most, counts[i]);
                m.said |= strstr(p, "twice") || strstr(p, "was not delivered");
        }
        return m;
}

static void test_killed_at_every_point(void **data) {
        (void) data;
        size_t doubled = 0;
        bool killed = true;
        long n = 0;
        for (; killed; n++) {
                char mailbox[128], progress[128];
                unsigned quiet, loud;
                int status;
                (void) snprintf(mailbox, sizeof(mailbox), "%s/mailbox", folder);
                (void) snprintf(progress, sizeof(progress), "%s/progress", folder);
                born(&quiet, &loud);
                pid_t child = fork();
                if (child == 0) {
                        points = 0;
                        die_at = n;
                        if (!freopen("/dev/null", "w", stderr))
                                _exit(9);
                        live(mailbox, progress, CHILD_TURNS);
                        _exit(0);
                }
                assert_int_equal(waitpid(child, &status, 0), child);
                killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
                assert_true(killed || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
                live(mailbox, progress, ELEMENTSOF(life));
                struct mailbox m = look(mailbox, quiet, loud);
                if (m.quiet != 1 || m.loud != 1 || m.notices != 1 || m.most > 3 || (m.most > 2 && !m.said))
                        fail_msg(
                                "killed at point %ld: %zu digests tell the one, %zu mails the other, %zu notices, %zu times "
                                "the most frequent%s",
                                n, m.quiet, m.loud, m.notices, m.most, m.said ? ", and it is said" : "");
                doubled += m.most > 2;
                (void) teardown(NULL);
                assert_int_equal(setup(NULL), 0);
        }
        /* The mail was taken, and the one who should note it was killed: nobody can know that but the server. */
        print_message("%ld points of killing, %zu of which send a mail twice to one recipient\n", n - 1, doubled);
        assert_true(n > 50);
        assert_in_range(doubled, 1, 60);
}

/* --- a year of Mondays */

/* Rows of the digest, whatever became of them. */
static int count_digests(const struct outbox_row *row, void *userdata) {
        size_t *counts = userdata;
        counts[row->state] += row->kind == OUTBOX_DIGEST;
        return 0;
}

static void test_year(const char *configuration, uint64_t seed, bool polite) {
        struct world w;
        instant begin = at("2026-01-05T12:00"), end = at("2027-01-04T00:00"), now = begin;
        bool alive_in[60] = {};
        world_begin(&w, configuration, begin);
        const struct schedule *every = &w.c.settings->digest.every;
        const struct zone *paris = w.c.settings->owner.zone;
        server.random = seed;
        server.polite = polite;
        turn(&w);
        instant first_due = schedule_next(every, paris, begin, NULL);
        unsigned quiet[400], loud[400], n_quiet = 0, n_loud = 0;
        /* What the owner's clock does wrong, each once. */
        struct {
                instant when;
                int64_t jump;
        } jumps[] = {
                {at("2026-02-09T08:30"), -HOUR},    {at("2026-03-09T08:30"), -DAY},
                {at("2026-04-13T08:30"), -WEEK},    {at("2026-05-11T08:30"), -2 * WEEK},
                {at("2026-06-15T07:30"), 2 * HOUR}, {at("2026-08-10T08:00"), -30 * MINUTE},
        };
        size_t jumped = 0;
        while (now < end) {
                /* Mostly minutes to hours; now and then it sleeps for days. */
                uint64_t kind = chance() % 40;
                now += kind == 0   ? (instant) (chance() % (9 * DAY))
                       : kind < 10 ? (instant) (chance() % (10 * HOUR))
                                   : (instant) (chance() % (2 * HOUR));
                if (jumped < ELEMENTSOF(jumps) && now >= jumps[jumped].when) {
                        now = MAX(jumps[jumped].when + jumps[jumped].jump, begin);
                        jumped++;
                }
                clock_to(&w, now);
                if (chance() % 30 == 0 && n_quiet < ELEMENTSOF(quiet))
                        quiet[n_quiet++] = write_from(&w, QUIETLY);
                if (chance() % 60 == 0 && n_loud < ELEMENTSOF(loud))
                        loud[n_loud++] = write_from(&w, LOUDLY);
                if (chance() % 15 == 0)
                        restart(&w);
                turn(&w);
                instant due = schedule_last(every, paris, now, NULL);
                if (due >= first_due)
                        alive_in[(due - first_due + DAY) / WEEK] = true;
        }
        /* Let everything settle, with a server in good health. */
        server.random = 0;
        for (int i = 0; i < 3 * 24; i++) {
                now += HOUR;
                clock_to(&w, now);
                turn(&w);
                instant due = schedule_last(every, paris, now, NULL);
                alive_in[(due - first_due + DAY) / WEEK] = true;
        }
        for (size_t i = 0; i < 14 * 24; i++) {
                now += HOUR;
                clock_to(&w, now);
                turn(&w);
                instant due = schedule_last(every, paris, now, NULL);
                alive_in[(due - first_due + DAY) / WEEK] = true;
        }
        size_t weeks = 0, ids = 0, twice = 0, made = 0, digests[6] = {};
        for (size_t i = 0; i < ELEMENTSOF(alive_in); i++)
                weeks += alive_in[i];
        assert_true(weeks > 45);
        assert_int_equal(outbox_list(w.c.store, 100000, count_digests, digests), 0);
        for (size_t i = 0; i < ELEMENTSOF(digests); i++)
                made += digests[i];
        assert_int_equal(made, weeks);
        /* Each message was taken once; again only after the server had been silent. */
        for (size_t i = 0; i < server.n_taken; i++) {
                bool seen = false;
                for (size_t k = 0; k < i; k++)
                        if (strcmp(server.taken[k].message_id, server.taken[i].message_id) == 0) {
                                assert_true(server.taken[k].silently);
                                seen = true;
                        }
                twice += seen;
                ids += !seen && strstr(server.taken[i].message_id, IN_DIGESTS);
        }
        assert_true(!polite || twice == 0);
        size_t undelivered = digests[OUTBOX_REFUSED] + digests[OUTBOX_REPLACED];
        /* A digest a week: those that were not delivered in their week, since they were replaced by the next, are said there. */
        assert_in_range(ids, weeks - undelivered, weeks);
        assert_int_equal(rows(&w, OUTBOX_WAITING).n + rows(&w, OUTBOX_SENDING).n + rows(&w, OUTBOX_UNKNOWN).n, 0);
        print_message("%zu weeks, %zu digests, %zu given up or replaced, %zu mails in all, %zu of them twice, %zu tries\n",
                      weeks, ids, undelivered, server.n_taken, twice, server.tries);
        for (unsigned i = 0; i < n_quiet; i++)
                if (polite ? told_in(IN_DIGESTS, quiet[i]) != 1 : told_in(IN_DIGESTS, quiet[i]) == 0)
                        fail_msg("message %u was told %zu times", quiet[i], told_in(IN_DIGESTS, quiet[i]));
        for (unsigned i = 0; i < n_loud; i++) {
                size_t n = told_in(IN_DIGESTS, loud[i]) + told_in(AT_ONCE, loud[i]);
                if (polite ? n != 1 : n == 0)
                        fail_msg("message %u was told %zu times", loud[i], n);
        }
        world_end(&w);
}

static void test_year_of_mondays(void **data) {
        (void) data;
        test_year(USUAL, 1, false);
}

static void test_year_with_a_polite_server(void **data) {
        (void) data;
        test_year(USUAL, 3, true);
}

/* 02:30 is left out on 29 March 2026 and comes twice on 25 October. */
static void test_year_of_sundays(void **data) {
        (void) data;
        test_year(CONFIGURATION("every: sun 02:30"), 7, false);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                T(test_first_digest),
                T(test_long_subject),
                T(test_first_clock_is_wrong),
                T(test_empty_week),
                T(test_no_transport),
                T(test_refused_for_now),
                T(test_clock_set_back_after_a_try),
                T(test_refused_for_good),
                T(test_one_recipient_of_two),
                T(test_unknown_that_arrived),
                T(test_unknown_that_did_not),
                T(test_odd_answer),
                T(test_bad_certificate_waits_little),
                T(test_login_waits_long),
                T(test_reload_while_store_is_busy),
                T(test_given_up),
                T(test_replaced_by_the_next),
                T(test_at_once),
                T(test_at_once_fails),
                T(test_digest_fails),
                T(test_nothing_is_read),
                T(test_at_once_refused),
                T(test_notice),
                T(test_extra),
                T(test_extra_at_once),
                T(test_extra_replaces_extra),
                T(test_another_day_is_chosen),
                T(test_left_sending),
                T(test_somebody_else_sends),
                T(test_somebody_else_took_over),
                T(test_asked_for_two),
                T(test_killed_at_every_point),
                T(test_year_of_mondays),
                T(test_year_with_a_polite_server),
                T(test_year_of_sundays),
        };
        if (zones_load(&zones) < 0)
                return 1;
        int failed = cmocka_run_group_tests(tests, NULL, NULL);
        zone_table_free(zones);
        return failed;
}
