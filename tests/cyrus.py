# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Cyrus IMAP on loopback for one test, wholly inside the test's folder: a second opinion on what IMAP is.

Its Debian package serves mail as soon as it is installed, and asks for a mail transport agent, so that it is not among the packages of the tests. It
need not be installed: unpacked somewhere it runs as well, as contrib/run-tests does,

  apt-get download cyrus-common cyrus-imapd libclamav12 libmspack0 libzephyr4
  for p in *.deb; do dpkg-deb -x $p /some/folder; done
  ADIEU_CYRUS=/some/folder tests/test-imap-servers.py

Without ADIEU_CYRUS an installed one is used, and nothing of its own configuration or mail is touched."""
import imaplib
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import threading

from dovecot import NOBODY, Authority
from tap import PATIENCE, Skip, eventually, free_ports

IMAPD = """\
configdirectory: %(d)s/conf
partition-default: %(d)s/spool
defaultpartition: default
cyrus_user: %(user)s
admins: admin
allowplaintext: yes
sasl_pwcheck_method: saslauthd
sasl_saslauthd_path: %(d)s/run/mux
sasl_mech_list: PLAIN LOGIN
syslog_prefix: adieu-test
servername: localhost
unixhierarchysep: %(slash)s
altnamespace: yes
idlesocket: %(d)s/run/idle
lmtpsocket: %(d)s/run/lmtp
notifysocket: %(d)s/run/notify
tls_server_cert: %(d)s/server.pem
tls_server_key: %(d)s/server.key
tls_session_timeout: 0
imapidlepoll: 2
%(extra)s
"""

SERVICES = """\
START {
  recover cmd="%(bin)s/ctl_cyrusdb -C %(d)s/imapd.conf -r"
  idled cmd="%(bin)s/idled -C %(d)s/imapd.conf"
}
SERVICES {
  imap cmd="%(bin)s/imapd -C %(d)s/imapd.conf -U 30" listen="127.0.0.1:%(imap)d" prefork=0
  imaps cmd="%(bin)s/imapd -s -C %(d)s/imapd.conf -U 30" listen="127.0.0.1:%(imaps)d" prefork=0
}
EVENTS {
  checkpoint cmd="%(bin)s/ctl_cyrusdb -C %(d)s/imapd.conf -c" period=600
}
"""


class Passwords(threading.Thread):
    """What saslauthd says to whoever asks: four counted strings in, OK or NO out."""

    def __init__(self, path, users):
        super().__init__(daemon=True)
        self.users, self.asked = users, []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        os.chmod(path, 0o777)
        self.listener.listen(16)
        self.start()

    def run(self):
        while True:
            try:
                s, _ = self.listener.accept()
                with s, s.makefile("rb") as f:
                    user, password = [f.read(struct.unpack(">H", f.read(2))[0]).decode() for _ in range(4)][:2]
                    answer = b"OK" if self.users.get(user) == password else b"NO"
                    self.asked.append((user, answer))
                    s.sendall(struct.pack(">H", len(answer)) + answer)
            except (OSError, struct.error):
                return


class Cyrus:
    USERS = {"bob": "bobpw", "alice": 's3cret pass"\\word', "admin": "adminpw"}

    def __init__(self, w, name="cyrus", slash=True, extra=""):
        top = pathlib.Path(os.environ.get("ADIEU_CYRUS", "/"))
        self.bin = top / "usr/lib/cyrus/bin"
        if not (self.bin / "master").exists():
            raise Skip("no Cyrus IMAP (see tests/cyrus.py)")
        self.w, self.d = w, pathlib.Path(w.folder) / name
        for folder in ("run", "spool", "conf/db", "conf/log", "conf/msg", "conf/proc", "conf/ptclient", "conf/quota", "conf/socket", "conf/user"):
            (self.d / folder).mkdir(parents=True)
        certificate = Authority(self.d / "ca").leaf("server")
        shutil.copy(certificate[0], self.d / "server.pem")
        shutil.copy(certificate[1], self.d / "server.key")
        self.ca = self.d / "ca" / "ca.pem"
        self.imap, self.imaps = free_ports(2)
        root = os.geteuid() == 0
        self.wrapper = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups", "--"] if root else []
        user = "nobody" if root else subprocess.check_output(["id", "-un"], text=True).strip()
        words = {"d": self.d, "user": user, "slash": "yes" if slash else "no", "extra": extra, "bin": self.bin, "imap": self.imap,
                 "imaps": self.imaps}
        (self.d / "imapd.conf").write_text(IMAPD % words)
        (self.d / "cyrus.conf").write_text(SERVICES % words)
        if len(str(self.d / "run/mux")) > 100:
            raise Skip("the folder's name is too long for a socket")
        self.passwords = Passwords(self.d / "run/mux", self.USERS)
        self.own(root)
        self.process = None
        self.env = dict(os.environ)
        if top != pathlib.Path("/"):
            self.env["LD_LIBRARY_PATH"] = ":".join(str(p) for p in [*top.glob("usr/lib/*-linux-*"), top / "usr/lib"])
        self.start()
        with self.client("admin") as c:
            for who in ("bob", "alice"):
                must(c.create("user%s%s" % ("/" if slash else ".", who)))

    def own(self, root):
        if not root:
            return
        folder = pathlib.Path(self.w.folder)
        folder.chmod(folder.stat().st_mode | 0o011)
        for top, folders, files in os.walk(self.d):
            for name in [top] + [os.path.join(top, f) for f in folders + files]:
                os.chown(name, NOBODY, NOBODY, follow_symlinks=False)

    def start(self):
        self.process = subprocess.Popen(
            self.wrapper + [str(self.bin / "master"), "-D", "-C", str(self.d / "imapd.conf"), "-M", str(self.d / "cyrus.conf"),
                            "-p", str(self.d / "run/pid")],
            env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
        self.w.at_end(self.stop)

        def up():
            if self.process.poll() is not None:
                raise Skip("Cyrus does not run here: %s" % self.process.stderr.read().decode(errors="replace").strip()[-300:])
            try:
                with socket.create_connection(("127.0.0.1", self.imap), 1) as s:
                    s.settimeout(5)
                    return s.recv(4)
            except OSError:
                return None
        eventually("Cyrus is up", up)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(PATIENCE)
            # idled and whoever still serves: of our own session, and nobody else's.
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def client(self, user="bob"):
        c = imaplib.IMAP4("127.0.0.1", self.imap)
        must(c.login(user, self.USERS[user]))
        return c


def must(answer):
    if answer[0] != "OK":
        raise AssertionError("the server says %s" % (answer,))
    return answer[1]
