"""Cases about the logs of partitions."""
import os

import batches
import caselib
from batches import Log
from variant import CRASHED_CLEANER, HEALTHY, KEPT, REPAIRED, RESTORED, SWAPPED, TOPICS, UNREADABLE, case, epochs, get, invoices, log_start, partition, put, segment, swap, zeros


# ---- (d) two claims

@partition("44-two-claims-new-leader-shorter", "Batches of epoch 0 up to 29, then epoch 2 from 20 on, to 34; the epoch file has epoch 2 from 20 on.", "a power failure, a new leader with a shorter log, and a log that was not cut",
           [[0, 34]], {"verify": {"exit": [2]}, "repair": {"exit": [1, 2], "lost": {"events-0": {"at_most": [[20, 29]]}}, "starts": True, "verify_after": [0, 1, 2],
                       "serves": {"events-0": {"at_least": [[0, 34]], "at_most": [[0, 34]], "repeats_ok": True}}}})
def _(folder):
    log = Log()
    for base in (0, 10, 20):
        log.add(base, 10)
    for base in (20, 25, 30):
        log.add(base, 5, 2, words="'")
    epochs(folder, (0, 0), (2, 20))
    return segment(folder, 0, log)


@partition("45-two-claims-older-epoch-after", "Batches of epoch 3 up to 19, then one of epoch 1 at 10 to 14: the leftover of an older leader, wholly superseded.", "blocks of an older file that show again after a power failure",
           [[0, 19]], {"verify": {"exit": [2]}, "repair": {"exit": [1, 2], "lost": {"events-0": {"at_most": [[10, 14]]}}, "starts": True, "verify_after": [0, 1, 2],
                       "serves": {"events-0": {"at_least": [[0, 19]], "at_most": [[0, 19]], "end": 20, "repeats_ok": True}}}})
def _(folder):
    log = Log()
    for base in (0, 5, 10, 15):
        log.add(base, 5, 3)
    log.add(10, 5, 1, words="'")
    epochs(folder, (3, 0))
    return segment(folder, 0, log)


@case("87-two-claims-in-two-segments", "A leader of epoch 1 went on at 80, and the segment before it was not cut: it still has the old batches up to 99.", "a power failure, a new leader with a shorter log, and a log that was not cut",
      {"verify": {"exit": [2]}, "predict": {"start": "starts"}, "repair": {"exit": [1, 2], "lost": {"invoices-0": {"at_most": [[80, 99]]}}, "starts": True, "verify_after": [0, 1, 2],
       "serves": {"invoices-0": {"at_least": [[0, 119]], "at_most": [[0, 119]], "repeats_ok": True}}}}, intact=TOPICS | {"invoices-0": [[0, 119]]})
def _(data, records):
    log = Log("invoices")
    for base in range(0, 100, 10):
        log.add(base, 10)
    new = Log("invoices")
    for base in range(80, 120, 10):
        new.add(base, 10, 1, words="'")
    invoices(data, records, log, 120)
    for o, c in new.records.items():
        records["invoices-0"].setdefault(o, []).extend(c)
    segment(f"{data}/invoices-0", 80, new)
    epochs(f"{data}/invoices-0", (0, 0), (1, 80))


# ---- (e) segments of 0 bytes

@case("46-active-segment-of-0-bytes", "The last segment is 0 bytes long; its indexes, the snapshot at its end and the checkpoints prove that it held 200 to 249. donor.tar.zst holds a good copy.",
      "a file whose length and bytes were not written", {
          "verify": {"exit": [2], "findings": [{"path": "invoices-0", "severity": ["damage"]}]},
          "repair": {"exit": [1], "lost": {"invoices-0": [[200, 249]]}, "starts": True, "verify_after": [0, 1], "serves": {"invoices-0": {"at_least": [[0, 199]], "at_most": [[0, 199]], "end": 250}}},
          "repair_with_donor": {"donor": "donor.tar.zst", "exit": [1], "lost": {}, "starts": True, "verify_after": [0, 1], "serves": {"invoices-0": [[0, 249]]}}},
      intact=TOPICS | {"invoices-0": [[0, 199]]}, donor="invoices-0", state="unclean")
def _(data, _):
    os.remove(f"{data}/.kafka_cleanshutdown")
    put(f"{data}/invoices-0/{200:020}.log", "")


@case("47-segment-of-transactions-of-0-bytes", "A segment with three transactions is 0 bytes long, and its indexes are gone; only the name of the next segment and the snapshots prove that it held 12 to 29.",
      "a file whose length and bytes were not written", {
          "verify": {"exit": [2], "findings": [{"path": "payments-0", "severity": ["damage"]}]},
          "repair": {"exit": [1], "lost": {"payments-0": {"at_least": [[12, 16], [18, 22], [24, 28]], "at_most": [[12, 29]]}}, "starts": True, "verify_after": [0, 1]}},
      intact=TOPICS | {"payments-0": [[0, 4], [6, 10], [30, 34], [36, 40]]})
def _(data, _):
    for kind in ("index", "timeindex", "txnindex"):
        os.remove(f"{data}/payments-0/{12:020}.{kind}")
    put(f"{data}/payments-0/{12:020}.log", "")


@case("48-first-segment-of-0-bytes", "The first segment is 0 bytes long.", "a file whose length and bytes were not written", {
          "verify": {"exit": [2], "findings": [{"path": "invoices-0", "severity": ["damage"]}]},
          "repair": {"exit": [1], "lost": {"invoices-0": [[0, 9]]}, "starts": True, "verify_after": [0, 1]},
          "repair_with_donor": {"donor": "donor.tar.zst", "exit": [1], "lost": {}, "starts": True, "verify_after": [0, 1], "serves": {"invoices-0": [[0, 249]]}}},
      intact=TOPICS | {"invoices-0": [[10, 249]]}, donor="invoices-0")
def _(data, _):
    put(f"{data}/invoices-0/{0:020}.log", "")


@case("77-only-segment-of-0-bytes", "The only segment of __consumer_offsets-0 is 0 bytes long; the snapshot at 4, the time index and the checkpoints prove that it held 0 to 3.",
      "a file whose length and bytes were not written", {"verify": {"exit": [2], "findings": [{"path": "__consumer_offsets-0", "severity": ["damage"]}]},
       "repair": {"exit": [1], "lost": {"__consumer_offsets-0": [[0, 3]]}, "starts": True, "verify_after": [0, 1]}})
def _(data, _):
    put(f"{data}/__consumer_offsets-0/{0:020}.log", "")


@case("78-sealed-segment-nul", "A segment that others follow is all zeros, and its indexes are 0 bytes long.", UNREADABLE,
      {"verify": {"exit": [2], "findings": [{"path": "invoices-0", "severity": ["damage"]}]},
       "repair": {"exit": [1], "lost": {"invoices-0": [[50, 99]]}, "starts": True, "verify_after": [0, 1], "serves": {"invoices-0": [[0, 49], [100, 249]]}},
       "repair_with_donor": {"donor": "donor.tar.zst", "exit": [1], "lost": {}, "starts": True, "verify_after": [0, 1], "serves": {"invoices-0": [[0, 249]]}}},
      intact=TOPICS | {"invoices-0": [[0, 49], [100, 249]]}, donor="invoices-0")
def _(data, _):
    zeros(f"{data}/invoices-0/{50:020}.log")
    for kind in ("index", "timeindex"):
        put(f"{data}/invoices-0/{50:020}.{kind}", "")


# ---- (f) small files that are older than the log

EPOCHS = [[0, 0], [4, 8], [9, 20]]


NEW_EPOCH_FILE = {"verify": {"exit": [1, 2], "findings": [{"path": "leader-epoch-checkpoint", "severity": ["warning", "damage"]}]}, "predict": {"start": "starts"},
                  "repair": dict(REPAIRED, unchanged=["*.log"], epochs=EPOCHS)}


def elections():
    log = Log()
    for base, epoch in ((0, 0), (4, 0), (8, 4), (12, 4), (16, 4), (20, 9)):
        log.add(base, 4, epoch)
    return log


@partition("49-epoch-file-two-elections-behind", "Epochs 0 from 0, 4 from 8 and 9 from 20 in the batches; leader-epoch-checkpoint ends with epoch 0.", "a copy taken file by file: the small file is older than the log",
           [[0, 23]], NEW_EPOCH_FILE)
def _(folder):
    epochs(folder, (0, 0))
    return segment(folder, 0, elections())


@partition("50-epoch-file-without-entries", "Epochs 0 from 0, 4 from 8 and 9 from 20 in the batches; leader-epoch-checkpoint has no entry.", "a copy taken file by file: the small file is older than the log",
           [[0, 23]], NEW_EPOCH_FILE)
def _(folder):
    epochs(folder)
    return segment(folder, 0, elections())


@case("51-recovery-point-older-than-the-log", "recovery-point-offset-checkpoint and replication-offset-checkpoint are of a time when invoices-0 had 150 records, after an unclean stop.", "a power failure: the small files are older than the log",
      {"verify": {"exit": [0, 1], "no_findings": [{"severity": ["damage"]}]}, "predict": {"start": "starts", "loses": {"invoices-0": [0, 0]}}, "repair": dict(REPAIRED, exit=[0, 1], unchanged=["*.log"])}, state="unclean")
def _(data, _):
    os.remove(f"{data}/.kafka_cleanshutdown")
    for name in ("recovery-point-offset-checkpoint", "replication-offset-checkpoint"):
        put(f"{data}/{name}", get(f"{data}/{name}").replace(b"invoices 0 250", b"invoices 0 150"))


@case("86-recovery-point-beyond-the-end", "recovery-point-offset-checkpoint says 400 for invoices-0, whose log ends at 250, after an unclean stop.", "a log that lost its end, or a checkpoint of another broker",
      {"verify": {"exit": [1, 2], "findings": [{"path": "recovery-point-offset-checkpoint", "severity": ["warning", "damage"]}]}, "predict": {"start": "starts", "loses": {"invoices-0": [0, 0]}},
       "repair": {"exit": [1], "starts": True, "verify_after": [0, 1], "unchanged": ["*.log"]}}, state="unclean")
def _(data, _):
    os.remove(f"{data}/.kafka_cleanshutdown")
    put(f"{data}/recovery-point-offset-checkpoint", get(f"{data}/recovery-point-offset-checkpoint").replace(b"invoices 0 250", b"invoices 0 400"))


@case("92-epoch-file-of-an-older-time-in-a-broker", "leader-epoch-checkpoint of a partition whose last segment has batches of epoch 1 ends with epoch 0, after a clean stop.", "a copy taken file by file: the small file is older than the log",
      {"verify": {"exit": [1, 2], "findings": [{"path": "invoices-0/leader-epoch-checkpoint", "severity": ["warning", "damage"]}]}, "predict": {"start": "starts"},
       "repair": dict(REPAIRED, unchanged=["*.log"])}, intact=TOPICS | {"invoices-0": [[0, 29]]})
def _(data, records):
    invoices(data, records, Log("invoices").add(0, 10).add(10, 10).add(20, 10, 1), 30)


# ---- (g) swaps

@case("52-swap-empty", "A .log.swap of 0 bytes beside the three whole segments that it would replace.", CRASHED_CLEANER,
      {"verify": {"exit": [2], "findings": [{"path": "invoices-0/", "severity": ["damage"]}]}, "predict": {"start": "starts"}, "repair": RESTORED})
def _(data, _):
    swap(data, lambda kept: b"")


@case("53-swap-nul-originals-deleted", "A .log.swap of zeros; the three segments that it would replace are whole, as .deleted.", CRASHED_CLEANER,
      {"verify": {"exit": [2], "findings": [{"path": "invoices-0/", "severity": ["damage"]}]}, "repair": RESTORED})
def _(data, _):
    swap(data, lambda kept: bytes(len(kept)), deleted=True)


@case("54-swap-torn-originals-deleted", "A .log.swap that ends in the middle of a batch; the three segments that it would replace are whole, as .deleted.", CRASHED_CLEANER,
      {"verify": {"exit": [2], "findings": [{"path": "invoices-0/", "severity": ["damage"]}]}, "repair": RESTORED})
def _(data, _):
    swap(data, lambda kept: kept[:-1000], deleted=True)


@case("82-swap-half-renamed", "A whole .log.swap; of the three segments that it replaces one is already .deleted, two are still under their names.", CRASHED_CLEANER,
      {"verify": {"exit": [0, 1]}, "predict": {"start": "starts"}, "repair": dict(REPAIRED, exit=[0, 1], serves={"invoices-0": {"at_least": KEPT, "at_most": [[0, 249]]}})})
def _(data, _):
    swap(data, lambda kept: kept)
    for kind in ("log", "index", "timeindex"):
        os.rename(f"{data}/invoices-0/{0:020}.{kind}", f"{data}/invoices-0/{0:020}.{kind}.deleted")


@case("83-swap-flipped-byte", "A .log.swap with a flipped byte in one batch; the three segments that it would replace are whole.", CRASHED_CLEANER + ", and a byte that flipped",
      {"verify": {"exit": [2], "findings": [{"path": "invoices-0/", "severity": ["damage"]}]}, "predict": {"start": "starts"}, "repair": RESTORED})
def _(data, _):
    swap(data, lambda kept: kept[:1000] + bytes([kept[1000] ^ 0xFF]) + kept[1001:])


@case("84-cleaned-beside", "A .log.cleaned of an interrupted compaction beside whole segments: Kafka removes it.", CRASHED_CLEANER,
      {"verify": {"exit": [0, 1]}, "predict": {"start": "starts", "loses": {"invoices-0": [0, 0]}}, "repair": dict(RESTORED, exit=[0, 1])})
def _(data, _):
    folder = f"{data}/invoices-0"
    put(f"{folder}/{0:020}.log.cleaned", get(f"{folder}/{10:020}.log")[:700])


# ---- (h) fields that no reader checks

@partition("55-sequence-below-zero", "A batch of a producer with sequence number -1 and one that goes backwards; a batch in between has a flipped byte.", "data of an old client, and a byte that flipped",
           [[0, 4], [10, 24]], {"verify": {"exit": [2]}, "repair": {"exit": [1], "lost": {"events-0": [[5, 9]]}, "starts": True, "verify_after": [0, 1], "serves": {"events-0": [[0, 4], [10, 24]]}}})
def _(folder):
    log = Log().add(0, 5).add(5, 5).add(10, 5, producer=(71, 0, -1)).add(15, 5, producer=(71, 0, 40)).add(20, 5, producer=(71, 0, 3))
    epochs(folder, (0, 0))
    return segment(folder, 0, log.flip(1))


@partition("56-times-below-zero", "Batches whose largest timestamp is below the base timestamp, or -1, or whose base timestamp is -1.", "data of a client that leaves fields unset",
           [[0, 19]], {"verify": {"exit": [0, 1], "no_findings": [{"severity": ["damage"]}]}, "predict": {"start": "starts", "loses": {"events-0": [0, 0]}},
                       "repair": {"plan_exit": [0, 1], "exit": [0, 1], "lost": {}, "starts": True, "verify_after": [0, 1], "unchanged": ["*.log"]}})
def _(folder):
    log = Log().add(0, 5, max_time=batches.T0 - 86400000).add(5, 5, max_time=-1).add(10, 5, base_time=-1).add(15, 5)
    epochs(folder, (0, 0))
    return segment(folder, 0, log)


@partition("57-count-below-range", "A batch whose header counts fewer records than its offsets, as compaction leaves it, and batches of an old producer (last offset delta 0) behind one with a flipped byte.", "data of an old client, and a byte that flipped",
           [[0, 0], [3, 3], [9, 9], [15, 18]], {"verify": {"exit": [2]}, "repair": {"exit": [1], "lost": {"events-0": {"at_least": [[10, 13]], "at_most": [[10, 14]]}}, "starts": True, "verify_after": [0, 1],
            "serves": {"events-0": {"at_least": [[0, 0], [3, 3], [9, 9], [15, 18]], "at_most": [[0, 0], [3, 3], [9, 9], [15, 18]], "repeats_ok": True}}}})
def _(folder):
    log = Log().add(0, 0, deltas=[0, 3, 9], last_delta=9).add(10, 4)
    log.add(15, 2, last_delta=0).add(17, 2, last_delta=0)
    epochs(folder, (0, 0))
    return segment(folder, 0, log.flip(1))


# ---- (i) moved log starts

@case("58-records-deleted-to-the-end", "All records of invoices-0 were deleted; its segments are still there.", "a healthy broker after records were deleted through its API, stopped cleanly", HEALTHY, intact=TOPICS | {"invoices-0": []})
def _(data, _):
    log_start(data, "invoices 0 250")


@case("59-records-deleted-in-two-topics", "Records of invoices-0 below 200 and of payments-0 below 20, in the middle of a transaction's batch, were deleted; the segments below are still there.",
      "a healthy broker after records were deleted through its API, stopped cleanly", HEALTHY,
      intact=TOPICS | {"invoices-0": [[200, 249]], "payments-0": [[20, 22], [24, 28], [30, 34], [36, 40]]})
def _(data, _):
    log_start(data, "invoices 0 200", "payments 0 20")


@case("60-damage-below-the-log-start", "Records of invoices-0 below 120 were deleted; a segment below is 0 bytes long and a batch below has a flipped byte. Neither matters.",
      "a healthy broker after records were deleted, and old blocks that went bad", {"verify": {"exit": [0, 1, 2]}, "predict": {"start": "starts"},
       "repair": {"exit": [0, 1], "lost": {}, "starts": True, "verify_after": [0, 1]}}, intact=TOPICS | {"invoices-0": [[120, 249]]})
def _(data, _):
    log_start(data, "invoices 0 120")
    put(f"{data}/invoices-0/{50:020}.log", "")
    path = f"{data}/invoices-0/{10:020}.log"
    log = get(path)
    put(path, log[:300] + bytes([log[300] ^ 0xFF]) + log[301:])


@case("79-rolled-and-still-empty", "The active segment at 250 was rolled just now and holds nothing yet: a healthy folder.", "a broker that was stopped right after a roll", HEALTHY)
def _(data, _):
    for kind in ("log", "index", "timeindex"):
        put(f"{data}/invoices-0/{250:020}.{kind}", "")


@case("80-retention-took-all", "Retention removed all segments of invoices-0; the empty one at 250 is left, and the log start is 250: a healthy folder.", "a healthy broker after retention", HEALTHY,
      intact=TOPICS | {"invoices-0": []})
def _(data, _):
    folder = f"{data}/invoices-0"
    for name in os.listdir(folder):
        if name.startswith("0") and not name.startswith(f"{250:020}"):
            os.remove(f"{folder}/{name}")
    for kind in ("log", "index", "timeindex"):
        put(f"{folder}/{250:020}.{kind}", "")
    epochs(folder, (0, 250))
    log_start(data, "invoices 0 250")


@case("81-retention-took-some", "Retention removed the segments of invoices-0 below 100, without a checkpoint of the log start: a healthy folder.", "a healthy broker after retention", HEALTHY,
      intact=TOPICS | {"invoices-0": [[100, 249]]})
def _(data, _):
    for base in SWAPPED:
        for kind in ("log", "index", "timeindex", "snapshot"):
            if os.path.exists(f"{data}/invoices-0/{base:020}.{kind}"):
                os.remove(f"{data}/invoices-0/{base:020}.{kind}")
    epochs(f"{data}/invoices-0", (0, 100))


# ---- (l) streams that end badly

def codec(name, about, intact, lost, expect_served, source_kind="data of a client with a codec of its own"):
    """A case whose topic invoices has these batches: what is lost at most, and what a consumer gets at least."""
    served = {"invoices-0": {"at_least": expect_served, "at_most": intact}}
    return case(name, about, source_kind, {"verify": {"args": ["--level", "deep"], "exit": [1, 2]}, "predict": {"start": "starts"},
                "repair": {"exit": [0, 1], "lost": {"invoices-0": {"at_most": lost}}, "starts": True, "verify_after": [0, 1], "serves": served}},
                intact=TOPICS | {"invoices-0": intact})


@codec("69-zstd-cut", "A batch whose checksum is right and whose zstd stream lacks its last 30 bytes; a good batch before and one after.", [[0, 29]], [[4, 23]], [[0, 3], [24, 29]])
def _(data, records):
    invoices(data, records, Log("invoices").add(0, 4).add(4, 20, codec="zstd", cut=30).add(24, 6), 30)


@codec("70-gzip-cut-in-the-data", "A batch whose checksum is right and whose gzip stream lacks its last 60 bytes; a good batch before and one after.", [[0, 29]], [[18, 23]], [[0, 17], [24, 29]])
def _(data, records):
    invoices(data, records, Log("invoices").add(0, 4).add(4, 20, codec="gzip", cut=60).add(24, 6), 30)


@codec("71-count-beyond-the-records", "A batch whose checksum is right and whose header counts two more records than there are; a good batch follows.", [[0, 2], [5, 8]], [[3, 4]], [[0, 2], [5, 8]],
       "data of a client with a writer of its own")
def _(data, records):
    invoices(data, records, Log("invoices").add(0, 3, claims=5, last_delta=4).add(5, 4), 9)


@codec("72-lz4-without-end-mark", "A batch whose checksum is right and whose lz4 frame lacks its end mark, 4 bytes; a good batch follows.", [[0, 11]], [[7, 7]], [[0, 6], [8, 11]])
def _(data, records):
    invoices(data, records, Log("invoices").add(0, 8, codec="lz4", cut=4).add(8, 4), 12)


@case("88-bytes-after-the-records", "A batch whose checksum is right and whose header counts one record less than there are; a good batch follows.", "data of a client with a writer of its own",
      {"verify": {"args": ["--level", "deep"], "exit": [1, 2]}, "predict": {"start": "starts"}, "repair": {"exit": [0, 1], "lost": {"invoices-0": {"at_most": [[2, 3]]}}, "starts": True, "verify_after": [0, 1],
       "serves": {"invoices-0": {"at_least": [[0, 1], [4, 7]], "at_most": [[0, 7]]}}}}, intact=TOPICS | {"invoices-0": [[0, 7]]})
def _(data, records):
    invoices(data, records, Log("invoices").add(0, 4, claims=3).add(4, 4), 8)


# ---- (m) times that rule nothing out

def dump(*runs):
    return {"dump": [{"file": f"{0:020}.log", "args": list(args), **more} for args, more in runs]}


@case("73-until-with-records-older-than-the-first", "Batches of June 2025 in which later records have the times of 2024; the header's largest timestamp is right.", "data of a client with a clock that jumps, sent with times of its own",
      dump((["--until", "2025-01-01", "--deep-iteration"], {"batches": [0], "records": [1, 2]}), (["--until", "2025-01-01"], {"batches": [0]}), (["--since", "2025-01-01", "--deep-iteration"], {"batches": [0, 3], "records": [0, 3, 4, 5]}),
           (["--until", "2024-01-01", "--deep-iteration"], {"records": []})), level="dump", target="events-0", base=None, intact={})
def _(data, _):
    os.mkdir(f"{data}/events-0")
    year = 365 * 86400000
    log, payload = Log(), b""
    for i, back in ((0, 0), (1, -year), (2, 1 - year)):
        payload += batches.record(i, back, *batches.text("events", i))
    log.raw(0, 0, 0, 2, batches.T0, batches.T0, (-1, -1, -1), 3, payload)
    segment(f"{data}/events-0", 0, log.add(3, 3))


@case("74-since-with-max-below-base", "Batches whose largest timestamp is a year below the base timestamp.", "data of a client that leaves a field unset",
      dump((["--since", "2025-01-01", "--deep-iteration"], {"batches": [0, 4], "records": [0, 1, 2, 3, 4, 5]}), (["--since", "2025-01-01"], {"batches": [0, 4]}), (["--since", "2026-01-01", "--deep-iteration"], {"records": []})),
      level="dump", target="events-0", base=None, intact={})
def _(data, _):
    os.mkdir(f"{data}/events-0")
    segment(f"{data}/events-0", 0, Log().add(0, 4, max_time=batches.T0 - 365 * 86400000).add(4, 2, max_time=0))


# ---- (n) transactions without an end

@partition("75-two-transactions-open", "Producers 31 and 62 began transactions at 4 and 14 and never ended them; others did. The older one is in an earlier segment.", "a transaction that hangs: the marker never came",
           [[0, 2], [4, 9], [11, 13], [14, 16], [17, 19]],
           {"verify": {"exit": [0, 1, 2], "mentions": ["31", "62", ["offset 4", "\"first_offset\":4", "from 4 "], ["offset 14", "\"first_offset\":14", "from 14 "], ["1750000000004", "2025-06-15T15:06:40.004", "2025-06-15T15:06:40"]]},
            "predict": {"start": "starts"}, "repair": {"exit": [0, 1], "lost": {}, "starts": True, "verify_after": [0, 1, 2], "unchanged": ["*.log"]}})
def _(folder):
    a = Log().add(0, 3, producer=(7, 0, 0), transactional=True).end(3, (7, 0)).add(4, 3, producer=(31, 0, 0), transactional=True).add(7, 3, producer=(7, 0, 3), transactional=True).end(10, (7, 0))
    b = Log().add(11, 3, producer=(31, 0, 3), transactional=True).add(14, 3, producer=(62, 1, 0), transactional=True).add(17, 3, producer=(7, 0, 6), transactional=True).end(20, (7, 0), commit=False)
    epochs(folder, (0, 0))
    return [segment(folder, 0, a), segment(folder, 11, b)]


@partition("76-transactions-all-ended", "Transactions of two producers, interleaved, all of them committed or aborted; Kafka wrote the indexes.", "a healthy folder",
           [[0, 2], [3, 5], [8, 10]], {"verify": {"exit": [0], "no_findings": [{"severity": ["warning", "damage"]}], "mentions_not": ["never ended", "hanging"]},
            "predict": {"start": "starts", "loses": {"events-0": [0, 0]}}, "repair": {"exit": [0], "lost": {}, "starts": True, "verify_after": [0], "unchanged": ["*"]}})
def _(folder):
    log = Log().add(0, 3, producer=(31, 0, 0), transactional=True).add(3, 3, producer=(62, 0, 0), transactional=True).end(6, (62, 0)).end(7, (31, 0), commit=False)
    log.add(8, 3, producer=(62, 0, 3), transactional=True).end(11, (62, 0))
    epochs(folder, (0, 0))
    segment(folder, 0, log)
    caselib.run_class("OpenPartition", folder, "unclean", "4096")
    return log


@case("89-transaction-open-after-a-clean-stop", "The transaction of producer 900 began at 3 and was never ended, in a topic of a broker that was stopped in order; its snapshot names it.", "a transaction that hangs: the marker never came",
      {"verify": {"exit": [0, 1, 2], "mentions": ["900", ["offset 3", "\"first_offset\":3", "from 3 "], ["1750000000003", "2025-06-15T15:06:40"]]}, "predict": {"start": "starts"},
       "repair": {"exit": [0, 1], "lost": {}, "starts": True, "verify_after": [0, 1, 2], "unchanged": ["*.log"]}}, intact=TOPICS | {"invoices-0": [[0, 9]]})
def _(data, records):
    invoices(data, records, Log("invoices").add(0, 3).add(3, 2, producer=(900, 2, 0), transactional=True).add(5, 5), 10)
    caselib.run_class("OpenPartition", f"{data}/invoices-0", "unclean", "4096")
