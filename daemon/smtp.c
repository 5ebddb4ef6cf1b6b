/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/smtp.h"

#include <nettle/base64.h>
#include <stdarg.h>
#include <stdio.h>

#include "daemon/secret.h"
#include "parsers/limits.h"
#include "parsers/utf8.h"

#include <libetpan/mailstream.h>
#include <libetpan/mailstream_helper.h>
#include <libetpan/mmapstring.h>

#define STREAM_SIZE 8192U
/* Longer commands than RFC 5321 section 4.5.3.1.4 wants to be taken (with what RFC 4954 and 1870 add) go in two steps where they can. */
#define COMMAND_SIZE_MAX 510U
/* Time for a goodbye: the work is done. */
#define QUIT_USEC (UINT64_C(2) * 1000000)
/* A sentence of the server's, as far as it is told. */
#define REPLY_TEXT_MAX 300U
/* What we call ourselves (RFC 5321 section 4.1.4): the machine has no name that the world knows, and its own is nobody's business. */
#define OUR_NAME "[127.0.0.1]"

enum extension {
        EXTENSION_STARTTLS = 1 << 0,
        EXTENSION_8BITMIME = 1 << 1,
        EXTENSION_SMTPUTF8 = 1 << 2,
        EXTENSION_SIZE = 1 << 3,
};

/* Memory for something secret, wiped when it goes out of scope. */
struct hidden {
        char *data;
        size_t size, room;
};

static void hidden_free(struct hidden *h) {
        h->data = secret_free(h->data, h->room);
}
#define _cleanup_hidden_ _cleanup_(hidden_free)

static bool hidden_new(struct hidden *h, size_t room) {
        *h = (struct hidden){.data = calloc(1, room + 1), .room = room};
        return h->data;
}

static void hidden_add(struct hidden *h, const void *data, size_t n) {
        if (n > h->room - h->size)
                return; /* the room was counted by whoever made it */
        memcpy(h->data + h->size, data, n);
        h->size += n;
}

struct session {
        struct connection *c;
        struct smtp_job *job;
        struct smtp_outcome *outcome;
        mailstream *stream;
        MMAPString *line;
        enum send_stage stage;
        uint32_t extensions, mechanisms; /* bits of enum auth_mechanism */
        uint64_t size_max;               /* 0: not said */
        struct hidden encoded;           /* what was sent last to log in, in base64 */
        int code;
        char text[REPLY_TEXT_MAX + 1]; /* of the last reply, cleaned */
        char said[REPLY_TEXT_MAX + 1]; /* mechanisms offered, for a sentence */
};

/* --- outcomes --- */

static int ends(struct session *s, int code, bool permanent, bool configuration, const char *format, ...) _printf_(5, 6);
static int ends(struct session *s, int code, bool permanent, bool configuration, const char *format, ...) {
        struct smtp_outcome *o = s->outcome;
        char text[4 * SEND_TEXT_MAX];
        va_list ap;
        va_start(ap, format);
        int n = vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        size_t size = utf8_clean_line(text, MIN((size_t) MAX(n, 0), sizeof(text) - 1));
        size = utf8_boundary(text, MIN(size, (size_t) SEND_TEXT_MAX));
        *o = (struct smtp_outcome){.stage = s->stage, .code = code, .permanent = permanent, .configuration = configuration};
        memcpy(o->text, text, size);
        o->text[size] = 0;
        return -EIO;
}

static int connection_ended(struct session *s) {
        enum connection_fault fault = connection_fault(s->c);
        bool tls = fault == CONNECTION_NO_TLS || fault == CONNECTION_CERTIFICATE || fault == CONNECTION_INJECTED;
        if (tls && s->stage == SEND_CONNECT)
                s->stage = SEND_TLS;
        const char *why = connection_error(s->c);
        return ends(s, 0, false, connection_fault_is_lasting(fault), "%s%s", *why ? why : "the connection ended",
                    s->stage == SEND_ACCEPTED_UNKNOWN ? " after the whole mail: nobody knows whether it was taken" : "");
}

/* What a reply of refusal at this stage means. */
static int refused(struct session *s) {
        /* "Log in first", wherever it is said, is about the account and not about this mail. */
        bool login = s->code == 530 || s->code == 534 || s->code == 535 || s->code == 538;
        bool lasting = s->code >= 500, about_mail = s->stage >= SEND_FROM && !login;
        return ends(s, s->code, lasting && about_mail, lasting && !about_mail, "%s refused %s: %d %s", s->job->remote->host,
                    send_stage_name(s->stage), s->code, s->text);
}

static int enter(struct session *s, enum send_stage stage) {
        int r = s->job->stage ? s->job->stage(stage, s->job->userdata) : 0;
        if (r < 0)
                return ends(s, 0, false, false, "adieu is ending");
        s->stage = stage;
        return 0;
}

/* --- lines --- */

static int write_all(struct session *s, const void *data, size_t size) {
        return connection_write(s->c, data, size) < 0 ? connection_ended(s) : 0;
}

/* The code of one line and what follows it: 1 another line follows, 0 the last one, -EBADMSG no reply. */
static int reply_line(const char *line, int *code, const char **ret_text) {
        for (size_t i = 0; i < 3; i++)
                if (line[i] < '0' || line[i] > '9')
                        return -EBADMSG;
        int n = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
        if (n < 200 || n > 599 || (*code != 0 && *code != n) || (line[3] && line[3] != ' ' && line[3] != '-'))
                return -EBADMSG;
        *code = n;
        *ret_text = line[3] ? line + 4 : line + 3;
        return line[3] == '-';
}

/* A server that repeats what it was told must not carry it into a log. */
static bool repeats_secret(const struct session *s, const char *text) {
        const struct smtp_job *job = s->job;
        if (s->stage != SEND_AUTH)
                return false;
        return (job->secret_size > 0 && memmem(text, strlen(text), job->secret, job->secret_size)) ||
               (s->encoded.size > 0 && memmem(text, strlen(text), s->encoded.data, s->encoded.size));
}

/* As much of the reply as fits, its lines one after the other. */
static void keep_text(struct session *s, const char *text) {
        char clean[REPLY_TEXT_MAX + 1];
        size_t used = strlen(s->text), room = REPLY_TEXT_MAX - used, n = strlen(text);
        if (room < 2 || repeats_secret(s, text))
                return;
        room -= used > 0;
        if (n > room)
                n = utf8_boundary(text, room);
        memcpy(clean, text, n);
        clean[n] = 0;
        n = utf8_clean_in_place(clean, n);
        if (n > 0 && used > 0)
                s->text[used++] = ' ';
        memcpy(s->text + used, clean, n + 1);
}

/* The whole reply to the command just sent; each line is shown to `each` as well. 0, or -EIO with the outcome told. */
static int read_reply(struct session *s, uint64_t usec, void (*each)(struct session *s, const char *text)) {
        int more = 1;
        s->code = 0;
        s->text[0] = 0;
        connection_allow(s->c, usec, SMTP_REPLY_MAX);
        while (more > 0) {
                const char *text;
                char *line = mailstream_read_line_remove_eol(s->stream, s->line);
                if (!line)
                        return connection_ended(s);
                more = reply_line(line, &s->code, &text);
                if (more < 0)
                        return ends(s, 0, false, false, "%s does not answer as a mail server does", s->job->remote->host);
                keep_text(s, text);
                if (each)
                        each(s, text);
        }
        return 0;
}

static __attribute__((format(printf, 2, 0))) int write_command(struct session *s, const char *format, va_list ap) {
        char text[4 * ADDRESS_MAX];
        int n = vsnprintf(text, sizeof(text) - 2, format, ap);
        if (n < 0 || (size_t) n >= sizeof(text) - 2)
                return ends(s, 0, true, false, "an address is too long");
        memcpy(text + n, "\r\n", 2);
        connection_allow(s->c, s->job->command_usec, SMTP_REPLY_MAX);
        return write_all(s, text, (size_t) n + 2);
}

static int command(struct session *s, const char *format, ...) _printf_(2, 3);
static int command(struct session *s, const char *format, ...) {
        va_list ap;
        va_start(ap, format);
        int r = write_command(s, format, ap);
        va_end(ap);
        return r;
}

/* A command whose reply must be of the hundred `wanted`. */
static int exchange(struct session *s, int wanted, const char *format, ...) _printf_(3, 4);
static int exchange(struct session *s, int wanted, const char *format, ...) {
        va_list ap;
        va_start(ap, format);
        int r = write_command(s, format, ap);
        va_end(ap);
        if (r >= 0)
                r = read_reply(s, s->job->command_usec, NULL);
        return r < 0 ? r : s->code / 100 == wanted ? 0 : refused(s);
}

/* --- EHLO --- */

static const char *const sasl_names[_AUTH_MAX] = {
        [AUTH_PLAIN] = "PLAIN", [AUTH_LOGIN] = "LOGIN", [AUTH_XOAUTH2] = "XOAUTH2", [AUTH_OAUTHBEARER] = "OAUTHBEARER"};

static bool word_is(const char *s, size_t n, const char *word) {
        return strlen(word) == n && strncasecmp(s, word, n) == 0;
}

static void offered_mechanisms(struct session *s, const char *p) {
        size_t used = 0;
        while (*p) {
                size_t n = strcspn(p, " \t=");
                for (size_t m = 0; m < _AUTH_MAX; m++)
                        if (sasl_names[m] && word_is(p, n, sasl_names[m]))
                                s->mechanisms |= 1U << m;
                if (n > 0 && used + n + 2 < sizeof(s->said)) {
                        s->said[used++] = ' ';
                        memcpy(s->said + used, p, n);
                        used += n;
                        s->said[used] = 0;
                }
                p += n;
                p += strspn(p, " \t=");
        }
}

static void offered(struct session *s, const char *text) {
        static const struct {
                const char *name;
                enum extension bit;
        } extensions[] = {
                {"STARTTLS", EXTENSION_STARTTLS},
                {"8BITMIME", EXTENSION_8BITMIME},
                {"SMTPUTF8", EXTENSION_SMTPUTF8},
                {"SIZE", EXTENSION_SIZE},
        };
        size_t n = strcspn(text, " \t=");
        for (size_t i = 0; i < ELEMENTSOF(extensions); i++)
                if (word_is(text, n, extensions[i].name))
                        s->extensions |= extensions[i].bit;
        if (word_is(text, n, "SIZE"))
                s->size_max = strtoull(text + n, NULL, 10);
        /* Also "AUTH=PLAIN", as servers of old say it beside. */
        if (word_is(text, n, "AUTH"))
                offered_mechanisms(s, text + n + (text[n] != 0));
}

/* Whatever was offered before is forgotten: before TLS anybody may have said it. */
static int say_hello(struct session *s) {
        s->extensions = s->mechanisms = 0;
        s->size_max = 0;
        s->said[0] = 0;
        int r = command(s, "EHLO " OUR_NAME);
        if (r >= 0)
                r = read_reply(s, s->job->command_usec, offered);
        return r < 0 ? r : s->code / 100 == 2 ? 0 : refused(s);
}

static int begin_tls(struct session *s) {
        int r = enter(s, SEND_TLS);
        if (r < 0)
                return r;
        if (!(s->extensions & EXTENSION_STARTTLS))
                return ends(s, 0, false, true, "%s offers no STARTTLS on port %u: nothing is sent in clear",
                            s->job->remote->host, s->job->remote->port);
        r = exchange(s, 2, "STARTTLS");
        if (r < 0)
                return r;
        connection_allow(s->c, s->job->command_usec, SMTP_REPLY_MAX);
        if (connection_starttls(s->c, s->stream->read_buffer_len) < 0)
                return connection_ended(s);
        return say_hello(s);
}

static int connect_and_greet(struct session *s) {
        int r = enter(s, SEND_CONNECT);
        if (r < 0)
                return r;
        connection_allow(s->c, s->job->command_usec, SMTP_REPLY_MAX);
        if (!connection_is_open(s->c) && connection_open(s->c) < 0)
                return connection_ended(s);
        mailstream_low *low = connection_low(s->c);
        s->stream = low ? mailstream_new(low, STREAM_SIZE) : NULL;
        if (low && !s->stream)
                mailstream_low_free(low);
        s->line = mmap_string_new("");
        if (!s->stream || !s->line)
                return ends(s, 0, false, false, "out of memory");
        r = read_reply(s, s->job->command_usec, NULL);
        if (r >= 0 && s->code / 100 != 2)
                r = refused(s);
        if (r >= 0)
                r = say_hello(s);
        if (r >= 0 && s->job->remote->tls == REMOTE_STARTTLS)
                r = begin_tls(s);
        return r;
}

/* --- login --- */

/* What the mechanism wants to hear first: RFC 4616, Google's XOAUTH2, RFC 7628. */
static bool initial_response(const struct session *s, enum auth_mechanism m, struct hidden *h) {
        const struct smtp_job *job = s->job;
        const char *user = job->remote->user ? job->remote->user : "";
        char port[40];
        /* Each character of the user's name may need three (RFC 5801 section 4). */
        if (!hidden_new(h, 3 * strlen(user) + strlen(job->remote->host) + job->secret_size + 100))
                return false;
        if (m == AUTH_PLAIN) {
                hidden_add(h, "", 1);
                hidden_add(h, user, strlen(user) + 1);
                hidden_add(h, job->secret, job->secret_size);
                return true;
        }
        if (m == AUTH_XOAUTH2) {
                hidden_add(h, "user=", 5);
                hidden_add(h, user, strlen(user));
        } else {
                hidden_add(h, "n,a=", 4);
                for (const char *p = user; *p; p++)
                        hidden_add(h, *p == ',' ? "=2C" : *p == '=' ? "=3D" : p, *p == ',' || *p == '=' ? 3 : 1);
                int n = snprintf(port, sizeof(port), "\1port=%u", job->remote->port);
                hidden_add(h, ",\1host=", 7);
                hidden_add(h, job->remote->host, strlen(job->remote->host));
                hidden_add(h, port, (size_t) n);
        }
        hidden_add(h, "\1auth=Bearer ", 13);
        hidden_add(h, job->secret, job->secret_size);
        hidden_add(h, "\1\1", 2);
        return true;
}

/* `before`, the data in base64, and the end of the line, in one write. */
static int write_encoded(struct session *s, const char *before, const void *data, size_t size) {
        _cleanup_hidden_ struct hidden h = {0};
        size_t n = strlen(before), encoded = BASE64_ENCODE_RAW_LENGTH(size);
        hidden_free(&s->encoded);
        if (!hidden_new(&h, n + encoded + 2) || !hidden_new(&s->encoded, encoded))
                return ends(s, 0, false, false, "out of memory");
        base64_encode_raw(s->encoded.data, size, data);
        s->encoded.size = encoded;
        hidden_add(&h, before, n);
        hidden_add(&h, s->encoded.data, encoded);
        hidden_add(&h, "\r\n", 2);
        connection_allow(s->c, s->job->command_usec, SMTP_REPLY_MAX);
        return write_all(s, h.data, h.size);
}

static int read_login_reply(struct session *s) {
        return read_reply(s, s->job->command_usec, NULL);
}

static int login_step(struct session *s, const void *data, size_t size, int wanted) {
        int r = write_encoded(s, "", data, size);
        if (r >= 0)
                r = read_login_reply(s);
        return r < 0 ? r : s->code == wanted ? 0 : refused(s);
}

static int log_in_login(struct session *s) {
        const char *user = s->job->remote->user ? s->job->remote->user : "";
        int r = exchange(s, 3, "AUTH LOGIN");
        if (r >= 0)
                r = login_step(s, user, strlen(user), 334);
        return r < 0 ? r : login_step(s, s->job->secret, s->job->secret_size, 235);
}

static int log_in_at_once(struct session *s, enum auth_mechanism m) {
        _cleanup_hidden_ struct hidden h = {0};
        char before[32];
        if (!initial_response(s, m, &h))
                return ends(s, 0, false, false, "out of memory");
        (void) snprintf(before, sizeof(before), "AUTH %s ", sasl_names[m]);
        int r;
        if (strlen(before) + BASE64_ENCODE_RAW_LENGTH(h.size) > COMMAND_SIZE_MAX) {
                r = exchange(s, 3, "AUTH %s", sasl_names[m]);
                if (r >= 0)
                        r = write_encoded(s, "", h.data, h.size);
        } else
                r = write_encoded(s, before, h.data, h.size);
        if (r >= 0)
                r = read_login_reply(s);
        if (r < 0)
                return r;
        if (s->code ==
            334) { /* why the token is refused, in JSON: it must be acknowledged before the refusal itself comes */
                r = command(s, "%s", m == AUTH_OAUTHBEARER ? "AQ==" : "");
                if (r >= 0)
                        r = read_login_reply(s);
                if (r < 0)
                        return r;
        }
        return s->code == 235 ? 0 : refused(s);
}

static int choose_mechanism(struct session *s, enum auth_mechanism *ret) {
        enum auth_mechanism m = s->job->remote->auth;
        if (m == AUTH_BEST)
                m = s->mechanisms & (1U << AUTH_PLAIN) ? AUTH_PLAIN : AUTH_LOGIN;
        if (s->mechanisms & (1U << m)) {
                *ret = m;
                return 0;
        }
        if (s->mechanisms == 0 && !s->said[0])
                return ends(s, 0, false, true, "%s offers no login on port %u%s", s->job->remote->host, s->job->remote->port,
                            s->extensions & EXTENSION_STARTTLS ? " before TLS (write tls: starttls)" : "");
        return ends(s, 0, false, true, "%s offers no login by %s, only by%s", s->job->remote->host,
                    s->job->remote->auth == AUTH_BEST ? "a password" : auth_mechanism_name(m), s->said);
}

static int log_in(struct session *s) {
        struct smtp_job *job = s->job;
        enum auth_mechanism m = AUTH_BEST;
        if (!job->secret)
                return 0;
        int r = enter(s, SEND_AUTH);
        if (r >= 0 && !connection_is_safe(s->c)) /* cannot happen; and would be the worst that could */
                r = ends(s, 0, false, true, "the connection is not protected: the password is not sent");
        if (r >= 0)
                r = choose_mechanism(s, &m);
        if (r >= 0)
                r = m == AUTH_LOGIN ? log_in_login(s) : log_in_at_once(s, m);
        explicit_bzero(job->secret, job->secret_size);
        hidden_free(&s->encoded);
        return r;
}

/* --- the mail --- */

bool smtp_address_valid(const char *s) {
        const char *at = strrchr(s, '@');
        size_t n = strlen(s);
        if (!at || at == s || !at[1] || n > ADDRESS_MAX || !utf8_clean(s, n))
                return false;
        for (const char *p = s; *p; p++)
                if ((unsigned char) *p <= ' ' || *p == 0x7f || *p == '<' || *p == '>')
                        return false;
        return true;
}

int smtp_stuff(struct buf *out, const char *mail, size_t size) {
        const char *p = mail, *end = mail + size;
        while (p < end) {
                const char *eol = p;
                while (eol < end && *eol != '\n' && *eol != '\r')
                        eol++;
                if (*p == '.')
                        (void) buf_add_char(out, '.');
                (void) buf_add(out, p, (size_t) (eol - p));
                (void) buf_add(out, "\r\n", 2);
                if (eol < end && *eol == '\r')
                        eol++;
                if (eol < end && *eol == '\n')
                        eol++;
                p = eol;
        }
        return out->error;
}

/* Eight-bit bytes anywhere, and in the header section. */
static void find_eight_bit(const char *mail, size_t size, bool *ret_body, bool *ret_header) {
        const char *end = memmem(mail, size, "\n\n", 2), *crlf = memmem(mail, size, "\r\n\r\n", 4);
        size_t header = crlf && (!end || crlf < end) ? (size_t) (crlf - mail) : end ? (size_t) (end - mail) : size;
        *ret_header = !utf8_is_ascii(mail, header);
        *ret_body = !utf8_is_ascii(mail, size);
}

static int send_envelope(struct session *s, size_t size) {
        const struct smtp_job *job = s->job;
        bool eight_bit, eight_bit_header;
        char parameters[100], size_parameter[40] = "";
        int r = enter(s, SEND_FROM);
        if (r < 0)
                return r;
        find_eight_bit(job->mail, job->size, &eight_bit, &eight_bit_header);
        bool utf8 = eight_bit_header || !utf8_is_ascii(job->from, strlen(job->from)) ||
                    !utf8_is_ascii(job->recipient, strlen(job->recipient));
        if (utf8 && !(s->extensions & EXTENSION_SMTPUTF8))
                return ends(s, 0, true, false, "%s takes no addresses in other letters than ASCII", job->remote->host);
        if (eight_bit && !(s->extensions & EXTENSION_8BITMIME))
                return ends(s, 0, true, false, "%s takes no mail with other letters than ASCII", job->remote->host);
        if ((s->extensions & EXTENSION_SIZE) && s->size_max > 0 && size > s->size_max)
                return ends(s, 552, true, false, "%s takes no mail larger than %" PRIu64 " bytes, this one has %zu",
                            job->remote->host, s->size_max, size);
        if (s->extensions & EXTENSION_SIZE)
                (void) snprintf(size_parameter, sizeof(size_parameter), " SIZE=%zu", size);
        (void) snprintf(parameters, sizeof(parameters), "%s%s%s", size_parameter, eight_bit ? " BODY=8BITMIME" : "",
                        utf8 ? " SMTPUTF8" : "");
        r = exchange(s, 2, "MAIL FROM:<%s>%s", job->from, parameters);
        if (r >= 0)
                r = enter(s, SEND_RECIPIENT);
        return r < 0 ? r : exchange(s, 2, "RCPT TO:<%s>", job->recipient);
}

static int send_body(struct session *s, const struct buf *body) {
        int r = enter(s, SEND_DATA);
        if (r >= 0)
                r = exchange(s, 3, "DATA");
        for (size_t at = 0; r >= 0 && at < body->size; at += SMTP_PIECE_SIZE) {
                if (at > 0)
                        r = enter(s, SEND_DATA); /* a sign of life */
                connection_allow(s->c, s->job->command_usec, SMTP_REPLY_MAX);
                if (r >= 0)
                        r = write_all(s, body->data + at, MIN((size_t) SMTP_PIECE_SIZE, body->size - at));
        }
        /* From the next line on it may have arrived. Who has to know, knows before. */
        if (r >= 0)
                r = enter(s, SEND_ACCEPTED_UNKNOWN);
        if (r < 0)
                return r;
        connection_allow(s->c, s->job->final_usec, SMTP_REPLY_MAX);
        r = write_all(s, ".\r\n", 3);
        if (r >= 0)
                r = read_reply(s, s->job->final_usec, NULL);
        if (r < 0)
                return r;
        if (s->code / 100 == 2) {
                s->stage = SEND_DONE;
                (void) ends(s, s->code, false, false, "%s took it: %d %s", s->job->remote->host, s->code, s->text);
                return 0;
        }
        if (s->code / 100 == 3)
                return ends(s, s->code, false, false, "%s does not answer as a mail server does", s->job->remote->host);
        s->stage = SEND_DATA; /* it was refused, and that is known */
        return refused(s);
}

void smtp_send(struct connection *c, struct smtp_job *job, struct smtp_outcome *ret) {
        struct session s = {.c = c, .job = job, .outcome = ret};
        _cleanup_buf_ struct buf body = {0};
        *ret = (struct smtp_outcome){0};
        int r = smtp_stuff(&body, job->mail, job->size);
        if (r < 0)
                r = ends(&s, 0, false, false, "out of memory");
        if (r >= 0)
                r = connect_and_greet(&s);
        if (r >= 0)
                r = log_in(&s);
        if (job->secret)
                explicit_bzero(job->secret, job->secret_size);
        if (r >= 0)
                r = send_envelope(&s, body.size);
        if (r >= 0 && job->only_try) {
                s.stage = SEND_DONE;
                (void) ends(&s, s.code, false, false, "%s takes mails%s", job->remote->host,
                            job->secret ? " after a login" : "");
        } else if (r >= 0)
                r = send_body(&s, &body);
        if (s.line)
                mmap_string_free(s.line);
        if (!s.stream)
                return;
        /* Its answer would tell nothing. */
        connection_allow(c, QUIT_USEC, SMTP_REPLY_MAX);
        if (connection_is_open(c))
                (void) !connection_write(c, "QUIT\r\n", 6);
        mailstream_close(s.stream);
}
