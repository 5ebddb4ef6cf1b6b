/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/discover.h"

#include <idn2.h>
#include <stdio.h>

#include "parsers/utf8.h"
#include "rules/conversation.h"
#include "rules/domain.h"
#include "rules/people.h"

/* A mail to more people is a mailing: it says nothing of who works with whom. */
#define RECIPIENTS_OF_MAILING 10U
/* A meeting of more people is a webinar. */
#define ATTENDEES_OF_WEBINAR 20U
#define WEEK_SECONDS (7 * DAY_SECONDS)

/* What makes correspondents of strangers: below this it was one matter, an offer refused or an order in a shop. */
#define SENT_MIN 2U
#define RECEIVED_MIN 2U
#define ANSWERS_MIN 2U
/* Who writes this many times for each message of the owner's writes to many. */
#define RECEIVED_FOR_ONE_SENT_MAX 10U
#define WEEKS_MIN 3U
#define SPAN_MIN (14 * DAY_SECONDS)
/* Without quotes or meetings, who works with the owner asks for things. */
#define ASKED_MIN 2U

/* --- tables --------------------------------------------------------------------------------------------------------- */

/* From a hash to a number; at most half full. */
struct index {
        uint64_t *keys;   /* owned; 0: free */
        uint32_t *values; /* owned */
        size_t n, size;
};

static void index_free(struct index *t) {
        free(t->keys);
        free(t->values);
}

static size_t index_look(const struct index *t, uint64_t key) {
        size_t i = (size_t) (key ^ key >> 32) & (t->size - 1);
        while (t->keys[i] != 0 && t->keys[i] != key)
                i = (i + 1) & (t->size - 1);
        return i;
}

static int index_grow(struct index *t) {
        struct index wider = {.n = t->n, .size = t->size == 0 ? 1024 : 2 * t->size};
        wider.keys = calloc(wider.size, sizeof(*wider.keys));
        wider.values = calloc(wider.size, sizeof(*wider.values));
        if (!wider.keys || !wider.values) {
                index_free(&wider);
                return -ENOMEM;
        }
        for (size_t i = 0; i < t->size; i++)
                if (t->keys[i] != 0) {
                        size_t at = index_look(&wider, t->keys[i]);
                        wider.keys[at] = t->keys[i];
                        wider.values[at] = t->values[i];
                }
        index_free(t);
        *t = wider;
        return 0;
}

/* The value of a key (never 0), made with the value 0 when it is new. */
static int index_at(struct index *t, uint64_t key, uint32_t **ret) {
        if (2 * (t->n + 1) > t->size) {
                int r = index_grow(t);
                if (r < 0)
                        return r;
        }
        size_t i = index_look(t, key);
        if (t->keys[i] == 0) {
                t->keys[i] = key;
                t->n++;
        }
        *ret = &t->values[i];
        return 0;
}

/* --- clocks ---------------------------------------------------------------------------------------------------------- */

/* Zones that are proposed. Of several with one clock, the domain's country decides, or nobody does. */
static const struct {
        const char *name, *country; /* country: top-level domain */
} clocks[] = {
        {"Europe/Paris", "fr"},
        {"Europe/Brussels", "be"},
        {"Europe/Zurich", "ch"},
        {"Europe/Luxembourg", "lu"},
        {"Europe/Berlin", "de"},
        {"Europe/Vienna", "at"},
        {"Europe/Amsterdam", "nl"},
        {"Europe/Madrid", "es"},
        {"Europe/Rome", "it"},
        {"Europe/Warsaw", "pl"},
        {"Europe/Stockholm", "se"},
        {"Europe/Copenhagen", "dk"},
        {"Europe/Oslo", "no"},
        {"Europe/Prague", "cz"},
        {"Europe/London", "uk"},
        {"Europe/Dublin", "ie"},
        {"Europe/Lisbon", "pt"},
        {"Europe/Athens", "gr"},
        {"Europe/Helsinki", "fi"},
        {"Europe/Bucharest", "ro"},
        {"Europe/Istanbul", "tr"},
        {"Europe/Moscow", "ru"},
        {"Africa/Casablanca", "ma"},
        {"Africa/Tunis", "tn"},
        {"Asia/Dubai", "ae"},
        {"Asia/Kolkata", "in"},
        {"Asia/Singapore", "sg"},
        {"Asia/Hong_Kong", "hk"},
        {"Asia/Shanghai", "cn"},
        {"Asia/Tokyo", "jp"},
        {"Asia/Seoul", "kr"},
        {"Australia/Sydney", "au"},
        {"Pacific/Auckland", "nz"},
        {"America/New_York", "us"},
        {"America/Toronto", "ca"},
        {"America/Chicago", NULL},
        {"America/Denver", NULL},
        {"America/Los_Angeles", NULL},
        {"America/Sao_Paulo", "br"},
        {"America/Bogota", "co"},
        {"America/Argentina/Buenos_Aires", "ar"},
};
#define CLOCKS ELEMENTSOF(clocks)
/* Fewer votes say little, and one in ten may come from a journey. */
#define VOTES_NEEDED 5U
#define VOTES_SHARE(n) ((n) - (n) / 10)

struct votes {
        uint32_t n, owner, hits[CLOCKS];
};

/* --- what is known of each ------------------------------------------------------------------------------------------- */

struct person_seen {
        const char *key; /* address_key() */
        const char *email, *name;
        uint32_t group;
        uint32_t received, sent;
};

struct group {
        const char *key;    /* "@dupont.example" or the address key */
        const char *domain; /* organisation, NULL for a person alone */
        bool unfit;         /* a colleague's, or spelled in a way that no configuration holds */
        uint32_t received, sent, answers, weeks, meetings;
        uint32_t sold, bought, asked, asked_by_owner, daytime;
        int64_t week; /* the last one with a message */
        instant first_at, last_at;
        struct votes *votes; /* made with the first one */
        struct discovered_person top[DISCOVERED_PEOPLE_MAX];
        uint32_t n_people;
        uint32_t lead; /* the person with most messages: index from 1 */
};

struct discovering {
        const struct settings *settings;
        const struct discover_options *options;
        struct arena *arena;
        struct people *people;
        char house[ADDRESS_KEY_SIZE]; /* the owner's first address: the owner's firm; a client may have given the others */
        struct zone_clock clock;
        struct zone_clock zones[CLOCKS];
        struct person_seen *persons; /* owned */
        struct group *groups;        /* owned */
        size_t n_persons, persons_room, n_groups, groups_room;
        struct index person_index, group_index;
        struct index seen;  /* message keys: 1 theirs, 2 the owner's */
        struct index meets; /* group and uid */
        uint64_t messages, own;
};

static void discovering_done(struct discovering *d) {
        for (size_t i = 0; i < d->n_groups; i++)
                free(d->groups[i].votes);
        free(d->persons);
        free(d->groups);
        index_free(&d->person_index);
        index_free(&d->group_index);
        index_free(&d->seen);
        index_free(&d->meets);
        people_free(d->people);
}

static int make_room(void *items_field, size_t size, size_t n, size_t *room) {
        void *items;
        if (n < *room)
                return 0;
        memcpy(&items, items_field, sizeof(items));
        size_t wanted = MAX(2 * *room, 256U);
        items = reallocarray(items, wanted, size);
        if (!items)
                return -ENOMEM;
        memcpy(items_field, &items, sizeof(items));
        *room = wanted;
        return 0;
}

/* The client that has single addresses of this organisation. */
static const struct client *client_within(const struct settings *s, const char *domain) {
        for (size_t i = 0; i < s->n_clients; i++)
                for (const char **m = s->clients[i].match; m && *m; m++) {
                        char key[ADDRESS_KEY_SIZE];
                        const char *of = address_key(*m, key) > 0 ? domain_organisation(address_domain(key)) : NULL;
                        if (of && str_eq(of, domain))
                                return &s->clients[i];
                }
        return NULL;
}

/* Letters, digits and what stands in ordinary addresses: nothing that YAML or a line of its comments ends at. */
static bool is_plain(const char *key) {
        for (; *key; key++)
                if (!((*key >= 'a' && *key <= 'z') || (*key >= '0' && *key <= '9') || (unsigned char) *key >= 0x80 ||
                      strchr("@._-+=%", *key)))
                        return false;
        return true;
}

static int group_find(struct discovering *d, const char *person_key, uint32_t *ret) {
        const char *domain = domain_organisation(address_domain(person_key));
        char key[ADDRESS_KEY_SIZE + 1];
        if (domain && domain_free_mail(domain) != FREE_MAIL_NO)
                domain = NULL;
        key[0] = '@';
        memcpy(domain ? key + 1 : key, domain ? domain : person_key, strlen(domain ? domain : person_key) + 1);
        /* Two that share a hash are told apart by looking on from there. */
        for (uint64_t hash = hash_bytes(key, strlen(key), 2);; hash = hash_mix(hash, 1) | 1) {
                uint32_t *value;
                int r = index_at(&d->group_index, hash, &value);
                if (r < 0)
                        return r;
                if (*value > 0 && !str_eq(d->groups[*value - 1].key, key))
                        continue;
                if (*value == 0) {
                        r = make_room(&d->groups, sizeof(*d->groups), d->n_groups, &d->groups_room);
                        const char *copy = r < 0 ? NULL : arena_strdup(d->arena, key);
                        if (!copy)
                                return -ENOMEM;
                        d->groups[d->n_groups] =
                                (struct group){.key = copy,
                                               .domain = domain ? copy + 1 : NULL,
                                               .unfit = !is_plain(key) || address_same_organisation(person_key, d->house),
                                               .week = INT64_MIN,
                                               .first_at = INSTANT_UNKNOWN,
                                               .last_at = INSTANT_UNKNOWN};
                        *value = (uint32_t) ++d->n_groups;
                }
                *ret = *value - 1;
                return 0;
        }
}

/* Somebody who is neither owner, colleague nor client: 1 and the index; 0 for those. The name of a NULL one is not known. */
static int person_find(struct discovering *d, const struct address *a, uint32_t *ret) {
        char key[ADDRESS_KEY_SIZE];
        if (people_find(d->people, a->email).side != SIDE_NOBODY || address_key(a->email, key) == 0 || key[0] == '@' ||
            !*address_domain(key))
                return 0;
        for (uint64_t hash = hash_bytes(key, strlen(key), 1);; hash = hash_mix(hash, 1) | 1) {
                uint32_t *value;
                int r = index_at(&d->person_index, hash, &value);
                if (r < 0)
                        return r;
                if (*value > 0 && !str_eq(d->persons[*value - 1].key, key))
                        continue;
                if (*value == 0) {
                        struct person_seen p = {.key = arena_strdup(d->arena, key),
                                                .email = arena_strdup(d->arena, a->email)};
                        if (!p.key || !p.email || make_room(&d->persons, sizeof(p), d->n_persons, &d->persons_room) < 0 ||
                            group_find(d, p.key, &p.group) < 0)
                                return -ENOMEM;
                        d->persons[d->n_persons] = p;
                        *value = (uint32_t) ++d->n_persons;
                }
                *ret = *value - 1;
                break;
        }
        /* The name as last written; one that is an address says nothing. */
        struct person_seen *p = &d->persons[*ret];
        if (!str_empty(a->name) && !strchr(a->name, '@') && !str_eq(a->name, p->name) &&
            !(p->name = arena_strdup(d->arena, a->name)))
                return -ENOMEM;
        return !d->groups[p->group].unfit;
}

/* --- words ------------------------------------------------------------------------------------------------------------ */

/* Of subjects and file names, folded; whole words. What one sends who is to be paid. */
static const char *const bills[] = {"devis",       "facture",  "factures",   "quote",    "quotation", "invoice",
                                    "invoices",    "estimate", "angebot",    "rechnung", "offerte",   "factuur",
                                    "presupuesto", "factura",  "preventivo", "fattura",  "acompte",   "proforma"};
/* What one sends who pays. */
static const char *const orders[] = {"bon de commande",   "purchase order",    "cahier des charges",
                                     "appel d'offres",    "statement of work", "demande de devis",
                                     "request for quote", "lettre de mission", "auftrag",
                                     "bestellung",        "opdracht",          "brief",
                                     "briefing",          "demande de prix",   "anfrage",
                                     "consultation"};

/* A letter of any script, or a digit: names of files part words by everything else. */
static bool is_word_at(const char *s, size_t n, size_t i) {
        return i < n && ((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= '0' && s[i] <= '9') || (unsigned char) s[i] >= 0x80);
}

static bool has_word(const char *s, const char *const *words, size_t n_words) {
        char folded[512];
        size_t n = s ? utf8_fold(s, strnlen(s, sizeof(folded) - 1), folded, sizeof(folded)) : 0;
        for (size_t w = 0; w < n_words && n > 0; w++) {
                size_t size = strlen(words[w]);
                for (const char *p = folded; (p = strstr(p, words[w])); p++) {
                        size_t at = (size_t) (p - folded);
                        if ((at == 0 || !is_word_at(folded, n, at - 1)) && !is_word_at(folded, n, at + size))
                                return true;
                }
        }
        return false;
}

static bool names(const struct message *m, const char *const *words, size_t n_words) {
        if (has_word(m->subject, words, n_words))
                return true;
        for (uint32_t i = 0; i < m->attachments.n; i++)
                if (has_word(m->attachments.items[i].name, words, n_words))
                        return true;
        return false;
}

/* --- messages ---------------------------------------------------------------------------------------------------------- */

static int64_t week_of(instant at) {
        /* 1 January 1970 was a Thursday. */
        int64_t s = at + 3 * DAY_SECONDS;
        return s >= 0 ? s / WEEK_SECONDS : -1 - (-1 - s) / WEEK_SECONDS;
}

static bool is_answer(struct discovering *d, const struct message *m, bool from_owner) {
        const char *parent = m->in_reply_to.n > 0  ? m->in_reply_to.items[0]
                             : m->references.n > 0 ? m->references.items[m->references.n - 1]
                                                   : NULL;
        if (!parent || d->seen.n == 0)
                return false;
        size_t i = index_look(&d->seen, message_id_key(parent));
        return d->seen.keys[i] != 0 && d->seen.values[i] == (from_owner ? 1 : 2);
}

static int vote(struct discovering *d, struct group *g, const struct message *m) {
        if (m->sent_at == INSTANT_UNKNOWN || m->sent_offset == INT32_MIN || (m->flags & MESSAGE_NO_DATE))
                return 0;
        if (!g->votes && !(g->votes = calloc(1, sizeof(*g->votes))))
                return -ENOMEM;
        struct votes *v = g->votes;
        v->n++;
        v->owner += zone_offset(d->settings->owner.zone, m->sent_at) == m->sent_offset;
        for (size_t i = 0; i < CLOCKS; i++)
                v->hits[i] += d->zones[i].zone && zone_clock_offset(&d->zones[i], m->sent_at) == m->sent_offset;
        return 0;
}

/* Monday to Friday, 08:00 to 20:00 on the owner's wall: work, by a wide measure. */
static bool is_daytime(struct discovering *d, instant at) {
        int64_t local = at + zone_clock_offset(&d->clock, at);
        struct civil c = civil_from_seconds(local);
        return civil_weekday(civil_days(c.year, c.month, c.day)) <= 5 && c.hour >= 8 && c.hour < 20;
}

static void count(struct group *g, instant at) {
        int64_t week = week_of(at);
        g->weeks += week != g->week;
        g->week = week;
        if (g->first_at == INSTANT_UNKNOWN)
                g->first_at = at;
        g->last_at = at;
}

static bool is_request(const struct message *m) {
        return (m->flags & MESSAGE_REQUEST) && !(m->flags & MESSAGE_THANKS);
}

static int add_received(struct discovering *d, const struct message *m, instant at) {
        const struct address *author = message_author(m);
        enum addressed addressed = people_addressed(d->people, m);
        uint32_t i;
        int r = author && (addressed == ADDRESSED_TO || addressed == ADDRESSED_COPY) ? person_find(d, author, &i) : 0;
        if (r <= 0)
                return r;
        struct group *g = &d->groups[d->persons[i].group];
        d->persons[i].received++;
        g->received++;
        g->daytime += is_daytime(d, at);
        g->answers += is_answer(d, m, false);
        g->asked += is_request(m) && addressed == ADDRESSED_TO;
        if (names(m, orders, ELEMENTSOF(orders)))
                g->sold++;
        /* Who writes about a quote may want one: a bill of theirs is a file. */
        else if (m->attachments.n > 0 && names(m, bills, ELEMENTSOF(bills)))
                g->bought++;
        count(g, at);
        return vote(d, g, m);
}

/* Once for each group, however many of its people it goes to. */
static int add_sent(struct discovering *d, const struct message *m, instant at) {
        uint32_t groups[RECIPIENTS_OF_MAILING], n = 0;
        bool answers = is_answer(d, m, true);
        for (uint32_t k = 0; k < m->to.n; k++) {
                uint32_t i, j = 0;
                int r = person_find(d, &m->to.items[k], &i);
                if (r < 0)
                        return r;
                if (r == 0)
                        continue;
                d->persons[i].sent++;
                while (j < n && groups[j] != d->persons[i].group)
                        j++;
                if (j == n)
                        groups[n++] = d->persons[i].group;
        }
        for (uint32_t j = 0; j < n; j++) {
                struct group *g = &d->groups[groups[j]];
                g->sent++;
                g->answers += answers;
                g->asked_by_owner += is_request(m);
                g->sold += m->attachments.n > 0 && names(m, bills, ELEMENTSOF(bills));
                count(g, at);
        }
        return 0;
}

/* Mail that a client has part in is that client's matter, whoever else is on it. */
static bool concerns_client(struct discovering *d, const struct message *m) {
        const struct address_list *lists[] = {&m->from, &m->to, &m->cc};
        for (size_t l = 0; l < ELEMENTSOF(lists); l++)
                for (uint32_t i = 0; i < lists[l]->n; i++)
                        if (people_find(d->people, lists[l]->items[i].email).side == SIDE_CLIENT)
                                return true;
        return false;
}

static int add_message(struct discovering *d, const struct observation *o) {
        const struct message *m = &o->message;
        if (m->automatic != AUTOMATIC_NO || m->list_id || m->to.n + m->cc.n > RECIPIENTS_OF_MAILING)
                return 0;
        bool from_owner = people_is_from_owner(d->people, m);
        instant at = message_time(o, from_owner);
        if (at == INSTANT_UNKNOWN || at > d->options->now)
                return at == INSTANT_UNKNOWN ? 0 : 1;
        d->own += from_owner;
        if (concerns_client(d, m))
                return 0;
        uint32_t *side;
        int r = index_at(&d->seen, message_key(m), &side);
        if (r < 0 || *side != 0) /* a copy in another folder */
                return r;
        *side = from_owner ? 2 : 1;
        r = from_owner ? add_sent(d, m, at) : add_received(d, m, at);
        return MIN(r, 0);
}

static int add_messages(struct discovering *d, const struct observation_feed *feed) {
        struct stored_observation stored;
        int r = feed->start(feed->userdata, WALK_MESSAGES, false);
        while (r >= 0 && (r = feed->next(feed->userdata, &stored)) > 0) {
                if (stored.observation->kind != OBSERVATION_MESSAGE)
                        continue;
                r = add_message(d, stored.observation);
                if (r > 0)
                        break;
                if (++d->messages % 10000 == 0 && d->options->progress)
                        d->options->progress(d->messages, d->options->userdata);
        }
        return MIN(r, 0);
}

/* --- meetings ---------------------------------------------------------------------------------------------------------- */

static int add_meeting_of(struct discovering *d, const struct event *e, const struct attendee *a) {
        uint32_t i, *known;
        if (!a || a->resource)
                return 0;
        int r = person_find(d, &(struct address){.name = NULL, .email = a->email}, &i);
        if (r <= 0)
                return r;
        uint32_t group = d->persons[i].group;
        r = index_at(&d->meets, hash_bytes(e->uid, strlen(e->uid), group + 1), &known);
        if (r >= 0 && *known == 0) {
                *known = 1;
                d->groups[group].meetings++;
        }
        return r;
}

/* A meeting is called off as a whole by a version of it that has no recurrence id. Calendars are walked in any order, so
 * those are found first. */
static bool is_called_off(const struct event *e) {
        return (e->method == ITIP_CANCEL || e->status == EVENT_STATUS_CANCELLED) && e->recurrence_id.form == MOMENT_NONE;
}

static int add_event(struct discovering *d, const struct event *e, struct index *cancelled, bool find_cancelled) {
        uint32_t *mark;
        int r = index_at(cancelled, hash_bytes(e->uid, strlen(e->uid), 0), &mark);
        if (r < 0)
                return r;
        if (find_cancelled) {
                *mark |= is_called_off(e);
                return 0;
        }
        if (*mark || e->method == ITIP_PUBLISH || e->attendees.n > ATTENDEES_OF_WEBINAR ||
            (e->start.form == MOMENT_INSTANT && e->start.at > d->options->now))
                return 0;
        r = add_meeting_of(d, e, e->organizer);
        for (uint32_t i = 0; i < e->attendees.n && r >= 0; i++)
                r = add_meeting_of(d, e, &e->attendees.items[i]);
        return r;
}

static int walk_meetings(struct discovering *d, const struct observation_feed *feed, struct index *cancelled,
                         bool find_cancelled) {
        struct stored_observation stored;
        int r = feed->start(feed->userdata, WALK_CALENDAR, false);
        while (r >= 0 && (r = feed->next(feed->userdata, &stored)) > 0) {
                const struct observation *o = stored.observation;
                if (o->kind == OBSERVATION_EVENT)
                        r = add_event(d, &o->event, cancelled, find_cancelled);
                for (uint32_t i = 0; o->kind == OBSERVATION_MESSAGE && i < o->message.calendar.n && r >= 0; i++)
                        r = add_event(d, &o->message.calendar.items[i], cancelled, find_cancelled);
        }
        return MIN(r, 0);
}

static int add_meetings(struct discovering *d, const struct observation_feed *feed) {
        struct index cancelled = {0};
        int r = walk_meetings(d, feed, &cancelled, true);
        if (r >= 0)
                r = walk_meetings(d, feed, &cancelled, false);
        index_free(&cancelled);
        return r;
}

/* --- judging ----------------------------------------------------------------------------------------------------------- */

/* The last word of a name, folded: "Martin" of "Camille Martin". */
static void surname(const char *name, char *ret, size_t size) {
        const char *last = name ? strrchr(name, ' ') : NULL;
        ret[0] = 0;
        if (last)
                (void) utf8_fold(last + 1, strlen(last + 1), ret, size);
}

static bool is_family(const struct discovering *d, const struct group *g) {
        char own[128], theirs[128];
        surname(d->settings->owner.name, own, sizeof(own));
        surname(g->lead > 0 ? d->persons[g->lead - 1].name : NULL, theirs, sizeof(theirs));
        return own[0] && str_eq(own, theirs);
}

static bool looks_like_client(const struct discovering *d, const struct group *g) {
        if (g->sent < SENT_MIN || g->received < RECEIVED_MIN || g->answers < ANSWERS_MIN || g->weeks < WEEKS_MIN ||
            g->last_at - g->first_at < SPAN_MIN || g->received > RECEIVED_FOR_ONE_SENT_MAX * g->sent)
                return false;
        if (g->bought > g->sold) /* a supplier: they send the invoices */
                return false;
        /* A person alone: friends meet, too, but by evening and on Sundays. An organisation may well write at night; that
         * is what its client would want to see. */
        if (!g->domain)
                return g->sold > 0 || (g->meetings > 0 && 2 * g->daytime >= g->received && !is_family(d, g));
        /* Who is asked and never asks is a helpdesk. */
        return g->sold > 0 || g->meetings > 0 || (g->asked >= ASKED_MIN && 2 * g->asked >= g->asked_by_owner);
}

/* Mail both ways and the weeks it took count most, proofs of work after that; nothing without end. */
static uint32_t score(const struct discovering *d, const struct group *g) {
        uint32_t s = MIN(2 * MIN(g->received, g->sent), 60U) + 2 * MIN(g->weeks, 26U) + MIN(g->answers, 20U) +
                     8 * MIN(g->sold, 5U) + 5 * MIN(g->meetings, 8U) + MIN(g->asked, 20U);
        /* Clients of long ago stand behind those of today. */
        return d->options->now - g->last_at > 365 * DAY_SECONDS ? s / 2 : s;
}

static const char *time_zone(const struct discovering *d, const struct group *g) {
        const struct votes *v = g->votes;
        if (!v || v->n < VOTES_NEEDED || v->owner >= VOTES_SHARE(v->n))
                return NULL;
        const char *tld = g->domain ? strrchr(g->domain, '.') : NULL, *found = NULL, *at_home = NULL;
        size_t n = 0;
        for (size_t i = 0; i < CLOCKS; i++) {
                if (!d->zones[i].zone || v->hits[i] < VOTES_SHARE(v->n))
                        continue;
                n++;
                found = clocks[i].name;
                if (tld && clocks[i].country && str_eq(tld + 1, clocks[i].country))
                        at_home = clocks[i].name;
        }
        /* New York and Toronto keep one clock in two countries: New York's name stands for both in every calendar. */
        if (!at_home && n == 2 && str_eq(found, "America/Toronto"))
                found = "America/New_York", n = 1;
        return at_home ? at_home : n == 1 ? found : NULL;
}

static void name_people(struct discovering *d) {
        for (size_t i = 0; i < d->n_persons; i++) {
                const struct person_seen *p = &d->persons[i];
                struct group *g = &d->groups[p->group];
                struct discovered_person one = {
                        .email = p->email, .name = p->name, .received = p->received, .sent = p->sent};
                if (p->received + p->sent == 0)
                        continue;
                uint32_t at = MIN(g->n_people, DISCOVERED_PEOPLE_MAX);
                g->n_people++;
                while (at > 0) {
                        const struct discovered_person *b = &g->top[at - 1];
                        uint32_t have = b->received + b->sent, want = one.received + one.sent;
                        if (have > want || (have == want && strcmp(b->email, one.email) < 0))
                                break;
                        if (at < DISCOVERED_PEOPLE_MAX)
                                g->top[at] = *b;
                        at--;
                }
                if (at < DISCOVERED_PEOPLE_MAX)
                        g->top[at] = one;
                if (at == 0)
                        g->lead = (uint32_t) i + 1;
        }
}

/* --- names -------------------------------------------------------------------------------------------------------------- */

/* The label that names an organisation, in its own letters: "müller" of "xn--mller-kva.de". */
static const char *own_label(struct arena *arena, const char *domain) {
        size_t n = strcspn(domain, ".");
        char *label = arena_strndup(arena, domain, n), *shown = NULL;
        if (label && idn2_to_unicode_8z8z(label, &shown, 0) == IDN2_OK) {
                const char *copy = arena_strdup(arena, shown);
                label = copy && utf8_clean(copy, strlen(copy)) ? (char *) copy : label;
        }
        idn2_free(shown);
        return label;
}

/* "dupont-conseil" becomes "Dupont Conseil". */
static const char *name_of_label(struct arena *arena, const char *label) {
        char *name = arena_strdup(arena, label);
        for (char *p = name; p && *p; p++) {
                if (*p == '-' || *p == '_')
                        *p = ' ';
                if ((p == name || p[-1] == ' ') && *p >= 'a' && *p <= 'z')
                        *p = (char) (*p - 32);
        }
        return name;
}

#define ID_MAX 32U

/* Small letters, digits and hyphens; "" when nothing is left. */
static void slug(const char *s, char ret[static ID_MAX + 1]) {
        char folded[256];
        size_t n = utf8_fold(s, strnlen(s, sizeof(folded) - 1), folded, sizeof(folded)), size = 0;
        for (size_t i = 0; i < n && size < ID_MAX; i++) {
                bool word = (folded[i] >= 'a' && folded[i] <= 'z') || (folded[i] >= '0' && folded[i] <= '9');
                if (word)
                        ret[size++] = folded[i];
                else if (size > 0 && ret[size - 1] != '-' && folded[i] != '\'')
                        ret[size++] = '-';
        }
        while (size > 0 && ret[size - 1] == '-')
                size--;
        ret[size] = 0;
}

static bool id_is_taken(const struct settings *s, const struct discovered *items, size_t n, const char *id) {
        for (size_t i = 0; i < n; i++)
                if (str_eq(items[i].id, id))
                        return true;
        return settings_client_by_id(s, id);
}

static const char *make_id(struct discovering *d, const struct discovered *items, size_t n, const char *from) {
        char stem[ID_MAX + 1], id[ID_MAX + 24];
        slug(from, stem);
        if (!stem[0])
                memcpy(stem, "client", sizeof("client"));
        memcpy(id, stem, strlen(stem) + 1);
        for (uint32_t k = 2; id_is_taken(d->settings, items, n, id); k++)
                (void) snprintf(id, sizeof(id), "%s-%" PRIu32, stem, k);
        return arena_strdup(d->arena, id);
}

static int propose(struct discovering *d, const struct group *g, struct discovered *items, size_t n) {
        struct discovered *f = &items[n];
        const char *label = g->domain ? own_label(d->arena, g->domain) : NULL;
        *f = (struct discovered){.match = g->domain ? g->key : g->top[0].email,
                                 .time_zone = time_zone(d, g),
                                 .client = g->domain ? client_within(d->settings, g->domain) : NULL,
                                 .score = score(d, g),
                                 .received = g->received,
                                 .sent = g->sent,
                                 .answers = g->answers,
                                 .weeks = g->weeks,
                                 .meetings = g->meetings,
                                 .business = g->sold,
                                 .asked = g->asked,
                                 .first_at = g->first_at,
                                 .last_at = g->last_at,
                                 .n_people = g->n_people};
        memcpy(f->people, g->top, sizeof(f->people));
        f->name = label ? name_of_label(d->arena, label) : g->top[0].name ? g->top[0].name : g->top[0].email;
        f->id = make_id(d, items, n, label ? label : f->name);
        return f->name && f->id && (label || !g->domain) ? 0 : -ENOMEM;
}

struct ranked {
        const struct group *group;
        uint32_t score;
};

static int compare_ranked(const void *pa, const void *pb) {
        const struct ranked *a = pa, *b = pb;
        if (a->score != b->score)
                return a->score > b->score ? -1 : 1;
        return strcmp(a->group->key, b->group->key);
}

static int judge(struct discovering *d, struct discovery *ret) {
        name_people(d);
        struct ranked *ranked = calloc(d->n_groups + 1, sizeof(*ranked));
        if (!ranked)
                return -ENOMEM;
        size_t n = 0;
        for (size_t i = 0; i < d->n_groups; i++)
                if (looks_like_client(d, &d->groups[i]))
                        ranked[n++] = (struct ranked){&d->groups[i], score(d, &d->groups[i])};
        qsort(ranked, n, sizeof(*ranked), compare_ranked);
        struct discovered *items = arena_new0(d->arena, struct discovered, n + 1);
        int r = items ? 0 : -ENOMEM;
        for (size_t i = 0; i < n && r >= 0; i++)
                r = propose(d, ranked[i].group, items, i);
        free(ranked);
        if (r >= 0)
                *ret = (struct discovery){.items = items, .n = n, .messages = d->messages, .own = d->own};
        return r;
}

int discover(const struct observation_feed *feed, const struct settings *settings, const struct discover_options *options,
             struct arena *arena, struct discovery *ret) {
        struct discovering *d = calloc(1, sizeof(*d));
        if (!d)
                return -ENOMEM;
        d->settings = settings;
        d->options = options;
        d->arena = arena;
        d->clock = (struct zone_clock){.zone = settings->owner.zone};
        for (size_t i = 0; i < CLOCKS; i++)
                d->zones[i].zone = options->zones ? zone_table_find(options->zones, clocks[i].name) : NULL;
        if (settings->owner.addresses && settings->owner.addresses[0] &&
            address_key(settings->owner.addresses[0], d->house) == 0)
                d->house[0] = 0;
        int r = people_new(settings, &d->people);
        if (r >= 0)
                r = add_messages(d, feed);
        if (r >= 0)
                r = add_meetings(d, feed);
        if (r >= 0)
                r = judge(d, ret);
        discovering_done(d);
        free(d);
        return r;
}
