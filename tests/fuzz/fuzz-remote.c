/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Addresses of accounts: what is taken is clean, says the same when it is read again, and holds no password; what is refused is told. */

#include "parsers/utf8.h"
#include "rules/remote.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_corpus[] = "remote";

static void check_clean(const char *s) {
        FUZZ_CHECK(!s || (utf8_clean(s, strlen(s)) && !strpbrk(s, "\n\t")));
}

static void check_remote(const struct remote *r) {
        check_clean(r->user);
        check_clean(r->host);
        check_clean(r->url);
        FUZZ_CHECK(r->host && r->host[0] && r->path && r->url && r->port > 0);
        FUZZ_CHECK(!strpbrk(r->host, " @/[]") && !strpbrk(r->url, " \"<>") && !strchr(r->url, '@') == !strchr(r->path, '@'));
        FUZZ_CHECK(!strpbrk(r->path, " \"<>#"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        if (size < 1)
                return 0;
        _cleanup_arena_ struct arena *arena = NULL;
        FUZZ_CHECK(arena_new(0, &arena) == 0);
        const char *url = arena_strndup(arena, (const char *) data + 1, strnlen((const char *) data + 1, size - 1));
        enum remote_use use = (enum remote_use)(data[0] % _REMOTE_FOR_MAX);
        struct remote r = {0}, again = {0};
        struct remote_fault fault = {0};
        const char *pin;
        int e = remote_parse(arena, use, url, &r, &fault);
        FUZZ_CHECK(e == 0 || (e == -EINVAL && fault.code && fault.text));
        FUZZ_CHECK(e == 0 || !r.host);
        (void) remote_is_url(url);
        e = e < 0 ? e : 1;
        if (e == 1) {
                check_remote(&r);
                FUZZ_CHECK(remote_parse(arena, use, r.url, &again, &fault) == 0);
                FUZZ_CHECK(str_eq(r.url, again.url) && str_eq(r.host, again.host) && str_eq(r.path, again.path) &&
                           r.port == again.port);
                FUZZ_CHECK(r.tls == again.tls && !again.user);
        }
        if (remote_fingerprint(arena, url, &pin) == 0)
                FUZZ_CHECK(strlen(pin) == 71 && strspn(pin + 7, "0123456789abcdef") == 64);
        return 0;
}
