/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "rules/thread.h"

/* What follows section 3 of RFC 5256 ("References"), without its tree: who is with whom. */

#define DAY INT64_C(86400)

struct letter {
        const char *id, *references, *in_reply_to; /* identifiers, blanks between */
};

/* Splits in place; at most `max`. */
static uint32_t split(char *text, const char **items, uint32_t max) {
        uint32_t n = 0;
        for (char *word = strtok(text, " "); word && n < max; word = strtok(NULL, " "))
                items[n++] = word;
        return n;
}

static uint64_t add(struct threads *t, const struct letter *l, instant at) {
        char references[1024] = "", in_reply_to[1024] = "";
        const char *items[2][32];
        struct message m = {.message_id = l->id};
        struct thread_names names;
        uint64_t thread;
        snprintf(references, sizeof(references), "%s", l->references ? l->references : "");
        snprintf(in_reply_to, sizeof(in_reply_to), "%s", l->in_reply_to ? l->in_reply_to : "");
        m.references = (struct text_list){.items = items[0], .n = split(references, items[0], ELEMENTSOF(items[0]))};
        m.in_reply_to = (struct text_list){.items = items[1], .n = split(in_reply_to, items[1], ELEMENTSOF(items[1]))};
        thread_names_read(&m, message_key(&m), &names);
        int r = threads_join(t, &names, at, NULL, NULL, &thread);
        assert_true(r >= 0);
        if (r == 0)
                thread = threads_resolve(t, thread_of_root(names.root), at);
        assert_int_equal(threads_add(t, &names, at, thread), 0);
        return thread;
}

static uint64_t find(struct threads *t, const char *id) {
        return threads_find(t, message_id_key(id), 0);
}

/* "a b c|d e": the conversations, each message once. */
static void check(const struct letter *letters, size_t n, const char *expected) {
        struct threads t = THREADS(WINDOW_FOREVER);
        char text[1024];
        uint64_t ids[32];
        size_t n_ids = 0;
        for (size_t i = 0; i < n; i++)
                add(&t, &letters[i], 0);
        snprintf(text, sizeof(text), "%s", expected);
        char *rest = text;
        for (char *part; (part = strsep(&rest, "|"));) {
                const char *items[32] = {0};
                uint32_t k = split(part, items, ELEMENTSOF(items));
                for (uint32_t i = 0; i < k; i++)
                        if (find(&t, items[i]) == 0 || find(&t, items[i]) != find(&t, items[0]))
                                fail_msg("%s: %s is not with %s", expected, items[i], items[0]);
                for (size_t i = 0; i < n_ids; i++)
                        if (ids[i] == find(&t, items[0]))
                                fail_msg("%s: %s is with another", expected, items[0]);
                ids[n_ids++] = find(&t, items[0]);
        }
        threads_done(&t);
}

/* In whatever order they come. */
static void check_all_orders(const struct letter *letters, size_t n, const char *expected) {
        struct letter order[6];
        size_t c[6] = {0}, i = 0;
        assert_true(n <= ELEMENTSOF(order));
        memcpy(order, letters, n * sizeof(*letters));
        check(order, n, expected);
        while (i < n) { /* Heap's way through all orders */
                if (c[i] >= i) {
                        c[i++] = 0;
                        continue;
                }
                size_t k = i % 2 == 0 ? 0 : c[i];
                struct letter swap = order[k];
                order[k] = order[i];
                order[i] = swap;
                check(order, n, expected);
                c[i]++;
                i = 0;
        }
}
#define CHECK(expected, ...)                                                  \
        do {                                                                  \
                const struct letter letters_[] = {__VA_ARGS__};               \
                check_all_orders(letters_, ELEMENTSOF(letters_), (expected)); \
        } while (0)

static void test_references(void **state) {
        (void) state;
        CHECK("a b c", {"a", NULL, NULL}, {"b", "a", "a"}, {"c", "a b", "b"});
        CHECK("a|b", {"a", NULL, NULL}, {"b", NULL, NULL});
        /* only In-Reply-To */
        CHECK("a b|c", {"a", NULL, NULL}, {"b", NULL, "a"}, {"c", NULL, NULL});
        /* References that forgot the beginning, or the end */
        CHECK("a b c d", {"a", NULL, NULL}, {"b", "a", NULL}, {"c", "b", NULL}, {"d", "a", "c"});
        /* both fields, and they disagree */
        CHECK("a b c", {"a", NULL, NULL}, {"b", NULL, NULL}, {"c", "a", "b"});
}

/* Parents that are not there: the RFC's dummy messages. */
static void test_missing_parents(void **state) {
        (void) state;
        CHECK("x b c", {"b", "x", NULL}, {"c", "x", NULL});
        CHECK("b c x y z", {"b", "x y", NULL}, {"c", "y z", NULL});
        CHECK("a d", {"a", NULL, NULL}, {"d", "a b c", NULL});
        /* known only by a name in the middle */
        CHECK("b e a c d", {"b", "a c d", NULL}, {"e", "c", NULL});
}

static void test_late_link(void **state) {
        (void) state;
        CHECK("a b c d e", {"a", NULL, NULL}, {"b", "a", NULL}, {"c", NULL, NULL}, {"d", "c", NULL}, {"e", "b d", NULL});
}

static void test_loops(void **state) {
        (void) state;
        CHECK("a|b", {"a", "a", "a"}, {"b", NULL, NULL}); /* answers itself */
        CHECK("a b", {"a", "b", NULL}, {"b", "a", NULL});
        CHECK("a b c", {"a", "b", NULL}, {"b", "c", NULL}, {"c", "a", NULL});
        CHECK("a b c", {"a", "b c", NULL}, {"b", "c a", NULL}, {"c", "b a", NULL}); /* either way round */
        CHECK("a b", {"a", NULL, NULL}, {"b", "a a a a b", "b"});
}

/* One Message-ID on two messages: one message, with what both name. */
static void test_same_id(void **state) {
        (void) state;
        CHECK("a b c", {"a", NULL, NULL}, {"b", "a", NULL}, {"b", "c", NULL}, {"c", NULL, NULL});
}

static void test_name(void **state) {
        struct threads t = THREADS(WINDOW_FOREVER);
        (void) state;
        /* A conversation is called after its root, seen or not, and a join keeps the name known longer. */
        uint64_t a = add(&t, &(struct letter){"b", "a", NULL}, 10);
        assert_int_equal(a, thread_of_root(message_id_key("a")));
        assert_int_equal(add(&t, &(struct letter){"a", NULL, NULL}, 20), a);
        uint64_t c = add(&t, &(struct letter){"c", NULL, NULL}, 30);
        assert_int_equal(c, thread_of_root(message_id_key("c")));
        assert_int_equal(add(&t, &(struct letter){"d", "c a", NULL}, 40), a);
        assert_int_equal(threads_resolve(&t, c, 50), a);
        assert_int_equal(add(&t, &(struct letter){"e", "c", NULL}, 60), a);
        assert_true(threads_seen(&t, message_id_key("e"), 60));
        assert_false(threads_seen(&t, message_id_key("f"), 60));
        threads_done(&t);
}

static bool keeps_the_one(uint64_t thread, void *userdata) {
        return thread == *(const uint64_t *) userdata;
}

static void test_keeps(void **state) {
        struct threads t = THREADS(WINDOW_FOREVER);
        (void) state;
        uint64_t a = add(&t, &(struct letter){"a", NULL, NULL}, 10), b = add(&t, &(struct letter){"b", NULL, NULL}, 20),
                 both;
        const struct thread_names names = {.keys = {message_id_key("c"), message_id_key("a"), message_id_key("b")}, .n = 3};
        assert_int_equal(threads_join(&t, &names, 30, keeps_the_one, &b, &both), 1);
        assert_int_equal(both, b);
        assert_int_equal(threads_resolve(&t, a, 30), b);
        threads_done(&t);
}

/* Names and joins are forgotten after the window, but not while they are in use. */
static void test_window(void **state) {
        struct threads t = THREADS(100 * DAY);
        (void) state;
        uint64_t a = add(&t, &(struct letter){"a", NULL, NULL}, 0);
        uint64_t b = add(&t, &(struct letter){"b", NULL, NULL}, DAY);
        assert_int_equal(add(&t, &(struct letter){"c", "a b", NULL}, 2 * DAY), a);
        for (int i = 1; i <= 10; i++) {
                char id[16], parent[16];
                snprintf(id, sizeof(id), "m%d", i);
                snprintf(parent, sizeof(parent), i == 1 ? "b" : "m%d", i - 1);
                assert_int_equal(add(&t, &(struct letter){id, parent, NULL}, i * 90 * DAY), a);
        }
        assert_int_equal(threads_find(&t, message_id_key("a"), 901 * DAY), 0);
        /* By its root's name, as if it began now. */
        assert_int_equal(add(&t, &(struct letter){"d", "b", NULL}, 5000 * DAY), b);
        threads_done(&t);
}

static int add_number(struct threads *t, int64_t id, int64_t parent) {
        struct thread_names names = {.keys = {(uint64_t) id * 2 + 1, (uint64_t) parent * 2 + 1}, .n = parent >= 0 ? 2 : 1};
        uint64_t thread;
        names.root = names.keys[names.n - 1];
        int r = threads_join(t, &names, 0, NULL, NULL, &thread);
        if (r == 0)
                thread = threads_resolve(t, thread_of_root(names.root), 0);
        return r < 0 ? r : threads_add(t, &names, 0, thread);
}

#define CHAIN 100000

/* Every message names only the one before it: forwards, backwards, and the even ones first, which joins all at the end. */
static void test_long_chain(void **state) {
        (void) state;
        for (int way = 0; way < 3; way++) {
                struct threads t = THREADS(WINDOW_FOREVER);
                for (int64_t i = 0; i < CHAIN; i++) {
                        int64_t id = way == 0        ? i
                                     : way == 1      ? CHAIN - 1 - i
                                     : i < CHAIN / 2 ? 2 * i
                                                     : 2 * (i - CHAIN / 2) + 1;
                        assert_int_equal(add_number(&t, id, id - 1), 0);
                }
                uint64_t thread = threads_find(&t, 1, 0);
                for (uint64_t i = 0; i < CHAIN; i++)
                        assert_int_equal(threads_find(&t, i * 2 + 1, 0), thread);
                threads_done(&t);
        }
}

/* Joins that each take the name of a younger conversation: the way to the name must not grow with them. */
static void test_long_way(void **state) {
        struct threads t = THREADS(WINDOW_FOREVER);
        uint64_t last = 0;
        (void) state;
        for (uint64_t i = 0; i < CHAIN; i++) {
                const struct thread_names one = {.keys = {i * 2 + 1}, .n = 1, .root = i * 2 + 1};
                const struct thread_names both = {.keys = {i * 2 + 1, i * 2 - 1}, .n = 2};
                uint64_t thread = thread_of_root(one.root), joined;
                assert_int_equal(threads_add(&t, &one, 0, thread), 0);
                if (i > 0) {
                        assert_int_equal(threads_join(&t, &both, 0, keeps_the_one, &thread, &joined), 1);
                        assert_int_equal(joined, thread);
                }
                last = thread;
        }
        assert_int_equal(threads_find(&t, 1, 0), last);
        for (uint64_t i = 0; i < CHAIN; i++)
                assert_int_equal(threads_find(&t, i * 2 + 1, 0), last);
        threads_done(&t);
}

/* More references than the parser keeps: bounded here too. */
static void test_many_references(void **state) {
        static const char *items[10000];
        static char texts[ELEMENTSOF(items)][16];
        struct thread_names names;
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(items); i++) {
                snprintf(texts[i], sizeof(texts[i]), "%zu@x", i);
                items[i] = texts[i];
        }
        struct message m = {.message_id = "a@x", .references = {.items = items, .n = ELEMENTSOF(items)}};
        m.in_reply_to = m.references;
        thread_names_read(&m, message_key(&m), &names);
        assert_int_equal(names.n, THREAD_NAMES_MAX);
        assert_int_equal(names.root, message_id_key("0@x"));
        assert_int_equal(names.keys[0], message_id_key("a@x"));
        assert_int_equal(names.keys[1 + REFERENCES_MAX], message_id_key("9999@x")); /* the nearest first */
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_references), cmocka_unit_test(test_missing_parents), cmocka_unit_test(test_late_link),
                cmocka_unit_test(test_loops),      cmocka_unit_test(test_same_id),         cmocka_unit_test(test_name),
                cmocka_unit_test(test_keeps),      cmocka_unit_test(test_window),          cmocka_unit_test(test_long_chain),
                cmocka_unit_test(test_long_way),   cmocka_unit_test(test_many_references),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
