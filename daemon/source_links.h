/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Symbolic links inside a source. They are not followed: what the owner let adieu read are the places that the configuration names; a link leads out of these (past
 * what the unit lets the service see, and past what is watched for changes), or in a circle, or to what the same source reads under its own name. But what
 * lies behind one may be the very answer that somebody is blamed for not giving, so a link that seems to be meant as a part of the source keeps it from
 * counting as read whole, until the owner has said what it is. */

#include "daemon/reader.h"

/* Does `name` in `folder` (open as folder_fd; "" is the top), which is a link, lead to what a source of this kind would read and none does? Then that is told as a
 * trouble of the source. A link that leads nowhere is taken to have led there when it names a path. Nothing behind a link is read but the names in a
 * folder and the first bytes of a file. */
bool source_link_is_missed(struct reader *r, const struct source_spec *spec, int folder_fd, const char *folder,
                           const char *name);
