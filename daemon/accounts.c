/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/accounts.h"

#include <stdio.h>
#include <unistd.h>

#include "daemon/backoff.h"
#include "daemon/network.h"
#include "daemon/output.h"
#include "daemon/refusal.h"
#include "daemon/secret.h"
#include "daemon/source_names.h"

#define SECOND_NS INT64_C(1000000000)
#define USEC_PER_SEC UINT64_C(1000000)
/* With wake(): a server that says nothing for this long is busy or far away; the others need not wait for it. */
#define QUIET_NS (SECOND_NS / 5)
/* With wake(): how long one account may hold a pass, so that the alerts of a first reading of years come as it goes. */
#define TURN_NS (5 * SECOND_NS)
/* A role whose own limits do not end its waiting has gone astray. */
#define SILENCE_NS (600 * SECOND_NS)
/* Roles of one account that may die before it is left alone for a while: each time but the first an item is to blame. */
#define DEATHS_MAX 20U
/* After a refused secret: servers lock accounts after a handful of failures within a day. A reload tries again at once. */
#define REFUSED_SECONDS (6 * 3600)
/* After a fault that a person must mend. */
#define FAULT_SECONDS 1800
/* However long a server asks to be left alone. */
#define PATIENCE_MAX_SECONDS 86400
/* A connection that does not last for this long counts as a failure, or a server that hangs up after each reading would be called without end. Longer than any
 * protocol waits for a server that says nothing. */
#define LASTING_NS (180 * SECOND_NS)
/* What waits for one that began to give what it has waits no more than once in this time, however often its connection breaks. */
#define GIVING_NS (3600 * SECOND_NS)
/* However often a server says that something changed. */
#define PACE_NS SECOND_NS
/* Items dealt with, of which the role is told at once. */
#define MORE_ITEMS 16

enum phase {
        PHASE_NONE,
        PHASE_SECRET, /* asked for: a command may take a while */
        PHASE_READING,
        PHASE_WATCHING,
};

/* What came between two STATE records. */
struct account_epoch {
        struct account_epoch *next;
        int64_t outstanding;
        bool abandoned;
        char *folder, *state; /* owned; NULL while it is open */
        int64_t total;
};

struct avoided {
        char *folder, *name; /* owned */
};

struct account {
        struct account *next;
        struct accounts *accounts;
        char *location; /* owned: which account */
        enum fetch_kind kind_of;
        struct secret_request *asked; /* PHASE_SECRET */
        bool answered;
        char *secret; /* owned */
        size_t secret_size;
        struct fetch *fetch;
        enum phase phase;

        /* of the pass at work */
        struct reader *reader;
        const struct source_spec *spec;
        int64_t source;
        const struct account_kind *kind;
        bool pumping;
        void *data; /* the kind's own */

        /* of the reading, which may take several passes */
        instant since;
        struct account_epoch *epochs;    /* the last one is open */
        struct account_epoch *abandoned; /* of sessions that ended: jobs may still point to them */
        int64_t n_outstanding, more_items, more_bytes;
        int64_t progress, progress_total;
        int64_t last_ns;  /* when the role last said something */
        int64_t began_ns; /* when its role was started */
        int64_t done_ns;  /* when the last reading ended */
        bool troubled;
        size_t n_folders, n_wanted;
        bool *named;        /* owned: which of the names under `include` a folder has */
        bool partial;       /* begun, and not come to its end */
        int64_t partial_ns; /* since when it gives what it has; 0: nothing came since it was read whole */
        bool careful;
        unsigned deaths;
        char *at_folder, *at_name; /* owned */
        struct avoided *avoided;   /* owned */
        size_t n_avoided;

        /* of the failures */
        char *why; /* owned: of the last */
        enum fetch_end end;
        unsigned failures;     /* in a row, and connections that did not last; one that did ends the row */
        int64_t not_before_ns; /* CLOCK_BOOTTIME */
        sd_event_source *retry;
        int64_t poll_at_ns; /* CLOCK_BOOTTIME: nothing is asked before */
};

struct accounts {
        sd_event *event;
        char *program; /* owned */
        void (*wake)(void *userdata);
        void *userdata;
        struct network *network; /* NULL: nobody hears of a change of addresses */
        struct account *first;
        bool hurry;
        bool unattended;
};

struct reader *account_reader(struct account *m) {
        return m->reader;
}

const struct source_spec *account_spec(const struct account *m) {
        return m->spec;
}

void **account_data(struct account *m) {
        return &m->data;
}

int64_t account_source(const struct account *m) {
        return m->source;
}

/* --- epochs: what the role wants remembered, and what must be in the store before --- */

static void epochs_free(struct account_epoch *first) {
        for (struct account_epoch *e = first, *next; e; e = next) {
                next = e->next;
                free(e->folder);
                free(e->state);
                free(e);
        }
}

/* Nothing of what the session wanted remembered will be, but its items that are with the parse roles still end there. */
static void epochs_abandon(struct account *m) {
        while (m->epochs) {
                struct account_epoch *e = m->epochs;
                m->epochs = e->next;
                e->abandoned = true;
                e->next = m->abandoned;
                m->abandoned = e;
        }
        m->n_outstanding = 0;
}

static struct account_epoch *open_epoch(struct account *m) {
        struct account_epoch **end = &m->epochs;
        while (*end && (!(*end)->next || (*end)->state)) {
                if (!(*end)->state)
                        return *end;
                end = &(*end)->next;
        }
        return *end = calloc(1, sizeof(**end));
}

/* States whose items are all in the store, in their order. They join the batch at hand. */
static int settle(struct account *m) {
        struct reader *r = m->reader;
        while (m->epochs && m->epochs->state && m->epochs->outstanding == 0) {
                struct account_epoch *e = m->epochs;
                int error = m->kind->settled ? m->kind->settled(m, e->folder) : 0;
                if (error > 0)
                        return reader_checkpoint(r); /* tried again when all sources were read once */
                if (error >= 0)
                        error = reader_write(r);
                if (error >= 0 &&
                    (error = store_folder_remember(reader_store(r), m->source, e->folder, e->state, e->total)) < 0)
                        (void) reader_fatal(r, error);
                if (error < 0)
                        return error;
                m->epochs = e->next;
                free(e->folder);
                free(e->state);
                free(e);
        }
        return reader_checkpoint(r);
}

static int close_epoch(struct account *m, const struct fetch_record *state) {
        struct account_epoch *e = open_epoch(m);
        char *folder = strdup(state->folder), *text = strdup(state->text);
        if (!e || !folder || !text) {
                free(folder);
                free(text);
                return reader_fatal(m->reader, -ENOMEM);
        }
        e->folder = folder;
        e->state = text;
        e->total = MAX(state->total, INT64_C(0));
        return settle(m);
}

/* --- items --- */

int account_send(struct account *m, const struct fetch_record *record) {
        return m->fetch ? fetch_send(m->fetch, record) : 0;
}

static int tell_more(struct account *m) {
        if (m->more_items == 0)
                return 0;
        struct fetch_record more = fetch_record_of(FETCH_MORE);
        more.number = m->more_items;
        more.size = m->more_bytes;
        m->more_items = m->more_bytes = 0;
        return account_send(m, &more);
}

static int dealt_with(struct account *m, struct account_epoch *epoch, int64_t held) {
        epoch->outstanding--;
        if (epoch->abandoned)
                return reader_checkpoint(m->reader);
        m->n_outstanding--;
        m->more_items++;
        m->more_bytes += held;
        if (m->more_items >= MORE_ITEMS || m->more_bytes >= FETCH_BYTES_IN_FLIGHT / 4) {
                int e = tell_more(m);
                if (e == -ENOMEM)
                        return reader_fatal(m->reader, e);
        }
        return settle(m);
}

int account_dealt_with(struct account_job *j) {
        return dealt_with(j->account, j->epoch, j->held);
}

void account_job_release(struct reader_job *job) {
        struct account_job *j = (struct account_job *) job;
        free(j->folder);
        free(j->name);
        free(j);
}

int account_submit(struct account *m, struct account_job *j, const struct fetch_record *item,
                   const struct pool_job *pool_job) {
        if (!j->job.release)
                j->job.release = account_job_release;
        j->account = m;
        j->epoch = open_epoch(m);
        j->held = item->number;
        j->size = item->size;
        j->internal_date = item->date;
        j->folder = strdup(item->folder);
        j->name = strdup(item->name);
        if (!j->epoch || !j->folder || !j->name) {
                (void) close(pool_job->fd);
                j->job.release(&j->job);
                return reader_fatal(m->reader, -ENOMEM);
        }
        reader_handed_over(m->reader, item->number);
        return reader_submit(m->reader, m->kind->driver, &j->job, pool_job);
}

int account_unreadable(struct account *m, const struct unreadable *why, const char *folder, const char *name,
                       instant internal_date) {
        char item[FETCH_STRING_MAX];
        _cleanup_free_ char *shown = m->kind_of == FETCH_IMAP ? folder_for_people(folder) : NULL;
        if (*folder || *name)
                (void) snprintf(item, sizeof(item), "%s, %s %s", shown ? shown : folder, m->kind->noun, name);
        else
                (void) snprintf(item, sizeof(item), "the %s", m->kind->noun);
        return reader_unreadable(m->reader, why, item, internal_date);
}

static int take_item(struct account *m, struct fetch_record *item) {
        struct reader *r = m->reader;
        struct account_epoch *epoch = open_epoch(m);
        if (!epoch) {
                if (item->fd >= 0)
                        (void) close(item->fd);
                return reader_fatal(r, -ENOMEM);
        }
        reader_looked_at(r);
        if (m->partial_ns == 0 || clock_monotonic_ns() - m->partial_ns > GIVING_NS)
                m->partial_ns = clock_monotonic_ns();
        epoch->outstanding++;
        m->n_outstanding++;
        if (item->status == 0)
                return m->kind->item(m, item);
        struct unreadable why = reader_refused(item->status);
        why.size = item->size;
        int e = account_unreadable(m, &why, item->folder, item->name, item->date);
        return e < 0 ? e : dealt_with(m, epoch, 0);
}

/* --- folders --- */

static int tell_avoided(struct account *m, const char *folder) {
        int e = 0;
        for (size_t i = 0; i < m->n_avoided && e >= 0; i++) {
                struct fetch_record known = fetch_record_of(FETCH_KNOWN);
                if (strcmp(m->avoided[i].folder, folder) != 0)
                        continue;
                known.name = m->avoided[i].name;
                known.flags = FETCH_AVOID;
                e = account_send(m, &known);
        }
        return e;
}

static size_t count_included(const struct account *m) {
        size_t n = 0;
        while (m->kind->named && m->spec->include && m->spec->include[n])
                n++;
        return n;
}

static int note_names(struct account *m, const struct fetch_record *folder) {
        size_t n = count_included(m);
        if (n > 0 && !m->named && !(m->named = calloc(n, sizeof(*m->named))))
                return reader_fatal(m->reader, -ENOMEM);
        for (size_t i = 0; i < n; i++)
                m->named[i] = m->named[i] || m->kind->named(folder, m->spec->include[i]);
        return 0;
}

/* What was renamed or misspelt is not read, and may hold the answer that somebody is blamed for. A pattern may have to wait for its first folder. */
static void tell_unnamed(struct account *m) {
        for (size_t n = count_included(m), i = 0; i < n; i++) {
                const char *name = m->spec->include[i];
                if ((m->named && m->named[i]) || folder_is_pattern(name))
                        continue;
                m->troubled = true;
                reader_trouble(m->reader, "nothing there is called \"%s\", which `include` names", name);
        }
        free(TAKE_PTR(m->named));
}

static int answer_folder(struct account *m, const struct fetch_record *folder) {
        struct reader *r = m->reader;
        struct fetch_record answer = fetch_record_of(FETCH_ANSWER);
        _cleanup_free_ char *state = NULL;
        int e = note_names(m, folder);
        if (e < 0)
                return e;
        answer.status = m->kind->wanted(m, folder)                          ? FETCH_WANTED
                        : m->kind->left_out && m->kind->left_out(m, folder) ? FETCH_LEFT_OUT
                                                                            : FETCH_UNWANTED;
        m->n_folders++;
        m->n_wanted += answer.status == FETCH_WANTED;
        if (answer.status == FETCH_WANTED) {
                e = store_folder_remembered(reader_store(r), m->source, folder->folder, &state);
                if (e < 0)
                        return reader_fatal(r, e);
                answer.text = state;
                e = tell_avoided(m, folder->folder);
                if (e >= 0 && m->kind->known)
                        e = m->kind->known(m, folder->folder);
        }
        return e < 0 ? e : account_send(m, &answer);
}

/* --- a session: start and end --- */

static void forget_secret(struct account *m) {
        m->asked = secret_request_free(m->asked);
        m->answered = false;
        m->secret = secret_free(m->secret, m->secret_size);
        m->secret_size = 0;
}

static void forget_data(struct account *m) {
        if (m->data)
                m->kind->ended(m->data);
        m->data = NULL;
}

static void end_session(struct account *m) {
        forget_data(m);
        m->fetch = fetch_free(m->fetch);
        forget_secret(m);
        m->phase = PHASE_NONE;
        epochs_abandon(m);
        m->more_items = m->more_bytes = 0;
        free(TAKE_PTR(m->at_folder));
        free(TAKE_PTR(m->at_name));
        free(TAKE_PTR(m->named));
}

static void forget_avoided(struct account *m) {
        for (size_t i = 0; i < m->n_avoided; i++) {
                free(m->avoided[i].folder);
                free(m->avoided[i].name);
        }
        free(m->avoided);
        m->avoided = NULL;
        m->n_avoided = 0;
}

static void account_free(struct account *m) {
        end_session(m);
        epochs_free(m->abandoned);
        forget_avoided(m);
        (void) sd_event_source_disable_unref(m->retry);
        free(m->why);
        free(m->location);
        free(m);
}

static void wake(struct account *m) {
        if (m->accounts->wake)
                m->accounts->wake(m->accounts->userdata);
}

static int on_retry(sd_event_source *s, uint64_t usec, void *userdata) {
        (void) s;
        (void) usec;
        wake(userdata);
        return 0;
}

/* Ask for a pass at that time (CLOCK_BOOTTIME). */
static void wake_at(struct account *m, int64_t ns) {
        if (!m->accounts->wake)
                return;
        uint64_t usec = (uint64_t) (ns / 1000);
        int e;
        if (m->retry) {
                e = sd_event_source_set_time(m->retry, usec);
                if (e >= 0)
                        e = sd_event_source_set_enabled(m->retry, SD_EVENT_ONESHOT);
        } else
                e = sd_event_add_time(m->accounts->event, &m->retry, CLOCK_BOOTTIME, usec, USEC_PER_SEC / 4, on_retry, m);
        /* Without a timer the next pass that comes by tries. */
        (void) e;
}

/* The account is left alone for a while; at the end of it a pass is asked for. */
static void wait_seconds(struct account *m, int64_t seconds) {
        m->not_before_ns = clock_boottime_ns() + seconds * SECOND_NS;
        wake_at(m, m->not_before_ns);
}

/* The role has something to say. Between passes that asks for one. */
static void on_ready(void *userdata) {
        struct account *m = userdata;
        if (m->pumping)
                return;
        int64_t early = m->phase == PHASE_WATCHING ? m->done_ns + PACE_NS - clock_monotonic_ns() : 0;
        if (early > 0)
                wake_at(m, clock_boottime_ns() + early);
        else
                wake(m);
}

/* A connection that was lost. */
static const struct backoff retry = {.first_usec = 5 * USEC_PER_SEC, .most_usec = 1800 * USEC_PER_SEC};

static bool has_lasted(const struct account *m) {
        return clock_monotonic_ns() - m->began_ns >= LASTING_NS;
}

/* For runs to come. The end of this one, when it cannot be written, is seen by whoever drains next. */
static void keep_refusal(struct account *m, int64_t seconds) {
        int e = reader_write(m->reader);
        if (e >= 0 && (e = refusal_keep(reader_store(m->reader), m->source, m->spec->remote, seconds)) < 0)
                (void) reader_fatal(m->reader, e);
}

/* As start_role(). */
static int wait_for_refusal(struct account *m) {
        const struct owner *owner = &reader_settings(m->reader)->owner;
        instant until;
        char when[64];
        int e = refusal_waits(reader_store(m->reader), m->source, m->spec->remote, &until);
        if (e <= 0)
                return e < 0 ? reader_fatal(m->reader, e) : 0;
        reader_trouble(m->reader,
                       "%s refused the password of %s; so that the account is not locked, it is not tried again before %s, "
                       "or by `adieu "
                       "scan` at a terminal",
                       m->spec->remote->host, m->spec->remote->user ? m->spec->remote->user : "?",
                       time_human(until, owner->zone, owner->language, when, sizeof(when)));
        return 1;
}

/* A failure of the account, told once for each try. `patience`: what the server asked for. */
static void failed(struct account *m, enum fetch_end end, int64_t patience, const char *why) {
        if (m->fetch && has_lasted(m))
                m->failures = 0;
        end_session(m);
        m->end = end;
        free(m->why);
        m->why = strdup(why);
        m->failures++;
        int64_t seconds = end == FETCH_END_REFUSED ? REFUSED_SECONDS
                          : end == FETCH_END_FAULT
                                  ? FAULT_SECONDS
                                  : (int64_t) (backoff_wait(&retry, m->failures, random_number()) / USEC_PER_SEC);
        seconds = MAX(seconds, MIN(patience, (int64_t) PATIENCE_MAX_SECONDS));
        wait_seconds(m, seconds);
        if (end == FETCH_END_REFUSED)
                keep_refusal(m, seconds);
        reader_trouble(m->reader, "%s", why);
}

static int send_read(struct account *m) {
        struct fetch_record read = fetch_record_of(FETCH_READ);
        read.flags = (m->accounts->wake ? FETCH_WATCH : 0U) | (m->careful ? FETCH_CAREFUL : 0U);
        int e = account_send(m, &read);
        m->phase = PHASE_READING;
        m->last_ns = clock_monotonic_ns();
        return e;
}

/* 0 at work; 1 it failed in a way that was told; negative: the run is over. */
static int start_role(struct account *m) {
        const struct remote *r = m->spec->remote;
        const struct fetch_record account = fetch_record_of_account(m->kind->kind, r, m->secret);
        m->began_ns = clock_monotonic_ns();
        int e = fetch_start(m->accounts->event, m->accounts->program, &account, on_ready, m, &m->fetch);
        forget_secret(m);
        if (e >= 0)
                e = send_read(m);
        if (e == -ENOMEM)
                return reader_fatal(m->reader, e);
        if (e < 0) {
                char why[200];
                (void) snprintf(why, sizeof(why), "the process that reads it cannot be started: %s", strerror(-e));
                failed(m, FETCH_END_LOST, 0, why);
                return 1;
        }
        return 0;
}

static void on_secret(int r, char *secret, size_t size, const char *why, void *userdata) {
        struct account *m = userdata;
        m->answered = true;
        m->secret = secret;
        m->secret_size = size;
        if (r < 0) {
                free(m->why);
                m->why = strdup(why ? why : strerror(-r));
        }
        on_ready(m);
}

/* As start_role(). */
static int start_session(struct account *m) {
        const struct secret_spec *spec = &m->spec->remote->password;
        if (spec->kind == SECRET_NONE)
                return start_role(m);
        m->phase = PHASE_SECRET;
        m->last_ns = clock_monotonic_ns();
        int e = secret_ask(m->accounts->event, spec, on_secret, m, &m->asked);
        return e < 0 ? reader_fatal(m->reader, e) : 0;
}

static int take_secret(struct account *m) {
        if (m->secret)
                return start_role(m);
        _cleanup_free_ char *why = TAKE_PTR(m->why);
        failed(m, FETCH_END_FAULT, 0, why ? why : "the password cannot be had");
        return 1;
}

/* A new reading, in a session that may be there already. */
static int begin_reading(struct account *m) {
        m->since = reader_now(m->reader);
        m->troubled = false;
        m->partial = true;
        m->progress = m->progress_total = 0;
        m->n_folders = m->n_wanted = 0;
        forget_data(m);
        epochs_abandon(m);
        return m->fetch ? send_read(m) : start_session(m);
}

/* --- a role that died --- */

static int blame(struct account *m) {
        const struct unreadable why = {.reason = UNREADABLE_CRASH, .size = -1};
        struct avoided *p = realloc(m->avoided, (m->n_avoided + 1) * sizeof(*p));
        if (!p)
                return reader_fatal(m->reader, -ENOMEM);
        m->avoided = p;
        p[m->n_avoided++] = (struct avoided){TAKE_PTR(m->at_folder), TAKE_PTR(m->at_name)};
        return account_unreadable(m, &why, p[m->n_avoided - 1].folder, p[m->n_avoided - 1].name, INSTANT_UNKNOWN);
}

/* It ended without saying why: an answer of the server killed it, or the system did. The second time it says before each step what it asks for, so that the third
 * time what did it is kept aside. 0 at work again; 1 given up for now; negative: the run is over. */
static int on_death(struct account *m) {
        bool known = m->careful && m->at_folder && m->at_name;
        if ((m->careful && !known) || ++m->deaths > DEATHS_MAX) {
                failed(m, FETCH_END_LOST, 0, "what the server answered ended the process that read it");
                return 1;
        }
        int e = known ? blame(m) : 0;
        m->careful = true;
        if (e < 0)
                return e;
        end_session(m);
        return start_session(m);
}

/* --- what it says --- */

static int keep_at(struct account *m, const struct fetch_record *at) {
        free(m->at_folder);
        free(m->at_name);
        m->at_folder = strdup(at->folder);
        m->at_name = at->name ? strdup(at->name) : NULL;
        return m->at_folder && (m->at_name || !at->name) ? 0 : reader_fatal(m->reader, -ENOMEM);
}

static void on_done(struct account *m, const struct fetch_record *r) {
        char why[FETCH_STRING_MAX];
        if (r->status != FETCH_END_DONE) {
                (void) fetcher_clean(r->text, why, sizeof(why));
                failed(m, (enum fetch_end) r->status, r->number, why);
                return;
        }
        m->phase = PHASE_WATCHING;
        m->partial = false;
        m->partial_ns = 0;
        m->done_ns = clock_monotonic_ns();
        m->deaths = 0;
        m->careful = false;
        m->end = FETCH_END_DONE;
        forget_avoided(m);
        free(TAKE_PTR(m->why));
        tell_unnamed(m);
        if (m->n_folders > 0 && m->n_wanted == 0 && (m->spec->include || m->spec->exclude)) {
                m->troubled = true;
                reader_all_left_out(m->reader, m->spec);
        }
        int e = reader_write(m->reader);
        if (e >= 0 && (e = refusal_forget(reader_store(m->reader), m->source)) < 0)
                (void) reader_fatal(m->reader, e);
}

static int on_record(struct account *m, struct fetch_record *r) {
        char text[FETCH_STRING_MAX];
        switch (r->type) {
        case FETCH_FOLDER:
                return answer_folder(m, r);
        case FETCH_ITEM:
                if (m->n_outstanding + m->more_items < FETCH_ITEMS_IN_FLIGHT)
                        return take_item(m, r);
                (void) close(r->fd);
                return -EPROTO;
        case FETCH_GONE:
                return m->kind->gone ? m->kind->gone(m, r) : 0;
        case FETCH_STATE:
                return close_epoch(m, r);
        case FETCH_AT:
                return keep_at(m, r);
        case FETCH_TROUBLE:
                m->troubled = true;
                (void) fetcher_clean(r->text, text, sizeof(text));
                reader_trouble(m->reader, "%s", text);
                return 0;
        case FETCH_PROGRESS:
                m->progress = r->number;
                m->progress_total = r->total;
                return 0;
        case FETCH_DONE:
                on_done(m, r);
                return 0;
        default: /* READY, CHANGED: a sign of life */
                return 0;
        }
}

/* The role broke the protocol, or ended. */
static int on_end(struct account *m, int error) {
        if (error == 0)
                return on_death(m);
        failed(m, FETCH_END_LOST, 0, "the process that reads it said what makes no sense");
        return 1;
}

/* --- the loop --- */

/* How long the loop may wait for the role; 0: the pass goes on without it. */
static uint64_t patience(const struct account *m, int64_t turn_began_ns) {
        int64_t now = clock_monotonic_ns(), left = m->last_ns + SILENCE_NS - now;
        if (m->accounts->wake) {
                if (m->accounts->hurry)
                        left = MIN(left, turn_began_ns + QUIET_NS - now);
                /* While items are with the parse roles it is not the server who is slow. */
                if (m->n_outstanding == 0)
                        left = MIN(left, m->last_ns + QUIET_NS - now);
                left = MIN(left, turn_began_ns + TURN_NS - now);
        }
        return left > 0 ? (uint64_t) left / 1000 + 1 : 0;
}

/* 0 the reading is over, well or not; 1 the rest comes in another pass; negative: the run is over. */
static int pump(struct account *m) {
        struct reader *r = m->reader;
        int64_t began = clock_monotonic_ns();
        int e = 0;
        while (m->phase == PHASE_READING || m->phase == PHASE_SECRET) {
                struct fetch_record record;
                if (m->accounts->wake && clock_monotonic_ns() - began > (m->accounts->hurry ? QUIET_NS : TURN_NS)) {
                        wake(m);
                        return 1;
                }
                if (m->phase == PHASE_SECRET && m->answered) {
                        if ((e = take_secret(m)) < 0)
                                return e;
                        continue;
                }
                e = m->phase == PHASE_SECRET ? -EAGAIN : fetch_next(m->fetch, &record);
                if (e > 0) {
                        m->last_ns = clock_monotonic_ns();
                        e = on_record(m, &record);
                        if (reader_is_over(r))
                                return e < 0 ? e : -ECANCELED;
                        if (e < 0 && (e = on_end(m, e)) < 0)
                                return e;
                        continue;
                }
                if (e != -EAGAIN) {
                        if ((e = on_end(m, e)) < 0)
                                return e;
                        continue;
                }
                (void) !tell_more(m);
                uint64_t usec = patience(m, began);
                if (usec == 0 && clock_monotonic_ns() - m->last_ns >= SILENCE_NS) {
                        failed(m, FETCH_END_LOST, 0, "the process that reads it was silent for ten minutes");
                        return 0;
                }
                if (usec == 0)
                        return 1;
                if ((e = reader_turn(r, usec)) < 0)
                        return e;
        }
        return 0;
}

/* Between passes the role is heard: what it says asks for the next. */
static void listen(struct account *m) {
        struct fetch_record record;
        int e = m->fetch && m->accounts->wake && m->phase == PHASE_WATCHING ? fetch_next(m->fetch, &record) : -EAGAIN;
        if (e == -EAGAIN)
                return;
        if (e > 0 && record.fd >= 0)
                (void) close(record.fd);
        if (e <= 0 || record.type != FETCH_CHANGED)
                end_session(m);
        wake(m);
}

/* What was said since the last pass. Nothing, or that something changed; else its connection was lost while nothing happened, which is no failure when it
 * had lasted. */
static void catch_up(struct account *m) {
        struct fetch_record record;
        int e;
        if (m->phase == PHASE_READING || m->phase == PHASE_SECRET || m->done_ns == 0)
                return;
        do
                e = m->fetch ? fetch_next(m->fetch, &record) : 0;
        while (e > 0 && record.type == FETCH_CHANGED);
        bool lasted = has_lasted(m);
        if (lasted)
                m->failures = 0;
        if (e == -EAGAIN)
                return;
        if (e > 0 && record.fd >= 0)
                (void) close(record.fd);
        end_session(m);
        if (m->accounts->wake && m->end == FETCH_END_DONE && !lasted)
                wait_seconds(m, (int64_t) (backoff_wait(&retry, ++m->failures, random_number()) / USEC_PER_SEC));
        m->done_ns = 0;
}

/* The rest comes in another pass, which is asked for when there is more. It may be there already, and was told while the pass could not listen. */
static void tell_unfinished(struct account *m) {
        if (m->fetch)
                fetch_listen(m->fetch);
        else if (m->answered)
                wake(m);
        if (m->progress_total > 0)
                reader_not_yet(m->reader, "still being read: %" PRId64 " of %" PRId64, m->progress, m->progress_total);
        else
                reader_not_yet(m->reader, "waiting for the server");
}

/* A role that cannot hear of changes is asked now and then, not at each turn of the service. */
static bool is_fresh(const struct account *m) {
        return m->accounts->wake && m->kind->poll_seconds > 0 && m->phase == PHASE_WATCHING &&
               clock_boottime_ns() < m->poll_at_ns;
}

/* All was told, but what is gone from here may be in a source that was read afterwards. */
static bool is_unsettled(const struct account *m) {
        return m->phase == PHASE_WATCHING && m->epochs && m->epochs->state;
}

static int read_account(struct account *m) {
        catch_up(m);
        if (is_unsettled(m)) {
                int e = settle(m);
                reader_read_since(m->reader, m->since);
                return e < 0 ? e : m->troubled;
        }
        if (is_fresh(m)) {
                reader_read_since(m->reader, m->since);
                return m->troubled;
        }
        if (m->phase != PHASE_READING && m->phase != PHASE_SECRET) {
                if (clock_boottime_ns() < m->not_before_ns) {
                        reader_not_yet(m->reader, "%s",
                                       m->why ? m->why : "the connection was lost; trying again in a while");
                        return 1;
                }
                int e = m->accounts->unattended ? wait_for_refusal(m) : 0;
                if (e == 0)
                        e = begin_reading(m);
                if (e != 0)
                        return e;
        }
        m->pumping = true;
        int e = pump(m);
        int drained = reader_drain(m->reader);
        m->pumping = false;
        if (e < 0 || drained < 0)
                return e < 0 ? e : drained;
        if (e > 0) {
                tell_unfinished(m);
                return 1;
        }
        listen(m);
        if (m->accounts->wake && m->kind->poll_seconds > 0 && m->phase == PHASE_WATCHING) {
                m->poll_at_ns = clock_boottime_ns() + m->kind->poll_seconds * SECOND_NS;
                wake_at(m, m->poll_at_ns);
        }
        reader_read_since(m->reader, m->since);
        return m->end != FETCH_END_DONE || m->troubled;
}

/* --- accounts --- */

static struct account *find(struct accounts *a, const struct source_spec *spec, enum fetch_kind kind) {
        for (struct account *m = a->first; m; m = m->next)
                if (m->kind_of == kind && strcmp(m->location, spec->location) == 0)
                        return m;
        struct account *m = calloc(1, sizeof(*m));
        if (!m || !(m->location = strdup(spec->location))) {
                free(m);
                return NULL;
        }
        m->accounts = a;
        m->kind_of = kind;
        m->next = a->first;
        return a->first = m;
}

int account_read(struct reader *r, const struct source_spec *spec, int64_t source, const struct account_kind *kind) {
        struct accounts *a = reader_accounts(r);
        if (!a) {
                reader_trouble(r, "accounts on servers are not read in this run");
                return 1;
        }
        struct account *m = find(a, spec, kind->kind);
        if (!m)
                return reader_fatal(r, -ENOMEM);
        m->reader = r;
        m->spec = spec;
        m->source = source;
        m->kind = kind;
        /* A run that ended badly left items of which nobody will hear again. */
        if (m->n_outstanding > 0)
                end_session(m);
        epochs_free(TAKE_PTR(m->abandoned));
        int e = read_account(m);
        if (!a->wake && !is_unsettled(m))
                end_session(m);
        return e;
}

static void on_network(void *userdata) {
        accounts_awake(userdata);
}

int accounts_new(sd_event *event, const char *program, void (*wake_up)(void *userdata), void *userdata,
                 struct accounts **ret) {
        struct accounts *a = calloc(1, sizeof(*a));
        if (!a)
                return -ENOMEM;
        a->event = sd_event_ref(event);
        a->wake = wake_up;
        a->userdata = userdata;
        a->program = strdup(program);
        int e = a->program ? 0 : -ENOMEM;
        /* Without it a lost connection is noticed later. */
        if (e >= 0 && a->wake && network_new(event, on_network, a, &a->network) == -ENOMEM)
                e = -ENOMEM;
        if (e < 0) {
                accounts_free(a);
                return e;
        }
        *ret = a;
        return 0;
}

void accounts_reload(struct accounts *a) {
        for (struct account *m = a->first, *next; m; m = next) {
                next = m->next;
                account_free(m);
        }
        a->first = NULL;
}

void accounts_unattended(struct accounts *a) {
        a->unattended = true;
}

void accounts_hurry(struct accounts *a) {
        a->hurry = true;
}

void accounts_begin(struct accounts *a) {
        a->hurry = false;
}

void accounts_awake(struct accounts *a) {
        for (struct account *m = a->first; m; m = m->next) {
                if (m->end == FETCH_END_LOST || m->end == FETCH_END_DONE)
                        m->not_before_ns = 0;
                /* The server may have forgotten a connection that nothing came over, or its way here leads nowhere: nobody would be told for as long as it is
                 * waited on. That is no failure of it. */
                if (m->phase == PHASE_WATCHING && m->fetch) {
                        end_session(m);
                        m->done_ns = 0;
                }
                wake(m);
        }
}

bool accounts_is_partial(const struct accounts *a, const char *location, int64_t *ret_since) {
        for (const struct account *m = a->first; m; m = m->next)
                if (m->kind_of != FETCH_WEBCAL && m->partial && strcmp(m->location, location) == 0) {
                        *ret_since = m->partial_ns;
                        return true;
                }
        return false;
}

struct accounts *accounts_free(struct accounts *a) {
        if (!a)
                return NULL;
        accounts_reload(a);
        network_free(a->network);
        sd_event_unref(a->event);
        free(a->program);
        free(a);
        return NULL;
}
