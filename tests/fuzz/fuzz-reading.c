/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Reading words: language, requests (the model too), dates of an absence, base subject. The first line is the subject. Whatever is
 * quoted as the reason stands in the text, and days are days. */

#include <string.h>

#include "parsers/limits.h"
#include "parsers/text.h"
#include "parsers/utf8.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_corpus[] = "reading";

static struct phrase_index *phrases;

static void check_clean(const char *s) {
        FUZZ_CHECK(!s || utf8_clean(s, strlen(s)));
}

static void check_reading(const char *text, const char *subject, const char *language, struct arena *arena) {
        struct text_reading reading = {0};
        FUZZ_CHECK(text_read(phrases, text, subject, language, arena, &reading) == 0);
        FUZZ_CHECK(reading.words <= strlen(text) && reading.questions <= strlen(text) + 1);
        FUZZ_CHECK(!(reading.flags & MESSAGE_REQUEST) || reading.request_because);
        check_clean(reading.request_because);
        check_clean(reading.cancellation_because);
}

static void check_moment(const struct moment *m) {
        FUZZ_CHECK(m->form == MOMENT_NONE ? m->at == 0 : m->form == MOMENT_DATE && m->at % 86400 == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const char *const languages[] = {NULL, "fr", "en", "de", "nl", "es", "it"};
        _cleanup_arena_ struct arena *arena = NULL;
        struct moment from, until;
        const char *base = NULL;
        bool reply, forward;

        if (!phrases)
                FUZZ_CHECK(phrase_index_new(&phrases) == 0);
        FUZZ_CHECK(arena_new(0, &arena) == 0);
        char *copy = arena_alloc(arena, size + 1);
        FUZZ_CHECK(copy);
        if (size > 0)
                memcpy(copy, data, size);
        (void) utf8_clean_in_place(copy, size);
        char *text = strchr(copy, '\n'), *subject = copy;
        if (text)
                *text++ = 0;
        else
                text = copy + strlen(copy);
        if (strlen(subject) > SUBJECT_MAX)
                subject[utf8_boundary(subject, SUBJECT_MAX)] = 0;

        const char *language = text_language(NULL, text);
        bool known = false;
        for (size_t i = 0; i < ELEMENTSOF(languages); i++)
                known |= language == languages[i] || str_eq(language, languages[i]);
        FUZZ_CHECK(known);
        check_reading(text, subject, language, arena);
        check_reading(text, NULL, languages[size % ELEMENTSOF(languages)], arena);
        text_absence(text, 1785657600, &from, &until);
        check_moment(&from);
        check_moment(&until);
        FUZZ_CHECK(from.form == MOMENT_NONE || until.form == MOMENT_NONE || from.at <= until.at);
        FUZZ_CHECK(subject_base(subject, arena, &base, &reply, &forward) == 0);
        check_clean(base);
        return 0;
}
