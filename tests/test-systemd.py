#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The units under a real systemd, booted in namespaces of its own: DynamicUser, the hardening, journal fields, reload, watchdog."""
import importlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import case as cases  # noqa: E402
import tap  # noqa: E402
from tap import Skip, case, equal, sanitized, true  # noqa: E402

service = importlib.import_module("test-service")
tap.CASES.clear()  # its own cases are its own test


BUILD = pathlib.Path(cases.ADIEU).parent
TESTS = pathlib.Path(__file__).resolve().parent
PREFIX = pathlib.Path("/usr/local")

CONFIG = """\
owner: {name: Camille, addresses: [camille@studio.example], time_zone: Europe/Paris, hours: {mon-fri: ["09:00-18:00"]}}
sources: [{maildir: /srv/mail}]
clients: [{id: dupont, name: Dupont SARL, match: ["@dupont.example"]}]
"""


class Machine:
    """A systemd with the units of this build."""

    def __init__(self, w):
        if os.geteuid() != 0:
            raise Skip("not root")
        if sanitized():
            raise Skip("a sanitizer does not bear the system call filter")
        for tool in ("unshare", "nsenter", "systemd-analyze", "/lib/systemd/systemd"):
            if not shutil.which(tool):
                raise Skip("no " + tool)
        self.folder = w.folder / "machine"
        for d in ("units", "cgroup", "mail/cur", "mail/new", "mail/tmp"):
            (self.folder / d).mkdir(parents=True)
        self.folder.chmod(0o755)
        w.folder.chmod(0o755)
        for name in ("adieu.service", "adieu@.service"):
            text = (BUILD / "contrib/systemd" / name).read_text()
            # Wherever this build is to be installed, here it lies below /usr/local.
            words = [word for word in text.split() if word.endswith("/adieud")]
            text = text.replace(words[0].split("=")[-1], str(PREFIX / "sbin/adieud"))
            (self.folder / "units" / name).write_text(text)
        for program in ("adieu", "adieud"):
            shutil.copy(BUILD / program, self.folder / program)
        shutil.copytree(w.env["ADIEU_PACKS"], self.folder / "packs")
        (self.folder / "adieu.yaml").write_text(CONFIG)
        cgroup = self.folder / "cgroup"
        if subprocess.run(["mount", "-t", "cgroup2", "cgroup2", str(cgroup)], capture_output=True).returncode != 0:
            raise Skip("no cgroup2 can be mounted here")
        self.cgroup = cgroup / ("adieu-test-%d" % os.getpid())
        self.cgroup.mkdir()
        command = "echo $$ >%s/cgroup.procs && exec unshare --fork --pid --mount --cgroup --ipc --uts --kill-child=KILL " \
            "--propagation private /bin/bash %s/systemd-pid1.sh %s" % (self.cgroup, TESTS, self.folder)
        self.process = subprocess.Popen(["/bin/bash", "-c", command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, start_new_session=True)
        self.pid1 = None

    def boot(self):
        end = time.monotonic() + service.PATIENCE
        while time.monotonic() < end and not self.pid1:
            if self.process.poll() is not None:
                raise Skip("systemd cannot be booted here: %s" % self.process.stdout.read().decode(errors="replace").strip()[-200:])
            children = subprocess.run(["pgrep", "-P", str(self.process.pid), "-x", "systemd"], capture_output=True, text=True).stdout.split()
            if children and os.path.exists("/proc/%s/root/run/systemd/private" % children[0]):
                self.pid1 = children[0]
            time.sleep(0.02)
        if not self.pid1:
            raise Skip("systemd does not boot here")
        self.run("systemctl", "is-system-running", "--wait", fine=(0, 1))
        share = PREFIX / "share/adieu"
        self.run("mkdir", "-p", str(share), "/etc/adieu")
        self.run("cp", "-r", "/test/packs", str(share))
        self.run("cp", "-r", "/test/mail", "/srv/mail")
        self.run("install", "-D", "-m755", "/test/adieud", str(PREFIX / "sbin/adieud"))
        self.run("cp", "/test/adieu.yaml", "/etc/adieu/adieu.yaml")
        # The build may look for its shipped rules elsewhere.
        self.run("sh", "-c", "mkdir -p /etc/systemd/system/adieu.service.d && "
                 "printf '[Service]\\nEnvironment=ADIEU_PACKS=%s/packs\\n' >/etc/systemd/system/adieu.service.d/packs.conf" % share)
        self.run("systemctl", "daemon-reload")

    def run(self, *command, fine=(0,)):
        r = subprocess.run(["nsenter", "-t", self.pid1, "-a", "--", "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
                            "SYSTEMD_PAGER=", *command], capture_output=True, text=True, errors="replace", timeout=service.PATIENCE)
        if r.returncode not in fine:
            raise AssertionError("%s: exit %d\n%s%s\n%s" % (" ".join(command), r.returncode, r.stdout, r.stderr, self.journal()))
        return r.stdout

    def journal(self):
        r = subprocess.run(["nsenter", "-t", self.pid1, "-a", "--", "journalctl", "-u", "adieu", "--no-pager", "-n", "40"],
                           capture_output=True, text=True, errors="replace")
        return r.stdout

    def show(self, what):
        return self.run("systemctl", "show", "adieu", "-p", what, "--value").strip()

    def deliver(self, name, data):
        (self.folder / name).write_bytes(data)
        self.run("sh", "-c", "cp /test/%s /srv/mail/tmp/ && chmod 644 /srv/mail/tmp/%s && mv /srv/mail/tmp/%s /srv/mail/new/" % (name, name, name))

    def alerts(self):
        lines = self.run("journalctl", "-o", "json", "--no-pager", "ADIEU_RULE=after-hours-contact", fine=(0, 1)).splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def end(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.kill()
        self.process.wait()
        if self.pid1:
            while os.path.exists("/proc/%s/status" % self.pid1) and "State:\tZ" not in pathlib.Path("/proc/%s/status" % self.pid1).read_text():
                time.sleep(0.01)
        for top, _, _ in os.walk(self.cgroup, topdown=False):
            try:
                os.rmdir(top)
            except OSError:
                pass
        subprocess.run(["umount", str(self.folder / "cgroup")], capture_output=True)


@case("enabled and started by one command, as a user of its own, locked in; alerts, reload, watchdog, stop")
def system_unit(w):
    m = Machine(w)
    try:
        m.boot()
        r = m.run("systemd-analyze", "verify", "--man=no", "adieu.service", "adieu@camille.service", fine=(0, 1))
        m.run("systemctl", "enable", "--now", "adieu")
        service.eventually("a first pass", lambda: "sources read" in m.show("StatusText"))
        equal(m.show("ActiveState"), "active")
        true(m.show("UID") not in ("0", ""), m.show("UID"))
        equal(m.run("stat", "-c", "%a", "/var/lib/private/adieu").strip(), "700")
        equal(m.run("stat", "-c", "%a", "/var/lib/private/adieu/adieu.db").strip(), "600")

        m.deliver("1.x", service.evening_mail(1, 7))
        alert = service.eventually("an alert in the journal", m.alerts)[0]
        equal(alert["ADIEU_CLIENT"], "dupont")
        equal(alert["MESSAGE_ID"], "4c7026bb2d7043078dc3a2a4130a261f")
        true("Secret" not in json.dumps(alert) and "jean@" not in json.dumps(alert), alert)

        m.run("sh", "-c", "echo 'nonsense: true' >>/etc/adieu/adieu.yaml")
        m.run("systemctl", "reload", "adieu")
        service.eventually("the old configuration kept", lambda: "the old one stays" in m.show("StatusText"))
        equal(m.show("ActiveState"), "active")
        m.run("cp", "/test/adieu.yaml", "/etc/adieu/adieu.yaml")
        m.run("systemctl", "reload", "adieu")
        service.eventually("a pass after the reload", lambda: "sources read" in m.show("StatusText"))

        # A service that hangs is started again, and tells nothing twice.
        m.run("sh", "-c", "mkdir -p /etc/systemd/system/adieu.service.d && "
              "printf '[Service]\\nWatchdogSec=1\\nRestartSec=100ms\\n' >/etc/systemd/system/adieu.service.d/watchdog.conf")
        m.run("systemctl", "daemon-reload")
        m.run("systemctl", "restart", "adieu")
        main = int(m.show("MainPID"))
        true(main > 1, main)
        m.run("kill", "-STOP", str(main))
        service.eventually("a restart", lambda: m.show("NRestarts") != "0" and m.show("ActiveState") == "active")
        service.eventually("a pass after it", lambda: "sources read" in m.show("StatusText"))
        equal(len(m.alerts()), 1)

        m.run("systemctl", "stop", "adieu")
        equal(m.show("ActiveState"), "inactive")
        equal(m.show("Result"), "success")
        true("Unknown" not in r, r)
    finally:
        m.end()


@case("the exposure of the units is what it is meant to be")
def exposure(w):
    if not shutil.which("systemd-analyze"):
        raise Skip("no systemd-analyze")
    for name in ("adieu.service", "adieu@.service"):
        unit = w.folder / name.replace("@", "@x")
        shutil.copy(BUILD / "contrib/systemd" / name, unit)
        r = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--threshold=15", str(unit)], capture_output=True, text=True)
        equal(r.returncode, 0, r.stdout[-300:] + r.stderr)


if __name__ == "__main__":
    tap.main()
