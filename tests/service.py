# SPDX-License-Identifier: GPL-3.0-or-later
"""A running adieud that a test can listen to, and mail that makes it speak."""
import atexit
import datetime
import json
import os
import select
import signal
import socket
import subprocess
import threading

import case as cases
from tap import PATIENCE, eventually

ADIEUD = os.environ.get("ADIEUD", os.path.join(os.path.dirname(cases.ADIEU), "adieud"))


def evening_mail(number, days_ago):
    """A client writes on a Saturday night."""
    day = datetime.date.today() - datetime.timedelta(days=days_ago)
    day -= datetime.timedelta(days=(day.weekday() - 5) % 7)
    when = datetime.datetime(day.year, day.month, day.day, 21, 30, tzinfo=datetime.timezone.utc)
    stamp = when.strftime("%a, %d %b %Y %H:%M:%S +0000")
    return ("Received: from mx.dupont.example by mail.studio.example; %s\nFrom: Jean <jean@dupont.example>\n"
            "To: camille@studio.example\nSubject: Secret words %d\nDate: %s\nMessage-ID: <night%d@dupont.example>\n\n"
            "I have seen the draft and it looks fine to me so far.\n" % (stamp, number, stamp, number)).encode()


RUNNING = []


@atexit.register
def end_all():
    """A case that failed leaves no service behind."""
    for process in RUNNING:
        if process.poll() is None:
            process.kill()


class Service:
    """A running adieud that one can listen to."""

    def __init__(self, w, arguments=(), **environment):
        self.w = w
        self.path = str(w.folder / "notify")
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.setblocking(False)
        self.said = []
        # Heard all the time, as systemd does: the socket holds a few words only, and whoever speaks waits when it is full.
        self.over, over = os.pipe()
        self.ear = threading.Thread(target=self.hear, daemon=True)
        self.ear_over = over
        self.ear.start()
        self.log = open(w.folder / "log", "ab")
        env = dict(w.env, NOTIFY_SOCKET=self.path, **environment)
        self.process = subprocess.Popen([ADIEUD, "-c", str(w.config), *arguments], env=env, cwd=w.folder, stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log)
        RUNNING.append(self.process)

    def hear(self):
        while True:
            ready, _, _ = select.select([self.socket, self.over], [], [])
            try:
                self.said += self.socket.recv(65536).decode().split("\n")
            except BlockingIOError:
                if self.over in ready:
                    return

    def listen(self):
        return self.said

    def until(self, what, check, known=lambda: ""):
        """What must come while it runs. A service that has ended is not waited for; and when it does not come, all that is known is told."""
        def look():
            ended = self.process.poll()
            found = check()
            if not found and ended is not None:
                raise AssertionError("ended with %s before: %s" % (ended, what))
            return found
        try:
            return eventually(what, look)
        except AssertionError as e:
            raise AssertionError("%s\n%s\nsaid: %s\nlog: %s" % (e, known(), self.listen()[-20:], self.errors()[-3000:])) from e

    def hears(self, what, since=0):
        self.until("hears " + what, lambda: any(what in line for line in self.listen()[since:]))

    def errors(self):
        return (self.w.folder / "log").read_text(errors="replace")

    def rests(self):
        """Its last pass is over."""
        self.hears("alerts open")

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        os.close(self.ear_over)
        self.ear.join()
        os.close(self.over)
        self.socket.close()
        self.log.close()
        return code


def told(w):
    path = w.folder / "state" / "adieu" / "alerts.jsonl"
    # A line that is written just now is not told yet.
    return [json.loads(line) for line in path.read_text().splitlines(True) if line.endswith("\n")] if path.exists() else []
