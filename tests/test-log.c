/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/clock.h"
#include "daemon/log.h"

/* stderr goes into a memory file while a case runs. */
struct capture {
        int saved, file;
        char text[32768];
};

static int setup(void **state) {
        static struct capture c;
        c.saved = dup(STDERR_FILENO);
        c.file = memfd_create("stderr", MFD_CLOEXEC);
        if (c.saved < 0 || c.file < 0 || dup2(c.file, STDERR_FILENO) < 0)
                return -1;
        (void) unsetenv("JOURNAL_STREAM");
        *state = &c;
        return 0;
}

static const char *written(struct capture *c) {
        ssize_t n = pread(c->file, c->text, sizeof(c->text) - 1, 0);
        c->text[n < 0 ? 0 : n] = 0;
        return c->text;
}

static int teardown(void **state) {
        struct capture *c = *state;
        (void) dup2(c->saved, STDERR_FILENO);
        (void) close(c->saved);
        (void) close(c->file);
        (void) unsetenv("JOURNAL_STREAM");
        return 0;
}

static void plain_lines(void **state) {
        log_warning("%d sources, %s", 3, "one late");
        log_error("second");
        assert_string_equal(written(*state), "3 sources, one late\nsecond\n");
}

static void details_are_for_the_journal(void **state) {
        log_at(LOG_LEVEL_DEBUG, "hidden");
        assert_string_equal(written(*state), "");
}

static void journal_priorities(void **state) {
        struct capture *c = *state;
        struct stat st;
        char stream[64];
        assert_return_code(fstat(STDERR_FILENO, &st), errno);
        (void) snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t) st.st_dev, (uintmax_t) st.st_ino);
        assert_return_code(setenv("JOURNAL_STREAM", stream, 1), errno);
        log_notice("noted");
        log_at(LOG_LEVEL_DEBUG, "shown");
        assert_string_equal(written(c), "<5>noted\n<7>shown\n");
}

static void journal_elsewhere(void **state) {
        assert_return_code(setenv("JOURNAL_STREAM", "1:2", 1), errno);
        log_notice("to a person");
        assert_string_equal(written(*state), "to a person\n");
}

static void nobody_forges_a_line(void **state) {
        log_info("file %s", "a\nb\r\x1b[31mred\x07\tx");
        const char *text = written(*state);
        assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
        for (const char *p = text; p[1]; p++)
                assert_true((unsigned char) *p >= ' ');
        assert_non_null(strstr(text, "red"));
}

static void long_lines_are_cut(void **state) {
        char *huge = malloc(100000);
        assert_non_null(huge);
        memset(huge, 'x', 99999);
        huge[99999] = 0;
        log_error("%s", huge);
        assert_int_equal(log_errno(-ENOSPC, "%s", huge), -ENOSPC);
        const char *text = written(*state);
        assert_true(strlen(text) > 8000 && strlen(text) < 20000);
        assert_int_equal(text[strlen(text) - 1], '\n');
        free(huge);
}

static void errors_are_named(void **state) {
        errno = EDOM;
        assert_int_equal(log_errno(-ENOENT, "Cannot read %s", "x"), -ENOENT);
        assert_int_equal(log_errno(EACCES, "Cannot write"), -EACCES);
        assert_int_equal(log_errno(-99999, "Odd"), -99999);
        assert_int_equal(errno, EDOM);
        assert_string_equal(
                written(*state),
                "Cannot read x: No such file or directory\nCannot write: Permission denied\nOdd: unknown error\n");
}

static void a_fixed_clock(void **state) {
        (void) state;
        assert_int_equal(clock_now(&(struct clock){.fixed = true, .now = -5}), -5);
        assert_true(clock_now(&(struct clock){0}) > INT64_C(1700000000));
        assert_true(clock_now(NULL) > INT64_C(1700000000));
}

int main(void) {
#define LOG_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        const struct CMUnitTest tests[] = {
                LOG_TEST(plain_lines),       LOG_TEST(details_are_for_the_journal), LOG_TEST(journal_priorities),
                LOG_TEST(journal_elsewhere), LOG_TEST(nobody_forges_a_line),        LOG_TEST(long_lines_are_cut),
                LOG_TEST(errors_are_named),  cmocka_unit_test(a_fixed_clock),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
