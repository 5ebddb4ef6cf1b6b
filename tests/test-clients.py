# SPDX-License-Identifier: GPL-3.0-or-later
"""`adieu clients --discover`: who is proposed on real-looking mail, that the words are YAML ready to paste, whatever strangers call themselves, and
that it depends on nothing but what was observed."""
import datetime
import email.header
import email.utils
import json
import pathlib
import random
import re
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import case as cases  # noqa: E402
import tap  # noqa: E402
from tap import case, equal, true  # noqa: E402

NOW = "2026-09-26T09:00+02:00"
ME = "camille@studio.example"
PARIS = datetime.timezone(datetime.timedelta(hours=2))


def owner_only(w, text=None):
    text = text or w.config.read_text()
    w.config.write_text(re.sub(r"(?s)\nclients:.*", "\n", text))


def sample(w):
    for name in ("Maildir", "calendars"):
        shutil.rmtree(w.folder / name)
        shutil.copytree(cases.TOP / "contrib/sample" / name, w.folder / name)
    owner_only(w, (cases.TOP / "contrib/sample/adieu.yaml").read_text())


def discover(w, *arguments, now=NOW, want=0):
    r = w.run("clients", "--discover", *arguments, now=now)
    equal(r.returncode, want, r)
    return r


def proposals(w, now=NOW):
    return [json.loads(line) for line in discover(w, "--json", now=now).stdout.split("\n") if line]


def letter(w, name, sender, to, at, display=None, re_=None, extra=(), text="Bonjour, pouvez-vous m'envoyer la maquette ?", attach=None):
    shown = email.header.Header(display, "utf-8").encode() if display else ""
    head = ["Message-ID: <%s@x>" % name, "Date: " + email.utils.format_datetime(at), "From: %s <%s>" % (shown, sender), "To: " + to,
            "Subject: Projet", "MIME-Version: 1.0"] + list(extra)
    if re_:
        head += ["In-Reply-To: <%s@x>" % re_, "References: <%s@x>" % re_]
    if attach:
        head += ["Content-Type: multipart/mixed; boundary=b", "", "--b", "Content-Type: text/plain", "", text, "--b", "Content-Type: application/pdf",
                 "Content-Disposition: attachment; filename=\"%s\"" % attach, "", "x", "--b--"]
    else:
        head += ["Content-Type: text/plain; charset=utf-8", "", text]
    w.mail(name, ("\n".join(head) + "\n").encode())


def correspond(w, who, display=None, key=None, zone=PARIS, weeks=6, **more):
    """Six weeks of questions and answers, by day."""
    key = key or re.sub(r"[^a-z0-9]", "", who)
    for i in range(weeks):
        at = datetime.datetime(2026, 5, 4, 10, 0, tzinfo=zone) + datetime.timedelta(days=7 * i)
        letter(w, "%s-in-%d" % (key, i), who, ME, at, display, **more)
        letter(w, "%s-out-%d" % (key, i), ME, who, at + datetime.timedelta(hours=1), re_="%s-in-%d" % (key, i), text="Voici la maquette.")


@case("the sample year without its clients: all five are found, and pasted they are judged as before")
def sample_year(w):
    sample(w)
    w.scan(NOW)
    r = discover(w)
    found = proposals(w)
    equal(sorted(f["match"][0] for f in found), ["@atelier-lumiere.example", "@boulangerie-petit.example", "@cabinet-moreau.example",
                                                 "@hudsonvale.example", "@krafft-immo.example"])
    equal([f["time_zone"] for f in found if f["id"] == "hudsonvale"], ["America/New_York"])
    equal([f["score"] for f in found], sorted((f["score"] for f in found), reverse=True))
    equal(r.stdout.index('"krafft-immo"') < r.stdout.index('"hudsonvale"'), [f["id"] for f in found].index("krafft-immo") < [f["id"] for f in found].index("hudsonvale"))

    # As a file of clients.d, and below the rest of adieu.yaml.
    pasted = w.write("clients.d/found.yaml", r.stdout.encode())
    check = w.run("rules", "check")
    equal(check.returncode, 0, check)
    w.scan(NOW)
    first = [a[:3] for a in w.breaches(NOW)]
    true(any(b[1] == "krafft-immo" for b in first), first)
    pasted.unlink()
    w.config.write_text(w.config.read_text() + r.stdout)
    check = w.run("rules", "check")
    equal(check.returncode, 0, check)
    equal([a[:3] for a in w.breaches(NOW)], first)
    r = discover(w)
    true("clients: []" in r.stdout, "clients are proposed again", r)
    equal(proposals(w), [])

    # What the shipped configuration says of these five, by other names; a pause of theirs is not known here.
    shutil.copy(cases.TOP / "contrib/sample/adieu.yaml", w.config)
    names = {"krafft": "krafft-immo", "hudson": "hudsonvale", "moreau": "cabinet-moreau", "lumiere": "atelier-lumiere", "petit": "boulangerie-petit"}
    want = sorted([b[0], names[b[1]], b[2]] for b in w.breaches(NOW) if b[1] != "petit")
    equal(sorted(b for b in first if b[1] != "boulangerie-petit"), want)


@case("who only looks like a client is not proposed")
def look_alikes(w):
    owner_only(w)
    correspond(w, "eva@nova.example", "Eva Stern")
    correspond(w, "colleague@studio.example")
    correspond(w, "list@lists.example", extra=["List-Id: <list.lists.example>", "List-Post: <mailto:list@lists.example>"])
    correspond(w, "news@letter.example", extra=["List-Unsubscribe: <https://x.example>"])
    correspond(w, "noreply@service.example")
    correspond(w, "app@service.example", extra=["Auto-Submitted: auto-generated"])
    correspond(w, "friend@gmail.com", "Paul Durand")
    correspond(w, "once@week.example", weeks=2)
    correspond(w, "eva@evil.example", extra=["Sender: notifications@calendly.com"])
    correspond(w, "bill@supplier.example", attach="Facture-2026-05.pdf")
    w.scan(NOW)
    equal([f["match"] for f in proposals(w)], [["@nova.example"]])
    text = discover(w).stdout
    true("# 6 messages from them and 6 of yours, 6 of them answers, in 6 weeks from 2026-05-04 to 2026-06-08" in text, text)
    true("# Eva Stern <eva@nova.example>" in text, text)


@case("providers of free mail: one by one, with a proof of work")
def free_mail(w):
    owner_only(w)
    correspond(w, "jean.dupont@orange.fr", "Jean Dupont")
    correspond(w, "paul.durand@orange.fr", "Paul Durand")
    correspond(w, "julie.martin@gmail.com", "Julie Martin")
    at = datetime.datetime(2026, 6, 15, 10, 0, tzinfo=PARIS)
    letter(w, "quote", ME, "jean.dupont@orange.fr", at, attach="Devis 12.pdf", text="Voici le devis.")
    for k, who in enumerate(("paul.durand@orange.fr", "julie.martin@gmail.com")):
        w.apply(["event", "meet%d.ics uid=m%d start=2026-06-16T10:00+02:00 attendee=%s organizer=%s" % (k, k, who, ME), []])
    w.scan(NOW)
    found = proposals(w)
    equal(sorted(f["match"][0] for f in found), ["jean.dupont@orange.fr", "paul.durand@orange.fr"], "and nobody called like the owner")
    equal(sorted(f["id"] for f in found), ["jean-dupont", "paul-durand"])
    w.write("clients.d/found.yaml", discover(w).stdout.encode())
    equal(w.run("rules", "check").returncode, 0)


@case("names cannot write YAML, and ids are unique whatever they are made of")
def hostile_names(w):
    owner_only(w)
    names = ["x\n  - id: evil", "x\u2028clients: [", "x\u2029- {id: evil}", "a\"b\\c: [", "# '", "\u202eevil", "'\"'\"\\", "\u00e9" * 200, "- id: on", "\ufeff{", "x\x85y"]
    for i, name in enumerate(names):
        who = "p%d@free.fr" % i
        correspond(w, who, name)
        letter(w, "quote-%d" % i, ME, who, datetime.datetime(2026, 6, 15, 10, i, tzinfo=PARIS), attach="facture.pdf")
    for domain in ("null.example", "on.example", "123.example", "dupont.fr", "dupont.be", "xn--mller-kva.example", "b\u00fccher.example"):
        correspond(w, "a@" + domain, "A\u2028B")
    w.scan(NOW)
    r = discover(w)
    found = proposals(w)
    equal(len(found), len(names) + 7, [f["match"] for f in found])
    ids = [f["id"] for f in found]
    equal(len(set(ids)), len(ids), ids)
    true(all(re.fullmatch(r"[a-z0-9-]+", i) for i in ids), ids)
    true("dupont" in ids and "dupont-2" in ids and "muller" in ids and "bucher" in ids, ids)
    w.write("clients.d/found.yaml", r.stdout.encode())
    check = w.run("rules", "check")
    equal(check.returncode, 0, check)
    clients = [json.loads(line) for line in w.run("clients", "--json", now=NOW).stdout.split("\n") if line]
    equal(sorted(c["client"] for c in clients), sorted(ids), "other clients than those proposed")
    equal({c["client"]: c["name"] for c in clients}, {f["id"]: re.sub("[\x00-\x1f\u2028\u2029\ufeff]", " ", f["name"]) for f in found})
    w.scan(NOW)


@case("a client with single addresses is extended, not doubled")
def extends(w):
    owner_only(w)
    w.config.write_text(w.config.read_text() + "clients:\n  - {id: nova, match: eva@nova.example}\n")
    correspond(w, "eva@nova.example")
    correspond(w, "paul@nova.example")
    w.scan(NOW)
    r = discover(w)
    true('# nova has single addresses there: to take in the others, add "@nova.example" to its match' in r.stdout and "clients: []" in r.stdout, r)
    equal([(f["client"], f["match"]) for f in proposals(w)], [("nova", ["@nova.example"])])
    w.write("clients.d/found.yaml", r.stdout.encode())
    equal(w.run("rules", "check").returncode, 0)


@case("the order in which mail was stored decides nothing")
def any_order(w):
    sample(w)
    w.scan(NOW)
    want = proposals(w)
    text = discover(w).stdout
    files = sorted(p for p in (w.folder / "Maildir").rglob("*") if p.is_file())
    random.Random(4).shuffle(files)
    aside = [(p, p.read_bytes()) for p in files]
    for p in files:
        p.unlink()
    shutil.rmtree(w.folder / "state")
    for n in range(0, len(aside), 60):
        for p, data in aside[n:n + 60]:
            p.write_bytes(data)
        w.hide_clock()
        w.scan(NOW)
    equal(proposals(w), want)
    equal(discover(w).stdout, text)


@case("only what had happened by then counts")
def by_then(w):
    sample(w)
    w.scan(NOW)
    early = proposals(w, now="2025-10-05T09:00+02:00")
    equal(early, [])
    some = proposals(w, now="2026-01-05T09:00+01:00")
    true(0 < len(some) < 6 and all(f["last_at"] < "2026-01-05" for f in some), some)


@case("exit statuses, help, what is missing; --json has all fields")
def conduct(w):
    r = discover(w, want=1)
    true("adieu scan" in r.stderr, r)
    equal(w.run("clients", "--discover", "x").returncode, 2)
    r = w.run("clients", "--discver")
    true(r.returncode == 2 and "--discover" in r.stderr, r)
    true("--discover" in w.run("clients", "--help").stdout)
    owner_only(w)
    letter(w, "a", "eva@nova.example", ME, datetime.datetime(2026, 5, 4, 10, 0, tzinfo=PARIS))
    w.scan(NOW)
    r = discover(w)
    true("sent mail" in r.stderr and "clients: []" in r.stdout, r)
    correspond(w, "eva@nova.example")
    w.scan(NOW)
    r = discover(w)
    equal(r.stderr, "")
    f, = proposals(w)
    equal(sorted(f), sorted("id name match time_zone client score received sent answers weeks meetings business asked first_at last_at people".split()))
    equal(f["people"], [{"name": None, "email": "eva@nova.example", "received": 7, "sent": 6}])
    true(f["first_at"] == "2026-05-04T10:00:00+02:00" and f["client"] is None, f)


tap.main()
