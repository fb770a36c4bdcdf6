#!/usr/bin/env python3
"""zvonarctl numbers import and numbers show.  The compiled table is read by Python from its
description, and compared with the CSV file by hand.
usage: numbers_test.py ZVONARCTL SOURCE_ROOT"""
import csv
import json
import os
import random
import re
import struct
import subprocess
import sys
import tempfile
import unittest
import zoneinfo

CTL, ROOT = sys.argv[1], sys.argv[2]
HEAD = '\ufeffАВС/ DEF;От;До;Емкость;Оператор;Регион;Территория ГАР;ИНН\r\n'
REGIONS = {'Москва': 'Город Москва', 'Свердловская область': 'г.о. город Екатеринбург|Свердловская область',
           'Омская область': 'г.о. Омск|Омская область', 'Томская область': 'Томская область',
           'Республика Алтай': 'Республика Алтай', 'Алтайский край': 'г. Бийск|Алтайский край',
           'Ненецкий автономный округ': 'Ненецкий автономный округ',
           'Ямало-Ненецкий автономный округ': 'Ямало - Ненецкий автономный округ'}


def ctl(*args):
    return subprocess.run([CTL, *args], capture_output=True, timeout=60, text=True)


def read(path):
    with open(path, 'rb') as f:
        return f.read()


def sample(country):
    return os.path.join(ROOT, 'conf', 'numbering', f'{country}-sample.csv')


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def read_table(path):
    """(jurisdiction, [(first, last, region, line)])"""
    with open(path, 'rb') as f:
        data = f.read()
    magic, version, crc, jur, n_regions, n_ranges = struct.unpack('>8sII8sII', data[:32])
    assert (magic, version, crc) == (b'ZVNUMBER', 1, crc32c(data[16:])), 'head'
    at = 32 + 64 * n_regions
    regions = [data[32 + 64 * i:96 + 64 * i].split(b'\0')[0].decode() for i in range(n_regions)]
    rows = [struct.unpack('>QIHBB', data[i:i + 16]) for i in range(at, at + 16 * n_ranges, 16)]
    assert len(data) == at + 16 * n_ranges, 'length'
    return jur.rstrip(b'\0').decode(), [(a, a + n, regions[r], line) for a, n, r, line, _ in rows]


def write(folder, *rows, head=HEAD):
    path = os.path.join(folder, 'registry.csv')
    with open(path, 'w', encoding='utf-8', newline='') as f:
        f.write(head + ''.join(row + '\r\n' for row in rows))
    return path


def row(code, first, last, place, region='-'):
    return f'{code:03};{first:07};{last:07};{last - first + 1};ПАО "Образец";{region};{place};77'


class Import(unittest.TestCase):
    def compiled(self, *rows, country='ru', warned=False):
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, 'table')
            done = ctl('numbers', 'import', write(folder, *rows), '--country', country, '--out', out)
            self.assertEqual(done.returncode, 0, done.stderr)
            if not warned:
                self.assertEqual(done.stderr, '')
            self.assertEqual(os.listdir(folder).sort(), ['registry.csv', 'table'].sort())
            return read_table(out)[1]

    def test_the_sample_of_russia_comes_out_as_it_went_in(self):
        with open(sample('ru'), encoding='utf-8-sig', newline='') as f:
            head, *rows = csv.reader(f, delimiter=';')
        self.assertEqual(head[6], 'Территория ГАР')
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, 'table')
            done = ctl('numbers', 'import', sample('ru'), '--country', 'RU', '--out', out, '--json')
            self.assertEqual((done.returncode, done.stderr), (0, ''))
            told = {r['what']: r['value'] for r in json.loads(done.stdout)}
            jur, table = read_table(out)
            self.assertEqual(told['bytes'], os.path.getsize(out))
        self.assertEqual(jur, 'RU')
        self.assertEqual(told['rows'], len(rows))
        self.assertEqual(told['numbers'], sum(int(r[2]) - int(r[1]) + 1 for r in rows))
        self.assertEqual(told['ranges'], len(table))
        for r in rows:
            first, last = int(f'7{r[0]}{r[1]}'), int(f'7{r[0]}{r[2]}')
            hit = [t for t in table if t[0] <= first and last <= t[1]]
            self.assertEqual(len(hit), 1, r)
            self.assertEqual(hit[0][3], 1 if r[0].startswith('9') else 2)
        self.assertIn((74951000000, 74951019999, 'Москва', 2), table, 'neighbours are joined')

    def test_random_ranges_are_those_of_a_count_by_hand(self):
        rng = random.Random(int(os.environ.get('ZVONAR_SEED', '7')))
        for _ in range(40):
            rows, want = [], {}
            for _ in range(rng.randrange(1, 30)):
                first = rng.randrange(0, 300)
                last = first + rng.randrange(0, 40)
                name, place = rng.choice(list(REGIONS.items()))
                rows.append(row(495, first, last, place))
                for n in range(first, last + 1):
                    want[n] = name if want.get(n, name) == name else ''
            have = {}
            table = self.compiled(*rows, warned=True)
            for first, last, region, line in table:
                self.assertEqual(line, 2)
                for n in range(first, last + 1):
                    self.assertNotIn(n, have, 'two ranges over one number')
                    have[n] = region
            self.assertEqual(have, {74950000000 + n: name for n, name in want.items()}, rows)
            self.assertEqual(table, sorted(table))
            self.assertTrue(all(a[1] + 1 != b[0] or a[2:] != b[2:] for a, b in zip(table, table[1:])),
                            'neighbours of one place are joined')

    def test_every_broken_row_refuses_the_whole_with_its_line(self):
        good = row(495, 0, 9, 'Город Москва')
        broken = [('49;0000000;0000009;10;x;-;Город Москва;7', '10 digits'),
                  ('495;000000;0000009;10;x;-;Город Москва;7', '10 digits'),
                  ('495;0000009;0000000;10;x;-;Город Москва;7', 'before'),
                  ('495;0000000;0000009;11;x;-;Город Москва;7', 'Емкость'),
                  ('495;0000000;000000x;10;x;-;Город Москва;7', 'digits alone'),
                  ('495;0000000;0000009;10;x;-;Город Москва', '7 cells'),
                  ('495;0000000;0000009;10;x;-;Город Москва;7;8', '9 cells'),
                  ('777;0000000;0000009;10;x;-;Город Москва;7', 'not of RU'),
                  ('495;+000000;0000009;10;x;-;Город Москва;7', 'digits alone'),
                  ('495;0000000;0000009;10;"x;-;Город Москва;7";', 'cells'),
                  ('\0;0000000;0000009;10;x;-;Город Москва;7', 'zero byte')]
        for text, words in broken:
            with tempfile.TemporaryDirectory() as folder, self.subTest(row=text):
                out = os.path.join(folder, 'table')
                done = ctl('numbers', 'import', write(folder, good, text, good.replace('0;0', '0;1', 0)),
                           '--country', 'ru', '--out', out)
                self.assertEqual(done.returncode, 1)
                self.assertIn(':3: ', done.stderr)
                self.assertIn(words, done.stderr)
                self.assertFalse(os.path.exists(out), 'nothing was written')

    def test_what_is_no_registry_is_refused(self):
        for text in ('', '<html>Not found</html>\n', 'a;b;c\n1;2;3\n', HEAD, HEAD.replace('От', 'Ot')):
            with tempfile.TemporaryDirectory() as folder:
                done = ctl('numbers', 'import', write(folder, head=text), '--country', 'ru')
                self.assertEqual(done.returncode, 1, text)
        self.assertEqual(ctl('numbers', 'import', '/nonexistent.csv', '--country', 'ru').returncode, 3)
        self.assertEqual(ctl('numbers', 'import', sample('ru')).returncode, 2)
        self.assertEqual(ctl('numbers', 'import', sample('ru'), '--country', 'fr').returncode, 2)

    def test_a_table_is_replaced_whole_or_stays(self):
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, 'table')
            self.assertEqual(ctl('numbers', 'import', sample('ru'), '--country', 'ru', '--out', out).returncode, 0)
            before = read(out)
            bad = write(folder, row(495, 9, 0, 'Город Москва'))
            self.assertEqual(ctl('numbers', 'import', bad, '--country', 'ru', '--out', out).returncode, 1)
            self.assertEqual(read(out), before)
            self.assertEqual(sorted(os.listdir(folder)), ['registry.csv', 'table'])

    def test_places_in_all_their_forms(self):
        forms = [('Город Санкт-Петербург', 'Санкт-Петербург'), ('ГФЗ Москва', 'Москва'),
                 ('обл. Кемеровская', 'Кемеровская область — Кузбасс'),
                 ('г. Прокопьевск|г.о. Прокопьевский|Кемеровская область - Кузбасс',
                  'Кемеровская область — Кузбасс'),
                 ('РЕСПУБЛИКА САХА /ЯКУТИЯ/', 'Республика Саха (Якутия)'),
                 ('Респ. Северная Осетия - Алания', 'Северная Осетия — Алания'),
                 ('Республика Кабардино - Балкарская', 'Кабардино-Балкарская Республика'),
                 ('Орёл', 'Орловская область'), ('г.\u00a0Нижний Новгород', 'Нижегородская область'),
                 ('Ханты-Мансийский Автономный округ - Югра', 'Ханты-Мансийский АО — Югра'),
                 ('Чувашская Республика - Чувашия', 'Чувашская Республика'),
                 ('Российская Федерация', 'Российская Федерация')]
        table = self.compiled(*[row(301, 100 * i, 100 * i + 50, form) for i, (form, _) in enumerate(forms)])
        self.assertEqual([t[2] for t in table], [name for _, name in forms])
        self.assertEqual(self.compiled(row(301, 0, 9, 'м.р-н Никольский', 'г. Пенза|Пензенская обл.'))[0][2],
                         'Пензенская область', 'a place that is none falls back to the region')


class Show(unittest.TestCase):
    def show(self, number, *tables):
        done = ctl('numbers', 'show', number, *tables, '--json')
        self.assertEqual(done.returncode, 0, done.stderr)
        shown = json.loads(done.stdout)
        for zone in shown['zones'].split():
            zoneinfo.ZoneInfo(zone)
        return shown

    def test_without_a_table_the_country_stands_for_itself(self):
        for number, jur, line, zones in (('+79161234567', 'RU', 'mobile', 11), ('+74951234567', 'RU', 'landline', 11),
                                         ('+77012345678', 'KZ', 'mobile', 2), ('+77272345678', 'KZ', 'landline', 2),
                                         ('+380671234567', 'UA', 'mobile', 1), ('+380441234567', 'UA', 'landline', 1),
                                         ('+447700900123', 'GB', 'mobile', 1), ('+442079460123', 'GB', 'landline', 1),
                                         ('+4915123456789', 'DE', 'mobile', 1), ('+33612345678', 'FR', 'mobile', 1),
                                         ('+353861234567', 'IE', 'mobile', 1), ('+13055550100', 'US-FL', '', 1),
                                         ('+18505550100', 'US-FL', '', 2), ('+19155550100', 'US-TX', '', 2)):
            shown = self.show(number)
            self.assertEqual((shown['jur'], shown['line'], len(shown['zones'].split())), (jur, line, zones), number)

    def test_a_number_that_nobody_knows_is_not_called(self):
        for number in ('+14165550100', '+18005550100', '+70001234567', '+441534123456', '+81312345678', '+7916123456'):
            done = ctl('numbers', 'show', number)
            self.assertEqual((done.returncode, done.stdout), (3, ''), number)
        self.assertEqual(ctl('numbers', 'show', 'ring ring').returncode, 2)

    def test_every_clock_of_russia_is_a_candidate(self):
        import datetime
        now = datetime.datetime(2026, 11, 22, tzinfo=datetime.timezone.utc)
        hours = {now.astimezone(zoneinfo.ZoneInfo(z)).utcoffset().total_seconds() / 3600
                 for z in self.show('+79161234567')['zones'].split()}
        self.assertEqual(hours, set(range(2, 13)))

    def test_a_table_says_more(self):
        with tempfile.TemporaryDirectory() as folder:
            tables = []
            for country in ('ru', 'ua', 'kz'):
                tables.append(os.path.join(folder, country))
                self.assertEqual(ctl('numbers', 'import', sample(country), '--country', country, '--out',
                                     tables[-1]).returncode, 0)
            for number, region, zones in (
                    ('+73432123456', 'Свердловская область', 'Asia/Yekaterinburg'),
                    ('8 (411) 230-00-01', 'Якутск', 'Asia/Yakutsk'),
                    ('+74114700001', 'Республика Саха (Якутия)',
                     'Asia/Yakutsk Asia/Vladivostok Asia/Srednekolymsk'),
                    ('+79142000001', 'Республика Саха (Якутия)',
                     'Asia/Yakutsk Asia/Vladivostok Asia/Srednekolymsk'),
                    ('+74242400001', 'Южно-Сахалинск', 'Asia/Sakhalin'),
                    ('+74245300001', 'Сахалинская область', 'Asia/Sakhalin Asia/Srednekolymsk'),
                    ('+380322300000', 'Львівська область', 'Europe/Kyiv'),
                    ('+77292300000', 'Мангистауская область', 'Asia/Aqtau')):
                shown = self.show(number, *tables)
                self.assertEqual((shown['region'], shown['zones']), (region, zones))
            self.assertEqual(len(self.show('+73432999999', *tables)['zones'].split()), 1)
            self.assertEqual(len(self.show('+73433000000', *tables)['zones'].split()), 11, 'beyond the range')
            self.assertIn('Москва', ctl('numbers', 'show', '+74951000001', '--table', tables[0]).stdout)

    def test_a_damaged_table_is_refused(self):
        rng = random.Random(3)
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, 'table')
            ctl('numbers', 'import', sample('ru'), '--country', 'ru', '--out', out)
            good = read(out)
            damages = [good[:-1], good + b'\0', b'', good[:31], b'X' + good[1:]]
            for _ in range(30):
                at = rng.randrange(len(good))
                damages.append(good[:at] + bytes([good[at] ^ 1 << rng.randrange(8)]) + good[at + 1:])
            for data in damages:
                with open(out, 'wb') as f:
                    f.write(data)
                done = ctl('numbers', 'show', '+79161234567', out)
                self.assertEqual((done.returncode, done.stdout), (1, ''))
                self.assertTrue(re.search('damaged|newer', done.stderr), done.stderr)


if __name__ == '__main__':
    done = unittest.main(argv=[sys.argv[0]], exit=False).result
    bad = len(done.failures) + len(done.errors)
    print(f'{done.testsRun - bad} passed, {bad} failed, 0 skipped')
    sys.exit(bad > 0)
