#!/usr/bin/env python3
"""What one call that is up costs: zvonard beside baresip, the same far end (bench/sip's sip_far).

  bench/softphone/run.py --build BUILD --port PORT [--seconds 10] [--calls 1,100] [--json]

The far end answers at once and sends a voice; the caller sends one, too: zvonard a prompt, baresip a
WAV file of the same sound. CPU is of the whole process for a second of a call; memory is what the
process grew by from before its first call, and `whole` all that it holds itself.  baresip makes one
call, zvonard as many as --calls says.
"""
import argparse
import glob
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "bench", "sip"))
from zvonard import Zvonard, cpu_by_thread, own_memory_kb, wait_for, write_prompt  # noqa: E402

SETTLE_S = 2.0  # after the last answer: what a call's beginning costs is over
CONFIG = """\
sip_listen 127.0.0.1:{port}
audio_player aufile,{dir}/heard.wav
audio_source aufile,{dir}/prompt.wav
rtp_ports {rtp}-{rtp_end}
module_path {modules}
module g711.so
module aufile.so
module_app account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
"""


class Failed(Exception):
    pass


class Work:
    """As bench/sip's, for calls that all come at once and stay."""

    kind, prompt, send, ring, shards = "prompt", True, True, False, 1
    extra, io, offers = "", "auto", 4096

    def __init__(self, options, calls, up):
        self.calls, self.up, self.port = calls, up, options.port
        self.rate = max(5, calls // 5)
        self.packets = up * 50


class Far:
    def __init__(self, options):
        self.process = subprocess.Popen(
            [os.path.join(options.build, "bench/sip/sip_far"), "--sip", f"127.0.0.1:{options.port}",
             "--rtp", f"127.0.0.1:{options.port + 20}", "--send"], stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise Failed("the far end did not start")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return json.loads(self.process.communicate(timeout=20)[0])


def watch(pid, calls, seconds, before_kb):
    """Of a process whose calls are all up."""
    time.sleep(SETTLE_S)
    began, at = sum(cpu_by_thread(pid).values()), time.monotonic()
    time.sleep(seconds)
    spent, took = sum(cpu_by_thread(pid).values()) - began, time.monotonic() - at
    whole = own_memory_kb(pid)
    return {"us": 1e6 * spent / took / calls, "kb": (whole - before_kb) / calls, "whole_kb": whole}


class Here(Zvonard):
    def talking(self):
        return (self.status() or {"calls": {"talking": 0}})["calls"]["talking"]


def run_zvonard(options, calls, scratch):
    work = Work(options, calls, up=int(options.seconds + SETTLE_S + 15))
    zvonard = Here(options.build, scratch, work)
    try:
        before = own_memory_kb(zvonard.daemon.pid)
        zvonard.ctl("campaign", "start", "bench")
        if not wait_for(lambda: zvonard.talking() >= calls, 30, every=0.1):
            raise Failed(f"zvonard: {zvonard.talking()} of {calls} calls are up:\n" + zvonard.tail(zvonard.daemon_log))
        got = watch(zvonard.daemon.pid, calls, options.seconds, before)
        if zvonard.talking() < calls:
            raise Failed("zvonard: calls ended too soon; is the machine very busy?")
        return got
    finally:
        zvonard.close()


def order(port, **message):
    """A command by baresip's control socket: JSON as a netstring."""
    text = json.dumps(message)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as s:
        s.sendall(f"{len(text)}:{text},".encode())
        s.recv(4096)


def run_baresip(options, calls, scratch):
    write_prompt(os.path.join(scratch, "prompt.wav"), options.seconds + SETTLE_S + 15)
    port = options.port + 200
    with open(os.path.join(scratch, "config"), "w", encoding="utf-8") as file:
        file.write(CONFIG.format(port=port, dir=scratch, rtp=port + 20, rtp_end=port + 60, control=port + 100,
                                 modules=os.path.dirname(options.module)))
    with open(os.path.join(scratch, "accounts"), "w", encoding="utf-8") as file:
        file.write(f"<sip:bench@127.0.0.1:{options.port}>;regint=0;ptime=20;audio_codecs=PCMA\n")
    open(os.path.join(scratch, "contacts"), "w", encoding="utf-8").close()
    out = open(os.path.join(scratch, "out"), "w+", encoding="utf-8", errors="replace")
    process = subprocess.Popen(["baresip", "-4", "-f", scratch], stdin=subprocess.DEVNULL, stdout=out,
                               stderr=subprocess.STDOUT, cwd=scratch)

    def said(text):
        out.seek(0)
        return text in out.read()
    try:
        if not wait_for(lambda: said("baresip is ready") or process.poll() is not None, 20) or process.poll() is not None:
            out.seek(0)
            raise Failed("baresip did not start:\n" + out.read()[-800:])
        before = own_memory_kb(process.pid)
        order(port + 100, command="dial", params=f"sip:79161234567@127.0.0.1:{options.port}")
        if not wait_for(lambda: said("Call established"), 20):
            out.seek(0)
            raise Failed("baresip: no call was established:\n" + out.read()[-800:])
        return watch(process.pid, calls, options.seconds, before)
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        out.close()


def measure(options, caller, calls):
    scratch = tempfile.mkdtemp(prefix="bench-softphone-")
    try:
        far = Far(options)
        try:
            got = caller(options, calls, scratch)
        finally:
            seen = far.stop()
        if seen["rtp_rx"] < 40 * calls * options.seconds:
            raise Failed(f"the far end heard {seen['rtp_rx']} packets only")
        return got
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def say(options, peer, calls, got):
    rows = [("call_up_cpu", round(got["us"], 1), "us/call-second", {"cpu_us": round(got["us"], 1)}),
            ("call_up_memory", round(got["kb"], 2), "kB/call", {"rss_kb": round(got["whole_kb"])})]
    for name, value, unit, more in rows:
        figure = {"name": name, "value": value, "unit": unit, "n": calls, **more, "size": calls, "size_of": "calls"}
        if peer:
            figure["peer"] = peer
        print(json.dumps(figure) if options.json else f"{name} {peer or 'zvonar'}, {calls} calls: {value} {unit}, whole "
              f"{got['whole_kb']:.0f} kB", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--port", type=int, default=27000, help="the first of 2,000 ports that may be used")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--calls", default="1,100", help="of zvonard, one size after the other")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    modules = glob.glob("/usr/lib/baresip/modules/ctrl_tcp.so") + glob.glob("/usr/lib/*/baresip/modules/ctrl_tcp.so")
    try:
        for calls in map(int, options.calls.split(",")):
            say(options, None, calls, measure(options, run_zvonard, calls))
        if shutil.which("baresip") is None or not modules:
            print("bench/softphone: baresip is not installed (scripts/setup --bench): ours alone", file=sys.stderr)
        else:
            options.module = modules[0]
            say(options, "baresip", 1, measure(options, run_baresip, 1))
    except (Failed, RuntimeError) as failed:
        print(f"bench/softphone: {failed}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
