/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

#include "daemon/source_links.h"
#include "daemon/store_hash.h"

/* mbox files, plain or gzip: one, or a folder of them as Thunderbird keeps it. What was read of a file is remembered as the offset of its last message;
 * when the bytes before that are the same as they were, the file only grew and is read from there. The last message is read again, since nothing but
 * the end of the file said where it ended. Otherwise the file is read whole again: what is known already is no news to the store. */

/* Bytes before the offset that must be the same. */
#define TAIL_SIZE 4096
/* Levels of folders in a mail program's profile. */
#define MBOX_DEPTH_MAX 16U
#define MBOX_FILES_MAX 20000U

struct known_file {
        char *name; /* owned */
        int64_t inode, size, mtime_ns;
        uint64_t check;
};

struct mbox_walk {
        struct reader *reader;
        const struct source_spec *spec;
        struct known_file *known; /* owned */
        size_t n_known;
        char **folders; /* owned, and its strings: still to be listed */
        size_t n_folders;
        size_t n_files, n_left_out;
};

struct mbox_job {
        struct reader_job job;
        int fd; /* owned: for asking again, and for the bytes before an offset */
        uint32_t flags;
        int64_t start;  /* where this try began */
        int64_t resume; /* the last message found, where the next pass begins */
        int64_t inode, mtime_ns, file_size;
        instant last_date; /* of the message before: mailboxes grow at their end */
        bool optional;     /* found in a folder: it is no fault that it is not an mbox */
        bool restarted;
        bool any;                /* a message was found: an mbox it is */
        const char *name, *path; /* in `strings` */
        char strings[];
};

static void mbox_release(struct reader_job *job) {
        struct mbox_job *j = (struct mbox_job *) job;
        if (j->fd >= 0)
                (void) close(j->fd);
        free(j);
}

/* A hash of the last bytes before `offset`; 0 when there are none, or they cannot be read. */
static uint64_t tail_check(int fd, int64_t offset) {
        char tail[TAIL_SIZE];
        int64_t size = MIN(offset, (int64_t) sizeof(tail));
        if (size <= 0 || pread(fd, tail, (size_t) size, offset - size) != size)
                return 0;
        return store_hash(STORE_HASH_SEED, tail, (size_t) size) | 1;
}

static int put_state(struct reader *r, const struct mbox_job *j, int64_t mtime_ns) {
        const struct store_item item = {
                .folder = "",
                .name = j->name,
                .inode = j->inode,
                .size = j->resume,
                .mtime_ns = mtime_ns,
                .check = j->flags & IPC_GZIP ? 0 : tail_check(j->fd, j->resume),
        };
        return reader_item_put(r, &item, NULL);
}

/* --- handing files over --- */

static int submit(struct reader *r, struct mbox_job *j) {
        int fd = fcntl(j->fd, F_DUPFD_CLOEXEC, 0);
        if (fd < 0) {
                int e = -errno;
                mbox_release(&j->job);
                return reader_fatal(r, e);
        }
        const struct pool_job p = {.type = IPC_MBOX, .flags = j->flags, .offset = j->start, .size = -1, .fd = fd};
        return reader_submit(r, &source_mbox, &j->job, &p);
}

/* The same job once more from another place: the pool is done with the old one, which its caller frees. */
static int submit_again(struct reader *r, struct mbox_job *old, int64_t start, uint32_t more_flags) {
        size_t strings = strlen(old->name) + 1 + strlen(old->path) + 1;
        struct mbox_job *j = malloc(sizeof(*j) + strings);
        if (!j)
                return reader_fatal(r, -ENOMEM);
        memcpy(j, old, sizeof(*j) + strings);
        j->name = j->strings;
        j->path = j->strings + strlen(old->name) + 1;
        old->fd = -1;
        j->start = j->resume = start;
        j->flags = (old->flags & (uint32_t) ~IPC_RESUME_AFTER) | more_flags;
        return submit(r, j);
}

static struct mbox_job *job_new(const struct mbox_walk *w, const char *name, int fd, const struct stat *st) {
        size_t name_size = strlen(name) + 1, path_size = strlen(w->spec->location) + name_size + 1;
        struct mbox_job *j = calloc(1, sizeof(*j) + name_size + path_size);
        if (!j)
                return NULL;
        memcpy(j->strings, name, name_size);
        j->name = j->strings;
        (void) snprintf(j->strings + name_size, path_size, "%s%s%s", w->spec->location, *name ? "/" : "", name);
        j->path = j->strings + name_size;
        j->job.release = mbox_release;
        j->fd = fd;
        j->last_date = INSTANT_UNKNOWN;
        j->inode = (int64_t) st->st_ino;
        j->file_size = st->st_size;
        j->mtime_ns = reader_mtime(w->reader, st);
        return j;
}

static const struct known_file *find_known(const struct mbox_walk *w, const char *name) {
        for (size_t i = 0; i < w->n_known; i++)
                if (strcmp(w->known[i].name, name) == 0)
                        return &w->known[i];
        return NULL;
}

/* Takes fd. name: below the location; "" when the location is the file. */
static int read_file(struct mbox_walk *w, const char *name, int fd, const struct stat *st, bool gzip) {
        struct reader *r = w->reader;
        const struct known_file *k = find_known(w, name);
        reader_looked_at(r);
        bool same = k && k->inode == (int64_t) st->st_ino && k->mtime_ns != 0 && k->mtime_ns == reader_mtime(r, st) &&
                    (gzip || st->st_size >= k->size);
        if (same || st->st_size == 0) {
                (void) close(fd);
                return 0;
        }
        struct mbox_job *j = job_new(w, name, fd, st);
        if (!j) {
                (void) close(fd);
                return reader_fatal(r, -ENOMEM);
        }
        j->flags = gzip ? IPC_GZIP : 0;
        j->optional = *name != 0;
        if (k && !gzip && k->size > 0 && k->check != 0 && st->st_size >= k->size && tail_check(fd, k->size) == k->check)
                j->start = k->size;
        j->resume = j->start;
        return submit(r, j);
}

/* What the first bytes say: only they are looked at here. */
static bool looks_like_mbox(int fd, bool *ret_gzip) {
        unsigned char head[5] = {};
        ssize_t n = pread(fd, head, sizeof(head), 0);
        *ret_gzip = n >= 2 && head[0] == 0x1f && head[1] == 0x8b;
        return *ret_gzip || (n == sizeof(head) && memcmp(head, "From ", 5) == 0);
}

/* --- walking --- */

static int on_item(const struct store_item *item, void *userdata) {
        struct mbox_walk *w = userdata;
        struct known_file *p = realloc(w->known, (w->n_known + 1) * sizeof(*p));
        if (!p)
                return -ENOMEM;
        w->known = p;
        p[w->n_known] = (struct known_file){strdup(item->name), item->inode, item->size, item->mtime_ns, item->check};
        if (!p[w->n_known].name)
                return -ENOMEM;
        w->n_known++;
        return 0;
}

/* Indexes and settings of mail programs; most would be told by their first bytes too, but need not be opened. */
static bool is_program_file(const char *name) {
        static const char *const suffixes[] = {".msf", ".dat", ".lock", ".html", ".tmp", ".json", ".sqlite"};
        for (size_t i = 0; i < ELEMENTSOF(suffixes); i++)
                if (reader_has_suffix(name, suffixes[i]))
                        return true;
        return name[0] == '.';
}

static int look_at_file(struct mbox_walk *w, int folder_fd, const char *entry, const char *name) {
        struct stat st;
        int fd, e = reader_open_file(folder_fd, entry, &st, &fd);
        if (e == -ENOENT || e == -EINVAL || e == -ELOOP)
                return 0;
        if (e == -EMFILE || e == -ENFILE)
                return reader_fatal(w->reader, e);
        if (e < 0) {
                reader_trouble(w->reader, "%s/%s cannot be read: %s", w->spec->location, name, strerror(-e));
                return 0;
        }
        bool gzip;
        if (!looks_like_mbox(fd, &gzip)) {
                (void) close(fd);
                return 0;
        }
        if (++w->n_files > MBOX_FILES_MAX) {
                (void) close(fd);
                if (w->n_files == MBOX_FILES_MAX + 1)
                        reader_trouble(w->reader, "%s holds more than %u mbox files; the rest was not read",
                                       w->spec->location, MBOX_FILES_MAX);
                return 0;
        }
        return read_file(w, name, fd, &st, gzip);
}

static int look_at(struct mbox_walk *w, int folder_fd, const char *folder, const char *entry) {
        struct stat st;
        if (is_program_file(entry) || fstatat(folder_fd, entry, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return 0;
        _cleanup_free_ char *name = reader_join(folder, entry);
        if (!name)
                return reader_fatal(w->reader, -ENOMEM);
        if (S_ISDIR(st.st_mode)) {
                if (reader_depth(name) >= MBOX_DEPTH_MAX)
                        return 0;
                char **p = realloc(w->folders, (w->n_folders + 1) * sizeof(*p));
                if (!p)
                        return reader_fatal(w->reader, -ENOMEM);
                w->folders = p;
                p[w->n_folders++] = TAKE_PTR(name);
                return 0;
        }
        if (!reader_folder_wanted(w->spec, name)) {
                w->n_left_out++;
                return 0;
        }
        if (S_ISLNK(st.st_mode))
                (void) source_link_is_missed(w->reader, w->spec, folder_fd, folder, entry);
        return S_ISREG(st.st_mode) ? look_at_file(w, folder_fd, entry, name) : 0;
}

static int list_folder(struct mbox_walk *w, int top, const char *folder) {
        int fd, e = reader_open_folder(top, *folder ? folder : ".", &fd);
        DIR *d = e < 0 ? NULL : fdopendir(fd);
        if (!d) {
                reader_trouble(w->reader, "%s%s%s cannot be read: %s", w->spec->location, *folder ? "/" : "", folder,
                               strerror(e < 0 ? -e : errno));
                if (e >= 0)
                        (void) close(fd);
                return 0;
        }
        struct dirent *entry;
        while (e >= 0 && (entry = readdir(d)))
                e = look_at(w, dirfd(d), folder, entry->d_name);
        (void) closedir(d);
        return e;
}

static int read_folders(struct mbox_walk *w) {
        int top, e = reader_open_folder(AT_FDCWD, w->spec->location, &top);
        if (e < 0)
                return e;
        e = list_folder(w, top, "");
        while (e >= 0 && w->n_folders > 0) {
                _cleanup_free_ char *folder = w->folders[--w->n_folders];
                e = list_folder(w, top, folder);
        }
        (void) close(top);
        if (e >= 0 && w->n_files == 0 && w->n_left_out > 0)
                reader_all_left_out(w->reader, w->spec);
        return e;
}

static int read_one(struct mbox_walk *w) {
        struct stat st;
        int fd, e = reader_open_file(AT_FDCWD, w->spec->location, &st, &fd);
        if (e < 0)
                return e;
        bool gzip;
        if (st.st_size > 0 && !looks_like_mbox(fd, &gzip)) {
                (void) close(fd);
                reader_trouble(w->reader, "%s is not an mbox file (it does not begin with \"From \")", w->spec->location);
                return 1;
        }
        return read_file(w, "", fd, &st, st.st_size > 0 && gzip);
}

static int mbox_read(struct reader *r, const struct source_spec *spec, int64_t source) {
        struct mbox_walk w = {.reader = r, .spec = spec};
        struct stat st;
        if (stat(spec->location, &st) < 0)
                return -errno;
        int e = store_items(reader_store(r), source, on_item, &w);
        if (e < 0)
                (void) reader_fatal(r, e);
        else
                e = S_ISDIR(st.st_mode) ? read_folders(&w) : read_one(&w);
        for (size_t i = 0; i < w.n_known; i++)
                free(w.known[i].name);
        while (w.n_folders > 0)
                free(w.folders[--w.n_folders]);
        free(w.folders);
        free(w.known);
        return e;
}

/* --- results --- */

static int mbox_observation(struct reader *r, void *job, const struct observation *o, const struct ipc_reply_header *reply) {
        struct mbox_job *j = job;
        if (o->kind != OBSERVATION_MESSAGE)
                return 0;
        j->any = true;
        j->last_date = reply->internal_date;
        /* Offsets come from the parse role: they may be wrong, but never lead outside of the file. */
        if (reply->offset >= j->start && (j->flags & IPC_GZIP || reply->offset < j->file_size))
                j->resume = reply->offset;
        reader_handed_over(r, MAX(reply->end - reply->offset, INT64_C(0)));
        int e = reader_observe(r, o, reply->internal_date);
        if (e < 0 || !reader_batch_full(r))
                return MIN(e, 0);
        /* No time of change yet, so that a run that ends here goes on at this offset. */
        if (!(j->flags & IPC_GZIP) && (e = put_state(r, j, 0)) < 0)
                return e;
        return reader_checkpoint(r);
}

/* One message killed the parser: it is kept aside, the rest is read. */
static int skip_message(struct reader *r, struct mbox_job *j, const struct unreadable *poison, int64_t at) {
        char item[1200];
        (void) snprintf(item, sizeof(item), "%s, message at byte %" PRId64 "%s", j->path, at,
                        j->flags & IPC_GZIP ? " (uncompressed)" : "");
        int e = reader_unreadable(r, poison, item, j->last_date);
        return e < 0 ? e : submit_again(r, j, at, IPC_RESUME_AFTER);
}

static int mbox_done(struct reader *r, void *job, const struct ipc_reply_header *reply, const struct unreadable *poison,
                     int64_t at) {
        struct mbox_job *j = job;
        if (poison && at >= j->start && at < INT64_MAX && !(at == j->start && (j->flags & IPC_RESUME_AFTER)))
                return skip_message(r, j, poison, at);
        if (!poison && reply->status == -EBADMSG && j->start > 0 && !j->restarted) {
                j->restarted = true;
                return submit_again(r, j, 0, 0);
        }
        /* An archive that is cut off: what came before is read, what comes after is missing, and that must not pass in silence. */
        bool damaged = !poison && reply->status == -EBADMSG && j->any;
        if (!poison && reply->status == -EBADMSG && !damaged && !j->optional)
                reader_trouble(r, "%s is not an mbox file", j->path);
        else if (poison || damaged || (reply->status < 0 && reply->status != -EBADMSG)) {
                struct unreadable why = poison ? *poison : reader_refused(reply->status);
                why.size = j->file_size;
                int e = reader_unreadable(r, &why, j->path, INSTANT_UNKNOWN);
                if (e < 0)
                        return e;
        }
        int e = put_state(r, j, j->mtime_ns);
        return e < 0 ? e : reader_checkpoint(r);
}

const struct source_driver source_mbox = {
        .kind = SOURCE_MBOX,
        .name = "mbox",
        .read = mbox_read,
        .observation = mbox_observation,
        .done = mbox_done,
};
