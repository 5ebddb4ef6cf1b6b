/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The yardstick of the benchmarks: read every file of a Maildir's cur/ and do nothing else. Prints files and bytes. */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv) {
        static char buffer[256 * 1024];
        long files = 0, bytes = 0;
        DIR *d = argc == 2 ? opendir(argv[1]) : NULL;
        if (!d) {
                perror("read-all FOLDER");
                return 1;
        }
        for (struct dirent *e; (e = readdir(d));) {
                int fd = openat(dirfd(d), e->d_name, O_RDONLY | O_CLOEXEC);
                if (fd < 0)
                        continue;
                for (ssize_t n; (n = read(fd, buffer, sizeof(buffer))) > 0;)
                        bytes += n;
                files++;
                close(fd);
        }
        closedir(d);
        printf("%ld files, %ld bytes\n", files, bytes);
        return 0;
}
