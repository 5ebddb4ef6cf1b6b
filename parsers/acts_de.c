/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/acts.h"

#define WE "ich|wir"
#define OFF "wochenende|wochenenden|abends|nachts|abend|samstags|sonntags|freitags|montags|mittwochs|feiertagen|feierabend"
#define CHANNELS "whatsapp|sms|messenger|telegram|telefon|facebook|slack|instagram|privathandy"
#define WORK                                                                                                    \
        "angebot|entwurf|entwurfe|konzept|text|texte|logo|layout|budget|plan|version|design|vertrag|vorschlag|" \
        "kostenvoranschlag|projekt|druck"

static const struct act_pattern patterns[] = {
        {"freundliche|kurze|kleine|nochmalige|erneute erinnerung", ACT_REMINDER | ACT_ASKS},
        {"freundlich|nochmals|kurz|noch ?einmal ?an|daran .. erinnern|nachhaken|nachfassen|nachfragen",
         ACT_REMINDER | ACT_ASKS},
        {"warte|warten noch|immer|weiterhin ?noch ?immer auf", ACT_REMINDER},
        {"noch|bisher|bislang ?immer keine|nichts ?ruckmeldung|antwort|nachricht|reaktion .. "
         "erhalten|bekommen|gehort|erhalten|von",
         ACT_REMINDER | ACT_ASKS},
        {"noch|bisher|bislang ?immer keine antwort|ruckmeldung|reaktion|nachricht", ACT_REMINDER | ACT_ASKS},
        {"gibt es schon|bereits|inzwischen|was|neuigkeiten ?neues|neuigkeiten", ACT_REMINDER | ACT_ASKED},
        {"haben|hast|konnten|konntest sie|du ?schon|bereits .. meine|unsere ?letzte mail|nachricht|email|e",
         ACT_REMINDER | ACT_ASKED},
        {"konnten|konntest sie|du schon|bereits|inzwischen", ACT_REMINDER | ACT_ASKED},
        {"steht|fehlt|fehlen ?uns|mir noch|weiterhin ?immer aus", ACT_REMINDER},
        {"danke|entschuldigen|entschuldigung|sorry ?fur ?die|ihre|deine erinnerung", ACT_COVER},

        {"danke|vielen|herzlichen|besten|tausend ?dank ?schon|sehr|dir|ihnen|euch|vielmals",
         ACT_THANKS | ACT_WHOLE | ACT_BARE},
        {"vielen|herzlichen|besten|lieben|tausend dank ?nochmals|noch ?einmal fur", ACT_THANKS},
        {"danke ?schon|sehr|dir|ihnen|euch|nochmals|vielmals fur|dass", ACT_THANKS | ACT_START},
        {"ich|wir|mochte|mochten ?mich|uns bedanke|bedanken|danke|danken ?mich|uns|ihnen|dir|euch .. fur", ACT_THANKS},
        {"bedanken fur", ACT_THANKS},
        {"danke|vielen|herzlichen|besten ?dank im|vorab voraus", ACT_COVER},
        {"danke|dank ?schon im|vorab", ACT_COVER},
        {"vielen|besten|herzlichen dank im|vorab", ACT_COVER},
        {"danke|vielen|besten|herzlichen ?dank ?schon|ihnen ?fur ihr|ihre|dein|deine|euer "
         "verstandnis|geduld|aufmerksamkeit|interesse",
         ACT_COVER},
        {"nein ?, danke", ACT_COVER},

        {WE " beantworte|antworte|arbeite|lese|bin|telefoniere|arbeiten|antworten|nehme .. nicht|keine|nie .. am|an|nach "
            "?dem ?den " OFF "|#",
         ACT_BOUNDARY_HOURS},
        {WE " beantworte|antworte|arbeite|lese|bin|arbeiten|antworten|nehme .. am|an|nach ?dem ?den " OFF
            "|# .. nicht|keine|nie",
         ACT_BOUNDARY_HOURS},
        {"am|nach|an ?den " OFF
         "|# beantworte|antworte|arbeite|lese|bin|arbeiten|antworten|nehme|sind ich|wir .. nicht|keine|nie",
         ACT_BOUNDARY_HOURS},
        {OFF " beantworte|antworte|arbeite|lese|bin|arbeiten|antworten|nehme|sind ich|wir .. nicht|keine|nie",
         ACT_BOUNDARY_HOURS},
        {"meine|unsere arbeitszeiten|burozeiten|geschaftszeiten|sprechzeiten sind|:|,", ACT_BOUNDARY_HOURS},
        {"bitte .. nicht|nie|keine .. nach|am|vor ?dem #|" OFF, ACT_BOUNDARY_HOURS},
        {"ausserhalb meiner|unserer|der burozeiten|arbeitszeiten|geschaftszeiten .. nicht|keine", ACT_BOUNDARY_HOURS},
        {"bitte .. nicht|keine|nicht ?mehr|nachrichten .. " CHANNELS, ACT_BOUNDARY_CHANNEL},
        {WE " beantworte|antworte|nutze|nehme|bearbeite|lese|verwende .. nicht|keine|kein|per .. " CHANNELS,
         ACT_BOUNDARY_CHANNEL},
        {"bitte|anfragen|ausschliesslich nur|ausschliesslich|nur per e|mail|email", ACT_BOUNDARY_CHANNEL},
        {"nur|ausschliesslich per e|mail|email", ACT_BOUNDARY_CHANNEL},
        {"mindestens|spatestens # stunden|tage|werktage .. vorher|im|zuvor|vorlauf", ACT_BOUNDARY_NOTICE},
        {"weniger als # stunden|tage|tagen .. vorher|vor", ACT_BOUNDARY_NOTICE},
        {"keine kurzfristigen|spontanen anderungen|anfragen|termine", ACT_BOUNDARY_NOTICE},
        {"ich|wir brauche|benotige|brauchen|benotigen .. vorlauf|vorlaufzeit", ACT_BOUNDARY_NOTICE},

        {"anbei|beigefugt|anhang|sende|schicke|ubersende|hier|finden|erhalten .. angebot|kostenvoranschlag",
         ACT_PROPOSAL_QUOTE},
        {"schlage|schlagen ?ich|wir ?ihnen|dir|vor .. montag|dienstag|mittwoch|donnerstag|freitag|#", ACT_PROPOSAL_DATE},
        {"wie ware|passt ?es ?ihnen|dir ?mit|am montag|dienstag|mittwoch|donnerstag|freitag|morgen",
         ACT_PROPOSAL_DATE | ACT_ASKED},
        {"passt|passen ?es ihnen|dir ?am|der .. montag|dienstag|mittwoch|donnerstag|freitag|morgen",
         ACT_PROPOSAL_DATE | ACT_ASKED},
        {"schlage|wurde|mochte ?ich ?vorschlagen ?ihnen|dir|folgenden .. vor|vorschlagen", ACT_PROPOSAL_PLAN},
        {"anbei|hier|anhang|sende|schicke .. zeitplan|projektplan|terminplan", ACT_PROPOSAL_PLAN},
        {"anbei|hier|anhang|sende|schicke|beigefugt .. erste*|neue*|uberarbeitete* "
         "entwurf|entwurfe|version|fassung|layout|ubersetzung",
         ACT_PROPOSAL_DRAFT},
        {"anbei|hier|anhang|sende|schicke|beigefugt .. zur freigabe|durchsicht|ansicht|korrektur|prufung",
         ACT_PROPOSAL_DRAFT},
        {"ihr|dein angebot", ACT_COVER},

        {"der|die|das|ihr|dein " WORK " ist|sind .. freigegeben|genehmigt|angenommen|abgenommen", ACT_DECISION_APPROVAL},
        {"wir|ich nehmen|nehme .. angebot .. an", ACT_DECISION_APPROVAL},
        {"wir|ich geben|gebe .. frei", ACT_DECISION_APPROVAL},
        {"wir|ich haben|habe uns|mich .. fur .. entschieden", ACT_DECISION_APPROVAL},
        {"hiermit .. freigegeben|genehmigt|beauftrage|beauftragen", ACT_DECISION_APPROVAL},
        {"freigegeben|genehmigt", ACT_DECISION_APPROVAL | ACT_WHOLE},
        {"einverstanden ?, bitte|legen|los", ACT_DECISION_APPROVAL | ACT_START},
        {"grunes licht", ACT_DECISION_APPROVAL},
        {"wir|ich nehmen|nehme die|den|das variante|entwurf|version|option|vorschlag", ACT_DECISION_APPROVAL},
        {"unterschriebene*|unterzeichnete* angebot|vertrag|auftrag", ACT_DECISION_APPROVAL},
        {"wir|ich haben|habe uns|mich .. gegen .. entschieden", ACT_DECISION_REFUSAL},
        {"wir|ich haben|habe uns|mich .. anderen|andere|anderes|anders .. entschieden", ACT_DECISION_REFUSAL},
        {"lehne|lehnen ?wir|ich .. ab", ACT_DECISION_REFUSAL},
        {"leider absagen|ablehnen", ACT_DECISION_REFUSAL},
        {"konnen|kann wir|ich|leider .. angebot .. nicht annehmen", ACT_DECISION_REFUSAL},
        {"wir|ich werden|werde .. nicht weiterfuhren|fortsetzen|umsetzen|weiterverfolgen", ACT_DECISION_REFUSAL},
        {"wir|ich haben|habe es|uns|mir|unsere|meine .. anders uberlegt", ACT_DECISION_CHANGE},
        {"doch lieber", ACT_DECISION_CHANGE},
        {"meinung geandert", ACT_DECISION_CHANGE},
        {"planung|plan|plane geandert", ACT_DECISION_CHANGE},
        {"nun|jetzt doch", ACT_DECISION_CHANGE},

        {"wenn|falls|sobald|sofern|ob", ACT_IF},
        {"sagt|sagte|meint|meinte|glaube|denke|hoffe|hoffentlich|angeblich|vielleicht|anscheinend|laut", ACT_REPORT},

        {"bis ?spatestens", ACT_BY},
        {"spatestens ?bis", ACT_BY},
        {"vor", ACT_BEFORE},
        {"innerhalb ?von|der", ACT_WITHIN},
        {"binnen", ACT_WITHIN},
        {"in den nachsten", ACT_WITHIN},
        {"spatestens", ACT_LATEST},
        {"bis feierabend", ACT_EOD},
        {"bis heute abend", ACT_EOD},
        {"versprochen|zugesagt|sollte|sollten|hatten|hatte", ACT_PAST},
};

const struct act_table acts_de = {patterns, ELEMENTSOF(patterns)};
