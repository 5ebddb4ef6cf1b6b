# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy between adieu and a server that does what networks do: cuts, stalls, drips, and bytes that nobody sent. One thread a direction; each connection asks the
test what is to be done with it."""
import socket
import threading
import time


class Plan:
    """What happens to what the server says on one connection."""

    def __init__(self, cut=None, stall=None, drip=None, replace=None, reset=False, ask=None, rewrite=None):
        self.cut = cut          # close after so many bytes
        self.stall = stall      # say nothing more after so many bytes, but stay
        self.drip = drip        # seconds between single bytes
        self.replace = replace  # (old, new): once, in what the server says
        self.reset = reset      # close with RST
        self.ask = ask          # what the client says, as a function of it
        self.deaf = False       # what the server says is heard and not passed on
        self.rewrite = rewrite  # what the server says, as a function of it


class Meddler:
    def __init__(self, w, port, plan=lambda n: Plan()):
        self.port_behind, self.plan = port, plan
        self.connections = 0
        self.down = 0  # bytes from the server
        self.up = 0
        self.open = []
        self.times = []  # when connections came
        self.plans = []  # what became of each
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(64)
        self.port = self.listener.getsockname()[1]
        self.ended = False
        threading.Thread(target=self.accept, daemon=True).start()
        w.at_end(self.stop)

    def stop(self):
        self.ended = True
        self.listener.close()
        self.drop()

    def drop(self):
        """Whatever is open now is cut."""
        for s in self.open:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.open = []

    def accept(self):
        while not self.ended:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            plan = self.plan(self.connections)
            self.times.append(time.monotonic())
            self.plans.append(plan)
            try:
                server = socket.create_connection(("127.0.0.1", self.port_behind), 10)
            except OSError:
                client.close()
                self.connections += 1
                continue
            server.settimeout(None)
            self.open += [client, server]
            # Counted when drop() finds it, and before anything passes.
            self.connections += 1
            threading.Thread(target=self.upward, args=(client, server, plan), daemon=True).start()
            threading.Thread(target=self.downward, args=(server, client, plan), daemon=True).start()

    def upward(self, client, server, plan):
        try:
            while True:
                data = client.recv(65536)
                if not data:
                    break
                self.up += len(data)
                if plan.ask:
                    data = plan.ask(data)
                server.sendall(data)
        except OSError:
            pass
        self.end(client, server)

    def downward(self, server, client, plan):
        sent = 0
        try:
            while True:
                data = server.recv(65536)
                if not data:
                    break
                if plan.replace and plan.replace[0] in data:
                    data = data.replace(plan.replace[0], plan.replace[1], 1)
                    plan.replace = None
                if plan.deaf:
                    continue
                if plan.rewrite:
                    data = plan.rewrite(data)
                limit = plan.cut if plan.cut is not None else plan.stall
                if limit is not None and sent + len(data) > limit:
                    data = data[:limit - sent]
                # Counted before they go: who has all of them may look at once how many they were.
                sent += len(data)
                self.down += len(data)
                if plan.drip:
                    for i in range(len(data)):
                        client.sendall(data[i:i + 1])
                        time.sleep(plan.drip)
                else:
                    client.sendall(data)
                if limit is not None and sent >= limit:
                    if plan.stall is not None:
                        while not self.ended and server in self.open:
                            time.sleep(0.05)
                    break
            if plan.reset:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        except OSError:  # whoever asked has hung up
            pass
        self.end(server, client)

    @staticmethod
    def end(*sockets):
        for s in sockets:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            try:
                s.close()
            except OSError:
                pass
