#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Includes point one way: daemon -> rules -> parsers. And parsers/ and rules/ touch neither files, clock nor network. Speaks TAP.
top=${abs_top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
cd "$top" || exit 1
n=0

# none NAME PATTERN FILES...: passes when no line of the files matches.
none() {
        local name=$1 pattern=$2 found
        shift 2
        n=$((n + 1))
        found=$(grep -nE "$pattern" "$@" 2>/dev/null)
        if [ -z "$found" ]; then
                echo "ok $n - $name"
        else
                echo "not ok $n - $name"
                # shellcheck disable=SC2001
                echo "$found" | sed 's/^/# /'
        fi
}

echo "1..8"
none "parsers/ includes nothing of rules/ or daemon/" '#include "(rules|daemon|tests)/' parsers/*.[ch]
none "rules/ includes nothing of daemon/" '#include "(daemon|tests)/' rules/*.[ch]
none "daemon/ includes nothing of tests/" '#include "tests/' daemon/*.[ch]
pure='#include <(fcntl|unistd|dirent|pthread|signal|syslog)\.h>|#include <sys/(socket|stat|mman|types|wait)\.h>|#include <(systemd|sqlite3)'
none "parsers/ and rules/ include no headers of the world" "$pure" parsers/*.[ch] rules/*.[ch]
world='\b(fopen|open|openat|popen|system|socket|getenv|clock_gettime|gettimeofday|localtime|mktime|gmtime|printf|puts|perror)\('
none "parsers/ and rules/ open nothing, print nothing, ask for no time" "(^|[^_a-z>.])$world|[^_a-z]time\(NULL\)" parsers/*.c rules/*.c
none "only the parse role includes libical, libetpan's MIME and libxml2" '#include <(libical|libxml|libetpan/(libetpan|charconv|mailim[fe]|mailmime|mailmessage)[./_])' daemon/*.[ch] rules/*.[ch]
none "banned functions" '\b(sprintf|strcpy|strcat|strtok|gets|atoi|atol|alloca|vsprintf)\(' parsers/*.[ch] rules/*.[ch] daemon/*.[ch]
none "the clock is asked in clock.c alone" 'CLOCK_REALTIME|gettimeofday\(|[^_a-z]time\(NULL\)' $(ls daemon/*.c | grep -v -E 'daemon/(clock)\.c')
