"""RTP from wrong addresses to all ports while 500 calls are up: none is heard, none comes back.

The judge sends from four wrong places: another address with the right port, the right address with
another port, a third machine, and the far end of another call.  What it sent is what must have been
rejected, call by call, to the packet.  Nothing may come to it, no ICMP error either; and those who are
right go on hearing silence or each other, and their keys."""
import errno
import socket
import struct

from bed import Bed, SILENCE, rtp, tone_event
from house import wait_for

FIRST, SLOTS, OPEN, RTCP = 22000, 500, 480, 22001
HERE, FAR, OTHER, THIRD = "127.0.0.1", "127.0.0.9", "127.0.0.8", "127.0.0.7"
SINK = 22900         # where all calls go that nobody listens to
HEARD = 20           # calls whose far end is there
GOOD, BAD = 0x11, 0xAB
IP_RECVERR = getattr(socket, "IP_RECVERR", 11)


def bind(ip, port=0):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
    s.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
    s.setblocking(False)
    s.bind((ip, port))
    return s


def all_of(s):
    got = []
    while True:
        try:
            got.append(s.recv(2048))
        except BlockingIOError:
            return got
        except OSError as e:
            got.append(errno.errorcode[e.errno].encode())


def errors_of(s):
    """What ICMP said to it."""
    try:
        return [s.recvmsg(2048, 512, socket.MSG_ERRQUEUE)]
    except BlockingIOError:
        return []


def send(s, data, port):
    """Was an earlier one refused?  Then the kernel says so now, and sends nothing."""
    try:
        s.sendto(data, (HERE, port))
        return 0
    except ConnectionRefusedError:
        s.sendto(data, (HERE, port))
        return 1


def peer_port(slot):
    return FIRST + 2 * slot if slot < HEARD else SINK


def wrong_packets(n):
    """Audio, a key, a report and a byte of nonsense."""
    audio = rtp(n, n * 160, 0xbad0 + n % 7, bytes([BAD]) * 160)
    key = rtp(n + 1, n * 160, 0xbad0 + n % 7, tone_event(9, 1, 800), 101, 1)
    return audio, key, struct.pack("!BBHI", 0x80, 201, 1, n), b"\x80"


class Strangers:
    def __init__(self, program, kind, checks):
        self.checks = checks
        self.bed = Bed(program, kind, FIRST, SLOTS, RTCP)
        self.far = [bind(FAR, peer_port(i)) for i in range(HEARD)]
        self.sink = bind(FAR, SINK)
        self.sink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)  # never read
        self.wrong = [bind(OTHER, FIRST), bind(OTHER, SINK), bind(FAR), bind(THIRD)]
        self.said, self.refused = [0] * HEARD, 0
        self.kind = self.bed.kind

    def that(self, right, what, detail=""):
        return self.checks.that(right, f"{self.kind}: {what}", "" if right else detail)

    def speak(self, slot, payload=bytes([GOOD]) * 160, kind=8, marker=0):
        n = self.said[slot]
        self.said[slot] += 1
        self.far[slot].sendto(rtp(n, n * 160, slot + 1, payload, kind, marker), (HERE, FIRST + 2 * slot))

    def press(self, slot, code):
        n = self.said[slot]
        for i in range(4):
            self.said[slot] += 1
            self.far[slot].sendto(rtp(n + i, n * 160, slot + 1, tone_event(code, i > 1, 160 * min(i + 1, 2)),
                                      101, i == 0), (HERE, FIRST + 2 * slot))

    def flood(self, turn):
        """A turn of every stranger to every port, the closed ones too; how many to each."""
        packets, sent = wrong_packets(turn), [0] * SLOTS
        for slot in range(SLOTS):
            for i, s in enumerate(self.wrong):
                self.refused += send(s, packets[(slot + i) % 4], FIRST + 2 * slot)
                sent[slot] += 1
            if slot != 3:  # right there, wrong here
                self.refused += send(self.far[3], packets[slot % 4], FIRST + 2 * slot)
                sent[slot] += 1
        for s in self.wrong:
            s.sendto(packets[2], (HERE, RTCP))
        return sent

    def rejected_so_far(self, wanted):
        wait_for(lambda: self.bed.stats()["rejected"] >= wanted, 10)

    def run(self, turns):
        bed, sent = self.bed, [0] * SLOTS
        bed.say(*[f"open {i} 1 {FAR} {peer_port(i)} 8 101" for i in range(OPEN)])
        bed.say("link 0 1 1 1 1 0", "link 1 1 0 1 1 0")
        wait_for(lambda: bed.stats()["streams"] == OPEN, 10)
        for turn in range(turns):
            for slot, n in enumerate(self.flood(turn)):
                sent[slot] += n
            for slot in (0, 1, 2):
                self.speak(slot)
            self.press(2, turn % 9)
            self.rejected_so_far(sum(sent[:OPEN]))
        self.judge(sent, "".join(str(turn % 9) for turn in range(turns)))
        for s in self.far + self.wrong + [self.sink]:
            s.close()
        self.that(bed.end() == 0, "it ends in order")

    def judge(self, sent, keys):
        bed = self.bed
        sent_yet = bed.stats()["tx"]  # three turns of every stream's: what would be reflected, is
        wait_for(lambda: bed.stats()["tx"] >= sent_yet + 3 * OPEN, 10)
        heard = [all_of(s) for s in self.far]
        stray = [all_of(s) + errors_of(s) for s in self.wrong]
        bed.say(*[f"close {i} 1" for i in range(OPEN)])
        closed = {int(line[1]): line for line in bed.events("closed", OPEN, 20)}
        got = bed.take("key")
        self.that("".join(line[3] for line in got) == keys and all(line[1] == "2" for line in got),
                  "the right keys are heard and no others", got)
        self.that(all(len(s) == 0 for s in stray) and self.refused == 0,
                  "strangers hear nothing, not even a refusal", ([len(s) for s in stray], self.refused))
        self.that(all(errors_of(s) == [] for s in self.far), "nor does who is right elsewhere")
        wrong = {i: int(line[6]) for i, line in closed.items() if int(line[6]) != sent[i]}
        self.that(not wrong, f"each of {sum(sent[:OPEN])} wrong packets was rejected, none else",
                  {i: (n, sent[i]) for i, n in list(wrong.items())[:5]})
        taken = [int(closed[i][3]) for i in range(OPEN)]
        self.that(taken == self.said + [0] * (OPEN - HEARD), "none of them counts as heard", taken[:30])
        octets = [{p[12:172] for p in one if len(p) >= 172 and p[1] & 0x7f == 8} for one in heard]
        self.that(all(one for one in octets), "all that should hear do")
        good, silent = bytes([GOOD]) * 160, bytes([SILENCE]) * 160
        self.that(all(one <= {good, silent} for one in octets), "what is heard is silence or who may speak")
        self.that(all(good in one for one in octets[:2]) and all(good not in one for one in octets[2:]),
                  "the linked two hear each other, nobody else hears them")


def run(program, kind, checks, long):
    Strangers(program, kind, checks).run(40 if long else 6)
