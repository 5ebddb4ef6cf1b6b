/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/fetch_dav.h"

#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/dav.h"
#include "daemon/store_hash.h"

/* As many as a calendar on disk may hold. */
#define MEMBERS_MAX 500000U
/* So few objects may vanish together from a calendar whose server has lost its memory. */
#define VANISHED_WITH_TOKEN_MAX 1U
/* Certificates of authorities: Debian's file has 220 KB. */
#define CA_FILE_MAX (4U * 1024 * 1024)
#define TAG_SIZE 17U

struct dav_session {
        const struct fetch_account *account;
        struct dav *dav; /* owned */
        int ca_fd;       /* the file of certificates, copied: files cannot be opened later; -1 */
        char fault[256]; /* what was wrong before anybody listened; "" */
};

/* --- before the role is locked in --- */

static int copy_file(const char *path, int to) {
        char chunk[16384];
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return -errno;
        ssize_t n;
        size_t total = 0;
        int e = 0;
        while (e >= 0 && (n = read(fd, chunk, sizeof(chunk))) != 0) {
                if (n < 0)
                        e = -errno;
                else if ((total += (size_t) n) > CA_FILE_MAX)
                        e = -EFBIG;
                else
                        e = fetcher_write(to, chunk, (size_t) n);
        }
        (void) close(fd);
        return e;
}

static bool holds_certificates(const char *path) {
        gnutls_certificate_credentials_t c;
        if (gnutls_certificate_allocate_credentials(&c) < 0)
                return true; /* no memory: whoever connects will notice */
        int n = gnutls_certificate_set_x509_trust_file(c, path, GNUTLS_X509_FMT_PEM);
        gnutls_certificate_free_credentials(c);
        return n > 0;
}

/* libcurl reads certificates by name whenever it connects. */
static int take_certificates(struct dav_session *s, char *name, size_t size) {
        const struct remote *r = &s->account->remote;
        const char *path = r->ca ? r->ca : dav_system_certificates();
        if (!path || r->tls == REMOTE_PLAIN || (r->fingerprint && !r->ca))
                return 0;
        s->ca_fd = fetcher_file();
        if (s->ca_fd < 0)
                return s->ca_fd;
        int e = copy_file(path, s->ca_fd);
        if (e == -ENOMEM)
                return e;
        if (e < 0)
                (void) snprintf(s->fault, sizeof(s->fault), "the file of certificates %s cannot be read: %s", path,
                                strerror(-e));
        (void) snprintf(name, size, "/proc/self/fd/%d", s->ca_fd);
        if (e >= 0 && r->ca && !holds_certificates(name))
                (void) snprintf(s->fault, sizeof(s->fault), "the file under `ca:`, %s, holds no certificate", path);
        return 0;
}

static void dav_session_close(void *session) {
        struct dav_session *s = session;
        dav_free(s->dav);
        if (s->ca_fd >= 0)
                (void) close(s->ca_fd);
        free(s);
}

static enum dav_authentication authentication_of(enum auth_mechanism m) {
        switch (m) {
        case AUTH_BASIC:
        case AUTH_PLAIN:
                return DAV_AUTH_BASIC;
        case AUTH_DIGEST:
                return DAV_AUTH_DIGEST;
        case AUTH_BEARER:
        case AUTH_XOAUTH2:
        case AUTH_OAUTHBEARER:
                return DAV_AUTH_BEARER;
        default:
                return DAV_AUTH_BEST;
        }
}

static int dav_session_prepare(const struct fetch_account *account, void **ret) {
        const struct remote *r = &account->remote;
        struct dav_session *s = calloc(1, sizeof(*s));
        char ca[64] = "";
        if (!s)
                return -ENOMEM;
        s->account = account;
        s->ca_fd = -1;
        int e = take_certificates(s, ca, sizeof(ca));
        const struct dav_options o = {
                .url = r->url,
                .user = r->user,
                .secret = account->secret,
                .authentication = authentication_of(r->auth),
                .plain = r->tls == REMOTE_PLAIN,
                .private = account->kind == FETCH_WEBCAL,
                .ca = *ca ? ca : NULL,
                .ca_written = r->ca,
                .fingerprint = r->fingerprint,
        };
        if (e >= 0)
                e = dav_new(&o, &s->dav);
        if (e == -EINVAL) {
                (void) snprintf(s->fault, sizeof(s->fault), "the address or the fingerprint cannot be used");
                e = 0;
        }
        if (e < 0) {
                dav_session_close(s);
                return e;
        }
        *ret = s;
        return 0;
}

static int dav_session_open(void *session, struct fetcher *f) {
        struct dav_session *s = session;
        /* HTTP connects when there is something to ask. */
        return *s->fault ? fetcher_end(f, FETCH_END_FAULT, "%s", s->fault) : 0;
}

/* --- what went wrong --- */

static enum fetch_end end_of(enum dav_fault fault) {
        switch (fault) {
        case DAV_FAULT_AUTHENTICATION:
                return FETCH_END_REFUSED;
        case DAV_FAULT_CONFIGURATION:
        case DAV_FAULT_TLS:
        case DAV_FAULT_REFUSED:
                return FETCH_END_FAULT;
        default: /* the next session has a new token, too */
                return FETCH_END_LOST;
        }
}

/* `error` is what dav.h gave: -EIO has a story, others are ours or the core's. */
static int end_with(struct dav_session *s, struct fetcher *f, int error) {
        if (error != -EIO)
                return error;
        enum fetch_end end = end_of(dav_fault(s->dav));
        /* No account is locked for a token, and whoever gives them out may only have been late. */
        if (end == FETCH_END_REFUSED && auth_mechanism_is_token(s->account->remote.auth))
                end = FETCH_END_FAULT;
        fetcher_ask_patience(f, dav_retry_after(s->dav));
        return fetcher_end(f, end, "%s", dav_error(s->dav));
}

/* Of one calendar only: the others can still be read. */
static bool is_local_fault(enum dav_fault fault) {
        return fault == DAV_FAULT_REFUSED || fault == DAV_FAULT_SERVER || fault == DAV_FAULT_GARBAGE;
}

/* --- a pass --- */

struct calendar {
        char *folder; /* owned: its key; the path is in it */
        const char *path;
        char *name, *ctag, *token; /* owned */
        bool can_sync, inbox;
        /* What to tell in the end: */
        char *state;  /* owned; NULL: nothing new */
        char **gone;  /* owned, NULL-terminated; NULL */
        size_t total; /* objects in it */
};

struct pass {
        struct dav_session *session;
        struct fetcher *f;
        struct calendar *calendars; /* owned */
        size_t n;
        bool careful;
        bool whole;
        int64_t done, total; /* objects fetched, to fetch */
};

static void pass_free(struct pass *p) {
        for (size_t i = 0; i < p->n; i++) {
                struct calendar *c = &p->calendars[i];
                free(c->folder);
                free(c->name);
                free(c->ctag);
                free(c->token);
                free(c->state);
                for (char **g = c->gone; g && *g; g++)
                        free(*g);
                free(c->gone);
        }
        free(p->calendars);
}

static char *copy(const char *s, bool *no_memory) {
        char *p = s ? strdup(s) : NULL;
        *no_memory = *no_memory || (s && !p);
        return p;
}

static int on_calendar(const struct dav_calendar *found, void *userdata) {
        struct pass *p = userdata;
        bool no_memory = false;
        size_t size = strlen(found->path) + sizeof(FETCH_DAV_INBOX);
        if (size > FETCH_STRING_MAX)
                return 0; /* longer than any address that was ever used */
        struct calendar *c = realloc(p->calendars, (p->n + 1) * sizeof(*c));
        if (!c)
                return -ENOMEM;
        p->calendars = c;
        c += p->n++;
        *c = (struct calendar){.can_sync = found->can_sync, .inbox = found->inbox};
        c->folder = malloc(size);
        c->name = copy(found->name, &no_memory);
        c->ctag = copy(found->ctag, &no_memory);
        c->token = copy(found->sync_token, &no_memory);
        if (!c->folder || no_memory)
                return -ENOMEM;
        (void) snprintf(c->folder, size, "%s%s", found->inbox ? FETCH_DAV_INBOX : "", found->path);
        c->path = c->folder + (found->inbox ? strlen(FETCH_DAV_INBOX) : 0);
        return 0;
}

/* "TOKEN\nCTAG". */
static char *state_of(const char *token, const char *ctag) {
        size_t size = (token ? strlen(token) : 0) + (ctag ? strlen(ctag) : 0) + 2;
        char *s = malloc(size);
        if (s)
                (void) snprintf(s, size, "%s\n%s", token ? token : "", ctag ? ctag : "");
        return s;
}

/* --- one calendar --- */

struct wanted {
        char *name; /* owned */
        char tag[TAG_SIZE];
};

struct reading {
        struct pass *pass;
        struct calendar *calendar;
        struct fetch_known *known; /* sorted by name */
        size_t n_known;
        uint8_t *marks;        /* owned: of each known, enum mark */
        struct wanted *wanted; /* owned */
        size_t n_wanted, allocated;
        size_t listed; /* members that were told as being there */
        uint32_t hidden, refused;
        int refused_status;
        /* The batch that is asked for */
        struct wanted *batch;
        size_t n_batch;
};

enum mark { MARK_NOT_SEEN, MARK_SEEN, MARK_GONE };

static int compare_known(const void *a, const void *b) {
        const struct fetch_known *x = a, *y = b;
        int c = strcmp(x->name, y->name);
        /* What is to be avoided hides what is known of it. */
        return c != 0 ? c : (int) y->avoid - (int) x->avoid;
}

static struct fetch_known *find_known(struct reading *r, const char *name) {
        size_t low = 0, high = r->n_known;
        while (low < high) {
                size_t i = low + (high - low) / 2;
                if (strcmp(r->known[i].name, name) < 0)
                        low = i + 1;
                else
                        high = i;
        }
        return low < r->n_known && strcmp(r->known[low].name, name) == 0 ? &r->known[low] : NULL;
}

/* An object that is to be avoided may be known twice. */
static void mark(struct reading *r, const struct fetch_known *k, enum mark m) {
        for (size_t i = (size_t) (k - r->known); i < r->n_known && strcmp(r->known[i].name, k->name) == 0; i++)
                r->marks[i] = (uint8_t) m;
}

/* ETags may be long, and are only ever compared. Without one an object is always new. */
static void tag_of(const char *etag, char tag[TAG_SIZE]) {
        if (etag)
                (void) snprintf(tag, TAG_SIZE, "%016" PRIx64, store_hash(STORE_HASH_SEED, etag, strlen(etag)));
        else
                *tag = 0;
}

static int want(struct reading *r, const char *name, const char *tag) {
        if (r->n_wanted == r->allocated) {
                size_t room = MAX(r->allocated * 2, (size_t) 64);
                struct wanted *p = realloc(r->wanted, room * sizeof(*p));
                if (!p)
                        return -ENOMEM;
                r->wanted = p;
                r->allocated = room;
        }
        struct wanted *w = &r->wanted[r->n_wanted];
        w->name = strdup(name);
        if (!w->name)
                return -ENOMEM;
        memcpy(w->tag, tag, TAG_SIZE);
        r->n_wanted++;
        return 0;
}

static int on_member(const struct dav_member *m, void *userdata) {
        struct reading *r = userdata;
        struct fetch_known *k = find_known(r, m->name);
        char tag[TAG_SIZE];
        if (m->gone) {
                if (k)
                        mark(r, k, MARK_GONE);
                return 0;
        }
        if (++r->listed > MEMBERS_MAX)
                return -E2BIG;
        if (k)
                mark(r, k, MARK_SEEN);
        if (m->hidden || strlen(m->name) > FETCH_STRING_MAX) {
                r->hidden++;
                return 0;
        }
        tag_of(m->etag, tag);
        if (k && (k->avoid || (*tag && str_eq(k->tag, tag))))
                return 0;
        return want(r, m->name, tag);
}

static const struct wanted *in_batch(const struct reading *r, const char *name) {
        for (size_t i = 0; i < r->n_batch; i++)
                if (strcmp(r->batch[i].name, name) == 0)
                        return &r->batch[i];
        return NULL;
}

static int on_object(const struct dav_object *o, void *userdata) {
        struct reading *r = userdata;
        struct fetch_record item = fetch_record_of(FETCH_ITEM);
        const struct wanted *w = in_batch(r, o->name);
        char tag[TAG_SIZE];
        if (!w)
                return 0;
        if (!o->data && o->status != 413) {
                r->refused++;
                r->refused_status = o->status;
                return 0;
        }
        tag_of(o->etag, tag);
        item.folder = r->calendar->folder;
        item.name = w->name;
        item.tag = *tag ? tag : *w->tag ? w->tag : NULL;
        item.size = (int64_t) o->size;
        if (o->data) {
                item.fd = fetcher_file();
                int e = item.fd < 0 ? item.fd : fetcher_write(item.fd, o->data, o->size);
                if (e < 0) {
                        if (item.fd >= 0)
                                (void) close(item.fd);
                        return e;
                }
        } else
                item.status = -EFBIG;
        return fetcher_item(r->pass->f, &item);
}

static int tell_at(struct reading *r, const char *name) {
        struct fetch_record at = fetch_record_of(FETCH_AT);
        at.folder = r->calendar->folder;
        at.name = name;
        return r->pass->careful ? fetcher_tell(r->pass->f, &at) : 0;
}

static int get_batch(struct reading *r, size_t from, size_t n) {
        struct pass *p = r->pass;
        const char *names[DAV_BATCH_MAX];
        struct fetch_record progress = fetch_record_of(FETCH_PROGRESS);
        r->batch = r->wanted + from;
        r->n_batch = n;
        for (size_t i = 0; i < n; i++)
                names[i] = r->batch[i].name;
        int e = tell_at(r, names[0]);
        if (e >= 0)
                e = dav_get(p->session->dav, r->calendar->path, names, n, on_object, r);
        p->done += (int64_t) n;
        progress.number = p->done;
        progress.total = p->total;
        return e < 0 ? e : fetcher_tell(p->f, &progress);
}

static int get_wanted(struct reading *r) {
        size_t step = r->pass->careful ? 1 : DAV_BATCH_MAX;
        int e = 0;
        r->pass->total += (int64_t) r->n_wanted;
        for (size_t i = 0; i < r->n_wanted && e >= 0; i += step)
                e = get_batch(r, i, MIN(step, r->n_wanted - i));
        return e;
}

static int keep_gone(struct reading *r, bool changes) {
        struct calendar *c = r->calendar;
        size_t n = 0;
        c->gone = calloc(r->n_known + 1, sizeof(*c->gone));
        if (!c->gone)
                return -ENOMEM;
        for (size_t i = 0; i < r->n_known; i++) {
                bool gone = r->marks[i] == MARK_GONE || (!changes && r->marks[i] == MARK_NOT_SEEN);
                if (gone && !r->known[i].avoid && !(c->gone[n++] = strdup(r->known[i].name)))
                        return -ENOMEM;
        }
        c->total = (changes ? r->n_known : r->listed) + (changes ? r->n_wanted : 0);
        return 0;
}

/* What keeps this calendar from having been read whole: then nobody may think that something is gone. */
static int tell_holes(struct reading *r, const struct dav_listing *l) {
        struct pass *p = r->pass;
        const char *name = r->calendar->name;
        int e = 0;
        if (l->interrupted && !l->changes && r->listed == 0 && r->n_known > VANISHED_WITH_TOKEN_MAX) {
                p->whole = false;
                e = fetcher_trouble(p->f, "%s is another calendar than before and empty: what it held is kept", name);
        }
        if (e >= 0 && r->hidden > 0) {
                p->whole = false;
                e = fetcher_trouble(p->f, "%s: the server does not show %u of what is in it", name, r->hidden);
        }
        if (e >= 0 && r->refused > 0) {
                p->whole = false;
                e = fetcher_trouble(p->f, "%s: the server lists %u objects that it does not give (answer %d)", name,
                                    r->refused, r->refused_status);
        }
        return e;
}

/* `state` as this role told it before. */
static int read_listed(struct reading *r, const char *state) {
        struct calendar *c = r->calendar;
        struct dav *d = r->pass->session->dav;
        _cleanup_free_ char *token = state ? strndup(state, strcspn(state, "\n")) : NULL;
        struct dav_listing l = {};
        int e = state && !token ? -ENOMEM : tell_at(r, NULL);
        if (e >= 0)
                e = dav_list(d, c->path, c->can_sync, str_empty(token) ? NULL : token, on_member, r, &l);
        if (e >= 0)
                e = get_wanted(r);
        if (e >= 0)
                e = tell_holes(r, &l);
        if (e >= 0)
                e = keep_gone(r, l.changes);
        if (e >= 0 && !(c->state = state_of(l.token, c->ctag)))
                e = -ENOMEM;
        free(l.token);
        return e;
}

static bool is_unchanged(const struct calendar *c, const char *state) {
        if (!state)
                return false;
        size_t n = strcspn(state, "\n");
        const char *ctag = state[n] ? state + n + 1 : "";
        if (n > 0 && c->token)
                return strlen(c->token) == n && memcmp(c->token, state, n) == 0;
        return *ctag && str_eq(c->ctag, ctag);
}

static int read_wanted(struct pass *p, struct calendar *c, struct fetch_answer *a) {
        struct reading r = {.pass = p, .calendar = c, .known = a->known, .n_known = a->n_known};
        struct dav *d = p->session->dav;
        r.marks = calloc(a->n_known + 1, 1);
        if (!r.marks)
                return -ENOMEM;
        if (r.n_known > 0)
                qsort(r.known, r.n_known, sizeof(*r.known), compare_known);
        int e = read_listed(&r, a->state);
        if (e == -E2BIG) {
                p->whole = false;
                e = fetcher_trouble(p->f, "%s holds more than %u objects: it was not read", c->name, MEMBERS_MAX);
        } else if (e == -EIO && is_local_fault(dav_fault(d))) {
                p->whole = false;
                e = fetcher_trouble(p->f, "%s: %s", c->name, dav_error(d));
        }
        for (size_t i = 0; i < r.n_wanted; i++)
                free(r.wanted[i].name);
        free(r.wanted);
        free(r.marks);
        return e;
}

static int read_calendar(struct pass *p, struct calendar *c) {
        struct fetch_record folder = fetch_record_of(FETCH_FOLDER);
        struct fetch_answer answer = {};
        folder.folder = c->folder;
        folder.name = c->name;
        folder.flags = c->inbox ? FETCH_FOLDER_INBOX : 0;
        folder.total = -1;
        int e = fetcher_folder(p->f, &folder, &answer);
        if (e >= 0 && answer.wanted && !is_unchanged(c, answer.state))
                e = read_wanted(p, c, &answer);
        fetch_answer_done(&answer);
        return e;
}

static int tell_state(struct fetcher *f, const char *folder, const char *state, size_t total) {
        struct fetch_record r = fetch_record_of(FETCH_STATE);
        r.folder = folder;
        r.text = state;
        r.total = (int64_t) total;
        return fetcher_tell(f, &r);
}

static int tell_gone(struct pass *p) {
        int e = 0;
        for (size_t i = 0; i < p->n && e >= 0; i++) {
                const struct calendar *c = &p->calendars[i];
                struct fetch_record gone = fetch_record_of(FETCH_GONE);
                gone.folder = c->folder;
                for (char **g = c->gone; g && *g && e >= 0; g++) {
                        gone.name = *g;
                        e = fetcher_tell(p->f, &gone);
                }
        }
        for (size_t i = 0; i < p->n && e >= 0; i++)
                if (p->calendars[i].state)
                        e = tell_state(p->f, p->calendars[i].folder, p->calendars[i].state, p->calendars[i].total);
        return e;
}

static int caldav_read(void *session, struct fetcher *f, uint32_t flags) {
        struct dav_session *s = session;
        struct pass p = {.session = s, .f = f, .careful = flags & FETCH_CAREFUL, .whole = true};
        _cleanup_free_ char *left_out = NULL;
        int e = dav_discover(s->dav, on_calendar, &p, &left_out);
        if (e >= 0 && left_out) {
                /* What was in there has not vanished. */
                p.whole = false;
                e = fetcher_trouble(f, "%s", left_out);
        }
        for (size_t i = 0; i < p.n && e >= 0; i++)
                e = read_calendar(&p, &p.calendars[i]);
        if (e >= 0 && p.whole)
                e = tell_gone(&p);
        pass_free(&p);
        return e < 0 ? end_with(s, f, e) : 0;
}

const struct fetch_driver fetch_caldav = {
        .kind = FETCH_CALDAV,
        .prepare = dav_session_prepare,
        .open = dav_session_open,
        .read = caldav_read,
        .close = dav_session_close,
};

/* --- one file on the web --- */

static int on_piece(const void *data, size_t size, void *userdata) {
        const int *fd = userdata;
        return fetcher_write(*fd, data, size);
}

static int tell_file(struct fetcher *f, int fd, const struct dav_file *file) {
        struct fetch_record item = fetch_record_of(FETCH_ITEM);
        off_t size = lseek(fd, 0, SEEK_END);
        _cleanup_free_ char *state = state_of(file->etag, file->last_modified);
        if (size < 0 || !state) {
                (void) close(fd);
                return size < 0 ? -errno : -ENOMEM;
        }
        item.folder = "";
        item.name = "";
        item.size = size;
        item.fd = fd;
        int e = fetcher_item(f, &item);
        return e < 0 ? e : tell_state(f, "", state, 1);
}

static int download(struct dav_session *s, struct fetcher *f, const char *state) {
        size_t n = state ? strcspn(state, "\n") : 0;
        _cleanup_free_ char *etag = n > 0 ? strndup(state, n) : NULL;
        const char *date = state && state[n] && state[n + 1] ? state + n + 1 : NULL;
        struct dav_file file = {};
        if (n > 0 && !etag)
                return -ENOMEM;
        int fd = fetcher_file();
        if (fd < 0)
                return fd;
        int e = dav_download(s->dav, etag, date, on_piece, &fd, &file);
        if (e < 0 || file.unchanged)
                (void) close(fd);
        else
                e = tell_file(f, fd, &file);
        free(file.etag);
        free(file.last_modified);
        return e;
}

static int webcal_read(void *session, struct fetcher *f, uint32_t flags) {
        struct dav_session *s = session;
        struct fetch_record folder = fetch_record_of(FETCH_FOLDER);
        struct fetch_answer answer = {};
        folder.folder = folder.name = "";
        folder.total = 1;
        int e = fetcher_folder(f, &folder, &answer);
        struct fetch_record at = fetch_record_of(FETCH_AT);
        at.folder = "";
        if (e >= 0 && flags & FETCH_CAREFUL)
                e = fetcher_tell(f, &at);
        if (e >= 0 && answer.wanted)
                e = download(s, f, answer.state);
        fetch_answer_done(&answer);
        return e < 0 ? end_with(s, f, e) : 0;
}

const struct fetch_driver fetch_webcal = {
        .kind = FETCH_WEBCAL,
        .prepare = dav_session_prepare,
        .open = dav_session_open,
        .read = webcal_read,
        .close = dav_session_close,
};
