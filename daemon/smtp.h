/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The client's side of SMTP submission (RFC 5321, 6409): one mail to one recipient over a verified connection, and where it ended. For the send role.
 *
 * The lines are read by libetpan's stream over daemon/connection.h. Its mailsmtp on top is not used: it cannot say when the final dot goes out, on which
 * everything rests that tells a lost mail from one sent twice; its PLAIN and LOGIN need plug-ins of another library; it knows no SMTPUTF8; it cuts a command at 512
 * bytes, and then waits for an answer that never comes; and what is written through it stays in its buffers, passwords too. */

#include "daemon/connection.h"
#include "daemon/send.h"
#include "parsers/buf.h"

/* What one command may be answered: a page of text from a server that likes to talk, and no flood. */
#define SMTP_REPLY_MAX (64U * 1024)
/* Written between two deadlines, so that a slow line with a large mail is not taken for a dead one. */
#define SMTP_PIECE_SIZE (64U * 1024)

struct smtp_job {
        const struct remote *remote;
        char *secret; /* NULL: no login. Wiped as soon as it was used, whatever the result */
        size_t secret_size;
        const char *from, *recipient; /* checked: smtp_address_valid() */
        const char *mail;
        size_t size;
        bool only_try;                     /* up to the recipient; no mail is sent */
        uint64_t command_usec, final_usec; /* for each command with its answer; for the answer to the final dot */
        /* Told before each stage is entered; a negative result ends the work before anything of that stage is sent. */
        int (*stage)(enum send_stage stage, void *userdata);
        void *userdata;
};

struct smtp_outcome {
        enum send_stage stage; /* as in struct send_outcome */
        int code;
        bool permanent, configuration;
        char text[SEND_TEXT_MAX + 1];
};

/* Connects (connection_new() was good), sends, says goodbye. Always an outcome. */
void smtp_send(struct connection *c, struct smtp_job *job, struct smtp_outcome *ret);

/* May it stand between < and > in a command: one "@", no blank, no control character, no bracket, and short enough? */
bool smtp_address_valid(const char *s) _pure_;
/* A mail as it goes over the line (RFC 5321 section 4.5.2): every line, also those that ended with LF or CR alone, with CRLF, a dot before those that begin
 * with one; without the final dot. 0 or -ENOMEM. */
int smtp_stuff(struct buf *out, const char *mail, size_t size) _must_check_;
