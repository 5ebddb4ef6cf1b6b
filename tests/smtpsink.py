# SPDX-License-Identifier: GPL-3.0-or-later
"""An SMTP server for tests, on a free port of this machine, that does what it is told to do wrong, and keeps a log of every line it was sent.

Sink(**options) starts it; .port, .log (list of lines, "(TLS)" when a handshake is done, "(end)" when a connection ended), .mails (list of Mail).
Options, all of which may be changed while it runs, and hold for connections that begin afterwards:
  tls       None, "implicit" or "starttls"; certificate: path of NAME.pem beside NAME.key; old_tls: speak TLS 1.1 only
  mechanisms  what AUTH offers; login: {user: password or token}; echo: a refused login repeats what was said
  extensions  lines of EHLO; strip: STARTTLS is not offered
  replies   {step: reply}; steps are greeting ehlo starttls auth mail rcpt data dot quit
  close     step before whose reply the connection is cut; "in-data": after the first lines of a mail; "accepted": the mail is kept, no reply
  stall     step at which nothing more is said; drip: step at which one byte comes every 50 ms, for ever
  flood     step at which a line without an end comes; pages: step at which lines without an end come; garbage: step answered with no reply
  inject    bytes sent behind the reply to STARTTLS, in the same packet
  bind      the address to listen on
  at        {step: function} called when the step is reached
"""
import base64
import collections
import socket
import ssl
import threading
import time

from tap import free_ports

Mail = collections.namedtuple("Mail", "sender recipient parameters data user tls")


class Cut(Exception):
    pass


class Session:
    def __init__(self, sink, sock):
        self.sink, self.o, self.sock = sink, dict(sink.options), sock
        self.buffer, self.tls, self.user = b"", False, None

    def option(self, name):
        return self.o.get(name)

    # --- lines

    def read_line(self):
        while b"\n" not in self.buffer:
            data = self.sock.recv(65536)
            if not data:
                raise Cut
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.rstrip(b"\r")

    def reply(self, step, text, kept=True):
        """What is said at a step, unless something else is wanted of it."""
        hook = (self.option("at") or {}).get(step)
        if hook:
            hook()
        if self.option("close") == step:
            raise Cut
        if self.option("stall") == step:
            while not self.sink.ending:
                time.sleep(0.02)
            raise Cut
        if self.option("drip") == step:
            while not self.sink.ending:
                self.sock.sendall(b"2")
                time.sleep(0.05)
        if self.option("flood") == step:
            while not self.sink.ending:
                self.sock.sendall(b"250-" + b"x" * 65536)
        if self.option("pages") == step:
            while not self.sink.ending:
                self.sock.sendall(b"250-more\r\n" * 4096)
        if self.option("garbage") == step:
            text = "\x01\xff what?"
        text = (self.option("replies") or {}).get(step, text)
        self.sock.sendall(text.encode("latin-1") + b"\r\n")
        return text

    # --- the conversation

    def wrap(self):
        name = self.option("certificate")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(name, name[:-4] + ".key")
        if self.option("old_tls"):
            import warnings
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                context.set_ciphers("DEFAULT@SECLEVEL=0")
                context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        self.sock = context.wrap_socket(self.sock, server_side=True)
        self.tls = True
        self.sink.log.append("(TLS)")

    def ehlo(self):
        lines = ["sink.test"] + list(self.option("extensions") or ("8BITMIME", "SMTPUTF8", "SIZE 1000000"))
        if self.option("tls") == "starttls" and not self.tls and not self.option("strip"):
            lines.append("STARTTLS")
        if self.option("mechanisms"):
            lines.append("AUTH " + self.option("mechanisms"))
        return "\r\n".join(f"250{'-' if i < len(lines) - 1 else ' '}{line}" for i, line in enumerate(lines))

    def ask(self, challenge):
        self.sock.sendall(b"334 " + base64.b64encode(challenge) + b"\r\n")
        line = self.read_line()
        self.sink.log.append(line.decode("latin-1"))
        return line

    def auth(self, argument):
        mechanism, _, first = argument.partition(" ")
        mechanism, said, user, secret = mechanism.upper(), first, None, None
        known = self.option("login") or {}
        try:
            if mechanism == "LOGIN":
                user = base64.b64decode(self.ask(b"Username:"), validate=True).decode()
                said = self.ask(b"Password:").decode()
                secret = base64.b64decode(said, validate=True).decode()
            else:
                said = first or self.ask(b"").decode()
                data = base64.b64decode(said, validate=True).decode()
                if mechanism == "PLAIN":
                    _, user, secret = data.split("\0")
                elif mechanism == "XOAUTH2":
                    fields = dict(f.split("=", 1) for f in data.rstrip("\1").split("\1"))
                    user, secret = fields["user"], fields["auth"].removeprefix("Bearer ")
                else:
                    header, *rest = data.rstrip("\1").split("\1")
                    assert header.startswith("n,a=") and header.endswith(","), header
                    user = header[4:-1].replace("=2C", ",").replace("=3D", "=")
                    fields = dict(f.split("=", 1) for f in rest)
                    assert fields["port"] == str(self.sink.port), fields
                    secret = fields["auth"].removeprefix("Bearer ")
        except (ValueError, KeyError, AssertionError) as e:
            self.reply("auth", f"501 5.5.2 {e!r}")
            return
        if known.get(user) == secret:
            self.user = user
            self.reply("auth", "235 2.7.0 welcome")
            return
        if mechanism in ("XOAUTH2", "OAUTHBEARER"):
            self.ask(b'{"status":"401"}')
        self.reply("auth", f"535 5.7.8 {secret} and {said} are wrong" if self.option("echo") else "535 5.7.8 wrong")

    def data(self, sender, recipient, parameters):
        if not self.reply("data", "354 go on").startswith("3"):
            return
        lines = []
        while (line := self.read_line()) != b".":
            lines.append(line[1:] if line.startswith(b".") else line)
            if self.option("close") == "in-data" and len(lines) == 2:
                raise Cut
        self.sink.log.append("(dot)")
        mail = Mail(sender, recipient, parameters, b"".join(line + b"\r\n" for line in lines), self.user, self.tls)
        planned = (self.option("replies") or {}).get("dot", "250")
        if self.option("close") != "dot" and planned.startswith("2"):
            self.sink.mails.append(mail)
        if self.option("close") == "accepted":
            raise Cut
        self.reply("dot", "250 2.0.0 kept")

    def talk(self):
        if self.option("tls") == "implicit":
            self.wrap()
        self.reply("greeting", "220 sink.test ESMTP")
        sender = recipient = parameters = None
        while True:
            line = self.read_line().decode("latin-1")
            self.sink.log.append(line)
            verb, _, argument = line.partition(" ")
            verb = verb.upper()
            if verb == "EHLO":
                self.reply("ehlo", self.ehlo())
            elif verb == "STARTTLS":
                if self.option("inject") is not None:
                    self.sock.sendall(b"220 go on\r\n" + self.option("inject"))
                elif not self.reply("starttls", "220 go on").startswith("2"):
                    continue
                self.buffer = b""
                self.wrap()
            elif verb == "AUTH":
                self.auth(argument)
            elif verb == "MAIL":
                sender, _, parameters = argument.removeprefix("FROM:").partition(" ")
                self.reply("mail", "250 2.1.0 ok")
            elif verb == "RCPT":
                recipient = argument.removeprefix("TO:")
                self.reply("rcpt", "250 2.1.5 ok")
            elif verb == "DATA":
                self.data(sender, recipient, parameters)
            elif verb == "QUIT":
                self.reply("quit", "221 2.0.0 bye")
                raise Cut
            else:
                self.reply("other", "500 5.5.1 what?")

    def run(self):
        try:
            self.talk()
        except (Cut, OSError, ssl.SSLError):
            pass
        try:
            self.sock.close()
        except OSError:
            pass
        self.sink.log.append("(end)")


class Sink:
    def __init__(self, **options):
        self.options, self.log, self.mails, self.ending, self.sessions = options, [], [], False, []
        address = options.get("bind", "127.0.0.1")
        self.listener = socket.create_server((address, free_ports(1)[0]), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = threading.Thread(target=Session(self, sock).run, daemon=True)
            self.sessions.append(thread)
            thread.start()

    def stop(self):
        self.ending = True
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self.sessions:
            thread.join(5)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
