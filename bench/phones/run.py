#!/usr/bin/env python3
"""A predictive campaign with agents over real SIP and RTP on loopback: zvonard, the simulated carrier,
agents' phones (zvonar-phones) and agents' screens (the HTTP API).  scripts/run --agents N calls it."""
import argparse
import collections
import hashlib
import json
import math
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
from screens import Api, Refused, Screen  # noqa: E402

PASSWORD = "demo-secret"

MAIN = """control: {{socket: {socket}}}
store: {{dir: {work}/store, map_size: 2G}}
prompts: {{cache: {root}/out/prompts}}
rules: {{files: rules}}
sip: {{local_ip: {ip}, port_first: 5070}}
media: {{ranges: ["{ip}:10000-19998"], threads: {media}}}
plugins: {{strategy_cadence: {{path: {plugin}}}}}
plugin_host: {{deadline: 2s, strikes: 50}}
trunks:
  main: {{host: "{peer}:5060", cps: {cps}, channels: 2000, options_interval: 10s, media_networks: [127.0.0.0/8]}}
phones: {{listen: "{ip}:5060", realm: zvonar, secrets: agents.htdigest, fails_max: 100}}
http: {{listen: "127.0.0.1:{http}"}}
{record}agents:
{agents}
"""

CAMPAIGN = """title: {title}
zone: Europe/Moscow
purpose: service
channel: voice_agent
mode: {mode}
actor: creditor
jurisdiction: RU
announces: []
caller_id: {{own_contract: yes, registered: yes, callable: yes, national: yes, label: "Bank"}}
callers: ["+74951234567"]
ring_time: 25s
talk_max: 10m
hours: {{workday: "00:00-24:00", weekend: "00:00-24:00"}}
pace: {{abandon_limit: 30, patience: 2s, ring_min: 10s, wrapup_max: 2m}}
{record}columns: [name, debt]
categories: [promised, refused, unreachable, paid]
on_paid: paid
results: [promised, refused, later]
desk:
  titles: {{promised: "Обещал заплатить", refused: "Отказ", later: "Перезвонить"}}
  callbacks: [later]
  reasons: {{refused: ["высокая стоимость", "некорректные данные", "банкротство"]}}
  topics: {{"Платёж": ["срок", "сумма"], "Другое": ["жалоба"]}}
  script:
    "Приветствие": "Добрый день, {{{{name|клиент}}}}! Вас беспокоит Банк."
    "Суть": "Ваша задолженность {{{{debt|уточняется}}}} рублей. Когда вы сможете внести платёж?"
script: script.yaml
strategy:
  plugin: strategy_cadence
  attempts: 3
  days: {{day1: 3, day2: 2}}
  spacing: {{gap: 90m, jitter: 10m}}
  rules:
    - when: {{result: promised}}
      then: {{final: promised}}
    - when: {{result: refused}}
      then: {{final: refused}}
    - when: {{result: later}}
      then: {{call_again: {{after: 2h}}}}
  at_end:
    - then: {{final: unreachable}}
"""

# No message: who is abandoned hears nothing, and so the carrier can count him.
SCRIPT = """start: silence
nodes:
  silence: {wait: 1s, next: end}
  end: {end: silent}
"""

SHARES = """dead 5
off 15
noanswer 40
busy 0
key1 0
key2 0
key3 0
voicemail 0
silent 40
rejects 0
unavailable 0
inband 0
"""

RULE = {"id": "RU-DEMO-OPEN", "jur": "RU", "law": "a demonstration calls nobody real", "src": "bench/phones",
        "seen": "2026-11-22", "trust": "policy", "when": {}, "kind": "hours",
        "hours": {"tz": "residence", "days": {"any": [["00:00", "24:00"]]}}}


def options():
    p = argparse.ArgumentParser(prog="scripts/run --agents", description=__doc__)
    p.add_argument("--agents", type=int, default=20)
    p.add_argument("--leads", type=int, default=0, help="contacts in the list (0: enough for the time)")
    p.add_argument("--seconds", type=int, default=120, help="how long is dialled")
    p.add_argument("--talk", type=float, default=12.0, help="mean talk, seconds")
    p.add_argument("--wrap", type=float, default=4.0, help="mean wrap-up, seconds")
    p.add_argument("--mode", default="predictive", choices=["predictive", "progressive", "preview"])
    p.add_argument("--pause-every", type=float, default=0, help="mean seconds between an agent's pauses")
    p.add_argument("--pause-for", type=float, default=10)
    p.add_argument("--crash-after", type=int, default=0, help="mean seconds until a phone crashes")
    p.add_argument("--lose-bye", type=int, default=0, help="ppm of BYEs that phones lose")
    p.add_argument("--cut-every", type=int, default=0, help="mean seconds between cuts of the phones' network")
    p.add_argument("--cut-for", type=int, default=3, help="mean seconds that such a cut lasts")
    p.add_argument("--pages", type=int, default=0, help="so many supervisors' pages hold event streams open")
    p.add_argument("--record", action="store_true", help="record the talks")
    p.add_argument("--media-threads", type=int, default=1)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--http", type=int, default=0, help="port of the pages (0: a free one)")
    p.add_argument("--keep", action="store_true", help="keep the carrier's log")
    p.add_argument("--json", action="store_true")
    p.add_argument("--build", default=os.path.join(ROOT, "build-run"))
    return p.parse_args()


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def bound(ip, port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.bind((ip, port))
            return False
        except OSError:
            return True


def address():
    for i in range(200):
        n = (os.getpid() + i) % 200 + 1
        if not bound(f"127.78.{n}.1", 5060) and not bound(f"127.78.{n}.2", 5060):
            return f"127.78.{n}.1", f"127.78.{n}.2"
    raise SystemExit("scripts/run: no free address among 127.78.1.1 ... 127.78.200.1")


def percentile(values, share):
    """Nearest rank; 0 of nothing."""
    v = sorted(values)
    return v[max(0, math.ceil(share * len(v)) - 1)] if v else 0.0


class Run:
    def __init__(self, o):
        self.o = o
        self.processes = []
        self.ip, self.peer = address()
        self.http = o.http or free_port()
        os.makedirs(os.path.join(ROOT, "out"), exist_ok=True)
        self.work = tempfile.mkdtemp(prefix=time.strftime("agents-%m%d-%H%M%S-"), dir=os.path.join(ROOT, "out"))
        socket_path = os.path.join(self.work, "zvonard.sock")
        if len(socket_path) > 100:
            socket_path = os.path.join(tempfile.mkdtemp(), "zvonard.sock")
        self.socket = socket_path
        self.screens = []

    def path(self, *parts):
        return os.path.join(self.work, *parts)

    def tool(self, name):
        where = {"zvonard": "core/app", "zvonarctl": "core/ctl", "zvonar-carrier": "bench/carrier",
                 "zvonar-phones": "bench/phones"}[name]
        path = os.path.join(self.o.build, where, name)
        if not os.access(path, os.X_OK):
            raise SystemExit(f"scripts/run: {path} is not there: build it (without --no-build)")
        return path

    def write(self, name, text, mode=0o644):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(self.path(name), mode)

    def users(self):
        return [f"agent{i:03d}" for i in range(1, self.o.agents + 1)]

    def watchers(self):
        """Supervisors whose pages only look, five each."""
        return [f"watch{i:03d}" for i in range(1, (getattr(self.o, "pages", 0) + 4) // 5 + 1)]

    def configure(self):
        o = self.o
        people = [f"  {u}: {{title: \"Агент {i}\"}}" for i, u in enumerate(self.users(), 1)]
        people.append("  boss: {title: Супервизор, role: supervisor, phone: none}")
        people += [f"  {u}: {{role: supervisor, phone: none}}" for u in self.watchers()]
        plugin = os.path.join(o.build, "plugins/strategy_cadence/strategy_cadence.so")
        self.write("conf/zvonar.yaml", MAIN.format(
            socket=self.socket, work=self.work, root=ROOT, ip=self.ip, peer=self.peer, plugin=plugin,
            cps=max(20, 2 * o.agents), http=self.http, agents="\n".join(people), media=o.media_threads,
            record=f"record: {{dir: {self.work}/records}}\n" if o.record else ""))
        self.write("conf/campaigns/collection.yaml", CAMPAIGN.format(
            title="Взыскание", mode=o.mode, record="record: yes\n" if o.record else ""))
        self.write("conf/campaigns/script.yaml", SCRIPT)
        os.rename(self.path("conf/campaigns/script.yaml"), self.path("conf/script.yaml"))
        self.write("conf/campaigns/collection.yaml",
                   open(self.path("conf/campaigns/collection.yaml"), encoding="utf-8").read().replace(
                       "script: script.yaml", "script: ../script.yaml"))
        self.write("conf/rules/demo.jsonl", json.dumps(RULE, ensure_ascii=False) + "\n")
        shutil.copytree(os.path.join(ROOT, "conf/calendars"), self.path("conf/calendars"))
        secrets = "".join(f"{u}:zvonar:{hashlib.md5(f'{u}:zvonar:{PASSWORD}'.encode()).hexdigest()}\n"
                          for u in self.users() + ["boss"] + self.watchers())
        self.write("conf/agents.htdigest", secrets, 0o600)
        self.write("shares", SHARES)
        rng = random.Random(o.seed)
        leads = o.leads or int(o.agents * o.seconds / (o.talk + o.wrap) * 4) + 50 * o.agents
        rows = ["phone,name,debt,zone"]
        for i in range(leads):
            rows.append(f"+79{160000000 + o.seed * 1000 + i},Клиент {i},{rng.randrange(1000, 90000)},Europe/Moscow")
        self.write("list.csv", "\n".join(rows) + "\n")
        self.leads = leads

    def start(self, name, *args, log=None, ready=None, seconds=30):
        out = open(self.path(log or name + ".log"), "ab")
        p = subprocess.Popen([self.tool(name), *args], stdout=out, stderr=subprocess.STDOUT)
        self.processes.append((name, p))
        end = time.monotonic() + seconds
        while ready is not None and not ready():
            if p.poll() is not None or time.monotonic() > end:
                self.fail(f"{name} does not start", log or name + ".log")
            time.sleep(0.05)
        return p

    def fail(self, what, log=None):
        say("scripts/run:", what)
        if log and os.path.exists(self.path(log)):
            say(f"the end of {self.path(log)}:")
            with open(self.path(log), encoding="utf-8", errors="replace") as f:
                say("".join(f.readlines()[-15:]))
        raise SystemExit(1)

    def ctl(self, *args):
        return subprocess.run([self.tool("zvonarctl"), "-s", self.socket, "-d", self.path("store"), *args],
                              capture_output=True, text=True, timeout=120)

    def stop(self):
        for s in self.screens:
            s.leave()
        for name, p in reversed(self.processes):
            if p.poll() is None:
                p.send_signal(signal.SIGTERM)
                try:
                    p.wait(15 if name == "zvonard" else 5)
                except subprocess.TimeoutExpired:
                    p.send_signal(signal.SIGTERM)
                    try:
                        p.wait(5)
                    except subprocess.TimeoutExpired:
                        p.kill()
                        p.wait()
        self.processes = []

    def events(self, name):
        with open(self.path(name), "rb") as f:
            return [json.loads(line) for line in f.read().rpartition(b"\n")[0].split(b"\n") if line.strip()]

    def up(self):
        o = self.o
        self.configure()
        t = subprocess.run([self.tool("zvonard"), "-t", "-c", self.path("conf/zvonar.yaml")],
                           capture_output=True, text=True)
        self.write("zvonard-t.log", t.stdout + t.stderr)
        if t.returncode != 0:
            self.fail("the configuration is not good", "zvonard-t.log")
        self.start("zvonar-carrier", "--listen", f"{self.peer}:5060/udp", "--rtp", f"{self.peer}:20000-24095",
                   "--shares", self.path("shares"), "--seed", str(o.seed), "--log", self.path("carrier.jsonl"),
                   log="carrier.log", ready=lambda: bound(self.peer, 5060))
        self.start("zvonard", "-c", self.path("conf/zvonar.yaml"), log="zvonard.log",
                   ready=lambda: self.ctl("status", "--tsv").returncode == 0)
        self.start("zvonar-phones", "--registrar", f"{self.ip}:5060", "--listen", f"{self.peer}:5062",
                   "--rtp", f"{self.peer}:30000-{30001 + 2 * o.agents}", "--count", str(o.agents),
                   "--users", "agent%03u", "--password", PASSWORD, "--crash-after", str(o.crash_after),
                   "--cut-every", str(getattr(o, "cut_every", 0)), "--cut-for", str(getattr(o, "cut_for", 3)),
                   "--lose-bye", str(o.lose_bye), "--seed", str(o.seed), "--log", self.path("phones.jsonl"),
                   log="phones.log")
        rng = random.Random(o.seed)
        self.alone = getattr(o, "alone", 0)  # phones whose agents have no screen of ours
        for i, user in enumerate(self.users()[:o.agents - self.alone]):
            self.screens.append(Screen(
                "127.0.0.1", self.http, user, PASSWORD,
                talk=lambda: min(300, rng.expovariate(1 / o.talk) + 0.5),
                wrap=lambda: min(60, rng.expovariate(1 / o.wrap) + 0.2),
                seed=o.seed * 1000 + i, results=("promised", "refused"), pause_every=o.pause_every,
                pause_for=o.pause_for))
        for s in self.screens:
            s.start()
        self.boss = Api("127.0.0.1", self.http)
        self.boss.login("boss", PASSWORD)
        end = time.monotonic() + 30
        while sum(s.state == "ready" for s in self.screens) < len(self.screens) and time.monotonic() < end:
            time.sleep(0.1)
        n = sum(s.state == "ready" for s in self.screens)
        say(f"{n} of {o.agents} agents are ready; floor page http://127.0.0.1:{self.http}/floor "
            f"(user boss, password {PASSWORD})")
        if n == 0:
            for s in self.screens[:3]:
                say(s.user, s.state, s.phone, s.errors[:3])
            self.fail("no agent is ready", "zvonard.log")

    def open_pages(self):
        n = len(self.watchers())
        self.watch = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "watch.py"), "--http", str(self.http), "--password", PASSWORD, "--users",
             str(n), "--each", "5"], stdout=subprocess.PIPE, text=True)
        self.processes.append(("watch", self.watch))
        if self.watch.stdout.readline().strip() != "open":
            self.fail("the pages do not open", "zvonard.log")
        say(f"{5 * n} pages are open")

    def close_pages(self):
        self.watch.send_signal(signal.SIGTERM)
        return json.loads(self.watch.communicate(timeout=30)[0])

    def dial(self):
        o = self.o
        if getattr(o, "pages", 0):
            self.open_pages()
        got = self.ctl("list", "import", "collection", self.path("list.csv"), "--json")
        if got.returncode != 0:
            self.fail("the list could not be imported: " + got.stderr)
        if self.ctl("campaign", "start", "collection").returncode != 0:
            self.fail("the campaign could not be started", "zvonard.log")
        self.began = time.time()
        for s in self.screens:
            s.times, s.since = {}, self.began
        tty = sys.stderr.isatty()
        shown = 0
        while time.time() - self.began < o.seconds:
            time.sleep(1)
            for name, p in self.processes:
                if p.poll() is not None:
                    self.fail(f"{name} ended by itself", "zvonard.log" if name == "zvonard" else name + ".log")
            try:
                floor = self.boss.call("GET", "/api/v1/floor")
            except (Refused, OSError):
                continue
            c = floor["campaigns"][0]
            states = [a["state"] for a in floor["agents"]]
            line = (f"{int(time.time() - self.began):4d}/{o.seconds} s | talking {states.count('talking')}, "
                    f"wrap-up {states.count('wrapup')}, ready {states.count('ready')} | ringing {c['ringing']} | "
                    f"occupancy {100 * floor['occupancy']:.0f} % | abandoned {c['abandoned']} of {c['live']}")
            if tty:
                print("\r\033[K" + line, end="", file=sys.stderr, flush=True)
            elif time.time() - shown >= 10:
                say(line)
                shown = time.time()
        if tty:
            print("\r\033[K", end="", file=sys.stderr)

    def settle(self):
        """No new calls; those in progress end by themselves, then all is stopped."""
        self.ended = time.time()
        self.times = {}  # of all agents by state, while dialling
        for s in self.screens:
            for state, seconds in list(s.times.items()) + [(s.state, self.ended - s.since)]:
                self.times[state] = self.times.get(state, 0) + seconds
        self.ctl("campaign", "pause", "collection")
        end = time.monotonic() + 90
        while time.monotonic() < end:
            got = self.ctl("status", "--json")
            busy = [s for s in self.screens if s.state in ("talking", "wrapup", "reserved")]
            if got.returncode == 0 and json.loads(got.stdout)["calls"]["now"] == 0 and not busy:
                break
            time.sleep(0.5)
        self.left = {"calls": json.loads(self.ctl("status", "--json").stdout)["calls"]["now"],
                     "busy": sum(s.state in ("talking", "wrapup", "reserved") for s in self.screens)}
        self.pages = self.close_pages() if getattr(self.o, "pages", 0) else None
        self.floor = self.boss.call("GET", "/api/v1/floor")
        self.usage = self.cpu()
        self.stop()

    def cpu(self):
        """CPU seconds and resident MiB of zvonard."""
        pid = next(p.pid for n, p in self.processes if n == "zvonard")
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            fields = f.read().rpartition(")")[2].split()
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            rss = next(int(l.split()[1]) for l in f if l.startswith("VmRSS"))
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), rss / 1024

    def without_outcome(self):
        """Attempts of the log that nobody knows the end of."""
        begun, over = set(), set()
        for line in self.ctl("attempts", "export").stdout.splitlines():
            row = json.loads(line)
            if row["event"] in ("intent", "outcome"):
                (begun if row["event"] == "intent" else over).add(row["attempt"])
        return len(begun - over) if begun else -1

    def figures(self):
        o = self.o
        calls = {}
        for e in self.events("carrier.jsonl"):
            if "call" in e:
                calls.setdefault(e["call"], {}).setdefault(e["e"], e)
        answered = [c for c in calls.values() if "answer" in c]
        ear = [(c["heard"]["m"] - c["answer"]["m"]) / 1e6 for c in answered if "heard" in c]
        cards = [(s.bridged[k] - t) * 1000 for s in self.screens for k, t in s.cards.items() if k in s.bridged]
        shown = [t * 1000 - s.began_ms[k] for s in self.screens for k, t in s.cards.items() if k in s.began_ms]
        late_cards = [k for s in self.screens for k in s.bridged if k not in s.cards or s.cards[k] > s.bridged[k]]
        times = self.times
        there = sum(times.get(x, 0) for x in ("ready", "reserved", "talking", "wrapup"))
        ours = self.floor["campaigns"][0]
        silent = [c for c in answered if "heard" not in c]
        return {
            "agents": o.agents, "seconds": round(self.ended - self.began), "calls": len(calls),
            "answered": len(answered), "abandoned_carrier": len(silent), "abandoned": ours["abandoned"],
            "live": ours["live"], "abandon_rate": ours["abandoned"] / max(1, ours["live"]),
            "occupancy": (times.get("talking", 0) + times.get("wrapup", 0)) / max(there, 1e-9),
            "waits": self.floor["waits"],
            "ear_ms": {"n": len(ear), "p50": percentile(ear, 0.5), "p99": percentile(ear, 0.99),
                       "max": max(ear, default=0)},
            "talks": sum(len(s.bridged) for s in self.screens), "cards_late": len(late_cards),
            "card_ms_before": {"p50": percentile(cards, 0.5), "p1": percentile(cards, 0.01)},
            "card_ms_after": {"n": len(shown), "p50": percentile(shown, 0.5), "p99": percentile(shown, 0.99),
                              "max": max(shown, default=0)},
            "pages": self.pages,
            "errors": dict(collections.Counter(f"{e[1]}: {e[2]}" for s in self.screens for e in s.errors)),
            "left": self.left, "without_outcome": self.without_outcome(),
            "cpu_s": round(self.usage[0], 2), "rss_mib": round(self.usage[1], 1),
            "phones": {k: v for k, v in self.events("phones.jsonl")[-1].items() if k not in ("e", "t", "m")},
            "directory": self.work, "seed": o.seed,
        }

    def judge(self, f):
        """What must be so, in words, if it is not."""
        wrong = []
        # A phone that dies as its talk begins: heard by the carrier's count or not, as the case may be.
        # Where it was told apart late, as it was once, two crashes in three made a difference.
        faults = f["phones"].get("crashes", 0) + f["phones"].get("cuts", 0) * f["agents"]
        if abs(f["abandoned"] - f["abandoned_carrier"]) > faults / 4:
            wrong.append(f"abandoned: {f['abandoned']} by zvonard's count, {f['abandoned_carrier']} by the carrier's")
        if f["pages"] and (f["pages"]["closed"] or f["pages"]["greeted"] < f["pages"]["pages"]):
            wrong.append(f"pages: {f['pages']}")
        if f["cards_late"]:
            wrong.append(f"{f['cards_late']} talks began without their card on the page")
        if f["left"]["calls"] or f["left"]["busy"]:
            wrong.append(f"left over: {f['left']['calls']} calls, {f['left']['busy']} busy agents")
        if f["without_outcome"]:
            wrong.append(f"{f['without_outcome']} attempts have no outcome")
        if f["answered"] == 0 or f["talks"] == 0:
            wrong.append("nobody talked to anybody")
        got = self.ctl("store", "check")
        if got.returncode != 0:
            wrong.append("the store is not whole: " + (got.stdout + got.stderr).strip()[-300:])
        return wrong


def table(f, wrong):
    print(f"""
{f['agents']} agents, {f['seconds']} s of dialling

calls                {f['calls']}, {f['answered']} answered by people
talks                {f['talks']}
occupancy            {100 * f['occupancy']:.1f} %
abandoned            {f['abandoned']} of {f['live']} ({100 * f['abandon_rate']:.2f} %); by the carrier's count {f['abandoned_carrier']}
wait between calls   {f['waits']['p50_s']:.1f} s in the middle, {f['waits']['p95_s']:.1f} s at p95
answer to ear        {f['ear_ms']['p50']:.1f} ms in the middle, {f['ear_ms']['p99']:.1f} ms at p99
card before voice    {f['card_ms_before']['p50']:.1f} ms in the middle; {f['cards_late']} cards late
card on the page     {f['card_ms_after']['p50']:.1f} ms in the middle, {f['card_ms_after']['p99']:.1f} ms at p99 after the engine's step
zvonard              {f['cpu_s']} s of CPU, {f['rss_mib']} MiB
working directory    {f['directory']}""")
    if f["pages"]:
        print("{pages} open pages: an agent's change is there after {p50_ms} ms in the middle, {p99_ms} ms at p99 ({events} "
              "events; {lost} told to read anew)".format(**f["pages"]))
    for what, n in sorted(f["errors"].items(), key=lambda e: -e[1])[:10]:
        print(f"screens: {n} times {what}")
    for w in wrong:
        print("WRONG: " + w)


def main():
    o = options()
    o.build = os.path.abspath(o.build)
    run = Run(o)
    say("working directory:", run.work)
    try:
        run.up()
        run.dial()
        run.settle()
        f = run.figures()
        wrong = run.judge(f)
    finally:
        run.stop()
    if not o.keep and not wrong:
        os.unlink(run.path("carrier.jsonl"))
    if o.json:
        print(json.dumps(dict(f, ok=not wrong, wrong=wrong)))
    else:
        table(f, wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
