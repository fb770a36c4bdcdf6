#!/usr/bin/env python3
"""The far end of a call, written without any of zvonar's code: it judges what the media thread
sends and sends what a telephone would.  Usage: media_peer_test.py MEDIA_BED WORK_FOLDER"""
import math, os, random, select, shutil, socket, struct, subprocess, sys, time, unittest, wave

BED, WORK = sys.argv[1], sys.argv[2]
# A word of media.io to run all of it by; without one it is the default.
IO = ['io=' + os.environ['ZV_MEDIA_IO']] if 'ZV_MEDIA_IO' in os.environ else []
PORT = 17000      # of the bed's slots
PEER = 17400      # of this side
RTCP = 17399


# G.711 by the formulas of the recommendation, decoders only
def alaw(byte):
    byte ^= 0x55
    sign, seg, man = byte & 0x80, (byte >> 4) & 7, byte & 15
    value = (man * 2 + 1) * 8 if seg == 0 else (man * 2 + 33) * 8 << (seg - 1)
    return value if sign else -value


def ulaw(byte):
    byte = ~byte & 0xff
    value = (((byte & 15) * 2 + 33) << ((byte >> 4) & 7)) * 4 - 132
    return -value if byte & 0x80 else value


DECODE = {8: [alaw(b) for b in range(256)], 0: [ulaw(b) for b in range(256)]}


def encode(pt, samples):
    """The nearest code, by search: slow and sure."""
    table = sorted((v, b) for b, v in enumerate(DECODE[pt]))
    values = [v for v, _ in table]
    import bisect
    out = bytearray()
    for s in samples:
        i = min(max(bisect.bisect(values, s), 1), len(values) - 1)
        out.append(min(table[i - 1:i + 1], key=lambda t: abs(t[0] - s))[1])
    return bytes(out)


class Bed:
    def __init__(self, *options, lost_ms=0, rtcp_ms=0, port=PORT, slots=8, program=None):
        self.p = subprocess.Popen([*(program or [BED]), str(port), str(slots), str(RTCP), str(lost_ms),
                                   str(rtcp_ms), *IO, *options], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, bufsize=0)
        self.lines, self.rest = [], b''
        self.first = self.wait(lambda l: l[0] in ('ready', 'failed'))

    def say(self, line):
        self.p.stdin.write((line + '\n').encode())

    def pump(self, wait):
        if not select.select([self.p.stdout], [], [], wait)[0]:
            return
        got = os.read(self.p.stdout.fileno(), 65536)
        *whole, self.rest = (self.rest + got).split(b'\n')
        self.lines += [l.decode().split() for l in whole]

    def wait(self, match, seconds=10):
        """The first line that matches; it and only it is taken away."""
        end = time.monotonic() + seconds
        while True:
            for l in self.lines:
                if match(l):
                    self.lines.remove(l)
                    return l
            left = end - time.monotonic()
            if left <= 0:
                raise AssertionError(f'no such event; there are {self.lines}')
            self.pump(left)

    def event(self, name, seconds=10):
        return self.wait(lambda l: l[0] == name, seconds)

    def keys(self):
        return ''.join(l[3] for l in self.lines if l[0] == 'key')

    def end(self):
        self.p.stdin.close()
        self.p.wait(10)
        self.p.stdout.close()
        return self.p.returncode

    def clean(self):
        if self.p.returncode is None:
            self.end()


class Peer:
    def __init__(self, port=PEER, ip='127.0.0.1'):
        self.s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.s.bind((ip, port))
        self.packets = []
        self.seq, self.ts, self.ssrc = 1000, 50000, 0x1234567

    def hear(self, seconds=None, until=None, bed=None):
        """Packets that come, for so long or until the condition holds."""
        end = time.monotonic() + (seconds or 10)
        while time.monotonic() < end and not (until and until()):
            if select.select([self.s], [], [], 0.01)[0]:
                data, source = self.s.recvfrom(2048)
                self.packets.append((time.monotonic(), data, source))
            if bed:
                bed.pump(0)
        return not until or until()

    def rtp(self, payload, pt, marker=0, ts=None, seq=None, ssrc=None):
        return struct.pack('!BBHII', 0x80, marker << 7 | pt, (self.seq if seq is None else seq) & 0xffff,
                           (self.ts if ts is None else ts) & 0xffffffff,
                           self.ssrc if ssrc is None else ssrc) + payload

    def to(self, data, slot=0):
        self.s.sendto(data, ('127.0.0.1', PORT + 2 * slot))

    def event_packets(self, code, frames=4, ends=3):
        """RFC 4733: one press as a telephone sends it.  Sequence numbers go on."""
        out = []
        for i in range(frames + ends):
            end = i >= frames
            duration = min(i + 1, frames) * 160
            out.append(self.rtp(struct.pack('!BBH', code, end << 7 | 10, duration), 101,
                                marker=i == 0))
            self.seq += 1
        self.ts += (frames + ends) * 160
        return out

    def audio(self, samples, pt=8):
        """20 ms packets of audio, ready to send."""
        out, coded = [], encode(pt, samples)
        for i in range(0, len(coded) - 159, 160):
            out.append(self.rtp(coded[i:i + 160], pt))
            self.seq += 1
            self.ts += 160
        return out

    def send_paced(self, packets, slot=0):
        start = time.monotonic()
        for i, data in enumerate(packets):
            time.sleep(max(0, start + i * 0.02 - time.monotonic()))
            self.to(data, slot)

    def close(self):
        self.s.close()


ROWS, COLS = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
PAD = '123A456B789C*0#D'


def tone(key, ms, amplitude=6000):
    i = PAD.index(key)
    r, c = ROWS[i // 4], COLS[i % 4]
    return [amplitude * (math.sin(2 * math.pi * r * t / 8000) + math.sin(2 * math.pi * c * t / 8000))
            for t in range(ms * 8)]


def parsed(packets):
    return [(t, *struct.unpack('!BBHII', d[:12]), d[12:]) for t, d, _ in packets]


class Media(unittest.TestCase):
    def bed(self, *options, **named):
        bed = Bed(*options, **named)
        self.addCleanup(bed.clean)
        self.assertEqual(bed.first, ['ready'])
        self.peer = Peer()
        self.addCleanup(self.peer.close)
        return bed

    def finish(self, bed, slot=0, gen=1):
        bed.say(f'close {slot} {gen}')
        closed = bed.event('closed')
        self.assertEqual(bed.end(), 0)
        return [int(x) for x in closed[3:]]

    def test_one_ssrc_continuous_sequence_and_20_ms_through_silence_prompt_and_silence(self):
        bed = self.bed()
        path = os.path.join(WORK, 'prompt.wav')
        subprocess.run(['sox', '-n', '-r', '44100', '-c', '2', '-b', '24', path, 'synth', '1.2',
                        'sine', '440', 'gain', '-6'], check=True)
        bed.say(f'load 7 {path}')
        self.assertEqual(bed.event('loaded'), ['loaded', '7', '0'])
        bed.say(f'open 0 1 127.0.0.1 {PEER} 8 101')
        self.peer.hear(1)
        bed.say('play 0 1 7 0 42 0')
        self.peer.hear(until=lambda: any(l[0] == 'played' for l in bed.lines), bed=bed)
        self.assertEqual(bed.event('played'), ['played', '0', '1', '42', '0'])
        self.peer.hear(1)
        p = parsed(self.peer.packets)
        self.assertGreater(len(p), 140)
        self.assertEqual({(x[1], x[2] & 0x7f, x[5], len(x[6])) for x in p},
                         {(0x80, 8, p[0][5], 160)})
        self.assertEqual([x[2] >> 7 for x in p], [1] + [0] * (len(p) - 1))
        for a, b in zip(p, p[1:]):
            self.assertEqual((b[3] - a[3]) & 0xffff, 1, 'sequence')
            self.assertEqual((b[4] - a[4]) & 0xffffffff, 160, 'timestamp')
        # 20 ms a packet; on a machine that stalls, what the thread itself counted as late is added
        took, due = p[-1][0] - p[0][0], 0.020 * (len(p) - 1)
        bed.say('stats')
        late = int(bed.event('stats')[4]) * 0.002
        self.assertGreater(took, due - 0.03)
        self.assertLess(took, due + 0.03 + late)
        # what was played, against sox's own conversion of the same file
        heard = [DECODE[8][b] for x in p for b in x[6]]
        loud = [i for i, s in enumerate(heard) if abs(s) > 500]
        self.assertAlmostEqual(loud[-1] - loud[0], 1.2 * 8000, delta=30)
        sound = heard[loud[0]:loud[-1]]
        raw = subprocess.run(['sox', path, '-r', '8000', '-c', '1', '-b', '16', '-e', 'signed', '-t',
                              'raw', '-L', '-'], check=True, capture_output=True).stdout
        want = struct.unpack(f'<{len(raw) // 2}h', raw)
        rms = lambda v: math.sqrt(sum(s * s for s in v) / len(v))
        self.assertAlmostEqual(20 * math.log10(rms(sound) / rms(want)), 0, delta=0.2)
        best = max(abs(sum(a * b for a, b in zip(sound[shift:shift + 8000], want[100:8100])))
                   for shift in range(90, 111))
        self.assertGreater(best / (rms(sound) * rms(want) * 8000), 0.99, 'it is the same sound')
        self.assertEqual({s for s in heard[:loud[0] - 50]}, {8}, 'silence before is silence')
        stats = self.finish(bed)
        self.assertEqual(stats[0], 0)
        self.assertGreaterEqual(stats[1], len(p))

    def test_keys_are_each_told_once_through_loss_reordering_and_duplication(self):
        bed = self.bed()
        bed.say(f'open 0 1 127.0.0.1 {PEER} 0 101')
        self.peer.hear(until=lambda: self.peer.packets)
        rng = random.Random(4733)
        keys = [rng.choice('0123456789*#ABCD') for _ in range(40)]
        lost = 0
        for key in keys:
            packets = self.peer.event_packets('0123456789*#ABCD'.index(key))
            kept = [x for x in packets if rng.random() > 0.3] or [packets[2]]
            lost += len(packets) - len(kept)
            kept += [x for x in kept if rng.random() < 0.3]
            rng.shuffle(kept)
            for x in kept:
                self.peer.to(x)
            time.sleep(0.045)
        self.peer.hear(until=lambda: len(bed.keys()) >= len(keys), bed=bed)
        self.peer.hear(0.1, bed=bed)
        self.assertEqual(bed.keys(), ''.join(keys))
        self.assertAlmostEqual(self.finish(bed)[2], lost, delta=6)  # the ends cannot be known

    def test_a_key_stops_the_prompt_that_lets_itself_be_stopped(self):
        bed = self.bed()
        bed.say(f'open 0 1 127.0.0.1 {PEER} 8 101')
        bed.say('play 0 1 0 60000 1 0')
        self.peer.hear(until=lambda: self.peer.packets)
        self.peer.send_paced(self.peer.event_packets(5))
        self.assertEqual(bed.event('key')[3:], ['5', '0'])
        bed.say('play 0 1 0 60000 2 1')
        self.assertEqual(bed.event('played'), ['played', '0', '1', '1', '1'])  # replaced
        self.peer.send_paced(self.peer.event_packets(6))
        self.assertEqual(bed.event('key')[3:], ['6', '0'])
        self.assertEqual(bed.event('played'), ['played', '0', '1', '2', '2'])  # by the key
        bed.say('play 0 1 999 0 3 1')
        self.assertEqual(bed.event('played'), ['played', '0', '1', '3', '3'])  # no such prompt
        bed.say('play 0 1 0 60000 4 0')
        bed.say('stop 0 1')
        self.assertEqual(bed.event('played'), ['played', '0', '1', '4', '1'])
        bed.say('play 0 1 0 100 5 0')
        self.assertEqual(bed.event('played'), ['played', '0', '1', '5', '0'])
        self.finish(bed)

    def test_tones_in_the_audio_are_keys_also_when_frames_swap_and_vanish(self):
        bed = self.bed('inband')
        bed.say(f'open 0 1 127.0.0.1 {PEER} 8 0')
        self.peer.hear(until=lambda: self.peer.packets)
        keys = '1590*#37'
        samples = [0] * 1600
        for key in keys:
            samples += tone(key, 100) + [0] * 8 * 100
        packets = self.peer.audio(samples + [0] * 1600)
        for i in range(3, len(packets) - 1, 7):  # every seventh pair swaps
            packets[i], packets[i + 1] = packets[i + 1], packets[i]
        del packets[25::50]
        self.peer.send_paced(packets)
        self.peer.hear(0.3, bed=bed)
        self.assertEqual(bed.keys(), keys)
        self.assertEqual({l[4] for l in bed.lines if l[0] == 'key'}, {'1'})
        stats = self.finish(bed)
        self.assertEqual(stats[0], len(packets))

    def test_a_press_that_comes_as_tone_and_as_event_is_one_key(self):
        bed = self.bed('inband')
        bed.say(f'open 0 1 127.0.0.1 {PEER} 8 101')
        self.peer.hear(until=lambda: self.peer.packets)
        for key in '2255':
            sound = self.peer.audio(tone(key, 100) + [0] * 800)
            events = self.peer.event_packets('0123456789'.index(key))
            # the event starts when the tone is on for 60 ms; sequence numbers as on one wire
            wire = sound[:3] + [x for pair in zip(sound[3:], events) for x in pair] + events[7:]
            wire = [w[:2] + struct.pack('!H', (self.peer.seq + i) & 0xffff) + w[4:]
                    for i, w in enumerate(wire)]
            self.peer.seq += len(wire)
            self.peer.send_paced(wire)
            self.peer.send_paced(self.peer.audio([0] * 1600))
        self.peer.hear(0.2, bed=bed)
        self.assertEqual(bed.keys(), '2255')
        self.finish(bed)

    def test_packets_from_elsewhere_are_rejected_and_counted(self):
        bed = self.bed()
        bed.say(f'open 0 1 127.0.0.1 {PEER} 8 101')
        self.peer.hear(until=lambda: self.peer.packets)
        stranger, neighbour = Peer(PEER + 2), Peer(PEER, '127.0.0.9')
        self.addCleanup(stranger.close)
        self.addCleanup(neighbour.close)
        for other in (stranger, neighbour):
            for x in other.event_packets(1):
                other.to(x)
        self.peer.to(b'\x80\x65\x00')            # not RTP
        self.peer.to(self.peer.rtp(b'x' * 33, 3)) # GSM was not agreed on
        self.peer.to(b'\x80' * 1500)             # too long
        self.peer.send_paced(self.peer.event_packets(9))
        self.assertEqual(bed.event('key')[3], '9')
        self.peer.hear(0.2, bed=bed)
        self.assertEqual(bed.keys(), '')
        self.assertEqual(self.finish(bed)[3], 14 + 3)

    def test_a_trunk_may_name_networks_and_may_be_asymmetric(self):
        bed = self.bed('asymmetric', 'network=127.0.8.0/22')
        bed.say(f'open 0 1 127.0.0.1 {PEER} 8 101')
        self.peer.hear(until=lambda: self.peer.packets)
        for ip, port, key in (('127.0.11.255', PEER + 2, 3), ('127.0.12.0', PEER + 2, 4),
                              ('127.0.0.1', PEER + 4, 5)):
            other = Peer(port, ip)
            self.addCleanup(other.close)
            other.ssrc = key
            for x in other.event_packets(key):
                other.to(x)
        self.peer.hear(until=lambda: len(bed.keys()) >= 2, bed=bed)
        self.peer.hear(0.1, bed=bed)
        self.assertEqual(sorted(bed.keys()), ['3', '5'])
        self.assertEqual(self.finish(bed)[3], 7)

    def test_what_came_for_an_earlier_call_is_not_heard_by_the_next(self):
        bed = self.bed()
        for x in self.peer.event_packets(1):
            self.peer.to(x)
        bed.say(f'open 0 1 127.0.0.1 {PEER} 8 101')
        self.peer.hear(until=lambda: len(self.peer.packets) > 5)
        bed.say('close 0 1')
        bed.event('closed')
        for _ in range(6):
            for x in self.peer.event_packets(2):
                self.peer.to(x)
        bed.say(f'open 0 2 127.0.0.1 {PEER} 8 101')
        n = len(self.peer.packets)
        self.peer.hear(until=lambda: len(self.peer.packets) > n + 5)
        self.peer.send_paced(self.peer.event_packets(3))
        self.assertEqual(bed.event('key')[1:4], ['0', '2', '3'])
        self.assertEqual(bed.keys(), '')
        self.assertEqual(len({x[5] for x in parsed(self.peer.packets)}), 2, 'a new call, a new ssrc')
        self.assertLessEqual(self.finish(bed, gen=2)[0], 7)

    def test_silence_of_the_wire_is_told_once(self):
        bed = self.bed(lost_ms=300)
        bed.say(f'open 0 1 127.0.0.1 {PEER} 8 101')
        self.peer.send_paced(self.peer.audio([0] * 8000))  # one second: nothing is lost
        start = time.monotonic()
        bed.event('lost')
        self.assertGreater(time.monotonic() - start, 0.2)
        self.peer.hear(1, bed=bed)
        self.assertEqual([l for l in bed.lines if l[0] == 'lost'], [])
        self.finish(bed)

    def test_the_far_end_may_move_and_the_stream_goes_on(self):
        bed = self.bed()
        other = Peer(PEER + 2)
        self.addCleanup(other.close)
        bed.say(f'open 0 1 127.0.0.1 {PEER} 8 101')
        self.peer.hear(until=lambda: len(self.peer.packets) > 10)
        bed.say(f'open 0 1 127.0.0.1 {PEER + 2} 0 96')
        other.hear(until=lambda: len(other.packets) > 10)
        self.peer.hear(0.1)
        p = parsed(self.peer.packets) + parsed(other.packets)
        self.assertEqual(len({x[5] for x in p}), 1)
        for a, b in zip(p, p[1:]):
            self.assertEqual(((b[3] - a[3]) & 0xffff, (b[4] - a[4]) & 0xffffffff), (1, 160))
        self.assertEqual({x[2] & 0x7f for x in parsed(other.packets)}, {0})
        self.finish(bed)

    def test_rtcp_reports_say_what_was_sent_and_heard_and_end_with_bye(self):
        bed = self.bed(rtcp_ms=400)
        rtcp = Peer(PEER + 1)
        self.addCleanup(rtcp.close)
        bed.say(f'open 0 1 127.0.0.1 {PEER} 8 101')
        packets = self.peer.audio([0] * 16000)
        gone = packets.pop(20)
        self.peer.send_paced(packets)
        self.peer.hear(until=lambda: len(self.peer.packets) > 60)
        ours = parsed(self.peer.packets)[0][5]
        # an SR of ours (the peer's): its middle NTP bits must come back as LSR
        sr = struct.pack('!BBHIQIII', 0x81, 200, 12, self.peer.ssrc, 0x1122334455667788, 0, 0, 0)
        sr += struct.pack('!IIIIII', ours, 0, 0, 0, 0, 0)
        before = len(rtcp.packets)
        rtcp.s.sendto(sr, ('127.0.0.1', RTCP))
        sent_at = time.monotonic()
        rtcp.hear(1.5)
        bed.say('close 0 1')
        bed.event('closed')
        rtcp.hear(until=lambda: rtcp.packets and rtcp.packets[-1][1][-7] == 203)
        last = None
        for at, data, source in rtcp.packets:
            self.assertEqual(source, ('127.0.0.1', RTCP))
            kinds, i, seen = [], 0, {}
            while i < len(data):
                size = 4 * (1 + struct.unpack('!H', data[i + 2:i + 4])[0])
                seen[data[i + 1]] = data[i:i + size]
                kinds.append(data[i + 1])
                self.assertEqual(data[i] >> 6, 2)
                i += size
            self.assertEqual(kinds[:2], [200, 202])
            ssrc, ntp_s, ntp_f, ts, n_packets, n_octets = struct.unpack('!IIIIII', seen[200][4:28])
            self.assertEqual(ssrc, ours)
            self.assertEqual(n_octets, n_packets * 160)
            self.assertLess(abs(ntp_s - 2208988800 - time.time()), 30)
            if last:                                # two reports may fall into one packet's time
                self.assertGreaterEqual(n_packets, last)
            first = n_packets if last is None else first
            last = n_packets
        self.assertGreater(last, first)
        self.assertEqual(kinds, [200, 202, 203])
        self.assertEqual(seen[203][4:8], struct.pack('!I', ours))
        block = struct.unpack('!IIIIII', seen[200][28:52])
        self.assertEqual(block[0], self.peer.ssrc)
        self.assertEqual(block[1] & 0xffffff, 1)                    # one lost
        self.assertEqual(block[2] & 0xffff, (self.peer.seq - 1) & 0xffff)
        self.assertEqual(block[4], 0x33445566)
        self.assertAlmostEqual(block[5] / 65536, time.monotonic() - sent_at, delta=1)
        self.assertGreaterEqual(len(rtcp.packets), 3)
        self.assertEqual(bed.end(), 0)

    def test_tshark_sees_whole_streams_without_loss(self):
        dumpcap = shutil.which('dumpcap') or shutil.which('tshark')
        capture = os.path.join(WORK, 'rtp.pcapng')
        cap = subprocess.Popen([dumpcap, '-i', 'lo', '-f', f'udp and portrange {PORT}-{PORT + 20}',
                                '-w', capture, '-q'], stderr=subprocess.PIPE)
        bed = self.bed()
        self.addCleanup(cap.stderr.close)
        self.addCleanup(lambda: cap.poll() is None and cap.kill())
        probe, end = Peer(PEER + 8), time.monotonic() + 10
        self.addCleanup(probe.close)
        while time.monotonic() < end and cap.poll() is None:  # until it captures
            probe.s.sendto(b'probe', ('127.0.0.1', PORT + 14))
            if os.path.exists(capture) and os.path.getsize(capture) > 500:
                break
            time.sleep(0.05)
        if cap.poll() is not None:
            self.skipTest('no right to capture on lo')
        for slot in range(3):
            bed.say(f'open {slot} 1 127.0.0.1 {PEER} 8 101')
        self.peer.hear(2)
        for slot in range(3):
            bed.say(f'close {slot} 1')
            bed.event('closed')
        time.sleep(1.2)  # dumpcap writes its blocks once a second
        cap.terminate()
        cap.wait(10)
        out = subprocess.run(['tshark', '-r', capture, '-d', f'udp.port=={PEER},rtp', '-q', '-z',
                              'rtp,streams'], capture_output=True, text=True).stdout
        rows = [l.split() for l in out.splitlines() if 'g711A' in l]
        self.assertEqual(len(rows), 3, out)
        for row in rows:
            self.assertIn('0', row)
            self.assertIn('(0.0%)', row, out)
            self.assertGreater(int(row[row.index('g711A') + 1]), 90, out)
        self.assertEqual(bed.end(), 0)

    def test_a_port_in_use_is_named(self):
        taken = Peer(PORT + 6)
        self.addCleanup(taken.close)
        bed = Bed()
        self.addCleanup(bed.clean)
        self.assertEqual(bed.first[:2], ['failed', '7'])
        self.assertIn(f'127.0.0.1:{PORT + 6}', bed.first)
        bed.end()


if __name__ == '__main__':
    os.makedirs(WORK, exist_ok=True)
    unittest.main(argv=[sys.argv[0]] + sys.argv[3:], verbosity=2)
