/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "daemon/accounts.h"
#include "daemon/command.h"
#include "daemon/judgement.h"
#include "daemon/log.h"
#include "daemon/output.h"
#include "daemon/reader.h"
#include "daemon/source.h"
#include "daemon/tell.h"

struct scan {
        struct context *context;
        bool partial;  /* of some account only a part was read */
        bool terminal; /* a progress line may be drawn, and is to be wiped before other output */
        bool drawn;
        uint32_t troubles;
};

static void wipe(struct scan *s) {
        if (s->drawn)
                fputs("\r\033[K", stderr);
        s->drawn = false;
}

static void on_progress(const struct read_totals *t, const char *source, void *userdata) {
        struct scan *s = userdata;
        if (!s->terminal)
                return;
        fprintf(stderr, "\r\033[K%s: %" PRId64 " looked at, %" PRId64 " read (%" PRId64 " MB)", source, t->items, t->read,
                t->bytes / 1000000);
        s->drawn = true;
}

static void on_trouble(const char *source, const char *text, void *userdata) {
        struct scan *s = userdata;
        wipe(s);
        s->troubles++;
        log_warning("%s: %s", source, text);
}

static int read_all(struct scan *s, struct read_totals *totals) {
        struct context *c = s->context;
        sd_event *event = NULL;
        struct accounts *accounts = NULL;
        int r = sd_event_new(&event);
        if (r < 0)
                return log_errno(r, "cannot start the event loop");
        r = accounts_new(event, c->program, NULL, NULL, &accounts);
        if (r < 0) {
                sd_event_unref(event);
                return log_errno(r, "cannot read accounts");
        }
        if (isatty(STDIN_FILENO) != 1 && !s->terminal)
                accounts_unattended(accounts);
        r = store_set_owner(c->store, c->settings);
        if (r < 0)
                log_errno(r, "%s", store_error(c->store));
        else {
                r = reader_run(event, c->program,
                               &(struct reader_options){
                                       .store = c->store,
                                       .settings = c->settings,
                                       .clock = c->clock,
                                       .accounts = accounts,
                                       .progress = on_progress,
                                       .trouble = on_trouble,
                                       .userdata = s,
                               },
                               totals);
                wipe(s);
                if (r < 0)
                        (void) judge_failed(c, r, "cannot read the sources");
                else
                        r = judge_partial(c, accounts, NULL, &s->partial);
        }
        accounts_free(accounts);
        sd_event_unref(event);
        return r;
}

static int print_alert(struct context *c, const struct alert *a, size_t n, void *userdata) {
        (void) userdata;
        if (n > 0 && !c->json)
                putchar('\n');
        return alert_print(c, a);
}

static int flush_output(void *userdata) {
        (void) userdata;
        return fflush(stdout) == 0 ? 0 : log_errno(-errno, "cannot write the alerts");
}

int command_scan(struct context *c, int argc, char **argv) {
        int operands = command_options(c, command_find("scan"), argc, argv, NULL);
        if (operands == OPTIONS_HELPED)
                return EXIT_DONE;
        if (operands != 0) {
                if (operands > 0)
                        log_error("scan takes no operands");
                return EXIT_USAGE;
        }
        int status = context_all(c, 0);
        if (status != EXIT_DONE)
                return status;

        int64_t start = clock_monotonic_ns();
        struct scan s = {.context = c, .terminal = isatty(STDERR_FILENO) == 1};
        struct read_totals totals = {};
        struct judgement j = {};
        size_t news = 0;
        if (judge_lull_between(c) < 0 || read_all(&s, &totals) < 0 || judge(c, &j) < 0)
                return EXIT_FAULT;
        /* What speaks for a client may be in the rest. */
        int r = s.partial ? 0 : tell_news(c, &j, OUTLET_LINES, &(struct teller){print_alert, flush_output, NULL}, &news);
        if (!c->json) {
                uint32_t sources = totals.sources - totals.failed_sources;
                fprintf(stderr, "%s%" PRId64 " new observation%s from %u source%s in %.1f s, %zu alert%s with news\n",
                        news > 0 ? "\n" : "", totals.observations, totals.observations == 1 ? "" : "s", sources,
                        sources == 1 ? "" : "s", (double) (clock_monotonic_ns() - start) / 1e9, news, news == 1 ? "" : "s");
                if (s.partial)
                        fprintf(stderr, "alerts are told when the account that was read in part has been read whole\n");
                judgement_tell_held(c, &j);
                if (totals.unreadable > 0)
                        fprintf(stderr, "%" PRId64 " item%s could not be read and %s kept aside (adieu status)\n",
                                totals.unreadable, totals.unreadable == 1 ? "" : "s",
                                totals.unreadable == 1 ? "was" : "were");
        }
        judgement_free(&j);
        if (r < 0)
                return EXIT_FAULT;
        return totals.failed_sources > 0 ? EXIT_SOURCE : EXIT_DONE;
}
