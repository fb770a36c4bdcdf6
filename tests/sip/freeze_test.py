#!/usr/bin/env python3
"""A trunk that freezes: the far end is stopped (SIGSTOP) for some seconds under load, then goes
on.  No call may be lost or left, the signalling thread may not use more than twice its usual time
a call, and nothing is made up for afterwards."""
import json
import resource

from siptest import *

CASES = {  # cps, seconds of calls, seconds of freeze
    "short_freeze": (1000, 4, 2.0),
    "six_second_freeze_at_2000_cps": (2000, 9, 6.0),
}


def far_end(uas, port):
    proc = subprocess.Popen([uas, str(port)], stdout=subprocess.PIPE, text=True)
    check(proc.stdout.readline() == "ready\n", "the far end starts")
    return proc


def seen(proc):
    proc.terminate()
    out, _ = proc.communicate(timeout=10)
    return json.loads(out)


def drive(binary, port, cps, seconds, linger):
    return Drive(binary, "--quiet", "--port", port, "--legs", 30000, "--cps", cps, "--calls", cps * seconds, "--talk", 0.5,
                 "--ring-ms", 20000, "--unanswered", 0, "--breaker", 0, "--linger", linger, "--seconds", 38, "--trunk",
                 "127.0.0.1:%d" % (port + 20))


def run(name, binary):
    cps, seconds, freeze = CASES[name]
    port = 16700 + 40 * list(CASES).index(name)
    uas = os.path.join(os.path.dirname(binary), "uas")
    far = far_end(uas, port + 20)
    calm = drive(binary, port, cps, min(seconds, 4), 0).finish(40)
    calm_seen = seen(far)
    check(calm["ended"] == calm["calls"] == calm_seen["calls"], "calm: %s %s" % (calm, calm_seen))

    far = far_end(uas, port + 20)
    d = drive(binary, port, cps, seconds, 1.0)
    time.sleep(1.0)  # the load runs; then the freeze, for a time that is the test's subject
    far.send_signal(signal.SIGSTOP)
    time.sleep(freeze)
    far.send_signal(signal.SIGCONT)
    s = d.finish(40)
    f = seen(far)
    n = cps * seconds
    print("calm   %6.1f us/call, %d calls" % (calm["cpu_us_call"], calm["calls"]))
    print("freeze %6.1f us/call, %d calls, at once %d, repeated INVITEs %d, done after %.1f s, lag %d ms, codes %s" % (
        s["cpu_us_call"], s["calls"], s["in_flight_max"], s["retransmits"], s["ms"] / 1000, s["lag_us"] / 1000, s["codes"]))
    check(s["ended"] == n and s["failed"] == 0, "no call is lost: %s" % s)
    check(s["closed"] == n and s["legs"] == 0, "none is left: %s" % s)
    check(f["calls"] == n and f["without_ack"] == 0 and f["without_bye"] == 0, "the far end sees them all ended: %s" % f)
    check(s["in_flight_max"] >= cps * freeze * 0.9, "the freeze was real: %d at once" % s["in_flight_max"])
    check(s["cpu_us_call"] < 2 * calm["cpu_us_call"], "CPU time a call under twice the normal")
    # After the thaw's heap of old INVITEs, new ones come at the usual rate.
    late = f["windows"][int(10 * (1 + freeze)) + 20:]
    check(max(late, default=0) <= cps / 10 * 2, "no burst afterwards: %s" % late)


def given_back(binary):
    """What finished calls hold goes with their transactions (timer D, K): the driver's monotonic clock
    jumps past them."""
    port, n = 16780, 600
    far = far_end(os.path.join(os.path.dirname(binary), "uas"), port + 20)
    d = Drive(binary + "_jump", "--quiet", "--port", port, "--legs", 1000, "--cps", 600, "--calls", n, "--talk", 0.1,
              "--unanswered", 0, "--forget", 40, "--seconds", 20, "--trunk", "127.0.0.1:%d" % (port + 20))
    s = d.finish(40)
    seen(far)
    begin, over, forgotten = (d.wait_for(lambda e: e["ev"] == "MEMORY" and e["when"] == w, w)
                              for w in ("begin", "over", "forgotten"))
    check(s["ended"] == n, "all calls went well: %s" % s)
    print("%d transactions, %.1f kB a call when all are over; then %d, %d kB in all" % (
        over["transactions"], (over["heap"] - begin["heap"]) / n / 1024, forgotten["transactions"],
        (forgotten["heap"] - begin["heap"]) / 1024))
    check(over["transactions"] == 2 * n, "INVITEs and BYEs wait for repetitions: %s" % over)
    check((over["heap"] - begin["heap"]) / n < 20 * 1024, "14 kB for the one, some for the other")
    check(forgotten["transactions"] == 0, "then nothing waits")
    check(forgotten["heap"] - begin["heap"] < n * 512, "and the memory is back: %s" % forgotten)


if __name__ == "__main__":
    main({"finished_calls_give_their_memory_back": given_back,
          **{k: (lambda b, k=k: run(k, b)) for k in CASES}})
