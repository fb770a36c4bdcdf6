#!/usr/bin/env python3
"""Bridged telephones, written without any of zvonar's code: they send and judge what they hear,
with sox and tshark.  Usage: media_bridge_test.py MEDIA_BED WORK_FOLDER"""
import math, os, random, select, shutil, socket, struct, subprocess, sys, threading, time, unittest

BED, WORK = sys.argv[1], sys.argv[2]
PORT, RTCP, PHONE = 18000, 18390, 18400
SLOTS = 12


def alaw(byte):
    byte ^= 0x55
    seg, man = (byte >> 4) & 7, byte & 15
    value = (man * 2 + 1) * 8 if seg == 0 else (man * 2 + 33) * 8 << (seg - 1)
    return value if byte & 0x80 else -value


def ulaw(byte):
    byte = ~byte & 0xff
    value = (((byte & 15) * 2 + 33) << ((byte >> 4) & 7)) * 4 - 132
    return -value if byte & 0x80 else value


DECODE = {8: [alaw(b) for b in range(256)], 0: [ulaw(b) for b in range(256)]}
NEAREST = {}


def encode(pt, samples):
    if pt not in NEAREST:
        import bisect
        table = sorted((v, b) for b, v in enumerate(DECODE[pt]))
        values = [v for v, _ in table]
        NEAREST[pt] = lambda s: min(table[max(bisect.bisect(values, s) - 1, 0):][:2],
                                    key=lambda t: abs(t[0] - s))[1]
    return bytes(NEAREST[pt](s) for s in samples)


def sine(hz, pt, amplitude=4000):
    """One second, frame by frame."""
    coded = encode(pt, [amplitude * math.sin(2 * math.pi * hz * i / 8000) for i in range(8000)])
    return [coded[i:i + 160] for i in range(0, 8000, 160)]


def level(samples, hz):
    """Amplitude of one frequency in the samples (Goertzel's)."""
    w = 2 * math.cos(2 * math.pi * hz / 8000)
    a = b = 0.0
    for s in samples:
        a, b = s + w * a - b, a
    n = len(samples)
    return 2 * math.sqrt(max(a * a + b * b - w * a * b, 0)) / n if n else 0


def noise(frames, seed):
    """Frames of which no two are alike."""
    r = random.Random(seed)
    return [bytes(r.randrange(256) for _ in range(160)) for _ in range(frames)]


class Bed:
    def __init__(self, *options, lost_ms=0):
        self.p = subprocess.Popen([BED, str(PORT), str(SLOTS), str(RTCP), str(lost_ms), '0',
                                   *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  bufsize=0)
        self.lines, self.rest = [], b''
        assert self.event('ready')

    def say(self, line):
        self.p.stdin.write((line + '\n').encode())

    def event(self, *words, seconds=10):
        """The first line that begins so; it and only it is taken away."""
        end = time.monotonic() + seconds
        while True:
            for line in self.lines:
                if line[:len(words)] == [str(w) for w in words]:
                    self.lines.remove(line)
                    return line
            left = end - time.monotonic()
            if left <= 0:
                raise AssertionError(f'no {words}; there are {self.lines}')
            if select.select([self.p.stdout], [], [], left)[0]:
                *whole, self.rest = (self.rest + os.read(self.p.stdout.fileno(), 65536)).split(b'\n')
                self.lines += [l.decode().split() for l in whole]

    def link(self, listener, source, on=1, keys=0, gen=1, source_gen=1):
        self.say(f'link {listener} {gen} {source} {source_gen} {on} {keys}')

    def bridge(self, a, b, on=1, keys=0):
        self.link(a, b, on, keys)
        self.link(b, a, on, keys)

    def sync(self):
        """All that was said is done: an unknown leg's close is answered by each thread."""
        for slot in (SLOTS - 1, SLOTS - 2):
            self.say(f'close {slot} 77')
            self.event('closed', slot, 77)

    def end(self):
        if self.p.returncode is None:
            self.p.stdin.close()
            self.p.wait(10)
            self.p.stdout.close()
        return self.p.returncode


class Phone(threading.Thread):
    """Sends a frame each 20 ms and keeps what it hears."""

    def __init__(self, slot, frames=None, pt=8, port=None):
        super().__init__(daemon=True)
        self.slot, self.pt, self.frames = slot, pt, frames
        self.s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.s.bind(('127.0.0.1', port or PHONE + 2 * slot))
        self.seq, self.ts = random.randrange(65536), random.randrange(1 << 32)
        self.ssrc = random.randrange(1 << 32)
        self.heard, self.sent, self.said = [], [], 0
        self.talking = frames is not None
        self.over = False
        self.gate = lambda n: (1, 0)  # of frame n: how many copies, how many places later
        self.delayed = []

    def packet(self, payload, pt=None, marker=0, seq=None, ts=None):
        return struct.pack('!BBHII', 0x80, marker << 7 | (self.pt if pt is None else pt),
                           self.seq if seq is None else seq, self.ts if ts is None else ts,
                           self.ssrc) + payload

    def send(self, data):
        self.s.sendto(data, ('127.0.0.1', PORT + 2 * self.slot))

    def speak(self):
        payload = self.frames[self.said % len(self.frames)]
        data = self.packet(payload)
        copies, later = self.gate(self.said)
        self.sent.append((time.monotonic(), payload))
        if later:
            self.delayed.append([later, data])
        else:
            for _ in range(copies):
                self.send(data)
        for d in self.delayed:
            d[0] -= 1
            if d[0] < 0:
                self.send(d[1])
        self.delayed = [d for d in self.delayed if d[0] >= 0]
        self.said += 1
        self.seq, self.ts = (self.seq + 1) & 0xffff, (self.ts + 160) & 0xffffffff

    def run(self):
        due = time.monotonic() + random.random() * 0.02
        while not self.over:
            wait = due - time.monotonic()
            if select.select([self.s], [], [], max(wait, 0))[0]:
                data, source = self.s.recvfrom(2048)
                self.heard.append((time.monotonic(), *struct.unpack('!BBHII', data[:12]), data[12:]))
            if time.monotonic() >= due:
                due += 0.02
                if self.talking:
                    self.speak()
                elif self.frames is not None:
                    self.ts = (self.ts + 160) & 0xffffffff

    def press(self, code, pt=101):
        for i in range(7):
            self.send(self.packet(struct.pack('!BBH', code, (i >= 4) << 7 | 10, min(i + 1, 4) * 160),
                                  pt, marker=i == 0))
            self.seq = (self.seq + 1) & 0xffff

    def audio(self, since=0.0, until=1e18):
        return [DECODE[p[2] & 0x7f][b] for p in list(self.heard)
                if since <= p[0] <= until and p[2] & 0x7f in DECODE for b in p[6]]

    def stop(self):
        self.over = True
        if self.ident:
            self.join()
        self.s.close()


def wait_for(what, seconds=10):
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


class Bridge(unittest.TestCase):
    def bed(self, *options, **named):
        bed = Bed(*options, **named)
        self.addCleanup(bed.end)
        return bed

    def phone(self, bed, slot, frames=None, pt=8, dtmf=101, gen=1):
        phone = Phone(slot, frames, pt)
        self.addCleanup(phone.stop)
        bed.say(f'open {slot} {gen} 127.0.0.1 {PHONE + 2 * slot} {pt} {dtmf}')
        phone.start()
        return phone

    def hears(self, phone, hz, seconds=5, least=2500):
        """From some moment on 100 ms of what it hears are full of that frequency."""
        return wait_for(lambda: level(phone.audio()[-800:], hz) > least, seconds)

    def hears_only(self, phone, wanted, unwanted, seconds=5):
        def so():
            audio = phone.audio()[-1600:]
            return len(audio) == 1600 and all(level(audio, h) > 2500 for h in wanted) and \
                all(level(audio, h) < 250 for h in unwanted)
        self.assertTrue(wait_for(so, seconds), [(h, level(phone.audio()[-1600:], h))
                                                for h in [*wanted, *unwanted]])

    def check_stream(self, phone, jumps=0):
        """One SSRC; the sequence goes on by one; timestamps by the audio, or a gap of whole frames
        with a marker, as often as that is allowed.  Arrival order is sending order here."""
        packets = [p for p in phone.heard if p[2] & 0x7f != 101]
        self.assertEqual(len({p[5] for p in phone.heard}), 1)
        for a, b in zip(phone.heard, phone.heard[1:]):
            self.assertEqual((b[3] - a[3]) & 0xffff, 1)
        for a, b in zip(packets, packets[1:]):
            step = (b[4] - a[4]) & 0xffffffff
            if step != len(a[6]):
                jumps -= 1
                self.assertEqual(step % 160, 0)
                self.assertLess(step, 8000 * 10)
        self.assertGreaterEqual(jumps, 0, 'timestamps jump')

    def pair(self, *options):
        """Two bridged phones of noise; latencies in ms and the phones."""
        bed = self.bed(*options)
        a = self.phone(bed, 0, noise(300, 1))
        b = self.phone(bed, 1, noise(300, 2))
        self.assertTrue(wait_for(lambda: len(a.heard) > 10 and len(b.heard) > 10))
        bed.bridge(0, 1)
        self.assertTrue(wait_for(lambda: a.said >= 250 and b.said >= 250))
        return bed, a, b

    def latencies(self, speaker, listener):
        at = {payload: t for t, payload in speaker.sent}
        return sorted((t - at[p]) * 1000 for t, *_, p in listener.heard if p in at)

    def through(self, *options):
        bed, a, b = self.pair(*options)
        bed.bridge(0, 1, on=0)
        bed.sync()
        for speaker, listener in ((a, b), (b, a)):
            ms = self.latencies(speaker, listener)
            print(f'bridge {options}: {len(ms)} frames, ms median {ms[len(ms) // 2]:.2f} '
                  f'p99 {ms[len(ms) * 99 // 100]:.2f} max {ms[-1]:.2f}')
            # every frame that was sent while the link was there, unchanged and in order
            whole = [p for *_, p in listener.heard]
            first = next(i for i, (_, p) in enumerate(speaker.sent) if p in whole)
            sent = [p for _, p in speaker.sent[first:]][:230]
            self.assertGreater(len(sent), 200)
            at = whole.index(sent[0])
            self.assertEqual(whole[at:at + len(sent)], sent)
            self.assertLess(ms[len(ms) * 99 // 100], 20)
            self.check_stream(listener)

    def test_each_of_two_on_one_thread_hears_the_others_frames_as_they_were(self):
        self.through()

    def test_each_of_two_on_two_threads_hears_the_others_frames_as_they_were(self):
        self.through('threads=2')


if __name__ == '__main__':
    shutil.rmtree(WORK, ignore_errors=True)
    os.makedirs(WORK)
    unittest.main(argv=sys.argv[:1], verbosity=1)
