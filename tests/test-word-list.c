/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/rules-help.h"

#include "rules/word_list.h"

/* The automaton against looking for each phrase by itself. */

#define LISTS 4U
#define PHRASES 60U

struct hits {
        uint32_t n[LISTS][PHRASES];
};

static void note(uint32_t list, uint32_t phrase, void *userdata) {
        struct hits *h = userdata;
        h->n[list][phrase]++;
}

static uint32_t plainly(const struct phrase *p, const char *text) {
        uint32_t n = 0;
        size_t length = strlen(p->folded);
        for (const char *s = text; (s = strstr(s, p->folded)); s++) {
                bool before = s == text || !word_byte(s[-1]) || !word_byte(*s);
                bool after = p->open_end || !s[length] || !word_byte(s[length]) || !word_byte(s[length - 1]);
                n += before && after;
        }
        return n;
}

static uint64_t state = 88172645463325252;

static uint32_t roll(uint32_t n) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return (uint32_t) (state >> 20) % n;
}

/* Few letters, so that phrases begin, end and lie in each other. */
static void babble(char *s, size_t n) {
        static const char letters[] = "aaabbc  '";
        for (size_t i = 0; i < n; i++)
                s[i] = letters[roll(sizeof(letters) - 1)];
        s[n] = 0;
}

static void test_random(void **data) {
        (void) data;
        for (int round = 0; round < 300; round++) {
                static char words[LISTS][PHRASES][16], text[500];
                static struct phrase phrases[LISTS][PHRASES];
                struct word_list lists[LISTS];
                struct arena *arena;
                assert_int_equal(arena_new(0, &arena), 0);
                for (uint32_t i = 0; i < LISTS; i++) {
                        lists[i] =
                                (struct word_list){.name = "x", .index = i, .phrases = phrases[i], .n = 1 + roll(PHRASES)};
                        for (size_t k = 0; k < lists[i].n; k++) {
                                babble(words[i][k], 1 + roll(12));
                                phrases[i][k] = (struct phrase){
                                        .folded = words[i][k], .open_end = roll(3) == 0, .languages = WORDS_OF_ANY_LANGUAGE};
                        }
                }
                const struct word_lists *all;
                assert_int_equal(word_lists_new(lists, LISTS, arena, &all), 0);
                babble(text, roll(sizeof(text)));
                struct hits hits = {0};
                word_lists_find(all, text, strlen(text), NULL, note, &hits);
                for (uint32_t i = 0; i < LISTS; i++)
                        for (uint32_t k = 0; k < lists[i].n; k++)
                                assert_int_equal(hits.n[i][k], plainly(&phrases[i][k], text));
                arena_free(arena);
        }
}

static void test_languages(void **data) {
        (void) data;
        struct phrase phrases[] = {{.folded = "chat", .languages = word_language("fr")},
                                   {.folded = "chat", .languages = word_language("en")},
                                   {.folded = "chat", .languages = WORDS_OF_ANY_LANGUAGE}};
        static const struct {
                const char *language;
                uint32_t found[3];
        } cases[] = {{"fr", {1, 0, 1}}, {"en", {0, 1, 1}}, {"de", {0, 0, 1}}, {NULL, {1, 1, 1}}, {"pt", {1, 1, 1}}};
        struct word_list list = {.name = "x", .phrases = phrases, .n = 3};
        const struct word_lists *all;
        struct arena *arena;
        assert_int_equal(arena_new(0, &arena), 0);
        assert_int_equal(word_lists_new(&list, 1, arena, &all), 0);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct hits hits = {0};
                word_lists_find(all, "un chat", 7, cases[i].language, note, &hits);
                for (size_t k = 0; k < 3; k++)
                        assert_int_equal(hits.n[0][k], cases[i].found[k]);
        }
        arena_free(arena);
}

static void test_nothing(void **data) {
        (void) data;
        const struct word_lists *all;
        struct arena *arena;
        struct hits hits = {0};
        assert_int_equal(arena_new(0, &arena), 0);
        assert_int_equal(word_lists_new(NULL, 0, arena, &all), 0);
        word_lists_find(all, "abc", 3, "fr", note, &hits);
        assert_int_equal(hits.n[0][0], 0);
        arena_free(arena);
}

/* --- as rule files write them */

static bool rule_holds(struct world *w, const char *text, const char *language) {
        struct evaluation *e = NULL;
        struct eval_options options = {
                .now = at(w, "2026-04-01"), .read_until = at(w, "2026-04-01"), .calendars_read_until = at(w, "2026-04-01")};
        struct fact f = {.type = FACT_MESSAGE_RECEIVED,
                         .at = at(w, "2026-03-02"),
                         .client = &w->clients[DUPONT],
                         .key = 1,
                         .observation = -1};
        const struct alert *alerts;
        set(&f, "text", v_string(text));
        if (language)
                set(&f, "language", v_string(language));
        assert_int_equal(evaluation_new(w->rules, &w->settings, &options, &e), 0);
        assert_int_equal(evaluation_fact(&f, e), 0);
        assert_int_equal(evaluation_end(e), 0);
        bool holds = evaluation_alerts(e, &alerts) > 0;
        evaluation_free(e);
        return holds;
}

static void test_in_rules(void **data) {
        (void) data;
        struct world w;
        world_start(&w);
        load_good(&w,
                  "version: 1\nlists:\n  stop:\n    words: [\"Merci d'arrêter\", 'annul*']\n    fr: [chat]\n    en: [dog]\n"
                  "rules: [{id: r, match: {fact: message.received, where: {text: {in_list: stop}}}}]\n");
        assert_true(rule_holds(&w, "Bonjour, MERCI  d\u2019arr\u00eater\nces appels", "fr"));
        assert_true(rule_holds(&w, "nous annulons", "fr"));
        assert_true(rule_holds(&w, "we annulled", "en"));
        assert_false(rule_holds(&w, "nous reannulons", "fr"));
        assert_true(rule_holds(&w, "le chat", "fr"));
        assert_false(rule_holds(&w, "le chat", "en"));
        assert_true(rule_holds(&w, "the dog", NULL));
        assert_false(rule_holds(&w, "the dogs", NULL));
        load_good(&w,
                  "version: 1\nrules: [{id: r, match: {fact: message.received, where: {text: {contains: 'annul*'}}}}]\n");
        assert_true(rule_holds(&w, "c'est annulé", "fr"));
        assert_false(rule_holds(&w, "c'est banal", "fr"));
        world_end(&w);
}

static int load_words(struct world *w, const char *words) {
        static const char rules[] = "version: 1\nlists: {stop: {file: stop.txt}}\n"
                                    "rules: [{id: r, match: {fact: message.received, where: {text: {in_list: stop}}}}]\n";
        const struct rule_file files[] = {
                {.file = {.path = "etc/rules.d/a.yaml", .data = rules, .size = strlen(rules)}},
                {.file = {.path = "etc/rules.d/stop.txt", .data = words, .size = strlen(words)}, .words = true},
        };
        w->rules = ruleset_free(w->rules);
        diagnostics_free(&w->d);
        return ruleset_load(files, words[0] ? 2 : 1, &w->settings, &w->d, &w->rules);
}

static int note_path(const char *path, void *userdata) {
        (void) snprintf(userdata, 100, "%s", path);
        return 0;
}

static void test_files(void **data) {
        (void) data;
        struct world w;
        char path[100] = "";
        static const char named[] = "version: 1\nlists: {stop: {file: stop.txt}, other: {words: [x]}}\n";
        const struct rule_file file = {.file = {.path = "etc/rules.d/a.yaml", .data = named, .size = strlen(named)}};
        world_start(&w);
        assert_int_equal(rule_files_mentioned(&file, note_path, path), 0);
        assert_string_equal(path, "etc/rules.d/stop.txt");
        assert_int_equal(load_words(&w, "\xEF\xBB\xBF# comment\r\nplus jamais\r\n\r\n[en]\n  never again \n"), 0);
        assert_true(rule_holds(&w, "plus jamais ça", "fr"));
        assert_false(rule_holds(&w, "never again", "fr"));
        assert_true(rule_holds(&w, "never again", "en"));
        assert_false(rule_holds(&w, "comment", "fr"));

        static const struct {
                const char *words, *code;
                unsigned line, column;
        } bad[] = {
                {"fine\n  a.*b\n", "bad-pattern", 2, 3},
                {"fine\n\n[xx]\n", "bad-value", 3, 1},
                {"caf\xE9\n", "yaml-encoding", 1, 1},
                {"a*\n", "bad-value", 1, 1},
                {"", "missing-file", 2, 22}, /* not there: told where it is named */
        };
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                assert_int_equal(load_words(&w, bad[i].words), -EBADMSG);
                assert_int_equal(w.d.n, 1);
                assert_string_equal(w.d.items[0].code, bad[i].code);
                assert_string_equal(w.d.items[0].file, *bad[i].words ? "etc/rules.d/stop.txt" : "etc/rules.d/a.yaml");
                assert_int_equal(w.d.items[0].line, bad[i].line);
                assert_int_equal(w.d.items[0].column, bad[i].column);
        }
        world_end(&w);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_random),   cmocka_unit_test(test_languages), cmocka_unit_test(test_nothing),
                cmocka_unit_test(test_in_rules), cmocka_unit_test(test_files),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
