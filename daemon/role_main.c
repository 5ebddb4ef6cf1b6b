/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/role.h"
#include "daemon/role_command.h"
#include "daemon/role_fetch.h"
#include "daemon/role_parse.h"
#include "daemon/role_send.h"
#include "daemon/sandbox.h"

int role_main(int argc, char **argv) {
        static const struct {
                const char *argument;
                int (*run)(void);
        } roles[] = {
                {"--role=parse", role_parse},
                {"--role=fetch", role_fetch},
                {"--role=send", role_send},
        };
        for (size_t i = 0; argc == 2 && i < ELEMENTSOF(roles); i++)
                if (str_eq(argv[1], roles[i].argument)) {
                        sandbox_leave_no_core();
                        return roles[i].run();
                }
        /* A program of the owner's, with its arguments after the name of the role. */
        if (argc > 2 && str_eq(argv[1], "--role=command"))
                return role_command(argv + 2);
        return -1;
}
