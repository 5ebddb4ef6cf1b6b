#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is a message read as two well-known readers both read it?

    eval-mime.py ADIEU GMIME-READ FOLDER... [-v]

Every file below a FOLDER is read three times: by `adieu inspect --json`, by Python's email package and by GMime (the small program built
from gmime-read.c). What the two peers agree on is taken for right, field by field: subject, date, from, the leaf media types in order,
and the words of the first text. What they disagree on is not judged, and neither is a file in which the two find no message at all.
-v names every difference with all three readings.

How fields are compared:
  subject  decoded, blanks in a row as one
  date     the instant
  from     addresses and display names; domains without regard to case
  parts    media types of the leaves; a message inside a message is a leaf
  text     words of the first text part that is no attachment, when it is text/plain: adieu must show each of them, in the new or in the
           quoted text, as often as the peers have it, and no word that no text part has. Two exceptions: of alternatives adieu may show the
           other one, and bytes that are UTF-8 under a label that says Latin are read as UTF-8.
Subjects and texts beyond adieu's ceilings are compared that far.
"""

import collections
import datetime
import email
import email.policy
import json
import os
import re
import subprocess
import sys
import warnings

# Files named in one call: far below what a command line holds.
BATCH = 500
# Bytes of a text beyond this are not compared: adieu keeps 32 KiB of new and as much of quoted text; and of a subject 1,000.
TEXT_MAX = 30 * 1024
SUBJECT_MAX = 900
FIELDS = ("subject", "date", "from", "parts", "text")
WORD = re.compile(r"\w+")
MISSING = object()
SHOWN = 160


def squeeze(text):
    return " ".join((text or "").split())


def address(name, mail):
    local, at, domain = (mail or "").rpartition("@")
    return squeeze(name), local + at + domain.lower()


def words(text):
    return collections.Counter(WORD.findall((text or "").lower()))


# ---- the three readers


def read_adieu(adieu, paths):
    mails = {}
    for at in range(0, len(paths), BATCH):
        run = subprocess.run([adieu, "inspect", "--json", *paths[at:at + BATCH]], stdout=subprocess.PIPE, check=False)
        for line in run.stdout.decode("utf-8").split("\n")[:-1]:
            mail = json.loads(line)
            # An mbox file of several: the first one is what the peers read.
            mails.setdefault(mail["file"], mail)
    return {path: adieu_fields(mail) for path, mail in mails.items() if "subject" in mail}


def adieu_fields(mail):
    date = mail["sent_at"] and int(datetime.datetime.fromisoformat(mail["sent_at"]).timestamp())
    return {"subject": squeeze(mail["subject"]), "date": date, "parts": mail["parts"],
            "from": [address(a["name"], a["email"]) for a in mail["from"]],
            "text": f"{mail['text'] or ''}\n{mail['quoted_text'] or ''}", "truncated": mail["truncated"]}


def read_gmime(program, paths):
    """A file that kills the reader is left out, and the reader begins anew behind it."""
    mails, rest = {}, list(paths)
    while rest:
        run = subprocess.run([program], input="\n".join(rest).encode() + b"\n", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                             check=False)
        lines = run.stdout.decode("utf-8", "replace").split("\n")[:-1]
        for line in lines:
            mail = json.loads(line)
            mails[mail["file"]] = gmime_fields(mail)
        rest = rest[len(lines) + 1:] if run.returncode else []
    return mails


def gmime_fields(mail):
    if "parts" not in mail:
        return {}
    return {"subject": squeeze(mail["subject"]), "date": mail["date"], "parts": [p.lower() for p in mail["parts"]],
            "from": [address(*a) for a in mail["from"]], "text": mail.get("text"), "text_type": mail.get("text_type", "").lower()}


def python_leaves(message):
    """Each leaf, and whether it is one of alternatives."""
    todo = [(message, False)]
    while todo:
        part, alternative = todo.pop()
        if part.get_content_maintype() == "multipart" and isinstance(part.get_payload(), list):
            alternative |= part.get_content_subtype() == "alternative"
            todo.extend((p, alternative) for p in reversed(part.get_payload()))
        else:
            yield part, alternative


def python_text(part):
    data = part.get_payload(decode=True) or b""
    charset = part.get_content_charset() or "utf-8"
    if part.defects:
        return None
    try:
        return data.decode(charset, "replace")
    except (LookupError, UnicodeError):
        return None


def python_date(message):
    when = message["date"].datetime if message["date"] else None
    if when is None:
        return None
    return int((when if when.tzinfo else when.replace(tzinfo=datetime.timezone.utc)).timestamp())


def python_from(message):
    field = message["from"]
    return [address(a.display_name, a.addr_spec) for a in field.addresses] if field else []


def read_python(path):
    with open(path, "rb") as file:
        message = email.message_from_binary_file(file, policy=email.policy.default)
    fields = {}

    def ask(name, function):
        """No opinion on what it stumbles over."""
        try:
            fields[name] = function()
        except Exception:  # the package raises nearly anything on broken fields
            fields[name] = MISSING
    ask("subject", lambda: squeeze(message["subject"]))
    ask("date", lambda: python_date(message))
    ask("from", lambda: python_from(message))
    leaves = list(python_leaves(message))
    ask("parts", lambda: [p.get_content_type() for p, _ in leaves])
    text = [p for p in leaves if p[0].get_content_maintype() == "text" and p[0].get_content_disposition() != "attachment"]
    fields["text_type"] = text[0][0].get_content_type() if text else ""
    fields["alternative"] = bool(text) and text[0][1]
    ask("text", lambda: python_text(text[0][0]) if text else None)
    fields["charset"] = text[0][0].get_content_charset() or "" if text else ""
    ask("all_texts", lambda: "\n".join([relabelled(python_text(p), p.get_content_charset()) for p, _ in text]))
    return fields


def relabelled(text, charset):
    """Latin letters that make up UTF-8 are no words, where a wrong label made them."""
    for charset in ("cp1252", "latin-1") if not (charset or "").startswith("utf") else ():
        try:
            return text.encode(charset).decode("utf-8")
        except UnicodeError:
            pass
    return text


# ---- comparing


def agreed(name, python, gmime):
    """What both say, or MISSING."""
    a, b = python.get(name, MISSING), gmime.get(name, MISSING)
    if a is MISSING or b is MISSING:
        return MISSING
    if name != "text":
        return a if a == b else MISSING
    if not a or not b or python["text_type"] != "text/plain" or gmime["text_type"] != "text/plain":
        return MISSING
    # A character that could not be decoded is an opinion of neither.
    if "\ufffd" in a or "\ufffd" in b or words(a[:TEXT_MAX]) != words(b[:TEXT_MAX]):
        return MISSING
    return relabelled(a, python["charset"])


def compare_texts(found, right, python):
    """Words lost and words invented."""
    found, cut = words(found), len(right.encode()) > TEXT_MAX
    invented = found - words(python["all_texts"]) if python["all_texts"] is not MISSING else {}
    if cut:  # the word in which it was cut is new
        return {}, invented if sum(invented.values()) > 2 else {}
    lost = words(right) - found
    return {} if python["alternative"] else lost, invented


def judge(adieu, python, gmime):
    """{field: agrees or not} of what the peers agree on."""
    verdicts = {}
    for name in FIELDS:
        right = agreed(name, python, gmime)
        if right is MISSING:
            continue
        if name == "text":
            verdicts[name] = not any(compare_texts(adieu["text"], right, python))
        elif name == "subject" and adieu["truncated"]:
            verdicts[name] = adieu[name][:SUBJECT_MAX] == right[:SUBJECT_MAX]
        else:
            verdicts[name] = adieu[name] == right
    return verdicts


def show(path, name, adieu, python, gmime):
    print(path)
    if name == "text":
        lost, invented = compare_texts(adieu["text"], relabelled(python["text"], python["charset"]), python)
        print(f"    text: lost {' '.join(lost)[:SHOWN]!r}, invented {' '.join(invented)[:SHOWN]!r}")
        return
    print(f"    {name}: adieu {str(adieu[name])[:SHOWN]!r}, peers {str(python[name])[:SHOWN]!r}")


def files_below(folder):
    for top, folders, names in os.walk(folder):
        folders.sort()
        yield from (os.path.join(top, name) for name in sorted(names) if not name.startswith("."))


def percent(good, total):
    return f"{good}/{total} ({100 * good / total:.2f} %)" if total else "none"


def evaluate(adieu, program, folder, verbose):
    paths = list(files_below(folder))
    mine, gmime = read_adieu(adieu, paths), read_gmime(program, paths)
    good, total, messages, same = collections.Counter(), collections.Counter(), 0, 0
    for path in paths:
        if not gmime.get(path):
            continue
        messages += 1
        python = read_python(path)
        verdicts = judge(mine[path], python, gmime[path]) if path in mine else dict.fromkeys(FIELDS, False)
        same += all(verdicts.values())
        for name, right in verdicts.items():
            total[name] += 1
            good[name] += right
            if verbose and not right and path in mine:
                show(path, name, mine[path], python, gmime[path])
        if verbose and path not in mine:
            print(f"{path}\n    not read")
    print(f"{folder}: equal in all that the peers agree on {percent(same, messages)}; " +
          ", ".join(f"{name} {percent(good[name], total[name])}" for name in FIELDS))
    return same == messages


def main(arguments):
    verbose = "-v" in arguments
    arguments = [a for a in arguments if a != "-v"]
    if len(arguments) < 3:
        sys.exit(__doc__.strip())
    warnings.simplefilter("ignore")
    adieu, program, *folders = arguments
    for folder in folders:
        evaluate(adieu, program, folder, verbose)


if __name__ == "__main__":
    main(sys.argv[1:])
