#!/usr/bin/env python3
"""Calls that come in from a trunk, and agents' legs, message by message against raw sockets."""
from phones_test import *

BASE = 17130
OTHER_SDP = SDP.replace("30000", "30100")


class Trunk(Mock):
    """The far end of a trunk that calls us."""

    def __init__(self, port, shard, ip="127.0.0.1"):
        Mock.__init__(self, port)
        if ip != "127.0.0.1":
            self.sock.close()
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.sock.bind((ip, port))
        self.ip, self.shard, self.n = ip, shard, 0

    def say(self, method, call, cseq=1, to_tag=None, branch=None, body=None, extra="", uri=None, frm="+74951112233",
            contact=True, ctype="application/sdp"):
        text = "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s:%d;branch=%s;rport\r\nMax-Forwards: 70\r\n" % (
            method, uri or "sip:+74950000001@127.0.0.1:%d" % self.shard, self.ip, self.port, branch or "z9hG4bK%s%d%s" % (
                call, cseq, "INVITE" if method == "CANCEL" else method))
        text += "From: <sip:%s@carrier.test>;tag=ft%s\r\nTo: <sip:+74950000001@zvonar.test>%s\r\nCall-ID: %s\r\nCSeq: %d %s\r\n" % (
            frm, call, ";tag=" + to_tag if to_tag else "", call, cseq, method)
        if contact:
            text += "Contact: <sip:gw@%s:%d>\r\n" % (self.ip, self.port)
        text += extra
        if body:
            text += "Content-Type: %s\r\n" % ctype
        text += "Content-Length: %d\r\n\r\n%s" % (len(body or ""), body or "")
        self.last = text
        self.send(text, ("127.0.0.1", self.shard))

    def invite(self, call, body=SDP, **kw):
        self.say("INVITE", call, body=body, **kw)

    def final(self, seconds=5):
        """The next final reply to anything, acknowledged by nobody yet."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            m = self.recv(end - time.monotonic())
            if m is not None and m.code and m.code >= 200:
                return m
        raise Failed("no final reply; came: %s" % [x.first for x in self.seen[-8:]])

    def ack(self, call, final, body=None):
        branch = None if final.code < 300 else "z9hG4bK%s1INVITE" % call
        self.say("ACK", call, to_tag=final.to_tag, branch=branch, body=body)


def start(binary, n, *args):
    port = BASE + 10 * n
    d = Shard(binary, port, "--trunk", "127.0.0.1:%d;in" % (port + 5), *args)
    return d, Trunk(port + 5, port)


def up(d, t, call, slot=72):
    """A call that came in and was answered; what came with the 200."""
    t.invite(call)
    h = d.next("INCOMING")["handle"]
    d.order("accept %d %d" % (h, slot))
    ok = t.expect("200")
    t.ack(call, ok)
    e = d.next("ANSWERED", slot=slot)
    return ok, e


def a_call_rings_and_is_answered(binary):
    d, t = start(binary, 0)
    t.invite("c1")
    check(t.expect("100").to_tag is None, "100 at once, without a tag")
    e = d.next("INCOMING")
    check(e["caller"] == 74951112233 and e["called"] == 74950000001 and e["trunk"] == 0, "who calls whom: %s" % e)
    t.invite("c1")
    t.expect("100", what="again for a repeated INVITE")
    d.order("ring %d 72" % e["handle"])
    r = t.expect("180")
    check(r.to_tag and not r.body and r.has("contact"), "it rings, without media")
    d.order("accept %d 72" % e["handle"])
    ok = t.expect("200")
    check(ok.to_tag == r.to_tag, "one tag")
    check("m=audio " in ok.body and " 8 101" in ok.body and " 0" not in re.search("m=.*", ok.body).group(0)[len("m=audio "):].split("RTP/AVP")[1],
          "what they offered, and only that: " + ok.body)
    check(re.search(r"m=audio (\d+)", ok.body).group(1) == str(17700 + 2 * 72), "the slot's own port")
    a = d.next("ANSWERED", slot=72)
    check(a["ip"] == "127.0.0.1" and a["port"] == 30000 and a["pt"] == 8 and a["dtmf"] == 101, "their media: %s" % a)
    again = t.expect("200", 2)
    check(again.body == ok.body and again.to_tag == ok.to_tag, "repeated until the ACK")
    t.ack("c1", ok)
    time.sleep(0.1)
    t.kept.clear()
    while t.recv(0.05):
        pass
    check(t.recv(1.5) is None, "and not after it")
    d.order("hangup 72")
    bye = t.expect("BYE")
    check(bye.uri == "sip:gw@127.0.0.1:%d" % t.port and bye.get("call-id") == "c1" and bye.to_tag == "ftc1" and
          bye.from_tag == ok.to_tag, "our BYE is of the dialog: %s" % bye.headers)
    t.answer(bye, 200)
    check(d.next("ENDED", slot=72)["by"] == 1, "by us")
    d.next("CLOSED", slot=72)
    d.finish()


def they_hang_up(binary):
    d, t = start(binary, 1)
    ok, _ = up(d, t, "c1")
    t.say("BYE", "c1", cseq=2, to_tag=ok.to_tag, extra='Reason: Q.850;cause=16\r\n')
    check(t.expect("200").cseq == "2 BYE", "taken")
    e = d.next("ENDED", slot=72)
    check(e["by"] == 0 and e["q850"] == 16, "by them: %s" % e)
    d.next("CLOSED", slot=72)
    t.say("BYE", "c1", cseq=2, to_tag=ok.to_tag)
    check(t.final().code == 200, "also when it comes again")
    t.say("BYE", "c1", cseq=3, to_tag="1" * 50)
    check(t.final().code == 481, "but a tag that is not ours is nobody's")
    # Before their ACK: the 200 is not repeated any more.
    t.invite("c2")
    h = d.next("INCOMING")["handle"]
    d.order("accept %d 73" % h)
    ok = t.expect("200")
    t.say("BYE", "c2", cseq=2, to_tag=ok.to_tag)
    t.expect("200", also=lambda m: m.cseq == "2 BYE")
    d.next("ENDED", slot=73, by=0)
    d.next("CLOSED", slot=73)
    t.kept.clear()
    check(t.recv(1.2) is None, "no 200 any more")
    d.finish()


def cancel_before_anybody_took_it(binary):
    d, t = start(binary, 2)
    t.invite("c1")
    h = d.next("INCOMING")["handle"]
    t.expect("100")
    t.say("CANCEL", "c1")
    check(t.expect("200").cseq == "1 CANCEL", "the CANCEL is taken")
    f = t.expect("487")
    t.ack("c1", f)
    e = d.next("FAILED")
    check(e["slot"] == 0xffffffff and e["attempt"] == h and e["code"] == 487, "told by its handle: %s" % e)
    # The engine's ACCEPT may be on its way: its slot is told so too.
    d.order("accept %d 72" % h)
    e = d.next("FAILED", slot=72)
    check(e["code"] == 487, "gone: %s" % e)
    d.next("CLOSED", slot=72)
    d.order("reject %d 486" % h)
    check(t.recv(1.2) is None, "and the far end hears no more")
    d.finish()


def cancel_while_it_rings(binary):
    d, t = start(binary, 3)
    t.invite("c1")
    h = d.next("INCOMING")["handle"]
    d.order("ring %d 72" % h)
    t.expect("180")
    t.say("CANCEL", "c1")
    t.expect("200")
    f = t.expect("487")
    check(t.expect("487", 2).to_tag == f.to_tag, "repeated until the ACK")
    t.ack("c1", f)
    e = d.next("FAILED", slot=72)
    check(e["code"] == 487 and e["local"] == 0 and e["cancelled"] == 0, "the caller gave up: %s" % e)
    d.next("CLOSED", slot=72)
    d.order("accept %d 72" % h)
    d.none("ANSWERED", 0.3)
    t.say("CANCEL", "c9")
    check(t.final().code == 481, "a CANCEL of nothing")
    d.finish()


def the_engine_refuses(binary):
    d, t = start(binary, 4)
    t.invite("c1")
    d.order("reject %d 486" % d.next("INCOMING")["handle"])
    f = t.expect("486")
    check(t.expect("486", 2).code == 486, "repeated")
    t.ack("c1", f)
    t.invite("c2")
    h = d.next("INCOMING")["handle"]
    d.order("ring %d 72" % h)
    t.expect("180")
    d.order("hangup 72")
    f = t.expect("480")
    t.ack("c2", f)
    e = d.next("FAILED", slot=72)
    check(e["local"] == 1 and e["cancelled"] == 1, "by us: %s" % e)
    d.next("CLOSED", slot=72)
    t.invite("c3")
    h = d.next("INCOMING")["handle"]
    d.order("ring %d 73" % h)
    t.expect("180")
    d.order("reject %d 603" % h)
    t.ack("c3", t.expect("603"))
    d.next("FAILED", slot=73, code=603)
    d.next("CLOSED", slot=73)
    check(d.ask("stats", "STATS")["legs"] == 0, "nothing is left")
    d.finish()


def what_cannot_be_taken_is_refused_at_once(binary):
    d, t = start(binary, 5)
    g729 = SDP.replace("RTP/AVP 8 101", "RTP/AVP 18 101").replace("a=rtpmap:8 PCMA/8000\r\n", "")
    for name, code, kw in (
            ("b1", 488, dict(body=g729)), ("b2", 488, dict(body="nonsense")),
            ("b3", 488, dict(body=SDP.replace("RTP/AVP", "RTP/SAVP"))),
            ("b4", 415, dict(ctype="text/plain")), ("b5", 420, dict(extra="Require: gruu\r\n")),
            ("b6", 400, dict(contact=False)), ("b7", 481, dict(to_tag="zz"))):
        t.invite(name, **kw)
        m = t.final()
        check(m.code == code, "%s: %s, not %d" % (name, m.first, code))
        if code == 488:
            check(m.get("warning").startswith("305"), "why: " + m.get("warning"))
    check(not any(e["ev"] == "INCOMING" for e in d.events), "the engine hears of none")
    stranger = Trunk(BASE + 56, BASE + 50, "127.0.0.5")
    stranger.invite("s1")
    check(stranger.final().code == 403, "nobody but a trunk calls")
    # By another port of the trunk's address: the trunk.
    gw = Trunk(BASE + 57, BASE + 50)
    gw.invite("s2")
    d.order("reject %d 486" % d.next("INCOMING")["handle"])
    gw.ack("s2", gw.expect("486"))
    # The same call by two ways.
    t.invite("m1")
    h = d.next("INCOMING")["handle"]
    t.expect("100")
    t.invite("m1", branch="z9hG4bKotherway")
    check(t.final().code == 482, "merged")
    d.order("reject %d 486" % h)
    t.ack("m1", t.expect("486"))
    d.finish()


def who_calls_is_read_as_the_standards_say(binary):
    d, t = start(binary, 6)
    for i, (kw, caller, called) in enumerate((
            (dict(extra="P-Asserted-Identity: \"X\" <sip:+78001234567@c.test>\r\n"), 78001234567, 74950000001),
            (dict(extra="P-Asserted-Identity: <tel:+7-800-123-45-68>\r\n", frm="anonymous"), 78001234568, 74950000001),
            (dict(extra="P-Asserted-Identity: <sip:+78001234567@c.test>\r\nPrivacy: id\r\n"), 0, 74950000001),
            (dict(frm="anonymous"), 0, 74950000001), (dict(frm="84951112233;x=1"), 84951112233, 74950000001),
            (dict(uri="sip:support@127.0.0.1"), 74951112233, 0),
            (dict(uri="sip:1234567890123456789@127.0.0.1"), 74951112233, 0),
            (dict(uri="tel:+74950000002"), 74951112233, 74950000002),
            (dict(extra="P-Asserted-Identity: garbage<<\r\n"), 74951112233, 74950000001))):
        t.invite("w%d" % i, **kw)
        e = d.next("INCOMING")
        check((e["caller"], e["called"]) == (caller, called), "%s: %s" % (kw, e))
        d.order("reject %d 486" % e["handle"])
        t.ack("w%d" % i, t.expect("486"))
    d.finish()


def a_flood_is_told_to_come_again(binary):
    d, t = start(binary, 7, "--side", "4")
    for i in range(30):
        t.invite("f%02d" % i)
    busy = 0
    end = time.monotonic() + 5
    while busy < 10 and time.monotonic() < end:
        m = t.recv(0.5)
        if m is not None and m.code == 503:
            check(m.get("retry-after") == "5", "come again: " + m.get("retry-after"))
            busy += 1
    check(busy == 10, "twenty wait, ten are told to come again: %d" % busy)
    d.wait_for(lambda e: sum(x["ev"] == "INCOMING" for x in d.events) == 20, "max_side + 16")
    st = d.ask("stats", "STATS")
    check(st["invites_in"] == 20 and st["busy"] == 10, "counted: %s" % st)
    for e in [e for e in d.events if e["ev"] == "INCOMING"]:
        d.order("reject %d 486" % e["handle"])
    for i in range(20):
        m = t.expect("486")
        t.ack(m.get("call-id"), m)
    t.invite("g1")
    d.wait_for(lambda e: sum(x["ev"] == "INCOMING" for x in d.events) == 21, "room again")
    d.finish()


def an_offer_may_come_in_the_ack(binary):
    d, t = start(binary, 8)
    t.invite("c1", body=None)
    d.order("accept %d 72" % d.next("INCOMING")["handle"])
    ok = t.expect("200")
    check(" 8 0 101" in ok.body, "our offer: " + ok.body)
    d.none("ANSWERED", 0.3)
    t.ack("c1", ok, body=SDP)
    check(d.next("ANSWERED", slot=72)["port"] == 30000, "their answer")
    d.order("hangup 72")
    t.take_bye()
    d.next("CLOSED", slot=72)
    t.invite("c2", body=None)
    d.order("accept %d 73" % d.next("INCOMING")["handle"])
    t.ack("c2", t.expect("200"))
    d.next("FAILED", slot=73, code=488)
    t.take_bye()
    d.next("CLOSED", slot=73)
    d.finish()


def a_reinvite_moves_the_media(binary):
    d, t = start(binary, 9)
    ok, _ = up(d, t, "c1")
    v = int(re.search(r"o=- \d+ (\d+)", ok.body).group(1))
    t.say("INVITE", "c1", cseq=2, to_tag=ok.to_tag, body=OTHER_SDP)
    m = t.expect("200")
    t.say("ACK", "c1", cseq=2, to_tag=ok.to_tag)
    check(int(re.search(r"o=- \d+ (\d+)", m.body).group(1)) > v, "a new version: " + m.body)
    e = d.next("ANSWERED", slot=72)
    check(e["port"] == 30100, "told again: %s" % e)
    t.say("INVITE", "c1", cseq=3, to_tag=ok.to_tag, body=OTHER_SDP)
    check(t.expect("200").body == m.body, "the same again: the same answer")
    d.none("ANSWERED", 0.3)
    t.say("INVITE", "c1", cseq=4, to_tag=ok.to_tag, body=OTHER_SDP.replace("8 101", "0 101").replace("8 PCMA", "0 PCMU"))
    t.expect("200")
    check(d.next("ANSWERED", slot=72)["pt"] == 0, "another codec")
    t.say("INVITE", "c1", cseq=5, to_tag=ok.to_tag, body=OTHER_SDP.replace("8 101", "0 101").replace("8 PCMA", "0 PCMU") + "a=sendonly\r\n")
    check("a=recvonly" in t.expect("200").body, "held")
    d.none("ANSWERED", 0.3)
    t.say("INVITE", "c1", cseq=6, to_tag=ok.to_tag, body=SDP.replace("RTP/AVP 8", "RTP/AVP 18"))
    check(t.final().code == 488, "nothing for us in it")
    t.say("REFER", "c1", cseq=7, to_tag=ok.to_tag, extra="Refer-To: <sip:x@y>\r\n")
    check(t.final().code == 603, "no transfers by the far end")
    t.say("UPDATE", "c1", cseq=8, to_tag=ok.to_tag)
    check(t.final().code == 200, "refreshed")
    d.order("hangup 72")
    t.take_bye()
    d.next("CLOSED", slot=72)
    d.finish()


def hanging_up_before_the_ack_waits_for_it(binary):
    d, t = start(binary, 10)
    t.invite("c1")
    d.order("accept %d 72" % d.next("INCOMING")["handle"])
    ok = t.expect("200")
    d.next("ANSWERED", slot=72)
    d.order("hangup 72")
    d.next("ENDED", slot=72, by=1)
    check(not any(m.method == "BYE" for m in t.seen), "no BYE before the ACK")
    t.ack("c1", ok)
    t.take_bye()
    d.next("CLOSED", slot=72)
    d.finish()


def no_ack_ends_in_a_bye(binary):
    d, t = start(binary, 11)
    t.invite("c1")
    at = time.monotonic()
    d.order("accept %d 72" % d.next("INCOMING")["handle"])
    d.next("ANSWERED", slot=72)
    bye = t.expect("BYE", 40)
    check(31 < time.monotonic() - at < 34, "after 64 * T1: %.1f" % (time.monotonic() - at))
    t.answer(bye, 200)
    check(d.next("ENDED", slot=72)["by"] == 2, "by time")
    d.next("CLOSED", slot=72)
    n = sum(m.code == 200 for m in t.seen)
    check(9 <= n <= 12, "the 200 was repeated as RFC 3261 says: %d" % n)
    d.finish()


def a_recorded_route_is_kept(binary):
    d, t = start(binary, 12)
    rr = "Record-Route: <sip:127.0.0.1:%d;lr;a=1>, <sip:10.9.9.9;lr;a=2>\r\n" % t.port
    t.invite("c1", extra=rr)
    d.order("accept %d 72" % d.next("INCOMING")["handle"])
    ok = t.expect("200")
    check("a=1" in ok.get("record-route"), "told back")
    t.ack("c1", ok)
    d.next("ANSWERED", slot=72)
    d.order("hangup 72")
    bye = t.take_bye()
    routes = ", ".join(v for n, v in bye.headers if n == "route")
    check(routes.index("a=1") < routes.index("a=2"), "in their order: " + routes)
    d.next("CLOSED", slot=72)
    d.finish()


def session_timers_are_kept(binary):
    d, t = start(binary, 13)
    t.invite("c1", extra="Session-Expires: 1800\r\nSupported: timer\r\n")
    d.order("accept %d 72" % d.next("INCOMING")["handle"])
    ok = t.expect("200")
    check(ok.get("session-expires") == "1800;refresher=uac" and "timer" in ok.get("require"),
          "they keep it going: %s" % ok.get("session-expires"))
    t.ack("c1", ok)
    d.next("ANSWERED")
    d.order("hangup 72")
    t.take_bye()
    d.next("CLOSED")
    d.finish()


def stopping_refuses_what_waits(binary):
    d, t = start(binary, 14)
    up(d, t, "c1")
    t.invite("c2")
    d.next("INCOMING")
    d.order("quit")
    seen = set()
    end = time.monotonic() + 5
    while len(seen) < 2 and time.monotonic() < end:
        m = t.recv(0.5)
        if m is not None and m.method == "BYE":
            t.answer(m, 200)
            seen.add("BYE")
        if m is not None and m.code == 503:
            t.ack("c2", m)
            seen.add("503")
    check(seen == {"BYE", "503"}, "BYE to whom we talk, 503 to who waits: %s" % seen)
    d.finish()


# ---- agents' legs ----

def phone_up(binary, n, *args, allow="INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE"):
    port = BASE + 10 * n
    d = Shard(binary, port, *args)
    p = Phone(port + 5, port)
    check(p.login().code == 200, "registered")
    d.next("PHONE", on=1)
    d.order("dial 0")
    inv = p.expect("INVITE")
    p.answer(inv, 180, "Ringing")
    p.answer(inv, 200, "OK", body=SDP, extra="Allow: %s\r\n" % allow)
    p.expect("ACK")
    d.next("ANSWERED", slot=8)
    return d, p, inv


def a_phone_is_called_and_stays_up(binary):
    d, p, inv = phone_up(binary, 20)
    check(re.match(r'"zvonar" ?<sip:zvonar@zvonar.test>', inv.get("from")), "who calls: " + inv.get("from"))
    check("timer" in inv.get("supported") and inv.get("session-expires").startswith("300"), "session timer: %s" % inv.headers)
    check("answer-after=0" in inv.get("call-info") and inv.get("answer-mode") == "Auto", "it may answer by itself")
    check("100rel" not in inv.get("supported"), "no 100rel")
    check(not any(e["ev"] == "TRUNK" and e["state"] != 1 for e in d.events), "no trunk is judged by it")
    # It moves, it holds, it comes back.
    p.request(inv, "INVITE", 2, body=OTHER_SDP)
    ok = p.expect("200")
    check(d.next("ANSWERED", slot=8)["port"] == 30100, "its new address is told")
    # Its address for requests moves with it.
    new = Mock(p.port + 1)
    new.request(inv, "INVITE", 30, body=OTHER_SDP)
    new.expect("200")
    p.request(inv, "INVITE", 31, body=OTHER_SDP + "a=inactive\r\n")
    check("a=inactive" in p.expect("200").body, "held")
    d.none("ANSWERED", 0.3)
    p.request(inv, "INVITE", 32, body=SDP)
    p.expect("200")
    check(d.next("ANSWERED", slot=8)["port"] == 30000, "and back")
    p.request(inv, "INVITE", 4, body=OTHER_SDP)
    check(p.expect("500").cseq == "4 INVITE", "out of order")
    new.request(inv, "UPDATE", 33)
    new.expect("200")
    p.request(inv, "OPTIONS", 34)
    check(p.expect("200").cseq == "34 OPTIONS", "asked whether we live")
    p.request(inv, "REFER", 35, extra="Refer-To: <sip:x@y>\r\n")
    p.expect("603")
    d.order("hangup 8")
    check(new.take_bye().uri.endswith(":%d" % new.port), "the BYE goes where it is now")
    d.next("ENDED", slot=8, by=1)
    d.next("CLOSED", slot=8)
    d.order("dial 0")
    inv = p.answer_call()
    d.next("ANSWERED", slot=8)
    p.request(inv, "BYE", 7)
    p.expect("200")
    check(d.next("ENDED", slot=8)["by"] == 0, "it hung up")
    d.next("CLOSED", slot=8)
    d.order("dial 0")
    inv = p.expect("INVITE")
    p.answer(inv, 401, "No", extra='WWW-Authenticate: Digest realm="x", nonce="y"\r\n')
    d.next("FAILED", slot=8, code=401)
    d.next("CLOSED", slot=8)
    d.finish()


def a_phone_is_cancelled_when_nobody_answers(binary):
    port = BASE + 210
    d = Shard(binary, port)
    p = Phone(port + 5, port)
    p.login()
    d.next("PHONE", on=1)
    d.order("dial 0")
    inv = p.expect("INVITE")
    p.answer(inv, 180)
    d.next("PROGRESS", slot=8)
    d.order("hangup 8")
    c = p.expect("CANCEL")
    p.answer(c, 200)
    p.answer(inv, 487)
    p.expect("ACK")
    d.next("FAILED", slot=8, code=487, cancelled=1)
    d.next("CLOSED", slot=8)
    d.order("dial 5")
    e = d.next("FAILED", slot=13)
    check(e["code"] == 480 and e["local"] == 1, "nowhere to call: %s" % e)
    d.next("CLOSED", slot=13)
    d.finish()


def a_dead_phone_is_noticed(binary):
    d, p, inv = phone_up(binary, 22)
    ping = p.expect("OPTIONS", 32, what="within the call")
    check(ping.get("call-id") == inv.get("call-id") and ping.to_tag == "mock", "of the dialog")
    p.answer(ping, 200)
    p.sock.close()
    d.next("ENDED", 40, slot=8, by=3)
    d.next("CLOSED", slot=8)
    d.finish()


def a_phone_that_starts_anew_ends_its_old_call(binary):
    d, p, inv = phone_up(binary, 23)
    p.call_id = "another-life"
    p.auth = None
    p.register()
    m = p.register()
    check(m.code == 200, "registered anew, at the same place")
    u = p.expect("UPDATE", 3, what="is the call still there?")
    check(u.get("call-id") == inv.get("call-id"), "of the old call")
    p.answer(u, 481)
    d.next("ENDED", slot=8, by=3)
    p.take_bye()
    d.next("CLOSED", slot=8)
    d.order("dial 0")
    inv = p.expect("INVITE")
    p.answer(inv, 200, "OK", body=SDP)
    p.expect("ACK")
    d.next("ANSWERED", slot=8)
    check(sum(e["ev"] == "PHONE" for e in d.events) == 2, "told as on again")
    d.finish()


def our_own_question_may_move_the_media(binary):
    """A phone that knows no UPDATE is asked by a re-INVITE; its answer may name another port."""
    d, p, inv = phone_up(binary, 26, allow="INVITE, ACK, BYE, CANCEL")
    p.call_id, p.auth = "another-life", None
    p.register()
    check(p.register().code == 200, "registered anew")
    re_inv = p.expect("INVITE", 3, what="is the call still there?")
    check(re_inv.get("call-id") == inv.get("call-id") and re_inv.to_tag == "mock", "of the old call")
    versions = [int(re.search(r"o=- \d+ (\d+)", m.body).group(1)) for m in (inv, re_inv)]
    check(versions[1] > versions[0], "a new version: %s" % versions)
    p.answer(re_inv, 200, "OK", body=OTHER_SDP)
    p.expect("ACK")
    check(d.next("ANSWERED", slot=8)["port"] == 30100, "told")
    d.order("hangup 8")
    p.take_bye()
    d.next("CLOSED", slot=8)
    d.finish()


def a_consultation_goes_out_by_a_trunk(binary):
    port = BASE + 240
    d = Shard(binary, port, "--trunk", "127.0.0.1:%d" % (port + 5))
    t = Mock(port + 5)
    d.order("out 72 79160000009")
    inv = t.expect("INVITE")
    check("+79160000009" in inv.uri and inv.addr[1] == port, "from the phones' own port: %s %s" % (inv.uri, inv.addr))
    t.answer(inv, 180)
    t.answer(inv, 200, "OK", body=SDP)
    t.expect("ACK", 0.15, what="at once: nothing waits for the store")
    d.next("ANSWERED", slot=72)
    t.request(inv, "INVITE", 2, body=OTHER_SDP)
    t.expect("200")
    check(d.next("ANSWERED", slot=72)["port"] == 30100, "moved")
    d.order("hangup 72")
    t.take_bye()
    d.next("ENDED", slot=72)
    d.next("CLOSED", slot=72)
    d.finish()


def torture_messages_from_a_trunk_do_no_harm(binary):
    """RFC 4475 from an address that may call: whatever of it is a call is told, and refused."""
    port = BASE + 250
    d = Shard(binary, port, "--trunk", "127.0.0.1:%d" % (port + 5), "--trunk", "127.0.0.81:5060;in")
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.81", 5060))
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "rfc4475")
    for tcp in (False, True):
        for name in sorted(os.listdir(here)):
            if not name.endswith(".dat"):
                continue
            raw = open(os.path.join(here, name), "rb").read()
            if tcp:
                with socket.create_connection(("127.0.0.1", port), 5, ("127.0.0.81", 0)) as s:
                    s.sendall(raw.replace(b"SIP/2.0/UDP", b"SIP/2.0/TCP"))
                    s.sendall(raw.replace(b"SIP/2.0/UDP", b"SIP/2.0/TCP").replace(b"INVITE", b"CANCEL"))
                continue
            for text in (raw, raw, raw.replace(b"INVITE", b"CANCEL"), raw.replace(b"INVITE", b"ACK")):
                sock.sendto(text, ("127.0.0.1", port))
    d.wait_for(lambda e: e["ev"] == "INCOMING", "some are calls")
    told = [e["handle"] for e in d.events if e["ev"] == "INCOMING"]
    for h in told:
        d.order("reject %d 486" % h)
    t = Mock(port + 5)
    d.order("out 72 79160000009")
    t.answer_call()
    d.next("ANSWERED", slot=72)
    d.order("hangup 72")
    t.take_bye()
    d.next("CLOSED", slot=72)
    d.finish()


CASES = {f.__name__: f for f in (
    a_call_rings_and_is_answered, they_hang_up, cancel_before_anybody_took_it, cancel_while_it_rings, the_engine_refuses,
    what_cannot_be_taken_is_refused_at_once, who_calls_is_read_as_the_standards_say, a_flood_is_told_to_come_again,
    an_offer_may_come_in_the_ack, a_reinvite_moves_the_media, hanging_up_before_the_ack_waits_for_it, no_ack_ends_in_a_bye,
    a_recorded_route_is_kept, session_timers_are_kept, stopping_refuses_what_waits, a_phone_is_called_and_stays_up,
    a_phone_is_cancelled_when_nobody_answers, a_dead_phone_is_noticed, a_phone_that_starts_anew_ends_its_old_call,
    our_own_question_may_move_the_media, a_consultation_goes_out_by_a_trunk, torture_messages_from_a_trunk_do_no_harm)}
if __name__ == "__main__":
    main(CASES)
