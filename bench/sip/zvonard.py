"""zvonard for bench/sip: a folder with its configuration, the process, its CPU time by thread.

The campaign asks of zvonard what SIPp does: one call a lead, at the trunk's rate, answered and held
for a second, or cancelled while it rings.  All else is as in production: every intent, outcome and
step goes to the disk, the strategy plugin decides, the lookahead offers.
"""
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "support"))
from house import PERMISSIVE, House, wait_for  # noqa: E402

RING_S = 5  # the shortest ring_time there is

CONF = """\
control: {{socket: var/zvonard.sock}}
store: {{dir: var/store, map_size: 8G}}
prompts: {{dir: ., cache: var/prompts}}
sip: {{local_ip: 127.91.0.1, port_first: {sip}, unanswered_max: 4000}}
media: {{ranges: ["127.91.0.1:20000-31998"], lost_after: 0}}
plugins: {{strategy_cadence: {{path: cadence.so}}}}
trunks:
  bench:
    host: "127.0.0.1:{carrier}"
    cps: {rate}
    channels: 5900
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
SCRIPT = """\
start: hold
nodes:
  hold: {wait: 1s, next: bye}
  bye: {end: silent}
"""


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


class Zvonard(House):
    """Up with the list imported when made; close() ends it."""

    def __init__(self, build, scratch, carrier_port, calls, rate):
        super().__init__(build, ports=carrier_port + 1000, keep=scratch)
        self.calls = calls
        for folder in ("campaigns", "var"):
            os.makedirs(self.path(folder), mode=0o700, exist_ok=True)
        so = shutil.copy(os.path.join(self.build, "plugins/strategy_cadence/strategy_cadence.so"),
                         self.path("cadence.so"))
        os.chmod(so, 0o644)
        self.write("zvonar.yaml", CONF.format(sip=self.sip, carrier=carrier_port, rate=rate))
        self.write("campaigns/bench.yaml", CAMPAIGN)
        os.makedirs(self.path("rules"), exist_ok=True)
        self.rules(PERMISSIVE)
        self.write("script.yaml", SCRIPT)
        self.start_daemon()
        try:
            self.wait_up()
            self.ctl("list", "import", "bench", self.make_list(calls))
        except Exception:
            self.close()
            raise

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def finals(self):
        status = self.status() or {"campaigns": []}
        return sum(campaign["finals"] for campaign in status["campaigns"] if campaign)

    def run(self, seconds):
        """Calls everybody; {thread name: CPU seconds} from the start to the last lead's category on disk."""
        before = cpu_by_thread(self.daemon.pid)
        self.ctl("campaign", "start", "bench")
        if not wait_for(lambda: self.finals() >= self.calls, seconds, every=0.2):
            raise RuntimeError(f"{self.finals()} of {self.calls} leads have a category after {seconds:.0f} s:\n"
                               + self.tail(self.daemon_log))
        after = cpu_by_thread(self.daemon.pid)
        return {name: spent - before.get(name, 0.0) for name, spent in after.items()}
