/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "parsers/buf.h"
#include "parsers/limits.h"
#include "parsers/mime.h"

static int found(const struct mime_leaf *leaf, void *userdata) {
        return buf_printf(userdata, "%s[%s%s%s]%.*s", ((struct buf *) userdata)->size ? " " : "", leaf->media_type,
                          leaf->alternative ? "/a" : "", leaf->containers & MIME_RELATED ? "/r" : "", (int) leaf->size,
                          leaf->body);
}

static int walk(const char *data, size_t n, struct buf *out, bool *ret_truncated) {
        struct header_cursor c = header_begin(data, n, false);
        struct mime_fields fields = {0};
        struct field f;
        while (header_next(&c, &f))
                mime_fields_add(&fields, &f);
        return mime_walk(&fields, c.p, (size_t) (c.end - c.p), found, out, ret_truncated);
}

static void check(const char *data, const char *expected) {
        _cleanup_buf_ struct buf b = {0};
        bool truncated = false;
        assert_int_equal(walk(data, strlen(data), &b, &truncated), 0);
        if (strcmp(b.data, expected) != 0)
                fail_msg("%s\n\"%s\" instead of \"%s\"", data, b.data, expected);
        assert_false(truncated);
}

#define MIXED "Content-Type: multipart/mixed; boundary=b\n\n"

static void test_structure(void **state) {
        (void) state;
        check("\nhello", "[text/plain]hello");
        check("Content-Type: text/html\n\nx", "[text/html]x");
        check(MIXED "pre\n--b\n\none\n--b\nContent-Type: image/png\n\ntwo\n--b--\nepilogue\n",
              "[text/plain]one [image/png]two");
        check("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n",
              "[text/plain]one [text/plain]two");
        check(MIXED "--b\n\none\n", "[text/plain]one\n"); /* never closed */
        check(MIXED "--b\n\none\n--b--", "[text/plain]one");
        check(MIXED "--b  \n\none\n--b-- \n", "[text/plain]one"); /* blanks after delimiters */
        check(MIXED "--b\n--b\n\nx\n--b--\n", "[text/plain]x");   /* a delimiter twice */
        check(MIXED "--b\n--b\n--b\n\nx\n--b--\n", "[text/plain]x");
        check(MIXED "--b\n\n--b\n\nx\n--b--\n", "[text/plain] [text/plain]x"); /* an empty part */
        check(MIXED "--b\ntext without header\n--b--\n", "[text/plain]text without header");
        check(MIXED "--b\nContent-Type: text/html\n--b\n\nx\n--b--\n",
              "[text/html] [text/plain]x");                                            /* header cut by a delimiter */
        check(MIXED "--bc\n\nno\n--b\n\nyes\n--bc\n--b--\n", "[text/plain]yes\n--bc"); /* begins alike */
        check(MIXED "no delimiter at all\n", "[text/plain]no delimiter at all\n");
        check(MIXED "", "[text/plain]");
        check("Content-Type: multipart/mixed; boundary=\"b c\"\n\n--b c\n\nx\n--b c--\n", "[text/plain]x");
        check("Content-Type: multipart/mixed; boundary=\"b\" ; x=y\n\n--b\n\nx\n--b--\n", "[text/plain]x");
        check("Content-Type: multipart/mixed; BOUNDARY=b\n\n--b\n\nx\n--b--\n", "[text/plain]x");
        check("Content-Type: multipart/mixed\n\n--lost\n\nx\n--lost--\n", "[text/plain]x"); /* parameter lost */
        check("Content-Type: multipart/mixed\n\ntext\n", "[multipart/mixed]text\n");
        check(MIXED "--b\nContent-Type: message/rfc822\n\nSubject: x\nContent-Type: multipart/mixed; "
                    "boundary=z\n\n--z\n\ny\n--z--\n--b--\n",
              "[message/rfc822]Subject: x\nContent-Type: multipart/mixed; boundary=z\n\n--z\n\ny\n--z--");
        check("Content-Type: multipart/mixed; boundary=\"\"\n\n--lost\n\nx\n--lost--\n", "[text/plain]x");
        check("Content-Type: multipart/mixed; boundary=b;\n\n--b\nContent-Type: "
              "multipart/mixed\n\n--in\n\nx\n--in--\n--b--\n",
              "[text/plain]x"); /* lost further in */
        check("Content-Type: multipart/mixed; boundary='b'\n\n--'b'\n\nx\n--'b'--\n", "[text/plain]x");
        check("Content-Type: Multipart/Mixed; Boundary=b\n\n--b\nCONTENT-TYPE: Text/HTML\n\nx\n--b--\n", "[text/html]x");
        check(MIXED "--b\n Content-Type: text/html\n\nx\n--b--\n", "[text/plain] Content-Type: text/html\n\nx");
        check("Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: x\n\n--b--\n", "[message/rfc822]Subject: x\n");
}

static void test_nesting(void **state) {
        (void) state;
        check("Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/alternative; "
              "boundary=i\n\n--i\n\np\n--i\n"
              "Content-Type: text/html\n\nh\n--i--\n--o\nContent-Type: image/png\n\nx\n--o--\n",
              "[text/plain/a]p [text/html/a]h [image/png]x");
        /* The inner multipart is not closed: the outer delimiter ends it. */
        check("Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/alternative; "
              "boundary=i\n\n--i\n\np\n--o\n\nx\n--o--\n",
              "[text/plain/a]p [text/plain]x");
        /* The inner boundary is the outer one with more behind. */
        check("Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/related; "
              "boundary=o1\n\n--o1\n\np\n--o1--\n--o\n\nx\n--o--\n",
              "[text/plain/r]p [text/plain]x");
        /* Both have the same boundary: the innermost counts. */
        check("Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/mixed; "
              "boundary=o\n\n--o\n\np\n--o--\n--o\n\nx\n--o--\n",
              "[text/plain]p [text/plain]x");
        check("Content-Type: multipart/alternative; boundary=a\n\n--a\n\np\n--a\nContent-Type: multipart/related; "
              "boundary=r\n\n--r\n"
              "Content-Type: text/html\n\nh\n--r\nContent-Type: image/gif\n\ng\n--r--\n--a--\n",
              "[text/plain/a]p [text/html/a/r]h [image/gif/a/r]g");
}

static void test_ceilings(void **state) {
        _cleanup_buf_ struct buf b = {0}, out = {0};
        bool truncated = false;
        (void) state;
        for (unsigned i = 0; i < 100000; i++)
                buf_printf(&b, "Content-Type: multipart/mixed; boundary=b%u\n\n--b%u\n", i, i);
        assert_int_equal(walk(b.data, b.size, &out, &truncated), 0);
        assert_true(truncated);
        assert_memory_equal(out.data, "[multipart/mixed]", 17);

        buf_reset(&b);
        buf_reset(&out);
        truncated = false;
        buf_add_str(&b, MIXED);
        for (unsigned i = 0; i < 100000; i++)
                buf_add_str(&b, "--b\n\nx\n");
        assert_int_equal(walk(b.data, b.size, &out, &truncated), 0);
        assert_true(truncated);
        assert_int_equal(out.size, MIME_PARTS_MAX * strlen(" [text/plain]x") - 1);

        buf_reset(&b);
        buf_add_str(&b, MIXED "--b\n\n");
        for (unsigned i = 0; i < 1000; i++)
                buf_add_str(&b, "Content-Type: message/rfc822\n\n");
        buf_reset(&out);
        truncated = false;
        assert_int_equal(walk(b.data, b.size, &out, &truncated), 0);
        assert_false(truncated);
}

static int refuse(const struct mime_leaf *leaf, void *userdata) {
        (void) leaf;
        ++*(int *) userdata;
        return -ECANCELED;
}

static void test_refusal(void **state) {
        static const char data[] = "--b\n\none\n--b\n\ntwo\n--b--\n", type[] = " multipart/mixed; boundary=b";
        struct mime_fields fields = {.content_type = {"Content-Type", 12, type, sizeof(type) - 1}};
        bool truncated = false;
        int calls = 0;
        (void) state;
        assert_int_equal(mime_walk(&fields, data, sizeof(data) - 1, refuse, &calls, &truncated), -ECANCELED);
        assert_int_equal(calls, 1);
}

static void test_media_types(void **state) {
        static const struct {
                const char *text, *expected;
        } table[] = {
                {"text/html", "text/html"},
                {" Text/HTML; charset=x", "text/html"},
                {"(comment) text/html", "text/html"},
                {"text / html", "text/html"},
                {"text", "text/plain"},
                {"", "text/plain"},
                {"/", "text/plain"},
                {"text/", "text/plain"},
                {";charset=x", "text/plain"},
                {"image/svg+xml", "image/svg+xml"},
                {"text/html charset=x", "text/html"},
        };
        char type[MEDIA_TYPE_MAX + 1];
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                struct field f = {"Content-Type", 12, table[i].text, strlen(table[i].text)};
                mime_media_type(&f, type);
                assert_string_equal(type, table[i].expected);
        }
        mime_media_type(&(struct field){0}, type);
        assert_string_equal(type, "text/plain");
}

static void test_parameters(void **state) {
        static const struct {
                const char *text, *expected, *charset; /* expected NULL: absent */
        } table[] = {
                {"a/b; name=x", "x", ""},
                {"a/b;name=x;y=z", "x", ""},
                {"a/b; NAME = \"x y\" ; y=z", "x y", ""},
                {"a/b; name=two words.txt; y=z", "two words.txt", ""},
                {"a/b; name=\"a\\\"b\\\\c\"", "a\"b\\c", ""},
                {"a/b; name=\"C:\\new\\x.txt\"", "C:\\new\\x.txt", ""},
                {"a/b; name=\"unclosed", "\"unclosed", ""},
                {"a/b; name=\"a;b\"; y=z", "a;b", ""},
                {"a/b; name=", "", ""},
                {"a/b; y=name", NULL, ""},
                {"a/b", NULL, ""},
                {"name=x", NULL, ""},
                {"a/b; name", NULL, ""},
                {"a/b; junk; name=x", "x", ""},
                {"a/b; name*=UTF-8''%C3%A9t%C3%A9.pdf", "\xC3\xA9t\xC3\xA9.pdf", "UTF-8"},
                {"a/b; name=plain; name*=iso-8859-1'fr'%E9", "\xE9", "iso-8859-1"},
                {"a/b; name*=no-quotes", "no-quotes", ""},
                {"a/b; name*0=ab; name*1=cd", "abcd", ""},
                {"a/b; name*1=cd; name*0=ab", "abcd", ""},
                {"a/b; name*0*=utf-8''%C3; name*1*=%A9; name*2=\".pdf\"", "\xC3\xA9.pdf", "utf-8"},
                {"a/b; name*2=x", NULL, ""},
                {"a/b; name*0=a; name*2=c", "a", ""},
                {"a/b; name*=''%ZZ%4", "%ZZ%4", ""},
                {"a/b; name=\"a\r\n b\"", "a b", ""},
                {"a/b (c;d) ; name=x", "x", ""},
                {"a/b; name*=\"UTF-8''%C3%A9.pdf\"", "\xC3\xA9.pdf", "UTF-8"},
                {"a/b; name*=%C3%A9.pdf", "\xC3\xA9.pdf", ""}, /* no charset: the bytes tell */
                {"a/b; name*=UTF-8''%C3%A9.pdf; name=x", "\xC3\xA9.pdf", "UTF-8"},
                {"a/b; name=x; name*0=a; name*1=b", "x", ""},
                {"a/b; name*2=e; name*0=a; name*1=c", "ace", ""},
                {"a/b; name*1=b; name*2=c", "bc", ""}, /* counted from one */
                {"a/b; name*0*=utf-8''%C3%A9; name*2*=%C3%A9", "\xC3\xA9", "utf-8"},
                {"a/b; name*00=a; name*01=b", "ab", ""},
                {"a/b; name*0=a; name*0=z; name*1=b", "ab", ""},
                {"a/b; name*0=\"utf-8''a\"; name*1=\"%41\"", "utf-8''a%41", ""},
                {"a/b; name*0*=utf-8''a; name*1=%41", "a%41", "utf-8"},
                {"a/b; name*=utf-8'fr'", "", "utf-8"},
                {"a/b; name*=it's%20here", "it's here", ""},
                {"a/b; name=%C3%A9.pdf", "%C3%A9.pdf", ""},
                {"a/b; name==?utf-8?Q?=C3=A9?=", "=?utf-8?Q?=C3=A9?=", ""},
        };
        char value[64], charset[MIME_LABEL_MAX + 1];
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                struct field f = {"Content-Type", 12, table[i].text, strlen(table[i].text)};
                bool there = mime_parameter(&f, "name", value, sizeof(value), charset);
                if (there != !!table[i].expected || (there && strcmp(value, table[i].expected) != 0))
                        fail_msg("%s: \"%s\"", table[i].text, there ? value : "(absent)");
                assert_string_equal(charset, table[i].charset);
        }
        struct field f = {"Content-Type", 12, "a/b; name=abcdef", 16};
        assert_true(mime_parameter(&f, "name", value, 4, NULL));
        assert_string_equal(value, "abc");
}

static void test_disposition(void **state) {
        (void) state;
        assert_true(mime_disposition_is(&(struct field){"", 0, " Attachment; filename=x", 23}, "attachment"));
        assert_true(mime_disposition_is(&(struct field){"", 0, "attachment", 10}, "attachment"));
        assert_false(mime_disposition_is(&(struct field){"", 0, "attachments", 11}, "attachment"));
        assert_false(mime_disposition_is(&(struct field){"", 0, "inline", 6}, "attachment"));
        assert_false(mime_disposition_is(&(struct field){0}, "attachment"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_structure),   cmocka_unit_test(test_nesting),     cmocka_unit_test(test_ceilings),
                cmocka_unit_test(test_refusal),     cmocka_unit_test(test_media_types), cmocka_unit_test(test_parameters),
                cmocka_unit_test(test_disposition),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
