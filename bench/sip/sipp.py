"""SIPp as the caller of the same calls: the peer of bench/sip."""
import os
import subprocess

from zvonard import RING_S

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))

# Its own uac scenario, with a prompt by its RTP streamer between ACK and BYE.
PROMPT = """<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="prompt">
  <send retrans="500"><![CDATA[

    INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    From: sipp <sip:sipp@[local_ip]:[local_port]>;tag=[pid]SIPpTag00[call_number]
    To: <sip:[service]@[remote_ip]:[remote_port]>
    Call-ID: [call_id]
    CSeq: 1 INVITE
    Contact: sip:sipp@[local_ip]:[local_port]
    Max-Forwards: 70
    Content-Type: application/sdp
    Content-Length: [len]

    v=0
    o=user1 53655765 2353687637 IN IP[local_ip_type] [local_ip]
    s=-
    c=IN IP[media_ip_type] [media_ip]
    t=0 0
    m=audio [rtpstream_audio_port] RTP/AVP 8
    a=rtpmap:8 PCMA/8000

  ]]></send>
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="183" optional="true"/>
  <recv response="200" rtd="true"/>
  <send><![CDATA[

    ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    From: sipp <sip:sipp@[local_ip]:[local_port]>;tag=[pid]SIPpTag00[call_number]
    To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
    Call-ID: [call_id]
    CSeq: 1 ACK
    Contact: sip:sipp@[local_ip]:[local_port]
    Max-Forwards: 70
    Content-Length: 0

  ]]></send>
  <nop><action><exec rtp_stream="prompt.raw,1,8"/></action></nop>
  <pause milliseconds="{up_ms}"/>
  <send retrans="500"><![CDATA[

    BYE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    From: sipp <sip:sipp@[local_ip]:[local_port]>;tag=[pid]SIPpTag00[call_number]
    To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
    Call-ID: [call_id]
    CSeq: 2 BYE
    Max-Forwards: 70
    Content-Length: 0

  ]]></send>
  <recv response="200"/>
</scenario>
"""


class SippFailed(Exception):
    pass


def write_scenarios(scratch, work):
    with open(os.path.join(ROOT, "tests/sip/carrier/cancel.xml"), encoding="utf-8") as file:
        cancel = file.read().replace('<pause milliseconds="200"/>', f'<pause milliseconds="{1000 * RING_S}"/>')
    with open(os.path.join(scratch, "cancel.xml"), "w", encoding="utf-8") as file:
        file.write(cancel)
    with open(os.path.join(scratch, "prompt.xml"), "w", encoding="utf-8") as file:
        file.write(PROMPT.replace("{up_ms}", str(int(1000 * work.up))))
    # A-law as it goes out, 8,000 bytes a second.
    with open(os.path.join(scratch, "prompt.raw"), "wb") as file:
        file.write(bytes((i * 37 % 64) ^ 0x55 for i in range(int(8000 * work.up))))


def run(work, scratch):
    """CPU seconds and most memory (kB) of SIPp for all calls."""
    write_scenarios(scratch, work)
    what = ["-sf", "cancel.xml"] if work.ring else \
        ["-sf", "prompt.xml"] if work.prompt else ["-sn", "uac", "-d", str(int(1000 * work.up))]
    command = ["sipp", f"127.0.0.1:{work.port}", "-i", "127.0.0.1", "-p", str(work.port + 50), "-mi", "127.91.0.2",
               "-mp", "10000", "-s", "79161234567", "-m", str(work.calls), "-r", str(work.rate), "-l",
               str(int((work.up + 20) * work.rate)), "-nostdin", "-buff_size", "4194304", "-timeout",
               str(int(60 + work.calls / work.rate + 2 * work.up)), *what]
    with open(os.path.join(scratch, "sipp.out"), "w") as out:
        process = subprocess.Popen(command, cwd=scratch, stdout=out, stderr=out)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SippFailed(f"sipp ended with {process.returncode}; see {out.name} with --keep")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss
