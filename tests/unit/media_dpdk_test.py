#!/usr/bin/env python3
"""Packet I/O by DPDK without a network card and without a privilege: rings of its own, and files of
frames that tshark judges.  Usage: media_dpdk_test.py MEDIA_BED MODULE WORK_FOLDER"""
import os
import shutil
import struct
import subprocess
import sys
import unittest

BED, MODULE, WORK = (os.path.abspath(path) for path in sys.argv[1:4])
HERE = os.path.dirname(os.path.abspath(__file__))
sys.argv[1:] = [BED, WORK]
sys.path[:0] = [HERE, os.path.join(HERE, "..", "support")]
from house import wait_for  # noqa: E402
from media_peer_test import Bed  # noqa: E402

IP, FAR, PORT = "10.9.0.1", "10.9.0.2", 17000


def packed(ip):
    return bytes(int(part) for part in ip.split("."))


def frame(src=FAR, sport=30000, dst=IP, dport=PORT, payload=b"", kind=0x0800, ihl=5, flags=0x4000, proto=17,
          udp_len=None, ip_len=None, vlan=False):
    """A frame by hand; checksums are 0 or missing, which DPDK's side does not mind."""
    udp = struct.pack("!HHHH", sport, dport, 8 + len(payload) if udp_len is None else udp_len, 0) + payload
    total = ihl * 4 + len(udp) if ip_len is None else ip_len
    ip = struct.pack("!BBHHHBBH4s4s", 0x40 | ihl, 0, total, 0, flags, 64, proto, 0, packed(src), packed(dst))
    tag = struct.pack("!HH", 0x8100, 7) if vlan else b""
    return bytes(6) + bytes(6) + tag + struct.pack("!H", kind) + ip + bytes(max(0, ihl * 4 - 20)) + udp


def sound(seq):
    return struct.pack("!BBHII", 0x80, 8, seq & 0xffff, 160 * seq & 0xffffffff, 77) + bytes([0xd5]) * 160


def write_pcap(path, frames):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for i, data in enumerate(frames):
            f.write(struct.pack("<IIII", 1, i, len(data), len(data)) + data)


class Dpdk(unittest.TestCase):
    def bed(self, device, *options, slots=8):
        # A user without any right, where the test itself has them.
        program = [BED]
        if os.geteuid() == 0 and shutil.which("setpriv"):
            os.chmod(WORK, 0o777)
            program = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", BED]
        bed = Bed("io=dpdk", f"dpdk.module={MODULE}", f"dpdk.device={device}", "dpdk.steer=3", f"ip={IP}",
                  *options, slots=slots, program=program)
        self.addCleanup(lambda: bed.p.poll() is None and bed.end())
        self.assertEqual(bed.first[0], "ready", bed.first)
        return bed

    def stats(self, bed):
        bed.say("stats")
        io = bed.wait(lambda l: l[0] == "stats_io")
        names = ["lost", "unresolved", "full", "foreign", "handed", "up", "down"]
        return dict(zip(names, map(int, io[2:]))), [int(x) for x in bed.wait(lambda l: l[0] == "stats")[1:]]

    def talk_to_each_other(self, *options):
        """Slots 0 and 1 are each other's far end, over a ring that brings back what is sent."""
        bed = self.bed("net_ring0", *options)
        bed.say(f"open 0 1 {IP} {PORT + 2} 8 101")
        bed.say(f"open 1 1 {IP} {PORT} 8 101")
        for key in "159#":
            bed.say(f"key 0 1 {key}")
        for key in "*7":
            bed.say(f"key 1 1 {key}")
        heard = {"0": "", "1": ""}
        while len(heard["1"]) < 4 or len(heard["0"]) < 2:
            line = bed.event("key")
            heard[line[1]] += line[3]
        self.assertEqual(heard, {"0": "*7", "1": "159#"})
        io, _ = self.stats(bed)
        bed.say("close 0 1")
        closed = [int(x) for x in bed.event("closed")[3:]]
        self.assertGreater(closed[0], 15)
        self.assertEqual(closed[2:4], [0, 0], "no loss, nobody kept out")
        bed.end()
        self.assertEqual(bed.p.returncode, 0)
        return io

    def test_two_streams_hear_each_other(self):
        self.assertEqual(self.talk_to_each_other()["handed"], 0)

    def test_what_comes_on_another_threads_queue_is_handed_over(self):
        self.assertGreater(self.talk_to_each_other("threads=2")["handed"], 15)

    def test_bridged_streams_pass_on_at_once(self):
        bed = self.bed("net_ring0")
        # 0 speaks to 1, 1 hands what it hears to 2, whose far end is 3.
        for slot, to in ((0, 1), (1, 0), (2, 3), (3, 2)):
            bed.say(f"open {slot} 1 {IP} {PORT + 2 * to} 8 101")
        bed.say("link 2 1 1 1 1 1")
        bed.say("key 0 1 5")
        self.assertEqual([bed.event("key")[1] for _ in range(2)], ["1", "3"])
        self.assertTrue(wait_for(lambda: self.passed_on(bed) > 20, 10))

    def passed_on(self, bed):
        bed.say("stats")
        return int(bed.wait(lambda l: l[0] == "stats_of" and l[1] == "0")[3])

    def test_what_leaves_is_right_by_tshark(self):
        out = os.path.join(WORK, "out.pcap")
        if os.path.exists(out):
            os.remove(out)
        write_pcap(os.path.join(WORK, "none.pcap"), [])
        bed = self.bed(f"net_pcap0,rx_pcap={WORK}/none.pcap,tx_pcap={out}")
        bed.say(f"open 0 1 {FAR} 30000 8 101")
        bed.say("key 0 1 5")
        self.assertTrue(wait_for(lambda: self.stats(bed)[1][0] >= 50, 10))
        bed.say("close 0 1")
        bed.event("closed")
        bed.end()
        rows = subprocess.run(
            ["tshark", "-n", "-r", out, "-d", "udp.port==30000,rtp", "-o", "ip.check_checksum:TRUE", "-o",
             "udp.check_checksum:TRUE", "-T", "fields", *(w for name in (
                 "rtp.seq", "rtp.timestamp", "ip.checksum.status", "udp.checksum.status", "ip.src", "ip.dst",
                 "udp.srcport", "udp.dstport", "ip.dsfield.dscp", "rtp.p_type", "ip.flags.df", "_ws.expert")
                 for w in ("-e", name))], capture_output=True, text=True, check=True).stdout.splitlines()
        rtp = [row.split("\t") for row in rows if row.split("\t")[7] == "30000"]
        self.assertGreaterEqual(len(rtp), 50)
        for row in rtp:
            self.assertEqual(row[2:9] + row[10:], ["1", "1", IP, FAR, str(PORT), "30000", "46", "1", ""])
        self.assertEqual({row[9] for row in rtp}, {"8", "101"})
        steps = {(int(b[0]) - int(a[0])) & 0xffff for a, b in zip(rtp, rtp[1:])}
        self.assertEqual(steps, {1})
        reports = [row for row in rows if row.split("\t")[7] == "30001"]
        self.assertTrue(reports and all(r.split("\t")[2:4] == ["1", "1"] for r in reports), "the BYE of RTCP too")

    def test_who_may_not_is_not_heard_and_what_is_broken_is_nobodys(self):
        good = [frame(payload=sound(i)) for i in range(8)]
        kept_out = [frame(src="10.9.0.3", payload=sound(1)), frame(sport=30002, payload=sound(1)),
                    frame(payload=sound(1) + bytes(1200))]
        closed = [frame(dport=PORT + 2, payload=sound(1))]
        nobodys = [frame(dport=PORT + 1, payload=sound(1)), frame(dport=PORT - 2, payload=sound(1)),
                   frame(dport=PORT + 16, payload=sound(1)), frame(dst="10.9.0.9", payload=sound(1)),
                   frame(kind=0x0806, payload=sound(1)), frame(vlan=True, payload=sound(1)),
                   frame(flags=0x2000, payload=sound(1)), frame(flags=1, payload=sound(1)),
                   frame(proto=6, payload=sound(1)), frame(payload=sound(1), udp_len=300),
                   frame(payload=sound(1), udp_len=7), frame(payload=sound(1), ip_len=27),
                   frame(payload=sound(1), ip_len=900), frame(payload=sound(1))[:30], bytes(14), bytes(60)]
        write_pcap(os.path.join(WORK, "in.pcap"), good + kept_out + closed + nobodys)
        bed = self.bed(f"net_pcap0,rx_pcap={WORK}/in.pcap,tx_pcap={WORK}/out2.pcap,infinite_rx=1")
        bed.say(f"open 0 1 {FAR} 30000 8 101")
        self.assertTrue(wait_for(lambda: self.stats(bed)[1][1] >= 4000, 10))
        io, (_, rx, rejected, *_) = self.stats(bed)
        self.assertAlmostEqual(rejected / rx, len(kept_out) / len(good), delta=0.1)
        self.assertGreater(io["foreign"] / rx, len(nobodys) / len(good) * 0.9)
        bed.say("close 0 1")
        bed.event("closed")
        _, (_, heard, *_) = self.stats(bed)
        for _ in range(20):
            after, (_, still, *_) = self.stats(bed)
        self.assertEqual(still, heard, "a closed port hears nothing")

    def test_a_module_that_is_not_there_is_told(self):
        p = subprocess.run([BED, str(PORT), "8", "17399", "0", "0", "io=dpdk", "dpdk.module=/nowhere/x.so",
                            "dpdk.device=net_ring0", "dpdk.steer=3"], input="", capture_output=True, text=True)
        self.assertRegex(p.stdout, r"failed \d+ .*no module /nowhere/x\.so")

    def test_a_file_of_another_kind_is_refused(self):
        other = shutil.copy("/bin/true", os.path.join(WORK, "true.so"))
        p = subprocess.run([BED, str(PORT), "8", "17399", "0", "0", "io=dpdk", f"dpdk.module={other}",
                            "dpdk.device=net_ring0", "dpdk.steer=3"], input="", capture_output=True, text=True)
        self.assertIn("failed", p.stdout)

    def test_a_device_that_is_not_there_is_told(self):
        p = subprocess.run([BED, str(PORT), "8", "17399", "0", "0", "io=dpdk", f"dpdk.module={MODULE}",
                            "dpdk.interface=nothere0"], input="", capture_output=True, text=True)
        self.assertIn("there is no interface nothere0", p.stdout)


if __name__ == "__main__":
    if not os.path.exists(MODULE):
        sys.exit(77)
    os.makedirs(WORK, exist_ok=True)
    unittest.main(argv=[sys.argv[0], *os.environ.get("ZV_TESTS", "").split()], verbosity=2)
