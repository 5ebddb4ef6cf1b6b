/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <endian.h>

#include "parsers/text.h"
#include "parsers/utf8.h"

/* Languages are told apart by their commonest short words. A word of one language only weighs more than one that several
 * share. Portuguese and the Nordic languages are there so as not to be taken for a neighbour: they answer NULL. */

/* As much text as is looked at: a mail does not change its language after that. */
#define LANGUAGE_TEXT_MAX 1024U
/* Weights, and what is needed to be sure: two words that only this language has, and a clear distance to the next. */
#define WEIGHT_OWN 3U
#define WEIGHT_SHARED 1U
#define SCORE_MIN 6U

enum { FR, EN, DE, NL, ES, IT, PT, NORDIC, LANGUAGES };

static const char *const names[LANGUAGES] = {"fr", "en", "de", "nl", "es", "it", NULL, NULL};

#define L(x) (1U << (x))

/* Longest word of the table, and room for it as two numbers. */
#define LANGUAGE_WORD_MAX 15U

struct language_word {
        char word[LANGUAGE_WORD_MAX + 1]; /* filled up with NULs: compared as numbers */
        unsigned languages;
};

/* Folded, sorted. */
/* Several words a line. */
/* clang-format off */
static const struct language_word words[] = {
        {"a", L(FR) | L(IT) | L(PT)}, {"aan", L(NL)}, {"abbiamo", L(IT)}, {"aber", L(DE)}, {"about", L(EN)},
        {"abraco", L(PT)}, {"afspraak", L(NL)}, {"after", L(EN)}, {"ai", L(FR)}, {"al", L(NL) | L(ES) | L(IT)},
        {"algunos", L(ES)}, {"all", L(EN)}, {"alla", L(IT)}, {"als", L(DE) | L(NL)}, {"also", L(EN)}, {"alvast", L(NL)},
        {"am", L(EN) | L(DE)}, {"amanha", L(PT)}, {"an", L(EN) | L(DE)}, {"anche", L(IT)}, {"and", L(EN)},
        {"ante", L(ES)}, {"antes", L(ES)}, {"any", L(EN)}, {"ao", L(PT)}, {"aos", L(PT)}, {"apres", L(FR)},
        {"ar", L(NORDIC)}, {"are", L(EN)}, {"as", L(FR) | L(EN) | L(PT)}, {"at", L(EN)}, {"ate", L(PT)},
        {"atenciosamente", L(PT)}, {"att", L(NORDIC)}, {"au", L(FR)}, {"auch", L(DE)}, {"auf", L(DE)},
        {"aujourd", L(FR)}, {"aus", L(DE)}, {"aussi", L(FR)}, {"aux", L(FR)}, {"av", L(NORDIC)}, {"avant", L(FR)},
        {"avec", L(FR)}, {"avez", L(FR)}, {"avoir", L(FR)}, {"avons", L(FR)}, {"ayer", L(ES)}, {"be", L(EN)},
        {"beaucoup", L(FR)}, {"because", L(EN)}, {"bedankt", L(NL)}, {"been", L(EN)}, {"before", L(EN)}, {"bei", L(DE)},
        {"bene", L(IT)}, {"best", L(EN)}, {"beste", L(NL)}, {"bien", L(FR)}, {"bij", L(NL)}, {"bis", L(DE)},
        {"bitte", L(DE)}, {"ble", L(NORDIC)}, {"blir", L(NORDIC)}, {"bom", L(PT)}, {"bonjour", L(FR)}, {"bonne", L(FR)},
        {"bonsoir", L(FR)}, {"buenos", L(ES)}, {"buonasera", L(IT)}, {"buongiorno", L(IT)}, {"but", L(EN)},
        {"by", L(EN)}, {"ca", L(FR)}, {"call", L(EN)}, {"can", L(EN)}, {"car", L(FR)}, {"ce", L(FR)}, {"cela", L(FR)},
        {"ces", L(FR)}, {"cette", L(FR)}, {"che", L(IT)}, {"chez", L(FR)}, {"chi", L(IT)}, {"ci", L(FR) | L(IT)},
        {"ciao", L(IT)}, {"com", L(PT)}, {"come", L(IT)}, {"comment", L(FR)}, {"como", L(ES) | L(PT)},
        {"con", L(ES) | L(IT)}, {"contra", L(ES)}, {"cordialement", L(FR)}, {"cordiali", L(IT)}, {"could", L(EN)},
        {"cuando", L(ES)}, {"da", L(IT) | L(PT)}, {"dan", L(NL)}, {"dank", L(DE) | L(NL)}, {"danke", L(DE)},
        {"dans", L(FR)}, {"das", L(DE) | L(PT)}, {"dass", L(DE)}, {"dat", L(NL)}, {"day", L(EN)},
        {"de", L(FR) | L(NL) | L(ES) | L(PT) | L(NORDIC)}, {"dear", L(EN)}, {"deg", L(NORDIC)}, {"degli", L(IT)},
        {"dei", L(IT)}, {"del", L(ES) | L(IT)}, {"della", L(IT)}, {"delle", L(IT)}, {"dem", L(DE)}, {"demain", L(FR)},
        {"den", L(DE) | L(NORDIC)}, {"depois", L(PT)}, {"depuis", L(FR)}, {"der", L(DE)}, {"des", L(FR) | L(DE)},
        {"desde", L(ES)}, {"det", L(NORDIC)}, {"deze", L(NL)}, {"di", L(IT)}, {"dia", L(PT)}, {"dias", L(ES)},
        {"did", L(EN)}, {"die", L(DE)}, {"dig", L(NORDIC)}, {"din", L(NORDIC)}, {"dit", L(NL)}, {"do", L(EN) | L(PT)},
        {"domani", L(IT)}, {"donc", L(FR)}, {"donde", L(ES)}, {"door", L(NL)}, {"dos", L(PT)}, {"du", L(FR)},
        {"durante", L(ES)}, {"e", L(IT) | L(PT)}, {"een", L(NL)}, {"ein", L(DE)}, {"eine", L(DE)}, {"einem", L(DE)},
        {"einen", L(DE)}, {"einer", L(DE)}, {"el", L(ES)}, {"ela", L(PT)}, {"ele", L(PT)}, {"eles", L(PT)},
        {"elle", L(FR)}, {"eller", L(NORDIC)}, {"ellos", L(ES)}, {"em", L(PT)},
        {"en", L(FR) | L(NL) | L(ES) | L(NORDIC)}, {"encore", L(FR)}, {"entre", L(FR) | L(ES) | L(PT)},
        {"envoyer", L(FR)}, {"er", L(NL) | L(NORDIC)}, {"es", L(DE) | L(ES)}, {"ese", L(ES)}, {"eso", L(ES)},
        {"essa", L(PT)}, {"esse", L(PT)}, {"essere", L(IT)}, {"est", L(FR)}, {"esta", L(ES)}, {"este", L(ES)},
        {"estoy", L(ES)}, {"et", L(FR) | L(NORDIC)}, {"etre", L(FR)}, {"ett", L(NORDIC)}, {"eu", L(PT)},
        {"even", L(NL)}, {"facture", L(FR)}, {"faire", L(FR)}, {"for", L(EN) | L(NORDIC)}, {"fra", L(IT) | L(NORDIC)},
        {"fran", L(NORDIC)}, {"frau", L(DE)}, {"freundlichen", L(DE)}, {"from", L(EN)}, {"fur", L(DE)},
        {"geehrte", L(DE)}, {"geehrter", L(DE)}, {"geen", L(NL)}, {"gerne", L(DE)}, {"gestern", L(DE)}, {"get", L(EN)},
        {"gisteren", L(NL)}, {"gli", L(IT)}, {"goedemorgen", L(NL)}, {"graag", L(NL)}, {"gracias", L(ES)},
        {"grazie", L(IT)}, {"groet", L(NL)}, {"groeten", L(NL)}, {"grusse", L(DE)}, {"guten", L(DE)}, {"ha", L(IT)},
        {"habe", L(DE)}, {"haben", L(DE)}, {"hai", L(IT)}, {"hallo", L(DE) | L(NL)}, {"halsningar", L(NORDIC)},
        {"han", L(NORDIC)}, {"hanno", L(IT)}, {"har", L(NORDIC)}, {"hartelijk", L(NL)}, {"has", L(EN)},
        {"hasta", L(ES)}, {"hat", L(DE)}, {"have", L(EN)}, {"hay", L(ES)}, {"he", L(EN)}, {"hebben", L(NL)},
        {"heeft", L(NL)}, {"heel", L(NL)}, {"hei", L(NORDIC)}, {"hej", L(NORDIC)}, {"hello", L(EN)}, {"hem", L(NL)},
        {"her", L(EN)}, {"here", L(EN)}, {"herr", L(DE)}, {"het", L(NL)}, {"heute", L(DE)}, {"hi", L(EN)},
        {"hier", L(FR)}, {"hilsen", L(NORDIC)}, {"him", L(EN)}, {"ho", L(IT)}, {"hoe", L(NL)}, {"hoje", L(PT)},
        {"hola", L(ES)}, {"how", L(EN)}, {"hoy", L(ES)}, {"hui", L(FR)}, {"hvis", L(NORDIC)}, {"i", L(EN) | L(IT)},
        {"ich", L(DE)}, {"ici", L(FR)}, {"ieri", L(IT)}, {"if", L(EN)}, {"ihnen", L(DE)}, {"ihr", L(DE)},
        {"ihre", L(DE)}, {"ik", L(NL)}, {"ikke", L(NORDIC)}, {"il", L(FR) | L(IT)}, {"im", L(DE)},
        {"in", L(EN) | L(DE) | L(NL) | L(IT)}, {"inte", L(NORDIC)}, {"is", L(EN) | L(NL)}, {"isso", L(PT)},
        {"ist", L(DE)}, {"it", L(EN)}, {"its", L(EN)}, {"ja", L(PT)}, {"jag", L(NORDIC)}, {"je", L(FR) | L(NL)},
        {"jeg", L(NORDIC)}, {"jij", L(NL)}, {"joint", L(FR)}, {"jour", L(FR)}, {"journee", L(FR)}, {"just", L(EN)},
        {"kan", L(NL) | L(NORDIC)}, {"kann", L(DE)}, {"know", L(EN)}, {"kommer", L(NORDIC)}, {"konnen", L(DE)},
        {"kunnen", L(NL)}, {"la", L(FR) | L(ES) | L(IT)}, {"las", L(ES)}, {"le", L(FR) | L(ES) | L(IT)},
        {"les", L(FR) | L(ES)}, {"let", L(EN)}, {"leur", L(FR)}, {"lo", L(ES) | L(IT)}, {"los", L(ES)}, {"lui", L(FR)},
        {"ma", L(FR) | L(IT)}, {"maar", L(NL)}, {"mais", L(FR) | L(PT)}, {"make", L(EN)}, {"mal", L(DE)},
        {"manana", L(ES)}, {"mas", L(ES) | L(PT)}, {"may", L(EN)}, {"me", L(EN) | L(ES) | L(PT)}, {"med", L(NORDIC)},
        {"meeting", L(EN)}, {"meg", L(NORDIC)}, {"meme", L(FR)}, {"men", L(NL) | L(NORDIC)}, {"merci", L(FR)},
        {"mes", L(FR)}, {"mesmo", L(PT)}, {"met", L(NL)}, {"meu", L(PT)}, {"mi", L(ES) | L(IT)}, {"mich", L(DE)},
        {"mig", L(NORDIC)}, {"mij", L(NL)}, {"mijn", L(NL)}, {"minha", L(PT)}, {"mir", L(DE)}, {"mit", L(DE)},
        {"moet", L(NL)}, {"moeten", L(NL)}, {"moi", L(FR)}, {"molto", L(IT)}, {"mon", L(FR)}, {"more", L(EN)},
        {"morgen", L(DE) | L(NL)}, {"muito", L(PT)}, {"muss", L(DE)}, {"mussen", L(DE)}, {"muy", L(ES)},
        {"mvh", L(NORDIC)}, {"my", L(EN)}, {"naar", L(NL)}, {"nach", L(DE)}, {"nao", L(PT)}, {"nar", L(NORDIC)},
        {"nas", L(PT)}, {"ne", L(FR) | L(IT)}, {"need", L(EN)}, {"nel", L(IT)}, {"nella", L(IT)}, {"nem", L(PT)},
        {"ni", L(ES)}, {"nicht", L(DE)}, {"niet", L(NL)}, {"no", L(EN) | L(ES)}, {"noch", L(DE)}, {"nog", L(NL)},
        {"non", L(FR) | L(IT)}, {"nos", L(FR) | L(ES) | L(PT)}, {"not", L(EN)}, {"notre", L(FR)}, {"nous", L(FR)},
        {"nu", L(NORDIC)}, {"num", L(PT)}, {"nur", L(DE)}, {"o", L(ES) | L(PT)}, {"obrigada", L(PT)},
        {"obrigado", L(PT)}, {"och", L(NORDIC)}, {"oder", L(DE)}, {"of", L(EN) | L(NL)}, {"og", L(NORDIC)},
        {"oggi", L(IT)}, {"ola", L(PT)}, {"om", L(NL) | L(NORDIC)}, {"on", L(FR) | L(EN)}, {"ons", L(NL)},
        {"onze", L(NL)}, {"ook", L(NL)}, {"op", L(NL)}, {"or", L(EN)}, {"os", L(PT)}, {"oss", L(NORDIC)},
        {"otro", L(ES)}, {"otros", L(ES)}, {"ou", L(FR) | L(PT)}, {"oui", L(FR)}, {"our", L(EN)}, {"out", L(EN)},
        {"over", L(NL)}, {"pa", L(NORDIC)}, {"par", L(FR)}, {"para", L(ES) | L(PT)}, {"pas", L(FR)}, {"pela", L(PT)},
        {"pelo", L(PT)}, {"per", L(IT)}, {"perche", L(IT)}, {"pero", L(ES)}, {"peux", L(FR)}, {"piu", L(IT)},
        {"please", L(EN)}, {"plus", L(FR)}, {"por", L(ES) | L(PT)}, {"porque", L(ES)}, {"posso", L(IT)},
        {"pour", L(FR)}, {"pourquoi", L(FR)}, {"pourriez", L(FR)}, {"pouvez", L(FR)}, {"puede", L(ES)},
        {"puedo", L(ES)}, {"puo", L(IT)}, {"puoi", L(IT)}, {"quand", L(FR)}, {"quando", L(PT)},
        {"que", L(FR) | L(ES) | L(PT)}, {"quella", L(IT)}, {"quello", L(IT)}, {"quem", L(PT)}, {"questa", L(IT)},
        {"questo", L(IT)}, {"qui", L(FR)}, {"quien", L(ES)}, {"regards", L(EN)}, {"reuniao", L(PT)},
        {"reunion", L(FR) | L(ES)}, {"rien", L(FR)}, {"riunione", L(IT)}, {"sa", L(FR) | L(NORDIC)}, {"saludos", L(ES)},
        {"salut", L(FR)}, {"saluti", L(IT)}, {"sans", L(FR)}, {"schon", L(DE)}, {"se", L(FR) | L(ES) | L(IT)},
        {"see", L(EN)}, {"sehr", L(DE)}, {"sei", L(IT)}, {"sem", L(PT)}, {"semaine", L(FR)}, {"send", L(EN)},
        {"ses", L(FR)}, {"seu", L(PT)}, {"seus", L(PT)}, {"she", L(EN)}, {"should", L(EN)},
        {"si", L(FR) | L(ES) | L(IT)}, {"siamo", L(IT)}, {"sich", L(DE)}, {"sie", L(DE)}, {"siete", L(IT)},
        {"sig", L(NORDIC)}, {"sin", L(ES)}, {"sind", L(DE)}, {"ska", L(NORDIC)}, {"skal", L(NORDIC)},
        {"skall", L(NORDIC)}, {"so", L(EN) | L(DE) | L(PT)}, {"sobre", L(ES)}, {"som", L(NORDIC)}, {"son", L(FR)},
        {"sono", L(IT)}, {"sont", L(FR)}, {"su", L(ES) | L(IT)}, {"sua", L(PT)}, {"suas", L(PT)}, {"suis", L(FR)},
        {"sul", L(IT)}, {"sur", L(FR)}, {"sus", L(ES)}, {"tack", L(NORDIC)}, {"tag", L(DE)}, {"tak", L(NORDIC)},
        {"takk", L(NORDIC)}, {"tambem", L(PT)}, {"tambien", L(ES)}, {"te", L(FR) | L(NL)}, {"termin", L(DE)},
        {"than", L(EN)}, {"thank", L(EN)}, {"thanks", L(EN)}, {"that", L(EN)}, {"the", L(EN)}, {"their", L(EN)},
        {"them", L(EN)}, {"then", L(EN)}, {"there", L(EN)}, {"they", L(EN)}, {"this", L(EN)}, {"ti", L(IT)},
        {"til", L(NORDIC)}, {"till", L(NORDIC)}, {"to", L(EN)}, {"today", L(EN)}, {"todo", L(ES)}, {"todos", L(ES)},
        {"tomorrow", L(EN)}, {"tot", L(NL)}, {"toujours", L(FR)}, {"tous", L(FR)}, {"tout", L(FR)}, {"toute", L(FR)},
        {"tra", L(IT)}, {"tres", L(FR)}, {"tu", L(FR)}, {"u", L(NL)}, {"uber", L(DE)}, {"um", L(PT)}, {"uma", L(PT)},
        {"un", L(FR) | L(ES) | L(IT)}, {"una", L(ES) | L(IT)}, {"und", L(DE)}, {"une", L(FR)}, {"uno", L(ES) | L(IT)},
        {"uns", L(DE)}, {"unser", L(DE)}, {"unsere", L(DE)}, {"up", L(EN)}, {"us", L(EN)}, {"usted", L(ES)},
        {"ustedes", L(ES)}, {"uw", L(NL)}, {"van", L(NL)}, {"vandaag", L(NL)}, {"var", L(NORDIC)},
        {"venlig", L(NORDIC)}, {"vennlig", L(NORDIC)}, {"veuillez", L(FR)}, {"vi", L(IT) | L(NORDIC)},
        {"vielen", L(DE)}, {"vil", L(NORDIC)}, {"voce", L(PT)}, {"von", L(DE)}, {"voor", L(NL)}, {"vores", L(NORDIC)},
        {"vos", L(FR)}, {"votre", L(FR)}, {"vous", L(FR)}, {"vriendelijke", L(NL)}, {"was", L(EN) | L(DE)},
        {"wat", L(NL)}, {"we", L(EN) | L(NL)}, {"week", L(EN)}, {"wel", L(NL)}, {"wenn", L(DE)}, {"wer", L(DE)},
        {"werden", L(DE)}, {"were", L(EN)}, {"what", L(EN)}, {"when", L(EN)}, {"where", L(EN)}, {"which", L(EN)},
        {"who", L(EN)}, {"why", L(EN)}, {"wie", L(DE)}, {"wij", L(NL)}, {"will", L(EN)}, {"wir", L(DE)},
        {"wird", L(DE)}, {"with", L(EN)}, {"wo", L(DE)}, {"worden", L(NL)}, {"wordt", L(NL)}, {"would", L(EN)},
        {"y", L(FR) | L(ES)}, {"ya", L(ES)}, {"yes", L(EN)}, {"yo", L(ES)}, {"you", L(EN)}, {"your", L(EN)},
        {"ze", L(NL)}, {"zich", L(NL)}, {"zijn", L(NL)}, {"zo", L(NL)}, {"zou", L(NL)}, {"zu", L(DE)}, {"zum", L(DE)},
        {"zur", L(DE)},
};
/* clang-format on */

/* Eight bytes as a number, the first byte highest. */
static uint64_t read_number(const char *s) {
        uint64_t v;
        memcpy(&v, s, sizeof(v));
        return be64toh(v);
}

/* At most eight bytes of a word of n bytes at s, of which eight can be read. */
static uint64_t word_number(const char *s, size_t n) {
        uint64_t v = read_number(s);
        return n < sizeof(v) ? v >> (64 - 8 * n) << (64 - 8 * n) : v;
}

/* Multiplication spreads every bit upwards; the top bits are the place. Odd numbers without a pattern. */
static size_t place_of(uint64_t head, uint64_t tail) {
        return (head * UINT64_C(0x9E3779B97F4A7C15) ^ tail * UINT64_C(0xC2B2AE3D27D4EB4F)) >> 53;
}
_Static_assert(LANGUAGE_PLACES == 1U << (64 - 53), "as many places as the hash has values");
_Static_assert(ELEMENTSOF(words) < LANGUAGE_PLACES / 2, "most places are empty, so that a search ends soon");

/* Of what stands in a place: a word that belongs there stands further on. */
#define PLACE_MORE 0x8000U

void language_index_fill(struct language_index *ret) {
        *ret = (struct language_index){0};
        for (size_t k = 0; k < ELEMENTSOF(words); k++) {
                size_t i = place_of(read_number(words[k].word), read_number(words[k].word + 8));
                for (; ret->places[i]; i = (i + 1) % LANGUAGE_PLACES)
                        ret->places[i] |= PLACE_MORE;
                ret->places[i] = (uint16_t) (k + 1);
        }
}

static bool word_is(const struct language_word *w, uint64_t head, uint64_t tail) {
        return ((read_number(w->word) ^ head) | (read_number(w->word + 8) ^ tail)) == 0;
}

/* The languages of a word, 0 when it tells none; n > 0, sixteen bytes can be read at s. Compares numbers and hardly branches: every byte of a
 * plain comparison of strings, and whether there is such a word, would be a guess of the processor gone wrong. */
static unsigned find_word(const struct language_index *x, const char *s, size_t n) {
        if (n > LANGUAGE_WORD_MAX)
                return 0;
        uint64_t head = word_number(s, n), tail = n > 8 ? word_number(s + 8, n - 8) : 0;
        for (size_t i = place_of(head, tail);; i = (i + 1) % LANGUAGE_PLACES) {
                /* An empty place stands for the first word, which is not this one, or the place would be its own. */
                size_t k = x->places[i] % PLACE_MORE;
                const struct language_word *w = words + k - (k > 0);
                if (!(x->places[i] & PLACE_MORE) || word_is(w, head, tail))
                        return word_is(w, head, tail) ? w->languages : 0;
        }
}

/* One in each of the four 16-bit parts whose bit is set. A text that is looked at has too few words for a part to run over. */
static uint64_t parts_of(unsigned bits) {
        return (uint64_t) (bits & 1) | (uint64_t) (bits & 2) << 15 | (uint64_t) (bits & 4) << 30 |
               (uint64_t) (bits & 8) << 45;
}
_Static_assert(LANGUAGE_TEXT_MAX *WEIGHT_OWN < UINT16_MAX, "no part runs over");
_Static_assert(LANGUAGES == 8, "two times four parts");

static void score_word(const struct language_index *x, const char *s, size_t n, uint64_t scores[static 2]) {
        unsigned languages = find_word(x, s, n);
        uint64_t weight = languages & (languages - 1) ? WEIGHT_SHARED : WEIGHT_OWN;
        scores[0] += parts_of(languages) * weight;
        scores[1] += parts_of(languages >> 4) * weight;
}

static size_t word_length(const char *s, size_t n) {
        uint32_t cp;
        size_t len = 0, k;
        for (;; len += k) {
                len += utf8_word_run(s + len);
                if ((unsigned char) s[len] < 0x80 || (k = utf8_decode(s + len, n - len, &cp)) == 0 || !utf8_is_word(cp))
                        return len;
        }
}

/* The pieces of addresses and links say nothing about the language. */
static bool is_glue(char c) {
        static const bool glue[256] = {
                ['/'] = true, ['@'] = true, ['_'] = true, ['='] = true, ['&'] = true, ['%'] = true, ['#'] = true};
        return glue[(unsigned char) c];
}

const char *text_language(const struct language_index *index, const char *text) {
        struct language_index own;
        char folded[LANGUAGE_TEXT_MAX + UTF8_PADDING];
        uint64_t scores[2] = {0};
        unsigned tokens = 0;
        size_t n = strnlen(text, LANGUAGE_TEXT_MAX);

        if (!index) {
                language_index_fill(&own);
                index = &own;
        }
        n = utf8_fold(text, utf8_boundary(text, n), folded, LANGUAGE_TEXT_MAX + 1);
        memset(folded + n, 0, UTF8_PADDING);
        for (size_t i = 0, len; i < n; i += len) {
                len = word_length(folded + i, n - i);
                if (len == 0) {
                        len = 1;
                        continue;
                }
                if ((i + len < n && is_glue(folded[i + len])) || (i > 0 && is_glue(folded[i - 1])))
                        continue;
                tokens++;
                score_word(index, folded + i, len, scores);
        }

        unsigned best = 0, second = 0, at = 0;
        for (unsigned i = 0; i < LANGUAGES; i++) {
                unsigned score = scores[i / 4] >> i % 4 * 16 & 0xFFFF;
                if (score > best) {
                        second = best;
                        best = score;
                        at = i;
                } else if (score > second)
                        second = score;
        }
        /* In running text every third word or so is one of these; a list of products holds one by chance. */
        if (best < SCORE_MIN || best * 2 < second * 3 || best * 4 < tokens)
                return NULL;
        return names[at];
}
