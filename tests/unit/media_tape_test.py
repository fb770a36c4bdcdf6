#!/usr/bin/env python3
"""Recordings, judged by sox, opusdec and sha256sum.  Usage: media_tape_test.py MEDIA_BED WORK_FOLDER"""
import importlib.util, math, os, re, shutil, signal, struct, subprocess, sys, time, unittest

BED, WORK = sys.argv[1], sys.argv[2]
spec = importlib.util.spec_from_file_location(
    'bridge', os.path.join(os.path.dirname(os.path.abspath(__file__)), 'media_bridge_test.py'))
bridge = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bridge)
Phone, sine, level, wait_for = bridge.Phone, bridge.sine, bridge.level, bridge.wait_for
CAL_MS = 1790000000000  # 2026-09-21
FOLDER = '2026/09/21/five_.._5'


def channels(path):
    """(left, right) of a sound file, by sox; of an Opus file by opusdec first."""
    if path.endswith('.opus'):
        wav = path + '.decoded.wav'
        subprocess.run(['opusdec', '--quiet', '--rate', '8000', path, wav], check=True)
        path = wav
    raw = subprocess.run(['sox', path, '-t', 'raw', '-e', 'signed', '-b', '16', '-r', '8000', '-'],
                         capture_output=True, check=True).stdout
    samples = struct.unpack(f'<{len(raw) // 2}h', raw)
    return samples[0::2], samples[1::2]


def loud(samples, hz, step=800):
    """For each tenth of a second: is that frequency there?"""
    return [level(samples[i:i + step], hz) > 1500 for i in range(0, len(samples) - step + 1, step)]


class Tape(unittest.TestCase):
    def setUp(self):
        self.dir = os.path.join(WORK, self.id().split('.')[-1][:40])
        shutil.rmtree(self.dir, ignore_errors=True)

    def bed(self, *options, dir=None):
        bed = bridge.Bed(f'tape={dir or self.dir}', *options)
        self.addCleanup(bed.end)
        return bed

    def phone(self, bed, slot, frames, pt=8, gen=1):
        phone = Phone(slot, frames, pt)
        self.addCleanup(phone.stop)
        bed.say(f'open {slot} {gen} 127.0.0.1 {bridge.PHONE + 2 * slot} {pt} 101')
        phone.start()
        return phone

    def pair(self, *options, pt=8, dir=None):
        bed = self.bed(*options, dir=dir)
        customer, agent = self.phone(bed, 0, sine(400, pt), pt), self.phone(bed, 1, sine(1000, 8))
        bed.bridge(0, 1)
        self.assertTrue(wait_for(lambda: len(customer.audio()) > 4000 and
                                 level(customer.audio()[-800:], 1000) > 2500 and
                                 level(agent.audio()[-800:], 400) > 2500))
        return bed, customer, agent

    def wait(self, seconds):
        until = time.monotonic() + seconds
        wait_for(lambda: time.monotonic() >= until, seconds + 5)

    def finished(self, bed, name):
        """The event of the recording, its files checked."""
        line = bed.event('recorded', seconds=30)
        path = os.path.join(self.dir, line[3])
        self.assertEqual(line[3], f'{FOLDER}/{name}.opus')
        self.assertEqual(os.path.getsize(path), int(line[5]))
        check = subprocess.run(['sha256sum', '-c', os.path.basename(path) + '.sha256'],
                               cwd=os.path.dirname(path), capture_output=True, text=True)
        self.assertEqual(check.returncode, 0, check.stdout)
        with open(path + '.sha256') as f:
            self.assertIn(line[6], f.read())
        self.assertFalse(os.path.exists(path[:-5] + '.wav'))
        return line, path

    def stereo(self, *options, pt=8):
        bed, customer, agent = self.pair(*options, pt=pt)
        begin = time.monotonic()
        bed.say(f'record 0 1 1 {CAL_MS}')
        self.wait(1.5)
        bed.say('record 0 1 2 0')  # card data is spoken
        pause = time.monotonic()
        self.wait(1)
        bed.say('record 0 1 3 0')
        go_on = time.monotonic()
        self.wait(1.5)
        bed.say('record 0 1 0 0')
        seconds = time.monotonic() - begin
        line, path = self.finished(bed, '00000000000000010000000000000001')
        self.assertEqual(line[1:3], ['1', '1'])
        self.assertEqual(line[7:], ['77', '5', '3', str(CAL_MS)])
        self.assertLess(abs(int(line[4]) / 1000 - seconds), 0.3)
        left, right = channels(path)
        self.assertLess(abs(len(left) / 8000 - seconds), 0.3)
        for side, own, other in ((right, 400, 1000), (left, 1000, 400)):
            there = loud(side, own)
            self.assertFalse(any(loud(side, other)))
            talk = there[3:int((pause - begin) * 10) - 2] + there[int((go_on - begin) * 10) + 3:-4]
            self.assertGreaterEqual(sum(talk), len(talk) * 0.9)
            quiet = there[int((pause - begin) * 10) + 3:int((go_on - begin) * 10) - 2]
            self.assertGreater(len(quiet), 3)
            self.assertFalse(any(quiet), 'what is said in a pause is not there')
        self.assertIn('Channels: 2', subprocess.run(['opusinfo', path], capture_output=True,
                                                    text=True).stdout)

    def test_the_customer_is_right_the_agent_left_and_a_pause_is_silence_of_its_length(self):
        self.stereo()

    def test_the_same_of_a_customer_with_the_other_law_on_two_threads(self):
        self.stereo('threads=2', pt=0)

    def test_what_the_customer_is_played_is_on_the_left_and_all_ends_with_the_call(self):
        bed, customer, agent = self.pair()
        bed.say(f'record 0 1 1 {CAL_MS}')
        bed.bridge(0, 1, on=0)
        bed.say('play 0 1 2 0 9 0 1')
        self.wait(1.6)
        bed.say('close 0 1')
        _, path = self.finished(bed, '00000000000000010000000000000001')
        left, right = channels(path)
        self.assertGreaterEqual(sum(loud(left, 425)), 7)
        self.assertGreaterEqual(sum(loud(right, 400)), 12)
        self.assertGreater(len(left), 8000 * 1.4)

    def test_losses_do_not_move_what_follows(self):
        bed = self.bed()
        frames = sine(400, 8) * 2 + sine(800, 8) * 6
        customer = self.phone(bed, 0, frames)
        customer.gate = lambda n: (0 if n % 4 == 3 else 1, 0)
        self.assertTrue(wait_for(lambda: customer.said >= 10))
        bed.say(f'record 0 1 1 {CAL_MS}')
        begun = customer.said
        self.assertTrue(wait_for(lambda: customer.said >= 200))
        bed.say('record 0 1 0 0')
        _, path = self.finished(bed, '00000000000000010000000000000001')
        right = channels(path)[1]
        change = [level(right[i:i + 640], 800) > level(right[i:i + 640], 400)
                  for i in range(0, len(right) - 640, 160)].index(True)
        self.assertLess(abs(change + 2 - (100 - begun)), 8)

    def test_another_recording_of_the_attempt_does_not_overwrite_the_first(self):
        bed, customer, agent = self.pair()
        for name in ('', '-2', '-3'):
            bed.say(f'record 0 1 1 {CAL_MS}')
            self.wait(0.4)
            bed.say('record 0 1 0 0')
            self.finished(bed, '00000000000000010000000000000001' + name)

    def test_a_file_cut_by_a_kill_can_be_played_and_is_encoded_at_the_next_start(self):
        bed, customer, agent = self.pair()
        bed.say(f'record 0 1 1 {CAL_MS}')
        wav = os.path.join(self.dir, FOLDER, '00000000000000010000000000000001.wav')
        self.assertTrue(wait_for(lambda: os.path.exists(wav)))
        self.wait(3.2)
        bed.p.send_signal(signal.SIGKILL)
        bed.p.wait(10)
        bed.p.stdin.close()
        bed.p.stdout.close()
        left, right = channels(wav)
        self.assertGreater(len(left), 8000 * 1.2)
        self.assertGreaterEqual(sum(loud(right, 400)), len(right) // 800 - 3)
        self.assertGreaterEqual(sum(loud(left, 1000)), len(left) // 800 - 3)
        bed = self.bed()
        line, path = self.finished(bed, '00000000000000010000000000000001')
        self.assertEqual(line[1:3], ['1', '1'])
        self.assertEqual(line[7:], ['0', '0', '0', '0'], 'what only that life knew')
        # the file by its length, which is newer than its header
        self.assertGreaterEqual(len(channels(path)[0]), len(left))

    def test_without_room_on_the_disk_the_recording_ends_and_the_call_goes_on(self):
        if os.geteuid() != 0:
            self.skipTest('a small file system needs root')
        os.makedirs(self.dir)
        if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=192k', 'tmpfs', self.dir],
                          stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest('no right to mount')
        self.addCleanup(subprocess.run, ['umount', '-l', self.dir])
        with open(os.path.join(self.dir, 'ballast'), 'wb') as f:
            f.write(bytes(64 << 10))
        bed, customer, agent = self.pair()
        bed.say(f'record 0 1 1 {CAL_MS}')
        wav = os.path.join(self.dir, FOLDER, '00000000000000010000000000000001.wav')
        self.assertTrue(wait_for(lambda: os.path.exists(wav)))
        self.assertTrue(wait_for(lambda: os.statvfs(self.dir).f_bavail == 0, 20))
        self.wait(0.5)
        self.assertGreater(level(agent.audio()[-1600:], 400), 2500)
        bed.say('record 0 1 0 0')
        bed.sync()
        self.wait(0.3)
        self.assertFalse([l for l in bed.lines if l[0] == 'recorded'])
        os.unlink(os.path.join(self.dir, 'ballast'))  # room again: it is encoded by itself
        _, path = self.finished(bed, '00000000000000010000000000000001')
        self.assertGreater(len(channels(path)[0]), 8000)

    def test_a_folder_that_cannot_be_is_said_at_the_start(self):
        os.makedirs(os.path.dirname(self.dir), exist_ok=True)
        open(self.dir, 'w').close()
        p = subprocess.run([BED, str(bridge.PORT), '2', str(bridge.RTCP), '0', '0', f'tape={self.dir}/below'],
                           capture_output=True, text=True, timeout=10)
        self.assertEqual(p.returncode, 1)
        self.assertIn(self.dir, p.stdout)


if __name__ == '__main__':
    shutil.rmtree(WORK, ignore_errors=True)
    os.makedirs(WORK)
    unittest.main(argv=sys.argv[:1], verbosity=1)
