/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

#include "daemon/components.h"
#include "daemon/source_links.h"
#include "daemon/source_webcal.h"
#include "daemon/store_hash.h"

/* Calendars in files: one .ics file, a vdir (a folder of .ics files), or folders of them. What changed is parsed and compared with what each file held
 * before, component by component; what is no longer anywhere is an observation too. Being gone is believed late rather than early: not of a file that was
 * caught half-written, not when a folder as a whole is missing (a disk that is not mounted), not of a component that has only moved. */

#define CALENDAR_DEPTH_MAX 8U
/* A vdir holds one file an event; a long working life has tens of thousands. */
#define CALENDAR_FILES_MAX 500000U
/* So few files may vanish together from a folder that is another one than before. */
#define VANISHED_WITH_FOLDER_MAX 1

struct calendar_file {
        char *folder, *name; /* owned */
        int64_t id, inode, size, mtime_ns;
        bool seen;
};

struct calendar_folder {
        char *name; /* owned */
        int64_t identity;
        size_t files; /* .ics files in it now */
        bool listed;  /* wholly */
};

struct calendar_walk {
        struct reader *reader;
        const struct source_spec *spec;
        int64_t source;
        struct calendar_file *known; /* owned, sorted by folder and name */
        size_t n_known, known_allocated;
        struct calendar_folder *folders; /* owned; also the list of what is still to be listed */
        size_t n_folders;
        size_t n_files, n_left_out;
        struct departures missing; /* no longer in their file, looked into when everything was read */
        struct late_items late;
};

struct calendar_job {
        struct reader_job job;
        struct calendar_walk *walk;
        int fd; /* owned: to see whether the file changed meanwhile */
        int64_t item, inode, size, mtime_ns, settled_ns;
        instant internal_date;
        struct components held;           /* before */
        const char *folder, *name, *path; /* in `strings` */
        char strings[];
};

static void calendar_release(struct reader_job *job) {
        struct calendar_job *j = (struct calendar_job *) job;
        components_free(&j->held);
        if (j->fd >= 0)
                (void) close(j->fd);
        free(j);
}

/* --- handing files over --- */

static int compare_files(const void *a, const void *b) {
        const struct calendar_file *x = a, *y = b;
        int c = strcmp(x->folder, y->folder);
        return c != 0 ? c : strcmp(x->name, y->name);
}

static struct calendar_file *find_file(struct calendar_walk *w, char *folder, char *name) {
        struct calendar_file key = {.folder = folder, .name = name};
        return w->n_known > 0 ? bsearch(&key, w->known, w->n_known, sizeof(key), compare_files) : NULL;
}

static struct calendar_job *job_new(struct calendar_walk *w, const char *folder, const char *name, const struct stat *st,
                                    int fd) {
        size_t folder_size = strlen(folder) + 1, name_size = strlen(name) + 1;
        size_t path_size = strlen(w->spec->location) + folder_size + name_size + 2;
        struct calendar_job *j = calloc(1, sizeof(*j) + folder_size + name_size + path_size);
        if (!j)
                return NULL;
        char *p = j->strings;
        j->folder = memcpy(p, folder, folder_size);
        j->name = memcpy(p + folder_size, name, name_size);
        p += folder_size + name_size;
        (void) snprintf(p, path_size, "%s%s%s%s%s", w->spec->location, *folder ? "/" : "", folder, *name ? "/" : "", name);
        j->path = p;
        j->job.release = calendar_release;
        j->walk = w;
        j->fd = fd;
        j->inode = (int64_t) st->st_ino;
        j->size = st->st_size;
        j->mtime_ns = reader_raw_mtime(st);
        j->settled_ns = reader_mtime(w->reader, st);
        j->internal_date = reader_file_date(st);
        return j;
}

/* Components refer to the row of their file, so that it must be there before the first of them. */
static int prepare(struct reader *r, struct calendar_job *j, const struct calendar_file *known) {
        if (!known)
                return reader_item_put(r, &(struct store_item){.folder = j->folder, .name = j->name}, &j->item);
        j->item = known->id;
        return components_load(r, j->item, &j->held);
}

/* Takes fd. name "": the location is the file. */
static int read_file(struct calendar_walk *w, char *folder, char *name, int fd, const struct stat *st) {
        struct reader *r = w->reader;
        struct calendar_file *k = find_file(w, folder, name);
        reader_looked_at(r);
        if (k)
                k->seen = true;
        if (k && k->inode == (int64_t) st->st_ino && k->size == st->st_size && k->mtime_ns == reader_raw_mtime(st)) {
                (void) close(fd);
                return 0;
        }
        struct calendar_job *j = job_new(w, folder, name, st, fd);
        if (!j) {
                (void) close(fd);
                return reader_fatal(r, -ENOMEM);
        }
        int e = prepare(r, j, k), copy = e < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
        if (copy < 0) {
                e = e < 0 ? e : reader_fatal(r, -errno);
                calendar_release(&j->job);
                return e;
        }
        reader_handed_over(r, st->st_size);
        return reader_submit(r, &source_calendar, &j->job,
                             &(struct pool_job){.type = IPC_CALENDAR, .size = st->st_size, .fd = copy});
}

/* --- walking --- */

static int on_item(const struct store_item *item, void *userdata) {
        struct calendar_walk *w = userdata;
        if (w->n_known == w->known_allocated) {
                size_t room = MAX(w->known_allocated * 2, (size_t) 64);
                struct calendar_file *p = realloc(w->known, room * sizeof(*p));
                if (!p)
                        return -ENOMEM;
                w->known = p;
                w->known_allocated = room;
        }
        struct calendar_file *f = &w->known[w->n_known];
        *f = (struct calendar_file){strdup(item->folder), strdup(item->name), item->id, item->inode,
                                    item->size,           item->mtime_ns,     false};
        w->n_known++;
        return f->folder && f->name ? 0 : -ENOMEM;
}

static int push_folder(struct calendar_walk *w, char *name) {
        struct calendar_folder *p = name ? realloc(w->folders, (w->n_folders + 1) * sizeof(*p)) : NULL;
        if (!p) {
                free(name);
                return reader_fatal(w->reader, -ENOMEM);
        }
        w->folders = p;
        p[w->n_folders++] = (struct calendar_folder){.name = name};
        return 0;
}

static int look_at_file(struct calendar_walk *w, size_t folder, int folder_fd, char *entry) {
        struct stat st;
        char *folder_name = w->folders[folder].name;
        w->folders[folder].files++;
        if (++w->n_files > CALENDAR_FILES_MAX) {
                w->folders[folder].listed = false;
                if (w->n_files == CALENDAR_FILES_MAX + 1)
                        reader_trouble(w->reader, "%s holds more than %u files; the rest was not read", w->spec->location,
                                       CALENDAR_FILES_MAX);
                return 0;
        }
        int fd, e = reader_open_file(folder_fd, entry, &st, &fd);
        if (e == -EMFILE || e == -ENFILE)
                return reader_fatal(w->reader, e);
        if (e < 0 && e != -ENOENT) {
                /* It is there: what it held has not vanished. */
                struct calendar_file *k = find_file(w, folder_name, entry);
                if (k)
                        k->seen = true;
                if (e == -ELOOP) {
                        (void) source_link_is_missed(w->reader, w->spec, folder_fd, folder_name, entry);
                        return 0;
                }
                reader_trouble(w->reader, "%s%s%s/%s cannot be read: %s", w->spec->location, *folder_name ? "/" : "",
                               folder_name, entry, e == -EINVAL ? "not a file" : strerror(-e));
                return 0;
        }
        return e < 0 ? 0 : read_file(w, folder_name, entry, fd, &st);
}

static int look_at(struct calendar_walk *w, size_t folder, int folder_fd, const struct dirent *entry) {
        struct stat st;
        char name[NAME_MAX + 1];
        if (entry->d_name[0] == '.' || reader_has_suffix(entry->d_name, ".tmp") ||
            fstatat(folder_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return 0;
        if (S_ISDIR(st.st_mode)) {
                bool wanted = reader_folder_wanted(w->spec, entry->d_name);
                w->n_left_out += !wanted;
                return wanted && reader_depth(w->folders[folder].name) < CALENDAR_DEPTH_MAX
                               ? push_folder(w, reader_join(w->folders[folder].name, entry->d_name))
                               : 0;
        }
        if (!reader_has_suffix(entry->d_name, ".ics") && !reader_has_suffix(entry->d_name, ".ical")) {
                if (S_ISLNK(st.st_mode) && reader_folder_wanted(w->spec, entry->d_name))
                        (void) source_link_is_missed(w->reader, w->spec, folder_fd, w->folders[folder].name, entry->d_name);
                return 0;
        }
        (void) snprintf(name, sizeof(name), "%s", entry->d_name);
        return look_at_file(w, folder, folder_fd, name);
}

/* What tells a folder from the empty one that is left where a disk was mounted. */
static int64_t folder_identity(const struct stat *st) {
        uint64_t v[] = {st->st_dev, st->st_ino};
        return (int64_t) (store_hash(STORE_HASH_SEED, v, sizeof(v)) >> 1);
}

static int list_folder(struct calendar_walk *w, int top, size_t i) {
        const char *name = w->folders[i].name;
        struct stat st;
        int fd, e = reader_open_folder(top, *name ? name : ".", &fd);
        DIR *d = e < 0 ? NULL : fdopendir(fd);
        if (!d || fstat(dirfd(d), &st) < 0) {
                reader_trouble(w->reader, "%s%s%s cannot be read: %s", w->spec->location, *name ? "/" : "", name,
                               strerror(e < 0 ? -e : errno));
                if (d)
                        (void) closedir(d);
                else if (e >= 0)
                        (void) close(fd);
                return 0;
        }
        w->folders[i].identity = folder_identity(&st);
        w->folders[i].listed = true;
        struct dirent *entry;
        while (e >= 0 && (errno = 0, entry = readdir(d)))
                e = look_at(w, i, dirfd(d), entry);
        if (e >= 0 && errno > 0)
                w->folders[i].listed = false;
        (void) closedir(d);
        return e;
}

static int read_folders(struct calendar_walk *w) {
        int top, e = reader_open_folder(AT_FDCWD, w->spec->location, &top);
        if (e < 0)
                return e;
        e = push_folder(w, strdup(""));
        for (size_t i = 0; i < w->n_folders && e >= 0; i++)
                e = list_folder(w, top, i);
        (void) close(top);
        /* A folder of calendars of which none is wanted; one that is wanted may well be empty. */
        if (e >= 0 && w->n_files == 0 && w->n_folders == 1 && w->n_left_out > 0)
                reader_all_left_out(w->reader, w->spec);
        return e;
}

static int read_one(struct calendar_walk *w) {
        struct stat st;
        char nothing[1] = "";
        int fd, e = reader_open_file(AT_FDCWD, w->spec->location, &st, &fd);
        return e < 0 ? e : read_file(w, nothing, nothing, fd, &st);
}

/* --- what is gone --- */

static const struct calendar_folder *find_folder(const struct calendar_walk *w, const char *name) {
        for (size_t i = 0; i < w->n_folders; i++)
                if (strcmp(w->folders[i].name, name) == 0)
                        return &w->folders[i];
        return NULL;
}

/* A whole folder that is missing tells of a calendar that is no longer kept here, or of a disk; not of meetings that were called off. */
static bool believe_gone(struct calendar_walk *w, const struct calendar_file *f, bool *ret_forget) {
        const struct calendar_folder *folder = find_folder(w, f->folder);
        *ret_forget = false;
        if (!folder) {
                *ret_forget = true;
                return false;
        }
        if (!folder->listed)
                return false;
        if (folder->files > 0)
                return true;
        int64_t identity = 0, files = 0;
        if (store_folder_get(reader_store(w->reader), w->source, f->folder, &identity, &files) <= 0)
                return true;
        return identity == folder->identity || files <= VANISHED_WITH_FOLDER_MAX;
}

static int vanish(struct calendar_walk *w, const struct calendar_file *f, bool *told) {
        struct reader *r = w->reader;
        bool forget;
        bool believed = believe_gone(w, f, &forget);
        if (!believed && !forget) {
                const struct calendar_folder *folder = find_folder(w, f->folder);
                if (folder && folder->listed && !*told) {
                        reader_trouble(
                                r,
                                "%s%s%s is another folder than before and empty (a disk not mounted?): what it held is kept",
                                w->spec->location, *f->folder ? "/" : "", f->folder);
                        *told = true;
                }
                return 0;
        }
        int e = 0;
        if (believed) {
                size_t from = w->missing.n;
                e = departures_add_item(r, &w->missing, f->id);
                if (e >= 0)
                        e = departures_tell(r, &w->missing, from);
        }
        if (e >= 0)
                e = reader_write(r);
        if (e < 0)
                return e;
        if ((e = store_item_delete(reader_store(r), f->id)) < 0)
                return reader_fatal(r, e);
        return reader_checkpoint(r);
}

static int keep_folders(struct calendar_walk *w) {
        struct reader *r = w->reader;
        for (size_t i = 0; i < w->n_folders; i++) {
                const struct calendar_folder *f = &w->folders[i];
                int64_t identity, files;
                /* An empty folder keeps the identity it had when it held something. */
                if (!f->listed || f->files == 0)
                        continue;
                int e = store_folder_get(reader_store(r), w->source, f->name, &identity, &files);
                if (e > 0 && identity == f->identity && files == (int64_t) f->files)
                        continue;
                if (e >= 0)
                        e = reader_write(r);
                if (e >= 0)
                        e = store_folder_put(reader_store(r), w->source, f->name, f->identity, (int64_t) f->files);
                if (e < 0)
                        return reader_fatal(r, e);
        }
        return 0;
}

/* When all files were read: a component that moved from one to another is in both now, or in the other only. */
static int settle(struct calendar_walk *w, bool folders) {
        int e = 0;
        bool vanished = false;
        for (size_t i = 0; i < w->n_known && folders; i++)
                vanished = vanished || !w->known[i].seen;
        if ((w->missing.n > 0 || vanished) && !reader_may_settle(w->reader))
                return 0;
        e = departures_tell(w->reader, &w->missing, 0);
        if (e >= 0)
                e = late_items_put(w->reader, &w->late);
        if (e >= 0)
                e = reader_checkpoint(w->reader);
        bool told = false;
        for (size_t i = 0; i < w->n_known && e >= 0 && folders; i++)
                if (!w->known[i].seen)
                        e = vanish(w, &w->known[i], &told);
        return e < 0 || !folders ? e : keep_folders(w);
}

static void walk_free(struct calendar_walk *w) {
        for (size_t i = 0; i < w->n_known; i++) {
                free(w->known[i].folder);
                free(w->known[i].name);
        }
        for (size_t i = 0; i < w->n_folders; i++)
                free(w->folders[i].name);
        free(w->known);
        free(w->folders);
        departures_free(&w->missing);
        late_items_free(&w->late);
}

static int calendar_read(struct reader *r, const struct source_spec *spec, int64_t source) {
        struct calendar_walk w = {.reader = r, .spec = spec, .source = source};
        struct stat st;
        if (spec->remote)
                return source_webcal_read(r, spec, source);
        /* Missing as a whole: nothing in it is gone. */
        if (stat(spec->location, &st) < 0)
                return -errno;
        bool folders = S_ISDIR(st.st_mode);
        int e = store_items(reader_store(r), source, on_item, &w);
        if (e < 0)
                (void) reader_fatal(r, e);
        if (e >= 0 && w.n_known > 0)
                qsort(w.known, w.n_known, sizeof(*w.known), compare_files);
        if (e >= 0)
                e = folders ? read_folders(&w) : read_one(&w);
        /* The jobs point to w: they must be over before it is. */
        int drained = reader_drain(r);
        if (e >= 0)
                e = drained < 0 ? drained : settle(&w, folders);
        walk_free(&w);
        return e;
}

/* --- results --- */

static int calendar_observation(struct reader *r, void *job, const struct observation *o,
                                const struct ipc_reply_header *reply) {
        (void) reply;
        struct calendar_job *j = job;
        if (o->kind != OBSERVATION_EVENT)
                return 0;
        return components_see(r, &j->held, j->item, o, j->internal_date);
}

static bool is_unchanged(const struct calendar_job *j) {
        struct stat st;
        return fstat(j->fd, &st) == 0 && st.st_size == j->size && reader_raw_mtime(&st) == j->mtime_ns;
}

static int calendar_done(struct reader *r, void *job, const struct ipc_reply_header *reply, const struct unreadable *poison,
                         int64_t at) {
        (void) at;
        struct calendar_job *j = job;
        struct store_item item = {
                .folder = j->folder, .name = j->name, .inode = j->inode, .size = j->size, .mtime_ns = j->settled_ns};
        int e;
        if (poison || reply->status < 0) {
                /* What it held before is not gone: it cannot be seen, that is all. */
                struct unreadable why = poison ? *poison : reader_refused(reply->status);
                why.size = j->size;
                if ((e = reader_unreadable(r, &why, j->path, INSTANT_UNKNOWN)) < 0 ||
                    (e = reader_item_put(r, &item, NULL)) < 0)
                        return e;
                return reader_checkpoint(r);
        }
        if (!is_unchanged(j))
                return 0; /* read again in the next pass */
        size_t missing = j->walk->missing.n;
        bool ended = calendar_ends_properly(j->fd, j->size);
        bool all_seen = reply->malformed == 0 && reply->truncated == 0 && ended;
        if (!ended)
                item.mtime_ns = 0; /* looked at again in the next pass, changed or not */
        /* One without its end may be half-written: only when it has lain for a while. */
        if ((e = calendar_tell_incomplete(r, j->path, j->size, reply, !ended && j->settled_ns != 0)) < 0)
                return e;
        if (all_seen && (e = departures_add(&j->walk->missing, j->item, &j->held)) < 0)
                return reader_fatal(r, e);
        e = j->walk->missing.n > missing ? reader_fatal(r, late_items_add(&j->walk->late, &item))
                                         : reader_item_put(r, &item, NULL);
        return e < 0 ? e : reader_checkpoint(r);
}

const struct source_driver source_calendar = {
        .kind = SOURCE_CALENDAR,
        .name = "calendar",
        .read = calendar_read,
        .observation = calendar_observation,
        .done = calendar_done,
};
