#!/usr/bin/env python3
"""zvonarctl simulate: every sample runs, the figures are those of the days, the same seed gives the
same trace however many processes, what is wrong is told with its place.
usage: simulate_test.py ZVONARCTL PLUGIN_DIR..."""
import glob
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ET

CTL = sys.argv[1]
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDER = os.path.join(ROOT, 'conf', 'scenarios')
T = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776}

SMALL = '''conf: {folder}/base/zvonar.yaml
start: 2026-11-24T09:00:00+03:00
span: 1h
campaigns:
  collection: {{leads: 3000, agents: yes, strategy: plain, {more}}}
staff:
  day: {{agents: 10}}
pacers:
  predictive: {{mode: predictive}}
  progressive: {{mode: progressive}}
'''


class Simulate(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.dir)
        for plugin in sys.argv[2:]:
            shutil.copy(plugin, self.dir)
            os.chmod(os.path.join(self.dir, os.path.basename(plugin)), 0o644)

    def run_it(self, file, *more, status=0):
        got = subprocess.run([CTL, 'simulate', file, '--plugins', self.dir, *more], capture_output=True,
                             text=True, timeout=200)
        self.assertEqual(got.returncode, status, got.stderr)
        return got

    def small(self, more='answer: 30%'):
        path = os.path.join(self.dir, 'small.yaml')
        with open(path, 'w', encoding='utf-8') as f:
            f.write(SMALL.format(folder=FOLDER, more=more))
        return path

    def test_every_sample_runs_a_while(self):
        files = sorted(glob.glob(os.path.join(FOLDER, '*.yaml')))
        self.assertGreaterEqual(len(files), 7)
        for file in files:
            got = json.loads(self.run_it(file, '--seeds', '1', '--what-if', 'span=40m', '--json').stdout)
            for case in got['cases']:
                self.assertGreater(case['figures']['answered']['mean'], 20, file)
                self.assertEqual(case['broken'], 0, case['days'][0]['first_broken'])

    def test_the_figures_are_those_of_the_days(self):
        got = json.loads(self.run_it(self.small(), '--seeds', '4', '--json').stdout)
        self.assertEqual([c['pacer'] for c in got['cases']], ['predictive', 'progressive'])
        for case in got['cases']:
            self.assertEqual([d['seed'] for d in case['days']], [1, 2, 3, 4])
            for name, figure in case['figures'].items():
                v = [d[name] for d in case['days']]
                mean = sum(v) / len(v)
                half = T[len(v)] * math.sqrt(sum((x - mean) ** 2 for x in v) / (len(v) - 1) / len(v))
                self.assertAlmostEqual(figure['mean'], mean, 6)
                self.assertAlmostEqual(figure['half'], half, delta=1e-4 + half * 1e-3)
            calls = sum(s['calls'] for s in case['series'])
            self.assertAlmostEqual(calls, case['figures']['calls']['mean'], 3)
        fast, slow = got['cases']
        self.assertGreater(fast['figures']['occupancy_percent']['mean'],
                           slow['figures']['occupancy_percent']['mean'] + 5)
        self.assertEqual(slow['figures']['abandoned_percent']['mean'], 0)

    def test_the_same_seed_gives_the_same_trace_in_any_number_of_processes(self):
        file = self.small()
        traces = []
        for jobs in '1', '3':
            got = json.loads(self.run_it(file, '--seeds', '3', '--jobs', jobs, '--json').stdout)
            traces.append([[d['trace'] for d in c['days']] for c in got['cases']])
        self.assertEqual(traces[0], traces[1])
        self.assertEqual(len(set(traces[0][0])), 3)
        one = json.loads(self.run_it(file, '--seeds', '1', '--seed', '2', '--json').stdout)
        self.assertEqual(one['cases'][0]['trace'], traces[0][0][1])

    def test_a_what_if_changes_scenario_or_configuration(self):
        file = self.small()
        got = json.loads(self.run_it(file, '--seeds', '2', '--what-if', 'staff.day.agents=5,20', '--json').stdout)
        self.assertEqual([(c['value'], c['pacer']) for c in got['cases']],
                         [(v, p) for v in ('5', '20') for p in ('predictive', 'progressive')])
        handed = [c['figures']['to_agents']['mean'] for c in got['cases']]
        self.assertGreater(handed[2], 2 * handed[0])
        got = json.loads(self.run_it(file, '--seeds', '1', '--json', '--what-if',
                                     'conf.campaigns.collection.ring_time=16s,28s').stdout)
        ratio = [c['figures']['calls_a_talk']['mean'] for c in got['cases'][::2]]
        self.assertGreater(ratio[0], ratio[1] * 1.08, 'a short ring time costs calls')

    def test_recorded_times_are_read(self):
        with open(os.path.join(self.dir, 'talks.txt'), 'w', encoding='utf-8') as f:
            f.write('seconds\n' + '\n'.join(str(20 + i % 5) for i in range(100)))
        file = self.small('talk: recorded talks.txt, wrapup: fixed 1s')
        got = json.loads(self.run_it(file, '--seeds', '1', '--json').stdout)
        case = got['cases'][1]['figures']
        self.assertGreater(case['to_agents']['mean'] * 22 / 36000, 0.05)
        self.assertAlmostEqual(case['occupancy_percent']['mean'],
                               case['to_agents']['mean'] * 23 / 360, delta=2)

    def test_the_page_has_its_charts(self):
        page = os.path.join(self.dir, 'day.html')
        table = self.run_it(self.small(), '--seeds', '2', '--html', page).stdout
        with open(page, encoding='utf-8') as f:
            html = f.read()
        charts = re.findall(r'<svg.*?</svg>', html, re.S)
        self.assertEqual(len(charts), 6)
        for chart in charts:
            paths = [p for p in ET.fromstring(chart).iter() if p.tag == 'path']
            self.assertEqual(len(paths), 2)
            self.assertTrue(all(re.fullmatch(r'([ML][0-9.]+ -?[0-9.]+)+', p.get('d')) for p in paths))
        self.assertNotIn('http:', html)
        self.assertNotIn('https:', html)
        for trace in re.findall(r'\b[0-9a-f]{16}\b', table):
            self.assertIn(trace, html)

    def test_what_is_wrong_is_told_with_its_place(self):
        for more, text in (('answer: 130%', 'small.yaml:5'), ('anser: 30%', 'anser'), ('talk: often', 'talk'),
                           ('results: {sold: 1}', 'no such result'), ('zones: [Europe/Nowhere]', 'Nowhere')):
            got = self.run_it(self.small(more), status=1)
            self.assertIn(text, got.stderr)
            self.assertEqual(got.stdout, '')
        self.run_it(self.small(), '--what-if', 'nonsense', status=2)
        self.assertIn('what-if', self.run_it(self.small(), '--what-if', 'staff.day.agents=many', status=1).stderr)

    def test_the_settings_are_printed(self):
        got = subprocess.run([CTL, 'simulate', '--settings'], capture_output=True, text=True, timeout=20)
        self.assertEqual(got.returncode, 0)
        for word in 'answer_by_hour', 'lunch_apart', 'missed_machines', 'agents_vanish':
            self.assertIn(word, got.stdout)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=2)
