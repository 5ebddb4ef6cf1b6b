/* SPDX-License-Identifier: GPL-3.0-or-later */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
/* clang-format on */

#include <stdio.h>

#include <cmocka.h>

#include "parsers/request_model.h"
#include "parsers/text.h"

#define WORDS_MAX 400U

/* Cuts at blanks; "," is a break, a capital is folded and noted. */
static void cut(char *text, struct request_word words[static WORDS_MAX], char ending, uint32_t signals,
                struct request_sentence *ret) {
        size_t n = 0;
        for (char *p = text; *p && n < WORDS_MAX;) {
                size_t len = strcspn(p, " ");
                words[n] = (struct request_word){
                        .s = p, .len = (uint32_t) len, .comma = *p == ',', .upper = *p >= 'A' && *p <= 'Z'};
                if (words[n++].upper)
                        *p = (char) (*p + 32);
                p += len + (p[len] == ' ');
        }
        *ret = (struct request_sentence){.words = words, .n = n, .ending = ending, .signals = signals};
}

static int32_t score(const struct request_model *model, const char *text, char ending, uint32_t signals, char *ret_reason,
                     size_t size) {
        static struct request_word words[WORDS_MAX];
        static char copy[8192];
        struct request_sentence s;
        size_t at, len;

        (void) snprintf(copy, sizeof(copy), "%s", text);
        cut(copy, words, ending, signals, &s);
        int32_t result = request_score(model, &s, &at, &len);
        assert_true(at + len <= s.n);
        if (ret_reason)
                (void) snprintf(ret_reason, size, "%.*s", len > 0 ? (int) words[at].len : 0, len > 0 ? words[at].s : "");
        return result;
}

static void tells_requests_from_statements(void **state) {
        (void) state;
        static const struct {
                const struct request_model *model;
                const char *text;
                char ending;
                uint32_t signals;
                bool asks;
        } cases[] = {
                {&request_model_en, "We need to discuss this with you tomorrow", '.', 0, true},
                {&request_model_en, "Can you send me the file", '?', REQUEST_SIGNAL_QUESTION | REQUEST_SIGNAL_RULE, true},
                {&request_model_en, "Please call me when you get a chance", '.', REQUEST_SIGNAL_RULE, true},
                {&request_model_en, "The report was sent to the printer yesterday", '.', 0, false},
                {&request_model_en, "He told me that it was raining in Houston", '.', 0, false},
                {&request_model_en, "They have a big shop in the city", '.', 0, false},
                {&request_model_fr, "j' attends votre accord pour commencer", '.', 0, true},
                {&request_model_fr, "envoie le fichier a paul avant midi", '.', 0, true},
                {&request_model_fr, "je vous envoie le fichier demain", '.', 0, false},
                {&request_model_fr, "le site est en ligne depuis hier", '.', 0, false},
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                int32_t got = score(cases[i].model, cases[i].text, cases[i].ending, cases[i].signals, NULL, 0);
                if ((got > 0) != cases[i].asks)
                        print_message("%d: %s\n", (int) got, cases[i].text);
                assert_true((got > 0) == cases[i].asks);
        }
}

static void names_a_word_that_weighed(void **state) {
        (void) state;
        char reason[64];
        assert_true(score(&request_model_en, "Paul , please send it", '.', REQUEST_SIGNAL_RULE, reason, sizeof(reason)) > 0);
        assert_true(strcmp(reason, "please") == 0 || strcmp(reason, "send") == 0 || strcmp(reason, ",") == 0);
        /* Nothing known, nothing named. */
        (void) score(&request_model_en, "zzxq", 0, 0, reason, sizeof(reason));
        assert_string_equal(reason, "");
}

static void silence_is_final(void **state) {
        (void) state;
        static const char text[] = "please send me the file";
        assert_true(score(&request_model_en, text, '?', 0, NULL, 0) > 0);
        assert_true(score(&request_model_en, text, '?', REQUEST_SIGNAL_SILENT, NULL, 0) <= 0);
}

static void takes_any_length(void **state) {
        (void) state;
        char text[4096] = "";
        for (size_t n = 0; n + 12 < sizeof(text); n += 9)
                memcpy(text + n, "can you , ", 11);
        int32_t all = score(&request_model_en, text, '?', UINT32_MAX & ~REQUEST_SIGNAL_SILENT, NULL, 0);
        /* What follows the first eighty words changes nothing. */
        text[1000] = 0;
        int32_t first = score(&request_model_en, text, '?', UINT32_MAX & ~REQUEST_SIGNAL_SILENT, NULL, 0);
        assert_int_equal(all, first);
        (void) score(&request_model_en, "", 0, 0, NULL, 0);
        (void) score(&request_model_fr, ",", '!', 0, NULL, 0);
        (void) score(&request_model_fr, "\xC3\xA9 7 12.5 \xE4\xBD\xA0", '.', 0, NULL, 0);
}

struct sum {
        const struct request_model *model;
        int32_t score;
        uint32_t n;
};

static void add(void *userdata, uint32_t key, char kind, size_t at, size_t len) {
        struct sum *sum = userdata;
        (void) kind, (void) at, (void) len;
        sum->n++;
        for (size_t i = 0; i <= sum->model->weights_mask; i++)
                if (sum->model->weights[i].key == key)
                        sum->score += sum->model->weights[i].weight;
}

/* The score is the sum of the weights of the very features that training saw. */
static void judges_by_the_features_of_training(void **state) {
        (void) state;
        static struct request_word words[WORDS_MAX];
        char text[] = "Mark , could you send us the 3 reports before Friday 10:30";
        struct request_sentence s;
        cut(text, words, '?', REQUEST_SIGNAL_CLOCK | REQUEST_SIGNAL_QUESTION, &s);
        struct sum sum = {.model = &request_model_en};
        request_features(&request_model_en, &s, add, &sum);
        size_t at, len;
        int64_t scaled = (int64_t) sum.score * 16 / request_root(sum.n) + request_model_en.bias;
        assert_true(sum.n > 50);
        assert_int_equal(request_score(&request_model_en, &s, &at, &len), scaled * 1000 / request_model_en.one);
}

static void digits_are_alike(void **state) {
        (void) state;
        assert_int_equal(request_hash("10:30", 5), request_hash("11:45", 5));
        assert_int_not_equal(request_hash("10:30", 5), request_hash("10.30", 5));
        assert_int_not_equal(request_hash("send", 4), request_hash("sent", 4));
}

static void roots_in_sixteenths(void **state) {
        (void) state;
        assert_int_equal(request_root(0), 0);
        assert_int_equal(request_root(1), 16);
        assert_int_equal(request_root(2), 22);
        assert_int_equal(request_root(100), 160);
        assert_int_equal(request_root(10000), 1600);
}

static int weight_of(const struct request_model *m, uint32_t key) {
        for (size_t i = 0; i <= m->weights_mask; i++)
                if (m->weights[i].key == key)
                        return m->weights[i].weight;
        return 0;
}

/* Every weight is found from its key: all places before it send further on, its bit set, and the tables never full. The pairs say the same. */
static void check_model(const struct request_model *m) {
        size_t n = 0, classes = 0;
        for (size_t i = 0; i <= m->weights_mask; i++) {
                const struct request_weight *w = m->weights + i;
                if (!w->key)
                        continue;
                n++;
                assert_true(w->weight != 0 && w->weight >= -8000 && w->weight <= 8000);
                assert_true(m->present[REQUEST_BIT(w->key) / 32] >> REQUEST_BIT(w->key) % 32 & 1);
                for (size_t k = (w->key * UINT32_C(2654435761)) >> 8 & m->weights_mask; k != i;
                     k = (k + 1) & m->weights_mask)
                        assert_true(m->weights[k].key != 0 && m->weights[k].key != w->key && m->weights[k].more);
        }
        for (size_t i = 0; i <= m->classes_mask; i++) {
                const struct request_class *c = m->classes + i;
                for (size_t k = (c->key * UINT32_C(2654435761)) >> 8 & m->classes_mask; c->key && k != i;
                     k = (k + 1) & m->classes_mask)
                        assert_true(m->classes[k].more && m->classes[k].key != c->key);
                classes += c->key != 0;
        }
        for (uint32_t low = 0; low < REQUEST_CLASSES; low++)
                for (uint32_t high = low + 1; high < REQUEST_CLASSES; high++)
                        assert_int_equal(m->pairs[low * REQUEST_CLASSES + high], weight_of(m, request_pair(low, high)));
        assert_true(n > 1000 && n <= (m->weights_mask + 1) / 2);
        assert_true(classes > 100 && classes <= (m->classes_mask + 1) / 2);
}

static void tables_are_sound(void **state) {
        (void) state;
        check_model(&request_model_en);
        check_model(&request_model_fr);
        assert_true(request_knows(&request_model_en, "please", 6));
        assert_true(request_knows(&request_model_fr, "veuillez", 8));
        assert_false(request_knows(&request_model_en, "veuillez", 8));
        assert_false(request_knows(&request_model_en, "", 0));
}

static void count(void *userdata, const struct request_sentence *s) {
        unsigned *counts = userdata;
        assert_true(s->n > 0);
        counts[0]++;
        counts[1] += !!(s->signals & REQUEST_SIGNAL_QUESTION);
        counts[2] += !!(s->signals & REQUEST_SIGNAL_RULE);
        counts[3] += !!(s->signals & REQUEST_SIGNAL_SILENT);
}

/* What the training program sees. */
static void walks_the_sentences_of_a_text(void **state) {
        (void) state;
        struct phrase_index *index = NULL;
        unsigned counts[4] = {0};
        assert_int_equal(phrase_index_new(&index), 0);
        assert_int_equal(text_request_sentences(index, "Could you call me? I have to cancel our meeting. It rains.", "en",
                                                count, counts),
                         0);
        assert_int_equal(counts[0], 3);
        assert_int_equal(counts[1], 1);
        assert_int_equal(counts[2], 1);
        assert_int_equal(counts[3], 1);
        assert_int_equal(text_request_sentences(index, "", NULL, count, counts), 0);
        assert_int_equal(counts[0], 3);
        phrase_index_free(index);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(tells_requests_from_statements),
                cmocka_unit_test(names_a_word_that_weighed),
                cmocka_unit_test(silence_is_final),
                cmocka_unit_test(takes_any_length),
                cmocka_unit_test(judges_by_the_features_of_training),
                cmocka_unit_test(digits_are_alike),
                cmocka_unit_test(roots_in_sixteenths),
                cmocka_unit_test(tables_are_sound),
                cmocka_unit_test(walks_the_sentences_of_a_text),
        };
        return cmocka_run_group_tests_name("request-model", tests, NULL, NULL);
}
