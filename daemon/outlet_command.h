/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* `on_alert:` a program of the owner's that the service runs for each alert, one at a time, with the alert as JSON on its standard input. What it was told
 * is noted when it ended with 0, so it hears of an alert at least once. */

#include <systemd/sd-event.h>

#include "daemon/judgement.h"

/* Wall clock that it may take for one alert. */
#define COMMAND_SECONDS 30U
/* Tries of one alert, before it is put aside until the next start or reload. */
#define COMMAND_TRIES_MAX 5U

struct outlet_command;

struct outlet_command_status {
        size_t waiting;    /* alerts it is still to hear of, as far as they are known */
        size_t given_up;   /* put aside after COMMAND_TRIES_MAX tries */
        const char *fault; /* of its last run, a sentence; NULL: none, or it went well */
};

/* program: path of this binary. `finished` is called from the event loop when there is something for outlet_command_settle() to do; it touches neither
 * store nor judgement by itself, which may be at work just then. */
int outlet_command_new(sd_event *event, const char *program, void (*finished)(void *userdata), void *userdata,
                       struct outlet_command **ret) _must_check_;
/* Ends what runs: asks it first, for a second. */
struct outlet_command *outlet_command_free(struct outlet_command *o);

/* After each judgement: what is news for it takes the place of what waited. 0 or negative errno, told on stderr. */
int outlet_command_turn(struct outlet_command *o, struct context *c, const struct judgement *j) _must_check_;
/* Note what it was told, and start the next. 1: more is waiting than was kept, judge again; 0; negative errno, told on stderr: it will be tried again. */
int outlet_command_settle(struct outlet_command *o, struct context *c) _must_check_;
/* The owner changed something: what was put aside is tried again, at once. */
void outlet_command_forgive(struct outlet_command *o);
void outlet_command_get_status(const struct outlet_command *o, struct outlet_command_status *ret);
/* What COMMAND_SECONDS, the seconds between being asked to end and being made to, and the first pause after a failure are instead, in microseconds (tests). */
void outlet_command_set_patience(struct outlet_command *o, uint64_t limit, uint64_t grace, uint64_t pause);
