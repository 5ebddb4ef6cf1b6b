# SPDX-License-Identifier: GPL-3.0-or-later
"""adieu check: one line for each thing that was tried, with what a person can do about it; nothing is read, kept or sent."""
import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import davserver  # noqa: E402
import dovecot  # noqa: E402
import fakedav  # noqa: E402
import smtpsink  # noqa: E402
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


main()
