# SPDX-License-Identifier: GPL-3.0-or-later
"""What the end-to-end tests share: cases in a list, one TAP line each, and worlds (see case.py) that measure and compare.

A test file marks functions with @case("what it shows"); each gets a World of its own in a folder that is gone afterwards. Skip("reason") skips,
todo="reason" marks what is known not to work yet. ADIEU_TEST_SLOW=1 (or a program built with a sanitizer) makes big things smaller and does
not look at memory. With names of functions as arguments, only those run."""
import errno
import faulthandler
import hashlib
import os
import pathlib
import random
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import traceback

import case as cases

CASES = []
# What follows takes seconds; a test that hangs has failed, however busy the machine is.
TIMEOUT = 300
# A case that waits for what never comes shows where.
HANGS = 900
# What must happen happens within this, however busy the machine is; nothing is timed.
PATIENCE = 180


class Skip(Exception):
    pass


def eventually(what, check, patience=PATIENCE):
    end = time.monotonic() + patience
    while time.monotonic() < end:
        found = check()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError("not within %d s: %s" % (patience, what))


def case(about, todo=None):
    def mark(function):
        CASES.append((function, about, todo))
        return function
    return mark


def sanitized():
    with open(cases.ADIEU, "rb") as f:
        return b"__asan_init" in f.read()


SLOW = os.environ.get("ADIEU_TEST_SLOW") == "1" or sanitized()


def as_nobody(w):
    """Root reads and writes everything: run adieu as someone else. Skips where that cannot be had."""
    if os.geteuid() != 0:
        return
    if not shutil.which("setpriv"):
        raise Skip("root, and no setpriv")
    shutil.copy(cases.ADIEU, w.folder / "adieu")
    shutil.copytree(w.env["ADIEU_PACKS"], w.folder / "packs")
    for top, folders, files in os.walk(w.folder):
        for name in [top] + [os.path.join(top, f) for f in folders + files]:
            os.chown(name, 65534, 65534, follow_symlinks=False)
    w.program = str(w.folder / "adieu")
    w.env["ADIEU_PACKS"] = str(w.folder / "packs")
    w.wrapper = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]
    if subprocess.run(w.wrapper + [w.program, "--version"], capture_output=True, env=w.env).returncode != 0:
        raise Skip("cannot run as nobody here")


def attempt(function):
    """In a world of its own: (what went wrong, why it was skipped), both "" when all is well."""
    wrong = skipped = ""
    folder = tempfile.mkdtemp(prefix="adieu-test-")
    world = Measured(folder)
    try:
        function(world)
    except Skip as e:
        skipped = str(e)
    except Exception:
        wrong = traceback.format_exc()
    finally:
        for stop in reversed(world.ends):
            try:
                stop()
            except Exception:
                wrong = wrong or traceback.format_exc()
        for top, folders, _ in os.walk(folder):
            for f in folders:
                if not os.path.islink(os.path.join(top, f)):
                    os.chmod(os.path.join(top, f), 0o700)
        shutil.rmtree(folder, ignore_errors=True)
    return wrong, skipped


# What is wrong whenever it happens.
FAULTS = re.compile(r"Sanitizer|runtime error|exit -(6|7|8|11)\b|ended by signal")


def run_case(n, function, about, todo):
    """One TAP line and what belongs to it; true when it failed. Real servers on a busy machine can be late: a case that failed is tried a second time, unless memory
    was touched wrongly or a program crashed, and what was wrong the first time is shown."""
    started = time.monotonic()
    faulthandler.dump_traceback_later(HANGS, exit=True, file=sys.stdout)
    wrong, skipped = attempt(function)
    once = ""
    if wrong and not todo and not FAULTS.search(wrong):
        once = wrong
        wrong, skipped = attempt(function)
    faulthandler.cancel_dump_traceback_later()
    end = " # TODO " + todo if todo else " # SKIP " + skipped if skipped else " (unsteady: not the first time)" if once and not wrong else ""
    print("%sok %d - %s: %s%s" % ("not " if wrong else "", n, function.__name__, about, end))
    if os.environ.get("ADIEU_TEST_TIMES"):
        print("#   %.1f s" % (time.monotonic() - started))
    for line in (wrong or once).splitlines():
        print("#   " + line)
    sys.stdout.flush()
    return bool(wrong) and not todo


def begin_case(n, function, about, todo):
    """A case in a process of its own: (pid, what it prints)."""
    out = tempfile.TemporaryFile()
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        os.dup2(out.fileno(), 1)
        random.seed()
        sys.exit(run_case(n, function, about, todo))  # not os._exit(): servers are ended at the exit
    return pid, out


def end_case(out, status, n, function, about):
    """What it printed goes out in one piece; true when it failed."""
    out.seek(0)
    text = out.read().decode("utf-8", errors="replace")
    if not re.search(r"^(not )?ok %d " % n, text, re.M):
        text += "not ok %d - %s: %s\n#   ended with %d in the middle\n" % (n, function.__name__, about, os.waitstatus_to_exitcode(status))
    out.close()
    print(text, end="")
    sys.stdout.flush()
    return status != 0


def main(at_once=1):
    """at_once: for scripts that wait most of the time, so many of their cases at the same time."""
    chosen = [c for c in CASES if not sys.argv[1:] or c[0].__name__ in sys.argv[1:]]
    print("1..%d" % len(chosen))
    failed, running, ended, next_out = 0, {}, {}, 1
    for n, c in enumerate(chosen, 1):
        if at_once == 1:
            failed += run_case(n, *c)
            continue
        pid, out = begin_case(n, *c)
        running[pid] = (n, out)
        while len(running) >= at_once or (n == len(chosen) and running):
            pid, status = os.wait()
            ended[running[pid][0]] = (running[pid][1], status)
            del running[pid]
            # In their order.
            while next_out in ended:
                out, status = ended.pop(next_out)
                failed += end_case(out, status, next_out, *chosen[next_out - 1][:2])
                next_out += 1
    sys.exit(1 if failed else 0)


RESERVED = []


def free_ports(n):
    """Ports for servers that bind them by themselves, a moment later. Not of those that the kernel gives to any connection meanwhile, and kept from other
    tests, whichever run at the same time, by sockets that have their numbers as names, until this process ends."""
    first = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    found = []
    while len(found) < n:
        port = random.randrange(10240, first) if first > 11264 else random.randrange(10240, 65536)
        name = socket.socket(socket.AF_UNIX)
        try:
            name.bind("\0adieu-test-port-%d" % port)
        except OSError:
            name.close()
            continue
        RESERVED.append(name)
        # Not tried by binding it: a process that another thread starts at this moment would hold it for a while.
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED:
                found.append(port)
    return found


def equal(have, want, what=""):
    if have != want:
        raise AssertionError("%s\nhave: %s\nwant: %s" % (what, brief(have), brief(want)))


def brief(x):
    text = x if isinstance(x, str) else repr(x)
    return text if len(text) < 3000 else text[:1500] + " ... " + text[-1500:]


def true(condition, *what):
    if not condition:
        raise AssertionError(" ".join(brief(w) for w in what))


class Result:
    def __init__(self, returncode, stdout, stderr, memory):
        self.returncode, self.stdout, self.stderr, self.memory = returncode, stdout, stderr, memory

    def __repr__(self):
        return "exit %d\nstdout: %s\nstderr: %s" % (self.returncode, brief(self.stdout), brief(self.stderr))


class Measured(cases.World):
    """A world that knows how much memory a run took (its parse roles' too) and what its sources looked like before."""

    SOURCES = ("Maildir", "calendars", "Maildir2", "archive.mbox", "archive.mbox.gz", "mboxes")
    # A hash of more would take longer than the scan it is to check.
    HASH_MAX = 32 << 20

    def __init__(self, folder):
        super().__init__(folder)
        self.wrapper = []
        self.program = cases.ADIEU
        self.crashes_in = None  # a library that is known to, by the beginning of its file's name
        self.ends = []

    def at_end(self, function):
        """Whatever the case comes to: servers that it started."""
        self.ends.append(function)

    def command(self, *arguments, now=None):
        return self.wrapper + [self.program, "-c", str(self.config)] + (["--now", now] if now else []) + list(arguments)

    def start(self, *arguments, now=None, **options):
        return subprocess.Popen(self.command(*arguments, now=now), env=self.env, cwd=self.folder, stdin=subprocess.DEVNULL, **options)

    def run(self, *arguments, now=None):
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            p = self.start(*arguments, now=now, stdout=out, stderr=err)
            alarm = threading.Timer(TIMEOUT, p.kill)
            alarm.start()
            _, status, usage = os.wait4(p.pid, 0)
            alarm.cancel()
            p.returncode = os.waitstatus_to_exitcode(status)
            texts = []
            for f in (out, err):
                f.seek(0)
                texts.append(f.read().decode("utf-8", errors="replace"))
        return Result(p.returncode, texts[0], texts[1], usage.ru_maxrss * 1024)

    def scan(self, now, want=0):
        r = self.run("scan", now=now)
        true(r.returncode in (want if isinstance(want, tuple) else (want,)), "scan: expected exit", want, r)
        for report in r.stderr.split("=" * 65):
            # Where a library is known to crash, a role is there to do so in its stead.
            if self.crashes_in and re.search(r"^ *#0 0x[0-9a-f]+ .*/%s" % self.crashes_in, report, re.M):
                continue
            for word in ("Sanitizer: ", "runtime error"):
                true(word not in report, r)
        return r

    def status(self, now):
        r = self.run("status", now=now)
        equal(r.returncode, 0, r)
        return r.stdout

    def breaches(self, now):
        return cases.breaches(self.alerts(now))

    def source(self, line):
        self.config.write_text(self.config.read_text().replace("sources:\n", "sources:\n  - %s\n" % line))

    def hide_clock(self):
        """Files stamped by the last ticks of the clock may change again and are read once more: make all look older."""
        for path in self.source_paths():
            s = os.lstat(path)
            os.utime(path, ns=(s.st_atime_ns, s.st_mtime_ns - 10_000_000_000), follow_symlinks=False)

    def source_paths(self):
        for name in self.SOURCES:
            top = self.folder / name
            if os.path.lexists(top):
                yield top
            for folder, folders, files in os.walk(top):
                for f in folders + files:
                    yield pathlib.Path(folder) / f

    def sources(self):
        """Everything about the sources that must not change."""
        seen = {}
        for path in self.source_paths():
            s = os.lstat(path)
            content = ""
            if stat.S_ISLNK(s.st_mode):
                content = os.readlink(path)
            elif stat.S_ISREG(s.st_mode) and s.st_size <= self.HASH_MAX:
                try:
                    content = hashlib.sha1(path.read_bytes()).hexdigest()
                except PermissionError:
                    pass
            seen[str(path.relative_to(self.folder))] = (s.st_mode, s.st_ino, s.st_nlink, s.st_uid, s.st_size, s.st_mtime_ns, content)
        return seen
