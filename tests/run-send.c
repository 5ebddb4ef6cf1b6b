/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Sends one mail as the service does, for tests/test-send.py: run-send [--patience MS] [--final-fails] [--times N] [--try] CONFIG MAIL FROM RECIPIENT.
 * Prints "final" when the mail may arrive from now on, and the outcome as JSON. With --times, N mails one after the other, and after each the pages and
 * descriptors in use. */

#include <fcntl.h>
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
        bool final_fails, only_try;
        unsigned told, times;
        uint64_t patience;
        struct send_transport transport;
        char **arguments, *mail;
        size_t size;
};

static int send_it(struct run *run);

static void say_use(void) {
        unsigned long pages = 0, resident = 0;
        unsigned descriptors = 0;
        FILE *f = fopen("/proc/self/statm", "re");
        if (!f || fscanf(f, "%lu %lu", &pages, &resident) != 2)
                resident = 0;
        if (f)
                fclose(f);
        for (int fd = 0; fd < 1024; fd++)
                descriptors += fcntl(fd, F_GETFD) >= 0;
        printf("use %lu %u\n", resident, descriptors);
}

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
        if (run->times > 1)
                say_use();
        if (run->told >= run->times || send_it(run) < 0)
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

static int send_it(struct run *run) {
        int r = send_start(run->event, "/proc/self/exe", &run->transport, run->arguments[2], run->arguments[3],
                           run->only_try ? NULL : run->mail, run->size, on_done, run, &run->sending);
        if (r < 0)
                return r;
        send_set_final(run->sending, on_final);
        if (run->patience > 0)
                send_set_patience(run->sending, run->patience);
        return 0;
}

static int send_all(struct run *run, const struct settings *s) {
        run->transport = (struct send_transport){.remote = s->digest.remote, .sendmail = s->digest.sendmail};
        run->mail = read_file(run->arguments[1], &run->size);
        int r = run->mail ? sd_event_new(&run->event) : -ENOENT;
        if (r >= 0)
                r = send_it(run);
        if (r >= 0)
                r = sd_event_loop(run->event);
        run->sending = send_cancel(run->sending);
        free(run->mail);
        sd_event_unref(run->event);
        return r;
}

int main(int argc, char **argv) {
        static const struct option longs[] = {{"patience", required_argument, NULL, 'p'},
                                              {"final-fails", no_argument, NULL, 'f'},
                                              {"try", no_argument, NULL, 'y'},
                                              {"times", required_argument, NULL, 't'},
                                              {}};
        int role = role_main(argc, argv);
        if (role >= 0)
                return role;
        struct run run = {.times = 1};
        for (int o; (o = getopt_long(argc, argv, "", longs, NULL)) != -1;)
                if (o == 'p')
                        run.patience = strtoull(optarg, NULL, 10) * 1000;
                else if (o == 't')
                        run.times = (unsigned) strtoul(optarg, NULL, 10);
                else if (o == 'y')
                        run.only_try = true;
                else if (o == 'f')
                        run.final_fails = true;
                else
                        return 2;
        if (argc - optind != 4)
                return 2;
        run.arguments = argv + optind;
        struct zone_table *zones = NULL;
        struct settings *settings = NULL;
        struct zone *paris = zoneinfo_read("Europe/Paris");
        int r = zone_table_new(&zones);
        if (r >= 0 && paris)
                r = zone_table_add(zones, paris);
        if (r >= 0)
                r = load(argv[optind], zones, &settings);
        if (r >= 0)
                r = send_all(&run, settings);
        settings_free(settings);
        zone_table_free(zones);
        if (r < 0) {
                fprintf(stderr, "run-send: %s\n", strerror(-r));
                return 1;
        }
        return run.told == run.times ? 0 : 1;
}
