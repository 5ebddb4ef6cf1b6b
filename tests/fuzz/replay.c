/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Runs a fuzz target over its corpus without libFuzzer, so that `make check` replays every seed and every input that
 * once broke something, with any compiler. Arguments are files and directories; without any, the target's own corpus
 * below $abs_top_srcdir. Speaks TAP, one line for each file; an input that kills the target ends the run there. */

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

/* Seeds are small; a corpus file above this was put there by mistake. */
#define INPUT_MAX (16L * 1024 * 1024)

struct run {
        unsigned done, failed;
};

static void report(struct run *run, const char *path, const char *fault) {
        run->done++;
        if (fault) {
                run->failed++;
                printf("not ok %u - %s: %s\n", run->done, path, fault);
        } else
                printf("ok %u - %s\n", run->done, path);
        fflush(stdout);
}

/* The input is copied to a block of exactly its size, so that a sanitizer sees the first byte read beyond it. */
static const char *replay_file(const char *path) {
        const char *fault = NULL;
        uint8_t *data = NULL;
        FILE *f = fopen(path, "rb");
        if (!f)
                return strerror(errno);

        struct stat st;
        if (fstat(fileno(f), &st) < 0 || st.st_size > INPUT_MAX)
                fault = "not a small regular file";
        else if (!(data = malloc((size_t) st.st_size + (st.st_size == 0))))
                fault = "out of memory";
        else if (fread(data, 1, (size_t) st.st_size, f) != (size_t) st.st_size)
                fault = "could not be read in full";
        else
                (void) LLVMFuzzerTestOneInput(data, (size_t) st.st_size);
        free(data);
        fclose(f);
        return fault;
}

static int visible(const struct dirent *e) {
        return e->d_name[0] != '.';
}

static void replay_path(struct run *run, const char *path) {
        struct stat st;
        if (stat(path, &st) < 0) {
                report(run, path, strerror(errno));
                return;
        }
        if (!S_ISDIR(st.st_mode)) {
                report(run, path, replay_file(path));
                return;
        }

        struct dirent **entries = NULL;
        int n = scandir(path, &entries, visible, alphasort);
        if (n <= 0)
                report(run, path, "an empty corpus tests nothing");
        for (int i = 0; i < n; i++) {
                char file[4096];
                int length = snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
                free(entries[i]);
                if (length < 0 || (size_t) length >= sizeof(file))
                        report(run, path, "a name is too long");
                else
                        report(run, file, replay_file(file));
        }
        free(entries);
}

int main(int argc, char **argv) {
        struct run run = {0};
        for (int i = 1; i < argc; i++)
                replay_path(&run, argv[i]);
        if (argc < 2) {
                const char *top = getenv("abs_top_srcdir");
                char corpus[4096];
                int length = snprintf(corpus, sizeof(corpus), "%s/tests/fuzz/corpus/%s", top ? top : ".", fuzz_corpus);
                if (length < 0 || (size_t) length >= sizeof(corpus))
                        return EXIT_FAILURE;
                replay_path(&run, corpus);
        }
        printf("1..%u\n", run.done);
        return run.failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
