/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/acts.h"

/* Every pattern of the tables is looked for at every word where its first word stands; then each is judged by what stands around it. What is
 * said of somebody must be right, so whatever makes it a question, a condition, a report or its contrary makes it silent. */

/* Places of the index, a power of two; patterns are found by the first four letters of their first words. */
#define BUCKETS 2048U
/* How far before a claim its negation stands: "we have not yet formally". */
#define NEGATION_REACH 3U
/* As many words may stand before the start of a clause when they only lead to it: "ok, so". */
#define LEAD_MAX 3U
/* "..., non ?", "..., right?": a tag as short as this asks about what stands before it. */
#define TAG_WORDS_MAX 2U

struct act_entry {
        uint64_t needs; /* words that must stand somewhere in the sentence, as word_bit() */
        uint32_t key;
        uint32_t second; /* letters with which the second word may begin */
        uint16_t item;
        uint16_t at, rest; /* where in the pattern this first word stands, and the second item */
        uint8_t table;
};

struct act_index {
        struct act_entry *entries; /* owned; by bucket */
        uint32_t first[BUCKETS + 1];
        uint32_t second[BUCKETS]; /* of all entries there; 0: none */
};

const struct act_table *const act_tables[TABLES] = {[FR] = &acts_fr, [EN] = &acts_en, [DE] = &acts_de, [NL] = &acts_nl};

/* --- names --- */

static const struct {
        const char *name, *kind;
} acts[_ACT_MAX] = {
        [ACT_REMINDER] = {"reminder", NULL},
        [ACT_THANKS] = {"thanks", NULL},
        [ACT_BOUNDARY_HOURS] = {"boundary", "hours"},
        [ACT_BOUNDARY_CHANNEL] = {"boundary", "channel"},
        [ACT_BOUNDARY_NOTICE] = {"boundary", "notice"},
        [ACT_PROPOSAL_QUOTE] = {"proposal", "quote"},
        [ACT_PROPOSAL_OFFER] = {"proposal", "offer"},
        [ACT_PROPOSAL_PLAN] = {"proposal", "plan"},
        [ACT_PROPOSAL_DATE] = {"proposal", "date"},
        [ACT_PROPOSAL_DRAFT] = {"proposal", "draft"},
        [ACT_DECISION_APPROVAL] = {"decision", "approval"},
        [ACT_DECISION_REFUSAL] = {"decision", "refusal"},
        [ACT_DECISION_CHANGE] = {"decision", "change"},
};

const char *act_name(enum act_kind kind) {
        return kind < _ACT_MAX ? acts[kind].name : NULL;
}

const char *act_kind_name(enum act_kind kind) {
        return kind < _ACT_MAX ? acts[kind].kind : NULL;
}

/* --- the index --- */

/* The first four letters of a word; zeros stand for those after a shorter one. */
#define KEY_LETTERS 4U
static uint32_t word_key(const char *s) {
        uint32_t key = 0;
        for (unsigned i = 0; i < KEY_LETTERS && s[i] && s[i] != ' ' && s[i] != '|' && s[i] != '*'; i++)
                key |= (uint32_t) (unsigned char) s[i] << (24 - 8 * i);
        return key;
}

static uint32_t bucket_of(uint32_t key) {
        return key * UINT32_C(2654435761) >> 21; /* Knuth's multiplicative hash; the top 11 bits */
}
_Static_assert(BUCKETS == 1U << 11, "as many buckets as the hash has values");

static uint32_t letter_bit(char c) {
        return UINT32_C(1) << ((unsigned char) c & 31);
}
/* Hardly a word begins with a sign that has this bit, while the set of all letters holds it: at worst one try too many. */
#define ANY_LETTER UINT32_C(1)

/* With what the second word of a pattern begins, as a set; "i" and "je" begin hundreds of patterns, and one look at the next word tells that
 * most do not go on. */
static uint32_t second_letters(const char *pattern) {
        uint32_t letters = 0;
        for (const char *s = strchr(pattern, ' '); s; s = strchr(s + 1, ' ')) {
                bool optional = s[1] == '?';
                if (s[1] == '!') /* what must not stand there tells nothing of what does */
                        continue;
                if (s[1] == '.' || s[1] == '#')
                        return UINT32_MAX;
                for (const char *word = s + 1 + optional; word; word = *word == '|' ? word + 1 : NULL) {
                        letters |= *word == '#' ? UINT32_MAX : letter_bit(*word);
                        word += strcspn(word, " |");
                }
                if (!optional)
                        return letters;
        }
        return UINT32_MAX; /* the pattern may end with its first word */
}

static uint64_t word_bit(uint32_t key) {
        return UINT64_C(1) << (key * UINT32_C(2654435761) >> 26);
}

/* Items of a pattern that are one word and must be there. */
static uint64_t needed_words(const char *pattern) {
        uint64_t needs = 0;
        for (const char *s = strchr(pattern, ' '); s; s = strchr(s + 1, ' ')) {
                size_t n = strcspn(s + 1, " ");
                bool wild = s[n] == '*';
                if (strchr("?!.#", s[1]) || memchr(s + 1, '|', n) || (wild && n <= KEY_LETTERS))
                        continue;
                needs |= word_bit(word_key(s + 1));
        }
        return needs;
}

/* Calls back for each first word of each pattern; the count. */
static size_t each_first_word(struct act_index *x, uint32_t *room) {
        size_t n = 0;
        for (uint8_t t = 0; t < TABLES; t++)
                for (size_t k = 0; act_tables[t] && k < act_tables[t]->n; k++) {
                        const char *s = act_tables[t]->items[k].text;
                        uint32_t second = second_letters(s);
                        uint64_t needs = needed_words(s);
                        const char *pattern = s, *space = strchr(s, ' ');
                        uint16_t rest = (uint16_t) (space ? (size_t) (space - s) + 1 : strlen(s));
                        for (bool more = true; more; n++) {
                                uint32_t key = word_key(s), bucket = bucket_of(key);
                                x->second[bucket] |= second;
                                if (x->entries)
                                        x->entries[room[bucket]++] = (struct act_entry){.needs = needs,
                                                                                        .key = key,
                                                                                        .second = second,
                                                                                        .item = (uint16_t) k,
                                                                                        .at = (uint16_t) (s - pattern),
                                                                                        .rest = rest,
                                                                                        .table = t};
                                else
                                        x->first[bucket + 1]++;
                                s += strcspn(s, " |");
                                more = *s == '|';
                                s += more;
                        }
                }
        return n;
}

int act_index_new(struct act_index **ret) {
        struct act_index *x = calloc(1, sizeof(*x));
        uint32_t room[BUCKETS];
        if (!x)
                return -ENOMEM;
        size_t n = each_first_word(x, room);
        for (size_t i = 0; i < BUCKETS; i++)
                x->first[i + 1] += x->first[i];
        x->entries = calloc(MAX(n, (size_t) 1), sizeof(*x->entries));
        if (!x->entries) {
                free(x);
                return -ENOMEM;
        }
        memcpy(room, x->first, sizeof(room));
        (void) each_first_word(x, room);
        *ret = x;
        return 0;
}

struct act_index *act_index_free(struct act_index *x) {
        if (x)
                free(x->entries);
        free(x);
        return NULL;
}

/* --- matching --- */

/* Is the word one of the alternatives of an item? */
static bool item_is(const char *item, size_t n, const struct reading *r, size_t i) {
        const char *w = word_text(r, i);
        size_t len = r->words[i].len;
        for (size_t at = 0; at < n;) {
                size_t k = at;
                while (k < n && item[k] != '|')
                        k++;
                size_t m = k - at;
                bool wild = m > 1 && item[k - 1] == '*';
                if (m == 1 && item[at] == '#') {
                        if (w[0] >= '0' && w[0] <= '9')
                                return true;
                } else if (w[0] == item[at] && (wild ? len >= m - 1 && memcmp(w, item + at, m - 1) == 0
                                                     : len == m && memcmp(w, item + at, m) == 0))
                        return true;
                at = k + 1;
        }
        return false;
}

/* Where the pattern ends that begins at word i; 0 when it does not. Recursion follows the pattern, never the text. */
static size_t match(const char *p, const struct reading *r, size_t i, size_t last) {
        for (; *p; p += *p == ' ') {
                size_t n = 0; /* items are short: a call would cost more */
                while (p[n] && p[n] != ' ')
                        n++;
                if (p[0] == '.' && p[1] == '.') {
                        const char *rest = p + n + (p[n] == ' ');
                        for (size_t gap = 0; gap <= ACT_GAP_MAX; gap++, i++) {
                                size_t end = match(rest, r, i, last);
                                if (end > 0)
                                        return end;
                                if (i >= last || r->words[i].comma)
                                        return 0;
                        }
                        return 0;
                }
                bool optional = *p == '?', barred = *p == '!';
                bool is = i < last && item_is(p + (optional || barred), n - (optional || barred), r, i);
                p += n;
                if (barred && is)
                        return 0;
                if (barred)
                        continue;
                if (optional && is) {
                        size_t end = match(p + (*p == ' '), r, i + 1, last);
                        if (end > 0)
                                return end;
                        continue;
                }
                if (!is && !optional)
                        return 0;
                i += is;
        }
        return i;
}

static void mark_sentence(const struct act_index *x, const struct reading *r, const struct sentence *s, unsigned wanted,
                          struct act_sentence *a) {
        uint64_t there = 0;
        for (size_t i = s->first; i < s->last; i++)
                there |= word_bit(word_key(word_text(r, i)));
        for (size_t i = s->first; i < s->last; i++) {
                if (r->words[i].comma)
                        continue;
                uint32_t key = word_key(word_text(r, i)), bucket = bucket_of(key);
                uint32_t next = i + 1 < s->last ? letter_bit(*word_text(r, i + 1)) : 0;
                if (!(x->second[bucket] & (next | ANY_LETTER)))
                        continue;
                for (uint32_t e = x->first[bucket]; e < x->first[bucket + 1] && a->n_marks < ACT_MARKS_MAX; e++) {
                        const struct act_entry *entry = x->entries + e;
                        if (entry->key != key || entry->needs & ~there || !(wanted >> entry->table & 1) ||
                            (entry->second != UINT32_MAX && !(entry->second & next)))
                                continue;
                        const struct act_pattern *p = act_tables[entry->table]->items + entry->item;
                        const char *first = p->text + entry->at;
                        size_t end = item_is(first, strcspn(first, " |"), r, i)
                                             ? match(p->text + entry->rest, r, i + 1, s->last)
                                             : 0;
                        if (end > i)
                                a->marks[a->n_marks++] = (struct act_mark){(uint32_t) i, (uint32_t) end, p->does};
                }
        }
}

/* --- judging --- */

static bool is_covered(const struct act_sentence *a, const struct act_mark *m) {
        for (size_t i = 0; i < a->n_marks; i++) {
                const struct act_mark *c = a->marks + i;
                if ((c->does & ACT_SIGN) == ACT_COVER && m->at >= c->at && m->at < c->end &&
                    (m->at > c->at || c->end >= m->end))
                        return true;
        }
        return false;
}

static bool has_sign(const struct act_sentence *a, enum act_sign sign, size_t first, size_t last) {
        for (size_t i = 0; i < a->n_marks; i++)
                if ((a->marks[i].does & ACT_SIGN) == (uint32_t) sign && a->marks[i].at >= first && a->marks[i].at < last)
                        return true;
        return false;
}

static bool begins_clause(const struct reading *r, const struct sentence *s, size_t at) {
        static const char *const leads[] = {
                "ok",      "oui",   "yes",     "so",      "and",     "et",     "donc",      "alors", "mais",      "but",
                "super",   "top",   "parfait", "perfect", "great",   "genial", "excellent", "recu",  "bien",      "donc",
                "bonjour", "hello", "hi",      "hey",     "bonsoir", "salut",  "again",     "just",  "brilliant", "received",
                "nickel",  "tres",  "ja",      "und",     "en",      "prima",  "dus",       "also",  "well",      "sorry"};
        for (size_t n = 0; at > s->first && !r->words[at - 1].comma; at--, n++)
                if (n == LEAD_MAX || !word_in(r, at - 1, leads, ELEMENTSOF(leads)))
                        return false;
        return true;
}

/* A name may follow: "thanks Camille". */
static bool ends_clause(const struct reading *r, const struct sentence *s, size_t end) {
        if (end >= s->last || r->words[end].comma)
                return true;
        char c = r->text[r->words[end].at];
        return c >= 'A' && c <= 'Z' && (end + 1U >= s->last || r->words[end + 1].comma);
}

static bool is_negated(const struct reading *r, const struct sentence *s, size_t at) {
        static const char *const words[] = {
                "pas",    "ne",      "n'",     "not",   "never",  "don't",  "didn't",  "haven't", "hasn't", "isn't",
                "won't",  "can't",   "cannot", "nicht", "nie",    "kein",   "keine",   "niet",    "geen",   "jamais",
                "nobody", "without", "sans",   "aucun", "aren't", "wasn't", "doesn't", "rien",    "nothing"};
        for (size_t n = 0; n < NEGATION_REACH && at > s->first && !r->words[at - 1].comma; n++, at--)
                if (word_in(r, at - 1, words, ELEMENTSOF(words)))
                        return true;
        return false;
}

/* A question is about its last clause; what stands before it was said, unless the last is a mere tag. */
static bool is_asked(const struct reading *r, const struct sentence *s, size_t end) {
        if (s->ending != '?')
                return false;
        size_t clause = reading_clause_end(r, end, s->last), words = 0;
        for (size_t i = clause; i < s->last; i++)
                words += !r->words[i].comma;
        return words <= TAG_WORDS_MAX;
}

/* What silences which kind. */
enum { BY_IF = 1, BY_REPORT = 2, BY_NOT = 4 };

static const uint8_t silenced[_ACT_MAX] = {
        [ACT_REMINDER] = BY_NOT,
        [ACT_THANKS] = BY_REPORT | BY_NOT,
        [ACT_BOUNDARY_HOURS] = BY_REPORT,
        [ACT_BOUNDARY_CHANNEL] = BY_REPORT,
        [ACT_BOUNDARY_NOTICE] = BY_REPORT,
        [ACT_PROPOSAL_QUOTE] = BY_REPORT | BY_NOT,
        [ACT_PROPOSAL_OFFER] = BY_REPORT | BY_NOT,
        [ACT_PROPOSAL_PLAN] = BY_REPORT | BY_NOT,
        [ACT_PROPOSAL_DATE] = BY_REPORT | BY_NOT,
        [ACT_PROPOSAL_DRAFT] = BY_REPORT | BY_NOT,
        [ACT_DECISION_APPROVAL] = BY_IF | BY_REPORT | BY_NOT,
        [ACT_DECISION_REFUSAL] = BY_IF | BY_REPORT,
        [ACT_DECISION_CHANGE] = BY_IF | BY_REPORT | BY_NOT,
};

static bool counts(const struct reading *r, const struct sentence *s, const struct act_sentence *a,
                   const struct act_mark *m) {
        uint8_t by = silenced[m->does & ACT_SIGN];
        if (is_covered(a, m) || (m->does & ACT_ASKED && s->ending != '?'))
                return false;
        if (!(m->does & (ACT_ASKS | ACT_ASKED)) && is_asked(r, s, m->end))
                return false;
        if ((m->does & ACT_START && !begins_clause(r, s, m->at)) || (m->does & ACT_END && !ends_clause(r, s, m->end)))
                return false;
        if (by & BY_IF && has_sign(a, ACT_IF, s->first, reading_clause_end(r, m->end, s->last)))
                return false;
        return !(by & BY_REPORT && has_sign(a, ACT_REPORT, s->first, m->at)) && !(by & BY_NOT && is_negated(r, s, m->at));
}

/* A sentence does one thing of each sort, but may name several boundaries. The first counts, of those at one word the longest. */
static bool outdone(const struct act_sentence *a, const struct act_mark *m, const bool *counted) {
        enum act_kind kind = m->does & ACT_SIGN;
        for (size_t i = 0; i < a->n_marks; i++) {
                const struct act_mark *o = a->marks + i;
                enum act_kind other = o->does & ACT_SIGN;
                if (!counted[i] || o == m || strcmp(act_name(other), act_name(kind)) != 0)
                        continue;
                if (other != kind && strcmp(act_name(kind), "boundary") == 0)
                        continue;
                if (o->at < m->at || (o->at == m->at && (o->end > m->end || (o->end == m->end && o < m))))
                        return true;
        }
        return false;
}

/* "I don't accept last-minute changes" refuses nothing that was offered; "find the signed quote attached" is an answer and no quote. */
static bool outweighed(const struct act_sentence *a, const struct act_mark *m, const bool *counted) {
        enum act_kind kind = m->does & ACT_SIGN;
        bool proposal = strcmp(act_name(kind), "proposal") == 0;
        for (size_t i = 0; i < a->n_marks; i++) {
                enum act_kind other = a->marks[i].does & ACT_SIGN;
                if (!counted[i])
                        continue;
                if (kind == ACT_DECISION_REFUSAL && strcmp(act_name(other), "boundary") == 0)
                        return true;
                if (proposal && strcmp(act_name(other), "decision") == 0 && a->marks[i].at == m->at)
                        return true;
        }
        return false;
}

void acts_read(const struct act_index *x, const struct reading *r, size_t k, unsigned wanted, struct act_sentence *ret) {
        const struct sentence *s = r->sentences + k;
        bool counted[ACT_MARKS_MAX] = {0};

        ret->n_marks = 0;
        memset(ret->kinds, 0, sizeof(ret->kinds));
        mark_sentence(x, r, s, wanted, ret);
        for (size_t i = 0; i < ret->n_marks; i++)
                counted[i] = (ret->marks[i].does & ACT_SIGN) < _ACT_MAX && counts(r, s, ret, ret->marks + i);
        for (size_t i = 0; i < ret->n_marks; i++) {
                const struct act_mark *m = ret->marks + i;
                if (!counted[i] || outdone(ret, m, counted) || outweighed(ret, m, counted))
                        continue;
                ret->kinds[m->does & ACT_SIGN].at = m->at;
                ret->kinds[m->does & ACT_SIGN].found = true;
                ret->kinds[m->does & ACT_SIGN].bare = m->does & ACT_BARE;
        }
}
