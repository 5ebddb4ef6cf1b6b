/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Encoded words, parameters and charsets. The first line is a charset label, the rest the bytes: they are decoded as a text with
 * that label, as a header field, as the parameters of one, and as addresses. */

#include <string.h>

#include "parsers/address.h"
#include "parsers/header.h"
#include "parsers/limits.h"
#include "parsers/mime.h"
#include "parsers/text.h"
#include "parsers/utf8.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_corpus[] = "words";

#define LIMIT 400U

static struct charset_set *charsets;

static void check_string(const char *s, size_t max) {
        FUZZ_CHECK(!s || (strlen(s) <= max && utf8_clean(s, strlen(s))));
}

static void check_parameters(const struct field *f) {
        static const char *const names[] = {"name", "filename", "charset", "boundary"};
        char value[LIMIT], label[MIME_LABEL_MAX + 1], type[MEDIA_TYPE_MAX + 1];
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (mime_parameter(f, names[i], value, sizeof(value), label))
                        FUZZ_CHECK(strlen(value) < sizeof(value) && !strpbrk(value, "\r\n"));
        mime_media_type(f, type);
        FUZZ_CHECK(strchr(type, '/'));
        (void) mime_disposition_is(f, "attachment");
}

static void check_addresses(const char *s, size_t n, struct arena *arena) {
        struct address_list list = {0};
        bool truncated = false;
        char *padded = arena_alloc(arena, n + ADDRESS_PADDING);
        FUZZ_CHECK(padded);
        memcpy(padded, s, n);
        FUZZ_CHECK(address_list_parse(charsets, padded, n, ADDRESSES_MAX, arena, &list, &truncated) == 0);
        FUZZ_CHECK(list.n <= ADDRESSES_MAX);
        for (uint32_t i = 0; i < list.n; i++) {
                FUZZ_CHECK(list.items[i].email);
                check_string(list.items[i].email, ADDRESS_MAX);
                check_string(list.items[i].name, NAME_MAX_BYTES);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_arena_ struct arena *arena = NULL;
        bool truncated = false;
        const char *decoded = NULL;
        char label[MIME_LABEL_MAX + 1] = "", *text = NULL;
        const char *s = (const char *) data, *nl = size > 0 ? memchr(data, '\n', size) : NULL;

        if (!charsets)
                FUZZ_CHECK(charset_open(&charsets) == 0);
        FUZZ_CHECK(arena_new(0, &arena) == 0);
        if (nl) {
                size_t n = MIN((size_t) (nl - s), (size_t) MIME_LABEL_MAX);
                memcpy(label, s, n);
                size -= (size_t) (nl + 1 - s);
                s = nl + 1;
        }
        if (size == 0)
                return 0;
        FUZZ_CHECK(charset_decode(charsets, label, s, size, TEXT_PART_MAX, arena, &text, &truncated) == 0);
        check_string(text, TEXT_PART_MAX);

        char *unfolded = arena_alloc(arena, FIELD_BODY_MAX);
        FUZZ_CHECK(unfolded);
        struct field f = {"Subject", 7, s, size};
        size_t n = header_unfold(&f, unfolded, FIELD_BODY_MAX, &truncated);
        FUZZ_CHECK(header_decode(charsets, unfolded, n, LIMIT, arena, &decoded, &truncated) == 0);
        check_string(decoded, LIMIT);
        FUZZ_CHECK(!strpbrk(decoded, "\r\n"));
        check_parameters(&f);
        check_addresses(unfolded, n, arena);
        return 0;
}
