/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/rules-help.h"

/* Every row is whole: a name of its own, a sentence, fields with types, enums with their words. */
static void test_table(void **state) {
        (void) state;
        for (int t = 0; t < _FACT_TYPE_MAX; t++) {
                const struct fact_row *row = &fact_table[t];
                assert_non_null(row->name);
                assert_non_null(row->doc);
                assert_true(row->n_fields > 0 && row->n_fields <= FACT_FIELDS_MAX);
                for (uint32_t i = 0; i < row->n_fields; i++) {
                        const struct fact_field *f = &row->fields[i];
                        assert_true(f->type != VALUE_NONE);
                        assert_true((f->type == VALUE_ENUM) == (f->values != NULL));
                        assert_true(strlen(f->doc) > 3);
                        assert_int_equal(fact_field_index((enum fact_type) t, f->name), i);
                }
                if (t != FACT_RULE)
                        assert_int_equal(fact_type_from_name(row->name), t);
        }
}

static void test_names(void **state) {
        (void) state;
        assert_int_equal(fact_type_from_name("rule.unanswered-request"), FACT_RULE);
        assert_int_equal(fact_type_from_name("rule."), -ENOENT);
        assert_int_equal(fact_type_from_name("rule"), -ENOENT);
        assert_int_equal(fact_type_from_name("message.lost"), -ENOENT);
        assert_int_equal(fact_type_from_name(""), -ENOENT);
        assert_int_equal(fact_field_index(FACT_MESSAGE_SENT, "notice"), -ENOENT);
        assert_int_equal(fact_field_index(FACT_MEETING_HELD, "client"), FACT_COMMON_INDEX(1));
}

/* Positions written in C are those of the names. */
static void test_positions(void **state) {
        (void) state;
        assert_int_equal(fact_field_index(FACT_MEETING_CANCELLED, "planned_notice"), F_MEETING_PLANNED_NOTICE);
        assert_int_equal(fact_field_index(FACT_MESSAGE_RECEIVED, "absence_until"), F_MESSAGE_ABSENCE_UNTIL);
        assert_int_equal(fact_field_index(FACT_REQUEST_SENT, "thread_id"), F_REQUEST_THREAD_ID);
        assert_int_equal(fact_field_index(FACT_RULE, "breach"), F_BREACH_BREACH);
        assert_int_equal(fact_field_index(FACT_INVOICE_SENT, "due_date"), F_INVOICE_DUE_DATE);
}

static void test_values(void **state) {
        (void) state;
        struct client c = {.id = "dupont"};
        struct fact f = {.type = FACT_MESSAGE_RECEIVED, .at = 1000, .client = &c, .uid = "u"};
        set(&f, "hour", v_int(22));
        assert_int_equal(fact_value(&f, "hour").i, 22);
        assert_int_equal(fact_value(&f, "at").i, 1000);
        assert_string_equal(fact_value(&f, "client").s, "dupont");
        assert_string_equal(fact_value(&f, "uid").s, "u");
        assert_int_equal(fact_value(&f, "person").type, VALUE_NONE);
        assert_int_equal(fact_value(&f, "source").type, VALUE_NONE);
        assert_int_equal(fact_value(&f, "message_id").type, VALUE_NONE);
        assert_int_equal(fact_value(&f, "no_such").type, VALUE_NONE);
        assert_int_equal(fact_value_at(&f, FACT_FIELDS_MAX).type, VALUE_NONE);
        f.client = NULL;
        assert_int_equal(fact_value(&f, "client").type, VALUE_NONE);
}

static void test_copy(void **state) {
        (void) state;
        struct arena *arena;
        assert_int_equal(arena_new(0, &arena), 0);
        char text[] = "bonjour", word[] = "rude", person[] = "a@b";
        const char *list[] = {word, NULL};
        struct fact f = {.type = FACT_MESSAGE_RECEIVED, .at = 5, .key = 9, .person = person};
        set(&f, "text", v_string(text));
        set(&f, "lists", (struct value){.type = VALUE_LIST, .list = list});
        struct fact *copy = fact_copy(&f, arena);
        assert_non_null(copy);
        memset(text, 'x', sizeof(text) - 1);
        memset(word, 'x', sizeof(word) - 1);
        memset(person, 'x', sizeof(person) - 1);
        assert_string_equal(fact_value(copy, "text").s, "bonjour");
        assert_string_equal(fact_value(copy, "lists").list[0], "rude");
        assert_null(fact_value(copy, "lists").list[1]);
        assert_string_equal(copy->person, "a@b");
        assert_int_equal(copy->key, 9);
        assert_null(copy->uid);
        arena_free(arena);
        /* No room: no copy. */
        assert_int_equal(arena_new(16, &arena), 0);
        assert_null(fact_copy(&f, arena));
        arena_free(arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_table),  cmocka_unit_test(test_names), cmocka_unit_test(test_positions),
                cmocka_unit_test(test_values), cmocka_unit_test(test_copy),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
