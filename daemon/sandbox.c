/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/sandbox.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/role_parse.h"

/* The role holds its standard descriptors, its socket, and the one file it reads; the rest is slack for a library. */
#define PARSE_FILES_MAX 64U

/* Sanitizers map terabytes, start a tracer to look for leaks and read their own binary to name a crash. */
#ifdef WITH_SANITIZERS
static const bool with_sanitizers = true;
#else
static const bool with_sanitizers = false;
#endif

/* --- resource limits --- */

static const struct {
        int resource;
        rlim_t value;
        bool not_with_sanitizers;
} limits[] = {
        {RLIMIT_AS, PARSE_ADDRESS_SPACE_MAX, true},
        {RLIMIT_NPROC, 0, true},
        {RLIMIT_CORE, 0, false}, /* a core file would hold mail */
        {RLIMIT_FSIZE, 0, false},
        {RLIMIT_NOFILE, PARSE_FILES_MAX, false},
};

static int sandbox_limits(void) {
        for (size_t i = 0; i < ELEMENTSOF(limits); i++) {
                if (limits[i].not_with_sanitizers && with_sanitizers)
                        continue;
                struct rlimit now;
                if (getrlimit((__rlimit_resource_t) limits[i].resource, &now) < 0)
                        return -errno;
                /* Whoever started us may have set a stricter one. */
                rlim_t value = MIN(limits[i].value, now.rlim_max);
                struct rlimit wanted = {.rlim_cur = value, .rlim_max = value};
                if (setrlimit((__rlimit_resource_t) limits[i].resource, &wanted) < 0)
                        return -errno;
        }
        /* When stderr is a file, a library's warning must fail, not kill. */
        return signal(SIGXFSZ, SIG_IGN) == SIG_ERR ? -errno : 0;
}

/* --- Landlock --- */

/* The kernel's structure as of ABI 6; older kernels take its head. The build machine's header may be older than the kernel. */
struct landlock_rules {
        uint64_t handled_access_fs, handled_access_net, scoped;
};

/* What each ABI version knows, cumulated: file system rights, network rights, scopes. */
static const struct {
        int abi;
        size_t size;
        struct landlock_rules rules;
} landlock_abis[] = {
        {6,
         sizeof(struct landlock_rules),
         {.handled_access_fs = 0xffff, .handled_access_net = 3, .scoped = 3}},             /* sockets, signals */
        {5, 2 * sizeof(uint64_t), {.handled_access_fs = 0xffff, .handled_access_net = 3}}, /* + ioctl */
        {4, 2 * sizeof(uint64_t), {.handled_access_fs = 0x7fff, .handled_access_net = 3}}, /* + TCP */
        {3, sizeof(uint64_t), {.handled_access_fs = 0x7fff}},                              /* + truncate */
        {2, sizeof(uint64_t), {.handled_access_fs = 0x3fff}},                              /* + refer */
        {1, sizeof(uint64_t), {.handled_access_fs = 0x1fff}},
};

static int sandbox_landlock(void) {
        if (with_sanitizers)
                return 0;
        long abi = syscall(SYS_landlock_create_ruleset, NULL, (size_t) 0, LANDLOCK_CREATE_RULESET_VERSION);
        /* Not built in, or not switched on: the system call filter is the wall, this is the second one. */
        if (abi < 0)
                return errno == ENOSYS || errno == EOPNOTSUPP || errno == EPERM ? 0 : -errno;
        for (size_t i = 0; i < ELEMENTSOF(landlock_abis); i++) {
                if (abi < landlock_abis[i].abi)
                        continue;
                int fd = (int) syscall(SYS_landlock_create_ruleset, &landlock_abis[i].rules, landlock_abis[i].size, 0U);
                if (fd < 0)
                        return -errno;
                int r = syscall(SYS_landlock_restrict_self, fd, 0U) < 0 ? -errno : 0;
                (void) close(fd);
                return r;
        }
        return 0;
}

/* --- system calls --- */

/* Allowed whatever their arguments: none can name a file, a process or an address. */
static const int allowed[] = {
        SCMP_SYS(read),          SCMP_SYS(pread64),         SCMP_SYS(close),        SCMP_SYS(lseek),
        SCMP_SYS(fstat), /* descriptors we were given */
        SCMP_SYS(munmap),        SCMP_SYS(mremap),          SCMP_SYS(brk),          SCMP_SYS(madvise),        /* memory */
        SCMP_SYS(futex),         SCMP_SYS(restart_syscall), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask), /* libc */
        SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday),    SCMP_SYS(time),         SCMP_SYS(getrandom),
        SCMP_SYS(sysinfo),       SCMP_SYS(getpid),          SCMP_SYS(gettid),       SCMP_SYS(sched_yield),
        SCMP_SYS(exit),          SCMP_SYS(exit_group),
};

/* Refused with an error, since libraries try them on their way and go on without. */
static const struct {
        int syscall, error;
} refused[] = {
        {SCMP_SYS(open), EACCES},
        {SCMP_SYS(openat), EACCES},
        {SCMP_SYS(openat2), EACCES},
        {SCMP_SYS(access), EACCES},
        {SCMP_SYS(faccessat), EACCES},
        {SCMP_SYS(faccessat2), EACCES},
        {SCMP_SYS(stat), EACCES},
        {SCMP_SYS(lstat), EACCES},
        {SCMP_SYS(statx), EACCES},
        {SCMP_SYS(readlink), EACCES},
        {SCMP_SYS(readlinkat), EACCES},
        {SCMP_SYS(ioctl), ENOTTY},
        {SCMP_SYS(sched_getaffinity), EPERM},
};

/* Allowed only with these arguments. */
static int filter_arguments(scmp_filter_ctx f) {
        const struct {
                int syscall;
                struct scmp_arg_cmp test, second;
        } rules[] = {
                {SCMP_SYS(recvmsg), SCMP_A0(SCMP_CMP_EQ, PARSE_SOCKET)},
                {SCMP_SYS(sendmsg), SCMP_A0(SCMP_CMP_EQ, PARSE_SOCKET)},
                /* The last words of an assertion. */
                {SCMP_SYS(write), SCMP_A0(SCMP_CMP_EQ, STDERR_FILENO)},
                {SCMP_SYS(writev), SCMP_A0(SCMP_CMP_EQ, STDERR_FILENO)},
                /* abort() must end with its own signal, so that the report names it. */
                {SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t) getpid())},
                /* Memory never becomes code. */
                {SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)},
                {SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)},
                /* How libc spells fstat(). */
                {SCMP_SYS(newfstatat), SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH)},
                /* The processor time of the next job (role_parse.c). The core watches the wall clock as well. */
                {SCMP_SYS(prlimit64), SCMP_A1(SCMP_CMP_EQ, RLIMIT_CPU), SCMP_A0(SCMP_CMP_EQ, 0)},
        };
        for (size_t i = 0; i < ELEMENTSOF(rules); i++) {
                const struct scmp_arg_cmp tests[] = {rules[i].test, rules[i].second};
                unsigned n = rules[i].second.op != 0 ? 2 : 1;
                int r = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, rules[i].syscall, n, tests);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int filter_fill(scmp_filter_ctx f) {
        int r = 0;
        for (size_t i = 0; i < ELEMENTSOF(allowed) && r >= 0; i++)
                r = seccomp_rule_add(f, SCMP_ACT_ALLOW, allowed[i], 0);
        for (size_t i = 0; i < ELEMENTSOF(refused) && r >= 0; i++)
                r = seccomp_rule_add(f, SCMP_ACT_ERRNO((uint16_t) refused[i].error), refused[i].syscall, 0);
        /* A path given to newfstatat, as refused as the other ways to ask about one. */
        if (r >= 0)
                r = seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(newfstatat), 1,
                                     SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, 0));
        return r < 0 ? r : filter_arguments(f);
}

static int sandbox_filter(void) {
        if (with_sanitizers)
                return 0;
        scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
        if (!f)
                return -ENOMEM;
        int r = filter_fill(f);
        if (r >= 0) {
                /* A binary tree instead of a long list; only speed is lost when the library cannot. */
                (void) seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
                r = seccomp_load(f);
        }
        seccomp_release(f);
        return r;
}

int sandbox_parse(void) {
        /* Whatever the core had open and did not mark for closing. */
        if (close_range(PARSE_SOCKET + 1, ~0U, 0) < 0 && errno != ENOSYS)
                return -errno;
        int r = sandbox_limits();
        if (r < 0)
                return r;
        /* Not to be read through /proc or traced by another process of the same user. */
        if (!with_sanitizers && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
                return -errno;
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -errno;
        r = sandbox_landlock();
        return r < 0 ? r : sandbox_filter();
}
