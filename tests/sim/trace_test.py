#!/usr/bin/env python3
"""The same worlds have the same trace with the C library's FMA and AVX2 variants switched off, and
compiled with and without optimisation.  Usage: trace_test.py PROGRAM PROGRAM_O0"""
import os
import subprocess
import sys

OFF = 'glibc.cpu.hwcaps=-FMA,-FMA4,-AVX2,-AVX,-AVX2_Usable,-FMA_Usable,-AVX512F,-ERMS,-SSE4_2'


def run(program, **env):
    got = subprocess.run([program], env={**os.environ, **env}, capture_output=True, text=True,
                         timeout=300, check=True)
    return got.stdout


def main():
    plain = run(sys.argv[1])
    assert plain.count('events') == 2 and 'failed' not in plain, plain
    print(plain, end='')
    assert run(sys.argv[1]) == plain, 'a second run differs'
    assert run(sys.argv[1], GLIBC_TUNABLES=OFF) == plain, 'without FMA and AVX2 it differs'
    assert run(sys.argv[2]) == plain, 'without optimisation it differs'


main()
