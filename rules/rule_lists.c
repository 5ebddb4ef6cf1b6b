/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/utf8.h"
#include "rules/ruleset_internal.h"

/* Reading `lists:` and the files of words they name. */

/* Of one list, and of all lists together: a dictionary is no list. */
#define LIST_WORDS_MAX 20000U
#define WORDS_MAX 200000U
/* Letters that must stand before a '*': less would find half of the language. */
#define OPEN_END_LETTERS_MIN 3U

/* Where a phrase was written, in YAML or in a file of words. */
struct place {
        const char *file;
        unsigned line, column, length;
};

#define place_fault(c, p, code, hint, ...) \
        diagnostics_add((c)->d, DIAGNOSTIC_ERROR, (p)->file, (p)->line, (p)->column, (p)->length, code, hint, __VA_ARGS__)

const char *const pattern_hint = "a phrase is looked for as it is, in time that grows with the text alone; a * may stand at "
                                 "its end, for words that go on";

bool phrase_is_pattern(const char *s) {
        static const char *const signs[] = {".*",  ".+",   "\\b",  "\\w",  "\\d", "\\s",
                                            "\\.", "[a-z", "[A-Z", "[0-9", "(?:", "(?i"};
        for (size_t i = 0; i < ELEMENTSOF(signs); i++)
                if (strstr(s, signs[i]))
                        return true;
        const char *bar = strchr(s, '|'), *open = strchr(s, '('), *star = strchr(s, '*');
        return (bar && open && open < bar) || (star && star[1]);
}

size_t phrase_fold(const char *s, char *out, size_t size) {
        size_t n = utf8_fold(s, strlen(s), out, size), used = 0;
        for (size_t i = 0; i < n; i++) {
                char c = out[i] == '\n' || out[i] == '\t' ? ' ' : out[i];
                if (c == ' ' && (used == 0 || out[used - 1] == ' '))
                        continue;
                out[used++] = c;
        }
        while (used > 0 && out[used - 1] == ' ')
                used--;
        out[used] = 0;
        return used;
}

static void add_word(struct rule_reader *c, struct word_list *list, const char *word, uint8_t languages,
                     const struct place *at) {
        size_t length = strlen(word);
        bool open_end = length > 0 && word[length - 1] == '*';
        if (length == 0 || length > PHRASE_MAX) {
                place_fault(c, at, "bad-value", NULL, "a phrase has 1 to %u characters", PHRASE_MAX);
                return;
        }
        if (phrase_is_pattern(word)) {
                place_fault(c, at, "bad-pattern", pattern_hint, "\"%s\" looks like a regular expression", word);
                return;
        }
        char *folded = read_new0(c, char, 2 * length + 1);
        if (!folded)
                return;
        size_t n = phrase_fold(word, folded, 2 * length + 1);
        if (open_end && n > 0)
                folded[--n] = 0;
        if (n == 0 || n > PHRASE_MAX || (open_end && n < OPEN_END_LETTERS_MIN)) {
                place_fault(c, at, "bad-value", open_end ? "at least three letters before the *" : NULL,
                            "\"%s\" is no word to look for", word);
                return;
        }
        list->phrases[list->n++] = (struct phrase){.folded = folded,
                                                   .open_end = open_end,
                                                   .languages = languages,
                                                   .file = at->file,
                                                   .line = at->line,
                                                   .column = at->column,
                                                   .length = at->length};
}

/* Room for that many phrases more; false, and the fault told, when it is a dictionary. */
static bool list_reserve(struct rule_reader *c, struct word_list *list, size_t more, const struct place *at) {
        size_t all = 0;
        for (size_t i = 0; i < c->rs->n_lists; i++)
                all += c->rs->lists[i].n;
        if (list->n + more > LIST_WORDS_MAX || all + more > WORDS_MAX) {
                place_fault(c, at, "bad-value", NULL, "at most %u words in a list, %u in all", LIST_WORDS_MAX, WORDS_MAX);
                return false;
        }
        struct phrase *grown = read_new0(c, struct phrase, list->n + more + 1);
        if (!grown)
                return false;
        if (list->n > 0)
                memcpy(grown, list->phrases, list->n * sizeof(*grown));
        list->phrases = grown;
        return true;
}

static void read_words(struct rule_reader *c, const struct yaml_node *node, uint8_t languages, struct word_list *list) {
        if (node->type != YAML_SEQUENCE) {
                read_fault(c, node, "wrong-type", NULL, "a list of words is written [one, two words]");
                return;
        }
        size_t n = 0;
        for (const struct yaml_node *p = node->child; p; p = p->next)
                n++;
        const struct place list_place = {c->file, node->line, node->column, node->length};
        if (!list_reserve(c, list, n, &list_place))
                return;
        for (const struct yaml_node *p = node->child; p; p = p->next) {
                const struct place at = {c->file, p->line, p->column, p->length};
                const char *word = read_word(c, p, "a word or a phrase");
                if (word)
                        add_word(c, list, word, languages, &at);
        }
}

/* --- files of words: one a line, "# ..." is a comment, "[fr]" begins those of a language */

static const struct rule_file *find_words(const struct rule_reader *c, const char *path) {
        for (size_t i = 0; i < c->n_files; i++)
                if (c->files[i].words && str_eq(c->files[i].file.path, path))
                        return &c->files[i];
        return NULL;
}

char *words_path(const char *rule_file, const char *name, struct arena *arena) {
        const char *slash = name[0] == '/' ? NULL : strrchr(rule_file, '/');
        return slash ? arena_printf(arena, "%.*s/%s", (int) (slash - rule_file), rule_file, name)
                     : arena_strdup(arena, name);
}

static void words_line(struct rule_reader *c, struct word_list *list, const char *s, size_t n, struct place *at,
                       uint8_t *languages) {
        while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t' || s[n - 1] == '\r'))
                n--;
        while (n > 0 && (*s == ' ' || *s == '\t'))
                s++, n--, at->column++;
        at->length = (unsigned) n;
        if (n == 0 || *s == '#')
                return;
        if (!utf8_valid(s, n) || memchr(s, 0, n)) {
                place_fault(c, at, "yaml-encoding", "save the file as UTF-8", "the line is not UTF-8");
                return;
        }
        char *line = arena_strndup(c->arena, s, n);
        if (!line) {
                c->error = -ENOMEM;
                return;
        }
        if (*line == '[' && line[n - 1] == ']') {
                line[n - 1] = 0;
                *languages = word_language(line + 1);
                if (*languages == 0)
                        place_fault(c, at, "bad-value", "one of [fr] [en] [de] [nl] [es] [it]",
                                    "\"%s\" is no language known here", line + 1);
                return;
        }
        add_word(c, list, line, *languages ? *languages : WORDS_OF_ANY_LANGUAGE, at);
}

static void read_words_file(struct rule_reader *c, const struct yaml_node *node, struct word_list *list) {
        const char *name = read_word(c, node, "the name of a file of words");
        const char *path = name ? words_path(c->file, name, c->arena) : NULL;
        const struct rule_file *f = path ? find_words(c, path) : NULL;
        if (!f) {
                if (name)
                        read_fault(c, node, "missing-file", "relative paths begin at the folder of this file",
                                   "%s cannot be read", path ? path : name);
                return;
        }
        const char *data = f->file.data, *end = data + f->file.size;
        size_t lines = 1;
        for (const char *p = data; p < end && (p = memchr(p, '\n', (size_t) (end - p))); p++)
                lines++;
        struct place at = {f->file.path, 0, 1, 0};
        uint8_t languages = WORDS_OF_ANY_LANGUAGE;
        /* Of a larger one daemon/ reads no more than shows that it is: words at its end would be lost. */
        if (f->file.size > YAML_SIZE_MAX) {
                place_fault(c, &at, "yaml-refused", NULL, "the file is larger than 1 MiB");
                return;
        }
        if (!list_reserve(c, list, lines, &at))
                return;
        if (end - data >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0)
                data += 3;
        for (const char *p = data; p < end;) {
                const char *eol = memchr(p, '\n', (size_t) (end - p));
                at.line++;
                at.column = 1;
                words_line(c, list, p, (size_t) ((eol ? eol : end) - p), &at, &languages);
                p = eol ? eol + 1 : end;
        }
}

/* --- lists */

static void read_list(struct rule_reader *c, const struct yaml_node *node, struct word_list *list) {
        if (!read_keys(c, node, "list"))
                return;
        bool some = false;
        for (const struct yaml_node *p = node->child; p; p = p->next)
                some |= str_eq(p->key->scalar, "words") || str_eq(p->key->scalar, "file") || word_language(p->key->scalar);
        if (!some)
                read_fault(c, node, "missing-key", NULL, "a list of words is written {words: [one, two words]}");
        for (const struct yaml_node *p = node->child; p; p = p->next) {
                uint8_t language = word_language(p->key->scalar);
                if (str_eq(p->key->scalar, "words"))
                        read_words(c, p, WORDS_OF_ANY_LANGUAGE, list);
                else if (str_eq(p->key->scalar, "file"))
                        read_words_file(c, p, list);
                else if (language)
                        read_words(c, p, language, list);
        }
}

void read_lists(struct rule_reader *c, const struct yaml_node *node) {
        if (!node)
                return;
        if (node->type != YAML_MAPPING) {
                read_fault(c, node, "wrong-type", NULL, "lists are a mapping: {name: {words: [...]}}");
                return;
        }
        for (const struct yaml_node *p = node->child; p; p = p->next) {
                for (size_t i = 0; i < c->rs->n_lists; i++)
                        if (str_eq(c->rs->lists[i].name, p->key->scalar))
                                read_fault(c, p->key, "duplicate-key", NULL, "another file has a list \"%s\" too",
                                           p->key->scalar);
                if (c->rs->n_lists == LISTS_MAX) {
                        read_fault(c, p->key, "bad-value", NULL, "at most %u lists", LISTS_MAX);
                        return;
                }
                struct word_list *list = &c->rs->lists[c->rs->n_lists];
                *list = (struct word_list){.name = p->key->scalar, .index = (uint32_t) c->rs->n_lists};
                c->rs->n_lists++;
                read_list(c, p, list);
        }
}
