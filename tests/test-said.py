#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What servers say is shown to the owner as one line of text and nothing else: no control characters, escape sequences, turned directions or second lines, no
pages, and never the secret, whoever repeats it. Servers of a few lines each say the worst of it at every place where their words are shown."""
import base64
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import tap  # noqa: E402
from smtpsink import Sink  # noqa: E402
from tap import case, equal, true  # noqa: E402

NOW = "2026-03-20T10:00+01:00"
SECRET = "Zq7-unmistakable-secret"
FORGED = "waiting: source stale  forged"
# Escape sequences of seven and eight bits, a title, colours, directions turned and isolated, a blank of no width, line ends of four kinds.
EVIL = "REFUSED \x1b[2J\x1b]0;title\x07\x9b31m\x08\u202eabc\u2066\u2028%s\u2029%s\u0085%s\x0b%s END\r%s \x00 " % ((FORGED,) * 5)


class Server:
    """Says what `talk` makes of each line it hears; b"" ends the connection."""

    def __init__(self, w, greeting, talk):
        self.greeting, self.talk, self.heard, self.accepted = greeting, talk, [], 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        w.at_end(self.listener.close)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self.serve, args=(s,), daemon=True).start()

    def serve(self, s):
        try:
            if self.greeting:
                s.sendall(self.greeting)
            for line in s.makefile("rb"):
                self.heard.append(line)
                answer = self.talk(line.rstrip(b"\r\n"))
                if answer is None:
                    break
                s.sendall(answer)
        except OSError:
            pass
        s.close()


def secret_file(w):
    path = w.folder / "secret"
    path.write_text(SECRET + "\n")
    path.chmod(0o600)
    return path


def is_decent(text, *what):
    """One that goes to a terminal: nothing but line ends of our own."""
    for c in text:
        true(c == "\n" or (c.isprintable() and c not in "\u202e\u2066\u2028\u2029\u0085"), repr(c), "in", text, *what)
    true(not re.search("^" + FORGED, text, re.M), "a forged line", text)
    for line in text.splitlines():
        true(len(line.encode()) < 3000, "a page", line)
    true(SECRET not in text, "the secret", text)
    for n in range(3):  # whatever stands before it
        hidden = base64.b64encode(b"x" * n + SECRET.encode()).decode().rstrip("=")
        true(hidden[4:-4] not in text, "the secret in base64", text)


def looked_at(w, shown, runs):
    """All that a person or a program is shown of it, and what is kept."""
    everything = ""
    for r in runs + [w.run("status", now=NOW), w.run("digest", now="2026-03-23T10:00+01:00"), w.run("check", now=NOW)]:
        is_decent(r.stdout)
        is_decent(r.stderr)
        everything += r.stdout + r.stderr
    if shown:
        true(shown in everything, "nothing was shown", everything)
    for r in (w.run("--json", "status", now=NOW), w.run("--json", "check", now=NOW), w.run("--json", "digest", now="2026-03-23T10:00+01:00")):
        for line in r.stdout.splitlines():
            for key, text in json.loads(line).items():
                if isinstance(text, str) and key != "text":
                    is_decent(text, key)
                    true("\n" not in text, key, text)
    for path in (w.folder / "state").rglob("*"):
        true(not path.is_file() or SECRET.encode() not in path.read_bytes(), path)


def long(words):
    return (words + "A" * 6000).encode()


def imap(words, at):
    """A server that says `words` at one place, and is as short as can be elsewhere."""
    tags = []

    def talk(line):
        tag, _, command = line.partition(b" ")
        verb = command.split(b" ")[0].upper()
        tags.append(tag)
        said = words(line)
        if verb == b"CAPABILITY":
            return b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n" + tag + b" OK done\r\n"
        if verb in (b"LOGIN", b"AUTHENTICATE"):
            if at == "plain" and verb == b"AUTHENTICATE" and command.count(b" ") == 1:
                return b"+ \r\n"
            if at in ("login", "plain"):
                return tag + b" NO " + said + b"\r\n"
            return tag + b" OK done\r\n"
        if b" " not in line.strip() and at == "plain":  # the response
            return tags[-2] + b" NO " + said + b"\r\n"
        if verb == b"LIST":
            if at == "list":
                return tag + b" NO " + said + b"\r\n"
            return b"* LIST () \"/\" INBOX\r\n" + tag + b" OK done\r\n"
        if verb in (b"SELECT", b"EXAMINE"):
            return tag + (b" NO " + said if at == "select" else b" OK done") + b"\r\n"
        if verb == b"STATUS":
            return tag + b" NO " + (said if at == "select" else b"no") + b"\r\n"
        if verb == b"LOGOUT":
            return b"* BYE " + (said if at == "bye" else b"bye") + b"\r\n" + tag + b" OK done\r\n"
        return tag + b" OK done\r\n"
    return talk


def imap_case(at, about, shown="REFUSED"):
    @case("IMAP: " + about)
    def check(w):
        for echo in ("", SECRET, "line"):
            # Behind a few words, so that it is not cut off, and far behind them.
            words = lambda line: ((EVIL[:8] + (line.decode("latin-1") if echo == "line" else echo) + EVIL[7:]).encode() + b"A" * 6000)  # noqa: E731
            greeting = b"* OK [ALERT] " + words(b"") + b"\r\n" if at == "greeting" else b"* BYE " + words(b"") + b"\r\n" if at == "bye" else b"* OK hello\r\n"
            server = Server(w, greeting, imap(words, at))
            w.config.write_text("\n".join(line for line in w.config.read_text().splitlines() if "imap:" not in line) + "\n")
            w.source('{imap: "imap://bob@localhost:%d", name: account, password: {file: %s}}' % (server.port, secret_file(w)))
            looked_at(w, shown if not echo else None, [w.run("scan", now=NOW)])
            true(server.heard or at in ("greeting", "bye"), "it was not asked")
    check.__name__ = "imap_" + at
    return check


imap_case("greeting", "an ALERT in the greeting", shown=None)
imap_case("bye", "a BYE instead of a greeting", shown=None)
imap_case("login", "the NO to LOGIN or AUTHENTICATE")
imap_case("plain", "the NO to the response of AUTHENTICATE")
imap_case("list", "the NO to LIST")
imap_case("select", "the NO to EXAMINE")


@case("CalDAV: the reason and the body of an HTTP answer, its realm, and where it sends us")
def http(w):
    for answer in (b"HTTP/1.1 403 " + EVIL.replace("\x00", "").encode() + SECRET.encode() + b"A" * 6000 + b"\r\nContent-Length: 0\r\n\r\n",
                   b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"" + EVIL.replace("\x00", "").encode() + SECRET.encode() + b"\"\r\nContent-Length: 0\r\n\r\n",
                   b"HTTP/1.1 302 Go\r\nLocation: http://localhost:1/" + EVIL.replace("\x00", "").encode() + SECRET.encode() + b"\r\nContent-Length: 0\r\n\r\n",
                   b"HTTP/1.1 207 Multi\r\nContent-Type: application/xml\r\nContent-Length: 30000\r\n\r\n" + (EVIL + SECRET).encode() * 300):
        server = Server(w, None, lambda line: answer if not line else b"")
        w.config.write_text("\n".join(line for line in w.config.read_text().splitlines() if "caldav:" not in line) + "\n")
        w.source('{caldav: "http://bob@localhost:%d/dav/", name: account, password: {file: %s}}' % (server.port, secret_file(w)))
        looked_at(w, "localhost", [w.run("scan", now=NOW)])
        true(server.heard, "it was not asked")


@case("SMTP: the answers to every step, in `check`, `status` and the outbox")
def smtp(w):
    secret_file(w)
    config = w.config.read_text()
    for step in ("greeting", "ehlo", "auth", "mail", "rcpt", "data", "dot"):
        evil = (EVIL[:8] + SECRET + EVIL[7:] if step == "auth" else EVIL).replace("\n", "").encode().decode("latin-1")
        with Sink(mechanisms="PLAIN LOGIN", login={"camille@studio.example": SECRET}, replies={step: "554 5.7.1 " + evil + "A" * 300}) as sink:
            w.config.write_text(config + 'digest: {empty: line, to: camille@studio.example, smtp: "smtp://camille%%40studio.example@localhost:%d", password: {file: secret}}\n' % sink.port)
            looked_at(w, "REFUSED" if step != "auth" else None, [w.run("scan", now=NOW), w.run("digest", "--send", now=NOW)])
            true(any(line.startswith("EHLO") for line in sink.log) or step == "greeting", sink.log)


# --- core files


def children(pid):
    found = []
    for task in pathlib.Path("/proc/%d/task" % pid).iterdir():
        found += [int(x) for x in (task / "children").read_text().split()]
    return found


@case("neither the core nor a role leaves a core file; nobody of the same user looks into the role that has the secret")
def no_core(w):
    server = Server(w, None, lambda line: b"")  # silent, before the role has locked itself in
    w.source('{imap: "imap://bob@localhost:%d", name: account, password: {file: %s}}' % (server.port, secret_file(w)))
    tap.as_nobody(w)
    p = w.start("scan", now=NOW, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def roles():
        return {pid: pathlib.Path("/proc/%d/cmdline" % pid).read_bytes() for pid in children(p.pid)}
    try:
        deadline = time.monotonic() + tap.TIMEOUT
        while not server.accepted:
            true(time.monotonic() < deadline and p.poll() is None, "nobody came")
            time.sleep(0.01)
        fetchers = [pid for pid, words in roles().items() if b"--role=fetch" in words]
        equal(len(fetchers), 1)
        for pid in fetchers + [p.pid]:
            core = [line for line in pathlib.Path("/proc/%d/limits" % pid).read_text().splitlines() if "core" in line]
            equal(core[0].split()[4:6], ["0", "0"])
            if pid != p.pid and not tap.sanitized() and os.stat("/proc/%d/cmdline" % p.pid).st_uid != 0:
                equal(os.stat("/proc/%d/cmdline" % pid).st_uid, 0, "it can be looked into")
    finally:
        p.kill()
        p.wait()


if __name__ == "__main__":
    tap.main()
