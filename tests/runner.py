#!/usr/bin/env python3
"""Builds the project in four ways, runs the tests in each, and sums up.  See scripts/test.

The last line of the output is "N passed, N failed, N skipped", alone.  A Criterion program counts
as its tests; any other test counts as one, unless its own last line has that form.
"""
import argparse
import concurrent.futures
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NORMAL_LIMIT_S = 25 * 60
LONG_LIMIT_S = 12 * 3600
FUZZ_S, FUZZ_LONG_S = 10, 600
TAIL_LINES = 60
SKIP = 77  # exit status of a test that this machine cannot run
SYNTHESIS = re.compile(r'Synthesis: Tested: (\d+) \| Passing: (\d+)')
CLOSING = re.compile(r'^(\d+) passed, (\d+) failed, (\d+) skipped$')

# name: (compiler, meson options, meson test arguments)
MESON_PARTS = {
    'normal': ('gcc', [], []),
    'sanitize': ('gcc', ['-Doptimization=1', '-Db_sanitize=address,undefined', '-Djemalloc=disabled'],
                 ['--no-suite', 'lint', '--no-suite', 'pages', '--no-suite', 'slow', '--timeout-multiplier', '4']),
    'thread': ('clang', ['-Db_sanitize=thread', '-Db_lundef=false', '-Djemalloc=disabled'],
               ['--suite', 'thread', '--timeout-multiplier', '4']),
}
PARTS = list(MESON_PARTS) + ['fuzz', 'integration']
FUZZ_OPTIONS = ['-Dlibfuzzer=true', '-Db_sanitize=address,undefined', '-Db_lundef=false',
                '-Djemalloc=disabled']
HOOKS = ('gcc', ['-Dtest_hooks=true', '-Dtests=false'], ())

SANITIZER_ENV = {
    'ASAN_OPTIONS': 'halt_on_error=1:abort_on_error=1:detect_leaks=1:print_summary=1',
    'UBSAN_OPTIONS': 'halt_on_error=1:abort_on_error=1:print_summary=1:print_stacktrace=1',
    'LSAN_OPTIONS': 'print_suppressions=0:suppressions=' + os.path.join(ROOT, 'tests', 'lsan.supp'),
    'TSAN_OPTIONS': 'halt_on_error=1:second_deadlock_stack=1',
}


class Run:
    def __init__(self, options):
        self.options = options
        self.deadline = time.monotonic() + (LONG_LIMIT_S if options.long else NORMAL_LIMIT_S)
        self.rows = []  # (part, what, passed, failed, skipped, seconds)
        self.failures = []  # their titles, for the end
        self.env = dict(os.environ, **SANITIZER_ENV)
        if options.long:
            self.env['ZV_TEST_LONG'] = '1'
        self.children = {}
        self.ahead, self.ahead_pool = {}, None  # builds on their way: part -> future
        self.lock = threading.Lock()

    def build_dir(self, part):
        return os.path.join(self.options.builds, 'build-' + part)

    def add(self, part, what, passed, failed, skipped, seconds):
        with self.lock:
            self.rows.append((part, what, passed, failed, skipped, seconds))
            line = f'  {what:<28} {passed:>5} passed {failed:>4} failed {skipped:>4} skipped {seconds:8.1f} s'
            print(line + ('   <-- FAILED' if failed else ''), flush=True)

    def command(self, argv, log, env=None, limit_s=None):
        """Runs argv with its output in the file log; its status, or None when out of time.
        The whole process group ends with it."""
        left = self.deadline - time.monotonic()
        if limit_s is not None:
            left = min(left, limit_s)
        with open(log, 'wb') as out:
            if left <= 0:
                out.write(b'not started: out of time\n')
                return None
            child = subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out,
                                     stderr=subprocess.STDOUT, env=env or self.env,
                                     start_new_session=True)
        self.children[child.pid] = child
        try:
            return child.wait(timeout=left)
        except subprocess.TimeoutExpired:
            with open(log, 'ab') as out:
                out.write(b'stopped: out of time\n')
            return None
        finally:
            end_group(child)
            del self.children[child.pid]

    def failure(self, title, text):
        lines = text.rstrip().splitlines()
        with self.lock:
            self.failures.append(title)
            print(f'--- {title}')
            if len(lines) > TAIL_LINES:
                print(f'    ({len(lines) - TAIL_LINES} lines before)')
            for line in lines[-TAIL_LINES:]:
                print('    ' + line)
            print('---', flush=True)


def end_group(child):
    """SIGTERM to what is left of the child's group, SIGKILL after a while; group = own session."""
    for sig, patience_s in ((signal.SIGTERM, 20), (signal.SIGKILL, 10)):
        try:
            os.killpg(child.pid, sig)
        except (ProcessLookupError, PermissionError):
            break
        until = time.monotonic() + patience_s
        while time.monotonic() < until:
            child.poll()
            try:
                os.killpg(child.pid, 0)
            except (ProcessLookupError, PermissionError):
                return
            time.sleep(0.05)
    child.poll()


def read(path):
    with open(path, encoding='utf-8', errors='replace') as f:
        return f.read()


def log_path(run, name):
    folder = os.path.join(run.options.builds, 'build-logs')
    os.makedirs(folder, exist_ok=True)
    return os.path.join(folder, name + '.log')


def build(run, part, compiler, options, targets=()):
    """As build_now, or the result of what was built ahead."""
    if part in run.ahead:
        return run.ahead[part].result()
    return build_now(run, part, compiler, options, targets)


def build_ahead(run, parts):
    """The later parts are built at the lowest priority while the first one's tests wait for real
    time, as most of them do."""
    if run.ahead_pool is not None:
        return
    run.ahead_pool = concurrent.futures.ThreadPoolExecutor(1)
    recipes = {part: (*MESON_PARTS[part][:2], ()) for part in MESON_PARTS if part != 'thread'}
    recipes['fuzz'] = ('clang', FUZZ_OPTIONS, ['fuzz-targets'])
    recipes['hooks'] = HOOKS
    for part in (*parts, 'hooks') if 'integration' in parts else parts:
        if part in recipes:
            run.ahead[part] = run.ahead_pool.submit(build_now, run, part, *recipes[part], nice=True)


def build_now(run, part, compiler, options, targets=(), nice=False):
    """Configures and builds (targets None: configures only); False and a failure on record if
    that fails."""
    low = ['nice', '-n', '19'] if nice else []
    folder = run.build_dir(part)
    log = log_path(run, part + '-build')
    began = time.monotonic()
    env = dict(run.env, CC=compiler)
    status = 0
    if not os.path.exists(os.path.join(folder, 'build.ninja')):
        status = run.command([*low, 'meson', 'setup', folder, *options], log, env)
    if status == 0 and targets is not None:
        status = run.command([*low, 'ninja', '-C', folder, *targets], log, env)
    seconds = time.monotonic() - began
    if status != 0:
        run.failure(f'{part}: the build failed (status {status}), {log}', read(log))
        run.add(part, 'build', 0, 1, 0, seconds)
        return False
    print(f'  {part} built with {compiler} {" ".join(options)} in {seconds:.0f} s', flush=True)
    return True


def count(result, text):
    """(passed, failed, skipped) of one test from its result and output."""
    if result == 'SKIP':
        return 0, 0, 1
    good = result in ('OK', 'EXPECTEDFAIL')
    passed = failed = skipped = 0
    for tested, good_ones in SYNTHESIS.findall(text):
        passed += int(good_ones)
        failed += int(tested) - int(good_ones)
    lines = text.rstrip().splitlines()
    closing = CLOSING.match(lines[-1].strip()) if lines else None
    if passed + failed == 0 and closing:
        passed, failed, skipped = map(int, closing.groups())
    if not good and failed == 0:
        failed = 1  # crashed at exit, leaked, ran out of time
    if passed + failed + skipped == 0:
        passed = 1
    return passed, failed, skipped


def meson_part(run, part):
    compiler, options, test_args = MESON_PARTS[part]
    folder = run.build_dir(part)
    # `meson test` builds what the few tests of the thread part need: not the whole project.
    if not build(run, part, compiler, options, None if part == 'thread' else ()):
        return
    if not run.options.long:
        build_ahead(run, run.options.parts[run.options.parts.index(part) + 1:])
    log = log_path(run, part + '-test')
    results = os.path.join(folder, 'meson-logs', 'testlog.json')
    if os.path.exists(results):
        os.remove(results)
    began = time.monotonic()
    status = run.command(['meson', 'test', '-C', folder, '--num-processes', str(run.options.jobs * 3 // 2),
                          *test_args], log)  # most of them mostly wait
    if not os.path.exists(results):
        run.failure(f'{part}: meson test gave no results (status {status}), {log}', read(log))
        run.add(part, 'meson test', 0, 1, 0, time.monotonic() - began)
        return
    suites, any_failed = {}, False
    with open(results, encoding='utf-8', errors='replace') as f:
        for line in f:
            test = json.loads(line)
            label, _, name = test['name'].rpartition(' / ')
            suite = label.partition(':')[2].partition('+')[0] or 'none'
            text = (test.get('stdout') or '') + '\n' + (test.get('stderr') or '')
            counted = count(test['result'], text)
            if counted[1]:
                any_failed = True
                run.failure(f'{part}: {suite}: {name}: {test["result"]} after '
                            f'{test["duration"]:.1f} s', text)
            row = suites.setdefault(suite, [0, 0, 0, 0.0])
            for i in range(3):
                row[i] += counted[i]
            row[3] += test['duration']
    for suite, row in sorted(suites.items()):
        run.add(part, suite, *row)
    if not suites:
        run.failure(f'{part}: no test was run', read(log))
        run.add(part, 'meson test', 0, 1, 0, time.monotonic() - began)
    elif status is None or (status != 0 and not any_failed):
        run.failure(f'{part}: meson test ended with {status}', read(log))
        run.add(part, 'meson test', 0, 1, 0, time.monotonic() - began)


def fuzz_part(run, part):
    if not build(run, part, 'clang', FUZZ_OPTIONS, ['fuzz-targets']):
        return
    folder = run.build_dir(part)
    names = sorted(f[:-len('_fuzz')] for f in os.listdir(os.path.join(folder, 'tests', 'fuzz'))
                   if f.endswith('_fuzz'))
    seconds = FUZZ_LONG_S if run.options.long else FUZZ_S

    def one(name):
        log = log_path(run, 'fuzz-' + name)
        began = time.monotonic()
        env = {k: v for k, v in run.env.items() if k not in SANITIZER_ENV}
        status = run.command(['nice', '-n', '19', 'bash', 'scripts/fuzz', name, str(seconds), folder], log, env,
                             limit_s=seconds * 2 + 120)
        text = read(log)
        executed = re.search(r'stat::number_of_executed_units: (\d+)', text)
        good = status == 0 and executed
        if not good:
            run.failure(f'fuzz: {name}: status {status}, {log}', text)
        what = f'{name} ({int(executed.group(1)):,} inputs)' if executed else name
        run.add(part, what, 1 if good else 0, 0 if good else 1, 0, time.monotonic() - began)

    if not names:
        run.failure('fuzz: no targets', folder)
        run.add(part, 'fuzz', 0, 1, 0, 0.0)
    with concurrent.futures.ThreadPoolExecutor(run.options.jobs) as pool:
        list(pool.map(one, names))


def integration_list():
    """Rows of tests/integration.txt: (name, command, normal arguments, long arguments)."""
    rows = []
    path = os.path.join(ROOT, 'tests', 'integration.txt')
    for number, line in enumerate(read(path).splitlines(), 1):
        if not line.strip() or line.lstrip().startswith('#'):
            continue
        fields = [f.strip() for f in line.split('|')]
        if len(fields) != 4:
            sys.exit(f'{path}:{number}: want: name | command | normal arguments | long arguments')
        rows.append(fields)
    return rows


def integration_groups(long_mode):
    """The rows to run, in groups that run side by side: '+' before a name joins the row above;
    normal arguments of '-' keep a row for --long."""
    groups = []
    for name, command, normal, long_args in integration_list():
        if normal == '-' and not long_mode:
            continue
        row = (name.lstrip('+ '), command, normal, long_args)
        if name.startswith('+') and groups and not long_mode:  # long runs measure, too
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def integration_part(run, part):
    folder = run.build_dir('normal')
    if not build(run, 'normal', *MESON_PARTS['normal'][:2]):
        return
    env = dict(run.env, ZV_BUILD=folder)
    folders = {'normal': folder, 'hooks': run.build_dir('hooks')}

    def one(row):
        name, command, normal, long_args = row
        words = command + ' ' + (long_args if run.options.long else normal)
        if '{hooks}' in words and not build(run, 'hooks', *HOOKS):
            return
        argv = [word.format_map(folders) for word in shlex.split(words)]
        if not os.path.exists(os.path.join(ROOT, argv[0])):
            run.failure(f'integration: {name}', f'{argv[0]}: no such file')
            run.add(part, name, 0, 1, 0, 0.0)
            return
        log = log_path(run, 'integration-' + name)
        began = time.monotonic()
        status = run.command([os.path.join(ROOT, argv[0]), *argv[1:]], log, env)
        text = read(log)
        result = 'OK' if status == 0 else 'SKIP' if status == SKIP else 'FAIL'
        counted = count(result, text)
        if counted[1] or status is None:
            run.failure(f'integration: {name}: status {status}, {log}', text)
        run.add(part, name, *counted, time.monotonic() - began)

    for group in integration_groups(run.options.long):
        with concurrent.futures.ThreadPoolExecutor(len(group)) as pool:
            list(pool.map(one, group))


def main():
    parser = argparse.ArgumentParser(prog='scripts/test', description='Sets the machine up (apt, '
                                     'only what is missing) and runs every test.')
    parser.add_argument('--long', action='store_true',
                        help='longer integration runs, 10 minutes a fuzz target (hours in all)')
    parser.add_argument('--only', metavar='PART[,PART]', default=','.join(PARTS),
                        help='of: ' + ' '.join(PARTS))
    parser.add_argument('--jobs', type=int, default=os.cpu_count() or 2, help='tests at a time')
    parser.add_argument('--builds', metavar='DIR', default=ROOT,
                        help='where the build-* folders go (default: beside the sources)')
    parser.add_argument('--no-setup', action='store_true', help='install nothing')
    options = parser.parse_args()
    parts = options.only.split(',')
    for part in parts:
        if part not in PARTS:
            parser.error(f'no such part: {part}')
    options.parts = parts
    options.builds = os.path.abspath(options.builds)
    os.makedirs(options.builds, exist_ok=True)
    run = Run(options)

    def stop(signum, _frame):
        for child in list(run.children.values()):
            end_group(child)
        sys.exit(128 + signum)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)

    times = []

    def one(part):
        print(f'== {part}', flush=True)
        began = time.monotonic()
        if part in MESON_PARTS:
            meson_part(run, part)
        elif part == 'fuzz':
            fuzz_part(run, part)
        else:
            integration_part(run, part)
        times.append((part, time.monotonic() - began))
        print(f'   {part}: {times[-1][1]:.0f} s', flush=True)

    began = time.monotonic()
    beside = None  # fuzzing takes what the programs of the whole, which mostly wait, leave of the cores
    for part in parts:
        if part == 'fuzz' and 'integration' in parts and not options.long:
            beside = threading.Thread(target=one, args=(part,), daemon=True)
            beside.start()
        else:
            one(part)
    if beside is not None:
        beside.join()

    print('\nTimes: ' + ', '.join(f'{part} {seconds:.0f} s' for part, seconds in times)
          + f'; in all {time.monotonic() - began:.0f} s')
    for title in run.failures:
        print(f'FAILED: {title}')
    passed, failed, skipped = (sum(row[i] for row in run.rows) for i in (2, 3, 4))
    if passed + failed == 0:
        print('FAILED: nothing was tested')
        failed = 1
    print(f'{passed} passed, {failed} failed, {skipped} skipped', flush=True)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
