#!/usr/bin/env python3
"""The registrar, message by message: a phone on a raw socket that counts its digest by itself."""
import hashlib

from siptest import *

REALM = "zvonar.test"
BASE = 17000


def ha1(user, password, realm=REALM):
    return hashlib.md5(("%s:%s:%s" % (user, realm, password)).encode()).hexdigest()


class Shard(Drive):
    """phonedrive; orders go to its stdin."""

    def __init__(self, binary, port, *args, phones=("anna:" + ha1("anna", "s1"), "boris:" + ha1("boris", "s2"))):
        self.port = port
        self.events = []
        self.cond = threading.Condition()
        self.proc = subprocess.Popen([binary, "--port", str(port), "--shard-port", str(port + 9), *map(str, args), *phones],
                                     stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.wait_for(lambda e: e["ev"] == "READY", "the driver is ready")

    def order(self, text):
        self.proc.stdin.write(text + "\n")
        self.proc.stdin.flush()

    def next(self, name, seconds=8, **want):
        """The next event of that name since the last one that was asked for."""
        at = getattr(self, "at", 0)
        end = time.monotonic() + seconds
        with self.cond:
            while True:
                for i in range(at, len(self.events)):
                    e = self.events[i]
                    if e["ev"] == name and all(e.get(k) == v for k, v in want.items()):
                        self.at = i + 1
                        return e
                left = end - time.monotonic()
                if left <= 0 or self.proc.poll() is not None:
                    raise Failed("no %s %s; came: %s" % (name, want, self.events[at:][-12:]))
                self.cond.wait(min(left, 0.2))

    def none(self, name, seconds=0.5):
        at = getattr(self, "at", 0)
        time.sleep(seconds)  # that nothing comes can only be waited for
        check(not any(e["ev"] == name for e in self.events[at:]), "no " + name)

    def ask(self, order, name):
        n = sum(e["ev"] == name for e in self.events)
        self.order(order)
        self.wait_for(lambda e: sum(x["ev"] == name for x in self.events) > n, "an answer to " + order)
        return [e for e in self.events if e["ev"] == name][-1]

    def finish(self, seconds=10):
        if self.proc.poll() is None:
            self.order("quit")
        return Drive.finish(self, seconds)


class Phone(Mock):
    """A phone's socket and its side of the registration."""

    def __init__(self, port, shard, user="anna", password="s1"):
        Mock.__init__(self, port)
        self.to = ("127.0.0.1", shard)
        self.user, self.password = user, password
        self.call_id = "reg-%d@phone" % port
        self.cseq, self.nc, self.auth = 0, 0, None

    def register(self, contact=None, expires=None, extra="", auth=True, user=None, call_id=None, via="", cseq=None,
                 aor=None, change=None):
        """One REGISTER, with the credentials that the last challenge asks for; its answer."""
        self.cseq = cseq or self.cseq + 1
        uri = "sip:127.0.0.1:%d" % self.to[1]
        head = ""
        if auth and self.auth:
            self.nc += 1
            f = {"username": user or self.user, "realm": self.auth["realm"], "nonce": self.auth["nonce"], "uri": uri,
                 "qop": "auth", "nc": "%08x" % self.nc, "cnonce": "c%d" % self.nc}
            f["response"] = digest(f["username"], f["realm"], self.password, "REGISTER", f)
            f.update(change or {})
            head = "Authorization: Digest " + ", ".join(
                "%s=%s" % (k, v if k in ("qop", "nc") else '"%s"' % v) for k, v in f.items()) + "\r\n"
        if contact is None:
            contact = "<sip:%s@127.0.0.1:%d>" % (aor or self.user, self.port)
        text = ("REGISTER %s SIP/2.0\r\n%sVia: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bKr%d-%d;rport\r\nMax-Forwards: 70\r\n"
                "From: <sip:%s@%s>;tag=f%d\r\nTo: <sip:%s@%s>\r\nCall-ID: %s\r\nCSeq: %d REGISTER\r\n" % (
                    uri, via, self.port, self.cseq, time.monotonic_ns(), aor or self.user, REALM, self.port,
                    aor or self.user, REALM, call_id or self.call_id, self.cseq))
        if contact:
            text += "Contact: %s\r\n" % contact
        if expires is not None:
            text += "Expires: %d\r\n" % expires
        self.last = text + extra + head + "Content-Length: 0\r\n\r\n"
        self.send(self.last, self.to)
        return self.reply()

    def reply(self, seconds=3):
        aside = []
        m = self.recv(seconds)
        while m is not None and m.code is None:  # a request of a call that it is in
            aside.append(m)
            m = self.recv(seconds)
        self.kept = aside + self.kept
        check(m is not None, "an answer to REGISTER")
        if m.code == 401:
            self.auth, self.nc = auth_fields(m.get("www-authenticate")), 0
        return m

    def login(self, **kw):
        m = self.register(**kw)
        if m.code == 401:
            m = self.register(**kw)
        return m


def registers_with_a_digest(binary):
    d = Shard(binary, BASE)
    p = Phone(BASE + 5, BASE)
    m = p.register(expires=300)
    check(m.code == 401, "challenged")
    a = p.auth
    check(a["realm"] == REALM and a["algorithm"] == "MD5" and a["qop"] == "auth" and "stale" not in a, "how: %s" % a)
    check(not any(e["ev"] == "PHONE" for e in d.events), "nothing is told yet")
    m = p.register(expires=300)
    check(m.code == 200, "taken: %s" % m.first)
    check(re.search(r"<sip:anna@127.0.0.1:%d>;expires=(300|299)" % p.port, m.get("contact")), "Contact: " + m.get("contact"))
    time.strptime(m.get("date"), "%a, %d %b %Y %H:%M:%S GMT")
    check(m.to_tag, "a To tag")
    d.next("PHONE", agent=0, on=1)
    seen = d.ask("seen 0", "SEEN")
    check(seen["on"] == 1 and seen["contact"] == "sip:anna@127.0.0.1:%d" % p.port and 295 <= seen["left_s"] <= 300,
          "any thread may see it: %s" % seen)
    check(d.ask("seen 1", "SEEN")["on"] == 0, "the other is nowhere")
    # The same nonce again, counted on; the same place: nothing new is told.
    m = p.register(expires=600)
    check(m.code == 200 and "expires=600" in m.get("contact") or "expires=599" in m.get("contact"), "refreshed: " + m.first)
    d.none("PHONE")
    # A question changes nothing.
    m = p.register(contact="")
    check(m.code == 200 and "sip:anna@127.0.0.1" in m.get("contact"), "asked: " + m.get("contact"))
    # Gone by his own word.
    m = p.register(expires=0)
    check(m.code == 200 and not m.has("contact"), "unregistered: " + m.get("contact"))
    d.next("PHONE", agent=0, on=0)
    check(d.ask("seen 0", "SEEN")["on"] == 0, "nobody sees it any more")
    m = p.register(expires=100)
    d.next("PHONE", agent=0, on=1)
    m = p.register(contact="*", expires=0)
    check(m.code == 200, "star: " + m.first)
    d.next("PHONE", agent=0, on=0)
    check(p.register(contact="*", expires=10).code == 400, "a star that stays")
    check(p.register(contact="*, <sip:a@127.0.0.1>", expires=0).code == 400, "a star in company")
    d.finish()


def contact_expires_goes_before_the_header_and_has_bounds(binary):
    d = Shard(binary, BASE + 10, "--min", 60, "--max", 600)
    p = Phone(BASE + 15, BASE + 10)
    p.register()
    c = "<sip:anna@127.0.0.1:%d>" % p.port
    m = p.register(contact=c + ";expires=120", expires=300)
    check(m.code == 200 and re.search("expires=1(20|19)", m.get("contact")), "its own: " + m.get("contact"))
    m = p.register(contact=c, expires=100000)
    check(m.code == 200 and re.search("expires=(600|599)", m.get("contact")), "cut: " + m.get("contact"))
    m = p.register(contact=c)
    check(m.code == 200 and re.search("expires=(600|599)", m.get("contact")), "none said: " + m.get("contact"))
    m = p.register(contact=c + ";expires=59")
    check(m.code == 423 and m.get("min-expires") == "60", "too brief: %s %s" % (m.first, m.get("min-expires")))
    check(d.ask("seen 0", "SEEN")["left_s"] > 500, "and nothing is changed")
    m = p.register(contact=c + ";expires=0")
    check(m.code == 200 and not m.has("contact"), "gone: " + m.get("contact"))
    for bad in ("<tel:+79160000001>", "<sip:%s@127.0.0.1>" % ("x" * 300), "<https://example.com/>"):
        check(p.register(contact=bad).code == 400, "no such contact: " + bad[:20])
    m = p.register(contact="<sip:anna@127.0.0.1:5>;expires=abc")
    check(m.code in (200, 400), "junk expires: " + m.first)
    d.finish()


def a_registration_runs_out(binary):
    d = Shard(binary, BASE + 20, "--min", 1)
    p = Phone(BASE + 25, BASE + 20)
    p.register()
    at = time.monotonic()
    check(p.register(expires=2).code == 200, "taken")
    d.next("PHONE", on=1)
    d.next("PHONE", on=0)
    check(1.8 < time.monotonic() - at < 3.2, "after its two seconds: %.1f" % (time.monotonic() - at))
    check(d.ask("seen 0", "SEEN")["on"] == 0, "nowhere")
    d.finish()


def a_wrong_password_and_an_unknown_user_look_alike(binary):
    d = Shard(binary, BASE + 30, "--fails", 100,
              phones=("anna:" + ha1("anna", "s1"), "boris:" + ha1("boris", "s2"), "nohash:-"))
    answers = []
    for user, password in (("anna", "wrong"), ("nobody", "s1"), ("nohash", ""), ("anna", "s2")):
        p = Phone(BASE + 35, BASE + 30, user, password)
        first, second = p.register(), p.register()
        check(first.code == 401 and second.code == 401, "%s is not let in" % user)
        check("stale" not in second.get("www-authenticate"), "and not told to try the same again")
        answers.append(sorted(n for n, _ in second.headers))
        p.sock.close()
    check(all(a == answers[0] for a in answers), "the same headers for all: %s" % answers)
    # boris with his own password in the name of anna; anna's answer in another's name
    p = Phone(BASE + 35, BASE + 30, "boris", "s2")
    p.register(aor="anna")
    check(p.register(aor="anna").code == 401, "nobody registers for somebody else")
    p.sock.close()
    p = Phone(BASE + 36, BASE + 30)
    p.register()
    for what, change in (("another realm", {"realm": "elsewhere"}), ("no quality", {"qop": "auth-int"}),
                         ("a short response", {"response": "00"}), ("an empty cnonce", {"cnonce": ""}),
                         ("another URI", {"uri": "sip:other.example"}), ("a long name", {"username": "x" * 500})):
        check(p.register(change=change).code == 401, what)
    check(p.login().code == 200, "and right is right")
    check(d.ask("stats", "STATS")["wrong"] >= 4, "counted")
    d.next("PHONE", agent=0, on=1)
    d.finish()


def old_and_foreign_nonces_are_stale(binary):
    d = Shard(binary, BASE + 40, "--fails", 2)
    p = Phone(BASE + 45, BASE + 40)
    p.register()
    good = dict(p.auth)
    for nonce in ("f" * 40, "00" * 20, good["nonce"][:-1] + ("0" if good["nonce"][-1] != "0" else "1"), "x", "%s1" % good["nonce"]):
        p.auth = dict(good, nonce=nonce)
        m = p.register()
        check(m.code == 401 and auth_fields(m.get("www-authenticate")).get("stale") == "true",
              "right password, wrong nonce: stale: " + m.get("www-authenticate"))
    check(d.ask("stats", "STATS")["wrong"] == 0, "that is no wrong guess")
    # What was taken once is not taken again: who overhears a REGISTER gains nothing.
    p.auth, p.nc = good, 0
    check(p.register().code == 200, "the first use")
    heard = p.last
    check(p.register().code == 200, "the second")
    d.next("PHONE", on=1)
    thief = Phone(BASE + 46, BASE + 40)
    thief.send(heard.replace("127.0.0.1:%d>" % p.port, "127.0.0.1:%d>" % thief.port), thief.to)
    p_answer = p.recv(0.3)
    m = p_answer or thief.recv(2)
    check(m.code == 401 and "stale=true" in m.get("www-authenticate"), "a count that was used: " + m.first)
    thief.auth, thief.nc, thief.call_id = good, 0, "thief"
    check(thief.register().code == 401, "also with another Call-ID")
    check(str(p.port) in d.ask("seen 0", "SEEN")["contact"], "anna is where she was")
    # Once a newer nonce was used the older ones are over.
    q = Phone(BASE + 47, BASE + 40)
    q.register()
    check(q.register().code == 200, "a newer nonce")
    p.auth, p.nc = good, 10
    m = p.register()
    check(m.code == 401 and "stale=true" in m.get("www-authenticate"), "the older is over: " + m.first)
    d.finish()


def a_lost_answer_is_given_again(binary):
    d = Shard(binary, BASE + 50)
    p = Phone(BASE + 55, BASE + 50)
    p.register()
    check(p.register().code == 200, "taken")
    d.next("PHONE", on=1)
    for _ in range(3):
        p.send(p.last, p.to)
        check(p.reply().code == 200, "and again")
    d.none("PHONE", 0.3)
    check(d.ask("stats", "STATS")["registers"] == 1, "once")
    # An older CSeq of the same Call-ID is out of order.
    check(p.register(cseq=1).code == 500, "out of order")
    d.finish()


def guessing_is_followed_by_silence(binary):
    d = Shard(binary, BASE + 60, "--fails", 3)
    p = Phone(BASE + 65, BASE + 60, password="guess")
    p.register()
    for i in range(3):
        check(p.register().code == 401, "guess %d" % i)
    p.send(p.last, p.to)
    check(p.recv(0.5) is None, "no word to him any more")
    p.password = "s1"
    p.send(p.last.replace("z9hG4bKr", "z9hG4bKq"), p.to)
    check(p.recv(0.5) is None, "whatever he says")
    # Another address is served as ever.
    q = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    q.bind(("127.0.0.9", BASE + 66))
    q.settimeout(3)
    q.sendto(p.last.replace("127.0.0.1:%d;" % p.port, "127.0.0.9:%d;" % (BASE + 66)).encode(), p.to)
    check(b"401" in q.recv(4096)[:14], "another address is challenged")
    st = d.ask("stats", "STATS")
    check(st["dropped"] == 2 and st["wrong"] >= 3, "counted: %s" % st)
    # Calls go on from a silenced address: only its REGISTERs are dropped.
    d.finish()


def the_newest_phone_wins(binary):
    d = Shard(binary, BASE + 70)
    a, b = Phone(BASE + 75, BASE + 70), Phone(BASE + 76, BASE + 70)
    check(a.login().code == 200, "the first")
    d.next("PHONE", on=1)
    m = b.login()
    check(m.code == 200 and str(b.port) in m.get("contact") and str(a.port) not in m.get("contact"),
          "one phone an agent: " + m.get("contact"))
    d.next("PHONE", on=1)
    d.order("dial 0")
    inv = b.expect("INVITE")
    check(a.recv(0.3) is None, "the first is not called")
    b.answer(inv, 486, "Busy")
    d.next("FAILED", code=486)
    d.next("CLOSED")
    # The first one's goodbye means itself.
    a.login(expires=0)
    check(d.ask("seen 0", "SEEN")["on"] == 1, "the second stays")
    d.finish()


def settings_change_while_it_runs(binary):
    d = Shard(binary, BASE + 80, "--fails", 1000)
    p = Phone(BASE + 85, BASE + 80)
    check(p.login().code == 200, "in")
    d.next("PHONE", agent=0, on=1)
    d.order("phones anna:%s boris:%s vera:%s" % (ha1("anna", "s1"), ha1("boris", "s2"), ha1("vera", "s3")))
    v = Phone(BASE + 86, BASE + 80, "vera", "s3")
    end = time.monotonic() + 3
    while v.login().code != 200:
        check(time.monotonic() < end, "a new user may register")
        time.sleep(0.05)
    d.next("PHONE", agent=2, on=1)
    check(d.ask("seen 0", "SEEN")["on"] == 1, "whom it does not concern stays registered")
    d.order("phones anna:%s boris:%s:sip:boris@127.0.0.1:%d" % (ha1("anna", "new"), ha1("boris", "s2"), BASE + 87))
    d.next("PHONE", agent=0, on=0)
    d.next("PHONE", agent=1, on=1)
    d.next("PHONE", agent=2, on=0)
    check(p.login().code == 401, "the old password is over")
    b = Phone(BASE + 87, BASE + 80, "boris", "s2")
    check(b.login().code == 403, "a fixed phone needs no registration")
    d.order("dial 1")
    inv = b.expect("INVITE")
    check(inv.uri == "sip:boris@127.0.0.1:%d" % (BASE + 87), "and is called where it is: " + inv.uri)
    b.answer(inv, 603, "No")
    d.next("FAILED", code=603)
    d.finish()


def path_is_for_proxies_of_ours(binary):
    d = Shard(binary, BASE + 90, "--proxy", "127.0.0.7")
    p = Phone(BASE + 95, BASE + 90)
    path = "Path: <sip:127.0.0.7:%d;lr>\r\nSupported: path\r\n" % (BASE + 96)
    check(p.register(extra=path).code == 403, "from anybody else it is refused")
    check(p.login().code == 200, "without, it is taken")
    d.next("PHONE", on=1)
    proxy = Phone(BASE + 96, BASE + 90)
    proxy.sock.close()
    proxy.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    proxy.sock.bind(("127.0.0.7", BASE + 96))
    via = "Via: SIP/2.0/UDP 127.0.0.7:%d;branch=z9hG4bKp%d\r\n" % (BASE + 96, time.monotonic_ns())
    kw = dict(extra=path, via=via, contact="<sip:anna@10.1.2.3:5060>")
    m = proxy.register(**kw)
    check(m.code == 401, "through the proxy: challenged all the same")
    m = proxy.register(**kw)
    check(m.code == 200 and "127.0.0.7" in m.get("path"), "taken, its Path is told back: %s %s" % (m.first, m.get("path")))
    d.next("PHONE", on=1)
    d.order("dial 0")
    inv = proxy.expect("INVITE")
    check(inv.uri == "sip:anna@10.1.2.3:5060", "for the phone's own Contact: " + inv.uri)
    check("<sip:127.0.0.7:%d;lr>" % (BASE + 96) in inv.get("route"), "by the Path: " + inv.get("route"))
    rr = "Record-Route: <sip:127.0.0.7:%d;lr;x=1>\r\n" % (BASE + 96)
    proxy.answer(inv, 200, "OK", body=SDP, extra=rr, contact="10.1.2.3:5060")
    ack = proxy.expect("ACK")
    check("x=1" in ack.get("route") and ack.uri == "sip:10.1.2.3:5060", "the ACK by the recorded route: %s" % ack.get("route"))
    d.next("ANSWERED", sdp=1)
    d.order("hangup 8")
    proxy.take_bye()
    d.next("CLOSED")
    d.finish()


def a_phone_behind_a_nat_is_called_where_it_sends_from(binary):
    d = Shard(binary, BASE + 100)
    p = Phone(BASE + 105, BASE + 100)
    check(p.login(contact="<sip:anna@192.168.7.7:5062;ob>").code == 200, "in")
    d.next("PHONE", on=1)
    d.order("dial 0")
    inv = p.expect("INVITE")
    check(inv.uri == "sip:anna@192.168.7.7:5062;ob", "the URI is its Contact: " + inv.uri)
    sdp = SDP.replace("c=IN IP4 127.0.0.1", "c=IN IP4 192.168.7.7")
    p.answer(inv, 200, "OK", body=sdp, contact="192.168.7.7:5062")
    p.expect("ACK")
    e = d.next("ANSWERED")
    check(e["ip"] == "127.0.0.1" and e["port"] == 30000, "media go to its public side: %s" % e)
    d.order("hangup 8")
    p.take_bye()
    d.next("ENDED", by=1)
    d.next("CLOSED")
    d.finish()


def a_phone_by_tcp_is_called_over_its_own_connection(binary):
    d = Shard(binary, BASE + 110)
    s = socket.create_connection(("127.0.0.1", BASE + 110), 5)
    s.settimeout(5)
    mine = s.getsockname()

    class Tcp(Phone):
        def __init__(self):
            self.kept, self.seen, self.buf = [], [], b""
            self.sock, self.port, self.to = s, mine[1], ("127.0.0.1", BASE + 110)
            self.user, self.password, self.call_id = "anna", "s1", "tcp"
            self.cseq, self.nc, self.auth = 0, 0, None

        def send(self, text, addr):
            s.sendall(text.replace("SIP/2.0/UDP", "SIP/2.0/TCP").encode())

        def recv(self, seconds):
            end = time.monotonic() + seconds
            while b"\r\n\r\n" not in self.buf.lstrip(b"\r\n"):
                if not select.select([s], [], [], max(0, end - time.monotonic()))[0]:
                    return None
                got = s.recv(65536)
                if not got:
                    return None
                self.buf += got
            self.buf = self.buf.lstrip(b"\r\n")
            head, _, rest = self.buf.partition(b"\r\n\r\n")
            n = int(re.search(rb"(?i)content-length: *(\d+)", head).group(1))
            while len(rest) < n:
                rest += s.recv(65536)
            self.buf = rest[n:]
            m = Message(head + b"\r\n\r\n" + rest[:n], ("127.0.0.1", BASE + 110), time.monotonic())
            self.seen.append(m)
            return m

    p = Tcp()
    check(p.login(contact="<sip:anna@192.168.1.1:5060;transport=tcp>").code == 200, "in")
    d.next("PHONE", on=1)
    d.order("dial 0")
    inv = p.expect("INVITE")
    check("transport=tcp" in inv.get("contact").lower(), "our Contact names TCP: " + inv.get("contact"))
    p.answer(inv, 200, "OK", body=SDP, contact="192.168.1.1:5060;transport=tcp")
    p.expect("ACK")
    d.next("ANSWERED")
    d.order("hangup 8")
    p.take_bye()
    d.next("CLOSED")
    s.close()
    d.next("PHONE", on=0)  # nobody can be reached by a closed connection
    d.order("dial 0")
    d.next("FAILED", code=480, local=1)
    d.next("CLOSED")
    d.finish()


def only_an_agents_own_requests_are_taken(binary):
    d = Shard(binary, BASE + 120)
    p = Phone(BASE + 125, BASE + 120)
    check(p.login().code == 200, "in")
    d.next("PHONE", on=1)

    def ask(method, sock=p, extra="", to=""):
        text = ("%s sip:79160000001@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bKo%d;rport\r\n"
                "Max-Forwards: 70\r\nFrom: <sip:anna@x>;tag=1\r\nTo: <sip:79160000001@x>%s\r\nCall-ID: o%d\r\nCSeq: 1 %s\r\n"
                "Contact: <sip:anna@127.0.0.1:%d>\r\n%sContent-Length: 0\r\n\r\n" % (
                    method, sock.port, time.monotonic_ns(), to, time.monotonic_ns(), method, sock.port, extra))
        sock.send(text, p.to)
        return sock.recv(3)

    m = ask("INVITE")
    check(m.code == 403 and "screen" in m.get("warning"), "calls are placed at the screen: %s %s" % (m.first, m.get("warning")))
    other = Mock(BASE + 126)
    m = ask("INVITE", other)
    check(m.code == 403 and not m.has("warning"), "a stranger: " + m.first)
    for method, code in (("OPTIONS", 200), ("SUBSCRIBE", 405), ("MESSAGE", 405), ("PUBLISH", 405), ("REFER", 405),
                         ("FOO", 501), ("BYE", 481), ("CANCEL", 481), ("INFO", 481)):
        check(ask(method, other).code == code, "%s: %d" % (method, code))
    check(ask("INVITE", other, to=";tag=zz").code == 481, "within no dialog")
    check(ask("REGISTER", other, "Require: gruu\r\n").code == 420, "an extension")
    check(not any(e["ev"] == "INCOMING" for e in d.events), "the engine hears of nothing")
    d.finish()


CASES = {f.__name__: f for f in (
    registers_with_a_digest, contact_expires_goes_before_the_header_and_has_bounds, a_registration_runs_out,
    a_wrong_password_and_an_unknown_user_look_alike, old_and_foreign_nonces_are_stale, a_lost_answer_is_given_again,
    guessing_is_followed_by_silence, the_newest_phone_wins, settings_change_while_it_runs, path_is_for_proxies_of_ours,
    a_phone_behind_a_nat_is_called_where_it_sends_from, a_phone_by_tcp_is_called_over_its_own_connection,
    only_an_agents_own_requests_are_taken)}
if __name__ == "__main__":
    main(CASES)
