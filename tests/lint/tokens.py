#!/usr/bin/env python3
"""Checks that core and plugins do not call what has a better way: unbounded copies, parsing without
errors, ending the process from a library, printing past the log."""
import re

from tree import finish, open_tree

UNSAFE = 'strcpy strcat sprintf vsprintf gets atoi atol atoll atof strtok rand srand random system popen'
ENDING = 'exit _exit _Exit quick_exit abort'
PRINTING = 'printf puts putchar vprintf perror'
BANNED = re.compile(r'(?<![\w.>])(' + '|'.join(f'{UNSAFE} {ENDING} {PRINTING}'.split()) + r')\s*\(')

# A program's main may end it and speak on its standard output.
MAY_END = ('core/ctl/', 'core/app/main', 'core/app/options')


def main():
    tree = open_tree(__doc__)
    files = tree.files('core', 'plugins', ext=('.c', '.h'))
    for path in files:
        for number, line in tree.code(path):
            for name in BANNED.findall(line):
                if path.startswith(MAY_END) and name in (ENDING + ' ' + PRINTING).split() \
                        and name != 'abort':
                    continue
                tree.wrong(path, number, f'{name}() is not used here')
    if not files:
        tree.wrong('core', 0, 'no files: nothing was checked')
    finish(tree)


main()
