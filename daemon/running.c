/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/running.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char *lock_path(const char *folder) {
        char *path = NULL;
        return asprintf(&path, "%s/" RUNNING_FILE, folder) < 0 ? NULL : path;
}

/* Only its holder writes it, so that another may read half of a number at worst: then it is none. */
static pid_t read_pid(int fd) {
        char text[16];
        ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
        if (n <= 0)
                return 0;
        text[n] = 0;
        char *end;
        long pid = strtol(text, &end, 10);
        return *end == '\n' && pid > 0 && pid <= INT32_MAX ? (pid_t) pid : 0;
}

static int write_pid(int fd) {
        char text[16];
        int n = snprintf(text, sizeof(text), "%d\n", (int) getpid());
        if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t) n, 0) != n)
                return -errno;
        return 0;
}

/* A lock of the open file: it ends with its holder, and unlike flock() it can be asked for without being taken. Who only asks must never hold it, not for a
 * moment: a service that starts in that moment would take him for another service. */
static struct flock whole_file(short type) {
        return (struct flock){.l_type = type, .l_whence = SEEK_SET};
}

int running_take(const char *folder, int *ret_fd, pid_t *ret_pid) {
        _cleanup_free_ char *path = lock_path(folder);
        if (!path)
                return -ENOMEM;
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return -errno;
        struct flock lock = whole_file(F_WRLCK);
        if (fcntl(fd, F_OFD_SETLK, &lock) < 0) {
                int error = errno == EAGAIN || errno == EACCES ? EBUSY : errno;
                if (error == EBUSY)
                        *ret_pid = read_pid(fd);
                (void) close(fd);
                return -error;
        }
        /* A full disk must not keep the service from running: the lock is what counts. */
        (void) write_pid(fd);
        *ret_fd = fd;
        return 0;
}

pid_t running_find(const char *folder) {
        _cleanup_free_ char *path = lock_path(folder);
        if (!path)
                return -ENOMEM;
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return errno == ENOENT ? -ESRCH : -errno;
        struct flock lock = whole_file(F_RDLCK);
        pid_t found = fcntl(fd, F_OFD_GETLK, &lock) < 0 ? -errno : lock.l_type == F_UNLCK ? -ESRCH : read_pid(fd);
        (void) close(fd);
        return found;
}
