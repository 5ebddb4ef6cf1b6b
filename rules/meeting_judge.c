/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/meeting_internal.h"

/* A start that differs by less is the same start: programs round. */
#define MOVED_MIN 300
/* A series put at another time keeps its rhythm: what is further from the old time is another series. */
#define SERIES_MOVED_MAX (7 * DAY_SECONDS)
/* The owner's counter-proposal explains changes of this long. */
#define COUNTER_AGE_MAX (14 * DAY_SECONDS)
/* A "no" that comes so soon after the owner's invitation answers it; nothing that was agreed is called off. */
#define REFUSAL_MAX (2 * DAY_SECONDS)
/* A time changed by mistake is put right within this. */
#define MISTAKE_MAX 3600
/* Clients of one meeting, and answers to one meeting, that are looked at: beyond it is a public event or an attack. */
#define MEETING_CLIENTS_MAX 16U
#define MEETING_REPLIES_MAX 500U
/* Mails of one meeting that may be forged: more are an attack, and what a calendar tells of that meeting is doubted altogether. */
#define MEETING_DOUBTS_MAX 100U

enum change_kind { CHANGE_PROPOSE, CHANGE_PLAN, CHANGE_ACCEPT, CHANGE_CANCEL, CHANGE_DECLINE, CHANGE_WORDS, CHANGE_GONE };

/* Something that became known of a meeting or one occurrence. */
struct change {
        instant rid, at;
        enum change_kind kind;
        enum changed_by by;
        const struct version *v, *before;
        const struct words *words;
        const char *person;
        uint64_t digest;
};

/* The owner said no, or asked for another time, or took a "no" back. */
struct owner_no {
        instant rid, at;
        bool counter, yes;
};

struct outcome {
        instant rid, off_at; /* INSTANT_UNKNOWN: takes place */
};

struct judging {
        struct meetings *m;
        struct meeting *meeting;
        uint32_t position;
        const struct client *client;
        bool recurring;
        struct version **all; /* owned: PLAN and CANCEL, by occurrence and order */
        size_t n_all;
        struct version **masters; /* owned: those of the meeting itself that were in force, in order */
        size_t n_masters;
        struct version **replies; /* owned */
        size_t n_replies;
        struct version **gone; /* owned */
        size_t n_gone;
        struct version **doubted; /* owned: what nobody vouches for and nobody else tells too */
        size_t n_doubted;
        bool flooded;         /* there are too many of them to look at */
        struct owner_no *nos; /* owned */
        size_t n_nos, allocated_nos;
        struct change *changes; /* owned */
        size_t n_changes, allocated_changes;
        struct outcome *outcomes; /* owned: of occurrences with changes, by rid */
        size_t n_outcomes, allocated_outcomes;
};

static void judging_done(struct judging *j) {
        free(j->all);
        free(j->masters);
        free(j->replies);
        free(j->gone);
        free(j->doubted);
        free(j->nos);
        free(j->changes);
        free(j->outcomes);
}
#define _cleanup_judging_ _cleanup_(judging_done)

/* ---- the order of versions */

static instant version_stamp(const struct version *v) {
        if (v->dtstamp != INSTANT_UNKNOWN)
                return v->dtstamp;
        return v->last_modified != INSTANT_UNKNOWN ? v->last_modified : v->known;
}

#define COMPARE(x, y)                              \
        do {                                       \
                if ((x) != (y))                    \
                        return (x) < (y) ? -1 : 1; \
        } while (0)

/* A calendar program touches its copy after a CANCEL has come: that does not bring the meeting back. */
static int version_rank(const struct version *v) {
        return v->mail && v->kind == VERSION_CANCEL;
}

static int compare_versions(const void *a, const void *b) {
        const struct version *x = *(struct version *const *) a, *y = *(struct version *const *) b;
        COMPARE(x->rid, y->rid);
        COMPARE(x->sequence, y->sequence);
        COMPARE(version_rank(x), version_rank(y));
        COMPARE(version_stamp(x), version_stamp(y));
        COMPARE(x->known, y->known);
        COMPARE(x->kind, y->kind);
        COMPARE(x->digest, y->digest);
        return 0;
}

static int compare_known(const void *a, const void *b) {
        const struct version *x = *(struct version *const *) a, *y = *(struct version *const *) b;
        COMPARE(x->known, y->known);
        COMPARE(x->digest, y->digest);
        return 0;
}

static int compare_stamps(const void *a, const void *b) {
        const struct version *x = *(struct version *const *) a, *y = *(struct version *const *) b;
        COMPARE(x->rid, y->rid);
        COMPARE(x->dtstamp, y->dtstamp);
        COMPARE(x->seen, y->seen);
        COMPARE(x->digest, y->digest);
        return 0;
}

/* A calendar that changed an object but not its stamp: the stamp tells when it was made, so the change is known since
 * LAST-MODIFIED if that moved, else since it was seen. */
static void distrust_stale_stamps(struct judging *j) {
        qsort(j->all, j->n_all, sizeof(struct version *), compare_stamps);
        const struct version *first = NULL;
        for (size_t i = 0; i < j->n_all; i++) {
                struct version *v = j->all[i];
                if (v->mail || v->dtstamp == INSTANT_UNKNOWN)
                        continue;
                if (!first || first->rid != v->rid || first->dtstamp != v->dtstamp) {
                        first = v;
                        continue;
                }
                if (first->seen >= v->seen)
                        continue;
                bool modified = v->last_modified != INSTANT_UNKNOWN && v->last_modified <= v->seen &&
                                (first->last_modified == INSTANT_UNKNOWN || v->last_modified > first->last_modified);
                v->known = modified ? v->last_modified : v->seen;
        }
}

/* Some programs send a CANCEL without SEQUENCE. One written after every plan that was known belongs after them; an old
 * one delivered late does not. And some invite again after it without a higher SEQUENCE. `v` is in the order in which
 * things became known. */
static void raise_sequences(struct version **v, size_t n) {
        int32_t planned = INT32_MIN, cancelled = INT32_MIN;
        instant planned_stamp = INSTANT_UNKNOWN, cancelled_stamp = INSTANT_UNKNOWN;
        for (size_t i = 0; i < n; i++) {
                instant stamp = version_stamp(v[i]);
                if (version_rank(v[i])) {
                        if (v[i]->sequence < planned && stamp > planned_stamp)
                                v[i]->sequence = planned;
                        if (v[i]->sequence >= cancelled) {
                                cancelled_stamp = v[i]->sequence > cancelled ? stamp : MAX(cancelled_stamp, stamp);
                                cancelled = v[i]->sequence;
                        }
                } else if (v[i]->kind == VERSION_PLAN) {
                        if (v[i]->mail && v[i]->sequence == cancelled && cancelled < INT32_MAX && stamp > cancelled_stamp)
                                v[i]->sequence++;
                        planned = MAX(planned, v[i]->sequence);
                        planned_stamp = MAX(planned_stamp, stamp);
                }
        }
}

static int compare_rid_known(const void *a, const void *b) {
        const struct version *x = *(struct version *const *) a, *y = *(struct version *const *) b;
        COMPARE(x->rid, y->rid);
        return compare_known(a, b);
}

static void raise_all_sequences(struct judging *j) {
        for (size_t i = 0, end; i < j->n_all; i = end) {
                for (end = i; end < j->n_all && j->all[end]->rid == j->all[i]->rid; end++)
                        ;
                raise_sequences(j->all + i, end - i);
        }
}

/* Of versions in order, those that were ever in force: one that became known no sooner than a later one was outdated when
 * it came (a resent copy, a mail that was held up). In place; what is left has rising times. */
static size_t in_force(struct version **v, size_t n, instant now) {
        instant soonest = INSTANT_MAX;
        size_t to = n;
        for (size_t i = n; i > 0; i--)
                if (v[i - 1]->known < soonest && v[i - 1]->known <= now) {
                        soonest = v[i - 1]->known;
                        v[--to] = v[i - 1];
                }
        memmove(v, v + to, (n - to) * sizeof(*v));
        return n - to;
}

/* ---- occurrences */

static const instant *occurrences_of(const struct version *v, uint32_t *ret_n) {
        if (v->n_occurrences > 0) {
                *ret_n = v->n_occurrences;
                return v->occurrences;
        }
        *ret_n = v->start != INSTANT_UNKNOWN;
        return &v->start;
}

/* Position of the first occurrence at or after. */
static uint32_t occurrence_from(const instant *o, uint32_t n, instant at) {
        uint32_t low = 0, high = n;
        while (low < high) {
                uint32_t mid = low + (high - low) / 2;
                if (o[mid] < at)
                        low = mid + 1;
                else
                        high = mid;
        }
        return low;
}

static bool exdate_is(const struct version *v, instant at, bool day) {
        size_t low = 0, high = v->n_exdates;
        while (low < high) {
                size_t mid = low + (high - low) / 2;
                if (v->exdates[mid].at < at)
                        low = mid + 1;
                else
                        high = mid;
        }
        for (; low < v->n_exdates && v->exdates[low].at == at; low++)
                if (!day || v->exdates[low].day)
                        return true;
        return false;
}

static instant midnight(const struct judging *j, instant at) {
        const struct zone *zone = j->m->settings->owner.zone;
        struct civil c = zone_civil(zone, at);
        c.hour = c.minute = c.second = 0;
        return zone_instant(zone, &c);
}

static bool excluded(const struct judging *j, const struct version *v, instant o) {
        return v->n_exdates > 0 && (exdate_is(v, o, false) || exdate_is(v, midnight(j, o), true));
}

static bool occurs(const struct judging *j, const struct version *v, instant o) {
        uint32_t n;
        const instant *all = occurrences_of(v, &n);
        uint32_t i = occurrence_from(all, n, o);
        return i < n && all[i] == o && !excluded(j, v, o);
}

/* The occurrence on the local day that begins then; INSTANT_UNKNOWN. */
static instant occurrence_on_day(const struct judging *j, const struct version *v, instant day) {
        uint32_t n;
        const instant *all = occurrences_of(v, &n);
        uint32_t i = occurrence_from(all, n, day);
        return i < n && midnight(j, all[i]) == day ? all[i] : INSTANT_UNKNOWN;
}

static const struct outcome *outcome_of(const struct judging *j, instant rid) {
        size_t low = 0, high = j->n_outcomes;
        while (low < high) {
                size_t mid = low + (high - low) / 2;
                if (j->outcomes[mid].rid < rid)
                        low = mid + 1;
                else
                        high = mid;
        }
        return low < j->n_outcomes && j->outcomes[low].rid == rid ? &j->outcomes[low] : NULL;
}

/* The next occurrence that was still to be, as known then. */
static instant next_occurrence(const struct judging *j, const struct version *v, instant at) {
        uint32_t n;
        const instant *all = occurrences_of(v, &n);
        for (uint32_t i = occurrence_from(all, n, at); i < n; i++) {
                const struct outcome *o = outcome_of(j, all[i]);
                if (!excluded(j, v, all[i]) && !(o && o->off_at != INSTANT_UNKNOWN && o->off_at <= at))
                        return all[i];
        }
        return INSTANT_UNKNOWN;
}

/* ---- people */

static const struct participant *member(const struct version *v, const struct client *client) {
        for (uint32_t i = 0; v && i < v->n_participants; i++)
                if (v->participants[i].person.client == client)
                        return &v->participants[i];
        return NULL;
}

static uint32_t members(const struct version *v, const struct client *client) {
        uint32_t n = 0;
        for (uint32_t i = 0; v && i < v->n_participants; i++)
                n += v->participants[i].person.client == client;
        return n;
}

static enum changed_by organizer_side(const struct judging *j, const struct version *v) {
        if (v->organizer.side == SIDE_OWNER)
                return BY_OWNER;
        return v->organizer.side == SIDE_CLIENT && v->organizer.client == j->client ? BY_CLIENT : BY_UNKNOWN;
}

/* Taken off the list of participants is not called off: such a CANCEL names fewer people and does not say that the
 * meeting is cancelled. */
static bool only_removes(const struct version *v, const struct version *before) {
        return v->kind == VERSION_CANCEL && v->mail && !v->status_cancelled && before && v->n_attendees > 0 &&
               v->n_attendees < before->n_attendees;
}

static bool same_occurrence(instant a, instant b) {
        return a == INSTANT_UNKNOWN || b == INSTANT_UNKNOWN || a == b;
}

/* Do both say the same of the same occurrence? */
static bool tells_same(const struct version *a, const struct version *b) {
        return a->kind == b->kind && same_occurrence(a->rid, b->rid) &&
               (a->kind == VERSION_CANCEL || llabs((long long) (a->start - b->start)) < MOVED_MIN);
}

/* Calendar programs do what a mail says, forged or not. */
static bool follows_doubted(const struct judging *j, const struct version *v) {
        for (size_t i = 0; i < j->n_doubted; i++)
                if (tells_same(j->doubted[i], v) && j->doubted[i]->known <= v->seen)
                        return true;
        return j->flooded;
}

static bool declined_in_doubt(const struct judging *j, const struct participant *p, const struct version *v) {
        for (size_t i = 0; i < j->n_doubted; i++) {
                const struct version *d = j->doubted[i];
                for (uint32_t k = 0; d->kind == VERSION_REPLY && d->known <= v->seen && k < d->n_participants; k++)
                        if (d->participants[k].hash == p->hash && d->participants[k].status == PARTICIPATION_DECLINED)
                                return true;
        }
        return j->flooded;
}

/* Who made this of what was before (may be NULL)? */
static enum changed_by changed_by(const struct judging *j, const struct version *v, const struct version *before) {
        const struct version *organized = v->organizer_email || !before ? v : before;
        enum changed_by side = organizer_side(j, organized);
        if (only_removes(v, before) || v->doubted || (!v->mail && side == BY_CLIENT && follows_doubted(j, v)))
                return BY_UNKNOWN;
        if (v->mail) {
                /* Sent by the owner's hand in the organizer's name: the owner looks after that calendar. */
                if (v->author.side == SIDE_OWNER && v->author_is_organizer)
                        return BY_OWNER;
                bool theirs = v->author_is_organizer ||
                              (side == BY_OWNER ? v->author.side == SIDE_OWNER : v->author.client == j->client);
                return side != BY_UNKNOWN && theirs ? side : BY_UNKNOWN;
        }
        if (side != BY_CLIENT)
                return side;
        return v->kind == VERSION_CANCEL || !before || v->sequence > before->sequence ? BY_CLIENT : BY_UNKNOWN;
}

/* Did the owner's "no" still stand then? */
static bool no_stands(const struct judging *j, const struct owner_no *no, instant at) {
        if (no->yes || no->at > at)
                return false;
        if (no->counter)
                return at - no->at <= COUNTER_AGE_MAX;
        for (size_t i = 0; i < j->n_nos; i++)
                if (j->nos[i].yes && j->nos[i].at > no->at && j->nos[i].at <= at && same_occurrence(j->nos[i].rid, no->rid))
                        return false;
        return true;
}

/* What the owner began is never held against the client. */
static bool owner_began(const struct judging *j, instant rid, instant at, instant start) {
        for (size_t i = 0; i < j->n_nos; i++) {
                const struct owner_no *no = &j->nos[i];
                if (same_occurrence(no->rid, rid) && no_stands(j, no, at))
                        return true;
        }
        struct words **words;
        size_t n = words_of(j->m, j->client, true, &words);
        for (size_t i = 0; i < n; i++) {
                const struct words *w = words[i];
                if (!w->placed && w->at <= at && w->at >= at - WORDS_OWNER_BEFORE && start >= w->at - WORDS_AFTER_START &&
                    start <= w->at + WORDS_FAR)
                        return true;
        }
        return false;
}

static bool owner_declined(const struct judging *j, instant rid) {
        for (size_t i = 0; i < j->n_nos; i++)
                if (!j->nos[i].counter && (j->nos[i].rid == INSTANT_UNKNOWN || j->nos[i].rid == rid) &&
                    no_stands(j, &j->nos[i], j->m->now))
                        return true;
        return false;
}

/* ---- the walk along one meeting or occurrence */

#define NO_FACT SIZE_MAX

struct walk {
        struct judging *j;
        instant rid;                 /* INSTANT_UNKNOWN: a single meeting */
        bool planned, off, accepted; /* accepted: by the client, at that time */
        instant start, end, planned_at, from, off_at;
        const struct version *current, *before_move;
        const struct words *proposed; /* the client asked for another time */
        size_t pending, moved;        /* facts that may still change */
};

static int add_fact(struct judging *j, const struct meeting_fact *fact, size_t *ret) {
        struct meetings *m = j->m;
        int r = grow(&m->facts, &m->allocated_facts, m->n_facts, sizeof(*m->facts));
        if (r < 0)
                return r;
        m->facts[m->n_facts] = *fact;
        *ret = m->n_facts++;
        return 0;
}

/* Keep a slot only where some words of or to that client could mean it. */
static int add_slot(struct judging *j, instant rid, const char *summary, instant start, instant from, instant to) {
        struct meetings *m = j->m;
        if (!m->looking || from >= to)
                return 0;
        for (int owner = 0; owner < 2; owner++) {
                struct words **words;
                size_t n = words_of(m, j->client, owner, &words), low = 0, high = n;
                while (low < high) {
                        size_t mid = low + (high - low) / 2;
                        if (words[mid]->at < start - WORDS_FAR)
                                low = mid + 1;
                        else
                                high = mid;
                }
                if (low == n || words[low]->at > start + WORDS_AFTER_START)
                        continue;
                struct slot_list *l = &m->slots[j->client->index];
                int r = grow(&l->items, &l->allocated, l->n, sizeof(*l->items));
                if (r < 0)
                        return r;
                l->items[l->n++] = (struct slot_known){
                        .start = start, .from = from, .to = to, .meeting = j->position, .rid = rid, .summary = summary};
                return 0;
        }
        return 0;
}

static int close_slot(struct walk *k, instant to) {
        return k->planned && !k->off ? add_slot(k->j, k->rid, k->current->summary, k->start, k->from, to) : 0;
}

static struct meeting_fact fact_of(const struct judging *j, enum fact_type type, instant rid, const struct version *current,
                                   const struct version *evidence, instant at) {
        const struct participant *person = member(current, j->client);
        return (struct meeting_fact){
                .at = at,
                .type = type,
                .told_by = evidence->mail ? TOLD_INVITATION : TOLD_CALENDAR,
                .recurring = j->recurring || rid != INSTANT_UNKNOWN,
                .client = j->client,
                .meeting = j->meeting,
                .occurrence = rid,
                .new_start = INSTANT_UNKNOWN,
                .planned_at = INSTANT_UNKNOWN,
                .attendees = members(current, j->client),
                .person = person ? person->email : NULL,
                .source = evidence->source,
                .message_id = evidence->message_id,
                .summary = current->summary ? current->summary : evidence->summary,
                .observation = evidence->observation,
        };
}

static struct meeting_fact walk_fact(const struct walk *k, enum fact_type type, const struct version *evidence, instant at) {
        struct meeting_fact f = fact_of(k->j, type, k->rid, k->current, evidence, at);
        f.start = k->start;
        f.end = k->end;
        f.planned_at = k->planned_at <= at ? k->planned_at : INSTANT_UNKNOWN;
        return f;
}

/* When could the owner first know of a meeting that is seen for the first time? By mail, when it came; in a calendar,
 * since it was made there. */
static instant first_planned(const struct version *v) {
        return !v->mail && v->created != INSTANT_UNKNOWN ? MIN(v->known, v->created) : v->known;
}

/* A meeting first heard of by its cancellation: it was planned when the object was made, or first stamped. */
#define STAMPED_BEFORE 300
static instant planned_before_cancel(const struct version *v) {
        if (v->created != INSTANT_UNKNOWN && v->created <= v->known)
                return v->created;
        /* The stamp of a CANCEL by mail is that of the CANCEL. */
        return !v->mail && v->dtstamp != INSTANT_UNKNOWN && v->dtstamp + STAMPED_BEFORE < v->known ? v->dtstamp
                                                                                                   : INSTANT_UNKNOWN;
}

static bool shows_acceptance(const struct walk *k, const struct version *v) {
        for (uint32_t i = 0; i < v->n_participants; i++) {
                const struct participant *p = &v->participants[i];
                if (p->person.client == k->j->client &&
                    (p->status == PARTICIPATION_ACCEPTED || p->status == PARTICIPATION_TENTATIVE))
                        return true;
        }
        return false;
}

static void put_plan(struct walk *k, const struct version *v, instant planned_at, instant from) {
        k->start = v->start;
        k->end = v->end;
        k->current = v;
        k->planned_at = planned_at;
        k->from = from;
        k->planned = true;
        k->off = false;
        k->accepted = v->kind == VERSION_PLAN && shows_acceptance(k, v);
}

static int first_plan(struct walk *k, const struct change *c) {
        put_plan(k, c->v, first_planned(c->v), first_planned(c->v));
        if (!member(c->v, k->j->client))
                return 0;
        size_t i;
        struct meeting_fact f = walk_fact(k, FACT_MEETING_PLANNED, c->v, k->planned_at);
        return add_fact(k->j, &f, &i);
}

static void set_by(const struct judging *j, struct meeting_fact *f, enum changed_by by) {
        f->by = by != BY_OWNER && owner_began(j, f->occurrence, f->at, f->start) ? BY_OWNER : by;
}

/* What the client asked for before it did so was known since then, and its words are the evidence. */
static void date_from_proposal(const struct walk *k, struct meeting_fact *f) {
        const struct words *w = k->proposed;
        if (!w || f->by != BY_CLIENT || w->at >= f->at || f->at - w->at > COUNTER_AGE_MAX ||
            (f->planned_at != INSTANT_UNKNOWN && w->at < f->planned_at))
                return;
        f->at = w->at;
        f->told_by = TOLD_WORDS;
        f->person = w->person;
        f->source = w->source;
        f->message_id = w->message_id;
        f->observation = w->observation;
        set_by(k->j, f, BY_CLIENT);
}

static void walk_set_by(const struct walk *k, struct meeting_fact *f, enum changed_by by) {
        /* An option that is let go was never agreed. */
        if (by == BY_CLIENT && k->current && k->current->tentative)
                by = BY_UNKNOWN;
        set_by(k->j, f, by);
        date_from_proposal(k, f);
}

/* Called off, then on again: at another time it was moved; at the same time nothing happened, where that is sure. */
static void plan_again(struct walk *k, const struct change *c, bool moved) {
        struct meeting_fact *f = &k->j->m->facts[k->pending];
        if (moved) {
                f->type = FACT_MEETING_MOVED;
                f->new_start = c->v->start;
                if (f->by == BY_UNKNOWN)
                        walk_set_by(k, f, changed_by(k->j, c->v, c->before));
                k->moved = k->pending;
                k->before_move = c->before;
        } else {
                if (f->type == FACT_MEETING_DECLINED || (f->told_by == TOLD_WORDS && !c->v->mail))
                        return;
                f->type = _FACT_TYPE_MAX;
        }
        k->pending = NO_FACT;
        put_plan(k, c->v, moved ? c->at : k->planned_at, c->at);
}

/* Put back where it was, at once: nothing happened. */
static bool undo_move(struct walk *k, const struct change *c) {
        struct meeting_fact *f = k->moved != NO_FACT ? &k->j->m->facts[k->moved] : NULL;
        if (!f || f->type != FACT_MEETING_MOVED || llabs((long long) (c->v->start - f->start)) >= MOVED_MIN ||
            c->at - k->from > MISTAKE_MAX)
                return false;
        f->type = _FACT_TYPE_MAX;
        k->moved = NO_FACT;
        put_plan(k, c->v, f->planned_at, c->at);
        return true;
}

static int move_plan(struct walk *k, const struct change *c) {
        struct judging *j = k->j;
        int r = close_slot(k, c->at);
        if (r < 0 || undo_move(k, c))
                return r;
        k->moved = NO_FACT;
        /* Told after its end it is a calendar put in order. */
        if (c->at <= k->end && member(k->current, j->client) && member(c->v, j->client)) {
                struct meeting_fact f = walk_fact(k, FACT_MEETING_MOVED, c->v, c->at);
                f.changed = true;
                f.new_start = c->v->start;
                walk_set_by(k, &f, changed_by(j, c->v, c->before ? c->before : k->current));
                r = add_fact(j, &f, &k->moved);
                k->before_move = c->before ? c->before : k->current;
        }
        put_plan(k, c->v, c->at, c->at);
        return r;
}

static int walk_plan(struct walk *k, const struct change *c) {
        if (c->v->start == INSTANT_UNKNOWN)
                return 0;
        if (!k->planned)
                return first_plan(k, c);
        bool moved = llabs((long long) (c->v->start - k->start)) >= MOVED_MIN;
        if (k->pending != NO_FACT) {
                plan_again(k, c, moved);
                return 0;
        }
        if (moved)
                return move_plan(k, c);
        /* Another source tells the same move and may know better who made it. */
        if (k->moved != NO_FACT && k->j->m->facts[k->moved].by == BY_UNKNOWN)
                walk_set_by(k, &k->j->m->facts[k->moved], changed_by(k->j, c->v, k->before_move));
        k->end = c->v->end;
        k->current = c->v;
        k->accepted = k->accepted || shows_acceptance(k, c->v);
        return 0;
}

static bool plan_from_change(struct walk *k, const struct change *c) {
        if (c->kind != CHANGE_CANCEL && c->kind != CHANGE_DECLINE)
                return false;
        instant start = c->v->start != INSTANT_UNKNOWN ? c->v->start : k->rid;
        if (start == INSTANT_UNKNOWN)
                return false;
        put_plan(k, c->v, c->kind == CHANGE_CANCEL ? planned_before_cancel(c->v) : INSTANT_UNKNOWN, c->at);
        k->start = start;
        k->end = MAX(c->v->end, start);
        return true;
}

static struct meeting_fact off_fact(const struct walk *k, const struct change *c) {
        struct meeting_fact f = walk_fact(k, c->kind == CHANGE_DECLINE ? FACT_MEETING_DECLINED : FACT_MEETING_CANCELLED,
                                          c->v ? c->v : k->current, c->at);
        f.changed = true;
        if (c->person)
                f.person = c->person;
        if (c->words) {
                f.told_by = TOLD_WORDS;
                f.source = c->words->source;
                f.message_id = c->words->message_id;
                f.observation = c->words->observation;
        }
        return f;
}

/* The answer to an invitation of the owner that nobody had accepted. */
static bool refuses(const struct walk *k, const struct change *c) {
        return c->kind == CHANGE_DECLINE && !k->accepted && k->planned_at != INSTANT_UNKNOWN &&
               c->at - k->planned_at <= REFUSAL_MAX && organizer_side(k->j, k->current) == BY_OWNER;
}

static int walk_off(struct walk *k, const struct change *c) {
        struct judging *j = k->j;
        if (!k->planned && !plan_from_change(k, c))
                return 0;
        if (c->at > k->end)
                return 0;
        enum changed_by by =
                c->kind == CHANGE_CANCEL && !c->by ? changed_by(j, c->v, c->before ? c->before : k->current) : c->by;
        if (refuses(k, c))
                by = BY_OWNER;
        if (k->pending != NO_FACT) {
                /* The same told again: the first time counts, and the most certain author. */
                struct meeting_fact *f = &j->m->facts[k->pending];
                if (f->by == BY_UNKNOWN && by != BY_UNKNOWN)
                        walk_set_by(k, f, by);
                return 0;
        }
        if (k->off)
                return 0;
        int r = close_slot(k, c->at);
        if (r < 0)
                return r;
        k->off = true;
        k->off_at = c->at;
        if (!member(k->current, j->client))
                return 0;
        struct meeting_fact f = off_fact(k, c);
        walk_set_by(k, &f, by);
        return add_fact(j, &f, &k->pending);
}

static void walk_accept(struct walk *k) {
        k->accepted = true;
        if (k->pending == NO_FACT || k->j->m->facts[k->pending].type != FACT_MEETING_DECLINED)
                return;
        k->j->m->facts[k->pending].type = _FACT_TYPE_MAX;
        k->pending = NO_FACT;
        k->off = false;
}

static int walk_change(struct walk *k, const struct change *c) {
        switch (c->kind) {
        case CHANGE_PLAN:
                return walk_plan(k, c);
        case CHANGE_ACCEPT:
                walk_accept(k);
                return 0;
        case CHANGE_PROPOSE:
                if ((!k->proposed || k->proposed->at < k->planned_at) && k->planned && !k->off)
                        k->proposed = c->words;
                return 0;
        default:
                return walk_off(k, c);
        }
}

static int add_held(struct judging *j, instant rid, const struct version *current, instant start, instant end,
                    instant planned_at) {
        if (end > j->m->now || j->m->looking || owner_declined(j, rid) || !member(current, j->client))
                return 0;
        struct meeting_fact f = fact_of(j, FACT_MEETING_HELD, rid, current, current, end);
        f.start = start;
        f.end = end;
        f.planned_at = planned_at;
        size_t i;
        return add_fact(j, &f, &i);
}

static int walk_end(struct walk *k) {
        int r = close_slot(k, INSTANT_MAX);
        if (r < 0 || !k->planned || k->off)
                return r;
        return add_held(k->j, k->rid, k->current, k->start, k->end, k->planned_at);
}

/* ---- gathering changes */

static int compare_changes(const void *a, const void *b) {
        const struct change *x = a, *y = b;
        COMPARE(x->rid, y->rid);
        COMPARE(x->at, y->at);
        COMPARE(x->kind, y->kind);
        COMPARE(x->digest, y->digest);
        return 0;
}

static int add_change(struct judging *j, const struct change *c) {
        int r = grow(&j->changes, &j->allocated_changes, j->n_changes, sizeof(*j->changes));
        if (r < 0)
                return r;
        j->changes[j->n_changes++] = *c;
        return 0;
}

/* Did everybody of the client decline in this version? Whoever organizes still comes. */
static const struct participant *all_declined(const struct judging *j, const struct version *v) {
        const struct participant *first = NULL;
        for (uint32_t i = 0; i < v->n_participants; i++) {
                const struct participant *p = &v->participants[i];
                if (p->person.client != j->client)
                        continue;
                if (p->status != PARTICIPATION_DECLINED)
                        return NULL;
                first = first ? first : p;
        }
        return first;
}

/* The versions in force of one thing become changes. */
static int add_versions(struct judging *j, instant rid, struct version **v, size_t n) {
        bool declined = false;
        for (size_t i = 0; i < n; i++) {
                struct change c = {.rid = rid,
                                   .at = v[i]->known,
                                   .v = v[i],
                                   .before = i > 0 ? v[i - 1] : NULL,
                                   .digest = v[i]->digest,
                                   .kind = v[i]->kind == VERSION_PLAN ? CHANGE_PLAN : CHANGE_CANCEL};
                int r = add_change(j, &c);
                if (r < 0)
                        return r;
                const struct participant *p = v[i]->kind == VERSION_PLAN && !v[i]->mail ? all_declined(j, v[i]) : NULL;
                if (!p && !declined)
                        continue;
                if (!p && v[i]->mail)
                        continue;
                declined = p;
                c.kind = p ? CHANGE_DECLINE : CHANGE_ACCEPT;
                c.by = p && declined_in_doubt(j, p, v[i]) ? BY_UNKNOWN : BY_CLIENT;
                c.person = p ? p->email : NULL;
                r = add_change(j, &c);
                if (r < 0)
                        return r;
        }
        return 0;
}

static const struct version *in_force_at(struct version *const *v, size_t n, instant at) {
        const struct version *found = NULL;
        for (size_t i = 0; i < n && v[i]->known <= at; i++)
                if (v[i]->kind == VERSION_PLAN)
                        found = v[i];
        return found;
}

/* The answer of one person as it stood when reply number `last` came. */
static enum participation_status status_at(const struct judging *j, const struct version *plan, const struct participant *p,
                                           size_t last, instant rid) {
        for (size_t i = last + 1; i > 0; i--) {
                const struct version *reply = j->replies[i - 1];
                if (reply->known < plan->known)
                        break;
                if (reply->rid != INSTANT_UNKNOWN && reply->rid != rid)
                        continue;
                for (uint32_t k = 0; k < reply->n_participants && !reply->doubted; k++)
                        if (reply->participants[k].hash == p->hash && !(reply->participants[k].organizer && !p->organizer) &&
                            reply->participants[k].status != PARTICIPATION_NONE && !reply->participants[k].organizer)
                                return reply->participants[k].status;
        }
        return p->status;
}

static bool others_come(const struct judging *j, const struct version *plan, const struct participant *who, size_t last,
                        instant rid) {
        for (uint32_t i = 0; plan && i < plan->n_participants; i++) {
                const struct participant *p = &plan->participants[i];
                if (p->person.client == j->client && p->hash != who->hash &&
                    status_at(j, plan, p, last, rid) != PARTICIPATION_DECLINED)
                        return true;
        }
        return false;
}

/* An answer of somebody of the client: a decline counts when nobody else of them is left to come, an acceptance takes it
 * back. */
static int add_reply(struct judging *j, size_t i) {
        const struct version *reply = j->replies[i];
        const struct version *plan = in_force_at(j->masters, j->n_masters, reply->known);
        for (uint32_t k = 0; k < reply->n_participants; k++) {
                const struct participant *p = &reply->participants[k];
                if (p->person.client != j->client || p->organizer || reply->author.client != j->client)
                        continue;
                struct change c = {.rid = reply->rid,
                                   .at = reply->known,
                                   .v = reply,
                                   .by = BY_CLIENT,
                                   .person = p->email,
                                   .digest = reply->digest};
                if (p->status == PARTICIPATION_DECLINED && !reply->doubted && !others_come(j, plan, p, i, reply->rid))
                        c.kind = CHANGE_DECLINE;
                else if (p->status == PARTICIPATION_ACCEPTED || p->status == PARTICIPATION_TENTATIVE)
                        c.kind = CHANGE_ACCEPT;
                else
                        continue;
                return add_change(j, &c);
        }
        return 0;
}

/* A calendar that was moved or given up is not looked at any more: it cannot tell that something is gone. */
static bool is_looked_at(const struct judging *j, const char *source) {
        const struct settings *s = j->m->settings;
        for (size_t i = 0; i < s->n_sources; i++)
                if (str_eq(s->sources[i].name, source))
                        return true;
        return s->n_sources == 0;
}

/* Is it still in some calendar, or did it come back? */
static bool still_there(const struct judging *j, const struct version *gone) {
        for (size_t i = 0; i < j->n_all; i++) {
                const struct version *v = j->all[i];
                if (v->mail || v->rid != gone->rid || (v->source != gone->source && !is_looked_at(j, v->source)))
                        continue;
                if (v->source == gone->source ? v->seen >= gone->seen : v->kind == VERSION_PLAN) {
                        bool gone_there_too = false;
                        for (size_t k = 0; k < j->n_gone && !gone_there_too; k++)
                                gone_there_too = j->gone[k]->source == v->source && j->gone[k]->seen > v->seen &&
                                                 v->source != gone->source;
                        if (!gone_there_too)
                                return true;
                }
        }
        return false;
}

/* Beyond this many, a thing that comes and goes is not told apart; the loop above stays short. */
#define GONE_MAX 32U

static int add_gone(struct judging *j) {
        for (size_t i = 0; i < MIN(j->n_gone, GONE_MAX); i++) {
                const struct version *gone = j->gone[i];
                if (still_there(j, gone))
                        continue;
                struct change c = {
                        .rid = gone->rid, .at = gone->known, .kind = CHANGE_GONE, .v = gone, .digest = gone->digest};
                int r = add_change(j, &c);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_words_changes(struct judging *j) {
        for (const struct words *w = j->meeting->words; w; w = w->next) {
                if (w->client != j->client || w->from_owner)
                        continue;
                struct change c = {.rid = w->rid,
                                   .at = w->at,
                                   .kind = w->proposal ? CHANGE_PROPOSE : CHANGE_WORDS,
                                   .by = BY_CLIENT,
                                   .words = w,
                                   .person = w->person,
                                   .digest = w->digest};
                int r = add_change(j, &c);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Occurrences that one version leaves out and the one before did not. */
static int add_exdates(struct judging *j) {
        for (size_t i = 1; i < j->n_masters; i++) {
                const struct version *before = j->masters[i - 1], *v = j->masters[i];
                if (before->kind != VERSION_PLAN || v->kind != VERSION_PLAN)
                        continue;
                for (uint32_t k = 0; k < v->n_exdates; k++) {
                        instant o = v->exdates[k].day ? occurrence_on_day(j, before, v->exdates[k].at) : v->exdates[k].at;
                        if (o == INSTANT_UNKNOWN || !occurs(j, before, o))
                                continue;
                        enum changed_by by = changed_by(j, v, before);
                        struct change c = {.rid = o,
                                           .at = v->known,
                                           .kind = by == BY_UNKNOWN ? CHANGE_GONE : CHANGE_CANCEL,
                                           .by = by,
                                           .v = v,
                                           .before = before,
                                           .digest = v->digest};
                        int r = add_change(j, &c);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

static int add_overrides(struct judging *j) {
        for (size_t i = 0; i < j->n_all;) {
                size_t end = i;
                instant rid = j->all[i]->rid;
                while (end < j->n_all && j->all[end]->rid == rid)
                        end++;
                if (rid != INSTANT_UNKNOWN) {
                        struct version **copy = malloc((end - i) * sizeof(struct version *));
                        if (!copy)
                                return -ENOMEM;
                        memcpy(copy, j->all + i, (end - i) * sizeof(struct version *));
                        int r = add_versions(j, rid, copy, in_force(copy, end - i, j->m->now));
                        free(copy);
                        if (r < 0)
                                return r;
                }
                i = end;
        }
        return 0;
}

static int gather(struct judging *j) {
        j->n_changes = 0;
        int r = add_versions(j, INSTANT_UNKNOWN, j->masters, j->n_masters);
        if (r >= 0)
                r = add_overrides(j);
        if (r >= 0 && j->recurring)
                r = add_exdates(j);
        for (size_t i = 0; i < MIN(j->n_replies, MEETING_REPLIES_MAX) && r >= 0; i++)
                r = add_reply(j, i);
        if (r >= 0)
                r = add_gone(j);
        if (r >= 0)
                r = add_words_changes(j);
        if (r >= 0 && j->n_changes > 1)
                qsort(j->changes, j->n_changes, sizeof(*j->changes), compare_changes);
        return r;
}

/* ---- one occurrence of a series */

static const struct version *first_with(const struct judging *j, instant o) {
        for (size_t i = 0; i < j->n_masters; i++)
                if (j->masters[i]->kind == VERSION_PLAN && occurs(j, j->masters[i], o))
                        return j->masters[i];
        return NULL;
}

static instant planned_of(const struct judging *j, const struct version *v) {
        return j->n_masters > 0 && v == j->masters[0] ? first_planned(v) : v->known;
}

/* Was it known the day before that the series leaves this occurrence out? A mail that says so again calls nothing off. A version that came
 * with the mail may be the same news. */
static bool taken_out_before(const struct judging *j, instant rid, instant at) {
        for (size_t i = 0; i < j->n_masters; i++)
                if (j->masters[i]->kind == VERSION_PLAN && j->masters[i]->known < at - DAY_SECONDS &&
                    excluded(j, j->masters[i], rid))
                        return true;
        return false;
}

static int judge_occurrence(struct judging *j, const struct change *changes, size_t n) {
        /* What was only asked for is no history of its own. */
        size_t asked = 0;
        while (asked < n && changes[asked].kind == CHANGE_PROPOSE)
                asked++;
        if (asked == n)
                return 0;
        struct walk k = {.j = j, .rid = changes[0].rid, .pending = NO_FACT, .moved = NO_FACT, .off_at = INSTANT_UNKNOWN};
        const struct version *base = first_with(j, k.rid);
        if (!base && changes[asked].kind == CHANGE_CANCEL && taken_out_before(j, k.rid, changes[asked].at))
                return 0;
        if (base) {
                put_plan(&k, base, planned_of(j, base), planned_of(j, base));
                k.start = k.rid;
                k.end = k.rid + (base->end - base->start);
        }
        int r = 0;
        for (size_t i = 0; i < n && r >= 0; i++)
                /* A changed occurrence taken out of a calendar falls back on the series. */
                if (!(base && changes[i].kind == CHANGE_GONE && changes[i].v->kind == VERSION_GONE))
                        r = walk_change(&k, &changes[i]);
        if (r >= 0)
                r = walk_end(&k);
        if (r >= 0)
                r = grow(&j->outcomes, &j->allocated_outcomes, j->n_outcomes, sizeof(*j->outcomes));
        if (r >= 0)
                j->outcomes[j->n_outcomes++] = (struct outcome){.rid = k.rid, .off_at = k.off ? k.off_at : INSTANT_UNKNOWN};
        return r;
}

/* ---- the series itself */

struct series_walk {
        struct judging *j;
        const struct version *current;
        instant planned_at, off_at;
        size_t pending;
};

static instant nearest_occurrence(const struct judging *j, const struct version *v, instant o, instant from) {
        uint32_t n;
        const instant *all = occurrences_of(v, &n);
        instant best = INSTANT_UNKNOWN;
        for (uint32_t i = occurrence_from(all, n, MAX(from, o - SERIES_MOVED_MAX)); i < n && all[i] <= o + SERIES_MOVED_MAX;
             i++)
                if (!excluded(j, v, all[i]) &&
                    (best == INSTANT_UNKNOWN || llabs((long long) (all[i] - o)) < llabs((long long) (best - o))))
                        best = all[i];
        return best;
}

static int series_fact(struct series_walk *k, enum fact_type type, const struct change *c, instant start, instant new_start,
                       enum changed_by by, size_t *ret) {
        struct judging *j = k->j;
        const struct version *current = k->current ? k->current : c->v;
        if (!member(current, j->client))
                return 0;
        struct meeting_fact f = fact_of(j, type, INSTANT_UNKNOWN, current, c->v, c->at);
        f.series = f.changed = true;
        f.recurring = true;
        f.start = start;
        f.end = start + (current->end - current->start);
        f.new_start = new_start;
        f.planned_at = k->planned_at != INSTANT_UNKNOWN && k->planned_at <= c->at ? k->planned_at : INSTANT_UNKNOWN;
        if (c->person)
                f.person = c->person;
        set_by(j, &f, by);
        return add_fact(j, &f, ret);
}

static int series_plan(struct series_walk *k, const struct change *c) {
        struct judging *j = k->j;
        const struct version *v = c->v, *current = k->current;
        size_t fact = NO_FACT;
        k->current = v;
        if (!current) {
                k->planned_at = first_planned(v);
                if (!member(v, j->client))
                        return 0;
                instant next = next_occurrence(j, v, k->planned_at);
                struct meeting_fact f = fact_of(j, FACT_MEETING_PLANNED, INSTANT_UNKNOWN, v, v, k->planned_at);
                f.start = next != INSTANT_UNKNOWN ? next : v->start;
                f.end = f.start + (v->end - v->start);
                f.planned_at = k->planned_at;
                return add_fact(j, &f, &fact);
        }
        /* The instances were not computed: nothing can be compared. */
        if (v->recurring && v->n_occurrences == 0)
                return 0;
        if (k->pending != NO_FACT) {
                struct meeting_fact *f = &j->m->facts[k->pending];
                if (f->type == FACT_MEETING_DECLINED)
                        return 0;
                instant again = nearest_occurrence(j, v, f->start, c->at);
                if (again != INSTANT_UNKNOWN && again != f->start) {
                        f->type = FACT_MEETING_MOVED;
                        f->new_start = again;
                } else {
                        f->type = _FACT_TYPE_MAX;
                }
                k->pending = NO_FACT;
                k->off_at = INSTANT_UNKNOWN;
                return 0;
        }
        if (k->off_at != INSTANT_UNKNOWN)
                k->off_at = INSTANT_UNKNOWN;
        instant next = next_occurrence(j, current, c->at);
        if (next == INSTANT_UNKNOWN || outcome_of(j, next) || occurs(j, v, next) || excluded(j, v, next))
                return 0;
        instant now_at = nearest_occurrence(j, v, next, c->at);
        k->current = current;
        int r;
        if (now_at != INSTANT_UNKNOWN && llabs((long long) (now_at - next)) < MOVED_MIN)
                r = 0;
        else if (now_at != INSTANT_UNKNOWN)
                r = series_fact(k, FACT_MEETING_MOVED, c, next, now_at, changed_by(j, v, current), &fact);
        else
                /* It ends earlier, or goes on under another UID: that cannot be told apart, so nobody is said to have
                 * called it off. */
                r = series_fact(k, FACT_MEETING_CANCELLED, c, next, INSTANT_UNKNOWN, BY_UNKNOWN, &fact);
        k->current = v;
        if (now_at != INSTANT_UNKNOWN)
                k->planned_at = c->at;
        return r;
}

static int series_off(struct series_walk *k, const struct change *c) {
        struct judging *j = k->j;
        enum changed_by by = c->kind == CHANGE_CANCEL ? changed_by(j, c->v, c->before ? c->before : k->current) : c->by;
        if (k->pending != NO_FACT) {
                struct meeting_fact *f = &j->m->facts[k->pending];
                if (f->by == BY_UNKNOWN && by != BY_UNKNOWN)
                        set_by(j, f, by);
                return 0;
        }
        if (k->off_at != INSTANT_UNKNOWN)
                return 0;
        if (!k->current && c->kind == CHANGE_GONE)
                return 0;
        if (!k->current)
                k->planned_at = c->kind == CHANGE_CANCEL ? planned_before_cancel(c->v) : INSTANT_UNKNOWN;
        k->off_at = c->at;
        /* Programs cancel a series with its first DTSTART: what is called off is the next occurrence and all after. */
        instant next = next_occurrence(j, k->current ? k->current : c->v, c->at);
        if (next == INSTANT_UNKNOWN)
                return 0;
        return series_fact(k, c->kind == CHANGE_DECLINE ? FACT_MEETING_DECLINED : FACT_MEETING_CANCELLED, c, next,
                           INSTANT_UNKNOWN, by, &k->pending);
}

static int judge_series_changes(struct series_walk *k, const struct change *changes, size_t n) {
        struct judging *j = k->j;
        for (size_t i = 0; i < n; i++) {
                const struct change *c = &changes[i];
                int r = 0;
                if (c->kind == CHANGE_PLAN)
                        r = series_plan(k, c);
                else if (c->kind == CHANGE_ACCEPT) {
                        if (k->pending != NO_FACT && j->m->facts[k->pending].type == FACT_MEETING_DECLINED) {
                                j->m->facts[k->pending].type = _FACT_TYPE_MAX;
                                k->pending = NO_FACT;
                                k->off_at = INSTANT_UNKNOWN;
                        }
                } else if (c->kind != CHANGE_WORDS && c->kind != CHANGE_PROPOSE)
                        r = series_off(k, c);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Occurrences without a history of their own: each belongs to the version in force when it began. */
static int judge_plain_occurrences(struct judging *j, instant off_at) {
        for (size_t i = 0; i < j->n_masters; i++) {
                const struct version *v = j->masters[i];
                if (v->kind != VERSION_PLAN)
                        continue;
                instant from = i == 0 ? INSTANT_MIN : v->known,
                        to = i + 1 < j->n_masters ? j->masters[i + 1]->known : INSTANT_MAX;
                instant planned_at = planned_of(j, v);
                uint32_t n;
                const instant *all = occurrences_of(v, &n);
                for (uint32_t k = 0; k < n; k++) {
                        instant o = all[k], end = o + (v->end - v->start);
                        if (excluded(j, v, o) || outcome_of(j, o))
                                continue;
                        int r = add_slot(j, o, v->summary, o, i == 0 ? planned_at : v->known, MIN(to, off_at));
                        if (r >= 0 && o >= from && o < to && o < off_at)
                                r = add_held(j, o, v, o, end, planned_at <= o ? planned_at : INSTANT_UNKNOWN);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

static int judge_client_series(struct judging *j) {
        size_t i = 0;
        while (i < j->n_changes && j->changes[i].rid == INSTANT_UNKNOWN)
                i++;
        size_t n_series = i;
        j->n_outcomes = 0;
        while (i < j->n_changes) {
                size_t end = i;
                while (end < j->n_changes && j->changes[end].rid == j->changes[i].rid)
                        end++;
                int r = judge_occurrence(j, j->changes + i, end - i);
                if (r < 0)
                        return r;
                i = end;
        }
        struct series_walk k = {.j = j, .planned_at = INSTANT_UNKNOWN, .off_at = INSTANT_UNKNOWN, .pending = NO_FACT};
        int r = judge_series_changes(&k, j->changes, n_series);
        return r < 0 ? r : judge_plain_occurrences(j, k.off_at != INSTANT_UNKNOWN ? k.off_at : INSTANT_MAX);
}

static int judge_client_single(struct judging *j) {
        struct walk k = {.j = j, .rid = INSTANT_UNKNOWN, .pending = NO_FACT, .moved = NO_FACT, .off_at = INSTANT_UNKNOWN};
        int r = 0;
        for (size_t i = 0; i < j->n_changes && r >= 0; i++)
                if (j->changes[i].rid == INSTANT_UNKNOWN)
                        r = walk_change(&k, &j->changes[i]);
        return r < 0 ? r : walk_end(&k);
}

/* ---- one meeting */

static int note_owner_no(struct judging *j, const struct version *v) {
        bool no = v->kind == VERSION_COUNTER && v->author.side == SIDE_OWNER, yes = false;
        for (uint32_t i = 0; i < v->n_participants && !no; i++) {
                const struct participant *p = &v->participants[i];
                bool told = v->kind == VERSION_REPLY ? v->author.side == SIDE_OWNER : v->kind == VERSION_PLAN && !v->mail;
                if (!told || p->person.side != SIDE_OWNER || p->organizer)
                        continue;
                no = p->status == PARTICIPATION_DECLINED;
                yes = yes || p->status == PARTICIPATION_ACCEPTED;
        }
        if (!no && !yes)
                return 0;
        int r = grow(&j->nos, &j->allocated_nos, j->n_nos, sizeof(*j->nos));
        if (r < 0)
                return r;
        j->nos[j->n_nos++] =
                (struct owner_no){.rid = v->rid, .at = v->known, .counter = v->kind == VERSION_COUNTER, .yes = !no};
        return 0;
}

static int note_owner_words(struct judging *j) {
        for (const struct words *w = j->meeting->words; w; w = w->next) {
                if (!w->from_owner)
                        continue;
                int r = grow(&j->nos, &j->allocated_nos, j->n_nos, sizeof(*j->nos));
                if (r < 0)
                        return r;
                j->nos[j->n_nos++] = (struct owner_no){.rid = w->rid, .at = w->at, .counter = true};
        }
        return 0;
}

/* A RECURRENCE-ID written as a date means the occurrence of that day. */
static void name_occurrences(struct judging *j) {
        for (struct version *v = j->meeting->versions; v; v = v->next) {
                if (!v->rid_is_day || v->rid == INSTANT_UNKNOWN)
                        continue;
                for (size_t i = 0; i < j->n_all; i++) {
                        instant o = j->all[i]->rid == INSTANT_UNKNOWN ? occurrence_on_day(j, j->all[i], v->rid)
                                                                      : INSTANT_UNKNOWN;
                        if (o != INSTANT_UNKNOWN) {
                                v->rid = o;
                                v->rid_is_day = false;
                                break;
                        }
                }
        }
}

/* When the same was first told by another mail, for which somebody vouches: one of them came by a forwarder. INSTANT_UNKNOWN: never. */
static instant told_without_doubt(const struct judging *j, const struct version *doubted) {
        instant first = INSTANT_UNKNOWN;
        for (const struct version *v = j->meeting->versions; v; v = v->next)
                if (v->mail && !v->doubted && v->author.client == doubted->author.client && tells_same(v, doubted) &&
                    (first == INSTANT_UNKNOWN || v->known < first))
                        first = v->known;
        return first;
}

/* Of what may be forged only a cancellation is heard, as nobody's, and an answer that comes; the sooner one of two that say the same, since
 * what is known sooner is in the client's favour. */
static bool tells_something(const struct judging *j, const struct version *v) {
        if (v->kind != VERSION_CANCEL || j->flooded)
                return v->kind != VERSION_PLAN;
        instant told = told_without_doubt(j, v);
        return told == INSTANT_UNKNOWN || v->known < told;
}

static int gather_doubted(struct judging *j) {
        size_t n = 0;
        for (const struct version *v = j->meeting->versions; v; v = v->next)
                n += v->doubted;
        j->flooded = n > MEETING_DOUBTS_MAX;
        if (n == 0 || j->flooded)
                return 0;
        j->doubted = malloc(n * sizeof(struct version *));
        if (!j->doubted)
                return -ENOMEM;
        for (struct version *v = j->meeting->versions; v; v = v->next)
                if (v->doubted && told_without_doubt(j, v) == INSTANT_UNKNOWN)
                        j->doubted[j->n_doubted++] = v;
        return 0;
}

static int sort_out(struct judging *j) {
        size_t n = j->meeting->n_versions;
        j->all = malloc(n * sizeof(struct version *));
        j->replies = malloc(n * sizeof(struct version *));
        j->gone = malloc(n * sizeof(struct version *));
        if (!j->all || !j->replies || !j->gone)
                return -ENOMEM;
        for (struct version *v = j->meeting->versions; v; v = v->next) {
                if (v->doubted && !tells_something(j, v))
                        continue;
                if (v->kind == VERSION_PLAN || v->kind == VERSION_CANCEL)
                        j->all[j->n_all++] = v;
                else if (v->kind == VERSION_REPLY)
                        j->replies[j->n_replies++] = v;
                else if (v->kind == VERSION_GONE)
                        j->gone[j->n_gone++] = v;
                j->recurring = j->recurring || (v->recurring && v->rid == INSTANT_UNKNOWN);
                int r = note_owner_no(j, v);
                if (r < 0)
                        return r;
        }
        if (n > 1) {
                name_occurrences(j);
                distrust_stale_stamps(j);
                qsort(j->all, j->n_all, sizeof(struct version *), compare_rid_known);
                raise_all_sequences(j);
                qsort(j->all, j->n_all, sizeof(struct version *), compare_versions);
                qsort(j->replies, j->n_replies, sizeof(struct version *), compare_known);
                qsort(j->gone, j->n_gone, sizeof(struct version *), compare_known);
        }
        while (j->n_masters < j->n_all && j->all[j->n_masters]->rid == INSTANT_UNKNOWN)
                j->n_masters++;
        j->masters = malloc((j->n_masters + 1) * sizeof(struct version *));
        if (!j->masters)
                return -ENOMEM;
        memcpy(j->masters, j->all, j->n_masters * sizeof(struct version *));
        j->n_masters = in_force(j->masters, j->n_masters, j->m->now);
        return note_owner_words(j);
}

static uint32_t clients_of(const struct meeting *meeting, const struct client **ret) {
        uint32_t n = 0;
        for (const struct version *v = meeting->versions; v; v = v->next)
                for (uint32_t i = 0; i < v->n_participants; i++) {
                        const struct client *client = v->participants[i].person.client;
                        bool known = !client;
                        for (uint32_t k = 0; k < n && !known; k++)
                                known = ret[k] == client;
                        if (!known && n < MEETING_CLIENTS_MAX)
                                ret[n++] = client;
                }
        return n;
}

int meeting_judge(struct meetings *m, uint32_t position) {
        struct meeting *meeting = &m->items[position];
        const struct client *clients[MEETING_CLIENTS_MAX];
        uint32_t n = clients_of(meeting, clients);
        if (n == 0)
                return 0;
        _cleanup_judging_ struct judging j = {.m = m, .meeting = meeting, .position = position};
        int r = meetings_doubted(m) ? gather_doubted(&j) : 0;
        if (r >= 0)
                r = sort_out(&j);
        size_t facts = m->n_facts;
        for (uint32_t i = 0; i < n && r >= 0; i++) {
                j.client = clients[i];
                r = gather(&j);
                /* Exceptions of a series whose master was never seen are occurrences all the same. */
                bool series = j.recurring || (j.n_changes > 0 && j.changes[j.n_changes - 1].rid != INSTANT_UNKNOWN);
                if (r >= 0)
                        r = series ? judge_client_series(&j) : judge_client_single(&j);
        }
        if (m->looking)
                m->n_facts = facts;
        return r;
}
