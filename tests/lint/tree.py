"""What the lint checks share: the project's files, C text without comments and strings, findings."""
import argparse
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOP = ('.ci', 'bench', 'conf', 'core', 'include', 'plugins', 'scripts', 'tests')
BINARY = ('.wav', '.pcap', '.pcapng', '.png', '.mdb', '.gz', '.xz', '.bin', '.raw', '.pyc', '.so')


class Tree:
    """The project below root (another one in self-tests) and what was found wrong in it."""

    def __init__(self, root):
        self.root = root
        self.found = []

    def files(self, *folders, ext=()):
        """Paths below folders (default: everything), relative, sorted, with one of the endings."""
        paths = []
        if not folders:
            folders = TOP
            paths += [f for f in os.listdir(self.root) if os.path.isfile(self.path(f))
                      and not f.startswith('.git')]
        for folder in folders:
            for where, dirs, names in os.walk(self.path(folder)):
                dirs[:] = [d for d in dirs if d != '__pycache__' and not d.startswith('build')]
                paths += [os.path.relpath(os.path.join(where, n), self.root) for n in names]
        return sorted(p for p in paths if not ext or p.endswith(tuple(ext)))

    def path(self, relative):
        return os.path.join(self.root, relative)

    def text(self, relative):
        with open(self.path(relative), encoding='utf-8', errors='replace', newline='') as f:
            return f.read()

    def lines(self, relative):
        """(number, line) of a text file; nothing of a binary one."""
        if relative.endswith(BINARY):
            return []
        text = self.text(relative)
        return [] if '\0' in text[:4096] else list(enumerate(text.splitlines(), 1))

    def code(self, relative):
        """(number, line) of a C file with comments, strings and characters blanked out."""
        return list(enumerate(blank(self.text(relative)).splitlines(), 1))

    def wrong(self, where, line, what):
        self.found.append(f'{where}:{line}: {what}' if line else f'{where}: {what}')

    def end(self):
        """Prints what was found; the exit status."""
        for finding in self.found:
            print(finding)
        return 1 if self.found else 0


TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def blank(text):
    """C text with the inside of comments and literals replaced by blanks; lines keep their numbers.
    The file name of an #include stays."""
    def spaces(match):
        line = text.rfind('\n', 0, match.start()) + 1
        if re.match(r'\s*#\s*include\s*$', text[line:match.start()]):
            return match.group()
        return re.sub(r'[^\n]', ' ', match.group())
    return TOKEN.sub(spaces, text)


def open_tree(what):
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument('--root', default=ROOT, help='another tree (for self-tests)')
    return Tree(os.path.abspath(parser.parse_args().root))


def read_list(tree, relative):
    """Rows `key | reason` of an allow-list; a row without a reason is wrong."""
    rows = {}
    if not os.path.exists(tree.path(relative)):
        return rows
    for number, line in tree.lines(relative):
        if not line.strip() or line.startswith('#'):
            continue
        key, bar, reason = (part.strip() for part in line.partition('|'))
        if not bar or not reason:
            tree.wrong(relative, number, 'want: what | reason')
        rows[key] = number
    return rows


def report_unused(tree, relative, rows, used):
    for key, number in rows.items():
        if key not in used:
            tree.wrong(relative, number, f'{key} is not needed here any more')


def finish(tree):
    sys.exit(tree.end())
