/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One mail to one recipient, sent by a role of its own (SMTP) or by a program (sendmail), seen from the core. Whatever becomes of the role,
 * there is one outcome, and the stage in it is true: only from SEND_ACCEPTED_UNKNOWN on may the mail have arrived. */

#include <systemd/sd-event.h>

#include "rules/remote.h"

enum send_stage {
        SEND_START,            /* not begun: the secret, the role */
        SEND_CONNECT,          /* name, connection, greeting, EHLO */
        SEND_TLS,              /* handshake and certificate, STARTTLS */
        SEND_AUTH,             /* login */
        SEND_FROM,             /* the sender, with the mail's size */
        SEND_RECIPIENT,        /* the recipient */
        SEND_DATA,             /* the mail itself, not ended */
        SEND_ACCEPTED_UNKNOWN, /* the final dot was sent, no answer came: it may have arrived */
        SEND_DONE,             /* the server took it over */
        _SEND_STAGE_MAX,
};

struct send_outcome {
        enum send_stage stage; /* where it ended */
        int code;              /* of the SMTP reply; 0: none. Of a program: its exit status */
        bool permanent;        /* this mail to this recipient will never be taken (5xx to sender, recipient or the mail) */
        bool configuration; /* the account, the login, the certificate, the program: not this mail; try again at a reload */
        const char *text;   /* a sentence for a person: cleaned, at most SEND_TEXT_MAX bytes, never a secret */
};
#define SEND_TEXT_MAX 400U

/* Longest silence of a role while it works. RFC 5321 section 4.5.3.2 wants 5 minutes for most commands and 10 for the final dot. */
#define SEND_SILENCE_SECONDS 330U
#define SEND_FINAL_SECONDS 630U
/* A program that sends (a mail server may do its work meanwhile). */
#define SEND_PROGRAM_SECONDS 300U
/* Mails of ours are some hundred kilobytes at most. */
#define SEND_MAIL_MAX ((size_t) 32 * 1024 * 1024)

struct send_transport {
        const struct remote *remote; /* SMTP; else NULL */
        const char *const *sendmail; /* NULL-terminated; else NULL */
};

struct sending;
/* Begin. The mail is copied (LF or CRLF); NULL: nothing is sent, only connection, login, sender and recipient are tried (SMTP), and SEND_DONE means that all
 * went well; the transport must live until `done`. `done` is called once from the loop, never from within; send_cancel()
 * may be called in it. -EINVAL: an address that no envelope may have (line ends, blanks, empty), -E2BIG, other negative errno: nothing was begun. */
int send_start(sd_event *event, const char *program, const struct send_transport *transport, const char *from,
               const char *recipient, const void *mail, size_t size,
               void (*done)(const struct send_outcome *o, void *userdata), void *userdata,
               struct sending **ret) _must_check_;
/* Other limits than SEND_SILENCE_SECONDS and its kin (tests). */
void send_set_patience(struct sending *s, uint64_t usec);
/* Called from the loop right before the mail may arrive (the final dot; a program is started): time to write that down. A negative result
 * holds it back, and that is the outcome, with the stage before. It must not call anything of this file. */
void send_set_final(struct sending *s, int (*final)(void *userdata));
/* Where it is now. */
enum send_stage sending_stage(const struct sending *s);
/* Kill what still runs, and free; `done` is not called any more. The caller reads sending_stage() first: from SEND_ACCEPTED_UNKNOWN on it may have
 * arrived. Accepts NULL, returns NULL. */
struct sending *send_cancel(struct sending *s);
/* "the recipient", "the login" ... for a sentence. */
const char *send_stage_name(enum send_stage stage);
