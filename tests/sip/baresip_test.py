#!/usr/bin/env python3
"""Softphones that we did not write: baresip registers, is called, stays up, is killed and comes back;
also by TCP and behind a Kamailio.  Their RTP is looked at on the slot's own port."""
import shutil
import tempfile

from phones_test import *

BASE = 17500
RTP = 17700 + 2 * 8  # of agent 0; the tests' ranges are 20 apart, one port of each is used

CONFIG = """
sip_listen 127.0.0.1:{port}
audio_player aubridge,x
audio_source aubridge,x
audio_alert aubridge,y
rtp_ports {rtp}-{rtp_end}
module_path /usr/lib/baresip/modules
module g711.so
module aubridge.so
module_app account.so
module_app menu.so
module_app stdio.so
"""


class Baresip:
    """One softphone in a directory of its own."""

    def __init__(self, tmp, port, server, password="s1", user="anna", params="", outbound=""):
        self.dir = os.path.join(tmp, "phone-%d" % port)
        os.makedirs(self.dir, exist_ok=True)
        with open(os.path.join(self.dir, "config"), "w") as f:
            f.write(CONFIG.format(port=port, rtp=port + 20, rtp_end=port + 38))
        with open(os.path.join(self.dir, "accounts"), "w") as f:
            f.write("<sip:%s@%s%s>;auth_user=%s;auth_pass=%s;regint=60;answermode=auto;ptime=20%s\n" % (
                user, server, params, user, password, ";outbound=\"%s\"" % outbound if outbound else ""))
        open(os.path.join(self.dir, "contacts"), "w").close()
        self.start()

    def start(self):
        self.proc = subprocess.Popen(["baresip", "-4", "-f", self.dir, "-t", "120"], stdin=subprocess.PIPE,
                                     stdout=open(os.path.join(self.dir, "out"), "w"), stderr=subprocess.STDOUT,
                                     cwd=self.dir)

    def out(self):
        return open(os.path.join(self.dir, "out"), errors="replace").read()[-1500:]

    def kill9(self):
        self.proc.kill()
        self.proc.wait()

    def stop(self):
        if self.proc.poll() is None:
            self.proc.terminate()
            try:
                self.proc.wait(5)
            except subprocess.TimeoutExpired:
                self.kill9()


def packets(sock, n, seconds=5):
    """RTP as it comes: n packets of 20 ms PCMA, in order."""
    got = []
    end = time.monotonic() + seconds
    while len(got) < n and time.monotonic() < end:
        if select.select([sock], [], [], 0.2)[0]:
            raw = sock.recv(2048)
            if len(raw) >= 12 and raw[0] >> 6 == 2 and raw[1] & 0x7f == 8:
                got.append(raw)
    check(len(got) == n, "%d packets of PCMA came, not %d" % (len(got), n))
    check(all(len(p) == 172 for p in got), "20 ms each")
    seq = [struct.unpack_from(">H", p, 2)[0] for p in got]
    check(all((b - a) & 0xffff == 1 for a, b in zip(seq, seq[1:])), "in order: %s" % seq)


def live(d, phone, rtp, calls=1):
    """Called, answered by itself, heard."""
    d.order("dial 0")
    e = d.next("ANSWERED", 15, slot=8)
    check(e["pt"] == 8 and e["dtmf"] != 0, "PCMA and keys: %s" % e)
    # Its bridge sounds when something comes in.
    for i in range(40):
        rtp.sendto(struct.pack(">BBHII", 0x80, 8, i, 160 * i, 7) + bytes([0xd5] * 160), ("127.0.0.1", e["port"]))
        time.sleep(0.005)
    packets(rtp, 20)
    return e


KAMAILIO = """#!KAMAILIO
debug=1
log_stderror=yes
fork=no
listen=udp:127.0.0.7:{port}
disable_tcp=yes
auto_aliases=no
mpath="/usr/lib/x86_64-linux-gnu/kamailio/modules/"
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "rr.so"
loadmodule "path.so"
loadmodule "pv.so"
loadmodule "siputils.so"
loadmodule "textops.so"
modparam("path", "use_received", 1)
request_route {{
    if (is_method("REGISTER")) {{
        add_path_received();
        $du = "sip:127.0.0.1:{shard}";
        t_relay();
        exit;
    }}
    if (is_method("CANCEL")) {{
        if (t_check_trans()) t_relay();
        exit;
    }}
    # A Path alone (RFC 3327) is taken off and followed, but is no route of a dialog.
    if (is_method("INVITE") && !has_totag() && src_ip == 127.0.0.1) {{
        loose_route();
        record_route();
        t_relay();
        exit;
    }}
    if (loose_route()) {{
        t_relay();
        exit;
    }}
    if (is_method("ACK")) {{
        if (t_check_trans()) t_relay();
        exit;
    }}
    sl_send_reply("404", "Not here");
}}
"""


class Kamailio:
    def __init__(self, tmp, port, shard):
        self.file = os.path.join(tmp, "kamailio.cfg")
        with open(self.file, "w") as f:
            f.write(KAMAILIO.format(port=port, shard=shard))
        self.log = os.path.join(tmp, "kamailio.log")
        self.proc = subprocess.Popen(["kamailio", "-f", self.file, "-DD", "-E", "-m", "32", "-M", "8", "-Y", tmp,
                                      "-P", os.path.join(tmp, "pid")], stdout=open(self.log, "w"),
                                     stderr=subprocess.STDOUT, start_new_session=True)
        end = time.monotonic() + 15
        while (":%04X " % port) not in open("/proc/net/udp").read():
            check(time.monotonic() < end and self.proc.poll() is None,
                  "Kamailio starts: " + open(self.log, errors="replace").read()[-1500:])
            time.sleep(0.05)

    def stop(self):
        if self.proc.poll() is None:
            self.proc.terminate()
            try:
                self.proc.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(self.proc.pid, signal.SIGKILL)  # its own group: start_new_session
                self.proc.wait()


def run(binary, n, scenario, *args, params="", outbound="", proxy=False):
    if shutil.which("baresip") is None or (proxy and shutil.which("kamailio") is None):
        sys.exit(77)
    port = BASE + 60 * n
    rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    rtp.bind(("127.0.0.1", RTP + 20 * n))
    with tempfile.TemporaryDirectory() as tmp:
        front = Kamailio(tmp, port + 50, port) if proxy else None
        d = Shard(binary, port, "--rtp", 17700 + 20 * n, *args)
        phone = Baresip(tmp, port + 10, "127.0.0.1:%d" % port, params=params, outbound=outbound)
        try:
            scenario(d, phone, rtp, tmp)
        except Failed as e:
            raise Failed("%s\nbaresip: %s" % (e, phone.out()))
        finally:
            phone.stop()
            if front:
                front.stop()
        d.finish(20)


def stays_up_is_killed_and_comes_back(d, phone, rtp, tmp):
    d.next("PHONE", 15, on=1)
    seen = d.ask("seen 0", "SEEN")
    check("baresip" in seen["ua"].lower(), "which says what it is: %s" % seen)
    live(d, phone, rtp)
    # Over three seconds, as between calls: it stays.
    packets(rtp, 100)
    check(not any(e["ev"] in ("ENDED", "FAILED") for e in d.events), "the leg stays up")
    phone.kill9()
    d.next("ENDED", 35, slot=8)
    d.next("CLOSED", 15, slot=8)
    phone.start()
    d.next("PHONE", 15, on=1)
    live(d, phone, rtp)
    # And a second time: its new life tells at once that the old call is gone.
    phone.kill9()
    at = time.monotonic()
    phone.start()
    d.next("ENDED", 20, slot=8)
    check(time.monotonic() - at < 12, "at its new registration: %.1f s" % (time.monotonic() - at))
    d.next("CLOSED", 15, slot=8)
    live(d, phone, rtp)
    d.order("hangup 8")
    d.next("ENDED", slot=8, by=1)
    d.next("CLOSED", slot=8)
    # A goodbye in order.
    phone.stop()
    d.next("PHONE", 10, on=0)


def a_softphone_stays_up_is_killed_and_comes_back(binary):
    run(binary, 0, stays_up_is_killed_and_comes_back)


def by_tcp(d, phone, rtp, tmp):
    d.next("PHONE", 15, on=1)
    live(d, phone, rtp)
    d.order("hangup 8")
    d.next("CLOSED", slot=8)
    seen = d.ask("seen 0", "SEEN")
    check("transport=tcp" in seen["contact"].lower(), "by TCP: %s" % seen)


def a_softphone_by_tcp(binary):
    run(binary, 1, by_tcp, params=";transport=tcp")


def by_proxy(d, phone, rtp, tmp):
    d.next("PHONE", 15, on=1)
    live(d, phone, rtp)
    d.order("hangup 8")
    d.next("ENDED", slot=8, by=1)
    d.next("CLOSED", 5, slot=8)
    live(d, phone, rtp)
    phone.stop()
    d.next("ENDED", 10, slot=8, by=0)  # its BYE comes by the recorded route
    d.next("CLOSED", slot=8)
    d.next("PHONE", 10, on=0)


def a_softphone_behind_kamailio(binary):
    """REGISTER with a Path, calls by it (RFC 3327), digest all the same."""
    run(binary, 2, by_proxy, "--proxy", "127.0.0.7", proxy=True,
        outbound="sip:127.0.0.7:%d" % (BASE + 170))


CASES = {f.__name__: f for f in (a_softphone_stays_up_is_killed_and_comes_back, a_softphone_by_tcp, a_softphone_behind_kamailio)}
if __name__ == "__main__":
    main(CASES)
