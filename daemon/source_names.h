/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Names of mail folders as found on disk: "INBOX/Junk", ".INBOX.Courrier ind&AOk-sirable", "Inbox.sbd/Trash". */

#include "parsers/base.h"

/* Junk, trash and drafts, by the names that programs give them in several languages, anywhere in the path. */
bool folder_left_out_by_default(const char *folder);
/* Is it one of the NULL-terminated names, or below one? Separators ('.' or '/'), case, accents and a leading "INBOX" do not matter, nor whether either is in
 * modified UTF-7 (RFC 3501 section 5.1.3). */
bool folder_in_list(const char *folder, const char *const *names);
/* The same for a mailbox on a server, which may also be named by what the server says of it: "\Sent". flags: FETCH_FOLDER_*. */
bool mailbox_in_list(uint32_t flags, const char *folder, const char *const *names);
/* What is called like that may well come later: a pattern. */
bool folder_is_pattern(const char *name);
/* The name of a mailbox on a server as a person wrote it, with modified UTF-7 decoded; a string of the caller's, NULL: no memory. */
char *folder_for_people(const char *folder) _must_check_;
/* The same for a calendar on a server: by its name for people, or the last part of its path. */
bool calendar_in_list(const char *name, const char *path, const char *const *names);
