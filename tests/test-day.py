#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A busy year in a minute: thousands of mails and changed meetings land under a running adieud, with a program for alerts, faulty and good reloads and
failing passes in between. Its memory must stay flat."""
import datetime
import json
import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import case as cases  # noqa: E402
import tap  # noqa: E402
from service import Service, told  # noqa: E402
from tap import SLOW, case, equal, eventually, true  # noqa: E402

BURSTS, MAILS = (20, 10) if SLOW else (80, 40)
# What a mail may cost for good: the fold of each pass holds every observation of the store, some hundred bytes of facts and conversations (800 were
# measured), and the allocator keeps what the largest pass needed. A leak would be paid in every pass again.
BYTES_A_MAIL = 1600
# The cache of the store holds as much of it as there is, a few MB here (16 MiB at most).
SLACK = 4 << 20


def memory(pid):
    """What it holds by itself, without files and what it shares."""
    text = pathlib.Path("/proc/%d/status" % pid).read_text()
    return int(text.split("RssAnon:")[1].split()[0]) * 1024


def mail(number, day):
    """By day and by night, questions and answers, of three clients."""
    client = ("dupont", "acme", "lux")[number % 3]
    when = datetime.datetime.combine(day, datetime.time(number * 7 % 24, number % 60), datetime.timezone.utc)
    stamp = when.strftime("%a, %d %b %Y %H:%M:%S +0000")
    to, sender = "camille@studio.example", "jean@%s.example" % client
    head = "Received: from mx.%s.example by mail.studio.example; %s\n" % (client, stamp)
    if number % 4 == 0:
        to, sender, head = sender, to, ""
    answer = "In-Reply-To: <m%d@x.example>\n" % (number - 3) if number % 5 == 0 else ""
    return (head + "From: %s\nTo: %s\nSubject: Subject %d\nDate: %s\nMessage-ID: <m%d@x.example>\n%s\n"
            "Could you send me the draft number %d by Friday, please? I would like to read it before the meeting.\n"
            % (sender, to, number % 50, stamp, number, answer, number)).encode()


def meeting(number, day):
    start = datetime.datetime.combine(day, datetime.time(10, number % 60))
    return cases.vcalendar(cases.vevent({"uid": "meeting%d" % (number % 20), "seq": str(number), "start": start.isoformat() + "+00:00",
                                         "stamp": start.isoformat() + "+00:00", "organizer": "jean@dupont.example", "attendee": cases.OWNER}))


def passes(w, s):
    """A pass that saw all that landed is over: what it reads last is told."""
    r = json.loads(w.run("status", "--json").stdout.splitlines()[1])
    return r["messages"]


@case("memory stays flat over a busy year")
def flat(w):
    script = w.write("tell", b"#!/bin/sh\ncat >/dev/null\n")
    script.chmod(0o755)
    good = w.config.read_text() + "on_alert: ./tell\n"
    w.config.write_text(good)
    first = datetime.date.today() - datetime.timedelta(days=BURSTS + 5)
    s = Service(w)
    s.rests()
    sizes = []
    for burst in range(BURSTS):
        day = first + datetime.timedelta(days=burst)
        n = len(s.listen())
        for i in range(MAILS):
            number = burst * MAILS + i
            w.mail("!%d.x" % number, mail(number, day))
        begun = w.write("begun.ics", meeting(burst, day + datetime.timedelta(days=3)).encode())
        os.rename(begun, w.folder / "calendars" / ("%d.ics" % (burst % 20)))
        s.hears("alerts open", n)
        if burst % 10 == 5:
            w.config.write_text(good + ("nonsense: true\n" if burst % 20 == 5 else ""))
            n = len(s.listen())
            s.process.send_signal(signal.SIGHUP)
            s.hears("READY=1", n)
        s.said.clear()
        sizes.append(memory(s.process.pid))
    w.config.write_text(good)
    eventually("all are read", lambda: passes(w, s) == BURSTS * MAILS)
    s.listen()
    s.said.clear()
    late, early = memory(s.process.pid), sizes[BURSTS // 5]
    mails = (BURSTS - BURSTS // 5) * MAILS
    print("#   %d kB after %d mails, %d kB after %d: %d bytes a mail" % (early // 1024, BURSTS * MAILS - mails, late // 1024, BURSTS * MAILS,
                                                                     (late - early) // mails))
    true(told(w))
    if not tap.sanitized():  # which keep what was freed; leaks they tell at the end
        true(late - early <= SLACK + mails * BYTES_A_MAIL, early, late, sizes[::10])
    equal(s.end(), 0)


if __name__ == "__main__":
    tap.main()
