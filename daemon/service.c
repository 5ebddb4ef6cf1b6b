/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/service.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/output.h"
#include "daemon/reader.h"
#include "daemon/tell.h"
#include "daemon/watch.h"

/* One turn of the loop never reads: passes run between turns, and turn the loop themselves while roles work. So a signal is heard in the middle of
 * a pass, and nothing is ever called from within itself. */

/* What comes together is read together: a mail program moves a file, then renames it. Well below the second an alert may take. */
#define SETTLE_USEC UINT64_C(150000)
/* What inotify cannot see. */
#define RESCAN_USEC (UINT64_C(15) * 60 * 1000000)
/* After a pass that failed as a whole (a full disk, a locked store). */
#define RETRY_USEC (UINT64_C(60) * 1000000)
/* Alerts as JSON lines, for other programs; in the folder of the store. */
#define ALERTS_FILE "alerts.jsonl"
/* The kind of message in the journal: contrib/systemd/adieu.catalog explains it. */
#define MESSAGE_ID_ALERT "4c7026bb2d7043078dc3a2a4130a261f"

struct service {
        struct context *c;
        sd_event *event;
        struct watch *watch;
        struct pool *pool; /* while a pass runs */
        sd_event_source *settle, *rescan, *deadline;
        struct buf lines; /* alerts on their way to ALERTS_FILE */
        bool stopping, reload, wanted;
};

static void status(const char *format, ...) _printf_(1, 2);
static void status(const char *format, ...) {
        char text[400];
        va_list ap;
        va_start(ap, format);
        (void) vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        (void) sd_notifyf(0, "STATUS=%s", text);
}

/* --- what wakes it */

static int on_wanted(sd_event_source *source, uint64_t usec, void *userdata) {
        struct service *s = userdata;
        (void) source;
        (void) usec;
        s->wanted = true;
        return 0;
}

static void arm(sd_event_source *source, uint64_t usec) {
        (void) sd_event_source_set_time_relative(source, usec);
        (void) sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* The first change of several sets the time; the others do not move it, or a busy mailbox would never be read. */
static void on_change(void *userdata) {
        struct service *s = userdata;
        int enabled = SD_EVENT_OFF;
        (void) sd_event_source_get_enabled(s->settle, &enabled);
        if (enabled == SD_EVENT_OFF)
                arm(s->settle, SETTLE_USEC);
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata) {
        struct service *s = userdata;
        (void) source;
        if (si->ssi_signo == SIGHUP) {
                s->reload = true;
                return 0;
        }
        s->stopping = true;
        (void) sd_notify(0, "STOPPING=1\nSTATUS=ending");
        if (s->pool)
                pool_cancel(s->pool);
        return 0;
}

/* --- telling */

static int journal_alert(const struct alert *a) {
        const char *client = a->client ? a->client->name : "-";
        /* No words of mail, nobody's address: the owner's own names for rule and client, times and numbers. */
        int r = sd_journal_send("MESSAGE=%s: %s (%s)", client, a->title, a->summary, "PRIORITY=%i", LOG_LEVEL_NOTICE,
                                "MESSAGE_ID=" MESSAGE_ID_ALERT, "ADIEU_ALERT=%s", a->id, "ADIEU_RULE=%s", rule_id(a->rule),
                                "ADIEU_CLIENT=%s", a->client ? a->client->id : "", "ADIEU_SEVERITY=%s",
                                severity_name(a->severity), "ADIEU_LASTING=%s", lasting_name(a->lasting), "ADIEU_COUNT=%u",
                                (unsigned) a->count, NULL);
        if (r < 0) /* no journal here */
                log_notice("%s: %s (%s)", client, a->title, a->summary);
        return 0;
}

static int tell_alert(struct context *c, const struct alert *a, size_t n, void *userdata) {
        struct service *s = userdata;
        char **quotes;
        if (n == 0)
                buf_reset(&s->lines);
        int r = alert_quotes(c, a, &quotes);
        if (r < 0)
                return r;
        json_object *o = json_alert(a, (const char *const *) quotes, c->settings->owner.zone);
        (void) buf_add_str(&s->lines,
                           json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
        (void) buf_add_char(&s->lines, '\n');
        json_object_put(o);
        quotes_free(quotes, a->n_evidence);
        if (s->lines.error < 0)
                return log_errno(s->lines.error, "cannot keep the alerts");
        return journal_alert(a);
}

static int write_all(int fd, const char *data, size_t size) {
        while (size > 0) {
                ssize_t n = write(fd, data, size);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                data += n;
                size -= (size_t) n;
        }
        return fsync(fd) < 0 ? -errno : 0;
}

/* Opened each time: whoever rotates it need not tell us. */
static int flush_alerts(void *userdata) {
        struct service *s = userdata;
        if (s->lines.size == 0)
                return 0;
        _cleanup_free_ char *path = reader_join(s->c->state, ALERTS_FILE);
        int fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
        if (fd < 0)
                return log_errno(path ? -errno : -ENOMEM, "cannot write %s", path ? path : ALERTS_FILE);
        int r = write_all(fd, s->lines.data, s->lines.size);
        (void) close(fd);
        buf_reset(&s->lines);
        return r < 0 ? log_errno(r, "cannot write %s", path) : 0;
}

/* --- a pass */

static void on_trouble(const char *source, const char *text, void *userdata) {
        (void) userdata;
        log_warning("%s: %s", source, text);
}

static void on_progress(const struct read_totals *t, const char *source, void *userdata) {
        (void) userdata;
        status("reading %s: %" PRId64 " looked at, %" PRId64 " read", source, t->items, t->read);
}

static int read_pass(struct service *s, struct read_totals *totals) {
        struct context *c = s->c;
        int r = pool_new(s->event, c->program, 0, &reader_handlers, &s->pool);
        if (r < 0)
                return log_errno(r, "cannot start the parse roles");
        const struct reader_options options = {
                .store = c->store,
                .pool = s->pool,
                .settings = c->settings,
                .clock = c->clock,
                .progress = on_progress,
                .trouble = on_trouble,
        };
        r = read_sources(&options, totals);
        s->pool = pool_free(s->pool);
        if (r < 0 && r != -ECANCELED)
                (void) judge_failed(c, r, "cannot read the sources");
        return r;
}

/* The next time that something becomes due by itself. A clock that is set wakes the timer too. */
static void arm_deadline(struct service *s, instant next) {
        if (next >= INSTANT_MAX / 1000000) {
                (void) sd_event_source_set_enabled(s->deadline, SD_EVENT_OFF);
                return;
        }
        /* What comes at the deadline still comes in time: look when it has passed. */
        (void) sd_event_source_set_time(s->deadline, (uint64_t) MAX(next + 1, INT64_C(0)) * 1000000);
        (void) sd_event_source_set_enabled(s->deadline, SD_EVENT_ONESHOT);
}

static int judge_pass(struct service *s, size_t *ret_open) {
        struct judgement j = {};
        int r = judge(s->c, &j);
        if (r < 0)
                return r;
        size_t news = 0;
        r = tell_news(s->c, &j, OUTLET_LINES, &(struct teller){tell_alert, flush_alerts, s}, &news);
        arm_deadline(s, evaluation_next_deadline(j.evaluation));
        *ret_open = 0;
        for (size_t i = 0; i < j.n_alerts; i++)
                *ret_open += j.alerts[i].state == ALERT_OPEN && j.alerts[i].mode != MODE_WATCH;
        judgement_free(&j);
        return r;
}

static void pass(struct service *s) {
        struct read_totals totals = {};
        size_t open_alerts = 0;
        s->wanted = false;
        (void) sd_event_source_set_enabled(s->settle, SD_EVENT_OFF);
        int r = read_pass(s, &totals);
        if (s->stopping)
                return;
        if (r >= 0)
                r = judge_pass(s, &open_alerts);
        /* Folders that appeared are watched from now on; what came into them meanwhile is seen by the pass that their appearance asks for. */
        if (watch_sources(s->watch, s->c->settings) < 0)
                log_errno(-ENOMEM, "cannot watch the sources");
        arm(s->rescan, r < 0 ? RETRY_USEC : RESCAN_USEC);
        if (r < 0)
                status("the last pass failed: %s; trying again within a minute", strerror(-r));
        else
                status("%zu alerts open; %u of %u sources read%s", open_alerts, totals.sources - totals.failed_sources,
                       totals.sources, totals.failed_sources > 0 ? " (adieu status tells why not all)" : "");
}

/* --- reload */

static int load(struct context *c) {
        if (context_zones(c) < 0)
                return EXIT_FAULT;
        int r = context_configuration(c, NULL, 0);
        return r == EXIT_DONE ? context_holidays(c) : r;
}

/* The whole configuration anew, or all of the old one. */
static void reload(struct service *s) {
        struct context *c = s->c;
        struct context next = {.program = c->program,
                               .config_path = c->config_path,
                               .clock = c->clock,
                               .now_wall = c->now_wall,
                               .warns = true};
        s->reload = false;
        (void) sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_monotonic_ns() / 1000);
        if (load(&next) != EXIT_DONE) {
                context_free(&next);
                log_error("the new configuration has faults: the old one stays in force");
                (void) sd_notify(0, "READY=1\nSTATUS=the new configuration has faults, the old one stays in force");
                return;
        }
        next.store = c->store;
        next.state = c->state;
        c->store = NULL;
        c->state = NULL;
        context_free(c);
        *c = next;
        log_info("configuration read again: %zu rules", ruleset_size(c->rules));
        (void) sd_notify(0, "READY=1");
        s->wanted = true;
}

/* --- the service */

static int add_sources(struct service *s) {
        static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
        int r = 0;
        for (size_t i = 0; i < ELEMENTSOF(signals) && r >= 0; i++)
                r = sd_event_add_signal(s->event, NULL, signals[i] | SD_EVENT_SIGNAL_PROCMASK, on_signal, s);
        struct {
                sd_event_source **source;
                clockid_t clock;
        } timers[] = {{&s->settle, CLOCK_MONOTONIC}, {&s->rescan, CLOCK_BOOTTIME}, {&s->deadline, CLOCK_OF_INSTANTS}};
        for (size_t i = 0; i < ELEMENTSOF(timers) && r >= 0; i++) {
                r = sd_event_add_time(s->event, timers[i].source, timers[i].clock, UINT64_MAX, 0, on_wanted, s);
                if (r >= 0)
                        r = sd_event_source_set_enabled(*timers[i].source, SD_EVENT_OFF);
        }
        if (r >= 0)
                r = sd_event_set_watchdog(s->event, true);
        return r < 0 ? r : watch_new(s->event, on_change, s, &s->watch);
}

static int loop(struct service *s) {
        /* Before the first pass, so that nothing falls between. */
        if (watch_sources(s->watch, s->c->settings) < 0)
                return log_errno(-ENOMEM, "cannot watch the sources");
        (void) sd_notify(0, "READY=1\nSTATUS=reading");
        s->wanted = true;
        while (!s->stopping) {
                int r = 0;
                if (s->reload)
                        reload(s);
                else if (s->wanted)
                        pass(s);
                else
                        r = sd_event_run(s->event, UINT64_MAX);
                if (r < 0)
                        return log_errno(r, "the event loop failed");
        }
        return 0;
}

static void service_end(struct service *s) {
        pool_free(s->pool);
        watch_free(s->watch);
        (void) sd_event_source_disable_unref(s->settle);
        (void) sd_event_source_disable_unref(s->rescan);
        (void) sd_event_source_disable_unref(s->deadline);
        sd_event_unref(s->event);
        buf_free(&s->lines);
}

int service_run(struct context *c) {
        struct service s = {.c = c};
        int r = sd_event_new(&s.event);
        if (r >= 0)
                r = add_sources(&s);
        if (r < 0) {
                log_errno(r, "cannot start the event loop");
                service_end(&s);
                return EXIT_FAULT;
        }
        int status = load(c);
        if (status == EXIT_DONE)
                status = context_store(c, 0);
        if (status == EXIT_DONE && loop(&s) < 0)
                status = EXIT_FAULT;
        service_end(&s);
        return status;
}
