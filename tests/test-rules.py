# SPDX-License-Identifier: GPL-3.0-or-later
"""adieu rules: the tests inside rule files, with facts and with mails."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import case as cases  # noqa: E402
import tap  # noqa: E402
from tap import Skip, case, equal, true  # noqa: E402

NIGHT = """version: 1
rules:
  - id: night
    match: {fact: message.received, where: {hour: {gte: 22}}}
    tests:
      - name: at night
        facts: [{message.received: {client: somebody-new, at: "2026-03-02T23:00", hour: 23}}]
        expect: [{at: "2026-03-02T23:00+01:00"}]
"""


def rules(w, text, name="mine.yaml"):
    return w.write("rules.d/" + name, text.encode())


def test(w, *files, want=0, strace=None, config=True):
    command = [cases.ADIEU] + (["-c", str(w.config)] if config else []) + ["rules", "test", *map(str, files)]
    p = subprocess.run(command, env=w.env, cwd=w.folder, capture_output=True, text=True, timeout=tap.TIMEOUT)
    for word in ("Sanitizer", "runtime error"):
        true(word not in p.stderr, p.stderr)
    equal(p.returncode, want, p.stdout + p.stderr)
    return p


@case("the shipped packs pass, with any configuration and with none")
def packs(w):
    want = test(w).stdout
    true(want.endswith(" passed, 0 failed\n") and int(want.split()[0]) >= 9, want)
    equal(test(w, config=False).stdout, want)
    # What the owner changes is not what the packs promise.
    w.config.write_text(w.config.read_text().replace("Europe/Paris", "America/New_York") +
                        "\nrules: {unanswered-request: {params: {patience: 9bd}}, last-minute-cancellation: {mode: off}}\n")
    equal(test(w).stdout, want)


@case("a file that is named is the only one tested; a pack may be named")
def named(w):
    path = rules(w, NIGHT)
    other = rules(w, NIGHT.replace("night", "night-2"), "other.yaml")
    equal(test(w, path).stdout, "1 passed, 0 failed\n")
    equal(test(w, path, other).stdout, "2 passed, 0 failed\n")
    equal(test(w, config=False).stdout, test(w, config=False).stdout)
    pack = pathlib.Path(w.env["ADIEU_PACKS"]) / "meetings.yaml"
    true(test(w, pack).stdout.endswith(" 0 failed\n"))
    equal(test(w, w.folder / "nothing.yaml", want=1).stdout, "")


@case("rules that build on rules of another file of rules.d are tested with it")
def together(w):
    rules(w, NIGHT)
    path = rules(w, """version: 1
rules:
  - id: again
    sequence: {steps: [{fact: rule.night}, {fact: rule.night, within: 9d}]}
    tests:
      - name: two nights
        facts:
          - message.received: {client: dupont, at: "2026-03-02T23:00", hour: 23}
          - message.received: {client: dupont, at: "2026-03-03T23:00", hour: 23}
        expect: [{at: "2026-03-03T23:00"}]
""", "again.yaml")
    equal(test(w, path, path).stdout, "1 passed, 0 failed\n")
    equal(test(w, path, w.folder / "rules.d/mine.yaml").stdout, "2 passed, 0 failed\n")


@case("only what differs is told, at its place")
def differs(w):
    path = rules(w, NIGHT.replace('expect: [{at: "2026-03-02T23:00+01:00"}]', "expect: [{at: 2026-03-03, severity: high}]"))
    p = test(w, path, want=1)
    equal(p.stdout, """%s:6:9: failed: night: at night
  line 8: night: at: wanted 2026-03-03T00:00:00+01:00, got 2026-03-02T23:00:00+01:00
  line 8: night: severity: wanted high, got low
0 passed, 1 failed
""" % path)
    lines = [json.loads(l) for l in subprocess.run([cases.ADIEU, "--json", "rules", "test", path], env=w.env, capture_output=True, text=True).stdout.splitlines()]
    equal(len(lines), 2)
    equal((lines[0]["file"], lines[0]["line"], lines[0]["rule"], lines[0]["test"], lines[0]["passed"]), (str(path), 6, "night", "at night", False))
    equal([(d["kind"], d["field"], d["wanted"], d["got"]) for d in lines[0]["differences"]],
          [("different", "at", "2026-03-03T00:00:00+01:00", "2026-03-02T23:00:00+01:00"), ("different", "severity", "high", "low")])
    equal(lines[1], {"passed": 0, "failed": 1, "untested": 0})


@case("a rule without tests is named and fails nothing")
def untested(w):
    path = rules(w, "version: 1\nrules:\n  - id: bare\n    match: {fact: thanks.received}\n")
    equal(test(w, path).stdout, "%s:3:9: no tests: bare\n0 passed, 0 failed\n" % path)


@case("a fault of a rule file is told instead of running anything")
def fault(w):
    path = rules(w, NIGHT.replace("hour: 23", "hour: late"))
    p = test(w, path, want=1)
    equal(p.stdout, "")
    true("%s:7:89: error[wrong-type]" % path in p.stderr, p.stderr)


@case("tests with facts start no role")
def no_role(w):
    if tap.sanitized():
        raise tap.Skip("a sanitizer wants /proc")
    rules(w, NIGHT)
    # The role would be this program, which is not there any more when it is wanted.
    program = w.folder / "adieu"
    program.write_bytes(pathlib.Path(cases.ADIEU).read_bytes())
    program.chmod(0o755)
    (w.folder / "proc").mkdir()
    p = subprocess.run(["unshare", "-rm", "sh", "-c", "mount --bind %s/proc /proc && exec ./adieu -c adieu.yaml rules test" % w.folder], cwd=w.folder,
                       env=w.env, capture_output=True, text=True)
    if "unshare" in p.stderr or "mount" in p.stderr:
        raise tap.Skip("no name space of its own here")
    equal(p.returncode, 0, p.stdout + p.stderr)
    true(p.stdout.endswith(" 0 failed\n"), p.stdout)


OBSERVED = """version: 1
rules:
  - id: called-off
    match: {fact: [meeting.cancelled, meeting.moved], where: {changed_by: client, notice: {lt: 24h}}}
    tests:
      - name: %s
        observe: [%s]
        %s
        expect: %s
"""
INVITATION = {"uid": "m1", "start": "2026-03-02T10:00+01:00", "organizer": "jean@dupont.example", "attendee": "camille@studio.example",
              "from": "jean@dupont.example", "summary": "Point"}


def invitation(w, name, at, **more):
    w.write("rules.d/mails/%s.eml" % name, cases.imip_message(name, dict(INVITATION, at=at, **more), []))


@case("mails go through the whole extraction, with the configuration's people or the test's own")
def mails(w):
    invitation(w, "invited", "2026-02-20T10:00+01:00", method="REQUEST")
    invitation(w, "cancelled", "2026-03-02T08:50+01:00", method="CANCEL", seq="1", status="CANCELLED")
    expect = '[{rule: called-off, client: dupont, at: "2026-03-02T08:50+01:00", count: 1, lasting: one-off, severity: low}]'
    path = rules(w, OBSERVED % ("invited, then called off", "mails/cancelled.eml, mails/invited.eml", "", expect))
    equal(test(w, path).stdout, "1 passed, 0 failed\n")
    # Without a configuration nobody is a client; the test can say who is.
    test(w, path, config=False, want=1)
    people = """owner: {addresses: [camille@studio.example], time_zone: Europe/Paris}
        clients: [{id: dupont, match: ["@dupont.example"]}]"""
    path = rules(w, OBSERVED % ("the same", "mails/cancelled.eml, mails/invited.eml", people, expect))
    equal(test(w, path, config=False).stdout, "1 passed, 0 failed\n")
    path = rules(w, OBSERVED % ("at the time of the invitation", "mails/cancelled.eml, mails/invited.eml", people + '\n        now: "2026-03-01"', "[]"))
    equal(test(w, path, config=False).stdout, "1 passed, 0 failed\n")


@case("calendar objects: the later version later, occurrences of a series")
def calendars(w):
    event = dict(INVITATION, stamp="2026-02-20T10:00+01:00", rrule="FREQ=WEEKLY;COUNT=5")
    w.write("rules.d/before.ics", cases.vcalendar(cases.vevent(event)).encode())
    moved = cases.vevent(event) + cases.vevent(dict(INVITATION, stamp="2026-03-09T08:00+01:00", seq="1", rid="2026-03-09T10:00+01:00",
                                                    start="2026-03-09T10:00+01:00", status="CANCELLED"))
    w.write("rules.d/after.ics", cases.vcalendar(moved).encode())
    path = rules(w, OBSERVED % ("one of a series", "before.ics, after.ics", "", '[{client: dupont, at: "2026-03-09T08:00+01:00"}]'))
    equal(test(w, path).stdout, "1 passed, 0 failed\n")


@case("a file that is missing, no file or no calendar fails the test, at its place")
def missing(w):
    w.write("rules.d/no.ics", b"not a calendar")
    path = rules(w, OBSERVED % ("x", "nothing.eml, ., no.ics", "", "[]"))
    p = test(w, path, want=1)
    equal(p.stdout, """{0}:6:9: failed: called-off: x
  {0}:7:19: {1}/nothing.eml: No such file or directory
  {0}:7:32: {1}/.: not a file
  {0}:7:35: {1}/no.ics: not what its name promises
0 passed, 1 failed
""".format(path, path.parent))


HISTORY = """version: 1
lists:
  worries:
    words: [broken, gone astray]
rules:
  - id: worried
    match:
      fact: message.received
      where: {text: {in_list: worries}, automatic: false, hour: {gte: 23}, weekday: {in: [mon, tue]}, urgent: false}
    exceptions:
      - {where: {weekday: tue}, reason: agreed, until: 2099-12-31}
      - {where: {client: dupont}, reason: agreed, until: 2099-12-31}
      - {reason: over, until: 2026-01-31}
  - id: thanked
    sequence:
      steps:
        - {fact: [request.sent, meeting.planned]}
        - {absent: thanks.received, within: 3bd}
    tests:
      - {name: nothing, facts: [], expect: []}
  - {id: silent, mode: off, match: {fact: meeting.held, where: {minutes: {gt: 1}}}}
"""


def check(w, *arguments, now="2026-04-01T09:00+02:00", want=0):
    p = subprocess.run([cases.ADIEU, "-c", str(w.config), "--now", now, *arguments, "rules", "check"], env=w.env, cwd=w.folder, capture_output=True,
                       text=True, timeout=tap.TIMEOUT)
    equal(p.returncode, want, p.stderr)
    return p


@case("check warns of what the history says, and of nothing without one")
def history(w):
    path = rules(w, HISTORY)
    p = check(w)
    equal(p.stderr.count("\n"), 1, p.stderr)
    true("no history" in p.stderr, p.stderr)
    equal(check(w, "--json").stdout, "")
    days = range(2, 22)
    for n in days:
        text = ["The page is broken again."] if n % 2 else ["All is well."]
        w.mail("m%d" % n, cases.plain_message("m%d" % n, {"from": "jean@dupont.example", "at": "2026-03-%02dT10:00+01:00" % n, "subject": "Page"}, text))
    w.scan("2026-04-01T09:00+02:00")
    p = check(w)
    told = [re.match(r".*mine.yaml:(\d+):(\d+): warning\[([a-z-]+)\]: (.*)", l).groups() for l in p.stderr.splitlines() if "warning[" in l]
    days = "20 days of history"
    equal([(int(l), int(c), code, text) for l, c, code, text in told], [
        (4, 21, "word-unused", '"gone astray" was never found in 20 messages'),
        (6, 9, "test-missing", 'rule "worried" has no test'),
        (9, 41, "always-true", 'what is asked of "automatic" held for all 20 facts in ' + days),
        (9, 66, "never-true", 'what is asked of "hour" held for none of 20 facts in ' + days),
        (9, 103, "always-true", 'what is asked of "urgent" held for all 20 facts in ' + days),
        (11, 9, "exception-unused", 'this exception of "worried" covered nothing in ' + days),
        (12, 9, "exception-unused", 'this exception of "worried" covered nothing in ' + days),
        (13, 31, "exception-expired", 'this exception of "worried" has ended'),
        (17, 19, "never-seen", "no request.sent in " + days),
        (17, 33, "never-seen", "no meeting.planned in " + days),
        (18, 20, "never-seen", "no thanks.received in " + days),
    ])
    lines = [json.loads(l) for l in check(w, "--json").stdout.splitlines()]
    equal([l["code"] for l in lines], [t[2] for t in told])
    equal({l["level"] for l in lines}, {"warning"})
    # Without the hour it fires, and what covers it is used.
    path.write_text(HISTORY.replace("hour: {gte: 23}", "hour: {gte: 1}"))
    told = [re.match(r".*mine.yaml:(\d+):.*warning\[([a-z-]+)\]", l).groups() for l in check(w).stderr.splitlines() if "warning[" in l]
    equal([t for t in told if t[0] in ("11", "12")], [])
    # Faults come first: then the history is not asked.
    path.write_text(HISTORY.replace("automatic", "automatc"))
    true("warning" not in check(w, want=1).stderr)


RULE = "  - {id: r%d, match: {fact: %s}}\n"
HEAD = "version: 1\nrules:\n"


def chain(n, of):
    return HEAD + "".join(RULE % (i, of(i)) for i in range(n))


# What it is, the files, the first code told (None: no fault).
WILD = [
    ("100,000 rules in one file", {"a": chain(100000, lambda i: "thanks.received")}, "yaml-refused"),
    ("100,000 rules in 200 files", {"f%03d" % k: HEAD + "".join(RULE % (500 * k + i, "thanks.received") for i in range(500)) for k in range(200)}, "bad-value"),
    ("990 rules, each on the one before", {"a": chain(990, lambda i: "rule.r%d" % (i - 1) if i else "thanks.received")}, None),
    ("990 rules in a ring", {"a": chain(990, lambda i: "rule.r%d" % ((i + 1) % 990))}, "rule-cycle"),
    ("900 rules, each on ninety", {"a": chain(900, lambda i: "[%s]" % (", ".join("rule.r%d" % j for j in range(max(0, i - 90), i)) or "thanks.received"))}, None),
    ("15,000 phrases in one condition", {"a": HEAD + "  - {id: r, match: {fact: message.received, where: {any: [%s]}}}\n" % ", ".join("{text: {contains: word%d}}" % i for i in range(15000))}, None),
    ("nested to the limit and beyond", {"a": HEAD + "  - {id: r, match: {fact: thanks.received, where: %s{subject: x}%s}}\n" % ("{not: " * 40, "}" * 40)}, "yaml-refused"),
    ("a billion laughs", {"a": HEAD + "  - &a {id: r1}\n" + "".join("  - &%s [*%s, *%s]\n" % (chr(98 + i), chr(97 + i), chr(97 + i)) for i in range(20))}, "yaml-refused"),
    ("UTF-16, marked", {"a": (HEAD + RULE % (1, "thanks.received")).encode("utf-16")}, "yaml-refused"),
    ("UTF-16, not marked", {"a": (HEAD + RULE % (1, "thanks.received")).encode("utf-16-le")}, "yaml-refused"),
    ("UTF-32", {"a": (HEAD + RULE % (1, "thanks.received")).encode("utf-32")}, "yaml-refused"),
    ("Latin-1", {"a": (HEAD + "  - {id: r1, title: été, match: {fact: thanks.received}}\n").encode("latin-1")}, "yaml-syntax"),
    ("a byte order mark", {"a": (HEAD + RULE % (1, "thanks.received")).encode("utf-8-sig")}, None),
    ("lines of DOS, and of old Macintoshes", {"a": (HEAD + RULE % (1, "thanks.received")).replace("\n", "\r\n"), "b": "version: 1\rrules: []\r"}, None),
    ("bytes of all kinds", {"a": bytes(range(256)) * 1000}, "yaml-syntax"),
    ("zeros", {"a": bytes(500000)}, "yaml-syntax"),
    ("what YAML 1.1 takes for something else", {"a": HEAD + """\
  - {id: r1, mode: off, title: {no: Nei, en: No}, match: {fact: message.received, where: {automatic: no, hour: {gte: 08}, subject: 22:30}}}
  - {id: r2, mode: on, title: 1_000, why: 0x10, match: {fact: message.received, where: {subject: [yes, ~x, 1e3, .inf]}},
     exceptions: [{reason: 012, until: 2026-12-31}]}
"""}, None),
    ("and what nobody can mean", {"a": HEAD + "  - {id: r1, match: {fact: message.received, where: {hour: 0x10, automatic: y, response_time: {gt: 1:30}}}}\n"}, "wrong-type"),
]


@case("files that nobody should write have an answer, in little memory")
def wild(w):
    for what, files, want in WILD:
        paths = [w.write("wild/%s.yaml" % name, data if isinstance(data, bytes) else data.encode()) for name, data in files.items()]
        r = w.run("--json", "rules", "check", *map(str, paths))
        codes = [json.loads(l)["code"] for l in r.stdout.splitlines()]
        equal((r.returncode, codes[0] if codes else None), (1 if want else 0, want), what)
        true(len(codes) <= 1000, what, "told", str(len(codes)))
        true(tap.SLOW or r.memory < 150 << 20, what, "took", str(r.memory >> 20), "MB")


@case("the faults of the configuration hide none of those of the rules")
def all_files(w):
    text = w.config.read_text()
    path = rules(w, "version: 1\nrules:\n  - {id: r, match: {fact: thanks.recieved}}\n")
    w.config.write_text(text.replace("owner:", "ownr:", 1) + "\npacks: [meting, zzz]\n")
    told = [l for l in check(w, want=1).stderr.splitlines() if "error[" in l]
    true(any("unknown-key" in l for l in told), told)
    true("%s:3:27: error[unknown-fact]: no fact \"thanks.recieved\"" % path in told, told)
    line = text.count("\n") + 2
    w.config.write_text(text + "\npacks: [meting, zzz]\n")
    told = check(w, want=1).stderr
    true("%s:%d:9: error[unknown-pack]: no shipped pack \"meting\"" % (w.config, line) in told, told)
    true("%s:%d:17: error[unknown-pack]: no shipped pack \"zzz\"" % (w.config, line) in told, told)
    true('did you mean "meetings"?' in told and "allowed: after-hours, meetings" in told, told)
    true("unknown-fact" in told, told)
    # Whatever command loads them says the same.
    p = subprocess.run([cases.ADIEU, "-c", str(w.config), "scan"], env=w.env, cwd=w.folder, capture_output=True, text=True, timeout=tap.TIMEOUT)
    equal((p.returncode, p.stderr), (1, told))


@case("warnings are for who checks the rules, once for each place that waits")
def warnings(w):
    text = """version: 1
rules:
  - id: paid
    match: {fact: payment.received}
    tests:
      - {name: one, facts: [{payment.received: {client: x, at: 2026-03-02}}], expect: [{client: x}]}
"""
    path = rules(w, text)
    p = check(w)
    equal(re.findall(r"(\S+): warning\[([a-z-]+)\]", p.stderr), [("%s:4:19" % path, "never-seen")])
    w.scan("2026-04-01T09:00+02:00")
    for command in (["alerts", "--all"], ["--json", "alerts", "--all"], ["rules", "test"]):
        p = subprocess.run([cases.ADIEU, "-c", str(w.config), *command], env=w.env, cwd=w.folder, capture_output=True, text=True, timeout=tap.TIMEOUT)
        equal((p.returncode, p.stderr), (0, ""), command)
        true("never-seen" not in p.stdout, p.stdout)


LISTED = "version: 1\nlists:\n  l: {file: words.txt}\nrules:\n  - {id: r, match: {fact: message.received, where: {text: {in_list: l}}}}\n"


@case("of a file of words no word is lost, and one without an end is not waited for")
def word_files(w):
    path = rules(w, LISTED)
    words = path.parent / "words.txt"

    def codes(want=1):
        return re.findall(r"^(\S+?): error\[([a-z-]+)\]", check(w, want=want).stderr, re.M)
    words.write_text("\n".join("phrase %d %s" % (i, "blah " * 20) for i in range(15000)))
    equal(codes(), [(str(words), "yaml-refused")], "beyond what is read")
    words.write_bytes(b"never again\n" + bytes(300) + b"\n")
    equal(codes(), [("%s:2:1" % words, "yaml-encoding")])
    words.unlink()
    os.mkfifo(words)
    equal(codes(), [("%s:3:13" % path, "missing-file")])
    words.unlink()
    words.symlink_to("/dev/zero")
    equal(codes(), [("%s:3:13" % path, "missing-file")])
    words.unlink()
    words.write_text("never again\n")
    equal(codes(0), [])
    os.mkfifo(path.parent / "pipe.yaml")
    true("cannot read" in check(w, want=1).stderr)


@case("a line that is shown brings no control character and no broken one to the terminal")
def shown(w):
    path = w.write("wild.yaml", HEAD.encode() + b"  - {id: r, title: \xe9t\xe9 \x1b[31m\xc2\x9b1m}\n")
    p = subprocess.run([cases.ADIEU, "-c", str(w.config), "rules", "check", str(path)], env=w.env, capture_output=True)
    equal(p.stderr.decode().splitlines()[1:], ["    3 |   - {id: r, title: ?t? ?[31m?1m}", "      |                    ^ save the file as UTF-8 text; this byte is no character of it"])


# Words with hyphens in the sources that are no codes.
NO_CODES = "one-off mon-fri client-exception".split()


@case("every code that the sources can give is explained in adieu-rules(5), and no other")
def codes(w):
    used = set()
    for path in [*(cases.TOP / "rules").glob("*.c"), cases.TOP / "daemon/context.c"]:
        text = path.read_text()
        if re.search(r"\b(read_fault|read_warning|fault|place_fault|tell|diagnostics_add)\(", text):
            used |= set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"', text))
    used -= set(NO_CODES)
    section = (cases.TOP / "contrib/man/adieu-rules.5.in").read_text().split(".Sh DIAGNOSTICS")[1].split(".Sh")[0]
    explained = {code for line in re.findall(r"^\.It Li (.*)$", section, re.M) for code in re.split("[ ,]+", line)}
    equal(sorted(used - explained), [], "not explained")
    equal(sorted(explained - used), [], "not used any more")


def offered(w, *words):
    p = subprocess.run([cases.ADIEU, "complete", *words], env=w.env, capture_output=True, text=True)
    equal(p.returncode, 0, p.stderr)
    return p.stdout.split()


def help_of(*words):
    return subprocess.run([cases.ADIEU, *words, "--help"], capture_output=True, text=True).stdout


@case("completion offers what --help lists, whatever there is")
def completion(w):
    commands = re.findall(r"^  ([a-z]+) ", help_of().split("Commands:")[1].split("Options:")[0], re.M)
    true(len(commands) >= 7)
    equal(offered(w, ""), commands)
    equal(offered(w, "-c", "x.yaml", "--json", "ru"), ["rules"])
    equal(set(offered(w, "--")), set(re.findall(r"--[a-z]+", help_of().split("Options:")[1].split("Exit")[0])) | {"--config"})
    for command in commands:
        options = re.findall(r"^  (--[a-z-]+)", help_of(command), re.M)
        equal(sorted(offered(w, command, "--")), sorted(options + ["--help"]), command)
    equal(offered(w, "facts", "--fact", "meeting.ca"), ["meeting.cancelled"])
    equal(offered(w, "-c", str(w.config), "alerts", "--client", "d"), ["dupont"])
    equal(offered(w, "-c", str(w.config), "alerts", "--rule", "last"), ["last-minute-cancellation"])
    equal(offered(w, "alerts", "--client", ""), [], "without a configuration there are no names")
    actions = offered(w, "rules", "")
    true({"check", "schema", "test"} <= set(actions))
    rules_line = re.search(r"^  rules +(.*)$", help_of(), re.M).group(1)
    equal([a for a in actions if a not in rules_line], [])
    equal(offered(w, "rules", "schema", ""), ["rules", "adieu", "clients"])
    equal(offered(w, "--now", ""), [])


@case("bash and zsh take it over")
def shells(w):
    folder = pathlib.Path(cases.TOP) / "contrib/completion"
    bin = w.folder / "bin"
    bin.mkdir()
    (bin / "adieu").symlink_to(cases.ADIEU)
    env = dict(w.env, PATH="%s:%s" % (bin, w.env["PATH"]))
    script = ". %s/adieu.bash; COMP_WORDS=(adieu rules sch); COMP_CWORD=2; _adieu; printf '%%s\\n' \"${COMPREPLY[@]}\"" % folder
    p = subprocess.run(["bash", "-c", script], env=env, capture_output=True, text=True)
    equal((p.stdout, p.stderr), ("schema\n", ""))
    if not shutil.which("zsh"):
        raise Skip("no zsh; bash does")
    for words, want in (("rules sch", "schema\n"), ("inspect ''", "files\n")):
        script = "compadd() { print -l $offered }; _files() { print files }; f() { . %s/_adieu }; words=(adieu %s); CURRENT=3; f" % (folder, words)
        p = subprocess.run(["zsh", "-f", "-c", script], env=env, capture_output=True, text=True)
        equal((p.returncode, p.stdout, p.stderr), (0, want, ""))


if __name__ == "__main__":
    tap.main()
