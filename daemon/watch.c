/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/watch.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/reader.h"
#include "daemon/store_hash.h"

/* The kernel gives a user 8,192 watches on small machines; a mailbox with more folders than this is looked at by the rescan. */
#define WATCHES_MAX 4000U
/* Folders within folders: as deep as people nest them. */
#define WATCH_DEPTH_MAX 8U

/* New files and names, and the folder itself going away. What is read or closed unchanged is no news: the reader itself reads. */
#define CHANGES \
        (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CLOSE_WRITE | IN_MODIFY | IN_DELETE_SELF | IN_MOVE_SELF)

/* Where mounts are told; a change of them is no event of inotify. */
#define MOUNTS "/proc/self/mountinfo"

struct watched {
        struct watched *next;
        struct watch *watch;
        sd_event_source *source;
        const char *only; /* the one name in this folder that matters; NULL: all */
        bool wanted;
        bool gone; /* what it watches no longer stands under this path */
        char path[];
};

struct watch {
        sd_event *event;
        void (*changed)(void *userdata);
        void *userdata;
        struct watched *first;
        size_t n, n_new; /* watched; since watch_sources() began */
        int mounts;
        sd_event_source *mounted;
        uint64_t places; /* what stood where the sources are, at the last look */
        const struct settings *settings;
};

static int on_change(sd_event_source *s, const struct inotify_event *event, void *userdata) {
        struct watched *p = userdata;
        (void) s;
        p->gone = p->gone || (event->mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT));
        /* A neighbour of what is watched. */
        if (p->only && event->len > 0 && strcmp(event->name, p->only) != 0)
                return 0;
        /* IN_Q_OVERFLOW comes here too, and means the same: look. */
        p->watch->changed(p->watch->userdata);
        return 0;
}

/* --- mounts */

/* Which folders and files stand at the tops of the sources: another file system mounted there is another folder. */
static uint64_t look_at_places(const struct settings *settings) {
        uint64_t places = STORE_HASH_SEED;
        for (size_t i = 0; settings && i < settings->n_sources; i++) {
                struct stat st;
                const char *path = settings->sources[i].location;
                uint64_t place[2] = {};
                if (path[0] == '/' && stat(path, &st) == 0) {
                        place[0] = st.st_dev;
                        place[1] = S_ISDIR(st.st_mode) ? st.st_ino : 0; /* a file is replaced without any mount */
                }
                places = store_hash(places ^ i, place, sizeof(place));
        }
        return places;
}

/* Machines that mount all the time need not be answered each time. */
static int on_mount(sd_event_source *s, int fd, uint32_t revents, void *userdata) {
        struct watch *w = userdata;
        (void) s;
        (void) fd;
        (void) revents;
        if (look_at_places(w->settings) != w->places)
                w->changed(w->userdata);
        return 0;
}

/* Without it the rescan sees what was mounted. */
static void watch_mounts(struct watch *w) {
        w->mounts = open(MOUNTS, O_RDONLY | O_CLOEXEC);
        if (w->mounts >= 0)
                (void) sd_event_add_io(w->event, &w->mounted, w->mounts, EPOLLPRI, on_mount, w);
}

int watch_new(sd_event *event, void (*changed)(void *userdata), void *userdata, struct watch **ret) {
        struct watch *w = calloc(1, sizeof(*w));
        if (!w)
                return -ENOMEM;
        *w = (struct watch){.event = sd_event_ref(event), .changed = changed, .userdata = userdata};
        watch_mounts(w);
        *ret = w;
        return 0;
}

static void drop(struct watch *w, bool all) {
        for (struct watched **link = &w->first; *link;) {
                struct watched *p = *link;
                if (!all && p->wanted) {
                        link = &p->next;
                        continue;
                }
                *link = p->next;
                (void) sd_event_source_disable_unref(p->source);
                free(p);
                w->n--;
        }
}

struct watch *watch_free(struct watch *w) {
        if (!w)
                return NULL;
        drop(w, true);
        w->mounted = sd_event_source_disable_unref(w->mounted);
        if (w->mounts >= 0)
                (void) close(w->mounts);
        sd_event_unref(w->event);
        free(w);
        return NULL;
}

size_t watch_size(const struct watch *w) {
        return w->n;
}

static struct watched *find(const struct watch *w, const char *path, const char *only) {
        for (struct watched *p = w->first; p; p = p->next)
                if (strcmp(p->path, path) == 0 && str_eq(p->only, only))
                        return p;
        return NULL;
}

static int want(struct watch *w, const char *path, const char *only) {
        struct watched *p = find(w, path, only);
        if (p) {
                p->wanted = true;
                return 0;
        }
        if (w->n >= WATCHES_MAX)
                return 0;
        size_t size = strlen(path) + 1, more = only ? strlen(only) + 1 : 0;
        p = calloc(1, sizeof(*p) + size + more);
        if (!p)
                return -ENOMEM;
        memcpy(p->path, path, size);
        if (only)
                p->only = memcpy(p->path + size, only, more);
        p->wanted = true;
        p->watch = w;
        if (sd_event_add_inotify(w->event, &p->source, path, CHANGES | IN_EXCL_UNLINK, on_change, p) < 0) {
                free(p);
                return 0; /* not there yet, no watches left: the rescan */
        }
        p->next = w->first;
        w->first = p;
        w->n++;
        w->n_new++;
        return 0;
}

static bool is_folder(const char *path) {
        struct stat st;
        return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* All folders from there down, but not what a Maildir has for mail that is being delivered. Recursion ends at WATCH_DEPTH_MAX. */
static int want_tree(struct watch *w, const char *path, unsigned depth) {
        int r = want(w, path, NULL);
        DIR *dir = r < 0 || depth == WATCH_DEPTH_MAX ? NULL : opendir(path);
        for (struct dirent *e; r >= 0 && dir && (e = readdir(dir));) {
                if ((e->d_type != DT_DIR && e->d_type != DT_UNKNOWN) || strcmp(e->d_name, ".") == 0 ||
                    strcmp(e->d_name, "..") == 0 || strcmp(e->d_name, "tmp") == 0)
                        continue;
                _cleanup_free_ char *below = reader_join(path, e->d_name);
                if (!below)
                        r = -ENOMEM;
                else if (is_folder(below))
                        r = want_tree(w, below, depth + 1);
        }
        if (dir)
                (void) closedir(dir);
        return r;
}

/* A file is replaced more often than it is changed: the folder it lies in tells both. What is not there yet appears below the nearest folder that is. */
static int want_file(struct watch *w, const char *path) {
        _cleanup_free_ char *folder = strdup(path);
        if (!folder)
                return -ENOMEM;
        int r = want(w, path, NULL);
        for (char *slash; r >= 0 && (slash = strrchr(folder, '/'));) {
                *slash = 0;
                const char *above = slash == folder ? "/" : folder;
                if (!is_folder(above) && slash != folder)
                        continue;
                return want(w, above, slash + 1);
        }
        return r;
}

int watch_sources(struct watch *w, const struct settings *settings) {
        w->settings = settings;
        w->n_new = 0;
        w->places = look_at_places(settings);
        /* Those that are gone first: their folders may be there again. */
        for (struct watched *p = w->first; p; p = p->next)
                p->wanted = !p->gone;
        drop(w, false);
        for (struct watched *p = w->first; p; p = p->next)
                p->wanted = false;
        int r = 0;
        for (size_t i = 0; i < settings->n_sources && r >= 0; i++) {
                const struct source_spec *s = &settings->sources[i];
                if (s->location[0] == '/')
                        r = is_folder(s->location) ? want_tree(w, s->location, 0) : want_file(w, s->location);
        }
        if (r >= 0)
                drop(w, false);
        return r < 0 ? r : w->n_new > 0;
}
