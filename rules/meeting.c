/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/meeting.h"

struct meetings {
        instant now;
};

int meetings_new(const struct settings *settings, struct people *people, instant now, struct meetings **ret) {
        (void) settings;
        (void) people;
        struct meetings *m = calloc(1, sizeof(*m));
        if (!m)
                return -ENOMEM;
        m->now = now;
        *ret = m;
        return 0;
}
struct meetings *meetings_free(struct meetings *m) {
        free(m);
        return NULL;
}
int meetings_add(struct meetings *m, const struct stored_observation *so) {
        (void) m;
        (void) so;
        return 0;
}
int meetings_end(struct meetings *m) {
        (void) m;
        return 0;
}
size_t meetings_size(const struct meetings *m) {
        (void) m;
        return 0;
}
void meetings_fact(const struct meetings *m, size_t i, struct fact *ret) {
        (void) m;
        (void) i;
        *ret = (struct fact){};
}
instant meetings_at(const struct meetings *m, size_t i) {
        (void) m;
        (void) i;
        return INSTANT_MAX;
}
uint64_t meetings_key(const struct meetings *m, size_t i) {
        (void) m;
        (void) i;
        return 0;
}
