/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The system's zones for tests of the pure layers, which cannot read files themselves. */

#include <stdio.h>

#include "parsers/zone.h"

/* NULL when the system has no such zone (tzdata is not installed): the test skips. */
static inline struct zone *zoneinfo_read(const char *name) {
        char path[256];
        snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
        FILE *f = fopen(path, "rbe");
        if (!f)
                return NULL;
        size_t size = 0, room = 1024U * 1024;
        _cleanup_free_ char *data = malloc(room);
        if (data)
                size = fread(data, 1, room, f);
        fclose(f);
        struct zone *zone = NULL;
        return data && zone_new(name, data, size, &zone) == 0 ? zone : NULL;
}

/* "2026-03-02T08:50" as the clock in that zone shows it. */
static inline instant zoneinfo_instant(const struct zone *zone, const char *local) {
        struct civil c;
        int32_t offset;
        bool date_only;
        if (civil_parse(local, &c, &offset, &date_only) < 0)
                return INSTANT_UNKNOWN;
        return zone_instant(zone, &c);
}
