#!/usr/bin/env python3
"""Checks that tests wait for conditions and not for time: files that sleep stand in
tests/lint/sleeps.txt with the reason (a bounded poll of a condition is a good one)."""
import re

from tree import blank, finish, open_tree, read_list, report_unused

ALLOWED = 'tests/lint/sleeps.txt'
IN_C = re.compile(r'(?<![\w.>])(usleep|sleep|nanosleep|clock_nanosleep)\s*\(')
IN_PYTHON = re.compile(r'\btime\.sleep\s*\(')
IN_SHELL = re.compile(r'(^|[;&|({`]|\b(do|then|else)\b)\s*sleep\s+\S')


def pattern(path, text):
    if path.endswith(('.c', '.h')):
        return IN_C
    first = text.split('\n', 1)[0]
    if path.endswith('.py') or (first.startswith('#!') and 'python' in first):
        return IN_PYTHON
    if path.endswith('.sh') or (first.startswith('#!') and 'sh' in first):
        return IN_SHELL
    return None


def main():
    tree = open_tree(__doc__)
    allowed, used = read_list(tree, ALLOWED), set()
    files = [p for p in tree.files('tests') if not p.startswith('tests/fuzz/corpus/')]
    for path in files:
        text = '\n'.join(line for _, line in tree.lines(path))
        sleeping = pattern(path, text)
        if sleeping is None:
            continue
        if sleeping is IN_C:
            text = blank(text)
        for number, line in enumerate(text.splitlines(), 1):
            if sleeping.search(line) and not line.lstrip().startswith('#'):
                if path in allowed:
                    used.add(path)
                else:
                    tree.wrong(path, number, f'a sleep: wait for a condition, or say why in {ALLOWED}')
    if not files:
        tree.wrong('tests', 0, 'no files: nothing was checked')
    report_unused(tree, ALLOWED, allowed, used)
    finish(tree)


main()
