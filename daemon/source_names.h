/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Names of mail folders as found on disk: "INBOX/Junk", ".INBOX.Courrier ind&AOk-sirable", "Inbox.sbd/Trash". */

#include "parsers/base.h"

/* Junk, trash and drafts, by the names that programs give them in several languages, anywhere in the path. */
bool folder_left_out_by_default(const char *folder);
/* Is it one of the NULL-terminated names, or below one? Separators ('.' or '/'), case, accents and a leading "INBOX" do not matter. */
bool folder_in_list(const char *folder, const char *const *names);
/* The same for a calendar on a server: by its name for people, or the last part of its path. */
bool calendar_in_list(const char *name, const char *path, const char *const *names);
/* A name fit to be compared: modified UTF-7 decoded, folded, levels split by '/'. Writes at most size bytes with a NUL. */
void folder_canonical(const char *folder, bool dots_split, char *out, size_t size);
