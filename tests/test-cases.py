# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs every case of tests/cases/ (see case.py) and speaks TAP. With names as arguments, only those."""
import pathlib
import sys
import tempfile
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import case as cases  # noqa: E402


def run(case):
    """The list of what is wrong."""
    wrong = []
    with tempfile.TemporaryDirectory(prefix="adieu-case-") as folder:
        world = cases.World(folder)
        for section in case.sections:
            if section[0] == "scan":
                r = world.run("scan", now=section[1])
                if r.returncode not in (0, 3):
                    wrong.append("scan at %s: exit %d: %s" % (section[1], r.returncode, r.stderr.strip()))
            else:
                world.apply(section)
        want = int(case.section("exit")[0][1]) if case.section("exit") else 0
        r = world.run("scan", now=case.now)
        if r.returncode != want:
            wrong.append("last scan: exit %d, not %d: %s" % (r.returncode, want, r.stderr.strip()))
        if want in (0, 3):
            wrong += cases.differences(case.expected(), cases.breaches(world.alerts(case.now)))
        for section in case.section("status"):
            status = world.run("status", now=case.now).stdout
            wrong += ["status lacks: " + l for l in section[2] if l.strip() and l.strip() not in status]
    return wrong


def main():
    files = sorted((cases.TOP / "tests" / "cases").rglob("*.case"))
    if sys.argv[1:]:
        files = [f for f in files if f.stem in sys.argv[1:]]
    print("1..%d" % len(files))
    failed = 0
    for n, path in enumerate(files, 1):
        case = cases.Case(path)
        try:
            wrong = run(case)
        except Exception:
            wrong = traceback.format_exc().splitlines()
        todo = " # TODO " + case.keys["todo"] if "todo" in case.keys else ""
        print("%sok %d - %s: %s%s" % ("not " if wrong else "", n, case.name, case.keys.get("about", "").replace("#", ""), todo))
        for line in wrong:
            for part in line.splitlines():
                print("#   " + part)
        sys.stdout.flush()
        failed += bool(wrong) and not todo
    return 1 if failed else 0


sys.exit(main())
