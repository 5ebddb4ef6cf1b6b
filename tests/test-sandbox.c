/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/skip.h"
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/role_parse.h"
#include "daemon/sandbox.h"

#ifdef WITH_SANITIZERS
#define FILTERED 0
#else
#define FILTERED 1
#endif

/* What a role that was taken over might try. Each runs in a child that locked itself in; 0 is "it worked". Errors are positive errno. */
#define SANDBOX_FAILED 200

static int pair[2]; /* PARSE_SOCKET and its other end */
static int file;    /* open for reading and writing before the lock */
static pid_t parent;

static int confined(int (*attempt)(void)) {
        parent = getpid();
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                if (sandbox_parse() < 0)
                        _exit(SANDBOX_FAILED);
                _exit(attempt());
        }
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return status;
}

static void assert_exits(int (*attempt)(void), int expected) {
        int status = confined(attempt);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), expected);
}

static void assert_killed(int (*attempt)(void), int signal) {
        if (!FILTERED)
                SKIP("no system call filter in a build with sanitizers");
        int status = confined(attempt);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), signal);
        assert_false(WCOREDUMP(status));
}

static int result(long r) {
        return r < 0 ? errno : 0;
}

/* --- refused with an error --- */

static int try_open(void) {
        return result(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}
static int try_openat2(void) {
        const uint64_t how[3] = {0};
        return result(syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", how, sizeof(how)));
}
static int try_stat(void) {
        struct stat st;
        return result(stat("/etc/passwd", &st));
}
static int try_access(void) {
        return result(access("/etc/passwd", R_OK));
}
static int try_readlink(void) {
        char to[64];
        return result(readlink("/proc/self/exe", to, sizeof(to)));
}
static void paths_are_refused(void **state) {
        (void) state;
        if (!FILTERED)
                SKIP("no system call filter in a build with sanitizers");
        assert_exits(try_open, EACCES);
        assert_exits(try_openat2, EACCES);
        assert_exits(try_stat, EACCES);
        assert_exits(try_access, EACCES);
        assert_exits(try_readlink, EACCES);
}

/* --- killed --- */

static int try_socket(void) {
        return result(socket(AF_INET, SOCK_STREAM, 0));
}
static int try_unix_socket(void) {
        return result(socket(AF_UNIX, SOCK_STREAM, 0));
}
static int try_connect(void) {
        const struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = 80};
        return result(connect(PARSE_SOCKET, (const struct sockaddr *) &to, sizeof(to)));
}
static int try_fork(void) {
        return result(syscall(SYS_fork));
}
static int try_clone(void) {
        return result(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL));
}
static int try_execve(void) {
        char *const none[] = {NULL};
        return result(execve("/bin/true", none, none));
}
static int try_ptrace(void) {
        return result(ptrace(PTRACE_ATTACH, parent, NULL, NULL));
}
static int try_kill(void) {
        return result(kill(parent, 0));
}
static int try_tgkill_other(void) {
        return result(syscall(SYS_tgkill, parent, parent, 0));
}
static int try_unlink(void) {
        return result(unlink("/nonexistent"));
}
static int try_memfd(void) {
        return result(memfd_create("x", 0));
}
static int try_executable_memory(void) {
        return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0;
}
static int try_make_executable(void) {
        void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return result(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}
static int try_raise_memory(void) {
        const struct rlimit l = {RLIM_INFINITY, RLIM_INFINITY};
        return result(setrlimit(RLIMIT_AS, &l));
}
static int try_limit_of_parent(void) {
        const struct rlimit l = {1, 1};
        return result(prlimit(parent, RLIMIT_CPU, &l, NULL));
}
static int try_write_elsewhere(void) {
        return result(write(STDOUT_FILENO, "x", 1));
}
static int try_write_received(void) {
        return result(pwrite(file, "x", 1, 0));
}
static int try_other_socket(void) {
        struct iovec part = {.iov_base = (char *) "x", .iov_len = 1};
        const struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
        return result(sendmsg(STDOUT_FILENO, &m, 0));
}
static int try_sigaction(void) {
        return signal(SIGXCPU, SIG_IGN) == SIG_ERR ? errno : 0;
}
static int try_old_abi(void) {
        long r = -1;
#ifdef __x86_64__
        __asm__ volatile("int $0x80" : "=a"(r) : "a"(20) : "memory"); /* getpid of the 32-bit table */
#else
        raise(SIGSYS);
#endif
        return result(r);
}
static void what_reaches_out_kills(void **state) {
        int (*const attempts[])(void) = {
                try_socket,       try_unix_socket,     try_connect,         try_fork,
                try_clone,        try_execve,          try_ptrace,          try_kill,
                try_tgkill_other, try_unlink,          try_memfd,           try_executable_memory,
                try_raise_memory, try_sigaction,       try_make_executable, try_write_elsewhere,
                try_other_socket, try_limit_of_parent,
        };
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(attempts); i++)
                assert_killed(attempts[i], SIGSYS);
}

static void another_table_of_system_calls_kills(void **state) {
        (void) state;
        if (!FILTERED)
                SKIP("no system call filter in a build with sanitizers");
        /* SIGSEGV where the kernel does not know the old table at all. */
        int status = confined(try_old_abi);
        assert_true(WIFSIGNALED(status));
        assert_true(WTERMSIG(status) == SIGSYS || WTERMSIG(status) == SIGSEGV);
}

/* --- limits --- */

static int try_much_memory(void) {
        /* Through the compiler's back, which may drop an allocation that nobody uses. */
        void *volatile p = malloc(PARSE_ADDRESS_SPACE_MAX);
        return p ? 0 : ENOMEM;
}
static int try_some_memory(void) {
        char *volatile p = malloc(PARSE_ADDRESS_SPACE_MAX / 3);
        if (!p)
                return ENOMEM;
        p[PARSE_ADDRESS_SPACE_MAX / 3 - 1] = 1;
        free(p);
        return 0;
}
static void memory_is_bounded(void **state) {
        (void) state;
        if (!FILTERED)
                SKIP("no system call filter in a build with sanitizers");
        assert_exits(try_much_memory, ENOMEM);
        assert_exits(try_some_memory, 0);
}

static int try_write_file(void) {
        /* The size limit: with sanitizers a plain write gets this far; with the filter only stderr does. */
        return result(write(STDERR_FILENO, "x", 1));
}
static void files_cannot_grow(void **state) {
        (void) state;
        int saved = dup(STDERR_FILENO);
        assert_return_code(dup2(file, STDERR_FILENO), errno);
        int status = confined(try_write_file);
        dup2(saved, STDERR_FILENO);
        close(saved);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), EFBIG);
        struct stat st;
        assert_return_code(fstat(file, &st), errno);
        assert_int_equal(st.st_size, 5);
}

static int try_other_descriptors(void) {
        /* `file` was above the socket: gone. */
        char c;
        return result(pread(file, &c, 1, 0));
}
static void other_descriptors_are_closed(void **state) {
        (void) state;
        assert_true(file > PARSE_SOCKET);
        assert_exits(try_other_descriptors, EBADF);
        if (FILTERED)
                assert_killed(try_write_received, SIGSYS);
}

static int try_spin(void) {
        const struct rlimit l = {.rlim_cur = 1, .rlim_max = RLIM_INFINITY};
        if (setrlimit(RLIMIT_CPU, &l) < 0)
                return errno;
        for (volatile uint64_t i = 0;; i++)
                ;
}
static void time_is_bounded(void **state) {
        (void) state;
        int status = confined(try_spin);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGXCPU);
}

/* --- what must go on working --- */

static int compare(const void *a, const void *b) {
        return *(const int *) a - *(const int *) b;
}
static int try_read(void) {
        char text[8] = {0};
        struct stat st;
        struct iovec part = {.iov_base = text, .iov_len = sizeof(text)};
        struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
        if (recvmsg(PARSE_SOCKET, &m, MSG_CMSG_CLOEXEC) != 4 || strcmp(text, "ping") != 0)
                return 1;
        if (fstat(PARSE_SOCKET, &st) < 0 || !S_ISSOCK(st.st_mode))
                return 2;
        part = (struct iovec){.iov_base = (char *) "pong", .iov_len = 4};
        m = (struct msghdr){.msg_iov = &part, .msg_iovlen = 1};
        if (sendmsg(PARSE_SOCKET, &m, MSG_NOSIGNAL) != 4)
                return 3;
        struct timespec t;
        if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) < 0 || time(NULL) == 0)
                return 4;
        char *p = NULL;
        for (size_t size = 16; size <= (64U << 20); size *= 2) {
                char *q = realloc(p, size);
                if (!q)
                        return 5;
                p = q;
                memset(p, 1, size);
        }
        free(p);
        /* qsort() of much asks for the size of memory first. */
        static int numbers[100000];
        for (size_t i = 0; i < ELEMENTSOF(numbers); i++)
                numbers[i] = (int) (i * 7919 % 100003);
        qsort(numbers, ELEMENTSOF(numbers), sizeof(int), compare);
        return numbers[0] <= numbers[1] ? 0 : 6;
}
static void work_goes_on(void **state) {
        (void) state;
        char answer[8] = {0};
        assert_int_equal(send(pair[1], "ping", 4, 0), 4);
        assert_exits(try_read, 0);
        assert_int_equal(recv(pair[1], answer, sizeof(answer), MSG_DONTWAIT), 4);
        assert_string_equal(answer, "pong");
}

static int try_abort(void) {
        abort();
}
static void abort_keeps_its_signal(void **state) {
        (void) state;
        int status = confined(try_abort);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGABRT);
}

static int group_setup(void **state) {
        (void) state;
        /* The socket takes the place the role has it at, whatever was there. */
        int two[2];
        if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, two) < 0)
                return -1;
        pair[1] = fcntl(two[1], F_DUPFD_CLOEXEC, 10);
        file = fcntl(two[0], F_DUPFD_CLOEXEC, 20);
        if (dup2(two[0], 15) < 0 || dup2(15, PARSE_SOCKET) < 0)
                return -1;
        pair[0] = PARSE_SOCKET;
        FILE *f = tmpfile();
        if (!f || fputs("12345", f) < 0 || fflush(f) != 0)
                return -1;
        return dup2(fileno(f), file) < 0 ? -1 : 0;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(work_goes_on),
                cmocka_unit_test(paths_are_refused),
                cmocka_unit_test(what_reaches_out_kills),
                cmocka_unit_test(another_table_of_system_calls_kills),
                cmocka_unit_test(memory_is_bounded),
                cmocka_unit_test(files_cannot_grow),
                cmocka_unit_test(other_descriptors_are_closed),
                cmocka_unit_test(time_is_bounded),
                cmocka_unit_test(abort_keeps_its_signal),
        };
        return cmocka_run_group_tests(tests, group_setup, NULL);
}
