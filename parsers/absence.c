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
#define DATE_GAP 4U
/* Absences beyond this are misread numbers. */
#define ABSENCE_DAYS_MAX 400

struct token {
        const char *word; /* folded; in the caller's buffer */
        uint8_t len;
        bool number; /* digits only */
        char next;   /* the character after it */
        uint16_t value;
};

struct tokens {
        char folded[ABSENCE_TEXT_MAX + 1];
        struct token items[ABSENCE_TOKENS_MAX];
        size_t n;
};

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
                *k = (struct token){.word = t->folded + i,
                                    .len = (uint8_t) MIN(len, (size_t) UINT8_MAX),
                                    .number = digits,
                                    .next = t->folded[i + len]};
                for (size_t j = 0; digits && j < len && k->value < 10000; j++)
                        k->value = (uint16_t) (k->value * 10 + (t->folded[i + j] - '0'));
                i += len;
        }
}

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

/* A date with what is known of it; 0 where it is not written. */
struct date {
        int year, month, day;
        bool american; /* "5/12" may be May 12 for an English writer: not decided here */
};

static bool is_year(const struct token *t) {
        return t->number && t->len == 4 && t->value >= 2000 && t->value < 2100;
}

static bool is_day(const struct token *t) {
        return t->number && t->len <= 2 && t->value >= 1 && t->value <= 31;
}

/* A date at token i: "3 août 2026", "14", "12/05/2026", "12.08.", "August 14th, 2026", "2026-08-14".
 * Returns the number of tokens used. */
static size_t date_at(const struct tokens *t, size_t i, struct date *ret) {
        const struct token *k = t->items + i;
        size_t left = t->n - i, used;
        struct date d = {0};

        if (left >= 3 && is_year(k) && strchr("-/.", k->next) && k[1].number && is_day(k + 2) && k[1].value >= 1 &&
            k[1].value <= 12) {
                *ret = (struct date){k->value, k[1].value, k[2].value, false};
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
                                break;
                        }
                if (left > used && is(k + used, "of"))
                        used++;
                if (left > used && month_of(k + used)) {
                        d.month = month_of(k + used++);
                        if (left > used && is_year(k + used))
                                d.year = k[used++].value;
                } else if (used == 1 && left > 1 && strchr("/.-", k->next) && k[1].number && k[1].len <= 2 &&
                           k[1].value >= 1 && k[1].value <= 31 && k->word + k->len + 1 == k[1].word) {
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

        if (d->month == 0 || d->day == 0)
                return false;
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

enum role { ROLE_NONE, ROLE_FROM, ROLE_UNTIL, ROLE_BACK };

/* Words before a date that give it its meaning; of several the longest counts. Dutch "tot" is taken as inclusive like the
 * others: a day of absence too much only makes the clock wait. */
static const struct {
        const char *words[3];
        enum role role;
} roles[] = {
        {{"de", "retour"}, ROLE_BACK},
        {{"a", "compter", "du"}, ROLE_FROM},
        {{"a", "partir", "du"}, ROLE_FROM},
        {{"serai", "la"}, ROLE_NONE},
        {{"mon", "retour"}, ROLE_BACK},
        {{"retour"}, ROLE_BACK},
        {{"reviens"}, ROLE_BACK},
        {{"reviendrai"}, ROLE_BACK},
        {{"retrouverai"}, ROLE_BACK},
        {{"reprendrai"}, ROLE_BACK},
        {{"reprise"}, ROLE_BACK},
        {{"jusqu", "au"}, ROLE_UNTIL},
        {{"jusqu", "a"}, ROLE_UNTIL},
        {{"jusque"}, ROLE_UNTIL},
        {{"au"}, ROLE_UNTIL},
        {{"du"}, ROLE_FROM},
        {{"depuis"}, ROLE_FROM},
        {{"des"}, ROLE_FROM},
        {{"be", "back"}, ROLE_BACK},
        {{"am", "back"}, ROLE_BACK},
        {{"back"}, ROLE_BACK},
        {{"return"}, ROLE_BACK},
        {{"returning"}, ROLE_BACK},
        {{"resume"}, ROLE_BACK},
        {{"until"}, ROLE_UNTIL},
        {{"till"}, ROLE_UNTIL},
        {{"til"}, ROLE_UNTIL},
        {{"through"}, ROLE_UNTIL},
        {{"to"}, ROLE_UNTIL},
        {{"from"}, ROLE_FROM},
        {{"starting"}, ROLE_FROM},
        {{"between"}, ROLE_FROM},
        {{"since"}, ROLE_FROM},
        {{"wieder", "erreichbar"}, ROLE_BACK},
        {{"wieder"}, ROLE_BACK},
        {{"zuruck"}, ROLE_BACK},
        {{"bis"}, ROLE_UNTIL},
        {{"vom"}, ROLE_FROM},
        {{"von"}, ROLE_FROM},
        {{"ab"}, ROLE_FROM},
        {{"seit"}, ROLE_FROM},
        {{"weer"}, ROLE_BACK},
        {{"terug"}, ROLE_BACK},
        {{"t", "m"}, ROLE_UNTIL},
        {{"tot", "en", "met"}, ROLE_UNTIL},
        {{"tot"}, ROLE_UNTIL},
        {{"t", "e", "m"}, ROLE_UNTIL},
        {{"van"}, ROLE_FROM},
        {{"vanaf"}, ROLE_FROM},
        {{"absent", "le"}, ROLE_FROM},
        {{"and"}, ROLE_NONE},
};

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

/* The date that belongs to the word before token i: a few words (days of the week, "the", "le") may stand between, but
 * not another such word. */
static size_t date_after(const struct tokens *t, size_t i, struct date *ret) {
        for (size_t gap = 0; gap <= DATE_GAP && i + gap < t->n; gap++) {
                size_t used, skipped;
                used = date_at(t, i + gap, ret);
                if (used > 0)
                        return gap + used;
                enum role role = role_at(t, i + gap, &skipped);
                if (role != ROLE_NONE && !is(t->items + i + gap, "au") && !is(t->items + i + gap, "des") &&
                    !is(t->items + i + gap, "ab") && !is(t->items + i + gap, "from"))
                        return 0;
                if (t->items[i + gap].next == '.' && !is(t->items + i + gap, "le"))
                        return 0; /* the sentence ends */
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

static void collect(const struct tokens *t, struct absence *a) {
        for (size_t i = 0; i < t->n;) {
                struct date d;
                size_t used;
                enum role role = role_at(t, i, &used);
                size_t n = role == ROLE_NONE ? 0 : date_after(t, i + used, &d);
                if (n == 0) {
                        i += MAX(used, (size_t) 1);
                        continue;
                }
                if (role == ROLE_FROM && !a->has_from) {
                        a->from = d;
                        a->has_from = true;
                        /* "between 3 and 14 August", "3 - 14 August": the second date follows at once */
                        size_t next = i + used + n;
                        struct date e;
                        if (next < t->n && (is(t->items + next, "and") || is(t->items + next, "et") ||
                                            is(t->items + next, "und") || is(t->items + next, "en")))
                                next++;
                        if (next < t->n && !a->has_until && date_at(t, next, &e) > 0 && (e.month || d.month)) {
                                a->until = e;
                                a->has_until = true;
                        }
                } else if (role == ROLE_UNTIL && !a->has_until) {
                        a->until = d;
                        a->has_until = true;
                } else if (role == ROLE_BACK && !a->has_back) {
                        a->back = d;
                        a->has_back = true;
                }
                i += used + n;
        }
}

/* "5/12" by an English writer: the reading that is nearer to the reply, as both conventions are in use. */
static void settle(struct date *d, bool is_english, int32_t today) {
        int32_t a, b;
        struct date other = {d->year, d->day, d->month, false};
        if (d->american && is_english && d->day != d->month && date_days(d, today, &a) && date_days(&other, today, &b) &&
            abs(b - today) < abs(a - today))
                *d = other;
}

void text_absence(const char *text, instant sent_at, struct moment *ret_from, struct moment *ret_until) {
        struct tokens t;
        struct absence a = {0};
        int32_t from = 0, until = 0, back = 0;

        *ret_from = *ret_until = (struct moment){MOMENT_NONE, 0};
        if (!text || sent_at < 0 || sent_at > INSTANT_MAX - INT64_C(86400) * 366)
                return;
        int32_t today = (int32_t) (sent_at / 86400);
        tokenize(text, &t);
        collect(&t, &a);
        bool is_english = english(&t);
        settle(&a.from, is_english, today);
        settle(&a.until, is_english, today);
        settle(&a.back, is_english, today);
        /* "du 3 au 14 août", "from 1 to 5 June": the month stands once. */
        if (a.has_from && a.from.month == 0) {
                a.from.month = a.until.month;
                a.from.year = a.until.year;
        }
        if (a.has_until && a.until.month == 0) {
                a.until.month = a.from.month;
                a.until.year = a.from.year;
        }
        if (a.has_from && a.from.year == 0 && a.until.year != 0)
                a.from.year = a.until.month < a.from.month ? a.until.year - 1 : a.until.year;
        a.has_from = a.has_from && date_days(&a.from, today, &from);
        a.has_until = a.has_until && date_days(&a.until, today, &until);
        a.has_back = a.has_back && date_days(&a.back, today, &back);
        /* Being back on a day says that the last day away is the one before. */
        if (a.has_back && !a.has_until) {
                until = back - 1;
                a.has_until = true;
        }
        /* What ended long ago, lasts for years or ends before it begins was misread. */
        if (a.has_until && (until < today - 60 || until > today + ABSENCE_DAYS_MAX))
                a.has_until = false;
        if (a.has_from &&
            (from > today + ABSENCE_DAYS_MAX || from < today - ABSENCE_DAYS_MAX || (a.has_until && from > until)))
                a.has_from = false;
        *ret_from = as_moment(a.has_from, from);
        *ret_until = as_moment(a.has_until, until);
}
