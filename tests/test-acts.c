/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "parsers/acts.h"
#include "parsers/civil.h"
#include "tests/eval/acts.h"

/* What must not be lost any more: of what is said to be an act, so much is; of the acts there are, so much is found. */
#define PRECISION_FLOOR 0.95
#define RECALL_FLOOR 0.90
#define KIND_FLOOR 0.95

static void tells_acts_in_labelled_sentences(void **state) {
        (void) state;
        static const char *const files[] = {"fr-train.tsv", "en-train.tsv"};
        const char *top = getenv("abs_top_srcdir");
        struct phrase_index *index;
        unsigned below = 0;
        assert_int_equal(phrase_index_new(&index), 0);
        for (size_t i = 0; i < ELEMENTSOF(files); i++) {
                char path[4096];
                struct acts_counts c;
                (void) snprintf(path, sizeof(path), "%s/tests/acts/%s", top ? top : ".", files[i]);
                assert_int_equal(acts_judge_file(index, path, NULL, true, &c), 0);
                assert_true(c.sentences > 200);
                for (unsigned k = 0; k < ACTS_NAMES; k++) {
                        assert_true(c.of[k].found + c.of[k].missed >= 10);
                        bool kinds = c.of[k].kind >= KIND_FLOOR * c.of[k].kinds;
                        if (acts_precision(&c, k) >= PRECISION_FLOOR && acts_recall(&c, k) >= RECALL_FLOOR && kinds)
                                continue;
                        print_message("%s: %s: precision %.3f, recall %.3f, kind right in %u of %u\n", files[i],
                                      acts_names[k], acts_precision(&c, k), acts_recall(&c, k), c.of[k].kind, c.of[k].kinds);
                        below++;
                }
        }
        phrase_index_free(index);
        assert_int_equal(below, 0);
}

static void read_text(const char *text, const char *subject, struct arena *arena, struct text_reading *ret) {
        assert_int_equal(text_read(NULL, text, subject, text_language(NULL, text), arena, ret), 0);
}

/* "thanks decision.approval": all acts in the order of the kinds. */
static void describe(const struct text_reading *r, char *out, size_t size) {
        size_t n = 0;
        *out = 0;
        for (size_t i = 0; i < r->n_acts; i++) {
                const char *kind = act_kind_name(r->acts[i].kind);
                n += (size_t) snprintf(out + n, size - n, "%s%s%s%s", i > 0 ? " " : "", act_name(r->acts[i].kind),
                                       kind ? "." : "", kind ? kind : "");
        }
}

/* Whole messages, where one sentence tells what another means. */
static const struct {
        const char *expected, *text, *subject;
} messages[] = {
        {"", "Bonjour,\nPourriez-vous m'envoyer le logo ?\nMerci pour votre aide,\nPaul", NULL},
        {"", "Hi,\nCould you send me the files by Friday?\nThanks for your help!\nTom", NULL},
        {"", "Hi,\nCould you send me the files by Friday?\nThanks,\nTom", NULL},
        {"", "Please send the files. Thanks in advance!", NULL},
        {"thanks", "Merci beaucoup pour les maquettes, elles sont superbes. Pourriez-vous ajouter un bandeau ?", NULL},
        {"thanks", "Thanks for the mockups, they look great. Could you add a banner?", NULL},
        {"thanks", "Merci !", NULL},
        {"", "D'accord, bien noté.", NULL},
        {"", "OK, noted.", NULL},
        {"thanks decision.approval", "Merci pour ton travail, c'est validé de notre côté.", NULL},
        {"decision.approval decision.change", "C'est validé pour la couverture. Finalement, on préfère le titre en bleu.",
         NULL},
        {"reminder", "Bonjour,\nAuriez-vous un moment pour en parler ?", "Relance : devis de mars"},
        {"", "Bonjour,\nAuriez-vous un moment pour en parler ?", "Re: Relance : devis de mars"},
        {"", "Hello,\nDo you have a minute?", "Fwd: Gentle reminder"},
        {"reminder", "Hello,\nDo you have a minute?", "Gentle reminder"},
        {"boundary.hours boundary.channel", "Je ne réponds pas aux SMS ni aux appels le week-end. Merci d'utiliser le mail.",
         NULL},
        {"boundary.hours", "Je ne travaille pas le vendredi.", NULL},
        {"", "Je ne travaille pas vendredi 13.", NULL},
        {"", "Je ne suis pas disponible le vendredi 13 mars.", NULL},
        /* Said by others, in part, not yet, or not at all. */
        {"", "Paul dit que nous acceptons votre offre.", NULL},
        {"", "We will let you know whether we approve the quote.", NULL},
        {"", "Nous ne validons pas encore.", NULL},
        {"", "We approve the quote if you lower the price.", NULL},
        {"", "Dès que nous validons la maquette, vous serez prévenu.", NULL},
        {"decision.approval", "We approve the quote, can you start on Monday?", NULL},
        {"", "You approve the quote?", NULL},
        {"", "On valide la version B, non ?", NULL},
        {"", "", NULL},
        {"decision.refusal", "Nous avons retenu le devis de votre concurrent.", NULL},
        {"", "Petit rappel : le bureau est fermé vendredi.", NULL},
        {"", "Avez-vous des nouvelles de l'hébergeur ?", NULL},
        {"", "Vérifie que tout est bon avant l'envoi.", NULL},
        {"", "Il a décidé de travailler avec son frère.", NULL},
        {"", "Go ahead and send it to Tom.", NULL},
        {"", "He decided to go back to school.", NULL},
        {"", "The patch is below.\nSigned-off-by: Tom Miller <tom@example.org>", NULL},
        {"", "Please find the contract attached.\nThanks,\nTom", NULL},
        {"", "Thanks, but we already have a supplier.", NULL},
        {"reminder", "We have been waiting for your comments since Monday.", NULL},
        /* German and Dutch. */
        {"reminder", "Ich habe noch keine Antwort auf meine Nachricht erhalten.", NULL},
        {"reminder", "Ich möchte freundlich an meine Rechnung erinnern.", NULL},
        {"thanks", "Vielen Dank für die schnelle Lieferung!", NULL},
        {"", "Könnten Sie mir das Logo schicken? Vielen Dank im Voraus!", NULL},
        {"boundary.hours", "Ich beantworte keine Nachrichten am Wochenende.", NULL},
        {"proposal.quote", "Anbei finden Sie unser Angebot.", NULL},
        {"decision.approval", "Der Entwurf ist freigegeben.", NULL},
        {"decision.refusal", "Wir haben uns leider gegen Ihr Angebot entschieden.", NULL},
        {"decision.change", "Wir haben es uns anders überlegt.", NULL},
        {"", "Wenn der Entwurf freigegeben ist, melde ich mich.", NULL},
        {"", "Haben Sie das Angebot angenommen?", NULL},
        {"reminder", "Ik heb nog steeds geen antwoord ontvangen.", NULL},
        {"reminder", "Een vriendelijke herinnering aan de openstaande factuur.", NULL},
        {"thanks", "Hartelijk dank voor de snelle levering!", NULL},
        {"", "Kun je mij het logo sturen? Alvast bedankt!", NULL},
        {"boundary.hours", "Ik beantwoord geen berichten in het weekend.", NULL},
        {"proposal.quote", "Bijgaand vindt u onze offerte.", NULL},
        {"decision.approval", "Wij gaan akkoord met de offerte.", NULL},
        {"decision.refusal", "We hebben gekozen voor een andere partij.", NULL},
        {"decision.change", "Bij nader inzien willen we toch de eerste versie.", NULL},
        {"", "Als de offerte goedgekeurd is, beginnen we.", NULL},
        {"", "Heeft u de offerte goedgekeurd?", NULL},
};

static void tells_acts_in_messages(void **state) {
        (void) state;
        unsigned wrong = 0;
        for (size_t i = 0; i < ELEMENTSOF(messages); i++) {
                _cleanup_arena_ struct arena *arena = NULL;
                struct text_reading r;
                char got[256];
                assert_int_equal(arena_new(0, &arena), 0);
                read_text(messages[i].text, messages[i].subject, arena, &r);
                describe(&r, got, sizeof(got));
                for (size_t k = 0; k < r.n_acts; k++)
                        assert_non_null(r.acts[k].because);
                if (strcmp(got, messages[i].expected) == 0)
                        continue;
                print_message("expected \"%s\", got \"%s\": %s\n", messages[i].expected, got, messages[i].text);
                wrong++;
        }
        assert_int_equal(wrong, 0);
}

static void quotes_the_words_that_decided(void **state) {
        (void) state;
        _cleanup_arena_ struct arena *arena = NULL;
        struct text_reading r;
        assert_int_equal(arena_new(0, &arena), 0);
        read_text("Bonjour. Le texte est bien. Finalement, nous préférons la version bleue. Bonne journée.", NULL, arena,
                  &r);
        assert_int_equal(r.n_acts, 1);
        assert_int_equal(r.acts[0].kind, ACT_DECISION_CHANGE);
        assert_string_equal(r.acts[0].because, "Finalement, nous préférons la version bleue.");
        read_text("Could you send me the final files by 5 March 2026?", NULL, arena, &r);
        assert_string_equal(r.deadline_because, "by 5 March 2026?");
}

/* --- deadlines --- */

/* Written at that time on the writer's clock; 2026-03-04 is a Wednesday. NULL: no deadline. */
#define WEDNESDAY "2026-03-04T10:30"
static const struct {
        const char *sent, *expected, *text;
} deadlines[] = {
        {WEDNESDAY, "2026-03-06", "Pourriez-vous m'envoyer le logo d'ici vendredi ?"},
        {WEDNESDAY, "2026-03-06T00:00", "Merci de m'envoyer le logo avant vendredi."},
        {WEDNESDAY, "2026-03-09", "Il me faudrait la maquette pour lundi."},
        {WEDNESDAY, "2026-03-09", "Pouvez-vous me l'envoyer lundi au plus tard ?"},
        {WEDNESDAY, "2026-03-09", "Pouvez-vous me l'envoyer au plus tard lundi ?"},
        {WEDNESDAY, "2026-03-04T17:00", "Merci de me renvoyer le devis signé avant 17h."},
        {WEDNESDAY, "2026-03-05T12:00", "Pouvez-vous valider d'ici demain midi ?"},
        {WEDNESDAY, "2026-03-05", "Merci de valider d'ici demain soir."},
        {WEDNESDAY, "2026-03-06T17:30", "Pouvez-vous me répondre avant vendredi 17h30 ?"},
        {WEDNESDAY, "2026-03-15", "Pourriez-vous livrer la traduction d'ici le 15 ?"},
        {WEDNESDAY, "2026-04-02", "Pourriez-vous livrer la traduction d'ici le 2 ?"},
        {WEDNESDAY, "2026-04-15", "Pourriez-vous livrer la traduction d'ici le 15 avril ?"},
        {WEDNESDAY, "2026-03-13", "Merci de répondre d'ici vendredi 13 mars."},
        {WEDNESDAY, "2026-03-06T10:30", "Merci de me répondre sous 48h."},
        {WEDNESDAY, "2026-03-07", "Pouvez-vous me répondre sous 3 jours ?"},
        {WEDNESDAY, "2026-03-06", "Pouvez-vous me répondre d'ici la fin de la semaine ?"},
        {WEDNESDAY, "2026-03-13", "Pouvez-vous me répondre d'ici la fin de la semaine prochaine ?"},
        {WEDNESDAY, "2026-03-31", "Il me faudrait le site d'ici fin mars."},
        {WEDNESDAY, "2026-03-31", "Il me faudrait le site d'ici la fin du mois."},
        {WEDNESDAY, "2026-03-04", "Pouvez-vous me l'envoyer dans la journée ?"},
        {WEDNESDAY, "2026-03-04", "Pouvez-vous me l'envoyer avant ce soir ?"},
        {WEDNESDAY, "2026-04-03T00:00", "Merci de l'envoyer avant le 03/04."},
        {WEDNESDAY, "2026-03-06", "Pouvez-vous m'envoyer les textes ? D'ici vendredi si possible."},
        {WEDNESDAY, "2026-03-06", "Could you send me the files by Friday?"},
        {WEDNESDAY, "2026-03-04", "Please send me the files by EOD."},
        {WEDNESDAY, "2026-03-04", "Please send me the files by the end of the day."},
        {WEDNESDAY, "2026-03-04", "Please send me the files by close of business."},
        {WEDNESDAY, "2026-03-06", "Could you send them by the end of the week?"},
        {WEDNESDAY, "2026-03-15T00:00", "Please send it before the 15th."},
        {WEDNESDAY, "2026-03-15", "Please send it by March 15."},
        {WEDNESDAY, "2026-03-15", "Please send it by 15 March 2026."},
        {WEDNESDAY, "2026-03-15", "Please send it by 2026-03-15."},
        {WEDNESDAY, "2026-03-06", "Could you get back to me within 2 days?"},
        {WEDNESDAY, "2026-03-06", "Can you review it in the next two days?"},
        {WEDNESDAY, "2026-03-05T10:30", "Please reply within 24 hours."},
        {WEDNESDAY, "2026-03-04T17:00", "Could you send it by 5pm?"},
        {WEDNESDAY, "2026-03-05T12:00", "Could you send it by noon tomorrow?"},
        {WEDNESDAY, "2026-03-05", "Could you let me know by tomorrow?"},
        {WEDNESDAY, "2026-03-06", "I need it no later than Friday, please send it."},
        {WEDNESDAY, "2026-03-06", "Please send the invoice Friday at the latest."},
        {WEDNESDAY, "2026-03-09", "Could you send it by next Monday?"},
        {WEDNESDAY, "2026-03-13", "Could you send it by Friday next week?"},
        {WEDNESDAY, "2026-12-24", "Could you send it by December 24, 2026?"},
        {WEDNESDAY, "2026-03-06", "Könnten Sie mir das Logo bis Freitag schicken?"},
        {WEDNESDAY, "2026-03-15", "Bitte senden Sie mir die Texte bis zum 15. März."},
        {WEDNESDAY, "2026-03-06", "Bitte schicken Sie mir das Angebot bis spätestens Freitag."},
        {WEDNESDAY, "2026-03-06", "Bitte antworten Sie innerhalb von 2 Tagen."},
        {WEDNESDAY, "2026-03-06", "Kunt u mij het logo voor vrijdag sturen?"},
        {WEDNESDAY, "2026-03-06", "Kunt u mij de teksten uiterlijk vrijdag sturen?"},
        {WEDNESDAY, "2026-03-06", "Kunt u binnen 2 dagen reageren?"},
        {WEDNESDAY, "2026-03-15", "Please send it on or before March 15."},
        {WEDNESDAY, "2026-03-04T16:00", "Please send it by 4 p.m."},
        {WEDNESDAY, "2026-03-11", "Could you reply within a week?"},
        {WEDNESDAY, "2026-03-05", "Please send it by EOD tomorrow."},
        {WEDNESDAY, "2026-03-06T17:00", "Please send it no later than 5pm Friday."},
        {WEDNESDAY, "2026-03-13", "Could you let me have the texts by Friday, March 13?"},
        {WEDNESDAY, "2026-04-30", "Could you send the invoice by the end of next month?"},
        {WEDNESDAY, "2026-03-10T12:00", "Merci de me renvoyer le contrat signé au plus tard le 10 mars 2026 à 12h."},
        {WEDNESDAY, "2026-03-06T12:00", "J'ai besoin des textes pour vendredi midi."},
        {WEDNESDAY, "2026-03-09", "Bitte bis Montag, 9. März, antworten."},
        /* Two days it could be. */
        {WEDNESDAY, NULL, "Please send it by Wednesday 4pm."},
        {"2026-03-06T10:30", NULL, "Could you send me the files by Friday?"},
        {"2026-03-06T10:30", "2026-03-13", "Could you send me the files by next Friday?"},
        {WEDNESDAY, NULL, "Could you send me the files by next Friday?"},
        {WEDNESDAY, NULL, "Please send it by 03/04."},
        {WEDNESDAY, "2026-04-23", "Please send it by 4/23."},
        {"2026-03-05T00:30", NULL, "Pouvez-vous l'envoyer d'ici demain ?"},
        {WEDNESDAY, NULL, "Merci de répondre d'ici vendredi 12 mars."},
        {WEDNESDAY, NULL, "Merci de répondre avant jeudi ou vendredi."},
        {WEDNESDAY, NULL, "Could you reply by next week?"},
        {WEDNESDAY, NULL, "Could you send it by 5?"},
        {WEDNESDAY, NULL, "Please reply within 2 business days."},
        {WEDNESDAY, NULL, "Merci de répondre sous 2 jours ouvrés."},
        {WEDNESDAY, NULL, "Please send it by the 31st of April."},
        /* Past. */
        {WEDNESDAY, NULL, "Merci de me renvoyer le devis signé avant 9h."},
        {WEDNESDAY, NULL, "Where is the file you promised by Friday?"},
        {WEDNESDAY, NULL, "Pouvez-vous m'envoyer ce que vous deviez livrer avant vendredi ?"},
        /* Of something else, or nothing asked. */
        {WEDNESDAY, NULL, "Pouvez-vous confirmer le rendez-vous pour lundi ?"},
        {WEDNESDAY, NULL, "Could you send me the agenda before Friday's meeting?"},
        {WEDNESDAY, NULL, "Could you call me? I'll be in the office by Monday."},
        {WEDNESDAY, NULL, "Je vous envoie le logo d'ici vendredi."},
        {WEDNESDAY, NULL, "I will send it by Friday."},
        {WEDNESDAY, NULL, "Pouvez-vous m'appeler, pas avant vendredi ?"},
        {WEDNESDAY, NULL, "Schicken Sie mir bitte das Logo. Bis Freitag!"},
        {WEDNESDAY, NULL, "Could you send it asap?"},
        {WEDNESDAY, NULL, "Could you pass by on your way?"},
        {WEDNESDAY, NULL, "Could you stand by the door?"},
        /* End of the year, of a month, of summer. */
        {"2026-12-30T10:00", "2027-01-02", "Pourriez-vous l'envoyer d'ici le 2 ?"},
        {"2026-12-30T10:00", "2027-01-04", "Could you send it by Monday?"},
        {"2026-12-30T10:00", "2027-01-15", "Could you send it by January 15?"},
        {"2026-02-10T10:00", "2026-02-28", "Could you send it by the end of the month?"},
        {"2028-02-10T10:00", "2028-02-29", "Could you send it by the end of the month?"},
        {"2026-03-07T10:00", NULL, "Could you send it by the end of the week?"},
};

static void moment_text(const struct moment *m, char *out, size_t size) {
        struct civil c = civil_from_seconds(m->at);
        if (m->form == MOMENT_NONE)
                (void) snprintf(out, size, "none");
        else if (m->form == MOMENT_DATE)
                (void) snprintf(out, size, "%04d-%02d-%02d", c.year, c.month, c.day);
        else
                (void) snprintf(out, size, "%04d-%02d-%02dT%02d:%02d", c.year, c.month, c.day, c.hour, c.minute);
}

static void reads_deadlines(void **state) {
        (void) state;
        unsigned wrong = 0;
        for (size_t i = 0; i < ELEMENTSOF(deadlines); i++) {
                _cleanup_arena_ struct arena *arena = NULL;
                struct text_reading r;
                struct civil sent;
                int32_t offset;
                char got[80];
                const char *expected = deadlines[i].expected ? deadlines[i].expected : "none";
                assert_int_equal(arena_new(0, &arena), 0);
                assert_int_equal(civil_parse(deadlines[i].sent, &sent, &offset, NULL), 0);
                read_text(deadlines[i].text, NULL, arena, &r);
                struct moment m = deadline_resolve(&r.deadline, civil_seconds(&sent));
                moment_text(&m, got, sizeof(got));
                if (strcmp(got, expected) == 0)
                        continue;
                print_message("expected %s, got %s (%s): %s\n", expected, got,
                              r.deadline_because          ? r.deadline_because
                              : r.flags & MESSAGE_REQUEST ? "asks"
                                                          : "asks nothing",
                              deadlines[i].text);
                wrong++;
        }
        assert_int_equal(wrong, 0);
}

/* --- the tables --- */

static void check_pattern(const struct act_pattern *p) {
        char folded[4096];
        size_t n = strlen(p->text);
        assert_int_not_equal(p->does & ACT_SIGN, ACT_NONE);
        assert_true((p->does & ACT_SIGN) < _ACT_SIGN_MAX);
        assert_true(strchr("?!.#|*, ", p->text[0]) == NULL);
        assert_true(n > 0 && p->text[n - 1] != ' ' && !strstr(p->text, "  ") && !strstr(p->text, "||") &&
                    !strstr(p->text, "| ") && !strstr(p->text, "?.."));
        assert_int_equal(utf8_fold(p->text, n, folded, sizeof(folded)), n);
        assert_string_equal(p->text, folded);
        assert_null(strchr(p->text, '-'));
        /* The index knows first words by four letters. */
        for (const char *s = p->text;;) {
                size_t k = strcspn(s, "| ");
                const char *star = memchr(s, '*', k);
                assert_true(k > 0 && *s != '#' && (!star || star - s >= 4));
                if (s[k] != '|')
                        break;
                s += k + 1;
        }
}

static void tables_are_well_formed(void **state) {
        (void) state;
        for (size_t t = 0; t < TABLES; t++)
                for (size_t i = 0; act_tables[t] && i < act_tables[t]->n; i++)
                        check_pattern(&act_tables[t]->items[i]);
}

/* Any bytes and any length must come back. */
static void survives_long_and_odd_texts(void **state) {
        (void) state;
        static const char *const pieces[] = {
                "merci ",        "merci de votre ", "d'ici ",     "by ", "by the end of ", "15 ", "15/03/", "2026-",
                "we ",           "je ne ",          "by friday ", "#",   "\xFF",           ", ",  "?",      "bis zum 15. ",
                "at the latest "};
        for (size_t i = 0; i < ELEMENTSOF(pieces); i++) {
                _cleanup_arena_ struct arena *arena = NULL;
                size_t k = strlen(pieces[i]), n = 200000 / k;
                _cleanup_free_ char *text = malloc(n * k + 1);
                struct text_reading r;
                assert_non_null(text);
                assert_int_equal(arena_new(0, &arena), 0);
                for (size_t j = 0; j < n; j++)
                        memcpy(text + j * k, pieces[i], k);
                text[n * k] = 0;
                assert_int_equal(text_read(NULL, text, "subject", NULL, arena, &r), 0);
                assert_true(r.n_acts < _ACT_MAX);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(tells_acts_in_labelled_sentences), cmocka_unit_test(tells_acts_in_messages),
                cmocka_unit_test(quotes_the_words_that_decided),    cmocka_unit_test(reads_deadlines),
                cmocka_unit_test(tables_are_well_formed),           cmocka_unit_test(survives_long_and_odd_texts),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
