/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <endian.h>

#include "parsers/acts.h"
#include "parsers/phrases.h"
#include "parsers/reading.h"
#include "parsers/request_model.h"
#include "parsers/text.h"
#include "parsers/utf8.h"

/* The text is cut into words and sentences, every phrase of the tables is marked where it begins, and judgements are
 * made sentence by sentence over those marks. What accuses somebody (a cancellation) needs several marks that agree. */

/* Words that are quoted as the reason. */
#define BECAUSE_MAX 160U
/* A word of the text beyond this is not one. */
#define WORD_MAX 48U
/* How far the verb may stand from "I have to": German and Dutch put it at the end of the clause. */
#define VERB_GAP 4U
#define VERB_GAP_LATE 12U
/* How far the object may stand from the verb. */
#define OBJECT_GAP 8U
/* How far the room may stand from "to": "to the big meeting room". */
#define PLACE_GAP 4U
/* A message of thanks is short. */
#define THANKS_WORDS_MAX 40U
#define QUIET_WORDS_MAX 7U
/* A line shorter than this was ended by the writer and not by a program that wraps. */
#define SHORT_LINE 50U
#define SHOUTING_WORDS_MIN 4U
#define SHOUTING_LETTERS_MIN 20U
/* Words of one sentence: judgements look around in it, and nobody writes more without a stop. */
#define SENTENCE_WORDS_MAX 300U
/* As far as an address or link is looked for. */
#define LINK_MAX 512U
/* Phrases that may begin at one word. */
#define MARKS_PER_WORD 8U
/* Phrases of one table; its places are 16-bit numbers. */
#define PHRASES_MAX 4096U
/* Rooms that hold an ordinary message, so that growing is rare. */
#define WORDS_ROOM 1024U
#define SENTENCES_ROOM 128U
#define MARKS_ROOM 64U

static void reading_free(struct reading *r) {
        free(r->folded);
        free(r->words);
        free(r->sentences);
        free(r->marks);
}

/* Room for one more item of an array; false, and the reading is marked, when there is none. */
static bool reserve(struct reading *r, void *items_field, size_t n, size_t *allocated, size_t first, size_t size) {
        void *items;
        if (n < *allocated)
                return true;
        size_t room = MAX(*allocated * 2, first);
        memcpy(&items, items_field, sizeof(items));
        items = realloc(items, room * size);
        if (!items) {
                r->no_memory = true;
                return false;
        }
        memcpy(items_field, &items, sizeof(items));
        *allocated = room;
        return true;
}

/* --- the index of phrases --- */

static const struct phrase_table *const tables[TABLES] = {&phrases_fr, &phrases_en, &phrases_de,
                                                          &phrases_nl, &phrases_es, &phrases_it};

int beginning_add(struct beginnings *b, uint32_t key) {
        uint16_t number = beginning_find(b, key);
        size_t i = beginning_place(key);
        if (number > 0)
                return number;
        if (b->n == BEGINNINGS_MAX - 1)
                return -E2BIG;
        for (; b->keys[i] != 0; i = (i + 1) % (2 * BEGINNINGS_MAX))
                b->numbers[i] |= BEGINNING_MORE;
        b->keys[i] = key;
        b->numbers[i] = ++b->n;
        return b->n;
}

/* The phrases of all tables that begin with one key. The tables are sorted, so that those of one table stand together. */
struct phrases_of {
        uint64_t next;  /* reading_bit() of the second words; all: any, or there is none */
        uint8_t tables; /* a bit for each that has some */
        struct {
                uint16_t first, last;
        } ranges[TABLES];
};

struct phrase_index {
        struct beginnings beginnings;
        struct phrases_of phrases[BEGINNINGS_MAX]; /* by number of the beginning */
        uint64_t next[TABLES][PHRASES_MAX];        /* as above, of each phrase */
        struct act_index *acts;                    /* owned */
};

/* The first four bytes of a word; zeros stand for those after a shorter one. No phrase has its '*' among them. */
static uint32_t phrase_key(const char *s) {
        uint32_t key = 0;
        for (unsigned i = 0; i < 4 && s[i] && s[i] != ' ' && s[i] != '*'; i++)
                key |= (uint32_t) (unsigned char) s[i] << (24 - 8 * i);
        return key;
}

/* The same of a word of the folded text, in which four bytes can be read anywhere. */
static uint32_t word_key(const char *s, size_t n) {
        uint32_t v;
        memcpy(&v, s, sizeof(v));
        return n >= 4 ? be32toh(v) : be32toh(v) & ~(UINT32_MAX >> 8 * n);
}

/* What can follow the first word of a phrase. */
static uint64_t second_word(const char *phrase) {
        const char *second = strchr(phrase, ' ');
        if (!second)
                return UINT64_MAX;
        second++;
        return strcspn(second, "* ") < 4 && second[strcspn(second, "* ")] == '*' ? UINT64_MAX
                                                                                 : reading_bit(phrase_key(second));
}

static int index_phrases(struct phrase_index *x, size_t t) {
        for (size_t k = 0; k < MIN(tables[t]->n, (size_t) PHRASES_MAX); k++) {
                const char *text = tables[t]->items[k].text;
                int i = beginning_add(&x->beginnings, phrase_key(text));
                if (i < 0)
                        return i;
                struct phrases_of *p = x->phrases + i;
                if (p->ranges[t].last == 0)
                        p->ranges[t].first = (uint16_t) k;
                p->ranges[t].last = (uint16_t) (k + 1);
                p->tables |= (uint8_t) (1U << t);
                x->next[t][k] = second_word(text);
                p->next |= x->next[t][k];
        }
        return 0;
}

int phrase_index_new(struct phrase_index **ret) {
        struct phrase_index *x = calloc(1, sizeof(*x));
        int e = x ? 0 : -ENOMEM;
        for (size_t t = 0; t < TABLES && e == 0; t++)
                e = index_phrases(x, t);
        if (e == 0)
                e = act_index_new(&x->beginnings, &x->acts);
        if (e < 0) {
                free(x);
                return e;
        }
        *ret = x;
        return 0;
}

struct phrase_index *phrase_index_free(struct phrase_index *x) {
        if (x)
                act_index_free(x->acts);
        free(x);
        return NULL;
}

/* --- words and sentences --- */

/* What one byte of the folded text can be. */
enum { BYTE_WORD = 1, BYTE_BREAK = 2, BYTE_BEFORE_LINK = 4, BYTE_AFTER_LINK = 8, BYTE_UPPER = 16, BYTE_LOWER = 32 };

static const uint8_t bytes[256] = {
        ['a' ... 'z'] = BYTE_WORD | BYTE_LOWER,
        ['A' ... 'Z'] = BYTE_UPPER,
        ['0' ... '9'] = BYTE_WORD,
        [' '] = BYTE_BEFORE_LINK | BYTE_AFTER_LINK,
        ['\n'] = BYTE_BEFORE_LINK | BYTE_AFTER_LINK,
        ['<'] = BYTE_BEFORE_LINK | BYTE_AFTER_LINK,
        ['>'] = BYTE_BEFORE_LINK | BYTE_AFTER_LINK,
        ['"'] = BYTE_BEFORE_LINK | BYTE_AFTER_LINK,
        ['('] = BYTE_BEFORE_LINK | BYTE_BREAK,
        ['\''] = BYTE_BEFORE_LINK,
        ['['] = BYTE_BEFORE_LINK,
        [0] = BYTE_AFTER_LINK,
        [','] = BYTE_BREAK,
        [';'] = BYTE_BREAK,
        [':'] = BYTE_BREAK,
        [')'] = BYTE_BREAK,
};

static bool byte_is(char c, unsigned what) {
        return bytes[(unsigned char) c] & what;
}

/* Elided words of French: what stands before the apostrophe is a word of its own. */
static bool is_elision(const char *s, size_t n) {
        static const char *const elided[] = {"qu", "jusqu", "lorsqu", "puisqu", "quelqu"};
        if (n == 1)
                return strchr("cdjlmnst", *s) != NULL;
        for (size_t i = 0; i < ELEMENTSOF(elided); i++)
                if (strlen(elided[i]) == n && memcmp(elided[i], s, n) == 0)
                        return true;
        return false;
}

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

static void add_word(struct reading *r, const struct beginnings *b, const char *s, size_t n, size_t at, size_t end,
                     bool comma) {
        if (comma && (r->n_words == 0 || r->words[r->n_words - 1].comma))
                return;
        if (!reserve(r, &r->words, r->n_words, &r->words_allocated, WORDS_ROOM, sizeof(*r->words)))
                return;
        if (n > WORD_MAX)
                n = utf8_boundary(s, WORD_MAX);
        if (r->n_folded > 0)
                r->folded[r->n_folded++] = ' ';
        struct word *w = r->words + r->n_words++;
        *w = (struct word){.folded = (uint32_t) r->n_folded,
                           .at = (uint32_t) at,
                           .end = (uint32_t) end,
                           .len = (uint16_t) n,
                           .comma = comma};
        /* Most words are shorter, and a copy of a fixed length takes no call. */
        memcpy(r->folded + r->n_folded, s, UTF8_PADDING);
        if (n > UTF8_PADDING)
                memcpy(r->folded + r->n_folded, s, n);
        w->key = word_key(s, n);
        w->bit = reading_bit_number(w->key);
        w->beginning = comma ? 0 : beginning_find(b, w->key);
        r->n_folded += n;
        r->folded[r->n_folded] = 0;
        if (n >= 2 && is_digit(s[0])) {
                size_t digits = is_digit(s[1]) ? 2 : 1;
                char c = s[digits];
                w->clock = n > digits &&
                           (c == 'h' || c == ':' || (n == digits + 2 && (c == 'a' || c == 'p') && s[digits + 1] == 'm'));
        }
}

/* Folded characters of the source with the place each came from, so that words can be quoted as written. */
struct folding {
        char *chars;    /* owned */
        uint32_t *from; /* owned; NULL where every byte folds to one, as in ASCII */
        size_t n;
        bool links; /* there may be addresses or links */
};

static size_t place(const struct folding *f, size_t i) {
        return f->from ? f->from[i] : i;
}

static void fold_ascii(const char *text, size_t size, char *out) {
        utf8_lower_ascii(text, size, out);
        for (char *tab = out; (tab = memchr(tab, '\t', (size_t) (out + size - tab))); tab++)
                *tab = ' ';
        memset(out + size, 0, UTF8_PADDING);
}

static void fold_other(const char *text, size_t size, struct folding *f) {
        size_t n = 0;
        for (size_t i = 0, len; i < size; i += len) {
                char folded[5];
                char c = text[i];
                if ((unsigned char) c < 0x80 && c != '\t') { /* most of all text */
                        len = 1;
                        f->chars[n] = (char) (byte_is(c, BYTE_UPPER) ? c + 32 : c);
                        f->from[n++] = (uint32_t) i;
                        continue;
                }
                len = utf8_decode(text + i, size - i, NULL);
                len = MAX(len, (size_t) 1);
                size_t k = utf8_fold(text + i, len, folded, sizeof(folded));
                for (size_t j = 0; j < k; j++) {
                        f->chars[n] = folded[j];
                        f->from[n++] = (uint32_t) i;
                }
        }
        memset(f->chars + n, 0, UTF8_PADDING);
        f->from[n] = (uint32_t) size;
        f->n = n;
}

static int fold_source(const char *text, size_t size, struct folding *ret) {
        bool ascii = utf8_is_ascii(text, size);
        ret->chars = malloc(size + UTF8_PADDING);
        ret->from = ascii ? NULL : malloc((size + 2) * sizeof(*ret->from));
        if (!ret->chars || (!ascii && !ret->from))
                return -ENOMEM;
        ret->n = size;
        if (ascii)
                fold_ascii(text, size, ret->chars);
        else
                fold_other(text, size, ret);
        ret->links = strchr(ret->chars, '@') || strstr(ret->chars, "://") || strstr(ret->chars, "www.");
        return 0;
}

static void end_sentence(struct reading *r, char ending, size_t at) {
        uint32_t first = r->n_sentences > 0 ? r->sentences[r->n_sentences - 1].last : 0;
        bool filled = false;
        for (size_t i = first; i < r->n_words && !filled; i++)
                filled = !r->words[i].comma;
        if (!filled ||
            !reserve(r, &r->sentences, r->n_sentences, &r->sentences_allocated, SENTENCES_ROOM, sizeof(*r->sentences)))
                return;
        r->sentences[r->n_sentences++] =
                (struct sentence){.first = first, .last = (uint32_t) r->n_words, .end = (uint32_t) at, .ending = ending};
}

/* Length of the letter or digit at s beyond ASCII. */
static size_t other_word_char(const char *s, size_t n) {
        uint32_t cp;
        if ((unsigned char) *s < 0x80)
                return 0;
        size_t len = utf8_decode(s, n, &cp);
        return len > 0 && utf8_is_word(cp) ? len : 0;
}

static inline size_t word_char(const char *s, size_t n) {
        return byte_is(*s, BYTE_WORD) ? 1 : other_word_char(s, n);
}

/* An address or a link, which holds dots and question marks of its own. */
static size_t link_length(const char *s) {
        bool link = strncmp(s, "www.", 4) == 0;
        for (size_t i = 0; i < LINK_MAX && !link && !byte_is(s[i], BYTE_AFTER_LINK); i++)
                link = s[i] == '@' || (s[i] == ':' && s[i + 1] == '/' && s[i + 2] == '/');
        return link ? strcspn(s, " \n<>\"") : 0;
}

static size_t word_length(const char *s, size_t n) {
        size_t len = 0, k;
        for (;;) {
                do {
                        len += utf8_word_run(s + len);
                        k = (unsigned char) s[len] >= 0x80 ? other_word_char(s + len, n - len) : 0;
                        len += k;
                } while (k > 0);
                if (len == 0 || len + 1 >= n || (unsigned char) s[len] >= 0x80 || s[len] == ' ' || s[len] == '\n' ||
                    word_char(s + len + 1, n - len - 1) == 0)
                        return len;
                /* "10:30", "12.5", "3/4" are one word; "don't" too, but not "j'annule". */
                bool glue = is_digit(s[len - 1]) && is_digit(s[len + 1]) && strchr(":.,/", s[len]);
                if (s[len] == '\'' && is_elision(s, len))
                        return len + 1;
                if (!glue && s[len] != '\'')
                        return len;
                len++;
        }
}

/* Does the line end that is at i end a sentence? */
static bool line_ends(const struct folding *f, const char *text, size_t i, size_t line_start) {
        size_t next = i + 1;
        while (f->chars[next] == ' ')
                next++;
        if (f->chars[next] == '\n' || f->chars[next] == 0 || strchr("-*+#", f->chars[next]))
                return true;
        if (is_digit(f->chars[next]) && strchr(").", f->chars[next + 1]) && f->chars[next + 1])
                return true;
        if (i - line_start >= SHORT_LINE)
                return false;
        uint32_t cp = 0;
        (void) utf8_decode(text + place(f, next), 4, &cp);
        return cp != utf8_lower(cp);
}

/* What stands for links and for breaks. */
static const char link_word[UTF8_PADDING] = "url", break_word[UTF8_PADDING] = ",";

static void cut(struct reading *r, const struct beginnings *b, const struct folding *f) {
        size_t line_start = 0;

        for (size_t i = 0; i < f->n;) {
                const char *s = f->chars + i;
                size_t len = 0;
                if (*s == ' ') {
                        i++;
                        continue;
                }
                if (r->n_words - (r->n_sentences > 0 ? r->sentences[r->n_sentences - 1].last : 0) >= SENTENCE_WORDS_MAX)
                        end_sentence(r, 0, place(f, i));
                if (f->links && (i == 0 || byte_is(s[-1], BYTE_BEFORE_LINK)))
                        len = word_char(s, f->n - i) ? link_length(s) : 0;
                if (len > 0) {
                        add_word(r, b, link_word, 3, place(f, i), place(f, i + len), false);
                        i += len;
                        continue;
                }
                len = word_length(s, f->n - i);
                if (len > 0) {
                        add_word(r, b, s, len, place(f, i), place(f, i + len), false);
                        i += len;
                        continue;
                }
                bool blank_after = s[1] == ' ' || s[1] == '\n' || s[1] == 0 || strchr(")\"'.!?", s[1]);
                if (*s == '?' || *s == '!' || (*s == '.' && blank_after)) {
                        /* "M. Dupont", "J. Smith": a single letter is no sentence. */
                        bool initial = *s == '.' && i >= 1 && word_char(s - 1, 1) && !is_digit(s[-1]) &&
                                       (i == 1 || s[-2] == ' ' || s[-2] == '\n' || s[-2] == '.');
                        size_t run = strspn(s, "?!.");
                        char ending = memchr(s, '?', run) ? '?' : *s;
                        if (!initial)
                                end_sentence(r, ending, place(f, i + run));
                        i += run;
                        continue;
                }
                if (*s == '\n') {
                        if (line_ends(f, r->text, i, line_start))
                                end_sentence(r, 0, place(f, i));
                        line_start = i + 1;
                } else if (byte_is(*s, BYTE_BREAK) || (*s == '-' && i > 0 && s[-1] == ' ' && s[1] == ' '))
                        add_word(r, b, break_word, 1, place(f, i), place(f, i + 1), true);
                i++;
        }
        end_sentence(r, 0, place(f, f->n));
}

/* Does the phrase stand at `s`? Returns its length in words, 0 otherwise. */
static uint32_t phrase_at(const char *phrase, const char *s) {
        uint32_t n = 1;
        for (; *phrase; phrase++) {
                if (*phrase == '*') {
                        s += strcspn(s, " ");
                        continue;
                }
                if (*phrase != *s)
                        return 0;
                n += *phrase == ' ';
                s++;
        }
        return *s == 0 || *s == ' ' ? n : 0;
}

static int add_mark(struct reading *r, struct mark m) {
        if (!reserve(r, &r->marks, r->n_marks, &r->marks_allocated, MARKS_ROOM, sizeof(*r->marks)))
                return -ENOMEM;
        r->marks[r->n_marks++] = m;
        return 0;
}

/* Is there a phrase that begins with word i and goes on as the text does? Mostly not. */
static bool may_begin(const struct phrase_index *x, const struct reading *r, size_t i, size_t last) {
        uint64_t next = x->phrases[r->words[i].beginning].next;
        return next == UINT64_MAX || (i + 1 < last && next & word_bit(r, i + 1));
}

/* All phrases of the wanted tables that begin at word i and end within its sentence. The longest tells whether it is a courtesy;
 * then nothing inside it counts, and *ret_skip says how many words it covers. */
static int mark_word(struct reading *r, const struct phrase_index *x, unsigned wanted, size_t i, size_t last,
                     uint32_t *ret_skip) {
        struct mark found[MARKS_PER_WORD];
        size_t n = 0, longest = 0;
        const struct phrases_of *p = x->phrases + r->words[i].beginning;
        uint64_t next = i + 1 < last ? word_bit(r, i + 1) : 0;

        const char *s = r->folded + r->words[i].folded;
        for (unsigned left = wanted & p->tables; left != 0; left &= left - 1) {
                size_t t = (size_t) __builtin_ctz(left);
                for (size_t k = p->ranges[t].first; k < p->ranges[t].last; k++) {
                        if (x->next[t][k] != UINT64_MAX && !(x->next[t][k] & next))
                                continue;
                        uint32_t len = phrase_at(tables[t]->items[k].text, s);
                        if (len == 0 || i + len > last || n == MARKS_PER_WORD)
                                continue;
                        found[n] = (struct mark){(uint32_t) i, len, tables[t]->items[k].classes};
                        if (len > found[longest].len || (len == found[longest].len && found[n].classes & PHRASE_SILENT))
                                longest = n;
                        n++;
                }
        }
        for (size_t k = 0; k < n; k++) {
                bool silent = found[longest].classes & PHRASE_SILENT;
                if (silent && k != longest && !(found[k].classes & (PHRASE_THANKS | PHRASE_LIGHT)))
                        continue;
                int e = add_mark(r, found[k]);
                if (e < 0)
                        return e;
                if (silent)
                        *ret_skip = found[longest].len;
        }
        return 0;
}

/* A text too short to tell its language is read with all tables, one in a language without a table with none. */
static unsigned tables_for(const char *language) {
        static const char *const names[TABLES] = {"fr", "en", "de", "nl", "es", "it"};
        unsigned wanted = 0;
        for (size_t t = 0; t < TABLES; t++)
                if (!language || str_eq(language, names[t]))
                        wanted |= 1U << t;
        return wanted;
}

static int mark_all(struct reading *r, const struct phrase_index *x, const char *language) {
        unsigned wanted = tables_for(language);

        r->late_verb = wanted & (1U << DE | 1U << NL);
        for (size_t k = 0; k < r->n_sentences; k++) {
                struct sentence *s = r->sentences + k;
                s->first_mark = (uint32_t) r->n_marks;
                for (size_t i = s->first; i < s->last;) {
                        uint32_t skip = 0;
                        s->clock |= r->words[i].clock;
                        if (may_begin(x, r, i, s->last) && mark_word(r, x, wanted, i, s->last, &skip) < 0)
                                return -ENOMEM;
                        i += MAX(skip, 1U);
                }
                s->last_mark = (uint32_t) r->n_marks;
                for (size_t i = s->first_mark; i < s->last_mark; i++)
                        s->classes |= r->marks[i].classes;
        }
        return 0;
}

/* An elided word counts with the one after it. */
static bool counts(const struct reading *r, size_t i) {
        return !r->words[i].comma && word_text(r, i)[r->words[i].len - 1] != '\'';
}

static size_t count_words(const struct reading *r, size_t first, size_t last) {
        size_t n = 0;
        for (size_t i = first; i < last; i++)
                n += counts(r, i);
        return n;
}

static int reading_start(struct reading *r, const struct phrase_index *x, const char *text, const char *language) {
        struct folding f = {0};
        size_t size = strlen(text);

        *r = (struct reading){.text = text};
        int e = size < UINT32_MAX / 2 ? fold_source(text, size, &f) : -ENOMEM;
        if (e == 0) {
                /* Every folded character gives at most one word, one blank and the stand-in of a link. */
                r->folded = malloc(f.n * 4 + 8 + UTF8_PADDING);
                e = r->folded ? 0 : -ENOMEM;
        }
        if (e == 0) {
                r->folded[0] = 0;
                cut(r, &x->beginnings, &f);
                e = r->no_memory ? -ENOMEM : mark_all(r, x, language);
                r->n_counted = count_words(r, 0, r->n_words);
        }
        free(f.chars);
        free(f.from);
        return e;
}

/* The words of the source from a word to the end of its sentence. */
static const char *quote(const struct reading *r, const struct sentence *s, size_t word, struct arena *arena) {
        size_t at = r->words[word].at, n = s->end > at ? s->end - at : 0;
        if (n > BECAUSE_MAX)
                n = utf8_boundary(r->text + at, BECAUSE_MAX);
        while (n > 0 && strchr(" \n\t", r->text[at + n - 1]))
                n--;
        char *copy = arena_strndup(arena, r->text + at, n);
        for (char *p = copy; p && *p; p++)
                if (*p == '\n' || *p == '\t')
                        *p = ' ';
        return copy;
}

/* --- requests --- */

/* "merci de m'envoyer", "merci de bien vouloir nous le confirmer": an infinitive after pronouns, and not a past one. */
static bool infinitive_follows(const struct reading *r, const struct sentence *s, size_t i) {
        static const char *const between[] = {"m'",   "me",   "nous",  "te", "vous",      "le",         "la",         "les",
                                              "l'",   "lui",  "leur",  "y",  "en",        "bien",       "ne",         "pas",
                                              "plus", "tout", "donc",  "de", "d'",        "vite",       "rapidement", "se",
                                              "s'",   "t'",   "aussi", "a",  "egalement", "simplement", "juste"};
        static const char *const past[] = {"avoir",  "etre",    "hier",    "mer",     "premier", "dossier",  "courrier",
                                           "papier", "janvier", "fevrier", "dernier", "atelier", "soutenir", "recevoir"};
        while (i < s->last && word_in(r, i, between, ELEMENTSOF(between)))
                i++;
        if (i >= s->last || word_in(r, i, past, ELEMENTSOF(past)))
                return false;
        const char *w = word_text(r, i);
        size_t n = r->words[i].len;
        return n >= 4 &&
               (memcmp(w + n - 2, "er", 2) == 0 || memcmp(w + n - 2, "ir", 2) == 0 || memcmp(w + n - 2, "re", 2) == 0) &&
               !(n >= 4 && memcmp(w + n - 4, "aire", 4) == 0 && !word_is(r, i, "faire") && !word_is(r, i, "refaire"));
}

static bool starts_clause(const struct reading *r, const struct sentence *s, size_t i) {
        static const char *const openers[] = {"and", "then", "also", "so", "just", "et", "puis", "und", "en", "url"};
        while (i > s->first && word_in(r, i - 1, openers, ELEMENTSOF(openers)))
                i--;
        return i == s->first || r->words[i - 1].comma;
}

static bool word_begins(const struct reading *r, size_t i, const char *start) {
        size_t n = strlen(start);
        return r->words[i].len >= n && memcmp(word_text(r, i), start, n) == 0;
}

static bool object_follows(const struct reading *r, const struct sentence *s, size_t i) {
        static const char *const objects[] = {"me", "us",  "the", "your",    "this", "that", "these", "them",
                                              "my", "our", "all", "whether", "it",   "if",   "john"};
        return i < s->last && word_in(r, i, objects, ELEMENTSOF(objects));
}

/* "Envoyez la facture": second person plural at the start, but for politeness and narration. */
static bool french_imperative(const struct reading *r, const struct sentence *s, const char *language) {
        static const char *const others[] = {
                "assez",  "chez",   "nez",       "rez",      "recevez",   "agreez",   "croyez",   "sachez",
                "soyez",  "passez", "profitez",  "trouvez",  "notez",     "excusez",  "rassurez", "hesitez",
                "portez", "prenez", "allez",     "voyez",    "imaginez",  "veuillez", "avez",     "etes",
                "savez",  "pouvez", "inquietez", "acceptez", "bienvenue", "rdvez",    "comptez",  "restez",
                "venez",  "vivez",  "decouvrez", "tenez",    "attendez"};
        size_t i = s->first;
        static const char *const objects[] = {"le", "la",    "les", "l'", "moi", "nous", "votre", "vos",
                                              "ce", "cette", "ces", "un", "une", "bien", "des"};
        if ((language && !str_eq(language, "fr")) || s->last - i < 2 ||
            (!language && !word_in(r, i + 1, objects, ELEMENTSOF(objects))))
                return false;
        const char *w = word_text(r, i);
        size_t n = r->words[i].len;
        return n >= 5 && memcmp(w + n - 2, "ez", 2) == 0 && !word_in(r, i, others, ELEMENTSOF(others)) &&
               !word_is(r, i + 1, "vous");
}

/* "Une question ? Appelez-moi." */
static bool offers_answers(const struct reading *r, const struct sentence *s) {
        return s->ending == '?' && s->last > s->first && count_words(r, s->first, s->last) <= 2 &&
               (word_is(r, s->last - 1U, "question") || word_is(r, s->last - 1U, "questions"));
}

static bool is_question(const struct reading *r, const struct sentence *s) {
        if (s->ending != '?')
                return false;
        size_t n = count_words(r, s->first, s->last);
        if (n == 0)
                return false;
        if (offers_answers(r, s))
                return false;
        if (s->classes & PHRASE_QUIET) {
                /* "how are you?", but not "could you also tell me, right?" */
                if (n <= QUIET_WORDS_MAX && !(s->classes & PHRASE_REQUEST))
                        return false;
                for (size_t i = s->first_mark; i < s->last_mark; i++)
                        if (r->marks[i].classes & PHRASE_QUIET && r->marks[i].len >= 3 && n <= r->marks[i].len + 5 &&
                            !(s->classes & PHRASE_DAY))
                                return false;
        }
        /* A courtesy may be put as a question: "Can you believe it?" */
        return !(s->classes & PHRASE_SILENT && n <= QUIET_WORDS_MAX + 2 && r->marks[s->first_mark].at == s->first &&
                 r->marks[s->first_mark].classes & PHRASE_SILENT);
}

/* German asks with the verb before "Sie". */
static bool german_imperative(const struct reading *r, const struct sentence *s, size_t i) {
        static const char *const others[] = {"sollten",  "mochten", "wollen",    "haben",  "hatten",  "zogern",
                                             "seien",    "wissen",  "konnen",    "wurden", "konnten", "entschuldigen",
                                             "finden",   "sehen",   "geniessen", "hoffen", "meinen",  "bekommen",
                                             "erhalten", "sind",    "werden",    "mussen", "durfen"};
        size_t n = r->words[i].len;
        const char *w = word_text(r, i);
        return i + 1U < s->last && n >= 5 && w[n - 1] == 'n' && word_is(r, i + 1, "sie") && s->ending != '?' &&
               !word_in(r, i, others, ELEMENTSOF(others));
}

/* Dutch with its stem, before what is to be done. */
static bool dutch_imperative(const struct reading *r, const struct sentence *s, size_t i) {
        static const char *const verbs[] = {
                "stuur",     "vul",      "kies",  "vergeet", "upload",    "controleer", "verander",   "maak",
                "geef",      "bevestig", "neem",  "lever",   "zet",       "vervang",    "onderteken", "kijk",
                "kort",      "zeg",      "noem",  "regel",   "laat",      "werp",       "plaats",     "voeg",
                "verwijder", "pas",      "check", "bekijk",  "lees",      "betaal",     "meld",       "zorg",
                "corrigeer", "print",    "breng", "haal",    "reserveer", "beantwoord", "denk",       "gebruik"};
        static const char *const objects[] = {"de",   "het",    "een",  "mij",  "me",   "ons", "je",  "uw",
                                              "dit",  "dat",    "even", "alle", "deze", "die", "aan", "niet",
                                              "eens", "jullie", "ook",  "nog",  "in",   "mijn"};
        return i + 1U < s->last && s->ending != '?' && word_in(r, i, verbs, ELEMENTSOF(verbs)) &&
               word_in(r, i + 1, objects, ELEMENTSOF(objects));
}

/* "We hebben de teksten maandag nodig": what is needed stands between. */
static bool dutch_need(const struct reading *r, const struct sentence *s) {
        static const char *const have[] = {"heb", "hebben"}, *const not [] = {"niet", "geen"};
        bool has = false, negated = false;
        for (size_t i = s->first; i < s->last; i++) {
                has |= word_in(r, i, have, ELEMENTSOF(have));
                negated |= word_in(r, i, not, ELEMENTSOF(not ));
        }
        return has && !negated && s->last > s->first && word_is(r, s->last - 1U, "nodig");
}

/* A courtesy begins there: "zögern Sie nicht". */
static bool has_silent(const struct reading *r, const struct sentence *s, size_t at) {
        for (size_t i = s->first_mark; i < s->last_mark; i++)
                if (r->marks[i].at == at && r->marks[i].classes & PHRASE_SILENT)
                        return true;
        return false;
}

static ssize_t verb_first(const struct reading *r, const struct sentence *s, const char *language) {
        bool german = str_eq(language, "de"), dutch = str_eq(language, "nl");
        for (size_t i = s->first; i < s->last; i++) {
                if (r->words[i].comma || !starts_clause(r, s, i))
                        continue;
                if (((german || !language) && german_imperative(r, s, i)) ||
                    ((dutch || !language) && dutch_imperative(r, s, i)))
                        return (ssize_t) i;
        }
        return (dutch || !language) && dutch_need(r, s) ? (ssize_t) s->first : -1;
}

/* "Falls etwas unklar ist, rufen Sie mich an", "laat het me gerust weten": an offer and no request. */
static bool is_offer(const struct reading *r, const struct sentence *s, size_t at) {
        static const char *const conditions[] = {"falls",  "sollte", "sollten", "wenn", "als", "mocht", "mochten",
                                                 "indien", "bei",    "bij",     "si",   "se",  "ante",  "per"};
        static const char *const contact[] = {
                "melden", "melde", "rufen",    "ruf",     "kontaktieren", "schreiben", "sagen",    "geben",   "bel",
                "mail",   "neem",  "meld",     "laat",    "hoor",         "zogern",    "wenden",   "app",     "geef",
                "no",     "non",   "contacte", "llameme", "escribame",    "mi",        "contatta", "contatti"};
        static const char *const freely[] = {"gerust", "gern", "gerne", "jederzeit", "altijd"};
        if (!word_in(r, at, contact, ELEMENTSOF(contact)))
                return false;
        for (size_t i = s->first; i < s->last; i++)
                if (word_in(r, i, freely, ELEMENTSOF(freely)))
                        return true;
        return at > s->first && word_in(r, s->first, conditions, ELEMENTSOF(conditions));
}

/* The word that makes the sentence a request, or -1. */
static ssize_t find_request(const struct reading *r, const struct sentence *s, const char *language) {
        for (size_t i = s->first_mark; i < s->last_mark; i++) {
                const struct mark *m = r->marks + i;
                /* What the writer is thanked or asked for in "?" is looked at as a question. */
                if (m->classes & PHRASE_REQUEST && !(m->classes & PHRASE_SILENT) && !is_offer(r, s, m->at))
                        return m->at;
                if (m->classes & PHRASE_INFINITIVE && infinitive_follows(r, s, m->at + m->len))
                        return m->at;
                if (m->classes & PHRASE_IMPERATIVE && starts_clause(r, s, m->at) && object_follows(r, s, m->at + m->len))
                        return m->at;
        }
        if (french_imperative(r, s, language))
                return (ssize_t) s->first;
        ssize_t verb = str_eq(language, "fr") || str_eq(language, "en") ? -1 : verb_first(r, s, language);
        return verb >= 0 && !is_offer(r, s, (size_t) verb) && !has_silent(r, s, (size_t) verb) ? verb : -1;
}

/* --- thanks --- */

static bool clause_is_light(const struct reading *r, const struct sentence *s, size_t first, size_t last, bool *ret_thanks) {
        uint32_t covered = 0, classes = 0;
        bool heavy = false;

        for (size_t i = s->first_mark; i < s->last_mark; i++) {
                const struct mark *m = r->marks + i;
                if (m->at < first || m->at >= last)
                        continue;
                if (m->at <= first + covered && m->classes & (PHRASE_THANKS | PHRASE_LIGHT)) {
                        classes |= m->classes;
                        covered = MAX(covered, (uint32_t) (m->at + m->len - first));
                } else if (m->classes & PHRASE_HEAVY && m->at >= first + covered)
                        heavy = true;
        }
        *ret_thanks |= classes & PHRASE_THANKS;
        if (classes != 0)
                return !heavy;
        /* A name alone, after a greeting or at the end. */
        return count_words(r, first, last) <= 3 && !heavy;
}

static bool is_thanks(const struct reading *r) {
        bool thanks = false;

        if (r->n_words == 0 || r->n_counted > THANKS_WORDS_MAX)
                return false;
        for (size_t k = 0; k < r->n_sentences; k++) {
                const struct sentence *s = r->sentences + k;
                if (is_question(r, s))
                        return false;
                for (size_t i = s->first, next; i < s->last; i = next + 1) {
                        next = i;
                        while (next < s->last && !r->words[next].comma)
                                next++;
                        if (next > i && !clause_is_light(r, s, i, next, &thanks))
                                return false;
                }
        }
        return thanks;
}

/* --- shouting --- */

static bool is_shouting(const char *text) {
        size_t upper = 0, lower = 0, words = 0, run = 0, n = strlen(text);
        bool all = true;

        /* In most texts the small letters are too many whatever the others are. */
        lower = utf8_count_small(text, n);
        if (n - lower <= 2 * lower)
                return false;
        lower = 0;
        for (size_t i = 0, len; i <= n; i += len) {
                unsigned kind = bytes[(unsigned char) text[i]];
                bool big = kind & BYTE_UPPER, small = kind & BYTE_LOWER, word = kind & (BYTE_UPPER | BYTE_WORD);
                len = 1;
                if ((unsigned char) text[i] >= 0x80) {
                        uint32_t cp = 0;
                        len = utf8_decode(text + i, n - i, &cp);
                        len = MAX(len, (size_t) 1);
                        word = utf8_is_word(cp);
                        big = cp != utf8_lower(cp);
                        small = !big && cp >= 0xDF;
                }
                if (word) {
                        upper += big;
                        lower += small;
                        all &= big;
                        run++;
                        continue;
                }
                words += run >= 3 && all;
                run = 0;
                all = true;
        }
        return words >= SHOUTING_WORDS_MIN && upper >= SHOUTING_LETTERS_MIN && upper > 2 * lower;
}

/* --- cancellations --- */

static const struct mark *mark_between(const struct reading *r, const struct sentence *s, size_t first, size_t last,
                                       uint32_t classes) {
        for (size_t i = s->first_mark; i < s->last_mark; i++)
                if (r->marks[i].at >= first && r->marks[i].at < last && r->marks[i].classes & classes)
                        return r->marks + i;
        return NULL;
}

static size_t clause_end(const struct reading *r, const struct sentence *s, size_t i) {
        while (i < s->last && !r->words[i].comma)
                i++;
        return i;
}

static size_t clause_start(const struct reading *r, const struct sentence *s, size_t i) {
        while (i > s->first && !r->words[i - 1].comma)
                i--;
        return i;
}

/* A condition before the claim makes it none, as does one after it in the same clause, unless that one only asks for an
 * answer ("dites-moi si jeudi vous convient"). */
static bool is_conditional(const struct reading *r, const struct sentence *s, size_t start, size_t end) {
        if (mark_between(r, s, s->first, start, PHRASE_IF))
                return true;
        size_t last = clause_end(r, s, end);
        const struct mark *condition = mark_between(r, s, end, last, PHRASE_IF);
        return condition && !mark_between(r, s, end, condition->at, PHRASE_TELL);
}

/* A question takes the claim back when it is about the claim itself: "do we have to cancel?", but not "I have to cancel,
 * could we meet on Thursday?" */
static bool is_asked(const struct reading *r, const struct sentence *s, size_t end) {
        return s->ending == '?' && clause_end(r, s, end) == s->last;
}

/* "Je préfère ne pas annuler", "let's not cancel". */
static bool is_negated(const struct reading *r, size_t first, size_t last) {
        static const char *const words[] = {"pas",    "ne",    "n'",   "not",  "never",  "don't", "can't", "won't",
                                            "cannot", "nicht", "niet", "kein", "keinen", "geen",  "plus",  "jamais"};
        for (size_t i = first; i < last; i++)
                if (word_in(r, i, words, ELEMENTSOF(words)))
                        return true;
        return false;
}

/* "Tom can't make it tomorrow": somebody else stays away. A name after a greeting is the reader's. */
static bool misses_another(const struct reading *r, const struct sentence *s, size_t at) {
        static const char *const others[] = {"he",  "she", "they", "who", "colleague", "boss", "manager", "client", "team",
                                             "you", "tu",  "vous", "il",  "elle",      "ils",  "elles",   "qui"};
        static const char *const openers[] = {"hi",    "hello", "hey",  "dear",   "sorry",         "morning",   "afternoon",
                                              "still", "just",  "also", "really", "unfortunately", "apologies", "sadly",
                                              "we",    "je",    "nous", "ich",    "wir",           "ik",        "leider"};
        if (at == s->first || r->words[at - 1].comma)
                return false;
        if (word_in(r, at - 1, others, ELEMENTSOF(others)))
                return true;
        const char *w = r->text + r->words[at - 1].at;
        bool name = w[0] >= 'A' && w[0] <= 'Z' && r->words[at - 1].end - r->words[at - 1].at > 1;
        if (!name || word_in(r, at - 1, openers, ELEMENTSOF(openers)))
                return false;
        return at - 1 == s->first || !word_in(r, at - 2, openers, ELEMENTSOF(openers));
}

/* "I can't make it work" is about something else than coming; "before 2 pm" says that one comes, only later. */
static bool misses_other(const struct reading *r, const struct sentence *s, size_t end) {
        static const char *const after_it[] = {"work",    "happen", "clear", "clearer", "better", "easier", "easy",
                                               "look",    "any",    "more",  "so",      "a",      "the",    "bigger",
                                               "smaller", "into",   "as",    "fit",     "appear", "run"};
        static const char *const after_come[] = {"chercher", "recuperer", "deposer", "prendre"};
        static const char *const pronouns[] = {"vous", "te", "t'", "le", "la", "les"};
        static const char *const only_later[] = {"avant", "before", "until", "till", "by", "vor", "voor"};
        static const char *const articles[] = {"the", "our", "this"};
        if (end < s->last && word_in(r, end, only_later, ELEMENTSOF(only_later)))
                return true;
        /* "Can't make the changes before the meeting": what comes next must be the meeting. */
        if (word_in(r, end - 1, articles, ELEMENTSOF(articles)) &&
            !mark_between(r, s, end - 1, end + 3, PHRASE_MEETING | PHRASE_DAY) && !(end < s->last && r->words[end].clock))
                return true;
        if (end >= s->last)
                return false;
        if (word_is(r, end - 1, "it"))
                return word_in(r, end, after_it, ELEMENTSOF(after_it));
        if (word_in(r, end, pronouns, ELEMENTSOF(pronouns)) && end + 1 < s->last)
                end++;
        return word_in(r, end, after_come, ELEMENTSOF(after_come));
}

/* "My meeting with the bank is cancelled": somebody else's meeting, unless it is ours or with the reader. */
static bool is_with_others(const struct reading *r, size_t meeting, size_t end, size_t last) {
        static const char *const ours[] = {"notre", "nos", "our", "unser", "unseren", "unserem", "unsere", "onze"};
        static const char *const with[] = {"avec", "chez", "with", "mit", "met", "bei"};
        static const char *const reader[] = {"vous", "toi",  "you", "nous", "us", "ihnen",
                                             "dir",  "euch", "jou", "je",   "u",  "jullie"};
        if (meeting > 0 && word_in(r, meeting - 1, ours, ELEMENTSOF(ours)))
                return false;
        for (size_t i = end; i + 1 < last && !r->words[i].comma; i++)
                if (word_in(r, i, with, ELEMENTSOF(with)))
                        return !word_in(r, i + 1, reader, ELEMENTSOF(reader));
        return false;
}

static bool is_today(const struct reading *r, size_t i) {
        static const char *const words[] = {"today", "aujourd'hui", "ce",    "cet",    "cette",
                                            "this",  "tonight",     "later", "tantot", "tout"};
        return word_in(r, i, words, ELEMENTSOF(words));
}

/* "Let's move our call to Teams", "on déplace la réunion en salle Vénus": another place and no other time. */
static bool moves_place(const struct reading *r, const struct sentence *s, size_t end) {
        static const char *const to[] = {"to", "in",  "into", "on",   "onto", "at",   "over", "en",
                                         "au", "aux", "a",    "dans", "sur",  "chez", "par"};
        size_t last = clause_end(r, s, end);
        bool place = false;
        for (size_t i = s->first_mark; i < s->last_mark; i++) {
                const struct mark *m = r->marks + i;
                if (m->at < end || m->at >= last)
                        continue;
                if (m->classes & PHRASE_DAY && !is_today(r, m->at))
                        return false;
                for (size_t k = m->at; m->classes & PHRASE_PLACE && k > end && k + PLACE_GAP > m->at; k--)
                        place |= word_in(r, k - 1, to, ELEMENTSOF(to));
        }
        for (size_t i = end; i < last; i++)
                if (r->words[i].clock)
                        return false;
        return place;
}

/* "My other meeting", "une autre réunion"; with `mine` also "my 9:30 call", which is somebody else's unless it is with the reader. A meal of
 * one's own always is. */
static bool is_another(const struct reading *r, size_t first, size_t meeting, bool mine) {
        static const char *const others[] = {"other", "another", "autre", "andere", "anderen", "ander"};
        static const char *const my[] = {"my", "mon", "ma", "mes", "mein", "meine", "meinen", "mijn"};
        static const char *const meals[] = {"dejeuner", "diner", "cafe", "lunch", "dinner", "breakfast", "coffee"};
        mine = mine || word_in(r, meeting, meals, ELEMENTSOF(meals));
        for (size_t i = meeting; i > first && i + 3U > meeting; i--)
                if (word_in(r, i - 1, others, ELEMENTSOF(others)) || (mine && word_in(r, i - 1, my, ELEMENTSOF(my))))
                        return true;
        return false;
}

/* "..., so I can come earlier": what fell out was something before the meeting. */
static bool frees(const struct reading *r, size_t first, size_t last) {
        static const char *const words[] = {"earlier", "tot",       "dispo",  "disponible", "libre",
                                            "free",    "available", "fruher", "eerder"};
        for (size_t i = first; i < last; i++)
                if (word_in(r, i, words, ELEMENTSOF(words)))
                        return true;
        return false;
}

/* With the reader: "with you", or ours. */
static bool is_ours(const struct reading *r, size_t first, size_t meeting) {
        static const char *const ours[] = {"notre", "nos", "our", "unser", "unsere", "unseren", "onze", "ons"};
        for (size_t i = meeting; i > first && i + 3U > meeting; i--)
                if (word_in(r, i - 1, ours, ELEMENTSOF(ours)))
                        return true;
        return false;
}

enum object { OBJECT_NONE, OBJECT_MEETING, OBJECT_OTHER };

/* "Les décisions de la réunion", "notes from the meeting": the meeting only tells which ones. */
static bool is_attribute(const struct reading *r, size_t first, size_t meeting) {
        static const char *const articles[] = {"la", "le",  "les", "l'",   "notre", "nos", "votre", "vos", "cette",
                                               "ce", "the", "our", "your", "this",  "my",  "a",     "an",  "next"};
        static const char *const links[] = {"de",    "d'",    "du",  "des",  "of",   "from", "for",    "about",
                                            "dans",  "pour",  "in",  "with", "sur",  "on",   "before", "avant",
                                            "after", "apres", "fur", "von",  "voor", "van",  "en"};
        size_t i = meeting;
        while (i > first && word_in(r, i - 1, articles, ELEMENTSOF(articles)))
                i--;
        return i > first + 1 && word_in(r, i - 1, links, ELEMENTSOF(links));
}

/* "I've cancelled", "j'ai annulé", before word i: told afterwards. */
static bool has_happened(const struct reading *r, size_t i) {
        static const char *const words[] = {"i've", "we've", "have", "ai", "avons", "habe", "haben", "heb", "hebben"};
        return i >= 2 && word_in(r, i - 2, words, ELEMENTSOF(words));
}

static enum object first_object(const struct reading *r, const struct sentence *s, size_t first, size_t last) {
        const struct mark *m = mark_between(r, s, first, MIN(last, first + OBJECT_GAP), PHRASE_MEETING | PHRASE_OTHER);
        if (!m)
                return OBJECT_NONE;
        /* "Call with the supplier about the order": the first decides; "project meeting": both stand side by side. */
        if (m->classes & PHRASE_OTHER) {
                const struct mark *next =
                        mark_between(r, s, m->at + 1, MIN(last, (size_t) m->at + m->len + 1), PHRASE_MEETING);
                return next && !r->late_verb ? OBJECT_MEETING : OBJECT_OTHER;
        }
        if (mark_between(r, s, m->at, m->at + 1U, PHRASE_OTHER))
                return OBJECT_OTHER;
        return is_attribute(r, first, m->at) || is_another(r, first, m->at, has_happened(r, first)) ||
                               is_with_others(r, m->at, m->at + m->len, last)
                       ? OBJECT_OTHER
                       : OBJECT_MEETING;
}

/* After a verb without an object: "je dois annuler", "on reporte à jeudi", "I need to reschedule for Friday". */
static bool is_elliptic(const struct reading *r, const struct sentence *s, size_t end) {
        static const char *const small[] = {
                "a",      "au",     "pour",    "demain",   "malheureusement", "helas",    "ce",      "cet",       "to",
                "for",    "until",  "today",   "tomorrow", "unfortunately",   "sorry",    "this",    "it",        "on",
                "vers",   "ca",     "cela",    "desole",   "desolee",         "monday",   "tuesday", "wednesday", "thursday",
                "friday", "lundi",  "mardi",   "mercredi", "jeudi",           "vendredi", "auf",     "naar",      "op",
                "leider", "helaas", "at",      "due",      "because",         "as",       "and",     "et",        "en",
                "suite",  "car",    "derniere"};
        return end >= s->last || r->words[end].comma || word_in(r, end, small, ELEMENTSOF(small));
}

struct context {
        bool meeting; /* a meeting is spoken of next to this sentence or in the subject */
        bool other;   /* something else that can be cancelled is */
};

static bool claims(const struct reading *r, const struct sentence *s, const struct mark *oblige, const struct mark *verb,
                   bool weak, const struct context *c) {
        size_t start = oblige ? oblige->at : verb->at, end = verb->at + verb->len;

        if (is_conditional(r, s, start, end) || is_asked(r, s, end))
                return false;
        if (verb->classes & (PHRASE_MOVE | PHRASE_MOVES) && moves_place(r, s, end))
                return false;
        if (oblige && is_negated(r, oblige->at + oblige->len, verb->at))
                return false;
        enum object object = OBJECT_NONE;
        if (oblige)
                object = first_object(r, s, oblige->at + oblige->len, verb->at);
        if (object == OBJECT_NONE)
                object = first_object(r, s, end, clause_end(r, s, end));
        if (object != OBJECT_NONE)
                return object == OBJECT_MEETING;
        if (!is_elliptic(r, s, end) || s->classes & PHRASE_OTHER)
                return false;
        if (s->classes & PHRASE_MEETING)
                return true;
        if (c->other)
                return false;
        bool day = mark_between(r, s, end, clause_end(r, s, end), PHRASE_DAY);
        return (!weak && c->meeting) || day;
}

/* "Müssen wir ...", "moet ik ..." at the start asks, with or without a question mark. */
static bool is_inverted(const struct reading *r, const struct sentence *s, const struct mark *m) {
        static const char *const verbs[] = {"muss", "mussen", "moet", "moeten", "zal"}, *const persons[] = {"ich", "wir",
                                                                                                            "ik", "we",
                                                                                                            "wij"};
        return m->at == s->first && m->at + 1U < s->last && word_in(r, m->at, verbs, ELEMENTSOF(verbs)) &&
               word_in(r, m->at + 1U, persons, ELEMENTSOF(persons));
}

/* "Our meeting is cancelled": m stands after its subject, in the clause that begins at word `from`. */
static bool is_called_off(const struct reading *r, const struct sentence *s, size_t from, const struct mark *m) {
        const struct mark *subject = mark_between(r, s, from, m->at, PHRASE_MEETING);
        if (!subject || mark_between(r, s, from, m->at, PHRASE_OTHER) ||
            is_with_others(r, subject->at, subject->at + subject->len, m->at))
                return false;
        /* The place only: "has been moved to room 4". */
        if (!word_begins(r, m->at + m->len - 1U, "annul") && moves_place(r, s, m->at + 1U))
                return false;
        return is_ours(r, from, subject->at) ||
               (!is_another(r, from, subject->at, true) && !frees(r, m->at + m->len, s->last));
}

/* "RDV annulé, désolé", "meeting cancelled, family emergency": a clause of the meeting and m alone. */
static bool is_telegram(const struct reading *r, const struct sentence *s, const struct mark *m) {
        size_t start = clause_start(r, s, m->at);
        if (clause_end(r, s, m->at) != m->at + m->len || mark_between(r, s, s->first, start, PHRASE_IF))
                return false;
        for (size_t i = s->first_mark; i < s->last_mark; i++)
                if (r->marks[i].at == start && r->marks[i].classes & PHRASE_MEETING && start + r->marks[i].len == m->at)
                        return true;
        return false;
}

/* Does this mark call a meeting off? Returns the word where the claim starts, or -1. */
static ssize_t judge_claim(const struct reading *r, const struct sentence *s, const struct mark *m,
                           const struct context *c) {
        size_t end = m->at + m->len;

        if (m->classes & PHRASE_OBLIGE && !is_inverted(r, s, m)) {
                size_t gap = r->late_verb ? VERB_GAP_LATE : VERB_GAP;
                size_t last = MIN(clause_end(r, s, end), end + gap + 1);
                const struct mark *verb = mark_between(r, s, end, last, PHRASE_CANCEL | PHRASE_MOVE);
                if (verb && claims(r, s, m, verb, !(verb->classes & PHRASE_CANCEL), c))
                        return m->at;
        }
        if (m->classes & (PHRASE_CANCELS | PHRASE_MOVES) && s->ending != '?' &&
            claims(r, s, NULL, m, m->classes & PHRASE_MOVES, c))
                return m->at;
        if (m->classes & PHRASE_MISS && !misses_other(r, s, end) && !misses_another(r, s, m->at) &&
            !is_conditional(r, s, m->at, end) && !is_asked(r, s, end)) {
                bool other = mark_between(r, s, end, clause_end(r, s, end), PHRASE_OTHER);
                bool about = s->classes & (PHRASE_MEETING | PHRASE_DAY) || s->clock || (c->meeting && !c->other);
                if (!other && about)
                        return m->at;
        }
        if (m->classes & PHRASE_CANCEL_TITLE && s->ending != '?' && is_telegram(r, s, m))
                return (ssize_t) clause_start(r, s, m->at);
        if (m->classes & PHRASE_CANCELLED && !is_conditional(r, s, m->at, end) && !is_asked(r, s, end)) {
                size_t from = clause_start(r, s, m->at);
                if (is_called_off(r, s, from, m))
                        return (ssize_t) from;
        }
        return -1;
}

/* "Could you cancel this morning's meeting?": the verb is what the reader shall do, not what both might. */
static bool asks_reader(const struct reading *r, const struct sentence *s, size_t verb) {
        static const char *const between[] = {"please", "kindly", "just", "stp", "svp",
                                              "donc",   "juste",  "s'il", "te",  "plait"};
        static const char *const reader[] = {"you", "tu", "vous"};
        static const char *const can[] = {"could", "can", "would", "will", "peux", "pourrais", "pouvez", "pourriez"};
        while (verb > s->first && word_in(r, verb - 1, between, ELEMENTSOF(between)))
                verb--;
        return verb >= s->first + 2U &&
               ((word_in(r, verb - 1, reader, ELEMENTSOF(reader)) && word_in(r, verb - 2, can, ELEMENTSOF(can))) ||
                (word_in(r, verb - 2, reader, ELEMENTSOF(reader)) && word_in(r, verb - 1, can, ELEMENTSOF(can))));
}

/* "Can we move our meeting to Friday?" calls nothing off, but who asks that began what comes of it. Said with what keeps the writer
 * from coming ("I'm ill, can we reschedule?") it is no question any more. Returns the verb, or NULL. */
static const struct mark *proposes(const struct reading *r, const struct sentence *s, const struct context *c,
                                   bool excused) {
        for (size_t i = s->first_mark; i < s->last_mark; i++) {
                const struct mark *m = r->marks + i;
                size_t end = m->at + m->len, last = clause_end(r, s, end);
                if (!(m->classes & (PHRASE_CANCEL | PHRASE_MOVE | PHRASE_CANCELS | PHRASE_MOVES)) ||
                    (m->classes & (PHRASE_MOVE | PHRASE_MOVES) && moves_place(r, s, end)))
                        continue;
                enum object object = first_object(r, s, end, last);
                if (object == OBJECT_NONE && r->late_verb)
                        object = first_object(r, s, clause_start(r, s, m->at), m->at);
                if (object == OBJECT_MEETING)
                        return m;
                bool about = s->classes & (PHRASE_MEETING | PHRASE_DAY) || c->meeting || excused;
                if (object == OBJECT_NONE && about && !c->other && !(s->classes & PHRASE_OTHER) && is_elliptic(r, s, end))
                        return m;
        }
        return NULL;
}

/* "I can't join today but Marie and Paul will", "but our 10am is on": what the verb was need not be said again. */
static bool others_do(const struct reading *r, const struct sentence *s) {
        static const char *const but[] = {"but", "though"}, *const writer[] = {"i", "i'll", "we", "we'll"},
                                 *const verbs[] = {"will", "can"}, *const is[] = {"is", "are", "stays"};
        for (size_t i = s->first; i + 2U < s->last; i++) {
                size_t end = clause_end(r, s, i);
                if (!word_in(r, i, but, ELEMENTSOF(but)) || end < i + 3 || word_in(r, i + 1, writer, ELEMENTSOF(writer)))
                        continue;
                if (word_in(r, end - 1, verbs, ELEMENTSOF(verbs)) ||
                    (word_is(r, end - 1, "on") && word_in(r, end - 2, is, ELEMENTSOF(is))))
                        return s->ending != '?';
        }
        return false;
}

/* Who cannot come calls nothing off when it takes place without them, or they come another way; another day is another meeting. */
static bool takes_place(const struct reading *r) {
        for (size_t k = 0; k < r->n_sentences; k++) {
                const struct sentence *s = r->sentences + k;
                if (others_do(r, s))
                        return true;
                for (size_t i = s->first_mark; s->classes & PHRASE_STANDS && i < s->last_mark; i++) {
                        size_t at = r->marks[i].at;
                        if (!(r->marks[i].classes & PHRASE_STANDS))
                                continue;
                        bool later = false;
                        for (size_t d = s->first_mark; d < s->last_mark; d++)
                                later |= r->marks[d].classes & PHRASE_DAY && !is_today(r, r->marks[d].at) &&
                                         r->marks[d].at >= clause_start(r, s, at) && r->marks[d].at < clause_end(r, s, at);
                        if (!later)
                                return true;
                }
        }
        return false;
}

static const char *find_proposal(const struct reading *r, uint32_t subject_classes, struct arena *arena, bool *ret_excused,
                                 bool *ret_failed) {
        for (size_t k = 0; k < r->n_sentences; k++) {
                const struct sentence *s = r->sentences + k;
                uint32_t near = subject_classes, around = s->classes;
                if (s->ending != '?' || s->classes & PHRASE_PAST)
                        continue;
                if (k > 0)
                        around |= s[-1].classes;
                if (k + 1 < r->n_sentences)
                        around |= s[1].classes;
                near |= around;
                bool excused = around & PHRASE_EXCUSE;
                struct context c = {.meeting = near & PHRASE_MEETING, .other = (excused ? around : near) & PHRASE_OTHER};
                const struct mark *verb = proposes(r, s, &c, excused);
                if (!verb)
                        continue;
                excused = (excused && !takes_place(r)) ||
                          (verb->classes & (PHRASE_CANCEL | PHRASE_CANCELS) && asks_reader(r, s, verb->at));
                const char *because = quote(r, s, s->first, arena);
                *ret_failed = !because;
                *ret_excused = excused;
                return because;
        }
        return NULL;
}

/* "Ok Camille,", "d'accord", "I understand": at the start of an answer that goes along with the reader. */
static bool agrees(const struct reading *r, size_t first, size_t last) {
        static const char *const words[] = {
                "ok",   "okay", "oui",     "yes",        "compris",  "comprends", "je",   "d'",      "accord",
                "bien", "tres", "c'",      "est",        "note",     "noted",     "got",  "it",      "understood",
                "i",    "sure", "alright", "understand", "all",      "right",     "no",   "problem", "worries",
                "pas",  "de",   "souci",   "soucis",     "probleme", "parfait",   "fine", "entendu", "recu"};
        size_t known = 0, unknown = 0;
        for (size_t i = first; i < last; i++)
                if (word_in(r, i, words, ELEMENTSOF(words)))
                        known++;
                else
                        unknown += !r->words[i].comma;
        return known > 0 && unknown <= 1;
}

/* Does the writer only do what the reader wanted or could not help? "Thanks for letting me know, I've cancelled the meeting"; but not
 * "Ok. I have to cancel our meeting", which has a cause of its own. `at` is where mark m of sentence k makes its claim. */
static bool is_readers_doing(const struct reading *r, size_t k, const struct mark *m, size_t at) {
        const struct sentence *s = r->sentences + k;
        if (mark_between(r, s, s->first, at, PHRASE_READER))
                return true;
        if (m->classes & (PHRASE_OBLIGE | PHRASE_MISS) && !word_begins(r, m->at, "let"))
                return false;
        if (s->classes & PHRASE_READER || (k > 0 && s[-1].classes & PHRASE_READER) ||
            (k + 1 < r->n_sentences && s[1].classes & PHRASE_READER))
                return true;
        size_t end = clause_end(r, s, s->first);
        return (end < at && agrees(r, s->first, end)) || (k > 0 && agrees(r, s[-1].first, s[-1].last));
}

/* *ret_doubtful: it looks like a claim, but the reader's wish or a stand-in speaks against it. When that is the owner, what comes of it is
 * still not the client's doing, so it is told as a proposal is. */
static const char *find_cancellation(const struct reading *r, uint32_t subject_classes, struct arena *arena,
                                     bool *ret_doubtful, bool *ret_failed) {
        const char *because = NULL;
        bool stands = takes_place(r);
        for (size_t k = 0; k < r->n_sentences; k++) {
                const struct sentence *s = r->sentences + k;
                uint32_t near = subject_classes;
                if (s->classes & PHRASE_PAST)
                        continue;
                if (k > 0)
                        near |= s[-1].classes;
                if (k + 1 < r->n_sentences)
                        near |= s[1].classes;
                struct context c = {.meeting = near & PHRASE_MEETING, .other = near & PHRASE_OTHER};
                for (size_t i = s->first_mark; i < s->last_mark; i++) {
                        const struct mark *m = r->marks + i;
                        ssize_t at = judge_claim(r, s, m, &c);
                        if (at < 0)
                                continue;
                        bool doubtful = is_readers_doing(r, k, m, (size_t) at) || (m->classes & PHRASE_MISS && stands);
                        if (doubtful && because)
                                continue;
                        because = quote(r, s, (size_t) at, arena);
                        *ret_failed = !because;
                        *ret_doubtful = doubtful;
                        if (!because || !doubtful)
                                return because;
                }
        }
        return because;
}

/* A subject that was written for this message: "Annulation du rendez-vous de demain". */
static bool subject_cancels(const struct reading *r) {
        if (r->n_sentences != 1)
                return false;
        const struct sentence *s = r->sentences;
        const struct mark *title = mark_between(r, s, s->first, s->first + 1U, PHRASE_CANCEL_TITLE);
        return title && s->classes & PHRASE_MEETING && !(s->classes & (PHRASE_OTHER | PHRASE_IF | PHRASE_PAST)) &&
               s->ending != '?';
}

/* --- what the model sees --- */

/* "Please find attached", "so don't hesitate to call": a courtesy at the start of a clause. What else is kept silent only hides
 * the words inside it ("make it easier", "move forward"). */
static bool has_courtesy(const struct reading *r, const struct sentence *s) {
        static const char *const others[] = {"make", "move", "hope", "i", "last", "no", "as", "pas"};
        for (size_t i = s->first_mark; i < s->last_mark; i++)
                if (r->marks[i].classes & PHRASE_SILENT && starts_clause(r, s, r->marks[i].at) &&
                    !word_in(r, r->marks[i].at, others, ELEMENTSOF(others)))
                        return true;
        return false;
}

/* Who calls a meeting off asks for nothing by that alone. */
#define CALLED_OFF (PHRASE_CANCEL | PHRASE_MOVE | PHRASE_CANCELS | PHRASE_MOVES | PHRASE_MISS | PHRASE_CANCELLED)

static bool is_capital(const struct reading *r, const struct word *w) {
        uint32_t cp = (unsigned char) r->text[w->at];
        if (cp < 0x80)
                return byte_is((char) cp, BYTE_UPPER);
        (void) utf8_decode(r->text + w->at, w->end - w->at, &cp);
        return cp != utf8_lower(cp);
}

static void model_sentence(const struct reading *r, const struct sentence *s, bool question, bool rule,
                           struct request_word words[static SENTENCE_WORDS_MAX + 1], struct request_sentence *ret) {
        size_t n = 0;
        for (size_t i = s->first; i < s->last && n <= SENTENCE_WORDS_MAX; i++) {
                const struct word *w = r->words + i;
                words[n++] = (struct request_word){
                        .s = word_text(r, i), .len = w->len, .comma = w->comma, .upper = is_capital(r, w)};
        }
        *ret = (struct request_sentence){
                .words = words, .n = n, .ending = s->ending, .signals = s->classes & PHRASE_OF_MODEL};
        if (s->clock)
                ret->signals |= REQUEST_SIGNAL_CLOCK;
        if (question)
                ret->signals |= REQUEST_SIGNAL_QUESTION;
        if (rule)
                ret->signals |= REQUEST_SIGNAL_RULE;
        if (!question && !rule && (s->classes & CALLED_OFF || (s->classes & PHRASE_SILENT && has_courtesy(r, s))))
                ret->signals |= REQUEST_SIGNAL_SILENT;
}

/* Sentences that ask without any form of asking ("Saturday is good", "we need the draft") are told by the model alone, which
 * errs now and then; the more sentences, the surer it must be of one: by so many thousandths each time their number doubles. */
#define MARGIN_STEP 150
/* What has a form of asking is taken for it unless the model is sure of the contrary. */
#define FORM_CREDIT 100
#define MARGIN_STEPS_MAX 5U

static bool asks(const struct request_model *model, const struct reading *r, const struct request_sentence *s,
                 size_t *ret_at) {
        size_t at, len;
        uint32_t steps = 0;
        while (steps < MARGIN_STEPS_MAX && (r->n_sentences - 1) >> (steps + 1))
                steps++;
        int32_t score = request_score(model, s, &at, &len);
        bool form = s->signals & (REQUEST_SIGNAL_QUESTION | REQUEST_SIGNAL_RULE);
        *ret_at = at;
        return score > (form ? -FORM_CREDIT : MARGIN_STEP * (int32_t) steps);
}

/* As many words as tell which model fits. */
#define MODEL_WORDS_MAX 40U

static const struct request_model *model_by_words(const struct reading *r) {
        size_t n = 0, known_en = 0, known_fr = 0;
        for (size_t i = 0; i < r->n_words && n < MODEL_WORDS_MAX; i++) {
                if (r->words[i].comma)
                        continue;
                n++;
                known_en += request_knows(&request_model_en, word_text(r, i), r->words[i].len);
                known_fr += request_knows(&request_model_fr, word_text(r, i), r->words[i].len);
        }
        if (known_en == known_fr || 2 * MAX(known_en, known_fr) < n)
                return NULL;
        return known_en > known_fr ? &request_model_en : &request_model_fr;
}

/* English and French have a model; it is trained on the judgement of the rules too, and has the last word over them. */
static const struct request_model *model_for(const struct reading *r, const char *language) {
        if (!language)
                return model_by_words(r);
        return str_eq(language, "en") ? &request_model_en : str_eq(language, "fr") ? &request_model_fr : NULL;
}

/* Does the sentence stand in a list, "- ", "* " or "• " before it? */
static bool is_item(const struct reading *r, const struct sentence *s) {
        static const char bullet[] = "\xE2\x80\xA2";
        size_t i = s->last > s->first ? r->words[s->first].at : 0;
        while (i > 0 && (r->text[i - 1] == ' ' || r->text[i - 1] == '\t'))
                i--;
        size_t sign = i >= 1 && (r->text[i - 1] == '-' || r->text[i - 1] == '*') ? 1
                      : i >= strlen(bullet) && strncmp(r->text + i - strlen(bullet), bullet, strlen(bullet)) == 0
                              ? strlen(bullet)
                              : 0;
        i -= sign;
        while (sign > 0 && i > 0 && (r->text[i - 1] == ' ' || r->text[i - 1] == '\t'))
                i--;
        return sign > 0 && (i == 0 || r->text[i - 1] == '\n');
}

/* Items of minutes that are looked at: nobody lists more before saying what the list is. */
#define MINUTES_ITEMS_MAX 20U

/* "Voici le compte rendu de notre réunion :", "notes from our call:" a few sentences before: what was agreed, in whatever form. */
static bool follows_minutes(const struct reading *r, const struct sentence *s) {
        static const char *const titles[] = {"rendu", "cr",        "recap",     "recapitulatif", "minutes",
                                             "notes", "decisions", "protokoll", "notulen"};
        for (size_t k = 0; k < MINUTES_ITEMS_MAX && s > r->sentences; k++) {
                s--;
                for (size_t i = s->first; i < s->last && !is_item(r, s); i++)
                        if (word_in(r, i, titles, ELEMENTSOF(titles)))
                                return true;
        }
        return false;
}

/* Does the sentence ask the reader for something? *ret_at is the word that shows it. */
static bool request_judge(const struct reading *r, const struct request_model *model, const struct sentence *s,
                          const char *language, bool question, size_t *ret_at) {
        ssize_t at = find_request(r, s, language);
        struct request_word words[SENTENCE_WORDS_MAX + 1];
        struct request_sentence seen;

        if (s->ending == '?' && !question)
                return false; /* "how have you been?" */
        if (s > r->sentences && offers_answers(r, s - 1))
                return false;
        /* "As discussed on the phone, I'll take B", "vu ta réponse, merci !"; "- vous m'envoyez les photos" in the minutes of a meeting. */
        if (!question && at < 0 && (s->classes & PHRASE_SETTLED || is_item(r, s)))
                return false;
        if (!question && is_item(r, s) && follows_minutes(r, s))
                return false;
        *ret_at = at >= 0 ? (size_t) at : s->first;
        if (!model)
                return question || at >= 0;
        model_sentence(r, s, question, at >= 0, words, &seen);
        size_t reason;
        if (!asks(model, r, &seen, &reason))
                return false;
        if (at < 0 && !question)
                *ret_at = clause_start(r, s, s->first + reason);
        return true;
}

int text_request_sentences(const struct phrase_index *index, const char *text, const char *language,
                           request_visit_sentence visit, void *userdata) {
        struct request_word words[SENTENCE_WORDS_MAX + 1];
        struct request_sentence sentence;
        struct reading r;

        int e = reading_start(&r, index, text, language);
        for (size_t k = 0; e == 0 && k < r.n_sentences; k++) {
                const struct sentence *s = r.sentences + k;
                model_sentence(&r, s, is_question(&r, s), find_request(&r, s, language) >= 0, words, &sentence);
                visit(userdata, &sentence);
        }
        reading_free(&r);
        return e;
}

/* --- all of it --- */

static uint32_t flags_of_sentence(const struct reading *r, const struct sentence *s, bool request) {
        static const char *const conditions[] = {"if", "si", "s'", "wenn", "falls", "als", "when", "quand"};
        bool stops = s->classes & PHRASE_STOP_WORD && s->classes & PHRASE_STOP_TIME && s->ending != '?';
        bool conditional =
                (stops || s->classes & PHRASE_SETTLED) && word_in(r, s->first, conditions, ELEMENTSOF(conditions));
        uint32_t flags = 0;
        if (s->classes & PHRASE_URGENT || (request && s->classes & PHRASE_ASAP))
                flags |= MESSAGE_URGENT;
        /* A boundary is a habit: what holds for one day is not one. */
        if (stops && !conditional)
                flags |= MESSAGE_STOP;
        if (s->classes & PHRASE_SETTLED && !conditional)
                flags |= MESSAGE_SETTLED;
        return flags;
}

/* "@Paul, peux-tu ...", "Paul, could you ...": whom a sentence speaks to belongs to the quote, since it may not be the reader. */
static bool begins_with_name(const struct reading *r, const struct sentence *s) {
        static const char *const others[] = {"bonjour", "bonsoir", "salut", "coucou", "hello", "hi",  "hey",
                                             "hallo",   "beste",   "merci", "thanks", "ok",    "oui", "non",
                                             "yes",     "no",      "sinon", "enfin",  "also",  "so",  "then",
                                             "please",  "danke",   "bitte", "sorry",  "alors", "du"};
        if (s->first + 1U >= s->last || !r->words[s->first + 1].comma)
                return false;
        const char *w = r->text + r->words[s->first].at;
        return *w == '@' || (*w >= 'A' && *w <= 'Z' && !word_in(r, s->first, others, ELEMENTSOF(others)));
}

/* Thanks that close a message which asks for something, or stand alone below other matters, are a form of greeting. */
#define BARE_THANKS_WORDS_MAX 20U
/* A sentence below this is a greeting or a name. */
#define MATTER_WORDS_MIN 4U

struct told {
        const struct phrase_index *index;
        const struct request_model *model;
        const char *language;
        unsigned wanted;      /* tables of acts */
        bool either_order;    /* of day and month in figures */
        size_t first_request; /* sentence; SIZE_MAX: none */
        bool bare_thanks;     /* the thanks that were found are too little beside a request */
};

static int add_act(const struct reading *r, size_t k, enum act_kind kind, size_t at, struct arena *arena,
                   struct text_reading *out) {
        const char *because = quote(r, r->sentences + k, at, arena);
        if (!because)
                return -ENOMEM;
        size_t i = out->n_acts++;
        for (; i > 0 && out->acts[i - 1].kind > kind; i--)
                out->acts[i] = out->acts[i - 1];
        out->acts[i] = (struct act){kind, because};
        return 0;
}

static bool has_act(const struct text_reading *out, enum act_kind kind) {
        for (size_t i = 0; i < out->n_acts; i++)
                if (out->acts[i].kind == kind)
                        return true;
        return false;
}

/* "Thanks," on a line of its own at the end, but not "Thanks!" */
static bool closes(const struct reading *r, size_t k, size_t at) {
        const struct sentence *s = r->sentences + k;
        if (s->ending == '!')
                return false;
        if (r->n_counted > BARE_THANKS_WORDS_MAX)
                return true;
        for (size_t i = 0; i < k && at == s->first; i++)
                if (count_words(r, r->sentences[i].first, r->sentences[i].last) >= MATTER_WORDS_MIN)
                        return true;
        return false;
}

static int read_acts(struct told *t, const struct reading *r, size_t k, const struct act_sentence *acts, struct arena *arena,
                     struct text_reading *out) {
        for (enum act_kind kind = ACT_NONE + 1; kind < _ACT_MAX; kind++) {
                if (!acts->kinds[kind].found)
                        continue;
                /* After a request, thanks are given in advance. */
                if (kind == ACT_THANKS && (k >= t->first_request || (t->bare_thanks && acts->kinds[kind].bare)))
                        continue;
                if (kind == ACT_THANKS && acts->kinds[kind].bare && closes(r, k, acts->kinds[kind].at))
                        continue;
                if (has_act(out, kind)) {
                        if (kind == ACT_THANKS && !acts->kinds[kind].bare)
                                t->bare_thanks = false;
                        continue;
                }
                int e = add_act(r, k, kind, acts->kinds[kind].at, arena, out);
                if (e < 0)
                        return e;
                if (kind == ACT_THANKS)
                        t->bare_thanks = acts->kinds[kind].bare;
                if (kind == ACT_REMINDER)
                        t->first_request = MIN(t->first_request, k);
        }
        return 0;
}

static void drop_act(struct text_reading *out, enum act_kind kind) {
        size_t n = 0;
        for (size_t i = 0; i < out->n_acts; i++)
                if (out->acts[i].kind != kind)
                        out->acts[n++] = out->acts[i];
        out->n_acts = n;
}

/* The time belongs to what this sentence asks, or this one only adds it to what the one before asked: "By Friday if possible." */
static int read_deadline(const struct told *t, const struct reading *r, size_t k, const struct act_sentence *acts,
                         bool request, struct arena *arena, struct text_reading *out) {
        const struct sentence *s = r->sentences + k;
        struct deadline d;
        size_t at, unused;
        if (!deadline_find(r, k, t->either_order, acts, &d, &at))
                return 0;
        if (!request && at == s->first && k > 0 && s->ending != '?' && !word_is(r, at, "bis")) /* "Bis Freitag!" */
                request = request_judge(r, t->model, s - 1, t->language, is_question(r, s - 1), &unused);
        if (!request)
                return 0;
        out->deadline = d;
        out->deadline_because = quote(r, s, at, arena);
        return out->deadline_because ? 0 : -ENOMEM;
}

static bool has_when(const struct act_sentence *acts) {
        for (size_t i = 0; i < acts->n_marks; i++)
                if ((acts->marks[i].does & ACT_SIGN) >= ACT_BY && (acts->marks[i].does & ACT_SIGN) <= ACT_EOM)
                        return true;
        return false;
}

/* A boundary that only the phrases of requests know. */
static void add_boundary(const struct reading *r, const struct sentence *s, struct act_sentence *acts) {
        static const char *const channels[] = {"whatsapp", "sms",       "telephone", "phone",   "texto",
                                               "textos",   "messenger", "telegram",  "telefon", "telefoon",
                                               "slack",    "instagram", "text"};
        enum act_kind kind = ACT_BOUNDARY_HOURS;
        for (enum act_kind k = ACT_BOUNDARY_HOURS; k <= ACT_BOUNDARY_NOTICE; k++)
                if (acts->kinds[k].found)
                        return;
        /* "Le vendredi 13" is one day and no habit. */
        for (size_t i = s->first_mark; i < s->last_mark; i++)
                if (r->marks[i].classes & PHRASE_STOP_TIME && r->marks[i].at + r->marks[i].len < s->last &&
                    is_digit(*word_text(r, r->marks[i].at + r->marks[i].len)))
                        return;
        for (size_t i = s->first; i < s->last; i++)
                if (word_in(r, i, channels, ELEMENTSOF(channels)))
                        kind = ACT_BOUNDARY_CHANNEL;
        acts->kinds[kind].found = true;
        acts->kinds[kind].at = s->first;
}

static int read_sentence(struct told *t, const struct reading *r, size_t k, struct arena *arena, struct text_reading *out) {
        const struct sentence *s = r->sentences + k;
        struct act_sentence acts;
        bool question = is_question(r, s);
        size_t at = s->first;
        acts_read(t->index->acts, r, k, t->wanted, &acts);
        bool when = out->deadline.form == DEADLINE_NONE && has_when(&acts);
        /* One request is enough, but for what may go with a later one: "as soon as possible", a deadline. */
        bool wanted = !out->request_because || s->classes & PHRASE_ASAP || when;
        bool request = wanted && request_judge(r, t->model, s, t->language, question, &at);
        out->questions += question;
        uint32_t flags = flags_of_sentence(r, s, request);
        out->flags |= flags;
        if (flags & MESSAGE_STOP && !question)
                request = false; /* a boundary wants to be kept, not answered */
        if (flags & MESSAGE_STOP)
                add_boundary(r, s, &acts);
        if (request && t->first_request == SIZE_MAX)
                t->first_request = k;
        int e = read_acts(t, r, k, &acts, arena, out);
        if (e == 0 && when)
                e = read_deadline(t, r, k, &acts, request, arena, out);
        if (e < 0 || !request || out->request_because)
                return e;
        out->request_because = quote(r, s, begins_with_name(r, s) ? s->first : at, arena);
        return out->request_because ? 0 : -ENOMEM;
}

/* The language of a text as short as this is a guess; patterns of acts are long enough not to be mistaken for those of another. */
#define SHORT_TEXT_WORDS 25U

static unsigned act_tables_for(const struct reading *r, const char *language) {
        return tables_for(r->n_counted <= SHORT_TEXT_WORDS ? NULL : language);
}

static int read_sentences(const struct reading *r, const struct phrase_index *index, const char *language,
                          struct arena *arena, struct text_reading *out) {
        struct told t = {.index = index,
                         .model = model_for(r, language),
                         .language = language,
                         .wanted = act_tables_for(r, language),
                         .either_order = !language || str_eq(language, "en"),
                         .first_request = SIZE_MAX};
        for (size_t k = 0; k < r->n_sentences; k++) {
                int e = read_sentence(&t, r, k, arena, out);
                if (e < 0)
                        return e;
        }
        if (t.first_request != SIZE_MAX && t.bare_thanks)
                drop_act(out, ACT_THANKS);
        return 0;
}

/* "Relance : devis de mars" */
static int subject_reminds(const struct phrase_index *x, const struct reading *r, unsigned wanted, const char *subject,
                           struct arena *arena, struct text_reading *out) {
        struct act_sentence acts;
        for (size_t k = 0; k < r->n_sentences && out->n_acts == 0; k++) {
                acts_read(x->acts, r, k, wanted, &acts);
                if (!acts.kinds[ACT_REMINDER].found)
                        continue;
                const char *because = arena_strdup(arena, subject);
                if (!because)
                        return -ENOMEM;
                out->acts[out->n_acts++] = (struct act){ACT_REMINDER, because};
        }
        return 0;
}

static int read_subject(const struct phrase_index *x, const char *subject, const char *language, bool stands,
                        struct arena *arena, uint32_t *ret_classes, struct text_reading *out) {
        struct reading r;
        const char *base;
        bool reply, forward;

        int e = subject_base(subject, arena, &base, &reply, &forward);
        if (e < 0)
                return e;
        /* A tag of a list is no word of the writer, but "[URGENT]" is. */
        e = reading_start(&r, x, reply || forward ? base : subject, language);
        for (size_t k = 0; e == 0 && k < r.n_sentences; k++)
                *ret_classes |= r.sentences[k].classes;
        /* The subject of an answer is not what this writer says. */
        if (e == 0 && !reply && !forward) {
                if (*ret_classes & PHRASE_URGENT)
                        out->flags |= MESSAGE_URGENT;
                e = subject_reminds(x, &r, act_tables_for(&r, language), subject, arena, out);
                if (e == 0 && subject_cancels(&r) && !stands && !out->cancellation_because) {
                        out->cancellation_because = arena_strdup(arena, subject);
                        e = out->cancellation_because ? 0 : -ENOMEM;
                }
        }
        reading_free(&r);
        return e;
}

/* What is certain comes first, then what is asked for, then what is doubtful. */
static int read_cancellation(const struct reading *r, uint32_t subject_classes, struct arena *arena,
                             struct text_reading *out) {
        bool doubtful = false, excused = false, failed = false;
        const char *because = find_cancellation(r, subject_classes, arena, &doubtful, &failed), *asked = NULL;
        if (because && !doubtful) {
                out->cancellation_because = because;
                return 0;
        }
        if (failed || out->cancellation_because)
                return failed ? -ENOMEM : 0;
        asked = find_proposal(r, subject_classes, arena, &excused, &failed);
        if (failed)
                return -ENOMEM;
        out->cancellation_because = asked ? asked : because;
        if (out->cancellation_because && !(asked && excused))
                out->flags |= MESSAGE_PROPOSAL;
        return 0;
}

static int read_all(const struct phrase_index *x, const char *text, const char *subject, const char *language,
                    struct arena *arena, struct text_reading *ret) {
        struct text_reading out = {0};
        uint32_t subject_classes = 0;
        struct reading r = {0};

        int e = reading_start(&r, x, text, language);
        if (e == 0 && subject)
                e = read_subject(x, subject, language, takes_place(&r), arena, &subject_classes, &out);
        if (e == 0)
                e = read_sentences(&r, x, language, arena, &out);
        if (e == 0) {
                out.words = (uint32_t) r.n_counted;
                e = read_cancellation(&r, subject_classes, arena, &out);
                if (is_shouting(r.text))
                        out.flags |= MESSAGE_SHOUTING;
                if (out.request_because)
                        out.flags |= MESSAGE_REQUEST;
                else if (!(out.flags & MESSAGE_STOP) && is_thanks(&r))
                        out.flags |= MESSAGE_THANKS;
        }
        reading_free(&r);
        if (e < 0)
                return e;
        *ret = out;
        return 0;
}

int text_read(const struct phrase_index *index, const char *new_text, const char *subject, const char *language,
              struct arena *arena, struct text_reading *ret) {
        struct phrase_index *own = NULL;
        int e = index ? 0 : phrase_index_new(&own);
        if (e == 0)
                e = read_all(index ? index : own, new_text ? new_text : "", subject, language, arena, ret);
        phrase_index_free(own);
        return e;
}
