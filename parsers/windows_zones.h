/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What Windows, Outlook and Exchange call time zones. Names are compared without regard to ASCII case; the results are
 * static IANA names, NULL when the name is unknown. */

#include "parsers/base.h"

/* "Romance Standard Time" */
const char *windows_zone(const char *name) _pure_;
/* One piece of a title such as "(UTC-05:00) Eastern Time (US & Canada)". */
const char *windows_title_word(const char *word) _pure_;
/* The older or newer IANA name of the same zone. */
const char *zone_other_name(const char *iana) _pure_;
