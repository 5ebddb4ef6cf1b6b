/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/bus.h"

#include <stdio.h>

#include "daemon/log.h"

#define USEC_PER_SEC UINT64_C(1000000)
/* A bus that was restarted is back within a second, or is asked for ever less often. One that was never there, or does not know us, is no reason to
 * wake up: then the longest wait is the first. */
#define AGAIN_FIRST_USEC (USEC_PER_SEC / 4)
#define AGAIN_MAX_USEC (UINT64_C(15) * 60 * USEC_PER_SEC)
/* DBUS_REQUEST_NAME_REPLY_IN_QUEUE (D-Bus specification, org.freedesktop.DBus.RequestName). */
#define NAME_IN_QUEUE 2U
/* Calls of Reload that wait for one reload; more are told to come again. */
#define RELOADS_MAX 16U

struct bus {
        sd_event *event;
        char *name;
        struct bus_handlers handlers;
        sd_bus *connection;
        sd_event_source *again;
        unsigned tries;
        bool known;   /* the bus gave us the name once */
        bool refused; /* told once that the name cannot be had */
        sd_bus_message *reloads[RELOADS_MAX];
        size_t n_reloads;
};

/* --- what it answers */

static int on_scan(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct bus *b = userdata;
        (void) error;
        b->handlers.scan(b->handlers.userdata);
        return sd_bus_reply_method_return(m, "");
}

static int on_reload(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct bus *b = userdata;
        if (b->n_reloads == RELOADS_MAX)
                return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED, "too many reloads are waited for");
        b->reloads[b->n_reloads++] = sd_bus_message_ref(m);
        b->handlers.reload(b->handlers.userdata);
        return 1;
}

static int on_status(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct bus *b = userdata;
        sd_bus_message *reply = NULL;
        (void) error;
        int r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r >= 0)
                r = b->handlers.status(reply, b->handlers.userdata);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r >= 0)
                r = sd_bus_send(NULL, reply, NULL);
        sd_bus_message_unref(reply);
        return r;
}

/* Who may call what is the bus's to decide: contrib/dbus. */
static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Scan", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, on_scan, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Reload", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, on_reload, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Status", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{sv}", status), on_status,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL_WITH_ARGS(
                "Alert", SD_BUS_ARGS("s", id, "s", rule, "s", client, "s", severity, "s", lasting, "s", title, "s", summary),
                0),
        SD_BUS_VTABLE_END,
};

/* --- the connection */

static void connect_bus(struct bus *b);

static int on_again(sd_event_source *s, uint64_t usec, void *userdata) {
        (void) s;
        (void) usec;
        connect_bus(userdata);
        return 0;
}

static void drop_reloads(struct bus *b) {
        for (size_t i = 0; i < b->n_reloads; i++)
                sd_bus_message_unref(b->reloads[i]);
        b->n_reloads = 0;
}

static void disconnect(struct bus *b) {
        drop_reloads(b);
        b->connection = sd_bus_close_unref(b->connection);
}

static void connect_later(struct bus *b) {
        uint64_t usec = b->known ? MIN(AGAIN_FIRST_USEC << MIN(b->tries, 20U), AGAIN_MAX_USEC) : AGAIN_MAX_USEC;
        b->tries++;
        if (!b->again && sd_event_add_time_relative(b->event, &b->again, CLOCK_MONOTONIC, usec, 0, on_again, b) >= 0)
                return;
        (void) sd_event_source_set_time_relative(b->again, usec);
        (void) sd_event_source_set_enabled(b->again, SD_EVENT_ONESHOT);
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct bus *b = userdata;
        (void) m;
        (void) error;
        /* The connection is in use right now: it goes when the loop comes by. */
        connect_later(b);
        return 0;
}

/* The name is ours, or why not: another service has it, or the bus's policy does not know us. */
static int on_name(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct bus *b = userdata;
        (void) error;
        const sd_bus_error *e = sd_bus_message_get_error(m);
        uint32_t answer = 0;
        if (!e && sd_bus_message_read(m, "u", &answer) >= 0) {
                b->tries = 0;
                b->known = true;
                if (answer == NAME_IN_QUEUE)
                        log_warning("another service has the name %s on the bus; it is taken over when that one ends",
                                    b->name);
                return 0;
        }
        if (!b->refused)
                log_info("the bus does not give the name %s: %s", b->name, e && e->message ? e->message : "no answer");
        b->refused = true;
        connect_later(b);
        return 0;
}

static int attach(struct bus *b) {
        int r = sd_bus_set_exit_on_disconnect(b->connection, false);
        if (r >= 0)
                r = sd_bus_attach_event(b->connection, b->event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = sd_bus_add_object_vtable(b->connection, NULL, BUS_PATH, BUS_INTERFACE, vtable, b);
        if (r >= 0)
                r = sd_bus_match_signal_async(b->connection, NULL, "org.freedesktop.DBus.Local",
                                              "/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local", "Disconnected",
                                              on_disconnected, NULL, b);
        if (r >= 0)
                r = sd_bus_request_name_async(b->connection, NULL, b->name, SD_BUS_NAME_QUEUE, on_name, b);
        return r;
}

/* A service of a user's session has a bus of its own; a system service, also one that runs as a user, has not. */
static int open_bus(sd_bus **ret) {
        bool user = getenv("DBUS_SESSION_BUS_ADDRESS") || getenv("XDG_RUNTIME_DIR");
        return user ? sd_bus_open_user(ret) : sd_bus_open_system(ret);
}

static void connect_bus(struct bus *b) {
        disconnect(b);
        int r = open_bus(&b->connection);
        if (r >= 0)
                r = attach(b);
        if (r >= 0)
                return;
        disconnect(b);
        connect_later(b);
}

/* --- names */

/* What may stand in an element of a name on the bus, and does not begin with a digit. */
static int add_element(struct buf *name, const char *element) {
        for (const char *p = element; *p; p++) {
                bool letter = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z');
                if (letter || (p > element && *p >= '0' && *p <= '9'))
                        (void) buf_add_char(name, *p);
                else
                        (void) buf_printf(name, "_%02x", (unsigned) (unsigned char) *p);
        }
        return name->error;
}

static char *name_of(const char *instance) {
        _cleanup_buf_ struct buf name = {};
        (void) buf_add_str(&name, BUS_NAME);
        if (!str_empty(instance)) {
                (void) buf_add_char(&name, '.');
                (void) add_element(&name, instance);
        }
        return name.error < 0 ? NULL : strdup(name.data);
}

/* --- for the service */

int bus_new(sd_event *event, const char *instance, const struct bus_handlers *handlers, struct bus **ret) {
        struct bus *b = calloc(1, sizeof(*b));
        if (!b)
                return -ENOMEM;
        *b = (struct bus){.event = sd_event_ref(event), .name = name_of(instance), .handlers = *handlers};
        if (!b->name) {
                bus_free(b);
                return -ENOMEM;
        }
        connect_bus(b);
        *ret = b;
        return 0;
}

struct bus *bus_free(struct bus *b) {
        if (!b)
                return NULL;
        disconnect(b);
        b->again = sd_event_source_disable_unref(b->again);
        sd_event_unref(b->event);
        free(b->name);
        free(b);
        return NULL;
}

void bus_look_again(struct bus *b) {
        if (!b->connection || b->refused) {
                b->refused = false;
                connect_bus(b);
        }
}

void bus_alert(struct bus *b, const struct alert *a) {
        if (!b->connection)
                return;
        /* Before the connection is ready it is queued; when nothing takes it, there is nobody to tell. */
        (void) sd_bus_emit_signal(b->connection, BUS_PATH, BUS_INTERFACE, "Alert", "sssssss", a->id, rule_id(a->rule),
                                  a->client ? a->client->id : "", severity_name(a->severity), lasting_name(a->lasting),
                                  a->title, a->summary);
}

void bus_reloaded(struct bus *b, const char *fault) {
        for (size_t i = 0; i < b->n_reloads; i++) {
                if (fault)
                        (void) sd_bus_reply_method_errorf(b->reloads[i], BUS_ERROR_FAULTS, "%s", fault);
                else
                        (void) sd_bus_reply_method_return(b->reloads[i], "");
        }
        drop_reloads(b);
}

int bus_add_text(sd_bus_message *reply, const char *key, const char *value) {
        return sd_bus_message_append(reply, "{sv}", key, "s", value ? value : "");
}

int bus_add_number(sd_bus_message *reply, const char *key, uint64_t value) {
        return sd_bus_message_append(reply, "{sv}", key, "t", value);
}

int bus_add_time(sd_bus_message *reply, const char *key, instant at) {
        bool known = at > 0 && at < INSTANT_MAX;
        return bus_add_number(reply, key, known ? (uint64_t) at * USEC_PER_SEC : 0);
}
