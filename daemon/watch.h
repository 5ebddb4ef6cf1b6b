/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Which files of the sources changed: inotify on the folders that hold them. It only says that something may be new; the reader looks. What it misses
 * (network folders, more folders than watches) is found by the slow rescan. */

#include <systemd/sd-event.h>

#include "rules/settings.h"

struct watch;

/* changed() is called, from the event loop, for every change of a source, and when something else is mounted where one is. */
int watch_new(sd_event *event, void (*changed)(void *userdata), void *userdata, struct watch **ret) _must_check_;
struct watch *watch_free(struct watch *w);
/* Watch the folders the sources have now, and no others; for what is not there, the nearest folder above it. Folders that cannot be watched are left to the
 * rescan. `settings` are looked at until the next call. 1: some were not watched before: what came into them since they were read is not told; 0;
 * -ENOMEM. */
int watch_sources(struct watch *w, const struct settings *settings) _must_check_;
/* Folders watched. */
size_t watch_size(const struct watch *w);
