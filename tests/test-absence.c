/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>

#include <cmocka.h>

#include "parsers/civil.h"
#include "parsers/text.h"

/* Dates as "YYYY-MM-DD", NULL for none; the reply is sent on 2026-08-02 unless said otherwise. */
static const struct {
        const char *text, *from, *until, *sent;
} cases[] = {
        {"Je suis absent du 3 au 14 août 2026.", "2026-08-03", "2026-08-14", NULL},
        {"Je suis en congés du 3 août au 14 août.", "2026-08-03", "2026-08-14", NULL},
        {"Absente du lundi 3 au vendredi 14 août inclus.", "2026-08-03", "2026-08-14", NULL},
        {"Je suis absent jusqu'au 12/08 inclus.", NULL, "2026-08-12", NULL},
        {"Je suis absent jusqu’au 12/08/2026.", NULL, "2026-08-12", NULL},
        {"Je serai de retour le 15 août.", NULL, "2026-08-14", NULL},
        {"Absent, retour le lundi 17/08/2026.", NULL, "2026-08-16", NULL},
        {"Actuellement en congés du 03/08/2026 au 14/08/2026, je vous répondrai à mon retour.", "2026-08-03", "2026-08-14",
         NULL},
        {"Je serai absent à partir du 1er septembre jusqu'au 5 septembre.", "2026-09-01", "2026-09-05", NULL},
        {"Je suis absent du 28 décembre au 3 janvier.", "2026-12-28", "2027-01-03", "2026-12-27"},
        {"Absent du 28/12/2026 au 03/01/2027", "2026-12-28", "2027-01-03", "2026-12-30"},
        {"I am out of the office until Monday 14 September.", NULL, "2026-09-14", NULL},
        {"I will be away from 1 to 5 June.", "2026-06-01", "2026-06-05", "2026-06-01"},
        {"I'm on leave from August 3rd to August 14th, 2026.", "2026-08-03", "2026-08-14", NULL},
        {"I am out of office and will be back on 15 August.", NULL, "2026-08-14", NULL},
        {"I will return on Monday, August 17.", NULL, "2026-08-16", NULL},
        {"Out of office until 2026-08-14.", NULL, "2026-08-14", NULL},
        {"On vacation between 3 and 14 August, back in the office on the 17th of August.", "2026-08-03", "2026-08-14", NULL},
        {"I am away through Friday 7 August, with no access to email.", NULL, "2026-08-07", NULL},
        {"Ich bin bis zum 12.08. nicht im Büro.", NULL, "2026-08-12", NULL},
        {"Ich bin vom 3. bis 14. August 2026 im Urlaub.", "2026-08-03", "2026-08-14", NULL},
        {"Vom 03.08.2026 bis einschließlich 14.08.2026 bin ich abwesend.", "2026-08-03", "2026-08-14", NULL},
        {"Ab dem 17. August bin ich wieder erreichbar: wieder am 17. August.", NULL, "2026-08-16", NULL},
        {"Ik ben afwezig t/m 12 augustus.", NULL, "2026-08-12", NULL},
        {"Ik ben met vakantie van 3 augustus tot en met 14 augustus 2026.", "2026-08-03", "2026-08-14", NULL},
        {"Maandag 17 augustus ben ik weer bereikbaar. Ik ben terug op 17 augustus.", NULL, "2026-08-16", NULL},
        /* days told by the day of the reply: 2026-08-02 is a Sunday, 2026-08-05 a Wednesday */
        {"I am out of the office until Friday.", NULL, "2026-08-07", "2026-08-05"},
        {"Back on Monday.", NULL, "2026-08-09", "2026-08-05"},
        {"Absent jusqu'à mercredi.", NULL, "2026-08-05", "2026-08-05"},
        {"Je suis absent aujourd'hui, de retour demain.", NULL, "2026-08-05", "2026-08-05"},
        {"Ich bin bis Ende der Woche nicht da.", NULL, "2026-08-09", "2026-08-05"},
        {"Ik ben volgende week weer terug.", NULL, "2026-08-09", "2026-08-05"},
        {"I will be back on the 1st.", NULL, "2026-08-31", "2026-08-05"},
        /* of several periods the one that is not over; leave that is */
        {"Congés du 6 au 10 juillet, puis du 3 au 7 août.", "2026-08-03", "2026-08-07", NULL},
        {"Congés du 6 au 10 juillet, puis du 13 au 17 juillet.", "2026-07-13", "2026-07-17", NULL},
        {"I was away until 20 July.", NULL, "2026-07-20", NULL},
        {"Bürozeiten geschlossen vom 20. Dezember bis 6. Januar", "2026-12-20", "2027-01-06", "2026-12-19"},
        /* without a word before it */
        {"Closed: Dec 24 - Jan 2", "2026-12-24", "2027-01-02", "2026-12-20"},
        {"Fermeture 13-17 juillet", "2026-07-13", "2026-07-17", "2026-07-10"},
        {"Les 3, 4 et 5 août je suis en formation.", "2026-08-03", "2026-08-05", NULL},
        {"Absent le 5 août.", "2026-08-05", "2026-08-05", NULL},
        {"Ab 10.08. bin ich im Urlaub.", "2026-08-10", NULL, NULL},
        {"Ab 10.08. bin ich wieder da.", NULL, "2026-08-09", NULL},
        {"I am currently away returning to the office on August 5th.", NULL, "2026-08-04", NULL},
        {"De retour au bureau le 5 août.", NULL, "2026-08-04", NULL},
        {"I have moved to the office on 5 August Street.", NULL, NULL, NULL},
        {"Je serai au bureau le 5 août.", NULL, NULL, NULL},
        /* look-alikes: no dates, or none that mean an absence */
        {"I am out on Fridays and answer within 1-2 days.", NULL, NULL, NULL},
        {"I am out on Friday.", NULL, NULL, NULL},
        {"Absent le vendredi.", NULL, NULL, NULL},
        {"Je ne travaille pas le mercredi. Bureau ouvert du lundi au jeudi.", NULL, NULL, NULL},
        {"Open Monday to Thursday, 9 to 5.", NULL, NULL, NULL},
        {"Montag bis Donnerstag erreichbar unter 030 1234.", NULL, NULL, NULL},
        {"Absent. Dupont SARL, 12 rue du 8 mai 1945, 69002 Lyon", NULL, NULL, NULL},
        {"I am away. Our team is back with 24/7 support.", NULL, NULL, NULL},
        {"I will call you back. 3 August", NULL, NULL, NULL},
        {"", NULL, NULL, NULL},
        {"Je suis absent.", NULL, NULL, NULL},
        {"I am currently out of the office with limited access to email.", NULL, NULL, NULL},
        {"Votre demande du 3 août a bien été reçue.", "2026-08-03", NULL, NULL},
        {"Open from 9:00 to 17:00.", NULL, NULL, NULL},
        {"Joignable au 01 02 03 04 05.", NULL, NULL, NULL},
        {"Your ticket 2026-08-14 is open.", NULL, NULL, NULL},
        {"Until 31 February.", NULL, NULL, NULL},
        {"Valable jusqu'au 14 août 2031.", NULL, NULL, NULL},
        {"Le bureau est ouvert de 9h à 18h.", NULL, NULL, NULL},
};

static instant day(const char *s) {
        struct civil c;
        int32_t offset;
        assert_int_equal(civil_parse(s, &c, &offset, NULL), 0);
        return civil_seconds(&c);
}

static bool same(const char *expected, struct moment got) {
        return expected ? got.form == MOMENT_DATE && got.at == day(expected) : got.form == MOMENT_NONE;
}

static void finds_absence_dates(void **state) {
        (void) state;
        unsigned wrong = 0;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct moment from, until;
                text_absence(cases[i].text, day(cases[i].sent ? cases[i].sent : "2026-08-02") + 36000, &from, &until);
                if (same(cases[i].from, from) && same(cases[i].until, until))
                        continue;
                int32_t y;
                int m, d, m2, d2;
                civil_from_days((int32_t) (from.at / 86400), &y, &m, &d);
                civil_from_days((int32_t) (until.at / 86400), &y, &m2, &d2);
                print_message("%s: from %d: %d-%d until %d: %d-%d\n", cases[i].text, from.form, m, d, until.form, m2, d2);
                wrong++;
        }
        assert_int_equal(wrong, 0);
}

static void survives_odd_input(void **state) {
        (void) state;
        struct moment from, until;
        static char text[100001];
        text_absence(NULL, 0, &from, &until);
        assert_int_equal(from.form, MOMENT_NONE);
        text_absence("until 14 August", INSTANT_UNKNOWN, &from, &until);
        assert_int_equal(until.form, MOMENT_NONE);
        text_absence("until 14 August", INSTANT_MIN, &from, &until);
        assert_int_equal(until.form, MOMENT_NONE);
        text_absence("until 14 August", INSTANT_MAX, &from, &until);
        assert_int_equal(until.form, MOMENT_NONE);
        for (size_t i = 0; i + 3 < sizeof(text); i += 3)
                memcpy(text + i, "au ", 3);
        text_absence(text, 0, &from, &until);
        assert_int_equal(until.form, MOMENT_NONE);
        memset(text, '1', sizeof(text) - 1);
        text_absence(text, 0, &from, &until);
        assert_int_equal(until.form, MOMENT_NONE);
        memset(text, 0xC3, sizeof(text) - 1);
        text_absence(text, 0, &from, &until);
        assert_int_equal(until.form, MOMENT_NONE);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(finds_absence_dates),
                cmocka_unit_test(survives_odd_input),
        };
        return cmocka_run_group_tests_name("absence", tests, NULL, NULL);
}
