/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/text.h"
#include "parsers/utf8.h"

/* Prefixes as programs write them, folded. RFC 5256 knows re, fw and fwd; the others are what localized programs use.
 * "vs" is a reply in Finnish and a forward in Danish: a reply is the more common meaning in mail. */
static const struct {
        const char *word;
        bool forward;
} prefixes[] = {
        {"re", false},          {"aw", false},      {"antw", false},      {"antwort", false},  {"antwoord", false},
        {"sv", false},          {"vs", false},      {"rif", false},       {"r", false},        {"res", false},
        {"resp", false},        {"odp", false},     {"ynt", false},       {"ats", false},      {"atb", false},
        {"bls", false},         {"reponse", false}, {"respuesta", false}, {"risposta", false}, {"回复", false},
        {"答复", false},        {"απ", false},      {"σχετ", false},      {"fw", true},        {"fwd", true},
        {"wg", true},           {"tr", true},       {"enc", true},        {"rv", true},        {"i", true},
        {"vb", true},           {"vl", true},       {"pd", true},         {"ilt", true},       {"doorst", true},
        {"trs", true},          {"转发", true},     {"πρθ", true},        {"transfert", true}, {"inoltra", true},
        {"doorgestuurd", true},
};

static const char *skip_folded_blanks(const char *p) {
        while (*p == ' ' || *p == '\n')
                p++;
        return p;
}

/* "[tag] ": where it ends, or p itself. A tag holds no bracket, so the look-ahead never runs twice over the same text. */
static const char *skip_tag(const char *p) {
        if (*p != '[')
                return p;
        const char *q = p + 1 + strcspn(p + 1, "[]");
        return *q == ']' ? skip_folded_blanks(q + 1) : p;
}

/* The count some programs add: "re[2]:", "re(2):", "re^2:", "re2:". */
static const char *skip_count(const char *p) {
        const char *q = p;
        if (*q == '(' || *q == '^')
                q++;
        while (*q >= '0' && *q <= '9')
                q++;
        if (q == p)
                return p;
        return *p != '(' ? q : *q == ')' ? q + 1 : p;
}

static const char *skip_prefix(const char *p, bool *ret_forward) {
        for (size_t i = 0; i < ELEMENTSOF(prefixes); i++) {
                if (*p != prefixes[i].word[0])
                        continue;
                size_t n = strlen(prefixes[i].word);
                if (strncmp(p, prefixes[i].word, n) != 0)
                        continue;
                const char *q = skip_tag(skip_folded_blanks(skip_count(p + n)));
                if (*q != ':')
                        continue;
                *ret_forward = prefixes[i].forward;
                return skip_folded_blanks(q + 1);
        }
        return p;
}

/* Blanks in a row become one: subjects are compared, not shown. */
static size_t squeeze(char *s) {
        size_t out = 0;
        for (const char *p = s; *p; p++) {
                bool blank = *p == ' ' || *p == '\n';
                if (blank && (out == 0 || s[out - 1] == ' '))
                        continue;
                s[out++] = blank ? ' ' : *p;
        }
        if (out > 0 && s[out - 1] == ' ')
                out--;
        s[out] = 0;
        return out;
}

static bool ends_with(const char *s, size_t n, const char *tail) {
        size_t k = strlen(tail);
        return n >= k && memcmp(s + n - k, tail, k) == 0;
}

int subject_base(const char *subject, struct arena *arena, const char **ret, bool *ret_reply, bool *ret_forward) {
        bool reply = false, forward = false;

        if (!subject) {
                *ret = NULL;
                *ret_reply = *ret_forward = false;
                return 0;
        }
        size_t size = strlen(subject);
        char *s = arena_alloc(arena, size + 1);
        if (!s)
                return -ENOMEM;
        (void) utf8_fold(subject, size, s, size + 1);
        size_t n = squeeze(s);

        /* Each turn takes something away from either end, so this ends and is linear. */
        for (;;) {
                while (ends_with(s, n, "(fwd)") || ends_with(s, n, " ")) {
                        if (s[n - 1] != ' ') {
                                forward = true;
                                n -= strlen("(fwd)");
                        } else
                                n--;
                        s[n] = 0;
                }
                bool is_forward = false;
                const char *p = skip_prefix(s, &is_forward);
                if (p != s) {
                        reply |= !is_forward;
                        forward |= is_forward;
                } else {
                        p = skip_tag(s);
                        if (!*p)
                                p = s; /* "[urgent]" alone is the subject itself */
                }
                if (p == s && strncmp(s, "[fwd:", 5) == 0 && s[n - 1] == ']') {
                        forward = true;
                        s[--n] = 0;
                        p = skip_folded_blanks(s + 5);
                }
                if (p == s)
                        break;
                n -= (size_t) (p - s);
                s += p - s;
        }
        *ret = s;
        *ret_reply = reply;
        *ret_forward = forward;
        return 0;
}
