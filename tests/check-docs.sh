#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The manual keeps up with the program: every command and option of --help is in adieu(1), every table in its page. Speaks TAP.
top=${abs_top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
build=${abs_top_builddir:-$top}
adieu=${ADIEU:-$build/adieu}
page=$top/contrib/man/adieu.1
n=0 plan=()

ok() {
        n=$((n + 1))
        plan+=("$1 $n - $2")
}

while read -r command; do
        grep -q "^\.It Cm $command" "$page" && ok ok "adieu(1) describes $command" || ok "not ok" "adieu(1) describes $command"
        for option in $("$adieu" "$command" --help | sed -n 's/^  --\([a-z-]*\) .*/\1/p'); do
                [ "$option" = json ] && continue
                sed -n "/^\.It Cm $command/,/^\.It Cm/p" "$page" | grep -q -- "Fl -$option" && ok ok "adieu(1) describes $command --$option" ||
                        ok "not ok" "adieu(1) describes $command --$option"
        done
done < <("$adieu" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')

for pair in "adieu.yaml.5 clients\[\].pauses\[\].until" "adieu.yaml.5 CA-QC" "adieu-rules.5 meeting.cancelled" "adieu-rules.5 planned_notice" "adieu-rules.5 step.absent"; do
        read -r file word <<<"$pair"
        grep -q "$word" "$build/contrib/man/$file" && ok ok "$file tells of $word" || ok "not ok" "$file tells of $word"
done
# Every diagnostic code that the sources can give is explained.
for code in $(grep -ohE '"[a-z]+(-[a-z]+)+"' "$top"/rules/{yaml,settings,remote,ruleset,rule_read,condition}.c 2>/dev/null | tr -d '"' | sort -u); do
        case $code in
        yaml-*|duplicate-*|unknown-*|missing-*|kind-*|two-*|wrong-*|bad-*|param-*|rule-cycle|not-yet|own-address|free-mail|public-suffix|overlapping-*|password-*|never-seen)
                grep -q -- "$code" "$build/contrib/man/adieu-rules.5" && ok ok "the code $code is explained" || ok "not ok" "the code $code is explained" ;;
        esac
done
if command -v man >/dev/null; then
        for file in "$page" "$build/contrib/man/adieu.yaml.5" "$build/contrib/man/adieu-rules.5"; do
                problems=$(LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$file" 2>&1 >/dev/null)
                [ -z "$problems" ] && ok ok "$(basename "$file") formats without a warning" || { ok "not ok" "$(basename "$file") formats without a warning"; plan+=("# $problems"); }
        done
fi
echo "1..$n"
printf '%s\n' "${plan[@]}"
