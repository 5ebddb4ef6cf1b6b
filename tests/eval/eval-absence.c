/* SPDX-License-Identifier: GPL-3.0-or-later */

/* eval-absence FILE...: how many replies of tests/absence/ (or files in their format) are read to the day. -v shows the others. */

#include <stdio.h>
#include <string.h>

#include "parsers/civil.h"
#include "parsers/text.h"

#define LINE_MAX_BYTES 8192

static const char *show(const struct moment *m, char *out, size_t size) {
        struct civil c = civil_from_seconds(m->at);
        snprintf(out, size, "%04d-%02d-%02d", (int) c.year, c.month, c.day);
        return m->form == MOMENT_DATE ? out : "-";
}

/* "\n" becomes a line end. */
static void unescape(char *s) {
        char *out = s;
        for (; *s; s++) {
                bool escaped = *s == '\\' && s[1] == 'n';
                *out++ = escaped ? '\n' : *s;
                s += escaped;
        }
        *out = 0;
}

static int eval_file(const char *path, bool verbose) {
        static char line[LINE_MAX_BYTES];
        unsigned n = 0, right = 0;
        FILE *f = fopen(path, "re");
        if (!f) {
                perror(path);
                return 1;
        }
        while (fgets(line, sizeof(line), f)) {
                char *columns[5] = {NULL}, *rest = line, from_text[16], until_text[16];
                struct moment from, until;
                struct civil c;
                int32_t offset;
                if (*line == '#' || *line == '\n')
                        continue;
                line[strcspn(line, "\n")] = 0;
                for (int i = 0; i < 5 && rest; i++)
                        columns[i] = i < 4 ? strsep(&rest, "\t") : rest;
                if (!columns[4] || civil_parse(columns[1], &c, &offset, NULL) < 0) {
                        fprintf(stderr, "%s: not five columns: %s\n", path, line);
                        fclose(f);
                        return 1;
                }
                unescape(columns[4]);
                text_absence(columns[4], civil_seconds(&c) + 36000, &from, &until);
                const char *got_from = show(&from, from_text, sizeof(from_text)),
                           *got_until = show(&until, until_text, sizeof(until_text));
                bool ok = strcmp(got_from, columns[2]) == 0 && strcmp(got_until, columns[3]) == 0;
                n++;
                right += ok;
                if (verbose && !ok)
                        printf("%s %s: %s..%s, not %s..%s: %s\n", columns[0], columns[1], got_from, got_until, columns[2],
                               columns[3], columns[4]);
        }
        fclose(f);
        printf("absence dates, %s: %u of %u replies to the day (%.1f %%)\n", path, right, n, n > 0 ? 100.0 * right / n : 0);
        return 0;
}

int main(int argc, char **argv) {
        bool verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
        int r = 0;
        for (int i = verbose ? 2 : 1; i < argc; i++)
                r |= eval_file(argv[i], verbose);
        return r;
}
