#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What adieud bears: a stop in the middle of anything, quiet hours, floods, roles that cannot start, folders that come and go."""
import json
import math
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import smtpsink  # noqa: E402
import tap  # noqa: E402
from service import Service, evening_mail, told  # noqa: E402
from tap import SLOW, Skip, case, equal, eventually, true  # noqa: E402

def read_proc(pid, name):
    """Empty when it ends just now."""
    try:
        return pathlib.Path("/proc/%s/%s" % (pid, name)).read_bytes()
    except OSError:
        return b""


def children(pid):
    return [int(p) for p in read_proc(pid, "task/%d/children" % pid).split()]


def role(pid):
    """A role of it that has begun."""
    for child in children(pid):
        if b"--role=parse" in read_proc(child, "cmdline"):
            return child
    return None


def alive_in(group):
    """What was killed may wait for whoever looks after orphans here."""
    pids = subprocess.run(["pgrep", "-g", str(group)], capture_output=True, text=True).stdout.split()
    return [p for p in pids if b"State:" in read_proc(p, "status") and not re.search(rb"State:\s[ZX]", read_proc(p, "status"))]


def stops(s):
    """The promise is two seconds; what is waited for here never comes, so that whoever waits for it fails, on however busy a machine."""
    begun = time.monotonic()
    equal(s.end(), 0)
    print("#   stopped after %.2f s" % (time.monotonic() - begun))


def big_mailbox(w):
    n = 400 if SLOW else 2500
    for i in range(n):
        w.mail("%d.x" % i, evening_mail(i, 7))
    return n


# --- stops


@case("a stop while a big mailbox is read; the next start goes on, and misses nothing")
def stop_reading(w):
    n = big_mailbox(w)
    s = Service(w)
    eventually("a role at work", lambda: role(s.process.pid))
    stops(s)
    s = Service(w)
    s.rests()
    equal(s.end(), 0)
    equal(told(w)[-1]["count"], n)


@case("a stop while a role does not answer")
def stop_stopped_role(w):
    big_mailbox(w)
    s = Service(w)
    os.kill(eventually("a role at work", lambda: role(s.process.pid)), signal.SIGSTOP)
    stops(s)
    eventually("no role is left", lambda: not role_left(w))


def role_left(w):
    log = str(w.folder / "log")
    for p in pathlib.Path("/proc").iterdir():
        try:
            if p.name.isdigit() and os.readlink(p / "fd/2") == log:
                return p.name
        except OSError:
            pass
    return None


@case("a stop while on_alert hangs and does not listen to signals: nothing of it is left")
def stop_command(w):
    script = w.write("tell", b"#!/bin/bash\ntrap '' TERM\ntouch \"$(dirname \"$0\")/runs\"\nsleep 1000 & sleep 1000\n")
    script.chmod(0o755)
    w.config.write_text(w.config.read_text() + "on_alert: ./tell\n")
    w.mail("1.x", evening_mail(1, 7))
    s = Service(w)
    eventually("it runs", (w.folder / "runs").exists)
    group = [c for c in children(s.process.pid) if b"tell" in read_proc(c, "cmdline")]
    equal(len(group), 1)
    stops(s)
    eventually("nothing of it is left", lambda: not alive_in(group[0]))


@case("a stop while another process holds the store, and a start that goes on when it lets go")
def stop_locked(w):
    s = Service(w)
    s.rests()
    store = sqlite3.connect(w.folder / "state/adieu/adieu.db", isolation_level=None)
    store.execute("BEGIN IMMEDIATE")
    w.mail("!1.x", evening_mail(1, 7))
    # It waits for a while, says so, and tries again.
    s.hears("the last pass failed")
    n = len(s.listen())
    store.execute("ROLLBACK")
    s.hears("1 alerts open", n)
    store.execute("BEGIN IMMEDIATE")
    w.mail("!2.x", evening_mail(2, 14))
    eventually("it waits for the store", lambda: "nanosleep" in pathlib.Path("/proc/%d/wchan" % s.process.pid).read_text())
    stops(s)
    store.close()
    s = Service(w)
    s.hears("1 alerts open")
    equal(s.end(), 0)
    equal(told(w)[-1]["count"], 2)


@case("a reload in the middle of a pass is heard at once; the pass goes on after it")
def reload_reading(w):
    n = big_mailbox(w)
    s = Service(w)
    os.kill(eventually("a role at work", lambda: role(s.process.pid)), signal.SIGSTOP)
    heard = len(s.listen())
    s.process.send_signal(signal.SIGHUP)
    s.hears("RELOADING=1", heard)
    s.hears("1 alerts open", heard)
    equal(s.end(), 0)
    equal(told(w)[-1]["count"], n)


# --- mails


def mails_to(w, sink):
    w.config.write_text(w.config.read_text() + "digest: {every: \"mon 08:00\", to: camille@studio.example, smtp: \"smtp://127.0.0.1:%d\", tls: none}\n" % sink.port)


@case("a stop while a mail server says nothing any more")
def stop_mailing(w):
    for step in ("greeting", "ehlo", "dot"):
        with smtpsink.Sink(stall=step) as sink:
            good = w.config.read_text()
            mails_to(w, sink)
            s = Service(w)
            s.rests()
            w.config.write_text(w.config.read_text() + "nonsense%s: true\n" % step)  # told by mail
            n = len(s.listen())
            s.process.send_signal(signal.SIGHUP)
            s.hears("the old one stays", n)
            eventually("a mail on its way to " + step, lambda: any(m for m in sink.log) if step != "greeting" else sink.sessions)
            stops(s)
            w.config.write_text(good)
    eventually("no role is left", lambda: not role_left(w))


@case("a faulty reload is mailed to the owner, once for each fault")
def reload_mailed(w):
    with smtpsink.Sink() as sink:
        mails_to(w, sink)
        good = w.config.read_text()
        s = Service(w)
        s.rests()

        def notices():
            return [m.data for m in sink.mails if b"nonsense" in m.data]
        for round, fault in enumerate(("nonsense: true\n", "nonsense: true\n", "more_nonsense: 1\n")):
            w.config.write_text(good + fault)
            n = len(s.listen())
            s.process.send_signal(signal.SIGHUP)
            s.hears("the old one stays", n)
            eventually("a mail", lambda: len(notices()) >= (1 if round < 2 else 2))
        equal(len(notices()), 2)
        true(b"adieu.yaml:" in notices()[0] and b"adieu rules check" in notices()[0], notices())
        equal(s.end(), 0)


# --- quiet


def switches(pid):
    """Times that it went to sleep or was made to wait: each waking up is one."""
    text = pathlib.Path("/proc/%d/status" % pid).read_text()
    return int(text.split("\nvoluntary_ctxt_switches:")[1].split()[0])


def rests_for_good(s, seconds):
    """Nothing wakes it for so long, sooner or later: mails that were due go first, what was watched for the first time is read once more, and whatever is
    mounted on this machine meanwhile (other tests do) is looked at. What wakes it up again and again never lets such a time pass."""
    def asleep():
        before = switches(s.process.pid)
        time.sleep(seconds)
        return switches(s.process.pid) == before and not children(s.process.pid)
    eventually("%d seconds in which nothing wakes it" % seconds, asleep)


@case("when nothing happens nothing wakes it up")
def quiet(w):
    w.mail("1.x", evening_mail(1, 7))
    (w.folder / "mbox").write_bytes(b"From a@b Thu Jan  1 00:00:00 2026\n" + evening_mail(2, 14))
    w.source("{mbox: mbox}")
    w.source("{maildir: not/yet/there}")
    sink = smtpsink.Sink()
    mails_to(w, sink)
    s = Service(w)
    s.rests()
    rests_for_good(s, 5)
    # Neighbours of an mbox are no reason to read.
    n = len(s.listen())
    (w.folder / "neighbour").write_text("x")
    (w.folder / "not-yet").mkdir()
    time.sleep(1)
    equal(s.listen()[n:], [])
    with open(w.folder / "mbox", "ab") as f:
        f.write(b"\nFrom a@b Thu Jan  1 00:00:00 2026\n" + evening_mail(3, 21))
    s.hears("alerts open", n)
    eventually("told", lambda: told(w)[-1]["count"] == 3)
    equal(s.end(), 0)


# --- floods


@case("more changes than the kernel keeps: what they hid is read")
def overflow(w):
    limit = int(pathlib.Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if limit > 200000:
        raise Skip("the queue of inotify is longer than a test should be")
    s = Service(w)
    s.rests()
    eventually("nothing at work", lambda: not children(s.process.pid))
    s.process.send_signal(signal.SIGSTOP)
    new = w.folder / "Maildir/new"
    for i in range(limit // 2 + 100):  # each is made and goes: two events at least
        os.close(os.open(new / ("flood%d" % i), os.O_CREAT | os.O_WRONLY))
        os.unlink(new / ("flood%d" % i))
    w.mail(".Later/!1.x", evening_mail(1, 7))
    s.process.send_signal(signal.SIGCONT)
    eventually("what came when nothing was kept any more", lambda: len(told(w)) == 1)
    w.mail(".Later/!2.x", evening_mail(2, 14))
    eventually("what comes after it", lambda: len(told(w)) == 2)
    equal(s.end(), 0)


@case("thousands of alerts at once are each told once")
def many_alerts(w):
    n = 300 if SLOW else 10000
    clients = "".join("  - {id: c%d, match: \"@c%d.example\"}\n" % (i, i) for i in range(n))
    w.write("clients.d/many.yaml", ("clients:\n" + clients).encode())
    mails = []
    for i in range(n):
        mails.append(b"From a@b Thu Jan  1 00:00:00 2026\n" + evening_mail(i, 7).replace(b"dupont.example", b"c%d.example" % i))
    (w.folder / "mbox").write_bytes(b"\n".join(mails))
    w.source("{mbox: mbox}")
    # A stop while they are told takes back what was written of them, unless all were.
    out = w.folder / "state/adieu/alerts.jsonl"
    s = Service(w)
    eventually("the first of them", lambda: s.listen() is not None and out.exists() and out.stat().st_size > 0)
    stops(s)
    print("#   %d bytes left" % out.stat().st_size)
    s = Service(w)
    s.hears("%d alerts open" % n)
    equal(s.end(), 0)
    lines = (w.folder / "state/adieu/alerts.jsonl").read_text().splitlines()
    equal((len(lines), len({json.loads(line)["id"] for line in lines})), (n, n))


# --- what does not work


@case("roles that die at each start are not started for ever: ever longer pauses, said in the status, over when they live again")
def dying_roles(w):
    zones = w.folder / "zoneinfo"
    shutil.copytree("/usr/share/zoneinfo", zones, symlinks=True)
    w.env["TZDIR"] = str(zones)
    s = Service(w)
    s.rests()
    os.rename(zones, w.folder / "away")
    w.mail("!1.x", evening_mail(1, 7))
    s.hears("the last pass failed")
    # Changes do not make it try faster: after two seconds, then after twice as long each time, some roles a pass.
    begun = time.monotonic()
    starts = s.errors().count("lock itself in") + s.errors().count("cannot load the time zones")
    for i in range(40):
        w.mail("!%d.y" % i, evening_mail(100 + i, 7))
        time.sleep(0.05)
    more = s.errors().count("lock itself in") + s.errors().count("cannot load the time zones") - starts
    true(starts + more > 0, s.errors()[-2000:])
    tries = 1 + int(math.log2(1 + (time.monotonic() - begun) / 2))
    true(more <= 6 * tries, more, s.errors()[-2000:])
    os.rename(w.folder / "away", zones)
    eventually("told", lambda: told(w))
    equal(s.end(), 0)


@case("a folder on a file system that goes and comes back")
def mounts(w):
    mail = w.folder / "mounted"
    mail.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(mail)], capture_output=True).returncode != 0:
        raise Skip("nothing can be mounted here")
    other = w.folder / "aside"
    other.mkdir()
    try:
        for d in ("cur", "new", "tmp"):
            (mail / d).mkdir()
        w.source("{maildir: mounted}")
        s = Service(w)
        s.hears("3 of 3 sources read")
        subprocess.run(["mount", "--make-private", str(mail)], capture_output=True)
        equal(subprocess.run(["mount", "--bind", str(mail), str(other)]).returncode, 0)
        # What is read just now is busy.
        eventually("unmounted", lambda: subprocess.run(["umount", str(mail)], capture_output=True).returncode == 0)
        s.hears("2 of 3 sources read")
        (other / "new/1.x").write_bytes(evening_mail(1, 7))
        equal(subprocess.run(["mount", "--bind", str(other), str(mail)]).returncode, 0)
        eventually("told after it was mounted", lambda: told(w))
        (mail / "new/2.x").write_bytes(evening_mail(2, 14))
        eventually("watched again", lambda: told(w)[-1]["count"] == 2)
        equal(s.end(), 0)
    finally:
        for folder in (mail, other, mail):
            subprocess.run(["umount", "-l", str(folder)], capture_output=True)


@case("a source several folders below what is there is read as soon as it appears")
def appears(w):
    w.source("{maildir: not/yet/there}")
    s = Service(w)
    s.hears("alerts open")
    w.mail("../not/yet/there/!1.x", evening_mail(1, 7))
    eventually("told", lambda: told(w))
    w.mail("../not/yet/there/.Sub/!2.x", evening_mail(2, 14))
    eventually("a folder of it, too", lambda: told(w)[-1]["count"] == 2)
    equal(s.end(), 0)


if __name__ == "__main__":
    tap.main()
