/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "rules/worktime.h"

/* Every day of a year that is a holiday, as month and day; all other days of that year must be ordinary. */
static const struct {
        const char *region;
        int year;
        const char *days;
} years[] = {
        {"FR", 2024, "0101 0401 0501 0508 0509 0520 0714 0815 1101 1111 1225"},
        {"FR", 2025, "0101 0421 0501 0508 0529 0609 0714 0815 1101 1111 1225"},
        {"FR", 2026, "0101 0406 0501 0508 0514 0525 0714 0815 1101 1111 1225"},
        {"FR", 2027, "0101 0329 0501 0506 0508 0517 0714 0815 1101 1111 1225"},
        {"FR", 2008, "0101 0324 0501 0508 0512 0714 0815 1101 1111 1225"}, /* Ascension on 1 May */
        {"FR-57", 2024, "0101 0329 0401 0501 0508 0509 0520 0714 0815 1101 1111 1225 1226"},
        {"FR-67", 2025, "0101 0418 0421 0501 0508 0529 0609 0714 0815 1101 1111 1225 1226"},
        {"FR-57", 2026, "0101 0403 0406 0501 0508 0514 0525 0714 0815 1101 1111 1225 1226"},
        {"FR-67", 2026, "0101 0403 0406 0501 0508 0514 0525 0714 0815 1101 1111 1225 1226"},
        {"FR-68", 2026, "0101 0403 0406 0501 0508 0514 0525 0714 0815 1101 1111 1225 1226"},
        {"BE", 2024, "0101 0401 0501 0509 0520 0721 0815 1101 1111 1225"},
        {"BE", 2025, "0101 0421 0501 0529 0609 0721 0815 1101 1111 1225"},
        {"BE", 2026, "0101 0406 0501 0514 0525 0721 0815 1101 1111 1225"},
        {"BE", 2027, "0101 0329 0501 0506 0517 0721 0815 1101 1111 1225"},
        {"CH", 2024, "0101 0509 0801 1225"},
        {"CH", 2025, "0101 0529 0801 1225"},
        {"CH", 2026, "0101 0514 0801 1225"},
        {"CH-GE", 2024, "0101 0329 0401 0509 0520 0801 0905 1225 1231"},
        {"CH-GE", 2025, "0101 0418 0421 0529 0609 0801 0911 1225 1231"},
        {"CH-GE", 2026, "0101 0403 0406 0514 0525 0801 0910 1225 1231"},
        {"CH-VD", 2024, "0101 0102 0329 0401 0509 0520 0801 0916 1225"},
        {"CH-VD", 2025, "0101 0102 0418 0421 0529 0609 0801 0922 1225"},
        {"CH-VD", 2026, "0101 0102 0403 0406 0514 0525 0801 0921 1225"},
        {"CH-ZH", 2024, "0101 0329 0401 0501 0509 0520 0801 1225 1226"},
        {"CH-ZH", 2025, "0101 0418 0421 0501 0529 0609 0801 1225 1226"},
        {"CH-ZH", 2026, "0101 0403 0406 0501 0514 0525 0801 1225 1226"},
        {"LU", 2018, "0101 0402 0501 0510 0521 0623 0815 1101 1225 1226"},
        {"LU", 2024, "0101 0401 0501 0509 0520 0623 0815 1101 1225 1226"}, /* Ascension on Europe Day */
        {"LU", 2025, "0101 0421 0501 0509 0529 0609 0623 0815 1101 1225 1226"},
        {"LU", 2026, "0101 0406 0501 0509 0514 0525 0623 0815 1101 1225 1226"},
        {"CA-QC", 2018, "0101 0330 0521 0624 0625 0701 0702 0903 1008 1225"}, /* two Sundays */
        {"CA-QC", 2024, "0101 0329 0520 0624 0701 0902 1014 1225"},
        {"CA-QC", 2025, "0101 0418 0519 0624 0701 0901 1013 1225"},
        {"CA-QC", 2026, "0101 0403 0518 0624 0701 0907 1012 1225"},
        {"CA-QC", 2027, "0101 0326 0524 0624 0701 0906 1011 1225"},
        {"DE", 2017, "0101 0414 0417 0501 0525 0605 1003 1031 1225 1226"},
        {"DE", 2024, "0101 0329 0401 0501 0509 0520 1003 1225 1226"},
        {"DE", 2025, "0101 0418 0421 0501 0529 0609 1003 1225 1226"},
        {"DE", 2026, "0101 0403 0406 0501 0514 0525 1003 1225 1226"},
        {"DE", 2027, "0101 0326 0329 0501 0506 0517 1003 1225 1226"},
        {"DE-BW", 2026, "0101 0106 0403 0406 0501 0514 0525 0604 1003 1101 1225 1226"},
        {"DE-BY", 2024, "0101 0106 0329 0401 0501 0509 0520 0530 1003 1101 1225 1226"},
        {"DE-BY", 2025, "0101 0106 0418 0421 0501 0529 0609 0619 1003 1101 1225 1226"},
        {"DE-BY", 2026, "0101 0106 0403 0406 0501 0514 0525 0604 1003 1101 1225 1226"},
        {"DE-BE", 2018, "0101 0330 0402 0501 0510 0521 1003 1225 1226"},
        {"DE-BE", 2024, "0101 0308 0329 0401 0501 0509 0520 1003 1225 1226"},
        {"DE-BE", 2025, "0101 0308 0418 0421 0501 0508 0529 0609 1003 1225 1226"},
        {"DE-BE", 2026, "0101 0308 0403 0406 0501 0514 0525 1003 1225 1226"},
        {"DE-BB", 2026, "0101 0403 0405 0406 0501 0514 0524 0525 1003 1031 1225 1226"},
        {"DE-HB", 2026, "0101 0403 0406 0501 0514 0525 1003 1031 1225 1226"},
        {"DE-HH", 2016, "0101 0325 0328 0501 0505 0516 1003 1225 1226"},
        {"DE-HH", 2026, "0101 0403 0406 0501 0514 0525 1003 1031 1225 1226"},
        {"DE-HE", 2026, "0101 0403 0406 0501 0514 0525 0604 1003 1225 1226"},
        {"DE-MV", 2022, "0101 0415 0418 0501 0526 0606 1003 1031 1225 1226"},
        {"DE-MV", 2026, "0101 0308 0403 0406 0501 0514 0525 1003 1031 1225 1226"},
        {"DE-NI", 2026, "0101 0403 0406 0501 0514 0525 1003 1031 1225 1226"},
        {"DE-NW", 2026, "0101 0403 0406 0501 0514 0525 0604 1003 1101 1225 1226"},
        {"DE-RP", 2026, "0101 0403 0406 0501 0514 0525 0604 1003 1101 1225 1226"},
        {"DE-SL", 2026, "0101 0403 0406 0501 0514 0525 0604 0815 1003 1101 1225 1226"},
        {"DE-SN", 2024, "0101 0329 0401 0501 0509 0520 1003 1031 1120 1225 1226"},
        {"DE-SN", 2025, "0101 0418 0421 0501 0529 0609 1003 1031 1119 1225 1226"},
        {"DE-SN", 2026, "0101 0403 0406 0501 0514 0525 1003 1031 1118 1225 1226"},
        {"DE-ST", 2026, "0101 0106 0403 0406 0501 0514 0525 1003 1031 1225 1226"},
        {"DE-SH", 2026, "0101 0403 0406 0501 0514 0525 1003 1031 1225 1226"},
        {"DE-TH", 2026, "0101 0403 0406 0501 0514 0525 0920 1003 1031 1225 1226"},
        {"NL", 2013, "0101 0401 0430 0509 0520 1225 1226"},
        {"NL", 2014, "0101 0421 0426 0529 0609 1225 1226"}, /* King's Day on a Sunday */
        {"NL", 2024, "0101 0401 0427 0509 0520 1225 1226"},
        {"NL", 2025, "0101 0421 0426 0505 0529 0609 1225 1226"},
        {"NL", 2026, "0101 0406 0427 0514 0525 1225 1226"},
        {"NL", 2027, "0101 0329 0427 0506 0517 1225 1226"},
        {"GB", 2020, "0101 0410 0413 0508 0525 0831 1225 1226 1228"},
        {"GB", 2021, "0101 0402 0405 0503 0531 0830 1225 1226 1227 1228"},
        {"GB", 2022, "0101 0103 0415 0418 0502 0602 0603 0829 0919 1225 1226 1227"},
        {"GB", 2023, "0101 0102 0407 0410 0501 0508 0529 0828 1225 1226"},
        {"GB", 2024, "0101 0329 0401 0506 0527 0826 1225 1226"},
        {"GB", 2025, "0101 0418 0421 0505 0526 0825 1225 1226"},
        {"GB", 2026, "0101 0403 0406 0504 0525 0831 1225 1226 1228"},
        {"GB", 2027, "0101 0326 0329 0503 0531 0830 1225 1226 1227 1228"},
        {"GB-SCT", 2022, "0101 0102 0103 0104 0415 0502 0602 0603 0801 0919 1130 1225 1226 1227"},
        {"GB-SCT", 2023, "0101 0102 0103 0407 0501 0508 0529 0807 1130 1225 1226"},
        {"GB-SCT", 2024, "0101 0102 0329 0506 0527 0805 1130 1202 1225 1226"},
        {"GB-SCT", 2025, "0101 0102 0418 0505 0526 0804 1130 1201 1225 1226"},
        {"GB-SCT", 2026, "0101 0102 0403 0504 0525 0615 0803 1130 1225 1226 1228"},
        {"GB-NIR", 2024, "0101 0317 0318 0329 0401 0506 0527 0712 0826 1225 1226"},
        {"GB-NIR", 2025, "0101 0317 0418 0421 0505 0526 0712 0714 0825 1225 1226"},
        {"GB-NIR", 2026, "0101 0317 0403 0406 0504 0525 0712 0713 0831 1225 1226 1228"},
        {"ES", 2024, "0101 0106 0329 0501 0815 1012 1101 1206 1208 1225"},
        {"ES", 2025, "0101 0106 0418 0501 0815 1012 1101 1206 1208 1225"},
        {"ES", 2026, "0101 0106 0403 0501 0815 1012 1101 1206 1208 1225"},
        {"IT", 2024, "0101 0106 0401 0425 0501 0602 0815 1101 1208 1225 1226"},
        {"IT", 2025, "0101 0106 0421 0425 0501 0602 0815 1101 1208 1225 1226"},
        {"IT", 2026, "0101 0106 0406 0425 0501 0602 0815 1004 1101 1208 1225 1226"},
        {"US", 2020, "0101 0120 0217 0525 0703 0704 0907 1012 1111 1126 1225"},
        {"US", 2021, "0101 0118 0215 0531 0618 0619 0704 0705 0906 1011 1111 1125 1224 1225 1231"},
        {"US", 2024, "0101 0115 0219 0527 0619 0704 0902 1014 1111 1128 1225"},
        {"US", 2025, "0101 0120 0217 0526 0619 0704 0901 1013 1111 1127 1225"},
        {"US", 2026, "0101 0119 0216 0525 0619 0703 0704 0907 1012 1111 1126 1225"},
        {"US", 2027, "0101 0118 0215 0531 0618 0619 0704 0705 0906 1011 1111 1125 1224 1225 1231"},
};

static void test_whole_years(void **state) {
        (void) state;
        int wrong = 0;
        for (size_t i = 0; i < ELEMENTSOF(years); i++)
                for (int32_t day = civil_days(years[i].year, 1, 1); day <= civil_days(years[i].year, 12, 31); day++) {
                        int32_t year;
                        int month, mday;
                        char word[32];
                        civil_from_days(day, &year, &month, &mday);
                        snprintf(word, sizeof(word), "%02d%02d", month, mday);
                        const char *name = holiday_name(years[i].region, day);
                        if ((name != NULL) == (strstr(years[i].days, word) != NULL))
                                continue;
                        print_message("%s %d-%s: %s\n", years[i].region, years[i].year, word, name ? name : "ordinary");
                        wrong++;
                }
        assert_int_equal(wrong, 0);
}

static void test_every_region_has_years(void **state) {
        (void) state;
        for (const char *const *r = holiday_regions(); *r; r++) {
                bool found = false;
                for (size_t i = 0; i < ELEMENTSOF(years); i++)
                        found |= str_eq(years[i].region, *r) && years[i].year == 2026;
                if (!found)
                        fail_msg("no list for %s", *r);
                assert_true(holiday_region_known(*r));
                assert_non_null(holiday_name(*r, civil_days(2026, 12, 25)));
                assert_non_null(holiday_name(*r, civil_days(2026, 1, 1)));
        }
}

static void test_look_alikes(void **state) {
        (void) state;
        /* Days that feeds and people call holidays and that are worked. */
        static const struct {
                const char *region;
                int year, month, day;
        } v[] = {
                {"FR", 2026, 4, 3},  /* Good Friday */
                {"FR", 2026, 4, 5},  /* Easter Sunday */
                {"FR", 2026, 5, 15}, /* the bridge after Ascension */
                {"FR", 2026, 5, 24}, /* Pentecost Sunday */
                {"FR", 2026, 5, 31}, /* Mother's Day */
                {"FR", 2026, 12, 24},    {"FR", 2026, 12, 26},
                {"FR", 2026, 2, 17},     {"BE", 2026, 4, 3},
                {"BE", 2026, 7, 11},     {"BE", 2026, 11, 2},
                {"BE", 2026, 11, 15},    {"BE", 2026, 12, 26},
                {"LU", 2026, 4, 3},      {"LU", 2018, 5, 9},
                {"LU", 2026, 7, 14},     {"CH", 2026, 4, 3},
                {"CH", 2026, 1, 2},      {"CH", 2026, 12, 26},
                {"CH", 2026, 5, 1},      {"CH-ZH", 2026, 1, 2},
                {"CH-GE", 2026, 12, 26}, {"DE", 2016, 11, 11}, /* St. Martin, and the day of national mourning: zammad#390 */
                {"DE", 2016, 11, 13},    {"DE", 2026, 11, 1},
                {"DE", 2026, 10, 31},    {"DE", 2026, 12, 24},
                {"DE", 2026, 12, 31},    {"DE", 2026, 2, 16},
                {"DE-BY", 2026, 8, 15},  {"DE-HE", 2026, 11, 1},
                {"DE-BE", 2026, 5, 8},   {"DE-SN", 2026, 6, 4},
                {"NL", 2026, 4, 3},      {"NL", 2026, 5, 5},
                {"NL", 2026, 11, 11},    {"NL", 2026, 12, 5},
                {"NL", 2025, 4, 27},     {"GB", 2026, 3, 15}, /* Mothering Sunday */
                {"GB", 2026, 3, 17},     {"GB", 2026, 7, 12},
                {"GB", 2026, 11, 30},    {"GB", 2026, 1, 2},
                {"GB", 2022, 5, 30},     {"GB", 2020, 5, 4},
                {"GB", 2026, 6, 15},     {"GB-SCT", 2026, 4, 6},
                {"GB-SCT", 2026, 8, 31}, {"ES", 2026, 4, 2}, /* Maundy Thursday, not in Catalonia */
                {"ES", 2026, 4, 6},      {"ES", 2026, 3, 19},
                {"ES", 2026, 11, 2},     {"IT", 2026, 4, 3},
                {"IT", 2025, 10, 4},     {"IT", 2026, 11, 4},
                {"IT", 2026, 12, 24},    {"US", 2026, 4, 3},
                {"US", 2026, 10, 31},    {"US", 2026, 11, 27},
                {"US", 2026, 5, 10},     {"US", 2020, 6, 19},
                {"US", 2026, 12, 24},    {"US", 2026, 7, 5},
                {"US", 2026, 7, 6},      {"CA-QC", 2026, 4, 6},
                {"CA-QC", 2026, 12, 26}, {"CA-QC", 2026, 2, 16},
                {"CA-QC", 2026, 9, 30},  {"CA-QC", 2026, 11, 11},
        };
        for (size_t i = 0; i < ELEMENTSOF(v); i++) {
                const char *name = holiday_name(v[i].region, civil_days(v[i].year, v[i].month, v[i].day));
                if (name)
                        fail_msg("%s %d-%02d-%02d is %s", v[i].region, v[i].year, v[i].month, v[i].day, name);
        }
}

static void test_names(void **state) {
        (void) state;
        assert_string_equal(holiday_name("FR", civil_days(2026, 4, 6)), "Lundi de Pâques");
        assert_string_equal(holiday_name("US", civil_days(2026, 7, 3)), "Independence Day");
        assert_string_equal(holiday_name("DE-SN", civil_days(2026, 11, 18)), "Buß- und Bettag");
        assert_string_equal(holiday_name("NL", civil_days(2025, 4, 26)), "Koningsdag");
        assert_string_equal(holiday_name("US", civil_days(2021, 12, 31)), "New Year's Day");
}

static void test_unknown_regions(void **state) {
        (void) state;
        static const char *const unknown[] = {"", "F", "fr", "FRA", "FR-99", "XX", "GB-ENG", "FR ", "CA", "DE_BY"};
        for (size_t i = 0; i < ELEMENTSOF(unknown); i++) {
                assert_false(holiday_region_known(unknown[i]));
                assert_null(holiday_name(unknown[i], civil_days(2026, 12, 25)));
        }
        assert_false(holiday_region_known(NULL));
        assert_null(holiday_name(NULL, 0));
}

/* Easter of years at the edges of the computus, by what follows from it in France. */
static void test_easter(void **state) {
        (void) state;
        static const struct {
                int year, month, day;
        } easter[] = {{1818, 3, 22}, {1943, 4, 25}, {1961, 4, 2},  {1981, 4, 19}, {2000, 4, 23}, {2008, 3, 23},
                      {2011, 4, 24}, {2019, 4, 21}, {2038, 4, 25}, {2049, 4, 18}, {2076, 4, 19}, {2285, 3, 22}};
        for (size_t i = 0; i < ELEMENTSOF(easter); i++) {
                int32_t day = civil_days(easter[i].year, easter[i].month, easter[i].day);
                assert_int_equal(civil_weekday(day), 7);
                assert_string_equal(holiday_name("FR", day + 1), "Lundi de Pâques");
                assert_string_equal(holiday_name("FR-57", day - 2), "Vendredi saint");
                const char *whit = holiday_name("FR", day + 50);
                assert_non_null(whit);
                assert_string_equal(holiday_name("DE-BY", day + 60), "Fronleichnam");
        }
}

static void test_far_days(void **state) {
        (void) state;
        for (const char *const *r = holiday_regions(); *r; r++) {
                (void) holiday_name(*r, civil_days(1, 1, 1));
                (void) holiday_name(*r, civil_days(9999, 12, 31));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_whole_years),     cmocka_unit_test(test_every_region_has_years),
                cmocka_unit_test(test_look_alikes),     cmocka_unit_test(test_names),
                cmocka_unit_test(test_unknown_regions), cmocka_unit_test(test_easter),
                cmocka_unit_test(test_far_days),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
