#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs a test program and mends its TAP: cmocka 1.1 writes a skipped test as "not ok", which is a failure to everybody else. The reason is what the
# test said in a line "# skipped: ..." (see skip.h).
"$@" | awk '
        /^# skipped: / { reason = substr($0, 12) }
        /^not ok [0-9]+ # SKIP / { print "ok " $3 " - " $6 " # SKIP " (reason ? reason : "no reason given"); fflush(); reason = ""; next }
        { print; fflush() }'
exit "${PIPESTATUS[0]}"
