/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The decoder that stands between the core and a parse role that may have been taken over. What it accepts must
 * encode to the same bytes again, unless an older version wrote it. */

#include "parsers/limits.h"
#include "parsers/observation.h"
#include "parsers/utf8.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_corpus[] = "observation";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_arena_ struct arena *arena = NULL;
        _cleanup_buf_ struct buf again = {};
        struct observation o;

        if (arena_new(64U * 1024 * 1024, &arena) < 0)
                return 0;
        int r = observation_decode(data, size, arena, &o);
        FUZZ_CHECK(r == 0 || r == -EBADMSG || r == -ENOMEM);
        if (r < 0)
                return 0;
        FUZZ_CHECK(observation_encode(&o, true, &again) == 0);
        FUZZ_CHECK(data[0] < (uint8_t) again.data[0] || (again.size == size && memcmp(again.data, data, size) == 0));
        if (o.kind == OBSERVATION_MESSAGE) {
                FUZZ_CHECK(message_key(&o.message) != 0);
                FUZZ_CHECK(!o.message.text || utf8_clean(o.message.text, strlen(o.message.text)));
        }
        uint8_t digest[OBSERVATION_DIGEST_SIZE];
        FUZZ_CHECK(observation_digest(&o, digest) == 0);
        return 0;
}
