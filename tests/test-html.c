/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "parsers/text.h"
#include "parsers/utf8.h"

static const struct {
        const char *html, *text;
} cases[] = {
        {"", ""},
        {"plain", "plain"},
        {"<p>Bonjour,</p><p>une   ligne\n et&nbsp;demie</p>", "Bonjour,\n\nune ligne et demie"},
        {"<div>a</div><div>b</div>", "a\nb"},
        {"a<br>b<br/><br>c<br><br><br><br>d", "a\nb\n\nc\n\nd"},
        {"<p class=\"MsoNormal\">a</p><p class=\"MsoNormal\">b</p>", "a\nb"},
        {"<b>Pay</b>ment &amp; &eacute;t&#233; &lt;x&gt;", "Payment & été <x>"},
        {"<a href=\"https://example.com/?a=1\">the link</a>", "the link"},
        {"<html><head><title>T</title><style>p{}</style></head><body>x<script>alert('<p>')</script>y</body></html>", "xy"},
        {"<p>seen</p><p style=\"Display: none\">hidden <b>too</b></p><p hidden>gone</p>end", "seen\n\nend"},
        {"<ul><li>one</li><li>two</li></ul>", "one\ntwo"},
        {"<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"},
        {"<pre>a\n  b</pre>", "a\nb"},
        {"x<!-- <p>comment --> y", "x y"},
        {"<p>unclosed <b>tags <i>here", "unclosed tags here"},
        {"</div></p>text", "text"},
        {"<html><body>a</body></html>after", "a\n\nafter"},
        {"<html><head><title>T</title></head><BODY>a</BODY></HTML><html><body>b</body></html>", "a\n\nb"},
        {"<div>a</div></div></div>b", "a\nb"},
        {"<meta charset=\"iso-8859-1\"><p>\xC3\xA9t\xC3\xA9</p>", "été"},
        {"a&#8238;b&#1;c", "abc"},
        /* quotations */
        {"Oui.<blockquote>Jeudi ?<br>Ou lundi ?</blockquote>Merci", "Oui.\n\n> Jeudi ?\n> Ou lundi ?\n\nMerci"},
        {"<blockquote type=cite>a<blockquote type=cite>b</blockquote>c</blockquote>d", "> a\n\n> > b\n\n> c\n\nd"},
        {"<div dir=ltr>Yes.</div><br><div class=\"gmail_quote\"><div dir=ltr class=\"gmail_attr\">On Mon M wrote:<br></div>"
         "<blockquote class=\"gmail_quote\" style=\"margin:0\"><div>Thursday?</div></blockquote></div>",
         "Yes.\n\n> On Mon M wrote:\n\n> Thursday?"},
        {"<div class=\"gmail_quote\"><div class=\"gmail_attr\">On Mon M wrote:</div><blockquote "
         "class=\"gmail_quote\">Thursday?</blockquote><div>Yes.</div>"
         "<blockquote class=\"gmail_quote\">The quote?</blockquote><div>Tonight.</div></div>",
         "> On Mon M wrote:\n\n> Thursday?\n\nYes.\n\n> The quote?\n\nTonight."},
        {"FYI<div class=\"gmail_quote\"><div class=\"gmail_attr\">---------- Forwarded message ---------<br>From: "
         "M</div>Please send.<blockquote>x</blockquote>y</div>",
         "FYI\n> ---------- Forwarded message ---------\n> From: M\n> Please send.\n\n> x\n\n> y"},
        {"<div>Yes.</div><div id=\"appendonsend\"></div><hr><div id=\"divRplyFwdMsg\"><b>From:</b> M<br><b>Sent:</b> "
         "Monday</div><div>Thursday?</div>",
         "Yes.\n\n> From: M\n> Sent: Monday\n> Thursday?"},
        {"<p>Yes.</p><div class=\"moz-cite-prefix\">On 02/03, M wrote:</div><blockquote "
         "type=\"cite\">Thursday?</blockquote><p>Below.</p>",
         "Yes.\n\n> On 02/03, M wrote:\n\n> Thursday?\n\nBelow."},
        {"Yes<div class=\"protonmail_quote\">On Mon M wrote:<blockquote "
         "class=\"protonmail_quote\">Thursday?</blockquote></div>",
         "Yes\n> On Mon M wrote:\n\n> > Thursday?"},
        {"Yes<hr id=\"zwchr\" data-marker=\"__DIVIDER__\"><div data-marker=\"__HEADERS__\"><b>De: </b>M</div><div>Jeudi "
         "?</div>",
         "Yes\n\n> De: M\n> Jeudi ?"},
        {"<p>Yes</p><p id=\"reply-intro\">On Mon, M wrote:</p><blockquote type=\"cite\">Thursday?</blockquote>",
         "Yes\n\n> On Mon, M wrote:\n\n> Thursday?"},
        {"Ja<div name=\"quote\" style=\"margin:10px\">Gesendet: Montag</div>", "Ja\n> Gesendet: Montag"},
        {"Yes<div id=\"ydp3f1c2ayahoo_quoted_1\" class=\"ydp3f1c2ayahoo_quoted\">On Mon M wrote: x</div>",
         "Yes\n> On Mon M wrote: x"},
        {"Yes<div name=\"messageReplySection\">On Mon M wrote: x</div>", "Yes\n> On Mon M wrote: x"},
        {"Yes<div class=\"freshdesk_quote\">On Mon M wrote: x</div>", "Yes\n> On Mon M wrote: x"},
        {"Yes<div id=\"quoted_header\">From: M</div>", "Yes\n> From: M"},
        {"Yes<div class=\"yahoo_quoted\" id=\"yahoo_quoted_1\">On Mon M wrote: x</div>", "Yes\n> On Mon M wrote: x"},
        {"Ok<div class=\"gmail_signature\">Paul<br>CEO</div>", "Ok\n> Paul\n> CEO"},
};

static void turns_html_into_text(void **state) {
        (void) state;
        unsigned wrong = 0;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_arena_ struct arena *arena = NULL;
                char *text = NULL;
                bool truncated = true;
                assert_int_equal(arena_new(0, &arena), 0);
                assert_int_equal(html_to_text(cases[i].html, strlen(cases[i].html), 1 << 20, arena, &text, &truncated), 0);
                assert_false(truncated);
                if (strcmp(text, cases[i].text) == 0)
                        continue;
                print_message("--- %s\n--- got:\n%s\n--- expected:\n%s\n", cases[i].html, text, cases[i].text);
                wrong++;
        }
        assert_int_equal(wrong, 0);
}

static char *repeated(const char *piece, size_t n, const char *tail) {
        size_t k = strlen(piece), t = strlen(tail);
        char *s = malloc(n * k + t + 1);
        assert_non_null(s);
        for (size_t i = 0; i < n; i++)
                memcpy(s + i * k, piece, k);
        memcpy(s + n * k, tail, t + 1);
        return s;
}

/* A tree would lose text below depth 256. */
static void reads_any_depth(void **state) {
        (void) state;
        static const char *const tags[] = {
                "<div>", "<b>", "<blockquote>", "<table><tr><td>", "<div class=gmail_quote>", "<span style=\"color:red\">"};
        for (size_t i = 0; i < ELEMENTSOF(tags); i++) {
                _cleanup_arena_ struct arena *arena = NULL;
                _cleanup_free_ char *html = repeated(tags[i], 20000, "the needle");
                char *text;
                bool truncated;
                assert_int_equal(arena_new(0, &arena), 0);
                assert_int_equal(html_to_text(html, strlen(html), 1 << 20, arena, &text, &truncated), 0);
                assert_non_null(strstr(text, "the needle"));
        }
}

static void stops_at_the_limit(void **state) {
        (void) state;
        _cleanup_arena_ struct arena *arena = NULL;
        _cleanup_free_ char *html = repeated("\xC3\xA9t\xC3\xA9<br>", 10000, "");
        char *text;
        bool truncated = false;
        assert_int_equal(arena_new(0, &arena), 0);
        assert_int_equal(html_to_text(html, strlen(html), 1000, arena, &text, &truncated), 0);
        assert_true(truncated);
        assert_true(strlen(text) <= 1000 && strlen(text) >= 990);
        assert_true(utf8_clean(text, strlen(text)));
}

static void survives_bytes_that_are_no_html(void **state) {
        (void) state;
        static const char odd[] = "\xFF\xFE<p\0>\xE9t\xE9 <a href='x\0y'>z</p>\x01 end";
        static const char *const open[] = {"<!--", "<script>", "<a b='", "<", "&", "&#x", "</", "<![CDATA[", "<?xml "};
        _cleanup_arena_ struct arena *arena = NULL;
        char *text;
        bool truncated;
        assert_int_equal(arena_new(0, &arena), 0);
        assert_int_equal(html_to_text(odd, sizeof(odd) - 1, 1000, arena, &text, &truncated), 0);
        assert_non_null(strstr(text, "end"));
        assert_true(utf8_clean(text, strlen(text)));
        for (size_t i = 0; i < ELEMENTSOF(open); i++) {
                _cleanup_free_ char *html = repeated(open[i], 5000, "x");
                assert_int_equal(html_to_text(html, strlen(html), 1000000, arena, &text, &truncated), 0);
        }
}

static void reports_a_full_arena(void **state) {
        (void) state;
        _cleanup_arena_ struct arena *arena = NULL;
        char *text = NULL;
        bool truncated = true;
        assert_int_equal(arena_new(16, &arena), 0);
        assert_int_equal(html_to_text("<p>more than sixteen bytes of text</p>", 38, 1000, arena, &text, &truncated),
                         -ENOMEM);
        assert_null(text);
        assert_true(truncated);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(turns_html_into_text), cmocka_unit_test(reads_any_depth),
                cmocka_unit_test(stops_at_the_limit),   cmocka_unit_test(survives_bytes_that_are_no_html),
                cmocka_unit_test(reports_a_full_arena),
        };
        return cmocka_run_group_tests_name("html", tests, NULL, NULL);
}
