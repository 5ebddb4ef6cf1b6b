# SPDX-License-Identifier: GPL-3.0-or-later
"""Calendars on servers, end to end: real radicale and xandikos where they are installed, and a server of our own for what they do not do. What is read over the
network must judge as the same files in a folder do; nothing may pass for gone that was only not to be seen; the password goes nowhere else."""
import json
import os
import pathlib
import shutil
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import case as cases  # noqa: E402
import davserver  # noqa: E402
import fakedav  # noqa: E402
from tap import Skip, case, equal, main, true  # noqa: E402

ORGANIZER = "ORGANIZER:mailto:jean@dupont.example\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:camille@studio.example\r\n"
BEFORE, LATER, AFTER = "2026-02-20T10:00+01:00", "2026-03-02T09:10+01:00", "2026-03-09T09:00+01:00"
# When it was seen that the meeting was no longer there. Nobody is blamed for it: who removed it is not known.
GONE = [["m1", LATER]]


def meeting(uid, start="20260302T090000Z", extra="", **more):
    """10:00 in Paris on that Monday, with the client."""
    return davserver.event(uid, start=start, extra=ORGANIZER + extra, **more)


def use(w, url, password=fakedav.PASSWORD, user=fakedav.USER, kind="caldav", more=""):
    """The world reads that account and no files."""
    secret = w.folder / "secret"
    if password is not None:
        secret.write_text(password + "\n")
        secret.chmod(0o600)
        more += ", password: {file: secret}"
    if user:
        url = url.replace("://", "://%s@" % user)
    text = w.config.read_text()
    head, _, rest = text.partition("sources:\n")
    _, _, tail = rest.partition("clients:\n")
    w.config.write_text("%ssources:\n  - {%s: \"%s\"%s}\nclients:\n%s" % (head, kind, url, more, tail))


def ca(w):
    return davserver.certificates(w.folder / "ca")


def real(w, which, **options):
    """One of the real servers, ended with the test."""
    if not davserver.have("radicale" if which == "radicale" else "xandikos"):
        raise Skip(which + " is not installed")
    return Ended(davserver.Radicale(w.folder / "radicale", **options) if which == "radicale" else davserver.Xandikos(w.folder / "xandikos"))


class Ended:
    def __init__(self, server):
        self.server = server

    def __enter__(self):
        return self.server

    def __exit__(self, *args):
        self.server.stop()


def fake(**options):
    return Ended(fakedav.FakeDav(**options))


def facts(w, now):
    """Facts without what names the source."""
    r = w.run("facts", "--json", now=now)
    equal(r.returncode, 0, r)
    rows = [json.loads(line) for line in r.stdout.splitlines()]
    for row in rows:
        row.pop("source", None)
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


def events(w, now):
    r = w.run("status", "--json", now=now)
    return [json.loads(line) for line in r.stdout.splitlines()]


def cancelled(w, now):
    rows = [json.loads(row) for row in facts(w, now)]
    return sorted([r["uid"], r["at"][:16] + r["at"][19:]] for r in rows if r["fact"] in ("meeting.cancelled", "meeting.declined"))


def observations(w, now):
    return sum(s["observations"] for s in events(w, now) if s["status"] == "source")


def calendar_at(server, name="work"):
    """A calendar of that name on any of the servers; its path."""
    if isinstance(server, davserver.Xandikos) and name == "work":
        return "/bob/calendars/calendar/"
    path = (server.home if isinstance(server, davserver.Server) else "/home/") + name + "/"
    server.calendar(path, name)
    return path


# --- the plain way

@case("a meeting that vanishes from radicale, over TLS with a password")
def vanished_over_tls(w):
    with real(w, "radicale", tls=ca(w)) as s:
        work = calendar_at(s)
        s.put(work + "a.ics", meeting("m1"))
        use(w, s.base, more=", ca: ca/ca.pem")
        w.scan(BEFORE)
        before = s.files()
        w.scan(LATER)
        equal(s.files(), before, "files on the server")
        s.delete(work + "a.ics")
        w.scan(LATER)
        equal(cancelled(w, AFTER), GONE)


@case("the same from xandikos, found by the root of the server")
def vanished_xandikos(w):
    with real(w, "xandikos") as s:
        work = calendar_at(s)
        s.put(work + "a.ics", meeting("m1"))
        use(w, s.base, None, None)
        w.scan(BEFORE)
        s.delete(work + "a.ics")
        w.scan(LATER)
        equal(cancelled(w, AFTER), GONE)


def story(put, delete, scan):
    """What happens in a calendar over some weeks; the same for every kind of source."""
    weekly = "RRULE:FREQ=WEEKLY;COUNT=8\r\n"
    put("a.ics", meeting("m1"))
    put("b b@x.ics", meeting("m2", start="20260303T090000Z", summary="Réunion & <co>"))
    put("w.ics", meeting("w1", start="20260204T090000Z", extra=weekly))
    put("gone.ics", meeting("m3", start="20260305T090000Z"))
    scan("2026-02-01T10:00+01:00")
    put("a.ics", meeting("m1", start="20260302T130000Z", extra="SEQUENCE:1\r\nLAST-MODIFIED:20260302T080000Z\r\n"))
    # One occurrence of the series is called off, another becomes an exception and is taken back.
    put("w.ics", meeting("w1", start="20260204T090000Z", extra=weekly + "EXDATE:20260304T090000Z\r\n"))
    scan(LATER)
    delete("gone.ics")
    scan("2026-03-04T17:30+01:00")
    put("new.ics", meeting("m5", start="20260306T090000Z", extra="STATUS:CANCELLED\r\n"))
    scan("2026-03-06T09:30+01:00")
    scan(AFTER)


def as_folder(w):
    """The facts of the story told by files."""
    folder = w.folder / "story"
    other = type(w)(folder)
    calendars = folder / "calendars"

    def put(name, text):
        (calendars / name).write_bytes(text.encode())
        os.utime(calendars / name, (1760000000 + len(text), 1760000000 + len(text)))

    story(put, lambda name: (calendars / name).unlink(), other.scan)
    return facts(other, AFTER), other.breaches(AFTER)


def same_as_folder(w, s, **options):
    work = calendar_at(s)
    use(w, s.base, **options)

    def path(name):
        return work + (name if isinstance(s, fakedav.FakeDav) else name.replace(" ", "%20").replace("@", "%40"))

    story(lambda n, t: s.put(path(n), t), lambda n: s.delete(path(n)), w.scan)
    want, breaches = as_folder(w)
    true(len(want) > 5, want)
    true(len(breaches) > 0, breaches)
    equal(facts(w, AFTER), want)
    equal(w.breaches(AFTER), breaches)


@case("a calendar on radicale gives the same facts as the same files in a folder")
def equal_radicale(w):
    with real(w, "radicale") as s:
        same_as_folder(w, s)


@case("a calendar on xandikos gives the same facts as the same files in a folder")
def equal_xandikos(w):
    with real(w, "xandikos") as s:
        same_as_folder(w, s, password=None, user=None)


@case("with Digest and sync-collection, the same facts")
def equal_digest(w):
    with fake(auth="digest") as s:
        same_as_folder(w, s)


@case("with the older Digest, of MD5, the same facts")
def equal_digest_md5(w):
    with fake(auth="digest-md5") as s:
        same_as_folder(w, s)
        true(not any("Basic" in r["headers"].get("Authorization", "") for r in s.requests))


@case("a server that only has ctags, the same facts")
def equal_ctag(w):
    with fake(sync=False) as s:
        same_as_folder(w, s)


@case("a server that has neither tokens nor ctags nor calendar-multiget, the same facts")
def equal_poor(w):
    with fake(sync=False, ctag=False, multiget=False) as s:
        same_as_folder(w, s)


@case("a server that forgets every token, the same facts")
def equal_forgetful(w):
    with fake() as s:
        s.known_tokens = False
        same_as_folder(w, s)


@case("found by the well-known address (RFC 6764), the principal and the home set, each in its place; asked for once in a pass")
def well_known(w):
    with fake() as s:
        work = calendar_at(s)
        s.put(work + "a.ics", meeting("m1"))
        nowhere, steps = [404, 405, 403], []

        def answer(r):
            path = r["path"]
            if "Authorization" not in r["headers"]:
                return None
            steps.append((r["method"], path))
            if path == "/":
                return nowhere[0], {}, ""
            if path == "/.well-known/caldav":
                return 301, {"Location": "/dav/"}, ""
            if path == "/dav/":
                return s.multi([s.response("/dav/", "<D:resourcetype><D:collection/></D:resourcetype><D:current-user-principal><D:href>/p/bob/</D:href></D:current-user-principal>")])
            return None

        s.answer = answer
        use(w, s.base)
        for i in range(len(nowhere)):
            w.scan(BEFORE)
            equal(observations(w, BEFORE), 1)
            found = [path for method, path in steps if method == "PROPFIND"]
            # A collection could hold calendars itself: it is looked into before the user is.
            equal(found[:6], ["/", "/.well-known/caldav", "/dav/", "/dav/", "/p/bob/", "/home/"])
            del steps[:], nowhere[0]
            if not nowhere:
                break


@case("a server that wants another way to log in says which, and the password is not tried again")
def mechanisms(w):
    with fake() as s:
        work = calendar_at(s)
        s.put(work + "a.ics", meeting("m1"))
        for offered, more, words in (("Bearer", "", "auth: bearer"), ("Negotiate", "", "does not speak"), ('Digest realm="x", nonce="abc"', ", auth: basic", "auth: digest"),
                                     ('Basic realm="x"', ", auth: digest", "auth: basic"), ('Basic realm="x"', ", auth: bearer", "auth: basic"), ("Strange", "", "no way to log in that is known")):
            use(w, s.base, more=more)
            s.answer = lambda r, o=offered: (401, {"WWW-Authenticate": o}, "")
            s.requests.clear()
            r = w.scan(BEFORE, 3)
            true(words in r.stderr, offered, more, r)
            true(len(s.requests) <= 2, s.requests)


@case("a token as secret (Bearer)")
def bearer(w):
    with fake(auth="bearer") as s:
        work = calendar_at(s)
        s.put(work + "a.ics", meeting("m1"))
        use(w, s.base, "token-1", more=", auth: bearer")
        w.scan(BEFORE)
        true(observations(w, BEFORE) == 1)


# --- only what is new

def asked(s):
    """What was asked since the last look, without the challenge."""
    seen = [(r["method"], r["path"], r["body"]) for r in s.requests]
    s.requests.clear()
    return seen


@case("a second pass asks for nothing that is known, a third for what changed")
def only_changes(w):
    with fake() as s:
        work = calendar_at(s)
        for i in range(120):
            s.put(work + "e%d.ics" % i, meeting("m%d" % i))
        use(w, s.base)
        w.scan(BEFORE)
        equal(sum("multiget" in b for _, _, b in asked(s)), 3, "batches")
        w.scan(BEFORE)
        true(not any(m == "REPORT" for m, _, _ in asked(s)))
        s.put(work + "e7.ics", meeting("m7", start="20260302T110000Z"))
        w.scan(BEFORE)
        reports = [b for m, _, b in asked(s) if m == "REPORT"]
        equal(len(reports), 2, reports)
        true("urn:x:" in reports[0] and reports[1].count("<href>") == 1, reports)
        equal(observations(w, BEFORE), 121)


@case("calendars are chosen by their name or the end of their address; those without events are left alone")
def chosen(w):
    with fake() as s:
        for name in ("work", "private", "third"):
            s.put(calendar_at(s, name) + "a.ics", meeting(name))
        s.names["/home/work/"] = "Clients et projets"
        use(w, s.base, more=", include: [clients et projets, third]")
        w.scan(BEFORE)
        true(not any("/home/private/" in p for _, p, _ in asked(s)))
        equal(observations(w, BEFORE), 2)
        s.names["/home/work/"] = "Kunden"
        r = w.scan(BEFORE, want=3)
        true('nothing there is called "clients et projets"' in r.stderr, r)
        use(w, s.base, more=", exclude: [third]")
        w.scan(BEFORE)
        equal(observations(w, BEFORE), 3)


@case("the address of one calendar, of a home, and of a user: each works")
def addresses(w):
    for address, want in (("/home/work/", 1), ("/home/work", 1), ("/home/", 2), ("/p/bob/", 2), ("", 2)):
        world = type(w)(w.folder / ("w%d" % len(address)))
        with fake() as s:
            for name in ("work", "private"):
                s.put(calendar_at(s, name) + "a.ics", meeting(name))
            use(world, s.base + address)
            world.scan(BEFORE)
            equal(observations(world, BEFORE), want, address)


@case("a user with several homes (RFC 4791, 6.2.1): the calendars of all, each once; one that is closed is told, and what was in it is kept")
def homes(w):
    with fake() as s:
        s.homes = ["/home/", "/team/", "/home", "/shared/a/"]
        for path in ("/home/work/", "/team/one/", "/team/two/", "/shared/a/x/"):
            s.calendar(path)
            s.put(path + "a.ics", meeting(path))
        use(w, s.base)
        w.scan(BEFORE)
        equal(observations(w, BEFORE), 4)
        equal(sum("multiget" in b for _, _, b in asked(s)), 4)
        for closed in ((403, {}, ""), (404, {}, "")):
            s.answer = lambda r, c=closed: c if r["path"] == "/team/" else None
            r = w.scan(LATER, 3)
            true("/team/" in r.stderr, r)
        equal(cancelled(w, LATER), [])
        # One that only fails for now fails as a whole.
        s.answer = lambda r: (500, {}, "") if r["path"] == "/team/" else None
        w.scan(LATER, 3)
        s.answer = None
        s.delete("/team/two/a.ics")
        w.scan(LATER)
        equal(observations(w, LATER), 5)
        # All of them are closed, or are somewhere else.
        s.answer = lambda r: (403, {}, "") if r["path"] in s.homes else None
        true("does not let this account read" in w.scan(AFTER, 3).stderr)
        s.answer = None
        s.homes = ["https://p1.other.example/home/", "/team/"]
        true("https://p1.other.example/home/" in w.scan(AFTER, 3).stderr)
        equal(observations(w, AFTER), 5)


@case("an object that moves to another calendar has not vanished, on one account or between two")
def moved(w):
    with fake() as s:
        one, two = calendar_at(s, "one"), calendar_at(s, "two")
        s.put(two + "a.ics", meeting("m1"))
        use(w, s.base)
        w.scan(BEFORE)
        s.delete(two + "a.ics")
        s.put(one + "b.ics", meeting("m1"))
        w.scan(LATER)
        equal(cancelled(w, AFTER), [])
        # To a folder on this machine, which is read afterwards.
        w.config.write_text(w.config.read_text().replace("clients:\n", "  - {calendar: calendars}\nclients:\n", 1))
        (w.folder / "calendars" / "a.ics").write_bytes(meeting("m1").encode())
        s.delete(one + "b.ics")
        w.scan(LATER)
        equal(cancelled(w, AFTER), [])


@case("messages of the scheduling inbox are observed, and say nothing when they are thrown away")
def inbox(w):
    with fake() as s:
        work = calendar_at(s)
        s.calendar("/inbox/")
        s.inbox = "/inbox/"
        s.put(work + "a.ics", meeting("m1"))
        use(w, s.base)
        w.scan(BEFORE)
        s.put("/inbox/x.ics", meeting("m1", extra="STATUS:CANCELLED\r\nSEQUENCE:1\r\n").replace("VERSION", "METHOD:CANCEL\r\nVERSION"))
        w.scan(LATER)
        equal(observations(w, LATER), 2)
        equal(cancelled(w, AFTER), GONE)
        s.delete("/inbox/x.ics")
        w.scan(AFTER)
        equal(observations(w, AFTER), 2)


@case("an answer in parts is read to its end; one that has no end, or hides a part, makes no absence")
def parts(w):
    with fake() as s:
        work = calendar_at(s)
        names = ["%02d.ics" % i for i in range(10)]
        for name in names:
            s.put(work + name, meeting(name))
        rows = {n: s.response(work + n, "<D:getetag>%s</D:getetag>" % s.etag(s.calendars[work][n]).replace('"', "&quot;")) for n in names}
        more = s.response(work, status="507 Insufficient Storage")

        def paged(r):
            if "sync-collection" not in r["body"]:
                return None
            token = r["body"].split("<sync-token>")[1].split("<")[0]
            at = int(token[7:]) if token.startswith("urn:p:") and len(token) > 6 else 0
            page = names[at:at + 3]
            return s.multi([rows[n] for n in page] + ([more] if at + 3 < len(names) else []), "urn:p:x%d" % (at + 3))

        s.answer = paged
        use(w, s.base)
        w.scan(BEFORE)
        equal(observations(w, BEFORE), 10)
        # More is announced, and the token stands still.
        s.answer = lambda r: s.multi([rows[names[0]], more], "urn:p:x1") if "sync-collection" in r["body"] else None
        r = w.scan(LATER, 3)
        true("does not tell all" in r.stderr, r)
        equal(cancelled(w, LATER), [])
        # A listing without a report that is cut in the same way.
        s.answer = lambda r: s.multi([more, rows[names[0]]]) if r["headers"].get("Depth") == "1" and r["path"] == work else (403, {}, "") if r["method"] == "REPORT" else None
        r = w.scan(LATER, 3)
        equal(cancelled(w, LATER), [])
        s.answer = None
        w.scan(LATER)
        equal(cancelled(w, LATER), [])


@case("radicale forgets its tokens: everything is listed, what vanished meanwhile is seen, nothing twice")
def forgotten(w):
    with real(w, "radicale") as s:
        work = calendar_at(s)
        for i in range(3):
            s.put(work + "%d.ics" % i, meeting("m%d" % i))
        use(w, s.base)
        w.scan(BEFORE)
        s.stop()
        tokens = list(s.data.rglob("sync-token"))
        true(len(tokens) > 0)
        for folder in tokens:
            shutil.rmtree(folder)
        s.start()
        s.delete(work + "1.ics")
        w.scan(LATER)
        equal(cancelled(w, AFTER), GONE)
        equal(observations(w, AFTER), 4)


@case("a calendar that is removed as a whole takes no meeting with it, and holds none any more")
def removed(w):
    with fake() as s:
        one, two = calendar_at(s, "one"), calendar_at(s, "two")
        s.put(one + "a.ics", meeting("m1"))
        s.put(one + "b.ics", meeting("m2"))
        s.put(two + "a.ics", meeting("m1"))
        use(w, s.base)
        w.scan(BEFORE)
        del s.calendars[one]
        s.put(two + "c.ics", meeting("m3"))
        w.scan("2026-02-21T10:00+01:00")
        equal(cancelled(w, LATER), [])
        # The copy in the calendar that is no longer there does not hide that it vanished here.
        s.delete(two + "a.ics")
        w.scan(LATER)
        equal(cancelled(w, AFTER), GONE)


# --- what must not pass for an absence

def hold(w, s, break_it, mend, want=3):
    """A meeting is there; something breaks while it is; nothing has vanished."""
    break_it()
    r = w.scan(LATER, want)
    equal(cancelled(w, LATER), [], r)
    mend()
    w.scan(LATER)
    equal(cancelled(w, AFTER), [])


@case("a calendar that cannot be listed makes no absences, nor do the others meanwhile")
def not_whole(w):
    with fake() as s:
        one, two = calendar_at(s, "one"), calendar_at(s, "two")
        s.put(one + "a.ics", meeting("m1"))
        s.put(two + "b.ics", meeting("m2"))
        use(w, s.base)
        w.scan(BEFORE)
        s.delete(one + "a.ics")
        s.put(two + "c.ics", meeting("m3"))
        s.answer = lambda r: (500, {}, "") if r["path"].startswith("/home/two") else None
        r = w.scan(LATER, 3)
        true("two" in r.stderr, r)
        equal(cancelled(w, LATER), [])
        s.answer = None
        w.scan(LATER)
        equal(cancelled(w, AFTER), GONE)


@case("an object that is listed but not given is not gone")
def not_given(w):
    with fake() as s:
        work = calendar_at(s)
        s.put(work + "a.ics", meeting("m1"))
        use(w, s.base)
        w.scan(BEFORE)

        def refuse(r):
            if r["method"] == "REPORT" and "multiget" in r["body"]:
                return s.multi([s.response(work + "a.ics", status="403 Forbidden")])
            return (403, {}, "") if r["method"] == "GET" else None

        def breaks():
            s.put(work + "a.ics", meeting("m1", summary="Other"))
            s.answer = refuse

        hold(w, s, breaks, lambda: setattr(s, "answer", None))


@case("a server that lost everything it held is not believed")
def emptied(w):
    with fake() as s:
        work = calendar_at(s)
        for i in range(3):
            s.put(work + "%d.ics" % i, meeting("m%d" % i))
        use(w, s.base)
        w.scan(BEFORE)
        members = dict(s.calendars[work])

        def breaks():
            s.known_tokens = False
            s.calendars[work].clear()
            s.versions[work] += 1

        def mend():
            s.calendars[work].update(members)
            s.versions[work] += 1

        hold(w, s, breaks, mend)


@case("a server that is stopped, and comes back")
def stopped(w):
    with real(w, "radicale") as s:
        work = calendar_at(s)
        s.put(work + "a.ics", meeting("m1"))
        use(w, s.base)
        w.scan(BEFORE)
        hold(w, s, s.stop, s.start)


@case("garbage, pages for people, cuts and refusals: told, no absence, and fine afterwards")
def garbage(w):
    with fake() as s:
        work = calendar_at(s)
        s.put(work + "a.ics", meeting("m1"))
        use(w, s.base)
        w.scan(BEFORE)
        s.put(work + "b.ics", meeting("m2", start="20270302T090000Z"))
        faults = {
            "a page": lambda r: (200, {"Content-Type": "text/html"}, "<html><body>Please log in</body></html>"),
            "a page as 207": lambda r: (207, {}, "<html><body>Please log in</body></html>"),
            "nothing": lambda r: (207, {}, ""),
            "bytes": lambda r: (207, {}, b"\x00\xff\xfe" * 1000),
            "entities": lambda r: (207, {}, '<!DOCTYPE x [<!ENTITY a "b">]><multistatus xmlns="DAV:">&a;</multistatus>'),
            "depth": lambda r: (207, {}, '<multistatus xmlns="DAV:">' + "<a>" * 100000),
            "cut": lambda r: (207, {"Content-Length": "9999"}, '<multistatus xmlns="DAV:">'),
            "closed": lambda r: ("close", {}, b""),
            "no http": lambda r: ("close", {}, b"* OK IMAP4rev1 ready\r\n"),
            "an empty listing of a calendar that is not said to be gone": None,
            "500": lambda r: (500, {}, "oops"),
            "404": lambda r: (404, {}, ""),
            "a circle": lambda r: (302, {"Location": r["path"]}, ""),
            "nowhere": lambda r: (302, {"Location": "ftp://x/"}, ""),
        }
        for name, answer in faults.items():
            if not answer:
                continue
            # At every request, and only once the calendar is known.
            for only in ("PROPFIND", "REPORT"):
                s.answer = lambda r, a=answer, o=only: a(r) if r["method"] == o or r["method"] == "GET" else None
                r = w.scan(LATER, 3)
                true("localhost" in r.stderr, name, only, r)
                equal(cancelled(w, LATER), [], name)
        s.answer = None
        w.scan(LATER)
        equal(cancelled(w, LATER), [])
        equal(observations(w, LATER), 2)


@case("answers cut after every hundredth byte: the same in the end, nothing twice, nothing gone")
def cuts(w):
    with fake() as s:
        work = calendar_at(s)
        for i in range(5):
            s.put(work + "%d.ics" % i, meeting("m%d" % i))
        use(w, s.base)
        state = {"cut": 100, "longest": 0}

        def cut(r):
            status, headers, body = s.check(r) or s.usual(r)
            data = body.encode() if isinstance(body, str) else body
            if status != 207:
                return None
            state["longest"] = max(state["longest"], len(data))
            return (status, dict(headers, **{"Content-Length": str(len(data))}), data[:state["cut"]]) if len(data) > state["cut"] else None

        s.answer = cut
        while state["cut"] <= max(state["longest"], 100):
            w.scan(BEFORE, (0, 3))
            state["cut"] += 100
        s.answer = None
        w.scan(LATER)
        equal(observations(w, LATER), 5)
        equal(cancelled(w, LATER), [])


def fetch_roles(w):
    """The processes of this world that talk to servers."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if b"--role=fetch" not in pathlib.Path("/proc", pid, "cmdline").read_bytes():
                continue
            # Other tests have roles of the same program at work: whose it is, its parent says.
            parent = pathlib.Path("/proc", pid, "stat").read_text().rsplit(")", 1)[1].split()[1]
            if str(w.config).encode() in pathlib.Path("/proc", parent, "cmdline").read_bytes():
                yield int(pid)
        except OSError:
            pass


@case("a role that is killed in the middle: another goes on, object by object; what kills each of them is kept aside, its neighbours are read")
def killed(w):
    with fake() as s:
        work = calendar_at(s)
        for i in range(12):
            s.put(work + "e%d.ics" % i, meeting("m%d" % i))
        use(w, s.base)
        left = [1]

        def kill(r):
            if "multiget" in r["body"] and left[0] > 0:
                left[0] -= 1
                for pid in fetch_roles(w):
                    os.kill(pid, signal.SIGKILL)

        s.answer = kill
        w.scan(BEFORE)
        equal(observations(w, BEFORE), 12)
        # One object does it every time.
        s.put(work + "e7.ics", meeting("m7", summary="Other"))
        s.put(work + "e8.ics", meeting("m8", summary="Other"))
        left[0] = 10
        s.answer = lambda r: kill(r) if "/e7.ics" in r["body"] else None
        w.scan(LATER)
        equal(observations(w, LATER), 14)
        true("e7.ics" in w.status(LATER), w.status(LATER))
        equal(left[0], 8, "times that it was asked for")
        equal(cancelled(w, LATER), [])


# --- the password

@case("a wrong password is sent once, and told")
def refused(w):
    with fake() as s:
        calendar_at(s)
        use(w, s.base, "wrong")
        r = w.scan(BEFORE, 3)
        true("bob" in r.stderr and "password" in r.stderr, r)
        equal(sum("Authorization" in q["headers"] for q in s.requests), 1)
    with real(w, "radicale") as s:
        use(w, s.base, "wrong")
        r = w.scan(BEFORE, 3)
        true("bob" in r.stderr, r)
        equal(s.log().count("Failed login attempt"), 1, s.log())


@case("a redirection to another server is not followed with the password; within the server it is")
def redirected(w):
    with fake(auth="none") as other, fake() as s:
        other.put(calendar_at(other) + "a.ics", meeting("m1"))
        work = calendar_at(s)
        s.put(work + "a.ics", meeting("m1"))
        s.answer = lambda r: (302, {"Location": other.base + "/"}, "")
        use(w, s.base)
        r = w.scan(BEFORE, 3)
        true(str(other.port) in r.stderr, r)
        equal(other.requests, [])
        # Calendars on another host, as large providers have them.
        s.answer = lambda r: s.multi(["<D:response><D:href>/</D:href><D:propstat><D:prop><C:calendar-home-set><D:href>https://p1.other.example/home/</D:href>"
                                      "</C:calendar-home-set></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"]) if "Authorization" in r["headers"] else None
        r = w.scan(BEFORE, 3)
        true("https://p1.other.example/home/" in r.stderr, r)
        s.answer = lambda r: (301, {"Location": "/home/"}, "") if r["path"] == "/start" else None
        use(w, s.base + "/start")
        w.scan(BEFORE)
        equal(observations(w, BEFORE), 1)


@case("certificates that are expired, of another name, signed by themselves or by nobody known: nothing is sent")
def certificates(w):
    folder = ca(w)
    words = {"old": "expired", "wrong": "another name", "self": "itself"}
    for name, word in words.items():
        with fake(tls=folder, certificate=name) as s:
            use(w, s.base, more=", ca: ca/ca.pem")
            r = w.scan(BEFORE, 3)
            true(word in r.stderr, name, r)
            equal(s.requests, [], name)
    with fake(tls=folder) as s:
        s.put(calendar_at(s) + "a.ics", meeting("m1"))
        use(w, s.base)
        r = w.scan(BEFORE, 3)
        true("nobody that is trusted" in r.stderr, r)
        equal(s.requests, [])
        use(w, s.base, more=', fingerprint: "%s"' % davserver.fingerprint(folder / "old.pem"))
        r = w.scan(BEFORE, 3)
        true("fingerprint" in r.stderr, r)
        equal(s.requests, [])
        use(w, s.base, more=', fingerprint: "%s"' % davserver.fingerprint(folder / "srv.pem"))
        w.scan(BEFORE)
        equal(observations(w, BEFORE), 1)
    # With both, both must be right.
    with fake(tls=folder, certificate="self") as s:
        s.put(calendar_at(s) + "a.ics", meeting("m1"))
        pin = ', fingerprint: "%s"' % davserver.fingerprint(folder / "self.pem")
        use(w, s.base, more=pin + ", ca: ca/ca.pem")
        r = w.scan(BEFORE, 3)
        true("itself" in r.stderr, r)
        equal(s.requests, [])
        use(w, s.base, more=pin)
        w.scan(BEFORE)


def processes():
    """Command lines and environments of everything that runs."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        for name in ("cmdline", "environ"):
            try:
                yield pathlib.Path("/proc", pid, name).read_bytes()
            except OSError:
                pass


@case("the password is in no argument, no environment, no output and no file of ours")
def nowhere(w):
    with fake() as s:
        s.put(calendar_at(s) + "a.ics", meeting("m1"))
        seen = []
        word = fakedav.PASSWORD.encode()
        s.answer = lambda r: seen.extend(p for p in processes() if word in p) if "Authorization" in r["headers"] else None
        use(w, s.base)
        r = w.scan(BEFORE)
        true(len(s.secrets_seen()) > 0)
        equal(seen, [])
        true(fakedav.PASSWORD not in r.stdout + r.stderr)
        for path in (w.folder / "state").rglob("*"):
            true(not path.is_file() or word not in path.read_bytes(), path)


@case("a server that asks to be left alone is told of")
def busy(w):
    with fake() as s:
        work = calendar_at(s)
        s.put(work + "a.ics", meeting("m1"))
        use(w, s.base)
        for code in (429, 503):
            s.answer = lambda r, c=code: (c, {"Retry-After": "120"}, "")
            s.requests.clear()
            r = w.scan(BEFORE, 3)
            true(str(code) in r.stderr, r)
            equal(len(s.requests), 1)


# --- much

@case("a listing of a hundred thousand objects that were never there needs no memory to speak of")
def huge(w):
    with fake() as s:
        work = calendar_at(s)
        s.put(work + "a.ics", meeting("m1"))
        use(w, s.base)
        base = w.scan(BEFORE)

        def endless(r):
            if "sync-collection" not in r["body"]:
                return None

            def body():
                yield b'<D:multistatus xmlns:D="DAV:">'
                for i in range(100000):
                    yield s.response(work + "gone%d.ics" % i, status="404 Not Found").encode()
                yield b"<D:sync-token>urn:x:99</D:sync-token></D:multistatus>"
            return 207, {}, body()

        s.put(work + "b.ics", meeting("m2"))
        s.answer = endless
        r = w.scan(BEFORE)
        true(r.memory < base.memory + (64 << 20), base.memory, r.memory)
        s.answer = lambda r: (207, {}, iter([b'<D:multistatus xmlns:D="DAV:">'] + [b"<!--" + b"x" * 65536 + b"-->"] * 8000)) if "sync" in r["body"] else None
        r = w.scan(BEFORE, 3)
        true("more than" in r.stderr or "longer than" in r.stderr or "cut off" in r.stderr, r)


# --- files on the web

@case("a single file on the web: read when it changed, by ETag or date; what vanishes from it is gone")
def webcal(w):
    with fake(auth="none") as s:
        file = {"text": meeting("m1"), "etag": '"1"', "served": 0}

        def serve(r):
            if r["headers"].get("If-None-Match") == file["etag"] or (not file["etag"] and r["headers"].get("If-Modified-Since") == "Mon, 02 Feb 2026 08:00:00 GMT"):
                return 304, {}, ""
            file["served"] += 1
            return 200, {"ETag": file["etag"]} if file["etag"] else {"Last-Modified": "Mon, 02 Feb 2026 08:00:00 GMT"}, file["text"]

        s.answer = serve
        use(w, s.base + "/feed.ics?key=1", None, None, kind="calendar")
        w.scan(BEFORE)
        w.scan(BEFORE)
        equal(file["served"], 1)
        equal(observations(w, BEFORE), 1)
        file.update(text=meeting("m2", start="20270302T090000Z"), etag="")
        w.scan(LATER)
        w.scan(LATER)
        equal(file["served"], 2)
        equal(cancelled(w, AFTER), GONE)
        file["text"] = "<html>gone</html>"
        s.answer = lambda r: (404, {}, "")
        r = w.scan(LATER, 3)
        true("nothing at" in r.stderr, r)


@case("a private link to a calendar is in nothing that is told or kept: the host and a tag are, or the name that the owner gave")
def private_link(w):
    word, said = "private-0f3c9a1b7e", []

    def told(r):
        said.append(r.stdout + r.stderr)
        return r.stdout + r.stderr

    with fake(auth="none") as s:
        link = s.base + "/ical/" + word + "/basic.ics?key=" + word
        answers = (lambda r: (200, {}, meeting("m1")), lambda r: (200, {}, meeting("m1")[:-9]), lambda r: (404, {}, ""), lambda r: (403, {}, ""), lambda r: (418, {}, ""),
                   lambda r: (200, {}, "<html>" + r["path"]), lambda r: (302, {"Location": r["path"]}, ""), lambda r: (302, {"Location": "ftp://x" + r["path"]}, ""),
                   lambda r: (302, {"Location": "http://127.0.0.1:1" + r["path"]}, ""), lambda r: (429, {}, ""), lambda r: ("close", {}, b""), lambda r: (401, {}, ""),
                   lambda r: (200, {"Content-Length": "9999"}, meeting("m1")))
        use(w, link, None, None, kind="calendar")
        for answer in answers:
            s.answer = answer
            for command in (["scan"], ["check"], ["status"], ["--json", "status"], ["--json", "check"]):
                told(w.run(*command, now=BEFORE))
        names = {row["source"] for row in events(w, BEFORE) if row["status"] == "source"}
        equal(len(names), 1)
        true(names.pop().startswith("localhost#"), names)
        # The secret of the login and the link together; a redirection that is not followed.
        use(w, link, kind="calendar", more=", name: holidays of the team")
        s.answer = lambda r: (302, {"Location": "http://localhost:1" + r["path"]}, "")
        true("localhost" in told(w.scan(BEFORE, 3)))
        true("holidays of the team" in told(w.run("status", now=BEFORE)))
        # Faults in the file that holds it.
        text = w.config.read_text()
        for broken in (text.replace("name:", "nmae:"), text.replace("/ical/", "/i cal/"), text.replace("http:", "htp:"), text.replace("http://", "webcal:"), text.replace("http://", "https:/"),
                       text.replace("http://", "https:\\/\\/").replace("name:", "nmae:"), text.replace("http://bob@localhost", "https://"),
                       text.replace("clients:\n", "  - {calendar: \"%s\", password: {file: secret}}\nclients:\n" % link.replace("://", "://bob@"))):
            w.config.write_text(broken)
            for command in (["scan"], ["--json", "scan"]):
                true("error" in told(w.run(*command, now=BEFORE)), broken)
    true(not any(word in text for text in said), [text for text in said if word in text][:1])
    for path in (w.folder / "state").rglob("*"):
        true(not path.is_file() or word.encode() not in path.read_bytes(), path)


@case("a file on the web that is cut off, or a page instead: what was in it has not vanished")
def webcal_cut(w):
    with fake(auth="none") as s:
        whole = (meeting("m1") + meeting("m2")).replace("END:VCALENDAR\r\nBEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n", "")
        s.answer = lambda r: (200, {"ETag": '"1"'}, whole)
        use(w, s.base + "/feed.ics", None, None, kind="calendar")
        w.scan(BEFORE)
        equal(observations(w, BEFORE), 2)
        for text in (whole[:len(whole) // 2], whole[:-20], "", "<html>Please log in</html>"):
            s.answer = lambda r, t=text: (200, {"ETag": '"%d"' % len(t)}, t)
            w.scan(LATER, (0, 3))
            equal(cancelled(w, LATER), [])
        s.answer = lambda r: (200, {"ETag": '"2"', "Content-Length": str(len(whole))}, whole[:200])
        w.scan(LATER, 3)
        s.answer = lambda r: (200, {"ETag": '"3"'}, whole)
        w.scan(LATER)
        equal(cancelled(w, LATER), [])


if __name__ == "__main__":
    main()
