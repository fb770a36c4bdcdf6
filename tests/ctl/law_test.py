#!/usr/bin/env python3
"""What zvonarctl says of the law on a small fixed store: why in both languages and as JSON, mark,
registry, suppress, person erase and retention.  usage: law_test.py ZVONARCTL STORE_MAKER"""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

CTL, MAKER = sys.argv[1], sys.argv[2]
CAMPAIGN = 'база & <i>co</i>'
HEAD = {'jur': 'RU', 'seen': '2026-03-01', 'when': {}}
RULES = [
    {'id': 'RU-T-LIMIT', **HEAD, 'law': 'law of a test, art. 7', 'src': 'https://example.org/7', 'trust': 'official',
     'kind': 'freq', 'freq': {'event': 'conversation', 'key': ['person'], 'limit': 1,
                              'windows': [{'kind': 'calendar', 'n': 1, 'unit': 'day', 'tz': 'residence'}]}},
    {'id': 'RU-T-HOURS', **HEAD, 'law': 'law of a test, art. 8', 'src': 'https://example.org/8', 'trust': 'policy',
     'kind': 'hours', 'hours': {'tz': 'residence', 'days': {'any': [['08:00', '22:00']]}}},
    {'id': 'RU-T-KEEP', **HEAD, 'law': 'law of a test, art. 9', 'src': 'https://example.org/9', 'trust': 'policy',
     'kind': 'retain', 'retain': {'what': ['call_log', 'decision_log'], 'for': 'P3Y', 'from': 'event'}},
]
CONF = f'''campaigns:
  demo:
    name: "{CAMPAIGN}"
    purpose: service
    channel: voice_ai
    mode: robot
    actor: creditor
    jurisdiction: RU
'''
WHO, OTHER, NOON = '+79160000001', '+79160000002', '2026-03-02T12:00:00+03:00'

ENGLISH = '''+79160000001, 2026-03-02 09:00:00 +00:00
rules HASH, time zones TZ

база & <i>co</i> (service, voice_ai, robot, creditor), person 1, law of RU, clock of Europe/Moscow:
  It may NOT be called before 2026-03-03 08:00:00 +03:00.
  Rule RU-T-LIMIT is at its limit: conversations, at most 1 in a calendar day; 1 so far, 0 in flight.
    it says: at most 1 x conversation per person in a calendar day (clock: residence)
    law: law of a test, art. 7
    source: https://example.org/7 (seen 2026-03-01, official text)
  RU-T-LIMIT: 1 of 1 used
      2026-03-02 08:00:00 +03:00  conversation, база & <i>co</i>, +79160000001

Decisions about person 1, in UTC:
  2026-03-02 05:00:00 +00:00  база & <i>co</i>: yes, RU-T-LIMIT 0 of 1
  2026-03-02 06:00:00 +00:00  база & <i>co</i>: no, rule RU-T-LIMIT, until 2026-03-02 21:00:00 +00:00, RU-T-LIMIT 1 of 1
'''
RUSSIAN = '''+79160000001, 2026-03-02 09:00:00 +00:00
правила HASH, часовые пояса TZ

база & <i>co</i> (обслуживание; говорит робот-собеседник; набор роботом; от имени кредитора), человек 1, закон: RU, часы: Europe/Moscow:
  Звонить НЕЛЬЗЯ раньше 2026-03-03 08:00:00 +03:00.
  Правило RU-T-LIMIT: предел исчерпан (разговоры, не более 1 за календарный день); было 1, сейчас в работе 0.
    правило говорит: не больше 1 разговора на человека за календарный день (часы: по месту жительства)
    закон: law of a test, art. 7
    источник: https://example.org/7 (просмотрен 2026-03-01, официальный текст)
  RU-T-LIMIT: использовано 1 из 1
      2026-03-02 08:00:00 +03:00  разговор, база & <i>co</i>, +79160000001

Решения о человеке 1, время UTC:
  2026-03-02 05:00:00 +00:00  база & <i>co</i>: да, RU-T-LIMIT 0 из 1
  2026-03-02 06:00:00 +00:00  база & <i>co</i>: нет, правило RU-T-LIMIT, до 2026-03-02 21:00:00 +00:00, RU-T-LIMIT 1 из 1
'''


def neutral(text):
    """Without the set's hash and the machine's tzdata."""
    text = re.sub(r'^(rules|правила) [0-9a-f]{16}', r'\1 HASH', text, flags=re.M)
    return re.sub(r'(time zones|часовые пояса) \S+$', r'\1 TZ', text, flags=re.M)


class Law(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.store = self.path('store')
        with open(self.path('rules.jsonl'), 'w', encoding='utf-8') as f:
            f.writelines(json.dumps(r) + '\n' for r in RULES)
        self.write('zvonar.yaml', CONF)
        self.write('list.csv', f'contact_id,phone,timezone\na,{WHO},Europe/Moscow\nb,{OTHER},Europe/Moscow\n')
        subprocess.run([MAKER, 'init', self.store], check=True, timeout=60)
        self.ctl('list', 'import', CAMPAIGN, self.path('list.csv'))
        subprocess.run([MAKER, 'law', self.store, self.path('rules.jsonl')], check=True, timeout=60)

    def tearDown(self):
        self.folder.cleanup()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def write(self, name, text):
        with open(self.path(name), 'w', encoding='utf-8') as f:
            f.write(text)

    def ctl(self, *args, status=0):
        env = {k: v for k, v in os.environ.items() if not k.startswith('ZVONAR_')}
        done = subprocess.run([CTL, '-d', self.store, '-c', self.path('zvonar.yaml'), '-s', self.path('none'), *args],
                              capture_output=True, timeout=60, text=True, env=env)
        self.assertEqual(done.returncode, status, f'{args}: {done.stderr}')
        return done.stdout

    def json(self, *args, **more):
        return json.loads(self.ctl(*args, '--json', **more))

    # ---- why ----

    def test_why_in_english(self):
        self.assertEqual(neutral(self.ctl('why', WHO, '--at', NOON)), ENGLISH)

    def test_why_in_russian(self):
        self.assertEqual(neutral(self.ctl('why', WHO, '--at', NOON, '--lang', 'ru')), RUSSIAN)

    def test_why_as_json(self):
        said = self.json('why', WHO, '--at', NOON)
        self.assertEqual((said['number'], said['at_ms']), (79160000001, 1772442000000))
        case, = said['campaigns']
        self.assertEqual({k: case[k] for k in ('campaign', 'person', 'jurisdiction', 'zones', 'answer', 'until_ms')},
                         {'campaign': CAMPAIGN, 'person': 1, 'jurisdiction': 'RU', 'zones': ['Europe/Moscow'],
                          'answer': 'no', 'until_ms': 1772514000000})
        self.assertEqual(case['rule'], {'id': 'RU-T-LIMIT', 'law': 'law of a test, art. 7',
                                        'source': 'https://example.org/7', 'seen': '2026-03-01'})
        self.assertEqual(case['counts'], [
            {'rule': 'RU-T-LIMIT', 'used': 1, 'in_flight': 0, 'limit': 1,
             'contacts': [{'at_ms': 1772427600000, 'fact': 'conversation', 'campaign': CAMPAIGN,
                           'number': 79160000001, 'open': False}]}])
        self.assertEqual([(d['answer'], d['rule'], d['until_ms'], d['counts'][0]['used']) for d in said['decisions']],
                         [('yes', '', None, 0), ('no', 'RU-T-LIMIT', 1772485200000, 1)])

    def test_why_says_yes_to_who_was_not_called_and_no_at_night(self):
        self.assertIn('  It may be called now, until 2026-03-02 22:00:00 +03:00.\n', self.ctl('why', OTHER, '--at', NOON))
        night = self.ctl('why', OTHER, '--at', '2026-03-02T23:00:00+03:00', '--lang', 'ru')
        self.assertIn('  Звонить НЕЛЬЗЯ раньше 2026-03-03 08:00:00 +03:00.\n', night)
        self.assertIn('правило говорит: контакт только в эти часы: любой день 08:00–22:00 (часы: по месту жительства)\n', night)

    def test_why_before_any_rules_were_kept_is_an_error(self):
        self.ctl('why', WHO, '--at', '2020-01-01', status=1)
        self.ctl('why', WHO, '--lang', 'de', status=2)

    # ---- what people tell ----

    def test_a_mark_is_put_ended_and_stays_on_record(self):
        self.ctl('mark', 'add', OTHER, 'flag', 'bankrupt', '--until', '2026-03-09', '--source', 'court')
        row = {'person': 2, 'kind': 'flag', 'name': 'bankrupt', 'from': '2026-03-02T06:00:00.000Z',
               'until': '2026-03-09T00:00:00.000Z', 'set': '2026-03-02T06:00:00.000Z', 'source': 'court'}
        self.assertEqual(self.json('mark', 'list', OTHER), [row])
        self.ctl('mark', 'remove', OTHER, 'flag', 'bankrupt')
        self.assertEqual(self.json('mark', 'list', OTHER),
                         [{**row, 'from': '2026-03-02T05:59:59.999Z', 'until': '2026-03-02T06:00:00.000Z'}])
        self.ctl('mark', 'remove', OTHER, 'flag', 'minor', status=3)

    def test_a_registry_is_loaded_and_shows_its_age(self):
        self.write('dnc.csv', f'number\n{OTHER}\n+79169999999\n')
        self.assertEqual(self.json('registry', 'load', 'DNC', self.path('dnc.csv'), '--as-of', '2026-03-01'),
                         {'name': 'DNC', 'numbers': 2, 'before': 0, 'bad': 0})
        self.assertEqual(self.json('registry', 'list'),
                         [{'name': 'DNC', 'numbers': 2, 'as_of': '2026-03-01T00:00:00.000Z', 'age_days': 1,
                           'loaded': '2026-03-02T06:00:00.000Z'}])

    def test_a_suppression_is_never_shortened_and_is_taken_back_on_record(self):
        self.ctl('suppress', 'add', OTHER, '--until', '2026-03-05', '--reason', 'asked')
        self.ctl('suppress', 'add', OTHER, '--until', '2026-03-03')
        row = {'kind': 'number', 'who': OTHER, 'where': 'everywhere', 'since': '2026-03-02T06:00:00.000Z',
               'until': '2026-03-05T00:00:00.000Z', 'source': 'operator', 'reason': 'asked'}
        self.assertEqual(self.json('suppress', 'list', OTHER), [row])
        self.assertIn('before 2026-03-05 08:00:00 +03:00', self.ctl('why', OTHER, '--at', NOON))
        self.ctl('suppress', 'remove', OTHER)
        self.assertEqual(self.json('suppress', 'list'), [])
        self.assertEqual(self.json('suppress', 'list', '--all'), [{**row, 'until': '2026-03-02T06:00:00.000Z'}])
        self.assertIn('It may be called now', self.ctl('why', OTHER, '--at', NOON))
        self.ctl('suppress', 'remove', OTHER, status=3)

    def test_the_report_counts_hours_in_the_campaigns_zone_where_a_contact_has_none(self):
        self.store = self.path('other')
        self.write('bare.csv', f'contact_id,phone\na,{WHO}\n')
        subprocess.run([MAKER, 'init', self.store], check=True, timeout=60)
        self.ctl('list', 'import', CAMPAIGN, self.path('bare.csv'), '--zone', 'Asia/Vladivostok')
        subprocess.run([MAKER, 'law', self.store, self.path('rules.jsonl')], check=True, timeout=60)
        hours = json.loads(self.ctl('report', CAMPAIGN, '--format', 'json'))['hours']
        self.assertEqual([h['hour'] for h in hours if h['calls'] > 0], [15])  # 05:00 UTC

    # ---- forgetting ----

    def test_a_dry_run_of_erasing_counts_what_erasing_takes(self):
        gone = {'persons': 1, 'leads': 1, 'numbers': 1, 'attributes': 1, 'marks': 0, 'ledger': 1, 'outbox': 0,
                'evidence': 2, 'attempts': 1, 'recordings': 0}
        self.assertEqual(self.json('person', 'erase', WHO, '--dry-run'), {**gone, 'dry_run': True})
        self.assertEqual(neutral(self.ctl('why', WHO, '--at', NOON)), ENGLISH)
        self.assertEqual(self.json('person', 'erase', WHO), {**gone, 'dry_run': False})
        again = self.json('person', 'erase', WHO)
        self.assertEqual((again['leads'], again['ledger'], again['evidence']), (0, 0, 0))

    def test_recordings_go_before_the_person_does(self):
        os.makedirs(self.path('records/2026'))
        self.write('records/2026/a.opus', 'sound')
        self.write('records/2026/a.opus.sha256', 'sum')
        subprocess.run([MAKER, 'recording', self.store, WHO.lstrip('+'), '2026/a.opus'], check=True, timeout=60)
        self.assertEqual(self.json('person', 'erase', WHO, '--dry-run')['recordings'], 1)
        # nobody says where they are: nothing is erased
        self.ctl('person', 'erase', WHO, status=1)
        self.assertEqual(neutral(self.ctl('why', WHO, '--at', NOON)), ENGLISH)
        got = self.json('person', 'erase', WHO, '--recordings', self.path('records'))
        self.assertEqual((got['recordings'], got['leads']), (1, 1))
        self.assertEqual(os.listdir(self.path('records/2026')), [])
        self.assertEqual(self.json('person', 'erase', WHO)['recordings'], 0)

    def test_a_dry_run_of_retention_counts_and_keeps(self):
        kept = self.json('retention', '--dry-run')
        self.assertEqual(kept, {'attempts': 0, 'ledger': 0, 'outbox': 0, 'evidence': 0, 'marks': 0, 'tallies': 0,
                                'suppressions': 0, 'kept_active': 0, 'dry_run': True})
        self.assertEqual(neutral(self.ctl('why', WHO, '--at', NOON)), ENGLISH)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=1)
