#!/usr/bin/env python3
"""scripts/make-list: same options same list, numbers unique, zones real."""
import csv
import io
import os
import re
import subprocess
import sys
import unittest
import zoneinfo

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts/make-list")


def make(*options):
    return subprocess.run([PROGRAM, *options], capture_output=True, check=True, timeout=60).stdout.decode("utf-8")


def table(text):
    return list(csv.DictReader(io.StringIO(text)))


def e164(phone):
    digits = re.sub(r"\D", "", phone)
    return "7" + digits[1:] if digits[0] == "8" else digits


class MakeList(unittest.TestCase):
    def test_the_same_seed_gives_the_same_list_and_another_another(self):
        self.assertEqual(make("--leads", "500", "--seed", "3"), make("--leads", "500", "--seed", "3"))
        self.assertNotEqual(make("--leads", "500", "--seed", "3"), make("--leads", "500", "--seed", "4"))

    def test_a_short_list_is_the_beginning_of_a_long_one(self):
        self.assertTrue(make("--leads", "900").startswith(make("--leads", "300")))

    def test_numbers_are_unique_mobile_numbers_in_any_spelling(self):
        rows = table(make("--leads", "30000"))
        numbers = {e164(row["phone"]) for row in rows}
        self.assertEqual(len(rows), 30000)
        self.assertEqual(len(numbers), 30000)
        self.assertTrue(all(re.fullmatch(r"79\d{9}", number) for number in numbers))
        self.assertEqual(len({row["external_id"] for row in rows}), 30000)
        self.assertEqual(len({re.sub(r"\d", "x", row["phone"]) for row in rows}), 4)
        plain = table(make("--leads", "30000", "--plain"))
        self.assertEqual(["+" + e164(row["phone"]) for row in rows], [row["phone"] for row in plain])

    def test_names_and_zones_are_real_and_many(self):
        rows = table(make("--leads", "5000"))
        self.assertEqual(len({row["name"] for row in rows}), 60)
        zones = {row["zone"] for row in rows}
        self.assertGreaterEqual(len(zones), 8)
        for zone in zones:
            zoneinfo.ZoneInfo(zone)

    def test_no_leads_are_a_header(self):
        self.assertEqual(make("--leads", "0"), "external_id,name,phone,city,zone\n")

    def test_wrong_use_is_refused(self):
        for options in (["--leads", "-1"], ["--leads", "x"], ["--bogus"], ["stray"]):
            self.assertEqual(subprocess.run([PROGRAM, *options], capture_output=True, timeout=60).returncode, 2)


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad} passed, {bad} failed, 0 skipped")
    sys.exit(0 if result.wasSuccessful() and result.testsRun > 0 else 1)
