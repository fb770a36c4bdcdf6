"""zvonard for bench/sip: a folder with its configuration, the process, its CPU time by thread.

The campaign asks of zvonard what SIPp does: one call a lead, at the trunk's rate, answered and up
for so long, or cancelled while it rings.  All else is as in production: every intent, outcome and
step goes to the disk, the strategy plugin decides, the lookahead offers.
"""
import math
import os
import shutil
import struct
import sys
import threading
import time
import wave

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "support"))
from house import PERMISSIVE, House, wait_for  # noqa: E402

RING_S = 5  # the shortest ring_time there is
IP = "127.91.0.1"  # its own address on loopback

CONF = """\
control: {{socket: var/zvonard.sock}}
store: {{dir: var/store, map_size: 8G, offers: {offers}}}
prompts: {{dir: ., cache: var/prompts}}
sip: {{local_ip: {ip}, port_first: {sip}, shards: {shards}, unanswered_max: 4000}}
media: {{ranges: ["{ip}:10000-{last}"], lost_after: 0, silence: {silence}, io: {io}}}
plugins: {{strategy_cadence: {{path: cadence.so}}}}
trunks:
  bench:
    host: "127.0.0.1:{far}"
    cps: {rate}
    channels: {lines}
    unanswered_max: 4000
    options_interval: 0
"""
CAMPAIGN = f"""\
zone: UTC
purpose: service
channel: voice_prerec
mode: robot
actor: creditor
jurisdiction: RU
ring_time: {RING_S}s
hours: {{workday: "00:00-24:00", weekend: "00:00-24:00"}}
callers: [+74951234560]
columns: [name]
categories: [done]
script: ../script.yaml
strategy:
  plugin: strategy_cadence
  attempts: 1
  days: {{day1: 1}}
  at_end: [{{then: {{final: done}}}}]
"""
HOLD = """\
start: hold
nodes:
  hold: {{wait: {up}s, next: bye}}
  bye: {{end: silent}}
"""
PROMPT = """\
start: speak
nodes:
  speak: {play: prompt.wav, next: bye}
  bye: {end: silent}
"""


def write_prompt(path, seconds):
    """A voice-like sound, 8 kHz, 16 bits."""
    with wave.open(path, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        n = int(8000 * seconds)
        file.writeframes(b"".join(struct.pack("<h", int(6000 * math.sin(i / 3.0) * (1 + math.sin(i / 900.0)) / 2))
                                  for i in range(n)))


def cpu_by_thread(pid):
    """{thread name: CPU seconds}; threads of one name are added up, the first one is main."""
    found = {}
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/comm", encoding="utf-8") as file:
                name = file.read().strip() if int(task) != pid else "main"
            with open(f"/proc/{pid}/task/{task}/schedstat", encoding="utf-8") as file:
                found[name] = found.get(name, 0.0) + int(file.read().split()[0]) / 1e9
        except OSError:
            continue  # it has just ended
    return found


def own_memory_kb(pid):
    """What the process holds itself: its heap and its rings, not the pages of the store's file."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith(("RssAnon:", "RssShmem:")))


class Watch(threading.Thread):
    """The most memory a process had while it was watched."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.over = pid, threading.Event()
        self.begin_kb = self.most_kb = own_memory_kb(pid)
        self.samples = []  # (seconds, kB)
        self.start()

    def run(self):
        begin = time.monotonic()
        while not self.over.wait(0.5):
            try:
                now = own_memory_kb(self.pid)
            except OSError:
                return
            self.samples.append((time.monotonic() - begin, now))
            self.most_kb = max(self.most_kb, now)

    def stop(self):
        self.over.set()
        self.join()


class Zvonard(House):
    """Up with the list imported when made; close() ends it."""

    def __init__(self, build, scratch, work):
        super().__init__(build, ports=work.port + 100, keep=scratch)
        self.calls = work.calls
        self.watch = None
        for folder in ("campaigns", "var"):
            os.makedirs(self.path(folder), mode=0o700, exist_ok=True)
        so = shutil.copy(os.path.join(self.build, "plugins/strategy_cadence/strategy_cadence.so"),
                         self.path("cadence.so"))
        os.chmod(so, 0o644)
        lines = min(8000, int(work.rate * (work.up + 2)) + 500)
        self.write("zvonar.yaml", CONF.format(sip=self.sip, far=work.port, rate=work.rate, lines=lines, ip=IP,
                                              last=10000 + 2 * (lines + 100), shards=work.shards, io=work.io, offers=work.offers,
                                              silence="yes" if work.prompt else "no") + work.extra)
        self.write("campaigns/bench.yaml", CAMPAIGN)
        self.rules(PERMISSIVE)
        if work.prompt:
            write_prompt(self.path("prompt.wav"), work.up)
        self.write("script.yaml", PROMPT if work.prompt else HOLD.format(up=work.up))
        self.start_daemon()
        try:
            self.wait_up()
            self.ctl("list", "import", "bench", self.make_list(work.calls))
        except Exception:
            self.close()
            raise

    def finals(self):
        status = self.status() or {"campaigns": []}
        return sum(campaign["finals"] for campaign in status["campaigns"] if campaign)

    def run(self, seconds):
        """Calls everybody; {thread name: CPU seconds} from the start to the last lead's category on disk."""
        before = cpu_by_thread(self.daemon.pid)
        self.watch = Watch(self.daemon.pid)
        self.ctl("campaign", "start", "bench")
        if not wait_for(lambda: self.finals() >= self.calls, seconds, every=0.5):
            raise RuntimeError(f"{self.finals()} of {self.calls} leads have a category after {seconds:.0f} s:\n"
                               + self.tail(self.daemon_log))
        after = cpu_by_thread(self.daemon.pid)
        self.watch.stop()
        return {name: spent - before.get(name, 0.0) for name, spent in after.items()}
