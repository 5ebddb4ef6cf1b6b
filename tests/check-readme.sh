#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What the README shows is what the program prints on the sample year: each "$ adieu ..." of its first block is run and compared. Speaks TAP.
# With --print, writes the block anew instead.
top=${abs_top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
adieu=${ADIEU:-${abs_top_builddir:-$top}/adieu}
state=$(mktemp -d)
trap 'rm -rf "$state"' EXIT
export ADIEU_PACKS=${ADIEU_PACKS:-$top/rules/packs} XDG_STATE_HOME=$state
sample=("$adieu" -c "$top/contrib/sample/adieu.yaml" --now 2026-09-26T09:00+02:00)
block=$(sed -n '/^```$/,/^```$/p' "$top/README.md" | sed '1d;/^```$/,$d')

"${sample[@]}" scan >/dev/null 2>&1 || { echo "1..1"; echo "not ok 1 - the sample year is read"; exit 1; }
shown=
while IFS= read -r line; do
        [[ $line == '$ adieu '* ]] || continue
        read -ra arguments <<<"${line#\$ adieu }"
        shown+="$line"$'\n'$("${sample[@]}" "${arguments[@]}" 2>&1)$'\n\n'
done <<<"$block"
shown=${shown%$'\n\n'}
if [ "${1:-}" = --print ]; then
        printf '%s\n' "$shown"
        exit
fi
echo "1..1"
if [ "$shown" = "$block" ]; then
        echo "ok 1 - the README shows what the program prints"
else
        echo "not ok 1 - the README shows what the program prints"
        diff <(printf '%s\n' "$block") <(printf '%s\n' "$shown") | sed 's/^/# /'
fi
