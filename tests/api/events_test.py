#!/usr/bin/env python3
"""The event streams: who gets what, replay after a break, slow readers, a thousand streams.

usage: events_test.py BED
"""
import resource
import select
import subprocess
import sys
import threading
import time
import unittest

from apitest import MACHINE, Server, Stream, wait_for

BED = sys.argv.pop(1)
AGENT, SUPERVISOR, ALL = 1, 2, 15


def names(events):
    return [e['event'] for e in events]


class Case(unittest.TestCase):
    numbers = {}
    users = None

    def setUp(self):
        self.s = Server(BED, users=self.users, rate_address=100000, **self.numbers)
        self.streams = []

    def tearDown(self):
        for stream in self.streams:
            stream.close()
        self.assertEqual(self.s.stop(), 0)

    def open(self, user=None, token=None, **more):
        stream = Stream(self.s, token or self.s.login(user), **more)
        self.streams.append(stream)
        stream.hello = stream.until('hello')
        return stream


class Delivery(Case):
    numbers = {'queue_events': 8000}

    def test_hello_comes_first_and_then_what_is_for_him(self):
        olga, ivan = self.open('olga'), self.open('ivan')
        self.assertEqual(names(olga.hello)[0], 'hello')
        self.assertAlmostEqual(olga.hello[0]['data']['server_ms'] / 1000, time.time(), delta=30)
        self.assertIn(b'Content-Type: text/event-stream', olga.head)
        self.s.publish('card', {'for': 'olga', 'name': '<script>'}, user='olga')
        self.s.publish('floor', {'for': 'supervisors'}, roles=SUPERVISOR)
        self.s.publish('agent', {'for': 'both'}, user='olga', roles=SUPERVISOR)
        self.s.publish('card', {'for': 'somebody else'}, user='petr')
        self.s.publish('end', {}, roles=ALL)
        got = olga.until('end')
        self.assertEqual([e['data'].get('for') for e in got], ['olga', 'both', None])
        self.assertEqual(got[0]['data']['name'], '<script>')
        self.assertEqual([e['data'].get('for') for e in ivan.until('end')], ['supervisors', 'both', None])

    def test_ids_rise_and_every_kept_event_has_one(self):
        olga = self.open('olga')
        for i in range(20):
            self.s.publish('n', {'i': i}, roles=ALL)
        got = olga.until('n', n=20)
        ids = [int(e['id']) for e in got]
        self.assertEqual(ids, list(range(ids[0], ids[0] + 20)))
        self.assertEqual([e['data']['i'] for e in got], list(range(20)))

    def test_four_threads_publish_at_once_and_nothing_is_lost_or_out_of_order(self):
        olga = self.open('olga')
        done = []
        t = threading.Thread(target=lambda: done.append(self.s.tell('burst')))
        t.start()
        got = olga.until('burst', n=4000, seconds=30)
        t.join(30)
        for one in range(4):
            self.assertEqual([e['data']['n'] for e in got if e['data']['from'] == one], list(range(1000)))

    def test_odd_events_are_refused(self):
        for line in ('pub - 15 Bad-Name {}', 'pub - 15 a\tb {}', 'pub ' + 'u' * 40 + ' 0 n {}'):
            self.assertNotEqual(self.s.tell(line), '0', line)

    def test_a_cookie_opens_a_stream_and_without_log_in_there_is_none(self):
        token = self.s.login('olga')
        out = subprocess.run(['curl', '-sN', '-m', '1', '-H', f'Cookie: zvonar={token}',
                              f'http://localhost:{self.s.port}/api/v1/events'], capture_output=True, text=True,
                             timeout=20, check=False).stdout
        self.assertTrue(out.startswith('event: hello\ndata: {"server_ms":'), out)
        self.assertEqual(self.s.ask('GET', '/api/v1/events')[0], 401)

    def test_a_machine_may_listen_and_gets_nothing_of_a_user_of_its_name(self):
        machine = self.open(token=MACHINE)
        self.s.publish('private', {}, user='crm')
        self.s.publish('end', {}, roles=ALL)
        self.assertEqual(names(machine.until('end')), ['end'])


class Replay(Case):
    numbers = {'replay_events': 64, 'queue_events': 40}

    def test_after_a_break_the_missing_ones_come_once_and_in_order(self):
        token = self.s.login('olga')
        first = self.open(token=token)
        for i in range(10):
            self.s.publish('n', {'i': i}, user='olga')
        got = first.until('n', n=10)
        last = got[4]['id']
        first.close()
        for i in range(10, 20):
            self.s.publish('n', {'i': i}, user='olga')
            self.s.publish('other', {}, user='ivan')
        again = self.open(token=token, last_id=last)
        seen = again.hello + again.until('n', n=15 - names(again.hello).count('n'))
        self.assertEqual([e['data']['i'] for e in seen if e['event'] == 'n'], list(range(5, 20)))
        self.assertNotIn('other', names(seen))
        self.assertNotIn('lost', names(seen))
        self.s.publish('n', {'i': 20}, user='olga')
        self.assertEqual(again.until('n')[-1]['data']['i'], 20)

    def test_what_passes_is_not_kept(self):
        token = self.s.login('olga')
        stream = self.open(token=token)
        self.s.publish('n', {}, roles=ALL)
        last = stream.until('n')[-1]['id']
        self.s.publish('floor', {'t': 1}, roles=ALL, passing=True)
        self.assertNotIn('id', stream.until('floor')[-1])
        stream.close()
        self.s.publish('floor', {'t': 2}, roles=ALL, passing=True)
        self.s.publish('n', {}, roles=ALL)
        again = self.open(token=token, last_id=last)
        self.assertEqual(names(again.hello + (again.until('n') if 'n' not in names(again.hello) else [])),
                         ['hello', 'n'])

    def test_a_gap_is_told(self):
        token = self.s.login('olga')
        stream = self.open(token=token)
        self.s.publish('n', {}, roles=ALL)
        last = stream.until('n')[-1]['id']
        for _ in range(200):
            self.s.publish('x', {}, user='ivan')
        for bad in (last, '1', '99999999999999', '9223372036854775807', 'abc', '-1', '', '1' * 40):
            again = self.open(token=token, last_id=bad)
            told = again.hello + (again.until('lost') if 'lost' not in names(again.hello) else [])
            self.assertEqual(names(told), ['hello', 'lost'], bad)
            self.assertEqual(told[1]['data'], {'why': 'gap'})
            self.s.publish('end', {}, roles=ALL)
            self.assertEqual(names(again.until('end')), ['end'])
            again.close()

    def test_an_id_of_an_earlier_run_is_a_gap(self):
        stream = self.open('olga')
        self.s.publish('n', {}, roles=ALL)
        last = stream.until('n')[-1]['id']
        other = Server(BED)
        try:
            again = Stream(other, other.login('olga'), last_id=last)
            self.assertEqual(names(again.until('lost')), ['hello', 'lost'])
            again.close()
        finally:
            self.assertEqual(other.stop(), 0)


class Ends(Case):
    numbers = {'ping_ms': 1000, 'queue_events': 50, 'slow_s': 3}

    def test_a_ping_comes_when_nothing_else_does(self):
        self.assertEqual(names(self.open('olga').until('ping')), ['ping'])

    def test_logging_out_ends_its_streams(self):
        token = self.s.login('olga')
        stream, other = self.open(token=token), self.open('olga')
        self.assertEqual(self.s.ask('DELETE', '/api/v1/session', token=token)[0], 204)
        self.assertTrue(wait_for(lambda: stream.next(0.1) is not None and stream.ended))
        self.s.publish('n', {}, user='olga')
        self.assertIn('n', names(other.until('n')))

    def test_a_user_who_is_gone_loses_his_streams(self):
        stream = self.open('olga')
        self.s.tell('users ivan:supervisor:Ivan')
        self.assertTrue(wait_for(lambda: stream.next(0.1) is not None and stream.ended))

    def test_the_sixth_stream_is_refused_and_a_dead_one_does_not_count(self):
        token = self.s.login('olga')
        streams = [self.open(token=token) for _ in range(5)]
        got = self.s.ask('GET', '/api/v1/events', token=token)
        self.assertEqual((got[0], got[2]['code']), (429, 'too-many'))
        self.assertIsNotNone(got[1]['Retry-After'])
        streams[0].close()
        self.assertEqual(names(self.open(token=token).hello)[0], 'hello')
        self.assertEqual(names(self.open('ivan').hello)[0], 'hello')

    def test_a_far_end_that_is_gone_is_noticed(self):
        stream = self.open('olga')
        self.assertEqual(self.s.stats()['streams'], 1)
        stream.close()
        self.assertTrue(wait_for(lambda: self.s.stats()['streams'] == 0))

    def test_who_reads_too_slowly_is_told_and_ended_and_holds_nobody_back(self):
        quick, token = self.open('ivan'), self.s.login('olga')
        slow = self.open(token=token, rcvbuf=4096)
        end = time.monotonic() + 60
        while self.s.stats()['lost'] == 0 and time.monotonic() < end:
            self.s.tell('fill 20')  # 80 kB, which the quick one reads at once
            quick.until('fill', n=20, seconds=20)
        self.assertEqual(self.s.stats()['lost'], 1)
        got = slow.until('lost', seconds=20)
        self.assertEqual((names(got)[-1], got[-1]['data']), ('lost', {'why': 'slow'}))
        self.assertTrue(wait_for(lambda: slow.next(0.1) is not None and slow.ended))
        self.s.publish('end', {}, roles=ALL)
        self.assertEqual(names(quick.until('end'))[-1], 'end')

    def test_who_reads_nothing_at_all_is_dropped(self):
        self.open('olga', rcvbuf=4096)
        end = time.monotonic() + 60
        while self.s.stats()['lost'] == 0 and time.monotonic() < end:
            self.s.tell('fill 40')
        self.assertTrue(wait_for(lambda: self.s.stats()['streams'] == 0, 20))

    def test_a_server_full_of_streams_says_so(self):
        s = Server(BED, streams_max=2)
        try:
            streams = [Stream(s, s.login(u)) for u in ('olga', 'ivan')]
            for stream in streams:
                stream.until('hello')
            self.assertEqual(s.ask('GET', '/api/v1/events', token=s.login('root'))[0], 503)
        finally:
            self.assertEqual(s.stop(), 0)
            for stream in streams:
                stream.close()


class Many(Case):
    """A thousand pages: two hundred agents with five each."""
    users = {f'a{i}': 'agent' for i in range(200)} | {'boss': 'operator'}

    def test_a_thousand_streams_get_an_event_and_how_soon(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < 2500:
            self.skipTest('too few descriptors')
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2500), hard))
        # the server inherited the old limit: another one
        self.s.stop()
        self.s = Server(BED, users=self.users, rate_address=100000)
        streams = {}
        poll = select.epoll()
        for user in list(self.users)[:200]:
            token = self.s.login(user)
            for _ in range(5):
                stream = Stream(self.s, token)
                streams[stream.socket.fileno()] = stream
                poll.register(stream.socket, select.EPOLLIN)

        def gather(event):
            """Seconds from now until each stream has it."""
            begun, took = time.monotonic(), {}
            while len(took) < len(streams) and time.monotonic() - begun < 30:
                for fd, _ in poll.poll(1):
                    streams[fd].feed(streams[fd].socket.recv(4096))
                    if event in names(streams[fd].take()):
                        took[fd] = time.monotonic() - begun
            return sorted(took.values())
        self.assertEqual(len(gather('hello')), 1000)
        self.assertEqual(self.s.stats()['streams'], 1000)
        figures = []
        for i in range(10):
            self.s.publish('n', {'i': i, 'text': 'x' * 300}, roles=ALL)
            took = gather('n')
            self.assertEqual(len(took), 1000)
            figures.append((took[500], took[990], took[-1]))
        figures.sort(key=lambda f: f[2])
        with open(f'/proc/{self.s.process.pid}/status', encoding='ascii') as f:
            rss = [line.split()[1] for line in f if line.startswith('VmRSS')][0]
        print(f'1000 streams, of ten events the middle one: p50 {figures[5][0] * 1000:.0f} ms, '
              f'p99 {figures[5][1] * 1000:.0f} ms, last {figures[5][2] * 1000:.0f} ms (the reader is Python); '
              f'server {rss} kB', flush=True)
        for stream in streams.values():
            stream.close()
        self.assertTrue(wait_for(lambda: self.s.stats()['streams'] == 0))


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], '-v'] + sys.argv[1:])
