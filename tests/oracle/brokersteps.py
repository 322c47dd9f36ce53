"""Broker-made scenarios: starts a broker, drives it with the real clients, and copies partition folders out of its data folder."""
import os
import shutil
import socket
import subprocess
import tempfile

import oraclelib as lib

HELPER = os.path.join(lib.HERE, "bin", "helper")
BROKER = os.path.join(lib.HERE, "broker.sh")
DECODER = {"__consumer_offsets": "offsets-decoder", "__transaction_state": "transaction-log-decoder",
           "__cluster_metadata": "cluster-metadata-decoder", "__share_group_state": "share-group-state-decoder",
           "__remote_log_metadata": "remote-log-metadata-decoder"}
SETTINGS = """\
log.cleaner.backoff.ms=300
log.retention.check.interval.ms=500
log.initial.task.delay.ms=200
log.segment.delete.delay.ms=0
log.index.size.max.bytes=16384
metadata.log.max.record.bytes.between.snapshots=9000
internal.metadata.log.segment.bytes=12000
internal.metadata.delete.delay.millis=1000
metadata.max.idle.interval.ms=2000
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=true
super.users=User:ANONYMOUS
auto.create.topics.enable=false
group.share.record.lock.duration.ms=15000
share.coordinator.snapshot.update.records.per.snapshot=4
"""
CHECKPOINTS = ["cleaner-offset-checkpoint", "log-start-offset-checkpoint", "recovery-point-offset-checkpoint",
               "replication-offset-checkpoint", "meta.properties", "bootstrap.checkpoint", ".kafka_cleanshutdown"]


def free_port():
    """A port that is free now, as is the one above it (the controller's)."""
    while True:
        with socket.socket() as one, socket.socket() as two:
            one.bind(("localhost", 0))
            port = one.getsockname()[1]
            try:
                two.bind(("localhost", port + 1))
                return port
            except (OSError, OverflowError):
                pass


class Broker:
    def __init__(self, folder, settings):
        self.folder, self.port = folder, str(free_port())
        self.data = os.path.join(folder, "data")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "extra.properties"), "w") as h:
            h.write(settings)

    def do(self, verb):
        subprocess.run([BROKER, verb, self.folder, self.port], check=True)

    def phase(self, seed, phase):
        p = subprocess.run([HELPER, "BrokerScenarios", "localhost:" + self.port, str(seed), str(phase)], stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, text=True)
        starts = {}
        for line in p.stderr.splitlines():
            if line.startswith("log-start-offset "):
                _, name, offset = line.split()
                starts[name] = int(offset)
            elif " WARN " not in line:
                print("   " + line)
        if p.returncode:
            raise SystemExit(f"phase {phase} failed")
        found = []
        for line in p.stdout.splitlines():
            name, topic, interval, about = line.split("\t")
            found.append((name, topic, int(interval), about, starts.get(name)))
        return found


def take(out, data, scenario, origin, found, suffix="", note=""):
    for name, topic, interval, about, start in found:
        extra = {"decoder": DECODER[topic]} if topic in DECODER else {}
        if start is not None:
            extra["log_start_offset"] = start
        d = scenario(out, name + suffix, about + note, origin=origin, index_interval_bytes=interval, topic=topic, **extra)
        for part in sorted(os.listdir(data)):
            if part.rsplit("-", 1)[0] != topic or part.endswith("-delete"):
                continue
            src = os.path.join(data, part)
            if topic == "__remote_log_metadata" and not any(f.endswith(".log") and os.path.getsize(os.path.join(src, f)) for f in os.listdir(src)):
                continue
            dest = os.path.join(d, part)
            shutil.rmtree(dest, ignore_errors=True)
            shutil.copytree(src, dest, ignore=shutil.ignore_patterns("*.deleted"))
            for f in os.listdir(dest):
                path = os.path.join(dest, f)
                os.chmod(path, 0o644)
                # a preallocated index is 10 MB by default: a few kilobytes of its zeros are enough
                if f.endswith((".index", ".timeindex")) and os.path.getsize(path) > 100_000:
                    os.truncate(path, 8160)


def make_broker(out, seed, scenario):
    with tempfile.TemporaryDirectory(prefix="broker-") as tmp:
        b = Broker(tmp, SETTINGS)
        try:
            b.do("start")
            one = b.phase(seed, 1)
            b.do("stop")
            take(out, b.data, scenario, "broker", one)
            d = scenario(out, "broker-data-dir", "the files at the top of a data folder after a clean stop", origin="broker", no_recovery=True)
            for f in CHECKPOINTS:
                if os.path.exists(os.path.join(b.data, f)):
                    shutil.copyfile(os.path.join(b.data, f), os.path.join(d, f))
            b.do("start")
            two = b.phase(seed, 2)
            b.do("kill")
            new = [x for x in two if x[0].startswith("broker-unclean")]
            take(out, b.data, scenario, "broker", new)
            inner = [x for x in one if x[0] in ("broker-cluster-metadata", "broker-consumer-offsets")]
            take(out, b.data, scenario, "broker", inner, "-unclean", "; copied after the broker was killed")
            b.do("start")
            three = b.phase(seed, 3)
            b.do("stop")
            take(out, b.data, scenario, "broker", three)
            take(out, b.data, scenario, "broker", [x for x in one if x[0] in ("broker-compacted-twice", "broker-cluster-metadata", "broker-transaction-state")])
            take(out, b.data, scenario, "broker", new, "-recovered", "; the same partition after the broker's own recovery and a clean stop")
        finally:
            b.do("kill")


def make_tiered(out, seed, scenario):
    with tempfile.TemporaryDirectory(prefix="tiered-") as tmp:
        b = Broker(tmp, SETTINGS + f"""\
remote.log.storage.system.enable=true
remote.log.storage.manager.class.name=org.apache.kafka.server.log.remote.storage.LocalTieredStorage
remote.log.storage.manager.impl.prefix=rsm.config.
rsm.config.dir={tmp}/remote
remote.log.metadata.manager.listener.name=PLAINTEXT
rlmm.config.remote.log.metadata.topic.replication.factor=1
rlmm.config.remote.log.metadata.topic.num.partitions=2
remote.log.manager.task.interval.ms=500
""")
        try:
            b.do("start")
            found = b.phase(seed, "tiered")
            b.do("stop")
            take(out, b.data, scenario, "tiered", found)
        finally:
            b.do("kill")
