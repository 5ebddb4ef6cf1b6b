/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/rule_keys.h"

static const struct rule_key keys[] = {
        {"file.version", "int", "Version of the format: 1"},
        {"file.rules", "list", "The rules of the file"},
        {"file.lists", "map", "Lists of words and phrases by name, for in_list"},
        {"list.words", "list", "Words and phrases; case and accents do not matter; a * at the end: the last word may go on"},
        {"list.fr", "list", "Those looked for in French messages, and where the language is not known"},
        {"list.en", "list", "Likewise, English"},
        {"list.de", "list", "Likewise, German"},
        {"list.nl", "list", "Likewise, Dutch"},
        {"list.es", "list", "Likewise, Spanish"},
        {"list.it", "list", "Likewise, Italian"},
        {"list.file", "word", "A text file beside this one: a word or phrase a line, `# comment`, `[fr]` before those of a language"},

        {"rule.id", "word", "Name for ever: lower-case letters, digits, - and _; alerts and overrides go by it"},
        {"rule.title", "text", "What an alert is called: a text, or one for each language"},
        {"rule.why", "text", "Why it matters: a text, or one for each language"},
        {"rule.mode", "word", "off, watch (recorded only), digest (the default) or alert (mailed at once)"},
        {"rule.severity", "word", "low, medium or high, or one for each of one-off, recurring and lasting"},
        {"rule.params", "map", "Numbers the owner can tune, used as $name"},
        {"rule.match", "map", "Kind: one fact"},
        {"rule.sequence", "map", "Kind: facts in order, the absence of one included"},
        {"rule.measure", "map", "Kind: a number over a window"},
        {"rule.by", "list", "Fields that keep breaches apart; [client] by default"},
        {"rule.needs", "list", "Facts without which the rule says nothing"},
        {"rule.for", "map", "When breaches are a habit; 3 breaches within 90d by default"},
        {"rule.exceptions", "list", "What was agreed otherwise, with a reason and an end"},
        {"rule.tests", "list", "Examples of what fires and what does not"},
        {"rule.inhibits", "list", "Weaker rules folded into this one"},
        {"rule.repeat_after", "duration", "Told again when still open after this long"},

        {"param.type", "word", "duration, number, int, string or share"},
        {"param.default", "value", "The value when nobody says otherwise"},
        {"param.min", "value", "The least allowed"},
        {"param.max", "value", "The most allowed"},

        {"match.fact", "fact", "A fact, or a list of facts"},
        {"match.where", "condition", "What must hold of it"},

        {"sequence.same", "list", "Fields that all facts of the sequence share"},
        {"sequence.steps", "list", "The steps, in order"},
        {"sequence.until", "map", "A fact that ends the sequence without a breach"},

        {"step.fact", "fact", "A fact, or a list of facts, that happens"},
        {"step.absent", "fact", "A fact, or a list of facts, that does not happen until the deadline"},
        {"step.where", "condition", "What must hold of it"},
        {"step.as", "word", "A name for the step, for `from`"},
        {"step.within", "duration", "Time for the step, from the step before"},
        {"step.from", "word", "Where the time is counted from: NAME.FIELD of an earlier step"},
        {"step.clock", "word", "Whose days and hours count: owner (the default) or client"},

        {"until.fact", "fact", "A fact, or a list of facts"},
        {"until.where", "condition", "What must hold of it"},

        {"measure.count", "map", "The number: how many facts"},
        {"measure.distinct", "map", "The number: how many different values of a field"},
        {"measure.sum", "map", "The number: the sum of a field"},
        {"measure.mean", "map", "The number: the mean of a field"},
        {"measure.median", "map", "The number: the middle value of a field"},
        {"measure.p90", "map", "The number: what nine in ten values of a field do not exceed"},
        {"measure.ratio", "map", "The number: facts of `part` out of those of `whole`"},
        {"measure.share", "map", "The number: this group's part of all groups together, of a field or of the facts"},
        {"measure.over", "duration", "Length of the window, up to the fact that is judged"},
        {"measure.min_facts", "int", "Not judged with fewer facts in the window; 1 by default"},
        {"measure.against", "map", "Compare with the time before: the number is then how many times as much"},
        {"measure.is", "comparison", "When it is a breach: {gte: 3}, {gt: 50h}, {gte: $limit}"},
        {"measured.fact", "fact", "A fact, or a list of facts"},
        {"measured.where", "condition", "What must hold of it"},
        {"measured.field", "word", "The field whose values are looked at"},
        {"ratio.part", "map", "The facts that are counted"},
        {"ratio.whole", "map", "The facts they are a part of"},
        {"against.own_past", "duration", "Length of the time before the window"},

        {"for.breaches", "int", "So many breaches are lasting"},
        {"for.within", "duration", "Counted back from the last breach"},
        {"for.of", "int", "Out of so many windows, or occurrences"},
        {"for.every", "duration", "Length of one window, or `occurrence`"},

        {"exception.where", "condition", "Which opening facts it covers; all when left out"},
        {"exception.reason", "text", "Why: shown wherever it applies"},
        {"exception.until", "date", "Last day, inclusive, in the owner's zone"},
        {"client-exception.rule", "word", "The rule it is made for"},
        {"client-exception.where", "condition", "Which opening facts it covers; all when left out"},
        {"client-exception.reason", "text", "Why: shown wherever it applies"},
        {"client-exception.until", "date", "Last day, inclusive, in the owner's zone"},

        {"override.mode", "word", "off, watch, digest or alert; on: as the rule says"},
        {"override.severity", "word", "As in a rule"},
        {"override.params", "map", "Values of parameters by name"},
        {"override.for", "map", "As in a rule"},
        {"override.reason", "text", "Why; for people"},

        {"severity.one-off", "word", "Severity of a single breach"},
        {"severity.recurring", "word", "Severity of several"},
        {"severity.lasting", "word", "Severity of a habit"},

        {"test.name", "text", "What the test shows"},
        {"test.facts", "list", "Facts given to it, in any order: [{meeting.cancelled: {client: x, at: TIME}}]"},
        {"test.observe", "list",
         "Or .eml, .ics and .mbox files that are read as a scan would, relative to the rule file; of an object the later "
         "version later"},
        {"test.expect", "list", "What the rules of the file tell, [] for nothing; anything else fails the test"},
        {"test.now", "time", "The clock of the test: nothing later happens; two years after the last fact by default"},
        {"test.owner", "map",
         "Who the owner is, as in adieu.yaml; the configuration's by default, in shipped packs somebody in Paris, mon-fri "
         "09:00-18:00"},
        {"test.clients", "list", "Clients, as in adieu.yaml; those that only a fact names work like the owner"},
        {"expect.rule", "word", "The rule that holds; the one that the test stands under by default"},
        {"expect.client", "word", "The client it is about; whoever by default"},
        {"expect.at", "time", "A breach at this time, or on this day; left out, all breaches of the alert"},
        {"expect.count", "int", "How many breaches the alert has"},
        {"expect.lasting", "word", "one-off, recurring or lasting: what the alert is in the end"},
        {"expect.severity", "word", "low, medium or high: of the alert"},
};

const struct rule_key *rule_keys(size_t *n) {
        *n = ELEMENTSOF(keys);
        return keys;
}
