/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/text.h"

/* Programmers send each other patches. They ask nothing, and reading them word by word would take longer than all the rest of the mail. */

static bool starts(const char *s, const char *prefix) {
        return strncmp(s, prefix, strlen(prefix)) == 0;
}

static const char *line_end(const char *s) {
        const char *end = strchr(s, '\n');
        return end ? end + 1 : s + strlen(s);
}

/* The first line of a patch: of a file, or of a part of one that was cut out by hand. */
static bool diff_begins(const char *s) {
        return starts(s, "diff --git ") || starts(s, "@@ -") || (starts(s, "--- ") && starts(line_end(s), "+++ "));
}

/* "- " begins the items of people's lists as well. */
static bool diff_line(const char *s) {
        return *s == ' ' || *s == '+' || *s == '@' || *s == '\\' || (*s == '-' && s[1] != ' ');
}

static bool diff_goes_on(const char *s) {
        static const char *const heads[] = {
                "index ",  "new file mode ", "deleted file mode ", "old mode ", "new mode ", "similarity index ",
                "rename ", "copy ",          "Binary files ",      "Index: ",   "====="};
        if (*s == '-' || diff_line(s) || diff_begins(s))
                return true;
        for (size_t i = 0; i < ELEMENTSOF(heads); i++)
                if (starts(s, heads[i]))
                        return true;
        /* Blanks at the ends of lines get lost on the way: an empty line is one of the patch when another follows. */
        return *s == '\n' && (diff_line(s + 1) || diff_begins(s + 1));
}

int text_prose(const char *text, struct arena *arena, const char **ret) {
        if (!starts(text, "diff --git ") && !starts(text, "@@ -") && !strstr(text, "\ndiff --git ") &&
            !strstr(text, "\n@@ -") && !strstr(text, "\n+++ ")) {
                *ret = text;
                return 0;
        }
        char *out = arena_alloc(arena, strlen(text) + 1), *p = out;
        if (!out)
                return -ENOMEM;
        bool diff = false;
        for (const char *s = text, *end; *s; s = end) {
                end = line_end(s);
                diff = diff ? diff_goes_on(s) : diff_begins(s);
                if (diff)
                        continue;
                memcpy(p, s, (size_t) (end - s));
                p += end - s;
        }
        *p = 0;
        *ret = out;
        return 0;
}
