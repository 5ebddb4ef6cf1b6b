# SPDX-License-Identifier: GPL-3.0-or-later
"""A server of aiosmtpd's for test-send.py: aiosmtpd-server.py implicit|starttls CERTIFICATES USER PASSWORD FILE; prints its port."""
import asyncio
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

KIND, FOLDER, USER, PASSWORD, FILE = sys.argv[1:]


class Handler:
    async def handle_DATA(self, server, session, envelope):
        with open(FILE, "wb") as f:
            f.write(envelope.original_content)
        return "250 2.0.0 kept"


def authenticate(server, session, envelope, mechanism, data):
    good = (data.login.decode(), data.password.decode()) == (USER, PASSWORD)
    return AuthResult(success=good, handled=False, message=None if good else "535 5.7.8 wrong")


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(FOLDER + "/good.pem", FOLDER + "/good.key")
    starttls = KIND == "starttls"
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(Handler(), hostname="aiosmtpd.test", authenticator=authenticate, auth_required=True, auth_require_tls=starttls,
                     tls_context=context if starttls else None, require_starttls=starttls, enable_SMTPUTF8=True),
        "127.0.0.1", 0, ssl=None if starttls else context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
