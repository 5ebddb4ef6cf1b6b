/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/acts.h"

#define WE "ik|we|wij"
#define OFF "weekend|weekends|weekeinde|avonds|avond|nachts|zaterdag|zondag|vrijdag|woensdag|maandag|feestdagen"
#define CHANNELS "whatsapp|sms|messenger|telegram|telefoon|facebook|slack|instagram|appjes|prive"
#define WORK                                                                                                           \
        "offerte|ontwerp|ontwerpen|concept|tekst|teksten|logo|layout|budget|planning|versie|design|contract|voorstel|" \
        "project|drukproef"

static const struct act_pattern patterns[] = {
        {"vriendelijke|korte|kleine|nieuwe|laatste herinnering|reminder", ACT_REMINDER | ACT_ASKS},
        {"herinnering", ACT_REMINDER | ACT_WHOLE},
        {"nog ?steeds|altijd geen|niets ?reactie|antwoord|bericht .. ontvangen|gehad|gehoord|gekregen|van",
         ACT_REMINDER | ACT_ASKS},
        {"nog ?steeds|altijd geen reactie|antwoord|bericht|nieuws", ACT_REMINDER | ACT_ASKS},
        {"wacht|wachten nog ?steeds|altijd op", ACT_REMINDER},
        {"kom|komen even|nog|graag ?even ?terug op|terug", ACT_REMINDER},
        {"heb|hebt|heeft|hebben je|u|jullie mijn|onze|al ?vorige|laatste|kunnen ?mail|bericht|e|kijken|gezien|gelezen",
         ACT_REMINDER | ACT_ASKED},
        {"is er al|inmiddels nieuws|iets|meer|een ?bekend|reactie", ACT_REMINDER | ACT_ASKED},
        {"nogmaals|opnieuw een verzoek|herinnering|mail|bericht", ACT_REMINDER},
        {"bedankt|sorry|dank ?je|u voor ?de|je|uw herinnering|reminder", ACT_COVER},

        {"bedankt|dank|dankjewel|dankuwel ?je|u|jullie ?wel ?heel|erg|zeer|hartelijk|alvast ?erg|veel",
         ACT_THANKS | ACT_WHOLE | ACT_BARE},
        {"hartelijk|heel|super|enorm|nogmaals|veel ?erg bedankt|dank ?voor", ACT_THANKS | ACT_START},
        {"bedankt|dankjewel|dankuwel ?allemaal|weer|nogmaals voor", ACT_THANKS | ACT_START},
        {"dank je|u|jullie ?wel|hartelijk|zeer voor|dat", ACT_THANKS},
        {"wil|willen ?je|u|jullie ?graag|hartelijk ?hartelijk bedanken", ACT_THANKS},
        {"alvast|bij ?voorbaat bedankt|dank|hartelijk", ACT_COVER},
        {"bedankt|dank ?je|u ?wel alvast|bij", ACT_COVER},
        {"bedankt|dank ?je|u ?wel voor ?het|uw|je|jullie begrip|geduld|aandacht|interesse", ACT_COVER},
        {"nee ?, bedankt|dank", ACT_COVER},

        {WE " beantwoord|werk|lees|ben|reageer|werken|antwoord|neem|lezen .. niet|geen|nooit .. in|op|na|'s|s ?het|de " OFF
            "|#",
         ACT_BOUNDARY_HOURS},
        {WE " beantwoord|werk|lees|ben|reageer|werken|antwoord|neem .. in|op|na|'s|s ?het|de " OFF "|# .. niet|geen|nooit",
         ACT_BOUNDARY_HOURS},
        {"in|op|na ?het|de " OFF
         "|# beantwoord|werk|lees|ben|reageer|werken|antwoord|neem|zijn ik|wij|we .. niet|geen|nooit",
         ACT_BOUNDARY_HOURS},
        {"mijn|onze werktijden|kantooruren|werkuren|openingstijden zijn", ACT_BOUNDARY_HOURS},
        {"buiten mijn|onze|de werktijden|kantooruren|kantoortijden", ACT_BOUNDARY_HOURS},
        {"gelieve|graag|wilt|wil|verzoek ?u|je|me|mij .. niet|geen .. na|voor|in ?het #|" OFF, ACT_BOUNDARY_HOURS},
        {"gelieve|graag|wilt|wil|liever ?u|je|me|mij .. niet|geen .. " CHANNELS, ACT_BOUNDARY_CHANNEL},
        {WE " beantwoord|gebruik|reageer|behandel|neem .. niet|geen .. " CHANNELS, ACT_BOUNDARY_CHANNEL},
        {"alleen|uitsluitend|enkel per|via e|mail|email", ACT_BOUNDARY_CHANNEL},
        {"minstens|minimaal|tenminste|uiterlijk # uur|dagen|werkdagen .. vooraf|tevoren|voorhand|voren",
         ACT_BOUNDARY_NOTICE},
        {"minder dan # uur|dagen .. vooraf|tevoren|voorhand", ACT_BOUNDARY_NOTICE},
        {"geen last|spoed minute", ACT_BOUNDARY_NOTICE},

        {"bijgaand|bijlage|bijgevoegd|hierbij|stuur|hier|vindt|vind .. offerte", ACT_PROPOSAL_QUOTE},
        {"stel|stellen .. maandag|dinsdag|woensdag|donderdag|vrijdag|# .. voor", ACT_PROPOSAL_DATE},
        {"schikt|past|komt|zou ?het ?je|u ?op|jullie .. maandag|dinsdag|woensdag|donderdag|vrijdag|morgen",
         ACT_PROPOSAL_DATE | ACT_ASKED},
        {"stel|stellen ?ik|we ?je|u .. voor !de|het|een", ACT_PROPOSAL_PLAN},
        {"bijgaand|hierbij|stuur|hier|bijlage .. eerste|nieuwe|aangepaste versie|ontwerp|opzet|concept|schets|vertaling",
         ACT_PROPOSAL_DRAFT},
        {"bijgaand|hierbij|stuur|hier|bijlage .. ter goedkeuring|beoordeling|controle|akkoord", ACT_PROPOSAL_DRAFT},
        {"uw|jouw offerte", ACT_COVER},

        {"akkoord ?met ?de|het ?offerte|voorstel|ontwerp ?, ?je|u", ACT_DECISION_APPROVAL | ACT_WHOLE},
        {"akkoord|goedgekeurd|goedkeuring met ?de|het|uw|jouw", ACT_DECISION_APPROVAL | ACT_START},
        {"goedgekeurd", ACT_DECISION_APPROVAL | ACT_WHOLE},
        {"we|wij|ik gaan|ga akkoord ?met", ACT_DECISION_APPROVAL},
        {"we|wij|ik zijn|ben akkoord", ACT_DECISION_APPROVAL},
        {"de|het|je|uw " WORK " is|zijn ?bij ?deze ?hierbij goedgekeurd|akkoord", ACT_DECISION_APPROVAL},
        {"we|wij|ik kiezen|kies voor", ACT_DECISION_APPROVAL},
        {"we|wij|ik gaan|ga voor ?de versie|optie|voorstel|ontwerp", ACT_DECISION_APPROVAL},
        {"groen licht", ACT_DECISION_APPROVAL},
        {"ondertekende offerte|contract", ACT_DECISION_APPROVAL},
        {"we|wij|ik hebben|heb besloten .. te|om ?niet .. werken|gaan|kiezen", ACT_DECISION_APPROVAL},
        {"besloten .. niet", ACT_DECISION_REFUSAL},
        {"gekozen voor een|iemand andere|ander|anders", ACT_DECISION_REFUSAL},
        {"we|wij|ik gaan|ga|zien|zie .. niet door|in|verder|mee|op|van|af ?in|af", ACT_DECISION_REFUSAL},
        {"we|wij|ik zien|zie .. af|vanaf", ACT_DECISION_REFUSAL},
        {"gaan|ga|kunnen|kan .. niet akkoord", ACT_DECISION_REFUSAL},
        {"wijzen|wijs .. af", ACT_DECISION_REFUSAL},
        {"van gedachten|mening veranderd", ACT_DECISION_CHANGE},
        {"bij nader inzien", ACT_DECISION_CHANGE},
        {"toch liever", ACT_DECISION_CHANGE},
        {"uiteindelijk .. toch", ACT_DECISION_CHANGE},

        {"als|indien|zodra|mits|of|wanneer", ACT_IF},
        {"zegt|zei|denkt|denk|hoop|hopelijk|blijkbaar|misschien|volgens", ACT_REPORT},

        {"voor", ACT_FOR},
        {"tegen", ACT_BY},
        {"uiterlijk ?tegen|voor", ACT_BY},
        {"ten laatste", ACT_BY},
        {"tot uiterlijk|en ?met", ACT_BY},
        {"binnen", ACT_WITHIN},
        {"uiterlijk", ACT_LATEST},
        {"voor|tegen het einde van de dag", ACT_EOD},
        {"vandaag nog", ACT_EOD},
        {"nog vandaag", ACT_EOD},
        {"beloofd|zou|zouden|afgesproken|had|hadden", ACT_PAST},
};

const struct act_table acts_nl = {patterns, ELEMENTSOF(patterns)};
