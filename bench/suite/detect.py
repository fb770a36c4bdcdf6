#!/usr/bin/env python3
"""Answer detection for scripts/bench: makes the labelled set, runs detect_bench and gives its lines the
names of bench/README.md, with Asterisk's rule as the peer.

  bench/suite/detect.py BUILD FOLDER [--long]
"""
import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HIGHER = ("machine_in_time", "early_right")


def figure(line):
    """detect.zvonar.frame -> detect_frame; detect.asterisk_rule.X -> detect_X of that peer."""
    found = json.loads(line)
    if found["name"].count(".") < 2:
        return found
    _, who, what = found["name"].split(".", 2)
    found["name"] = "detect_" + what
    if who != "zvonar":
        found["peer"] = who
    if what in HIGHER:
        found["better"] = "higher"
    return found


def main():
    build, folder, more = sys.argv[1], sys.argv[2], sys.argv[3:]
    bench = os.path.join(build, "bench/detect/detect_bench")
    maker = os.path.join(ROOT, "tests/detect/make_set.py")
    if not os.path.exists(bench) or not os.path.exists(maker):
        print("detect_bench is not built here", file=sys.stderr)
        return 77
    subprocess.run([sys.executable, maker, os.path.join(folder, "set"), *more], check=True)
    done = subprocess.run([bench, os.path.join(folder, "set"), "--half", "judge", "--json"], capture_output=True, text=True)
    if done.returncode != 0:
        print(done.stderr, file=sys.stderr)
        return 1
    for line in done.stdout.splitlines():
        print(json.dumps(figure(line)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
