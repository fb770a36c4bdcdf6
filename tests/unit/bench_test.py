#!/usr/bin/env python3
"""scripts/bench: its reader refuses what is no figure, what got worse is marked, the page has every
name, and a quick bench runs from beginning to end.  Argument: the build directory."""
import copy
import html.parser
import io
import json
import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "bench", "suite"))
import compare  # noqa: E402
import lines  # noqa: E402
import page  # noqa: E402
import runner  # noqa: E402
import table  # noqa: E402

BUILD = ""
LINE = '{"name": "bridge_packet_cpu", "value": 7.4, "unit": "us/packet", "n": 100, "p50": 7.1, "p99": 12, "size": 200}'
MACHINE = {"cpu": "one <of> them", "cores": 2, "memory_gb": 4, "kernel": "6.1", "os": "Debian", "load_at_start": 0.1,
           "compiler": "gcc 12", "build": "release", "versions": {"sipp": "3.6"}, "commit": "abc", "begun": "today"}


def result(figures, **more):
    bench = {"bench": "bridge", "what": "relays", "figures": figures, "skipped": [], "failed": [], "load": [0.1, 0.2],
             "others_cores": 0.0}
    return {"zvonar_bench": 1, "quick": False, "machine": MACHINE, "benches": [bench], "seconds": 61, **more}


def runs(*values, **fields):
    return lines.merge([[lines.check({"name": "cost", "unit": "us/call", "value": v, **fields})] for v in values])


class Reader(unittest.TestCase):
    def refused(self, text):
        with self.assertRaises(lines.BadLine) as caught:
            lines.read(text, "some_bench")
        return str(caught.exception)

    def test_figures_are_read_and_comments_passed_over(self):
        found = lines.read(f'# pairs 200\n{LINE}\n\n{{"name": "rate", "value": 3, "unit": "1/s", "peer": "sipp"}}\n', "x")
        self.assertEqual([(f["name"], f["value"], f["better"]) for f in found],
                         [("bridge_packet_cpu", 7.4, "lower"), ("rate", 3, "higher")])

    def test_what_is_no_figure_is_refused_with_line_and_reason(self):
        for text, *said in (("streams 12: 5 us", "line 1", "not JSON", "bench/README.md"),
                            (LINE + "\n[1]", "line 2", "not a JSON object"),
                            ('{"name": "a", "unit": "us"}', 'no "value"'),
                            ('{"name": "a", "unit": "us", "value": NaN}', "finite"),
                            ('{"name": "a", "unit": "us", "value": "7"}', "finite"),
                            ('{"name": "a", "unit": "us", "value": true}', "finite"),
                            ('{"name": "A b", "unit": "us", "value": 1}', "only a-z"),
                            ('{"name": "a", "unit": "us", "value": 1, "p75": 2}', 'unknown field "p75"'),
                            ('{"name": "a", "unit": "us", "value": 1, "better": "big"}', "better"),
                            (LINE + "\n" + LINE, "line 2", "twice"), ("# nothing\n", "no figure")):
            with self.subTest(text=text):
                complaint = self.refused(text)
                self.assertTrue(complaint.startswith("some_bench"), complaint)
                for part in said:
                    self.assertIn(part, complaint)

    def test_of_several_runs_the_median_counts_and_the_spread_is_kept(self):
        one, = runs(10, 12, 30, n=5)
        self.assertEqual((one["value"], one["n"], one["runs"]), (12, 15, [10, 12, 30]))
        self.assertAlmostEqual(one["spread"], 20 / 12)


class Compare(unittest.TestCase):
    def verdicts(self, then, now):
        return [row["verdict"] for row in compare.compare(result(then), result(now)) if not row["peer"]]

    def test_worse_is_marked_beyond_noise_alone(self):
        self.assertEqual(self.verdicts(runs(10, 10.2), runs(10.4, 10.8)), ["same"])
        self.assertEqual(self.verdicts(runs(10, 10.2), runs(13, 13.1)), ["worse"])
        self.assertEqual(self.verdicts(runs(10, 10.2), runs(7, 7.1)), ["better"])
        self.assertEqual(self.verdicts(runs(10, 14), runs(13, 13.1)), ["same"])
        self.assertEqual(self.verdicts(runs(10), runs(12)), ["same"])  # once each: nobody knows the noise

    def test_more_a_second_is_better(self):
        self.assertEqual(self.verdicts(runs(10, 10, better="higher"), runs(7, 7, better="higher")), ["worse"])
        self.assertEqual(self.verdicts(runs(10, 10, better="none"), runs(70, 70, better="none")), ["not judged"])

    def test_with_a_peer_the_ratio_is_judged_and_not_the_machine(self):
        then = runs(10, 10) + runs(20, 20, peer="sipp")
        self.assertEqual(self.verdicts(then, runs(20, 20) + runs(40, 40, peer="sipp")), ["same"])
        self.assertEqual(self.verdicts(then, runs(10, 10) + runs(10, 10, peer="sipp")), ["worse"])

    def test_of_another_machine_only_ratios_are_judged(self):
        then, now = result(runs(1, 1) + runs(1, 1, size=9)), result(runs(9, 9) + runs(9, 9, size=9))
        for whole in (then, now):
            whole["benches"][0]["figures"] += runs(1, 1, size=9, peer="sipp")
        then["machine"] = dict(MACHINE, cpu="another")
        self.assertEqual([r["verdict"] for r in compare.compare(then, now)], ["not judged", "worse", "not judged"])

    def test_what_is_new_or_gone_is_said(self):
        self.assertEqual(self.verdicts(runs(1, 1, size=10), runs(1, 1, size=100)), ["new", "gone"])


class Page(unittest.TestCase):
    FIGURES = ([f for size in (10, 100, 1000) for f in runs(size / 5, size / 4, size=size, p99=size, size_of="calls")]
               + [{**f, "name": "memory <b>", "reach": 3} for f in runs(4, 5, better="lower", reach=3) + runs(9, 9, peer="sipp")])

    def test_it_has_each_name_the_machine_and_charts_and_is_well_formed(self):
        whole = result(copy.deepcopy(self.FIGURES))
        whole["machine"]["load_at_start"] = 1.9
        whole["against"] = {"file": "old.json", "machine": MACHINE, "rows": compare.compare(result(runs(1, 1, size=10)), whole)}
        text = page.render(whole)
        for part in ("cost", "memory &lt;b&gt;", "one &lt;of&gt; them", "The machine had other work", "Beside peers",
                     "Against old.json", "worse", "sipp", "calls", "prefers-color-scheme"):
            self.assertIn(part, text)
        self.assertEqual(text.count("<svg"), 2)
        for part in ("<script", "http://", "https://", "memory <b>", "NaN"):
            self.assertNotIn(part, text)
        self.balanced(text)

    def balanced(self, text):
        class Tags(html.parser.HTMLParser):
            open_tags, alone = [], ("meta", "path", "rect", "circle")

            def handle_starttag(self, tag, attrs):
                if tag not in self.alone:
                    self.open_tags.append(tag)

            def handle_startendtag(self, tag, attrs):
                pass

            def handle_endtag(self, tag):
                if tag not in self.alone:
                    assert self.open_tags.pop() == tag, tag
        tags = Tags()
        tags.feed(text)
        self.assertEqual(tags.open_tags, [])

    def test_what_was_skipped_or_failed_stands_there(self):
        whole = result([])
        whole["benches"][0].update(skipped=["rtpengine is not installed"], failed=["it ended with status 3"])
        text = page.render(whole)
        self.assertIn("rtpengine is not installed", text)
        self.assertIn("it ended with status 3", text)


class Programs(unittest.TestCase):
    """What becomes of programs that print, fail, cannot run or hang."""

    def bench(self, script, limit=60):
        with tempfile.TemporaryDirectory() as scratch:
            return runner.Run([sys.executable, "-c", script], limit, scratch)(lambda so_far: None)[0]

    def test_figures_come_through_and_words_on_stderr_do_not_harm(self):
        found = self.bench(f"import sys; sys.stderr.write('words\\n'); print({LINE!r})")
        self.assertEqual(found[0]["name"], "bridge_packet_cpu")

    def test_one_that_cannot_run_here_says_why(self):
        with self.assertRaisesRegex(runner.Skipped, "no such device"):
            self.bench("import sys; sys.stderr.write('one\\nno such device\\n'); sys.exit(77)")

    def test_one_that_fails_is_quoted_with_its_command(self):
        with self.assertRaisesRegex(runner.Failed, "(?s)status 3.*the disk is full.*the command: "):
            self.bench("import sys; sys.stderr.write('the disk is full'); sys.exit(3)")

    def test_one_that_hangs_is_ended(self):
        with self.assertRaisesRegex(runner.Failed, "no end after"):
            self.bench("import signal; signal.pause()", limit=0.5)

    def test_progress_says_how_long_it_takes_still(self):
        out = io.StringIO()
        progress = runner.Progress(100.0, out)
        progress.said = -1e9
        progress.tell("[1/2] rules, run 1 of 3", 40.0, 10.0)
        self.assertEqual(out.getvalue(), "[1/2] rules, run 1 of 3: 0:10 so far, about 0:30 left; all: about 1:30 left\n")
        progress.finished(40.0, 80.0)  # this machine is half as fast
        self.assertEqual(progress.left(60.0, 30.0), (90.0, 90.0))
        progress.tell("nothing yet", 1, 1)  # not again within half a minute, where it is no terminal
        self.assertEqual(out.getvalue().count("\n"), 1)

    def test_one_that_is_not_built_or_needs_more_is_not_begun(self):
        row = {"needs": []}
        self.assertIn("not built", table.why_not(row, ["/no/where/x_bench"]))
        self.assertIn("no_such_program is not installed", table.why_not({"needs": ["no_such_program"]}, ["x"]))
        self.assertEqual(table.why_not(row, [sys.executable]), "")


class Whole(unittest.TestCase):
    """The program itself."""

    def run_bench(self, *arguments):
        return subprocess.run([os.path.join(ROOT, "scripts", "bench"), "--no-setup", "--no-build", "--build", BUILD, *arguments],
                              capture_output=True, text=True, timeout=90)

    def test_every_suite_file_can_be_read_and_the_names_are_there(self):
        rows = table.read(ROOT)
        for name in ("sip", "sip-media", "bridge", "packets", "detect", "store", "engine", "plugin", "rules", "pacing"):
            self.assertIn(name, rows)
        for found in rows.values():
            for row in found:
                if row["quick"] is not None:
                    table.command(row, True, {"build": "b", "root": "r", "scratch": "s", "port": 1})
                table.command(row, False, {"build": "b", "root": "r", "scratch": "s", "port": 1})
        listed = self.run_bench("--list")
        self.assertEqual([line.split()[0] for line in listed.stdout.splitlines()], list(rows))

    def test_a_quick_bench_runs_and_is_compared(self):
        with tempfile.TemporaryDirectory() as out:
            ran = self.run_bench("--quick", "--out", out, "rules")
            self.assertEqual(ran.returncode, 0, ran.stderr)
            path = os.path.join(out, "bench.json")
            with open(path, encoding="utf-8") as file:
                whole = json.load(file)
            figures = whole["benches"][0]["figures"]
            self.assertEqual({f["size"] for f in figures}, {10, 30, 100, 256, 1000})
            self.assertTrue(all(f["value"] > 0 and f["n"] > 0 for f in figures))
            self.assertEqual(whole["machine"]["cores"], os.cpu_count())
            with open(os.path.join(out, "bench.html"), encoding="utf-8") as file:
                self.assertIn("rules_decision", file.read())
            for figure in figures:  # as if it had been a hundred times faster once
                figure["value"] /= 100
            with open(path, "w", encoding="utf-8") as file:
                json.dump(whole, file)
            ran = self.run_bench("--quick", "--out", os.path.join(out, "second"), "--against", path, "rules")
            self.assertEqual(ran.returncode, 1, ran.stdout + ran.stderr)
            self.assertIn("5 worse", ran.stdout)

    def test_errors_say_what_to_do(self):
        with tempfile.TemporaryDirectory() as out:
            broken = os.path.join(out, "broken.json")
            with open(broken, "w", encoding="utf-8") as file:
                file.write("{}")
            for arguments, said in ((("nothing",), "there are sip,"), (("--against", os.path.join(out, "none"), "rules"), "No such file"),
                                    (("--against", broken, "rules"), "no file of scripts/bench"), (("--repeats", "0"), "at least 1")):
                ran = self.run_bench(*arguments)
                self.assertEqual(ran.returncode, 2, ran.stderr)
                self.assertIn(said, ran.stderr)


if __name__ == "__main__":
    BUILD = sys.argv.pop(1)
    unittest.main()
