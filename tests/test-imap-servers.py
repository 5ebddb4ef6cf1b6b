#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two IMAP servers that have nothing in common, dovecot and Cyrus, are told to hold the same mailbox, by the same commands: what is read of them is
the same, to the byte, after each change. Cyrus offers COMPRESS=DEFLATE, dovecot as it is installed does not. Skipped with the reason where one of them is not installed."""
import base64
import imaplib
import json
import pathlib
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import tap  # noqa: E402
from cyrus import Cyrus, must  # noqa: E402
from dovecot import Dovecot, eventually  # noqa: E402
from service import Service, evening_mail, told  # noqa: E402
from tap import case, equal, true  # noqa: E402

NOW = "2026-03-20T10:00+01:00"
imaplib._MAXLINE = 10 << 20


def letter(number, when="Sat, 14 Mar 2026 21:30:%02d +0000", text="I have seen the draft and it looks fine to me so far.", extra=""):
    """A client writes on a Saturday night."""
    when = when % (number % 60) if "%" in when else when
    return ("Received: from mx.dupont.example by mail.studio.example; %s\nFrom: Jean <jean@dupont.example>\n"
            "To: camille@studio.example\nSubject: Secret words %d\nDate: %s\nMessage-ID: <night%d@dupont.example>\n%s\n%s\n"
            % (when, number, when, number, extra, text)).encode()


def sent(number):
    return letter(number).replace(b"jean@dupont.example>\nTo: camille@studio.example",
                                  b"camille@studio.example>\nTo: jean@dupont.example").replace(b"Jean <", b"Camille <")


def attached(number, size, nested=False):
    """A letter with an attachment, on its own or as a part of a letter within the letter."""
    data = base64.encodebytes(bytes(range(256)) * (size // 256)).decode()
    parts = ("--frontier\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
             "Pouvez-vous m'envoyer la facture d'ici vendredi, déjà signée ?\n"
             "--frontier\nContent-Type: application/pdf; name=\"plan.pdf\"\nContent-Disposition: attachment; filename=\"plan.pdf\"\n"
             "Content-Transfer-Encoding: base64\n\n%s--frontier--\n" % data)
    kind = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=%s\n"
    if nested:
        inner = letter(number + 1000, extra=kind % "frontier", text=parts).decode()
        parts = ("--outer\nContent-Type: text/plain\n\nSee below, and answer by Friday please.\n--outer\nContent-Type: message/rfc822\n\n%s\n--outer--\n" % inner)
    return letter(number, extra=kind % ("outer" if nested else "frontier"), text=parts)


def many_parts(number, n):
    """More parts than one line of a command can name."""
    part = ("--frontier\nContent-Type: text/x-log; name=\"%d.log\"\nContent-Disposition: attachment; filename=\"%d.log\"\n\n" + "line\n" * 420)
    return letter(number, extra="MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=frontier\n",
                  text="--frontier\n\nHere are the logs.\n" + "".join(part % (k, k) for k in range(n)) + "--frontier--\n")


def html(number):
    return letter(number, extra="MIME-Version: 1.0\nContent-Type: text/html; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n",
                  text="<p>Pourriez-vous me rappeler =E0 <b>18h</b> ?</p>")


def invitation(number):
    return letter(number, extra="MIME-Version: 1.0\nContent-Type: text/calendar; method=REQUEST; charset=utf-8\n", text="\n".join((
        "BEGIN:VCALENDAR", "VERSION:2.0", "METHOD:REQUEST", "PRODID:-//x//y//EN", "BEGIN:VEVENT", "UID:meeting-%d" % number,
        "DTSTAMP:20260314T213000Z", "DTSTART:20260325T090000Z", "DTEND:20260325T100000Z", "SUMMARY:Review", "SEQUENCE:0",
        "ORGANIZER:mailto:jean@dupont.example", "ATTENDEE:mailto:camille@studio.example", "END:VEVENT", "END:VCALENDAR")))


class Side:
    """One server, and the world that reads it."""

    def __init__(self, w, name, make, separator):
        folder = w.folder / name
        folder.mkdir(mode=0o711)
        w.folder.chmod(0o711)
        self.name, self.separator = name, separator
        self.w = tap.Measured(str(folder))
        # It ends with the world around it.
        self.w.at_end = w.at_end
        self.server = make(self.w)
        self.imap = imaplib.IMAP4("127.0.0.1", self.server.imap)
        must(self.imap.login("bob", "bobpw"))

    def read_by(self, scheme="imaps", extra=""):
        secret = self.w.folder / "secret"
        secret.write_text("bobpw\n")
        secret.chmod(0o600)
        self.w.source('{imap: "%s://bob@localhost:%d", name: account, password: {file: %s}, ca: %s%s}' % (
            scheme, self.server.imaps if scheme == "imaps" else self.server.imap, secret, self.server.ca, extra))

    # --- the same commands for both

    def mailbox(self, name):
        return '"%s"' % name.replace("/", self.separator)

    def create(self, name, use=None):
        """A mailbox; dovecot has those with a use by its configuration."""
        listed = must(self.imap.list('""', self.mailbox(name)))
        if listed == [None]:
            must(self.imap.xatom("CREATE", self.mailbox(name), *(["(USE (%s))" % use] if use else [])))

    def put(self, message, mailbox="INBOX", flags=None, at="14-Mar-2026 21:30:00 +0000"):
        data = message.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        must(self.imap.append(self.mailbox(mailbox), flags, '"%s"' % at, data))

    def on(self, mailbox, *command):
        must(self.imap.select(self.mailbox(mailbox)))
        for c in [command] if command else []:
            must(self.imap.uid(*c))

    def expunge(self, mailbox, uid):
        self.on(mailbox, "STORE", str(uid), "+FLAGS", "(\\Deleted)")
        must(self.imap.expunge())
        must(self.imap.close())

    def delete(self, mailbox):
        must(self.imap.delete(self.mailbox(mailbox)))

    def flags(self):
        """What the next program that looks would be told, without its being told."""
        found = {}
        for line in must(self.imap.list()):
            name = line.decode().rsplit(' "%s" ' % self.separator, 1)[1].strip('"')
            must(self.imap.select('"%s"' % name, readonly=True))
            found[name] = must(self.imap.fetch("1:*", "(UID FLAGS INTERNALDATE)")) if must(self.imap.search(None, "ALL")) != [b""] else []
            found[name] = sorted(found[name])
        return found

    # --- what is seen

    def seen(self):
        """Every fact and alert, and every observation but for when it was seen."""
        texts = [self.w.run("--json", what, now=NOW) for what in ("facts", "alerts")]
        for r in texts:
            true(r.returncode in (0, 1), r)
        lines = [json.loads(line) for r in texts for line in r.stdout.splitlines()]
        db = sqlite3.connect(str(self.w.folder / "state" / "adieu" / "adieu.db"))
        rows = sorted(db.execute("SELECT kind, at, internal_date, hex(digest) FROM observation"))
        db.close()
        return [json.dumps(line, sort_keys=True) for line in lines], rows


def both(w, **options):
    """Both, or a skip that says which is missing."""
    return [Side(w, "cyrus", lambda inner: Cyrus(inner, **options), "/" if options.get("slash", True) else "."),
            Side(w, "dovecot", lambda inner: Dovecot(inner, ssl="yes"), ".")]


def same(sides, want=None, facts=None):
    """Both are read; they agree. want: new observations."""
    results = [s.w.scan(NOW) for s in sides]
    if want is not None:
        for r in results:
            true("%d new observation" % want in r.stderr, r)
    lines, rows = zip(*[s.seen() for s in sides])
    for one, two in zip(lines[0], lines[1]):
        equal(one, two)
    equal(len(lines[0]), len(lines[1]))
    equal(rows[0], rows[1])
    return lines[0]


def all_kinds(s):
    for name, use in (("Sent", "\\Sent"), ("Pourriel", "\\Junk"), ("Trash", "\\Trash"), ("Drafts", "\\Drafts"), ("Archive", "\\Archive"),
                      ("Clients", None), ("Clients/Dupont", None), ("&AMk-tudes", None), ("D&-co", None), ("a b", None)):
        s.create(name, use)
    for n in range(8):
        s.put(letter(n))
    s.put(html(20))
    s.put(invitation(21))
    s.put(letter(22, text="Caf\u00e9, bient\u00f4t ?", extra="Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n"))
    s.put(letter(23, text=""))
    s.put(attached(24, 2000))
    s.put(attached(25, 600 << 10))
    s.put(attached(26, 600 << 10, nested=True))
    s.put(many_parts(28, 150))
    s.put(letter(27, text="x" * 900 + "\n" + "word " * 150 + "\n" * 3, extra="X-Folded: one\n two\n\tthree\n"))
    s.put(letter(30), flags="(\\Draft)")
    s.put(letter(31), flags="(\\Deleted)")
    s.put(letter(32), flags="(\\Seen \\Flagged $Forwarded)", at=" 1-Feb-2026 03:04:05 +0530")
    for n, mailbox in enumerate(("Sent", "Pourriel", "Trash", "Drafts", "Archive", "Clients", "Clients/Dupont", "&AMk-tudes", "D&-co", "a b"), 40):
        s.put(sent(n) if mailbox == "Sent" else letter(n), mailbox)
    s.put(letter(3), "Archive")  # filed away, too


@case("the same mailbox on two servers is the same to the byte: folders, special use, flags, large and small, dates")
def agreement(w):
    sides = both(w)
    for s in sides:
        all_kinds(s)
        s.read_by()
    lines = same(sides)
    subjects = {json.loads(line).get("subject") for line in lines}
    for n in (0, 7, 20, 21, 22, 23, 24, 25, 26, 27, 32, 40, 44, 45, 46, 47, 48, 49):
        true("Secret words %d" % n in subjects, n, subjects)
    for n in (30, 31, 41, 42, 43):
        true("Secret words %d" % n not in subjects, n, subjects)
    true(any('"rule"' in line for line in lines), lines)
    # As many as one message may have (parsers/limits.h).
    equal([f["attachments"] for f in map(json.loads, lines) if f.get("subject") == "Secret words 28"][:1], [100])
    same(sides, want=0)


@case("STARTTLS on both")
def starttls(w):
    sides = both(w)
    for s in sides:
        s.put(letter(1))
        s.read_by("imap", ", tls: starttls")
    same(sides, want=1)


@case("names with dots between levels on both")
def dots(w):
    sides = both(w, slash=False)
    for s in sides:
        s.create("Clients")
        s.create("Clients/Dupont")
        s.put(letter(1))
        s.put(letter(2), "Clients/Dupont")
        s.put(letter(3), "Clients")
        s.read_by(extra=", include: [Clients/*]")
    same(sides, want=1)


@case("what changes on both: expunged, moved, drafts sent, a folder deleted and made again, another UIDVALIDITY with the same mail")
def changes(w):
    sides = both(w)
    for s in sides:
        all_kinds(s)
        s.read_by()
    same(sides)
    for s in sides:
        s.expunge("INBOX", 3)
        s.put(letter(60))
    same(sides, want=1)
    for s in sides:
        s.on("INBOX", "COPY", "4", s.mailbox("Clients"))
        s.expunge("INBOX", 4)
    same(sides, want=0)
    for s in sides:
        s.on("INBOX", "STORE", "18", "-FLAGS", "(\\Draft)")
    lines = same(sides, want=1)
    true(any("Secret words 30" in line for line in lines), lines)
    for s in sides:
        s.delete("a b")
    same(sides, want=0)
    for s in sides:
        s.create("a b")
        s.put(letter(49), "a b")
        s.put(letter(61), "a b")
    same(sides, want=1)
    for s in sides:
        # What was left out before is not there twice under its next number either.
        s.on("INBOX", "COPY", "1:*", s.mailbox("Archive"))
    same(sides, want=0)


@case("many messages with holes between their numbers, read in two goes on both")
def holes(w):
    sides = both(w)
    for s in sides:
        for n in range(450):
            s.put(letter(100 + n, when="Sat, 14 Mar 2026 %02d:%02d:00 +0000" % (n // 60 % 24, n % 60)))
        s.on("INBOX", "STORE", "5:40,100:290,300,302,304,448:449", "+FLAGS", "(\\Deleted)")
        must(s.imap.expunge())
        must(s.imap.close())
        s.read_by()
    same(sides, want=450 - 36 - 191 - 3 - 2)
    for s in sides:
        for n in range(3):
            s.put(letter(700 + n))
    same(sides, want=3)


@case("reading changes nothing on either: flags, \\Recent, dates, numbers")
def untouched(w):
    sides = both(w)
    for s in sides:
        all_kinds(s)
        s.read_by()
        before = s.flags()
        true(any("Recent" in str(v) for v in before.values()), before)
        s.w.scan(NOW)
        s.w.scan(NOW)
        equal(s.flags(), before)



@case("what is delivered while the service waits (IDLE) is told on both, once")
def idle(w):
    sides = both(w)
    for s in sides:
        s.put(evening_mail(1, 21))
        s.read_by()
        service = Service(s.w)
        w.at_end(lambda service=service: service.process.poll() is None and service.end())
        service.rests()
        eventually("the first alert", lambda: told(s.w))
        for n in range(2, 5):
            # Into another connection's mailbox, as a delivery is.
            s.put(evening_mail(n, 21 + 7 * n))
            eventually("number %d is told" % n, lambda: max(a["count"] for a in told(s.w)) >= n)
        equal(len({a["count"] for a in told(s.w)}), len(told(s.w)))
        equal(service.end(), 0)
        true("bobpw" not in service.errors(), service.errors())


if __name__ == "__main__":
    tap.main()
