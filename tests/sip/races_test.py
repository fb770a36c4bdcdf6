#!/usr/bin/env python3
"""Races and names on the wire, against a trunk that the test drives message by message."""
import time

from siptest import *


def base(n):
    """Ports of case n: the driver's agents from the first, the trunk at +9."""
    return 15000 + 20 * n


def start(binary, n, *args, trunk=True, wrapper=()):
    mock = Mock(base(n) + 9)
    more = ["--trunk", "127.0.0.1:%d" % mock.port] if trunk else []
    return mock, Drive(binary, "--port", base(n), *args, *more, wrapper=wrapper)


def names_are_derived_from_the_attempt(binary):
    mock, d = start(binary, 0, "--calls", 3, "--base", 77, "--talk", 0.1)
    for _ in range(3):
        inv = mock.expect("INVITE")
        lo = int(inv.get("call-id")[16:32], 16)
        want = names(lo)
        check(77 <= lo < 80, "the attempt stands in the Call-ID")
        check(inv.get("call-id") == want["call_id"], "Call-ID %s" % inv.get("call-id"))
        check(inv.branch == want["branch"], "branch %s" % inv.branch)
        check(inv.from_tag == want["from_tag"], "From tag %s" % inv.from_tag)
        check(inv.cseq == "1 INVITE", "CSeq " + inv.cseq)
        slot = lo - 77
        check(inv.addr[1] == base(0) + slot % 8, "slot %d is on agent port %d" % (slot, inv.addr[1]))
        check("m=audio %d RTP/AVP 8 0 101" % (20000 + 2 * slot) in inv.body, "the slot's RTP port: " + inv.body)
        check("a=rtcp:19999 IN IP4 127.0.0.1" in inv.body, "a=rtcp with the media thread's port")
        mock.answer(inv, 200, "OK", body=SDP)
        mock.expect("ACK")
    for _ in range(3):
        mock.take_bye()
    s = d.finish()
    check(s["ended"] == 3, "three calls ended")
    check(d.of(0, "ANSWERED")[0]["pt"] == 8 and d.of(0, "ANSWERED")[0]["dtmf"] == 101, "codec and keys")
    check(d.of(0, "ANSWERED")[0]["port"] == 30000, "the far RTP port")


def challenge(realm, nonce, extra=""):
    return 'Proxy-Authenticate: Digest realm="%s", nonce="%s", algorithm=MD5, qop="auth"%s\r\n' % (realm, nonce, extra)


def digest_is_right_and_sent_at_once_later(binary):
    mock, d = start(binary, 1, "--user", "u-1", "--password", "p:w", "--realm", "carrier", "--calls", 2, "--cps", 2,
                    "--talk", 0.1)
    inv = mock.expect("INVITE")
    check(not inv.has("proxy-authorization"), "no credentials before a challenge")
    mock.answer(inv, 407, "Auth", extra=challenge("elsewhere", "zz") + challenge("carrier", "n0nce", ', opaque="o q"'))
    mock.expect("ACK", also=lambda m: m.branch == inv.branch, what="to the 407")
    second = mock.expect("INVITE")
    check(second.cseq == "2 INVITE", "CSeq counts")
    check(second.branch == inv.branch + "-1", "the second branch is derived too: " + second.branch)
    f = auth_fields(second.get("proxy-authorization"))
    check(f["realm"] == "carrier" and f["nonce"] == "n0nce" and f["opaque"] == "o q", "challenge taken over: %s" % f)
    check(f["nc"] == "00000001" and f["uri"] == second.uri, "nc and uri: %s" % f)
    check(f["response"] == digest("u-1", "carrier", "p:w", "INVITE", f), "the response is right")
    mock.answer(second, 200, "OK", body=SDP)
    ack = mock.expect("ACK", also=lambda m: m.cseq == "2 ACK")
    check(ack.get("proxy-authorization") == second.get("proxy-authorization"), "the ACK carries the INVITE's credentials")
    mock.take_bye()
    third = mock.expect("INVITE")
    check(third.cseq == "1 INVITE", "a new call")
    f = auth_fields(third.get("proxy-authorization"))
    check(f["nc"] == "00000002" and f["response"] == digest("u-1", "carrier", "p:w", "INVITE", f), "cached: %s" % f)
    mock.answer(third, 486, "Busy")
    mock.expect("ACK")
    d.finish()


def digest_is_never_given_to_another_realm_nor_for_ever(binary):
    mock, d = start(binary, 2, "--user", "u", "--password", "p", "--realm", "carrier", "--calls", 2, "--cps", 2,
                    "--talk", 30)
    inv = mock.expect("INVITE")
    mock.answer(inv, 401, "Auth", extra='WWW-Authenticate: Digest realm="phish", nonce="1"\r\n')
    mock.expect("ACK")
    d.wait_for(lambda e: e["ev"] == "FAILED" and e["call"] == 0 and e["code"] == 401, "another realm is refused")
    inv, n = mock.expect("INVITE"), 1
    for nonce in ("a", "b", "c"):
        mock.answer(inv, 407, "Auth", extra=challenge("carrier", nonce, ", stale=true"))
        mock.expect("ACK", also=lambda m: m.branch == inv.branch)
        if nonce != "c":
            inv = mock.expect("INVITE")
            n += 1
    d.wait_for(lambda e: e["ev"] == "FAILED" and e["call"] == 1 and e["code"] == 407, "given up")
    check(n == 3, "two answers at most, sent %d INVITEs" % n)
    check(d.finish()["auth_refused"] == 2, "counted")


def challenged_bye_is_not_answered_with_the_password(binary):
    mock, d = start(binary, 3, "--user", "u", "--password", "p", "--talk", 0.1)
    mock.answer_call()
    bye = mock.expect("BYE")
    mock.answer(bye, 401, "Auth", extra='WWW-Authenticate: Digest realm="callee", nonce="1"\r\n')
    d.wait_for(lambda e: e["ev"] == "CLOSED", "closed")
    mock.expect_none("BYE", 0.3)
    d.finish()


def forked_second_200_is_acknowledged_and_ended(binary):
    mock, d = start(binary, 4, "--talk", 1.0, "--linger", 0.5)
    inv = mock.expect("INVITE")
    mock.answer(inv, 200, "OK", tag="one", body=SDP)
    mock.answer(inv, 200, "OK", tag="two", body=SDP, extra="Record-Route: <sip:127.0.0.1:%d;lr;x=1>\r\n" % mock.port)
    tags = sorted(mock.expect("ACK").to_tag for _ in range(2))
    check(tags == ["one", "two"], "both are acknowledged: %s" % tags)
    bye = mock.expect("BYE", 2, also=lambda m: m.to_tag == "two")
    check("x=1" in bye.get("route"), "the fork's own route set")
    mock.answer(bye, 200, "OK")
    # once more, after the INVITE's transaction is done with
    mock.answer(inv, 200, "OK", tag="three", body=SDP, contact="no-such-host.invalid:5060")
    mock.expect("ACK", also=lambda m: m.to_tag == "three")
    mock.answer(mock.expect("BYE", 2, also=lambda m: m.to_tag == "three"), 200, "OK")
    bye = mock.take_bye()
    check(bye.to_tag == "one", "the first fork is the call")
    d.finish()
    check(d.story() == ["TRYING", "ANSWERED", "ENDED", "CLOSED"], d.story())


def repeated_200_gets_its_ack_again_and_no_event(binary):
    mock, d = start(binary, 5, "--talk", 1.0)
    inv = mock.expect("INVITE")
    mock.answer(inv, 200, "OK", body=SDP)
    first = mock.expect("ACK")
    for _ in range(3):
        mock.answer(inv, 200, "OK", body=SDP)
        again = mock.expect("ACK")
        check(again.cseq == first.cseq and again.to_tag == first.to_tag, "the same ACK")
    mock.take_bye()
    d.finish()
    check(d.story() == ["TRYING", "ANSWERED", "ENDED", "CLOSED"], d.story())


def ack_waits_for_the_store(binary):
    mock, d = start(binary, 6, "--flush", 300, "--ack-wait", 2000, "--talk", 1.0)
    inv = mock.expect("INVITE")
    mock.answer(inv, 200, "OK", body=SDP)
    at = time.monotonic()
    told = d.wait_for(lambda e: e["ev"] == "ANSWERED", "answered")
    mock.answer(inv, 200, "OK", body=SDP)  # repeated meanwhile: no ACK for it yet
    ack = mock.expect("ACK")
    check(0.25 < ack.at - at < 1.0, "the ACK came after the flush: %.3f s" % (ack.at - at))
    check(told is not None, "answered was told before the ACK")
    mock.take_bye()
    d.finish()


def ack_goes_out_when_the_store_is_silent(binary):
    mock, d = start(binary, 7, "--flush", -1, "--ack-wait", 400, "--talk", 1.0)
    inv = mock.expect("INVITE")
    mock.answer(inv, 200, "OK", body=SDP)
    at = time.monotonic()
    ack = mock.expect("ACK")
    check(0.35 < ack.at - at < 1.0, "the ACK came after ack_wait_ms: %.3f s" % (ack.at - at))
    mock.take_bye()
    d.finish()


def ok_crossing_cancel_is_ended_and_never_told_as_answered(binary):
    mock, d = start(binary, 8, "--ring-ms", 300)
    inv = mock.expect("INVITE")
    mock.answer(inv, 180, "Ringing")
    cancel = mock.expect("CANCEL")
    check(cancel.branch == inv.branch and cancel.cseq == "1 CANCEL", "the CANCEL is the INVITE's")
    mock.answer(inv, 200, "OK", body=SDP)
    mock.answer(cancel, 200, "OK")
    mock.expect("ACK")
    mock.take_bye()
    d.finish()
    check(d.story() == ["TRYING", "PROGRESS180", "FAILED487", "CLOSED"], d.story())
    f = d.of(0, "FAILED")[0]
    check(f["cancelled"] == 1, "told as cancelled")


def no_final_answer_after_cancel_is_given_up(binary):
    mock, d = start(binary, 9, "--ring-ms", 300, "--seconds", 20)
    inv = mock.expect("INVITE")
    mock.answer(inv, 180, "Ringing")
    at = time.monotonic()
    mock.answer(mock.expect("CANCEL"), 200, "OK")
    f = d.wait_for(lambda e: e["ev"] == "FAILED", "given up", 14)
    check(9 < time.monotonic() - at < 13 and f["cancelled"] == 1, "after the guard time")
    d.finish()


def cancel_waits_for_the_first_answer(binary):
    mock, d = start(binary, 10, "--ring-ms", 200)
    inv = mock.expect("INVITE")
    mock.expect_none("CANCEL", 0.6)
    mock.answer(inv, 100, "Trying")
    cancel = mock.expect("CANCEL")
    mock.answer(cancel, 200, "OK")
    mock.answer(inv, 487, "Terminated")
    mock.expect("ACK")
    d.finish()
    check(d.story() == ["TRYING", "FAILED487", "CLOSED"], d.story())


def silent_trunk_is_408_and_what_comes_late_is_ended(binary):
    mock, d = start(binary, 11, "--t1x64", 1000, "--linger", 4)
    inv = mock.expect("INVITE")
    f = d.wait_for(lambda e: e["ev"] == "FAILED", "given up")
    check(f["code"] == 408 and f["local"] == 1 and 900 < f["ms"] < 2000, "408 in time: %s" % f)
    d.wait_for(lambda e: e["ev"] == "CLOSED", "closed")
    mock.answer(inv, 180, "Ringing")  # it woke up and rings the phone
    cancel = mock.expect("CANCEL", 2, what="for the phone that rings for nobody")
    check(cancel.branch == inv.branch and cancel.uri == inv.uri, "the CANCEL is the INVITE's")
    mock.answer(cancel, 200, "OK")
    mock.answer(inv, 200, "OK", body=SDP)  # too late for the CANCEL
    mock.expect("ACK", 2)
    mock.answer(mock.expect("BYE", 2), 200, "OK")
    mock.answer(inv, 487, "Terminated", tag="other")
    ack = mock.expect("ACK", 2, also=lambda m: m.to_tag == "other")
    check(ack.branch == inv.branch, "a late refusal gets its ACK too")
    d.finish()
    check(d.story() == ["FAILED408", "CLOSED"], d.story())


def answers_with_a_wrong_key_are_nobodys(binary):
    mock, d = start(binary, 12, "--talk", 0.1, "--linger", 1)
    inv = mock.answer_call()
    mock.take_bye()
    d.wait_for(lambda e: e["ev"] == "CLOSED", "closed")
    for old in (inv.get("call-id")[-1], inv.from_tag[-1]):
        raw = inv.raw.decode()
        forged = Message(raw.replace(inv.get("call-id"), inv.get("call-id")[:-1] + ("0" if old != "0" else "1"))
                         .encode(), inv.addr, 0) if old == inv.get("call-id")[-1] else \
            Message(raw.replace(inv.from_tag, inv.from_tag[:-1] + ("0" if old != "0" else "1")).encode(), inv.addr, 0)
        mock.answer(forged, 200, "OK", body=SDP)
        mock.answer(forged, 180, "Ringing")
    mock.expect_none("ACK", 0.5)
    check(not any(m.method == "CANCEL" for m in mock.seen), "no CANCEL either")
    d.finish()


def bye_crossing_bye_ends_once(binary):
    mock, d = start(binary, 13, "--talk", 0.2, "--linger", 0.6)
    inv = mock.answer_call()
    bye = mock.expect("BYE")
    mock.request(inv, "BYE", 5)
    check(mock.expect("200").cseq == "5 BYE", "their BYE is answered")
    mock.answer(bye, 481, "Gone")
    d.wait_for(lambda e: e["ev"] == "CLOSED", "closed")
    mock.request(inv, "BYE", 5)  # repeated: they did not hear the 200
    mock.expect("200", 2)
    d.finish()
    check(d.story() == ["TRYING", "ANSWERED", "ENDED", "CLOSED"], d.story())


def remote_bye_ends_with_its_cause(binary):
    mock, d = start(binary, 14, "--talk", 30)
    inv = mock.answer_call()
    mock.request(inv, "BYE", 2, extra='Reason: SIP;cause=200, Q.850;cause=31;text="normal, unspecified"\r\n')
    mock.expect("200")
    e = d.wait_for(lambda e: e["ev"] == "ENDED", "ended")
    check(e["by"] == 0 and e["q850"] == 31, "by the remote, cause 31: %s" % e)
    d.finish()


def talk_limit_ends_the_call(binary):
    mock, d = start(binary, 15, "--talk", -1, "--talk-max", 1)
    mock.answer_call()
    mock.take_bye()
    e = d.wait_for(lambda e: e["ev"] == "ENDED", "ended")
    check(e["by"] == 2, "by the time limit")
    d.finish()


def reliable_progress_is_acknowledged_once(binary):
    mock, d = start(binary, 16, "--talk", 0.1)
    inv = mock.expect("INVITE")
    check("100rel" in inv.get("supported"), "100rel is offered")
    rel = "Require: 100rel\r\nRSeq: %d\r\n"
    mock.answer(inv, 183, "Progress", extra=rel % 41, body=SDP)
    prack = mock.expect("PRACK")
    check(prack.get("rack") == "41 1 INVITE" and prack.cseq == "2 PRACK", "RAck " + prack.get("rack"))
    mock.answer(prack, 200, "OK")
    mock.answer(inv, 183, "Progress", extra=rel % 41, body=SDP)  # repeated
    mock.answer(inv, 180, "Ringing", extra=rel % 42)
    check(mock.expect("PRACK").get("rack") == "42 1 INVITE", "the next one, and none twice")
    mock.answer(inv, 200, "OK")  # the answer was in the 183
    mock.expect("ACK")
    bye = mock.take_bye()
    check(bye.cseq == "4 BYE", "CSeq goes on: " + bye.cseq)
    d.finish()
    check(d.story() == ["TRYING", "PROGRESS183", "ANSWERED", "ENDED", "CLOSED"], d.story())
    check(d.of(0, "PROGRESS")[0]["sdp"] == 1 and d.of(0, "ANSWERED")[0]["port"] == 30000, "media from the 183")


def requests_within_a_call_are_answered(binary):
    mock, d = start(binary, 17, "--talk", 2.5)
    inv = mock.answer_call()

    def ask(method, cseq, code, **kw):
        mock.request(inv, method, cseq, **kw)
        r = mock.expect(code, 3, also=lambda m: m.cseq == "%d %s" % (cseq, method), what="to %s" % method)
        return r
    r = ask("INVITE", 2, 200, body=SDP)
    check("m=audio 20000 RTP/AVP 8 101" in r.body, "the answer: " + r.body)
    mock.request(inv, "ACK", 2)
    check("m=audio 20000 RTP/AVP 8 0 101" in ask("INVITE", 3, 200).body, "an offer for an empty INVITE")
    ask("INVITE", 4, 488, body=SDP.replace("audio 30000", "audio 30002"))
    ask("INVITE", 5, 488, body=SDP.replace("RTP/AVP 8 101", "RTP/AVP 0 101"))
    check("a=recvonly" in ask("INVITE", 6, 200, body=SDP + "a=sendonly\r\n").body, "held")
    ask("UPDATE", 7, 200)
    ask("UPDATE", 8, 200, body=SDP)
    ask("OPTIONS", 9, 200)
    ask("INFO", 10, 200)
    ask("REFER", 11, 603, extra="Refer-To: <sip:x@127.0.0.1>\r\n")
    ask("PRACK", 12, 481, extra="RAck: 1 1 INVITE\r\n")
    ask("MESSAGE", 13, 405)
    ask("FROBNICATE", 14, 501)
    r = ask("OPTIONS", 15, 420, extra="Require: nothing\r\n")
    check(r.get("unsupported") == "nothing", "what is not supported")
    ask("OPTIONS", 16, 481, tag="stranger")
    mock.take_bye()
    s = d.finish()
    check(d.story() == ["TRYING", "ANSWERED", "ENDED", "CLOSED"], d.story())
    check(s["transactions"] < 10, "no state is kept for requests")


def requests_outside_a_call_are_refused(binary):
    mock, d = start(binary, 18, "--calls", 1, "--talk", 1.5)
    inv = mock.answer_call()
    for i, (method, code) in enumerate([("INVITE", 403), ("OPTIONS", 200), ("BYE", 481), ("REGISTER", 405),
                                        ("CANCEL", 481), ("SUBSCRIBE", 405), ("FOO", 501)]):
        text = ("%s sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bKo%d\r\nMax-Forwards: 70\r\n"
                "From: <sip:a@b>;tag=q\r\nTo: <sip:c@d>\r\nCall-ID: out-%d\r\nCSeq: 1 %s\r\nContent-Length: 0\r\n\r\n")
        mock.send(text % (method, mock.port, i, i, method), inv.addr)
        mock.expect(code, 3, also=lambda m, i=i: m.get("call-id") == "out-%d" % i, what="to %s" % method)
    mock.take_bye()
    d.finish()


def headers_are_as_the_trunk_wants_them(binary):
    mock, d = start(binary, 19, "--privacy", "--pai", "--digits", "--domain", "sip.example.org", "--called", 77011234567,
                    "--caller", 77270000000)
    inv = mock.expect("INVITE")
    check(inv.uri == "sip:77011234567@sip.example.org", inv.uri)
    check("anonymous@anonymous.invalid" in inv.get("from"), inv.get("from"))
    check(inv.get("p-asserted-identity") == "<sip:77270000000@sip.example.org>", inv.get("p-asserted-identity"))
    check(inv.get("privacy") == "id", "Privacy")
    check("<sip:127.0.0.1:%d>" % base(19) == inv.get("contact"), inv.get("contact"))
    mock.answer(inv, 404, "Not Found", extra="Reason: Q.850;cause=1\r\n")
    mock.expect("ACK")
    f = d.wait_for(lambda e: e["ev"] == "FAILED", "failed")
    check(f["code"] == 404 and f["q850"] == 1 and f["local"] == 0, "cause kept: %s" % f)
    d.finish()


def plain_headers_have_plus_and_no_identity(binary):
    mock, d = start(binary, 20)
    inv = mock.expect("INVITE")
    check(inv.uri == "sip:+79160000000@127.0.0.1:%d" % mock.port, inv.uri)
    check(inv.get("from").startswith("<sip:+74950000001@"), inv.get("from"))
    check(not inv.has("p-asserted-identity") and not inv.has("privacy"), "no identity unless asked")
    mock.answer(inv, 486, "Busy")
    mock.expect("ACK")
    d.finish()


def redirect_is_refused_by_default(binary):
    mock, d = start(binary, 21)
    mock.answer(mock.expect("INVITE"), 302, "Moved", extra="Contact: <sip:other@127.0.0.1:%d>\r\n" % mock.port)
    mock.expect("ACK")
    d.wait_for(lambda e: e["ev"] == "FAILED" and e["code"] == 302, "refused")
    d.finish()


def redirect_is_followed_to_the_trunk_only(binary):
    mock, d = start(binary, 22, "--follow", "--calls", 2, "--cps", 2)
    inv = mock.expect("INVITE")
    mock.answer(inv, 302, "Moved", extra="Contact: <sip:x@192.0.2.9>, <sip:+7999@127.0.0.1>\r\n")
    mock.expect("ACK")
    second = mock.expect("INVITE")
    check(second.uri == "sip:+7999@127.0.0.1:%d" % mock.port and second.cseq == "2 INVITE", second.first)
    for _ in range(2):  # a loop ends
        mock.answer(second, 302, "Moved", extra="Contact: <sip:+7998@127.0.0.1>\r\n")
        mock.expect("ACK", also=lambda m: m.branch == second.branch)
        if second.cseq == "2 INVITE":
            second = mock.expect("INVITE")
    d.wait_for(lambda e: e["ev"] == "FAILED" and e["call"] == 0 and e["code"] == 302, "bounded")
    mock.answer(mock.expect("INVITE"), 302, "Moved", extra="Contact: <sip:x@192.0.2.9>\r\n")
    mock.expect("ACK")
    d.wait_for(lambda e: e["ev"] == "FAILED" and e["call"] == 1 and e["code"] == 302, "not elsewhere")
    d.finish()


def retry_after_slows_the_trunk(binary):
    mock, d = start(binary, 23)
    mock.answer(mock.expect("INVITE"), 503, "Later", extra="Retry-After: 7\r\n")
    mock.expect("ACK")
    f = d.wait_for(lambda e: e["ev"] == "FAILED", "failed")
    t = d.wait_for(lambda e: e["ev"] == "TRUNK" and e["state"] == 2, "slow")
    check(f["code"] == 503 and f["retry_after"] == 7 and t["retry_after"] == 7, "seconds kept")
    d.finish()


def breaker_opens_and_closes_without_options(binary):
    mock, d = start(binary, 24, "--breaker", 3, "--rest", 1, "--calls", 5, "--cps", 2, "--linger", 1.5, "--talk", 0.1)
    for _ in range(3):
        mock.answer(mock.expect("INVITE"), 503, "No")
        mock.expect("ACK")
    d.wait_for(lambda e: e["ev"] == "TRUNK" and e["state"] == 0, "down after three")
    first = mock.expect("INVITE")  # the engine would not; the driver does
    # UP, since the engine takes SLOW for a pause of a trunk that is up
    states = lambda: [e["state"] for e in d.events if e["ev"] == "TRUNK"]
    d.wait_for(lambda e: states() == [1, 0, 1], "half open after the rest")
    mock.answer(first, 503, "Still no")  # one failure is enough then
    mock.expect("ACK")
    # while the answer waited for the rest, the first may have been sent again
    inv = mock.expect("INVITE", also=lambda m: m.branch != first.branch)
    d.wait_for(lambda e: states() == [1, 0, 1, 0, 1], "down at once, and half open again")
    mock.answer(inv, 486, "Busy")
    mock.expect("ACK")
    d.finish()
    check(states() == [1, 0, 1, 0, 1], "up stays up: %s" % states())


def options_pings_mark_a_trunk_up_and_down(binary):
    mock, d = start(binary, 25, "--options", 1, "--rest", 1, "--t1x64", 1000, "--calls", 0, "--linger", 26, "--seconds", 27)

    def ping(answer, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            m = mock.recv(end - time.monotonic())
            if m is not None and m.method == "OPTIONS":
                if answer:
                    mock.answer(m, 404, "Even so")
                return True
        return False
    check(ping(True, 3), "a ping at the start")
    d.wait_for(lambda e: e["ev"] == "TRUNK" and e["state"] == 1, "up: any answer counts")
    check(ping(True, 3), "a ping each second")
    d.wait_for(lambda e: e["ev"] == "TRUNK" and e["state"] == 0, "down without answers", 14)
    n = len(d.events)
    end = time.monotonic() + 6
    while time.monotonic() < end and not any(e["ev"] == "TRUNK" and e["state"] == 1 for e in d.events[n:]):
        ping(True, 0.3)
    check(any(e["ev"] == "TRUNK" and e["state"] == 1 for e in d.events[n:]), "up again")
    d.proc.kill()


def unanswered_invites_are_capped(binary):
    mock, d = start(binary, 26, "--unanswered", 5, "--calls", 20, "--cps", 200, "--t1x64", 1500)
    s = d.finish()
    check(s["invites"] == 5, "five INVITEs, not %d" % s["invites"])
    check(s["codes"] == {"408": 5, "503": 15}, "the others are refused here: %s" % s["codes"])


def a_trunk_is_slow_before_its_invites_are_refused(binary):
    # 75 of 100 may wait: then the engine hears of it once a second, as long as it is so
    mock, d = start(binary, 56, "--unanswered", 100, "--calls", 80, "--cps", 400, "--t1x64", 2500)
    slow = lambda: [e for e in d.events if e["ev"] == "TRUNK" and e["state"] == 2]
    d.wait_for(lambda e: len(slow()) == 2, "slow, and again")
    check(all(e["retry_after"] == 1 and e["trunk"] == 0 for e in slow()), "for a second: %s" % slow())
    check(900 <= slow()[1]["ms"] - slow()[0]["ms"] <= 1500, "once a second")
    s = d.finish()
    check(s["invites"] == 80 and s["codes"] == {"408": 80}, "nothing was refused here: %s" % s["codes"])
    check(len(slow()) <= 4, "and not after they are gone: %s" % slow())


def a_trunk_that_answers_is_never_slow(binary):
    mock, d = start(binary, 57, "--unanswered", 100, "--calls", 80, "--cps", 400)
    for _ in range(80):
        mock.answer(mock.expect("INVITE"), 486, "Busy")
    d.finish()
    check([e["state"] for e in d.events if e["ev"] == "TRUNK"] == [1], "up alone")


def a_shard_that_is_late_says_so_and_takes_it_back(binary):
    mock, d = start(binary, 58, "--linger", 3)
    mock.answer(mock.expect("INVITE"), 486, "Busy")
    load = lambda: [(e["code"], e["on"]) for e in d.events if e["ev"] == "LOAD"]
    d.wait_for(lambda e: e["ev"] == "CLOSED", "the call is over")
    before = len(load())
    d.proc.send_signal(signal.SIGSTOP)
    time.sleep(0.7)  # the test's subject
    d.proc.send_signal(signal.SIGCONT)
    d.wait_for(lambda e: len(load()) >= before + 2, "said and taken back")
    check(load()[before:before + 2] == [(1, 1), (1, 0)], "by shard 0: %s" % load())
    d.finish()


def session_is_refreshed_by_update(binary):
    mock, d = start(binary, 27, "--session", 4, "--talk", 3.2)
    inv = mock.expect("INVITE")
    check(inv.get("session-expires") == "4;refresher=uac" and "timer" in inv.get("supported"), "asked for")
    mock.answer(inv, 200, "OK", body=SDP, extra="Session-Expires: 4;refresher=uac\r\nAllow: INVITE, UPDATE\r\n")
    mock.expect("ACK")
    up = mock.expect("UPDATE", 4)
    check(up.get("session-expires") == "4;refresher=uac", "UPDATE refreshes")
    mock.answer(up, 200, "OK", extra="Session-Expires: 4;refresher=uac\r\n")
    mock.take_bye()
    d.finish()
    check(d.of(0, "ENDED")[0]["by"] == 1, "ended by us, not by the timer")


def session_is_refreshed_by_invite_and_ended_when_it_dies(binary):
    mock, d = start(binary, 28, "--session", 4, "--talk", -1)
    inv = mock.expect("INVITE")
    mock.answer(inv, 200, "OK", body=SDP, extra="Session-Expires: 4;refresher=uac\r\n")
    mock.expect("ACK")
    re_inv = mock.expect("INVITE", 4)
    check(re_inv.to_tag == "mock" and re_inv.cseq == "2 INVITE" and "m=audio" in re_inv.body, "re-INVITE refreshes")
    mock.answer(re_inv, 200, "OK", body=SDP, extra="Session-Expires: 4;refresher=uac\r\n")
    mock.expect("ACK", also=lambda m: m.cseq == "2 ACK")
    re_inv = mock.expect("INVITE", 4)
    mock.answer(re_inv, 481, "Gone")
    mock.take_bye()
    e = d.wait_for(lambda e: e["ev"] == "ENDED", "ended")
    check(e["by"] == 3, "by the error: %s" % e)
    d.finish()


def refused_session_interval_is_raised(binary):
    mock, d = start(binary, 29, "--session", 90, "--talk", 0.1)
    inv = mock.expect("INVITE")
    mock.answer(inv, 422, "Too Small", extra="Min-SE: 600\r\n")
    mock.expect("ACK")
    inv = mock.expect("INVITE")
    check(inv.get("session-expires").startswith("600") and inv.get("min-se") == "600", "raised")
    mock.answer(inv, 200, "OK", body=SDP)
    mock.expect("ACK")
    mock.take_bye()
    d.finish()


def ringing_calls_are_cancelled_after_a_crash(binary):
    mock, d = start(binary, 30, "--base", 900, "--calls", 1)
    inv = mock.expect("INVITE")
    mock.answer(inv, 180, "Ringing")
    d.wait_for(lambda e: e["ev"] == "PROGRESS", "ringing")
    d.kill9()
    at = time.monotonic()
    d = Drive(binary, "--port", base(30), "--trunk", "127.0.0.1:%d" % mock.port, "--base", 900, "--adopt", "0|0")
    cancel = mock.expect("CANCEL")
    check(cancel.at - at < 2, "soon")
    check(cancel.branch == inv.branch and cancel.uri == inv.uri and cancel.cseq == "1 CANCEL" and
          cancel.get("call-id") == inv.get("call-id") and cancel.from_tag == inv.from_tag and
          cancel.get("to") == inv.get("to") and cancel.get("via").split(";")[0] == inv.get("via").split(";")[0] and
          cancel.addr == inv.addr, "the CANCEL is the INVITE's: %s" % cancel.raw.decode())
    mock.answer(cancel, 200, "OK")
    mock.answer(inv, 487, "Terminated")
    ack = mock.expect("ACK")
    check(ack.branch == inv.branch and ack.uri == inv.uri, "the 487 gets its ACK")
    d.finish()
    check(d.story() == ["FAILED487", "CLOSED"], d.story())
    check(d.of(0, "FAILED")[0]["cancelled"] == 1, "as cancelled")


def cancel_is_repeated_until_the_trunk_hears(binary):
    mock = Mock(base(31) + 9)
    d = Drive(binary, "--port", base(31), "--trunk", "127.0.0.1:%d" % mock.port, "--base", 5, "--adopt", "0|0",
              "--user", "u", "--seconds", 20)
    got = [mock.expect("CANCEL") for _ in range(3)]
    check(len({c.branch for c in got}) == 1, "repeated")
    mock.answer(got[0], 481, "Unknown")
    f = d.wait_for(lambda e: e["ev"] == "FAILED", "nothing there", 14)
    check(f["cancelled"] == 1, "told as cancelled")
    d.finish()
    check(d.story() == ["FAILED481", "CLOSED"], d.story())


def late_ring_after_a_crash_is_cancelled_again(binary):
    mock, d = start(binary, 32, "--base", 31, "--calls", 1)
    inv = mock.expect("INVITE")
    d.kill9()
    d = Drive(binary, "--port", base(32), "--trunk", "127.0.0.1:%d" % mock.port, "--base", 31, "--adopt", "0|0")
    mock.answer(mock.expect("CANCEL"), 481, "Not yet")
    mock.answer(inv, 180, "Ringing")
    mock.answer(mock.expect("CANCEL", also=lambda m: m.branch == inv.branch, what="again"), 200, "OK")
    mock.answer(inv, 487, "Terminated")
    mock.expect("ACK")
    d.finish()
    check(d.story() == ["FAILED487", "CLOSED"], d.story())


def late_answer_after_a_crash_is_told_and_hung_up(binary):
    mock, d = start(binary, 33, "--base", 50, "--calls", 1)
    inv = mock.expect("INVITE")
    mock.answer(inv, 180, "Ringing")
    d.wait_for(lambda e: e["ev"] == "PROGRESS", "ringing")
    d.kill9()
    d = Drive(binary, "--port", base(33), "--trunk", "127.0.0.1:%d" % mock.port, "--base", 50, "--adopt", "0|0",
              "--talk", 0.3)
    cancel = mock.expect("CANCEL")
    mock.answer(inv, 200, "OK", body=SDP)
    mock.answer(cancel, 481, "Too late")
    mock.expect("ACK")
    mock.take_bye()
    d.finish()
    check(d.story() == ["ANSWERED", "ENDED", "CLOSED"], d.story())
    check(d.of(0, "ANSWERED")[0]["port"] == 30000, "with its media")


def answered_calls_are_ended_after_a_crash(binary):
    mock, d = start(binary, 34, "--base", 60, "--calls", 1, "--talk", 30)
    inv = mock.expect("INVITE")
    mock.answer(inv, 200, "OK", tag="far", body=SDP, contact="127.0.0.1:%d;x=y" % mock.port,
                extra="Record-Route: <sip:127.0.0.1:%d;lr;p=2>\r\nRecord-Route: <sip:127.0.0.1:%d;lr;p=1>\r\n"
                % (mock.port, mock.port))
    mock.expect("ACK")
    f = d.wait_for(lambda e: e["ev"] == "FACTS", "facts")
    d.kill9()
    d = Drive(binary, "--port", base(34), "--trunk", "127.0.0.1:%d" % mock.port, "--base", 60, "--adopt",
              "|".join(["0", "0", f["tag"], f["contact"], f["route"], str(f["cseq"])]))
    bye = mock.take_bye()
    check(bye.get("call-id") == inv.get("call-id") and bye.from_tag == inv.from_tag and bye.to_tag == "far" and
          bye.uri == "sip:127.0.0.1:%d;x=y" % mock.port and bye.addr == inv.addr, bye.raw.decode())
    routes = ",".join(v for n, v in bye.headers if n == "route")
    check(routes.index("p=1") < routes.index("p=2"), "the route set in sending order: " + routes)
    check(int(bye.cseq.split()[0]) > int(f["cseq"]), "CSeq grows")
    d.finish()
    check(d.story() == ["ENDED", "CLOSED"], d.story())


def unknown_calls_of_before_a_crash_are_ended(binary):
    mock = Mock(base(35) + 9)
    d = Drive(binary, "--port", base(35), "--trunk", "127.0.0.1:%d" % mock.port, "--calls", 0, "--linger", 2)
    n = names(12345, 3)
    inv = Message(("INVITE sip:+7@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%d;branch=%s\r\n"
                   "From: <sip:+7495@127.0.0.1>;tag=%s\r\nTo: <sip:+7@127.0.0.1>\r\nCall-ID: %s\r\nCSeq: 1 INVITE\r\n"
                   "Contact: <sip:127.0.0.1:%d>\r\n\r\n" % (base(35), n["branch"], n["from_tag"], n["call_id"], base(35)))
                  .encode(), ("127.0.0.1", base(35)), 0)
    mock.answer(inv, 200, "OK", body=SDP)
    check(mock.expect("ACK").get("call-id") == n["call_id"], "ACK")
    mock.take_bye()
    mock.request(inv, "BYE", 9)
    mock.expect("200", 2)
    d.finish()


def wall_clock_jumps_change_nothing(binary):
    binary += "_jump"
    mock, d = start(binary, 36, "--calls", 2, "--cps", 1, "--ring-ms", 3000, "--t1x64", 2500, "--jump", "0.5:90000",
                    "--talk", 0.1)
    inv = mock.expect("INVITE")
    mock.answer(inv, 180, "Ringing")
    second = mock.expect("INVITE")
    d.wait_for(lambda e: e["ev"] == "JUMP", "the wall clock jumped a day ahead")
    mock.answer(second, 200, "OK", body=SDP)
    mock.expect("ACK")
    mock.take_bye()
    cancel = mock.expect("CANCEL", 6)
    check(2.7 < cancel.at - inv.at < 3.6, "the ring timer kept its time: %.2f" % (cancel.at - inv.at))
    mock.answer(cancel, 200, "OK")
    mock.answer(inv, 487, "Terminated")
    mock.expect("ACK")
    d.finish()
    check(d.story(1) == ["TRYING", "ANSWERED", "ENDED", "CLOSED"], d.story(1))


def wall_clock_going_back_hangs_nothing(binary):
    binary += "_jump"
    mock, d = start(binary, 37, "--calls", 1, "--ring-ms", 30000, "--t1x64", 2500, "--jump", "0.3:-2000000")
    t = [mock.expect("INVITE", 4).at for _ in range(3)]
    # Upper bounds only: on a crowded machine we may read the first copy together with the second.
    check(t[1] - t[0] < 0.8 and 0.5 < t[2] - t[0] < 2.2, "retransmitted in time: %s" % t)
    d.wait_for(lambda e: e["ev"] == "FAILED" and e["code"] == 408, "given up in time", 4)
    d.finish()


def a_late_command_for_an_earlier_use_of_a_slot_means_nothing(binary):
    mock, d = start(binary, 38, "--calls", 3, "--legs", 1, "--cps", 50, "--cancel", 0.3, "--talk", 1)
    for _ in range(3):
        inv = mock.expect("INVITE")
        mock.answer(inv, 486, "Busy")
        mock.expect("ACK")
    s = d.finish()
    check(s["failed"] == 3 and s["closed"] == 3, "three calls one after another in one slot")


def closed_port_is_503_at_once(binary):
    d = Drive(binary, "--port", base(39), "--trunk", "127.0.0.1:%d" % (base(39) + 9), "--calls", 30, "--cps", 100,
              "--breaker", 20, "--linger", 0.3)
    s = d.finish()
    check(s["codes"] == {"503": 30} and s["ms"] < 5000, "all refused at once: %s" % s)
    check(any(e["ev"] == "TRUNK" and e["state"] == 0 for e in d.events), "the breaker opened")


def stop_ends_what_is_left(binary):
    mock, d = start(binary, 40, "--calls", 2, "--cps", 20, "--talk", 30, "--seconds", 1)
    mock.answer(mock.expect("INVITE"), 180, "Ringing")
    inv = mock.expect("INVITE")
    mock.answer(inv, 200, "OK", body=SDP)
    mock.expect("ACK")
    mock.expect("CANCEL")
    mock.take_bye()
    s = d.finish()
    check(s["closed"] == 2, "both are closed: %s" % s)


def two_trunks_keep_their_calls_and_credentials_apart(binary):
    a, b = Mock(base(41) + 9), Mock(base(41) + 10)
    d = Drive(binary, "--port", base(41), "--user", "ua", "--password", "pa", "--trunk", "127.0.0.1:%d" % a.port,
              "--user", "ub", "--password", "pb", "--trunk", "127.0.0.1:%d" % b.port, "--calls", 2, "--talk", 0.1)
    for mock, user, realm in ((a, "ua", "A"), (b, "ub", "B")):
        inv = mock.expect("INVITE")
        mock.answer(inv, 407, "Auth", extra=challenge(realm, "n" + realm))
        mock.expect("ACK")
        inv = mock.expect("INVITE")
        f = auth_fields(inv.get("proxy-authorization"))
        check(f["username"] == user and f["realm"] == realm, "its own: %s" % f)
        check(f["response"] == digest(user, realm, "p" + user[1], "INVITE", f), "right")
        mock.answer(inv, 200, "OK", body=SDP)
        mock.expect("ACK", also=lambda m: m.cseq == "2 ACK")
    for mock in (a, b):
        mock.take_bye()
    d.finish()


def failover_is_a_new_invite_with_names_of_its_own(binary):
    a, b = Mock(base(44) + 9), Mock(base(44) + 10)
    d = Drive(binary, "--port", base(44), "--failover", "--base", 7, "--talk", 0.1, "--trunk", "127.0.0.1:%d" % a.port,
              "--trunk", "127.0.0.1:%d" % b.port)
    inv = a.expect("INVITE")
    a.answer(inv, 503, "No")
    a.expect("ACK")
    second = b.answer_call()
    want = names(7, 1)
    check((second.get("call-id"), second.branch, second.from_tag) ==
          (want["call_id"], want["branch"], want["from_tag"]), "names of sub-attempt 1")
    check(second.get("call-id") != inv.get("call-id") and second.addr == inv.addr, "another call, the same slot")
    b.take_bye()
    d.finish()
    check(d.story() == ["TRYING", "FAILED503", "CLOSED"] + ["TRYING", "ANSWERED", "ENDED", "CLOSED"], d.story())


def no_event_is_lost_when_the_engine_is_slow(binary):
    mock, d = start(binary, 45, "--calls", 40, "--cps", 2000, "--event-ring", 2)
    for _ in range(40):
        inv = mock.expect("INVITE")
        mock.answer(inv, 180, "Ringing")
        mock.answer(inv, 486, "Busy")
    s = d.finish()
    check(s["failed"] == 40, "all failed")
    for c in range(40):
        check(d.story(c) == ["TRYING", "PROGRESS180", "FAILED486", "CLOSED"], d.story(c))
    check({"on": 1, "code": 1}.items() <= d.wait_for(lambda e: e["ev"] == "LOAD", "it is told").items(), "no new calls")


def two_shards_share_the_calls(binary):
    mock, d = start(binary, 46, "--shards", 2, "--agents", 3, "--calls", 12, "--talk", 0.1)
    ports = set()
    for _ in range(12):
        inv = mock.expect("INVITE")
        lo = int(inv.get("call-id")[16:32], 16)
        check(inv.addr[1] == base(46) + (lo % 2) * 3 + (lo // 2) % 3, "slot %d on port %d" % (lo, inv.addr[1]))
        ports.add(inv.addr[1])
        mock.answer(inv, 200, "OK", body=SDP)
    for _ in range(12):
        mock.take_bye()
    check(len(ports) == 6, "six agents")
    check(d.finish()["ended"] == 12, "all ended")


def a_port_in_use_is_said(binary):
    taken = Mock(base(47) + 3)
    r = subprocess.run([binary, "--port", str(base(47)), "--trunk", "127.0.0.1:9"], capture_output=True, text=True,
                       timeout=10)
    check(r.returncode == 1 and "127.0.0.1:%d" % taken.port in r.stderr and "in use" in r.stderr, r.stderr)


def junk_and_stun_are_harmless(binary):
    mock, d = start(binary, 48, "--talk", 1.5)
    inv = mock.answer_call()
    rng = __import__("random").Random(4475)
    stun = bytes([0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]) + bytes(12)
    for i in range(600):
        junk = rng.choice([stun, b"", b"\r\n\r\n", b"\0" * 40, rng.randbytes(rng.randrange(200)),
                           inv.raw[:rng.randrange(len(inv.raw))],
                           bytes(b if rng.random() > 0.02 else rng.randrange(256) for b in inv.raw)])
        mock.sock.sendto(junk, inv.addr)
    bye = mock.expect("BYE", 5)
    mock.answer(bye, 200, "OK")
    d.finish()
    check(d.story() == ["TRYING", "ANSWERED", "ENDED", "CLOSED"], d.story())


def unusable_media_are_ended_as_488(binary):
    mock, d = start(binary, 42, "--calls", 4, "--cps", 5)
    for body in (SDP.replace("audio 30000", "audio 0"), SDP + "a=inactive\r\n", SDP.replace("AVP 8", "AVP 18"), ""):
        inv = mock.expect("INVITE")
        mock.answer(inv, 200, "OK", body=body)
        mock.expect("ACK")
        mock.take_bye()
    s = d.finish()
    check(s["codes"] == {"488": 4} and s["answered"] == 0, "four times 488: %s" % s)


def in_dialog_requests_never_ask_the_dns(binary):
    mock, d = start(binary, 43, "--talk", 0.3)
    inv = mock.expect("INVITE")
    mock.answer(inv, 200, "OK", body=SDP, contact="u@sbc.no-such-host.invalid:5070")
    ack = mock.expect("ACK", 2)
    check(ack.uri == "sip:u@sbc.no-such-host.invalid:5070", "the Contact is the request URI, the trunk the next hop")
    mock.take_bye(2)
    d.finish()


def a_port_in_use_is_told(binary):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", base(44) + 1))
        out = subprocess.run([binary, "--port", str(base(44)), "--trunk", "127.0.0.1:%d" % (base(44) + 9),
                              "--calls", "0", "--seconds", "1"], capture_output=True, text=True, timeout=30)
    check(out.returncode == 1, "it does not start: %d" % out.returncode)
    check("127.0.0.1:%d: Address already in use" % (base(44) + 1) in out.stderr, "says which: %s" % out.stderr)


if __name__ == "__main__":
    main({k: v for k, v in globals().items() if callable(v) and getattr(v, "__module__", "") == "__main__"})
