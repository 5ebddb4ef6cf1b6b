/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <config.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>

#include "daemon/log.h"
#include "daemon/role.h"
#include "daemon/sandbox.h"
#include "daemon/service.h"

static void help(void) {
        puts("adieud [-c FILE] [--instance NAME]\n\n"
             "Read mailboxes and calendars as they change, and tell which clients keep to the terms of work.\n"
             "Run by systemd: see adieud(8). SIGHUP reads the configuration and the rules again.\n\n"
             "  -c, --config FILE  the configuration; $XDG_CONFIG_HOME/adieu/adieu.yaml or the system's otherwise\n"
             "      --instance NAME  tells several services on one bus apart: org.adieu.Service1.NAME\n"
             "  -h, --help\n"
             "      --version");
}

int main(int argc, char **argv) {
        int role = role_main(argc, argv);
        if (role >= 0)
                return role;
        sandbox_limit_core();
        static const struct option longs[] = {{"config", required_argument, NULL, 'c'},
                                              {"instance", required_argument, NULL, 'i'},
                                              {"help", no_argument, NULL, 'h'},
                                              {"version", no_argument, NULL, 'v'},
                                              {}};
        (void) setlocale(LC_CTYPE, "C.UTF-8");
        const char *instance = NULL;
        struct context c = {.program = "/proc/self/exe", .warns = true};
        for (int o; (o = getopt_long(argc, argv, "c:h", longs, NULL)) != -1;)
                switch (o) {
                case 'c':
                        c.config_path = optarg;
                        break;
                case 'i':
                        instance = optarg;
                        break;
                case 'h':
                        help();
                        return EXIT_DONE;
                case 'v':
                        puts("adieud " PACKAGE_VERSION);
                        return EXIT_DONE;
                default:
                        return EXIT_USAGE;
                }
        if (optind < argc) {
                log_error("adieud takes no operands: what is read stands in the configuration");
                return EXIT_USAGE;
        }
        int status = service_run(&c, instance);
        context_free(&c);
        return status;
}
