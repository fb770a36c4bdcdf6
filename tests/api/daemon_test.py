#!/usr/bin/env python3
"""The API of a whole zvonard: log-in by zvonarctl's files, its description, figures, floor, reload.

usage: daemon_test.py BUILD SOURCE_ROOT
"""
import hashlib
import http.client
import json
import os
import sys
import unittest

BUILD, ROOT = sys.argv.pop(1), sys.argv.pop(1)
sys.path.insert(0, os.path.join(ROOT, 'tests/support'))
from house import House  # noqa: E402
from exposition import lint, parse, promtool  # noqa: E402

PORT = 19201
EXTRA = f"""
http: {{listen: "127.0.0.1:{PORT}", tokens: ../tokens}}
phones: {{listen: "127.0.0.1:19290", secrets: ../secrets}}
agents:
  olga: {{title: Olga}}
  ivan: {{role: supervisor, phone: none}}
  root: {{role: operator, phone: none}}
"""


def digest(user, password):
    return hashlib.md5(f'{user}:zvonar:{password}'.encode()).hexdigest()


class Daemon(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.house = House(BUILD, ports=19210)
        cls.house.configure(extra=EXTRA)
        cls.secrets(olga='password-1', ivan='password-2', root='password-3')
        cls.house.start_daemon()
        cls.house.wait_up()

    @classmethod
    def tearDownClass(cls):
        cls.house.close()

    @classmethod
    def secrets(cls, **passwords):
        path = cls.house.write('secrets', ''.join(f'{u}:zvonar:{digest(u, p)}\n' for u, p in passwords.items()))
        os.chmod(path, 0o600)

    def ask(self, method, path, body=None, token=None):
        c = http.client.HTTPConnection('127.0.0.1', PORT, timeout=30)
        headers = {'Content-Type': 'application/json'} if body is not None else {}
        if token:
            headers['Authorization'] = 'Bearer ' + token
        try:
            c.request(method, path, body=json.dumps(body) if body is not None else None, headers=headers)
            r = c.getresponse()
            data = r.read()
            return r.status, json.loads(data) if 'json' in (r.getheader('Content-Type') or '') else data.decode()
        finally:
            c.close()

    def login(self, user, password):
        status, got = self.ask('POST', '/api/v1/session', {'user': user, 'password': password})
        self.assertEqual(status, 200, got)
        return got['token']

    def test_the_figures_are_as_the_exposition_format_says(self):
        status, text = self.ask('GET', '/metrics', token=self.login('root', 'password-3'))
        self.assertEqual(status, 200)
        families = parse(text)
        self.assertEqual([f for f in families if not f.startswith('zvonar_')], [])
        self.assertGreater(len(families), 15)
        self.assertEqual(lint(families), [])
        self.assertIn(promtool(text), ('', None))  # None: not installed, the lines above are all there is

    def test_the_description_is_valid_and_names_every_room(self):
        status, doc = self.ask('GET', '/openapi.json')
        self.assertEqual(status, 200)
        for path in ('/api/v1/me', '/api/v1/desk/done', '/api/v1/floor', '/api/v1/campaigns', '/api/v1/leads',
                     '/api/v1/requests'):
            self.assertIn(path, doc['paths'])
        try:
            import openapi_spec_validator
        except ImportError:
            return
        openapi_spec_validator.validate(doc)

    def test_who_may_see_the_floor_sees_it(self):
        status, floor = self.ask('GET', '/api/v1/floor', token=self.login('ivan', 'password-2'))
        self.assertEqual(status, 200)
        self.assertEqual([a['user'] for a in floor['agents']], ['olga', 'ivan', 'root'])
        self.assertEqual(self.ask('GET', '/api/v1/floor', token=self.login('olga', 'password-1'))[0], 403)
        me = self.ask('GET', '/api/v1/me', token=self.login('olga', 'password-1'))[1]
        self.assertEqual((me['user'], me['agent']['state'], len(me['campaigns'])), ('olga', 'offline', 2))

    def test_the_command_line_lists_agents(self):
        rows = json.loads(self.house.ctl('agent', 'list', '--json').stdout)
        self.assertEqual([(r['agent'], r['state'], r['phone'], r['lost']) for r in rows],
                         [('olga', 'offline', 'gone', ''), ('ivan', 'offline', 'none', ''), ('root', 'offline', 'none', '')])
        self.assertIn('offline', self.house.ctl('agent', 'list').stdout)

    def test_without_a_phone_nobody_is_ready(self):
        status, got = self.ask('POST', '/api/v1/desk/ready', {}, token=self.login('olga', 'password-1'))
        self.assertEqual((status, got['code']), (409, 'not-possible'))

    def test_an_opt_out_is_answered_when_it_is_on_disk(self):
        token = self.login('root', 'password-3')
        status, got = self.ask('POST', '/api/v1/suppressions', {'numbers': ['+79161234567'], 'text': 'a letter'}, token)
        self.assertEqual((status, got), (200, {'told': 1}))
        status, got = self.ask('GET', '/api/v1/suppressions?number=79161234567', token=token)
        self.assertEqual([(s['number'], s['text'], s['until']) for s in got['suppressions']],
                         [('+79161234567', 'a letter', None)])
        self.assertIn('+79161234567', self.house.ctl('suppress', 'list').stdout)

    def test_a_reload_takes_new_secrets_and_tokens(self):
        self.house.ctl('token', 'new', 'crm')  # its print is not wanted here
        token = self.house.ctl('token', 'new', 'prometheus', '--role', 'operator').stdout.strip()
        self.assertEqual(self.ask('GET', '/metrics', token=token)[0], 401)
        self.secrets(olga='another-one', ivan='password-2', root='password-3')
        self.assertEqual(self.ask('POST', '/api/v1/reload', {}, self.login('root', 'password-3'))[0], 200)
        self.assertEqual(self.ask('GET', '/metrics', token=token)[0], 200)
        self.login('olga', 'another-one')
        self.secrets(olga='password-1', ivan='password-2', root='password-3')
        self.house.ctl('token', 'revoke', 'prometheus')
        self.house.ctl('reload')
        self.assertEqual(self.ask('GET', '/metrics', token=token)[0], 401)


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], '-v'] + sys.argv[1:])
