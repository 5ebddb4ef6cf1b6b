/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/accounts.h"
#include "daemon/components.h"
#include "daemon/fetch_dav.h"
#include "daemon/source_names.h"
#include "daemon/source_webcal.h"

/* Calendars on servers, and single files on the web. The fetch role tells what is new, then what is gone; the parse roles read it; here each object is compared with what it
 * held before, as the files of a calendar folder are. What is gone is told when everything before it is in the store: an object that moved from one calendar to
 * another is there then. */

/* How often a service asks: servers are not told apart from those that ask each minute, and a meeting is rarely called off closer than that. */
#define POLL_SECONDS 300U
/* Published files change rarely, and their servers are asked by everybody. */
#define POLL_FILE_SECONDS 1800U

struct known_item {
        char *folder, *name; /* owned */
        int64_t id;
        uint64_t check;
};

struct names {
        char **items; /* owned */
        size_t n;
};

/* What a reading collects until the role says that all was told. */
struct caldav_reading {
        struct known_item *known; /* owned, sorted */
        size_t n_known, allocated;
        struct names wanted; /* folders that are there and are read */
        struct departures missing;
        int64_t *gone; /* owned: items */
        size_t n_gone;
        struct late_items late;
};

struct caldav_job {
        struct account_job account;
        struct components held;
        int64_t item;
        uint64_t check;
        int fd; /* owned: to see its end */
        bool inbox;
};

static void caldav_job_release(struct reader_job *job) {
        struct caldav_job *j = (struct caldav_job *) job;
        components_free(&j->held);
        if (j->fd >= 0)
                (void) close(j->fd);
        account_job_release(job);
}

static bool is_inbox(const char *folder) {
        return strncmp(folder, FETCH_DAV_INBOX, strlen(FETCH_DAV_INBOX)) == 0;
}

/* --- what is collected --- */

static void names_free(struct names *l) {
        for (size_t i = 0; i < l->n; i++)
                free(l->items[i]);
        free(l->items);
        *l = (struct names){};
}

static void caldav_ended(void *data) {
        struct caldav_reading *c = data;
        if (!c)
                return;
        for (size_t i = 0; i < c->n_known; i++) {
                free(c->known[i].folder);
                free(c->known[i].name);
        }
        names_free(&c->wanted);
        departures_free(&c->missing);
        free(c->known);
        free(c->gone);
        late_items_free(&c->late);
        free(c);
}

static int names_add(struct names *l, const char *name) {
        char **p = realloc(l->items, (l->n + 1) * sizeof(*p));
        if (!p)
                return -ENOMEM;
        l->items = p;
        p[l->n] = strdup(name);
        return p[l->n] ? (l->n++, 0) : -ENOMEM;
}

static bool names_have(const struct names *l, const char *name) {
        for (size_t i = 0; i < l->n; i++)
                if (strcmp(l->items[i], name) == 0)
                        return true;
        return false;
}

/* NULL: no memory. */
static struct caldav_reading *reading_of(struct account *a) {
        void **data = account_data(a);
        if (!*data)
                *data = calloc(1, sizeof(struct caldav_reading));
        return *data;
}

static int compare_items(const void *a, const void *b) {
        const struct known_item *x = a, *y = b;
        int c = strcmp(x->folder, y->folder);
        return c != 0 ? c : strcmp(x->name, y->name);
}

static struct known_item *find_item(struct caldav_reading *c, const char *folder, const char *name) {
        const struct known_item key = {.folder = (char *) folder, .name = (char *) name};
        return c->n_known > 0 ? bsearch(&key, c->known, c->n_known, sizeof(key), compare_items) : NULL;
}

struct telling {
        struct account *account;
        struct caldav_reading *reading;
};

/* An item without a check was never read to its end: the role must give it again. */
static int on_item(const struct store_item *item, void *userdata) {
        struct telling *t = userdata;
        struct caldav_reading *c = t->reading;
        if (c->n_known == c->allocated) {
                size_t room = MAX(c->allocated * 2, (size_t) 64);
                struct known_item *p = realloc(c->known, room * sizeof(*p));
                if (!p)
                        return -ENOMEM;
                c->known = p;
                c->allocated = room;
        }
        c->known[c->n_known++] = (struct known_item){strdup(item->folder), strdup(item->name), item->id, item->check};
        if (!c->known[c->n_known - 1].folder || !c->known[c->n_known - 1].name)
                return -ENOMEM;

        char tag[17];
        struct fetch_record known = fetch_record_of(FETCH_KNOWN);
        (void) snprintf(tag, sizeof(tag), "%016" PRIx64, item->check);
        known.name = item->name;
        known.tag = item->check ? tag : NULL;
        int e = account_send(t->account, &known);
        return MIN(e, 0);
}

/* Asked of every folder that is wanted. */
static int caldav_known(struct account *a, const char *folder) {
        struct telling t = {a, reading_of(a)};
        if (!t.reading || names_add(&t.reading->wanted, folder) < 0)
                return reader_fatal(account_reader(a), -ENOMEM);
        int e = store_items_of_folder(reader_store(account_reader(a)), account_source(a), folder, on_item, &t);
        if (e < 0)
                return e == -ENOBUFS ? e : reader_fatal(account_reader(a), e);
        if (t.reading->n_known > 0)
                qsort(t.reading->known, t.reading->n_known, sizeof(*t.reading->known), compare_items);
        return 0;
}

/* --- which calendars --- */

static bool caldav_wanted(struct account *a, const struct fetch_record *folder) {
        const struct source_spec *spec = account_spec(a);
        const char *name = folder->name, *path = folder->folder;
        if (spec->exclude && calendar_in_list(name, path, (const char *const *) spec->exclude))
                return false;
        return !spec->include || calendar_in_list(name, path, (const char *const *) spec->include);
}

static bool caldav_named(const struct fetch_record *folder, const char *name) {
        return calendar_in_list(folder->name, folder->folder, (const char *const[]){name, NULL});
}

/* --- objects --- */

/* Components refer to the row of their object, so that it must be there before the first of them. */
static int prepare(struct account *a, struct caldav_job *j, const struct fetch_record *item) {
        struct reader *r = account_reader(a);
        struct caldav_reading *c = reading_of(a);
        if (!c)
                return reader_fatal(r, -ENOMEM);
        const struct known_item *known = find_item(c, item->folder, item->name);
        j->inbox = is_inbox(item->folder);
        j->check = item->tag ? strtoull(item->tag, NULL, 16) : 0;
        j->fd = fcntl(item->fd, F_DUPFD_CLOEXEC, 0);
        if (j->fd < 0)
                return reader_fatal(r, -errno);
        if (!known)
                return reader_item_put(r, &(struct store_item){.folder = item->folder, .name = item->name}, &j->item);
        j->item = known->id;
        return components_load(r, j->item, &j->held);
}

static int caldav_item(struct account *a, struct fetch_record *item) {
        struct caldav_job *j = calloc(1, sizeof(*j));
        if (!j) {
                (void) close(item->fd);
                return reader_fatal(account_reader(a), -ENOMEM);
        }
        j->fd = -1;
        j->account.job.release = caldav_job_release;
        int e = prepare(a, j, item);
        if (e < 0) {
                (void) close(item->fd);
                caldav_job_release(&j->account.job);
                return e;
        }
        return account_submit(a, &j->account, item, &(struct pool_job){.type = IPC_CALENDAR, .size = -1, .fd = item->fd});
}

static int caldav_observation(struct reader *r, void *job, const struct observation *o,
                              const struct ipc_reply_header *reply) {
        (void) reply;
        struct caldav_job *j = job;
        if (o->kind != OBSERVATION_EVENT)
                return 0;
        if (!j->inbox)
                return components_see(r, &j->held, j->item, o, j->account.internal_date);
        /* A message about a meeting: it does not hold the meeting, and says nothing when it is thrown away. */
        int e = reader_observe(r, o, j->account.internal_date);
        return e < 0 ? e : reader_checkpoint(r);
}

/* The object was parsed to its end. */
static int take_result(struct reader *r, struct caldav_job *j, const struct ipc_reply_header *reply,
                       const struct store_item *item) {
        struct caldav_reading *c = reading_of(j->account.account);
        char path[FETCH_STRING_MAX];
        /* A file on the web is all that its source has, and its address is told nowhere. */
        bool nameless = !*item->folder && !*item->name;
        (void) snprintf(path, sizeof(path), "%s%s", nameless ? "the file" : item->folder, item->name);
        bool ended = calendar_ends_properly(j->fd, j->account.size);
        int e = calendar_tell_incomplete(r, path, j->account.size, reply, !ended);
        if (e < 0)
                return e;
        size_t before = c ? c->missing.n : 0;
        if (reply->malformed == 0 && reply->truncated == 0 && ended && !j->inbox)
                e = c ? departures_add(&c->missing, j->item, &j->held) : -ENOMEM;
        if (e >= 0 && c && c->missing.n > before)
                e = late_items_add(&c->late, item);
        else if (e >= 0)
                return reader_item_put(r, item, NULL);
        return reader_fatal(r, e);
}

static int caldav_done(struct reader *r, void *job, const struct ipc_reply_header *reply, const struct unreadable *poison,
                       int64_t at) {
        (void) at;
        struct caldav_job *j = job;
        const struct store_item item = {
                .folder = j->account.folder, .name = j->account.name, .size = j->account.size, .check = j->check};
        int e;
        if (poison || reply->status < 0) {
                /* What it held before is not gone: it cannot be seen, that is all. */
                struct unreadable why = poison ? *poison : reader_refused(reply->status);
                why.size = j->account.size;
                e = account_unreadable(j->account.account, &why, item.folder, item.name, INSTANT_UNKNOWN);
                if (e >= 0)
                        e = reader_item_put(r, &item, NULL);
        } else
                e = take_result(r, j, reply, &item);
        return e < 0 ? e : account_dealt_with(&j->account);
}

/* --- what is gone --- */

static int caldav_gone(struct account *a, const struct fetch_record *gone) {
        struct reader *r = account_reader(a);
        struct caldav_reading *c = reading_of(a);
        const struct known_item *known = c && gone->name ? find_item(c, gone->folder, gone->name) : NULL;
        if (!c)
                return reader_fatal(r, -ENOMEM);
        if (!known)
                return 0;
        int64_t *p = realloc(c->gone, (c->n_gone + 1) * sizeof(*p));
        if (!p)
                return reader_fatal(r, -ENOMEM);
        c->gone = p;
        p[c->n_gone++] = known->id;
        return departures_add_item(r, &c->missing, known->id);
}

struct stale {
        const struct caldav_reading *reading;
        struct names folders;
};

static int on_kept_folder(const char *folder, void *userdata) {
        struct stale *s = userdata;
        return names_have(&s->reading->wanted, folder) ? 0 : names_add(&s->folders, folder);
}

/* A calendar that is removed as a whole, or no longer chosen, holds nothing any more, and nothing in it was called off. */
static int forget_calendars(struct reader *r, int64_t source, const struct caldav_reading *c) {
        struct stale s = {.reading = c};
        int e = store_folders(reader_store(r), source, on_kept_folder, &s);
        if (e >= 0 && s.folders.n > 0)
                e = reader_write(r);
        for (size_t i = 0; i < s.folders.n && e >= 0; i++)
                e = store_folder_delete(reader_store(r), source, s.folders.items[i]);
        names_free(&s.folders);
        return e < 0 ? reader_fatal(r, e) : 0;
}

/* Everything that the role told before is in the store: 0; 1: not to be told yet, since it may be in a calendar that was not read yet. */
static int caldav_settled(struct account *a, const char *folder) {
        (void) folder;
        struct reader *r = account_reader(a);
        struct caldav_reading *c = reading_of(a);
        int e = c ? forget_calendars(r, account_source(a), c) : reader_fatal(r, -ENOMEM);
        if (e < 0 || (c->missing.n == 0 && c->n_gone == 0))
                return e;
        if (!reader_may_settle(r))
                return 1;
        e = departures_tell(r, &c->missing, 0);
        if (e >= 0)
                e = late_items_put(r, &c->late);
        if (e >= 0)
                e = reader_write(r);
        for (size_t i = 0; i < c->n_gone && e >= 0; i++)
                e = reader_fatal(r, store_item_delete(reader_store(r), c->gone[i]));
        if (e < 0)
                return e;
        departures_free(&c->missing);
        c->n_gone = 0;
        return 0;
}

/* --- drivers --- */

static const struct account_kind caldav_kind = {.kind = FETCH_CALDAV,
                                                .driver = &source_caldav,
                                                .wanted = caldav_wanted,
                                                .named = caldav_named,
                                                .known = caldav_known,
                                                .item = caldav_item,
                                                .gone = caldav_gone,
                                                .settled = caldav_settled,
                                                .ended = caldav_ended,
                                                .poll_seconds = POLL_SECONDS,
                                                .noun = "object"};

static int caldav_read(struct reader *r, const struct source_spec *spec, int64_t source) {
        return account_read(r, spec, source, &caldav_kind);
}

const struct source_driver source_caldav = {
        .kind = SOURCE_CALDAV,
        .name = "caldav",
        .read = caldav_read,
        .observation = caldav_observation,
        .done = caldav_done,
};

static bool webcal_wanted(struct account *a, const struct fetch_record *folder) {
        (void) a;
        (void) folder;
        return true;
}

static const struct source_driver source_webcal = {
        .kind = SOURCE_CALENDAR, .name = "calendar", .observation = caldav_observation, .done = caldav_done};

static const struct account_kind webcal_kind = {.kind = FETCH_WEBCAL,
                                                .driver = &source_webcal,
                                                .wanted = webcal_wanted,
                                                .known = caldav_known,
                                                .item = caldav_item,
                                                .settled = caldav_settled,
                                                .ended = caldav_ended,
                                                .poll_seconds = POLL_FILE_SECONDS,
                                                .noun = "file"};

int source_webcal_read(struct reader *r, const struct source_spec *spec, int64_t source) {
        return account_read(r, spec, source, &webcal_kind);
}
