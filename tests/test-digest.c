/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "rules/digest.h"

static struct arena *arena;

static int setup(void **state) {
        (void) state;
        return arena_new(0, &arena);
}

static int teardown(void **state) {
        (void) state;
        arena = arena_free(arena);
        return 0;
}

/* What is told: "T..." told, "M..." mailed, anything else new; "E" fails. */
static int by_first_letter(const char *id, void *userdata) {
        (void) userdata;
        return *id == 'T' ? DIGEST_TOLD : *id == 'M' ? DIGEST_MAILED : *id == 'E' ? -EIO : DIGEST_NEW;
}

static const struct digest_options weekly = {.since = 100, .told = by_first_letter};
static const struct digest_options at_once = {.since = 100, .told = by_first_letter, .at_once = true};

/* Breaches with these names, one second after the other from `at` on. */
static struct alert alert(const char *id, instant at, const char *names) {
        struct alert a = {.state = ALERT_OPEN, .mode = MODE_DIGEST, .severity = SEVERITY_LOW, .first_at = at};
        struct evidence *e = arena_new0(arena, struct evidence, 50);
        char copy[200];
        assert_non_null(e);
        (void) snprintf(a.id, sizeof(a.id), "%s", id);
        (void) snprintf(copy, sizeof(copy), "%s", names);
        for (char *save = NULL, *name = strtok_r(copy, " ", &save); name; name = strtok_r(NULL, " ", &save)) {
                e[a.n_evidence].at = at + (instant) a.n_evidence;
                (void) snprintf(e[a.n_evidence].breach, sizeof(e->breach), "%s", name);
                a.n_evidence++;
        }
        a.count = (uint32_t) a.n_evidence;
        a.last_at = at + (instant) a.n_evidence - 1;
        a.evidence = e;
        return a;
}

static struct digest choose(const struct alert *alerts, size_t n, const struct digest_options *options) {
        struct digest d;
        assert_int_equal(digest_select(alerts, n, options, arena, &d), 0);
        return d;
}

static void test_what_is_news(void **state) {
        (void) state;
        const struct alert a = alert("a", 200, "T1 n1 M1 n2");
        struct digest d = choose(&a, 1, &weekly);
        assert_int_equal(d.n, 1);
        assert_int_equal(d.items[0].n_news, 2);
        assert_string_equal(d.items[0].news[0]->breach, "n1");
        assert_string_equal(d.items[0].news[1]->breach, "n2");
        assert_null(d.items[0].news[2]);
        assert_int_equal(d.items[0].n_mailed, 1);
        assert_int_equal(d.counts[LASTING_ONE_OFF], 1);
        assert_int_equal(d.n_mailed, 0);
        assert_false(digest_is_empty(&d));
}

static void test_what_is_none(void **state) {
        (void) state;
        struct alert watched = alert("w", 200, "n1"), off = watched, folded = alert("f", 200, "n2"),
                     told = alert("t", 200, "T1 T2"), old = alert("o", 98, "n3 n4"), rests = alert("r", 200, "n5");
        watched.mode = MODE_WATCH;
        off.mode = MODE_OFF;
        folded.inhibited_by = (const struct rule *) &watched;
        rests.state = ALERT_RESOLVED;
        const struct alert alerts[] = {watched, off, folded, told, old, rests};
        struct digest d = choose(alerts, ELEMENTSOF(alerts), &weekly);
        assert_true(digest_is_empty(&d));
        /* On the edge it counts. */
        const struct alert edge = alert("e", 99, "n6 n7");
        d = choose(&edge, 1, &weekly);
        assert_int_equal(d.items[0].n_news, 1);
        assert_string_equal(d.items[0].news[0]->breach, "n7");
}

static void test_mailed_in_brief(void **state) {
        (void) state;
        const struct alert a = alert("a", 200, "T1 M1 M2");
        struct digest d = choose(&a, 1, &weekly);
        assert_int_equal(d.n, 1);
        assert_int_equal(d.n_mailed, 1);
        assert_int_equal(d.items[0].n_mailed, 2);
        assert_int_equal(d.counts[LASTING_ONE_OFF], 0);
}

static void test_repeats(void **state) {
        (void) state;
        struct alert a = alert("a", 200, "T1");
        (void) snprintf(a.repeat, sizeof(a.repeat), "n9");
        struct digest d = choose(&a, 1, &weekly);
        assert_int_equal(d.n, 1);
        assert_true(d.items[0].repeat && d.items[0].n_news == 0);
        (void) snprintf(a.repeat, sizeof(a.repeat), "T9");
        d = choose(&a, 1, &weekly);
        assert_true(digest_is_empty(&d));
}

static void test_at_once(void **state) {
        (void) state;
        struct alert quiet = alert("q", 200, "n1"), loud = alert("l", 200, "T1 n2"), over = alert("o", 200, "n3");
        loud.mode = over.mode = MODE_ALERT;
        over.state = ALERT_RESOLVED;
        const struct alert alerts[] = {quiet, loud, over};
        struct digest d = choose(alerts, ELEMENTSOF(alerts), &at_once);
        assert_int_equal(d.n, 1);
        assert_string_equal(d.items[0].alert->id, "l");
        assert_int_equal(d.items[0].n_news, 1);
        assert_int_equal(d.n_recovered, 0);
}

static void test_order(void **state) {
        (void) state;
        struct alert alerts[] = {alert("a", 200, "n1"), alert("b", 300, "n2"), alert("c", 200, "n3"), alert("d", 200, "n4"),
                                 alert("e", 200, "n5")};
        alerts[2].lasting = LASTING_LASTING;
        alerts[3].lasting = LASTING_RECURRING;
        alerts[4].severity = SEVERITY_HIGH;
        struct digest d = choose(alerts, ELEMENTSOF(alerts), &weekly);
        char order[8] = "";
        for (size_t i = 0; i < d.n; i++)
                strcat(order, d.items[i].alert->id);
        assert_string_equal(order, "cdeba");
        assert_int_equal(d.counts[LASTING_LASTING], 1);
        assert_int_equal(d.counts[LASTING_RECURRING], 1);
        assert_int_equal(d.counts[LASTING_ONE_OFF], 3);
}

static const char *told_rest;

static int told_or_rest(const char *id, void *userdata) {
        if (strncmp(id, "rest:", 5) == 0)
                return told_rest && strcmp(told_rest, id) == 0 ? DIGEST_TOLD : DIGEST_NEW;
        return by_first_letter(id, userdata);
}

static void test_recovered(void **state) {
        (void) state;
        struct alert told = alert("a", 200, "T1 T2"), never = alert("b", 200, "n1"), mailed = alert("c", 200, "M1");
        told.state = never.state = mailed.state = ALERT_RESOLVED;
        const struct alert alerts[] = {told, never, mailed};
        struct digest_options options = weekly;
        options.told = told_or_rest;
        told_rest = NULL;
        struct digest d = choose(alerts, ELEMENTSOF(alerts), &options);
        assert_int_equal(d.n, 0);
        assert_int_equal(d.n_recovered, 1);
        assert_string_equal(d.recovered[0]->id, "a");
        char id[DIGEST_RECOVERY_ID_SIZE], later[DIGEST_RECOVERY_ID_SIZE];
        digest_recovery_id(&told, id);
        told_rest = id;
        d = choose(alerts, ELEMENTSOF(alerts), &options);
        assert_true(digest_is_empty(&d));
        /* When it comes to rest once more, that is news. */
        told.last_at++;
        digest_recovery_id(&told, later);
        assert_string_not_equal(id, later);
}

static int collect(const char *id, void *userdata) {
        char *all = userdata;
        strcat(strcat(all, id), " ");
        return strcmp(id, "stop") == 0 ? -EIO : 0;
}

static void test_ids(void **state) {
        (void) state;
        struct alert open = alert("a", 50, "n1 T2"), rests = alert("b", 200, "n3"), folded = alert("c", 200, "n4"),
                     watched = alert("d", 200, "n5");
        (void) snprintf(open.repeat, sizeof(open.repeat), "again");
        rests.state = ALERT_RESOLVED;
        folded.inhibited_by = (const struct rule *) &open;
        watched.mode = MODE_WATCH;
        const struct alert alerts[] = {open, rests, folded, watched};
        char all[300] = "";
        assert_int_equal(digest_told_ids(alerts, ELEMENTSOF(alerts), collect, all), 0);
        assert_string_equal(all, "n1 T2 again n3 rest:b:200 ");
        /* What a mail at once says, and nothing that it does not say. */
        struct alert loud = alert("e", 99, "n6 T7 n8");
        loud.mode = MODE_ALERT;
        struct digest d = choose(&loud, 1, &at_once);
        *all = 0;
        assert_int_equal(digest_said_ids(&d, collect, all), 0);
        assert_string_equal(all, "n8 ");
        const struct alert bad = alert("f", 200, "stop n9");
        *all = 0;
        assert_int_equal(digest_told_ids(&bad, 1, collect, all), -EIO);
        assert_string_equal(all, "stop ");
}

static void test_failure(void **state) {
        (void) state;
        const struct alert a = alert("a", 200, "n1 E1");
        struct digest d = {.n = 77};
        assert_int_equal(digest_select(&a, 1, &weekly, arena, &d), -EIO);
        assert_int_equal(d.n, 77);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {T(test_what_is_news), T(test_what_is_none), T(test_mailed_in_brief),
                                           T(test_repeats),      T(test_at_once),      T(test_order),
                                           T(test_recovered),    T(test_ids),          T(test_failure)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
