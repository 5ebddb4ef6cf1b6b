/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/imap.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <libetpan/namespace.h>

#include "daemon/clock.h"
#include "daemon/source_names.h"
#include "parsers/observation.h"

/* A server under load answers late; a link that carries less than this a second is none. */
#define ANSWER_SECONDS 60U
#define SLOWEST_BYTES_A_SECOND 8192U
/* Untagged answers that nobody asked for come along, and RFC822.SIZE is an estimate on some servers. */
#define ANSWER_BYTES ((uint64_t) 4 * 1024 * 1024)
#define USEC_PER_SEC UINT64_C(1000000)
#define NSEC_PER_MSEC INT64_C(1000000)
/* RFC 2177: at least every 29 minutes; some routers forget a connection sooner. */
#define IDLE_SECONDS (20 * 60)
/* Where IDLE is not offered. */
#define POLL_SECONDS 60
/* A mailbox has hundreds of folders; a server that lists more than this lists a file system. */
#define FOLDERS_MAX 5000U
#define FOLDER_NAME_MAX 1000U

/* --- commands --- */

void imap_allow(struct imap *i, uint64_t bytes) {
        uint64_t seconds = ANSWER_SECONDS + bytes / SLOWEST_BYTES_A_SECOND;
        connection_allow(i->connection, seconds * USEC_PER_SEC, (size_t) (bytes + bytes / 2 + ANSWER_BYTES));
}

int imap_broken(struct imap *i, int rc) {
        enum connection_fault fault = connection_fault(i->connection);
        if (fault != CONNECTION_OK)
                return fetcher_end(i->fetcher, connection_fault_is_lasting(fault) ? FETCH_END_FAULT : FETCH_END_LOST, "%s",
                                   connection_error(i->connection));
        if (rc == MAILIMAP_ERROR_MEMORY)
                return fetcher_end(i->fetcher, FETCH_END_LOST, "not enough memory for what %s answered",
                                   i->account->remote.host);
        if (rc == MAILIMAP_ERROR_FATAL) {
                char said[200];
                return fetcher_end(i->fetcher, FETCH_END_LOST, "%s ended the session: %s", i->account->remote.host,
                                   imap_said(i, said, sizeof(said)));
        }
        return fetcher_end(i->fetcher, FETCH_END_LOST, "%s answered what is no IMAP", i->account->remote.host);
}

/* What the last line of the answer says after its tag and NO or BAD; NULL: it says something else. */
static const char *refusal(const struct imap *i) {
        static const char *const words[] = {"NO", "BAD"};
        const MMAPString *lines = i->session->imap_stream_buffer;
        if (!lines || !lines->str)
                return NULL;
        const char *last = lines->str, *end = strchr(last, '\n');
        for (; end && end[1]; end = strchr(last, '\n'))
                last = end + 1;
        for (size_t k = 0; k < ELEMENTSOF(words); k++) {
                char begin[32];
                int n = snprintf(begin, sizeof(begin), "%i %s", i->session->imap_tag, words[k]);
                if (strncasecmp(last, begin, (size_t) n) == 0 && (last[n] == ' ' || last[n] == '\r' || last[n] == '\n'))
                        return last + n + strspn(last + n, " ");
        }
        return NULL;
}

const char *imap_said(struct imap *i, char *out, size_t room) {
        /* libetpan keeps the text without the code that says what it means (RFC 5530). */
        const char *said = refusal(i);
        return fetcher_clean(said ? said : i->session->imap_response, out, room);
}

bool imap_passes(struct imap *i, const char *said) {
        static const char *const codes[] = {"[UNAVAILABLE]", "[INUSE]",     "[LIMIT]",
                                            "[SERVERBUG]",   "[THROTTLED]", "[OVERQUOTA]"};
        /* Exchange: "Request is throttled. Suggested Backoff Time: 92415 milliseconds" */
        const char *throttled = strcasestr(said, "is throttled"), *time = strcasestr(said, "Backoff Time:");
        uint32_t ms;
        if (throttled && time && sscanf(time + strlen("Backoff Time:"), " %9" SCNu32, &ms) == 1)
                fetcher_ask_patience(i->fetcher, (int64_t) ms / 1000 + 1);
        for (size_t k = 0; k < ELEMENTSOF(codes); k++)
                if (strncasecmp(said, codes[k], strlen(codes[k])) == 0)
                        return true;
        return throttled;
}

bool imap_can(const struct imap *i, const char *capability) {
        const struct mailimap_capability_data *data = i->session->imap_connection_info->imap_capability;
        bool mechanism = strncasecmp(capability, "AUTH=", 5) == 0;
        for (clistiter *c = data && data->cap_list ? clist_begin(data->cap_list) : NULL; c; c = clist_next(c)) {
                const struct mailimap_capability *cap = clist_content(c);
                const char *name = cap->cap_type == MAILIMAP_CAPABILITY_AUTH_TYPE ? cap->cap_data.cap_auth_type
                                                                                  : cap->cap_data.cap_name;
                if (name && mechanism == (cap->cap_type == MAILIMAP_CAPABILITY_AUTH_TYPE) &&
                    strcasecmp(name, capability + (mechanism ? 5 : 0)) == 0)
                        return true;
        }
        return false;
}

int imap_quote(const char *s, struct buf *out) {
        (void) buf_add_char(out, '"');
        for (; *s; s++) {
                if ((unsigned char) *s < 0x20 || *s == 0x7f)
                        return -EINVAL;
                if (*s == '"' || *s == '\\')
                        (void) buf_add_char(out, '\\');
                (void) buf_add_char(out, *s);
        }
        (void) buf_add_char(out, '"');
        return out->error;
}

bool imap_said_no(const struct imap *i, int rc) {
        /* libetpan takes BAD for the end of the world; the line itself tells. Else the tag was somebody else's. */
        return rc == MAILIMAP_ERROR_EXTENSION || (rc == MAILIMAP_ERROR_PROTOCOL && refusal(i));
}

/* libetpan reads the answer into its session; what it means is looked up there. */
static int read_answer(struct imap *i) {
        struct mailimap_response *response = NULL;
        if (!mailimap_read_line(i->session))
                return imap_broken(i, MAILIMAP_ERROR_STREAM);
        int rc = mailimap_parse_response(i->session, &response);
        if (rc != MAILIMAP_NO_ERROR)
                return imap_said_no(i, rc) ? -ENOMSG : imap_broken(i, rc);
        int type = response->rsp_resp_done->rsp_data.rsp_tagged->rsp_cond_state->rsp_type;
        mailimap_response_free(response);
        return type == MAILIMAP_RESP_COND_STATE_OK ? 0 : -ENOMSG;
}

int imap_command(struct imap *i, const char *format, ...) {
        _cleanup_buf_ struct buf line = {0};
        char *text = NULL;
        va_list ap;
        va_start(ap, format);
        int n = vasprintf(&text, format, ap);
        va_end(ap);
        if (n < 0)
                return imap_broken(i, MAILIMAP_ERROR_MEMORY);
        int e = buf_printf(&line, "%s\r\n", text);
        free(text);
        if (e < 0)
                return imap_broken(i, MAILIMAP_ERROR_MEMORY);
        int rc = mailimap_send_current_tag(i->session);
        if (rc != MAILIMAP_NO_ERROR || mailstream_write(i->session->imap_stream, line.data, line.size) < 0 ||
            mailstream_flush(i->session->imap_stream) < 0)
                return imap_broken(i, MAILIMAP_ERROR_STREAM);
        return read_answer(i);
}

/* --- the bytes of messages --- */

static bool on_body(int type, struct mailimap_msg_att_body_section *section, const char *bytes, size_t n, void *context) {
        struct imap *i = context;
        (void) type;
        const struct mailimap_section_spec *spec = section && section->sec_section ? section->sec_section->sec_spec : NULL;
        struct buf *to = i->sink_of ? (spec ? i->sink_of(spec, i->sink_userdata) : NULL) : i->sink;
        i->sink_any = true;
        n = MIN(n, i->sink_max - i->sink_size);
        i->sink_size += n;
        int e = i->sink_fd >= 0 ? fetcher_write(i->sink_fd, bytes, n) : to ? buf_add(to, bytes, n) : 0;
        /* A buffer that is full keeps what fitted, which is all that is wanted of it. */
        if (e == -E2BIG)
                e = 0;
        if (e < 0)
                i->sink_error = e;
        return e >= 0;
}

static void on_fetch(struct mailimap_msg_att *att, void *context) {
        struct imap *i = context;
        if (i->on_fetch)
                i->on_fetch(i, att, i->on_fetch_userdata);
}

/* Only with a progress function does libetpan call the handler of answers. */
static void on_progress(size_t current, size_t maximum, void *context) {
        (void) current;
        (void) maximum;
        (void) context;
}

instant imap_date(const struct mailimap_date_time *d) {
        /* Nothing of it was checked. The zone is in the form +HHMM. */
        if (d->dt_year < 1 || d->dt_year > 9999 || d->dt_month < 1 || d->dt_month > 12 || d->dt_day < 1 || d->dt_day > 31 ||
            d->dt_hour < 0 || d->dt_hour > 23 || d->dt_min < 0 || d->dt_min > 59 || d->dt_sec < 0 || d->dt_sec > 60 ||
            d->dt_zone < -2400 || d->dt_zone > 2400)
                return INSTANT_UNKNOWN;
        struct tm t = {.tm_year = d->dt_year - 1900,
                       .tm_mon = d->dt_month - 1,
                       .tm_mday = d->dt_day,
                       .tm_hour = d->dt_hour,
                       .tm_min = d->dt_min,
                       .tm_sec = d->dt_sec};
        return (instant) timegm(&t) - (d->dt_zone / 100 * 3600 + d->dt_zone % 100 * 60);
}

/* --- the list of folders --- */

struct folder_list {
        struct imap_folder *items; /* owned */
        size_t n;
};

static void folder_list_done(struct folder_list *l) {
        for (size_t i = 0; i < l->n; i++) {
                free(l->items[i].name);
                free(l->items[i].shown);
        }
        free(l->items);
        *l = (struct folder_list){0};
}

/* RFC 6154, and what servers called it before. */
static const struct {
        const char *name;
        uint32_t flag;
        const char *label; /* Gmail's */
} special_uses[] = {
        {"Sent", FETCH_FOLDER_SENT, "\\Sent"},
        {"Junk", FETCH_FOLDER_JUNK, NULL},
        {"Spam", FETCH_FOLDER_JUNK, NULL},
        {"Trash", FETCH_FOLDER_TRASH, NULL},
        {"Drafts", FETCH_FOLDER_DRAFTS, "\\Draft"},
        {"Archive", FETCH_FOLDER_ARCHIVE, NULL},
        {"All", FETCH_FOLDER_ALL, NULL},
        {"AllMail", FETCH_FOLDER_ALL, NULL},
        {"Flagged", FETCH_FOLDER_FLAGGED, "\\Starred"},
        {"Starred", FETCH_FOLDER_FLAGGED, "\\Starred"},
        {"Important", FETCH_FOLDER_FLAGGED, "\\Important"},
};

static void read_list_flags(const struct mailimap_mbx_list_flags *flags, struct imap_folder *f) {
        if (!flags)
                return;
        if (flags->mbf_type == MAILIMAP_MBX_LIST_FLAGS_SFLAG && flags->mbf_sflag == MAILIMAP_MBX_LIST_SFLAG_NOSELECT)
                f->selectable = false;
        for (clistiter *c = flags->mbf_oflags ? clist_begin(flags->mbf_oflags) : NULL; c; c = clist_next(c)) {
                const struct mailimap_mbx_list_oflag *o = clist_content(c);
                const char *name = o->of_type == MAILIMAP_MBX_LIST_OFLAG_FLAG_EXT ? o->of_flag_ext : NULL;
                if (!name)
                        continue;
                name += *name == '\\';
                if (strcasecmp(name, "NonExistent") == 0)
                        f->selectable = false;
                for (size_t i = 0; i < ELEMENTSOF(special_uses); i++)
                        if (strcasecmp(name, special_uses[i].name) == 0) {
                                f->flags |= special_uses[i].flag;
                                f->label = special_uses[i].label ? special_uses[i].label : f->label;
                        }
        }
}

static char *shown_name(const char *name, char delimiter) {
        _cleanup_free_ char *split = strdup(name);
        for (char *p = split; p && *p && delimiter; p++)
                if (*p == delimiter)
                        *p = '/';
        char *shown = split ? folder_for_people(split) : NULL;
        /* What has no place in a line may have been encoded. */
        for (char *p = shown; p && *p; p++)
                if ((unsigned char) *p < 0x20 || *p == 0x7f)
                        *p = '?';
        return shown;
}

static int keep_folder(struct imap *i, struct folder_list *l, const struct mailimap_mailbox_list *m) {
        struct imap_folder f = {.selectable = true};
        _cleanup_buf_ struct buf quoted = {0};
        if (l->n >= FOLDERS_MAX || !m->mb_name || !*m->mb_name)
                return 0;
        read_list_flags(m->mb_flag, &f);
        if (!f.selectable)
                return 0;
        if (strlen(m->mb_name) > FOLDER_NAME_MAX || imap_quote(m->mb_name, &quoted) < 0) {
                char shown[200];
                return fetcher_trouble(i->fetcher, "the folder \"%s\" has a name that cannot be asked for",
                                       fetcher_clean(m->mb_name, shown, sizeof(shown)));
        }
        if (strcasecmp(m->mb_name, "INBOX") == 0) {
                f.flags |= FETCH_FOLDER_INBOX;
                f.label = "\\Inbox";
        }
        struct imap_folder *p = realloc(l->items, (l->n + 1) * sizeof(*p));
        if (!p)
                return -ENOMEM;
        l->items = p;
        f.name = strdup(m->mb_name);
        f.shown = shown_name(m->mb_name, m->mb_delimiter);
        if (!f.name || !f.shown) {
                free(f.name);
                free(f.shown);
                return -ENOMEM;
        }
        p[l->n++] = f;
        return 0;
}

/* What is read first: where new mail comes, then what the owner sent, then the rest. At the end what shows all of it: by then it is known what is left out there. */
static int rank(const struct imap_folder *f) {
        return f->flags & FETCH_FOLDER_ALL ? 3 : f->flags & FETCH_FOLDER_INBOX ? 0 : f->flags & FETCH_FOLDER_SENT ? 1 : 2;
}

static int compare_folders(const void *a, const void *b) {
        const struct imap_folder *x = a, *y = b;
        return rank(x) != rank(y) ? rank(x) - rank(y) : strcmp(x->name, y->name);
}

static int list_folders(struct imap *i, struct folder_list *l) {
        imap_allow(i, 0);
        int e = imap_command(i, "LIST \"\" \"*\"");
        if (e == -ENOMSG) {
                char said[200];
                return fetcher_end(i->fetcher, FETCH_END_LOST, "%s does not list the folders: %s", i->account->remote.host,
                                   imap_said(i, said, sizeof(said)));
        }
        clist *found = e >= 0 ? i->session->imap_response_info->rsp_mailbox_list : NULL;
        for (clistiter *c = found ? clist_begin(found) : NULL; c && e >= 0; c = clist_next(c))
                e = keep_folder(i, l, clist_content(c));
        if (e >= 0 && l->n == FOLDERS_MAX)
                e = fetcher_trouble(i->fetcher, "the account has more than %u folders; the rest was not read", FOLDERS_MAX);
        if (l->n > 1)
                qsort(l->items, l->n, sizeof(*l->items), compare_folders);
        return e;
}

/* Folders of other people, and those shared with everybody, are not the owner's mail. */
static void drop_foreign(struct folder_list *l, const struct mailimap_namespace_item *item) {
        for (clistiter *c = item && item->ns_data_list ? clist_begin(item->ns_data_list) : NULL; c; c = clist_next(c)) {
                const struct mailimap_namespace_info *n = clist_content(c);
                size_t length = n->ns_prefix ? strlen(n->ns_prefix) : 0, kept = 0;
                if (length == 0)
                        continue;
                for (size_t f = 0; f < l->n; f++) {
                        if (strncmp(l->items[f].name, n->ns_prefix, length) != 0) {
                                l->items[kept++] = l->items[f];
                                continue;
                        }
                        free(l->items[f].name);
                        free(l->items[f].shown);
                }
                l->n = kept;
        }
}

static void leave_out_foreign(struct imap *i, struct folder_list *l) {
        struct mailimap_namespace_data *data = NULL;
        if (!imap_can(i, "NAMESPACE"))
                return;
        imap_allow(i, 0);
        if (mailimap_namespace(i->session, &data) != MAILIMAP_NO_ERROR)
                return; /* a connection that broke is noticed with the next command */
        drop_foreign(l, data->ns_other);
        drop_foreign(l, data->ns_shared);
        mailimap_namespace_data_free(data);
}

/* --- a pass --- */

static void forget_labels(struct imap *i) {
        for (size_t n = 0; n < i->n_labels; n++)
                buf_free(&i->labels[n]);
        free(TAKE_PTR(i->labels));
        i->n_labels = 0;
        i->labels_digest = 0;
}

static int leave_out_label(struct imap *i, const struct imap_folder *folder) {
        struct buf *p = realloc(i->labels, (i->n_labels + 1) * sizeof(*p)), quoted = {0};
        if (!p)
                return -ENOMEM;
        i->labels = p;
        int e = imap_quote(folder->label ? folder->label : folder->name, &quoted);
        if (e < 0) {
                buf_free(&quoted);
                return e;
        }
        p[i->n_labels++] = quoted;
        i->labels_digest = hash_bytes(quoted.data, quoted.size, i->labels_digest);
        return 0;
}

static int look_for_all(struct imap *i, const struct folder_list *l) {
        free(TAKE_PTR(i->all));
        i->gmail = false;
        i->watched = "INBOX";
        for (size_t n = 0; n < l->n && imap_can(i, "X-GM-EXT-1"); n++) {
                if (!(l->items[n].flags & FETCH_FOLDER_ALL))
                        continue;
                if (!(i->all = strdup(l->items[n].name)))
                        return -ENOMEM;
                i->gmail = true;
                i->watched = i->all;
                break;
        }
        return 0;
}

static int read_folder(struct imap *i, const struct imap_folder *folder) {
        struct fetch_record told = fetch_record_of(FETCH_FOLDER);
        struct fetch_answer answer;
        told.folder = folder->name;
        told.name = folder->shown;
        told.flags = folder->flags | (i->gmail ? (uint32_t) FETCH_FOLDER_COMPLETE : 0U);
        told.total = -1;
        int e = fetcher_folder(i->fetcher, &told, &answer);
        if (e < 0)
                return e;
        if (answer.wanted)
                e = imap_folder_read(i, folder, &answer);
        else if (answer.left_out && i->gmail)
                e = leave_out_label(i, folder);
        fetch_answer_done(&answer);
        return e;
}

static int imap_read(void *session, struct fetcher *f, uint32_t flags) {
        struct imap *i = session;
        struct folder_list folders = {0};
        i->fetcher = f;
        i->careful = flags & FETCH_CAREFUL;
        int e = list_folders(i, &folders);
        if (e >= 0)
                leave_out_foreign(i, &folders);
        forget_labels(i);
        if (e >= 0)
                e = look_for_all(i, &folders);
        for (size_t n = 0; n < folders.n && e >= 0; n++)
                e = read_folder(i, &folders.items[n]);
        folder_list_done(&folders);
        return e;
}

/* --- waiting for a change --- */

/* Something came: one line of it, or the connection is gone. 1: new mail, 0: something else, negative: of no more use. */
static int idle_line(struct imap *i) {
        imap_allow(i, 0);
        const char *line = mailimap_read_line(i->session);
        if (!line)
                return imap_broken(i, MAILIMAP_ERROR_STREAM);
        unsigned number;
        char word[16] = "";
        if (strncasecmp(line, "* BYE", 5) == 0)
                return fetcher_end(i->fetcher, FETCH_END_LOST, "%s ended the session", i->account->remote.host);
        return sscanf(line, "* %u %15s", &number, word) == 2 && strcasecmp(word, "EXISTS") == 0;
}

static int64_t seconds_from_now(int64_t seconds) {
        return clock_monotonic_ns() / NSEC_PER_MSEC + seconds * 1000;
}

enum word { WORD_NONE, WORD_OF_SERVER, WORD_OF_CORE };

/* Who has something to say by then? A server that has gone counts: whoever reads what it says learns of it. */
static enum word wait_for_word(struct imap *i, int64_t until_ms) {
        struct pollfd fds[] = {{.fd = connection_fd(i->connection), .events = POLLIN},
                               {.fd = fetcher_socket(i->fetcher), .events = POLLIN}};
        for (;;) {
                /* What was read already makes no descriptor readable; what makes it readable may hold no word. */
                if (i->session->imap_stream->read_buffer_len > 0 || connection_look(i->connection) != 0)
                        return WORD_OF_SERVER;
                int64_t left = until_ms - seconds_from_now(0);
                if (left <= 0)
                        return WORD_NONE;
                (void) poll(fds, ELEMENTSOF(fds), (int) MIN(left, (int64_t) INT32_MAX));
                if (fds[1].revents)
                        return WORD_OF_CORE;
        }
}

/* One IDLE, until something happens. 1: new mail; 0: the core wants something; -EAGAIN: renew it; -ENOMSG: the server will not, whatever it offers; other
 * negatives: of no more use. */
static int idle_once(struct imap *i) {
        imap_allow(i, 0);
        int rc = mailimap_idle(i->session);
        if (rc != MAILIMAP_NO_ERROR)
                return imap_said_no(i, rc) ? -ENOMSG : imap_broken(i, rc);
        /* A server that says now and then that it is still there has heard nothing of us all the same. */
        int64_t until_ms = seconds_from_now(fetcher_pulse(i->fetcher, IDLE_SECONDS));
        int result = -EAGAIN;
        enum word word;
        while (result == -EAGAIN && (word = wait_for_word(i, until_ms)) != WORD_NONE) {
                int e = word == WORD_OF_SERVER ? idle_line(i) : 0;
                if (e < 0)
                        return e;
                if (word == WORD_OF_CORE || e > 0)
                        result = e;
        }
        imap_allow(i, 0);
        rc = mailimap_idle_done(i->session);
        return rc == MAILIMAP_NO_ERROR ? result : imap_broken(i, rc);
}

static int poll_once(struct imap *i) {
        uint32_t before = i->session->imap_selection_info->sel_exists;
        int64_t until_ms = seconds_from_now(fetcher_pulse(i->fetcher, POLL_SECONDS));
        enum word word = wait_for_word(i, until_ms);
        if (word == WORD_OF_CORE)
                return 0;
        imap_allow(i, 0);
        int e = imap_command(i, "NOOP");
        if (e < 0 && e != -ENOMSG)
                return e;
        return i->session->imap_selection_info->sel_exists > before ? 1 : -EAGAIN;
}

static int imap_watch(void *session, struct fetcher *f) {
        struct imap *i = session;
        uint64_t modseq;
        i->fetcher = f;
        /* Opened anew, so that what came while the other folders were read is noticed now. */
        int e = imap_examine(i, i->watched, &modseq);
        if (e < 0)
                return e == -ENOMSG ? 0 : e;
        uint32_t before = i->watched_uidnext, now = i->session->imap_selection_info->sel_uidnext;
        i->watched_uidnext = now;
        if (before != 0 && now != 0 && before != now)
                return 1;
        bool idle = imap_can(i, "IDLE");
        do {
                e = idle ? idle_once(i) : poll_once(i);
                idle = idle && e != -ENOMSG;
        } while (e == -EAGAIN || e == -ENOMSG);
        return e;
}

/* --- a session --- */

static void imap_close(void *session) {
        struct imap *i = session;
        if (!i)
                return;
        if (i->session) {
                /* Without a word: a server that is gone would make it wait, and one that is there sees the end. */
                if (i->session->imap_stream)
                        (void) mailstream_close(i->session->imap_stream);
                i->session->imap_stream = NULL;
                mailimap_free(i->session);
        }
        forget_labels(i);
        free(i->all);
        connection_free(i->connection);
        free(i);
}

static int imap_prepare(const struct fetch_account *account, void **ret) {
        struct imap *i = calloc(1, sizeof(*i));
        if (!i)
                return -ENOMEM;
        i->account = account;
        i->sink_fd = -1;
        int e = connection_new(&account->remote, &i->connection);
        if (e == -ENOMEM) {
                free(i);
                return e;
        }
        /* The time for many bytes is not for a server that says nothing at all. */
        connection_limit_silence(i->connection, ANSWER_SECONDS * USEC_PER_SEC);
        /* What else is wrong is told when it is opened. */
        *ret = i;
        return 0;
}

/* People write the port of the other way of TLS, which then waits for us to begin, or that of another server. */
static int no_greeting(struct imap *i, int rc) {
        const struct remote *r = &i->account->remote;
        enum connection_fault fault = connection_fault(i->connection);
        if (fault == CONNECTION_TIMEOUT && r->tls != REMOTE_TLS)
                return fetcher_end(i->fetcher, FETCH_END_LOST,
                                   "%s did not answer in time on port %u: must the address begin with imaps://?", r->host,
                                   r->port);
        if (fault == CONNECTION_OK && rc != MAILIMAP_ERROR_MEMORY)
                return fetcher_end(i->fetcher, FETCH_END_LOST, "%s answered what is no IMAP on port %u: is the port right?",
                                   r->host, r->port);
        return imap_broken(i, rc);
}

static int connect_plainly(struct imap *i) {
        imap_allow(i, 0);
        /* What was wrong before, with the authorities' file, opening would forget. */
        if (connection_fault(i->connection) == CONNECTION_LOCAL || connection_open(i->connection) < 0)
                return imap_broken(i, 0);
        mailstream_low *low = connection_low(i->connection);
        mailstream *stream = low ? mailstream_new(low, 8192) : NULL;
        i->session = stream ? mailimap_new(0, NULL) : NULL;
        if (!i->session)
                return imap_broken(i, MAILIMAP_ERROR_MEMORY);
        int rc = mailimap_connect(i->session, stream);
        if (rc == MAILIMAP_NO_ERROR_AUTHENTICATED)
                return fetcher_end(
                        i->fetcher, FETCH_END_FAULT,
                        "%s takes us for logged in before we said who we are (PREAUTH): such a session is not used",
                        i->account->remote.host);
        return rc == MAILIMAP_NO_ERROR_NON_AUTHENTICATED ? 0 : no_greeting(i, rc);
}

static int ask_capabilities(struct imap *i) {
        struct mailimap_connection_info *info = i->session->imap_connection_info;
        if (info->imap_capability)
                mailimap_capability_data_free(info->imap_capability);
        info->imap_capability = NULL;
        imap_allow(i, 0);
        int e = imap_command(i, "CAPABILITY");
        /* libetpan keeps what the answer says; a server that says NO has none. */
        return e == -ENOMSG ? 0 : e;
}

static int start_tls(struct imap *i) {
        imap_allow(i, 0);
        int e = imap_command(i, "STARTTLS");
        if (e == -ENOMSG)
                return fetcher_end(i->fetcher, FETCH_END_FAULT,
                                   "%s offers no STARTTLS on port %u: without it the password is not sent",
                                   i->account->remote.host, i->account->remote.port);
        if (e < 0)
                return e;
        if (connection_starttls(i->connection, i->session->imap_stream->read_buffer_len) < 0)
                return imap_broken(i, 0);
        return ask_capabilities(i);
}

/* RFC 4978. Only now: the secret was sent, and no more is what somebody between could guess from lengths. A server that says no (TLS compresses already, or it is
 * busy) is read as it is. */
static int compress(struct imap *i) {
        mailstream *s = i->session->imap_stream;
        if (!imap_can(i, "COMPRESS=DEFLATE"))
                return 0;
        imap_allow(i, 0);
        int e = imap_command(i, "COMPRESS DEFLATE");
        if (e < 0)
                return e == -ENOMSG ? 0 : e;
        if (connection_compress(i->connection, s->read_buffer, s->read_buffer_len) < 0)
                return imap_broken(i, 0);
        s->read_buffer_len = 0;
        return 0;
}

static int imap_open(void *session, struct fetcher *f) {
        struct imap *i = session;
        i->fetcher = f;
        int e = connect_plainly(i);
        if (e >= 0)
                e = ask_capabilities(i);
        if (e >= 0 && i->account->remote.tls == REMOTE_STARTTLS)
                e = start_tls(i);
        if (e >= 0)
                e = imap_login(i);
        /* After the login more may be offered. */
        if (e >= 0)
                e = ask_capabilities(i);
        if (e >= 0)
                e = compress(i);
        if (e < 0)
                return e;
        i->condstore = imap_can(i, "CONDSTORE") || imap_can(i, "QRESYNC");
        mailimap_set_progress_callback(i->session, on_progress, on_progress, i);
        mailimap_set_msg_body_handler(i->session, on_body, i);
        mailimap_set_msg_att_handler(i->session, on_fetch, i);
        return 0;
}

const struct fetch_driver fetch_imap = {
        .kind = FETCH_IMAP,
        .prepare = imap_prepare,
        .open = imap_open,
        .read = imap_read,
        .watch = imap_watch,
        .close = imap_close,
};
