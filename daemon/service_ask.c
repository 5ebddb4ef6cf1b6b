/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/service_ask.h"

#include <stdio.h>
#include <unistd.h>

#include "daemon/bus.h"
#include "daemon/output.h"
#include "daemon/running.h"

#define USEC_PER_SEC UINT64_C(1000000)
/* A service that judges answers when it is done; a person waits no longer for a line that is not the main thing. */
#define ANSWER_USEC (3 * USEC_PER_SEC)

/* --- asking */

/* One entry; what is no text and no number is passed over. */
static int read_entry(sd_bus_message *m, json_object *into) {
        const char *key, *text, *contents;
        uint64_t number;
        char type;
        int r = sd_bus_message_read(m, "s", &key);
        if (r >= 0)
                r = sd_bus_message_peek_type(m, &type, &contents);
        if (r < 0)
                return r;
        if (strcmp(contents, "s") == 0) {
                r = sd_bus_message_read(m, "v", "s", &text);
                if (r >= 0)
                        json_object_object_add(into, key, json_object_new_string(text));
        } else if (strcmp(contents, "t") == 0) {
                r = sd_bus_message_read(m, "v", "t", &number);
                if (r >= 0)
                        json_object_object_add(into, key,
                                               json_object_new_int64((int64_t) MIN(number, (uint64_t) INT64_MAX)));
        } else
                r = sd_bus_message_skip(m, "v");
        return r;
}

static int read_status(sd_bus_message *m, json_object *into) {
        int r = sd_bus_message_enter_container(m, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = read_entry(m, into);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        return r;
}

static const char *text_of(json_object *status, const char *key) {
        json_object *o;
        const char *s = json_object_object_get_ex(status, key, &o) ? json_object_get_string(o) : NULL;
        return str_empty(s) ? NULL : s;
}

static int64_t number_of(json_object *status, const char *key) {
        json_object *o;
        return json_object_object_get_ex(status, key, &o) ? json_object_get_int64(o) : 0;
}

static json_object *ask_one(sd_bus *bus, const char *name, const char *config) {
        sd_bus_message *answer = NULL;
        json_object *status = json_object_new_object();
        int r = sd_bus_call_method(bus, name, BUS_PATH, BUS_INTERFACE, "Status", NULL, &answer, "");
        if (r >= 0)
                r = read_status(answer, status);
        sd_bus_message_unref(answer);
        if (r >= 0 && str_eq(text_of(status, "configuration"), config))
                return status;
        json_object_put(status);
        return NULL;
}

static bool is_ours(const char *name) {
        size_t n = strlen(BUS_NAME);
        return strncmp(name, BUS_NAME, n) == 0 && (name[n] == 0 || name[n] == '.');
}

/* Whether the service has an instance's name is not known here: ask each that may be the one. */
static json_object *ask_bus(sd_bus *bus, const char *config) {
        char **names = NULL;
        json_object *found = NULL;
        if (sd_bus_set_method_call_timeout(bus, ANSWER_USEC) < 0 || sd_bus_list_names(bus, &names, NULL) < 0)
                return NULL;
        for (char **n = names; *n; n++) {
                if (!found && is_ours(*n))
                        found = ask_one(bus, *n, config);
                free(*n);
        }
        free(names);
        return found;
}

/* Its store, where this process may read it. */
static void take_state(struct context *c, json_object *status) {
        const char *folder = text_of(status, "state");
        _cleanup_free_ char *path = NULL;
        if (!c->state && folder && asprintf(&path, "%s/" STORE_FILE, folder) >= 0 && access(path, R_OK) == 0)
                c->state = strdup(folder);
}

json_object *service_ask(struct context *c) {
        static int (*const buses[])(sd_bus * *ret) = {sd_bus_open_user, sd_bus_open_system};
        _cleanup_free_ char *path = c->n_files > 0 ? realpath(c->files[0].path, NULL) : NULL;
        json_object *found = NULL;
        for (size_t i = 0; path && i < ELEMENTSOF(buses) && !found; i++) {
                sd_bus *bus = NULL;
                if (buses[i](&bus) >= 0)
                        found = ask_bus(bus, path);
                sd_bus_flush_close_unref(bus);
        }
        if (found)
                take_state(c, found);
        return found;
}

/* --- printing */

static const char *const time_keys[] = {"running_since", "last_pass", "next_pass", "next_deadline", "next_digest"};
static const char *const text_keys[] = {"version", "configuration",     "configuration_fault", "state",
                                        "doing",   "alerts_file_fault", "command_fault",       "mail_fault"};
static const char *const number_keys[] = {"process",          "alerts_open",  "command_waiting",
                                          "command_given_up", "mail_waiting", "mail_given_up"};

static instant time_of(json_object *status, const char *key) {
        int64_t usec = number_of(status, key);
        return usec > 0 ? usec / (int64_t) USEC_PER_SEC : INSTANT_UNKNOWN;
}

static void print_as_json(json_object *status, const struct zone *zone) {
        json_object *o = json_object_new_object();
        json_object_object_add(o, "status", json_text("service"));
        for (size_t i = 0; i < ELEMENTSOF(number_keys); i++)
                json_object_object_add(o, number_keys[i], json_object_new_int64(number_of(status, number_keys[i])));
        for (size_t i = 0; i < ELEMENTSOF(time_keys); i++)
                json_object_object_add(o, time_keys[i], json_time(time_of(status, time_keys[i]), zone));
        for (size_t i = 0; i < ELEMENTSOF(text_keys); i++)
                json_object_object_add(o, text_keys[i], json_text(text_of(status, text_keys[i])));
        json_print(o);
}

static const char *when(json_object *status, const char *key, const struct settings *settings, char *buffer, size_t size) {
        const struct zone *zone = settings ? settings->owner.zone : zone_utc();
        return time_human(time_of(status, key), zone, settings ? settings->owner.language : "en", buffer, size);
}

static void print_as_text(json_object *status, const struct settings *settings) {
        static const struct {
                const char *key, *before;
        } times[] = {{"last_pass", "last read"}, {"next_pass", "looks again by"}, {"next_digest", "next digest"}};
        static const struct {
                const char *key, *before;
        } faults[] = {{"configuration_fault", "the configuration has faults, the old one is in force"},
                      {"alerts_file_fault", "alerts"},
                      {"command_fault", "on_alert"},
                      {"mail_fault", "mail"}};
        char buffer[64];
        const char *doing = text_of(status, "doing");
        printf("service   process %" PRId64, number_of(status, "process"));
        if (time_of(status, "running_since") != INSTANT_UNKNOWN)
                printf(", since %s", when(status, "running_since", settings, buffer, sizeof(buffer)));
        printf("%s%s\n", doing ? ": " : "", doing ? doing : "");
        const char *between = "          ";
        for (size_t i = 0; i < ELEMENTSOF(times); i++) {
                if (time_of(status, times[i].key) == INSTANT_UNKNOWN)
                        continue;
                printf("%s%s %s", between, times[i].before, when(status, times[i].key, settings, buffer, sizeof(buffer)));
                between = "; ";
        }
        if (*between == ';')
                putchar('\n');
        for (size_t i = 0; i < ELEMENTSOF(faults); i++)
                if (text_of(status, faults[i].key))
                        printf("          %s: %s\n", faults[i].before, text_of(status, faults[i].key));
}

/* No bus, or one that does not let us ask: its lock in the folder of the store. */
static json_object *find_lock(const struct context *c) {
        pid_t pid = c->state ? running_find(c->state) : -ESRCH;
        json_object *status = pid >= 0 ? json_object_new_object() : NULL;
        if (status) {
                json_object_object_add(status, "process", json_object_new_int64(pid));
                json_object_object_add(status, "doing", json_object_new_string("running, and not to be asked on a bus"));
        }
        return status;
}

bool service_print(struct context *c, json_object *answer) {
        if (!answer)
                answer = find_lock(c);
        if (!answer)
                return false;
        if (c->json)
                print_as_json(answer, c->settings ? c->settings->owner.zone : zone_utc());
        else
                print_as_text(answer, c->settings);
        json_object_put(answer);
        return true;
}
