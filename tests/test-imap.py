#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""IMAP accounts against a real dovecot on loopback: what is read, what is left alone, what is refused before the password is sent, and what becomes of
interruptions. Skipped with the reason where there is none."""
import base64
import contextlib
import concurrent.futures
import http.server
import json
import os
import pathlib
import pty
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import case as cases  # noqa: E402
import tap  # noqa: E402
from dovecot import Authority, Dovecot, eventually  # noqa: E402
from meddler import Meddler, Plan  # noqa: E402
from service import Service, evening_mail, told  # noqa: E402
from tap import SLOW, case, equal, true  # noqa: E402

NOW = "2026-03-20T10:00+01:00"


def letter(number, when="Sat, 14 Mar 2026 21:30:00 +0000", extra="", text="I have seen the draft and it looks fine to me so far."):
    """A client writes on a Saturday night."""
    return ("Received: from mx.dupont.example by mail.studio.example; %s\nFrom: Jean <jean@dupont.example>\n"
            "To: camille@studio.example\nSubject: Secret words %d\nDate: %s\nMessage-ID: <night%d@dupont.example>\n%s\n%s\n"
            % (when, number, when, number, extra, text)).encode()


def account(w, server, user="bob", password=None, scheme="imaps", ca=True, host="localhost", extra="", port=None):
    secret = w.folder / ("secret-" + user)
    secret.write_text((server.USERS[user] if password is None else password) + "\n")
    secret.chmod(0o600)
    port = port or (server.imaps if scheme == "imaps" else server.imap)
    w.source('{imap: "%s://%s@%s:%d", name: account, password: {file: %s}%s%s}'
             % (scheme, user, host, port, secret, ", ca: %s" % server.ca if ca else "", extra))


def subjects(w):
    """Of everything that was read, in order."""
    return sorted(json.loads(line)["subject"] for line in w.run("--json", "facts", now=NOW).stdout.splitlines()
                  if '"message.received"' in line)


def observations(w):
    """All that the store holds, but for when it was seen."""
    import sqlite3
    db = sqlite3.connect(str(w.folder / "state" / "adieu" / "adieu.db"))
    rows = sorted(db.execute("SELECT kind, at, internal_date, hex(digest) FROM observation"))
    db.close()
    return rows


def status(w):
    for line in w.run("--json", "status", now=NOW).stdout.splitlines():
        s = json.loads(line)
        if s.get("source") == "account" and s.get("status") == "source":
            return s
    raise AssertionError("no account in status")


def settled(server, user="bob"):
    """Everything that dovecot makes by itself when somebody looks at a mailbox is there."""
    server.adm("mailbox", "status", "-u", user, "all", "*")
    return server.tree(user)


# --- the plain way


@case("a plain account: TLS, login, one pass, alerts; a second pass finds nothing new; the server's files are byte for byte what they were")
def plain(w):
    server = Dovecot(w)
    for n in range(3):
        server.save(letter(n))
    account(w, server)
    w.scan(NOW)  # dovecot makes what it makes at the first login
    shutil.rmtree(w.folder / "state")
    before = server.tree()
    flags = server.adm("fetch", "-u", "bob", "uid flags", "mailbox", "INBOX")
    r = w.scan(NOW)
    true("3 new observations" in r.stderr, r)
    true(w.breaches(NOW), r)
    r = w.scan(NOW)
    true("0 new observations" in r.stderr, r)
    equal(server.tree(), before)
    equal(server.adm("fetch", "-u", "bob", "uid flags", "mailbox", "INBOX"), flags)
    # What is in new/ is what the next program that looks will be told is \Recent.
    equal(len(list((server.d / "mail/bob/new").iterdir())), 3)
    equal(status(w)["items"], 3)
    equal(status(w)["error"], None)


@case("passwords with a blank, a quote and a backslash, by every mechanism")
def mechanisms(w):
    server = Dovecot(w)
    server.save(letter(1), user="alice")
    for n, auth in enumerate(("", ", auth: plain", ", auth: login")):
        with_auth = w.config.read_text()
        account(w, server, user="alice", extra=auth)
        r = w.scan(NOW)
        true("%d new observation" % (1 if n == 0 else 0) in r.stderr, auth, r)
        w.config.write_text(with_auth)


@case("a wrong password: told as the server says it, once a pass, exit 3; the others are read")
def wrong_password(w):
    server = Dovecot(w)
    w.mail("1.x", letter(1))
    account(w, server, password="nonsense-password")
    r = w.scan(NOW, want=3)
    true("refuses the password of bob" in r.stderr, r)
    true("1 new observation" in r.stderr, r)
    equal(server.log().count("auth failed, 1 attempts"), 1, server.log())
    true("nonsense-password" not in r.stderr + w.status(NOW), r)
    true("refuses the password" in status(w)["error"], status(w))


def refusals(server):
    return server.log().count("auth failed, 1 attempts")


@case("a refused password is not tried by each scan of a timer: only when something changed, when its time has come, or for somebody at a terminal")
def refused_by_timer(w):
    server = Dovecot(w)
    server.save(letter(1))
    account(w, server, password="nonsense-password")
    true("refuses the password of bob" in w.scan(NOW, want=3).stderr)
    for _ in range(2):
        r = w.scan(NOW, want=3)
        true("refused the password of bob" in r.stderr and "not tried again before" in r.stderr and "terminal" in r.stderr, r)
        true("not tried again before" in status(w)["error"], status(w))
    equal(refusals(server), 1, server.log())
    # Another password.
    (w.folder / "secret-bob").write_text("another-nonsense\n")
    true("refuses the password of bob" in w.scan(NOW, want=3).stderr)
    w.scan(NOW, want=3)
    equal(refusals(server), 2, server.log())
    # At a terminal, where somebody may have mended it on the server.
    here, there = pty.openpty()
    try:
        r = subprocess.run([cases.ADIEU, "-c", str(w.config), "--now", NOW, "scan"], env=w.env, cwd=w.folder, stdin=there, capture_output=True, text=True)
    finally:
        os.close(here)
        os.close(there)
    true(r.returncode == 3 and "refuses the password of bob" in r.stderr, r)
    equal(refusals(server), 3, server.log())
    # The time has come.
    with contextlib.closing(sqlite3.connect(w.folder / "state" / "adieu" / "adieu.db")) as db, db:
        equal(db.execute("UPDATE meta SET value = value - 6 * 3600 WHERE key LIKE 'refused-until-%'").rowcount, 1)
    true("refuses the password of bob" in w.scan(NOW, want=3).stderr)
    equal(refusals(server), 4, server.log())
    # A clock that was ahead does not lock it out for a year.
    with contextlib.closing(sqlite3.connect(w.folder / "state" / "adieu" / "adieu.db")) as db, db:
        db.execute("UPDATE meta SET value = value + 365 * 86400 WHERE key LIKE 'refused-until-%'")
    true("refuses the password of bob" in w.scan(NOW, want=3).stderr)
    (w.folder / "secret-bob").write_text("bobpw\n")
    true("1 new observation" in w.scan(NOW).stderr)
    equal(refusals(server), 5, server.log())
    true("nonsense" not in w.status(NOW))


@case("STARTTLS, and plain only where it was allowed")
def starttls(w):
    server = Dovecot(w)
    server.save(letter(1))
    account(w, server, scheme="imap", extra=", tls: starttls")
    r = w.scan(NOW)
    true("1 new observation" in r.stderr, r)
    true("TLS" in server.log().split("Login: user=<bob>")[1].split("\n")[0], server.log())


def refused_before_the_secret(w, server, plan, text):
    """STARTTLS through somebody who sits between: no word of who we are reaches the server, and nothing of it the log."""
    proxy = Meddler(w, server.imap, lambda n: plan())
    account(w, server, scheme="imap", extra=", tls: starttls", port=proxy.port)
    r = w.scan(NOW, want=3)
    true(any(t in r.stderr for t in text), r)
    equal(proxy.connections, 1)
    eventually("the server has seen its end", lambda: "imap-login: " in server.log())
    true("no auth attempts" in server.log(), server.log())
    true("bob" not in server.log().replace("/bob/", ""), server.log())


@case("STARTTLS stripped from what the server offers: asked for all the same, and the password goes through TLS")
def starttls_stripped(w):
    server = Dovecot(w)
    server.save(letter(1))
    proxy = Meddler(w, server.imap, lambda n: Plan(rewrite=lambda data: data.replace(b" STARTTLS", b"")))
    account(w, server, scheme="imap", extra=", tls: starttls", port=proxy.port)
    r = w.scan(NOW)
    true("1 new observation" in r.stderr, r)
    true("TLS" in server.log().split("Login: user=<bob>")[1].split("\n")[0], server.log())


@case("STARTTLS stripped and refused: the password is not sent")
def starttls_refused(w):
    server = Dovecot(w, ssl="yes")  # it would take the password in clear
    refused_before_the_secret(w, server, lambda: Plan(
        ask=lambda data: data.replace(b"STARTTLS", b"XSTARTTLS"), rewrite=lambda data: data.replace(b" STARTTLS", b"")), ["offers no STARTTLS"])


@case("a server without STARTTLS: the password is not sent")
def starttls_missing(w):
    server = Dovecot(w, ssl="no")
    refused_before_the_secret(w, server, Plan, ["offers no STARTTLS"])


for number, (name, injected) in enumerate((
        ("an answer", b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n"),
        ("the end of one", b"3 OK [CAPABILITY IMAP4rev1] in\r\n"),
        ("half a line", b"* OK"))):
    def injected_case(w, injected=injected):
        server = Dovecot(w, ssl="yes")
        refused_before_the_secret(w, server, lambda: Plan(replace=(b"TLS negotiation now.\r\n", b"TLS negotiation now.\r\n" + injected)),
                                  ["in clear after it had agreed on TLS"])
    injected_case.__name__ = "starttls_injected_%d" % number
    case("%s in clear behind the agreement on STARTTLS: refused before the password is sent" % name)(injected_case)


# --- certificates


def certificate_case(name, make, text):
    @case("a certificate that is %s is refused before the password is sent" % name)
    def check(w):
        authority = Authority(w.folder / "authority")
        server = Dovecot(w, certificate=make(authority, w))
        server.ca = authority.ca
        server.save(letter(1))
        before = w.config.read_text()
        for scheme, extra in (("imaps", ""), ("imap", ", tls: starttls")):
            w.config.write_text(before)
            account(w, server, scheme=scheme, extra=extra)
            r = w.scan(NOW, want=3)
            true(any(t in r.stderr for t in text), r)
        true("user=<bob>" not in server.log(), server.log())
        true("Login:" not in server.log(), server.log())
    check.__name__ = "certificate_" + name.replace(" ", "_").replace("'", "")
    return check


certificate_case("expired", lambda a, w: a.leaf("old", days=-1), ["expired"])
certificate_case("self-signed", lambda a, w: a.self_signed("self"), ["signed", "vouch", "issuer", "not trusted", "authorit"])
certificate_case("another host's", lambda a, w: a.leaf("other", san="DNS:other.example", subject="other.example"),
                 ["other.example", "name", "host"])
certificate_case("of an unknown authority", lambda a, w: Authority(w.folder / "strangers").leaf("server"),
                 ["vouch", "issuer", "not trusted", "authorit", "signed"])


@case("a pinned fingerprint: that one certificate, and no other")
def fingerprint(w):
    authority = Authority(w.folder / "authority")
    certificate, key = authority.self_signed("own")
    server = Dovecot(w, certificate=(certificate, key))
    server.save(letter(1))
    pin = subprocess.check_output(["openssl", "x509", "-in", str(certificate), "-noout", "-fingerprint", "-sha256"], text=True)
    pin = "sha256:" + pin.strip().split("=")[1]
    before = w.config.read_text()
    wrong = pin[:-1] + ("0" if pin[-1] != "0" else "1")
    account(w, server, ca=False, extra=', fingerprint: "%s"' % wrong)
    w.scan(NOW, want=3)
    true("user=<bob>" not in server.log(), server.log())
    w.config.write_text(before)
    account(w, server, ca=False, extra=', fingerprint: "%s"' % pin)
    r = w.scan(NOW)
    true("1 new observation" in r.stderr, r)


# --- compression


COMPRESS = "protocol imap {\n  mail_plugins = $mail_plugins imap_zlib\n}\n"


def within(w, name):
    """Another world in the same case."""
    (w.folder / name).mkdir()
    inner = tap.Measured(str(w.folder / name))
    inner.at_end = w.at_end
    return inner


def compress(server):
    """From now on this dovecot offers COMPRESS=DEFLATE; or a skip."""
    if not list(pathlib.Path("/usr/lib/dovecot").glob("modules/*imap_zlib*")):
        raise tap.Skip("no imap_zlib")
    server.stop()
    server.conf.write_text(server.conf.read_text() + COMPRESS)
    server.start()


@case("compressed where the server offers it: the same observations, a third of the bytes; nothing of the server's changes")
def compression(w):
    server = Dovecot(w, ssl="yes")
    mailbox_of_all_kinds(server)
    server.put([letter(100 + k, text="word %d of a longer letter, as people write them. " % k * 40) for k in range(200)], mailbox="Clients")
    settled(server)
    came = []
    for name in ("plain", "compressed", "secure"):
        inner = within(w, name)
        if name == "compressed":
            before = server.tree()
            compress(server)
        proxy = Meddler(w, server.imap)
        if name == "secure":
            account(inner, server)
        else:
            account(inner, server, scheme="imap", ca=False, port=proxy.port)
        inner.scan(NOW)
        came.append((observations(inner), proxy.down, proxy.up))
    equal(server.tree(), before)
    equal(came[0][0], came[2][0])
    equal(came[0][0], came[1][0])
    equal(len(came[0][0]), 214)
    print("# %d bytes down and %d up without, %d and %d with" % (came[0][1:] + came[1][1:]))
    true(came[1][1] * 3 < came[0][1] and came[1][2] < came[0][2], came[0][1:], came[1][1:])


@case("a server that offers to compress and then does not, or says no: read uncompressed, or left with a reason; the password is not in it")
def compression_refused(w):
    server = Dovecot(w, ssl="yes")  # knows no COMPRESS: the offer is somebody else's
    server.save(letter(1))
    offer = lambda data: data.replace(b" IDLE ", b" IDLE COMPRESS=DEFLATE ")  # noqa: E731
    plans = [Plan(rewrite=lambda data: offer(data).replace(b"BAD", b"OK")), Plan(rewrite=offer)]
    proxy = Meddler(w, server.imap, lambda n: plans[min(n, 1)])
    account(w, server, scheme="imap", ca=False, port=proxy.port)
    r = w.scan(NOW, want=3)
    true("not compressed as agreed" in r.stderr or "ended the connection" in r.stderr, r)
    r = w.scan(NOW)
    true("1 new observation" in r.stderr, r)


# --- folders


@case("junk, trash and drafts are left out by what the server says of them; sent mail, archives and others are read")
def special_use(w):
    server = Dovecot(w)
    settled(server)
    server.adm("mailbox", "create", "-u", "bob", "Clients.D&co", "Études")
    for n, mailbox in enumerate(("INBOX", "Sent", "Pourriel", "Trash", "Drafts", "Archive", "Clients.D&co", "Études")):
        server.save(letter(n), mailbox=mailbox)
    account(w, server)
    w.scan(NOW)
    equal(subjects(w), ["Secret words %d" % n for n in (0, 1, 5, 6, 7)])


def folders_case(name, extra, wanted):
    @case("folders chosen: " + name)
    def check(w):
        server = Dovecot(w)
        settled(server)
        server.adm("mailbox", "create", "-u", "bob", "Clients.Dupont", "Clients.Hotel", "Études")
        for n, mailbox in enumerate(("INBOX", "Sent", "Pourriel", "Clients.Dupont", "Clients.Hotel", "Études")):
            server.save(letter(n), mailbox=mailbox)
        account(w, server, extra=extra)
        w.scan(NOW)
        equal(subjects(w), ["Secret words %d" % n for n in wanted])
    check.__name__ = "folders_" + "".join(c if c.isalnum() else "_" for c in name)
    return check


folders_case("by role", ', include: ["\\\\Junk", "\\\\Inbox"]', (0, 2))
folders_case("by name, accents and all", ', include: [Études, INBOX]', (0, 5))
folders_case("by pattern", ', include: ["Clients/*"]', (3, 4))
folders_case("all but some", ', exclude: ["Clients/D*", "\\\\Sent"]', (0, 2, 4, 5))


folders_case("a pattern that nothing has yet, beside a name", ', include: [INBOX, "Kunden/*"]', (0,))


@case("folders with an ampersand, quotes, brackets and a backslash in their names are read, chosen as people write them, and shown so by check")
def odd_names(w):
    server = Dovecot(w)
    settled(server)
    names = ("R&D-2024", "A&Eco-x", 'Notes "x"', "back\\slash", "br]acket", "[odd]", "st*r", "per%cent", "日本語", "😀", "Études")
    for n, name in enumerate(names):
        server.adm("mailbox", "create", "-u", "bob", name)
        server.save(letter(n), mailbox=name)
    base = w.config.read_text()
    for n, name in enumerate(names):
        w.config.write_text(base)
        account(w, server, extra=", include: [%s]" % json.dumps(name, ensure_ascii=False))
        shutil.rmtree(w.folder / "state", ignore_errors=True)
        w.scan(NOW)
        equal(subjects(w), ["Secret words %d" % n], name)
    w.config.write_text(base)
    account(w, server, extra=', exclude: ["R&D-2024", INBOX]')
    shutil.rmtree(w.folder / "state")
    w.scan(NOW)
    equal(len(subjects(w)), len(names) - 1)
    for name in ("R&D-2024", "A&Eco-x", "Études"):
        true(name in w.run("check").stdout, w.run("check"))


@case("a folder that was renamed, or a role that no folder has: the account was not read whole, and it is said why; check says so, too")
def renamed(w):
    server = Dovecot(w)
    settled(server)
    server.adm("mailbox", "create", "-u", "bob", "Clients.Études")
    server.save(letter(1), mailbox="Clients.Études")
    base = w.config.read_text()
    account(w, server, extra=', include: [INBOX, "Clients/études"]')
    r = w.scan(NOW)
    true("1 new observation" in r.stderr, r)
    server.adm("mailbox", "rename", "-u", "bob", "Clients.Études", "Kunden")
    r = w.scan(NOW, want=3)
    true('nothing there is called "Clients/études"' in r.stderr, r)
    true('nothing there is called "Clients/études"' in status(w)["error"], status(w))
    w.config.write_text(base)
    account(w, server, extra=', include: [INBOX, "\\\\Snet"]')
    r = w.scan(NOW, want=3)
    true('"\\Snet"' in r.stderr, r)
    r = w.run("check")
    equal(r.returncode, 3, r)
    true('"\\Snet"' in r.stdout, r)


@case("where the server says nothing of its folders, their names do")
def no_special_use(w):
    server = Dovecot(w, special=False)
    settled(server)
    for n, mailbox in enumerate(("INBOX", "Sent", "Pourriel", "Trash")):
        server.save(letter(n), mailbox=mailbox)
    account(w, server)
    w.scan(NOW)
    equal(subjects(w), ["Secret words 0", "Secret words 1"])


@case("folders of others and those for everybody (NAMESPACE) are not the owner's mail; what is only called alike is")
def namespaces(w):
    public = w.folder / "dovecot" / "public"
    extra = ("namespace everybody {\n  type = public\n  separator = .\n  prefix = Public.\n  location = maildir:%s\n  subscriptions = no\n  list = yes\n}\n" % public)
    server = Dovecot(w, extra=extra)
    settled(server)
    server.adm("mailbox", "create", "-u", "bob", "Public.Clients")
    server.adm("mailbox", "create", "-u", "bob", "Publication")
    for n, mailbox in enumerate(("INBOX", "Public.Clients", "Publication")):
        server.save(letter(n), mailbox=mailbox)
    account(w, server)
    w.scan(NOW)
    equal(subjects(w), ["Secret words 0", "Secret words 2"])


@case("what a server says is shown in status without what would move a cursor or make a line")
def cleaned(w):
    server = Dovecot(w, ssl="yes")
    said = b"NO [ALERT] \x1b[2J\x07 go \xff away \xe2\x80\xae \xc2\x9b1m\r"
    proxy = Meddler(w, server.imap, lambda n: Plan(rewrite=lambda data: re.sub(rb"(?m)^(\d+) OK.*Logged in", lambda m: m.group(1) + b" " + said, data)))
    account(w, server, scheme="imap", ca=False, port=proxy.port)
    r = w.scan(NOW, want=3)
    for text in (r.stderr, w.status(NOW), status(w)["error"]):
        true("go" in text and "away" in text, text)
        true(not any(c in text for c in "\x1b\x07\r\x9b"), repr(text))


@case("drafts and deleted messages are left out until their flags change", )
def flags(w):
    for capability in ("", "-CONDSTORE -QRESYNC"):
        folder = w.folder / ("world" + str(len(capability)))
        folder.mkdir()
        inner = tap.Measured(str(folder))
        inner.at_end = w.at_end
        folder.chmod(0o711)
        w.folder.chmod(0o711)
        server = Dovecot(inner, capability=capability and "+" and "IMAP4rev1 SASL-IR LITERAL+ ENABLE IDLE NAMESPACE UIDPLUS SPECIAL-USE")
        for n in range(4):
            server.save(letter(n))
        server.adm("flags", "add", "-u", "bob", "\\Draft", "mailbox", "INBOX", "1")
        server.adm("flags", "add", "-u", "bob", "\\Deleted", "mailbox", "INBOX", "3")
        account(inner, server)
        inner.scan(NOW)
        equal(subjects(inner), ["Secret words 1", "Secret words 3"])
        r = inner.scan(NOW)
        true("0 new observations" in r.stderr, r)
        server.adm("flags", "remove", "-u", "bob", "\\Draft", "mailbox", "INBOX", "1")
        inner.scan(NOW)
        equal(subjects(inner), ["Secret words 0", "Secret words 1", "Secret words 3"])
        server.adm("flags", "remove", "-u", "bob", "\\Deleted", "mailbox", "INBOX", "3")
        server.save(letter(4))
        inner.scan(NOW)
        equal(len(subjects(inner)), 5)


ALL = """namespace inbox {
  mailbox Everything {
    auto = create
    special_use = \\All
  }
}
"""


@case("on Gmail all that is read is All Mail; elsewhere such a folder repeats the others, and is left out")
def gmail(w):
    server = Dovecot(w, capability="+X-GM-EXT-1", extra=ALL)
    other = Dovecot(w, name="other", extra=ALL)
    before = w.config.read_text()
    for s, wanted in ((server, ["Secret words 2"]), (other, ["Secret words 1"])):
        settled(s)
        s.save(letter(1))
        s.save(letter(2), mailbox="Everything")
        s.save(letter(3), mailbox="Trash")
        w.config.write_text(before)
        shutil.rmtree(w.folder / "state", ignore_errors=True)
        account(w, s)
        w.scan(NOW)
        equal(subjects(w), wanted)


def as_keyword(data):
    """Gmail's labels stand for dovecot's keywords: the search itself is dovecot's."""
    return re.sub(rb'X-GM-LABELS "([^"]*)"', lambda m: b"KEYWORD " + m.group(1).replace(b"\\\\", b"GM"), data)


LABELS = ("", "Newsletters", "GMDraft", "Clients.Dupont", "GMSent", "GMStarred")


def gmail_server(w):
    """All Mail with six messages, of which five have a label each."""
    server = Dovecot(w, ssl="yes", capability="+X-GM-EXT-1", extra=ALL)
    settled(server)
    for name in ("Newsletters", "Clients.Dupont"):
        server.adm("mailbox", "create", "-u", "bob", name)
    for n, label in enumerate(LABELS):
        server.save(letter(n), mailbox="Everything")
        if label:
            server.adm("flags", "add", "-u", "bob", label, "mailbox", "Everything", "uid", str(n + 1))
    server.save(letter(1), mailbox="Newsletters")
    return server


def gmail_case(name, extra, wanted):
    @case("labels of Gmail: " + name)
    def check(w):
        server = gmail_server(w)
        proxy = Meddler(w, server.imap, lambda n: Plan(ask=as_keyword))
        before = w.config.read_text()
        account(w, server, scheme="imap", ca=False, port=proxy.port, extra=extra)
        w.scan(NOW)
        equal(subjects(w), ["Secret words %d" % n for n in wanted])
        r = w.scan(NOW)
        true("0 new observations" in r.stderr, r)
        # Sent at last, with the same number.
        server.adm("flags", "remove", "-u", "bob", "GMDraft", "mailbox", "Everything", "all")
        w.scan(NOW)
        equal(subjects(w), ["Secret words %d" % n for n in sorted({*wanted, *([2] if "include" not in extra else [])})])
        # What was left out is wanted after all.
        w.config.write_text(before)
        account(w, server, scheme="imap", ca=False, port=proxy.port)
        w.scan(NOW)
        equal(subjects(w), ["Secret words %d" % n for n in range(6)])
        equal(status(w)["error"], None)
    check.__name__ = "gmail_labels_" + "".join(c if c.isalnum() else "_" for c in name)


gmail_case("drafts are left out until they are none", "", (0, 1, 3, 4, 5))
gmail_case("excluded by name, everywhere", ", exclude: [Newsletters, Clients/*]", (0, 4, 5))
gmail_case("excluded by what they are for", ', exclude: ["\\\\Sent"]', (0, 1, 3, 5))
gmail_case("chosen by name", ", include: [Newsletters]", (1,))


@case("labels of Gmail: a server that will not search for them is read by its flags, but not where the owner leaves something out")
def gmail_no_search(w):
    server = gmail_server(w)
    server.adm("flags", "add", "-u", "bob", "\\Draft", "mailbox", "Everything", "uid", "6")
    before = w.config.read_text()
    account(w, server, scheme="imap", ca=False, extra=", exclude: [Newsletters]")
    r = w.scan(NOW, want=3)
    true("the folder Everything cannot be read" in r.stderr, r)
    equal(subjects(w), [])
    w.config.write_text(before)
    account(w, server, scheme="imap", ca=False)
    w.scan(NOW)
    equal(subjects(w), ["Secret words %d" % n for n in range(5)])


@case("Gmail with All Mail hidden: its labels are read as the folders they seem to be")
def gmail_hidden(w):
    server = Dovecot(w, capability="+X-GM-EXT-1")
    settled(server)
    server.save(letter(1))
    server.save(letter(2), mailbox="Sent")
    server.save(letter(3), mailbox="Trash")
    account(w, server)
    w.scan(NOW)
    equal(subjects(w), ["Secret words 1", "Secret words 2"])


@case("without IDLE, QRESYNC, SASL-IR or NAMESPACE all is read the same")
def old_server(w):
    server = Dovecot(w, capability="IMAP4rev1 LITERAL+")
    for n in range(3):
        server.save(letter(n))
    account(w, server)
    r = w.scan(NOW)
    true("3 new observations" in r.stderr, r)
    server.save(letter(3))
    r = w.scan(NOW)
    true("1 new observation" in r.stderr, r)
    r = w.scan(NOW)
    true("0 new observations" in r.stderr, r)


# --- what changes on servers


@case("another UIDVALIDITY: all is read again, nothing is there twice")
def uidvalidity(w):
    server = Dovecot(w)
    for n in range(5):
        server.save(letter(n))
    account(w, server)
    w.scan(NOW)
    before = observations(w)
    server.adm("mailbox", "update", "-u", "bob", "--uid-validity", "1234567", "INBOX")
    server.save(letter(5))
    r = w.scan(NOW)
    true("1 new observation" in r.stderr, r)
    equal(len(observations(w)), len(before) + 1)


@case("a folder deleted, and made again with other mail in it")
def made_again(w):
    server = Dovecot(w)
    server.adm("mailbox", "create", "-u", "bob", "Clients")
    for n in range(3):
        server.save(letter(n), mailbox="Clients")
    account(w, server)
    w.scan(NOW)
    server.adm("mailbox", "delete", "-u", "bob", "Clients")
    r = w.scan(NOW)
    true("0 new observations" in r.stderr, r)
    server.adm("mailbox", "create", "-u", "bob", "Clients")
    server.save(letter(7), mailbox="Clients")
    r = w.scan(NOW)
    true("1 new observation" in r.stderr, r)
    equal(len(subjects(w)), 4)


@case("the same message in two folders and in two accounts is one message")
def once(w):
    server = Dovecot(w)
    server.adm("mailbox", "create", "-u", "bob", "Clients")
    server.save(letter(1))
    server.save(letter(1), mailbox="Clients")
    server.save(letter(1), user="alice")
    w.mail("1.x", letter(1))
    account(w, server)
    secret = w.folder / "secret-alice"
    secret.write_text(server.USERS["alice"])
    secret.chmod(0o600)
    w.source('{imap: "imaps://alice@localhost:%d", name: other, password: {file: %s}, ca: %s}' % (server.imaps, secret, server.ca))
    w.scan(NOW)
    equal(subjects(w), ["Secret words 1"])


# --- large messages


def attachment(size, name="report.pdf", media="application/pdf"):
    line = base64.b64encode(bytes(range(57))) + b"\n"
    data = line * (size // len(line) + 1)
    return ("--frontier\nContent-Type: %s; name=\"%s\"\nContent-Disposition: attachment; filename=\"%s\"\n"
            "Content-Transfer-Encoding: base64\n\n" % (media, name, name)).encode() + data + b"\n"


def with_attachment(number, size, **options):
    when = "Sat, 14 Mar 2026 21:30:00 +0000"
    return (("Received: from mx.dupont.example by mail.studio.example; %s\nFrom: Jean <jean@dupont.example>\n"
             "To: camille@studio.example\nSubject: Secret words %d\nDate: %s\nMessage-ID: <night%d@dupont.example>\n"
             "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=frontier\n\n--frontier\n"
             "Content-Type: text/plain; charset=utf-8\n\nCould you send me the invoice by Friday, please?\n"
             % (when, number, when, number)).encode() + attachment(size, **options) + b"--frontier--\n")


@case("a 50 MiB attachment is not fetched, and counts as an attachment of its size")
def large(w):
    server = Dovecot(w, ssl="yes")
    size = (5 if SLOW else 50) << 20
    server.put([with_attachment(1, size), letter(2)])
    proxy = Meddler(w, server.imap)
    account(w, server, scheme="imap", ca=False, port=proxy.port)
    r = w.scan(NOW)
    true("2 new observations" in r.stderr, r)
    true(proxy.down < 100000, "%d bytes came" % proxy.down)
    fact = [json.loads(line) for line in w.run("--json", "facts", now=NOW).stdout.splitlines() if "message.received" in line]
    fact = [f for f in fact if f["subject"] == "Secret words 1"][0]
    true(fact["request"] if "request" in fact else True, fact)
    equal(fact["attachments"], 1, fact)
    # The same message read whole from a file says the same of itself.
    whole = w.write("whole.eml", with_attachment(1, size))
    inspected = json.loads(w.run("--json", "inspect", str(whole), now=NOW).stdout)
    text = [json.loads(line) for line in w.run("--json", "facts", now=NOW).stdout.splitlines() if "night1" in line][0]
    equal(text["text"] if "text" in text else inspected["text"], inspected["text"])


# --- interruptions


def disturbed(w, server, plans, want, most=2000):
    """Scan through a proxy, one plan after the other, until a scan gets through undisturbed."""
    plans = list(plans)
    proxy = Meddler(w, server.imap, lambda n: plans[n] if n < len(plans) else Plan())
    account(w, server, scheme="imap", ca=False, port=proxy.port)
    failures = 0
    while proxy.connections < len(plans):
        before = proxy.connections
        r = w.scan(NOW, want=(0, 3))
        failures += r.returncode == 3
        true(proxy.connections > before, "no connection was tried", r)
    w.scan(NOW)
    have = observations(w)
    equal(([o for o in want if o not in have], [o for o in have if o not in want], len(have)), ([], [], len(want)))
    return failures


def undisturbed(w, server, **options):
    folder = w.folder / "undisturbed"
    folder.mkdir()
    inner = tap.Measured(str(folder))
    account(inner, server, scheme="imap", ca=False, **options)
    inner.scan(NOW)
    return observations(inner)


def mailbox_of_all_kinds(server):
    for n in range(12):
        server.save(letter(n))
    server.save(with_attachment(20, 400 << 10))
    server.adm("mailbox", "create", "-u", "bob", "Clients")
    server.save(letter(30), mailbox="Clients")


def cut_everywhere(w, server):
    """A first reading that is cut at each hundredth byte of what the server says, and the second that ends it."""
    mailbox_of_all_kinds(server)
    settled(server)
    want = undisturbed(w, server)
    equal(len(want), 14)
    proxy = Meddler(w, server.imap)
    account(w, server, scheme="imap", ca=False, port=proxy.port)
    w.scan(NOW)
    before, length = server.tree(), proxy.down
    cuts = range(1, length, 2000 if SLOW else 100)
    for cut in cuts:
        proxy.plan = lambda n, cut=cut: Plan(cut=cut, reset=cut % 200 == 1)
        shutil.rmtree(w.folder / "state")
        r = w.scan(NOW, want=3)
        have = observations(w)
        equal([o for o in have if o not in want], [], (cut, r))
        proxy.plan = lambda n: Plan()
        w.scan(NOW)
        equal(observations(w), want, (cut, r))
    equal(server.tree(), before)
    print("# %d readings cut, of %d bytes" % (len(cuts), length))


@case("the connection is cut at every hundredth byte: at the end all is as if it had not been, nothing is there twice, nothing of the server's changed")
def cuts(w):
    cut_everywhere(w, Dovecot(w, ssl="yes"))


@case("the same of a compressed connection")
def cuts_compressed(w):
    server = Dovecot(w, ssl="yes")
    compress(server)
    cut_everywhere(w, server)


@case("garbage, a literal of 10 GB, and numbers that no mailbox has: refused, and nothing of it is in the store")
def garbage(w):
    w.crashes_in = "libetpan"
    server = Dovecot(w, ssl="yes")
    mailbox_of_all_kinds(server)
    want = undisturbed(w, server)
    plans = [
        Plan(replace=(b"BODY[] {", b"BODY[] {10737418240}\r\n{")),
        Plan(replace=(b"BODY[] {", b"BODY[] {4294967295}\r\n{")),
        Plan(replace=(b"* LIST", b"* \xff\x00\xfe((")),
        Plan(replace=(b"FETCH (UID 3", b"FETCH (UID 99999999999999999999")),
        Plan(replace=(b"UIDVALIDITY ", b"UIDVALIDITY 9999999999999999999999999")),
        Plan(replace=(b"* OK", b"* OK [PERMANENTFLAGS (] hi")),
        Plan(replace=(b"* OK", b"* PREAUTH")),
        Plan(replace=(b"RFC822.SIZE", b"RFC822.SIZE 1 RFC822.SIZE")),
        Plan(replace=(b"* FLAGS", b"* BYE go away\r\n* FLAGS")),
    ]
    # Some of it is answered by waiting for what never comes: several at once.
    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        tries = []
        for n, plan in enumerate(plans):
            (w.folder / ("garbage%d" % n)).mkdir()
            inner = tap.Measured(str(w.folder / ("garbage%d" % n)))
            inner.at_end, inner.crashes_in = w.at_end, w.crashes_in
            tries.append(threads.submit(disturbed, inner, server, [plan], want))
        for t in tries:
            t.result()


@case("a server that is asked too much, and says so instead of giving messages: all of them are read later, none counts as gone or unreadable")
def throttled(w):
    server = Dovecot(w, ssl="yes")
    mailbox_of_all_kinds(server)
    want = undisturbed(w, server)
    for n, (asked, said) in enumerate(((b"UID FETCH", b"BAD Request is throttled. Suggested Backoff Time: 92415 milliseconds"),
                                       (b"UID FETCH", b"NO [OVERQUOTA] Account exceeded command or bandwidth limits"),
                                       (b"UID FETCH 13 ", b"NO [UNAVAILABLE] Not now"), (b"UID FETCH", b"BAD what?"), (b"FETCH", b"NO [LIMIT] no more"))):
        inner = within(w, "try%d" % n)
        plan = Plan(ask=lambda data, asked=asked: data.replace(asked, b"X" + asked),
                    rewrite=lambda data, said=said: re.sub(rb"BAD Error in IMAP command XU?I?D?[A-Z]*: [^\r]*", lambda m: said, data))
        proxy = Meddler(w, server.imap, lambda k, plan=plan: plan if k == 0 else Plan())
        account(inner, server, scheme="imap", ca=False, port=proxy.port)
        r = inner.scan(NOW, want=3)
        true(said.split(b" ", 1)[1].decode() in r.stderr, r)
        inner.scan(NOW)
        equal(observations(inner), want)
        equal(status(inner)["unreadable"], 0)


@case("a message that the server itself cannot read, as it says each time: it is kept aside, and holds up nothing")
def cannot_read(w):
    server = Dovecot(w, ssl="yes")
    for n in (1, 2, 3):
        server.save(letter(n))
    plan = Plan(ask=lambda data: re.sub(rb"UID FETCH (1:3|2) [(]UID BODY", rb"UID XFETCH \1 (UID BODY", data),
                rewrite=lambda data: re.sub(rb"BAD Error in IMAP command [^\r]*", b"NO [SERVERBUG] Internal error occurred. Refer to server log for more information.", data))
    proxy = Meddler(w, server.imap, lambda n: plan)
    account(w, server, scheme="imap", ca=False, port=proxy.port)
    w.scan(NOW)
    equal(subjects(w), ["Secret words 1", "Secret words 3"])
    equal(status(w)["unreadable"], 1)


@case("a server that refuses to tell of drafts again: they are asked for until it does")
def drafts_refused(w):
    server = Dovecot(w, ssl="yes")
    server.save(letter(1))
    server.save(letter(2))
    server.adm("flags", "add", "-u", "bob", "\\Draft", "mailbox", "INBOX", "1")
    plan = Plan()
    proxy = Meddler(w, server.imap, lambda n: plan)
    account(w, server, scheme="imap", ca=False, port=proxy.port)
    w.scan(NOW)
    equal(subjects(w), ["Secret words 2"])
    server.adm("flags", "remove", "-u", "bob", "\\Draft", "mailbox", "INBOX", "1")
    plan = Plan(ask=lambda data: data.replace(b"UID FETCH 1:1", b"UID XFETCH 1:1"))
    w.scan(NOW)
    equal(subjects(w), ["Secret words 2"])
    plan = Plan()
    w.scan(NOW)
    equal(subjects(w), ["Secret words 1", "Secret words 2"])


def much_mail():
    """More than fits into what the system holds on its way."""
    return [letter(100 + n, text="word of a longer letter\n" * 9000) for n in range(100)]


def far_away():
    """So slow a way that the server is still at work on an answer when its first megabyte has come."""
    return Plan(rewrite=lambda data: (time.sleep(0.01), data)[1])


@case("a server that says nothing more is left after a minute, wherever it stops and although much is still to come; one that says a byte now and then is read")
def stalls(w):
    server = Dovecot(w, ssl="yes")
    mailbox_of_all_kinds(server)
    drip = within(w, "drip")
    disturbed(drip, server, [Plan(drip=0.0005)], undisturbed(drip, server))
    server.put(much_mail(), mailbox="Clients")
    want = undisturbed(w, server)
    before = server.tree()
    eventually("nobody is there any more", lambda: not server.processes("imap"))
    # All at once: each takes its minute.
    runs = []
    for name, plan in (("server", far_away()), ("greeting", Plan(stall=0)), ("line", Plan(stall=20)), ("login", Plan(stall=400)), ("folders", Plan(stall=1500)),
                       ("literal", Plan(stall=2000000))):
        inner = within(w, name)
        proxy = Meddler(w, server.imap, lambda n, plan=plan: plan if n == 0 else Plan())
        account(inner, server, scheme="imap", ca=False, port=proxy.port)
        run = inner.start("scan", now=NOW, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        runs.append((inner, run))
        if name == "server":
            # kill -STOP in the middle of an answer.
            eventually("an answer has begun", lambda: proxy.down > 1000000 or run.poll() is not None)
            stopped = server.processes("imap")
            for pid in stopped:
                os.kill(pid, signal.SIGSTOP)
            equal(len(stopped), 1, stopped)
        if name == "literal":
            eventually("it stalls", lambda: proxy.down >= 2000000 or run.poll() is not None)
    for inner, run in runs:
        error = run.communicate(timeout=tap.TIMEOUT)[1].decode()
        equal(run.returncode, 3, (inner.folder.name, error))
        true("did not answer in time" in error, (inner.folder.name, error))
        equal([o for o in observations(inner) if o not in want], [])
    for pid in stopped:
        os.kill(pid, signal.SIGCONT)
    for inner, _ in runs:
        inner.scan(NOW)
        equal(observations(inner), want)
    equal(server.tree(), before)


@case("the newest mail comes first; a first reading that is cut goes on with what is missing")
def newest_first(w):
    server = Dovecot(w, ssl="yes")
    n = 400
    server.put([letter(i, text="x" * 70 + "\n" + ("y" * 70 + "\n") * 1400) for i in range(n)])  # 40 MB: five times what is asked for at once
    want = undisturbed(w, server)
    proxy = Meddler(w, server.imap, lambda k: Plan(cut=34000000) if k == 0 else Plan())
    account(w, server, scheme="imap", ca=False, port=proxy.port)
    w.scan(NOW, want=3)
    # What is asked for together comes in the server's order.
    have = [int(s.split()[-1]) for s in subjects(w)]
    true(len(have) < n and set(range(n // 2, n)) <= set(have), have)
    before = proxy.down
    w.scan(NOW)
    equal(observations(w), want)
    # What was on its way to the store when the connection ended may come once more: 13 MB, and the rest of the 8 MB that were asked for together.
    true(proxy.down - before < 36000000, proxy.down - before)


# Messages of a large mailbox; 200,000 take some minutes.
MUCH = int(os.environ.get("ADIEU_TEST_MESSAGES", "500" if SLOW else "6000"))


@case("a large mailbox, cut again and again: as if it had not been, nothing twice, and in the memory that a small one needs")
def much(w):
    server = Dovecot(w, ssl="yes")
    # Of nobody's: breaches by the thousand are kept as evidence, which is not what is measured.
    mail = lambda first, last: (letter(n).replace(b"jean@dupont", b"paul@elsewhere") for n in range(first, last))  # noqa: E731
    server.put(mail(0, MUCH // 20))
    small = w.folder / "small"
    small.mkdir()
    small = tap.Measured(str(small))
    account(small, server, scheme="imap", ca=False)
    base = small.scan(NOW).memory
    server.put(mail(MUCH // 20, MUCH))
    proxy = Meddler(w, server.imap, lambda k: Plan(cut=MUCH * 100 * (k + 1)) if k < 5 else Plan())
    account(w, server, scheme="imap", ca=False, port=proxy.port)
    results = [w.scan(NOW, want=(0, 3)) for _ in range(7)]
    true(results[0].returncode == 3 and results[-1].returncode == 0, [r.returncode for r in results])
    most = max(r.memory for r in results)
    print("# %d messages: %.0f MB, %d of them %.0f MB" % (MUCH, most / (1 << 20), MUCH // 20, base / (1 << 20)))
    true(most < base + (24 << 20) or SLOW, base, most)
    # Only now: a child begins with the memory of whoever started it.
    want = undisturbed(w, server)
    equal(len(want), MUCH)
    equal(observations(w), want)


@case("kill -STOP of the server in the middle of an answer, and CONT: as if nothing had been")
def stopped(w):
    server = Dovecot(w, ssl="yes")
    server.put(much_mail())
    want = undisturbed(w, server)
    proxy = Meddler(w, server.imap, lambda n: far_away())
    account(w, server, scheme="imap", ca=False, port=proxy.port)
    p = w.start("scan", now=NOW, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    eventually("an answer has begun", lambda: proxy.down > 1000000 or p.poll() is not None)
    for pid in server.processes("imap"):
        os.kill(pid, signal.SIGSTOP)
    time.sleep(2)
    equal(p.poll(), None)
    for pid in server.processes("imap"):
        os.kill(pid, signal.SIGCONT)
    equal(p.wait(tap.TIMEOUT), 0)
    equal((observations(w), proxy.connections), (want, 1))


@case("the server is killed in the middle of an answer")
def killed(w):
    server = Dovecot(w, ssl="yes")
    messages = [letter(n, text="x" * 70 + "\n" + ("y" * 70 + "\n") * 2000) for n in range(60)]
    server.put(messages)
    want = undisturbed(w, server)
    proxy = Meddler(w, server.imap)
    account(w, server, scheme="imap", ca=False, port=proxy.port)
    for _ in range(3):
        before = proxy.down
        p = w.start("scan", now=NOW, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually("an answer has begun", lambda: proxy.down > before + 1000000 or p.poll() is not None)
        for pid in server.processes("imap"):
            os.kill(pid, signal.SIGKILL)
        true(p.wait(tap.TIMEOUT) in (0, 3), p.returncode)
    w.scan(NOW)
    equal(observations(w), want)


@case("an answer that kills the reader: the one message is kept aside, once, its neighbours are read, and a greeting that does is left alone")
def deadly(w):
    w.crashes_in = "libetpan"
    server = Dovecot(w, ssl="yes")
    for n in range(3):
        server.save(letter(n))
    server.save(with_attachment(20, 400 << 10))
    server.save(letter(4))
    deep = b"BODYSTRUCTURE " + b"(" * 40000
    proxy = Meddler(w, server.imap, lambda n: Plan(replace=(b"BODYSTRUCTURE ", deep)))
    account(w, server, scheme="imap", ca=False, port=proxy.port)
    r = w.scan(NOW)
    equal(len(subjects(w)), 4, r)
    equal(status(w)["unreadable"], 1)
    true("message UID 4" in w.status(NOW), w.status(NOW))
    connections = proxy.connections
    r = w.scan(NOW)
    true("0 new observations" in r.stderr, r)
    equal(proxy.connections, connections + 1)
    # Before the login already.
    proxy.plan = lambda n: Plan(replace=(b"* OK", b"* OK [PERMANENTFLAGS (] hi"))
    connections = proxy.connections
    r = w.scan(NOW, want=3)
    equal(proxy.connections, connections + 2)
    true("ended the process that read it" in r.stderr or "no IMAP" in r.stderr, r)


@case("nothing of a secret is in an argument, an environment, a log or the store; the role can write nowhere")
def secrets(w):
    secret = "Zq7-unmistakable-secret"
    server = Dovecot(w, ssl="yes")
    (server.d / "passwd").write_text("bob:{PLAIN}%s\n" % secret)
    server.own()
    server.put([letter(n) for n in range(100)])
    proxy = Meddler(w, server.imap, lambda n: Plan(drip=0.00001))
    account(w, server, password=secret, scheme="imap", ca=False, port=proxy.port)
    p = w.start("scan", now=NOW, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    eventually("it reads", lambda: proxy.down > 3000 or p.poll() is not None)
    seen, roles = b"", []
    for pid in [p.pid] + [int(x) for x in subprocess.run(["pgrep", "-P", str(p.pid)], capture_output=True, text=True).stdout.split()]:
        try:
            arguments = pathlib.Path("/proc/%d/cmdline" % pid).read_bytes()
            roles.append(arguments)
            seen += arguments + pathlib.Path("/proc/%d/environ" % pid).read_bytes()
        except OSError:
            pass
    true(any(b"--role=fetch" in r for r in roles), roles)
    out, err = p.communicate(timeout=tap.TIMEOUT)
    equal(p.returncode, 0, err)
    equal(len(subjects(w)), 100)
    true(secret.encode() not in seen + out + err)
    for path in (w.folder / "state").rglob("*"):
        true(not path.is_file() or secret.encode() not in path.read_bytes(), path)


# --- tokens


class Introspection:
    """Who a token belongs to (RFC 7662)."""

    def __init__(self, w):
        self.tokens = {}
        introspection = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                form = urllib.parse.parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
                user = introspection.tokens.get(form.get("token", [""])[0])
                body = json.dumps({"active": True, "username": user} if user else {"active": False}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        w.at_end(self.server.shutdown)

    @property
    def url(self):
        return "http://127.0.0.1:%d/" % self.server.server_address[1]


def oauth_server(w, introspection):
    (w.folder / "oauth2.conf").write_text("introspection_url = %s\nintrospection_mode = post\nusername_attribute = username\n"
                                          "active_attribute = active\nactive_value = true\n" % introspection.url)
    (w.folder / "oauth2.conf").chmod(0o644)
    return Dovecot(w, mechanisms="xoauth2 oauthbearer", extra="",
                   passdb="passdb {\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = %s\n}\n" % (w.folder / "oauth2.conf"))


def token_command(w):
    token = w.folder / "token"
    command = w.folder / "token-command"
    command.write_text("#!/bin/sh\ncat %s\n" % token)
    command.chmod(0o700)
    return token, command


@case("tokens: XOAUTH2 and OAUTHBEARER by a command; one that has ended is told, the next is taken")
def tokens(w):
    introspection = Introspection(w)
    server = oauth_server(w, introspection)
    server.save(letter(1))
    token, command = token_command(w)
    before = w.config.read_text()
    for n, auth in enumerate(("xoauth2", "oauthbearer")):
        w.config.write_text(before)
        w.source('{imap: "imaps://bob@localhost:%d", name: account, auth: %s, password: {command: [%s]}, ca: %s}'
                 % (server.imaps, auth, command, server.ca))
        token.write_text("old-token-%d\n" % n)
        introspection.tokens = {}
        r = w.scan(NOW, want=3)
        true("refuses the token of bob" in r.stderr, r)
        true("old-token" not in r.stderr, r)
        introspection.tokens = {"new-token-%d" % n: "bob"}
        token.write_text("new-token-%d\n" % n)
        r = w.scan(NOW)
        true("%d new observation" % (n == 0) in r.stderr, r)


# --- the service



def served(w, **environment):
    s = Service(w, **environment)
    w.at_end(lambda: s.process.poll() is None and s.end())
    return s


def heard(s, what, check):
    """As eventually(), hearing what the service notifies meanwhile: nobody else does, and it would wait."""
    return eventually(what, lambda: (s.listen(), check())[1])


def fresh(number, weeks):
    return evening_mail(number, 7 * weeks)


@case("a message that is delivered is told at once, by IDLE, and over a lost connection; nothing is told twice")
def idle(w):
    server = Dovecot(w, ssl="yes")
    proxy = Meddler(w, server.imap)
    server.save(fresh(1, 3))
    account(w, server, scheme="imap", ca=False, port=proxy.port)
    s = served(w)
    s.rests()
    heard(s, "the first alert", lambda: told(w))
    heard(s, "it stays connected", lambda: "imap" in server.adm("who"))
    times = []
    for n in range(2, 5):
        time.sleep(1.2)
        begun = time.monotonic()
        server.save(fresh(n, 2 + n))
        heard(s, "it is told", lambda: max(a["count"] for a in told(w)) >= n)
        times.append(time.monotonic() - begun)
    print("# told after %s s" % ", ".join("%.2f" % t for t in times))
    connections = proxy.connections
    equal(connections, 1)
    proxy.drop()
    heard(s, "another connection", lambda: proxy.connections > connections)
    server.save(fresh(9, 7))
    heard(s, "it is told", lambda: max(a["count"] for a in told(w)) >= 5)
    equal(len([a for a in told(w) if a["count"] == 5]), 1)
    equal(s.end(), 0)
    true("bobpw" not in s.errors(), s.errors())


@case("the same of a compressed connection, over TLS")
def idle_compressed(w):
    server = Dovecot(w)
    compress(server)
    server.save(fresh(1, 3))
    proxy = Meddler(w, server.imaps)
    account(w, server, port=proxy.port)
    s = served(w)
    s.rests()
    heard(s, "the first alert", lambda: told(w))
    for n in range(2, 6):
        server.save(fresh(n, 2 + n))
        heard(s, "number %d is told" % n, lambda: max(a["count"] for a in told(w)) >= n)
    equal(proxy.connections, 1)
    equal(s.end(), 0)


@case("while it waits its process is killed, the server is killed, a folder is deleted and made again, the numbers change: all is told, nothing twice")
def befallen(w):
    server = Dovecot(w, ssl="yes")
    proxy = Meddler(w, server.imap)
    server.save(fresh(1, 3))
    server.adm("mailbox", "create", "-u", "bob", "Clients")
    account(w, server, scheme="imap", ca=False, port=proxy.port)
    s = served(w)
    s.rests()
    heard(s, "the first alert", lambda: told(w))
    n = 1

    def after(what, happens, mailbox="INBOX"):
        nonlocal n
        happens()
        n += 1
        server.save(fresh(n, 3 + n), mailbox=mailbox)
        if mailbox != "INBOX":
            # The folder that is watched says that there is something to be read. That itself is nothing.
            server.save(letter(1000, when="Mon, 16 Mar 2026 10:00:00 +0000"))
        heard(s, "told after " + what, lambda: max(a["count"] for a in told(w)) >= n)
        equal([a["count"] for a in told(w)], list(range(1, n + 1)), what)

    def kill_process():
        heard(s, "it waits", lambda: server.processes("imap"))
        for pid in server.processes("imap"):
            os.kill(pid, signal.SIGKILL)

    def kill_server():
        for pid in server.processes("imap") + server.processes("imap-login") + [server.process.pid]:
            os.kill(pid, signal.SIGKILL)
        server.process.wait()
        (server.d / "run" / "master.pid").unlink(missing_ok=True)
        server.start()

    def make_again():
        server.adm("mailbox", "delete", "-u", "bob", "Clients")
        server.adm("mailbox", "create", "-u", "bob", "Clients")

    after("kill -9 of its process", kill_process)
    after("kill -9 of the server", kill_server)
    after("a folder made again", make_again, mailbox="Clients")
    after("other numbers", lambda: server.adm("mailbox", "update", "-u", "bob", "--uid-validity", "7654321", "INBOX"))
    true("bobpw" not in s.errors(), s.errors())
    equal(s.end(), 0)


@case("on Gmail what comes past the INBOX, where a filter archives it at once, is told at once, too")
def idle_gmail(w):
    server = Dovecot(w, ssl="yes", capability="+X-GM-EXT-1", extra=ALL)
    settled(server)
    proxy = Meddler(w, server.imap, lambda n: Plan(ask=as_keyword))
    server.save(fresh(1, 3), mailbox="Everything")
    account(w, server, scheme="imap", ca=False, port=proxy.port)
    s = served(w)
    s.rests()
    heard(s, "the first alert", lambda: told(w))
    for n in range(2, 4):
        server.save(fresh(n, 2 + n), mailbox="Everything")
        heard(s, "it is told", lambda: max(a["count"] for a in told(w)) >= n)
    equal(s.end(), 0)


@case("a server that hangs up at once, and one that does after each reading, are not called without end")
def no_calling(w):
    server = Dovecot(w, ssl="yes")
    server.save(fresh(1, 3))
    # Less than the wait after so many failures in a row, of which the half is by chance, is never waited: whole seconds of 2.5 to 5, and of 5 to 10.
    least = [1.9, 4.9]
    for name, plan in (("at once", Plan(cut=0)), ("later", None)):
        inner = within(w, name)
        proxy = Meddler(w, server.imap, lambda n, plan=plan: plan or Plan())
        account(inner, server, scheme="imap", ca=False, port=proxy.port)
        s = served(inner)
        for n in range(1, 4):
            heard(s, "connection %d" % n, lambda: proxy.connections >= n)
            if not plan:
                heard(s, "it is told", lambda: told(inner))
                proxy.drop()
        for n in range(1, 3):
            true(proxy.times[n] - proxy.times[n - 1] >= least[n - 1], name, proxy.times)
        equal(s.end(), 0)


@case("a token that ends while it waits: each try is one login, later and later, until there is another token; no token is told anybody")
def token_ends(w):
    introspection = Introspection(w)
    introspection.tokens = {"first-unmistakable-token": "bob"}
    server = oauth_server(w, introspection)
    server.save(fresh(1, 3))
    token, command = token_command(w)
    token.write_text("first-unmistakable-token\n")
    proxy = Meddler(w, server.imaps)
    w.source('{imap: "imaps://bob@localhost:%d", name: account, auth: oauthbearer, password: {command: [%s]}, ca: %s}' % (proxy.port, command, server.ca))
    s = served(w)
    s.rests()
    heard(s, "the first alert", lambda: told(w))
    introspection.tokens = {"second-unmistakable-token": "bob"}
    proxy.drop()
    heard(s, "two refusals", lambda: proxy.connections >= 3)
    heard(s, "it is told", lambda: "refuses the token of bob" in s.errors())
    true(proxy.times[2] - proxy.times[1] >= 4.9, proxy.times)
    token.write_text("second-unmistakable-token\n")
    server.save(fresh(2, 5))
    heard(s, "it is read again", lambda: max(a["count"] for a in told(w)) >= 2)
    true(server.log().count("auth failed, 1 attempts") <= proxy.connections - 2, server.log())
    equal(s.end(), 0)
    seen = s.errors().encode() + server.log().encode() + w.status(NOW).encode()
    for path in (w.folder / "state").rglob("*"):
        seen += path.read_bytes() if path.is_file() else b""
    true(b"unmistakable" not in seen)


@case("other addresses of this machine: what waits opens another connection, and hears of what comes")
def network_changes(w):
    if os.environ.get("ADIEU_TEST_NETWORK") != "1":
        # In a network of its own, so that no other test hears of it.
        r = subprocess.run(["unshare", "-n", sys.executable, __file__, "network_changes"], env=dict(os.environ, ADIEU_TEST_NETWORK="1"),
                           capture_output=True, text=True)
        if "1..1" not in r.stdout or not shutil.which("ip"):
            raise tap.Skip("no network of its own: " + r.stderr.strip()[-200:])
        if " # SKIP " in r.stdout:
            raise tap.Skip(r.stdout.split(" # SKIP ")[1].split("\n")[0])
        equal(r.returncode, 0, r.stdout + r.stderr)
        return
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["ip", "address", "add", "10.9.8.6/32", "dev", "lo"], check=True)
    server = Dovecot(w, ssl="yes")
    server.save(fresh(1, 3))
    proxy = Meddler(w, server.imap)
    account(w, server, scheme="imap", ca=False, port=proxy.port)
    s = served(w)
    s.rests()
    heard(s, "the first alert", lambda: told(w))
    for n, change in enumerate((("add", "10.9.8.7/32"), ("del", "10.9.8.6/32")), 2):
        # Over the old one nothing comes any more, and nobody says so.
        proxy.plan = lambda n: Plan()
        for connection in proxy.plans:
            connection.deaf = True
        subprocess.run(["ip", "address", change[0], change[1], "dev", "lo"], check=True)
        heard(s, "connection %d" % n, lambda: proxy.connections >= n)
        server.save(fresh(n, 2 + n))
        heard(s, "it is told", lambda: max(a["count"] for a in told(w)) >= n)
        equal(proxy.connections, n)
    equal(s.end(), 0)


@case("a server that is not there yet is tried again; mailboxes of this machine do not wait for it")
def late_server(w):
    server = Dovecot(w)
    server.save(fresh(1, 3))
    server.stop()
    account(w, server)
    s = served(w)
    s.rests()
    w.mail("!1.x", fresh(2, 1))
    heard(s, "the Maildir is read", lambda: told(w))
    server.start()
    heard(s, "the account is read", lambda: max(a["count"] for a in told(w)) >= 2)
    equal(s.end(), 0)


@case("a refused password is not tried again, whatever happens, until a reload")
def no_hammering(w):
    server = Dovecot(w)
    server.save(fresh(1, 5))
    account(w, server, password="nonsense-password")
    s = served(w)
    s.rests()
    for n in range(2, 5):
        w.mail("!%d.x" % n, fresh(n, n - 1))
        heard(s, "the Maildir is read", lambda: sum(a["count"] for a in told(w)[-1:]) >= n - 1)
    equal(server.log().count("auth failed, 1 attempts"), 1, server.log())
    (w.folder / "secret-bob").write_text("bobpw\n")
    s.process.send_signal(signal.SIGHUP)
    heard(s, "the account is read", lambda: max(a["count"] for a in told(w)) >= 4)
    equal(s.end(), 0)
    true("nonsense-password" not in s.errors(), s.errors())


if __name__ == "__main__":
    tap.main(at_once=3)
