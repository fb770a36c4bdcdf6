"""RTP as tshark reads it from a capture: streams judged by the rules of RFC 3550 alone."""
import collections
import subprocess

from nets import THEM, US


NAMES = ("frame.time_epoch", "ip.src", "udp.srcport", "rtp.ssrc", "rtp.seq", "rtp.timestamp", "udp.length",
         "rtpevent.event_id", "ip.checksum.status", "udp.checksum.status")


class Capture:
    """What was RTP in it, both ways; ports: the far end's, where it is."""

    def __init__(self, path, ports):
        decode = [word for port in ports for word in ("-d", f"udp.port=={port},rtp")]
        out = subprocess.run(["tshark", "-n", "-r", path, *decode, "-o", "ip.check_checksum:TRUE", "-o",
                              "udp.check_checksum:TRUE", "-Y", "rtp && !icmp", "-T", "fields",
                              *[word for name in NAMES for word in ("-e", name)]],
                             capture_output=True, text=True, check=True, timeout=120).stdout
        rows = [line.split("\t") for line in out.splitlines()]
        self.streams = collections.defaultdict(list)  # ours: ssrc -> (time s, seq, timestamp, bytes of sound)
        self.presses = collections.defaultdict(dict)  # theirs: port -> timestamp -> event
        self.bad_checksums = 0
        for at, src, port, ssrc, seq, timestamp, length, event, *sums in rows:
            if src == US:
                self.streams[ssrc].append((float(at), int(seq), int(timestamp), int(length) - 20))
                self.bad_checksums += sums != ["1", "1"]
            elif src == THEM and event:
                self.presses[port][timestamp] = event

    def keys(self):
        """Those of each call that was made to us, as they were pressed."""
        return [list(of.values()) for of in self.presses.values()]


class Judged:
    def __init__(self, streams):
        self.packets = sum(len(s) for s in streams.values())
        self.gaps = self.steps = self.lengths = 0
        offsets = []
        for packets in streams.values():
            for (_, seq, timestamp, _), (_, seq2, timestamp2, _) in zip(packets, packets[1:]):
                self.gaps += (seq2 - seq) & 0xffff != 1
                self.steps += (timestamp2 - timestamp) & 0xffffffff != 160
            self.lengths += sum(p[3] != 160 for p in packets)
            # How late each came, seen from the earliest: its time less its timestamp.
            late = [at - ((timestamp - packets[0][2]) & 0xffffffff) / 8000 for at, _, timestamp, _ in packets]
            offsets += [1000 * (x - min(late)) for x in late]
        self.late_ms = sorted(offsets)
        self.shortest = min((len(s) for s in streams.values()), default=0)

    def late(self, share):
        return self.late_ms[min(int(len(self.late_ms) * share), len(self.late_ms) - 1)] if self.late_ms else 0.0
