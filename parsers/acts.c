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

enum item_what { ITEM_WORD, ITEM_OPTIONAL, ITEM_NOT, ITEM_GAP };

/* One item of a pattern, made ready: most words are told not to be it by their first letter. */
struct act_item {
        const char *s;
        uint32_t letters; /* letter_bit() of those with which its alternatives begin */
        uint16_t n;       /* of s */
        uint16_t what;    /* enum item_what */
};

/* One first word of a pattern. */
struct act_entry {
        uint64_t needs; /* words that must stand somewhere in the sentence, as word_bit() */
        uint32_t key;
        uint32_t items, next; /* the items after the first; letters with which what follows may begin */
        uint32_t does;
        const char *word; /* the alternative */
        uint16_t n;       /* of word */
        uint8_t n_items, table;
};

struct act_index {
        struct act_entry *entries; /* owned; by bucket */
        struct act_item *items;    /* owned */
        uint32_t first[BUCKETS + 1];
        uint32_t next[BUCKETS]; /* of all entries there; 0: none */
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

#define KEY_LETTERS 4U

/* The first four letters of a word; zeros stand for those after a shorter one. */
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

#define ALL_LETTERS UINT32_MAX
/* Hardly a word begins with a sign that has this bit, while the set of all letters holds it: at worst one try too many. */
#define ANY_LETTER UINT32_C(1)

static uint32_t letter_bit(char c) {
        return UINT32_C(1) << (c & 31);
}

static uint32_t letters_of(const char *s, size_t n) {
        uint32_t letters = 0;
        for (size_t i = 0; i < n; i++)
                if (i == 0 || s[i - 1] == '|')
                        letters |= s[i] == '#' ? ALL_LETTERS : letter_bit(s[i]);
        return letters;
}

static struct act_item item_of(const char *s, size_t n) {
        if (n == 2 && s[0] == '.' && s[1] == '.')
                return (struct act_item){.s = s, .letters = ALL_LETTERS, .what = ITEM_GAP};
        enum item_what what = *s == '?' ? ITEM_OPTIONAL : *s == '!' ? ITEM_NOT : ITEM_WORD;
        s += what != ITEM_WORD;
        n -= what != ITEM_WORD;
        return (struct act_item){.s = s, .letters = letters_of(s, n), .n = (uint16_t) n, .what = (uint16_t) what};
}

/* With which letters the word may begin that follows the first; all when none need follow. */
static uint32_t next_letters(const struct act_item *items, size_t n) {
        uint32_t letters = 0;
        for (size_t i = 0; i < n; i++) {
                if (items[i].what == ITEM_NOT || items[i].what == ITEM_GAP)
                        return ALL_LETTERS;
                letters |= items[i].letters;
                if (items[i].what == ITEM_WORD)
                        return letters;
        }
        return ALL_LETTERS;
}

static uint64_t word_bit(uint32_t key) {
        return UINT64_C(1) << (key * UINT32_C(2654435761) >> 26);
}

/* Items that are one word and must be there. */
static uint64_t needed_words(const struct act_item *items, size_t n) {
        uint64_t needs = 0;
        for (size_t i = 0; i < n; i++) {
                bool wild = items[i].n > 0 && items[i].s[items[i].n - 1] == '*';
                if (items[i].what == ITEM_WORD && *items[i].s != '#' && !memchr(items[i].s, '|', items[i].n) &&
                    !(wild && items[i].n <= KEY_LETTERS))
                        needs |= word_bit(word_key(items[i].s));
        }
        return needs;
}

/* The items of a pattern; their number, and they are written when there is room for them. */
static size_t cut_pattern(const char *s, struct act_item *items) {
        size_t n = 0;
        while (*s) {
                size_t len = strcspn(s, " ");
                if (items)
                        items[n] = item_of(s, len);
                n++;
                s += len + (s[len] == ' ');
        }
        return n;
}

/* Walks all first words of all patterns: counts them, or fills the index by `room`, the next free place of each bucket. */
static void walk_patterns(struct act_index *x, uint32_t *room, size_t *ret_entries, size_t *ret_items) {
        size_t n_entries = 0, n_items = 0;
        for (uint8_t t = 0; t < TABLES; t++)
                for (size_t k = 0; act_tables[t] && k < act_tables[t]->n; k++) {
                        const struct act_pattern *p = act_tables[t]->items + k;
                        struct act_item *items = room ? x->items + n_items : NULL;
                        size_t n = cut_pattern(p->text, items);
                        uint32_t next = room ? next_letters(items + 1, n - 1) : 0;
                        uint64_t needs = room ? needed_words(items + 1, n - 1) : 0;
                        bool more = true;
                        for (const char *s = p->text; more; n_entries++) {
                                size_t len = strcspn(s, " |");
                                uint32_t key = word_key(s), bucket = bucket_of(key);
                                if (room) {
                                        x->next[bucket] |= next;
                                        x->entries[room[bucket]++] = (struct act_entry){.needs = needs,
                                                                                        .key = key,
                                                                                        .items = (uint32_t) n_items + 1,
                                                                                        .next = next,
                                                                                        .does = p->does,
                                                                                        .word = s,
                                                                                        .n = (uint16_t) len,
                                                                                        .n_items = (uint8_t) (n - 1),
                                                                                        .table = t};
                                } else
                                        x->first[bucket + 1]++;
                                more = s[len] == '|';
                                s += len + more;
                        }
                        n_items += n;
                }
        *ret_entries = n_entries;
        *ret_items = n_items;
}

int act_index_new(struct act_index **ret) {
        struct act_index *x = calloc(1, sizeof(*x));
        uint32_t room[BUCKETS];
        size_t entries, items;
        if (!x)
                return -ENOMEM;
        walk_patterns(x, NULL, &entries, &items);
        for (size_t i = 0; i < BUCKETS; i++)
                x->first[i + 1] += x->first[i];
        x->entries = calloc(entries, sizeof(*x->entries));
        x->items = calloc(items, sizeof(*x->items));
        if (!x->entries || !x->items) {
                act_index_free(x);
                return -ENOMEM;
        }
        memcpy(room, x->first, sizeof(room));
        walk_patterns(x, room, &entries, &items);
        *ret = x;
        return 0;
}

struct act_index *act_index_free(struct act_index *x) {
        if (x) {
                free(x->entries);
                free(x->items);
        }
        free(x);
        return NULL;
}

/* --- matching --- */

static bool alternative_is(const char *s, size_t n, const char *w, size_t len) {
        if (n == 1 && *s == '#')
                return *w >= '0' && *w <= '9';
        bool wild = n > 1 && s[n - 1] == '*';
        return wild ? len >= n - 1 && memcmp(w, s, n - 1) == 0 : len == n && memcmp(w, s, n) == 0;
}

/* Is the word one of the alternatives? */
static bool item_is(const struct act_item *item, const struct reading *r, size_t i) {
        const char *w = word_text(r, i), *end = item->s + item->n;
        if (!(item->letters & letter_bit(*w)))
                return false;
        for (const char *s = item->s; s < end;) {
                const char *bar = memchr(s, '|', (size_t) (end - s));
                size_t n = (size_t) ((bar ? bar : end) - s);
                if ((*s == *w || *s == '#') && alternative_is(s, n, w, r->words[i].len))
                        return true;
                s += n + 1;
        }
        return false;
}

/* Where the items end that begin at word i; 0 when they do not. Recursion follows the pattern, never the text. */
static size_t match(const struct act_item *items, size_t n, const struct reading *r, size_t i, size_t last) {
        for (; n > 0; items++, n--) {
                if (items->what == ITEM_GAP) {
                        for (size_t gap = 0; gap <= ACT_GAP_MAX; gap++, i++) {
                                size_t end = match(items + 1, n - 1, r, i, last);
                                if (end > 0)
                                        return end;
                                if (i >= last || r->words[i].comma)
                                        return 0;
                        }
                        return 0;
                }
                bool is = i < last && item_is(items, r, i);
                if (items->what == ITEM_NOT ? is : items->what == ITEM_WORD && !is)
                        return 0;
                if (items->what == ITEM_NOT || !is)
                        continue;
                if (items->what == ITEM_OPTIONAL) {
                        size_t end = match(items + 1, n - 1, r, i + 1, last);
                        if (end > 0)
                                return end;
                        continue;
                }
                i++;
        }
        return i;
}

static void mark_sentence(const struct act_index *x, const struct reading *r, const struct sentence *s, unsigned wanted,
                          struct act_sentence *a) {
        uint64_t there = 0;
        for (size_t i = s->first; i < s->last; i++)
                there |= word_bit(r->words[i].key);
        for (size_t i = s->first; i < s->last; i++) {
                const char *w = word_text(r, i);
                uint32_t key = r->words[i].key, bucket = bucket_of(key);
                uint32_t next = i + 1 < s->last ? letter_bit(*word_text(r, i + 1)) : 0;
                if (r->words[i].comma || !(x->next[bucket] & (next | ANY_LETTER)))
                        continue;
                for (uint32_t e = x->first[bucket]; e < x->first[bucket + 1] && a->n_marks < ACT_MARKS_MAX; e++) {
                        const struct act_entry *entry = x->entries + e;
                        if (entry->key != key || entry->needs & ~there || !(wanted >> entry->table & 1) ||
                            (entry->next != ALL_LETTERS && !(entry->next & next)) ||
                            !alternative_is(entry->word, entry->n, w, r->words[i].len))
                                continue;
                        size_t end = match(x->items + entry->items, entry->n_items, r, i + 1, s->last);
                        if (end > i)
                                a->marks[a->n_marks++] =
                                        (struct act_mark){(uint32_t) i, (uint32_t) end, entry->does, entry->table};
                }
        }
}

/* --- judging --- */

static bool is_covered(const struct act_sentence *a, const struct act_mark *m) {
        for (size_t i = 0; i < a->n_marks; i++) {
                const struct act_mark *c = a->marks + i;
                if ((c->does & ACT_SIGN) == ACT_COVER && c->table == m->table && m->at >= c->at && m->at < c->end &&
                    (m->at > c->at || c->end >= m->end))
                        return true;
        }
        return false;
}

static bool has_sign(const struct act_sentence *a, const struct act_mark *of, enum act_sign sign, size_t first,
                     size_t last) {
        for (size_t i = 0; i < a->n_marks; i++) {
                const struct act_mark *m = a->marks + i;
                if ((m->does & ACT_SIGN) == (uint32_t) sign && m->table == of->table && m->at >= first && m->at < last)
                        return true;
        }
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
        if (by & BY_IF && has_sign(a, m, ACT_IF, s->first, reading_clause_end(r, m->end, s->last)))
                return false;
        return !(by & BY_REPORT && has_sign(a, m, ACT_REPORT, s->first, m->at)) && !(by & BY_NOT && is_negated(r, s, m->at));
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
                if (proposal && other == ACT_REMINDER)
                        return true; /* "we have been waiting for your comments since Monday" */
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
