"""A caller from outside: one INVITE by hand (RFC 3261), RTP both ways, on a thread of its own.
Nothing of the project is used: it judges what zvonard does with inbound calls."""
import random
import re
import socket
import threading
import time


class Caller(threading.Thread):
    """Calls `to` at zvonard's phones.listen from an address that is a trunk's."""

    def __init__(self, here, there, caller, called, rtp_port, hang_up_after=None):
        super().__init__(daemon=True)
        self.here, self.there = here, there
        self.caller, self.called = caller, called
        self.rtp_port = rtp_port
        self.hang_up_after = hang_up_after
        self.tag = "c%08x" % random.getrandbits(32)
        self.call_id = "in%016x" % random.getrandbits(64)
        self.branch = "z9hG4bK%016x" % random.getrandbits(64)
        self.status, self.answered_at, self.ended_at, self.ended_by = 0, None, None, None
        self.remote_to, self.remote_contact, self.remote_rtp = "", "", None
        self.packets, self.loud_at, self.ssrcs = 0, None, set()
        self.stop = threading.Event()
        self.sip = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sip.bind((here, 0))
        self.sip.settimeout(0.02)
        self.port = self.sip.getsockname()[1]
        self.rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.rtp.bind((here, rtp_port))
        self.rtp.setblocking(False)

    def sdp(self):
        return (f"v=0\r\no=c 1 1 IN IP4 {self.here}\r\ns=-\r\nc=IN IP4 {self.here}\r\nt=0 0\r\n"
                f"m=audio {self.rtp_port} RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n"
                "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\n")

    def send(self, method, cseq, branch, uri=None, to=None, body=""):
        kind = "Content-Type: application/sdp\r\n" if body else ""
        text = (f"{method} {uri or f'sip:{self.called}@{self.there[0]}'} SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP {self.here}:{self.port};branch={branch};rport\r\nMax-Forwards: 70\r\n"
                f"From: <sip:{self.caller}@{self.here}>;tag={self.tag}\r\n"
                f"To: {to or f'<sip:{self.called}@{self.there[0]}>'}\r\nCall-ID: {self.call_id}\r\n"
                f"CSeq: {cseq} {method}\r\nContact: <sip:{self.here}:{self.port}>\r\n{kind}"
                f"Content-Length: {len(body)}\r\n\r\n{body}")
        self.sip.sendto(text.encode(), self.there)

    @staticmethod
    def header(text, name):
        found = re.search(rf"(?im)^{name}\s*:\s*(.*?)\r?$", text)
        return found.group(1) if found else ""

    def on_message(self, text):
        first = text.split("\r\n", 1)[0]
        if first.startswith("SIP/2.0"):
            code, cseq = int(first.split()[1]), self.header(text, "CSeq")
            if "INVITE" not in cseq:
                return
            self.status = max(self.status, code)
            if code >= 200:
                self.remote_to = self.header(text, "To")
                contact = re.search(r"<([^>]*)>", self.header(text, "Contact"))
                self.remote_contact = contact.group(1) if contact else f"sip:{self.there[0]}"
                final_branch = "z9hG4bK%016x" % random.getrandbits(64) if code < 300 else self.branch
                self.send("ACK", 1, final_branch, self.remote_contact if code < 300 else None, self.remote_to)
                if code >= 300:
                    self.ended_at, self.ended_by = time.time(), f"refused {code}"
                    self.stop.set()
                elif self.answered_at is None:
                    self.answered_at = time.time()
                    ip = re.search(r"c=IN IP4 (\S+)", text).group(1)
                    self.remote_rtp = (ip, int(re.search(r"m=audio (\d+)", text).group(1)))
            return
        vias = "".join(f"Via: {v}\r\n" for v in re.findall(r"(?im)^Via\s*:\s*(.*?)\r?$", text))
        self.sip.sendto((f"SIP/2.0 200 OK\r\n{vias}From: {self.header(text, 'From')}\r\n"
                         f"To: {self.header(text, 'To')}\r\nCall-ID: {self.header(text, 'Call-ID')}\r\n"
                         f"CSeq: {self.header(text, 'CSeq')}\r\nContent-Length: 0\r\n\r\n").encode(), self.there)
        if first.startswith("BYE"):
            self.ended_at, self.ended_by = time.time(), "them"
            self.stop.set()

    def hear(self):
        while True:
            try:
                data = self.rtp.recv(2048)
            except OSError:
                return
            if len(data) < 13 or data[1] & 0x7f != 8:
                continue
            self.packets += 1
            self.ssrcs.add(data[8:12])
            # A-law: silence is 0xd5 and its neighbours
            if self.loud_at is None and sum(abs((b ^ 0x55) & 0x7f) for b in data[12:]) / (len(data) - 12) > 20:
                self.loud_at = time.time()

    def hang_up(self):
        self.stop.set()

    def run(self):
        seq, stamp, ssrc = random.getrandbits(15), random.getrandbits(31), random.getrandbits(32)
        sent_at, resend = time.time(), 0.5
        next_rtp = time.time()
        self.send("INVITE", 1, self.branch, body=self.sdp())
        while not self.stop.is_set():
            try:
                self.on_message(self.sip.recv(65536).decode(errors="replace"))
            except OSError:
                pass
            now = time.time()
            if self.status == 0 and now - sent_at > resend and resend < 8:
                self.send("INVITE", 1, self.branch, body=self.sdp())
                resend *= 2
            self.hear()
            while self.remote_rtp and now >= next_rtp:
                seq, stamp, next_rtp = (seq + 1) & 0xffff, (stamp + 160) & 0xffffffff, max(next_rtp + 0.02, now - 0.1)
                voice = bytes(0x55 ^ (0x80 if (i // 4) % 2 else 0) ^ 0x2a for i in range(160))
                self.rtp.sendto(bytes([0x80, 8]) + seq.to_bytes(2, "big") + stamp.to_bytes(4, "big")
                                + ssrc.to_bytes(4, "big") + voice, self.remote_rtp)
            if self.hang_up_after and self.answered_at and now - self.answered_at > self.hang_up_after:
                break
        if self.ended_at is None:
            self.ended_at, self.ended_by = time.time(), "us"
            if self.answered_at:
                self.send("BYE", 2, "z9hG4bK%016x" % random.getrandbits(64), self.remote_contact, self.remote_to)
            else:
                self.send("CANCEL", 1, self.branch)
            time.sleep(0.1)
        self.sip.close()
        self.rtp.close()
