#!/usr/bin/env python3
"""Runs zvonar-plugin-test on plugins that keep the contract and on some that do not.

The first good one is the example of include/zvonar/README.md, compiled as it stands there.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

trial, fixtures, cadence, root = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3], pathlib.Path(sys.argv[4])
failed = 0


def expect(what, status, words, *args):
    global failed
    got = subprocess.run([trial, *map(str, args)], capture_output=True, text=True, timeout=60)
    output = got.stdout + got.stderr
    if got.returncode != status or words not in output:
        failed += 1
        print(f"{what}: status {got.returncode}, want {status} and {words!r}:\n{output}")


with tempfile.TemporaryDirectory() as tmp:
    text = (root / "include/zvonar/README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```c\n(.*?)```", text, re.S)
    assert len(blocks) == 1, "one example is expected"
    source = pathlib.Path(tmp, "strategy_daily.c")
    source.write_text(blocks[0], encoding="utf-8")
    so = source.with_suffix(".so")
    subprocess.run([os.environ.get("CC", "cc").split()[-1], "-std=c17", "-Wall", "-Wextra", "-Werror", "-shared",
                    "-fPIC", "-fvisibility=hidden", "-I", root / "include", source, "-o", so], check=True)
    so.chmod(0o755)
    expect("the example", 0, "passed", so, "--leads", 200)

campaigns = root / "conf/demo/campaigns"
expect("cleanup", 0, "passed", cadence, "--campaign", campaigns / "cleanup.yaml", "--leads", 500)
expect("leads", 0, "passed", cadence, "--campaign", campaigns / "leads.yaml", "--leads", 500)
expect("no section", 1, "at_end is missing", cadence)
expect("never ends", 1, "had no category", fixtures / "fixture_good.so", "--leads", 3)
expect("nonsense", 1, "senseless", fixtures / "fixture_garbage.so", "--leads", 3)
expect("refused", 1, "magic", fixtures / "fixture_wrong_magic.so")
expect("not there", 1, "No such file", fixtures / "nothing.so")
expect("no argument", 2, "usage")
expect("unknown option", 2, "usage", cadence, "--frobnicate", 1)
expect("help", 0, "usage", "--help")
sys.exit(1 if failed else 0)
