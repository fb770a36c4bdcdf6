"""A strict reader of the Prometheus text exposition format 0.0.4, written from its specification, and
what `promtool check metrics` says of names: promtool itself where it is installed."""
import collections
import re
import shutil
import subprocess

Family = collections.namedtuple('Family', 'name type help samples')
NAME = r'[a-zA-Z_:][a-zA-Z0-9_:]*'
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*'
SAMPLE = re.compile(rf'({NAME})(\{{.*\}})? (NaN|[+-]Inf|[+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)( -?[0-9]+)?\Z')
ONE = re.compile(rf'({LABEL})="((?:[^"\\\n]|\\["\\n])*)"')


def unescape(text, allowed):
    out, i = '', 0
    while i < len(text):
        if text[i] == '\\':
            if text[i + 1] not in allowed:
                raise ValueError(f'escape \\{text[i + 1]}')
            out += {'n': '\n'}.get(text[i + 1], text[i + 1])
            i += 2
        else:
            out += text[i]
            i += 1
    return out


def labels(text):
    found, at = {}, 1
    while text[at] != '}':
        m = ONE.match(text, at)
        if not m or m.group(1) in found:
            raise ValueError(f'labels: {text}')
        found[m.group(1)] = unescape(m.group(2), '\\n"')
        at = m.end()
        if text[at] == ',':
            at += 1
        elif text[at] != '}':
            raise ValueError(f'labels: {text}')
    if at != len(text) - 1:
        raise ValueError(f'labels: {text}')
    return found


def value(text):
    return float(text.replace('Inf', 'inf'))


def check_histogram(family):
    by_labels = collections.defaultdict(list)
    for name, own, number in family.samples:
        rest = tuple(sorted((k, v) for k, v in own.items() if k != 'le'))
        by_labels[rest].append((name, own.get('le'), number))
    for rows in by_labels.values():
        buckets = [(value(le), n) for name, le, n in rows if name.endswith('_bucket')]
        count = [n for name, _, n in rows if name.endswith('_count')]
        if len([1 for name, _, _ in rows if name.endswith('_sum')]) != 1 or len(count) != 1:
            raise ValueError(f'{family.name}: one _sum and one _count')
        if buckets != sorted(buckets) or buckets[-1] != (float('inf'), count[0]) \
                or [n for _, n in buckets] != sorted(n for _, n in buckets):
            raise ValueError(f'{family.name}: buckets {buckets}')


def parse(text):
    """{name: Family}; ValueError says what is wrong."""
    families, now, ended, seen = {}, None, set(), set()
    if not text.endswith('\n'):
        raise ValueError('the last line has no end')
    for line in text.split('\n')[:-1]:
        if line.startswith('# HELP ') or line.startswith('# TYPE '):
            _, kind, name, rest = line.split(' ', 3)
            if not re.fullmatch(NAME, name):
                raise ValueError(line)
            if now is None or now.name != name:
                if name in families:
                    raise ValueError(f'{name} is there twice, or in two places')
                now = families[name] = Family(name, [], [], [])
            if now.samples or getattr(now, kind.lower()):
                raise ValueError(f'{line}: twice or after its samples')
            getattr(now, kind.lower()).append(unescape(rest, '\\n') if kind == 'HELP' else rest)
            continue
        if line.startswith('#') or not line:
            raise ValueError(f'unexpected: {line!r}')
        m = SAMPLE.match(line)
        if not m:
            raise ValueError(f'no sample: {line!r}')
        name, own, number = m.group(1), labels(m.group(2)) if m.group(2) else {}, value(m.group(3))
        base = re.sub('_(bucket|sum|count)$', '', name) if now and now.type == ['histogram'] else name
        if now is None or base != now.name:
            raise ValueError(f'{name}: not of the family before it')
        key = (name, tuple(sorted(own.items())))
        if key in seen:
            raise ValueError(f'twice: {key}')
        seen.add(key)
        now.samples.append((name, own, number))
    out = {}
    for name, f in families.items():
        f = Family(name, f.type[0] if f.type else 'untyped', f.help[0] if f.help else '', f.samples)
        if f.type == 'histogram' and f.samples:
            check_histogram(f)
        if f.type == 'counter' and (not name.endswith('_total') or any(s[2] < 0 for s in f.samples)):
            raise ValueError(f'{name}: a counter')
        if not f.help or f.type == 'untyped':
            raise ValueError(f'{name}: no help or type')
        out[name] = f
    return out


# Prometheus' rules of names: base units, no abbreviations, no types in names.
NOT_BASE = ('milliseconds', 'microseconds', 'nanoseconds', 'minutes', 'hours', 'days', 'weeks', 'kilobytes', 'megabytes',
            'gigabytes', 'bits', 'percent', 'kilobits', 'megabits', 'fahrenheit', 'inches', 'miles')
SHORT = ('s', 'ms', 'us', 'ns', 'sec', 'b', 'kb', 'mb', 'gb', 'tb', 'pb', 'm', 'h', 'd')
TYPES = ('counter', 'gauge', 'histogram', 'summary', 'untyped')


def lint(families):
    """What is wrong with the names, a line each."""
    found = []
    for name, family in families.items():
        words = name.split('_')
        if re.search('[a-z][A-Z]', name) or any(re.search('[a-z][A-Z]', label) for _, own, _ in family.samples for label in own):
            found.append(f'{name}: not in snake_case')
        found += [f'{name}: {word} is not a base unit' for word in words if word in NOT_BASE]
        found += [f'{name}: abbreviated unit {word}' for word in words if word in SHORT]
        found += [f'{name}: has its type {word} in its name' for word in words if word in TYPES]
        if family.type != 'counter' and name.endswith('_total'):
            found.append(f'{name}: _total is for counters')
        if family.type in ('gauge', 'counter') and re.search('_(count|sum|bucket)$', name):
            found.append(f'{name}: _count, _sum and _bucket are for histograms')
        if any('le' in own for _, own, _ in family.samples) and family.type != 'histogram':
            found.append(f'{name}: the label le is for histograms')
    return found


def promtool(text):
    """What promtool says against it; "" nothing, None: it is not installed."""
    if shutil.which('promtool') is None:
        return None
    said = subprocess.run(['promtool', 'check', 'metrics'], input=text, capture_output=True, text=True, timeout=60)
    return (said.stdout + said.stderr).strip() if said.returncode != 0 else ''
