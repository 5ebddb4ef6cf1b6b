/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/acts.h"

/* Every pattern of the tables is looked for at every word where its first word stands; then each is judged by what stands around it. What is
 * said of somebody must be right, so whatever makes it a question, a condition, a report or its contrary makes it silent. */

/* How far before a claim its negation stands: "we have not yet formally". */
#define NEGATION_REACH 3U
/* As many words may stand before the start of a clause when they only lead to it: "ok, so". */
#define LEAD_MAX 3U
/* "..., non ?", "..., right?": a tag as short as this asks about what stands before it. */
#define TAG_WORDS_MAX 2U

enum item_what { ITEM_WORD, ITEM_OPTIONAL, ITEM_NOT, ITEM_GAP };

enum alternative_how { HOW_WHOLE, HOW_BEGINS, HOW_NUMBER };

/* One word of an item. Its first four letters are compared as a number, since most words are told not to be it by them. */
struct act_alternative {
        const char *s;
        uint32_t key, mask; /* of those letters */
        uint16_t n;         /* of s */
        uint16_t how;       /* enum alternative_how */
};

/* One item of a pattern, made ready. */
struct act_item {
        uint64_t bits;         /* reading_bit() of the words it can be */
        uint32_t alternatives; /* the first of them */
        uint16_t n, what;      /* how many; enum item_what */
};

/* One first word of a pattern. */
struct act_entry {
        uint64_t needs; /* words that must stand somewhere in the sentence, as reading_bit() */
        uint64_t next;  /* words with which what follows may begin */
        uint32_t items; /* the items after the first word */
        uint32_t first; /* that word, among the alternatives */
        uint32_t does;
        uint16_t n_items, table, beginning;
};

/* The patterns of one table that begin with one key. */
struct act_range {
        uint64_t next; /* of all of them */
        uint16_t first, last;
};

/* FR ... NL. */
#define ACT_TABLES 4U
_Static_assert(NL + 1 == ACT_TABLES, "the languages that have acts come first");

struct act_index {
        struct act_entry *entries; /* owned; those of one key and table stand together, in the order of the table */
        struct act_item *items;    /* owned */
        struct act_alternative *alternatives;                /* owned */
        struct act_range ranges[BEGINNINGS_MAX][ACT_TABLES]; /* by number of the beginning */
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
#define ALL_WORDS UINT64_MAX

/* The first letters of an alternative, as struct word has them; zeros stand for those after a shorter one. */
static uint32_t alternative_key(const char *s, size_t n) {
        uint32_t key = 0;
        for (size_t i = 0; i < MIN(n, (size_t) KEY_LETTERS); i++)
                key |= (uint32_t) (unsigned char) s[i] << (24 - 8 * i);
        return key;
}

static struct act_alternative alternative_of(const char *s, size_t n) {
        if (n == 1 && *s == '#')
                return (struct act_alternative){.s = s, .how = HOW_NUMBER};
        bool begins = n > 1 && s[n - 1] == '*';
        n -= begins;
        /* A word that only begins so may have any letters after those. */
        uint32_t mask = begins && n < KEY_LETTERS ? ~(UINT32_MAX >> 8 * n) : UINT32_MAX;
        return (struct act_alternative){.s = s,
                                        .key = alternative_key(s, n),
                                        .mask = mask,
                                        .n = (uint16_t) n,
                                        .how = begins ? HOW_BEGINS : HOW_WHOLE};
}

static uint64_t bits_of(const struct act_alternative *a) {
        return a->how == HOW_NUMBER || a->mask != UINT32_MAX ? ALL_WORDS : reading_bit(a->key);
}

/* Words joined by "|", which end at a blank; how many. They are written when there is room for them. */
static size_t cut_alternatives(const char *s, struct act_alternative *ret) {
        size_t n = 0;
        for (bool more = true; more; n++) {
                size_t len = strcspn(s, " |");
                if (ret)
                        ret[n] = alternative_of(s, len);
                more = s[len] == '|';
                s += len + more;
        }
        return n;
}

static enum item_what what_is(const char *s) {
        if (s[0] == '.' && s[1] == '.' && (s[2] == ' ' || s[2] == 0))
                return ITEM_GAP;
        return *s == '?' ? ITEM_OPTIONAL : *s == '!' ? ITEM_NOT : ITEM_WORD;
}

/* Which words the one can be that follows the first; all when none need follow. */
static uint64_t next_words(const struct act_item *items, size_t n) {
        uint64_t bits = 0;
        for (size_t i = 0; i < n; i++) {
                if (items[i].what == ITEM_NOT || items[i].what == ITEM_GAP)
                        return ALL_WORDS;
                bits |= items[i].bits;
                if (items[i].what == ITEM_WORD)
                        return bits;
        }
        return ALL_WORDS;
}

/* Items that are one word and must be there. */
static uint64_t needed_words(const struct act_item *items, size_t n) {
        uint64_t needs = 0;
        for (size_t i = 0; i < n; i++)
                if (items[i].what == ITEM_WORD && items[i].n == 1 && items[i].bits != ALL_WORDS)
                        needs |= items[i].bits;
        return needs;
}

/* How much there is of what, or where the next of it goes. */
struct act_room {
        size_t entries, items, alternatives;
};

/* The items of a pattern, which are written when there is an index; how many. The first is its first word. */
static size_t cut_pattern(struct act_index *x, const char *s, struct act_room *room) {
        size_t before = room->items;
        for (; *s; room->items++) {
                enum item_what what = what_is(s);
                s += what == ITEM_OPTIONAL || what == ITEM_NOT;
                struct act_alternative *a = x ? x->alternatives + room->alternatives : NULL;
                size_t n = what == ITEM_GAP ? 0 : cut_alternatives(s, a), len = strcspn(s, " ");
                if (x) {
                        struct act_item item = {
                                .alternatives = (uint32_t) room->alternatives, .n = (uint16_t) n, .what = (uint16_t) what};
                        for (size_t i = 0; i < n; i++)
                                item.bits |= bits_of(a + i);
                        x->items[room->items] = item;
                }
                room->alternatives += n;
                s += len + (s[len] == ' ');
        }
        return room->items - before;
}

/* One entry for each first word of a pattern. */
static int add_entries(struct act_index *x, struct beginnings *b, const struct act_item *items, size_t n, uint32_t does,
                       size_t table, struct act_room *room) {
        for (uint32_t i = 0; i < items->n; i++) {
                int number = beginning_add(b, x->alternatives[items->alternatives + i].key);
                if (number < 0)
                        return number;
                struct act_entry *e = x->entries + room->entries++;
                *e = (struct act_entry){.needs = needed_words(items + 1, n - 1),
                                        .next = next_words(items + 1, n - 1),
                                        .items = (uint32_t) (items + 1 - x->items),
                                        .first = items->alternatives + i,
                                        .does = does,
                                        .n_items = (uint16_t) (n - 1),
                                        .table = (uint16_t) table,
                                        .beginning = (uint16_t) number};
        }
        return 0;
}

/* Walks all patterns: counts what they hold, or writes it. */
static int walk_patterns(struct act_index *x, struct beginnings *b, struct act_room *ret) {
        int e = 0;
        *ret = (struct act_room){0};
        for (size_t t = 0; t < ACT_TABLES; t++)
                for (size_t k = 0; k < act_tables[t]->n && e == 0; k++) {
                        const struct act_pattern *p = act_tables[t]->items + k;
                        const struct act_item *items = x ? x->items + ret->items : NULL;
                        size_t n = cut_pattern(x, p->text, ret);
                        if (x)
                                e = add_entries(x, b, items, n, p->does, t, ret);
                        else
                                ret->entries += cut_alternatives(p->text, NULL);
                }
        return e;
}

/* Puts those of one beginning and table together without changing their order, by counting. */
static int sort_entries(struct act_index *x, size_t n) {
        struct act_entry *sorted = calloc(n, sizeof(*sorted));
        uint16_t at = 0;
        if (!sorted || n > UINT16_MAX) {
                free(sorted);
                return sorted ? -E2BIG : -ENOMEM;
        }
        for (size_t i = 0; i < n; i++) {
                struct act_range *range = &x->ranges[x->entries[i].beginning][x->entries[i].table];
                range->last++;
                range->next |= x->entries[i].next;
        }
        for (size_t i = 0; i < BEGINNINGS_MAX; i++)
                for (size_t t = 0; t < ACT_TABLES; t++) {
                        struct act_range *range = &x->ranges[i][t];
                        uint16_t count = range->last;
                        range->first = range->last = at;
                        at = (uint16_t) (at + count);
                }
        for (size_t i = 0; i < n; i++)
                sorted[x->ranges[x->entries[i].beginning][x->entries[i].table].last++] = x->entries[i];
        free(x->entries);
        x->entries = sorted;
        return 0;
}

int act_index_new(struct beginnings *beginnings, struct act_index **ret) {
        struct act_index *x = calloc(1, sizeof(*x));
        struct act_room room;
        if (!x)
                return -ENOMEM;
        (void) walk_patterns(NULL, NULL, &room);
        x->entries = calloc(room.entries, sizeof(*x->entries));
        x->items = calloc(room.items, sizeof(*x->items));
        x->alternatives = calloc(room.alternatives, sizeof(*x->alternatives));
        int e = x->entries && x->items && x->alternatives ? 0 : -ENOMEM;
        if (e == 0)
                e = walk_patterns(x, beginnings, &room);
        if (e == 0)
                e = sort_entries(x, room.entries);
        if (e < 0) {
                act_index_free(x);
                return e;
        }
        *ret = x;
        return 0;
}

struct act_index *act_index_free(struct act_index *x) {
        if (x) {
                free(x->entries);
                free(x->items);
                free(x->alternatives);
        }
        free(x);
        return NULL;
}

/* --- matching --- */

static bool alternative_is(const struct act_alternative *a, const struct reading *r, const struct word *w) {
        if ((w->key & a->mask) != a->key)
                return false;
        if (a->how == HOW_NUMBER)
                return r->folded[w->folded] >= '0' && r->folded[w->folded] <= '9';
        if (a->how == HOW_WHOLE ? w->len != a->n : w->len < a->n)
                return false;
        return a->n <= KEY_LETTERS ||
               memcmp(r->folded + w->folded + KEY_LETTERS, a->s + KEY_LETTERS, a->n - KEY_LETTERS) == 0;
}

/* Is the word one of the alternatives? */
static bool item_is(const struct act_index *x, const struct act_item *item, const struct reading *r, size_t i) {
        const struct word *w = r->words + i;
        if (!(item->bits & word_bit(r, i)))
                return false;
        for (uint32_t k = item->alternatives; k < item->alternatives + item->n; k++)
                if (alternative_is(x->alternatives + k, r, w))
                        return true;
        return false;
}

/* Where the items end that begin at word i; 0 when they do not. Recursion follows the pattern, never the text. */
static size_t match(const struct act_index *x, const struct act_item *items, size_t n, const struct reading *r, size_t i,
                    size_t last) {
        for (; n > 0; items++, n--) {
                if (items->what == ITEM_GAP) {
                        for (size_t gap = 0; gap <= ACT_GAP_MAX; gap++, i++) {
                                size_t end = match(x, items + 1, n - 1, r, i, last);
                                if (end > 0)
                                        return end;
                                if (i >= last || r->words[i].comma)
                                        return 0;
                        }
                        return 0;
                }
                bool is = i < last && item_is(x, items, r, i);
                if (items->what == ITEM_NOT ? is : items->what == ITEM_WORD && !is)
                        return 0;
                if (items->what == ITEM_NOT || !is)
                        continue;
                if (items->what == ITEM_OPTIONAL) {
                        size_t end = match(x, items + 1, n - 1, r, i + 1, last);
                        if (end > 0)
                                return end;
                        continue;
                }
                i++;
        }
        return i;
}

/* The patterns of one range that stand at word i. `next` is the word after it, as reading_bit(), `there` are all of the sentence. */
static void mark_range(const struct act_index *x, const struct reading *r, const struct act_range *range, size_t i,
                       size_t last, uint64_t next, uint64_t there, struct act_sentence *a) {
        for (uint32_t e = range->first; e < range->last && a->n_marks < ACT_MARKS_MAX; e++) {
                const struct act_entry *entry = x->entries + e;
                if ((entry->next != ALL_WORDS && !(entry->next & next)) || entry->needs & ~there ||
                    !alternative_is(x->alternatives + entry->first, r, r->words + i))
                        continue;
                size_t end = match(x, x->items + entry->items, entry->n_items, r, i + 1, last);
                if (end > i)
                        a->marks[a->n_marks++] = (struct act_mark){(uint32_t) i, (uint32_t) end, entry->does, entry->table};
        }
}

static void mark_sentence(const struct act_index *x, const struct reading *r, const struct sentence *s, unsigned wanted,
                          struct act_sentence *a) {
        uint64_t there = 0;
        for (size_t i = s->first; i < s->last; i++)
                there |= word_bit(r, i);
        for (size_t i = s->first; i < s->last; i++) {
                /* A word that begins nothing has the number 0, of which there are no patterns. */
                const struct act_range *ranges = x->ranges[r->words[i].beginning];
                uint64_t next = i + 1 < s->last ? word_bit(r, i + 1) : 0;
                for (unsigned left = wanted % (1U << ACT_TABLES); left != 0; left &= left - 1) {
                        const struct act_range *range = ranges + __builtin_ctz(left);
                        if (range->next == ALL_WORDS || range->next & next)
                                mark_range(x, r, range, i, s->last, next, there, a);
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
