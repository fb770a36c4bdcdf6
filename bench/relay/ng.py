"""The ng protocol of rtpengine as far as a bench needs it: bencode by UDP, one request after the other."""
import itertools
import re
import socket
import time

SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\na=ptime:20\r\n"


class NgError(Exception):
    pass


def encode(value):
    if isinstance(value, dict):
        return b"d" + b"".join(encode(k) + encode(value[k]) for k in sorted(value)) + b"e"
    if isinstance(value, list):
        return b"l" + b"".join(encode(v) for v in value) + b"e"
    if isinstance(value, int):
        return b"i%de" % value
    data = value.encode()
    return b"%d:%s" % (len(data), data)


def decode(data, at=0):
    """(value, where it ends)"""
    kind = data[at:at + 1]
    if kind == b"i":
        end = data.index(b"e", at)
        return int(data[at + 1:end]), end + 1
    if kind in (b"l", b"d"):
        found, at = [], at + 1
        while data[at:at + 1] != b"e":
            value, at = decode(data, at)
            found.append(value)
        return (found if kind == b"l" else dict(zip(found[::2], found[1::2]))), at + 1
    colon = data.index(b":", at)
    end = colon + 1 + int(data[at:colon])
    return data[colon + 1:end].decode(), end


class Ng:
    def __init__(self, port):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", port))
        self.socket.settimeout(0.5)
        self.cookies = itertools.count(1)

    def close(self):
        self.socket.close()

    def ask(self, tries=10, **request):
        cookie = b"%d" % next(self.cookies)
        for _ in range(tries):
            try:
                self.socket.send(cookie + b" " + encode(request))
                while True:
                    got, _, rest = self.socket.recv(65536).partition(b" ")
                    if got == cookie:
                        break
            except TimeoutError:
                continue
            except ConnectionRefusedError:  # it has not opened its socket yet
                time.sleep(0.5)
                continue
            answer = decode(rest)[0]
            if answer.get("result") not in ("ok", "pong"):
                raise NgError(f"rtpengine says {answer}")
            return answer
        raise NgError("rtpengine does not answer")

    def describe(self, command, call, port, **more):
        """Its port for who will hear this description."""
        sdp = self.ask(command=command, **{"call-id": call, "from-tag": "a", "sdp": SDP.format(port=port)}, **more)["sdp"]
        if not re.search("^c=IN IP4 127.0.0.1", sdp, re.M):
            raise NgError(f"not relayed: {sdp}")
        return int(re.search(r"^m=audio (\d+)", sdp, re.M).group(1))

    def call(self, name, a_port, b_port):
        """Ports that the two ends at a_port and b_port send to."""
        for_b = self.describe("offer", name, a_port)
        for_a = self.describe("answer", name, b_port, **{"to-tag": "b"})
        return for_a, for_b
