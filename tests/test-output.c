/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "daemon/output.h"
#include "daemon/zones.h"
#include "parsers/utf8.h"

static void test_rfc3339(void **state) {
        const struct zone_table *zones = *state;
        const struct zone *paris = zone_table_find(zones, "Europe/Paris"), *kolkata = zone_table_find(zones, "Asia/Kolkata"),
                          *new_york = zone_table_find(zones, "America/New_York");
        char t[TIME_TEXT_SIZE];
        assert_string_equal(time_rfc3339(1772437800, paris, t), "2026-03-02T08:50:00+01:00");
        assert_string_equal(time_rfc3339(1772437800, kolkata, t), "2026-03-02T13:20:00+05:30");
        assert_string_equal(time_rfc3339(1772437800, new_york, t), "2026-03-02T02:50:00-05:00");
        assert_string_equal(time_rfc3339(1772437800, zone_utc(), t), "2026-03-02T07:50:00+00:00");
        assert_string_equal(time_rfc3339(INSTANT_UNKNOWN, paris, t), "");
        assert_string_equal(time_rfc3339(-2082844800, zone_utc(), t), "1904-01-01T00:00:00+00:00");
        assert_int_equal(strlen(time_rfc3339(INSTANT_MAX, zone_utc(), t)), 25);
}

static void test_human(void **state) {
        const struct zone_table *zones = *state;
        const struct zone *paris = zone_table_find(zones, "Europe/Paris");
        char t[64];
        assert_string_equal(time_human(1772437800, paris, "en", t, sizeof(t)), "Mon 2 Mar 2026 08:50");
        assert_string_equal(time_human(1772437800, paris, "fr", t, sizeof(t)), "lun. 2 mars 2026 08:50");
        assert_string_equal(time_human(1772437800, paris, NULL, t, sizeof(t)), "Mon 2 Mar 2026 08:50");
        assert_string_equal(time_human(INSTANT_UNKNOWN, paris, "en", t, sizeof(t)), "");
}

static void test_moments(void **state) {
        const struct zone_table *zones = *state;
        const struct zone *paris = zone_table_find(zones, "Europe/Paris");
        static const struct {
                struct moment moment;
                const char *text;
        } rows[] = {
                {{MOMENT_INSTANT, 1772437800}, "2026-03-02T08:50:00+01:00"},
                {{MOMENT_FLOATING, 1772441400}, "2026-03-02T08:50:00"},
                {{MOMENT_DATE, 1772409600}, "2026-03-02"},
        };
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                json_object *o = json_moment(&rows[i].moment, paris);
                assert_string_equal(json_object_get_string(o), rows[i].text);
                json_object_put(o);
        }
        assert_null(json_moment(&(struct moment){.form = MOMENT_NONE}, paris));
}

static void check_quote(const char *text, const char *want) {
        _cleanup_free_ char *q = quote(text);
        if (want)
                assert_string_equal(q, want);
        else
                assert_null(q);
}

static void test_quote(void **state) {
        (void) state;
        check_quote(NULL, NULL);
        check_quote("", NULL);
        check_quote(" \n\t ", NULL);
        check_quote("Bonjour,\n\n  ça   va ?\n", "Bonjour, ça va ?");
}

static void test_quote_is_cut_between_words(void **state) {
        (void) state;
        char text[2000] = "";
        for (int i = 0; i < 60; i++)
                strncat(text, "réunion ", sizeof(text) - strlen(text) - 1);
        _cleanup_free_ char *q = quote(text);
        size_t characters = 0;
        for (const char *p = q; *p; p++)
                characters += ((unsigned char) *p & 0xc0) != 0x80;
        assert_true(characters <= QUOTE_MAX + 1);
        assert_true(utf8_valid(q, strlen(q)));
        assert_string_equal(q + strlen(q) - strlen("réunion…"), "réunion…");
}

static void test_quote_of_one_endless_word(void **state) {
        (void) state;
        char text[3000];
        memset(text, 'x', sizeof(text) - 1);
        text[sizeof(text) - 1] = 0;
        _cleanup_free_ char *q = quote(text);
        assert_int_equal(strlen(q), QUOTE_MAX + strlen("…"));
}

static void test_message_object(void **state) {
        (void) state;
        struct address from = {"Jean \"JD\" Dupont", "jean@dupont.example"};
        struct message m = {
                .message_id = "a/b@x",
                .from = {&from, 1},
                .subject = "Où ?",
                .sent_at = INSTANT_UNKNOWN,
                .received_at = INSTANT_UNKNOWN,
                .flags = MESSAGE_REQUEST,
                .automatic = AUTOMATIC_VACATION,
        };
        json_object *o = json_message("a.eml", &m, 0, zone_utc());
        const char *s = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
        static const char *const parts[] = {
                "\"message_id\":\"a/b@x\"",
                "\"from\":[{\"name\":\"Jean \\\"JD\\\" Dupont\",\"email\":\"jean@dupont.example\"}]",
                "\"subject\":\"Où ?\"",
                "\"sent_at\":null",
                "\"request\":true",
                "\"automatic\":true,\"automatic_kind\":\"vacation\"",
                "\"references\":[]",
                "\"received_at\":\"1970-01-01T00:00:00+00:00\"",
                "\"calendar\":[]",
                "{\"file\":\"a.eml\",",
        };
        for (size_t i = 0; i < ELEMENTSOF(parts); i++)
                if (!strstr(s, parts[i]))
                        fail_msg("%s lacks %s", s, parts[i]);
        json_object_put(o);
}

/* Every field of the table is in the object, the unknown ones as null. */
static void test_fact_object(void **state) {
        (void) state;
        struct client client = {.id = "dupont"};
        struct fact f = {.type = FACT_MEETING_CANCELLED, .at = 0, .client = &client, .uid = "u"};
        f.values[F_MEETING_NOTICE] = (struct value){.type = VALUE_DURATION, .i = 4200};
        json_object *o = json_fact(&f, zone_utc()), *field;
        for (uint32_t i = 0; i < fact_table[f.type].n_fields; i++)
                assert_true(json_object_object_get_ex(o, fact_table[f.type].fields[i].name, &field));
        assert_true(json_object_object_get_ex(o, "notice", &field));
        assert_int_equal(json_object_get_int64(field), 4200);
        assert_true(json_object_object_get_ex(o, "client", &field));
        assert_string_equal(json_object_get_string(field), "dupont");
        assert_true(json_object_object_get_ex(o, "new_start", &field));
        assert_null(field);
        json_object_put(o);
}

static int setup(void **state) {
        struct zone_table *zones = NULL;
        int r = zones_load(&zones);
        *state = zones;
        return r;
}

static int teardown(void **state) {
        zone_table_free(*state);
        return 0;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rfc3339),
                cmocka_unit_test(test_human),
                cmocka_unit_test(test_moments),
                cmocka_unit_test(test_quote),
                cmocka_unit_test(test_quote_is_cut_between_words),
                cmocka_unit_test(test_quote_of_one_endless_word),
                cmocka_unit_test(test_message_object),
                cmocka_unit_test(test_fact_object),
        };
        return cmocka_run_group_tests(tests, setup, teardown);
}
