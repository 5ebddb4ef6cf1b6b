/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/judgement.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/accounts.h"
#include "daemon/ending.h"
#include "daemon/log.h"
#include "daemon/lull.h"
#include "daemon/output.h"
#include "daemon/reader.h"
#include "daemon/source.h"
#include "daemon/store_outbox.h"

static bool is_source(const struct source_spec *spec, const struct store_source_status *st) {
        return strcmp(source_kind_name(spec->kind), st->kind) == 0 && strcmp(spec->location, st->location) == 0;
}

const struct source_spec *source_configured(const struct settings *settings, const struct store_source_status *st) {
        for (size_t i = 0; i < settings->n_sources; i++)
                if (is_source(&settings->sources[i], st))
                        return &settings->sources[i];
        return NULL;
}

bool source_is_configured(const struct settings *settings, const struct store_source_status *st) {
        return source_configured(settings, st);
}

static bool is_calendar(enum source_kind kind) {
        return kind == SOURCE_CALENDAR || kind == SOURCE_CALDAV;
}

bool source_is_mailbox(const struct source_spec *spec) {
        return !is_calendar(spec->kind);
}

/* When one configured source was read whole last; INSTANT_UNKNOWN: never. */
struct reading {
        const struct settings *settings;
        instant *read_at; /* one for each */
};

static int note_reading(const struct store_source_status *st, void *userdata) {
        struct reading *reading = userdata;
        for (size_t i = 0; i < reading->settings->n_sources; i++)
                if (is_source(&reading->settings->sources[i], st))
                        reading->read_at[i] = st->read_at;
        return 0;
}

static int read_times(struct context *c, instant **ret) {
        const struct settings *settings = c->settings;
        struct reading reading = {.settings = settings, .read_at = calloc(settings->n_sources + 1, sizeof(instant))};
        if (!reading.read_at)
                return -ENOMEM;
        for (size_t i = 0; i < settings->n_sources; i++)
                reading.read_at[i] = INSTANT_UNKNOWN;
        int r = store_sources(c->store, note_reading, &reading);
        if (r < 0)
                free(reading.read_at);
        else
                *ret = reading.read_at;
        return r;
}

static bool is_filled_by_others(enum source_kind kind) {
        return kind == SOURCE_MAILDIR || kind == SOURCE_MBOX;
}

/* When its service starts again, for an update or by itself, the mailboxes have been read a moment ago, and are no fuller for that. */
#define MOMENT_LULL_SINCE "lull-since"
#define MOMENT_LULL_UNTIL "lull-until"

static int recall_lull(struct context *c, struct lull *l) {
        int r = store_moment(c->store, MOMENT_LULL_SINCE, &l->since);
        if (r >= 0)
                r = store_moment(c->store, MOMENT_LULL_UNTIL, &l->until);
        l->recalled = r >= 0;
        return MIN(r, 0);
}

static int keep_lull(struct context *c, const struct lull *l) {
        int r = store_keep_moment(c->store, MOMENT_LULL_SINCE, l->since);
        return r < 0 ? r : store_keep_moment(c->store, MOMENT_LULL_UNTIL, l->until);
}

/* What is known of a lull now; read_at: of each source. */
static int look_for_lull(struct context *c, const instant *read_at, struct lull *l) {
        instant oldest = INSTANT_MAX;
        int r = l->recalled ? 0 : recall_lull(c, l);
        for (size_t i = 0; i < c->settings->n_sources; i++)
                if (is_filled_by_others(c->settings->sources[i].kind))
                        oldest = MIN(oldest, read_at[i]);
        if (r >= 0 && oldest != INSTANT_MAX)
                lull_look(l, oldest, clock_now(&c->clock));
        return r;
}

int judge_lull(struct context *c, struct lull *l) {
        _cleanup_free_ instant *read_at = NULL;
        const struct lull before = *l;
        int r = read_times(c, &read_at);
        if (r >= 0)
                r = look_for_lull(c, read_at, l);
        if (r < 0)
                return judge_failed(c, r, "cannot tell how far the sources were read");
        if (l->since != before.since || l->until != before.until)
                r = keep_lull(c, l);
        return r < 0 ? judge_failed(c, r, "cannot keep how far the mailboxes are taken to be filled") : 0;
}

/* --- a lull between two runs */

#define MOMENT_BOOT "scan-boot"
#define MOMENT_ASLEEP "scan-asleep"
#define NS_PER_SEC INT64_C(1000000000)

/* The kernel's own name for this start of the system. Without it (no /proc) each start looks like the same. */
static int64_t boot_number(void) {
        char id[64] = "";
        int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? 0 : read(fd, id, sizeof(id) - 1);
        if (fd >= 0)
                (void) close(fd);
        return n > 0 ? (int64_t) (hash_bytes(id, (size_t) n, 0) >> 1) : 0;
}

/* Did the machine sleep since this was asked last? 1, 0; negative errno. */
static int slept_since_last(struct context *c) {
        const int64_t up = clock_boottime_ns();
        const struct wakefulness now = {boot_number(), (up - clock_monotonic_ns()) / NS_PER_SEC, up / NS_PER_SEC};
        struct wakefulness before = now;
        int boot = store_moment(c->store, MOMENT_BOOT, &before.boot);
        int asleep = boot < 0 ? boot : store_moment(c->store, MOMENT_ASLEEP, &before.asleep);
        int r = MIN(boot, asleep);
        if (r >= 0)
                r = store_keep_moment(c->store, MOMENT_BOOT, now.boot);
        if (r >= 0)
                r = store_keep_moment(c->store, MOMENT_ASLEEP, now.asleep);
        return r < 0 ? r : boot > 0 && asleep > 0 && slept_since(&before, &now);
}

int judge_lull_between(struct context *c) {
        _cleanup_free_ instant *read_at = NULL;
        int r = read_times(c, &read_at), slept = r < 0 ? r : slept_since_last(c);
        instant oldest = INSTANT_MAX, now = clock_now(&c->clock);
        if (slept < 0)
                return judge_failed(c, slept, "cannot tell how far the sources were read");
        for (size_t i = 0; i < c->settings->n_sources; i++)
                if (is_filled_by_others(c->settings->sources[i].kind))
                        oldest = MIN(oldest, read_at[i]);
        if (!slept || oldest == INSTANT_MAX || oldest == INSTANT_UNKNOWN || now - oldest <= LULL_SECONDS)
                return 0;
        /* Not joined to the one before: who looks once a day, on a machine that slept each time, would never be told anything. */
        r = keep_lull(c, &(struct lull){.since = oldest, .until = now + LULL_FETCH_SECONDS});
        return r < 0 ? judge_failed(c, r, "cannot keep how far the mailboxes are taken to be filled") : 0;
}

/* A source of which a part was read. */
struct part {
        int64_t id;
        bool first; /* it is read for the first time; else it was not read whole for a while */
        bool holds;
};

struct partial {
        const struct settings *settings;
        const struct accounts *accounts;
        instant now;
        bool once;          /* there is only this pass */
        struct part *parts; /* owned: one for each source that the store knows of those configured */
        size_t n;
        bool behind;      /* one was not read whole for a while */
        int64_t given_ns; /* of these: since when the newest of them gives what it has */
};

static int on_partial(const struct store_source_status *st, void *userdata) {
        struct partial *p = userdata;
        int64_t since = 0;
        if (!source_is_configured(p->settings, st) || p->n == p->settings->n_sources)
                return 0;
        struct part *part = &p->parts[p->n++];
        *part = (struct part){.id = st->id};
        if (!st->observed || !accounts_is_partial(p->accounts, st->location, &since))
                return 0;
        part->first = st->read_at == INSTANT_UNKNOWN;
        if (part->first)
                return 0;
        instant age = p->now - st->read_at;
        if (age > BEHIND_SECONDS && (!p->once || (since > 0 && age < FIRST_READING_SECONDS))) {
                part->holds = p->behind = true;
                p->given_ns = MAX(p->given_ns, since);
        }
        return 0;
}

static int first_reading_goes_on(struct context *c, const struct partial *p) {
        int r = 0;
        for (size_t i = 0; i < p->n && r >= 0; i++) {
                char name[MOMENT_NAME_SIZE];
                instant since = p->now;
                if (!p->parts[i].first)
                        continue;
                (void) snprintf(name, sizeof(name), "first-pass-%" PRId64, p->parts[i].id);
                r = store_first(c->store, name, &since);
                p->parts[i].holds = p->now - since < FIRST_READING_SECONDS;
        }
        return r;
}

/* What is held back, and why, for commands that show alerts and read nothing themselves. */
static int keep_partial(struct context *c, const struct partial *p) {
        int r = store_keep_moment(c->store, MOMENT_JUDGED, p->now);
        for (size_t i = 0; i < p->n && r >= 0; i++) {
                char name[MOMENT_NAME_SIZE];
                instant kept = INSTANT_UNKNOWN;
                r = store_moment(c->store, moment_of_part(p->parts[i].id, name), &kept);
                if (r >= 0 && (kept != INSTANT_UNKNOWN) != p->parts[i].holds)
                        r = store_keep_moment(c->store, name, p->parts[i].holds ? p->now : INSTANT_UNKNOWN);
        }
        return r;
}

int judge_partial(struct context *c, const struct accounts *accounts, struct catch_up *catch_up, bool *ret) {
        _cleanup_free_ struct part *parts = calloc(c->settings->n_sources + 1, sizeof(*parts));
        struct partial p = {.settings = c->settings,
                            .accounts = accounts,
                            .now = clock_now(&c->clock),
                            .once = !catch_up,
                            .parts = parts};
        bool partial = false;
        int r = parts ? store_sources(c->store, on_partial, &p) : -ENOMEM;
        bool behind = r >= 0 && catch_up ? catch_up_holds(catch_up, p.behind, p.given_ns, clock_monotonic_ns()) : p.behind;
        for (size_t i = 0; r >= 0 && i < p.n; i++)
                parts[i].holds = parts[i].holds && behind;
        if (r >= 0)
                r = first_reading_goes_on(c, &p);
        if (r >= 0)
                r = keep_partial(c, &p);
        if (r < 0)
                return judge_failed(c, r, "cannot tell how far the sources were read");
        for (size_t i = 0; i < p.n; i++)
                partial = partial || parts[i].holds;
        *ret = partial;
        return 0;
}

/* What did not happen can only be judged up to the moment that every configured source was read past, one that was just added included. A source
 * that was moved or given up will not be read any more. */
static int find_read_until(struct context *c, struct judgement *j, instant *ret_mailboxes, instant *ret_calendars) {
        _cleanup_free_ instant *read_at = NULL;
        struct lull lull = {.since = INSTANT_UNKNOWN};
        int r = read_times(c, &read_at);
        if (r >= 0 && !c->lull) /* not the service: what it kept, and what it would find now */
                r = look_for_lull(c, read_at, &lull);
        if (r < 0)
                return r;
        if (c->lull)
                lull = *c->lull;
        instant mailboxes = INSTANT_MAX, calendars = INSTANT_MAX;
        bool filled_by_others = false;
        for (size_t i = 0; i < c->settings->n_sources; i++) {
                enum source_kind kind = c->settings->sources[i].kind;
                instant *oldest = is_calendar(kind) ? &calendars : &mailboxes;
                *oldest = MIN(*oldest, read_at[i]); /* INSTANT_UNKNOWN is the least of all */
                filled_by_others = filled_by_others || is_filled_by_others(kind);
        }
        /* Where a mailbox was not read since anyway, that is the reason to give. */
        j->lull_since =
                filled_by_others && lull.since != INSTANT_UNKNOWN && lull.since < mailboxes ? lull.since : INSTANT_UNKNOWN;
        j->lull_until = lull.until;
        if (j->lull_since != INSTANT_UNKNOWN)
                mailboxes = j->lull_since;
        /* Without a mailbox nothing is known of answers; who has no calendar to read has all there is of them in the mail. */
        *ret_mailboxes = mailboxes == INSTANT_MAX ? INSTANT_UNKNOWN : mailboxes;
        *ret_calendars = calendars;
        return 0;
}

/* How often to see whether the service was told to end: every few milliseconds, at no cost. */
#define FACTS_BETWEEN_LOOKS 4096U

struct counting {
        struct evaluation *evaluation;
        uint64_t facts;
};

static int on_fact(const struct fact *fact, void *userdata) {
        struct counting *c = userdata;
        c->facts++;
        if (c->facts % FACTS_BETWEEN_LOOKS == 0 && ending_asked())
                return -ECANCELED;
        return evaluation_fact(fact, c->evaluation);
}

static int judge_feed(struct context *c, struct judgement *j, instant now) {
        struct observation_feed feed;
        int r = store_feed(c->store, &feed);
        if (r < 0)
                return r;
        struct fold_options options = {.now = now, .texts = ruleset_needs_texts(c->rules)};
        struct counting counting = {.evaluation = j->evaluation};
        if (evaluation_wants_absences(j->evaluation)) {
                struct fold_options bare = {.now = now};
                r = fold(&feed, c->settings, &bare, evaluation_absence, j->evaluation);
        }
        if (r >= 0)
                r = fold(&feed, c->settings, &options, on_fact, &counting);
        store_feed_end(c->store);
        j->facts = counting.facts;
        return r < 0 ? r : evaluation_end(j->evaluation);
}

/* --- what could not be read */

/* Times that are given to the rules; a mailbox with more is not judged by how many there are. */
#define UNREAD_MAX 10000U

struct unread_times {
        const struct settings *settings;
        instant *at; /* owned */
        size_t n;
};

static const struct source_spec *mailbox_named(const struct settings *settings, const char *name) {
        for (size_t i = 0; i < settings->n_sources; i++)
                if (source_is_mailbox(&settings->sources[i]) && strcmp(settings->sources[i].name, name) == 0)
                        return &settings->sources[i];
        return NULL;
}

/* What lies in a calendar answers no question. Where nothing says when it came, it did not come later than it was seen. */
static int on_unread(const char *source, const struct observation *o, void *userdata) {
        struct unread_times *u = userdata;
        const char *item = o->unreadable.item;
        if (u->n == UNREAD_MAX || !mailbox_named(u->settings, source) ||
            (item && strncmp(item, READER_RECURRING, strlen(READER_RECURRING)) == 0))
                return 0;
        u->at[u->n++] = o->internal_date != INSTANT_UNKNOWN ? MIN(o->internal_date, o->seen_at) : o->seen_at;
        return 0;
}

static int compare_instants(const void *a, const void *b) {
        instant x = *(const instant *) a, y = *(const instant *) b;
        return (x > y) - (x < y);
}

static int find_unread(struct context *c, struct unread_times *u) {
        *u = (struct unread_times){.settings = c->settings, .at = calloc(UNREAD_MAX, sizeof(*u->at))};
        int r = u->at ? store_unreadable(c->store, on_unread, u) : -ENOMEM;
        if (r >= 0 && u->n > 1)
                qsort(u->at, u->n, sizeof(*u->at), compare_instants);
        return r;
}

int judge_failed(const struct context *c, int error, const char *what) {
        switch (error) {
        case -ECANCELED: /* nothing failed */
                return error;
        case -EUCLEAN:
        case -EBUSY:
        case -EIO:
        case -ENOSPC:
        case -EROFS:
        case -EACCES:
                /* Only the store below the fold fails like this: its own words tell which file, and what to do. */
                log_error("%s: %s", what, store_error(c->store));
                return error;
        default:
                return log_errno(error, "%s", what);
        }
}

int judge(struct context *c, struct judgement *ret) {
        struct judgement j = {};
        instant now = clock_now(&c->clock);
        struct eval_options options = {.now = now};
        struct unread_times unread = {};
        int r = find_read_until(c, &j, &options.read_until, &options.calendars_read_until);
        if (r >= 0)
                r = find_unread(c, &unread);
        _cleanup_free_ instant *times = unread.at; /* until the end of the evaluation */
        if (r < 0)
                return judge_failed(c, r, "cannot tell how far the sources were read");
        options.unread = times;
        options.n_unread = unread.n;

        r = evaluation_new(c->rules, c->settings, &options, &j.evaluation);
        if (r >= 0)
                r = judge_feed(c, &j, now);
        if (r < 0) {
                judgement_free(&j);
                return judge_failed(c, r, "cannot evaluate the observations");
        }
        j.n_alerts = evaluation_alerts(j.evaluation, &j.alerts);
        *ret = j;
        return 0;
}

void judgement_free(struct judgement *j) {
        j->evaluation = evaluation_free(j->evaluation);
        free(j->shown);
        free(j->held_by);
        *j = (struct judgement){};
}

int alert_quotes(struct context *c, const struct alert *a, char ***ret) {
        char **quotes = calloc(a->n_evidence + 1, sizeof(*quotes));
        int r = quotes ? 0 : -ENOMEM;
        for (size_t i = 0; r >= 0 && i < a->n_evidence; i++) {
                char *text = NULL;
                if (a->evidence[i].observation < 0)
                        continue;
                r = store_text(c->store, a->evidence[i].observation, &text);
                if (r >= 0)
                        quotes[i] = quote(text);
                free(text);
        }
        if (r < 0) {
                quotes_free(quotes, a->n_evidence);
                return judge_failed(c, r, "cannot quote the evidence");
        }
        *ret = quotes;
        return 0;
}

void quotes_free(char **quotes, size_t n) {
        for (size_t i = 0; quotes && i < n; i++)
                free(quotes[i]);
        free(quotes);
}

int alert_line(struct context *c, const struct alert *a, struct buf *ret) {
        char **quotes;
        int r = alert_quotes(c, a, &quotes);
        if (r < 0)
                return r;
        json_object *object = json_alert(a, (const char *const *) quotes, c->settings->owner.zone);
        const char *text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
        r = text ? buf_add_str(ret, text) : -ENOMEM;
        if (r >= 0)
                r = buf_add_char(ret, '\n');
        json_object_put(object);
        quotes_free(quotes, a->n_evidence);
        return r < 0 ? log_errno(r, "cannot keep the alerts") : 0;
}

/* Evidence shown below an alert on a terminal; --json has all. */
#define EVIDENCE_LINES 3U

static void print_text(struct context *c, const struct alert *a, char *const *quotes) {
        const struct owner *owner = &c->settings->owner;
        printf("%-6s %-9s  %s: %s\n", severity_name(a->severity), lasting_name(a->lasting),
               a->client ? a->client->name : "-", a->title);
        printf("       %s  [%s %s]\n", a->summary, alert_state_name(a->state), a->id);
        if (a->inhibited_by)
                printf("       folded into %s\n", rule_id(a->inhibited_by));
        size_t first = a->n_evidence > EVIDENCE_LINES ? a->n_evidence - EVIDENCE_LINES : 0;
        if (first > 0)
                printf("       · %zu earlier\n", first + (a->count > a->n_evidence ? a->count - a->n_evidence : 0));
        for (size_t i = first; i < a->n_evidence; i++) {
                const struct evidence *e = &a->evidence[i];
                char when[64];
                printf("       · %s  %s\n", time_human(e->at, owner->zone, owner->language, when, sizeof(when)),
                       e->detail ? e->detail : "");
                if (quotes && quotes[i])
                        printf("         « %s »\n", quotes[i]);
                if (e->message_id)
                        printf("         <%s>%s%s\n", e->message_id, e->subject ? "  " : "", e->subject ? e->subject : "");
                else if (e->uid)
                        printf("         UID %s%s%s\n", e->uid, e->subject ? "  " : "", e->subject ? e->subject : "");
        }
}

int alert_print(struct context *c, const struct alert *a) {
        char **quotes;
        int r = alert_quotes(c, a, &quotes);
        if (r < 0)
                return r;
        if (c->json)
                json_print(json_alert(a, (const char *const *) quotes, c->settings->owner.zone));
        else
                print_text(c, a, quotes);
        quotes_free(quotes, a->n_evidence);
        return 0;
}
