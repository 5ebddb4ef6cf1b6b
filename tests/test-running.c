/* SPDX-License-Identifier: GPL-3.0-or-later */

/* One service for one store, and who only asks about it is never taken for one. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/descriptor.h"
#include "daemon/running.h"

/* So many starts beside somebody who asks all the time: each of them is a chance to meet in the middle. */
#define STARTS 5000

static char folder[64];

static int setup(void **data) {
        (void) data;
        (void) snprintf(folder, sizeof(folder), "/tmp/adieu-running-XXXXXX");
        return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **data) {
        char path[sizeof(folder) + sizeof("/" RUNNING_FILE)];
        (void) data;
        (void) snprintf(path, sizeof(path), "%s/" RUNNING_FILE, folder);
        (void) unlink(path);
        return rmdir(folder);
}

static void test_one(void **data) {
        int fd = -1, second = -1;
        pid_t other = 0;
        (void) data;
        assert_int_equal(running_find(folder), -ESRCH);
        assert_int_equal(running_take(folder, &fd, &other), 0);
        assert_int_equal(running_find(folder), getpid());
        assert_int_equal(running_take(folder, &second, &other), -EBUSY);
        assert_int_equal(other, getpid());
        assert_int_equal(second, -1);
        /* Who was refused, and who asked, took nothing from its holder by closing the file. */
        assert_int_equal(running_find(folder), getpid());
        close_fd(&fd);
        assert_int_equal(running_find(folder), -ESRCH);
}

/* However it ends. */
static void test_killed(void **data) {
        int ready[2], fd = -1, status;
        pid_t other = 0;
        char byte;
        (void) data;
        assert_int_equal(pipe(ready), 0);
        pid_t holder = fork();
        assert_true(holder >= 0);
        if (holder == 0) {
                if (running_take(folder, &fd, &other) < 0 || write(ready[1], "r", 1) != 1)
                        _exit(1);
                for (;;)
                        (void) pause();
        }
        close_fd(&ready[1]);
        assert_int_equal(read(ready[0], &byte, 1), 1);
        assert_int_equal(running_find(folder), holder);
        assert_int_equal(running_take(folder, &fd, &other), -EBUSY);
        assert_int_equal(other, holder);
        (void) kill(holder, SIGKILL);
        assert_int_equal(waitpid(holder, &status, 0), holder);
        assert_int_equal(running_find(folder), -ESRCH);
        assert_int_equal(running_take(folder, &fd, &other), 0);
        close_fd(&fd);
        close_fd(&ready[0]);
}

static void test_asked(void **data) {
        int fd = -1, status;
        pid_t other = 0, refused = 0;
        (void) data;
        pid_t asker = fork();
        assert_true(asker >= 0);
        if (asker == 0)
                for (;;)
                        (void) running_find(folder);
        for (int i = 0; i < STARTS && refused == 0; i++) {
                refused = running_take(folder, &fd, &other) < 0;
                close_fd(&fd);
        }
        (void) kill(asker, SIGKILL);
        assert_int_equal(waitpid(asker, &status, 0), asker);
        assert_int_equal(refused, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_one),
                cmocka_unit_test(test_killed),
                cmocka_unit_test(test_asked),
        };
        return cmocka_run_group_tests(tests, setup, teardown);
}
