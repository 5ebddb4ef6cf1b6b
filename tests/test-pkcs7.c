/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "parsers/pkcs7.h"

#define OID(n) "\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07" n
#define BYTES(s) s, sizeof(s) - 1

static void check(const char *data, size_t size, int expected, enum pkcs7_kind kind, const char *content) {
        _cleanup_buf_ struct buf b = {0};
        enum pkcs7_kind found = (enum pkcs7_kind) 99;
        char *copy = malloc(size + 1);
        assert_non_null(copy);
        memcpy(copy, data, size);
        assert_int_equal(pkcs7_read(copy, size, &b, &found), expected);
        free(copy);
        if (expected == 0)
                assert_int_equal(found, kind);
        assert_string_equal(b.data ? b.data : "", content);
}

/* Definite lengths; the digest algorithms are left empty. */
static const char der[] =
        "\x30\x2F" OID("\x02") "\xA0\x22\x30\x20\x02\x01\x01\x31\x00\x30\x19" OID("\x01") "\xA0\x0C\x04\x0A"
                                                                                          "0123456789";
/* Lengths marked by ends, the content in three pieces, one of them nested: how streams are signed. */
static const char ber[] = "\x30\x80" OID("\x02") "\xA0\x80\x30\x80\x02\x01\x01\x31\x00\x30\x80" OID(
        "\x01") "\xA0\x80\x24\x80"
                "\x04\x04"
                "0123\x24\x06\x04\x04"
                "4567\x04\x02"
                "89\0\0\0\0\0\0\xA0\x00\x31\x00\0\0\0\0\0\0";

static void test_signed(void **state) {
        (void) state;
        check(BYTES(der), 0, PKCS7_SIGNED, "0123456789");
        check(BYTES(ber), 0, PKCS7_SIGNED, "0123456789");
        /* The signature apart, and certificates alone. */
        check(BYTES("\x30\x1D" OID("\x02") "\xA0\x10\x30\x0E\x02\x01\x01\x31\x00\x30\x0B" OID("\x01")), 0, PKCS7_OTHER, "");
        check(BYTES("\x30\x0B" OID("\x02")), 0, PKCS7_OTHER, "");
}

static void test_encrypted(void **state) {
        (void) state;
        check(BYTES("\x30\x80" OID("\x03") "\xA0\x80"), 0, PKCS7_ENCRYPTED, "");
        check(BYTES("\x30\x80\x06\x0B\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x01\x17\xA0\x80"), 0, PKCS7_ENCRYPTED, "");
        check(BYTES("\x30\x80\x06\x0B\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x01\x09\xA0\x80"), 0, PKCS7_OTHER, "");
}

static void test_damage(void **state) {
        (void) state;
        check(BYTES(""), -EBADMSG, PKCS7_OTHER, "");
        check(BYTES("Content-Type: text/plain"), -EBADMSG, PKCS7_OTHER, "");
        check(BYTES("\x30\x84\xFF\xFF\xFF\xFF" OID("\x02") "\xA0"), 0, PKCS7_OTHER, "");
        check(BYTES("\x30\x85\x01\x01\x01\x01\x01" OID("\x02")), -EBADMSG, PKCS7_OTHER, "");
        check(der, sizeof(der) - 5, 0, PKCS7_SIGNED, "012345");
        for (size_t i = 0; i < sizeof(ber); i++) {
                _cleanup_buf_ struct buf b = {0};
                enum pkcs7_kind kind;
                char *copy = malloc(i + 1);
                assert_non_null(copy);
                memcpy(copy, ber, i);
                assert_true(pkcs7_read(copy, i, &b, &kind) <= 0);
                assert_true(b.size <= 10);
                free(copy);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_signed),
                cmocka_unit_test(test_encrypted),
                cmocka_unit_test(test_damage),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
