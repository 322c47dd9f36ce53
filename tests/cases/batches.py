"""Record batches of format v2, built field by field: what no current client would write too."""
import struct
import subprocess
import zlib

import caselib

HEADER = 61
CRC_FROM = 21  # the checksum covers everything from the attributes on
T0 = 1750000000000
TABLE = []
for n in range(256):
    for _ in range(8):
        n = n >> 1 ^ (0x82F63B78 if n & 1 else 0)
    TABLE.append(n)


def crc32c(data):
    c = 0xFFFFFFFF
    for b in data:
        c = TABLE[(c ^ b) & 255] ^ c >> 8
    return c ^ 0xFFFFFFFF


def varint(n):
    n = n << 1 ^ n >> 63
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes(out + bytes([n]))


def record(delta, time, key, value):
    body = b"\0" + varint(time) + varint(delta) + varint(len(key)) + key + varint(len(value)) + value + varint(0)
    return varint(len(body)) + body


def gzip(data):
    z = zlib.compressobj(wbits=31)
    return z.compress(data) + z.flush()


def zstd(data):
    return subprocess.run(["zstd", "-q", "-c", "--no-check"], input=data, stdout=subprocess.PIPE, check=True).stdout


def lz4(data):
    """A frame of one stored block, without checksums but that of its header; `magic, flags, block size, header checksum`."""
    return bytes.fromhex("04224d18") + b"\x60\x40\x82" + struct.pack("<I", len(data) | 1 << 31) + data + bytes(4)


CODECS = {"gzip": (1, gzip), "lz4": (3, lz4), "zstd": (4, zstd)}


def text(topic, offset):
    """Key and value of the record at an offset; long enough that streams which lack their end still hold most records."""
    return f"k{offset % 7}".encode(), (f"{topic} {offset} " * 9).encode()


class Log:
    """Batches one after the other, and the checksums of their records, as they go to records.json."""

    def __init__(self, topic="events"):
        self.topic, self.data, self.records, self.places = topic, b"", {}, []

    def add(self, base, count, epoch=0, *, codec=None, cut=0, claims=None, last_delta=None, producer=(-1, -1, -1), transactional=False,
            base_time=None, max_time=None, words="", deltas=None):
        """Appends a batch of `count` records from `base` on. `cut` bytes are missing at the end of the compressed stream; `claims`,
        `last_delta`, `base_time` and `max_time` are header fields that say something else than the records."""
        base_time = T0 + base if base_time is None else base_time
        deltas = list(range(count)) if deltas is None else deltas
        payload = b""
        for i in deltas:
            key, value = text(self.topic + words, base + i)
            payload += record(i, T0 + base + i - base_time, key, value)
            self.records.setdefault(str(base + i), []).append(caselib.content(key, value))
        attributes = 16 if transactional else 0
        if codec:
            number, pack = CODECS[codec]
            attributes |= number
            payload = pack(payload)
            payload = payload[:len(payload) - cut]
        last = deltas[-1] if last_delta is None else last_delta
        max_time = T0 + base + deltas[-1] if max_time is None else max_time
        return self.raw(base, epoch, attributes, last, base_time, max_time, producer, len(deltas) if claims is None else claims, payload)

    def end(self, base, producer, epoch=0, commit=True):
        """Appends the marker that ends a transaction."""
        key, value = struct.pack(">hh", 0, int(commit)), struct.pack(">hi", 0, 0)
        return self.raw(base, epoch, 48, 0, T0 + base, T0 + base, (*producer, -1), 1, record(0, 0, key, value))

    def raw(self, base, epoch, attributes, last, base_time, max_time, producer, count, payload):
        tail = struct.pack(">hiqqqhii", attributes, last, base_time, max_time, *producer, count) + payload
        self.places.append(len(self.data))
        self.data += struct.pack(">qiibI", base, CRC_FROM - 12 + len(tail), epoch, 2, crc32c(tail)) + tail
        return self

    def flip(self, batch):
        """Flips a byte in the records of the batch with this number."""
        at = self.places[batch] + HEADER + 20
        self.data = self.data[:at] + bytes([self.data[at] ^ 0xFF]) + self.data[at + 1:]
        return self


def all_batches(data):
    """Position, size, base offset and last offset of the batches of a whole log file."""
    at = 0
    while at < len(data):
        base, length = struct.unpack_from(">qi", data, at)
        yield at, 12 + length, base, base + struct.unpack_from(">i", data, at + 23)[0]
        at += 12 + length
