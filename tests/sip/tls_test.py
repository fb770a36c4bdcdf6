"""Trunks by TLS: Python's ssl is the far end.  What counts is what it read: from a connection that was
to be refused it must have read nothing at all.  Ports 25100-25900."""
import os
import re
import shutil
import socket
import ssl
import sys
import tempfile
import time
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import certs  # noqa: E402
import srtp  # noqa: E402
from siptest import Drive, Failed, SDP, check, main  # noqa: E402
from tlstrunk import TlsTrunk as Far  # noqa: E402

# each case has eight ports of its own
PORT = 25100 + 8 * (zlib.crc32(sys.argv[2].encode()) % 63)
DRIVER = PORT + 2  # two plain agents, then the one by TLS


def TlsTrunk(*args, **kw):
    return Far(*args, port=PORT, **kw)


class Bed:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="zvonar-tls-")
        self.ca = certs.Authority(self.dir, "right-ca")
        self.drv = None

    def __enter__(self):
        return self

    def __exit__(self, *a):
        if self.drv and self.drv.proc.poll() is None:
            self.drv.kill9()
        shutil.rmtree(self.dir, ignore_errors=True)

    def drive(self, driver, *args, name="sip.trunk.example", log=None, port=PORT, rest=1, ca=True, cps=100, agents=2):
        self.log = open(os.path.join(self.dir, "log"), "w+")
        args = (["--tls-ca", self.ca.cert] if ca else []) + ["--tls-name", name, "--rest", rest, "--port", DRIVER,
                "--agents", agents, "--cps", cps, *args, "--trunk", "127.0.0.1:%d;tls" % port]
        saved = os.dup(2)
        os.dup2(self.log.fileno(), 2)  # the driver's log
        try:
            self.drv = Drive(driver, *args)
            return self.drv
        finally:
            os.dup2(saved, 2)
            os.close(saved)

    def text(self):
        self.log.flush()
        self.log.seek(0)
        return self.log.read()


def finish_calls(drv, trunk, n):
    s = drv.finish()
    check(s["answered"] == n, "%d calls answered: %s" % (n, s))
    check(len(trunk.of("BYE")) == n and len(trunk.of("ACK")) == n, "each has its ACK and BYE, by TLS")
    return s


def a_right_certificate_carries_calls(driver):
    with Bed() as bed:
        trunk = TlsTrunk(*bed.ca.sign("good", "DNS:other.example,DNS:sip.trunk.example"))
        drv = bed.drive(driver, "--wait-up", "--calls", 20, "--options", 1)
        finish_calls(drv, trunk, 20)
        check(all(v in ("TLSv1.2", "TLSv1.3") for v in trunk.versions), "TLS 1.2 or later: %s" % trunk.versions)
        check("sip.trunk.example" in trunk.names, "it says whom it wants (SNI): %s" % trunk.names)
        for inv in trunk.of("INVITE"):
            check("SIP/2.0/TLS" in inv.get("via") and "transport=tls" in inv.get("contact"), "Via and Contact say TLS")
            port = re.search(r":(\d+);transport=tls", inv.get("contact")).group(1)
            check(int(port) == inv.addr[1], "without a certificate of ours the Contact is this connection")
        check(trunk.handshakes == 1, "one connection is enough: %d" % trunk.handshakes)
        check("no call by TLS" not in bed.text(), "nothing to complain of")
        trunk.close()


def refused_by(driver, make, words, name="sip.trunk.example", args=(), ca=True, **kw):
    """No byte of SIP reaches that far end; the log says why; the trunk is told as down, never up; calls that
    are tried all the same fail at once."""
    with Bed() as bed:
        trunk = TlsTrunk(*make(bed), **kw)
        drv = bed.drive(driver, "--calls", 3, "--cps", 2, "--linger", 2, *args, name=name, ca=ca)
        drv.wait_for(lambda e: e["ev"] == "TRUNK" and e["state"] == 0, "the trunk is down")
        trunk.wait(lambda: trunk.refused + trunk.handshakes > 1, "it is tried again")
        s = drv.finish()
        check(not any(e["ev"] == "TRUNK" and e["state"] == 1 for e in drv.events), "never up")
        check(s["answered"] == 0 and s["failed"] == 3, "no call: %s" % s)
        check(trunk.bytes == 0 and not trunk.seen, "no byte of SIP has left: %s" % [m.first for m in trunk.seen])
        log = bed.text()
        lines = [l for l in log.splitlines() if "no call by TLS" in l]
        check(len(lines) == 1, "said once: %s" % log)
        for w in words:
            check(w in lines[0], "the log says '%s': %s" % (w, lines[0]))
        trunk.close()


def a_wrong_name_is_refused(driver):
    refused_by(driver, lambda b: b.ca.sign("good", "DNS:sip.other.example"),
               ["sip.other.example", "not for sip.trunk.example", "tls.name"])


def a_name_in_the_subject_alone_is_refused(driver):
    refused_by(driver, lambda b: b.ca.sign("sip.trunk.example"), ["no subjectAltName"])


def a_wrong_address_is_refused(driver):
    refused_by(driver, lambda b: b.ca.sign("good", "IP:127.0.0.2,DNS:localhost"), ["127.0.0.2", "not for 127.0.0.1"],
               name="127.0.0.1")


def an_expired_certificate_is_refused(driver):
    refused_by(driver, lambda b: b.ca.sign("old", "DNS:sip.trunk.example", "20200101000000Z", "20210101000000Z"),
               ["expired on 2021-01-01", "renew"])


def a_certificate_of_tomorrow_is_refused(driver):
    refused_by(driver, lambda b: b.ca.sign("new", "DNS:sip.trunk.example", "20990101000000Z", "20991231000000Z"),
               ["not valid before 2099-01-01", "clock"])


def a_self_signed_certificate_is_refused(driver):
    refused_by(driver, lambda b: certs.self_signed(b.dir, "self", "DNS:sip.trunk.example"),
               ["signed by itself", "tls.ca"])


def a_wrong_authority_is_refused(driver):
    refused_by(driver, lambda b: certs.Authority(b.dir, "wrong-ca").sign("x", "DNS:sip.trunk.example"),
               ["not signed by an authority", "tls.ca"])


def the_systems_authorities_do_not_know_ours(driver):
    refused_by(driver, lambda b: b.ca.sign("good", "DNS:sip.trunk.example"), ["of this system", "tls.ca"], ca=False)


def tls_1_1_is_refused(driver):
    refused_by(driver, lambda b: b.ca.sign("good", "DNS:sip.trunk.example"), ["protocol"], high=ssl.TLSVersion.TLSv1_1)


def an_unchecked_certificate_is_warned_of(driver):
    with Bed() as bed:
        trunk = TlsTrunk(*certs.self_signed(bed.dir, "self", "DNS:elsewhere.example"))
        drv = bed.drive(driver, "--wait-up", "--calls", 3, "--tls-unverified")
        finish_calls(drv, trunk, 3)
        check("not checked" in bed.text(), "the log warns: " + bed.text())
        trunk.close()


def our_certificate_is_shown_and_far_ends_reach_us(driver):
    """A far end that asks for a certificate, and then hangs up by a connection of its own."""
    with Bed() as bed:
        ours = bed.ca.sign("ours", "DNS:zvonar.example,IP:127.0.0.1")
        theirs = bed.ca.sign("good", "DNS:sip.trunk.example")
        trunk = TlsTrunk(*theirs, client_ca=bed.ca.cert)
        drv = bed.drive(driver, "--wait-up", "--calls", 1, "--talk", 20, "--tls-cert", ours[0], "--tls-key", ours[1])
        drv.wait_for(lambda e: e["ev"] == "ANSWERED", "answered")
        trunk.wait(lambda: trunk.of("ACK"), "its ACK")
        inv = trunk.of("INVITE")[0]
        port = int(re.search(r":(\d+);transport=tls", inv.get("contact")).group(1))
        check(port == DRIVER + 2, "the Contact is our own port: %d" % port)

        def bye(cert):
            ctx = ssl.create_default_context(cafile=bed.ca.cert)
            if cert:
                ctx.load_cert_chain(*cert)
            with socket.create_connection(("127.0.0.1", port), 5) as raw:
                with ctx.wrap_socket(raw, server_hostname="zvonar.example") as tls:
                    tls.sendall(("BYE sip:127.0.0.1:%d SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:%d;branch=z9hG4bKbye\r\n"
                                 "Max-Forwards: 70\r\nFrom: %s;tag=far\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: 2 BYE\r\n"
                                 "Content-Length: 0\r\n\r\n" % (port, trunk.port, inv.get("to"), inv.get("from"),
                                                                inv.get("call-id"))).encode())
                    tls.settimeout(5)
                    return tls.recv(4096)

        for cert, who in ((None, "nobody"), (certs.Authority(bed.dir, "wrong-ca").sign("x", "DNS:sip.trunk.example"),
                                             "another authority's"), (bed.ca.sign("y", "DNS:y.example"), "another name")):
            try:
                answer = bye(cert)
            except OSError:
                answer = b""
            check(not answer, "a BYE from %s is not heard: %r" % (who, answer))
        check(not drv.of(0, "ENDED"), "the call is still up")
        check(bye(theirs).startswith(b"SIP/2.0 200"), "the trunk's own BYE is answered")
        drv.wait_for(lambda e: e["ev"] == "ENDED" and e["by"] == 0, "ended by them")
        drv.finish()
        trunk.close()


def a_far_end_that_wants_a_certificate_is_said(driver):
    with Bed() as bed:
        trunk = TlsTrunk(*bed.ca.sign("good", "DNS:sip.trunk.example"), client_ca=bed.ca.cert)
        drv = bed.drive(driver, "--wait-up", "--calls", 1, "--seconds", 3)
        trunk.wait(lambda: trunk.refused > 1, "it refuses us")
        end = time.monotonic() + 5
        while "tls.certificate, tls.key" not in bed.text() and time.monotonic() < end:
            time.sleep(0.05)
        check("tls.certificate, tls.key" in bed.text(), "said: " + bed.text())
        drv.kill9()
        trunk.close()


def a_closed_connection_comes_back(driver):
    """The far end hangs up all connections between calls, and is away for a while."""
    with Bed() as bed:
        good = bed.ca.sign("good", "DNS:sip.trunk.example")
        trunk = TlsTrunk(*good)
        drv = bed.drive(driver, "--wait-up", "--calls", 40, "--cps", 10, "--seconds", 20)
        trunk.wait(lambda: len(trunk.of("BYE")) >= 5, "calls")
        before = trunk.handshakes
        trunk.hang_up_all()
        trunk.wait(lambda: trunk.handshakes > before, "another connection")
        finished = drv.finish()
        check(finished["answered"] >= 36, "calls go on: %s" % finished)
        check(drv.events[-1]["ev"] == "SUMMARY", "the end")
        trunk.close()


def srtp_calls(driver, answer, *args, calls=1):
    """(events, INVITEs, log) of calls to a far end that answers like that."""
    with Bed() as bed:
        trunk = TlsTrunk(*bed.ca.sign("good", "DNS:sip.trunk.example"), answer=answer)
        drv = bed.drive(driver, "--wait-up", "--calls", calls, *args)
        drv.finish()
        trunk.close()
        return drv, trunk, bed.text()


SAVP = SDP.replace("RTP/AVP", "RTP/SAVP")


def only_an_answer_to_srtp_is_srtp(driver):
    """require: what is no answer with a key ends the call; no call goes on without."""
    suite = "AES_CM_128_HMAC_SHA1_80"
    key = srtp.new_key(suite)
    answers = [SAVP + srtp.line(1, suite, key), SDP, SAVP, SAVP + srtp.line(9, suite, key),
               SAVP + srtp.line(1, suite, key, "|2^20|1:4"), SAVP + srtp.line(2, suite, key), None]

    def answer(invite):
        body = answers[len(seen)]
        seen.append(srtp.offered(invite.body))
        return (488, "") if body is None else (200, body)

    seen = []
    drv, trunk, _ = srtp_calls(driver, answer, "--srtp", "require", "--cps", 5, calls=len(answers))
    check(len(trunk.of("INVITE")) == len(answers), "no second try: %d" % len(trunk.of("INVITE")))
    check([bool(drv.of(i, "ANSWERED")) for i in range(7)] == [True] + 6 * [False], "the first alone is a call")
    check(drv.of(0, "ANSWERED")[0]["secrecy"] == 2, "media will find its key")
    check(drv.of(0, "CLOSED")[0]["secrecy"] == 0, "and none after its end")
    check(all(drv.of(i, "FAILED")[0]["code"] == 488 for i in range(1, 7)), "the others fail as 488")
    check(len(trunk.of("BYE")) == 6 and len(trunk.of("ACK")) >= 6, "and are ended")
    check(all({s for s, _ in o.values()} == set(srtp.SUITES) for o in seen), "all suites are offered")
    keys = [k for o in seen for _, k in o.values()]
    check(len(set(keys)) == len(keys) and not any(k.count(0) > 6 for k in keys), "each with a key of its own")


def srtp_is_offered_and_done_without_after_a_488(driver):
    def answer(invite):
        return (200, SDP) if "RTP/AVP" in invite.body else (488, "")

    drv, trunk, _ = srtp_calls(driver, answer, "--srtp", "offer", calls=2)
    protos = [("SAVP" if "RTP/SAVP" in m.body else "AVP", m.get("call-id")) for m in trunk.of("INVITE")]
    check(sorted(p for p, _ in protos) == ["AVP", "AVP", "SAVP", "SAVP"], "SAVP first, AVP once: %s" % protos)
    check(len({c for _, c in protos}) == 2, "in the same call")
    check("a=crypto" not in trunk.of("INVITE")[-1].body, "no key in the second")
    check(all(drv.of(i, "ANSWERED")[0]["secrecy"] == 1 for i in range(2)), "media are told: plain")


def a_plain_answer_to_an_offer_of_srtp_is_none(driver):
    drv, trunk, _ = srtp_calls(driver, lambda invite: (200, SDP), "--srtp", "offer")
    check(not drv.of(0, "ANSWERED") and drv.of(0, "FAILED")[0]["code"] == 488, "not a call: %s" % drv.story(0))
    check(len(trunk.of("INVITE")) == 1 and len(trunk.of("BYE")) == 1, "and ended")


def silent_far_ends_delay_nobody(driver):
    """Twenty TLS trunks' worth of silence beside a plain one: calls by UDP are as quick as ever."""
    from siptest import Mock
    with Bed() as bed:
        silent = socket.socket()
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        silent.bind(("127.0.0.1", PORT))
        silent.listen(50)
        mock = Mock(PORT + 1)
        args = ["--tls-ca", bed.ca.cert, "--tls-name", "x.example", "--rest", 1, "--port", DRIVER, "--agents", 1,
                "--calls", 30, "--cps", 20, "--trunk", "127.0.0.1:%d" % (PORT + 1)]
        args += [x for _ in range(2) for x in ("--spare-trunk", "127.0.0.1:%d;tls" % PORT)]
        drv = Drive(driver, *args)
        waits = []
        for _ in range(30):
            inv = mock.expect("INVITE", 5)
            at = time.monotonic()
            mock.answer(inv, 200, "OK", body=SDP)
            mock.expect("ACK")
            waits.append(time.monotonic() - at)
            end = time.monotonic() + 0.02
            while time.monotonic() < end:
                bye = mock.recv(0.01)
                if bye is not None and bye.method == "BYE":
                    mock.answer(bye, 200)
        end = time.monotonic() + 3
        while time.monotonic() < end and drv.proc.poll() is None:
            bye = mock.recv(0.1)
            if bye is not None and bye.method == "BYE":
                mock.answer(bye, 200)
        s = drv.finish()
        check(s["answered"] == 30, "all answered: %s" % s)
        check(sorted(waits)[len(waits) // 2] < 1, "an ACK comes at once: %s" % waits)
        silent.close()


def reconnecting_for_ever_takes_no_memory(driver):
    """A hundred handshakes that fail; what the stack forgets of each is some ten kilobytes."""
    with Bed() as bed:
        trunk = TlsTrunk(*bed.ca.sign("good", "DNS:sip.other.example"))
        drv = bed.drive(driver, "--wait-up", "--calls", 1, "--seconds", 60, rest=0)

        def rss():
            with open("/proc/%d/status" % drv.proc.pid) as f:
                return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))

        trunk.wait(lambda: trunk.refused > 100, "tries", 40)  # the allocator has its pages by then
        before, tries = rss(), trunk.refused
        trunk.wait(lambda: trunk.refused > tries + 60, "more tries", 30)
        grown = (rss() - before) * 1024 / (trunk.refused - tries)
        drv.kill9()
        trunk.close()
        check(grown < 3000, "%d bytes stay of each connection" % grown)


main({k: v for k, v in globals().items() if callable(v) and getattr(v, "__module__", "") == "__main__"})
