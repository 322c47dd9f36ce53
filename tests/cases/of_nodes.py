"""Cases about the files of a node and what lies in its log directory."""
import os
import shutil

from variant import BY_HAND, REPAIRED, RESTORED, TOPICS, UNREADABLE, case, get, put, refused, repaired_or_remains, stray, topic_id, zeros


# ---- (a) topic ids

@case("29-topic-id-of-no-topic", "partition.metadata of a partition has a topic id that the cluster does not know.", "a folder of another cluster, or of another life of the topic",
      stray("payments-0") | {"repair": REPAIRED})
def _(data, _):
    put(f"{data}/payments-0/partition.metadata", "version: 0\ntopic_id: q83vEjRWeJCrze8SNFZ4kA")


@case("30-topic-id-of-another-topic", "partition.metadata of a partition is a copy of another partition's.", "a file put back into the wrong folder",
      {"verify": {"exit": [2], "findings": [{"path": "invoices-0", "severity": ["damage"]}]}, "predict": {"mentions": [["another topic id", "inconsistent", "topic id of"]]}, "repair": REPAIRED},
      kafka_about="starts, and cannot open the partition: no client reads it or writes to it")
def _(data, _):
    put(f"{data}/invoices-0/partition.metadata", topic_id(data, "payments-0"))


@case("31-topic-id-missing-partition-alone", "partition.metadata is gone, and the tools are given the partition folder alone; the log directory around it is whole.",
      "a folder put back from a file copy that left out a small file", {**stray("payments-0"), "repair": REPAIRED}, target="payments-0")
def _(data, _):
    os.remove(f"{data}/payments-0/partition.metadata")


@case("32-topic-id-nul", "partition.metadata is all zeros.", UNREADABLE, refused("customers-0/partition.metadata") | {"repair": REPAIRED})
def _(data, _):
    zeros(f"{data}/customers-0/partition.metadata")


# ---- (b) the files of the node

@case("33-quorum-state-empty", "quorum-state is 0 bytes long; a start without the file works.", UNREADABLE, refused("quorum-state") | {"repair": repaired_or_remains("*-0/*.log")})
def _(data, _):
    put(f"{data}/__cluster_metadata-0/quorum-state", "")


@case("34-quorum-state-missing", "quorum-state is gone: Kafka makes a new one.", "a folder put back from a file copy that left out a small file",
      {"verify": {"exit": [0, 1], "no_findings": [{"severity": ["damage"]}]}, "predict": {"start": "starts", "mentions_not": ["stray"]}, "repair": dict(REPAIRED, exit=[0, 1])})
def _(data, _):
    os.remove(f"{data}/__cluster_metadata-0/quorum-state")


@case("35-kraft-snapshot-empty", "The snapshot of the metadata log is 0 bytes long; the log is whole from offset 0 on.", UNREADABLE, {"verify": {"exit": [1, 2]}, "predict": {"start": "starts"}, "repair": REPAIRED})
def _(data, _):
    snapshot(data, lambda path: put(path, ""))


@case("36-kraft-snapshot-nul", "The snapshot of the metadata log is all zeros; the log is whole from offset 0 on.", UNREADABLE, refused("00000000000000000000-0000000000.checkpoint") | {"repair": REPAIRED})
def _(data, _):
    snapshot(data, zeros)


@case("37-kraft-snapshot-missing", "The snapshot of the metadata log is gone; the log is whole from offset 0 on.", "a folder put back from a file copy that left out a small file",
      {"verify": {"exit": [0, 1]}, "predict": {"start": "starts"}, "repair": dict(REPAIRED, exit=[0, 1])})
def _(data, _):
    snapshot(data, os.remove)


@case("38-bootstrap-checkpoint-empty", "bootstrap.checkpoint is 0 bytes long.", UNREADABLE, refused("bootstrap.checkpoint") | {"repair": repaired_or_remains("*-0/*")})
def _(data, _):
    put(f"{data}/bootstrap.checkpoint", "")


@case("39-bootstrap-checkpoint-nul", "bootstrap.checkpoint is all zeros.", UNREADABLE, refused("bootstrap.checkpoint") | {"repair": repaired_or_remains("*-0/*")})
def _(data, _):
    zeros(f"{data}/bootstrap.checkpoint")


@case("40-meta-properties-nul", "meta.properties is all zeros.", UNREADABLE, refused("meta.properties") | {"repair": repaired_or_remains("*-0/*.log")})
def _(data, _):
    zeros(f"{data}/meta.properties")


@case("41-meta-properties-missing", "meta.properties is gone.", "a folder put back from a file copy that left out a small file", refused("") | {"repair": repaired_or_remains("*-0/*.log")})
def _(data, _):
    os.remove(f"{data}/meta.properties")


def snapshot(data, change):
    path = f"{data}/__cluster_metadata-0/00000000000000000000-0000000000.checkpoint"
    os.chmod(path, 0o600)
    change(path)


# ---- (c) the metadata log

METADATA_REPAIR = {"kafka_alone": "starts", "any_of": [{"exit": [2], "verify_after": [2], "unchanged": ["__cluster_metadata-0/*", "*-0/*.log"]},
                                                      {"exit": [1, 2], "lost": {}, "starts": True, "verify_after": [0, 1]}]}


@case("42-metadata-log-nul-from-the-middle", "The log of the cluster metadata is zeros from offset 48 on: the last topics are no longer in it.", UNREADABLE,
      {**stray("__cluster_metadata-0"), "repair": METADATA_REPAIR})
def _(data, _):
    path = f"{data}/__cluster_metadata-0/{0:020}.log"
    log = get(path)
    put(path, log[:3092] + bytes(len(log) - 3092))


@case("43-metadata-log-cut", "The log of the cluster metadata ends after offset 47, between two batches: the last topics are no longer in it. Only the snapshot file at 93 proves that it was longer.",
      "a file whose length and last bytes were not written", {**stray("__cluster_metadata-0"), "repair": METADATA_REPAIR})
def _(data, _):
    os.truncate(f"{data}/__cluster_metadata-0/{0:020}.log", 3092)


@case("91-metadata-folder-without-log", "The segment of the metadata log is gone, with its indexes: only the snapshots, quorum-state and the epoch file are left.", "a folder put back from a file copy that left out large files",
      {**stray("__cluster_metadata-0"), "repair": METADATA_REPAIR})
def _(data, _):
    for kind in ("log", "index", "timeindex"):
        os.remove(f"{data}/__cluster_metadata-0/{0:020}.{kind}")


# ---- (j) what else lies there

@case("61-folder-with-a-dated-name", "A folder invoices-0-2024 with a copy of a partition: Kafka takes it for partition 2024 of a topic invoices-0.", BY_HAND, stray("invoices-0-2024") | {"repair": dict(REPAIRED, exit=[0, 1, 2], verify_after=[0, 1, 2])})
def _(data, _):
    shutil.copytree(f"{data}/invoices-0", f"{data}/invoices-0-2024")


@case("62-folder-with-a-word-behind", "A folder invoices-0.backup with a copy of a partition.", BY_HAND, refused("invoices-0.backup") | {"repair": repaired_or_remains("*-0/*")})
def _(data, _):
    shutil.copytree(f"{data}/invoices-0", f"{data}/invoices-0.backup")


@case("63-lost-and-found", "An empty folder lost+found, as a file system of its own has it.", "a file system mounted at the log directory", refused("lost+found") | {"repair": repaired_or_remains("*-0/*")})
def _(data, _):
    os.mkdir(f"{data}/lost+found")


@case("64-empty-folder-like-a-partition", "An empty folder reports-7.", "a folder made by hand, or left by a tool", {
          "verify": {"exit": [0, 1]}, "predict": {"start": "starts"}, "repair": dict(REPAIRED, exit=[0, 1])})
def _(data, _):
    os.mkdir(f"{data}/reports-7")


@case("65-segment-renamed", "A sealed segment was renamed to 00000000000000000100.log.bak: its records are hidden.", "a folk remedy", {
          "verify": {"exit": [2], "findings": [{"path": "invoices-0", "severity": ["damage"]}]},
          "repair": {"any_of": [dict(RESTORED, exit=[1]), {"exit": [1], "lost": {"invoices-0": [[100, 149]]}, "starts": True, "verify_after": [0, 1], "unchanged": ["*.bak"]}]}},
      intact=TOPICS | {"invoices-0": [[0, 99], [150, 249]]})
def _(data, _):
    os.rename(f"{data}/invoices-0/{100:020}.log", f"{data}/invoices-0/{100:020}.log.bak")


@case("66-two-folders-of-one-topic-id", "A folder orders-0 with a copy of invoices-0, the topic id among it; the cluster has no topic orders.", BY_HAND,
      {"verify": {"exit": [1, 2], "findings": [{"path": "orders-0", "severity": ["damage", "warning"]}]}, "predict": {"start": "starts"}, "repair": {"exit": [0, 1, 2], "lost": {}, "starts": True}})
def _(data, _):
    shutil.copytree(f"{data}/invoices-0", f"{data}/orders-0")


@case("67-copy-of-a-segment-beside", "A file 00000000000000000100 (copy).log lies in a partition folder.", BY_HAND, refused("invoices-0") | {"repair": repaired_or_remains("*-0/*")})
def _(data, _):
    shutil.copy(f"{data}/invoices-0/{100:020}.log", f"{data}/invoices-0/{100:020} (copy).log")


@case("68-future-folder-alone", "A -future folder of a partition that has no current folder here; its topic is known.", "a move between disks that a crash interrupted",
      {"verify": {"exit": [0, 1, 2]}, "predict": {"start": "starts"}, "repair": {"exit": [0, 1, 2], "starts": True}})
def _(data, _):
    os.rename(f"{data}/invoices-0", f"{data}/invoices-0.eae851213f994092b5cbd61b7917c6d6-future")


@case("85-folder-being-deleted", "A folder of a topic that is being deleted, as Kafka renames it: the start goes on with it.", "a healthy broker that was stopped while it deleted a topic",
      {"verify": {"exit": [0, 1]}, "predict": {"start": "starts", "mentions_not": ["refuse"]}, "repair": dict(REPAIRED, exit=[0, 1])})
def _(data, _):
    shutil.copytree(f"{data}/payments-0", f"{data}/shipments-0.{'5b' * 16}-delete")
    put(f"{data}/shipments-0.{'5b' * 16}-delete/partition.metadata", "version: 0\ntopic_id: q83vEjRWeJCrze8SNFZ4kA")


@case("90-stray-folder-of-a-former-start", "A folder payments-0.ID-stray of a former start: Kafka leaves it alone.", "a folder that Kafka set aside once",
      {"verify": {"exit": [0, 1]}, "predict": {"start": "starts"}, "repair": dict(REPAIRED, exit=[0, 1])})
def _(data, _):
    shutil.copytree(f"{data}/payments-0", f"{data}/payments-0.{'7c' * 16}-stray")
