# SPDX-License-Identifier: GPL-3.0-or-later
"""A calendar server of our own, for what real ones do not do on demand: any authentication, refusals, redirections, garbage, cuts. It keeps calendars in memory and
every request that came, with its headers."""
import base64
import hashlib
import html
import http.server
import re
import ssl
import threading
import time
import urllib.parse

from tap import free_ports

USER, PASSWORD = "bob", "s3cret pass&<wörd>"


class FakeDav:
    """calendars: {path: {name: text}}; `answer` may be replaced by a function(request) that returns (status, headers, body) or None for the usual."""

    def __init__(self, auth="basic", tls=None, certificate="srv", sync=True, ctag=True, multiget=True):
        self.auth, self.sync, self.ctag, self.multiget = auth, sync, ctag, multiget
        self.calendars, self.names, self.inbox, self.homes = {}, {}, None, ["/home/"]
        self.versions = {}  # path: number, counted up by every change
        self.log = []       # (when, path): for sync-collection
        self.known_tokens = True
        self.bearer = "token-1"
        self.requests = []  # dicts: method path headers body
        self.answer = None
        self.lock = threading.RLock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def handle_one_request(self):
                try:
                    super().handle_one_request()
                except (ConnectionError, ssl.SSLError, BrokenPipeError):
                    self.close_connection = True

            def __getattr__(self, name):
                if name.startswith("do_"):
                    return lambda: outer.handle(self)
                raise AttributeError(name)

        class Quiet(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, address):
                pass

            def finish_request(self, request, address):
                if outer.context:
                    request = outer.context.wrap_socket(request, server_side=True)
                super().finish_request(request, address)

        self.context = None
        if tls:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain("%s/%s.pem" % (tls, certificate), "%s/%s.key" % (tls, certificate))
        self.server = Quiet(("127.0.0.1", free_ports(1)[0]), Handler)
        self.port = self.server.server_address[1]
        self.base = "%s://localhost:%d" % ("https" if tls else "http", self.port)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    # --- what is in it

    def calendar(self, path, name=None):
        self.calendars.setdefault(path, {})
        self.names[path] = name
        self.versions.setdefault(path, 1)

    def put(self, path, text):
        folder, _, name = path.rpartition("/")
        with self.lock:
            self.calendars[folder + "/"][name] = text
            self.changed(folder + "/", name)

    def delete(self, path):
        folder, _, name = path.rpartition("/")
        with self.lock:
            del self.calendars[folder + "/"][name]
            self.changed(folder + "/", name)

    def changed(self, folder, name):
        self.versions[folder] += 1
        self.log.append((folder, self.versions[folder], name))

    # --- requests

    def secrets_seen(self):
        """Every header or body that holds the password in some way."""
        found = []
        token = base64.b64encode(("%s:%s" % (USER, PASSWORD)).encode()).decode()
        for r in self.requests:
            text = repr(r)
            if token in text or PASSWORD in text or "Digest username" in text:
                found.append(r)
        return found

    def handle(self, h):
        size = int(h.headers.get("Content-Length") or 0)
        request = {"method": h.command, "path": h.path, "headers": dict(h.headers.items()), "body": h.rfile.read(size).decode(), "at": time.monotonic()}
        with self.lock:
            self.requests.append(request)
            answer = self.answer(request) if self.answer else None
            if answer is None:
                answer = self.check(request) or self.usual(request)
        status, headers, body = answer
        if status == "close":
            h.close_connection = True
            h.connection.close() if not body else h.wfile.write(body)
            return
        body = body.encode() if isinstance(body, str) else body
        if hasattr(body, "__next__"):
            h.send_response(status)
            for name, value in headers.items():
                h.send_header(name, value)
            h.send_header("Connection", "close")
            h.end_headers()
            h.close_connection = True
            for piece in body:
                h.wfile.write(piece)
            return
        h.send_response(status)
        headers = dict(headers)
        length = headers.pop("Content-Length", str(len(body)))
        for name, value in headers.items():
            h.send_header(name, value)
        if status != 304:
            h.send_header("Content-Length", length)
        if length != str(len(body)):
            h.close_connection = True
        h.end_headers()
        h.wfile.write(body)

    def check(self, r):
        got = r["headers"].get("Authorization", "")
        if self.auth == "none":
            return None
        if self.auth == "basic":
            if got == "Basic " + base64.b64encode(("%s:%s" % (USER, PASSWORD)).encode()).decode():
                return None
            return 401, {"WWW-Authenticate": 'Basic realm="x"'}, "no"
        if self.auth == "bearer":
            return None if got == "Bearer " + self.bearer else (401, {"WWW-Authenticate": 'Bearer realm="x"'}, "no")
        if got.startswith("Digest ") and self.digest_good(r, got):
            return None
        return 401, {"WWW-Authenticate": 'Digest realm="x", nonce="abc", qop="auth", algorithm=%s' % ("MD5" if self.auth == "digest-md5" else "SHA-256")}, "no"

    def digest_good(self, r, got):
        f = dict(re.findall(r'(\w+)="?([^",]*)"?', got[7:]))

        def h(s):
            return (hashlib.md5 if self.auth == "digest-md5" else hashlib.sha256)(s.encode()).hexdigest()

        a1, a2 = h("%s:x:%s" % (USER, PASSWORD)), h("%s:%s" % (r["method"], f.get("uri", "")))
        return f.get("response") == h(":".join((a1, f.get("nonce", ""), f.get("nc", ""), f.get("cnonce", ""), "auth", a2)))

    def usual(self, r):
        path = urllib.parse.unquote(urllib.parse.urlsplit(r["path"]).path)
        if path == "/.well-known/caldav":
            return 301, {"Location": "/"}, ""
        if r["method"] == "PROPFIND":
            return self.propfind(path, r["headers"].get("Depth"), r["body"])
        if r["method"] == "REPORT" and "sync-collection" in r["body"]:
            return self.report_sync(path, r["body"])
        if r["method"] == "REPORT" and "calendar-multiget" in r["body"]:
            return self.report_multiget(path, r["body"])
        if r["method"] == "GET":
            folder, _, name = path.rpartition("/")
            text = self.calendars.get(folder + "/", {}).get(name)
            return (404, {}, "") if text is None else (200, {"ETag": self.etag(text), "Content-Type": "text/calendar"}, text)
        return 405, {}, ""

    def etag(self, text):
        return '"%s"' % hashlib.md5(text.encode()).hexdigest()

    def multi(self, responses, token=None):
        body = ('<?xml version="1.0"?><D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:S="http://calendarserver.org/ns/">'
                + "".join(responses) + ("<D:sync-token>%s</D:sync-token>" % token if token else "") + "</D:multistatus>")
        return 207, {"Content-Type": "application/xml; charset=utf-8"}, body

    def response(self, path, props=None, status=None):
        path = html.escape(urllib.parse.quote(path))
        inner = "<D:status>HTTP/1.1 %s</D:status>" % status if status else \
            "<D:propstat><D:prop>%s</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>" % props
        return "<D:response><D:href>%s</D:href>%s</D:response>" % (path, inner)

    def token(self, path):
        return "urn:x:%d" % self.versions[path]

    def about(self, path):
        if path in self.calendars and path != self.inbox:
            props = "<D:resourcetype><D:collection/><C:calendar/></D:resourcetype><C:supported-calendar-component-set><C:comp name='VEVENT'/></C:supported-calendar-component-set>"
            if self.names.get(path):
                props += "<D:displayname>%s</D:displayname>" % html.escape(self.names[path])
            if self.ctag:
                props += "<S:getctag>%d</S:getctag>" % self.versions[path]
            if self.sync:
                props += "<D:sync-token>%s</D:sync-token>" % self.token(path)
            return props
        if path == self.inbox:
            return "<D:resourcetype><D:collection/><C:schedule-inbox/></D:resourcetype>"
        inbox = "<C:schedule-inbox-URL><D:href>%s</D:href></C:schedule-inbox-URL>" % self.inbox if self.inbox else ""
        return ("<D:resourcetype><D:collection/></D:resourcetype><D:current-user-principal><D:href>/p/bob/</D:href></D:current-user-principal>"
                "<C:calendar-home-set>%s</C:calendar-home-set>" % "".join("<D:href>%s</D:href>" % h for h in self.homes) + inbox)

    def propfind(self, path, depth, body):
        path = path if path.endswith("/") else path + "/"
        members = self.calendars.get(path)
        known = members is not None or path in ["/", "/p/bob/", self.inbox] + self.homes
        if not known:
            return 404, {}, ""
        rows = [self.response(path, self.about(path))]
        if depth == "1" and path in self.homes:
            rows += [self.response(c, self.about(c)) for c in self.calendars if c != self.inbox and c.startswith(path)]
        elif depth == "1" and members is not None:
            rows += [self.response(path + n, "<D:getetag>%s</D:getetag>" % html.escape(self.etag(t))) for n, t in members.items()]
        return self.multi(rows)

    def report_sync(self, path, body):
        if not self.sync:
            return 403, {"Content-Type": "application/xml"}, '<error xmlns="DAV:"><supported-report/></error>'
        token = html.unescape(re.search(r"<sync-token>(.*?)</sync-token>", body, re.S).group(1))
        members = self.calendars[path]
        if token and (not self.known_tokens or not token.startswith("urn:x:")):
            return 403, {"Content-Type": "application/xml"}, '<error xmlns="DAV:"><valid-sync-token/></error>'
        since = int(token[6:]) if token else 0
        names = sorted({n for f, v, n in self.log if f == path and v > since}) if token else list(members)
        rows = [self.response(path + n, "<D:getetag>%s</D:getetag>" % html.escape(self.etag(members[n]))) if n in members
                else self.response(path + n, status="404 Not Found") for n in names]
        return self.multi(rows, self.token(path))

    def report_multiget(self, path, body):
        if not self.multiget:
            return 501, {}, ""
        rows = []
        for href in re.findall(r"<href>(.*?)</href>", body):
            p = urllib.parse.unquote(html.unescape(href))
            folder, _, name = p.rpartition("/")
            text = self.calendars.get(folder + "/", {}).get(name)
            rows.append(self.response(p, status="404 Not Found") if text is None else self.response(
                p, "<D:getetag>%s</D:getetag><C:calendar-data>%s</C:calendar-data>" % (html.escape(self.etag(text)), html.escape(text).replace("\r", "&#13;"))))
        return self.multi(rows)
