#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alerts out of adieud: the file of JSON lines, the program of `on_alert:`, the bus. What cannot be told is told later, and said meanwhile."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import case as cases  # noqa: E402
import tap  # noqa: E402
from service import ADIEUD, Service, evening_mail, told  # noqa: E402
from tap import PATIENCE, case, equal, eventually, true  # noqa: E402

def configure(w, text):
    w.config.write_text(w.config.read_text() + text)


def script(w, name, text):
    path = w.write(name, ("#!/bin/bash\n" + text).encode())
    path.chmod(0o755)
    return path


def lines(path):
    """Whole ones; what is written just now is not."""
    return [json.loads(line) for line in path.read_text().splitlines(True) if line.endswith("\n")] if path.exists() else []


# --- the file


@case("alerts_file: beside the configuration, rotated under the service, with and without a signal")
def alerts_file(w):
    configure(w, "alerts_file: out.jsonl\n")
    s = Service(w)
    s.rests()
    out = w.folder / "out.jsonl"
    w.mail("!1.x", evening_mail(1, 7))
    eventually("the first", lambda: len(lines(out)) == 1)
    equal(out.stat().st_mode & 0o777, 0o600)
    os.rename(out, w.folder / "out.1")
    w.mail("!2.x", evening_mail(2, 14))
    eventually("the second, in a new file", lambda: len(lines(out)) == 1)
    os.rename(out, w.folder / "out.2")
    s.process.send_signal(signal.SIGHUP)
    w.mail("!3.x", evening_mail(3, 21))
    eventually("the third, after a signal", lambda: len(lines(out)) == 1)
    equal(s.end(), 0)
    equal([len(lines(w.folder / n)) for n in ("out.1", "out.2")], [1, 1])
    true(not (w.folder / "state/adieu/alerts.jsonl").exists())


@case("alerts that cannot be written are not told: said in the status, told as soon as they can be")
def alerts_file_fails(w):
    configure(w, "alerts_file: there/out.jsonl\n")
    s = Service(w)
    s.rests()
    w.mail("!1.x", evening_mail(1, 7))
    s.hears("the last pass failed: cannot write")
    (w.folder / "there").mkdir()
    out = w.folder / "there/out.jsonl"
    n = len(s.listen())
    eventually("told later", lambda: len(lines(out)) == 1)
    s.hears("alerts open", n)
    equal(s.end(), 0)
    # One try a pass, and the journal hears of the alert only when it was written.
    true(s.errors().count("Dupont SARL: ") <= 1, s.errors())


@case("a pipe is no file for alerts, and a line that was torn by a crash spoils no other")
def alerts_file_kinds(w):
    configure(w, "alerts_file: out.jsonl\n")
    out = w.folder / "out.jsonl"
    os.mkfifo(out)
    w.mail("!1.x", evening_mail(1, 7))
    s = Service(w)
    s.hears("not a regular file")
    out.unlink()
    out.write_text('{"torn": ')
    eventually("a whole line", lambda: out.read_text().count("\n") == 2)
    equal(json.loads(out.read_text().splitlines()[1])["rule"], "after-hours-contact")
    equal(s.end(), 0)


# --- the program


@case("on_alert: the alert on standard input, nothing else of the service, one at a time, told once")
def on_alert(w):
    path = script(w, "tell", """cd "$(dirname "$0")" || exit 1
mkdir busy || exit 1
cat >>out.jsonl
env >environment
ls /proc/self/fd | wc -l >descriptors
grep -E 'NoNewPrivs' /proc/self/status >status
ps -o pgid= -p $$ >group 2>/dev/null; echo $$ >pid
ulimit -c >core
rmdir busy
echo done
""")
    configure(w, "on_alert: [./tell, argument]\n")
    for n in range(1, 4):
        w.mail("!%d.x" % n, evening_mail(n, 7 * n))
    s = Service(w)
    out = w.folder / "out.jsonl"
    eventually("an alert", lambda: len(lines(out)) == 1)
    a = lines(out)[0]
    equal((a["rule"], a["client"], a["count"]), ("after-hours-contact", "dupont", 3))
    w.mail("!4.x", evening_mail(4, 28))
    eventually("the news of it", lambda: len(lines(out)) == 2)
    equal(lines(out)[1]["count"], 4)
    true(path.exists())
    eventually("its end", lambda: not (w.folder / "busy").exists() and (w.folder / "core").exists())
    names = sorted(line.split("=")[0] for line in (w.folder / "environment").read_text().splitlines())
    equal([n for n in names if n not in ("_", "SHLVL", "PWD", "OLDPWD")], ["HOME", "LANG", "PATH"])
    # 0, 1, 2 and the folder that ls itself opened.
    equal((w.folder / "descriptors").read_text().strip(), "4")
    equal((w.folder / "status").read_text().split(), ["NoNewPrivs:", "1"])
    equal((w.folder / "core").read_text().strip(), "0")
    group = (w.folder / "group").read_text().strip()
    true(group in ("", (w.folder / "pid").read_text().strip()), group)
    n = len(s.listen())
    s.process.send_signal(signal.SIGHUP)
    s.hears("alerts open", n)
    equal(s.end(), 0)
    s = Service(w)
    s.rests()
    equal(s.end(), 0)
    equal(len(lines(out)), 2)


@case("on_alert: what fails is said without words of mail and told again")
def on_alert_fails(w):
    script(w, "tell", """cd "$(dirname "$0")"
echo run >>runs
[ -e fine ] || { cat; exit 3; }
cat >>out.jsonl
""")
    configure(w, "on_alert: ./tell\n")
    w.mail("!1.x", evening_mail(1, 7))
    s = Service(w)
    eventually("a failure", lambda: "ended with 3" in s.errors())
    # It printed the alert: its words are not for the journal.
    true("Secret" not in s.errors() and "ended with 3\n" in s.errors(), s.errors())
    equal((w.folder / "runs").read_text().count("run"), 1)
    (w.folder / "fine").touch()
    # The next try is seconds away; a reload asks at once.
    s.process.send_signal(signal.SIGHUP)
    eventually("told", lambda: len(lines(w.folder / "out.jsonl")) == 1)
    equal(s.end(), 0)


@case("on_alert: a program that is not there, or is ended by a signal, is said; the service goes on")
def on_alert_missing(w):
    configure(w, "on_alert: [no-such-program-at-all]\n")
    w.mail("!1.x", evening_mail(1, 7))
    s = Service(w)
    eventually("a failure", lambda: "no-such-program-at-all ended with 127: cannot run" in s.errors())
    script(w, "tell", "kill -9 $$\n")
    w.config.write_text(w.config.read_text().replace("[no-such-program-at-all]", "./tell"))
    s.process.send_signal(signal.SIGHUP)
    eventually("another failure", lambda: "was ended by signal 9" in s.errors())
    w.mail("!2.x", evening_mail(2, 14))
    eventually("lines go on", lambda: len(told(w)) == 2)
    equal(s.end(), 0)


@case("on_alert: killed in the middle, the service tells the program again")
def on_alert_killed(w):
    script(w, "tell", """cd "$(dirname "$0")"
echo run >>runs
[ -e fine ] || exec sleep 100
cat >>out.jsonl
""")
    configure(w, "on_alert: ./tell\n")
    w.mail("!1.x", evening_mail(1, 7))
    s = Service(w)
    eventually("a run", lambda: (w.folder / "runs").exists())
    s.end(signal.SIGKILL)
    (w.folder / "fine").touch()
    s = Service(w)
    eventually("told", lambda: len(lines(w.folder / "out.jsonl")) == 1)
    equal(s.end(), 0)
    equal((w.folder / "runs").read_text().count("run"), 2)
    # Nothing is left of the first.
    eventually("nothing of the first is left", lambda: not sleepers(w))


def sleepers(w):
    found = []
    for p in subprocess.run(["pgrep", "-fx", "sleep 100"], capture_output=True, text=True).stdout.split():
        try:
            found += [p] if os.readlink("/proc/%s/cwd" % p) == str(w.folder) else []
        except OSError:  # another test's, which has ended
            pass
    return found


@case("on_alert: more alerts than are kept waiting are all told, once each")
def on_alert_many(w):
    script(w, "tell", 'cat >>"$(dirname "$0")/out.jsonl"\n')
    n = 40 if tap.SLOW else 300
    configure(w, "on_alert: ./tell\n")
    rules = "".join("  - {id: r%d, title: R, mode: alert, match: {fact: message.received}}\n" % i for i in range(n))
    w.write("rules.d/many.yaml", ("version: 1\nrules:\n" + rules).encode())
    w.mail("!1.x", evening_mail(1, 7))
    s = Service(w)
    seen = 0
    while seen < n + 1:  # each in its time, however busy the machine
        seen = eventually("one more", lambda: max(len(lines(w.folder / "out.jsonl")) - seen, 0)) + seen
    equal(s.end(), 0)
    equal(len(lines(w.folder / "out.jsonl")), n + 1)
    equal(len({a["id"] for a in lines(w.folder / "out.jsonl")}), n + 1)


# --- the bus


BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=%s</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
"""
NAME, PATH = "org.adieu.Service1", "/org/adieu/Service1"


class Bus:
    """A bus of its own."""

    def __init__(self, w):
        for tool in ("dbus-daemon", "busctl"):
            if not shutil.which(tool):
                raise tap.Skip("no " + tool)
        self.w, self.socket = w, w.folder / "bus"
        self.config = w.write("bus.conf", (BUS % self.socket).encode())
        self.environment = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=%s" % self.socket}
        w.env.update(self.environment)
        self.start()

    def start(self):
        self.process = subprocess.Popen(["dbus-daemon", "--config-file=%s" % self.config, "--nofork"], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually("a bus that listens", self.listens)

    def listens(self):
        with socket.socket(socket.AF_UNIX) as s:
            return s.connect_ex(str(self.socket)) == 0

    def stop(self):
        self.process.terminate()
        self.process.wait()
        if self.socket.exists():
            self.socket.unlink()

    def ctl(self, *arguments):
        return subprocess.run(["busctl", "--user", "--json=short", *arguments], env=dict(os.environ, **self.environment),
                              capture_output=True, text=True, timeout=PATIENCE)

    def call(self, method, name=NAME):
        return self.ctl("call", name, PATH, NAME, method)

    def there(self, name=NAME):
        return name in self.ctl("list", "--acquired").stdout

    def status(self, name=NAME):
        r = self.call("Status", name)
        equal(r.returncode, 0, r.stderr)
        return {k: v["data"] for k, v in json.loads(r.stdout)["data"][0].items()}


@case("the bus: introspection, Status, Scan, Reload with its fault, the signal Alert without words of mail")
def bus_methods(w):
    bus = Bus(w)
    monitor = subprocess.Popen(["busctl", "--user", "--json=short", "monitor", NAME], env=dict(os.environ, **bus.environment), stdin=subprocess.DEVNULL,
                               stdout=open(w.folder / "signals", "wb"), stderr=subprocess.DEVNULL)
    try:
        s = Service(w)
        s.rests()
        eventually("the name", bus.there)
        shown = bus.ctl("introspect", NAME, PATH, NAME).stdout
        members = {o["name"]: (o["type"], o["signature"]) for o in json.loads(shown)} if shown.startswith("[") else shown
        for member in ("Scan", "Reload", "Status", "Alert"):
            true(member in members, shown)
        status = bus.status()
        equal((status["alerts_open"], status["process"]), (0, s.process.pid))
        equal(status["configuration"], str(w.config))
        true(status["running_since"] <= status["last_pass"] < status["next_pass"], status)
        equal(sorted((kind, how) for kind, name, read, how, why in status["sources"]), [("calendar", "read"), ("maildir", "read")])
        n = len(s.listen())
        equal(bus.call("Scan").returncode, 0)
        s.hears("alerts open", n)
        eventually("the monitor", lambda: bus.call("Status").returncode == 0 and lines(w.folder / "signals"))
        w.mail("!1.x", evening_mail(1, 7))
        found = eventually("a signal", lambda: [m for m in lines(w.folder / "signals") if m.get("member") == "Alert"])
        fields = found[0]["payload"]["data"]
        equal(fields[1:5], ["after-hours-contact", "dupont", told(w)[0]["severity"], "one-off"])
        true("Secret" not in json.dumps(found) and "jean@" not in json.dumps(found), found)
        good = w.config.read_text()
        w.config.write_text(good + "nonsense: true\n")
        r = bus.call("Reload")
        true(r.returncode != 0 and "nonsense" in r.stderr and "adieu.yaml:" in r.stderr, r.stderr)
        true("nonsense" in bus.status()["configuration_fault"])
        w.config.write_text(good)
        equal(bus.call("Reload").returncode, 0)
        equal(bus.status()["configuration_fault"], "")
        equal(s.end(), 0)
    finally:
        monitor.terminate()
        monitor.wait()
        bus.stop()


@case("the bus: restarted under the service, and not there at all")
def bus_restarts(w):
    bus = Bus(w)
    try:
        s = Service(w)
        s.rests()
        eventually("the name", bus.there)
        bus.stop()
        w.mail("!1.x", evening_mail(1, 7))
        eventually("lines go on", lambda: len(told(w)) == 1)
        bus.start()
        eventually("the name again", bus.there)
        equal(bus.status()["alerts_open"], 1)
        equal(s.end(), 0)
        bus.stop()
        s = Service(w)
        s.rests()
        bus.start()
        # Who comes late is found by a reload at the latest.
        s.process.send_signal(signal.SIGHUP)
        eventually("the name", bus.there)
        equal(s.end(), 0)
    finally:
        bus.stop()


@case("adieu status asks the service that runs for the same configuration, and reads the store when none does")
def status_asks(w):
    bus = Bus(w)
    try:
        w.mail("1.x", evening_mail(1, 7))
        s = Service(w, XDG_STATE_HOME=str(w.folder / "elsewhere"))
        s.rests()
        eventually("the name", bus.there)
        r = w.run("status", "--json")
        equal(r.returncode, 0, r.stderr)
        objects = [json.loads(line) for line in r.stdout.splitlines()]
        equal([o["status"] for o in objects][:2], ["service", "totals"])
        # Its store, wherever that is.
        equal((objects[0]["process"], objects[1]["messages"], objects[0]["alerts_open"]), (s.process.pid, 1, 1))
        true(objects[0]["running_since"] <= objects[0]["last_pass"] < objects[0]["next_pass"], objects[0])
        text = w.run("status").stdout
        true(text.startswith("service   process %d, since " % s.process.pid), text)
        true("looks again by" in text, text)
        # A fault of the configuration is no reason to hide that the service goes on with the old one.
        w.config.write_text(w.config.read_text() + "nonsense: true\n")
        n = len(s.listen())
        s.process.send_signal(signal.SIGHUP)
        s.hears("the old one stays", n)
        r = w.run("status")
        equal(r.returncode, 1)
        true("the old one is in force" in r.stdout and "nonsense" in r.stdout, r.stdout)
        w.config.write_text(w.config.read_text().replace("nonsense: true\n", ""))
        # Of another configuration it says nothing.
        other = w.write("other.yaml", w.config.read_bytes())
        r = subprocess.run([cases.ADIEU, "-c", str(other), "status"], env=w.env, capture_output=True, text=True)
        true("service" not in r.stdout, r.stdout)
        equal(s.end(), 0)
        w.run("scan")
        true("service" not in w.run("status").stdout)
        # Without a bus: the lock of the store.
        bus.stop()
        s = Service(w)
        s.rests()
        true("process %d" % s.process.pid in w.run("status").stdout, w.run("status").stdout)
        equal(s.end(), 0)
    finally:
        bus.stop()


@case("several services on one bus have names of their own; of two for one store the second says so and ends")
def bus_instances(w):
    bus = Bus(w)
    try:
        s = Service(w, arguments=["--instance", "Camille-é"])
        s.rests()
        eventually("its name", lambda: bus.there(NAME + ".Camille_2d_c3_a9"))
        true(not bus.there(NAME + "\n"))
        equal(bus.status(NAME + ".Camille_2d_c3_a9")["process"], s.process.pid)
        r = subprocess.run([ADIEUD, "-c", str(w.config)], env=w.env, cwd=w.folder, capture_output=True, text=True, timeout=PATIENCE)
        equal(r.returncode, 1)
        true("another adieud (process %d)" % s.process.pid in r.stderr, r.stderr)
        equal(s.end(), 0)
    finally:
        bus.stop()


if __name__ == "__main__":
    tap.main()
