#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""How well mail by programs is told from mail by people.

    eval-automatic.py ADIEU AUTOMATIC HUMAN [-v]

AUTOMATIC is a folder of mails that programs wrote, HUMAN one of mails that people wrote; either may be "-" for none. Prints how many
of each are called automatic, and which kind. -v names the mails that are judged wrongly.
"""

import collections
import json
import os
import subprocess
import sys

# Files named in one call: far below what a command line holds.
BATCH = 500


def inspect(adieu, folder):
    paths = sorted(os.path.join(folder, f) for f in os.listdir(folder)) if folder != "-" else []
    mails = {p: None for p in paths}
    for at in range(0, len(paths), BATCH):
        run = subprocess.run([adieu, "inspect", "--json", *paths[at:at + BATCH]], stdout=subprocess.PIPE, check=False)
        for line in run.stdout.decode("utf-8").splitlines():
            mail = json.loads(line)
            mails[mail["file"]] = mail
    return mails


def report(name, mails, wanted, verbose):
    kinds = collections.Counter()
    for path, mail in mails.items():
        kind = "unreadable" if mail is None else mail.get("automatic_kind") or "person"
        kinds[kind] += 1
        if verbose and (kind == "person") == wanted:
            print(f"{path}: {kind}")
    automatic = sum(n for kind, n in kinds.items() if kind not in ("person", "unreadable"))
    print(f"{name}: {automatic} of {len(mails)} called automatic ({', '.join(f'{k} {n}' for k, n in kinds.most_common())})")


def main(arguments):
    verbose = "-v" in arguments
    arguments = [a for a in arguments if a != "-v"]
    if len(arguments) != 3:
        sys.exit(__doc__.strip())
    adieu, automatic, human = arguments
    report("automatic mail", inspect(adieu, automatic), True, verbose)
    report("mail by people", inspect(adieu, human), False, verbose)


if __name__ == "__main__":
    main(sys.argv[1:])
