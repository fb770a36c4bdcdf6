#!/usr/bin/env python3
"""CPU a forwarded packet: the engine's media and rtpengine (user space) relay the same streams.

  bench/relay/run.py --build BUILD --port PORT [--pairs 10,100] [--seconds 10] [--json]

The far ends are one program for both (relay_far): two legs a call, each sends 50 packets a second.
CPU is that of the relay's whole process while the far ends count; both relays have two threads.
A run in which one packet in fifty is lost has failed.
"""
import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time

from ng import Ng, NgError

LOST_MOST = 0.02  # far ends that a busy machine holds up send bursts, which a bridge evens out
TRIES = 3
WARM_S = 1.0  # streams are under way, and what the relays do at a call's beginning is done
REACH_US = 8


class Failed(Exception):
    pass


class Busy(Failed):
    """Not the relay's fault, perhaps: worth another try."""


def cpu_seconds(pid):
    """Of all threads that live: what the scheduler counted."""
    spent = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as file:
                spent += int(file.read().split()[0])
        except OSError:
            continue  # it has just ended
    return spent / 1e9


def rss_kb(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))


def end(process):
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Ours:
    peer = None

    def __init__(self, options, pairs):
        self.process = subprocess.Popen(
            [os.path.join(options.build, "bench/relay/relay_ours"), str(pairs), str(options.port), str(options.far)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "begun\n":
            raise Failed("relay_ours did not start")

    def open_calls(self, far):
        """The port that each far leg sends to."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        ports = [int(self.process.stdout.readline()) for _ in far]
        if self.process.stdout.readline() != "ready\n":
            raise Failed("relay_ours did not open its calls")
        return ports

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


class Rtpengine:
    peer = "rtpengine"

    def __init__(self, options, pairs):
        first = options.port
        self.process = subprocess.Popen(
            ["rtpengine", "--config-file=none", "--table=-1", "--foreground", "--log-stderr", "--log-level=3", "--num-threads=2",
             "--interface=127.0.0.1", f"--listen-ng=127.0.0.1:{options.ng}", f"--port-min={first}",
             f"--port-max={first + 4 * pairs + 40}", "--timeout=3600", "--silent-timeout=3600"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.ng = Ng(options.ng)
        try:
            self.ng.ask(command="ping")
            if self.process.poll() is not None:
                raise Failed(f"rtpengine ended: is port {options.ng} in use?")
        except Exception:
            self.close()
            raise

    def open_calls(self, far):
        ports = []
        for i in range(0, len(far), 2):
            ports += self.ng.call(f"bench-{i}", far[i], far[i + 1])
        return ports

    def close(self):
        self.ng.close()
        end(self.process)


def measure(options, relay_class, pairs):
    far_ports = [options.far + 2 * i for i in range(2 * pairs)]
    relay = relay_class(options, pairs)
    try:
        before = rss_kb(relay.process.pid)
        far = subprocess.Popen([os.path.join(options.build, "bench/relay/relay_far"), str(pairs), str(options.far)],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            ports = relay.open_calls(far_ports)
            far.stdin.write("".join(f"{port}\n" for port in ports))
            far.stdin.flush()
            time.sleep(WARM_S)
            far.stdin.write("measure\n")
            far.stdin.flush()
            began = cpu_seconds(relay.process.pid)
            time.sleep(options.seconds)
            spent = cpu_seconds(relay.process.pid) - began
            grown = rss_kb(relay.process.pid) - before
            seen = json.loads(far.communicate("stop\n", timeout=20)[0])
        finally:
            end(far)
    finally:
        relay.close()
    who, lost = f"{relay.peer or 'ours'}, {pairs} calls", 1 - seen["heard"] / max(1, seen["sent"])
    if seen["sent"] < pairs * 90 * options.seconds:
        raise Busy(f"{who}: the far ends sent {seen['sent']} packets of {round(pairs * 100 * options.seconds)}: the machine is too "
                   "busy for so many calls")
    if lost > LOST_MOST:
        raise Busy(f"{who}: {seen['heard']} of {seen['sent']} packets came through")
    return {"lost": lost, "us": 1e6 * spent / seen["heard"], "kb": grown / pairs, **seen}


def measure_again(options, relay_class, pairs):
    for _ in range(TRIES - 1):
        try:
            return measure(options, relay_class, pairs)
        except Busy:
            continue
    return measure(options, relay_class, pairs)


def say(options, pairs, peer, got):
    rows = [("relay_packet_cpu", round(got["us"], 3), "us/packet", {"cpu_us": round(got["us"], 3)}),
            ("relay_through", got["p50_us"], "us", {"p50": got["p50_us"], "p99": got["p99_us"]}),
            ("relay_lost", round(max(got["lost"], 0), 5), "share", {"better": "none"}),
            ("relay_memory", round(got["kb"], 2), "kB/call", {"rss_kb": round(got["kb"] * pairs)})]
    for name, value, unit, more in rows:
        figure = {"name": name, "value": value, "unit": unit, "n": got["heard"], **more, "size": pairs, "size_of": "calls"}
        if peer:
            figure["peer"] = peer
        elif name == "relay_packet_cpu" and pairs >= 100:
            figure["reach"] = REACH_US
        print(json.dumps(figure) if options.json else f"{name} {peer or 'zvonar'} {pairs} calls: {value} {unit} "
              f"(n {got['heard']}, p50 {got['p50_us']} us, p99 {got['p99_us']} us)", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--port", type=int, default=27000, help="the first of 2,000 ports that may be used")
    parser.add_argument("--pairs", default="10,100", help="calls, one size after the other, at most 200")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    options.far, options.ng = options.port + 1000, options.port + 1990
    sizes = [int(word) for word in options.pairs.split(",")]
    if not all(0 < pairs <= 200 for pairs in sizes):
        parser.error("--pairs: 1 to 200 calls each")
    relays = [Ours, Rtpengine]
    if shutil.which("rtpengine") is None:
        print("bench/relay: rtpengine is not installed (scripts/setup --bench): ours alone", file=sys.stderr)
        relays.pop()
    try:
        for pairs in sizes:
            for relay in relays:  # turn about, so that both meet the same machine
                say(options, pairs, relay.peer, measure_again(options, relay, pairs))
    except (Failed, NgError) as failed:
        print(f"bench/relay: {failed}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
