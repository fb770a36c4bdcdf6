#!/usr/bin/env python3
"""Bridged telephones, written without any of zvonar's code: they send and judge what they hear,
with sox and tshark.  Usage: media_bridge_test.py MEDIA_BED WORK_FOLDER"""
import math, os, random, select, shutil, socket, struct, subprocess, sys, threading, time, unittest

BED, WORK = sys.argv[1], sys.argv[2]
# A word of media.io to run all of it by; without one it is the default.
IO = ['io=' + os.environ['ZV_MEDIA_IO']] if 'ZV_MEDIA_IO' in os.environ else []
PORT = int(os.environ.get('ZV_MEDIA_PORT', '18000'))
RTCP, PHONE = PORT + 390, PORT + 400
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


def drift(phone):
    """Where what a phone hears leaves the time it should be heard at, for a failed test's text."""
    first, out, last = phone.heard[0], [], 0
    for i, p in enumerate(phone.heard):
        apart = ((p[4] - first[4]) & 0xffffffff) / 8000 - (p[0] - first[0])
        if abs(apart - last) > 0.015:
            out.append(f'{p[0] - first[0]:.2f}s {apart:+.3f}')
            last = apart
    return ', '.join(out)


class Bed:
    def __init__(self, *options, lost_ms=0):
        self.p = subprocess.Popen([BED, str(PORT), str(SLOTS), str(RTCP), str(lost_ms), '0',
                                   *IO, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
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

    def phone(self, bed, slot, frames=None, pt=8, dtmf=101, gen=1, quiet_ms=0):
        phone = Phone(slot, frames, pt)
        self.addCleanup(phone.stop)
        bed.say(f'open {slot} {gen} 127.0.0.1 {PHONE + 2 * slot} {pt} {dtmf} 0 {quiet_ms}')
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

    def check_stream(self, phone, jumps=10):
        """One SSRC; the sequence goes on by one; timestamps by the audio, or by a gap of whole frames,
        seldom (this machine may be busy, then a source is late and its gap is told so)."""
        audio = [p for p in phone.heard if p[2] & 0x7f != 101]
        self.assertEqual(len({p[5] for p in phone.heard}), 1)
        for a, b in zip(phone.heard, phone.heard[1:]):
            self.assertEqual((b[3] - a[3]) & 0xffff, 1)
        for a, b in zip(audio, audio[1:]):
            step = (b[4] - a[4]) & 0xffffffff
            if step != len(a[6]):
                jumps -= 1
                self.assertEqual(step % 160, 0)
                self.assertLess(step, 8000 * 10)
        self.assertGreaterEqual(jumps, 0, 'timestamps jump')

    def open_pair(self, *options, a=None, b=None, laws=(8, 8), dtmf=(101, 101), **named):
        bed = self.bed(*options, **named)
        one = self.phone(bed, 0, a or sine(400, laws[0]), laws[0], dtmf[0])
        two = self.phone(bed, 1, b or sine(1000, laws[1]), laws[1], dtmf[1])
        self.assertTrue(wait_for(lambda: len(one.heard) > 10 and len(two.heard) > 10))
        return bed, one, two

    # ---- one hears the other ----

    def through(self, *options):
        bed, a, b = self.open_pair(*options, a=noise(300, 1), b=noise(300, 2))
        bed.bridge(0, 1)
        bed.sync()
        from_a, from_b = a.said + 3, b.said + 3
        self.assertTrue(wait_for(lambda: a.said >= 250 and b.said >= 250))
        bed.bridge(0, 1, on=0)
        bed.sync()
        for speaker, listener, first in ((a, b, from_a), (b, a, from_b)):
            at = {payload: t for t, payload in speaker.sent}
            heard = [(t, p) for t, *_, p in list(listener.heard) if p in at]
            ms = sorted((t - at[p]) * 1000 for t, p in heard)
            print(f'bridge {options}: {len(ms)} frames, ms median {ms[len(ms) // 2]:.2f} '
                  f'p99 {ms[len(ms) * 99 // 100]:.2f} max {ms[-1]:.2f}')
            # every frame that was said while the link was there, as it was, in order; but of what
            # comes in a late burst (this machine may be busy) some is passed over
            number = {p: n for n, (_, p) in enumerate(speaker.sent)}
            heard = [number[p] for _, p in heard]
            self.assertEqual(heard, sorted(set(heard)))
            self.assertGreater(len([n for n in heard if first <= n < 240]), 240 - first - 15)
            self.assertLess(ms[len(ms) // 2], 20)
            self.check_stream(listener)

    def test_each_of_two_on_one_thread_hears_the_others_frames_as_they_were(self):
        self.through()

    def test_each_of_two_on_two_threads_hears_the_others_frames_as_they_were(self):
        self.through('threads=2')

    def test_other_laws_are_changed_as_sox_changes_them(self):
        """All 256 octets both ways, against sox by way of 16 bits."""
        def sox(data, law, other):
            return subprocess.run(['sox', '-D', '-t', 'raw', '-r', '8000', '-c', '1', '-e', law, '-b', '8',
                                   '-', '-t', 'raw', '-e', 'signed', '-b', '16', '-', ], input=data,
                                  capture_output=True, check=True).stdout, other
        every = bytes(range(256)) + bytes(64)
        frames = [every[:160], every[160:]]
        bed, a, b = self.open_pair(a=frames, b=frames, laws=(8, 0))
        bed.bridge(0, 1)
        for speaker, listener, law, other in ((a, b, 'a-law', 'u-law'), (b, a, 'u-law', 'a-law')):
            linear, _ = sox(every, law, other)
            wanted = subprocess.run(
                ['sox', '-D', '-t', 'raw', '-r', '8000', '-c', '1', '-e', 'signed', '-b', '16', '-',
                 '-t', 'raw', '-e', other, '-b', '8', '-'], input=linear, capture_output=True,
                check=True).stdout
            for part in (wanted[:160], wanted[160:]):
                def close():
                    """The same step or the next: sox rounds to the other side where two are as near."""
                    table = DECODE[listener.pt]
                    for *_, p in list(listener.heard)[-20:]:
                        if all(x == y or abs(table[x] - table[y]) <= max(16, abs(table[y]) // 16)
                               for x, y in zip(p, part)):
                            return True
                    return False
                self.assertTrue(wait_for(close), f'{law} to {other}')
            self.assertEqual({p[2] & 0x7f for p in listener.heard}, {listener.pt})

    def test_who_is_linked_one_way_is_not_heard_the_other_way(self):
        bed, a, b = self.open_pair()
        bed.link(1, 0)
        self.assertTrue(self.hears(b, 400))
        self.assertLess(level(a.audio()[-1600:], 1000), 50)

    # ---- several ----

    def conference(self, *options):
        bed = self.bed(*options)
        hz = [300, 500, 700, 1100, 1300]
        phones = [self.phone(bed, i, sine(hz[i], 8)) for i in range(5)]
        for source in (1, 2, 3):
            bed.link(0, source)
        self.hears_only(phones[0], hz[1:4], [hz[0], hz[4]])
        bed.link(0, 4)
        self.hears_only(phones[0], hz[1:5], [hz[0]])
        extra = self.phone(bed, 5, sine(1700, 8))
        bed.link(0, 5)  # a fifth source has no place
        self.assertTrue(wait_for(lambda: extra.said > 20))
        self.hears_only(phones[0], hz[1:5], [1700])
        bed.link(0, 4, on=0)
        bed.link(0, 3, on=0)
        bed.link(0, 2, on=0)
        self.hears_only(phones[0], hz[1:2], hz[2:5])
        self.check_stream(phones[0])
        # a supervisor hears both, whispers to one
        bed.bridge(2, 3)
        bed.link(4, 2)
        bed.link(4, 3)
        bed.link(2, 4)
        self.hears_only(phones[4], [700, 1100], [1300])
        self.hears_only(phones[2], [1100, 1300], [700])
        self.hears_only(phones[3], [700], [1300, 1100])
        for phone in phones:
            self.check_stream(phone, jumps=14)

    def test_up_to_four_sources_are_heard_together_and_each_can_leave(self):
        self.conference()

    def test_the_same_on_two_threads(self):
        self.conference('threads=2')

    def test_loud_voices_together_saturate_and_do_not_wrap(self):
        bed = self.bed()
        loud = sine(500, 8, 30000)
        for i in (1, 2, 3):
            self.phone(bed, i, loud)
        a = self.phone(bed, 0, sine(300, 8))
        for i in (1, 2, 3):
            bed.link(0, i)
        self.assertTrue(self.hears(a, 500, least=20000))
        steps = [abs(x - y) for x, y in zip(a.audio()[-800:], a.audio()[-799:])]
        self.assertLess(sorted(steps)[-5], 50000)

    # ---- one stream through everything ----

    def story(self, *options):
        path = os.path.join(WORK, 'prompt.wav')
        subprocess.run(['sox', '-n', '-r', '8000', '-b', '16', path, 'synth', '2', 'sine', '2000',
                        'vol', '0.5'], check=True)
        bed, a, b = self.open_pair(*options)
        bed.say(f'load 70 {path}')
        bed.event('loaded')
        bed.say('play 0 1 1 0 5 0')  # the tone, then the customer
        bed.bridge(0, 1)
        bed.event('played', 0, 1, 5, 0)
        self.assertTrue(self.hears(a, 1000) and self.hears(b, 400))
        bed.bridge(0, 1, on=0)
        bed.say('play 1 1 3 0 6 0 1')  # hold
        self.hears_only(b, [], [400], 5)
        self.assertTrue(wait_for(lambda: 100 < math.sqrt(
            sum(x * x for x in b.audio()[-1600:]) / 1600) < 4000), 'music is quiet, and there')
        bed.bridge(0, 1)
        bed.say('stop 1 1')
        self.assertTrue(self.hears(a, 1000) and self.hears(b, 400))
        bed.say('play 1 1 70 0 7 0')  # a prompt in place of the link
        self.hears_only(b, [2000], [400])
        self.assertTrue(self.hears(a, 1000), 'the other way goes on')
        bed.event('played', 1, 1, 7, 0)
        self.assertTrue(self.hears(b, 400))
        b.talking = False
        since = time.monotonic() + 0.3
        self.assertTrue(wait_for(lambda: time.monotonic() > since + 0.5))
        self.assertEqual(set(a.audio(since)) - {8, -8}, set(), 'silence')
        b.talking = True
        self.assertTrue(self.hears(a, 1000))
        for phone, name in ((a, 'agent'), (b, 'customer')):
            self.check_stream(phone, jumps=20)
            self.check_by_tshark(phone, name + ''.join(options))
            # not ahead of time, not behind it
            first, last = phone.heard[0], phone.heard[-1]
            apart = ((last[4] - first[4]) & 0xffffffff) / 8000 - (last[0] - first[0])
            self.assertLess(abs(apart), 0.15, f"{name} {apart:.3f}: " + drift(phone))
        self.assertFalse([l for l in bed.lines if l[0] == 'played'], 'a loop tells nothing')

    def check_by_tshark(self, phone, name):
        """What the phone heard as a capture file, to an independent reader."""
        path = os.path.join(WORK, name + '.pcap')
        with open(path, 'wb') as f:
            f.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101))
            for t, b0, b1, seq, ts, ssrc, payload in phone.heard:
                rtp = struct.pack('!BBHII', b0, b1, seq, ts, ssrc) + payload
                udp = struct.pack('!HHHH', 5000, 6000, 8 + len(rtp), 0) + rtp
                ip = struct.pack('!BBHHHBBHII', 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, 0x7f000001,
                                 0x7f000001) + udp
                f.write(struct.pack('<IIII', int(t), int(t % 1 * 1e6), len(ip), len(ip)) + ip)
        out = subprocess.run(['tshark', '-n', '-r', path, '-d', 'udp.port==6000,rtp', '-q', '-z',
                              'rtp,streams'], capture_output=True, text=True, check=True).stdout
        rows = [l.split() for l in out.splitlines() if '127.0.0.1' in l]
        self.assertEqual(len(rows), 1, out)
        lost = rows[0][rows[0].index('127.0.0.1', 3) + 4:]
        self.assertIn('0', lost, out)
        self.assertIn('(0.0%)', rows[0], out)

    def test_one_stream_through_tone_bridge_hold_and_prompt(self):
        self.story()

    def test_one_stream_through_tone_bridge_hold_and_prompt_on_two_threads(self):
        self.story('threads=2')

    def test_the_tone_is_heard_over_the_customer_and_ring_back_has_its_cadence(self):
        bed, a, b = self.open_pair()
        bed.link(0, 1)
        self.assertTrue(self.hears(a, 1000))
        since = time.monotonic()
        bed.say('play 0 1 1 0 5 0')
        bed.event('played', 0, 1, 5, 0)
        self.assertTrue(wait_for(lambda: len(a.audio(since)) > 8000))
        audio = a.audio(since)
        both = [i for i in range(0, 4800, 160) if level(audio[i:i + 480], 1000) > 2500 and
                level(audio[i:i + 480], 660) > 700]
        self.assertTrue(both, 'tone and voice at once')
        bed.link(0, 1, on=0)
        since = time.monotonic()
        bed.say('play 0 1 2 0 6 0 1')
        self.assertTrue(wait_for(lambda: len(a.audio(since)) > 6.5 * 8000, 12))
        audio = a.audio(since)
        rings = [level(audio[i:i + 800], 425) > 1500 for i in range(0, 6 * 8000, 800)]
        begin = rings.index(True)
        self.assertLess(begin, 4)
        self.assertEqual(rings[begin + 1:begin + 9], [True] * 8)
        self.assertEqual(rings[begin + 12:begin + 48], [False] * 36)
        self.assertTrue(any(rings[begin + 49:begin + 53]), 'and again')

    # ---- losses ----

    def test_losses_swaps_and_copies_of_a_source_stay_what_they_are(self):
        bed, a, b = self.open_pair(a=noise(400, 3))
        r = random.Random(5)
        fates = {}

        def gate(n):
            if n < 60 or n > 350:
                return (1, 0)
            fates[n] = r.choice([(0, 0)] * 2 + [(2, 0)] * 2 + [(1, 1)] * 2 + [(1, 0)] * 14)
            return fates[n]
        a.gate = gate
        bed.bridge(0, 1)
        self.assertTrue(wait_for(lambda: a.said > 380, 20))
        at = {p: n for n, (_, p) in enumerate(a.sent)}
        heard = [(at[p[6]], p) for p in b.heard if p[6] in at]
        numbers = [n for n, _ in heard]
        self.assertEqual(len(numbers), len(set(numbers)), 'copies go nowhere')
        lost = [n for n in range(70, 340) if n not in set(numbers)]
        meant = [n for n in range(70, 340) if fates[n] == (0, 0)]
        self.assertEqual([n for n in meant if n not in lost], [])
        # a busy machine may make a burst of what this side sends; its oldest are passed over
        self.assertLess(len(lost), len(meant) + 10)
        # by their sequence and timestamps, the listener's telephone puts all in order again
        off = [((p[4] - 160 * n) & 0xffffffff) for n, p in heard]
        self.assertLess(len({x for x in off if off.count(x) > 1}), 6)
        off = [((p[3] - n) & 0xffff) for n, p in heard]
        self.assertGreater(max(off.count(x) for x in set(off)), len(off) * 0.6)
        self.assertTrue(self.hears(a, 1000))

    def test_who_says_nothing_is_silence_in_time(self):
        bed, a, b = self.open_pair()
        bed.bridge(0, 1)
        self.assertTrue(self.hears(b, 400))
        a.talking = False
        before = len(b.heard)
        self.assertTrue(wait_for(lambda: len(b.heard) > before + 50))
        gaps = [y[0] - x[0] for x, y in zip(b.heard[before - 5:], b.heard[before - 4:])]
        self.assertLess(sorted(gaps)[-2], 0.25)
        # a packet of comfort noise is nothing to hear
        a.send(a.packet(b'\x40', pt=13))
        self.assertTrue(wait_for(lambda: len(b.heard) > before + 70))
        self.check_stream(b)
        self.assertNotIn(13, {p[2] & 0x7f for p in b.heard})

    # ---- ends ----

    def closing(self, *options):
        bed, a, b = self.open_pair(*options)
        c = self.phone(bed, 2, sine(1300, 8))
        bed.bridge(0, 1)
        bed.link(2, 0)
        self.assertTrue(self.hears(a, 1000) and self.hears(b, 400) and self.hears(c, 400))
        bed.say('close 0 1')
        bed.event('closed', 0, 1)
        since = time.monotonic() + 0.3
        self.assertTrue(wait_for(lambda: time.monotonic() > since + 0.4))
        self.assertLess(level(b.audio(since), 400), 20)
        # the slot's next use is nobody's source, though its far end is the same telephone
        bed.say(f'open 0 2 127.0.0.1 {PHONE} 8 101')
        since = time.monotonic() + 0.2
        self.assertTrue(wait_for(lambda: time.monotonic() > since + 0.6))
        self.assertLess(level(b.audio(since), 400), 20)
        self.assertLess(level(c.audio(since), 400), 20)
        self.assertLess(level(a.audio(since), 1000), 20)
        # links of the former use are not made any more; those of the new one are
        bed.link(1, 0)
        bed.link(0, 1)
        bed.sync()
        since = time.monotonic()
        self.assertTrue(wait_for(lambda: time.monotonic() > since + 0.4))
        self.assertLess(level(b.audio(since), 400), 20)
        for i in range(6):  # the old ones took no place
            bed.link(1, 0, source_gen=2)
        bed.link(0, 1, gen=2)
        self.assertTrue(self.hears(a, 1000) and self.hears(b, 400))
        self.check_stream(b)

    def test_who_leaves_is_unlinked_at_both_ends_and_his_slots_next_use_is_not_heard(self):
        self.closing()

    def test_the_same_across_threads(self):
        self.closing('threads=2')

    # ---- keys ----

    def presses(self, phone, pt=101):
        """The events heard: (digit, packets, end packets), by timestamp."""
        events = {}
        for p in list(phone.heard):
            if p[2] & 0x7f == pt:
                code, flags, duration = struct.unpack('!BBH', p[6][:4])
                e = events.setdefault(p[4], [code, 0, 0, 0])
                e[1] += 1
                e[2] += flags >> 7
                e[3] = max(e[3], duration)
        return list(events.values())

    def keys(self, *options):
        bed, a, b = self.open_pair(*options, dtmf=(101, 96))
        bed.link(1, 0, keys=1)
        bed.link(0, 1, keys=0)
        self.assertTrue(self.hears(b, 400))
        a.press(5)
        bed.event('key', 0, 1, '5')
        self.assertTrue(wait_for(lambda: [e[:3] for e in self.presses(b, 96)] == [[5, 7, 3]]),
                        self.presses(b, 96))
        b.press(7, pt=96)
        bed.event('key', 1, 1, '7')
        self.assertTrue(self.hears(b, 400) and self.hears(a, 1000))
        self.assertEqual(self.presses(a), [], 'not passed on: the link says so')
        for key in '159*0#D':
            bed.say(f'key 0 1 {key}')
        digits = [1, 5, 9, 10, 0, 11, 15]
        self.assertTrue(wait_for(lambda: [e[0] for e in self.presses(a)] == digits and
                                 self.presses(a)[-1][2] == 3))
        for code, packets, ends, duration in self.presses(a):
            self.assertEqual((packets, ends, duration), (7, 3, 800))
        self.assertTrue(self.hears(a, 1000), 'then he is heard again')
        self.assertEqual(len({p[5] for p in a.heard}), 1)
        for x, y in zip(a.heard, a.heard[1:]):
            self.assertEqual((y[3] - x[3]) & 0xffff, 1)

    def test_keys_are_passed_on_where_the_link_says_so_and_sent_on_command(self):
        self.keys()

    def test_keys_are_passed_on_across_threads(self):
        self.keys('threads=2')

    def test_a_leg_without_telephone_events_hears_keys_as_tones(self):
        bed, a, b = self.open_pair(dtmf=(0, 101))
        since = time.monotonic()
        for key in '15':
            bed.say(f'key 0 1 {key}')
        self.assertTrue(wait_for(lambda: len(a.audio(since)) > 4800))
        audio = a.audio(since)

        def at(row, column):
            return [i for i in range(0, len(audio) - 400, 160) if level(audio[i:i + 400], row) > 4000 and
                    level(audio[i:i + 400], column) > 4000]
        self.assertTrue(at(697, 1209) and at(770, 1336))
        self.assertGreater(at(770, 1336)[0], at(697, 1209)[-1])

    # ---- phones behind NAT, phones that fall silent ----

    def test_a_phone_is_learnt_only_if_its_leg_says_so_and_once(self):
        bed = self.bed()
        for slot, learn in ((0, 0), (2, 1)):
            phone = Phone(slot, sine(400, 8), port=PHONE + 2 * slot + 50)
            self.addCleanup(phone.stop)
            bed.say(f'open {slot} 1 127.0.0.1 {PHONE + 2 * slot} 8 101 {learn}')
            phone.start()
            if not learn:
                self.assertTrue(wait_for(lambda: phone.said > 25))
                self.assertEqual(phone.heard, [])
            else:
                self.assertTrue(wait_for(lambda: len(phone.heard) > 20))
        late = Phone(2, sine(1000, 8))  # a second one is not believed
        self.addCleanup(late.stop)
        late.start()
        self.assertTrue(wait_for(lambda: late.said > 20))
        self.assertEqual(late.heard, [])
        bed.say('close 0 1')
        closed = bed.event('closed', 0, 1)
        self.assertEqual(int(closed[3]), 0)
        self.assertGreater(int(closed[6]), 20)

    def test_a_phone_that_falls_silent_is_told_each_time(self):
        bed, a, b = self.open_pair(lost_ms=400)
        bed.bridge(0, 1)
        a.talking = False
        bed.event('lost', 0, 1)
        a.talking = True
        self.assertTrue(self.hears(b, 400))
        a.talking = False
        bed.event('lost', 0, 1)
        self.assertFalse([l for l in bed.lines if l[0] == 'lost'])


    def test_quiet_is_told_soon_and_so_is_that_it_is_over(self):
        bed = self.bed(lost_ms=1500)
        a = self.phone(bed, 0, sine(400, 8), quiet_ms=300)
        self.assertTrue(wait_for(lambda: a.said > 50))
        bed.sync()
        self.assertFalse([l for l in bed.lines if l[0] in ('quiet', 'lost')])
        for _ in range(2):
            a.talking = False
            bed.event('quiet', 0, 1)
            self.assertFalse([l for l in bed.lines if l[0] == 'lost'], 'lost is told later')
            a.talking = True
            bed.event('heard', 0, 1)
        a.talking = False
        bed.event('quiet', 0, 1)
        bed.event('lost', 0, 1)
        self.assertFalse([l for l in bed.lines if l[0] in ('quiet', 'heard', 'lost')])


if __name__ == '__main__':
    shutil.rmtree(WORK, ignore_errors=True)
    os.makedirs(WORK)
    unittest.main(argv=sys.argv[:1], verbosity=1)
