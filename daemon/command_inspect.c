/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "daemon/command.h"
#include "daemon/inspect_threads.h"
#include "daemon/log.h"
#include "daemon/output.h"
#include "daemon/pool.h"
#include "rules/people.h"

/* Shows what the parsers read, through the same role as scan: no file given here is ever parsed in this process. */

struct inspection {
        struct context *context;
        const struct zone *zone;
        struct inspect_threads *threads; /* owned; NULL unless --threads */
        bool fault;
};

struct inspected {
        const char *path;
        bool calendar;       /* an iCalendar file: its events are gathered in one object */
        json_object *events; /* owned */
        uint32_t seen;
};

static void print_people(const char *label, const struct address_list *l) {
        for (uint32_t i = 0; i < l->n; i++)
                printf("%-13s %s%s<%s>\n", i == 0 ? label : "", l->items[i].name ? l->items[i].name : "",
                       l->items[i].name ? " " : "", l->items[i].email);
}

static void print_line(const char *label, const char *s) {
        if (s)
                printf("%-13s %s\n", label, s);
}

static const char *moment_text(const struct moment *m, const struct zone *zone, char *buffer, size_t size) {
        json_object *o = json_moment(m, zone);
        (void) snprintf(buffer, size, "%s", o ? json_object_get_string(o) : "");
        json_object_put(o);
        return buffer;
}

static void print_event(const struct event *e, const struct zone *zone) {
        char a[TIME_TEXT_SIZE], b[TIME_TEXT_SIZE];
        printf("%-13s %s%s%s .. %s  %s%s%s\n", "event", itip_method_name(e->method) ? itip_method_name(e->method) : "",
               e->method != ITIP_NONE ? "  " : "", moment_text(&e->start, zone, a, sizeof(a)),
               moment_text(&e->end, zone, b, sizeof(b)), e->summary ? e->summary : "",
               e->status == EVENT_STATUS_CANCELLED ? "  (cancelled)" : "", e->unknown_zone ? "  (unknown time zone)" : "");
        printf("%-13s UID %s, sequence %d\n", "", e->uid, e->sequence);
        if (e->rrule)
                printf("%-13s repeats: %s\n", "", e->rrule);
        if (e->organizer)
                printf("%-13s organizer %s\n", "", e->organizer->email);
        for (uint32_t i = 0; i < e->attendees.n; i++) {
                const char *status = participation_status_name(e->attendees.items[i].participation_status);
                printf("%-13s attendee %s %s\n", "", e->attendees.items[i].email, status ? status : "");
        }
}

/* Who is speaking: "owner", "client", or nobody known; the client's id. Without a configuration everybody is unknown. */
static const char *speaker(const struct inspection *in, const struct message *m, const struct client **ret_client) {
        const struct settings *s = in->context->settings;
        const struct address *author = message_author(m);
        bool owner = s && message_is_from_owner(m, s);
        *ret_client = s && author && !owner ? settings_find_client(s, author->email) : NULL;
        return owner ? "owner" : *ret_client ? "client" : NULL;
}

/* Files are looked at one by one: whether the conversation vouches for it only a scan knows. */
static void print_doubt(const struct message *m) {
        printf("%-13s fail: the domain in From does not vouch for it; it counts against nobody unless a known conversation "
               "does\n",
               "dmarc");
        for (uint32_t i = 0; i < m->authenticated_domains.n; i++)
                printf("%-13s came from %s\n", "", m->authenticated_domains.items[i]);
}

/* What From alone does not say. */
static void print_ways(const struct inspection *in, const struct message *m) {
        const struct address *author = message_author(m), *resender = message_resender(m);
        const struct client *client;
        const char *side = speaker(in, m, &client);
        if (author && (m->from.n == 0 || author != &m->from.items[0]))
                print_people("author", &(struct address_list){.items = (struct address *) author, .n = 1});
        if (m->sender.n > 0 && (m->from.n == 0 || !email_eq(m->sender.items[0].email, m->from.items[0].email)))
                print_people("sender", &m->sender);
        if (resender)
                print_people("resent by", &m->resent_from);
        print_line("list", m->list_id);
        if (m->dmarc == DMARC_FAIL)
                print_doubt(m);
        print_line("speaks", client ? client->name : side);
}

static void print_message(const struct inspection *in, const struct inspected *file, const struct message *m,
                          instant internal_date) {
        char t[TIME_TEXT_SIZE];
        if (file->path)
                print_line("file", file->path);
        print_line("message_id", m->message_id);
        print_people("from", &m->from);
        print_ways(in, m);
        print_people("to", &m->to);
        print_people("cc", &m->cc);
        print_line("subject", m->subject);
        print_line("sent_at", time_rfc3339(m->sent_at, in->zone, t));
        print_line("received_at",
                   time_rfc3339(m->received_at != INSTANT_UNKNOWN ? m->received_at : internal_date, in->zone, t));
        print_line("language", m->language);
        print_line("automatic", automatic_kind_name(m->automatic));
        if (m->flags & MESSAGE_REQUEST)
                print_line("asks", m->request_because ? m->request_because : "yes");
        if (m->deadline.form != MOMENT_NONE)
                printf("%-13s %s  (%s)\n", "until", moment_text(&m->deadline, in->zone, t, sizeof(t)), m->deadline_because);
        for (uint32_t i = 0; i < m->acts.n; i++) {
                const struct act *act = &m->acts.items[i];
                const char *kind = act_kind_name(act->kind);
                printf("%-13s %s%s%s\n", act_name(act->kind), kind ? kind : "", kind ? ": " : "", act->because);
        }
        print_line("calls off", m->cancellation_because);
        for (uint32_t i = 0; i < m->parts.n; i++)
                print_line(i == 0 ? "parts" : "", m->parts.items[i]);
        for (uint32_t i = 0; i < m->attachments.n; i++)
                print_line(i == 0 ? "attachments" : "",
                           m->attachments.items[i].name ? m->attachments.items[i].name : "(no name)");
        for (uint32_t i = 0; i < m->calendar.n; i++)
                print_event(&m->calendar.items[i], in->zone);
        if (!str_empty(m->text))
                printf("\n%s\n", m->text);
        puts("");
}

static int on_observation(const struct observation *o, const struct ipc_reply_header *reply, void *job, void *userdata) {
        struct inspection *in = userdata;
        struct inspected *file = job;
        instant internal_date = reply ? reply->internal_date : INSTANT_UNKNOWN;

        file->seen++;
        if (in->threads)
                return o->kind == OBSERVATION_MESSAGE
                               ? inspect_threads_add(in->threads, file->path, &o->message, internal_date)
                               : 0;
        if (o->kind == OBSERVATION_EVENT) {
                if (in->context->json)
                        json_object_array_add(file->events, json_event(&o->event, in->zone));
                else
                        print_event(&o->event, in->zone);
        } else if (o->kind == OBSERVATION_MESSAGE) {
                if (in->context->json) {
                        const struct client *client;
                        json_object *object = json_message(file->path, &o->message, internal_date, in->zone);
                        json_object_object_add(object, "side", json_text(speaker(in, &o->message, &client)));
                        json_object_object_add(object, "client", json_text(client ? client->id : NULL));
                        json_print(object);
                } else
                        print_message(in, file, &o->message, internal_date);
        }
        return 0;
}

static int on_instances(const struct moment *items, uint32_t n, void *job, void *userdata) {
        (void) items, (void) n, (void) job, (void) userdata;
        return -EBADMSG; /* nothing was to be expanded */
}

static int on_done(const struct ipc_reply_header *reply, const struct unreadable *poison, int64_t at, void *job,
                   void *userdata) {
        struct inspection *in = userdata;
        struct inspected *file = job;
        (void) at;
        if (poison) {
                log_error("%s: %s", file->path, unreadable_reason_name(poison->reason));
                in->fault = true;
        } else if (reply->status < 0) {
                log_error("%s: %s", file->path,
                          reply->status == -EBADMSG ? "not what its name promises" : strerror(-reply->status));
                in->fault = true;
        } else if (in->threads) {
                return 0;
        } else if (file->calendar && in->context->json) {
                json_object *object = json_object_new_object();
                json_object_object_add(object, "file", json_text(file->path));
                json_object_object_add(object, "calendar", TAKE_PTR(file->events));
                json_object_object_add(object, "malformed", json_object_new_int64(reply->malformed));
                json_print(object);
        } else if (file->calendar && reply->malformed > 0)
                printf("%u components could not be read\n", reply->malformed);
        return 0;
}

static int submit(struct inspection *in, struct pool *pool, struct inspected *file) {
        struct stat st;
        int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
                log_error("%s: %s", file->path, fd < 0 ? strerror(errno) : "not a file");
                if (fd >= 0)
                        (void) close(fd);
                in->fault = true;
                return 0;
        }
        file->calendar = str_ends_with(file->path, ".ics") || str_ends_with(file->path, ".ical");
        bool mbox = str_ends_with(file->path, ".mbox") || str_ends_with(file->path, ".mbox.gz");
        if (file->calendar && in->context->json)
                file->events = json_object_new_array();
        struct pool_job job = {
                .type = file->calendar ? IPC_CALENDAR
                        : mbox         ? IPC_MBOX
                                       : IPC_MESSAGE,
                .flags = IPC_WANT_QUOTED_TEXT | (str_ends_with(file->path, ".gz") ? (uint32_t) IPC_GZIP : 0U),
                .size = -1,
                .fd = fd,
                .userdata = file,
        };
        int r = pool_submit(pool, &job);
        if (r < 0)
                (void) close(fd);
        return r;
}

static int inspect(struct inspection *in, struct inspected *files, int n) {
        sd_event *event = NULL;
        struct pool *pool = NULL;
        const struct pool_handlers handlers = {on_observation, on_instances, on_done, in};
        int r = sd_event_new(&event);
        /* One role, so that files come out in the order they were given. */
        if (r >= 0)
                r = pool_new(event, in->context->program, 1, &handlers, &pool);
        for (int i = 0; r >= 0 && i < n; i++) {
                r = submit(in, pool, &files[i]);
                while (r == -EAGAIN) {
                        r = pool_run(pool, false);
                        if (r >= 0)
                                r = submit(in, pool, &files[i]);
                }
        }
        if (r >= 0)
                r = pool_run(pool, true);
        pool_free(pool);
        sd_event_unref(event);
        return r < 0 ? log_errno(r, "cannot inspect") : 0;
}

int command_inspect(struct context *c, int argc, char **argv) {
        bool threads = false;
        const struct option_row rows[] = {
                {"threads", NULL, &threads, "the conversations of all files together, by References and In-Reply-To"},
                {},
        };
        int n = command_options(c, command_find("inspect"), argc, argv, rows);
        if (n == OPTIONS_HELPED)
                return EXIT_DONE;
        if (n <= 0) {
                if (n == 0)
                        log_error("inspect which files?");
                return EXIT_USAGE;
        }
        /* Needs no configuration; a given one says in which zone times are shown, and who is speaking. */
        if (c->config_path && context_settings(c) != EXIT_DONE)
                return EXIT_FAULT;
        struct inspection in = {.context = c, .zone = c->settings ? c->settings->owner.zone : zone_utc()};
        struct inspected *files = calloc((size_t) n, sizeof(*files));
        if (!files)
                return log_errno(-ENOMEM, "cannot inspect"), EXIT_FAULT;
        for (int i = 0; i < n; i++)
                files[i].path = argv[1 + i];
        int r = threads ? inspect_threads_new(&in.threads) : 0;
        if (r >= 0)
                r = inspect(&in, files, n);
        if (r >= 0 && threads && (r = inspect_threads_print(in.threads, in.zone, c->json)) < 0)
                log_errno(r, "cannot show conversations");
        inspect_threads_free(in.threads);
        for (int i = 0; i < n; i++)
                json_object_put(files[i].events);
        free(files);
        return r < 0 || in.fault ? EXIT_FAULT : EXIT_DONE;
}
