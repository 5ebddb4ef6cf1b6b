/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "parsers/text.h"

struct split_case {
        const char *text, *fresh;
        bool forward;
};

/* What follows the writer's words is not new, in the forms of many programs and languages. */
static const struct split_case quoted[] = {
        {"Oui, jeudi me va.\n\nLe lun. 2 mars 2026 à 10:12, Marie Dupont <marie@example.fr> a écrit :\n\n> Bonjour,\n> "
         "jeudi ?\n",
         "Oui, jeudi me va.", false},
        {"Yes.\n\nOn Mon, Mar 2, 2026 at 10:12 AM Marie Dupont <marie@example.com> wrote:\n> Thursday?\n", "Yes.", false},
        {"Yes.\n\nOn Mon, Mar 2, 2026 at 10:12 AM Marie Dupont <\nmarie@example.com> wrote:\n\n> Thursday?\n>> earlier\n",
         "Yes.", false},
        {"Yes.\n\nOn Monday, 2 March 2026 at 10:12:05 GMT+1, Marie "
         "Dupont\n<marie.dupont.with.a.long.address@example.com>\nwrote:\n\n> Thursday?\n",
         "Yes.", false},
        {"Ja.\n\nAm 02.03.26 um 10:12 schrieb Eva Beispiel:\n> Donnerstag?\n", "Ja.", false},
        {"Ja.\n\nAm Mo., 2. März 2026 um 10:12 Uhr schrieb Eva Beispiel <eva@example.de>:\n\n> Donnerstag?\n", "Ja.", false},
        {"Ja.\n\nOp ma 2 mrt 2026 om 10:12 schreef Jan Jansen <jan@example.nl>:\n\n> Donderdag?\n", "Ja.", false},
        {"Sí.\n\nEl lun, 2 mar 2026 a las 10:12, Ana (<ana@example.es>) escribió:\n\n> ¿Jueves?\n", "Sí.", false},
        {"Sì.\n\nIl giorno lun 2 mar 2026 alle ore 10:12 Ugo <ugo@example.it> ha scritto:\n\n> Giovedì?\n", "Sì.", false},
        {"Sim.\n\nEm seg., 2 de mar. de 2026 às 10:12, Rui <rui@example.pt> escreveu:\n\n> Quinta?\n", "Sim.", false},
        {"Tak.\n\nW dniu 2.03.2026 o 10:12, Jan pisze:\n> czwartek?\n", "Tak.", false},
        {"Ja.\n\nDen mån 2 mars 2026 kl 10:12 skrev Eva <eva@example.se>:\n\n> torsdag?\n", "Ja.", false},
        {"Ja.\n\nman. 2. mar. 2026 kl. 10.12 skrev Eva <eva@example.dk>:\n\n> torsdag?\n", "Ja.", false},
        {"Joo.\n\nma 2. maalisk. 2026 klo 10.12 Eva (eva@example.fi) kirjoitti:\n\n> torstai?\n", "Joo.", false},
        {"Oui.\n\n2026-03-02 10:12 GMT+01:00 Marie Dupont <marie@example.fr>:\n\n> jeudi ?\n", "Oui.", false},
        {"2016-03-02 a bien marché.\n\n2016-03-02 10:12 GMT+01:00 Marie Dupont\n\njeudi ?\n", "2016-03-02 a bien marché.",
         false},
        {"Ano.\n\npo 2. 3. 2026 v 10:12 odesílatel Eva <eva@example.cz> napsal:\n\n> čtvrtek?\n", "Ano.", false},
        {"Áno.\n\nDňa 2. 3. 2026 o 10:12 Eva Vzorová napísal(a):\n\nštvrtok?\n", "Áno.", false},
        {"Tak.\n\npon., 2 mar 2026 o 10:12 Jan <jan@example.pl> napisał(a):\n\n> czwartek?\n", "Tak.", false},
        {"Да.\n\nпн, 2 мар. 2026 г. в 10:12, Ева <eva@example.ru>:\n\n> четверг?\n", "Да.", false},
        {"Да.\n\nпонедельник, 2 марта 2026 г. пользователь Ева написал:\n\n> четверг?\n", "Да.", false},
        {"Да.\n\n02.03.2026 10:12, Ева пишет:\nчетверг?\n", "Да.", false},
        {"好的。\n\n在 2026/3/2 上午10:12, Eva Li 写道:\n> 星期四？\n", "好的。", false},
        {"好的。\n\n在 2026年3月2日星期一 UTC+8上午10:12:05，Eva Li写道：\n\n>\n> 星期四？\n", "好的。", false},
        {"好的。\n\nEva Li <eva@example.cn> 于2026年3月2日周一\n 10:12写道：\n\n> 星期四？\n", "好的。", false},
        {"はい。\n\n2026年3月2日(月) 10:12 田中 <tanaka@example.jp>:\n\n> 木曜日？\n", "はい。", false},
        {"はい。\n\n2026/03/02 10:12、田中 <tanaka@example.jp>のメール:\n\n> 木曜日？\n", "はい。", false},
        {"Ja.\n\nOp ma 2 mrt 2026 om 10:12 schreef Jan Jansen <\n> jan@example.nl>:\n>\n>> Donderdag?\n", "Ja.", false},
        {"Ja.\n\nAm 02.03.2026 10:12 schrieb \"Eva Beispiel\" <eva@example.de\n>:\n\n> Donnerstag?\n", "Ja.", false},
        {"Ja, dat kan.\nOp 2 mrt. 2026 10:12 schreef \"Jan\" <jan@example.nl> het\nvolgende:\n\n> Donderdag?\n",
         "Ja, dat kan.", false},
        {"See the second page.\nIt says all.\nOn Monday, March 2, 2026 at 10:12:05 AM UTC-8 Marie Dupont wrote:\n\n> "
         "Thursday?\n",
         "See the second page.\nIt says all.", false},
        {"Marie Dupont wrote on Mon, Mar 02, 2026:\n> Thursday?\n\nYes.\n", "Yes.", false},
        {"On 3/2/26, 10:12 AM, \"Marie\" <marie@example.com> wrote:\n\n    Hello,\n\n    Thursday?\nYes.\n\n    The "
         "quote?\nTonight.\n",
         "Yes.\n\nTonight.", false},
        {"Yes.\n\nOn 3/2/26, 10:12 AM, \"Marie\" <marie@example.com> wrote:\n\n    Hello,\n\nThursday?\n", "Yes.",
         false}, /* one line only */
        {"From: Marie <marie@example.com>\nDate: Mon, 2 Mar 2026 10:12:00 +0100\n\nThe layout is done.\n",
         "The layout is done.", false},
        {"From: Marie <marie@example.com>\nSent: Monday, March 2, 2026 10:12 AM\nTo: Paul\nSubject: Quote\n\nThursday?\n",
         "", false},
        {"好的。\n\n本电子邮件及其附件含有保密信息，仅限于收件人使用。\n", "好的。", false},
        {"Yes.\n\nMarie Dupont <marie@example.com> wrote:\n\nThursday?\n", "Yes.", false},
        {"Yes.\n\n---- On Mon, 02 Mar 2026 10:12:00 +0100 Marie <marie@example.com> wrote ----\n\nThursday?\n", "Yes.",
         false},
        {"好的。\n\n发件人： Eva Li\n发送时间： 2026-03-02 10:12\n收件人： paul@example.com\n主题： 报价\n星期四？\n",
         "好的。", false},
        {"承知しました。\n\n差出人: 田中 <tanaka@example.jp>\n送信日時: 2026年3月2日 10:12\n宛先: Paul\n件名: "
         "見積\n\n木曜日？\n",
         "承知しました。", false},
        {"Да.\n\nОт: Ева <eva@example.ru>\nОтправлено: 2 марта 2026 г. 10:12\nКому: Paul\nТема: Цена\n\nчетверг?\n", "Да.",
         false},
        {"Tak.\n\nOd: Jan <jan@example.pl>\nWysłano: poniedziałek, 2 marca 2026 10:12\nDo: Paul\nTemat: "
         "Oferta\n\nczwartek?\n",
         "Tak.", false},
        {"Joo.\n\nLähettäjä: Eva <eva@example.fi>\nLähetetty: maanantai 2. maaliskuuta 2026 10.12\nVastaanottaja: "
         "Paul\nAihe: Tarjous\n\ntorstai?\n",
         "Joo.", false},
        {"Igen.\n\n________________________________\nFeladó: Éva <eva@example.hu>\nElküldve: 2026. március 2., hétfő "
         "10:12\nCímzett: Paul\nTárgy: Ajánlat\n\ncsütörtök?\n",
         "Igen.", false},
        {"Jah.\n\n________________________________\nSaatja: Eva\nSaadetud: esmaspäev, 2. märts 2026 10:12\nAdressaat: "
         "Paul\nTeema: Pakkumine\n\nneljapäev?\n",
         "Jah.", false}, /* no label known */
        {"Done.\n\n________________________________\nFrom: Marie <marie@example.com>\nSent: Monday, March 2, 2026 10:12 "
         "AM\nTo: Paul\nSubject: Quote\n\n> Is it ready?\n\nWe still wait.\n\n> When?\n",
         "Done.", false}, /* all that follows is Marie's */
        {"好的。\n\n------------------ 原始邮件 ------------------\n发件人: Eva\n主题: 报价\n\n星期四？\n", "好的。", false},
        {"Oui.\n\nDe : Marie Dupont <marie@example.fr>\nEnvoyé : lundi 2 mars 2026 10:12\nÀ : Paul <paul@example.fr>\nObjet "
         ": RE: Devis\n\nBonjour,\njeudi ?\n",
         "Oui.", false},
        {"Yes.\n\n________________________________\nFrom: Marie Dupont <marie@example.com>\nSent: Monday, March 2, 2026 "
         "10:12 AM\nTo: Paul\nSubject: RE: Quote\n\nThursday?\n",
         "Yes.", false},
        {"Yes.\n\n*From:* Marie Dupont <marie@example.com>\n*Sent:* Monday, March 2, 2026 10:12 AM\n*To:* Paul\n*Subject:* "
         "RE: Quote\n\nThursday?\n",
         "Yes.", false},
        {"Ja.\n\nVon: Eva <eva@example.de>\nGesendet: Montag, 2. März 2026 10:12\nAn: Paul\nBetreff: AW: "
         "Angebot\n\nDonnerstag?\n",
         "Ja.", false},
        {"Ja.\n\nVan: Jan <jan@example.nl>\nVerzonden: maandag 2 maart 2026 10:12\nAan: Paul\nOnderwerp: RE: "
         "Offerte\n\nDonderdag?\n",
         "Ja.", false},
        {"Yes.\n\n-----Original Message-----\nFrom: Marie [mailto:marie@example.com]\nSent: Monday\nTo: Paul\nSubject: "
         "Quote\n\nThursday?\n",
         "Yes.", false},
        {"Oui.\n\n-----Message d'origine-----\nDe : Marie\nEnvoyé : lundi\nÀ : Paul\nObjet : Devis\n\nJeudi ?\n", "Oui.",
         false},
        {"Ja.\n\n-------- Ursprüngliche Nachricht --------\nVon: Eva\nDatum: 02.03.26\nAn: Paul\nBetreff: "
         "Angebot\n\nDonnerstag?\n",
         "Ja.", false},
        {"Pour info.\n\n---------- Forwarded message ---------\nFrom: Marie <marie@example.com>\nDate: Mon, Mar 2, 2026 at "
         "10:12 AM\nSubject: Quote\nTo: Paul\n\nPlease send it.\n",
         "Pour info.", true},
        {"FYI\n\nBegin forwarded message:\n\n> From: Marie <marie@example.com>\n> Subject: Quote\n>\n> Please send it.\n",
         "FYI", true},
        {"Pour info.\n\nDébut du message transféré :\n\n> De: Marie <marie@example.fr>\n> Objet: Devis\n>\n> Envoyez-le.\n",
         "Pour info.", true},
        {"-------- Message transféré --------\nSujet : Devis\nDate : Mon, 2 Mar 2026 10:12:00 +0100\nDe : Marie "
         "<marie@example.fr>\nPour : Paul\n\nEnvoyez-le.\n",
         "", true},
        {"Zur Info\n\n-------- Weitergeleitete Nachricht --------\nBetreff: Angebot\nVon: Eva\n\nText\n", "Zur Info", true},
        {"> ---------- Forwarded message ---------\n> From: Marie\n> Please send it.\n", "", true},
};

static const struct split_case footers[] = {
        {"On se voit lundi.\n\n-- \nPaul Martin\nDirecteur\n01 02 03 04 05\n", "On se voit lundi.", false},
        {"On se voit lundi.\n\n--\nPaul Martin\nDirecteur\n", "On se voit lundi.", false},
        {"Ok for me\n\nSent from my iPhone\n\nOn 2 Mar 2026, at 10:12, Marie <marie@example.com> wrote:\n\n> Thursday?\n",
         "Ok for me", false},
        {"Ok pour moi\n\nEnvoyé de mon iPhone\n", "Ok pour moi", false},
        {"Ok pour moi\n\nEnvoyé depuis mon mobile Orange\n", "Ok pour moi", false},
        {"Passt.\n\nVon meinem iPhone gesendet\n", "Passt.", false},
        {"Prima.\n\nVerstuurd vanaf mijn iPhone\n", "Prima.", false},
        {"Ok\n\nGet Outlook for iOS<https://aka.ms/o0ukef>\n", "Ok", false},
        {"好的\n\n发自我的 iPhone\n", "好的", false},
        {"はい\n\niPhoneから送信\n", "はい", false},
        {"Sí\n\nEnviado desde mi móvil Samsung\n", "Sí", false},
        {"Sim\n\nEnviado do meu iPhone\n", "Sim", false},
        {"Да\n\nОтправлено с iPhone\n", "Да", false},
        {"Va bene.\n\nQuesto messaggio è riservato ai soli destinatari.\n", "Va bene.", false},
        {"Vale.\n\nEste mensaje y sus adjuntos son confidenciales.\n", "Vale.", false},
        {"Ok\n\nTélécharger Outlook pour Android\n", "Ok", false},
        {"The patch is fine.\n\n_______________________________________________\nDev mailing "
         "list\nDev@lists.example.org\nhttps://lists.example.org/listinfo/dev\n",
         "The patch is fine.", false},
        {"Hello all.\n\n-- \nYou received this message because you are subscribed to the Google Groups \"team\" group.\nTo "
         "unsubscribe, send mail.\n",
         "Hello all.", false},
        {"Voici le devis.\n\nCe message et ses pièces jointes sont confidentiels et destinés à l'usage exclusif du "
         "destinataire.\nSi vous l'avez reçu par erreur, détruisez-le.\n",
         "Voici le devis.", false},
        {"Here it is.\n\nThis email and any attachments are confidential and intended solely for the addressee.\n",
         "Here it is.", false},
        {"Here it is.\n\nPlease consider the environment before printing this email.\n", "Here it is.", false},
        {"Voici le devis.\n\nCordialement,\nPaul Martin\nDirecteur technique\nTél. : 01 02 03 04 05\nwww.example.fr\n",
         "Voici le devis.\n\nCordialement,\nPaul Martin", false},
        {"See attached.\n\nBest regards,\nJohn\n\nJohn Smith\nAcme Ltd\n+44 20 7946 0958\njohn@example.com\n\nOn Mon, Mar "
         "2, 2026 at 10:12 AM Marie <m@example.com> wrote:\n> Thursday?\n",
         "See attached.\n\nBest regards,\nJohn", false},
};

/* The writer's own words stay, whatever they look like. */
static const struct split_case kept[] = {
        {"", "", false},
        {"Bonjour,\n\nje dois annuler.\n", "Bonjour,\n\nje dois annuler.", false},
        {"> Jeudi vous convient ?\n\nOui.\n\n> Et le devis ?\n\nIl part ce soir.\n", "Oui.\n\nIl part ce soir.", false},
        {"On Mon, Mar 2, 2026 at 10:12 AM Marie <m@example.com> wrote:\n> Thursday?\n\nYes, at 10.\n\n> The "
         "quote?\n\nTonight.\n",
         "Yes, at 10.\n\nTonight.", false},
        {"De : Paris\nÀ : Lyon\nDate : 3 mars\n\nMerci de réserver.\n",
         "De : Paris\nÀ : Lyon\nDate : 3 mars\n\nMerci de réserver.", false},
        {"Le 3 mars à 10h il y a une réunion :\n- budget\n- planning\n",
         "Le 3 mars à 10h il y a une réunion :\n- budget\n- planning", false},
        {"Voici ce qu'il a écrit :\n\nJe ne viendrai pas.\n", "Voici ce qu'il a écrit :\n\nJe ne viendrai pas.", false},
        {"On Monday we need:\n- the logo\n- the text\n", "On Monday we need:\n- the logo\n- the text", false},
        {"Sent from my old account yesterday: did you get it? If not I will send it again.\n",
         "Sent from my old account yesterday: did you get it? If not I will send it again.", false},
        {"Ce message est important, merci de me répondre.\n", "Ce message est important, merci de me répondre.", false},
        {"From my point of view: fine.\nTo be discussed: the price.\n",
         "From my point of view: fine.\nTo be discussed: the price.", false},
        {"Thanks,\nJohn\n\nPS: please call me at 06 12 34 56 78.\n",
         "Thanks,\nJohn\n\nPS: please call me at 06 12 34 56 78.", false},
        {"Merci\nAppelez-moi au 06 12 34 56 78 ou écrivez à paul@example.fr\n",
         "Merci\nAppelez-moi au 06 12 34 56 78 ou écrivez à paul@example.fr", false},
        {"Deux choses.\n----------\nLe logo.\n----------\nLe texte.\n",
         "Deux choses.\n----------\nLe logo.\n----------\nLe texte.", false},
        {"On 3 March 2026 please ask Eva <eva@example.com>:\nshe has the key.\n",
         "On 3 March 2026 please ask Eva <eva@example.com>:\nshe has the key.", false},
        {"I asked Eva <eva@example.com> on Monday and she wrote:\nno.\n",
         "I asked Eva <eva@example.com> on Monday and she wrote:\nno.", false},
        {"________________________________\nTo do:\n- the logo\n", "________________________________\nTo do:\n- the logo",
         false},
        {"Yes, to all:\n\n-----Original Message-----\nFrom: Marie\nSent: Monday\nTo: Paul\nSubject: Quote\n\n> "
         "Thursday?\n\nYes, at 10.\n",
         "Yes, to all:\n\nYes, at 10.", false},
        {"Forwarded messages are not read here.\n", "Forwarded messages are not read here.", false},
};

static void check(const struct split_case *cases, size_t n) {
        unsigned wrong = 0;
        for (size_t i = 0; i < n; i++) {
                _cleanup_arena_ struct arena *arena = NULL;
                const char *fresh = NULL, *rest = NULL;
                bool forward = false;
                assert_int_equal(arena_new(0, &arena), 0);
                assert_int_equal(text_split_new(cases[i].text, arena, &fresh, &rest, &forward), 0);
                assert_non_null(rest);
                if (strcmp(fresh, cases[i].fresh) == 0 && forward == cases[i].forward)
                        continue;
                print_message("--- %s\n--- got (%d):\n%s\n", cases[i].text, forward, fresh);
                wrong++;
        }
        assert_int_equal(wrong, 0);
}

static void drops_quotations(void **state) {
        (void) state;
        check(quoted, ELEMENTSOF(quoted));
}

static void drops_footers(void **state) {
        (void) state;
        check(footers, ELEMENTSOF(footers));
}

static void keeps_the_writers_words(void **state) {
        (void) state;
        check(kept, ELEMENTSOF(kept));
}

static void keeps_the_rest_apart(void **state) {
        (void) state;
        _cleanup_arena_ struct arena *arena = NULL;
        const char *fresh, *rest;
        bool forward;
        assert_int_equal(arena_new(0, &arena), 0);
        assert_int_equal(text_split_new("Yes.\n\nOn Mon, Mar 2, 2026 at 10:12 AM M <m@example.com> wrote:\n> Thursday?\n",
                                        arena, &fresh, &rest, &forward),
                         0);
        assert_string_equal(rest, "On Mon, Mar 2, 2026 at 10:12 AM M <m@example.com> wrote:\n> Thursday?");
}

static void survives_long_and_odd_texts(void **state) {
        (void) state;
        static const char *const pieces[] = {"\n",
                                             "--\n",
                                             "-- \n\n",
                                             ">",
                                             "> \n",
                                             "From: x\n",
                                             "On 2026 wrote:\n",
                                             "a:\n\n",
                                             "Merci\n",
                                             "________________________________\n",
                                             "x",
                                             "\xC3\xA9\n"};
        for (size_t i = 0; i < ELEMENTSOF(pieces); i++) {
                _cleanup_arena_ struct arena *arena = NULL;
                size_t k = strlen(pieces[i]), n = 300000 / k;
                _cleanup_free_ char *text = malloc(n * k + 1);
                const char *fresh, *rest;
                char *flowed;
                bool forward;
                assert_non_null(text);
                assert_int_equal(arena_new(0, &arena), 0);
                for (size_t j = 0; j < n; j++)
                        memcpy(text + j * k, pieces[i], k);
                text[n * k] = 0;
                assert_int_equal(text_split_new(text, arena, &fresh, &rest, &forward), 0);
                assert_int_equal(text_unflow(text, true, arena, &flowed), 0);
        }
}

static void reports_a_full_arena(void **state) {
        (void) state;
        _cleanup_arena_ struct arena *arena = NULL;
        const char *fresh = "untouched", *rest = "untouched";
        char *flowed = NULL;
        bool forward = true;
        assert_int_equal(arena_new(16, &arena), 0);
        assert_int_equal(text_split_new("A line that does not fit in there.", arena, &fresh, &rest, &forward), -ENOMEM);
        assert_string_equal(fresh, "untouched");
        assert_true(forward);
        assert_int_equal(text_unflow("A line that does not fit in there.", false, arena, &flowed), -ENOMEM);
        assert_null(flowed);
}

static void unflows(void **state) {
        (void) state;
        static const struct {
                const char *in, *out;
                bool delsp;
        } cases[] = {
                {"", "", false},
                {"a b \nc\n", "a b c\n", false},
                {"a b\nc\n", "a b\nc\n", false},
                {"a \nb \nc", "a b c", false},
                {"ab \ncd\n", "abcd\n", true},
                {"text \n-- \nPaul\n", "text \n-- \nPaul\n", false},
                {" >not a quote\n From here\n", ">not a quote\nFrom here\n", false},
                {"> a \n> b\nanswer\n", "> a b\nanswer\n", false},
                {">> a \n> b\n", ">> a \n> b\n", false},
                {">\n> a\n", "> \n> a\n", false},
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_arena_ struct arena *arena = NULL;
                char *out;
                assert_int_equal(arena_new(0, &arena), 0);
                assert_int_equal(text_unflow(cases[i].in, cases[i].delsp, arena, &out), 0);
                assert_string_equal(out, cases[i].out);
        }
}

static void drops_link_targets(void **state) {
        (void) state;
        static const struct {
                const char *in, *out, *dropped;
        } cases[] = {
                {"", "", ""},
                {"see the plan<https://example.com/a?b=c> today", "see the plan today", "https://example.com/a?b=c\n"},
                {"see the plan <http://example.com/a> today", "see the plan  today", "http://example.com/a\n"},
                {"Eva <eva@example.com<mailto:eva@example.com>>", "Eva <eva@example.com>", "mailto:eva@example.com\n"},
                {"From: Eva <mailto:eva@example.com>", "From: Eva <mailto:eva@example.com>", ""},
                {"[cid:image001.png@01D8E314]\nHello [image: logo of us.png]!", "\nHello !",
                 "cid:image001.png@01D8E314\nimage: logo of us.png\n"},
                {"[https://example.com/logo.png]<https://example.com>", "",
                 "https://example.com/logo.png\nhttps://example.com\n"},
                {"a < b [1] <https://unclosed", "a < b [1] <https://unclosed", ""},
                {"<https://exam ple.com>", "<https://exam ple.com>", ""},
                {"<https://\nexample.com>", "<https://\nexample.com>", ""},
                {"<http://>", "", "http://\n"},
                {"<", "<", ""},
                {"[cid:", "[cid:", ""},
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char text[128], dropped[128];
                (void) snprintf(text, sizeof(text), "%s", cases[i].in);
                text_drop_link_targets(text, dropped);
                assert_string_equal(text, cases[i].out);
                assert_string_equal(dropped, cases[i].dropped);
        }
}

static void leaves_patches_out_of_prose(void **state) {
        (void) state;
        static const struct {
                const char *text, *prose;
        } cases[] = {
                {"Could you look?\n\ndiff --git a/x.c b/x.c\nindex 1..2 100644\n--- a/x.c\n+++ b/x.c\n@@ -1,2 +1,2 @@ f()\n "
                 "a;\n-b;\n+c;\n\n d;\n"
                 "\nThanks!\n",
                 "Could you look?\n\n\nThanks!\n"},
                {"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\nWhat do you think?\n", "What do you think?\n"},
                /* Cut out by hand, and an item of a list after it. */
                {"See this:\n@@ -3,1 +3,2 @@\n int x;\n+int y;\n\n- please send the plan\n- and the quote\n",
                 "See this:\n\n- please send the plan\n- and the quote\n"},
                {"diff --git a/logo.png b/logo.png\nnew file mode 100644\nBinary files /dev/null and b/logo.png "
                 "differ\nDone.",
                 "Done."},
                /* No patches. */
                {"+++ URGENT +++\nPlease call back.\n", "+++ URGENT +++\nPlease call back.\n"},
                {"Hello\n+++ URGENT +++\nPlease call back.\n", "Hello\n+++ URGENT +++\nPlease call back.\n"},
                {"--- Jean\nSee you\n", "--- Jean\nSee you\n"},
                {"- one\n- two\n", "- one\n- two\n"},
                {"", ""},
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_arena_ struct arena *arena = NULL;
                const char *prose;
                assert_int_equal(arena_new(0, &arena), 0);
                assert_int_equal(text_prose(cases[i].text, arena, &prose), 0);
                assert_string_equal(prose, cases[i].prose);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(drops_quotations),
                cmocka_unit_test(drops_footers),
                cmocka_unit_test(keeps_the_writers_words),
                cmocka_unit_test(keeps_the_rest_apart),
                cmocka_unit_test(survives_long_and_odd_texts),
                cmocka_unit_test(reports_a_full_arena),
                cmocka_unit_test(unflows),
                cmocka_unit_test(drops_link_targets),
                cmocka_unit_test(leaves_patches_out_of_prose),
        };
        return cmocka_run_group_tests_name("newtext", tests, NULL, NULL);
}
