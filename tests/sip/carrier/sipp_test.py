#!/usr/bin/env python3
"""The simulated carrier against SIPp (Debian's sip-tester), a caller that we did not write."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import SIP_PORT, Carrier, run_tests  # noqa: E402

PROGRAM = os.environ.get("ZVONAR_CARRIER", "zvonar-carrier")
HERE = os.path.dirname(os.path.abspath(__file__))


class Sipp(unittest.TestCase):
    def run_sipp(self, carrier, *args, calls=100, rate=100, transport="u1"):
        with tempfile.TemporaryDirectory() as scratch:
            done = subprocess.run(
                ["sipp", f"127.0.0.1:{SIP_PORT}", "-i", "127.0.0.1", "-p", str(SIP_PORT + 60), "-mp",
                 str(SIP_PORT + 70), "-s", "79161234567", "-m", str(calls), "-r", str(rate), "-t", transport,
                 "-nostdin", *args], cwd=scratch, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr[-2000:])
        carrier.wait_event("end", calls)
        self.assertEqual(carrier.stop(), 0)
        self.assertEqual(carrier.faults(), [])
        self.assertEqual(carrier.figure("calls"), calls)
        self.assertEqual(carrier.figure("still_up"), 0)
        self.assertEqual(carrier.figure("strays"), 0)

    def test_answer_and_bye(self):
        for transport in ("u1", "t1"):
            with self.subTest(transport=transport), \
                    Carrier(PROGRAM, "--scenario", "answer", "--no-media") as carrier:
                self.run_sipp(carrier, "-sn", "uac", "-d", "300", transport=transport)
                self.assertEqual(carrier.figure("answered"), 100)

    def test_ring_and_cancel(self):
        with Carrier(PROGRAM, "--scenario", "noanswer", "--pace", "0.1") as carrier:
            self.run_sipp(carrier, "-sf", os.path.join(HERE, "cancel.xml"))
            self.assertEqual(carrier.figure("cancelled"), 100)

    def test_digest(self):
        with Carrier(PROGRAM, "--scenario", "answer", "--no-media", "--auth", "bob:secret:carrier") as carrier:
            # SIPp's own choice of the digest's uri leaves the user out, which we rightly refuse.
            self.run_sipp(carrier, "-sf", os.path.join(HERE, "digest.xml"),
                          "-auth_uri", f"79161234567@127.0.0.1:{SIP_PORT}")
            self.assertEqual(carrier.figure("challenged"), 100)


if __name__ == "__main__":
    if shutil.which("sipp") is None:
        print("sipp is not installed: skipped")
        sys.exit(77)
    run_tests()
