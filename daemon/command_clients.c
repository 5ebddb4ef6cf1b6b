/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "daemon/command.h"
#include "daemon/judgement.h"
#include "daemon/log.h"
#include "daemon/output.h"

/* A score that can be read back: for each open alert, the weight of its severity times how long it lasts; 0 is nothing to say, 100 the
 * most. Evidence of the last TREND_DAYS against the TREND_DAYS before gives the trend. */
#define TREND_DAYS INT64_C(28)
#define SCORE_MAX 100U
static const unsigned severity_weight[] = {[SEVERITY_LOW] = 2, [SEVERITY_MEDIUM] = 6, [SEVERITY_HIGH] = 12};
static const unsigned lasting_weight[] = {[LASTING_ONE_OFF] = 1, [LASTING_RECURRING] = 2, [LASTING_LASTING] = 3};

/* Columns on a terminal; that of the ids grows with the longest. */
#define ID_WIDTH 12
#define ID_WIDTH_MAX 34
#define NAME_WIDTH 22

struct tally {
        unsigned score;
        unsigned open;
        unsigned recent, before; /* breaches in the two windows */
        instant last_at;
};

static void add(struct tally *t, const struct alert *a, instant now) {
        if (a->mode == MODE_WATCH)
                return;
        for (size_t i = 0; i < a->n_evidence; i++) {
                int64_t age = now - a->evidence[i].at;
                if (age < TREND_DAYS * 86400)
                        t->recent++;
                else if (age < 2 * TREND_DAYS * 86400)
                        t->before++;
        }
        t->last_at = t->last_at == INSTANT_UNKNOWN ? a->last_at : MAX(t->last_at, a->last_at);
        if (a->state != ALERT_OPEN)
                return;
        t->open++;
        t->score = MIN(SCORE_MAX, t->score + severity_weight[a->severity] * lasting_weight[a->lasting]);
}

static const char *trend(const struct tally *t) {
        if (t->recent > t->before)
                return "rising";
        return t->recent < t->before ? "falling" : "steady";
}

static int id_width(const struct settings *s) {
        size_t width = ID_WIDTH;
        for (size_t i = 0; i < s->n_clients; i++)
                width = MAX(width, strlen(s->clients[i].id) + 2);
        return (int) MIN(width, (size_t) ID_WIDTH_MAX);
}

static void print(const struct context *c, const struct client *client, const struct tally *t) {
        const struct owner *owner = &c->settings->owner;
        if (c->json) {
                json_object *o = json_object_new_object();
                json_object_object_add(o, "client", json_text(client->id));
                json_object_object_add(o, "name", json_text(client->name));
                json_object_object_add(o, "score", json_object_new_int64(t->score));
                json_object_object_add(o, "trend", json_text(trend(t)));
                json_object_object_add(o, "alerts_open", json_object_new_int64(t->open));
                json_object_object_add(o, "breaches_recent", json_object_new_int64(t->recent));
                json_object_object_add(o, "breaches_before", json_object_new_int64(t->before));
                json_object_object_add(o, "last_at", json_time(t->last_at, owner->zone));
                json_print(o);
                return;
        }
        char when[64];
        print_padded(client->id, id_width(c->settings));
        print_padded(client->name, NAME_WIDTH);
        printf("%5u  %-8s %5u  %8u %7u  %s\n", t->score, trend(t), t->open, t->recent, t->before,
               t->last_at == INSTANT_UNKNOWN ? "-"
                                             : time_human(t->last_at, owner->zone, owner->language, when, sizeof(when)));
}

int command_clients(struct context *c, int argc, char **argv) {
        bool discover = false;
        const struct option_row rows[] = {
                {"discover", NULL, &discover, "propose correspondents who look like clients, as YAML ready to paste"},
                {},
        };
        int operands = command_options(c, command_find("clients"), argc, argv, rows);
        if (operands == OPTIONS_HELPED)
                return EXIT_DONE;
        if (operands != 0) {
                if (operands > 0)
                        log_error("clients takes no operands");
                return EXIT_USAGE;
        }
        if (discover)
                return command_clients_discover(c);
        int status = context_all(c, STORE_READ_ONLY);
        if (status != EXIT_DONE)
                return status;
        struct judgement j = {};
        struct tally *tallies = calloc(c->settings->n_clients + 1, sizeof(*tallies));
        if (!tallies)
                return log_errno(-ENOMEM, "cannot list the clients"), EXIT_FAULT;
        int r = judge_shown(c, &j);
        for (size_t i = 0; i < c->settings->n_clients; i++)
                tallies[i].last_at = INSTANT_UNKNOWN;
        for (size_t i = 0; r >= 0 && i < j.n_alerts; i++)
                if (j.alerts[i].client)
                        add(&tallies[j.alerts[i].client->index], &j.alerts[i], clock_now(&c->clock));
        if (r >= 0 && c->settings->n_clients > 0 && !c->json)
                printf("%-*s%-*sscore  trend     open  28 days  before  last\n", id_width(c->settings), "client", NAME_WIDTH,
                       "name");
        for (size_t i = 0; r >= 0 && i < c->settings->n_clients; i++)
                print(c, &c->settings->clients[i], &tallies[i]);
        if (r >= 0 && c->settings->n_clients == 0 && !c->json)
                puts("No clients in the configuration.");
        if (r >= 0)
                judgement_tell_held(c, &j);
        judgement_free(&j);
        free(tallies);
        return r < 0 ? EXIT_FAULT : EXIT_DONE;
}
