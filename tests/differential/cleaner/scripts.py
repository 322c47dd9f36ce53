"""scripts.py SEED COUNT DIRECTORY: random scripts (docs: tests/oracle/engine/README.md) around compaction.

What the common generator leaves out: v0 and v1 with and without a wrapper, gaps in batches, log append time, markers, small
maps, buffers and indexes, batches above the limits, long waits for horizons. Everything is appended as a follower.
"""
import json
import os
import random
import sys

NOW = 1_700_000_000_000
NEVER = str(2**63 - 1)


class Script:
    def __init__(self, seed):
        self.rnd = random.Random(seed)
        self.lines = []
        self.now = NOW
        self.end = 0
        self.producers = {}
        self.legacy = self.chance(45)
        self.compressed = self.chance(35)

    def chance(self, percent):
        return self.rnd.random() * 100 < percent

    def one(self, *values):
        return self.rnd.choice(values)

    def emit(self, op, **fields):
        self.lines.append(json.dumps({"op": op, **fields}))

    def config(self):
        config = {
            "cleanup.policy": "compact",
            "segment.bytes": str(self.one(1500, 4000, 100_000)),
            "segment.ms": NEVER,
            "segment.index.bytes": str(self.one(96, 400, 100_000)),
            "index.interval.bytes": str(self.one(0, 64, 300, 4096)),
            "min.cleanable.dirty.ratio": "0.0",
            "delete.retention.ms": str(self.one(0, 1000, 5000, 86_400_000)),
            "file.delete.delay.ms": "1000",
        }
        if self.compressed:
            # The compressor decides the size of what is cleaned: nothing may depend on it.
            config["segment.bytes"] = "1000000"
            config["segment.index.bytes"] = "100000"
            config["index.interval.bytes"] = str(self.one(0, 1_000_000_000))
        elif self.chance(20):
            config["max.message.bytes"] = str(self.one(200, 600))
        if self.chance(15):
            config["min.compaction.lag.ms"] = str(self.one(1000, 5000))
        if self.chance(15):
            config["max.compaction.lag.ms"] = str(self.one(1000, 20_000))
        if self.chance(15):
            config["preallocate"] = "true"
        return config

    def records(self, count, gaps):
        records = []
        for _ in range(count):
            record = {"o": self.end, "ts": -1 if self.chance(4) else self.now - self.one(0, 0, 5, 700)}
            record["k"] = None if self.chance(3) else f"k{self.rnd.randrange(6)}"
            if self.chance(22):
                record["v"] = None
            elif self.chance(12):
                record["v"] = {"n": self.one(30, 120, 900, 3000)}
            else:
                record["v"] = f"v{self.rnd.randrange(1000)}"
            if not self.legacy and self.chance(5):
                record["h"] = [["h", "x"], ["e", None]]
            records.append(record)
            self.end += 1 + (self.rnd.randrange(3) if gaps and self.chance(30) else 0)
        return records

    def batch(self):
        gaps = self.chance(25)
        if self.chance(8):
            self.end += self.rnd.randrange(1, 6)
        batch = {"base": self.end}
        kind = self.rnd.randrange(100)
        if self.legacy and kind < 55:
            batch["magic"] = self.one(0, 1)
            count = 1 + self.rnd.randrange(4) if self.compressed and self.chance(50) else 1
            if count > 1 or self.compressed and self.chance(40):
                batch["codec"] = self.one("gzip", "snappy", "lz4")
            batch["records"] = self.records(count, gaps and "codec" in batch)
            if batch["magic"] == 1 and self.chance(15):
                batch.update(tstype="append", append_time=self.now)
            return batch
        batch["epoch"] = 0
        if self.compressed and self.chance(50):
            batch["codec"] = self.one("gzip", "snappy", "lz4", "zstd")
        if kind < 75:
            batch["records"] = self.records(1 + self.rnd.randrange(5), gaps)
            if self.chance(10):
                batch.update(tstype="append", append_time=self.now)
        else:
            self.produce(batch)
        return batch

    def produce(self, batch):
        producer = self.rnd.randrange(1, 4)
        state = self.producers.setdefault(producer, {"epoch": 0, "sequence": 0, "open": False})
        if state["open"] and self.chance(45):
            batch.pop("codec", None)
            self.finish(batch, producer, state)
            return
        start = self.end
        batch["records"] = self.records(1 + self.rnd.randrange(4), False)
        batch.update(pid=producer, pepoch=state["epoch"], seq=state["sequence"])
        state["sequence"] += self.end - start
        if state["open"] or self.chance(60):
            batch["txn"] = state["open"] = True

    def finish(self, batch, producer, state):
        if self.chance(20):
            state.update(epoch=state["epoch"] + 1, sequence=0)
        batch["control"] = {"type": self.one("commit", "abort"), "coord_epoch": 0, "ts": self.now}
        batch.update(pid=producer, pepoch=state["epoch"])
        state["open"] = False
        self.end += 1

    def finish_all(self):
        for producer, state in self.producers.items():
            if state["open"]:
                batch = {"base": self.end, "epoch": 0}
                self.finish(batch, producer, state)
                self.emit("append", **{"as": "follower"}, epoch=0, batches=[batch])

    def clean(self):
        # An open transaction holds the cleaner up.
        if self.chance(70):
            self.finish_all()
        self.emit("hw", offset=self.end)
        if self.chance(60):
            self.emit("roll")
        fields = {}
        if self.chance(35):
            fields["map_bytes"] = 24 * self.one(2, 4, 6, 12)
        if self.chance(20):
            fields["load_factor"] = self.one(0.5, 1.0)
        if not self.compressed and self.chance(30):
            fields["io_buffer"] = self.one(64, 150, 1000)
        self.emit("clean", **fields)
        self.look()

    def look(self):
        self.emit("dump")
        self.emit("producers")
        self.emit("aborted", **{"from": 0, "to": self.end})

    def reopen(self):
        # Of a round that fails Kafka keeps .cleaned files until the next start, and we do not: so files are looked at here.
        self.emit("close")
        self.emit("open", files=True)

    def step(self):
        kind = self.rnd.randrange(100)
        if kind < 60:
            batches = [self.batch() for _ in range(1 + self.rnd.randrange(3))]
            self.emit("append", **{"as": "follower"}, epoch=0, batches=batches)
        elif kind < 68:
            self.emit("hw", offset=self.end)
        elif kind < 78:
            self.emit("roll")
        elif kind < 84:
            self.sleep(self.one(1, 500, 1000, 2500, 10_000))
        elif kind < 95:
            self.clean()
        elif kind < 98:
            self.reopen()
        elif not self.compressed:
            size, interval = str(self.one(100, 1000, 1_048_588)), str(self.one(0, 4096))
            self.emit("config", set={"max.message.bytes": size, "index.interval.bytes": interval})

    def sleep(self, ms):
        self.now += ms
        self.emit("sleep", ms=ms)

    def make(self):
        mark = {"recompresses": True} if self.compressed else {}
        self.emit("open", config=self.config(), pid_expiry_ms=self.one(3000, 86_400_000), **mark)
        for _ in range(self.rnd.randrange(25, 70)):
            self.step()
        self.finish_all()
        self.emit("hw", offset=self.end)
        self.emit("roll")
        for _ in range(2):
            self.emit("clean")
            self.look()
            self.sleep(90_000_000)
        self.reopen()
        self.look()
        return "\n".join(self.lines) + "\n"


def main():
    seed, count, directory = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    os.makedirs(directory, exist_ok=True)
    for at in range(seed, seed + count):
        with open(os.path.join(directory, f"cleaner-{at:010}.jsonl"), "w", encoding="utf-8") as out:
            out.write(Script(at).make())


main()
