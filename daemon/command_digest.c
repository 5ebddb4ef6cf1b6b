/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "daemon/command.h"
#include "daemon/log.h"
#include "daemon/mailing.h"
#include "daemon/output.h"

static int print_digest(struct context *c, const struct judgement *j) {
        struct digest_report report;
        int r = mailing_report(c, j, &report);
        if (r < 0)
                return r;
        _cleanup_buf_ struct buf subject = {}, text = {};
        r = digest_write(c, &report, false, &subject, &text);
        if (r >= 0 && c->json)
                json_print(digest_json(c, &report, subject.data, text.data));
        else if (r >= 0)
                printf("%s\n\n%s", subject.data, text.data);
        digest_report_free(&report);
        return r;
}

/* What became of the mail, for each recipient. */
struct outcome {
        const struct context *c;
        const char *message_id;
        size_t sent, others;
};

static int on_row(const struct outbox_row *row, void *userdata) {
        struct outcome *o = userdata;
        if (!str_eq(row->message_id, o->message_id))
                return 0;
        if (row->state == OUTBOX_SENT)
                o->sent++;
        else
                o->others++;
        if (o->c->json)
                json_print(json_outbox(row, o->c->settings->owner.zone));
        else if (row->state == OUTBOX_SENT)
                printf("sent to %s: %s\n", row->recipient, row->subject);
        else
                log_error("not sent to %s (%s): %s%s", row->recipient, outbox_state_name(row->state),
                          row->text ? row->text : "no answer",
                          row->state == OUTBOX_WAITING ? "; it waits in the outbox, the service tries again" : "");
        return 0;
}

static int send_digest(struct context *c, const struct judgement *j) {
        _cleanup_free_ char *message_id = NULL;
        struct mailing *m = NULL;
        sd_event *event = NULL;
        int r = sd_event_new(&event);
        if (r >= 0)
                r = mailing_new(event, c, &m);
        if (r < 0)
                log_errno(r, "cannot start the event loop");
        else
                r = mailing_extra(m, j, &message_id);
        while (r >= 0 && mailing_is_busy(m))
                r = sd_event_run(event, UINT64_MAX);
        m = mailing_free(m);
        sd_event_unref(event);
        /* More than were ever sent at once: the newest are looked at. */
        enum { NEWEST = 1000 };
        struct outcome o = {.c = c, .message_id = message_id};
        if (r >= 0)
                r = outbox_list(c->store, NEWEST, on_row, &o);
        if (r < 0)
                return EXIT_FAULT;
        return o.others == 0 && o.sent > 0 ? EXIT_DONE : EXIT_FAULT;
}

int command_digest(struct context *c, int argc, char **argv) {
        bool send = false;
        const struct option_row rows[] = {
                {"send", NULL, &send, "mail it now, besides the weekly one, which comes all the same"},
                {},
        };
        int operands = command_options(c, command_find("digest"), argc, argv, rows);
        if (operands == OPTIONS_HELPED)
                return EXIT_DONE;
        if (operands != 0) {
                if (operands > 0)
                        log_error("digest takes no operands");
                return EXIT_USAGE;
        }
        int status = context_all(c, send ? 0 : STORE_READ_ONLY);
        if (status != EXIT_DONE)
                return status;
        if (send && !mailing_is_configured(c->settings)) {
                log_error("no way to send: write `digest: {smtp: \"smtps://user@host.example\", ...}` or `digest: "
                          "{sendmail: ...}` "
                          "into the configuration");
                return EXIT_FAULT;
        }
        struct judgement j = {};
        if (judge_shown(c, &j) < 0)
                return EXIT_FAULT;
        if (send)
                status = send_digest(c, &j);
        else if (print_digest(c, &j) < 0)
                status = EXIT_FAULT;
        judgement_free(&j);
        return status;
}
