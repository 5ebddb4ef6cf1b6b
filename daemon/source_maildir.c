/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <dirent.h>
#include <endian.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/source_links.h"
#include "daemon/store_hash.h"

/* Maildir, with the folders of Maildir++ (".Clients.Dupont") and folders inside folders. A message is known by its folder and the unique part of
 * its name, so that flags and the move from new to cur do not make another of it. Folders that did not change are passed over by the time of
 * their cur and new. */

/* Folders inside folders that are followed; people stay below 6. */
#define FOLDER_DEPTH_MAX 16U
/* A mailbox has hundreds; a wrong path ("/") must end. */
#define FOLDERS_MAX 20000U
/* New messages whose names are held at once, to be read in the order of their names: that is nearly the order of time, which the store likes. */
#define NAMES_MAX 65536U
/* New messages that are worth the start of all roles while the rest of the folder is listed. */
#define NAMES_MANY 1024U
/* item.check of a message that could not be read: it is tried again when its file changes. */
#define CHECK_UNREADABLE 1U

struct known {
        uint64_t hash; /* of the unique name */
        int64_t id;
        uint64_t stamp; /* of an unreadable one: what its file looked like */
        bool unreadable, seen;
};

struct name {
        char *name;    /* owned */
        uint64_t head; /* its first eight bytes as a number, which tells most apart: times */
        bool in_new;
};

/* What is to be kept of a folder once all its messages are in the store. */
struct folder_state {
        char *key; /* owned */
        int64_t mtime_ns, items;
};

struct walk {
        struct reader *reader;
        const struct source_spec *spec;
        int64_t source;
        int top;        /* descriptor */
        char **folders; /* owned, and its strings: still to be read, as a stack */
        size_t n_folders, n_seen;
        struct folder_state *states; /* owned */
        size_t n_states;
        bool any;      /* a folder with messages was found that is wanted */
        bool left_out; /* a folder was not */
        bool link_missed;
};

/* One folder at work. */
struct scan {
        struct walk *walk;
        const char *folder;
        int fds[2];          /* cur, new */
        struct known *known; /* owned, sorted by hash */
        size_t n_known, known_allocated;
        uint64_t *submitted; /* owned: hashes, in a second round sorted */
        size_t n_submitted, submitted_allocated;
        struct name *names; /* owned */
        size_t n_names;
        int64_t n_items[2];
        uint32_t n_vanished, n_failed;
        bool second_round;
};

enum { CUR, NEW };
static const char *const box_names[] = {"cur", "new"};

struct message_job {
        struct reader_job job;
        int64_t inode, size, mtime_ns;
        instant internal_date;
        bool observed;
        const char *folder, *name, *path; /* in `strings` */
        char strings[];
};

/* --- names --- */

/* Where the info part begins: ":2," by the specification, ";2," and "!2," where a file system has no colons. */
static const char *name_info(const char *name) {
        const char *p = name + strlen(name);
        while (p > name)
                if (strchr(":;!", *--p) && p[1] == '2' && p[2] == ',')
                        return p;
        return NULL;
}

static size_t unique_length(const char *name) {
        const char *info = name_info(name);
        return info ? (size_t) (info - name) : strlen(name);
}

/* Trashed or a draft: left out until its flags change. */
static bool is_flagged_out(const char *name) {
        const char *info = name_info(name);
        return info && strpbrk(info + 3, "TD");
}

static uint64_t name_hash(const char *name) {
        return store_hash(STORE_HASH_SEED, name, unique_length(name));
}

static uint64_t file_stamp(int64_t inode, int64_t size, int64_t mtime_ns) {
        int64_t v[] = {inode, size, mtime_ns};
        return store_hash(STORE_HASH_SEED, v, sizeof(v));
}

/* --- what is known of a folder --- */

static int on_item(const struct store_item *item, void *userdata) {
        struct scan *s = userdata;
        if (s->n_known == s->known_allocated) {
                size_t room = MAX(s->known_allocated * 2, (size_t) 256);
                struct known *p = realloc(s->known, room * sizeof(*p));
                if (!p)
                        return -ENOMEM;
                s->known = p;
                s->known_allocated = room;
        }
        s->known[s->n_known++] = (struct known){
                .hash = store_hash(STORE_HASH_SEED, item->name, strlen(item->name)),
                .id = item->id,
                .stamp = file_stamp(item->inode, item->size, item->mtime_ns),
                .unreadable = item->check == CHECK_UNREADABLE,
        };
        return 0;
}

static int compare_u64(const void *a, const void *b) {
        uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;
        return (x > y) - (x < y);
}

static int compare_known(const void *a, const void *b) {
        return compare_u64(&((const struct known *) a)->hash, &((const struct known *) b)->hash);
}

static int load_known(struct scan *s) {
        struct reader *r = s->walk->reader;
        int e = store_items_of_folder(reader_store(r), s->walk->source, s->folder, on_item, s);
        if (e < 0)
                return reader_fatal(r, e);
        if (s->n_known > 0)
                qsort(s->known, s->n_known, sizeof(*s->known), compare_known);
        return 0;
}

static struct known *find_known(struct scan *s, uint64_t hash) {
        struct known key = {.hash = hash};
        return s->n_known > 0 ? bsearch(&key, s->known, s->n_known, sizeof(key), compare_known) : NULL;
}

static int remember_submitted(struct scan *s, uint64_t hash) {
        if (s->n_submitted == s->submitted_allocated) {
                size_t room = MAX(s->submitted_allocated * 2, (size_t) 256);
                uint64_t *p = realloc(s->submitted, room * sizeof(*p));
                if (!p)
                        return -ENOMEM;
                s->submitted = p;
                s->submitted_allocated = room;
        }
        s->submitted[s->n_submitted++] = hash;
        return 0;
}

/* --- handing messages over --- */

static struct message_job *job_new(struct scan *s, const struct name *n, const struct stat *st) {
        size_t unique = unique_length(n->name), folder = strlen(s->folder);
        size_t path = strlen(s->walk->spec->location) + folder + strlen(n->name) + sizeof("//cur/");
        struct message_job *j = calloc(1, sizeof(*j) + folder + 1 + unique + 1 + path + 1);
        if (!j)
                return NULL;
        j->inode = (int64_t) st->st_ino;
        j->size = st->st_size;
        j->mtime_ns = reader_raw_mtime(st);
        j->internal_date = reader_file_date(st);
        char *p = j->strings;
        memcpy(p, s->folder, folder + 1);
        j->folder = p;
        p += folder + 1;
        memcpy(p, n->name, unique); /* the NUL is there from calloc() */
        j->name = p;
        p += unique + 1;
        j->path = p;
        p = stpcpy(stpcpy(stpcpy(p, s->walk->spec->location), "/"), s->folder);
        p = stpcpy(stpcpy(stpcpy(p, folder > 0 ? "/" : ""), box_names[n->in_new]), "/");
        (void) stpcpy(p, n->name);
        return j;
}

/* One trouble for a folder, however many of its messages are unreadable. */
static void tell_failed(struct scan *s, const char *name, int error) {
        if (s->n_failed++ == 0)
                reader_trouble(s->walk->reader, "a message in %s%s%s cannot be read (%s): %s", s->walk->spec->location,
                               *s->folder ? "/" : "", s->folder, error == -ELOOP ? "it is a link" : strerror(-error), name);
}

static int submit(struct scan *s, const struct name *n) {
        struct reader *r = s->walk->reader;
        struct stat st;
        int fd, e = reader_open_file(s->fds[n->in_new], n->name, &st, &fd);
        if (e == -ENOENT) {
                /* A flag was set, or it moved from new to cur, since the folder was listed: look for it under its new name. */
                s->n_vanished++;
                return 0;
        }
        if (e == -EINVAL) /* a folder, a socket: no message */
                return 0;
        if (e == -EMFILE || e == -ENFILE || e == -ENOMEM)
                return reader_fatal(r, e);
        if (e < 0) {
                tell_failed(s, n->name, e);
                return 0;
        }
        struct message_job *j = job_new(s, n, &st);
        if (!j || (e = remember_submitted(s, name_hash(n->name))) < 0) {
                (void) close(fd);
                free(j);
                return reader_fatal(r, -ENOMEM);
        }
        reader_handed_over(r, st.st_size);
        return reader_submit(r, &source_maildir, &j->job,
                             &(struct pool_job){.type = IPC_MESSAGE, .size = st.st_size, .fd = fd});
}

static uint64_t name_head(const char *name) {
        uint64_t head = 0;
        (void) memcpy(&head, name, strnlen(name, sizeof(head)));
        return be64toh(head);
}

/* As strcmp(), without a look at the names of most. */
static int compare_names(const void *a, const void *b) {
        const struct name *x = a, *y = b;
        return x->head != y->head ? (x->head > y->head) - (x->head < y->head) : strcmp(x->name, y->name);
}

static void forget_names(struct scan *s) {
        for (size_t i = 0; i < s->n_names; i++)
                free(s->names[i].name);
        s->n_names = 0;
}

static int submit_names(struct scan *s) {
        int e = 0;
        if (s->n_names > 0)
                qsort(s->names, s->n_names, sizeof(*s->names), compare_names);
        for (size_t i = 0; i < s->n_names && e >= 0; i++)
                e = submit(s, &s->names[i]);
        forget_names(s);
        return e;
}

static int want_name(struct scan *s, const char *name, int box) {
        if (!s->names && !(s->names = calloc(NAMES_MAX, sizeof(*s->names))))
                return -ENOMEM;
        char *copy = strdup(name);
        if (!copy)
                return -ENOMEM;
        s->names[s->n_names++] = (struct name){copy, name_head(copy), box == NEW};
        if (s->n_names == NAMES_MANY)
                reader_expect(s->walk->reader);
        return s->n_names == NAMES_MAX ? submit_names(s) : 0;
}

/* An unreadable message is asked for again when its file is another one. */
static bool has_changed(struct scan *s, const struct known *k, const char *name, int box) {
        struct stat st;
        if (fstatat(s->fds[box], name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return false;
        return file_stamp((int64_t) st.st_ino, st.st_size, reader_raw_mtime(&st)) != k->stamp;
}

static int look_at(struct scan *s, const char *name, int box) {
        uint64_t hash = name_hash(name);
        if (!s->second_round) {
                s->n_items[box]++;
                reader_looked_at(s->walk->reader);
        } else if (s->n_submitted > 0 && bsearch(&hash, s->submitted, s->n_submitted, sizeof(hash), compare_u64))
                return 0;
        struct known *k = find_known(s, hash);
        if (k) {
                k->seen = true;
                if (!k->unreadable || !has_changed(s, k, name, box))
                        return 0;
        }
        return is_flagged_out(name) ? 0 : want_name(s, name, box);
}

static int list_box(struct scan *s, int box) {
        /* A descriptor of its own: closedir() closes it. */
        int fd = openat(s->fds[box], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOATIME);
        if (fd < 0 && errno == EPERM)
                fd = openat(s->fds[box], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *d = fd < 0 ? NULL : fdopendir(fd);
        if (!d) {
                int e = -errno;
                if (fd >= 0)
                        (void) close(fd);
                return e;
        }
        int e = 0;
        struct dirent *entry;
        while (e >= 0 && (errno = 0, entry = readdir(d))) {
                /* The specification: names that begin with a dot are no messages. */
                if (entry->d_name[0] != '.' &&
                    (entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN || entry->d_type == DT_LNK))
                        e = look_at(s, entry->d_name, box);
        }
        if (e >= 0 && errno > 0)
                e = -errno;
        (void) closedir(d);
        return e;
}

/* --- one folder --- */

static int list_boxes(struct scan *s, const bool changed[2]) {
        int e = 0;
        for (int box = CUR; box <= NEW && e >= 0; box++)
                if (changed[box] && s->fds[box] >= 0)
                        e = list_box(s, box);
        return e < 0 ? e : submit_names(s);
}

static int forget_missing(struct scan *s) {
        struct reader *r = s->walk->reader;
        for (size_t i = 0; i < s->n_known; i++) {
                if (s->known[i].seen)
                        continue;
                int e = reader_write(r);
                if (e >= 0)
                        e = store_item_delete(reader_store(r), s->known[i].id);
                if (e < 0)
                        return reader_fatal(r, e);
        }
        return 0;
}

static int keep_state(struct walk *w, char *key, int64_t mtime_ns, int64_t items) {
        struct folder_state *p = key ? realloc(w->states, (w->n_states + 1) * sizeof(*p)) : NULL;
        if (!p) {
                free(key);
                return reader_fatal(w->reader, -ENOMEM);
        }
        w->states = p;
        p[w->n_states++] = (struct folder_state){key, mtime_ns, items};
        return 0;
}

static int scan_changed(struct scan *s, const bool changed[2]) {
        int e = load_known(s);
        if (e < 0)
                return e;
        e = list_boxes(s, changed);
        if (e >= 0 && s->n_vanished > 0) {
                /* Once more, both: what was renamed may be in the other. What is not found now is gone. */
                static const bool both[2] = {true, true};
                s->second_round = true;
                s->n_vanished = 0;
                if (s->n_submitted > 0)
                        qsort(s->submitted, s->n_submitted, sizeof(*s->submitted), compare_u64);
                e = list_boxes(s, both);
        }
        /* A message that is gone from cur may be in new: only when both were listed is it known to be gone. */
        if (e >= 0 && changed[CUR] && (changed[NEW] || s->fds[NEW] < 0))
                e = forget_missing(s);
        return e;
}

static void scan_free(struct scan *s) {
        forget_names(s);
        free(s->names);
        free(s->known);
        free(s->submitted);
        for (int box = CUR; box <= NEW; box++)
                if (s->fds[box] >= 0)
                        (void) close(s->fds[box]);
}

static void tell_folder(struct walk *w, const char *folder, const char *box, int error) {
        reader_trouble(w->reader, "%s%s%s%s%s cannot be read: %s", w->spec->location, *folder ? "/" : "", folder,
                       *box ? "/" : "", box, strerror(-error));
}

static bool is_link(int fd, const char *name) {
        struct stat st;
        return fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
}

/* Open cur and new. 1: a Maildir folder; 0: none; it may lack one of the two. */
static int open_boxes(struct walk *w, int folder_fd, const char *folder, int fds[2]) {
        int found = 0;
        for (int box = CUR; box <= NEW; box++) {
                int e = reader_open_folder(folder_fd, box_names[box], &fds[box]);
                if (e >= 0)
                        found = 1;
                else if (is_link(folder_fd, box_names[box])) {
                        reader_trouble(w->reader,
                                       "%s%s%s/%s is a link, and links inside a source are not followed: the folder itself "
                                       "belongs there",
                                       w->spec->location, *folder ? "/" : "", folder, box_names[box]);
                        w->any = true;
                } else if (e != -ENOENT && e != -ENOTDIR) {
                        tell_folder(w, folder, box_names[box], e);
                        w->any = true;
                        return -1;
                }
        }
        return found;
}

static int read_boxes(struct walk *w, const char *folder, struct scan *s) {
        struct reader *r = w->reader;
        struct stat st[2] = {};
        char *keys[2] = {};
        bool changed[2] = {};
        int64_t items[2] = {}, mtime;
        int e = 0;
        for (int box = CUR; box <= NEW; box++) {
                if (s->fds[box] < 0)
                        continue;
                if (fstat(s->fds[box], &st[box]) < 0 || !(keys[box] = reader_join(folder, box_names[box]))) {
                        e = reader_fatal(r, -ENOMEM);
                        goto end;
                }
                e = store_folder_get(reader_store(r), w->source, keys[box], &mtime, &items[box]);
                if (e < 0) {
                        (void) reader_fatal(r, e);
                        goto end;
                }
                changed[box] = e == 0 || mtime == 0 || mtime != reader_raw_mtime(&st[box]);
        }
        e = 0;
        /* Messages leave new for cur: when cur changed, new is listed too. It is small. */
        if (changed[CUR] && s->fds[NEW] >= 0)
                changed[NEW] = true;
        if (changed[CUR] || changed[NEW])
                e = scan_changed(s, changed);
        if (e == -ENOMEM)
                (void) reader_fatal(r, e);
        if (e < 0 && !reader_is_over(r))
                tell_folder(w, folder, "", e);
        for (int box = CUR; box <= NEW && e >= 0; box++) {
                if (changed[box] && s->n_failed == 0)
                        e = keep_state(w, TAKE_PTR(keys[box]), reader_mtime(r, &st[box]), s->n_items[box]);
                else if (!changed[box])
                        for (int64_t i = 0; i < items[box]; i++)
                                reader_looked_at(r);
        }
end:
        free(keys[CUR]);
        free(keys[NEW]);
        return e;
}

/* Folders below this one go on the stack. */
static int push_folder(struct walk *w, char *folder) {
        char **p = folder && w->n_seen < FOLDERS_MAX ? realloc(w->folders, (w->n_folders + 1) * sizeof(*p)) : NULL;
        if (!p) {
                bool many = w->n_seen >= FOLDERS_MAX;
                free(folder);
                return many ? 0 : reader_fatal(w->reader, -ENOMEM);
        }
        if (++w->n_seen == FOLDERS_MAX)
                reader_trouble(w->reader, "%s holds more than %u folders; the rest was not read", w->spec->location,
                               FOLDERS_MAX);
        w->folders = p;
        p[w->n_folders++] = folder;
        return 0;
}

static bool is_folder(int fd, const struct dirent *entry) {
        struct stat st;
        if (entry->d_type != DT_UNKNOWN)
                return entry->d_type == DT_DIR;
        return fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static bool is_own_name(const char *name) {
        static const char *const names[] = {".", "..", "cur", "new", "tmp"};
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (strcmp(names[i], name) == 0)
                        return true;
        return false;
}

/* Hidden folders that are no Maildir belong to programs: .notmuch, .git ... */
static bool is_hidden_other(int fd, const char *name) {
        struct stat st;
        char box[NAME_MAX + sizeof("/cur")];
        if (name[0] != '.')
                return false;
        for (int i = CUR; i <= NEW; i++) {
                (void) snprintf(box, sizeof(box), "%s/%s", name, box_names[i]);
                if (fstatat(fd, box, &st, AT_SYMLINK_NOFOLLOW) == 0 || errno == EACCES)
                        return false;
        }
        return true;
}

/* One trouble for a source, however many links it holds. */
static int look_at_link(struct walk *w, int fd, const char *folder, const char *name) {
        _cleanup_free_ char *whole = reader_join(folder, name);
        if (!whole)
                return reader_fatal(w->reader, -ENOMEM);
        if (!w->link_missed && reader_folder_wanted(w->spec, whole))
                w->link_missed = source_link_is_missed(w->reader, w->spec, fd, folder, name);
        return 0;
}

static int list_folders(struct walk *w, int fd, const char *folder) {
        DIR *d = fdopendir(fd); /* takes fd */
        if (!d) {
                (void) close(fd);
                return reader_fatal(w->reader, -ENOMEM);
        }
        int e = 0;
        struct dirent *entry;
        while (e >= 0 && (entry = readdir(d))) {
                if (is_own_name(entry->d_name) || reader_depth(folder) >= FOLDER_DEPTH_MAX)
                        continue;
                if (is_folder(dirfd(d), entry) && !is_hidden_other(dirfd(d), entry->d_name))
                        e = push_folder(w, reader_join(folder, entry->d_name));
                else if (entry->d_type == DT_LNK || (entry->d_type == DT_UNKNOWN && is_link(dirfd(d), entry->d_name)))
                        e = look_at_link(w, dirfd(d), folder, entry->d_name);
        }
        (void) closedir(d);
        return e;
}

static int read_folder(struct walk *w, const char *folder) {
        int fd, e = *folder ? reader_open_folder(w->top, folder, &fd) : reader_open_folder(w->top, ".", &fd);
        bool wanted = reader_folder_wanted(w->spec, folder);
        if (e < 0) {
                if (wanted && e != -ENOENT)
                        tell_folder(w, folder, "", e);
                return 0;
        }
        w->left_out = w->left_out || !wanted;
        struct scan s = {.walk = w, .folder = folder, .fds = {-1, -1}};
        int boxes = wanted ? open_boxes(w, fd, folder, s.fds) : 0;
        w->any = w->any || boxes > 0;
        e = boxes > 0 ? read_boxes(w, folder, &s) : 0;
        scan_free(&s);
        if (e < 0) {
                (void) close(fd);
                return reader_is_over(w->reader) ? e : 0; /* the others go on */
        }
        return list_folders(w, fd, folder);
}

static int keep_states(struct walk *w) {
        struct reader *r = w->reader;
        int e = reader_write(r);
        for (size_t i = 0; i < w->n_states && e >= 0; i++) {
                const struct folder_state *f = &w->states[i];
                if ((e = store_folder_put(reader_store(r), w->source, f->key, f->mtime_ns, f->items)) < 0)
                        (void) reader_fatal(r, e);
        }
        return e;
}

static int maildir_read(struct reader *r, const struct source_spec *spec, int64_t source) {
        struct walk w = {.reader = r, .spec = spec, .source = source, .top = -1};
        int e = reader_open_folder(AT_FDCWD, spec->location, &w.top);
        if (e < 0)
                return e;
        e = push_folder(&w, strdup(""));
        while (e >= 0 && w.n_folders > 0) {
                _cleanup_free_ char *folder = w.folders[--w.n_folders];
                e = read_folder(&w, folder);
        }
        /* Folders count as read when their messages are in the store, in the same batch at the earliest. */
        if (e >= 0)
                e = reader_drain(r);
        if (e >= 0)
                e = keep_states(&w);
        if (e >= 0 && !w.any && w.left_out && (spec->include || spec->exclude))
                reader_all_left_out(r, spec);
        else if (e >= 0 && !w.any)
                reader_trouble(r, "%s holds no Maildir (no folder with cur and new)", spec->location);
        while (w.n_folders > 0)
                free(w.folders[--w.n_folders]);
        for (size_t i = 0; i < w.n_states; i++)
                free(w.states[i].key);
        free(w.states);
        free(w.folders);
        (void) close(w.top);
        return e;
}

/* --- results --- */

static int maildir_observation(struct reader *r, void *job, const struct observation *o,
                               const struct ipc_reply_header *reply) {
        (void) reply;
        struct message_job *j = job;
        if (o->kind != OBSERVATION_MESSAGE)
                return 0;
        j->observed = true;
        int e = reader_observe(r, o, j->internal_date);
        return MIN(e, 0);
}

static int maildir_done(struct reader *r, void *job, const struct ipc_reply_header *reply, const struct unreadable *poison,
                        int64_t at) {
        (void) at;
        struct message_job *j = job;
        struct store_item item = {
                .folder = j->folder, .name = j->name, .inode = j->inode, .size = j->size, .mtime_ns = j->mtime_ns};
        if (poison || !j->observed) {
                struct unreadable why = poison ? *poison : reader_refused(reply->status);
                why.size = j->size;
                item.check = CHECK_UNREADABLE;
                int e = reader_unreadable(r, &why, j->path, j->internal_date);
                if (e < 0)
                        return e;
        }
        int e = reader_item_put(r, &item, NULL);
        return e < 0 ? e : reader_checkpoint(r);
}

const struct source_driver source_maildir = {
        .kind = SOURCE_MAILDIR,
        .name = "maildir",
        .read = maildir_read,
        .observation = maildir_observation,
        .done = maildir_done,
};
