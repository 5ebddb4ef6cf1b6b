/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/sandbox.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
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

static const struct limit {
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

/* Threads count as processes and memory files as files, so those two are left to the other walls. */
static const struct limit network_limits[] = {
        {RLIMIT_AS, NETWORK_ADDRESS_SPACE_MAX, true},
        {RLIMIT_CORE, 0, false}, /* a core file would hold a password */
        {RLIMIT_NOFILE, NETWORK_FILES_MAX, false},
};

static int sandbox_limits(const struct limit *list, size_t n) {
        for (size_t i = 0; i < n; i++) {
                if (list[i].not_with_sanitizers && with_sanitizers)
                        continue;
                struct rlimit now;
                if (getrlimit((__rlimit_resource_t) list[i].resource, &now) < 0)
                        return -errno;
                /* Whoever started us may have set a stricter one. */
                rlim_t value = MIN(list[i].value, now.rlim_max);
                struct rlimit wanted = {.rlim_cur = value, .rlim_max = value};
                if (setrlimit((__rlimit_resource_t) list[i].resource, &wanted) < 0)
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

struct landlock_paths {
        const char *const *read; /* NULL-terminated: files, and folders with all below them */
        const uint16_t *ports;
        size_t n_ports;
};

/* The kernel's structures; those for ports are younger than the build machine's header. */
#define LANDLOCK_RULE_PORT 2
#define LANDLOCK_CONNECT 2U
struct landlock_port {
        uint64_t allowed_access, port;
};

static int landlock_allow(int ruleset, int abi, const struct landlock_paths *paths) {
        for (size_t i = 0; paths->read[i]; i++) {
                struct stat st;
                int fd = open(paths->read[i], O_PATH | O_CLOEXEC);
                /* Not on this machine. */
                if (fd < 0)
                        continue;
                struct landlock_path_beneath_attr rule = {.parent_fd = fd, .allowed_access = LANDLOCK_ACCESS_FS_READ_FILE};
                if (fstat(fd, &st) >= 0 && S_ISDIR(st.st_mode))
                        rule.allowed_access |= LANDLOCK_ACCESS_FS_READ_DIR;
                int r = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0U) < 0 ? -errno : 0;
                (void) close(fd);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; abi >= 4 && i < paths->n_ports; i++) {
                const struct landlock_port rule = {.allowed_access = LANDLOCK_CONNECT, .port = paths->ports[i]};
                if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PORT, &rule, 0U) < 0)
                        return -errno;
        }
        return 0;
}

/* paths NULL: nothing at all. */
static int sandbox_landlock(const struct landlock_paths *paths) {
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
                int r = paths ? landlock_allow(fd, landlock_abis[i].abi, paths) : 0;
                if (r >= 0 && syscall(SYS_landlock_restrict_self, fd, 0U) < 0)
                        r = -errno;
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

static int sandbox_filter(uint32_t otherwise, int (*fill)(scmp_filter_ctx f)) {
        if (with_sanitizers)
                return 0;
        scmp_filter_ctx f = seccomp_init(otherwise);
        if (!f)
                return -ENOMEM;
        int r = fill(f);
        if (r >= 0) {
                /* A binary tree instead of a long list; only speed is lost when the library cannot. */
                (void) seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
                r = seccomp_load(f);
        }
        seccomp_release(f);
        return r;
}

void sandbox_limit_core(void) {
        const struct rlimit none = {0};
        (void) setrlimit(RLIMIT_CORE, &none);
}

void sandbox_leave_no_core(void) {
        sandbox_limit_core();
        /* A core file that goes to a program is made whatever the limit; and nobody of the same user looks in through /proc. Leaks are looked for by
         * a process that does just that. */
        if (!with_sanitizers)
                (void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int sandbox_parse(void) {
        /* Whatever the core had open and did not mark for closing. */
        if (close_range(PARSE_SOCKET + 1, ~0U, 0) < 0 && errno != ENOSYS)
                return -errno;
        int r = sandbox_limits(limits, ELEMENTSOF(limits));
        if (r < 0)
                return r;
        /* Not to be read through /proc or traced by another process of the same user. */
        if (!with_sanitizers && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
                return -errno;
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -errno;
        r = sandbox_landlock(NULL);
        return r < 0 ? r : sandbox_filter(SCMP_ACT_KILL_PROCESS, filter_fill);
}

/* --- a role with a network --- */

/* Beside those that are allowed to the parse role. */
static const int allowed_network[] = {
        SCMP_SYS(connect),
        SCMP_SYS(poll),
        SCMP_SYS(ppoll),
        SCMP_SYS(select),
        SCMP_SYS(pselect6),
        SCMP_SYS(sendto),
        SCMP_SYS(recvfrom),
        SCMP_SYS(sendmsg),
        SCMP_SYS(recvmsg),
        SCMP_SYS(sendmmsg),
        SCMP_SYS(getsockopt),
        SCMP_SYS(setsockopt),
        SCMP_SYS(getsockname),
        SCMP_SYS(getpeername),
        SCMP_SYS(shutdown),
        SCMP_SYS(bind), /* the resolver asks the kernel for addresses over netlink */
        SCMP_SYS(epoll_create1),
        SCMP_SYS(epoll_ctl),
        SCMP_SYS(epoll_wait),
        SCMP_SYS(epoll_pwait),
        SCMP_SYS(eventfd2),
        SCMP_SYS(timerfd_create),
        SCMP_SYS(timerfd_settime),
        SCMP_SYS(timerfd_gettime),
        SCMP_SYS(pipe2),
        SCMP_SYS(write),
        SCMP_SYS(writev),
        SCMP_SYS(readv),
        SCMP_SYS(pwrite64),
        SCMP_SYS(fcntl),
        SCMP_SYS(dup),
        SCMP_SYS(dup2),
        SCMP_SYS(dup3),
        SCMP_SYS(ftruncate),
        SCMP_SYS(memfd_create),
        SCMP_SYS(access),
        SCMP_SYS(faccessat),
        SCMP_SYS(faccessat2),
        SCMP_SYS(stat),
        SCMP_SYS(lstat),
        SCMP_SYS(newfstatat),
        SCMP_SYS(statx),
        SCMP_SYS(readlink),
        SCMP_SYS(readlinkat),
        SCMP_SYS(getdents64),
        SCMP_SYS(getcwd),
        SCMP_SYS(uname),
        SCMP_SYS(getuid),
        SCMP_SYS(geteuid),
        SCMP_SYS(getgid),
        SCMP_SYS(getegid),
        SCMP_SYS(getppid),
        SCMP_SYS(rt_sigaction),
        SCMP_SYS(sigaltstack),
        SCMP_SYS(clock_nanosleep),
        SCMP_SYS(nanosleep),
        SCMP_SYS(clock_getres),
        SCMP_SYS(set_robust_list),
        SCMP_SYS(rseq),
        SCMP_SYS(sched_getaffinity),
        SCMP_SYS(getrusage),
};

/* Nothing that a client of a mail server could want: somebody else is at work. What is in neither list is not there (ENOSYS): libraries try
 * what is newer than this list and go on without. */
static const int killed_network[] = {
        SCMP_SYS(execve),
        SCMP_SYS(execveat),
        SCMP_SYS(fork),
        SCMP_SYS(vfork),
        SCMP_SYS(ptrace),
        SCMP_SYS(process_vm_readv),
        SCMP_SYS(process_vm_writev),
        SCMP_SYS(kill),
        SCMP_SYS(tkill),
        SCMP_SYS(listen),
        SCMP_SYS(accept),
        SCMP_SYS(accept4),
        SCMP_SYS(mount),
        SCMP_SYS(setuid),
        SCMP_SYS(setgid),
        SCMP_SYS(unlink),
        SCMP_SYS(rename),
        SCMP_SYS(bpf),
};

static int filter_network(scmp_filter_ctx f) {
        const struct {
                int syscall;
                struct scmp_arg_cmp test;
        } rules[] = {
                {SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, AF_INET)},
                {SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, AF_INET6)},
                {SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, AF_NETLINK)},
                /* systemd-resolved and nscd are asked that way. */
                {SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, AF_UNIX)},
                {SCMP_SYS(socketpair), SCMP_A0(SCMP_CMP_EQ, AF_UNIX)},
                {SCMP_SYS(open), SCMP_A1(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY)},
                {SCMP_SYS(openat), SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY)},
                /* How many bytes wait (the resolver); nothing of a terminal. */
                {SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, FIONREAD)},
                {SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t) getpid())},
                /* A thread, never a process. */
                {SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM)},
                /* Modules of the resolver are mapped from their files; memory that was written never becomes code. */
                {SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC | PROT_WRITE, PROT_WRITE)},
                {SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_WRITE, 0)},
                {SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)},
                {SCMP_SYS(prlimit64), SCMP_A2(SCMP_CMP_EQ, 0)}, /* asked, not set */
                {SCMP_SYS(prctl), SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME)},
        };
        int r = 0;
        for (size_t i = 0; i < ELEMENTSOF(allowed) && r >= 0; i++)
                r = seccomp_rule_add(f, SCMP_ACT_ALLOW, allowed[i], 0);
        for (size_t i = 0; i < ELEMENTSOF(allowed_network) && r >= 0; i++)
                r = seccomp_rule_add(f, SCMP_ACT_ALLOW, allowed_network[i], 0);
        for (size_t i = 0; i < ELEMENTSOF(rules) && r >= 0; i++)
                r = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, rules[i].syscall, 1, &rules[i].test);
        for (size_t i = 0; i < ELEMENTSOF(killed_network) && r >= 0; i++)
                r = seccomp_rule_add(f, SCMP_ACT_KILL_PROCESS, killed_network[i], 0);
        return r;
}

int sandbox_network(const uint16_t *ports, size_t n_ports) {
        /* What getaddrinfo() reads, and the modules that nsswitch.conf names. Of /run only what resolvers keep there. */
        static const char *const readable[] = {
                "/etc/hosts",
                "/etc/resolv.conf",
                "/etc/nsswitch.conf",
                "/etc/host.conf",
                "/etc/gai.conf",
                "/etc/services",
                "/etc/ld.so.cache",
                "/etc/localtime",
                "/lib",
                "/lib64",
                "/usr/lib",
                "/usr/lib64",
                "/usr/share/zoneinfo",
                "/run/systemd/resolve",
                "/run/resolvconf",
                "/run/NetworkManager",
                "/run/nscd",
                "/dev/null",
                "/dev/urandom",
                NULL,
        };
        uint16_t all[NETWORK_PORTS_MAX + 1] = {53}; /* of the resolver, when an answer is long */
        if (n_ports > NETWORK_PORTS_MAX)
                return -E2BIG;
        if (n_ports > 0)
                memcpy(all + 1, ports, n_ports * sizeof(*ports));
        const struct landlock_paths paths = {.read = readable, .ports = all, .n_ports = n_ports + 1};
        int r = sandbox_limits(network_limits, ELEMENTSOF(network_limits));
        if (r < 0)
                return r;
        if (!with_sanitizers && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
                return -errno;
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -errno;
        r = sandbox_landlock(&paths);
        return r < 0 ? r : sandbox_filter(SCMP_ACT_ERRNO(ENOSYS), filter_network);
}
