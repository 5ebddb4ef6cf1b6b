/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "parsers/dav_url.h"
#include "parsers/multistatus.h"

/* Responses are written out, one a line, so that a test compares text with text. */
struct seen {
        struct buf out;
        int stop_at; /* give this error at the first response; 0: none */
};

static void add(struct buf *b, const char *name, const char *value) {
        if (value)
                buf_printf(b, " %s=%s", name, value);
}

static int found(const struct dav_response *r, void *userdata) {
        struct seen *s = userdata;
        if (s->stop_at < 0)
                return s->stop_at;
        buf_printf(&s->out, "%s", r->href);
        if (r->status > 0)
                buf_printf(&s->out, " status=%d", r->status);
        if (r->types > 0)
                buf_printf(&s->out, " types=%u", r->types);
        if (r->components > 0)
                buf_printf(&s->out, " components=%u", r->components);
        add(&s->out, "sync", r->can_sync ? "yes" : NULL);
        add(&s->out, "name", r->display_name);
        add(&s->out, "etag", r->etag);
        add(&s->out, "ctag", r->ctag);
        add(&s->out, "token", r->sync_token);
        add(&s->out, "type", r->content_type);
        add(&s->out, "principal", r->principal);
        for (uint32_t i = 0; i < r->n_homes; i++)
                add(&s->out, "home", r->homes[i]);
        add(&s->out, "inbox", r->inbox);
        add(&s->out, "nobody", r->unauthenticated ? "yes" : NULL);
        if (r->data_status > 0)
                buf_printf(&s->out, " data_status=%d", r->data_status);
        if (r->data) {
                assert_int_equal(strlen(r->data), r->size);
                buf_printf(&s->out, " data=%zu:%.20s", r->size, r->data);
        }
        buf_add_str(&s->out, "\n");
        return 0;
}

/* In pieces of that many bytes. */
static int read_in(const char *body, size_t size, size_t piece, struct seen *s, struct multistatus_result *ret, char *token,
                   size_t token_size) {
        struct multistatus *m = NULL;
        assert_int_equal(multistatus_new(found, s, &m), 0);
        int e = 0;
        for (size_t at = 0; at < size && e == 0; at += piece)
                e = multistatus_feed(m, body + at, MIN(piece, size - at));
        if (e == 0)
                e = multistatus_end(m, ret);
        if (e == 0 && token)
                (void) snprintf(token, token_size, "%s", ret->sync_token ? ret->sync_token : "");
        multistatus_free(m);
        return e;
}

static void expect(const char *body, const char *lines) {
        static const size_t pieces[] = {1, 7, 1000000};
        for (size_t i = 0; i < ELEMENTSOF(pieces); i++) {
                struct seen s = {};
                struct multistatus_result r = {};
                assert_int_equal(read_in(body, strlen(body), pieces[i], &s, &r, NULL, 0), 0);
                assert_string_equal(s.out.data ? s.out.data : "", lines);
                buf_free(&s.out);
        }
}

static int fault(const char *body) {
        struct seen s = {};
        struct multistatus_result r = {};
        int e = read_in(body, strlen(body), 100, &s, &r, NULL, 0);
        buf_free(&s.out);
        return e;
}

#define MULTI(x)                                                                       \
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<d:multistatus xmlns:d=\"DAV:\" " \
        "xmlns:c=\"urn:ietf:params:xml:ns:caldav\">" x "</d:multistatus>"
#define RESPONSE(href, x) "<d:response><d:href>" href "</d:href>" x "</d:response>"
#define PROPSTAT(status, x) "<d:propstat><d:prop>" x "</d:prop><d:status>HTTP/1.1 " status "</d:status></d:propstat>"

static void a_home_with_calendars(void **state) {
        (void) state;
        expect(MULTI(RESPONSE("/bob/", PROPSTAT("200 OK", "<d:resourcetype><d:collection/></d:resourcetype>")) RESPONSE(
                       "/bob/work/",
                       PROPSTAT("200 OK",
                                "<d:displayname> Work &amp; more </d:displayname>"
                                "<d:resourcetype><d:collection/><c:calendar/></d:resourcetype>"
                                "<x:getctag xmlns:x=\"http://calendarserver.org/ns/\">\"7\"</x:getctag>"
                                "<d:sync-token>http://x/7</d:sync-token>"
                                "<c:supported-calendar-component-set><c:comp name=\"VEVENT\"/><c:comp name='VTODO'/>"
                                "</c:supported-calendar-component-set>"
                                "<d:supported-report-set><d:supported-report><d:report><d:sync-collection/></d:report>"
                                "</d:supported-report></d:supported-report-set>")
                               PROPSTAT("404 Not Found",
                                        "<c:calendar-home-set><d:href>/no/</d:href></c:calendar-home-set>"))),
               "/bob/ types=1\n"
               "/bob/work/ types=3 components=3 sync=yes name=Work & more ctag=\"7\" token=http://x/7\n");
}

static void the_way_to_the_calendars(void **state) {
        (void) state;
        expect(MULTI(RESPONSE("/", PROPSTAT("200 OK", "<d:current-user-principal><d:href>/p/bob/</d:href></"
                                                      "d:current-user-principal>"))
                             RESPONSE("/p/bob/", PROPSTAT("200 OK", "<c:calendar-home-set><d:href>https://h.example/cal/bob/"
                                                                    "</d:href><d:href>/second/</d:href>"
                                                                    "</c:calendar-home-set><c:schedule-inbox-URL><d:href>/"
                                                                    "in/</d:href></c:schedule-inbox-URL>"))
                                     RESPONSE("/x", PROPSTAT("200 OK", "<d:current-user-principal><d:unauthenticated/></"
                                                                       "d:current-user-principal>"))),
               "/ principal=/p/bob/\n"
               "/p/bob/ home=https://h.example/cal/bob/ home=/second/ inbox=/in/\n"
               "/x nobody=yes\n");
}

/* Whatever the prefixes, and whatever other names share a local name. */
static void names_belong_to_namespaces(void **state) {
        (void) state;
        expect("<multistatus xmlns='DAV:'><response><href>/a</href><propstat><prop><getetag>\"1\"</getetag>"
               "<displayname xmlns='urn:x'>not mine</displayname><B:calendar-data "
               "xmlns:B='urn:ietf:params:xml:ns:caldav'>BEGIN</B:calendar-data>"
               "</prop><status>HTTP/1.1 200 OK</status></propstat></response></multistatus>",
               "/a etag=\"1\" data_status=200 data=5:BEGIN\n");
        assert_int_equal(fault("<multistatus xmlns='urn:other'/>"), -EBADMSG);
        assert_int_equal(fault("<multistatus/>"), -EBADMSG);
        /* Deeper than it belongs it means nothing: a property may hold any XML. */
        expect(MULTI(RESPONSE(
                       "/a",
                       PROPSTAT("200 OK",
                                "<x><d:getetag>\"9\"</d:getetag><d:href>/evil</d:href></x>")) "<z>" RESPONSE("/b",
                                                                                                             "") "</z>"),
               "/a\n");
}

static void what_a_collection_sync_tells(void **state) {
        (void) state;
        const char *body = MULTI(
                RESPONSE("/w/gone.ics", "<d:status>HTTP/1.1 404 Not Found</d:status>")
                        RESPONSE("/w/new.ics", PROPSTAT("200 OK", "<d:getetag>W/\"a\"</d:getetag>")) RESPONSE(
                                "/w/", "<d:status>HTTP/1.1 507 Insufficient Storage</d:status><d:error>"
                                       "<d:number-of-matches-within-limits/></d:error>") "<d:sync-token>\n "
                                                                                         "urn:token:8\n</d:sync-token>");
        struct seen s = {};
        struct multistatus_result r = {};
        char token[64];
        assert_int_equal(read_in(body, strlen(body), 3, &s, &r, token, sizeof(token)), 0);
        assert_string_equal(s.out.data, "/w/gone.ics status=404\n/w/new.ics etag=W/\"a\"\n/w/ status=507\n");
        assert_string_equal(token, "urn:token:8");
        assert_int_equal(r.responses, 3);
        buf_free(&s.out);
}

/* Whoever asks is told by the code of the answer that it is one. */
static void an_error_is_no_multistatus(void **state) {
        (void) state;
        assert_int_equal(fault("<?xml version='1.0'?><error xmlns='DAV:'><valid-sync-token /></error>"), -EBADMSG);
}

/* All of them, from several properties too; more than anybody has are a fault rather than left out. */
static void homes_are_all_told(void **state) {
        (void) state;
        _cleanup_buf_ struct buf b = {}, lines = {};
        buf_add_str(&lines, "/");
        for (unsigned n = MULTISTATUS_HOMES_MAX; n <= MULTISTATUS_HOMES_MAX + 1; n++) {
                buf_reset(&b);
                buf_add_str(&b, "<multistatus xmlns='DAV:' xmlns:c='urn:ietf:params:xml:ns:caldav'><response><href>/</href>"
                                "<propstat><prop>");
                for (unsigned i = 0; i < n; i++) {
                        buf_printf(&b, "<c:calendar-home-set><href>/h%u/</href><href> </href></c:calendar-home-set>", i);
                        if (n == MULTISTATUS_HOMES_MAX)
                                buf_printf(&lines, " home=/h%u/", i);
                }
                buf_add_str(&b, "</prop></propstat></response></multistatus>");
                if (n > MULTISTATUS_HOMES_MAX)
                        assert_int_equal(fault(b.data), -EMSGSIZE);
                else {
                        buf_add_str(&lines, "\n");
                        expect(b.data, lines.data);
                }
        }
}

static void calendar_data(void **state) {
        (void) state;
        expect(MULTI(RESPONSE(
                       "/a",
                       PROPSTAT("200 OK",
                                "<d:getetag>\"1\"</d:getetag><c:calendar-data>BEGIN:VCALENDAR&#13;\nX:&lt;&amp;&#233;</"
                                "c:calendar-data>"))
                             RESPONSE("/b",
                                      PROPSTAT("200 OK",
                                               "<c:calendar-data><![CDATA[BEGIN<&]]>+<![CDATA[]]]]></c:calendar-data>"))
                                     RESPONSE("/c", "<d:status>HTTP/1.1 404 Not Found</d:status>") RESPONSE(
                                             "/d", PROPSTAT("403 Forbidden", "<c:calendar-data>no</c:calendar-data>"))
                                             RESPONSE("/e", PROPSTAT("200 OK", "<c:calendar-data/>"))),
               "/a etag=\"1\" data_status=200 data=23:BEGIN:VCALENDAR\r\nX:<\n"
               "/b data_status=200 data=10:BEGIN<&+]]\n"
               "/c status=404\n"
               "/d data_status=403\n"
               "/e data_status=200 data=0:\n");
}

static void one_response_for_several(void **state) {
        (void) state;
        expect(MULTI("<d:response><d:href>/a</d:href><d:href>/b</d:href><d:status>HTTP/1.1 404 "
                     "Gone</d:status></d:response><d:response/>"),
               "/a status=404\n/b status=404\n");
}

static void a_status_that_cannot_be_read_is_no_404(void **state) {
        (void) state;
        expect(MULTI(RESPONSE("/a", "<d:status>404</d:status>") RESPONSE("/b", "<d:status>HTTP/1.1 4040 x</d:status>")
                             RESPONSE("/c", "<d:status>HTTP/2 204</d:status>") RESPONSE("/d", "<d:status/>")),
               "/a status=404\n/b status=500\n/c status=204\n/d status=500\n");
}

static void what_is_refused(void **state) {
        (void) state;
        assert_int_equal(fault(""), -EBADMSG);
        assert_int_equal(fault("<html><body>Please log in</body></html>"), -EBADMSG);
        assert_int_equal(fault("{\"error\": 1}"), -EBADMSG);
        assert_int_equal(fault("<!DOCTYPE multistatus [<!ENTITY a 'b'>]><multistatus xmlns='DAV:'>&a;</multistatus>"),
                         -EBADMSG);
        assert_int_equal(fault("<!DOCTYPE x SYSTEM 'file:///etc/passwd'><multistatus xmlns='DAV:'/>"), -EBADMSG);
        assert_int_equal(fault("<multistatus xmlns='DAV:'><response><href>&unknown;</href></response></multistatus>"),
                         -EBADMSG);
        assert_int_equal(fault("<multistatus xmlns='DAV:'><response>"), -EBADMSG);
        assert_int_equal(fault("<multistatus xmlns='DAV:'></multistatus><multistatus xmlns='DAV:'/>"), -EBADMSG);
        assert_int_equal(fault(MULTI(RESPONSE("/a", "") "\x01")), -EBADMSG);
}

/* Nothing but UTF-8, whatever is declared; a mark at the beginning is no harm. */
static void only_utf8(void **state) {
        (void) state;
        expect("\xef\xbb\xbf<multistatus xmlns='DAV:'><response><href>/\xc3\xa9</href></response></multistatus>",
               "/\xc3\xa9\n");
        expect("<?xml version='1.0' encoding='iso-8859-1'?><multistatus "
               "xmlns='DAV:'><response><href>/\xc3\xa9</href></response></multistatus>",
               "/\xc3\xa9\n");
        assert_int_equal(fault("<?xml version='1.0' encoding='iso-8859-1'?><multistatus "
                               "xmlns='DAV:'><response><href>/\xe9</href></response>"
                               "</multistatus>"),
                         -EBADMSG);
        static const char wide[] = "\xff\xfe<\0m\0";
        struct seen s = {};
        struct multistatus_result r = {};
        assert_int_equal(read_in(wide, sizeof(wide) - 1, 100, &s, &r, NULL, 0), -EBADMSG);
        buf_free(&s.out);
}

/* A cut answer must never pass for a short one. */
static void every_cut_is_noticed(void **state) {
        (void) state;
        const char *body = MULTI(RESPONSE("/a", PROPSTAT("200 OK", "<d:getetag>\"1\"</d:getetag>"))
                                         RESPONSE("/b", PROPSTAT("200 OK", "<d:getetag>\"2\"</d:getetag>")));
        size_t size = strlen(body);
        for (size_t n = 0; n < size; n++) {
                struct seen s = {};
                struct multistatus_result r = {};
                assert_int_equal(read_in(body, n, 64, &s, &r, NULL, 0), -EBADMSG);
                buf_free(&s.out);
        }
}

static void limits(void **state) {
        (void) state;
        _cleanup_buf_ struct buf b = {};
        buf_add_str(&b, "<multistatus xmlns='DAV:'>");
        for (unsigned i = 0; i < 1000; i++)
                buf_add_str(&b, "<x>");
        assert_int_equal(fault(b.data), -EMSGSIZE);

        /* Long names and addresses; only a name for people may be cut. */
        _cleanup_buf_ struct buf text = {};
        for (unsigned i = 0; i < MULTISTATUS_TEXT_MAX + 1; i++)
                buf_add_char(&text, 'a');
        buf_reset(&b);
        buf_printf(&b, "<multistatus xmlns='DAV:'><response><href>%s</href></response></multistatus>", text.data);
        assert_int_equal(fault(b.data), -EMSGSIZE);
        buf_reset(&b);
        buf_printf(&b,
                   "<multistatus "
                   "xmlns='DAV:'><response><href>/</href><propstat><prop><displayname>%s</displayname></prop></propstat></"
                   "response></multistatus>",
                   text.data);
        assert_int_equal(fault(b.data), 0);

        /* An attribute or a comment that does not end. */
        buf_reset(&b);
        buf_add_str(&b, "<multistatus xmlns='DAV:'><!-- ");
        for (size_t i = 0; i < MULTISTATUS_PIECE_MAX + 8192; i++)
                buf_add_char(&b, 'x');
        assert_int_equal(fault(b.data), -EMSGSIZE);

        /* An object that is too large is left out; its neighbour is there. */
        buf_reset(&b);
        buf_add_str(&b, "<d:multistatus xmlns:d='DAV:' xmlns:c='urn:ietf:params:xml:ns:caldav'>");
        buf_add_str(&b, "<d:response><d:href>/a</d:href><d:propstat><d:prop><c:calendar-data>");
        for (size_t i = 0; i < MULTISTATUS_DATA_MAX + 10; i += 10)
                buf_add_str(&b, "xxxxxxxxx\n");
        buf_add_str(&b, "</c:calendar-data></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>");
        buf_add_str(&b, RESPONSE("/b", PROPSTAT("200 OK", "<c:calendar-data>B</c:calendar-data>")) "</d:multistatus>");
        struct seen s = {};
        struct multistatus_result r = {};
        assert_int_equal(read_in(b.data, b.size, 16384, &s, &r, NULL, 0), 0);
        assert_string_equal(s.out.data, "/a data_status=413\n/b data_status=200 data=1:B\n");
        buf_free(&s.out);
}

static void the_caller_may_stop(void **state) {
        (void) state;
        const char *body = MULTI(RESPONSE("/a", "") RESPONSE("/b", ""));
        struct seen s = {.stop_at = -ECANCELED};
        struct multistatus_result r = {};
        assert_int_equal(read_in(body, strlen(body), 1, &s, &r, NULL, 0), -ECANCELED);
        buf_free(&s.out);
}

/* --- addresses --- */

static struct arena *arena;

static const char *parsed(const char *url) {
        struct dav_url u;
        int e = dav_url_parse(url, arena, &u);
        return e < 0 ? strerror(-e)
                     : arena_printf(arena, "%s%s%s", dav_url_format(&u, arena), u.user ? " " : "", u.user ? u.user : "");
}

static void urls(void **state) {
        (void) state;
        static const struct {
                const char *in, *out;
        } cases[] = {
                {"https://dav.example/camille/", "https://dav.example/camille/"},
                {"HTTPS://Bob@DAV.Example:443", "https://dav.example/ Bob"},
                {"https://bob%40x.example@dav.example:8443/a b", "https://dav.example:8443/a%20b bob@x.example"},
                {"http://[::1]:5232/x", "http://[::1]:5232/x"},
                {"http://localhost:80?q=a b#f", "http://localhost/?q=a%20b"},
                {"webcal://x.example/feed.ics?key=a/b%2f", "https://x.example/feed.ics?key=a/b%2f"},
                {"https://x/a/./b/../c//d/..", "https://x/a/c//"},
                {"https://x/../../a", "https://x/a"},
                {"https://x/%7Ebob/caf%c3%a9/%2F/é%zz", "https://x/~bob/caf%C3%A9/%2F/%C3%A9%25zz"},
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_string_equal(parsed(cases[i].in), cases[i].out);
        static const char *const bad[] = {
                "ftp://x/",       "https://",       "https://x:0/", "https://x:70000/", "https://bob:secret@x/",
                "https://x/\r\n", "https://[::1/",  "https://x y/", "dav.example/",     "https://x:8a/",
                "https://@/",     "https://[::1]x/"};
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_string_equal(parsed(bad[i]), strerror(EINVAL));
}

static const char *resolved(const char *href) {
        struct dav_url base, u;
        assert_int_equal(dav_url_parse("https://bob@dav.example/home/work/?x=1", arena, &base), 0);
        int e = dav_url_resolve(&base, href, arena, &u);
        return e < 0 ? strerror(-e) : dav_url_format(&u, arena);
}

static void addresses_seen_from_a_page(void **state) {
        (void) state;
        static const struct {
                const char *in, *out;
        } cases[] = {
                {"/home/work/a%40b.ics", "https://dav.example/home/work/a@b.ics"},
                {"/home/work/a@b.ics", "https://dav.example/home/work/a@b.ics"},
                {"b.ics", "https://dav.example/home/work/b.ics"},
                {"./b.ics", "https://dav.example/home/work/b.ics"},
                {"../b.ics", "https://dav.example/home/b.ics"},
                {"uid:4711.ics", "https://dav.example/home/work/uid:4711.ics"},
                {"//other.example:99/x", "https://other.example:99/x"},
                {"http://dav.example/x", "http://dav.example/x"},
                {"?y", "https://dav.example/home/work/?y"},
                {"/", "https://dav.example/"},
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_string_equal(resolved(cases[i].in), cases[i].out);
        assert_string_equal(resolved(""), strerror(EINVAL));
        assert_string_equal(resolved("ftp://x/"), strerror(EINVAL));
        assert_string_equal(resolved("/a\nb"), strerror(EINVAL));
}

static void places(void **state) {
        (void) state;
        const char *name = NULL;
        assert_true(dav_path_equal("/a/b/", "/a/b"));
        assert_true(dav_path_equal("/", "/"));
        assert_false(dav_path_equal("/a/b/", "/a/bc"));
        assert_false(dav_path_equal("/a//", "/a"));
        assert_true(dav_path_inside("/a/b", "/a/b/x.ics", &name));
        assert_string_equal(name, "x.ics");
        assert_true(dav_path_inside("/", "/x/", &name));
        assert_string_equal(name, "x/");
        assert_false(dav_path_inside("/a/b/", "/a/b/", &name));
        assert_false(dav_path_inside("/a/b/", "/a/b/c/d.ics", &name));
        assert_false(dav_path_inside("/a/b/", "/a/bc/d.ics", &name));

        struct dav_url a, b;
        assert_int_equal(dav_url_parse("https://X.example/a", arena, &a), 0);
        assert_int_equal(dav_url_parse("https://x.EXAMPLE:443/b", arena, &b), 0);
        assert_true(dav_url_same_server(&a, &b));
        assert_int_equal(dav_url_parse("https://x.example:444/b", arena, &b), 0);
        assert_false(dav_url_same_server(&a, &b));
        assert_int_equal(dav_url_parse("http://x.example:443/b", arena, &b), 0);
        assert_false(dav_url_same_server(&a, &b));
}

static int open_arena(void **state) {
        (void) state;
        return arena_new(0, &arena);
}

static int close_arena(void **state) {
        (void) state;
        arena_free(arena);
        return 0;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_home_with_calendars),
                cmocka_unit_test(the_way_to_the_calendars),
                cmocka_unit_test(names_belong_to_namespaces),
                cmocka_unit_test(what_a_collection_sync_tells),
                cmocka_unit_test(an_error_is_no_multistatus),
                cmocka_unit_test(homes_are_all_told),
                cmocka_unit_test(calendar_data),
                cmocka_unit_test(one_response_for_several),
                cmocka_unit_test(a_status_that_cannot_be_read_is_no_404),
                cmocka_unit_test(what_is_refused),
                cmocka_unit_test(only_utf8),
                cmocka_unit_test(every_cut_is_noticed),
                cmocka_unit_test(limits),
                cmocka_unit_test(the_caller_may_stop),
                cmocka_unit_test(urls),
                cmocka_unit_test(addresses_seen_from_a_page),
                cmocka_unit_test(places),
        };
        return cmocka_run_group_tests(tests, open_arena, close_arena);
}
