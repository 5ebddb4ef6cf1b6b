/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/meeting_internal.h"

#include "parsers/utf8.h"

/* ---- small things */

/* Make room for one more of n items. `items` is the address of the pointer. */
int grow(void *items, size_t *allocated, size_t n, size_t size) {
        if (n < *allocated)
                return 0;
        size_t wanted = MAX(2 * *allocated, 16U);
        void *old, *more;
        memcpy(&old, items, sizeof(old));
        more = reallocarray(old, wanted, size);
        if (!more)
                return -ENOMEM;
        memcpy(items, &more, sizeof(more));
        *allocated = wanted;
        return 0;
}

int meetings_new(const struct settings *settings, struct people *people, instant now, struct meetings **ret) {
        _cleanup_meetings_ struct meetings *m = calloc(1, sizeof(*m));
        if (!m)
                return -ENOMEM;
        *m = (struct meetings){.settings = settings, .people = people, .now = now};
        /* No ceiling: what was observed was bounded when it was parsed. */
        int r = arena_new(0, &m->arena);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}

struct meetings *meetings_free(struct meetings *m) {
        if (!m)
                return NULL;
        for (size_t i = 0; m->slots && i < m->settings->n_clients; i++)
                free(m->slots[i].items);
        free(m->slots);
        free(m->items);
        free(m->index);
        free(m->sources);
        free(m->words);
        free(m->mails);
        free(m->doubts);
        free(m->facts);
        arena_free(m->arena);
        free(m);
        return NULL;
}

/* Few sources name many observations: each name is kept once. */
static int keep_source(struct meetings *m, const char *name, const char **ret) {
        *ret = NULL;
        if (!name)
                return 0;
        for (size_t i = m->n_sources; i > 0; i--)
                if (strcmp(m->sources[i - 1], name) == 0) {
                        *ret = m->sources[i - 1];
                        return 0;
                }
        const char **sources = reallocarray(m->sources, m->n_sources + 1, sizeof(*sources));
        if (!sources)
                return -ENOMEM;
        m->sources = sources;
        if (!(*ret = sources[m->n_sources] = arena_strdup(m->arena, name)))
                return -ENOMEM;
        m->n_sources++;
        return 0;
}

static int keep_string(struct meetings *m, const char *s, const char **ret) {
        *ret = arena_strdup(m->arena, s);
        return s && !*ret ? -ENOMEM : 0;
}

/* ---- meetings by UID */

static int index_grow(struct meetings *m) {
        size_t size = m->index_size > 0 ? 2 * m->index_size : 256;
        uint32_t *index = calloc(size, sizeof(*index));
        if (!index)
                return -ENOMEM;
        for (size_t k = 0; k < m->n; k++) {
                size_t i = (size_t) hash_mix(m->items[k].hash, 2) & (size - 1);
                while (index[i] != 0)
                        i = (i + 1) & (size - 1);
                index[i] = (uint32_t) k + 1;
        }
        free(m->index);
        m->index = index;
        m->index_size = size;
        return 0;
}

static int meeting_of(struct meetings *m, const char *uid, uint32_t *ret) {
        uint64_t hash = hash_string(uid);
        if (2 * (m->n + 1) > m->index_size) {
                int r = index_grow(m);
                if (r < 0)
                        return r;
        }
        size_t mask = m->index_size - 1, i = (size_t) hash_mix(hash, 2) & mask;
        for (; m->index[i] != 0; i = (i + 1) & mask)
                if (m->items[m->index[i] - 1].hash == hash) {
                        *ret = m->index[i] - 1;
                        return 0;
                }
        int r = grow(&m->items, &m->allocated, m->n, sizeof(*m->items));
        if (r < 0)
                return r;
        struct meeting *meeting = &m->items[m->n];
        *meeting = (struct meeting){.hash = hash};
        r = keep_string(m, uid, &meeting->uid);
        if (r < 0)
                return r;
        m->index[i] = (uint32_t) ++m->n;
        *ret = (uint32_t) m->n - 1;
        return 0;
}

/* ---- one version */

static instant resolve(const struct meetings *m, struct moment moment) {
        if (moment.form == MOMENT_NONE)
                return INSTANT_UNKNOWN;
        if (moment.form == MOMENT_INSTANT)
                return moment.at;
        struct civil local = civil_from_seconds(moment.at);
        return zone_instant(m->settings->owner.zone, &local);
}

static int compare_instants(const void *a, const void *b) {
        const instant *x = a, *y = b;
        return (*x > *y) - (*x < *y);
}

static int keep_occurrences(struct meetings *m, const struct stored_observation *so, struct version *v) {
        if (so->n_occurrences == 0)
                return 0;
        instant *items = arena_new0(m->arena, instant, so->n_occurrences);
        if (!items)
                return -ENOMEM;
        for (uint32_t i = 0; i < so->n_occurrences; i++)
                items[i] = resolve(m, so->occurrences[i]);
        qsort(items, so->n_occurrences, sizeof(*items), compare_instants);
        v->occurrences = items;
        v->n_occurrences = so->n_occurrences;
        return 0;
}

static int compare_exdates(const void *a, const void *b) {
        const struct exdate *x = a, *y = b;
        return (x->at > y->at) - (x->at < y->at);
}

static int keep_exdates(struct meetings *m, const struct event *e, struct version *v) {
        if (e->exdates.n == 0)
                return 0;
        struct exdate *items = arena_new0(m->arena, struct exdate, e->exdates.n);
        if (!items)
                return -ENOMEM;
        for (uint32_t i = 0; i < e->exdates.n; i++)
                items[i] = (struct exdate){.at = resolve(m, e->exdates.items[i]),
                                           .day = e->exdates.items[i].form == MOMENT_DATE};
        qsort(items, e->exdates.n, sizeof(*items), compare_exdates);
        v->exdates = items;
        v->n_exdates = e->exdates.n;
        return 0;
}

static int keep_participants(struct meetings *m, const struct event *e, struct version *v) {
        struct participant *items = arena_new0(m->arena, struct participant, (size_t) e->attendees.n + 1);
        if (!items)
                return -ENOMEM;
        uint32_t n = 0;
        bool organizer_attends = false;
        for (uint32_t i = 0; i < e->attendees.n; i++) {
                const struct attendee *a = &e->attendees.items[i];
                if (a->resource)
                        continue;
                bool organizer = e->organizer && email_eq(a->email, e->organizer->email);
                organizer_attends = organizer_attends || organizer;
                v->n_attendees += !organizer;
                struct person person = people_find(m->people, a->email);
                if (person.side == SIDE_NOBODY)
                        continue;
                items[n] = (struct participant){.hash = email_hash(a->email),
                                                .person = person,
                                                .status = a->participation_status,
                                                .organizer = organizer};
                int r = keep_string(m, a->email, &items[n++].email);
                if (r < 0)
                        return r;
        }
        if (v->organizer.side != SIDE_NOBODY && !organizer_attends) {
                items[n] = (struct participant){.hash = email_hash(e->organizer->email),
                                                .person = v->organizer,
                                                .status = PARTICIPATION_ACCEPTED,
                                                .organizer = true};
                int r = keep_string(m, e->organizer->email, &items[n++].email);
                if (r < 0)
                        return r;
        }
        v->participants = items;
        v->n_participants = n;
        return 0;
}

static bool version_kind(const struct event *e, bool mail, enum version_kind *ret) {
        static const int8_t kinds[_ITIP_MAX] = {
                [ITIP_NONE] = VERSION_PLAN,    [ITIP_PUBLISH] = VERSION_PLAN,
                [ITIP_REQUEST] = VERSION_PLAN, [ITIP_REPLY] = VERSION_REPLY,
                [ITIP_ADD] = VERSION_PLAN,     [ITIP_CANCEL] = VERSION_CANCEL,
                [ITIP_REFRESH] = -1,           [ITIP_COUNTER] = VERSION_COUNTER,
                [ITIP_DECLINECOUNTER] = -1,    [ITIP_OTHER] = -1,
        };
        /* A file in a calendar folder may still carry the method of the mail it was saved from. */
        if (!mail && (e->method == ITIP_REFRESH || e->method == ITIP_DECLINECOUNTER || e->method == ITIP_COUNTER ||
                      e->method == ITIP_REPLY))
                return false;
        int kind = kinds[e->method];
        if (kind < 0)
                return false;
        if (kind == VERSION_PLAN && e->status == EVENT_STATUS_CANCELLED)
                kind = VERSION_CANCEL;
        *ret = (enum version_kind) kind;
        return true;
}

/* Days and reminders to oneself are no meetings. */
static bool is_meeting(const struct event *e) {
        return e->start.form != MOMENT_DATE && !(e->transparent && e->attendees.n == 0);
}

/* A stamp of the object is believed when it is not later than when the object was seen, nor before it was made. */
static bool stamp_sane(instant stamp, const struct version *v) {
        return stamp != INSTANT_UNKNOWN && stamp <= v->seen &&
               (v->created == INSTANT_UNKNOWN || stamp >= v->created - DAY_SECONDS);
}

/* A DTSTAMP that was never touched since the object was made tells nothing of a change. */
#define STAMP_SAME 60

static instant calendar_known(const struct version *v) {
        bool modified = stamp_sane(v->last_modified, v), stamped = stamp_sane(v->dtstamp, v);
        if (!modified)
                return stamped ? v->dtstamp : v->seen;
        bool untouched = v->created != INSTANT_UNKNOWN && v->dtstamp <= v->created + STAMP_SAME;
        if (stamped && !untouched && v->kind == VERSION_PLAN)
                return MIN(v->dtstamp, v->last_modified);
        return v->last_modified;
}

static int version_common(struct meetings *m, const struct stored_observation *so, const struct event *e,
                          struct version *v) {
        v->rid = resolve(m, e->recurrence_id);
        v->rid_is_day = e->recurrence_id.form == MOMENT_DATE;
        v->sequence = e->sequence;
        v->dtstamp = e->dtstamp;
        v->last_modified = e->last_modified;
        v->created = e->created != INSTANT_UNKNOWN && e->created > so->observation->seen_at ? INSTANT_UNKNOWN : e->created;
        v->seen = so->observation->seen_at;
        v->start = resolve(m, e->start);
        v->end = e->end.form != MOMENT_NONE ? resolve(m, e->end) : v->start;
        v->end = MAX(v->end, v->start);
        v->status_cancelled = e->status == EVENT_STATUS_CANCELLED;
        v->recurring = e->rrule || e->recurrence;
        /* In a calendar it may only say that the owner has not answered. */
        v->tentative = v->mail && e->status == EVENT_STATUS_TENTATIVE;
        v->observation = so->id;
        v->digest = so->digest;
        if (e->organizer) {
                v->organizer = people_find(m->people, e->organizer->email);
                int r = keep_string(m, e->organizer->email, &v->organizer_email);
                if (r < 0)
                        return r;
        }
        int r = keep_source(m, so->source, &v->source);
        if (r >= 0)
                r = keep_string(m, e->summary, &v->summary);
        if (r >= 0)
                r = keep_participants(m, e, v);
        if (r >= 0)
                r = keep_exdates(m, e, v);
        if (r >= 0 && v->recurring && v->rid == INSTANT_UNKNOWN)
                r = keep_occurrences(m, so, v);
        return r;
}

static int version_add(struct meetings *m, const char *uid, struct version *v, uint32_t *ret) {
        uint32_t position;
        int r = meeting_of(m, uid, &position);
        if (r < 0)
                return r;
        v->next = m->items[position].versions;
        m->items[position].versions = v;
        m->items[position].n_versions++;
        *ret = position;
        return 0;
}

static int add_event(struct meetings *m, const struct stored_observation *so) {
        const struct event *e = &so->observation->event;
        bool gone = so->observation->kind == OBSERVATION_EVENT_GONE;
        enum version_kind kind = VERSION_GONE;
        if (!e->uid || (!gone && (!version_kind(e, false, &kind) || !is_meeting(e))))
                return 0;
        struct version *v = arena_new0(m->arena, struct version, 1);
        if (!v)
                return -ENOMEM;
        v->kind = kind;
        int r = version_common(m, so, e, v);
        if (r < 0)
                return r;
        v->known = gone ? v->seen : calendar_known(v);
        if (v->known > m->now || v->known == INSTANT_UNKNOWN)
                return 0;
        uint32_t position;
        return version_add(m, e->uid, v, &position);
}

/* ---- mail */

/* An answer is of one person (RFC 5546 section 3.2.3); some programs add the organizer. */
#define REPLY_PARTICIPANTS_MAX 4U

static int mail_remember(struct meetings *m, uint64_t key, uint32_t position) {
        int r = grow(&m->mails, &m->allocated_mails, m->n_mails, sizeof(*m->mails));
        if (r < 0)
                return r;
        m->mails[m->n_mails].key = key;
        m->mails[m->n_mails++].meeting = position;
        return 0;
}

/* What is in a client's name, and not vouched for by its domain, is doubted until somebody else vouches for it. What is in the
 * owner's name accuses nobody. */
static int note_doubt(struct meetings *m, const struct stored_observation *so, const struct person *author, bool *doubted) {
        if (author->side != SIDE_CLIENT || !message_in_doubt(&so->observation->message))
                return 0;
        int r = grow(&m->doubts, &m->allocated_doubts, m->n_doubts, sizeof(*m->doubts));
        if (r < 0)
                return r;
        *doubted = true;
        m->doubts[m->n_doubts++] = (struct doubt){.digest = so->digest, .doubted = doubted};
        return 0;
}

bool meetings_doubted(const struct meetings *m) {
        return m->n_doubts > 0;
}

static int compare_doubts(const void *a, const void *b) {
        const struct doubt *x = a, *y = b;
        return (x->digest > y->digest) - (x->digest < y->digest);
}

void meetings_vouch(struct meetings *m, uint64_t digest) {
        if (!m->doubts_sorted && m->n_doubts > 1)
                qsort(m->doubts, m->n_doubts, sizeof(*m->doubts), compare_doubts);
        m->doubts_sorted = true;
        size_t low = 0, high = m->n_doubts;
        while (low < high) {
                size_t mid = low + (high - low) / 2;
                if (m->doubts[mid].digest < digest)
                        low = mid + 1;
                else
                        high = mid;
        }
        for (; low < m->n_doubts && m->doubts[low].digest == digest; low++)
                *m->doubts[low].doubted = false;
}

static int add_mail_event(struct meetings *m, const struct stored_observation *so, const struct event *e, instant known,
                          const struct address *author, bool from_owner) {
        enum version_kind kind;
        const struct message *mail = &so->observation->message;
        if (!e->uid || !version_kind(e, true, &kind) || !is_meeting(e))
                return 0;
        struct version *v = arena_new0(m->arena, struct version, 1);
        if (!v)
                return -ENOMEM;
        v->kind = kind;
        v->mail = true;
        v->known = known;
        v->author = from_owner ? (struct person){.side = SIDE_OWNER}
                    : author   ? people_find(m->people, author->email)
                               : (struct person){};
        v->author_is_organizer =
                author && e->organizer &&
                (email_eq(author->email, e->organizer->email) || email_eq(author->email, e->organizer->sent_by));
        int r = version_common(m, so, e, v);
        if (r >= 0)
                r = note_doubt(m, so, &v->author, &v->doubted);
        /* Instances added to a series are occurrences of their own, not another time of it. */
        if (e->method == ITIP_ADD && v->rid == INSTANT_UNKNOWN)
                v->rid = v->start;
        if (kind == VERSION_REPLY)
                v->n_participants = MIN(v->n_participants, REPLY_PARTICIPANTS_MAX);
        if (r >= 0)
                r = keep_string(m, mail->message_id, &v->message_id);
        uint32_t position;
        if (r >= 0)
                r = version_add(m, e->uid, v, &position);
        if (r >= 0 && kind == VERSION_PLAN)
                r = mail_remember(m, message_key(mail), position);
        return r;
}

/* ---- plain words */

static const struct {
        const char *word; /* folded */
        uint32_t bit;
} day_words[] = {
        {"lundi", 1 << 0},        {"monday", 1 << 0},         {"montag", 1 << 0},     {"maandag", 1 << 0},
        {"mardi", 1 << 1},        {"tuesday", 1 << 1},        {"dienstag", 1 << 1},   {"dinsdag", 1 << 1},
        {"mercredi", 1 << 2},     {"wednesday", 1 << 2},      {"mittwoch", 1 << 2},   {"woensdag", 1 << 2},
        {"jeudi", 1 << 3},        {"thursday", 1 << 3},       {"donnerstag", 1 << 3}, {"donderdag", 1 << 3},
        {"vendredi", 1 << 4},     {"friday", 1 << 4},         {"freitag", 1 << 4},    {"vrijdag", 1 << 4},
        {"samedi", 1 << 5},       {"saturday", 1 << 5},       {"samstag", 1 << 5},    {"zaterdag", 1 << 5},
        {"dimanche", 1 << 6},     {"sunday", 1 << 6},         {"sonntag", 1 << 6},    {"zondag", 1 << 6},
        {"demain", DAY_TOMORROW}, {"tomorrow", DAY_TOMORROW}, {"today", DAY_TODAY},   {"aujourd", DAY_TODAY},
        {"heute", DAY_TODAY},     {"vandaag", DAY_TODAY},     {"tonight", DAY_TODAY},
};

/* Nobody names the day beyond this many bytes of a sentence. */
#define SENTENCE_MAX 600U
/* Who moves a meeting by less has not taken the time back; the shipped rule says the same of what a calendar tells (`shift`). */
#define SHIFT_MINUTES_MIN 30

static bool is_one_of(const char *word, size_t n, const char *const *list, size_t n_list) {
        for (size_t k = 0; k < n_list; k++)
                if (strncmp(list[k], word, n) == 0 && list[k][n] == '\0')
                        return true;
        return false;
}

static uint32_t day_of_word(const char *word, size_t n) {
        for (size_t k = 0; k < ELEMENTSOF(day_words); k++)
                if (strncmp(day_words[k].word, word, n) == 0 && day_words[k].word[n] == '\0')
                        return day_words[k].bit;
        return 0;
}

/* "Moved to Thursday", "reporté à jeudi": the day after such a word is the new one. "For" says so only of what moves: "I have to cancel
 * for Thursday" is about Thursday's meeting. */
static bool leads_to(const char *word, size_t n, bool moves) {
        static const char *const to[] = {"to", "a", "au", "until", "till", "til", "auf", "naar", "jusqu", "vers"};
        static const char *const to_if_moved[] = {"for", "pour", "fur", "voor"};
        return is_one_of(word, n, to, ELEMENTSOF(to)) || (moves && is_one_of(word, n, to_if_moved, ELEMENTSOF(to_if_moved)));
}

static bool is_move(const char *word, size_t n) {
        static const char *const stems[] = {"report",  "decal", "deplac", "repouss", "remet", "resched",
                                            "postpon", "mov",   "push",   "versch",  "verzet"};
        for (size_t k = 0; k < ELEMENTSOF(stems); k++)
                if (strlen(stems[k]) <= n && strncmp(stems[k], word, strlen(stems[k])) == 0)
                        return true;
        return false;
}

/* The time of day that begins at `s`, in minutes: "10h15", "10:15", "10h", "3pm". *ret_n is its length; without one -1. */
static int32_t clock_at(const char *s, size_t *ret_n) {
        size_t n = 0;
        int32_t hour = 0, minute = 0;
        for (; n < 2 && s[n] >= '0' && s[n] <= '9'; n++)
                hour = hour * 10 + (s[n] - '0');
        bool marked = s[n] == 'h' || s[n] == ':' || s[n] == '.';
        size_t at = n + marked;
        if (marked && s[at] >= '0' && s[at] <= '5' && s[at + 1] >= '0' && s[at + 1] <= '9') {
                minute = (s[at] - '0') * 10 + (s[at + 1] - '0');
                n = at + 2;
        } else if (s[n] == 'h')
                n++;
        else
                marked = false;
        size_t half = n + (s[n] == ' ');
        bool pm = strncmp(s + half, "pm", 2) == 0, am = strncmp(s + half, "am", 2) == 0;
        if (am || pm)
                n = half + 2;
        hour = hour % 12 + (pm ? 12 : 0) + (!pm && !am && hour >= 12 ? 12 : 0);
        *ret_n = n;
        return (marked || am || pm) && hour < 24 ? hour * 60 + minute : -1;
}

/* "By ten minutes", "d'un quart d'heure", "un peu": what is put off by so little still uses the time. */
static bool is_short_while(const char *folded) {
        static const char *const whiles[] = {
                "quart d'heure", "quelques minutes", "un petit peu",  "un peu",   "quarter of an hour", "a few minutes",
                "a bit",         "slightly",         "viertelstunde", "kwartier", "couple of minutes"};
        static const char *const numbers[] = {"five",   "ten",   "fifteen", "twenty", "cinq", "dix",
                                              "quinze", "vingt", "funf",    "zehn",   "tien", "vijf"};
        for (size_t i = 0; i < ELEMENTSOF(whiles); i++)
                if (strstr(folded, whiles[i]))
                        return true;
        const char *unit = strstr(folded, " min");
        if (!unit)
                return false;
        const char *word = unit;
        while (word > folded && word[-1] != ' ' && word[-1] != '\'')
                word--;
        size_t n = (size_t) (unit - word);
        /* One digit, or two of which the first is below three: less than SHIFT_MINUTES_MIN. */
        bool digits = n > 0 && n <= 2 && strspn(word, "0123456789") == n;
        return digits ? n == 1 || word[0] < '0' + SHIFT_MINUTES_MIN / 10 : is_one_of(word, n, numbers, ELEMENTSOF(numbers));
}

struct days days_mentioned(const char *text) {
        char folded[SENTENCE_MAX];
        struct days days = {.to_minute = -1};
        if (!text)
                return days;
        size_t n = utf8_fold(text, utf8_boundary(text, strnlen(text, SENTENCE_MAX - 1)), folded, sizeof(folded)), length;
        bool moves = false, leads = false;
        for (size_t i = 0; i < n;) {
                size_t begin = i;
                while (i < n && folded[i] >= 'a' && folded[i] <= 'z')
                        i++;
                if (i > begin) {
                        uint32_t day = day_of_word(folded + begin, i - begin);
                        *(leads ? &days.to : &days.of) |= day;
                        moves |= is_move(folded + begin, i - begin);
                        leads = leads_to(folded + begin, i - begin, moves);
                        continue;
                }
                int32_t minute = leads && moves && folded[i] >= '0' && folded[i] <= '9' ? clock_at(folded + i, &length) : -1;
                if (minute >= 0) {
                        /* "To 3pm tomorrow" leads on to the day. */
                        days.to_minute = minute;
                        i += length;
                        continue;
                }
                leads = leads && strchr(" '", folded[i]);
                i++;
        }
        days.little = moves && is_short_while(folded);
        return days;
}

static void days_join(struct days *days, struct days more) {
        days->of |= more.of;
        days->to |= more.to;
        days->to_minute = more.to_minute >= 0 ? more.to_minute : days->to_minute;
        days->little |= more.little;
}

/* The sentence of the text in which the words stand: "I must cancel. Shall we say Thursday?" cancels no Thursday. */
static struct days days_of(const struct message *mail) {
        const char *because = mail->cancellation_because,
                   *at = mail->text && !str_empty(because) ? strstr(mail->text, because) : NULL;
        struct days days = days_mentioned(mail->subject);
        if (!at) {
                days_join(&days, days_mentioned(because));
                return days;
        }
        const char *begin = at, *end = at + strlen(because);
        while (begin > mail->text && !strchr(".!?\n", begin[-1]) && at - begin < (ptrdiff_t) SENTENCE_MAX / 2)
                begin--;
        end += strcspn(end, ".!?\n");
        char sentence[SENTENCE_MAX];
        size_t n = MIN((size_t) (end - begin), sizeof(sentence) - 1);
        memcpy(sentence, begin, n);
        sentence[n] = '\0';
        days_join(&days, days_mentioned(sentence));
        return days;
}

/* References looked at for finding the invitation that is answered. */
#define REPLIED_MAX 8U

static int keep_replied(struct meetings *m, const struct message *mail, struct words *w) {
        uint32_t replies = MIN(mail->in_reply_to.n, REPLIED_MAX), references = MIN(mail->references.n, REPLIED_MAX);
        if (!(w->replied = arena_new0(m->arena, uint64_t, (size_t) replies + references + 1)))
                return -ENOMEM;
        for (uint32_t i = 0; i < replies; i++)
                w->replied[w->n_replied++] = message_id_key(mail->in_reply_to.items[i]);
        for (uint32_t i = 0; i < references; i++)
                w->replied[w->n_replied++] = message_id_key(mail->references.items[mail->references.n - 1 - i]);
        return 0;
}

static int add_words(struct meetings *m, const struct stored_observation *so, instant at, const struct client *client,
                     const char *person, bool from_owner) {
        const struct message *mail = &so->observation->message;
        struct words *w = arena_new0(m->arena, struct words, 1);
        if (!w)
                return -ENOMEM;
        const struct person author = {.side = from_owner ? SIDE_OWNER : SIDE_CLIENT, .client = client};
        *w = (struct words){.at = at,
                            .client = client,
                            .from_owner = from_owner,
                            .proposal = mail->flags & MESSAGE_PROPOSAL,
                            .days = days_of(mail),
                            .rid = INSTANT_UNKNOWN,
                            .observation = so->id,
                            .digest = so->digest};
        subject_words(mail->thread_subject, &w->subject);
        int r = note_doubt(m, so, &author, &w->doubted);
        if (r >= 0)
                r = keep_replied(m, mail, w);
        if (r >= 0)
                r = keep_string(m, person, &w->person);
        if (r >= 0)
                r = keep_string(m, mail->message_id, &w->message_id);
        if (r >= 0)
                r = keep_source(m, so->source, &w->source);
        if (r >= 0)
                r = grow(&m->words, &m->allocated_words, m->n_words, sizeof(struct words *));
        if (r < 0)
                return r;
        m->words[m->n_words++] = w;
        return 0;
}

static int add_owner_words(struct meetings *m, const struct stored_observation *so, instant at) {
        const struct message *mail = &so->observation->message;
        const struct address_list *lists[] = {&mail->to, &mail->cc, &mail->bcc};
        for (size_t l = 0; l < ELEMENTSOF(lists); l++)
                for (uint32_t i = 0; i < lists[l]->n; i++) {
                        const struct client *client = people_find(m->people, lists[l]->items[i].email).client;
                        int r = client ? add_words(m, so, at, client, lists[l]->items[i].email, true) : 0;
                        if (r < 0)
                                return r;
                }
        return 0;
}

static int add_message(struct meetings *m, const struct stored_observation *so) {
        const struct message *mail = &so->observation->message;
        bool from_owner = people_is_from_owner(m->people, mail);
        instant at = message_time(so->observation, from_owner);
        if (at == INSTANT_UNKNOWN || at > m->now)
                return 0;
        const struct address *author = message_author(mail);
        for (uint32_t i = 0; i < mail->calendar.n; i++) {
                int r = add_mail_event(m, so, &mail->calendar.items[i], at, author, from_owner);
                if (r < 0)
                        return r;
        }
        if (!mail->cancellation_because || mail->automatic != AUTOMATIC_NO)
                return 0;
        if (from_owner)
                return add_owner_words(m, so, at);
        /* A CANCEL with a line of explanation is told by the invitation; the words may still come from one who only
         * answers. */
        const struct client *client = author ? people_find(m->people, author->email).client : NULL;
        for (uint32_t i = 0; i < mail->calendar.n; i++)
                if (mail->calendar.items[i].method != ITIP_NONE)
                        return 0;
        return client ? add_words(m, so, at, client, author->email, false) : 0;
}

int meetings_add(struct meetings *m, const struct stored_observation *so) {
        switch (so->observation->kind) {
        case OBSERVATION_EVENT:
        case OBSERVATION_EVENT_GONE:
                return add_event(m, so);
        case OBSERVATION_MESSAGE:
                return add_message(m, so);
        default:
                return 0;
        }
}

/* ---- words find their meeting */

/* Somebody who calls off "our meeting" without saying which means the one that is near. */
#define WORDS_NEAR (2 * DAY_SECONDS)
/* A weekday named means one of the coming seven days. */
#define WORDS_WEEK (7 * DAY_SECONDS)

static int compare_words(const void *a, const void *b) {
        const struct words *x = *(struct words *const *) a, *y = *(struct words *const *) b;
        if (x->client->index != y->client->index)
                return x->client->index < y->client->index ? -1 : 1;
        if (x->from_owner != y->from_owner)
                return x->from_owner ? 1 : -1;
        if (x->at != y->at)
                return x->at < y->at ? -1 : 1;
        return (x->digest > y->digest) - (x->digest < y->digest);
}

size_t words_of(const struct meetings *m, const struct client *client, bool from_owner, struct words ***ret) {
        *ret = m->words;
        if (m->n_words == 0)
                return 0;
        size_t low = 0, high = m->n_words, edges[2];
        for (int edge = 0; edge < 2; edge++) {
                for (low = 0, high = m->n_words; low < high;) {
                        size_t mid = low + (high - low) / 2;
                        const struct words *w = m->words[mid];
                        bool before = w->client->index != client->index ? w->client->index < client->index
                                      : edge == 0                       ? w->from_owner < from_owner
                                                                        : w->from_owner <= from_owner;
                        if (before)
                                low = mid + 1;
                        else
                                high = mid;
                }
                edges[edge] = low;
        }
        *ret = m->words + edges[0];
        return edges[1] - edges[0];
}

static int compare_slots(const void *a, const void *b) {
        const struct slot_known *x = a, *y = b;
        if (x->start != y->start)
                return x->start < y->start ? -1 : 1;
        if (x->meeting != y->meeting)
                return x->meeting < y->meeting ? -1 : 1;
        return (x->rid > y->rid) - (x->rid < y->rid);
}

static bool words_answer(const struct meetings *m, const struct words *w, uint32_t meeting, bool *ret_any) {
        for (uint32_t i = 0; i < w->n_replied; i++) {
                size_t low = 0, high = m->n_mails;
                while (low < high) {
                        size_t mid = low + (high - low) / 2;
                        if (m->mails[mid].key < w->replied[i])
                                low = mid + 1;
                        else
                                high = mid;
                }
                for (; low < m->n_mails && m->mails[low].key == w->replied[i]; low++) {
                        *ret_any = true;
                        if (m->mails[low].meeting == meeting)
                                return true;
                }
        }
        return false;
}

static bool is_day(const struct meetings *m, const struct words *w, uint32_t days, instant start) {
        const struct zone *zone = m->settings->owner.zone;
        int32_t day = zone_day(zone, start), today = zone_day(zone, w->at);
        if ((days & DAY_TODAY) && day == today)
                return true;
        if ((days & DAY_TOMORROW) && day == today + 1)
                return true;
        return (days & 1U << (civil_weekday(day) - 1)) && start - w->at <= WORDS_WEEK;
}

/* It is not on the day to which it is moved; who moves today's meeting "to Monday" on a Monday means the next one. */
static bool words_fit_day(const struct meetings *m, const struct words *w, instant start) {
        const struct zone *zone = m->settings->owner.zone;
        if (w->days.of != 0)
                return is_day(m, w, w->days.of, start);
        bool today = zone_day(zone, start) == zone_day(zone, w->at);
        return !is_day(m, w, today ? w->days.to & DAY_TODAY : w->days.to, start);
}

/* "I have to push our meeting to 10:15", the same day. */
static bool moves_little(const struct meetings *m, const struct words *w, instant start) {
        if (w->days.little)
                return true;
        if (w->days.to_minute < 0 || (w->days.to != 0 && !is_day(m, w, w->days.to, start)))
                return false;
        struct civil local = zone_civil(m->settings->owner.zone, start);
        return abs(local.hour * 60 + local.minute - w->days.to_minute) < SHIFT_MINUTES_MIN;
}

static bool same_words_as_summary(const struct words *w, const char *summary) {
        char folded[SENTENCE_MAX];
        if (!summary || w->subject.n == 0)
                return false;
        utf8_fold(summary, utf8_boundary(summary, strnlen(summary, sizeof(folded) - 1)), folded, sizeof(folded));
        struct subject_words words;
        subject_words(folded, &words);
        return subject_words_share(&words, &w->subject);
}

/* One way of choosing among candidates: the first found, and how many meetings there were. */
struct choice {
        const struct slot_known *first;
        bool several, several_meetings;
};

static void choose(struct choice *c, const struct slot_known *slot) {
        if (!c->first)
                c->first = slot;
        else if (slot->meeting != c->first->meeting)
                c->several = c->several_meetings = true;
        else if (slot->rid != c->first->rid)
                c->several = true;
}

/* Which meeting do the words mean? The one whose invitation they answer; else the one their subject names; else the only
 * one that is near, on a day that they do not exclude. NULL when that leaves none or a doubt. */
static const struct slot_known *words_meeting(const struct meetings *m, const struct words *w) {
        const struct slot_list *slots = &m->slots[w->client->index];
        size_t low = 0, high = slots->n;
        while (low < high) {
                size_t mid = low + (high - low) / 2;
                if (slots->items[mid].start < w->at - WORDS_AFTER_START)
                        low = mid + 1;
                else
                        high = mid;
        }
        struct choice answered = {}, named = {}, near = {};
        bool answers_any = false;
        words_answer(m, w, UINT32_MAX, &answers_any);
        for (size_t i = low; i < slots->n && slots->items[i].start <= w->at + WORDS_FAR; i++) {
                const struct slot_known *slot = &slots->items[i];
                if (w->at < slot->from || w->at >= slot->to || !words_fit_day(m, w, slot->start))
                        continue;
                if (answers_any && words_answer(m, w, slot->meeting, &answers_any))
                        choose(&answered, slot);
                if (same_words_as_summary(w, slot->summary))
                        choose(&named, slot);
                if (slot->start <= w->at + (w->days.of != 0 ? WORDS_WEEK : WORDS_NEAR))
                        choose(&near, slot);
        }
        if (answers_any)
                return answered.several_meetings ? NULL : answered.first;
        if (named.first && !named.several_meetings)
                return named.first;
        return near.several ? NULL : near.first;
}

static bool owner_spoke_before(const struct meetings *m, const struct words *w) {
        struct words **own;
        size_t n = words_of(m, w->client, true, &own);
        for (size_t i = 0; i < n; i++)
                if (own[i]->at <= w->at && own[i]->at >= w->at - WORDS_OWNER_BEFORE)
                        return true;
        return false;
}

static int compare_mails(const void *a, const void *b) {
        const struct {
                uint64_t key;
                uint32_t meeting;
        } *x = a, *y = b;
        if (x->key != y->key)
                return x->key < y->key ? -1 : 1;
        return (x->meeting > y->meeting) - (x->meeting < y->meeting);
}

/* Words that may be forged call nothing off. */
static void drop_doubted_words(struct meetings *m) {
        size_t n = 0;
        for (size_t i = 0; i < m->n_words; i++)
                if (!m->words[i]->doubted)
                        m->words[n++] = m->words[i];
        m->n_words = n;
}

static int match_words(struct meetings *m) {
        drop_doubted_words(m);
        if (m->n_words == 0)
                return 0;
        qsort(m->words, m->n_words, sizeof(struct words *), compare_words);
        if (m->n_mails > 0)
                qsort(m->mails, m->n_mails, sizeof(*m->mails), compare_mails);
        m->slots = calloc(MAX(m->settings->n_clients, 1U), sizeof(*m->slots));
        if (!m->slots)
                return -ENOMEM;
        m->looking = true;
        for (uint32_t i = 0; i < m->n; i++) {
                int r = meeting_judge(m, i);
                if (r < 0)
                        return r;
        }
        m->looking = false;
        for (size_t i = 0; i < m->settings->n_clients; i++)
                if (m->slots[i].n > 1)
                        qsort(m->slots[i].items, m->slots[i].n, sizeof(struct slot_known), compare_slots);
        for (size_t i = 0; i < m->n_words; i++) {
                struct words *w = m->words[i];
                const struct slot_known *slot = !w->from_owner && owner_spoke_before(m, w) ? NULL : words_meeting(m, w);
                if (!slot || (!w->from_owner && moves_little(m, w, slot->start)))
                        continue;
                w->placed = true;
                w->rid = slot->rid;
                w->next = m->items[slot->meeting].words;
                m->items[slot->meeting].words = w;
        }
        return 0;
}

/* ---- facts */

static int compare_facts(const void *a, const void *b) {
        const struct meeting_fact *x = a, *y = b;
        if (x->at != y->at)
                return x->at < y->at ? -1 : 1;
        if (x->key != y->key)
                return x->key < y->key ? -1 : 1;
        return (x->type > y->type) - (x->type < y->type);
}

static uint64_t fact_key(const struct meeting_fact *f) {
        uint64_t key = hash_mix(f->meeting->hash, (uint64_t) f->type + 1);
        key = hash_mix(key, hash_string(f->client->id));
        key = hash_mix(key, f->series ? 1 : (uint64_t) f->occurrence);
        if (f->type == FACT_MEETING_MOVED)
                key = hash_mix(hash_mix(key, (uint64_t) f->start), (uint64_t) f->new_start);
        return key;
}

int meetings_end(struct meetings *m) {
        int r = match_words(m);
        for (uint32_t i = 0; i < m->n && r >= 0; i++)
                r = meeting_judge(m, i);
        if (r < 0)
                return r;
        size_t n = 0;
        for (size_t i = 0; i < m->n_facts; i++) {
                struct meeting_fact *f = &m->facts[i];
                if (f->type == _FACT_TYPE_MAX || f->at > m->now)
                        continue;
                f->key = fact_key(f);
                m->facts[n++] = *f;
        }
        m->n_facts = n;
        if (n > 1)
                qsort(m->facts, n, sizeof(*m->facts), compare_facts);
        return 0;
}

size_t meetings_size(const struct meetings *m) {
        return m->n_facts;
}

instant meetings_at(const struct meetings *m, size_t i) {
        return i < m->n_facts ? m->facts[i].at : INSTANT_MAX;
}

uint64_t meetings_key(const struct meetings *m, size_t i) {
        return i < m->n_facts ? m->facts[i].key : UINT64_MAX;
}

static const char *const by_names[] = {[BY_UNKNOWN] = "unknown", [BY_CLIENT] = "client", [BY_OWNER] = "owner"};
static const char *const told_names[] = {
        [TOLD_INVITATION] = "invitation", [TOLD_CALENDAR] = "calendar", [TOLD_WORDS] = "words"};

static void change_values(const struct meetings *m, const struct meeting_fact *f, struct value *v) {
        v[F_MEETING_NOTICE] = (struct value){.type = VALUE_DURATION, .i = f->start - f->at};
        v[F_MEETING_WORKING_NOTICE] = (struct value){
                .type = VALUE_DURATION, .i = work_calendar_between(&m->settings->owner.calendar, f->at, f->start)};
        v[F_MEETING_CHANGED_BY] = (struct value){.type = VALUE_ENUM, .s = by_names[f->by]};
        v[F_MEETING_SERIES] = (struct value){.type = VALUE_BOOL, .b = f->series};
        if (f->type == FACT_MEETING_MOVED) {
                v[F_MEETING_NEW_START] = (struct value){.type = VALUE_INSTANT, .i = f->new_start};
                v[F_MEETING_SHIFT] =
                        (struct value){.type = VALUE_DURATION, .i = llabs((long long) (f->new_start - f->start))};
        }
}

void meetings_fact(const struct meetings *m, size_t i, struct fact *ret) {
        const struct meeting_fact *f = &m->facts[i];
        *ret = (struct fact){
                .type = f->type,
                .at = f->at,
                .client = f->client,
                .person = f->person,
                .source = f->source,
                .message_id = f->message_id,
                .uid = f->meeting->uid,
                .key = f->key,
                .observation = f->observation,
        };
        struct value *v = ret->values;
        if (f->summary)
                v[F_MEETING_SUMMARY] = (struct value){.type = VALUE_STRING, .s = f->summary};
        v[F_MEETING_START] = (struct value){.type = VALUE_INSTANT, .i = f->start};
        v[F_MEETING_DURATION] = (struct value){.type = VALUE_DURATION, .i = f->end - f->start};
        v[F_MEETING_RECURRING] = (struct value){.type = VALUE_BOOL, .b = f->recurring};
        v[F_MEETING_ATTENDEES] = (struct value){.type = VALUE_INT, .i = f->attendees};
        v[F_MEETING_WORKING_TIME] =
                (struct value){.type = VALUE_BOOL, .b = work_calendar_is_open(&m->settings->owner.calendar, f->start)};
        v[F_MEETING_TOLD_BY] = (struct value){.type = VALUE_ENUM, .s = told_names[f->told_by]};
        if (f->planned_at != INSTANT_UNKNOWN) {
                v[F_MEETING_PLANNED_AT] = (struct value){.type = VALUE_INSTANT, .i = f->planned_at};
                v[F_MEETING_PLANNED_NOTICE] = (struct value){.type = VALUE_DURATION, .i = f->start - f->planned_at};
        }
        if (f->changed)
                change_values(m, f, v);
}
