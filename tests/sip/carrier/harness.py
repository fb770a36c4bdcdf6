"""Starts zvonar-carrier and speaks raw SIP and RTP to it. Standard library only."""
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
import tempfile
import time
import unittest

SIP_PORT = 19100
MY_PORT = 19150
RTP_LOW = 19200
MY_RTP = 19300

ALL = "dead off noanswer busy key1 key2 key3 voicemail silent rejects".split()


def shares(**parts):
    return "".join(f"{name} {value}\n" for name, value in parts.items())


def run_tests():
    """Runs the calling file's tests; the last line counts them, as tests/runner.py wants it."""
    result = unittest.main(module="__main__", exit=False, argv=[sys.argv[0]]).result
    bad = {case.id().split(" ")[0] for case, _ in result.failures + result.errors}
    print(f"{result.testsRun - len(bad) - len(result.skipped)} passed, {len(bad)} failed, "
          f"{len(result.skipped)} skipped")
    sys.exit(0 if result.wasSuccessful() and result.testsRun > 0 else 1)


class Carrier:
    """The program under test, stopped by its pid at the end of a with block."""

    def __init__(self, program, *options, shares_text=None, port=SIP_PORT):
        self.program, self.port = program, port
        self.dir = tempfile.TemporaryDirectory()
        self.log = os.path.join(self.dir.name, "carrier.log")
        self.args = [program, "--listen", f"127.0.0.1:{port}", "--log", self.log,
                     "--rtp", f"127.0.0.1:{RTP_LOW}-{RTP_LOW + 31}", *options]
        if shares_text is not None:
            self.shares = os.path.join(self.dir.name, "shares")
            with open(self.shares, "w") as file:
                file.write(shares_text)
            self.args += ["--shares", self.shares]

    def __enter__(self):
        self.process = subprocess.Popen(self.args, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line == "ready\n", f"the carrier did not start: {line!r}"
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()
        self.process.stdout.close()
        self.dir.cleanup()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.summary = self.process.communicate(timeout=10)[0]
        return self.process.returncode

    def events(self, name=None):
        with open(self.log) as file:
            lines = [json.loads(line) for line in file if line.endswith("\n")]
        return [e for e in lines if name is None or e["e"] == name]

    def wait_event(self, name, count=1, seconds=5.0, **fields):
        """The events of that name once there are count of them."""
        end = time.monotonic() + seconds
        while True:
            found = [e for e in self.events(name) if all(e.get(k) == v for k, v in fields.items())]
            if len(found) >= count:
                return found
            assert time.monotonic() < end, f"no {count} {name} {fields} in {self.events()[-10:]}"
            time.sleep(0.02)

    def faults(self):
        return [e["what"] for e in self.events("fault")]

    def figure(self, name):
        return int(re.search(rf"^{name}\s+(\d+)$", self.summary, re.M).group(1))


class Message:
    def __init__(self, data):
        head, _, self.body = data.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        self.start = lines[0]
        self.headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:]]
        words = self.start.split(" ", 2)
        self.status = int(words[1]) if words[0] == "SIP/2.0" else None
        self.method = None if self.status else words[0]

    def get(self, name):
        for key, value in self.headers:
            if key.lower() == name.lower():
                return value
        return None

    @property
    def cseq_method(self):
        return self.get("CSeq").split()[1]

    def rtp(self):
        text = self.body.decode()
        return (re.search(r"c=IN IP4 (\S+)", text).group(1),
                int(re.search(r"m=audio (\d+)", text).group(1)))


class Caller:
    """One UDP or TCP caller and one call at a time, with everything open to be got wrong."""

    def __init__(self, port=MY_PORT, tcp=False, carrier_port=SIP_PORT, rtp_port=MY_RTP):
        self.tcp, self.port, self.rtp_port = tcp, port, rtp_port
        self.to = ("127.0.0.1", carrier_port)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if tcp:
            self.sock.connect(self.to)
            self.port = self.sock.getsockname()[1]
        else:
            self.sock.bind(("127.0.0.1", port))
        self.rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.rtp.bind(("127.0.0.1", rtp_port))
        self.buffer, self.count = b"", 0
        self.seq, self.ts = 100, 5000

    def close(self):
        self.sock.close()
        self.rtp.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def sdp(self, **change):
        lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0",
                 f"m=audio {self.rtp_port} RTP/AVP 8 0 101", "a=rtpmap:101 telephone-event/8000"]
        for key, value in change.items():
            lines = [line for line in (value if line.startswith(key + "=") else line
                                       for line in lines) if line is not None]
        return "".join(line + "\r\n" for line in lines)

    def begin(self, number, tag="a"):
        self.count += 1
        self.number = number
        self.call_id = f"{os.getpid()}-{self.port}-{self.count}-{time.monotonic_ns()}"
        self.tag = f"tag{tag}{self.count}"
        self.branch = f"z9hG4bKx{time.monotonic_ns()}"
        self.cseq, self.to_tag = 1, None
        self.contact = f"sip:+{number}@127.0.0.1:{self.to[1]}"
        return self

    def request(self, method, body="", **change):
        """Text of a request. change: header=None drops it, header="x" replaces its value; ruri,
        branch, cseq, to_tag name those parts."""
        ruri = change.pop("ruri", None)
        if ruri is None:
            first = method in ("INVITE", "CANCEL", "OPTIONS") or not self.to_tag
            ruri = f"sip:+{self.number}@127.0.0.1:{self.to[1]}" if first else self.contact
        branch = change.pop("branch", self.branch)
        cseq = change.pop("cseq", self.cseq)
        to_tag = change.pop("to_tag", self.to_tag if method not in ("INVITE", "CANCEL") else None)
        version = change.pop("version", "SIP/2.0")
        headers = {
            "Via": f"SIP/2.0/{'TCP' if self.tcp else 'UDP'} 127.0.0.1:{self.port};rport;branch={branch}",
            "Max-Forwards": "70",
            "From": f"<sip:74950000001@127.0.0.1:{self.port}>;tag={self.tag}",
            "To": f"<sip:+{self.number}@127.0.0.1:{self.to[1]}>" + (f";tag={to_tag}" if to_tag else ""),
            "Call-ID": self.call_id,
            "CSeq": f"{cseq} {method}",
        }
        if method == "INVITE":
            headers["Contact"] = f"<sip:zvonar@127.0.0.1:{self.port}>"
        if body:
            headers["Content-Type"] = "application/sdp"
        headers["Content-Length"] = str(len(body))
        for name, value in change.items():
            name = name.replace("_", "-")
            headers = {k: v for k, v in headers.items() if k.lower() != name.lower()} \
                if value is None else {**{k: v for k, v in headers.items()
                                          if k.lower() != name.lower()}, name: value}
        return (f"{method} {ruri} {version}\r\n"
                + "".join(f"{k}: {v}\r\n" for k, v in headers.items()) + "\r\n" + body).encode()

    def send(self, data):
        if self.tcp:
            self.sock.sendall(data)
        else:
            self.sock.sendto(data, self.to)
        return data

    def invite(self, number, **change):
        self.begin(number)
        body = change.pop("body", None)
        return self.send(self.request("INVITE", self.sdp() if body is None else body, **change))

    def receive(self, seconds=5.0):
        """The next message, or None."""
        end = time.monotonic() + seconds
        while True:
            if self.tcp:
                match = re.search(rb"\r\n\r\n", self.buffer)
                if match:
                    length = int(re.search(rb"Content-Length: (\d+)", self.buffer).group(1))
                    if len(self.buffer) >= match.end() + length:
                        data = self.buffer[:match.end() + length]
                        self.buffer = self.buffer[match.end() + length:]
                        return Message(data)
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.sock], [], [], left)[0]:
                return None
            data = self.sock.recv(65536)
            if not self.tcp:
                return Message(data)
            if not data:
                return None
            self.buffer += data

    def expect(self, *statuses, method=None, seconds=5.0):
        """The next message with one of these statuses; 100 and other provisional ones go by."""
        end = time.monotonic() + seconds
        while True:
            message = self.receive(max(0.0, end - time.monotonic()))
            assert message is not None, f"no {statuses} came"
            if message.status in statuses and (method is None or message.cseq_method == method):
                if message.cseq_method == "INVITE" and message.status > 100:
                    self.to_tag = message.get("To").split("tag=")[1]
                    contact = message.get("Contact")
                    if contact:
                        self.contact = contact.strip("<>")
                return message
            assert message.status is not None and message.status < 200, \
                f"{message.start} instead of {statuses}"

    def expect_request(self, method, seconds=5.0):
        end = time.monotonic() + seconds
        while True:
            message = self.receive(max(0.0, end - time.monotonic()))
            assert message is not None, f"no {method} came"
            if message.method == method:
                return message

    def answer(self, message, status="200 OK"):
        keep = [f"{k}: {v}\r\n" for k, v in message.headers
                if k.lower() in ("via", "from", "to", "call-id", "cseq")]
        self.send((f"SIP/2.0 {status}\r\n" + "".join(keep) + "Content-Length: 0\r\n\r\n").encode())

    def ack(self, status=200, **change):
        change.setdefault("branch", f"z9hG4bKack{time.monotonic_ns()}" if status < 300 else self.branch)
        if status >= 300:
            change.setdefault("ruri", f"sip:+{self.number}@127.0.0.1:{self.to[1]}")
        self.send(self.request("ACK", **change))

    def cancel(self, **change):
        self.send(self.request("CANCEL", **change))

    def bye(self, **change):
        self.cseq += 1
        change.setdefault("branch", f"z9hG4bKbye{time.monotonic_ns()}")
        data = self.request("BYE", **change)
        return self.send(data)

    def talk(self, to, frames, byte=None):
        """Sends frames of audio, 20 ms each: a loud square wave, or one byte's silence."""
        loud = (b"\x2a" * 4 + b"\xaa" * 4) * 20
        for _ in range(frames):
            payload = loud if byte is None else bytes([byte]) * 160
            self.rtp.sendto(struct.pack("!BBHII", 0x80, 8, self.seq & 0xffff, self.ts, 77) + payload, to)
            self.seq += 1
            self.ts += 160
            time.sleep(0.02)

    def listen(self, seconds, until=None):
        """RTP packets as (payload type, marker, seq, timestamp, payload); ends early at until."""
        end, packets = time.monotonic() + seconds, []
        while True:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.rtp], [], [], left)[0]:
                return packets
            data = self.rtp.recv(2048)
            _, second, seq, ts, _ = struct.unpack("!BBHII", data[:12])
            packets.append((second & 0x7f, second >> 7, seq, ts, data[12:]))
            if until is not None and until(packets):
                return packets


def digest(user, password, realm, nonce, method, uri, nc="00000001", cnonce="abc", qop="auth"):
    def md5(text):
        return hashlib.md5(text.encode()).hexdigest()
    ha1, ha2 = md5(f"{user}:{realm}:{password}"), md5(f"{method}:{uri}")
    response = md5(f"{ha1}:{nonce}:{nc}:{cnonce}:{qop}:{ha2}")
    return (f'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", '
            f'response="{response}", algorithm=MD5, qop={qop}, nc={nc}, cnonce="{cnonce}"')


def alaw(byte):
    byte ^= 0x55
    segment, value = byte >> 4 & 7, (byte & 15) << 4
    value += 8 if segment == 0 else 0x108
    if segment > 1:
        value <<= segment - 1
    return value if byte & 0x80 else -value
