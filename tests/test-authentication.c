/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "parsers/buf.h"
#include "parsers/message.h"
#include "parsers/text.h"

static struct message_options options;

static int open_options(void **state) {
        struct charset_set *charsets;
        struct zone_table *zones;
        (void) state;
        if (charset_open(&charsets) < 0 || zone_table_new(&zones) < 0)
                return -1;
        options = (struct message_options){.charsets = charsets, .zones = zones};
        return 0;
}

static int close_options(void **state) {
        (void) state;
        charset_close((struct charset_set *) options.charsets);
        zone_table_free((struct zone_table *) options.zones);
        return 0;
}

static struct message parse(const char *header, struct arena *arena) {
        struct message m;
        _cleanup_buf_ struct buf b = {};
        buf_printf(&b, "%sFrom: Jean Dupont <jean@dupont.example>\n\nBonjour\n", header);
        size_t n = b.size;
        char *padded = calloc(1, n + MESSAGE_PADDING);
        assert_non_null(padded);
        memcpy(padded, b.data, n);
        assert_int_equal(message_parse(padded, n, &options, arena, &m), 0);
        free(padded);
        return m;
}

struct row {
        const char *what, *header;
        enum dmarc_result dmarc;
        const char *domains; /* joined by blanks */
};

static void check(const struct row *rows, size_t n) {
        for (size_t i = 0; i < n; i++) {
                struct arena *arena;
                assert_int_equal(arena_new(0, &arena), 0);
                struct message m = parse(rows[i].header, arena);
                _cleanup_buf_ struct buf domains = {};
                buf_add_str(&domains, "");
                for (uint32_t k = 0; k < m.authenticated_domains.n; k++)
                        buf_printf(&domains, "%s%s", k > 0 ? " " : "", m.authenticated_domains.items[k]);
                if (m.dmarc != rows[i].dmarc ||
                    strcmp(domains.data ? domains.data : "", rows[i].domains ? rows[i].domains : "") != 0)
                        fail_msg("%s: dmarc %d, domains \"%s\"", rows[i].what, (int) m.dmarc, domains.data);
                arena_free(arena);
        }
}

#define OWN "Received: from mx.dupont.example by mail.studio.example (Postfix); Mon, 2 Mar 2026 08:51:30 +0100\n"
#define THEIRS "Received: from laptop by mx.dupont.example; Mon, 2 Mar 2026 08:51:00 +0100\n"
#define RESULTS "Authentication-Results: "

/* As servers write them. */
static void test_servers(void **state) {
        static const struct row rows[] = {
                {"none", OWN THEIRS, DMARC_NONE, NULL},
                {"above everything",
                 RESULTS
                 "mx4.provider.example;\n dkim=pass (2048-bit rsa key) header.d=hoster.example header.i=@hoster.example;\n"
                 "\tdmarc=fail policy.published-domain-policy=none (p=none) header.from=dupont.example;\n spf=none\n" OWN,
                 DMARC_FAIL, "hoster.example"},
                {"one field a method, above everything",
                 RESULTS "mail.provider.example; dkim=pass (Good) header.d=News.hoster.example\n" RESULTS
                         "mail.provider.example; dmarc=fail (p=quarantine dis=none) header.from=dupont.example\n" RESULTS
                         "mail.provider.example; spf=pass smtp.mailfrom=bounces@mail.hoster.example\n" OWN,
                 DMARC_FAIL, "news.hoster.example mail.hoster.example"},
                {"below its own Received, as milters and Gmail",
                 "Received: by 2002:a05:7208:c20d:b0:9a:1 with SMTP id x; Mon, 2 Mar 2026 08:51:40 +0100\n"
                 "Received: from a (b [192.0.2.1]) by mx.google.com with ESMTPS id 1 for <x@y>; Mon, 2 Mar 2026 08:51:30 "
                 "+0100\n"
                 "Received-SPF: softfail (google.com: domain)\n" RESULTS
                 "mx.google.com; dkim=pass header.i=@dupont-example.20230601.gappssmtp.com header.s=1; spf=softfail (x) "
                 "smtp.mailfrom=jean@dupont.example; dmarc=fail (p=NONE sp=NONE dis=NONE) "
                 "header.from=dupont.example\n" THEIRS,
                 DMARC_FAIL, "dupont-example.20230601.gappssmtp.com"},
                {"without a name, as Microsoft",
                 "Received: from A.eurprd02.prod.outlook.com by B.eurprd02.prod.outlook.com with HTTPS; Mon, 2 Mar 2026 "
                 "08:51:30 +0100\n" RESULTS
                 "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=shop.example; dkim=none (message not signed) "
                 "header.d=none;dmarc=fail action=none header.from=dupont.example;compauth=fail reason=001\n",
                 DMARC_FAIL, "shop.example"},
                {"fetched from a mailbox by a machine with a public name",
                 "Received: from localhost by laptop.studio.example (Postfix); Mon, 2 Mar 2026 09:00:02 +0100\n"
                 "Received: from imap.provider.example by laptop.studio.example with IMAP (fetchmail-6.4); Mon, 2 Mar 2026 "
                 "09:00:01 +0100\n"
                 "Received: from x by mx.provider.example; Mon, 2 Mar 2026 08:59:01 +0100\n" RESULTS
                 "provider.example; dmarc=fail header.from=dupont.example\n",
                 DMARC_FAIL, NULL},
                {"through two servers of one organisation",
                 "Received: from mx2.studio.co.uk by mail.studio.co.uk; Mon, 2 Mar 2026 09:00:02 +0100\n"
                 "Received: from x by mx2.studio.co.uk; Mon, 2 Mar 2026 09:00:01 +0100\n" RESULTS
                 "mx2.studio.co.uk 1; dmarc=fail header.from=dupont.example\n",
                 DMARC_FAIL, NULL},
                {"pass",
                 OWN RESULTS
                 "mail.studio.example; dmarc=pass header.from=dupont.example; dkim=pass header.d=dupont.example\n",
                 DMARC_PASS, NULL},
                {"no policy", OWN RESULTS "mail.studio.example; dmarc=none header.from=dupont.example\n", DMARC_NONE, NULL},
                {"comments, folding, quotes, blanks around signs, case",
                 OWN "authentication-results:\n (a (nested) one; dmarc=pass) MAIL.studio.example (x) ;\n DMARC/1 = FAIL "
                     "reason=\"spf; dmarc=pass\"\n"
                     " header.from = \"dupont.example\" ; SPF = Pass smtp.mailfrom=<@Hoster.example>\n",
                 DMARC_FAIL, NULL},
                {"the organisation's domain instead of the one in From",
                 OWN RESULTS "mail.studio.example; dmarc=fail header.from=example\n", DMARC_FAIL, NULL},
                {"who logged in to the very server",
                 OWN RESULTS "mail.studio.example; auth=pass smtp.auth=camille; dmarc=fail header.from=dupont.example\n",
                 DMARC_NONE, NULL},
        };
        (void) state;
        check(rows, ELEMENTSOF(rows));
}

/* As senders would like it. */
static void test_forged(void **state) {
        static const struct row rows[] = {
                {"the sender's own server", OWN RESULTS "mx.dupont.example; dmarc=fail header.from=dupont.example\n" THEIRS,
                 DMARC_NONE, NULL},
                {"the sender's own server, below its Received",
                 OWN THEIRS RESULTS "mx.dupont.example; dmarc=fail header.from=dupont.example\n", DMARC_NONE, NULL},
                {"the owner's name below a foreign Received",
                 OWN THEIRS RESULTS "mail.studio.example; dmarc=fail header.from=dupont.example\n", DMARC_NONE, NULL},
                {"no name below a server that writes its own", OWN RESULTS "dmarc=fail header.from=dupont.example\n",
                 DMARC_NONE, NULL},
                {"another organisation under the same registry",
                 "Received: from x by mail.studio.co.uk; Mon, 2 Mar 2026 09:00:02 +0100\n" RESULTS
                 "mx.dupont.co.uk; dmarc=fail header.from=dupont.example\n",
                 DMARC_NONE, NULL},
                {"a pass below the real one",
                 OWN RESULTS
                 "mail.studio.example; dmarc=fail header.from=dupont.example\n" RESULTS
                 "mail.studio.example; dmarc=pass header.from=dupont.example; dkim=pass header.d=hoster.example\n" THEIRS,
                 DMARC_FAIL, NULL},
                {"a fail below the real one",
                 OWN RESULTS "mail.studio.example; dmarc=pass header.from=dupont.example\n" RESULTS
                             "mail.studio.example; dmarc=fail header.from=dupont.example\n" THEIRS,
                 DMARC_PASS, NULL},
                {"a pass beside the real one, in an address that was copied",
                 OWN RESULTS "mail.studio.example; spf=pass smtp.mailfrom=\"a; dmarc=pass (\"@evil.example; dmarc=fail "
                             "header.from=dupont.example\n",
                 DMARC_FAIL, "evil.example"},
                {"what opens and never closes",
                 OWN RESULTS
                 "mail.studio.example; spf=fail smtp.mailfrom=a(b\"c@evil.example; dmarc=fail header.from=dupont.example\n",
                 DMARC_FAIL, NULL},
                {"many fields below",
                 OWN RESULTS "mail.studio.example; dmarc=fail header.from=dupont.example\n" RESULTS "a; dmarc=pass\n" RESULTS
                             "a; dmarc=pass\n" RESULTS "a; dmarc=pass\n" RESULTS "a; dmarc=pass\n" RESULTS
                             "a; dmarc=pass\n" RESULTS "a; dmarc=pass\n" RESULTS "a; dmarc=pass\n" RESULTS
                             "a; dmarc=pass\n" RESULTS "a; dmarc=pass\n" RESULTS "a; dmarc=pass\n",
                 DMARC_FAIL, NULL},
                {"about somebody else", OWN RESULTS "mail.studio.example; dmarc=fail header.from=elsewhere.example\n",
                 DMARC_NONE, NULL},
                {"about the other of two From fields",
                 OWN RESULTS "mail.studio.example; dmarc=pass header.from=evil.example\nFrom: jean@dupont.example\nFrom: "
                             "x@evil.example\n",
                 DMARC_FAIL, NULL},
                {"about the second address in From",
                 OWN RESULTS
                 "mail.studio.example; dmarc=pass header.from=evil.example\nFrom: jean@dupont.example, x@evil.example\n",
                 DMARC_FAIL, NULL},
                {"nonsense",
                 OWN RESULTS "; ; = dmarc=fail ;;\n" RESULTS "\n" RESULTS "mail.studio.example\n" RESULTS
                             "mail.studio.example; dmarc\n" RESULTS "mail.studio.example; =fail; dmarc=\n",
                 DMARC_NONE, NULL},
                {"a chain that others sealed",
                 OWN "ARC-Authentication-Results: i=1; mail.studio.example; dmarc=fail header.from=dupont.example\n",
                 DMARC_NONE, NULL},
        };
        (void) state;
        check(rows, ELEMENTSOF(rows));
}

/* What passed is where it came from; but not what everybody's mail passes through. */
static void test_domains(void **state) {
        static const struct row rows[] = {
                {"only what passed",
                 OWN RESULTS "mail.studio.example; dkim=fail header.d=a.example; dkim=pass header.d=b.example; dkim=pass "
                             "header.d=B.example; "
                             "spf=neutral smtp.mailfrom=c.example; dmarc=fail\n",
                 DMARC_FAIL, "b.example"},
                {"a forwarder's envelope",
                 OWN RESULTS
                 "mail.studio.example; spf=pass smtp.mailfrom=SRS0=x=y=dupont.example=jean@forwarder.example; dmarc=fail\n",
                 DMARC_FAIL, NULL},
                {"another forwarder's envelope",
                 OWN RESULTS
                 "mail.studio.example; spf=pass smtp.mailfrom=me+caf_=me=studio.example@forwarder.example; dmarc=fail\n",
                 DMARC_FAIL, NULL},
                {"no domains",
                 OWN RESULTS "mail.studio.example; dkim=pass header.d=none; dkim=pass header.d=\"a b.example\"; dkim=pass "
                             "header.d=\xff.example; "
                             "spf=pass smtp.mailfrom=; dmarc=fail\n",
                 DMARC_FAIL, NULL},
                {"too many",
                 OWN RESULTS "mail.studio.example; dkim=pass header.d=a.example; dkim=pass header.d=b.example; dkim=pass "
                             "header.d=c.example; "
                             "dkim=pass header.d=d.example; dkim=pass header.d=e.example; dmarc=fail\n",
                 DMARC_FAIL, "a.example b.example c.example d.example"},
                {"none where it passed", OWN RESULTS "mail.studio.example; dkim=pass header.d=a.example; dmarc=pass\n",
                 DMARC_PASS, NULL},
        };
        (void) state;
        check(rows, ELEMENTSOF(rows));
}

/* Time must follow the size: openings that nothing closes were searched to the end once each. */
static void test_long(void **state) {
        static const char *const units[] = {"(", "\"", "\\", "(\"", ";", "=", " ", "dmarc=", "dkim=pass header.d=a.b;",
                                            "a "};
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(units); i++) {
                struct arena *arena;
                _cleanup_buf_ struct buf b = {};
                for (int field = 0; field < 10; field++) {
                        buf_printf(&b, "%s%s; ", field % 2 ? "Received: by " : RESULTS, "mail.studio.example");
                        while (b.size < (size_t) (field + 1) * 20000)
                                buf_add_str(&b, units[i]);
                        buf_add_str(&b, "\n");
                }
                assert_int_equal(arena_new(0, &arena), 0);
                struct message m = parse(b.data, arena);
                assert_int_equal(m.from.n, 1);
                arena_free(arena);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_servers),
                cmocka_unit_test(test_forged),
                cmocka_unit_test(test_domains),
                cmocka_unit_test(test_long),
        };
        return cmocka_run_group_tests(tests, open_options, close_options);
}
