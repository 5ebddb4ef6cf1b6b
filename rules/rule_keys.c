/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/rule_keys.h"

static const struct rule_key keys[] = {
        {"file.version", "version", true, "Version of the format: 1"},
        {"file.rules", "list of rule", false, "The rules of the file"},
        {"file.lists", "map of list", false, "Lists of words and phrases by name, for in_list"},
        {"list.words", "list of text", false,
         "Words and phrases; case and accents do not matter; a * at the end: the last word may go on"},
        {"list.fr", "list of text", false, "Those looked for in French messages, and where the language is not known"},
        {"list.en", "list of text", false, "Likewise, English"},
        {"list.de", "list of text", false, "Likewise, German"},
        {"list.nl", "list of text", false, "Likewise, Dutch"},
        {"list.es", "list of text", false, "Likewise, Spanish"},
        {"list.it", "list of text", false, "Likewise, Italian"},
        {"list.file", "text", false,
         "A text file beside this one: a word or phrase a line, `# comment`, `[fr]` before those of a language"},

        {"rule.id", "id", true, "Name for ever: lower-case letters, digits, - and _; alerts and overrides go by it"},
        {"rule.title", "text or map of text", false, "What an alert is called: a text, or one for each language"},
        {"rule.why", "text or map of text", false, "Why it matters: a text, or one for each language"},
        {"rule.mode", "mode", false, "off, watch (recorded only), digest (the default) or alert (mailed at once)"},
        {"rule.severity", "level or severity", false,
         "low, medium or high, or one for each of one-off, recurring and lasting"},
        {"rule.params", "map of param", false, "Numbers the owner can tune, used as $name"},
        {"rule.match", "match", false, "Kind: one fact"},
        {"rule.sequence", "sequence", false, "Kind: facts in order, the absence of one included"},
        {"rule.measure", "measure", false, "Kind: a number over a window"},
        {"rule.by", "field or list of field", false, "Fields that keep breaches apart; [client] by default"},
        {"rule.needs", "fact or list of fact", false, "Facts without which the rule says nothing"},
        {"rule.for", "for", false, "When breaches are a habit; 3 breaches within 90d by default"},
        {"rule.exceptions", "list of exception", false, "What was agreed otherwise, with a reason and an end"},
        {"rule.tests", "list of test", false, "Examples of what fires and what does not"},
        {"rule.inhibits", "list of id", false, "Weaker rules folded into this one"},
        {"rule.repeat_after", "duration", false, "Told again when still open after this long"},

        {"param.type", "type", true, "duration, number, int, string or share"},
        {"param.default", "value", true, "The value when nobody says otherwise"},
        {"param.min", "value", false, "The least allowed"},
        {"param.max", "value", false, "The most allowed"},

        {"match.fact", "fact or list of fact", true, "A fact, or a list of facts"},
        {"match.where", "condition", false, "What must hold of it"},

        {"sequence.same", "field or list of field", false, "Fields that all facts of the sequence share"},
        {"sequence.steps", "list of step", true, "The steps, in order"},
        {"sequence.until", "until", false, "A fact that ends the sequence without a breach"},

        {"step.fact", "fact or list of fact", false, "A fact, or a list of facts, that happens"},
        {"step.absent", "fact or list of fact", false,
         "A fact, or a list of facts, that does not happen until the deadline"},
        {"step.where", "condition", false, "What must hold of it"},
        {"step.as", "word", false, "A name for the step, for `from`"},
        {"step.within", "duration", false, "Time for the step, from the step before"},
        {"step.from", "word", false, "Where the time is counted from: NAME.FIELD of an earlier step"},
        {"step.not_before", "word", false,
         "The time ends no earlier than NAME.FIELD of an earlier step, where the fact has it: what was asked for by a date"},
        {"step.clock", "clock", false, "Whose days and hours count: owner (the default) or client"},

        {"until.fact", "fact or list of fact", true, "A fact, or a list of facts"},
        {"until.where", "condition", false, "What must hold of it"},

        {"measure.count", "measured", false, "The number: how many facts"},
        {"measure.distinct", "measured", false, "The number: how many different values of a field"},
        {"measure.sum", "measured", false, "The number: the sum of a field"},
        {"measure.mean", "measured", false, "The number: the mean of a field"},
        {"measure.median", "measured", false, "The number: the middle value of a field"},
        {"measure.p90", "measured", false, "The number: what nine in ten values of a field do not exceed"},
        {"measure.ratio", "ratio", false, "The number: facts of `part` out of those of `whole`"},
        {"measure.share", "measured", false,
         "The number: this group's part of all groups together, of a field or of the facts"},
        {"measure.over", "duration", true, "Length of the window, up to the fact that is judged"},
        {"measure.min_facts", "int", false, "Not judged with fewer facts in the window; 1 by default"},
        {"measure.against", "against", false, "Compare with the time before: the number is then how many times as much"},
        {"measure.is", "comparison", true, "When it is a breach: {gte: 3}, {gt: 50h}, {gte: $limit}"},
        {"measured.fact", "fact or list of fact", true, "A fact, or a list of facts"},
        {"measured.where", "condition", false, "What must hold of it"},
        {"measured.field", "field", false, "The field whose values are looked at"},
        {"ratio.part", "match", true, "The facts that are counted"},
        {"ratio.whole", "match", true, "The facts they are a part of"},
        {"against.own_past", "duration", true, "Length of the time before the window"},

        {"for.breaches", "int", true, "So many breaches are lasting"},
        {"for.within", "duration", false, "Counted back from the last breach"},
        {"for.of", "int", false, "Out of so many windows, or occurrences"},
        {"for.every", "duration or occurrence", false, "Length of one window, or `occurrence`"},

        {"exception.where", "condition", false, "Which opening facts it covers; all when left out"},
        {"exception.reason", "text", true, "Why: shown wherever it applies"},
        {"exception.until", "date", true, "Last day, inclusive, in the owner's zone"},
        {"client-exception.rule", "id", true, "The rule it is made for"},
        {"client-exception.where", "condition", false, "Which opening facts it covers; all when left out"},
        {"client-exception.reason", "text", true, "Why: shown wherever it applies"},
        {"client-exception.until", "date", true, "Last day, inclusive, in the owner's zone"},

        {"override.mode", "mode or on", false, "off, watch, digest or alert; on: as the rule says"},
        {"override.severity", "level or severity", false, "As in a rule"},
        {"override.params", "map of value", false, "Values of parameters by name"},
        {"override.for", "for", false, "As in a rule"},
        {"override.reason", "text", false, "Why; for people"},

        {"severity.one-off", "level", false, "Severity of a single breach"},
        {"severity.recurring", "level", false, "Severity of several"},
        {"severity.lasting", "level", false, "Severity of a habit"},

        {"test.name", "text", true, "What the test shows"},
        {"test.facts", "list of example", false,
         "Facts given to it, in any order: [{meeting.cancelled: {client: x, at: TIME}}]"},
        {"test.observe", "list of text", false,
         "Or .eml, .ics and .mbox files that are read as a scan would, relative to the rule file; of an object the later "
         "version later"},
        {"test.expect", "list of expect", true,
         "What the rules of the file tell, [] for nothing; anything else fails the test"},
        {"test.now", "time", false,
         "The clock of the test: nothing later happens; two years after the last fact by default"},
        {"test.owner", "owner", false,
         "Who the owner is, as in adieu.yaml; the configuration's by default, in shipped packs somebody in Paris, mon-fri "
         "09:00-18:00"},
        {"test.clients", "list of client", false,
         "Clients, as in adieu.yaml; those that only a fact names work like the owner"},
        {"expect.rule", "id", false, "The rule that holds; the one that the test stands under by default"},
        {"expect.client", "word", false, "The client it is about; whoever by default"},
        {"expect.at", "time", false, "A breach at this time, or on this day; left out, all breaches of the alert"},
        {"expect.count", "int", false, "How many breaches the alert has"},
        {"expect.lasting", "grade", false, "one-off, recurring or lasting: what the alert is in the end"},
        {"expect.severity", "level", false, "low, medium or high: of the alert"},
};

const struct rule_key *rule_keys(size_t *n) {
        *n = ELEMENTSOF(keys);
        return keys;
}

const char *const *rule_key_choice(const char *prefix) {
        static const struct {
                const char *prefix;
                const char *names[9];
        } choices[] = {
                {"rule", {"match", "sequence", "measure", NULL}},
                {"step", {"fact", "absent", NULL}},
                {"measure", {"count", "distinct", "sum", "mean", "median", "p90", "ratio", "share", NULL}},
                {"test", {"facts", "observe", NULL}},
        };
        for (size_t i = 0; i < ELEMENTSOF(choices); i++)
                if (str_eq(choices[i].prefix, prefix))
                        return choices[i].names;
        return NULL;
}

const struct rule_word *rule_words(size_t *n) {
        static const struct rule_word words[] = {
                {"mode", mode_names},       {"level", severity_names}, {"grade", lasting_names},
                {"type", param_type_names}, {"clock", clock_names},
        };
        *n = ELEMENTSOF(words);
        return words;
}
