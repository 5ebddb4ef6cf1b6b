/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Passwords and tokens, fetched when they are needed and wiped when they were used. They are never logged, never put into an argument or an
 * environment, and handed to a role over its socket only.
 *
 * Wiped are the buffers here, those of the packets, and those of smtp.c. What cannot be: GnuTLS keeps the last records sent in its own buffers until the session
 * ends, libetpan's stream keeps what it wrote until it is freed, the kernel keeps socket buffers. These live in the role alone, which
 * makes no core file, cannot be traced, and (send) ends with the mail. */

#include <systemd/sd-event.h>

#include "rules/remote.h"

/* Longer is no password and no token: those of Microsoft reach 4 KiB. */
#define SECRET_SIZE_MAX 16384U
/* A password manager may have to ask its owner for a key. */
#define SECRET_COMMAND_SECONDS 60U

/* The first line that a credential ($CREDENTIALS_DIRECTORY), a command or a file holds, without its end of line. Waits for a command: for tools
 * on a terminal; a loop calls secret_ask(). *ret has a NUL after ret_size bytes and is ended by secret_free().
 * 0; -ENOENT (nothing there, or empty), -EACCES (others may read the file), -EBADMSG (a NUL, or, but for a command, another line after the first), -E2BIG, -ETIME and -ECHILD
 * (the command took too long, or failed), another negative errno. *ret_why (may be NULL) is then a sentence for the owner, to be freed. */
int secret_get(const struct secret_spec *spec, char **ret, size_t *ret_size, char **ret_why) _must_check_;
/* Wipes and frees. NULL, 0 is fine. Always returns NULL. */
char *secret_free(char *secret, size_t size);

/* The same from a loop. */
struct secret_request;
/* `done` is called once from the loop, never from within secret_ask(): r as above; `secret` is the callee's from then on, NULL with r < 0;
 * `why` is NULL or a sentence. The spec must live until then. */
int secret_ask(sd_event *event, const struct secret_spec *spec,
               void (*done)(int r, char *secret, size_t size, const char *why, void *userdata), void *userdata,
               struct secret_request **ret) _must_check_;
/* Before `done`: it is then not called. Inside or after `done`: only frees. Accepts NULL. */
struct secret_request *secret_request_free(struct secret_request *q);
