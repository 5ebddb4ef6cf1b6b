/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The service on D-Bus: org.adieu.Service1 at /org/adieu/Service1, on the user's bus when there is one for it, else on the system's. Without a bus the
 * service runs on; a bus that comes back is used again. */

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "rules/eval.h"

#define BUS_NAME "org.adieu.Service1"
#define BUS_PATH "/org/adieu/Service1"
#define BUS_INTERFACE "org.adieu.Service1"
/* Of a Reload that found faults; its message is the first of them. */
#define BUS_ERROR_FAULTS "org.adieu.Service1.Faults"

struct bus;

/* Called from the event loop, also in the middle of a pass: they only take note. */
struct bus_handlers {
        void (*scan)(void *userdata);
        /* The answer comes with bus_reloaded(). */
        void (*reload)(void *userdata);
        /* Append the entries of Status to an a{sv} that is open (bus_add_*()). 0 or negative errno. */
        int (*status)(sd_bus_message *reply, void *userdata);
        void *userdata;
};

/* instance: NULL, or what tells several services on one bus apart: the name on the bus is then org.adieu.Service1.INSTANCE, with characters that cannot
 * stand there as _XX. Only failures of the program itself are failures: that there is no bus is none. */
int bus_new(sd_event *event, const char *instance, const struct bus_handlers *handlers, struct bus **ret) _must_check_;
struct bus *bus_free(struct bus *b);

/* When there was no bus, or it did not give the name: perhaps it does now. */
void bus_look_again(struct bus *b);
/* The signal Alert. Nobody may be listening. */
void bus_alert(struct bus *b, const struct alert *a);
/* Answer all calls of Reload since the last time; fault NULL: it went well. */
void bus_reloaded(struct bus *b, const char *fault);

int bus_add_text(sd_bus_message *reply, const char *key, const char *value);
int bus_add_number(sd_bus_message *reply, const char *key, uint64_t value);
/* Microseconds since 1970; 0 for INSTANT_UNKNOWN and what never comes. */
int bus_add_time(sd_bus_message *reply, const char *key, instant at);
