#!/usr/bin/env python3
"""Pages that only look: many event streams (SSE) of supervisors, held open by one process.  It measures how long
an agent's change of state takes from the engine (since_ms of the event) to each page.

usage: watch.py --http PORT --password TEXT --users N --each M; SIGTERM: the figures, a line of JSON."""
import argparse
import json
import math
import re
import selectors
import signal
import socket
import struct
import sys
import time

from screens import Api

TIMESTAMPNS = 35  # SO_TIMESTAMPNS of Linux, which Python does not name
SINCE = re.compile(rb'"since_ms":(\d+)')
STATE = re.compile(rb'"user":"([^"]*)".*?"state":"(\w+)"')


class Page:
    def __init__(self, port, token):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.sendall((f"GET /api/v1/events HTTP/1.1\r\nHost: localhost:{port}\r\n"
                             f"Authorization: Bearer {token}\r\n\r\n").encode())
        self.socket.setsockopt(socket.SOL_SOCKET, TIMESTAMPNS, 1)
        self.socket.setblocking(False)
        self.text, self.seen, self.hello, self.lost = b"", {}, False, 0

    def feed(self, data, at, took):
        """Chunks are not taken apart: their sizes stand on lines of their own, between events."""
        self.text += data
        while True:
            one, found, rest = self.text.partition(b"\n\n")
            if not found:
                return
            self.text = rest
            if b"event: agent\n" in one or one.endswith(b"event: agent"):
                self.agent(one, at, took)
            elif b"event: lost" in one:
                self.lost += 1
            elif b"event: hello" in one:
                self.hello = True

    def agent(self, one, at, took):
        since, who = SINCE.search(one), STATE.search(one)
        if not since or not who:
            return
        since, before = int(since[1]), self.seen.get(who[1])
        self.seen[who[1]] = since
        # what is told once more, or when the page opens, is no change
        if before is not None and since != before:
            took.append(at * 1000 - since)


def receive(sock):
    """Bytes, and when the kernel had the last of them: this program's own turn is none of zvonard's time."""
    data, notes, _, _ = sock.recvmsg(262144, 64)
    for level, kind, value in notes:
        if (level, kind) == (socket.SOL_SOCKET, TIMESTAMPNS):
            s, ns = struct.unpack("qq", value[:16])
            return data, s + ns / 1e9
    return data, time.time()


def percentile(v, share):
    return v[max(0, math.ceil(share * len(v)) - 1)] if v else 0.0


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--http", type=int, required=True)
    p.add_argument("--password", required=True)
    p.add_argument("--users", type=int, default=200)
    p.add_argument("--each", type=int, default=5)
    o = p.parse_args()
    over = []
    signal.signal(signal.SIGTERM, lambda *_: over.append(True))
    pages, took = [], []
    watch = selectors.EpollSelector()
    for i in range(1, o.users + 1):
        api = Api("127.0.0.1", o.http)
        api.login(f"watch{i:03d}", o.password)
        for _ in range(o.each):
            page = Page(o.http, api.token)
            watch.register(page.socket, selectors.EVENT_READ, page)
            pages.append(page)
    print("open", flush=True)
    closed = 0
    while not over:
        for key, _ in watch.select(0.2):
            data, at = receive(key.data.socket)
            if not data:
                watch.unregister(key.fileobj)
                closed += 1
                continue
            key.data.feed(data, at, took)
    took.sort()
    print(json.dumps({"pages": len(pages), "greeted": sum(page.hello for page in pages), "closed": closed,
                      "lost": sum(page.lost for page in pages), "events": len(took),
                      "p50_ms": round(percentile(took, 0.5), 1), "p99_ms": round(percentile(took, 0.99), 1),
                      "max_ms": round(took[-1], 1) if took else 0.0}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
