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

/* --- who wrote ------------------------------------------------------------------------------------------------------- */

/* A List-Id is the list's address with a dot for the '@' (RFC 2919 section 2). */
static bool is_address_of_list(const char *email, const char *list_id) {
        const char *at = strrchr(email, '@');
        size_t local = at ? (size_t) (at - email) : 0, n = strlen(email);
        return at && list_id && strlen(list_id) == n && list_id[local] == '.' && strncasecmp(email, list_id, local) == 0 &&
               strcasecmp(at + 1, list_id + local + 1) == 0;
}

/* Has the list its home where that address is? */
static bool list_lives_at(const char *list_id, const char *email) {
        char key[ADDRESS_KEY_SIZE], list[ADDRESS_KEY_SIZE + 1] = "@";
        if (!list_id || strlen(list_id) >= ADDRESS_MAX)
                return false;
        if (is_address_of_list(email, list_id))
                return true;
        memcpy(list + 1, list_id, strlen(list_id) + 1);
        return address_key(email, key) > 0 && address_same_organisation(key, list);
}

/* "Jean Dupont via Projet", "'Jean Dupont' via Projet" (Google Groups), "Jean Dupont (via projet)" (Sympa): the size of the
 * name before it, -1 when there is none. */
static ptrdiff_t name_before_via(const char *name) {
        const char *via = name ? strstr(name, " via ") : NULL;
        if (!via && name)
                via = strstr(name, " (via ");
        return via ? via - name : -1;
}

static bool is_quote_or_blank(char c) {
        return c == ' ' || c == '\'' || c == '"';
}

/* Is it the same name, quotes around it set aside? */
static bool is_name(const char *s, size_t n, const char *name) {
        while (n > 0 && is_quote_or_blank(*s))
                s++, n--;
        while (n > 0 && is_quote_or_blank(s[n - 1]))
                n--;
        return name && strlen(name) == n && strncasecmp(s, name, n) == 0;
}

/* Whoever has the name that stands before "via" (Google Groups writes an address for a name). */
static const struct address *find_name(const struct address_list *list, const struct address *from, size_t n) {
        for (uint32_t i = 0; i < list->n; i++)
                if (!email_eq(list->items[i].email, from->email) &&
                    (is_name(from->name, n, list->items[i].name) || is_name(from->name, n, list->items[i].email)))
                        return &list->items[i];
        return NULL;
}

/* Reply-To may name the list, and on a client's own list whoever takes the answers: only the name makes it the author, or
 * that there is nobody else and no name to compare. Mailman puts the author into Cc where answers go to the list. */
static const struct address *author_by_name(const struct message *m, const struct address *from) {
        ptrdiff_t n = name_before_via(from->name);
        if (n <= 0)
                return NULL;
        const struct address *author = find_name(&m->reply_to, from, (size_t) n);
        if (!author)
                author = find_name(&m->cc, from, (size_t) n);
        if (author)
                return author;
        uint32_t candidates = 0;
        for (uint32_t i = 0; i < m->reply_to.n; i++) {
                const struct address *a = &m->reply_to.items[i];
                if (email_eq(a->email, from->email) || is_address_of_list(a->email, m->list_id))
                        continue;
                candidates++;
                author = a->name ? NULL : a;
        }
        return candidates == 1 ? author : NULL;
}

static bool is_relay(const char *email) {
        char key[ADDRESS_KEY_SIZE];
        return address_key(email, key) > 0 && domain_free_mail(address_domain(key)) == FREE_MAIL_RELAY;
}

const struct address *message_author(const struct message *m) {
        const struct address *from = m->from.n > 0 ? &m->from.items[0] : NULL;
        const struct address *original = m->original_from.n > 0 ? &m->original_from.items[0] : NULL;
        if (!from)
                return m->sender.n > 0 ? &m->sender.items[0] : m->reply_to.n > 0 ? &m->reply_to.items[0] : NULL;
        bool differs = original && !email_eq(original->email, from->email);
        if (!differs && name_before_via(from->name) < 0)
                return from;
        if (list_lives_at(m->list_id, from->email)) {
                const struct address *author = differs ? original : author_by_name(m, from);
                return author ? author : from;
        }
        return differs && is_relay(from->email) ? original : from;
}

bool message_in_doubt(const struct message *m) {
        if (m->dmarc == DMARC_NONE || m->automatic == AUTOMATIC_VACATION || m->automatic == AUTOMATIC_BOUNCE)
                return false;
        const struct address *from = m->from.n > 0 ? &m->from.items[0] : NULL;
        return m->dmarc == DMARC_FAIL || (from && message_author(m) != from && !is_relay(from->email));
}

/* Sender where it is another address than From; a list writes there where bounces go. */
static const struct address *sender_beside_from(const struct message *m) {
        const struct address *sender = m->sender.n > 0 ? &m->sender.items[0] : NULL;
        if (!sender || m->from.n == 0 || m->list_id)
                return NULL;
        for (uint32_t i = 0; i < m->from.n; i++)
                if (email_eq(m->from.items[i].email, sender->email))
                        return NULL;
        return sender;
}

const struct address *message_delegate(const struct message *m) {
        return m->automatic == AUTOMATIC_NO ? sender_beside_from(m) : NULL;
}

const struct address *message_resender(const struct message *m) {
        return m->resent_from.n > 0 ? &m->resent_from.items[0] : NULL;
}

/* --- is it the owner's? ---------------------------------------------------------------------------------------------- */

/* Asked of the settings, or of the table in front of them. */
struct owner_test {
        const struct settings *settings;
        struct people *people; /* NULL: the settings are asked */
};

static bool is_owner(const struct owner_test *t, const char *email) {
        return t->people ? people_find(t->people, email).side == SIDE_OWNER : settings_is_owner(t->settings, email);
}

static bool goes_to_others(const struct owner_test *t, const struct message *m) {
        const struct address_list *lists[] = {&m->to, &m->cc, &m->bcc};
        for (size_t l = 0; l < ELEMENTSOF(lists); l++)
                for (uint32_t i = 0; i < lists[l]->n; i++)
                        if (!is_owner(t, lists[l]->items[i].email))
                                return true;
        return false;
}

/* Also what the owner sent on behalf of somebody, a client whose mailbox the owner looks after: it is the owner's hand that
 * wrote at night. What a form on the owner's site sends to the owner in a client's name is not. */
static bool is_from_owner(const struct owner_test *t, const struct message *m) {
        const struct address *author = message_author(m);
        if (author && is_owner(t, author->email))
                return true;
        for (uint32_t i = 0; i < m->from.n; i++)
                if (&m->from.items[i] != author && is_owner(t, m->from.items[i].email))
                        return true;
        const struct address *sender = sender_beside_from(m);
        return sender && is_owner(t, sender->email) && goes_to_others(t, m);
}

bool message_is_from_owner(const struct message *m, const struct settings *s) {
        return is_from_owner(&(struct owner_test){.settings = s}, m);
}

bool people_is_from_owner(struct people *p, const struct message *m) {
        return is_from_owner(&(struct owner_test){.people = p}, m);
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

/* --- to whom? -------------------------------------------------------------------------------------------------------- */

/* After "SRS0" or "SRS1" comes '=', '-' or '+', as the forwarder likes it; then fields that '=' separates. */
static bool srs_separator(char c) {
        return c == '=' || c == '-' || c == '+';
}

/* What follows the n-th '=' from s on, before the end; NULL. */
static const char *after_fields(const char *s, const char *end, unsigned n) {
        for (; s && n > 0; n--) {
                s = memchr(s, '=', (size_t) (end - s));
                s = s ? s + 1 : NULL;
        }
        return s && s < end ? s : NULL;
}

bool srs_original(const char *email, char ret[static SRS_SIZE]) {
        const char *at = strrchr(email, '@'), *s = email;
        if (!at || at - email < 6 || strncasecmp(s, "SRS", 3) != 0 || (s[3] != '0' && s[3] != '1') || !srs_separator(s[4]))
                return false;
        /* SRS1=hash=first-forwarder==hash=day=domain=local: a forwarder after a forwarder. */
        if (s[3] == '1') {
                const char *inner = after_fields(s + 5, at, 2);
                if (!inner || !srs_separator(*inner))
                        return false;
                s = inner + 1;
        } else
                s += 5;
        const char *domain = after_fields(s, at, 2), *local = domain ? after_fields(domain, at, 1) : NULL;
        if (!local || local - domain < 2)
                return false;
        size_t n_local = (size_t) (at - local), n_domain = (size_t) (local - 1 - domain);
        if (n_local + 1 + n_domain > ADDRESS_MAX)
                return false;
        memcpy(ret, local, n_local);
        ret[n_local] = '@';
        memcpy(ret + n_local + 1, domain, n_domain);
        ret[n_local + 1 + n_domain] = 0;
        return true;
}

static bool same_address(const char *a, const char *b) {
        char x[ADDRESS_KEY_SIZE], y[ADDRESS_KEY_SIZE];
        return address_key(a, x) > 0 && address_key(b, y) > 0 && str_eq(x, y);
}

static bool is_in(const struct address_list *list, const char *email) {
        for (uint32_t i = 0; i < list->n; i++)
                if (same_address(list->items[i].email, email))
                        return true;
        return false;
}

static bool has_owner(struct people *p, const struct address_list *list) {
        for (uint32_t i = 0; i < list->n; i++)
                if (people_find(p, list->items[i].email).side == SIDE_OWNER)
                        return true;
        return false;
}

/* "contact@studio.example" beside the declared camille@studio.example: another address of the owner, or of a colleague who
 * shares it. */
static bool is_house(const struct settings *s, const char *email) {
        char key[ADDRESS_KEY_SIZE], own[ADDRESS_KEY_SIZE];
        if (address_key(email, key) == 0)
                return false;
        for (const char **a = s->owner.addresses; a && *a; a++)
                if (address_key(*a, own) > 0 && address_same_organisation(key, own))
                        return true;
        return false;
}

static bool has_house(const struct settings *s, const struct address_list *list) {
        for (uint32_t i = 0; i < list->n; i++)
                if (is_house(s, list->items[i].email))
                        return true;
        return false;
}

/* Nobody of To and Cc is the owner: what servers wrote about the way tells how it came. */
static enum addressed addressed_by_trace(struct people *p, const struct message *m) {
        bool delivered = false;
        for (uint32_t i = 0; i < m->delivered_to.n; i++) {
                char original[SRS_SIZE];
                const char *email = m->delivered_to.items[i];
                if (srs_original(email, original))
                        email = original;
                if (is_in(&m->to, email))
                        return ADDRESSED_TO;
                if (is_in(&m->cc, email))
                        return ADDRESSED_COPY;
                delivered |= people_find(p, email).side == SIDE_OWNER;
        }
        bool others = m->to.n + m->cc.n > 0 && !has_house(p->settings, &m->to);
        return delivered && others && !m->list_id ? ADDRESSED_BLIND : ADDRESSED_TO;
}

enum addressed people_addressed(struct people *p, const struct message *m) {
        if (has_owner(p, &m->to))
                return ADDRESSED_TO;
        if (has_owner(p, &m->cc))
                return ADDRESSED_COPY;
        if (has_owner(p, &m->bcc))
                return ADDRESSED_BLIND;
        /* Whoever resends one's own mail lets it come from another mailbox of one's own. */
        const struct address *resender = message_resender(m);
        if (resender && !m->list_id && people_find(p, resender->email).side != SIDE_OWNER)
                return ADDRESSED_RESENT;
        return addressed_by_trace(p, m);
}
