#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mails to the owner, end to end: what Python's email package reads in them, that they come once over restarts and kills, what servers that refuse, break off
and never answer make of them, and that adieu takes nothing in them for a fact about anybody."""
import datetime
import email
import email.policy
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import case as cases  # noqa: E402
import tap  # noqa: E402
from smtpsink import Sink  # noqa: E402
from service import ADIEUD, Service, told  # noqa: E402
from tap import PATIENCE, Skip, case, equal, eventually, true  # noqa: E402

DAY = 86400
RULES = """\
version: 1
rules:
  - id: mine
    title: {en: A message, fr: Un message reçu}
    why: {en: Each one is counted., fr: "Chacun compte : c'est la règle."}
    mode: %s
    match: {fact: message.received, where: {client: dupont, automatic: false}}
    for: {breaches: 3, within: 90d}
"""


def days_ago(n):
    """When a digest is due that was due so long ago: not again in the minutes that a test takes, whatever the day and the hour are."""
    day = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=n)
    return ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[day.weekday()] + " 00:00"


def prepare(w, port=None, mode="digest", language="en", **keys):
    """At any hour it is the owner's working time, and one rule counts every message of one client."""
    text = cases.DEFAULT_CONFIG.replace('{mon-fri: ["09:00-12:30", "14:00-18:00"]}', '{mon-sun: ["00:00-24:00"]}')
    text = text.replace("  holidays: [FR]\n", "").replace("language: en", "language: " + language)
    lines = ["packs: []", "digest:", "  every: " + days_ago(3)] + ["  %s: %s" % k for k in keys.items()]
    if port:
        lines.append('  smtp: "smtp://localhost:%d"' % port)
    w.config.write_text(text + "\n".join(lines) + "\n")
    w.write("rules.d/mine.yaml", (RULES % mode).encode())


def program(w):
    """A sendmail that keeps what it gets."""
    script = w.folder / "sendmail"
    script.write_text('#!/bin/sh\ncat >"%s/sent.$$"\necho "$@" >>"%s/arguments"\n' % (w.folder, w.folder))
    script.chmod(0o755)
    return "[%s]" % script


def sent(w):
    return [p.read_bytes() for p in sorted(w.folder.glob("sent.*"))]


def letter(number, ago=3600):
    when = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=ago)
    return cases.plain_message("m%d" % number, {"from": "jean@dupont.example", "name": "Jean", "at": when.isoformat(), "subject": "Écrit numéro %d" % number},
                               ["Voici le texte numéro %d, déjà prêt." % number])


def read(data):
    """What a strict reader makes of it: no defect anywhere."""
    m = email.message_from_bytes(data, policy=email.policy.default)
    equal(list(m.defects), [])
    for name, value in m.items():
        equal(list(value.defects), [], name)
    true(all(len(line) <= 78 for line in data.replace(b"\r\n", b"\n").split(b"\n")), data)
    equal(m["Auto-Submitted"], "auto-generated")
    equal(m["MIME-Version"], "1.0")
    equal((m.get_content_type(), m.get_content_charset(), m["Content-Transfer-Encoding"]), ("text/plain", "utf-8", "quoted-printable"))
    text = m.get_content()
    for line in text.splitlines():
        true(len(line) <= 76 or " " not in line[:76].strip(), line)
    return m, text


def store(w):
    return pathlib.Path(w.env["XDG_STATE_HOME"]) / "adieu" / "adieu.db"


def change(w, *statements):
    """Time passes: what the store remembers of its mails happened earlier."""
    db = sqlite3.connect(store(w))
    for s in statements:
        db.execute(s)
    db.commit()
    db.close()


def outbox(w):
    r = w.run("status", "--json")
    equal(r.returncode, 0, r)
    return [o for o in map(json.loads, r.stdout.splitlines()) if o["status"] == "outbox"]


def states(w):
    return [(o["kind"], o["state"]) for o in outbox(w)]


def comes(s, what, check):
    """What must come while that service runs; when it does not, how its mails stand is told."""
    return s.until(what, check, lambda: outbox(s.w))


def another_day(w, n):
    """The digest is due on another day: its name is another, too."""
    w.config.write_text("".join("  every: %s\n" % days_ago((2, 4)[n]) if line.startswith("  every:") else line
                                for line in w.config.read_text().splitlines(True)))


def first_run(w):
    """The service has run here for more than a week: a digest is due."""
    s = Service(w)
    s.rests()
    equal(s.end(), 0)
    change(w, "UPDATE meta SET value = value - %d WHERE key = 'mail-since'" % (9 * DAY))


def a_week_passes(w):
    """The digest that was made is that of the week before."""
    change(w, "UPDATE outbox SET made_at = made_at - %d, changed_at = changed_at - %d, key = date(key, '-7 days'), message_id = 'w.' || message_id"
           " WHERE kind = 0" % (7 * DAY, 7 * DAY), "UPDATE told SET mail = 'w.' || mail WHERE outlet = 2")


@case("the digest as a mail: a strict reader finds no fault in it, adieu reads it as a machine's, and learns nothing about anybody")
def digest(w):
    for language, why, word in (("en", "Each one is counted.", "Subject: Écrit numéro 1"), ("fr", "Chacun compte : c'est la règle.", "Objet : Écrit numéro 1")):
        prepare(w, language=language, sendmail=program(w), to="[camille@studio.example, cm@old.example]")
        w.mail("a", letter(1))
        w.mail("b", letter(2))
        equal(w.run("scan").returncode, 0)
        shown = w.run("digest")
        equal(shown.returncode, 0, shown)
        true("<m1@dupont.example>" in shown.stdout and why in shown.stdout and word in shown.stdout, shown)
        o = json.loads(w.run("digest", "--json").stdout)
        equal([(a["client"], len(a["news"])) for a in o["alerts"]], [("dupont", 2)])
        for p in w.folder.glob("sent.*"):
            p.unlink()
        r = w.run("digest", "--send")
        equal(r.returncode, 0, r)
        mails = sent(w)
        equal(len(mails), 2)
        m, text = read(mails[0])
        equal(m["To"], "camille@studio.example, cm@old.example")
        equal(m["From"], "adieu <camille@studio.example>")
        true(m["Subject"].startswith("adieu, "), m["Subject"])
        true(why in " ".join(text.split()) and word in text and "déjà prêt" in text, text)
        # The text that is shown is the text that is sent, but for the minute.
        equal(text.splitlines()[2:], shown.stdout.splitlines()[4:])
        equal(m["Date"].datetime.utcoffset(), datetime.datetime.now().astimezone(__import__("zoneinfo").ZoneInfo("Europe/Paris")).utcoffset())
        # Into the owner's mailbox with it, as received and as sent mail.
        facts, alerts = w.run("facts", "--json").stdout, w.run("alerts", "--all", "--json").stdout
        w.mail("digest", mails[0])
        w.mail(".Sent/digest2", mails[0].replace(b"Message-ID: <", b"Message-ID: <x"))
        i = json.loads(w.run("inspect", "--json", str(w.folder / "Maildir/cur/digest:2,S")).stdout)
        equal((i["automatic"], i["message_id"], i["subject"]), (True, m["Message-ID"].strip("<>"), m["Subject"]))
        equal(w.run("scan").returncode, 0)
        equal(w.run("facts", "--json").stdout, facts)
        equal(w.run("alerts", "--all", "--json").stdout, alerts)
        equal(json.loads(w.run("digest", "--json").stdout)["alerts"], o["alerts"])


@case("without a way to send, digest --send says what to write; a program that fails leaves the mail in the outbox")
def no_way(w):
    prepare(w, to="camille@studio.example")
    w.config.write_text(w.config.read_text().split("digest:\n")[0])
    equal(w.run("scan").returncode, 0)
    r = w.run("digest", "--send")
    equal(r.returncode, 1, r)
    true("no way to send" in r.stderr, r)
    equal(w.run("digest", "extra").returncode, 2)
    prepare(w, sendmail="[/bin/false]")
    r = w.run("digest", "--send")
    equal(r.returncode, 1, r)
    true("not sent to camille@studio.example" in r.stderr, r)
    equal(states(w), [("extra", "waiting")])
    true("extra of" in w.run("status").stdout)


@case("a mail at once: what lands is mailed, once, over restarts, and the digest says it in a line")
def at_once(w):
    with Sink() as sink:
        prepare(w, sink.port, mode="alert")
        w.mail("old", letter(1, ago=2 * DAY))
        s = Service(w)
        s.rests()
        equal(sink.mails, [])
        w.mail("new", letter(2, ago=0))
        comes(s, "the mail", lambda: sink.mails)
        comes(s, "its note", lambda: states(w) == [("alert", "sent")])
        equal(s.end(), 0)
        m, text = read(sink.mails[0].data)
        true("m2@dupont.example" in text and "m1@dupont.example" not in text, text)
        equal(sink.mails[0].recipient, "<camille@studio.example>")
        s = Service(w)
        s.rests()
        equal(s.end(), 0)
        equal(len(sink.mails), 1)
        change(w, "UPDATE meta SET value = value - %d WHERE key = 'mail-since'" % (9 * DAY))
        s = Service(w)
        comes(s, "the digest", lambda: ("digest", "sent") in states(w))
        equal(s.end(), 0)
        m, text = read(sink.mails[1].data)
        true("m1@dupont.example" in text and "m2@dupont.example" not in text, text)
        # Journal and log: neither words of mail nor anybody's address.
        true("prêt" not in s.errors() and "jean@" not in s.errors(), s.errors())


@case("the digest comes once: not at the first start, then late rather than never, and not again by restarts and kills")
def once(w):
    with Sink() as sink:
        prepare(w, sink.port)
        w.mail("a", letter(1))
        first_run(w)
        equal(sink.mails, [])
        s = Service(w)
        comes(s, "the digest", lambda: states(w) == [("digest", "sent")])
        equal(s.end(), 0)
        for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
            s = Service(w)
            s.rests()
            s.end(number)
        equal(len(sink.mails), 1)
        m, text = read(sink.mails[0].data)
        true("m1@dupont.example" in text, text)
        a_week_passes(w)
        s = Service(w)
        comes(s, "the next one", lambda: states(w) == [("digest", "sent")] * 2)
        equal(s.end(), 0)
        m, text = read(sink.mails[1].data)
        true("Nothing unusual" in text, text)


@case("refused for now: the mail waits, status says so, and it is sent when the server takes it; a reload tries at once")
def later(w):
    with Sink(replies={"rcpt": "451 4.2.1 come back later"}) as sink:
        prepare(w, sink.port)
        w.mail("a", letter(1))
        first_run(w)
        s = Service(w)
        comes(s, "a refusal", lambda: [o for o in outbox(w) if o["state"] == "waiting" and o["code"] == 451])
        o = outbox(w)[0]
        true("come back later" in o["text"] and o["tries"] == 1 and o["next_at"] > o["changed_at"], o)
        true("waiting, 1 try," in w.run("status").stdout)
        sink.options["replies"] = {}
        s.process.send_signal(signal.SIGHUP)
        comes(s, "sent", lambda: states(w) == [("digest", "sent")])
        equal(s.end(), 0)
        equal(len(sink.mails), 1)


@case("refused for good: not tried again, told by the next digest with all that it would have told")
def never(w):
    with Sink(replies={"rcpt": "550 5.1.1 nobody here"}) as sink:
        prepare(w, sink.port)
        w.mail("a", letter(1))
        first_run(w)
        s = Service(w)
        comes(s, "a refusal", lambda: states(w) == [("digest", "refused")])
        equal(s.end(), 0)
        true("nobody here" in w.run("status").stdout)
        sink.options["replies"] = {}
        s = Service(w)
        s.rests()
        equal(s.end(), 0)
        equal(sink.mails, [])
        a_week_passes(w)
        s = Service(w)
        comes(s, "the next one", lambda: states(w) == [("digest", "refused"), ("digest", "sent")])
        equal(s.end(), 0)
        m, text = read(sink.mails[0].data)
        words = " ".join(text.split())
        true("m1@dupont.example" in text and "was not delivered" in words and "nobody here" in words, text)


@case("a wrong password: one login, then silence until a reload")
def login(w):
    with Sink(mechanisms="PLAIN LOGIN", login={"camille": "right"}) as sink:
        prepare(w)
        secret = w.folder / "secret"
        secret.write_text("wrong\n")
        secret.chmod(0o600)
        w.config.write_text(w.config.read_text() + '  smtp: "smtp://camille@localhost:%d"\n  password: {file: secret}\n' % sink.port)
        w.mail("a", letter(1))
        first_run(w)
        s = Service(w)
        comes(s, "a refusal", lambda: [o for o in outbox(w) if o["state"] == "waiting" and o["tries"] == 1 and o["text"]])
        for n in range(3):
            w.mail("more%d" % n, letter(2 + n))
            comes(s, "a pass", lambda: len(told(w)) >= 2 + n)
        equal(len([l for l in sink.log if l.startswith("AUTH")]), 1)
        secret.write_text("right\n")
        s.process.send_signal(signal.SIGHUP)
        comes(s, "sent", lambda: states(w) == [("digest", "sent")])
        equal(s.end(), 0)
        equal(len([l for l in sink.log if l.startswith("AUTH")]), 2)
        equal(len(sink.mails), 1)


@case("no answer after the whole mail: looked for in the owner's mailbox, not sent twice when it is there, and said when it is not")
def silence(w):
    with Sink(close="accepted") as sink:
        prepare(w, sink.port)
        w.mail("a", letter(1))
        first_run(w)
        s = Service(w)
        comes(s, "doubt", lambda: states(w) == [("digest", "unknown")])
        equal(len(sink.mails), 1)
        true("may have arrived" in w.run("status").stdout)
        # It arrives: the pass that reads it settles it.
        w.mail("!digest", sink.mails[0].data)
        comes(s, "certainty", lambda: states(w) == [("digest", "sent")])
        equal(s.end(), 0)
        equal(len(sink.mails), 1)
        # The next one is lost on the way.
        a_week_passes(w)
        another_day(w, 0)
        w.mail("b", letter(2))
        sink.options["close"] = "dot"
        s = Service(w)
        comes(s, "doubt", lambda: states(w) == [("digest", "sent"), ("digest", "unknown")])
        equal(s.end(), 0)
        sink.options["close"] = None
        s = Service(w)
        s.rests()
        equal(s.end(), 0)
        equal(len(sink.mails), 1)
        change(w, "UPDATE outbox SET changed_at = changed_at - 1201 WHERE state = 4")
        s = Service(w)
        comes(s, "sent again", lambda: states(w) == [("digest", "sent")] * 2)
        equal(s.end(), 0)
        equal(len(sink.mails), 2)
        again = read(sink.mails[1].data)[0]["Message-ID"]
        equal([o["message_id"] for o in outbox(w) if o["unsure"]], [again.strip("<>")])
        true("m2@dupont.example" in read(sink.mails[1].data)[1], sink.mails[1])
        a_week_passes(w)
        another_day(w, 1)
        s = Service(w)
        comes(s, "the next one", lambda: states(w) == [("digest", "sent")] * 3)
        equal(s.end(), 0)
        true("may have arrived twice" in " ".join(read(sink.mails[2].data)[1].split()), sink.mails[2])


@case("another process writes the store while a mail is on its way: it is sent, what came of it is noted, and the service reads on")
def written_meanwhile(w):
    with Sink() as sink:
        prepare(w, sink.port)
        w.mail("a", letter(1))
        first_run(w)

        def scan():
            sink.options["at"] = {}
            w.mail("b", letter(2))
            equal(w.run("scan").returncode, 0)
        # Not by the session that has begun: once is enough, and its reply is still to come.
        sink.options["at"] = {"rcpt": scan}
        s = Service(w)
        comes(s, "the digest", lambda: states(w) == [("digest", "sent")])
        # Also between two passes nothing is left open.
        for k in range(3, 6):
            n = len(s.listen())
            w.mail("c%d" % k, letter(k))
            s.hears("alerts open", n)
            equal(w.run("scan").returncode, 0)
            equal(w.run("digest", "--send").returncode, 0)
        true(not any("failed" in line for line in s.listen()), s.said)
        equal(s.end(), 0)
        equal(len(sink.mails), 4)
        true("is writing" not in s.errors(), s.errors())


@case("a reload with a fault is mailed, once for each fault")
def faults(w):
    with Sink() as sink:
        prepare(w, sink.port)
        s = Service(w)
        s.rests()
        good = w.config.read_text()
        for n, words in enumerate(("nonsense: 1\n", "nonsense: 1\n", "nonsense: 1\n", "other: 1\n")):
            w.config.write_text(good + words)
            heard = len(s.listen())
            s.process.send_signal(signal.SIGHUP)
            s.hears("the old one stays", heard)
        w.config.write_text(good)
        comes(s, "two mails", lambda: states(w) == [("notice", "sent")] * 2)
        equal(s.end(), 0)
        equal(len(sink.mails), 2)
        m, text = read(sink.mails[0].data)
        true("nonsense" in text and "has faults" in m["Subject"], m)


@case("a reload with a fault while another process writes the store: mailed as soon as that is over")
def fault_while_busy(w):
    with Sink() as sink:
        prepare(w, sink.port)
        s = Service(w)
        s.rests()
        db = sqlite3.connect(store(w), isolation_level=None)
        db.execute("BEGIN IMMEDIATE")
        w.config.write_text(w.config.read_text() + "nonsense: 1\n")
        s.process.send_signal(signal.SIGHUP)
        s.hears("the old one stays")
        db.execute("ROLLBACK")
        db.close()
        w.mail("!any", letter(1, ago=0))
        s.until("the mail", lambda: sink.mails)
        s.until("its note", lambda: sqlite3.connect(store(w)).execute("SELECT state FROM outbox").fetchall() == [(2,)])
        equal(s.end(), 0)
        true("has faults" in read(sink.mails[0].data)[0]["Subject"], sink.mails)


def stop_at(w, call, number):
    """The service, killed by its N-th call of that name. What it was doing when it ended by itself is how the sweep knows that it is through."""
    folder = w.folder / "strace"
    folder.mkdir(exist_ok=True)
    log = open(folder / "log", "ab")
    p = subprocess.Popen(["strace", "-f", "-o", "/dev/null", "-e", "trace=" + call, "-e", "inject=%s:signal=KILL:when=%d" % (call, number),
                          ADIEUD, "-c", str(w.config)], env=w.env, cwd=w.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if p.poll() is not None:
            log.close()
            # A role that may end the mail does so without it.
            eventually("no role is left", lambda: not left(folder / "log"))
            return True
        if store(w).exists() and done(w):
            break
        time.sleep(0.02)
    children = pathlib.Path("/proc/%d/task/%d/children" % (p.pid, p.pid)).read_text().split()
    for child in children:
        os.kill(int(child), signal.SIGTERM)
    p.wait(PATIENCE)
    log.close()
    return False


def left(log):
    """Who has that file for what it complains."""
    found = []
    for p in pathlib.Path("/proc").iterdir():
        try:
            found += [p.name] if p.name.isdigit() and os.readlink(p / "fd/2") == str(log) else []
        except OSError:
            pass
    return found


def done(w):
    db = sqlite3.connect("file:%s?mode=ro" % store(w), uri=True, timeout=10)
    try:
        return db.execute("SELECT count(*) FROM outbox WHERE state = 2").fetchone()[0] == 1
    except sqlite3.OperationalError:
        return False
    finally:
        db.close()


@case("killed at its writes one after the other, from the start to the end of sending: one digest, or two and it is said")
def sweep(w):
    if not shutil.which("strace") or tap.sanitized():
        raise Skip("no strace here, or a program with a sanitizer")
    if subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True).returncode != 0:
        raise Skip("strace may not trace here")
    with Sink() as sink:
        prepare(w, sink.port)
        w.mail("a", letter(1))
        first_run(w)
        saved = w.folder / "saved"
        shutil.copytree(w.folder / "state", saved)
        calls, twice = 0, 0
        for call in ("pwrite64", "fdatasync"):
            number, step = 1, 1 if os.environ.get("ADIEU_TEST_ALL") == "1" else 4 if call == "pwrite64" else 2
            while True:
                shutil.rmtree(w.folder / "state")
                shutil.copytree(saved, w.folder / "state")
                before = len(sink.mails)
                if not stop_at(w, call, number):
                    equal(len(sink.mails) - before, 1)
                    break
                s = Service(w)
                comes(s, "after %s %d: the digest, whatever became of it" % (call, number),
                      lambda: [st for st in states(w) if st in (("digest", "sent"), ("digest", "unknown"))])
                equal(s.end(), 0)
                if states(w) == [("digest", "unknown")]:
                    change(w, "UPDATE outbox SET changed_at = changed_at - 1201")
                    s = Service(w)
                    comes(s, "the digest", lambda: states(w) == [("digest", "sent")])
                    equal(s.end(), 0)
                mails = sink.mails[before:]
                equal(len({read(m.data)[0]["Message-ID"] for m in mails}), 1, "%s %d" % (call, number))
                true(all("m1@dupont.example" in read(m.data)[1] for m in mails), mails)
                unsure = [o["unsure"] for o in outbox(w)]
                true(len(mails) == 1 or (len(mails) == 2 and unsure == [1]), call, number, len(mails), unsure)
                twice += len(mails) == 2
                calls += 1
                number += step
        true(calls > 10, "only %d points" % calls)
        print("# %d points, %d of them with a mail that came twice and is said to" % (calls, twice))


@case("a full disk: nothing is lost, nothing is sent twice, and it goes on by itself when there is room")
def full_disk(w):
    if os.geteuid() != 0:
        raise Skip("mounting wants root")
    top = w.folder / "state"
    top.mkdir(exist_ok=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(top)], capture_output=True).returncode != 0:
        raise Skip("cannot mount here")
    s = None
    try:
        with Sink() as sink:
            prepare(w, sink.port, mode="alert")
            s = Service(w)
            s.rests()
            ballast = top / "ballast"
            with open(ballast, "wb", buffering=0) as f:
                try:
                    for size in (65536, 4096, 1):
                        while True:
                            f.write(b"x" * size)
                except OSError:
                    pass
            # As many as one mail names.
            for n in range(1, 21):
                w.mail("!m%d" % n, letter(n, ago=0))
            s.hears("the last pass failed")
            before = len(sink.mails)
            ballast.unlink()

            def all_told():
                return sum(("m%d@dupont.example" % n).encode() in b"".join(m.data for m in sink.mails) for n in range(1, 21)) == 20
            comes(s, "all of it", all_told)
            comes(s, "rest", lambda: {st for _, st in states(w)} == {"sent"})
            equal(s.end(), 0)
            s = None
            texts = [read(m.data)[1] for m in sink.mails]
            for n in range(1, 21):
                equal(sum("<m%d@dupont.example>" % n in t for t in texts), 1, "message %d, %d mails before" % (n, before))
    finally:
        if s:
            s.end(signal.SIGKILL)
        subprocess.run(["umount", "-l", str(top)])


if __name__ == "__main__":
    tap.main()
