/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "rules/yaml.h"

struct parsed {
        struct arena *arena;
        struct diagnostics d;
        struct yaml_node *root;
        int r;
};

static void parsed_free(struct parsed *p) {
        arena_free(p->arena);
        diagnostics_free(&p->d);
}
#define _cleanup_parsed_ _cleanup_(parsed_free)

static struct parsed parse_n(const char *s, size_t n) {
        struct parsed p = {0};
        assert_int_equal(arena_new(0, &p.arena), 0);
        p.r = yaml_parse("t.yaml", s, n, p.arena, &p.d, &p.root);
        assert_true(p.r == 0 || p.r == -EBADMSG);
        assert_int_equal(p.r == 0, p.d.errors == 0);
        if (p.r < 0)
                assert_null(p.root);
        return p;
}

static struct parsed parse(const char *s) {
        return parse_n(s, strlen(s));
}

static void assert_fault(const struct parsed *p, size_t i, uint32_t line, uint32_t column, const char *code,
                         const char *text, const char *hint) {
        assert_int_equal(p->r, -EBADMSG);
        assert_true(p->d.n > i);
        const struct diagnostic *d = &p->d.items[i];
        assert_string_equal(d->code, code);
        if (!strstr(d->text, text))
                fail_msg("\"%s\" does not contain \"%s\"", d->text, text);
        if (hint && (!d->hint || !strstr(d->hint, hint)))
                fail_msg("hint \"%s\" does not contain \"%s\"", d->hint ? d->hint : "(none)", hint);
        assert_int_equal(d->line, line);
        assert_int_equal(d->column, column);
}

static void test_tree_and_places(void **state) {
        (void) state;
        _cleanup_parsed_ struct parsed p =
                parse("owner:\n  name: Camille Martin\n  addresses: [a@b.example, 'c@d.example']\n"
                      "clients:\n  - {id: dupont}\n  - id: é\n    name: \"x y\"\n");
        assert_int_equal(p.r, 0);
        const struct yaml_node *owner = yaml_get(p.root, "owner"), *name = yaml_get(owner, "name");
        assert_int_equal(owner->type, YAML_MAPPING);
        assert_int_equal(owner->line, 2);
        assert_int_equal(owner->column, 3);
        assert_int_equal(owner->key->line, 1);
        assert_string_equal(name->scalar, "Camille Martin");
        assert_int_equal(name->line, 2);
        assert_int_equal(name->column, 9);
        assert_int_equal(name->length, 14);
        assert_false(name->quoted);
        assert_int_equal(name->key->column, 3);
        assert_int_equal(name->key->length, 4);
        const struct yaml_node *list = yaml_get(owner, "addresses");
        assert_int_equal(list->type, YAML_SEQUENCE);
        assert_string_equal(list->child->scalar, "a@b.example");
        assert_true(list->child->next->quoted);
        assert_null(list->child->next->next);
        assert_null(list->child->key);
        const struct yaml_node *second = yaml_get(p.root, "clients")->child->next;
        assert_string_equal(yaml_get(second, "id")->scalar, "é");
        assert_int_equal(yaml_get(second, "id")->length, 1);
        assert_true(yaml_get(second, "name")->quoted);
        assert_null(yaml_get(second, "nothing"));
        assert_null(yaml_get(name, "x"));
        assert_null(yaml_get(NULL, "x"));
}

static void test_nothing_written(void **state) {
        (void) state;
        static const char *const files[] = {"",        "\n\n",         "# only a comment\n", "---\n",
                                            "--- ~\n", "\xef\xbb\xbf", "\xef\xbb\xbf# x\n"};
        for (size_t i = 0; i < ELEMENTSOF(files); i++) {
                _cleanup_parsed_ struct parsed p = parse(files[i]);
                assert_int_equal(p.r, 0);
                assert_null(p.root);
        }
        _cleanup_parsed_ struct parsed p = parse_n(NULL, 0);
        assert_int_equal(p.r, 0);
}

static void test_byte_order_mark_moves_nothing(void **state) {
        (void) state;
        _cleanup_parsed_ struct parsed p = parse("\xef\xbb\xbfname: x\r\nage: 3\r\n");
        assert_int_equal(p.r, 0);
        assert_int_equal(yaml_get(p.root, "name")->column, 7);
        assert_int_equal(yaml_get(p.root, "age")->line, 2);
        assert_string_equal(yaml_get(p.root, "name")->scalar, "x");
}

static void test_scalars_stay_what_was_written(void **state) {
        (void) state;
        _cleanup_parsed_ struct parsed p =
                parse("a: off\nb: 22:30\nc: 010\nd: 2026-12-31\ne: ~\nf:\ng: \"null\"\nh: |\n  two\n  lines\n<<: x\n");
        assert_int_equal(p.r, 0);
        assert_string_equal(yaml_get(p.root, "a")->scalar, "off");
        assert_string_equal(yaml_get(p.root, "b")->scalar, "22:30");
        assert_string_equal(yaml_get(p.root, "c")->scalar, "010");
        assert_string_equal(yaml_get(p.root, "d")->scalar, "2026-12-31");
        assert_true(yaml_is_null(yaml_get(p.root, "e")));
        assert_true(yaml_is_null(yaml_get(p.root, "f")));
        assert_false(yaml_is_null(yaml_get(p.root, "g")));
        assert_string_equal(yaml_get(p.root, "h")->scalar, "two\nlines\n");
        assert_string_equal(yaml_get(p.root, "<<")->scalar, "x");
        assert_false(yaml_is_null(p.root));
        assert_false(yaml_is_null(NULL));
}

static void test_values(void **state) {
        (void) state;
        _cleanup_parsed_ struct parsed p = parse(
                "[true, yes, ON, Off, no, FALSE, 'true', maybe, y, 010, -12, +7, '10', 1_000, 0x10, 9223372036854775807,"
                " 9223372036854775808, -9223372036854775808, -, '', 0.5, 1.25, -3, .5, 5., 1e3, 0.1, 1.2.3, nan, "
                "123456789012345,"
                " 1234567890123456]");
        assert_int_equal(p.r, 0);
        static const int bools[] = {1, 1, 1, 0, 0, 0, -1, -1, -1};
        const struct yaml_node *n = p.root->child;
        for (size_t i = 0; i < ELEMENTSOF(bools); i++, n = n->next) {
                bool v = bools[i] != 1;
                assert_int_equal(yaml_bool(n, &v), bools[i] < 0 ? -EINVAL : 0);
                if (bools[i] >= 0)
                        assert_int_equal(v, bools[i]);
        }
        static const struct {
                int r;
                int64_t v;
        } ints[] = {{0, 10},        {0, -12},     {0, 7},         {-EINVAL, 0}, {-EINVAL, 0}, {-EINVAL, 0},
                    {0, INT64_MAX}, {-EINVAL, 0}, {0, INT64_MIN}, {-EINVAL, 0}, {-EINVAL, 0}};
        for (size_t i = 0; i < ELEMENTSOF(ints); i++, n = n->next) {
                int64_t v = 77;
                assert_int_equal(yaml_int(n, &v), ints[i].r);
                assert_true(v == (ints[i].r < 0 ? 77 : ints[i].v));
        }
        static const struct {
                int r;
                double v;
        } numbers[] = {{0, 0.5},     {0, 1.25}, {0, -3},      {0, 0.5},     {-EINVAL, 0},
                       {-EINVAL, 0}, {0, 0.1},  {-EINVAL, 0}, {-EINVAL, 0}, {0, 123456789012345.0},
                       {-EINVAL, 0}};
        for (size_t i = 0; i < ELEMENTSOF(numbers); i++, n = n->next) {
                double v = 77;
                assert_int_equal(yaml_number(n, &v), numbers[i].r);
                assert_true(v == (numbers[i].r < 0 ? 77 : numbers[i].v));
        }
        assert_null(n);
        bool b;
        assert_int_equal(yaml_bool(p.root, &b), -EINVAL);
        assert_int_equal(yaml_bool(NULL, &b), -EINVAL);
}

static void test_duplicate_keys(void **state) {
        (void) state;
        _cleanup_parsed_ struct parsed p = parse("a: 1\nb: 2\na: 3\nc:\n  x: 1\n  y: 2\n  x: 3\n  'x': 4\n");
        assert_int_equal(p.d.n, 3);
        diagnostics_sort(&p.d);
        assert_fault(&p, 0, 3, 1, "duplicate-key", "\"a\" is written twice, first on line 1", NULL);
        assert_fault(&p, 1, 7, 3, "duplicate-key", "first on line 5", NULL);
        assert_fault(&p, 2, 8, 3, "duplicate-key", "first on line 5", NULL);
        _cleanup_parsed_ struct parsed q = parse("[{a: 1}, {a: 2}]");
        assert_int_equal(q.r, 0);
}

static void test_refused(void **state) {
        (void) state;
        static const struct {
                const char *data;
                uint32_t line, column;
                const char *code, *text, *hint;
        } cases[] = {
                {"a: &x 1\n", 1, 4, "yaml-refused", "anchors", "single quotes"},
                {"a: &x [1]\n", 1, 4, "yaml-refused", "anchors", NULL},
                {"a: &x {b: 1}\n", 1, 4, "yaml-refused", "anchors", NULL},
                {"a: 1\nb: *a\n", 2, 4, "yaml-refused", "aliases", "single quotes"},
                {"a: !!int 3\n", 1, 4, "yaml-refused", "tags", NULL},
                {"a: !important\n", 1, 4, "yaml-refused", "tags", "single quotes"},
                {"a: !!set {b: 1}\n", 1, 4, "yaml-refused", "tags", NULL},
                {"a: 1\n---\nb: 2\n", 2, 1, "yaml-refused", "second document", "---"},
                {"? [a, b]\n: c\n", 1, 3, "yaml-refused", "used as a key", NULL},
                {"? {a: b}\n: c\nd: e\n", 1, 3, "yaml-refused", "used as a key", NULL},
                {"{[a]: 1}\n", 1, 2, "yaml-refused", "used as a key", NULL},
                {"a: \"x\\0y\"\n", 1, 4, "yaml-refused", "NUL", NULL},
                {"\xff\xfe"
                 "a\0",
                 0, 0, "yaml-refused", "UTF-16", "UTF-8"},
                {"na\xc2\xa0me: x\n", 1, 1, "yaml-syntax", "no-break space", "retype"},
                {"owner:\n\xc2\xa0 name: x\n", 2, 1, "yaml-syntax", "no-break space", "blank"},
                {"subject: Re: invoice\n", 1, 12, "yaml-syntax", "mapping values are not allowed", "single quotes"},
                {"match:\n  - @client.example\n", 2, 5, "yaml-syntax", "cannot start any token", "single quotes"},
                {"match: `x`\n", 1, 8, "yaml-syntax", "cannot start any token", "single quotes"},
                {"a:\n\tb: 1\n", 2, 1, "yaml-syntax", "cannot start any token", "tab"},
                {"match: *@x.org\n", 1, 9, "yaml-syntax", "alias", "single quotes"},
                {"match: &@x.org\n", 1, 9, "yaml-syntax", "anchor", "single quotes"},
                {"regex: \"\\d+\"\n", 1, 9, "yaml-syntax", "unknown escape", "single quotes"},
                {"a: [1, 2\nb: 3\n", 2, 2, "yaml-syntax", "that begins on line 1", NULL},
                {"a: 'never closed\nb: 3\n", 3, 1, "yaml-syntax", "that begins on line 1", "quote"},
                {"a: 1\n b: 2\n", 2, 3, "yaml-syntax", "mapping values", "indentation"},
                {"a: \"x\" y\n", 1, 8, "yaml-syntax", "did not find expected key", "quote"},
                {"a: 1\nb: \xff\n", 2, 4, "yaml-syntax", "UTF-8", "UTF-8"},
                {"a: \x01\n", 1, 4, "yaml-syntax", "control characters", NULL},
                {"\xef\xbb\xbf"
                 "a: 1\nb\xc3\xa9: \xc3\n",
                 2, 5, "yaml-syntax", "UTF-8", NULL},
                {"a: 1\nb: x\xe2\x80\xa8y\n", 2, 1, "yaml-syntax", "line separator", NULL},
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_parsed_ struct parsed p = parse_n(cases[i].data, i == 12 ? 4 : strlen(cases[i].data));
                if (p.d.n == 0)
                        fail_msg("case %zu was accepted: %s", i, cases[i].data);
                if (p.d.items[0].line != cases[i].line || p.d.items[0].column != cases[i].column)
                        print_message("case %zu: %u:%u %s: %s\n", i, p.d.items[0].line, p.d.items[0].column, cases[i].data,
                                      p.d.items[0].text);
                assert_fault(&p, 0, cases[i].line, cases[i].column, cases[i].code, cases[i].text, cases[i].hint);
        }
}

static void test_utf16_without_mark(void **state) {
        (void) state;
        static const char little[] = "a\0:\0 \0b\0", big[] = "\0a\0:\0 \0b";
        _cleanup_parsed_ struct parsed p = parse_n(little, 8), q = parse_n(big, 8);
        assert_fault(&p, 0, 0, 0, "yaml-refused", "UTF-16", "UTF-8");
        assert_fault(&q, 0, 0, 0, "yaml-refused", "UTF-16", "UTF-8");
}

static void test_nul_byte(void **state) {
        (void) state;
        static const char data[] = "a: 1\nb: x\0y\n";
        _cleanup_parsed_ struct parsed p = parse_n(data, sizeof(data) - 1);
        assert_fault(&p, 0, 2, 5, "yaml-syntax", "control characters", NULL);
}

static void test_all_faults_of_a_run(void **state) {
        (void) state;
        _cleanup_parsed_ struct parsed p = parse("a: !x 1\na: *y\nb: &z 2\n? [k]\n: 3\nc: 1\nc: 2\nd: [\n");
        diagnostics_sort(&p.d);
        assert_int_equal(p.d.n, 5);
        assert_fault(&p, 0, 1, 4, "yaml-refused", "tags", NULL);
        assert_fault(&p, 1, 2, 4, "yaml-refused", "aliases", NULL);
        assert_fault(&p, 2, 3, 4, "yaml-refused", "anchors", NULL);
        assert_fault(&p, 3, 4, 3, "yaml-refused", "key", NULL);
        assert_int_equal(p.d.items[4].line, 9);
}

static void test_depth(void **state) {
        (void) state;
        char s[20001];
        for (size_t n = 31; n <= 33; n++) {
                memset(s, '[', n);
                memset(s + n, ']', n);
                s[2 * n] = 0;
                _cleanup_parsed_ struct parsed p = parse(s);
                assert_int_equal(p.r, n <= YAML_DEPTH_MAX ? 0 : -EBADMSG);
        }
        memset(s, '[', sizeof(s) - 1);
        s[sizeof(s) - 1] = 0;
        _cleanup_parsed_ struct parsed p = parse(s);
        assert_fault(&p, 0, 1, 33, "yaml-refused", "deep", NULL);
        for (size_t i = 0; i + 1 < sizeof(s); i += 2)
                memcpy(s + i, "- ", 2);
        _cleanup_parsed_ struct parsed q = parse(s);
        assert_fault(&q, 0, 1, 65, "yaml-refused", "deep", NULL);
        for (size_t i = 0; i + 1 < sizeof(s); i += 2)
                memcpy(s + i, "{?", 2);
        _cleanup_parsed_ struct parsed t = parse(s);
        assert_int_equal(t.r, -EBADMSG);
}

static void test_bombs(void **state) {
        (void) state;
        size_t size = 1024 * 1024;
        _cleanup_free_ char *s = malloc(size + 2);
        memset(s, ' ', size + 2);
        _cleanup_parsed_ struct parsed large = parse_n(s, size + 1);
        assert_fault(&large, 0, 0, 0, "yaml-refused", "larger than 1 MiB", NULL);
        memset(s, '[', size);
        _cleanup_parsed_ struct parsed deep = parse_n(s, size);
        assert_fault(&deep, 0, 1, 33, "yaml-refused", "deep", NULL);
        for (size_t i = 0; i < size; i += 2)
                memcpy(s + i, i == 0 ? "[ " : "a,", 2);
        _cleanup_parsed_ struct parsed many = parse_n(s, size);
        assert_int_equal(many.r, -EBADMSG);
        assert_non_null(strstr(many.d.items[0].text, "100000"));
        /* 40,000 keys, each twice: the list of faults ends, the count does not. */
        size_t used = 0;
        for (int i = 0; i < 40000; i++)
                used += (size_t) snprintf(s + used, size - used, "k%d: 1\n", i % 20000);
        _cleanup_parsed_ struct parsed twice = parse_n(s, used);
        assert_int_equal(twice.d.errors, 20000);
        _cleanup_parsed_ struct parsed laughs = parse("a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n");
        assert_int_equal(laughs.d.errors, 6);
        _cleanup_parsed_ struct parsed cycle = parse("&a [*a]\n");
        assert_int_equal(cycle.d.errors, 2);
}

static void test_every_prefix_and_byte(void **state) {
        (void) state;
        /* Whatever is cut off or replaced, the parser ends and its answer agrees with its list of faults. */
        static const char data[] = "owner: {a: [1, 'x', \"y\\n\"]}\nb:\n  - &c d\n  - *c\n? e\n: |\n  f\n---\ng\n";
        for (size_t n = 0; n < sizeof(data); n++) {
                _cleanup_parsed_ _unused_ struct parsed p = parse_n(data, n);
                for (size_t i = 0; i < 12 && n < sizeof(data) - 1; i++) {
                        char copy[sizeof(data)];
                        memcpy(copy, data, sizeof(data));
                        copy[n] = "\0\t\n:-[{*&!\"\xff"[i];
                        _cleanup_parsed_ _unused_ struct parsed q = parse_n(copy, sizeof(data) - 1);
                }
        }
}

static void test_memory_ceiling(void **state) {
        (void) state;
        struct arena *arena;
        assert_int_equal(arena_new(64, &arena), 0);
        _cleanup_diagnostics_ struct diagnostics d = {0};
        struct yaml_node *root = (void *) 1;
        assert_int_equal(yaml_parse("t", "a: [1, 2, 3]", 12, arena, &d, &root), -ENOMEM);
        assert_ptr_equal(root, (void *) 1);
        arena_free(arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_tree_and_places),
                cmocka_unit_test(test_nothing_written),
                cmocka_unit_test(test_byte_order_mark_moves_nothing),
                cmocka_unit_test(test_scalars_stay_what_was_written),
                cmocka_unit_test(test_values),
                cmocka_unit_test(test_duplicate_keys),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_utf16_without_mark),
                cmocka_unit_test(test_nul_byte),
                cmocka_unit_test(test_all_faults_of_a_run),
                cmocka_unit_test(test_depth),
                cmocka_unit_test(test_bombs),
                cmocka_unit_test(test_every_prefix_and_byte),
                cmocka_unit_test(test_memory_ceiling),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
