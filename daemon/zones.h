/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Reads the system's time zone tables ($TZDIR, else /usr/share/zoneinfo) into a zone_table. */

#include "parsers/zone.h"

/* 0, -ENOENT (no tables: the package tzdata is missing), -ENOMEM. Unreadable single files are passed over. */
int zones_load(struct zone_table **ret) _must_check_;
