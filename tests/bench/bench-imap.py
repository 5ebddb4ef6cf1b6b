# SPDX-License-Identifier: GPL-3.0-or-later
"""make bench: a mailbox on a real dovecot, with TLS over loopback, read by adieu and fetched into a Maildir by mbsync, in turns and in one run; then a
second pass with nothing new, an idle minute of the service, and how much memory the core and the fetch role took.

Bytes are counted by a relay between, in both directions, as encrypted. Both programs meet a dovecot whose caches are warm. mbsync runs without its fsync() of
each message, which would measure the disk. BENCH_MESSAGES (50000), BENCH_ROUNDS (3), BENCH_IDLE (60 seconds), BENCH_DIR as for bench.py;
BENCH_COMPRESS=1: the server offers COMPRESS=DEFLATE."""
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

os.environ.setdefault("ADIEU", os.path.join(os.environ["abs_top_builddir"], "adieu"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from dovecot import Dovecot, eventually  # noqa: E402
from tap import Skip  # noqa: E402

TOP = pathlib.Path(os.environ["abs_top_srcdir"])
BUILD = pathlib.Path(os.environ["abs_top_builddir"])
MESSAGES = int(os.environ.get("BENCH_MESSAGES", "50000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
IDLE = int(os.environ.get("BENCH_IDLE", "60"))
COMPRESS = "protocol imap {\n  mail_plugins = $mail_plugins imap_zlib\n}\n" if os.environ.get("BENCH_COMPRESS") == "1" else ""
DIR = pathlib.Path(os.environ.get("BENCH_DIR", BUILD / "bench-data"))
PIPE = 1 << 20


class Relay:
    """Passes bytes on within the kernel, so that it costs next to nothing, and counts them."""

    def __init__(self, port_behind):
        self.port_behind, self.up, self.down = port_behind, 0, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(("127.0.0.1", self.port_behind))
            for a, b, name in ((client, server, "up"), (server, client, "down")):
                a.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self.pass_on, args=(a, b, name), daemon=True).start()

    def pass_on(self, a, b, name):
        out, into = os.pipe()
        try:
            while True:
                n = os.splice(a.fileno(), into, PIPE)
                if n == 0:
                    break
                setattr(self, name, getattr(self, name) + n)
                while n > 0:
                    n -= os.splice(out, b.fileno(), n)
        except OSError:
            pass
        for s in (a, b):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        os.close(out)
        os.close(into)


class World:
    """What dovecot.py wants of a test."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="adieu-bench-", dir=DIR))
        self.folder.chmod(0o711)
        self.ends = []

    def at_end(self, function):
        self.ends.append(function)

    def end(self):
        for stop in reversed(self.ends):
            stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def family(pid):
    """{name: (pid, fields of its status)} of a process and its children; the fetch role is "fetch"."""
    found = {}
    for p in pathlib.Path("/proc").iterdir():
        if not p.name.isdigit():
            continue
        try:
            parent = int((p / "stat").read_text().rsplit(")", 1)[1].split()[1])
            if int(p.name) != pid and parent != pid:
                continue
            arguments = (p / "cmdline").read_bytes()
            name = "core" if int(p.name) == pid else "fetch" if b"role=fetch" in arguments else "parse"
            found[name] = (int(p.name), dict(l.split(":\t", 1) for l in (p / "status").read_text().splitlines() if ":\t" in l))
        except (OSError, ValueError, IndexError):
            pass
    return found


class Watcher:
    """The largest resident sizes of a program and its roles, in MB, and where their processor time went."""

    def __init__(self, pid):
        self.pid, self.peak, self.ended = pid, {}, threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def watch(self):
        while not self.ended.wait(0.1):
            for name, (_, status) in family(self.pid).items():
                if "VmHWM" in status:
                    self.peak[name] = max(self.peak.get(name, 0), int(status["VmHWM"].split()[0]) / 1024)

    def end(self):
        self.ended.set()
        self.thread.join()
        return self.peak


class Run:
    def __init__(self, relay, command, env=None, memory=False):
        up, down, began = relay.up, relay.down, time.monotonic()
        p = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        watcher = Watcher(p.pid) if memory else None
        self.said = p.stderr.read().decode(errors="replace")
        _, status, usage = os.wait4(p.pid, 0)
        self.peak = watcher.end() if watcher else {}
        self.wall = time.monotonic() - began
        # With its children, which it has waited for.
        self.cpu = usage.ru_utime + usage.ru_stime
        self.up, self.down = relay.up - up, relay.down - down
        if status != 0:
            sys.exit("%s: status %d\n%s" % (command, status, self.said))


class Adieu:
    def __init__(self, world, server, relay, name="adieu"):
        self.relay, self.folder = relay, world.folder / name
        self.folder.mkdir()
        secret = self.folder / "secret"
        secret.write_text("bobpw\n")
        secret.chmod(0o600)
        clients = "".join("  - {id: client%d, name: Client %d, match: ['@client%d.example']}\n" % (i, i, i) for i in range(40))
        (self.folder / "adieu.yaml").write_text(
            "owner: {name: Camille, addresses: [camille@studio.example], time_zone: Europe/Paris, hours: {mon-fri: '09:00-18:00'}, holidays: [FR]}\n"
            'sources:\n  - {imap: "imaps://bob@localhost:%d", password: {file: %s}, ca: %s}\nclients:\n%s'
            % (relay.port, secret, server.ca, clients))
        self.env = dict(os.environ, XDG_STATE_HOME=str(self.folder / "state"), ADIEU_PACKS=str(TOP / "rules/packs"))
        self.command = [str(BUILD / "adieu"), "-c", str(self.folder / "adieu.yaml"), "--now", "2026-01-05T09:00+01:00"]

    def fresh(self):
        shutil.rmtree(self.folder / "state", ignore_errors=True)

    def scan(self, memory=False):
        return Run(self.relay, self.command + ["scan"], self.env, memory)


class Mbsync:
    def __init__(self, world, server, relay):
        self.relay, self.folder = relay, world.folder / "mbsync"
        self.folder.mkdir()
        self.rc = self.folder / "rc"
        self.rc.write_text(
            "FSync no\nIMAPAccount bob\nHost localhost\nPort %d\nUser bob\nPass bobpw\nSSLType IMAPS\nCertificateFile %s\nAuthMechs PLAIN\n\n"
            "IMAPStore far\nAccount bob\n\nMaildirStore near\nPath %s/mail/\nInbox %s/mail/INBOX\n\n"
            "Channel all\nFar :far:\nNear :near:\nPatterns INBOX\nCreate Near\nSync Pull\nSyncState *\n"
            % (relay.port, server.ca, self.folder, self.folder))

    def fresh(self):
        shutil.rmtree(self.folder / "mail", ignore_errors=True)
        (self.folder / "mail").mkdir()

    def fetch(self):
        return Run(self.relay, ["mbsync", "-q", "-c", str(self.rc), "-a"])


def fill(server, n):
    mail = DIR / ("maildir-%d" % MESSAGES)
    if not mail.exists():
        subprocess.run([sys.executable, str(TOP / "tests/bench/corpus.py"), str(mail), str(MESSAGES)], check=True)
    box = server.d / "mail/bob"
    for name in ("cur", "new", "tmp"):
        (box / name).mkdir(parents=True, exist_ok=True)
    for i, name in enumerate(sorted(os.listdir(mail / "cur"))):
        if i >= n:
            break
        try:
            os.link(mail / "cur" / name, box / "cur" / name)
        except OSError:
            shutil.copy(mail / "cur" / name, box / "cur" / name)
    server.own()


def row(name, runs, base=None):
    wall, cpu = (statistics.median(getattr(r, f) for r in runs) for f in ("wall", "cpu"))
    down, up = (statistics.median(getattr(r, f) for r in runs) for f in ("down", "up"))
    ratios = "%7.2f %7.2f" % (wall / base[0], (down + up) / base[1]) if base else "      1       1"
    print("%-40s %8.2f %8.2f %12.0f %10.0f %s" % (name, wall, cpu, down, up, ratios), flush=True)
    return wall, down + up


def idle(adieu):
    """The service between two mails: bytes, and how often its processes woke up."""
    adieu.fresh()
    p = subprocess.Popen([str(BUILD / "adieud"), "-c", str(adieu.folder / "adieu.yaml")], env=adieu.env, stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    relay = adieu.relay

    def wakes():
        return {name: int(s["voluntary_ctxt_switches"]) for name, (_, s) in family(p.pid).items() if name != "parse"}

    def quiet():
        """Nothing came or woke for five seconds after something was read."""
        before = relay.down, wakes()
        time.sleep(5)
        return relay.down > 20000 and (relay.down, wakes()) == before
    try:
        relay.up = relay.down = 0
        eventually("the service idles", quiet, 600)
        up, down, before = relay.up, relay.down, wakes()
        time.sleep(IDLE)
        after = wakes()
        print("idle for %d s: %d bytes received, %d sent; wake-ups %s" % (
            IDLE, relay.down - down, relay.up - up,
            ", ".join("%s %d" % (name, after[name] - before.get(name, 0)) for name in sorted(after))), flush=True)
    finally:
        p.send_signal(signal.SIGTERM)
        p.wait(60)


def peaks(name, adieu):
    adieu.fresh()
    run = adieu.scan(memory=True)
    print("peak memory, MB, %-22s %s" % (name + ":", ", ".join("%s %.1f" % i for i in sorted(run.peak.items()))), flush=True)


def few(world, n):
    server = Dovecot(world, name="few")
    fill(server, n)
    return Adieu(world, server, Relay(server.imaps), "adieu-few")


def compare(world):
    server = Dovecot(world, extra=COMPRESS)
    fill(server, MESSAGES)
    relay = Relay(server.imaps)
    adieu, mbsync = Adieu(world, server, relay), Mbsync(world, server, relay) if shutil.which("mbsync") else None
    adieu.fresh()
    adieu.scan()  # dovecot's caches are warm
    runs = {"first": [], "second": [], "mbsync": [], "mbsync2": []}
    for _ in range(ROUNDS):
        if mbsync:
            mbsync.fresh()
            runs["mbsync"].append(mbsync.fetch())
            runs["mbsync2"].append(mbsync.fetch())
        adieu.fresh()
        runs["first"].append(adieu.scan())
        runs["second"].append(adieu.scan())
    print("%-40s %8s %8s %12s %10s %7s %7s" % ("%d messages over IMAP, median of %d" % (MESSAGES, ROUNDS), "wall s", "CPU s",
                                               "received", "sent", "wall", "bytes"))
    base = base2 = None
    if mbsync:
        base = row("mbsync into a Maildir, first", runs["mbsync"])
        base2 = row("mbsync, nothing new", runs["mbsync2"])
    else:
        print("mbsync is not installed (Debian: isync)")
    row("adieu scan, first pass", runs["first"], base)
    row("adieu scan, nothing new", runs["second"], base2)
    return adieu


def main():
    DIR.mkdir(parents=True, exist_ok=True)
    world = World()
    try:
        adieu = compare(world)
        peaks("%d messages" % MESSAGES, adieu)
        peaks("%d messages" % (MESSAGES // 10), few(world, MESSAGES // 10))
        idle(adieu)
    except Skip as e:
        print("IMAP: skipped, %s" % e)
    finally:
        world.end()


main()
