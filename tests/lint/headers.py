#!/usr/bin/env python3
"""Checks that every header compiles alone, twice in one file, and carries include guards: those
of include/zvonar as strict C17 with every compiler at hand (and as C++17 where there is one), those
of core as the project is built."""
import concurrent.futures
import os
import shutil
import subprocess

from tree import finish, open_tree

PACKAGES = ['sofia-sip-ua', 'lmdb', 'yaml-0.1', 'jansson', 'sndfile', 'samplerate', 'uchardet']
STRICT = ['-std=c17', '-pedantic', '-Wall', '-Wextra', '-Werror', '-Wstrict-prototypes']
HOUSE = ['-std=gnu17', '-D_GNU_SOURCE', '-Wall', '-Wextra', '-Werror', '-Icore']
CPLUSPLUS = ['-x', 'c++', '-std=c++17', '-Wall', '-Werror']


def compiles(tree, argv, header):
    """None, or what the compiler said."""
    code = f'#include "{header}"\n#include "{header}"\nextern int not_empty;\n'
    out = subprocess.run([*argv, '-Iinclude', '-fsyntax-only', '-'], cwd=tree.root, input=code,
                         capture_output=True, text=True)
    return None if out.returncode == 0 else (out.stderr.strip().splitlines() or ['?'])[0]


def dpdk_flags():
    """What the module of DPDK is built with; None on a machine that has none."""
    asked = subprocess.run(['pkg-config', '--cflags', 'libdpdk'], capture_output=True, text=True)
    return asked.stdout.replace('-I', '-isystem').split() if asked.returncode == 0 else None


def main():
    tree = open_tree(__doc__)
    flags = subprocess.run(['pkg-config', '--cflags', *PACKAGES], capture_output=True, text=True).stdout
    compilers = [c for c in ('gcc', 'clang') if shutil.which(c)]
    jobs = []
    for path in tree.files('include', 'core', ext=('.h',)):
        name = path.partition('/')[2]
        if path.startswith('include/'):
            jobs += [(path, [c, '-x', 'c', *STRICT], name) for c in compilers]
            jobs += [(path, [c, *CPLUSPLUS], name) for c in ('g++', 'clang++') if shutil.which(c)]
        elif path.startswith('core/media/dpdk/') and dpdk_flags() is None:
            print(f'{path}: not looked at, there is no DPDK here')
        else:
            more = dpdk_flags() if path.startswith('core/media/dpdk/') else []
            jobs.append((path, [compilers[0], '-x', 'c', *HOUSE, *flags.split(), *more], name))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for (path, argv, _), said in zip(jobs, pool.map(lambda j: compiles(tree, j[1], j[2]), jobs)):
            if said:
                tree.wrong(path, 0, f'does not compile alone with {argv[0]}: {said}')
    if not jobs:
        tree.wrong('include', 0, 'no headers: nothing was checked')
    finish(tree)


main()
