/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "parsers/text.h"

static const struct {
        const char *subject, *base;
        bool reply, forward;
} cases[] = {
        {"Devis site web", "devis site web", false, false},
        {"Re: Devis", "devis", true, false},
        {"RE : Devis", "devis", true, false},
        {"Ré: Devis", "devis", true, false},
        {"Re:Re: RE: Devis", "devis", true, false},
        {"Re[2]: Devis", "devis", true, false},
        {"Re(3): Devis", "devis", true, false},
        {"Re^2: Devis", "devis", true, false},
        {"Re [team]: Devis", "devis", true, false},
        {"AW: Angebot", "angebot", true, false},
        {"Antw: Offerte", "offerte", true, false},
        {"SV: Offert", "offert", true, false},
        {"VS: Tarjous", "tarjous", true, false},
        {"RIF: Offerta", "offerta", true, false},
        {"R: Offerta", "offerta", true, false},
        {"RES: Proposta", "proposta", true, false},
        {"Odp: Oferta", "oferta", true, false},
        {"Fwd: Devis", "devis", false, true},
        {"FW: Devis", "devis", false, true},
        {"TR : Devis", "devis", false, true},
        {"WG: Angebot", "angebot", false, true},
        {"ENC: Proposta", "proposta", false, true},
        {"I: Offerta", "offerta", false, true},
        {"RV: Oferta", "oferta", false, true},
        {"Devis (fwd)", "devis", false, true},
        {"[Fwd: Devis]", "devis", false, true},
        {"Re: [Fwd: Re: Devis]", "devis", true, true},
        {"[liste] Re: [liste] Devis", "devis", true, false},
        {"[dev] [patch] Fix", "fix", false, false},
        {"[urgent]", "[urgent]", false, false},
        {"  Re:   Deux\tmots  ", "deux mots", true, false},
        {"Re：Devis", "devis", true, false},
        {"L’été à Œuvre", "l'ete a oeuvre", false, false},
        {"Re: ", "", true, false},
        {"", "", false, false},
        {"回复：报价", "报价", true, false},
        /* RFC 5256 section 2.1, step by step and put together */
        {"x (fwd)  (fwd) ", "x", false, true},
        {"fwd [a]: x", "x", false, true},
        {"re [a] : x", "x", true, false},
        {"[a] [b] x", "x", false, false},
        {"[a] [b]", "[b]", false, false},
        {"Re: [a]", "[a]", true, false},
        {"[a] re: [b] fw: x (fwd)", "x", true, true},
        {"[fwd: [a] re: x (fwd)]", "x", true, true},
        {"[fwd: [fwd: x]]", "x", false, true},
        {"re: (fwd)", "", true, true},
        {"x re: y", "x re: y", false, false},
        {"x (fwd) y", "x (fwd) y", false, false},
        {"fwd x", "fwd x", false, false},
        {"[fwd: x", "[fwd: x", false, false},
        /* look-alikes */
        {"Reste à faire: logo", "reste a faire: logo", false, false},
        {"Reunion: ordre du jour", "reunion: ordre du jour", false, false},
        {"Recap: point", "recap: point", false, false},
        {"Trajet: Paris", "trajet: paris", false, false},
        {"Internet: panne", "internet: panne", false, false},
        {"RER B", "rer b", false, false},
        {"Facture 12: paiement", "facture 12: paiement", false, false},
        {"Devis [v2]", "devis [v2]", false, false},
        {"[unclosed tag", "[unclosed tag", false, false},
        {"a: b", "a: b", false, false},
};

static void finds_the_base(void **state) {
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_arena_ struct arena *arena = NULL;
                const char *base;
                bool reply, forward;
                assert_int_equal(arena_new(0, &arena), 0);
                assert_int_equal(subject_base(cases[i].subject, arena, &base, &reply, &forward), 0);
                assert_string_equal(base, cases[i].base);
                if (reply != cases[i].reply || forward != cases[i].forward)
                        fail_msg("%s: reply %d, forward %d", cases[i].subject, reply, forward);
        }
}

static void knows_that_there_is_none(void **state) {
        (void) state;
        _cleanup_arena_ struct arena *arena = NULL;
        const char *base = "x";
        bool reply = true, forward = true;
        assert_int_equal(arena_new(0, &arena), 0);
        assert_int_equal(subject_base(NULL, arena, &base, &reply, &forward), 0);
        assert_null(base);
        assert_false(reply);
        assert_false(forward);
}

static void survives_long_subjects(void **state) {
        (void) state;
        static const char *const pieces[] = {"re:", "[", "[a]", "(fwd)", "[fwd:", " ", "re[1]:", "]"};
        for (size_t i = 0; i < ELEMENTSOF(pieces); i++) {
                _cleanup_arena_ struct arena *arena = NULL;
                size_t k = strlen(pieces[i]), n = 60000 / k;
                _cleanup_free_ char *s = malloc(n * k + 1);
                const char *base;
                bool reply, forward;
                assert_non_null(s);
                for (size_t j = 0; j < n; j++)
                        memcpy(s + j * k, pieces[i], k);
                s[n * k] = 0;
                assert_int_equal(arena_new(0, &arena), 0);
                assert_int_equal(subject_base(s, arena, &base, &reply, &forward), 0);
        }
}

static void reports_a_full_arena(void **state) {
        (void) state;
        _cleanup_arena_ struct arena *arena = NULL;
        const char *base = "untouched";
        bool reply, forward;
        assert_int_equal(arena_new(16, &arena), 0);
        assert_int_equal(subject_base("Re: a subject longer than that", arena, &base, &reply, &forward), -ENOMEM);
        assert_string_equal(base, "untouched");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(finds_the_base),
                cmocka_unit_test(knows_that_there_is_none),
                cmocka_unit_test(survives_long_subjects),
                cmocka_unit_test(reports_a_full_arena),
        };
        return cmocka_run_group_tests_name("subject", tests, NULL, NULL);
}
