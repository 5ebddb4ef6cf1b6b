/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/people.h"

#include <strings.h>

#include "rules/fold.h"

#define DAY INT64_C(86400)
/* How far the time that a source gives may be from Date before it says when a mailbox was copied, not when mail came. */
#define INTERNAL_BEFORE_DATE_MAX (1 * DAY)
#define INTERNAL_AFTER_DATE_MAX (7 * DAY)

static bool date_known(const struct message *m) {
        return m->sent_at != INSTANT_UNKNOWN && !(m->flags & MESSAGE_NO_DATE);
}

instant message_time(const struct observation *o, bool from_owner) {
        const struct message *m = &o->message;
        bool dated = date_known(m);
        if (from_owner && dated)
                return m->sent_at;
        if (m->received_at != INSTANT_UNKNOWN)
                return m->received_at;
        instant internal = o->internal_date;
        if (internal != INSTANT_UNKNOWN) {
                if (!dated)
                        return internal;
                if (internal >= m->sent_at - INTERNAL_BEFORE_DATE_MAX && internal <= m->sent_at + INTERNAL_AFTER_DATE_MAX)
                        return internal;
        }
        return dated ? m->sent_at : o->seen_at;
}

/* Lists that must satisfy DMARC write "Jean Dupont via Projet <projet@lists.example>", Google Groups "'Jean Dupont' via
 * Projet". */
static bool name_says_via(const char *name) {
        return name && strstr(name, " via ");
}

const struct address *message_author(const struct message *m) {
        const struct address *from = m->from.n > 0 ? &m->from.items[0] : NULL;
        if (from && !name_says_via(from->name))
                return from;
        /* Reply-To may name the list again; then Sender, then what From says is all there is. */
        const struct address_list *others[] = {&m->reply_to, &m->sender};
        for (size_t i = 0; i < ELEMENTSOF(others); i++)
                for (uint32_t j = 0; j < others[i]->n; j++)
                        if (!from || !email_eq(others[i]->items[j].email, from->email))
                                return &others[i]->items[j];
        return from;
}

bool message_is_from_owner(const struct message *m, const struct settings *s) {
        const struct address *author = message_author(m);
        if (author && settings_is_owner(s, author->email))
                return true;
        for (uint32_t i = 0; i < m->from.n; i++)
                if (settings_is_owner(s, m->from.items[i].email))
                        return true;
        return false;
}

uint64_t email_hash(const char *email) {
        uint64_t h = UINT64_C(14695981039346656037);
        for (const char *p = email; *p; p++) {
                uint8_t c = (uint8_t) *p;
                h = (h ^ (c >= 'A' && c <= 'Z' ? c + 32U : c)) * UINT64_C(1099511628211);
        }
        return h;
}

bool email_eq(const char *a, const char *b) {
        return a && b && strcasecmp(a, b) == 0;
}

/* A freelancer's year has some thousand addresses; addresses longer than this are asked for each time. */
#define PEOPLE_SLOTS 4096U
#define PEOPLE_EMAIL_MAX 64U

struct people_slot {
        char email[PEOPLE_EMAIL_MAX]; /* empty: free */
        struct person person;
};

struct people {
        const struct settings *settings;
        struct people_slot slots[PEOPLE_SLOTS];
};

int people_new(const struct settings *settings, struct people **ret) {
        struct people *p = calloc(1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        p->settings = settings;
        *ret = p;
        return 0;
}

struct people *people_free(struct people *p) {
        free(p);
        return NULL;
}

static struct person person_ask(const struct settings *s, const char *email) {
        if (settings_is_owner(s, email))
                return (struct person){.side = SIDE_OWNER};
        const struct client *client = settings_find_client(s, email);
        return client ? (struct person){.side = SIDE_CLIENT, .client = client} : (struct person){.side = SIDE_NOBODY};
}

struct person people_find(struct people *p, const char *email) {
        return str_empty(email) ? (struct person){.side = SIDE_NOBODY} : people_find_hashed(p, email, email_hash(email));
}

struct person people_find_hashed(struct people *p, const char *email, uint64_t h) {
        if (str_empty(email))
                return (struct person){.side = SIDE_NOBODY};
        size_t length = strlen(email);
        if (length >= PEOPLE_EMAIL_MAX)
                return person_ask(p->settings, email);
        struct people_slot *slot = &p->slots[(h ^ h >> 32) % PEOPLE_SLOTS];
        if (strcmp(slot->email, email) != 0) {
                slot->person = person_ask(p->settings, email);
                memcpy(slot->email, email, length + 1);
        }
        return slot->person;
}

bool people_is_from_owner(struct people *p, const struct message *m) {
        const struct address *author = message_author(m);
        if (author && people_find(p, author->email).side == SIDE_OWNER)
                return true;
        for (uint32_t i = 0; i < m->from.n; i++)
                if (&m->from.items[i] != author && people_find(p, m->from.items[i].email).side == SIDE_OWNER)
                        return true;
        return false;
}
