# SPDX-License-Identifier: GPL-3.0-or-later
"""adieu check: one line for each thing that was tried, with what a person can do about it; nothing is read, kept or sent."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import davserver  # noqa: E402
import dovecot  # noqa: E402
import fakedav  # noqa: E402
import smtpsink  # noqa: E402
import tap  # noqa: E402
from tap import as_nobody, case, equal, main, true  # noqa: E402

CALENDAR = davserver.event("m1")


def configure(w, sources, more=""):
    secret = w.folder / "secret"
    secret.write_text(fakedav.PASSWORD + "\n")
    secret.chmod(0o600)
    head, _, rest = w.config.read_text().partition("sources:\n")
    _, _, tail = rest.partition("clients:\n")
    w.config.write_text(head + "sources:\n" + "".join("  - {%s}\n" % s for s in sources) + more + "clients:\n" + tail)


def check(w, want):
    """Rows as tuples (check, kind, fine, text)."""
    text = w.run("check")
    equal(text.returncode, want, text)
    r = w.run("check", "--json")
    equal(r.returncode, want, r)
    rows = [json.loads(line) for line in r.stdout.splitlines()]
    equal(len(text.stdout.splitlines()), len(rows))
    for line, row in zip(text.stdout.splitlines(), rows):
        true(line.startswith("fine" if row["fine"] else "fault") and row["name"] in line, line, row)
    for word in (fakedav.PASSWORD, "Sanitizer"):
        true(word not in text.stdout + text.stderr + r.stdout + r.stderr, r)
    # The store of observations is not even made.
    true(not list((w.folder / "state").rglob("*.db")))
    return [(row["check"], row["kind"], row["fine"], row["text"]) for row in rows]


def url(server, path=""):
    return server.base.replace("://", "://%s@" % fakedav.USER) + path


@case("files and folders: there, not there, not readable, not what they are said to be")
def local(w):
    w.write("one.mbox", b"From a@b Mon Mar  2 08:50:00 2026\n\n")
    w.write("calendars/a.ics", CALENDAR.encode())
    configure(w, ["maildir: Maildir", "mbox: one.mbox", "calendar: calendars", "calendar: calendars/a.ics"])
    equal([row[2] for row in check(w, 0)], [True] * 4)
    (w.folder / "Half" / "cur").mkdir(parents=True)
    configure(w, ["maildir: nowhere", "maildir: one.mbox", "maildir: Half", "mbox: Maildir/cur"])
    rows = check(w, 3)
    equal([row[2] for row in rows], [False, False, False, True])
    true("does not exist" in rows[0][3] and "not a folder" in rows[1][3] and "is it a Maildir" in rows[2][3], rows)


@case("a folder that may not be read")
def locked(w):
    configure(w, ["maildir: Maildir"])
    as_nobody(w)
    (w.folder / "Maildir").chmod(0)
    rows = check(w, 3)
    true("permission denied" in rows[0][3], rows)


@case("calendars on a server: which there are, and a name that is none of theirs")
def caldav(w):
    s = fakedav.FakeDav()
    try:
        for name in ("work", "home"):
            s.calendar("/home/%s/" % name, name.capitalize())
            s.put("/home/%s/a.ics" % name, CALENDAR)
        configure(w, ['caldav: "%s", password: {file: secret}' % url(s)])
        equal(check(w, 0), [("source", "caldav", True, "2 calendars: Work, Home")])
        true(not any(r["method"] in ("REPORT", "GET") for r in s.requests), "objects were asked for")
        configure(w, ['caldav: "%s", password: {file: secret}, include: [work, wrok]' % url(s)])
        rows = check(w, 3)
        true('"wrok"' in rows[0][3] and "Work, Home" in rows[0][3], rows)
        # No fault, since nothing is missed; but what was to be left out may not be.
        configure(w, ['caldav: "%s", password: {file: secret}, exclude: [home, wrok]' % url(s)])
        equal(check(w, 0)[0][3], '2 calendars: Work, Home; none is called "wrok", which is to be left out')
        configure(w, ['caldav: "%s", password: {file: secret}, exclude: [home, work]' % url(s)])
        rows = check(w, 3)
        true("leave out all that is there" in rows[0][3] and "adieu.yaml:" in rows[0][3] and "Work, Home" in rows[0][3], rows)
        r = w.run("scan")
        true(r.returncode == 3 and "leave out every folder that is there" in r.stderr and "adieu.yaml:" in r.stderr, r)
        shutil.rmtree(w.folder / "state")
        configure(w, ['caldav: "%s", password: {file: secret}, include: [work, wrok]' % url(s)])
        (w.folder / "secret").write_text("wrong\n")
        (w.folder / "secret").chmod(0o600)
        configure_again = w.config.read_text().replace(", include: [work, wrok]", "")
        w.config.write_text(configure_again)
        rows = check(w, 3)
        true("does not accept the user bob" in rows[0][3], rows)
        (w.folder / "secret").unlink()
        before = len(s.requests)
        rows = check(w, 3)
        true("secret" in rows[0][3] and "No such file" in rows[0][3], rows)
        equal(len(s.requests), before)
    finally:
        s.stop()
    rows = check(w, 3)
    configure(w, ['caldav: "%s", password: {file: secret}' % url(s)])
    rows = check(w, 3)
    true("Connection refused" in rows[0][3], rows)


def sentence(w, source, want=3):
    """What is said of that one source, which a person can act on: nothing of the words of libraries."""
    configure(w, [source])
    rows = check(w, want)
    equal(len(rows), 1)
    text = rows[0][3]
    true(20 < len(text) < 300 and not re.search("gnutls|curl|errno|handshake|HTTP/|-?E[A-Z]{4}", text), text)
    return text


def says(w, source, *words):
    text = sentence(w, source)
    for word in words:
        true(word in text, "expected", word, "in", text)


@case("fifteen mistakes that people make with a calendar on a server, and the sentence for each")
def mistakes(w):
    # One that takes a minute, meanwhile.
    slow = type(w)(w.folder / "slow")
    configure(slow, ['caldav: "http://bob@localhost:1", password: {command: [sleep, "1000"]}'])
    hanging = slow.start("check", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    ca = davserver.certificates(w.folder / "ca")
    for name, text in (("wrong", "x\n"), ("empty", ""), ("open", "x\n"), ("two", "x\ny\n"), ("garbage.pem", "no certificate\n")):
        (w.folder / name).write_text(text)
        (w.folder / name).chmod(0o644 if name == "open" else 0o600)
    s, tls = fakedav.FakeDav(), fakedav.FakeDav(tls=ca)
    right = ", password: {file: secret}"
    plain, secured = ['caldav: "%s"' % url(x) for x in (s, tls)]
    try:
        s.calendar("/home/work/", "Work")
        says(w, plain + ", password: {file: wrong}", "does not accept the user bob", "two factors")
        says(w, 'caldav: "%s"' % s.base, "write the user into the address", "`password:`")
        # Ports, and what listens there.
        free = tap.free_ports(1)[0]
        says(w, 'caldav: "http://bob@localhost:%d"%s' % (free, right), "Connection refused", "is port %d right?" % free)
        says(w, plain.replace("http:", "https:") + right, "speaks no TLS on port %d" % s.port, "is the port right?")
        says(w, secured.replace("https:", "http:") + right, "https://")
        with smtpsink.Sink() as sink:
            says(w, 'caldav: "http://bob@localhost:%d"%s' % (sink.port, right), "no web server", "is the port right?")
        # .invalid is nobody's (RFC 6761).
        says(w, 'caldav: "https://bob@dav.invalid"' + right, "dav.invalid cannot be found", "is it written right")
        # Certificates.
        says(w, secured + right, "nobody that is trusted", "`ca:`")
        says(w, secured + right + ", ca: nowhere.pem", "nowhere.pem", "No such file")
        says(w, secured + right + ", ca: garbage.pem", "garbage.pem", "holds no certificate")
        pin = davserver.fingerprint(ca / "srv.pem")
        says(w, secured + right + ', fingerprint: "%s"' % davserver.fingerprint(ca / "old.pem"), "another certificate", pin)
        for name, words in (("old", ("expired on 20", "must renew")), ("wrong", ("another name, other.test", "is the address right?")), ("self", ("by itself", "`fingerprint:`"))):
            other = fakedav.FakeDav(tls=ca, certificate=name)
            try:
                says(w, 'caldav: "%s"%s, ca: ca/ca.pem' % (url(other), right), *words)
            finally:
                other.stop()
        # Addresses that lead somewhere else.
        says(w, plain + right + ", include: [Wrok]", '"Wrok"', "there are: Work")
        page = "<html>Please log in</html>"
        for answer, words in (((200, {"Content-Type": "text/html"}, page), ("is a page", "address for CalDAV")), ((404, {}, page), ("has nothing at /", "is the address right?")),
                              ((405, {}, page), ("does not answer as a calendar server", "is the address right?")),
                              ((403, {}, page), ("does not let this account read /", "is the password good for calendars?")),
                              ((302, {"Location": "https://login.example/"}, ""), ("another server", "write https://login.example/")),
                              ((429, {"Retry-After": "90"}, ""), ("asked too often", "left alone for 90 s")), ((503, {}, ""), ("not at work for now",)), ((500, {}, page), ("a fault of its own",))):
            s.answer = lambda r, a=answer: a
            says(w, plain + right, *words)
        # The secret.
        before = len(s.requests)
        for password, words in (("{command: [nosuchprogram]}", ("nosuchprogram", "No such file")), ("{command: ['false']}", ('"false" ended with status 1',)),
                                ("{command: ['true']}", ('"true"', "empty")), ("{file: nowhere}", ("nowhere", "No such file")), ("{file: open}", ("read by others", "chmod 600")),
                                ("{file: empty}", ("empty",)), ("{file: two}", ("more than one line",)), ("{credential: dav}", ('credential "dav"', "systemd"))):
            says(w, plain + ", password: " + password, *words)
        equal(len(s.requests), before)
        # What is no account at all.
        for source, words in (('imap: "pop3s://bob@localhost"' + right, "POP3 is not read"), ('caldav: "caldav://bob@localhost"' + right, "write https://"),
                              ('calendar: "http://cal.example/a.ics"', "write https://"), ('caldav: "https://bob:pw@localhost"', "password does not belong")):
            configure(w, [source])
            r = w.run("check")
            equal(r.returncode, 1, r)
            true(words in r.stderr, r)
        says(w, "mbox: Maildir", "write maildir:")
        says(w, "maildir: ca", "is it a Maildir?")
    finally:
        s.stop()
        tls.stop()
    out, _ = hanging.communicate(timeout=tap.TIMEOUT)
    equal(hanging.returncode, 3)
    true(b'"sleep" gave no password within 60 seconds' in out, out)


@case("names of calendars that would move the cursor, or write lines of their own, write none; nor do they in status")
def hostile_names(w):
    s = fakedav.FakeDav()
    try:
        s.calendar("/home/a/", "Work\nfine   imap you: all is well\t\u0085\u009b2J\u2028x")
        s.put("/home/a/a.ics", CALENDAR)
        configure(w, ['caldav: "%s", password: {file: secret}' % url(s)])
        text = check(w, 0)[0][3]
        true(not re.search("[\0-\x1f\x7f-\x9f]", text), text)
        true("1 calendar: Work fine   imap you" in text, text)
        s.answer = lambda r: (403, {}, "") if r["method"] in ("REPORT", "GET") and r["path"] != "/" else (500, {}, "") if r["headers"].get("Depth") == "1" and r["path"] == "/home/a/" else None
        r = w.run("scan")
        equal(r.returncode, 3, r)
        for out in (r.stderr, w.run("status").stdout):
            true("Work fine" in out, out)
            true(not re.search("[\0-\x09\x0b-\x1f\x7f-\x9f]", out), out)
            true(not any(line.startswith("fine") for line in out.splitlines()), out)
    finally:
        s.stop()


@case("a password that is written where it does not belong is in no message about it")
def misplaced(w):
    for written in ("password: hunter2", "password: [hunter2]", "password: {text: hunter2}", "password: {file: x, text: hunter2}", "pass: hunter2", "Passwd: 'hunter2'",
                    "secret: hunter2", "password: hunter2, password: {file: x}", "password: {password: hunter2}, include: [[]]", "app_password : hunter2",
                    "password:\n      text: hunter2", "password:\n      hunter2", "password:\n      - hunter2", 'user: "", token: "hunter2"'):
        block = "\n" in written
        configure(w, [])
        w.config.write_text(w.config.read_text().replace("sources:\n", 'sources:\n  - imap: "imaps://bob@localhost:1"\n    %s\n' % written if block else
                                                         'sources:\n  - {imap: "imaps://bob@localhost:1", %s}\n' % written))
        for more in ((), ("--json",)):
            r = w.run("check", *more)
            equal(r.returncode, 1, written)
            true("hunter2" not in r.stdout + r.stderr and "adieu.yaml" in r.stdout + r.stderr, written, r)
        if not block:
            true("| " in w.run("check").stderr, written)
    configure(w, ['imap: "imaps://bob@localhost:1", password: {file: x}, finger: y'])
    true("password: {file: x}, finger: y" in w.run("check").stderr, w.run("check"))


@case("a mailbox on a server: its folders; a name that none has; a wrong password; a certificate that nobody vouches for")
def imap(w):
    d = dovecot.Dovecot(w)
    try:
        (w.folder / "bobpw").write_text("bobpw\n")
        (w.folder / "bobpw").chmod(0o600)
        account = 'imap: "imaps://bob@localhost:%d", password: {file: bobpw}' % d.imaps
        good = account + ", ca: %s" % d.ca
        configure(w, [good])
        rows = check(w, 0)
        true("INBOX" in rows[0][3] and "folders: " in rows[0][3], rows)
        configure(w, [good + ", include: [INBOX, Nowhere]"])
        true('"Nowhere"' in check(w, 3)[0][3])
        configure(w, [account])
        true("certificate" in check(w, 3)[0][3])
        configure(w, [good.replace("bobpw", "secret")])
        rows = check(w, 3)
        true("bob" in rows[0][3] or "password" in rows[0][3], rows)
    finally:
        d.stop()


@case("mistakes that people make with a mailbox on a server, and the sentence for each")
def mailbox_mistakes(w):
    d = dovecot.Dovecot(w)
    for name, text in (("right", "bobpw\n"), ("wrong", "x\n"), ("garbage.pem", "no certificate\n")):
        (w.folder / name).write_text(text)
        (w.folder / name).chmod(0o600)
    right = ", password: {file: right}, ca: %s" % d.ca
    free = tap.free_ports(1)[0]
    with smtpsink.Sink() as sink:
        for address, more, words in (
                ("imaps://bob@localhost:%d" % d.imaps, right.replace("right", "wrong"), ("refuses the password of bob", "two factors")),
                ("imaps://bob@localhost:%d" % d.imap, right, ("speak TLS on port %d" % d.imap, "is the port right?")),
                ("imap://bob@localhost:%d" % sink.port, right, ("no IMAP on port %d" % sink.port, "is the port right?")),
                ("imaps://bob@localhost:%d" % free, right, ("cannot be reached on port %d" % free, "is the port right?")),
                ("imaps://bob@imap.invalid", right, ("imap.invalid", "is it written right?")),
                ("imaps://bob@localhost:%d" % d.imaps, ", password: {file: right}", ("test authority", "`ca`", "`fingerprint`")),
                ("imaps://bob@localhost:%d" % d.imaps, ", password: {file: right}, ca: nowhere.pem", ("nowhere.pem", "cannot be read")),
                ("imaps://bob@localhost:%d" % d.imaps, ", password: {file: right}, ca: garbage.pem", ("garbage.pem",)),
                ("imaps://bob@localhost:%d" % d.imaps, right + ', fingerprint: "sha256:%s"' % ("0" * 64), ("another certificate", "sha256:")),
                ("imaps://bob@localhost:%d" % d.imaps, right + ", auth: xoauth2", ("refuses the token of bob",))):
            configure(w, ['imap: "%s"%s' % (address, more)])
            text = check(w, 3)[0][3]
            true(all(word in text for word in words), "expected", words, "in", text)


@case("a file on the web, and a page that is none")
def webcal(w):
    s = fakedav.FakeDav(auth="none")
    try:
        configure(w, ['calendar: "%s/a.ics"' % s.base])
        s.answer = lambda r: (200, {}, CALENDAR)
        true("%d bytes" % len(CALENDAR) in check(w, 0)[0][3])
        s.answer = lambda r: (200, {}, "<html>log in</html>")
        true("no calendar" in check(w, 3)[0][3])
    finally:
        s.stop()


@case("the weekly mail: the login is tried and no mail is sent; what is wrong with it is no fault of a source")
def smtp(w):
    login = {"mechanisms": "PLAIN LOGIN", "login": {fakedav.USER: fakedav.PASSWORD}}
    with smtpsink.Sink(**login) as sink:
        digest = 'digest: {every: "mon 08:00", smtp: "smtp://%s@127.0.0.1:%d", password: {file: secret}}\n' % (fakedav.USER, sink.port)
        configure(w, ["maildir: Maildir"], digest)
        rows = check(w, 0)
        equal(rows[1][:3], ("delivery", "digest", True), rows)
        true("127.0.0.1" in rows[1][3], rows)
        equal(sink.mails, [])
        true(not any(str(line).upper().startswith(("DATA", "B'DATA")) for line in sink.log), sink.log)
        (w.folder / "secret").write_text("wrong\n")
        (w.folder / "secret").chmod(0o600)
        rows = check(w, 1)
        equal([r[2] for r in rows], [True, False], rows)
        true("127.0.0.1" in rows[1][3], rows)
    rows = check(w, 1)
    true("127.0.0.1" in rows[1][3], rows)


@case("programs and files that alerts go to")
def outlets(w):
    configure(w, ["maildir: Maildir"], 'digest: {every: "mon 08:00", sendmail: [cat]}\non_alert: [cat]\nalerts_file: out/alerts.jsonl\n')
    (w.folder / "out").mkdir()
    equal([r[1:3] for r in check(w, 0)], [("maildir", True), ("digest", True), ("on_alert", True), ("alerts_file", True)])
    configure(w, ["maildir: Maildir"], 'digest: {every: "mon 08:00", sendmail: [nosuchprogram]}\non_alert: [/etc/passwd]\nalerts_file: nowhere/alerts.jsonl\n')
    equal([r[1:3] for r in check(w, 1)], [("maildir", True), ("digest", False), ("on_alert", False), ("alerts_file", False)])


if __name__ == "__main__":
    main()
