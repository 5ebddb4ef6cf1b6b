/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "parsers/utf8.h"

static void decodes_and_encodes_every_length(void **state) {
        (void) state;
        static const uint32_t cps[] = {0,      'a',    0x7F,   0x80,   0xE9,    0x7FF,   0x800,
                                       0x20AC, 0xD7FF, 0xE000, 0xFFFD, 0x10000, 0x1F600, 0x10FFFF};
        for (size_t i = 0; i < ELEMENTSOF(cps); i++) {
                char s[4];
                uint32_t back = 1;
                size_t len = utf8_encode(cps[i], s);
                assert_true(len >= 1 && len <= 4);
                assert_int_equal(utf8_decode(s, len, &back), len);
                assert_int_equal(back, cps[i]);
                if (len > 1)
                        assert_int_equal(utf8_decode(s, len - 1, &back), 0);
                assert_int_equal(utf8_decode(s, len, NULL), len);
        }
        char s[4];
        assert_int_equal(utf8_encode(0xD800, s), 0);
        assert_int_equal(utf8_encode(0xDFFF, s), 0);
        assert_int_equal(utf8_encode(0x110000, s), 0);
        assert_int_equal(utf8_decode("", 0, NULL), 0);
}

static void refuses_what_is_not_utf8(void **state) {
        (void) state;
        static const char *const bad[] = {"\x80",
                                          "\xBF",
                                          "\xC0\x80",
                                          "\xC1\xBF",
                                          "\xC3(",
                                          "\xE0\x80\x80",
                                          "\xE0\x9F\xBF",
                                          "\xED\xA0\x80",
                                          "\xED\xBF\xBF",
                                          "\xF0\x80\x80\x80",
                                          "\xF0\x8F\xBF\xBF",
                                          "\xF4\x90\x80\x80",
                                          "\xF5\x80\x80\x80",
                                          "\xFF",
                                          "\xFE",
                                          "\xE2\x82"};
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                assert_int_equal(utf8_decode(bad[i], strlen(bad[i]), NULL), 0);
                assert_false(utf8_valid(bad[i], strlen(bad[i])));
                assert_false(utf8_clean(bad[i], strlen(bad[i])));
        }
        assert_true(utf8_valid("", 0));
        assert_true(utf8_valid("d\xC3\xA9j\xC3\xA0 \xF0\x9F\x98\x80", 12));
}

static void clean_knows_controls(void **state) {
        (void) state;
        assert_true(utf8_clean("a\n\tb", 4));
        assert_false(utf8_clean("a\rb", 3));
        assert_false(utf8_clean("a\0b", 3));
        assert_true(utf8_valid("a\0b", 3));
        assert_false(utf8_clean("\x7F", 1));
        assert_false(utf8_clean("\xC2\x85", 2));
        assert_true(utf8_clean("\xC2\xA0", 2));
}

static void cuts_on_boundaries(void **state) {
        (void) state;
        static const char s[] = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z"; /* 1 + 2 + 3 + 4 + 1 */
        static const size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11};
        for (size_t n = 0; n < ELEMENTSOF(expected); n++)
                assert_int_equal(utf8_boundary(s, n), expected[n]);
        assert_int_equal(utf8_boundary("\x80\x80\x80\x80\x80", 5), 5);
}

static void cleans(const char *in, size_t n, const char *expected) {
        char s[64];
        assert_true(n < sizeof(s));
        memcpy(s, in, n);
        s[n] = 'X';
        size_t len = utf8_clean_in_place(s, n);
        assert_string_equal(s, expected);
        assert_int_equal(len, strlen(expected));
        assert_true(utf8_clean(s, len));
}

static void cleans_in_place(void **state) {
        (void) state;
        cleans("", 0, "");
        cleans("plain", 5, "plain");
        cleans("a\r\nb\rc\n", 7, "a\nb\nc\n");
        cleans("\r\r\n", 3, "\n\n");
        cleans("end\r", 4, "end\n");
        cleans("isn\xC2\x92t \xC2\x93so\xC2\x94 \xC2\x96\xC2\x97 \xC2\x9F", 21, "isn't \"so\" -- ");
        cleans("a\0b\x01\x7F\xC2\x85"
               "c",
               8, "abc");
        cleans("caf\xE9 cr\xC3\xA8me", 11, "caf? cr\xC3\xA8me");
        cleans("cut\xE2\x82", 5, "cut??");
        cleans("fdp.\xE2\x80\xAE"
               "exe",
               10, "fdp.exe");
        cleans("\xEF\xBB\xBFhi\xE2\x81\xA6", 8, "hi");
        cleans("a\xE2\x80\xA8"
               "b",
               5, "a\nb");
        cleans("\t\n", 2, "\t\n");
}

/* Also in words that were kept before they were cleaned so. */
static void folds_what_shows_nothing(void **state) {
        (void) state;
        static const char in[] = "u\xE2\x80\x8Br\xE2\x81\xA0\xE2\x81\xA4g\xC2\xAD"
                                 "e\xE2\x80\x8D\xD8\x9Cn\xF3\xA0\x81\xA8\xEF\xB8\x8F\xCD\x8F\xE3\x85\xA4t";
        char out[sizeof(in)];
        assert_int_equal(utf8_fold(in, sizeof(in) - 1, out, sizeof(out)), 6);
        assert_string_equal(out, "urgent");
}

/* What people need of the characters that show nothing: RFC 5892 appendix A for the joiners, UTS 51 for emoji, UTS 37 for ideographs. */
static void keeps_what_scripts_need(void **state) {
        (void) state;
        static const char *const kept[] = {
                "\xF0\x9F\x91\xA8\xE2\x80\x8D\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA7 "
                "\xF0\x9F\x8F\xB4\xE2\x80\x8D\xE2\x98\xA0\xEF\xB8\x8F", /* a family, and a pirate's flag */
                "\xE2\x9D\xA4\xEF\xB8\x8F 1\xEF\xB8\x8F\xE2\x83\xA3 "
                "\xF0\x9F\x91\xA9\xF0\x9F\x8F\xBD\xE2\x80\x8D\xE2\x9A\x95\xEF\xB8\x8F "
                "\xF0\x9F\x90\x88\xE2\x80\x8D\xE2\xAC\x9B "
                "\xF0\x9F\x99\x82\xE2\x80\x8D\xE2\x86\x94\xEF\xB8\x8F", /* a heart, a keycap, a skin tone with a profession */
                "\xF0\x9F\x8F\xB4\xF3\xA0\x81\xA7\xF3\xA0\x81\xA2\xF3\xA0\x81\xB3\xF3\xA0\x81\xA3\xF3\xA0"
                "\x81\xB4\xF3\xA0\x81\xBF",                                             /* Scotland */
                "\xD9\x85\xDB\x8C\xE2\x80\x8C\xD8\xAE\xD9\x88\xD8\xA7\xD9\x87\xD9\x85", /* Persian */
                "\xD9\x87\xE2\x80\x8D.\xD8\xB4",                                        /* an abbreviation of Persian */
                "\xE0\xA4\xA6\xE0\xA4\xB0\xE0\xA5\x8D\xE2\x80\x8D\xE0\xA4\xAF\xE0\xA4\xBE "
                "\xE0\xA6\xB0\xE2\x80\x8D\xE0\xA7\x8D\xE0\xA6\xAF\xE0\xA6\xBE\xE0\xA6\xAE "
                "\xE0\xB7\x81\xE0\xB7\x8A\xE2\x80\x8D\xE0\xB6\xBB\xE0\xB7\x93", /* Marathi, Bengali, Sinhala */
                "\xE0\xA4\x95\xE0\xA5\x8D\xE2\x80\x8C\xE0\xA4\xB7",             /* Hindi without a conjunct */
                "\xE8\x91\x9B\xF3\xA0\x84\x80\xE9\xA3\xBE", /* a name with a variant of its first letter */
                "\xE1\xA0\xAE\xE1\xA0\x8B\xE1\xA0\xA0",     /* Mongolian */
        };
        for (size_t i = 0; i < ELEMENTSOF(kept); i++)
                cleans(kept[i], strlen(kept[i]), kept[i]);
}

static void cleans_what_shows_nothing(void **state) {
        (void) state;
        static const struct {
                const char *in, *out;
        } gone[] = {
                {"ur\xE2\x80\x8Bgent", "urgent"},             /* a word cut in two */
                {"ur\xE2\x80\x8Cge\xE2\x80\x8Dnt", "urgent"}, /* joiners between Latin letters */
                {"a\xE2\x81\xA0"
                 "b\xE2\x81\xA3"
                 "c\xC2\xAD"
                 "d\xCD\x8F"
                 "e\xEF\xBB\xBF"
                 "f\xE1\xA0\x8Eg\xE2\x81\xAAh",
                 "abcdefgh"},                                         /* the like without a width */
                {"\xE2\x80\x8Ejean\xE2\x80\x8F\xD8\x9C@x", "jean@x"}, /* marks of direction */
                {"\xE2\x80\xAE"
                 "fdp.exe\xE2\x80\xAC \xE2\x81\xA7x\xE2\x81\xA9",
                 "fdp.exe x"},                                                /* turned text */
                {"ok\xF3\xA0\x81\xA8\xF3\xA0\x81\xA9\xF3\xA0\x81\xBF", "ok"}, /* words in tags */
                {"\xF0\x9F\x8F\xB4\xF3\xA0\x81\xA8\xF3\xA0\x81\xA5\xF3\xA0\x81\xAC\xF3\xA0\x81\xAC\xF3\xA0\x81\xAF\xF3\xA0"
                 "\x81\xB7\xF3\xA0\x81\xAF\xF3\xA0\x81\xB2\xF3\xA0\x81\xBF",
                 "\xF0\x9F\x8F\xB4"}, /* words in tags behind a flag */
                {"\xF0\x9F\x8F\xB4\xF3\xA0\x81\xA7\xF3\xA0\x81\xA2 x", "\xF0\x9F\x8F\xB4 x"}, /* a flag that does not end */
                {"x\xE3\x85\xA4\xE1\x85\x9F\xE1\x85\xA0\xEF\xBE\xA0y", "xy"},                 /* fillers */
                {"pa\xEF\xB8\x8Fy\xF3\xA0\x84\x81", "pay"},                                   /* variants of Latin letters */
                {"\xE2\x9D\xA4\xEF\xB8\x8F\xEF\xB8\x8F\xEF\xB8\x8E", "\xE2\x9D\xA4\xEF\xB8\x8F"}, /* one variant is enough */
                {"\xF0\x9F\x91\xA9\xE2\x80\x8D x\xE2\x80\x8D\xF0\x9F\x91\xA9",
                 "\xF0\x9F\x91\xA9 x\xF0\x9F\x91\xA9"}, /* a joiner that joins nothing */
                {"\xD9\x85\xDB\x8C\xE2\x80\x8C\xE2\x80\x8C\xD8\xAE",
                 "\xD9\x85\xDB\x8C\xE2\x80\x8C\xD8\xAE"},                         /* two joiners */
                {"\xD9\x85\xDB\x8C\xE2\x80\x8C", "\xD9\x85\xDB\x8C"},             /* Persian that ends with one */
                {"\xE2\x80\x8D\xF0\x9F\x91\xA9\xE2\x80\x8C", "\xF0\x9F\x91\xA9"}, /* a joiner at the beginning */
                {"a\xEF\xBF\xB9"
                 "b\xEF\xBF\xBA"
                 "c\xEF\xBF\xBB",
                 "abc"}, /* marks of annotations */
                {"\xF0\x9F\x91\xA9\xE2\x80\x8D\xE2\x80\x8B\xF0\x9F\x91\xA9",
                 "\xF0\x9F\x91\xA9\xF0\x9F\x91\xA9"}, /* a joiner before what goes */
        };
        for (size_t i = 0; i < ELEMENTSOF(gone); i++) {
                cleans(gone[i].in, strlen(gone[i].in), gone[i].out);
                cleans(gone[i].out, strlen(gone[i].out), gone[i].out);
        }
}

/* What is cleaned when it is read is cleaned again where it is shown: that must change nothing more. */
static void cleans_once(void **state) {
        (void) state;
        static const uint32_t some[] = {'a',     '1',     0xE9,    0xAD,    '\r',   '\n',    0x92,    0x200B,
                                        0x200C,  0x200D,  0xFE0F,  0xFE0E,  0x20E3, 0x645,   0x94D,   0x915,
                                        0x1820,  0x180B,  0x202E,  0x2764,  0x845B, 0x1F3F4, 0x1F469, 0xE0062,
                                        0xE0067, 0xE0073, 0xE007F, 0xE0100, 0x2028, 0x115F};
        uint32_t random = 1;
        for (unsigned k = 0; k < 50000; k++) {
                char s[64], again[64];
                size_t n = 0;
                for (unsigned i = 0; i < k % 14; i++) {
                        random = random * 1103515245U + 12345U;
                        n += utf8_encode(some[(random >> 16) % ELEMENTSOF(some)], s + n);
                }
                n = utf8_clean_in_place(s, n);
                memcpy(again, s, n + 1);
                assert_int_equal(utf8_clean_in_place(again, n), n);
                assert_string_equal(again, s);
        }
}

static void cleans_a_line(void **state) {
        (void) state;
        char s[] = "one\r\ntwo\tthree\xe2\x80\xa8"
                   "four\x1b[2J\rfive\n";
        size_t n = utf8_clean_line(s, strlen(s));
        assert_string_equal(s, "one two three four[2J five ");
        assert_int_equal(n, strlen(s));
}

static void lowers(void **state) {
        (void) state;
        static const uint32_t pairs[][2] = {{'A', 'a'},     {'z', 'z'},     {'[', '['},       {0xC9, 0xE9},   {0xD7, 0xD7},
                                            {0xDE, 0xFE},   {0x100, 0x101}, {0x101, 0x101},   {0x130, 'i'},   {0x139, 0x13A},
                                            {0x13A, 0x13A}, {0x147, 0x148}, {0x152, 0x153},   {0x178, 0xFF},  {0x17D, 0x17E},
                                            {0x17E, 0x17E}, {0x391, 0x3B1}, {0x386, 0x3AC},   {0x38F, 0x3CE}, {0x410, 0x430},
                                            {0x401, 0x451}, {0x1E9E, 0xDF}, {0x4E00, 0x4E00}, {0x138, 0x138}};
        for (size_t i = 0; i < ELEMENTSOF(pairs); i++)
                assert_int_equal(utf8_lower(pairs[i][0]), pairs[i][1]);
}

static void knows_letters(void **state) {
        (void) state;
        static const uint32_t words[] = {'a', 'Z', '0', 0xE9, 0x153, 0x3B1, 0x42F, 0x5D0, 0x4E2D, 0xAC00, 0x20000};
        static const uint32_t others[] = {' ',    '\'',   '-',   '_',    '@',     0xA0,   0xD7,  0xF7,
                                          0x2019, 0x2014, 0x301, 0x20AC, 0x1F600, 0x2026, 0x3002};
        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                assert_true(utf8_is_word(words[i]));
        for (size_t i = 0; i < ELEMENTSOF(others); i++)
                assert_false(utf8_is_word(others[i]));
}

static void folds(void **state) {
        (void) state;
        static const struct {
                const char *in, *out;
        } cases[] = {
                {"", ""},
                {"Déjà vu À L'ÉTÉ", "deja vu a l'ete"},
                {"N’hésitez pas", "n'hesitez pas"},
                {"« Œuvre »", "\" oeuvre \""},
                {"Straße ÆON", "strasse aeon"},
                {"a\u00A0b\u202Fc\td", "a b c d"},
                {"ligne\nsuite", "ligne\nsuite"},
                {"cafe\u0301", "cafe"},
                {"coo\u00ADpe\u200Bration", "cooperation"},
                {"2026–2027 — fin…", "2026-2027 - fin..."},
                {"ŁÓDŹ Žižkov Çelik İstanbul Řím", "lodz zizkov celik istanbul rim"},
                {"Ａｂｃ：", "abc:"},
                {"Привет", "привет"},
                {"Nguyễn", "nguyen"},
                {"÷ × €", "÷ × €"},
                {"bad \xE9 byte", "bad ? byte"},
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char out[64];
                size_t n = strlen(cases[i].in);
                size_t len = utf8_fold(cases[i].in, n, out, n + 1);
                assert_string_equal(out, cases[i].out);
                assert_int_equal(len, strlen(cases[i].out));
        }
}

/* Every code point, so that the promise "never longer than its source" holds for all. */
static void fold_never_grows(void **state) {
        (void) state;
        for (uint32_t cp = 1; cp <= 0x10FFFF; cp++) {
                char s[4], out[16];
                size_t len = utf8_encode(cp, s);
                if (len == 0)
                        continue;
                size_t n = utf8_fold(s, len, out, sizeof(out));
                assert_true(n <= len);
                assert_true(utf8_valid(out, n));
                char lower[4];
                assert_true(utf8_encode(utf8_lower(cp), lower) <= len);
        }
}

static void fold_respects_its_room(void **state) {
        (void) state;
        char out[4] = "xyz";
        assert_int_equal(utf8_fold("abcdef", 6, out, 4), 3);
        assert_string_equal(out, "abc");
        assert_int_equal(utf8_fold("ab€", 5, out, 4), 2);
        assert_string_equal(out, "ab");
        assert_int_equal(utf8_fold("abc", 3, out, 1), 0);
        assert_string_equal(out, "");
        assert_int_equal(utf8_fold("abc", 3, NULL, 0), 0);
}

/* Every byte at every place of the eight that are looked at together. */
static void eight_bytes_at_a_time(void **state) {
        (void) state;
        for (unsigned c = 1; c < 256; c++)
                for (size_t at = 0; at < 20; at++) {
                        char s[20 + UTF8_PADDING] = "aZ 3-b[9`{@x/:m~zA0\x7e", out[20];
                        s[at] = (char) c;
                        size_t printable = 0, ascii = 0, small = 0, run = 0;
                        while (printable < 20 && s[printable] >= ' ' && s[printable] < 0x7F)
                                printable++;
                        while (ascii < 20 && (unsigned char) s[ascii] < 0x80)
                                ascii++;
                        for (size_t i = 0; i < 20; i++)
                                small += s[i] >= 'a' && s[i] <= 'z';
                        assert_int_equal(utf8_printable(s, 20), printable);
                        assert_int_equal(utf8_count_small(s, 20), small);
                        assert_int_equal(utf8_lower_ascii(s, 20, out), ascii);
                        for (size_t i = 0; i < ascii; i++)
                                assert_int_equal(out[i], s[i] == '\t' ? ' ' : s[i] >= 'A' && s[i] <= 'Z' ? s[i] + 32 : s[i]);
                        memset(s, 'q', 18);
                        s[at] = (char) c;
                        while ((s[run] >= 'a' && s[run] <= 'z') || (s[run] >= '0' && s[run] <= '9'))
                                run++;
                        assert_int_equal(utf8_word_run(s), run);
                }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(decodes_and_encodes_every_length),
                cmocka_unit_test(refuses_what_is_not_utf8),
                cmocka_unit_test(clean_knows_controls),
                cmocka_unit_test(cuts_on_boundaries),
                cmocka_unit_test(cleans_in_place),
                cmocka_unit_test(keeps_what_scripts_need),
                cmocka_unit_test(cleans_what_shows_nothing),
                cmocka_unit_test(folds_what_shows_nothing),
                cmocka_unit_test(cleans_once),
                cmocka_unit_test(cleans_a_line),
                cmocka_unit_test(lowers),
                cmocka_unit_test(knows_letters),
                cmocka_unit_test(folds),
                cmocka_unit_test(fold_never_grows),
                cmocka_unit_test(fold_respects_its_room),
                cmocka_unit_test(eight_bytes_at_a_time),
        };
        return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
