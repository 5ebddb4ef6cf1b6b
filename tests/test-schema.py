# SPDX-License-Identifier: GPL-3.0-or-later
"""adieu rules schema: what is right is right by the schemas too, and what has no form is not."""
import copy
import functools
import json
import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import case as cases  # noqa: E402
import tap  # noqa: E402
from tap import case, equal, true  # noqa: E402

try:
    import jsonschema
    import yaml
except ImportError:
    jsonschema = None

TOP = cases.TOP


def needs_validator():
    if not jsonschema:
        raise tap.Skip("python3-jsonschema or python3-yaml is not installed")


class Loader(yaml.SafeLoader if jsonschema else object):
    """As the YAML language server reads: YAML 1.2, where dates, `off` and `22:30` are texts."""


if jsonschema:
    Loader.yaml_implicit_resolvers = {}
    for name, expression, first in (("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"), ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
                                    ("float", r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)$", "-+.0123456789"), ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""])):
        Loader.add_implicit_resolver("tag:yaml.org,2002:" + name, re.compile(expression), list(first))


def load(text):
    return yaml.load(text, Loader)


@functools.lru_cache(None)
def schema(name):
    p = subprocess.run([cases.ADIEU, "rules", "schema", name], capture_output=True, text=True, env={})
    equal((p.returncode, p.stderr), (0, ""))
    return json.loads(p.stdout)


def errors(name, value):
    return ["%s: %s" % ("/".join(map(str, e.absolute_path)), e.message[:200]) for e in jsonschema.Draft7Validator(schema(name)).iter_errors(value)]


def right(name, text, what):
    equal(errors(name, load(text)), [], what)


@case("each schema is a schema; rules are the default, other names are refused")
def schemas(w):
    needs_validator()
    for name in ("rules", "adieu", "clients"):
        jsonschema.Draft7Validator.check_schema(schema(name))
        true("null" not in [json.dumps(x) for x in walk(schema(name))], "a type that nobody knows")
    p = subprocess.run([cases.ADIEU, "rules", "schema"], capture_output=True, text=True)
    equal(json.loads(p.stdout), schema("rules"))
    p = subprocess.run([cases.ADIEU, "rules", "schema", "client"], capture_output=True, text=True)
    equal(p.returncode, 2)
    true('did you mean "clients"' in p.stderr, p.stderr)


def walk(x):
    yield x
    for y in x.values() if isinstance(x, dict) else x if isinstance(x, list) else ():
        yield from walk(y)


def resolved(s):
    """Every reference leads somewhere."""
    for x in walk(s):
        if isinstance(x, dict) and isinstance(x.get("$ref"), str):
            true(x["$ref"].split("/")[-1] in s["definitions"], x["$ref"])


@case("every reference leads to a definition")
def references(w):
    for name in ("rules", "adieu", "clients"):
        resolved(schema(name))


def good_rule_files():
    for folder in ("rules/packs", "tests/coverage", "tests/rules"):
        yield from sorted((TOP / folder).glob("*.yaml"))


@case("the shipped packs, the configurations and the examples of the manual fit")
def shipped(w):
    needs_validator()
    true(len(list((TOP / "rules/packs").glob("*.yaml"))) >= 3)
    for path in good_rule_files():
        right("rules", path.read_text(), path)
    for path in ("contrib/adieu.yaml", "contrib/sample/adieu.yaml"):
        if (TOP / path).exists():
            right("adieu", (TOP / path).read_text(), path)
    right("adieu", cases.DEFAULT_CONFIG, "the configuration of the tests")
    n = 0
    for page, name in (("adieu-rules.5.in", "rules"), ("adieu.yaml.5.in", "adieu")):
        for block in re.findall(r"^\.Bd -literal[^\n]*\n(.*?)^\.Ed", (TOP / "contrib/man" / page).read_text(), re.M | re.S):
            for text in re.sub(r"\\e", r"\\", re.sub(r"^\\&", "", block, flags=re.M)).split("\n\n"):
                manual_example(name, text)
                n += 1
    true(n >= 4, n)


def manual_example(name, text):
    if text.startswith("#!"):
        return  # a program
    value = load(text)
    if not isinstance(value, dict):
        return  # not YAML but a file of words
    if name == "rules" and {"tests", "measure", "match", "sequence"} & set(value):
        # A piece of a rule.
        kind = {} if {"measure", "match", "sequence"} & set(value) else {"match": {"fact": "thanks.received"}}
        value = {"version": 1, "rules": [{"id": "x", **kind, **value}]}
    which = "rules" if "version" in value or "lists" in value else "adieu"
    if which == "adieu" and "owner" not in value:
        value = {"owner": {"addresses": ["a@b.example"], "time_zone": "UTC"}, **value}
    equal(errors(which, {"version": 1, **value} if which == "rules" else value), [], text)


# What only who knows rules, clients, parameters and time can tell, not the form of a file.
MEANING = """
absent-no-within by-field cycle duplicate-id duplicate-key exception-until field-of-another-fact first-absent for-both for-every for-half for-impossible
for-zero from-field from-type not-before-field not-before-alone from-unknown in-scalar inhibits inhibits-cycle list-without-words lists-unknown needs one-step param-default-unfit param-misused param-none param-not-whole param-range param-share range-empty param-unknown
same-field same-not-shared self-cycle share-above-one working-time step-names tab title-language unknown-client unknown-client-in unknown-list unknown-rule
""".split()


@case("broken files whose fault is one of form do not fit")
def broken(w):
    needs_validator()
    fit = []
    for path in sorted((TOP / "tests/rules-broken").glob("*.yaml")):
        try:
            value = load(path.read_bytes())
        except (yaml.YAMLError, UnicodeError, ValueError):
            continue
        if not errors("rules", value):
            fit.append(path.stem)
    print("# fit:", " ".join(fit))
    strangers = [f for f in fit if f not in MEANING]
    equal(strangers, [])


@case("the manual has every key, fact and field that the schemas have")
def manual(w):
    build = pathlib.Path(os.environ.get("abs_top_builddir", TOP))
    pages = [build / "contrib/man" / name for name in ("adieu-rules.5", "adieu.yaml.5")]
    if not all(p.exists() for p in pages):
        raise tap.Skip("the manual is not built here")
    rules, settings = (p.read_text() for p in pages)
    definitions = schema("rules")["definitions"]
    prefixes = set(re.findall(r'^\s*\{"([a-z-]+)\.', (TOP / "rules/rule_keys.c").read_text(), re.M))
    true(len(prefixes) > 15, str(prefixes))
    for prefix in prefixes:
        for name in definitions[prefix]["properties"]:
            true('"%s.%s"' % (prefix, name) in rules, prefix, name)
    for name in definitions["example"]["properties"]:
        true(".It Li %s\n" % name in rules, name)
    for name in definitions["field"]["enum"]:
        true(".It Li %s Pq" % name in rules, name)
    for prefix, definition in (("owner", "owner"), ("clients[]", "client")):
        for name in definitions[definition]["properties"]:
            true('"%s.%s"' % (prefix, name) in settings, prefix, name)


OWNER = {"addresses": ["a@b.example"], "time_zone": "Europe/Paris"}
BROKEN_SETTINGS = [
    {}, {"owner": {}}, {"owner": {**OWNER, "adresses": []}}, {"owner": OWNER, "client": []}, {"owner": OWNER, "clients": {"id": "a"}},
    {"owner": OWNER, "clients": [{"id": "a"}]}, {"owner": OWNER, "clients": [{"id": "A b", "match": "@a.example"}]},
    {"owner": OWNER, "sources": [{"name": "x"}]}, {"owner": OWNER, "sources": [{"maildir": "/m", "mbox": "/n"}]},
    {"owner": {**OWNER, "hours": ["09:00-12:00"]}}, {"owner": {**OWNER, "absences": [{"from": "2026-01-01"}]}},
    {"owner": OWNER, "rules": {"x": {"moode": "off"}}}, {"owner": OWNER, "digest": {"password": {"command": "a", "file": "b"}}},
    {"owner": OWNER, "clients": [{"id": "a", "match": "@a.example", "pauses": [{"until": "2026-01-01"}]}]},
]


@case("a configuration whose fault is one of form does not fit, and the program says so too")
def broken_settings(w):
    needs_validator()
    equal(errors("adieu", {"owner": OWNER, "rules": {"x": {"mode": "off"}}}), [])
    for value in BROKEN_SETTINGS:
        true(errors("adieu", value), "fits:", str(value))
        w.config.write_text(json.dumps(value))
        p = subprocess.run([cases.ADIEU, "-c", str(w.config), "rules", "check"], env=w.env, capture_output=True, text=True)
        equal(p.returncode, 1, str(value) + p.stderr)


FULL = (pathlib.Path(__file__).resolve().parent / "rules-full.yaml")


def paths(value, at=()):
    """Every key of a tree, as the way to it."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        if isinstance(value, dict):
            yield at + (key,)
        yield from paths(inner, at + (key,))


def without(value, path):
    value = copy.deepcopy(value)
    parent = value
    for key in path[:-1]:
        parent = parent[key]
    del parent[path[-1]]
    return value


@case("a file with every key there is: whatever key is taken away, schema and rules check are of one mind")
def one_mind(w):
    needs_validator()
    full = load(FULL.read_text())
    equal(errors("rules", full), [])
    keys = set(re.findall(r'^\s*\{"([a-z-]+)\.', (TOP / "rules/rule_keys.c").read_text(), re.M))
    names = {n for k in keys - {"client-exception", "override"} for n in schema("rules")["definitions"][k]["properties"]}
    written = {p[-1] for p in paths(full)}
    equal(sorted(names - written), [], "the file lacks keys")
    # Both must say the same of each file with one key less, but for what is a matter of meaning.
    n = 0
    w.write("words.txt", b"one\n")
    for path in paths(full):
        less = without(full, path)
        fits = not errors("rules", less)
        target = w.write("less.yaml", json.dumps(less, ensure_ascii=False).encode())
        p = subprocess.run([cases.ADIEU, "--json", "-c", str(w.config), "rules", "check", str(target)], env=w.env, capture_output=True, text=True)
        codes = {json.loads(l)["code"] for l in p.stdout.splitlines() if json.loads(l).get("level") == "error"}
        # A step that is absent needs its `within`, a measure of a field its `field`, `for` both `of` and `every`: more than the schema says.
        form = codes & {"missing-key", "kind-missing", "unknown-key"} and path[-1] not in ("within", "field", "of", "every")
        true(not (form and fits) and (fits or codes), "/".join(map(str, path)), "schema:", "fits" if fits else "does not fit", "check:", str(codes))
        n += 1
    true(n > 60, n)


if __name__ == "__main__":
    tap.main()
