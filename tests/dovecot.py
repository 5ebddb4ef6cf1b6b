# SPDX-License-Identifier: GPL-3.0-or-later
"""A real dovecot on loopback for one test: its own folder, ports, authority and users; nothing of the system's is touched. Where it is not installed, or cannot
run, the test is skipped with the reason."""
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess

from tap import PATIENCE, Skip, eventually, free_ports

NOBODY = 65534


class Authority:
    """A certificate authority of the test's own, and what it vouches for."""

    def __init__(self, folder):
        if not shutil.which("openssl"):
            raise Skip("no openssl")
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.ca = self.folder / "ca.pem"
        self.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30", "-subj",
                 "/CN=test authority", "-keyout", "ca.key", "-out", "ca.pem", "-addext",
                 "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def run(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

    def leaf(self, name, san="DNS:localhost,IP:127.0.0.1", days=20, subject="localhost"):
        """(certificate, key); days < 0: expired."""
        self.run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=" + subject,
                 "-keyout", name + ".key", "-out", name + ".csr")
        (self.folder / (name + ".ext")).write_text(
            "subjectAltName=%s\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\nkeyUsage=critical,digitalSignature\n"
            % san)
        self.run("x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile",
                 name + ".ext", "-out", name + ".pem", "-days", str(days))
        return self.folder / (name + ".pem"), self.folder / (name + ".key")

    def self_signed(self, name):
        self.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "20", "-subj",
                 "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", name + ".key", "-out",
                 name + ".pem")
        return self.folder / (name + ".pem"), self.folder / (name + ".key")


CONFIGURATION = """
base_dir = %(d)s/run
state_dir = %(d)s/state
instance_name = adieu-test
log_path = %(d)s/dovecot.log
auth_verbose = yes
mail_debug = no
protocols = imap
listen = 127.0.0.1
default_login_user = %(user)s
default_internal_user = %(user)s
default_internal_group = %(group)s
mail_uid = %(user)s
mail_gid = %(group)s
first_valid_uid = 1
mail_location = maildir:%(d)s/mail/%%n
ssl = %(ssl)s
ssl_cert = <%(d)s/server.pem
ssl_key = <%(d)s/server.key
disable_plaintext_auth = %(plain)s
login_trusted_networks =
auth_mechanisms = %(mechanisms)s
auth_failure_delay = 0
mail_max_userip_connections = 100
imap_idle_notify_interval = 2 mins
%(passdb)s
userdb {
  driver = static
  args = uid=%(user)s gid=%(group)s home=%(d)s/mail/%%n allow_all_users=yes
}
namespace inbox {
  inbox = yes
  separator = .
  mailbox Drafts {
    auto = create
    %(special)s special_use = \\Drafts
  }
  mailbox Sent {
    auto = create
    %(special)s special_use = \\Sent
  }
  mailbox Pourriel {
    auto = create
    %(special)s special_use = \\Junk
  }
  mailbox Trash {
    auto = create
    %(special)s special_use = \\Trash
  }
  mailbox Archive {
    auto = create
    %(special)s special_use = \\Archive
  }
}
service imap-login {
  chroot =
  inet_listener imap {
    port = %(imap)s
  }
  inet_listener imaps {
    port = %(imaps)s
    ssl = yes
  }
}
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
  chroot =
}
service ipc {
  chroot =
}
service stats {
  chroot =
}
%(extra)s
"""

PASSWD = """passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%%n %s/passwd
}
"""


class Dovecot:
    """Users bob (bobpw) and alice (a blank, a quote and a backslash in the password). `capability`: what to add or take away, "-IDLE -QRESYNC"."""

    USERS = {"bob": "bobpw", "alice": 's3cret pass"\\word'}

    def __init__(self, w, certificate=None, name="dovecot", capability="", extra="", passdb=None, mechanisms="plain login",
                 ssl="required", special=True):
        if not shutil.which("dovecot") or not shutil.which("doveadm"):
            raise Skip("no dovecot")
        self.w = w
        self.d = pathlib.Path(w.folder) / name
        for folder in ("run", "state", "mail"):
            (self.d / folder).mkdir(parents=True)
        if certificate is None:
            certificate = Authority(self.d / "ca").leaf("server")
        shutil.copy(certificate[0], self.d / "server.pem")
        shutil.copy(certificate[1], self.d / "server.key")
        self.ca = self.d / "ca" / "ca.pem"
        self.imap, self.imaps = free_ports(2)
        # imap-login refuses to be root.
        self.wrapper = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups", "--"] if os.geteuid() == 0 else []
        user = "nobody" if os.geteuid() == 0 else subprocess.check_output(["id", "-un"], text=True).strip()
        group = "nogroup" if os.geteuid() == 0 else subprocess.check_output(["id", "-gn"], text=True).strip()
        (self.d / "passwd").write_text("".join("%s:{PLAIN}%s\n" % u for u in self.USERS.items()))
        self.conf = self.d / "dovecot.conf"
        if capability:
            extra += "\nprotocol imap {\n  imap_capability = %s\n}\n" % capability
        self.conf.write_text(CONFIGURATION % {
            "d": self.d, "user": user, "group": group, "imap": self.imap, "imaps": self.imaps, "mechanisms": mechanisms,
            "passdb": passdb or PASSWD % self.d, "extra": extra, "special": "" if special else "#", "ssl": ssl,
            "plain": "yes" if ssl == "required" else "no"})
        self.own()
        self.process = None
        self.start()

    def own(self):
        if os.geteuid() != 0:
            return
        # Whoever dovecot is must reach its folder through ours.
        for parent in [pathlib.Path(self.w.folder)]:
            parent.chmod(parent.stat().st_mode | 0o011)
        for top, folders, files in os.walk(self.d):
            for name in [top] + [os.path.join(top, f) for f in folders + files]:
                os.chown(name, NOBODY, NOBODY, follow_symlinks=False)

    def start(self):
        self.process = subprocess.Popen(self.wrapper + ["dovecot", "-F", "-c", str(self.conf)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.w.at_end(self.stop)

        def up():
            if self.process.poll() is not None:
                raise Skip("dovecot does not run here: %s" % self.process.stderr.read().decode(errors="replace").strip()[-300:])
            try:
                with socket.create_connection(("127.0.0.1", self.imap), 1) as s:
                    return s.recv(4)
            except OSError:
                return None
        eventually("dovecot is up", up)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise

    def adm(self, *arguments, stdin=None):
        done = subprocess.run(self.wrapper + ["doveadm", "-c", str(self.conf), *arguments], input=stdin, capture_output=True)
        if done.returncode != 0:
            raise AssertionError("doveadm %s: %s" % (" ".join(arguments), done.stderr.decode(errors="replace")))
        return done.stdout.decode()

    def save(self, message, user="bob", mailbox="INBOX"):
        self.adm("save", "-u", user, "-m", mailbox, stdin=message)

    def put(self, messages, user="bob", mailbox="INBOX", flags=""):
        """Many at once, straight into the Maildir."""
        folder = self.d / "mail" / user
        if mailbox != "INBOX":
            folder = folder / ("." + mailbox)
        for box in ("cur", "new", "tmp"):
            (folder / box).mkdir(parents=True, exist_ok=True)
        for n, message in enumerate(messages):
            name = "%d.M%06dP1.test" % (1700000000 + n, n)
            while (folder / "cur" / (name + ":2," + flags)).exists():
                name += "x"
            (folder / "cur" / (name + ":2," + flags)).write_bytes(message)
        self.own()

    def log(self):
        path = self.d / "dovecot.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def processes(self, name):
        """The pids of its children with that name."""
        found = []
        for p in pathlib.Path("/proc").iterdir():
            if not p.name.isdigit():
                continue
            try:
                parent = int((p / "stat").read_text().rsplit(")", 1)[1].split()[1])
                if parent == self.process.pid and (p / "comm").read_text().strip() == name:
                    found.append(int(p.name))
            except OSError:
                pass
        return found

    def tree(self, user="bob"):
        """Every message file of a user with its name and bytes, and dovecot's list of UIDs: what reading must leave as it is."""
        found = {}
        top = self.d / "mail" / user
        for path in sorted(top.rglob("*")):
            if path.is_file() and (path.parent.name in ("cur", "new", "tmp") or path.name in ("dovecot-uidlist", "dovecot-keywords")):
                found[str(path.relative_to(top))] = path.read_bytes()
        return found

    def context(self):
        return ssl.create_default_context(cafile=str(self.ca))
