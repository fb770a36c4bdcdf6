#!/usr/bin/env python3
"""A second, plain implementation of core/dial/rules, by datetime and zoneinfo: random worlds
(rules, ledgers, marks, calendars, moments around clock changes) are answered by both.  `until` is
judged by asking this one minute by minute.  rules_truth.py RULES_ASK [CASES [SEED]]"""
import datetime as dt
import os
import random
import subprocess
import sys
import zoneinfo

NEVER = (1 << 63) - 1
LOW = -(1 << 63)
FACTS = ['intent', 'attempt', 'ring', 'connect', 'machine', 'live_answer', 'abandon', 'silent',
         'conversation', 'message', 'visit', 'refusal', 'dial_seconds']
F = {name: i for i, name in enumerate(FACTS)}
(AGENT_CH, AI, PREREC, SMS, MESSENGER, EMAIL, VISIT) = range(1, 8)
FREQ, COOLDOWN, HOURS, RATIO, TREAT, CONSENT, DENY = range(1, 8)
BLOCK, FORCE_AGENT, STOP, WARN = range(4)
ROLLING, CALENDAR, BLOCKS = 1, 2, 3
HOUR, DAY, WEEK, MONTH = 1, 2, 3, 4
KEYS = {'person': 1, 'debt': 2, 'number': 4, 'campaign': 8, 'caller': 16, 'topic': 32}
ZONES = ['Europe/Moscow', 'Europe/Kyiv', 'Europe/London', 'America/New_York', 'America/Havana',
         'Asia/Beirut', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'America/Santiago', 'UTC',
         'Asia/Yekaterinburg', 'Africa/Cairo', 'America/Asuncion']
E164 = 79161234567
D = 1440  # minutes
# Nights of clock changes, to begin near them.
NIGHTS = ['2026-03-29', '2026-10-25', '2026-03-08', '2026-11-01', '2026-04-05', '2026-10-04',
          '2026-09-06', '2026-04-04', '2026-04-24', '2026-10-29', '2026-03-29', '2027-02-28',
          '2028-02-29', '2026-12-31', '2027-01-01', '2026-06-30']
EPOCH = dt.date(1970, 1, 1)


class Clock:
    """Local minutes of a zone; offsets change on quarters of an hour."""
    def __init__(self, name):
        self.zone = zoneinfo.ZoneInfo(name)
        self.offsets = {}
        self.months = {}

    def local(self, m):
        offset = self.offsets.get(m // 15)
        if offset is None:
            at = dt.datetime.fromtimestamp(m // 15 * 900, self.zone)
            offset = self.offsets[m // 15] = int(at.utcoffset().total_seconds()) // 60
        return m + offset

    def unit(self, m, unit):
        """The running number of the unit that the wall clock shows."""
        local = self.local(m)
        if unit == HOUR:
            return local // 60
        day = local // D
        if unit == DAY:
            return day
        if unit == WEEK:
            # 0001-01-01 was a Monday, and its ordinal is 1
            return (EPOCH.toordinal() + day - 1) // 7
        month = self.months.get(day)
        if month is None:
            date = EPOCH + dt.timedelta(days=day)
            month = self.months[day] = date.year * 12 + date.month
        return month


CLOCKS = {name: Clock(name) for name in ZONES}
UNIT_MIN = {HOUR: 60, DAY: D, WEEK: 7 * D, MONTH: 30 * D}


class World:
    pass


def candidates(w, tz):
    if tz in CLOCKS:
        return [CLOCKS[tz]]
    number = next((n['zones'] for n in w.numbers if n['e164'] == w.ask['e164'] != 0), [])
    first = {'res': w.res, 'reg': w.reg, 'num': number, 'strict': w.res + w.reg + number}[tz]
    default = [w.ask['default']] if w.ask['default'] != '-' else []
    for names in (first, w.res, number, w.reg, default):
        if names:
            return [CLOCKS[n] for n in dict.fromkeys(names)]
    return []


def needs_clock(win):
    if win['kind'] == CALENDAR:
        return True
    return win['unit'] != HOUR and (win['kind'] == BLOCKS or win['day_one'])


def in_window(win, clock, e, c, origin):
    """'past': an event of minute e stands in the window of minute c; 'ahead': it is dated later
    and will stand in a window that holds c; None."""
    n, length = win['n'], win['n'] * UNIT_MIN[win['unit']]
    days = length // D
    if win['kind'] == ROLLING and not (win['day_one'] and win['unit'] != HOUR):
        inside = abs(c - e) < length
    elif win['kind'] == ROLLING:
        inside = abs(clock.unit(c, DAY) - clock.unit(e, DAY)) < days
    elif win['kind'] == CALENDAR:
        back = clock.unit(c, win['unit']) - clock.unit(e, win['unit'])
        inside = 0 <= back < n
    elif win['unit'] == HOUR:
        inside = (c - origin) // length == (e - origin) // length
    else:
        d0 = clock.unit(origin, DAY)
        inside = (clock.unit(c, DAY) - d0) // days == (clock.unit(e, DAY) - d0) // days
    if not inside:
        return None
    return 'past' if e <= c else 'ahead'


def dated(contact, fact):
    if fact in ('connect', 'machine', 'live_answer'):
        return contact['at'] + contact['connect'] // 60
    if fact in ('abandon', 'silent', 'conversation', 'refusal'):
        return contact['at'] + contact['end'] // 60
    return contact['at']


def may_become(channel):
    if channel in (AGENT_CH, AI):
        return set(FACTS) - {'message', 'visit'}
    if channel == PREREC:
        return set(FACTS) - {'visit'}
    if channel in (SMS, MESSENGER, EMAIL):
        return {'intent', 'ring', 'refusal', 'message'}
    return {'intent', 'ring', 'refusal', 'visit', 'conversation'}


def became(contact):
    facts = set(contact['facts'])
    voice = contact['channel'] != VISIT
    if voice and facts & {'machine', 'live_answer', 'abandon', 'silent', 'conversation'}:
        facts.add('connect')
    if facts & {'connect', 'message', 'visit'}:
        facts.add('ring')
    if voice and 'conversation' in facts:
        facts.add('live_answer')
    if 'attempt' in facts:
        facts |= {'intent', 'dial_seconds'}
    return facts


def same(contact, ask, keys):
    for key in keys:
        if key == 'person':
            continue
        field = 'e164' if key == 'number' else key
        if contact[field] and ask[field] and contact[field] != ask[field]:
            return False
    return True


def flying(w, contact):
    return contact['open'] and contact['at'] <= w.now


def is_self(w, contact):
    return w.ask['self'] and contact['id'] == w.ask['self']


def origin_of(w, keys):
    if 'campaign' in keys and w.origin:
        return w.origin
    return w.first


def freq_count(w, rule, win, clock, c):
    used = flight = 0
    for x in w.contacts:
        facts = became(x) | (may_become(x['channel']) if x['open'] else set())
        if rule['fact'] not in facts or is_self(w, x) or not same(x, w.ask, rule['key']):
            continue
        gone = x['exclude'] & rule['exclude'] & (~0b1110 if x['open'] else ~0)
        if gone or (rule['counted'] and x['channel'] not in rule['counted']):
            continue
        weight = 1
        if rule['fact'] == 'dial_seconds':
            weight = max(x['dial'], w.ask['dial']) if x['open'] else x['dial']
        if flying(w, x):
            flight += weight if c < w.now + 1 else 0
            continue
        where = in_window(win, clock, dated(x, rule['fact']), c, origin_of(w, rule['key']))
        used += weight if where == 'past' else 0
        flight += weight if where == 'ahead' else 0
    return used, flight


def freq_hit(w, rule, c, counts=None):
    channel = w.ask['channel']
    if rule['fact'] not in may_become(channel) or (rule['counted'] and channel not in rule['counted']):
        return False
    own = max(w.ask['dial'], 1) if rule['fact'] == 'dial_seconds' else 1
    hit = False
    for win in rule['windows']:
        for clock in candidates(w, win['tz']) if needs_clock(win) else [None]:
            used, flight = freq_count(w, rule, win, clock, c)
            if counts is not None:
                counts.append((used, flight))
            hit = hit or used + flight + own > rule['limit']
            if hit and counts is None:
                return True
    return hit


def cooldown_hit(w, rule, c):
    if w.ask['mode'] in rule['unless']:
        return False
    win = rule['window']
    for x in w.contacts:
        facts = became(x) | (may_become(x['channel']) if x['open'] else set())
        if rule['after'] not in facts or is_self(w, x) or not same(x, w.ask, rule['key']):
            continue
        if flying(w, x):
            if c < w.now + 1:
                return True
            continue
        e = dated(x, rule['after'])
        if e > c:
            continue
        for clock in candidates(w, win['tz']) if needs_clock(win) else [None]:
            if in_window(win, clock, e, c, origin_of(w, rule['key'])):
                return True
    return False


def day_spans(w, rule, day):
    """(spans, doubt)"""
    date = EPOCH + dt.timedelta(days=day)
    kind = 2 if date.weekday() >= 5 else 1
    if rule['calendar'] >= 0:
        table = w.calendars[rule['calendar']].get(date.year)
        if table is None:
            return [], True
        kind = int(table[date.timetuple().tm_yday - 1])
    days = rule['days']
    for key in ([7] if kind == 3 else []) + [date.weekday(), 8 if kind == 1 else 9, 10]:
        if key in days:
            return days[key], False
    return [], False


def open_in(w, rule, clock, c):
    local = clock.local(c)
    day, minute = local // D, local % D
    for start, end in day_spans(w, rule, day)[0]:
        if start <= minute < end:
            # A span that has ended stays ended, should the clock show its minutes once more.
            return not any(clock.local(b) // D == day and clock.local(b) % D >= end
                           for b in range(c - 125, c)) if clock.local(c - 125) > local - 125 else True
    return False


def hours_hit(w, rule, c):
    zones = candidates(w, rule['tz'])
    return not zones or any(not open_in(w, rule, clock, c) for clock in zones)


def ratio_hit(w, rule, c):
    win = rule['window']
    if win['tz'] in CLOCKS:
        clock = CLOCKS[win['tz']]
    elif w.ask['default'] != '-':
        clock = CLOCKS[w.ask['default']]
    else:
        clock = candidates(w, 'res')[0]
    num = sum(n for at, fact, n in w.tally if fact == rule['num'] and
              in_window(win, clock, at, c, w.origin))
    den = sum(n for at, fact, n in w.tally if fact == rule['den'] and
              in_window(win, clock, at, c, w.origin))
    # One of a few is no measure: as if of the fewest that the limit allows one of.
    return num * 1000 > max(rule['limit'] * den, 1000 if rule['limit'] > 0 else 0)


def consent_hit(w, rule, c):
    if w.ask['mode'] in rule['forbid']:
        return True
    for need in rule['need']:
        if not any(k == 'consent' and name == need and a <= c < b for k, name, _, a, b in w.marks):
            return True
    for name, age in rule['scrub']:
        found = next(((as_of, bits) for n, as_of, bits in w.scrubbed if n == name), None)
        mine = [i for i, n in enumerate(w.numbers) if n['e164'] == w.ask['e164']]
        if found and w.ask['e164'] == 0 and found[1]:
            return True
        if found and any(found[1] >> i & 1 for i in mine):
            return True
        if found is None:
            fresh = False
        elif age == 0:
            fresh = all(k.local(found[0]) // D >= k.local(w.now) // D for k in candidates(w, 'res'))
        else:
            fresh = w.now - found[0] <= age * D
        if w.ask['e164'] and not mine:
            fresh = False
        if not fresh and c < w.now + 60:
            return True
    return False


def deny_hit(w, rule, c):
    return any(k == 'flag' and name in rule['flags'] and a <= c < b for k, name, _, a, b in w.marks)


HITS = {FREQ: freq_hit, COOLDOWN: cooldown_hit, HOURS: hours_hit, RATIO: ratio_hit,
        CONSENT: consent_hit, DENY: deny_hit}


def in_force(w, rule, c):
    if not rule['from'] <= c < rule['to']:
        return False
    for field in ('purpose', 'channel', 'mode'):
        if rule[field] and w.ask[field] not in rule[field]:
            return False
    for k, name, by, a, b in w.marks:
        if k == 'override' and by == rule['override'] != 0 and name in (rule['id'], '*'):
            if a <= c < (min(b, a + 7 * D) if by == 3 else b):
                return False
    return True


def force(w, rule):
    """0 nothing, 1 warn, 2 an agent only, 3 no"""
    if rule['effect'] == WARN or rule['trust'] == 2:
        return 1
    if rule['effect'] == FORCE_AGENT:
        return 0 if w.ask['sure'] else 2
    return 3


def plain(w, c):
    for e164, campaign, to in w.suppressed:
        if e164 in (0, w.ask['e164']) and (campaign in (0, w.ask['campaign']) or not w.ask['campaign']):
            if c < to:
                return True
    return w.overflow is not None and c < w.overflow


def binding(w):
    return [r for r in w.rules if r['jur'] == w.jur or r['jur'].startswith(w.jur + '-') or
            w.jur.startswith(r['jur'] + '-')]


def blocks_at(w, c, least, hint=None):
    """Does anything of at least this force stand in the way?  Tries `hint` first; returns what."""
    if plain(w, c):
        return 'plain'
    rules = binding(w)
    if hint in rules:
        rules = [hint] + rules
    for rule in rules:
        if rule['kind'] in HITS and force(w, rule) >= least and in_force(w, rule, c) and \
                HITS[rule['kind']](w, rule, c):
            return rule
    return None


def answer(w):
    """(answer, refusal)"""
    ask = w.ask
    if not (ask['purpose'] and ask['channel'] and ask['mode'] and ask['actor']):
        return 0, 6
    if not binding(w):
        return 0, 5
    if not candidates(w, 'res'):
        return 0, 2
    if blocks_at(w, w.now, 3):
        return 0, 0
    return (2, 0) if blocks_at(w, w.now, 2) else (1, 0)


# ---- random worlds ----

def some(r, pairs):
    return r.choices([p[0] for p in pairs], [p[1] for p in pairs])[0]


def random_window(r, ratio=False):
    kind = some(r, [(ROLLING, 0 if ratio else 5), (CALENDAR, 5), (BLOCKS, 1)])
    unit = some(r, [(HOUR, 2), (DAY, 5), (WEEK, 2), (MONTH, 1)])
    n = r.choice([1, 1, 1, 2, 3, 7] if unit != MONTH else [1, 1, 2])
    if unit == HOUR:
        n = r.choice([1, 2, 5, 24, 72])
    if ratio and unit == WEEK:
        n = 1
    tz = some(r, [('res', 4), ('reg', 1), ('num', 2), ('strict', 2), (r.choice(ZONES), 3)])
    return {'kind': kind, 'unit': unit, 'n': n, 'tz': tz,
            'day_one': kind == ROLLING and unit != HOUR and r.random() < 0.4}


def random_spans(r):
    marks = sorted(r.sample([x * 30 for x in range(49)], r.choice([2, 2, 2, 4])))
    return list(zip(marks[::2], marks[1::2]))


def random_hours(r, rule):
    rule['tz'] = some(r, [('res', 3), ('num', 1), ('strict', 3), (r.choice(ZONES), 3)])
    rule['calendar'] = r.choice([-1, -1, 0, 0, 1])
    rule['days'] = {}
    for key in r.choice([[10], [8, 9], [8, 9, 7], [8], [10, 6], [0, 1, 2, 3, 4], [10, 7], [8, 9, 5, 7]]):
        rule['days'][key] = [] if r.random() < 0.15 else random_spans(r)


def random_rule(r, i, now):
    kind = some(r, [(FREQ, 8), (COOLDOWN, 4), (HOURS, 5), (RATIO, 1), (CONSENT, 2), (DENY, 1), (TREAT, 1)])
    rule = {'id': f'R-{i}', 'jur': some(r, [('RU', 8), ('RU-MOW', 1), ('US', 1)]), 'kind': kind,
            'effect': some(r, [(BLOCK, 8), (FORCE_AGENT, 2), (STOP, 1), (WARN, 1)]), 'trust': 0,
            'override': r.choice([0, 0, 1, 2, 3]), 'from': LOW, 'to': NEVER,
            'purpose': some(r, [((), 6), ((1,), 2), ((1, 2), 1)]),
            'channel': some(r, [((), 6), ((AGENT_CH, AI), 2), ((SMS,), 1)]),
            'mode': some(r, [((), 6), ((1, 2), 2)])}
    if rule['effect'] == WARN and r.random() < 0.3:
        rule['trust'] = 2
    if r.random() < 0.15:
        rule['from'] = now + r.randint(-5 * D, 3 * D)
    if r.random() < 0.15:
        rule['to'] = max(now, rule['from']) + r.randint(1, 5 * D)
    if kind == FREQ:
        rule['fact'] = some(r, [('conversation', 4), ('attempt', 4), ('ring', 1), ('connect', 1),
                                ('message', 1), ('dial_seconds', 1), ('refusal', 1)])
        rule['key'] = some(r, [(['person'], 4), (['person', 'debt'], 2), (['number'], 1),
                               (['campaign'], 1), (['person', 'caller', 'topic'], 1)])
        rule['limit'] = some(r, [(0, 1), (1, 5), (2, 5), (3, 3), (7, 2)])
        if rule['fact'] == 'dial_seconds':
            rule['limit'] *= 100
        rule['counted'] = some(r, [((), 4), ((AGENT_CH, AI), 2), ((AGENT_CH, SMS, PREREC), 1)])
        rule['exclude'] = some(r, [(0, 4), (1, 2), (1 | 2 | 4, 1)])
        rule['windows'] = [random_window(r) for _ in range(r.choice([1, 1, 1, 2]))]
    elif kind == COOLDOWN:
        rule['after'] = r.choice(['conversation', 'conversation', 'abandon', 'machine', 'refusal', 'attempt'])
        rule['key'] = r.choice([['person'], ['person', 'debt'], ['number']])
        rule['unless'] = r.choice([(), (), (3, 4)])
        rule['window'] = random_window(r)
    elif kind == HOURS:
        random_hours(r, rule)
    elif kind == RATIO:
        rule.update(num='abandon', den='live_answer', limit=r.choice([30, 30, 100]),
                    window=random_window(r, True))
    elif kind == CONSENT:
        rule['forbid'] = r.choice([(), (), (), (1, 5)])
        rule['need'] = r.choice([[], ['ads'], ['ads', 'third']])
        rule['scrub'] = r.choice([[], [], [('dnc', 31)], [('dnc', 0), ('tps', 28)]])
    elif kind == DENY:
        rule['flags'] = r.sample(['bankrupt', 'minor', 'represented'], 2)
    return rule


def random_contact(r, now, i, reach):
    channel = some(r, [(AGENT_CH, 5), (AI, 2), (PREREC, 1), (SMS, 2), (VISIT, 1)])
    at = now - some(r, [(r.randint(0, reach), 8), (r.randint(0, 90), 3)])
    open_ = r.random() < 0.05
    steps = ['intent', 'attempt', 'ring', 'connect', 'live_answer', 'conversation']
    facts = steps[:r.choice([1, 2, 2, 3, 6, 6, 6])]
    if 'conversation' in facts and r.random() < 0.3:
        facts = steps[:4] + [r.choice(['machine', 'abandon', 'silent'])]
    if r.random() < 0.1:
        facts.append('refusal')
    connect = 60 * r.choice([0, 0, 1]) if at < now else 0
    end = 60 * r.choice([0, 1, 5, 40])
    if channel == SMS:
        facts, connect, end = ['message'], 0, 0
        if r.random() < 0.2:
            at = now + r.randint(1, 3 * D)
    if channel == VISIT:
        facts, connect, end = ['visit'], 0, 0
    if at + max(connect, end) // 60 > now and at <= now:
        connect = end = 0
    if open_:
        facts, connect, end, at = ['intent'], 0, 0, min(at, now)
    return {'at': at, 'facts': facts, 'channel': channel,
            'exclude': some(r, [(0, 8), (1, 1), (2, 1), (4, 1)]), 'connect': connect,
            'end': max(connect, end), 'dial': r.choice([0, 20, 45, 90]), 'open': open_,
            'e164': r.choice([E164, E164, E164, E164 + 1, 0]), 'campaign': r.choice([1, 1, 2]),
            'caller': r.choice([0, 8, 8, 9]), 'debt': r.choice([5, 5, 6, 0]),
            'topic': r.choice([0, 3, 4]), 'id': i + 1}


def random_marks(r, w):
    for _ in range(r.choice([0, 0, 1, 2, 4])):
        a = w.now + r.randint(-10 * D, 2 * D)
        b = some(r, [(NEVER, 3), (a + r.randint(1, 12 * D), 3)])
        kind = r.choice(['flag', 'consent', 'consent', 'override'])
        name = {'flag': ['bankrupt', 'minor', 'other'], 'consent': ['ads', 'third'],
                'override': ['*', 'R-0', 'R-1', 'R-9']}[kind]
        w.marks.append((kind, r.choice(name), r.choice([1, 2, 3]) if kind == 'override' else 0, a, b))


def random_world(r):
    w = World()
    night = dt.date.fromisoformat(r.choice(NIGHTS))
    w.now = ((night - EPOCH).days - 1) * D + r.randint(-2 * D, 5 * D)
    if r.random() < 0.4:
        w.now = ((dt.date(2026, 1, 1) - EPOCH).days) * D + r.randint(0, 700 * D)
    w.jur = some(r, [('RU', 12), ('RU-MOW', 3), ('US', 1), ('DE', 1)])
    w.res = r.sample(ZONES, some(r, [(0, 2), (1, 6), (2, 2), (3, 1)]))
    w.reg = r.sample(ZONES, some(r, [(0, 3), (1, 2)]))
    w.numbers = [{'e164': e, 'zones': r.sample(ZONES, some(r, [(0, 3), (1, 3), (3, 1)]))}
                 for e in (E164, E164 + 1)[:r.choice([1, 2])]]
    w.calendars = [{}, {}]
    for year in (2026, 2027):
        days = 365
        kinds = []
        for n in range(days):
            weekend = (dt.date(year, 1, 1) + dt.timedelta(days=n)).weekday() >= 5
            kinds.append(some(r, [('2' if weekend else '1', 9), (r.choice('123'), 1)]))
        w.calendars[0][year] = ''.join(kinds)
    w.calendars[1][2026] = w.calendars[0][2026]
    w.rules = [random_rule(r, i, w.now) for i in range(r.choice([1, 1, 2, 3, 5]))]
    reach = r.choice([D, 3 * D, 10 * D, 40 * D])
    w.contacts = [random_contact(r, w.now, i, reach) for i in range(some(r, [(0, 1), (2, 4), (6, 4), (15, 2), (60, 0.3)]))]
    w.contacts.sort(key=lambda x: x['at'])
    w.first = min([x['at'] for x in w.contacts], default=0)
    w.marks, w.suppressed, w.scrubbed, w.overflow = [], [], [], None
    random_marks(r, w)
    if r.random() < 0.06:
        w.suppressed.append((r.choice([0, E164, E164 + 1]), r.choice([0, 1, 2]),
                             r.choice([NEVER, w.now + r.randint(-D, 2 * D)])))
    if r.random() < 0.03:
        w.overflow = w.now + r.randint(-D, D)
    for name in ('dnc', 'tps'):
        if r.random() < 0.8:
            w.scrubbed.append((name, w.now - r.choice([0, 1, 600, D, 28 * D, 28 * D + 1, 31 * D, 31 * D + 1]),
                               r.choice([0, 0, 0, 1, 2])))
    w.origin = (w.now - r.randint(1, 40 * D)) // 15 * 15 # counted by quarters of an hour
    w.tally = []
    for _ in range(r.choice([0, 0, 4])):
        at = (w.now - r.randint(0, 3 * D)) // 15 * 15
        w.tally += [(at, 'live_answer', r.randint(1, 60)), (at, 'abandon', r.randint(0, 3))]
    w.ask = {'e164': some(r, [(E164, 8), (E164 + 1, 1), (0, 1)]), 'campaign': 1, 'caller': r.choice([0, 8, 9]),
             'debt': r.choice([0, 5, 5, 6]), 'topic': r.choice([0, 3, 4]),
             'purpose': some(r, [(1, 8), (2, 2), (0, 0.2)]),
             'channel': some(r, [(AGENT_CH, 6), (AI, 2), (PREREC, 1), (SMS, 1), (VISIT, 0.5)]),
             'mode': some(r, [(1, 5), (2, 2), (3, 1), (4, 1), (5, 1)]), 'actor': some(r, [(2, 20), (0, 0.3)]),
             'sure': r.random() < 0.15, 'dial': r.choice([0, 30, 60]),
             'self': r.choice([0, 0, 0, 1, 2]), 'default': r.choice(['-'] + ZONES[:3])}
    return w


# ---- the same world in the words of rules_ask ----

def ms(minute):
    return minute if minute in (NEVER, LOW) else minute * 60000


def bits(values):
    return sum(1 << v for v in values)


def window_words(win):
    return f"{win['kind']} {win['unit']} {win['n']} {int(win['day_one'])} {win['tz']}"


def payload_words(rule):
    kind = rule['kind']
    keys = sum(KEYS[k] for k in rule.get('key', []))
    if kind == FREQ:
        return ' '.join([f"{F[rule['fact']]} {keys} {rule['limit']} {bits(rule['counted'])} {rule['exclude']}",
                         str(len(rule['windows']))] + [window_words(x) for x in rule['windows']])
    if kind == COOLDOWN:
        return f"{F[rule['after']]} {keys} {bits(rule['unless'])} {window_words(rule['window'])}"
    if kind == HOURS:
        days = ' '.join(f"{key} {len(spans)} " + ' '.join(f'{a} {b}' for a, b in spans)
                        for key, spans in rule['days'].items())
        return f"{rule['tz']} {rule['calendar']} {len(rule['days'])} {days}"
    if kind == RATIO:
        return f"{F[rule['num']]} {F[rule['den']]} {rule['limit']} {window_words(rule['window'])}"
    if kind == CONSENT:
        return ' '.join([f"{bits(rule['forbid'])} {len(rule['need'])}"] + rule['need'] +
                        [str(len(rule['scrub']))] + [f'{n} {a}' for n, a in rule['scrub']])
    return f"{len(rule['flags'])} " + ' '.join(rule['flags']) if kind == DENY else ''


def words(w):
    out = [f'new {w.jur}', 'res ' + ' '.join(w.res), 'reg ' + ' '.join(w.reg)]
    out += [f"num {n['e164']} " + ' '.join(n['zones']) for n in w.numbers]
    for i, tables in enumerate(w.calendars):
        out += [f'cal {i} {year} {days}' for year, days in tables.items()]
    for x in w.rules:
        out.append(f"rule {x['id']} {x['jur']} {x['kind']} {x['effect']} {x['trust']} {x['override']} "
                   f"{ms(x['from'])} {ms(x['to'])} {bits(x['purpose'])} {bits(x['channel'])} "
                   f"{bits(x['mode'])} {payload_words(x)}")
    for x in w.contacts:
        facts = bits(F[f] for f in x['facts'])
        out.append(f"contact {ms(x['at'])} {facts} {x['channel']} {x['exclude']} {x['connect']} {x['end']} "
                   f"{x['dial']} {int(x['open'])} {x['e164']} {x['campaign']} {x['caller']} {x['debt']} "
                   f"{x['topic']} {x['id']}")
    out += [f'{k} {name} {by} {ms(a)} {ms(b)}' for k, name, by, a, b in w.marks]
    out += [f'suppress {e} {c} {ms(to)}' for e, c, to in w.suppressed]
    out += [f'scrub {name} {ms(at)} {b}' for name, at, b in w.scrubbed]
    out += [f'tally {ms(at)} {1 << F[fact]} {n}' for at, fact, n in w.tally]
    out += [f'origin {ms(w.origin)}']
    if w.overflow is not None:
        out.append(f'overflow {ms(w.overflow)}')
    a = w.ask
    out.append(f"ask {ms(w.now)} {a['e164']} {a['campaign']} {a['caller']} {a['debt']} {a['topic']} {a['purpose']} "
               f"{a['channel']} {a['mode']} {a['actor']} {int(a['sure'])} {a['dial']} {a['self']} {a['default']}")
    return out


# ---- the judgement ----

def moments(r, now, until):
    """Minutes after now and before until at which the answer must still be no."""
    if until - now <= 2 * D:
        return range(now + 1, until)
    dense = list(range(now + 1, now + 180)) + list(range(until - 180, until))
    return dense + list(range(now + 180, until - 180, r.choice([13, 17, 29])))


def until_fault(r, w, got, least):
    if got == NEVER:
        hint = None
        for c in list(range(w.now + 1, w.now + 120)) + [w.now + r.randint(1, 60 * D) for _ in range(400)]:
            hint = blocks_at(w, c, least, hint)
            if hint is None:
                return f'never, but minute {c} would do'
        return None
    if got % 60000 or got // 60000 <= w.now:
        return f'until {got} is no minute to come'
    got //= 60000
    hint = blocks_at(w, got, least)
    # Looking ahead is bounded: a late moment may be one to ask again, no more.
    if hint is not None and got < w.now + 10 * D:
        return f'until {got}, where {hint} still stands in the way'
    w.given_up = hint is not None
    for c in moments(r, w.now, got):
        hint = blocks_at(w, c, least, hint)
        if hint is None:
            return f'until {got}, but minute {c} would do'
    return None


def holds_until(w, rule, limit):
    """The first minute at which this rule alone no longer stands in the way."""
    for c in range(w.now + 1, limit):
        if not (in_force(w, rule, c) and HITS[rule['kind']](w, rule, c)):
            return c
    return limit


def longest_fault(w, rule_index, least):
    """The rule named must be one of those that hold longest (within a day)."""
    limit = w.now + D
    rule = w.rules[rule_index]
    own = holds_until(w, rule, limit)
    for other in binding(w):
        if other is not rule and other['kind'] in HITS and force(w, other) == least and \
                in_force(w, other, w.now) and HITS[other['kind']](w, other, w.now) and \
                holds_until(w, other, limit) > own:
            return f"{other['id']} holds longer than {rule['id']}"
    return None


def counts_fault(w, pairs):
    got = {int(a): (int(b), int(c)) for a, b, c in (p.split(':') for p in pairs)}
    want = {}
    for i, rule in enumerate(w.rules):
        if rule['kind'] != FREQ or rule not in binding(w) or not in_force(w, rule, w.now):
            continue
        counts = []
        freq_hit(w, rule, w.now, counts)
        want[i] = max((sum(c) for c in counts), default=0)
        if got.get(i) not in (counts or [(0, 0)]):
            return f'counts of rule {i}: {got.get(i)}, should be of {counts}'
    if {i: sum(c) for i, c in got.items()} != want:
        return f'counts {got}, should sum to {want}'
    return None


def open_fault(w, got):
    """The first minute at which hours that bind now are over."""
    rules = [x for x in binding(w) if x['kind'] == HOURS and force(w, x) == 3 and in_force(w, x, w.now)]
    if not rules:
        return None if got == NEVER else f'open until {got} without hours'
    if got % 60000 or got // 60000 <= w.now:
        return f'open until {got} is no minute to come'
    got //= 60000
    for c in range(w.now, min(got, w.now + 2 * D)):
        if any(hours_hit(w, x, c) for x in rules):
            return f'open until {got}, but closed at {c}'
    if got < w.now + D and not any(hours_hit(w, x, got) for x in rules):
        return f'open until {got}, and open then'
    return None


def fault(r, w, line):
    got = line.split()
    want, refusal = answer(w)
    if (int(got[0]), int(got[1]) if int(got[1]) in (1, 2, 5, 6) else 0) != (want, refusal):
        return f'answer {got[:3]}, should be {want} {refusal}'
    if refusal:
        return None if int(got[4]) == NEVER else 'until, where nothing is known'
    error = counts_fault(w, got[7:])
    if error is None and want != 1:
        error = until_fault(r, w, int(got[4]), 3 if want == 0 else 2)
        if error is None and int(got[1]) == 0 and r.random() < 0.3:
            error = longest_fault(w, int(got[3]), 3 if want == 0 else 2)
    if error is None and want == 1:
        error = open_fault(w, int(got[5]))
    return error


def main():
    cases = int(sys.argv[2]) if len(sys.argv) > 2 else 20000 if os.environ.get('ZVONAR_LONG') else 600
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 20261122
    r = random.Random(seed)
    worlds = [random_world(r) for _ in range(cases)]
    text = '\n'.join(line for w in worlds for line in words(w)) + '\n'
    got = subprocess.run([sys.argv[1]], input=text, text=True, capture_output=True, check=True).stdout.splitlines()
    if len(got) != cases:
        sys.exit(f'{len(got)} answers to {cases} questions')
    tally, bad, given_up = {}, 0, 0
    for i, (w, line) in enumerate(zip(worlds, got)):
        w.given_up = False
        error = fault(r, w, line)
        given_up += w.given_up
        tally[line.split()[0]] = tally.get(line.split()[0], 0) + 1
        if error:
            bad += 1
            if bad <= 5:
                print(f'case {i} of seed {seed}: {error}\n  {line}\n  ' + '\n  '.join(words(w)))
    print(f"{cases} questions: {tally.get('1', 0)} yes, {tally.get('2', 0)} agent only, {tally.get('0', 0)} no; "
          f"{given_up} looked no further ahead; {bad} wrong")
    if bad or given_up > cases // 40 or any(tally.get(a, 0) < cases // 50 for a in '012'):
        sys.exit(1)


main()
