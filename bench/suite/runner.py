"""Runs the programs of measurements, one after the other, and tells how far it is."""
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import lines
import machine
import table

SKIPPED = 77
PORTS, PORTS_LAST = 2000, 32000  # a row's ports; above are those that the kernel gives away


class Failed(Exception):
    pass


class Skipped(Exception):
    pass


def clock(seconds):
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def free_ports(first):
    """The first of PORTS ports on loopback of which every tenth is free."""
    while first + PORTS <= PORTS_LAST:
        try:
            for port in range(first, first + PORTS, 10):
                for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                    with socket.socket(socket.AF_INET, kind) as s:
                        s.bind(("127.0.0.1", port))
            return first
        except OSError:
            first += PORTS
    raise Failed(f"no {PORTS} free ports in a row below {PORTS_LAST}: what uses them? (ss -ulnp)")


def text_of(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def tail(text, count=6):
    return "\n".join("    " + line for line in text.strip().splitlines()[-count:])


class Progress:
    """What is told on stderr: a line that changes on a terminal, else one now and then."""

    def __init__(self, total_seconds, out=sys.stderr):
        self.out = out
        self.begun = time.monotonic()
        self.total, self.done = total_seconds, 0.0
        self.speed = 1.0  # how much longer than estimated things take here
        self.taken = 0.0
        self.said = 0.0

    def left(self, estimate, so_far):
        """Of this run and of all, seconds; what takes longer than it should slows all that follows, too."""
        speed = max(self.speed, so_far / estimate if estimate > 0 else 0.0)
        here = max(estimate * self.speed - so_far, 0.0)
        return here, here + max(self.total - self.done - estimate, 0.0) * min(speed, 5.0)

    def tell(self, what, estimate, so_far):
        here, whole = self.left(estimate, so_far)
        text = f"{what}: {clock(so_far)} so far, " + (f"about {clock(here)} left" if here > 0 else "longer than usual") \
            + f"; all: about {clock(whole)} left"
        if self.out.isatty():
            self.out.write("\r\033[K" + text)
        elif time.monotonic() - self.said > 30:
            self.out.write(text + "\n")
        else:
            return
        self.said = time.monotonic()
        self.out.flush()

    def finished(self, estimate, took):
        self.done += estimate
        self.taken += took
        if self.done > 0:
            self.speed = min(max(self.taken / self.done, 0.2), 5.0)

    def line(self, text):
        self.out.write(("\r\033[K" if self.out.isatty() else "") + text + "\n")
        self.out.flush()
        self.said = time.monotonic()


class Run:
    """One program, once.  Its process group is ended with it."""

    def __init__(self, words, limit, scratch):
        self.words, self.limit, self.scratch = words, limit, scratch

    def wait(self, process, tell):
        begun = time.monotonic()
        while process.poll() is None:
            so_far = time.monotonic() - begun
            if so_far > self.limit:
                raise Failed(f"no end after {clock(so_far)}: ended; is the machine very busy?")
            tell(so_far)
            try:
                process.wait(0.5)
            except subprocess.TimeoutExpired:
                pass
        return time.monotonic() - begun

    def __call__(self, tell):
        """(figures, seconds)"""
        paths = [os.path.join(self.scratch, name) for name in ("stdout", "stderr")]
        with open(paths[0], "wb") as out, open(paths[1], "wb") as err:
            process = subprocess.Popen(self.words, stdout=out, stderr=err, stdin=subprocess.DEVNULL,
                                       start_new_session=True)
            try:
                took = self.wait(process, tell)
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
        said, complaint = map(text_of, paths)
        name = os.path.basename(self.words[0]) if not self.words[0].endswith("python3") else os.path.basename(self.words[1])
        if process.returncode == SKIPPED:
            raise Skipped((complaint.strip().splitlines() or [f"{name} says that it cannot run here"])[-1])
        if process.returncode != 0:
            raise Failed(f"{name} ended with status {process.returncode}:\n{tail(complaint or said) or '    (it said nothing)'}\n"
                         f"    the command: {' '.join(self.words)}")
        return lines.read(said, name), took


def run_row(row, options, progress, label):
    """(figures of all repeats merged, load and others' CPU while it ran)"""
    scratch = tempfile.mkdtemp(prefix="zvonar-bench-", dir=options.scratch)
    try:
        words = table.command(row, options.quick, {"build": options.build, "root": options.root, "scratch": scratch,
                                                   "port": free_ports(options.port)})
        reason = table.why_not(row, words)
        if reason:
            raise Skipped(reason)
        repeats = options.repeats or (1 if options.quick else row["repeats"])
        each = row["quick_seconds" if options.quick else "seconds"]
        runs = []
        for i in range(repeats):
            what = f"{label}{' at ' + row['each'] if row['each'] else ''}, run {i + 1} of {repeats}"
            run = Run(words, max(60, 10 * each), scratch)
            figures, took = run(lambda so_far, what=what: progress.tell(what, each, so_far))
            progress.finished(each, took)
            runs.append(figures)
        return lines.merge(runs)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def estimate(rows, options):
    each = "quick_seconds" if options.quick else "seconds"
    rows = [row for row in rows if not (options.quick and row["quick"] is None)]
    return sum(row[each] * (options.repeats or (1 if options.quick else row["repeats"])) for row in rows)


def own_cpu():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime + time.process_time()


def run_bench(name, rows, options, progress, label):
    """What bench.json holds of one NAME."""
    result = {"bench": name, "what": table.NAMES.get(name, rows[0].get("what", "") if rows else ""), "figures": [],
              "skipped": [], "failed": [], "load": [round(os.getloadavg()[0], 2)]}
    if not rows:
        result["skipped"].append("no program for it in this tree (no row in bench/*/suite.json)")
    begun, busy, own = time.monotonic(), machine.busy_seconds(), own_cpu()
    for row in rows:
        if options.quick and row["quick"] is None:
            continue
        where = f'bench/{row["from"]}'
        known = {lines.key(f) for f in result["figures"]}
        try:
            figures = run_row(row, options, progress, label)
            twice = [f["name"] for f in figures if lines.key(f) in known]
            if twice:
                raise Failed(f"{twice[0]} came from another row of {name} already, with the same size and peer")
            result["figures"] += figures
        except Skipped as skipped:
            if f"{where}: {skipped}" not in result["skipped"]:
                result["skipped"].append(f"{where}: {skipped}")
            progress.done += estimate([row], options)
        except (Failed, lines.BadLine, table.BadTable, OSError) as failed:
            result["failed"].append(f"{where}: {failed}")
            progress.done += estimate([row], options)
    if not result["figures"] + result["skipped"] + result["failed"]:
        result["skipped"].append("nothing of it runs with --quick")
    took = time.monotonic() - begun
    result["load"].append(round(os.getloadavg()[0], 2))
    result["seconds"] = round(took, 1)
    others = (machine.busy_seconds() - busy - (own_cpu() - own)) / took if took > 1 else 0.0
    result["others_cores"] = round(max(others, 0.0), 2)
    for reason in result["skipped"]:
        progress.line(f"{label}: skipped: {reason}")
    for reason in result["failed"]:
        progress.line(f"{label}: FAILED: {reason}")
    if result["figures"]:
        progress.line(f"{label}: {len(result['figures'])} figures in {clock(took)}")
    return result
