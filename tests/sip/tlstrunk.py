"""A far end by TLS: Python's ssl, in threads."""
import re
import socket
import ssl
import threading
import time

from siptest import SDP, Failed, Message


class TlsTrunk:
    """Answers OPTIONS and calls; keeps every message and what became of each connection."""

    def __init__(self, cert, key, port=5061, low=None, high=None, client_ca=None, sdp=SDP, answer=None,
                 ip="127.0.0.1"):
        self.ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ctx.load_cert_chain(cert, key)
        if high:
            self.ctx.set_ciphers("DEFAULT:@SECLEVEL=0")
            self.ctx.minimum_version = ssl.TLSVersion.TLSv1
            self.ctx.maximum_version = high
        if client_ca:
            self.ctx.verify_mode = ssl.CERT_REQUIRED
            self.ctx.load_verify_locations(client_ca)
        self.names = []
        self.ctx.sni_callback = lambda sock, name, ctx: self.names.append(name)
        self.port, self.sdp, self.answer = port, sdp, answer
        self.seen, self.bytes, self.handshakes, self.refused, self.versions = [], 0, 0, 0, []
        self.conns, self.lock, self.stopping = [], threading.Lock(), False
        self.mute = False
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.ip = ip
        self.listener.bind((ip, port))
        self.listener.listen(50)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while not self.stopping:
            try:
                raw, addr = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(raw, addr), daemon=True).start()

    def _serve(self, raw, addr):
        raw.settimeout(10)
        try:
            tls = self.ctx.wrap_socket(raw, server_side=True)
        except OSError:
            with self.lock:
                self.refused += 1
            raw.close()
            return
        with self.lock:
            self.handshakes += 1
            self.versions.append(tls.version())
            self.conns.append(tls)
        data = b""
        tls.settimeout(60)
        while True:
            try:
                part = tls.recv(65536)
            except OSError:
                part = b""
            if not part:
                with self.lock:
                    if tls in self.conns:
                        self.conns.remove(tls)
                return
            self.bytes += len(part)
            data = self._take(tls, data + part, addr)

    def _take(self, tls, data, addr):
        while b"\r\n\r\n" in data:
            head, _, rest = data.partition(b"\r\n\r\n")
            m = re.search(rb"content-length\s*:\s*(\d+)", head, re.I)
            n = int(m.group(1)) if m else 0
            if len(rest) < n:
                break
            msg = Message(head + b"\r\n\r\n" + rest[:n], addr, time.monotonic())
            data = rest[n:]
            with self.lock:
                self.seen.append(msg)
            if msg.is_request and msg.method != "ACK" and not self.mute:
                self.reply(tls, msg)
        return data.lstrip(b"\r\n") if data.strip() == b"" else data

    def reply(self, tls, req):
        code, body = 200, ""
        if req.method == "INVITE":
            body = self.sdp
            if self.answer:
                code, body = self.answer(req)
        to = req.get("to") + (";tag=far" if ";tag=" not in req.get("to") else "")
        text = "SIP/2.0 %d X\r\n" % code + "".join("Via: %s\r\n" % v for n, v in req.headers if n == "via")
        text += "From: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s\r\n" % (req.get("from"), to, req.get("call-id"), req.cseq)
        text += "Contact: <sip:far@%s:%d;transport=tls>\r\n" % (self.ip, self.port)
        if body:
            text += "Content-Type: application/sdp\r\n"
        tls.sendall((text + "Content-Length: %d\r\n\r\n%s" % (len(body), body)).encode())

    def of(self, method):
        with self.lock:
            return [m for m in self.seen if m.method == method]

    def wait(self, pred, what, seconds=10):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if pred():
                return
            time.sleep(0.02)
        raise Failed("not seen: " + what)

    def hang_up_all(self):
        with self.lock:
            conns = list(self.conns)
        for c in conns:
            try:
                c.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.stopping = True
        self.listener.close()
        self.hang_up_all()
