"""A media thread without the rest, as tests talk to it: tests/unit/media_bed.c."""
import os
import select
import struct
import subprocess
import time

SILENCE = 0xD5  # of A-law


class Bed:
    """One process; its events are read as they come."""

    def __init__(self, program, kind, port, slots, rtcp, *options):
        self.p = subprocess.Popen([program, str(port), str(slots), str(rtcp), "0", "0", f"io={kind}", *options],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self.port, self.lines, self.rest = port, [], b""
        self.event("ready", seconds=20)
        self.say("stats")
        self.kind = self.event("stats_io")[1]

    def say(self, *lines):
        data = "".join(line + "\n" for line in lines).encode()
        while data:
            data = data[os.write(self.p.stdin.fileno(), data):]
            self.pump(0)

    def pump(self, wait):
        """What it said since; waits so long for the first of it."""
        if not select.select([self.p.stdout], [], [], wait)[0]:
            return
        *whole, self.rest = (self.rest + os.read(self.p.stdout.fileno(), 1 << 18)).split(b"\n")
        self.lines += [line.decode().split() for line in whole]

    def take(self, name):
        """All events of that name so far."""
        got = [line for line in self.lines if line[0] == name]
        self.lines = [line for line in self.lines if line[0] != name]
        return got

    def event(self, name, seconds=15):
        return self.events(name, 1, seconds)[0]

    def events(self, name, count, seconds=15):
        got, end = [], time.monotonic() + seconds
        while len(got) < count:
            left = end - time.monotonic()
            if left <= 0 or self.p.poll() is not None:
                raise AssertionError(f"{len(got)} of {count} {name}; there are {self.lines[:20]}")
            self.pump(min(left, 0.5))
            got += self.take(name)
        return got

    def stats(self):
        self.take("stats")
        self.say("stats")
        names = ("tx", "rx", "rejected", "late", "errors", "streams", "peak")
        return dict(zip(names, map(int, self.event("stats")[1:])))

    def end(self):
        if self.p.poll() is None:
            self.p.stdin.close()
            self.p.wait(15)
        self.p.stdout.close()
        return self.p.returncode


def rtp(seq, timestamp, ssrc, payload, kind=8, marker=0):
    return struct.pack("!BBHII", 0x80, marker << 7 | kind, seq & 0xffff, timestamp & 0xffffffff, ssrc) + payload


def tone_event(code, end, duration):
    """RFC 4733."""
    return struct.pack("!BBH", code, end << 7 | 10, duration)
