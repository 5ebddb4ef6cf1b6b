# SPDX-License-Identifier: GPL-3.0-or-later
"""Calendars on servers under adieud: read in the background, asked now and then and not at each mail that lands, left alone when they ask for it."""
import email.utils
import json
import pathlib
import signal
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import davserver  # noqa: E402
import fakedav  # noqa: E402
import tap  # noqa: E402
from service import Service, evening_mail, told  # noqa: E402
from tap import PATIENCE, case, equal, eventually, main, true  # noqa: E402

WORK = "/home/work/"


def configure(w, url, more=""):
    secret = w.folder / "secret"
    secret.write_text(fakedav.PASSWORD + "\n")
    secret.chmod(0o600)
    account = '  - {caldav: "%s", password: {file: secret}}\n' % url.replace("://", "://%s@" % fakedav.USER)
    w.config.write_text(w.config.read_text().replace("  - {calendar: calendars}\n", account + more))


def server(names=("a", "b")):
    s = fakedav.FakeDav()
    s.calendar(WORK, "Work")
    for name in names:
        s.put(WORK + name + ".ics", davserver.event(name, start="20370302T100000Z"))
    return s


def sources(w):
    r = w.run("status", "--json")  # fails until there is a store
    return {row["kind"]: row for row in map(json.loads, r.stdout.splitlines()) if row["status"] == "source"}


def observed(w, n):
    eventually("%d observations" % n, lambda: sources(w).get("caldav", {}).get("observations") == n)


def lands(w, number):
    """A mail is told: a pass went by."""
    before = len(told(w))
    w.mail("!%d.x" % number, evening_mail(number, 7 * number))
    eventually("an alert", lambda: len(told(w)) > before)


@case("read at the start and after a reload; what is gone is told in the same way; mail that lands asks the server nothing")
def lifecycle(w):
    s = server()
    try:
        configure(w, s.base)
        adieud = Service(w)
        observed(w, 2)
        eventually("read whole", lambda: sources(w)["caldav"]["error"] is None)
        asked = len(s.requests)
        lands(w, 1)
        equal(len(s.requests), asked)
        s.delete(WORK + "a.ics")
        s.put(WORK + "c.ics", davserver.event("c", start="20370303T100000Z"))
        adieud.process.send_signal(signal.SIGHUP)
        observed(w, 4)
        eventually("read whole", lambda: sources(w)["caldav"]["error"] is None)
        equal(adieud.end(), 0)
        true(fakedav.PASSWORD not in adieud.errors())
    finally:
        s.stop()


@case("with another calendar beside it, what is gone is told when both were read, and what only moved is not")
def two(w):
    s = server()
    try:
        configure(w, s.base, "  - {calendar: calendars}\n")
        (w.folder / "calendars" / "z.ics").write_text(davserver.event("z", start="20370302T100000Z"))
        adieud = Service(w)
        observed(w, 2)
        s.delete(WORK + "a.ics")
        s.delete(WORK + "b.ics")
        (w.folder / "calendars" / "b.ics").write_text(davserver.event("b", start="20370302T100000Z"))
        adieud.process.send_signal(signal.SIGHUP)
        observed(w, 3)
        eventually("read whole", lambda: sources(w)["caldav"]["error"] is None)
        lands(w, 1)
        equal(sources(w)["caldav"]["observations"], 3)
        equal(adieud.end(), 0)
    finally:
        s.stop()


@case("a server that asks for patience, or refuses the password, is not asked again by what happens elsewhere")
def patience(w):
    soon = email.utils.formatdate(time.time() + 3600, usegmt=True)
    for answer in (lambda r: (429, {"Retry-After": "3600"}, ""), lambda r: (503, {"Retry-After": soon}, ""),
                   lambda r: (401, {"WWW-Authenticate": 'Basic realm="x"'}, "")):
        world = tap.Measured(w.folder / ("w%d" % id(answer)))
        s = server()
        s.answer = answer
        try:
            configure(world, s.base)
            adieud = Service(world)
            eventually("told", lambda: sources(world).get("caldav", {}).get("error"))
            asked = len(s.requests)
            lands(world, 1)
            lands(world, 2)
            equal(len(s.requests), asked)
            # The owner changed something: one more try.
            s.answer = None
            adieud.process.send_signal(signal.SIGHUP)
            observed(world, 2)
            equal(adieud.end(), 0)
        finally:
            s.stop()


@case("a password that is refused after hours is sent once, nothing passes for gone, and when it is right again the rest is read")
def refused_later(w):
    s = server()
    try:
        configure(w, s.base)
        adieud = Service(w)
        observed(w, 2)
        eventually("read whole", lambda: sources(w)["caldav"]["error"] is None)
        s.put(WORK + "c.ics", davserver.event("c", start="20370303T100000Z"))
        s.answer = lambda r: (401, {"WWW-Authenticate": 'Basic realm="x"'}, "")
        before = len(s.requests)
        adieud.process.send_signal(signal.SIGHUP)
        eventually("told", lambda: sources(w)["caldav"]["error"])
        true("does not accept the user bob" in sources(w)["caldav"]["error"], sources(w))
        lands(w, 1)
        equal(sum("Authorization" in r["headers"] for r in s.requests[before:]), 1)
        equal(sources(w)["caldav"]["observations"], 2)
        s.answer = None
        adieud.process.send_signal(signal.SIGHUP)
        observed(w, 3)
        eventually("read whole", lambda: sources(w)["caldav"]["error"] is None)
        equal(adieud.end(), 0)
        true(fakedav.PASSWORD not in adieud.errors())
    finally:
        s.stop()


@case("a calendar server that says nothing holds up nobody: mail that lands is told meanwhile")
def silent(w):
    s = server()
    speak = threading.Event()
    try:
        configure(w, s.base)
        s.answer = lambda r: speak.wait(PATIENCE) and None
        adieud = Service(w)
        lands(w, 1)
        lands(w, 2)
        equal(sources(w).get("caldav", {}).get("observations", 0), 0)
        speak.set()
        observed(w, 2)
        eventually("read whole", lambda: sources(w)["caldav"]["error"] is None)
        equal(adieud.end(), 0)
    finally:
        speak.set()
        s.stop()


@case("a token that expires while the service runs: the command is asked for a new one at once, and one that was never good is not tried again")
def token(w):
    s = server()
    s.auth = "bearer"
    try:
        configure(w, s.base)
        given = w.folder / "token"
        given.write_text("token-1\n")
        w.config.write_text(w.config.read_text().replace("password: {file: secret}", "auth: bearer, password: {command: [cat, %s]}" % given))

        def expire(r):
            """In the middle of the first pass."""
            if r["method"] == "REPORT" and s.bearer == "token-1":
                s.bearer = "token-2"
                given.write_text("token-2\n")

        s.answer = expire
        adieud = Service(w)
        observed(w, 2)
        eventually("read whole", lambda: sources(w)["caldav"]["error"] is None)
        s.bearer = "token-3"
        before = len(s.requests)
        adieud.process.send_signal(signal.SIGHUP)
        eventually("told", lambda: sources(w)["caldav"]["error"])
        lands(w, 1)
        equal(sum("Authorization" in r["headers"] for r in s.requests[before:]), 1)
        equal(adieud.end(), 0)
        true("token-" not in adieud.errors())
    finally:
        s.stop()


@case("a server that is away comes back")
def back(w):
    s = server()
    try:
        configure(w, s.base)
        s.answer = lambda r: ("close", {}, b"")
        adieud = Service(w)
        eventually("told", lambda: sources(w).get("caldav", {}).get("error"))
        s.answer = None
        observed(w, 2)
        eventually("read whole", lambda: sources(w)["caldav"]["error"] is None)
        equal(adieud.end(), 0)
    finally:
        s.stop()


main()
