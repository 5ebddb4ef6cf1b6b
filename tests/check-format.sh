#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The C sources look as .clang-format says.
top=${abs_top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
cd "$top" || exit 1
exec clang-format --dry-run --Werror parsers/*.[ch] rules/*.[ch] daemon/*.[ch] tests/*.[ch] tests/fuzz/*.[ch] tests/bench/*.c tests/eval/*.c contrib/man/*.c
