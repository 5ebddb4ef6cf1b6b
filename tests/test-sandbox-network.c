/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What a role with a network may still do, and what it may not. Each attempt runs in a child that locked itself in. */

#include "tests/skip.h"
#include <fcntl.h>
#include <linux/landlock.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/sandbox.h"

#ifdef WITH_SANITIZERS
#define FILTERED 0
#else
#define FILTERED 1
#endif

#define SANDBOX_FAILED 200

static uint16_t allowed_port, other_port;
static pid_t parent;
static char secret_path[] = "/tmp/adieu-sandbox-XXXXXX";

static long landlock_abi(void) {
        return syscall(SYS_landlock_create_ruleset, NULL, (size_t) 0, LANDLOCK_CREATE_RULESET_VERSION);
}

static int confined(int (*attempt)(void)) {
        parent = getpid();
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
                _exit(sandbox_network(&allowed_port, 1) < 0 ? SANDBOX_FAILED : attempt());
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return status;
}

static void assert_exits(int (*attempt)(void), int expected) {
        int status = confined(attempt);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), expected);
}

static int result(long r) {
        return r < 0 ? errno : 0;
}

/* --- what must work --- */

static int connect_to(uint16_t port) {
        const struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        return fd < 0 ? errno : result(connect(fd, (const struct sockaddr *) &to, sizeof(to)));
}
static int try_connect(void) {
        return connect_to(allowed_port);
}
static int try_resolve(void) {
        struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
        int r = getaddrinfo("localhost", "1", &hints, &list);
        if (r == 0)
                freeaddrinfo(list);
        return r < 0 ? -r : r;
}
/* Answered by whatever resolver there is, or by nobody: it must end with an answer of its own, not with a signal. */
static int try_resolve_far(void) {
        struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
        if (getaddrinfo("nowhere.invalid", "1", &hints, &list) == 0)
                freeaddrinfo(list);
        return 0;
}
static void *thread(void *p) {
        *(int *) p = 5;
        return p;
}
static int try_thread(void) {
        pthread_t t;
        int x = 0;
        if (pthread_create(&t, NULL, thread, &x) != 0)
                return 1;
        return pthread_join(t, NULL) == 0 && x == 5 ? 0 : 2;
}
static int try_memory_file(void) {
        int fd = memfd_create("x", MFD_CLOEXEC);
        return fd < 0 ? errno : result(write(fd, "hello", 5));
}
static int try_random(void) {
        char byte;
        int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
        return fd < 0 ? errno : read(fd, &byte, 1) == 1 ? 0 : 1;
}
static void what_is_needed_works(void **state) {
        (void) state;
        assert_exits(try_connect, 0);
        assert_exits(try_resolve, 0);
        assert_exits(try_resolve_far, 0);
        assert_exits(try_thread, 0);
        assert_exits(try_memory_file, 0);
        assert_exits(try_random, 0);
}

/* --- what must not --- */

static int try_other_port(void) {
        return connect_to(other_port);
}
static void other_ports_are_closed(void **state) {
        (void) state;
        if (!FILTERED || landlock_abi() < 4)
                SKIP("no Landlock with rules for ports here");
        assert_exits(try_other_port, EACCES);
}

static int try_read_secret(void) {
        return result(open(secret_path, O_RDONLY | O_CLOEXEC));
}
static int try_list(void) {
        return result(open("/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}
static int try_proc(void) {
        return result(open("/proc/self/environ", O_RDONLY | O_CLOEXEC));
}
static void files_are_closed(void **state) {
        (void) state;
        if (!FILTERED || landlock_abi() < 1)
                SKIP("no Landlock here");
        assert_exits(try_read_secret, EACCES);
        assert_exits(try_list, EACCES);
        assert_exits(try_proc, EACCES);
}

static int try_write(void) {
        return result(open(secret_path, O_WRONLY | O_CLOEXEC));
}
static int try_create(void) {
        return result(open("/tmp/adieu-sandbox-new", O_RDONLY | O_CREAT | O_CLOEXEC, 0600));
}
static int try_packet_socket(void) {
        return result(socket(AF_PACKET, SOCK_RAW, 0));
}
static int try_writable_code(void) {
        return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno
                                                                                                                      : 0;
}
static int try_make_executable(void) {
        void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return result(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}
static int try_limits(void) {
        const struct rlimit l = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
        return result(setrlimit(RLIMIT_CORE, &l));
}
static int try_clone(void) {
        return result(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL));
}
static int try_newer(void) {
        return result(syscall(SYS_io_uring_setup, 1, NULL));
}
static int try_dumpable(void) {
        return result(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}
static void what_is_not_needed_is_not_there(void **state) {
        int (*const attempts[])(void) = {try_write,  try_create, try_packet_socket, try_writable_code, try_make_executable,
                                         try_limits, try_clone,  try_newer,         try_dumpable};
        (void) state;
        if (!FILTERED)
                SKIP("no system call filter in a build with sanitizers");
        for (size_t i = 0; i < ELEMENTSOF(attempts); i++)
                assert_exits(attempts[i], ENOSYS);
}

static int try_execve(void) {
        char *const none[] = {NULL};
        return result(execve("/bin/true", none, none));
}
static int try_fork(void) {
        return result(syscall(SYS_fork));
}
static int try_kill(void) {
        return result(kill(parent, 0));
}
static int try_ptrace(void) {
        return result(ptrace(PTRACE_ATTACH, parent, NULL, NULL));
}
static int try_listen(void) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        return result(listen(fd, 1));
}
static int try_other_memory(void) {
        return result(syscall(SYS_process_vm_readv, parent, NULL, 0, NULL, 0, 0));
}
static void what_only_an_intruder_does_kills(void **state) {
        int (*const attempts[])(void) = {try_execve, try_fork, try_kill, try_ptrace, try_listen, try_other_memory};
        (void) state;
        if (!FILTERED)
                SKIP("no system call filter in a build with sanitizers");
        for (size_t i = 0; i < ELEMENTSOF(attempts); i++) {
                int status = confined(attempts[i]);
                assert_true(WIFSIGNALED(status));
                assert_int_equal(WTERMSIG(status), SIGSYS);
                assert_false(WCOREDUMP(status));
        }
}

static int too_many_ports(void) {
        const uint16_t ports[NETWORK_PORTS_MAX + 1] = {0};
        return sandbox_network(ports, ELEMENTSOF(ports)) == -E2BIG ? 0 : 1;
}
static void ports_are_counted(void **state) {
        (void) state;
        assert_int_equal(too_many_ports(), 0);
}

static uint16_t listen_somewhere(void) {
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
        socklen_t size = sizeof(a);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || bind(fd, (const struct sockaddr *) &a, sizeof(a)) < 0 || listen(fd, 16) < 0 ||
            getsockname(fd, (struct sockaddr *) &a, &size) < 0)
                return 0;
        return ntohs(a.sin_port);
}

static int setup(void **state) {
        (void) state;
        allowed_port = listen_somewhere();
        other_port = listen_somewhere();
        int fd = mkstemp(secret_path);
        return allowed_port == 0 || other_port == 0 || fd < 0 ? -1 : 0;
}

static int teardown(void **state) {
        (void) state;
        return unlink(secret_path);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_needed_works),
                cmocka_unit_test(other_ports_are_closed),
                cmocka_unit_test(files_are_closed),
                cmocka_unit_test(what_is_not_needed_is_not_there),
                cmocka_unit_test(what_only_an_intruder_does_kills),
                cmocka_unit_test(ports_are_counted),
        };
        return cmocka_run_group_tests(tests, setup, teardown);
}
