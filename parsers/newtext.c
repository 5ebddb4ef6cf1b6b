/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/text.h"
#include "parsers/utf8.h"

/* Lines are sorted into what is new and what is not by marks that programs write. Where a mark is in doubt the line stays:
 * a signature too much does no harm, a lost sentence does. */

/* Longest line that can be a mark; longer ones are prose. */
#define MARK_MAX 400U
/* An attribution is wrapped over at most this many lines. */
#define ATTRIBUTION_LINES 4U
/* Lines in which the fields of another program's header block stand, wrapped recipients included. */
#define HEADER_LINES 14U
/* After a bare "--", which people also use to part sections, at most this many lines are a signature; after "-- " more. */
#define SIGNATURE_LINES_BARE 15U
#define SIGNATURE_LINES 40U
/* A block of contact details after the closing words. */
#define CONTACT_LINES 12U
#define CONTACT_WIDTH 90U

struct line {
        uint32_t at, len;
        uint32_t folded;         /* length of its folded form, which stands at `at` of split.folded; NOT_FOLDED */
        bool quoted, blank, out; /* begins with '>'; nothing on it; not new */
};
#define NOT_FOLDED UINT32_MAX

struct split {
        const char *text;
        char *folded;       /* owned; each line is looked at by many tests, and folded once, when the first of them asks */
        struct line *lines; /* owned */
        size_t n;
        bool forward;
};

static bool is_blank(char c) {
        return c == ' ' || c == '\t';
}

static int cut_lines(const char *text, struct split *ret) {
        size_t n = 1;
        for (const char *p = text; (p = strchr(p, '\n')); p++)
                n++;
        ret->lines = calloc(n, sizeof(*ret->lines));
        ret->folded = malloc(strlen(text) + 1);
        if (!ret->lines || !ret->folded)
                return -ENOMEM;
        const char *p = text;
        for (size_t i = 0; i < n; i++) {
                size_t len = strcspn(p, "\n");
                struct line *l = ret->lines + i;
                const char *q = p;
                while (is_blank(*q))
                        q++;
                l->at = (uint32_t) (p - text);
                l->len = (uint32_t) len;
                l->folded = NOT_FOLDED;
                l->quoted = *q == '>' && q - p <= 3;
                l->blank = q == p + len;
                l->out = l->quoted;
                p += len + 1;
        }
        ret->text = text;
        ret->n = n;
        return 0;
}

static bool is_emphasis(char c) {
        return is_blank(c) || c == '*' || c == '_';
}

/* n bytes folded, without blanks and emphasis marks around them; empty when too long to be a mark. `out` has room for n + 1. */
static size_t fold_span(const char *p, size_t n, char *out) {
        out[0] = 0;
        if (n >= MARK_MAX)
                return 0;
        while (n > 0 && is_emphasis(*p))
                p++, n--;
        while (n > 0 && is_emphasis(p[n - 1]))
                n--;
        return utf8_fold(p, n, out, n + 1);
}

/* A folded line is never longer than the line, and the line end makes room for the NUL. */
static const char *fold_line(const struct split *s, size_t i, size_t *ret_n) {
        struct line *l = s->lines + i;
        if (l->folded == NOT_FOLDED)
                l->folded = (uint32_t) fold_span(s->text + l->at, l->len, s->folded + l->at);
        if (ret_n)
                *ret_n = l->folded;
        return s->folded + l->at;
}

/* Words have two letters or more, which tell most of them from the line without a call. */
static bool starts(const char *s, const char *word) {
        return s[0] == word[0] && s[1] == word[1] && strncmp(s, word, strlen(word)) == 0;
}

static bool starts_any(const char *s, const char *const *words, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (starts(s, words[i]))
                        return true;
        return false;
}

static bool holds_any(const char *s, const char *const *words, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (strstr(s, words[i]))
                        return true;
        return false;
}

static size_t next_filled(const struct split *s, size_t i) {
        while (i < s->n && s->lines[i].blank)
                i++;
        return i;
}

static void drop(struct split *s, size_t from, size_t to) {
        for (size_t i = from; i < to && i < s->n; i++)
                s->lines[i].out = true;
}

static void drop_until_quote(struct split *s, size_t from) {
        for (size_t i = from; i < s->n && !s->lines[i].quoted; i++)
                s->lines[i].out = true;
}

/* "-----Original Message-----" and its kin: dashes around words that are in a table. */
static const char *const original_words[] = {
        "original message",        "message d'origine",     "message original",      "ursprungliche nachricht",
        "originalnachricht",       "original-nachricht",    "ursprungliche mail",    "oorspronkelijk bericht",
        "mensaje original",        "messaggio originale",   "messaggio originario",  "mensagem original",
        "ursprungligt meddelande", "originalmeddelande",    "oprindelig meddelelse", "opprinnelig melding",
        "alkuperainen viesti",     "wiadomosc oryginalna",  "oryginalna wiadomosc",  "reply message",
        "original appointment",    "rendez-vous d'origine", "message initial",       "original email",
        "reply above this line"};
static const char *const forward_words[] = {"forwarded message",
                                            "message transfere",
                                            "message transmis",
                                            "weitergeleitete nachricht",
                                            "weitergeleitete mail",
                                            "doorgestuurd bericht",
                                            "mensaje reenviado",
                                            "messaggio inoltrato",
                                            "mensagem encaminhada",
                                            "mensagem reencaminhada",
                                            "vidarebefordrat meddelande",
                                            "vidarebefordrat brev",
                                            "videresendt meddelelse",
                                            "videresendt besked",
                                            "videresendt melding",
                                            "valitetty viesti",
                                            "edelleenlahetetty viesti",
                                            "przekazana wiadomosc",
                                            "wiadomosc przekazana dalej",
                                            "forwarded by",
                                            "forwarded mail",
                                            "forwarded from",
                                            "fwd message"};
static const char *const apple_forwards[] = {"begin forwarded message",        "debut du message transfere",
                                             "debut du message reexpedie",     "anfang der weitergeleiteten nachricht",
                                             "begin doorgestuurd bericht",     "inicio del mensaje reenviado",
                                             "inizio messaggio inoltrato",     "inicio da mensagem",
                                             "vidarebefordrat brev",           "start pa videresendt besked",
                                             "poczatek przekazanej wiadomosci"};

enum mark { MARK_NONE, MARK_ORIGINAL, MARK_FORWARD };

static enum mark mark_of(const char *s) {
        if (starts_any(s, apple_forwards, ELEMENTSOF(apple_forwards)) && s[strlen(s) - 1] == ':')
                return MARK_FORWARD;
        size_t dashes = strspn(s, "-=");
        if (dashes < 2)
                return MARK_NONE;
        s += dashes + strspn(s + dashes, " ");
        if (starts_any(s, forward_words, ELEMENTSOF(forward_words)))
                return MARK_FORWARD;
        return starts_any(s, original_words, ELEMENTSOF(original_words)) ? MARK_ORIGINAL : MARK_NONE;
}

/* Labels of the header block that Outlook and others put above a quotation. */
enum label { LABEL_FROM = 1, LABEL_DATE = 2, LABEL_TO = 4, LABEL_SUBJECT = 8, LABEL_CC = 16 };

static const struct {
        const char *word;
        unsigned label;
} labels[] = {
        {"from", LABEL_FROM},
        {"de", LABEL_FROM},
        {"von", LABEL_FROM},
        {"van", LABEL_FROM},
        {"da", LABEL_FROM},
        {"fra", LABEL_FROM},
        {"fran", LABEL_FROM},
        {"lahettaja", LABEL_FROM},
        {"od", LABEL_FROM},
        {"expediteur", LABEL_FROM},
        {"afzender", LABEL_FROM},
        {"sent", LABEL_DATE},
        {"date", LABEL_DATE},
        {"envoye", LABEL_DATE},
        {"envoye le", LABEL_DATE},
        {"gesendet", LABEL_DATE},
        {"datum", LABEL_DATE},
        {"verzonden", LABEL_DATE},
        {"enviado", LABEL_DATE},
        {"enviado el", LABEL_DATE},
        {"enviada em", LABEL_DATE},
        {"enviado em", LABEL_DATE},
        {"inviato", LABEL_DATE},
        {"data", LABEL_DATE},
        {"fecha", LABEL_DATE},
        {"skickat", LABEL_DATE},
        {"sendt", LABEL_DATE},
        {"dato", LABEL_DATE},
        {"lahetetty", LABEL_DATE},
        {"wyslano", LABEL_DATE},
        {"wyslane", LABEL_DATE},
        {"date d'envoi", LABEL_DATE},
        {"to", LABEL_TO},
        {"a", LABEL_TO},
        {"an", LABEL_TO},
        {"aan", LABEL_TO},
        {"para", LABEL_TO},
        {"per", LABEL_TO},
        {"till", LABEL_TO},
        {"til", LABEL_TO},
        {"vastaanottaja", LABEL_TO},
        {"do", LABEL_TO},
        {"destinataire", LABEL_TO},
        {"pour", LABEL_TO},
        {"subject", LABEL_SUBJECT},
        {"objet", LABEL_SUBJECT},
        {"sujet", LABEL_SUBJECT},
        {"betreff", LABEL_SUBJECT},
        {"onderwerp", LABEL_SUBJECT},
        {"asunto", LABEL_SUBJECT},
        {"assunto", LABEL_SUBJECT},
        {"oggetto", LABEL_SUBJECT},
        {"amne", LABEL_SUBJECT},
        {"emne", LABEL_SUBJECT},
        {"aihe", LABEL_SUBJECT},
        {"temat", LABEL_SUBJECT},
        {"cc", LABEL_CC},
        {"kopie", LABEL_CC},
        {"copie a", LABEL_CC},
        {"importance", LABEL_CC},
        {"reply-to", LABEL_CC},
        {"repondre a", LABEL_CC},
        {"priority", LABEL_CC},
        {"attachments", LABEL_CC},
};

static unsigned label_of(const char *s) {
        size_t n = strcspn(s, ":");
        if (s[n] != ':')
                return 0;
        while (n > 0 && strchr(" *", s[n - 1]))
                n--;
        for (size_t i = 0; i < ELEMENTSOF(labels); i++)
                if (labels[i].word[0] == s[0] && strlen(labels[i].word) == n && memcmp(labels[i].word, s, n) == 0)
                        return labels[i].label;
        return 0;
}

/* A header block starts here: returns the line after it, or i. A travel form has "De:", "À:" and "Date:" too, so a subject
 * or an address is needed. */
static size_t header_block(const struct split *s, size_t i) {
        unsigned seen = 0;
        bool address = false;
        size_t end = i, blanks = 0;

        for (size_t k = i; k < s->n && k < i + HEADER_LINES && !s->lines[k].quoted; k++) {
                if (s->lines[k].blank) {
                        /* One may stand between the lines when they were paragraphs. */
                        if (++blanks > 1)
                                break;
                        continue;
                }
                const char *folded = fold_line(s, k, NULL);
                unsigned label = label_of(folded);
                if (label == 0 && (k == i || blanks > 0))
                        break;
                address |= label == LABEL_FROM && strchr(folded, '@');
                seen |= label;
                if (label != 0) {
                        end = k + 1;
                        blanks = 0;
                }
        }
        bool complete = seen & LABEL_FROM && seen & (LABEL_DATE | LABEL_TO) &&
                        (seen & LABEL_SUBJECT || (address && seen & LABEL_DATE));
        return complete ? end : i;
}

/* A clock time or a year: what an attribution in any language holds. */
static bool has_date(const char *s) {
        for (const char *p = s; *p; p++) {
                if (*p < '0' || *p > '9')
                        continue;
                size_t n = strspn(p, "0123456789");
                if (n == 4 && (starts(p, "19") || starts(p, "20")))
                        return true;
                if (n <= 2 && (p[n] == ':' || p[n] == 'h' || p[n] == '.') && p[n + 1] >= '0' && p[n + 1] <= '9')
                        return true;
                p += n - 1;
        }
        return false;
}

static const char *const attribution_starts[] = {
        "on ",         "le ", "am ", "op ", "el ", "il ", "em ", "a ",  "den ", "w dniu ", "dnia ", "in data ", "quoting ",
        "in article ", "ti ", "ma ", "ke ", "to ", "pe ", "la ", "su ", "pa ",  "mon",     "tue",   "wed",      "thu",
        "fri",         "sat", "sun", "lun", "mar", "mer", "jeu", "ven", "sam",  "dim",     "do ",   "vr ",      "za ",
        "zo ",         "di ", "wo ", "man", "tir", "ons", "tor", "fre", "lor",  "son"};
static const char *const attribution_verbs[] = {"wrote",
                                                "writes",
                                                "said",
                                                "a ecrit",
                                                "ecrivait",
                                                "ecrit",
                                                "schrieb",
                                                "schreef",
                                                "schreef het volgende",
                                                "escribio",
                                                "ha scritto",
                                                "scritto",
                                                "escreveu",
                                                "napisal",
                                                "napisala",
                                                "napisal(a)",
                                                "pisze",
                                                "skrev",
                                                "kirjoitti",
                                                "skrev foljande",
                                                "het volgende geschreven",
                                                "geschreven",
                                                "folgendes geschrieben",
                                                "sent",
                                                "a repondu"};

/* Where an attribution ends, in its last line. */
static bool ends_attribution(const char *folded, size_t n) {
        return folded[n - 1] == ':' || starts(folded, "skrev") || starts(folded, "schrieb");
}

/* Whether one may end soon after line i: for most lines nothing more is looked at. */
static bool attribution_is_near(const struct split *s, size_t i) {
        for (size_t k = i, n; k < s->n && k < i + ATTRIBUTION_LINES && !s->lines[k].quoted && !s->lines[k].blank; k++) {
                const char *folded = fold_line(s, k, &n);
                if (n == 0)
                        return false;
                if (ends_attribution(folded, n))
                        return true;
        }
        return false;
}

/* The lines from i are an attribution: returns the line after it, or i. `ret_sure` says that it is one even when no ">"
 * follows. */
static size_t attribution(const struct split *s, size_t i, bool *ret_sure) {
        char joined[MARK_MAX * 2];
        size_t used = 0, end = i, n;

        if (!attribution_is_near(s, i))
                return i;
        for (size_t k = i; k < s->n && k < i + ATTRIBUTION_LINES && !s->lines[k].quoted && !s->lines[k].blank; k++) {
                const char *folded = fold_line(s, k, &n);
                if (n == 0 || used + n + 2 > sizeof(joined))
                        return i;
                if (used > 0)
                        joined[used++] = ' ';
                memcpy(joined + used, folded, n + 1);
                used += n;
                if (ends_attribution(folded, n)) {
                        end = k + 1;
                        break;
                }
        }
        if (end == i || used == 0)
                return i;
        while (used > 0 && strchr(" :", joined[used - 1]))
                joined[--used] = 0;
        bool verb = false;
        for (size_t k = 0; k < ELEMENTSOF(attribution_verbs) && !verb; k++) {
                n = strlen(attribution_verbs[k]);
                verb = used > n && strcmp(joined + used - n, attribution_verbs[k]) == 0 && joined[used - n - 1] == ' ';
        }
        /* German, Dutch and the Nordic languages put the name after the verb: "Am 3. März 2026 schrieb Eva <e@x.de>:". */
        static const char *const middle_verbs[] = {" schrieb ", " schreef ", " skrev ", " kirjoitti ", " napisal "};
        bool middle = false;
        for (size_t k = 0; k < ELEMENTSOF(middle_verbs) && !verb; k++) {
                const char *p = strstr(joined, middle_verbs[k]);
                middle |= p && strlen(p) < 120;
        }
        bool start = starts_any(joined, attribution_starts, ELEMENTSOF(attribution_starts)) ||
                     (joined[0] >= '0' && joined[0] <= '9');
        bool date = has_date(joined), address = strchr(joined, '@');
        size_t next = next_filled(s, end);
        bool before_quote = next < s->n && s->lines[next].quoted;

        /* Without a quotation after it, it must be complete: a sentence can end with "wrote:" too. */
        *ret_sure = start && date && (verb || (middle && (address || end == i + 1)));
        verb |= middle;
        if (*ret_sure ||
            (before_quote && ((verb && (start || date || address || end == i + 1)) || (date && address) || (start && date))))
                return end;
        return i;
}

/* What phones and programs add below; the whole line goes, and only this line. */
static const char *const mobile_footers[] = {"sent from my ",
                                             "sent from mail for",
                                             "sent from outlook",
                                             "sent from yahoo",
                                             "sent from proton",
                                             "sent with proton",
                                             "sent with spark",
                                             "sent via ",
                                             "sent from samsung",
                                             "sent on the go",
                                             "sent using ",
                                             "get outlook for",
                                             "envoye de mon ",
                                             "envoye depuis ",
                                             "envoye a partir de ",
                                             "envoye avec ",
                                             "envoye via ",
                                             "telecharger outlook",
                                             "obtenir outlook",
                                             "obtenez outlook",
                                             "provenance : courrier",
                                             "provenance: courrier",
                                             "von meinem ",
                                             "gesendet von ",
                                             "gesendet mit ",
                                             "outlook fur ",
                                             "holen sie sich outlook",
                                             "verzonden vanaf ",
                                             "verstuurd vanaf ",
                                             "verzonden met ",
                                             "outlook voor ",
                                             "enviado desde ",
                                             "enviado do meu ",
                                             "inviato da ",
                                             "outlook per ",
                                             "skickat fran min ",
                                             "sendt fra min ",
                                             "lahetetty iphonesta",
                                             "wyslane z ",
                                             "envoye de mon telephone",
                                             "diese nachricht wurde von meinem",
                                             "get bluemail",
                                             "download outlook"};

/* A person may begin a sentence like that: a footer is short, asks nothing and names a device or a program. */
static bool is_mobile_footer(const char *s, size_t n) {
        static const char *const things[] = {
                "iphone", "ipad",       "android",   "outlook", "samsung",  "galaxy",   "huawei",    "blackberry", "mobile",
                "phone",  "smartphone", "yahoo",     "proton",  "courrier", "mail",     "telephone", "portable",   "tablet",
                "handy",  "mobil",      "spark",     "pixel",   "xiaomi",   "telefoon", "nokia",     "windows",    "ios",
                "orange", "appareil",   "iphonesta", "device",  "hand",     "telefono", "telefon"};
        return n > 0 && n <= 90 && !strchr(s, '?') && starts_any(s, mobile_footers, ELEMENTSOF(mobile_footers)) &&
               holds_any(s, things, ELEMENTSOF(things));
}

static const char *const list_footers[] = {"you received this message because you are subscribed",
                                           "you are receiving this because you",
                                           "vous recevez ce message, car vous etes abonne",
                                           "vous recevez ce message car vous etes abonne",
                                           "to unsubscribe from this group",
                                           "sie erhalten diese nachricht, weil sie",
                                           "u ontvangt dit bericht omdat"};

/* Legal text and its sisters; the paragraph must also hold one of the second words. */
static const char *const disclaimers[] = {"this email",
                                          "this e-mail",
                                          "this message",
                                          "this electronic",
                                          "the information contained",
                                          "the information in this",
                                          "the contents of this",
                                          "confidentiality notice",
                                          "confidential",
                                          "disclaimer",
                                          "notice:",
                                          "important notice",
                                          "ce message",
                                          "ce courriel",
                                          "ce mail",
                                          "cet e-mail",
                                          "cet email",
                                          "le present message",
                                          "les informations contenues",
                                          "avis de confidentialite",
                                          "avertissement",
                                          "l'information contenue",
                                          "si vous n'etes pas",
                                          "if you are not the",
                                          "if you have received this",
                                          "diese e-mail",
                                          "diese nachricht",
                                          "diese mail",
                                          "die information",
                                          "dit bericht",
                                          "deze e-mail",
                                          "deze mail",
                                          "de informatie",
                                          "please consider the environment",
                                          "pensez a l'environnement",
                                          "afin de contribuer",
                                          "avant d'imprimer",
                                          "n'imprimez",
                                          "merci de n'imprimer",
                                          "think before you print",
                                          "bitte prufen sie",
                                          "denk aan het milieu",
                                          "p pensez",
                                          "p please consider"};
static const char *const disclaimer_words[] = {"confidenti",   "privileged",  "intended",      "recipient", "destine",
                                               "destinataire", "vertraulich", "vertrouwelijk", "bestemd",   "environ",
                                               "imprim",       "print",       "drucken",       "virus",     "unauthori",
                                               "legally",      "milieu",      "umwelt",        "empfanger", "geadresseerde"};

static bool is_disclaimer(const struct split *s, size_t i, const char *folded) {
        if (!starts_any(folded, disclaimers, ELEMENTSOF(disclaimers)))
                return false;
        for (size_t k = i; k < s->n && k < i + 12 && !s->lines[k].blank && !s->lines[k].quoted; k++)
                if (holds_any(fold_line(s, k, NULL), disclaimer_words, ELEMENTSOF(disclaimer_words)))
                        return true;
        return false;
}

/* Lines longer than a mark: only their first words count, and only for legal text. */
static bool is_long_disclaimer(const struct split *s, size_t i) {
        char head[64], body[2048];
        const struct line *l = s->lines + i;

        if (l->len < MARK_MAX)
                return false;
        (void) utf8_fold(s->text + l->at, MIN(l->len, 60U), head, sizeof(head));
        if (!starts_any(head + strspn(head, " *_\"("), disclaimers, ELEMENTSOF(disclaimers)))
                return false;
        (void) utf8_fold(s->text + l->at, MIN(l->len, 2000U), body, sizeof(body));
        return holds_any(body, disclaimer_words, ELEMENTSOF(disclaimer_words));
}

/* Words that close a letter; the name and the contact details come after. */
static const char *const closings[] = {"cordialement",
                                       "bien cordialement",
                                       "tres cordialement",
                                       "bien a vous",
                                       "bien a toi",
                                       "salutations",
                                       "meilleures salutations",
                                       "sinceres salutations",
                                       "respectueusement",
                                       "amicalement",
                                       "best regards",
                                       "kind regards",
                                       "regards",
                                       "warm regards",
                                       "best",
                                       "all the best",
                                       "many thanks",
                                       "sincerely",
                                       "yours sincerely",
                                       "yours faithfully",
                                       "cheers",
                                       "mit freundlichen grussen",
                                       "viele grusse",
                                       "beste grusse",
                                       "freundliche grusse",
                                       "liebe grusse",
                                       "lg",
                                       "mfg",
                                       "met vriendelijke groet",
                                       "met vriendelijke groeten",
                                       "vriendelijke groeten",
                                       "groeten",
                                       "mvg",
                                       "saludos",
                                       "cordiali saluti",
                                       "cdlt",
                                       "bav",
                                       "belle journee",
                                       "bonne journee",
                                       "bonne soiree",
                                       "bonne fin de journee",
                                       "bonne reception",
                                       "thanks",
                                       "merci"};

static bool is_closing(const char *s, size_t n) {
        while (n > 0 && strchr(" ,.!;", s[n - 1]))
                n--;
        for (size_t i = 0; i < ELEMENTSOF(closings); i++)
                if (n > 0 && closings[i][0] == s[0] && strlen(closings[i]) == n && memcmp(closings[i], s, n) == 0)
                        return true;
        return false;
}

static size_t count_digits(const char *s) {
        size_t n = 0;
        for (; *s; s++)
                n += *s >= '0' && *s <= '9';
        return n;
}

/* After closing words: a name, then short lines of which one is a phone number, an address or a site. The name stays,
 * as it is the writer's own; a postscript or anything that reads like a sentence keeps everything. */
static void drop_contact(struct split *s, size_t closing) {
        /* A number in a sentence of the writer is no business card. */
        static const char *const sentences[] = {
                "please", "can ", "could ", "call",  "merci", "pouvez", "pourriez", "appel", "rappel", "let me", "i ",
                "i'",     "je ",  "j'",     "nous ", "we ",   "il ",    "on ",      "you ",  "vous ",  "bitte",  "ich ",
                "ik ",    "wir ", "wij ",   "see ",  "voir ", "-",      "the ",     "your ", "votre ", "mon ",   "my "};
        size_t name = next_filled(s, closing + 1), end = name, lines = 0;
        bool contact = false;

        for (; end < s->n && !s->lines[end].out; end++) {
                if (s->lines[end].blank)
                        continue;
                size_t n;
                const char *folded = fold_line(s, end, &n);
                if (n == 0 && s->lines[end].len >= MARK_MAX)
                        return;
                bool line_contact =
                        strchr(folded, '@') || strstr(folded, "www.") || strstr(folded, "http") || count_digits(folded) >= 8;
                if (++lines > CONTACT_LINES || n > CONTACT_WIDTH || strchr(folded, '?') || starts(folded, "ps") ||
                    starts(folded, "p.s") || starts(folded, "nb"))
                        return;
                if (end > name && starts_any(folded, sentences, ELEMENTSOF(sentences)))
                        return;
                if (n > 40 && folded[n - 1] == '.' && !line_contact)
                        return;
                contact |= line_contact && end > name;
        }
        if (contact)
                drop(s, name + 1, end);
}

/* Lines from i up to the next quotation that are not empty. */
static size_t filled_until_quote(const struct split *s, size_t i) {
        size_t n = 0;
        for (; i < s->n && !s->lines[i].quoted && n <= SIGNATURE_LINES; i++)
                n += !s->lines[i].blank;
        return n;
}

static bool is_signature(const struct split *s, size_t i) {
        const char *p = s->text + s->lines[i].at;
        uint32_t n = s->lines[i].len;

        if (n < 2 || memcmp(p, "--", 2) != 0)
                return false;
        if (n == 3 && p[2] == ' ')
                return filled_until_quote(s, i + 1) <= SIGNATURE_LINES;
        return n == 2 && filled_until_quote(s, i + 1) <= SIGNATURE_LINES_BARE;
}

static bool is_list_rule(const struct split *s, size_t i) {
        static const char *const words[] = {"mailing list", "liste de diffusion", "listinfo",     "unsubscribe",
                                            "mailman",      "mailinglist",        "google groups"};
        const char *p = s->text + s->lines[i].at;
        size_t n = strspn(p, "_-=");

        if (n < 3 || n < s->lines[i].len)
                return false;
        for (size_t k = i + 1; k < s->n && k <= i + 4; k++)
                if (holds_any(fold_line(s, k, NULL), words, ELEMENTSOF(words)))
                        return filled_until_quote(s, i + 1) <= SIGNATURE_LINES_BARE;
        return false;
}

/* The quotation that begins after a mark ends the message, unless it is marked with ">" and so ends by itself. */
static size_t drop_quotation(struct split *s, size_t from, size_t body) {
        size_t next = next_filled(s, body);
        if (next < s->n && s->lines[next].quoted) {
                drop(s, from, next);
                return next;
        }
        drop(s, from, s->n);
        return s->n;
}

/* Look at line i, which is not quoted; returns the next line to look at. */
static size_t sort_line(struct split *s, size_t i) {
        bool sure;
        size_t n;
        const char *folded = fold_line(s, i, &n);

        if (is_signature(s, i) || is_list_rule(s, i)) {
                drop_until_quote(s, i);
                return i + 1;
        }
        if (n == 0) {
                if (is_long_disclaimer(s, i))
                        drop_until_quote(s, i);
                return i + 1;
        }
        enum mark mark = mark_of(folded);
        if (mark != MARK_NONE) {
                s->forward |= mark == MARK_FORWARD;
                size_t body = next_filled(s, i + 1);
                return drop_quotation(s, i, body < s->n ? header_block(s, body) : body);
        }
        size_t end = header_block(s, i);
        if (end > i) {
                /* The rule that Outlook draws above. */
                for (size_t k = i; k-- > 0 && (s->lines[k].blank || strspn(s->text + s->lines[k].at, "_-") >= 10);)
                        s->lines[k].out = true;
                return drop_quotation(s, i, end);
        }
        end = attribution(s, i, &sure);
        if (end > i)
                return drop_quotation(s, i, end);
        if (is_mobile_footer(folded, n)) {
                s->lines[i].out = true;
                return i + 1;
        }
        if (starts_any(folded, list_footers, ELEMENTSOF(list_footers)) || is_disclaimer(s, i, folded)) {
                drop_until_quote(s, i);
                return i + 1;
        }
        return i + 1;
}

/* A forwarded block that HTML already marked as a quotation: its first words tell, unless an answer stands above it. */
static bool quote_is_forward(const struct split *s, size_t i) {
        char folded[MARK_MAX];
        const struct line *l = s->lines + i;
        const char *p = s->text + l->at;
        uint32_t skip = 0;

        while (skip < l->len && strchr("> \t", p[skip]))
                skip++;
        (void) fold_span(p + skip, l->len - skip, folded);
        return mark_of(folded) == MARK_FORWARD;
}

static void sort_lines(struct split *s) {
        size_t closing = SIZE_MAX;

        for (size_t i = 0; i < s->n;) {
                const struct line *l = s->lines + i;
                if (l->quoted) {
                        if (i == 0 || !s->lines[i - 1].quoted)
                                s->forward |= quote_is_forward(s, i);
                        i++;
                        continue;
                }
                if (l->blank || l->out) {
                        i++;
                        continue;
                }
                i = sort_line(s, i);
        }
        for (size_t i = 0, n; i < s->n && closing == SIZE_MAX; i++) {
                if (s->lines[i].out || s->lines[i].blank)
                        continue;
                const char *folded = fold_line(s, i, &n);
                if (is_closing(folded, n))
                        closing = i;
        }
        if (closing != SIZE_MAX)
                drop_contact(s, closing);
}

/* Copy the lines of one kind; runs of empty lines become one, and none stands at either end. */
static const char *collect(const struct split *s, bool out, struct arena *arena) {
        char *text = arena_alloc(arena, strlen(s->text) + 2);
        size_t used = 0;
        bool gap = false;

        if (!text)
                return NULL;
        for (size_t i = 0; i < s->n; i++) {
                const struct line *l = s->lines + i;
                if (l->out != out || l->blank) {
                        gap |= l->blank || !out;
                        continue;
                }
                if (used > 0)
                        text[used++] = '\n';
                /* The room for the second line end is that of the line that was left out. */
                if (used > 0 && gap)
                        text[used++] = '\n';
                gap = false;
                uint32_t n = l->len;
                while (n > 0 && is_blank(s->text[l->at + n - 1]))
                        n--;
                memcpy(text + used, s->text + l->at, n);
                used += n;
        }
        text[used] = 0;
        return text;
}

int text_split_new(const char *text, struct arena *arena, const char **ret_new, const char **ret_quoted, bool *ret_forward) {
        struct split s = {};
        const char *fresh = NULL, *rest = NULL;

        int e = strlen(text) < UINT32_MAX ? cut_lines(text, &s) : -ENOMEM;
        if (e == 0) {
                sort_lines(&s);
                fresh = collect(&s, false, arena);
                rest = collect(&s, true, arena);
        }
        free(s.lines);
        free(s.folded);
        if (!fresh || !rest)
                return -ENOMEM;
        *ret_new = fresh;
        *ret_quoted = rest;
        *ret_forward = s.forward;
        return 0;
}

/* RFC 3676. A line that ends with a blank goes on in the next one of the same depth, but for the signature's "-- ". */
int text_unflow(const char *text, bool delsp, struct arena *arena, char **ret) {
        /* Quote marks grow by one blank for each line that has any, which needs at least '>' and a line end. */
        size_t size = strlen(text);
        char *out = arena_alloc(arena, size + size / 2 + 2);
        size_t used = 0, open_depth = 0;
        bool open = false;

        if (!out)
                return -ENOMEM;
        for (const char *p = text; *p;) {
                size_t len = strcspn(p, "\n"), depth = strspn(p, ">");
                const char *next = p[len] ? p + len + 1 : p + len;
                const char *body = p + MIN(depth, len);
                size_t n = (size_t) (p + len - body);
                if (n > 0 && *body == ' ')
                        body++, n--; /* space-stuffing */
                bool signature = n == 3 && memcmp(body, "-- ", 3) == 0;
                bool flowed = n > 0 && body[n - 1] == ' ' && !signature;
                if (open && (depth != open_depth || signature)) {
                        out[used++] = '\n'; /* a writer that forgot to end its paragraph */
                        open = false;
                }
                if (!open && depth > 0) {
                        memset(out + used, '>', depth);
                        used += depth;
                        out[used++] = ' ';
                }
                size_t keep = flowed && delsp ? n - 1 : n;
                memcpy(out + used, body, keep);
                used += keep;
                open = flowed;
                open_depth = depth;
                if (!flowed && *(p + len))
                        out[used++] = '\n';
                p = next;
        }
        out[used] = 0;
        *ret = out;
        return 0;
}
