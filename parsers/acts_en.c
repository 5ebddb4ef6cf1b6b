/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/acts.h"

#define DAYS "monday|tuesday|wednesday|thursday|friday|saturday|sunday|mon|tue|wed|thu|fri"
#define WE "we|i|we've|i've"
#define NUMBER "#|a|an|one|two|three|four|five|ten|several"
#define MAIL "email|emails|mail"
#define CHANNELS "whatsapp|text|texts|sms|messenger|telegram|instagram|facebook|slack|linkedin|discord|signal"
#define NOT "don't|won't|can't|cannot|never|not"
#define OFF                                                                                                               \
        "weekend|weekends|evening|evenings|night|nights|sundays|saturdays|fridays|mondays|tuesdays|wednesdays|thursdays|" \
        "holidays|hours|lunch"
#define WORK                                                                                                                \
        "quote|quotation|estimate|design|designs|mockup|mockups|logo|copy|text|budget|draft|proposal|offer|layout|cover|"   \
        "version|"                                                                                                          \
        "concept|concepts|plan|plans|schedule|timeline|proof|proofs|artwork|contract|poster|wireframes|option|scope|price|" \
        "fee|"                                                                                                              \
        "translation|illustration|illustrations|banner|pages|page|prototype"
#define DRAFTS                                                                                                      \
        "draft|drafts|version|mockup|mockups|sketch|sketches|concept|concepts|proof|proofs|cut|wireframes|options|" \
        "translation|copy|"                                                                                         \
        "prototype|layout|layouts|design|designs|illustrations|article"

static const struct act_pattern patterns[] = {
        {"following up on|regarding|about|with|again|to", ACT_REMINDER | ACT_ASKS},
        {"i|we|just ?just|also ?need|like|have ?to follow up on|regarding|about|again", ACT_REMINDER | ACT_ASKS},
        {"just following|chasing up", ACT_REMINDER | ACT_ASKS},
        {"gentle|friendly|quick|final|second|third|last|another|kind|polite|little reminder|nudge", ACT_REMINDER | ACT_ASKS},
        {"just|only a ?quick|gentle|friendly|little|small reminder|nudge|bump", ACT_REMINDER | ACT_ASKS},
        {"reminder that|about .. still|invoice|missing|outstanding|need|waiting", ACT_REMINDER},
        {"haven't|not|hadn't|never|nothing ?yet|still|even heard ?anything ?back ?further ?yet from you|your",
         ACT_REMINDER | ACT_ASKS},
        {"haven't|not|hadn't|never ?yet|still heard back|anything|since !from", ACT_REMINDER | ACT_ASKS},
        {"haven't|not|hadn't|never ?yet|still ?even received|had|got|gotten ?any|a|an ?further "
         "answer|reply|response|feedback",
         ACT_REMINDER | ACT_ASKS},
        {"haven't|hadn't ?yet|still heard|received|had|got|seen ?any|a|an|your|back ?from "
         "reply|response|answer|feedback|back|you|word|anything",
         ACT_REMINDER | ACT_ASKS},
        {"have|has ?still not|had ?yet ?yet had|received|heard|got|no ?a|any|an|back|your|from "
         "reply|response|answer|you|feedback|anything",
         ACT_REMINDER | ACT_ASKS},
        {"any ?further news|update|updates|word|progress|luck ?yet ?on|about|regarding|from|with|for",
         ACT_REMINDER | ACT_ASKED | ACT_START},
        {"still waiting|awaiting|missing", ACT_REMINDER | ACT_ASKS},
        {"still need|needs your|the|a|those|that|to", ACT_REMINDER | ACT_COVER},
        {"we|i still need|require your|the|those", ACT_REMINDER},
        {"we've|we|i've|i ?have been waiting|asking|chasing ?for", ACT_REMINDER},
        {"did you ?get|have|see|receive|read ?a ?chance .. my|our ?last|previous "
         "message|email|mail|note|text|messages|emails|letter",
         ACT_REMINDER | ACT_ASKED},
        {"did you ?ever|manage|get to|a|round ?chance ?to look|review|see|read|check|reviewing", ACT_REMINDER | ACT_ASKED},
        {"have you ?had ?a|any|time ?chance|time|moment|opportunity ?yet to|for ?a "
         "review|look|read|check|think|consider|go|see|respond|reply",
         ACT_REMINDER | ACT_ASKED},
        {"have you|u ?already|yet seen|read|received my|our ?last|previous message|email|mail|note|messages|emails",
         ACT_REMINDER | ACT_ASKED},
        {"just|only|i'm ?just checking in|whether|if|on", ACT_REMINDER | ACT_ASKS},
        {"wanted to check whether|if ?you", ACT_REMINDER | ACT_ASKS},
        {"checking in on|about|regarding|to|again", ACT_REMINDER | ACT_START},
        {"bumping|bump this|my", ACT_REMINDER | ACT_ASKS},
        {"wanted|like to follow|chase up|you", ACT_REMINDER | ACT_ASKS},
        {"saw|seen my|our last|previous email|message|mail", ACT_REMINDER | ACT_ASKS},
        {"i|we sent|emailed|wrote|asked|messaged ?to ?you .. and|but ?i|we ?still ?have|has|had|got|received "
         "haven't|not|never|no|nothing|still|yet",
         ACT_REMINDER},
        {"i|we asked|wrote|emailed|messaged ?you ?about|for ?this|it last|yesterday|twice|already ?week|month|time",
         ACT_REMINDER},
        {"chasing|chase you|up|this", ACT_REMINDER | ACT_ASKS},
        {"chasing|chase for|on your|the", ACT_REMINDER},
        {"as per|mentioned|requested|stated ?in my|our previous|last|earlier", ACT_REMINDER},
        {"circling|circle|looping|touching back|base on|to|about|regarding|again|with", ACT_REMINDER | ACT_ASKS},
        {"resending|re ?sending this|my|the .. case|in|again|got|email|message", ACT_REMINDER | ACT_START},
        {"invoice|payment|balance .. now|is|still overdue|outstanding|unpaid", ACT_REMINDER},
        {"thanks|thank|sorry ?you for|about ?the|your ?gentle|kind|sending|chasing|following|last "
         "reminder|nudge|chasing|up|a|me",
         ACT_COVER},
        {"no|without|in any|news|update ?update|news", ACT_COVER},
        {"wondering if|whether you ?had|have|you'd|you've ?ever seen|received|read|got|had my|our|the|a",
         ACT_REMINDER | ACT_ASKS},
        {"wondering if|whether you'd|you've ?ever seen|received|read|got|had my|our|the|a", ACT_REMINDER | ACT_ASKS},
        {"my|our second|third|fourth|fifth|2nd|3rd|last email|message|reminder|attempt|mail|request", ACT_REMINDER},
        {"get|come back to me|us on|about|regarding|concerning my|our", ACT_REMINDER | ACT_ASKS},
        {"invoice|payment|balance|bill .. overdue|outstanding|unpaid", ACT_REMINDER},
        {"we|i ?are|am|have ?still yet to receive|hear", ACT_REMINDER},
        {"not|haven't|hasn't received|got|seen .. yet", ACT_REMINDER | ACT_ASKS},
        {"not|haven't|hasn't yet received|had|got|seen", ACT_REMINDER | ACT_ASKS},
        {"sorry|apologies|hate to|for ?keep ?have ?to chase|chasing|nag|nagging|insist|pester|pestering|hassle",
         ACT_REMINDER | ACT_ASKS},
        {"sorry|apologies|hate to|for bother|bothering|disturb you again", ACT_REMINDER | ACT_ASKS},
        {"see my|our ?previous|last email|message|mail below", ACT_REMINDER | ACT_ASKS},
        {"in touch again", ACT_REMINDER},
        {"reaching out again", ACT_REMINDER},
        {"writing ?to ?you again", ACT_REMINDER},
        {"unpaid|overdue|outstanding invoice|invoices|balance|payment|amount", ACT_REMINDER},
        {"have you managed|able|got|gotten ?been ?able ?round|around to "
         "look|review|read|check|go|see|find|open|pay|approve|sign",
         ACT_REMINDER | ACT_ASKED},
        {"still|have|had have|with|had no|not|received ?any feedback|answer|reply|response|news|word", ACT_REMINDER},
        {"confirm ?that ?you ?have ?got received|receipt ?of my|our|the|that email|message|invoice|quote|mail",
         ACT_REMINDER | ACT_ASKS},
        {"sorry|apologies|apologise for|that|about ?not|my|the|i ?having|getting|haven't ?not", ACT_COVER},

        {"thanks|thank|thx|cheers|ta ?you ?so|very ?much|again|a|lots ?lot|million|all|both|bunch|guys|everyone",
         ACT_THANKS | ACT_WHOLE | ACT_BARE},
        {"many thanks|thanks", ACT_THANKS | ACT_WHOLE | ACT_BARE},
        {"thanks|thank|thx|cheers ?you ?so|very ?much|again|a|lots ?lot|million|all|both ?everyone ?very for|to !your|the",
         ACT_THANKS | ACT_START},
        {"thanks|thank|cheers ?you ?so|very ?much|again|a|lots ?lot|million|all|both for your|the|all|this|that|everything",
         ACT_THANKS | ACT_START},
        {"many|huge|big|massive|sincere|warm thanks ?again ?to ?you ?all for", ACT_THANKS},
        {"huge|big|massive thank|thanks ?you", ACT_THANKS},
        {"thanks|thank a|you million|again|ever", ACT_THANKS | ACT_START},
        {"say ?a ?big|huge thank|thanks ?you ?for|so|to|again ?the|all", ACT_THANKS},
        {"thanks|thank ?you very|so much for", ACT_THANKS},
        {"my|our|with|accept ?my|our sincere|warmest|deepest|heartfelt|many|warm thanks to|for|!in", ACT_THANKS},
        {"can't|cannot thank you enough", ACT_THANKS},
        {"really|truly|greatly|much|so|very|do|we|i|highly appreciate|appreciated|appreciative "
         "all|you|your|the|how|it|that|this|everything|of",
         ACT_THANKS},
        {"much|greatly|really|very ?much appreciated", ACT_THANKS | ACT_WHOLE},
        {"very|so|extremely|really|truly grateful for|to", ACT_THANKS},
        {"cheers ?, that's|thats|this|for", ACT_THANKS | ACT_START},
        {"thanks|thank|cheers ?you ?so|very ?much|all in|for ?your advance|anticipated", ACT_COVER},
        {"thanks|thank ?you ?so|very ?much for your ?kind ?continued "
         "understanding|patience|attention|interest|cooperation|consideration|business|custom|order|purchase|subscribing",
         ACT_COVER},
        {"thank you for your patience while|as|during", ACT_THANKS},
        {"thanks|thank ?you to ?the !you|your|everyone|all|both", ACT_COVER},
        {"no ?, thanks|thank", ACT_COVER},
        {"thanks|thank ?you ?, but", ACT_COVER},
        {"way|want|like to say thanks|thank", ACT_COVER},
        {"thanks|thank ?you for ?all your time|continued|ongoing|subscribing|installing|registering|signing|interest|order",
         ACT_COVER},
        {"say|tell|give thanks|thank|him|her|them ?you|thanks to|from|him", ACT_COVER},
        {"would|i'd|we'd|will|could|should ?be ?really|also|very|greatly|much ?highly appreciate*|grateful|thank",
         ACT_COVER},
        {"be much|greatly|very|really|highly|so|truly appreciated|grateful|thankful", ACT_COVER},
        {"how|to do|we|you|should ?you thank", ACT_COVER},

        {"i|we " NOT
         " ?be|usually|normally|generally ?be reply|answer|respond|work|check|read|take|available|do|look|return|monitor .. "
         "at|on|during|in|over ?the|a ?week|working " OFF,
         ACT_BOUNDARY_HOURS},
        {"i|we do not ?usually|normally reply|answer|respond|work|check|read|take|return|monitor .. at|on|during|in|over "
         "?the ?week " OFF,
         ACT_BOUNDARY_HOURS},
        {"i'm|i|we're|we ?am|are not|never|only available|reachable|contactable|online|around "
         "at|on|during|in|over|outside|after|between|from|before ?of|the ?office|working|business|normal|these " OFF "|#",
         ACT_BOUNDARY_HOURS},
        {"i|we " NOT " ?do ?usually work|reply|answer|respond|available ?on "
         "saturdays|sundays|fridays|mondays|wednesdays|tuesdays|thursdays|weekends|evenings",
         ACT_BOUNDARY_HOURS},
        {"i|we ?am|are|do " NOT "|stop|stops ?be "
         "reply|answer|respond|replying|answering|responding|take|taking|check|checking|work|working|"
         "reachable .. after|before|past|outside #|of|my|office|working|business|hours",
         ACT_BOUNDARY_HOURS},
        {"i'm|i|we|we're " NOT " ?be ?be available|reachable|reached|contactable .. in|at|on|over|outside|after "
         "?the|of|my|office|working|business " OFF "|#",
         ACT_BOUNDARY_HOURS},
        {"my|our working|office|business|opening|normal|core hours are|,|run", ACT_BOUNDARY_HOURS},
        {"only ?ever take|answer|return|accept ?phone calls|emails|messages ?and ?messages during|between|from|on|until|in",
         ACT_BOUNDARY_HOURS},
        {"only available|reachable|work|working|reply|contactable ?to ?emails|messages ?on ?between|from|during|on|until "
         "#|" DAYS "|weekdays|office|working|business|mondays|tuesdays",
         ACT_BOUNDARY_HOURS},
        {"respect my|our ?working|office|personal|free hours|time|evenings|weekends", ACT_BOUNDARY_HOURS},
        {"don't|not|never|stop|avoid ?me "
         "call|calling|text|texting|contact|contacting|email|emailing|message|messaging|phone|phoning|ring|ringing|disturb|"
         "disturbing|write|writing .. after|before|past|outside #|of|my|office|working|business",
         ACT_BOUNDARY_HOURS},
        {"don't|not|never|stop|avoid ?me "
         "call|calling|text|texting|contact|contacting|email|emailing|message|messaging|phone|phoning|ring|ringing|disturb|"
         "disturbing|write|writing .. at|on|during|in|over|late ?the|at ?night|" OFF " !#",
         ACT_COVER},
        {"don't|not|never|stop|avoid "
         "call|calling|text|texting|contact|contacting|email|emailing|message|messaging|phone|phoning|ring|ringing|disturb|"
         "disturbing me .. at|on|during|in|over ?the " OFF,
         ACT_BOUNDARY_HOURS},
        {"no ?phone|work calls|messages|emails|texts .. before|after|past #", ACT_BOUNDARY_HOURS | ACT_START},
        {"no ?phone|work calls|messages|emails|texts .. at|on|during|over ?the " OFF, ACT_BOUNDARY_HOURS | ACT_START},
        {"i'm|i|we're|we ?am|are offline|unavailable|unreachable|off after|before|outside #|office|working|business|hours",
         ACT_BOUNDARY_HOURS},
        {"i'm|i|we're|we ?am|are offline|unavailable|unreachable|off at|on|during|in|over|every ?the ?week " OFF,
         ACT_BOUNDARY_HOURS},
        {"only ?please ?ever call|contact|message|reach|phone|ring|reply|respond|answer|work|take|read|check ?me|us|to ?my "
         "?emails|calls|messages|email ?and ?messages during|in|on|within|between|from ?my|normal|the "
         "office|working|business|weekdays|hours|#|" DAYS,
         ACT_BOUNDARY_HOURS},
        {"won't be answering|replying|reading|checking|working|available|responding|reachable .. at|on|during|in|over ?the "
         "?week " OFF,
         ACT_BOUNDARY_HOURS},
        {"my|our evenings|weekends|nights|sundays|saturdays|holidays are|is "
         "?for|reserved|off|mine|private|family|sacred|free",
         ACT_BOUNDARY_HOURS},
        {"call|contact|message|reach|phone|ring me|us only during|in|on|within|between|from ?my|normal|the "
         "office|working|business|weekdays|hours|#",
         ACT_BOUNDARY_HOURS},
        {"i|we don't|do|never ?not use|do|answer|take|accept .. " CHANNELS, ACT_BOUNDARY_CHANNEL},
        {"email me|us ?please instead|rather", ACT_BOUNDARY_CHANNEL},
        {"email|write|contact ?me|us ?by ?email instead|rather ?than ?of "
         "calling|phoning|texting|whatsapp|call|text|by|phone",
         ACT_BOUNDARY_CHANNEL},
        {"don't|not|never call|ring|phone|text|message|contact ?me|us on|via|through|by ?on "
         "my|our|whatsapp|text|sms|mobile|phone",
         ACT_BOUNDARY_CHANNEL},
        {"don't|not|never call|ring|phone my|our ?private|personal mobile|phone|number|cell|home", ACT_BOUNDARY_CHANNEL},
        {"require|need|ask|want|expect|appreciate ?for ?at ?least " NUMBER
         " hours|days|weeks|day|week|month|business|working ?days notice",
         ACT_BOUNDARY_NOTICE},
        {"give|need|have|with|want ?me|us ?a ?at ?bit|little|least more|longer|earlier|better|enough|sufficient notice",
         ACT_BOUNDARY_NOTICE},
        {"switch|turn|switched|shut off|down my|the phone|computer|laptop|notifications|mobile "
         "at|after|from|before|on|during",
         ACT_BOUNDARY_HOURS},
        {"calls|meetings are|is only possible|available|accepted|taken between|from|on|after|before|during",
         ACT_BOUNDARY_HOURS},
        {"my|our studio|office|workshop|shop|practice is closed on|at|every " OFF, ACT_BOUNDARY_HOURS},
        {"avoid calling|contacting|texting|messaging|emailing me|us .. after|before|at|on|during|in", ACT_BOUNDARY_HOURS},
        {"don't|not|never send me|us .. on|via|through|by " CHANNELS, ACT_BOUNDARY_CHANNEL},
        {"only accept|take|handle|process|answer|read .. by|via|through|in|over email|mail|writing", ACT_BOUNDARY_CHANNEL},
        {"not the right|proper|best channel|way|place for", ACT_BOUNDARY_CHANNEL},
        {"i|we can't|cannot|don't|won't .. on the|same day", ACT_BOUNDARY_NOTICE},
        {"cancelled|canceled|rescheduled|cancellations|changes .. on the|same day", ACT_BOUNDARY_NOTICE},
        {"know|tell|warn|inform|notify|notified|told|book ?me ?us ?of|about .. at least " NUMBER, ACT_BOUNDARY_NOTICE},
        {"not beyond|after|before|outside that|# ?please", ACT_BOUNDARY_HOURS | ACT_END},

        {"don't|not|never|stop|avoid text|texting|messaging|whatsapp|message|calling|call ?me .. "
         "work|whatsapp|private|personal|home|mobile",
         ACT_BOUNDARY_CHANNEL},
        {"stop sending|texting|messaging ?me ?any texts|text|whatsapp|voice|sms|messages ?on ?whatsapp|messages",
         ACT_BOUNDARY_CHANNEL},
        {"please|kindly use|stick ?to ?only " MAIL " ?only rather|instead|for|and|not|only", ACT_BOUNDARY_CHANNEL},
        {"i|we " NOT " ?do take|accept|act|handle|process|respond|reply|answer|use ?on ?to ?work|any "
         "?requests|instructions|briefs|messages|changes .. phone|telephone|" CHANNELS,
         ACT_BOUNDARY_CHANNEL},
        {"i|we do not take|accept|act|handle|process|respond|reply|answer|use .. phone|telephone|" CHANNELS,
         ACT_BOUNDARY_CHANNEL},
        {"don't|not use " CHANNELS " for|to", ACT_BOUNDARY_CHANNEL},
        {"by|via|through|over " MAIL " only|exclusively", ACT_BOUNDARY_CHANNEL},
        {"only by|via|through|over " MAIL, ACT_BOUNDARY_CHANNEL},
        {"need|needs|must|have|has|should ?to|all come|go|be ?sent|made through|via|by|in|over " MAIL "|writing",
         ACT_BOUNDARY_CHANNEL},
        {"my|our personal|private|mobile|cell|home number|phone|line|mobile is ?reserved|only for|strictly ?for "
         "?emergencies|emergency",
         ACT_BOUNDARY_CHANNEL},
        {"i'd|we'd|i|we ?would ?much rather|prefer|like ?that ?if ?we|you|to keep|kept .. email|emails|writing",
         ACT_BOUNDARY_CHANNEL},
        {"i|we prefer email|emails|writing to|over|rather|instead", ACT_BOUNDARY_CHANNEL},

        {"at least|minimum|less|require|need|without ?than|of .. " NUMBER
         " ?hours'|hours|days'|day's|days|week's|weeks'|weeks|business|working|hour's notice",
         ACT_BOUNDARY_NOTICE},
        {"at least|minimum|give|need|require|less ?me ?us ?than ?at ?least ?a|of ?minimum ?of .. notice",
         ACT_BOUNDARY_NOTICE},
        {"cancelled|canceled|cancellations|rescheduled|moved|cancelling|changes ?made ?with|within less|fewer|under|# ?than",
         ACT_BOUNDARY_NOTICE},
        {"i|we " NOT
         " ?do ?take|accept|handle|do|offer|make|be|able ?to ?take ?on|accept .. last|same|short minute|day|notice",
         ACT_BOUNDARY_NOTICE},
        {"i|we do not take|accept|handle|offer .. last|same|short minute|day|notice", ACT_BOUNDARY_NOTICE},
        {"rush|urgent|last|same ?minute|day jobs|requests|work|job|orders|changes are|is|will|incur|carry ?be "
         "?charged|billed|subject|a|at",
         ACT_BOUNDARY_NOTICE},
        {"let me|us know at least", ACT_BOUNDARY_NOTICE},
        {"how much notice", ACT_COVER},

        {"find|see|attached|attach|enclose|enclosed|enclosing|sending|sent|here|here's|here's|submit|submitting "
         "?is|are|a|you|our|my|the .. quote|quotation|estimate !signed",
         ACT_PROPOSAL_QUOTE},
        {"my|our|the|updated|revised quote|quotation|estimate .. is|are attached|enclosed|below|ready", ACT_PROPOSAL_QUOTE},
        {"my|our fee|price|rate|charge|quote|estimate for|would|will|is ?this|that|the .. #", ACT_PROPOSAL_QUOTE},
        {"your quote|quotation|estimate|proposal|offer", ACT_COVER},
        {"find|see|attached|attach|enclose|enclosed|sending|sent|here|here's|submit|submitting ?is|are|a|you|our|my|the .. "
         "proposal|offer !signed",
         ACT_PROPOSAL_OFFER},
        {"i|we|i'd|we'd ?can|could|would|like|am|are ?able|like|happy ?to offer|propose you ?a|an|our|#|for",
         ACT_PROPOSAL_OFFER},
        {"my|our offer|package|proposal includes|covers|comprises|contains", ACT_PROPOSAL_OFFER},
        {"i|we|i'd|we'd ?would propose|suggest ?that !you|a|another|that", ACT_PROPOSAL_PLAN},
        {"find|here|here's|attached|sending|see|submit|enclosed|is .. proposed|suggested|draft|provisional|tentative "
         "?project|shooting|production plan|schedule|timeline|roadmap|calendar|planning",
         ACT_PROPOSAL_PLAN},
        {"schedule|timeline|plan|roadmap|calendar i|we propose|suggest", ACT_PROPOSAL_PLAN},
        {"how|what about ?next|this|on|the " DAYS "|tomorrow|#", ACT_PROPOSAL_DATE | ACT_ASKED},
        {"would|does|will|could|can ?next|this|on " DAYS "|tomorrow .. work|suit|be|do ?for ?you|ok|fine|good",
         ACT_PROPOSAL_DATE | ACT_ASKED},
        {"are|would|will you ?be free|available|around ?for ?a ?call|chat|meeting ?next|this|on|at " DAYS "|tomorrow",
         ACT_PROPOSAL_DATE | ACT_ASKED},
        {"i|we could|can ?also|offer|do|meet|propose|suggest|you ?offer|do|meet|talk|call|you ?you ?on|next|the|a " DAYS
         "|tomorrow .. at|or|the|around|# ?#|" DAYS,
         ACT_PROPOSAL_DATE},
        {"shall|could|can we meet|talk|speak|have|schedule|do|catch .. " DAYS "|tomorrow .. at|around|#",
         ACT_PROPOSAL_DATE | ACT_ASKED},
        {"let's|lets meet|talk|speak|have|schedule|do|catch .. " DAYS "|tomorrow .. at|around|#",
         ACT_PROPOSAL_DATE | ACT_ASKS},
        {"i|we propose|suggest ?we ?meet|meeting|speak|on|next ?on|next " DAYS "|tomorrow", ACT_PROPOSAL_DATE},
        {"here|here's|these|below ?are|is my|our|some|a ?few ?available dates|slots|times|availability|availabilities",
         ACT_PROPOSAL_DATE},
        {"find|see|attached|attach|enclose|enclosed|sending|sent|here|here's|uploaded|submit|submitting|share|shared "
         "?is|are|a|you|our|my|the .. first|second|new|revised|rough|latest|initial|next|two|three|four|# "
         "?rough|logo|cover|design|poster|page ?page " DRAFTS,
         ACT_PROPOSAL_DRAFT},
        {"find|see|attached|attach|enclose|enclosed|sending|sent|here|here's|uploaded|submit|submitting|share|shared .. "
         "for|ready ?you ?to ?your approval|review|feedback|comments|sign|signoff|validation|input|comment",
         ACT_PROPOSAL_DRAFT},
        {DRAFTS " is|are ?now|now ready|attached|online|up for|to ?you ?to ?your|review ?review|comments|feedback|approval",
         ACT_PROPOSAL_DRAFT},
        {"i|we|i'd|we'd ?would|could|can charge|bill|quote|cost ?you|about|around|for #", ACT_PROPOSAL_QUOTE},
        {"i|we|i'd|we'd ?would|could|can do|build|make|design|deliver|write|shoot|translate it|this|that|the|all .. for #",
         ACT_PROPOSAL_OFFER},
        {"my|our suggestion|proposal|recommendation|idea is|would ?be ?to", ACT_PROPOSAL_PLAN},
        {"what i|we propose|suggest", ACT_PROPOSAL_PLAN},
        {"could|can|shall we meet|talk|speak|schedule|catch|call|chat ?up ?on|next|this " DAYS "|tomorrow",
         ACT_PROPOSAL_DATE | ACT_ASKED},
        {"i'm|i|we're|we ?am|are free|available ?on|next|this .. " DAYS "|tomorrow .. at|or|around|#", ACT_PROPOSAL_DATE},
        {"here|attached|find|sending .. two|three|four|some|# ?logo|cover|design|first "
         "ideas|routes|directions|proposals|suggestions",
         ACT_PROPOSAL_DRAFT},
        {"the|your|our|my ?first|second|new|revised|latest " DRAFTS " is|are ?now|all ready|attached|uploaded",
         ACT_PROPOSAL_DRAFT},
        {"can|could|shall|should we|i say|do|make ?it " DAYS "|tomorrow|#", ACT_PROPOSAL_DATE | ACT_ASKED},
        {"would|will|are you ?be available|free ?on|at ?the #", ACT_PROPOSAL_DATE | ACT_ASKED},
        {"here's|here ?is ?a|the|your ?first|quick preview|teaser|mockup|mockups|prototype|sketch", ACT_PROPOSAL_DRAFT},
        {"what i|we can offer|propose ?you", ACT_PROPOSAL_OFFER},
        {"how|what about ?a meeting|talking|speaking|call|chat ?on|next|this|at ?the " DAYS "|tomorrow|#",
         ACT_PROPOSAL_DATE | ACT_ASKED},
        {"here's|here|attached|enclosed ?is ?a|the|my ?first|rough draft|sketch|mockup|mockups", ACT_PROPOSAL_DRAFT},

        {"approved", ACT_DECISION_APPROVAL | ACT_WHOLE},
        {"approved from|by|on our|my|us|me ?side|end|all", ACT_DECISION_APPROVAL | ACT_START},
        {"signed|good off|to ?go", ACT_DECISION_APPROVAL | ACT_WHOLE},
        {"signed off on|from|by us|me|our|my|all", ACT_DECISION_APPROVAL | ACT_START},
        {"please|pls start|begin printing|production|work|working|building|coding", ACT_DECISION_APPROVAL},
        {"you can|may ?now publish|ship|produce|build ?it|the|them|both", ACT_DECISION_APPROVAL},
        {"signed and returned|sent", ACT_DECISION_APPROVAL},
        {"returned|returning ?you ?back the|our signed", ACT_DECISION_APPROVAL},
        {"delighted|happy|excited|pleased|thrilled to work|collaborate with you", ACT_DECISION_APPROVAL},
        {"let's get started|going|this", ACT_DECISION_APPROVAL | ACT_START},
        {"our|my ?formal|written acceptance|approval|agreement of|to your|the", ACT_DECISION_APPROVAL},
        {"we'll|i'll|will take the|your .. plan|package|option|version|offer|quote|one|service|formula",
         ACT_DECISION_APPROVAL},
        {"the|your|this|these|all|both " WORK " have|has ?now|all ?been signed|validated ?off", ACT_DECISION_APPROVAL},
        {"yes , go for it|this|that|option|version", ACT_DECISION_APPROVAL},
        {"good|happy|fine|ok|pleased with the|your ?new|revised|updated|latest|final " WORK
         " ?, ?please go|start|begin|proceed",
         ACT_DECISION_APPROVAL},
        {"good to go", ACT_DECISION_APPROVAL | ACT_START},
        {"you're|all|we're|are good to go !to", ACT_DECISION_APPROVAL},
        {"we|i ?hereby|both|also|fully|all approve|accept ?of ?your|the|this|all|both|your !that|cookies|card|cards",
         ACT_DECISION_APPROVAL},
        {"we're|we|i'm|i ?am|are ?very|all|more happy|pleased|delighted|glad|ready ?than ?happy to "
         "accept|approve|go|proceed|sign|move|award|confirm !receipt|that",
         ACT_DECISION_APPROVAL},
        {"let's|lets go|move|proceed|run ?ahead ?forward with|for "
         "the|option|version|your|this|that|it|#|number|concept|proposal|design|a|b|c|blue|red|green !walk|drink|coffee",
         ACT_DECISION_APPROVAL},
        {"let's|lets go|move|proceed ahead|forward", ACT_DECISION_APPROVAL},
        {"that's|it's|this|it|everything ?is ?all ?now approved|accepted", ACT_DECISION_APPROVAL},
        {WORK " approved|accepted|signed", ACT_DECISION_APPROVAL | ACT_START | ACT_END},
        {"ok|okay|good|fine|happy to go|proceed|start|print|launch|publish ?ahead ?from ?with ?on",
         ACT_DECISION_APPROVAL | ACT_START},
        {"you can|may ?now|please go|proceed|start|print|launch ahead|with|production|printing|it|the",
         ACT_DECISION_APPROVAL},
        {"you can|may ?now proceed|start|begin|go ?ahead ?now", ACT_DECISION_APPROVAL | ACT_END},
        {"we|i ?hereby|can|would|like|are|am|pleased ?to ?like ?to confirm the|our|this|your "
         "order|booking|purchase|quote|proposal|offer",
         ACT_DECISION_APPROVAL},
        {"please|pls proceed|continue", ACT_DECISION_APPROVAL | ACT_END},
        {"we're|we|i'm|we'll ?are|am|will going|go with the|option|version|your|#|number|concept|proposal|design !flow",
         ACT_DECISION_APPROVAL},
        {"we|i|we've|i've|have ?have ?now|just signed the|your contract|quote|agreement|proposal|estimate|offer|order",
         ACT_DECISION_APPROVAL},
        {"a yes from ?all ?of|our|us|me|my", ACT_DECISION_APPROVAL},
        {"please|pls go ahead ?with ?it|this|that|both|them", ACT_DECISION_APPROVAL | ACT_END},
        {"please|pls proceed|go ?ahead with", ACT_DECISION_APPROVAL},
        {"go ahead with", ACT_DECISION_APPROVAL | ACT_START},
        {"you|you've have|got ?got our|my|the ?full green|approval|go|ok|okay|blessing|agreement|sign ?light",
         ACT_DECISION_APPROVAL},
        {"giving|give|gives you|this ?the|our|my green|go|our ?approval", ACT_DECISION_APPROVAL},
        {"we|i|we've|i've|we're ?have ?now|also|just|both|all|finally approved|accepted !a|an|another",
         ACT_DECISION_APPROVAL},
        {"we|i|we've|i've ?have ?now|also|just|both|all|finally decided|agreed to "
         "go|proceed|move|accept|hire|choose|award|sign|start|retain !back",
         ACT_DECISION_APPROVAL},
        {"we|i|we've|i've ?have ?now|also|just|all|finally chosen|selected|chose|picked "
         "your|you|version|option|concept|proposal",
         ACT_DECISION_APPROVAL},
        {"we'll|we|i'll|i ?will take ?the|your "
         "option|proposal|number|version|concept|design|package|first|second|third|offer",
         ACT_DECISION_APPROVAL},
        {"we'll|we|i'll|i will ?gladly|happily go|proceed|move with|ahead|for|forward", ACT_DECISION_APPROVAL},
        {"we'll|i'll ?gladly|happily go|proceed|move with|ahead|for|forward", ACT_DECISION_APPROVAL},
        {"we'd|i'd|we|i|would ?would|like like|love|to ?to go|proceed|move|accept|order|book ?ahead|forward "
         "with|ahead|your|option|forward",
         ACT_DECISION_APPROVAL},
        {"the|your|this|these|all|both ?new|final|revised " WORK
         " .. is|are|was|were|looks|has|have ?now|all|been|officially|fully|both ?been|now approved|accepted|good",
         ACT_DECISION_APPROVAL},
        {"attached|enclosed|here|here's|find|returning|sending .. signed "
         "quote|contract|purchase|order|proposal|agreement|copy|estimate|offer|quotation",
         ACT_DECISION_APPROVAL},
        {"signed quote|contract|purchase|order|proposal|agreement|copy|estimate .. attached|enclosed",
         ACT_DECISION_APPROVAL},
        {"all good|fine|ok|approved on|from|for our|my|us|me ?end|side", ACT_DECISION_APPROVAL},
        {"go for print|production|launch|it|version|option", ACT_DECISION_APPROVAL | ACT_START},
        {"we|i ?all|both|fully agree to start|begin|proceed|go|move|sign|the|your|these", ACT_DECISION_APPROVAL},
        {"we|i ?all|both|fully agree with|on your|the|these quote|terms|price|proposal|offer|budget|plan|timeline|rate|fee",
         ACT_DECISION_APPROVAL},
        {"it's|that's a yes|go from|for ?us", ACT_DECISION_APPROVAL},
        {"sign|signing|signed off on the|your|these|this", ACT_DECISION_APPROVAL},
        {"happy to sign ?off", ACT_DECISION_APPROVAL},

        {"we|i|we're|i'm won't|will|not ?not|going ?to|be "
         "be|go|going|proceed|proceeding|accept|accepting|take|taking|move|moving|continue|continuing|renewing "
         "?this|the|with|it ahead|forward|with|your|further|any|this",
         ACT_DECISION_REFUSAL},
        {"won't be going|moving|proceeding|taking|accepting|continuing|using ahead|forward|with|your|this|you",
         ACT_DECISION_REFUSAL},
        {"won't|not going|be|to ?to|be take|taking|go|going|move|moving this|it|the|ahead|forward|with "
         "?forward|further|project",
         ACT_DECISION_REFUSAL},
        {"we|i can't|cannot|couldn't accept|approve|agree|go|take your|the|this|to|ahead|these|that|on|with !call|calls",
         ACT_DECISION_REFUSAL},
        {"we|i|are|am|i'm|we're ?are unable to accept|approve|agree|proceed", ACT_DECISION_REFUSAL},
        {"we|i|we've|i've|we ?have ?also|finally decided not to "
         "proceed|go|move|continue|renew|accept|take|pursue|sign|order|hire|launch|print|publish|include|keep|extend",
         ACT_DECISION_REFUSAL},
        {"we|i|we've|i've ?have ?also|finally decided against", ACT_DECISION_REFUSAL},
        {"we|i|we've|i've ?have ?also decided to "
         "drop|end|stop|cancel|terminate|discontinue|decline|pull|abandon|shelve|withdraw|reject",
         ACT_DECISION_REFUSAL},
        {"we|i|we've|i've ?have ?now|already|decided|since ?to "
         "chosen|selected|opted|gone|chose|hired|appointed|go|went ?for|with another|someone|somebody|other",
         ACT_DECISION_REFUSAL},
        {"we|i|we've|i've ?have ?now|already|decided|since ?to "
         "chosen|selected|opted|gone|chose|hired|appointed|go|went ?for|with a different",
         ACT_DECISION_REFUSAL},
        {"a|the no from us|me|our", ACT_DECISION_REFUSAL},
        {"we'll|we|i'll|i|going|have ?will|have ?to pass on this|it|that|the|your ?one", ACT_DECISION_REFUSAL},
        {"we|i|we'd|i'd ?have|must|will|would|prefer|like|need ?prefer|like ?to decline|reject|refuse !if",
         ACT_DECISION_REFUSAL},
        {"we're|we|i'm|i ?are|am not going|proceeding|moving|continuing with|ahead|forward", ACT_DECISION_REFUSAL},
        {"we're|we|i'm|i ?are|am not going to take|go|proceed|accept|move|continue|pursue", ACT_DECISION_REFUSAL},
        {"your|the bid|quote|offer|proposal|application|tender|design was|has|is|were not ?been "
         "successful|accepted|selected|retained|approved|chosen",
         ACT_DECISION_REFUSAL},
        {"i|we don't|do|didn't|cannot|can't ?not approve|accept this|that|the|your|it !form", ACT_DECISION_REFUSAL},
        {"we|i|we'll|i'll ?will have|must|need ?to say no", ACT_DECISION_REFUSAL},
        {"answer is ?a ?clear no", ACT_DECISION_REFUSAL},
        {"thanks|thank ?you but no", ACT_DECISION_REFUSAL},
        {"your|the|this|our " WORK
         "|application|bid|tender has|was|is|have ?been ?not rejected|declined|refused|unsuccessful",
         ACT_DECISION_REFUSAL},
        {"we|i|we've|i've ?have ?must reject|rejected the|your|this", ACT_DECISION_REFUSAL},
        {"we|i can't|cannot|won't agree|accept|approve to|on|with", ACT_DECISION_REFUSAL},
        {"we're|we|i'm|i ?are|am stopping|ending|terminating|dropping the|this|our project|collaboration|contract|work",
         ACT_DECISION_REFUSAL},
        {"won't|no|not|don't need|require|longer|be ?need|require|needing your services|help|service", ACT_DECISION_REFUSAL},
        {"we|i|we're|i'm|we'll|i'll ?are|am|will ?going ?to|have to|have ?to pass !by|through|it|you|the|me",
         ACT_DECISION_REFUSAL},
        {"out of|over|beyond our|my|the budget", ACT_DECISION_REFUSAL},
        {"we|i ?have ?decided ?to won't|not proceed|continue|renew|sign", ACT_DECISION_REFUSAL},
        {"we|i|i'm|we're ?have ?must ?to turned|turning|turn down the|your|this", ACT_DECISION_REFUSAL},
        {"put|putting|placed|place the|this|our|it ?whole ?project|contract|work on hold", ACT_DECISION_REFUSAL},
        {"i|we will not|never accept|agree|work|do this|these|the|that|to|for", ACT_DECISION_REFUSAL},
        {"won't be renewing|extending|continuing|ordering", ACT_DECISION_REFUSAL},
        {"we|i|we'd|i'd ?would rather|prefer not ?to continue|proceed|go|accept|work|sign|order|use", ACT_DECISION_REFUSAL},
        {"decided to end|terminate|stop|cancel our|the|this|your|work", ACT_DECISION_REFUSAL},
        {"regret to|that ?inform|your ?you", ACT_DECISION_REFUSAL},

        {"actually|reflection|thought|thoughts|end|hindsight ?, we'd|i'd|we|i ?would ?much|now|actually rather|prefer ?to",
         ACT_DECISION_CHANGE},
        {"actually|reflection|thought|thoughts|end|hindsight|instead ?, we|i want|need|prefer|decided|chose|preferred "
         "!to|you",
         ACT_DECISION_CHANGE},
        {"actually ?, let's|lets go|keep|use|do|stick|drop|stay", ACT_DECISION_CHANGE},
        {"after all ?, we're|we|we'll|i'm|i'll|i ?are|am ?now "
         "choosing|going|keeping|taking|dropping|prefer|go|keep|take|sticking",
         ACT_DECISION_CHANGE},
        {"finally ?, we'd|i'd|we|i ?would ?much|now rather|prefer ?to", ACT_DECISION_CHANGE},
        {"actually ?, can|could|may we|i|you ?please ?just go|have|use|keep|do|change|switch|make|put",
         ACT_DECISION_CHANGE | ACT_ASKS},
        {"let's|lets go|switch|move|revert ?back back|to ?to the|old|first|original|previous|version", ACT_DECISION_CHANGE},
        {"we|i ?do no longer want|wish the|a|an|this|any|to", ACT_DECISION_CHANGE},
        {"we|i|we'd|i'd|let's|we'll .. prefer|rather|keep|want|go|take|choose|stay .. after all", ACT_DECISION_CHANGE},
        {"cancelling|canceling|cancel|reversing|reverse|undoing|revoking|revoke the|our|my ?earlier ?previous "
         "choice|decision|selection",
         ACT_DECISION_CHANGE},
        {"we|i|we've|i've|we'd|i'd|we're|i'm ?have ?would decided|want|like|prefer|going to go|revert|return|switch back "
         "?to !you|school|work|sleep|bed|home",
         ACT_DECISION_CHANGE},
        {"we|i|we've|i've ?have decided to revert|return|switch to|back", ACT_DECISION_CHANGE},
        {"second thoughts about|on", ACT_DECISION_CHANGE},
        {"we'd|we|i|i'd|we'll|i'll ?will|would like|prefer|rather|keep|want|take|go|stay|stick .. .. after all",
         ACT_DECISION_CHANGE},
        {"we|i now prefer|favour|favor|think", ACT_DECISION_CHANGE},
        {"take|taking|took|withdraw|withdrawing|revoke|revoking ?back our|my ?earlier approval|acceptance|agreement|order",
         ACT_DECISION_CHANGE},
        {"we|i|we've|i've|we'd ?have ?since|just|now changed our|my mind|minds|decision", ACT_DECISION_CHANGE},
        {"change of plan|plans|heart|direction|mind", ACT_DECISION_CHANGE | ACT_START},
        {"on second thought|thoughts", ACT_DECISION_CHANGE},
        {"on reflection", ACT_DECISION_CHANGE | ACT_START},
        {"scrap|forget|ignore|disregard ?about ?the|my|our|what ?previous|last|blue|red|green|first|second|old|i|new "
         "?blue|said version|option|one|decision|idea|concept|design|email|approval|feedback",
         ACT_DECISION_CHANGE | ACT_START},
        {"ignore|disregard my|our previous|last|earlier decision|choice|approval|feedback|comments|instructions",
         ACT_DECISION_CHANGE},
        {"we're|we|i'm|i ?are|am ?now|going|want|would|will|need ?to|like ?to go|going|switching|switch back to "
         "the|our|option|version|plan|green|blue|red|original",
         ACT_DECISION_CHANGE},
        {"we're|we|i'm|i ?are|am ?now|going|want|would|will|need ?to|like ?to reverting|revert|switching|switch ?back to "
         "the|our|option|version|plan",
         ACT_DECISION_CHANGE},
        {"we|we'd|i|i'd ?would now|actually ?would rather|prefer", ACT_DECISION_CHANGE},
        {"we|i now want|need !to|you", ACT_DECISION_CHANGE},
        {"would now rather|prefer", ACT_DECISION_CHANGE},
        {"we're|we|i'm ?are ?now|also dropping|scrapping|swapping|replacing the|our", ACT_DECISION_CHANGE},

        {"if|unless|whether|once|when|until|provided|assuming|subject", ACT_IF},
        {"as soon|long as", ACT_IF},
        {"has|have|needs|need|must|should|might|may|before ?to be|we|you", ACT_IF},
        {"we'd|i'd|would be happy|glad|pleased|delighted to", ACT_COVER},
        {"i|he|she|they|we thought", ACT_REPORT},
        {"not sure", ACT_REPORT},
        {"said|says|told|tells|thinks|think|believes|believe|heard|hear|hope|hopes|hoping|wish|guess|suppose|apparently|"
         "assume|announced|claims|reckons|maybe|perhaps|according|nobody",
         ACT_REPORT},

        {"by", ACT_BY},
        {"on or before", ACT_BY},
        {"before", ACT_BEFORE},
        {"no|not later than ?the|by|on", ACT_BY},
        {"until|till", ACT_BY},
        {"due|ready|needed|deadline|required ?is for|on|is|:", ACT_BY},
        {"need|want it|this|them|that|these ?back|done|ready for", ACT_BY},
        {"latest ?by ?on", ACT_BY},
        {"within ?the ?next|coming", ACT_WITHIN},
        {"in|over the next", ACT_WITHIN},
        {"at|by the ?very latest", ACT_LATEST},
        {"latest", ACT_LATEST},
        {"or earlier|sooner|before", ACT_LATEST},
        {"eod|cob|eob", ACT_EOD},
        {"by|before ?the close|end|day's|today's of|end|close business|play|day|today", ACT_EOD},
        {"by|before ?the close|end of ?the|this business|play|day|today|working ?day", ACT_EOD},
        {"by|before tonight", ACT_EOD},
        {"eow", ACT_EOW},
        {"eom", ACT_EOM},
        {"promised|supposed|meant|was|were|scheduled|originally", ACT_PAST},
};

const struct act_table acts_en = {patterns, ELEMENTSOF(patterns)};
