/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <libpsl.h>

#include "tests/skip.h"

#include "rules/domain.h"

static void test_key(void **state) {
        (void) state;
        static const struct {
                const char *address, *want; /* NULL: none */
        } v[] = {
                {"Jean.Dupont@Dupont.Example", "jean.dupont@dupont.example"},
                {"@Dupont.example", "@dupont.example"},
                {"jean+news@dupont.example", "jean@dupont.example"},
                {"jean+a+b@dupont.example", "jean@dupont.example"},
                {"+jean@dupont.example", "+jean@dupont.example"},
                {"jean@dupont.example.", "jean@dupont.example"},
                {"\"a@b\"@dupont.example", "\"a@b\"@dupont.example"},
                {"jean@dupont.example..", "jean@dupont.example"},
                {"jean@[192.0.2.1]", "jean@[192.0.2.1]"},
                /* One domain, three spellings. */
                {"jean@m\xc3\xbcller.example", "jean@xn--mller-kva.example"},
                {"jean@M\xc3\x9cLLER.example.", "jean@xn--mller-kva.example"},
                {"jean@XN--Mller-KVA.example", "jean@xn--mller-kva.example"},
                {"@caf\xc3\xa9.fr", "@xn--caf-dma.fr"},
                /* A local part of other letters stays (RFC 6531); what IDNA refuses stays as it is. */
                {"j\xc3\xa9r\xc3\xb4me@dupont.example", "j\xc3\xa9r\xc3\xb4me@dupont.example"},
                {"jean@-x.\xc3\xa9", "jean@-x.\xc3\xa9"},
                /* Gmail's dots are Gmail's alone. */
                {"Jean.Dupont@gmail.com", "jeandupont@gmail.com"},
                {"j.e.a.n.dupont+tag@googlemail.com", "jeandupont@gmail.com"},
                {"jean.dupont@gmail.com.evil.example", "jean.dupont@gmail.com.evil.example"},
                {"jean.dupont@hotmail.com", "jean.dupont@hotmail.com"},
                {"...@gmail.com", "...@gmail.com"},
                {"@gmail.com", "@gmail.com"},
                {"@googlemail.com", "@googlemail.com"},
                /* BATV: the domain does not change, so nobody else can have written it. */
                {"prvs=0123abcdef=jean@dupont.example", "jean@dupont.example"},
                {"PRVS=0123abcdef=Jean+x@dupont.example", "jean@dupont.example"},
                {"prvs=jean@dupont.example", "prvs=jean@dupont.example"},
                {"prvs==jean@dupont.example", "prvs==jean@dupont.example"},
                {"prvs=0123abcdef=@dupont.example", "prvs=0123abcdef=@dupont.example"},
                /* SRS does change it: in From it would be anybody's word. */
                {"SRS0=abcd=xy=dupont.example=jean@evil.example", "srs0=abcd=xy=dupont.example=jean@evil.example"},
                {"jean=dupont.example@lists.example", "jean=dupont.example@lists.example"},
                {"jean", NULL},
                {"", NULL},
        };
        for (size_t i = 0; i < ELEMENTSOF(v); i++) {
                char key[ADDRESS_KEY_SIZE];
                size_t n = address_key(v[i].address, key);
                if (n == 0)
                        assert_null(v[i].want);
                else {
                        assert_string_equal(key, v[i].want ? v[i].want : "");
                        assert_int_equal(n, strlen(key));
                }
        }
}

/* At the ceiling, and beyond it; a domain that grows in ASCII must not. */
static void test_key_size(void **state) {
        (void) state;
        char address[ADDRESS_MAX + 40], key[ADDRESS_KEY_SIZE];
        memset(address, 'a', sizeof(address));
        memcpy(address + ADDRESS_MAX - 10, "@d.example", sizeof("@d.example"));
        assert_int_equal(address_key(address, key), ADDRESS_MAX);
        memmove(address + 1, address, ADDRESS_MAX + 1);
        assert_int_equal(address_key(address, key), 0);
        memset(address, 'a', sizeof(address));
        memcpy(address + ADDRESS_MAX - 10, "@d.\xc3\xa9\xc3\xa9.fr", sizeof("@d.\xc3\xa9\xc3\xa9.fr"));
        assert_int_equal(address_key(address, key), ADDRESS_MAX);
        assert_string_equal(key + ADDRESS_MAX - 10, "@d.\xc3\xa9\xc3\xa9.fr");
}

static void test_suffix_list_is_built_in(void **state) {
        (void) state;
        assert_non_null(psl_builtin());
        assert_true(psl_suffix_count(psl_builtin()) > 5000);
}

static void test_organisation(void **state) {
        (void) state;
        static const struct {
                const char *domain, *organisation; /* NULL: none */
                bool suffix;
        } v[] = {
                {"dupont.co.uk", "dupont.co.uk", false},
                {"mail.eu.dupont.co.uk", "dupont.co.uk", false},
                {"co.uk", NULL, true},
                {"fr", NULL, true},
                {"github.io", NULL, true},
                {"dupont.github.io", "dupont.github.io", false},
                {"foo.ck", NULL, true},
                {"www.ck", "www.ck", false},
                {"x.www.ck", "www.ck", false},
                {"xn--p1ai", NULL, true},
                {"a.b.xn--p1ai", "b.xn--p1ai", false},
                {"xn--55qx5d.cn", NULL, true},
                {"dupont.example", "dupont.example", false},
                {"mail.dupont.example", "dupont.example", false},
                {"example", NULL, false},
                {"localhost", NULL, false},
                {"", NULL, false},
                {"[127.0.0.1]", NULL, false},
                {"[ipv6:2001:db8::1]", NULL, false},
                {"127.0.0.1", NULL, false},
        };
        for (size_t i = 0; i < ELEMENTSOF(v); i++) {
                const char *got = domain_organisation(v[i].domain);
                if (!str_eq(got, v[i].organisation) || domain_is_public_suffix(v[i].domain) != v[i].suffix)
                        fail_msg("%s: %s", v[i].domain, got ? got : "none");
        }
        assert_true(address_same_organisation("a@x.dupont.co.uk", "@dupont.co.uk"));
        assert_false(address_same_organisation("a@dupont.co.uk", "a@durand.co.uk"));
        assert_false(address_same_organisation("a@orange.fr", "b@orange.fr"));
        assert_false(address_same_organisation("a@[127.0.0.1]", "b@[127.0.0.1]"));
        assert_false(address_same_organisation("a", "a"));
}

static void test_free_mail(void **state) {
        (void) state;
        static const struct {
                const char *domain;
                enum free_mail want;
        } v[] = {
                {"gmail.com", FREE_MAIL_PROVIDER},
                {"gmx.de", FREE_MAIL_PROVIDER},
                {"gmx.net", FREE_MAIL_PROVIDER},
                {"hotmail.fr", FREE_MAIL_PROVIDER},
                {"live.nl", FREE_MAIL_PROVIDER},
                {"yahoo.co.uk", FREE_MAIL_PROVIDER},
                {"outlook.com", FREE_MAIL_PROVIDER},
                {"outlook.agency", FREE_MAIL_NO},
                {"live.studio", FREE_MAIL_NO},
                {"mygmx.de", FREE_MAIL_NO},
                {"orange.fr", FREE_MAIL_ACCESS},
                {"pro.orange.fr", FREE_MAIL_ACCESS},
                {"orange.com", FREE_MAIL_NO},
                {"skynet.be", FREE_MAIL_ACCESS},
                {"bluewin.ch", FREE_MAIL_ACCESS},
                {"pt.lu", FREE_MAIL_ACCESS},
                {"t-online.de", FREE_MAIL_ACCESS},
                {"telefonica.net", FREE_MAIL_ACCESS},
                {"libero.it", FREE_MAIL_PROVIDER},
                {"ziggo.nl", FREE_MAIL_ACCESS},
                {"btinternet.com", FREE_MAIL_ACCESS},
                {"videotron.ca", FREE_MAIL_ACCESS},
                {"comcast.net", FREE_MAIL_ACCESS},
                {"privaterelay.appleid.com", FREE_MAIL_RELAY},
                {"appleid.com", FREE_MAIL_NO},
                {"mozmail.com", FREE_MAIL_RELAY},
                {"camille.anonaddy.com", FREE_MAIL_RELAY},
                {"dupont.example", FREE_MAIL_NO},
                {"", FREE_MAIL_NO},
                {"[127.0.0.1]", FREE_MAIL_NO},
        };
        for (size_t i = 0; i < ELEMENTSOF(v); i++)
                if (domain_free_mail(v[i].domain) != v[i].want)
                        fail_msg("%s", v[i].domain);
        for (int kind = 1; kind < _FREE_MAIL_MAX; kind++)
                assert_non_null(free_mail_name((enum free_mail) kind));
        assert_null(free_mail_name(FREE_MAIL_NO));
        assert_null(free_mail_name(_FREE_MAIL_MAX));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_key),          cmocka_unit_test(test_key_size),
                cmocka_unit_test(test_organisation), cmocka_unit_test(test_suffix_list_is_built_in),
                cmocka_unit_test(test_free_mail),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
