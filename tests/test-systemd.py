#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The units under a real systemd, booted in namespaces of its own: DynamicUser, the hardening, journal fields, reload, watchdog."""
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
import certificates  # noqa: E402
import smtpsink  # noqa: E402
import tap  # noqa: E402
from service import evening_mail  # noqa: E402
from tap import PATIENCE, Skip, case, equal, eventually, sanitized, true  # noqa: E402

BUILD = pathlib.Path(cases.ADIEU).parent
TESTS = pathlib.Path(__file__).resolve().parent
NAME, PATH = "org.adieu.Service1", "/org/adieu/Service1"

CONFIG = """\
owner: {name: Camille, addresses: [camille@studio.example], time_zone: Europe/Paris, hours: {mon-fri: ["09:00-18:00"]}}
sources: [{maildir: %s}]
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
        for d in ("dest", "cgroup", "mail/cur", "mail/new", "mail/tmp"):
            (self.folder / d).mkdir(parents=True)
        self.folder.chmod(0o755)
        w.folder.chmod(0o755)
        self.install()
        (self.folder / "adieu.yaml").write_text(CONFIG % "/srv/mail")
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

    def install(self):
        if not shutil.which("make"):
            raise Skip("no make")
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
        r = subprocess.run(["make", "-s", "-C", str(BUILD), "install", "DESTDIR=%s" % (self.folder / "dest")], env=environment,
                           capture_output=True, text=True)
        equal(r.returncode, 0, r.stderr[-1000:])
        programs = list((self.folder / "dest").glob("**/sbin/adieud"))
        equal(len(programs), 1)
        self.prefix = pathlib.Path("/") / programs[0].relative_to(self.folder / "dest").parent.parent
        for own in ("/tmp", "/var/tmp"):
            if str(self.prefix).startswith(own + "/"):
                raise Skip("this build is to be installed below %s, of which the units have one of their own" % own)
        for folder in self.prefix.parents:
            if folder.exists() and not folder.stat().st_mode & 0o001:
                raise Skip("this build is to be installed below %s, where only its owner may look" % folder)

    def boot(self):
        end = time.monotonic() + PATIENCE
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
        self.run("mkdir", "-p", "/etc/adieu", "/etc/systemd/user")
        # What systemd and the bus only look for below /usr, for builds with another prefix.
        units = self.prefix / "lib/systemd"
        if str(self.prefix) not in ("/usr", "/usr/local"):
            self.run("sh", "-c", "cp %s/system/* /etc/systemd/system/ && cp %s/user/* /etc/systemd/user/ && mkdir -p /etc/sysusers.d && "
                     "cp %s/lib/sysusers.d/* /etc/sysusers.d/ && cp %s/catalog/* /usr/lib/systemd/catalog/" % (units, units, self.prefix, units))
        if str(self.prefix) != "/usr":
            self.run("sh", "-c", "mkdir -p /etc/dbus-1/system.d && cp %s/share/dbus-1/system.d/* /etc/dbus-1/system.d/" % self.prefix)
        self.run("cp", "-r", "/test/mail", "/srv/mail")
        self.run("cp", "/test/adieu.yaml", "/etc/adieu/adieu.yaml")
        self.run("systemctl", "daemon-reload")

    def run(self, *command, fine=(0,)):
        r = subprocess.run(["nsenter", "-t", self.pid1, "-a", "--", "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
                            "SYSTEMD_PAGER=", *command], capture_output=True, text=True, errors="replace", timeout=PATIENCE)
        if r.returncode not in fine:
            raise AssertionError("%s: exit %d\n%s%s\n%s" % (" ".join(command), r.returncode, r.stdout, r.stderr, self.journal()))
        return r.stdout

    def journal(self):
        r = subprocess.run(["nsenter", "-t", self.pid1, "-a", "--", "journalctl", "-u", "adieu", "--no-pager", "-n", "40"],
                           capture_output=True, text=True, errors="replace")
        return r.stdout

    def show(self, what, unit="adieu"):
        return self.run("systemctl", "show", unit, "-p", what, "--value").strip()

    def rests(self, unit="adieu"):
        eventually("a pass is over", lambda: "sources read" in self.show("StatusText", unit))

    def write(self, path, text):
        (self.folder / "written").write_text(text)
        self.run("install", "-D", "-m644", "/test/written", path)

    def drop_in(self, text, unit="adieu"):
        self.write("/etc/systemd/system/%s.service.d/test.conf" % unit, "[Service]\n" + text)
        self.run("systemctl", "daemon-reload")

    def deliver(self, name, data, mail="/srv/mail"):
        (self.folder / name).write_bytes(data)
        self.run("sh", "-c", "cp /test/%s %s/tmp/ && chmod 644 %s/tmp/%s && mv %s/tmp/%s %s/new/" % (name, mail, mail, name, mail, name, mail))

    def bus(self, *arguments, user="root", fine=(0,)):
        return self.run("setpriv", "--reuid", user, "--regid", user, "--init-groups", "busctl", "--json=short", *arguments, fine=fine)

    def owner_of(self, name):
        return self.run("busctl", "call", "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetNameOwner", "s", name, fine=(0, 1))

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


def on_machine(function):
    def run(w):
        m = Machine(w)
        try:
            m.boot()
            function(m)
        finally:
            m.end()
    run.__name__ = function.__name__
    return run


@case("enabled and started by one command, as a user of its own, locked in; alerts, reload, watchdog, stop")
@on_machine
def system_unit(m):
    # A user of the moment, as where sysusers did not make a lasting one. The bus does not know it, and it goes on without a name.
    m.run("userdel", "adieu", fine=(0, 6))  # 6: there is none, where systemd does not look into this prefix
    m.run("systemctl", "enable", "--now", "adieu")
    m.rests()
    equal(m.show("ActiveState"), "active")
    true(int(m.show("UID")) >= 61184, m.show("UID"))
    equal(m.run("stat", "-c", "%a", "/var/lib/private/adieu").strip(), "700")
    equal(m.run("stat", "-c", "%a", "/var/lib/private/adieu/adieu.db").strip(), "600")

    m.deliver("1.x", evening_mail(1, 7))
    alert = eventually("an alert in the journal", m.alerts)[0]
    equal(alert["ADIEU_CLIENT"], "dupont")
    equal(alert["MESSAGE_ID"], "4c7026bb2d7043078dc3a2a4130a261f")
    true("Secret" not in json.dumps(alert) and "jean@" not in json.dumps(alert), alert)
    m.run("journalctl", "--update-catalog")
    explained = m.run("journalctl", "-x", "--no-pager", "ADIEU_RULE=after-hours-contact")
    true("adieu alerts --client dupont --rule after-hours-contact" in explained, explained)

    m.run("sh", "-c", "echo 'nonsense: true' >>/etc/adieu/adieu.yaml")
    m.run("systemctl", "reload", "adieu")
    eventually("the old configuration kept", lambda: "the old one stays" in m.show("StatusText"))
    true("adieu.yaml:4:1: unknown key" in m.show("StatusText"), m.show("StatusText"))
    equal(m.show("ActiveState"), "active")
    faults = m.run("journalctl", "-x", "--no-pager", "MESSAGE_ID=9f0f9886fcac4d32aefb7ecddba108f4")
    true("adieu.yaml:4:1: unknown key" in faults and "All faults, each at its place" in faults, faults)
    m.run("cp", "/test/adieu.yaml", "/etc/adieu/adieu.yaml")
    m.run("systemctl", "reload", "adieu")
    m.rests()
    # A rule of the owner's, good and bad.
    m.write("/etc/adieu/rules.d/mine.yaml", "version: 1\nrules: [{id: mine, title: Mine, mode: alert, match: {fact: message.received}}]\n")
    m.run("systemctl", "reload", "adieu")
    eventually("an alert by the new rule", lambda: "ADIEU_RULE=mine" in m.run("journalctl", "-o", "export", "-t", "adieud", "--no-pager"))
    m.write("/etc/adieu/rules.d/mine.yaml", "version: 1\nrules: [{id: mine, match: {fact: mesage.received}}]\n")
    m.run("systemctl", "reload", "adieu")
    eventually("the old rules kept", lambda: "rules.d/mine.yaml:2:" in m.show("StatusText"))
    m.run("rm", "/etc/adieu/rules.d/mine.yaml")

    # A service that hangs is started again, and tells nothing twice.
    m.drop_in("WatchdogSec=5\nRestartSec=100ms\n")
    m.run("systemctl", "restart", "adieu")
    main = int(m.show("MainPID"))
    true(main > 1, main)
    m.run("kill", "-STOP", str(main))
    eventually("a restart", lambda: m.show("NRestarts") != "0" and m.show("ActiveState") == "active")
    m.rests()
    equal(len(m.alerts()), 1)

    m.run("systemctl", "stop", "adieu")
    equal(m.show("ActiveState"), "inactive")
    equal(m.show("Result"), "success")


@case("systemd-analyze finds nothing to say about the units")
@on_machine
def verify(m):
    units = ["%s/lib/systemd/system/%s" % (m.prefix, u) for u in ("adieu.service", "adieu@camille.service")]
    m.run("ln", "-s", "adieu@.service", units[1])
    for unit in units + ["%s/lib/systemd/user/adieu.service" % m.prefix]:
        said = m.run("sh", "-c", "systemd-analyze verify --man=no %s %s 2>&1 | grep -F adieu" % ("--user" if "/user/" in unit else "", unit), fine=(0, 1))
        equal(said, "")


@case("on the system's bus: the name is the unit's user's, root and its group may call, nobody else may call or listen")
@on_machine
def system_bus(m):
    m.run("systemd-sysusers")
    m.run("useradd", "-M", "-G", "adieu", "friend")
    m.run("useradd", "-M", "stranger")
    m.run("systemctl", "start", "dbus")
    m.run("systemctl", "enable", "--now", "adieu")
    m.rests()
    equal(m.show("UID"), m.run("id", "-u", "adieu").strip())
    eventually("the name", lambda: m.owner_of(NAME))
    true("Status" in m.bus("introspect", NAME, PATH, user="friend"))
    status = json.loads(m.bus("call", NAME, PATH, NAME, "Status", user="friend"))["data"][0]
    equal((status["alerts_open"]["data"], status["configuration"]["data"]), (0, "/etc/adieu/adieu.yaml"))
    for member in ("Status", "Scan", "Reload"):
        m.bus("call", NAME, PATH, NAME, member, user="stranger", fine=(1,))
    m.bus("call", NAME, PATH, NAME, "Scan", user="friend")

    for who in ("friend", "stranger"):
        m.run("systemd-run", "--unit=listen-" + who, "-p", "User=" + who, "-p", "StandardOutput=file:/run/heard-" + who, "--",
              sys.executable if sys.executable.startswith("/usr/bin") else "/usr/bin/python3", "-c", LISTEN)
    eventually("listeners", lambda: all("ready" in m.run("cat", "/run/heard-" + w) for w in ("friend", "stranger")))
    m.deliver("1.x", evening_mail(1, 7))
    eventually("a signal", lambda: "after-hours-contact dupont" in m.run("cat", "/run/heard-friend"))
    equal(m.run("cat", "/run/heard-stranger"), "ready\n")

    m.run("sh", "-c", "echo 'nonsense: true' >>/etc/adieu/adieu.yaml")
    m.bus("call", NAME, PATH, NAME, "Reload", fine=(1,))
    true("nonsense" in m.bus("call", NAME, PATH, NAME, "Status"))
    m.run("cp", "/test/adieu.yaml", "/etc/adieu/adieu.yaml")
    m.bus("call", NAME, PATH, NAME, "Reload")

    text = m.run(str(m.prefix / "bin/adieu"), "status")
    true(text.startswith("service   process %s, since" % m.show("MainPID")) and "1 messages" in text, text)
    m.run("systemctl", "restart", "dbus")
    eventually("the name, after the bus was restarted", lambda: m.owner_of(NAME))
    equal(m.show("ActiveState"), "active")


# Prints what it hears of the signal.
LISTEN = """
import dbus, dbus.mainloop.glib
from gi.repository import GLib
dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
dbus.SystemBus().add_signal_receiver(lambda *a: print(a[1], a[2], flush=True), signal_name="Alert")
print("ready", flush=True)
GLib.MainLoop().run()
"""


def sink(m):
    """A mail server beside the machine, on its loopback."""
    try:
        certificates.certificates(m.folder / "ca")
    except (OSError, subprocess.CalledProcessError) as e:
        raise Skip("no openssl here: %s" % e)
    m.run("install", "-m644", "/test/ca/ca.pem", "/etc/adieu/ca.pem")
    return smtpsink.Sink(tls="implicit", certificate=str(m.folder / "ca/good.pem"), login={"camille": "geheim"}, mechanisms="PLAIN LOGIN")


@case("credentials: read where they are, missed by nobody where they are not, encrypted ones")
@on_machine
def credentials(m):
    m.run("sh", "-c", "mkdir -p /etc/credstore && umask 077 && printf geheim >/etc/credstore/adieu.smtp")
    m.run("systemctl", "start", "adieu")
    m.rests()
    folder = "/run/credentials/adieu.service"
    equal(m.run("ls", folder), "smtp\n")
    equal(m.run("cat", folder + "/smtp"), "geheim")
    # For the service's user alone, and not in its environment.
    true("geheim" not in m.run("sh", "-c", "cat /proc/%s/environ | tr '\\0' '\\n'" % m.show("MainPID")))

    # It is used: a mail about a faulty reload, over TLS with a login.
    with sink(m) as server:
        m.write("/etc/adieu/adieu.yaml", CONFIG % "/srv/mail" + "digest: {to: camille@studio.example, smtp: \"smtps://camille@localhost:%d\", "
                "password: {credential: smtp}, ca: /etc/adieu/ca.pem}\n" % server.port)
        m.run("systemctl", "reload", "adieu")
        m.rests()
        m.run("sh", "-c", "echo 'nonsense: true' >>/etc/adieu/adieu.yaml")
        m.run("systemctl", "reload", "adieu")
        eventually("a mail", lambda: [mail for mail in server.mails if b"nonsense" in mail.data])
        equal({(mail.user, bool(mail.tls)) for mail in server.mails}, {("camille", True)})
        true("geheim" not in m.run("journalctl", "--no-pager", "-o", "export"))
    m.run("cp", "/test/adieu.yaml", "/etc/adieu/adieu.yaml")
    m.run("sh", "-c", "mkdir -p /etc/credstore.encrypted && printf chiffre | systemd-creds --with-key=host encrypt --name=smtp - /etc/credstore.encrypted/adieu.smtp")
    m.run("sh", "-c", "mkdir -p /etc/systemd/system/adieu.service.d && cp %s/share/doc/adieu/examples/adieu.service.d/credentials.conf "
          "/etc/systemd/system/adieu.service.d/" % m.prefix)
    m.run("systemctl", "daemon-reload")
    m.run("systemctl", "restart", "adieu")
    m.rests()
    equal(m.run("cat", folder + "/smtp"), "chiffre")


@case("within the walls of the unit, the send role finds the server, verifies it and logs in with a credential")
@on_machine
def mail_account(m):
    if not shutil.which("openssl"):
        raise Skip("no openssl")
    folder = certificates.certificates(str(m.folder / "ca"))
    user, secret = "camille@studio.example", "geheim"
    with smtpsink.Sink(tls="implicit", certificate=os.path.join(folder, "good.pem"), mechanisms="PLAIN", login={user: secret}) as sink:
        m.run("sh", "-c", "mkdir -p /etc/credstore && umask 077 && printf %s >/etc/credstore/adieu.smtp" % secret)
        m.run("cp", "/test/ca/ca.pem", "/etc/adieu/ca.pem")
        digest = "digest: {smtp: \"smtps://localhost:%d\", ca: ca.pem, password: {credential: smtp}}\n"
        m.write("/etc/adieu/adieu.yaml", CONFIG % "/srv/mail" + digest % sink.port)
        m.drop_in("Type=oneshot\nRestart=no\nExecStart=\nExecStart=%s/bin/adieu check\nStandardOutput=file:/said\nStandardError=inherit\n" % m.prefix)
        m.run("systemctl", "start", "adieu", fine=(0, 1))
        said = m.run("cat", "/said")
        true("fine   digest camille@studio.example: localhost takes mails after a login" in said, said)
        true(any(line.startswith("RCPT") for line in sink.log) and sink.log[0] == "(TLS)", sink.log)
        true(secret not in m.journal() + said, said)


@case("one unit for each owner, beside the system's: each with a store, a user and a name of its own")
@on_machine
def template_unit(m):
    m.run("useradd", "-m", "camille")
    m.run("systemd-sysusers")
    m.run("sh", "-c", "cp -r /srv/mail /home/camille/mail && chown -R camille /home/camille && chmod 700 /home/camille")
    m.write("/etc/adieu/camille.yaml", CONFIG % "/home/camille/mail")
    policy = pathlib.Path(cases.TOP / "contrib/dbus/org.adieu.Service1.conf").read_text()
    m.write("/etc/dbus-1/system.d/adieu-camille.conf", "<busconfig>" + policy.split("  <busconfig>")[1].split("-->")[0])
    m.run("systemctl", "start", "dbus")
    m.run("systemctl", "start", "adieu", "adieu@camille")
    m.rests()
    m.rests("adieu@camille")
    eventually("both names", lambda: m.owner_of(NAME) and m.owner_of(NAME + ".camille"))
    m.deliver("1.x", evening_mail(1, 7), mail="/home/camille/mail")
    eventually("an alert", m.alerts)
    equal(len(m.alerts()), 1)
    equal(m.run("stat", "-c", "%U %a", "/var/lib/adieu-camille").strip(), "camille 700")
    m.run("setpriv", "--reuid", "camille", "--regid", "camille", "--init-groups", "test", "-s", "/var/lib/adieu-camille/alerts.jsonl")
    m.bus("call", NAME + ".camille", PATH, NAME, "Status", user="camille")
    m.bus("call", NAME, PATH, NAME, "Status", user="camille", fine=(1,))
    m.run("systemctl", "stop", "adieu@camille")
    equal(m.show("Result", "adieu@camille"), "success")


@case("the unit of a desktop's user, on the user's own bus")
@on_machine
def user_unit(m):
    m.run("useradd", "-m", "-u", "1234", "camille")
    m.run("sh", "-c", "cp -r /srv/mail /home/camille/mail")
    m.write("/home/camille/.config/adieu/adieu.yaml", CONFIG % "/home/camille/mail")
    m.run("chown", "-R", "camille:camille", "/home/camille")
    # No logind here: its folder is made by hand.
    m.run("install", "-d", "-o", "camille", "-m700", "/run/user/1234")
    m.run("systemctl", "start", "user@1234", fine=(0, 1))
    if m.show("ActiveState", "user@1234") != "active":
        raise Skip("no manager for a user can be started here")

    def user(*command, fine=(0,)):
        return m.run("setpriv", "--reuid", "camille", "--regid", "camille", "--init-groups", "env", "HOME=/home/camille", "XDG_RUNTIME_DIR=/run/user/1234",
                     *command, fine=fine)
    user("systemctl", "--user", "enable", "--now", "adieu")
    eventually("a pass", lambda: "sources read" in user("systemctl", "--user", "show", "adieu", "-p", "StatusText"))
    m.deliver("1.x", evening_mail(1, 7), mail="/home/camille/mail")
    eventually("an alert", lambda: user("cat", "/home/camille/.local/state/adieu/alerts.jsonl", fine=(0, 1)))
    if m.run("sh", "-c", "test -S /run/user/1234/bus && echo there", fine=(0, 1)):
        eventually("its name", lambda: NAME in user("busctl", "--user", "list", "--acquired"))
        user("busctl", "--user", "call", NAME, PATH, NAME, "Scan")
    true(user(str(m.prefix / "bin/adieu"), "status").startswith("service   process"))
    user("systemctl", "--user", "stop", "adieu")
    true("Result=success" in user("systemctl", "--user", "show", "adieu", "-p", "Result"))


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
