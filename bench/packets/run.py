#!/usr/bin/env python3
"""What a packet costs: frames made without a NIC, packets sent and packets passed on between two
network namespaces, by DPDK and, in the same minutes, by the kernel's sockets.

  bench/packets/run.py --build DIR --json [--kind frames|send|bridge]... [--streams N]... [--pairs N]
                       [--seconds S] [--io WORD]...

CPU is that of the media threads, and with it what the kernel does for them in their calls: on a
virtual cable that is the far end's receiving too, up to a program that drops what comes.
"""
import argparse
import array
import json
import os
import random
import subprocess
import sys
import tempfile
import wave

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests/dpdk"))
from nets import THEM, US, Nets, ip  # noqa: E402

SECOND = "10.77.0.3"
PORT = 16384  # of both sides, see packets_bench.c


def say(name, value, unit, **more):
    print(json.dumps({"name": name, "value": round(value, 3), "unit": unit, **more}), flush=True)


def note(text):
    print(text, file=sys.stderr, flush=True)


def write_prompt(path):
    with wave.open(path, "wb") as f:
        f.setnchannels(1)
        f.setsampwidth(2)
        f.setframerate(8000)
        noise = random.Random(1)
        f.writeframes(array.array("h", (noise.randint(-3000, 3000) for _ in range(80000))).tobytes())


class Bench:
    def __init__(self, opt, folder):
        self.opt = opt
        self.program = os.path.join(opt.build, "bench/packets/packets_bench")
        self.far = os.path.join(opt.build, "bench/packets/packets_far")
        self.module = os.path.join(opt.build, "core/media/dpdk/zvonar_media_dpdk.so")
        self.prompt = os.path.join(folder, "prompt.wav")
        write_prompt(self.prompt)

    def run(self, before, *words):
        done = subprocess.run([*before, self.program, *words, "--module", self.module, "--prompt", self.prompt],
                              capture_output=True, text=True, timeout=600)
        if done.returncode != 0:
            raise RuntimeError(f"packets_bench {' '.join(words)}: {done.returncode}\n{done.stderr}")
        note(" ".join(words[:5]) + ": " + done.stderr.splitlines()[0] if done.stderr else "")
        return [float(word) for word in done.stdout.split()]

    def frames(self):
        for streams in (self.opt.streams or [1000, 10000]):
            got = self.run((), "frames", "--device", "net_null0,no-rx=1", "--ip", US, "--ip", SECOND, "--peer",
                           THEM, "--streams", str(streams), "--seconds", str(self.opt.seconds))
            for at, peer in ((0, {}), (3, {"peer": "ready_frames"})):
                best, median, worst = got[at:at + 3]
                say("packets_frame", median, "ns/packet", p50=median, p99=worst, cpu_us=median / 1000,
                    size=streams, size_of="streams", n=int(self.opt.seconds * 5e7 / median), **peer)
                say("packets_frame_rate", 1e9 / median, "packets/s", size=streams, size_of="streams", **peer)
                say("packets_frame_rate_best", 1e9 / best, "packets/s", size=streams, size_of="streams", **peer)

    def helper(self, nets, *words):
        process = subprocess.Popen(nets.at_them(self.far, *words), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if process.stdout.readline() != "ready\n":
            raise RuntimeError("packets_far " + " ".join(words))
        return process

    def between(self, kind, io, streams, talk=False):
        """One run between two namespaces of its own: what packets_bench says."""
        with Nets("bench") as nets:
            for address in (US, SECOND):
                ip("-n", nets.us, "addr", "add", address + "/24", "dev", "wire")
            helpers = [self.helper(nets, "drop", "wire")]
            try:
                if talk:
                    helpers.append(self.helper(nets, "talk", US, str(PORT), THEM, str(PORT), str(streams), "50"))
                return self.run(nets.at_us(), kind, "--io", io, "--interface", "wire", "--ip", US, "--ip", SECOND,
                                "--peer", THEM, "--streams", str(streams), "--seconds", str(self.opt.seconds),
                                "--churn", "0" if talk else "100")
            finally:
                for process in helpers:
                    process.stdin.close()
                    process.wait(10)
                    process.stdout.close()

    def send(self):
        for streams in (self.opt.streams or [1000, 10000]):
            cost = {}
            for io in self.opt.io:
                if io != "dpdk" and streams > 4000:
                    continue  # no kernel socket keeps up with that on two cores
                sent, _, _, cpu, errors, late, seconds = self.between("send", io, streams)
                peer = {} if io == "dpdk" else {"peer": io}
                cost[io] = cpu / max(sent, 1)
                say("packets_sent", cost[io], "ns/packet", n=int(sent), cpu_us=cost[io] / 1000, size=streams,
                    size_of="streams", **peer)
                say("packets_sent_rate", sent / seconds, "packets/s", n=int(sent), size=streams, size_of="streams", **peer)
                say("packets_sent_core", 100 * cpu / 1e9 / seconds, "% of a core", size=streams, size_of="streams", **peer)
                say("packets_sent_late", late, "ppm of ticks", size=streams, size_of="streams", **peer)
                say("packets_sent_errors", 1e6 * errors / max(sent, 1), "ppm of packets", size=streams,
                    size_of="streams", **peer)
            self.ratios("packets_sent", cost, streams)

    def bridge(self):
        cost = {}
        streams = 2 * self.opt.pairs
        for io in self.opt.io:
            _, came, passed, cpu, _, _, seconds = self.between("bridge", io, streams, talk=True)
            cost[io] = cpu / max(passed, 1)
            if passed < 0.9 * streams * 50 * seconds:
                note(f"bridge by {io}: {passed:.0f} of {streams * 50 * seconds:.0f} packets passed on")
            say("packets_forwarded", cost[io] / 1000, "us/packet", n=int(passed), cpu_us=cost[io] / 1000,
                size=self.opt.pairs, size_of="bridges", **({} if io == "dpdk" else {"peer": io}))
        self.ratios("packets_forwarded", cost, self.opt.pairs)

    @staticmethod
    def ratios(name, cost, size):
        for io, ns in cost.items():
            if io != "dpdk" and "dpdk" in cost:
                say(f"{name}_dpdk_to_{io}", cost["dpdk"] / ns, "ratio", size=size)


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--build", default="build")
    args.add_argument("--json", action="store_true", help="the only form there is")
    args.add_argument("--kind", action="append", choices=["frames", "send", "bridge"])
    args.add_argument("--io", action="append", choices=["dpdk", "sockets", "shared", "uring"])
    args.add_argument("--streams", action="append", type=int)
    args.add_argument("--pairs", type=int, default=200)
    args.add_argument("--seconds", type=int, default=10)
    opt = args.parse_args()
    opt.io = opt.io or ["dpdk", "sockets", "shared"]
    kinds = opt.kind or ["frames", "send", "bridge"]
    opt.build = os.path.abspath(opt.build)
    if not os.path.exists(os.path.join(opt.build, "core/media/dpdk/zvonar_media_dpdk.so")):
        note("built without DPDK")
        return 77
    if os.geteuid() != 0 and kinds != ["frames"]:
        note("root is needed: network namespaces and XDP programs")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(opt, folder)
        for kind in kinds:
            getattr(bench, kind)()
    return 0


sys.exit(main())
