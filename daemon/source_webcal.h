/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "daemon/reader.h"

/* `calendar:` with an address on the web: a single file there. As read() of a driver (source_caldav.c). */
int source_webcal_read(struct reader *r, const struct source_spec *spec, int64_t source) _must_check_;
