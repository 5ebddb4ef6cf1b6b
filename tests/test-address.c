/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "parsers/address.h"
#include "parsers/buf.h"
#include "parsers/limits.h"
#include "parsers/text.h"

static struct charset_set *set;

static int open_set(void **state) {
        (void) state;
        return charset_open(&set);
}

static int close_set(void **state) {
        (void) state;
        set = charset_close(set);
        return 0;
}

/* "name <email>|name <email>", "-" for no name. */
static void parse(const char *text, struct buf *out, uint32_t max, bool *ret_truncated) {
        struct address_list list = {0};
        struct arena *arena;
        size_t n = strlen(text);
        char *padded = calloc(1, n + ADDRESS_PADDING);
        assert_non_null(padded);
        memcpy(padded, text, n);
        assert_int_equal(arena_new(0, &arena), 0);
        assert_int_equal(address_list_parse(set, padded, n, max, arena, &list, ret_truncated), 0);
        for (uint32_t i = 0; i < list.n; i++)
                buf_printf(out, "%s%s <%s>", i ? "|" : "", list.items[i].name ? list.items[i].name : "-",
                           list.items[i].email);
        arena_free(arena);
        free(padded);
}

static void test_lists(void **state) {
        static const struct {
                const char *text, *expected;
        } table[] = {
                {"", ""},
                {"a@x.example", "- <a@x.example>"},
                {"<a@x.example>", "- <a@x.example>"},
                {"John <a@X.Example>", "John <a@x.example>"},
                {"John.Doe@X.EXAMPLE", "- <John.Doe@x.example>"},
                {"\"Doe, John\" <a@x>", "Doe, John <a@x>"},
                {"a@x, b@y", "- <a@x>|- <b@y>"},
                {"A <a@x>, \"B, C\" <b@y>,", "A <a@x>|B, C <b@y>"},
                {"Doe, John <a@x>", "Doe, John <a@x>"},
                {"Doe, John <a@x>, b@y", "Doe, John <a@x>|- <b@y>"},
                {"b@y, Doe, John <a@x>", "- <b@y>|Doe, John <a@x>"},
                {"John Doe a@x.example", "John Doe <a@x.example>"},
                {"a@x.example (John Doe)", "John Doe <a@x.example>"},
                {"Eva (our) <eva(home)@x.example (in (old) Paris)>", "Eva <eva@x.example>"}, /* comments between the words */
                {"Eva <eva(@x.example>", "Eva <eva(@x.example>"},
                {"a@x.example (John (the) Doe)", "John (the) Doe <a@x.example>"},
                {"Smiley :-( <a@x>", "-( <a@x>"},
                {"a@x; b@y", "- <a@x>|- <b@y>"},
                {"team: A <a@x>, b@y;, c@z", "A <a@x>|- <b@y>|- <c@z>"},
                {"undisclosed-recipients:;", ""},
                {"undisclosed-recipients: ;", ""},
                {"<>", ""},
                {"\"\" <a@x>", "- <a@x>"},
                {"\"'a@x.example'\" <a@x.example>", "'a@x.example' <a@x.example>"},
                {"'John' <a@x>", "'John' <a@x>"},
                {"a@x.example <a@x.example>", "a@x.example <a@x.example>"},
                {"b@y.example <a@x.example>", "b@y.example <a@x.example>"},
                {"=?utf-8?Q?Andr=C3=A9?= <a@x>", "André <a@x>"},
                {"\"=?utf-8?Q?Andr=C3=A9?=\" <a@x>", "André <a@x>"},
                {"=?utf-8?B?Sm9obiA8YUBiLmM+?=", "John <a@b.c>"},
                {"Andr\xE9 <a@x>", "André <a@x>"},
                {"Andr\xC3\xA9 <a@x>", "André <a@x>"},
                {"<@r1,@r2:a@x>", "- <a@x>"},
                {"\"john doe\"@x.example", "- <\"john doe\"@x.example>"},
                {"root", "- <root>"},
                {"MAILER-DAEMON (Mail Delivery System)", "Mail Delivery System <MAILER-DAEMON>"},
                {"MAILER-DAEMON <>", "- <MAILER-DAEMON>"},
                {"Doe <>, John <a@x>", "John <a@x>"},
                {"Undisclosed recipients", ""},
                {"mailto:a@x", "- <a@x>"},
                {"<a@x", "- <a@x>"},
                {"John <a@x, b@y", "John <a@x>|- <b@y>"},
                {"\"unclosed <a@x>, b@y", "unclosed <a@x>|- <b@y>"},
                {"a@[192.0.2.1]", "- <a@[192.0.2.1]>"},
                {"a@[IPv6:2001:db8::1]", "- <a@[ipv6:2001:db8::1]>"},
                {"John Doe <a@x> junk", "John Doe junk <a@x>"},
                {",,,", ""},
                {"@", ""},
                {"a@", ""},
                {"@x", ""},
                {"John \"Jo\" Doe <a@x>", "John Jo Doe <a@x>"},
                {"J. R. Doe <a@x>", "J. R. Doe <a@x>"},
                {"A <a@x>,b@y,  C-D e_f <c.d+e@y.z>", "A <a@x>|- <b@y>|C-D e_f <c.d+e@y.z>"},
                {"A <a@x>,b@y , c@z", "A <a@x>|- <b@y>|- <c@z>"},
                {"A  B <a@x>", "A B <a@x>"},
                {"A<a@x>", "A <a@x>"},
                {"A <a@x> , <b@Y.Z>", "A <a@x>|- <b@y.z>"},
                {"A <a@x", "A <a@x>"},
                {"a..b@x.y", "- <a..b@x.y>"},
                {"a@x@y", "- <a@x@y>"},
        };
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                _cleanup_buf_ struct buf b = {0};
                bool truncated = false;
                parse(table[i].text, &b, ADDRESSES_MAX, &truncated);
                const char *got = b.data ? b.data : "";
                if (strcmp(got, table[i].expected) != 0)
                        fail_msg("%s: \"%s\" instead of \"%s\"", table[i].text, got, table[i].expected);
        }
}

static void test_ceilings(void **state) {
        _cleanup_buf_ struct buf b = {0}, text = {0};
        bool truncated = false;
        (void) state;
        parse("a@x, b@y, c@z", &b, 2, &truncated);
        assert_string_equal(b.data, "- <a@x>|- <b@y>");
        assert_true(truncated);

        buf_reset(&b);
        truncated = false;
        for (int i = 0; i < 400; i++)
                buf_add_char(&text, 'a');
        buf_add_str(&text, "@x, b@y");
        parse(text.data, &b, 10, &truncated); /* an address is left out rather than cut into another one */
        assert_string_equal(b.data, "- <b@y>");
        assert_true(truncated);
}

static void test_hostile(void **state) {
        static const char *const units[] = {"(",  ")", "<",  "\"", "\"a\" <", "a@b,", "a:",     "(a",
                                            "\\", ",", "=?", "[",  "@",       "'",    "<a@b> ", "a b "};
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(units); i++) { /* long repetitions end, and read nothing outside */
                _cleanup_buf_ struct buf text = {0}, b = {0};
                bool truncated = false;
                while (text.size < FIELD_BODY_MAX - 64)
                        buf_add_str(&text, units[i]);
                parse(text.data, &b, ADDRESSES_MAX, &truncated);
        }
}

static void test_memory(void **state) {
        struct address_list list = {0};
        struct arena *arena;
        char text[64] = "John <a@x>";
        bool truncated = false;
        (void) state;
        assert_int_equal(arena_new(16, &arena), 0);
        assert_int_equal(address_list_parse(set, text, strlen(text), 10, arena, &list, &truncated), -ENOMEM);
        arena_free(arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_lists), cmocka_unit_test(test_ceilings),
                                           cmocka_unit_test(test_hostile), cmocka_unit_test(test_memory)};
        return cmocka_run_group_tests(tests, open_set, close_set);
}
