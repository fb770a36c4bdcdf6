"""Loss, bursts of it, disorder, duplicates, jitter, drift and nonsense on the way to real media
threads.  The judge plays the network itself, so it knows what arrived: a key is heard once if one
packet of it came, and not otherwise; a recording is as long as the call, and each mark in it stands
where its first packet that came belongs."""
import heapq
import os
import random
import socket
import struct
import subprocess
import time

from bed import Bed, SILENCE, rtp, tone_event

HERE, FAR = "127.0.0.1", "127.0.0.9"
KEYS = "0123456789*#"
FRAME = 0.02
MARK_FRAMES = 3       # of sound, each second
STRAY = 0.12          # apart from the clock by more, a recording's side is set anew
CAL_MS = 1790000000000
SQUARE = (bytes([0x15]) * 8 + bytes([0x95]) * 8) * 10  # 500 Hz, loud


class Way:
    """What happens to a stream's packets."""

    def __init__(self, name, loss=0.0, burst=0, swap=0.0, twice=0.0, jitter_ms=0, ppm=0, nonsense=0.0):
        self.name, self.loss, self.burst, self.swap, self.twice = name, loss, burst, swap, twice
        self.jitter_ms, self.ppm, self.nonsense = jitter_ms, ppm, nonsense


    def ahead(self):
        """By how many seconds a packet may be before the first one's clock."""
        return self.jitter_ms / 1000 + 3 * FRAME * (self.swap > 0) + STRAY * (abs(self.ppm) > 1000)


# 20,000 ppm for six seconds leave the clocks as far apart as 200 ppm do in ten minutes.
WAYS = [
    Way("clean"),
    Way("loss 5 %", loss=0.05),
    Way("loss 20 %", loss=0.20),
    Way("loss 10 % in bursts", loss=0.10, burst=5),
    Way("swapped", swap=0.2),
    Way("twice", twice=0.3),
    Way("jitter 60 ms", jitter_ms=60),
    Way("drift +200 ppm", ppm=200),
    Way("drift -200 ppm", ppm=-200),
    Way("drift of ten minutes, fast", ppm=20000),
    Way("drift of ten minutes, slow", ppm=-20000),
    Way("all of it", loss=0.20, burst=4, swap=0.1, twice=0.1, jitter_ms=30, ppm=200, nonsense=0.05),
]


class Stream:
    """A telephone and its way: packets of the whole call, and when each arrives."""

    def __init__(self, slot, way, seconds, seed):
        self.way, self.slot, self.random = way, slot, random.Random(seed)
        self.s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.s.bind((FAR, 0))
        self.packets = []     # (when it is sent, bytes, what it belongs to)
        self.late = 0.0       # by how much we ourselves were late at most
        self.ssrc = self.random.randrange(1 << 32)
        self.make(seconds)
        self.arrivals = sorted(self.travel(), key=lambda a: a[0])

    def make(self, seconds):
        """Marks of sound on the second, keys in between."""
        every = FRAME / (1 + self.way.ppm / 1e6)
        seq, first = 65500 + self.slot, (1 << 32) - 8000 * self.slot - 160
        presses, n = {}, 0
        for second in range(seconds):
            at = second * 50 + 10
            while at < second * 50 + 38:
                presses[at] = (n, self.random.choice(KEYS), self.random.randint(2, 5))
                at += presses[at][2] + 3 + self.random.randint(4, 9)
                n += 1
        self.pressed = {n: key for n, key, _ in presses.values()}
        frame = 0
        while frame < seconds * 50:
            if frame in presses:
                n, key, length = presses[frame]
                for i in range(length + 3):
                    payload = tone_event(KEYS.index(key), i >= length, 160 * min(i + 1, length))
                    self.packets.append(((frame + i) * every, rtp(seq + frame + i, first + frame * 160, self.ssrc,
                                                                  payload, 101, i == 0), ("key", n)))
                frame += length + 3
                continue
            marked = frame % 50 < MARK_FRAMES
            self.packets.append((frame * every, rtp(seq + frame, first + frame * 160, self.ssrc,
                                                    SQUARE if marked else bytes([SILENCE]) * 160),
                                 ("mark", frame // 50, frame % 50) if marked else None))
            frame += 1

    def travel(self):
        """(when, bytes, what) of all that arrives."""
        r, way, left = self.random, self.way, 0
        for at, data, what in self.packets:
            if way.burst and left == 0 and r.random() < way.loss / way.burst:
                left = way.burst
            elif not way.burst and r.random() < way.loss:
                continue
            if left > 0:
                left -= 1
                continue
            at += r.random() * way.jitter_ms / 1000
            if r.random() < way.swap:
                at += r.randint(1, 3) * FRAME + 0.001
            if r.random() < way.nonsense:
                yield at, self.nonsense(data), None
            yield at, data, what
            if r.random() < way.twice:
                yield at + r.random() * 0.05, data, what

    def nonsense(self, data):
        """From the right address, and nothing that could be taken for the packet itself."""
        r = self.random
        other = bytes([r.choice((0x00, 0x40, 0xc0)) | r.randrange(64)])  # a version that is not 2
        return [data[:r.randrange(12)], other + r.randbytes(r.randrange(1400)), other + data[1:],
                bytes([0xbf]) + data[1:20], data[:1] + bytes([0xff]) + data[2:]][r.randrange(5)]

    def expected(self):
        """Keys, by the first packet of each that came."""
        seen, out = set(), []
        for _, _, what in self.arrivals:
            if what is not None and what[0] == "key" and what[1] not in seen:
                seen.add(what[1])
                out.append(self.pressed[what[1]])
        return "".join(out)

    def marks(self):
        """By second of its clock: when the first frame of it that came was sent."""
        first = {}
        for _, _, what in self.arrivals:
            if what is not None and what[0] == "mark":
                first[what[1]] = min(first.get(what[1], 50), what[2])
        every = FRAME / (1 + self.way.ppm / 1e6)
        return {second: (second * 50 + frame) * every for second, frame in first.items()}


def loud_at(path):
    """Seconds at which sound begins on the right side of an Opus file, and its length."""
    wav = path + ".wav"
    subprocess.run(["opusdec", "--quiet", "--rate", "8000", path, wav], check=True, stderr=subprocess.DEVNULL)
    with open(wav, "rb") as f:
        data = f.read()
    data = data[data.index(b"data") + 8:]
    right = struct.unpack(f"<{len(data) // 4 * 2}h", data[:len(data) // 4 * 4])[1::2]
    begins, quiet = [], 1e9
    for i in range(0, len(right) - 20, 20):
        if max(map(abs, right[i:i + 20])) > 1000:
            if quiet > 0.2:
                begins.append(i / 8000)
            quiet = 0
        else:
            quiet += 20 / 8000
    return begins, len(right) / 8000


class Rough:
    def __init__(self, program, kind, first, work, seconds, seed):
        self.work = os.path.join(work, kind)
        self.bed = Bed(program, kind, first, 2 * len(WAYS), first + 90, f"tape={self.work}", "threads=2")
        self.kind = self.bed.kind
        self.streams = [Stream(slot, way, seconds, seed * 1000 + slot) for slot, way in enumerate(WAYS)]
        for s in self.streams:
            self.bed.say(f"open {s.slot} 1 {FAR} {s.s.getsockname()[1]} 8 101")
        for s in self.streams:
            self.bed.say(f"record {s.slot} 1 1 {CAL_MS}")

    def finish(self):
        """All calls are heard to their end, then end at one moment."""
        self.bed.say(*[f"record {s.slot} 1 0 0" for s in self.streams])
        self.taped = {int(line[2], 16) >> 32: line for line in self.bed.events("recorded", len(WAYS), 60)}
        self.bed.say(*[f"close {s.slot} 1" for s in self.streams])
        self.bed.events("closed", len(WAYS))
        self.keys = {}
        for line in self.bed.take("key"):
            self.keys[int(line[1])] = self.keys.get(int(line[1]), "") + line[3]
        self.left = self.bed.end()

    def judge(self, checks, began):
        def that(right, what, detail=""):
            checks.that(right, f"{self.kind}: {what}", "" if right else detail)

        that(self.left == 0, "it ends in order", self.left)
        # A last frame may reach over the end, and each stream's turn to begin and end is its own; one
        # that is ahead of the clock ends as much later as it may be ahead; and what the machine makes us
        # wait it makes the media threads wait.
        late = max(s.late for s in self.streams)
        lengths = [int(self.taped[s.slot][4]) for s in self.streams]
        over = [length - min(lengths) - 1000 * s.way.ahead() for s, length in zip(self.streams, lengths)]
        that(max(over) <= 2 * 20 + 1000 * late, "recordings are of one length within a frame and a turn",
             (lengths, late))
        whole = time.monotonic() - began
        that(max(lengths) / 1000 <= whole, "and not longer than the call", (max(lengths), whole))
        for s in self.streams:
            want, got = s.expected(), self.keys.get(s.slot, "")
            that(got == want, f"{s.way.name}: {len(want)} of {len(s.pressed)} keys came, each is read once",
                 f"{got} for {want}")
            self.judge_marks(s, that)

    def judge_marks(self, s, that):
        """Where the marks stand, apart from the clock that all marks share."""
        begins, length = loud_at(os.path.join(self.work, self.taped[s.slot][3]))
        wanted = s.marks()
        that(len(begins) == len(wanted), f"{s.way.name}: all marks that came are recorded, and only they",
             (begins, wanted))
        if len(begins) != len(wanted):
            return
        apart = [b - w for b, w in zip(begins, sorted(wanted.values()))]
        # A frame for the file's and the codec's steps, and for what came late on its way or of ours;
        # a clock that drifts is let go that far.
        worst = s.late + 0.025 + s.way.jitter_ms / 1000
        drift = abs(s.way.ppm) / 1e6 * length
        bound = worst + min(drift, STRAY + 0.04) if s.late < STRAY / 2 else STRAY + worst
        that(max(apart) - min(apart) <= bound, f"{s.way.name}: they are in step within {bound * 1000:.0f} ms",
             [f"{a:.3f}" for a in apart])
        that(abs(length - int(self.taped[s.slot][4]) / 1000) <= FRAME, f"{s.way.name}: the file is as long as is told",
             (length, self.taped[s.slot][4]))


def play(all_streams, beds):
    """Sends everything when it is due; says how late it was itself."""
    begin = time.monotonic() + 0.05
    due = [(s.arrivals[0][0], i, 0) for i, (s, _) in enumerate(all_streams)]
    heapq.heapify(due)
    while due:
        at, i, n = heapq.heappop(due)
        s, bed = all_streams[i]
        now = time.monotonic() - begin
        if now < at:
            for b in beds:
                b.pump(0)
            time.sleep(max(0, at - (time.monotonic() - begin)))
        s.late = max(s.late, time.monotonic() - begin - at)
        s.s.sendto(s.arrivals[n][1], (HERE, bed.port + 2 * s.slot))
        if n + 1 < len(s.arrivals):
            heapq.heappush(due, (s.arrivals[n + 1][0], i, n + 1))


def run(program, kinds, checks, work, seconds, seed):
    """All kinds at once: what the machine does to one it does to all."""
    began = time.monotonic()
    sides = [Rough(program, kind, 22000 + 100 * i, work, seconds, seed) for i, kind in enumerate(kinds)]
    play([(s, side.bed) for side in sides for s in side.streams], [side.bed for side in sides])
    for side in sides:
        side.finish()
    for side in sides:
        side.judge(checks, began)
        for s in side.streams:
            s.s.close()
