# SPDX-License-Identifier: GPL-3.0-or-later
"""Calendar servers on loopback for the tests: radicale and xandikos as Debian has them, certificates of an authority of our own, and requests to fill them.
Each server lives in a folder of its own and is ended by its own pid."""
import base64
import hashlib
import html
import http.client
import os
import pathlib
import shutil
import ssl
import subprocess
import time

from tap import free_ports

USER, PASSWORD = "bob", "s3cret pass&<wörd>"
WAIT = 180


def have(program):
    return shutil.which(program, path="/usr/bin:/usr/local/bin:" + os.environ.get("PATH", ""))


def certificates(folder):
    """ca.pem, and leaves signed by it: srv (localhost and loopback), wrong (another name), old (expired); self: signed by itself."""
    d = pathlib.Path(folder)
    d.mkdir(parents=True, exist_ok=True)

    def openssl(*args):
        subprocess.run(["openssl"] + [str(a) for a in args], cwd=d, check=True, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl("req", "-x509", *key, "-days", 3650, "-subj", "/CN=test CA", "-keyout", "ca.key", "-out", "ca.pem",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    openssl("req", "-x509", *key, "-days", 3650, "-subj", "/CN=localhost", "-keyout", "self.key", "-out", "self.pem",
            "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
    names = "DNS:localhost,IP:127.0.0.1,IP:::1"
    for name, cn, san, days in (("srv", "localhost", names, 825), ("wrong", "other.test", "DNS:other.test", 825), ("old", "localhost", names, -1)):
        openssl("req", *key, "-subj", "/CN=" + cn, "-keyout", name + ".key", "-out", name + ".csr")
        (d / (name + ".ext")).write_text("subjectAltName=%s\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n" % san)
        openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", name + ".ext",
                "-out", name + ".pem", "-days", days)
    return d


def fingerprint(pem):
    der = ssl.PEM_cert_to_DER_cert(pathlib.Path(pem).read_text())
    return "sha256:" + hashlib.sha256(der).hexdigest()


class Server:
    """What both have in common: a process, and plain requests to it."""

    tls = None  # folder of certificates

    def __init__(self):
        self.process = None

    def wait(self):
        end = time.monotonic() + WAIT
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError("server ended: " + self.log())
            try:
                self.request("OPTIONS", "/", auth=False)
                return
            except (OSError, http.client.HTTPException):
                time.sleep(0.02)
        raise RuntimeError("server does not answer: " + self.log())

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(WAIT)
            self.process = None

    def log(self):
        return self.logfile.read_text(errors="replace") if self.logfile.exists() else ""

    def request(self, method, path, body=None, headers=None, auth=True):
        if self.tls:
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            c = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=WAIT)
        else:
            c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT)
        h = dict(headers or {})
        if auth:
            h["Authorization"] = "Basic " + base64.b64encode(("%s:%s" % (USER, PASSWORD)).encode()).decode()
        c.request(method, path, body.encode() if isinstance(body, str) else body, h)
        r = c.getresponse()
        data = r.read()
        c.close()
        return r.status, data, r.headers

    def must(self, method, path, body=None, headers=None):
        status, data, _ = self.request(method, path, body, headers)
        if status >= 300:
            raise RuntimeError("%s %s: %d %r" % (method, path, status, data[:500]))
        return data

    def calendar(self, path, name=None, component="VEVENT"):
        props = "<displayname>%s</displayname>" % html.escape(name) if name else ""
        self.must("MKCALENDAR", path, '<C:mkcalendar xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><set><prop>%s'
                  '<C:supported-calendar-component-set><C:comp name="%s"/></C:supported-calendar-component-set></prop></set></C:mkcalendar>'
                  % (props, component), {"Content-Type": "application/xml"})

    def put(self, path, text):
        self.must("PUT", path, text, {"Content-Type": "text/calendar; charset=utf-8"})

    def delete(self, path):
        self.must("DELETE", path)

    def move(self, path, to):
        self.must("MOVE", path, headers={"Destination": "%s://127.0.0.1:%d%s" % ("https" if self.tls else "http", self.port, to), "Host": "127.0.0.1:%d" % self.port})

    def files(self):
        """Everything the owner could miss: paths, bytes."""
        return {str(p.relative_to(self.data)): p.read_bytes() for p in sorted(self.data.rglob("*"))
                if p.is_file() and not any(part.startswith(".Radicale.") or part == ".git" for part in p.relative_to(self.data).parts)}

    def etags(self, path):
        import re
        body = self.must("PROPFIND", path, '<propfind xmlns="DAV:"><prop><getetag/></prop></propfind>', {"Depth": "1", "Content-Type": "application/xml"})
        return re.findall(rb"<(?:\w+:)?href>([^<]*)<.*?getetag>([^<]*)<", body, re.S)


class Radicale(Server):
    def __init__(self, folder, tls=None, certificate="srv", user_password=None, port=0):
        super().__init__()
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = self.folder / "collections"
        self.logfile = self.folder / "log"
        self.tls, self.certificate, self.port = tls, certificate, port
        (self.folder / "htpasswd").write_text("%s:%s\nalice:other\n" % (USER, user_password or PASSWORD))
        self.start()

    def start(self):
        ssl_lines = "ssl = True\ncertificate = %s/%s.pem\nkey = %s/%s.key\n" % (self.tls, self.certificate, self.tls, self.certificate) if self.tls else ""
        port = self.port or free_ports(1)[0]
        (self.folder / "config").write_text(
            "[server]\nhosts = 127.0.0.1:%d\n%stimeout = 30\nmax_connections = 50\n[auth]\ntype = htpasswd\nhtpasswd_filename = %s/htpasswd\n"
            "htpasswd_encryption = plain\ndelay = 0\nrealm = test\n[rights]\ntype = owner_only\n[storage]\nfilesystem_folder = %s\n"
            "[web]\ntype = none\n[logging]\nlevel = debug\nmask_passwords = False\n" % (port, ssl_lines, self.folder, self.data))
        self.port = port
        with open(self.logfile, "ab") as log:
            self.process = subprocess.Popen([have("radicale"), "--config", str(self.folder / "config")], stdout=log, stderr=log)
        self.wait()

    @property
    def base(self):
        return "%s://localhost:%d" % ("https" if self.tls else "http", self.port)

    @property
    def home(self):
        return "/%s/" % USER


class Xandikos(Server):
    def __init__(self, folder):
        super().__init__()
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = self.folder / "data"
        self.logfile = self.folder / "log"
        self.port = free_ports(1)[0]
        self.start()

    def start(self):
        with open(self.logfile, "ab") as log:
            self.process = subprocess.Popen([have("xandikos"), "-d", str(self.data), "--defaults", "--autocreate", "--current-user-principal",
                                             "/%s/" % USER, "-l", "127.0.0.1", "-p", str(self.port)], stdout=log, stderr=log,
                                            env=dict(os.environ, HOME=str(self.folder)))
        self.wait()

    @property
    def base(self):
        return "http://127.0.0.1:%d" % self.port

    @property
    def home(self):
        return "/%s/calendars/" % USER


def event(uid, start="20260302T100000Z", summary="Meeting", extra="", stamp="20260201T080000Z"):
    return ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\nUID:%s\r\nDTSTAMP:%s\r\nDTSTART:%s\r\nDURATION:PT1H\r\n"
            "SUMMARY:%s\r\n%sEND:VEVENT\r\nEND:VCALENDAR\r\n" % (uid, stamp, start, summary, extra))
