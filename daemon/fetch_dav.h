/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Calendars on servers and single .ics files on the web, in the fetch role: what dav.h says is told to the core in the words of fetch.h.
 *
 * A folder is a calendar: its key is its path, with FETCH_DAV_INBOX before it for the scheduling inbox. An item is an object in it, its name what comes after
 * that path, its tag a digest of its ETag. The state is its sync-token and its ctag, a line each. GONE and STATE come after the items of all calendars, and only
 * when all of them were read whole: what is missing from one may be in another. */

#include "daemon/role_fetch.h"

#define FETCH_DAV_INBOX "inbox:"

extern const struct fetch_driver fetch_caldav, fetch_webcal;
