#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""How well the newly written text is found, on mails whose new text is known.

    eval-mails.py ADIEU FOLDER [-v]

FOLDER holds pairs: X.eml, a mail, and X.txt, the text that was newly written in it. Below a line "-- " in X.txt stand words that may
be kept or dropped (a signature). Words are compared in any order, without punctuation and case. A mail is clean when neither the
words too many (leaked) nor the words missing (lost) are more than a tenth of those expected, one word being allowed in any case.
-v names the mails that are not clean, with words that leaked and were lost. Names may carry a group before the last '-' pair, as in
LIST-GROUP-NUMBER.eml; the share is printed for each group too.
"""

import collections
import json
import os
import re
import subprocess
import sys

# Files named in one call: far below what a command line holds.
BATCH = 500
TOLERANCE = 0.10
# Words shown of each kind with -v.
SHOWN = 12
WORD = re.compile(r"\w+")


def inspect(adieu, paths):
    """The new text of each mail, by path; a mail that cannot be read is missing."""
    texts = {}
    for at in range(0, len(paths), BATCH):
        run = subprocess.run([adieu, "inspect", "--json", *paths[at:at + BATCH]], stdout=subprocess.PIPE, check=False)
        for line in run.stdout.decode("utf-8").splitlines():
            mail = json.loads(line)
            texts[mail["file"]] = mail.get("text") or ""
    return texts


def words(text):
    return collections.Counter(WORD.findall(text.lower()))


def judge(found, expected):
    """Words leaked and lost beyond what is allowed; both empty when the mail is clean."""
    core, _, optional = expected.partition("\n-- \n")
    core, optional, found = words(core), words(optional), words(found)
    allowed = max(1, TOLERANCE * sum(core.values()))
    leaked, lost = found - (core + optional), core - found
    return (leaked if sum(leaked.values()) > allowed else None, lost if sum(lost.values()) > allowed else None)


def group_of(path):
    parts = os.path.basename(path).rsplit("-", 2)
    return parts[1] if len(parts) == 3 else ""


def percent(clean, total):
    return f"{clean}/{total} clean ({100 * clean / total:.1f} %)" if total else "none"


def main(arguments):
    verbose = "-v" in arguments
    arguments = [a for a in arguments if a != "-v"]
    if len(arguments) != 2:
        sys.exit(__doc__.strip())
    adieu, folder = arguments
    paths = sorted(os.path.join(folder, f) for f in os.listdir(folder) if f.endswith(".eml"))
    paths = [p for p in paths if os.path.exists(p[:-4] + ".txt")]
    texts = inspect(adieu, paths)
    clean, total, bad = collections.Counter(), collections.Counter(), collections.Counter()
    for path in paths:
        with open(path[:-4] + ".txt", encoding="utf-8") as file:
            leaked, lost = judge(texts.get(path, ""), file.read())
        good = leaked is None and lost is None
        for group in {"", group_of(path)}:
            total[group] += 1
            clean[group] += good
        bad["leaked"] += leaked is not None
        bad["lost"] += lost is not None
        if verbose and not good:
            print(path)
            for name, what in (("leaked", leaked), ("lost", lost)):
                if what:
                    print(f"    {name} {sum(what.values())}: {' '.join(list(what)[:SHOWN])}")
    for group in sorted(g for g in total if g):
        print(f"{group:12} {percent(clean[group], total[group])}")
    print(f"{'mails':12} {percent(clean[''], total[''])}, {bad['leaked']} leaked, {bad['lost']} lost")


if __name__ == "__main__":
    main(sys.argv[1:])
