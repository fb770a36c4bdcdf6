#!/usr/bin/env python3
"""The messages of RFC 4475, sent to a shard over UDP and TCP while calls are up: it stays alive, the
calls end as they should, nothing leaks, and what each message got stands beside what the RFC
says.  Exceptions are named in rfc4475/expected.txt."""
import os
import shutil

from siptest import *

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "rfc4475")
SOURCES = ("127.0.0.77", "127.0.0.78", "127.0.0.79")  # replies go to the source's address and the port in Via, 5060 as a rule
CALLS = 20


def expectations():
    table = {}
    for line in open(os.path.join(HERE, "expected.txt")):
        if line.strip() and not line.startswith("#"):
            name, section, rfc, *rest = line.split(None, 3)
            table[name] = (section, rfc, rest[0].strip() if rest else "")
    return table


def code_of(raw):
    return int(raw.split(b" ", 2)[1]) if raw.startswith(b"SIP/2.0 ") else None


def over_udp(sock, source, port, name, raw):
    """What came back before the answer to a plain OPTIONS that was sent right behind."""
    probe = "probe-" + name
    sock.sendto(raw, ("127.0.0.1", port))
    sock.sendto(("OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s\r\nMax-Forwards: 70\r\n"
                 "From: <sip:a@b>;tag=q\r\nTo: <sip:c@d>\r\nCall-ID: %s\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
                 % (source, probe, probe)).encode(), ("127.0.0.1", port))
    got = None
    while True:
        check(bool(select.select([sock], [], [], 10)[0]), "alive after " + name)
        answer = sock.recv(65536)
        if probe.encode() in answer:
            return got
        got = got or code_of(answer)


def over_tcp(port, raw):
    """What comes back on a connection of its own, until it is quiet or closed."""
    with socket.create_connection(("127.0.0.1", port), 5) as s:
        s.sendall(raw.replace(b"SIP/2.0/UDP", b"SIP/2.0/TCP"))
        if not select.select([s], [], [], 0.15)[0]:
            return None
        answer = s.recv(65536)
    return code_of(answer) if answer else "closed"


def outcome(code):
    if code is None or code == "closed":
        return "thrown away"
    return "bad" if code in (400, 413, 415, 416, 420, 488, 505) else "understood"


def fits(rfc, code):
    if rfc == "valid":
        return outcome(code) == "understood"
    if rfc == "invalid":
        return code is None or code == "closed" or code >= 400
    return code is None if rfc == "response" else True


def torture(binary, wrapper=(), phones=False):
    port = 16640 if not wrapper else 16660
    if phones:
        port = 17680
    uas = subprocess.Popen([os.path.join(os.path.dirname(binary), "uas"), str(port + 16)], stdout=subprocess.PIPE, text=True)
    check(uas.stdout.readline() == "ready\n", "the far end starts")
    try:
        d = Drive(binary, "--port", port + 8 if phones else port, *(["--phones", port] if phones else []), "--calls", CALLS, "--cps", 100, "--talk", 9 if not wrapper else 16, "--trunk",
                  "127.0.0.1:%d" % (port + 16), "--spare-trunk", "127.0.0.1:%d;tcp" % (port + 16), wrapper=wrapper)
        d.wait_for(lambda e: e["ev"] == "ANSWERED" and e["call"] == CALLS - 1, "the calls are up")
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        source = SOURCES[bool(wrapper)]
        sock.bind((SOURCES[2] if phones else source, 5060))
        source = SOURCES[2] if phones else source
        table, wrong = expectations(), []
        files = sorted(f[:-4] for f in os.listdir(HERE) if f.endswith(".dat"))
        check(files == sorted(table) and len(files) == 49, "49 messages, each with its expectation")
        print("%-11s %-9s %-9s %5s %-12s %6s" % ("message", "section", "RFC", "UDP", "", "TCP"))
        for name in files:
            raw = open(os.path.join(HERE, name + ".dat"), "rb").read()
            section, rfc, exception = table[name]
            udp, tcp = over_udp(sock, source, port, name, raw), over_tcp(port, raw)
            print("%-11s %-9s %-9s %5s %-12s %6s %s" % (name, section, rfc, udp or "-", outcome(udp), tcp or "-", exception))
            # A reply to another port than 5060 (as its Via says) is only seen over TCP.
            code = udp if udp is not None else None if tcp == "closed" else tcp
            if not fits(rfc, code) and not exception:
                wrong.append((name, rfc, code))
            if fits(rfc, code) and exception:
                wrong.append((name, "is no exception any more", code))
        check(not wrong, "as the RFC says, or named as an exception: %s" % wrong)
        check(not any(e["ev"] in ("ENDED", "FAILED") for e in d.events), "the calls are unharmed so far")
        s = d.finish()
        check(s["ended"] == CALLS and s["failed"] == 0 and all(e["by"] == 1 for e in d.events if e["ev"] == "ENDED"),
              "the calls ended by our own BYE")
    finally:
        uas.terminate()
        uas.wait()


def without_leak(binary):
    if shutil.which("valgrind") is None:
        sys.exit(77)
    # The one without jemalloc, so that valgrind sees the memory.
    torture(binary + "_jump", ("valgrind", "-q", "--leak-check=full", "--errors-for-leak-kinds=definite",
                               "--error-exitcode=9"))


if __name__ == "__main__":
    main({"rfc4475": torture, "rfc4475_at_the_phones_port": lambda b: torture(b, phones=True), "rfc4475_without_leak": without_leak})
