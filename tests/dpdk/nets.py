"""Two machines of a test: network namespaces with a cable (veth) between them."""
import contextlib
import ctypes
import os
import shutil
import socket
import struct
import subprocess
import time

US, THEM = "10.77.0.1", "10.77.0.2"
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


def ip(*words, check=True):
    return subprocess.run(["ip", *words], check=check, capture_output=True, text=True)


class Nets:
    """us and them, each with the end `wire` of the cable; everything is gone at the end."""

    def __init__(self, name):
        self.us, self.them = f"dpdk-{name}-{os.getpid()}-a", f"dpdk-{name}-{os.getpid()}-b"

    def __enter__(self):
        try:
            for net in (self.us, self.them):
                ip("netns", "add", net)
                ip("-n", net, "link", "set", "lo", "up")
            ip("link", "add", "wire", "netns", self.us, "type", "veth", "peer", "name", "wire", "netns", self.them)
            for net in (self.us, self.them):
                ip("netns", "exec", net, "sysctl", "-qw", "net.ipv6.conf.wire.disable_ipv6=1", check=False)
            ip("-n", self.them, "addr", "add", THEM + "/24", "dev", "wire")
            for net in (self.us, self.them):
                ip("-n", net, "link", "set", "wire", "up")
            # A virtual cable leaves checksums to the receiver, who must be a kernel for that.
            subprocess.run(self.at_them("ethtool", "-K", "wire", "tx", "off"), check=True, capture_output=True)
        except Exception:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for net in (self.us, self.them):
            ip("netns", "del", net, check=False)

    def at_us(self, *argv):
        return ["ip", "netns", "exec", self.us, *argv]

    def at_them(self, *argv):
        return ["ip", "netns", "exec", self.them, *argv]

    @contextlib.contextmanager
    def inside(self, net):
        """This thread's new sockets are there."""
        with open("/proc/thread-self/ns/net", "rb") as back, open(f"/run/netns/{net}", "rb") as there:
            assert LIBC.setns(there.fileno(), CLONE_NEWNET) == 0
            try:
                yield
            finally:
                assert LIBC.setns(back.fileno(), CLONE_NEWNET) == 0

    def has_program(self):
        """The XDP program on our end of the cable, its name or None."""
        words = ip("-n", self.us, "link", "show", "dev", "wire").stdout.split()
        return words[words.index("name") + 1] if "prog/xdp" in words and "name" in words else None

    def ping(self, seconds=2):
        """An echo request from them to us, and its answer; RFC 792 by hand."""
        with self.inside(self.them):
            s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        with s:
            s.settimeout(seconds)
            body = struct.pack("!BBHHH", 8, 0, 0, 77, 1) + b"zvonar" * 4
            total = sum(struct.unpack(f"!{len(body) // 2}H", body))
            total = (total & 0xffff) + (total >> 16)
            s.sendto(body[:2] + struct.pack("!H", 0xffff & ~total) + body[4:], (US, 0))
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                try:
                    data = s.recv(2000)
                except TimeoutError:
                    return False
                if data[20] == 0 and data[24:26] == struct.pack("!H", 77):
                    return True
        return False

    def their_mac(self):
        return ip("-n", self.them, "link", "show", "dev", "wire").stdout.split("link/ether ")[1].split()[0]

    def listen(self):
        """A socket for every frame of their end."""
        with self.inside(self.them):
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            s.bind(("wire", 0))
        s.settimeout(0.2)
        return s

    @staticmethod
    def receivers(listening, enough, seconds=5):
        """{IP address: MAC addresses} of the UDP that comes from us, until it is enough."""
        seen, end = {}, time.monotonic() + seconds
        while not enough(seen) and time.monotonic() < end:
            try:
                data = listening.recv(2000)
            except TimeoutError:
                continue
            if data[12:14] == b"\x08\x00" and data[23] == 17 and data[26:30] == socket.inet_aton(US):
                to = socket.inet_ntoa(data[30:34])
                seen.setdefault(to, set()).add(data[:6].hex(":"))
        return seen

    def say(self, text):
        """A datagram from them to nobody."""
        with self.inside(self.them):
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with s:
            s.sendto(text, (US, 9))

    def refused(self, port, seconds):
        """Does our kernel say that nobody has that UDP port?"""
        with self.inside(self.them):
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with s:
            s.settimeout(seconds)
            s.connect((US, port))
            s.send(b"is anybody there")
            try:
                s.recv(100)
            except ConnectionRefusedError:
                return True
            except TimeoutError:
                return False
        return False


def lacks():
    """What this machine lacks for such a test, or None."""
    if os.geteuid() != 0:
        return "root: namespaces and XDP programs"
    for program in ("ip", "ethtool", "sipp", "tshark", "dumpcap", "espeak-ng"):
        if shutil.which(program) is None:
            return program
    name = f"dpdk-can-{os.getpid()}"
    made = ip("netns", "add", name, check=False)
    ip("netns", "del", name, check=False)
    return None if made.returncode == 0 else "the right to make network namespaces"
