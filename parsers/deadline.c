/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/acts.h"
#include "parsers/civil.h"

/* Until when something is asked for. The tables of acts mark the words that lead to such a time ("by", "d'ici", "bis"); here the time itself
 * is read, word by word, and later set against the date of the message. What can be read in two ways is left alone: a deadline that was never
 * given would accuse somebody of missing it. */

/* Words that one time takes: "the end of the day on Friday the 13th of March 2026". */
#define WHEN_WORDS_MAX 12U
/* Spans beyond this are no deadlines of everyday work. */
#define SPAN_DAYS_MAX 120
#define SPAN_HOURS_MAX 240
/* A date without a year is the next one, unless that is so far that it must be past. */
#define AHEAD_DAYS_MAX 200
/* Before this hour, "tomorrow" may mean the day that has begun. */
#define NIGHT_ENDS (4 * 3600)
/* Hours below this, without "am" or "pm", are said of the morning by few. */
#define CLOCK_PLAIN_MIN 8

enum when {
        WHEN_NONE,
        WHEN_FILLER,
        WHEN_ARTICLE, /* a filler after which a number is a day of the month */
        WHEN_WEEKDAY,
        WHEN_RELATIVE, /* days from today */
        WHEN_MONTH,
        WHEN_NEXT,
        WHEN_THIS,
        WHEN_END,
        WHEN_WEEK,
        WHEN_MONTHS,
        WHEN_DAYS,
        WHEN_HOURS,
        WHEN_NOON,
        WHEN_MORNING,
        WHEN_LATER, /* afternoon, evening: of that day */
        WHEN_COUNT, /* a number in letters */
        WHEN_OCLOCK,
        WHEN_PM,
        WHEN_AM,
        WHEN_BUSINESS, /* business days need a calendar of holidays */
};

/* Folded, sorted; what a word means in one of the languages it means in all of them. */
static const struct {
        const char *word;
        uint8_t what;
        int8_t value;
} words[] = {
        {"a", WHEN_FILLER, 0},
        {"abend", WHEN_LATER, 0},
        {"afternoon", WHEN_LATER, 0},
        {"am", WHEN_AM, 0},
        {"april", WHEN_MONTH, 4},
        {"apres", WHEN_FILLER, 0},
        {"arbeitstage", WHEN_BUSINESS, 0},
        {"arbeitstagen", WHEN_BUSINESS, 0},
        {"at", WHEN_FILLER, 0},
        {"au", WHEN_ARTICLE, 0},
        {"aug", WHEN_MONTH, 8},
        {"august", WHEN_MONTH, 8},
        {"augustus", WHEN_MONTH, 8},
        {"aujourd'hui", WHEN_RELATIVE, 0},
        {"avond", WHEN_LATER, 0},
        {"avr", WHEN_MONTH, 4},
        {"avril", WHEN_MONTH, 4},
        {"business", WHEN_BUSINESS, 0},
        {"cette", WHEN_THIS, 0},
        {"ce", WHEN_THIS, 0},
        {"cinq", WHEN_COUNT, 5},
        {"close", WHEN_END, 0},
        {"coming", WHEN_NEXT, 0},
        {"dag", WHEN_DAYS, 0},
        {"dagen", WHEN_DAYS, 0},
        {"day", WHEN_DAYS, 0},
        {"days", WHEN_DAYS, 0},
        {"de", WHEN_ARTICLE, 0},
        {"debut", WHEN_BUSINESS, 0},
        {"december", WHEN_MONTH, 12},
        {"decembre", WHEN_MONTH, 12},
        {"dem", WHEN_ARTICLE, 0},
        {"demain", WHEN_RELATIVE, 1},
        {"den", WHEN_ARTICLE, 0},
        {"der", WHEN_FILLER, 0},
        {"des", WHEN_FILLER, 0},
        {"deux", WHEN_COUNT, 2},
        {"deze", WHEN_THIS, 0},
        {"dezember", WHEN_MONTH, 12},
        {"dienstag", WHEN_WEEKDAY, 2},
        {"diese", WHEN_THIS, 0},
        {"diesen", WHEN_THIS, 0},
        {"dieser", WHEN_THIS, 0},
        {"dimanche", WHEN_WEEKDAY, 7},
        {"dinsdag", WHEN_WEEKDAY, 2},
        {"dix", WHEN_COUNT, 10},
        {"donderdag", WHEN_WEEKDAY, 4},
        {"donnerstag", WHEN_WEEKDAY, 4},
        {"drei", WHEN_COUNT, 3},
        {"drie", WHEN_COUNT, 3},
        {"du", WHEN_FILLER, 0},
        {"eind", WHEN_END, 0},
        {"einde", WHEN_END, 0},
        {"end", WHEN_END, 0},
        {"ende", WHEN_END, 0},
        {"feb", WHEN_MONTH, 2},
        {"februar", WHEN_MONTH, 2},
        {"februari", WHEN_MONTH, 2},
        {"february", WHEN_MONTH, 2},
        {"fevrier", WHEN_MONTH, 2},
        {"fin", WHEN_END, 0},
        {"five", WHEN_COUNT, 5},
        {"four", WHEN_COUNT, 4},
        {"freitag", WHEN_WEEKDAY, 5},
        {"fri", WHEN_WEEKDAY, 5},
        {"friday", WHEN_WEEKDAY, 5},
        {"funf", WHEN_COUNT, 5},
        {"h", WHEN_OCLOCK, 0},
        {"het", WHEN_ARTICLE, 0},
        {"heure", WHEN_HOURS, 0},
        {"heures", WHEN_HOURS, 0},
        {"heute", WHEN_RELATIVE, 0},
        {"hour", WHEN_HOURS, 0},
        {"hours", WHEN_HOURS, 0},
        {"jan", WHEN_MONTH, 1},
        {"januar", WHEN_MONTH, 1},
        {"januari", WHEN_MONTH, 1},
        {"january", WHEN_MONTH, 1},
        {"janvier", WHEN_MONTH, 1},
        {"jeudi", WHEN_WEEKDAY, 4},
        {"jour", WHEN_DAYS, 0},
        {"journee", WHEN_DAYS, 0},
        {"jours", WHEN_DAYS, 0},
        {"juillet", WHEN_MONTH, 7},
        {"juin", WHEN_MONTH, 6},
        {"jul", WHEN_MONTH, 7},
        {"juli", WHEN_MONTH, 7},
        {"july", WHEN_MONTH, 7},
        {"jun", WHEN_MONTH, 6},
        {"june", WHEN_MONTH, 6},
        {"juni", WHEN_MONTH, 6},
        {"komende", WHEN_NEXT, 0},
        {"kommende", WHEN_NEXT, 0},
        {"kommenden", WHEN_NEXT, 0},
        {"kommender", WHEN_NEXT, 0},
        {"l'", WHEN_FILLER, 0},
        {"la", WHEN_FILLER, 0},
        {"le", WHEN_ARTICLE, 0},
        {"lundi", WHEN_WEEKDAY, 1},
        {"maandag", WHEN_WEEKDAY, 1},
        {"maand", WHEN_MONTHS, 0},
        {"maart", WHEN_MONTH, 3},
        {"mai", WHEN_MONTH, 5},
        {"mar", WHEN_MONTH, 3},
        {"march", WHEN_MONTH, 3},
        {"mardi", WHEN_WEEKDAY, 2},
        {"mars", WHEN_MONTH, 3},
        {"marz", WHEN_MONTH, 3},
        {"matin", WHEN_MORNING, 0},
        {"may", WHEN_MONTH, 5},
        {"mei", WHEN_MONTH, 5},
        {"mercredi", WHEN_WEEKDAY, 3},
        {"midday", WHEN_NOON, 0},
        {"midi", WHEN_NOON, 0},
        {"mittag", WHEN_NOON, 0},
        {"mittwoch", WHEN_WEEKDAY, 3},
        {"mois", WHEN_MONTHS, 0},
        {"mon", WHEN_WEEKDAY, 1},
        {"monat", WHEN_MONTHS, 0},
        {"monats", WHEN_MONTHS, 0},
        {"monday", WHEN_WEEKDAY, 1},
        {"montag", WHEN_WEEKDAY, 1},
        {"month", WHEN_MONTHS, 0},
        {"morgen", WHEN_RELATIVE, 1},
        {"morning", WHEN_MORNING, 0},
        {"nachmittag", WHEN_LATER, 0},
        {"nachste", WHEN_NEXT, 0},
        {"nachsten", WHEN_NEXT, 0},
        {"nachster", WHEN_NEXT, 0},
        {"next", WHEN_NEXT, 0},
        {"noon", WHEN_NOON, 0},
        {"nov", WHEN_MONTH, 11},
        {"november", WHEN_MONTH, 11},
        {"novembre", WHEN_MONTH, 11},
        {"oct", WHEN_MONTH, 10},
        {"october", WHEN_MONTH, 10},
        {"octobre", WHEN_MONTH, 10},
        {"of", WHEN_FILLER, 0},
        {"oktober", WHEN_MONTH, 10},
        {"om", WHEN_FILLER, 0},
        {"op", WHEN_ARTICLE, 0},
        {"on", WHEN_FILLER, 0},
        {"one", WHEN_COUNT, 1},
        {"ouvrables", WHEN_BUSINESS, 0},
        {"ouvres", WHEN_BUSINESS, 0},
        {"overmorgen", WHEN_RELATIVE, 2},
        {"pm", WHEN_PM, 0},
        {"prochain", WHEN_NEXT, 0},
        {"prochaine", WHEN_NEXT, 0},
        {"quatre", WHEN_COUNT, 4},
        {"samedi", WHEN_WEEKDAY, 6},
        {"samstag", WHEN_WEEKDAY, 6},
        {"saturday", WHEN_WEEKDAY, 6},
        {"semaine", WHEN_WEEK, 0},
        {"semaines", WHEN_WEEK, 0},
        {"sep", WHEN_MONTH, 9},
        {"sept", WHEN_MONTH, 9},
        {"september", WHEN_MONTH, 9},
        {"septembre", WHEN_MONTH, 9},
        {"soir", WHEN_LATER, 0},
        {"sonntag", WHEN_WEEKDAY, 7},
        {"stunden", WHEN_HOURS, 0},
        {"sunday", WHEN_WEEKDAY, 7},
        {"tag", WHEN_DAYS, 0},
        {"tage", WHEN_DAYS, 0},
        {"tagen", WHEN_DAYS, 0},
        {"tages", WHEN_DAYS, 0},
        {"ten", WHEN_COUNT, 10},
        {"the", WHEN_ARTICLE, 0},
        {"this", WHEN_THIS, 0},
        {"three", WHEN_COUNT, 3},
        {"thu", WHEN_WEEKDAY, 4},
        {"thursday", WHEN_WEEKDAY, 4},
        {"today", WHEN_RELATIVE, 0},
        {"tomorrow", WHEN_RELATIVE, 1},
        {"trois", WHEN_COUNT, 3},
        {"tue", WHEN_WEEKDAY, 2},
        {"tuesday", WHEN_WEEKDAY, 2},
        {"twee", WHEN_COUNT, 2},
        {"two", WHEN_COUNT, 2},
        {"ubermorgen", WHEN_RELATIVE, 2},
        {"uhr", WHEN_OCLOCK, 0},
        {"um", WHEN_FILLER, 0},
        {"un", WHEN_COUNT, 1},
        {"une", WHEN_COUNT, 1},
        {"uur", WHEN_HOURS, 0},
        {"van", WHEN_FILLER, 0},
        {"vandaag", WHEN_RELATIVE, 0},
        {"vendredi", WHEN_WEEKDAY, 5},
        {"vier", WHEN_COUNT, 4},
        {"vijf", WHEN_COUNT, 5},
        {"volgende", WHEN_NEXT, 0},
        {"vrijdag", WHEN_WEEKDAY, 5},
        {"wed", WHEN_WEEKDAY, 3},
        {"wednesday", WHEN_WEEKDAY, 3},
        {"week", WHEN_WEEK, 0},
        {"weeks", WHEN_WEEK, 0},
        {"weken", WHEN_WEEK, 0},
        {"werkdagen", WHEN_BUSINESS, 0},
        {"werktage", WHEN_BUSINESS, 0},
        {"werktagen", WHEN_BUSINESS, 0},
        {"woche", WHEN_WEEK, 0},
        {"wochen", WHEN_WEEK, 0},
        {"woensdag", WHEN_WEEKDAY, 3},
        {"working", WHEN_BUSINESS, 0},
        {"zaterdag", WHEN_WEEKDAY, 6},
        {"zondag", WHEN_WEEKDAY, 7},
        {"zum", WHEN_ARTICLE, 0},
        {"zwei", WHEN_COUNT, 2},
};

static enum when word_when(const struct reading *r, size_t i, int *ret_value) {
        char first = *word_text(r, i);
        *ret_value = 0;
        /* The table is sorted. */
        for (size_t k = 0; k < ELEMENTSOF(words) && words[k].word[0] <= first; k++)
                if (words[k].word[0] == first && word_is(r, i, words[k].word)) {
                        *ret_value = words[k].value;
                        return words[k].what;
                }
        return WHEN_NONE;
}

/* A word that begins with digits: up to three numbers and what stands between and after them. */
struct numeral {
        int n[3];
        unsigned count;
        char between;   /* of the first two */
        char after[3];  /* at most two letters after the last number */
        bool long_year; /* the last number has four digits */
};

static bool read_numeral(const struct reading *r, size_t i, struct numeral *ret) {
        const char *w = word_text(r, i), *end = w + r->words[i].len;
        *ret = (struct numeral){0};
        while (w < end && *w >= '0' && *w <= '9' && ret->count < 3) {
                unsigned digits = 0;
                int n = 0;
                for (; w < end && *w >= '0' && *w <= '9' && digits < 5; w++, digits++)
                        n = n * 10 + (*w - '0');
                ret->n[ret->count++] = n;
                ret->long_year = digits == 4;
                if (w + 1 < end && strchr("/.:h", *w) && w[1] >= '0' && w[1] <= '9') {
                        if (ret->count == 1)
                                ret->between = *w;
                        else if (*w != ret->between)
                                return false;
                        w++;
                        continue;
                }
                break;
        }
        if (ret->count == 0 || end - w > 2)
                return false;
        memcpy(ret->after, w, (size_t) (end - w));
        return true;
}

/* What the words told so far. */
struct when_parts {
        int weekday, relative, day, month, year, clock, count;
        bool next, this, end, week, months, days, hours, later, article, ordinal, span;
};

static bool set_once(int *field, int none, int value) {
        if (*field != none)
                return false;
        *field = value;
        return true;
}

static int clock_of(int hour, int minute, bool am, bool pm) {
        if (hour > 24 || minute > 59 || (pm && (hour > 12 || hour == 0)) || (am && hour > 12))
                return -1;
        if (pm && hour < 12)
                hour += 12;
        if (am && hour == 12)
                hour = 0;
        return !am && !pm && hour < CLOCK_PLAIN_MIN ? -1 : MIN(hour * 60 + minute, 24 * 60 - 1);
}

/* A day and a month in figures. English writes them in both orders. */
static bool read_date_figures(const struct numeral *n, bool either_order, struct when_parts *p) {
        int day = n->n[0], month = n->n[1];
        if (n->count == 3 && !n->long_year && n->n[2] > 99)
                return false;
        if (either_order && day != month && day <= 12 && month <= 12)
                return false;
        if (either_order && month > 12) {
                day = n->n[1];
                month = n->n[0];
        }
        if (n->count == 3)
                p->year = n->long_year ? n->n[2] : 2000 + n->n[2];
        return month >= 1 && month <= 12 && set_once(&p->day, 0, day) && set_once(&p->month, 0, month);
}

/* A number stands at word i. Returns the words it took, 0 when it is nothing that can be told. */
static size_t read_number(const struct reading *r, size_t i, size_t last, bool either_order, struct when_parts *p) {
        struct numeral n;
        int value = 0, unused;
        if (!read_numeral(r, i, &n))
                return 0;
        enum when next = i + 1 < last ? word_when(r, i + 1, &value) : WHEN_NONE;
        bool pm = str_eq(n.after, "pm") || (next == WHEN_PM && !*n.after),
             am = str_eq(n.after, "am") || (next == WHEN_AM && !*n.after);
        /* "4 p.m." comes as three words. */
        bool dotted = !*n.after && i + 2 < last && word_is(r, i + 2, "m");
        pm |= dotted && word_is(r, i + 1, "p");
        am |= dotted && word_is(r, i + 1, "a");
        size_t taken = dotted && (am || pm) ? 3 : next == WHEN_PM || next == WHEN_AM || next == WHEN_OCLOCK ? 2 : 1;
        bool clock = n.between == ':' || n.between == 'h' || str_eq(n.after, "h") || am || pm || next == WHEN_OCLOCK;
        bool hours = next == WHEN_HOURS && n.count == 1 && !*n.after;

        if (n.count == 1 && (hours || (str_eq(n.after, "h") && n.n[0] >= 24))) {
                /* "17 heures" is a time of day, "48 heures" is not, "2 heures" is one or the other. */
                if (hours && !p->span && n.n[0] >= CLOCK_PLAIN_MIN && n.n[0] < 24)
                        return set_once(&p->clock, -1, n.n[0] * 60) ? 2 : 0;
                p->hours = true;
                return set_once(&p->count, 0, n.n[0]) ? 1U + hours : 0;
        }
        if (str_eq(n.after, "h") && p->span) {
                p->hours = true;
                return set_once(&p->count, 0, n.n[0]) ? 1 : 0;
        }
        if (clock && n.count <= 2) {
                int t = clock_of(n.n[0], n.count == 2 ? n.n[1] : 0, am, pm);
                return t >= 0 && set_once(&p->clock, -1, t) ? taken : 0;
        }
        if (n.count >= 2 && (n.between == '/' || n.between == '.') && !*n.after)
                return read_date_figures(&n, either_order, p) ? 1 : 0;
        if (n.count != 1)
                return 0;
        if (n.long_year && p->month != 0 && !*n.after)
                return set_once(&p->year, 0, n.n[0]) ? 1 : 0;
        /* 2026-03-15 comes as three words. */
        if (n.long_year && n.n[0] >= 1990 && i + 2 < last && r->words[i + 1].len == 2 && r->words[i + 2].len == 2 &&
            r->text[r->words[i].end] == '-') {
                struct numeral month, day;
                if (!read_numeral(r, i + 1, &month) || !read_numeral(r, i + 2, &day))
                        return 0;
                p->year = n.n[0];
                p->month = month.n[0];
                return set_once(&p->day, 0, day.n[0]) ? 3 : 0;
        }
        if (next == WHEN_DAYS || next == WHEN_WEEK || next == WHEN_BUSINESS)
                return set_once(&p->count, 0, n.n[0]) && !*n.after ? 1 : 0;
        static const char *const ordinals[] = {"", "th", "st", "nd", "rd", "er", "e"};
        bool ordinal = false;
        for (size_t k = 1; k < ELEMENTSOF(ordinals); k++)
                ordinal |= str_eq(n.after, ordinals[k]);
        /* A bare number is a day where an article, a weekday or a month says so. */
        bool month_near = p->month != 0 || (i + 1 < last && next == WHEN_MONTH) ||
                          (i + 2 < last && (word_is(r, i + 1, "of") || word_is(r, i + 1, "de")) &&
                           word_when(r, i + 2, &unused) == WHEN_MONTH);
        if ((*n.after && !ordinal) || n.n[0] < 1 || n.n[0] > 31 || !(ordinal || p->article || p->weekday != 0 || month_near))
                return 0;
        return set_once(&p->day, 0, n.n[0]) ? 1 : 0;
}

/* One word of the time. Returns the words it took; 0 ends it; *ret_bad: it can't be told. */
static size_t read_part(const struct reading *r, size_t i, size_t last, bool either_order, struct when_parts *p,
                        bool *ret_bad) {
        const char *w = word_text(r, i);
        int value;
        if (*w >= '0' && *w <= '9') {
                size_t n = read_number(r, i, last, either_order, p);
                *ret_bad |= n == 0;
                p->article = false;
                return n;
        }
        enum when what = word_when(r, i, &value);
        static const char *const one[] = {"a", "an", "einer", "einem", "een"};
        if (p->span && p->count == 0 && word_in(r, i, one, ELEMENTSOF(one)))
                return p->count = 1, 1;
        bool *const flags[] = {
                [WHEN_ARTICLE] = &p->article, [WHEN_NEXT] = &p->next,   [WHEN_THIS] = &p->this,
                [WHEN_END] = &p->end,         [WHEN_WEEK] = &p->week,   [WHEN_MONTHS] = &p->months,
                [WHEN_DAYS] = &p->days,       [WHEN_HOURS] = &p->hours, [WHEN_LATER] = &p->later,
        };
        if (what < ELEMENTSOF(flags) && flags[what]) {
                *flags[what] = true;
                return 1;
        }
        switch (what) {
        case WHEN_FILLER:
                return 1;
        case WHEN_WEEKDAY:
                *ret_bad |= !set_once(&p->weekday, 0, value);
                return 1;
        case WHEN_RELATIVE:
                /* "Morgen" is the morning too. */
                if (p->relative >= 0 && word_is(r, i, "morgen"))
                        return set_once(&p->clock, -1, 12 * 60), 1;
                *ret_bad |= p->weekday != 0 || !set_once(&p->relative, -1, value);
                return 1;
        case WHEN_MONTH:
                *ret_bad |= !set_once(&p->month, 0, value);
                return 1;
        case WHEN_COUNT:
                *ret_bad |= !set_once(&p->count, 0, value);
                return 1;
        case WHEN_NOON:
        case WHEN_MORNING:
                /* "Après-midi" is no noon. */
                if (what == WHEN_NOON && i > 0 && word_is(r, i - 1, "apres"))
                        p->later = true;
                else
                        *ret_bad |= !set_once(&p->clock, -1, 12 * 60);
                return 1;
        case WHEN_AM: /* after no number: German "am 15. März" */
                p->article = true;
                return 1;
        case WHEN_BUSINESS:
                *ret_bad = true;
                return 0;
        default:
                return 0;
        }
}

static bool is_past_month(const struct when_parts *p) {
        return p->month < 0 || p->month > 12 || p->day < 0 || p->day > 31;
}

/* What the parts mean together. */
static bool build(const struct when_parts *p, struct deadline *d) {
        *d = (struct deadline){.clock = (int16_t) p->clock, .year = p->year, .weekday = (int8_t) p->weekday};
        if (is_past_month(p))
                return false;
        if (p->count > 0) {
                if (p->weekday || p->day || p->month || p->relative >= 0 || p->clock >= 0 || p->end || p->months)
                        return false;
                d->form = p->hours ? DEADLINE_HOURS : DEADLINE_DAY;
                d->n = p->week ? 7 * p->count : p->count;
                return (p->hours || p->days || p->week) && d->n <= (p->hours ? SPAN_HOURS_MAX : SPAN_DAYS_MAX);
        }
        if (p->end) {
                d->form = p->week ? DEADLINE_WEEK_END : p->month || p->months ? DEADLINE_MONTH_END : DEADLINE_DAY;
                d->weeks = p->next ? WEEK_NEXT : WEEK_THIS;
                d->month = (int8_t) (p->month ? p->month : p->next ? -1 : 0);
                d->n = MAX(p->relative, 0);
                if (p->weekday && p->days) {
                        d->form = DEADLINE_WEEKDAY;
                        d->weeks = WEEK_NEAREST;
                        return true;
                }
                return !p->weekday && !p->day && (p->week || p->month || p->months || p->days || p->relative >= 0);
        }
        if (p->day) {
                d->form = DEADLINE_DATE;
                d->day = (int8_t) p->day;
                d->month = (int8_t) p->month;
                return !p->next && !p->week && p->relative < 0;
        }
        if (p->month || p->months || p->hours)
                return false;
        if (p->weekday) {
                d->form = DEADLINE_WEEKDAY;
                d->weeks = p->next && p->week   ? WEEK_NEXT
                           : p->next            ? WEEK_COMING
                           : p->this || p->week ? WEEK_THIS
                                                : WEEK_NEAREST;
                return p->relative < 0;
        }
        if (p->week || p->next || p->days)
                return false;
        d->form = DEADLINE_DAY;
        d->n = MAX(p->relative, 0);
        return p->relative >= 0 || p->clock >= 0 || (p->this && p->later);
}

/* "Friday, March 13", "March 13, 2026": the comma is inside. */
static bool continues(const struct reading *r, size_t i, size_t last, const struct when_parts *p) {
        int value;
        if (i >= last)
                return false;
        bool digit = *word_text(r, i) >= '0' && *word_text(r, i) <= '9';
        if (p->day && p->month && !p->year)
                return digit && r->words[i].len == 4;
        return p->weekday && !p->day && (digit || word_when(r, i, &value) == WHEN_MONTH);
}

/* Reads a time at word i; where it ends, 0 when there is none. German writes "15. März", which looks like the end of a sentence. */
static size_t read_when(const struct reading *r, const struct sentence *s, size_t i, bool either_order, bool span,
                        struct deadline *ret) {
        struct when_parts p = {.relative = -1, .clock = -1, .span = span};
        size_t first = i, last = s->last, fillers = 0;
        bool bad = false, told = false;

        while (i < last && i - first < WHEN_WORDS_MAX) {
                int value;
                if (r->words[i].comma && !continues(r, i + 1, last, &p))
                        break;
                if (r->words[i].comma) {
                        i++;
                        continue;
                }
                enum when what = word_when(r, i, &value);
                bool filler = what == WHEN_FILLER || what == WHEN_ARTICLE || what == WHEN_AM;
                size_t n = read_part(r, i, last, either_order, &p, &bad);
                if (bad && !(told && n == 0))
                        return 0;
                if (bad || n == 0)
                        break;
                fillers = filler ? fillers + n : 0;
                told |= !filler;
                i += n;
        }
        int value;
        if (i == last && s->ending == '.' && p.day && !p.month && i < r->n_words && word_when(r, i, &value) == WHEN_MONTH)
                p.month = value;
        /* Fillers at the end belong to what comes after: "by Friday at our office". */
        return told && build(&p, ret) ? i - fillers : 0;
}

/* --- where it stands --- */

/* "Pour la réunion de lundi", "the agenda for Friday": the time is that of something else. */
static bool is_of_meeting(const struct reading *r, const struct sentence *s, size_t at) {
        static const char *const nouns[] = {
                "reunion",     "rendez",    "rdv",         "agenda",   "ordre",     "dispo",    "disponible",  "disponibles",
                "libre",       "reserver",  "reservation", "menu",     "programme", "planning", "billet",      "billets",
                "confirmer",   "confirmes", "confirmez",   "visio",    "appel",     "meeting",  "call",        "prevu",
                "prevue",      "prevus",    "invitation",  "ok",       "ordres",    "termin",   "besprechung", "afspraak",
                "vergadering", "overleg",   "inscrire",    "inscrits", "presents",  "atelier",  "salle",       "place"};
        for (size_t i = s->first; i < at; i++)
                if (word_in(r, i, nouns, ELEMENTSOF(nouns)))
                        return true;
        return false;
}

static bool is_unwanted(const struct reading *r, const struct sentence *s, const struct act_sentence *a,
                        const struct act_mark *m) {
        size_t at = m->at;
        static const char *const no[] = {"pas",     "not", "nicht", "niet",   "rien", "inutile",
                                         "nothing", "no",  "never", "jamais", "kein", "geen"};
        for (size_t i = 0; i < a->n_marks; i++)
                if ((a->marks[i].does & ACT_SIGN) == ACT_PAST && a->marks[i].table == m->table && a->marks[i].at < at)
                        return true;
        return (at > s->first && word_in(r, at - 1, no, ELEMENTSOF(no))) ||
               (at > s->first + 1 && word_in(r, at - 2, no, ELEMENTSOF(no)));
}

/* "By Thursday or Friday", "before Monday's call", "within 3 business days". */
static bool goes_on(const struct reading *r, const struct sentence *s, size_t end) {
        static const char *const more[] = {"or",      "ou",       "oder",    "of",       "meeting", "call",
                                           "reunion", "launch",   "standup", "session",  "event",   "evenement",
                                           "visio",   "workshop", "working", "business", "ouvres",  "ouvrables"};
        return end < s->last && word_in(r, end, more, ELEMENTSOF(more));
}

bool deadline_find(const struct reading *r, size_t k, bool either_order, const struct act_sentence *a, struct deadline *ret,
                   size_t *ret_at) {
        const struct sentence *s = r->sentences + k;

        for (size_t i = 0; i < a->n_marks; i++) {
                const struct act_mark *m = a->marks + i;
                enum act_sign sign = m->does & ACT_SIGN;
                struct deadline d = {.clock = -1};
                size_t at = m->at, end = m->end;
                if (sign < ACT_BY || sign > ACT_EOM || is_unwanted(r, s, a, m))
                        continue;
                if (sign == ACT_EOD || sign == ACT_EOW || sign == ACT_EOM) {
                        d.form = sign == ACT_EOD ? DEADLINE_DAY : sign == ACT_EOW ? DEADLINE_WEEK_END : DEADLINE_MONTH_END;
                        d.weeks = WEEK_THIS;
                        /* "EOD Friday" */
                        struct deadline day;
                        size_t more = read_when(r, s, m->end, either_order, false, &day);
                        if (sign == ACT_EOD && more > 0) {
                                d = day;
                                end = more;
                        }
                } else if (sign == ACT_LATEST) {
                        bool found = false;
                        for (size_t back = 1; back <= 5 && back <= m->at - s->first && !found; back++) {
                                if (r->words[m->at - back].comma)
                                        break;
                                found = read_when(r, s, m->at - back, either_order, false, &d) == m->at;
                                at = m->at - back;
                        }
                        if (!found)
                                continue;
                } else {
                        end = read_when(r, s, m->end, either_order, sign == ACT_WITHIN, &d);
                        bool span = d.form == DEADLINE_HOURS || (d.form == DEADLINE_DAY && d.n > 2);
                        if (end == 0 || (sign == ACT_WITHIN && !span && d.form != DEADLINE_DAY))
                                continue;
                        if (sign == ACT_FOR && (is_of_meeting(r, s, m->at) || d.form == DEADLINE_HOURS || span))
                                continue;
                        bool today = d.form == DEADLINE_DAY && d.n == 0; /* "before tonight" */
                        d.before =
                                sign == ACT_BEFORE && !today && d.form != DEADLINE_WEEK_END && d.form != DEADLINE_MONTH_END;
                }
                if (goes_on(r, s, end))
                        continue;
                *ret = d;
                *ret_at = at;
                return true;
        }
        return false;
}

/* --- against the date of the message --- */

static int64_t day_of(int64_t seconds) {
        return seconds >= 0 ? seconds / 86400 : -1 - (-1 - seconds) / 86400;
}

static bool resolve_weekday(const struct deadline *d, int32_t today, int32_t *ret) {
        int now = civil_weekday(today), ahead = (d->weekday - now + 7) % 7;
        switch (d->weeks) {
        case WEEK_NEAREST:
                *ret = today + ahead;
                return ahead > 0;
        case WEEK_THIS:
                *ret = today + ahead;
                return d->weekday >= now;
        case WEEK_COMING:
                *ret = today + (ahead > 0 ? ahead : 7);
                return d->weekday <= now;
        case WEEK_NEXT:
                *ret = today - now + 7 + d->weekday;
                return true;
        }
        return false;
}

static bool resolve_date(const struct deadline *d, int32_t today, int32_t *ret) {
        int32_t year;
        int month, day;
        civil_from_days(today, &year, &month, &day);
        if (d->month == 0) {
                /* The next such day: of this month or, when it is past, of the next. */
                if (d->day <= day && ++month > 12) {
                        month = 1;
                        year++;
                }
                if (d->day == day)
                        return false;
        } else {
                month = d->month;
                if (d->year != 0)
                        year = d->year;
        }
        if (year < 1970 || year > 2100 || d->day > civil_days_in_month(year, month))
                return false;
        *ret = civil_days(year, month, d->day);
        if (*ret < today && d->month != 0 && d->year == 0 && d->day <= civil_days_in_month(year + 1, month))
                *ret = civil_days(year + 1, month, d->day);
        if (d->weekday != 0 && civil_weekday(*ret) != d->weekday)
                return false;
        return *ret >= today && (d->year != 0 || *ret - today <= AHEAD_DAYS_MAX);
}

static bool resolve_month_end(const struct deadline *d, int32_t today, int32_t *ret) {
        int32_t year;
        int month, day;
        civil_from_days(today, &year, &month, &day);
        int wanted = d->month > 0 ? d->month : d->month < 0 ? month % 12 + 1 : month;
        year += wanted < month;
        *ret = civil_days(year, wanted, civil_days_in_month(year, wanted));
        return *ret - today <= AHEAD_DAYS_MAX;
}

struct moment deadline_resolve(const struct deadline *d, int64_t sent) {
        int32_t today = (int32_t) day_of(sent), day = today;
        int64_t second = sent - (int64_t) today * 86400;
        bool ok = false;

        switch (d->form) {
        case DEADLINE_NONE:
                break;
        case DEADLINE_HOURS:
                return (struct moment){MOMENT_FLOATING, sent + (int64_t) d->n * 3600};
        case DEADLINE_DAY:
                day = today + d->n;
                ok = d->n == 0 || second >= NIGHT_ENDS;
                break;
        case DEADLINE_WEEKDAY:
                ok = second >= NIGHT_ENDS && resolve_weekday(d, today, &day);
                break;
        case DEADLINE_DATE:
                ok = resolve_date(d, today, &day);
                break;
        case DEADLINE_WEEK_END:
                ok = d->weeks == WEEK_NEXT || civil_weekday(today) <= 5;
                day = today - civil_weekday(today) + 5 + (d->weeks == WEEK_NEXT ? 7 : 0);
                break;
        case DEADLINE_MONTH_END:
                ok = resolve_month_end(d, today, &day);
                break;
        }
        if (!ok)
                return (struct moment){.form = MOMENT_NONE};
        int64_t at = (int64_t) day * 86400;
        if (d->clock < 0 && !d->before)
                return (struct moment){MOMENT_DATE, at};
        at += d->clock > 0 ? d->clock * 60 : 0;
        return at > sent ? (struct moment){MOMENT_FLOATING, at} : (struct moment){.form = MOMENT_NONE};
}
