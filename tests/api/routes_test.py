#!/usr/bin/env python3
"""The API's handlers: every route for every role, what each hands to the engine, call-back times.

usage: routes_test.py BED SOURCE_ROOT
"""
import datetime
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

from apitest import MACHINE, Server

BED, ROOT = sys.argv.pop(1), sys.argv.pop(1)
ROLES = {'agent': 'olga', 'supervisor': 'ivan', 'operator': 'root', 'integrator': None}
NONE = 0xffffffff
ATTEMPT = '000102030405060708090a0b0c0d0e0f'
DESK = ['login', 'logout', 'ready', 'pause', 'hangup', 'done', 'extend', 'hold', 'resume', 'transfer', 'consult',
        'join', 'complete', 'back', 'listen', 'whisper', 'barge', 'leave', 'dial', 'skip', 'key', 'machine', 'person']
WHAT = {name: i + 1 for i, name in enumerate(
    ['login', 'logout', 'ready', 'pause', 'hangup', 'done', 'extend', 'hold', 'resume', 'transfer', 'consult', 'join',
     'complete', 'back', 'listen', 'whisper', 'barge', 'leave', 'dial', 'skip', 'key', 'machine', 'person'])}
# Calls are allowed from eight to ten on working days and from nine to eight at weekends.
RULES = [{"id": "RU-TEST-HOURS", "jur": "RU", "law": "rule of a test", "src": "tests/api", "seen": "2026-11-22",
          "trust": "policy", "when": {}, "kind": "hours",
          "hours": {"tz": "residence", "days": {"mon": [["08:00", "22:00"]], "tue": [["08:00", "22:00"]],
                                                "wed": [["08:00", "12:00"], ["14:00", "22:00"]],
                                                "thu": [["08:00", "22:00"]], "fri": [["08:00", "22:00"]],
                                                "sat": [["09:00", "20:00"]], "sun": []}}}]
PEOPLE = """
agents:
  olga: {title: Olga P., campaigns: [cleanup]}
  nina: {title: Nina <b>, campaigns: [leads]}
  ivan: {title: Ivan, role: supervisor, phone: none}
  root: {title: Root, role: operator, phone: none}
pause_codes: [break, lunch]
phones: {listen: "127.0.0.1:15999", outside: ["+7916000", "+78001234567"]}
"""


class Api(Server):
    """The bed of the handlers."""

    def __init__(self):
        self.users = {'olga': 'agent', 'nina': 'agent', 'ivan': 'supervisor', 'root': 'operator'}
        self.dir = tempfile.mkdtemp(prefix='zvonar-routes-')
        self.secrets, self.tokens = self.path('secrets'), self.path('tokens')
        self.fill_secrets()
        shutil.copytree(os.path.join(ROOT, 'conf/demo'), self.path('conf'))
        shutil.rmtree(self.path('conf/rules'))
        os.makedirs(self.path('conf/rules'))
        os.makedirs(self.path('conf/conf.d'))
        self.write(self.path('conf/rules/test.jsonl'), ''.join(json.dumps(r) + '\n' for r in RULES))
        self.write(self.path('conf/conf.d/10.yaml'), PEOPLE)
        self.process = subprocess.Popen([BED, self.path('conf/zvonar.yaml'), self.path('store'), self.secrets, self.tokens],
                                        text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.said = self.process.stdout.readline().strip()
        self.port, self.lead, self.other = (int(x) for x in self.said.split())

    def log(self):
        return json.loads(self.tell('log'))


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s = Api()
        cls.token = {role: cls.s.login(user) if user else MACHINE for role, user in ROLES.items()}

    @classmethod
    def tearDownClass(cls):
        status = cls.s.stop()
        assert status == 0, f'the bed ended with {status}'

    def setUp(self):
        self.s.tell('nocard')
        self.s.tell('refuse 0')
        self.s.log()

    def ask(self, method, path, body=None, role='agent', **more):
        return self.s.ask(method, path, body, token=self.token[role], **more)

    def post(self, path, body=None, role='agent'):
        return self.ask('POST', '/api/v1/' + path, body, role)

    def refused(self, got, status, code):
        self.assertEqual((got[0], got[2].get('code')), (status, code), got[2])


class Roles(Case):
    MAY = {'agent': {'agent', 'supervisor', 'operator'}, 'supervisor': {'supervisor', 'operator'},
           'operator': {'operator'}, 'all': set(ROLES)}

    def routes(self):
        """Every route of the description with the roles that the contract of the API gives it."""
        for name in DESK:
            yield 'POST', f'/api/v1/desk/{name}', 'supervisor' if name in ('listen', 'whisper', 'barge', 'leave') else 'agent'
        yield 'GET', '/api/v1/desk/card', 'agent'
        yield 'GET', '/api/v1/desk/times', 'agent'
        yield 'GET', '/api/v1/me', 'all'
        yield 'GET', '/api/v1/floor', 'supervisor'
        yield 'GET', '/api/v1/agents', 'agent'
        for what in ('pause', 'ready', 'logout'):
            yield 'POST', f'/api/v1/agents/{{user}}/{what}', 'supervisor'
        yield 'GET', '/api/v1/campaigns', 'supervisor'
        yield 'GET', '/api/v1/campaigns/{name}', 'supervisor'
        yield 'POST', '/api/v1/campaigns/{name}/start', 'operator'
        yield 'POST', '/api/v1/campaigns/{name}/pause', 'operator'
        yield 'POST', '/api/v1/reload', 'operator'
        yield 'POST', '/api/v1/suppressions', 'all'
        yield 'POST', '/api/v1/suppressions/remove', 'operator'
        yield 'GET', '/metrics', 'operator'
        yield 'DELETE', '/api/v1/session', None
        yield 'GET', '/api/v1/events', None
        yield 'GET', '/api/v1/suppressions', {'supervisor', 'operator', 'integrator'}
        yield 'POST', '/api/v1/marks', {'integrator', 'operator'}
        for what in ('', '/bulk', '/{id}/paid', '/{id}/cancelled', '/{id}/withdraw'):
            yield 'POST', '/api/v1/leads' + what, {'integrator', 'operator'}
        for what in ('', '/{id}'):
            yield 'GET', '/api/v1/leads' + what, {'supervisor', 'operator', 'integrator'}
        for method in ('POST', 'DELETE'):
            yield method, '/api/v1/leads/{id}/callback', 'all'
        yield 'GET', '/api/v1/callbacks', 'all'
        yield 'GET', '/api/v1/recordings', 'supervisor'
        yield 'GET', '/api/v1/recordings/{attempt}/audio', None  # leads_test.py has one
        yield 'GET', '/api/v1/forms', 'all'
        yield 'GET', '/api/v1/requests', 'all'
        yield 'POST', '/api/v1/requests', {'supervisor', 'operator', 'integrator'}
        yield 'GET', '/api/v1/requests/next', 'agent'
        yield 'GET', '/api/v1/requests/{id}', 'all'
        for what in ('take', 'done', 'return'):
            yield 'POST', '/api/v1/requests/{id}/' + what, 'agent'

    def test_every_route_is_refused_to_other_roles_and_to_nobody_logged_in(self):
        tried = set()
        request = self.post('requests', {'type': 'call'}, 'integrator')[2]['id']
        for method, template, who in self.routes():
            tried.add((template, method.lower()))
            if who is None:
                continue
            may = who if isinstance(who, set) else self.MAY[who]
            path = template.replace('{user}', 'olga').replace('{name}', 'cleanup')
            path = path.replace('{id}', str(request if '/requests/' in path else self.s.lead))
            self.refused(self.s.ask(method, path), 401, 'log-in')
            for role in ROLES:
                got = self.ask(method, path, role=role)
                if role in may:
                    self.assertNotIn(got[0], (401, 404, 405, 500, 504), (method, path, role, got[2]))
                    self.assertTrue(got[0] != 403 or got[2]['detail'] == 'a machine has no desk', (path, role, got[2]))
                else:
                    self.refused(got, 403, 'forbidden')
        doc = self.s.ask('GET', '/openapi.json')[2]
        there = {(path, method) for path, methods in doc['paths'].items() for method in methods}
        public = {('/api/v1/session', 'post'), ('/openapi.json', 'get'), ('/healthz', 'get'), ('/readyz', 'get')}
        self.assertEqual(there - public, tried)

    def test_the_description_is_valid_and_so_are_answers(self):
        doc = self.s.ask('GET', '/openapi.json')[2]
        try:
            import jsonschema
            import openapi_spec_validator
        except ImportError:
            self.skipTest('no validator here')
        openapi_spec_validator.validate(doc)
        self.s.tell(f'card {ATTEMPT} {self.s.lead} cleanup')
        checked = 0
        for path, role in (('/api/v1/me', 'agent'), ('/api/v1/floor', 'supervisor'), ('/api/v1/agents', 'operator'),
                           ('/api/v1/desk/card', 'agent'), ('/healthz', 'agent'),
                           (f'/api/v1/desk/times?lead={self.s.lead}&day=2026-11-25', 'agent'),
                           ('/api/v1/suppressions?number=79161234567', 'operator')):
            got = self.ask('GET', path, role=role)
            self.assertEqual(got[0], 200, got)
            schema = doc['paths'][path.partition('?')[0]]['get']['responses']['200']['content']['application/json']['schema']
            jsonschema.validate(got[2], {'components': doc['components'], **schema})
            checked += 1
        self.assertEqual(checked, 7)


class Desk(Case):
    def test_plain_words_go_to_the_engine_for_him_who_asks(self):
        for name in ('login', 'logout', 'ready', 'hangup', 'extend', 'hold', 'resume', 'join', 'complete', 'back',
                     'skip', 'machine', 'person', 'pause', 'done', 'dial'):
            got = self.post('desk/' + name)
            self.assertEqual((got[0], got[2]), (200, {}), name)
            ev, = self.s.log()
            self.assertEqual((ev['agent'], ev['what'], ev['to']), (0, WHAT[name], NONE), name)

    def test_the_engines_refusal_is_409(self):
        self.s.tell('refuse 1')
        self.refused(self.post('desk/ready'), 409, 'not-possible')

    def test_pause_has_a_code_that_is_known(self):
        self.assertEqual(self.post('desk/pause', {'code': 2})[0], 200)
        self.assertEqual(self.s.log()[0]['code'], 2)
        for bad in ({'code': 3}, {'code': 0}, {'code': -1}, {'code': 'x'}, {'code': 1.5}, {'codes': 1}):
            self.refused(self.post('desk/pause', bad), 422, 'invalid')
        self.assertEqual(self.s.log(), [])

    def test_whom_to_transfer_to(self):
        self.post('desk/transfer', {'agent': 'nina'})
        self.post('desk/consult', {'number': '+7 (916) 000-00-01'})
        one, two = self.s.log()
        self.assertEqual((one['what'], one['to'], one['number']), (WHAT['transfer'], 1, 0))
        self.assertEqual((two['what'], two['to'], two['number']), (WHAT['consult'], NONE, 79160000001))
        for bad in ({}, {'agent': 'nina', 'number': '+79160000001'}, {'number': '12'}, {'agent': 'olga'}, {'agent': 5},
                    {'number': '+7916000000x'}, {'agent': 'x' * 32}):
            self.refused(self.post('desk/transfer', bad), 422, 'invalid')
        for number in ('+79160100001', '+78001234568', '+7916', '+3809160000001', '+7800123456'):
            for what in ('transfer', 'consult'):
                got = self.post('desk/' + what, {'number': number})
                self.assertIn(got[0], (403, 422), (number, got))
                self.assertIn(got[2]['code'], ('not-listed', 'invalid'))
        self.assertEqual(self.s.log(), [])
        self.assertEqual(self.post('desk/transfer', {'number': '+7 800 123-45-67'})[0], 200)
        self.refused(self.post('desk/transfer', {'agent': 'nobody'}), 404, 'no-such-user')

    def test_keys(self):
        for key in '0123456789*#ABCD':
            self.assertEqual(self.post('desk/key', {'key': key})[0], 200)
        self.assertEqual([e['code'] for e in self.s.log()], [ord(c) for c in '0123456789*#ABCD'])
        for bad in ({}, {'key': 'E'}, {'key': '12'}, {'key': 1}, {'key': 'я'}, {'key': '\u0000'}):
            self.assertIn(self.post('desk/key', bad)[0], (400, 422))

    def test_a_supervisor_listens_to_somebody(self):
        for name in ('listen', 'whisper', 'barge', 'leave'):
            self.assertEqual(self.post('desk/' + name, {'agent': 'nina'}, 'supervisor')[0], 200)
        self.assertEqual([(e['agent'], e['what'], e['to']) for e in self.s.log()],
                         [(2, WHAT[n], 1) for n in ('listen', 'whisper', 'barge', 'leave')])
        self.assertEqual(self.post('desk/leave', None, 'supervisor')[0], 200)
        self.refused(self.post('desk/listen', {}, 'supervisor'), 422, 'invalid')
        self.refused(self.post('desk/listen', {'agent': 'nobody'}, 'supervisor'), 404, 'no-such-user')

    def test_another_agents_state(self):
        self.assertEqual(self.post('agents/nina/pause', {'code': 1}, 'supervisor')[0], 200)
        self.assertEqual(self.post('agents/nina/ready', None, 'operator')[0], 200)
        self.assertEqual(self.post('agents/olga/logout', None, 'supervisor')[0], 200)
        self.assertEqual([(e['agent'], e['what'], e['code']) for e in self.s.log()],
                         [(1, WHAT['pause'], 1), (1, WHAT['ready'], 0), (0, WHAT['logout'], 0)])
        self.refused(self.post('agents/nobody/ready', None, 'supervisor'), 404, 'no-such-user')
        self.refused(self.post('agents/nina/pause', {'code': 9}, 'supervisor'), 422, 'invalid')

    def test_dialling_by_lead_or_number(self):
        self.assertEqual(self.post('desk/dial', {'lead': self.s.lead})[0], 200)
        self.assertEqual(self.post('desk/dial', {'lead': str(self.s.other), 'campaign': 'cleanup'})[0], 200)
        self.assertEqual(self.post('desk/dial', {'number': '+79161234568', 'campaign': 'cleanup'})[0], 200)
        self.assertEqual([(e['number'], e['code']) for e in self.s.log()],
                         [(self.s.lead, 0), (self.s.other, 0), (self.s.other, 0)])
        self.refused(self.post('desk/dial', {'lead': 999999}), 404, 'no-such-lead')
        self.refused(self.post('desk/dial', {'lead': self.s.lead, 'campaign': 'leads'}), 422, 'invalid')
        self.refused(self.post('desk/dial', {'number': '+79161234568', 'campaign': 'leads'}), 404, 'no-such-lead')
        self.refused(self.post('desk/dial', {'number': '+79161234568'}), 422, 'invalid')
        self.refused(self.post('desk/dial', {'number': '+79161234568', 'campaign': 'none'}), 404, 'no-such-campaign')

    def test_the_card_is_there_or_204(self):
        self.assertEqual(self.ask('GET', '/api/v1/desk/card')[0], 204)
        self.s.tell(f'card {ATTEMPT} {self.s.lead} cleanup')
        got = self.ask('GET', '/api/v1/desk/card')
        self.assertEqual((got[0], got[2]['lead']), (200, self.s.lead))


class Done(Case):
    def setUp(self):
        super().setUp()
        self.s.tell(f'card {ATTEMPT} {self.s.lead} cleanup')

    def test_the_result_is_its_number_in_the_campaign(self):
        self.assertEqual(self.post('desk/done', {'result': 'not_interested'})[0], 200)
        ev, = self.s.log()
        self.assertEqual((ev['what'], ev['result'], ev['at_ms']), (WHAT['done'], 2, 0))
        self.refused(self.post('desk/done', {'result': 'nonsense'}), 422, 'invalid')
        self.refused(self.post('desk/done', {'resault': 'interested'}), 422, 'invalid')
        self.s.tell('nocard')
        self.refused(self.post('desk/done', {'result': 'interested'}), 409, 'not-possible')

    def test_what_he_wrote_is_on_disk_before_the_engine_hears_of_the_end(self):
        body = {'result': 'interested', 'comment': '<script>ё', 'topic': 'payment', 'subtopic': 'how',
                'reason': 'price', 'fields': {'сумма': 5, 'ok': True}}
        self.assertEqual(self.post('desk/done', body)[0], 200)
        self.assertEqual(self.s.log()[0]['result'], 1)
        note = json.loads(self.s.tell('note ' + ATTEMPT))
        self.assertEqual((note['comment'], note['topic'], note['subtopic'], note['reason'], note['agent'], note['lead']),
                         ('<script>ё', 'payment', 'how', 'price', 'olga', self.s.lead))
        self.assertEqual(json.loads(note['fields']), {'сумма': 5, 'ok': True})

    def test_too_much_is_refused(self):
        for bad in ({'comment': 'x' * 2001}, {'topic': 'x' * 101}, {'fields': [1]}, {'fields': {'a': 'x' * 9000}},
                    {'comment': 5}, {'callback': {}}, {'callback': {'at': 'tomorrow'}}, {'callback': 5},
                    {'callback': {'at': '2026-11-25T10:00:00+03:00', 'anyone': 1}},
                    {'callback': {'at': '2026-11-20T10:00:00+03:00'}}):
            self.refused(self.post('desk/done', bad), 422, 'invalid')
        self.assertEqual(self.s.log(), [])

    def test_a_call_back_within_the_hours_is_taken_and_outside_is_refused_with_the_reason(self):
        at = '2026-11-25T08:00:30.250Z'  # eleven in Moscow, a Wednesday
        self.assertEqual(self.post('desk/done', {'callback': {'at': at, 'anyone': True}})[0], 200)
        ev, = self.s.log()
        self.assertEqual(ev['anyone'], True)
        self.assertEqual(ev['at_ms'], 1795593630000)
        self.assertEqual(datetime.datetime.fromtimestamp(ev['at_ms'] / 1000, datetime.timezone.utc),
                         datetime.datetime(2026, 11, 25, 8, 0, 30, tzinfo=datetime.timezone.utc))
        for bad in ('2026-11-25T13:00:00+03:00', '2026-11-29T12:00:00+03:00', '2026-11-24T08:30:00+03:00',
                    '2026-11-24T21:30:00+03:00'):
            got = self.post('desk/done', {'callback': {'at': bad}})
            self.refused(got, 422, 'not-lawful')
            self.assertRegex(got[2]['detail'], '[а-я]')


class Times(Case):
    def times(self, day, **more):
        query = '&'.join(f'{k}={v}' for k, v in ({'lead': self.s.lead, 'day': day} | more).items())
        return self.ask('GET', '/api/v1/desk/times?' + query)

    def spans(self, day):
        got = self.times(day)
        self.assertEqual(got[0], 200, got)
        for s in got[2]['open'] + got[2]['closed']:
            self.assertTrue(s['from'].endswith('+03:00') and s['to'].endswith('+03:00'), s)
        return ([(s['from'][11:16], s['to'][11:16]) for s in got[2]['open']],
                [(s['from'][11:16], s['to'][11:16]) for s in got[2]['closed']], got[2])

    def test_a_day_is_what_the_rules_and_the_campaigns_hours_allow(self):
        # the rule says 08-12 and 14-22, the campaign 09-21
        opened, closed, told = self.spans('2026-11-25')
        self.assertEqual(opened, [('09:00', '12:00'), ('14:00', '21:00')])
        self.assertEqual(closed, [('00:00', '08:00'), ('08:00', '09:00'), ('12:00', '14:00'), ('21:00', '22:00'),
                                  ('22:00', '00:00')])
        for s in told['closed']:
            self.assertRegex(s['reason'], '[а-я]')
        self.assertTrue(told['zone_known'])

    def test_a_day_on_which_nobody_may_be_called_is_closed_as_a_whole(self):
        opened, closed, told = self.spans('2026-11-29')
        self.assertEqual((opened, closed), ([], [('00:00', '00:00')]))

    def test_what_is_past_is_not_offered(self):
        # it is fifteen o'clock on Sunday the 22nd; on Monday at fifteen as well
        self.s.tell('now 1795435200000')
        try:
            opened, closed, _ = self.spans('2026-11-23')
            self.assertEqual(opened, [('15:00', '21:00')])
            self.assertEqual(self.spans('2026-11-20')[:2], ([], []))
        finally:
            self.s.tell('now 1795348800000')

    def test_spans_cover_the_day_without_gap_and_agree_with_what_done_takes(self):
        self.s.tell(f'card {ATTEMPT} {self.s.lead} cleanup')
        for day in ('2026-11-23', '2026-11-25', '2026-11-28', '2026-11-29'):
            got = self.times(day)[2]
            spans = sorted([(s['from'], s['to'], True) for s in got['open']] +
                           [(s['from'], s['to'], False) for s in got['closed']])
            self.assertEqual([s[0] for s in spans[1:]], [s[1] for s in spans[:-1]])
            self.assertEqual((spans[0][0][11:16], spans[-1][1][11:16]), ('00:00', '00:00'))
            for start, end, is_open in spans:
                for at in (start, (datetime.datetime.fromisoformat(end) - datetime.timedelta(seconds=1)).isoformat()):
                    got = self.post('desk/done', {'callback': {'at': at}})
                    self.assertEqual(got[0], 200 if is_open else 422, (at, got[2]))

    def test_odd_questions_are_refused(self):
        for day in ('2026-02-30', '2026-13-01', '26-11-25', '', 'today', '2026-11-25x', '1969-01-01', '2026-1--5'):
            self.refused(self.times(day), 422, 'invalid')
        self.refused(self.times('2026-11-25', lead='x'), 422, 'invalid')
        self.assertEqual(self.times('2026-11-25', lead=999999)[0], 404)
        self.assertEqual(self.times('2026-11-25', campaign='cleanup')[0], 200)
        self.assertEqual(self.times('2026-11-25', campaign='leads')[0], 422)
        self.refused(self.times('2026-11-25', campaign='none'), 404, 'no-such-campaign')


class Rest(Case):
    def test_me_knows_his_campaigns_and_pause_codes(self):
        got = self.ask('GET', '/api/v1/me')[2]
        self.assertEqual((got['user'], got['title'], got['role']), ('olga', 'Olga P.', 'agent'))
        self.assertEqual(got['pause_codes'], [{'code': 1, 'name': 'break'}, {'code': 2, 'name': 'lunch'}])
        self.assertEqual([c['name'] for c in got['campaigns']], ['cleanup'])
        self.assertEqual([r['name'] for r in got['campaigns'][0]['results']], ['interested', 'not_interested', 'keep_informed'])
        self.assertEqual(got['campaigns'][0]['mode'], 'robot')
        self.assertEqual((got['agent']['state'], got['realm']), ('ready', 'zvonar'))
        self.assertEqual([c['name'] for c in self.ask('GET', '/api/v1/me', role='operator')[2]['campaigns']], ['cleanup', 'leads'])
        machine = self.ask('GET', '/api/v1/me', role='integrator')[2]
        self.assertEqual((machine['user'], 'agent' in machine and machine['agent']), ('crm', False if 'agent' not in machine else None))

    def test_an_agent_sees_of_others_only_who_is_there(self):
        mine = self.ask('GET', '/api/v1/agents')[2]['agents']
        self.assertEqual([a['user'] for a in mine], ['olga', 'nina', 'ivan', 'root'])
        self.assertEqual(mine[1]['title'], 'Nina <b>')
        self.assertNotIn('number', mine[1])
        self.assertIn('number', self.ask('GET', '/api/v1/agents', role='supervisor')[2]['agents'][1])

    def test_campaigns_go_to_main(self):
        self.ask('GET', '/api/v1/campaigns', role='supervisor')
        self.ask('GET', '/api/v1/campaigns/leads', role='supervisor')
        self.post('campaigns/cleanup/start', None, 'operator')
        self.post('campaigns/cleanup/pause', {}, 'operator')
        self.post('reload', None, 'operator')
        log = self.s.log()
        self.assertEqual([e['cmd'] for e in log], [3, 4, 5, 6, 10])
        self.assertEqual([e['campaign'] for e in log], ['', 'leads', 'cleanup', 'cleanup', ''])
        self.refused(self.post('campaigns/none/start', None, 'operator'), 404, 'no-such-campaign')
        self.refused(self.post('campaigns/cleanup/start', {'now': 1}, 'operator'), 422, 'invalid')

    def test_suppressions_go_to_main_as_the_control_socket_has_them(self):
        got = self.post('suppressions', {'numbers': ['+7 916 123-45-67', '79161234568'], 'campaign': 'cleanup',
                                         'until': 1800000000000, 'text': 'письмо'}, 'integrator')
        self.assertEqual((got[0], got[2]), (200, {'told': 2}))
        ev, = self.s.log()
        self.assertEqual((ev['cmd'], ev['numbers'], ev['campaign'], ev['until'], ev['text']),
                         (12, [79161234567, 79161234568], 'cleanup', 1800000000000, 'письмо'))
        for bad in (None, {}, {'numbers': []}, {'numbers': 'x'}, {'numbers': ['abc']}, {'numbers': [79161234567]},
                    {'numbers': ['+79161234567'], 'cmd': 'drain'}, {'numbers': ['+79161234567'], 'until': -5},
                    {'numbers': ['+79161234567'], 'text': 'x' * 64}, {'numbers': ['+79161234567'] * 257}):
            self.refused(self.post('suppressions', bad, 'operator'), 422, 'invalid')
        self.refused(self.post('suppressions', {'numbers': ['+79161234567'], 'campaign': 'x'}, 'operator'), 404,
                     'no-such-campaign')
        self.assertEqual(self.s.log(), [])
        self.assertEqual(self.post('suppressions/remove', {'numbers': ['+79161234567']}, 'operator')[0], 200)
        self.assertEqual(self.post('marks', {'numbers': ['+79161234567'], 'kind': 'flag', 'name': 'bankrupt'}, 'integrator')[0], 200)
        self.assertEqual([(e['cmd'], e['name']) for e in self.s.log()], [(13, ''), (14, 'bankrupt')])

    def test_what_stands_of_a_number_is_told(self):
        got = self.ask('GET', '/api/v1/suppressions?number=%2B79161234567', role='integrator')
        self.assertEqual((got[0], got[2]), (200, {'suppressions': []}))
        for bad in ('', '?number=1&person=2', '?number=x', '?person=x'):
            self.refused(self.ask('GET', '/api/v1/suppressions' + bad, role='operator'), 422, 'invalid')

    def test_a_machine_has_no_desk(self):
        self.assertEqual(self.post('desk/login', None, 'integrator')[0], 403)


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], '-v'] + sys.argv[1:])
