/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Skip the rest of a test and say why; include after cmocka.h. run-cmocka.sh puts the reason where the summary shows it. */
#define SKIP(reason)                                      \
        do {                                              \
                print_message("# skipped: %s\n", reason); \
                skip();                                   \
        } while (0)
