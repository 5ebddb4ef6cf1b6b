/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The mbox framer: spans lie in the file, in order, and do not depend on how the bytes were cut. */

#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "parsers/mbox.h"

const char fuzz_corpus[] = "mbox";

struct trace {
        int64_t size, last, spans;
        uint64_t sum;
};

static int found(const struct mbox_span *span, void *userdata) {
        struct trace *t = userdata;
        FUZZ_CHECK(span->offset >= t->last && span->body >= span->offset && span->end >= span->body && span->end <= t->size);
        t->last = span->offset;
        t->spans++;
        t->sum = t->sum * 31 + (uint64_t) span->offset;
        t->sum = t->sum * 31 + (uint64_t) span->end;
        t->sum = t->sum * 31 + (uint64_t) span->from_date + span->complete;
        return 0;
}

static int frame(const char *data, size_t size, size_t step, struct trace *t) {
        struct mbox_framer *f;
        int r = mbox_framer_new(0, &f);
        FUZZ_CHECK(r == 0);
        *t = (struct trace){.size = (int64_t) size};
        for (size_t i = 0; i < size && r == 0; i += step)
                r = mbox_framer_feed(f, data + i, size - i < step ? size - i : step, found, t);
        if (r == 0)
                r = mbox_framer_end(f, found, t);
        mbox_framer_free(f);
        return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct trace whole, bytes;
        int a = frame((const char *) data, size, size + 1, &whole), b = frame((const char *) data, size, 1, &bytes);
        FUZZ_CHECK(a == b && whole.spans == bytes.spans && whole.sum == bytes.sum);

        char *copy = malloc(size + 1);
        FUZZ_CHECK(copy);
        if (size > 0)
                memcpy(copy, data, size);
        FUZZ_CHECK(mbox_unquote(copy, size) <= size);
        free(copy);
        return 0;
}
