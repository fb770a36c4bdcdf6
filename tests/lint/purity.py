#!/usr/bin/env python3
"""Checks that the engine is pure: core/dial and core/sim include no header of the world (time,
threads, sockets, files, mathematics of libm), and, with --library, that the compiled engine calls
nothing but memory, text and its own functions, so that no macro or header hides a call."""
import argparse
import os
import re
import subprocess

from tree import ROOT, Tree, finish

HEADERS = set('''ctype stdarg stdatomic stdalign stdbool stddef stdint inttypes limits stdio stdlib
string strings errno assert float endian emmintrin'''.split())
WORLD = re.compile(r'(?<![\w.>])(time|clock|clock_gettime|gettimeofday|localtime\w*|gmtime\w*|rand\w*|'
                   r'getrandom|getentropy|pthread_\w+|thrd_\w+|mtx_\w+|socket|connect|bind|send\w*|recv\w*|open|openat|'
                   r'fopen|read|write|close|getenv|setlocale|fprintf|usleep|nanosleep|sleep|zv_log|'
                   r'zv_(?:error|warn|info|debug)|zv_tz_load|zv_zones_intern|zv_ring_\w+)\s*\(')
# What compiled code of the engine may call outside zv_*: memory and text.
CALLS = re.compile(r'(zv_\w+|mem\w+|str\w+|calloc|malloc|realloc|free|qsort|bsearch|v?snprintf|'
                   r'aligned_alloc|posix_memalign|_GLOBAL_OFFSET_TABLE_|__stack_chk_fail|__assert_fail|__errno_location|__ctype_\w+|'
                   r'__(mem|str|v?snprintf)\w*_chk|__isoc\d+_\w+|__(asan|ubsan|tsan|sanitizer|gcov|llvm)_\w+|\.L\w*)$')
# zv_log1p is arithmetic, every other zv_log speaks.
NEVER = re.compile(r'(zv_log(?!1p$)\w*|zv_tz_load|zv_zones_intern|zv_zones_create|zv_ring_\w+|strerror\w*|'
                   r'strftime|strptime|memfd_create)$')


def check_source(tree):
    files = tree.files('core/dial', 'core/sim', ext=('.c', '.h'))
    for path in files:
        for number, line in tree.code(path):
            include = re.match(r'\s*#\s*include\s*<(.*)\.h>', line)
            if include and include.group(1) not in HEADERS:
                tree.wrong(path, number, f'{include.group(1)}.h is not for the pure engine')
            for name in WORLD.findall(line):
                tree.wrong(path, number, f'{name}() reaches the world: the engine is pure')
    if not files:
        tree.wrong('core/dial', 0, 'no files: nothing was checked')


def check_library(tree, library):
    out = subprocess.run(['nm', '--undefined-only', '-P', library], capture_output=True, text=True,
                         check=True).stdout
    calls = {line.split()[0].partition('@')[0] for line in out.splitlines() if ' U' in line}
    for name in sorted(calls):
        if NEVER.match(name) or not CALLS.match(name):
            tree.wrong(os.path.basename(library), 0, f'{name} reaches the world: the engine is pure')
    if not calls:
        tree.wrong(os.path.basename(library), 0, 'calls nothing at all: nothing was checked')


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--root', default=ROOT)
    parser.add_argument('--library', action='append', default=[])
    options = parser.parse_args()
    tree = Tree(os.path.abspath(options.root))
    check_source(tree)
    for library in options.library:
        check_library(tree, library)
    finish(tree)


main()
