#!/usr/bin/env python3
"""zvonarctl rules check and rules list.  Broken files, each with the place that must be told, and
random damage that is also judged by conf/rules/schema.json itself, with a small reader of JSON
schemas below (and python3-jsonschema where it is there).
usage: rules_test.py ZVONARCTL SOURCE_ROOT"""
import copy
import datetime
import glob
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import unittest

CTL, ROOT = sys.argv[1], sys.argv[2]
RULES, CALENDARS = os.path.join(ROOT, 'conf', 'rules'), os.path.join(ROOT, 'conf', 'calendars')
with open(os.path.join(RULES, 'schema.json'), encoding='utf-8') as f:
    SCHEMA = json.load(f)
SAMPLES = [json.loads(line) for name in sorted(glob.glob(os.path.join(RULES, '*.jsonl')))
           for line in open(name, encoding='utf-8') if line.strip()]
BY_ID = {rule['id']: rule for rule in SAMPLES}


def check(*files, calendars=CALENDARS):
    """(exit status, rows) of rules check, some files at a time."""
    if len(files) > 80:
        first, second = check(*files[:80], calendars=calendars), check(*files[80:], calendars=calendars)
        return max(first[0], second[0]), first[1] + second[1]
    done = subprocess.run([CTL, 'rules', 'check', '--json', '--calendars', calendars, *files],
                          capture_output=True, timeout=60, text=True)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def write(folder, name, *lines):
    path = os.path.join(folder, name)
    with open(path, 'w', encoding='utf-8', newline='') as to:
        to.write(''.join((line if isinstance(line, str) else json.dumps(line)) + '\n' for line in lines))
    return path


# ---- a second reader of the schema ----

TYPES = {'object': dict, 'array': list, 'string': str, 'boolean': bool}


def is_type(value, name):
    if name in ('integer', 'number'):
        return isinstance(value, (int, float)) and not isinstance(value, bool) and \
            (name == 'number' or float(value).is_integer())
    return isinstance(value, TYPES[name])


def same(a, b):
    return type(a) is type(b) and a == b


def faults(schema, value, path='$'):
    """Paths of what the schema does not allow."""
    if '$ref' in schema:
        return faults(SCHEMA['$defs'][schema['$ref'].rsplit('/', 1)[1]], value, path)
    found = []
    if 'oneOf' in schema and sum(not faults(s, value, path) for s in schema['oneOf']) != 1:
        found.append(path)
    for part in schema.get('allOf', []):
        if not faults(part['if'], value, path):
            found += faults(part['then'], value, path)
    if 'type' in schema and not is_type(value, schema['type']):
        return found + [path]
    if 'enum' in schema and not any(same(value, e) for e in schema['enum']):
        found.append(path)
    if 'const' in schema and not same(value, schema['const']):
        found.append(path)
    if isinstance(value, str) and 'pattern' in schema and not re.search(schema['pattern'], value):
        found.append(path)
    if is_type(value, 'number') and not schema.get('minimum', value) <= value <= schema.get('maximum', value):
        found.append(path)
    if isinstance(value, list):
        if not schema.get('minItems', 0) <= len(value) <= schema.get('maxItems', len(value)):
            found.append(path)
        for i, item in enumerate(value):
            found += faults(schema.get('items', {}), item, f'{path}[{i}]')
    if isinstance(value, dict):
        found += [path for key in schema.get('required', []) if key not in value]
        for key, below in value.items():
            here = f'{path}.{key}' if re.fullmatch('[A-Za-z_][A-Za-z0-9_]*', key) else f"{path}['{key}']"
            if key in schema.get('properties', {}):
                found += faults(schema['properties'][key], below, here)
                continue
            patterns = [s for p, s in schema.get('patternProperties', {}).items() if re.search(p, key)]
            for sub in patterns:
                found += faults(sub, below, here)
            if not patterns and schema.get('additionalProperties', True) is False:
                found.append(here)
    return found


# ---- broken rules ----

def change(rule, path, *value):
    """A copy of a sample with the value at a path changed; without a value: taken out."""
    rule = copy.deepcopy(BY_ID[rule])
    *way, last = [int(p) if p.isdigit() else p for p in path.split('.')]
    at = rule
    for step in way:
        at = at[step]
    if value:
        if isinstance(at, list) and last == len(at):
            at.append(value[0])
        else:
            at[last] = value[0]
    else:
        del at[last]
    return rule


D, W, H, R, T = 'RU-CALL-D', 'RU-CALL-W', 'RU-HOURS', 'GB-OFCOM-ACR', 'US-TSR-TREAT'
C, X, K, E = 'GB-OFCOM-72H', 'RU-AD', 'RU-RETAIN', 'RU-CLI'
BROKEN = [  # the line, the path that is told, a piece of the text
    ('{"id":"RU-A"', '$', 'column'),
    ('nonsense', '$', 'column'),
    ('[1,2]', '$', 'a list stands'),
    ('"RU"', '$', 'column|text stands'),
    ('{}', '$', '"id" is missing'),
    ('{"id":"RU-A","id":"RU-B"}', '$', 'uplicate'),
    ('{"id":"RU-\\u0000"}', '$', 'column'),
    ('{"id":"RU-A"} {"id":"RU-B"}', '$', 'column'),
    (change(D, 'id', 'ru-call'), '$.id', 'is not'),
    (change(D, 'id', 'R-CALL'), '$.id', 'is not'),
    (change(D, 'id', 'RU--CALL'), '$.id', 'is not'),
    (change(D, 'id', 'RU_CALL'), '$.id', 'is not'),
    (change(D, 'id', 'RU-' + 'A' * 40), '$.id', 'at most 31'),
    (change(D, 'id', 7), '$.id', 'a number stands'),
    (change(D, 'id', 'RU-MSG-D'), '$.id', 'already'),
    (change(D, 'jur', 'Russia'), '$.jur', 'is not'),
    (change(D, 'jur', 'RU-MOSCOW'), '$.jur', 'is not'),
    (change(D, 'jur'), '$', '"jur" is missing'),
    (change(D, 'law', None), '$.law', 'null stands'),
    (change(D, 'src'), '$', '"src" is missing'),
    (change(D, 'seen', '2026-02-29'), '$.seen', 'is not'),
    (change(D, 'seen', '21.11.2026'), '$.seen', 'is not'),
    (change(D, 'seen', '2026-11-21T00:00'), '$.seen', 'is not'),
    (change(D, 'trust', 'gossip'), '$.trust', 'none of'),
    (change(D, 'trust', 'memory'), '$.trust', 'may only warn'),
    (change(R, 'trust', 'memory'), '$.trust', 'stop_campaign'),
    (change(E, 'eff.from', '2025-09-31'), '$.eff.from', 'is not'),
    (change(E, 'eff.to', '2025-08-30'), '$.eff', 'ends before'),
    (change(E, 'eff.until', '2027-01-01'), '$.eff.until', 'no such key'),
    (change(E, 'eff.from', '2025-09-01T00:00'), '$.eff.from', 'is not'),
    (change(D, 'when', []), '$.when', 'a list stands'),
    (change(D, 'when'), '$', '"when" is missing'),
    (change(D, 'when.purpose.1', 'collections'), '$.when.purpose[1]', 'none of'),
    (change(D, 'when.purpose', []), '$.when.purpose', 'empty list'),
    (change(D, 'when.purpose', 'collection'), '$.when.purpose', 'a text stands'),
    (change(D, 'when.chanel', ['sms']), '$.when.chanel', 'no such key'),
    (change(D, 'when.channel.0', 'voice'), '$.when.channel[0]', 'none of'),
    (change('UA-AUTODIAL', 'when.mode.2', 'robots'), '$.when.mode[2]', 'none of'),
    (change('KZ-CALL-D', 'when.actor.0', 'agency'), '$.when.actor[0]', 'none of'),
    (change(D, 'when.party.0', 'wife'), '$.when.party[0]', 'none of'),
    (change(D, 'when.line', ['satellite']), '$.when.line[0]', 'none of'),
    (change(D, 'kind', 'frequency'), '$.kind', 'none of'),
    (change(D, 'kind', 'hours'), '$', '"hours" is missing'),
    (change(D, 'freq'), '$', '"freq" is missing'),
    (change(D, 'deny', {'if_flag': ['x']}), '$.deny', 'never be looked at'),
    (change(D, 'effect', 'blocks'), '$.effect', 'none of'),
    (change(D, 'override.by', 'boss'), '$.override.by', 'none of'),
    (change(D, 'override.by'), '$.override', 'is missing'),
    (change(D, 'override.revocable', 'yes'), '$.override.revocable', 'a text stands'),
    (change(D, 'comment', 'x'), '$.comment', 'no such key'),
    (change(D, 'a b', 'x'), "$['a b']", 'no such key'),
    (change(D, 'freq.event', 'talk'), '$.freq.event', 'none of'),
    (change(D, 'freq.event', 'dial_seconds'), '$.freq.event', 'go together'),
    (change(D, 'freq.unit', 'seconds'), '$.freq.unit', 'go together'),
    (change(D, 'freq.key', []), '$.freq.key', 'empty list'),
    (change(D, 'freq.key.0', 'customer'), '$.freq.key[0]', 'none of'),
    (change(D, 'freq.limit', -1), '$.freq.limit', 'not within'),
    (change(D, 'freq.limit', 1.5), '$.freq.limit', 'whole number'),
    (change(D, 'freq.limit', '1'), '$.freq.limit', 'a text stands'),
    (change(D, 'freq.limit'), '$.freq', '"limit" is missing'),
    (change(D, 'freq.windows', []), '$.freq.windows', 'empty list'),
    (change(W, 'freq.windows.1.n', 0), '$.freq.windows[1].n', 'not within'),
    (change(W, 'freq.windows.1.n', 401), '$.freq.windows[1].n', '400 days'),
    (change(W, 'freq.windows.1.unit', 'minute'), '$.freq.windows[1].unit', 'none of'),
    (change(W, 'freq.windows.0.kind', 'sliding'), '$.freq.windows[0].kind', 'none of'),
    (change(W, 'freq.windows.0.day_one', True), '$.freq.windows[0].day_one', 'only rolling'),
    (change('US-FL-3IN24', 'freq.windows.0.day_one', True), '$.freq.windows[0].day_one', 'hour'),
    (change(D, 'freq.windows.0.tz', 'Europe/Moskow'), '$.freq.windows[0].tz', 'no time zone'),
    (change(D, 'freq.windows.0.tz', 'local'), '$.freq.windows[0].tz', 'is not'),
    (change(D, 'freq.windows.0.tz', 'Etc/../../etc/passwd'), '$.freq.windows[0].tz', 'no time zone'),
    (change(D, 'freq.windows', [BY_ID[D]['freq']['windows'][0]] * 5), '$.freq.windows', 'at most 4'),
    (change(D, 'freq.channels_counted.0', 'phone'), '$.freq.channels_counted[0]', 'none of'),
    (change(D, 'freq.channels_counted', []), '$.freq.channels_counted', 'empty list'),
    (change(D, 'freq.exclude.0', 'inbounds'), '$.freq.exclude[0]', 'none of'),
    (change(C, 'cooldown.for'), '$.cooldown', '"for" is missing'),
    (change(C, 'cooldown.after', 'dial_seconds'), '$.cooldown.after', 'no moment'),
    (change(C, 'cooldown.unless_mode.0', 'by hand'), '$.cooldown.unless_mode[0]', 'none of'),
    (change(C, 'cooldown.for.n', 9601), '$.cooldown.for.n', 'not within'),
    (change(H, 'hours.tz', 'Mars/Base'), '$.hours.tz', 'no time zone'),
    (change(H, 'hours.tz'), '$.hours', '"tz" is missing'),
    (change(H, 'hours.days', {}), '$.hours.days', 'no day'),
    (change(H, 'hours.days.monday', []), '$.hours.days.monday', 'no such key'),
    (change(H, 'hours.days.workday.0', ['08:00']), '$.hours.days.workday[0]', 'too few'),
    (change(H, 'hours.days.workday.0.0', '8:00'), '$.hours.days.workday[0][0]', 'time of day'),
    (change(H, 'hours.days.workday.0.1', '24:30'), '$.hours.days.workday[0][1]', 'time of day'),
    (change(H, 'hours.days.workday.0.1', '08:00'), '$.hours.days.workday[0]', 'ends before'),
    (change('FR-HOURS', 'hours.days.workday.1.0', '12:00'), '$.hours.days.workday[1]', 'before the one'),
    (change(H, 'hours.calendar', ''), '$.hours.calendar', 'empty'),
    (change(R, 'ratio.limit', 3), '$.ratio.limit', 'not within'),
    (change(R, 'ratio.alarm_at', 0.5), '$.ratio.alarm_at', 'after the limit'),
    (change(R, 'ratio.key', ['person']), '$.ratio.key', 'a campaign'),
    (change(R, 'ratio.den', 'answer'), '$.ratio.den', 'none of'),
    (change(R, 'ratio.num', 'dial_seconds'), '$.ratio.num', 'no moment'),
    (change(R, 'ratio.window.n', 'one'), '$.ratio.window.n', 'a text stands'),
    (change(T, 'treat.agent_within.from', 'ring'), '$.treat.agent_within.from', 'none of'),
    (change(T, 'treat.agent_within.s'), '$.treat.agent_within', '"s" is missing'),
    (change(T, 'treat.ring_min_s', -5), '$.treat.ring_min_s', 'not within'),
    (change(T, 'treat.else_play.optout', 'mail'), '$.treat.else_play.optout', 'none of'),
    (change(T, 'treat.else_play.must_say.1', ''), '$.treat.else_play.must_say[1]', 'empty'),
    (change(T, 'treat', {}), '$.treat', 'says nothing'),
    (change(E, 'treat.cli.hidden', True), '$.treat.cli.hidden', 'only false'),
    (change('RU-LABEL', 'treat.cli.label_max', 0), '$.treat.cli.label_max', 'not within'),
    (change(X, 'consent.forbid_mode.0', 'auto'), '$.consent.forbid_mode[0]', 'none of'),
    (change(X, 'consent.honour_revoke.unit', 'week'), '$.consent.honour_revoke.unit', 'none of'),
    (change('GB-TPS', 'consent.scrub.1.max_age_d'), '$.consent.scrub[1]', 'is missing'),
    (change('GB-TPS', 'consent.scrub.0.max_age_d', 70000), '$.consent.scrub[0].max_age_d', 'not within'),
    (change('DE-UWG7', 'consent.proof_keep', '5 years'), '$.consent.proof_keep', 'duration'),
    (change('RU-MASS-OPTOUT', 'deny.if_flag', []), '$.deny.if_flag', 'never say no'),
    (change('RU-MASS-OPTOUT', 'deny.if_flag', 'x'), '$.deny.if_flag', 'a text stands'),
    (change(K, 'retain.for', 'P'), '$.retain.for', 'duration'),
    (change(K, 'retain.for', 'PT5H'), '$.retain.for', 'duration'),
    (change(K, 'retain.for', 'P1M1Y'), '$.retain.for', 'duration'),
    (change(K, 'retain.what.0', 'video'), '$.retain.what[0]', 'none of'),
    (change(K, 'retain.from', 'today'), '$.retain.from', 'none of'),
]


class Broken(unittest.TestCase):
    def test_every_broken_rule_is_told_with_its_line_and_path(self):
        self.assertGreater(len(BROKEN), 80)
        with tempfile.TemporaryDirectory() as folder:
            files = [write(folder, f'{i:03}.jsonl', BY_ID['RU-MSG-D'], BY_ID['RU-MSG-W'], broken)
                     for i, (broken, _, _) in enumerate(BROKEN)]
            status, rows = check(*files)
        self.assertEqual(status, 1)
        for file, (broken, path, text) in zip(files, BROKEN):
            mine = [r for r in rows if r['file'] == file and r['level'] == 'error']
            with self.subTest(rule=broken):
                self.assertTrue(any(r['line'] == 3 and r['path'] == path and re.search(text, r['text'])
                                    for r in mine), mine)
                self.assertFalse([r for r in mine if r['line'] != 3], 'what is good is not blamed')

    def test_all_faults_are_told_and_the_set_is_refused_whole(self):
        with tempfile.TemporaryDirectory() as folder:
            two = change(D, 'freq.limit', -1)
            two['when']['purpose'] = ['spam', 'collection', 'ham']
            file = write(folder, 'a.jsonl', BY_ID[H], two, '', 'oops', change(W, 'seen', 'now'))
            status, rows = check(file)
            listed = subprocess.run([CTL, 'rules', 'list', file], capture_output=True, timeout=30, text=True)
        self.assertEqual(status, 1)
        self.assertEqual([(r['line'], r['path']) for r in rows if r['level'] == 'error'],
                         [(2, '$.when.purpose[0]'), (2, '$.when.purpose[2]'), (2, '$.freq.limit'),
                          (4, '$'), (5, '$.seen')])
        self.assertEqual((listed.returncode, listed.stdout), (1, ''))

    def test_a_folder_is_one_set_in_order_of_names(self):
        with tempfile.TemporaryDirectory() as folder:
            write(folder, 'b.jsonl', BY_ID[D])
            write(folder, 'a.jsonl', BY_ID[W], BY_ID[D])
            write(folder, '.hidden.jsonl', 'nonsense')
            write(folder, 'notes.txt', 'nonsense')
            status, rows = check(folder)
        self.assertEqual(status, 1)
        self.assertEqual(len(rows), 1)
        self.assertTrue(rows[0]['file'].endswith('/b.jsonl'))
        self.assertEqual(rows[0]['path'], '$.id')
        self.assertIn('a.jsonl line 2', rows[0]['text'])

    def test_what_is_not_there_and_what_is_empty_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(check(os.path.join(folder, 'none.jsonl'))[0], 3)
            self.assertEqual(check(folder)[0], 3)
            empty = write(folder, 'empty.jsonl')
            status, rows = check(empty)
            self.assertEqual((status, rows[0]['text']), (1, 'there is no rule in the set'))

    def test_a_line_and_a_set_have_limits(self):
        with tempfile.TemporaryDirectory() as folder:
            long = change(D, 'law', 'x' * 70000)
            self.assertIn('more than 65536', check(write(folder, 'a.jsonl', long))[1][0]['text'])
            many = [change(D, 'id', f'RU-N{i}') for i in range(513)]
            status, rows = check(write(folder, 'b.jsonl', *many))
            self.assertEqual((status, rows[0]['line'], rows[0]['text']), (1, 513, 'more than 512 rules'))
            self.assertEqual(check(write(folder, 'c.jsonl', *many[:512]))[0], 0)

    def test_broken_calendars_are_told_with_their_line(self):
        good = ('id: RU\nyear: 2026\nseen: 2026-11-22\ntrust: official\nsource: law\nweekend: [sat, sun]\n')
        cases = [(good.replace('2026\nseen', '26\nseen'), 2, 'year'),
                 (good.replace('official', 'rumour'), 4, 'trust'),
                 (good.replace('source: law\n', ''), 1, 'source is missing'),
                 (good.replace('sun]', 'sunday]'), 6, 'weekend'),
                 (good + 'holidays:\n  2026-02-30: x\n', 8, 'no day'),
                 (good + 'holidays:\n  2027-01-01: x\n', 8, 'not in the year'),
                 (good + 'holidays:\n  2026-01-01: x\ndays_off:\n  2026-01-01: y\n', 10, 'already'),
                 (good + 'workdays:\n  2026-01-05: x\n', 8, 'working day anyway'),
                 (good + 'days_off:\n  2026-01-03: x\n', 8, 'weekend anyway'),
                 (good + 'holidays:\n  2026-01-01:\n', 8, 'why'),
                 (good + 'vacations: {}\n', 7, 'no such key'),
                 (good + 'warning: {}\n', 7, 'no such key'),
                 (good + 'id: KZ\n', 7, 'twice|stands|already')]
        for text, line, words in cases:
            with tempfile.TemporaryDirectory() as folder, self.subTest(words=words):
                write(folder, 'RU-2026.yaml', text)
                status, rows = check(write(folder, 'r.jsonl', BY_ID[H]), calendars=folder)
                self.assertEqual(status, 1)
                self.assertTrue(any(r['line'] == line and r['file'].endswith('RU-2026.yaml') and
                                    re.search(words, r['text']) for r in rows), rows)

    def test_a_year_stands_in_one_file_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(CALENDARS, 'RU-2026.yaml'), encoding='utf-8') as f:
                text = f.read()
            write(folder, 'a.yaml', text)
            write(folder, 'b.yaml', text)
            status, rows = check(write(folder, 'r.jsonl', BY_ID[H]), calendars=folder)
        self.assertEqual((status, rows[0]['text']), (1, 'calendar RU has the year 2026 already'))


class Damage(unittest.TestCase):
    """What the schema refuses is refused, at the same places; what is taken the schema takes."""
    VALUES = [None, True, False, 0, 1, -1, 1.0, 0.5, 7, 10**12, '', 'x', 'person', 'Europe/Kyiv', 'RU-A',
              '2026-01-01', '09:00', 'P1Y', [], ['person'], [['09:00', '10:00']], {}, {'kind': 'rolling'}]

    def nodes(self, value, path=()):
        yield path
        for key in (value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()):
            yield from self.nodes(value[key], path + (key,))

    def damaged(self, rng):
        rule = copy.deepcopy(rng.choice(SAMPLES))
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            path = rng.choice(list(self.nodes(rule)))
            at = rule
            for step in path[:-1]:
                at = at[step]
            what = rng.random()
            if not path:
                rule[rng.choice(('freq', 'hours', 'eff', 'extra', 'effect'))] = rng.choice(self.VALUES)
            elif what < 0.25:
                del at[path[-1]]
            elif what < 0.4 and isinstance(at[path[-1]], dict):
                at[path[-1]][rng.choice(('n', 'x', 'tz', 'any'))] = rng.choice(self.VALUES)
            elif what < 0.5 and isinstance(at[path[-1]], list):
                at[path[-1]].append(rng.choice(self.VALUES))
            else:
                at[path[-1]] = copy.deepcopy(rng.choice(self.VALUES))
        return rule

    def test_random_damage_is_judged_as_the_schema_judges_it(self):
        seed = int(os.environ.get('ZVONAR_SEED', '20261122'))
        rng = random.Random(seed)
        try:
            import jsonschema
            second = jsonschema.Draft202012Validator(SCHEMA)
        except ImportError:
            second = None
        refused = taken = 0
        for _ in range(12):
            rules = [self.damaged(rng) for _ in range(120)]
            with tempfile.TemporaryDirectory() as folder:
                files = [write(folder, f'{i}.jsonl', rule) for i, rule in enumerate(rules)]
                _, rows = check(*files)
            told = {file: set() for file in files}
            for row in rows:
                if row['level'] == 'error':
                    told[row['file']].add(row['path'])
            for file, rule in zip(files, rules):
                want = set(faults(SCHEMA, rule))
                if second is not None:
                    self.assertEqual(bool(want), not second.is_valid(rule), (seed, rule))
                # a kind that is none, or a payload that is missing, hides what stands below
                self.assertEqual(bool(told[file]) or not want, True, (seed, rule, want))
                if 'kind' in rule and rule.get('kind') in SCHEMA['properties']['kind']['enum'] \
                        and all(path != '$' for path in want):
                    self.assertLessEqual(want, told[file], (seed, rule))
                refused += bool(want)
                taken += not told[file]
        self.assertGreater(refused, 300, 'the damage must do harm')
        self.assertGreater(taken, 50, 'and some of it none')


class Samples(unittest.TestCase):
    def test_the_samples_load_whole_and_the_schema_takes_them(self):
        self.assertEqual(len(SAMPLES), 47)
        for rule in SAMPLES:
            self.assertEqual(faults(SCHEMA, rule), [], rule['id'])
        status, rows = check(RULES)
        self.assertEqual((status, [r for r in rows if r['level'] == 'error']), (0, []))

    def test_the_list_says_every_rule_in_words(self):
        done = subprocess.run([CTL, 'rules', 'list', RULES, '--json'], capture_output=True, timeout=30,
                              text=True)
        listed = {rule['id']: rule for rule in json.loads(done.stdout)}
        self.assertEqual(set(listed), set(BY_ID))
        for rule in SAMPLES:
            row = listed[rule['id']]
            self.assertEqual([row[k] for k in ('jur', 'kind', 'trust', 'seen', 'law', 'source')],
                             [rule[k] for k in ('jur', 'kind', 'trust', 'seen', 'law', 'src')])
            self.assertEqual(row['effect'], rule.get('effect', 'block'))
            self.assertGreater(len(row['says']), 15)
        self.assertIn('at most 1 x conversation per person', listed['RU-CALL-D']['says'])
        self.assertIn('workday 10:00-13:00, 14:00-20:00; weekend never', listed['FR-HOURS']['says'])
        self.assertIn('3% of live_answer in each block of 30 days', listed['US-TSR-ABANDON']['says'])

    def test_the_hash_is_of_the_bytes_and_the_names(self):
        def hash_of(path):
            done = subprocess.run([CTL, 'rules', 'check', path], capture_output=True, timeout=30, text=True)
            return re.search('set ([0-9a-f]{16})', done.stderr).group(1)
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
            a = write(one, 'a.jsonl', BY_ID[D])
            b = write(two, 'a.jsonl', BY_ID[D])
            self.assertEqual(hash_of(a), hash_of(b))
            self.assertEqual(hash_of(a), hash_of(one))
            self.assertNotEqual(hash_of(a), hash_of(write(one, 'b.jsonl', BY_ID[D])))
            write(two, 'a.jsonl', BY_ID[D], '')
            self.assertNotEqual(hash_of(a), hash_of(b))

    def test_old_rules_are_warned_of_and_very_old_ones_are_stale(self):
        today = datetime.datetime.now(datetime.timezone.utc).date()
        with tempfile.TemporaryDirectory() as folder:
            for age, words in ((179, None), (182, 'compare it with its source'), (399, 'compare it'),
                               (402, 'stale'), (-3, 'future')):
                seen = (today - datetime.timedelta(days=age)).isoformat()
                status, rows = check(write(folder, 'a.jsonl', change(D, 'seen', seen)))
                self.assertEqual(status, 0, rows)
                self.assertEqual([r['path'] for r in rows], ['$.seen'] if words else [])
                self.assertIn(words or '', rows[0]['text'] if rows else '')


if __name__ == '__main__':
    program = unittest.main(argv=sys.argv[:1], exit=False)
    result = program.result
    bad = len(result.failures) + len(result.errors)
    print(f'{result.testsRun - bad} passed, {bad} failed, {len(result.skipped)} skipped')
    sys.exit(bool(bad))
