# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rule language must be able to say: each wish a rule of at most twelve lines in tests/coverage, the first of its file, with tests for
what fires, what just misses, and a fact that arrives late. They pass through the real evaluation, by `adieu rules test`."""
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import case as cases  # noqa: E402
import tap  # noqa: E402
from tap import case, equal, true  # noqa: E402

FOLDER = cases.TOP / "tests/coverage"
LINES_MAX = 12
ROWS = 17


def first_rule(text):
    """(lines of the first rule but its tests, names of those)"""
    rule = re.split(r"(?m)^  - id: ", text)[1]
    body, _, rest = rule.partition("    tests:\n")
    return [line for line in ("  - id: " + body).splitlines() if line.strip()], re.findall(r"(?m)^      - name: \"?(.*)", rest)


def faults(text):
    lines, names = first_rule(text)
    found = ["%d lines" % len(lines)] if len(lines) > LINES_MAX else []
    if len(names) < 3:
        found.append("%d tests" % len(names))
    return found + ["no test of what " + kind for kind in ("fires", "just misses", "late fact") if not any(n.startswith(kind) for n in names)]


def run(w, path, want):
    p = subprocess.run([cases.ADIEU, "-c", str(w.config), "rules", "test", str(path)], env=w.env, cwd=w.folder, capture_output=True, text=True,
                       timeout=tap.TIMEOUT)
    equal(p.returncode, want, p.stdout + p.stderr)
    return p.stdout


@case("seventeen rules, each short, each with its tests")
def shape(w):
    files = sorted(FOLDER.glob("*.yaml"))
    equal([f.name[:2] for f in files], ["%02d" % n for n in range(1, ROWS + 1)])
    for f in files:
        equal(faults(f.read_text()), [], f.name)


@case("each passes its tests")
def passes(w):
    for f in sorted(FOLDER.glob("*.yaml")):
        names = re.findall(r"(?m)^      - name: ", f.read_text())
        equal(run(w, f, 0).splitlines()[-1], "%d passed, 0 failed" % len(names), f.name)


@case("a rule that is too long, one that lacks a test, and one that fails are found")
def found(w):
    text = (FOLDER / "14-client-late.yaml").read_text()
    equal(faults(text.replace("      over: 60d\n", "      over: 60d\n" + "      # why\n" * 10)), ["16 lines"])
    cut = text[:text.index("      - name: \"late fact")]
    equal(faults(cut), ["2 tests", "no test of what late fact"])
    true("2 passed, 1 failed" in run(w, w.write("rules.d/other.yaml", text.replace("minutes: 9}", "minutes: 10}").encode()), 1))


tap.main()
