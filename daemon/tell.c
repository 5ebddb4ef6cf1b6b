/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/tell.h"

#include "daemon/log.h"

static int tell_once(struct context *c, enum outlet outlet, const char *id, bool *news) {
        int r = store_told(c->store, id, outlet);
        if (r != 0)
                return r;
        *news = true;
        return store_tell(c->store, id, outlet, clock_now(&c->clock));
}

/* Has any breach of this alert never been told, or is it time to repeat it? Marks all told. */
static int alert_news(struct context *c, enum outlet outlet, const struct alert *a, bool *ret) {
        bool news = false;
        int r = 0;
        for (size_t i = 0; i < a->n_evidence && r >= 0; i++)
                r = tell_once(c, outlet, a->evidence[i].breach, &news);
        if (r >= 0 && *a->repeat)
                r = tell_once(c, outlet, a->repeat, &news);
        *ret = news;
        return MIN(r, 0);
}

static int failed(struct context *c, int error) {
        store_rollback(c->store);
        return judge_failed(c, error, "cannot keep what was told");
}

int tell_news(struct context *c, const struct judgement *j, enum outlet outlet, const struct teller *teller,
              size_t *ret_news) {
        size_t n = 0;
        int r = store_begin(c->store);
        if (r < 0)
                return failed(c, r);
        for (size_t i = 0; i < j->n_alerts; i++) {
                const struct alert *a = &j->alerts[i];
                bool news = false;
                /* What is folded into a stronger alert stays untold: it is news again if that one ends first. */
                if (a->mode == MODE_WATCH || a->inhibited_by)
                        continue;
                r = alert_news(c, outlet, a, &news);
                if (r < 0)
                        return failed(c, r);
                /* What is long over is no news on a first pass: `alerts --all` has it. */
                if (!news || a->state != ALERT_OPEN)
                        continue;
                r = teller->alert(c, a, n, teller->userdata);
                if (r < 0) {
                        store_rollback(c->store);
                        return r;
                }
                n++;
        }
        r = teller->flush(teller->userdata);
        if (r < 0) {
                store_rollback(c->store);
                return r;
        }
        r = store_commit(c->store);
        if (r < 0)
                return failed(c, r);
        *ret_news = n;
        return 0;
}
