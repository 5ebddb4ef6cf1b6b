/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/refusal.h"

#include <stdio.h>
#include <sys/stat.h>

#include "daemon/clock.h"
#include "daemon/store_hash.h"
#include "daemon/store_outbox.h"

/* A time further off was written under another clock: longer than anybody waits. */
#define WAIT_MAX_SECONDS (INT64_C(2) * 86400)

enum { NAME_SIZE = 48 };

static const char *moment_name(const char *what, int64_t source, char name[static NAME_SIZE]) {
        (void) snprintf(name, NAME_SIZE, "refused-%s-%" PRId64, what, source);
        return name;
}

static uint64_t add_text(uint64_t h, const char *text) {
        return store_hash(h, text ? text : "", text ? strlen(text) + 1 : 1);
}

/* A credential is a file that every start of a unit makes anew, so that its times would say nothing. */
static uint64_t add_file(uint64_t h, const struct secret_spec *spec) {
        struct stat st;
        if (spec->kind != SECRET_FILE || !spec->file || stat(spec->file, &st) < 0)
                return h;
        const int64_t v[] = {(int64_t) st.st_ino, st.st_size, (int64_t) st.st_mtim.tv_sec, (int64_t) st.st_mtim.tv_nsec};
        return store_hash(h, v, sizeof(v));
}

/* What another try would be made with, as far as it can be told without the secret. */
static int64_t number_of(const struct remote *r) {
        const int64_t v[] = {r->auth, r->tls, r->password.kind};
        uint64_t h = store_hash(STORE_HASH_SEED, v, sizeof(v));
        h = add_text(add_text(add_text(add_text(h, r->url), r->user), r->password.name), r->password.file);
        for (const char *const *word = r->password.command; word && *word; word++)
                h = add_text(h, *word);
        return (int64_t) (add_file(h, &r->password) >> 1);
}

static instant wall_clock(void) {
        return clock_now(&(struct clock){.fixed = false});
}

int refusal_keep(struct store *s, int64_t source, const struct remote *r, int64_t seconds) {
        char name[NAME_SIZE];
        int e = store_keep_moment(s, moment_name("as", source, name), number_of(r));
        return e < 0 ? e : store_keep_moment(s, moment_name("until", source, name), wall_clock() + seconds);
}

int refusal_forget(struct store *s, int64_t source) {
        char name[NAME_SIZE];
        instant until = INSTANT_UNKNOWN;
        int e = store_moment(s, moment_name("until", source, name), &until);
        return e <= 0 || until == INSTANT_UNKNOWN ? MIN(e, 0) : store_keep_moment(s, name, INSTANT_UNKNOWN);
}

int refusal_waits(struct store *s, int64_t source, const struct remote *r, instant *ret) {
        char name[NAME_SIZE];
        instant until = INSTANT_UNKNOWN, number = 0, now = wall_clock();
        int e = store_moment(s, moment_name("until", source, name), &until);
        if (e <= 0 || until == INSTANT_UNKNOWN || until <= now || until - now > WAIT_MAX_SECONDS)
                return MIN(e, 0);
        e = store_moment(s, moment_name("as", source, name), &number);
        if (e <= 0 || number != number_of(r))
                return MIN(e, 0);
        *ret = until;
        return 1;
}
