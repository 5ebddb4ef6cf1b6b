/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/worktime.h"

/* A few rules give every year of every region: a date, a weekday inside seven dates, a distance from Easter. What parliaments
 * grant once is a date with one year. Sundays are left out where they are holidays by name only (Easter, Pentecost). */

enum holiday_kind {
        FIXED,         /* month, day */
        US_OBSERVED,   /* and the Friday before a Saturday, the Monday after a Sunday */
        GB_SUBSTITUTE, /* and the Monday after a weekend */
        GB_PAIR,       /* of two days that follow each other: a weekend gives the day two days later */
        QC_SUNDAY,     /* and the Monday after a Sunday */
        NL_SUNDAY,     /* the Saturday instead of a Sunday */
        WEEKDAY,       /* month, first of seven days, weekday (1 = Monday) */
        EASTER,        /* days after Easter Sunday */
};

/* Where a date moves that falls on a Saturday or a Sunday; the date itself stays a holiday unless `instead`. */
static const struct shift {
        int8_t saturday, sunday;
        bool instead;
} shifts[] = {
        [FIXED] = {0, 0, false},   [US_OBSERVED] = {-1, 1, false}, [GB_SUBSTITUTE] = {2, 1, false},
        [GB_PAIR] = {2, 2, false}, [QC_SUNDAY] = {0, 1, false},    [NL_SUNDAY] = {0, -1, true},
};

struct holiday_row {
        uint32_t regions; /* bits of the country's regions */
        uint8_t kind;     /* enum holiday_kind */
        int8_t a, b, c;
        int16_t from, until; /* years; 0: always */
        const char *name;
};

#define ALL UINT32_MAX
#define SINCE(y) (y), 0
#define UNTIL(y) 0, (y)
#define ONLY(y) (y), (y)
#define ALWAYS 0, 0
#define MON 1
#define WED 3
#define THU 4

#define ALSACE_MOSELLE 2U
static const struct holiday_row rows_fr[] = {
        {ALL, FIXED, 1, 1, 0, ALWAYS, "Jour de l'an"},
        {ALSACE_MOSELLE, EASTER, -2, 0, 0, ALWAYS, "Vendredi saint"},
        {ALL, EASTER, 1, 0, 0, ALWAYS, "Lundi de Pâques"},
        {ALL, FIXED, 5, 1, 0, ALWAYS, "Fête du Travail"},
        {ALL, FIXED, 5, 8, 0, SINCE(1982), "Victoire de 1945"},
        {ALL, EASTER, 39, 0, 0, ALWAYS, "Ascension"},
        {ALL, EASTER, 50, 0, 0, ALWAYS, "Lundi de Pentecôte"},
        {ALL, FIXED, 7, 14, 0, ALWAYS, "Fête nationale"},
        {ALL, FIXED, 8, 15, 0, ALWAYS, "Assomption"},
        {ALL, FIXED, 11, 1, 0, ALWAYS, "Toussaint"},
        {ALL, FIXED, 11, 11, 0, ALWAYS, "Armistice de 1918"},
        {ALL, FIXED, 12, 25, 0, ALWAYS, "Noël"},
        {ALSACE_MOSELLE, FIXED, 12, 26, 0, ALWAYS, "Saint-Étienne"},
};

static const struct holiday_row rows_be[] = {
        {ALL, FIXED, 1, 1, 0, ALWAYS, "Nouvel An"},
        {ALL, EASTER, 1, 0, 0, ALWAYS, "Lundi de Pâques"},
        {ALL, FIXED, 5, 1, 0, ALWAYS, "Fête du Travail"},
        {ALL, EASTER, 39, 0, 0, ALWAYS, "Ascension"},
        {ALL, EASTER, 50, 0, 0, ALWAYS, "Lundi de Pentecôte"},
        {ALL, FIXED, 7, 21, 0, ALWAYS, "Fête nationale"},
        {ALL, FIXED, 8, 15, 0, ALWAYS, "Assomption"},
        {ALL, FIXED, 11, 1, 0, ALWAYS, "Toussaint"},
        {ALL, FIXED, 11, 11, 0, ALWAYS, "Armistice"},
        {ALL, FIXED, 12, 25, 0, ALWAYS, "Noël"},
};

/* Only four days are holidays in every canton. */
#define GENEVA 2U
#define VAUD 4U
#define ZURICH 8U
static const struct holiday_row rows_ch[] = {
        {ALL, FIXED, 1, 1, 0, ALWAYS, "Nouvel An"},
        {VAUD, FIXED, 1, 2, 0, ALWAYS, "2 janvier"},
        {GENEVA | VAUD | ZURICH, EASTER, -2, 0, 0, ALWAYS, "Vendredi saint"},
        {GENEVA | VAUD | ZURICH, EASTER, 1, 0, 0, ALWAYS, "Lundi de Pâques"},
        {ZURICH, FIXED, 5, 1, 0, ALWAYS, "Tag der Arbeit"},
        {ALL, EASTER, 39, 0, 0, ALWAYS, "Ascension"},
        {GENEVA | VAUD | ZURICH, EASTER, 50, 0, 0, ALWAYS, "Lundi de Pentecôte"},
        {ALL, FIXED, 8, 1, 0, SINCE(1994), "Fête nationale"},
        /* The Thursday after the first Sunday, and the Monday after the third Sunday of September. */
        {GENEVA, WEEKDAY, 9, 5, THU, ALWAYS, "Jeûne genevois"},
        {VAUD, WEEKDAY, 9, 16, MON, ALWAYS, "Lundi du Jeûne fédéral"},
        {ALL, FIXED, 12, 25, 0, ALWAYS, "Noël"},
        {ZURICH, FIXED, 12, 26, 0, ALWAYS, "Stephanstag"},
        {GENEVA, FIXED, 12, 31, 0, ALWAYS, "Restauration de la République"},
};

static const struct holiday_row rows_lu[] = {
        {ALL, FIXED, 1, 1, 0, ALWAYS, "Jour de l'an"},    {ALL, EASTER, 1, 0, 0, ALWAYS, "Lundi de Pâques"},
        {ALL, FIXED, 5, 1, 0, ALWAYS, "Fête du Travail"}, {ALL, FIXED, 5, 9, 0, SINCE(2019), "Journée de l'Europe"},
        {ALL, EASTER, 39, 0, 0, ALWAYS, "Ascension"},     {ALL, EASTER, 50, 0, 0, ALWAYS, "Lundi de Pentecôte"},
        {ALL, FIXED, 6, 23, 0, ALWAYS, "Fête nationale"}, {ALL, FIXED, 8, 15, 0, ALWAYS, "Assomption"},
        {ALL, FIXED, 11, 1, 0, ALWAYS, "Toussaint"},      {ALL, FIXED, 12, 25, 0, ALWAYS, "Noël"},
        {ALL, FIXED, 12, 26, 0, ALWAYS, "Saint-Étienne"},
};

static const struct holiday_row rows_qc[] = {
        {ALL, FIXED, 1, 1, 0, ALWAYS, "Jour de l'An"},
        /* The employer chooses Good Friday or Easter Monday; most choose the Friday. */
        {ALL, EASTER, -2, 0, 0, ALWAYS, "Vendredi saint"},
        {ALL, WEEKDAY, 5, 18, MON, ALWAYS, "Journée nationale des patriotes"}, /* the Monday before 25 May */
        {ALL, QC_SUNDAY, 6, 24, 0, ALWAYS, "Fête nationale du Québec"},
        {ALL, QC_SUNDAY, 7, 1, 0, ALWAYS, "Fête du Canada"},
        {ALL, WEEKDAY, 9, 1, MON, ALWAYS, "Fête du Travail"},
        {ALL, WEEKDAY, 10, 8, MON, ALWAYS, "Action de grâces"},
        {ALL, FIXED, 12, 25, 0, ALWAYS, "Noël"},
};

#define DE_BW (1U << 1)
#define DE_BY (1U << 2)
#define DE_BE (1U << 3)
#define DE_BB (1U << 4)
#define DE_HB (1U << 5)
#define DE_HH (1U << 6)
#define DE_HE (1U << 7)
#define DE_MV (1U << 8)
#define DE_NI (1U << 9)
#define DE_NW (1U << 10)
#define DE_RP (1U << 11)
#define DE_SL (1U << 12)
#define DE_SN (1U << 13)
#define DE_ST (1U << 14)
#define DE_SH (1U << 15)
#define DE_TH (1U << 16)
/* Assumption in Bavaria, Corpus Christi in Saxony and Thuringia hold in some places only: left out. */
static const struct holiday_row rows_de[] = {
        {ALL, FIXED, 1, 1, 0, ALWAYS, "Neujahr"},
        {DE_BW | DE_BY | DE_ST, FIXED, 1, 6, 0, ALWAYS, "Heilige Drei Könige"},
        {DE_BE, FIXED, 3, 8, 0, SINCE(2019), "Frauentag"},
        {DE_MV, FIXED, 3, 8, 0, SINCE(2023), "Frauentag"},
        {ALL, EASTER, -2, 0, 0, ALWAYS, "Karfreitag"},
        {DE_BB, EASTER, 0, 0, 0, ALWAYS, "Ostersonntag"},
        {ALL, EASTER, 1, 0, 0, ALWAYS, "Ostermontag"},
        {ALL, FIXED, 5, 1, 0, ALWAYS, "Tag der Arbeit"},
        {DE_BE, FIXED, 5, 8, 0, ONLY(2020), "Tag der Befreiung"},
        {DE_BE, FIXED, 5, 8, 0, ONLY(2025), "Tag der Befreiung"},
        {ALL, EASTER, 39, 0, 0, ALWAYS, "Christi Himmelfahrt"},
        {DE_BB, EASTER, 49, 0, 0, ALWAYS, "Pfingstsonntag"},
        {ALL, EASTER, 50, 0, 0, ALWAYS, "Pfingstmontag"},
        {DE_BW | DE_BY | DE_HE | DE_NW | DE_RP | DE_SL, EASTER, 60, 0, 0, ALWAYS, "Fronleichnam"},
        {DE_SL, FIXED, 8, 15, 0, ALWAYS, "Mariä Himmelfahrt"},
        {DE_TH, FIXED, 9, 20, 0, SINCE(2019), "Weltkindertag"},
        {ALL, FIXED, 10, 3, 0, SINCE(1990), "Tag der Deutschen Einheit"},
        {ALL, FIXED, 10, 31, 0, ONLY(2017), "Reformationstag"},
        {DE_BB | DE_MV | DE_SN | DE_ST | DE_TH, FIXED, 10, 31, 0, ALWAYS, "Reformationstag"},
        {DE_HB | DE_HH | DE_NI | DE_SH, FIXED, 10, 31, 0, SINCE(2018), "Reformationstag"},
        {DE_BW | DE_BY | DE_NW | DE_RP | DE_SL, FIXED, 11, 1, 0, ALWAYS, "Allerheiligen"},
        {DE_SN, WEEKDAY, 11, 16, WED, SINCE(1995), "Buß- und Bettag"},
        {ALL, WEEKDAY, 11, 16, WED, UNTIL(1994), "Buß- und Bettag"},
        {ALL, FIXED, 12, 25, 0, ALWAYS, "1. Weihnachtstag"},
        {ALL, FIXED, 12, 26, 0, ALWAYS, "2. Weihnachtstag"},
};

/* Good Friday is an ordinary day, and so is 5 May but in every fifth year. */
static const struct holiday_row rows_nl[] = {
        {ALL, FIXED, 1, 1, 0, ALWAYS, "Nieuwjaarsdag"},           {ALL, EASTER, 1, 0, 0, ALWAYS, "Tweede paasdag"},
        {ALL, NL_SUNDAY, 4, 30, 0, UNTIL(2013), "Koninginnedag"}, {ALL, NL_SUNDAY, 4, 27, 0, SINCE(2014), "Koningsdag"},
        {ALL, FIXED, 5, 5, 5, SINCE(1990), "Bevrijdingsdag"},     {ALL, EASTER, 39, 0, 0, ALWAYS, "Hemelvaartsdag"},
        {ALL, EASTER, 50, 0, 0, ALWAYS, "Tweede pinksterdag"},    {ALL, FIXED, 12, 25, 0, ALWAYS, "Eerste kerstdag"},
        {ALL, FIXED, 12, 26, 0, ALWAYS, "Tweede kerstdag"},
};

#define ENGLAND 1U
#define SCOTLAND 2U
#define NORTHERN_IRELAND 4U
static const struct holiday_row rows_gb[] = {
        {ENGLAND | NORTHERN_IRELAND, GB_SUBSTITUTE, 1, 1, 0, ALWAYS, "New Year's Day"},
        {SCOTLAND, GB_PAIR, 1, 1, 0, ALWAYS, "New Year's Day"},
        {SCOTLAND, GB_PAIR, 1, 2, 0, ALWAYS, "2nd January"},
        {NORTHERN_IRELAND, GB_SUBSTITUTE, 3, 17, 0, ALWAYS, "St Patrick's Day"},
        {ALL, EASTER, -2, 0, 0, ALWAYS, "Good Friday"},
        {ENGLAND | NORTHERN_IRELAND, EASTER, 1, 0, 0, ALWAYS, "Easter Monday"},
        {ALL, WEEKDAY, 5, 1, MON, UNTIL(1994), "Early May bank holiday"},
        {ALL, FIXED, 5, 8, 0, ONLY(1995), "Early May bank holiday"},
        {ALL, WEEKDAY, 5, 1, MON, 1996, 2019, "Early May bank holiday"},
        {ALL, FIXED, 5, 8, 0, ONLY(2020), "Early May bank holiday"},
        {ALL, WEEKDAY, 5, 1, MON, SINCE(2021), "Early May bank holiday"},
        {ALL, WEEKDAY, 5, 25, MON, UNTIL(2001), "Spring bank holiday"},
        {ALL, FIXED, 6, 4, 0, ONLY(2002), "Spring bank holiday"},
        {ALL, WEEKDAY, 5, 25, MON, 2003, 2011, "Spring bank holiday"},
        {ALL, FIXED, 6, 4, 0, ONLY(2012), "Spring bank holiday"},
        {ALL, WEEKDAY, 5, 25, MON, 2013, 2021, "Spring bank holiday"},
        {ALL, FIXED, 6, 2, 0, ONLY(2022), "Spring bank holiday"},
        {ALL, WEEKDAY, 5, 25, MON, SINCE(2023), "Spring bank holiday"},
        {NORTHERN_IRELAND, GB_SUBSTITUTE, 7, 12, 0, ALWAYS, "Battle of the Boyne"},
        {SCOTLAND, WEEKDAY, 8, 1, MON, ALWAYS, "Summer bank holiday"},
        {ENGLAND | NORTHERN_IRELAND, WEEKDAY, 8, 25, MON, ALWAYS, "Summer bank holiday"},
        {SCOTLAND, GB_SUBSTITUTE, 11, 30, 0, SINCE(2007), "St Andrew's Day"},
        {ALL, GB_PAIR, 12, 25, 0, ALWAYS, "Christmas Day"},
        {ALL, GB_PAIR, 12, 26, 0, ALWAYS, "Boxing Day"},
        {ALL, FIXED, 12, 31, 0, ONLY(1999), "Millennium bank holiday"},
        {ALL, FIXED, 6, 3, 0, ONLY(2002), "Golden Jubilee"},
        {ALL, FIXED, 4, 29, 0, ONLY(2011), "Royal wedding"},
        {ALL, FIXED, 6, 5, 0, ONLY(2012), "Diamond Jubilee"},
        {ALL, FIXED, 6, 3, 0, ONLY(2022), "Platinum Jubilee"},
        {ALL, FIXED, 9, 19, 0, ONLY(2022), "State funeral of Queen Elizabeth II"},
        {ALL, FIXED, 5, 8, 0, ONLY(2023), "Coronation of King Charles III"},
        {SCOTLAND, FIXED, 6, 15, 0, ONLY(2026), "World Cup bank holiday"},
};

/* What every autonomous community keeps; Maundy Thursday and the Mondays after a Sunday differ between them. */
static const struct holiday_row rows_es[] = {
        {ALL, FIXED, 1, 1, 0, ALWAYS, "Año Nuevo"},
        {ALL, FIXED, 1, 6, 0, ALWAYS, "Epifanía del Señor"},
        {ALL, EASTER, -2, 0, 0, ALWAYS, "Viernes Santo"},
        {ALL, FIXED, 5, 1, 0, ALWAYS, "Fiesta del Trabajo"},
        {ALL, FIXED, 8, 15, 0, ALWAYS, "Asunción de la Virgen"},
        {ALL, FIXED, 10, 12, 0, ALWAYS, "Fiesta Nacional de España"},
        {ALL, FIXED, 11, 1, 0, ALWAYS, "Todos los Santos"},
        {ALL, FIXED, 12, 6, 0, ALWAYS, "Día de la Constitución"},
        {ALL, FIXED, 12, 8, 0, ALWAYS, "Inmaculada Concepción"},
        {ALL, FIXED, 12, 25, 0, ALWAYS, "Natividad del Señor"},
};

static const struct holiday_row rows_it[] = {
        {ALL, FIXED, 1, 1, 0, ALWAYS, "Capodanno"},
        {ALL, FIXED, 1, 6, 0, SINCE(1986), "Epifania"},
        {ALL, EASTER, 1, 0, 0, ALWAYS, "Lunedì dell'Angelo"},
        {ALL, FIXED, 4, 25, 0, ALWAYS, "Festa della Liberazione"},
        {ALL, FIXED, 5, 1, 0, ALWAYS, "Festa del Lavoro"},
        {ALL, FIXED, 6, 2, 0, SINCE(2001), "Festa della Repubblica"},
        {ALL, FIXED, 8, 15, 0, ALWAYS, "Ferragosto"},
        {ALL, FIXED, 10, 4, 0, SINCE(2026), "San Francesco"},
        {ALL, FIXED, 11, 1, 0, ALWAYS, "Ognissanti"},
        {ALL, FIXED, 12, 8, 0, ALWAYS, "Immacolata Concezione"},
        {ALL, FIXED, 12, 25, 0, ALWAYS, "Natale"},
        {ALL, FIXED, 12, 26, 0, ALWAYS, "Santo Stefano"},
};

/* Federal holidays; states and employers add their own. */
static const struct holiday_row rows_us[] = {
        {ALL, US_OBSERVED, 1, 1, 0, ALWAYS, "New Year's Day"},
        {ALL, WEEKDAY, 1, 15, MON, SINCE(1986), "Martin Luther King Jr. Day"},
        {ALL, WEEKDAY, 2, 15, MON, ALWAYS, "Washington's Birthday"},
        {ALL, WEEKDAY, 5, 25, MON, ALWAYS, "Memorial Day"},
        {ALL, US_OBSERVED, 6, 19, 0, SINCE(2021), "Juneteenth"},
        {ALL, US_OBSERVED, 7, 4, 0, ALWAYS, "Independence Day"},
        {ALL, WEEKDAY, 9, 1, MON, ALWAYS, "Labor Day"},
        {ALL, WEEKDAY, 10, 8, MON, ALWAYS, "Columbus Day"},
        {ALL, US_OBSERVED, 11, 11, 0, ALWAYS, "Veterans Day"},
        {ALL, WEEKDAY, 11, 22, THU, ALWAYS, "Thanksgiving Day"},
        {ALL, US_OBSERVED, 12, 25, 0, ALWAYS, "Christmas Day"},
};

#define ROWS(country) rows_##country, ELEMENTSOF(rows_##country)
static const struct region {
        const char *code;
        const struct holiday_row *rows;
        size_t n;
        uint32_t bits;
} regions[] = {
        {"BE", ROWS(be), 1},
        {"CA-QC", ROWS(qc), 1},
        {"CH", ROWS(ch), 1},
        {"CH-GE", ROWS(ch), GENEVA},
        {"CH-VD", ROWS(ch), VAUD},
        {"CH-ZH", ROWS(ch), ZURICH},
        {"DE", ROWS(de), 1},
        {"DE-BB", ROWS(de), DE_BB},
        {"DE-BE", ROWS(de), DE_BE},
        {"DE-BW", ROWS(de), DE_BW},
        {"DE-BY", ROWS(de), DE_BY},
        {"DE-HB", ROWS(de), DE_HB},
        {"DE-HE", ROWS(de), DE_HE},
        {"DE-HH", ROWS(de), DE_HH},
        {"DE-MV", ROWS(de), DE_MV},
        {"DE-NI", ROWS(de), DE_NI},
        {"DE-NW", ROWS(de), DE_NW},
        {"DE-RP", ROWS(de), DE_RP},
        {"DE-SH", ROWS(de), DE_SH},
        {"DE-SL", ROWS(de), DE_SL},
        {"DE-SN", ROWS(de), DE_SN},
        {"DE-ST", ROWS(de), DE_ST},
        {"DE-TH", ROWS(de), DE_TH},
        {"ES", ROWS(es), 1},
        {"FR", ROWS(fr), 1},
        {"FR-57", ROWS(fr), ALSACE_MOSELLE},
        {"FR-67", ROWS(fr), ALSACE_MOSELLE},
        {"FR-68", ROWS(fr), ALSACE_MOSELLE},
        {"GB", ROWS(gb), ENGLAND},
        {"GB-NIR", ROWS(gb), NORTHERN_IRELAND},
        {"GB-SCT", ROWS(gb), SCOTLAND},
        {"IT", ROWS(it), 1},
        {"LU", ROWS(lu), 1},
        {"NL", ROWS(nl), 1},
        {"US", ROWS(us), 1},
};

static const struct region *find_region(const char *code) {
        if (!code || !code[0])
                return NULL;
        for (size_t i = 0; i < ELEMENTSOF(regions); i++) {
                const char *name = regions[i].code;
                /* Two letters tell most regions apart: no call for the others, this is asked for every day. */
                if (name[0] == code[0] && name[1] == code[1] && strcmp(name, code) == 0)
                        return &regions[i];
        }
        return NULL;
}

bool holiday_region_known(const char *region) {
        return find_region(region);
}

const char *const *holiday_regions(void) {
        static const char *const codes[] = {
                "BE",    "CA-QC", "CH",    "CH-GE", "CH-VD", "CH-ZH",  "DE",     "DE-BB", "DE-BE", "DE-BW", "DE-BY", "DE-HB",
                "DE-HE", "DE-HH", "DE-MV", "DE-NI", "DE-NW", "DE-RP",  "DE-SH",  "DE-SL", "DE-SN", "DE-ST", "DE-TH", "ES",
                "FR",    "FR-57", "FR-67", "FR-68", "GB",    "GB-NIR", "GB-SCT", "IT",    "LU",    "NL",    "US",    NULL,
        };
        _Static_assert(ELEMENTSOF(codes) == ELEMENTSOF(regions) + 1, "a region is missing from the list");
        return codes;
}

/* Easter Sunday by the Gregorian computus (Meeus, Jones, Butcher), in days after 1 March of the year. */
static int32_t easter_after_march(int32_t year) {
        int32_t a = year % 19, b = year / 100, c = year % 100;
        int32_t d = b / 4, e = b % 4, f = (b + 8) / 25, g = (b - f + 1) / 3;
        int32_t h = (19 * a + b - d - g + 15) % 30;
        int32_t i = c / 4, k = c % 4;
        int32_t l = (32 + 2 * e + 2 * i - h - k) % 7;
        int32_t m = (a + 11 * h + 22 * l) / 451;
        int32_t sum = h + l - 7 * m + 114;
        return (sum / 31 == 4 ? 31 : 0) + sum % 31;
}

/* The day that is asked for. */
struct asked {
        int32_t days, year;
        int month, day, weekday;
        int32_t after_easter; /* INT32_MAX out of season */
};

/* Few days are near a date that moves by one or two: counting on a year of twelve times 31 days is off by three at most. */
static bool date_is_near(const struct holiday_row *row, const struct asked *a) {
        int apart = abs((a->month - row->a) * 31 + a->day - row->b);
        return apart <= 5 || apart >= 12 * 31 - 5;
}

static bool date_matches(const struct holiday_row *row, const struct asked *a) {
        if (row->kind == FIXED ? a->month != row->a || a->day != row->b : !date_is_near(row, a))
                return false;
        /* New Year's Day of the next year may be kept on 31 December. */
        int32_t year = a->year + (a->month == 12 && row->a == 1);
        if (row->from > year || (row->until > 0 && row->until < year))
                return false;
        if (row->c > 0 && year % row->c != 0)
                return false;
        int32_t date = civil_days(year, row->a, row->b), moved = date;
        if (row->kind != FIXED) {
                const struct shift *shift = &shifts[row->kind];
                int weekday = civil_weekday(date);
                moved += weekday == 6 ? shift->saturday : weekday == 7 ? shift->sunday : 0;
                if (shift->instead)
                        date = moved;
        }
        return a->days == date || a->days == moved;
}

static bool row_matches(const struct holiday_row *row, const struct asked *a) {
        if (row->kind <= NL_SUNDAY)
                return date_matches(row, a);
        if (row->from > a->year || (row->until > 0 && row->until < a->year))
                return false;
        if (row->kind == EASTER)
                return a->after_easter == row->a;
        return a->month == row->a && a->weekday == row->c && a->day >= row->b && a->day < row->b + 7;
}

const char *holiday_name(const char *region, int32_t day) {
        const struct region *r = find_region(region);
        if (!r)
                return NULL;
        struct asked a = {.days = day, .weekday = civil_weekday(day), .after_easter = INT32_MAX};
        civil_from_days(day, &a.year, &a.month, &a.day);
        /* From Good Friday on 20 March to Corpus Christi on 24 June. */
        if (a.month >= 3 && a.month <= 6)
                a.after_easter = day - civil_days(a.year, 3, 1) - easter_after_march(a.year);
        for (size_t i = 0; i < r->n; i++)
                if ((r->rows[i].regions & r->bits) && row_matches(&r->rows[i], &a))
                        return r->rows[i].name;
        return NULL;
}
