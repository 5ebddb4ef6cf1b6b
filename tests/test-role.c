/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Processes in roles: this program is its own role. */

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/backoff.h"
#include "daemon/role.h"

extern char **environ;

/* --- the roles --- */

/* Says what it sees: its open descriptors and its environment. */
static int role_look(void) {
        char text[4096];
        size_t n = 0;
        for (int fd = 0; fd < 100; fd++)
                if (fcntl(fd, F_GETFD) >= 0)
                        n += (size_t) snprintf(text + n, sizeof(text) - n, "%d ", fd);
        for (char **e = environ; *e; e++)
                n += (size_t) snprintf(text + n, sizeof(text) - n, "%.*s ", (int) strcspn(*e, "="), *e);
        (void) !write(ROLE_SOCKET, text, n);
        return 7;
}

/* Says one word back, and ends when the other side does. */
static int role_echo(void) {
        char text[64];
        ssize_t n;
        while ((n = read(ROLE_SOCKET, text, sizeof(text))) > 0)
                (void) !write(ROLE_SOCKET, text, (size_t) n);
        return 0;
}

/* --- tests --- */

static void test_backoff(void **state) {
        (void) state;
        const struct backoff b = {.first_usec = 1000, .most_usec = 60000};
        assert_int_equal(backoff_wait(&b, 0, 5), 0);
        uint64_t full = 1000;
        for (uint32_t failures = 1; failures < 100; failures++) {
                uint64_t low = backoff_wait(&b, failures, 0), high = backoff_wait(&b, failures, full / 2);
                assert_int_equal(low, full - full / 2);
                assert_int_equal(high, full);
                for (uint64_t random = 1; random < 1000000000000; random *= 7) {
                        uint64_t w = backoff_wait(&b, failures, random);
                        assert_true(w >= low && w <= high);
                }
                full = MIN(full * 2, b.most_usec);
        }
        /* Limits near the end of the number, and the wrong way round. */
        const struct backoff huge = {.first_usec = UINT64_MAX / 2 + 2, .most_usec = UINT64_MAX};
        assert_true(backoff_wait(&huge, 3, 0) >= UINT64_MAX / 2);
        const struct backoff wrong = {.first_usec = 100, .most_usec = 10};
        assert_true(backoff_wait(&wrong, 1, 99) <= 10);
        const struct backoff none = {0};
        assert_int_equal(backoff_wait(&none, 9, 99), 0);
}

static void test_wire(void **state) {
        (void) state;
        static const struct remote r = {.url = "imaps://h:1",
                                        .user = "",
                                        .host = "h",
                                        .path = "",
                                        .port = 993,
                                        .tls = REMOTE_STARTTLS,
                                        .auth = AUTH_XOAUTH2,
                                        .ca = NULL,
                                        .fingerprint = "sha256:0"};
        _cleanup_buf_ struct buf b = {0};
        wire_put_number(&b, UINT64_MAX);
        wire_put_remote(&b, &r);
        wire_put_bytes(&b, "a\0b", 3);
        wire_put(&b, NULL);
        assert_int_equal(b.error, 0);
        for (size_t cut = 0; cut <= b.size; cut++) {
                _cleanup_arena_ struct arena *arena = NULL;
                assert_int_equal(arena_new(0, &arena), 0);
                _cleanup_free_ char *copy = malloc(cut + 1); /* so that a sanitizer sees what reads further */
                memcpy(copy, b.data, cut);
                struct wire w = {.data = copy, .size = cut};
                struct remote got;
                size_t n;
                uint64_t number = wire_number(&w);
                wire_remote(&w, arena, &got);
                const char *bytes = wire_bytes(&w, &n), *text = wire_text(&w, arena, 10);
                assert_int_equal(w.bad, cut < b.size);
                if (w.bad)
                        continue;
                assert_true(number == UINT64_MAX);
                assert_int_equal(n, 3);
                assert_memory_equal(bytes, "a\0b", 3);
                assert_null(text);
                assert_string_equal(got.url, r.url);
                assert_string_equal(got.user, "");
                assert_null(got.ca);
                assert_int_equal(got.port, 993);
                assert_int_equal(got.tls, REMOTE_STARTTLS);
                assert_int_equal(got.auth, AUTH_XOAUTH2);
                assert_int_equal(w.size, 0);
        }
        /* A text with a NUL inside, or too long, is none. */
        _cleanup_buf_ struct buf c = {0};
        wire_put_bytes(&c, "a\0b", 3);
        struct wire w = {.data = c.data, .size = c.size};
        _cleanup_arena_ struct arena *arena = NULL;
        assert_int_equal(arena_new(0, &arena), 0);
        assert_null(wire_text(&w, arena, 10));
        assert_true(w.bad);
        buf_reset(&c);
        wire_put(&c, "abc");
        w = (struct wire){.data = c.data, .size = c.size};
        assert_null(wire_text(&w, arena, 2));
        assert_true(w.bad);
}

static void test_process(void **state) {
        (void) state;
        struct process p;
        siginfo_t how;
        char text[4096] = "", story[64];
        int extra = open("/dev/null", O_RDONLY); /* not marked to be closed */
        assert_true(extra >= 0);
        assert_int_equal(setenv("ADIEU_SECRET", "x", 1), 0);
        assert_int_equal(process_start("/proc/self/exe", "look", &p), 0);
        assert_true(recv(p.socket, text, sizeof(text) - 1, 0) > 0);
        close(extra);
        assert_true(strncmp(text, "0 1 2 3 LANG ", 13) == 0);
        assert_null(strstr(text, "ADIEU"));
        assert_null(strstr(text, "PATH"));
        assert_int_equal(process_reap(&p, true, &how), 0);
        assert_string_equal(process_story(&how, story, sizeof(story)), "ended with status 7");
        process_clear(&p);
        assert_int_equal(p.pidfd, -1);

        assert_int_equal(process_start("/proc/self/exe", "echo", &p), 0);
        assert_int_equal(send(p.socket, "x", 1, 0), 1);
        assert_int_equal(recv(p.socket, text, sizeof(text), 0), 1);
        assert_int_equal(process_reap(&p, false, &how), -EAGAIN);
        process_signal(&p, SIGKILL);
        assert_int_equal(process_reap(&p, true, &how), 0);
        assert_string_equal(process_story(&how, story, sizeof(story)), "was killed by signal 9");
        process_end(&p); /* nothing left to end */
        assert_int_equal(p.socket, -1);
        assert_int_equal(process_start("/proc/self/exe", "echo", &p), 0);
        process_hang_up(&p);
        assert_int_equal(process_reap(&p, true, &how), 0);
        assert_int_equal(how.si_code, CLD_EXITED);
        process_clear(&p);
        assert_int_equal(process_start("/nonexistent/x", "echo", &p), -ENOENT);
}

int main(int argc, char **argv) {
        if (argc == 2 && strcmp(argv[1], "--role=look") == 0)
                return role_look();
        if (argc == 2 && strcmp(argv[1], "--role=echo") == 0)
                return role_echo();
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_backoff),
                cmocka_unit_test(test_wire),
                cmocka_unit_test(test_process),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
