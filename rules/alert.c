/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/eval_internal.h"

/* Breaches to alerts: grading, state, and the words, in the owner's language. */

#define DAY INT64_C(86400)
/* An absence rule is at rest when all was answered and nothing came for this long. */
#define ENDED_QUIET_DAYS 14
/* Without a window of its own: how long after the last breach an alert stays open. */
#define QUIET_DAYS 90

const char *alert_state_name(enum alert_state s) {
        return s == ALERT_OPEN ? "open" : "resolved";
}

/* --- words: one table of sentences, one column for each language */

enum language { ENGLISH, FRENCH, _LANGUAGE_MAX };

enum sentence {
        S_CANCELLED,
        S_MOVED,
        S_DECLINED,
        S_MEETING_BEFORE,
        S_MEETING_AFTER,
        S_OUTSIDE_HOURS,
        S_NO_ANSWER,
        S_NO_ANSWER_BY,
        S_ANSWERED,
        S_SETTLED,
        S_ABSENT,
        S_CAME,
        S_UNREAD,
        S_UNREAD_1,
        S_ON,
        S_AFTER_FIRST,
        S_LAST_IN,
        S_AGAINST,
        S_ONCE,
        S_TIMES,
        S_TIMES_WINDOWS,
        S_TIMES_OCCURRENCES,
        _SENTENCE_MAX,
};

static const char *const sentences[_SENTENCE_MAX][_LANGUAGE_MAX] = {
        [S_CANCELLED] = {"Cancelled", "Annulé"},
        [S_MOVED] = {"Moved", "Déplacé"},
        [S_DECLINED] = {"Declined", "Décliné"},
        [S_MEETING_BEFORE] = {"%s %s before (%s for %s)", "%s %s avant (%s pour %s)"},
        [S_MEETING_AFTER] = {"%s %s after the start (%s for %s)", "%s %s après le début (%s pour %s)"},
        [S_OUTSIDE_HOURS] = {"Received %s at %s, outside working hours", "Reçu %s à %s, hors des heures de travail"},
        [S_NO_ANSWER] = {"No answer after %s (asked %s)", "Aucune réponse %s après (demandé %s)"},
        [S_NO_ANSWER_BY] = {"No answer by %s (asked %s)", "Aucune réponse au %s (demandé %s)"},
        [S_ANSWERED] = {"Answered after %s (asked %s, answered %s)", "Réponse après %s (demandé %s, répondu %s)"},
        [S_SETTLED] = {"Settled after %s (asked %s, settled %s)", "Réglé après %s (demandé %s, réglé %s)"},
        [S_ABSENT] = {"Nothing after %s (since %s)", "Rien %s après (depuis %s)"},
        [S_CAME] = {"Came after %s (since %s, came %s)", "Venu après %s (depuis %s, venu %s)"},
        [S_UNREAD] = {"%s; %u messages of that time could not be read",
                      "%s ; %u messages de cette période n'ont pas pu être lus"},
        [S_UNREAD_1] = {"%s; %u message of that time could not be read",
                        "%s ; %u message de cette période n'a pas pu être lu"},
        [S_ON] = {"%s", "%s"},
        [S_AFTER_FIRST] = {"%s, after %s", "%s, après %s"},
        [S_LAST_IN] = {"%s over %s", "%s sur %s"},
        [S_AGAINST] = {"%s times as before, over %s", "%s fois comme avant, sur %s"},
        [S_ONCE] = {"once, on %s", "1 fois, %s"},
        [S_TIMES] = {"%u times in %s, the last on %s", "%u fois en %s, la dernière %s"},
        [S_TIMES_WINDOWS] = {"%u times in %lu windows of %s, the last on %s",
                             "%u fois en %lu périodes de %s, la dernière %s"},
        [S_TIMES_OCCURRENCES] = {"%u of the last %lu, the last on %s", "%u des %lu dernières, la dernière %s"},
};

/* The number in the words of its function. */
static const char *const measured[_MEASURE_MAX][_LANGUAGE_MAX] = {
        [MEASURE_COUNT] = {"%s times", "%s fois"},
        [MEASURE_DISTINCT] = {"%s different", "%s différents"},
        [MEASURE_SUM] = {"%s in all", "%s en tout"},
        [MEASURE_MEAN] = {"%s on average", "%s en moyenne"},
        [MEASURE_MEDIAN] = {"%s as the middle value", "%s en valeur médiane"},
        [MEASURE_P90] = {"up to %s nine times in ten", "jusqu'à %s neuf fois sur dix"},
        [MEASURE_RATIO] = {"%s of them", "%s d'entre eux"},
        [MEASURE_SHARE] = {"%s of all", "%s du total"},
};

static const char *const weekdays[_LANGUAGE_MAX][7] = {
        {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"},
        {"lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"},
};

static const char *const months[_LANGUAGE_MAX][12] = {
        {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
        {"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
         "décembre"},
};

/* One and several. */
enum unit {
        UNIT_SECOND,
        UNIT_MINUTE,
        UNIT_HOUR,
        UNIT_DAY,
        UNIT_WEEK,
        UNIT_MONTH,
        UNIT_WORK_MINUTE,
        UNIT_WORK_HOUR,
        UNIT_WORK_DAY,
        _UNIT_MAX
};

static const char *const units[_UNIT_MAX][_LANGUAGE_MAX][2] = {
        [UNIT_SECOND] = {{"second", "seconds"}, {"seconde", "secondes"}},
        [UNIT_MINUTE] = {{"minute", "minutes"}, {"minute", "minutes"}},
        [UNIT_HOUR] = {{"hour", "hours"}, {"heure", "heures"}},
        [UNIT_DAY] = {{"day", "days"}, {"jour", "jours"}},
        [UNIT_WEEK] = {{"week", "weeks"}, {"semaine", "semaines"}},
        [UNIT_MONTH] = {{"month", "months"}, {"mois", "mois"}},
        [UNIT_WORK_MINUTE] = {{"business minute", "business minutes"}, {"minute ouvrée", "minutes ouvrées"}},
        [UNIT_WORK_HOUR] = {{"business hour", "business hours"}, {"heure ouvrée", "heures ouvrées"}},
        [UNIT_WORK_DAY] = {{"business day", "business days"}, {"jour ouvré", "jours ouvrés"}},
};

/* --- writing times and lengths; NULL when memory is out, which the callers pass on */

struct writer {
        struct arena *arena;
        enum language language;
        const struct zone *zone;
        instant now;
};

static const char *write_count(const struct writer *w, int64_t n, enum unit unit) {
        /* French counts 0 and 1 alike. */
        bool one = n == 1 || (n == 0 && w->language == FRENCH);
        return arena_printf(w->arena, "%" PRId64 " %s", n, units[unit][w->language][one ? 0 : 1]);
}

static const char *write_duration(const struct writer *w, const struct duration *d) {
        switch (d->unit) {
        case DURATION_MONTHS:
                return write_count(w, d->n, UNIT_MONTH);
        case DURATION_WORK_DAYS:
                return write_count(w, d->n, UNIT_WORK_DAY);
        case DURATION_WORK_SECONDS:
                return d->n % 3600 ? write_count(w, d->n / 60, UNIT_WORK_MINUTE)
                                   : write_count(w, d->n / 3600, UNIT_WORK_HOUR);
        default:
                if (d->n == INT64_C(86400) * d->days)
                        return d->days % 7 ? write_count(w, d->days, UNIT_DAY) : write_count(w, d->days / 7, UNIT_WEEK);
                if (d->n % 3600 == 0)
                        return write_count(w, d->n / 3600, UNIT_HOUR);
                return d->n % 60 ? write_count(w, d->n, UNIT_SECOND) : write_count(w, d->n / 60, UNIT_MINUTE);
        }
}

/* A measured length: as exact as it matters. */
static const char *write_length(const struct writer *w, int64_t seconds) {
        int64_t minutes = seconds / 60;
        if (minutes < 60)
                return arena_printf(w->arena, "%" PRId64 " min", minutes);
        if (minutes < 48 * 60)
                return minutes % 60 ? arena_printf(w->arena, "%" PRId64 " h %02" PRId64, minutes / 60, minutes % 60)
                                    : arena_printf(w->arena, "%" PRId64 " h", minutes / 60);
        return write_count(w, seconds / DAY, UNIT_DAY);
}

static const char *write_clock(const struct writer *w, instant at) {
        struct civil c = zone_civil(w->zone, at);
        return arena_printf(w->arena, "%02d:%02d", c.hour, c.minute);
}

/* The year only where it is not this one. */
static const char *write_day(const struct writer *w, instant at) {
        struct civil c = zone_civil(w->zone, at);
        int weekday = civil_weekday(zone_day(w->zone, at)) - 1;
        const char *first = w->language == FRENCH && c.day == 1 ? "er" : "";
        const char *day = arena_printf(w->arena, "%s %d%s %s", weekdays[w->language][weekday], c.day, first,
                                       months[w->language][c.month - 1]);
        if (!day || c.year == zone_civil(w->zone, w->now).year)
                return day;
        return arena_printf(w->arena, "%s %d", day, (int) c.year);
}

static const char *write_time(const struct writer *w, instant at) {
        const char *day = write_day(w, at), *clock = write_clock(w, at);
        return day && clock ? arena_printf(w->arena, "%s %s", day, clock) : NULL;
}

/* "le lundi 2 mars", where the sentence wants an article. */
static const char *write_on(const struct writer *w, const char *day) {
        return day && w->language == FRENCH ? arena_printf(w->arena, "le %s", day) : day;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the sentences of the table above */

static const char *say2(const struct writer *w, enum sentence s, const char *a, const char *b) {
        return a && b ? arena_printf(w->arena, sentences[s][w->language], a, b) : NULL;
}

static const char *say3(const struct writer *w, enum sentence s, const char *a, const char *b, const char *c) {
        return a && b && c ? arena_printf(w->arena, sentences[s][w->language], a, b, c) : NULL;
}

static const char *say4(const struct writer *w, enum sentence s, const char *a, const char *b, const char *c,
                        const char *d) {
        return a && b && c && d ? arena_printf(w->arena, sentences[s][w->language], a, b, c, d) : NULL;
}

static const char *say_unread(const struct writer *w, const char *sentence, uint32_t n) {
        return sentence && n > 0 ? arena_printf(w->arena, sentences[n > 1 ? S_UNREAD : S_UNREAD_1][w->language], sentence, n)
                                 : sentence;
}

static const char *say_once(const struct writer *w, const char *when) {
        return when ? arena_printf(w->arena, sentences[S_ONCE][w->language], when) : NULL;
}

static const char *say_times(const struct writer *w, uint32_t n, const char *window, const char *when) {
        return window && when ? arena_printf(w->arena, sentences[S_TIMES][w->language], n, window, when) : NULL;
}

static const char *say_windows(const struct writer *w, uint32_t n, int64_t of, const char *window, const char *when) {
        return window && when
                       ? arena_printf(w->arena, sentences[S_TIMES_WINDOWS][w->language], n, (unsigned long) of, window, when)
                       : NULL;
}

static const char *say_occurrences(const struct writer *w, uint32_t n, int64_t of, const char *when) {
        return when ? arena_printf(w->arena, sentences[S_TIMES_OCCURRENCES][w->language], n, (unsigned long) of, when)
                    : NULL;
}

static const char *say_measured(const struct writer *w, enum measure_function f, const char *number) {
        return number ? arena_printf(w->arena, measured[f][w->language], number) : NULL;
}

#pragma GCC diagnostic pop

/* --- what one breach says */

static const char *meeting_detail(const struct writer *w, const struct shown_fact *s) {
        enum sentence verb = s->type == FACT_MEETING_MOVED      ? S_MOVED
                             : s->type == FACT_MEETING_DECLINED ? S_DECLINED
                                                                : S_CANCELLED;
        instant known = s->start - s->notice;
        const char *start =
                zone_day(w->zone, known) == zone_day(w->zone, s->start) ? write_clock(w, s->start) : write_time(w, s->start);
        bool before = s->notice >= 0;
        return say4(w, before ? S_MEETING_BEFORE : S_MEETING_AFTER, sentences[verb][w->language],
                    write_length(w, before ? s->notice : -s->notice), write_time(w, known), start);
}

static const char *absence_detail(const struct writer *w, const struct rule *r, const struct breach *b) {
        const struct shown_fact *s = b->shown;
        const struct rule_step *step = &r->steps[r->n_steps - 1];
        bool question = s->type == FACT_REQUEST_SENT;
        if (b->ended_at != INSTANT_UNKNOWN)
                return say3(w,
                            !question    ? S_CAME
                            : b->settled ? S_SETTLED
                                         : S_ANSWERED,
                            write_length(w, b->ended_at - b->opened_at), write_time(w, b->opened_at),
                            write_time(w, b->ended_at));
        if (b->bounded && question)
                return say2(w, S_NO_ANSWER_BY, write_time(w, b->at), write_time(w, b->opened_at));
        const struct rule_variant *v = rule_variant_of(r, r->by_client_key ? s->client : NULL);
        return say2(w, question ? S_NO_ANSWER : S_ABSENT, write_duration(w, &literal_resolve(&step->within, v)->duration),
                    write_time(w, b->opened_at));
}

/* --- what a measure says */

static const char *write_number(const struct writer *w, const struct measure *m, double number) {
        if (m->has_past)
                return arena_printf(w->arena, "%.1f", number);
        if (m->function == MEASURE_RATIO || m->function == MEASURE_SHARE)
                return arena_printf(w->arena, "%.0f %%", number * 100);
        bool of_field = m->function != MEASURE_COUNT && m->function != MEASURE_DISTINCT;
        if (of_field && m->type == VALUE_DURATION)
                return write_length(w, (int64_t) number);
        if (of_field && m->type == VALUE_MONEY)
                return arena_printf(w->arena, "%.2f", number / 100);
        return arena_printf(w->arena, number < 1e15 && number == (double) (int64_t) number ? "%.0f" : "%.1f", number);
}

static const char *measure_detail(const struct writer *w, const struct rule *r, const struct breach *b) {
        const struct measure *m = &r->measure;
        const struct rule_variant *v = rule_variant_of(r, r->by_client_key ? b->shown->client : NULL);
        const char *number = write_number(w, m, b->number),
                   *over = write_duration(w, &literal_resolve(&m->over, v)->duration);
        if (m->has_past)
                return say2(w, S_AGAINST, number, over);
        return say2(w, S_LAST_IN, say_measured(w, m->function, number), over);
}

static const char *breach_detail(const struct writer *w, const struct rule *r, const struct breach *b) {
        const struct shown_fact *s = b->shown;
        bool meeting =
                s->type == FACT_MEETING_CANCELLED || s->type == FACT_MEETING_MOVED || s->type == FACT_MEETING_DECLINED;
        if (r->ends_absent)
                return say_unread(w, absence_detail(w, r, b), b->unread);
        if (r->kind == RULE_MEASURE)
                return measure_detail(w, r, b);
        if (meeting && s->has_notice && s->start != INSTANT_UNKNOWN)
                return meeting_detail(w, s);
        if (s->type == FACT_MESSAGE_RECEIVED && s->outside_hours && r->kind == RULE_MATCH)
                return say2(w, S_OUTSIDE_HOURS, write_day(w, s->at), write_clock(w, s->at));
        if (r->kind == RULE_SEQUENCE)
                return say2(w, S_AFTER_FIRST, write_time(w, b->at), write_time(w, b->opened_at));
        return write_time(w, b->at);
}

/* --- grading */

/* Breaches by time; one array of a group, those taken back left out. */
static int compare_breaches(const void *pa, const void *pb) {
        const struct breach *a = pa, *b = pb;
        if (a->at != b->at)
                return a->at < b->at ? -1 : 1;
        return (a->id > b->id) - (a->id < b->id);
}

struct grading {
        enum lasting lasting;
        uint32_t in_window;
        int64_t quiet; /* seconds after the last breach until the alert rests */
};

/* A parameter without bounds may have been set to nothing. */
static int64_t count_of(const struct literal *l, const struct rule_variant *v) {
        return MAX(literal_resolve(l, v)->value.i, INT64_C(1));
}

/* How many of the last `of` windows of that length, counted back from the last breach, saw a breach. */
static int64_t windows_hit(const struct group *g, int64_t length, int64_t of, uint32_t *ret_breaches) {
        instant last = g->breaches[g->n - 1].at;
        int64_t hit = 0, previous = -1;
        for (size_t i = g->n; i > 0; i--) {
                int64_t window = (last - g->breaches[i - 1].at) / length;
                if (window >= of)
                        break;
                hit += window != previous;
                previous = window;
                (*ret_breaches)++;
        }
        return hit;
}

static struct grading grade(const struct group *g, const struct rule_variant *v) {
        const struct rule_for *limit = &v->limit;
        struct grading ret = {.quiet = QUIET_DAYS * DAY};
        const struct breach *last = &g->breaches[g->n - 1];
        int64_t least = count_of(&limit->breaches, v), reached;
        if (limit->has_within) {
                ret.quiet = literal_resolve(&limit->within, v)->value.i;
                for (size_t i = g->n; i > 0 && last->at - g->breaches[i - 1].at <= ret.quiet; i--)
                        ret.in_window++;
                reached = ret.in_window;
        } else if (limit->occurrence) {
                uint64_t of = (uint64_t) count_of(&limit->of, v), newest = 0;
                for (size_t i = 0; i < g->n; i++)
                        newest = MAX(newest, g->breaches[i].sequence);
                for (size_t i = 0; i < g->n; i++)
                        ret.in_window += !g->breaches[i].again && g->breaches[i].sequence + of > newest;
                reached = ret.in_window;
        } else {
                int64_t every = literal_resolve(&limit->every, v)->value.i, of = count_of(&limit->of, v);
                if (__builtin_mul_overflow(every, of, &ret.quiet))
                        ret.quiet = INT64_MAX;
                reached = windows_hit(g, every, of, &ret.in_window);
        }
        ret.lasting = ret.in_window <= 1 ? LASTING_ONE_OFF : reached < least ? LASTING_RECURRING : LASTING_LASTING;
        return ret;
}

/* Breaches of a step that happened come in the order of their times, and nothing takes them back. */
size_t breaches_past(const struct group *g) {
        if (g->rule->ends_absent)
                return 0;
        const struct rule_variant *v = rule_variant_of(g->rule, g->client);
        const struct rule_for *limit = &v->limit;
        const struct breach *last = &g->breaches[g->n - 1];
        int64_t of = limit->has_within ? 1 : count_of(&limit->of, v), window = INT64_MAX;
        if (!limit->occurrence) {
                int64_t length = literal_resolve(limit->has_within ? &limit->within : &limit->every, v)->value.i;
                if (__builtin_mul_overflow(length, of, &window))
                        return 0;
        }
        size_t n = 0;
        while (n < g->first_shown && (limit->occurrence ? g->breaches[n].sequence + (uint64_t) of <= last->sequence
                                                        : last->at - g->breaches[n].at > window))
                n++;
        return n;
}

static enum alert_state state_of(const struct evaluation *e, const struct group *g, const struct grading *grading) {
        instant last = g->breaches[g->n - 1].at, ended = INSTANT_UNKNOWN;
        if (e->options.now - last > grading->quiet)
                return ALERT_RESOLVED;
        if (!g->rule->ends_absent)
                return ALERT_OPEN;
        for (size_t i = g->n; i > 0 && last - g->breaches[i - 1].at <= grading->quiet; i--) {
                if (g->breaches[i - 1].ended_at == INSTANT_UNKNOWN)
                        return ALERT_OPEN;
                ended = MAX(ended, g->breaches[i - 1].ended_at);
        }
        return e->options.now - ended > ENDED_QUIET_DAYS * DAY ? ALERT_RESOLVED : ALERT_OPEN;
}

static const char *summary_of(const struct writer *w, const struct group *g, const struct grading *grading,
                              const struct rule_variant *v) {
        const struct rule_for *limit = &v->limit;
        const char *when = write_on(w, write_time(w, g->breaches[g->n - 1].at));
        if (grading->in_window <= 1)
                return say_once(w, when);
        if (limit->has_within)
                return say_times(w, grading->in_window, write_duration(w, &literal_resolve(&limit->within, v)->duration),
                                 when);
        int64_t of = count_of(&limit->of, v);
        if (limit->occurrence)
                return say_occurrences(w, grading->in_window, of, when);
        return say_windows(w, grading->in_window, of, write_duration(w, &literal_resolve(&limit->every, v)->duration), when);
}

/* --- alerts */

static int build_evidence(const struct writer *w, const struct group *g, struct alert *a) {
        struct evidence *items = arena_new0(w->arena, struct evidence, MIN(g->n, (size_t) EVIDENCE_MAX) + 1);
        if (!items)
                return -ENOMEM;
        for (size_t i = 0; i < g->n; i++) {
                const struct breach *b = &g->breaches[i];
                const struct shown_fact *s = b->shown;
                if (!s)
                        continue;
                struct evidence *x = &items[a->n_evidence++];
                *x = (struct evidence){.fact = fact_table[s->type].name,
                                       .at = b->at,
                                       .fact_at = b->opened_at,
                                       .ended_at = b->ended_at,
                                       .source = s->source,
                                       .message_id = s->message_id,
                                       .uid = s->uid,
                                       .subject = s->subject,
                                       .person = s->person,
                                       .observation = s->observation,
                                       .unread = b->unread,
                                       .detail = breach_detail(w, g->rule, b)};
                if (s->type == FACT_RULE)
                        x->fact = arena_printf(w->arena, "rule.%s", s->rule);
                if (!x->detail || !x->fact)
                        return -ENOMEM;
                id_text(b->id, x->breach);
        }
        a->evidence = items;
        return 0;
}

static int compare_names(const void *pa, const void *pb) {
        const struct breach *a = pa, *b = pb;
        if (a->id != b->id)
                return a->id < b->id ? -1 : 1;
        if (a->at != b->at)
                return a->at < b->at ? -1 : 1;
        return (a->opened_at > b->opened_at) - (a->opened_at < b->opened_at);
}

static void drop_breach(struct breach *b) {
        if (b->shown && --b->shown->references == 0)
                free(b->shown);
}

/* Those taken back vanish, the others stand in the order of their times. A deadline that moved passes twice for the rules that build on it: the
 * breach has the same name both times, and counts once, the second time. */
static void settle_group(struct group *g) {
        size_t n = 0, once = 0;
        for (size_t i = 0; i < g->n; i++)
                if (g->breaches[i].withdrawn)
                        drop_breach(&g->breaches[i]);
                else
                        g->breaches[n++] = g->breaches[i];
        if (n > 1)
                qsort(g->breaches, n, sizeof(*g->breaches), compare_names);
        for (size_t i = 0; i < n; i++)
                if (i + 1 < n && g->breaches[i + 1].id == g->breaches[i].id)
                        drop_breach(&g->breaches[i]);
                else
                        g->breaches[once++] = g->breaches[i];
        g->n = once;
        if (once > 1)
                qsort(g->breaches, once, sizeof(*g->breaches), compare_breaches);
}

/* Still open one `repeat_after` after its last breach, or two, or three: each time has an id of its own, so that it is told once. */
static void find_repeat(const struct evaluation *e, const struct group *g, const struct rule_variant *v, struct alert *a) {
        if (!g->rule->has_repeat || a->state != ALERT_OPEN)
                return;
        int64_t length = literal_resolve(&g->rule->repeat_after, v)->value.i;
        /* "Still no answer" needs all to be read as much as "no answer" did. */
        instant until = g->rule->ends_absent ? e->rules[g->rule->index].limit : e->options.now;
        uint64_t times = (uint64_t) (MAX(until - a->last_at, INT64_C(0)) / MAX(length, INT64_C(1)));
        if (times > 0)
                id_text(stable_id(g->rule, g->key, g->key_size, &g->breaches[g->n - 1].id, &times), a->repeat);
}

/* An open alert of a stronger rule for the same client takes the weaker ones in, unless it would be told less loudly than they are. */
static void fold_weaker(struct evaluation *e, const struct alert *stronger) {
        const struct rule *r = stronger->rule;
        for (size_t i = 0; stronger->state == ALERT_OPEN && i < e->n_alerts; i++) {
                struct alert *a = &e->alerts[i];
                for (size_t k = 0; k < r->n_inhibits; k++)
                        if (a->rule->index == r->inhibits[k] && a->client == stronger->client && a->state == ALERT_OPEN &&
                            a->mode <= stronger->mode && (!a->inhibited_by || r->index < a->inhibited_by->index))
                                a->inhibited_by = r;
        }
}

static int build_alert(struct evaluation *e, struct group *g) {
        const char *language = e->settings->owner.language;
        const struct writer w = {.arena = e->arena,
                                 .language = str_eq(language, "fr") ? FRENCH : ENGLISH,
                                 .zone = e->settings->owner.zone ? e->settings->owner.zone : zone_utc(),
                                 .now = e->options.now};
        const struct rule_variant *v = rule_variant_of(g->rule, g->client);
        struct grading grading = grade(g, v);
        struct alert *a = &e->alerts[e->n_alerts];
        *a = (struct alert){.rule = g->rule,
                            .client = g->client,
                            .severity = v->severity[grading.lasting],
                            .lasting = grading.lasting,
                            .state = state_of(e, g, &grading),
                            .mode = v->mode,
                            .first_at = g->forgotten > 0 ? g->first_at : g->breaches[0].at,
                            .last_at = g->breaches[g->n - 1].at,
                            .count = (uint32_t) MIN(g->n + g->forgotten, (size_t) UINT32_MAX),
                            .title = rule_title(g->rule, language),
                            .summary = summary_of(&w, g, &grading, v)};
        id_text(stable_id(g->rule, g->key, g->key_size, NULL, NULL), a->id);
        if (!a->summary)
                return -ENOMEM;
        find_repeat(e, g, v, a);
        int r = build_evidence(&w, g, a);
        if (r >= 0)
                e->n_alerts++;
        return r;
}

static int compare_alerts(const void *pa, const void *pb) {
        const struct alert *a = pa, *b = pb;
        if (a->first_at != b->first_at)
                return a->first_at < b->first_at ? -1 : 1;
        return strcmp(a->id, b->id);
}

/* A rule whose facts nobody tells says nothing, rather than to accuse everyone. */
static bool has_needs(const struct evaluation *e, const struct rule *r) {
        for (uint32_t i = 0; i < r->n_needs_rules; i++)
                if (!e->rules[r->needs_rules[i]].held)
                        return false;
        return (r->needs & ~e->seen) == 0;
}

int build_alerts(struct evaluation *e) {
        size_t n = 0;
        for (size_t i = 0; i < e->rs->n; i++)
                n += e->rules[i].groups.n;
        e->alerts = arena_new0(e->arena, struct alert, n + 1);
        if (!e->alerts)
                return -ENOMEM;
        for (size_t i = 0; i < e->rs->n; i++) {
                struct group_table *t = &e->rules[i].groups;
                if (!has_needs(e, &e->rs->rules[i]))
                        continue;
                for (size_t k = 0; t->buckets && k <= t->mask; k++)
                        for (struct group *g = t->buckets[k]; g; g = g->next) {
                                settle_group(g);
                                int r = g->n > 0 ? build_alert(e, g) : 0;
                                if (r < 0)
                                        return r;
                        }
        }
        qsort(e->alerts, e->n_alerts, sizeof(*e->alerts), compare_alerts);
        for (size_t i = 0; i < e->n_alerts; i++)
                if (e->alerts[i].rule->n_inhibits > 0)
                        fold_weaker(e, &e->alerts[i]);
        return 0;
}
