#!/usr/bin/env python3
"""Shows that each lint check can fail: a small sound tree passes, and each way of breaking it is
found, with the file named.  Last line: N passed, N failed, N skipped."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

from tree import ROOT

# A tree that every check passes.
SOUND = {
    'core/layers.txt': 'base:\ndial: base\nstore: base dial\nsip: base dial\napp: base dial store\n'
                       'plugins:\nbench: base\nbench/carrier: base\nlmdb.h = store\nsofia-sip/ = sip\n',
    'include/zvonar/err.h': '#ifndef A_H\n#define A_H\nenum zv_err { ZV_OK };\n#endif\n',
    'core/base/hash.h': '#ifndef B_H\n#define B_H\n#include <stdint.h>\nuint32_t zv_hash(void);\n#endif\n',
    'core/dial/pacer.h': '#ifndef C_H\n#define C_H\n#include "base/hash.h"\n#endif\n',
    'core/dial/pacer.c': '#include "dial/pacer.h"\n\n#include <string.h>\n\n/* time() is told */\n'
                         'int zv_pace(void)\n{\n\treturn (int)strlen("printf(x)");\n}\n',
    'core/store/leads.h': '#ifndef D_H\n#define D_H\n#endif\n',
    'core/store/leads.c': '#include <lmdb.h>\n\n#include "store/leads.h"\n',
    'core/app/main.c': '#include <stdio.h>\n\nint main(void)\n{\n\tprintf("x");\n\treturn 0;\n}\n',
    'plugins/score_flat/flat.c': '#include "zvonar/err.h"\n',
    'bench/carrier/carrier.c': '#include "base/hash.h"\n',
    'tests/unit/a_test.c': 'int main(void)\n{\n\treturn 0;\n}\n',
    'scripts/do': '#!/usr/bin/env bash\nset -euo pipefail\necho "$1"\n',
    'tests/lint/data_tables.txt': '',
    'tests/lint/sleeps.txt': '',
}


def body(lines):
    return 'int f(void)\n{\n' + '\n' * (lines - 3) + '}\n'


# check: [(how it is broken, file, its text, a word of the finding)]
BROKEN = {
    'scripts/layers': [
        ('dial includes the database', 'core/dial/pacer.h', '#include <lmdb.h>\n', 'belongs to store/'),
        ('dial includes an adapter', 'core/dial/pacer.c', '#include "store/leads.h"\n', 'may not include'),
        ('an adapter includes another', 'core/sip/leg.c', '#include "store/leads.h"\n', 'may not include'),
        ('by a relative path', 'core/sip/leg.c', '#include "../store/leads.h"\n', 'may not include'),
        ('by angle brackets', 'core/sip/leg.c', '#include <store/leads.h>\n', 'may not include'),
        ('with odd spacing', 'core/sip/leg.c', '  #  include   "store/leads.h"\n', 'may not include'),
        ('by a macro', 'core/sip/leg.c', '#define H "store/leads.h"\n#include H\n', 'must name its file'),
        ('base includes upwards', 'core/base/hash.h', '#include "dial/pacer.h"\n', 'may not include'),
        ('a plugin includes core', 'plugins/score_flat/flat.c', '#include "base/hash.h"\n', 'may not include'),
        ('a plugin includes another', 'plugins/b/b.c', '#include "../score_flat/flat.c"\n', 'may not include'),
        ('the carrier includes the engine', 'bench/carrier/carrier.c', '#include "dial/pacer.h"\n',
         'may not include'),
        ('the carrier includes Sofia', 'bench/carrier/carrier.c', '#include <sofia-sip/nta.h>\n',
         'belongs to sip/'),
        ('the database by quotes', 'core/sip/leg.c', '#include "lmdb.h"\n', 'belongs to store/'),
        ('a header nobody makes', 'core/sip/leg.c', '#include "made.h"\n', 'no owner'),
        ('a library nobody owns', 'core/store/leads.c', '#include <curl/curl.h>\n', 'no owner'),
        ('a folder nobody named', 'core/extra/x.c', '#include <stdio.h>\n', 'not in core/layers.txt'),
        ('no rules', 'core/layers.txt', '', 'core/layers.txt'),
    ],
    'scripts/size': [
        ('a long file', 'core/dial/pacer.c', 'int x;\n' * 801, '801 lines'),
        ('a long header', 'core/dial/pacer.h', 'extern int x;\n' * 401, '401 lines'),
        ('a long function', 'core/dial/pacer.c', body(91), '91 lines'),
        ('an exemption no longer needed', 'tests/lint/data_tables.txt', 'core/a.c | big\n', 'not needed'),
        ('an exemption without a reason', 'tests/lint/data_tables.txt', 'core/a.c\n', 'reason'),
    ],
    'tests/lint/tokens.py': [
        (name, 'core/store/leads.c', f'void f(void)\n{{\n\t{name} (x);\n}}\n', name)
        for name in ('strcpy', 'sprintf', 'atoi', 'strtok', 'printf', 'exit', 'abort', 'system', 'popen', 'rand')
    ] + [
        ('main aborts', 'core/app/main.c', 'void f(void)\n{\n\tabort();\n}\n', 'abort'),
        ('a plugin prints', 'plugins/score_flat/flat.c', 'void f(void)\n{\n\tputs("x");\n}\n', 'puts'),
    ],
    'tests/lint/purity.py': [
        ('time', 'core/dial/pacer.c', 'long f(void)\n{\n\treturn time(0);\n}\n', 'time()'),
        ('threads', 'core/dial/pacer.c', '#include <pthread.h>\n', 'pthread.h'),
        ('libm', 'core/dial/pacer.c', '#include <math.h>\n', 'math.h'),
        ('the log', 'core/dial/pacer.c', 'void f(void)\n{\n\tzv_warn("x", "y");\n}\n', 'zv_warn()'),
        ('the simulator', 'core/sim/w.c', '#include <time.h>\n', 'time.h'),
    ],
    'tests/lint/text.py': [
        ('a machine path', 'scripts/do', 'cd /' + 'work/main\n', 'one machine'),
        ('a note', 'core/dial/pacer.c', '/* TO' + 'DO: all */\n', 'unfinished'),
        ('a conflict', 'README.md', '<' * 7 + ' ours\n', 'conflict'),
        ('a carriage return', 'core/dial/pacer.c', 'int x;\r\n', 'carriage'),
        ('a blank at the end', 'core/dial/pacer.c', 'int x; \n', 'blanks'),
    ],
    'tests/lint/sleeps.py': [
        ('in C', 'tests/unit/a_test.c', 'void f(void)\n{\n\tusleep(10);\n}\n', 'a sleep'),
        ('in Python', 'tests/sip/run.py', 'import time\ntime.sleep(1)\n', 'a sleep'),
        ('in a shell script', 'tests/sip/run', '#!/bin/sh\nset -e\ntrue; sleep 1\n', 'a sleep'),
        ('allowed but gone', 'tests/lint/sleeps.txt', 'tests/x | polls\n', 'not needed'),
    ],
    'tests/lint/headers.py': [
        ('a header that needs another', 'core/dial/pacer.h', 'extern uint32_t x;\n', 'pacer.h'),
        ('no guard', 'core/dial/pacer.h', 'struct x { int y; };\n', 'pacer.h'),
        ('not C17', 'include/zvonar/err.h', '#ifndef A_H\n#define A_H\nstruct x {};\n#endif\n', 'err.h'),
    ],
    'tests/lint/shell.py': [
        ('does not parse', 'scripts/do', '#!/bin/bash\nset -e\nif\n', 'scripts/do'),
        ('goes on after errors', 'scripts/do', '#!/bin/bash\necho\n', 'first error'),
    ],
    'tests/lint/registered.py': [
        ('a test file in no program', 'tests/unit/b_test.c', 'int x;\n', 'b_test.c'),
    ],
}


def plant(root, files):
    for path, text in files.items():
        full = os.path.join(root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, 'w', encoding='utf-8', newline='') as f:
            f.write(text)


def plant_build(root, extra=()):
    """What meson would say of the sound tree."""
    a_test = {'name': 'a_test', 'id': 'a', 'type': 'executable', 'filename': [root + '/build/a_test'],
              'defined_in': root + '/tests/unit/meson.build',
              'target_sources': [{'sources': [root + '/tests/unit/a_test.c']}]}
    plant(root, {'build/meson-info/intro-targets.json': json.dumps([a_test, *extra]),
                 'build/meson-info/intro-tests.json': json.dumps(
                     [{'cmd': [root + '/build/a_test'], 'depends': ['a']}])})


def check(name, root):
    argv = [sys.executable, os.path.join(ROOT, name), '--root', root]
    if name.endswith('registered.py'):
        argv += ['--build', os.path.join(root, 'build')]
    return subprocess.run(argv, capture_output=True, text=True)


def judge(what, out, word):
    """word None: the check must pass; else it must find a thing that names word."""
    good = out.returncode == 0 if word is None else out.returncode == 1 and word in out.stdout
    if not good:
        print(f'FAILED: {what}: status {out.returncode}\n{out.stdout}{out.stderr}')
    return good


def forgotten_program(root):
    plant_build(root, [{'name': 'lost', 'id': 'lost', 'type': 'executable', 'filename': [root + '/build/lost'],
                        'defined_in': root + '/tests/unit/meson.build', 'target_sources': []}])
    return judge('registered: a program no test runs', check('tests/lint/registered.py', root), 'lost')


def impure_library(root):
    """A call that no source check can see: the library is looked at."""
    plant(root, {'t.c': 'long time(long *);\nlong (*volatile hidden)(long *) = time;\n'})
    subprocess.run('gcc -c t.c -o t.o && ar rc libt.a t.o', shell=True, cwd=root, check=True)
    out = subprocess.run([sys.executable, os.path.join(ROOT, 'tests/lint/purity.py'), '--root', root,
                          '--library', os.path.join(root, 'libt.a')], capture_output=True, text=True)
    return judge('purity: a hidden call', out, 'time reaches the world')


def in_tree(work):
    root = os.path.realpath(tempfile.mkdtemp(prefix='zvonar-lint-'))
    try:
        plant(root, SOUND)
        plant_build(root)
        return work(root)
    finally:
        shutil.rmtree(root)


def main():
    results = [in_tree(forgotten_program), in_tree(impure_library)]
    for name, breaks in BROKEN.items():
        results.append(in_tree(lambda root: judge(f'{name}: the sound tree', check(name, root), None)))
        for how, path, text, word in breaks:
            def broken(root):
                plant(root, {path: text})
                return judge(f'{name}: {how}', check(name, root), word)
            results.append(in_tree(broken))
    failed = results.count(False)
    print(f'{len(results) - failed} passed, {failed} failed, 0 skipped')
    return 1 if failed else 0


sys.exit(main())
