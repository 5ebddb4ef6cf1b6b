/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/date.h"

#include <libetpan/libetpan.h>
#include <strings.h>

#include "parsers/civil.h"

/* Longest date read, comments left out: real ones stay below 60. */
#define DATE_MAX 120U
#define DATE_PADDING 16U
/* Tokens of one date: weekday, day, month, year, time, am/pm, zone, and some that are ignored. */
#define TOKENS_MAX 16U

/* Offsets in use go from -12:00 to +14:00; a little more is believed, garbage is not. */
#define OFFSET_MAX (15 * 3600)

static const char months[12][4] = {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};
static const char weekdays[7][4] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

/* Zone names that mean one thing in mail. IST, AST and the military letters do not (RFC 5322 section 4.3). */
static const struct {
        const char *name;
        int quarters; /* of an hour east of UTC */
} zones[] = {
        {"ut", 0},    {"utc", 0},    {"gmt", 0},    {"z", 0},     {"wet", 0},   {"west", 4},  {"bst", 4},   {"cet", 4},
        {"met", 4},   {"mez", 4},    {"cest", 8},   {"mest", 8},  {"mesz", 8},  {"eet", 8},   {"eest", 12}, {"msk", 12},
        {"sast", 8},  {"est", -20},  {"edt", -16},  {"cst", -24}, {"cdt", -20}, {"mst", -28}, {"mdt", -24}, {"pst", -32},
        {"pdt", -28}, {"akst", -36}, {"akdt", -32}, {"hst", -40}, {"jst", 36},  {"kst", 36},  {"hkt", 32},  {"sgt", 32},
        {"awst", 32}, {"aest", 40},  {"aedt", 44},  {"nzst", 48}, {"nzdt", 52}, {"brt", -12}, {"art", -12},
};

/* What is known so far; -1 (year too) where nothing was read. */
struct reading {
        int year, month, day, hour, minute, second;
        bool have_offset;
        int32_t offset;
};

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

static bool is_letter(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Digits at *s, at most `most` of them; their number, the value in *ret. */
static size_t number(const char *s, const char *end, size_t most, int *ret) {
        size_t n = 0;
        int value = 0;
        while (s + n < end && n < most && is_digit(s[n]))
                value = value * 10 + (s[n++] - '0');
        *ret = value;
        return n;
}

static int full_year(int year, size_t digits) {
        if (digits == 4)
                return year;
        if (digits == 3) /* years since 1900, by programs of the last century */
                return year + 1900;
        return year < 50 ? year + 2000 : year + 1900;
}

/* Do the three letters at s, large or small, stand in a table? Its index, -1 when they do not. */
static int find_letters(const char *s, const char (*table)[4], size_t n) {
        for (size_t i = 0; i < n; i++)
                if ((s[0] | 32) == table[i][0] && (s[1] | 32) == table[i][1] && (s[2] | 32) == table[i][2])
                        return is_letter(s[0]) && is_letter(s[1]) && is_letter(s[2]) ? (int) i : -1;
        return -1;
}

static int find_month(const char *s, size_t n) {
        int i = n >= 3 ? find_letters(s, months, ELEMENTSOF(months)) : -1;
        return i < 0 ? -1 : i + 1;
}

static bool find_weekday(const char *s, size_t n) {
        return n >= 3 && find_letters(s, weekdays, ELEMENTSOF(weekdays)) >= 0;
}

static bool find_zone(const char *s, size_t n, struct reading *r) {
        for (size_t i = 0; i < ELEMENTSOF(zones); i++)
                if (strlen(zones[i].name) == n && strncasecmp(s, zones[i].name, n) == 0) {
                        r->have_offset = true;
                        r->offset = zones[i].quarters * 900;
                        return true;
                }
        return false;
}

/* "+0130", "-05:00", "+01", and "+000" of programs that lost a digit in front. */
static bool read_offset(const char *s, const char *end, struct reading *r) {
        int hour, minute = 0;
        bool lost = end - s == 4 && is_digit(s[1]) && is_digit(s[2]) && is_digit(s[3]);
        size_t wanted = lost ? 1 : 2, n = number(s + 1, end, wanted, &hour);
        const char *p = s + 1 + n;
        if (n != wanted)
                return false;
        if (p < end && *p == ':')
                p++;
        if (p < end && (number(p, end, 2, &minute) != 2 || p + 2 != end))
                return false;
        int32_t offset = hour * 3600 + minute * 60;
        r->have_offset = minute < 60 && offset <= OFFSET_MAX;
        r->offset = *s == '-' ? -offset : offset;
        return true; /* an impossible offset is like none */
}

/* "8:50", "08:50:30", "08:50:30.123Z", "08:50:30+01:00". */
static bool read_time(const char *s, const char *end, struct reading *r) {
        int hour, minute, second = 0;
        size_t n = number(s, end, 2, &hour);
        const char *p = s + n;
        if (n == 0 || p == end || (*p != ':' && *p != '.'))
                return false;
        char separator = *p++;
        n = number(p, end, 2, &minute);
        p += n;
        if (n != 2)
                return false;
        if (p < end && *p == separator) {
                n = number(p + 1, end, 2, &second);
                p += 1 + n;
                if (n == 0)
                        return false;
        }
        if (p < end && (*p == '.' || *p == ','))
                for (p++; p < end && is_digit(*p);)
                        p++;
        if (p < end && ((*p == '+' || *p == '-') ? !read_offset(p, end, r) : !find_zone(p, (size_t) (end - p), r)))
                return false;
        r->hour = hour;
        r->minute = minute;
        r->second = second;
        return true;
}

/* "2026-03-02", "2026/03/02", "2026-03-02T08:50:00Z", "02-Mar-2026". */
static bool read_date(const char *s, const char *end, struct reading *r) {
        int a, b, c;
        size_t n = number(s, end, 4, &a);
        const char *p = s + n;
        if (n == 0 || p == end || (*p != '-' && *p != '/'))
                return false;
        if (n == 4) {
                char separator = *p;
                size_t m = number(++p, end, 2, &b);
                p += m;
                if (m == 0 || p == end || *p++ != separator || (m = number(p, end, 2, &c)) == 0)
                        return false;
                p += m;
                r->year = a, r->month = b, r->day = c;
                return p == end || ((*p == 'T' || *p == 't') && read_time(p + 1, end, r));
        }
        int month = find_month(p + 1, (size_t) (end - p - 1));
        if (month < 0 || end - p < 6 || (p[4] != '-' && p[4] != '/'))
                return false;
        size_t digits = number(p + 5, end, 4, &c);
        if (digits < 2 || p + 5 + digits != end)
                return false;
        r->year = full_year(c, digits), r->month = month, r->day = a;
        return true;
}

static bool read_number(const char *s, const char *end, struct reading *r) {
        int value;
        size_t n = number(s, end, 4, &value);
        while (s + n < end && (s[n] == '.' || is_letter(s[n]))) /* "2." and "2nd" */
                end--;
        if (s + n != end)
                return false;
        if (n <= 2 && r->day < 0)
                r->day = value;
        else if (r->year < 0)
                r->year = full_year(value, n);
        else
                return false;
        return true;
}

static bool read_half_of_day(const char *s, size_t n, struct reading *r) {
        if (n != 2 || r->hour < 0 || r->hour > 12 || (strncasecmp(s, "am", 2) != 0 && strncasecmp(s, "pm", 2) != 0))
                return false;
        r->hour = r->hour % 12 + ((*s | 32) == 'p' ? 12 : 0);
        return true;
}

static bool read_token(const char *s, const char *end, bool first, struct reading *r) {
        size_t n = (size_t) (end - s);
        if ((*s == '+' || *s == '-') && n >= 3)
                return read_offset(s, end, r);
        if (is_digit(*s))
                return read_time(s, end, r) || read_date(s, end, r) || read_number(s, end, r);
        if (r->month < 0 && (r->month = find_month(s, n)) > 0)
                return true;
        if (find_weekday(s, n) || find_zone(s, n, r) || read_half_of_day(s, n, r))
                return true;
        /* A weekday of another language in front; anything once the date and the time are known (RFC 5322 says to read an
         * unknown zone as -0000). */
        return first || (r->hour >= 0 && r->day >= 0 && r->month >= 0);
}

static int to_instant(const struct reading *r, instant *ret, int32_t *ret_offset) {
        if (r->year < 1 || r->year > 9999 || r->month < 1 || r->month > 12 || r->day < 1 || r->day > 31 || r->hour < 0 ||
            r->hour > 23 || r->minute < 0 || r->minute > 59 || r->second < 0 || r->second > 60)
                return -EINVAL;
        struct civil c = {
                r->year,          (int8_t) r->month,  (int8_t) r->day,
                (int8_t) r->hour, (int8_t) r->minute, (int8_t) MIN(r->second, 59)}; /* a leap second is not counted */
        if (!civil_valid(&c))
                return -EINVAL;
        instant at = civil_seconds(&c) - (r->have_offset ? r->offset : 0);
        *ret = at;
        *ret_offset = r->have_offset && r->offset != 0 ? r->offset : INT32_MIN;
        return 0;
}

/* Our own reading, word by word in any order. */
static int date_read(const char *s, const char *end, instant *ret, int32_t *ret_offset) {
        struct reading r = {-1, -1, -1, -1, -1, 0, false, 0};
        for (size_t tokens = 0; tokens < TOKENS_MAX; tokens++) {
                while (s < end && (*s == ' ' || *s == '\t' || *s == ','))
                        s++;
                const char *token = s;
                while (s < end && *s != ' ' && *s != '\t' && *s != ',')
                        s++;
                if (token == s)
                        break;
                if (!read_token(token, s, tokens == 0, &r))
                        return -EINVAL;
        }
        return to_instant(&r, ret, ret_offset);
}

/* The form that nearly all programs write, "Mon, 2 Mar 2026 08:50:00 +0100", without a search. -EINVAL: it is not that, or no date. */
static int date_standard(const char *s, size_t n, instant *ret, int32_t *ret_offset) {
        static const char form[] = " ___ #### ##:##:## _####";
        const size_t head = sizeof("Mon, ") - 1, size = sizeof(form) - 1;
        if (n < head + 1 + size || n > head + 2 + size || s[3] != ',' || s[4] != ' ' || !find_weekday(s, 3))
                return -EINVAL;
        struct reading r = {.have_offset = true};
        const char *p = s + n - size; /* after the day, which has one figure or two */
        for (size_t i = 0; i < size; i++)
                if (form[i] == '#' ? !is_digit(p[i]) : form[i] != '_' && form[i] != p[i])
                        return -EINVAL;
        size_t digits = (size_t) (p - s) - head;
        if (number(s + head, p, digits, &r.day) != digits || (p[19] != '+' && p[19] != '-'))
                return -EINVAL;
        int hours, minutes;
        r.month = find_month(p + 1, 3);
        (void) number(p + 5, s + n, 4, &r.year);
        (void) number(p + 10, s + n, 2, &r.hour);
        (void) number(p + 13, s + n, 2, &r.minute);
        (void) number(p + 16, s + n, 2, &r.second);
        (void) number(p + 20, s + n, 2, &hours);
        (void) number(p + 22, s + n, 2, &minutes);
        r.offset = (hours * 3600 + minutes * 60) * (p[19] == '-' ? -1 : 1);
        r.have_offset = minutes < 60 && r.offset >= -OFFSET_MAX && r.offset <= OFFSET_MAX;
        return to_instant(&r, ret, ret_offset);
}

/* libetpan checks no range, keeps two-digit years, and gives the offset as a decimal HHMM (0 for none). */
static int date_from_libetpan(const char *s, size_t n, instant *ret, int32_t *ret_offset) {
        struct mailimf_date_time *dt = NULL;
        size_t i = 0;
        if (mailimf_date_time_parse(s, n, &i, &dt) != MAILIMF_NO_ERROR)
                return -EINVAL;
        struct reading r = {dt->dt_year, dt->dt_month, dt->dt_day, dt->dt_hour, dt->dt_min, dt->dt_sec, true, 0};
        int zone = dt->dt_zone;
        mailimf_date_time_free(dt);
        if (i != n || zone <= -10000 || zone >= 10000 || zone % 100 >= 60 || zone % 100 <= -60)
                return -EINVAL;
        if (r.year < 1000)
                return -EINVAL;
        r.offset = zone / 100 * 3600 + zone % 100 * 60;
        r.have_offset = r.offset >= -OFFSET_MAX && r.offset <= OFFSET_MAX;
        return to_instant(&r, ret, ret_offset);
}

int date_parse(const char *s, size_t n, instant *ret, int32_t *ret_offset) {
        char text[DATE_MAX + DATE_PADDING] = "";
        size_t size = 0, depth = 0;
        for (size_t i = 0; i < n && size < DATE_MAX; i++) {
                char c = s[i];
                if (c == '(')
                        depth++;
                else if (c == ')' && depth > 0)
                        depth--;
                else if (depth == 0 && c != '"' && (size > 0 || (c != ' ' && c != '\t')))
                        text[size++] = c == '\n' || c == '\r' || c == 0 ? ' ' : c;
        }
        while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\t'))
                text[--size] = 0;
        if (date_standard(text, size, ret, ret_offset) == 0)
                return 0;
        /* Without a sign the zone is a name or missing: libetpan reads both as 0 and forgets which. */
        bool plain = size > 6 && (text[size - 5] == '+' || text[size - 5] == '-') && memchr(text, ':', size);
        if (plain && date_from_libetpan(text, size, ret, ret_offset) == 0)
                return 0;
        return date_read(text, text + size, ret, ret_offset);
}

bool date_is_plausible(instant at) {
        const instant earliest = 0, latest = INT64_C(4133980799); /* 2100-12-31T23:59:59Z */
        return at >= earliest && at <= latest;
}

int date_parse_from_line(const char *s, size_t n, instant *ret) {
        const char *end = s + n, *start = NULL;
        int32_t offset;
        while (end > s && (end[-1] == ' ' || end[-1] == '\r' || end[-1] == '\n'))
                end--;
        static const char remote[] = " remote from ";
        const char *cut = memmem(s, (size_t) (end - s), remote, sizeof(remote) - 1);
        if (cut)
                end = cut;
        /* The sender may hold blanks and even look like a weekday: the last one starts the date. */
        for (const char *p = s; p < end;) {
                const char *token = p;
                while (p < end && *p != ' ' && *p != '\t')
                        p++;
                size_t length = (size_t) (p - token);
                if (length >= 3 && length <= 4 && find_weekday(token, length) &&
                    is_letter(token[length - 1]) == (length == 3))
                        start = token;
                while (p < end && (*p == ' ' || *p == '\t'))
                        p++;
        }
        if (!start || (size_t) (end - start) > DATE_MAX)
                return -EINVAL;
        instant at;
        int r = date_read(start, end, &at, &offset);
        if (r < 0 || !date_is_plausible(at))
                return -EINVAL;
        *ret = at;
        return 0;
}
