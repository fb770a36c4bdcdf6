#!/usr/bin/env python3
"""CPU time (user + system) a call: zvonard beside SIPp, the same calls to the same far end.

  bench/sip/run.py --build BUILD [--rate 300 --seconds 60] [--kind calls ...]

Kinds:
  calls   180, 200, five seconds without RTP, BYE
  prompt  the same with a prompt of five seconds: 250 packets
  both    the same, and the far end sends RTP too
  cancel  180, five seconds, CANCEL, 487
  memory  600 calls up for half a minute, as `both`: what the process grew by a call
Each caller makes the same calls at the same rate, one after the other in one run, to a sip_far
started afresh.  What it saw of each call (answer, ACK, end, every packet of the prompt in its
place) says which calls failed; a run in which one in a thousand or more did is said to have failed,
and the exit status is 1.

Output: a header with the machine, then `name value unit n p50 p99` a result, over --repeats runs
(value and p50: their median, p99: the worst).  --json: one object a line instead.
"""
import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile

import sipp
from zvonard import Zvonard

KINDS = ("calls", "prompt", "both", "cancel", "memory")
FAILED_MOST = 0.001
TIMER_D_S = 32  # a client transaction of the stack lives that long (RFC 3261 17.1.1.2)
UP_KB, ENDED_KB = 25, 14  # a call that is up, one that ended within TIMER_D_S


class Failed(Exception):
    pass


class Work:
    """What each caller is asked for."""

    def __init__(self, options, kind):
        self.kind, self.rate, self.up, self.port = kind, options.rate, options.up, options.port
        self.calls = options.calls or int(options.rate * options.seconds)
        self.offers = 4096  # leads read ahead, the default
        if kind == "memory":
            # All up at once and none ended; a call holds its lead, and few more are read ahead.
            self.rate, self.up, self.calls = min(50, options.rate), 30, options.calls or 600
            self.offers = self.calls + 50
        self.ring, self.send = kind == "cancel", kind in ("both", "memory")
        self.prompt = self.send or kind == "prompt"
        self.shards, self.io, self.extra = options.shards, options.io, options.extra.replace("\\n", "\n") + "\n"
        self.packets = round(self.up * 50)

    def seconds(self):
        """That all of it may take, with room for a busy machine."""
        return 60 + 2 * (self.calls / self.rate + self.up)


class Far:
    """sip_far for one measurement."""

    def __init__(self, build, work, by_call):
        command = [os.path.join(build, "bench/sip/sip_far"), "--sip", f"127.0.0.1:{work.port}",
                   "--rtp", f"127.0.0.1:{work.port + 20}"]
        if work.prompt and by_call:
            # The last may cross the BYE.
            command += ["--want", str(work.packets - 2)]
        command += ["--send"] * work.send + ["--ring"] * work.ring
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise Failed("the far end did not start")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        out, _ = self.process.communicate(timeout=20)
        return json.loads(out)


def run_sipp(options, work, scratch):
    try:
        spent, most_kb = sipp.run(work, scratch)
    except sipp.SippFailed as error:
        raise Failed(str(error)) from error
    return {"parts": {"all": spent}, "kb": most_kb}


def run_zvonard(options, work, scratch):
    """CPU by thread from the start of the campaign until the category of the last lead is on disk."""
    zvonard = Zvonard(options.build, scratch, work)
    try:
        spent = zvonard.run(work.seconds())
        status = zvonard.status()
    except RuntimeError as error:
        raise Failed(str(error)) from error
    finally:
        zvonard.close()
    begin, most = zvonard.watch.begin_kb, zvonard.watch.most_kb
    return {"parts": {"all": sum(spent.values()), **spent}, "kb": most - begin, "begin_kb": begin, "status": status,
            "samples": zvonard.watch.samples}


CALLERS = {"sipp": run_sipp, "zvonard": run_zvonard}


def measure(options, caller, kind):
    """One run: {"us": {"all" or a thread: microseconds a call}, "kb", "far": what the far end saw, ...}"""
    work = Work(options, kind)
    scratch = tempfile.mkdtemp(prefix="bench-sip-")
    try:
        # SIPp's calls share RTP ports: their packets are only counted together.
        far = Far(options.build, work, caller == "zvonard")
        try:
            got = CALLERS[caller](options, work, scratch)
        finally:
            seen = far.stop()
        got["us"] = {name: 1e6 * value / work.calls for name, value in got.pop("parts").items()}
        got["us"]["far"] = seen["cpu_us"] / work.calls
        got["far"], got["n"], got["work"] = seen, work.calls, work
        got["failed"] = 1 - seen["whole"] / work.calls
        got["held"] = 1000 * (seen["calls"] - 1) / max(1, seen["span_ms"])
        return got
    finally:
        if options.keep:
            print(f"# kept: {scratch}", file=sys.stderr)
        else:
            shutil.rmtree(scratch)


REACH = {"sip_calls_cpu": 400, "sip_prompt_cpu": 1500, "sip_prompt_grew_to_allowed": 1, "sip_prompt_held": 300,
         "sip_prompt_ended_memory": ENDED_KB, "sip_memory_up": UP_KB}


def figure(name, unit, full):
    """What bench/README.md asks of a line: one name for all callers, and who it was; None: not wanted, as
    whoever reads it divides himself.  full: at the rate that REACH is about."""
    if name.endswith("_zvonard_to_sipp"):
        return None
    fields = {"name": name.replace("_zvonard_", "_").replace("_sipp_", "_")}
    if "_sipp_" in name:
        fields["peer"] = "sipp"
    elif fields["name"] in REACH and full:
        fields["reach"] = REACH[fields["name"]]
    if name.endswith("_far_cpu") or name.endswith("_failed"):
        fields["better"] = "none"
    elif unit == "calls/s":
        fields["better"] = "higher"
    return fields


class Lines:
    """Results, as text or as JSON; a list of values gives median and worst."""

    def __init__(self, options):
        self.as_json, self.full = options.json, options.rate >= 300
        self.size = {"size": round(options.rate * options.up), "size_of": "calls"}

    def header(self, options):
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "?")
        if not self.as_json:
            print(f"# {model}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}; {options.rate} calls a second, "
                  f"{options.seconds} s, {options.repeats} runs")
            print("# name value unit n p50 p99")

    def put(self, name, values, unit, n, **more):
        middle, worst = statistics.median(values), max(values)
        fields = figure(name, unit, self.full)
        if self.as_json and fields is not None:
            print(json.dumps({**fields, **self.size, "value": round(middle, 3), "unit": unit, "n": n, **more}), flush=True)
        elif not self.as_json:
            form = ".4f" if unit in ("ratio", "share") else ".1f"
            print(f"{name} {middle:{form}} {unit} {n} {middle:{form}} {worst:{form}}", flush=True)


def kb_at(run, seconds):
    return next((kb for at, kb in run["samples"] if at >= seconds), None)


def show_memory(lines, kind, runs):
    """What zvonard grew by, over what the calls of a full load may hold, and what each call that ended
    added while none was forgotten yet."""
    work, up = runs[0]["work"], runs[0]["far"]["up_max"]
    if kind == "memory":
        return
    ended = min(work.calls - up, work.rate * TIMER_D_S)
    may_kb = up * UP_KB + ended * ENDED_KB
    lines.put(f"sip_{kind}_zvonard_grew", [run["kb"] for run in runs], "kB", work.calls)
    lines.put(f"sip_{kind}_zvonard_grew_to_allowed", [run["kb"] / may_kb for run in runs], "ratio", work.calls)
    if work.calls / work.rate >= TIMER_D_S:
        lines.put(f"sip_{kind}_zvonard_ended_memory",
                  [(kb_at(run, 30) - kb_at(run, 10)) / 20 / run["held"] for run in runs], "kB/call", work.calls)


def show_caller(lines, kind, name, runs):
    """The whole first, then its threads, the greediest first."""
    n = runs[0]["n"]
    parts = {part for run in runs for part in run["us"]} - {"all", "far"}
    values = {part: [run["us"].get(part, 0.0) for run in runs] for part in parts}
    cpu = [run["us"]["all"] for run in runs]
    if kind == "memory":
        # Before the first goodbye; of SIPp only the most is known.
        lines.put(f"sip_{kind}_{name}_up", [(kb_at(run, 28) - run["begin_kb"] if "samples" in run else run["kb"]) /
                                            run["far"]["up_max"] for run in runs], "kB/call", n)
        return
    lines.put(f"sip_{kind}_{name}_cpu", cpu, "us/call", n, cpu_us=round(statistics.median(cpu), 1),
              rss_kb=round(max(run["kb"] for run in runs)))
    for part in sorted(parts, key=lambda p: -statistics.median(values[p])):
        if statistics.median(values[part]) >= 0.1:
            lines.put(f"sip_{kind}_{name}_{part.replace('-', '_')}", values[part], "us/call", n)
    lines.put(f"sip_{kind}_{name}_far_cpu", [run["us"]["far"] for run in runs], "us/call", n)
    lines.put(f"sip_{kind}_{name}_failed", [run["failed"] for run in runs], "share", n)
    lines.put(f"sip_{kind}_{name}_held", [run["held"] for run in runs], "calls/s", n)


def measure_kind(options, lines, callers, kind):
    """Exit status: 1 if too many calls failed."""
    runs = {name: [] for name in callers}
    for _ in range(options.repeats):  # turn about, so that both meet the same machine
        for name in callers:
            runs[name].append(measure(options, name, kind))
            if options.verbose:
                print(f"# {name} {kind}: {json.dumps(runs[name][-1]['far'])}", file=sys.stderr)
                if "samples" in runs[name][-1]:
                    print("# MB: " + " ".join(f"{(kb - runs[name][-1]['begin_kb']) // 1024}"
                                              for _, kb in runs[name][-1]["samples"][::4]), file=sys.stderr)
    for name in callers:
        show_caller(lines, kind, name, runs[name])
    if "zvonard" in callers:
        show_memory(lines, kind, runs["zvonard"])
    if len(callers) == 2 and kind != "memory":
        pairs = list(zip(runs["zvonard"], runs["sipp"]))
        lines.put(f"sip_{kind}_zvonard_to_sipp", [a["us"]["all"] / b["us"]["all"] for a, b in pairs], "ratio",
                  runs["sipp"][0]["n"])
        lines.put(f"sip_{kind}_zv_sip_to_sipp", [a["us"]["zv-sip"] / b["us"]["all"] for a, b in pairs], "ratio",
                  runs["sipp"][0]["n"])
    bad = [run for run in runs.get("zvonard", []) if run["failed"] >= FAILED_MOST]
    for run in bad:
        print(f"bench/sip: {kind}: {run['failed']:.2%} of the calls failed: {json.dumps(run['far'])}", file=sys.stderr)
    return 1 if bad else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True, help="the build directory")
    parser.add_argument("--only", choices=list(CALLERS), help="measure one of the two")
    parser.add_argument("--rate", type=int, default=300, help="calls a second")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--calls", type=int, default=0, help="instead of --seconds")
    parser.add_argument("--up", type=float, default=5, help="seconds that a call is up")
    parser.add_argument("--prompt", action="store_true", help="the same as --kind prompt")
    parser.add_argument("--far-sends", action="store_true", help="the same as --kind both")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--shards", type=int, default=1, help="signalling threads of zvonard")
    parser.add_argument("--io", default="auto", help="zvonard's media.io")
    parser.add_argument("--port", type=int, default=17600)
    parser.add_argument("--kind", choices=KINDS, action="append")
    parser.add_argument("--extra", default="", help="more lines for zvonard's configuration")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--verbose", action="store_true", help="what the far end saw of each run, on stderr")
    parser.add_argument("--keep", action="store_true", help="keep the folders with logs")
    options = parser.parse_args()
    kinds = (options.kind or []) + ["prompt"] * options.prompt + ["both"] * options.far_sends
    callers = [name for name in CALLERS if options.only in (None, name)]
    if "sipp" in callers and shutil.which("sipp") is None:
        print("# sipp is not installed: zvonard alone", file=sys.stderr)
        callers.remove("sipp")
    if not callers:
        return 77
    lines = Lines(options)
    lines.header(options)
    try:
        return max(measure_kind(options, lines, callers, kind) for kind in kinds or KINDS)
    except Failed as failed:
        print(f"bench/sip: {failed}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
