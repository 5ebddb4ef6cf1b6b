/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Precision, recall and F1 of each act over files of labelled sentences (tests/eval/acts.h has their format), each sentence read as if it were
 * a message.
 *
 *     eval-acts [-v] [-l LANGUAGE] FILE...
 *
 * -l takes the language as known (en, fr, de, nl); without it, it is told from the sentence, as for mail. -v prints what was judged wrongly, and
 * the words that decided. */

#include <unistd.h>

#include "tests/eval/acts.h"

static void print(const char *path, const struct acts_counts *c) {
        printf("%s: %u sentences\n", path, c->sentences);
        for (unsigned k = 0; k < ACTS_NAMES; k++) {
                double p = acts_precision(c, k), r = acts_recall(c, k);
                if (c->of[k].found + c->of[k].missed + c->of[k].wrong == 0)
                        continue;
                printf("  %-9s %4u: precision %.3f, recall %.3f, F1 %.3f", acts_names[k], c->of[k].found + c->of[k].missed,
                       p, r, p + r > 0 ? 2 * p * r / (p + r) : 0);
                if (c->of[k].kinds > 0)
                        printf("; kind right in %u of %u", c->of[k].kind, c->of[k].kinds);
                puts("");
        }
}

int main(int argc, char *argv[]) {
        const char *language = NULL;
        bool verbose = false;
        struct phrase_index *index = NULL;
        int e = phrase_index_new(&index);

        for (int option; (option = getopt(argc, argv, "vl:")) != -1;)
                switch (option) {
                case 'v':
                        verbose = true;
                        break;
                case 'l':
                        language = optarg;
                        break;
                default:
                        e = -EINVAL;
                }
        if (optind >= argc)
                e = -EINVAL;
        for (int i = optind; e == 0 && i < argc; i++) {
                struct acts_counts c;
                e = acts_judge_file(index, argv[i], language, verbose, &c);
                if (e == 0)
                        print(argv[i], &c);
                else
                        fprintf(stderr, "eval-acts: %s: %s\n", argv[i], strerror(-e));
        }
        if (e == -EINVAL)
                fprintf(stderr, "usage: eval-acts [-v] [-l LANGUAGE] FILE...\n");
        phrase_index_free(index);
        return e < 0;
}
