# SPDX-License-Identifier: GPL-3.0-or-later
"""The send role against servers that do everything wrong: every fault has one outcome, the stage in it is true, and no secret is said to whom it must
not be said to. The servers keep a log of every line they hear (smtpsink.py)."""
import concurrent.futures
import copy
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import certificates  # noqa: E402
import tap  # noqa: E402
from smtpsink import Sink  # noqa: E402
from tap import Skip, case, equal, true  # noqa: E402

RUN = os.path.join(os.environ.get("abs_top_builddir", "."), "tests", "run-send")
START, CONNECT, TLS, AUTH, FROM, RECIPIENT, DATA, UNKNOWN, DONE = range(9)
USER, SECRET, TO = "camille@studio.example", "hunter2 \"\\é", "camille@studio.example"
MAIL = b"From: camille@studio.example\nTo: camille@studio.example\nSubject: x\n\nhello\n"
LOGIN = {"mechanisms": "PLAIN LOGIN", "login": {USER: SECRET}}
# For what ends by the time allowed only, in milliseconds: short enough to wait for, then long enough for any machine.
PATIENCES = (2000, 16000, 128000)
CA = None


def ca():
    """One authority for the whole run."""
    global CA
    if CA is None:
        CA = tempfile.TemporaryDirectory(prefix="adieu-ca-")
        try:
            certificates.certificates(CA.name)
        except (OSError, subprocess.CalledProcessError) as e:
            raise Skip("no openssl here: %s" % e)
    return CA.name


def secure(kind, name="good", **options):
    return Sink(tls=kind, certificate=os.path.join(ca(), name + ".pem"), **{**LOGIN, **options})


class Sent:
    def __init__(self, outcome, finals, output):
        self.__dict__.update(outcome)
        self.finals, self.output = finals, output

    def __repr__(self):
        return "%r final %d" % ({k: v for k, v in self.__dict__.items() if k != "output"}, self.finals)


def configure(w, port, scheme="smtps", user=True, **keys):
    """adieu.yaml with a digest; keys are written as they are."""
    secret = w.folder / "secret"
    secret.write_text(SECRET + "\n")
    secret.chmod(0o600)
    lines = ["owner: {addresses: [camille@studio.example], time_zone: Europe/Paris}", "digest:"]
    if port:
        host = keys.pop("host", "localhost")
        lines.append("  smtp: \"%s://%s%s:%d\"" % (scheme, "camille%40studio.example@" if user else "", host, port))
        if user:
            keys.setdefault("password", "{file: secret}")
        if scheme == "smtps" or keys.get("tls") == "starttls":
            keys.setdefault("ca", os.path.join(ca(), "ca.pem"))
    lines += ["  %s: %s" % (k, v) for k, v in keys.items() if v is not None]
    w.config.write_text("\n".join(lines) + "\n")


def start(w, *options, mail=MAIL, sender="camille@studio.example", to=TO, patience=None):
    (w.folder / "mail").write_bytes(mail)
    return subprocess.Popen([RUN] + (["--patience", patience] if patience else []) + list(options) + ["--", str(w.config), str(w.folder / "mail"), sender, to],
                            env=w.env, cwd=w.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(p):
    out, err = p.communicate(timeout=tap.TIMEOUT)
    equal(p.returncode, 0, out + err)
    lines = out.splitlines()
    outcomes = [json.loads(line) for line in lines if line.startswith("{")]
    equal(len(outcomes), 1, out)
    true(SECRET not in out + err, "the secret was told")
    true("Sanitizer" not in err and "runtime error" not in err, err)
    return Sent(outcomes[0], lines.count("final"), out + err)


def send(w, *options, **arguments):
    return finish(start(w, *options, **arguments))


def is_outcome(sent, stage, code=0, permanent=False, configuration=False, words=""):
    equal((sent.stage, sent.code, sent.permanent, sent.configuration), (stage, code, permanent, configuration), sent)
    true(words in sent.text, sent)
    true(sent.finals == (1 if stage >= UNKNOWN or (stage == DATA and code) else 0) or stage == DATA, sent)


def no_secret_said(sink):
    """Nobody tried to log in: not a word of AUTH, let alone the secret."""
    true(not any(line.upper().startswith("AUTH") for line in sink.log), sink.log)


# --- what works


@case("TLS from the first byte, STARTTLS, and in clear to this machine: the mail arrives as it is, once, after a login")
def ways(w):
    for kind, scheme, keys in (("implicit", "smtps", {}), ("starttls", "smtp", {"tls": "starttls"}), (None, "smtp", {})):
        with (secure(kind) if kind else Sink(**LOGIN)) as sink:
            configure(w, sink.port, scheme, **keys)
            is_outcome(send(w), DONE, 250, words="2.0.0 kept")
            equal(len(sink.mails), 1)
            mail = sink.mails[0]
            equal((mail.sender, mail.recipient, mail.user, mail.tls), ("<camille@studio.example>", "<%s>" % TO, USER, kind is not None))
            equal(mail.data, MAIL.replace(b"\n", b"\r\n"))
            true("SIZE=" in mail.parameters and "8BIT" not in mail.parameters and "UTF8" not in mail.parameters, mail.parameters)
            if kind == "starttls":
                equal(sink.log[:4], ["EHLO [127.0.0.1]", "STARTTLS", "(TLS)", "EHLO [127.0.0.1]"])
            deadline = time.monotonic() + tap.TIMEOUT
            while sink.log[-1] != "(end)" and time.monotonic() < deadline:
                time.sleep(0.01)
            equal(sink.log[-2:], ["QUIT", "(end)"])


@case("each way to log in, taken and refused; the best for a password is never one for a token; long tokens go in two steps")
def logins(w):
    token = "ya29." + "x" * 900
    for offered, auth, secret, said in (
            ("PLAIN LOGIN XOAUTH2", None, SECRET, "AUTH PLAIN "), ("LOGIN XOAUTH2", None, SECRET, "AUTH LOGIN"), ("PLAIN LOGIN", "login", SECRET, "AUTH LOGIN"),
            ("PLAIN XOAUTH2", "xoauth2", "token", "AUTH XOAUTH2 "), ("OAUTHBEARER", "oauthbearer", "token", "AUTH OAUTHBEARER "),
            ("XOAUTH2", "xoauth2", token, "AUTH XOAUTH2"), ("OAUTHBEARER", "oauthbearer", token, "AUTH OAUTHBEARER")):
        for right in (True, False):
            with secure("implicit", mechanisms=offered, login={USER: secret if right else "other"}) as sink:
                configure(w, sink.port, auth=auth)
                (w.folder / "secret").write_text(secret + "\n")
                sent = send(w)
                tried = [line for line in sink.log if line.startswith("AUTH")]
                equal(len(tried), 1, sink.log)
                true(tried[0].startswith(said) and (len(secret) < 100 or tried[0] == said), tried)
                if right:
                    is_outcome(sent, DONE, 250)
                    equal(sink.mails[0].user, USER)
                else:
                    is_outcome(sent, AUTH, 535, configuration=True, words="the login")
                    equal(sink.mails, [])


@case("a login that is not offered is not tried; a login without TLS is not either; a name with commas and equal signs is understood")
def logins_not_offered(w):
    for offered, auth, words in (("XOAUTH2 GSSAPI", None, "only by XOAUTH2 GSSAPI"), ("PLAIN", "xoauth2", "no login by xoauth2"), ("", None, "no login")):
        with secure("implicit", mechanisms=offered) as sink:
            configure(w, sink.port, auth=auth)
            is_outcome(send(w), AUTH, configuration=True, words=words)
            no_secret_said(sink)
    with secure("implicit", mechanisms="OAUTHBEARER", login={"a=b,c": SECRET}) as sink:
        configure(w, sink.port, user=False, auth="oauthbearer", password="{file: secret}")
        w.config.write_text(w.config.read_text() + "  user: \"a=b,c\"\n")
        is_outcome(send(w), DONE, 250)


@case("without a user and a password nobody logs in")
def nobody(w):
    with secure("implicit") as sink:
        configure(w, sink.port, user=False)
        is_outcome(send(w), DONE, 250)
        no_secret_said(sink)


@case("dots at the start of lines, LF and CR alone, lines of 998 and of 5000 bytes, no last line end, an empty mail: what arrives is what was meant")
def bodies(w):
    long, longer = b"x" * 998, b"y" * 5000
    for mail, want in (
            (b".\n..\n.x\r\na\n.\n", b".\r\n..\r\n.x\r\na\r\n.\r\n"), (b"a\rb\r\rc\r\n\n\r\nd", b"a\r\nb\r\n\r\nc\r\n\r\n\r\nd\r\n"),
            (long + b"\n." + longer + b"\n", long + b"\r\n." + longer + b"\r\n"), (b"", b""), (b"\n", b"\r\n"), (b"x\r", b"x\r\n"),
            (b"ab.\n" * 60000, b"ab.\r\n" * 60000)):
        with Sink() as sink:
            configure(w, sink.port, "smtp", user=False)
            is_outcome(send(w, mail=mail), DONE, 250)
            equal(sink.mails[0].data, want)


@case("eight-bit mail, and addresses and headers in other letters: said when the server can, told when it cannot")
def letters(w):
    body, header = "x: y\n\né\n".encode(), "Subject: é\n\nx\n".encode()
    for extensions, mail, to, parameters, words in (
            (["8BITMIME"], body, TO, "BODY=8BITMIME", ""), (["SIZE"], body, TO, None, "no mail with other letters"),
            (["8BITMIME", "SMTPUTF8"], header, TO, "BODY=8BITMIME SMTPUTF8", ""), (["8BITMIME"], header, TO, None, "no addresses"),
            (["8BITMIME", "SMTPUTF8"], MAIL, "rené@müller.example", "SMTPUTF8", ""), (["8BITMIME"], MAIL, "rené@müller.example", None, "no addresses")):
        with Sink(extensions=extensions) as sink:
            configure(w, sink.port, "smtp", user=False)
            sent = send(w, mail=mail, to=to)
            if parameters:
                is_outcome(sent, DONE, 250)
                equal(sink.mails[0].parameters.split(" ", 1)[-1] if "SIZE=" in sink.mails[0].parameters else sink.mails[0].parameters, parameters)
            else:
                is_outcome(sent, FROM, permanent=True, words=words)
                true(not any("MAIL" in line for line in sink.log), sink.log)


@case("a mail larger than the server takes is refused before a byte of it is sent")
def size(w):
    with Sink(extensions=["SIZE 1000"]) as sink:
        configure(w, sink.port, "smtp", user=False)
        is_outcome(send(w, mail=b"x\n" * 400), FROM, 552, permanent=True, words="1000")
        true(not any("MAIL" in line for line in sink.log), sink.log)
        is_outcome(send(w, mail=b"x\n" * 300), DONE, 250)


@case("aiosmtpd, which is nobody's of ours, takes mails over TLS and STARTTLS with a login")
def another_server(w):
    try:
        probe = subprocess.run(["/usr/bin/python3", "-c", "import aiosmtpd"], capture_output=True)
    except OSError:
        probe = None
    if not probe or probe.returncode != 0:
        raise Skip("no aiosmtpd")
    for kind, scheme, keys in (("implicit", "smtps", {}), ("starttls", "smtp", {"tls": "starttls"})):
        box = w.folder / ("box-" + kind)
        p = subprocess.Popen(["/usr/bin/python3", str(pathlib.Path(__file__).parent / "aiosmtpd-server.py"), kind, ca(), USER, SECRET, str(box)],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            configure(w, int(p.stdout.readline()), scheme, **keys)
            is_outcome(send(w, mail=b"Subject: x\n\n.dot\n"), DONE, 250)
            (w.folder / "secret").write_text("wrong\n")
            is_outcome(send(w), AUTH, 535, configuration=True)
        finally:
            p.kill()
            p.wait()
        equal(box.read_bytes(), b"Subject: x\r\n\r\n.dot\r\n")


@case("a try goes as far as the recipient and sends nothing; what is wrong is told as when a mail is sent")
def tries(w):
    for options, stage, code in ((dict(), DONE, 250), (dict(replies={"rcpt": "550 5.1.1 nobody"}), RECIPIENT, 550),
                                 (dict(login={USER: "other"}), AUTH, 535), (dict(close="mail"), FROM, 0)):
        with Sink(**{**LOGIN, **options}) as sink:
            configure(w, sink.port, "smtp")
            sent = send(w, "--try")
            equal((sent.stage, sent.code, sent.finals), (stage, code, 0), sent)
            wait_for(lambda: sink.log and sink.log[-1] == "(end)")
            true("DATA" not in sink.log, sink.log)
    configure(w, None, sendmail="/bin/true")
    equal(start(w, "--try").wait(), 1)


@case("`adieu check` tries the digest's way for each recipient, and says what is wrong")
def check(w):
    with Sink(**LOGIN) as sink:
        configure(w, sink.port, "smtp", to="[camille@studio.example, other@studio.example]")
        r = w.run("check")
        equal((r.returncode, r.stdout.count("fine   digest"), r.stderr), (0, 2, ""), r)
        equal([line for line in sink.log if line.startswith(("RCPT", "DATA"))], ["RCPT TO:<camille@studio.example>", "RCPT TO:<other@studio.example>"])
    with Sink(**{**LOGIN, "login": {}}) as sink:
        configure(w, sink.port, "smtp")
        r = w.run("check", "--json")
        said = json.loads(r.stdout)
        equal((r.returncode, said["check"], said["kind"], said["name"], said["fine"]), (1, "delivery", "digest", TO, False), r)
        true("refused the login: 535" in said["text"] and SECRET not in r.stdout + r.stderr, r)


# --- refusals and lost connections

STEPS = (("greeting", CONNECT), ("ehlo", CONNECT), ("starttls", TLS), ("auth", AUTH), ("mail", FROM), ("rcpt", RECIPIENT), ("data", DATA), ("dot", DATA))


def step_sink(step, **options):
    """In clear where that shows the same: handshakes take time."""
    return secure("starttls", **options) if step == "starttls" else Sink(**{**LOGIN, **options})


def step_configure(w, sink, step):
    configure(w, sink.port, "smtp", **({"tls": "starttls"} if step == "starttls" else {}))


@case("4xx and 5xx at every step: what is the mail's fault is for ever, what is the account's is for the owner to mend")
def refusals(w):
    for step, stage in STEPS:
        for code in (451, 550):
            with step_sink(step, replies={step: "%d-4.3.0 not\r\n%d now" % (code, code)}) as sink:
                step_configure(w, sink, step)
                about_mail = stage >= FROM
                is_outcome(send(w), stage, code, permanent=code == 550 and about_mail, configuration=code == 550 and not about_mail,
                           words="%d 4.3.0 not now" % code)
                equal(sink.mails, [])
    with Sink(replies={"mail": "530 5.7.0 authentication required"}) as sink:
        configure(w, sink.port, "smtp", user=False)
        is_outcome(send(w), FROM, 530, configuration=True)


@case("the connection is cut at every step: nothing was sent, and that is known; after the final dot nobody knows, and that is said")
def cuts(w):
    for step, stage in STEPS[:-1] + (("in-data", DATA), ("dot", UNKNOWN), ("accepted", UNKNOWN)):
        with step_sink(step, close=step) as sink:
            step_configure(w, sink, step)
            sent = send(w)
            # A server may read on for a moment after it has lost its mind: the dot can be out before the end is seen.
            if step == "in-data" and sent.stage == UNKNOWN:
                stage = UNKNOWN
            is_outcome(sent, stage, words="nobody knows" if stage == UNKNOWN else "")
            equal(len(sink.mails), 1 if step == "accepted" else 0, step)


@case("silence, one byte at a time, lines and pages without an end, garbage: over within the time and the bytes allowed")
def endless(w):
    def one(fault, words, step, stage):
        here = copy.copy(w)
        here.folder = w.folder / (fault + step)
        here.folder.mkdir()
        here.config = here.folder / "adieu.yaml"
        # What takes up bytes is to be stopped by their number.
        for patience in PATIENCES if words == "in time" else PATIENCES[-1:]:
            with Sink(**{**LOGIN, fault: step}) as sink:
                configure(here, sink.port, "smtp")
                sent = send(here, patience=str(patience))
            # On a busy machine a step before it took too long, or the start of the role.
            if (sent.stage == stage and words in sent.text) or patience == PATIENCES[-1]:
                return is_outcome(sent, stage, words=words)

    # Most of the time is spent waiting: all at once.
    with concurrent.futures.ThreadPoolExecutor(25) as threads:
        tries = [threads.submit(one, fault, words, step, stage)
                 for fault, words in (("stall", "in time"), ("drip", "in time"), ("flood", "more than any answer needs"),
                                      ("pages", "more than any answer needs"), ("garbage", "as a mail server does"))
                 for step, stage in (("greeting", CONNECT), ("ehlo", CONNECT), ("auth", AUTH), ("rcpt", RECIPIENT), ("dot", UNKNOWN))]
        for t in tries:
            t.result()


@case("a role that hangs although its own limits have passed is killed by the core, at the stage it was in")
def stopped_role(w):
    for patience in PATIENCES:
        with Sink(stall="rcpt", **LOGIN) as sink:
            configure(w, sink.port, "smtp")
            p = start(w, patience=str(patience))
            wait_for(lambda: any(line.startswith("RCPT") for line in sink.log) or p.poll() is not None)
            for pid in children(p.pid):
                try:
                    os.kill(pid, signal.SIGSTOP)
                except ProcessLookupError:
                    pass
            sent = finish(p)
            # On a busy machine its own limits passed first.
            if "silent for too long" in sent.text and sent.stage == RECIPIENT or patience == PATIENCES[-1]:
                return is_outcome(sent, RECIPIENT, words="silent for too long")


@case("nobody listens; the host has no name; both are told and tried again")
def unreachable(w):
    with socket.socket() as taken:  # and by nobody else meanwhile
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        configure(w, port, "smtp", user=False)
        is_outcome(send(w), CONNECT, words="cannot be reached on port %d" % port)
    configure(w, port, "smtp", user=False, host="nowhere.invalid", tls="none")
    sent = send(w)
    equal((sent.stage, sent.code, sent.permanent, sent.configuration), (CONNECT, 0, False, False), sent)
    true("nowhere.invalid" in sent.text, sent)


# --- certificates


@case("certificates that are expired, signed by themselves, for another host or by nobody we know: refused before a word about the account is said")
def certificates_refused(w):
    for name, words in (("expired", "expired on 20"), ("own", "vouches for its certificate itself"), ("wrong", "is for \"elsewhere.example\", not for localhost"),
                        ("untrusted", "vouched for by \"other\"")):
        for kind, scheme, keys in (("implicit", "smtps", {}), ("starttls", "smtp", {"tls": "starttls"})):
            with secure(kind, name) as sink:
                configure(w, sink.port, scheme, **keys)
                is_outcome(send(w), TLS, configuration=True, words=words)
                no_secret_said(sink)
                true("(TLS)" not in sink.log, sink.log)


@case("the system's authorities do not know ours; a CA file that is missing or empty is told")
def trust(w):
    with secure("implicit") as sink:
        configure(w, sink.port, ca=None)
        w.config.write_text("".join(line for line in w.config.read_text().splitlines(True) if "ca:" not in line))
        sent = send(w)
        equal((sent.stage, sent.configuration), (TLS, True), sent)
        no_secret_said(sink)
        for content, words in ((None, "cannot be read"), ("", "certificate")):
            path = w.folder / "ca.pem"
            if content is not None:
                path.write_text(content)
            configure(w, sink.port, ca=str(path))
            sent = send(w)
            equal((sent.stage, sent.configuration), (TLS, True), sent)
            true("ca.pem" in sent.text, sent)
        no_secret_said(sink)


@case("an address instead of a name: it must be in the certificate as well")
def addresses(w):
    with secure("implicit") as sink:
        configure(w, sink.port, host="127.0.0.1")
        is_outcome(send(w), DONE, 250)
    with secure("implicit", bind="127.0.0.2") as sink:
        configure(w, sink.port, host="127.0.0.2")
        is_outcome(send(w), TLS, configuration=True, words="not for 127.0.0.2")
        no_secret_said(sink)
    try:
        sink = secure("implicit", bind="::1")
    except OSError:
        return  # no IPv6 here
    with sink:
        configure(w, sink.port, host="[::1]")
        is_outcome(send(w), DONE, 250)


@case("a fingerprint names the one certificate: then nobody need vouch for it, another is refused, and with ca both must hold")
def fingerprints(w):
    own, good = certificates.fingerprint(ca(), "own"), certificates.fingerprint(ca(), "good")
    for name, pin, with_ca, works in (("own", own, False, True), ("own", good, False, False), ("own", own, True, False), ("good", good, True, True),
                                      ("good", own, True, False), ("expired", certificates.fingerprint(ca(), "expired"), False, True)):
        with secure("implicit", name) as sink:
            configure(w, sink.port, fingerprint='"%s"' % pin.upper().replace("SHA256", "sha256"))
            if not with_ca:
                w.config.write_text("".join(line for line in w.config.read_text().splitlines(True) if not line.startswith("  ca:")))
            sent = send(w)
            if works:
                is_outcome(sent, DONE, 250)
            else:
                is_outcome(sent, TLS, configuration=True)
                no_secret_said(sink)


@case("TLS 1.1 is refused, and so is a server that speaks no TLS where it should")
def old(w):
    with secure("implicit", old_tls=True) as sink:
        configure(w, sink.port)
        is_outcome(send(w), TLS, configuration=True, words="TLS")
        no_secret_said(sink)
    with Sink(**LOGIN) as sink:
        configure(w, sink.port)
        is_outcome(send(w), TLS, configuration=True, words="does not speak TLS")
        no_secret_said(sink)


@case("STARTTLS taken out of what the server offers, refused, or followed by words in clear: nothing is sent, no login is tried")
def starttls(w):
    with secure("starttls", strip=True) as sink:
        configure(w, sink.port, "smtp", tls="starttls")
        is_outcome(send(w), TLS, configuration=True, words="no STARTTLS")
        no_secret_said(sink)
        true("STARTTLS" not in sink.log, sink.log)
    for injected in (b"250 sink.test\r\n", b"x"):
        with secure("starttls", inject=injected) as sink:
            configure(w, sink.port, "smtp", tls="starttls")
            is_outcome(send(w), TLS, configuration=True, words="bytes in clear")
            no_secret_said(sink)


# --- secrets


def children(pid):
    """Those of its threads too; the role is one."""
    found = []
    try:
        for task in pathlib.Path("/proc/%d/task" % pid).iterdir():
            found += [int(x) for x in (task / "children").read_text().split()]
    except OSError:  # it ends just now
        pass
    return found


def wait_for(condition):
    deadline = time.monotonic() + tap.TIMEOUT
    while not condition():
        true(time.monotonic() < deadline, "nothing happens")
        time.sleep(0.005)


@case("while the role works, the secret is in no argument and no environment of any process")
def nowhere(w):
    with Sink(stall="mail", **LOGIN) as sink:
        configure(w, sink.port, "smtp")
        p = start(w)
        wait_for(lambda: any(line.startswith("MAIL") for line in sink.log))
        roles = children(p.pid)
        equal(len(roles), 1)
        seen = 0
        for pid in roles + [p.pid]:
            for name in ("cmdline", "environ"):
                try:
                    data = pathlib.Path("/proc/%d/%s" % (pid, name)).read_bytes()
                except PermissionError:
                    continue
                seen += 1
                for hidden in (SECRET.encode(), b"hunter2"):
                    true(hidden not in data, data)
                if pid in roles and name == "cmdline":
                    equal(data.split(b"\0")[1:], [b"--role=send", b""])
        true(seen >= 2, "nothing could be looked at")
        sink.ending = True
        for pid in roles:
            os.kill(pid, signal.SIGKILL)
        finish(p)


def memory(pid):
    """What a process has written or could write, piece by piece."""
    with open("/proc/%d/maps" % pid) as maps, open("/proc/%d/mem" % pid, "rb", 0) as mem:
        for line in maps:
            span, rights = line.split()[:2]
            if not rights.startswith("rw") or "[v" in line:
                continue
            first, last = (int(x, 16) for x in span.split("-"))
            try:
                mem.seek(first)
                yield mem.read(last - first)
            except OSError:
                continue


@case("once it was used, the secret is in no memory of ours any more: neither the core's nor the role's, by itself or in base64")
def wiped(w):
    if tap.SLOW:
        raise Skip("a sanitizer keeps what was freed")
    # Long enough that a piece of it is never there by chance.
    secret = "correct-horse-battery-staple-42"
    for mechanism, password in (("PLAIN", "{file: secret}"), ("LOGIN", "{command: [cat, secret]}"), ("XOAUTH2", "{file: secret}")):
        with Sink(stall="mail", mechanisms=mechanism, login={USER: secret}) as sink:
            configure(w, sink.port, "smtp", password=password, auth=mechanism.lower())
            (w.folder / "secret").write_text(secret + "\n")
            p = start(w)
            wait_for(lambda: any(line.startswith("MAIL") for line in sink.log))
            said = max((word for line in sink.log for word in line.split()), key=len)
            true(len(said) > 40 and "@" not in said, sink.log)
            needles = [secret[:24].encode(), secret[-24:].encode(), said[-32:].encode()]
            try:
                for pid in children(p.pid) + [p.pid]:
                    pieces = 0
                    for piece in memory(pid):
                        pieces += 1
                        for needle in needles:
                            true(needle not in piece, mechanism, pid == p.pid, piece[max(piece.find(needle) - 64, 0):][:256])
                    true(pieces > 3, "nothing could be looked at")
            except PermissionError:
                raise Skip("the memory of a process that may not be traced cannot be read here")
            finally:
                sink.ending = True
                p.kill()
                p.communicate()


@case("a server that repeats the secret in its refusal does not get it into the outcome")
def echo(w):
    for mechanisms in ("PLAIN", "LOGIN", "XOAUTH2"):
        with Sink(mechanisms=mechanisms, login={USER: "other"}, echo=True) as sink:
            configure(w, sink.port, "smtp", auth="xoauth2" if mechanisms == "XOAUTH2" else None)
            sent = send(w)
            is_outcome(sent, AUTH, 535, configuration=True)
            for line in sink.log:
                for word in line.split():
                    true(len(word) < 12 or word not in sent.output or "@" in word, word, sent)


@case("a credential, a command and a file give the secret; each way to lack it is told in a sentence, and nobody is connected to")
def secrets(w):
    folder = w.folder / "credentials"
    folder.mkdir()
    (folder / "smtp").write_text(SECRET)
    (folder / "empty").write_text("")
    (folder / "two").write_text(SECRET + "\nsecond\n")
    with Sink(**LOGIN) as sink:
        for password, words in (
                ("{credential: smtp}", None), ("{command: [sh, -c, \"cat secret; echo other; echo noise >&2\"]}", None), ("{file: secret}", None),
                ("{credential: none}", "LoadCredential=none"), ("{credential: empty}", "empty"), ("{credential: two}", "more than one line"),
                ("{command: [sh, -c, \"cat secret; exit 3\"]}", "ended with status 3"), ("{command: [/nonexistent/x]}", "\"/nonexistent/x\" cannot be run: No such file"), ("{command: ['true']}", "empty"),
                ("{command: [sh, -c, \"kill -9 $$\"]}", "signal 9"), ("{command: [sh, -c, \"yes\"]}", "more than a password"),
                ("{file: none}", "none"), ("{file: open}", "chmod 600"), ("{file: credentials}", "not a file")):
            configure(w, sink.port, "smtp", password=password)
            (w.folder / "open").write_text(SECRET)
            (w.folder / "open").chmod(0o644)
            w.env["CREDENTIALS_DIRECTORY"] = str(folder)
            sink.log.clear()
            sent = send(w)
            if words is None:
                is_outcome(sent, DONE, 250)
            else:
                is_outcome(sent, START, configuration=True, words=words)
                equal(sink.log, [])
                true("noise" not in sent.output, sent.output)


# --- the role dies


@case("kill -9 of the role at every step: never before the final dot is there a doubt, and after it always")
def killed(w):
    for step, stage in (("greeting", CONNECT), ("ehlo", CONNECT), ("auth", AUTH), ("mail", FROM), ("rcpt", RECIPIENT), ("data", DATA), ("dot", UNKNOWN)):
        reached = threading.Event()
        with Sink(stall=step, at={step: reached.set}, **LOGIN) as sink:
            configure(w, sink.port, "smtp")
            p = start(w)
            true(reached.wait(tap.TIMEOUT), step)
            for pid in children(p.pid):
                os.kill(pid, signal.SIGKILL)
            sent = finish(p)
            is_outcome(sent, stage, words="killed by signal 9")
            sink.ending = True


@case("what must be written down before the mail may arrive and cannot be: the dot is held back, and that is known")
def held_back(w):
    with Sink(**LOGIN) as sink:
        configure(w, sink.port, "smtp")
        sent = send(w, "--final-fails")
        equal((sent.stage, sent.permanent, sent.configuration, sent.finals), (DATA, False, False, 1), sent)
        wait_for(lambda: sink.log[-1] == "(end)")
        true("(dot)" not in sink.log, sink.log)
        equal(sink.mails, [])


@case("one mail after the other: neither memory nor descriptors grow, whether it is sent, refused or lost")
def many(w):
    for options in (dict(), dict(replies={"rcpt": "451 later"}), dict(close="dot")):
        with Sink(**{**LOGIN, **options}) as sink:
            configure(w, sink.port, "smtp")
            out, err = start(w, "--times", "60").communicate(timeout=tap.TIMEOUT)
            use = [tuple(int(x) for x in line.split()[1:]) for line in out.splitlines() if line.startswith("use")]
            equal(len(use), 60, out + err)
            equal({descriptors for _, descriptors in use}, {use[0][1]}, out)
            if not tap.SLOW:
                # What grows by a page a mail would show.
                true(use[-1][0] - use[10][0] < 20, use)


# --- programs


def program(w, text):
    path = w.folder / "sender"
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    configure(w, None, sendmail="[./sender, -x]")


@case("a program that sends gets its arguments, the sender, the recipient and the mail")
def sendmail(w):
    program(w, "printf '%s\\n' \"$@\" > arguments; cat > got; ls /proc/self/fd > fds\n")
    is_outcome(send(w), DONE)
    equal((w.folder / "arguments").read_text().split(), ["-x", "-i", "-f", "camille@studio.example", "--", TO])
    equal((w.folder / "got").read_bytes(), MAIL)
    # The last is the folder that ls reads.
    equal((w.folder / "fds").read_text().split(), ["0", "1", "2", "3"])


@case("how a program ends says what became of the mail; one that was killed after it had the mail leaves a doubt")
def sysexits(w):
    for status, stage, permanent, configuration in ((75, DATA, False, False), (67, RECIPIENT, True, False), (65, DATA, True, False), (68, RECIPIENT, True, False),
                                                    (78, START, False, True), (77, START, False, True), (127, START, False, True), (1, DATA, False, False)):
        program(w, "cat >/dev/null; echo it is so >&2; echo second; exit %d\n" % status)
        sent = send(w)
        equal((sent.stage, sent.code, sent.permanent, sent.configuration), (stage, status, permanent, configuration), sent)
        true(sent.text.endswith("status %d: it is so" % status), sent)
    for text, words, patience in (("cat >/dev/null; kill -9 $$", "was killed", PATIENCES[-1]),
                                  ("cat >/dev/null; sleep 1000 & sleep 1000", "took too long", PATIENCES[0])):
        program(w, text)
        equal((lambda s: (s.stage, words in s.text))(send(w, patience=str(patience))), (UNKNOWN, True))
    program(w, "exit 0")
    (w.folder / "sender").unlink()
    equal((lambda s: (s.stage, s.configuration, "cannot be started" in s.text))(send(w)), (START, True, True))
    program(w, "touch ran")
    sent = send(w, "--final-fails")
    equal(sent.stage, START, sent)
    true(not (w.folder / "ran").exists(), "it ran")


@case("addresses that would end a command, or be an option, are refused before anything begins")
def envelope(w):
    configure(w, None, sendmail="/bin/true")
    for to in ("a@b\r\nRCPT TO:<c@d>", "a@b c", "<a@b>", "a@b>", "ab", "@b", "a@", "-oX@b", "a\x01@b", ""):
        p = start(w, to=to)
        out, err = p.communicate()
        equal((p.returncode, out), (1, ""), to)
        true("Invalid" in err, err)


if not os.path.exists(RUN):
    print("1..0 # SKIP tests/run-send is not built")
    sys.exit(0)
tap.main()
