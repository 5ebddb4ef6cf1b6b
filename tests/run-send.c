/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Sends one mail as the service does, for tests/test-send.py: run-send [--patience MS] [--final-fails] CONFIG MAIL FROM RECIPIENT.
 * Prints "final" when the mail may arrive from now on, and the outcome as JSON. */

#include <getopt.h>
#include <stdio.h>
#include <sys/stat.h>

#include <json-c/json.h>

#include "daemon/role.h"
#include "daemon/send.h"
#include "rules/settings.h"
#include "tests/zoneinfo.h"

#define FILE_SIZE_MAX ((size_t) 64 * 1024 * 1024)

struct run {
        sd_event *event;
        struct sending *sending;
        bool final_fails;
        int told;
};

static char *read_file(const char *path, size_t *ret_size) {
        FILE *f = fopen(path, "rbe");
        char *data = f ? malloc(FILE_SIZE_MAX) : NULL;
        *ret_size = data ? fread(data, 1, FILE_SIZE_MAX, f) : 0;
        if (f)
                fclose(f);
        return data;
}

static int on_final(void *userdata) {
        const struct run *run = userdata;
        puts("final");
        fflush(stdout);
        return run->final_fails ? -EIO : 0;
}

static void on_done(const struct send_outcome *o, void *userdata) {
        struct run *run = userdata;
        json_object *j = json_object_new_object();
        json_object_object_add(j, "stage", json_object_new_int((int) o->stage));
        json_object_object_add(j, "code", json_object_new_int(o->code));
        json_object_object_add(j, "permanent", json_object_new_boolean(o->permanent));
        json_object_object_add(j, "configuration", json_object_new_boolean(o->configuration));
        json_object_object_add(j, "text", json_object_new_string(o->text));
        puts(json_object_to_json_string_ext(j, JSON_C_TO_STRING_PLAIN));
        json_object_put(j);
        run->told++;
        run->sending = send_cancel(run->sending);
        (void) sd_event_exit(run->event, 0);
}

static int load(const char *path, struct zone_table *zones, struct settings **ret) {
        size_t size;
        struct diagnostics d = {0};
        char *data = read_file(path, &size);
        if (!data)
                return -ENOENT;
        int r = settings_load(&(struct settings_file){path, data, size, NULL}, 1, zones, &d, ret);
        for (size_t i = 0; i < d.n; i++)
                fprintf(stderr, "%s:%u:%u: %s\n", path, d.items[i].line, d.items[i].column, d.items[i].text);
        diagnostics_free(&d);
        free(data);
        return r;
}

static int send_it(struct run *run, const struct settings *s, char **arguments, uint64_t patience) {
        const struct send_transport transport = {.remote = s->digest.remote, .sendmail = s->digest.sendmail};
        size_t size;
        char *mail = read_file(arguments[1], &size);
        int r = mail ? sd_event_new(&run->event) : -ENOENT;
        if (r >= 0)
                r = send_start(run->event, "/proc/self/exe", &transport, arguments[2], arguments[3], mail, size, on_done,
                               run, &run->sending);
        free(mail);
        if (r >= 0) {
                send_set_final(run->sending, on_final);
                if (patience > 0)
                        send_set_patience(run->sending, patience);
                r = sd_event_loop(run->event);
        }
        run->sending = send_cancel(run->sending);
        sd_event_unref(run->event);
        return r;
}

int main(int argc, char **argv) {
        static const struct option longs[] = {
                {"patience", required_argument, NULL, 'p'}, {"final-fails", no_argument, NULL, 'f'}, {}};
        int role = role_main(argc, argv);
        if (role >= 0)
                return role;
        struct run run = {0};
        uint64_t patience = 0;
        for (int o; (o = getopt_long(argc, argv, "", longs, NULL)) != -1;)
                if (o == 'p')
                        patience = strtoull(optarg, NULL, 10) * 1000;
                else
                        run.final_fails = true;
        if (argc - optind != 4)
                return 2;
        struct zone_table *zones = NULL;
        struct settings *settings = NULL;
        struct zone *paris = zoneinfo_read("Europe/Paris");
        int r = zone_table_new(&zones);
        if (r >= 0 && paris)
                r = zone_table_add(zones, paris);
        if (r >= 0)
                r = load(argv[optind], zones, &settings);
        if (r >= 0)
                r = send_it(&run, settings, argv + optind, patience);
        settings_free(settings);
        zone_table_free(zones);
        if (r < 0) {
                fprintf(stderr, "run-send: %s\n", strerror(-r));
                return 1;
        }
        return run.told == 1 ? 0 : 1;
}
