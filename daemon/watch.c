/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/watch.h"

#include <dirent.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "daemon/reader.h"

/* The kernel gives a user 8,192 watches on small machines; a mailbox with more folders than this is looked at by the rescan. */
#define WATCHES_MAX 4000U
/* Folders within folders: as deep as people nest them. */
#define WATCH_DEPTH_MAX 8U

/* New files and names, and the folder itself going away. What is read or closed unchanged is no news: the reader itself reads. */
#define CHANGES \
        (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CLOSE_WRITE | IN_MODIFY | IN_DELETE_SELF | IN_MOVE_SELF)

struct watched {
        struct watched *next;
        struct watch *watch;
        sd_event_source *source;
        bool wanted;
        bool gone; /* what it watches no longer stands under this path */
        char path[];
};

struct watch {
        sd_event *event;
        void (*changed)(void *userdata);
        void *userdata;
        struct watched *first;
        size_t n;
};

static int on_change(sd_event_source *s, const struct inotify_event *event, void *userdata) {
        struct watched *p = userdata;
        (void) s;
        p->gone = p->gone || (event->mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT));
        /* IN_Q_OVERFLOW comes here too, and means the same: look. */
        p->watch->changed(p->watch->userdata);
        return 0;
}

int watch_new(sd_event *event, void (*changed)(void *userdata), void *userdata, struct watch **ret) {
        struct watch *w = calloc(1, sizeof(*w));
        if (!w)
                return -ENOMEM;
        *w = (struct watch){.event = sd_event_ref(event), .changed = changed, .userdata = userdata};
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
        sd_event_unref(w->event);
        free(w);
        return NULL;
}

size_t watch_size(const struct watch *w) {
        return w->n;
}

static struct watched *find(const struct watch *w, const char *path) {
        for (struct watched *p = w->first; p; p = p->next)
                if (strcmp(p->path, path) == 0)
                        return p;
        return NULL;
}

static int want(struct watch *w, const char *path) {
        struct watched *p = find(w, path);
        if (p) {
                p->wanted = true;
                return 0;
        }
        if (w->n >= WATCHES_MAX)
                return 0;
        size_t size = strlen(path) + 1;
        p = calloc(1, sizeof(*p) + size);
        if (!p)
                return -ENOMEM;
        memcpy(p->path, path, size);
        p->wanted = true;
        p->watch = w;
        if (sd_event_add_inotify(w->event, &p->source, path, CHANGES | IN_EXCL_UNLINK, on_change, p) < 0) {
                free(p);
                return 0; /* not there yet, no watches left: the rescan */
        }
        p->next = w->first;
        w->first = p;
        w->n++;
        return 0;
}

static bool is_folder(const char *path) {
        struct stat st;
        return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* All folders from there down, but not what a Maildir has for mail that is being delivered. Recursion ends at WATCH_DEPTH_MAX. */
static int want_tree(struct watch *w, const char *path, unsigned depth) {
        int r = want(w, path);
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

/* A file is replaced more often than it is changed: the folder it lies in tells both. */
static int want_file(struct watch *w, const char *path) {
        _cleanup_free_ char *folder = strdup(path);
        char *slash = folder ? strrchr(folder, '/') : NULL;
        if (!folder)
                return -ENOMEM;
        if (slash)
                slash[slash == folder ? 1 : 0] = 0;
        int r = want(w, path);
        return r < 0 ? r : want(w, slash ? folder : ".");
}

int watch_sources(struct watch *w, const struct settings *settings) {
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
        return r;
}
