#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""adieud without systemd: what it notifies, that it tells what lands, once, over restarts, reloads and kills; and that it ends at once."""
import datetime
import fcntl
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import tap  # noqa: E402
from service import ADIEUD, Service, evening_mail, told  # noqa: E402
from tap import PATIENCE, SLOW, case, equal, eventually, true  # noqa: E402


@case("ready, a status that says something, stopping, exit 0")
def lifecycle(w):
    s = Service(w)
    s.hears("READY=1")
    s.rests()
    equal(s.end(), 0)
    true("sources read" in " ".join(s.said), s.said)
    true(any(line == "STOPPING=1" for line in s.said), s.said)
    equal(told(w), [])


@case("a mail that lands is told, with its evidence, and never again")
def lands(w):
    s = Service(w)
    s.rests()
    w.mail("!1.x", evening_mail(1, 7))
    alerts = eventually("an alert", lambda: told(w))
    equal([a["rule"] for a in alerts], ["after-hours-contact"])
    equal(alerts[0]["evidence"][0]["message_id"], "night1@dupont.example")
    # The mail program moves it, and marks it read: nothing is new.
    os.rename(w.folder / "Maildir/new/1.x", w.folder / "Maildir/cur/1.x:2,S")
    w.mail("!2.x", evening_mail(2, 14))
    alerts = eventually("the other one", lambda: len(told(w)) == 2 and told(w))
    equal(alerts[1]["count"], 2)
    equal(s.end(), 0)
    # Another start tells nothing of what was told.
    s = Service(w)
    s.rests()
    equal(s.end(), 0)
    equal(len(told(w)), 2)
    # What the journal gets holds no mail content and nobody's address.
    true("Secret" not in s.errors() and "jean@" not in s.errors(), s.errors())


@case("folders made later, moved away and made again are watched")
def folders(w):
    s = Service(w)
    s.rests()
    w.mail(".Clients.Dupont/!1.x", evening_mail(1, 7))
    eventually("in a new folder", lambda: len(told(w)) == 1)
    os.rename(w.folder / "Maildir/new", w.folder / "Maildir/old")
    w.mail("!2.x", evening_mail(2, 14))
    eventually("in a folder made again", lambda: len(told(w)) == 2)
    equal(s.end(), 0)


@case("a store that another process holds for a while when it starts: it waits, and ends when it is asked to")
def held_store(w):
    s = Service(w)
    s.rests()
    equal(s.end(), 0)
    # As SQLite holds it while a log is put into the file (sqlite3.c, SHARED_FIRST): nobody may read.
    with open(w.folder / "state" / "adieu" / "adieu.db", "rb+") as f:
        fcntl.lockf(f, fcntl.LOCK_EX, 510, 0x40000002)
        s = Service(w)
        blocked = pathlib.Path("/proc/%d/status" % s.process.pid)
        eventually("signals are heard", lambda: int(blocked.read_text().split("SigBlk:")[1].split()[0], 16) & 1 << signal.SIGTERM - 1)
        equal(s.end(), 0)
        s = Service(w)
        # Longer than a command waits.
        r = w.run("status")
        true(r.returncode == 1 and "another adieu" in r.stderr, r)
        time.sleep(2)
        equal(s.process.poll(), None)
        fcntl.lockf(f, fcntl.LOCK_UN, 510, 0x40000002)
    s.rests()
    equal(s.end(), 0)


@case("what came while it was killed is told by the next start, once")
def killed(w):
    for n in range(1, 4):
        s = Service(w)
        s.hears("READY=1")
        w.mail("!%d.x" % n, evening_mail(n, 7 * n))
        if n % 2:
            s.rests()
        s.end(signal.SIGKILL)
    s = Service(w)
    s.rests()
    equal(s.end(), 0)
    breaches = [e["breach"] for a in told(w)[-1:] for e in a["evidence"]]
    equal(len(breaches), 3)
    equal(len(set(breaches)), 3)


@case("a reload takes the new configuration whole, or keeps the old and says so")
def reload(w):
    s = Service(w)
    s.rests()
    good = w.config.read_text()
    w.config.write_text(good + "nonsense: true\n")
    n = len(s.listen())
    s.process.send_signal(signal.SIGHUP)
    s.hears("the old one stays", n)
    true(any(line.startswith("MONOTONIC_USEC=") for line in s.said[n:]), s.said)
    s.hears("READY=1", n)
    true("RELOADING=1" in s.said[n:] and "READY=1" in s.said[n:], s.said)
    true("unknown-key" in s.errors(), s.errors())
    check = w.run("rules", "check")
    equal(check.returncode, 1)
    w.mail("!1.x", evening_mail(1, 7))
    eventually("an alert by the old rules", lambda: len(told(w)) == 1)
    # A rule of the owner's own, read by the next reload.
    w.config.write_text(good)
    w.write("rules.d/mine.yaml", b"version: 1\nrules: [{id: mine, title: Mine, mode: alert, match: {fact: message.received}}]\n")
    n = len(s.listen())
    s.process.send_signal(signal.SIGHUP)
    s.hears("alerts open", n)
    eventually("an alert by the new rule", lambda: [a for a in told(w) if a["rule"] == "mine"])
    w.write("rules.d/mine.yaml", b"version: 1\nrules: [{id: mine, match: {fact: mesage.received}}]\n")
    n = len(s.listen())
    s.process.send_signal(signal.SIGHUP)
    s.hears("the old one stays", n)
    true("did you mean" in s.errors(), s.errors())
    equal(s.end(), 0)


@case("an absence is told when its deadline passes, though nothing changes")
def deadline(w):
    w.write("rules.d/mine.yaml", b"version: 1\nrules: [{id: mine, title: Mine, mode: alert, sequence: {same: [thread_id], steps: "
                                 b"[{fact: message.sent}, {absent: message.received, within: 1h}]}}]\n")
    # Asked so long ago that the time for an answer runs out a few seconds from now, or later where the first pass takes as long as that.
    for wait in (3, 12, 48):
        asked = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) - datetime.timedelta(hours=1) + datetime.timedelta(seconds=wait)
        stamp = asked.strftime("%a, %d %b %Y %H:%M:%S +0000")
        w.mail("1.x", ("From: Camille <camille@studio.example>\nTo: jean@dupont.example\nSubject: Question\nDate: %s\n"
                       "Message-ID: <q@studio.example>\n\nCould you send me the texts, please?\n" % stamp).encode())
        s = Service(w)
        s.rests()
        if any("0 alerts open" in line for line in s.listen()):
            break
        equal(s.end(), 0)
        shutil.rmtree(w.folder / "state")
    s.hears("0 alerts open")
    eventually("the deadline", lambda: [a["rule"] for a in told(w)] == ["mine"])
    equal(s.end(), 0)


@case("the watchdog is answered from the loop")
def watchdog(w):
    s = Service(w, WATCHDOG_USEC="400000")
    s.rests()
    n = len(s.listen())
    s.hears("WATCHDOG=1", n)
    equal(s.end(), 0)


@case("a stop in the middle of a long pass ends it, and the next start goes on")
def stop_in_the_middle(w):
    for i in range(400 if SLOW else 1500):
        w.mail("%d.x" % i, evening_mail(i, 7))
    s = Service(w)
    s.hears("READY=1")
    equal(s.end(), 0)
    s = Service(w)
    s.rests()
    equal(s.end(), 0)
    equal(told(w)[-1]["count"], 400 if SLOW else 1500)


@case("a configuration with faults, and words on the command line, are told and end it")
def bad_start(w):
    w.config.write_text(w.config.read_text() + "nonsense: true\n")
    s = Service(w)
    equal(s.process.wait(PATIENCE), 1)
    true("unknown-key" in s.errors(), s.errors())
    true("READY=1" not in s.listen(), s.said)
    r = subprocess.run([ADIEUD, "extra"], capture_output=True, text=True, env=w.env)
    equal(r.returncode, 2)
    r = subprocess.run([ADIEUD, "--help"], capture_output=True, text=True, env=w.env)
    equal(r.returncode, 0)
    true("adieud [-c FILE]" in r.stdout, r.stdout)


@case("a start over a faulty configuration goes on with the last that had no fault, and says so, until it is mended")
def start_over_faults(w):
    good = w.config.read_text()
    rules, clients = w.folder / "rules.d", w.folder / "clients.d"
    rules.mkdir(), clients.mkdir()
    (rules / "own.yaml").write_text("version: 1\nlists: {names: {words: [Jean], file: more.txt}}\nrules:\n"
                                    "  - {id: own, title: {en: Own rule}, match: {fact: message.received}}\n")
    (rules / "more.txt").write_text("Marie\n")
    s = Service(w)
    s.rests()
    equal(s.end(), 0)
    kept = w.folder / "state" / "adieu" / "last-good.json"
    kept = kept if kept.exists() else next(w.folder.rglob("last-good.json"))
    equal(kept.stat().st_mode & 0o777, 0o600)
    names = [os.path.basename(f["path"]) for f in json.loads(kept.read_text())]
    equal(names, [os.path.basename(w.config), "own.yaml", "more.txt"])

    # A mistyped key, a rule that is none, a new file of clients that is cut off, and words that are gone: none of it counts.
    w.config.write_text(good + "nonsense: true\n")
    (rules / "own.yaml").write_text("version: 1\nrules: [{id: own")
    (clients / "new.yaml").write_text("clients: [{id:")
    (rules / "more.txt").unlink()
    w.mail("1.x", evening_mail(1, 7))
    s = Service(w)
    s.rests()
    true("nonsense" in s.errors() and "the old one stays in force" in s.errors(), s.errors())
    true(any(line.startswith("STATUS=") and "faults" in line for line in s.listen()), s.said)
    equal(sorted(a["rule"] for a in told(w)), ["after-hours-contact", "own"])
    equal(json.loads(kept.read_text())[0]["text"], good)

    w.config.write_text(good)
    (rules / "own.yaml").unlink()
    (clients / "new.yaml").unlink()
    s.process.send_signal(signal.SIGHUP)
    eventually("the mended one in force", lambda: "configuration read again" in s.errors())
    eventually("kept", lambda: len(json.loads(kept.read_text())) == 1)
    equal(s.end(), 0)


@case("what was kept is damaged, or has a fault of its own: then a faulty configuration ends it")
def nothing_to_go_on_with(w):
    good = w.config.read_text()
    s = Service(w)
    s.rests()
    equal(s.end(), 0)
    kept = next(w.folder.rglob("last-good.json"))
    w.config.write_text(good + "nonsense: true\n")
    for damage in ("", "[", "[]", "{}", '[{"path": 1}]', json.dumps([{"path": str(w.config), "text": "owner: 1\n"}])):
        kept.write_text(damage)
        s = Service(w)
        equal(s.process.wait(PATIENCE), 1)
    kept.unlink()
    s = Service(w)
    equal(s.process.wait(PATIENCE), 1)


@case("an account whose password command is not there, or whose server is not, holds up neither the others nor the alerts")
def account_fails(w):
    text = w.config.read_text()
    w.config.write_text(text.replace("sources:\n", 'sources:\n  - {imap: "imaps://bob@localhost:1", password: {command: [/nonexistent/x]}}\n'
                                     '  - {imap: "imaps://eve@localhost:1", password: {command: [echo, x]}}\n', 1))
    w.mail("1.x", evening_mail(1, 7))
    s = Service(w)
    s.rests()
    equal(len(told(w)), 1)
    eventually("the fault is told", lambda: '"/nonexistent/x" cannot be run' in s.errors())
    w.mail("2.x", evening_mail(2, 14))
    eventually("the next is told", lambda: len(told(w)) == 2)
    equal(s.end(), 0)


@case("nothing is written to the sources")
def read_only(w):
    w.mail("1.x", evening_mail(1, 7))
    before = w.sources()
    s = Service(w)
    s.rests()
    equal(s.end(), 0)
    equal(w.sources(), before)


if __name__ == "__main__":
    tap.main()
