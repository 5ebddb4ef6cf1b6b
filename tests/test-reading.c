/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>

#include <cmocka.h>

#include "parsers/phrases.h"
#include "parsers/text.h"
#include "parsers/utf8.h"

/* R request, C cancellation, T thanks, S boundary, U urgent, H shouting; nothing for a text that says none of it. */
static const struct {
        const char *expected, *text, *subject;
} cases[] = {
        {"R", "Bonjour Marie,\nPourriez-vous m'envoyer le devis signé avant vendredi ?\nCordialement,\nPaul", NULL},
        {"R", "Merci de m'envoyer les fichiers source.", NULL},
        {"R", "Merci de bien vouloir nous confirmer la réception du contrat", NULL},
        {"R", "Il me faudrait le logo en haute définition pour lundi.", NULL},
        {"R", "Je vous remercie de me transmettre votre RIB.", NULL},
        {"R", "Veuillez compléter le formulaire ci-joint.", NULL},
        {"R", "Envoyez-moi la facture svp", NULL},
        {"R", "Tu peux m'appeler demain ?", NULL},
        {"R", "Peux-tu regarder la page d'accueil, le bouton ne marche plus.", NULL},
        {"R", "J'ai besoin de la version finale aujourd'hui.", NULL},
        {"R", "N'oubliez pas de joindre les visuels.", NULL},
        {"R", "Quand comptez-vous livrer la maquette ?", NULL},
        {"R", "Vérifiez le texte de la page 3 et corrigez les fautes.", NULL},
        {"R", "Avez-vous reçu mon message de lundi ?", NULL},
        {"R", "Dites-moi si jeudi vous convient.", NULL},
        {"", "N'hésitez pas à me contacter si vous avez des questions.", NULL},
        {"", "Veuillez trouver ci-joint la facture du mois de mars.", NULL},
        {"", "Je vous prie d'agréer, Madame, l'expression de mes salutations distinguées.", NULL},
        {"", "Vous trouverez ci-joint le compte rendu de la réunion.", NULL},
        {"T", "Merci !", NULL},
        {"T", "ok merci", NULL},
        {"T", "Parfait, merci !", NULL},
        {"T", "Bonjour Marie,\nMerci beaucoup pour votre retour rapide.\nBonne journée,\nPaul", NULL},
        {"T", "Got it, thanks", NULL},
        {"T", "Thanks a lot!", NULL},
        {"T", "Perfect, thank you so much for the quick turnaround. Have a great weekend!\nJohn", NULL},
        {"T", "Bien reçu, merci, bonne soirée", NULL},
        {"T", "Merci d'avoir envoyé les fichiers.", NULL},
        {"", "Merci, je regarde ça demain et je reviens vers vous.", NULL},
        {"", "J'espère que vous allez bien. La maquette est en ligne.", NULL},
        {"", "Comment allez-vous ?", NULL},
        {"", "How are you?", NULL},
        {"", "Hi John, how are you doing today? The draft is attached.", NULL},
        {"R", "Hi, could you send me the final files by Friday?", NULL},
        {"R", "Please send the invoice to accounting.", NULL},
        {"R", "Let me know what you think.", NULL},
        {"R", "Can you call me", NULL},
        {"R", "I need you to fix the header before the launch.", NULL},
        {"R", "Send me the source files today.", NULL},
        {"R", "Any update on this?", NULL},
        {"R", "Would it be possible to get the report on Monday?", NULL},
        {"", "Please let me know if you have any questions.", NULL},
        {"", "Let me know if you have questions", NULL},
        {"", "Please find attached the signed contract.", NULL},
        {"", "Please don't hesitate to contact me.", NULL},
        {"", "Feel free to reach out if you need anything.", NULL},
        {"", "As you can see, the new design is live.", NULL},
        {"", "I will send you the draft tomorrow morning.", NULL},
        {"C", "Bonjour, je dois annuler notre rendez-vous de demain. Désolé.", NULL},
        {"C", "On doit reporter la réunion de demain", NULL},
        {"C", "Je ne pourrai pas être là à 10h.", NULL},
        {"C", "Désolé, je dois annuler notre rdv de 10h ce matin, un imprévu.", NULL},
        {"C", "On décale à jeudi.", NULL},
        {"C", "Je suis obligé de décaler notre visio de cet après-midi.", NULL},
        {"C", "La réunion de demain est annulée.", NULL},
        {"C", "Le point de 14h est reporté à lundi prochain.", NULL},
        {"C", "J'ai un empêchement demain matin, je ne pourrai pas venir au rendez-vous.", NULL},
        {"C", "Je vais devoir annuler.", "Notre réunion de demain"},
        {"C", "I can't make it today, sorry.", NULL},
        {"C", "I need to cancel our call.", NULL},
        {"C", "Let's reschedule this afternoon's meeting.", NULL},
        {"C", "Unfortunately I have to postpone tomorrow's meeting.", NULL},
        {"C", "I won't be able to attend the meeting this morning.", NULL},
        {"C", "The call is cancelled.", NULL},
        {"C", "I have to cancel at the last minute, sorry about our meeting.", NULL},
        {"C", "Ich muss den Termin absagen.", NULL},
        {"C", "Leider muss ich unser Treffen morgen absagen.", NULL},
        {"C", "Ik moet de afspraak afzeggen.", NULL},
        {"C", "Helaas moet ik onze afspraak van morgen verzetten.", NULL},
        {"C", "We need to move our call to Friday.", NULL},
        {"C", "Wir müssen das Meeting verschieben.", NULL},
        {"C", "Der Termin morgen fällt leider aus.", NULL},
        {"RC", "Je dois annuler notre rdv de demain, est-ce que jeudi vous irait ?", NULL},
        {"RC", "Je dois annuler notre rdv, dites-moi si jeudi vous convient.", NULL},
        {"", "If you need to cancel, please let me know if you have a conflict.", NULL},
        {"", "Si vous devez annuler le rendez-vous, prévenez 24h avant.", NULL},
        {"R", "Est-ce qu'on pourrait décaler la réunion à jeudi ?", NULL},
        {"R", "Could we move the meeting to Thursday?", NULL},
        {"R", "Quelle est votre politique d'annulation pour les rendez-vous ?", NULL},
        {"", "Je dois annuler la commande de demain.", NULL},
        {"", "I need to cancel my order.", NULL},
        {"", "I have to cancel my subscription today.", NULL},
        {"", "I need to cancel my flight tomorrow", NULL},
        {"", "No need to cancel the meeting.", NULL},
        {"", "Je n'annule pas le rendez-vous de demain.", NULL},
        {"", "La réunion du mois dernier a été annulée.", NULL},
        {"", "Last month's meeting was cancelled.", NULL},
        {"", "Je vous confirme notre rendez-vous de demain à 10h.", NULL},
        {"", "Feel free to reschedule the meeting.", NULL},
        {"", "N'hésitez pas à décaler la réunion.", NULL},
        {"", "I need to move the button in the page today.", NULL},
        {"", "On doit reporter la livraison à jeudi.", NULL},
        {"", "Je dois décaler la mise en ligne à lundi.", NULL},
        {"", "We don't have to cancel the meeting.", NULL},
        {"", "Il ne faut pas annuler la réunion.", NULL},
        {"", "The cancelled meeting of last month was about the budget.", NULL},
        {"", "I can't make it work today.", NULL},
        {"R", "Do we need to cancel the meeting?", NULL},
        {"R", "Faut-il annuler la réunion de demain ?", NULL},
        {"", "Ich muss die Bestellung stornieren.", NULL},
        {"", "Ik moet de bestelling annuleren.", NULL},
        {"R", "Können Sie mir bitte die Rechnung schicken?", NULL},
        {"R", "Kunt u mij de factuur sturen?", NULL},
        {"T", "Vielen Dank!", NULL},
        {"T", "Bedankt!", NULL},
        {"S", "Merci de ne pas m'écrire le week-end.", NULL},
        {"S", "Je ne réponds pas le soir.", NULL},
        {"S", "Please do not call after 6pm.", NULL},
        {"S", "I don't work on weekends.", NULL},
        {"S", "I do not answer emails in the evening, on principle.", NULL},
        {"S", "Je ne travaille pas le week-end ni le soir.", NULL},
        {"", "Je ne travaille pas demain.", NULL},
        {"", "I don't work with PHP.", NULL},
        {"U", "C'est urgent, le site est tombé.", NULL},
        {"", "Ce n'est pas urgent.", NULL},
        {"", "Rien d'urgent, bonne soirée", NULL},
        {"RU", "Merci de me rappeler au plus vite.", NULL},
        {"", "I'll get back to you as soon as possible.", NULL},
        {"RU", "Please send it ASAP.", NULL},
        {"H", "POURQUOI LE SITE EST ENCORE EN PANNE CE MATIN", NULL},
        {"", "Le SITE de la SNCF est OK", NULL},
        {"R", "Il faut que je sache si vous validez, pouvez-vous répondre", NULL},
        {"", "Si le client annule la réunion, je vous préviens.", NULL},
        {"", "Je préfère ne pas annuler la réunion.", NULL},
        {"", "Je dois reporter les modifications sur la page.", NULL},
        {"C", "Je suis contrainte d'annuler notre entretien de demain pour raisons familiales.", NULL},
        {"", "C'est moi qui ai annulé la réunion hier.", NULL},
        {"C", "Sorry, something came up and I can't make our 3pm call.", NULL},
        {"C", "Je dois malheureusement annuler notre rendez-vous de cet après-midi.", NULL},
        {"", "On annule la commande.", NULL},
        {"C", "On annule le rdv de demain", NULL},
        {"R", "On décale à jeudi ?", NULL},
        {"", "You have to cancel the meeting yourself, we never do it.", NULL},
        {"", "Let's not cancel the meeting.", NULL},
        {"", "Unfortunately I can't cancel the meeting.", NULL},
        {"S", "Je ne réponds jamais le week-end.", NULL},
        {"R", "If you could send me the draft this week, that would help.", NULL},
        {"", "Thank you for the invoice, I will pay it on Monday.", NULL},
        {"", "Je vous envoie le devis demain.", NULL},
        {"", "Nous avons bien avancé, le site sera en ligne lundi.", NULL},
        {"", "Merci pour le rendez-vous de ce matin, voici le compte rendu.", NULL},
        {"T", "Merci pour le rendez-vous de ce matin.", NULL},
        {"", "We had to cancel the meeting last week because of the strike.", NULL},
        {"C", "Hi Anna,\n\nI'm so sorry but I have to reschedule our meeting tomorrow.\n\nBest,\nTom", NULL},
        {"C",
         "Bonjour,\n\nJe suis désolée mais je ne vais pas pouvoir assister à la réunion de 10h.\n\nBien à vous,\nClaire",
         NULL},
        {"", "Je ne pourrai pas venir chercher le colis demain.", NULL},
        {"", "If I can't make it today I'll call you.", NULL},
        {"", "Vous pouvez annuler le rendez-vous en ligne.", NULL},
        {"", "The meeting is confirmed for tomorrow at 10.", NULL},
        {"C", "Petit contretemps : on reporte la visio à mardi.", NULL},
        {"", "Les réunions sont souvent annulées.", NULL},
        {"", "Je voudrais annuler ma commande.", NULL},
        {"C", "Je souhaite annuler notre rendez-vous de demain.", NULL},
        {"", "Voici le lien : https://example.com/meeting?cancel=1", NULL},
        {"", "I'm cancelling my gym membership and the call plan.", NULL},
        {"", "Annulation", "Annulation de la commande"},
        {"C", "Voir ci-dessous.", "Annulation du rendez-vous de demain"},
        {"", "Voir ci-dessous.", "Re: Annulation du rendez-vous de demain"},
        {"U", "Voir ci-dessous", "[URGENT] panne du site"},
        {"", "J'ai reporté vos corrections sur la page.", NULL},
        {"", "Le vol est annulé, mais la réunion est maintenue.", NULL},
        {"", "The client cancelled their order.", NULL},
        {"", "We should postpone the release to Friday.", NULL},
        {"", "It would be a shame to cancel the meeting.", NULL},
        {"", "Wenn Sie den Termin absagen müssen, rufen Sie an.", NULL},
        {"", "Als je de afspraak moet afzeggen, bel dan even.", NULL},
        {"R", "Können wir den Termin verschieben?", NULL},
        {"T", "Super, merci à toi !", NULL},
        {"T", "Noted, thank you.", NULL},
        {"T", "Ok, parfait. Merci et bon week-end", NULL},
        {"T", "Merci Paul", NULL},
        {"", "C'est noté, mais il manque la page 2 du contrat et la signature.", NULL},
        {"", "Oui", NULL},
        {"", "Nous avons annulé notre abonnement, merci de votre compréhension.", NULL},
        {"RC", "Salut, je peux pas venir au call de 14h, on décale à demain ? Dis-moi.", NULL},
        {"", "Je ne peux pas ouvrir le fichier, la page est blanche.", NULL},
        {"", "Je dois partir, à demain pour la réunion.", NULL},
        {"", "The meeting went well. We have to move the logo.", NULL},
        {"", "We need to cancel the old contract before the next call.", NULL},
        {"", "I have to skip the details in this email.", NULL},
        {"", "We will reschedule the deployment.", NULL},
        {"C", "We have to reschedule our workshop on Thursday.", NULL},
        {"", "Je dois annuler mon billet de train pour la réunion de demain.", NULL},
        {"", "Nous devons reporter la date de livraison, discutons-en en réunion.", NULL},
        {"", "Il faut déplacer le bouton et annuler la dernière modification.", NULL},
        {"", "Le client a annulé sa réunion avec son comptable.", NULL},
        {"C", "Malheureusement je dois annuler notre appel prévu à 15h.", NULL},
        {"C", "Bonjour, un imprévu m'oblige à annuler notre rendez-vous.", NULL},
        {"C", "Je suis malade, je ne pourrai pas assurer notre rendez-vous de demain.", NULL},
        {"C", "Nous sommes contraints de reporter notre réunion à la semaine prochaine.", NULL},
        {"C", "Our meeting tomorrow has been cancelled.", NULL},
        {"C", "I'm afraid I have to cancel tomorrow.", NULL},
        {"C", "Sorry I can't make our meeting tomorrow.", NULL},
        {"C", "I won't make it to the meeting this afternoon.", NULL},
        {"C", "Hi, can't make the 10am call, kid is sick.", NULL},
        {"C", "Désolé, impossible pour moi d'être là demain matin, je dois annuler.", NULL},
        {"", "Just a reminder that cancelling a meeting less than 24h before is billed.", NULL},
        {"", "Toute annulation de rendez-vous moins de 24h avant est facturée.", NULL},
        {"", "You can cancel or reschedule your appointment here.", NULL},
        {"", "The reporter called about the meeting.", NULL},
        {"", "Je vous reporte les remarques de la réunion.", NULL},
        {"", "On reporte ici les décisions de la réunion.", NULL},
        {"", "Je reporte les décisions de la réunion dans le document.", NULL},
        {"R", "Should we cancel the meeting?", NULL},
        {"", "I'd rather not cancel our call.", NULL},
        {"", "Sorry I had to cancel our meeting yesterday.", NULL},
        {"", "Rien à annuler, la réunion tient toujours.", NULL},
        {"", "On ne décale pas la réunion.", NULL},
        {"", "If I have to cancel the meeting, I'll tell you.", NULL},
        {"", "I hope I won't have to cancel our meeting.", NULL},
        {"", "I don't think we need to cancel the meeting.", NULL},
        {"", "I'm not saying I have to cancel the meeting.", NULL},
        {"", "Pas sûr de pouvoir être là demain, je confirme ce soir.", NULL},
        {"C", "Der heutige Termin fällt leider aus.", NULL},
        {"C", "Ich kann morgen leider nicht zum Termin kommen, wir müssen verschieben.", NULL},
        {"", "Der Termin bleibt wie besprochen.", NULL},
        {"", "Müssen wir den Termin verschieben.", NULL},
        {"C", "De afspraak van morgen gaat helaas niet door.", NULL},
        {"R", "¿Podría enviarme el logotipo antes del viernes?", NULL},
        {"R", "Buenos días. Le ruego que me envíe la factura firmada.", NULL},
        {"R", "Por favor, mándame los textos de la página.", NULL},
        {"R", "Necesito las fotos para terminar la página.", NULL},
        {"R", "Quedo a la espera de su respuesta sobre el presupuesto.", NULL},
        {"", "No dude en ponerse en contacto con nosotros si tiene preguntas.", NULL},
        {"", "Le envío el presupuesto que hablamos ayer.", NULL},
        {"T", "Muchas gracias.", NULL},
        {"", "Disculpe las molestias por el retraso de la entrega.", NULL},
        {"R", "Potrebbe mandarmi il logo in formato vettoriale?", NULL},
        {"R", "La prego di inviarmi la fattura firmata entro venerdì.", NULL},
        {"R", "Fammi sapere se la bozza ti piace.", NULL},
        {"R", "Mi servirebbero i testi definitivi della pagina.", NULL},
        {"R", "Resto in attesa di un Suo riscontro sul preventivo.", NULL},
        {"", "Non esiti a contattarmi per qualsiasi domanda.", NULL},
        {"", "Le invio il preventivo di cui abbiamo parlato.", NULL},
        {"T", "Grazie mille!", NULL},
        {"R", "Kürzen Sie den dritten Absatz auf der Startseite.", NULL},
        {"", "Falls etwas unklar ist, rufen Sie mich an.", NULL},
        {"", "Zögern Sie nicht, uns anzurufen.", NULL},
        {"R", "Vul het formulier in en stuur het ons terug.", NULL},
        {"R", "We hebben de teksten van de website uiterlijk maandag nodig.", NULL},
        {"", "We hebben de teksten van de website niet meer nodig.", NULL},
        {"", "Mocht er iets onduidelijk zijn, bel me dan gerust.", NULL},
        {"", "De afspraak gaat gewoon door.", NULL},
        {"", "Bonjour Jean, c'est fait. Une question ? Appelez-moi.", NULL},
        {"R", "Une question : où est le logo ?", NULL},
        {"", "Vous me demandiez : quand sera livré le site ? Le 15 mars.", NULL},
        {"", "Vu ta réponse sur Teams, merci !", NULL},
        {"", "Notes from our call:\n- Jean to send the copy by Friday\n- Camille to do the mockup", NULL},
        {"", "Voici le compte rendu :\n- vous m'envoyez les photos vendredi,\n- je livre la V3 le 12 mars.", NULL},
        {"R", "Voici le compte rendu :\n- la page est validée,\n- quand m'envoyez-vous les photos ?", NULL},
        {"R", "Il me manque encore :\n- merci de m'envoyer les photos.", NULL},
        {"", "Attached is the quote. Happy to discuss.", NULL},
        {"", "I'm out on Friday. Please contact Paul if anything comes up.", NULL},
        {"", "Oubliez ma question, j'ai choisi la B.", NULL},
        {"R", "Suite à notre appel, pouvez-vous m'envoyer le logo ?", NULL},
        {"R", "Great talking to you today! Could you send me the logo?", NULL},
};

static void read_text(const char *text, const char *subject, struct arena *arena, struct text_reading *ret) {
        assert_int_equal(text_read(NULL, text, subject, text_language(NULL, text), arena, ret), 0);
}

static void describe(const struct text_reading *r, char out[static 8]) {
        size_t n = 0;
        if (r->flags & MESSAGE_REQUEST)
                out[n++] = 'R';
        if (r->cancellation_because && !(r->flags & MESSAGE_PROPOSAL))
                out[n++] = 'C';
        if (r->flags & MESSAGE_THANKS)
                out[n++] = 'T';
        if (r->flags & MESSAGE_STOP)
                out[n++] = 'S';
        if (r->flags & MESSAGE_URGENT)
                out[n++] = 'U';
        if (r->flags & MESSAGE_SHOUTING)
                out[n++] = 'H';
        out[n] = 0;
}

static void reads_what_a_text_says(void **state) {
        (void) state;
        unsigned wrong = 0;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_arena_ struct arena *arena = NULL;
                struct text_reading r;
                char got[8];
                assert_int_equal(arena_new(0, &arena), 0);
                read_text(cases[i].text, cases[i].subject, arena, &r);
                describe(&r, got);
                assert_true(!!r.request_because == !!(r.flags & MESSAGE_REQUEST));
                if (strcmp(got, cases[i].expected) == 0)
                        continue;
                print_message("expected \"%s\", got \"%s\": %s\n", cases[i].expected, got, cases[i].text);
                wrong++;
        }
        assert_int_equal(wrong, 0);
}

/* What calls our meeting off, and what looks like it: another place, the reader's own wish, a stand-in, somebody else's meeting. */
static const struct {
        bool off;
        const char *text;
} callings_off[] = {
        {false, "I'm sick, can we move the meeting to Zoom?"},
        {false, "Let's move our call to Teams, I'm at home."},
        {false, "Hi Camille, let's move the meeting to the big room."},
        {false, "I'll have to move our meeting to the second floor."},
        {false, "Our meeting today has been moved to room 4."},
        {false, "On déplace la réunion en salle Vénus."},
        {false, "Je dois déplacer notre réunion dans une autre salle."},
        {true, "Let's move our call to Thursday on Teams."},
        {true, "I have to move our Zoom call to 4pm."},
        {true, "Je dois déplacer notre réunion à jeudi, dans une autre salle."},
        {false, "Thanks for letting me know, I've cancelled the meeting on my side."},
        {false, "As you can't make it today, let's reschedule our meeting to Thursday."},
        {false, "Sorry to hear that you're ill. I've cancelled our call today."},
        {false, "Merci de m'avoir prévenu, j'annule notre rendez-vous de ce matin."},
        {false, "Bon rétablissement ! J'annule notre rendez-vous de ce matin."},
        {false, "Puisque vous ne pouvez pas venir, nous annulons la réunion de ce matin."},
        {false, "Comme tu es malade, on annule notre point de ce matin."},
        {false, "Ok Camille, j'annule notre point de ce matin."},
        {false, "Suite à votre message, j'annule notre rendez-vous de ce matin."},
        {true, "Thanks for letting me know about the logo. I have to cancel our meeting this morning, my train is stuck."},
        {true, "Ok pour le devis. Par contre, j'annule notre rendez-vous de ce matin."},
        {true, "Désolé, je dois annuler notre rendez-vous de ce matin. Merci de votre compréhension."},
        {false, "I won't be able to join this morning. Marie will run the meeting with you."},
        {false, "I can't make it this morning, but Tom will be there in my place."},
        {false, "I can't attend today. Please go ahead without me."},
        {false, "I can't join our call today but Marie and Paul will."},
        {false, "I can't attend the meeting this afternoon, but our 10am is on."},
        {true, "I can't join our call today but I can tomorrow."},
        {true, "I can't join our call today but you can have the numbers."},
        {false, "I can't make it in person today, I'll dial in."},
        {false, "I won't be able to attend the first half of our meeting today."},
        {false, "Je ne pourrai pas être présent ce matin, Marie me remplacera."},
        {false, "Je ne pourrai pas venir ce matin. Commencez sans moi."},
        {false, "Je ne peux pas venir sur place ce matin, je me connecte à distance."},
        {true, "I can't make it today but I will be there on Thursday."},
        {true, "Je ne pourrai pas venir ce matin, désolé de ne pas prévenir plus tôt."},
        {false, "I've cancelled my other meeting this morning so we have more time."},
        {false, "I've cancelled my 9:30 call so we can start our meeting earlier."},
        {false, "The client meeting this morning is cancelled so I can come earlier."},
        {false, "Ma réunion de 9h30 est annulée, on peut commencer plus tôt ?"},
        {false, "La réunion du comité de ce matin est annulée, donc je serai disponible dès 9h30 pour notre point."},
        {true, "Notre réunion de ce matin est annulée, je serai disponible jeudi."},
        {true, "Could you please cancel this morning's meeting?"},
        {true, "Salut, peux-tu annuler le point de ce matin stp ?"},
        {false, "Would you like to cancel the meeting this morning?"},
        {true, "Petit contretemps, on décale notre point à demain même heure ?"},
        {true, "Impossible pour moi ce matin, désolée, on reporte notre point."},
        {false, "Impossible pour moi ce matin de relire le texte de la réunion."},
        {false, "I saw that our meeting this morning has been cancelled. What happened?"},
        {false, "Our meeting is cancelled in my calendar, do you know why?"},
        {false, "L'agenda me dit que notre réunion est annulée. Est-ce une erreur ?"},
        {false, "J'ai bien noté que vous annulez notre rendez-vous de ce matin."},
        {false, "Je dois annuler mon déjeuner de midi, du coup notre réunion de ce matin peut durer plus longtemps."},
        {true, "Merci d'annuler notre rendez-vous de ce matin."},
        {true, "Veuillez annuler notre rendez-vous de ce matin, je suis souffrant."},
        {true, "Je souhaite reporter notre rendez-vous de ce matin."},
        {true, "Finalement le rendez-vous de ce matin tombe à l'eau."},
        {false, "Veuillez annuler la commande."},
        {true, "RDV annulé, désolé, urgence familiale."},
        {true, "Sorry Camille, meeting cancelled, family emergency."},
        {false, "Understood, meeting cancelled. Hope you feel better."},
        {false, "Rappel : tout rendez-vous annulé moins de 24h avant est facturé."},
        {false, "Meeting cancelled?"},
        {true, "D'accord avec ton devis. Je dois cependant reporter notre rendez-vous de ce matin, désolé."},
        {true, "I know you're busy but I have to cancel our meeting this morning, sorry."},
        {true, "Vu que mon train est supprimé, je ne pourrai pas venir ce matin à la réunion."},
};

static void calls_off_only_what_is_meant(void **state) {
        (void) state;
        unsigned wrong = 0;
        for (size_t i = 0; i < ELEMENTSOF(callings_off); i++) {
                _cleanup_arena_ struct arena *arena = NULL;
                struct text_reading r;
                assert_int_equal(arena_new(0, &arena), 0);
                read_text(callings_off[i].text, NULL, arena, &r);
                bool off = r.cancellation_because && !(r.flags & MESSAGE_PROPOSAL);
                if (off == callings_off[i].off)
                        continue;
                print_message("%s: %s\n", off ? "calls off" : "does not call off", callings_off[i].text);
                wrong++;
        }
        assert_int_equal(wrong, 0);
}

static void counts_words_and_questions(void **state) {
        (void) state;
        _cleanup_arena_ struct arena *arena = NULL;
        struct text_reading r;
        assert_int_equal(arena_new(0, &arena), 0);

        read_text("", NULL, arena, &r);
        assert_int_equal(r.words, 0);
        assert_int_equal(r.questions, 0);
        assert_int_equal(r.flags, 0);
        assert_null(r.request_because);
        assert_null(r.cancellation_because);
        read_text("J'ai reçu l'offre. Est-ce le bon prix ? Et pour quand ?", NULL, arena, &r);
        assert_int_equal(r.words, 11);
        assert_int_equal(r.questions, 2);
        read_text("See https://example.com/?a=1?b=2 and don't worry, it's 10:30.", NULL, arena, &r);
        assert_int_equal(r.words, 7);
        assert_int_equal(r.questions, 0);
        read_text("???", NULL, arena, &r);
        assert_int_equal(r.questions, 0);
}

static void quotes_the_words_that_decided(void **state) {
        (void) state;
        _cleanup_arena_ struct arena *arena = NULL;
        struct text_reading r;
        assert_int_equal(arena_new(0, &arena), 0);

        read_text("Bonjour Éva,\nLa maquette est bien. Pourriez-vous m'envoyer le devis\nsigné avant vendredi ? Merci.",
                  NULL, arena, &r);
        assert_string_equal(r.request_because, "Pourriez-vous m'envoyer le devis signé avant vendredi ?");
        read_text("Bonjour,\nJe suis désolé : je dois annuler notre rendez-vous de demain. À bientôt", NULL, arena, &r);
        assert_string_equal(r.cancellation_because, "je dois annuler notre rendez-vous de demain.");
        assert_null(r.request_because);
}

static void quotes_are_short_and_clean(void **state) {
        (void) state;
        _cleanup_arena_ struct arena *arena = NULL;
        struct text_reading r;
        char text[2048] = "Pourriez-vous regarder ";
        assert_int_equal(arena_new(0, &arena), 0);
        for (size_t n = strlen(text); n + 4 < sizeof(text); n += 3)
                memcpy(text + n, "é ", 4);
        read_text(text, NULL, arena, &r);
        assert_non_null(r.request_because);
        assert_true(strlen(r.request_because) <= 160);
        assert_true(utf8_clean(r.request_because, strlen(r.request_because)));
}

static void reports_a_full_arena(void **state) {
        (void) state;
        _cleanup_arena_ struct arena *arena = NULL;
        struct text_reading r = {.words = 77};
        assert_int_equal(arena_new(16, &arena), 0);
        assert_int_equal(text_read(NULL, "Could you please send me the final version of the draft?", NULL, "en", arena, &r),
                         -ENOMEM);
        assert_int_equal(r.words, 77);
}

/* Any bytes and any length must come back; half a megabyte without a line end or sentence too. */
static void survives_long_and_odd_texts(void **state) {
        (void) state;
        static const char *const pieces[] = {"je dois annuler ",
                                             "?",
                                             "j'",
                                             "merci de ",
                                             ",",
                                             "\xC3\xA9",
                                             "\n",
                                             "a.b@c ",
                                             "-",
                                             "\xFF",
                                             "www.",
                                             "-a",
                                             "(a",
                                             "? ",
                                             ",\n",
                                             ", ",
                                             "hier je dois annuler le rdv, "};
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
        }
}

static void check_table(const struct phrase_table *t) {
        assert_true(t->n >= 100);
        for (size_t i = 0; i < t->n; i++) {
                const char *s = t->items[i].text;
                size_t n = strlen(s);
                char folded[128];
                if (i > 0)
                        assert_true(strcmp(t->items[i - 1].text, s) < 0);
                assert_true(n >= 2 || strcmp(s, "i") == 0 || strcmp(s, "a") == 0);
                assert_int_not_equal(t->items[i].classes, 0);
                assert_int_equal(utf8_fold(s, n, folded, sizeof(folded)), n);
                assert_string_equal(s, folded);
                assert_null(strstr(s, "  "));
                assert_null(strchr(s, '-'));
                /* The index knows phrases by the first four bytes of their first word. */
                assert_true(s[strcspn(s, " *")] != '*' || strcspn(s, " *") >= 4);
        }
}

static void tables_are_sorted_and_folded(void **state) {
        (void) state;
        check_table(&phrases_fr);
        check_table(&phrases_en);
        check_table(&phrases_de);
        check_table(&phrases_nl);
        check_table(&phrases_es);
        check_table(&phrases_it);
}

/* The same with an index of one's own and with a borrowed one, whatever was read with it before. */
static void reads_alike_with_an_index(void **state) {
        (void) state;
        struct phrase_index *index;
        assert_int_equal(phrase_index_new(&index), 0);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_arena_ struct arena *arena = NULL;
                struct text_reading own, borrowed;
                char a[8], b[8];
                assert_int_equal(arena_new(0, &arena), 0);
                read_text(cases[i].text, cases[i].subject, arena, &own);
                assert_int_equal(text_read(index, cases[i].text, cases[i].subject, text_language(NULL, cases[i].text), arena,
                                           &borrowed),
                                 0);
                describe(&own, a);
                describe(&borrowed, b);
                assert_string_equal(a, b);
                assert_int_equal(own.words, borrowed.words);
        }
        assert_null(phrase_index_free(index));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads_what_a_text_says),      cmocka_unit_test(calls_off_only_what_is_meant),
                cmocka_unit_test(counts_words_and_questions),  cmocka_unit_test(quotes_the_words_that_decided),
                cmocka_unit_test(quotes_are_short_and_clean),  cmocka_unit_test(reports_a_full_arena),
                cmocka_unit_test(survives_long_and_odd_texts), cmocka_unit_test(tables_are_sorted_and_folded),
                cmocka_unit_test(reads_alike_with_an_index),
        };
        return cmocka_run_group_tests_name("reading", tests, NULL, NULL);
}
