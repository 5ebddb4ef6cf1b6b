# SPDX-License-Identifier: GPL-3.0-or-later
"""What networks and servers do to a calendar account, with a proxy between adieu and a real radicale or xandikos: whatever it was, in the end all is as if it
had not been. Nothing is observed twice, nothing passes for gone, no secret is told, and what the server holds is to the byte what it was."""
import base64
import email.utils
import functools
import http.server
import importlib
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import davserver  # noqa: E402
import fakedav  # noqa: E402
import tap  # noqa: E402
from meddler import Meddler, Plan  # noqa: E402
from tap import SLOW, case, equal, main, true  # noqa: E402

caldav = importlib.import_module("test-caldav")
tap.CASES.clear()  # its own cases are its own test
BEFORE, LATER, AFTER = caldav.BEFORE, caldav.LATER, caldav.AFTER
cancelled, fake, meeting, real, use = caldav.cancelled, caldav.fake, caldav.meeting, caldav.real, caldav.use
SECRETS = (fakedav.PASSWORD, base64.b64encode(("%s:%s" % (fakedav.USER, fakedav.PASSWORD)).encode()).decode())


def observations(w):
    """All that the store holds: what, of when, and when it was seen."""
    path = w.folder / "state" / "adieu" / "adieu.db"
    if not path.exists():
        return []
    db = sqlite3.connect(str(path))
    rows = sorted(db.execute("SELECT kind, at, seen_at, hex(digest) FROM observation"))
    db.close()
    return rows


def scan(w, now, want=0):
    r = w.scan(now, want)
    for word in SECRETS:
        true(word not in r.stdout + r.stderr, "a secret was told", r)
    return r


def no_secret_kept(w):
    for path in (w.folder / "state").rglob("*"):
        for word in SECRETS:
            true(not path.is_file() or word.encode() not in path.read_bytes(), path)


def remember(w):
    shutil.rmtree(w.folder / "remembered", ignore_errors=True)
    shutil.copytree(w.folder / "state", w.folder / "remembered")


def back(w):
    """As it was when remember() was called, or as if nothing had ever been read."""
    shutil.rmtree(w.folder / "state", ignore_errors=True)
    if (w.folder / "remembered").exists():
        shutil.copytree(w.folder / "remembered", w.folder / "state")


class Account:
    """A calendar of some meetings on a real server, behind a proxy, and what a client that nobody disturbs reads of it: at first, and when something
    changed."""

    def __init__(self, w, server, path):
        self.w, self.server, self.path = w, server, path
        self.proxy = Meddler(w, server.port)
        self.base = "http://localhost:%d" % self.proxy.port
        for i in range(6):
            server.put(path + "e%d.ics" % i, meeting("m%d" % i))
        password = isinstance(server, davserver.Radicale)
        use(w, self.base, *(() if password else (None, None)))

    def change(self):
        self.server.put(self.path + "e1.ics", meeting("m1", start="20270302T110000Z"))
        self.server.put(self.path + "new.ics", meeting("m9", start="20270303T110000Z"))
        self.server.delete(self.path + "e2.ics")

    def undisturbed(self, now):
        """What comes out, and how many bytes the server says for it."""
        before = self.proxy.down
        scan(self.w, now)
        self.want = observations(self.w)
        back(self.w)
        return self.proxy.down - before

    def same(self, now):
        """A pass that nobody disturbs makes good whatever was."""
        scan(self.w, now)
        have = observations(self.w)
        equal(([o for o in self.want if o not in have], [o for o in have if o not in self.want], len(have)), ([], [], len(self.want)))

    def disturbed(self, now, plan, want=(0, 3)):
        self.proxy.plan = plan
        r = scan(self.w, now, want)
        self.proxy.plan = lambda n: Plan()
        if r.returncode != 0:
            true("localhost" in r.stderr, "nobody would know which", r)
        return r


def in_both_states(w, server, disturb):
    """disturb(account, now, bytes) with nothing known yet, and with changes since the last pass."""
    path = caldav.calendar_at(server)
    a = Account(w, server, path)
    for now in (BEFORE, LATER):
        if now == LATER:
            remember(w)
            a.change()
        size = a.undisturbed(now)
        true(len(a.want) >= 6, a.want)
        held, etags = server.files(), server.etags(path)
        disturb(a, now, size)
        equal(server.files(), held, "files of the server")
        equal(server.etags(path), etags)
        back(w)
        a.same(now)
    no_secret_kept(w)


def cut_everywhere(a, now, size, step=1000 if SLOW else 100):
    failures = 0
    for at in range(0, size, step):
        back(a.w)
        start = a.proxy.down
        failures += a.disturbed(now, lambda n: Plan(cut=max(start + at - a.proxy.down, 0), reset=at // step % 2 == 1)).returncode == 3
        a.same(now)
    true(failures >= size // step * 9 // 10, failures, size)


@case("radicale: the answers of a pass are cut after every hundredth byte")
def cuts_radicale(w):
    with real(w, "radicale") as s:
        in_both_states(w, s, cut_everywhere)


@case("xandikos, which is slower: after every four hundredth")
def cuts_xandikos(w):
    with real(w, "xandikos") as s:
        in_both_states(w, s, functools.partial(cut_everywhere, step=2000 if SLOW else 400))


@case("answers that come byte by byte are read to their end")
def drips(w):
    def drip(a, now, size):
        a.disturbed(now, lambda n: Plan(drip=0.0001), 0)
        a.same(now)
        true(a.proxy.connections > 0)
    with real(w, "radicale") as s:
        in_both_states(w, s, drip)


@case("a server that says nothing more: in the middle of an answer, before it, or before TLS; it is left after a while and all is well afterwards")
def stalls(w):
    plans = [lambda n: Plan(stall=0), lambda n: Plan(stall=40), lambda n: Plan(stall=400)]
    with real(w, "radicale") as s:
        path = caldav.calendar_at(s)
        threads, results = [], []
        accounts = [Account(type(w)(w.folder / ("w%d" % i)), s, path) for i in range(len(plans))]
        for a in accounts:
            a.undisturbed(BEFORE)
        for a, plan in zip(accounts, plans):
            threads.append(threading.Thread(target=lambda a=a, p=plan: results.append(a.disturbed(BEFORE, p, 3))))
        # Nobody says a word of TLS.
        silent = socket.socket()
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        other = type(w)(w.folder / "tls")
        use(other, "https://localhost:%d" % silent.getsockname()[1])
        threads.append(threading.Thread(target=lambda: results.append(scan(other, BEFORE, 3))))
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        silent.close()
        equal(len(results), 4)
        for r in results:
            true("does not answer" in r.stderr, r)
        for a in accounts:
            a.same(BEFORE)


@case("the server is stopped (SIGSTOP) in the middle of a pass and goes on a while later: nobody notices")
def stopped(w):
    with real(w, "radicale") as s:
        def stop(a, now, size):
            def pause(n):
                if n == first + 2:
                    os.kill(s.process.pid, signal.SIGSTOP)
                    threading.Timer(2, os.kill, (s.process.pid, signal.SIGCONT)).start()
                return Plan()
            first = a.proxy.connections
            a.disturbed(now, pause, 0)
            true(a.proxy.connections > first + 2)
            a.same(now)
        in_both_states(w, s, stop)


@case("the server is killed (SIGKILL) in the middle of a pass, at each of its connections, and started again")
def killed(w):
    with real(w, "radicale") as s:
        def kill(a, now, size):
            before = a.proxy.connections
            scan(w, now)
            back(w)
            for at in range(a.proxy.connections - before):
                first = a.proxy.connections

                def shoot(n):
                    if n == first + at:
                        s.process.kill()
                        s.process.wait()
                    return Plan()

                a.disturbed(now, shoot, 3)
                s.start()
                a.same(now)
                back(w)
        in_both_states(w, s, kill)


@case("garbage in the answers of a real server, lengths that are announced and never come, and answers without end")
def garbage(w):
    huge = b"Content-Length: 10737418240\r\nX-Length: "
    plans = [(b"HTTP/1.0 207", b"HTTP/1.0 2O7"), (b"HTTP/1.0 207", b"HTTP/9.9 207"), (b"HTTP/1.0 207", b"\0\xff\xfe\x80"), (b"HTTP/1.0 207", b"HTTP/1.0 206"),
             (b"Content-Length: ", huge), (b"Content-Length: ", b"Content-Length: -"), (b"Content-Length: ", b"Content-Length: 99999999999999999999"),
             (b"Content-Length: ", b"Content-Length: 5\r\nX-L: "), (b"Content-Length: ", b"Transfer-Encoding: chunked\r\nX-L: "),
             (b"Content-Length: ", b"Content-Encoding: gzip\r\nContent-Length: "), (b"multistatus", b"multistat\xff"), (b"<response", b"<\0response"),
             (b"</multistatus>", b"</multi>"), (b"</multistatus>", b""), (b"<?xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]><?xml"), (b"DAV:", b"dav:"),
             (b"BEGIN:VCALENDAR", b"<html>BEGIN:VCALENDAR")]

    def disturb(a, now, size):
        failures = 0
        for old, new in plans:
            # From the first answer on, and when the calendars are known.
            for since in (0, 4):
                back(w)
                first = a.proxy.connections
                r = a.disturbed(now, lambda n: Plan(replace=(old, new)) if n >= first + since else Plan())
                failures += r.returncode == 3
                a.same(now)
        true(failures > len(plans), failures)

    with real(w, "radicale") as s:
        in_both_states(w, s, disturb)


@case("an answer without end, and one of 10 GB: given up at a limit, and memory stays what it was")
def endless(w):
    with fake() as s:
        work = caldav.calendar_at(s)
        for i in range(3):
            s.put(work + "%d.ics" % i, meeting("m%d" % i))
        use(w, s.base)
        base = scan(w, BEFORE)
        want = observations(w)
        s.put(work + "0.ics", meeting("m0", start="20270303T110000Z"))
        piece = b"<!--" + b"x" * 65000 + b"-->"
        bodies = {
            "an object": lambda: iter([b'<multistatus xmlns="DAV:"><response><href>/home/work/0.ics</href><propstat><prop><calendar-data xmlns="urn:ietf:params:xml:ns:caldav">']
                                      + [b"x" * 65536] * 5000),
            "comments": lambda: iter([b'<multistatus xmlns="DAV:">'] + [piece] * 5000),
            "responses": lambda: iter([b'<multistatus xmlns="DAV:">'] + [b"<response/>" * 6000] * 5000),
            "elements": lambda: iter([b'<multistatus xmlns="DAV:">'] + [b"<a/>" * 16000] * 5000),
        }
        for length in ({}, {"Content-Length": "10737418240"}):
            for name, body in bodies.items():
                s.answer = lambda r, b=body, h=length: (207, h, b()) if r["method"] == "REPORT" else None
                r = scan(w, LATER, 3)
                true(r.memory < base.memory + (64 << 20) or SLOW, name, base.memory, r.memory)
                equal(observations(w), want, name)
        s.answer = None
        scan(w, LATER)
        equal(len(observations(w)), 4)
        equal(cancelled(w, LATER), [])


@case("headers without end: given up after a few megabytes, and they are kept nowhere")
def endless_headers(w):
    listener, sent = socket.socket(), [0]
    listener.bind(("127.0.0.1", 0))
    listener.listen(8)
    lines = b"".join(b"X-%d: %s\r\n" % (i, b"y" * 50) for i in range(1000))

    def serve():
        while True:
            client, _ = listener.accept()
            try:
                client.recv(65536)
                client.sendall(b"HTTP/1.1 207 Multi-Status\r\n")
                while sent[0] < 1 << 30:
                    client.sendall(lines)
                    sent[0] += len(lines)
            except OSError:
                pass
            client.close()

    threading.Thread(target=serve, daemon=True).start()
    use(w, "http://localhost:%d" % listener.getsockname()[1])
    r = scan(w, BEFORE, 3)
    true("localhost" in r.stderr, r)
    true(0 < sent[0] < 64 << 20, sent)
    true(r.memory < 128 << 20 or SLOW, r.memory)


@case("a calendar of a hundred megabytes is read in the memory that a small one needs")
def much(w):
    n, size = (200, 50000) if SLOW else (2000, 50000)
    with fake() as s:
        work = caldav.calendar_at(s)
        s.put(work + "a.ics", meeting("m"))
        use(w, s.base)
        base = scan(w, BEFORE)
        text = "".join("X-FILLER:%s\r\n" % ("y" * 60) for _ in range(size // 71)).replace("\r", "&#13;")
        for i in range(n):
            s.put(work + "%d.ics" % i, meeting("m%d" % i, extra="X-MUCH:x\r\n"))

        filled = []

        def fill(r):
            # What this process held would count: a program begins with the memory of whoever started it.
            status, headers, body = s.check(r) or s.usual(r)
            filled.append(body.count("X-MUCH"))
            return status, headers, body.replace("X-MUCH:x&#13;\n", text)

        s.answer = fill
        r = scan(w, BEFORE)
        equal((len(observations(w)), sum(filled)), (n + 1, n))
        true(r.memory < base.memory + (64 << 20) or SLOW, base.memory, r.memory)
        scan(w, BEFORE)
        equal(len(observations(w)), n + 1)


@case("the password is refused after hours, or in the middle of a pass: told, sent once, nothing is gone; fine when it is right again")
def refused_later(w):
    with fake() as s:
        work = caldav.calendar_at(s)
        for i in range(3):
            s.put(work + "%d.ics" % i, meeting("m%d" % i))
        use(w, s.base)
        scan(w, BEFORE)
        want = observations(w)
        for method in ("PROPFIND", "REPORT"):
            s.put(work + "0.ics", meeting("m0", summary=method))
            s.answer = lambda r: (401, {"WWW-Authenticate": 'Basic realm="x"'}, "no") if r["method"] == method else None
            s.requests.clear()
            r = scan(w, BEFORE, 3)
            true("does not accept the user bob" in r.stderr, r)
            refused = [q for q in s.requests if q["method"] == method and "Authorization" in q["headers"]]
            equal(len(refused), 1)
            equal(observations(w), want)
            s.requests.clear()
            true("not tried again before" in scan(w, BEFORE, 3).stderr)
            equal(s.requests, [])
            use(w, s.base)  # written anew
        s.answer = None
        scan(w, BEFORE)
        equal(len(observations(w)), 4)
        equal(cancelled(w, AFTER), [])


@case("a 401 that broke off, or comes from who is no calendar server, refuses nothing: the next pass tries again")
def refused_by_nobody(w):
    with fake() as s:
        s.put(caldav.calendar_at(s) + "0.ics", meeting("m0"))
        use(w, s.base)
        s.answer = lambda r: (401, {}, "no")
        true("did not say to the end which" in scan(w, BEFORE, 3).stderr)
        equal([q for q in s.requests if "Authorization" in q["headers"]], [])
        s.answer = None
        scan(w, BEFORE)
        equal(len(observations(w)), 1)


@case("a token that the server refuses, in whatever way: everything is listed, and only what changed is fetched")
def expired(w):
    ways = [(c, b) for c in (400, 403, 404, 405, 409, 410, 412, 415, 422, 500, 501, 507) for b in ("", '<error xmlns="DAV:"><valid-sync-token/></error>')]
    with fake() as s:
        work = caldav.calendar_at(s)
        for i in range(8):
            s.put(work + "%d.ics" % i, meeting("m%d" % i))
        use(w, s.base)
        scan(w, BEFORE)
        count = len(observations(w))
        for n, (code, body) in enumerate(ways):
            s.put(work + "0.ics", meeting("m0", summary="Round %d" % n))
            s.answer = lambda r, c=code, b=body: (c, {}, b) if "sync-collection" in r["body"] and "<sync-token>urn" in r["body"] else None
            s.requests.clear()
            scan(w, BEFORE)
            count += 1
            equal(len(observations(w)), count, (code, body))
            equal([r["body"].count("<href>") for r in s.requests if "multiget" in r["body"]], [1])
        # What vanished meanwhile is seen in the listing.
        s.delete(work + "0.ics")
        scan(w, LATER)
        equal(cancelled(w, AFTER), [["m0", LATER]])


def soon(seconds):
    return email.utils.formatdate(time.time() + seconds, usegmt=True)


@case("429 and 503: one question, and how long it wants to be left alone is told, whether it says so in seconds or by a date")
def busy(w):
    with fake() as s:
        work = caldav.calendar_at(s)
        s.put(work + "a.ics", meeting("m1"))
        use(w, s.base)
        # What it says, and what may be made of it.
        said = [("120", 120, 120), (soon(7200), 7000, 7200), ("0", 0, 0), (soon(-7200), 0, 0), ("soon", 0, 0), ("99999999999999999999", 86400, 86400),
                (soon(30 * 86400), 86400, 86400), ("-5", 0, 0), ("", 0, 0), (None, 0, 0)]
        for code in (429, 503):
            for value, least, most in said:
                s.answer = lambda r, c=code, v=value: (c, {"Retry-After": v} if v is not None else {}, "")
                s.requests.clear()
                r = scan(w, BEFORE, 3)
                true("answer %d" % code in r.stderr, r)
                equal(len(s.requests), 1)
                found = re.search(r"left alone for (\d+) s", r.stderr)
                true(least <= (int(found.group(1)) if found else 0) <= most, code, value, r)
        # In the middle of a pass.
        s.answer = lambda r: (503, {"Retry-After": "5"}, "") if r["method"] == "REPORT" else None
        scan(w, BEFORE, 3)
        s.answer = None
        scan(w, BEFORE)
        equal(len(observations(w)), 1)


@case("redirections: circles, other hosts, other ports, without TLS, to files: the secret goes nowhere, and the server that it came from is told of")
def redirected(w):
    ca = caldav.ca(w)
    with fake(auth="none") as other, fake(tls=ca) as s:
        work = caldav.calendar_at(s)
        s.put(work + "a.ics", meeting("m1"))
        use(w, s.base, more=", ca: ca/ca.pem")
        scan(w, BEFORE)
        want = observations(w)
        s.put(work + "b.ics", meeting("m2"))
        path = "/home/work/"
        targets = ["http://localhost:%d%s" % (s.port, path), "http://127.0.0.1:%d%s" % (other.port, path), "//127.0.0.1:%d%s" % (other.port, path),
                   "https://127.0.0.1:%d%s" % (other.port, path), "https://bob:%s@localhost:%d/" % ("x", other.port), "//localhost:%d/" % other.port, "file:///etc/passwd",
                   "gopher://127.0.0.1:%d/" % other.port, "ftp://127.0.0.1/", "", "https://", "http://[::1", "\t", "/" + "x" * 5000]
        codes = (301, 302, 303, 307, 308)
        for n, target in enumerate(targets + [targets[1]] * len(codes)):
            for method in ("PROPFIND", "REPORT"):
                s.answer = lambda r, t=target, c=codes[n % len(codes)], m=method: (c, {"Location": t}, "") if r["method"] == m else None
                r = scan(w, LATER, 3)
                true("localhost" in r.stderr, target, r)
        equal(other.requests, [])
        # A circle, of one and of two.
        for to in (lambda r: r["path"], lambda r: "/a" if r["path"] != "/a" else "/b", lambda r: r["path"] + "x/"):
            s.answer = lambda r: (302, {"Location": to(r)}, "")
            s.requests.clear()
            r = scan(w, LATER, 3)
            true("in a circle" in r.stderr, r)
            equal(len(s.requests), 6)
        equal(observations(w), want)
        s.answer = None
        scan(w, LATER)
        equal(len(observations(w)), 2)
        equal(cancelled(w, LATER), [])


@case("a calendar that is deleted and made again, with the same objects, with fewer, with none: what is there is not gone, and nothing is told twice")
def made_again(w):
    for which in ("radicale", "xandikos"):
        world = type(w)(w.folder / which)
        with real(world, which) as s:
            path = s.home + "clients/"

            def fill(names):
                s.calendar(path, "Clients")
                for n in names:
                    s.put(path + n + ".ics", meeting(n))

            fill("abcd")
            use(world, s.base, *(() if which == "radicale" else (None, None)))
            scan(world, BEFORE)
            want = observations(world)
            equal(len(want), 4)
            s.delete(path)
            fill("abcd")
            scan(world, "2026-02-21T10:00+01:00")
            equal(observations(world), want, which)
            # Away for a while, seen as away, and there again.
            s.delete(path)
            scan(world, "2026-02-22T10:00+01:00", (0, 3))
            equal(observations(world), want, which)
            fill("abcd")
            scan(world, "2026-02-23T10:00+01:00")
            equal(cancelled(world, AFTER), [])
            held = sorted({o[3] for o in observations(world)})
            equal(held, sorted({o[3] for o in want}), which)
            equal(len(observations(world)), len(want), which)
            # One is missing since.
            s.delete(path)
            fill("abc")
            scan(world, LATER)
            equal(cancelled(world, AFTER), [["d", LATER]], which)
            # It comes back empty: that is not believed.
            s.delete(path)
            fill("")
            scan(world, AFTER, (0, 3))
            equal(cancelled(world, AFTER), [["d", LATER]], which)


@case("certificates that are expired, of another name, signed by themselves or by nobody known: radicale's own record has no question of ours")
def certificates(w):
    ca = caldav.ca(w)
    other = davserver.certificates(w.folder / "other")
    rows = (("old", ", ca: ca/ca.pem", "expired on"), ("wrong", ", ca: ca/ca.pem", "another name"), ("self", ", ca: ca/ca.pem", "signed by itself"),
            ("srv", "", "nobody that is trusted"), ("srv", ", ca: other/ca.pem", "nobody who is in the file under `ca:`"),
            ("srv", ", ca: ca/ca.pem, fingerprint: \"%s\"" % davserver.fingerprint(other / "srv.pem"), "another certificate"))
    for n, (name, more, words) in enumerate(rows):
        with real(w, "radicale", tls=ca, certificate=name) as s:
            asked = s.log().count("request for")
            use(w, s.base, more=more)
            r = scan(w, BEFORE, 3)
            true(words in r.stderr, name, r)
            equal(s.log().count("request for"), asked, name)
            equal(s.log().count("Authorization"), 0, name)
    with real(w, "radicale", tls=ca) as s:
        use(w, s.base, more=", ca: ca/ca.pem")
        asked = s.log().count("request for")
        scan(w, BEFORE)
        true(s.log().count("request for") > asked)
        # TLS where there is none, and the other way round: nothing of the secret in either.
        use(w, s.base.replace("https", "http"))
        asked = s.log().count("request for")
        scan(w, BEFORE, 3)
        equal(s.log().count("request for"), asked)
    with fake() as s:
        use(w, s.base.replace("http", "https"))
        r = scan(w, BEFORE, 3)
        true("no TLS" in r.stderr, r)
        equal(s.requests, [])


# --- files on the web


class Files(http.server.SimpleHTTPRequestHandler):
    """Python's own: it knows Last-Modified and If-Modified-Since."""

    answers = []

    def log_message(self, *args):
        pass

    def send_response(self, code, message=None):
        self.answers.append(code)
        super().send_response(code, message)


@case("an .ics file behind the proxy: not fetched again while its date stands, cut after every hundredth byte, and nothing of it passes for gone")
def webcal(w):
    folder = w.folder / "www"
    folder.mkdir()
    file = folder / "feed.ics"
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Files, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    w.at_end(server.shutdown)
    proxy = Meddler(w, server.server_address[1])
    inner = "END:VCALENDAR\r\nBEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n"
    file.write_bytes("".join(meeting("m%d" % i) for i in range(4)).replace(inner, "").encode())
    os.utime(file, (1760000000, 1760000000))
    use(w, "http://localhost:%d/feed.ics" % proxy.port, None, None, kind="calendar")
    scan(w, BEFORE)
    scan(w, BEFORE)
    equal(Files.answers, [200, 304])
    remember(w)
    file.write_bytes("".join(meeting("m%d" % i) for i in range(1, 5)).replace(inner, "").encode())
    os.utime(file, (1760000100, 1760000100))
    before = proxy.down
    scan(w, LATER)
    size, want = proxy.down - before, observations(w)
    equal(len(want), 6)
    for at in range(0, size, 1000 if SLOW else 100):
        back(w)
        proxy.plan = lambda n: Plan(cut=at)
        scan(w, LATER, (3,))
        proxy.plan = lambda n: Plan()
        scan(w, LATER)
        equal(observations(w), want, at)
    del Files.answers[:]
    scan(w, LATER)
    equal(Files.answers, [304])
    equal(cancelled(w, AFTER), [["m0", LATER]])


main(at_once=3)
