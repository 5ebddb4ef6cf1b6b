/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/outlet_lines.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "daemon/ending.h"
#include "daemon/log.h"
#include "daemon/output.h"
#include "daemon/reader.h"

/* The kind of message in the journal: contrib/systemd/adieu.catalog explains it. */
#define MESSAGE_ID_ALERT "4c7026bb2d7043078dc3a2a4130a261f"
/* Without it sd_journal_send() is silent, and does not say so. */
#define JOURNAL_SOCKET "/run/systemd/journal/socket"
/* Lines go to the file when they are more than this: a first pass may have thousands, each with its evidence. */
#define LINES_HELD_MAX ((size_t) 1 << 20)

/* How often to see whether the service was told to end. */
#define ALERTS_BETWEEN_LOOKS 128U

struct outlet_lines {
        void (*signal)(const struct alert *a, void *userdata);
        void *userdata;
        char *fault;
        /* While a judgement is told: */
        struct context *context;
        const struct alert **told; /* pointing into the judgement */
        size_t n_told;
        struct buf lines;
        char *path;
        int fd;
        off_t begin, end; /* of what was written of this judgement */
};

int outlet_lines_new(void (*signal)(const struct alert *a, void *userdata), void *userdata, struct outlet_lines **ret) {
        struct outlet_lines *o = calloc(1, sizeof(*o));
        if (!o)
                return -ENOMEM;
        *o = (struct outlet_lines){.signal = signal, .userdata = userdata, .fd = -1};
        *ret = o;
        return 0;
}

static void forget_run(struct outlet_lines *o) {
        if (o->fd >= 0)
                (void) close(o->fd);
        o->fd = -1;
        free(o->told);
        o->told = NULL;
        o->n_told = 0;
        buf_free(&o->lines);
        o->lines = (struct buf){};
        free(o->path);
        o->path = NULL;
}

struct outlet_lines *outlet_lines_free(struct outlet_lines *o) {
        if (!o)
                return NULL;
        forget_run(o);
        free(o->fault);
        free(o);
        return NULL;
}

const char *outlet_lines_fault(const struct outlet_lines *o) {
        return o->fault;
}

/* --- the file */

static int file_failed(struct outlet_lines *o, int error) {
        char *text = NULL;
        const char *why = error == -EINVAL ? "not a regular file" : strerrordesc_np(-error);
        if (asprintf(&text, "cannot write %s: %s", o->path ? o->path : ALERTS_FILE, why ? why : "unknown error") >= 0) {
                log_error("%s", text);
                free(o->fault);
                o->fault = text;
        }
        return error;
}

/* Somebody's crash in the middle of a line must not spoil the next one. */
static int end_torn_line(struct outlet_lines *o) {
        char last;
        if (o->begin == 0 || pread(o->fd, &last, 1, o->begin - 1) != 1 || last == '\n')
                return 0;
        if (write(o->fd, "\n", 1) != 1)
                return -errno;
        o->begin++;
        return 0;
}

/* Opened for each judgement that has something to tell: whoever rotates the file need not tell us. A pipe without a reader would hold up the service:
 * only a file will do. The one in our own folder is never a link. */
static int file_open(struct outlet_lines *o) {
        const char *named = o->context->settings->alerts_file;
        o->path = named ? strdup(named) : reader_join(o->context->state, ALERTS_FILE);
        if (!o->path)
                return -ENOMEM;
        struct stat st;
        int flags = O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (named ? 0 : O_NOFOLLOW);
        o->fd = open(o->path, flags, 0600);
        /* A folder for others' programs may let us write but not read. */
        if (o->fd < 0 && errno == EACCES)
                o->fd = open(o->path, (flags & ~O_RDWR) | O_WRONLY, 0600);
        if (o->fd < 0 || fstat(o->fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EINVAL;
        o->begin = o->end = st.st_size;
        int r = end_torn_line(o);
        o->end = o->begin;
        return r;
}

/* Takes back what was written of this judgement, unless somebody else wrote behind it: half a line is of use to nobody. */
static void file_take_back(struct outlet_lines *o) {
        struct stat st;
        if (o->fd >= 0 && o->end > o->begin && fstat(o->fd, &st) == 0 && st.st_size == o->end)
                (void) !ftruncate(o->fd, o->begin);
}

static int file_write(struct outlet_lines *o) {
        const char *data = o->lines.data;
        size_t size = o->lines.size;
        int r = o->fd < 0 ? file_open(o) : 0;
        while (r >= 0 && size > 0) {
                ssize_t n = write(o->fd, data, size);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0) {
                        r = -errno;
                        break;
                }
                data += n;
                size -= (size_t) n;
                o->end += n;
        }
        buf_reset(&o->lines);
        return r < 0 ? file_failed(o, r) : 0;
}

/* --- the journal */

static void journal_alert(const struct alert *a) {
        const char *client = a->client ? a->client->name : "-";
        /* No words of mail, nobody's address: the owner's own names for rule and client, times and numbers. */
        int r = access(JOURNAL_SOCKET, W_OK) < 0 ? -errno : 0;
        if (r >= 0)
                r = sd_journal_send("MESSAGE=%s: %s (%s)", client, a->title, a->summary, "PRIORITY=%i", LOG_LEVEL_NOTICE,
                                    "MESSAGE_ID=" MESSAGE_ID_ALERT, "ADIEU_ALERT=%s", a->id, "ADIEU_RULE=%s",
                                    rule_id(a->rule), "ADIEU_CLIENT=%s", a->client ? a->client->id : "", "ADIEU_SEVERITY=%s",
                                    severity_name(a->severity), "ADIEU_LASTING=%s", lasting_name(a->lasting),
                                    "ADIEU_COUNT=%u", (unsigned) a->count, NULL);
        if (r < 0) /* no journal here */
                log_notice("%s: %s (%s)", client, a->title, a->summary);
}

/* --- telling */

static int on_alert(struct context *c, const struct alert *a, size_t n, void *userdata) {
        struct outlet_lines *o = userdata;
        /* Thousands, with their quotes, take seconds: what is not told now is told by the next start. */
        if (n % ALERTS_BETWEEN_LOOKS == ALERTS_BETWEEN_LOOKS - 1 && ending_asked())
                return -ECANCELED;
        int r = alert_line(c, a, &o->lines);
        if (r < 0)
                return r;
        o->told[n] = a;
        o->n_told = n + 1;
        return o->lines.size > LINES_HELD_MAX ? file_write(o) : 0;
}

/* What is in the file is safe before the journal hears of it, or each new try would tell it there again. */
static int on_flush(void *userdata) {
        struct outlet_lines *o = userdata;
        int r = o->lines.size > 0 ? file_write(o) : 0;
        if (r >= 0 && o->fd >= 0 && fsync(o->fd) < 0)
                r = file_failed(o, -errno);
        if (r < 0)
                return r;
        if (o->n_told > 0) {
                free(o->fault);
                o->fault = NULL;
        }
        for (size_t i = 0; i < o->n_told; i++) {
                journal_alert(o->told[i]);
                if (o->signal)
                        o->signal(o->told[i], o->userdata);
        }
        return 0;
}

int outlet_lines_tell(struct outlet_lines *o, struct context *c, const struct judgement *j) {
        size_t news = 0;
        o->context = c;
        o->told = calloc(j->n_alerts + 1, sizeof(*o->told));
        if (!o->told)
                return log_errno(-ENOMEM, "cannot tell the alerts");
        int r = tell_news(c, j, OUTLET_LINES, &(struct teller){on_alert, on_flush, o}, &news);
        if (r < 0)
                file_take_back(o);
        forget_run(o);
        return r;
}
