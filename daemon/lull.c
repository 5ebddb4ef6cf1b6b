/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/lull.h"

void lull_look(struct lull *l, instant read_at, instant now) {
        bool another = read_at != INSTANT_UNKNOWN && now - read_at > LULL_SECONDS;
        /* Awake for a minute in the middle of the night: nothing was fetched then either. */
        instant awake = another ? read_at : now;
        if (l->since != INSTANT_UNKNOWN && (awake >= l->until || now < l->until - LULL_FETCH_SECONDS))
                l->since = INSTANT_UNKNOWN;
        if (!another)
                return;
        l->since = l->since == INSTANT_UNKNOWN ? read_at : MIN(l->since, read_at);
        l->until = now + LULL_FETCH_SECONDS;
}

bool slept_since(const struct wakefulness *before, const struct wakefulness *now) {
        if (before->boot != now->boot)
                return now->up < LULL_FETCH_SECONDS;
        return now->asleep - before->asleep >= SLEEP_SECONDS;
}

bool catch_up_holds(struct catch_up *c, bool behind, int64_t given_ns, int64_t now_ns) {
        if (!behind)
                c->since_ns = 0;
        else if (c->since_ns == 0)
                c->since_ns = now_ns;
        return behind && now_ns - MAX(c->since_ns, given_ns) < CATCH_UP_NS;
}
