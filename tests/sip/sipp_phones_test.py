#!/usr/bin/env python3
"""The phones' shard against SIPp (Debian's sip-tester): phones that register, callers that come in
from a trunk.  Each case is a scenario and what SIPp must count as successful calls."""
import tempfile

from phones_test import *

HERE = os.path.dirname(os.path.abspath(__file__))
BASE = 17400
USERS = 40


class Sipp:
    def __init__(self, tmp, scenario, port, server, n, rate=50, tcp=False, inf=None):
        self.err = os.path.join(tmp, "err")
        self.proc = subprocess.Popen(
            ["sipp", "-sf", os.path.join(HERE, "scenarios", scenario + ".xml"), "-i", "127.0.0.1", "-p", str(port), "-mp",
             str(port + 1), "-m", str(n), "-r", str(rate), "-nostdin", "-timeout", "25", "-timeout_error", "-trace_err",
             "-error_file", self.err, *(["-t", "t1"] if tcp else []), *(["-inf", inf] if inf else []),
             "127.0.0.1:%d" % server],
            stdout=open(os.path.join(tmp, "out"), "w"), stderr=subprocess.STDOUT, cwd=tmp)

    def done(self):
        try:
            code = self.proc.wait(30)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            self.proc.wait()
            code = None
        why = open(self.err, errors="replace").read()[-2500:] if os.path.exists(self.err) else ""
        check(code == 0, "SIPp counts a failed call (exit %s)\n%s" % (code, why))


def run(binary, n, scenario, act, calls=USERS, *args, **kw):
    port = BASE + 10 * n
    with tempfile.TemporaryDirectory() as tmp:
        inf = None
        if "password" in kw:
            inf = os.path.join(tmp, "users.csv")
            with open(inf, "w") as f:
                f.write("SEQUENTIAL\n" + "".join("u%d;[authentication username=u%d password=%s]\n" % (
                    i, i, kw["password"] % i) for i in range(USERS)))
        d = Shard(binary, port, "--trunk", "127.0.0.1:%d;in" % (port + 5), "--fails", 1000, "--side", 16, *args,
                  phones=["u%d:%s" % (i, ha1("u%d" % i, "pw%d" % i)) for i in range(USERS)])
        s = Sipp(tmp, scenario, port + 5, port, calls, tcp=kw.get("tcp", False), inf=inf, rate=kw.get("rate", 50))
        try:
            act(d, calls)
            s.done()
        except Failed as e:
            out = open(os.path.join(tmp, "out"), errors="replace").read()[-1500:]
            raise Failed("%s\nSIPp: %s" % (e, out))
        finally:
            if s.proc.poll() is None:
                s.proc.kill()
                s.proc.wait()
        return d.finish(), d


def registered(d, calls):
    for i in range(calls):
        d.next("PHONE", 20, on=1)


def phones_register(binary):
    _, d = run(binary, 0, "in_register", registered, password="pw%d")
    check({e["agent"] for e in d.events if e["ev"] == "PHONE"} == set(range(USERS)), "each one")


def phones_register_by_tcp(binary):
    run(binary, 1, "in_register", registered, password="pw%d", tcp=True)


def phones_with_a_wrong_password_do_not(binary):
    _, d = run(binary, 2, "in_register_wrong", lambda d, n: None, password="no%d")
    check(not any(e["ev"] == "PHONE" for e in d.events), "none")


def each(d, calls, *orders):
    """Answers each caller that comes, in slots that are free again when they are closed."""
    free = list(range(72, 72 + 16))
    for _ in range(calls):
        h = d.next("INCOMING", 20)["handle"]
        slot = free.pop(0) if any("%(s)" in o for o in orders) else None
        for o in orders:
            d.order(o % {"h": h, "s": slot})
        if len(free) < 4 and any("%(s)" in o for o in orders):
            free.append(d.next("CLOSED", 20)["slot"])


def closed(d, calls, name, **want):
    d.wait_for(lambda e: sum(x["ev"] == "CLOSED" for x in d.events) == calls, "all are closed")
    got = [e for e in d.events if e["ev"] == name]
    check(len(got) == calls and all(e[k] == v for e in got for k, v in want.items()), "%s %s: %s" % (name, want, got[:3]))


def callers_are_answered(binary):
    def act(d, n):
        each(d, n, "ring %(h)d %(s)d", "accept %(h)d %(s)d")
        closed(d, n, "ENDED", by=0)
    run(binary, 3, "in_answer", act, 12, rate=10)


def callers_are_answered_by_tcp(binary):
    def act(d, n):
        each(d, n, "ring %(h)d %(s)d", "accept %(h)d %(s)d")
        closed(d, n, "ENDED", by=0)
    run(binary, 4, "in_answer", act, 12, rate=10, tcp=True)


def we_hang_up(binary):
    def act(d, n):
        each(d, n, "accept %(h)d %(s)d", "hangup %(s)d")
        closed(d, n, "ENDED", by=1)
    run(binary, 5, "in_our_bye", act, 12, rate=10)


def callers_give_up(binary):
    def act(d, n):
        each(d, n, "ring %(h)d %(s)d")
        closed(d, n, "FAILED", code=487)
    run(binary, 6, "in_cancel", act, 12, rate=10)


def callers_are_refused(binary):
    run(binary, 7, "in_busy", lambda d, n: each(d, n, "reject %(h)d 486"), 20)


def callers_without_a_codec_are_refused(binary):
    _, d = run(binary, 8, "in_no_codec", lambda d, n: None, 20)
    check(not any(e["ev"] == "INCOMING" for e in d.events), "nobody hears of them")


CASES = {f.__name__: f for f in (
    phones_register, phones_register_by_tcp, phones_with_a_wrong_password_do_not, callers_are_answered,
    callers_are_answered_by_tcp, we_hang_up, callers_give_up, callers_are_refused, callers_without_a_codec_are_refused)}
if __name__ == "__main__":
    main(CASES)
