#!/usr/bin/env python3
"""Checks every shell script: it parses, ends at the first error (set -e), and shellcheck has nothing
to say.  Without shellcheck the rest is checked still."""
import shutil
import subprocess

from tree import finish, open_tree


def main():
    tree = open_tree(__doc__)
    scripts = [p for p in tree.files()
               if tree.lines(p)[:1] and tree.lines(p)[0][1].startswith('#!')
               and tree.lines(p)[0][1].rstrip().endswith('sh')]
    for path in scripts:
        parsed = subprocess.run(['bash', '-n', path], cwd=tree.root, capture_output=True, text=True)
        if parsed.returncode != 0:
            tree.wrong(path, 0, parsed.stderr.strip())
        if 'set -e' not in tree.text(path):
            tree.wrong(path, 0, 'does not end at the first error: set -euo pipefail')
    if shutil.which('shellcheck') and scripts:
        said = subprocess.run(['shellcheck', '--format=gcc', '--severity=warning', *scripts],
                              cwd=tree.root, capture_output=True, text=True)
        tree.found += said.stdout.splitlines()
    if not scripts:
        tree.wrong('scripts', 0, 'no scripts: nothing was checked')
    finish(tree)


main()
