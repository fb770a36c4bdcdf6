#!/usr/bin/env python3
"""zvonarctl on a store with a made-up campaign: the report's figures are counted again here, from
the exported log, with Python's own calendar; hostile names stay harmless in HTML, CSV and tables.

usage: report_test.py ZVONARCTL STORE_MAKER
"""
import csv
import html.parser
import io
import json
import os
import subprocess
import sys
import tempfile
import unittest
from collections import Counter, defaultdict
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

CTL, MAKER = sys.argv[1], sys.argv[2]
CAMPAIGN = 'база & <i>co</i>'
ZONES = ['Europe/Moscow', 'Asia/Yekaterinburg', 'Asia/Vladivostok']
N = 300


def ctl(*args, ok=(0,), **more):
    done = subprocess.run([CTL, *args], capture_output=True, timeout=60, **more)
    if done.returncode not in ok:
        raise AssertionError(f'{args}: status {done.returncode}: {done.stderr.decode()}')
    return done


def lines(data):
    return [json.loads(line) for line in data.decode().splitlines()]


class World:
    """One store for all tests."""

    def __init__(self, folder):
        self.dir = os.path.join(folder, 'store')
        self.list = os.path.join(folder, 'list.csv')
        with open(self.list, 'w', encoding='utf-8') as f:
            f.write('id;Телефон;Имя;zone\n')
            for i in range(N):
                name = '=cmd|\'/C calc\'!A1' if i % 5 == 0 else '<img src=x onerror=alert(1)>'
                f.write(f'=ID{i};+7916{i:07d};"{name}";{ZONES[i % 3]}\n')
            f.write('x;not a number;Bad;Europe/Moscow\n')
        subprocess.run([MAKER, 'init', self.dir], check=True, timeout=60)
        self.imported = json.loads(ctl('-d', self.dir, 'list', 'import', CAMPAIGN, self.list, '--map',
                                       'external_id=id,phone=Телефон,name=Имя', '--json').stdout)
        subprocess.run([MAKER, 'play', self.dir, '7'], check=True, timeout=120)
        self.log = lines(ctl('-d', self.dir, 'attempts', 'export').stdout)
        self.leads = lines(ctl('-d', self.dir, 'leads', 'export', '--campaign', CAMPAIGN).stdout)
        self.report = json.loads(ctl('-d', self.dir, 'report', CAMPAIGN, '--json').stdout)
        self.outcomes = self.final_outcomes()

    def final_outcomes(self):
        """Attempt -> its outcome row; a later row settles an `unknown`."""
        out = {}
        for row in self.log:
            if row['event'] == 'outcome':
                assert row['attempt'] not in out or row['amend'] == 1
                out[row['attempt']] = row
        return out


def sent(rows):
    return [r for r in rows if r['outcome'] != 'not_sent']


def local(world, row):
    lead = next(r for r in world.leads if r['lead'] == row['lead'])
    zone = ZoneInfo(lead['zone'])
    return datetime.fromtimestamp(row['invite_ms'] / 1000, timezone.utc).astimezone(zone)


def same(test, got, rows):
    """Compares a count of the report with rows of outcomes."""
    test.assertEqual(got['outcomes'], dict(Counter(r['outcome'] for r in rows)))
    test.assertEqual(got['calls'], len(sent(rows)))
    test.assertEqual(got['connected'], sum((r['answer_ms'] or 0) > 0 for r in rows))
    test.assertEqual(got['answered'], sum(r['outcome'] in ('answered', 'abandoned') for r in rows))


class Report(unittest.TestCase):
    def test_the_import_tells_what_became_of_each_row(self):
        self.assertEqual(W.imported['rows'], N + 1)
        self.assertEqual(W.imported['imported'], N)
        self.assertEqual(W.imported['rejected'], 1)
        self.assertTrue(os.path.exists(W.imported['rejects']))

    def test_categories_are_those_of_the_leads(self):
        count = Counter(r['category'] for r in W.leads)
        self.assertEqual(W.report['contacts'], N)
        self.assertEqual({c['category']: c['contacts'] for c in W.report['categories'] if c['contacts']},
                         dict(count))
        for c in W.report['categories']:
            self.assertAlmostEqual(c['share'], c['contacts'] / N)
        self.assertEqual(W.report['with_category'], N - count[None])

    def test_attempts_by_outcome_are_those_of_the_log(self):
        same(self, W.report['attempts'], list(W.outcomes.values()))
        self.assertIn('unknown', W.report['attempts']['outcomes'], 'the made-up campaign has a crash')

    def test_an_amended_outcome_replaces_the_unknown_one(self):
        amended = [r for r in W.log if r['event'] == 'outcome' and r['amend'] == 1]
        self.assertEqual(len(amended), 5)
        firsts = [r for r in W.log if r['event'] == 'outcome' and r['amend'] == 0
                  and r['outcome'] == 'unknown']
        self.assertEqual(W.report['attempts']['outcomes']['unknown'], len(firsts) - len(amended))

    def test_hours_are_local_to_each_contact(self):
        by = defaultdict(list)
        for row in W.outcomes.values():
            by[local(W, row).hour].append(row)
        self.assertGreater(len(by), 5)
        for hour in W.report['hours']:
            same(self, hour, by[hour['hour']])

    def test_days_and_their_parts_are_local_to_each_contact(self):
        by = defaultdict(list)
        for row in W.outcomes.values():
            at = local(W, row)
            part = 0 if at.hour < 12 else 1 if at.hour < 17 else 2
            by[at.date().isoformat(), part].append(row)
        self.assertEqual(len({d['day'] for d in W.report['days']}), len({d for d, _ in by}))
        for i, day in enumerate(W.report['days']):
            same(self, day, by[day['day'], i % 3])

    def test_waves_count_first_second_third_attempts(self):
        number = {r['attempt']: r['counts'] for r in W.log if r['event'] == 'intent'}
        by = defaultdict(list)
        for attempt, row in W.outcomes.items():
            by[number[attempt]].append(row)
        waves = {n for n, rows in by.items() if sent(rows)}
        self.assertEqual({w['attempt'] - 1 for w in W.report['waves']}, waves)
        for wave in W.report['waves']:
            same(self, wave, by[wave['attempt'] - 1])

    def test_most_calls_at_once_are_those_of_the_log(self):
        now = peak = talking = peak_talking = 0
        connected, open_now = set(), set()
        for row in W.log:
            if row['event'] == 'intent':
                open_now.add(row['attempt'])
            elif row['event'] == 'connect' and row['attempt'] in open_now:
                connected.add(row['attempt'])
            elif row['event'] == 'outcome':
                open_now.discard(row['attempt'])
                connected.discard(row['attempt'])
            peak, peak_talking = max(peak, len(open_now)), max(peak_talking, len(connected))
        self.assertGreater(peak, 5)
        self.assertEqual(W.report['real_time']['peak_calls'], peak)
        self.assertEqual(W.report['real_time']['peak_talking'], peak_talking)
        self.assertEqual(W.report['real_time']['open'], 0)

    def test_invites_and_the_fullest_second_are_those_of_the_log(self):
        intents = [r for r in W.log if r['event'] == 'intent']
        subs = sum(r['event'] == 'sub' for r in W.log)
        not_sent = sum(r['outcome'] == 'not_sent' for r in W.outcomes.values())
        self.assertGreater(subs, 0)
        self.assertEqual(W.report['real_time']['invites'], len(intents) + subs - not_sent)
        seconds = Counter(r['wall_ms'] // 1000 for r in intents)
        self.assertEqual(W.report['real_time']['peak_calls_a_second'], max(seconds.values()))

    def test_talk_time_is_that_of_the_log(self):
        # every outcome row counts: one that settles an unknown brings the times of the call
        rows = [r for r in W.log if r['event'] == 'outcome' and r['answer_ms'] > 0]
        talk = [r['end_ms'] - r['answer_ms'] for r in rows]
        self.assertEqual(W.report['talk']['talk_ms'], sum(talk))
        self.assertEqual(W.report['talk']['talk_max_ms'], max(talk))
        self.assertEqual(W.report['talk']['connected'], len(talk))
        self.assertEqual(W.report['talk']['ring_ms'], sum(r['answer_ms'] for r in rows))

    def test_messages_are_those_of_the_outbox(self):
        box = lines(ctl('-d', W.dir, 'outbox', 'list', '--json').stdout)
        self.assertGreater(len(box), 0)
        count = Counter(m['message'] for m in box)
        self.assertEqual({k: v for k, v in W.report['messages'].items() if v}, dict(count))
        self.assertEqual(W.report['messages_all'], len(box))
        self.assertEqual(len({m['key'] for m in box}), len(box), 'idempotency keys are unique')

    def test_csv_holds_the_same_figures(self):
        data = ctl('-d', W.dir, 'report', CAMPAIGN, '--format', 'csv').stdout.decode()
        rows = {(r['section'], r['item'], r['figure']): int(r['value'])
                for r in csv.DictReader(io.StringIO(data))}
        for wave in W.report['waves']:
            self.assertEqual(rows['attempt_number', str(wave['attempt']), 'calls'], wave['calls'])
        self.assertEqual(rows['attempts', 'all', 'answered'], W.report['attempts']['answered'])


class Page(html.parser.HTMLParser):
    VOID = {'meta', 'br', 'img', 'link', 'hr', 'input'}

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.texts, self.tags, self.attrs = [], [], Counter(), []

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.attrs += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags[tag] += 1
        self.attrs += attrs

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f'</{tag}> closes {self.open[-3:]}'
        self.open.pop()

    def handle_data(self, data):
        self.texts.append(data)


class Hostile(unittest.TestCase):
    def page(self):
        path = os.path.join(os.path.dirname(W.dir), 'report.html')
        ctl('-d', W.dir, 'report', CAMPAIGN, '--format', 'html', '--output', path)
        with open(path, encoding='utf-8') as f:
            return f.read()

    def test_the_page_is_well_formed_and_names_are_text(self):
        source = self.page()
        page = Page()
        page.feed(source)
        page.close()
        self.assertEqual(page.open, [])
        for tag in ('script', 'img', 'link', 'iframe', 'i onerror'):
            self.assertEqual(page.tags[tag], 0, tag)
        self.assertEqual(page.tags['svg'], 3)
        text = ''.join(page.texts)
        self.assertIn('<script>alert(1)</script>', text)
        self.assertIn('интересно', text)
        self.assertIn(CAMPAIGN, text)

    def test_the_page_needs_no_network(self):
        page = Page()
        source = self.page()
        page.feed(source)
        for name, value in page.attrs:
            self.assertNotIn(name, ('src', 'href', 'srcset', 'action'), value)
        self.assertNotIn('url(', source)
        self.assertNotIn('@import', source)
        self.assertIn("default-src 'none'", source)

    def test_csv_cells_are_no_formulas(self):
        data = ctl('-d', W.dir, 'leads', 'export', '--campaign', CAMPAIGN, '--csv').stdout.decode()
        rows = list(csv.DictReader(io.StringIO(data)))
        self.assertEqual(len(rows), N)
        for row in rows:
            for name, cell in row.items():
                if name.startswith('number'):
                    self.assertRegex(cell, r'^(\+\d+)?$')
                else:
                    self.assertNotIn(cell[:1], ('=', '+', '-', '@', '\t', '\r'), cell)
        self.assertTrue(any(r['category'].startswith("'=HYPERLINK(") for r in rows))
        self.assertTrue(all(r['external_id'].startswith("'=ID") for r in rows))

    def test_json_gives_names_back_unchanged(self):
        self.assertTrue(any(r['category'] == '=HYPERLINK("http://example.com")' for r in W.leads))
        self.assertEqual({r['external_id'] for r in W.leads}, {f'=ID{i}' for i in range(N)})

    def test_tsv_is_a_number_and_a_category_a_contact(self):
        data = ctl('-d', W.dir, 'leads', 'export', '--campaign', CAMPAIGN, '--tsv').stdout.decode()
        rows = [line.split('\t') for line in data.splitlines()]
        self.assertEqual(len(rows), N)
        want = {(r['number1'][1:], r['category'] or '') for r in W.leads}
        self.assertEqual({tuple(r) for r in rows}, want)

    def test_tables_are_shown_without_control_characters(self):
        for args in (['report', CAMPAIGN], ['campaign', 'list'], ['campaign', 'show', CAMPAIGN],
                     ['store', 'info'], ['outbox', 'list']):
            out = ctl('-d', W.dir, *args).stdout
            self.assertNotIn(b'\x1b', out)
            self.assertGreater(len(out), 20)


class Store(unittest.TestCase):
    def test_the_store_is_whole(self):
        self.assertIn(b'whole', ctl('-d', W.dir, 'store', 'check').stderr)

    def test_call_ids_are_unique_and_carry_their_attempt(self):
        ids = {}
        for row in W.log:
            if row['event'] in ('intent', 'sub'):
                self.assertNotIn(row['call_id'], ids)
                ids[row['call_id']] = row
                self.assertTrue(row['call_id'].startswith(row['attempt']))

    def test_attempts_csv_has_the_same_rows(self):
        data = ctl('-d', W.dir, 'attempts', 'export', '--format', 'csv').stdout.decode()
        rows = list(csv.DictReader(io.StringIO(data)))
        self.assertEqual([r['seq'] for r in rows], [str(r['seq']) for r in W.log])

    def test_importing_again_adds_nobody(self):
        again = json.loads(ctl('-d', W.dir, 'list', 'import', CAMPAIGN, W.list, '--map',
                               'external_id=id,phone=Телефон,name=Имя', '--json').stdout)
        self.assertEqual(again['imported'], 0)

    def test_a_dry_run_writes_nothing(self):
        before = ctl('-d', W.dir, 'store', 'info', '--json').stdout
        other = os.path.join(os.path.dirname(W.dir), 'other.csv')
        with open(other, 'w', encoding='utf-8') as f:
            f.write('phone,name\n+79031112233,Ann\n')
        dry = json.loads(ctl('-d', W.dir, 'list', 'import', CAMPAIGN, other, '--dry-run', '--json').stdout)
        self.assertEqual((dry['rows'], dry['imported']), (1, 1))
        self.assertEqual(ctl('-d', W.dir, 'store', 'info', '--json').stdout, before)

    def test_starting_without_a_daemon_goes_into_the_store(self):
        ctl('-d', W.dir, '-s', '/nonexistent/s', 'campaign', 'pause', CAMPAIGN)
        show = json.loads(ctl('-d', W.dir, 'campaign', 'show', CAMPAIGN, '--json').stdout)
        self.assertEqual(show['state'], 'paused')
        self.assertEqual(show['leads'], N)

    def test_what_is_not_there_is_3(self):
        ctl('-d', W.dir, 'report', 'nobody', ok=(3,))
        ctl('-d', W.dir, '-s', '/nonexistent/s', 'campaign', 'start', 'nobody', ok=(3,))
        ctl('-d', W.dir, 'leads', 'export', '--campaign', 'nobody', ok=(3,))
        ctl('-d', W.dir, 'list', 'import', 'nobody', W.list, ok=(3,))
        ctl('-d', W.dir, 'list', 'import', CAMPAIGN, '/nonexistent.csv', ok=(3,))
        ctl('-d', '/nonexistent', 'store', 'info', ok=(3,))

    def test_a_full_disk_is_an_error(self):
        with open('/dev/full', 'wb') as full:
            done = subprocess.run([CTL, '-d', W.dir, 'attempts', 'export'], stdout=full,
                                  stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b'could not be written', done.stderr)


if __name__ == '__main__':
    with tempfile.TemporaryDirectory(prefix='zv-ctl-') as temp:
        W = World(temp)
        done = unittest.main(argv=[sys.argv[0]], exit=False).result
    bad = len(done.failures) + len(done.errors)
    print(f'{done.testsRun - bad} passed, {bad} failed, 0 skipped')
    sys.exit(bad > 0)
