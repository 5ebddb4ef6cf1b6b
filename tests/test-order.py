# SPDX-License-Identifier: GPL-3.0-or-later
"""The same mail and calendars give the same alerts: in any order of arrival, in any number of passes, wherever they lie, and over kills."""
import json
import os
import pathlib
import random
import re
import shutil
import signal
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import case as cases  # noqa: E402
import tap  # noqa: E402
from tap import SLOW, case, equal, true  # noqa: E402

NOW = "2026-09-26T09:00+02:00"
ORDERS = 2 if SLOW else 3
BATCHES = 5

CONFIG = cases.DEFAULT_CONFIG.replace("addresses: [", "addresses: [camille@studio-martin.example, ") + """\
  - {id: lumiere, name: Atelier Lumière, match: ["@atelier-lumiere.example"]}
  - id: petit
    name: Boulangerie Petit
    match: ["@boulangerie-petit.example"]
    pauses:
      - {from: 2026-03-03, until: 2026-04-06, reason: "fire in the bakery, closed until April"}
  - {id: krafft, name: Krafft Immobilier, match: ["@krafft-immo.example"]}
  - {id: hudson, name: Hudson & Vale, match: ["@hudsonvale.example"], time_zone: America/New_York}
  - {id: moreau, name: Cabinet Moreau, match: ["@cabinet-moreau.example"]}
"""


class Collector(cases.World):
    """Takes what a case delivers instead of writing it."""

    def __init__(self, folder):
        super().__init__(folder)
        self.mails = []

    def mail(self, name, data):
        self.mails.append((name, data))


def renamed(data, suffix):
    """Cases use the same few Message-IDs and UIDs: give each case its own."""
    end = re.search(rb"\r?\n\r?\n", data)
    at = end.start() if end else len(data)
    head, body = data[:at], data[at:]
    out = []
    ours = False
    for line in head.split(b"\n"):
        if line[:1] not in (b" ", b"\t"):
            ours = line.split(b":")[0].lower() in (b"message-id", b"in-reply-to", b"references")
        out.append(re.sub(rb"<([^<>@\s]+)@", rb"<\1." + suffix + rb"@", line) if ours else line)
    return b"\n".join(out) + re.sub(rb"(?m)^(UID:[^\r\n]*)", rb"\1-" + suffix, body)


def corpus(unique=True):
    """[(path below the world, bytes)] of the sample and of all cases, in an order that never changes."""
    found = []
    sample = cases.TOP / "contrib/sample"
    for path in sorted(sample.rglob("*")):
        if path.is_file() and path.parts[len(sample.parts)] in ("Maildir", "calendars"):
            found.append((str(path.relative_to(sample)), path.read_bytes()))
    for path in sorted((cases.TOP / "tests/cases").glob("*.case")):
        one = cases.Case(path)
        with tempfile.TemporaryDirectory(prefix="adieu-test-") as folder:
            collector = Collector(folder)
            for section in one.sections:
                if section[0] not in ("file", "remove", "mbox"):
                    collector.apply(section)
            suffix = one.name.encode()
            for name, data in collector.mails:
                below, _, base = name.rpartition("/")
                new = base.startswith("!")
                base = one.name + "-" + base.lstrip("!").replace(":2,", "_") + ("" if new else ":2,S")
                place = "/".join(p for p in ("Maildir", below, "new" if new else "cur", base) if p)
                found.append((place, renamed(data, suffix) if unique else data))
            calendars = pathlib.Path(folder) / "calendars"
            for ics in sorted(calendars.rglob("*.ics")):
                data = ics.read_bytes()
                if unique:
                    data = re.sub(rb"(?m)^(UID:[^\r\n]*)", rb"\1-" + suffix, data)
                found.append(("calendars/%s/%s" % (one.name, ics.relative_to(calendars)), data))
    true(len(found) > 300, "the corpus is too small", len(found))
    return found


def deliver(w, items):
    for place, data in items:
        target = w.folder / place
        for box in ("cur", "new", "tmp") if target.parent.name in ("cur", "new") else ():
            (target.parent.parent / box).mkdir(parents=True, exist_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        os.utime(target, (0, 0))


def judged(w, now=NOW, where=True):
    """All that is known in the end. where=False: but for the names of the sources."""
    alerts, facts = (w.run(*words, "--json", now=now) for words in (("alerts", "--all"), ("facts",)))
    for r in (alerts, facts):
        equal(r.returncode, 0, r)
    if where:
        return alerts.stdout, facts.stdout
    return tuple("\n".join(json.dumps(without_source(json.loads(l))) for l in r.stdout.splitlines()) for r in (alerts, facts))


def without_source(o):
    o.pop("source", None)
    for e in o.get("evidence", []):
        e.pop("source")
    return o


def same(have, want, what):
    for kind, a, b in zip(("alerts", "facts"), have, want):
        if a != b:
            a, b = a.splitlines(), b.splitlines()
            more = [l for l in a if l not in b]
            less = [l for l in b if l not in a]
            raise AssertionError("%s: %s differ\n%d instead of %d lines\nonly here: %s\nonly there: %s" % (
                what, kind, len(a), len(b), "\n  ".join(more[:5]), "\n  ".join(less[:5])) + ("" if more or less else "\nin another order"))


def fresh(w, name):
    """Another world in the same folder, with an empty mailbox and store."""
    for source in ("Maildir", "calendars", "Maildir2"):
        shutil.rmtree(w.folder / source, ignore_errors=True)
    for box in ("cur", "new", "tmp"):
        (w.folder / "Maildir" / box).mkdir(parents=True)
    (w.folder / "calendars").mkdir()
    w.config.write_text(CONFIG)
    w.env["XDG_STATE_HOME"] = str(w.folder / ("state-" + name))


def at_once(w, items, now=NOW):
    fresh(w, "once")
    deliver(w, items)
    w.hide_clock()
    w.scan(now)
    known = judged(w, now)
    true(known[0].count('"breach"') > 30, "too few breaches to compare", known[0])
    return known


def batches(items, n, rng):
    items = list(items)
    rng.shuffle(items)
    cuts = sorted(rng.randrange(len(items)) for _ in range(n - 1))
    return [items[a:b] for a, b in zip([0] + cuts, cuts + [len(items)])]


@case("a second and a third pass change nothing and print nothing")
def passes(w):
    want = at_once(w, corpus())
    counts = observations(w)
    for _ in range(2):
        r = w.scan(NOW)
        equal(r.stdout, "", "told twice")
        true("0 new observations" in r.stderr, r)
        same(judged(w), want, "another pass")
        equal(observations(w), counts)
    # Flags and moves are no news either.
    for path in list((w.folder / "Maildir/cur").iterdir()):
        path.rename(str(path).split(":2,")[0] + ":2,RS")
    r = w.scan(NOW)
    true("0 new observations" in r.stderr, r)
    same(judged(w), want, "flags")


def observations(w):
    r = w.run("status", "--json", now=NOW)
    equal(r.returncode, 0, r)
    rows = [json.loads(l) for l in r.stdout.splitlines()]
    return [(o["messages"], o["events"], o["unreadable"], o["facts"]) for o in rows if o["status"] == "totals"] + \
        [(o["source"], o["items"], o["observations"]) for o in rows if o["status"] == "source"]


def any_order(w, items, what):
    want = at_once(w, items)
    for seed in range(ORDERS):
        rng = random.Random(seed)
        fresh(w, "order%d" % seed)
        for batch in batches(items, BATCHES, rng):
            deliver(w, batch)
            w.scan(NOW)
        w.hide_clock()
        w.scan(NOW)
        same(judged(w), want, "%s, order %d" % (what, seed))


@case("mail and calendars in any order, a pass after each batch")
def orders(w):
    any_order(w, corpus(), "batches")


@case("the same when many messages carry one Message-ID, and many meetings one UID")
def clashes(w):
    any_order(w, corpus(unique=False), "clashing names")


@case("mail in any order, each pass a day later than the one before")
def later_passes(w):
    items = [i for i in corpus() if i[0].startswith("Maildir")]
    want = at_once(w, items)
    for seed in range(ORDERS):
        fresh(w, "later%d" % seed)
        parts = batches(items, BATCHES, random.Random(100 + seed))
        for n, batch in enumerate(parts):
            deliver(w, batch)
            w.scan("2026-09-%02dT09:00+02:00" % (26 - len(parts) + 1 + n))
        w.scan(NOW)
        same(judged(w), want, "order %d" % seed)


@case("mail as it came, a pass at every week of the year")
def as_it_came(w):
    import email.utils
    items = [i for i in corpus() if i[0].startswith("Maildir")]
    want = at_once(w, items)

    def when(data):
        m = re.search(rb"(?m)^Received:[^;]*;\s*([^\r\n]*)", data) or re.search(rb"(?m)^Date:\s*([^\r\n]*)", data)
        try:
            return email.utils.parsedate_to_datetime(m.group(1).decode()).timestamp()
        except (AttributeError, ValueError, TypeError):
            return 0
    items.sort(key=lambda i: when(i[1]))
    start, end, steps = cases.parse_time("2026-01-04T09:00+01:00"), cases.parse_time(NOW), 8 if SLOW else 12
    fresh(w, "weeks")
    for n in range(1, steps + 1):
        now = start + (end - start) * n / steps
        batch = [i for i in items if when(i[1]) <= now.timestamp() or n == steps]
        items = [i for i in items if i not in batch]
        deliver(w, batch)
        w.scan(now.replace(microsecond=0).isoformat())
    equal(items, [])
    same(judged(w), want, "week by week")


def may_go_into_mbox(place, data):
    return place.startswith("Maildir/cur/") and re.search(rb"(?mi)^Message-ID:", data) and b"\nFrom " not in data and b"\r" not in data \
        and data.endswith(b"\n") and not data.endswith(b"\n\n")


@case("split over two Maildirs and an mbox, and with copies in two of them")
def split(w):
    items = corpus()
    at_once(w, items)
    want = judged(w, where=False)
    for copies in (False, True):
        rng = random.Random(7)
        fresh(w, "split%d" % copies)
        w.source("{maildir: Maildir2}")
        w.source("{mbox: archive.mbox}")
        archive = []
        for place, data in items:
            roll = rng.random()
            if copies and roll < 0.3:
                deliver(w, [(place, data)])
            if roll < 0.3 and place.startswith("Maildir/"):
                deliver(w, [(place.replace("Maildir/", "Maildir2/", 1), data)])
            elif roll < 0.6 and may_go_into_mbox(place, data):
                archive.append(b"From a@b Thu Jan  1 00:00:00 1970\n" + data + b"\n")
            else:
                deliver(w, [(place, data)])
        true(len(archive) > 30, "nothing for the mbox")
        (w.folder / "archive.mbox").write_bytes(b"".join(archive[:20]))
        w.scan(NOW)
        (w.folder / "archive.mbox").write_bytes(b"".join(archive))
        w.scan(NOW)
        same(judged(w, where=False), want, "copies" if copies else "split")


def still_running(session):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % pid, "rb") as f:
                fields = f.read().rpartition(b")")[2].split()
            if int(fields[3]) == session and fields[0] != b"Z":
                return True
        except OSError:
            pass
    return False


@case("killed at any moment and run again: the same alerts, each told, no process left behind")
def killed(w):
    items = corpus()
    started = time.monotonic()
    want = at_once(w, items)
    whole = time.monotonic() - started
    open_ids = set(json.loads(l)["id"] for l in w.run("alerts", "--json", now=NOW).stdout.splitlines())
    rng = random.Random(11)
    for seed in range(ORDERS):
        fresh(w, "killed%d" % seed)
        deliver(w, items)
        told = set()
        for n in range(4):
            with tempfile.TemporaryFile() as out:
                p = w.start("scan", "--json", now=NOW, stdout=out, stderr=-3, start_new_session=True)
                time.sleep(rng.random() * whole * 0.8)
                if n % 2:
                    os.killpg(p.pid, signal.SIGKILL)
                else:
                    p.kill()  # the core alone: its roles must end by themselves
                p.wait()
                out.seek(0)
                told |= set(json.loads(l)["id"] for l in out.read().decode().splitlines(True) if l.endswith("\n"))
            deadline = time.monotonic() + tap.TIMEOUT
            while still_running(p.pid):
                true(time.monotonic() < deadline, "a parse role outlives the core")
                time.sleep(0.02)
        r = w.run("scan", "--json", now=NOW)
        equal(r.returncode, 0, r)
        told |= set(json.loads(l)["id"] for l in r.stdout.splitlines())
        same(judged(w), want, "after kills, round %d" % seed)
        equal(open_ids - told, set(), "alerts that nobody was told")
        r = w.scan(NOW)
        equal(r.stdout, "", "told once more")


@case("rules and clients that change later judge all that was ever seen")
def changed_rules(w):
    items = corpus()
    at_once(w, items)
    changed = CONFIG.replace("@krafft-immo.example", "@krafft-immobilier.example") + \
        "rules: {unanswered-request: {params: {patience: 5bd}}, after-hours-contact: {mode: watch}}\n"
    w.config.write_text(changed)
    have = judged(w)
    fresh(w, "changed")
    w.config.write_text(changed)
    deliver(w, items)
    w.scan(NOW)
    same(have, judged(w), "changed configuration")


@case("a mailbox and a calendar that were moved hold nothing back")
def moved(w):
    at_once(w, corpus(), now="2026-06-01T09:00+02:00")
    meeting = "calendars/moved.ics"
    w.write(meeting, cases.vcalendar("BEGIN:VEVENT\r\nUID:moved\r\nDTSTAMP:20260501T080000Z\r\nDTSTART:20260928T080000Z\r\nDURATION:PT1H\r\nSUMMARY:x\r\n"
                                     "ORGANIZER:mailto:camille@studio.example\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:jean@dupont.example\r\nEND:VEVENT\r\n").encode())
    w.scan("2026-06-01T09:00+02:00")
    for old, new in (("Maildir", "Mail"), ("calendars", "agenda")):
        (w.folder / old).rename(w.folder / new)
        text = w.config.read_text()
        true(": %s}" % old in text, text)
        w.config.write_text(text.replace(": %s}" % old, ": %s}" % new))
    w.scan("2026-06-02T09:00+02:00")
    (w.folder / meeting.replace("calendars", "agenda")).unlink()
    w.scan(NOW)
    true("source stale" not in w.status(NOW), w.status(NOW))
    r = w.run("facts", "--fact", "meeting.cancelled", "--json", now=NOW)
    true('"uid":"moved"' in r.stdout, "what vanished after the move was not told", r)


@case("a mailbox that was added and not read yet may hold an answer: deadlines wait for it")
def added(w):
    w.mail("/o", cases.plain_message("o", cases.words("from=camille@studio.example to=jean@dupont.example at=2026-03-02T10:04+01:00 subject=Logo"),
                                     ["Bonjour Jean, pouvez-vous m'envoyer le logo ?"]))
    w.config.write_text(cases.DEFAULT_CONFIG)
    w.scan("2026-03-03T09:00+01:00")
    w.config.write_text(cases.DEFAULT_CONFIG.replace("sources:\n", "sources:\n  - {mbox: archive.mbox}\n"))
    w.write("archive.mbox", b"")
    true("source stale" in w.status("2026-03-20T09:00+01:00"), w.status("2026-03-20T09:00+01:00"))
    true(not w.alerts("2026-03-20T09:00+01:00"), "an alert before the new mailbox was read")
    w.scan("2026-03-20T09:00+01:00")
    true(len(w.alerts("2026-03-20T09:00+01:00")) == 1, "no alert after the new mailbox was read")


tap.main()
