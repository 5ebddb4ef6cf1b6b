/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/send.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "daemon/program.h"
#include "daemon/role.h"
#include "daemon/role_send.h"
#include "daemon/secret.h"
#include "daemon/smtp.h"
#include "parsers/utf8.h"

#define USEC_PER_SEC UINT64_C(1000000)
/* After the outcome a role says goodbye to the server and ends; what takes longer is ended. */
#define GOODBYE_USEC (UINT64_C(500) * 1000)
/* What a program that sends may say about why it did not. */
#define PROGRAM_OUTPUT_MAX ((size_t) 64 * 1024)

struct sending {
        sd_event *event;
        char *program;
        struct send_transport transport;
        char *from, *recipient;
        int mail;
        uint64_t silence_usec, final_usec;
        /* one of these at work at a time */
        struct secret_request *asking;
        struct process process;
        struct program *sendmail;
        sd_event_source *defer, *io, *child, *timer;
        int (*final)(void *userdata);
        void (*done)(const struct send_outcome *o, void *userdata);
        void *userdata;
        struct send_outcome outcome;
        char text[SEND_TEXT_MAX + 1];
        bool trying; /* up to the recipient, no mail */
        bool has_outcome, finished;
};

const char *send_stage_name(enum send_stage stage) {
        static const char *const names[_SEND_STAGE_MAX] = {
                [SEND_START] = "the start", [SEND_CONNECT] = "the connection",
                [SEND_TLS] = "TLS",         [SEND_AUTH] = "the login",
                [SEND_FROM] = "the sender", [SEND_RECIPIENT] = "the recipient",
                [SEND_DATA] = "the mail",   [SEND_ACCEPTED_UNKNOWN] = "the end of the mail",
                [SEND_DONE] = "nothing",
        };
        return (size_t) stage < ELEMENTSOF(names) ? names[stage] : "something";
}

/* --- the outcome --- */

static void set_text(struct sending *s, const char *text, size_t size) {
        char *p = s->text;
        size = MIN(size, (size_t) SEND_TEXT_MAX);
        memcpy(p, text, size);
        p[size] = 0;
        (void) utf8_clean_line(p, utf8_boundary(p, size));
        s->outcome.text = s->text;
}

/* Sets what is told in the end; the first word on it counts. */
static void conclude(struct sending *s, int code, bool permanent, bool configuration, const char *format, ...)
        _printf_(5, 6);
static void conclude(struct sending *s, int code, bool permanent, bool configuration, const char *format, ...) {
        char text[2 * SEND_TEXT_MAX];
        va_list ap;
        if (s->has_outcome)
                return;
        va_start(ap, format);
        int n = vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        set_text(s, text, MIN((size_t) MAX(n, 0), sizeof(text) - 1));
        s->outcome.code = code;
        s->outcome.permanent = permanent;
        s->outcome.configuration = configuration;
        s->has_outcome = true;
}

static void stop_work(struct sending *s) {
        s->asking = secret_request_free(s->asking);
        s->sendmail = program_free(s->sendmail);
        s->defer = sd_event_source_disable_unref(s->defer);
        s->io = sd_event_source_disable_unref(s->io);
        s->child = sd_event_source_disable_unref(s->child);
        s->timer = sd_event_source_disable_unref(s->timer);
        process_end(&s->process);
}

/* Last of all: s may be gone afterwards. */
static int finish(struct sending *s) {
        if (s->finished)
                return 0;
        s->finished = true;
        stop_work(s);
        s->done(&s->outcome, s->userdata);
        return 0;
}

/* --- the role --- */

static void arm(struct sending *s, uint64_t usec) {
        (void) sd_event_source_set_time_relative(s->timer, usec);
        (void) sd_event_source_set_enabled(s->timer, SD_EVENT_ONESHOT);
}

/* The caller writes down that from now on the mail may arrive; only then the role may go on. */
static void let_finish(struct sending *s) {
        int r = s->final ? s->final(s->userdata) : 0;
        if (r < 0) {
                conclude(s, 0, false, false, "the mail was not ended, since that could not be written down: %s",
                         strerror(-r));
                process_signal(&s->process, SIGKILL);
                return;
        }
        s->outcome.stage = SEND_ACCEPTED_UNKNOWN;
        /* A role that is gone cannot have sent the dot, but on_end() cannot know: better one doubt too many. */
        (void) !send(s->process.socket, "g", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static bool heard_stage(struct sending *s, struct wire *w) {
        uint64_t stage = wire_number(w);
        /* Never backwards: what may have arrived stays so. */
        if (w->bad || stage <= SEND_START || stage >= SEND_DONE || stage < (uint64_t) s->outcome.stage)
                return false;
        if (stage == SEND_ACCEPTED_UNKNOWN) {
                if (s->outcome.stage != SEND_DATA || s->trying)
                        return false;
                let_finish(s);
        } else
                s->outcome.stage = (enum send_stage) stage;
        arm(s, stage == SEND_ACCEPTED_UNKNOWN ? s->final_usec : s->silence_usec);
        return true;
}

static bool heard_outcome(struct sending *s, struct wire *w) {
        uint64_t stage = wire_number(w), code = wire_number(w), permanent = wire_number(w), configuration = wire_number(w);
        size_t n;
        const char *text = wire_bytes(w, &n);
        if (w->bad || w->size > 0 || stage >= _SEND_STAGE_MAX || code > 599 || permanent > 1 || configuration > 1)
                return false;
        /* It can be over only after the dot was allowed. */
        if (stage >= SEND_ACCEPTED_UNKNOWN && s->outcome.stage != SEND_ACCEPTED_UNKNOWN &&
            !(s->trying && stage == SEND_DONE))
                return false;
        if (s->has_outcome)
                return true;
        conclude(s, (int) code, permanent, configuration, "%.*s", (int) MIN(n, (size_t) SEND_TEXT_MAX), text ? text : "");
        s->outcome.stage = (enum send_stage) stage;
        arm(s, GOODBYE_USEC);
        return true;
}

/* Every packet that waits. */
static void listen_to(struct sending *s) {
        char packet[4096];
        for (;;) {
                ssize_t n = s->process.socket < 0
                                    ? 0
                                    : recv(s->process.socket, packet, sizeof(packet), MSG_DONTWAIT | MSG_TRUNC);
                /* A reset is told once, when the role did not read all; what it said before still waits to be read. */
                if (n < 0 && (errno == EINTR || errno == ECONNRESET))
                        continue;
                if (n <= 0)
                        return;
                struct wire w = {.data = packet, .size = (size_t) n, .bad = (size_t) n > sizeof(packet)};
                uint64_t word = wire_number(&w);
                bool good = word == SEND_WORD_STAGE ? heard_stage(s, &w) : word == SEND_WORD_OUTCOME && heard_outcome(s, &w);
                if (good)
                        continue;
                conclude(s, 0, false, false, "the send role does not speak as it should");
                process_signal(&s->process, SIGKILL);
                return;
        }
}

static int on_socket(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        struct sending *s = userdata;
        (void) fd;
        listen_to(s);
        /* It hung up: its end comes next. */
        if (revents & (EPOLLHUP | EPOLLERR))
                (void) sd_event_source_set_enabled(source, SD_EVENT_OFF);
        return 0;
}

static int on_end(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        struct sending *s = userdata;
        siginfo_t how;
        char story[64];
        (void) source;
        (void) fd;
        (void) revents;
        if (process_reap(&s->process, false, &how) < 0)
                return 0;
        listen_to(s); /* what it said before it ended counts */
        s->child = sd_event_source_disable_unref(s->child);
        s->io = sd_event_source_disable_unref(s->io);
        process_clear(&s->process);
        conclude(s, 0, false, false, "the send role %s at %s", process_story(&how, story, sizeof(story)),
                 send_stage_name(s->outcome.stage));
        return finish(s);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        struct sending *s = userdata;
        (void) source;
        (void) usec;
        listen_to(s); /* the core may have been busy */
        if (s->has_outcome)
                return finish(s);
        int enabled = SD_EVENT_OFF;
        (void) sd_event_source_get_enabled(s->timer, &enabled);
        if (enabled != SD_EVENT_OFF) /* armed anew by what was just heard */
                return 0;
        conclude(s, 0, false, false, "the send role was silent for too long at %s", send_stage_name(s->outcome.stage));
        return finish(s);
}

static int give_order(struct sending *s, const char *secret, size_t secret_size) {
        _cleanup_buf_ struct buf b = {0};
        union {
                struct cmsghdr header;
                char room[CMSG_SPACE(sizeof(int))];
        } control = {0};
        wire_put_number(&b, SEND_WIRE_VERSION);
        wire_put_number(&b, s->silence_usec - s->silence_usec / 10);
        wire_put_number(&b, s->final_usec - s->final_usec / 10);
        wire_put_number(&b, s->trying);
        wire_put_remote(&b, s->transport.remote);
        wire_put(&b, s->from);
        wire_put(&b, s->recipient);
        /* The secret goes out from where it lies: a buffer that grows leaves copies behind. */
        uint32_t n = secret ? (uint32_t) secret_size : UINT32_MAX;
        (void) buf_add(&b, &n, sizeof(n));
        if (b.error < 0)
                return b.error;
        struct iovec v[2] = {{.iov_base = b.data, .iov_len = b.size},
                             {.iov_base = (char *) secret, .iov_len = secret ? secret_size : 0}};
        struct msghdr m = {
                .msg_iov = v, .msg_iovlen = secret ? 2 : 1, .msg_control = &control, .msg_controllen = sizeof(control)};
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &s->mail, sizeof(int));
        return sendmsg(s->process.socket, &m, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

static int start_role(struct sending *s, const char *secret, size_t secret_size) {
        int r = process_start(s->program, "send", &s->process);
        if (r >= 0)
                r = sd_event_add_io(s->event, &s->io, s->process.socket, EPOLLIN, on_socket, s);
        if (r >= 0)
                r = sd_event_add_io(s->event, &s->child, s->process.pidfd, EPOLLIN, on_end, s);
        if (r >= 0) /* after its last words were heard */
                r = sd_event_source_set_priority(s->child, SD_EVENT_PRIORITY_NORMAL + 1);
        if (r >= 0)
                r = sd_event_add_time_relative(s->event, &s->timer, CLOCK_MONOTONIC, s->silence_usec, 0, on_timer, s);
        return r < 0 ? r : give_order(s, secret, secret_size);
}

static void on_secret(int r, char *secret, size_t size, const char *why, void *userdata) {
        struct sending *s = userdata;
        s->asking = secret_request_free(s->asking);
        /* The machine is short of something for the moment, or it is the owner's to mend. */
        bool lasting = r != -ENOMEM && r != -EAGAIN && r != -EMFILE && r != -ENFILE;
        if (r < 0)
                conclude(s, 0, false, lasting, "%s", why ? why : strerror(-r));
        else if ((r = start_role(s, secret, size)) < 0)
                conclude(s, 0, false, false, "the send role cannot be started: %s", strerror(-r));
        secret_free(secret, size);
        if (r < 0)
                (void) finish(s);
}

/* --- a program --- */

/* What sysexits.h promises, and what senders of mail make of it. Not listed: to be tried again. */
static const struct exit_row {
        int status;
        bool permanent, configuration;
        enum send_stage stage;
} exits[] = {
        {EX_OK, false, false, SEND_DONE},         {EX_DATAERR, true, false, SEND_DATA},
        {EX_NOUSER, true, false, SEND_RECIPIENT}, {EX_NOHOST, true, false, SEND_RECIPIENT},
        {EX_USAGE, false, true, SEND_START},      {EX_NOPERM, false, true, SEND_START},
        {EX_CONFIG, false, true, SEND_START},     {126, false, true, SEND_START},
        {127, false, true, SEND_START},
};

static void on_program(struct program_result *result, void *userdata) {
        struct sending *s = userdata;
        const char *name = s->transport.sendmail[0];
        struct exit_row row = {.stage = SEND_DATA};
        size_t n = result->output ? strcspn(result->output, "\n") : 0;
        if (result->error < 0 || result->status < 0) {
                /* It had the whole mail from the start: it may have passed it on before it was killed. */
                conclude(s, 0, false, false, "%s %s: nobody knows whether it passed the mail on", name,
                         result->error == -ETIME ? "took too long" : "was killed");
                (void) finish(s);
                return;
        }
        for (size_t i = 0; i < ELEMENTSOF(exits); i++)
                if (exits[i].status == result->status)
                        row = exits[i];
        s->outcome.stage = row.stage;
        if (row.stage == SEND_DONE)
                conclude(s, 0, false, false, "%s took it", name);
        else
                conclude(s, result->status, row.permanent, row.configuration, "%s ended with status %d%s%.*s", name,
                         result->status, n > 0 ? ": " : "", (int) MIN(n, (size_t) SEND_TEXT_MAX),
                         n > 0 ? result->output : "");
        (void) finish(s);
}

static int start_program(struct sending *s) {
        const char *const more[] = {"-i", "-f", s->from, "--", s->recipient, NULL};
        const struct program_spec spec = {
                .arguments = s->transport.sendmail,
                .more = more,
                .input = s->mail,
                .limit_usec = s->final_usec < SEND_FINAL_SECONDS * USEC_PER_SEC ? s->final_usec
                                                                                : SEND_PROGRAM_SECONDS * USEC_PER_SEC,
                .output_max = PROGRAM_OUTPUT_MAX,
                .merge = true,
        };
        int r = s->final ? s->final(s->userdata) : 0;
        if (r < 0) {
                conclude(s, 0, false, false, "the mail was not sent, since that could not be written down: %s",
                         strerror(-r));
                return r;
        }
        if (lseek(s->mail, 0, SEEK_SET) < 0)
                return -errno;
        r = program_start(s->event, &spec, on_program, s, &s->sendmail);
        if (r < 0)
                conclude(s, 0, false, true, "%s cannot be started: %s", s->transport.sendmail[0], strerror(-r));
        else
                s->outcome.stage = SEND_ACCEPTED_UNKNOWN;
        return r;
}

/* --- the start --- */

static int on_defer(sd_event_source *source, void *userdata) {
        struct sending *s = userdata;
        (void) source;
        s->defer = sd_event_source_disable_unref(s->defer);
        int r;
        if (s->transport.sendmail)
                r = start_program(s);
        else if (s->transport.remote->password.kind != SECRET_NONE) {
                r = secret_ask(s->event, &s->transport.remote->password, on_secret, s, &s->asking);
                if (r < 0)
                        conclude(s, 0, false, r == -ENOENT, "the password cannot be asked for: %s", strerror(-r));
        } else {
                r = start_role(s, NULL, 0);
                if (r < 0)
                        conclude(s, 0, false, false, "the send role cannot be started: %s", strerror(-r));
        }
        return r < 0 ? finish(s) : 0;
}

/* The mail in memory that the role gets as a descriptor. */
static int keep_mail(struct sending *s, const void *mail, size_t size) {
        const char *p = mail;
        s->mail = memfd_create("mail", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (s->mail < 0)
                return -errno;
        while (size > 0) {
                ssize_t n = write(s->mail, p, size);
                if (n < 0)
                        return -errno;
                p += n;
                size -= (size_t) n;
        }
        if (fcntl(s->mail, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
                return -errno;
        return 0;
}

static void sending_freep(struct sending **s) {
        send_cancel(*s);
}

int send_start(sd_event *event, const char *program, const struct send_transport *transport, const char *from,
               const char *recipient, const void *mail, size_t size,
               void (*done)(const struct send_outcome *o, void *userdata), void *userdata, struct sending **ret) {
        /* A program would take an address that begins with a hyphen for an option, whatever stands before it. */
        if (!smtp_address_valid(from) || !smtp_address_valid(recipient) || from[0] == '-' || recipient[0] == '-' ||
            !transport->remote == !transport->sendmail || (!mail && !transport->remote))
                return -EINVAL;
        if (size > SEND_MAIL_MAX)
                return -E2BIG;
        _cleanup_(sending_freep) struct sending *s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        *s = (struct sending){
                .event = sd_event_ref(event),
                .transport = *transport,
                .mail = -1,
                .trying = !mail,
                .process = PROCESS_NONE,
                .silence_usec = SEND_SILENCE_SECONDS * USEC_PER_SEC,
                .final_usec = SEND_FINAL_SECONDS * USEC_PER_SEC,
                .done = done,
                .userdata = userdata,
                .outcome = {.text = s->text},
        };
        s->program = strdup(program);
        s->from = strdup(from);
        s->recipient = strdup(recipient);
        if (!s->program || !s->from || !s->recipient)
                return -ENOMEM;
        int r = keep_mail(s, mail, mail ? size : 0);
        if (r >= 0)
                r = sd_event_add_defer(event, &s->defer, on_defer, s);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

void send_set_patience(struct sending *s, uint64_t usec) {
        s->silence_usec = s->final_usec = usec;
}

void send_set_final(struct sending *s, int (*final)(void *userdata)) {
        s->final = final;
}

enum send_stage sending_stage(const struct sending *s) {
        return s->outcome.stage;
}

struct sending *send_cancel(struct sending *s) {
        if (!s)
                return NULL;
        stop_work(s);
        if (s->mail >= 0)
                (void) close(s->mail);
        free(s->program);
        free(s->from);
        free(s->recipient);
        sd_event_unref(s->event);
        free(s);
        return NULL;
}
