#!/usr/bin/env python3
"""Leads, call-backs, requests and forms by the API, asked from outside.

usage: leads_test.py BED SOURCE_ROOT
"""
import http.client
import json
import os
import time
import unittest

import routes_test
from apitest import Stream, wait_for

HOT, CALLBACK, NORMAL, LATER = range(4)
OWNER_NOBODY = 0xffffffff
MORE = """
forms:
  check:
    title: Verification
    fields:
      passport: {title: Passport, required: yes}
      born: {type: date, required: yes}
      income: {type: number}
      city: {type: choice, choices: [Москва, Омск]}
      agrees: {type: bool}
      second: {type: phone}
"""


PEOPLE = routes_test.PEOPLE.replace('olga: {', 'olga: {skills: {passports: 5}, ') + MORE


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        routes_test.PEOPLE = PEOPLE
        cls.s = cls.bed()
        cls.token = {role: cls.s.login(user) if user else routes_test.MACHINE
                     for role, user in routes_test.ROLES.items()}
        cls.token['nina'] = cls.s.login('nina')

    leads = ''  # more of the campaign's file

    @classmethod
    def bed(cls):
        class Bed(routes_test.Api):
            @staticmethod
            def write(path, text, mode=0o600):
                routes_test.Api.write(path, text, mode)
                if path.endswith('/conf.d/10.yaml'):
                    with open(path.replace('conf.d/10', 'campaigns/leads'), 'a', encoding='utf-8') as f:
                        f.write(cls.leads)
        return Bed()

    @classmethod
    def tearDownClass(cls):
        status = cls.s.stop()
        assert status == 0, f'the bed ended with {status}'

    def setUp(self):
        self.s.tell('refuse 0')
        self.s.log()

    def ask(self, method, path, body=None, role='integrator', **more):
        return self.s.ask(method, '/api/v1/' + path, body, token=self.token[role], **more)

    def post(self, path, body=None, role='integrator'):
        return self.ask('POST', path, body, role)

    def get(self, path, role='operator'):
        got = self.ask('GET', path, None, role)
        self.assertEqual(got[0], 200, got)
        return got[2]

    def refused(self, got, status, code=None, says=''):
        self.assertEqual(got[0], status, got[2])
        if code:
            self.assertEqual(got[2].get('code'), code, got[2])
        self.assertIn(says, got[2].get('detail', ''))


class Leads(Case):
    def give(self, **lead):
        got = self.post('leads', {'campaign': 'leads', **lead})
        self.assertIn(got[0], (200, 201), got)
        return got

    def test_a_lead_is_given_once_and_read_with_all_that_was_said(self):
        status, _, got = self.give(external_id='site-1', phone='8 (916) 700-00-01', temperature='hot',
                                   attrs={'name': '<b>Анна</b>', 'sum': 12.5, 'vip': True}, owner='nina', sla_s=300,
                                   zone='Asia/Omsk')
        self.assertEqual((status, got['verdict']), (201, 'new'))
        card = self.get(f'leads/{got["lead"]}')
        self.assertEqual(card['fields'], {'name': '<b>Анна</b>', 'sum': '12.5', 'vip': 'yes'})
        self.assertEqual(card['person']['numbers'], ['+79167000001'])
        self.assertEqual((card['class'], card['owner'], card['sla_s'], card['status'], card['campaign']),
                         ('hot', 'nina', 300, 'due', 'leads'))
        self.assertEqual(card['accepted_ms'], got['accepted_ms'])
        status, _, again = self.give(external_id='site-1', phone='89167000001', attrs={'sum': 99})
        self.assertEqual((status, again['verdict'], again['lead']), (200, 'updated', got['lead']))
        card = self.get(f'leads/{got["lead"]}')
        self.assertEqual((card['fields']['sum'], card['fields']['vip'], card['class']), ('99', 'yes', 'hot'))
        for query in ('external_id=site-1', 'number=%2B79167000001'):
            self.assertEqual([x['lead'] for x in self.get('leads?' + query)['leads']], [got['lead']])
        self.assertEqual(self.s.log(), [], 'nothing had to be told to the engine')

    def test_a_new_wish_of_a_known_person_is_told_to_the_engine(self):
        first = self.give(external_id='w-1', phone='+79167000002', temperature='cold')[2]
        got = self.give(external_id='w-2', phone='+79167000002', temperature='hot')[2]
        self.assertEqual((got['verdict'], got['lead']), ('again', first['lead']))
        ev, = self.s.log()
        self.assertEqual((ev['lead'], ev['category'], ev['class']), (first['lead'], 0, HOT))
        self.assertEqual(self.get(f'leads/{got["lead"]}')['class'], 'hot')

    def test_what_is_wrong_is_refused_and_says_what(self):
        good = {'campaign': 'leads', 'phone': '+79167000003'}
        for change, says in (({'campaign': 'nowhere'}, 'campaign'), ({'phone': '12'}, ''), ({'phone': None}, 'numbers'),
                             ({'surprise': 1}, 'surprise'), ({'temperature': 'boiling'}, 'temperature'),
                             ({'due': 'tomorrow'}, 'due'), ({'due': '2026-12-01T10:00:00'}, 'due'),
                             ({'owner': 'nobody'}, 'owner'), ({'sla_s': 0}, 'sla_s'), ({'sla_s': '5'}, 'sla_s'),
                             ({'attrs': ['a']}, 'attrs'), ({'attrs': {'a': {}}}, 'attrs'),
                             ({'attrs': {'a': 'b\u0000c'}}, ''), ({'attrs': {'a': 'b\nc'}}, 'attrs'),
                             ({'attrs': {'a' * 200: 'b'}}, 'attrs'), ({'attrs': {'a': 'x' * 33000}}, 'attrs'),
                             ({'external_id': 'x' * 201}, 'external_id'), ({'zone': 'Mars/Base'}, 'zone'),
                             ({'jurisdiction': 'Russia'}, ''), ({'party': 'friend'}, 'party'),
                             ({'numbers': ['+79167000003'] * 9, 'phone': None}, 'numbers'),
                             ({'numbers': ['+79167000003']}, 'numbers'), ({'language': 'x' * 12}, 'language')):
            body = {k: v for k, v in {**good, **change}.items() if v is not None}
            got = self.post('leads', body)
            self.assertIn(got[0], (400, 422), (change, got))
            if got[0] == 422:
                self.assertIn(says, got[2]['detail'], change)
        self.refused(self.post('leads', [good]), 400)
        self.assertEqual(self.get('leads?number=%2B79167000003')['leads'], [])
        for bad in ('leads', 'leads?number=1&external_id=2', 'leads?number=x'):
            self.refused(self.ask('GET', bad, role='operator'), 422)
        for bad in ('leads/0', 'leads/x', 'leads/99999999999'):
            self.refused(self.ask('GET', bad, role='operator'), 404)

    def test_a_key_gives_the_same_answer_again(self):
        body = json.dumps({'campaign': 'leads', 'phone': '+79167000004'})
        head = {'Idempotency-Key': 'k-1', 'Content-Type': 'application/json'}
        one = self.ask('POST', 'leads', body, headers=head)
        two = self.ask('POST', 'leads', body, headers=head)
        self.assertEqual((one[0], one[2]), (201, two[2]))
        self.assertEqual(two[0], 201)

    def lines(self, rows, role='integrator'):
        """Sends a body of lines, chunked, as somebody does who does not know its length."""
        c = http.client.HTTPConnection('127.0.0.1', self.s.port, timeout=60)
        body = (r if isinstance(r, bytes) else json.dumps(r).encode() + b'\n' for r in rows)
        c.request('POST', '/api/v1/leads/bulk', body=body, encode_chunked=True,
                  headers={'Authorization': 'Bearer ' + self.token[role], 'Transfer-Encoding': 'chunked',
                           'Content-Type': 'application/x-ndjson'})
        r = c.getresponse()
        got = r.status, json.loads(r.read())
        c.close()
        return got

    def test_many_leads_go_in_a_line_each_and_bad_lines_are_told(self):
        n = 4000
        begin = time.monotonic()
        status, got = self.lines({'campaign': 'leads' if i % 1000 else 'cleanup', 'external_id': f'b-{i}',
                                  'phone': f'+7917{i:07}', 'attrs': {'name': f'N {i}'}} for i in range(n))
        took = time.monotonic() - begin
        self.assertEqual((status, got['lines'], got['new'], got['errors']), (200, n, n, []))
        print(f'{n / took:.0f} leads a second by lines')
        self.assertLess(took, 20)
        status, got = self.lines([{'campaign': 'leads', 'external_id': 'b-1', 'phone': '+79170000001'},
                                  b'{"campaign": \n', {'campaign': 'leads', 'phone': 'x'},
                                  {'campaign': 'leads', 'phone': '+79170000002', 'external_id': 'other'}])
        self.assertEqual((status, got['lines'], got['updated'], got['again'], got['invalid']), (200, 4, 1, 1, 2))
        self.assertEqual([e['line'] for e in got['errors']], [2, 3])
        self.assertEqual(len(self.get('leads?external_id=b-3999')['leads']), 1)

    def test_a_client_that_goes_away_leaves_whole_batches_and_a_server_that_goes_on(self):
        c = http.client.HTTPConnection('127.0.0.1', self.s.port, timeout=20)
        c.putrequest('POST', '/api/v1/leads/bulk')
        for name, value in (('Authorization', 'Bearer ' + self.token['integrator']), ('Transfer-Encoding', 'chunked'),
                            ('Content-Type', 'application/x-ndjson')):
            c.putheader(name, value)
        c.endheaders()
        row = b''.join(json.dumps({'campaign': 'leads', 'phone': f'+7918{i:07}'}).encode() + b'\n' for i in range(1200))
        c.send(b'%x\r\n%s\r\n' % (len(row), row))
        self.assertTrue(wait_for(lambda: self.get('leads?number=%2B79180000000')['leads']))
        c.close()
        self.assertTrue(self.get('leads?number=%2B79180000499')['leads'])

    def test_paid_cancelled_and_withdrawn_leads_get_their_category(self):
        lead = self.give(phone='+79167000005')[2]['lead']
        self.s.log()
        self.refused(self.post(f'leads/{lead}/paid'), 422, 'invalid', 'on_paid')
        self.refused(self.post(f'leads/{lead}/paid', {'category': 'nothing'}), 422)
        got = self.post(f'leads/{lead}/withdraw', {'category': 'отсев'})
        self.assertEqual(got[0], 200, got)
        ev, = self.s.log()
        self.assertEqual((ev['lead'], ev['category']), (lead, 2))
        self.s.tell('refuse 1')
        self.refused(self.post(f'leads/{lead}/withdraw', {'category': 'отсев'}), 409)

    def test_a_call_back_is_agreed_in_lawful_hours_only(self):
        lead = self.give(phone='+79167000006', zone='Europe/Moscow')[2]['lead']
        path = f'leads/{lead}/callback'
        self.s.log()
        got = self.post(path, {'at': '2026-11-25T10:00:00+03:00', 'agent': 'nina'}, 'agent')
        self.assertEqual(got[0], 200, got)
        ev, = self.s.log()
        self.assertEqual((ev['lead'], ev['class'], ev['at_ms'], ev['owner']), (lead, CALLBACK, 1795590000000, 3))
        self.assertEqual(self.post(path, {'at': '2026-11-25T10:00:00+03:00', 'anyone': True})[0], 200)
        self.assertEqual(self.s.log()[0]['owner'], OWNER_NOBODY)
        self.refused(self.post(path, {'at': '2026-11-25T13:00:00+03:00'}), 422, 'not-lawful')
        for body in ({}, {'at': 'noon'}, {'at': '2020-01-01T10:00:00Z'}, {'at': '2026-11-25T10:00:00+03:00', 'x': 1},
                     {'at': '2026-11-25T10:00:00+03:00', 'agent': 'nina', 'anyone': True}):
            self.refused(self.post(path, body), 422)
        self.refused(self.post(path, {'at': '2026-11-25T10:00:00+03:00', 'agent': 'x'}), 404)
        self.assertEqual(self.ask('DELETE', path, role='agent')[0], 200)
        ev, = self.s.log()
        self.assertEqual((ev['lead'], ev['category'], ev['at_ms']), (lead, 0, 0))
        self.assertEqual(self.get('callbacks', 'agent'), {'callbacks': []})
        self.refused(self.ask('GET', 'recordings', role='operator'), 422)
        self.assertEqual(self.get(f'recordings?lead={lead}'), {'recordings': []})


class Requests(Case):
    def create(self, **more):
        got = self.post('requests', {'type': 'verification', **more})
        self.assertEqual(got[0], 201, got)
        return got[2]['id']

    def clear(self):
        for r in self.get('requests')['requests']:
            if r['status'] == 'new':
                self.post(f'requests/{r["id"]}/take', role='operator')
            got = self.post(f'requests/{r["id"]}/done', {'fields': {
                'passport': 'x', 'born': '2000-01-01'} if r['form'] else {}}, 'operator')
            self.assertEqual(got[0], 200, got)

    def setUp(self):
        super().setUp()
        self.clear()

    def test_the_most_urgent_is_next_for_who_has_the_skill(self):
        plain = self.create(title='later', within_s=7200, priority=1)
        soon = self.create(title='soon', due='2026-11-22T12:30:00Z', priority=1)
        skilled = self.create(skill='passports', priority=0)
        self.assertEqual(self.get('requests/next', 'agent')['id'], skilled)
        self.assertEqual(self.get('requests/next', 'nina')['id'], soon)
        self.assertEqual([r['id'] for r in self.get('requests', 'nina')['requests']], [soon, plain])
        self.assertEqual(self.post(f'requests/{soon}/take', role='nina')[0], 200)
        self.refused(self.post(f'requests/{soon}/take', role='agent'), 409)
        self.refused(self.post(f'requests/{soon}/done', role='agent'), 409)
        self.refused(self.ask('GET', f'requests/{soon}', role='agent'), 404)
        self.assertEqual(self.post(f'requests/{soon}/return', {'comment': 'занято'}, 'nina')[0], 200)
        shown = self.get(f'requests/{soon}', 'agent')
        self.assertEqual((shown['status'], shown['result']), ('new', 'занято'))
        self.assertEqual([h['what'] for h in shown['history']], ['created', 'taken', 'returned'])
        self.assertEqual(self.get('requests')['counts']['new'], 3)
        self.refused(self.post(f'requests/{plain}/take', role='integrator'), 403)

    def test_a_form_must_be_filled_in_as_it_asks(self):
        lead = self.post('leads', {'campaign': 'leads', 'phone': '+79167100001', 'attrs': {'name': 'Anna'}})[2]['lead']
        r = self.create(form='check', lead=lead, campaign='leads', fields={'city': 'Омск'})
        shown = self.get(f'requests/{r}')
        self.assertEqual([(f['name'], f['type'], f['required']) for f in shown['form']],
                         [('passport', 'text', True), ('born', 'date', True), ('income', 'number', False),
                          ('city', 'select', False), ('agrees', 'check', False), ('second', 'phone', False)])
        self.assertEqual((shown['number'], shown['person']['name']), ('+79167100001', 'Anna'))
        self.assertEqual(self.post(f'requests/{r}/take', role='agent')[0], 200)
        good = {'passport': '4500 123456', 'born': '1990-02-28', 'income': '120,5', 'agrees': True, 'second': '+79161112233'}
        for change, says in (({'passport': None}, 'passport'), ({'born': '1990-02-30'}, 'born'), ({'born': '1.2.1990'}, 'born'),
                             ({'income': 'many'}, 'income'), ({'city': 'Париж'}, 'city'), ({'agrees': 'perhaps'}, 'agrees'),
                             ({'second': '12'}, 'second'), ({'unknown': '1'}, 'unknown'), ({'passport': 'x' * 3000}, 'passport')):
            fields = {k: v for k, v in {**good, **change}.items() if v is not None}
            self.refused(self.post(f'requests/{r}/done', {'fields': fields}, 'agent'), 422, 'invalid', says)
        self.assertEqual(self.post(f'requests/{r}/done', {'fields': good, 'comment': 'всё верно'}, 'agent')[0], 200)
        shown = self.get(f'requests/{r}')
        self.assertEqual((shown['status'], shown['result'], shown['fields']), ('done', 'всё верно', {'city': 'Омск', **good}))
        self.assertEqual([x['id'] for x in self.get(f'requests?lead={lead}')['requests']], [r])
        self.assertEqual(self.get('forms', 'agent')['forms'][0]['name'], 'check')

    def test_wrong_requests_are_refused(self):
        for body in ({}, {'type': 'x'}, {'type': 'call', 'form': 'none'}, {'type': 'call', 'priority': 10},
                     {'type': 'call', 'due': '2026-11-22T12:30:00Z', 'within_s': 5}, {'type': 'call', 'title': 'x' * 301},
                     {'type': 'call', 'fields': []}, {'type': 'call', 'fields': {'a': 'x' * 9000}}, {'type': 'call', 'y': 1}):
            self.refused(self.post('requests', body), 422)
        self.refused(self.post('requests', {'type': 'call', 'lead': 5}), 404)
        self.refused(self.post('requests', {'type': 'call', 'campaign': 'x'}), 404)
        for query in ('status=old', 'type=x', 'lead=x', 'overdue=2'):
            self.refused(self.ask('GET', 'requests?' + query, role='operator'), 422)
        self.refused(self.ask('GET', 'requests/0', role='operator'), 404)

    def test_what_is_overdue_is_told_once_to_supervisors_and_pages_hear_of_changes(self):
        chief, page = (Stream(self.s, self.token[role]) for role in ('supervisor', 'agent'))
        try:
            chief.until('hello')
            page.until('hello')
            r = self.create(title='in time', within_s=1)
            self.assertEqual(page.until('request')[-1]['data'], {'id': r, 'what': 'created'})
            self.s.tell('now 1795348810000')
            self.s.tell('overdue')
            self.assertTrue(wait_for(lambda: self.get(f'requests/{r}')['escalated']))
            self.assertEqual([x['id'] for x in self.get('requests?overdue=1')['requests']], [r])
            self.s.tell('overdue')
            self.create(title='after')
            seen = [e for e in chief.until('request', n=3) if e['event'] in ('request', 'alarm')]
            self.assertEqual([e['data'].get('what', 'alarm') for e in seen], ['created', 'alarm', 'overdue', 'created'])
            self.assertEqual(seen[1]['data']['request'], r)
            self.assertIn('in time', seen[1]['data']['text'])
        finally:
            self.s.tell('now 1795348800000')
            chief.close()
            page.close()


class Dates(Case):
    """A campaign that is driven by a date of its leads; it is 2026-11-22 15:00 in Moscow."""

    leads = 'date: {column: meeting, before: 2h}\n'

    def give(self, meeting, **more):
        return self.post('leads', {'campaign': 'leads', 'attrs': {'meeting': meeting} if meeting else {}, **more})

    def due(self, lead):
        return self.get(f'leads/{lead}')['due']

    def test_a_lead_is_due_by_its_date_and_moves_with_it(self):
        status, _, got = self.give('2026-12-01 12:00', phone='+79167100001', external_id='m-1')
        self.assertEqual((status, got['verdict']), (201, 'new'))
        self.assertEqual(self.due(got['lead']), 1796108400000)
        self.assertEqual(self.s.log(), [])
        # the same again moves nothing; the meeting put off moves the call, and the engine is told
        self.assertEqual(self.give('2026-12-01 12:00', phone='+79167100001', external_id='m-1')[2]['verdict'], 'updated')
        self.assertEqual(self.s.log(), [])
        self.give('2026-12-02 12:00', phone='+79167100001', external_id='m-1')
        self.assertEqual(self.due(got['lead']), 1796108400000 + 86400000)
        ev, = self.s.log()
        self.assertEqual((ev['lead'], ev['category'], ev['at_ms']), (got['lead'], 0, 1796108400000 + 86400000))
        # another meeting of the same person, under another id: sooner or later, it goes with that
        again = self.give('2026-12-03 12:00', phone='+79167100001', external_id='m-2')[2]
        self.assertEqual((again['lead'], again['verdict']), (got['lead'], 'again'))
        self.assertEqual(self.due(got['lead']), 1796108400000 + 2 * 86400000)

    def test_what_has_no_date_or_is_over_is_refused_but_for_a_time_of_its_own(self):
        for meeting, says in ((None, 'missing'), ('tomorrow', 'not written'), ('22.11.2026 14:59', 'passed')):
            self.refused(self.give(meeting, phone='+79167100002'), 422, says=says)
        self.assertEqual(self.get('leads?number=%2B79167100002')['leads'], [])
        got = self.give(None, phone='+79167100002', due='2026-11-30T10:00:00+03:00')
        self.assertEqual(got[0], 201, got)
        self.assertEqual(self.due(got[2]['lead']), 1796022000000)
        # its promise of a first call counts from then, not from now
        self.assertEqual(self.get(f'leads/{got[2]["lead"]}')['accepted_ms'], 1796022000000)

    def test_lines_go_by_it_too(self):
        c = http.client.HTTPConnection('127.0.0.1', self.s.port, timeout=20)
        body = b''.join(json.dumps({'campaign': 'leads', 'phone': f'+791671001{i:02}', 'attrs': {'meeting': m}}).encode()
                        + b'\n' for i, m in enumerate(('2026-12-01T12:00:00+03:00', '01.12.2026 12:00', '2020-01-01')))
        c.request('POST', '/api/v1/leads/bulk', body=body,
                  headers={'Authorization': 'Bearer ' + self.token['integrator'], 'Content-Type': 'application/x-ndjson'})
        got = json.loads(c.getresponse().read())
        c.close()
        self.assertEqual((got['new'], got['invalid'], got['errors'][0]['why']), (2, 1, 'the date has passed'))
        for i in (0, 1):
            lead, = self.get(f'leads?number=%2B791671001{i:02}')['leads']
            self.assertEqual(self.due(lead['lead']), 1796108400000)


class Desk(Case):
    """What an agent sees of a lead."""

    leads = """
desk:
  script:
    Начало: "Здравствуйте, {{name|уважаемый клиент}}! Вы должны {{sum}} {{currency|₽}}."
    Конец: "До свидания!"
  debt: {amount: "{{sum}}", currency: "{{currency|₽}}", overdue_days: "{{dpd}}", due: "{{payment due}}"}
"""

    def pop(self, phone, **attrs):
        lead = self.post('leads', {'campaign': 'leads', 'phone': phone, 'attrs': attrs})[2]['lead']
        return json.loads(self.s.tell(f'pop {lead}')), self.get(f'leads/{lead}')

    def test_the_card_says_what_is_owed_and_the_script_who_it_is(self):
        card, lead = self.pop('+79167200001', name='Анна <b>', sum='18450.5', dpd='12', **{'payment due': '10.11.2026'})
        self.assertEqual(card['debt'], {'amount': '18450.5', 'currency': '₽', 'overdue_days': 12, 'due': '10.11.2026'})
        self.assertEqual(lead['debt'], card['debt'])
        self.assertEqual(card['script'], [
            {'title': 'Начало', 'text': 'Здравствуйте, Анна <b>! Вы должны 18450.5 ₽.'},
            {'title': 'Конец', 'text': 'До свидания!'}])

    def test_without_a_sum_there_is_no_box_and_odd_days_are_left_out(self):
        self.assertNotIn('debt', self.pop('+79167200002', name='Olga', dpd='12')[0])
        for dpd in ('0', '-3', '12 days', '999999999999999999999', ''):
            card, _ = self.pop('+79167200003', sum='1', currency='тг', dpd=dpd)
            self.assertEqual(card['debt'], {'amount': '1', 'currency': 'тг'}, dpd)


class Recordings(Case):
    """The sound of a talk, for who may hear it, in whole and in parts."""

    @classmethod
    def bed(cls):
        bed = super().bed()
        os.makedirs(bed.path('conf/records/2026/11/22/leads'))
        return bed

    @classmethod
    def setUpClass(cls):
        global PEOPLE
        before, PEOPLE = PEOPLE, PEOPLE + 'record: {dir: ../records}\n'
        try:
            super().setUpClass()
        finally:
            PEOPLE = before
        cls.sound = bytes(range(256)) * 40
        cls.path = '2026/11/22/leads/a.opus'
        with open(cls.s.path('conf/records/' + cls.path), 'wb') as f:
            f.write(cls.sound)

    def record(self, n, path):
        attempt = f'{n:032x}'
        return attempt, self.s.tell(f'record {attempt} {self.s.lead} {path}')

    def sound_of(self, attempt, role='supervisor', method='GET', **headers):
        return self.s.ask(method, f'/api/v1/recordings/{attempt}/audio', token=self.token[role],
                          headers={k.replace('_', '-'): v for k, v in headers.items()})

    def test_a_supervisor_hears_it_and_nobody_else(self):
        attempt, said = self.record(1, self.path)
        self.assertEqual(said, '0')
        status, headers, data = self.sound_of(attempt)
        self.assertEqual((status, data, headers['Content-Type']), (200, self.sound, 'audio/ogg'))
        self.assertEqual((headers['Accept-Ranges'], headers['Cache-Control']), ('bytes', 'no-store'))
        self.assertIn(f'{attempt}.opus', headers['Content-Disposition'])
        for role in ('agent', 'integrator'):
            self.refused(self.sound_of(attempt, role), 403)
        self.assertEqual(self.s.ask('GET', f'/api/v1/recordings/{attempt}/audio')[0], 401)
        row, = self.get(f'recordings?lead={self.s.lead}', 'supervisor')['recordings'][:1]
        self.assertEqual((row['attempt'], row['duration_ms'], row['path']), (attempt, 61500, self.path))

    def test_parts_of_it_are_served_as_rfc_9110_says(self):
        attempt, _ = self.record(1, self.path)
        n = len(self.sound)
        etag = self.sound_of(attempt)[1]['ETag']
        for wish, first, last in (('bytes=0-0', 0, 0), ('bytes=10-19', 10, 19), (f'bytes={n - 5}-', n - 5, n - 1),
                                  ('bytes=-7', n - 7, n - 1), (f'bytes=5-{n * 10}', 5, n - 1), (f'bytes=-{n * 2}', 0, n - 1)):
            status, headers, data = self.sound_of(attempt, Range=wish)
            self.assertEqual((status, data, headers['Content-Range']),
                             (206, self.sound[first:last + 1], f'bytes {first}-{last}/{n}'), wish)
        for wish in (f'bytes={n}-', 'bytes=-0', 'bytes=99999999999999999999999-'):
            status, headers, data = self.sound_of(attempt, Range=wish)
            self.assertEqual((status, data, headers['Content-Range']), (416, b'', f'bytes */{n}'), wish)
        for wish in ('bytes=9-3', 'bytes=1-2,5-6', 'lines=1-2', 'bytes=', 'bytes=-', 'bytes=a-b'):
            status, _, data = self.sound_of(attempt, Range=wish)
            self.assertEqual((status, data), (200, self.sound), wish)
        self.assertEqual(self.sound_of(attempt, Range='bytes=0-3', If_Range=etag)[0], 206)
        self.assertEqual(self.sound_of(attempt, Range='bytes=0-3', If_Range='"other"')[0], 200)
        status, headers, data = self.sound_of(attempt, method='HEAD')
        self.assertEqual((status, data, headers['Content-Length']), (200, b'', str(n)))

    def test_no_path_leads_out_of_the_folder(self):
        records = self.s.path('conf/records')
        self.s.write(self.s.path('conf/secret.opus'), 'secret')
        os.symlink(self.s.path('conf/secret.opus'), os.path.join(records, 'link.opus'))
        os.symlink(self.s.path('conf'), os.path.join(records, 'out'))
        os.mkfifo(os.path.join(records, 'pipe.opus'))
        for n, path in enumerate(('link.opus', 'out/secret.opus', 'pipe.opus', '2026', 'gone.opus', '2026//11', '.')):
            attempt, said = self.record(100 + n, path)
            self.assertEqual(said, '0', path)
            self.refused(self.sound_of(attempt), 404, 'not-found')
        for path in ('../secret.opus', '/etc/passwd', '2026/../../secret.opus'):
            self.assertNotEqual(self.record(200, path)[1], '0', path)
        for attempt in ('x' * 32, '1', '%2e%2e', '0' * 32, f'{200:032x}'):
            self.refused(self.sound_of(attempt), 404)


if __name__ == '__main__':
    unittest.main(verbosity=2)
