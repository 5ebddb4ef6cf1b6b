/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/civil.h"
#include "parsers/text.h"
#include "parsers/utf8.h"

/* Out-of-office texts: the text is cut into words and numbers, and the first date after each word that means "from",
 * "until" or "back" is taken. Dates alone, without such a word, are not believed. */

/* An automatic reply is short; what comes after is its signature. */
#define ABSENCE_TEXT_MAX 4096U
#define ABSENCE_TOKENS_MAX 800U
/* Words that may stand between "until" and its date: "until the end of Monday, 14 September". */
#define DATE_GAP 6U
/* Words between a day and what says that it is the day of return: "on Monday, 14 September, I am in the office again". */
#define BACK_GAP 7U
/* Periods in one reply: this year's holidays. */
#define ABSENCES_MAX 6U
/* Absences beyond this are misread numbers. */
#define ABSENCE_DAYS_MAX 400

struct token {
        const char *word; /* folded; in the caller's buffer */
        uint8_t len;
        bool number; /* digits only */
        char next;   /* the character after it */
        uint16_t value;
        uint16_t sentence; /* its number */
};

struct tokens {
        int32_t today;
        char folded[ABSENCE_TEXT_MAX + 1];
        struct token items[ABSENCE_TOKENS_MAX];
        size_t n;
};

static bool is(const struct token *t, const char *word) {
        return strlen(word) == t->len && memcmp(t->word, word, t->len) == 0;
}

static const struct {
        const char *name;
        uint8_t month;
} months[] = {
        {"janvier", 1},   {"january", 1},   {"januar", 1},    {"januari", 1},   {"jan", 1},      {"janv", 1},
        {"janner", 1},    {"fevrier", 2},   {"february", 2},  {"februar", 2},   {"februari", 2}, {"feb", 2},
        {"fev", 2},       {"fevr", 2},      {"mars", 3},      {"march", 3},     {"marz", 3},     {"maerz", 3},
        {"maart", 3},     {"mar", 3},       {"mrt", 3},       {"avril", 4},     {"april", 4},    {"avr", 4},
        {"apr", 4},       {"mai", 5},       {"may", 5},       {"mei", 5},       {"juin", 6},     {"june", 6},
        {"juni", 6},      {"jun", 6},       {"juillet", 7},   {"july", 7},      {"juli", 7},     {"jul", 7},
        {"juil", 7},      {"aout", 8},      {"august", 8},    {"augustus", 8},  {"aug", 8},      {"septembre", 9},
        {"september", 9}, {"sept", 9},      {"sep", 9},       {"octobre", 10},  {"october", 10}, {"oktober", 10},
        {"oct", 10},      {"okt", 10},      {"novembre", 11}, {"november", 11}, {"nov", 11},     {"decembre", 12},
        {"december", 12}, {"dezember", 12}, {"dec", 12},      {"dez", 12},
};

static uint8_t month_of(const struct token *t) {
        for (size_t i = 0; i < ELEMENTSOF(months); i++)
                if (is(t, months[i].name))
                        return months[i].month;
        return 0;
}

/* Does a sentence end between these two words? Numbers and what is short before a dot ("14. Aug.") go on. */
static bool sentence_ends(const char *gap, size_t n, const struct token *before) {
        for (size_t i = 0; i < n; i++) {
                bool blank_after = i + 1 == n || gap[i + 1] == ' ' || gap[i + 1] == '\n';
                if (gap[i] == '!' || gap[i] == '?' || gap[i] == ';' || (gap[i] == '\n' && i + 1 < n && gap[i + 1] == '\n'))
                        return true;
                if (gap[i] == '.' && blank_after && !before->number && before->len > 3 && month_of(before) == 0)
                        return true;
        }
        return false;
}

static void tokenize(const char *text, struct tokens *t) {
        size_t n = strnlen(text, ABSENCE_TEXT_MAX);

        n = utf8_fold(text, utf8_boundary(text, n), t->folded, sizeof(t->folded));
        t->n = 0;
        for (size_t i = 0; i < n && t->n < ABSENCE_TOKENS_MAX;) {
                char c = t->folded[i];
                size_t len = 0;
                bool digits = c >= '0' && c <= '9';
                while (i + len < n) {
                        char d = t->folded[i + len];
                        bool digit = d >= '0' && d <= '9', letter = (d >= 'a' && d <= 'z') || (unsigned char) d >= 0x80;
                        if (digits ? !digit : !letter)
                                break;
                        len++;
                }
                if (len == 0) {
                        i++;
                        continue;
                }
                struct token *k = t->items + t->n++;
                uint16_t sentence = 0;
                if (k > t->items) {
                        const char *gap = k[-1].word + k[-1].len;
                        sentence = k[-1].sentence;
                        sentence += sentence_ends(gap, (size_t) (t->folded + i - gap), k - 1);
                }
                *k = (struct token){.word = t->folded + i,
                                    .len = (uint8_t) MIN(len, (size_t) UINT8_MAX),
                                    .number = digits,
                                    .sentence = sentence,
                                    .next = t->folded[i + len]};
                for (size_t j = 0; digits && j < len && k->value < 10000; j++)
                        k->value = (uint16_t) (k->value * 10 + (t->folded[i + j] - '0'));
                i += len;
        }
}

/* A date with what is known of it; 0 where it is not written. */
struct date {
        int year, month, day;
        bool american; /* "5/12" may be May 12 for an English writer: not decided here */
        bool ordinal;  /* "the 5th": a day of a month that nobody names */
        bool fixed, weekday;
        int32_t days; /* fixed: told by the day of the reply ("Monday", "tomorrow") */
};

/* Days of the week, Monday first. Their plurals ("Fridays", "mittwochs") are habits and no dates. */
static const char *const weekdays[][7] = {
        {"lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"},
        {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"},
        {"montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag"},
        {"maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"},
};

/* 1 = Monday .. 7 = Sunday, 0: no day of the week. */
static int weekday_of(const struct token *t) {
        for (size_t i = 0; i < ELEMENTSOF(weekdays); i++)
                for (int d = 0; d < 7; d++)
                        if (is(t, weekdays[i][d]))
                                return d + 1;
        return 0;
}

enum relative { TODAY, TOMORROW, END_OF_WEEK, NEXT_WEEK };

static const struct {
        const char *words[4];
        enum relative relative;
} relatives[] = {
        {{"aujourd", "hui"}, TODAY},
        {{"today"}, TODAY},
        {{"heute"}, TODAY},
        {{"vandaag"}, TODAY},
        {{"demain"}, TOMORROW},
        {{"tomorrow"}, TOMORROW},
        {{"morgen"}, TOMORROW},
        {{"cette", "semaine"}, END_OF_WEEK},
        {{"this", "week"}, END_OF_WEEK},
        {{"diese", "woche"}, END_OF_WEEK},
        {{"deze", "week"}, END_OF_WEEK},
        {{"fin", "de", "la", "semaine"}, END_OF_WEEK},
        {{"fin", "de", "semaine"}, END_OF_WEEK},
        {{"end", "of", "the", "week"}, END_OF_WEEK},
        {{"end", "of", "this", "week"}, END_OF_WEEK},
        {{"ende", "der", "woche"}, END_OF_WEEK},
        {{"einde", "van", "de", "week"}, END_OF_WEEK},
        {{"la", "semaine", "prochaine"}, NEXT_WEEK},
        {{"next", "week"}, NEXT_WEEK},
        {{"nachste", "woche"}, NEXT_WEEK},
        {{"volgende", "week"}, NEXT_WEEK},
};

static size_t words_at(const struct tokens *t, size_t i, const char *const *words, size_t max) {
        size_t n = 0;
        for (; n < max && words[n]; n++)
                if (i + n >= t->n || !is(t->items + i + n, words[n]))
                        return 0;
        return n;
}

/* A day told by the day of the reply. Returns the number of tokens used. */
static size_t relative_at(const struct tokens *t, size_t i, struct date *ret) {
        int weekday = civil_weekday(t->today);
        for (size_t k = 0; k < ELEMENTSOF(relatives); k++) {
                size_t n = words_at(t, i, relatives[k].words, ELEMENTSOF(relatives[k].words));
                if (n == 0)
                        continue;
                const int32_t ahead[] = {
                        [TODAY] = 0, [TOMORROW] = 1, [END_OF_WEEK] = 7 - weekday, [NEXT_WEEK] = 8 - weekday};
                *ret = (struct date){.fixed = true, .days = t->today + ahead[relatives[k].relative]};
                return n;
        }
        int day = weekday_of(t->items + i);
        if (day == 0)
                return 0;
        *ret = (struct date){.fixed = true, .weekday = true, .days = t->today + (day - weekday + 7) % 7};
        return 1;
}

static bool is_year(const struct token *t) {
        return t->number && t->len == 4 && t->value >= 2000 && t->value < 2100;
}

static bool is_day(const struct token *t) {
        return t->number && t->len <= 2 && t->value >= 1 && t->value <= 31;
}

/* A date at token i: "3 août 2026", "14", "12/05/2026", "12.08.", "August 14th, 2026", "2026-08-14".
 * Returns the number of tokens used. */
static size_t written_date_at(const struct tokens *t, size_t i, struct date *ret) {
        const struct token *k = t->items + i;
        size_t left = t->n - i, used;
        struct date d = {0};

        if (left >= 3 && is_year(k) && strchr("-/.", k->next) && k[1].number && is_day(k + 2) && k[1].value >= 1 &&
            k[1].value <= 12) {
                *ret = (struct date){.year = k->value, .month = k[1].value, .day = k[2].value};
                return 3;
        }
        if (is_day(k)) {
                d.day = k->value;
                used = 1;
                /* "14th", "1er", "2nd", "3e": an ending glued to the number */
                static const char *const endings[] = {"st", "nd", "rd", "th", "er", "e", "eme", "ste", "de"};
                for (size_t e = 0; left > used && k->next == *k[1].word && e < ELEMENTSOF(endings); e++)
                        if (is(k + used, endings[e])) {
                                used++;
                                d.ordinal = true;
                                break;
                        }
                d.ordinal |= i > 0 && (is(k - 1, "the") || is(k - 1, "le"));
                if (left > used && is(k + used, "of"))
                        used++;
                if (left > used && month_of(k + used)) {
                        d.month = month_of(k + used++);
                        if (left > used && is_year(k + used))
                                d.year = k[used++].value;
                } else if (used == 1 && left > 2 && k->next == '-' && month_of(k + 2))
                        ; /* "13-17 July" */
                else if (used == 1 && left > 1 && strchr("/.-", k->next) && k[1].number && k[1].len <= 2 &&
                         k[1].value >= 1 && k[1].value <= 31 && k->word + k->len + 1 == k[1].word) {
                        bool year = left > 2 && strchr("/.-", k[1].next) && k[2].number;
                        if (k->next == '-' && k[1].len == 1 && !year)
                                return 0; /* "1-2 days" */
                        d.month = k[1].value;
                        used = 2;
                        if (left > 2 && strchr("/.-", k[1].next) && k[1].word + k[1].len + 1 == k[2].word &&
                            (is_year(k + 2) || (k[2].number && k[2].len == 2 && k[2].value >= 20))) {
                                d.year = k[2].value < 100 ? 2000 + k[2].value : k[2].value;
                                used = 3;
                        } else if (k[1].next != '.' && k->next == '.') {
                                if (left > 1 && k[1].next == 'h')
                                        return 0; /* "9.30h" is a time */
                        }
                        if (d.month > 12) { /* month first */
                                int day = d.month;
                                d.month = d.day;
                                d.day = day;
                                if (d.month > 12)
                                        return 0;
                        } else
                                d.american = k->next == '/' && d.day <= 12;
                } else if (k->next == ':' || k->next == 'h')
                        return 0; /* a clock time */
                *ret = d;
                return used;
        }
        d.month = month_of(k);
        if (d.month == 0 || left < 2 || !is_day(k + 1))
                return 0;
        d.day = k[1].value;
        used = 2;
        if (left > used && (is(k + used, "st") || is(k + used, "nd") || is(k + used, "rd") || is(k + used, "th")))
                used++;
        if (left > used && is_year(k + used))
                d.year = k[used++].value;
        *ret = d;
        return used;
}

/* Numbers that look like a date: streets ("rue du 8 mai 1945"), and "24/7" where no word before it asks for a date. */
static bool looks_only(const struct tokens *t, size_t i, size_t n, const struct date *d) {
        static const char *const streets[] = {"rue",    "avenue", "av",    "place",     "boulevard", "bd",     "quai",
                                              "square", "cours",  "plein", "esplanade", "allee",     "impasse"};
        static const char *const asks[] = {"le",   "au",      "du",  "to",  "until", "till", "on",
                                           "from", "through", "bis", "tot", "am",    "m"};
        if (i + n < t->n && t->items[i + n].number && t->items[i + n].len == 4 && t->items[i + n].value < 2000 &&
            t->items[i + n].value >= 1700 && d->year == 0)
                return true;
        for (size_t k = 0; k < ELEMENTSOF(streets) && i >= 2; k++)
                if (is(t->items + i - 2, streets[k]) && is(t->items + i - 1, "du"))
                        return true;
        if (d->day != 24 || d->month != 7 || d->year != 0 || t->items[i].next != '/')
                return false;
        for (size_t k = 0; k < ELEMENTSOF(asks) && i > 0; k++)
                if (is(t->items + i - 1, asks[k]))
                        return false;
        return true;
}

/* A date at token i, told in any way; a day of the week before a written date adds nothing to it. */
static size_t date_at(const struct tokens *t, size_t i, struct date *ret) {
        static const char *const between[] = {"the", "le", "den", "dem", "de"};
        size_t n = written_date_at(t, i, ret);
        if (n > 0 && looks_only(t, i, n, ret))
                return 0;
        if (n > 0 || (n = relative_at(t, i, ret)) == 0 || !ret->weekday)
                return n;
        for (size_t k = n; k <= n + 1 && i + k < t->n; k++) {
                struct date written;
                size_t more = written_date_at(t, i + k, &written);
                if (more > 0 && (written.month != 0 || written.ordinal || k == n)) {
                        *ret = written;
                        return k + more;
                }
                bool filler = false;
                for (size_t b = 0; b < ELEMENTSOF(between); b++)
                        filler |= is(t->items + i + k, between[b]);
                if (!filler)
                        break;
        }
        return n;
}

static bool days_of(int year, int month, int day, int32_t *ret) {
        if (month < 1 || month > 12 || day < 1 || day > civil_days_in_month(year, month))
                return false;
        *ret = civil_days(year, month, day);
        return true;
}

/* The date as a day; without a year the one nearest to the day of the reply. */
static bool date_days(const struct date *d, int32_t today, int32_t *ret) {
        int32_t year, best = INT32_MAX, days;
        int month, day;

        if (d->fixed) {
                *ret = d->days;
                return true;
        }
        if (d->day == 0 || (d->month == 0 && !d->ordinal))
                return false;
        if (d->month == 0) { /* "the 5th": the next one */
                for (int32_t ahead = 0; ahead <= 62; ahead++) {
                        civil_from_days(today + ahead, &year, &month, &day);
                        if (day == d->day) {
                                *ret = today + ahead;
                                return true;
                        }
                }
                return false;
        }
        if (d->year != 0)
                return days_of(d->year, d->month, d->day, ret);
        civil_from_days(today, &year, &month, &day);
        for (int32_t y = year - 1; y <= year + 1; y++)
                if (days_of(y, d->month, d->day, &days) && abs(days - today) < best) {
                        best = abs(days - today);
                        *ret = days;
                }
        return best != INT32_MAX;
}

enum role { ROLE_NONE, ROLE_FROM, ROLE_AS_OF, ROLE_UNTIL, ROLE_BACK, ROLE_ON };

/* Words before a date that give it its meaning (AS_OF: the begin of an absence, or of being there again); of several the longest counts. Dutch "tot" is taken as inclusive like the
 * others: a day of absence too much only makes the clock wait. */
static const struct {
        const char *words[3];
        enum role role;
} roles[] = {
        {{"de", "retour"}, ROLE_BACK},
        {{"a", "compter", "du"}, ROLE_AS_OF},
        {{"a", "partir", "du"}, ROLE_AS_OF},
        {{"a", "partir", "de"}, ROLE_AS_OF},
        {{"serai", "la"}, ROLE_NONE},
        {{"mon", "retour"}, ROLE_BACK},
        {{"retour"}, ROLE_BACK},
        {{"reviens"}, ROLE_BACK},
        {{"reviendrai"}, ROLE_BACK},
        {{"retrouverai"}, ROLE_BACK},
        {{"reprendrai"}, ROLE_BACK},
        {{"reprends"}, ROLE_BACK},
        {{"rentre"}, ROLE_BACK},
        {{"rentrerai"}, ROLE_BACK},
        {{"reprise"}, ROLE_BACK},
        {{"jusqu", "au"}, ROLE_UNTIL},
        {{"jusqu", "a"}, ROLE_UNTIL},
        {{"jusque"}, ROLE_UNTIL},
        {{"au"}, ROLE_UNTIL},
        {{"du"}, ROLE_FROM},
        {{"entre"}, ROLE_FROM},
        {{"depuis"}, ROLE_FROM},
        {{"des"}, ROLE_AS_OF},
        {{"absent", "le"}, ROLE_ON},
        {{"absente", "le"}, ROLE_ON},
        {{"ferme", "le"}, ROLE_ON},
        {{"fermes", "le"}, ROLE_ON},
        {{"fermee", "le"}, ROLE_ON},
        {{"be", "back"}, ROLE_BACK},
        {{"am", "back"}, ROLE_BACK},
        {{"back"}, ROLE_BACK},
        {{"return"}, ROLE_BACK},
        {{"returning"}, ROLE_BACK},
        {{"resume"}, ROLE_BACK},
        {{"available", "again"}, ROLE_BACK},
        {{"until"}, ROLE_UNTIL},
        {{"till"}, ROLE_UNTIL},
        {{"til"}, ROLE_UNTIL},
        {{"through"}, ROLE_UNTIL},
        {{"thru"}, ROLE_UNTIL},
        {{"to"}, ROLE_UNTIL},
        {{"from"}, ROLE_FROM},
        {{"as", "of"}, ROLE_AS_OF},
        {{"as", "from"}, ROLE_AS_OF},
        {{"starting"}, ROLE_FROM},
        {{"between"}, ROLE_FROM},
        {{"since"}, ROLE_FROM},
        {{"out", "on"}, ROLE_ON},
        {{"away", "on"}, ROLE_ON},
        {{"closed", "on"}, ROLE_ON},
        {{"off", "on"}, ROLE_ON},
        {{"wieder", "erreichbar"}, ROLE_BACK},
        {{"wieder"}, ROLE_BACK},
        {{"zuruck"}, ROLE_BACK},
        {{"bis"}, ROLE_UNTIL},
        {{"vom"}, ROLE_FROM},
        {{"von"}, ROLE_FROM},
        {{"zwischen"}, ROLE_FROM},
        {{"ab"}, ROLE_AS_OF},
        {{"seit"}, ROLE_FROM},
        {{"weer"}, ROLE_BACK},
        {{"terug"}, ROLE_BACK},
        {{"t", "m"}, ROLE_UNTIL},
        {{"tot", "en", "met"}, ROLE_UNTIL},
        {{"tot"}, ROLE_UNTIL},
        {{"t", "e", "m"}, ROLE_UNTIL},
        {{"van"}, ROLE_FROM},
        {{"tussen"}, ROLE_FROM},
        {{"vanaf"}, ROLE_AS_OF},
        {{"and"}, ROLE_NONE},
};

/* Words that make a day that of the return wherever they stand in its sentence. */
static const char *const back_words[][2] = {
        {"wieder"}, {"zuruck"}, {"weer"}, {"terug"}, {"retour"}, {"a", "nouveau"}, {"back"}, {"again"}, {"reprends"},
};

static bool back_word_at(const struct tokens *t, size_t i) {
        for (size_t k = 0; k < ELEMENTSOF(back_words); k++)
                if (words_at(t, i, back_words[k], ELEMENTSOF(back_words[k])) > 0)
                        return true;
        return false;
}

static bool sentence_tells_return(const struct tokens *t, size_t i) {
        for (size_t k = 0; k < t->n; k++)
                if (t->items[k].sentence == t->items[i].sentence && back_word_at(t, k))
                        return true;
        return false;
}

static enum role role_at(const struct tokens *t, size_t i, size_t *ret_used) {
        size_t best = 0;
        enum role role = ROLE_NONE;

        for (size_t k = 0; k < ELEMENTSOF(roles); k++) {
                size_t n = 0;
                while (n < ELEMENTSOF(roles[k].words) && roles[k].words[n])
                        n++;
                if (n <= best || i + n > t->n)
                        continue;
                size_t j = 0;
                while (j < n && is(t->items + i + j, roles[k].words[j]))
                        j++;
                if (j == n) {
                        best = n;
                        role = roles[k].role;
                }
        }
        *ret_used = best;
        return role;
}

/* "to" and "au" lead to places, too: of them a date counts that follows at once or after an article. */
static bool date_is_near(const struct tokens *t, size_t i) {
        struct date d;
        return (i < t->n && date_at(t, i, &d) > 0) || (i + 1 < t->n && date_at(t, i + 1, &d) > 0);
}

/* The date that belongs to the word before token i: a few words (days of the week, "the", "le") may stand between, but
 * not another such word. */
static size_t date_after(const struct tokens *t, size_t i, struct date *ret) {
        static const char *const harmless[] = {"au", "des", "ab", "from"};
        for (size_t gap = 0; gap <= DATE_GAP && i + gap < t->n; gap++) {
                size_t skipped;
                bool goes_on = false;
                if (i > 0 && t->items[i + gap].sentence != t->items[i - 1].sentence)
                        return 0;
                size_t used = date_at(t, i + gap, ret);
                if (used > 0)
                        return gap + used;
                for (size_t k = 0; k < ELEMENTSOF(harmless); k++)
                        goes_on |= is(t->items + i + gap, harmless[k]);
                goes_on |= is(t->items + i + gap, "to") && !date_is_near(t, i + gap + 1); /* "returning to the office on" */
                if (!goes_on && role_at(t, i + gap, &skipped) != ROLE_NONE)
                        return 0;
        }
        return 0;
}

static struct moment as_moment(bool known, int32_t days) {
        return known ? (struct moment){MOMENT_DATE, (int64_t) days * 86400} : (struct moment){MOMENT_NONE, 0};
}

static bool english(const struct tokens *t) {
        static const char *const words[] = {"the", "office", "until", "will", "back", "return"};
        size_t n = 0;
        for (size_t i = 0; i < t->n; i++)
                for (size_t k = 0; k < ELEMENTSOF(words); k++)
                        n += is(t->items + i, words[k]);
        return n >= 2;
}

struct absence {
        struct date from, until, back;
        bool has_from, has_until, has_back;
};

struct absences {
        struct absence items[ABSENCES_MAX];
        size_t n; /* of which the last is being filled */
};

static bool connects(const struct tokens *t, size_t i) {
        static const char *const words[] = {"and",  "et", "und", "en",  "to", "through", "thru",         "until",
                                            "till", "au", "bis", "tot", "t",  "m",       "\xE2\x80\x93", "\xE2\x80\x94"};
        for (size_t k = 0; k < ELEMENTSOF(words); k++)
                if (is(t->items + i, words[k]))
                        return true;
        return false;
}

/* The last day of a period whose first ends before token i: "3 and 14 August", "Aug 10 - Aug 21", "11, 12 et 13 mars".
 * Returns the token after it; 0: no period. */
static size_t period_end(const struct tokens *t, size_t i, const struct date *first, struct date *ret) {
        size_t end = 0;
        bool month = first->month != 0;
        for (unsigned days = 0; days < 7 && i < t->n; days++) {
                const char *gap = t->items[i - 1].word + t->items[i - 1].len;
                size_t n = (size_t) (t->items[i].word - gap), words = 0;
                bool joined = memchr(gap, '-', n) || (memchr(gap, ',', n) && !month);
                while (words < 3 && i < t->n && connects(t, i))
                        joined = true, i++, words++;
                if (words > 0 && i < t->n &&
                    (is(t->items + i, "the") || is(t->items + i, "dem") || is(t->items + i, "zum") ||
                     is(t->items + i, "einschlieslich")))
                        i++;
                struct date d;
                size_t used = joined && i < t->n && t->items[i].sentence == t->items[i - 1].sentence ? date_at(t, i, &d) : 0;
                if (used == 0 || d.fixed)
                        break;
                *ret = d;
                end = i += used;
                if (d.month != 0 || month)
                        return end;
        }
        return month ? end : 0;
}

static struct absence *next_absence(struct absences *a) {
        if (a->items[a->n - 1].has_from && a->n < ABSENCES_MAX)
                a->n++;
        return &a->items[a->n - 1];
}

/* Days of the week are given to customers as hours, too ("Monday to Thursday"): only some words make a date of one. */
static bool weekday_counts(const struct tokens *t, size_t i, enum role role) {
        if (role == ROLE_BACK)
                return true;
        return role == ROLE_UNTIL && !is(t->items + i, "to") && !is(t->items + i, "au") &&
               (i == 0 || weekday_of(t->items + i - 1) == 0);
}

/* A date with the word before it that gives it its meaning. Returns the token after what was used. */
static size_t collect_role(const struct tokens *t, size_t i, size_t end, enum role role, const struct date *d,
                           struct absences *all) {
        struct absence *a = &all->items[all->n - 1];
        if (role == ROLE_AS_OF)
                role = sentence_tells_return(t, i) ? ROLE_BACK : ROLE_FROM;
        if (d->fixed && role == ROLE_FROM)
                return end;
        if (role == ROLE_FROM || role == ROLE_ON) {
                struct date until;
                a = next_absence(all);
                if (a->has_from)
                        return end;
                size_t after = period_end(t, end, d, &until);
                if (role == ROLE_ON && after == 0 && (d->month == 0 || d->fixed))
                        return end; /* "out on Friday" may be any Friday */
                a->from = *d;
                a->has_from = true;
                if (after > 0 || role == ROLE_ON) {
                        a->until = after > 0 ? until : *d;
                        a->has_until = true;
                }
                return after > 0 ? after : end;
        }
        if (role == ROLE_UNTIL && !a->has_until) {
                a->until = *d;
                a->has_until = true;
        } else if (role == ROLE_BACK && !a->has_back) {
                a->back = *d;
                a->has_back = true;
        }
        return end;
}

/* A date on its own: the first day of a period, or the day of the return when the sentence goes on so. */
static size_t collect_bare(const struct tokens *t, size_t i, size_t end, const struct date *d, struct absences *all) {
        struct date until;
        size_t after = d->fixed ? 0 : period_end(t, end, d, &until);
        if (after > 0) {
                struct absence *a = next_absence(all);
                if (a->has_from)
                        return after;
                a->from = *d;
                a->until = until;
                a->has_from = a->has_until = true;
                return after;
        }
        struct absence *a = &all->items[all->n - 1];
        if (a->has_back || (d->fixed ? d->days == t->today && !d->weekday : d->month == 0))
                return end;
        for (size_t k = end; k < t->n && k < end + BACK_GAP && t->items[k].sentence == t->items[i].sentence; k++) {
                struct date another;
                if (date_at(t, k, &another) > 0)
                        break;
                if (back_word_at(t, k)) {
                        a->back = *d;
                        a->has_back = true;
                        break;
                }
        }
        return end;
}

static void collect(const struct tokens *t, struct absences *all) {
        for (size_t i = 0; i < t->n;) {
                struct date d;
                size_t used;
                enum role role = role_at(t, i, &used);
                bool place = (is(t->items + i, "to") || is(t->items + i, "au")) && !date_is_near(t, i + 1);
                size_t n = role == ROLE_NONE || place ? 0 : date_after(t, i + used, &d);
                bool apart = role == ROLE_ON && n > 4; /* "out on Fridays and ..." */
                if (n > 0 && !apart && (!d.weekday || weekday_counts(t, i, role)))
                        i = collect_role(t, i, i + used + n, role, &d, all);
                else if (role == ROLE_NONE && (n = date_at(t, i, &d)) > 0)
                        i = collect_bare(t, i, i + n, &d, all);
                else
                        i += MAX(used, (size_t) 1);
        }
}

/* "I am out of the office today", "cette semaine": when nothing else is told. */
static void collect_now(const struct tokens *t, struct absence *a) {
        for (size_t i = 0; i < t->n; i++)
                if (relative_at(t, i, &a->until) > 0 && !a->until.weekday &&
                    a->until.days <= t->today + 7 - civil_weekday(t->today) && !is(t->items + i, "tomorrow") &&
                    !is(t->items + i, "morgen") && !is(t->items + i, "demain")) {
                        a->has_until = true;
                        return;
                }
}

/* "5/12" by an English writer: the reading that is nearer to the reply, as both conventions are in use. */
static void settle(struct date *d, bool is_english, int32_t today) {
        int32_t a, b;
        struct date other = {.year = d->year, .month = d->day, .day = d->month};
        if (d->american && is_english && d->day != d->month && date_days(d, today, &a) && date_days(&other, today, &b) &&
            abs(b - today) < abs(a - today))
                *d = other;
}

/* Days of one absence; false when there are none that can be meant. */
static bool resolve(struct absence *a, bool is_english, int32_t today, int32_t *from, int32_t *until) {
        int32_t back = 0;
        settle(&a->from, is_english, today);
        settle(&a->until, is_english, today);
        settle(&a->back, is_english, today);
        /* "du 3 au 14 août", "from 1 to 5 June": the month stands once. */
        if (a->has_from && a->from.month == 0 && !a->until.fixed) {
                a->from.month = a->until.month;
                a->from.year = a->until.year;
        }
        if (a->has_until && a->until.month == 0 && !a->until.fixed) {
                a->until.month = a->from.month;
                a->until.year = a->from.year;
        }
        if (a->has_from && a->from.year == 0 && a->until.year != 0)
                a->from.year = a->until.month < a->from.month ? a->until.year - 1 : a->until.year;
        a->has_from = a->has_from && !(a->from.ordinal && a->from.month == 0) && date_days(&a->from, today, from);
        a->has_until = a->has_until && date_days(&a->until, today, until);
        a->has_back = a->has_back && date_days(&a->back, today, &back);
        /* Being back on a day says that the last day away is the one before. */
        if (a->has_back && !a->has_until) {
                *until = back - 1;
                a->has_until = true;
        }
        /* A period told without years that seems to end before it begins goes over New Year. */
        if (a->has_from && a->has_until && *until < *from && a->until.year == 0 && !a->until.fixed) {
                struct date next = a->until;
                int32_t year, days;
                int month, day;
                civil_from_days(*from, &year, &month, &day);
                next.year = year + (a->until.month < month);
                if (a->until.month != 0 && date_days(&next, today, &days) && days >= *from)
                        *until = days;
        }
        /* What ended long ago, lasts for years or ends before it begins was misread. */
        if (a->has_until && *until < today - 60)
                return false;
        if (a->has_until && *until > today + ABSENCE_DAYS_MAX)
                a->has_until = false;
        if (a->has_from &&
            (*from > today + ABSENCE_DAYS_MAX || *from < today - ABSENCE_DAYS_MAX || (a->has_until && *from > *until)))
                a->has_from = false;
        return a->has_from || a->has_until;
}

void text_absence(const char *text, instant sent_at, struct moment *ret_from, struct moment *ret_until) {
        struct tokens t;
        struct absences all = {.n = 1};

        *ret_from = *ret_until = (struct moment){MOMENT_NONE, 0};
        if (!text || sent_at < 0 || sent_at > INSTANT_MAX - INT64_C(86400) * 366)
                return;
        t.today = (int32_t) (sent_at / 86400);
        tokenize(text, &t);
        collect(&t, &all);
        if (!all.items[0].has_from && !all.items[0].has_until && !all.items[0].has_back)
                collect_now(&t, &all.items[0]);
        bool is_english = english(&t);
        /* Of several periods the one that is not over; the last when all are. */
        for (size_t i = 0; i < all.n; i++) {
                struct absence *a = &all.items[i];
                int32_t from = 0, until = 0;
                if (!resolve(a, is_english, t.today, &from, &until))
                        continue;
                *ret_from = as_moment(a->has_from, from);
                *ret_until = as_moment(a->has_until, until);
                if (!a->has_until || until >= t.today)
                        return;
        }
}
