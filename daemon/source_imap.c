/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <unistd.h>

#include "daemon/accounts.h"
#include "daemon/source_names.h"

/* IMAP accounts. What was read of a mailbox is a set of UIDs that the fetch role makes (imap_folder.c) and the store keeps; there are no items, since a message
 * on a server never changes. The same message in two mailboxes or accounts is one message to the store. */

/* Folders that repeat what is in others, or hold what the owner threw away, does not want, or has not sent. */
#define LEFT_OUT (FETCH_FOLDER_JUNK | FETCH_FOLDER_TRASH | FETCH_FOLDER_DRAFTS | FETCH_FOLDER_ALL | FETCH_FOLDER_FLAGGED)

static bool in_list(const struct fetch_record *folder, const char *const *list) {
        return mailbox_in_list(folder->flags, folder->name, list);
}

/* By what the server says of a folder, else by its name: many servers say nothing. Where one folder holds everything (Gmail), it alone is read. */
static bool wanted_by_default(const struct fetch_record *folder) {
        if (folder->flags & FETCH_FOLDER_COMPLETE)
                return folder->flags & FETCH_FOLDER_ALL;
        if (folder->flags & LEFT_OUT)
                return false;
        return folder->flags & (FETCH_FOLDER_INBOX | FETCH_FOLDER_SENT | FETCH_FOLDER_ARCHIVE) ||
               !folder_left_out_by_default(folder->name);
}

static bool imap_wanted(struct account *a, const struct fetch_record *folder) {
        const struct source_spec *spec = account_spec(a);
        if (spec->exclude && in_list(folder, (const char *const *) spec->exclude))
                return false;
        if (spec->include)
                return in_list(folder, (const char *const *) spec->include);
        /* Naming what to leave out says that the rest is wanted, but not twice. */
        if (spec->exclude)
                return folder->flags & FETCH_FOLDER_COMPLETE ? folder->flags & FETCH_FOLDER_ALL
                                                             : !(folder->flags & (FETCH_FOLDER_ALL | FETCH_FOLDER_FLAGGED));
        return wanted_by_default(folder);
}

/* What the owner excludes by name or by role; where one folder shows everything, that must be said of it, too. */
static bool imap_left_out(struct account *a, const struct fetch_record *folder) {
        const struct source_spec *spec = account_spec(a);
        return spec->exclude && folder->flags & FETCH_FOLDER_COMPLETE && !(folder->flags & FETCH_FOLDER_ALL) &&
               in_list(folder, (const char *const *) spec->exclude);
}

static bool imap_named(const struct fetch_record *folder, const char *name) {
        return in_list(folder, (const char *const[]){name, NULL});
}

static int imap_item(struct account *a, struct fetch_record *item) {
        struct account_job *j = calloc(1, sizeof(*j));
        if (!j) {
                (void) close(item->fd);
                return reader_fatal(account_reader(a), -ENOMEM);
        }
        return account_submit(a, j, item, &(struct pool_job){.type = IPC_MESSAGE, .size = -1, .fd = item->fd});
}

static const struct account_kind imap_kind = {.kind = FETCH_IMAP,
                                              .driver = &source_imap,
                                              .wanted = imap_wanted,
                                              .named = imap_named,
                                              .left_out = imap_left_out,
                                              .item = imap_item,
                                              .noun = "message UID"};

static int imap_source_read(struct reader *r, const struct source_spec *spec, int64_t source) {
        return account_read(r, spec, source, &imap_kind);
}

static int imap_observation(struct reader *r, void *job, const struct observation *o, const struct ipc_reply_header *reply) {
        (void) reply;
        struct account_job *j = job;
        if (o->kind != OBSERVATION_MESSAGE)
                return 0;
        j->observed = true;
        int e = reader_observe(r, o, j->internal_date);
        return MIN(e, 0);
}

static int imap_done(struct reader *r, void *job, const struct ipc_reply_header *reply, const struct unreadable *poison,
                     int64_t at) {
        (void) r;
        (void) at;
        struct account_job *j = job;
        if (poison || !j->observed) {
                struct unreadable why = poison ? *poison : reader_refused(reply->status);
                why.size = j->size;
                int e = account_unreadable(j->account, &why, j->folder, j->name, j->internal_date);
                if (e < 0)
                        return e;
        }
        return account_dealt_with(j);
}

const struct source_driver source_imap = {
        .kind = SOURCE_IMAP,
        .name = "imap",
        .read = imap_source_read,
        .observation = imap_observation,
        .done = imap_done,
};
