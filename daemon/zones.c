/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/zones.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* The largest table of tzdata has 4 KiB; nothing above this is one. */
#define ZONE_FILE_MAX (64U * 1024)
/* Region, country, place: America/Argentina/Ushuaia. Also what ends a loop of directory links. */
#define ZONE_DEPTH_MAX 4
#define ZONE_NAME_MAX 255U

struct loader {
        struct zone_table *table;
        uint8_t *bytes; /* ZONE_FILE_MAX, for the file at hand */
        char name[ZONE_NAME_MAX + 1];
};

static void closep(int *fd) {
        if (*fd >= 0)
                close(*fd);
}

/* Files of tzdata that are not zones, and the two copies of everything. */
static bool passed_over(const char *name) {
        static const char *const names[] = {"posix",   "right",       "posixrules",        "localtime",
                                            "Factory", "leapseconds", "leap-seconds.list", "tzdata.zi",
                                            "+VERSION"};
        const char *dot = strrchr(name, '.');
        if (name[0] == '.' || (dot && (strcmp(dot, ".tab") == 0 || strcmp(dot, ".list") == 0)))
                return true;
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (strcmp(name, names[i]) == 0)
                        return true;
        return false;
}

static int load_file(struct loader *l, int fd) {
        size_t n = 0;
        while (n < ZONE_FILE_MAX) {
                ssize_t r = read(fd, l->bytes + n, ZONE_FILE_MAX - n);
                if (r < 0 && errno == EINTR)
                        continue;
                if (r < 0)
                        return 0; /* an unreadable file is passed over */
                if (r == 0)
                        break;
                n += (size_t) r;
                if (n < 4 || memcmp(l->bytes, "TZif", 4) != 0)
                        return 0;
        }
        struct zone *z;
        int r = zone_new(l->name, l->bytes, n, &z);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        r = zone_table_add(l->table, z);
        if (r < 0)
                zone_free(z);
        return r == -EEXIST ? 0 : r;
}

/* One directory of the walk. */
struct level {
        DIR *dir;           /* owned */
        size_t name_length; /* of l->name before the entries of this level */
};

static int open_entry(struct loader *l, const struct level *level, const char *entry, int *ret_fd, bool *ret_directory) {
        size_t n = strlen(entry);
        if (level->name_length + n + 1 > ZONE_NAME_MAX)
                return -ENAMETOOLONG;
        memcpy(l->name + level->name_length, entry, n + 1);

        struct stat st;
        _cleanup_(closep) int fd = openat(dirfd(level->dir), entry, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
                return -EINVAL;
        *ret_directory = S_ISDIR(st.st_mode);
        *ret_fd = fd;
        fd = -1;
        return 0;
}

static int walk(struct loader *l, struct level *levels) {
        int depth = 0, r = 0;

        while (depth >= 0) {
                struct level *level = &levels[depth];
                struct dirent *entry = r < 0 ? NULL : readdir(level->dir);
                if (!entry) {
                        closedir(level->dir);
                        depth--;
                        continue;
                }
                bool directory = false;
                _cleanup_(closep) int fd = -1;
                if (passed_over(entry->d_name) || open_entry(l, level, entry->d_name, &fd, &directory) < 0)
                        continue;
                if (!directory) {
                        r = load_file(l, fd);
                        continue;
                }
                size_t n = strlen(l->name);
                if (depth + 1 >= ZONE_DEPTH_MAX || n + 1 > ZONE_NAME_MAX)
                        continue;
                DIR *dir = fdopendir(fd);
                if (!dir)
                        continue;
                fd = -1;
                l->name[n] = '/';
                l->name[n + 1] = '\0';
                levels[++depth] = (struct level){.dir = dir, .name_length = n + 1};
        }
        return r;
}

static void zone_table_freep(struct zone_table **table) {
        zone_table_free(*table);
}

int zones_load(struct zone_table **ret) {
        const char *path = getenv("TZDIR");
        if (str_empty(path))
                path = "/usr/share/zoneinfo";

        _cleanup_(zone_table_freep) struct zone_table *table = NULL;
        int r = zone_table_new(&table);
        if (r < 0)
                return r;
        _cleanup_free_ uint8_t *bytes = malloc(ZONE_FILE_MAX);
        if (!bytes)
                return -ENOMEM;

        struct level levels[ZONE_DEPTH_MAX] = {{.dir = opendir(path)}};
        if (!levels[0].dir)
                return errno == ENOMEM ? -ENOMEM : -ENOENT;
        struct loader loader = {.table = table, .bytes = bytes};
        r = walk(&loader, levels);
        if (r < 0)
                return r;
        if (zone_table_size(table) == 0)
                return -ENOENT;
        *ret = TAKE_PTR(table);
        return 0;
}
