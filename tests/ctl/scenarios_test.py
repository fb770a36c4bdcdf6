#!/usr/bin/env python3
"""zvonarctl rules test: the sample scenarios hold, each of them can fail, and a file that is wrong is
refused with its place.  usage: scenarios_test.py ZVONARCTL"""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

CTL = sys.argv[1]
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RULES = os.path.join(ROOT, 'conf', 'rules')
FOLDER = os.path.join(RULES, 'scenarios')
FILES = sorted(glob.glob(os.path.join(FOLDER, '*.yaml')))
LEAST = 120

SMALL = '''rules: {rules}/gb.jsonl
zone: Europe/London
person: {{jur: GB, residence: [Europe/London], numbers: [+442079460123]}}
campaign: {{purpose: service, channel: voice_agent, mode: predictive, actor: creditor}}
scenarios:
  - name: after an abandoned call
    events: [{{at: Mon 2026-11-23 09:00, was: abandon}}]
    ask: {{at: Mon 2026-11-23 10:00}}
    expect: {expect}
'''


def run(*args):
    return subprocess.run([CTL, 'rules', 'test', *args], capture_output=True, timeout=60, text=True)


def read(path):
    with open(path, encoding='utf-8') as f:
        return f.read()


class Samples(unittest.TestCase):
    def test_all_hold(self):
        done = run(*FILES)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stdout, '')
        n = int(re.search(r'(\d+) scenarios', done.stderr).group(1))
        self.assertGreaterEqual(n, LEAST)

    def test_every_scenario_is_asked_and_named_once_a_file(self):
        for path in FILES:
            done = run('--json', path)
            rows = [json.loads(line) for line in done.stdout.splitlines()]
            names = [row['name'] for row in rows]
            self.assertEqual(len(rows), len(re.findall(r'^  - name: ', read(path), re.M)), path)
            self.assertEqual(len(set(names)), len(names), path)

    def test_every_sample_rule_is_asked_about(self):
        text = '\n'.join(read(path) for path in FILES)
        for path in glob.glob(os.path.join(RULES, '*.jsonl')):
            for line in read(path).splitlines():
                if line.strip():
                    rule = json.loads(line)
                    self.assertTrue(re.search(r'\b' + re.escape(rule['id']) + r'\b', text), rule['id'])

    def test_every_limit_is_seen_below_at_and_above_it(self):
        """Counts of limit - 1, limit and limit + 1 stand in an expectation of each counting rule."""
        text = '\n'.join(read(path) for path in FILES)
        for path in glob.glob(os.path.join(RULES, '*.jsonl')):
            for line in read(path).splitlines():
                rule = json.loads(line)
                if rule['kind'] != 'freq' or rule['freq'].get('unit') == 'seconds':
                    continue
                limit = rule['freq']['limit']
                seen = {int(n) for n in re.findall(re.escape(rule['id']) + r': (\d+)\b(?!\+)', text)}
                self.assertLessEqual({limit - 1, limit, limit + 1}, seen, rule['id'])

    def twisted(self, path, change):
        """Runs a changed copy of a file in a tree like its own."""
        with tempfile.TemporaryDirectory() as folder:
            rules = os.path.join(folder, 'rules')
            os.makedirs(os.path.join(rules, 'scenarios'))
            os.symlink(os.path.join(ROOT, 'conf', 'calendars'), os.path.join(folder, 'calendars'))
            os.symlink(os.path.join(FOLDER, 'calendars'), os.path.join(rules, 'scenarios', 'calendars'))
            for name in glob.glob(os.path.join(RULES, '*.jsonl')):
                os.symlink(name, os.path.join(rules, os.path.basename(name)))
            copy = os.path.join(rules, 'scenarios', os.path.basename(path))
            with open(copy, 'w', encoding='utf-8') as f:
                f.write(re.sub(r'^    expect: .*', lambda m: change(m[0]), read(path), flags=re.M))
            return run(copy)

    def test_each_scenario_fails_when_another_answer_is_expected(self):
        for path in FILES:
            done = self.twisted(path, lambda line: re.sub(
                r'answer: (\w+)', lambda m: 'answer: ' + ('yes' if m[1] == 'agent_only' else 'agent_only'), line))
            self.assertEqual(done.returncode, 1, path + done.stderr)
            self.assertEqual(done.stdout.count('FAILED '), read(path).count('\n    expect: '), path)

    def test_each_end_fails_when_it_is_a_second_off(self):
        moment = re.compile(r'until: (?:\w{3} )?[\d-]{10} \d\d:\d\d(?=[ ,}])')
        for path in FILES:
            expected = '\n'.join(re.findall(r'^    expect: .*', read(path), re.M))
            done = self.twisted(path, lambda line: moment.sub(r'\g<0>:01', line))
            shown = done.stdout.count('- until ') + done.stdout.count('- open_until ')
            self.assertEqual(shown, len(moment.findall(expected)), path + done.stderr)
            self.assertEqual(done.returncode, 1 if shown > 0 else 0, path + done.stderr)

class Runner(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, 'one.yaml')

    def tearDown(self):
        self.folder.cleanup()

    def small(self, expect='{answer: agent_only, rule: GB-OFCOM-72H}', change=lambda text: text):
        with open(self.path, 'w', encoding='utf-8') as f:
            f.write(change(SMALL.format(rules=RULES, expect=expect)))
        return self.path

    def refused(self, place, says, *args, **kwargs):
        done = run(self.small(*args, **kwargs))
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn(f'{self.path}:{place}', done.stderr)
        self.assertIn(says, done.stderr)

    def test_the_small_one_holds(self):
        done = run(self.small())
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stdout, '')

    def test_a_difference_is_printed_in_words_and_the_status_is_one(self):
        done = run(self.small('{answer: agent_only, rule: GB-OFCOM-AMD24, until: Thu 2026-11-26 09:01}'))
        self.assertEqual(done.returncode, 1)
        self.assertIn(f'FAILED {self.path}:6: after an abandoned call', done.stdout)
        self.assertIn('may we contact +442079460123', done.stdout)
        self.assertIn('Mon 2026-11-23 10:00 +00:00 Europe/London', done.stdout)
        self.assertRegex(done.stdout, r'- rule +expected GB-OFCOM-AMD24, got GB-OFCOM-72H')
        self.assertRegex(done.stdout, r'- until +expected Thu 2026-11-26 09:01 \+00:00 Europe/London, '
                                      r'got Thu 2026-11-26 09:00 \+00:00 Europe/London')
        self.assertNotIn('- answer', done.stdout)
        self.assertIn('1 scenarios of 1 files: 1 failed', done.stderr)

    def test_json_says_the_same(self):
        done = run('--json', self.small('{answer: yes}'))
        self.assertEqual(done.returncode, 1)
        row = json.loads(done.stdout)
        self.assertFalse(row['ok'])
        self.assertEqual(row['line'], 6)
        self.assertEqual(row['differences'], [{'what': 'answer', 'expected': 'yes', 'got': 'agent_only'}])

    def test_verbose_tells_of_those_that_hold(self):
        done = run('--verbose', self.small())
        self.assertEqual(done.returncode, 0)
        self.assertIn('ok     ', done.stdout)
        self.assertIn('GB-OFCOM-72H', done.stdout)

    def test_a_word_that_is_not_known_is_refused_with_its_place(self):
        self.refused('8:', 'unknown key att', change=lambda t: t.replace('ask: {at:', 'ask: {att:'))
        self.refused('4:21:', 'charity is not known', change=lambda t: t.replace('purpose: service', 'purpose: charity'))
        self.refused('7:', 'shouting is not known', change=lambda t: t.replace('was: abandon', 'was: shouting'))
        self.refused('2:7:', 'no time zone', change=lambda t: t.replace('zone: Europe/London', 'zone: Europe/Londno', 1))

    def test_a_weekday_that_is_not_the_dates_is_refused(self):
        self.refused('8:15:', 'that day is a Mon', change=lambda t: t.replace('ask: {at: Mon', 'ask: {at: Tue'))

    def test_a_day_that_does_not_exist_is_refused(self):
        self.refused('8:15:', 'a time', change=lambda t: t.replace('ask: {at: Mon 2026-11-23', 'ask: {at: 2027-02-29'))

    def test_a_wall_time_that_is_there_twice_or_never_wants_an_offset(self):
        for day in ('2026-10-25', '2026-03-29'):
            self.refused('8:15:', 'twice or never', change=lambda t, d=day: t.replace(
                'ask: {at: Mon 2026-11-23 10:00', f'ask: {{at: Sun {d} 01:30'))
        done = run(self.small('{answer: yes}', change=lambda t: t.replace(
            'ask: {at: Mon 2026-11-23 10:00', 'ask: {at: Sun 2026-10-25 01:30 +01:00')))
        self.assertNotEqual(done.returncode, 2, done.stderr)

    def test_a_no_must_be_pinned_down(self):
        self.refused('9:13:', '`until`', '{answer: no, rule: GB-OFCOM-72H}')
        self.refused('9:13:', '`rule`', '{answer: no, until: never}')
        self.refused('9:13:', 'an answer', '{rule: GB-OFCOM-72H}')

    def test_a_rule_that_nobody_loaded_cannot_be_expected(self):
        self.refused('9:40:', 'have no GB-OFCOM-73H', '{answer: agent_only, rule: GB-OFCOM-73H}')

    def test_rules_that_are_wrong_are_told_with_their_own_place(self):
        bad = os.path.join(self.folder.name, 'bad.jsonl')
        with open(bad, 'w', encoding='utf-8') as f:
            f.write('\n{"id":"GB-X","jur":"GB","kind":"freq"}\n')
        done = run(self.small(change=lambda t: t.replace(f'{RULES}/gb.jsonl', 'bad.jsonl')))
        self.assertEqual(done.returncode, 2)
        self.assertIn(f'{bad}:2:', done.stderr)

    def test_files_that_are_not_there_and_empty_lists_are_refused(self):
        done = run(os.path.join(self.folder.name, 'nothing.yaml'))
        self.assertEqual(done.returncode, 2)
        self.refused('1:8:', 'No such file', change=lambda t: t.replace('gb.jsonl', 'xx.jsonl'))
        with open(self.path, 'w', encoding='utf-8') as f:
            f.write('zone: UTC\nscenarios: []\n')
        self.assertEqual(run(self.path).returncode, 2)

    def test_one_bad_file_does_not_hide_the_failures_of_another(self):
        other = os.path.join(self.folder.name, 'other.yaml')
        with open(other, 'w', encoding='utf-8') as f:
            f.write('zone: UTC\n')
        done = run(other, self.small('{answer: yes}'))
        self.assertEqual(done.returncode, 2)
        self.assertIn('FAILED ', done.stdout)

    def test_a_terminal_is_not_steered_by_a_name(self):
        done = run(self.small('{answer: yes}', change=lambda t: t.replace(
            'name: after an', 'name: "\\e[31m after an').replace('call\n', 'call"\n')))
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertNotIn('\x1b', done.stdout)

    def test_nothing_is_left_in_the_temporary_folder(self):
        with tempfile.TemporaryDirectory() as tmp:
            done = subprocess.run([CTL, 'rules', 'test', os.path.join(FOLDER, 'windows.yaml')],
                                  capture_output=True, timeout=60, env={**os.environ, 'TMPDIR': tmp})
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(os.listdir(tmp), [])


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
