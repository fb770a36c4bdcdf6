"""scripts/bench: measures, writes bench.json and bench.html, compares with an earlier run."""
import argparse
import json
import os
import signal
import sys
import time

import compare
import machine
import page
import runner
import table

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VERSION = 1


def fail(text):
    print(f"scripts/bench: {text}", file=sys.stderr)
    return 2


def list_benches(rows):
    for name, found in rows.items():
        what = table.NAMES.get(name) or (found[0].get("what", "") if found else "")
        folders = ", ".join(sorted({"bench/" + row["from"] for row in found})) or "not in this tree"
        print(f"{name:<10} {what} ({folders})")


def read_baseline(path):
    with open(path, encoding="utf-8") as file:
        baseline = json.load(file)
    if not isinstance(baseline, dict) or baseline.get("zvonar_bench") != VERSION:
        raise ValueError("no file of scripts/bench, or of another version of it")
    return baseline


def amount(figure):
    text = f"{figure['value']:.6g} {figure['unit']}"
    for field in ("p50", "p99"):
        if field in figure:
            text += f", {field} {figure[field]:.4g}"
    return text


def print_figures(bench):
    for figure in bench["figures"]:
        size = f" at {figure['size']:g}" if "size" in figure else ""
        peer = f" [{figure['peer']}]" if "peer" in figure else ""
        print(f"{bench['bench']:<10} {figure['name']}{size}{peer}: {amount(figure)}")


def print_compared(rows):
    for row in rows:
        if row["verdict"] in ("worse", "better"):
            size = f" at {row['size']:g}" if row["size"] is not None else ""
            print(f"{row['verdict'].upper():<6} {row['bench']} {row['name']}{size}: {row['then']:.5g} -> {row['now']:.5g} "
                  f"{row['unit']}, {row['by']} x {row['change']:.2f} (noise {row['noise']:.0%})")
    count = {v: sum(row["verdict"] == v for row in rows) for v in ("worse", "better", "same", "new", "gone")}
    print(f"{count['worse']} worse, {count['better']} better, {count['same']} the same within noise, "
          f"{count['new']} new, {count['gone']} gone")


def write_results(result, out):
    os.makedirs(out, exist_ok=True)
    paths = os.path.join(out, "bench.json"), os.path.join(out, "bench.html")
    with open(paths[0], "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1, ensure_ascii=False)
        file.write("\n")
    with open(paths[1], "w", encoding="utf-8") as file:
        file.write(page.render(result))
    return paths


def options_of(arguments):
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__, epilog="exit status: 0 done; 1 a program "
                                     "failed or, with --against, something got worse; 2 used wrongly")
    parser.add_argument("names", nargs="*", metavar="NAME", help="what to measure (all); --list says what there is")
    parser.add_argument("--list", action="store_true", help="the names, and where they are measured")
    parser.add_argument("--quick", action="store_true", help="small sizes, once each: shows that all runs, not what it costs")
    parser.add_argument("--against", metavar="BASELINE.json", help="compare with an earlier bench.json")
    parser.add_argument("--out", metavar="DIR", help="where bench.json and bench.html go (out/bench-DATE)")
    parser.add_argument("--repeats", type=int, help="runs of each (as its suite.json says; once with --quick)")
    parser.add_argument("--scratch", metavar="DIR", help="where stores are made; on a disk, not in memory (TMPDIR)")
    parser.add_argument("--port", type=int, default=27000, help="the first port that may be used (%(default)s)")
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def measure(rows, names, options):
    wanted = [row for name in names for row in rows[name]]
    progress = runner.Progress(runner.estimate(wanted, options))
    result = {"zvonar_bench": VERSION, "quick": options.quick, "machine": machine.describe(ROOT, options.build), "benches": []}
    progress.line(f"{len(names)} benches, about {runner.clock(progress.total)}")
    for i, name in enumerate(names, 1):
        bench = runner.run_bench(name, rows[name], options, progress, f"[{i}/{len(names)}] {name}")
        result["benches"].append(bench)
        print_figures(bench)
        sys.stdout.flush()
    result["seconds"] = round(time.monotonic() - progress.begun, 1)
    return result


def main(arguments):
    options = options_of(arguments)
    options.root, options.build = ROOT, os.path.abspath(options.build)
    try:
        rows = table.read(ROOT)
    except table.BadTable as bad:
        return fail(str(bad))
    if options.list:
        list_benches(rows)
        return 0
    unknown = [name for name in options.names if name not in rows]
    if unknown:
        return fail(f"no bench is called {unknown[0]}; there are {', '.join(rows)}")
    if options.repeats is not None and options.repeats < 1:
        return fail("--repeats: at least 1")
    baseline = None
    if options.against:
        try:
            baseline = read_baseline(options.against)
        except (OSError, ValueError) as error:
            return fail(f"--against {options.against}: {error}")
        if baseline["quick"] != options.quick:
            return fail(f"--against {options.against}: it was made {'with' if baseline['quick'] else 'without'} --quick: "
                        f"{'add' if baseline['quick'] else 'leave out'} --quick")
    out = options.out or os.path.join(ROOT, "out", "bench-" + time.strftime("%m%d-%H%M%S"))
    try:
        os.makedirs(out, exist_ok=True)
    except OSError as error:
        return fail(f"--out {out}: {error.strerror}")
    result = measure(rows, list(dict.fromkeys(options.names)) or list(rows), options)
    worse = 0
    if baseline:
        result["against"] = {"file": os.path.basename(options.against), "machine": baseline["machine"],
                             "rows": compare.compare(baseline, result)}
        print_compared(result["against"]["rows"])
        if not compare.same_machine(baseline, result):
            print("the baseline is of another machine: only ratios to a peer were judged")
        worse = sum(row["verdict"] == "worse" for row in result["against"]["rows"])
    print("\n".join(write_results(result, out)))
    return 1 if worse or any(bench["failed"] for bench in result["benches"]) else 0


def stopped(_signal, _frame):
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stopped)  # what runs is ended with this
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        print("\nscripts/bench: stopped; nothing is written", file=sys.stderr)
        sys.exit(130)
