#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was not read is held against nobody: while a source that could hold the answer is behind, whatever the reason, rules about absence are silent, the digest
says which source and since when; once it is read they fire once, or never, as the answer has it. IMAP is skipped where there is no dovecot."""
import contextlib
import datetime
import gzip
import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import case as cases  # noqa: E402
import tap  # noqa: E402
from dovecot import Dovecot, eventually  # noqa: E402
from meddler import Meddler, Plan  # noqa: E402
from service import Service, evening_mail, told  # noqa: E402
from tap import case, equal, true  # noqa: E402

ASKED, READ, LATER, BACK = "2026-03-02T10:04+01:00", "2026-03-03T09:00+01:00", "2026-03-12T09:00+01:00", "2026-03-20T09:00+01:00"
# The third business day after, at its close.
DUE = "2026-03-05T18:00+01:00"


def plain(name, words, *lines):
    return cases.plain_message(name, cases.words(words), list(lines))


QUESTION = plain("o", "from=camille@studio.example to=jean@dupont.example at=%s subject=Logo" % ASKED,
                 "Bonjour Jean, pouvez-vous m'envoyer le logo en vectoriel ?")
ANSWER = plain("a", "from=jean@dupont.example at=2026-03-04T11:00+01:00 subject=\"Re: Logo\" re=o@studio.example", "Bonjour Camille, le voici.")
OLD = plain("x", "from=jean@dupont.example at=2026-02-24T11:00+01:00 subject=Bonjour", "Bonjour Camille.")
RELATED = plain("r", "from=jean@dupont.example at=2026-03-10T11:00+01:00 subject=\"Autre chose\"", "Bonjour Camille, la facture est partie.")


def mbox(*messages):
    return b"".join(b"From x Mon Mar  2 08:00:00 2026\n" + m + b"\n" for m in messages)


def silent(w, now):
    equal(w.alerts(now), [], "an accusation before all was read")
    true("waiting: source stale  unanswered-request, dupont" in w.status(now), w.status(now))


def told_once(w, now):
    """By the scan at hand and by no other."""
    first = w.scan(now).stdout
    true("Logo" in first, first)
    equal([b[:3] for b in w.breaches(now)], [["unanswered-request", "dupont", "2026-03-05T18:00+01:00"]])
    again = w.scan(now).stdout
    true("Logo" not in again, again)


def told_never(w, now):
    r = w.scan(now)
    true("Logo" not in r.stdout, r)
    equal(w.alerts(now), [])
    true("waiting" not in w.status(now), w.status(now))


def digest(w, now):
    r = w.run("digest", now=now)
    equal(r.returncode, 0, r)
    return " ".join(r.stdout.split())


BEHIND = "Until it is read, nothing that depends on a missing answer is judged."


def one_of_two_is_behind(w):
    w.mail("/o", QUESTION)
    w.write("archive.mbox", mbox(OLD))
    w.source("{mbox: archive.mbox}")
    w.scan(READ)
    (w.folder / "archive.mbox").rename(w.folder / "elsewhere")
    w.scan("2026-03-05T19:00+01:00", want=3)
    silent(w, "2026-03-05T19:00+01:00")
    # What the other one goes on to hold changes nothing.
    w.mail("/r", RELATED)
    w.scan(LATER, want=3)
    silent(w, LATER)
    text = digest(w, LATER)
    true("archive.mbox was last read whole on Tue 3 Mar 2026 09:00." in text, text)
    true("does not exist" in text and BEHIND in text, text)
    true("Maildir was" not in text, text)


@case("one of two mailboxes is behind: silent, and told in the digest with its name and since when; read again without an answer: told once")
def behind_no_answer(w):
    one_of_two_is_behind(w)
    w.write("archive.mbox", mbox(OLD))
    told_once(w, BACK)
    true(BEHIND not in digest(w, BACK), digest(w, BACK))


@case("one of two mailboxes is behind, and holds the answer: never told")
def behind_answered(w):
    one_of_two_is_behind(w)
    w.write("archive.mbox", mbox(OLD, ANSWER))
    told_never(w, BACK)


@case("a folder that cannot be read holds back what its mailbox could tell")
def unreadable_folder(w):
    w.mail("/o", QUESTION)
    w.mail(".Clients/x", OLD)
    tap.as_nobody(w)
    w.scan(READ)
    folder = w.folder / "Maildir" / ".Clients"
    (folder / "cur").chmod(0)
    w.scan(LATER, want=3)
    silent(w, LATER)
    text = digest(w, LATER)
    true("Permission denied" in text and BEHIND in text, text)
    (folder / "cur").chmod(0o700)
    told_once(w, BACK)


@case("nothing was read for weeks: what came meanwhile is looked at before anybody is blamed")
def off(w):
    w.mail("/o", QUESTION)
    w.scan(READ)
    silent(w, LATER)
    w.mail("/a", ANSWER)
    told_never(w, BACK)


@case("a mailbox that was added and not read yet is named in the digest, too")
def added(w):
    w.mail("/o", QUESTION)
    w.scan(READ)
    w.source("{mbox: archive.mbox}")
    silent(w, LATER)
    text = digest(w, LATER)
    true("archive.mbox has never been read whole." in text and BEHIND in text, text)


@case("an account whose password command fails was never read: the answer may be there")
def no_secret(w):
    w.mail("/o", QUESTION)
    w.source('{imap: "imaps://bob@localhost:1", name: account, password: {command: [/nowhere/pass]}}')
    w.scan(READ, want=3)
    w.scan(LATER, want=3)
    silent(w, LATER)
    text = digest(w, LATER)
    true("account has never been read whole." in text and BEHIND in text, text)


RULES = b"""version: 1
rules:
  - id: chased
    title: Chased twice
    sequence: {same: [thread_id], steps: [{fact: message.sent}, {fact: message.sent}], until: {fact: message.received}}
  - id: few
    title: Few answers
    measure: {ratio: {part: {fact: message.received}, whole: {fact: [message.received, message.sent]}}, over: 30d, min_facts: 2, is: {lt: 0.4}}
  - id: no-new-date
    title: No new date
    sequence: {steps: [{fact: meeting.cancelled}, {absent: meeting.planned, within: 7d}]}
"""


@case("rules of one's own that rest on what is missing wait as well: `until`, a share, a date that may be in the calendar")
def own_rules(w):
    w.write("rules.d/mine.yaml", RULES)
    w.mail("/o", QUESTION)
    w.write("archive.mbox", mbox(OLD))
    w.source("{mbox: archive.mbox}")
    w.scan(READ)
    (w.folder / "archive.mbox").rename(w.folder / "elsewhere")
    w.mail("/p", plain("p", "from=camille@studio.example to=jean@dupont.example at=2026-03-09T10:00+01:00 subject=\"Re: Logo\" re=o@studio.example",
                       "Bonjour Jean, le fichier vectoriel suffit."))
    w.scan(LATER, want=3)
    equal(w.alerts(LATER), [])
    for rule in ("chased", "few"):
        true("waiting: source stale  %s, dupont" % rule in w.status(LATER), w.status(LATER))
    w.write("archive.mbox", mbox(OLD, ANSWER))
    w.scan(BACK)
    equal(w.alerts(BACK), [])
    true("waiting" not in w.status(BACK), w.status(BACK))
    w.write("archive.mbox", mbox(OLD))
    w.write("Maildir/cur/p2:2,S", plain("p2", "from=camille@studio.example to=jean@dupont.example at=2026-04-20T10:00+01:00 subject=Fichier",
                                        "Bonjour Jean, le fichier est en ligne."))
    w.write("Maildir/cur/p3:2,S", plain("p3", "from=camille@studio.example to=jean@dupont.example at=2026-04-21T10:00+01:00 subject=\"Re: Fichier\" re=p2@studio.example",
                                        "Bonjour Jean, le fichier est encore en ligne."))
    w.scan("2026-05-01T09:00+02:00")
    equal(sorted({b[0] for b in w.breaches("2026-05-01T09:00+02:00")}), ["chased", "few"])


@case("a calendar that is behind holds back what a new date would answer, and no question by mail; the digest does not say it does")
def calendar_behind(w):
    w.write("rules.d/mine.yaml", RULES)
    meeting = {"uid": "m1", "start": "2026-03-03T10:00+01:00", "organizer": "jean@dupont.example", "attendee": "camille@studio.example"}
    w.mail("/i", cases.imip_message("i", dict(meeting, method="REQUEST", **cases.words("from=jean@dupont.example at=2026-02-20T10:00+01:00")), []))
    w.mail("/c", cases.imip_message("c", dict(meeting, method="CANCEL", seq="1", **cases.words("from=jean@dupont.example at=2026-03-02T15:00+01:00")), []))
    w.scan(READ)
    (w.folder / "calendars").rename(w.folder / "elsewhere")
    w.mail("/o", QUESTION)
    w.scan(LATER, want=3)
    rules = {b[0] for b in w.breaches(LATER)}
    true("unanswered-request" in rules and "no-new-date" not in rules, rules)
    true("waiting: source stale  no-new-date, dupont" in w.status(LATER), w.status(LATER))
    text = digest(w, LATER)
    true("calendars was last read whole" in text and BEHIND not in text, text)
    true("nothing that depends on a missing meeting is judged" in text, text)
    (w.folder / "elsewhere").rename(w.folder / "calendars")
    w.scan(BACK)
    true("no-new-date" in {b[0] for b in w.breaches(BACK)}, w.breaches(BACK))


# --- IMAP


def account(w, port, user="bob"):
    secret = w.folder / ("secret-" + user)
    secret.write_text(Dovecot.USERS[user] + "\n")
    secret.chmod(0o600)
    w.source('{imap: "imap://%s@localhost:%d", name: account, password: {file: %s}}' % (user, port, secret))


def roles(name):
    """Processes of that role that this test started."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        if name.encode() in words:
            found.append((int(folder.name), parent))
    return found


@case("the process that reads an account is killed, its connection is cut: what it had not read may be the answer")
def broken_off(w):
    server = Dovecot(w, ssl="yes")
    server.adm("mailbox", "create", "-u", "bob", "Clients")
    server.save(ANSWER, mailbox="Clients")
    for n in range(40):
        server.save(plain("n%d" % n, "from=paul@elsewhere.example at=2026-02-%02dT11:00+01:00 subject=Bonjour" % (n % 28 + 1), *["x" * 70] * 400))
    w.mail("/o", QUESTION)
    plans = [Plan(stall=300000), Plan(cut=300000)]
    proxy = Meddler(w, server.imap, lambda n: plans[n] if n < len(plans) else Plan(cut=0))
    account(w, proxy.port)
    p = w.start("scan", now=LATER, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    eventually("some of it is read", lambda: proxy.down >= 300000)
    fetchers = [pid for pid, parent in roles("--role=fetch") if parent == p.pid]
    true(fetchers, roles("--role=fetch"))
    for pid in fetchers:
        os.kill(pid, signal.SIGKILL)
    equal(p.wait(tap.TIMEOUT), 3)
    silent(w, LATER)
    w.scan(LATER, want=3)
    silent(w, LATER)
    proxy.plan = lambda n: Plan()
    told_never(w, BACK)



@case("a message that cannot be read may be the answer: what it may answer waits a week, and is told then with how many there were")
def unreadable_message(w):
    w.mail("/o", QUESTION)
    w.write("archive.gz", gzip.compress(mbox(OLD, OLD))[:-12])
    w.source("{mbox: archive.gz}")
    w.scan(READ)
    now = "2026-03-11T09:00+01:00"
    r = w.scan(now)
    equal(r.stdout, "")
    true("1 answer is overdue but waits: a message came that could not be read" in r.stderr, r)
    equal(w.alerts(now), [])
    true("waiting: unread message  unanswered-request, dupont, due Thu 5 Mar 2026 18:00" in w.status(now), w.status(now))
    text = json.loads(w.run("--json", "digest", now=now).stdout)
    true(text["unread"] == 1 and "Answers overdue that a message which could not be read may be: 1." in " ".join(text["text"].split()), text)
    now = "2026-03-13T09:00+01:00"
    told_once(w, now)
    evidence = w.alerts(now)[0]["evidence"][0]
    equal(evidence["unread"], 1)
    true(evidence["detail"].endswith("; 1 message of that time could not be read"), evidence)


@case("one that came after the deadline is no answer in time: nothing waits for it, nor for what lies in a calendar")
def unreadable_later(w):
    w.mail("/o", QUESTION)
    w.write("calendars/broken.ics", b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n")
    w.run("scan", now=READ)
    w.write("archive.gz", gzip.compress(mbox(OLD, OLD))[:-12])
    w.source("{mbox: archive.gz}")
    r = w.run("scan", now="2026-03-06T09:00+01:00")
    equal([b[:3] for b in w.breaches("2026-03-06T09:00+01:00")], [["unanswered-request", "dupont", "2026-03-05T18:00+01:00"]], r)
    true("could not be read" not in r.stdout, r)


def served(w):
    s = Service(w)
    w.at_end(lambda: s.process.poll() is None and s.end())
    return s


def moment(days, hour):
    """On a Saturday at least so many days ago, in UTC."""
    day = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days)
    day -= datetime.timedelta(days=(day.weekday() - 5) % 7)
    return day.replace(hour=hour, minute=30, second=0, microsecond=0)


def explained_last(w, plan):
    """An account of which the mail that explains another comes last; what stands between."""
    server = Dovecot(w, ssl="yes")
    server.adm("mailbox", "create", "-u", "bob", "Clients")
    asked, answered = moment(7, 20), moment(7, 21)
    # The client answers at night what the owner asked at night: no after-hours contact.
    server.save(plain("q", "from=camille@studio.example to=jean@dupont.example at=%s subject=Serveur" % asked.isoformat(), "Jean, all is down. Can you help?"),
                mailbox="Clients")
    server.save(plain("a", "from=jean@dupont.example at=%s subject=\"Re: Serveur\" re=q@studio.example" % answered.isoformat(), "I am looking at it."))
    server.save(plain("b", "from=jean@dupont.example at=%s subject=Devis" % moment(14, 21).isoformat(), "I have seen the draft and it looks fine to me so far."))
    for n in range(40):
        server.save(plain("n%d" % n, "from=paul@elsewhere.example at=%s subject=News" % moment(30, 10).isoformat(), *["x" * 70] * 400), mailbox="INBOX")
    proxy = Meddler(w, server.imap, plan)
    account(w, proxy.port)
    return proxy


def read_in_part(w, plan):
    """The same, of which a part was read by the service."""
    proxy = explained_last(w, plan)
    s = served(w)
    observed = lambda: [json.loads(x) for x in w.run("--json", "status").stdout.splitlines()]  # noqa: E731
    eventually("some of it is read", lambda: proxy.down >= 300000 and any(x.get("source") == "account" and x.get("observations", 0) > 3 for x in observed()))
    return s, proxy


def read_whole(w, s):
    eventually("all is told", lambda: told(w))
    subjects = {e["subject"] for a in told(w) for e in a["evidence"]}
    equal(subjects, {"Devis", "Secret words 1"})
    true("held back" not in w.run("alerts", now=None).stderr)
    equal(s.end(), 0)


@case("while an account is read for the first time nothing is told: the mail that explains a night message may come last")
def first_pass(w):
    s, proxy = read_in_part(w, lambda n: Plan(stall=300000))
    s.hears("the account that is being read")
    # Another mailbox makes it judge again.
    w.mail("!1.x", evening_mail(1, 28))
    n = len(s.listen())
    s.hears("the account that is being read", n)
    equal(told(w), [])
    shown_in_part(w, "account")
    proxy.plan = lambda n: Plan()
    proxy.drop()
    read_whole(w, s)


@case("nor when the connection is lost in the middle of it")
def first_pass_lost(w):
    w.mail("!1.x", evening_mail(1, 28))
    gate = []
    s, proxy = read_in_part(w, lambda n: Plan(cut=300000) if n == 0 else Plan() if gate else Plan(cut=0))
    eventually("it is tried again", lambda: proxy.connections > 2)
    equal(told(w), [])
    gate.append(True)
    read_whole(w, s)


def shown_in_part(w, source):
    """Whoever asks is shown nothing that was not told."""
    r = w.run("alerts", "--all", now=None)
    equal((r.returncode, r.stdout), (0, "No alerts.\n"), r)
    true("held back" in r.stderr and source in r.stderr, r)
    equal(w.run("--json", "alerts", now=None).stdout, "")
    digest = json.loads(w.run("--json", "digest", now=None).stdout)
    equal(digest["alerts"], [])
    true(digest["held_back"] > 0 and "held back" in " ".join(digest["text"].split()), digest)
    clients = [json.loads(x) for x in w.run("--json", "clients", now=None).stdout.splitlines()]
    equal([x["alerts_open"] for x in clients], [0] * len(clients), clients)


@case("adieu scan tells nothing either when it read a part of an account, and what it held back afterwards")
def scan_in_part(w):
    w.mail("!1.x", evening_mail(1, 28))
    proxy = explained_last(w, lambda n: Plan(cut=300000))
    for _ in range(2):
        r = w.scan(None, want=3)
        equal(r.stdout, "")
        true("when the account that was read in part has been read whole" in r.stderr, r)
        shown_in_part(w, "account")
    proxy.plan = lambda n: Plan()
    r = w.run("--json", "scan")
    subjects = {e["subject"] for line in r.stdout.splitlines() for e in json.loads(line)["evidence"]}
    equal((r.returncode, subjects), (0, {"Devis", "Secret words 1"}))
    r = w.run("alerts", now=None)
    true("held back" not in r.stderr and "Secret words 1" in r.stdout, r)


@case("while a scan is at work, what it has read so far is no ground for an alert")
def scan_at_work(w):
    proxy = explained_last(w, lambda n: Plan(stall=300000))
    p = w.start("scan", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    w.at_end(lambda: (p.poll() is None and p.kill(), p.wait()))
    eventually("some of it is read", lambda: proxy.down >= 300000 and "Devis" in w.run("facts").stdout)
    shown_in_part(w, "account")
    true("only a part was read" in w.run("facts").stderr)


# --- a mailbox that another program fills


def asked_before(w, now, **before):
    """A question that is a breach after an hour without an answer."""
    w.mail("/q", plain("q", "from=camille@studio.example to=jean@dupont.example at=%s subject=Logo" % (now - datetime.timedelta(**before)).isoformat(),
                       "Bonjour Jean, le logo est en ligne."))
    w.write("rules.d/mine.yaml", b"version: 1\nrules: [{id: mine, title: Mine, mode: alert, sequence: {same: [thread_id], steps: "
                                 b"[{fact: message.sent}, {absent: message.received, within: 1h}]}}]\n")


@case("after the machine slept, the mailboxes of this machine are not taken to be filled yet, also when the service starts again meanwhile")
def slept(w):
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    asked_before(w, now, hours=5)
    # Read before the deadline, then not for hours.
    w.scan((now - datetime.timedelta(hours=4, minutes=30)).isoformat())
    for _ in range(2):
        s = served(w)
        s.hears("0 alerts open")
        equal(told(w), [])
        # Whoever asks is told no more than the service tells, and why.
        r = w.run("alerts", now=None)
        equal((r.returncode, r.stdout), (0, "No open alerts.\n"), r)
        true("1 answer is overdue but waits" in r.stderr and "may not have been fetched" in r.stderr, r)
        equal(w.run("--json", "alerts", now=None).stdout, "")
        text = " ".join(w.run("digest", now=None).stdout.split())
        true("Mine" not in text and "may not have been fetched" in text, text)
        equal(s.end(), 0)


@case("adieu scan on a machine that slept since the scan before holds back as well, until mail had the time to be fetched; on one that did not, it tells")
def slept_between_scans(w):
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    asked_before(w, now, hours=5)
    before = (now - datetime.timedelta(hours=4, minutes=30)).isoformat()
    w.scan(before)
    with contextlib.closing(sqlite3.connect(w.folder / "state" / "adieu" / "adieu.db")) as db, db:
        equal(db.execute("UPDATE meta SET value = value - 3600 WHERE key = 'scan-asleep'").rowcount, 1)
    for _ in range(2):
        r = w.scan(now.isoformat())
        equal(r.stdout, "")
        true("1 answer is overdue but waits: nobody looked since" in r.stderr, r)
        equal(w.alerts(now.isoformat()), [])
    r = w.scan((now + datetime.timedelta(minutes=30)).isoformat())
    true("Logo" in r.stdout, r)


@case("adieu scan on a machine that was awake since the scan before tells at once")
def awake_between_scans(w):
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    asked_before(w, now, hours=5)
    w.scan((now - datetime.timedelta(hours=4, minutes=30)).isoformat())
    true("Logo" in w.scan(now.isoformat()).stdout)


@case("read a quarter of an hour ago: nobody slept, and what is due is told")
def awake(w):
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    asked_before(w, now, minutes=65)
    w.scan((now - datetime.timedelta(minutes=15)).isoformat())
    s = served(w)
    s.hears("1 alerts open")
    eventually("it is told", lambda: [a["rule"] for a in told(w)] == ["mine"])
    equal(s.end(), 0)


if __name__ == "__main__":
    tap.main()
