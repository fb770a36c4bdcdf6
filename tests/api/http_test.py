#!/usr/bin/env python3
"""The HTTP server, asked from outside: log-in and roles, every kind of refusal, keys, late answers, limits.

usage: http_test.py BED
"""
import gzip
import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
import unittest

from apitest import MACHINE, Server, ha1, wait_for

BED = sys.argv.pop(1)
ROLES = ('agent', 'supervisor', 'operator', 'integrator')


class Case(unittest.TestCase):
    numbers = {}

    @classmethod
    def setUpClass(cls):
        cls.s = Server(BED, **cls.numbers)
        cls.token = {role: cls.s.login(user) for user, role in cls.s.users.items()}
        cls.token['integrator'] = MACHINE

    @classmethod
    def tearDownClass(cls):
        status = cls.s.stop()
        assert status == 0, f'the server ended with {status}'

    def problem(self, got, status, code):
        """A refusal as RFC 9457 wants it."""
        have, headers, body = got
        self.assertEqual(have, status, body)
        self.assertEqual(headers['Content-Type'], 'application/problem+json')
        self.assertEqual(body['status'], status)
        self.assertEqual(body['code'], code, body)
        for field in ('type', 'title', 'detail', 'instance'):
            self.assertIsInstance(body[field], str)
        self.assertEqual(headers['X-Content-Type-Options'], 'nosniff')
        return headers


class LogIn(Case):
    def test_a_session_opens_what_its_role_may_and_nothing_else(self):
        may = {'agent': {'agent', 'supervisor', 'operator'}, 'supervisor': {'supervisor', 'operator'},
               'operator': {'operator'}, 'integrator': {'integrator', 'operator'}}
        for door, who in may.items():
            for role in ROLES:
                got = self.s.ask('GET', '/t/' + door, token=self.token[role])
                if role in who:
                    self.assertEqual(got[0], 200, (door, role))
                    self.assertEqual(got[2]['role'], role)
                else:
                    self.problem(got, 403, 'forbidden')
            headers = self.problem(self.s.ask('GET', '/t/' + door), 401, 'log-in')
            self.assertIn('Bearer', headers['WWW-Authenticate'])

    def test_the_answer_names_who_it_is_and_sets_a_cookie_that_scripts_do_not_see(self):
        status, headers, got = self.s.ask('POST', '/api/v1/session', {'user': 'olga', 'password': 'pw-olga'})
        self.assertEqual(status, 200)
        self.assertEqual((got['user'], got['role'], got['title']), ('olga', 'agent', 'Name of olga'))
        self.assertRegex(got['token'], '^[0-9a-f]{64}$')
        self.assertAlmostEqual(got['expires'] / 1000, time.time() + 43200, delta=60)
        cookie = headers['Set-Cookie']
        for part in ('zvonar=' + got['token'], 'HttpOnly', 'SameSite=Strict', 'Path=/'):
            self.assertIn(part, cookie)

    def test_a_wrong_password_and_an_unknown_user_look_the_same(self):
        one = self.s.ask('POST', '/api/v1/session', {'user': 'ivan', 'password': 'wrong'})
        two = self.s.ask('POST', '/api/v1/session', {'user': 'nobody-at-all', 'password': 'wrong'})
        self.problem(one, 401, 'wrong-password')
        self.assertEqual(one[2], two[2])

    def test_what_is_no_log_in_is_422(self):
        for body in ({}, {'user': 'olga'}, {'user': 1, 'password': 'x'}, {'user': 'a' * 40, 'password': 'x'},
                     {'user': 'olga', 'password': 'x' * 300}):
            self.problem(self.s.ask('POST', '/api/v1/session', body), 422, 'invalid')

    def test_after_logging_out_the_token_opens_nothing(self):
        token = self.s.login('olga')
        self.assertEqual(self.s.ask('GET', '/t/agent', token=token)[0], 200)
        self.assertEqual(self.s.ask('DELETE', '/api/v1/session', token=token)[0], 204)
        self.problem(self.s.ask('GET', '/t/agent', token=token), 401, 'log-in')

    def test_odd_tokens_are_nobodys(self):
        good = self.token['agent']
        for header in ('Bearer', 'Bearer ', 'Basic ' + good, 'Bearer ' + good[:-1], 'Bearer ' + good + '0',
                       'Bearer ' + good.upper(), 'Bearer x y', 'Bearer ' + 'a' * 200, good):
            self.problem(self.s.ask('GET', '/t/agent', headers={'Authorization': header}), 401, 'log-in')
        self.assertEqual(self.s.ask('GET', '/t/agent', headers={'Authorization': 'bearer  ' + good})[0], 200)

    def test_a_bad_bearer_is_not_made_good_by_a_cookie(self):
        headers = {'Authorization': 'Bearer nonsense', 'Cookie': 'zvonar=' + self.token['agent']}
        self.problem(self.s.ask('GET', '/t/agent', headers=headers), 401, 'log-in')

    def test_a_user_who_is_gone_has_no_session_and_a_new_role_counts_at_once(self):
        s = Server(BED)
        try:
            token = s.login('olga')
            self.assertTrue(s.tell('users olga:operator:Olga').startswith('0'))
            self.assertEqual(s.ask('GET', '/t/operator', token=token)[0], 200)
            self.assertTrue(s.tell('users ivan:operator:Ivan').startswith('0'))
            self.problem(s.ask('GET', '/t/agent', token=token), 401, 'log-in')
            self.assertTrue(s.tell('users olga:agent:Olga').startswith('0'))
            self.problem(s.ask('GET', '/t/agent', token=token), 401, 'log-in')
        finally:
            self.assertEqual(s.stop(), 0)

    def test_a_revoked_token_ends_with_the_reload_and_a_bad_file_changes_nothing(self):
        s = Server(BED)
        try:
            self.assertEqual(s.ask('GET', '/t/integrator', token=MACHINE)[0], 200)
            s.write(s.tokens, 'no such line\n')
            self.assertIn('tokens:1:', s.tell('users ' + s.people()))
            self.assertEqual(s.ask('GET', '/t/integrator', token=MACHINE)[0], 200)
            s.write(s.tokens, '')
            self.assertTrue(s.tell('users ' + s.people()).startswith('0'))
            self.problem(s.ask('GET', '/t/integrator', token=MACHINE), 401, 'log-in')
            s.write(s.secrets, f'olga:zvonar:{ha1("olga", "new one")}\n')
            self.assertTrue(s.tell('users ' + s.people()).startswith('0'))
            s.login('olga', 'new one')
            self.problem(s.ask('POST', '/api/v1/session', {'user': 'olga', 'password': 'pw-olga'}), 401,
                         'wrong-password')
        finally:
            self.assertEqual(s.stop(), 0)

    def test_secrets_that_others_may_read_are_refused(self):
        s = Server(BED)
        path = s.path('open')
        s.write(path, '', mode=0o640)
        try:
            for name in ('secrets', 'tokens'):
                said = subprocess.run([BED, 'address=127.0.0.1', f'{name}={path}'], capture_output=True, text=True,
                                      timeout=20, check=False)
                self.assertEqual(said.returncode, 1)
                self.assertIn('chmod 600', said.stdout)
        finally:
            s.stop()

    def test_an_address_for_everybody_is_refused_unless_told(self):
        said = subprocess.run([BED, 'address=0.0.0.0'], capture_output=True, text=True, timeout=20, check=False)
        self.assertEqual(said.returncode, 1)
        self.assertIn('http.open', said.stdout)
        s = Server(BED, address='0.0.0.0', open=1)
        self.assertEqual(s.ask('GET', '/healthz', host=f'localhost:{s.port}')[0], 200)
        self.assertEqual(s.stop(), 0)

    def test_five_wrong_passwords_and_the_sixth_has_to_wait(self):
        s = Server(BED)
        try:
            for _ in range(5):
                self.problem(s.ask('POST', '/api/v1/session', {'user': 'olga', 'password': 'x'}), 401,
                             'wrong-password')
            got = s.ask('POST', '/api/v1/session', {'user': 'olga', 'password': 'pw-olga'})
            headers = self.problem(got, 429, 'too-many')
            self.assertTrue(1 <= int(headers['Retry-After']) <= 12)
            s.login('ivan')  # another user is not held back
            self.assertIsNotNone(s.ask('GET', '/healthz'))
        finally:
            s.stop()

    def test_an_idle_session_ends(self):
        s = Server(BED, session_idle_s=1)
        try:
            token = s.login('olga')
            # each look keeps it alive: one look, later than the session is good for
            begun = time.monotonic()
            self.assertTrue(wait_for(lambda: time.monotonic() - begun > 1.2))
            self.problem(s.ask('GET', '/t/agent', token=token), 401, 'log-in')
        finally:
            s.stop()


class Cookies(Case):
    def cookie(self, **more):
        return {'Cookie': 'a=b; zvonar=' + self.token['agent'] + '; c=d', 'Content-Type': 'application/json'} | more

    def test_a_cookie_reads_but_changes_only_with_the_mark(self):
        self.assertEqual(self.s.ask('GET', '/t/agent', headers=self.cookie())[0], 200)
        self.problem(self.s.ask('POST', '/t/echo', '{}', headers=self.cookie()), 403, 'forbidden')
        self.assertEqual(self.s.ask('POST', '/t/echo', '{}', headers=self.cookie(**{'X-Zvonar': '1'}))[0], 200)

    def test_a_page_of_another_site_is_refused(self):
        mark = {'X-Zvonar': '1'}
        own = f'http://127.0.0.1:{self.s.port}'
        for bad in ({'Origin': 'http://evil.example'}, {'Origin': 'null'}, {'Sec-Fetch-Site': 'cross-site'},
                    {'Sec-Fetch-Site': 'same-site'}, {'Origin': own + '1'}, {'Origin': own + '/x'}):
            self.problem(self.s.ask('POST', '/t/echo', '{}', headers=self.cookie(**mark, **bad)), 403, 'forbidden')
        good = {'Origin': own, 'Sec-Fetch-Site': 'same-origin'}
        self.assertEqual(self.s.ask('POST', '/t/echo', '{}', headers=self.cookie(**mark, **good))[0], 200)

    def test_no_answer_allows_another_site(self):
        _, headers, _ = self.s.ask('GET', '/healthz', headers={'Origin': 'http://evil.example'})
        self.assertFalse([h for h in headers if h.lower().startswith('access-control')])
        self.problem(self.s.ask('OPTIONS', '/t/echo', headers={'Origin': 'http://evil.example'}), 405,
                     'wrong-method')

    def test_a_name_that_is_not_ours_is_refused(self):
        port = self.s.port
        for host in ('evil.example', f'evil.example:{port}', '127.0.0.1:1', '', 'a b', '[::1', 'localhost:0',
                     f'localhost:{port}x', '127.0.0.1.evil.example'):
            status = self.s.ask('GET', '/healthz', host=host)[0]
            self.assertIn(status, (400, 421), host)
        for host in (f'localhost:{port}', f'127.0.0.1:{port}', f'LOCALHOST:{port}', f'[::1]:{port}'):
            self.assertEqual(self.s.ask('GET', '/healthz', host=host)[0], 200, host)

    def test_a_name_that_was_told_is_ours(self):
        s = Server(BED, host='dialer.example')
        try:
            self.assertEqual(s.ask('GET', '/healthz', host='dialer.example')[0], 200)
            self.assertEqual(s.ask('GET', '/healthz', host='other.example')[0], 421)
        finally:
            s.stop()


class Refusals(Case):
    def ask(self, *args, **more):
        return self.s.ask(*args, token=self.token['operator'], **more)

    def test_a_path_that_is_not_there_is_404(self):
        for path in ('/', '/t', '/t/echo/', '/t/echo/1/x/', '/t/echo//x/2', '/t/echo/1/x/2/3', '/t/echo/1/y/2',
                     '//t/echo', '/T/echo/1/x/2', '/static/../x', '/t/public/'):
            if path == '/' and self.ask('GET', '/')[0] == 200:
                continue  # the agent's page is built in
            self.problem(self.ask('GET', path), 404, 'no-such-path')

    def test_another_method_is_405_and_says_which_are_there(self):
        headers = self.problem(self.ask('DELETE', '/t/count'), 405, 'wrong-method')
        self.assertEqual(headers['Allow'], 'POST, PUT')
        headers = self.problem(self.ask('POST', '/t/public'), 405, 'wrong-method')
        self.assertEqual(headers['Allow'], 'GET, HEAD')

    def test_params_and_query_arrive_decoded(self):
        got = self.ask('GET', '/t/echo/%D1%8F%20b/x/2?q=%3Cscript%3E+1')[2]
        self.assertEqual((got['a'], got['b'], got['q']), ('я b', '2', '<script> 1'))

    def test_head_is_a_get_without_a_body(self):
        status, headers, body = self.ask('HEAD', '/t/public')
        self.assertEqual((status, body), (200, b''))
        self.assertGreater(int(headers['Content-Length']), 0)

    def test_a_body_that_is_no_json_object_is_400(self):
        for body in ('{', '[1]', '"x"', '{"a":1,"a":2}', '{"a":"\\u0000"}', '{"a":"\xff"}'.encode('latin-1'), 'nul',
                     '[' * 5000, '{} x'):
            self.problem(self.ask('POST', '/t/echo', body, headers={'Content-Type': 'application/json'}), 400,
                         'bad-json')

    def test_another_type_is_415(self):
        for headers in ({'Content-Type': 'text/plain'}, {'Content-Type': 'application/jsonx'}, {},
                        {'Content-Type': 'application/x-www-form-urlencoded'},
                        {'Content-Type': 'application/json', 'Content-Encoding': 'gzip'}):
            self.problem(self.ask('POST', '/t/echo', '{}', headers=headers), 415, 'wrong-type')
        for good in ('application/json', 'Application/JSON; charset=utf-8'):
            self.assertEqual(self.ask('POST', '/t/echo', '{}', headers={'Content-Type': good})[0], 200)

    def test_a_body_of_64_kib_is_taken_and_one_byte_more_is_413(self):
        body = '{"a":"' + 'x' * (65536 - 8) + '"}'
        head = {'Content-Type': 'application/json'}
        self.assertEqual(len(body), 65536)
        self.assertEqual(self.ask('POST', '/t/echo', body, headers=head)[0], 200)
        self.problem(self.ask('POST', '/t/echo', body + ' ', headers=head), 413, 'too-large')

    def test_a_body_that_does_not_say_its_length_is_bounded_too(self):
        def parts(n):
            for _ in range(n):
                yield b' ' * 1000
        head = {'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked'}
        token = {'Authorization': 'Bearer ' + self.token['operator']}
        import http.client
        c = http.client.HTTPConnection('127.0.0.1', self.s.port, timeout=20)
        c.request('POST', '/t/echo', body=parts(100), headers=head | token, encode_chunked=True)
        self.assertEqual(c.getresponse().status, 413)
        c.close()
        # and one without an end is cut
        with socket.create_connection(('127.0.0.1', self.s.port), timeout=20) as s:
            s.sendall((f'POST /t/echo HTTP/1.1\r\nHost: localhost:{self.s.port}\r\nTransfer-Encoding: chunked\r\n'
                       f'Authorization: {token["Authorization"]}\r\nContent-Type: application/json\r\n\r\n').encode())
            with self.assertRaises((ConnectionError, BrokenPipeError)):
                for _ in range(4000):
                    s.sendall(b'3e8\r\n' + b' ' * 1000 + b'\r\n')
                s.settimeout(10)
                if s.recv(1) == b'':
                    raise ConnectionError

    def test_a_body_that_is_far_too_large_is_refused_before_it_comes(self):
        got = self.s.raw((f'POST /t/echo HTTP/1.1\r\nHost: localhost:{self.s.port}\r\nContent-Length: 9000000000\r\n'
                          f'Authorization: Bearer {self.token["operator"]}\r\n'
                          'Content-Type: application/json\r\n\r\n').encode())
        self.assertTrue(got.startswith(b'HTTP/1.1 413 '), got)

    def test_long_headers_and_paths_are_refused(self):
        self.problem(self.ask('GET', '/' + 'a' * 300), 414, 'too-long')
        got = self.s.raw(b'GET / HTTP/1.1\r\nHost: localhost\r\nX: ' + b'a' * 40000 + b'\r\n\r\n')
        self.assertIn(got[:12], (b'HTTP/1.1 431', b'HTTP/1.1 413', b'HTTP/1.1 414', b''))

    def test_a_handlers_refusal_is_a_problem_whatever_bytes_are_in_it(self):
        got = self.ask('GET', '/t/refuse/%FF%3Cscript%3E')
        self.problem(got, 409, 'not-possible')
        self.assertEqual(got[2]['detail'], 'no ?<script> ? here')
        self.problem(self.ask('GET', '/t/silent'), 500, 'failed')

    def test_junk_is_refused_and_harms_nobody(self):
        for junk in (b'\x00\x01\x02\r\n\r\n', b'GET\r\n\r\n', b'GET / HTTP/9.9\r\n\r\n', b'\r\n' * 100,
                     b'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n',
                     b'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nzz'):
            self.s.raw(junk, wait=0.3)
        self.assertEqual(self.s.ask('GET', '/healthz')[0], 200)

    def test_curl_sees_the_same(self):
        out = subprocess.run(['curl', '-s', '-w', '%{http_code} %{content_type}', '-o', '/dev/null', '-X', 'PATCH',
                              f'http://127.0.0.1:{self.s.port}/t/count'], capture_output=True, text=True, timeout=20,
                             check=True).stdout
        self.assertEqual(out, '405 application/problem+json')


class Later(Case):
    numbers = {'answer_ms': 700}

    def post(self, path, body, key=None, role='operator', **more):
        headers = {'Idempotency-Key': key} if key else {}
        return self.s.ask('POST', path, body, token=self.token[role], headers=headers | more)

    def test_an_answer_comes_from_another_thread(self):
        status, _, got = self.post('/t/later', {'ms': 50})
        self.assertEqual((status, got['later']), (200, True))
        self.problem(self.post('/t/later', {'ms': 5, 'denied': True}), 409, 'not-possible')

    def test_an_answer_may_come_before_the_handler_returns(self):
        for _ in range(50):
            self.assertEqual(self.post('/t/later', {'now': 1})[0], 200)

    def test_no_answer_is_504(self):
        begun = time.monotonic()
        self.problem(self.post('/t/later', {}), 504, 'timeout')
        self.assertLess(time.monotonic() - begun, 10)
        self.assertTrue(wait_for(lambda: self.s.stats()['waiting'] == 0))

    def test_many_wait_at_once(self):
        got = []
        threads = [threading.Thread(target=lambda: got.append(self.post('/t/later', {'ms': 100})[0]))
                   for _ in range(40)]
        for t in threads:
            t.start()
        for t in threads:
            t.join(30)
        self.assertEqual(got, [200] * 40)

    def test_who_went_away_is_forgotten(self):
        for _ in range(20):
            with socket.create_connection(('127.0.0.1', self.s.port)) as s:
                s.sendall((f'POST /t/later HTTP/1.1\r\nHost: localhost:{self.s.port}\r\nContent-Length: 10\r\n'
                           f'Authorization: Bearer {self.token["operator"]}\r\n'
                           'Content-Type: application/json\r\n\r\n{"ms": 50}').encode())
        self.assertTrue(wait_for(lambda: self.s.stats()['waiting'] == 0))
        self.assertEqual(self.s.ask('GET', '/healthz')[0], 200)

    # ---- Idempotency-Key ----

    def test_the_same_key_gives_the_same_answer_and_is_done_once(self):
        before = self.s.stats()['count']
        one = self.post('/t/count', {'a': 1}, key='k1')
        two = self.post('/t/count', {'a': 1}, key='k1')
        self.assertEqual((one[0], one[2]), (201, {'count': before + 1}))
        self.assertEqual((two[0], two[2]), (one[0], one[2]))
        self.assertEqual(two[1]['Idempotency-Replayed'], 'true')
        self.assertIsNone(one[1]['Idempotency-Replayed'])
        self.assertEqual(self.s.stats()['count'], before + 1)

    def test_the_key_of_another_body_or_path_is_422(self):
        self.post('/t/count', {'a': 1}, key='k2')
        self.problem(self.post('/t/count', {'a': 2}, key='k2'), 422, 'key-reused')
        self.problem(self.post('/t/echo', {'a': 1}, key='k2'), 422, 'key-reused')

    def test_keys_of_two_people_are_two(self):
        one = self.post('/t/count', {}, key='k3')[2]
        two = self.post('/t/count', {}, key='k3', role='agent')[2]
        self.assertNotEqual(one, two)

    def test_a_key_whose_request_is_in_progress_is_409(self):
        got = []
        t = threading.Thread(target=lambda: got.append(self.post('/t/later', {'ms': 500}, key='k4')))
        t.start()
        self.assertTrue(wait_for(lambda: self.s.stats()['waiting'] > 0))
        headers = self.problem(self.post('/t/later', {'ms': 500}, key='k4'), 409, 'in-progress')
        self.assertEqual(headers['Retry-After'], '1')
        t.join(20)
        again = self.post('/t/later', {'ms': 500}, key='k4')
        self.assertEqual(again[2], got[0][2])

    def test_an_answer_after_the_504_is_given_to_who_asks_again(self):
        before = self.s.stats()['count']
        self.problem(self.post('/t/later', {'ms': 1100}, key='k5'), 504, 'timeout')
        self.problem(self.post('/t/later', {'ms': 1100}, key='k5'), 409, 'in-progress')
        got = wait_for(lambda: [g for g in [self.post('/t/later', {'ms': 1100}, key='k5')] if g[0] == 200])
        self.assertTrue(got)
        self.assertEqual(self.s.stats()['count'], before + 1)

    def test_a_refusal_is_kept_as_well_and_bad_keys_are_400(self):
        for _ in range(2):
            got = self.post('/t/later', {'ms': 5, 'denied': True}, key='k6')
            self.problem(got, 409, 'not-possible')
        self.assertEqual(got[1]['Idempotency-Replayed'], 'true')
        for bad in ('', 'a b', 'я'.encode().decode('latin-1'), 'x' * 129):
            self.problem(self.s.ask('POST', '/t/count', {}, token=self.token['operator'],
                                    headers={'Idempotency-Key': bad}), 400, 'bad-key')

    def test_an_old_key_makes_room_and_the_server_goes_on(self):
        s = Server(BED, rate_session=100000, rate_address=100000)
        try:
            import http.client
            token = s.login('root')
            c = http.client.HTTPConnection('127.0.0.1', s.port, timeout=20)
            for i in range(4200):
                c.request('POST', '/t/count', headers={'Authorization': 'Bearer ' + token,
                                                       'Idempotency-Key': f'key-{i}'})
                self.assertEqual(json.loads(c.getresponse().read())['count'], i + 1)
            c.close()
        finally:
            self.assertEqual(s.stop(), 0)

    def test_stopping_answers_who_waits(self):
        s = Server(BED)
        token = s.login('root')
        got = []
        t = threading.Thread(target=lambda: got.append(s.ask('POST', '/t/later', {}, token=token)))
        t.start()
        self.assertTrue(wait_for(lambda: s.stats()['waiting'] > 0))
        self.assertEqual(s.stop(), 0)
        t.join(20)
        self.problem(got[0], 503, 'stopping')

    def test_stopping_answers_who_is_still_asking(self):
        s = Server(BED)
        head = (f'POST /t/echo HTTP/1.1\r\nHost: localhost:{s.port}\r\nAuthorization: Bearer {MACHINE}\r\n'
                'Content-Type: application/json\r\nContent-Length: 8\r\n\r\n')
        with socket.create_connection(('127.0.0.1', s.port), timeout=20) as c:
            c.sendall(head.encode() + b'{"n"')
            s.login('root')  # the one thread has seen the first part when it answers this
            t = threading.Thread(target=s.stop)
            t.start()

            def refused():
                with socket.socket() as other:
                    return other.connect_ex(('127.0.0.1', s.port)) != 0
            self.assertTrue(wait_for(refused))
            c.sendall(b': 7}')
            got = c.recv(65536)
        t.join(20)
        self.assertTrue(got.startswith(b'HTTP/1.1 200'), got)
        self.assertIn(b'"n":7', got)

    def test_only_who_sleeps_counts_as_waiting(self):
        s = Server(BED)
        try:
            for _ in range(100):
                s.ask('GET', '/t/public')
                self.assertEqual(s.stats()['waiting'], 0)
        finally:
            self.assertEqual(s.stop(), 0)


class Lines(Case):
    numbers = {"slow_s": 2}

    def lines(self, data, **headers):
        return self.s.ask('POST', '/t/lines', data, token=MACHINE,
                          headers={'Content-Type': 'application/x-ndjson'} | headers)

    def test_lines_are_handed_on_whole_however_they_come(self):
        body = ''.join(f'{{"n":{i},"t":"{"я" * (i % 50)}"}}\n' for i in range(5000))
        got = self.lines(body)[2]
        self.assertEqual(got, {'lines': 5000, 'bytes': len(body.encode()) - 5000})
        self.assertEqual(self.lines('a\r\n\n\nb')[2], {'lines': 4, 'bytes': 2})
        self.assertEqual(self.lines('x' * 65536)[2], {'lines': 1, 'bytes': 65536})

    def test_who_takes_them_may_say_not_now(self):
        body = 'a\nsleep\n' * 50 + 'sleep'
        self.assertEqual(self.lines(body)[2]['lines'], 101)

    def test_a_line_that_is_too_long_is_413(self):
        self.problem(self.lines('a\n' + 'x' * 65537 + '\nb'), 413, 'too-large')
        self.problem(self.lines('a\n' + 'x' * 200000), 413, 'too-large')

    def test_after_a_bad_line_the_handler_says_what_was_taken(self):
        self.assertEqual(self.lines('a\nb\nbad\nc\n')[2], {'lines': 2, 'bytes': 2})

    def test_a_json_body_is_415(self):
        self.problem(self.s.ask('POST', '/t/lines', {}, token=MACHINE), 415, 'wrong-type')

    def test_a_client_that_breaks_off_leaves_nothing(self):
        for _ in range(10):
            with socket.create_connection(('127.0.0.1', self.s.port)) as s:
                s.sendall((f'POST /t/lines HTTP/1.1\r\nHost: localhost:{self.s.port}\r\nContent-Length: 1000\r\n'
                           f'Authorization: Bearer {MACHINE}\r\nContent-Type: application/x-ndjson\r\n\r\na\nb').encode())
        self.assertTrue(wait_for(lambda: self.s.stats()['waiting'] == 0))


class Limits(Case):
    numbers = {'rate_session': 20, 'rate_address': 100000, 'slow_s': 1}

    def test_too_many_requests_of_a_session_are_429_and_it_recovers(self):
        token = self.s.login('olga')
        got = [self.s.ask('GET', '/t/agent', token=token) for _ in range(80)]
        refused = [g for g in got if g[0] != 200]
        self.assertGreaterEqual(len(got) - len(refused), 40)
        self.assertTrue(refused)
        headers = self.problem(refused[0], 429, 'too-many')
        self.assertEqual(headers['Retry-After'], '1')
        self.assertEqual(self.s.ask('GET', '/t/agent', token=self.s.login('ivan'))[0], 200)
        self.assertTrue(wait_for(lambda: self.s.ask('GET', '/t/agent', token=token)[0] == 200))

    def test_too_many_requests_of_an_address_are_429(self):
        s = Server(BED, rate_address=10)
        try:
            got = [s.ask('GET', '/healthz')[0] for _ in range(60)]
            self.assertIn(429, got)
            self.assertEqual(got[:15], [200] * 15)
        finally:
            s.stop()

    def test_a_request_that_trickles_in_is_cut(self):
        begun = time.monotonic()
        with socket.create_connection(('127.0.0.1', self.s.port), timeout=10) as s:
            s.sendall(b'GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ')
            cut = False
            s.settimeout(0.3)
            while not cut and time.monotonic() - begun < 15:
                try:
                    s.sendall(b'a')
                    cut = s.recv(1) == b''
                except TimeoutError:
                    continue
                except OSError:
                    cut = True
            self.assertTrue(cut)

    def test_who_says_nothing_is_cut(self):
        with socket.create_connection(('127.0.0.1', self.s.port), timeout=15) as s:
            self.assertEqual(s.recv(1), b'')


class Described(Case):
    def test_the_description_is_openapi_3_1_and_names_every_route(self):
        status, headers, doc = self.s.ask('GET', '/openapi.json')
        self.assertEqual((status, headers['Content-Type']), (200, 'application/json'))
        self.assertEqual(doc['openapi'], '3.1.0')
        for path, method in (('/t/echo/{a}/x/{b}', 'get'), ('/t/count', 'put'), ('/t/count', 'post'),
                             ('/api/v1/session', 'post'), ('/api/v1/events', 'get'), ('/metrics', 'get')):
            self.assertIn(method, doc['paths'][path])
        self.assertEqual(doc['paths']['/t/operator']['get']['x-zvonar-roles'], ['operator'])
        self.assertEqual(doc['paths']['/t/public']['get']['security'], [])
        try:
            import openapi_spec_validator
        except ImportError:
            return  # by structure above
        openapi_spec_validator.validate(doc)

    def test_operations_have_ids_of_their_own_and_params_are_in_their_paths(self):
        doc = self.s.ask('GET', '/openapi.json')[2]
        ids = []
        for path, methods in doc['paths'].items():
            for op in methods.values():
                ids.append(op['operationId'])
                named = [p['name'] for p in op['parameters'] if p.get('in') == 'path']
                self.assertEqual(named, [s[1:-1] for s in path.split('/') if s.startswith('{')])
                for p in op['parameters']:
                    if '$ref' in p:
                        self.assertIn(p['$ref'].rsplit('/', 1)[1], doc['components']['parameters'])
        self.assertEqual(len(ids), len(set(ids)))

    def test_health_is_public_and_ready_is_what_it_is_told(self):
        self.assertEqual(self.s.ask('GET', '/healthz')[0], 200)
        self.assertEqual(self.s.ask('GET', '/readyz')[0], 200)
        self.s.tell('ready 0')
        self.problem(self.s.ask('GET', '/readyz'), 503, 'not-ready')
        self.s.tell('ready 1')

    def test_figures_are_as_the_exposition_format_says(self):
        from exposition import parse
        for role in ('agent', 'supervisor', 'integrator'):
            self.problem(self.s.ask('GET', '/metrics', token=self.token[role]), 403, 'forbidden')
        status, headers, body = self.s.ask('GET', '/metrics', token=self.token['operator'])
        self.assertEqual(status, 200)
        self.assertEqual(headers['Content-Type'], 'text/plain; version=0.0.4; charset=utf-8')
        families = parse(body.decode())
        self.assertTrue(all(n.startswith('zvonar_') for n in families))
        self.assertEqual(families['zvonar_test_total'].help, 'A \\ and\na line feed.')
        self.assertEqual(families['zvonar_test_total'].samples,
                         [('zvonar_test_total', {'campaign': 'quote " back \\ line \n end'}, 3.0)])
        buckets = [(s[1]['le'], s[2]) for s in families['zvonar_test_seconds'].samples if s[0].endswith('_bucket')]
        self.assertEqual(buckets, [('0.1', 1), ('0.5', 3), ('1', 6), ('+Inf', 10)])
        self.assertEqual(families['zvonar_build_info'].samples[0][2], 1)


class Pages(Case):
    def test_pages_are_served_packed_with_a_tag_and_a_strict_policy(self):
        here = os.path.dirname(os.path.abspath(__file__))
        folder = os.path.join(here, '..', '..', 'core', 'http', 'pages')
        if not os.path.isdir(folder):
            self.skipTest('no pages in this tree')
        checked = 0
        for where, _, names in os.walk(folder):
            for name in names:
                path = os.path.relpath(os.path.join(where, name), folder)
                if os.path.splitext(name)[1] not in ('.html', '.js', '.css', '.svg'):
                    continue
                url = {'index.html': '/', 'floor.html': '/floor'}.get(path, '/static/' + path)
                with open(os.path.join(where, name), 'rb') as f:
                    want = f.read()
                status, headers, body = self.s.ask('GET', url, headers={'Accept-Encoding': 'gzip, br'})
                self.assertEqual(status, 200, url)
                if headers['Content-Encoding'] == 'gzip':
                    body = gzip.decompress(body)
                body = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.assertEqual(hashlib.sha256(body).digest(), hashlib.sha256(want).digest(), url)
                self.assertEqual(self.s.ask('GET', url)[2], want)
                self.assertIn("default-src 'self'", headers['Content-Security-Policy'])
                self.assertIn("frame-ancestors 'none'", headers['Content-Security-Policy'])
                self.assertNotIn('unsafe', headers['Content-Security-Policy'])
                self.assertEqual(headers['Referrer-Policy'], 'no-referrer')
                again = self.s.ask('GET', url, headers={'If-None-Match': headers['ETag']})
                self.assertEqual((again[0], again[2]), (304, b''))
                self.problem(self.s.ask('POST', url), 405, 'wrong-method')
                checked += 1
        self.assertGreater(checked, 0)


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], '-v'] + sys.argv[1:])
