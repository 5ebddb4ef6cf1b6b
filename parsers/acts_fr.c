/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/acts.h"

#define DAYS "lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche"
#define WE "nous|je|on|j'"
#define YOU "vous|te|t'"
#define MAIL "mail|mails|courriel|email|emails|ecrit"
#define CHANNELS "whatsapp|sms|texto|textos|messenger|telegram|instagram|facebook|slack|linkedin|discord|signal"
#define RECEIVES                                                                                                      \
        "reponds|repond|repondons|lis|lit|lisons|consulte|consultons|prends|prend|prenons|traite|traitons|travaille|" \
        "travaillons|"                                                                                                \
        "decroche|regarde|regardons|accepte|acceptons"
#define DISTURB                                                                                                  \
        "appeler|ecrire|contacter|solliciter|deranger|telephoner|joindre|envoyer|appelez|appelle|ecrivez|ecris|" \
        "contactez|contacte|sollicitez|envoyez|envoie|telephonez|derangez"
#define OFF "week|weekend|weekends|soir|soirs|soiree|nuit|midi|" DAYS
#define NUMBER "#|un|une|deux|trois|quatre|cinq|dix|quinze"
/* What is decided about. */
#define WORK                                                                                                                \
        "devis|maquette|maquettes|version|versions|logo|texte|textes|budget|planning|visuel|visuels|couverture|plan|plans|" \
        "page|"                                                                                                             \
        "pages|design|charte|affiche|affiches|bat|epreuves|montage|proposition|propositions|offre|projet|option|piste|"     \
        "pistes|"                                                                                                           \
        "traduction|contrat|prestation|tarif|prix|montant|arborescence|scenario|storyboard|choix|formule|illustration|"     \
        "illustrations"
#define DRAFTS                                                                                                       \
        "version|maquette|maquettes|ebauche|esquisse|esquisses|brouillon|piste|pistes|bat|epreuve|epreuves|montage|" \
        "proposition|"                                                                                               \
        "propositions|traduction|wireframes|prototype|texte|textes|visuel|visuels|article"
#define PREFER                                                                                                              \
        "prefere|preferons|prefererions|prefererais|prefererait|voudrait|voudrions|voudrais|aimerait|aimerions|aimerais|"   \
        "choisissons|choisit|revient|revenons|reviens|garde|gardons|reste|restons|part|partons|repart|repartons|opte|"      \
        "optons|"                                                                                                           \
        "souhaite|souhaitons|souhaiterait|annule|annulons|abandonne|abandonnons|laisse|laissons|renonce|renoncons|prendra|" \
        "prendrons"

static const struct act_pattern patterns[] = {
        {"petite|nouvelle|derniere|premiere|deuxieme|seconde|troisieme|courte ?petite relance", ACT_REMINDER | ACT_ASKS},
        {"relance", ACT_REMINDER | ACT_WHOLE},
        {"relance pour|concernant|sur|du|de|facture|devis|a", ACT_REMINDER | ACT_START},
        {"permets|permettons ?de " YOU " relancer", ACT_REMINDER | ACT_ASKS},
        {"je|nous " YOU " relance|relancons", ACT_REMINDER | ACT_ASKS},
        {"je|nous relance|relancons ce|cette|le|la|notre|mon|ma", ACT_REMINDER | ACT_ASKS},
        {"permets|permet|permettons de revenir vers vous|toi", ACT_REMINDER | ACT_ASKS},
        {"permets|permet|permettons une ?petite relance", ACT_REMINDER | ACT_ASKS},
        {"toujours|encore pas|rien ?eu|recu ?de|d'|votre|ton|aucun* nouvelles|reponse|retour|signe",
         ACT_REMINDER | ACT_ASKS},
        {"n' ai|avons|a ?toujours|encore|malheureusement|pour pas|aucun|aucune ?encore ?eu|recu ?de|d'|votre|ton|vos "
         "nouvelles|reponse|retour|signe",
         ACT_REMINDER | ACT_ASKS},
        {"pas ?encore|toujours eu|recu ?de|d'|votre|ton|vos ?votre nouvelles|reponse|retour", ACT_REMINDER | ACT_ASKS},
        {"sans nouvelles|reponse|retour ?de ?votre|ta ?part depuis", ACT_REMINDER},
        {"reste|restons|suis|sommes ?toujours sans nouvelles|reponse|retour", ACT_REMINDER},
        {"sauf erreur|oubli ?ou ?oubli ?de ?ma|notre|votre ?part ?, ?je|j'|nous n' ai|avons .. recu|eu|rien|reponse|retour",
         ACT_REMINDER | ACT_ASKS},
        {"attends|attend|attendons toujours", ACT_REMINDER},
        {"attends|attend|attendons encore ?de|les|vos|tes|votre|ton", ACT_REMINDER},
        {"attends|attend|attendons vos|votre|ton|tes|ta .. depuis", ACT_REMINDER},
        {"il nous|me manque toujours|encore", ACT_REMINDER},
        {"toujours en attente de|d'|du|des", ACT_REMINDER},
        {"petit rappel|up", ACT_REMINDER | ACT_START | ACT_ASKS},
        {"petit rappel ?, le|la|les|nos|notre .. est|sera|sont|aura|seront|commence|ferme|fermee", ACT_COVER},
        {"petit rappel ?, ?la|notre|votre|le|ma|mon reunion|rendez|rdv|formation|visio|point|atelier", ACT_COVER},
        {"piqure de rappel", ACT_REMINDER},
        {"fais|faisons remonter", ACT_REMINDER | ACT_ASKS},
        {"mail|message|courriel|mails|messages|demande|email|courrier est|sont reste* sans reponse|suite|retour",
         ACT_REMINDER},
        {"avez|as|avais|aviez vous|tu .. mon|mes|notre|nos ?dernier|precedent|derniers "
         "mail|message|messages|courriel|mails|email|sms|relance",
         ACT_REMINDER | ACT_ASKED},
        {"tu|vous as|avez vu|lu|recu mon|mes|notre ?dernier|precedent mail|message|messages|courriel|mails|email|sms",
         ACT_REMINDER | ACT_ASKED},
        {"avez|as vous|tu ?deja|bien pu avancer|regarder|jeter|lire|voir|examiner|consulter|prendre|valider|traiter",
         ACT_REMINDER | ACT_ASKED},
        {"avez|as vous|tu ?deja eu le|l' temps|occasion de|d'", ACT_REMINDER | ACT_ASKED},
        {"depuis mon|notre|mes dernier|precedent|derniers mail|message|courriel|email|messages", ACT_REMINDER | ACT_ASKS},
        {"des|une nouvelles ?de|du|concernant|pour|au|sur", ACT_REMINDER | ACT_ASKED | ACT_START},
        {"du nouveau", ACT_REMINDER | ACT_ASKED | ACT_START},
        {"avez|as|auriez|aurais vous|tu ?eu des|du nouvelles|nouveau", ACT_REMINDER | ACT_ASKED | ACT_END},
        {"avez|as|auriez|aurais vous|tu ?eu des|du nouvelles|nouveau de|du|concernant|sur|pour|au|a|de "
         "?la|l'|le|ma|mon|notre|sujet "
         "devis|facture|contrat|projet|proposition|maquette|paiement|reglement|dossier|commande",
         ACT_REMINDER | ACT_ASKED},
        {"mon|notre|ma deuxieme|troisieme|second|seconde|quatrieme|# message|mail|courriel|relance|rappel|email",
         ACT_REMINDER},
        {"facture|factures .. impayee|impayees|retard|echue|echues|souffrance", ACT_REMINDER},
        {"desole*|navre*|excusez ?moi|de ?de ?devoir vous|te relancer|relance|solliciter|embeter|insister",
         ACT_REMINDER | ACT_ASKS},
        {"revenir|reviens|revenez vers moi|nous concernant|sur|au|a|pour", ACT_REMINDER | ACT_ASKED},
        {"solliciter|contacter|ecris|ecrire|relancer|sollicite|contacte a nouveau|encore", ACT_REMINDER | ACT_ASKS},
        {"reponse a mes|mon|nos|notre ?deux|trois|dernier|derniers|precedents message|messages|mail|mails|relances",
         ACT_REMINDER},
        {"nous|me manque|manquent toujours|encore", ACT_REMINDER},
        {"fait|voila|depuis ?maintenant|deja ?plus ?de " NUMBER
         " semaines|jours|mois que j'|nous|on|je attends|attend|attendons|n'|suis|sommes",
         ACT_REMINDER},
        {"rappel ?, votre|ta|le|la|notre|facture .. reste|impayee|impaye|due|manque|attend|attente",
         ACT_REMINDER | ACT_START},
        {"reviens|revenons vers vous|toi au|a|concernant|pour|sur ?sujet ?de|du|propos ?de|du ?la|l'|votre "
         "facture|devis|paiement|reglement|solde",
         ACT_REMINDER},
        {"reviens|revenons a la charge", ACT_REMINDER},
        {"toujours dans l' attente de|d'|du", ACT_REMINDER},
        {"comme|ainsi ?que demande|indique|dit dans|par mon|notre|mes precedent|dernier|precedents", ACT_REMINDER},
        {"merci|desole* ?beaucoup|encore pour|de|du|d' ?m'|nous ?avoir|la|cette|votre|ta|le|ce relance*|rappel", ACT_COVER},
        {"relance moi|nous", ACT_COVER},
        {"me|nous relancer", ACT_COVER},

        {"merci ?beaucoup|bien|infiniment|encore|mille ?fois ?a ?vous|toi|tous|toutes|tout ?le|l' ?monde|equipe",
         ACT_THANKS | ACT_WHOLE | ACT_BARE},
        {"merci ?beaucoup|bien|infiniment|encore ?a ?vous|toi|tous et bonne|bon|a|excellente|belle",
         ACT_THANKS | ACT_START | ACT_BARE},
        {"toute ma|notre gratitude|reconnaissance", ACT_THANKS},
        {"suis|sommes ?tres|vraiment|infiniment reconnaissant|reconnaissante|reconnaissants pour|de", ACT_THANKS},
        {"bravo ?et merci", ACT_THANKS},
        {"merci ?beaucoup|infiniment pour|de votre|ta patience avec|pendant|durant|tout|et", ACT_THANKS},
        {"chapeau ?, ?et merci", ACT_THANKS},
        {"bravo|chapeau ?, ?et merci a|pour", ACT_THANKS},
        {"grand|immense|enorme merci", ACT_THANKS},
        {"mille mercis|merci", ACT_THANKS},
        {"merci infiniment", ACT_THANKS},
        {"encore ?une ?fois merci", ACT_THANKS},
        {"merci mille fois", ACT_THANKS},
        {"merci ?beaucoup|encore|infiniment|bien|vraiment|mille ?fois ?a ?vous|toi|tous pour", ACT_THANKS | ACT_START},
        {"merci ?beaucoup|encore|infiniment|bien ?a ?vous|toi|tous de|d' ?m'|nous ?l' avoir|etre|vous|t'",
         ACT_THANKS | ACT_START},
        {"merci ?beaucoup|encore|infiniment|bien de|d' votre|ta|ton|cette|vos|tes .. "
         "retour|reponse|aide|reactivite|accueil|soutien|confiance|"
         "confirmation|disponibilite|envoi|efficacite|gentillesse|rapidite|message|travail",
         ACT_THANKS | ACT_START},
        {"je|nous|equipe|on vous|te|t' remercie|remercions|remercient "
         "?vivement|beaucoup|sincerement|infiniment|encore|chaleureusement|tous|toutes|bien pour",
         ACT_THANKS},
        {"je|nous vous|te|t' remercie|remercions ?vivement|beaucoup|sincerement|infiniment|encore de|d' ?m'|nous avoir",
         ACT_THANKS},
        {"je|nous vous|te|t' remercie|remercions ?vivement|beaucoup|sincerement|infiniment|encore de|d' "
         "votre|ta|ton|vos|cette",
         ACT_THANKS},
        {"tenais|tiens|tenons|tenions|voulais|voulions|souhaitais|souhaite ?a vous|te remercier", ACT_THANKS},
        {"merci ?beaucoup|bien ?a ?vous|toi d'|par avance", ACT_COVER},
        {"je|nous vous|te remercie|remercions ?tous|beaucoup|bien par|d' avance", ACT_COVER},
        {"remercie|remercions par|d' avance", ACT_COVER},
        {"merci ?beaucoup de|d'|pour votre|ta|vos|la|ton|l' "
         "comprehension|patience|attention|indulgence|vigilance|collaboration|cooperation|interet|diligence",
         ACT_COVER},
        {"je|nous vous|te remercie|remercions ?vivement|beaucoup de|d'|pour votre|ta|vos|la|l'|ton "
         "comprehension|patience|attention|indulgence|vigilance|collaboration|"
         "cooperation|interet|diligence",
         ACT_COVER},
        {"merci ?beaucoup ?, mais", ACT_COVER},
        {"merci ?beaucoup de|pour votre|ta|ton|vos|tes retour|reponse|confirmation|validation .. avant|d'|sous|demain|au",
         ACT_COVER},
        {"non ?, merci", ACT_COVER},
        {"dis|dites|dire merci", ACT_COVER},

        {"je|nous|on|j' ne|n' " RECEIVES " .. le|les|pendant|durant|chaque ?le|les " OFF " !#", ACT_BOUNDARY_HOURS},
        {"je|nous|on|j' ne|n' " RECEIVES " .. apres|avant|passe|au #", ACT_BOUNDARY_HOURS},
        {"je|nous|on|j' ne|n' " RECEIVES " .. en|hors|dehors de|des|week|soiree|horaires", ACT_BOUNDARY_HOURS},
        {"je|nous ne suis|sommes ?pas|plus|jamais joignable*|disponible*|dispo .. le|les|pendant|durant " OFF " !#",
         ACT_BOUNDARY_HOURS},
        {"je|nous ne suis|sommes ?pas|plus|jamais joignable*|disponible*|dispo apres|avant|en #|dehors|soiree|week",
         ACT_BOUNDARY_HOURS},
        {"dehors|hors de|des ces|mes|nos horaires|heures ?de ?travail ?, je|nous", ACT_BOUNDARY_HOURS},
        {"joignable*|disponible* uniquement|seulement|exclusivement du|de|le|entre|les|en|aux|pendant|" DAYS,
         ACT_BOUNDARY_HOURS},
        {"mes|nos horaires ?de|d' ?travail|bureau|ouverture|disponibilite sont", ACT_BOUNDARY_HOURS},
        {"respecter mes|nos horaires|heures|soirees|week|weekends|jours", ACT_BOUNDARY_HOURS},
        {"ne pas|plus|jamais ?me|m'|nous " DISTURB " .. apres|avant|passe|entre #", ACT_BOUNDARY_HOURS},
        {"ne pas|plus|jamais ?me|m'|nous " DISTURB " .. le|les|pendant|durant|en ?le|les " OFF " !#", ACT_BOUNDARY_HOURS},
        {"ne m'|me|nous " DISTURB " pas|plus|jamais .. apres|avant|passe #", ACT_BOUNDARY_HOURS},
        {"ne m'|me|nous " DISTURB " pas|plus|jamais .. le|les|pendant|en ?le|les " OFF " !#", ACT_BOUNDARY_HOURS},
        {"evitez|eviter de me|m'|nous " DISTURB " .. le|les|pendant|apres|avant|en " OFF "|#", ACT_BOUNDARY_HOURS},
        {"pas|aucun d'|de ?appel|appels|message|messages|mails|appel .. apres|avant|passe #",
         ACT_BOUNDARY_HOURS | ACT_START},
        {"pas|aucun d'|de ?appel|appels|message|messages|mails|appel .. le|les|pendant " OFF,
         ACT_BOUNDARY_HOURS | ACT_START},

        {"je|nous|on|j' ne|n' " RECEIVES "|utilise|utilisons .. " CHANNELS, ACT_BOUNDARY_CHANNEL},
        {"je|nous|on|j' ne|n' " RECEIVES " ?pas|plus|jamais|aucune ?de|les|aux demande|demandes .. telephone|" CHANNELS,
         ACT_BOUNDARY_CHANNEL},
        {"ne pas|plus|jamais ?me|m'|nous " DISTURB "|utiliser .. " CHANNELS, ACT_BOUNDARY_CHANNEL},
        {"ne pas|plus|jamais ?me|m'|nous " DISTURB "|utiliser .. portable|personnel|perso|prive", ACT_BOUNDARY_CHANNEL},
        {"ne m'|me|nous " DISTURB " pas|plus|jamais .. portable|personnel|perso|prive|" CHANNELS, ACT_BOUNDARY_CHANNEL},
        {"uniquement|exclusivement|seulement|obligatoirement|systematiquement par ?e " MAIL, ACT_BOUNDARY_CHANNEL},
        {"doivent|doit ?toutes ?se|me|m' ?passer|etre|faire|parvenir ?envoyees|adressees|faites|formulees par ?e " MAIL,
         ACT_BOUNDARY_CHANNEL},
        {"suis|sommes indisponible*|injoignable* le|les|pendant|durant|apres|avant|en " OFF "|#", ACT_BOUNDARY_HOURS},
        {"uniquement|seulement|exclusivement|que pendant|durant|en|aux|du|entre|de ?les|mes|le "
         "heures|semaine|horaires|jours|" DAYS "|#",
         ACT_BOUNDARY_HOURS},
        {"mes|nos week|weekends|soirees|soirs|dimanches|vacances ?end|ends sont|est reserve*|prive*|sacre*|libre*|pour",
         ACT_BOUNDARY_HOURS},
        {"ecrire|contacter|joindre|envoyer|passer|ecrivez|contactez ?moi par ?e " MAIL
         " plutot|uniquement|seulement|et|exclusivement",
         ACT_BOUNDARY_CHANNEL},
        {"par ?e " MAIL " uniquement|exclusivement|seulement|plutot", ACT_BOUNDARY_CHANNEL},
        {"ne pas|plus|jamais appeler|telephoner|ecrire|utiliser ?sur mon|le|ce portable|numero|perso|personnel|telephone",
         ACT_BOUNDARY_CHANNEL},
        {"prevenir|avertir|informer|prevenez|avertissez ?moi plus tot|davantage|a|en ?l' avance|tot", ACT_BOUNDARY_NOTICE},
        {"coupe|eteins|ferme|debranche mon|le|mes telephone|portable|ordinateur|notifications a|apres|des|le|pendant",
         ACT_BOUNDARY_HOURS},
        {"appels ne|sont sont|possibles|uniquement ?pas ?possibles|pris|acceptes ?uniquement qu'|que|entre|de|du",
         ACT_BOUNDARY_HOURS},
        {"mon|notre|mes atelier|studio|bureau|cabinet|agence est|sont ferme|fermee le|les " OFF, ACT_BOUNDARY_HOURS},
        {"n'|ne accepte|prends|traite|reponds|acceptons|prenons|traitons .. que par ?e " MAIL, ACT_BOUNDARY_CHANNEL},
        {"pas le|la bon|bonne canal|moyen|outil|endroit pour", ACT_BOUNDARY_CHANNEL},
        {"ne|n' peux|pouvons|fais|accepte|prends|faisons pas|plus|aucun .. le|du jour meme", ACT_BOUNDARY_NOTICE},
        {"annule|annulee|annules|annulees|annulation|annulations|reporte*|deplace* .. le jour meme", ACT_BOUNDARY_NOTICE},
        {"dire|signaler|savoir|informer|prevenir|avertir|communiquer .. au moins|minimum " NUMBER, ACT_BOUNDARY_NOTICE},
        {"modification|modifications|changement|changements|demande|demandes|annulation|annulations|retouches ?de "
         "derniere|tardives|tardive ?minute sont|seront|est|sera factur*|major*|refus*|payant*",
         ACT_BOUNDARY_NOTICE},
        {"merci|veuillez d' utiliser ?plutot|uniquement le|l'|les ?e " MAIL, ACT_BOUNDARY_CHANNEL},
        {"numero|portable|ligne|telephone personnel|perso|prive|personnelle est reserve*", ACT_BOUNDARY_CHANNEL},
        {"je|nous prefere|preferons .. par ?e " MAIL, ACT_BOUNDARY_CHANNEL},
        {"je|nous prefere|preferons un|le|les|des ?e " MAIL " plutot|a|au|aux", ACT_BOUNDARY_CHANNEL},

        {"au moins|minimum " NUMBER " .. a l' avance", ACT_BOUNDARY_NOTICE},
        {"minimum|moins|besoin|faut|demande|exige|avec .. preavis", ACT_BOUNDARY_NOTICE},
        {"preavis|delai ?minimum|minimal de|d' ?au ?moins " NUMBER " .. pour", ACT_BOUNDARY_NOTICE},
        {"prevenir|avertir|signalee|signaler|informer|signale|signalees au moins|minimum " NUMBER, ACT_BOUNDARY_NOTICE},
        {"annule|annulee|annules|annulees|annulation|annulations|reporte|reportes|deplaces ?a moins de|d' " NUMBER,
         ACT_BOUNDARY_NOTICE},
        {"je|nous ne|n' prends|prenons|accepte|acceptons|traite|traitons|fais|faisons .. derniere minute",
         ACT_BOUNDARY_NOTICE},
        {"il me|nous faut .. delai ?d'|de|minimum ?au .. " NUMBER, ACT_BOUNDARY_NOTICE},
        {"demande|demandes|intervention|interventions|travaux|commande urgente|urgentes|urgents .. major*",
         ACT_BOUNDARY_NOTICE},

        {"ci joint|jointe|joints|jointes .. devis !signe*", ACT_PROPOSAL_QUOTE},
        {"notre|mon|le devis .. ci joint|piece jointe", ACT_PROPOSAL_QUOTE},
        {"devis est|sont ?en ?ci piece|joint|jointe", ACT_PROPOSAL_QUOTE},
        {"trouverez|trouveras|trouver|trouvez .. devis !signe*", ACT_PROPOSAL_QUOTE},
        {"voici ?mon|notre|le|un|les devis !signe*", ACT_PROPOSAL_QUOTE},
        {"je|nous " YOU " envoie|envoyons|transmets|transmettons|adresse|adressons|fais|faisons|joins .. devis !signe*|pour",
         ACT_PROPOSAL_QUOTE},
        {"montant|tarif|prix propose ?pour|est", ACT_PROPOSAL_QUOTE},
        {"proposition tarifaire|financiere|chiffree|budgetaire", ACT_PROPOSAL_QUOTE},
        {"trouverez|trouver|trouvez|voici|ci .. proposition tarifaire|financiere|chiffree|budgetaire", ACT_PROPOSAL_QUOTE},
        {"trouverez|trouveras|trouver|trouvez|voici|transmets|envoie .. ?ma|notre|mon|l'|une proposition commerciale|pour",
         ACT_PROPOSAL_OFFER},
        {"trouverez|trouveras|trouver|trouvez|voici|transmets|envoie .. ?ma|notre|mon offre", ACT_PROPOSAL_OFFER},
        {"ci joint|jointe ?, notre|ma|une|la proposition|offre", ACT_PROPOSAL_OFFER},
        {"je|nous peux|pouvons|pourrais|pourrions " YOU
         " proposer|offrir|faire ?de|d' un|une|le|la|# ?petit|petite forfait|remise|tarif|prix|reduction|rabais|"
         "abonnement|formule|contrat|option|%",
         ACT_PROPOSAL_OFFER},
        {"je|nous " YOU " propose|proposons|offre|offrons|accorde|fais|faisons ?de|d' un|une|le|la|# ?petit|petite "
         "forfait|remise|tarif|prix|reduction|rabais|"
         "abonnement|formule|contrat|option|%",
         ACT_PROPOSAL_OFFER},
        {"notre|mon offre comprend|inclut|couvre|s'", ACT_PROPOSAL_OFFER},
        {"je|nous|j' ?" YOU " propose|proposons !pas|egalement|aussi|des", ACT_PROPOSAL_PLAN},
        {"je|nous peux|pouvons|pourrais|pourrions " YOU " proposer", ACT_PROPOSAL_PLAN},
        {"trouverez|voici|ci|transmets|envoie|soumets .. proposition de|d' "
         "planning|calendrier|plan|retroplanning|programme|deroule",
         ACT_PROPOSAL_PLAN},
        {"retroplanning|planning|calendrier|plan|programme que je|nous|j' ?" YOU " propose|proposons", ACT_PROPOSAL_PLAN},
        {"trouverez|voici|ci joint|jointe ?le|un|notre|mon planning|retroplanning|calendrier|plan|programme "
         "que|propose|previsionnel",
         ACT_PROPOSAL_PLAN},
        {"je|nous ?" YOU " propose|proposons|proposer ?de|d'|le|la|un ?" DAYS
         "|rdv|rendez|creneau|point|demain|visio|appel .. " DAYS "|demain",
         ACT_PROPOSAL_DATE},
        {"je|nous peux|pouvons|pourrais|pourrions " YOU " proposer ?le|un " DAYS "|rendez|creneau|demain",
         ACT_PROPOSAL_DATE},
        {"je|nous " YOU " propose|proposons ?le|un " DAYS "|rendez|creneau|demain|rdv", ACT_PROPOSAL_DATE},
        {"seriez|serais|etes|es|seras|serez vous|tu ?libre*|disponible*|dispo .. " DAYS "|demain|#",
         ACT_PROPOSAL_DATE | ACT_ASKED},
        {DAYS "|demain .. vous|te|t' conviendrait|convient|irait|arrangerait|arrange|va|conviendrez",
         ACT_PROPOSAL_DATE | ACT_ASKS},
        {"que|qu' diriez|dirais|penseriez|pensez vous|tu de|d'|du " DAYS "|demain|#", ACT_PROPOSAL_DATE | ACT_ASKED},
        {"on|nous ?se|nous voit|voir|retrouve|appelle|cale|rappelle|fait .. " DAYS "|demain .. #",
         ACT_PROPOSAL_DATE | ACT_ASKS},
        {"pourrions|pouvons|pourrait|peut ?nous|se|on ?se voir|rencontrer|retrouver|appeler|caler .. " DAYS "|demain",
         ACT_PROPOSAL_DATE | ACT_ASKS},
        {"voici mes|nos|quelques ?prochaines|prochains disponibilites|creneaux|dispos|dates", ACT_PROPOSAL_DATE},
        {"voici|ci|trouverez|trouveras|joins|envoie|transmets .. "
         "premiere|premier|nouvelle|deuxieme|seconde|premieres|deux|trois|quatre|# ?premiere|premieres|"
         "nouvelle|nouvelles " DRAFTS " !de",
         ACT_PROPOSAL_DRAFT},
        {"voici|ci|trouverez|trouveras|joins|envoie|transmets .. "
         "premiere|premier|nouvelle|deuxieme|seconde|premieres|deux|trois|quatre|# ?premiere|premieres|"
         "nouvelle|nouvelles " DRAFTS " de|du|d' la|l'|!planning",
         ACT_PROPOSAL_DRAFT},
        {"voici|ci|trouverez|trouveras|joins|envoie|transmets .. pour|a ?votre|ton|bonne "
         "validation|avis|retour|relecture|approbation|bon|valider|relire",
         ACT_PROPOSAL_DRAFT},
        {"voici|ci .. propositions de|d'", ACT_PROPOSAL_DRAFT},
        {"je|nous " YOU " soumets|soumettons|presente|presentons", ACT_PROPOSAL_DRAFT},
        {"attends|attend|attendons vos|tes remarques|corrections|commentaires", ACT_PROPOSAL_DRAFT},
        {"je|nous " YOU " ai|avons envoye|transmis|adresse|joint|prepare .. devis", ACT_PROPOSAL_QUOTE},
        {"comptez|prevoyez|comptes #|environ|autour", ACT_PROPOSAL_QUOTE},
        {"je|nous peux|pourrais|pouvons " YOU " ?le|la|l' faire|realiser|livrer|ceder .. pour|a #", ACT_PROPOSAL_OFFER},
        {"suis|sommes|serai|serais disponible|libre|dispo|disponibles .. " DAYS "|demain .. ou|#", ACT_PROPOSAL_DATE},
        {"voici deux|trois|quatre|quelques|mes|nos|# ?premieres|autres "
         "idees|pistes|propositions|options|maquettes|visuels|suggestions",
         ACT_PROPOSAL_DRAFT},
        {"premiere|nouvelle|derniere|seconde|deuxieme " DRAFTS " est|sont ?maintenant|desormais|enfin pret*|en|disponible*",
         ACT_PROPOSAL_DRAFT},
        {"ce que je|nous propose|proposons", ACT_PROPOSAL_PLAN},
        {"mon|notre|le devis .. est|sont ?en ?ci joint|jointe|piece|joints", ACT_PROPOSAL_QUOTE},
        {"ce que je|nous peux|pouvons|pourrais|pourrions ?" YOU " proposer|faire|offrir", ACT_PROPOSAL_OFFER},
        {"on dit " DAYS "|demain|#", ACT_PROPOSAL_DATE | ACT_ASKED},
        {"premiere|premieres|nouvelle|nouvelles|derniere|dernieres|premiers " DRAFTS
         " est|sont ?maintenant|ci joint|jointe|joints|jointes",
         ACT_PROPOSAL_DRAFT},
        {"voici|ci ?joint un|une|l'|le|la ?petit|premier|premiere "
         "apercu|ebauche|esquisse|brouillon|maquette|prototype|echantillon",
         ACT_PROPOSAL_DRAFT},
        {DAYS
         "|demain .. , ca|cela ?vous|te ?irait|va|conviendrait|arrange|convient|t' ?vous|te ?irait|va|conviendrait|convient",
         ACT_PROPOSAL_DATE | ACT_ASKED},
        {"ma|la|notre|les|mes|le|mon|nos " DRAFTS
         " est|sont ?maintenant en|pret|prete|prets|pretes|disponible|disponibles ?en|pour ?ligne",
         ACT_PROPOSAL_DRAFT},
        {"pour validation avant", ACT_PROPOSAL_DRAFT},

        {"c' est ?bien|tout|donc|entierement|totalement|desormais|officiellement valide|approuve|accepte|acte|signe",
         ACT_DECISION_APPROVAL},
        {"c' est ?tout ?bien bon|ok|parfait|d' ?accord pour|de nous|moi|notre|mon|cote", ACT_DECISION_APPROVAL},
        {"nous|on|je ?vous ?confirmons|confirme|donc|bien valide|validons|approuve|approuvons|retiens|retenons|retient "
         "!quand|ensemble|les|pas|au|mon|ma|mes|un|une|nos",
         ACT_DECISION_APPROVAL},
        {"j' approuve|accepte|ai valide|approuve|accepte|retenu ?votre|le|la|les|ta|ton|tout", ACT_DECISION_APPROVAL},
        {"valide|validee|approuve|adjuge|accorde", ACT_DECISION_APPROVAL | ACT_START | ACT_END},
        {WORK " ?bien valide|validee|approuve|approuvee|accepte|acceptee|signe|signee",
         ACT_DECISION_APPROVAL | ACT_START | ACT_END},
        {"vous|tu pouvez|peux ?donc|maintenant|y aller|lancer|demarrer|imprimer|produire|avancer|commencer !par|quand",
         ACT_DECISION_APPROVAL},
        {"on|nous|je garde|gardons|prend|prenons|choisit|choisissons|retient la|le|votre|ta|cette|l' "
         "version|proposition|piste|option|maquette|idee|formule|premiere|deuxieme|troisieme|n",
         ACT_DECISION_APPROVAL},
        {"avons|ai donne notre|mon accord|feu|aval", ACT_DECISION_APPROVAL},
        {"tout est ?donc bon|ok|parfait|valide|nickel", ACT_DECISION_APPROVAL | ACT_START},
        {"avons|ai ?bien signe le|votre|ton devis|contrat|bon|proposition", ACT_DECISION_APPROVAL},
        {"on fait comme ca|cela|propose|convenu", ACT_DECISION_APPROVAL},
        {"confirmons|confirme la|notre|ma|cette commande", ACT_DECISION_APPROVAL},
        {"nous|on|je signons|signe le|votre|ton devis|contrat|bon", ACT_DECISION_APPROVAL},
        {"renvoye|retourne|transmis|remis|renvoie|retournons ?ci ?joint le|la|votre|notre "
         "devis|contrat|bon|document|proposition .. signe*",
         ACT_DECISION_APPROVAL},
        {"c' est parti", ACT_DECISION_APPROVAL},
        {"sommes|suis tres|ravi|ravis|ravie|heureux|heureuse|contents|enchantes ?de|d' "
         "travailler|collaborer avec vous|toi",
         ACT_DECISION_APPROVAL},
        {"vaut acceptation|accord|bon|validation", ACT_DECISION_APPROVAL},
        {"vous|tu pouvez|peux ?donc|maintenant|desormais mettre|publier|poster|livrer|commander|envoyer en|a|le|la|l' "
         "!courriel",
         ACT_DECISION_APPROVAL},
        {"oui ?, allez|vas y", ACT_DECISION_APPROVAL},
        {"la|le|les|l'|cette|votre|vos "
         "!inscription|inscriptions|compte|mot|paiement|adresse|carte|billet|session|email|code|commande|formulaire|"
         "reservation|certificat|permis .. est|sont ?donc|bien|desormais|tout "
         "valide|validee|valides|validees|approuve|approuvee|approuves|approuvees !par|au|en|jusqu'|avant|avec",
         ACT_DECISION_APPROVAL},
        {WORK " signe|signee|signes en|ci|joint|jointe", ACT_DECISION_APPROVAL | ACT_START},
        {"nous|me convient|conviennent ?parfaitement|bien ?, vous|tu", ACT_DECISION_APPROVAL},
        {"j' approuve|accepte !que|mal", ACT_DECISION_APPROVAL},
        {"nous|on|je accepte|acceptons votre|ta|le|la|les|ton|cette|ces|vos !carte|cartes|cheques|cookies",
         ACT_DECISION_APPROVAL},
        {"nous|on avons|a ?bien|donc|finalement|tous|tout valide|approuve|accepte|retenu !une|un|hier",
         ACT_DECISION_APPROVAL},
        {"avons|ai ?donc|finalement decide de|d' "
         "retenir|partir|travailler|poursuivre|signer|accepter|valider|continuer|lancer|choisir|vous",
         ACT_DECISION_APPROVAL},
        {"on a ?donc|finalement decide de|d' "
         "retenir|partir|travailler|poursuivre|signer|accepter|valider|continuer|lancer|choisir|vous",
         ACT_DECISION_APPROVAL},
        {"avons|ai ?donc|finalement choisi votre|ta|vos", ACT_DECISION_APPROVAL},
        {"on a ?donc|finalement choisi votre|ta|vos", ACT_DECISION_APPROVAL},
        {"avons|ai ?donc|finalement choisi|opte ?pour la|le|l' "
         "proposition|version|option|piste|maquette|premiere|deuxieme|troisieme|formule",
         ACT_DECISION_APPROVAL},
        {"on a ?donc|finalement choisi|opte ?pour la|le|l' "
         "proposition|version|option|piste|maquette|premiere|deuxieme|troisieme|formule",
         ACT_DECISION_APPROVAL},
        {"on|nous part|partons|partirons ?donc|bien sur|avec|pour la|le|l'|ce|cette|ta|votre|ca|# !route",
         ACT_DECISION_APPROVAL},
        {"allez|vas y", ACT_DECISION_APPROVAL | ACT_WHOLE},
        {"bon pour accord", ACT_DECISION_APPROVAL},
        {"ok|go|accord|feu|d'|valide ?accord|vert pour|sur "
         "moi|nous|impression|l'|le|la|les|votre|cette|ce|ta|ton|ces|lancer|demarrer !rendez|rdv|reunion|date|point|appel|"
         "visio|dejeuner|creneau|" DAYS,
         ACT_DECISION_APPROVAL | ACT_START},
        {"avez|as ?donc|bien notre|mon feu|accord|aval|ok|go|validation", ACT_DECISION_APPROVAL},
        {"donne|donnons ?donc|bien ?notre|mon|le feu|accord|ok|go", ACT_DECISION_APPROVAL},
        {"ci|voici|trouverez|trouver|retourne|renvoie|retournons|joins .. devis|contrat|commande|proposition|offre|document "
         "signe*",
         ACT_DECISION_APPROVAL},
        {"sommes|suis|on|est d' accord pour demarrer|lancer|commencer|partir|continuer|signer|cette|la|le|l'|votre|les|ces "
         "!rendez|rdv|reunion|date|point",
         ACT_DECISION_APPROVAL},
        {"sommes|suis d' accord avec|sur votre|ta|le|la|cette|les|ton "
         "devis|proposition|offre|tarif|planning|version|maquette|prix|montant|conditions",
         ACT_DECISION_APPROVAL},
        {"le|la|les|votre|l'|ta|ton|vos|tes|cette|ce " WORK " .. est|sont ?donc|bien|tout|desormais "
         "valide|validee|valides|validees|approuve*|accepte|acceptee|acceptes|retenu*",
         ACT_DECISION_APPROVAL},
        {"le|la|les|votre|l'|ta|ton|vos|tes|cette|ce " WORK
         " a|ont ete valide|validee|valides|validees|approuve*|accepte|acceptee|retenu*",
         ACT_DECISION_APPROVAL},
        {"plaisir|heureux|ravis|heureuse d'|de accepter|retenir|valider|vous|confirmer notre|votre|confier|la|le",
         ACT_DECISION_APPROVAL},
        {"confirme|confirmons notre|mon|l' accord|commande", ACT_DECISION_APPROVAL},
        {"suis|sommes partant*", ACT_DECISION_APPROVAL},
        {"est|sont|soit|sera ?bien valide*|approuve* par|au|en|jusqu'", ACT_COVER},

        {"ne donnons|donnerons|donne|donnerai|donnera pas|plus ?de suite", ACT_DECISION_REFUSAL},
        {"allons|vais|va|souhaitons|souhaite|pouvons|peux|voulons pas ?y donner suite", ACT_DECISION_REFUSAL},
        {"choisi|opte|retenu|selectionne|choisit ?finalement ?pour ?de ?travailler|partir ?avec un|une autre "
         "prestataire|agence|fournisseur|candidat|candidate|studio|solution|devis|offre|proposition|artisan|freelance|"
         "graphiste|"
         "developpeur|traducteur|photographe|entreprise|partenaire|societe|option|piste",
         ACT_DECISION_REFUSAL},
        {"nous|on|je ne|n' "
         "retenons|retient|retiens|retiendrons|validons|valide|validerons|acceptons|accepte|approuve|approuvons pas "
         "!encore|les|de|d'|plus",
         ACT_DECISION_REFUSAL},
        {"nous|on|je|j' refuse|refusons|decline|declinons|rejette|rejetons|renonce|renoncons", ACT_DECISION_REFUSAL},
        {"preferons|prefere|prefererais|prefererions|souhaitons|souhaite|decide|devons|dois ?de|d' "
         "decliner|refuser|arreter|renoncer|en|abandonner|annuler|stopper ?rester",
         ACT_DECISION_REFUSAL},
        {"ce|cela|c' sera|est non ?pour", ACT_DECISION_REFUSAL},
        {"avons|ai decide de ne pas|plus", ACT_DECISION_REFUSAL},
        {"on a decide de ne pas|plus", ACT_DECISION_REFUSAL},
        {"je|nous|on ne|n' peux|pouvons|peut ?donc pas|plus ?malheureusement accepter|valider|donner ?suite",
         ACT_DECISION_REFUSAL},
        {"au regret de|d'", ACT_DECISION_REFUSAL},
        {"n' irons|ira|irai|allons pas plus loin", ACT_DECISION_REFUSAL},
        {"on|nous|je laisse|laissons tomber", ACT_DECISION_REFUSAL},
        {"reponse est ?donc non|negative", ACT_DECISION_REFUSAL},
        {"avons|ai prefere ?choisir|retenir|travailler|confier ?avec un|une autre", ACT_DECISION_REFUSAL},
        {"on a prefere ?choisir|retenir|travailler|confier ?avec un|une autre", ACT_DECISION_REFUSAL},
        {"on|nous|j' abandonne|abandonnons|arrete|arretons|stoppe|stoppons le|ce|cette|la "
         "projet|collaboration|prestation|contrat|mission",
         ACT_DECISION_REFUSAL},
        {"avons|ai decide d'|de ?tout arreter|abandonner|stopper|annuler", ACT_DECISION_REFUSAL},
        {"on a decide d'|de ?tout arreter|abandonner|stopper|annuler", ACT_DECISION_REFUSAL},
        {"n' aurons|aurai|avons|ai|aurions plus|pas besoin de vos|votre|tes|ton services|aide|prestation|prestations",
         ACT_DECISION_REFUSAL},
        {"allons|vais|devons|dois ?malheureusement devoir|decliner|refuser|renoncer ?decliner|refuser|renoncer|arreter",
         ACT_DECISION_REFUSAL},
        {"ne donnons|donnerons|donne|donnerai|donnera ?donc pas|plus ?donc ?de suite", ACT_DECISION_REFUSAL},
        {"mettons|met|mets|mettre fin au|a ?notre|la|ce|projet|contrat", ACT_DECISION_REFUSAL},
        {"je|nous|on n' accepterai|accepterons|accepterait pas|plus", ACT_DECISION_REFUSAL},
        {"ne renouvellerons|renouvelons|poursuivrons|continuerons|prolongerons|renouvellerai|poursuivons|continuons "
         "pas|plus",
         ACT_DECISION_REFUSAL},
        {"preferons|prefere|preferons|preferions ne pas|plus", ACT_DECISION_REFUSAL},
        {"nous|on|j' avons|a|ai ?finalement|donc retenu|choisi|opte|prefere .. "
         "concurrent|concurrents|concurrente|concurrence",
         ACT_DECISION_REFUSAL},
        {"votre|ta|vos|la|le|cette " WORK
         "|candidature|dossier .. n' a|ont|est|sont pas ?ete retenu*|accepte*|valide*|approuve*",
         ACT_DECISION_REFUSAL},
        {"on|nous ne part|partons|partirons|va|allons|irons|partira pas|plus ?partir|travailler sur|avec",
         ACT_DECISION_REFUSAL},
        {"nous|on|je ne souhaite|souhaitons|souhaitait|veux|voulons|veut pas|plus ?de "
         "donner|poursuivre|continuer|aller|travailler|renouveler",
         ACT_DECISION_REFUSAL},

        {"finalement ?, " WE " ?ne|n'|en|y|le|la " PREFER, ACT_DECISION_CHANGE},
        {"finalement ?, " WE
         " va|allons|vais ?plutot rester|garder|partir|prendre|faire|opter|choisir|revenir|repartir|changer|abandonner",
         ACT_DECISION_CHANGE},
        {"fait|realite ?, " WE " ?ne|n'|en|y|le|la "
         "prefere|preferons|prefererions|prefererais|prefererait|voudrait|voudrions|choisissons|garde|"
         "gardons|revient|revenons|"
         "repart|repartons|annule|annulons|abandonne|abandonnons",
         ACT_DECISION_CHANGE},
        {"reflexion|fait|compte|coup|definitive ?, " WE " ?ne|n'|en " PREFER, ACT_DECISION_CHANGE},
        {"nous|on|je ne|n' voulons|veut|veux|souhaitons|souhaite plus ?de|du|la|le|les|d'|cette|que", ACT_DECISION_CHANGE},
        {"finalement ?, ce|ca|c' sera|est|serait ?plutot la|le|plutot|version|option|non|un|une", ACT_DECISION_CHANGE},
        {"final|finale|bilan ?, " WE " ?ne|n'|en|y|le|la " PREFER, ACT_DECISION_CHANGE},
        {"contrairement a ce que|qu'", ACT_DECISION_CHANGE},
        {"finalement ?, non", ACT_DECISION_CHANGE},
        {"revenons|revient|revenir sur|a notre|la|l'|ma ?premiere decision|choix|premiere|ancienne", ACT_DECISION_CHANGE},
        {"sommes|suis|est revenus|revenu|revenue sur notre|mon|ma|le|la|cette", ACT_DECISION_CHANGE},
        {"nous|on|je preferons|prefere|voulons|veut|prefererions maintenant|desormais|plutot ?le|la|finalement",
         ACT_DECISION_CHANGE},
        {"ne tenez|tiens pas|plus compte de|d' mon|notre|ma|la|mes ?precedent*|derniere|dernier|precedente "
         "mail|decision|choix|retour|validation",
         ACT_DECISION_CHANGE},
        {"nous|on|je retirons|retire|annulons|annule notre|ma|mon|le validation|accord|choix|decision|commande",
         ACT_DECISION_CHANGE},
        {"reflexion faite", ACT_DECISION_CHANGE},
        {"nous|on|j' avons|a|ai ?finalement|donc change d' avis|idee", ACT_DECISION_CHANGE},
        {"changement de programme|plan|plans|cap|direction|strategie", ACT_DECISION_CHANGE | ACT_START},
        {"on|nous|je annule|annulons ?donc|finalement le|la|les choix|option|options|version|commande|modification",
         ACT_DECISION_CHANGE},
        {"on|nous|je revient|revenons|reviens ?donc|finalement sur notre|ma|cette|la decision|choix", ACT_DECISION_CHANGE},
        {"on|nous|je revient|revenons|reviens ?donc|finalement a|au|en la|l'|le|arriere "
         "!charge|maison|normale|fin|bureau|une",
         ACT_DECISION_CHANGE},
        {"on|nous revient|revenons en arriere", ACT_DECISION_CHANGE},
        {"on|nous|je repart|repartons|repars ?donc|finalement ?de|sur|avec|a la|le|l'|une|un|trois|#|zero",
         ACT_DECISION_CHANGE},
        {"oubliez|oublie ?donc|finalement la|le|l'|ce|cette|les "
         "version|option|proposition|idee|logo|piste|demande|modification|couleur|bleu|rouge",
         ACT_DECISION_CHANGE},
        {"tenez|tiens|tenir pas|plus compte de|d' mon|notre|ma|la|mes ?precedent*|derniere|dernier "
         "mail|decision|choix|retour|validation",
         ACT_DECISION_CHANGE},

        {"si|s'|lorsque|lorsqu'|quand", ACT_IF},
        {"des que|qu'|lors", ACT_IF},
        {"une fois", ACT_IF},
        {"condition|reserve|cas|attendant|avant|tant|moins|pour que|de|d'|ou|qu'", ACT_IF},
        {"doit|doivent|faut|faudrait|devra|devrait|peut etre|que|qu'", ACT_IF},
        {"dit|ont|affirme|annonce|repondu|pense|pensent|crois|croit|croient|suppose|imagine|imagines|espere|esperons|"
         "esperait|entendu|semble|souhaite|souhaiterais|"
         "aimerais|aimerions|voudrais|parait|sais que|qu'|dire",
         ACT_REPORT},
        {"apparemment", ACT_REPORT},
        {"selon|apres lui|elle|eux|paul|vous|toi", ACT_REPORT},

        {"d' ici", ACT_BY},
        {"d' ici|ici " NUMBER " heures|jours|jour|semaines|semaine|h|heure", ACT_WITHIN},
        {"au plus tard", ACT_BY},
        {"jusqu' a|au", ACT_BY},
        {"avant", ACT_BEFORE},
        {"pour", ACT_FOR},
        {"sous", ACT_WITHIN},
        {"dans les", ACT_WITHIN},
        {"dans un delai de", ACT_WITHIN},
        {"au plus tard", ACT_LATEST},
        {"dernier delai", ACT_LATEST},
        {"maximum", ACT_LATEST},
        {"avant|d' ?ici ?la fin de|du ?la jour|journee", ACT_EOD},
        {"dans la journee", ACT_EOD},
        {"pour|avant ce soir", ACT_EOD},
        {"d' ici ce soir", ACT_EOD},
        {"promis*|deviez|devais|aviez|avais|prevu*|convenu*", ACT_PAST},
};

const struct act_table acts_fr = {patterns, ELEMENTSOF(patterns)};
