#!/usr/bin/env python3
"""Checks that no test is forgotten: each *_test.c and *_fuzz.c is compiled into a program, and each
program of tests/ is run by a test.  --build: a configured build."""
import argparse
import json
import os

from tree import ROOT, Tree, finish


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--root', default=ROOT)
    parser.add_argument('--build', required=True)
    options = parser.parse_args()
    tree = Tree(os.path.realpath(options.root))
    info = os.path.join(options.build, 'meson-info')
    with open(os.path.join(info, 'intro-tests.json'), encoding='utf-8') as f:
        tests = json.load(f)
    with open(os.path.join(info, 'intro-targets.json'), encoding='utf-8') as f:
        targets = json.load(f)
    # What a test runs, and what it is given: a helper program is an argument or a dependency.
    mentioned = {os.path.realpath(word) for t in tests for word in t['cmd']}
    depends = {d for t in tests for d in t['depends']}
    compiled = set()
    for target in targets:
        for group in target['target_sources']:
            compiled |= {os.path.relpath(os.path.realpath(s), tree.root) for s in group['sources']}
        below = os.path.relpath(os.path.realpath(target['defined_in']), tree.root).startswith('tests/')
        if below and target['type'] == 'executable' and target['id'] not in depends \
                and not any(os.path.realpath(f) in mentioned for f in target['filename']):
            tree.wrong(target['name'], 0, 'a program of tests/ that no test runs')
    sources = tree.files('tests', ext=('_test.c', '_fuzz.c'))
    for source in sources:
        if source not in compiled:
            tree.wrong(source, 0, 'in no program: add it to its meson.build')
    if not sources or not tests:
        tree.wrong('tests', 0, 'no tests: nothing was checked')
    finish(tree)


main()
