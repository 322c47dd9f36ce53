"""What the definitions of cases share: demands that come again, changes of files, partitions built from batches."""
import os

import batches

TOPICS = {"blank-0": [], "customers-0": [[25, 39]], "invoices-0": [[0, 249]],
          "payments-0": [[0, 4], [6, 10], [12, 16], [18, 22], [24, 28], [30, 34], [36, 40]]}
REPAIRED = {"exit": [1], "lost": {}, "starts": True, "verify_after": [0, 1]}
NOTHING_TO_DO = {"plan_exit": [0], "exit": [0], "lost": {}, "unchanged": ["*"], "starts": True, "verify_after": [0, 1]}
UNREADABLE = "a file whose length was written and whose bytes were not"
CRASHED_CLEANER = "a crash or a power failure while segments are replaced by their compacted successor"
ALL = []


def repaired_or_remains(*unchanged):
    """A repair that works, or one that says that damage remains and leaves these files alone."""
    return {"any_of": [REPAIRED, {"exit": [2], "verify_after": [2], "unchanged": list(unchanged)}]}


def refused(path):
    return {"verify": {"exit": [2], "findings": [{"path": path, "severity": ["damage"]}]}, "predict": {"start": "refuses"}}


def stray(path, records=None):
    at_risk = {} if records is None else {"records_at_risk": records}
    return {"verify": {"exit": [2], "findings": [{"path": path, "severity": ["damage"]}]}, "predict": {"start": "starts", "mentions": ["stray"], **at_risk}}


def case(name, about, source_kind, expect, **more):
    """Registers a case made by the decorated function, which changes the unpacked base, or the empty folder, and its records."""
    def register(change):
        variant = {"name": name, "about": about, "source_kind": source_kind, "level": "broker", "state": "clean", "intact": TOPICS, "expect": expect,
                   "base": "20-healthy", "change": change}
        variant.update(more)
        ALL.append(variant)
        return change
    return register


def partition(name, about, source_kind, intact, expect, **more):
    """The same for a partition folder `events-0` of its own, whose batches the decorated function returns."""
    def register(change):
        def write(data, records):
            folder = os.path.join(data, "events-0")
            os.makedirs(folder)
            result = change(folder)
            for log in result if isinstance(result, list) else [result]:
                for o, c in log.records.items():
                    records.setdefault("events-0", {}).setdefault(o, []).extend(c)
        return case(name, about, source_kind, expect, level="partition", state="unclean", target="events-0", intact={"events-0": intact}, base=None, **more)(write)
    return register


def put(path, content):
    with open(path, "wb") as h:
        h.write(content if isinstance(content, bytes) else content.encode())


def get(path):
    with open(path, "rb") as h:
        return h.read()


def zeros(path):
    put(path, bytes(os.path.getsize(path)))


def epochs(folder, *entries):
    put(os.path.join(folder, "leader-epoch-checkpoint"), f"0\n{len(entries)}\n" + "".join(f"{e} {o}\n" for e, o in entries))


def segment(folder, base, log):
    put(os.path.join(folder, f"{base:020}.log"), log.data)
    return log


def topic_id(data, name):
    return get(f"{data}/{name}/partition.metadata")


SWAPPED = (0, 10, 50)  # segments that the swap replaces


KEPT = [[0, 9], [20, 29], [40, 49], [60, 69], [80, 89], [100, 249]]


RESTORED = dict(REPAIRED, serves={"invoices-0": {"at_least": [[0, 249]], "at_most": [[0, 249]]}})


def swap(data, content, deleted=False):
    """Puts a compacted successor of three segments beside them, every other batch of theirs, changed by `content`."""
    folder = f"{data}/invoices-0"
    whole = b"".join(get(f"{folder}/{base:020}.log") for base in SWAPPED)
    kept = b"".join(whole[at:at + size] for n, (at, size, _, _) in enumerate(batches.all_batches(whole)) if n % 2 == 0)
    put(f"{folder}/{0:020}.log.swap", content(kept))
    for kind in ("index", "timeindex"):
        put(f"{folder}/{0:020}.{kind}.swap", "")
    if deleted:
        for base in SWAPPED:
            for kind in ("log", "index", "timeindex"):
                os.rename(f"{folder}/{base:020}.{kind}", f"{folder}/{base:020}.{kind}.deleted")


def log_start(data, *entries):
    put(f"{data}/log-start-offset-checkpoint", f"0\n{len(entries)}\n" + "".join(f"{e}\n" for e in entries))


HEALTHY = {"verify": {"exit": [0], "no_findings": [{"severity": ["warning", "damage"]}]}, "predict": {"start": "starts", "loses": {"invoices-0": [0, 0], "payments-0": [0, 0]}},
           "repair": dict(NOTHING_TO_DO, unchanged=["invoices-0/*", "payments-0/*"], verify_after=[0])}


BY_HAND = "a copy made by hand, in place"


def invoices(data, records, log, end):
    """Puts the batches in place of all segments of invoices-0."""
    folder = f"{data}/invoices-0"
    for name in os.listdir(folder):
        if name != "partition.metadata":
            os.remove(f"{folder}/{name}")
    records["invoices-0"] = log.records
    segment(folder, 0, log)
    epochs(folder, (0, 0))
    for name in ("recovery-point-offset-checkpoint", "replication-offset-checkpoint"):
        put(f"{data}/{name}", get(f"{data}/{name}").replace(b"invoices 0 250", f"invoices 0 {end}".encode()))
