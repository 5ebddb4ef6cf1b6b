/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/imap.h"

#include <stdio.h>
#include <unistd.h>

#include <libetpan/condstore.h>
#include <libetpan/condstore_types.h>

#include "parsers/limits.h"

/* What is new in one mailbox, newest first. A message never changes (RFC 3501 section 2.3.1.1), so that the set of UIDs read is all there is to remember; a
 * reading that was interrupted leaves holes in it, which the next fills. Windows are of sequence numbers, since UIDs may lie far apart: an expunge makes numbers
 * smaller, never larger, so that a window may show a message twice but passes over none. Where CONDSTORE is offered (RFC 7162), HIGHESTMODSEQ tells that
 * nothing changed at all; what vanished is of no interest, which is what QRESYNC would add. */

/* Messages of one window, whose sizes and dates are asked for together. Each costs a way to the server and back, and a server that has never been asked for
 * sizes reads every message to tell them: the first window is small, so that what is new is not waited for. */
#define WINDOW 1000U
#define FIRST_WINDOW 200U
/* What one of them says in its line. */
#define WINDOW_LINE_BYTES 256U
#define WINDOW_ITEMS "UID FLAGS INTERNALDATE RFC822.SIZE"
/* Messages and bytes of one FETCH: again one way there and back, and what is read anew after an interruption. Commands are not sent before the last one is
 * answered, since servers then work on several at once and mix their answers. Each message is handed on as soon as it is here. */
#define BATCH_MESSAGES 500U
#define BATCH_BYTES (INT64_C(8) * 1024 * 1024)
/* A message above this is fetched by parts: attachments make up nearly all of such a message, and one more round trip costs less than this. */
#define LARGE_BYTES (INT64_C(256) * 1024)
/* What is read of a large message whose parts cannot be told apart. */
#define LARGE_HEAD_BYTES (1024U * 1024)
#define STATE_VERSION 1

struct state {
        uint32_t validity, next, messages;
        uint64_t modseq;
        struct uid_set read; /* looked at, or known not to exist */
        struct uid_set left; /* of these: left out for their flags (\Draft, \Deleted) */
        uint64_t labels;     /* a digest of the labels that were left out of it for good; 0: none */
};

struct message {
        uint32_t uid;
        int64_t size;
        instant date;
        bool left_out; /* for now */
        bool labelled; /* left out for good */
        bool asked;    /* in its batch */
        int fd;
        bool fetched;
};

struct reading {
        struct imap *imap;
        const struct imap_folder *folder;
        struct state state;
        struct uid_set avoid;
        struct message window[WINDOW];
        size_t n_window;
        bool window_full, any_window;
        struct uid_range asked; /* the numbers that the window is of: UIDs, or sequence numbers */
        bool asked_uids;
        struct message current[WINDOW];       /* the window at work, by uid falling */
        struct message batch[BATCH_MESSAGES]; /* of it: what is asked for together */
        size_t n_batch;
        int64_t batch_bytes; /* still to come */
        int give_error;
        bool changed;
        bool looked_in_vain; /* at what is left out */
        int64_t done, total;
};

static void state_done(struct state *s) {
        uid_set_done(&s->read);
        uid_set_done(&s->left);
        *s = (struct state){0};
}

/* --- what is remembered --- */

static void state_parse(const char *text, struct state *s) {
        int version = 0, at = 0;
        state_done(s);
        if (!text ||
            sscanf(text, "%d %" SCNu32 " %" SCNu32 " %" SCNu32 " %" SCNu64 " %n", &version, &s->validity, &s->next,
                   &s->messages, &s->modseq, &at) != 5 ||
            version != STATE_VERSION)
                return state_done(s);
        const char *read = text + at, *left = strchr(read, ' '), *labels = left ? strchr(left + 1, ' ') : NULL;
        size_t n = left ? (size_t) (left - read) : strlen(read);
        size_t n_left = labels ? (size_t) (labels - left - 1) : left ? strlen(left + 1) : 0;
        if (uid_set_parse(read, n, &s->read) < 0 || (left && uid_set_parse(left + 1, n_left, &s->left) < 0) ||
            (labels && sscanf(labels, " %" SCNx64, &s->labels) != 1))
                state_done(s);
}

static int tell_state(struct reading *r) {
        const struct state *s = &r->state;
        _cleanup_buf_ struct buf text = {0};
        (void) buf_printf(&text, "%d %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu64 " ", STATE_VERSION, s->validity, s->next,
                          s->messages, s->modseq);
        (void) uid_set_print(&s->read, &text);
        (void) buf_add_char(&text, ' ');
        (void) uid_set_print(&s->left, &text);
        if (s->labels != 0)
                (void) buf_printf(&text, " %" PRIx64, s->labels);
        (void) buf_add_char(&text, 0);
        if (text.error < 0)
                return text.error;
        struct fetch_record state = fetch_record_of(FETCH_STATE);
        state.folder = r->folder->name;
        state.text = text.data;
        /* What is in the mailbox and was read: UIDs that are gone are in the set, too. */
        state.total = MAX(r->total - (int64_t) uid_set_count(&s->left), INT64_C(0));
        return fetcher_tell(r->imap->fetcher, &state);
}

static int tell_progress(struct reading *r) {
        struct fetch_record progress = fetch_record_of(FETCH_PROGRESS);
        progress.folder = r->folder->name;
        progress.number = MIN(r->done, r->total);
        progress.total = r->total;
        return fetcher_tell(r->imap->fetcher, &progress);
}

static int tell_at(struct reading *r, uint32_t uid) {
        if (!r->imap->careful)
                return 0;
        char name[16];
        struct fetch_record at = fetch_record_of(FETCH_AT);
        (void) snprintf(name, sizeof(name), "%" PRIu32, uid);
        at.folder = r->folder->name;
        at.name = uid != 0 ? name : NULL;
        return fetcher_tell(r->imap->fetcher, &at);
}

/* --- STATUS and EXAMINE --- */

struct status {
        uint32_t validity, next, messages;
        uint64_t modseq;
};

static void read_status(const struct mailimap_mailbox_data_status *data, struct status *ret) {
        for (clistiter *c = data->st_info_list ? clist_begin(data->st_info_list) : NULL; c; c = clist_next(c)) {
                const struct mailimap_status_info *s = clist_content(c);
                if (s->st_att == MAILIMAP_STATUS_ATT_MESSAGES)
                        ret->messages = s->st_value;
                else if (s->st_att == MAILIMAP_STATUS_ATT_UIDNEXT)
                        ret->next = s->st_value;
                else if (s->st_att == MAILIMAP_STATUS_ATT_UIDVALIDITY)
                        ret->validity = s->st_value;
                else if (s->st_att == MAILIMAP_STATUS_ATT_EXTENSION && s->st_ext_data &&
                         s->st_ext_data->ext_extension->ext_id == MAILIMAP_EXTENSION_CONDSTORE && s->st_ext_data->ext_data)
                        ret->modseq =
                                ((struct mailimap_condstore_status_info *) s->st_ext_data->ext_data)->cs_highestmodseq_value;
        }
}

/* 1 told; 0 the server does not say. */
static int ask_status(struct reading *r, struct status *ret) {
        struct imap *i = r->imap;
        _cleanup_buf_ struct buf name = {0};
        *ret = (struct status){0};
        int e = imap_quote(r->folder->name, &name);
        if (e < 0)
                return e;
        (void) buf_add_char(&name, 0);
        imap_allow(i, 0);
        e = name.error < 0 ? name.error
                           : imap_command(i, "STATUS %s (MESSAGES UIDNEXT UIDVALIDITY%s)", name.data,
                                          i->condstore ? " HIGHESTMODSEQ" : "");
        if (e == -ENOMSG)
                return 0;
        const struct mailimap_mailbox_data_status *data = e >= 0 ? i->session->imap_response_info->rsp_status : NULL;
        if (!data)
                return MIN(e, 0);
        read_status(data, ret);
        if (r->folder->flags & (i->gmail ? FETCH_FOLDER_ALL : FETCH_FOLDER_INBOX))
                i->watched_uidnext = ret->next;
        return ret->validity != 0;
}

int imap_examine(struct imap *i, const char *name, uint64_t *ret_modseq) {
        imap_allow(i, 0);
        *ret_modseq = 0;
        int rc =
                i->condstore ? mailimap_examine_condstore(i->session, name, ret_modseq) : mailimap_examine(i->session, name);
        if (rc == MAILIMAP_NO_ERROR)
                return i->session->imap_selection_info ? 0 : imap_broken(i, MAILIMAP_ERROR_PARSE);
        bool refused = rc == MAILIMAP_ERROR_EXAMINE || rc == MAILIMAP_ERROR_SELECT || imap_said_no(i, rc);
        return refused && connection_fault(i->connection) == CONNECTION_OK ? -ENOMSG : imap_broken(i, rc);
}

/* Of those that are left out there. */
static uint64_t labels_of(const struct reading *r) {
        return r->folder->flags & FETCH_FOLDER_ALL ? r->imap->labels_digest : 0;
}

static bool nothing_new(const struct reading *r, const struct status *now) {
        const struct state *s = &r->state;
        struct uid_range hole;
        if (s->validity != now->validity || s->labels != labels_of(r) || s->next != now->next || now->next == 0 ||
            s->messages != now->messages || s->modseq != now->modseq || r->avoid.n > 0)
                return false;
        /* A draft becomes a message by its flags alone, which only HIGHESTMODSEQ tells. */
        if (s->left.n > 0 && now->modseq == 0)
                return false;
        return !uid_set_missing(&s->read, now->next - 1, &hole);
}

/* --- what an answer says --- */

static const struct mailimap_msg_att_body_section *read_att(const struct mailimap_msg_att *att, struct message *m) {
        const struct mailimap_msg_att_body_section *body = NULL;
        *m = (struct message){.date = INSTANT_UNKNOWN, .fd = -1};
        for (clistiter *c = att->att_list ? clist_begin(att->att_list) : NULL; c; c = clist_next(c)) {
                const struct mailimap_msg_att_item *item = clist_content(c);
                if (item->att_type == MAILIMAP_MSG_ATT_ITEM_DYNAMIC && item->att_data.att_dyn &&
                    item->att_data.att_dyn->att_list) {
                        for (clistiter *f = clist_begin(item->att_data.att_dyn->att_list); f; f = clist_next(f)) {
                                const struct mailimap_flag_fetch *flag = clist_content(f);
                                m->left_out |= flag->fl_flag && (flag->fl_flag->fl_type == MAILIMAP_FLAG_DELETED ||
                                                                 flag->fl_flag->fl_type == MAILIMAP_FLAG_DRAFT);
                        }
                        continue;
                }
                const struct mailimap_msg_att_static *s =
                        item->att_type == MAILIMAP_MSG_ATT_ITEM_STATIC ? item->att_data.att_static : NULL;
                if (!s)
                        continue;
                if (s->att_type == MAILIMAP_MSG_ATT_UID)
                        m->uid = s->att_data.att_uid;
                else if (s->att_type == MAILIMAP_MSG_ATT_RFC822_SIZE)
                        m->size = s->att_data.att_rfc822_size;
                else if (s->att_type == MAILIMAP_MSG_ATT_INTERNALDATE && s->att_data.att_internal_date)
                        m->date = imap_date(s->att_data.att_internal_date);
                else if (s->att_type == MAILIMAP_MSG_ATT_BODY_SECTION)
                        body = s->att_data.att_body_section;
        }
        return body;
}

/* Servers tell of other messages in between, unasked, when their flags change: these are not looked at, since what lies between them and those asked for
 * would count as seen. */
static void on_window(struct imap *i, const struct mailimap_msg_att *att, void *userdata) {
        struct reading *r = userdata;
        struct message m;
        (void) i;
        (void) read_att(att, &m);
        uint32_t number = r->asked_uids ? m.uid : att->att_number;
        if (m.uid == 0 || number < r->asked.first || number > r->asked.last)
                return;
        for (size_t k = 0; k < r->n_window; k++)
                if (r->window[k].uid == m.uid) { /* told again, unasked */
                        r->window[k].left_out |= m.left_out;
                        r->window[k].size = MAX(r->window[k].size, m.size);
                        if (r->window[k].date == INSTANT_UNKNOWN)
                                r->window[k].date = m.date;
                        return;
                }
        if (r->n_window < WINDOW)
                r->window[r->n_window++] = m;
        else
                r->window_full = true;
}

static int compare_messages(const void *a, const void *b) {
        uint32_t x = ((const struct message *) a)->uid, y = ((const struct message *) b)->uid;
        return (x < y) - (x > y);
}

/* What is said of each, newest first: of sequence numbers, or of UIDs. As imap_command(). */
static int ask_window(struct reading *r, struct uid_range range, bool uids, const char *what) {
        struct imap *i = r->imap;
        r->asked = range;
        r->asked_uids = uids;
        r->n_window = 0;
        r->window_full = false;
        i->on_fetch = on_window;
        i->on_fetch_userdata = r;
        imap_allow(i, MIN((uint64_t) range.last - range.first + 1, (uint64_t) WINDOW) * WINDOW_LINE_BYTES);
        int e = imap_command(i, "%sFETCH %" PRIu32 ":%" PRIu32 " (%s)", uids ? "UID " : "", range.first, range.last, what);
        i->on_fetch = NULL;
        qsort(r->window, r->n_window, sizeof(*r->window), compare_messages);
        return e;
}

/* --- Gmail's labels --- */

/* Labels whose names go into one command. */
#define LABELS_BYTES 4000U

static int mark_labelled(struct reading *r, bool for_good) {
        struct mailimap_response_info *info = r->imap->session->imap_response_info;
        struct uid_set found = {0};
        int e = 0;
        for (clistiter *c = info && info->rsp_search_result ? clist_begin(info->rsp_search_result) : NULL; c && e >= 0;
             c = clist_next(c)) {
                uint32_t uid = *(const uint32_t *) clist_content(c);
                if (uid >= r->asked.first && uid <= r->asked.last)
                        e = uid_set_add(&found, uid, uid);
        }
        for (size_t k = 0; k < r->n_window && e >= 0; k++)
                if (uid_set_has(&found, r->window[k].uid)) {
                        r->window[k].left_out |= !for_good;
                        r->window[k].labelled |= for_good;
                }
        uid_set_done(&found);
        return e;
}

/* Which of the window have one of these labels? As imap_command(). */
static int search_labels(struct reading *r, const char *keys, size_t n, bool for_good) {
        _cleanup_buf_ struct buf command = {0};
        r->asked = (struct uid_range){r->window[r->n_window - 1].uid, r->window[0].uid};
        (void) buf_printf(&command, "UID SEARCH UID %" PRIu32 ":%" PRIu32, r->asked.first, r->asked.last);
        /* OR has two keys, of which the first may be another OR (RFC 3501 section 6.4.4). */
        for (size_t k = 1; k < n; k++)
                (void) buf_add_str(&command, " OR");
        (void) buf_add_str(&command, keys);
        (void) buf_add_char(&command, 0);
        if (command.error < 0)
                return command.error;
        imap_allow(r->imap, WINDOW * sizeof("4294967295"));
        int e = imap_command(r->imap, "%s", command.data);
        return e < 0 ? e : mark_labelled(r, for_good);
}

/* Drafts have their label, whatever their flags are; a server that knows no such search has told them by the flags. What the owner excludes must be found, or
 * nothing is read here. As imap_command(). */
static int ask_labels(struct reading *r) {
        struct imap *i = r->imap;
        _cleanup_buf_ struct buf keys = {0};
        if (!i->gmail || !(r->folder->flags & FETCH_FOLDER_ALL) || r->n_window == 0)
                return 0;
        int e = search_labels(r, " X-GM-LABELS \"\\\\Draft\"", 1, false);
        if (e == -ENOMSG)
                e = 0;
        for (size_t k = 0, n = 0; k < i->n_labels && e >= 0; k++) {
                (void) buf_add_str(&keys, " X-GM-LABELS ");
                (void) buf_add(&keys, i->labels[k].data, i->labels[k].size);
                n++;
                if (keys.error < 0)
                        return keys.error;
                if (k + 1 == i->n_labels || keys.size + i->labels[k + 1].size > LABELS_BYTES) {
                        e = search_labels(r, keys.data, n, true);
                        buf_reset(&keys);
                        n = 0;
                }
        }
        return e;
}

/* --- messages --- */

static int give(struct reading *r, struct message *m, int status) {
        char name[16];
        struct fetch_record item = fetch_record_of(FETCH_ITEM);
        (void) snprintf(name, sizeof(name), "%" PRIu32, m->uid);
        item.folder = r->folder->name;
        item.name = name;
        item.size = m->size;
        item.date = m->date;
        item.status = status;
        item.fd = m->fd;
        m->fd = -1;
        if (status < 0 && item.fd >= 0) {
                (void) close(item.fd);
                item.fd = -1;
        }
        return fetcher_item(r->imap->fetcher, &item);
}

static void sink_reset(struct imap *i, size_t max) {
        i->sink_any = false;
        i->sink_error = 0;
        i->sink_size = 0;
        i->sink_max = max;
}

static int open_sink(struct imap *i) {
        if (i->sink_fd >= 0)
                return 0;
        int fd = fetcher_file();
        if (fd >= 0)
                i->sink_fd = fd;
        return MIN(fd, 0);
}

/* The core may have it wait for room: that is not the server's time. */
static void hand_on(struct reading *r, struct message *m) {
        if (r->give_error >= 0)
                r->give_error = give(r, m, 0);
        else if (m->fd >= 0)
                (void) close(m->fd);
        m->fd = -1;
        r->batch_bytes -= MIN(m->size, r->batch_bytes);
        imap_allow(r->imap, (uint64_t) r->batch_bytes);
}

/* The bytes that came before belong to this message. */
static void on_message(struct imap *i, const struct mailimap_msg_att *att, void *userdata) {
        struct reading *r = userdata;
        struct message told;
        const struct mailimap_msg_att_body_section *body = read_att(att, &told);
        if (!body)
                return; /* flags, unasked */
        for (size_t k = 0; k < r->n_batch; k++) {
                struct message *m = &r->batch[k];
                if (m->uid != told.uid || m->fetched)
                        continue;
                if (!i->sink_any && body->sec_body_part && body->sec_length > 0)
                        i->sink_error = fetcher_write(i->sink_fd, body->sec_body_part, body->sec_length);
                m->fetched = i->sink_error >= 0;
                if (m->fetched) {
                        m->fd = i->sink_fd;
                        i->sink_fd = -1;
                        hand_on(r, m);
                }
                break;
        }
        if (i->sink_fd >= 0 && (ftruncate(i->sink_fd, 0) < 0 || lseek(i->sink_fd, 0, SEEK_SET) < 0))
                i->sink_error = -errno;
        int e = open_sink(i);
        int error = i->sink_error < 0 ? i->sink_error : e;
        sink_reset(i, MESSAGE_SIZE_MAX);
        i->sink_error = error;
}

/* What is in the batch. Messages that came are handed on. */
static int fetch_set(struct reading *r, const char *set, const char *what, int64_t bytes) {
        struct imap *i = r->imap;
        sink_reset(i, MESSAGE_SIZE_MAX);
        int e = open_sink(i);
        if (e < 0)
                return e;
        i->on_fetch = on_message;
        i->on_fetch_userdata = r;
        r->batch_bytes = bytes;
        r->give_error = 0;
        imap_allow(i, (uint64_t) bytes);
        e = imap_command(i, "UID FETCH %s (UID %s)", set, what);
        i->on_fetch = NULL;
        if (i->sink_fd >= 0)
                (void) close(i->sink_fd);
        i->sink_fd = -1;
        return r->give_error < 0 ? r->give_error : e;
}

/* Also what dovecot says each time it is asked for a message that it cannot read. */
#define FAULT_OF_SERVER "[SERVERBUG]"

/* The server does not give what it has. When it will at another time, that is the end for now: what counted as read would be missing for ever. 0: it will not, or
 * a fault of its own may be one of this message: `surely` then, when it does not even say whether that is there. */
static int try_later(struct reading *r, bool surely) {
        char said[300];
        struct imap *i = r->imap;
        (void) imap_said(i, said, sizeof(said));
        bool fault = strncasecmp(said, FAULT_OF_SERVER, strlen(FAULT_OF_SERVER)) == 0;
        bool passes = imap_passes(i, said) && !fault;
        return passes || surely ? fetcher_end(i->fetcher, FETCH_END_LOST, "%s gives no messages of %s now: %s",
                                              i->account->remote.host, r->folder->shown, *said ? said : "without a reason")
                                : 0;
}

/* 1: handed on; 0: it did not come. */
static int fetch_alone(struct reading *r, const struct message *m, const char *what, int64_t bytes) {
        char set[16];
        (void) snprintf(set, sizeof(set), "%" PRIu32, m->uid);
        r->batch[0] = *m;
        r->n_batch = 1;
        int e = tell_at(r, m->uid);
        if (e >= 0)
                e = fetch_set(r, set, what, bytes);
        if (e == -ENOMSG && !r->batch[0].fetched)
                e = try_later(r, false);
        return e < 0 && e != -ENOMSG ? e : r->batch[0].fetched;
}

/* Not in the answer: expunged in the meantime, or the server cannot give it. */
static int settle_missing(struct reading *r, struct message *m) {
        int e = fetch_alone(r, m, "BODY.PEEK[]", m->size);
        if (e != 0)
                return MIN(e, 0);
        e = ask_window(r, (struct uid_range){m->uid, m->uid}, true, "UID");
        if (e == -ENOMSG)
                return try_later(r, true);
        return e < 0 ? e : r->n_window > 0 ? give(r, m, -EIO) : 0;
}

/* Some of current[first..end) did not come. */
static int settle_all_missing(struct reading *r, size_t first, size_t end) {
        int e = 0;
        for (size_t k = first; k < end && e >= 0; k++)
                if (r->current[k].asked && !r->current[k].fetched)
                        e = settle_missing(r, &r->current[k]);
        return e;
}

/* The messages of current[first..end) that are marked as asked for. */
static int fetch_batch(struct reading *r, size_t first, size_t end) {
        _cleanup_buf_ struct buf set = {0};
        struct uid_set uids = {0};
        int64_t bytes = 0;
        int e = 0;
        r->n_batch = 0;
        for (size_t k = first; k < end && e >= 0; k++)
                if (r->current[k].asked) {
                        e = uid_set_add(&uids, r->current[k].uid, r->current[k].uid);
                        bytes += r->current[k].size;
                        r->batch[r->n_batch++] = r->current[k];
                }
        if (e >= 0)
                e = uid_set_print(&uids, &set);
        uid_set_done(&uids);
        (void) buf_add_char(&set, 0);
        if (e < 0 || set.error < 0)
                return -ENOMEM;
        if (r->n_batch > 0 && !r->imap->careful) { /* else one by one */
                e = fetch_set(r, set.data, "BODY.PEEK[]", bytes);
                if (e < 0 && e != -ENOMSG)
                        return e;
                for (size_t k = first, b = 0; k < end; k++)
                        if (r->current[k].asked)
                                r->current[k].fetched = r->batch[b++].fetched;
        }
        return settle_all_missing(r, first, end);
}

static int fetch_large(struct reading *r, struct message *m) {
        char what[64];
        int e = tell_at(r, m->uid);
        if (e < 0)
                return e;
        if ((m->fd = fetcher_file()) < 0)
                return m->fd;
        e = imap_parts_read(r->imap, m->uid, m->fd);
        if (e >= 0)
                return give(r, m, 0);
        (void) close(m->fd);
        m->fd = -1;
        if (e == -ENOENT)
                return 0;
        if (e == -ENOMSG && try_later(r, false) < 0)
                return -ECONNABORTED;
        if (e != -ENOMSG && e != -EBADMSG)
                return e;
        (void) snprintf(what, sizeof(what), "BODY.PEEK[]<0.%u>", LARGE_HEAD_BYTES);
        e = fetch_alone(r, m, what, LARGE_HEAD_BYTES);
        return e != 0 ? MIN(e, 0) : settle_missing(r, m);
}

/* --- a window --- */

static bool is_wanted(struct reading *r, const struct message *m, const struct uid_range *range) {
        return m->uid >= range->first && m->uid <= range->last && !m->left_out && !m->labelled &&
               !uid_set_has(&r->avoid, m->uid);
}

static int cover(struct reading *r, uint32_t first, uint32_t last) {
        int e = uid_set_add(&r->state.read, first, last);
        r->changed = true;
        if (e >= 0)
                e = tell_state(r);
        return e < 0 ? e : tell_progress(r);
}

/* current[0..end) is dealt with: remembered, when `range` is a hole, which becomes smaller. */
static int cover_down_to(struct reading *r, size_t end, struct uid_range *range) {
        uint32_t uid = end > 0 ? r->current[end - 1].uid : 0;
        if (uid <= range->first || uid > range->last)
                return 0;
        int e = cover(r, uid, range->last);
        range->last = uid - 1;
        return e;
}

static int choose(struct reading *r, struct message *m, const struct uid_range *range) {
        int e = 0;
        if (m->left_out && !m->labelled && m->uid >= range->first && m->uid <= range->last)
                e = uid_set_add(&r->state.left, m->uid, m->uid);
        m->asked = is_wanted(r, m, range) && m->size <= LARGE_BYTES;
        return e == -E2BIG ? 0 : e; /* so many drafts: these are looked at no more */
}

/* What is in the window. hole: it is one, else messages that are looked at again. */
static int fetch_window(struct reading *r, struct uid_range *range, bool hole) {
        size_t n = r->n_window, first = 0, asked = 0;
        int64_t bytes = 0;
        int e = 0;
        memcpy(r->current, r->window, n * sizeof(*r->current));
        for (size_t k = 0; k < n && e >= 0; k++) {
                struct message *m = &r->current[k];
                if (asked == BATCH_MESSAGES || (asked > 0 && bytes + m->size > BATCH_BYTES && m->size <= LARGE_BYTES)) {
                        e = fetch_batch(r, first, k);
                        if (e >= 0 && hole)
                                e = cover_down_to(r, k, range);
                        first = k;
                        asked = 0;
                        bytes = 0;
                }
                if (e >= 0)
                        e = choose(r, m, range);
                if (e >= 0 && m->size > LARGE_BYTES && is_wanted(r, m, range))
                        e = fetch_large(r, m);
                asked += m->asked;
                bytes += m->asked ? m->size : 0;
        }
        return e < 0 ? e : fetch_batch(r, first, n);
}

/* --- from the newest down --- */

struct uid_search {
        uint32_t number, uid;
};

static void on_uid(struct imap *i, const struct mailimap_msg_att *att, void *userdata) {
        struct message m;
        (void) i;
        (void) read_att(att, &m);
        struct uid_search *s = userdata;
        if (m.uid != 0 && att->att_number == s->number)
                s->uid = m.uid;
}

/* The UID of a sequence number; 0: there is none. */
static int uid_of(struct reading *r, uint32_t number, uint32_t *ret) {
        struct imap *i = r->imap;
        struct uid_search s = {.number = number};
        i->on_fetch = on_uid;
        i->on_fetch_userdata = &s;
        imap_allow(i, 0);
        int e = imap_command(i, "FETCH %" PRIu32 " (UID)", number);
        i->on_fetch = NULL;
        *ret = s.uid;
        return e == -ENOMSG ? 0 : e;
}

/* How many messages have a UID up to `uid`. */
static int count_up_to(struct reading *r, uint32_t uid, uint32_t *ret) {
        uint32_t low = 0, high = r->imap->session->imap_selection_info->sel_exists;
        while (low < high) {
                uint32_t middle = low + (high - low + 1) / 2, found;
                int e = uid_of(r, middle, &found);
                if (e >= 0 && found >= r->state.next)
                        e = fetcher_end(r->imap->fetcher, FETCH_END_LOST, "%s gives numbers in %s that cannot be",
                                        r->imap->account->remote.host, r->folder->shown);
                if (e < 0)
                        return e;
                if (found != 0 && found <= uid)
                        low = middle;
                else
                        high = middle - 1;
        }
        *ret = low;
        return 0;
}

/* A hole in what was read; `number` messages have a UID up to its end. */
static int read_hole(struct reading *r, struct uid_range hole, uint32_t number) {
        for (;;) {
                number = MIN(number, r->imap->session->imap_selection_info->sel_exists);
                if (number == 0)
                        return cover(r, hole.first, hole.last);
                uint32_t size = r->any_window ? WINDOW : FIRST_WINDOW, first = number > size ? number - size + 1 : 1;
                int e = tell_at(r, 0);
                if (e >= 0)
                        e = ask_window(r, (struct uid_range){first, number}, false, WINDOW_ITEMS);
                if (e < 0)
                        return e;
                if (r->n_window == 0 || r->window_full)
                        return fetcher_end(r->imap->fetcher, FETCH_END_LOST, "%s does not list the messages of %s as asked",
                                           r->imap->account->remote.host, r->folder->shown);
                /* A number that wrapped around, or a lie: what it stands for would be passed over. */
                if (r->window[0].uid >= r->state.next)
                        return fetcher_end(r->imap->fetcher, FETCH_END_LOST, "%s gives numbers in %s that cannot be",
                                           r->imap->account->remote.host, r->folder->shown);
                e = ask_labels(r);
                if (e < 0)
                        return e;
                uint32_t lowest = r->window[r->n_window - 1].uid;
                r->any_window = true;
                r->done += (int64_t) r->n_window;
                e = fetch_window(r, &hole, true);
                if (e < 0)
                        return e;
                if (first == 1 || lowest <= hole.first)
                        return cover(r, hole.first, hole.last);
                if (lowest <= hole.last) {
                        if ((e = cover(r, lowest, hole.last)) < 0)
                                return e;
                        hole.last = lowest - 1;
                }
                number = first - 1;
        }
}

static int read_new(struct reading *r) {
        struct imap *i = r->imap;
        struct uid_range hole;
        uint32_t exists = i->session->imap_selection_info->sel_exists, next = i->session->imap_selection_info->sel_uidnext;
        int e = 0;
        if (next == 0 && exists > 0) { /* not told by this server */
                e = uid_of(r, exists, &next);
                next += next > 0 && next < UINT32_MAX;
        }
        r->state.next = next;
        r->state.messages = exists;
        r->total = exists;
        while (e >= 0 && next > 1 && uid_set_missing(&r->state.read, next - 1, &hole)) {
                uint32_t number = exists;
                if (hole.last != next - 1)
                        e = count_up_to(r, hole.last, &number);
                r->done = (int64_t) exists - number;
                if (e >= 0)
                        e = read_hole(r, hole, number);
        }
        return e;
}

/* --- drafts that were sent, deletions that were taken back --- */

static int look_again(struct reading *r) {
        struct uid_set old = r->state.left;
        if (old.n == 0)
                return 0;
        r->state.left = (struct uid_set){0};
        int e = 0;
        /* A window of UIDs at a time; what is not there any more falls out of the set. */
        for (size_t k = 0; k < old.n && e >= 0; k++)
                for (uint64_t first = old.items[k].first; first <= old.items[k].last && e >= 0; first += WINDOW) {
                        struct uid_range range = {(uint32_t) first,
                                                  (uint32_t) MIN(first + WINDOW - 1, (uint64_t) old.items[k].last)};
                        e = tell_at(r, 0);
                        if (e >= 0)
                                e = ask_window(r, range, true, WINDOW_ITEMS);
                        if (e >= 0)
                                e = ask_labels(r);
                        /* They are counted as read, so that nobody would ask for them again. */
                        if (e == -ENOMSG) {
                                r->looked_in_vain = true;
                                e = uid_set_add(&r->state.left, range.first, range.last);
                        } else if (e >= 0)
                                e = fetch_window(r, &range, false);
                }
        r->changed = true;
        uid_set_done(&old);
        return e;
}

/* --- one folder --- */

static int read_selected(struct reading *r, uint64_t modseq) {
        struct mailimap_selection_info *s = r->imap->session->imap_selection_info;
        bool flags_same = modseq != 0 && modseq == r->state.modseq;
        if (s->sel_uidvalidity == 0 || s->sel_uidvalidity != r->state.validity) {
                state_done(&r->state);
                r->state.validity = s->sel_uidvalidity;
                r->changed = true;
        }
        /* Others are left out now: what was passed over may be wanted. What was read is known, and not told twice. */
        if (r->state.labels != labels_of(r)) {
                uid_set_done(&r->state.read);
                uid_set_done(&r->state.left);
                r->state.labels = labels_of(r);
                r->changed = true;
        }
        struct state before = r->state;
        /* What was left out before this reading; what is left out by it needs no second look. */
        int e = flags_same ? 0 : look_again(r);
        if (e >= 0)
                e = read_new(r);
        r->changed |= before.next != r->state.next || before.messages != r->state.messages || before.modseq != modseq;
        r->state.modseq = r->looked_in_vain ? 0 : modseq;
        return e < 0 || !r->changed ? e : tell_state(r);
}

static int read_avoided(struct reading *r, const struct fetch_answer *answer) {
        int e = 0;
        for (size_t k = 0; k < answer->n_known && e >= 0; k++) {
                uint32_t uid = (uint32_t) strtoul(answer->known[k].name, NULL, 10);
                if (answer->known[k].avoid && uid != 0)
                        e = uid_set_add(&r->avoid, uid, uid);
        }
        return e;
}

static int refused(struct reading *r) {
        char said[300];
        (void) imap_said(r->imap, said, sizeof(said));
        /* RFC 5530: deleted since it was listed. */
        if (strncasecmp(said, "[NONEXISTENT]", 13) == 0)
                return 0;
        return fetcher_trouble(r->imap->fetcher, "the folder %s cannot be read: %s", r->folder->shown, said);
}

int imap_folder_read(struct imap *i, const struct imap_folder *folder, const struct fetch_answer *answer) {
        struct reading *r = calloc(1, sizeof(*r));
        struct status now;
        uint64_t modseq;
        if (!r)
                return -ENOMEM;
        r->imap = i;
        r->folder = folder;
        state_parse(answer->state, &r->state);
        int e = read_avoided(r, answer);
        if (e >= 0)
                e = ask_status(r, &now);
        if (e > 0 && nothing_new(r, &now))
                e = 0;
        else if (e >= 0) {
                e = imap_examine(i, folder->name, &modseq);
                if (e >= 0)
                        e = read_selected(r, modseq);
                if (e == -ENOMSG)
                        e = refused(r);
        }
        state_done(&r->state);
        uid_set_done(&r->avoid);
        free(r);
        return e;
}
