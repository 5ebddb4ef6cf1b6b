/* SPDX-License-Identifier: GPL-3.0-or-later */

/* One message: whatever the bytes, an observation comes out that can be encoded, decoded again, and holds clean text. */

#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "parsers/message.h"
#include "parsers/text.h"

const char fuzz_corpus[] = "message";

static struct message_options options;

static void prepare(void) {
        struct zone_table *zones;
        struct charset_set *charsets;
        struct phrase_index *phrases;
        if (options.zones)
                return;
        FUZZ_CHECK(zone_table_new(&zones) == 0 && charset_open(&charsets) == 0 && phrase_index_new(&phrases) == 0);
        options =
                (struct message_options){.zones = zones, .charsets = charsets, .phrases = phrases, .want_quoted_text = true};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct observation o = {.kind = OBSERVATION_MESSAGE, .seen_at = INSTANT_UNKNOWN, .internal_date = INSTANT_UNKNOWN},
                           again;
        struct arena *arena, *second;
        struct buf encoded = {0};

        prepare();
        char *padded = calloc(1, size + MESSAGE_PADDING);
        FUZZ_CHECK(padded);
        if (size > 0)
                memcpy(padded, data, size);
        FUZZ_CHECK(arena_new(0, &arena) == 0 && arena_new(0, &second) == 0);
        FUZZ_CHECK(message_parse(padded, size, &options, arena, &o.message) == 0);
        FUZZ_CHECK(observation_encode(&o, true, &encoded) == 0);
        FUZZ_CHECK(observation_decode(encoded.data, encoded.size, second, &again) == 0);
        FUZZ_CHECK(again.message.parts.n == o.message.parts.n);
        buf_free(&encoded);
        arena_free(arena);
        arena_free(second);
        free(padded);
        return 0;
}
