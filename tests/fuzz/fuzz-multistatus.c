/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Bodies of WebDAV servers. The first byte chooses the size of the pieces: how a body is cut must not change what is read. */

#include "parsers/dav_url.h"
#include "parsers/multistatus.h"
#include "parsers/utf8.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_corpus[] = "multistatus";

struct sum {
        uint32_t n;
        size_t bytes;
};

static void check(const char *s) {
        FUZZ_CHECK(!s || (strlen(s) <= MULTISTATUS_TEXT_MAX && utf8_clean(s, strlen(s))));
}

static void check_address(const char *href) {
        _cleanup_arena_ struct arena *arena = NULL;
        struct dav_url base, u, again;
        FUZZ_CHECK(arena_new(0, &arena) == 0);
        FUZZ_CHECK(dav_url_parse("https://dav.example/home/", arena, &base) == 0);
        if (dav_url_resolve(&base, href, arena, &u) < 0)
                return;
        /* What goes into a request is printable, and its form is final. */
        for (const char *p = u.path; *p; p++)
                FUZZ_CHECK(*p > 0x20 && *p < 0x7f);
        FUZZ_CHECK(u.path[0] == '/');
        if (strlen(u.path) <= DAV_URL_MAX) {
                FUZZ_CHECK(strncmp(u.path, "//", 2) == 0 || dav_url_resolve(&base, u.path, arena, &again) == 0);
                FUZZ_CHECK(strncmp(u.path, "//", 2) == 0 || strcmp(again.path, u.path) == 0);
        }
        const char *name;
        if (dav_path_inside("/home/", u.path, &name))
                FUZZ_CHECK(*name);
}

static int found(const struct dav_response *r, void *userdata) {
        struct sum *s = userdata;
        s->n++;
        s->bytes += r->size + strlen(r->href);
        check(r->href);
        check(r->display_name);
        check(r->etag);
        check(r->ctag);
        check(r->sync_token);
        check(r->content_type);
        check(r->principal);
        FUZZ_CHECK(r->n_homes <= MULTISTATUS_HOMES_MAX);
        for (uint32_t i = 0; i < r->n_homes; i++)
                check(r->homes[i]);
        check(r->inbox);
        FUZZ_CHECK(r->status == 0 || (r->status >= 100 && r->status < 600));
        FUZZ_CHECK(!r->data || r->data[r->size] == 0);
        check_address(r->href);
        return 0;
}

static int read_in(const uint8_t *data, size_t size, size_t piece, struct sum *s) {
        _cleanup_(multistatus_freep) struct multistatus *m = NULL;
        struct multistatus_result result;
        FUZZ_CHECK(multistatus_new(found, s, &m) == 0);
        int e = 0;
        for (size_t at = 0; at < size && e == 0; at += piece)
                e = multistatus_feed(m, data + at, MIN(piece, size - at));
        if (e == 0)
                e = multistatus_end(m, &result);
        FUZZ_CHECK(e == 0 || e == -EBADMSG || e == -EMSGSIZE);
        if (e == 0)
                check(result.sync_token);
        return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        if (size == 0)
                return 0;
        struct sum a = {0}, b = {0};
        int x = read_in(data + 1, size - 1, (size_t) data[0] + 1, &a), y = read_in(data + 1, size - 1, SIZE_MAX / 2, &b);
        FUZZ_CHECK(x != 0 || y != 0 || (a.n == b.n && a.bytes == b.bytes));
        return 0;
}
