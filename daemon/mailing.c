/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/mailing.h"

#include <stdio.h>

#include "daemon/backoff.h"
#include "daemon/log.h"
#include "daemon/mail.h"
#include "daemon/send.h"

#define MINUTE INT64_C(60)
#define HOUR INT64_C(3600)
#define DAY INT64_C(86400)
#define WEEK (7 * DAY)
/* A time in seconds, and how many there were before it in that second. */
#define EXTRA_KEY_SIZE 40

/* After a refusal for now, or a connection that broke: twice as long each time. RFC 5321 section 4.5.4.1 wants half an hour between tries in general and allows
 * more at first; a machine that wakes up and has no network yet should not lose an hour. */
#define RETRY_FIRST (2 * MINUTE)
#define RETRY_MOST (2 * HOUR)
/* After a login that was refused: more tries would only lock the account. A reload tries at once. Before the login nothing is at stake: the certificate that
 * is wrong may be that of a hotel's network. */
#define LOGIN_WAIT (6 * HOUR)
/* No row waits longer, so a time further off was written under another clock. */
#define PATIENCE (2 * LOGIN_WAIT)
/* RFC 5321 section 4.5.4.1: four to five days, and not before it was tried a few times: the machine may have slept. */
#define GIVE_UP_AFTER (5 * DAY)
#define GIVE_UP_TRIES 10U
/* A mail that may have arrived: how long a source of the owner's may take to show it before it is sent again. Longer than the time between two rescans. */
#define UNKNOWN_WAIT (20 * MINUTE)
/* And so often: a server that never answers would fill a mailbox. */
#define UNKNOWN_TRIES 3U
/* A row that another process has been sending for so long was left behind by it: longer than any try takes. */
#define SENDING_MOST HOUR
/* After a start a fault of the configuration may be mended; a service that starts again and again must not hammer. */
#define START_WAIT MINUTE
/* When the outcome of a try, or what is to be sent next, could not be written or read. */
#define TROUBLE_WAIT MINUTE
/* A reader of the store is in the middle of a batch: it is over soon. Who had come to the final dot by then comes back later: a long pass must not make us log in
 * again and again. */
#define BATCH_WAIT 1
#define HELD_WAIT MINUTE
/* How long the bytes of a mail are kept when it is done: long enough to look into what went wrong, and no longer, since it quotes other people. */
#define KEEP_MAIL (7 * DAY)

/* Refused mails count in the status for so long: the next digest tells them by then. */
#define GIVEN_UP_SHOWN WEEK

/* When mails were first made here. */
#define MOMENT_SINCE "mail-since"

struct outcome {
        enum send_stage stage;
        int code;
        bool permanent, configuration;
        char *text; /* owned */
};

struct mailing {
        sd_event *event;        /* owned */
        struct context *c;      /* borrowed */
        sd_event_source *timer; /* owned */
        bool started;           /* what the last one left is sorted out: mails go out */
        bool judged;            /* the sources have shown what arrived meanwhile */
        bool hurry;             /* a reload came, and what waited for it does not know yet */
        const char *only;       /* borrowed: the message to send; NULL: all */
        instant look_at;        /* when a mail that may have arrived is to be looked for; INSTANT_MAX: there is none */

        struct arena *arena; /* owned: of the row being sent and how it is sent */
        struct sending *sending;
        struct outbox_row row;
        struct send_transport transport;
        /* A try is over, and what came of it is not in the store yet: nothing else is sent before it is. */
        bool ended;
        struct mailing_status status; /* as of the last look; `fault` points to the next */
        char fault[SEND_TEXT_MAX + 1];
        bool held; /* it was held back before the final dot, for want of a way to write that down */
        struct outcome outcome;
};

static instant now_of(const struct mailing *m) {
        return clock_now(&m->c->clock);
}

bool mailing_is_configured(const struct settings *settings) {
        return settings->digest.remote || settings->digest.sendmail;
}

static int failed(struct mailing *m, int error, const char *what) {
        if (store_in_batch(m->c->store))
                store_rollback(m->c->store);
        return judge_failed(m->c, error, what);
}

/* --- how it is sent: a copy, since a reload may exchange the settings meanwhile */

static const char *const *copy_words(struct arena *arena, const char *const *words) {
        size_t n = 0;
        while (words && words[n])
                n++;
        const char **copy = words ? arena_new0(arena, const char *, n + 1) : NULL;
        for (size_t i = 0; copy && i < n; i++)
                copy[i] = arena_strdup(arena, words[i]);
        return copy;
}

static const struct remote *copy_remote(struct arena *arena, const struct remote *r) {
        struct remote *copy = r ? arena_new0(arena, struct remote, 1) : NULL;
        if (!copy)
                return NULL;
        *copy = *r;
        copy->url = arena_strdup(arena, r->url);
        copy->user = arena_strdup(arena, r->user);
        copy->host = arena_strdup(arena, r->host);
        copy->path = arena_strdup(arena, r->path);
        copy->ca = arena_strdup(arena, r->ca);
        copy->fingerprint = arena_strdup(arena, r->fingerprint);
        copy->file = arena_strdup(arena, r->file);
        copy->password.name = arena_strdup(arena, r->password.name);
        copy->password.file = arena_strdup(arena, r->password.file);
        copy->password.command = copy_words(arena, r->password.command);
        return copy;
}

/* --- the timer */

static int clear_up(struct mailing *m);
static int pump(struct mailing *m);

static void arm(struct mailing *m, int64_t seconds) {
        (void) sd_event_source_set_time_relative(m->timer, (uint64_t) MAX(seconds, INT64_C(0)) * 1000000);
        (void) sd_event_source_set_enabled(m->timer, SD_EVENT_ONESHOT);
}

/* Passes turn the loop themselves: their batches are not ours to end. */
static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        struct mailing *m = userdata;
        (void) source;
        (void) usec;
        if (store_in_batch(m->c->store))
                arm(m, BATCH_WAIT);
        else if (m->started || m->only) /* before the first turn no source has shown yet what arrived */
                (void) pump(m);
        return 0;
}

/* --- what came of a try */

static int64_t retry_seconds(uint32_t tries) {
        static const struct backoff backoff = {(uint64_t) RETRY_FIRST * 1000000, (uint64_t) RETRY_MOST * 1000000};
        return (int64_t) (backoff_wait(&backoff, tries, random_number()) / 1000000);
}

static int64_t login_seconds(void) {
        static const struct backoff backoff = {(uint64_t) LOGIN_WAIT * 1000000, (uint64_t) LOGIN_WAIT * 1000000};
        return (int64_t) (backoff_wait(&backoff, 1, random_number()) / 1000000);
}

/* Tried for long enough? Both count: days of sleep are no tries, and tries within an hour are no patience. */
static bool is_given_up(const struct mailing *m, const struct outbox_row *row) {
        return now_of(m) - row->made_at > GIVE_UP_AFTER && row->tries >= GIVE_UP_TRIES;
}

static struct outbox_change judge_outcome(const struct mailing *m, const struct outbox_row *row, const struct outcome *o) {
        instant now = now_of(m);
        struct outbox_change change = {.state = OUTBOX_WAITING,
                                       .stage = (int) o->stage,
                                       .code = o->code,
                                       .text = o->text,
                                       .unsure = row->unsure,
                                       .at = now,
                                       .next_at = now};
        if (o->stage >= SEND_DONE)
                change.state = OUTBOX_SENT;
        else if (o->stage == SEND_ACCEPTED_UNKNOWN) { /* whatever was said: a refusal is told of an earlier stage */
                change.state = OUTBOX_UNKNOWN;
                change.unsure++;
        } else if (o->permanent || is_given_up(m, row))
                change.state = OUTBOX_REFUSED;
        else if (m->held)
                change.next_at = now + HELD_WAIT;
        else if (o->configuration && o->stage >= SEND_AUTH)
                change.next_at = now + login_seconds();
        else
                change.next_at = now + retry_seconds(row->tries);
        return change;
}

/* No words of the mail: what it is, and what became of it. */
static void tell_outcome(const struct outbox_row *row, const struct outbox_change *change) {
        const char *kind = outbox_kind_name(row->kind), *text = change->text ? change->text : "no answer";
        switch (change->state) {
        case OUTBOX_SENT:
                log_info("mail sent: %s %s", kind, row->key);
                break;
        case OUTBOX_REFUSED:
                log_error("mail not delivered, and not tried again: %s %s: %s", kind, row->key, text);
                break;
        case OUTBOX_UNKNOWN:
                log_warning("mail handed over, but nobody said that it was taken: %s %s: %s", kind, row->key, text);
                break;
        case OUTBOX_WAITING:
        case OUTBOX_SENDING:
        case OUTBOX_REPLACED:
                log_warning("mail not sent, trying again later: %s %s: %s", kind, row->key, text);
                break;
        }
}

/* A new state of a row and, when it is refused for good, what it told back among the untold: both or neither. */
static int change_row(struct mailing *m, const struct outbox_row *row, const struct outbox_change *change) {
        struct store *s = m->c->store;
        bool own = !store_in_batch(s);
        int r = own ? store_begin(s) : 0;
        if (r >= 0)
                r = outbox_change(s, row->id, change);
        if (r >= 0 && change->state == OUTBOX_REFUSED)
                r = outbox_take_back(s, row->message_id);
        if (r >= 0 && own)
                r = store_commit(s);
        if (r < 0 && own)
                store_rollback(s);
        return r;
}

/* 1; 0: another process had taken the row meanwhile, and knows better what becomes of it. */
static int note_outcome(struct mailing *m, const struct outbox_change *change) {
        int r = store_begin(m->c->store);
        if (r >= 0)
                r = outbox_stage(m->c->store, m->row.id, m->row.tries, change->stage);
        int mine = r;
        if (mine > 0)
                r = change_row(m, &m->row, change);
        if (r >= 0)
                r = store_commit(m->c->store);
        return r < 0 ? r : mine;
}

static int settle(struct mailing *m) {
        if (!m->ended)
                return 0;
        struct outbox_change change = judge_outcome(m, &m->row, &m->outcome);
        int r = note_outcome(m, &change);
        if (r < 0)
                return failed(m, r, "cannot note what became of a mail");
        if (r > 0)
                tell_outcome(&m->row, &change);
        m->ended = false;
        free(m->outcome.text);
        m->outcome = (struct outcome){};
        return 0;
}

static void end_try(struct mailing *m, const struct send_outcome *o) {
        m->outcome = (struct outcome){.stage = o->stage,
                                      .code = o->code,
                                      .permanent = o->permanent,
                                      .configuration = o->configuration,
                                      .text = o->text ? strdup(o->text) : NULL};
        m->ended = true;
}

static void on_done(const struct send_outcome *o, void *userdata) {
        struct mailing *m = userdata;
        end_try(m, o);
        m->sending = send_cancel(m->sending);
        arm(m, 0);
}

/* --- sending, one at a time */

/* Programs that send read lines as this system ends them. */
static size_t unix_lines(char *s, size_t size) {
        size_t n = 0;
        for (size_t i = 0; i < size; i++)
                if (s[i] != '\r' || i + 1 == size || s[i + 1] != '\n')
                        s[n++] = s[i];
        return n;
}

/* The row lies in our arena. */
static int prepare(struct mailing *m, const struct outbox_row *row) {
        const struct digest_settings *d = &m->c->settings->digest;
        m->row = *row;
        m->transport = (struct send_transport){copy_remote(m->arena, d->remote), copy_words(m->arena, d->sendmail)};
        if (!m->transport.remote != !d->remote || !m->transport.sendmail != !d->sendmail)
                return -ENOMEM;
        if (!m->transport.sendmail || row->size == 0)
                return 0;
        char *mail = arena_alloc(m->arena, row->size);
        if (!mail)
                return -ENOMEM;
        memcpy(mail, row->mail, row->size);
        m->row.mail = mail;
        m->row.size = unix_lines(mail, row->size);
        return 0;
}

/* From now on it may arrive. What cannot be written down must not happen: a batch of others may be rolled back, or end with their process. Nor what another does
 * who found the row SENDING under a clock by which that was hours ago. */
static int on_final(void *userdata) {
        struct mailing *m = userdata;
        int r = store_in_batch(m->c->store) ? -EBUSY
                                            : outbox_stage(m->c->store, m->row.id, m->row.tries, SEND_ACCEPTED_UNKNOWN);
        if (r == 0)
                r = -ESTALE;
        m->held = r < 0;
        return MIN(r, 0);
}

static void begin(struct mailing *m) {
        m->held = false;
        int r = send_start(m->event, m->c->program, &m->transport, m->row.sender, m->row.recipient, m->row.mail, m->row.size,
                           on_done, m, &m->sending);
        if (r >= 0) {
                send_set_final(m->sending, on_final);
                return;
        }
        const struct send_outcome o = {.stage = SEND_START, .permanent = r == -EINVAL || r == -E2BIG, .text = strerror(-r)};
        end_try(m, &o);
        arm(m, 0);
}

/* 1 something is being sent now, 0 nothing waits or somebody else took it. */
static int begin_next(struct mailing *m) {
        struct outbox_row row;
        arena_reset(m->arena);
        int r = outbox_due(m->c->store, now_of(m), PATIENCE, m->only, m->arena, &row);
        if (r > 0)
                r = prepare(m, &row) < 0 ? -ENOMEM : 1;
        if (r > 0)
                r = outbox_claim(m->c->store, m->row.id, now_of(m));
        if (r < 0)
                return failed(m, r, "cannot read what is to be mailed");
        if (r > 0) {
                m->row.tries++;
                begin(m);
        }
        return r;
}

static int hurry(struct mailing *m) {
        int r = m->hurry ? outbox_hurry(m->c->store, now_of(m), 0) : 0;
        if (r < 0)
                return failed(m, r, "cannot hurry what waits to be mailed");
        m->hurry = false;
        return 0;
}

static int arm_next(struct mailing *m) {
        int64_t seconds;
        int r = outbox_wait(m->c->store, now_of(m), PATIENCE, &seconds);
        if (r < 0)
                return failed(m, r, "cannot read what is to be mailed");
        if (m->look_at != INSTANT_MAX && (seconds < 0 || m->look_at - now_of(m) < seconds))
                seconds = m->look_at - now_of(m);
        if (seconds < 0 && m->look_at == INSTANT_MAX)
                (void) sd_event_source_set_enabled(m->timer, SD_EVENT_OFF);
        else
                arm(m, seconds);
        return 0;
}

static int pump(struct mailing *m) {
        if (m->sending)
                return 0;
        int r = settle(m);
        if (r >= 0 && mailing_is_configured(m->c->settings)) {
                r = m->only ? 0 : clear_up(m);
                if (r >= 0)
                        r = hurry(m);
                if (r >= 0)
                        r = begin_next(m);
                if (r == 0 && !m->only)
                        r = arm_next(m);
        }
        if (r < 0)
                arm(m, TROUBLE_WAIT);
        return MIN(r, 0);
}

bool mailing_is_busy(const struct mailing *m) {
        return m->sending || m->ended;
}

/* --- rows that others left, and those that may have arrived */

struct open_rows {
        struct mailing *m;
        struct arena *arena;
        struct outbox_row *rows;
        size_t n, room;
};

static int collect(struct open_rows *o, const struct outbox_row *row) {
        if (o->n == o->room) {
                size_t room = o->room ? 2 * o->room : 16;
                struct outbox_row *more = arena_new0(o->arena, struct outbox_row, room);
                if (!more)
                        return -ENOMEM;
                if (o->n > 0)
                        memcpy(more, o->rows, o->n * sizeof(*more));
                o->rows = more;
                o->room = room;
        }
        struct outbox_row *copy = &o->rows[o->n++];
        *copy = *row;
        copy->message_id = arena_strdup(o->arena, row->message_id);
        copy->key = arena_strdup(o->arena, row->key);
        copy->text = arena_strdup(o->arena, row->text);
        return copy->message_id && copy->key ? 0 : -ENOMEM;
}

/* For whoever asks while the store is not to be looked into. The rows come oldest first: what the newest of them says holds. */
static void see_row(struct mailing *m, const struct outbox_row *row) {
        bool open = row->state == OUTBOX_WAITING || row->state == OUTBOX_SENDING || row->state == OUTBOX_UNKNOWN;
        m->status.waiting += open;
        m->status.given_up += row->state == OUTBOX_REFUSED && row->changed_at > now_of(m) - GIVEN_UP_SHOWN;
        const char *text = row->state == OUTBOX_SENT || row->tries == 0 ? "" : row->text;
        (void) snprintf(m->fault, sizeof(m->fault), "%s", text ? text : "");
}

static int on_open_row(const struct outbox_row *row, void *userdata) {
        struct open_rows *o = userdata;
        bool mine = mailing_is_busy(o->m) && row->id == o->m->row.id;
        see_row(o->m, row);
        return !mine && (row->state == OUTBOX_SENDING || row->state == OUTBOX_UNKNOWN) ? collect(o, row) : 0;
}

/* Left in the middle of sending: by what was written before each step, it waits again or may have arrived. */
static int doubt(struct mailing *m, const struct outbox_row *row) {
        instant now = now_of(m);
        /* Who asked for a digest may be sending it this moment, also while a service starts. */
        bool left =
                (!m->started && row->kind != OUTBOX_EXTRA) || row->changed_at < now - SENDING_MOST || row->changed_at > now;
        bool handed_over = row->stage >= SEND_ACCEPTED_UNKNOWN;
        const struct outbox_change change = {.state = handed_over ? OUTBOX_UNKNOWN : OUTBOX_WAITING,
                                             .stage = row->stage,
                                             .code = row->code,
                                             .text = "interrupted while it was being sent",
                                             .unsure = row->unsure + handed_over,
                                             .at = now,
                                             .next_at = now};
        if (!left)
                return 0;
        if (handed_over)
                m->look_at = MIN(m->look_at, now + UNKNOWN_WAIT);
        tell_outcome(row, &change);
        return change_row(m, row, &change);
}

/* Arrived, if a source of the owner's holds it; else it is sent again in the end, under the same Message-ID, by which mail programs know it. */
static int resolve(struct mailing *m, const struct outbox_row *row) {
        instant now = now_of(m);
        struct outbox_change change = {.state = OUTBOX_UNKNOWN,
                                       .stage = row->stage,
                                       .code = row->code,
                                       .text = row->text,
                                       .unsure = row->unsure,
                                       .at = row->changed_at,
                                       .next_at = now};
        /* The day before covers a clock that was wrong; nobody can refer to it earlier. */
        int r = outbox_arrived(m->c->store, row->message_id, row->made_at - DAY);
        if (r < 0)
                return r;
        if (r > 0) {
                change.state = OUTBOX_SENT;
                change.unsure = 0;
                change.at = now;
        } else if (row->changed_at > now)
                change.at = now; /* the clock was set back */
        else if (now - row->changed_at >= UNKNOWN_WAIT) {
                change.state = row->unsure >= UNKNOWN_TRIES ? OUTBOX_REFUSED : OUTBOX_WAITING;
                change.at = now;
        } else {
                m->look_at = MIN(m->look_at, row->changed_at + UNKNOWN_WAIT);
                return 0;
        }
        if (change.state == OUTBOX_UNKNOWN)
                m->look_at = MIN(m->look_at, now + UNKNOWN_WAIT);
        else
                tell_outcome(row, &change);
        return change_row(m, row, &change);
}

static int clear_up(struct mailing *m) {
        struct open_rows o = {.m = m};
        m->look_at = INSTANT_MAX;
        m->status.waiting = m->status.given_up = 0;
        m->fault[0] = 0;
        int r = arena_new(0, &o.arena);
        if (r >= 0)
                r = outbox_list(m->c->store, OUTBOX_DONE_LOOKED_AT, on_open_row, &o);
        for (size_t i = 0; i < o.n && r >= 0; i++)
                if (o.rows[i].state == OUTBOX_SENDING)
                        r = doubt(m, &o.rows[i]);
                else if (m->judged)
                        r = resolve(m, &o.rows[i]);
        arena_free(o.arena);
        if (r >= 0)
                r = outbox_drop(m->c->store, now_of(m) - KEEP_MAIL);
        return r < 0 ? failed(m, r, "cannot note what became of a mail") : 0;
}

/* --- making mails */

static const char *zone_day_text(int32_t day, char buffer[static 16]) {
        int32_t year;
        int month, d;
        civil_from_days(day, &year, &month, &d);
        (void) snprintf(buffer, 16, "%04d-%02d-%02d", (int) (year % 10000), month % 100, d % 100);
        return buffer;
}

/* Everything about a mail that is to be put into the outbox. */
struct draft {
        enum outbox_kind kind;
        const char *key, *subject, *text;
        char *message_id; /* owned */
};

/* Rows for all recipients. 0; failures as of the store, or of mail_compose(). In a batch. */
static int put_rows(struct mailing *m, struct draft *d) {
        const struct settings *s = m->c->settings;
        int r = mail_message_id(outbox_kind_name(d->kind), d->key, s->owner.addresses[0], s->digest.from, &d->message_id);
        if (r < 0)
                return r;
        const struct mail mail = {.from_name = "adieu",
                                  .from = s->digest.from,
                                  .to = s->digest.to,
                                  .subject = d->subject,
                                  .message_id = d->message_id,
                                  .at = now_of(m),
                                  .zone = s->owner.zone,
                                  .language = digest_language(m->c),
                                  .text = d->text};
        _cleanup_buf_ struct buf bytes = {};
        r = mail_compose(&mail, &bytes);
        if (r == -EINVAL)
                log_error("digest.to or digest.from holds an address that cannot be written to");
        for (size_t i = 0; r >= 0 && s->digest.to[i]; i++) {
                const struct outbox_row row = {.message_id = d->message_id,
                                               .key = d->key,
                                               .sender = s->digest.from,
                                               .recipient = s->digest.to[i],
                                               .subject = d->subject,
                                               .kind = d->kind,
                                               .made_at = mail.at,
                                               .mail = bytes.data,
                                               .size = bytes.size};
                r = outbox_put(m->c->store, &row, NULL);
        }
        return MIN(r, 0);
}

struct telling {
        struct mailing *m;
        enum outlet outlet;
        const char *message_id;
};

static int tell_id(const char *id, void *userdata) {
        const struct telling *t = userdata;
        return store_tell_in(t->m->c->store, id, t->outlet, t->message_id, now_of(t->m));
}

static int tell_mails(const struct digest_report *report, struct telling *t) {
        int r = 0;
        for (size_t i = 0; i < report->n_mails && r >= 0; i++) {
                char id[DIGEST_MAIL_ID_SIZE];
                digest_mail_id(&report->mails[i], id);
                r = tell_id(id, t);
        }
        return r;
}

static int since_of(struct mailing *m, instant *ret) {
        *ret = now_of(m);
        return store_first(m->c->store, MOMENT_SINCE, ret);
}

/* From the last digest on, a week back before the first. */
static int report_from(struct context *c, instant *ret) {
        instant now = clock_now(&c->clock);
        int r = outbox_made(c->store, OUTBOX_DIGEST, INSTANT_MIN, now, ret);
        if (r == 0)
                *ret = now - WEEK;
        return MIN(r, 0);
}

int mailing_report(struct context *c, const struct judgement *j, struct digest_report *ret) {
        instant now = clock_now(&c->clock), since = now, from = 0;
        int r = store_moment(c->store, MOMENT_SINCE, &since);
        if (r >= 0)
                r = report_from(c, &from);
        if (r < 0)
                return judge_failed(c, r, "cannot tell what was mailed before");
        return digest_report(c, j, MIN(since, now) - WEEK, from, ret);
}

/* The week is done without a mail: the row says so, as a mail's would. */
static int put_nothing(struct mailing *m, const char *key) {
        const struct outbox_row row = {.message_id = key,
                                       .key = key,
                                       .sender = "",
                                       .recipient = "",
                                       .subject = "",
                                       .kind = OUTBOX_DIGEST,
                                       .made_at = now_of(m)};
        int64_t id;
        int r = outbox_put(m->c->store, &row, &id);
        if (r <= 0)
                return r;
        const struct outbox_change change = {
                .state = OUTBOX_SENT, .stage = -1, .text = "nothing to tell", .at = now_of(m), .next_at = now_of(m)};
        return outbox_change(m->c->store, id, &change);
}

static int put_report(struct mailing *m, const struct judgement *j, const struct digest_report *report, struct draft *d) {
        _cleanup_buf_ struct buf subject = {}, text = {};
        bool at_once = d->kind == OUTBOX_ALERT;
        int r = digest_write(m->c, report, at_once, &subject, &text);
        if (r < 0)
                return r;
        d->subject = subject.data;
        d->text = text.data;
        r = put_rows(m, d);
        struct telling t = {.m = m, .outlet = at_once ? OUTLET_MAIL : OUTLET_DIGEST, .message_id = d->message_id};
        if (r >= 0 && at_once)
                r = digest_said_ids(&report->digest, tell_id, &t);
        if (r >= 0 && d->kind == OUTBOX_DIGEST)
                r = digest_told_ids(j->alerts, j->n_alerts, tell_id, &t);
        if (r >= 0 && d->kind == OUTBOX_DIGEST)
                r = tell_mails(report, &t);
        free(d->message_id);
        d->message_id = NULL;
        d->subject = d->text = NULL;
        return r;
}

/* In a batch. Mails that nobody took yet would come together with this one, so it tells what they told. */
static int write_digest(struct mailing *m, const struct judgement *j, const char *key) {
        struct digest_report report;
        int r = outbox_replace(m->c->store, now_of(m));
        if (r < 0)
                return r;
        r = mailing_report(m->c, j, &report);
        if (r < 0)
                return r;
        if (digest_report_is_empty(&report) && !m->c->settings->digest.empty)
                r = put_nothing(m, key);
        else
                r = put_report(m, j, &report, &(struct draft){.kind = OUTBOX_DIGEST, .key = key});
        digest_report_free(&report);
        return r;
}

/* Once a week: none of this name, and none made since it was due, when the owner chose another day. */
static int make_digest(struct mailing *m, const struct judgement *j, instant since, instant *next) {
        const struct settings *settings = m->c->settings;
        instant now = now_of(m), made;
        int32_t day;
        char key[16];
        m->status.next_digest = schedule_next(&settings->digest.every, settings->owner.zone, now, NULL);
        *next = MIN(*next, m->status.next_digest);
        instant due = schedule_last(&settings->digest.every, settings->owner.zone, now, &day);
        if (due < since)
                return 0;
        int r = outbox_has(m->c->store, OUTBOX_DIGEST, zone_day_text(day, key));
        if (r == 0)
                r = outbox_made(m->c->store, OUTBOX_DIGEST, due, now, &made);
        if (r != 0)
                return MIN(r, 0);
        r = store_begin(m->c->store);
        if (r >= 0)
                r = write_digest(m, j, key);
        return r < 0 ? r : store_commit(m->c->store);
}

/* A name from what it tells: the same alerts give the same mail. */
static const char *alert_key(const struct digest *d, instant now, char key[static 48]) {
        uint64_t h = 0;
        for (size_t i = 0; i < d->n; i++) {
                for (size_t k = 0; k < d->items[i].n_news; k++)
                        h = hash_bytes(d->items[i].news[k]->breach, strlen(d->items[i].news[k]->breach), h);
                if (d->items[i].repeat)
                        h = hash_bytes(d->items[i].alert->repeat, strlen(d->items[i].alert->repeat), h);
        }
        (void) snprintf(key, 48, "%016" PRIx64 "-%" PRId64, h, now / DAY);
        return key;
}

/* In the owner's hours; INSTANT_MAX when they never begin: the digest tells it. */
static instant next_hours(const struct work_calendar *calendar, instant now) {
        if (work_calendar_is_open(calendar, now))
                return now;
        instant first = work_calendar_add_seconds(calendar, now, 1);
        return first == INSTANT_UNKNOWN ? INSTANT_MAX : first - 1;
}

static int make_alert(struct mailing *m, const struct judgement *j, instant since, instant *next) {
        struct digest_report report;
        char key[48];
        instant now = now_of(m);
        int r = digest_report_at_once(m->c, j, since, &report);
        if (r < 0)
                return r;
        if (report.digest.n > 0) {
                instant begins = next_hours(&m->c->settings->owner.calendar, now);
                *next = MIN(*next, begins > now ? begins : INSTANT_MAX);
                r = begins > now ? 0 : store_begin(m->c->store);
                if (begins <= now && r >= 0)
                        r = put_report(m, j, &report,
                                       &(struct draft){.kind = OUTBOX_ALERT, .key = alert_key(&report.digest, now, key)});
                if (begins <= now && r >= 0)
                        r = store_commit(m->c->store);
        }
        digest_report_free(&report);
        return r;
}

/* One that cannot be made does not hold up the other. */
static int make_mails(struct mailing *m, const struct judgement *j, instant since, instant *next) {
        int digest = make_digest(m, j, since, next);
        if (digest < 0)
                digest = failed(m, digest, "cannot keep the digest that is to be mailed");
        int alert = make_alert(m, j, since, next);
        if (alert < 0)
                alert = failed(m, alert, "cannot keep the alerts that are to be mailed");
        return MIN(digest, alert);
}

int mailing_turn(struct mailing *m, const struct judgement *j, instant *ret_next) {
        instant since, next = INSTANT_MAX;
        int r = settle(m);
        if (r < 0) {
                arm(m, TROUBLE_WAIT);
                return r;
        }
        if (!mailing_is_configured(m->c->settings)) {
                *ret_next = m->status.next_digest = INSTANT_MAX;
                return 0;
        }
        m->judged = m->judged || j;
        r = since_of(m, &since);
        if (r >= 0)
                r = clear_up(m);
        if (r >= 0 && !m->started)
                r = outbox_hurry(m->c->store, now_of(m), START_WAIT);
        if (r < 0) {
                arm(m, 0);
                return failed(m, r, "cannot keep what is to be mailed");
        }
        m->started = true;
        r = j && !j->partial ? make_mails(m, j, since, &next) : 0;
        if (r < 0) {
                /* What is in the outbox goes out all the same. */
                arm(m, 0);
                return r;
        }
        *ret_next = next;
        return pump(m);
}

int mailing_notice(struct mailing *m, const char *key, const char *subject, const char *text) {
        if (!mailing_is_configured(m->c->settings))
                return 0;
        int r = outbox_has(m->c->store, OUTBOX_NOTICE, key);
        if (r != 0)
                return r < 0 ? failed(m, r, "cannot read what was mailed") : 0;
        _cleanup_buf_ struct buf wrapped = {};
        r = digest_wrap(text, &wrapped);
        if (r < 0)
                return log_errno(r, "cannot write the mail");
        struct draft d = {.kind = OUTBOX_NOTICE, .key = key, .subject = subject, .text = wrapped.data ? wrapped.data : ""};
        r = store_begin(m->c->store);
        if (r >= 0)
                r = put_rows(m, &d);
        free(d.message_id);
        if (r >= 0)
                r = store_commit(m->c->store);
        if (r < 0)
                return failed(m, r, "cannot keep what is to be mailed");
        arm(m, 0);
        return 1;
}

/* One that no other has, also where the clock stands or somebody asks twice within a second: a name that is taken would pass for sent. */
static int extra_key(struct mailing *m, char key[static EXTRA_KEY_SIZE]) {
        (void) snprintf(key, EXTRA_KEY_SIZE, "%" PRId64, now_of(m));
        int r = outbox_has(m->c->store, OUTBOX_EXTRA, key);
        for (unsigned n = 2; r > 0 && n > 0; n++) {
                (void) snprintf(key, EXTRA_KEY_SIZE, "%" PRId64 "-%u", now_of(m), n);
                r = outbox_has(m->c->store, OUTBOX_EXTRA, key);
        }
        return r;
}

int mailing_extra(struct mailing *m, const struct judgement *j, char **ret_message_id) {
        const struct settings *s = m->c->settings;
        struct digest_report report;
        char key[EXTRA_KEY_SIZE];
        int r = mailing_report(m->c, j, &report);
        if (r < 0)
                return r;
        char *message_id = NULL;
        r = store_begin(m->c->store);
        if (r >= 0)
                r = extra_key(m, key);
        if (r >= 0)
                r = mail_message_id(outbox_kind_name(OUTBOX_EXTRA), key, s->owner.addresses[0], s->digest.from, &message_id);
        if (r >= 0)
                r = outbox_replace_extra(m->c->store, now_of(m));
        if (r >= 0)
                r = put_report(m, j, &report, &(struct draft){.kind = OUTBOX_EXTRA, .key = key});
        if (r >= 0)
                r = store_commit(m->c->store);
        digest_report_free(&report);
        if (r < 0) {
                free(message_id);
                return failed(m, r, "cannot keep what is to be mailed");
        }
        m->only = *ret_message_id = message_id;
        return pump(m);
}

/* --- beginning and end */

void mailing_get_status(const struct mailing *m, struct mailing_status *ret) {
        *ret = m->status;
        ret->fault = m->fault[0] ? m->fault : NULL;
}

void mailing_reload(struct mailing *m) {
        m->hurry = true;
        arm(m, 0);
}

int mailing_new(sd_event *event, struct context *c, struct mailing **ret) {
        struct mailing *m = calloc(1, sizeof(*m));
        if (!m)
                return -ENOMEM;
        m->c = c;
        m->event = sd_event_ref(event);
        m->look_at = m->status.next_digest = INSTANT_MAX;
        int r = arena_new(0, &m->arena);
        if (r >= 0)
                r = sd_event_add_time(event, &m->timer, CLOCK_BOOTTIME, UINT64_MAX, 0, on_timer, m);
        if (r >= 0)
                r = sd_event_source_set_enabled(m->timer, SD_EVENT_OFF);
        if (r < 0) {
                mailing_free(m);
                return r;
        }
        *ret = m;
        return 0;
}

struct mailing *mailing_free(struct mailing *m) {
        if (!m)
                return NULL;
        if (m->sending) {
                const struct send_outcome o = {.stage = sending_stage(m->sending),
                                               .text = "interrupted by the end of the service"};
                end_try(m, &o);
                m->sending = send_cancel(m->sending);
        }
        /* What cannot be written is found as SENDING by the next start. */
        if (m->ended && !store_in_batch(m->c->store))
                (void) settle(m);
        free(m->outcome.text);
        (void) sd_event_source_disable_unref(m->timer);
        sd_event_unref(m->event);
        arena_free(m->arena);
        free(m);
        return NULL;
}
