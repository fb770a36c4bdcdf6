"""SRTP and SRTCP (RFC 3711, RFC 7714) and their keys in the SDP (RFC 4568), written a second time: the
far end of a test that judges what core/media sends."""
import base64
import hmac
import os
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SUITES = {"AES_CM_128_HMAC_SHA1_80": (14, 10), "AES_CM_128_HMAC_SHA1_32": (14, 4), "AEAD_AES_128_GCM": (12, 16)}


class Bad(Exception):
    pass


def new_key(suite):
    return os.urandom(16 + SUITES[suite][0])


def line(tag, suite, key, rest=""):
    return "a=crypto:%d %s inline:%s%s\r\n" % (tag, suite, base64.b64encode(key).decode(), rest)


def offered(sdp):
    """{tag: (suite, key)} of the crypto lines of a body."""
    lines = [l[9:].split() for l in sdp.splitlines() if l.startswith("a=crypto:")]
    return {int(l[0]): (l[1], base64.b64decode(l[2][len("inline:"):])) for l in lines}


def stream(key, iv, n):
    return Cipher(algorithms.AES(key), modes.CTR(iv)).encryptor().update(bytes(n))


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


class Way:
    """One direction by one master key."""

    def __init__(self, suite, key):
        self.suite = suite
        salt, self.tag = SUITES[suite]
        master, self.salt_len = key[:16], salt
        padded = key[16:] + bytes(14 - salt)  # RFC 7714 11: 96 bits, zeros behind

        def derive(label, n):  # 4.3.1, 4.3.3
            x = bytearray(padded + b"\0\0")
            x[7] ^= label
            return stream(master, bytes(x), n)

        self.rtp = (derive(0, 16), derive(1, 20), derive(2, salt))
        self.rtcp = (derive(3, 16), derive(4, 20), derive(5, salt))
        self.gcm = salt == 12

    def _iv(self, salt, ssrc, index):  # 4.1.1; RFC 7714 8.1
        if self.gcm:
            return xor(salt, b"\0\0" + struct.pack(">I", ssrc) + index.to_bytes(6, "big"))
        value = int.from_bytes(salt + b"\0\0", "big") ^ (ssrc << 64) ^ (index << 16)
        return value.to_bytes(16, "big")

    @staticmethod
    def _header(packet):
        n = 12 + 4 * (packet[0] & 15)
        if packet[0] & 16:
            n += 4 + 4 * struct.unpack_from(">H", packet, n + 2)[0]
        return n

    def seal(self, packet, roc=0):
        n, (key, auth, salt) = self._header(packet), self.rtp
        seq, ssrc = struct.unpack_from(">H", packet, 2)[0], struct.unpack_from(">I", packet, 8)[0]
        iv = self._iv(salt, ssrc, roc << 16 | seq)
        if self.gcm:
            return packet[:n] + AESGCM(key).encrypt(iv, packet[n:], packet[:n])
        out = packet[:n] + xor(packet[n:], stream(key, iv, len(packet) - n))
        return out + hmac.digest(auth, out + struct.pack(">I", roc), "sha1")[:self.tag]

    def open(self, packet, roc=0):
        n, (key, auth, salt) = self._header(packet), self.rtp
        seq, ssrc = struct.unpack_from(">H", packet, 2)[0], struct.unpack_from(">I", packet, 8)[0]
        iv = self._iv(salt, ssrc, roc << 16 | seq)
        if self.gcm:
            try:
                return packet[:n] + AESGCM(key).decrypt(iv, packet[n:], packet[:n])
            except InvalidTag:
                raise Bad("the tag is wrong")
        body, tag = packet[:-self.tag], packet[-self.tag:]
        if hmac.digest(auth, body + struct.pack(">I", roc), "sha1")[:self.tag] != tag:
            raise Bad("the tag is wrong")
        return body[:n] + xor(body[n:], stream(key, iv, len(body) - n))

    def open_rtcp(self, packet):
        key, auth, salt = self.rtcp
        ssrc = struct.unpack_from(">I", packet, 4)[0]
        if self.gcm:  # RFC 7714 9.2
            body, word = packet[:-4], packet[-4:]
            try:
                return packet[:8] + AESGCM(key).decrypt(self._iv(salt, ssrc, int.from_bytes(word, "big") & 0x7fffffff),
                                                        body[8:], packet[:8] + word)
            except InvalidTag:
                raise Bad("the tag is wrong")
        body, tag = packet[:-10], packet[-10:]
        if hmac.digest(auth, body, "sha1")[:10] != tag:
            raise Bad("the tag is wrong")
        index = struct.unpack(">I", body[-4:])[0] & 0x7fffffff
        data = body[:-4]
        return data[:8] + xor(data[8:], stream(key, self._iv(salt, ssrc, index), len(data) - 8))
