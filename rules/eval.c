/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/eval.h"

#include <nettle/sha2.h>

#include "rules/eval_internal.h"

/* Facts arrive in time order, those of one instant in any: they are gathered until a later one comes, and judged together. Rules that
 * others build on come first; each rule sees all facts of the instant, breaches of the rules below it included, and only then do its deadlines
 * at that instant pass, because what comes at the deadline still comes in time. A later step must be later than the one before: the mail
 * that asks is never its own answer. */

#define BIT(x) (1U << (x))
#define TABLE_MIN 64U
/* A client and a thread fit; longer keys grow it. */
#define KEY_ROOM 512U
/* An absence told by a machine beyond this is a mistake or a trick: it would silence a rule for ever. */
#define ABSENCE_DAYS_MAX 366
/* So many facts of one instant are judged together, copies of them in memory; of more, the order in which they came says which. */
#define INSTANT_FACTS_MAX 1024U
/* Absences kept for one client: more than a reply a week for years. */
#define ABSENCES_MAX 500U

void id_text(uint64_t id, char out[17]) {
        static const char digits[] = "0123456789abcdef";
        for (int i = 15; i >= 0; i--, id >>= 4)
                out[i] = digits[id & 15];
        out[16] = 0;
}

static void hash_u64(struct sha256_ctx *h, uint64_t n) {
        uint8_t b[8];
        for (int i = 0; i < 8; i++)
                b[i] = (uint8_t) (n >> (56 - 8 * i));
        sha256_update(h, sizeof(b), b);
}

uint64_t stable_id(const struct rule *rule, const char *key, size_t key_size, const uint64_t *fact_key,
                   const uint64_t *second_key) {
        struct sha256_ctx h;
        uint8_t digest[8];
        sha256_init(&h);
        sha256_update(&h, strlen(rule->id) + 1, (const uint8_t *) rule->id);
        for (size_t i = 0; i < rule->n_by; i++)
                sha256_update(&h, strlen(rule->keys[i].name) + 1, (const uint8_t *) rule->keys[i].name);
        sha256_update(&h, key_size, (const uint8_t *) key);
        if (fact_key)
                hash_u64(&h, *fact_key);
        if (second_key)
                hash_u64(&h, *second_key);
        sha256_digest(&h, sizeof(digest), digest);
        uint64_t id = 0;
        for (size_t i = 0; i < sizeof(digest); i++)
                id = id << 8 | digest[i];
        return id;
}

/* --- what evidence shows */

static void shown_unref(struct shown_fact *s) {
        if (s && --s->references == 0)
                free(s);
}

static const char *field_string(const struct fact *f, int index) {
        struct value v = index == -ENOENT ? (struct value){0} : fact_value_at(f, index);
        return v.type == VALUE_STRING ? v.s : NULL;
}

static bool is_meeting(enum fact_type t) {
        return t >= FACT_MEETING_PLANNED && t <= FACT_MEETING_LATE;
}

static instant instant_of(const struct value *v) {
        return v->type == VALUE_INSTANT ? v->i : INSTANT_UNKNOWN;
}

static struct shown_fact *shown_new(const struct evaluation *e, const struct fact *f) {
        bool meeting = is_meeting(f->type), message = f->type == FACT_MESSAGE_RECEIVED || f->type == FACT_MESSAGE_SENT;
        const char *from[6] = {f->source, f->message_id,
                               f->uid,    field_string(f, e->subject_index[f->type]),
                               f->person, field_string(f, e->thread_index[f->type])};
        size_t length[6], size = 0;
        for (size_t i = 0; i < ELEMENTSOF(from); i++)
                size += length[i] = from[i] ? strlen(from[i]) + 1 : 0;
        struct shown_fact *s = malloc(sizeof(*s) + size);
        if (!s)
                return NULL;
        *s = (struct shown_fact){.references = 1,
                                 .type = f->type,
                                 .rule = f->rule,
                                 .client = f->client,
                                 .at = f->at,
                                 .observation = f->observation,
                                 .key = f->key,
                                 .start = INSTANT_UNKNOWN,
                                 .new_start = INSTANT_UNKNOWN};
        if (meeting) {
                s->start = instant_of(&f->values[F_MEETING_START]);
                s->new_start = instant_of(&f->values[F_MEETING_NEW_START]);
                s->has_notice = f->values[F_MEETING_NOTICE].type == VALUE_DURATION;
                s->notice = s->has_notice ? f->values[F_MEETING_NOTICE].i : 0;
        }
        s->outside_hours =
                message && f->values[F_MESSAGE_WORKING_TIME].type == VALUE_BOOL && !f->values[F_MESSAGE_WORKING_TIME].b;
        const char **to[6] = {&s->source, &s->message_id, &s->uid, &s->subject, &s->person, &s->thread_id};
        char *p = s->strings;
        for (size_t i = 0; i < ELEMENTSOF(from); i++) {
                *to[i] = from[i] ? memcpy(p, from[i], length[i]) : NULL;
                p += length[i];
        }
        return s;
}

/* --- keys and tables */

static int key_add(struct evaluation *e, const void *data, size_t size) {
        if (size > e->key_allocated - e->key_size) {
                size_t room = MAX(e->key_allocated * 2, e->key_size + size + 256);
                char *p = realloc(e->key, room);
                if (!p)
                        return -ENOMEM;
                e->key = p;
                e->key_allocated = room;
        }
        memcpy(e->key + e->key_size, data, size);
        e->key_size += size;
        return 0;
}

/* The values of `by` and `same`, one after another. 1, or 0 when the fact lacks one: then it belongs to nothing. */
static int build_key(struct evaluation *e, const struct rule *r, const struct fact *f) {
        e->key_size = 0;
        for (size_t i = 0; i < r->n_keys; i++) {
                if (i == r->n_by)
                        e->key_by_size = e->key_size;
                struct value v = fact_value_at(f, r->keys[i].index[f->type]);
                int k;
                if (v.type == VALUE_NONE || v.type == VALUE_LIST)
                        return 0;
                if (v.type == VALUE_STRING || v.type == VALUE_ENUM)
                        k = v.s ? key_add(e, v.s, strlen(v.s) + 1) : -ENOENT;
                else {
                        uint64_t n = v.type == VALUE_BOOL     ? (uint64_t) v.b
                                     : v.type == VALUE_NUMBER ? (uint64_t) (int64_t) v.number
                                                              : (uint64_t) v.i;
                        uint8_t b[8];
                        for (int s = 0; s < 8; s++)
                                b[s] = (uint8_t) (n >> (8 * s));
                        k = key_add(e, b, sizeof(b));
                }
                if (k < 0)
                        return k == -ENOENT ? 0 : k;
        }
        if (r->n_by == r->n_keys)
                e->key_by_size = e->key_size;
        return 1;
}

/* FNV-1a with a final mix; keys are compared whole, so a collision costs time and nothing else. */
static uint64_t hash_key(const char *key, size_t size) {
        uint64_t h = UINT64_C(0xcbf29ce484222325);
        for (size_t i = 0; i < size; i++)
                h = (h ^ (unsigned char) key[i]) * UINT64_C(0x100000001b3);
        return h ^ h >> 32;
}

static int groups_grow(struct group_table *t) {
        size_t room = t->buckets ? (t->mask + 1) * 2 : TABLE_MIN;
        struct group **buckets = calloc(room, sizeof(*buckets));
        if (!buckets)
                return -ENOMEM;
        for (size_t i = 0; t->buckets && i <= t->mask; i++)
                for (struct group *g = t->buckets[i], *next; g; g = next) {
                        next = g->next;
                        g->next = buckets[g->hash & (room - 1)];
                        buckets[g->hash & (room - 1)] = g;
                }
        free(t->buckets);
        t->buckets = buckets;
        t->mask = room - 1;
        return 0;
}

static void group_free(struct group *g) {
        for (size_t k = 0; k < g->n; k++)
                shown_unref(g->breaches[k].shown);
        if (g->measuring) {
                shown_unref(g->measuring->shown);
                measured_free(g->measuring->facts);
                free(g->measuring);
        }
        free(g->breaches);
        free(g);
}

/* Measures by conversation leave a group for each: those that are over make room. */
static void groups_prune(const struct evaluation *e, const struct rule *r, struct group_table *t) {
        size_t n = t->n;
        for (size_t i = 0; r->kind == RULE_MEASURE && i <= t->mask; i++)
                for (struct group **link = &t->buckets[i]; *link;) {
                        struct group *g = *link;
                        const struct measuring *m = g->measuring;
                        if (g->n > 0 || g->forgotten > 0 || !m || m->pending ||
                            !measured_is_spent(m->facts, &r->measure, rule_variant_of(r, g->client), e->at)) {
                                link = &g->next;
                                continue;
                        }
                        *link = g->next;
                        group_free(g);
                        n--;
                }
        t->n = n;
}

static int find_group(struct evaluation *e, const struct rule *r, const char *key, size_t size, const struct client *client,
                      struct group **ret) {
        struct group_table *t = &e->rules[r->index].groups;
        uint64_t hash = hash_key(key, size);
        for (struct group *g = t->buckets ? t->buckets[hash & t->mask] : NULL; g; g = g->next)
                if (g->hash == hash && g->key_size == size && memcmp(g->key, key, size) == 0) {
                        *ret = g;
                        return 0;
                }
        if (t->buckets && t->n > t->mask)
                groups_prune(e, r, t);
        /* A quarter must have gone, or looking for more would soon cost more than growing. */
        if ((!t->buckets || 4 * t->n > 3 * t->mask) && groups_grow(t) < 0)
                return -ENOMEM;
        struct group *g = calloc(1, sizeof(*g) + size + 1);
        if (!g)
                return -ENOMEM;
        g->hash = hash;
        g->rule = r;
        g->client = r->by_client_key ? client : NULL;
        g->key_size = size;
        if (size > 0)
                memcpy(g->key, key, size);
        g->next = t->buckets[hash & t->mask];
        t->buckets[hash & t->mask] = g;
        t->n++;
        *ret = g;
        return 0;
}

static int instances_grow(struct instance_table *t) {
        size_t room = t->buckets ? (t->mask + 1) * 2 : TABLE_MIN;
        struct instance **buckets = calloc(room, sizeof(*buckets));
        if (!buckets)
                return -ENOMEM;
        for (size_t i = 0; t->buckets && i <= t->mask; i++)
                for (struct instance *p = t->buckets[i], *next; p; p = next) {
                        next = p->next;
                        p->next = buckets[p->hash & (room - 1)];
                        buckets[p->hash & (room - 1)] = p;
                }
        free(t->buckets);
        t->buckets = buckets;
        t->mask = room - 1;
        return 0;
}

/* --- what waits for sources that are stale */

static int add_waiting(struct evaluation *e, const struct rule *r, const struct client *client, instant deadline) {
        if (e->n_waiting == e->waiting_allocated) {
                size_t room = MAX(e->waiting_allocated * 2, (size_t) TABLE_MIN);
                struct waiting *p = reallocarray(e->waiting, room, sizeof(*p));
                if (!p)
                        return -ENOMEM;
                e->waiting = p;
                e->waiting_allocated = room;
        }
        e->waiting[e->n_waiting++] = (struct waiting){r, client, deadline, false};
        return 0;
}

/* --- deadlines: a binary heap whose members know their place */

static bool fires_before(const struct instance *a, const struct instance *b) {
        /* What cannot fire for want of reading must not hide what can. */
        if (a->stale != b->stale)
                return b->stale;
        if (a->deadline != b->deadline)
                return a->deadline < b->deadline;
        if (a->depth != b->depth)
                return a->depth < b->depth;
        if (a->rule != b->rule)
                return a->rule < b->rule;
        return a->opening->key < b->opening->key;
}

static void heap_put(struct evaluation *e, size_t i, struct instance *p) {
        e->heap[i] = p;
        p->heap = i + 1;
}

static void heap_up(struct evaluation *e, size_t i) {
        struct instance *p = e->heap[i];
        for (; i > 0 && fires_before(p, e->heap[(i - 1) / 2]); i = (i - 1) / 2)
                heap_put(e, i, e->heap[(i - 1) / 2]);
        heap_put(e, i, p);
}

static void heap_down(struct evaluation *e, size_t i) {
        struct instance *p = e->heap[i];
        for (size_t child; (child = 2 * i + 1) < e->n_heap; i = child) {
                if (child + 1 < e->n_heap && fires_before(e->heap[child + 1], e->heap[child]))
                        child++;
                if (!fires_before(e->heap[child], p))
                        break;
                heap_put(e, i, e->heap[child]);
        }
        heap_put(e, i, p);
}

static void heap_remove(struct evaluation *e, struct instance *p) {
        if (p->heap == 0)
                return;
        size_t i = p->heap - 1;
        p->heap = 0;
        struct instance *last = e->heap[--e->n_heap];
        if (last == p)
                return;
        heap_put(e, i, last);
        heap_up(e, i);
        heap_down(e, last->heap - 1);
}

/* How many of those times are not after `at`. */
static size_t count_unread(const struct evaluation *e, instant at) {
        size_t low = 0, high = e->options.n_unread;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (e->options.unread[middle] <= at)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

/* Messages that may be what the instance waits for. */
static uint32_t unread_of(const struct evaluation *e, const struct instance *p, instant deadline) {
        size_t n = deadline > p->last_at ? count_unread(e, deadline) - count_unread(e, p->last_at) : 0;
        return (uint32_t) MIN(n, (size_t) UINT32_MAX);
}

static bool waits_for_unread(const struct evaluation *e, const struct instance *p, instant deadline) {
        return e->rs->rules[p->rule].steps[p->position].absent && !p->excepted && deadline != INSTANT_UNKNOWN &&
               e->options.now < deadline + UNREAD_PATIENCE && unread_of(e, p, deadline) > 0;
}

static int heap_set(struct evaluation *e, struct instance *p, instant deadline) {
        heap_remove(e, p);
        p->deadline = deadline;
        p->stale = deadline > e->rules[p->rule].limit || waits_for_unread(e, p, deadline);
        if (deadline == INSTANT_UNKNOWN)
                return 0;
        if (e->n_heap == e->heap_allocated) {
                size_t room = e->heap_allocated ? e->heap_allocated * 2 : 256;
                struct instance **heap = reallocarray(e->heap, room, sizeof(*heap));
                if (!heap)
                        return -ENOMEM;
                e->heap = heap;
                e->heap_allocated = room;
        }
        e->heap[e->n_heap++] = p;
        heap_up(e, e->n_heap - 1);
        return 0;
}

/* --- instances */

static const struct rule *instance_rule(const struct evaluation *e, const struct instance *p) {
        return &e->rs->rules[p->rule];
}

static const struct rule_variant *variant_for(const struct rule *r, const struct client *client) {
        return rule_variant_of(r, r->by_client_key ? client : NULL);
}

static struct client_state *client_state(struct evaluation *e, const struct client *client) {
        return client && client->index < e->settings->n_clients ? &e->clients[client->index] : NULL;
}

static void instance_discard(struct evaluation *e, struct instance *p) {
        heap_remove(e, p);
        if (p->client_pprev) {
                *p->client_pprev = p->client_next;
                if (p->client_next)
                        p->client_next->client_pprev = p->client_pprev;
        }
        shown_unref(p->opening);
        free(p);
}

/* Nothing is shown to it any more. */
static void instance_unlink(struct evaluation *e, struct instance *p) {
        struct instance_table *t = &e->rules[p->rule].instances;
        struct instance **link = &t->buckets[p->hash & t->mask];
        while (*link != p)
                link = &(*link)->next;
        *link = p->next;
        t->n--;
}

static void instance_remove(struct evaluation *e, struct instance *p) {
        instance_unlink(e, p);
        instance_discard(e, p);
}

/* The key at hand becomes a new instance of the rule, waiting for its second step. */
static int instance_new(struct evaluation *e, const struct rule *r, const struct fact *f, struct instance **ret) {
        struct instance_table *t = &e->rules[r->index].instances;
        if ((!t->buckets || t->n > t->mask) && instances_grow(t) < 0)
                return -ENOMEM;
        struct shown_fact *opening = shown_new(e, f);
        struct instance *p = opening ? malloc(sizeof(*p) + 2 * r->n_steps * sizeof(instant) + e->key_size) : NULL;
        if (!p) {
                shown_unref(opening);
                return -ENOMEM;
        }
        *p = (struct instance){.hash = hash_key(e->key, e->key_size),
                               .rule = r->index,
                               .depth = r->depth,
                               .opening = opening,
                               .base = f->at,
                               .last_at = f->at,
                               .deadline = INSTANT_UNKNOWN,
                               .late_at = INSTANT_UNKNOWN,
                               .key_size = e->key_size,
                               .by_size = e->key_by_size};
        p->captured = (instant *) (void *) (p + 1);
        p->key = (char *) (p->captured + 2 * r->n_steps);
        p->bounds = p->captured + r->n_steps;
        for (size_t i = 0; i < r->n_steps; i++)
                p->captured[i] = p->bounds[i] = INSTANT_UNKNOWN;
        if (e->key_size > 0)
                memcpy(p->key, e->key, e->key_size);
        p->next = t->buckets[p->hash & t->mask];
        t->buckets[p->hash & t->mask] = p;
        t->n++;
        struct client_state *s = r->client_clock ? client_state(e, f->client) : NULL;
        if (s) {
                p->client_next = s->instances;
                p->client_pprev = &s->instances;
                if (s->instances)
                        s->instances->client_pprev = &p->client_next;
                s->instances = p;
        }
        *ret = p;
        return 0;
}

/* --- breaches */

/* Older evidence than an alert shows is let go: memory follows the alerts, not the years. */
static void trim_shown(struct group *g) {
        while (g->n - g->first_shown > EVIDENCE_MAX) {
                struct breach *b = &g->breaches[g->first_shown++];
                shown_unref(b->shown);
                b->shown = NULL;
        }
}

/* One more fact for a rule to look at when its turn comes. */
static int post(struct evaluation *e, const struct rule *r, const struct fact *f) {
        struct level *level = &e->levels[r->depth];
        if (level->n == level->allocated) {
                size_t room = MAX(level->allocated * 2, (size_t) TABLE_MIN);
                struct posted *p = reallocarray(level->posts, room, sizeof(*p));
                if (!p)
                        return -ENOMEM;
                level->posts = p;
                level->allocated = room;
        }
        level->posts[level->n++] = (struct posted){r, f};
        return 0;
}

static bool step_builds_on(const struct rule_step *step, const struct rule *r) {
        for (uint32_t i = 0; i < step->n_rules; i++)
                if (step->rules[i] == r->index)
                        return true;
        return false;
}

static bool builds_on(const struct rule *r, const struct rule *below) {
        for (size_t i = 0; i < r->n_steps; i++)
                if (step_builds_on(&r->steps[i], below))
                        return true;
        return step_builds_on(&r->until, below);
}

/* A breach is a fact for the rules that build on it; they are deeper, so their turn is still to come. */
static int emit(struct evaluation *e, const struct rule *r, const struct breach *b, const struct shown_fact *s) {
        e->rules[r->index].held = true;
        if (!e->rules[r->index].listened)
                return 0;
        char id[17];
        id_text(b->id, id);
        struct fact f = {.type = FACT_RULE,
                         .rule = r->id,
                         .at = b->at,
                         .client = s->client,
                         .person = s->person,
                         .source = s->source,
                         .message_id = s->message_id,
                         .uid = s->uid,
                         .observation = s->observation,
                         .key = b->id};
        const struct {
                size_t field;
                const char *s;
        } values[] = {{F_BREACH_RULE, r->id},
                      {F_BREACH_BREACH, id},
                      {F_BREACH_THREAD_ID, s->thread_id},
                      {F_BREACH_SUBJECT, s->subject}};
        for (size_t i = 0; i < ELEMENTSOF(values); i++)
                if (values[i].s)
                        f.values[values[i].field] = (struct value){.type = VALUE_STRING, .s = values[i].s};
        struct fact *copy = fact_copy(&f, e->instant_arena);
        if (!copy)
                return -ENOMEM;
        copy->rule = r->id; /* what evidence shows of it outlives the instant */
        int k = 0;
        for (size_t i = 0; i < e->n_listeners[FACT_RULE] && k >= 0; i++) {
                const struct rule *above = &e->rs->rules[e->listeners[FACT_RULE][i]];
                k = builds_on(above, r) ? post(e, above, copy) : 0;
        }
        return k;
}

static void forget_breaches(struct group *g) {
        size_t n = breaches_past(g);
        if (n == 0)
                return;
        if (g->forgotten == 0)
                g->first_at = g->breaches[0].at;
        g->n -= n;
        g->first_shown -= n;
        g->forgotten += n;
        memmove(g->breaches, g->breaches + n, g->n * sizeof(*g->breaches));
}

/* Forgetting moves all that stay, so it must free a quarter, or the array grows. */
static int breaches_make_room(struct group *g) {
        if (g->n < g->allocated)
                return 0;
        if (g->n > 0)
                forget_breaches(g);
        if (4 * g->n < 3 * g->allocated)
                return 0;
        size_t room = g->allocated ? g->allocated * 2 : 4;
        struct breach *p = reallocarray(g->breaches, room, sizeof(*p));
        if (!p)
                return -ENOMEM;
        g->breaches = p;
        g->allocated = room;
        return 0;
}

/* Takes a reference of its own on `shown`. */
static int add_breach(struct evaluation *e, struct group *g, const struct breach *b, struct shown_fact *shown) {
        int r = breaches_make_room(g);
        if (r < 0)
                return r;
        g->breaches[g->n] = *b;
        g->breaches[g->n].shown = shown;
        shown->references++;
        g->n++;
        trim_shown(g);
        return emit(e, g->rule, b, shown);
}

/* Agreed otherwise, or in a pause of that client? Judged by the fact that opened it. */
static bool is_excepted(struct evaluation *e, const struct rule *r, const struct fact *f, const struct rule_variant *v) {
        for (size_t i = 0; i < r->n_exceptions; i++) {
                const struct rule_exception *x = &r->exceptions[i];
                if ((!x->client || x->client == f->client) && f->at < x->until &&
                    condition_holds(x->where, f, v, &e->scratch))
                        return true;
        }
        for (size_t i = 0; f->client && i < f->client->n_pauses; i++)
                if (f->at >= f->client->pauses[i].from && f->at < f->client->pauses[i].until)
                        return true;
        return false;
}

/* --- sequences */

static bool step_listens(const struct evaluation *e, const struct rule_step *step, const struct fact *f) {
        if (!(step->types & BIT(f->type)))
                return false;
        if (f->type != FACT_RULE)
                return true;
        for (uint32_t i = 0; i < step->n_rules; i++)
                if (str_eq(e->rs->rules[step->rules[i]].id, f->rule))
                        return true;
        return false;
}

static bool step_holds(struct evaluation *e, const struct rule_step *step, const struct fact *f,
                       const struct rule_variant *v) {
        return step_listens(e, step, f) && condition_holds(step->where, f, v, &e->scratch);
}

/* What each step makes of one fact, asked at most once however many instances wait. */
struct step_answers {
        int8_t steps[RULE_STEPS_MAX + 1]; /* the last: until; 0: not asked, 1: no, 2: yes */
};

static bool answer(struct evaluation *e, const struct rule *r, size_t step, const struct fact *f,
                   const struct rule_variant *v, struct step_answers *a) {
        size_t i = step == r->n_steps ? RULE_STEPS_MAX : step;
        if (a->steps[i] == 0)
                a->steps[i] = step_holds(e, step == r->n_steps ? &r->until : &r->steps[step], f, v) ? 2 : 1;
        return a->steps[i] == 2;
}

static const struct work_calendar *step_calendar(struct evaluation *e, const struct rule_step *step,
                                                 const struct client *client) {
        const struct client_state *s = step->clock == CLOCK_CLIENT ? client_state(e, client) : NULL;
        return s ? &s->calendar : &e->settings->owner.calendar;
}

static instant step_deadline(struct evaluation *e, struct instance *p) {
        const struct rule *r = instance_rule(e, p);
        const struct rule_step *step = &r->steps[p->position];
        const struct rule_variant *v = variant_for(r, p->opening->client);
        instant base = step->from.step >= 0 ? p->captured[p->position] : p->base, bound = p->bounds[p->position];
        if (base == INSTANT_UNKNOWN)
                return INSTANT_UNKNOWN;
        instant deadline =
                duration_add(&literal_resolve(&step->within, v)->duration, step_calendar(e, step, p->opening->client), base);
        if (deadline == INSTANT_UNKNOWN)
                return deadline;
        deadline = MAX(deadline, p->last_at);
        p->bounded = bound != INSTANT_UNKNOWN && bound > deadline;
        return p->bounded ? bound : deadline;
}

/* Starts waiting for the step at its position. The instance may be gone afterwards. */
static int await_step(struct evaluation *e, struct instance *p) {
        const struct rule_step *step = &instance_rule(e, p)->steps[p->position];
        if (!step->has_within)
                return heap_set(e, p, INSTANT_UNKNOWN);
        instant deadline = step_deadline(e, p);
        /* Without a due date, or on a calendar without hours, nothing is ever late. */
        if (deadline == INSTANT_UNKNOWN && step->absent) {
                instance_remove(e, p);
                return 0;
        }
        return heap_set(e, p, deadline);
}

static void capture(const struct rule *r, struct instance *p, size_t step, const struct fact *f) {
        for (size_t i = step + 1; i < r->n_steps; i++) {
                const struct step_field *from = &r->steps[i].from, *not_before = &r->steps[i].not_before;
                if (from->step == (int) step) {
                        struct value v = fact_value_at(f, from->index[f->type]);
                        p->captured[i] = instant_of(&v);
                }
                if (not_before->step == (int) step) {
                        struct value v = fact_value_at(f, not_before->index[f->type]);
                        p->bounds[i] = instant_of(&v);
                }
        }
}

static int instance_breach(struct evaluation *e, struct instance *p, instant at, struct shown_fact *shown,
                           const uint64_t *second_key) {
        const struct rule *r = instance_rule(e, p);
        if (p->excepted) {
                e->excepted++;
                return 0;
        }
        int k = find_group(e, r, p->key, p->by_size, p->opening->client, &p->group);
        if (k < 0)
                return k;
        struct breach b = {.id = stable_id(r, p->key, p->by_size, &p->opening->key, second_key),
                           .at = at,
                           .opened_at = p->opening->at,
                           .ended_at = INSTANT_UNKNOWN,
                           .unread = r->ends_absent ? unread_of(e, p, at) : 0,
                           .sequence = p->sequence,
                           .bounded = p->bounded,
                           .again = p->matches > 0};
        p->breach = p->group->n;
        return add_breach(e, p->group, &b, shown);
}

/* It would be a breach if nothing else had happened; what is not read yet may tell. Waits once for each rule and client. */
static int wait_for_sources(struct evaluation *e, const struct rule *r, const struct client *client, instant at) {
        for (size_t i = 0; i < e->n_waiting; i++)
                if (e->waiting[i].rule == r && e->waiting[i].client == client)
                        return 0;
        return add_waiting(e, r, client, at);
}

/* The last step happened. While its window is open it may happen again: more evidence, under an id of its own. */
static int last_step(struct evaluation *e, struct instance *p, const struct fact *f) {
        const struct rule *r = instance_rule(e, p);
        /* What would have ended it before may be unread still. */
        if (r->has_until && !p->excepted && f->at > e->rules[r->index].limit)
                return wait_for_sources(e, r, p->opening->client, f->at);
        struct shown_fact *shown = shown_new(e, f);
        if (!shown)
                return -ENOMEM;
        int k = instance_breach(e, p, f->at, shown, p->matches > 0 ? &f->key : NULL);
        shown_unref(shown);
        if (k < 0)
                return k;
        p->matches++;
        p->last_at = f->at;
        if (p->deadline == INSTANT_UNKNOWN)
                instance_remove(e, p);
        return 0;
}

static int advance(struct evaluation *e, struct instance *p, const struct fact *f) {
        const struct rule *r = instance_rule(e, p);
        if (p->position + 1U == r->n_steps)
                return last_step(e, p, f);
        capture(r, p, p->position, f);
        p->last_at = p->base = f->at;
        p->position++;
        return await_step(e, p);
}

/* An answer came late. The client may still tell that it was away, so it is kept for that. */
static void end_breach(struct evaluation *e, struct instance *p, instant at, instant written) {
        struct breach *b = &p->group->breaches[p->breach];
        b->ended_at = at;
        if (b->withdrawn || !p->client_pprev || instance_rule(e, p)->steps[p->position].clock != CLOCK_CLIENT) {
                instance_remove(e, p);
                return;
        }
        instance_unlink(e, p);
        p->ended = true;
        p->late_at = written;
}

/* What was written in time came in time, even where a server held it up. */
static instant written_at(const struct instance *p, const struct fact *f) {
        const struct value *delayed = &f->values[F_MESSAGE_DELAYED];
        if (f->type != FACT_MESSAGE_RECEIVED || delayed->type != VALUE_DURATION)
                return f->at;
        instant written = f->at - delayed->i;
        return written > p->last_at ? written : f->at;
}

/* Facts of one instant are looked at in turns, so that their order says nothing: what ends a sequence comes before what goes on with it, and an
 * answer in time before one that is late. */
enum turn { TURN_ONLY, TURN_END, TURN_IN_TIME, TURN_AWAITED, TURN_REST, _TURN_MAX };

static bool in_turn(enum turn turn, bool breached, bool ends, bool awaited, bool over) {
        switch (turn) {
        case TURN_END:
                return ends && !breached;
        case TURN_IN_TIME:
                return breached && !over;
        case TURN_AWAITED:
                return awaited;
        default:
                return true;
        }
}

static int instance_fact(struct evaluation *e, struct instance *p, const struct fact *f, const struct rule_variant *v,
                         struct step_answers *a, enum turn turn) {
        const struct rule *r = instance_rule(e, p);
        if (f->at <= p->last_at)
                return 0;
        const struct rule_step *step = &r->steps[p->position];
        instant at = step->absent ? written_at(p, f) : f->at;
        bool over = p->deadline != INSTANT_UNKNOWN && at > p->deadline;
        bool ends = r->has_until && answer(e, r, r->n_steps, f, v, a), awaited = answer(e, r, p->position, f, v, a);
        if ((!ends && !awaited) || !in_turn(turn, p->breached, ends, awaited, over))
                return 0;
        if (p->breached) {
                struct breach *b = &p->group->breaches[p->breach];
                b->withdrawn = b->withdrawn || !over;
                b->settled = !awaited;
                end_breach(e, p, f->at, at);
                return 0;
        }
        if (step->absent && over) {
                /* The deadline could not fire, its sources are stale: what may have come in time is not known yet. */
                p->late_at = p->late_at == INSTANT_UNKNOWN ? at : MIN(p->late_at, at);
                return 0;
        }
        if (ends || step->absent || over) {
                instance_remove(e, p);
                return 0;
        }
        return advance(e, p, f);
}

static int fire(struct evaluation *e, struct instance *p) {
        const struct rule *r = instance_rule(e, p);
        const struct rule_step *step = &r->steps[p->position];
        instant at = p->deadline;
        if (!step->absent) {
                instance_remove(e, p);
                return 0;
        }
        if (p->position + 1U < r->n_steps) {
                p->last_at = p->base = at;
                p->position++;
                return await_step(e, p);
        }
        heap_remove(e, p);
        int k = instance_breach(e, p, at, p->opening, NULL);
        if (k < 0)
                return k;
        p->breached = true;
        if (p->excepted)
                instance_remove(e, p);
        return 0;
}

static int open_instance(struct evaluation *e, const struct rule *r, const struct fact *f, const struct rule_variant *v) {
        struct instance *p;
        int k = instance_new(e, r, f, &p);
        if (k < 0)
                return k;
        p->excepted = is_excepted(e, r, f, v);
        if (v->limit.occurrence && !p->excepted) {
                struct group *g;
                k = find_group(e, r, p->key, p->by_size, f->client, &g);
                if (k < 0)
                        return k;
                p->sequence = ++g->occurrences;
        }
        capture(r, p, 0, f);
        p->position = 1;
        return await_step(e, p);
}

static bool is_judged(const struct rule *r, const struct fact *f, const struct rule_variant *v) {
        return (!r->by_client_key || f->client) && v->mode != MODE_OFF;
}

/* Shows one fact to all who wait for it. */
static int sequence_turn(struct evaluation *e, const struct rule *r, const struct fact *f, enum turn turn) {
        struct instance_table *t = &e->rules[r->index].instances;
        const struct rule_variant *v = variant_for(r, f->client);
        if (t->n == 0 || !(r->later_types & BIT(f->type)) || !is_judged(r, f, v))
                return 0;
        int k = build_key(e, r, f);
        if (k <= 0)
                return k;
        struct step_answers answers = {0};
        uint64_t hash = hash_key(e->key, e->key_size);
        for (struct instance *p = t->buckets[hash & t->mask], *next; p; p = next) {
                next = p->next;
                if (p->hash != hash || p->key_size != e->key_size || memcmp(p->key, e->key, e->key_size) != 0)
                        continue;
                k = instance_fact(e, p, f, v, &answers, turn);
                if (k < 0)
                        return k;
        }
        return 0;
}

static int sequence_opens(struct evaluation *e, const struct rule *r, const struct fact *f) {
        const struct rule_variant *v = variant_for(r, f->client);
        if (!is_judged(r, f, v) || !step_holds(e, &r->steps[0], f, v))
                return 0;
        int k = build_key(e, r, f);
        return k > 0 ? open_instance(e, r, f, v) : k;
}

static int sequence_facts(struct evaluation *e, const struct rule *r, const struct posted *posts, size_t n) {
        int k = 0;
        if (n == 1)
                k = sequence_turn(e, r, posts[0].fact, TURN_ONLY);
        else
                for (enum turn turn = TURN_END; turn < _TURN_MAX; turn++)
                        for (size_t i = 0; i < n && k >= 0; i++)
                                k = sequence_turn(e, r, posts[i].fact, turn);
        for (size_t i = 0; i < n && k >= 0; i++)
                k = sequence_opens(e, r, posts[i].fact);
        return k;
}

/* --- matches */

static int match_fact(struct evaluation *e, const struct rule *r, const struct fact *f) {
        const struct rule_variant *v = variant_for(r, f->client);
        if (!is_judged(r, f, v) || !step_listens(e, &r->steps[0], f))
                return 0;
        bool holds = condition_holds(r->steps[0].where, f, v, &e->scratch);
        /* Facts that fit all but the condition are the occurrences that were fine. */
        if (!holds && !v->limit.occurrence)
                return 0;
        int k = build_key(e, r, f);
        if (k <= 0)
                return k;
        if (is_excepted(e, r, f, v)) {
                e->excepted += holds;
                return 0;
        }
        struct group *g;
        k = find_group(e, r, e->key, e->key_by_size, f->client, &g);
        if (k < 0)
                return k;
        g->occurrences++;
        if (!holds)
                return 0;
        struct shown_fact *shown = shown_new(e, f);
        if (!shown)
                return -ENOMEM;
        struct breach b = {.id = stable_id(r, e->key, e->key_by_size, &f->key, NULL),
                           .at = f->at,
                           .opened_at = f->at,
                           .ended_at = INSTANT_UNKNOWN,
                           .sequence = g->occurrences};
        k = add_breach(e, g, &b, shown);
        shown_unref(shown);
        return k;
}

/* --- measures */

/* What `distinct` tells apart. */
static int64_t value_hash(const struct value *v) {
        if (v->type == VALUE_STRING || v->type == VALUE_ENUM)
                return (int64_t) hash_bytes(v->s, strlen(v->s), 0);
        return v->type == VALUE_BOOL ? v->b : v->i;
}

/* The value a fact brings into a measure; false when it has none and so does not count. */
static bool measured_value(const struct rule *r, const struct fact *f, int64_t *ret) {
        *ret = 0;
        if (!r->measure.has_field)
                return true;
        struct value v = fact_value_at(f, r->measure.field[f->type]);
        if (v.type == VALUE_NONE || ((v.type == VALUE_STRING || v.type == VALUE_ENUM) && !v.s))
                return false;
        *ret = r->measure.function == MEASURE_DISTINCT ? value_hash(&v) : v.i;
        return true;
}

static int add_pending(struct evaluation *e, struct group *g) {
        if (g->measuring->pending)
                return 0;
        if (e->n_pending == e->pending_allocated) {
                size_t room = MAX(e->pending_allocated * 2, (size_t) TABLE_MIN);
                struct group **p = reallocarray(e->pending, room, sizeof(*p));
                if (!p)
                        return -ENOMEM;
                e->pending = p;
                e->pending_allocated = room;
        }
        g->measuring->pending = true;
        e->pending[e->n_pending++] = g;
        return 0;
}

static int group_measures(struct evaluation *e, struct group *g, const struct fact *f, bool part, bool whole,
                          int64_t value) {
        struct measuring *m = g->measuring;
        if (!m) {
                m = g->measuring = calloc(1, sizeof(*m));
                if (!m)
                        return -ENOMEM;
                m->last_at = INSTANT_UNKNOWN;
        }
        m->client = f->client;
        int k = measured_add(&m->facts, &g->rule->measure, f->at, part, whole, value);
        if (k < 0)
                return k;
        if (!m->pending || !m->shown || f->key < m->shown->key) {
                shown_unref(m->shown);
                m->shown = shown_new(e, f);
                if (!m->shown)
                        return -ENOMEM;
        }
        return add_pending(e, g);
}

static int measure_fact(struct evaluation *e, const struct rule *r, const struct fact *f) {
        const struct rule_variant *v = variant_for(r, f->client);
        bool share = r->measure.function == MEASURE_SHARE;
        bool part = step_holds(e, &r->steps[0], f, v);
        bool whole = r->measure.function == MEASURE_RATIO && step_holds(e, &r->steps[1], f, v);
        int64_t value;
        if ((!part && !whole) || !measured_value(r, f, &value) || is_excepted(e, r, f, v))
                return 0;
        int k = share ? measured_add(&e->rules[r->index].all, &r->measure, f->at, true, false, value) : 0;
        if (k < 0 || !is_judged(r, f, v) || (k = build_key(e, r, f)) <= 0)
                return k;
        struct group *g;
        k = find_group(e, r, e->key, e->key_by_size, f->client, &g);
        return k < 0 ? k : group_measures(e, g, f, part, whole, value);
}

static int measure_breach(struct evaluation *e, struct group *g, double number) {
        struct measuring *m = g->measuring;
        const struct breach b = {.id = stable_id(g->rule, g->key, g->key_size, &m->shown->key, NULL),
                                 .at = m->shown->at,
                                 .opened_at = m->shown->at,
                                 .ended_at = INSTANT_UNKNOWN,
                                 .number = number};
        m->last_at = b.at;
        return add_breach(e, g, &b, m->shown);
}

/* What is not read yet can only make it more. Every other number may hold for want of what is not read: few answers, a high share. */
static bool is_told_by_what_is_there(const struct measure *m) {
        bool grows = m->function == MEASURE_COUNT || m->function == MEASURE_DISTINCT || m->function == MEASURE_SUM;
        for (size_t i = 0; i < m->n_tests; i++)
                grows = grows && (m->tests[i].op == COMPARISON_GT || m->tests[i].op == COMPARISON_GTE);
        return grows && !m->has_past;
}

/* A breach is where the number becomes too much; where it stays so, once in each length of the window. */
static int judge_measure(struct evaluation *e, struct group *g, instant at) {
        const struct rule *r = g->rule;
        struct measuring *m = g->measuring;
        const struct rule_variant *v = variant_for(r, m->client);
        /* All groups of a share look at one window. */
        const struct rule_variant *window = r->measure.function == MEASURE_SHARE ? &r->global : v;
        double number;
        int k = measured_number(m->facts, e->rules[r->index].all, &r->measure, window, at, &number);
        if (k < 0)
                return k;
        bool holds = k > 0 && measure_is(&r->measure, v, number), again = false;
        if (holds && m->holds && m->last_at != INSTANT_UNKNOWN)
                again = at - m->last_at >= literal_resolve(&r->measure.over, window)->value.i;
        if (holds && (!m->holds || again))
                k = is_told_by_what_is_there(&r->measure) || at <= e->rules[r->index].limit
                            ? measure_breach(e, g, number)
                            : wait_for_sources(e, r, g->client, at);
        else
                k = 0;
        m->holds = holds;
        return k;
}

/* All facts of the instant enter before any group is judged. */
static int measure_facts(struct evaluation *e, const struct rule *r, const struct posted *posts, size_t n) {
        int k = 0;
        for (size_t i = 0; i < n && k >= 0; i++)
                k = measure_fact(e, r, posts[i].fact);
        while (e->n_pending > 0 && k >= 0) {
                struct group *g = e->pending[--e->n_pending];
                g->measuring->pending = false;
                k = judge_measure(e, g, e->at);
        }
        return k;
}

/* --- absences of clients */

static int compare_ranges(const void *pa, const void *pb) {
        const struct day_range *a = pa, *b = pb;
        return (a->first > b->first) - (a->first < b->first);
}

/* Sorted and joined, as a calendar wants its days off. */
static int add_days_off(struct client_state *s, struct day_range range) {
        if (s->n_days_off >= ABSENCES_MAX + s->calendar.n_days_off)
                return 0;
        struct day_range *days = reallocarray(s->days_off, s->n_days_off + 1, sizeof(*days));
        if (!days)
                return -ENOMEM;
        days[s->n_days_off++] = range;
        qsort(days, s->n_days_off, sizeof(*days), compare_ranges);
        size_t n = 1;
        for (size_t i = 1; i < s->n_days_off; i++)
                if (days[i].first <= days[n - 1].last + 1)
                        days[n - 1].last = MAX(days[n - 1].last, days[i].last);
                else
                        days[n++] = days[i];
        s->days_off = days;
        s->n_days_off = n;
        s->calendar.days_off = days;
        s->calendar.n_days_off = n;
        return 0;
}

static void take_back(struct instance *p) {
        p->group->breaches[p->breach].withdrawn = true;
}

/* Breached and answered since: was the answer in time after all? Whoever was away says so within the longest absence, or not at all. */
static void reconsider(struct evaluation *e, struct instance *p, instant deadline, instant now) {
        bool in_time = deadline == INSTANT_UNKNOWN || p->late_at <= deadline;
        if (in_time)
                take_back(p);
        if (in_time || now - p->late_at > INT64_C(86400) * ABSENCE_DAYS_MAX)
                instance_discard(e, p);
}

/* The deadlines of a client move with its absence. One that fired although the client was away all along is taken back. */
static int reopen_deadlines(struct evaluation *e, struct client_state *s, instant now) {
        for (struct instance *p = s->instances, *next; p; p = next) {
                next = p->client_next;
                const struct rule_step *step = &instance_rule(e, p)->steps[p->position];
                if (!step->has_within || step->clock != CLOCK_CLIENT)
                        continue;
                instant deadline = step_deadline(e, p);
                if (p->ended) {
                        reconsider(e, p, deadline, now);
                        continue;
                }
                if (deadline == p->deadline)
                        continue;
                /* What seemed to have come late came in time. */
                if (p->late_at != INSTANT_UNKNOWN && (deadline == INSTANT_UNKNOWN || p->late_at <= deadline)) {
                        instance_remove(e, p);
                        continue;
                }
                if (p->breached) {
                        if (deadline != INSTANT_UNKNOWN && deadline < now)
                                continue;
                        take_back(p);
                        p->breached = false;
                }
                int k = heap_set(e, p, deadline);
                if (k < 0)
                        return k;
        }
        return 0;
}

/* Adds the days away that an automatic reply tells. 1, 0 when it tells none, negative errno. */
static int add_absence(struct evaluation *e, const struct fact *f) {
        const struct value *from = &f->values[F_MESSAGE_ABSENCE_FROM], *until = &f->values[F_MESSAGE_ABSENCE_UNTIL];
        struct client_state *s = client_state(e, f->client);
        if (f->type != FACT_MESSAGE_RECEIVED || !s || until->type != VALUE_INSTANT ||
            f->values[F_MESSAGE_AUTOMATIC].type != VALUE_BOOL || !f->values[F_MESSAGE_AUTOMATIC].b)
                return 0;
        /* Days were written without a zone and became instants in the owner's: back the same way, whatever zone the client is
         * in. The end of a day, told as midnight or as the second before it, is that day. */
        const struct zone *zone = e->settings->owner.zone ? e->settings->owner.zone : zone_utc();
        int32_t first = zone_day(zone, from->type == VALUE_INSTANT ? from->i : f->at);
        int32_t last = zone_day(zone, until->i - 1);
        if (last < first)
                return 0;
        int k = add_days_off(s, (struct day_range){first, MIN(last, first + ABSENCE_DAYS_MAX)});
        return k < 0 ? k : 1;
}

int evaluation_absence(const struct fact *f, void *userdata) {
        return MIN(add_absence(userdata, f), 0);
}

bool evaluation_wants_absences(const struct evaluation *e) {
        for (size_t i = 0; i < e->rs->n; i++)
                if (e->rules[i].listened && e->rs->rules[i].client_clock)
                        return true;
        return false;
}

/* --- facts, instant by instant */

static int compare_posted(const void *pa, const void *pb) {
        const struct posted *a = pa, *b = pb;
        if (a->rule != b->rule)
                return a->rule->index < b->rule->index ? -1 : 1;
        return (a->fact->key > b->fact->key) - (a->fact->key < b->fact->key);
}

static int rule_facts(struct evaluation *e, const struct posted *posts, size_t n) {
        const struct rule *r = posts[0].rule;
        if (r->kind == RULE_MEASURE)
                return measure_facts(e, r, posts, n);
        if (r->kind == RULE_SEQUENCE)
                return sequence_facts(e, r, posts, n);
        int k = 0;
        for (size_t i = 0; i < n && k >= 0; i++)
                k = match_fact(e, r, posts[i].fact);
        return k;
}

static int level_facts(struct evaluation *e, struct level *level) {
        if (level->n > 1)
                qsort(level->posts, level->n, sizeof(*level->posts), compare_posted);
        for (size_t i = 0, n; i < level->n; i += n) {
                for (n = 1; i + n < level->n && level->posts[i + n].rule == level->posts[i].rule; n++)
                        ;
                int k = rule_facts(e, level->posts + i, n);
                if (k < 0)
                        return k;
        }
        level->n = 0;
        return 0;
}

static int fire_level(struct evaluation *e, uint32_t depth) {
        while (e->n_heap > 0 && !e->heap[0]->stale && e->heap[0]->deadline <= e->at && e->heap[0]->depth == depth) {
                int k = fire(e, e->heap[0]);
                if (k < 0)
                        return k;
        }
        return 0;
}

/* Judges the facts gathered, of the instant e->at, and then, unless more of them are to come, the deadlines at it. */
static int judge_instant(struct evaluation *e, bool deadlines) {
        for (uint32_t depth = 0; depth < e->n_levels; depth++) {
                int k = level_facts(e, &e->levels[depth]);
                if (k >= 0 && deadlines)
                        k = fire_level(e, depth);
                if (k < 0)
                        return k;
        }
        /* Also when only deadlines fired: what they emitted lay in the same arena. */
        condition_scratch_reset(&e->scratch);
        e->n_gathered = 0;
        arena_reset(e->instant_arena);
        return e->scratch.error;
}

/* Everything before `at`, in the order of time. */
static int run_until(struct evaluation *e, instant at) {
        for (;;) {
                bool due = e->n_heap > 0 && !e->heap[0]->stale;
                instant next = due ? e->heap[0]->deadline : INT64_MAX;
                if (e->n_gathered > 0)
                        next = MIN(next, e->at);
                if (next >= at)
                        return 0;
                e->at = next;
                int k = judge_instant(e, true);
                if (k < 0)
                        return k;
        }
}

static int gather(struct evaluation *e, const struct fact *f) {
        e->seen |= BIT(f->type);
        int away = add_absence(e, f);
        if (away > 0)
                away = reopen_deadlines(e, client_state(e, f->client), f->at);
        if (away < 0)
                return away;
        size_t n = e->n_listeners[f->type];
        const struct fact *copy = n > 0 ? fact_copy(f, e->instant_arena) : NULL;
        if (n > 0 && !copy)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                int k = post(e, &e->rs->rules[e->listeners[f->type][i]], copy);
                if (k < 0)
                        return k;
        }
        e->n_gathered += n > 0;
        return 0;
}

int evaluation_fact(const struct fact *f, void *userdata) {
        struct evaluation *e = userdata;
        int k = e->n_gathered == INSTANT_FACTS_MAX && f->at == e->at ? judge_instant(e, false) : run_until(e, f->at);
        if (k < 0)
                return k;
        e->at = f->at;
        return gather(e, f);
}

/* --- the whole */

static int compare_waiting(const void *pa, const void *pb) {
        const struct waiting *a = pa, *b = pb;
        if (a->deadline != b->deadline)
                return a->deadline < b->deadline ? -1 : 1;
        if (a->rule != b->rule)
                return a->rule->index < b->rule->index ? -1 : 1;
        uint32_t x = a->client ? a->client->index : UINT32_MAX, y = b->client ? b->client->index : UINT32_MAX;
        return (x > y) - (x < y);
}

static int build_waiting(struct evaluation *e) {
        for (size_t i = 0; i < e->n_heap; i++) {
                const struct instance *p = e->heap[i];
                const struct rule *r = instance_rule(e, p);
                if (p->deadline > e->options.now || !r->steps[p->position].absent || p->excepted)
                        continue;
                int k = add_waiting(e, r, p->opening->client, p->deadline);
                if (k < 0)
                        return k;
                e->waiting[e->n_waiting - 1].unread = p->deadline <= e->rules[p->rule].limit;
        }
        if (e->n_waiting > 0)
                qsort(e->waiting, e->n_waiting, sizeof(*e->waiting), compare_waiting);
        return 0;
}

int evaluation_end(struct evaluation *e) {
        int k = run_until(e, INT64_MAX);
        if (k < 0)
                return k;
        k = build_waiting(e);
        return k < 0 ? k : build_alerts(e);
}

static int find_listeners(struct evaluation *e) {
        for (int t = 0; t < _FACT_TYPE_MAX; t++) {
                e->subject_index[t] =
                        fact_field_index((enum fact_type) t, is_meeting((enum fact_type) t) ? "summary" : "subject");
                e->thread_index[t] = fact_field_index((enum fact_type) t, "thread_id");
                e->listeners[t] = calloc(e->rs->n + 1, sizeof(uint32_t));
                if (!e->listeners[t])
                        return -ENOMEM;
                for (uint32_t i = 0; i < e->rs->n; i++)
                        if ((e->rs->rules[i].types & BIT(t)) && rule_is_on(e->rs, &e->rs->rules[i]))
                                e->listeners[t][e->n_listeners[t]++] = i;
        }
        for (size_t i = 0; i < e->rs->n; i++) {
                const struct rule *r = &e->rs->rules[i];
                for (size_t s = 0; s < r->n_steps; s++)
                        for (uint32_t k = 0; k < r->steps[s].n_rules; k++)
                                e->rules[r->steps[s].rules[k]].listened = true;
                for (uint32_t k = 0; k < r->until.n_rules; k++)
                        e->rules[r->until.rules[k]].listened = true;
        }
        return 0;
}

/* Facts that calendars tell too. */
#define CALENDAR_FACTS                                                                                                    \
        (BIT(FACT_MEETING_PLANNED) | BIT(FACT_MEETING_MOVED) | BIT(FACT_MEETING_CANCELLED) | BIT(FACT_MEETING_DECLINED) | \
         BIT(FACT_MEETING_HELD) | BIT(FACT_MEETING_LATE) | BIT(FACT_WORK_DONE))

/* How far the sources that could hold what a rule awaits were read: those of the rules it builds on are its own. */
static void set_limits(struct evaluation *e) {
        instant mail = MIN(e->options.now, e->options.read_until), all = MIN(mail, e->options.calendars_read_until);
        for (size_t i = 0; i < e->rs->n; i++)
                e->rules[i].limit = e->rs->rules[i].types & CALENDAR_FACTS ? all : mail;
        /* One is deeper than all it builds on. */
        for (uint32_t depth = 1; depth < e->n_levels; depth++)
                for (size_t i = 0; i < e->rs->n; i++) {
                        const struct rule *r = &e->rs->rules[i];
                        for (size_t s = 0; r->depth == depth && s <= r->n_steps; s++) {
                                const struct rule_step *step = s < r->n_steps ? &r->steps[s] : &r->until;
                                for (uint32_t k = 0; k < step->n_rules; k++)
                                        e->rules[i].limit = MIN(e->rules[i].limit, e->rules[step->rules[k]].limit);
                        }
                }
}

static int copy_calendars(struct evaluation *e) {
        for (size_t i = 0; i < e->settings->n_clients; i++) {
                struct client_state *s = &e->clients[i];
                s->calendar = e->settings->clients[i].calendar;
                size_t n = s->calendar.n_days_off;
                if (n == 0)
                        continue;
                s->days_off = calloc(n, sizeof(*s->days_off));
                if (!s->days_off)
                        return -ENOMEM;
                memcpy(s->days_off, s->calendar.days_off, n * sizeof(*s->days_off));
                s->n_days_off = n;
                s->calendar.days_off = s->days_off;
        }
        return 0;
}

static void evaluation_freep(struct evaluation **e) {
        evaluation_free(*e);
}

int evaluation_new(const struct ruleset *rs, const struct settings *settings, const struct eval_options *options,
                   struct evaluation **ret) {
        _cleanup_(evaluation_freep) struct evaluation *e = calloc(1, sizeof(*e));
        if (!e)
                return -ENOMEM;
        e->rs = rs;
        e->settings = settings;
        e->options = *options;
        for (size_t i = 0; i < rs->n; i++)
                e->n_levels = MAX(e->n_levels, rs->rules[i].depth + 1);
        e->levels = calloc(e->n_levels + 1, sizeof(*e->levels));
        e->n_rules = rs->n;
        e->n_clients = settings->n_clients;
        e->rules = calloc(rs->n + 1, sizeof(*e->rules));
        e->clients = calloc(settings->n_clients + 1, sizeof(*e->clients));
        e->key = malloc(KEY_ROOM);
        if (!e->rules || !e->clients || !e->key || !e->levels)
                return -ENOMEM;
        e->key_allocated = KEY_ROOM;
        int r = arena_new(0, &e->arena);
        if (r >= 0)
                r = arena_new(0, &e->instant_arena);
        if (r >= 0)
                r = find_listeners(e);
        if (r >= 0)
                r = copy_calendars(e);
        if (r < 0)
                return r;
        set_limits(e);
        *ret = TAKE_PTR(e);
        return 0;
}

static void free_rule_state(struct evaluation *e, struct rule_state *s) {
        for (size_t i = 0; s->groups.buckets && i <= s->groups.mask; i++)
                for (struct group *g = s->groups.buckets[i], *next; g; g = next) {
                        next = g->next;
                        group_free(g);
                }
        for (size_t i = 0; s->instances.buckets && i <= s->instances.mask; i++)
                for (struct instance *p = s->instances.buckets[i], *next; p; p = next) {
                        next = p->next;
                        instance_discard(e, p);
                }
        measured_free(s->all);
        free(s->groups.buckets);
        free(s->instances.buckets);
}

struct evaluation *evaluation_free(struct evaluation *e) {
        if (!e)
                return NULL;
        for (size_t i = 0; e->rules && i < e->n_rules; i++)
                free_rule_state(e, &e->rules[i]);
        for (size_t i = 0; e->clients && i < e->n_clients; i++) {
                while (e->clients[i].instances)
                        instance_discard(e, e->clients[i].instances);
                free(e->clients[i].days_off);
        }
        for (int t = 0; t < _FACT_TYPE_MAX; t++)
                free(e->listeners[t]);
        condition_scratch_free(&e->scratch);
        arena_free(e->arena);
        arena_free(e->instant_arena);
        for (size_t i = 0; e->levels && i < e->n_levels; i++)
                free(e->levels[i].posts);
        free(e->levels);
        free(e->rules);
        free(e->clients);
        free(e->heap);
        free(e->key);
        free(e->waiting);
        free(e->pending);
        free(e);
        return NULL;
}

size_t evaluation_alerts(const struct evaluation *e, const struct alert **ret) {
        *ret = e->alerts;
        return e->n_alerts;
}

size_t evaluation_waiting(const struct evaluation *e, const struct waiting **ret) {
        *ret = e->waiting;
        return e->n_waiting;
}

instant evaluation_next_deadline(const struct evaluation *e) {
        instant next = INSTANT_MAX;
        for (size_t i = 0; i < e->n_heap; i++)
                if (e->heap[i]->deadline > e->options.now)
                        next = MIN(next, e->heap[i]->deadline);
                else if (e->heap[i]->deadline <=
                         e->rules[e->heap[i]->rule].limit) /* only what could not be read holds it back */
                        next = MIN(next, e->heap[i]->deadline + UNREAD_PATIENCE);
        return next;
}

size_t evaluation_excepted(const struct evaluation *e) {
        return e->excepted;
}
