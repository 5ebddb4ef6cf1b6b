/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What a command may show that reads nothing itself: no more than the service, or a scan, would tell. */

#include <stdio.h>

#include "daemon/judgement.h"
#include "daemon/log.h"
#include "daemon/lull.h"
#include "daemon/output.h"
#include "daemon/store_outbox.h"

const char *moment_of_part(int64_t source, char name[static MOMENT_NAME_SIZE]) {
        (void) snprintf(name, MOMENT_NAME_SIZE, "partial-%" PRId64, source);
        return name;
}

struct looking {
        struct context *c;
        instant now, judged;
        struct part {
                int64_t id;
                const struct source_spec *spec;
                instant read_at, tried_at;
        } * parts; /* owned */
        size_t n;
};

/* Only gathered: the store is asked more when its walk is over. */
static int on_source(const struct store_source_status *st, void *userdata) {
        struct looking *l = userdata;
        const struct source_spec *spec = source_configured(l->c->settings, st);
        if (spec && st->observed && l->n < l->c->settings->n_sources)
                l->parts[l->n++] = (struct part){st->id, spec, st->read_at, st->tried_at};
        return 0;
}

/* Something came after the last pass had come to its end: one is at work, or ended badly. Who was read a moment ago is only being looked at again. */
static int is_at_work(const struct looking *l, const struct part *p) {
        instant seen = INSTANT_UNKNOWN;
        if (p->read_at != INSTANT_UNKNOWN && l->now - p->read_at <= BEHIND_SECONDS)
                return 0;
        int r = store_newest_seen(l->c->store, p->id, &seen);
        return r <= 0 ? r : seen > MAX(p->tried_at, l->judged) && l->now - seen < FIRST_READING_SECONDS;
}

static int is_partial(const struct looking *l, const struct part *p) {
        char name[MOMENT_NAME_SIZE];
        instant kept = INSTANT_UNKNOWN;
        int r = store_moment(l->c->store, moment_of_part(p->id, name), &kept);
        if (r < 0)
                return r;
        /* Nobody may ever read it again. */
        if (kept != INSTANT_UNKNOWN && l->now - kept < FIRST_READING_SECONDS)
                return 1;
        return is_at_work(l, p);
}

int judge_read_in_part(struct context *c, char **ret) {
        struct looking l = {.c = c, .now = clock_now(&c->clock), .judged = INSTANT_UNKNOWN};
        _cleanup_free_ struct part *parts = l.parts = calloc(c->settings->n_sources + 1, sizeof(*parts));
        _cleanup_buf_ struct buf names = {};
        int r = parts ? store_moment(c->store, MOMENT_JUDGED, &l.judged) : -ENOMEM;
        if (r >= 0)
                r = store_sources(c->store, on_source, &l);
        for (size_t i = 0; i < l.n && r >= 0; i++) {
                r = is_partial(&l, &parts[i]);
                if (r > 0)
                        r = buf_printf(&names, "%s%s", names.size > 0 ? ", " : "", parts[i].spec->name);
        }
        if (r < 0)
                return judge_failed(c, r, "cannot tell how far the sources were read");
        *ret = names.size > 0 ? buf_take(&names) : NULL;
        return 0;
}

/* Is there something in it that was never told? What is only recorded is told by no pass. */
static int is_news(struct context *c, const struct alert *a) {
        int told = 1;
        for (size_t i = 0; i < a->n_evidence && told > 0; i++)
                told = store_told(c->store, a->evidence[i].breach, OUTLET_LINES);
        return told < 0 ? told : told == 0;
}

static int hold_back(struct context *c, struct judgement *j) {
        int r = 0;
        size_t n = 0;
        j->shown = calloc(j->n_alerts + 1, sizeof(*j->shown));
        if (!j->shown)
                return -ENOMEM;
        for (size_t i = 0; i < j->n_alerts && r >= 0; i++) {
                r = is_news(c, &j->alerts[i]);
                if (r == 0)
                        j->shown[n++] = j->alerts[i];
        }
        j->n_held = j->n_alerts - n;
        j->alerts = j->shown;
        j->n_alerts = n;
        return MIN(r, 0);
}

int judge_shown(struct context *c, struct judgement *ret) {
        struct judgement j = {};
        int r = judge(c, &j);
        if (r < 0)
                return r;
        r = judge_read_in_part(c, &j.held_by);
        if (r >= 0 && j.held_by && (r = hold_back(c, &j)) < 0)
                (void) judge_failed(c, r, "cannot tell what is to be held back");
        if (r < 0) {
                judgement_free(&j);
                return r;
        }
        *ret = j;
        return 0;
}

static void tell_overdue(size_t n) {
        fprintf(stderr, "%zu %s overdue but wait%s: ", n, n == 1 ? "answer is" : "answers are", n == 1 ? "s" : "");
}

static void tell_waiting(const struct context *c, const struct judgement *j) {
        const struct waiting *waiting;
        size_t all = evaluation_waiting(j->evaluation, &waiting), unread = 0;
        const struct owner *owner = &c->settings->owner;
        char since[64], until[64];
        for (size_t i = 0; i < all; i++)
                unread += waiting[i].unread;
        if (all > unread) {
                tell_overdue(all - unread);
                if (j->lull_since == INSTANT_UNKNOWN)
                        fputs("a source was not read since (adieu status)\n", stderr);
                else
                        fprintf(stderr, "nobody looked since %s, and what came after may not have been fetched before %s\n",
                                time_human(j->lull_since, owner->zone, owner->language, since, sizeof(since)),
                                time_human(j->lull_until, owner->zone, owner->language, until, sizeof(until)));
        }
        if (unread > 0) {
                tell_overdue(unread);
                fputs("a message came that could not be read, and may be what is missing (adieu status)\n", stderr);
        }
}

void judgement_tell_held(const struct context *c, const struct judgement *j) {
        if (j->n_held > 0)
                fprintf(stderr,
                        "%zu alert%s held back: of %s only a part was read, and what speaks for a client may be in the "
                        "rest\n",
                        j->n_held, j->n_held == 1 ? " is" : "s are", j->held_by);
        tell_waiting(c, j);
}
