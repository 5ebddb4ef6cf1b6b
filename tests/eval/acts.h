/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* How well acts are told, against labelled sentences: a label, a tab, the sentence. A label is "none", the name of an act ("thanks") or, where
 * the act has kinds, its name and kind joined by a dot ("decision.change"); several are joined by "+". Lines beginning with '#' are remarks. */

#include <stdio.h>

#include "parsers/text.h"
#include "parsers/utf8.h"

/* Longer lines are cut: no sentence is. */
#define ACTS_LINE_ROOM 65536U
#define ACTS_NAMES 5

static const char *const acts_names[ACTS_NAMES] = {"reminder", "thanks", "boundary", "proposal", "decision"};

struct acts_counts {
        unsigned sentences;
        /* By name. `kind`: of those found, how many of the right kind, where the label tells one. */
        struct {
                unsigned found, wrong, missed, kind, kinds;
        } of[ACTS_NAMES];
};

/* Does the label name that act? *ret_kind: what stands after the dot, and how long it is. */
static inline bool acts_label_has(const char *label, const char *name, const char **ret_kind, size_t *ret_n) {
        size_t n = strlen(name);
        for (const char *s = label;; s++) {
                size_t k = strcspn(s, "+\t");
                if (k >= n && strncmp(s, name, n) == 0 && (k == n || s[n] == '.')) {
                        *ret_kind = k > n ? s + n + 1 : NULL;
                        *ret_n = k > n ? k - n - 1 : 0;
                        return true;
                }
                s += k;
                if (*s != '+')
                        return false;
        }
}

static inline void acts_judge_one(const char *label, const char *text, const struct text_reading *reading, unsigned name,
                                  bool verbose, struct acts_counts *c) {
        const char *kind = NULL, *because = NULL, *said_kind = NULL;
        size_t n = 0;
        bool yes = acts_label_has(label, acts_names[name], &kind, &n), said = false, right = false;
        for (size_t i = 0; i < reading->n_acts; i++) {
                if (strcmp(act_name(reading->acts[i].kind), acts_names[name]) != 0)
                        continue;
                said = true;
                because = reading->acts[i].because;
                said_kind = act_kind_name(reading->acts[i].kind);
                right |= kind && said_kind && strlen(said_kind) == n && strncmp(said_kind, kind, n) == 0;
        }
        c->of[name].found += yes && said;
        c->of[name].wrong += !yes && said;
        c->of[name].missed += yes && !said;
        c->of[name].kinds += yes && said && kind;
        c->of[name].kind += yes && said && right;
        if (!verbose || (yes == said && (!yes || !kind || right)))
                return;
        printf("%s %s%s%s: %s%s%s%s\n",
               yes == said ? "kind  "
               : yes       ? "missed"
                           : "wrong ",
               acts_names[name], said_kind ? "." : "", said_kind ? said_kind : "", text, because ? " [" : "",
               because ? because : "", because ? "]" : "");
}

/* 0, -errno. */
static inline int acts_judge_file(const struct phrase_index *index, const char *path, const char *language, bool verbose,
                                  struct acts_counts *ret) {
        static char line[ACTS_LINE_ROOM];
        _cleanup_arena_ struct arena *arena = NULL;
        struct acts_counts c = {0};
        int e = arena_new(0, &arena);
        FILE *f = fopen(path, "re");
        if (e == 0 && !f)
                e = -errno;
        while (e == 0 && fgets(line, sizeof(line), f)) {
                char *text = strchr(line, '\t');
                struct text_reading reading;
                if (*line == '#' || !text++)
                        continue;
                text[utf8_clean_in_place(text, strcspn(text, "\n"))] = 0;
                arena_reset(arena);
                e = text_read(index, text, NULL, language ? language : text_language(NULL, text), arena, &reading);
                c.sentences++;
                for (unsigned k = 0; e == 0 && k < ACTS_NAMES; k++)
                        acts_judge_one(line, text, &reading, k, verbose, &c);
        }
        if (f)
                fclose(f);
        if (e == 0)
                *ret = c;
        return e;
}

static inline double acts_precision(const struct acts_counts *c, unsigned k) {
        unsigned said = c->of[k].found + c->of[k].wrong;
        return said ? (double) c->of[k].found / said : 1;
}

static inline double acts_recall(const struct acts_counts *c, unsigned k) {
        unsigned there = c->of[k].found + c->of[k].missed;
        return there ? (double) c->of[k].found / there : 1;
}
