"""Shared by make and judge: batches on disk, offset ranges, the broker and its clients."""
import hashlib
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import time
from collections import namedtuple

HERE = os.path.dirname(os.path.abspath(__file__))
ORACLE = os.path.join(HERE, "..", "..", "oracle")
sys.path.insert(0, ORACLE)
import brokersteps

HOME = os.environ.get("KAFKA_ORACLE_HOME", os.path.expanduser("~/.cache/kafka-oracle"))
HEADER = 61
OUTSIDE_CRC = 17  # base offset, length, leader epoch, magic
SETTINGS = "auto.create.topics.enable=false\nlog.cleaner.backoff.ms=300\nproducer.id.expiration.ms=2147483647\n"

Batch = namedtuple("Batch", "position size base last codec control")


def batches(data):
    """The v2 batches of an undamaged segment."""
    found, pos = [], 0
    while pos < len(data):
        base, length, _, magic, _, attributes, delta = struct.unpack_from(">qiibIhi", data, pos)
        if magic != 2 or pos + 12 + length > len(data):
            raise ValueError(f"no v2 batch at {pos}")
        found.append(Batch(pos, 12 + length, base, base + delta, attributes & 7, bool(attributes & 32)))
        pos += 12 + length
    return found


def to_ranges(offsets):
    out = []
    for o in sorted(offsets):
        if out and out[-1][1] == o - 1:
            out[-1][1] = o
        else:
            out.append([o, o])
    return out


def to_set(ranges):
    return {o for lo, hi in ranges for o in range(lo, hi + 1)}


def few(offsets, n=12):
    r = to_ranges(offsets)
    return r if len(r) <= n else r[:n] + [f"... {len(r) - n} more ranges"]


def dumps(value):
    """JSON with one member a line at the top level: readable, and small for long lists."""
    return "{\n" + ",\n".join(f"  {json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in value.items()) + "\n}\n"


def client(*args, timeout=900):
    """Runs Stories.java on the oracle's jars; compiled once into the oracle's cache folder."""
    source = os.path.join(HERE, "Stories.java")
    with open(source, "rb") as h:
        classes = os.path.join(HOME, "stories-" + hashlib.sha256(h.read()).hexdigest()[:16])
    jars = os.path.join(HOME, "lib", "*")
    java = os.path.join(os.environ["JAVA_HOME"], "bin", "") if os.environ.get("JAVA_HOME") else ""
    if not os.path.isdir(classes):
        new = f"{classes}.{os.getpid()}"
        subprocess.run([java + "javac", "-nowarn", "-Xlint:none", "-encoding", "UTF-8", "-cp", jars, "-d", new, source], check=True)
        try:
            os.rename(new, classes)
        except OSError:
            shutil.rmtree(new)
    log = os.path.join(ORACLE, "config", "tools-log4j2.xml")
    p = subprocess.run([java + "java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", f"-Dlog4j2.configurationFile={log}",
                        "-cp", classes + ":" + jars, "Stories", *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout)
    if p.returncode:
        raise SystemExit(p.stderr[-3000:])
    return p.stdout


class Broker(brokersteps.Broker):
    """One real broker on folder/data, by the oracle's broker.sh."""

    def __init__(self, folder):
        super().__init__(folder, SETTINGS)

    def do(self, verb):
        return subprocess.run([brokersteps.BROKER, verb, self.folder, self.port], stdout=subprocess.PIPE, stderr=subprocess.STDOUT).returncode

    def start(self):
        started = time.time()
        return self.do("start") == 0, round(time.time() - started, 1)

    def alive(self):
        try:
            with open(os.path.join(self.folder, "broker.pid")) as h:
                os.kill(int(h.read()), 0)
            return True
        except (OSError, ValueError):
            return False

    def stop(self):
        if self.do("stop"):
            self.do("kill")

    def said(self, n=8):
        """What the broker's log says of damage: warnings, errors, deletions and truncations, without time, class and our folder."""
        lines = []
        for f in ("broker.log.1", "broker.log"):
            path = os.path.join(self.folder, f)
            if not os.path.exists(path):
                continue
            with open(path, errors="replace") as h:
                for line in h:
                    m = re.match(r"\[[^]]*\] (\w+) (.*?)( \(\S+\))?$", line.rstrip("\n"))
                    if not m or not (m[1] in ("WARN", "ERROR", "FATAL") or re.search(r"Deleting segment|[Tt]runcat(?!e to .* has no effect)|Recovering (unflushed|file)|orphan", m[2])):
                        continue
                    text = f"{m[1]} {m[2]}".replace(self.data, "DATA").replace(self.folder, "DIR")
                    if re.search(r"localhost|[Bb]ootstrap|deprecat|__cluster_metadata|controller activation|NetworkClient|Failed atomic move", text) and m[1] != "ERROR":
                        continue
                    lines.append(text[:300])
        out = []
        for text in lines:
            shape = re.sub(r"\d+", "N", text)
            if all(shape != re.sub(r"\d+", "N", t) for t in out) or len(lines) <= n:
                out.append(text)
        return out[:n]
