/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/zone.h"

#include <strings.h>

#include "parsers/windows_zones.h"

/* RFC 8536 section 3.2 recommends -24:59:59..+25:59:59; zone_instant() counts on it. */
#define OFFSET_MIN (-89999)
#define OFFSET_MAX 93599
/* Hours in the times of a footer rule, RFC 8536 section 3.3.1. */
#define RULE_HOURS_MAX 167
/* The longest name in tzdata has 32 bytes; what calendars write around it is not longer than this. */
#define TZID_MAX 255U
/* Names beyond this are not compared letter by letter for a suggestion. */
#define SUGGEST_MAX 63U
/* Places in the title of a zone; Windows names six at most. */
#define TITLE_PLACES_MAX 8
#define HEADER_SIZE 44U
#define DAY_SECONDS 86400

enum rule_form {
        RULE_MONTH_WEEK_DAY, /* Mm.w.d */
        RULE_JULIAN,         /* Jn: 1..365, 29 February is never counted */
        RULE_DAY_OF_YEAR,    /* n: 0..365 */
};

struct rule_day {
        enum rule_form form;
        int month, week, day;
        int32_t time; /* seconds after midnight of local time; may be negative or beyond a day */
};

/* The footer: what holds after the last transition. */
struct rule {
        bool present, changes;
        int32_t standard, summer;   /* seconds east of UTC */
        struct rule_day start, end; /* of summer time */
};

struct zone {
        char *name;       /* owned */
        size_t n;         /* transitions */
        instant *at;      /* owned, rising */
        int32_t *offsets; /* owned; [0] before the first transition, [i + 1] from transition i on */
        struct rule rule;
};

/* A stretch of time with one offset. */
struct span {
        instant from, until; /* until excluded */
        int32_t offset;
};

static const struct zone utc = {
        .name = (char *) "UTC",
        .offsets = (int32_t[]){0},
};

const struct zone *zone_utc(void) {
        return &utc;
}

/* ---- Reading ------------------------------------------------------------------------------------------------------- */

static uint32_t be32(const uint8_t *p) {
        return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16 | (uint32_t) p[2] << 8 | p[3];
}

static int64_t be64(const uint8_t *p) {
        return (int64_t) ((uint64_t) be32(p) << 32 | be32(p + 4));
}

struct header {
        uint8_t version;
        uint32_t isutcnt, isstdcnt, leapcnt, timecnt, typecnt, charcnt;
};

static bool read_header(const uint8_t *p, size_t size, struct header *ret) {
        if (size < HEADER_SIZE || memcmp(p, "TZif", 4) != 0)
                return false;
        *ret = (struct header){
                .version = p[4],
                .isutcnt = be32(p + 20),
                .isstdcnt = be32(p + 24),
                .leapcnt = be32(p + 28),
                .timecnt = be32(p + 32),
                .typecnt = be32(p + 36),
                .charcnt = be32(p + 40),
        };
        return true;
}

/* Bytes of the data block behind a header; time_size is 4 in the first block and 8 in the second. */
static uint64_t block_size(const struct header *h, unsigned time_size) {
        return (uint64_t) h->timecnt * (time_size + 1) + (uint64_t) h->typecnt * 6 + h->charcnt +
               (uint64_t) h->leapcnt * (time_size + 4) + h->isstdcnt + h->isutcnt;
}

static int type_offset(const uint8_t *types, uint32_t typecnt, uint8_t type, int32_t *ret) {
        if (type >= typecnt)
                return -EINVAL;
        int32_t offset = (int32_t) be32(types + (size_t) type * 6);
        if (offset < OFFSET_MIN || offset > OFFSET_MAX)
                return -EINVAL;
        *ret = offset;
        return 0;
}

/* Transitions that change only the abbreviation or the daylight-saving flag are dropped: only offsets matter here. */
static int read_transitions(struct zone *z, const uint8_t *p, const struct header *h) {
        const uint8_t *indices = p + (size_t) h->timecnt * 8, *types = indices + h->timecnt;

        z->at = calloc(MAX(h->timecnt, 1U), sizeof(*z->at));
        z->offsets = calloc((size_t) h->timecnt + 1, sizeof(*z->offsets));
        if (!z->at || !z->offsets)
                return -ENOMEM;
        int r = type_offset(types, h->typecnt, 0, &z->offsets[0]);
        for (uint32_t i = 0; r == 0 && i < h->timecnt; i++) {
                int32_t offset;
                instant at = be64(p + (size_t) i * 8);
                if (i > 0 && at <= be64(p + (size_t) (i - 1) * 8))
                        return -EINVAL;
                r = type_offset(types, h->typecnt, indices[i], &offset);
                if (r < 0)
                        return r;
                if (offset == z->offsets[z->n])
                        continue;
                z->at[z->n++] = at;
                z->offsets[z->n] = offset;
        }
        return r;
}

/* A number of up to three digits; -1 when there is none. */
static int number(const char **s, int max) {
        int value = 0, digits = 0;
        while (**s >= '0' && **s <= '9') {
                value = value * 10 + (**s - '0');
                (*s)++;
                if (++digits > 3)
                        return -1;
        }
        return digits > 0 && value <= max ? value : -1;
}

static bool skip(const char **s, char c) {
        if (**s != c)
                return false;
        (*s)++;
        return true;
}

static bool skip_abbreviation(const char **s) {
        const char *start = *s;
        if (skip(s, '<')) {
                while (**s && **s != '>')
                        (*s)++;
                return skip(s, '>');
        }
        while ((**s >= 'A' && **s <= 'Z') || (**s >= 'a' && **s <= 'z'))
                (*s)++;
        return *s - start >= 3;
}

/* [+-]hh[:mm[:ss]] */
static bool rule_time(const char **s, int hours_max, int32_t *ret) {
        int sign = skip(s, '-') ? -1 : 1;
        if (sign == 1)
                (void) skip(s, '+');
        int hours = number(s, hours_max), minutes = 0, seconds = 0;
        if (hours < 0)
                return false;
        if (skip(s, ':')) {
                minutes = number(s, 59);
                if (minutes < 0)
                        return false;
                if (skip(s, ':')) {
                        seconds = number(s, 59);
                        if (seconds < 0)
                                return false;
                }
        }
        *ret = sign * (hours * 3600 + minutes * 60 + seconds);
        return true;
}

static bool rule_date(const char **s, struct rule_day *ret) {
        struct rule_day d = {.time = 2 * 3600};
        if (skip(s, 'M')) {
                d.form = RULE_MONTH_WEEK_DAY;
                d.month = number(s, 12);
                if (d.month < 1 || !skip(s, '.'))
                        return false;
                d.week = number(s, 5);
                if (d.week < 1 || !skip(s, '.'))
                        return false;
                d.day = number(s, 6);
        } else if (skip(s, 'J')) {
                d.form = RULE_JULIAN;
                d.day = number(s, 365);
                if (d.day == 0)
                        return false;
        } else {
                d.form = RULE_DAY_OF_YEAR;
                d.day = number(s, 365);
        }
        if (d.day < 0 || (skip(s, '/') && !rule_time(s, RULE_HOURS_MAX, &d.time)))
                return false;
        *ret = d;
        return true;
}

/* POSIX TZ with the extensions of RFC 8536 section 3.3.1. Offsets there count west of UTC. */
static int read_footer(const char *s, struct rule *ret) {
        struct rule rule = {.present = true};
        int32_t west;

        if (*s == '\0') /* nothing is said: the last transition holds for ever */
                return 0;
        if (!skip_abbreviation(&s) || !rule_time(&s, 24, &west))
                return -EINVAL;
        rule.standard = rule.summer = -west;
        if (*s) {
                rule.changes = true;
                rule.summer += 3600;
                if (!skip_abbreviation(&s))
                        return -EINVAL;
                if (*s != ',') {
                        if (!rule_time(&s, 24, &west))
                                return -EINVAL;
                        rule.summer = -west;
                }
                if (!skip(&s, ',') || !rule_date(&s, &rule.start) || !skip(&s, ',') || !rule_date(&s, &rule.end) || *s)
                        return -EINVAL;
        }
        *ret = rule;
        return 0;
}

static int zone_read(struct zone *z, const uint8_t *p, size_t size) {
        struct header h;
        if (!read_header(p, size, &h) || h.version < '2')
                return -EINVAL;
        uint64_t skipped = HEADER_SIZE + block_size(&h, 4);
        if (skipped > size)
                return -EINVAL;
        p += skipped;
        size -= (size_t) skipped;
        /* Leap seconds ("right" zones) are another count of seconds than the one used here. */
        if (!read_header(p, size, &h) || h.typecnt == 0 || h.leapcnt > 0)
                return -EINVAL;
        p += HEADER_SIZE;
        size -= HEADER_SIZE;
        uint64_t block = block_size(&h, 8);
        if (block > size)
                return -EINVAL;
        int r = read_transitions(z, p, &h);
        if (r < 0)
                return r;
        p += block;
        size -= (size_t) block;

        char footer[128];
        const uint8_t *end = size > 1 && p[0] == '\n' ? memchr(p + 1, '\n', size - 1) : NULL;
        if (!end || (size_t) (end - p) > sizeof(footer) || memchr(p, '\0', (size_t) (end - p)))
                return -EINVAL;
        size_t n = (size_t) (end - p) - 1;
        memcpy(footer, p + 1, n);
        footer[n] = '\0';
        return read_footer(footer, &z->rule);
}

static void zone_freep(struct zone **z) {
        zone_free(*z);
}

int zone_new(const char *name, const void *tzif, size_t size, struct zone **ret) {
        _cleanup_(zone_freep) struct zone *z = calloc(1, sizeof(*z));
        if (!z)
                return -ENOMEM;
        z->name = strdup(name);
        if (!z->name)
                return -ENOMEM;
        int r = zone_read(z, tzif, size);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(z);
        return 0;
}

int zone_new_from_changes(const char *name, int32_t before, const struct zone_change *changes, size_t n, struct zone **ret) {
        _cleanup_(zone_freep) struct zone *z = calloc(1, sizeof(*z));
        if (!z)
                return -ENOMEM;
        z->name = strdup(name);
        z->at = calloc(MAX(n, (size_t) 1), sizeof(*z->at));
        z->offsets = calloc(n + 1, sizeof(*z->offsets));
        if (!z->name || !z->at || !z->offsets)
                return -ENOMEM;
        if (before < OFFSET_MIN || before > OFFSET_MAX)
                return -EINVAL;
        z->offsets[0] = before;
        for (size_t i = 0; i < n; i++) {
                if ((i > 0 && changes[i].at <= changes[i - 1].at) || changes[i].offset < OFFSET_MIN ||
                    changes[i].offset > OFFSET_MAX)
                        return -EINVAL;
                z->at[i] = changes[i].at;
                z->offsets[i + 1] = changes[i].offset;
        }
        z->n = n;
        *ret = TAKE_PTR(z);
        return 0;
}

struct zone *zone_free(struct zone *z) {
        if (!z || z == &utc)
                return NULL;
        free(z->name);
        free(z->at);
        free(z->offsets);
        free(z);
        return NULL;
}

const char *zone_name(const struct zone *z) {
        return z->name;
}

/* ---- Asking -------------------------------------------------------------------------------------------------------- */

static int32_t rule_days(const struct rule_day *d, int32_t year) {
        int32_t first = civil_days(year, 1, 1);
        if (d->form == RULE_DAY_OF_YEAR)
                return first + d->day;
        if (d->form == RULE_JULIAN)
                return first + d->day - 1 + (d->day >= 60 && civil_days_in_month(year, 2) == 29);

        first = civil_days(year, d->month, 1);
        int wanted = d->day == 0 ? 7 : d->day; /* ISO: Sunday is 7 */
        int32_t day = first + (wanted - civil_weekday(first) + 7) % 7 + (d->week - 1) * 7;
        if (day >= first + civil_days_in_month(year, d->month)) /* week 5 means the last one */
                day -= 7;
        return day;
}

static struct span rule_span(const struct rule *rule, instant at) {
        struct span span = {.from = INT64_MIN, .until = INT64_MAX, .offset = rule->standard};
        if (!rule->changes)
                return span;

        /* A time of up to a week before or after its day can move a change into the next year: look at three years. Each
         * has two changes; they are put in order, and of two at one moment the later one counts (summer time all year). */
        struct change {
                instant at;
                int32_t offset;
        } changes[6];
        struct civil c = civil_from_seconds(MAX(INSTANT_MIN, MIN(INSTANT_MAX, at)) + rule->standard);
        for (int i = 0; i < 6; i++) {
                bool start = i % 2 == 0;
                const struct rule_day *d = start ? &rule->start : &rule->end;
                struct change change = {
                        .at = (instant) rule_days(d, c.year - 1 + i / 2) * DAY_SECONDS + d->time -
                              (start ? rule->standard : rule->summer),
                        .offset = start ? rule->summer : rule->standard,
                };
                int j = i;
                for (; j > 0 && changes[j - 1].at > change.at; j--)
                        changes[j] = changes[j - 1];
                changes[j] = change;
        }
        for (int i = 0; i < 6; i++) {
                if (changes[i].at > at) {
                        span.until = changes[i].at;
                        break;
                }
                span.from = changes[i].at;
                span.offset = changes[i].offset;
        }
        return span;
}

static struct span zone_span(const struct zone *z, instant at) {
        if (z->rule.present && (z->n == 0 || at >= z->at[z->n - 1])) {
                struct span span = rule_span(&z->rule, at);
                if (z->n > 0)
                        span.from = MAX(span.from, z->at[z->n - 1]);
                return span;
        }
        size_t low = 0, high = z->n; /* number of transitions at or before `at` */
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (z->at[middle] <= at)
                        low = middle + 1;
                else
                        high = middle;
        }
        return (struct span){
                .from = low > 0 ? z->at[low - 1] : INT64_MIN,
                .until = low < z->n ? z->at[low] : INT64_MAX,
                .offset = z->offsets[low],
        };
}

int32_t zone_offset(const struct zone *z, instant at) {
        return zone_span(z, at).offset;
}

int32_t zone_clock_offset(struct zone_clock *c, instant at) {
        if (at < c->from || at >= c->until) {
                struct span span = zone_span(c->zone, at);
                c->from = span.from;
                c->until = span.until;
                c->offset = span.offset;
        }
        return c->offset;
}

static int64_t local_seconds(const struct zone *z, instant at) {
        at = MAX(INSTANT_MIN, MIN(INSTANT_MAX, at));
        return at + zone_offset(z, at);
}

struct civil zone_civil(const struct zone *z, instant at) {
        return civil_from_seconds(local_seconds(z, at));
}

int32_t zone_day(const struct zone *z, instant at) {
        int64_t local = local_seconds(z, at);
        return (int32_t) ((local >= 0 ? local : local - (DAY_SECONDS - 1)) / DAY_SECONDS);
}

instant zone_instant(const struct zone *z, const struct civil *local) {
        int64_t seconds = civil_seconds(local);
        struct span span = zone_span(z, seconds - OFFSET_MAX - 1);

        /* Stretches in order: the first one in which the clock shows this time is the answer. When the clock jumped over it,
         * the stretch behind the jump would put it before its own beginning. */
        for (;;) {
                instant at = seconds - span.offset;
                if (at < span.until)
                        return at;
                struct span next = zone_span(z, span.until);
                if (seconds - next.offset < next.from)
                        return at;
                span = next;
        }
}

/* ---- Names --------------------------------------------------------------------------------------------------------- */

struct zone_table {
        struct zone **slots; /* owned, and each zone in it; open addressing */
        size_t n, n_slots;   /* n_slots is a power of two, at most three quarters are taken */
};

/* FNV-1a over the lower-cased name. Names come from the system's own files, so collisions by intent are no concern. */
static uint64_t name_hash(const char *name) {
        uint64_t h = UINT64_C(0xcbf29ce484222325);
        for (; *name; name++)
                h = (h ^ (uint8_t) ascii_lower(*name)) * UINT64_C(0x100000001b3);
        return h;
}

static struct zone **table_slot(struct zone **slots, size_t n_slots, const char *name) {
        size_t i = name_hash(name) & (n_slots - 1);
        while (slots[i] && strcasecmp(slots[i]->name, name) != 0)
                i = (i + 1) & (n_slots - 1);
        return &slots[i];
}

int zone_table_new(struct zone_table **ret) {
        struct zone_table *t = calloc(1, sizeof(*t));
        if (!t)
                return -ENOMEM;
        *ret = t;
        return 0;
}

struct zone_table *zone_table_free(struct zone_table *t) {
        if (!t)
                return NULL;
        for (size_t i = 0; i < t->n_slots; i++)
                zone_free(t->slots[i]);
        free(t->slots);
        free(t);
        return NULL;
}

static int table_grow(struct zone_table *t) {
        size_t n_slots = t->n_slots > 0 ? t->n_slots * 2 : 1024;
        struct zone **slots = calloc(n_slots, sizeof(*slots));
        if (!slots)
                return -ENOMEM;
        for (size_t i = 0; i < t->n_slots; i++)
                if (t->slots[i])
                        *table_slot(slots, n_slots, t->slots[i]->name) = t->slots[i];
        free(t->slots);
        t->slots = slots;
        t->n_slots = n_slots;
        return 0;
}

int zone_table_add(struct zone_table *t, struct zone *z) {
        if ((t->n + 1) * 4 > t->n_slots * 3) {
                int r = table_grow(t);
                if (r < 0)
                        return r;
        }
        struct zone **slot = table_slot(t->slots, t->n_slots, z->name);
        if (*slot)
                return -EEXIST;
        *slot = z;
        t->n++;
        return 0;
}

size_t zone_table_size(const struct zone_table *t) {
        return t->n;
}

static const struct zone *find_exact(const struct zone_table *t, const char *name) {
        return t->n > 0 ? *table_slot(t->slots, t->n_slots, name) : NULL;
}

static const struct zone *find_iana(const struct zone_table *t, const char *name) {
        const struct zone *z = find_exact(t, name);
        if (z)
                return z;
        const char *other = zone_other_name(name);
        if (other && (z = find_exact(t, other)))
                return z;
        static const char *const utc_names[] = {"Z", "UTC", "GMT", "Etc/UTC", "Etc/GMT", "Etc/Zulu", "UCT"};
        for (size_t i = 0; i < ELEMENTSOF(utc_names); i++)
                if (strcasecmp(name, utc_names[i]) == 0)
                        return &utc;
        return NULL;
}

/* "/freeassociation.sourceforge.net/Europe/Paris", "/mozilla.org/20050126_1/America/Argentina/Ushuaia": whatever the
 * publisher put in front, the longest tail that is a zone's name counts. */
static const struct zone *find_tail(const struct zone_table *t, const char *tzid) {
        if (tzid[0] != '/')
                return NULL;
        for (const char *tail = tzid; tail; tail = strchr(tail, '/')) {
                const struct zone *z = find_iana(t, ++tail);
                if (z)
                        return z;
        }
        return NULL;
}

/* Windows names, also "Romance Standard Time 1" (a second version in one file), "W. Europe" and "Romance Daylight Time". */
static const struct zone *find_windows(const struct zone_table *t, const char *tzid) {
        static const char standard_time[] = " Standard Time", daylight_time[] = " Daylight Time";
        char name[TZID_MAX + sizeof(standard_time)];
        size_t n = strlen(tzid);

        memcpy(name, tzid, n + 1);
        const char *iana = windows_zone(name);
        if (!iana) {
                size_t digits = n;
                while (digits > 0 && name[digits - 1] >= '0' && name[digits - 1] <= '9')
                        digits--;
                if (digits < n && digits > 1 && name[digits - 1] == ' ') {
                        n = digits - 1;
                        name[n] = '\0';
                }
                if (str_ends_with(name, daylight_time)) {
                        n -= strlen(daylight_time);
                        name[n] = '\0';
                }
                if (!str_ends_with(name, standard_time))
                        memcpy(name + n, standard_time, sizeof(standard_time));
                iana = windows_zone(name);
        }
        return iana ? find_iana(t, iana) : NULL;
}

/* "+01:00", "-0330"; false when it is not an offset. */
static bool written_offset(const char **s, int32_t *ret) {
        const char *p = *s;
        int sign = *p == '+' ? 1 : *p == '-' ? -1 : 0;
        if (sign == 0)
                return false;
        p++;
        for (int i = 0; i < 5; i++) {
                if (i == 2 && (p[i] == ':' || p[i] == '.'))
                        continue;
                if (p[i] < '0' || p[i] > '9') {
                        if (i < 4)
                                return false;
                        break;
                }
        }
        int gap = p[2] == ':' || p[2] == '.';
        if (p[3 + gap] < '0' || p[3 + gap] > '9')
                return false;
        *ret = sign * (((p[0] - '0') * 10 + (p[1] - '0')) * 3600 + ((p[2 + gap] - '0') * 10 + (p[3 + gap] - '0')) * 60);
        *s = p + 4 + gap;
        return true;
}

/* Is this the zone's offset in the winter or in the summer of a recent year? */
static bool offset_fits(const struct zone *z, int32_t offset) {
        static const struct civil winter = {2025, 1, 15, 12, 0, 0}, summer = {2025, 7, 15, 12, 0, 0};
        return zone_offset(z, civil_seconds(&winter)) == offset || zone_offset(z, civil_seconds(&summer)) == offset;
}

/* A city whose name ends the name of a zone; of several the first in order, so that the answer does not depend on hashing. */
static const struct zone *find_city(const struct zone_table *t, const char *city, int32_t offset) {
        char wanted[TZID_MAX + 1];
        size_t n = 0;
        for (; city[n]; n++)
                wanted[n] = city[n] == ' ' ? '_' : city[n];
        wanted[n] = '\0';

        const struct zone *best = NULL;
        for (size_t i = 0; i < t->n_slots; i++) {
                const struct zone *z = t->slots[i];
                const char *slash = z ? strrchr(z->name, '/') : NULL;
                if (slash && strcasecmp(slash + 1, wanted) == 0 && offset_fits(z, offset) &&
                    (!best || strcmp(z->name, best->name) < 0))
                        best = z;
        }
        return best;
}

/* "(UTC+01:00) Brussels, Copenhagen, Madrid, Paris": the first place that is known decides, if the offset agrees. */
static const struct zone *find_title(const struct zone_table *t, const char *tzid) {
        int32_t offset = 0;
        if (strncasecmp(tzid, "(UTC", 4) != 0 && strncasecmp(tzid, "(GMT", 4) != 0)
                return NULL;
        tzid += 4;
        (void) written_offset(&tzid, &offset);
        if (*tzid++ != ')')
                return NULL;

        for (int places = 0; *tzid && places < TITLE_PLACES_MAX; places++) {
                char place[TZID_MAX + 1];
                tzid += strspn(tzid, " ,;/");
                size_t n = strcspn(tzid, ",;/");
                memcpy(place, tzid, n);
                tzid += n;
                while (n > 0 && place[n - 1] == ' ')
                        n--;
                place[n] = '\0';
                if (n == 0)
                        continue;
                const char *iana = windows_title_word(place);
                const struct zone *z = iana ? find_iana(t, iana) : NULL;
                if (z && offset_fits(z, offset))
                        return z;
                z = find_city(t, place, offset);
                if (z)
                        return z;
        }
        return NULL;
}

/* "GMT+0100", "UTC-05:00": whole hours only, as tzdata has no other fixed zones. The sign is the one people write, the
 * opposite of the one in Etc/GMT-1; a bare "GMT+1" may mean either and is not guessed. */
static const struct zone *find_fixed(const struct zone_table *t, const char *tzid) {
        static const char *const west[] = {"Etc/GMT",    "Etc/GMT+1",  "Etc/GMT+2", "Etc/GMT+3", "Etc/GMT+4",
                                           "Etc/GMT+5",  "Etc/GMT+6",  "Etc/GMT+7", "Etc/GMT+8", "Etc/GMT+9",
                                           "Etc/GMT+10", "Etc/GMT+11", "Etc/GMT+12"};
        static const char *const east[] = {"Etc/GMT",    "Etc/GMT-1",  "Etc/GMT-2",  "Etc/GMT-3",  "Etc/GMT-4",
                                           "Etc/GMT-5",  "Etc/GMT-6",  "Etc/GMT-7",  "Etc/GMT-8",  "Etc/GMT-9",
                                           "Etc/GMT-10", "Etc/GMT-11", "Etc/GMT-12", "Etc/GMT-13", "Etc/GMT-14"};
        int32_t offset;
        if (strncasecmp(tzid, "UTC", 3) == 0 || strncasecmp(tzid, "GMT", 3) == 0)
                tzid += 3;
        if (!written_offset(&tzid, &offset) || *tzid || offset % 3600 != 0)
                return NULL;
        size_t hours = (size_t) abs(offset) / 3600;
        if (hours >= (offset < 0 ? ELEMENTSOF(west) : ELEMENTSOF(east)))
                return NULL;
        return find_iana(t, (offset < 0 ? west : east)[hours]);
}

const struct zone *zone_table_find(const struct zone_table *t, const char *tzid) {
        static const struct zone *(*const finders[])(const struct zone_table *, const char *) = {
                find_iana, find_tail, find_windows, find_title, find_fixed,
        };
        char name[TZID_MAX + 1];

        /* Blanks and quotes around a name are noise of the programs that wrote it. */
        tzid += strspn(tzid, " \t\"'");
        size_t n = strlen(tzid);
        while (n > 0 && strchr(" \t\"'", tzid[n - 1]))
                n--;
        if (n == 0 || n > TZID_MAX)
                return NULL;
        memcpy(name, tzid, n);
        name[n] = '\0';

        for (size_t i = 0; i < ELEMENTSOF(finders); i++) {
                const struct zone *z = finders[i](t, name);
                if (z)
                        return z;
        }
        return NULL;
}

/* Letters to add, drop, replace or swap to get from a to b, without regard to case. */
static unsigned edit_distance(const char *a, size_t n, const char *b, size_t m) {
        unsigned rows[3][SUGGEST_MAX + 1]; /* row i is rows[i % 3]: two rows back are enough */
        for (size_t j = 0; j <= m; j++)
                rows[0][j] = (unsigned) j;
        for (size_t i = 1; i <= n; i++) {
                unsigned *row = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
                row[0] = (unsigned) i;
                for (size_t j = 1; j <= m; j++) {
                        bool same = ascii_lower(a[i - 1]) == ascii_lower(b[j - 1]);
                        unsigned best = MIN(MIN(last[j], row[j - 1]) + 1, last[j - 1] + !same);
                        if (i > 1 && j > 1 && ascii_lower(a[i - 1]) == ascii_lower(b[j - 2]) &&
                            ascii_lower(a[i - 2]) == ascii_lower(b[j - 1]))
                                best = MIN(best, before[j - 2] + 1);
                        row[j] = best;
                }
        }
        return rows[n % 3][m];
}

const char *zone_table_suggest(const struct zone_table *t, const char *name) {
        size_t n = strlen(name);
        if (n == 0 || n > SUGGEST_MAX)
                return NULL;

        const char *best = NULL;
        unsigned best_distance = (unsigned) MAX(n / 4, (size_t) 1) + 1; /* one wrong letter in four is still a slip */
        for (size_t i = 0; i < t->n_slots; i++) {
                const char *known = t->slots[i] ? t->slots[i]->name : NULL;
                size_t m = known ? strlen(known) : 0;
                if (m == 0 || m > SUGGEST_MAX)
                        continue;
                unsigned d = edit_distance(name, n, known, m);
                /* "Paris" for "Europe/Paris": as near as one slip. */
                const char *slash = strrchr(known, '/');
                if (slash && d > 1 && edit_distance(name, n, slash + 1, strlen(slash + 1)) <= MIN(n / 4, (size_t) 1))
                        d = 1;
                if (d < best_distance || (d == best_distance && best && strcmp(known, best) < 0)) {
                        best = known;
                        best_distance = d;
                }
        }
        return best;
}
