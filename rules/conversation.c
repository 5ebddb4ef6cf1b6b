/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/conversation.h"

#include "parsers/utf8.h"
#include "rules/domain.h"
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
        for (size_t i = 0, n; i < size; i += MAX(n, (size_t) 1)) {
                n = utf8_word_char(folded + i, size - i);
                if (n > 0) {
                        if (letters++ == 0)
                                begin = i;
                } else {
                        if (letters > 0)
                                subject_words_put(ret, folded + begin, i - begin, letters);
                        letters = 0;
                }
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

/* ---- conversations */

/* Questions of the owner that wait, for each client; who has more open than this is past help by subjects. */
#define WAITING_MAX CONVERSATION_SETTLED_MAX
#define VOTES_MAX 64U

/* People in To of a question who are of no client; of more than these the answer is not known for one. */
#define OTHERS_MAX 4U

struct waiting_request {
        uint64_t thread;   /* as the fact told it; 0: free */
        uint64_t question; /* message_key() */
        instant at;
        bool alone; /* nobody else got the question */
        uint64_t others[OTHERS_MAX];
        uint32_t n_others;
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
        struct threads threads;
        /* subjects: client, base subject and perhaps person -> thread. turns: thread and client -> who waits, and since when. copies: the owner's
         * own messages by what they say. origins: in whose name, and a domain that such messages came from. own: what the
         * owner wrote to others than clients. doubted: what nobody vouches for. */
        struct window subjects, turns, copies, origins, own, doubted;
};

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
        c->threads = (struct threads) THREADS(CONVERSATION_WINDOW);
        c->turns.age = c->copies.age = c->origins.age = c->own.age = c->doubted.age = CONVERSATION_WINDOW;
        c->subjects.age = CONVERSATION_SUBJECT_WINDOW;
        *ret = c;
        return 0;
}

struct conversations *conversations_free(struct conversations *c) {
        if (!c)
                return NULL;
        threads_done(&c->threads);
        window_done(&c->subjects);
        window_done(&c->turns);
        window_done(&c->copies);
        window_done(&c->origins);
        window_done(&c->own);
        window_done(&c->doubted);
        free(c->clients);
        free(c);
        return NULL;
}

/* The same message of the owner, come back by a list or from a server that gave it another Message-ID. */
static uint64_t own_copy_key(const struct message *m) {
        if (m->sent_at == INSTANT_UNKNOWN || (m->flags & MESSAGE_NO_DATE))
                return 0;
        uint64_t to = m->to.n > 0 ? email_hash(m->to.items[0].email) : 0;
        return hash_mix(hash_mix((uint64_t) m->sent_at, hash_string(m->thread_subject)), to);
}

/* What the subject stands for with that client, and with one person of it. */
static uint64_t subject_key(const struct client *client, const struct conversation_message *m) {
        return hash_mix(m->subject_key, client->index + 1U);
}

static uint64_t person_subject_key(uint64_t subject_key, uint64_t person) {
        return hash_mix(subject_key, person);
}

static uint64_t turn_key(const struct client *client, uint64_t thread) {
        return hash_mix(thread, client->index + 1U);
}

void conversations_prepare(const struct conversations *c, struct conversation_message *m) {
        const struct message *mail = m->message;
        thread_names_read(mail, m->key, &m->names);
        m->copy_key = m->from_owner ? own_copy_key(mail) : 0;
        m->subject_key = str_empty(mail->thread_subject) ? 0 : hash_string(mail->thread_subject);
        threads_prefetch(&c->threads, &m->names);
        if (m->copy_key != 0)
                window_prefetch(&c->copies, m->copy_key);
        for (uint32_t k = 0; k < m->n_clients && m->subject_key != 0; k++) {
                uint64_t key = subject_key(m->clients[k], m);
                window_prefetch(&c->subjects, key);
                for (uint32_t i = 0; i < m->n_people; i++)
                        window_prefetch(&c->subjects, person_subject_key(key, m->people[i]));
        }
}

/* Does a question of the owner to that client wait in the conversation? */
static bool waits_in(struct conversations *c, const struct waiting_request *w, uint64_t thread, instant at) {
        return w->thread != 0 && (w->thread == thread || threads_resolve(&c->threads, w->thread, at) == thread);
}

static bool client_waits(struct conversations *c, const struct client *client, uint64_t thread, instant at) {
        const struct acquaintance *a = &c->clients[client->index];
        for (size_t i = 0; i < WAITING_MAX; i++)
                if (waits_in(c, &a->waiting[i], thread, at))
                        return true;
        return false;
}

struct keeping {
        struct conversations *conversations;
        const struct conversation_message *m;
};

/* Facts already told keep the id they had: the conversation in which a question waits keeps its name. */
static bool keeps_name(uint64_t thread, void *userdata) {
        const struct keeping *k = userdata;
        for (uint32_t i = 0; i < k->m->n_clients; i++)
                if (client_waits(k->conversations, k->m->clients[i], thread, k->m->at))
                        return true;
        return false;
}

/* Did one of these people take part in the conversation that the subject stands for? */
static bool people_overlap(struct conversations *c, const struct conversation_message *m, uint64_t key, uint64_t thread) {
        for (uint32_t i = 0; i < m->n_people; i++) {
                const struct window_slot *slot = window_find(&c->subjects, person_subject_key(key, m->people[i]), m->at);
                if (slot && threads_resolve(&c->threads, slot->word, m->at) == thread)
                        return true;
        }
        return false;
}

/* The same subject joins with the same client only. An answer quotes the subject, whoever of the client's gives it; and
 * while a question waits the doubt is the client's. Otherwise the same words join the same people. */
static uint64_t find_by_subject_of(struct conversations *c, const struct conversation_message *m,
                                   const struct client *client) {
        uint64_t key = subject_key(client, m);
        const struct window_slot *slot = window_find(&c->subjects, key, m->at);
        if (!slot)
                return 0;
        uint64_t thread = threads_resolve(&c->threads, slot->word, m->at);
        bool joins = (m->message->flags & MESSAGE_REPLY) || people_overlap(c, m, key, thread) ||
                     client_waits(c, client, thread, m->at);
        return joins ? thread : 0;
}

/* A message to several clients joins only where it does so for each of them: a subject never makes one conversation of two
 * clients'. */
static uint64_t find_by_subject(struct conversations *c, const struct conversation_message *m) {
        uint64_t found = 0;
        for (uint32_t k = 0; k < m->n_clients && m->subject_key != 0; k++) {
                uint64_t thread = find_by_subject_of(c, m, m->clients[k]);
                if (thread == 0 || (k > 0 && thread != found))
                        return 0;
                found = thread;
        }
        return found;
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
        const struct acquaintance *a = &c->clients[m->clients[0]->index];
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
        if (found == 0 && !m->from_owner && !invitation && words.n == 0 && n == 1)
                found = only;
        return found;
}

/* By what it names, else by subject and people, else by the question it may answer, else a new one. */
static int find_thread(struct conversations *c, const struct conversation_message *m, uint64_t *ret) {
        const struct message *mail = m->message;
        struct keeping keeping = {c, m};
        int r = threads_join(&c->threads, &m->names, m->at, keeps_name, &keeping, ret);
        if (r != 0)
                return r;
        /* An invitation may be the answer too. */
        bool person = mail->automatic == AUTOMATIC_NO || mail->automatic == AUTOMATIC_CALENDAR;
        uint64_t thread = find_by_subject(c, m);
        if (thread == 0 && person && m->names.n == 1 && m->n_clients == 1 && !(mail->flags & MESSAGE_FORWARD))
                thread = find_by_question(c, m);
        *ret = threads_resolve(&c->threads, thread != 0 ? thread : thread_of_root(m->names.root), m->at);
        return 0;
}

static int remember_subject(struct conversations *c, const struct conversation_message *m, uint64_t thread) {
        for (uint32_t k = 0; k < m->n_clients; k++) {
                window_prefetch(&c->turns, turn_key(m->clients[k], thread));
                if (m->subject_key == 0)
                        continue;
                uint64_t key = subject_key(m->clients[k], m);
                int r = window_put(&c->subjects, key, thread, m->at);
                for (uint32_t i = 0; i < m->n_people && r >= 0; i++)
                        r = window_put(&c->subjects, person_subject_key(key, m->people[i]), thread, m->at);
                if (r < 0)
                        return r;
        }
        return 0;
}

int conversations_add(struct conversations *c, const struct conversation_message *m, uint64_t *ret_thread) {
        if (threads_seen(&c->threads, m->key, m->at))
                return 1;
        const struct window_slot *known = m->copy_key != 0 ? window_find(&c->copies, m->copy_key, m->at) : NULL;
        if (known) {
                /* Answers may name the id that the server gave. */
                int r = threads_add_seen(&c->threads, m->key, m->at, known->word);
                return r < 0 ? r : 1;
        }

        uint64_t thread;
        int r = find_thread(c, m, &thread);
        if (r >= 0)
                r = threads_add(&c->threads, &m->names, m->at, thread);
        if (r >= 0 && m->copy_key != 0)
                r = window_put(&c->copies, m->copy_key, thread, m->at);
        if (r >= 0)
                r = remember_subject(c, m, thread);
        if (r < 0)
                return r;
        *ret_thread = thread;
        return 0;
}

int conversations_pass(struct conversations *c, const struct conversation_message *m, uint64_t *ret_thread) {
        uint64_t thread;
        if (threads_seen(&c->threads, m->key, m->at))
                return 0;
        struct keeping keeping = {c, m};
        int r = threads_join(&c->threads, &m->names, m->at, keeps_name, &keeping, &thread);
        if (r <= 0)
                return r;
        r = threads_add(&c->threads, &m->names, m->at, thread);
        if (r < 0)
                return r;
        *ret_thread = thread;
        return 1;
}

/* ---- forgeries */

/* It is one that came before by another way, or it names one. */
static bool names_known(const struct conversations *c, const struct conversation_message *m) {
        for (uint32_t i = 0; i < m->names.n; i++)
                if (threads_seen(&c->threads, m->names.keys[i], m->at) || window_find(&c->own, m->names.keys[i], m->at))
                        return true;
        return false;
}

/* Where it came from, as far as the owner's server is sure: the list in From, where that passed, else domains that did. NULL past the last. */
static const char *origin_at(const struct message *m, uint32_t i) {
        const struct text_list *domains = &m->authenticated_domains;
        if (m->dmarc == DMARC_PASS)
                return i == 0 && m->from.n > 0 ? m->from.items[0].email : NULL;
        return i < domains->n ? domains->items[i] : NULL;
}

/* A list breaks the signatures of all who write to it, and vouches for all of them; other places for those alone whose mail came from
 * there, each client (by number, from 1) or the owner (0). 0 where the domain is everybody's. */
static uint64_t origin_key(const struct conversation_message *m, const char *origin) {
        if (domain_free_mail(origin) != FREE_MAIL_NO)
                return 0;
        uint64_t list = hash_string(m->message->list_id), client = m->from_owner ? 0 : m->clients[0]->index + 1U;
        return hash_mix(hash_mix(email_hash(origin), list != 0 ? list : client), UINT64_C(0x6f726967696e0001));
}

int conversations_note_own(struct conversations *c, uint64_t key, instant at) {
        return window_put(&c->own, key, 1, at);
}

int conversations_vouch(struct conversations *c, const struct conversation_message *m) {
        bool vouched = names_known(c, m);
        const char *origin;
        for (uint32_t i = 0; !vouched && (origin = origin_at(m->message, i)); i++) {
                uint64_t key = origin_key(m, origin);
                vouched = key != 0 && window_find(&c->origins, key, m->at);
        }
        for (uint32_t i = 0; vouched && (origin = origin_at(m->message, i)); i++) {
                uint64_t key = origin_key(m, origin);
                int r = key != 0 ? window_put(&c->origins, key, 1, m->at) : 0;
                if (r < 0)
                        return r;
        }
        return vouched;
}

int conversations_note_doubted(struct conversations *c, uint64_t key, instant at) {
        return window_find(&c->doubted, key, at) ? 1 : window_put(&c->doubted, key, 1, at);
}

uint64_t conversations_place(struct conversations *c, const struct conversation_message *m) {
        bool person = m->message->automatic == AUTOMATIC_NO || m->message->automatic == AUTOMATIC_CALENDAR;
        uint64_t thread = find_by_subject(c, m);
        return thread != 0 || !person ? thread : find_by_question(c, m);
}

/* ---- turns */

bool message_asks(const struct message *m) {
        if (!(m->flags & MESSAGE_REQUEST) || (m->flags & MESSAGE_THANKS) || ((m->flags & MESSAGE_FORWARD) && m->words == 0))
                return false;
        for (uint32_t i = 0; i < m->calendar.n; i++)
                if (m->calendar.items[i].method == ITIP_REQUEST || m->calendar.items[i].method == ITIP_PUBLISH)
                        return false;
        return true;
}

bool message_settles(const struct message *m) {
        if (m->automatic == AUTOMATIC_CALENDAR)
                return m->calendar.n > 0 && m->calendar.items[0].method != ITIP_NONE;
        /* A list hands on what a person answered. */
        if (m->automatic == AUTOMATIC_LIST)
                return m->in_reply_to.n > 0;
        return m->automatic == AUTOMATIC_BOUNCE || (m->automatic == AUTOMATIC_NO && m->flags & MESSAGE_SETTLED);
}

/* Who wrote last and hears nothing, for the response time; any message that is not thanks counts. */
enum answering { ANSWERING_NONE, ANSWERING_CLIENT, ANSWERING_OWNER };

#define TURN_BITS 2U
#define TURN_MASK ((UINT64_C(1) << TURN_BITS) - 1)

static uint64_t turn_word(instant since, enum turn turn, enum answering answering) {
        return (uint64_t) since << 2 * TURN_BITS | (uint64_t) turn << TURN_BITS | (uint64_t) answering;
}

/* A request waits on the other side until somebody there writes; writing more without asking leaves it standing. */
static enum turn turn_after(enum turn turn, const struct conversation_turn *m) {
        enum turn theirs = m->from_owner ? TURN_CLIENT : TURN_OWNER;
        if (m->settles)
                return TURN_NOBODY;
        if (m->asks)
                return theirs;
        if (!m->person)
                return turn;
        return turn == theirs ? theirs : TURN_NOBODY;
}

int conversations_turn(struct conversations *c, uint64_t thread, const struct client *client, struct conversation_turn *m) {
        uint64_t key = turn_key(client, thread);
        const struct window_slot *slot = window_find(&c->turns, key, m->at);
        uint64_t word = slot ? slot->word : turn_word(m->at, TURN_NOBODY, ANSWERING_NONE);
        enum answering answering = (enum answering)(word & TURN_MASK);
        instant since = (instant) word >> 2 * TURN_BITS;
        m->turn = turn_after((enum turn)(word >> TURN_BITS & TURN_MASK), m);
        m->response_time = -1;
        if (m->person) {
                enum answering other = m->from_owner ? ANSWERING_CLIENT : ANSWERING_OWNER;
                m->pending = answering == other;
                if (answering != ANSWERING_NONE && answering != other)
                        m->response_time = m->at - since;
                if (answering != other) {
                        answering = m->opens ? other : ANSWERING_NONE;
                        since = m->at;
                }
        } else if (!slot && m->turn == TURN_NOBODY)
                return 0; /* a machine begins nothing */
        return window_put(&c->turns, key, turn_word(since, m->turn, answering), m->at);
}

/* ---- questions that wait */

void conversations_asked(struct conversations *c, uint64_t thread, const struct client *client,
                         const struct conversation_message *m) {
        const struct message *mail = m->message;
        struct acquaintance *a = &c->clients[client->index];
        struct waiting_request *w = &a->waiting[a->waiting_next++ % WAITING_MAX];
        *w = (struct waiting_request){.thread = thread,
                                      .question = m->key,
                                      .at = m->at,
                                      .alone = mail->to.n == 1 && mail->cc.n + mail->bcc.n == 0};
        for (uint32_t i = 0; i < mail->to.n && w->n_others < OTHERS_MAX; i++)
                if (!settings_find_client(c->settings, mail->to.items[i].email))
                        w->others[w->n_others++] = email_hash(mail->to.items[i].email);
        subject_words(mail->thread_subject, &w->words);
}

bool conversations_waits(struct conversations *c, uint64_t thread, const struct client *client, instant at) {
        const struct acquaintance *a = &c->clients[client->index];
        for (size_t i = 0; i < WAITING_MAX; i++)
                if (a->waiting[i].at >= at - CONVERSATION_SUBJECT_WINDOW && waits_in(c, &a->waiting[i], thread, at))
                        return true;
        return false;
}

const struct client *conversations_expects(struct conversations *c, const struct message *m, instant at) {
        if (m->in_reply_to.n + m->references.n == 0)
                return NULL;
        const char *id = m->in_reply_to.n > 0 ? m->in_reply_to.items[0] : m->references.items[m->references.n - 1];
        uint64_t thread = threads_find(&c->threads, message_id_key(id), at);
        if (thread == 0)
                return NULL;
        for (size_t k = 0; k < c->settings->n_clients; k++)
                for (size_t i = 0; i < WAITING_MAX; i++) {
                        const struct waiting_request *w = &c->clients[k].waiting[i];
                        if (w->alone && w->at >= at - CONVERSATION_SUBJECT_WINDOW && waits_in(c, w, thread, at))
                                return &c->settings->clients[k];
                }
        return NULL;
}

/* Takes a question off the list; told to the caller when the fact that opened it stands in another conversation than `thread`. */
static uint32_t answer(struct waiting_request *w, const struct client *client, uint64_t thread,
                       struct conversation_settled *ret, uint32_t n) {
        if (w->thread != thread && n < CONVERSATION_SETTLED_MAX)
                ret[n++] = (struct conversation_settled){.client = client, .thread = w->thread, .asked_at = w->at};
        w->thread = 0;
        return n;
}

/* `known`: the conversation in which the caller sees the answer itself, 0 for none. */
static uint32_t answer_all(struct conversations *c, uint64_t thread, uint64_t known, const struct client *client, instant at,
                           struct conversation_settled *ret) {
        struct acquaintance *a = &c->clients[client->index];
        uint32_t n = 0;
        for (size_t i = 0; i < WAITING_MAX; i++)
                if (waits_in(c, &a->waiting[i], thread, at))
                        n = answer(&a->waiting[i], client, known, ret, n);
        return n;
}

uint32_t conversations_answered(struct conversations *c, uint64_t thread, const struct client *client, instant at,
                                struct conversation_settled ret[static CONVERSATION_SETTLED_MAX]) {
        return answer_all(c, thread, thread, client, at, ret);
}

uint32_t conversations_excused(struct conversations *c, uint64_t thread, const struct client *client, instant at,
                               struct conversation_settled ret[static CONVERSATION_SETTLED_MAX]) {
        return answer_all(c, thread, 0, client, at, ret);
}

/* Was the author asked by the same message? */
static bool was_asked_too(struct conversations *c, const struct waiting_request *w, const struct client *author_client,
                          uint64_t author) {
        for (uint32_t i = 0; i < w->n_others; i++)
                if (w->others[i] == author)
                        return true;
        for (size_t i = 0; author_client && i < WAITING_MAX; i++)
                if (c->clients[author_client->index].waiting[i].thread != 0 &&
                    c->clients[author_client->index].waiting[i].question == w->question)
                        return true;
        return false;
}

uint32_t conversations_answered_for(struct conversations *c, uint64_t thread, const struct client *client,
                                    const struct client *author_client, uint64_t author, instant at,
                                    struct conversation_settled ret[static CONVERSATION_SETTLED_MAX]) {
        struct acquaintance *a = &c->clients[client->index];
        uint32_t n = 0;
        for (size_t i = 0; i < WAITING_MAX; i++) {
                struct waiting_request *w = &a->waiting[i];
                if (waits_in(c, w, thread, at) && was_asked_too(c, w, author_client, author))
                        n = answer(w, client, 0, ret, n);
        }
        return n;
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
