"""A house for tests: a carrier and a zvonard on loopback, in a folder of their own.

Everything that is started is stopped by its process id; waits have bounds.
"""
import argparse
import collections
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def wait_for(what, seconds, every=0.02):
    """The first true answer of what(), or None when the time is over."""
    end = time.monotonic() + seconds
    while True:
        got = what()
        if got or time.monotonic() > end:
            return got
        time.sleep(every)


# Holds nobody back: tests of other things ask for no law.
PERMISSIVE = [
    {"id": "RU-TEST-OPEN", "jur": "RU", "law": "rule of a test", "src": "tests/support", "seen": "2026-11-22",
     "trust": "policy", "when": {}, "kind": "hours", "hours": {"tz": "residence", "days": {"any": [["00:00", "24:00"]]}}}]


class House:
    """ip: each test has an address of its own on loopback, so that two may run side by side."""

    def __init__(self, build, ports=21000, keep=None, env=None, ip="127.0.0.1"):
        self.build = os.path.abspath(build)
        self.ip = ip
        self.dir = keep or tempfile.mkdtemp(prefix="zvonar-test-")
        self.keep = keep is not None
        self.sip, self.carrier_sip = ports, ports + 40
        self.rtp, self.carrier_rtp = ports + 100, ports + 2100
        self.env = dict(os.environ, **(env or {}))
        self.carrier = self.daemon = None
        self.carrier_log = os.path.join(self.dir, "carrier.log")
        self.daemon_log = os.path.join(self.dir, "zvonard.log")

    def path(self, name):
        return os.path.join(self.dir, name)

    def tool(self, name):
        return os.path.join(self.build, {"zvonard": "core/app/zvonard", "zvonarctl": "core/ctl/zvonarctl",
                                         "zvonar-carrier": "bench/carrier/zvonar-carrier"}[name])

    def rules(self, rules, name="test"):
        """Writes the rules that zvonard finds at its start or next reload; a list, or a text."""
        text = rules if isinstance(rules, str) else "".join(json.dumps(r) + "\n" for r in rules)
        return self.write(f"rules/{name}.jsonl", text)

    def configure(self, extra="", max_calls=900, ring="5s"):
        """The demonstration's configuration on this house's ports, without its rules; extra: YAML
        of conf.d."""
        self.carrier_rtp = max(self.carrier_rtp, self.rtp + 2 * max_calls)
        shutil.copytree(os.path.join(ROOT, "conf/demo"), self.dir, dirs_exist_ok=True)
        shutil.rmtree(self.path("rules"))
        self.rules(PERMISSIVE)
        os.makedirs(self.path("plugins"), exist_ok=True)
        so = os.path.join(self.build, "plugins/strategy_cadence/strategy_cadence.so")
        shutil.copy(so, self.path("plugins/"))
        os.chmod(self.path("plugins/strategy_cadence.so"), 0o644)
        os.makedirs(self.path("conf.d"), exist_ok=True)
        with open(self.path("conf.d/10-test.yaml"), "w", encoding="utf-8") as f:
            f.write(f"""sip: {{local_ip: {self.ip}, port_first: {self.sip}}}
media: {{ranges: ["{self.ip}:{self.rtp}-{self.rtp + 2 * max_calls - 2}"]}}
trunks: {{main: {{host: "{self.ip}:{self.carrier_sip}"}}}}
""")
        if extra:
            with open(self.path("conf.d/20-extra.yaml"), "w", encoding="utf-8") as f:
                f.write(extra)
        for name in os.listdir(self.path("campaigns")):
            path = self.path("campaigns/" + name)
            with open(path, encoding="utf-8") as f:
                lines = [l if not l.startswith("ring_time:") else f"ring_time: {ring}\n" for l in f]
            with open(path, "w", encoding="utf-8") as f:
                f.writelines(lines)

    def start_carrier(self, *options, shares="conf/carrier.shares", seed=1, listen=None):
        """The carrier, and it listens when this returns. listen: other addresses than its own."""
        begun = self.carrier_events("start")
        self.carrier = subprocess.Popen(
            [self.tool("zvonar-carrier"), "--listen", listen or f"{self.ip}:{self.carrier_sip}",
             "--rtp", f"{self.ip}:{self.carrier_rtp}-{self.carrier_rtp + 1023}",
             "--shares", os.path.join(ROOT, shares), "--seed", str(seed),
             "--log", self.carrier_log, *options],
            stdout=open(self.path("carrier.out"), "ab"), stderr=subprocess.STDOUT, env=self.env)
        if not wait_for(lambda: len(self.carrier_events("start")) > len(begun)
                        or self.carrier.poll() is not None, 10) or self.carrier.poll() is not None:
            raise RuntimeError("the carrier does not start:\n" + self.tail(self.path("carrier.out")))
        return self.carrier

    def carrier_events(self, *kinds):
        """Lines of the carrier's log, as far as they are whole; all, or those of the kinds."""
        try:
            with open(self.carrier_log, "rb") as f:
                whole = f.read().rpartition(b"\n")[0]
        except OSError:
            return []
        events = (json.loads(l) for l in whole.split(b"\n") if l.strip())
        return [e for e in events if not kinds or e["e"] in kinds]

    def attempts(self):
        """Steps of the attempt log, in its order."""
        return [json.loads(l) for l in self.ctl("attempts", "export", "--format", "json").stdout.splitlines()]

    def start_daemon(self, wrapper=()):
        self.daemon = subprocess.Popen(
            [*wrapper, self.tool("zvonard"), "-c", self.path("zvonar.yaml")],
            stdout=open(self.daemon_log, "ab"), stderr=subprocess.STDOUT, env=self.env, cwd=self.dir)

    def ask(self, **request):
        """One question to the control socket; None if nobody answers."""
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(5)
                s.connect(self.path("var/zvonard.sock"))
                s.sendall(json.dumps(request).encode() + b"\n")
                data = b""
                while not data.endswith(b"\n"):
                    more = s.recv(65536)
                    if not more:
                        return None
                    data += more
                return json.loads(data)
        except (OSError, ValueError):
            return None

    def status(self):
        return self.ask(cmd="status")

    def calls(self):
        """Figures of the calls; all 0 while nobody answers."""
        return collections.defaultdict(int, (self.status() or {}).get("calls", {}))

    def write(self, name, text):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def begin(self, leads, seed=1, campaign="cleanup"):
        """zvonard runs, its campaign has a list and is dialled."""
        self.start_daemon()
        self.wait_up()
        self.ctl("list", "import", campaign, self.make_list(leads, seed))
        self.ctl("campaign", "start", campaign)
        if not wait_for(lambda: self.calls()["dials"] > 0, 30):
            raise RuntimeError("no call within 30 s:\n" + self.tail(self.daemon_log))

    def quiet(self, seconds=40, campaign="cleanup"):
        """Pauses the campaign; true when the last call is over."""
        self.ctl("campaign", "pause", campaign)
        return wait_for(lambda: (self.status() or {"calls": {"now": 1}})["calls"]["now"] == 0, seconds, 0.1)

    def wait_up(self, seconds=15):
        up = wait_for(lambda: self.status() or self.daemon.poll() is not None, seconds)
        if not isinstance(up, dict):
            raise RuntimeError("zvonard does not answer:\n" + self.tail(self.daemon_log))
        return up

    def ctl(self, *args, check=True):
        done = subprocess.run([self.tool("zvonarctl"), "-c", self.path("zvonar.yaml"), *args],
                              capture_output=True, text=True, timeout=300, env=self.env, cwd=self.dir)
        if check and done.returncode != 0:
            raise RuntimeError(f"zvonarctl {' '.join(args)}: {done.returncode}\n{done.stderr}")
        return done

    def make_list(self, leads, seed=1):
        with open(self.path("list.csv"), "w", encoding="utf-8") as f:
            subprocess.run([os.path.join(ROOT, "scripts/make-list"), "--leads", str(leads),
                            "--seed", str(seed)], stdout=f, check=True, timeout=120)
        return self.path("list.csv")

    def truth(self, numbers, shares="conf/carrier.shares", seed=1):
        out = subprocess.run([self.tool("zvonar-carrier"), "--truth", "--seed", str(seed), "--shares",
                              os.path.join(ROOT, shares)], input="\n".join(numbers) + "\n",
                             capture_output=True, text=True, check=True, timeout=60).stdout
        return {l.split()[0]: l.split()[2] for l in out.splitlines()}

    def tail(self, path, n=40):
        try:
            with open(path, encoding="utf-8", errors="replace") as f:
                return "".join(f.readlines()[-n:])
        except OSError:
            return ""

    @staticmethod
    def stop(process, sig=signal.SIGTERM, seconds=20):
        """The exit status; None if it had to be killed. sig None: only waits."""
        if process is None:
            return 0
        if process.poll() is None:
            if sig is not None:
                process.send_signal(sig)
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                return None
        return process.returncode

    def close(self):
        self.stop(self.daemon)
        self.stop(self.carrier)
        if not self.keep:
            shutil.rmtree(self.dir, ignore_errors=True)


class Checks:
    """What a test looked at. Ends with the line that tests/runner.py counts."""

    def __init__(self):
        self.passed, self.failed = 0, 0

    def that(self, right, what, detail=""):
        self.passed, self.failed = self.passed + bool(right), self.failed + (not right)
        print(f"{'ok  ' if right else 'FAIL'} {what}" + (f": {detail}" if detail != "" else ""), flush=True)
        return bool(right)

    def end(self):
        print(f"{self.passed} passed, {self.failed} failed, 0 skipped")
        return 0 if self.failed == 0 and self.passed > 0 else 1


# Asks at once and by no name: no text to render for each lead, and short talks.
SHORT_SCRIPT = """start: offer
abandon_message: "Извините."
nodes:
  offer:
    ask: "Нажмите один, два или три."
    keys: {"1": interested, "2": not_interested, "3": keep_informed}
    barge_in: yes
    wait: 3s
    no_input: nobody
  interested: {end: answered, result: interested}
  not_interested: {end: answered, result: not_interested}
  keep_informed: {end: answered, result: keep_informed}
  nobody: {end: silent}
"""


def arguments(doc):
    """The options that all tests of the whole have."""
    args = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--build", default=os.environ.get("ZV_BUILD", "build"), help="folder of the build")
    args.add_argument("--keep", help="folder that stays for a look")
    return args


def cpu_s(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_kb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return next(int(l.split()[1]) for l in f if l.startswith("VmRSS:"))


def second_counts(times_s, begin_s, end_s):
    """How many of the times fall into each whole second from begin to end."""
    counts = [0] * max(0, int(end_s - begin_s))
    for t in times_s:
        if 0 <= t - begin_s < len(counts):
            counts[int(t - begin_s)] += 1
    return counts
