/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Small scenarios for the tests of the fold: people, messages, events, and the facts that came of them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "parsers/arena.h"
#include "parsers/civil.h"
#include "rules/fold.h"
#include "tests/zoneinfo.h"

#define SCENE_MAX 400

struct scene {
        struct arena *arena;
        struct zone *paris, *new_york;
        struct settings settings;
        struct client clients[4];
        struct stored_observation stored[SCENE_MAX];
        size_t n;
        instant now;
        struct fact *facts[SCENE_MAX];
        size_t n_facts;
        size_t calendar_order[SCENE_MAX]; /* how the unordered walk gives them */
        /* feed */
        enum observation_walk walk;
        size_t next;
        size_t message_order[SCENE_MAX], n_messages;
};

/* Paris time unless it says otherwise ("...Z", "...-05:00"). */
static inline instant when(struct scene *s, const char *text) {
        struct civil c;
        int32_t offset;
        bool date_only;
        assert_int_equal(civil_parse(text, &c, &offset, &date_only), 0);
        return offset == INT32_MIN ? zone_instant(s->paris, &c) : civil_seconds(&c) - offset;
}

static const char *scene_owner_addresses[] = {"camille@studio.example", "cm@old.example", NULL};
static const char *scene_match[][3] = {
        {"@dupont.example", NULL}, {"@acme.example", NULL}, {"@goodone.example", "jean.private@free-mail.example", NULL}};
static const char *const scene_ids[] = {"dupont", "acme", "good"};

static inline void scene_week(struct work_calendar *c, const struct zone *zone) {
        *c = (struct work_calendar){.zone = zone};
        for (int i = 0; i < 5; i++)
                c->week[i] = (struct work_day){.spans = {{9 * 60, 18 * 60}}, .n = 1};
}

/* An owner in Paris, at work Monday to Friday 09:00-18:00; clients dupont (no zone), acme (New York), good. */
static inline void scene_start(struct scene *s) {
        *s = (struct scene){};
        assert_int_equal(arena_new(0, &s->arena), 0);
        s->paris = zoneinfo_read("Europe/Paris");
        s->new_york = zoneinfo_read("America/New_York");
        if (!s->paris || !s->new_york)
                skip();
        s->now = when(s, "2027-01-01");
        s->settings = (struct settings){
                .owner = {.name = "Camille", .addresses = scene_owner_addresses, .language = "fr", .zone = s->paris},
                .clients = s->clients,
                .n_clients = 3};
        scene_week(&s->settings.owner.calendar, s->paris);
        for (uint32_t i = 0; i < 3; i++) {
                s->clients[i] =
                        (struct client){.id = scene_ids[i], .name = scene_ids[i], .match = scene_match[i], .index = i};
                s->clients[i].calendar = s->settings.owner.calendar;
        }
        s->clients[1].zone = s->new_york;
        scene_week(&s->clients[1].calendar, s->new_york);
}

static inline void scene_end(struct scene *s) {
        zone_free(s->paris);
        zone_free(s->new_york);
        arena_free(s->arena);
}

/* Written for these tests alone, so that settings.c need not be right for them to be. */
bool settings_is_owner(const struct settings *s, const char *email) {
        for (const char **a = s->owner.addresses; *a; a++)
                if (strcmp(*a, email) == 0)
                        return true;
        return false;
}

const struct client *settings_find_client(const struct settings *s, const char *email) {
        const char *at = strchr(email, '@');
        for (size_t i = 0; i < s->n_clients; i++)
                for (const char **a = s->clients[i].match; *a; a++)
                        if (strcmp(*a, email) == 0 || (**a == '@' && at && strcmp(*a, at) == 0))
                                return &s->clients[i];
        return NULL;
}

const struct client *settings_client_by_id(const struct settings *s, const char *id) {
        for (size_t i = 0; i < s->n_clients; i++)
                if (strcmp(s->clients[i].id, id) == 0)
                        return &s->clients[i];
        return NULL;
}

static inline struct observation *scene_observation(struct scene *s, enum observation_kind kind) {
        assert_true(s->n < SCENE_MAX);
        struct observation *o = arena_new0(s->arena, struct observation, 1);
        assert_non_null(o);
        *o = (struct observation){.kind = kind, .seen_at = s->now, .internal_date = INSTANT_UNKNOWN};
        s->stored[s->n] = (struct stored_observation){.id = (int64_t) s->n + 1,
                                                      .digest = (s->n + 1) * UINT64_C(0x9e3779b97f4a7c15),
                                                      .source = "mail",
                                                      .observation = o};
        s->calendar_order[s->n] = s->n;
        s->n++;
        return o;
}

static inline struct address_list people_list(struct scene *s, const char *comma_separated) {
        struct address_list l = {.items = arena_new0(s->arena, struct address, 16)};
        char *copy = arena_strdup(s->arena, comma_separated);
        for (char *p = copy; p && *p;) {
                char *comma = strchr(p, ',');
                if (comma)
                        *comma = '\0';
                l.items[l.n++].email = p;
                p = comma ? comma + 1 : NULL;
        }
        return l;
}

static inline struct text_list ids_list(struct scene *s, const char *comma_separated) {
        struct address_list a = people_list(s, comma_separated);
        struct text_list l = {.items = arena_new0(s->arena, const char *, 16), .n = a.n};
        for (uint32_t i = 0; i < a.n; i++)
                l.items[i] = a.items[i].email;
        return l;
}

/* A mail, sent and delivered at `at` unless changed afterwards. `refs` are its References, the last one In-Reply-To; may
 * be NULL. */
static inline struct message *mail(struct scene *s, const char *id, const char *from, const char *to, const char *at,
                                   const char *subject, const char *refs) {
        struct observation *o = scene_observation(s, OBSERVATION_MESSAGE);
        struct message *m = &o->message;
        m->message_id = id;
        m->from = people_list(s, from);
        m->to = people_list(s, to);
        m->subject = subject;
        m->thread_subject = strncmp(subject, "re: ", 4) == 0 ? subject + 4 : subject;
        m->sent_at = m->received_at = when(s, at);
        m->sent_offset = INT32_MIN;
        m->words = 10;
        if (refs) {
                m->references = ids_list(s, refs);
                m->in_reply_to = (struct text_list){.items = &m->references.items[m->references.n - 1], .n = 1};
                m->flags |= MESSAGE_REPLY;
        }
        if (strncmp(subject, "re: ", 4) == 0)
                m->flags |= MESSAGE_REPLY;
        return m;
}

#define ME "camille@studio.example"
#define JEAN "jean@dupont.example"
#define MARIE "marie@dupont.example"
#define BOB "bob@acme.example"
#define GOOD "anna@goodone.example"

static inline int scene_feed_start(void *userdata, enum observation_walk walk, bool texts) {
        struct scene *s = userdata;
        (void) texts;
        s->walk = walk;
        s->next = 0;
        s->n_messages = 0;
        for (size_t i = 0; i < s->n; i++) {
                const struct stored_observation *so = &s->stored[i];
                if (so->observation->kind != OBSERVATION_MESSAGE)
                        continue;
                instant at = message_time(so->observation, message_is_from_owner(&so->observation->message, &s->settings));
                size_t j = s->n_messages++;
                for (; j > 0; j--) {
                        const struct stored_observation *p = &s->stored[s->message_order[j - 1]];
                        instant other =
                                message_time(p->observation, message_is_from_owner(&p->observation->message, &s->settings));
                        if (other < at || (other == at && p->digest <= so->digest))
                                break;
                        s->message_order[j] = s->message_order[j - 1];
                }
                s->message_order[j] = i;
        }
        return 0;
}

static inline int scene_feed_next(void *userdata, struct stored_observation *ret) {
        struct scene *s = userdata;
        if (s->walk == WALK_MESSAGES) {
                if (s->next >= s->n_messages)
                        return 0;
                *ret = s->stored[s->message_order[s->next++]];
                return 1;
        }
        while (s->next < s->n) {
                const struct stored_observation *so = &s->stored[s->calendar_order[s->next++]];
                const struct observation *o = so->observation;
                if (o->kind == OBSERVATION_MESSAGE && o->message.calendar.n == 0 && !o->message.cancellation_because)
                        continue;
                *ret = *so;
                return 1;
        }
        return 0;
}

static inline int scene_found(const struct fact *fact, void *userdata) {
        struct scene *s = userdata;
        assert_true(s->n_facts < SCENE_MAX);
        if (s->n_facts > 0) {
                const struct fact *last = s->facts[s->n_facts - 1];
                assert_true(last->at < fact->at || (last->at == fact->at && last->key <= fact->key));
        }
        assert_true(fact->at <= s->now);
        s->facts[s->n_facts++] = fact_copy(fact, s->arena);
        return 0;
}

static inline size_t scene_fold(struct scene *s) {
        const struct observation_feed feed = {.start = scene_feed_start, .next = scene_feed_next, .userdata = s};
        const struct fold_options options = {.now = s->now, .texts = true};
        s->n_facts = 0;
        assert_int_equal(fold(&feed, &s->settings, &options, scene_found, s), 0);
        return s->n_facts;
}

static inline size_t count(const struct scene *s, enum fact_type type) {
        size_t n = 0;
        for (size_t i = 0; i < s->n_facts; i++)
                n += s->facts[i]->type == type;
        return n;
}

/* The i-th fact of a type. */
static inline const struct fact *nth(const struct scene *s, enum fact_type type, size_t i) {
        for (size_t k = 0; k < s->n_facts; k++)
                if (s->facts[k]->type == type && i-- == 0)
                        return s->facts[k];
        fail_msg("no such %s", fact_table[type].name);
        return NULL;
}

static inline struct value field(const struct fact *f, const char *name) {
        assert_true(fact_field_index(f->type, name) != -ENOENT);
        return fact_value(f, name);
}

#define assert_bool(f, name, want)                                 \
        do {                                                       \
                assert_int_equal(field(f, name).type, VALUE_BOOL); \
                assert_int_equal(field(f, name).b, want);          \
        } while (0)
#define assert_none(f, name) assert_int_equal(field(f, name).type, VALUE_NONE)
#define assert_number(f, name, want)                                   \
        do {                                                           \
                assert_int_not_equal(field(f, name).type, VALUE_NONE); \
                assert_int_equal(field(f, name).i, want);              \
        } while (0)
#define assert_word(f, name, want)                           \
        do {                                                 \
                assert_non_null(field(f, name).s);           \
                assert_string_equal(field(f, name).s, want); \
        } while (0)
