# SPDX-License-Identifier: GPL-3.0-or-later
"""make bench: adieu next to other programs, in one run, on one corpus. All figures are medians of whole processes; the ratio to plainly reading
every file is what counts, since machines differ and are noisy.

Every mail of the corpus is from or to one of the 40 clients of the configuration, so that all of them make facts.
In November 2026, two cores, warm: reading every file 1, first pass 6.3 to 8.9 (the faster the processors, the more of it is waiting for
the disk), second pass 0.5 to 0.8, mairix 12 to 13.

BENCH_MESSAGES (50000), BENCH_ROUNDS (3), BENCH_SLOW=0 to leave out mu and notmuch (many minutes), BENCH_DIR to keep the corpus."""
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import time

TOP = pathlib.Path(os.environ["abs_top_srcdir"])
BUILD = pathlib.Path(os.environ["abs_top_builddir"])
MESSAGES = int(os.environ.get("BENCH_MESSAGES", "50000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
DIR = pathlib.Path(os.environ.get("BENCH_DIR", BUILD / "bench-data"))
MAIL = DIR / ("maildir-%d" % MESSAGES)


def config(folder, mail):
    clients = "".join("  - {id: client%d, name: Client %d, match: ['@client%d.example']}\n" % (i, i, i) for i in range(40))
    (folder / "adieu.yaml").write_text(
        "owner: {name: Camille, addresses: [camille@studio.example], time_zone: Europe/Paris, hours: {mon-fri: '09:00-18:00'}, holidays: [FR]}\n"
        "sources:\n  - {maildir: %s}\nclients:\n%s" % (mail, clients))


def timed(command, env=None, check=True):
    """Wall, CPU of the process and its children, and the largest resident size among them in MB."""
    start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    p = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, err = p.communicate()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if check and p.returncode != 0:
        sys.exit("%s: exit %d\n%s" % (command, p.returncode, err.decode(errors="replace")))
    return time.monotonic() - start, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def peak(command, env):
    """Peak resident size of the largest process, by GNU time's figure: ru_maxrss of a fresh parent's children."""
    code = "import resource,subprocess,sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    return int(subprocess.run([sys.executable, "-c", code] + command, env=env, capture_output=True, text=True).stdout) / 1024


class Adieu:
    def __init__(self, name, mail=MAIL):
        self.folder = DIR / name
        self.folder.mkdir(parents=True, exist_ok=True)
        config(self.folder, mail)
        self.env = dict(os.environ, XDG_STATE_HOME=str(self.folder / "state"), ADIEU_PACKS=str(TOP / "rules/packs"))
        self.command = [str(BUILD / "adieu"), "-c", str(self.folder / "adieu.yaml"), "--now", "2026-01-05T09:00+01:00"]

    def fresh(self):
        shutil.rmtree(self.folder / "state", ignore_errors=True)

    def scan(self):
        return timed(self.command + ["scan"], self.env)


def mairix():
    shutil.rmtree(DIR / "mairix", ignore_errors=True)
    (DIR / "mairix").mkdir()
    rc = DIR / "mairix/rc"
    rc.write_text("base=%s\nmaildir=%s\nmfolder=out\ndatabase=%s\n" % (DIR, MAIL.name, DIR / "mairix/db"))
    return timed(["mairix", "-f", str(rc)])


def notmuch():
    home = DIR / "notmuch"
    shutil.rmtree(home, ignore_errors=True)
    shutil.rmtree(MAIL / ".notmuch", ignore_errors=True)
    home.mkdir()
    (home / "config").write_text("[database]\npath=%s\n[user]\nname=x\nprimary_email=camille@studio.example\n[new]\ntags=new\n" % MAIL)
    r = timed(["notmuch", "--config=%s" % (home / "config"), "new", "--quiet"])
    shutil.rmtree(MAIL / ".notmuch", ignore_errors=True)
    return r


def mu():
    home = DIR / "mu"
    shutil.rmtree(home, ignore_errors=True)
    timed(["mu", "init", "--muhome=%s" % home, "--maildir=%s" % MAIL])
    return timed(["mu", "index", "--muhome=%s" % home, "--quiet"])


def row(name, runs, base=None):
    wall, cpu = statistics.median(r[0] for r in runs), statistics.median(r[1] for r in runs)
    ratio = "%7.1f" % (wall / base) if base else "      1"
    print("%-44s %9.2f %9.2f %s" % (name, wall, cpu, ratio), flush=True)
    return wall


def main():
    DIR.mkdir(parents=True, exist_ok=True)
    if not MAIL.exists():
        subprocess.run([sys.executable, str(TOP / "tests/bench/corpus.py"), str(MAIL), str(MESSAGES)], check=True)
    read = [str(BUILD / "tests/bench/read-all"), str(MAIL / "cur")]
    adieu = Adieu("adieu")
    timed(read)  # warms the cache
    runs = {"read": [], "first": [], "second": [], "mairix": []}
    for _ in range(ROUNDS):
        runs["read"].append(timed(read))
        adieu.fresh()
        runs["first"].append(adieu.scan())
        runs["second"].append(adieu.scan())
        if shutil.which("mairix"):
            runs["mairix"].append(mairix())
    print("%-44s %9s %9s %7s" % ("%d messages, median of %d" % (MESSAGES, ROUNDS), "wall s", "CPU s", "ratio"))
    base = row("read every file", runs["read"])
    row("adieu scan, first pass", runs["first"], base)
    row("adieu scan, second pass, nothing new", runs["second"], base)
    if runs["mairix"]:
        row("mairix, new database", runs["mairix"], base)
    else:
        print("%-44s not installed" % "mairix")
    for name, run in (("notmuch new", notmuch), ("mu index", mu)) if os.environ.get("BENCH_SLOW") != "0" else ():
        if shutil.which(name.split()[0]):
            row(name + " (one run)", [run()], base)
        else:
            print("%-44s not installed" % name)
    adieu.fresh()
    print("peak memory of the largest process, MB: first pass %.0f, second pass %.0f" % (
        peak(adieu.command + ["scan"], adieu.env), peak(adieu.command + ["scan"], adieu.env)))
    # Outside the tables above: no files, no store, one thread.
    subprocess.run([str(BUILD / "tests/bench/bench-parse"), str(MAIL / "cur")], check=True)
    subprocess.run([str(BUILD / "tests/bench/bench-fold")], check=True)
    subprocess.run([str(BUILD / "tests/bench/bench-rules")], check=True)


main()
