#!/usr/bin/env python3
"""Calls against SIPp (Debian's sip-tester), a carrier that we did not write: each case is a
scenario, what SIPp must count as successful calls, and what the driver must be told."""
import os
import tempfile

from siptest import *

HERE = os.path.dirname(os.path.abspath(__file__))
CALL = ["TRYING", "ANSWERED", "ENDED", "CLOSED"]
RUNG = ["TRYING", "PROGRESS180", "ANSWERED", "ENDED", "CLOSED"]


def all_are(story):
    def look(d, s):
        for c in range(s["calls"]):
            check(d.story(c) == story, "call %d: %s" % (c, d.story(c)))
    return look


def field(event, **want):
    def look(d, s):
        for c in range(s["calls"]):
            e = d.of(c, event)[0]
            check(all(e[k] == v for k, v in want.items()), "%s %s, not %s" % (event, want, e))
    return look


# name: scenario, driver's arguments, looks
CASES = {
    "answer": ("answer", [], [all_are(RUNG), field("ANSWERED", pt=8, dtmf=101, sdp=1), field("ENDED", by=1)]),
    "answer_tcp": ("answer", ["tcp"], [all_are(RUNG)]),
    "busy": ("busy", [], [all_are(["TRYING", "FAILED486", "CLOSED"]), field("FAILED", q850=17, local=0, cancelled=0)]),
    "no_answer_and_cancel": ("no_answer", ["--ring-ms", 400],
                             [all_are(["TRYING", "PROGRESS180", "FAILED487", "CLOSED"]), field("FAILED", cancelled=1)]),
    "no_answer_and_cancel_tcp": ("no_answer", ["tcp", "--ring-ms", 400],
                                 [all_are(["TRYING", "PROGRESS180", "FAILED487", "CLOSED"]), field("FAILED", cancelled=1)]),
    "ok_crossing_cancel": ("crossing", ["--ring-ms", 400],
                           [all_are(["TRYING", "PROGRESS180", "FAILED487", "CLOSED"]), field("FAILED", cancelled=1)]),
    "repeated_ok": ("repeated", [], [all_are(CALL)]),
    "retry_after": ("retry_after", [], [all_are(["TRYING", "FAILED503", "CLOSED"]), field("FAILED", retry_after=12)]),
    "digest_407": ("auth407", ["--user", "zv", "--password", "secret", "--cps", 5], [all_are(CALL)]),
    "digest_407_tcp": ("auth407", ["tcp", "--user", "zv", "--password", "secret", "--cps", 5], [all_are(CALL)]),
    "early_media_then_busy": ("early_then_busy", [], [all_are(["TRYING", "PROGRESS183", "FAILED486", "CLOSED"]),
                                                      field("PROGRESS", sdp=1)]),
    "no_sdp_in_the_ok": ("no_sdp", [], [all_are(["TRYING", "PROGRESS180", "FAILED488", "CLOSED"])]),
    "sdp_in_the_183_only": ("early_sdp_only", [], [all_are(["TRYING", "PROGRESS183", "ANSWERED", "ENDED", "CLOSED"]),
                                                   field("ANSWERED", sdp=1, pt=8)]),
    "redirect_refused": ("redirect", [], [all_are(["TRYING", "FAILED302", "CLOSED"])]),
    "redirect_elsewhere_refused": ("redirect", ["--follow"], [all_are(["TRYING", "FAILED302", "CLOSED"])]),
    "redirect_followed": ("redirect_here", ["--follow"], [all_are(CALL)]),
    "reliable_progress": ("prack", [], [all_are(["TRYING", "PROGRESS183", "ANSWERED", "ENDED", "CLOSED"])]),
    "reinvite": ("reinvite", ["--talk", 2], [all_are(CALL)]),
    "far_bye": ("far_bye", ["--talk", 20], [all_are(CALL), field("ENDED", by=0, q850=16)]),
}


def run(name, binary):
    scenario, args, looks = CASES[name]
    n = 6
    port = 16000 + 20 * list(CASES).index(name)
    tcp = "tcp" in args
    args = [a for a in args if a != "tcp"]
    if name.startswith("digest"):
        n = 1  # later calls bring the credentials at once
    with tempfile.TemporaryDirectory() as tmp:
        sipp = subprocess.Popen(
            ["sipp", "-sf", os.path.join(HERE, "scenarios", scenario + ".xml"), "-i", "127.0.0.1", "-p", str(port + 9),
             "-mp", str(31000 + port - 16000), "-m", str(n), "-nostdin", "-timeout", "25", "-timeout_error", "-trace_err",
             "-error_file", os.path.join(tmp, "err"), *(["-t", "t1"] if tcp else [])],
            stdout=open(os.path.join(tmp, "out"), "w"), stderr=subprocess.STDOUT, cwd=tmp)
        try:
            wait_bound(port + 9, tcp)
            d = Drive(binary, "--port", port, "--calls", n, "--cps", 40, "--talk", 0.2, *args, "--trunk",
                      "127.0.0.1:%d%s" % (port + 9, ";tcp" if tcp else ""))
            s = d.finish()
            try:
                code = sipp.wait(12)
            except subprocess.TimeoutExpired:
                code = None
            why = ""
            if code != 0:
                for f in ("err", "out"):
                    p = os.path.join(tmp, f)
                    why += open(p, errors="replace").read()[-3000:] if os.path.exists(p) else ""
                check(False, "SIPp counts a failed call (exit %s)\n%s" % (code, why))
        finally:
            if sipp.poll() is None:
                sipp.kill()
                sipp.wait()
    check(s["calls"] == n and s["closed"] == n, "all calls are closed: %s" % s)
    for look in looks:
        look(d, s)


def wait_bound(port, tcp):
    """Until SIPp has the port, as the kernel says."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with open("/proc/net/tcp" if tcp else "/proc/net/udp") as f:
            if (":%04X " % port) in f.read():
                return
        time.sleep(0.02)
    raise Failed("SIPp does not start")


if __name__ == "__main__":
    main({k: (lambda b, k=k: run(k, b)) for k in CASES})
