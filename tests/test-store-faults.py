# SPDX-License-Identifier: GPL-3.0-or-later
"""What may go wrong with the store: a full disk, folders that cannot be written, damaged files, two at once. Clear words, exit 1, nothing lost."""
import hashlib
import json
import os
import pathlib
import random
import shutil
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import case as cases  # noqa: E402
import tap  # noqa: E402
from tap import case, equal, true  # noqa: E402

NOW = "2026-03-09T09:00+01:00"
MESSAGES = 300 if tap.SLOW else 1500


def fill(w, n=40, words=20):
    """Mail from three clients, a third of it outside working time, and a few meetings."""
    rng = random.Random(5)
    for i in range(n):
        at = "2026-%02d-%02dT%02d:%02d+01:00" % (1 + i % 2, 1 + i % 28, (10, 15, 22)[i % 3], i % 60)
        sender = ("jean@dupont.example", "bob@acme.example", "anne@lux.example")[i % 3 if i % 7 else 1]
        text = " ".join("%x" % rng.getrandbits(32) for _ in range(words))
        w.mail("m%05d" % i, cases.plain_message("m%05d" % i, {"from": sender, "at": at, "subject": "Projet %d" % i}, [text]))
    w.write("calendars/a.ics", cases.vcalendar("".join(cases.vevent(
        {"uid": "e%d" % i, "start": "2026-03-%02dT10:00+01:00" % (1 + i), "organizer": "jean@dupont.example", "attendee": cases.OWNER}) for i in range(20))).encode())


def known(w):
    facts = w.run("facts", "--json", now=NOW)
    equal(facts.returncode, 0, facts)
    return w.alerts(NOW), facts.stdout


def state(w):
    return pathlib.Path(w.env["XDG_STATE_HOME"]) / "adieu"


def expected(w):
    """What an undisturbed store says of these sources."""
    before = w.env["XDG_STATE_HOME"]
    w.env["XDG_STATE_HOME"] = str(w.folder / "undisturbed")
    w.scan(NOW)
    result = known(w)
    w.env["XDG_STATE_HOME"] = before
    true(result[0] and result[1], "nothing to lose")
    return result


def refused(w, *words, commands=(["scan"], ["alerts"], ["status"])):
    """Each command ends with 1 and one clear line on stderr."""
    for command in commands:
        r = w.run(*command, now=NOW)
        equal(r.returncode, 1, "%s: %r" % (command, r))
        equal(r.stdout, "", command)
        for word in words:
            true(word in r.stderr, command, "does not say", word, r)
        true(len(r.stderr.splitlines()) <= 3, "too many words", r)
        for word in ("Sanitizer", "assert", "SQL logic", "constraint"):
            true(word not in r.stderr, r)


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


# --- where it cannot be written ---

def namespace():
    """How to get a mount namespace of one's own, or a reason not to."""
    if not shutil.which("unshare"):
        raise tap.Skip("no unshare")
    command = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-r", "-m"]
    probe = subprocess.run(command + ["sh", "-c", "mount -t tmpfs -o size=1m tmpfs /mnt && touch /mnt/x && mount -o remount,size=2m /mnt && mount -o remount,ro /mnt"],
                           capture_output=True)
    if probe.returncode != 0:
        raise tap.Skip("no mount namespace here")
    return command


SCRIPT = """
set -u
mkdir -p "$STATE" "$OUT"
mount -t tmpfs -o size=$SIZE,mode=700 tmpfs "$STATE" || exit 99
run() { name=$1; shift; "$@" >"$OUT/$name.out" 2>"$OUT/$name.err"; echo $? >"$OUT/$name.rc"; }
%s
"""


def in_namespace(w, size, script):
    out = w.folder / "out"
    env = dict(w.env, STATE=str(state(w)), OUT=str(out), SIZE=size, ADIEU=w.program, CONFIG=str(w.config), NOW=NOW)
    p = subprocess.run(namespace() + ["sh", "-c", SCRIPT % script], env=env, cwd=w.folder, capture_output=True, timeout=tap.TIMEOUT, text=True)
    if p.returncode == 99:
        raise tap.Skip("no tmpfs here")
    equal(p.returncode, 0, p.stderr)
    return {f.stem: tap.Result(int(f.read_text()), f.with_suffix(".out").read_text(), f.with_suffix(".err").read_text(), 0) for f in out.glob("*.rc")}


@case("a disk that fills up during the scan: said, and gone on with once there is room")
def full_disk(w):
    fill(w, 3000, words=100)
    want = expected(w)
    results = in_namespace(w, "2m", """
adieu() { "$ADIEU" -c "$CONFIG" --now "$NOW" "$@"; }
run full adieu scan
run again adieu scan
run look adieu status
mount -o remount,size=200m "$STATE"
run after adieu scan --json
run alerts adieu alerts --all --json
run facts adieu facts --json
run quiet adieu scan
""")
    for name in ("full", "again"):
        r = results[name]
        equal(r.returncode, 1, "%s: %r" % (name, r))
        true("disk full" in r.stderr or "No space left" in r.stderr, r)
        true(len(r.stderr.splitlines()) <= 3, r)
    equal(results["after"].returncode, 0, results["after"])
    alerts = [json.loads(l) for l in results["alerts"].stdout.splitlines()]
    equal(alerts, want[0])
    equal(results["facts"].stdout, want[1])
    told = set(json.loads(l)["id"] for n in ("full", "again", "after") for l in results[n].stdout.splitlines() if l.startswith("{"))
    true(set(a["id"] for a in alerts if a["state"] == "open") <= told, "alerts that nobody was told", told)
    equal(results["quiet"].stdout, "", results["quiet"])


@case("a disk without a single free byte")
def no_room_at_all(w):
    fill(w)
    want = expected(w)
    results = in_namespace(w, "1m", """
adieu() { "$ADIEU" -c "$CONFIG" --now "$NOW" "$@"; }
cat /dev/zero >"$STATE/filler" 2>/dev/null
run full adieu scan
run look adieu alerts
rm "$STATE/filler"
mount -o remount,size=50m "$STATE"
run after adieu scan
run facts adieu facts --json
""")
    for name in ("full", "look"):
        equal(results[name].returncode, 1, results[name])
        true(results[name].stderr.strip(), "says nothing", results[name])
    true("full" in results["full"].stderr or "No space left" in results["full"].stderr, results["full"])
    equal(results["after"].returncode, 0, results["after"])
    equal(results["facts"].stdout, want[1])


@case("a disk that fills up after a first scan: what was known can still be read")
def full_later(w):
    fill(w, 40)
    want = expected(w)
    results = in_namespace(w, "40m", """
adieu() { "$ADIEU" -c "$CONFIG" --now "$NOW" "$@"; }
run first adieu scan
cat /dev/zero >"$STATE/filler" 2>/dev/null
mkdir -p more/cur more/new more/tmp
i=0; while [ $i -lt 400 ]; do sed "s/m00001@/n$i@/; s/^Subject:.*/Subject: more $i/" Maildir/cur/m00001:2,S >Maildir/cur/n$i:2,S; i=$((i+1)); done
run full adieu scan
run look adieu alerts --all --json
rm "$STATE/filler"
run after adieu scan
run facts adieu facts --json
""")
    equal(results["first"].returncode, 0, results["first"])
    true(results["full"].returncode in (0, 1), results["full"])
    if results["full"].returncode == 1:
        true("full" in results["full"].stderr or "No space left" in results["full"].stderr, results["full"])
    # Reading needs the marks of the write-ahead log: it may say that it cannot, but not show half.
    if results["look"].returncode == 0:
        known_ids = set(a["id"] for a in want[0])
        true(known_ids <= set(json.loads(l)["id"] for l in results["look"].stdout.splitlines()), results["look"])
    equal(results["after"].returncode, 0, results["after"])
    for line in want[1].splitlines():
        if '"thread_id"' not in line:
            continue
        true('"message_id":"%s"' % json.loads(line)["message_id"] in results["facts"].stdout, "lost", line)
    true('"message_id":"n399@' in results["facts"].stdout, "the new ones are lost")


@case("a state folder that cannot be made, or written, or entered")
def read_only_folder(w):
    fill(w)
    tap.as_nobody(w)
    want = expected(w)
    top = w.folder / "state"
    top.mkdir(exist_ok=True)
    os.chown(top, *((65534, 65534) if os.geteuid() == 0 else (-1, -1)))
    top.chmod(0o500)
    refused(w, str(top), commands=(["scan"],))
    top.chmod(0o700)
    w.scan(NOW)
    folder = state(w)
    before = digest(folder / "adieu.db")
    folder.chmod(0o500)
    (folder / "adieu.db").chmod(0o400)
    refused(w, "adieu.db", commands=(["scan"],))
    r = w.run("alerts", "--all", "--json", now=NOW)
    if r.returncode == 0:
        equal([json.loads(l) for l in r.stdout.splitlines()], want[0])
    else:
        true("adieu.db" in r.stderr, r)
    (folder / "adieu.db").chmod(0)
    refused(w, "adieu.db", "ermission denied")
    folder.chmod(0)
    refused(w, str(folder))
    folder.chmod(0o700)
    (folder / "adieu.db").chmod(0o600)
    equal(digest(folder / "adieu.db"), before)
    w.scan(NOW)
    equal(known(w), want)


@case("a read-only file system")
def read_only_file_system(w):
    fill(w)
    results = in_namespace(w, "40m", """
adieu() { "$ADIEU" -c "$CONFIG" --now "$NOW" "$@"; }
mount -o remount,ro "$STATE"
run first adieu scan
mount -o remount,rw "$STATE"
run write adieu scan
mount -o remount,ro "$STATE"
run again adieu scan
run alerts adieu alerts
""")
    equal(results["write"].returncode, 0, results["write"])
    for name in ("first", "again"):
        equal(results[name].returncode, 1, results[name])
        true("read-only" in results[name].stderr.lower(), results[name])
    true(results["alerts"].returncode in (0, 1), results["alerts"])
    true(results["alerts"].stdout or "adieu.db" in results["alerts"].stderr, results["alerts"])


@case("a file where the folder of the store should be, and a folder where the file should be")
def not_a_folder(w):
    fill(w)
    file = w.write("state", b"mine\n")
    refused(w, str(file))
    equal(file.read_bytes(), b"mine\n")
    file.unlink()
    w.write("state/adieu", b"mine too\n")
    refused(w, str(state(w)))
    equal(state(w).read_bytes(), b"mine too\n")
    state(w).unlink()
    (state(w) / "adieu.db").mkdir(parents=True)
    refused(w, "adieu.db")
    (state(w) / "adieu.db").rmdir()
    w.scan(NOW)


@case("neither STATE_DIRECTORY nor XDG_STATE_HOME nor HOME; and each of them")
def places(w):
    fill(w)
    for name in ("STATE_DIRECTORY", "XDG_STATE_HOME", "HOME"):
        w.env.pop(name, None)
    refused(w, "STATE_DIRECTORY")
    for name, value, place in (("HOME", "h", "h/.local/state/adieu"), ("XDG_STATE_HOME", "x", "x/adieu"), ("STATE_DIRECTORY", "s", "s"),
                               ("STATE_DIRECTORY", "t:other", "t")):
        (w.folder / "h").mkdir(exist_ok=True)
        w.env[name] = ":".join(str(w.folder / v) for v in value.split(":"))
        r = w.scan(NOW)
        true((w.folder / place / "adieu.db").is_file(), name, "is not honoured", r)
        true(r.stdout, "a new store told nothing")
    equal((w.folder / "other").exists(), False)


# --- who may read it ---

@case("nobody else can read the store, whatever the umask; write-ahead log and marks included")
def modes(w):
    fill(w, 200)
    seen = {}
    before = os.umask(0)
    try:
        p = w.start("scan", now=NOW, stdout=-3, stderr=-3)
        while p.poll() is None:
            for f in list(state(w).iterdir()) if state(w).exists() else []:
                try:
                    mode = f.stat().st_mode & 0o777
                except FileNotFoundError:
                    continue
                seen.setdefault(f.name, set()).add(mode)
        equal(p.returncode, 0)
        # A reader that is killed leaves the log where it is: keep it open from here.
        database = sqlite3.connect("file:%s?mode=ro" % (state(w) / "adieu.db"), uri=True)
        database.execute("SELECT count(*) FROM observation").fetchone()
        w.scan(NOW)
        for f in state(w).iterdir():
            seen.setdefault(f.name, set()).add(f.stat().st_mode & 0o777)
        database.close()
    finally:
        os.umask(before)
    equal(state(w).stat().st_mode & 0o777, 0o700)
    true("adieu.db" in seen and "adieu.db-wal" in seen, "the write-ahead log was not seen", seen)
    for name, found in seen.items():
        equal(found, {0o600}, name)
    # A copy from a backup that all may read is closed again.
    (state(w) / "adieu.db").chmod(0o644)
    w.scan(NOW)
    equal((state(w) / "adieu.db").stat().st_mode & 0o777, 0o600)


# --- damage ---

def damaged(w, name, change, words=("adieu.db",), commands=(["scan"], ["alerts"], ["status"])):
    db = state(w) / "adieu.db"
    for f in state(w).iterdir():
        f.unlink()
    shutil.copy(w.folder / "good.db", db)
    db.chmod(0o600)
    data = bytearray(db.read_bytes())
    db.write_bytes(change(data))
    before = digest(db)
    try:
        refused(w, *words, commands=commands)
    except AssertionError as e:
        raise AssertionError("%s: %s" % (name, e)) from None
    equal(digest(db), before, "%s: the damaged file was written to" % name)


def good_store(w):
    fill(w, 300)
    w.scan(NOW)
    database = sqlite3.connect(state(w) / "adieu.db")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    shutil.copy(state(w) / "adieu.db", w.folder / "good.db")


@case("a store with a garbage header, cut off, of another program, of NUL bytes: said, left as it is")
def damaged_files(w):
    good_store(w)
    size = (w.folder / "good.db").stat().st_size
    noise = random.Random(9)

    def header(data):
        data[:100] = bytes(noise.randrange(256) for _ in range(100))
        return data

    def application(data):
        data[68:72] = b"\0\1\2\3"
        return data
    damaged(w, "header", header, ("adieu.db", "damaged"))
    damaged(w, "text", lambda data: b"Dear diary,\nthis is no database.\n", ("adieu.db", "damaged"))
    damaged(w, "few bytes", lambda data: data[:10], ("adieu.db", "damaged"))
    damaged(w, "NUL bytes", lambda data: bytes(size), ("adieu.db", "damaged"))
    damaged(w, "half", lambda data: data[:size // 2 // 8192 * 8192], ("adieu.db", "damaged"))
    damaged(w, "cut within a page", lambda data: data[:size - 5000], ("adieu.db", "damaged"))
    damaged(w, "another program's", application, ("adieu.db", "not made by adieu"))
    # The way out that the message names.
    (state(w) / "adieu.db").unlink()
    w.scan(NOW)


@case("pages turned into noise: never a crash, never half an answer, the file left as it is")
def damaged_pages(w):
    good_store(w)
    db = state(w) / "adieu.db"
    good = (w.folder / "good.db").read_bytes()
    pages = len(good) // 8192
    true(pages > 10, "too small a store", pages)
    want = [json.loads(l) for l in w.run("alerts", "--all", "--json", now=NOW).stdout.splitlines()]
    noise = random.Random(10)
    told = 0
    for page in range(1, pages, max(1, pages // 25)):
        for f in state(w).iterdir():
            f.unlink()
        data = bytearray(good)
        at = page * 8192
        data[at:at + 8192] = bytes(noise.randrange(256) for _ in range(8192))
        db.write_bytes(data)
        db.chmod(0o600)
        before = digest(db)
        r = w.run("alerts", "--all", "--json", now=NOW)
        if r.returncode == 0:  # that page was not needed, or held nothing but bookkeeping
            equal([json.loads(l) for l in r.stdout.splitlines()], want, "page %d" % page)
        else:
            equal(r.returncode, 1, "page %d: %r" % (page, r))
            true("adieu.db" in r.stderr and "damaged" in r.stderr, "page", page, r)
            told += 1
        equal(digest(db), before, "a reader wrote to page %d" % page)
        r = w.run("scan", now=NOW)
        true(r.returncode in (0, 1), "page", page, r)
        if r.returncode == 1:
            true("adieu.db" in r.stderr and "damaged" in r.stderr, "page", page, r)
    true(told > 0, "no damage was ever noticed")


@case("a store of a newer version: said, left as it is")
def newer_version(w):
    good_store(w)

    def newer(data):
        data[60:64] = (9999).to_bytes(4, "big")
        return data
    damaged(w, "newer", newer, ("newer version", "9999"))


@case("an empty file as store: begun anew; an interrupted beginning is made good")
def empty_store(w):
    fill(w)
    want = expected(w)
    state(w).mkdir(parents=True, mode=0o700)
    w.write("state/adieu/adieu.db", b"")
    refused(w, "adieu scan", commands=(["alerts"],))
    w.scan(NOW)
    equal(known(w), want)


# --- two at once ---

@case("two scans at once, eight times: both end well, nothing twice, nothing lost")
def two_scans(w):
    fill(w, 400)
    want = expected(w)
    for n in range(8):
        w.env["XDG_STATE_HOME"] = str(w.folder / ("two%d" % n))
        both = []
        for _ in range(2):
            both.append(w.start("scan", "--json", now=NOW, stdout=-1, stderr=-1))
            time.sleep(0.02 * (n % 4))
        out = []
        for p in both:
            texts = p.communicate(timeout=tap.TIMEOUT)
            r = tap.Result(p.returncode, texts[0].decode(), texts[1].decode(), 0)
            true(r.returncode == 0 or (r.returncode == 1 and "another adieu" in r.stderr), r)
            out.append(r)
        true(any(r.returncode == 0 for r in out), "none of the two came through", out)
        after = w.scan(NOW)
        equal(known(w), want)
        told = [json.loads(l)["id"] for r in out for l in r.stdout.splitlines()]
        open_ids = sorted(a["id"] for a in want[0] if a["state"] == "open")
        equal(sorted(set(told)) if not after.stdout else open_ids, open_ids, "alerts that nobody was told")
        if all(r.returncode == 0 for r in out):
            equal(sorted(told), open_ids, "told twice")


@case("commands that look while a scan writes, all the time")
def look_meanwhile(w):
    fill(w, MESSAGES)
    want = expected(w)
    w.mail("first", cases.plain_message("first", {"from": "jean@dupont.example", "at": "2026-03-08T22:14+01:00"}, ["Bonsoir"]))
    p = w.start("scan", now=NOW, stdout=-3, stderr=-3)
    looked = 0
    while p.poll() is None:
        for words in (["alerts"], ["status"], ["facts", "--json"], ["clients"]):
            r = w.run(*words, now=NOW)
            if r.returncode == 0:
                looked += 1
            else:
                equal(r.returncode, 1, r)
                true("adieu scan" in r.stderr or "another adieu" in r.stderr, r)
    equal(p.returncode, 0)
    equal(set(a["id"] for a in want[0]) - set(a["id"] for a in w.alerts(NOW)), set())


@case("another program that holds the store: said after a while, and done the next time")
def locked(w):
    fill(w)
    w.scan(NOW)
    database = sqlite3.connect(state(w) / "adieu.db", isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    w.mail("new", cases.plain_message("new", {"from": "jean@dupont.example", "at": "2026-03-08T22:14+01:00"}, ["Bonsoir"]))
    refused(w, "another adieu", commands=(["scan"],))
    equal(w.run("alerts", now=NOW).returncode, 0)
    database.execute("ROLLBACK")
    true("Bonsoir" in w.scan(NOW).stdout, "not told")
    database.close()


tap.main()
