# SPDX-License-Identifier: GPL-3.0-or-later
"""Input that nobody should send: each beside good messages that must still be read, twice, and with nothing changed in the sources."""
import gzip
import json
import os
import pathlib
import random
import re
import shutil
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import case as cases  # noqa: E402
import tap  # noqa: E402
from tap import SLOW, case, equal, true  # noqa: E402

NOW = "2026-03-09T09:00+01:00"
NEIGHBOURS = {"aa-neighbour": "2026-03-07T23:10+01:00", "zz-neighbour": "2026-03-08T22:14+01:00"}
# The worst that one message may cost is its first MESSAGE_SIZE_MAX bytes, a few times over, in each of four parse roles.
MEMORY_MAX = 400 << 20


def neighbour(name, at, sender="jean@dupont.example"):
    return cases.plain_message(name, {"from": sender, "at": at, "subject": "Page d'accueil"}, ["Bonsoir, la page ne s'affiche plus."])


def neighbours(w, mbox=False):
    if mbox:
        w.source("{mbox: archive.mbox}")
        return [b"From jean@dupont.example Sat Mar  7 23:10:00 2026\n" + neighbour(n, at) + b"\n" for n, at in NEIGHBOURS.items()]
    for name, at in NEIGHBOURS.items():
        w.mail(name, neighbour(name, at))


def rows(times, client="dupont"):
    return sorted([["after-hours-contact", client, at] for at in times])


def nothing_new(result):
    return any(l.startswith("0 new observations") for l in result.stderr.splitlines())


def judge(w, want=0, more=(), kept_aside=(), not_kept=True, memory=MEMORY_MAX):
    """Scan twice: good neighbours alert (and `more` rows), status names what was kept aside, the second pass leaves it at that."""
    before = w.sources()
    first = w.scan(NOW, want)
    if memory and not SLOW:
        true(first.memory < memory, "took %d MB" % (first.memory >> 20))
    found = [b[:3] for b in w.breaches(NOW)]
    equal(sorted(found), sorted(rows(NEIGHBOURS.values()) + [list(m) for m in more]), first)
    status = w.status(NOW)
    aside = sorted(l for l in status.splitlines() if l.startswith("kept aside"))
    for item in kept_aside:
        true(any(item in l for l in aside), "not named by status:", item, status)
    if not_kept:
        equal(len(aside), len(kept_aside), status)
    second = w.scan(NOW, want)
    true("kept aside" not in second.stderr, "tried once more:", second)
    true(nothing_new(second), second)
    equal(second.stdout, "", "told twice")
    equal([l for l in w.status(NOW).splitlines() if l.startswith("kept aside")], [l for l in status.splitlines() if l.startswith("kept aside")])
    equal(sorted(b[:3] for b in w.breaches(NOW)), sorted(found))
    equal(w.sources(), before, "a source was changed")
    return first


def head(name, at="Sun, 8 Mar 2026 21:00:00 +0100", sender="jean@dupont.example", extra=b"", date=True):
    lines = b"Received: from mx by mail; %s\nMessage-ID: <%s@x>\n" % (at.encode(), name.encode())
    if date:
        lines += b"Date: %s\n" % at.encode()
    return lines + b"From: Jean <%s>\nTo: camille@studio.example\nSubject: Projet\n" % sender.encode() + extra


SUNDAY = ["after-hours-contact", "dupont", "2026-03-08T21:00+01:00"]


# --- messages ---

@case("a message that stops within its headers, and one within a part")
def truncated(w):
    neighbours(w)
    whole = head("t", extra=b"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n") + \
        b"\n--b\nContent-Type: text/plain\n\nBonsoir\n--b\nContent-Type: application/pdf\nContent-Transfer-Encoding: base64\n\nQUJD"
    w.mail("m-part", whole)
    w.mail("m-head", whole[:whole.index(b"From: Jean") + 8])
    w.mail("m-line", b"Recei")
    judge(w, more=[SUNDAY])


@case("multiparts a hundred thousand deep")
def nested_multiparts(w):
    neighbours(w)
    n = 10_000 if SLOW else 100_000
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (i, i) for i in range(n))
    w.mail("m-deep", head("deep", extra=b"MIME-Version: 1.0\n") + deep + b"Content-Type: text/plain\n\nBonsoir\n")
    same = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n" * n
    w.mail("m-same", head("same", sender="anne@lux.example", extra=b"MIME-Version: 1.0\n") + same)
    rfc822 = b"Content-Type: message/rfc822\n\n" * n
    w.mail("m-rfc822", head("rfc822", sender="bob@acme.example", at="Sat, 7 Mar 2026 03:00:00 +0100", extra=b"MIME-Version: 1.0\n") + rfc822)
    judge(w, more=[SUNDAY, ["after-hours-contact", "lux", SUNDAY[2]], ["after-hours-contact", "acme", "2026-03-07T03:00+01:00"]])


def sparse(path, start, size):
    """NUL bytes after `start`: no disk, but all the work of reading them."""
    with open(path, "wb") as f:
        f.write(start)
        f.truncate(size)


def one_line(path, start, size, end=b""):
    block = b"x" * (1 << 20)
    with open(path, "wb") as f:
        f.write(start)
        for _ in range(size >> 20):
            f.write(block)
        f.write(end)


BIG = 64 << 20 if SLOW else 1 << 30


@case("a line of 1 GiB as a message's body")
def long_line(w):
    neighbours(w)
    one_line(w.folder / "Maildir/cur/m-line:2,S", head("line") + b"\nBonsoir ", BIG)
    judge(w, more=[SUNDAY])


@case("1 GiB of NUL bytes without any line end, as a header and as a body")
def long_nul_line(w):
    neighbours(w)
    sparse(w.folder / "Maildir/cur/m-header:2,S", b"Subject: ", BIG)
    sparse(w.folder / "Maildir/cur/m-body:2,S", head("nul") + b"\n", BIG)
    judge(w, more=[SUNDAY])


@case("a line of 1 GiB within an mbox")
def long_line_mbox(w):
    first, last = neighbours(w, mbox=True)
    start = first + b"From jean@dupont.example Sun Mar  8 21:00:00 2026\n" + head("line") + b"\nBonsoir "
    one_line(w.folder / "archive.mbox", start, BIG, b"\n\n" + last)
    w.hide_clock()
    judge(w, more=[SUNDAY])


@case("messages without a Date, without anything, from 1904 and from 2077")
def dates(w):
    neighbours(w)
    w.mail("m-none", b"From: Jean <jean@dupont.example>\nTo: camille@studio.example\n\nBonsoir\n")
    w.mail("m-no-date", head("no-date", date=False) + b"\nBonsoir\n")
    for name, date in (("1904", "Fri, 1 Jan 1904 03:00:00 +0000"), ("2077", "Fri, 1 Jan 2077 03:00:00 +0000"), ("0000", "Sat, 0 Jan 0000 99:99:99 +9999"),
                       ("huge", "Sun, 8 Mar 99999999999999 21:00:00 +0100"), ("minus", "Sun, 8 Mar -2026 21:00:00 -0100")):
        w.mail("m-sent-" + name, head("sent-" + name, date=False, extra=b"Date: %s\n" % date.encode()) + b"\nBonsoir\n")
        w.mail("m-" + name, b"Message-ID: <d-%s@x>\nDate: %s\nFrom: jean@dupont.example\nTo: camille@studio.example\n\nBonsoir\n" % (name.encode(), date.encode()))
    # Where nothing tells when a message was delivered, the time of its file does: here a Thursday morning.
    for path in (w.folder / "Maildir/cur").iterdir():
        os.utime(path, (1772704800, 1772704800))
    judge(w, more=[SUNDAY] * 6)
    for kind in ("alerts", "facts", "clients", "status"):
        for form in ([], ["--json"]):
            r = w.run(kind, *form, now=NOW)
            equal(r.returncode, 0, r)


@case("NUL bytes everywhere")
def nul_bytes(w):
    neighbours(w)
    w.mail("m-body", head("nul-body") + b"\nBon\0soir\0\0\n\0")
    w.mail("m-head", head("nul-head", sender="anne@lux.example").replace(b"Projet", b"Pro\0jet\0") + b"\nBonsoir\n")
    w.mail("m-from", head("nul-from", sender="anne@elsewhere.exa\0mple") + b"\nBonsoir\n")
    w.mail("m-all", b"\0" * 100000)
    judge(w, more=[SUNDAY, ["after-hours-contact", "lux", SUNDAY[2]]])


@case("wrong, unknown and lying charsets and encodings")
def charsets(w):
    neighbours(w)
    for n, charset in enumerate(("utf-8", "us-ascii", "no-such-charset", "utf-7", "iso-2022-jp", "utf-16", "\"", "x" * 70000)):
        for transfer in ("8bit", "base64", "quoted-printable", "x-uuencode", "nonsense"):
            w.mail("m-%d-%s" % (n, transfer), head("c%d%s" % (n, transfer), sender="someone@elsewhere.example",
                   extra=b"MIME-Version: 1.0\nContent-Type: text/plain; charset=%s\nContent-Transfer-Encoding: %s\n" % (charset.encode(), transfer.encode()))
                   + b"\n\xff\xfe\xe9\x1b$B\x80\xc3(\xa0\xa1=\xe9=ZZ=\n+AAA-\n")
    w.mail("m-words", head("words", extra="Comments: =?utf-8?B?/////w==?= =?x?Q?=FF?= =?utf-8?Q?\n".encode()).replace(
        b"Subject: Projet", b"Subject: =?utf-8?B?/////w==?= =?no-such?Q?=FF=00?= =?utf-8?Q?\xff") + b"\nBonsoir\n")
    judge(w, more=[SUNDAY])


@case("a million parentheses in From, and in every other field")
def parentheses(w):
    neighbours(w)
    n = 1_000_000
    w.mail("m-from", head("paren").replace(b"Jean <", b"(" * n + b")" * n + b" Jean <") + b"\nBonsoir\n")
    for field in ("To", "Cc", "Date", "Received", "Message-ID", "References", "In-Reply-To", "Content-Type", "Reply-To", "Sender"):
        for k, text in enumerate(("(" * n, "(" * 200_000 + ")" * 200_000, "<" * n, "\"" * n, "\\" * n, "," * n, "a@b," * (n // 4), ";" * n)):
            if k > 1 and (SLOW or field not in ("To", "Received", "References", "Content-Type")):
                continue
            w.mail("m-%s-%d" % (field, k), head("p%d%s" % (k, field), sender="x@elsewhere.example", extra=("%s: %s\n" % (field, text)).encode()) + b"\nBonsoir\n")
    # Whether a From with a million parentheses still names its writer is free, but nothing else may come of it.
    judge_either(w, SUNDAY)


def judge_either(w, row, **options):
    w.scan(NOW)
    judge(w, more=[row] if row in [b[:3] for b in w.breaches(NOW)] else [], **options)


@case("a million headers, before and after those that matter")
def headers(w):
    neighbours(w)
    many = b"".join(b"X-%d: y\n" % i for i in range(100_000 if SLOW else 1_000_000))
    w.mail("m-after", head("after") + many + b"\nBonsoir\n")
    w.mail("m-before", many + head("before", sender="anne@lux.example") + b"\nBonsoir\n")
    w.mail("m-folded", head("folded", sender="x@elsewhere.example", extra=b"X:\n" + b" y\n" * 1_000_000) + b"\nBonsoir\n")
    w.mail("m-same", head("many-from", sender="x@elsewhere.example") + b"From: y@elsewhere.example\n" * 200_000 + b"\nBonsoir\n")
    w.mail("m-received", b"Received: from a by b; Sun, 8 Mar 2026 21:00:00 +0100\n" * 200_000 + b"\nBonsoir\n")
    judge(w, more=[SUNDAY])


@case("base64 garbage, and a bomb of quoted-printable")
def base64_garbage(w):
    neighbours(w)
    noise = random.Random(1)
    for n in range(20):
        w.mail("m-%d" % n, head("b%d" % n, sender="x@elsewhere.example",
               extra=b"MIME-Version: 1.0\nContent-Type: %s\nContent-Transfer-Encoding: base64\n" % noise.choice([b"text/plain", b"text/html", b"text/calendar"]))
               + b"\n" + bytes(noise.randrange(256) for _ in range(20000)))
    w.mail("m-qp", head("qp", extra=b"MIME-Version: 1.0\nContent-Transfer-Encoding: quoted-printable\n") + b"\n" + b"=\n" * 2_000_000 + b"=" * 1_000_000)
    judge(w, more=[SUNDAY])


@case("HTML bombs: nested elements, attributes, entities, comments")
def html_bomb(w):
    neighbours(w)
    n = 20_000 if SLOW else 100_000
    bombs = {
        "div": "<div>" * n + "Bonsoir" + "</div>" * n, "blockquote": "<blockquote>" * n + "Bonsoir", "table": "<table><tr><td>" * n,
        "attribute": "<p " + "a=b " * n + ">Bonsoir", "unclosed": "<" * n, "entity": "&" * n + "&#x110000;&#0;" * n, "comment": "<!--" * n,
        "formats": "<b><i><p>" * n + "Bonsoir", "select": "<select><option>" * n, "script": "<script>" + "</scrip" * n,
    }
    for name, html in bombs.items():
        w.mail("m-" + name, head("h-" + name, sender="x@elsewhere.example", extra=b"MIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n")
               + b"\n" + html.encode() + b"\n")
    w.mail("m-last", head("last") + b"\nBonsoir\n")
    judge(w, more=[SUNDAY])


@case("empty files: a message, a calendar, an mbox")
def empty(w):
    neighbours(w)
    w.mail("m-empty", b"")
    w.write("calendars/empty.ics", b"")
    w.write("archive.mbox", b"")
    w.source("{mbox: archive.mbox}")
    judge_kept_or_not(w)


def judge_kept_or_not(w, **options):
    """Whether such a thing is worth a word in `status` is free; that it is looked at once is not."""
    return judge(w, not_kept=False, **options)


@case("what is no message in cur: a FIFO, a socket, a folder, a link to nowhere, a link to a device")
def no_files(w):
    neighbours(w)
    cur = w.folder / "Maildir/cur"
    os.mkfifo(cur / "m-fifo:2,S")
    with socket.socket(socket.AF_UNIX) as s:
        here = os.getcwd()
        os.chdir(cur)
        s.bind("m-socket:2,S")
        os.chdir(here)
    (cur / "m-folder:2,S").mkdir()
    os.symlink("/nowhere/at/all", cur / "m-dangling:2,S")
    os.symlink("/dev/zero", cur / "m-device:2,S")
    os.mkfifo(w.folder / "calendars/fifo.ics")
    os.symlink("/dev/zero", w.folder / "calendars/device.ics")
    (w.folder / "calendars/folder.ics").mkdir()
    # A link may lead to the answer that is missed, so that it may be told that the source was not read whole.
    judge_kept_or_not(w, want=(0, 3))


@case("a FIFO as mbox, as calendar file and as Maildir")
def fifo_sources(w):
    neighbours(w)
    for name in ("archive.mbox", "c.ics", "Maildir3"):
        os.mkfifo(w.folder / name)
    w.source("{mbox: archive.mbox}")
    w.source("{calendar: c.ics}")
    w.source("{maildir: Maildir3}")
    judge(w, want=3)


# --- calendars ---

def event(uid, more, start="DTSTART:20260312T090000Z"):
    return "BEGIN:VEVENT\r\nUID:%s\r\nDTSTAMP:20260101T000000Z\r\n%s\r\nDURATION:PT1H\r\nSUMMARY:x\r\n%sEND:VEVENT\r\n" % (uid, start, more)


def calendar(events):
    return cases.vcalendar(events).encode()


def good_meeting(w):
    w.write("calendars/good.ics", calendar(event("good", "ORGANIZER:mailto:camille@studio.example\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:jean@dupont.example\r\n")))


def has_meeting(w, uid="good"):
    r = w.run("facts", "--fact", "meeting.planned", "--json", now=NOW)
    equal(r.returncode, 0, r)
    true('"uid":"%s"' % uid in r.stdout, "the good meeting is lost", r)


@case("recurrence rules that never match, or far too often")
def endless_rules(w):
    neighbours(w)
    good_meeting(w)
    rules = ["FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31", "FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=4,6,9,11",
             "FREQ=SECONDLY", "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=SECONDLY;INTERVAL=1;BYSECOND=61", "FREQ=MINUTELY;BYHOUR=25",
             "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=YEARLY;BYWEEKNO=54", "FREQ=YEARLY;BYYEARDAY=366;BYMONTH=1", "FREQ=DAILY;INTERVAL=2147483647",
             "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;INTERVAL=-1", "FREQ=DAILY;COUNT=99999999999999999999", "FREQ=WEEKLY;BYDAY=99MO", "FREQ=MONTHLY;BYDAY=6MO",
             "FREQ=YEARLY;BYSETPOS=367;BYDAY=MO", "FREQ=NEVER", "FREQ=", "", ";;;", "FREQ=DAILY;UNTIL=99999999T999999Z", "FREQ=DAILY;UNTIL=19040101",
             "FREQ=SECONDLY;BYSECOND=" + ",".join(str(i % 60) for i in range(5000)), "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;BYHOUR=1,2,3;BYMINUTE=1,2;BYSECOND=5"]
    for n, rule in enumerate(rules):
        w.write("calendars/r%02d.ics" % n, calendar(event("r%d" % n, "RRULE:%s\r\n" % rule)))
        w.write("calendars/s%02d.ics" % n, calendar(event("s%d" % n, "RRULE:%s\r\n" % rule, "DTSTART:00010101T000000Z")))
    w.write("calendars/exdates.ics", calendar(event("ex", "RRULE:FREQ=DAILY\r\n" + "EXDATE:20260313T090000Z\r\n" * 20000)))
    w.write("calendars/rdates.ics", calendar(event("rd", "".join("RDATE:%04d0313T090000Z\r\n" % (i % 9999) for i in range(20000)))))
    judge_kept_or_not(w)
    has_meeting(w)


@case("a calendar of 100,000 events")
def big_calendar(w):
    neighbours(w)
    n = 10_000 if SLOW else 100_000
    events = "".join(event("e%d" % i, "", "DTSTART:2026%02d%02dT%02d0000Z" % (1 + i % 12, 1 + i % 28, i % 24)) for i in range(n))
    w.write("calendars/big.ics", calendar(events + event("good", "ATTENDEE:mailto:jean@dupont.example\r\nORGANIZER:mailto:camille@studio.example\r\n")))
    judge(w)
    true("%d calendar versions" % (n + 1) in w.status(NOW), w.status(NOW))
    has_meeting(w)


@case("calendars that are none, truncated, with lines without end, and nested a hundred thousand deep")
def no_calendars(w):
    neighbours(w)
    good_meeting(w)
    whole = calendar(event("cut", ""))
    n = 10_000 if SLOW else 100_000
    w.write("calendars/text.ics", b"Good evening,\nthis is no calendar.\n")
    w.write("calendars/binary.ics", bytes(random.Random(2).randrange(256) for _ in range(50000)))
    w.write("calendars/nul.ics", b"\0" * 100000)
    w.write("calendars/html.ics", b"<!DOCTYPE html><html><body>Login</body></html>")
    for cut in (20, 60, 120, len(whole) - 20):
        w.write("calendars/cut%d.ics" % cut, whole[:cut])
    w.write("calendars/line.ics", whole.replace(b"SUMMARY:x", b"SUMMARY:" + b"x" * (32 << 20)))
    w.write("calendars/folded.ics", whole.replace(b"SUMMARY:x", b"SUMMARY:x" + b"\r\n x" * 2_000_000))
    w.write("calendars/deep.ics", b"BEGIN:VCALENDAR\r\n" * n + b"BEGIN:VEVENT\r\n" * n + b"BEGIN:VALARM\r\n" * n)
    w.write("calendars/deepevent.ics", whole.replace(b"SUMMARY:x\r\n", b"BEGIN:X-A\r\n" * n + b"END:X-A\r\n" * n))
    w.write("calendars/properties.ics", whole.replace(b"SUMMARY:x\r\n", b"X-A:b\r\n" * 500_000))
    w.write("calendars/parameters.ics", whole.replace(b"SUMMARY:x", b"SUMMARY" + b";X=Y" * 500_000 + b":x"))
    w.write("calendars/attendees.ics", whole.replace(b"SUMMARY:x\r\n", b"".join(b"ATTENDEE:mailto:a%d@b.example\r\n" % i for i in range(20000))))
    w.write("calendars/values.ics", calendar(event("v", "", "DTSTART:99999999T999999Z") + event("v2", "", "DTSTART;VALUE=DATE:20260230") + event(
        "v3", "SEQUENCE:-99999999999999999999\r\nRECURRENCE-ID:nonsense\r\n", "DTSTART:20260312T250000Z") + event("", "")).replace(b"PT1H", b"P99999999999W"))
    w.hide_clock()
    judge_kept_or_not(w, want=(0, 3), kept_aside=["text.ics", "binary.ics", "nul.ics", "html.ics", "cut60.ics", "cut120.ics", "values.ics", "deep.ics"])
    has_meeting(w)


@case("unknown zones in a calendar")
def unknown_zone_calendar(w):
    neighbours(w)
    good_meeting(w)
    for n, zone in enumerate(("Mars/Olympus", "../../../etc/passwd", "", "x" * 50000, "\"Custom, Zone\"", "/freeassociation.sourceforge.net/Europe/Nowhere")):
        w.write("calendars/z%d.ics" % n, calendar(event("z%d" % n, "ATTENDEE:mailto:jean@dupont.example\r\n", "DTSTART;TZID=%s:20260312T090000" % zone)))
    judge_kept_or_not(w)
    has_meeting(w)


# --- mbox and gzip ---

@case("an mbox that is none")
def no_mbox(w):
    neighbours(w)
    w.write("archive.mbox", b"\x7fELF" + b"nothing of mail\n" * 1000)
    w.source("{mbox: archive.mbox}")
    judge(w, want=3)


@case("an mbox of nothing but separators, and one that ends within a message")
def strange_mbox(w):
    first, last = neighbours(w, mbox=True)
    w.write("archive.mbox", b"From a@b Sat Mar  7 23:10:00 2026\n\n" * 50000 + first + last[:-20])
    w.hide_clock()
    judge_kept_or_not(w)


def gzip_stream(path, chunks):
    with gzip.open(path, "wb", compresslevel=6) as f:
        for c in chunks:
            f.write(c)


@case("a gzip mbox that is cut off, and one that is garbage after its head")
def gzip_truncated(w):
    first, last = neighbours(w, mbox=True)
    w.config.write_text(w.config.read_text().replace("archive.mbox", "mboxes"))
    filler = b"".join(b"From x@y Sat Mar  7 23:10:00 2026\n" + head("f%d" % i, sender="x@elsewhere.example") + b"\n%s\n\n" % os.urandom(300).hex().encode()
                      for i in range(200))
    (w.folder / "mboxes").mkdir()
    whole = gzip.compress(first + last + filler)
    w.write("mboxes/cut.gz", whole[:len(whole) // 2])
    w.write("mboxes/garbage.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + b"\xff" * 1000)
    w.write("mboxes/head.gz", b"\x1f\x8b")
    w.hide_clock()
    judge_kept_or_not(w, kept_aside=["cut.gz"])


@case("a gzip bomb: gigabytes of zeros, and of one line, between two messages")
def gzip_bomb(w):
    first, last = neighbours(w, mbox=True)
    w.config.write_text(w.config.read_text().replace("archive.mbox", "archive.mbox.gz"))
    size = 64 if SLOW else 2048
    # Members of a gzip file follow each other: the same megabytes are compressed once.
    block = gzip.compress(b"\0" * (64 << 20), 6)
    data = gzip.compress(first + b"From jean@dupont.example Sun Mar  8 21:00:00 2026\n" + head("bomb") + b"\nBonsoir ")
    w.write("archive.mbox.gz", data + block * (size // 64) + gzip.compress(b"\n\n" + last))
    w.hide_clock()
    judge_kept_or_not(w, more=[SUNDAY])


# --- the owner's files and folders ---

@case("a broken YAML file: every fault at its place, exit 1, nothing read")
def broken_yaml(w):
    neighbours(w)
    good = w.config.read_text()
    broken = {
        "bracket": (good.replace("holidays: [FR]", "holidays: [FR"), ""),
        "tab": (good.replace("  language", "\tlanguage"), ":5:"),
        "key": (good.replace("  language:", "  langage:"), ":5:3:"),
        "zone": (good.replace("Europe/Paris", "Europe/Pari", 1), ":4:"),
        "client zone": (good.replace("Europe/Luxembourg", "Mars/Olympus"), ":14:68:"),
        "nul": (good.replace("Camille", "Cam\0ille", 1), ":2:"),
        "latin1": (None, ":2:"),
        "alias": ("a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\n" + "".join(
            "%s: &%s [%s]\n" % (c, c, ",".join(["*" + p] * 8)) for p, c in zip("bcdefghij", "cdefghijk")), ":"),
        "deep": ("owner: " + "[" * 100000, ":"),
        "hours": (good.replace("09:00-12:30", "25:00-12:30"), ":6:"),
        "rule": (good + "rules: {after-hours-contcat: {mode: off}}\n", ":15:"),
    }
    for name, (text, place) in broken.items():
        w.config.write_bytes(good.replace("Camille", "Caf\xe9", 1).encode("latin-1") if text is None else text.encode())
        for command in (["scan"], ["rules", "check"], ["alerts"]):
            r = w.run(*command, now=NOW)
            equal(r.returncode, 1, "%s: %r" % (name, r))
            lines = [l for l in r.stderr.splitlines() if "error[" in l]
            true(lines, name, r)
            true(re.match(r".*adieu\.yaml:[0-9]+:[0-9]+: error\[", lines[0]), name, r)
            true("adieu.yaml" + place in lines[0], name, place, r)
    true(not (w.folder / "state/adieu/adieu.db").exists(), "a store was made from a broken configuration")
    w.config.write_text(good)
    w.write("rules.d/mine.yaml", b"version: 1\nrules:\n  - id: mine\n    title: {en: x}\n    matsch: {fact: message.received}\n")
    r = w.run("scan", now=NOW)
    equal(r.returncode, 1, r)
    true("mine.yaml:5:5: error[" in r.stderr, r)
    shutil.rmtree(w.folder / "rules.d")
    judge(w)


@case("a source that does not exist: exit 3, the others are read")
def missing_source(w):
    neighbours(w)
    w.source("{mbox: nowhere.mbox}")
    w.source("{maildir: Nowhere}")
    w.source("{calendar: nowhere}")
    r = judge(w, want=3)
    for name in ("nowhere.mbox", "Nowhere", "nowhere"):
        true(name in r.stderr, r)
        true(name in w.status(NOW), w.status(NOW))
    equal(w.run("alerts", now=NOW).returncode, 0)


@case("folders and files that may not be read: exit 3, told, and read as soon as they may")
def unreadable_folders(w):
    neighbours(w)
    w.mail(".Closed/m", neighbour("closed", "2026-03-08T20:00+01:00"))
    w.mail(".NoCur/m", neighbour("nocur", "2026-03-08T20:05+01:00"))
    w.mail("m-closed", neighbour("closed-file", "2026-03-08T20:10+01:00"))
    w.write("calendars/closed/a.ics", calendar(event("a", "")))
    w.write("calendars/b.ics", calendar(event("b", "")))
    w.write("archive.mbox", b"From x@y Sat Mar  7 23:10:00 2026\n" + neighbour("mbox", "2026-03-08T20:15+01:00"))
    w.source("{mbox: archive.mbox}")
    tap.as_nobody(w)
    closed = [w.folder / p for p in ("Maildir/.Closed", "Maildir/.NoCur/cur", "Maildir/cur/m-closed:2,S", "calendars/closed", "calendars/b.ics", "archive.mbox")]
    modes = {p: p.stat().st_mode & 0o777 for p in closed}
    for p in closed:
        p.chmod(0)
    r = judge_kept_or_not(w, want=3)
    for p in closed:
        name = p.name.split(":")[0] if p.name != "cur" else ".NoCur"
        true(name in r.stderr, "not told:", name, r)
    for p in closed:
        p.chmod(modes[p])
    w.scan(NOW, 0)
    more = ["2026-03-08T20:%s+01:00" % m for m in ("00", "05", "10", "15")]
    equal([b[:3] for b in w.breaches(NOW)], rows(list(NEIGHBOURS.values()) + more))
    true("2 calendar versions" in w.status(NOW), w.status(NOW))


# --- files that change while they are read ---

def observed(w):
    """What is known, but for where and when it was first seen."""
    r = w.run("facts", "--json", now=NOW)
    equal(r.returncode, 0, r)
    return sorted(json.dumps({k: v for k, v in json.loads(l).items() if k != "source"}, sort_keys=True) for l in r.stdout.splitlines())


def while_writing(w, write, scans=6):
    stop = threading.Event()
    failed = []

    def loop():
        n = 0
        while not stop.is_set():
            try:
                write(n)
            except Exception as e:
                failed.append(e)
                return
            n += 1
    t = threading.Thread(target=loop)
    t.start()
    try:
        for _ in range(scans):
            r = w.run("scan", now=NOW)
            true(r.returncode in (0, 3), r)
            true("Sanitizer" not in r.stderr, r)
    finally:
        stop.set()
        t.join()
    if failed:
        raise failed[0]


def like_fresh(w):
    """A quiet pass after the storm gives what a new store gives."""
    w.hide_clock()
    w.scan(NOW)
    have, have_breaches = observed(w), w.breaches(NOW)
    w.env["XDG_STATE_HOME"] = str(w.folder / "fresh")
    w.scan(NOW)
    equal(have, observed(w), "facts")
    equal(have_breaches, w.breaches(NOW), "breaches")


@case("messages whose flags change and that move from new to cur during the scan")
def renamed_while_read(w):
    neighbours(w)
    base = w.folder / "Maildir"
    for n in range(200):
        w.mail("!m%03d" % n, neighbour("r%03d" % n, "2026-03-0%dT21:%02d+01:00" % (1 + n % 8, n % 60), sender="p%d@lux.example" % (n % 3)))
    rng = random.Random(3)

    def write(n):
        for _ in range(20):
            for box in ("cur", "new"):
                names = sorted(os.listdir(base / box))
                if not names:
                    continue
                name = rng.choice(names)
                unique = name.split(":")[0]
                os.rename(base / box / name, base / rng.choice(["cur", "cur", "new"]) / rng.choice([unique + ":2,S", unique + ":2,RS", unique + ":2,FS"]))
        time.sleep(0.001)
    while_writing(w, write)
    # What was moved to new with flags is no name of a Maildir: put it where it belongs.
    for name in os.listdir(base / "new"):
        if ":2," in name:
            os.rename(base / "new" / name, base / "cur" / name)
    like_fresh(w)
    equal(len([b for b in w.breaches(NOW) if b[1] == "dupont"]), 2)


@case("an mbox that grows, shrinks and is replaced during the scan")
def mbox_while_read(w):
    first, last = neighbours(w, mbox=True)
    path = w.folder / "archive.mbox"
    messages = [b"From p@q Sat Mar  7 23:10:00 2026\n" + neighbour("m%03d" % n, "2026-03-0%dT21:%02d+01:00" % (1 + n % 8, n % 60), "p@lux.example") + b"\n"
                for n in range(300)]
    path.write_bytes(first + b"".join(messages))

    def write(n):
        how = n % 4
        if how == 0:
            with open(path, "ab") as f:
                for m in messages[:50]:
                    f.write(m[:len(m) // 2])
                    f.flush()
                    f.write(m[len(m) // 2:])
        elif how == 1:
            os.truncate(path, path.stat().st_size // 2)
        elif how == 2:
            other = w.folder / "other"
            other.write_bytes(first + b"".join(messages[:n % 300]))
            os.replace(other, path)
        else:
            path.write_bytes(b"".join(messages[n % 300:]))
        time.sleep(0.002)
    while_writing(w, write)
    path.write_bytes(first + b"".join(messages) + last)
    w.hide_clock()
    w.scan(NOW)
    # Halves of messages were seen, and what was seen stays: what is there whole must be there too.
    found = [b[:3] for b in w.breaches(NOW)]
    for row in rows(NEIGHBOURS.values()):
        true(row in found, "lost", row)
    ids = w.run("facts", "--json", now=NOW).stdout
    for n in range(300):
        true("m%03d@" % n in ids, "lost: message", n)
    r = w.scan(NOW)
    true(nothing_new(r), r)


@case("messages that are written in place, shrink and vanish during the scan")
def messages_while_read(w):
    neighbours(w)
    cur = w.folder / "Maildir/cur"
    text = head("x", sender="p@elsewhere.example") + b"\n" + b"Bonsoir\n" * 20000

    def write(n):
        p = cur / ("m%02d:2,S" % (n % 20))
        how = n // 20 % 4
        if how == 0:
            p.write_bytes(text)
        elif how == 1 and p.exists():
            os.truncate(p, 100)
        elif how == 2 and p.exists():
            with open(p, "r+b") as f:
                f.write(os.urandom(1000))
        elif p.exists():
            p.unlink()
        time.sleep(0.0005)
    while_writing(w, write)
    for n in range(20):
        (cur / ("m%02d:2,S" % n)).unlink(missing_ok=True)
    w.hide_clock()
    judge_kept_or_not(w)


@case("a calendar that is rewritten during the scan")
def calendar_while_read(w):
    neighbours(w)
    good_meeting(w)
    path = w.folder / "calendars/busy.ics"
    events = [event("b%d" % i, "ATTENDEE:mailto:jean@dupont.example\r\n", "DTSTART:202604%02dT%02d0000Z" % (1 + i % 28, i % 24)) for i in range(200)]

    def write(n):
        data = calendar("".join(events))
        if n % 3 == 0:
            path.write_bytes(data)
        elif n % 3 == 1:
            with open(path, "wb") as f:
                f.write(data[:len(data) // 2])
                f.flush()
                time.sleep(0.003)
                f.write(data[len(data) // 2:])
        else:
            other = w.folder / "other"
            other.write_bytes(data)
            os.replace(other, path)
        time.sleep(0.002)
    while_writing(w, write)
    path.write_bytes(calendar("".join(events)))
    w.hide_clock()
    like_fresh(w)
    r = w.run("facts", "--fact", "meeting.cancelled", "--json", now=NOW)
    equal(r.stdout, "", "half a file was taken for meetings called off")
    has_meeting(w)


@case("names that are no text, with line ends, and as long as they may be")
def names(w):
    neighbours(w)
    cur = os.fsencode(w.folder / "Maildir/cur")
    good = [b"m\xff\xfe", b"m\nx", b"m" * 250, b"m ;$(x)", b"m\x1b[2J", "m\u202e".encode(), b"-c", b"m:2,", b"m:2,S:2,S"]
    for n, name in enumerate(good):
        with open(cur + b"/" + name, "wb") as f:
            f.write(neighbour("n%d" % n, "2026-03-08T20:%02d+01:00" % n))
    judge(w, more=rows("2026-03-08T20:%02d+01:00" % n for n in range(len(good))))
    w.write("calendars/bad.ics", b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n")
    status = w.status(NOW)
    true("\x1b" not in status, "control characters on the terminal", status)


tap.main()
