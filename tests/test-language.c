/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "parsers/text.h"

static const struct {
        const char *language, *text;
} cases[] = {
        {"fr", "Bonjour Marie, je vous envoie le devis demain matin. Bonne journée"},
        {"fr", "Merci beaucoup pour votre retour !"},
        {"fr", "Pourriez-vous me rappeler avant la réunion ?"},
        {"fr", "je dois annuler notre rendez-vous de demain"},
        {"fr", "JE NE SUIS PAS D'ACCORD AVEC CETTE FACTURE"},
        {"fr", "N’hésitez pas à me dire ce que vous en pensez."},
        {"en", "Hi Tom, could you please send me the final version of the contract?"},
        {"en", "I need to cancel our call today, sorry."},
        {"en", "Thanks for the update, it looks good to me."},
        {"en", "Please call me when you get this."},
        {"de", "Hallo Frau Meier, können Sie mir bitte die Rechnung noch einmal schicken?"},
        {"de", "Ich muss den Termin leider absagen."},
        {"de", "Vielen Dank für Ihre Nachricht, wir melden uns nächste Woche."},
        {"nl", "Beste Jan, kunt u mij de factuur nog een keer sturen? Alvast bedankt."},
        {"nl", "Helaas kan ik er morgen niet bij zijn, ik moet de afspraak verzetten."},
        {"es", "Hola Ana, ¿puedes enviarme la factura de este mes? Muchas gracias por todo."},
        {"es", "No estoy disponible hoy pero mañana sí, un saludo."},
        {"it", "Ciao Ugo, puoi mandarmi la fattura di questo mese? Grazie e buona giornata, non ho fretta."},
        {"it", "Buongiorno, la riunione di domani è confermata alle dieci."},
        /* too short, mixed or another language */
        {NULL, ""},
        {NULL, "ok"},
        {NULL, "12:30"},
        {NULL, "Paul"},
        {NULL, "Acme GmbH 2026 logo.png"},
        {NULL, "https://example.com/the/and/of"},
        {NULL, "Olá Rui, você pode me enviar a fatura até amanhã? Muito obrigado, um abraço para todos."},
        {NULL, "Hej Eva, jag kan inte komma på mötet och det är inte bra för oss."},
        {NULL, "Привет, пришли мне счёт"},
        {NULL, "これはペンです"},
};

static void tells_languages_apart(void **state) {
        (void) state;
        unsigned wrong = 0;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const char *got = text_language(NULL, cases[i].text);
                if (str_eq(got, cases[i].language))
                        continue;
                print_message("expected %s, got %s: %s\n", cases[i].language ? cases[i].language : "none",
                              got ? got : "none", cases[i].text);
                wrong++;
        }
        assert_int_equal(wrong, 0);
}

static void reads_long_texts(void **state) {
        (void) state;
        static const char sentence[] = "Nous vous envoyons le contrat et é ";
        size_t k = sizeof(sentence) - 1, n = 5000;
        _cleanup_free_ char *text = malloc(n * k + 1);
        assert_non_null(text);
        for (size_t i = 0; i < n; i++)
                memcpy(text + i * k, sentence, k);
        text[n * k] = 0;
        assert_string_equal(text_language(NULL, text), "fr");
        memset(text, 'x', n * k);
        assert_null(text_language(NULL, text));
        memset(text, 0xFF, n * k);
        assert_null(text_language(NULL, text));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(tells_languages_apart),
                cmocka_unit_test(reads_long_texts),
        };
        return cmocka_run_group_tests_name("language", tests, NULL, NULL);
}
