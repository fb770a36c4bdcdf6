#!/usr/bin/env python3
"""A stand-in for zvonard's HTTP side: the pages, the API they use and its events, so that the pages
can be written and tested alone.  Prints its address; ends when its standard input closes.

usage: mock.py [--pages DIR] [--port N] [--auto] [--shift-ms N]
--auto: an agent who is ready gets a call by himself; without it the tests send calls (POST /mock/*).
--shift-ms: its calendar is that far from the clock.
"""
import argparse
import datetime
import json
import os
import queue
import random
import re
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HERE = os.path.dirname(os.path.abspath(__file__))
TYPES = {'.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8',
         '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml'}
PASSWORD = 'secret-12'
MSK = datetime.timezone(datetime.timedelta(hours=3))
RESULTS = [
    {'name': 'promise', 'title': 'Обещает оплатить', 'tone': 'good', 'callback': True},
    {'name': 'paid', 'title': 'Уже оплатил', 'tone': 'good'},
    {'name': 'later', 'title': 'Перезвонить', 'tone': 'later', 'callback': True},
    {'name': 'refused', 'title': 'Отказ', 'tone': 'bad', 'reasons': [
        {'name': 'price', 'title': 'высокая стоимость'}, {'name': 'data', 'title': 'некорректные данные'},
        {'name': 'bankrupt', 'title': 'банкротство'}, {'name': 'manager', 'title': 'недостаточная квалификация менеджера'}]},
    {'name': 'third', 'title': 'Третье лицо', 'form': False},
    {'name': 'wrong', 'title': 'Не тот человек', 'tone': 'bad', 'form': False},
]
SCRIPT = [
    {'title': 'Приветствие', 'text': 'Добрый день! Меня зовут Анна, компания «Звонарь Финанс». Я говорю с {name}?'},
    {'title': 'Предупреждение', 'text': 'Разговор записывается.'},
    {'title': 'Суть', 'text': 'По договору № 45-118 не поступил платёж {debt}. Срок был 3 ноября.\n'
                              'Подскажите, что помешало оплатить вовремя?'},
    {'title': 'Договорённость', 'text': 'Когда вы сможете внести платёж? Записываю дату и напомню заранее.'},
]
CAMPAIGNS = [
    {'name': 'debts', 'title': 'Просрочка до 30 дней', 'mode': 'predictive', 'results': RESULTS, 'script': [],
     'topics': [{'name': 'payment', 'title': 'Оплата', 'subtopics': [{'name': 'how', 'title': 'Способы'},
                                                                     {'name': 'date', 'title': 'Перенос даты'}]},
                {'name': 'contract', 'title': 'Договор', 'subtopics': [{'name': 'copy', 'title': 'Копия'}]}],
     'form': [{'name': 'fio_ok', 'title': 'ФИО подтверждено', 'type': 'check'},
              {'name': 'reason', 'title': 'Причина просрочки', 'type': 'select', 'required': True,
               'options': ['Задержка зарплаты', 'Болезнь', 'Забыл', 'Не согласен с суммой']},
              {'name': 'sum', 'title': 'Обещанная сумма', 'type': 'number'}]},
    {'name': 'leads', 'title': 'Заявки с сайта', 'mode': 'preview', 'results': RESULTS[2:], 'script': []},
]
PAUSES = [{'code': 1, 'name': 'Перерыв'}, {'code': 2, 'name': 'Обед'}, {'code': 3, 'name': 'Обучение'}, {'code': 4, 'name': 'Совещание'}]
NAMES = ['Анна Соколова', 'Борис Ким', 'Вера Мороз', 'Глеб Орлов', 'Дарья Лис', 'Егор Панин', 'Жанна Рой', 'Зоя Бах',
         'Игорь Юн', 'Карина Гай', 'Лев Штерн', 'Мария Ветрова', 'Нина Оса', 'Олег Пак', 'Павел Руденко', 'Рита Сова',
         'Семён Туз', 'Таисия Ива', 'Ульяна Фет', 'Фёдор Хан']


SHIFT_MS = 0  # how far the calendar is from the clock


def now_ms():
    return int(time.time() * 1000) + SHIFT_MS


class Person:
    def __init__(self, user, title, role):
        self.user, self.title, self.role = user, title, role
        self.agent = {'state': 'offline', 'since_ms': now_ms(), 'limit_ms': 0, 'pause': None, 'phone': 'registered',
                      'want': None, 'call': None, 'number': None, 'kind': None, 'campaign': None}
        self.card = None


class World:
    def __init__(self, auto):
        self.lock = threading.RLock()
        self.auto = auto
        self.people = {'anna': Person('anna', NAMES[0], 'agent'), 'boris': Person('boris', NAMES[1], 'agent'),
                       'olga': Person('olga', 'Ольга Петрова', 'supervisor'), 'ivan': Person('ivan', 'Иван Сидоров', 'operator')}
        self.sessions = {}
        self.streams = []      # (user, role, queue)
        self.past = []         # (id, audience, event, data)
        self.next_id = 1
        self.calls = 0
        self.did = []          # every POST: (user, path, body)
        self.law = 'usual'     # what desk/times says: usual, open, shut
        self.fail_next = None  # (status, detail) for the next POST of the desk
        self.shut_until = 0    # streams are refused until then
        self.keys = {}
        self.requests = [self.request(i) for i in range(1, 5)]
        self.crowd = [self.other(i) for i in range(2, 20)]
        self.t = 0

    # --- events ---

    def publish(self, to, event, data, keep=True):
        """to: a user's name, or a role with ':' before it."""
        with self.lock:
            row = (self.next_id, to, event, data)
            self.next_id += 1
            if keep:
                self.past = (self.past + [row])[-200:]
            for user, role, out in self.streams:
                if to in (user, ':' + role, ':all'):
                    out.put(row)

    def set_state(self, person, state, **more):
        with self.lock:
            a = person.agent
            a.update(state=state, since_ms=now_ms(), limit_ms=more.pop('limit_ms', 0))
            if state in ('ready', 'paused', 'offline'):
                a.update(call=None, number=None, kind=None, campaign=None)
            if state != 'paused':
                a['pause'] = None
            a.update(more)
            told = dict(a, user=person.user, agent=list(self.people).index(person.user))
            self.publish(person.user, 'agent', told)
            self.publish(':supervisor', 'agent', told)
            self.publish(':operator', 'agent', told)

    # --- calls ---

    def offer(self, person, change):
        """The card, and the agent reserved: the voice is not there yet."""
        with self.lock:
            self.calls += 1
            card = dict(self.card(self.calls), **change)
            person.card = card
            self.set_state(person, 'reserved', call=card['attempt'], number=card['number'], kind=card['kind'],
                           campaign=card['campaign'], limit_ms=change.get('limit_ms', 20000))
            self.publish(person.user, 'card', card)

    def bridge(self, person):
        self.set_state(person, 'talking')

    def over(self, person):
        self.set_state(person, 'wrapup', limit_ms=45000)

    def closed(self, person):
        with self.lock:
            if person.card:
                person.card = None
                self.publish(person.user, 'card_close', {})
            want = person.agent['want']
            person.agent['want'] = None
            if want == 'logout':
                self.set_state(person, 'offline', phone='registered')
            elif want == 'pause':
                self.set_state(person, 'paused', pause=person.agent.get('want_code', 1))
            else:
                self.set_state(person, 'ready')
                self.soon(person)

    def soon(self, person):
        if not self.auto:
            return

        def later():
            time.sleep(1.2)
            if person.agent['state'] == 'ready':
                self.offer(person, {})
                time.sleep(0.6)
                if person.agent['state'] == 'reserved':
                    self.bridge(person)
        threading.Thread(target=later, daemon=True).start()

    @staticmethod
    def card(n):
        name = 'Мельникова Ирина Сергеевна'
        at = lambda d, h: (datetime.datetime.now(MSK).replace(hour=h, minute=20, second=0, microsecond=0)
                           - datetime.timedelta(days=d)).isoformat()
        return {
            'attempt': f'1-{n}', 'campaign': 'debts', 'lead': str(1000 + n), 'kind': 'dialled', 'number': '+79161234567',
            'person': {'name': name, 'numbers': ['+79161234567', '+74957654321'], 'zone': 'Europe/Moscow', 'city': 'Москва'},
            'debt': {'amount': 18450, 'currency': '₽', 'overdue_days': 12, 'due': '03.11.2026'},
            'callback': {'at': at(0, 9), 'comment': 'просила позвонить после зарплаты'},
            'fields': {'Договор': '45-118 от 12.03.2026', 'Продукт': 'Заём до зарплаты', 'Остаток': '61 200 ₽',
                       'Платёж': '9 225 ₽ раз в две недели', 'Личный кабинет': 'https://crm.example/clients/45118'},
            'script': [dict(s, text=s['text'].replace('{name}', name).replace('{debt}', '18 450 ₽')) for s in SCRIPT],
            'history': [
                {'at': at(1, 18), 'channel': 'call', 'outcome': 'answered', 'result': 'Перезвонить', 'agent': 'Борис Ким',
                 'comment': 'Просила позвонить после зарплаты, разговаривала спокойно', 'campaign': 'debts'},
                {'at': at(2, 12), 'channel': 'sms', 'outcome': 'delivered', 'result': None, 'agent': None,
                 'comment': 'Напоминание о платеже', 'campaign': 'debts'},
                {'at': at(3, 11), 'channel': 'call', 'outcome': 'no_answer', 'result': None, 'agent': None, 'comment': None, 'campaign': 'debts'},
                {'at': at(5, 15), 'channel': 'email', 'outcome': 'sent', 'result': None, 'agent': None, 'comment': 'Счёт на оплату', 'campaign': 'debts'},
                {'at': at(6, 10), 'channel': 'voice_prerec', 'outcome': 'answered', 'result': 'Напомнили', 'agent': None, 'comment': None, 'campaign': 'reminder'},
            ],
        }

    # --- requests ---

    @staticmethod
    def request(n):
        kinds = ['verification', 'number_change', 'questionnaire', 'call']
        due = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=[-6, 25, 240, 1500][n - 1])
        return {'id': str(n), 'type': kinds[n - 1], 'title': ['Верификация: Павлов Д. А.', 'Смена номера: Яшина О. Н.',
                                                              'Анкета: магазин «Полюс»', 'Перезвонить: Зимин К.'][n - 1],
                'status': 'new', 'priority': n, 'due': due.isoformat(), 'lead': str(500 + n), 'number': '+79031112233',
                'campaign': 'leads', 'agent': None, 'text': 'Проверьте данные заявки и подтвердите их у клиента.',
                'form': [{'name': 'passport', 'title': 'Паспорт совпал', 'type': 'select', 'required': True, 'options': ['да', 'нет']},
                         {'name': 'income', 'title': 'Доход, ₽', 'type': 'number'}]}

    # --- the floor ---

    @staticmethod
    def other(i):
        rng = random.Random(i)
        state = rng.choice(['talking'] * 9 + ['wrapup', 'wrapup', 'ready', 'paused', 'reserved', 'offline'])
        limit = {'wrapup': 45000, 'reserved': 20000}.get(state, 0)
        return {'agent': 100 + i, 'user': f'agent{i}', 'title': NAMES[i], 'state': state, 'pause': 2 if state == 'paused' else None,
                'since': now_ms() - rng.randrange(3000, 52000 if limit else 340000), 'phone': 'up' if state != 'offline' else 'gone',
                'campaign': 'debts', 'number': f'+7916{rng.randrange(10**6, 10**7)}' if state in ('talking', 'wrapup') else None,
                'limit': limit}

    def step_crowd(self):
        """One of the crowd goes on to what comes next, now and then."""
        turn = {'talking': 'wrapup', 'wrapup': 'ready', 'ready': 'talking', 'reserved': 'talking', 'paused': 'paused', 'offline': 'offline'}
        self.t += 1
        a = random.Random(self.t).choice(self.crowd)
        if now_ms() - a['since'] > 8000 or a['state'] == 'ready':
            state = turn[a['state']]
            if state != a['state']:
                a.update(state=state, since=now_ms(), limit=45000 if state == 'wrapup' else 0,
                         number=f'+7916{random.Random(self.t).randrange(10**6, 10**7)}' if state == 'talking' else a['number'])

    def floor(self):
        with self.lock:
            own = [dict({k: p.agent[k] for k in ('state', 'pause', 'phone', 'campaign', 'number')}, agent=i, user=p.user,
                        title=p.title, since=p.agent['since_ms'], limit=p.agent['limit_ms'])
                   for i, p in enumerate(self.people.values()) if p.role == 'agent']
            agents = own + [dict(a) for a in self.crowd]
        count = lambda s: sum(a['state'] == s for a in agents)
        rng = random.Random(self.t // 4)
        wave = 3 * ((self.t % 60) / 60)
        occupancy = 0.86 + rng.random() * 0.06
        return {
            'now_ms': now_ms(), 'occupancy': occupancy, 'waits': {'n': 80, 'p50_s': 0.0, 'p95_s': 0.64}, 'agents': agents, 'calls': {'dialing': 2 + rng.randrange(3), 'ringing': 9 + rng.randrange(6), 'talking': count('talking')},
            'queues': [{'name': 'help', 'title': 'Горячая линия', 'waiting': rng.randrange(3), 'longest_s': rng.randrange(20), 'served': 41, 'given_up': 2}],
            'campaigns': [
                {'name': 'debts', 'title': 'Просрочка до 30 дней', 'mode': 'predictive', 'ringing': 8 + rng.randrange(5),
                 'talking': count('talking'), 'waiting': rng.randrange(2), 'ready': count('ready'), 'occupancy': occupancy,
                 'abandoned': 14, 'live': 702 + self.t // 10, 'abandon_rate': 0.0199 + wave / 3000, 'abandon_limit': 0.03,
                 'answer_rate': 0.41, 'dial_ratio': 1.9 + rng.random() / 4,
                 'why': [{'reason': 'rule', 'detail': 1, 'count': 212, 'until_ms': 0}, {'reason': 'due_later', 'detail': 0, 'count': 147, 'until_ms': 0},
                         {'reason': 'person_busy', 'detail': 0, 'count': 6, 'until_ms': 0}, {'reason': 'pacer', 'detail': 2, 'count': 0, 'until_ms': 0},
                         {'reason': 'moon', 'detail': 0, 'count': 95, 'text': 'a reason of tomorrow'}]},
                {'name': 'leads', 'title': 'Заявки с сайта', 'mode': 'preview', 'ringing': 1, 'talking': 2, 'waiting': 0,
                 'ready': 1, 'occupancy': 0.71, 'abandoned': 0, 'live': 118, 'abandon_rate': 0.0, 'abandon_limit': 0.03, 'answer_rate': 0.57,
                 'dial_ratio': 1.0, 'why': [{'reason': 'no_leads', 'detail': 0, 'count': 0, 'until_ms': now_ms() + 30 * 3600000}]},
                {'name': 'cleanup', 'title': 'Чистка базы', 'mode': 'robot', 'ringing': 0, 'talking': 0, 'waiting': 0, 'ready': 0,
                 'occupancy': None, 'abandoned': 0, 'live': 0, 'abandon_rate': None, 'abandon_limit': 0.03, 'answer_rate': None, 'dial_ratio': None,
                 'why': [{'reason': 'not_started', 'detail': 0, 'count': 0, 'until_ms': 0}]}],
            'trunks': [{'name': 'mtt', 'state': 'up', 'calls': 19 + rng.randrange(5), 'channels': 60, 'cps': 2.1,
                        'detection': {'told': {'person': 412, 'machine': 96, 'unsure': 7}, 'late': 1, 'persons_wrong': 2, 'machines_wrong': 1}},
                       {'name': 'beeline', 'state': 'up', 'calls': 7, 'channels': 30, 'cps': 0.6},
                       {'name': 'reserve', 'state': 'down', 'calls': 0, 'channels': 30, 'cps': 0}],
        }

    def times(self, day):
        d = datetime.date.fromisoformat(day)
        at = lambda h, m=0: datetime.datetime(d.year, d.month, d.day, h, m, tzinfo=MSK).isoformat()
        end = (datetime.datetime(d.year, d.month, d.day, tzinfo=MSK) + datetime.timedelta(days=1)).isoformat()
        late = 'закон: с 22 до 8 часов не звонят'
        if self.law == 'open':
            return {'day': day, 'open': [{'from': at(0), 'to': end}], 'closed': []}
        if self.law == 'shut':
            return {'day': day, 'open': [], 'closed': [{'from': at(0), 'to': end, 'reason': late}]}
        if d.weekday() == 6 and not self.auto:
            return {'day': day, 'zone': 'Europe/Moscow', 'open': [], 'closed': [{'from': at(0), 'to': end, 'reason': 'воскресенье: кампания не звонит'}]}
        return {'day': day, 'zone': 'Europe/Moscow', 'open': [{'from': at(9), 'to': at(13)}, {'from': at(14), 'to': at(21)}],
                'closed': [{'from': at(0), 'to': at(9), 'reason': late}, {'from': at(13), 'to': at(14), 'reason': 'предел двух разговоров в сутки: проверка'},
                           {'from': at(21), 'to': end, 'reason': late}]}


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    world = None
    pages = ''

    def log_message(self, *args):
        pass

    # --- answers ---

    def send(self, status, body=None, kind='application/json', headers=()):
        data = b'' if body is None else body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        if status != 204:
            self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(data)))
        self.send_header('Content-Security-Policy', "default-src 'self'")
        self.send_header('X-Content-Type-Options', 'nosniff')
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def problem(self, status, title, detail=''):
        self.send(status, {'type': 'about:blank', 'title': title, 'status': status, 'detail': detail}, 'application/problem+json')

    def who(self):
        m = re.search(r'zvonar=(\w+)', self.headers.get('Cookie', ''))
        return self.world.sessions.get(m.group(1)) if m else None

    def page(self, name):
        path = os.path.join(self.pages, name)
        if '/' in name or name.startswith('.') or not os.path.isfile(path):
            self.problem(404, 'Not found')
            return
        with open(path, 'rb') as f:
            self.send(200, f.read(), TYPES.get(os.path.splitext(name)[1], 'application/octet-stream'), [('Cache-Control', 'no-cache')])

    # --- GET ---

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        path, args = url.path, dict(urllib.parse.parse_qsl(url.query))
        if path in ('/', '/floor'):
            return self.page('index.html' if path == '/' else 'floor.html')
        if path.startswith('/static/'):
            return self.page(path[len('/static/'):])
        if path == '/mock/did':
            return self.send(200, self.world.did)
        me = self.who()
        if me is None:
            return self.problem(401, 'Unauthorized')
        if path == '/api/v1/events':
            return self.events(me)
        return self.read(me, path[len('/api/v1/'):], args)

    def read(self, me, what, args):
        w = self.world
        with w.lock:
            if what == 'me':
                self.send(200, {'user': me.user, 'title': me.title, 'role': me.role, 'realm': 'zvonar', 'now_ms': now_ms(), 'agent': me.agent,
                                'campaigns': CAMPAIGNS, 'pause_codes': PAUSES})
            elif what == 'desk/card':
                self.send(200 if me.card else 204, me.card)
            elif what == 'desk/times':
                self.send(200, w.times(args['day']))
            elif what == 'agents':
                self.send(200, {'agents': [{'user': p.user, 'title': p.title, 'state': p.agent['state']} for p in w.people.values() if p.role == 'agent']
                                + [{k: a[k] for k in ('user', 'title', 'state')} for a in w.crowd]})
            elif what == 'requests':
                self.send(200, {'requests': [r for r in w.requests if r['status'] != 'done' and r['agent'] in (None, me.user)]})
            elif what == 'requests/next':
                free = [r for r in w.requests if r['status'] == 'new']
                self.send(200 if free else 204, free[0] if free else None)
            elif what == 'floor' and me.role in ('supervisor', 'operator'):
                self.send(200, w.floor())
            elif what == 'floor':
                self.problem(403, 'Forbidden')
            else:
                self.problem(404, 'Not found')

    def events(self, me):
        w = self.world
        if time.time() < w.shut_until:
            return self.problem(503, 'Busy')
        out = queue.Queue()
        with w.lock:
            last = self.headers.get('Last-Event-ID')
            mine = (me.user, ':' + me.role, ':all')
            for row in w.past:
                if last and last.isdigit() and row[0] > int(last) and row[1] in mine:
                    out.put(row)
            stream = (me.user, me.role, out)
            w.streams.append(stream)
        self.send_response(200)
        self.send_header('Content-Type', 'text/event-stream')
        self.send_header('Cache-Control', 'no-store')
        self.send_header('Connection', 'close')
        self.end_headers()
        self.close_connection = True
        try:
            self.wfile.write(f'event: hello\ndata: {json.dumps({"server_ms": int(time.time() * 1000)})}\n\n'.encode())
            self.wfile.flush()
            while True:
                try:
                    row = out.get(timeout=15)
                except queue.Empty:
                    row = (None, '', 'ping', {})
                if row is None:
                    break
                number = f'id: {row[0]}\n' if row[0] else ''
                self.wfile.write(f'{number}event: {row[2]}\ndata: {json.dumps(row[3], ensure_ascii=False)}\n\n'.encode())
                self.wfile.flush()
        except OSError:
            pass
        finally:
            with w.lock:
                if stream in w.streams:
                    w.streams.remove(stream)

    # --- POST, DELETE ---

    def body(self):
        data = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        return json.loads(data) if data else {}

    def do_DELETE(self):
        m = re.search(r'zvonar=(\w+)', self.headers.get('Cookie', ''))
        if self.path == '/api/v1/session' and m:
            self.world.sessions.pop(m.group(1), None)
            return self.send(204)
        return self.problem(404, 'Not found')

    def do_POST(self):
        body, w = self.body(), self.world
        if self.path.startswith('/mock/'):
            return self.mock(self.path[len('/mock/'):], body)
        what = self.path[len('/api/v1/'):]
        if what == 'session':
            p = w.people.get(body.get('user'))
            if p is None or body.get('password') != PASSWORD:
                return self.problem(401, 'Unauthorized')
            token = f'{random.getrandbits(96):x}'
            w.sessions[token] = p
            return self.send(200, {'token': token, 'user': p.user, 'title': p.title, 'role': p.role, 'expires': now_ms() + 43200000},
                             headers=[('Set-Cookie', f'zvonar={token}; HttpOnly; SameSite=Strict; Path=/')])
        me = self.who()
        if me is None:
            return self.problem(401, 'Unauthorized')
        if self.headers.get('X-Zvonar') != '1' or not self.headers.get('Idempotency-Key'):
            return self.problem(403, 'Forbidden', 'X-Zvonar or Idempotency-Key is missing')
        with w.lock:
            w.did.append([me.user, what, body])
            if w.fail_next:
                (status, detail), w.fail_next = w.fail_next, None
                return self.problem(status, 'Refused', detail)
            return self.act(me, what, body)

    def act(self, me, what, body):
        w, a = self.world, me.agent
        m = re.fullmatch(r'agents/(\w+)/(pause|ready|logout)', what)
        if m or what in ('desk/listen', 'desk/whisper', 'desk/barge', 'desk/leave'):
            if me.role not in ('supervisor', 'operator'):
                return self.problem(403, 'Forbidden')
            if not m and what != 'desk/leave' and me.agent['phone'] != 'up':
                return self.problem(409, 'Not possible', 'your phone is not up')
            target = w.people.get(m.group(1)) if m else None
            if target:
                self.desk(target, m.group(2), body)
            return self.send(200, {})
        m = re.fullmatch(r'requests/(\w+)/(take|done|return)', what)
        if m:
            r = next(r for r in w.requests if r['id'] == m.group(1))
            r.update({'take': {'status': 'work', 'agent': me.user}, 'done': {'status': 'done'}, 'return': {'status': 'new', 'agent': None}}[m.group(2)])
            return self.send(200, {})
        if what.startswith('campaigns/'):
            return self.send(200, {}) if me.role == 'operator' else self.problem(403, 'Forbidden')
        if not what.startswith('desk/'):
            return self.problem(404, 'Not found')
        if not self.desk(me, what[5:], body):
            return self.problem(409, 'Not possible', f'the state is {a["state"]}')
        return self.send(200, {})

    def desk(self, me, what, body):
        """One thing that an agent does; False: his state does not know it."""
        w, a = self.world, me.agent
        s = a['state']
        if what == 'login' and s == 'offline':
            w.set_state(me, 'paused', phone='up')
        elif what == 'logout' and s in ('talking', 'wrapup'):
            w.set_state(me, s, want='logout', limit_ms=a['limit_ms'])
        elif what == 'logout' and s != 'offline':
            w.set_state(me, 'offline', phone='registered')
        elif what == 'ready' and s in ('paused', 'wrapup'):
            w.set_state(me, 'ready')
            w.soon(me)
        elif what == 'pause' and s in ('talking', 'wrapup', 'reserved'):
            a['want_code'] = body['code']
            w.set_state(me, s, want='pause', limit_ms=a['limit_ms'])
        elif what == 'pause' and s != 'offline':
            w.set_state(me, 'paused', pause=body['code'])
        elif what in ('hangup', 'machine') and s == 'talking':
            w.over(me)
        elif what == 'done' and s in ('talking', 'wrapup'):
            w.closed(me)
        elif what == 'extend' and s == 'wrapup':
            w.set_state(me, 'wrapup', limit_ms=90000)
        elif what == 'hold' and s == 'talking':
            w.publish(me.user, 'held', {})
        elif what == 'resume' and s == 'talking':
            w.publish(me.user, 'resumed', {})
        elif what == 'consult' and s == 'talking':
            w.publish(me.user, 'consult', {'state': 'talking', 'with': body.get('agent') or body.get('number')})
        elif what == 'join' and s == 'talking':
            w.publish(me.user, 'consult', {'state': 'joined', 'with': 'Борис Ким'})
        elif what == 'back' and s == 'talking':
            w.publish(me.user, 'consult', {'state': 'over', 'with': None})
        elif what in ('complete', 'transfer') and s == 'talking':
            w.over(me)
        elif what == 'dial' and s == 'reserved':
            w.bridge(me)
        elif what == 'dial' and s in ('ready', 'paused'):
            w.offer(me, {'kind': 'manual', 'number': body.get('number', '+79031112233'), 'campaign': body.get('campaign', 'leads')})
        elif what == 'skip' and s == 'reserved':
            w.closed(me)
        elif what == 'key' and s == 'talking':
            pass
        else:
            return False
        return True

    def mock(self, what, body):
        """What the tests make happen."""
        w = self.world
        p = w.people.get(body.pop('user', 'anna'))
        if what == 'card':
            w.offer(p, body)
        elif what == 'bridge':
            w.bridge(p)
        elif what == 'over':
            w.over(p)
        elif what == 'publish':
            w.publish(body['to'], body['event'], body['data'])
        elif what == 'wrapup':
            w.set_state(p, 'wrapup', limit_ms=body['limit_ms'])
        elif what == 'silently':  # no event tells of it
            with w.lock:
                p.card = None
                p.agent.update(body, since_ms=now_ms(), limit_ms=0)
        elif what == 'fail':
            w.fail_next = (body['status'], body['detail'])
        elif what == 'cut':  # every stream breaks, and none is let in for a while
            with w.lock:
                w.shut_until = time.time() + body.get('seconds', 0)
                for _, _, out in w.streams:
                    out.put(None)
        elif what == 'expire':
            w.sessions.clear()
        elif what == 'set':
            w.auto = body.get('auto', w.auto)
            w.law = body.get('law', w.law)
        self.send(200, {})


def ticker(world):
    while True:
        time.sleep(1)
        world.step_crowd()
        snapshot = world.floor()
        world.publish(':supervisor', 'floor', snapshot, keep=False)
        world.publish(':operator', 'floor', snapshot, keep=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--pages', default=os.path.join(HERE, '..', '..', 'core', 'http', 'pages'))
    parser.add_argument('--port', type=int, default=0)
    parser.add_argument('--auto', action='store_true')
    parser.add_argument('--shift-ms', type=int, default=0)
    options = parser.parse_args()
    globals()['SHIFT_MS'] = options.shift_ms
    Handler.world = World(options.auto)
    Handler.pages = os.path.abspath(options.pages)
    server = ThreadingHTTPServer(('127.0.0.1', options.port), Handler)
    server.daemon_threads = True
    threading.Thread(target=ticker, args=(Handler.world,), daemon=True).start()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f'http://127.0.0.1:{server.server_address[1]}', flush=True)
    sys.stdin.read()


main()
