# SPDX-License-Identifier: GPL-3.0-or-later
"""What rules mean, a second time: slow, obvious, and by another method than rules/eval.c, for test-oracle.py to compare.

Written from what adieu-rules(5), rules/eval.h and the design say. Rules are judged one after another, those that others build on first, each
over all facts at once; a sequence is followed for each opener on its own, through every instant at which something happens, looking at all
facts each time; a number is computed anew from all facts wherever it is asked for; working time is walked quarter of an hour by quarter of an hour. Nothing is kept
from one question to the next.

Rules, configuration and facts are what json would load: rules as in a rule file, facts {"fact", "at", "key", "client", ...fields}, times in
seconds since the epoch."""
import datetime
import fractions
import hashlib
import re
import zoneinfo

DAY = 86400
UTC = datetime.timezone.utc
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OFFICE = {d: ["09:00-18:00"] for d in DAYS[:5]}
UNITS = {"s": 1, "m": 60, "h": 3600, "d": DAY, "w": 7 * DAY}

# Public holidays of two regions in the years that test-oracle.py uses.
HOLIDAYS = {
    "FR": """2026-01-01 2026-04-06 2026-05-01 2026-05-08 2026-05-14 2026-05-25 2026-07-14 2026-08-15 2026-11-01 2026-11-11 2026-12-25
             2027-01-01 2027-03-29 2027-05-01 2027-05-06 2027-05-08 2027-05-17 2027-07-14 2027-08-15 2027-11-01 2027-11-11 2027-12-25""",
    "US": """2026-01-01 2026-01-19 2026-02-16 2026-05-25 2026-06-19 2026-07-03 2026-07-04 2026-09-07 2026-10-12 2026-11-11 2026-11-26 2026-12-25
             2027-01-01 2027-01-18 2027-02-15 2027-05-31 2027-06-18 2027-06-19 2027-07-04 2027-07-05 2027-09-06 2027-10-11 2027-11-11 2027-11-25""",
}


def day_number(date):
    return (date - datetime.date(1970, 1, 1)).days


def parse_date(s):
    return day_number(datetime.date.fromisoformat(s))


HOLIDAYS = {r: {parse_date(d) for d in days.split()} for r, days in HOLIDAYS.items()}


# --- working time

def clock(zone, at):
    """What the clock on the wall shows, in seconds as if it were UTC."""
    return at + int(datetime.datetime.fromtimestamp(at, zone).utcoffset().total_seconds())


def instant_of_clock(zone, local):
    """Python's fold=0 is what RFC 5545 wants: the first of two, and in a gap the offset before it."""
    t = datetime.datetime.fromtimestamp(local, UTC).replace(tzinfo=zone, fold=0)
    return int(t.timestamp())


def local_day(zone, at):
    return clock(zone, at) // DAY


class Calendar:
    # Hours that begin and end at quarters, in zones that are whole quarters away from UTC.
    STEP = 900
    known = {}

    def __init__(self, zone, hours, regions, days_off):
        self.zone = zoneinfo.ZoneInfo(zone)
        self.week = [[self.span(s) for s in hours.get(d, [])] for d in DAYS]
        self.regions = regions
        self.days_off = days_off
        self.quarters = self.known.setdefault(zone + repr(hours), {})

    @staticmethod
    def span(s):
        start, end = ((int(t[:2]) * 60 + int(t[3:])) for t in s.split("-"))
        return start, end if end > start else end + 1440

    def spans(self, day):
        return self.week[(day + 3) % 7]

    def is_open(self, day, away):
        return bool(self.spans(day)) and day not in self.days_off and day not in away and \
            not any(day in HOLIDAYS[r] for r in self.regions)

    def days_of(self, quarter):
        """The days, open or not, in whose hours this quarter of an hour (of UTC, since the epoch) falls."""
        if quarter not in self.quarters:
            day, m = divmod(clock(self.zone, quarter * self.STEP) // 60, 1440)
            self.quarters[quarter] = tuple(
                d for d, at in ((day, m), (day - 1, m + 1440)) if any(start <= at < end for start, end in self.spans(d)))
        return self.quarters[quarter]

    def add_hours(self, at, seconds, away):
        if not any(self.week):
            return None
        first = at // self.STEP
        for quarter in range(first, first + 400 * DAY // self.STEP):
            if any(self.is_open(d, away) for d in self.days_of(quarter)):
                start = max(at, quarter * self.STEP)
                length = (quarter + 1) * self.STEP - start
                if seconds <= length:
                    return start + seconds
                seconds -= length
        raise OverflowError("too far for a walk")

    def add_days(self, at, n, away):
        if not any(self.week):
            return None
        day = local_day(self.zone, at)
        while n > 0:
            day += 1
            n -= self.is_open(day, away)
        return instant_of_clock(self.zone, day * DAY + self.spans(day)[-1][1] * 60)


def parts(duration):
    """[(number, unit)]"""
    return [(int(n), unit) for n, unit in re.findall(r"(\d+)([a-z]+)", duration)]


def plain_seconds(duration):
    """Its length where one number is wanted."""
    each = dict(UNITS, mo=30 * DAY, bh=3600, bd=DAY)
    return sum(n * each[unit] for n, unit in parts(duration))


def add_duration(calendar, at, duration, away=frozenset()):
    for n, unit in parts(duration):
        if unit == "bh":
            at = calendar.add_hours(at, n * 3600, away)
        elif unit == "bd":
            at = calendar.add_days(at, n, away)
        elif unit == "mo":
            local = datetime.datetime.fromtimestamp(clock(calendar.zone, at), UTC)
            month = local.year * 12 + local.month - 1 + n
            first = local.replace(year=month // 12, month=month % 12 + 1, day=1)
            last = (first + datetime.timedelta(days=31)).replace(day=1) - datetime.timedelta(days=1)
            at = instant_of_clock(calendar.zone, int(first.replace(day=min(local.day, last.day)).timestamp()))
    days = sum(n * UNITS[unit] for n, unit in parts(duration) if unit in ("d", "w"))
    if days:
        at = instant_of_clock(calendar.zone, clock(calendar.zone, at) + days)
    return at if at is None else at + sum(n * UNITS[unit] for n, unit in parts(duration) if unit in ("s", "m", "h"))


# --- the configuration

class Person:
    pass


def days_between(first, last):
    return set(range(parse_date(first), parse_date(last) + 1))


class Settings:
    def __init__(self, config):
        o = config["owner"]
        self.zone = zoneinfo.ZoneInfo(o["time_zone"])
        off = set().union(*[days_between(a["from"], a["until"]) for a in o.get("absences", [])])
        self.owner = Calendar(o["time_zone"], o.get("hours", OFFICE), o.get("holidays", []), off)
        self.rules = config.get("rules", {})
        self.clients = {c["id"]: self.client(c, o, off) for c in config.get("clients", [])}

    def client(self, c, o, owner_off):
        p = Person()
        zone = c.get("time_zone", o["time_zone"])
        hours = c.get("hours") or (OFFICE if "time_zone" in c else o.get("hours", OFFICE))
        off = set().union(*[days_between(a["from"], a["until"]) for a in c.get("absences", [])])
        if "hours" not in c and "time_zone" not in c:
            off |= owner_off
        p.calendar = Calendar(zone, hours, c.get("holidays", o.get("holidays", []) if zone == o["time_zone"] else []), off)
        p.pauses = [(self.midnight(parse_date(x["from"])) if "from" in x else float("-inf"), self.midnight(parse_date(x["until"]) + 1))
                    for x in c.get("pauses", [])]
        p.rules = c.get("rules", {})
        p.exceptions = c.get("exceptions", [])
        return p

    def midnight(self, day):
        return instant_of_clock(self.zone, day * DAY)

    def paused(self, fact):
        client = self.clients.get(fact.get("client"))
        return client is not None and any(a <= fact["at"] < b for a, b in client.pauses)


# --- conditions

def folded(s):
    return " ".join(s.lower().split())


def phrase_in(phrase, s):
    return re.search(r"(?<![a-z0-9])" + re.escape(folded(phrase)) + r"(?![a-z0-9])", folded(s)) is not None


DURATIONS = {"notice", "planned_notice", "response_time", "duration", "delayed", "shift"}
MODES = ("off", "watch", "digest", "alert")
ORDER = {"eq": lambda a, b: a == b, "neq": lambda a, b: a != b, "lt": lambda a, b: a < b, "lte": lambda a, b: a <= b,
         "gt": lambda a, b: a > b, "gte": lambda a, b: a >= b}


class Rule:
    """A rule as it stands for one client (None: for all), overrides applied."""

    def __init__(self, world, rule, client):
        self.world = world
        self.raw = rule
        self.mode = rule.get("mode", "digest")
        self.severity = {"one-off": "low", "recurring": "medium", "lasting": "high"}
        self.graded(rule)
        self.limit = rule.get("for", {"breaches": 3, "within": "90d"})
        self.params = {name: p["default"] for name, p in rule.get("params", {}).items()}
        own = rule.get("mode", "digest")
        own = "digest" if own == "off" else own
        for override in (world.settings.rules, world.settings.clients[client].rules if client else {}):
            o = override.get(rule["id"], {})
            self.mode = o.get("mode", self.mode)
            self.mode = own if self.mode is True else self.mode
            self.graded(o)
            self.limit = o.get("for", self.limit)
            self.params.update(o.get("params", {}))

    def graded(self, source):
        s = source.get("severity")
        if isinstance(s, dict):
            self.severity.update(s)
        elif s:
            self.severity = dict.fromkeys(self.severity, s)

    def value(self, literal):
        return self.params[literal[1:]] if isinstance(literal, str) and literal.startswith("$") else literal

    def compare(self, field, op, literal, fact):
        have = fact.get(field)
        if field == "lists":
            have, op, field = fact.get("text"), "in_list", "text"
        if have is None:
            return False
        if op == "in_list":
            return any(phrase_in(p, have) for p in self.world.lists[literal])
        if op == "in":
            return any(self.compare(field, "eq", x, fact) for x in literal)
        want = self.value(literal)
        if op == "contains":
            return phrase_in(want, have)
        if field in DURATIONS:
            want = plain_seconds(want)
        elif field == "amount":
            want = round(fractions.Fraction(str(want)) * 100)
        elif isinstance(want, str) and field in ("at", "due_date", "deadline"):
            want = self.world.settings.midnight(parse_date(want))
        return ORDER[op](have, want)

    def holds(self, where, fact):
        for name, want in (where or {}).items():
            if name == "any":
                good = any([self.holds(w, fact) for w in want])
            elif name == "all":
                good = all([self.holds(w, fact) for w in want])
            elif name == "not":
                good = not self.holds(want, fact)
            elif isinstance(want, dict):
                good = all([self.compare(name, op, x, fact) for op, x in want.items()])
            elif isinstance(want, list):
                good = self.compare(name, "in", want, fact)
            else:
                good = self.compare(name, "eq", want, fact)
            if not good:
                return False
        return True

    def fits(self, step, fact, key="fact"):
        wanted = step[key]
        return fact["fact"] in (wanted if isinstance(wanted, list) else [wanted])

    def step_holds(self, step, fact):
        return self.fits(step, fact, "fact" if "fact" in step else "absent") and self.holds(step.get("where"), fact)


# --- the world: settings, rules, facts, a clock

class World:
    CALENDAR_FACTS = {"meeting.planned", "meeting.moved", "meeting.cancelled", "meeting.declined", "meeting.held", "meeting.late", "work.done"}

    def __init__(self, config, file, facts, now, read_until, calendars_read_until):
        self.settings = Settings(config)
        self.lists = {name: x["words"] for name, x in file.get("lists", {}).items()}
        self.rules = file["rules"]
        self.now = now
        self.read_until, self.calendars_read_until = read_until, calendars_read_until
        self.facts = sorted((f for f in facts if f["at"] <= now), key=lambda f: (f["at"], f["key"]))
        self.variants = {}
        self.emitted = {r["id"]: [] for r in self.rules}
        self.excepted = self.withdrawn = 0
        self.waiting, self.held, self.limits = [], [], {}

    def variant(self, rule, client):
        client = client if "client" in rule.get("by", ["client"]) else None
        if (rule["id"], client) not in self.variants:
            self.variants[rule["id"], client] = Rule(self, rule, client)
        return self.variants[rule["id"], client]

    # --- what a rule looks at

    @staticmethod
    def steps_of(rule):
        if "match" in rule:
            return [rule["match"]]
        if "measure" in rule:
            m = rule["measure"]
            return list(m["ratio"].values()) if "ratio" in m else [m[k] for k in m if isinstance(m[k], dict) and "fact" in m[k]]
        s = rule["sequence"]
        return s["steps"] + ([s["until"]] if "until" in s else [])

    def fact_names(self, rule):
        for step in self.steps_of(rule):
            names = step.get("fact", step.get("absent"))
            yield from names if isinstance(names, list) else [names]

    def limit(self, rule):
        """Up to when what did not happen is known."""
        if rule["id"] not in self.limits:
            self.limits[rule["id"]] = self.limit_of(rule)
        return self.limits[rule["id"]]

    def limit_of(self, rule):
        names = set(self.fact_names(rule))
        below = [self.limit(r) for r in self.rules if "rule." + r["id"] in names]
        return min([self.now, self.read_until] + ([self.calendars_read_until] if names & self.CALENDAR_FACTS else []) + below)

    def held_back(self):
        """Breaches that would be, but for what is not read: the first of each rule and client."""
        first = {}
        for at, rule, client in sorted(self.held):
            first.setdefault((rule, client), at)
        return [[rule, client, at] for (rule, client), at in first.items()]

    def in_order(self):
        """Those that others build on first."""
        done, todo = [], list(self.rules)
        while todo:
            known = {"rule." + r["id"] for r in done}
            for r in todo:
                if all(n in known for n in self.fact_names(r) if n.startswith("rule.")):
                    done.append(r)
                    todo.remove(r)
                    break
            else:
                raise ValueError("rules build on each other")
        return done

    def seen_by(self, rule, everybody=False):
        """All facts the rule is for, in order; for everybody: those without a client too."""
        found = self.facts + [f for name in set(self.fact_names(rule)) if name.startswith("rule.") for f in self.emitted[name[5:]]]
        by_client = "client" in rule.get("by", ["client"])
        return sorted((f for f in found
                       if everybody or
                       not (by_client and f.get("client") is None) and self.variant(rule, f.get("client")).mode != "off"),
                      key=lambda f: (f["at"], f["key"]))

    @staticmethod
    def key_of(fields, fact):
        values = tuple(fact.get(f) for f in fields)
        return None if None in values else values

    def is_excepted(self, rule, fact):
        v = self.variant(rule, fact.get("client"))
        client = self.settings.clients.get(fact.get("client"))
        agreed = rule.get("exceptions", []) + [x for x in (client.exceptions if client else []) if x["rule"] == rule["id"]]
        return self.settings.paused(fact) or any(
            fact["at"] < self.settings.midnight(parse_date(x["until"]) + 1) and v.holds(x.get("where"), fact) for x in agreed)

    # --- names for ever

    @staticmethod
    def stable_id(rule, key, *facts):
        fields = rule.get("by", ["client"])
        text = rule["id"].encode() + b"\0" + b"".join(f.encode() + b"\0" for f in fields)
        for v in key:
            text += v.encode() + b"\0" if isinstance(v, str) else int(v).to_bytes(8, "little", signed=True)
        for f in facts:
            text += f["key"].to_bytes(8, "big")
        return hashlib.sha256(text).digest()[:8].hex()

    def breach(self, rule, key, at, opening, shown, occurrence, *more):
        b = {"rule": rule["id"], "key": key, "at": at, "opened": opening["at"], "ended": None, "occurrence": occurrence,
             "id": self.stable_id(rule, key, opening, *more), "shown": shown, "withdrawn": False,
             "client": opening.get("client") if "client" in rule.get("by", ["client"]) else None}
        fact = {k: shown[k] for k in ("client", "person", "message_id", "uid", "thread_id", "subject") if k in shown}
        fact.update(fact="rule." + rule["id"], at=at, key=int(b["id"], 16), rule=rule["id"], breach=b["id"])
        self.emitted[rule["id"]].append(fact)
        return b

    # --- match

    def match(self, rule):
        found, occurrences = [], {}
        for f in self.seen_by(rule):
            v = self.variant(rule, f.get("client"))
            key = self.key_of(rule.get("by", ["client"]), f)
            if not v.fits(rule["match"], f) or key is None:
                continue
            holds = v.holds(rule["match"].get("where"), f)
            if self.is_excepted(rule, f):
                self.excepted += holds
                continue
            occurrences[key] = occurrences.get(key, 0) + 1
            if holds:
                found.append(self.breach(rule, key, f["at"], f, f, occurrences[key]))
        return found

    # --- sequence

    def sequence(self, rule):
        by, facts = rule.get("by", ["client"]), self.seen_by(rule)
        fields = list(dict.fromkeys(by + rule["sequence"].get("same", [])))
        found, occurrences = [], {}
        for f in facts:
            key = self.key_of(fields, f)
            if key is None or not self.variant(rule, f.get("client")).step_holds(rule["sequence"]["steps"][0], f):
                continue
            excepted = self.is_excepted(rule, f)
            group = key[:len(by)]
            if not excepted:
                occurrences[group] = occurrences.get(group, 0) + 1
            others = [o for o in facts if o["at"] > f["at"] and self.key_of(fields, o) == key]
            found += Opener(self, rule, f, group, excepted, occurrences.get(group, 0)).follow(others)
        return found

    def absences(self, client):
        """(when it was told, days away) of automatic replies."""
        for f in self.facts:
            if f["fact"] == "message.received" and f.get("client") == client and client and f.get("automatic") and f.get("absence_until"):
                first = local_day(self.settings.zone, f.get("absence_from", f["at"]))
                last = local_day(self.settings.zone, f["absence_until"] - 1)
                if last >= first:
                    yield f["at"], set(range(first, min(last, first + 366) + 1))

    # --- measure

    def measure(self, rule):
        return Measure(self, rule).judge()

    # --- alerts

    def alerts(self):
        alerts = []
        for rule, groups in [(rule, self.groups(rule)) for rule in self.in_order()]:
            seen = {f["fact"] for f in self.facts} | {"rule." + r for r, e in self.emitted.items() if e}
            needs = rule.get("needs", [])
            if all(n in seen for n in (needs if isinstance(needs, list) else [needs])):
                alerts += [self.alert(rule, key, sorted(g, key=lambda b: (b["at"], b["id"]))) for key, g in groups.items()]
        self.inhibit(alerts)
        return sorted(alerts, key=lambda a: (a["first"], a["id"]))

    def groups(self, rule):
        """The breaches of a rule by its keys."""
        kind = self.match if "match" in rule else self.measure if "measure" in rule else self.sequence
        found = kind(rule)
        breaches = [b for b in found if not b["withdrawn"]]
        self.withdrawn += len(found) - len(breaches)
        # One whose deadline moved is told to the rules above under the same name: it counts once, when it held last.
        newest = {}
        for b in sorted(breaches, key=lambda b: b["at"]):
            newest[b["key"], b["id"]] = b
        groups = {}
        for (key, _), b in newest.items():
            groups.setdefault(key, []).append(b)
        return groups

    def alert(self, rule, key, breaches):
        v = self.variant(rule, breaches[0]["client"])
        last = breaches[-1]["at"]
        least = v.value(v.limit["breaches"])
        if "within" in v.limit:
            quiet = plain_seconds(v.value(v.limit["within"]))
            near = [b for b in breaches if last - b["at"] <= quiet]
            count = len(near)
        elif v.limit["every"] == "occurrence":
            quiet = 90 * DAY
            newest = max(b["occurrence"] for b in breaches)
            near = {b["occurrence"] for b in breaches if b["occurrence"] > newest - v.value(v.limit["of"])}
            count = len(near)
        else:
            every, of = plain_seconds(v.value(v.limit["every"])), v.value(v.limit["of"])
            quiet = every * of
            near = [b for b in breaches if (last - b["at"]) // every < of]
            count = len({(last - b["at"]) // every for b in near})
        lasting = "one-off" if len(near) <= 1 else "recurring" if count < least else "lasting"
        return {"id": self.stable_id(rule, key), "rule": rule["id"], "client": breaches[0]["client"] or "",
                "severity": v.severity[lasting], "lasting": lasting, "mode": v.mode, "state": self.state(rule, breaches, quiet),
                "repeat": self.repeat(v, last, quiet, rule, breaches), "first": breaches[0]["at"], "last": last, "count": len(breaches),
                "breaches": [{"id": b["id"], "fact": b["shown"]["fact"], "at": b["at"], "opened": b["opened"],
                              "ended": -1 if b["ended"] is None else b["ended"], "shown": b["shown"].get("message_id", "")}
                             for b in breaches]}

    def repeat(self, v, last, quiet, rule, breaches):
        """How often it was to be told again."""
        if "repeat_after" not in rule or self.state(rule, breaches, quiet) != "open":
            return False
        now = self.limit(rule) if "sequence" in rule and "absent" in rule["sequence"]["steps"][-1] else self.now
        return (now - last) // plain_seconds(v.value(rule["repeat_after"])) > 0

    def state(self, rule, breaches, quiet):
        last = breaches[-1]["at"]
        if self.now - last > quiet:
            return "resolved"
        if "sequence" not in rule or "absent" not in rule["sequence"]["steps"][-1]:
            return "open"
        ends = [b["ended"] for b in breaches if last - b["at"] <= quiet]
        return "open" if None in ends or self.now - max(ends) <= 14 * DAY else "resolved"

    def inhibit(self, alerts):
        """An open alert of a stronger rule takes in the weaker ones of its client, but none that would be told more loudly."""
        for a in alerts:
            a["by"] = ""
            for rule in reversed(self.rules):
                if any(s["rule"] == rule["id"] and s["client"] == a["client"] and a["rule"] in rule.get("inhibits", [])
                       and s["state"] == a["state"] == "open" and MODES.index(a["mode"]) <= MODES.index(s["mode"]) for s in alerts):
                    a["by"] = rule["id"]

    def result(self):
        alerts = self.alerts()
        return {"alerts": alerts, "waiting": sorted(self.waiting + self.held_back()), "excepted": self.excepted, "withdrawn": self.withdrawn}


class Opener:
    """One fact that opened a sequence, followed through time until nothing more can come of it."""

    def __init__(self, world, rule, fact, group, excepted, occurrence):
        self.world, self.rule, self.fact, self.group, self.excepted, self.occurrence = world, rule, fact, group, excepted, occurrence
        self.steps = rule["sequence"]["steps"]
        self.variant = world.variant(rule, fact.get("client"))
        self.told = list(world.absences(fact.get("client")))
        self.away = set().union(*[days for at, days in self.told if at <= fact["at"]])
        self.named = {}
        self.at = 1
        self.base = self.last = fact["at"]
        self.breaches = []
        self.matches = 0
        self.held = None  # the breach of a deadline that passed and whose answer has not come
        self.late = None
        self.answered = None  # when that answer, come late, was written
        self.done = False
        self.name(fact)
        self.wait()

    def step(self):
        return self.steps[self.at]

    def absent(self):
        return "absent" in self.step()

    def name(self, fact):
        if "as" in self.steps[self.at - 1]:
            self.named[self.steps[self.at - 1]["as"]] = fact

    def due(self):
        """The deadline of the step awaited; None: there is none."""
        s, settings = self.step(), self.world.settings
        if "within" not in s:
            return None
        base = self.base
        if "from" in s:
            name, _, field = s["from"].partition(".")
            base = self.named.get(name, {}).get(field or "at")
        if base is None:
            return None
        calendar, away = settings.owner, frozenset()
        if s.get("clock") == "client" and self.fact.get("client"):
            calendar, away = settings.clients[self.fact["client"]].calendar, self.away
        end = add_duration(calendar, base, self.variant.value(s["within"]), away)
        return end if end is None else max(end, self.last)

    def wait(self):
        self.deadline = self.due()
        if self.deadline is None and self.absent():
            self.done = True

    def follow(self, facts):
        told = [(at, days) for at, days in self.told if at > self.fact["at"]]
        for now in sorted({f["at"] for f in facts} | {at for at, _ in told}):
            self.pass_deadlines(now)
            self.hear([days for at, days in told if at == now], now)
            self.look([f for f in facts if f["at"] == now], now)
        self.pass_deadlines(float("inf"))
        if not self.done and self.held is None and self.absent() and not self.excepted and self.deadline <= self.world.now:
            self.world.waiting.append([self.rule["id"], self.fact.get("client") or "", self.deadline])
        return self.breaches

    def pass_deadlines(self, before):
        while not self.done and self.held is None and self.deadline is not None and self.deadline < before \
                and self.deadline <= self.world.limit(self.rule):
            self.fire(self.deadline)

    def breach(self, at, shown, *more):
        b = self.world.breach(self.rule, self.group, at, self.fact, shown, self.occurrence, *more)
        self.breaches.append(b)
        return b

    def fire(self, now):
        if not self.absent():
            self.done = True
        elif self.at + 1 < len(self.steps):
            self.base = self.last = now
            self.at += 1
            self.wait()
        elif self.excepted:
            self.world.excepted += 1
            self.done = True
        else:
            self.held = self.breach(now, self.fact)

    def hear(self, told, now):
        """The client says that it is away: its deadlines move, and one that would not have passed yet, or before the answer, did not pass."""
        self.away |= set().union(*told)
        if self.answered is not None and self.step().get("clock") == "client" and self.answered <= self.due():
            self.held["withdrawn"] = True
        if self.done or not told or "within" not in self.step() or self.step().get("clock") != "client":
            return
        deadline = self.due()
        if self.held is not None and deadline >= now:
            self.held["withdrawn"] = True
            self.held = None
        if self.held is None:
            self.deadline = deadline
            self.done = self.late is not None and self.late <= deadline

    def written(self, fact):
        """What was written in time came in time."""
        if not self.absent() or fact["fact"] != "message.received" or "delayed" not in fact:
            return fact["at"]
        at = fact["at"] - fact["delayed"]
        return at if at > self.last else fact["at"]

    def look(self, facts, now):
        if self.done or now <= self.last:
            return
        until = self.rule["sequence"].get("until")
        ends = [f for f in facts if until and self.variant.step_holds(until, f)]
        awaited = [f for f in facts if self.variant.step_holds(self.step(), f)]
        if not ends and not awaited:
            return
        written = min(self.written(f) for f in ends + awaited)
        in_time = self.deadline is None or written <= self.deadline
        if self.held is not None:
            self.held["ended"] = now
            self.held["withdrawn"] |= in_time
            self.answered = written
            self.done = True
        elif self.absent() and not in_time:
            # The deadline could not pass yet, a source is stale: what may have come in time is not known.
            self.late = written if self.late is None else min(self.late, written)
        elif ends or self.absent() or not in_time:
            self.done = True
        else:
            self.advance(min(awaited, key=lambda f: f["key"]))

    def advance(self, fact):
        self.last = fact["at"]
        if self.at + 1 < len(self.steps):
            self.at += 1
            self.name(fact)
            self.base = fact["at"]
            self.wait()
            return
        if self.excepted:
            self.world.excepted += 1
        elif "until" in self.rule["sequence"] and fact["at"] > self.world.limit(self.rule):
            # What would have ended it before is not read yet.
            self.world.held.append((fact["at"], self.rule["id"], self.fact.get("client") or ""))
            return
        else:
            self.breach(fact["at"], fact, *([fact] if self.matches else []))
        self.matches += 1
        self.done = self.deadline is None


class Measure:
    """A number over a window, computed anew from all facts at each instant at which a fact of the group counts."""

    FUNCTIONS = ("count", "distinct", "sum", "mean", "median", "p90", "ratio", "share")

    def __init__(self, world, rule):
        self.world, self.rule, self.by = world, rule, rule.get("by", ["client"])
        self.raw = rule["measure"]
        self.function = next(f for f in self.FUNCTIONS if f in self.raw)
        self.what = self.raw[self.function]
        self.facts = [f for f in world.seen_by(rule, everybody=self.function == "share") if not world.is_excepted(rule, f)]

    def steps(self):
        return [self.what["part"], self.what["whole"]] if self.function == "ratio" else [self.what]

    def counts_for(self, fact, step):
        field = step.get("field")
        return self.world.variant(self.rule, fact.get("client")).step_holds(step, fact) and (field is None or field in fact)

    def facts_of(self, step):
        return [f for f in self.facts if self.counts_for(f, step)]

    def judge(self):
        found = []
        mine = [f for f in self.facts if any(self.counts_for(f, s) for s in self.steps())]
        for key in {self.world.key_of(self.by, f) for f in mine} - {None}:
            found += self.judge_group(key, [f for f in mine if self.world.key_of(self.by, f) == key])
        return found

    def judge_group(self, key, mine):
        found, held, last = [], False, None
        if self.world.variant(self.rule, mine[0].get("client")).mode == "off":
            return found
        self.variant = self.world.variant(self.rule, mine[0].get("client"))
        # All clients of a share look at one window.
        self.window = self.world.variant(self.rule, None) if self.function == "share" else self.variant
        over = plain_seconds(self.window.value(self.raw["over"]))
        for now in sorted({f["at"] for f in mine}):
            number = self.number(mine, now, over)
            holds = number is not None and all(ORDER[op](number, self.literal(x)) for op, x in self.raw["is"].items())
            if holds and (not held or last is not None and now - last >= over):
                opening = min((f for f in mine if f["at"] == now), key=lambda f: f["key"])
                if now > self.world.limit(self.rule) and not self.only_grows():
                    self.world.held.append((now, self.rule["id"], (mine[0].get("client") if "client" in self.by else None) or ""))
                else:
                    found.append(self.world.breach(self.rule, key, now, opening, opening, 0))
                    last = now
            held = holds
        return found

    def only_grows(self):
        """What is not read yet cannot make it hold less."""
        return self.function in ("count", "distinct", "sum") and "against" not in self.raw and set(self.raw["is"]) <= {"gt", "gte"}

    def literal(self, x):
        x = self.variant.value(x)
        if isinstance(x, str):
            return plain_seconds(x)
        money = self.what.get("field") == "amount" and self.function in ("sum", "mean", "median", "p90") and "against" not in self.raw
        return fractions.Fraction(str(x)) * (100 if money else 1)

    def number(self, mine, now, over):
        value = self.value(mine, now - over, now)
        if value is None or "against" not in self.raw:
            return value
        past_length = plain_seconds(self.variant.value(self.raw["against"]["own_past"]))
        past = self.value(mine, now - over - past_length, now - over)
        if past is None or past <= 0:
            return None
        if self.function not in ("count", "distinct", "sum"):
            return value / past
        if mine[0]["at"] > now - over - past_length:
            return None
        return (value / over) / (past / past_length)

    def value(self, mine, after, until):
        """The number over (after, until]; None: not to be judged."""
        def window(facts):
            return [f for f in facts if after < f["at"] <= until]

        def values(facts):
            return [fractions.Fraction(f[field]) if field else 1 for f in window(facts)]
        field = self.what.get("field")
        least = self.window.value(self.raw.get("min_facts", 1))
        if self.function == "ratio":
            part, whole = [len([f for f in window(mine) if self.counts_for(f, s)]) for s in self.steps()]
            return None if whole < least or whole == 0 else fractions.Fraction(part, whole)
        if self.function == "share":
            everything = values(self.facts_of(self.what))
            return None if len(everything) < least or sum(everything) <= 0 else sum(values(mine)) / fractions.Fraction(sum(everything))
        if len(window(mine)) < least:
            return None
        if self.function == "count":
            return fractions.Fraction(len(window(mine)))
        if self.function == "distinct":
            return fractions.Fraction(len({f[field] for f in window(mine)}))
        numbers = sorted(values(mine))
        n = len(numbers)
        if self.function == "sum":
            return fractions.Fraction(sum(numbers))
        if n == 0:
            return None
        if self.function == "mean":
            return sum(numbers) / n
        if self.function == "median":
            return (numbers[(n - 1) // 2] + numbers[n // 2]) / 2
        return numbers[-(-9 * n // 10) - 1]
