/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What is newly written: HTML to text, flowed lines, quotations taken away. Every result is clean, nothing comes from nowhere, and what was
 * taken for new text stays new when it is read again. The first byte chooses: 'h' HTML, 'f' flowed, 'd' flowed with DelSp, else plain. */

#include <string.h>

#include "parsers/limits.h"
#include "parsers/text.h"
#include "parsers/utf8.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_corpus[] = "text";

static void check_clean(const char *s) {
        FUZZ_CHECK(utf8_clean(s, strlen(s)));
}

/* Words (not the marks of quotations, which unflowing may write) in a text. */
static size_t letters(const char *s) {
        size_t n = 0;
        for (; *s; s++)
                n += (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9');
        return n;
}

static void check_split(const char *text, struct arena *arena) {
        const char *new_text = NULL, *quoted = NULL;
        bool forward;
        FUZZ_CHECK(text_split_new(text, arena, &new_text, &quoted, &forward) == 0);
        if (new_text)
                check_clean(new_text);
        if (quoted)
                check_clean(quoted);
        FUZZ_CHECK((new_text ? letters(new_text) : 0) + (quoted ? letters(quoted) : 0) <= letters(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_arena_ struct arena *arena = NULL;
        bool cut = false;
        FUZZ_CHECK(arena_new(0, &arena) == 0);
        if (size == 0)
                return 0;
        char kind = (char) data[0], *text = arena_strndup(arena, (const char *) data + 1, size - 1);
        FUZZ_CHECK(text);
        if (kind == 'h')
                FUZZ_CHECK(html_to_text((const char *) data + 1, size - 1, TEXT_PART_MAX, arena, &text, &cut) == 0);
        else {
                size_t n = size - 1;
                char *copy = arena_alloc(arena, n + 1);
                FUZZ_CHECK(copy);
                memcpy(copy, data + 1, n);
                (void) utf8_clean_in_place(copy, n);
                text = copy;
                if (kind == 'f' || kind == 'd')
                        FUZZ_CHECK(text_unflow(text, kind == 'd', arena, &text) == 0);
                else {
                        char *dropped = arena_alloc(arena, strlen(text) + 1);
                        FUZZ_CHECK(dropped);
                        text_drop_link_targets(text, dropped);
                        check_clean(dropped);
                }
        }
        check_clean(text);
        check_split(text, arena);
        return 0;
}
