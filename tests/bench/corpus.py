# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a Maildir for benchmarks: corpus.py FOLDER N [SEED].

Words come with the frequencies they have in the English texts of this machine (licences, documentation), so that indexers meet a vocabulary as in
life and not random letters. Two years of mail: conversations with References, a fifth with an HTML alternative, 3 % with an attachment of
about 200 KB, one in fifty an invitation, a tenth automatic."""
import base64
import bisect
import collections
import datetime
import glob
import gzip
import itertools
import os
import random
import re
import sys

VOCABULARY_FILES = 400


def vocabulary():
    counts = collections.Counter()
    paths = sorted(glob.glob("/usr/share/common-licenses/*")) + sorted(glob.glob("/usr/share/doc/*/README*")) + sorted(glob.glob("/usr/share/doc/*/copyright"))
    for path in paths[:VOCABULARY_FILES]:
        try:
            data = (gzip.open if path.endswith(".gz") else open)(path, "rb").read(200000)
        except OSError:
            continue
        counts.update(re.findall(r"[a-z]{1,18}", data.decode("utf-8", "ignore").lower()))
    words, weights = zip(*counts.most_common(40000))
    return words, list(itertools.accumulate(weights))


class Writer:
    def __init__(self, folder, seed):
        self.random = random.Random(seed)
        self.words, self.cumulative = vocabulary()
        self.folder = folder
        for d in ("cur", "new", "tmp"):
            os.makedirs(os.path.join(folder, d), exist_ok=True)
        self.threads = collections.deque(maxlen=400)

    def word(self):
        return self.words[bisect.bisect(self.cumulative, self.random.random() * self.cumulative[-1])]

    def sentence(self):
        end = "?" if self.random.random() < 0.12 else "."
        return " ".join(self.word() for _ in range(self.random.randint(4, 22))).capitalize() + end

    def paragraph(self):
        return "\n".join(self.sentence() for _ in range(self.random.randint(1, 6)))

    def text(self):
        return "\n\n".join(self.paragraph() for _ in range(self.random.choice((1, 1, 2, 2, 3, 5, 8))))

    def attachment(self):
        data = self.random.randbytes(self.random.randint(100000, 200000))
        return base64.encodebytes(data).decode()

    def message(self, n, at):
        r = self.random
        client = "client%d.example" % r.randint(0, 39)
        person = "%s@%s" % (self.words[r.randint(200, 260)], client)
        owner = "camille@studio.example"
        mid = "<%d.%d@%s>" % (n, r.getrandbits(40), client)
        parent = r.choice(self.threads) if self.threads and r.random() < 0.6 else None
        subject = "Re: " + parent[1] if parent else self.sentence()[:60]
        refs = (parent[2] + [parent[0]])[-12:] if parent else []
        sent = r.random() < 0.35
        sender, to = (owner, person) if sent else (person, owner)
        self.threads.append((mid, subject.replace("Re: ", ""), refs))
        stamp = at.strftime("%a, %d %b %Y %H:%M:%S +0100")
        h = []
        if not sent:
            h.append("Return-Path: <%s>" % person)
            h.append("Received: from mx.%s (mx.%s [192.0.2.%d])\n\tby mail.studio.example with ESMTPS id %x\n\tfor <%s>; %s" % (client, client, r.randint(1, 250), r.getrandbits(48), owner, stamp))
            h.append("DKIM-Signature: v=1; a=rsa-sha256; d=%s; s=s1;\n\tb=%s" % (client, base64.b64encode(r.randbytes(120)).decode()))
        h += ["Message-ID: " + mid, "Date: " + stamp, "From: %s <%s>" % (sender.split("@")[0].title(), sender), "To: " + to]
        if r.random() < 0.2:
            h.append("Cc: " + ", ".join("%s@%s" % (self.words[r.randint(200, 260)], client) for _ in range(r.randint(1, 4))))
        h.append("Subject: " + subject)
        if refs:
            h += ["In-Reply-To: " + refs[-1], "References: " + "\n\t".join(refs)]
        if not sent and r.random() < 0.1:
            h.append(r.choice(("Auto-Submitted: auto-generated", "Precedence: bulk", "List-Unsubscribe: <mailto:x@%s>" % client)))
        h.append("MIME-Version: 1.0")
        text = self.text()
        if parent:
            text += "\n\nOn Monday, %s wrote:\n" % person + "".join("> %s\n" % l for l in self.text().split("\n"))
        return "\n".join(h), text, r.random(), at, client

    def write(self, n, at):
        head, text, kind, at, client = self.message(n, at)
        b = "=_%d" % n
        if kind < 0.03:
            body = "Content-Type: multipart/mixed; boundary=\"%s\"\n\n--%s\nContent-Type: text/plain; charset=utf-8\n\n%s\n--%s\nContent-Type: application/pdf; name=\"plan.pdf\"\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=\"plan.pdf\"\n\n%s--%s--\n" % (b, b, text, b, self.attachment(), b)
        elif kind < 0.05:
            start = (at + datetime.timedelta(days=3)).strftime("%Y%m%dT%H%M%SZ")
            ics = "BEGIN:VCALENDAR\nVERSION:2.0\nMETHOD:REQUEST\nBEGIN:VEVENT\nUID:bench-%d\nDTSTAMP:%s\nDTSTART:%s\nDURATION:PT1H\nSUMMARY:%s\nORGANIZER:mailto:boss@%s\nATTENDEE:mailto:camille@studio.example\nEND:VEVENT\nEND:VCALENDAR\n" % (n, at.strftime("%Y%m%dT%H%M%SZ"), start, self.sentence()[:40], client)
            body = "Content-Type: multipart/alternative; boundary=\"%s\"\n\n--%s\nContent-Type: text/plain\n\n%s\n--%s\nContent-Type: text/calendar; method=REQUEST; charset=utf-8\n\n%s--%s--\n" % (b, b, text, b, ics, b)
        elif kind < 0.25:
            html = "<html><body>" + "".join("<p>%s</p>" % p for p in text.split("\n\n")) + "</body></html>"
            body = "Content-Type: multipart/alternative; boundary=\"%s\"\n\n--%s\nContent-Type: text/plain; charset=utf-8\n\n%s\n--%s\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n%s\n--%s--\n" % (b, b, text, b, html, b)
        else:
            body = "Content-Type: text/plain; charset=utf-8\n\n" + text + "\n"
        with open(os.path.join(self.folder, "cur", "%d.M%dP1.bench:2,S" % (int(at.timestamp()), n)), "w") as f:
            f.write(head + "\n" + body)


def main():
    folder, n = sys.argv[1], int(sys.argv[2])
    w = Writer(folder, int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    start = datetime.datetime(2024, 1, 1, 8, 0)
    for i in range(n):
        w.write(i, start + datetime.timedelta(seconds=i * 2 * 365 * 86400 // n + w.random.randint(0, 600)))
        if i % 5000 == 0:
            print("\r%d of %d messages" % (i, n), end="", file=sys.stderr)
    print("\r%d messages in %s" % (n, folder), file=sys.stderr)


main()
