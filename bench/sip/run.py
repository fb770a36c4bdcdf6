#!/usr/bin/env python3
"""CPU time (user + system) a call: zvonard beside SIPp, the same calls to the same carrier.

  bench/sip/run.py --build BUILD

Two kinds of calls, signalling only:
  talk    180, 200, one second, BYE
  cancel  180, five seconds, CANCEL, 487
Each caller makes the same number of calls at the same rate, one after the other in one run, to a
zvonar-carrier started afresh. The carrier's own count says whether all calls were made and ended
and whether it saw a protocol error; if not, the figure is not printed and the exit status is 1.

Output: a header with the machine, then `name value unit n p50 p99` a result, over --repeats runs
(value and p50: their median, p99: the worst).
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
import time

from zvonard import RING_S, Zvonard

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
KINDS = {
    "talk": (["--scenario", "answer"], ["-sn", "uac", "-d", "1000"]),
    "cancel": (["--scenario", "noanswer", "--pace", "0.05"],
               ["-sf", "cancel.xml"]),
}


class Failed(Exception):
    pass


class Carrier:
    """zvonar-carrier for one measurement; counts come from its log."""

    def __init__(self, options, kind, scratch):
        self.port = options.port
        self.log = os.path.join(scratch, "carrier.log")
        command = [os.path.join(options.build, "bench/carrier/zvonar-carrier"), "--listen", f"127.0.0.1:{self.port}", "--no-media", "--log", self.log,
                   "--rtp", f"127.0.0.1:{self.port + 100}-{self.port + 131}", *KINDS[kind][0]]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise Failed("the carrier did not start")

    def count(self, event):
        needle = f'{{"e":"{event}",'.encode()
        with open(self.log, "rb") as file:
            return sum(line.startswith(needle) for line in file)

    def wait_ends(self, calls, seconds):
        end = time.monotonic() + seconds
        while self.count("end") < calls:
            if time.monotonic() > end:
                raise Failed(f"only {self.count('end')} of {calls} calls ended in {seconds} s")
            time.sleep(0.1)

    def stop(self):
        """(CPU seconds, summary)"""
        self.process.send_signal(signal.SIGTERM)
        self.process.stdout.read()
        self.process.stdout.close()
        _, _, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = 0
        with open(self.log) as file:
            summary = json.loads(file.readlines()[-1])
        return usage.ru_utime + usage.ru_stime, summary


def run_sipp(options, kind, carrier, scratch):
    """{"all": CPU seconds of SIPp for all calls}"""
    with open(os.path.join(ROOT, "tests/sip/carrier/cancel.xml"), encoding="utf-8") as file:
        scenario = file.read().replace('<pause milliseconds="200"/>', f'<pause milliseconds="{1000 * RING_S}"/>')
    with open(os.path.join(scratch, "cancel.xml"), "w", encoding="utf-8") as file:
        file.write(scenario)
    command = ["sipp", f"127.0.0.1:{carrier.port}", "-i", "127.0.0.1", "-p", str(carrier.port + 50),
               "-mp", str(carrier.port + 60), "-s", "79161234567", "-m", str(options.calls), "-r",
               str(options.rate), "-l", str(20 * options.rate), "-nostdin", "-buff_size", "4194304", "-timeout",
               str(60 + 2 * options.calls // options.rate), *KINDS[kind][1]]
    with open(os.path.join(scratch, "sipp.out"), "w") as out:
        process = subprocess.Popen(command, cwd=scratch, stdout=out, stderr=out)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise Failed(f"sipp ended with {process.returncode}; see {out.name} with --keep")
    carrier.wait_ends(options.calls, 60)
    return {"all": usage.ru_utime + usage.ru_stime}


def run_zvonard(options, kind, carrier, scratch):
    """CPU seconds of zvonard for all calls, by thread, from the start of the campaign until the
    category of the last lead is on disk."""
    zvonard = Zvonard(options.build, scratch, carrier.port, options.calls, options.rate)
    try:
        spent = zvonard.run(60 + 3 * options.calls / options.rate)
        carrier.wait_ends(options.calls, 60)
    except RuntimeError as error:
        raise Failed(str(error)) from error
    finally:
        zvonard.close()
    return spent


CALLERS = {"sipp": run_sipp, "zvonard": run_zvonard}


def measure(options, caller, kind):
    """{"all" or a thread of the caller: microseconds a call}, and of the carrier as "carrier" """
    scratch = tempfile.mkdtemp(prefix="bench-sip-")
    try:
        carrier = Carrier(options, kind, scratch)
        try:
            seconds = caller(options, kind, carrier, scratch)
        finally:
            carrier_seconds, summary = carrier.stop()
        for name, right in (("calls", options.calls), ("still_up", 0), ("protocol_errors", 0)):
            if summary[name] != right:
                raise Failed(f"the carrier counted {name} = {summary[name]}, not {right}")
        seconds.setdefault("all", sum(seconds.values()))
        seconds["carrier"] = carrier_seconds
        return {name: 1e6 * value / options.calls for name, value in seconds.items()}
    finally:
        if options.keep:
            print(f"# kept: {scratch}")
        else:
            shutil.rmtree(scratch)


def header(options):
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "?")
    print(f"# {model}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}; {options.calls} calls at "
          f"{options.rate} a second, {options.repeats} runs")
    print("# name value unit n p50 p99")


def show(name, values, calls):
    middle = statistics.median(values)
    print(f"{name} {middle:.1f} us/call {calls} {middle:.1f} {max(values):.1f}", flush=True)


def show_caller(kind, name, runs, calls):
    """runs: what measure() gave, run by run.  The whole first, then its threads, the greediest first."""
    parts = {part for run in runs for part in run} - {"all", "carrier"}
    values = {part: [run.get(part, 0.0) for run in runs] for part in parts}
    show(f"sip_{kind}_{name}_cpu", [run["all"] for run in runs], calls)
    for part in sorted(parts, key=lambda p: -statistics.median(values[p])):
        show(f"sip_{kind}_{name}_{part.replace('-', '_')}", values[part], calls)
    show(f"sip_{kind}_{name}_carrier_cpu", [run["carrier"] for run in runs], calls)


def measure_kind(options, callers, kind):
    runs = {name: [] for name in callers}
    for _ in range(options.repeats):  # turn about, so that both meet the same machine
        for name, caller in callers.items():
            runs[name].append(measure(options, caller, kind))
    for name in callers:
        show_caller(kind, name, runs[name], options.calls)
    if len(callers) == 2:
        sipp, ours = ([run["all"] for run in runs[name]] for name in ("sipp", "zvonard"))
        ratio = statistics.median(ours) / statistics.median(sipp)
        worst = max(a / b for a, b in zip(ours, sipp))
        print(f"sip_{kind}_zvonard_to_sipp {ratio:.2f} ratio {options.calls} {ratio:.2f} {worst:.2f}")
        alone = [run["zv-sip"] for run in runs["zvonard"]]
        ratio = statistics.median(alone) / statistics.median(sipp)
        worst = max(a / b for a, b in zip(alone, sipp))
        print(f"sip_{kind}_zv_sip_to_sipp {ratio:.2f} ratio {options.calls} {ratio:.2f} {worst:.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True, help="the build directory")
    parser.add_argument("--only", choices=list(CALLERS), help="measure one of the two")
    parser.add_argument("--calls", type=int, default=3000)
    parser.add_argument("--rate", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--port", type=int, default=17600)
    parser.add_argument("--kind", choices=list(KINDS), action="append")
    parser.add_argument("--keep", action="store_true", help="keep the folders with logs")
    options = parser.parse_args()
    if shutil.which("sipp") is None:
        print("sipp is not installed: skipped")
        return 77
    header(options)
    try:
        for kind in options.kind or KINDS:
            measure_kind(options, {n: c for n, c in CALLERS.items() if options.only in (None, n)}, kind)
    except Failed as failed:
        print(f"bench/sip: {failed}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
