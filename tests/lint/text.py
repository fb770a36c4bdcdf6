#!/usr/bin/env python3
"""Checks every text file: no path of somebody's machine, no note of unfinished work, no conflict
mark, no carriage return in sources, no blank at a line's end."""
import re

from tree import finish, open_tree

# Written in pieces, so that this file does not find itself.
MACHINE = re.compile('|'.join(('/' + 'work/', '/' + 'home/', '/' + 'root/', '/' + r'tmp/(wt|b-)',
                               r'\.\./' + 'shared', '/' + 'Users/')))
UNFINISHED = re.compile(r'\b(' + '|'.join(('TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK')) + r')\b')
CONFLICT = re.compile('^(' + '<' * 7 + '|' + '>' * 7 + ') ')
SOURCE = ('.c', '.h', '.py', '.md', '.build', '.sh', '.yaml')
DATA = ('tests/fuzz/corpus/', 'tests/sip/torture/')


def main():
    tree = open_tree(__doc__)
    files = [p for p in tree.files() if not p.startswith(DATA)]
    for path in files:
        for number, line in tree.lines(path):
            if MACHINE.search(line):
                tree.wrong(path, number, f'a path of one machine: {MACHINE.search(line).group()}')
            if UNFINISHED.search(line):
                tree.wrong(path, number, f'unfinished: {UNFINISHED.search(line).group()}')
            if CONFLICT.search(line):
                tree.wrong(path, number, 'a conflict mark')
            if path.endswith(SOURCE) and line != line.rstrip():
                tree.wrong(path, number, 'blanks at the end of the line')
        if path.endswith(SOURCE) and '\r' in tree.text(path):
            tree.wrong(path, 0, 'carriage returns')
    if not files:
        tree.wrong('.', 0, 'no files: nothing was checked')
    finish(tree)


main()
