"""Lines of figures: what a program of measurements prints with --json, read strictly."""
import json
import math
import re
import statistics

NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*\Z")
TEXTS = ("name", "unit", "peer", "size_of", "better")
NUMBERS = ("value", "n", "p50", "p95", "p99", "cpu_us", "rss_kb", "size", "reach")
BETTER = ("lower", "higher", "none")


class BadLine(Exception):
    pass


def check(figure):
    """The figure, with what it left out; BadLine says what is wrong with it."""
    if not isinstance(figure, dict):
        raise BadLine("not a JSON object")
    for field in figure:
        if field not in TEXTS + NUMBERS:
            raise BadLine(f'unknown field "{field}"; bench/README.md has those there are')
    for field in ("name", "value", "unit"):
        if field not in figure:
            raise BadLine(f'no "{field}"')
    for field in TEXTS:
        if field in figure and not isinstance(figure[field], str):
            raise BadLine(f'"{field}" is not a text')
    for field in NUMBERS:
        number = figure.get(field, 0)
        if isinstance(number, bool) or not isinstance(number, (int, float)) or not math.isfinite(number):
            raise BadLine(f'"{field}" is not a finite number')
    for field in ("name", "peer", "size_of"):
        if field in figure and not NAME.match(figure[field]):
            raise BadLine(f'"{field}" is "{figure[field]}": only a-z, 0-9, _, . and -')
    figure.setdefault("better", "higher" if figure["unit"].endswith("/s") else "lower")
    if figure["better"] not in BETTER:
        raise BadLine('"better" is none of lower, higher, none')
    return figure


def key(figure):
    """What a figure is compared by."""
    return figure["name"], figure.get("size"), figure.get("peer")


def read(text, where):
    """The figures of a program's output; where: its name for messages."""
    found, seen = [], set()
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            figure = check(json.loads(line))
        except ValueError:
            raise BadLine(f"{where}: line {number} is not JSON: {line[:80]!r}; with --json it must print one "
                          "JSON object a line, see bench/README.md") from None
        except BadLine as bad:
            raise BadLine(f"{where}: line {number}: {bad}: {line[:120]!r}") from None
        if key(figure) in seen:
            raise BadLine(f"{where}: line {number}: {figure['name']} twice with the same size and peer")
        seen.add(key(figure))
        found.append(figure)
    if not found:
        raise BadLine(f"{where}: it printed no figure; with --json it must print one JSON object a line")
    return found


def merge(runs):
    """One list of figures out of several runs: medians; spread is (largest - smallest) / median."""
    merged = []
    for first in runs[0]:
        same = [f for run in runs for f in run if key(f) == key(first)]
        one = dict(first)
        for field in ("value", "p50", "p95", "p99", "cpu_us", "rss_kb"):
            values = [f[field] for f in same if field in f]
            if values:
                one[field] = statistics.median(values)
        if any("n" in f for f in same):
            one["n"] = sum(f.get("n", 0) for f in same)
        values = [f["value"] for f in same]
        one["runs"] = values
        one["spread"] = (max(values) - min(values)) / abs(one["value"]) if one["value"] else 0.0
        merged.append(one)
    known = {key(f) for f in runs[0]}
    for run in runs[1:]:  # a figure that only a later run has
        for figure in run:
            if key(figure) not in known:
                known.add(key(figure))
                merged.append({**figure, "runs": [figure["value"]], "spread": 0.0})
    return merged
