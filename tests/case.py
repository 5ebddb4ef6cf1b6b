# SPDX-License-Identifier: GPL-3.0-or-later
"""End-to-end cases: bytes in, alerts out.

A case is a text file in tests/cases/. Lines before the first section are "key: value" (`about:` says what it shows, `now:` the last
scan's time, `todo:` why it is known to fail still). Sections begin with a line "--- KIND ARGUMENT":

  --- mail [FOLDER/]NAME     a message in the Maildir (FOLDER: "" or ".Sent" ...; a "!" before NAME puts it in new/ instead of cur/)
  --- msg NAME KEY=VALUE...  a plain message, written out from: from to cc at (delivery) sent subject re (NAMEs it answers, oldest first)
                             and folder; the body is its text; dmarc: what the owner's server found ("fail", "pass" ...), passed: domains
                             that passed SPF or DKIM all the same, claims: a field that the sender wrote ("mx.example; dmarc=pass" ...)
  --- imip NAME KEY=VALUE... an invitation mail: the keys of msg, and method uid seq start end organizer attendee partstat status rid rrule summary
                             stamp; the body is its text part; tnef=yes: as Outlook sends it to its like, in a winmail.dat
  --- event FILE KEY=VALUE.. an event in calendars/FILE with the same keys; several of one FILE are put together (no body);
  --- replace FILE ...       the same, but instead of what FILE held before
  --- ics NAME               a file below calendars/
  --- mbox NAME              a file beside the Maildir, added to the sources
  --- file PATH              any other file: adieu.yaml (instead of the default one), rules.d/x.yaml, clients.d/x.yaml ...
  --- remove PATH            a file that vanishes here (no body)
  --- scan TIME              a pass over what is there so far, at that time (no body)
  --- expect                 the breaches in the end, one a line: RULE CLIENT AT [LASTING [STATE]], "-" for no client; none: silence
  --- status                 lines that `adieu status` must contain
  --- exit                   exit status of the last scan (default 0)

A line of a body that must begin with "--- " is written with a backslash before it. "\\x00"-like escapes in mail bodies are resolved when the
section's line ends in " escaped"; " crlf" turns its line ends into CRLF.
"""
import base64
import datetime
import email.utils
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess

import tnef

TOP = pathlib.Path(os.environ.get("abs_top_srcdir", pathlib.Path(__file__).resolve().parent.parent))
ADIEU = os.environ.get("ADIEU", str(TOP / "adieu"))

DEFAULT_CONFIG = """\
owner:
  name: Camille Martin
  addresses: [camille@studio.example, cm@old.example]
  time_zone: Europe/Paris
  language: en
  hours: {mon-fri: ["09:00-12:30", "14:00-18:00"]}
  holidays: [FR]
sources:
  - {maildir: Maildir}
  - {calendar: calendars}
clients:
  - {id: dupont, name: Dupont SARL, match: ["@dupont.example", "jean.dupont@free-mail.example"]}
  - {id: acme, name: Acme Inc, match: ["@acme.example"], time_zone: America/New_York}
  - {id: lux, name: Hotel Lux, match: ["@lux.example"], time_zone: Europe/Luxembourg}
"""


class Case:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.keys, self.sections = {}, []
        for line in self.path.read_text(encoding="utf-8", errors="surrogateescape").split("\n"):
            if line.startswith("--- "):
                kind, _, argument = line[4:].partition(" ")
                self.sections.append([kind, argument.strip(), []])
            elif self.sections:
                self.sections[-1][2].append(line[1:] if line.startswith("\\--- ") else line)
            elif line.strip() and not line.startswith("#"):
                key, _, value = line.partition(":")
                self.keys[key.strip()] = value.strip()
        self.name = self.path.stem

    def section(self, kind):
        return [s for s in self.sections if s[0] == kind]

    @property
    def now(self):
        return self.keys["now"]

    def expected(self):
        lines = [l.split() for s in self.section("expect") for l in s[2] if l.strip() and not l.startswith("#")]
        return sorted(lines)


def body_bytes(argument, lines):
    words = argument.split()
    text = "\n".join(lines)
    while text.endswith("\n\n"):
        text = text[:-1]
    data = text.encode("utf-8", errors="surrogateescape")
    if "escaped" in words:
        data = re.sub(rb"\\x([0-9a-fA-F]{2})", lambda m: bytes([int(m.group(1), 16)]), data)
    if "crlf" in words:
        data = data.replace(b"\n", b"\r\n")
    return words[0] if words else "", data


def words(text):
    return dict(w.split("=", 1) for w in shlex.split(text) if "=" in w)


def parse_time(text):
    return datetime.datetime.fromisoformat(text)


def calendar_time(name, text):
    """UTC for times with an offset, "Zone/Name:2026-03-02T10:00" for zoned ones, a date for all-day ones, floating otherwise."""
    zone, _, bare = text.rpartition(":2")
    if zone and not zone[0].isdigit():
        return "%s;TZID=%s:%s" % (name, zone, datetime.datetime.fromisoformat("2" + bare).strftime("%Y%m%dT%H%M%S"))
    if len(text) == 10:
        return "%s;VALUE=DATE:%s" % (name, text.replace("-", ""))
    t = parse_time(text)
    if t.tzinfo is None:
        return "%s:%s" % (name, t.strftime("%Y%m%dT%H%M%S"))
    return "%s:%s" % (name, t.astimezone(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ"))


def vevent(k):
    lines = ["BEGIN:VEVENT", "UID:" + k["uid"], "DTSTAMP:" + calendar_time("", k.get("stamp", k.get("at", "2026-01-01T00:00+00:00")))[1:],
             "SEQUENCE:" + k.get("seq", "0"), calendar_time("DTSTART", k["start"])]
    for key, name in (("end", "DTEND"), ("rid", "RECURRENCE-ID"), ("created", "CREATED"), ("modified", "LAST-MODIFIED"), ("exdate", "EXDATE")):
        if key in k:
            lines.append(calendar_time(name, k[key]))
    if "end" not in k:
        lines.append("DURATION:PT1H" if len(k["start"]) > 10 else "DURATION:P1D")
    lines.append("SUMMARY:" + k.get("summary", "Meeting"))
    for key, name in (("status", "STATUS"), ("rrule", "RRULE"), ("transp", "TRANSP")):
        if key in k:
            lines.append("%s:%s" % (name, k[key]))
    if "organizer" in k:
        lines.append("ORGANIZER:mailto:" + k["organizer"])
    for who in filter(None, k.get("attendee", "").split(",")):
        lines.append("ATTENDEE;PARTSTAT=%s:mailto:%s" % (k.get("partstat", "ACCEPTED"), who))
    return "\r\n".join(lines + ["END:VEVENT", ""])


def vcalendar(events, method=None):
    return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n" + ("METHOD:%s\r\n" % method if method else "") + events + "END:VCALENDAR\r\n"


OWNER = "camille@studio.example"


def message_head(name, k):
    sender = k["from"]
    domain = sender.split("@")[1]
    head = []
    if sender != OWNER and k.get("received") != "no":
        head.append("Received: from mx.%s by mail.studio.example; %s" % (domain, email.utils.format_datetime(parse_time(k["at"]))))
    if "dmarc" in k:
        passed = "".join("; dkim=pass header.d=" + d for d in filter(None, k.get("passed", "").split(",")))
        head.append("Authentication-Results: mail.studio.example; spf=softfail smtp.mailfrom=%s%s;\n\tdmarc=%s (p=none dis=none) header.from=%s"
                    % (sender, passed, k["dmarc"], domain))
    if "claims" in k:
        head += ["Authentication-Results: " + k["claims"], "Received: from laptop by mx.%s; %s" % (domain, email.utils.format_datetime(parse_time(k["at"])))]
    head += ["Message-ID: <%s@%s>" % (name, domain), "Date: " + email.utils.format_datetime(parse_time(k.get("sent", k["at"]))),
             "From: " + k.get("name", "") + " <%s>" % sender, "To: " + k.get("to", OWNER)]
    if "cc" in k:
        head.append("Cc: " + k["cc"])
    head.append("Subject: " + k.get("subject", "Projet"))
    if "re" in k:
        ids = ["<%s>" % r for r in k["re"].split(",")]
        head += ["In-Reply-To: " + ids[-1], "References: " + " ".join(ids)]
    return head + ["MIME-Version: 1.0"]


def plain_message(name, k, lines):
    head = message_head(name, k) + ["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit"]
    return ("\n".join(head + [""] + lines) + "\n").encode()


def imip_message(name, k, lines):
    method = k["method"]
    head = message_head(name, k) + ["Content-Type: multipart/alternative; boundary=\"=_b\""]
    body = ["--=_b", "Content-Type: text/plain; charset=utf-8", ""] + (lines or [k.get("summary", "Meeting")])
    body += ["--=_b", "Content-Type: text/calendar; charset=utf-8; method=" + method, "", vcalendar(vevent(k), method).replace("\r\n", "\n"), "--=_b--"]
    return ("\n".join(head + [""] + body) + "\n").encode()


def tnef_message(name, k, lines):
    what = k["partstat"] if k["method"] == "REPLY" else k["method"]
    start = parse_time(k["start"])
    end = parse_time(k["end"]) if "end" in k else start + datetime.timedelta(hours=1)
    data = tnef.meeting(what, start, end, k["uid"], int(k.get("seq", "0")), parse_time(k.get("stamp", k["at"])), k.get("summary", "Meeting"))
    head = message_head(name, k) + ["Content-Type: multipart/mixed; boundary=\"=_b\""]
    body = ["--=_b", "Content-Type: text/plain; charset=utf-8", ""] + lines
    body += ["--=_b", "Content-Type: application/ms-tnef; name=winmail.dat", "Content-Transfer-Encoding: base64", "",
             base64.encodebytes(data).decode(), "--=_b--"]
    return ("\n".join(head + [""] + body) + "\n").encode()


class World:
    """A folder with a configuration, mail and calendars, in which adieu runs."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.events = {}
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "XDG_CONFIG_HOME": str(self.folder / "nowhere"),
            "ADIEU_PACKS": os.environ.get("ADIEU_PACKS", str(TOP / "rules" / "packs")),
            "LANG": "C.UTF-8",
        }
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TZDIR", "LSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]
        self.config = self.folder / "adieu.yaml"
        self.write("adieu.yaml", DEFAULT_CONFIG.encode())
        for d in ("cur", "new", "tmp"):
            (self.folder / "Maildir" / d).mkdir(parents=True, exist_ok=True)
        (self.folder / "calendars").mkdir(exist_ok=True)

    def write(self, path, data):
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        return target

    def mail(self, name, data):
        folder, _, base = name.rpartition("/")
        new = base.startswith("!")
        base = base.lstrip("!")
        root = self.folder / "Maildir" / folder
        for d in ("cur", "new", "tmp"):
            (root / d).mkdir(parents=True, exist_ok=True)
        target = root / ("new" if new else "cur") / (base if new or ":2," in base else base + ":2,S")
        # As mail programs deliver: a service that looks on must not see half of it.
        begun = root / "tmp" / target.name
        begun.write_bytes(data)
        # The file's own time must not decide anything but what a case asks for: put it where the copied mailbox rule ignores it.
        os.utime(begun, (0, 0))
        os.rename(begun, target)
        return target

    def apply(self, section):
        kind, argument, lines = section
        name, data = body_bytes(argument, lines)
        k = words(argument)
        if kind == "mail":
            self.mail(name, data)
        elif kind == "msg":
            self.mail(k.get("folder", "") + "/" + name, plain_message(name, k, lines))
        elif kind == "imip":
            write = tnef_message if k.get("tnef") == "yes" else imip_message
            self.mail(k.get("folder", "") + "/" + name, write(name, k, [l for l in lines if l.strip()]))
        elif kind == "event":
            self.events.setdefault(name, []).append(vevent(k))
            self.write("calendars/" + name, vcalendar("".join(self.events[name])).encode())
        elif kind == "replace":
            self.events[name] = [vevent(k)]
            self.write("calendars/" + name, vcalendar("".join(self.events[name])).encode())
        elif kind == "ics":
            self.write("calendars/" + name, data)
        elif kind == "mbox":
            if not (self.folder / name).exists():
                config = self.config.read_text().replace("sources:\n", "sources:\n  - {mbox: %s}\n" % name)
                self.config.write_text(config)
            self.write(name, data)
        elif kind == "file":
            self.write(name, data)
        elif kind == "remove":
            target = self.folder / name
            shutil.rmtree(target) if target.is_dir() else target.unlink()

    def run(self, *arguments, now=None):
        command = [ADIEU, "-c", str(self.config)] + (["--now", now] if now else []) + list(arguments)
        return subprocess.run(command, env=self.env, capture_output=True, text=True, errors="replace", cwd=self.folder, timeout=120)

    def alerts(self, now):
        r = self.run("alerts", "--all", "--json", now=now)
        if r.returncode != 0:
            raise AssertionError("adieu alerts: exit %d\n%s" % (r.returncode, r.stderr))
        return [json.loads(line) for line in r.stdout.splitlines()]


def breaches(alerts):
    """[rule, client, at, lasting, state] of every breach, times to the minute."""
    rows = []
    for a in alerts:
        for e in a["evidence"]:
            at = e["at"]
            at = at[:16] + at[19:]
            rows.append([a["rule"], a["client"] or "-", at, a["lasting"], a["state"]])
    return sorted(rows)


def differences(expected, actual):
    """Expected rows may leave out LASTING and STATE."""
    rest, missing = list(actual), []
    for want in expected:
        for have in rest:
            if have[:len(want)] == want:
                rest.remove(have)
                break
        else:
            missing.append(want)
    return ["missing: " + " ".join(m) for m in missing] + ["unexpected: " + " ".join(r) for r in rest]
