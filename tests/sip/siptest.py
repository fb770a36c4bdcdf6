"""What the SIP tests share: the driver as a child process, a trunk on a raw UDP socket, digest and
SipHash written a second time, and a check that says what it missed."""
import hashlib
import json
import os
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

SECRET = bytes(range(16))
SDP = ("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
       "m=audio 30000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n")
HI = 0x0001000000010000


class Failed(Exception):
    pass


def check(ok, what):
    if not ok:
        raise Failed(what)


class Drive:
    """dialdrive running; its events are read by a thread."""

    def __init__(self, binary, *args, wrapper=()):
        self.events = []
        self.cond = threading.Condition()
        self.proc = subprocess.Popen([*wrapper, binary, *map(str, args)], stdout=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.wait_for(lambda e: e["ev"] == "READY", "the driver is ready")

    def _read(self):
        for line in self.proc.stdout:
            with self.cond:
                self.events.append(json.loads(line))
                self.cond.notify_all()
        with self.cond:
            self.cond.notify_all()

    def wait_for(self, pred, what, seconds=15):
        end = time.monotonic() + seconds
        with self.cond:
            while True:
                for e in self.events:
                    if pred(e):
                        return e
                left = end - time.monotonic()
                if left <= 0 or (not self.reader.is_alive() and self.proc.poll() is not None):
                    raise Failed("not seen: " + what + "\n" + "\n".join(map(str, self.events[-20:])))
                self.cond.wait(min(left, 0.2))

    def finish(self, seconds=35):
        try:
            code = self.proc.wait(seconds)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            raise Failed("the driver did not end")
        self.reader.join(5)
        check(code == 0, "the driver's exit status is %d" % code)
        s = self.events[-1]
        check(s["ev"] == "SUMMARY", "a summary at the end")
        check(s["double_final"] == 0 and s["double_closed"] == 0, "one end and one close a call: %s" % s)
        return s

    def kill9(self):
        self.proc.send_signal(signal.SIGKILL)
        self.proc.wait()

    def of(self, call, *names):
        return [e for e in self.events if e.get("call") == call and (not names or e["ev"] in names)]

    def story(self, call=0):
        """The events of a call by name; codes of those that carry one."""
        return [e["ev"] + (str(e["code"]) if e["ev"] in ("FAILED", "PROGRESS") else "")
                for e in self.of(call) if e["ev"] != "FACTS"]


# ---- SipHash-2-4 again, to know the names that an attempt must have on the wire ----
def siphash(key, data):
    mask = (1 << 64) - 1
    k0, k1 = struct.unpack("<QQ", key)
    v = [k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573]

    def rotl(x, b):
        return ((x << b) | (x >> (64 - b))) & mask

    def rounds(n):
        for _ in range(n):
            v[0] = (v[0] + v[1]) & mask; v[1] = rotl(v[1], 13) ^ v[0]; v[0] = rotl(v[0], 32)
            v[2] = (v[2] + v[3]) & mask; v[3] = rotl(v[3], 16) ^ v[2]
            v[0] = (v[0] + v[3]) & mask; v[3] = rotl(v[3], 21) ^ v[0]
            v[2] = (v[2] + v[1]) & mask; v[1] = rotl(v[1], 17) ^ v[2]; v[2] = rotl(v[2], 32)

    tail = data[len(data) - len(data) % 8:]
    for i in range(0, len(data) - len(tail), 8):
        m = struct.unpack_from("<Q", data, i)[0]
        v[3] ^= m; rounds(2); v[0] ^= m
    m = int.from_bytes(tail, "little") | (len(data) & 255) << 56
    v[3] ^= m; rounds(2); v[0] ^= m
    v[2] ^= 255; rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def names(lo, sub=0, hi=HI):
    def keyed(purpose):
        return "%016x" % siphash(SECRET, bytes([purpose, sub]) + struct.pack(">QQ", hi, lo))
    return {"call_id": "%016x%016x-%d-%s" % (hi, lo, sub, keyed(1)),
            "branch": "z9hG4bK" + keyed(2) + keyed(3), "from_tag": keyed(4)}


def digest(user, realm, password, method, fields):
    def md5(s):
        return hashlib.md5(s.encode()).hexdigest()
    a1, a2 = md5("%s:%s:%s" % (user, realm, password)), md5("%s:%s" % (method, fields["uri"]))
    if "qop" in fields:
        return md5(":".join([a1, fields["nonce"], fields["nc"], fields["cnonce"], fields["qop"], a2]))
    return md5(":".join([a1, fields["nonce"], a2]))


def auth_fields(value):
    check(value.startswith("Digest "), "a Digest header: " + value)
    return {m[0]: m[1] if m[1] else m[2] for m in re.findall(r'(\w+)=(?:"([^"]*)"|([^",\s]+))', value[7:])}


class Message:
    def __init__(self, raw, addr, at):
        self.raw, self.addr, self.at = raw, addr, at
        head, _, self.body = raw.decode("utf-8", "replace").partition("\r\n\r\n")
        self.first, *lines = head.split("\r\n")
        self.headers = [(l.partition(":")[0].strip().lower(), l.partition(":")[2].strip()) for l in lines]
        self.is_request = not self.first.startswith("SIP/2.0")
        self.method = self.first.split(" ")[0] if self.is_request else None
        self.uri = self.first.split(" ")[1] if self.is_request else None
        self.code = None if self.is_request else int(self.first.split(" ")[1])

    def get(self, name, default=""):
        return next((v for n, v in self.headers if n == name.lower()), default)

    def has(self, name):
        return any(n == name.lower() for n, _ in self.headers)

    @property
    def cseq(self):
        return self.get("cseq")

    @property
    def branch(self):
        return re.search(r"branch=([^;\s]+)", self.get("via")).group(1)

    @property
    def from_tag(self):
        m = re.search(r";tag=([^;\s>]+)", self.get("from"))
        return m.group(1) if m else None

    @property
    def to_tag(self):
        m = re.search(r";tag=([^;\s>]+)", self.get("to"))
        return m.group(1) if m else None


class Mock:
    """A trunk on one UDP socket, driven by the test line by line."""

    def __init__(self, port):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.sock.bind(("127.0.0.1", port))
        self.port = port
        self.seen = []
        self.kept = []

    def recv(self, seconds):
        if self.kept:
            return self.kept.pop(0)
        if not select.select([self.sock], [], [], max(0, seconds))[0]:
            return None
        raw, addr = self.sock.recvfrom(65536)
        try:
            m = Message(raw, addr, time.monotonic())
        except (IndexError, ValueError):
            return self.recv(seconds)  # not SIP, as CRLF of a keepalive
        self.seen.append(m)
        return m

    def expect(self, method, seconds=5, also=lambda m: True, what=""):
        """The next request of that method; others in between are put aside, repetitions dropped."""
        end = time.monotonic() + seconds
        aside = []
        while time.monotonic() < end:
            m = self.recv(end - time.monotonic())
            if m is None:
                break
            if (m.method == method or str(m.code) == str(method)) and also(m):
                self.kept = aside + self.kept
                return m
            if m.method not in ("OPTIONS",):
                aside.append(m)
        self.kept = aside
        raise Failed("no %s came %s; came: %s" % (method, what, [(m.first, m.cseq) for m in self.seen[-12:]]))

    def expect_none(self, method, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            m = self.recv(end - time.monotonic())
            check(m is None or m.method != method, "no %s within %s s" % (method, seconds))

    def send(self, text, addr):
        self.sock.sendto(text.encode(), addr)

    def answer(self, req, code, phrase="X", tag="mock", extra="", body="", contact=None, to_addr=None):
        to = req.get("to")
        if code > 100 and ";tag=" not in to:
            to += ";tag=" + tag
        text = "SIP/2.0 %d %s\r\n" % (code, phrase)
        text += "".join("Via: %s\r\n" % v for n, v in req.headers if n == "via")
        text += "From: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s\r\n" % (
            req.get("from"), to, req.get("call-id"), req.cseq)
        if req.method in ("INVITE", "UPDATE") and 100 < code < 300:
            text += "Contact: <sip:%s>\r\n" % (contact or "127.0.0.1:%d" % self.port)
        text += extra
        if body:
            text += "Content-Type: application/sdp\r\n"
        text += "Content-Length: %d\r\n\r\n%s" % (len(body), body)
        self.send(text, to_addr or req.addr)

    def request(self, invite, method, cseq, tag="mock", extra="", body="", branch=None, call_id=None):
        """An in-dialog request of the far end, to the Contact of the INVITE."""
        uri = re.search(r"<([^>]+)>", invite.get("contact")).group(1)
        text = "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%d;branch=%s\r\nMax-Forwards: 70\r\n" % (
            method, uri, self.port, branch or "z9hG4bKm%d%s%s" % (cseq, method, tag))
        text += "From: %s;tag=%s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\n" % (
            invite.get("to"), tag, invite.get("from"), call_id or invite.get("call-id"), cseq, method)
        text += "Contact: <sip:127.0.0.1:%d>\r\n%s" % (self.port, extra)
        if body:
            text += "Content-Type: application/sdp\r\n"
        text += "Content-Length: %d\r\n\r\n%s" % (len(body), body)
        self.send(text, invite.addr)

    def answer_call(self, seconds=5, **kw):
        inv = self.expect("INVITE", seconds)
        self.answer(inv, 200, "OK", body=SDP, **kw)
        self.expect("ACK", what="to the 200")
        return inv

    def take_bye(self, seconds=5):
        bye = self.expect("BYE", seconds)
        self.answer(bye, 200, "OK")
        return bye


def main(cases):
    """argv: DRIVER CASE.  Prints why on failure."""
    name = sys.argv[2]
    try:
        cases[name](sys.argv[1])
    except Failed as e:
        print("%s: FAILED: %s" % (name, e))
        sys.exit(1)
    print("%s: ok" % name)
