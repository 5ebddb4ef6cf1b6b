#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Are messages put into the same conversations as by notmuch?

    eval-threads.py ADIEU MAILDIR [-v]

The mail in MAILDIR (cur/ and new/, of subfolders too) is read by `adieu inspect --threads --json`, which joins by References and
In-Reply-To alone, and by notmuch with a database of its own in a temporary folder; the Maildir itself is only read. Both partitions of the
files are compared. Every difference is named: the messages whose conversation is not the same, with the ids they name (-v: all of them,
else the first few). Exit status 1 when there is one.

What is known of notmuch and needs no excuse here: identifiers that were never seen join too (ghosts), several files of one Message-ID are
one message, subjects join nothing. notmuch takes any word in angle brackets of In-Reply-To for a message, an address too; adieu does not.
"""

import collections
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

# Differences shown without -v.
SHOWN = 10
CONFIG = """[database]
path={database}
mail_root={maildir}
[user]
name=eval
primary_email=eval@localhost
[new]
tags=new
[maildir]
synchronize_flags=false
"""
QUERY_ID = re.compile(r'id:("(?:[^"]|"")*"|\S+)')


def files_below(maildir):
    for top, folders, names in os.walk(maildir):
        folders[:] = sorted(f for f in folders if f not in ("tmp", ".notmuch"))
        if os.path.basename(top) in ("cur", "new"):
            yield from (os.path.relpath(os.path.join(top, name), maildir) for name in sorted(names) if not name.startswith("."))


def unquote(identifier):
    return identifier[1:-1].replace('""', '"') if identifier.startswith('"') else identifier


def messages_of(tree):
    """Every message in the nested lists of `notmuch show`."""
    todo = [tree]
    while todo:
        item = todo.pop()
        if isinstance(item, dict):
            yield item
        elif item:
            todo.extend(item)


def read_notmuch(maildir):
    """{file: conversation}"""
    with tempfile.TemporaryDirectory() as folder:
        config = os.path.join(folder, "config")
        with open(config, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(database=os.path.join(folder, "database"), maildir=maildir))
        os.mkdir(os.path.join(folder, "database"))
        environment = {**os.environ, "NOTMUCH_CONFIG": config, "HOME": folder}

        def notmuch(*arguments):
            return subprocess.run(["notmuch", *arguments], env=environment, stdout=subprocess.PIPE, check=True).stdout
        notmuch("new", "--quiet", "--no-hooks")
        threads = {unquote(identifier): thread["thread"]
                   for thread in json.loads(notmuch("search", "--format=json", "--exclude=false", "*"))
                   for query in thread["query"] if query for identifier in QUERY_ID.findall(query)}
        tree = json.loads(notmuch("show", "--format=json", "--body=false", "--entire-thread=false", "--exclude=false", "*"))
        return {os.path.relpath(name, maildir): threads[message["id"]]
                for message in messages_of(tree) for name in message["filename"]}


def read_adieu(adieu, maildir, files):
    """{file: conversation}, {file: Message-ID}"""
    run = subprocess.run([os.path.abspath(adieu), "inspect", "--threads", "--json", "--", *files], cwd=maildir, stdout=subprocess.PIPE,
                         check=False)
    conversations, ids = {}, {}
    for line in run.stdout.decode("utf-8").split("\n")[:-1]:
        conversation = json.loads(line)
        for message in conversation["messages"]:
            conversations[message["file"]] = conversation["thread_id"]
            ids[message["file"]] = message["message_id"]
    return conversations, ids


def parts_of(conversations):
    parts = collections.defaultdict(set)
    for file, conversation in conversations.items():
        parts[conversation].add(file)
    return parts


def show(part, other, other_name, ids):
    """One conversation that the other side cut up or joined to more."""
    groups = collections.defaultdict(list)
    for file in sorted(part):
        groups[other.get(file)].append(file)
    print(f"    together: {len(part)} messages; {other_name} has them in {len(groups)} conversations")
    for files in groups.values():
        print("        " + "; ".join(f"{file} <{ids.get(file)}>" for file in files[:3]) + (f" and {len(files) - 3} more" if files[3:] else ""))


def main(arguments):
    verbose = "-v" in arguments
    arguments = [a for a in arguments if a != "-v"]
    if len(arguments) != 2:
        sys.exit(__doc__.strip())
    if not shutil.which("notmuch"):
        sys.exit("eval-threads needs notmuch: contrib/install-packages eval")
    adieu, maildir = arguments[0], os.path.abspath(arguments[1])
    files = list(files_below(maildir))
    mine, ids = read_adieu(adieu, maildir, files)
    theirs = read_notmuch(maildir)
    only = set(mine) ^ set(theirs)
    for file in sorted(only):
        print(f"    read by {'adieu' if file in mine else 'notmuch'} alone: {file}")
        mine.pop(file, None)
        theirs.pop(file, None)
    my_parts = {frozenset(p) for p in parts_of(mine).values()}
    their_parts = {frozenset(p) for p in parts_of(theirs).values()}
    for name, differences, other, other_name in (("adieu", my_parts - their_parts, theirs, "notmuch"),
                                                 ("notmuch", their_parts - my_parts, mine, "adieu")):
        ordered = sorted(differences, key=min)
        for part in ordered if verbose else ordered[:SHOWN]:
            print(f"  {name}:")
            show(part, other, other_name, ids)
    print(f"{maildir}: {len(mine)} messages, {len(my_parts)} conversations, notmuch {len(their_parts)}; "
          f"{len(my_parts & their_parts)} equal, {len(my_parts ^ their_parts)} of either side differ")
    return 1 if my_parts != their_parts or only else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
