# SPDX-License-Identifier: GPL-3.0-or-later
# bash completion for adieu: the program itself says what can follow, files where it has nothing to say.
_adieu() {
        mapfile -t COMPREPLY < <("${COMP_WORDS[0]}" complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _adieu adieu
