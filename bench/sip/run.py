#!/usr/bin/env python3
"""CPU time (user + system) a call: zvonard beside SIPp, the same calls to the same carrier.

Two kinds of calls, signalling only:
  talk    180, 200, one second, BYE
  cancel  180, 200 ms, CANCEL, 487
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

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
KINDS = {
    "talk": (["--scenario", "answer"], ["-sn", "uac", "-d", "1000"]),
    "cancel": (["--scenario", "noanswer", "--pace", "0.05"],
               ["-sf", os.path.join(ROOT, "tests/sip/carrier/cancel.xml")]),
}


class Failed(Exception):
    pass


class Carrier:
    """zvonar-carrier for one measurement; counts come from its log."""

    def __init__(self, options, kind, scratch):
        self.port = options.port
        self.log = os.path.join(scratch, "carrier.log")
        command = [options.carrier, "--listen", f"127.0.0.1:{self.port}", "--no-media", "--log", self.log,
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
    """CPU seconds of SIPp for all calls."""
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
    return usage.ru_utime + usage.ru_stime


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run_zvonard(options, kind, carrier, scratch):
    """CPU seconds of zvonard for all calls, from the start of the campaign to the last call's end.

    --zvonard-prepare is a command that writes what zvonard needs into the folder it is given and
    imports the list: it gets FOLDER KIND PORT CALLS RATE as arguments. Then `zvonard -c
    FOLDER/conf.yaml` is started and --zvonard-start (FOLDER) starts the campaign.
    """
    subprocess.run([options.zvonard_prepare, scratch, kind, str(carrier.port), str(options.calls),
                    str(options.rate)], check=True)
    with open(os.path.join(scratch, "zvonard.out"), "w") as out:
        process = subprocess.Popen([options.zvonard, "-c", os.path.join(scratch, "conf.yaml")], stdout=out,
                                   stderr=out)
    try:
        subprocess.run([options.zvonard_start, scratch], check=True, timeout=60)
        before = cpu_seconds(process.pid)
        carrier.wait_ends(options.calls, 60 + 3 * options.calls / options.rate)
        return cpu_seconds(process.pid) - before
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def measure(options, caller, kind):
    """(microseconds a call of the caller, of the carrier)"""
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
        return 1e6 * seconds / options.calls, 1e6 * carrier_seconds / options.calls
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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--carrier", required=True, help="the program zvonar-carrier")
    parser.add_argument("--zvonard", help="the program zvonard; without it SIPp alone is measured")
    parser.add_argument("--zvonard-prepare", help="command that prepares a folder (see run_zvonard)")
    parser.add_argument("--zvonard-start", help="command that starts the campaign")
    parser.add_argument("--calls", type=int, default=3000)
    parser.add_argument("--rate", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--port", type=int, default=19600)
    parser.add_argument("--kind", choices=list(KINDS), action="append")
    parser.add_argument("--keep", action="store_true", help="keep the folders with logs")
    options = parser.parse_args()
    if shutil.which("sipp") is None:
        print("sipp is not installed: skipped")
        return 77
    callers = {"sipp": run_sipp}
    if options.zvonard:
        if not options.zvonard_prepare or not options.zvonard_start:
            parser.error("--zvonard needs --zvonard-prepare and --zvonard-start")
        callers["zvonard"] = run_zvonard
    header(options)
    try:
        for kind in options.kind or KINDS:
            results = {name: [] for name in callers}
            carriers = {name: [] for name in callers}
            for _ in range(options.repeats):  # turn about, so that both meet the same machine
                for name, caller in callers.items():
                    caller_us, carrier_us = measure(options, caller, kind)
                    results[name].append(caller_us)
                    carriers[name].append(carrier_us)
            for name in callers:
                show(f"sip_{kind}_{name}_cpu", results[name], options.calls)
                show(f"sip_{kind}_{name}_carrier_cpu", carriers[name], options.calls)
            if "zvonard" in callers:
                ratio = statistics.median(results["zvonard"]) / statistics.median(results["sipp"])
                print(f"sip_{kind}_zvonard_to_sipp {ratio:.2f} ratio {options.calls} {ratio:.2f} {ratio:.2f}")
    except Failed as failed:
        print(f"bench/sip: {failed}", file=sys.stderr)
        return 1
    if not options.zvonard:
        print("# zvonard was not measured: --zvonard was not given")
    return 0


if __name__ == "__main__":
    sys.exit(main())
