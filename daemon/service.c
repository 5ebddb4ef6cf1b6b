/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/service.h"

#include <signal.h>
#include <stdio.h>
#include <sys/timerfd.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "daemon/accounts.h"
#include "daemon/bus.h"
#include "daemon/ending.h"
#include "daemon/log.h"
#include "daemon/lull.h"
#include "daemon/mailing.h"
#include "daemon/outlet_command.h"
#include "daemon/outlet_lines.h"
#include "daemon/reader.h"
#include "daemon/running.h"
#include "daemon/watch.h"

/* One turn of the loop never reads: passes run between turns, and turn the loop themselves while roles work. So a signal is heard in the middle of
 * a pass, and nothing is ever called from within itself: what is called from the loop takes note, and loop() below does it. */

#define USEC_PER_SEC UINT64_C(1000000)
/* What comes together is read together: a mail program moves a file, then renames it. Well below the second an alert may take. */
#define SETTLE_USEC UINT64_C(150000)
/* What inotify cannot see. */
#define RESCAN_USEC (15 * 60 * USEC_PER_SEC)
/* After a pass that failed as a whole (a full disk, a locked store, roles that do not start), then twice as long each time. */
#define RETRY_FIRST_USEC (2 * USEC_PER_SEC)
#define RETRY_MAX_USEC (60 * USEC_PER_SEC)
/* The kind of message in the journal: contrib/systemd/adieu.catalog explains it. */
#define MESSAGE_ID_FAULTS "9f0f9886fcac4d32aefb7ecddba108f4"

/* A source as of the last pass, for whoever asks in the middle of the next. */
struct seen_source {
        char *kind, *name, *error; /* owned; error "" when it was read whole */
        instant read_at;
};

struct service {
        struct context *c;
        sd_event *event;
        struct watch *watch;
        struct pool *pool; /* while a pass runs */
        struct accounts *accounts;
        struct bus *bus;
        struct outlet_lines *lines;
        struct outlet_command *command;
        struct mailing *mailing;
        sd_event_source *settle, *rescan, *deadline, *jump;
        int running; /* the lock of the store */
        int clock;   /* tells when the clock is set */
        bool stopping, reload, wanted, errand, partial;
        unsigned failures; /* passes that failed in a row */
        struct lull lull;
        struct catch_up catch_up;

        /* What it says of itself. */
        char doing[512];
        char *fault;      /* of the last reload; NULL: it went well */
        bool fault_waits; /* it is still to be put among the mails */
        instant running_since, last_pass, next_pass, next_deadline;
        size_t open_alerts;
        struct seen_source *sources;
        size_t n_sources;
};

/* --- what it says of itself */

static void say(struct service *s, const char *format, ...) _printf_(2, 3);
static void say(struct service *s, const char *format, ...) {
        va_list ap;
        va_start(ap, format);
        (void) vsnprintf(s->doing, sizeof(s->doing), format, ap);
        va_end(ap);
        /* One line, whatever a path holds. */
        for (char *p = s->doing; *p; p++)
                if (*p == '\n')
                        *p = ' ';
        (void) sd_notifyf(0, "STATUS=%s", s->doing);
}

/* After a pass that went well: what a person wants to know first, and what is wrong. */
static void say_rest(struct service *s, const struct read_totals *t) {
        struct outlet_command_status command;
        char put_aside[64] = "";
        outlet_command_get_status(s->command, &command);
        if (command.given_up > 0)
                (void) snprintf(put_aside, sizeof(put_aside), "; on_alert failed for %zu alerts", command.given_up);
        say(s, "%zu alerts open; %u of %u sources read%s%s%s%s%s", s->open_alerts, t->sources - t->failed_sources,
            t->sources, t->failed_sources > 0 ? " (adieu status tells why not all)" : "",
            s->partial ? "; alerts are told when the account that is being read has been" : "", put_aside,
            s->fault ? "; the configuration has faults, the old one stays in force: " : "", s->fault ? s->fault : "");
}

static void sources_free(struct service *s) {
        for (size_t i = 0; i < s->n_sources; i++) {
                free(s->sources[i].kind);
                free(s->sources[i].name);
                free(s->sources[i].error);
        }
        free(s->sources);
        s->sources = NULL;
        s->n_sources = 0;
}

static int on_source(const struct store_source_status *st, void *userdata) {
        struct service *s = userdata;
        if (!source_is_configured(s->c->settings, st) || s->n_sources == s->c->settings->n_sources)
                return 0;
        struct seen_source *x = &s->sources[s->n_sources++];
        *x = (struct seen_source){.kind = strdup(st->kind),
                                  .name = strdup(st->name),
                                  .error = strdup(st->error ? st->error : ""),
                                  .read_at = st->read_at};
        return x->kind && x->name && x->error ? 0 : -ENOMEM;
}

static void see_sources(struct service *s) {
        sources_free(s);
        s->sources = calloc(s->c->settings->n_sources + 1, sizeof(*s->sources));
        /* Only the answer to who asks suffers. */
        if (!s->sources || store_sources(s->c->store, on_source, s) < 0)
                sources_free(s);
}

static int add_sources_status(const struct service *s, sd_bus_message *reply) {
        int r = sd_bus_message_open_container(reply, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(reply, "s", "sources");
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'v', "a(sstss)");
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(sstss)");
        for (size_t i = 0; i < s->n_sources && r >= 0; i++) {
                const struct seen_source *x = &s->sources[i];
                uint64_t read = x->read_at > 0 ? (uint64_t) x->read_at * USEC_PER_SEC : 0;
                r = sd_bus_message_append(reply, "(sstss)", x->kind, x->name, read, *x->error ? "failed" : "read", x->error);
        }
        for (unsigned i = 0; i < 3 && r >= 0; i++)
                r = sd_bus_message_close_container(reply);
        return r;
}

/* In the middle of a pass, too: nothing here looks into the store. */
static int on_bus_status(sd_bus_message *reply, void *userdata) {
        struct service *s = userdata;
        struct outlet_command_status command;
        _cleanup_free_ char *configuration = realpath(s->c->files[0].path, NULL);
        struct mailing_status mail;
        mailing_get_status(s->mailing, &mail);
        outlet_command_get_status(s->command, &command);
        const struct {
                const char *key, *text;
        } texts[] = {
                {"version", PACKAGE_VERSION},
                {"configuration", configuration ? configuration : s->c->files[0].path},
                {"configuration_fault", s->fault},
                {"state", s->c->state},
                {"doing", s->doing},
                {"alerts_file_fault", outlet_lines_fault(s->lines)},
                {"command_fault", command.fault},
                {"mail_fault", mail.fault},
        };
        const struct {
                const char *key;
                instant at;
        } times[] = {
                {"running_since", s->running_since}, {"last_pass", s->last_pass},       {"next_pass", s->next_pass},
                {"next_deadline", s->next_deadline}, {"next_digest", mail.next_digest},
        };
        const struct {
                const char *key;
                uint64_t number;
        } numbers[] = {
                {"process", (uint64_t) getpid()},     {"alerts_open", s->open_alerts},
                {"command_waiting", command.waiting}, {"command_given_up", command.given_up},
                {"mail_waiting", mail.waiting},       {"mail_given_up", mail.given_up},
        };
        int r = 0;
        for (size_t i = 0; i < ELEMENTSOF(texts) && r >= 0; i++)
                r = bus_add_text(reply, texts[i].key, texts[i].text);
        for (size_t i = 0; i < ELEMENTSOF(times) && r >= 0; i++)
                r = bus_add_time(reply, times[i].key, times[i].at);
        for (size_t i = 0; i < ELEMENTSOF(numbers) && r >= 0; i++)
                r = bus_add_number(reply, numbers[i].key, numbers[i].number);
        return r < 0 ? r : add_sources_status(s, reply);
}

/* --- what wakes it */

static void on_bus_scan(void *userdata) {
        struct service *s = userdata;
        s->wanted = true;
}

/* What is being read is read on after the reload. */
static void on_bus_reload(void *userdata) {
        struct service *s = userdata;
        s->reload = true;
        if (s->pool)
                pool_cancel(s->pool);
}

static void on_alert_signal(const struct alert *a, void *userdata) {
        struct service *s = userdata;
        bus_alert(s->bus, a);
}

static void on_command(void *userdata) {
        struct service *s = userdata;
        s->errand = true;
}

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

static void arm_rescan(struct service *s, uint64_t usec) {
        arm(s->rescan, usec);
        s->next_pass = clock_now(&s->c->clock) + (instant) (usec / USEC_PER_SEC);
}

/* The first change of several sets the time; the others do not move it, or a busy mailbox would never be read. While passes fail, changes do not make
 * them come faster. */
static void on_change(void *userdata) {
        struct service *s = userdata;
        int enabled = SD_EVENT_OFF;
        (void) sd_event_source_get_enabled(s->settle, &enabled);
        if (enabled == SD_EVENT_OFF && s->failures == 0)
                arm(s->settle, SETTLE_USEC);
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata) {
        struct service *s = userdata;
        (void) source;
        if (si->ssi_signo == SIGHUP) {
                on_bus_reload(s);
                return 0;
        }
        s->stopping = true;
        (void) sd_notify(0, "STOPPING=1\nSTATUS=ending");
        if (s->pool)
                pool_cancel(s->pool);
        /* Whatever else turns this loop comes to its end. */
        return sd_event_exit(s->event, 0);
}

/* A mailbox of this machine does not wait for a server. */
static void on_file_change(void *userdata) {
        struct service *s = userdata;
        accounts_hurry(s->accounts);
        on_change(s);
}

/* --- the clock is set: what is due, and what is not any more, is looked at anew */

static int arm_clock(int fd) {
        /* A time that never comes: it is the setting of the clock that is waited for, and waking from sleep is one. */
        const struct itimerspec never = {.it_value.tv_sec = INT64_C(1) << 40};
        return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) < 0 ? -errno : 0;
}

static int on_clock(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        struct service *s = userdata;
        uint64_t expired;
        (void) source;
        (void) revents;
        (void) !read(fd, &expired, sizeof(expired));
        (void) arm_clock(fd);
        accounts_awake(s->accounts);
        s->wanted = true;
        return 0;
}

static int watch_clock(struct service *s) {
        s->clock = timerfd_create(CLOCK_OF_INSTANTS, TFD_CLOEXEC | TFD_NONBLOCK);
        int r = s->clock < 0 ? -errno : arm_clock(s->clock);
        return r < 0 ? r : sd_event_add_io(s->event, &s->jump, s->clock, EPOLLIN, on_clock, s);
}

/* --- a pass */

/* Once for each fault, however often it is loaded. What cannot be written now is tried again by the next pass. */
static void mail_fault(struct service *s, const char *fault) {
        bool french = str_eq(digest_language(s->c), "fr");
        char key[32];
        _cleanup_free_ char *text = NULL;
        (void) snprintf(key, sizeof(key), "fault-%016" PRIx64, hash_bytes(fault, strlen(fault), 0));
        if (asprintf(&text,
                     french ? "La nouvelle configuration a des fautes ; l'ancienne reste en vigueur.\n\n%s\n\n"
                              "« adieu rules check » montre chaque faute à sa place.\n"
                            : "The new configuration has faults; the old one stays in force.\n\n%s\n\n"
                              "`adieu rules check` shows every fault at its place.\n",
                     fault) < 0) {
                log_errno(-ENOMEM, "cannot mail the fault");
                text = NULL;
                s->fault_waits = true;
                return;
        }
        const char *subject =
                french ? "adieu : la nouvelle configuration a des fautes" : "adieu: the new configuration has faults";
        s->fault_waits = mailing_notice(s->mailing, key, subject, text) < 0;
}

static void on_trouble(const char *source, const char *text, void *userdata) {
        (void) userdata;
        log_warning("%s: %s", source, text);
}

static void on_progress(const struct read_totals *t, const char *source, void *userdata) {
        say(userdata, "reading %s: %" PRId64 " looked at, %" PRId64 " read", source, t->items, t->read);
}

static int read_pass(struct service *s, struct read_totals *totals) {
        struct context *c = s->c;
        int r = pool_new(s->event, c->program, 0, &reader_handlers, &s->pool);
        if (r < 0)
                return log_errno(r, "cannot start the parse roles");
        const struct reader_options options = {
                .store = c->store,
                .pool = s->pool,
                .accounts = s->accounts,
                .settings = c->settings,
                .clock = c->clock,
                .progress = on_progress,
                .trouble = on_trouble,
                .userdata = s,
        };
        r = read_sources(&options, totals);
        s->pool = pool_free(s->pool);
        if (r < 0 && r != -ECANCELED)
                (void) judge_failed(c, r, "cannot read the sources");
        return r;
}

/* Folders that appeared are watched from now on. What came into them after they were read and before they were watched is seen by one more pass. */
static void watch_more(struct service *s) {
        int r = watch_sources(s->watch, s->c->settings);
        if (r < 0)
                log_errno(r, "cannot watch the sources");
        else if (r > 0)
                on_change(s);
}

/* The next time that something becomes due by itself. */
static void arm_deadline(struct service *s, instant next) {
        s->next_deadline = next;
        if (next >= INSTANT_MAX) {
                (void) sd_event_source_set_enabled(s->deadline, SD_EVENT_OFF);
                return;
        }
        /* What comes at the deadline still comes in time: look when it has passed. */
        (void) sd_event_source_set_time(s->deadline, (uint64_t) MAX(next + 1, INT64_C(0)) * USEC_PER_SEC);
        (void) sd_event_source_set_enabled(s->deadline, SD_EVENT_ONESHOT);
}

/* One way of telling that fails does not hold up another. */
static int tell_pass(struct service *s, const struct judgement *j) {
        int lines = outlet_lines_tell(s->lines, s->c, j);
        int command = outlet_command_turn(s->command, s->c, j);
        s->errand = true;
        return MIN(lines, command);
}

/* Passes that fail make nothing new, and hold up nothing that was made before. */
static int mail_all_the_same(struct service *s, int error) {
        instant next;
        if (error != -ECANCELED)
                (void) !mailing_turn(s->mailing, NULL, &next);
        return error;
}

static int judge_pass(struct service *s) {
        struct judgement j = {};
        int r = judge_partial(s->c, s->accounts, &s->catch_up, &s->partial);
        if (r >= 0)
                r = judge(s->c, &j);
        if (r < 0)
                return mail_all_the_same(s, r);
        instant mail = INSTANT_MAX;
        j.partial = s->partial;
        r = j.partial ? 0 : tell_pass(s, &j);
        /* MIN() looks at its arguments twice. */
        int mailed = mailing_turn(s->mailing, &j, &mail);
        r = MIN(r, mailed);
        instant deadline = evaluation_next_deadline(j.evaluation);
        arm_deadline(s, MIN(mail, deadline));
        s->open_alerts = 0;
        for (size_t i = 0; i < j.n_alerts; i++)
                s->open_alerts += j.alerts[i].state == ALERT_OPEN && j.alerts[i].mode != MODE_WATCH;
        judgement_free(&j);
        return r;
}

static void pass_failed(struct service *s, int error) {
        uint64_t wait = MIN(RETRY_FIRST_USEC << MIN(s->failures, 10U), RETRY_MAX_USEC);
        const char *fault = outlet_lines_fault(s->lines);
        s->failures++;
        arm_rescan(s, wait);
        say(s, "the last pass failed: %s; trying again in %u seconds", fault ? fault : strerror(-error),
            (unsigned) (wait / USEC_PER_SEC));
}

static void pass(struct service *s) {
        struct read_totals totals = {};
        s->wanted = false;
        (void) sd_event_source_set_enabled(s->settle, SD_EVENT_OFF);
        int r = judge_lull(s->c, &s->lull);
        if (r >= 0)
                r = read_pass(s, &totals);
        if (s->stopping)
                return;
        if (r == -ECANCELED && s->reload) {
                s->wanted = true;
                return;
        }
        r = r >= 0 ? judge_pass(s) : mail_all_the_same(s, r);
        if (r == -ECANCELED) /* the signal to end waits for the loop */
                return;
        watch_more(s);
        see_sources(s);
        if (s->fault_waits)
                mail_fault(s, s->fault);
        if (r < 0) {
                pass_failed(s, r);
                return;
        }
        s->failures = 0;
        s->last_pass = clock_now(&s->c->clock);
        arm_rescan(s, RESCAN_USEC);
        say_rest(s, &totals);
}

/* What its own programs left to be noted. */
static void run_errand(struct service *s) {
        s->errand = false;
        /* What failed has armed a timer of its own. */
        if (outlet_command_settle(s->command, s->c) > 0)
                s->wanted = true;
}

/* --- reload */

static int load(struct context *c) {
        if (context_zones(c) < 0)
                return EXIT_FAULT;
        int r = context_configuration(c, NULL, 0);
        return r == EXIT_DONE ? context_holidays(c) : r;
}

/* The new one has faults: the owner is told wherever there is a place for it. */
static void refuse(struct service *s, const char *fault) {
        char *text = strdup(fault ? fault : "it could not be loaded; the journal tells more");
        free(s->fault);
        s->fault = text;
        log_known(LOG_LEVEL_ERROR, MESSAGE_ID_FAULTS, "the new configuration has faults: the old one stays in force (%s)",
                  text ? text : "out of memory");
        bus_reloaded(s->bus, text ? text : "out of memory");
        if (text)
                mail_fault(s, text);
        say(s, "the new configuration has faults, the old one stays in force: %s", text ? text : "out of memory");
}

static void take_over(struct service *s, struct context *next) {
        struct context *c = s->c;
        accounts_reload(s->accounts);
        s->catch_up = (struct catch_up){};
        next->store = c->store;
        next->state = c->state;
        c->store = NULL;
        c->state = NULL;
        context_free(c);
        *c = *next;
        c->lull = &s->lull;
        context_keep(c);
        watch_more(s);
        free(s->fault);
        s->fault = NULL;
        s->fault_waits = false;
        outlet_command_forgive(s->command);
        mailing_reload(s->mailing);
        log_info("configuration read again: %zu rules", ruleset_size(c->rules));
        bus_reloaded(s->bus, NULL);
        (void) sd_notify(0, "READY=1");
        s->failures = 0;
        s->wanted = true;
}

/* One that loads what `c` would load. */
static struct context another(const struct context *c) {
        return (struct context){.program = c->program,
                                .config_path = c->config_path,
                                .clock = c->clock,
                                .now_wall = c->now_wall,
                                .event = c->event,
                                .warns = true};
}

/* The whole configuration anew, or all of the old one. */
static void reload(struct service *s) {
        struct context next = another(s->c);
        s->reload = false;
        (void) sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_monotonic_ns() / 1000);
        bus_look_again(s->bus);
        if (load(&next) == EXIT_DONE) {
                take_over(s, &next);
                return;
        }
        if (!s->stopping) {
                refuse(s, next.fault);
                (void) sd_notify(0, "READY=1");
        }
        context_free(&next);
}

/* The first configuration. When it has faults, the last one that had none: a mistyped rule must not silence the service from the next start of the machine
 * on. *ret_fault: what to tell then; the caller frees it. */
static int load_first(struct service *s, char **ret_fault) {
        struct context *c = s->c, last = another(c);
        int status = load(c);
        if (status == EXIT_DONE || s->stopping)
                return status;
        if (context_recall(&last) < 0 || load(&last) != EXIT_DONE) {
                context_free(&last);
                return status;
        }
        *ret_fault = c->fault ? TAKE_PTR(c->fault) : strdup("it cannot be loaded; the journal tells more");
        context_free(c);
        *c = last;
        return EXIT_DONE;
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
        if (r >= 0)
                r = watch_clock(s);
        if (r >= 0)
                r = accounts_new(s->event, s->c->program, on_change, s, &s->accounts);
        return r < 0 ? r : watch_new(s->event, on_file_change, s, &s->watch);
}

static int add_outlets(struct service *s, const char *instance) {
        const struct bus_handlers handlers = {on_bus_scan, on_bus_reload, on_bus_status, s};
        int r = outlet_lines_new(on_alert_signal, s, &s->lines);
        if (r >= 0)
                r = outlet_command_new(s->event, s->c->program, on_command, s, &s->command);
        if (r >= 0)
                r = mailing_new(s->event, s->c, &s->mailing);
        return r < 0 ? r : bus_new(s->event, instance, &handlers, &s->bus);
}

/* Two services on one store would tell everything twice. */
static int take_store(struct service *s) {
        pid_t other = 0;
        if (context_store(s->c, STORE_PATIENT) != EXIT_DONE) {
                /* It waited no longer because it was asked to end: that is heard, or it would end by the signal itself. */
                while (ending_asked() && sd_event_run(s->event, 0) > 0)
                        ;
                return EXIT_FAULT;
        }
        int r = running_take(s->c->state, &s->running, &other);
        if (r == -EBUSY)
                log_error("another adieud (process %d) works on %s: end that one first", (int) other, s->c->state);
        else if (r < 0)
                log_errno(r, "cannot lock %s/" RUNNING_FILE, s->c->state);
        return r < 0 ? EXIT_FAULT : EXIT_DONE;
}

static int loop(struct service *s) {
        /* Before the first pass, so that nothing falls between. */
        if (watch_sources(s->watch, s->c->settings) < 0)
                return log_errno(-ENOMEM, "cannot watch the sources");
        say(s, "reading");
        (void) sd_notify(0, "READY=1");
        s->wanted = true;
        while (!s->stopping) {
                int r = 0;
                if (s->reload)
                        reload(s);
                else if (s->errand)
                        run_errand(s);
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
        accounts_free(s->accounts);
        pool_free(s->pool);
        mailing_free(s->mailing);
        outlet_command_free(s->command);
        outlet_lines_free(s->lines);
        bus_free(s->bus);
        watch_free(s->watch);
        sd_event_source **sources[] = {&s->settle, &s->rescan, &s->deadline, &s->jump};
        for (size_t i = 0; i < ELEMENTSOF(sources); i++)
                *sources[i] = sd_event_source_disable_unref(*sources[i]);
        sd_event_unref(s->event);
        if (s->clock >= 0)
                (void) close(s->clock);
        if (s->running >= 0)
                (void) close(s->running);
        sources_free(s);
        free(s->fault);
}

int service_run(struct context *c, const char *instance) {
        struct service s = {.c = c,
                            .running = -1,
                            .clock = -1,
                            .running_since = clock_now(&c->clock),
                            .last_pass = INSTANT_UNKNOWN,
                            .lull = {.since = INSTANT_UNKNOWN},
                            .next_deadline = INSTANT_MAX};
        int r = sd_event_new(&s.event);
        if (r >= 0)
                r = add_sources(&s);
        if (r < 0) {
                log_errno(r, "cannot start the event loop");
                service_end(&s);
                return EXIT_FAULT;
        }
        c->event = s.event;
        _cleanup_free_ char *fault = NULL;
        int status = load_first(&s, &fault);
        c->lull = &s.lull;
        if (status == EXIT_DONE)
                status = take_store(&s);
        r = status == EXIT_DONE ? add_outlets(&s, instance) : 0;
        if (r < 0)
                status = (log_errno(r, "cannot start telling alerts"), EXIT_FAULT);
        if (status == EXIT_DONE && fault)
                refuse(&s, fault);
        else if (status == EXIT_DONE)
                context_keep(c);
        if (status == EXIT_DONE && loop(&s) < 0)
                status = EXIT_FAULT;
        /* Asked to end before it had begun. */
        if (s.stopping)
                status = EXIT_DONE;
        c->event = NULL;
        c->lull = NULL;
        service_end(&s);
        return status;
}
