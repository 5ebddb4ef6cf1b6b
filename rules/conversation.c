/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/conversation.h"

#include "parsers/utf8.h"
#include "rules/people.h"

/* ---- hashing */

/* The finalizer of splitmix64 over two words: spreads any pattern in message keys over the tables. */
uint64_t hash_mix(uint64_t a, uint64_t b) {
        uint64_t x = a ^ (b * UINT64_C(0x9e3779b97f4a7c15) + UINT64_C(0x7f4a7c159e3779b9));
        x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
        return x ^ x >> 31;
}

uint64_t hash_string(const char *s) {
        return s ? hash_bytes(s, strlen(s), 0) : 0;
}

/* ---- words of a subject */

/* Folded, sorted. Words that any two subjects may share without being about the same thing. */
static const char *const common_words[] = {
        "aber",      "about",        "afin",       "after",       "again",        "ainsi",    "alle",      "alles",
        "alors",     "also",         "annulation", "annule",      "annuler",      "answer",   "antwoord",  "antwort",
        "apres",     "auch",         "aujourd",    "aupres",      "aussi",        "autre",    "avant",     "avec",
        "been",      "before",       "beste",      "bien",        "bitte",        "bonjour",  "bonsoir",   "call",
        "cancel",    "canceled",     "cancelled",  "cela",        "cette",        "ceux",     "chez",      "comme",
        "comment",   "confirmation", "could",      "dank",        "danke",        "dans",     "dear",      "deine",
        "demain",    "demande",      "deux",       "dies",        "diese",        "doch",     "does",      "dois",
        "donc",      "dont",         "dringend",   "dringende",   "durch",        "eine",     "einen",     "einer",
        "elle",      "elles",        "encore",     "entre",       "etre",         "every",    "fait",      "faut",
        "fois",      "follow",       "frage",      "from",        "gegen",        "gern",     "goede",     "guten",
        "haben",     "hallo",        "have",       "heeft",       "hello",        "heure",    "heute",     "hier",
        "ihre",      "important",    "info",       "information", "informations", "infos",    "into",      "jour",
        "just",      "kann",         "kein",       "keine",       "kunnen",       "last",     "leur",      "liebe",
        "like",      "lundi",        "madame",     "mail",        "mais",         "maken",    "mardi",     "matin",
        "meer",      "meeting",      "mehr",       "meine",       "merci",        "mercredi", "message",   "mettre",
        "mijn",      "moins",        "monday",     "monsieur",    "more",         "morgen",   "must",      "naar",
        "nachricht", "need",         "next",       "nicht",       "niet",         "noch",     "notre",     "nous",
        "nouveau",   "nouvelle",     "oder",       "only",        "onze",         "other",    "over",      "petit",
        "petite",    "peut",         "please",     "plus",        "point",        "pour",     "pouvez",    "prochain",
        "prochaine", "quand",        "quel",       "quelle",      "quelque",      "question", "questions", "quick",
        "rappel",    "relance",      "reminder",   "rendez",      "reply",        "reponse",  "request",   "reunion",
        "salut",     "same",         "sans",       "sehr",        "sein",         "seine",    "sera",      "sind",
        "soir",      "some",         "sont",       "sous",        "suite",        "sujet",    "termin",    "than",
        "thank",     "thanks",       "that",       "their",       "then",         "there",    "these",     "they",
        "this",      "today",        "tomorrow",   "toujours",    "tous",         "tout",     "toute",     "toutes",
        "tres",      "uber",         "unser",      "unsere",      "update",       "urgent",   "vandaag",   "vendredi",
        "very",      "viele",        "vier",       "voici",       "voila",        "volgende", "voor",      "votre",
        "vous",      "vraag",        "waar",       "wann",        "wanneer",      "warum",    "week",      "welche",
        "wenn",      "werden",       "were",       "what",        "when",         "where",    "which",     "will",
        "wird",      "with",         "woche",      "worden",      "would",        "your",     "zijn",      "zonder",
        "zwei",
};

static bool is_common(const char *word, size_t n) {
        size_t low = 0, high = ELEMENTSOF(common_words);
        while (low < high) {
                size_t mid = low + (high - low) / 2;
                /* The first letter decides most of the way. */
                int order = (uint8_t) common_words[mid][0] - (uint8_t) word[0];
                if (order == 0)
                        order = strncmp(common_words[mid], word, n);
                if (order == 0)
                        order = common_words[mid][n] != '\0';
                if (order == 0)
                        return true;
                if (order < 0)
                        low = mid + 1;
                else
                        high = mid;
        }
        return false;
}

static bool is_year(const char *word, size_t n) {
        return n == 4 && (strncmp(word, "19", 2) == 0 || strncmp(word, "20", 2) == 0) && word[2] >= '0' && word[2] <= '9' &&
               word[3] >= '0' && word[3] <= '9';
}

static void subject_words_put(struct subject_words *w, const char *word, size_t n, size_t letters) {
        if (w->n >= SUBJECT_WORDS_MAX || letters < 4 || is_year(word, n) || is_common(word, n))
                return;
        /* The plural of French and English: "factures" is about the same as "facture". */
        if (letters > 4 && (word[n - 1] == 's' || word[n - 1] == 'x'))
                n--;
        uint32_t hash = (uint32_t) hash_bytes(word, n, 0);
        for (uint32_t i = 0; i < w->n; i++)
                if (w->hashes[i] == hash)
                        return;
        w->hashes[w->n++] = hash;
}

void subject_words(const char *folded, struct subject_words *ret) {
        *ret = (struct subject_words){};
        if (!folded)
                return;
        size_t size = strlen(folded), begin = 0, letters = 0;
        for (size_t i = 0; i < size;) {
                uint32_t cp;
                size_t n = utf8_decode(folded + i, size - i, &cp);
                bool word = n > 0 && utf8_is_word(cp);
                if (word) {
                        if (letters++ == 0)
                                begin = i;
                } else {
                        if (letters > 0)
                                subject_words_put(ret, folded + begin, i - begin, letters);
                        letters = 0;
                }
                i += n > 0 ? n : 1;
        }
        if (letters > 0)
                subject_words_put(ret, folded + begin, size - begin, letters);
}

static uint32_t subject_words_common(const struct subject_words *a, const struct subject_words *b) {
        uint32_t n = 0;
        for (uint32_t i = 0; i < a->n; i++)
                for (uint32_t j = 0; j < b->n; j++)
                        n += a->hashes[i] == b->hashes[j];
        return n;
}

bool subject_words_share(const struct subject_words *a, const struct subject_words *b) {
        return subject_words_common(a, b) > 0;
}

bool subject_words_within(const struct subject_words *a, const struct subject_words *b) {
        uint32_t n = MIN(a->n, b->n);
        return n > 0 && subject_words_common(a, b) == n;
}

/* ---- a table that forgets */

struct slot {
        uint64_t key;
        uint64_t word;
        instant at;
};

/* What is older than `age` is not found any more, and makes room when room is needed: so memory follows the mail of that
 * time, and what is remembered of one message does not depend on which other messages there are. Slots lie in the order
 * they were filled, since mail is about the mail just before it; only the small index is hit at random. */
struct window {
        struct slot *items; /* owned */
        uint64_t *index;    /* owned; open addressing: half of the key above, the number of the slot from 1 below; 0: free */
        size_t n, room;
        unsigned bits; /* of the index's size */
        int64_t age;
};

#define INDEX_BITS_FIRST 10U
/* As many look-ups as memory answers at a time. */
#define INDEX_AHEAD 16U
#define INDEX_KEY (UINT64_MAX << 32)

/* Keys are hashes; but thread ids end in 0, so the upper bits of a product tell where to look. */
static size_t index_home(const struct window *w, uint64_t key) {
        return (size_t) (key * UINT64_C(0x9e3779b97f4a7c15) >> (64 - w->bits));
}

/* A million messages wait for memory more than for anything else: ask for what will be looked at, all at once. */
static void window_prefetch(const struct window *w, uint64_t key) {
        if (w->n > 0)
                __builtin_prefetch(&w->index[index_home(w, key)]);
}

/* The slot of that key, or NULL and where the index is free for it. */
static struct slot *window_look(const struct window *w, uint64_t key, size_t *ret_free) {
        size_t mask = ((size_t) 1 << w->bits) - 1, i = index_home(w, key);
        for (; w->index[i] != 0; i = (i + 1) & mask) {
                if (((w->index[i] ^ key << 32) & INDEX_KEY) != 0)
                        continue;
                struct slot *slot = &w->items[(uint32_t) w->index[i] - 1];
                if (slot->key == key)
                        return slot;
        }
        *ret_free = i;
        return NULL;
}

static void window_forget(struct window *w, instant before) {
        size_t n = 0;
        for (size_t i = 0; i < w->n; i++)
                if (w->items[i].at >= before)
                        w->items[n++] = w->items[i];
        w->n = n;
}

/* Steps of a third and a half, in turn: with all room taken, nine or twelve sixteenths of the index are. */
static int window_grow(struct window *w) {
        bool wider = w->room != (size_t) 9 << w->bits >> 4;
        unsigned bits = w->bits == 0 ? INDEX_BITS_FIRST : w->bits + wider;
        size_t room = (size_t) (wider ? 9 : 12) << bits >> 4;
        if (bits > 32)
                return -ENOMEM;
        struct slot *items = reallocarray(w->items, room, sizeof(*items));
        if (!items)
                return -ENOMEM;
        w->items = items;
        w->room = room;
        if (bits == w->bits)
                return 0;
        uint64_t *index = malloc(sizeof(*index) << bits);
        if (!index)
                return -ENOMEM;
        free(w->index);
        w->index = index;
        w->bits = bits;
        return 0;
}

static void window_reindex(struct window *w) {
        memset(w->index, 0, sizeof(*w->index) << w->bits);
        for (size_t i = 0; i < w->n; i++) {
                size_t at;
                window_prefetch(w, w->items[MIN(i + INDEX_AHEAD, w->n - 1)].key);
                (void) window_look(w, w->items[i].key, &at);
                w->index[at] = w->items[i].key << 32 | (i + 1);
        }
}

/* Forgetting looks at all, so it must free a quarter, or the table grows. */
static int window_make_room(struct window *w, instant at) {
        window_forget(w, at - w->age);
        int r = 4 * w->n < 3 * w->room ? 0 : window_grow(w);
        if (w->index)
                window_reindex(w);
        return r;
}

/* What is young enough at that time; NULL. */
static const struct slot *window_find(const struct window *w, uint64_t key, instant at) {
        size_t at_index;
        const struct slot *slot = w->n > 0 ? window_look(w, key, &at_index) : NULL;
        return slot && slot->at >= at - w->age ? slot : NULL;
}

static int window_put(struct window *w, uint64_t key, uint64_t word, instant at) {
        size_t at_index = 0;
        struct slot *slot = w->n > 0 ? window_look(w, key, &at_index) : NULL;
        if (!slot && w->n == w->room) {
                int r = window_make_room(w, at);
                if (r < 0)
                        return r;
                (void) window_look(w, key, &at_index);
        }
        if (!slot) {
                slot = &w->items[w->n++];
                w->index[at_index] = key << 32 | w->n;
        }
        *slot = (struct slot){.key = key, .word = word, .at = at};
        return 0;
}

/* ---- conversations */

/* Questions of the owner that wait, for each client; who has more open than this is past help by subjects. */
#define WAITING_MAX 16U
#define VOTES_MAX 64U

struct waiting_request {
        uint64_t thread; /* 0: free */
        instant at;
        bool alone; /* nobody else got the question */
        struct subject_words words;
};

/* A clock that a message showed, by its distance to the owner's. */
struct vote {
        instant at;
        int32_t difference;
};

struct tally {
        int32_t difference;
        uint32_t n;
};

struct acquaintance {
        struct waiting_request waiting[WAITING_MAX];
        uint32_t waiting_next;
        instant outside_at;
        struct vote votes[VOTES_MAX]; /* a ring */
        uint32_t votes_first, n_votes;
        struct tally tallies[VOTES_MAX]; /* what the ring holds of each difference, never none */
        uint32_t n_tallies;
};

struct conversations {
        const struct settings *settings;
        struct zone_clock clock;      /* the owner's */
        struct acquaintance *clients; /* owned, one for each client */
        /* messages: message key -> thread, the lowest bit tells a message seen from one only named in References.
         * subjects: client and base subject -> thread. turns: thread and client -> since when who waits. aliases: thread
         * -> thread. */
        struct window messages, subjects, turns, aliases;
        bool has_aliases;
};

/* Thread ids leave the lowest bit to the table of messages. */
#define THREAD_SEEN UINT64_C(1)
static uint64_t thread_of_root(uint64_t root_key) {
        uint64_t id = hash_mix(root_key, UINT64_C(0x7468726561640001)) & ~THREAD_SEEN;
        return id != 0 ? id : 2;
}

int conversations_new(const struct settings *settings, struct conversations **ret) {
        struct conversations *c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;
        c->settings = settings;
        c->clock = (struct zone_clock){.zone = settings->owner.zone};
        c->clients = calloc(MAX(settings->n_clients, 1U), sizeof(*c->clients));
        if (!c->clients) {
                free(c);
                return -ENOMEM;
        }
        for (size_t i = 0; i < settings->n_clients; i++)
                c->clients[i].outside_at = INSTANT_UNKNOWN;
        c->messages.age = c->turns.age = c->aliases.age = CONVERSATION_WINDOW;
        c->subjects.age = CONVERSATION_SUBJECT_WINDOW;
        *ret = c;
        return 0;
}

struct conversations *conversations_free(struct conversations *c) {
        if (!c)
                return NULL;
        struct window *all[] = {&c->messages, &c->subjects, &c->turns, &c->aliases};
        for (size_t i = 0; i < ELEMENTSOF(all); i++) {
                free(all[i]->items);
                free(all[i]->index);
        }
        free(c->clients);
        free(c);
        return NULL;
}

static uint64_t thread_resolve(const struct conversations *c, uint64_t thread, instant at) {
        /* A chain of aliases is as long as there were merges; each points at a thread that lived then. */
        for (int i = 0; c->has_aliases && i < 8; i++) {
                const struct slot *slot = window_find(&c->aliases, thread, at);
                if (!slot)
                        break;
                thread = slot->word;
        }
        return thread;
}

static const struct slot *find_message(const struct conversations *c, uint64_t key, instant at) {
        return window_find(&c->messages, key, at);
}

/* The same message of the owner, come back by a list or from a server that gave it another Message-ID. */
static uint64_t own_copy_key(const struct message *m) {
        if (m->sent_at == INSTANT_UNKNOWN || (m->flags & MESSAGE_NO_DATE))
                return 0;
        uint64_t to = m->to.n > 0 ? email_hash(m->to.items[0].email) : 0;
        return hash_mix(hash_mix((uint64_t) m->sent_at, hash_string(m->thread_subject)), to);
}

static uint64_t subject_key(const struct client *client, const struct conversation_message *m) {
        return m->subject_key == 0 ? 0 : hash_mix(m->subject_key, client->index + 1U);
}

static uint64_t turn_key(const struct client *client, uint64_t thread) {
        return hash_mix(thread, client->index + 1U);
}

/* The message that it most likely answers. */
static const char *nearest_reference(const struct message *m) {
        if (m->in_reply_to.n > 0)
                return m->in_reply_to.items[0];
        return m->references.n > 0 ? m->references.items[m->references.n - 1] : NULL;
}

void conversations_prepare(const struct conversations *c, struct conversation_message *m) {
        const struct message *mail = m->message;
        const char *parent = nearest_reference(mail);
        m->copy_key = m->from_owner ? own_copy_key(mail) : 0;
        m->parent_key = parent ? message_id_key(parent) : 0;
        m->subject_key = str_empty(mail->thread_subject) ? 0 : hash_string(mail->thread_subject);
        window_prefetch(&c->messages, m->key);
        window_prefetch(&c->messages, m->copy_key);
        window_prefetch(&c->messages, m->parent_key);
        for (uint32_t k = 0; k < m->n_clients; k++)
                window_prefetch(&c->subjects, subject_key(m->clients[k], m));
}

/* In-Reply-To, then References from the newest back: the nearest known message decides. References are searched this far
 * from each end. */
#define REFERENCES_NEAR 16U

static const struct slot *find_parent(const struct conversations *c, const struct conversation_message *cm) {
        const struct message *m = cm->message;
        instant at = cm->at;
        const struct slot *nearest = cm->parent_key != 0 ? find_message(c, cm->parent_key, at) : NULL;
        if (nearest)
                return nearest;
        for (uint32_t i = 1; i < m->in_reply_to.n && i < REFERENCES_NEAR; i++) {
                const struct slot *slot = find_message(c, message_id_key(m->in_reply_to.items[i]), at);
                if (slot)
                        return slot;
        }
        for (uint32_t i = m->in_reply_to.n == 0; i < m->references.n && i < REFERENCES_NEAR; i++) {
                const struct slot *slot = find_message(c, message_id_key(m->references.items[m->references.n - 1 - i]), at);
                if (slot)
                        return slot;
        }
        return m->references.n > REFERENCES_NEAR ? find_message(c, message_id_key(m->references.items[0]), at) : NULL;
}

static uint64_t root_key(const struct message *m, uint64_t own_key) {
        if (m->references.n > 0)
                return message_id_key(m->references.items[0]);
        return m->in_reply_to.n > 0 ? message_id_key(m->in_reply_to.items[0]) : own_key;
}

/* Does a question of the owner wait in that conversation? */
static bool thread_waits(const struct conversations *c, const struct conversation_message *m, uint64_t thread) {
        for (uint32_t k = 0; k < m->n_clients; k++) {
                const struct acquaintance *a = &c->clients[m->clients[k]->index];
                for (size_t i = 0; i < WAITING_MAX; i++)
                        if (a->waiting[i].thread == thread)
                                return true;
        }
        return false;
}

/* References that link two known conversations make them one from here on. Facts already told keep the id they had, so a
 * conversation in which a question waits keeps its id; when both have one waiting, they stay apart; else the older one
 * gives its name. */
static int merge_threads(struct conversations *c, const struct conversation_message *m, uint64_t *thread, instant since) {
        if (m->message->references.n < 2)
                return 0;
        const struct slot *root = find_message(c, message_id_key(m->message->references.items[0]), m->at);
        if (!root)
                return 0;
        uint64_t other = thread_resolve(c, root->word & ~THREAD_SEEN, m->at);
        if (other == *thread)
                return 0;
        bool waits = thread_waits(c, m, *thread), other_waits = thread_waits(c, m, other);
        if (waits && other_waits)
                return 0;
        bool keep = waits || (!other_waits && (since < root->at || (since == root->at && *thread < other)));
        uint64_t from = keep ? other : *thread, to = keep ? *thread : other;
        int r = window_put(&c->aliases, from, to, m->at);
        if (r < 0)
                return r;
        c->has_aliases = true;
        *thread = to;
        return 0;
}

static uint64_t find_by_subject(const struct conversations *c, const struct conversation_message *m) {
        for (uint32_t k = 0; k < m->n_clients; k++) {
                uint64_t key = subject_key(m->clients[k], m);
                const struct slot *slot = key != 0 ? window_find(&c->subjects, key, m->at) : NULL;
                if (slot)
                        return thread_resolve(c, slot->word, m->at);
        }
        return 0;
}

/* A message without References may answer a question all the same: people write anew from a telephone, colleagues answer
 * from elsewhere. An answer in a new conversation must not become an accusation. Of the client one shared word is enough,
 * or a subject that tells nothing while one question waits; of the owner (who asks again) all words must be those of the
 * question. */
static uint64_t find_by_question(const struct conversations *c, const struct conversation_message *m) {
        struct subject_words words = {};
        /* A meeting about something near is no answer yet. */
        bool invitation = m->message->automatic == AUTOMATIC_CALENDAR;
        uint64_t found = 0, only = 0;
        instant found_at = INSTANT_MIN;
        uint32_t n = 0;
        for (uint32_t k = 0; k < m->n_clients; k++) {
                const struct acquaintance *a = &c->clients[m->clients[k]->index];
                for (size_t i = 0; i < WAITING_MAX; i++) {
                        const struct waiting_request *w = &a->waiting[i];
                        if (w->thread == 0 || w->at < m->at - CONVERSATION_SUBJECT_WINDOW)
                                continue;
                        /* Most messages meet no question: their words are not looked for. */
                        if (n == 0)
                                subject_words(m->message->thread_subject, &words);
                        n += only != w->thread;
                        only = w->thread;
                        bool same = m->from_owner || invitation ? subject_words_within(&w->words, &words)
                                                                : subject_words_share(&w->words, &words);
                        if (same && w->at >= found_at) {
                                found = w->thread;
                                found_at = w->at;
                        }
                }
        }
        if (found == 0 && !m->from_owner && !invitation && words.n == 0 && n == 1)
                found = only;
        return found;
}

/* *ret_parent: a message that it names is known, and so are those before it. */
static int find_thread(struct conversations *c, const struct conversation_message *m, const struct slot *own, uint64_t *ret,
                       bool *ret_parent) {
        const struct message *mail = m->message;
        const struct slot *parent = own ? own : find_parent(c, m);
        *ret_parent = parent;
        if (parent) {
                uint64_t thread = thread_resolve(c, parent->word & ~THREAD_SEEN, m->at);
                int r = merge_threads(c, m, &thread, parent->at);
                *ret = thread;
                return r;
        }
        /* An invitation may be the answer too. */
        bool person = mail->automatic == AUTOMATIC_NO || mail->automatic == AUTOMATIC_CALENDAR;
        uint64_t thread = find_by_subject(c, m);
        if (thread == 0 && person && mail->in_reply_to.n == 0 && mail->references.n == 0 && !(mail->flags & MESSAGE_FORWARD))
                thread = find_by_question(c, m);
        *ret = thread != 0 ? thread : thread_of_root(root_key(mail, m->key));
        return 0;
}

/* Messages only named in References belong to the conversation too: their copies may come later, or never. */
static int remember_references(struct conversations *c, const struct message *m, uint64_t thread, instant at) {
        for (uint32_t i = 0; i < m->references.n; i++) {
                if (i > 0 && i + REFERENCES_NEAR < m->references.n)
                        continue;
                uint64_t key = message_id_key(m->references.items[i]);
                int r = find_message(c, key, at) ? 0 : window_put(&c->messages, key, thread, at);
                if (r < 0)
                        return r;
        }
        for (uint32_t i = 0; i < m->in_reply_to.n && i < REFERENCES_NEAR; i++) {
                uint64_t key = message_id_key(m->in_reply_to.items[i]);
                int r = find_message(c, key, at) ? 0 : window_put(&c->messages, key, thread, at);
                if (r < 0)
                        return r;
        }
        return 0;
}

int conversations_add(struct conversations *c, const struct conversation_message *m, uint64_t *ret_thread) {
        const struct slot *own = find_message(c, m->key, m->at);
        if (own && (own->word & THREAD_SEEN))
                return 1;
        const struct slot *known = m->copy_key != 0 ? find_message(c, m->copy_key, m->at) : NULL;
        if (known) {
                /* Answers may name the id that the server gave. */
                int r = window_put(&c->messages, m->key, known->word, m->at);
                return r < 0 ? r : 1;
        }

        uint64_t thread;
        bool has_parent;
        int r = find_thread(c, m, own, &thread, &has_parent);
        if (r >= 0)
                r = window_put(&c->messages, m->key, thread | THREAD_SEEN, m->at);
        if (r >= 0 && m->copy_key != 0)
                r = window_put(&c->messages, m->copy_key, thread | THREAD_SEEN, m->at);
        if (r >= 0 && !has_parent)
                r = remember_references(c, m->message, thread, m->at);
        for (uint32_t k = 0; r >= 0 && k < m->n_clients; k++) {
                uint64_t key = subject_key(m->clients[k], m);
                window_prefetch(&c->turns, turn_key(m->clients[k], thread));
                if (key != 0)
                        r = window_put(&c->subjects, key, thread, m->at);
        }
        if (r < 0)
                return r;
        *ret_thread = thread;
        return 0;
}

enum turn { TURN_NONE, TURN_OWNER_WAITS, TURN_CLIENT_WAITS };

int conversations_turn(struct conversations *c, uint64_t thread, const struct client *client, bool from_owner, bool opens,
                       instant at, int64_t *ret_response_time) {
        /* The word holds since when (seconds, shifted by two) and who waits. */
        uint64_t key = turn_key(client, thread);
        const struct slot *slot = window_find(&c->turns, key, at);
        enum turn turn = slot ? (enum turn)(slot->word & 3) : TURN_NONE;
        instant since = slot ? (instant) slot->word >> 2 : at;
        enum turn mine = from_owner ? TURN_OWNER_WAITS : TURN_CLIENT_WAITS;
        int64_t response = turn != TURN_NONE && turn != mine ? at - since : -1;
        if (turn != mine) {
                turn = opens ? mine : TURN_NONE;
                since = at;
        }
        int r = window_put(&c->turns, key, (uint64_t) since << 2 | turn, at);
        if (r < 0)
                return r;
        *ret_response_time = response;
        return 0;
}

bool conversations_pending(const struct conversations *c, uint64_t thread, const struct client *client, bool from_owner,
                           instant at) {
        const struct slot *slot = window_find(&c->turns, turn_key(client, thread), at);
        return slot && (enum turn)(slot->word & 3) == (from_owner ? TURN_OWNER_WAITS : TURN_CLIENT_WAITS);
}

void conversations_asked(struct conversations *c, uint64_t thread, const struct client *client, const struct message *m,
                         instant at) {
        struct acquaintance *a = &c->clients[client->index];
        struct waiting_request *w = &a->waiting[a->waiting_next++ % WAITING_MAX];
        *w = (struct waiting_request){.thread = thread, .at = at, .alone = m->to.n == 1 && m->cc.n + m->bcc.n == 0};
        subject_words(m->thread_subject, &w->words);
}

bool conversations_waits(const struct conversations *c, uint64_t thread, const struct client *client, instant at) {
        const struct acquaintance *a = &c->clients[client->index];
        for (size_t i = 0; i < WAITING_MAX; i++)
                if (a->waiting[i].thread == thread && a->waiting[i].at >= at - CONVERSATION_SUBJECT_WINDOW)
                        return true;
        return false;
}

const struct client *conversations_expects(const struct conversations *c, const struct message *m, instant at) {
        if (m->in_reply_to.n + m->references.n == 0)
                return NULL;
        const char *id = m->in_reply_to.n > 0 ? m->in_reply_to.items[0] : m->references.items[m->references.n - 1];
        const struct slot *slot = find_message(c, message_id_key(id), at);
        if (!slot)
                return NULL;
        uint64_t thread = thread_resolve(c, slot->word & ~THREAD_SEEN, at);
        for (size_t k = 0; k < c->settings->n_clients; k++)
                for (size_t i = 0; i < WAITING_MAX; i++) {
                        const struct waiting_request *w = &c->clients[k].waiting[i];
                        if (w->thread == thread && w->alone && w->at >= at - CONVERSATION_SUBJECT_WINDOW)
                                return &c->settings->clients[k];
                }
        return NULL;
}

void conversations_answered(struct conversations *c, uint64_t thread, const struct client *client) {
        struct acquaintance *a = &c->clients[client->index];
        for (size_t i = 0; i < WAITING_MAX; i++)
                if (a->waiting[i].thread == thread)
                        a->waiting[i].thread = 0;
}

void conversations_note_outside(struct conversations *c, const struct client *client, instant at) {
        c->clients[client->index].outside_at = at;
}

bool conversations_invited(const struct conversations *c, const struct client *client, instant at) {
        instant outside = c->clients[client->index].outside_at;
        return outside != INSTANT_UNKNOWN && outside <= at && at - outside <= CONVERSATION_INVITED;
}

/* ---- the client's clock */

static struct tally *tally_find(struct acquaintance *a, int32_t difference) {
        uint32_t k = 0;
        while (k < a->n_tallies && a->tallies[k].difference != difference)
                k++;
        return &a->tallies[k];
}

static void vote_drop(struct acquaintance *a) {
        struct tally *t = tally_find(a, a->votes[a->votes_first].difference);
        if (--t->n == 0)
                *t = a->tallies[--a->n_tallies];
        a->votes_first = (a->votes_first + 1) % VOTES_MAX;
        a->n_votes--;
}

void conversations_vote(struct conversations *c, const struct client *client, instant sent_at, int32_t offset) {
        struct acquaintance *a = &c->clients[client->index];
        /* The distance to the owner's clock stays when both change to summer time; the offset does not. */
        int32_t difference = offset - zone_clock_offset(&c->clock, sent_at);
        if (a->n_votes == VOTES_MAX)
                vote_drop(a);
        a->votes[(a->votes_first + a->n_votes++) % VOTES_MAX] = (struct vote){.at = sent_at, .difference = difference};
        struct tally *t = tally_find(a, difference);
        if (t == &a->tallies[a->n_tallies]) {
                a->n_tallies++;
                *t = (struct tally){.difference = difference};
        }
        t->n++;
}

int conversations_offset(struct conversations *c, const struct client *client, instant at, int32_t *ret) {
        struct acquaintance *a = &c->clients[client->index];
        while (a->n_votes > 0 && a->votes[a->votes_first].at < at - CONVERSATION_VOTE_WINDOW)
                vote_drop(a);
        if (a->n_votes < CONVERSATION_VOTES_MIN)
                return -ENOENT;
        for (uint32_t k = 0; k < a->n_tallies; k++)
                if (2 * a->tallies[k].n > a->n_votes) {
                        *ret = zone_clock_offset(&c->clock, at) + a->tallies[k].difference;
                        return 0;
                }
        return -ENOENT;
}
