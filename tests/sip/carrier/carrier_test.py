#!/usr/bin/env python3
"""The simulated carrier against raw sockets: a second implementation of what it speaks."""
import math
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import ALL, MY_RTP, RTP_LOW, Caller, Carrier, alaw, digest, run_tests, shares  # noqa: E402

PROGRAM = os.environ.get("ZVONAR_CARRIER", "zvonar-carrier")
DEFAULT_SHARES = os.environ.get("CARRIER_SHARES", "conf/carrier.shares")
FAST = ("--pace", "0.02", "--t1", "20")


class Ported:
    """What Caller.sdp needs of a caller."""
    rtp_port = MY_RTP


def truth(path, seed, numbers):
    text = subprocess.run([PROGRAM, "--truth", "--shares", path, "--seed", str(seed)], check=True,
                          input="".join(f"+{n}\n" for n in numbers), capture_output=True, text=True).stdout
    return [line.split("\t") for line in text.splitlines()]


class Behaviours(unittest.TestCase):
    def call(self, behaviour, *options, number=79161234567, **change):
        carrier = Carrier(PROGRAM, *FAST, *options, "--scenario", behaviour)
        carrier.__enter__()
        self.addCleanup(carrier.__exit__)
        caller = Caller()
        self.addCleanup(caller.close)
        caller.invite(number, **change)
        return carrier, caller

    def answered(self, behaviour, *options, **change):
        carrier, caller = self.call(behaviour, *options, **change)
        message = caller.expect(200)
        caller.ack()
        carrier.wait_event("ack")
        return carrier, caller, message

    def finish(self, carrier, caller, faults=()):
        caller.bye()
        caller.expect(200, method="BYE")
        self.assertEqual(carrier.stop(), 0)
        self.assertEqual(carrier.faults(), list(faults))
        self.assertEqual(carrier.figure("still_up"), 0)

    def test_a_dead_number_gets_404_with_cause_1_until_the_ack(self):
        carrier, caller = self.call("dead")
        first = caller.expect(404)
        self.assertIn("cause=1;", first.get("Reason"))
        self.assertEqual(caller.expect(404).start, first.start)
        caller.ack(404)
        more = 0
        while caller.receive(0.3):
            more += 1
            self.assertLess(more, 4)
        self.assertEqual(carrier.faults(), [])

    def test_a_switched_off_one_gets_480_with_cause_20(self):
        _, caller = self.call("off")
        self.assertIn("cause=20;", caller.expect(480).get("Reason"))

    def test_with_early_media_an_announcement_is_heard_before_the_480(self):
        _, caller = self.call("off", "--early-media", "--pace", "0.1")
        self.assertIn(b"m=audio", caller.expect(183).body)
        self.assertGreater(len(caller.listen(2, lambda p: len(p) > 5)), 5)
        caller.expect(480)

    def test_one_that_rejects_rings_and_gets_603(self):
        _, caller = self.call("rejects")
        caller.expect(180)
        caller.expect(603)

    def test_a_ringing_call_ends_by_cancel_with_200_and_487(self):
        carrier, caller = self.call("noanswer")
        caller.expect(180)
        caller.cancel()
        self.assertEqual(caller.expect(200, 487).cseq_method, "CANCEL")
        caller.expect(487, method="INVITE")
        caller.expect(487, method="INVITE")  # repeated until the ACK
        caller.ack(487)
        end = carrier.wait_event("end")[0]
        self.assertEqual((end["by"], end["why"], end["code"]), ("caller", "cancelled", 487))
        self.assertEqual(carrier.stop(), 0)
        self.assertEqual(carrier.faults(), [])
        self.assertEqual(carrier.figure("cancelled"), 1)

    def test_the_200_is_repeated_until_the_ack_and_given_up_by_bye(self):
        carrier, caller = self.call("silent")
        times = []
        for _ in range(4):
            caller.expect(200)
            times.append(time.monotonic())
        gaps = [b - a for a, b in zip(times, times[1:])]
        self.assertGreater(gaps[2], 2.5 * gaps[0])  # doubled twice
        bye = caller.expect_request("BYE")
        caller.answer(bye)
        self.assertEqual(carrier.wait_event("end")[0]["why"], "no_ack")
        self.assertEqual(carrier.wait_event("bye_done")[0]["status"], 200)

    def test_a_key_comes_only_after_sound_and_by_rfc_4733(self):
        carrier, caller, message = self.answered("key2")
        caller.talk(message.rtp(), 20, byte=0xd5)  # silence: A-law zero
        self.assertEqual(carrier.events("key"), [])
        self.assertFalse([p for p in caller.listen(0.05) if p[0] == 101])
        caller.talk(message.rtp(), 12)
        ends = lambda packets: sum(p[0] == 101 and p[4][1] >> 7 for p in packets) == 3
        events = [p for p in caller.listen(2, ends) if p[0] == 101]
        self.assertEqual({p[4][0] for p in events}, {2})
        self.assertEqual([p[1] for p in events], [1] + [0] * (len(events) - 1))
        self.assertEqual(len({p[3] for p in events}), 1, "one timestamp")
        durations = [int.from_bytes(p[4][2:4], "big") for p in events]
        self.assertEqual(durations, sorted(durations))
        self.assertEqual(durations[-3:], [1280] * 3)
        seqs = [p[2] for p in events]
        self.assertEqual([(b - a) & 0xffff for a, b in zip(seqs, seqs[1:])], [1] * (len(seqs) - 1))
        key = carrier.wait_event("key")[0]
        self.assertEqual((key["key"], key["mode"]), (2, "rfc4733"))
        self.finish(carrier, caller)
        rtp = carrier.events("end")[0]["rtp"]
        self.assertEqual((rtp["rx"], rtp["lost"], rtp["ssrc_changes"], rtp["ts_jumps"]), (32, 0, 0, 0))

    def test_without_telephone_event_the_key_is_a_pair_of_tones(self):
        sdp = Caller.sdp(Ported(), a=None, m=f"m=audio {MY_RTP} RTP/AVP 8")
        carrier, caller, message = self.answered("key3", body=sdp)
        caller.talk(message.rtp(), 15)
        carrier.wait_event("key", mode="inband")
        samples = [alaw(b) for p in caller.listen(0.4) if p[0] == 8 for b in p[4]]

        def power(hz, part):
            return abs(sum(s * complex(math.cos(x), -math.sin(x)) for s, x in
                           ((s, 2 * math.pi * hz * i / 8000) for i, s in enumerate(part))))
        blocks = [samples[i:i + 205] for i in range(0, len(samples) - 205, 205)]
        loud = max(blocks, key=lambda b: power(697, b) + power(1477, b))
        wanted = min(power(697, loud), power(1477, loud))
        others = max(power(hz, loud) for hz in (770, 852, 941, 1209, 1336))
        self.assertGreater(wanted, 5 * others)
        self.finish(carrier, caller)

    def test_broken_rtp_is_measured(self):
        carrier, caller, message = self.answered("silent")
        caller.talk(message.rtp(), 3)
        caller.seq += 4
        caller.ts += 4 * 160
        caller.talk(message.rtp(), 2)
        caller.ts += 999
        caller.talk(message.rtp(), 2)
        caller.rtp.sendto(b"\x00" * 20, message.rtp())
        stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        stranger.sendto(b"\x80\x08" + b"\x00" * 170, message.rtp())
        stranger.close()
        for count in range(1, 200):
            carrier.process.send_signal(signal.SIGUSR1)
            state = carrier.wait_event("state", count)[-1]
            if state["rtp_strays"] == 1 and state["calls"][0]["rtp_rx"] == 7:
                break
        self.finish(carrier, caller)
        rtp = carrier.events("end")[0]["rtp"]
        self.assertEqual((rtp["rx"], rtp["lost"], rtp["ts_jumps"], rtp["bad"]), (7, 4, 1, 1))
        self.assertEqual(carrier.figure("rtp_strays"), 1)

    def test_voicemail_speaks_beeps_and_hangs_up(self):
        carrier, caller, _ = self.answered("voicemail")
        bye = caller.expect_request("BYE")
        self.assertEqual(bye.start, f"BYE sip:zvonar@127.0.0.1:{caller.port} SIP/2.0")
        self.assertIsNotNone(caller.expect_request("BYE"), "repeated until answered")
        caller.answer(bye)
        carrier.wait_event("bye_done", status=200)
        self.assertEqual(carrier.events("end")[0]["why"], "recorded")

    def test_bye_crossing_bye_ends_both(self):
        carrier, caller, _ = self.answered("voicemail")
        bye = caller.expect_request("BYE")
        caller.bye()
        end = time.monotonic() + 5
        message = None
        while message is None or message.status is None:
            message = caller.receive(end - time.monotonic())
        self.assertEqual(message.status, 200)
        caller.answer(bye)
        self.assertEqual(len(carrier.wait_event("end")), 1)

    def test_a_copy_of_the_invite_is_no_new_call(self):
        carrier, caller = self.call("noanswer")
        caller.expect(180)
        copy = caller.request("INVITE", caller.sdp())
        for _ in range(3):
            caller.send(copy)
            self.assertEqual(caller.expect(180).status, 180)
        self.assertEqual(len(carrier.wait_event("invite")), 1)
        caller.send(copy.replace(b"Max-Forwards: 70", b"Max-Forwards: 69"))
        carrier.wait_event("fault", what="a repeated INVITE differs from the first")
        self.assertEqual(len(carrier.events("invite")), 1)

    def test_a_copy_of_the_bye_is_answered_again(self):
        carrier, caller, _ = self.answered("silent")
        bye = caller.bye()
        caller.expect(200, method="BYE")
        caller.send(bye)
        caller.expect(200, method="BYE")
        self.assertEqual(len(carrier.wait_event("bye")), 1)
        self.assertEqual(carrier.faults(), [])

    def test_a_second_invite_with_one_call_id_is_refused_and_told(self):
        carrier, caller = self.call("noanswer")
        caller.expect(180)
        caller.send(caller.request("INVITE", caller.sdp(), branch="z9hG4bKother", cseq=2))
        caller.expect(482)
        carrier.wait_event("fault", what="a second INVITE with the Call-ID of another call")
        self.assertEqual(len(carrier.events("invite")), 2)

    def test_two_calls_to_one_number_at_once_are_told(self):
        carrier, caller = self.call("noanswer")
        caller.expect(180)
        caller.invite(79161234567)
        caller.expect(180)
        self.assertEqual(len(carrier.wait_event("overlap")), 1)

    def test_a_cancel_that_crosses_a_200_leaves_an_answered_call(self):
        carrier, caller = self.call("noanswer", "--glare", "100")
        caller.expect(180)
        caller.cancel()
        got = {caller.expect(200).cseq_method, caller.expect(200).cseq_method}
        self.assertEqual(got, {"INVITE", "CANCEL"})
        caller.ack()
        carrier.wait_event("ack")
        self.finish(carrier, caller)

    def test_an_invite_without_a_description_gets_an_offer_and_takes_the_ack_s(self):
        carrier, caller = self.call("silent", body="")
        message = caller.expect(200)
        self.assertIn(b"RTP/AVP 8 101", message.body)
        body = caller.sdp()
        caller.send(caller.request("ACK", body, branch="z9hG4bKack1"))
        carrier.wait_event("ack")
        self.assertGreater(len(caller.listen(2, lambda p: len(p) > 3)), 3)
        self.finish(carrier, caller)

    def test_a_re_invite_moves_the_media(self):
        carrier, caller, _ = self.answered("silent")
        other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(other.close)
        other.bind(("127.0.0.1", MY_RTP + 2))
        other.settimeout(3)
        caller.cseq += 1
        body = caller.sdp(m=f"m=audio {MY_RTP + 2} RTP/AVP 8 101")
        caller.send(caller.request("INVITE", body, branch="z9hG4bKre", to_tag=caller.to_tag,
                                   ruri=caller.contact))
        caller.expect(200, method="INVITE")
        caller.ack()
        self.assertEqual(len(other.recv(2048)), 172)
        self.finish(carrier, caller)

    def test_calls_that_nobody_has_get_481(self):
        carrier, caller = self.call("noanswer")
        caller.expect(180)
        caller.begin(79160000000)
        caller.cancel()
        caller.expect(481)
        caller.to_tag = "nothing"
        caller.bye()
        caller.expect(481)
        self.assertEqual([e["method"] for e in carrier.wait_event("stray", 2)], ["CANCEL", "BYE"])

    def test_usr1_tells_the_calls_in_progress(self):
        carrier, caller = self.call("noanswer")
        caller.expect(180)
        carrier.process.send_signal(signal.SIGUSR1)
        state = carrier.wait_event("state")[0]
        self.assertEqual([(c["call_id"], c["state"]) for c in state["calls"]], [(caller.call_id, "ringing")])

    def test_limits_of_a_trunk_are_watched(self):
        carrier, caller = self.call("noanswer", "--channels", "1")
        caller.expect(180)
        caller.invite(79161234568)
        caller.expect(503)
        carrier.stop()
        self.assertEqual(carrier.figure("over_limit"), 1)

    def test_options_is_answered(self):
        _, caller = self.call("noanswer")
        caller.expect(180)
        caller.begin(79161234567)
        caller.send(caller.request("OPTIONS"))
        caller.expect(200, method="OPTIONS")

    def test_under_loss_both_ways_every_call_ends(self):
        carrier = Carrier(PROGRAM, "--pace", "0.01", "--t1", "20", "--loss", "25", "--scenario", "dead")
        with carrier, Caller() as caller:
            for i in range(20):
                data = caller.invite(79160000000 + i)
                message = None
                while message is None or message.status != 404 or message.get("Call-ID") != caller.call_id:
                    message = caller.receive(0.05)
                    if message is None:
                        caller.send(data)
                caller.to_tag = message.get("To").split("tag=")[1]
                caller.ack(404)
                while caller.receive(0):
                    pass
            self.assertEqual(len(carrier.wait_event("end", 20)), 20)
            carrier.stop()
            self.assertGreater(carrier.figure("dropped"), 5)
            self.assertEqual(carrier.figure("calls"), 20)


class Faults(unittest.TestCase):
    """Each breach is told by name; the right message right before it is not."""

    def first(self, **change):
        with Carrier(PROGRAM, *FAST, "--scenario", "noanswer") as carrier, Caller() as caller:
            caller.invite(79161234567)
            caller.expect(180)
            self.assertEqual(carrier.faults(), [])
            caller.invite(79161234568, **change)
            return carrier.wait_event("fault")[0]["what"]

    def test_of_the_first_invite(self):
        me = Caller.sdp
        table = [
            (dict(branch="1234"), "the Via branch does not begin with z9hG4bK"),
            (dict(Max_Forwards=None), "Max-Forwards is missing or 0"),
            (dict(Max_Forwards="0"), "Max-Forwards is missing or 0"),
            (dict(From="<sip:1@127.0.0.1>"), "From is missing or has no tag"),
            (dict(CSeq="1 BYE"), "CSeq is missing or names another method"),
            (dict(CSeq="x INVITE"), "bad CSeq"),
            (dict(Content_Length="5"), "bytes after the body"),
            (dict(Content_Length="5000"), "the body is shorter than Content-Length"),
            (dict(Content_Type=None), "a body without Content-Type"),
            (dict(Contact=None), "INVITE without exactly one Contact"),
            (dict(To="<sip:+79990000000@127.0.0.1>"), "To is not the number of the Request-URI"),
            (dict(ruri="sip:alice@127.0.0.1"), "the Request-URI is not a phone number"),
            (dict(ruri="tel:123"), "bad Request-URI"),
            (dict(Via="SIP/2.0/TCP 127.0.0.1:19150;rport;branch=z9hG4bKq"), "the Via names another transport"),
            (dict(Proxy_Authorization="Digest x"), "credentials that nobody asked for"),
            (dict(body=me(Ported(), m="m=audio 0 RTP/AVP 8", a=None)), "SDP: the audio port is 0"),
            (dict(body=me(Ported(), m="m=audio 4000 RTP/AVP 18", a=None)), "SDP: neither PCMA nor PCMU"),
            (dict(body=me(Ported(), c="c=IN IP4 somewhere")), "SDP: c= is not IN IP4 and a numeric address"),
            (dict(body=me(Ported(), t=None)), "SDP: v=, o=, s= or t= is missing"),
            (dict(body=me(Ported()).replace("\r\n", "\n")), "SDP: a line does not end in CRLF"),
        ]
        for change, what in table:
            with self.subTest(what=what):
                self.assertEqual(self.first(**change), what)

    def second(self, act, status=200):
        behaviour = "silent" if status == 200 else "dead"
        with Carrier(PROGRAM, *FAST, "--scenario", behaviour) as carrier, Caller() as caller:
            caller.invite(79161234567)
            caller.expect(status)
            act(caller)
            return carrier.wait_event("fault")[0]["what"]

    def test_of_what_follows(self):
        def bye_after_ack(**change):
            def act(caller):
                caller.ack()
                caller.bye(**change)
            return act
        table = [
            (lambda c: c.ack(cseq=7), 200, "the CSeq of the ACK is not the INVITE's"),
            (lambda c: c.ack(branch=c.branch), 200, "a new transaction with the branch of the INVITE"),
            (lambda c: c.ack(ruri="sip:+79161234567@127.0.0.1:9"), 200, "the Request-URI is not our Contact"),
            (lambda c: c.bye(), 200, "BYE before the ACK of the 200"),
            (bye_after_ack(cseq=1), 200, "the CSeq does not grow"),
            (lambda c: c.ack(404, to_tag="other"), 404, "To of the ACK is not the response's"),
            (lambda c: c.ack(404, ruri="sip:1@127.0.0.1"), 404, "the Request-URI of the ACK is not the INVITE's"),
            (lambda c: c.send(b"HELLO\r\n\r\n"), 200, "no start line"),
            (lambda c: c.send(b"x" * 20000), 200, "a datagram over 16 KiB"),
        ]
        for act, status, what in table:
            with self.subTest(what=what):
                self.assertEqual(self.second(act, status), what)

    def test_of_cancel(self):
        for change, what in [(dict(cseq=9), "the CSeq of the CANCEL is not the INVITE's"),
                             (dict(ruri="sip:1@127.0.0.1"), "the Request-URI of the CANCEL is not the INVITE's"),
                             (dict(Require="x"), "CANCEL with Require")]:
            with self.subTest(what=what), Carrier(PROGRAM, *FAST, "--scenario", "noanswer") as carrier, \
                    Caller() as caller:
                caller.invite(79161234567)
                caller.expect(180)
                caller.cancel(**change)
                self.assertEqual(carrier.wait_event("fault")[0]["what"], what)

    def test_strict_turns_them_into_the_exit_status(self):
        with Carrier(PROGRAM, *FAST, "--strict", "--scenario", "noanswer") as carrier, Caller() as caller:
            caller.invite(79161234567, Max_Forwards=None)
            caller.expect(180)
            self.assertEqual(carrier.stop(), 1)


class Digest(unittest.TestCase):
    def attempt(self, options=(), password="secret", realm="carrier", uri=None, code=407):
        carrier = Carrier(PROGRAM, *FAST, "--scenario", "silent", "--auth", "bob:secret:carrier", *options)
        carrier.__enter__()
        self.addCleanup(carrier.__exit__)
        caller = Caller()
        self.addCleanup(caller.close)
        caller.invite(79161234567)
        challenge = caller.expect(code).get("Proxy-Authenticate" if code == 407 else "WWW-Authenticate")
        caller.ack(code)
        caller.to_tag, caller.cseq, caller.branch = None, 2, "z9hG4bKsecond"
        nonce = re.search(r'nonce="([^"]+)"', challenge).group(1)
        uri = uri or f"sip:+79161234567@127.0.0.1:{caller.to[1]}"
        value = digest("bob", password, realm, nonce, "INVITE", uri)
        header = "Proxy_Authorization" if code == 407 else "Authorization"
        caller.send(caller.request("INVITE", caller.sdp(), **{header: value}))
        return carrier, caller

    def test_right_credentials_are_let_in_and_count_as_one_call(self):
        for code in (407, 401):
            with self.subTest(code=code):
                carrier, caller = self.attempt(("--auth-code", str(code)), code=code)
                caller.expect(200)
                caller.ack()
                carrier.wait_event("ack")
                self.assertEqual([e["auth"] for e in carrier.events("invite")], ["none", "right"])
                carrier.stop()
                self.assertEqual(carrier.figure("calls"), 1)
                self.assertEqual(carrier.faults(), [])
                caller.close()

    def test_a_wrong_password_is_forbidden(self):
        carrier, caller = self.attempt(password="guess")
        caller.expect(403)
        self.assertEqual(carrier.wait_event("invite", 2)[1]["auth"], "wrong")

    def test_credentials_for_another_uri_are_a_fault(self):
        carrier, caller = self.attempt(uri="sip:+1@127.0.0.1")
        caller.expect(403)
        carrier.wait_event("fault", what="the digest's uri is not the Request-URI")

    def test_an_unknown_nonce_is_stale(self):
        with Carrier(PROGRAM, *FAST, "--scenario", "silent", "--auth", "bob:secret:carrier") as _, \
                Caller() as caller:
            uri = f"sip:+79161234567@127.0.0.1:{caller.to[1]}"
            caller.invite(79161234567, Proxy_Authorization=digest("bob", "secret", "carrier", "0" * 32,
                                                                  "INVITE", uri))
            self.assertIn("stale=true", caller.expect(407).get("Proxy-Authenticate"))


class Tcp(unittest.TestCase):
    def test_a_call_in_single_bytes_and_in_one_piece(self):
        with Carrier(PROGRAM, *FAST, "--scenario", "silent") as carrier, Caller(tcp=True) as caller:
            caller.begin(79161234567)
            for byte in caller.request("INVITE", caller.sdp()):
                caller.sock.sendall(bytes([byte]))
            caller.expect(200)
            caller.cseq = 1
            ack = caller.request("ACK", branch="z9hG4bKack")
            caller.cseq = 2
            caller.send(ack + caller.request("BYE", branch="z9hG4bKbye"))
            caller.expect(200, method="BYE")
            carrier.wait_event("end", why="bye")
            carrier.stop()
            self.assertEqual(carrier.faults(), [])

    def test_a_stream_without_content_length_is_closed(self):
        with Carrier(PROGRAM, *FAST, "--scenario", "silent") as carrier, Caller(tcp=True) as caller:
            caller.begin(79161234567)
            caller.send(caller.request("INVITE", caller.sdp(), Content_Length=None))
            self.assertIsNone(caller.receive(2))
            carrier.wait_event("fault", what="a stream without frames")

    def test_a_cancel_over_a_new_connection_finds_its_invite(self):
        with Carrier(PROGRAM, *FAST, "--scenario", "noanswer") as carrier, Caller(tcp=True) as first:
            first.invite(79161234567)
            first.expect(180)
            cancel = first.request("CANCEL")
            first.sock.close()
            with Caller(tcp=True, rtp_port=MY_RTP + 4) as second:
                second.send(cancel)
                second.expect(200, method="CANCEL")
                second.expect(487, method="INVITE")
            carrier.wait_event("end", why="cancelled")


class Shares(unittest.TestCase):
    def test_what_the_truth_says_is_what_the_carrier_does(self):
        seed, numbers = 7, range(79160000000, 79160000400)
        want, told = {}, truth(DEFAULT_SHARES, seed, numbers)
        for number, behaviour, _ in told:
            want.setdefault(behaviour, int(number))
        self.assertEqual(set(want), set(ALL))
        with open(DEFAULT_SHARES) as file:
            text = re.sub(r"^unavailable.*$", "", file.read(), flags=re.M)
        with Carrier(PROGRAM, *FAST, "--seed", str(seed), shares_text=text) as carrier, Caller() as caller:
            codes = dict(dead=404, off=480, busy=486, rejects=603, key1=200, key2=200, key3=200,
                         silent=200, voicemail=200)
            for behaviour, code in codes.items():
                with self.subTest(behaviour=behaviour):
                    caller.invite(want[behaviour])
                    caller.expect(code)
                    caller.ack(code)
                    if code == 200:
                        caller.bye()
                        caller.expect(200, method="BYE")
            answered = 0
            for _ in range(2):  # busy once or twice, then not any more
                caller.invite(want["busy"])
                status = caller.expect(486, 200).status
                caller.ack(status)
                answered += status == 200
                if status == 200:
                    caller.bye()
                    caller.expect(200, method="BYE")
            self.assertGreaterEqual(answered, 1)
            self.assertEqual(carrier.faults(), [])
            for event in carrier.events("invite"):
                self.assertEqual(event["number"], want[event["behaviour"]])

    def test_categories_follow_from_behaviours(self):
        right = dict(dead="недоступен", off="недоступен", noanswer="неинтересно", voicemail="неинтересно",
                     silent="неинтересно", rejects="неинтересно", key1="интересно", key2="неинтересно",
                     key3="рассылка")
        rows = truth(DEFAULT_SHARES, 3, range(79160000000, 79160020000))
        for _, behaviour, category in rows:
            if behaviour != "busy":
                self.assertEqual(category, right[behaviour])
        with open(DEFAULT_SHARES) as file:
            percents = dict(re.findall(r"^(\w+)\s+([\d.]+)", file.read(), re.M))
        for behaviour in ALL:
            part = sum(row[1] == behaviour for row in rows) / len(rows) * 100
            self.assertAlmostEqual(part, float(percents[behaviour]), delta=1.2, msg=behaviour)
        self.assertNotEqual([r[1] for r in truth(DEFAULT_SHARES, 4, range(79160000000, 79160000100))],
                            [r[1] for r in rows[:100]])

    def test_503_comes_when_the_file_says_so(self):
        with Carrier(PROGRAM, *FAST, shares_text=shares(silent=100, unavailable=100)) as carrier, Caller() as caller:
            retry = 0
            for i in range(64):
                caller.invite(79160000000 + i)
                retry += caller.expect(503).get("Retry-After") is not None
                caller.ack(503)
            self.assertTrue(0 < retry < 20, retry)
            carrier.stop()
            self.assertEqual(carrier.figure("unavailable_503"), 64)

    def test_a_bad_file_is_refused_with_its_line(self):
        table = {"dead 50\n\nbogus 50\n": "line 3: no such name", "dead 50\n": "sum to 50.0000",
                 "dead x\n": "line 1: the percent", "dead 50\ndead 50\n": "line 2: the name stands twice",
                 "dead 1 2\n": "line 1: a line is", "busy 100\n": "busy needs a share"}
        for text, message in table.items():
            with self.subTest(text=text), tempfile.NamedTemporaryFile("w") as file:
                file.write(text)
                file.flush()
                done = subprocess.run([PROGRAM, "--truth", "--shares", file.name], capture_output=True,
                                      text=True, stdin=subprocess.DEVNULL)
                self.assertEqual(done.returncode, 2)
                self.assertIn(message, done.stderr)


class CommandLine(unittest.TestCase):
    def run_it(self, *args):
        return subprocess.run([PROGRAM, *args], capture_output=True, text=True, timeout=10)

    def test_help_and_wrong_use(self):
        self.assertEqual(self.run_it("--help").returncode, 0)
        for args in (["--bogus"], [], ["--listen", "x"], ["--listen", "127.0.0.1:1"], ["stray"],
                     ["--listen", "127.0.0.1:19100", "--scenario", "answer", "--pace", "0"]):
            with self.subTest(args=args):
                done = self.run_it(*args)
                self.assertEqual(done.returncode, 2)
                self.assertIn("zvonar-carrier", done.stderr)

    def test_a_port_in_use_is_named(self):
        with Carrier(PROGRAM, "--scenario", "answer"):
            done = self.run_it("--listen", "127.0.0.1:19100", "--scenario", "answer",
                               "--rtp", f"127.0.0.1:{RTP_LOW + 40}-{RTP_LOW + 43}")
            self.assertEqual(done.returncode, 1)
            self.assertIn("127.0.0.1:19100: Address already in use", done.stderr)


if __name__ == "__main__":
    run_tests()
