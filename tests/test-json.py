# SPDX-License-Identifier: GPL-3.0-or-later
"""What --json promises (adieu(1), JSON): every field with its type, one object a line; and exit statuses, options and suggestions."""
import json
import os
import pathlib
import re
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import case as cases  # noqa: E402
import tap  # noqa: E402
from tap import case, equal, true  # noqa: E402

NOW = "2026-09-26T09:00+02:00"
TIME = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})$")
NONE = type(None)


# Types: a Python type, "time" or "words|words"; a "?" before it: or null; in a list: every entry is one.
def fits(value, want):
    if isinstance(want, list):
        return isinstance(value, list) and all(fits(v, want[0]) for v in value)
    if isinstance(want, dict):
        return isinstance(value, dict) and all(k in value and fits(value[k], want[k]) for k in want)
    if isinstance(want, str):
        if want.startswith("?"):
            return value is None or fits(value, {"text": str, "number": int, "bool": bool}.get(want[1:], want[1:]))
        if want == "time":
            return isinstance(value, str) and bool(TIME.match(value))
        return value in want.split("|")
    return isinstance(value, want) and not (want is int and isinstance(value, bool))


def conform(o, table, exactly=True):
    for key, want in table.items():
        true(key in o, "no field", key, "in", o)
        true(fits(o[key], want), key, "is not of its type:", o[key], "in", o)
    if exactly:
        equal(sorted(set(o) - set(table)), [], "fields that no page promises")


ADDRESS = {"name": "?text", "email": str}
ALERT = {
    "id": str, "rule": str, "client": "?text", "severity": "low|medium|high", "lasting": "one-off|recurring|lasting",
    "state": "open|acknowledged|snoozed|dismissed|resolved", "mode": "off|watch|digest|alert", "inhibited_by": "?text", "first_at": "time", "last_at": "time", "count": int,
    "title": str, "summary": str, "evidence": [{
        "breach": str, "fact": str, "at": "time", "fact_at": "time", "ended_at": "?time", "source": "?text", "message_id": "?text", "uid": "?text",
        "person": "?text", "subject": "?text", "detail": "?text", "unread": int, "quote": "?text"}],
}
FACT = {"fact": str, "at": "time", "client": "?text", "person": "?text", "source": "?text", "message_id": "?text", "uid": "?text"}
FIELD_TYPES = {"STRING": "?text", "BOOL": "?bool", "INT": "?number", "DURATION": "?number", "INSTANT": "?time", "MONEY": "?number"}
EVENT = {
    "method": "?PUBLISH|REQUEST|REPLY|CANCEL|COUNTER|DECLINECOUNTER|ADD|REFRESH", "uid": str, "sequence": int, "recurrence_id": "?text", "start": "?text",
    "end": "?text", "status": "?text", "summary": "?text", "organizer": object, "attendees": [{"name": "?text", "email": str, "participation_status": "?text"}],
    "rrule": "?text", "unknown_zone": bool,
}
MESSAGE = {
    "file": str, "message_id": "?text", "in_reply_to": [str], "references": [str], "from": [ADDRESS], "to": [ADDRESS], "cc": [ADDRESS],
    "author": object, "sender": object, "resent_from": object, "delivered_to": [str], "list_id": "?text", "dmarc": "?pass|fail", "authenticated_domains": [str], "side": "?owner|client", "client": "?text",
    "subject": "?text", "sent_at": "?time", "received_at": "?time", "parts": [str], "text": "?text", "quoted_text": "?text", "language": "?text",
    "automatic": bool, "automatic_kind": "?text", "request": bool, "request_because": "?text", "cancellation_because": "?text",
    "deadline": "?text", "deadline_because": "?text", "acts": [{"act": "reminder|thanks|boundary|proposal|decision", "kind": "?text", "because": str}],
    "thread_subject": "?text", "attachments": [{"name": "?text", "type": "?text", "size": int}], "truncated": bool, "encrypted": bool, "calendar": [EVENT],
}
STATUS = {
    "totals": {"messages": int, "events": int, "unreadable": int, "bytes": int, "first_at": "?time", "last_at": "?time", "facts": int,
               "alerts_open": int, "alerts_held_back": int, "rules": int, "excepted": int},
    "source": {"source": str, "kind": str, "location": str, "read_at": "?time", "tried_at": "?time", "error": "?text", "items": int,
               "observations": int, "unreadable": int},
    "waiting": {"rule": str, "client": "?text", "deadline": "time", "reason": str},
    "unreadable": {"source": str, "item": str, "reason": str, "detail": int, "size": "?number", "seen_at": "time"},
}
CLIENT = {"client": str, "name": str, "score": int, "trend": "rising|falling|steady", "alerts_open": int, "breaches_recent": int,
          "breaches_before": int, "last_at": "?time"}


def sample(w):
    for name in ("Maildir", "calendars"):
        shutil.rmtree(w.folder / name)
        shutil.copytree(cases.TOP / "contrib/sample" / name, w.folder / name)
    shutil.copy(cases.TOP / "contrib/sample/adieu.yaml", w.config)
    os.chmod(w.config, 0o644)


def objects(r, want=0):
    equal(r.returncode, want, r)
    rows = [json.loads(line) for line in r.stdout.splitlines()]
    true(all(isinstance(o, dict) for o in rows), r)
    return rows


def offset(time):
    """The hours from UTC that Paris has then: the last Sundays of March and October at 01:00 UTC."""
    import datetime
    t = datetime.datetime.fromisoformat(time)
    sundays = [max(datetime.datetime(t.year, m, d, 1, tzinfo=datetime.timezone.utc) for d in range(25, 32)
                   if datetime.date(t.year, m, d).weekday() == 6) for m in (3, 10)]
    return "+02:00" if sundays[0] <= t < sundays[1] else "+01:00"


def owners_offset(value, what):
    """Every time in there, but floating ones and days, is written with the owner's offset."""
    if isinstance(value, dict):
        for k, v in value.items():
            if k not in ("text", "quoted_text", "subject", "summary", "quote", "detail"):
                owners_offset(v, what)
    elif isinstance(value, list):
        for v in value:
            owners_offset(v, what)
    elif isinstance(value, str) and TIME.match(value):
        equal(value[19:], offset(value), "not the owner's offset in %s: %s" % (what, value))


@case("alerts and scan: all fields, times with the owner's offset, the same words for both")
def alerts(w):
    sample(w)
    scanned = objects(w.run("scan", "--json", now=NOW))
    rows = objects(w.run("alerts", "--all", "--json", now=NOW))
    true(len(rows) >= 3, "the sample has too few alerts", rows)
    for a in rows + scanned:
        conform(a, ALERT)
        owners_offset(a, "alert")
        equal(a["count"], len(a["evidence"]))
        true(a["evidence"], "an alert without evidence", a)
        equal(a["last_at"], max((e["at"] for e in a["evidence"]), key=cases.parse_time))
        equal(a["first_at"], min((e["at"] for e in a["evidence"]), key=cases.parse_time))
        true(all(e["message_id"] or e["uid"] for e in a["evidence"]), "evidence that rests on nothing", a)
    equal(len(set(a["id"] for a in rows)), len(rows), "ids are not unique")
    breaches = [e["breach"] for a in rows for e in a["evidence"]]
    equal(len(set(breaches)), len(breaches), "breaches are not unique")
    by_id = {a["id"]: a for a in rows}
    for a in scanned:
        equal(a, by_id[a["id"]], "scan and alerts differ")
    equal(sorted(by_id[a["id"]]["id"] for a in rows if a["state"] == "open" and a["mode"] != "watch"), sorted(a["id"] for a in scanned))
    open_ones = objects(w.run("alerts", "--json", now=NOW))
    equal(open_ones, [a for a in rows if a["state"] == "open" and a["mode"] != "watch"])
    for client in ("krafft", "hudson"):
        some = objects(w.run("alerts", "--all", "--client", client, "--json", now=NOW))
        equal(some, [a for a in rows if a["client"] == client])
    for rule in ("after-hours-contact", "unanswered-request"):
        equal(objects(w.run("alerts", "--all", "--rule", rule, "--json", now=NOW)), [a for a in rows if a["rule"] == rule])
    since = "2026-06-01T00:00+02:00"
    equal(objects(w.run("alerts", "--all", "--since", since, "--json", now=NOW)),
          [a for a in rows if cases.parse_time(a["last_at"]) >= cases.parse_time(since)])


def field_table():
    """The fields of each fact from the one table in C."""
    text = (cases.TOP / "rules/fact_fields.h").read_text()
    groups = {}
    for part in text.split("#define ")[1:]:
        name = part.split("(")[0]
        if name.endswith("_FIELDS"):
            groups[name.lower()] = dict(re.findall(r'X\([A-Z_]+,\s+"([a-z_]+)",\s+([A-Z]+),', part))
    facts = re.findall(r'\{"([a-z.]+)",\s+"[^"]*",\s+FIELDS\(([a-z_]+)\),\s+(true|false)\}', (cases.TOP / "rules/fact.c").read_text())
    true(len(facts) > 10 and len(groups) > 4, "the tables are written in another way")
    return {f: groups[g] for f, g, _ in facts}


ENUMS = {"waiting_on": "client|owner|nobody", "weekday": "mon|tue|wed|thu|fri|sat|sun", "changed_by": "client|owner|unknown", "told_by": "invitation|calendar|words"}


@case("facts: all fields of each kind, with their types")
def facts(w):
    sample(w)
    w.scan(NOW)
    table = field_table()
    rows = objects(w.run("facts", "--json", now=NOW))
    kinds = set(f["fact"] for f in rows)
    for kind in ("message.received", "message.sent", "request.received", "request.sent", "meeting.planned", "meeting.cancelled", "meeting.moved", "meeting.held"):
        true(kind in kinds, "the sample has no", kind, sorted(kinds))
    for f in rows:
        fields = {n: "?" + ENUMS[n] if n in ENUMS else FIELD_TYPES.get(t, object) for n, t in table[f["fact"]].items()}
        conform(f, {**FACT, **fields})
        owners_offset(f, "fact")
        true(f["message_id"] or f["uid"], "a fact that rests on nothing", f)
        if f["fact"].startswith("message."):
            true(f["text"] is not None and isinstance(f["words"], int), f)
            equal(f["weekday"], "mon tue wed thu fri sat sun".split()[cases.parse_time(f["at"]).weekday()])
            equal(f["hour"], cases.parse_time(f["at"]).hour)
            equal(f["day"], f["at"][:10])
        if f["fact"] == "meeting.cancelled" and f["notice"] is not None:
            true(isinstance(f["start"], str) and f["changed_by"] in ENUMS["changed_by"].split("|"), f)
    equal([f["at"] for f in rows], sorted((f["at"] for f in rows), key=cases.parse_time), "not in the order of time")
    equal(objects(w.run("facts", "--fact", "request.sent", "--json", now=NOW)), [f for f in rows if f["fact"] == "request.sent"])
    equal(objects(w.run("facts", "--client", "hudson", "--json", now=NOW)), [f for f in rows if f["client"] == "hudson"])


CONVERSATION = {"thread_id": str, "client": str, "subject": "?text", "first_at": "time", "last_at": "time", "received": int, "sent": int,
                "waiting_on": "client|owner|nobody", "waiting_since": "?time"}


@case("facts --conversations: whose turn it is, as the facts of messages tell it")
def conversations(w):
    sample(w)
    w.scan(NOW)
    rows = objects(w.run("facts", "--conversations", "--json", now=NOW))
    messages = [f for f in objects(w.run("facts", "--json", now=NOW)) if f["fact"].startswith("message.") and f["client"]]
    for o in rows:
        conform(o, CONVERSATION)
        owners_offset(o, "conversation")
        own = [f for f in messages if (f["client"], f["thread_id"]) == (o["client"], o["thread_id"])]
        equal((o["received"], o["sent"]), tuple(sum(f["fact"] == "message." + k for f in own) for k in ("received", "sent")))
        equal((o["first_at"], o["last_at"], o["subject"]), (own[0]["at"], own[-1]["at"], own[0]["subject"]))
        equal(o["waiting_on"], own[-1]["waiting_on"])
        if o["waiting_on"] == "nobody":
            equal(o["waiting_since"], None)
        else:
            turn = len(own)
            while turn > 0 and own[turn - 1]["waiting_on"] == o["waiting_on"]:
                turn -= 1
            equal(o["waiting_since"], own[turn]["at"])
    equal(sum(o["received"] + o["sent"] for o in rows), len(messages))
    equal(set(o["waiting_on"] for o in rows), {"client", "owner", "nobody"})
    equal([o["last_at"] for o in rows], sorted((o["last_at"] for o in rows), key=cases.parse_time))
    equal(objects(w.run("facts", "--conversations", "--client", "krafft", "--json", now=NOW)), [o for o in rows if o["client"] == "krafft"])
    since = "2026-09-01T00:00+02:00"
    equal(objects(w.run("facts", "--conversations", "--since", since, "--json", now=NOW)),
          [o for o in rows if cases.parse_time(o["last_at"]) >= cases.parse_time(since)])
    equal(w.run("facts", "--conversations", "--fact", "message.sent", now=NOW).returncode, 2)


THREAD = {"thread_id": str, "subject": "?text", "missing": int, "waiting_on": [str], "waiting_since": "?time", "waiting_because": "?text",
          "messages": [{"file": str, "message_id": "?text", "at": "?time", "from": "?text", "automatic": bool, "request": bool}]}


@case("inspect --threads: the same conversations in whatever order the files are given")
def threads(w):
    def write(name, sender, to, hour, re_, text):
        return str(w.write(name + ".eml", cases.plain_message(name, {"from": sender, "to": to, "at": "2026-03-02T%02d:00+01:00" % hour, "re": re_},
                                                              [text])))
    me, jean, anne = "camille@studio.example", "jean@dupont.example", "anne@acme.example"
    files = [write("a", me, jean, 8, "", "Pouvez-vous m'envoyer le devis ?"), write("b", jean, me, 9, "a@studio.example", "Le voici."),
             write("c", me, anne + "," + jean, 10, "b@dupont.example,lost@studio.example", "Could you send me the logo?"),
             write("d", anne, me, 11, "lost@studio.example", "Thanks!"), write("e", anne, me, 12, "", "Could you send me the invoice?")]
    shown = None
    for order in (files, files[::-1], files[2:] + files[:2]):
        rows = objects(w.run_bare("inspect", "--threads", "--json", *order))
        true(shown in (None, rows), "another order, other conversations", rows)
        shown = rows
    for o in shown:
        conform(o, THREAD)
    equal([[m["file"] for m in o["messages"]] for o in shown], [files[:4], files[4:]])
    equal([o["missing"] for o in shown], [1, 0])
    equal([o["waiting_on"] for o in shown], [[], [me]])
    equal((shown[1]["waiting_since"], shown[1]["waiting_because"]), ("2026-03-02T11:00:00+00:00", "Could you send me the invoice?"))
    rows = objects(w.run_bare("inspect", "--threads", "--json", *files[:3]))
    equal([(o["waiting_on"], o["missing"]) for o in rows], [([anne, jean], 1)])
    text = w.run_bare("inspect", "--threads", *files)
    true("waiting on " + me in text.stdout and "4 messages, 1 missing" in text.stdout, text)


@case("inspect: messages, calendars, an mbox and several files, without a configuration")
def inspect(w):
    folder = cases.TOP / "contrib/sample"
    mails = sorted(str(p) for p in (folder / "Maildir").rglob("*") if p.is_file())[:60]
    icals = sorted(str(p) for p in (folder / "calendars").rglob("*.ics"))
    w.config.unlink()
    bare = lambda *a: w.run_bare("inspect", *a)  # noqa: E731

    rows = objects(bare("--json", *mails))
    equal([o["file"] for o in rows], mails, "one object for each file, in order")
    for o in rows:
        conform(o, MESSAGE)
        equal([o[k][-6:] for k in ("sent_at", "received_at") if o[k] and o[k][19:] not in ("Z", "+00:00")], [], "UTC without a configuration")
        true(o["text"] is not None and o["message_id"] and o["from"], o)
    rows = objects(bare("--json", *icals))
    equal([o["file"] for o in rows], icals)
    for o in rows:
        conform(o, {"file": str, "calendar": [EVENT], "malformed": int})
        true(o["calendar"], o)
        for e in o["calendar"]:
            conform(e, EVENT)
    true(any(e["rrule"] for o in rows for e in o["calendar"]), "the sample has no series")

    invite = w.write("invite.eml", cases.imip_message("i", {"from": "jean@dupont.example", "at": "2026-03-02T08:50+01:00", "method": "CANCEL", "uid": "u1",
                     "seq": "2", "start": "2026-03-02T10:00+01:00", "rid": "2026-03-02T10:00+01:00", "status": "CANCELLED", "organizer": "jean@dupont.example",
                     "attendee": "camille@studio.example", "partstat": "NEEDS-ACTION"}, ["Annulé"]))
    [o] = objects(bare("--json", str(invite)))
    conform(o, MESSAGE)
    [e] = o["calendar"]
    equal((e["method"], e["uid"], e["sequence"], e["status"].upper(), e["organizer"]["email"], [a["email"] for a in e["attendees"]]),
          ("CANCEL", "u1", 2, "CANCELLED", "jean@dupont.example", ["camille@studio.example"]))
    equal(cases.parse_time(e["start"].replace("Z", "+00:00")), cases.parse_time("2026-03-02T10:00+01:00"))
    equal(o["parts"], ["text/plain", "text/calendar"])

    question = cases.plain_message("q", {"from": "jean@dupont.example", "at": "2026-03-02T08:50+01:00", "re": "a@x,b@x", "cc": "Anne <anne@dupont.example>"},
                                   ["Pouvez-vous m'envoyer le devis ?", "", "Le 1 mars 2026, Camille a écrit :", "> Bonjour", "> à demain"])
    path = w.write("question.eml", question)
    [o] = objects(bare("--json", str(path)))
    equal((o["request"], o["references"], o["in_reply_to"], o["cc"], o["language"], o["thread_subject"]),
          (True, ["a@x", "b@x"], ["b@x"], [{"name": "Anne", "email": "anne@dupont.example"}], "fr", "projet"), o)
    true("Bonjour" not in o["text"] and "Bonjour" in o["quoted_text"], o)
    true(o["request_because"] and o["request_because"] in o["text"].replace("\n", " "), o)
    equal((o["author"], o["sender"], o["side"], o["client"]), ({"name": None, "email": "jean@dupont.example"}, None, None, None), o)
    w.write("adieu.yaml", cases.DEFAULT_CONFIG.encode())
    on_behalf = w.write("list.eml", b"From: \"Jean via Projet\" <projet@lists.example>\nX-Original-From: Jean <jean@dupont.example>\nSender: x@lists.example\n"
                        b"List-Id: <projet.lists.example>\nDelivered-To: cm@old.example\nResent-From: anne@dupont.example\n\nx\n")
    [o] = objects(w.run("inspect", "--json", str(on_behalf)))
    conform(o, MESSAGE)
    equal((o["author"], o["sender"]["email"], o["resent_from"]["email"], o["delivered_to"], o["list_id"], o["side"], o["client"]),
          ({"name": "Jean", "email": "jean@dupont.example"}, "x@lists.example", "anne@dupont.example", ["cm@old.example"], "projet.lists.example",
           "client", "dupont"))
    text = w.run("inspect", str(on_behalf)).stdout
    for line in ("author        Jean <jean@dupont.example>", "sender        <x@lists.example>", "resent by     <anne@dupont.example>",
                 "list          projet.lists.example", "speaks        Dupont SARL"):
        true(line in text, line, text)
    forged = w.write("forged.eml", cases.plain_message("f", {"from": "jean@dupont.example", "at": "2026-03-02T08:50+01:00", "dmarc": "fail",
                                                             "passed": "elsewhere.example"}, ["Bonjour"]))
    [o] = objects(w.run("inspect", "--json", str(forged)))
    conform(o, MESSAGE)
    equal((o["dmarc"], o["authenticated_domains"], o["client"]), ("fail", ["elsewhere.example"], "dupont"))
    text = w.run("inspect", str(forged)).stdout
    for line in ("dmarc         fail", "came from elsewhere.example"):
        true(line in text, line, text)
    w.config.unlink()
    mbox = w.write("two.mbox", b"".join(b"From a@b Mon Mar  2 08:50:00 2026\n" + question + b"\n" for _ in range(2)))
    rows = objects(bare("--json", str(mbox), str(path)))
    equal(len(rows), 3)
    for o in rows:
        conform(o, MESSAGE)

    bad = w.write("bad.ics", b"no calendar at all\n")
    r = bare("--json", str(path), str(w.folder / "nowhere.eml"), str(bad), str(w.folder), str(mbox))
    equal(len(objects(r, 1)), 3, "the others are shown")
    for name in ("nowhere.eml", "bad.ics"):
        true(name in r.stderr, r)


@case("facts: a message that may be forged is shown, and is nothing else")
def doubted(w):
    w.mail("a", cases.plain_message("a", {"from": "jean@dupont.example", "at": "2026-03-02T23:50+01:00", "dmarc": "fail", "subject": "Urgent"}, ["Bonjour"]))
    w.scan("2026-03-03T09:00+01:00")
    [f] = objects(w.run("facts", "--json", now="2026-03-03T09:00+01:00"))
    equal([f[k] for k in ("fact", "client", "person", "message_id", "subject", "because", "by")],
          ["message.doubted", "dupont", "jean@dupont.example", "a@dupont.example", "Urgent", "dmarc=fail", "client"])
    true("Urgent  (may be forged: dmarc=fail)" in w.run("facts", now="2026-03-03T09:00+01:00").stdout, "not in the list")


def run_bare(w, *arguments):
    import subprocess
    p = subprocess.run([w.program] + list(arguments), env=w.env, cwd=w.folder, capture_output=True, timeout=tap.TIMEOUT, stdin=subprocess.DEVNULL)
    return tap.Result(p.returncode, p.stdout.decode("utf-8", "replace"), p.stderr.decode("utf-8", "replace"), 0)


tap.Measured.run_bare = run_bare


@case("status and clients: each kind of object")
def status(w):
    w.mail("good", cases.plain_message("good", {"from": "jean@dupont.example", "at": "2026-03-08T22:14+01:00"}, ["Bonsoir"]))
    w.mail("ask", cases.plain_message("ask", {"from": "camille@studio.example", "to": "jean@dupont.example", "at": "2026-02-02T10:00+01:00"},
           ["Pouvez-vous valider la maquette ?"]))
    w.write("calendars/bad.ics", b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:x\r\nno line of a calendar\r\n" + b"X" * 200000)
    w.source("{mbox: nowhere.mbox}")
    now = "2026-03-09T09:00+01:00"
    w.scan(now, 3)
    seen = {}
    for o in objects(w.run("status", "--json", now=now)):
        kind = o.pop("status")
        conform(o, STATUS[kind])
        owners_offset(o, kind)
        seen.setdefault(kind, []).append(o)
    equal(len(seen["totals"]), 1)
    equal(seen["totals"][0]["messages"], 2)
    equal(sorted(o["kind"] for o in seen["source"]), ["calendar", "maildir", "mbox"])
    errors = {o["kind"]: o["error"] for o in seen["source"]}
    true(errors["mbox"] and not errors["maildir"], errors)
    equal([o["read_at"] for o in seen["source"] if o["kind"] == "mbox"], [None])
    true("unanswered-request" in [o["rule"] for o in seen.get("waiting", [])], "nothing waits for the mbox that is not there", seen)
    rows = objects(w.run("clients", "--json", now=now))
    equal([o["client"] for o in rows], ["dupont", "acme", "lux"])
    for o in rows:
        conform(o, CLIENT)
        owners_offset(o, "client")
        true(0 <= o["score"] <= 100, o)
    true(rows[0]["score"] > 0 and rows[0]["alerts_open"] == 1 and rows[0]["last_at"] and rows[1]["last_at"] is None, rows)


@case("rules check --json: every fault as an object, exit 1; nothing and 0 without one")
def rules_check(w):
    equal(objects(w.run("rules", "check", "--json", now=NOW)), [])
    path = w.write("mine.yaml", b"version: 1\nrules:\n  - id: mine\n    titel: {en: x}\n    match: {fact: message.recieved}\n    mode: loud\n")
    rows = objects(w.run("rules", "check", "--json", str(path), now=NOW), 1)
    true(len(rows) >= 2, "not all faults at once", rows)
    for o in rows:
        conform(o, {"file": str, "line": int, "column": int, "level": "error|warning", "code": str, "text": str, "hint": "?text"})
        equal(o["file"], str(path))
        true(o["line"] >= 1 and o["column"] >= 1, o)
    lines = {o["line"]: o for o in rows}
    true("title" in lines[4]["text"] + (lines[4]["hint"] or ""), "no suggestion", lines[4])
    true("message.received" in lines[5]["text"] + (lines[5]["hint"] or ""), "no suggestion", lines[5])
    r = w.run("rules", "check", str(path), now=NOW)
    equal(r.returncode, 1, r)
    true("mine.yaml:4:5: error[" in r.stderr and "titel" in r.stderr and "^" in r.stderr, r)


@case("--json, before and after the command")
def json_places(w):
    w.mail("good", cases.plain_message("good", {"from": "jean@dupont.example", "at": "2026-03-08T22:14+01:00"}, ["Bonsoir"]))
    now = "2026-03-09T09:00+01:00"
    w.scan(now)
    for words in (["alerts"], ["facts"], ["status"], ["clients"], ["alerts", "--all"]):
        after = w.run(*words, "--json", now=now)
        before = w.run("--json", *words, now=now)
        true(objects(after), after)
        equal(before.stdout, after.stdout, words)
        text = w.run(*words, now=now)
        equal(text.returncode, 0, text)
        true(not text.stdout.startswith("{"), text)


@case("exit statuses: 0 done, 1 a fault, 2 usage, 3 a source could not be read")
def exits(w):
    now = "2026-03-09T09:00+01:00"
    expected = [
        (0, ["--help"]), (0, ["-h"]), (0, ["--version"]), (0, ["alerts", "--help"]), (0, ["rules", "--help"]), (0, ["inspect", "-h"]),
        (2, []), (2, ["--no-such-option"]), (2, ["scan", "--no-such-option"]), (2, ["scan", "operand"]), (2, ["alerts", "operand"]), (2, ["facts", "x"]),
        (2, ["status", "x"]), (2, ["clients", "x"]), (2, ["inspect"]), (2, ["rules"]), (2, ["rules", "nonsense"]), (2, ["alerts", "--client"]),
        (2, ["--now", "tomorrow-ish", "scan"]), (2, ["--now"]), (2, ["-c"]), (2, ["no-such-command"]), (2, [""]), (2, ["--json"]),
        (1, ["-c", "nowhere.yaml", "scan"]), (1, ["-c", str(w.folder), "scan"]), (1, ["rules", "check", "nowhere.yaml"]), (1, ["inspect", "nowhere.eml"]),
        (1, ["alerts"]), (1, ["status"]),
    ]
    for want, words in expected:
        r = w.run(*words, now=None if words and words[0].startswith("-") else now)
        equal(r.returncode, want, "%s: %r" % (words, r))
        true((r.stdout if want == 0 else r.stderr + r.stdout).strip(), "says nothing:", words, r)
        if want in (1, 2) and words and words != ["--json"]:
            true(r.stderr.strip(), "says nothing on stderr:", words, r)
    true("adieu scan" in w.run("alerts", now=now).stderr, "does not say what to do")
    w.scan(now)
    for want, words in ((0, ["alerts"]), (0, ["rules", "check"]), (2, ["alerts", "--since", "soon"]), (0, ["alerts", "--since", "90d"]),
                        (0, ["alerts", "--since", "2026-03-02"]), (0, ["alerts", "--since", "2026-03-02T08:50+01:00"])):
        equal(w.run(*words, now=now).returncode, want, words)
    w.source("{maildir: nowhere}")
    w.scan(now, 3)
    equal(w.run("alerts", now=now).returncode, 0)


@case("a command, an option, a client, a rule or a fact that is not there: 2, with what was meant")
def suggestions(w):
    now = "2026-03-09T09:00+01:00"
    w.scan(now)
    for words, meant in ((["scna"], "scan"), (["alert"], "alerts"), (["satus"], "status"), (["alerts", "--nothing-like-it"], None), (["alerts", "--clinet", "x"], "client"),
                         (["facts", "--fcat", "x"], "fact"), (["--jsn", "alerts"], "json"), (["--confg", "x", "alerts"], "config"),
                         (["alerts", "--client", "dupond"], "dupont"), (["facts", "--client", "luxx"], "lux"), (["alerts", "--rule", "after-hour-contact"], "after-hours-contact"),
                         (["facts", "--fact", "message.recieved"], "message.received"), (["rules", "chekc"], "check")):
        r = w.run(*words, now=now)
        equal(r.returncode, 2, "%s: %r" % (words, r))
        equal(r.stdout, "", "usage faults go to stderr")
        if meant:
            true("\"%s\"" % meant in r.stderr or "--%s" % meant in r.stderr, "does not suggest", meant, r)
            true("did you mean" in r.stderr.lower(), r)


@case("an output that cannot be written is no success")
def full_output(w):
    if not os.path.exists("/dev/full"):
        raise tap.Skip("no /dev/full")
    now = "2026-03-09T09:00+01:00"
    w.mail("good", cases.plain_message("good", {"from": "jean@dupont.example", "at": "2026-03-08T22:14+01:00"}, ["Bonsoir"]))
    with open("/dev/full", "w") as full:
        p = w.start("scan", now=now, stdout=full, stderr=-1)
        error = p.communicate(timeout=tap.TIMEOUT)[1].decode()
        true(p.returncode == 1, "a scan whose alerts nobody saw", p.returncode, error)
        true(error.count("No space left") >= 1, error)
        again = w.scan(now)
        true("Contact outside" in again.stdout, "told to nobody, and then never again", again)
        for words in (["alerts"], ["facts", "--json"], ["status"], ["clients"], ["--help"]):
            p = w.start(*words, now=now, stdout=full, stderr=-1)
            p.communicate(timeout=tap.TIMEOUT)
            equal(p.returncode, 1, words)


tap.main()
