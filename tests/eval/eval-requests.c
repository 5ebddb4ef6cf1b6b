/* SPDX-License-Identifier: GPL-3.0-or-later */

/* How well requests are found: reads labelled sentences (Yes or No, a tab, the sentence; lines beginning with '#' are
 * remarks), asks text_read() about each as if it were a message, and prints precision, recall and F1 of "Yes".
 *
 *     eval-requests [-v] [-l LANGUAGE] FILE...
 *
 * -l takes the language as known (en, fr, de, nl); without it, it is told from the sentence, as for mail. -v prints what
 * was judged wrongly, and the words that decided. */

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "parsers/text.h"
#include "parsers/utf8.h"

/* Longer lines are cut: no sentence is. */
#define LINE_ROOM 65536U

struct options {
        const char *language;
        bool verbose;
};

struct counts {
        unsigned found, wrong, missed, right_no;
        double seconds; /* in text_read() alone */
};

static double now(void) {
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static int judge(const struct phrase_index *index, const struct options *o, bool yes, char *text, struct arena *arena,
                 struct counts *c) {
        struct text_reading reading;

        size_t n = utf8_clean_in_place(text, strcspn(text, "\n"));
        text[n] = 0;
        const char *language = o->language ? o->language : text_language(NULL, text);
        double before = now();
        int e = text_read(index, text, NULL, language, arena, &reading);
        if (e < 0)
                return e;
        c->seconds += now() - before;
        bool said = reading.flags & MESSAGE_REQUEST;
        *(yes && said ? &c->found : yes ? &c->missed : said ? &c->wrong : &c->right_no) += 1;
        if (o->verbose && yes != said)
                printf("%s (%s) %s%s%s%s\n", yes ? "missed" : "wrong ", language ? language : "?", text, said ? " [" : "",
                       said ? reading.request_because : "", said ? "]" : "");
        return 0;
}

static int judge_file(const struct phrase_index *index, const struct options *o, const char *path, struct counts *c) {
        static char line[LINE_ROOM];
        _cleanup_arena_ struct arena *arena = NULL;
        int e = arena_new(0, &arena);
        FILE *f = fopen(path, "re");

        if (e == 0 && !f)
                e = -errno;
        while (e == 0 && fgets(line, sizeof(line), f)) {
                bool yes = strncmp(line, "Yes\t", 4) == 0;
                if (!yes && strncmp(line, "No\t", 3) != 0)
                        continue;
                arena_reset(arena);
                e = judge(index, o, yes, strchr(line, '\t') + 1, arena, c);
        }
        if (f)
                fclose(f);
        return e;
}

static void print(const char *path, const struct counts *c) {
        unsigned all = c->found + c->wrong + c->missed + c->right_no;
        double precision = c->found + c->wrong ? (double) c->found / (c->found + c->wrong) : 0;
        double recall = c->found + c->missed ? (double) c->found / (c->found + c->missed) : 0;
        double f1 = precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0;

        printf("%s: %u sentences, %u of them requests: precision %.3f, recall %.3f, F1 %.3f; %.1f us each\n", path, all,
               c->found + c->missed, precision, recall, f1, all ? c->seconds * 1e6 / all : 0);
}

int main(int argc, char *argv[]) {
        struct options o = {0};
        struct phrase_index *index = NULL;
        int e = phrase_index_new(&index);

        for (int option; (option = getopt(argc, argv, "vl:")) != -1;)
                switch (option) {
                case 'v':
                        o.verbose = true;
                        break;
                case 'l':
                        o.language = optarg;
                        break;
                default:
                        e = -EINVAL;
                }
        if (optind >= argc)
                e = -EINVAL;
        for (int i = optind; e == 0 && i < argc; i++) {
                struct counts c = {0};
                e = judge_file(index, &o, argv[i], &c);
                if (e == 0)
                        print(argv[i], &c);
                else
                        fprintf(stderr, "eval-requests: %s: %s\n", argv[i], strerror(-e));
        }
        if (e == -EINVAL)
                fprintf(stderr, "usage: eval-requests [-v] [-l LANGUAGE] FILE...\n");
        phrase_index_free(index);
        return e < 0;
}
