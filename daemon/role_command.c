/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/role_command.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/log.h"

/* What a program that passes on one alert can do with: a run-away stops here. Address space is not limited: some language runtimes reserve far more than
 * they use, and the unit limits what is used. The number of processes is not either: the kernel counts all of the user's. */
static const struct {
        int resource;
        rlim_t value;
} limits[] = {
        {RLIMIT_CORE, 0},                          /* a core file would hold words of mail */
        {RLIMIT_CPU, 60},                          /* twice the wall clock it may take, for several threads */
        {RLIMIT_FSIZE, (rlim_t) 64 * 1024 * 1024}, /* a log that grows for ever */
        {RLIMIT_NOFILE, 256},
};

static int take_away(void) {
        for (size_t i = 0; i < ELEMENTSOF(limits); i++) {
                struct rlimit now;
                if (getrlimit((__rlimit_resource_t) limits[i].resource, &now) < 0)
                        return -errno;
                rlim_t value = MIN(limits[i].value, now.rlim_max);
                if (setrlimit((__rlimit_resource_t) limits[i].resource, &(struct rlimit){value, value}) < 0)
                        return -errno;
        }
        if (close_range(STDERR_FILENO + 1, ~0U, 0) < 0 && errno != ENOSYS)
                return -errno;
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -errno;
        /* It does not outlive a core that is killed. */
        return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ? -errno : 0;
}

int role_command(char *const *argv) {
        int r = take_away();
        if (r < 0) {
                log_errno(r, "cannot lock in %s", argv[0]);
                return 127;
        }
        (void) umask(077);
        (void) !chdir("/");
        (void) execvp(argv[0], argv);
        log_errno(-errno, "cannot run %s", argv[0]);
        return 127;
}
