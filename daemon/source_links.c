/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/source_links.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* Entries of a folder that are looked at, to see what kind of folder it is: the first that tells ends it. */
#define LOOK_MAX 500U
/* Longer targets are no paths. */
#define TARGET_MAX 4096U

static bool is_mail_file(int folder_fd, const char *name) {
        unsigned char head[5] = {};
        int fd = name[0] == '.' ? -1 : openat(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        struct stat st;
        if (fd < 0)
                return false;
        ssize_t n = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? pread(fd, head, sizeof(head), 0) : -1;
        (void) close(fd);
        return (n == sizeof(head) && memcmp(head, "From ", sizeof(head)) == 0) ||
               (n > 1 && head[0] == 0x1f && head[1] == 0x8b);
}

/* Is that entry what a source of the kind reads, or what its folders are known by? */
static bool tells(enum source_kind kind, int folder_fd, const char *name) {
        switch (kind) {
        case SOURCE_MAILDIR:
                return strcmp(name, "cur") == 0 || strcmp(name, "new") == 0;
        case SOURCE_CALENDAR:
                return name[0] != '.' && (reader_has_suffix(name, ".ics") || reader_has_suffix(name, ".ical"));
        case SOURCE_MBOX:
                return is_mail_file(folder_fd, name);
        default:
                return false;
        }
}

/* Takes fd. below: its folders are looked at, too, since a folder of folders is nothing by itself. */
static bool folder_holds(enum source_kind kind, int fd, bool below) {
        DIR *d = fd < 0 ? NULL : fdopendir(fd);
        bool found = false;
        struct dirent *entry;
        if (!d && fd >= 0)
                (void) close(fd);
        for (unsigned i = 0; d && i < LOOK_MAX && !found && (entry = readdir(d)); i++) {
                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                        continue;
                found = tells(kind, dirfd(d), entry->d_name);
                if (below && !found)
                        found = folder_holds(
                                kind, openat(dirfd(d), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW),
                                false);
        }
        if (d)
                (void) closedir(d);
        return found;
}

/* One that leads nowhere now may have led to a disk that is not mounted; programs make links for locks that never led anywhere, and name no path. */
static bool names_path(int folder_fd, const char *name) {
        char target[TARGET_MAX];
        ssize_t n = readlinkat(folder_fd, name, target, sizeof(target));
        return n > 0 && memchr(target, '/', (size_t) n);
}

static bool is_meant(enum source_kind kind, int folder_fd, const char *name) {
        struct stat st;
        if (fstatat(folder_fd, name, &st, 0) < 0)
                return names_path(folder_fd, name);
        if (!S_ISDIR(st.st_mode))
                return kind != SOURCE_MAILDIR && S_ISREG(st.st_mode) && tells(kind, folder_fd, name);
        return folder_holds(kind, openat(folder_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), true);
}

/* Is the place read by that source under its own name? */
static bool reads(const struct source_spec *spec, const char *place) {
        _cleanup_free_ char *base = spec->location[0] == '/' ? realpath(spec->location, NULL) : NULL;
        size_t n = base ? strlen(base) : 0;
        if (!base || strncmp(place, base, n) != 0 || (place[n] != 0 && place[n] != '/'))
                return false;
        const char *below = place[n] ? place + n + 1 : "", *last = strrchr(below, '/');
        if (spec->kind == SOURCE_CALENDAR && last)
                below = last + 1; /* its folders are known by their own names */
        return *below == 0 || reader_folder_wanted(spec, below);
}

static bool is_read(struct reader *r, enum source_kind kind, const char *path) {
        const struct settings *s = reader_settings(r);
        _cleanup_free_ char *place = realpath(path, NULL);
        bool found = false;
        for (size_t i = 0; place && i < s->n_sources && !found; i++)
                found = s->sources[i].kind == kind && reads(&s->sources[i], place);
        return found;
}

bool source_link_is_missed(struct reader *r, const struct source_spec *spec, int folder_fd, const char *folder,
                           const char *name) {
        _cleanup_free_ char *below = reader_join(folder, name);
        _cleanup_free_ char *path = below ? reader_join(spec->location, below) : NULL;
        if (!path || !is_meant(spec->kind, folder_fd, name) || is_read(r, spec->kind, path))
                return false;
        reader_trouble(r,
                       "%s is a link, and links inside a source are not followed: name the place it leads to as a source of "
                       "its own, "
                       "or leave it out (`exclude`)",
                       path);
        return true;
}
