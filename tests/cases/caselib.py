"""What `judge` and `make` share: packing, the broker and its plain consumer, Kafka's loader for single partitions, and the demands."""
import fcntl
import fnmatch
import glob
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import tarfile
import tempfile
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, "..", ".."))
ORACLE = os.path.join(ROOT, "tests", "oracle")
TARGET = os.path.join(ROOT, os.environ.get("CARGO_TARGET_DIR", "target"))
HELPERS = os.path.join(TARGET, "oracle", "helpers.jar")
HOME = os.environ.get("KAFKA_ORACLE_HOME", os.path.expanduser("~/.cache/kafka-oracle"))
PORTS = range(19500, 19590, 2)
SETTINGS = """auto.create.topics.enable=false
log.index.size.max.bytes=16384
log.cleaner.backoff.ms=600000
log.initial.task.delay.ms=3600000
transaction.abort.timed.out.transaction.cleanup.interval.ms=3600000
"""
WAIT = 75  # seconds that one run of the product, or one reader, may take


# ---- ranges, packing

def to_ranges(offsets):
    out = []
    for o in sorted(set(offsets)):
        if out and out[-1][1] == o - 1:
            out[-1][1] = o
        else:
            out.append([o, o])
    return out


def to_set(ranges):
    return {o for lo, hi in ranges for o in range(lo, hi + 1)}


def show(offsets, n=6):
    r = to_ranges(offsets)
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in r[:n]) + (f" and {len(r) - n} more ranges" if len(r) > n else "") or "none"


def pack(folder, archive):
    def plain(i):
        i.uid = i.gid = i.mtime = 0
        i.uname = i.gname = ""
        return i
    with subprocess.Popen(["zstd", "-q", "-f", "-19", "-o", archive], stdin=subprocess.PIPE) as z:
        with tarfile.open(fileobj=z.stdin, mode="w|") as t:
            for name in sorted(os.listdir(folder)):
                t.add(os.path.join(folder, name), name, filter=plain)
        z.stdin.close()
    if z.returncode:
        raise SystemExit("zstd failed")


def unpack(archive, folder):
    os.makedirs(folder)
    with subprocess.Popen(["zstd", "-q", "-d", "-c", archive], stdout=subprocess.PIPE) as z:
        with tarfile.open(fileobj=z.stdout, mode="r|") as t:
            t.extractall(folder, filter="data")
        while z.stdout.read(1 << 20):
            pass
    if z.returncode:
        raise SystemExit(f"cannot unpack {archive}")
    return folder


# ---- Kafka

def java():
    return os.path.join(os.environ["JAVA_HOME"], "bin", "") if os.environ.get("JAVA_HOME") else ""


def classpath():
    """Kafka's jars, the helpers of the oracle, and the classes in `java`, compiled when they changed."""
    sources = sorted(glob.glob(os.path.join(HERE, "java", "*.java")))
    digest = hashlib.sha256()
    for path in [*sources, HELPERS]:
        with open(path, "rb") as h:
            digest.update(h.read())
    classes = os.path.join(TARGET, "oracle", "cases-" + digest.hexdigest()[:16])
    path = [HELPERS, os.path.join(HOME, "lib", "*")]
    if not os.path.isdir(classes):
        new = f"{classes}.{os.getpid()}"
        subprocess.run([java() + "javac", "-nowarn", "-Xlint:none", "-encoding", "UTF-8", "-cp", os.pathsep.join(path), "-d", new, *sources], check=True)
        try:
            os.rename(new, classes)
        except OSError:
            shutil.rmtree(new)
    return os.pathsep.join([classes, *path])


def run_class(name, *args):
    """Runs a class of `java` and reads the JSON object that it prints."""
    config = os.path.join(ORACLE, "config", "tools-log4j2.xml")
    p = subprocess.run([java() + "java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", f"-Dlog4j2.configurationFile={config}",
                        "-cp", classpath(), name, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=WAIT)
    if p.returncode:
        raise RuntimeError(f"{name} failed: {p.stderr[-300:]}")
    return json.loads(p.stdout)


class Port:
    """A free port and the next one, taken from the range of the cases and held until released."""

    def __enter__(self):
        for port in PORTS:
            self.lock = open(os.path.join(tempfile.gettempdir(), f"kafka-cases-{port}.lock"), "w")
            try:
                fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                self.lock.close()
                continue
            try:
                for p in (port, port + 1):
                    with socket.socket() as s:
                        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                        s.bind(("localhost", p))
                return port
            except OSError:
                self.lock.close()
        raise RuntimeError("no free port")

    def __exit__(self, *_):
        self.lock.close()


def broker(folder):
    """Starts a real broker on folder/data, reads everything with a plain consumer, ends the broker."""
    with open(os.path.join(folder, "extra.properties"), "w") as h:
        h.write(SETTINGS)
    sh = os.path.join(ORACLE, "broker.sh")
    data = os.path.join(folder, "data")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
    with Port() as port:
        try:
            started = os.path.exists(os.path.join(data, "meta.properties")) and subprocess.run([sh, "start", folder, str(port)], timeout=90, **quiet).returncode == 0
            out = {"starts": started}
            if started:
                out["serves"] = {k: {"start": v.get("start"), "end": v.get("end"), "got": [tuple(x) for x in v["records"]], "error": v["error"]}
                                 for k, v in run_class("ReadAll", f"localhost:{port}").items()}
        finally:
            subprocess.run([sh, "kill", folder, str(port)], timeout=90, **quiet)
    out["said"] = said(folder)
    out["set_aside"] = sorted(n for n in os.listdir(data) if n.endswith("-stray"))
    return out


def said(folder, n=4):
    """The lines of the broker's log that matter here, without times, classes and our folder."""
    found = []
    for name in ("broker.log.1", "broker.log"):
        path = os.path.join(folder, name)
        if os.path.exists(path):
            with open(path, errors="replace") as h:
                for line in h:
                    line = line.rstrip("\n").replace(os.path.join(folder, "data"), "DATA").replace(folder, "DIR")
                    m = re.match(r"\[[^]]*\] (\w+) (.*?)( \(\S+\))?$", line)
                    text = f"{m[1]} {m[2]}" if m else line if re.match(r"(Caused by: |Exception in|(java|org)\.\S+(Exception|Error))", line) else ""
                    if not re.match(r"(WARN|ERROR|FATAL|Caused|Exception|java|org)|.*([Ss]tray|Deleting (all )?seg|[Tt]runcating to|[Cc]orrupt)", text):
                        continue
                    if re.search(r"KafkaConfig values|event queue is shutting|NetworkClient|deprecat|bootstrap broker|Selector|no configuration file|unclean.leader|voter|controller activation|Unable to start|AppInfo|localhost", text):
                        continue
                    if text[:240] not in found:
                        found.append(text[:240])
    return found[:n]


def partition(path, state, interval):
    """Opens a partition folder as a starting broker does, then reads what is left with Kafka's dump tool."""
    o = run_class("OpenPartition", path, state, str(interval))
    if not o.get("opened"):
        return {"starts": False, "said": [o["error"]]}
    records, error = dump_records(path)
    return {"starts": True, "said": [o["error"]] if "error" in o else [], "epochs": o["leaderEpochs"], "open_transactions": o["openTransactions"],
            "serves": {os.path.basename(path): {"start": o["logStartOffset"], "end": o["logEndOffset"], "got": records, "error": error}}}


def dump_records(path):
    """The records in a partition folder, in order, as Kafka's dump tool decodes them, and whether it died."""
    logs = sorted(f for f in os.listdir(path) if re.fullmatch(r"\d{20}\.log", f))
    if not logs:
        return [], None
    p = subprocess.run([os.path.join(ORACLE, "bin", "kafka-dump-log"), "--deep-iteration", "--print-data-log", "--files", ",".join(os.path.join(path, f) for f in logs)],
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=WAIT)
    got, valid = [], True
    for line in p.stdout.decode(errors="replace").splitlines():
        if line.startswith("baseOffset:"):
            valid = "isvalid: true" in line
        m = re.match(r"\| offset: (-?\d+) .*? key: (.*?) payload: (.*)$", line)
        if m and valid:
            got.append((int(m[1]), content(m[2].encode(), m[3].encode())))
    return got, p.stderr.decode(errors="replace").strip().splitlines()[0][:200] if p.returncode else None


def content(key, value):
    return f"{zlib.crc32(b''.join((key, bytes([255]), value))):08x}"


# ---- a case

class Unmet(Exception):
    pass


def need(ok, text):
    if not ok:
        raise Unmet(text)


class Case:
    def __init__(self, path):
        self.path = os.path.normpath(path)
        self.name = os.path.basename(self.path)
        with open(os.path.join(path, "case.json")) as h:
            self.spec = json.load(h)
        r = os.path.join(path, "records.json")
        self.records = {}
        if os.path.exists(r):
            with open(r) as h:
                self.records = {p: {int(o): v if isinstance(v, list) else [v] for o, v in m.items()} for p, m in json.load(h).items()}
        self.level, self.state = self.spec["level"], self.spec["state"]
        self.interval = self.spec.get("settings", {}).get("index.interval.bytes", 4096)

    def fresh(self, tmp, name):
        os.makedirs(os.path.join(tmp, name))
        return unpack(os.path.join(self.path, "data.tar.zst"), os.path.join(tmp, name, "data"))

    def target(self, data):
        return os.path.normpath(os.path.join(data, self.spec.get("target", ".")))

    def kafka(self, data):
        if self.level == "broker":
            return broker(os.path.dirname(data))
        return partition(self.target(data), self.state, self.interval)

    def kafka_alone(self):
        """What Kafka makes of the case by itself, in the form of case.json."""
        with tempfile.TemporaryDirectory(prefix="case-") as tmp:
            data = self.fresh(tmp, "k")
            if self.level == "dump":
                got, error = dump_records(self.target(data))
                return {"records": to_ranges(o for o, _ in got), "error": error}
            k = self.kafka(data)
        for v in k.get("serves", {}).values():
            got = v.pop("got")
            v["records"] = to_ranges(o for o, _ in got)
            if len(got) != len({o for o, _ in got}):
                v["delivered"] = len(got)
        if not k.get("set_aside"):
            k.pop("set_aside", None)
        else:
            k["set_aside"] = sorted(re.sub(r"\.[0-9a-f]{32}-", ".ID-", n) for n in k["set_aside"])
        return k


# ---- the product

class Product:
    def __init__(self, folder):
        self.log, self.dump = (os.path.join(folder, n) for n in ("kafka-log", "kafka-dump-log"))

    def run(self, program, *args):
        p = subprocess.run([program, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=WAIT)
        return p.returncode, p.stdout.decode(errors="replace"), p.stderr.decode(errors="replace")

    def verify(self, target, *more):
        """exit code, JSON lines, text for people"""
        rc, out, err = self.run(self.log, "verify", "--output", "json", *more, target)
        _, text, err2 = self.run(self.log, "verify", "--notes", *more, target)
        return rc, lines(out), text + err + err2, out

    def repair(self, target, *more):
        rc, out, err = self.run(self.log, "repair", "--output", "json", *more, target)
        return rc, lines(out), err


def lines(out):
    found = []
    for line in out.splitlines():
        if line.startswith("{"):
            try:
                found.append(json.loads(line))
            except ValueError:
                pass
    return found


def of_partition(path, name):
    return name in path.split("/")


# ---- demands

def check_mentions(spec, everything, what):
    low = everything.lower().replace("snapshot-stray", "")  # a code of another matter
    for m in spec.get("mentions", []):
        alternatives = m if isinstance(m, list) else [m]
        need(any(a.lower() in low for a in alternatives), f"{what} does not mention {' or '.join(alternatives)}")
    for m in spec.get("mentions_not", []):
        need(m.lower() not in low, f"{what} mentions {m}")


def finding_fits(f, want, data):
    path = os.path.relpath(f.get("path") or data, data)
    return want.get("path", "") in path and f["severity"] in want.get("severity", ["note", "warning", "damage"]) and f["code"] in want.get("code", [f["code"]])


def check_verify(spec, result, data, what="verify"):
    rc, js, text, raw = result
    if "exit" in spec:
        need(rc in spec["exit"], f"{what} exits with {rc}, not {' or '.join(map(str, spec['exit']))}")
    findings = [j for j in js if j.get("kind") == "finding"]
    for want in spec.get("findings", []):
        need(any(finding_fits(f, want, data) for f in findings), f"{what} has no finding {json.dumps(want)}")
    for want in spec.get("no_findings", []):
        bad = [f for f in findings if finding_fits(f, want, data)]
        need(not bad, f"{what} has a finding {bad[0]['code']} ({bad[0]['severity']}) at {os.path.relpath(bad[0]['path'], data)}" if bad else "")
    check_mentions(spec, raw + text, what)


def check_predict(spec, result, case, data):
    _, js, text, raw = result
    mine = [j for j in js if j.get("kind") == "prediction" and j.get("stop") in (case.state, None)]
    refused = [j for j in js if j.get("kind") == "start_prediction" and j.get("outcome") in ("refused", "offline")] + [j for j in mine if j.get("opens") is False]
    if "start" in spec:
        need(bool(refused) == (spec["start"] == "refuses"), f"the prediction is that it {'refuses' if refused else 'starts'}, and Kafka {spec['start']}")
    for part, (lo, hi) in spec.get("loses", {}).items():
        n = sum(j.get("records_lost") or 0 for j in mine if of_partition(j["path"], part) or os.path.basename(data) == part)
        need(lo <= n <= hi, f"the prediction is that {part} loses {n} records, not {lo if lo == hi else f'{lo} to {hi}'}")
    check_mentions(spec, raw + text, "the prediction")
    if "records_at_risk" in spec:
        n = spec["records_at_risk"]
        total = sum(j.get("records_lost") or 0 for j in mine)
        words = [w.lower() for m in spec.get("mentions", []) for w in (m if isinstance(m, list) else [m])]
        rows = text.splitlines()
        near = any(re.search(rf"(?<![\d.]){n}(?![\d.]*\d)", " ".join(rows[max(0, i - 3):i + 4])) for i, row in enumerate(rows) if any(w in row.lower() for w in words))
        inside = any(re.search(rf"(?<!\d){n}(?!\d)", row) for row in raw.splitlines() if any(w in row.lower() for w in words) and '"kind":"segment"' not in row)
        need(total == n or near or inside, f"the prediction does not say that {n} records are at risk")


def stated_losses(js):
    """partition folder: offsets that the plan calls lost"""
    out = {}
    for j in js:
        if j.get("kind") == "partition":
            got = out.setdefault(os.path.basename(j["path"]), set())
            for x in j.get("lost", []):
                a, b = x.get("first_offset"), x.get("last_offset")
                if a is None and b is None:
                    continue
                a, b = b if a is None else a, a if b is None else b
                got.update(range(a, min(b, a + 1000000) + 1))
    return out


def check_lost(spec, js):
    stated = stated_losses(js)
    for part in sorted(set(spec) | set(stated)):
        want, have = spec.get(part, []), stated.get(part, set())
        low, high = (to_set(want.get("at_least", [])), to_set(want["at_most"]) if "at_most" in want else None) if isinstance(want, dict) else (to_set(want), to_set(want))
        need(low <= have, f"the plan does not say that {part} loses {show(low - have)}")
        need(high is None or have <= high, f"the plan says that {part} loses {show(have - (high or set()))}, which need not be lost")


def check_kafka(spec, k, case):
    if "starts" in spec:
        need(k["starts"] == spec["starts"], f"after the repair the broker {'starts' if k['starts'] else 'does not start: ' + '; '.join(k['said'][:1])}")
    if not k["starts"]:
        return
    want = {p: r for p, r in case.spec.get("intact", {}).items()}
    want.update(spec.get("serves", {}))
    for part, w in want.items():
        w = w if isinstance(w, dict) else {"at_least": w, "at_most": w}
        v = k["serves"].get(part)
        need(v is not None, f"after the repair there is no {part}")
        got = [o for o, _ in v["got"]]
        have, low = set(got), to_set(w.get("at_least", []))
        need(low <= have, f"after the repair {part} lacks {show(low - have)}" + (f" ({v['error']})" if v["error"] else ""))
        if "at_most" in w:
            need(have <= to_set(w["at_most"]), f"after the repair {part} also has {show(have - to_set(w['at_most']))}")
        need(w.get("error_ok") or not v["error"], f"after the repair the consumer of {part} stops: {v['error']}")
        if not w.get("repeats_ok"):
            need(len(have) == len(got), f"after the repair {part} delivers {len(got) - len(have)} offsets twice")
        if "end" in w:
            need(v["end"] == w["end"], f"after the repair {part} ends at {v['end']}, not {w['end']}")
        table = case.records.get(part, {})
        changed = [o for o, c in v["got"] if o in table and c not in table[o]]
        need(not changed, f"after the repair {part} has other content at {show(changed)}")
    if "epochs" in spec:
        need(k.get("epochs") == spec["epochs"], f"after the repair Kafka knows the epochs {k.get('epochs')}, not {spec['epochs']}")


def files(data, patterns):
    out = {}
    for root, _, names in os.walk(data):
        if ".kafka-log-repair" in root:
            continue
        for n in names:
            rel = os.path.relpath(os.path.join(root, n), data)
            if any(fnmatch.fnmatch(rel, p) for p in patterns):
                with open(os.path.join(root, n), "rb") as h:
                    out[rel] = hashlib.sha256(h.read()).hexdigest()
    return out


def check_repair(spec, case, product, tmp, name, with_broker):
    more = []
    if spec.get("donor"):
        more = ["--donor", unpack(os.path.join(case.path, spec["donor"]), os.path.join(tmp, name + "-donor"))]
    data = case.fresh(tmp, name + "-plan")
    before = files(data, ["*"])
    rc, js, err = product.repair(case.target(data), *more)
    need(files(data, ["*"]) == before, "the plan changes files")
    if "plan_exit" in spec:
        need(rc in spec["plan_exit"], f"the plan exits with {rc}, not {' or '.join(map(str, spec['plan_exit']))}")
    if "kafka_alone" in spec:
        refusals = [j for j in js if j.get("kind") == "partition" and (j.get("kafka_alone") or {}).get("refusal")]
        need(bool(refusals) == (spec["kafka_alone"] == "refuses"), f"the plan says that Kafka alone would {'not start' if refusals else 'start'}, and it {spec['kafka_alone']}")
    data = case.fresh(tmp, name)
    arc, ajs, aerr = product.repair(case.target(data), "--apply", *more)
    after = files(data, ["*"])
    vrc = product.verify(case.target(data))[0]
    ran, first = None, None
    for alt in spec.get("any_of", [{k: v for k, v in spec.items() if k not in ("plan_exit", "kafka_alone", "donor")}]):
        try:
            if "lost" in alt:
                check_lost(alt["lost"], js)
            if "exit" in alt:
                need(arc in alt["exit"], f"repair --apply exits with {arc}, not {' or '.join(map(str, alt['exit']))}" + (f" ({aerr.strip()[:120]})" if arc == 3 else ""))
            for p in alt.get("unchanged", []):
                changed = [f for f in before if fnmatch.fnmatch(f, p) and after.get(f) != before[f]]
                need(not changed, f"the repair changes {', '.join(changed[:3])}")
            if "verify_after" in alt:
                need(vrc in alt["verify_after"], f"verify after the repair exits with {vrc}, not {' or '.join(map(str, alt['verify_after']))}")
            if with_broker and ("starts" in alt or "serves" in alt or "epochs" in alt):
                ran = ran or case.kafka(data)
                check_kafka(alt, ran, case)
            return
        except Unmet as u:
            first = first or u
    raise first


def check_dump(spec, case, product, data):
    for run in spec:
        rc, out, err = product.run(product.dump, "--files", os.path.join(case.target(data), run["file"]), *run["args"])
        what = "kafka-dump-log " + " ".join(run["args"])
        need(rc in run.get("exit", [0]), f"{what} exits with {rc}")
        if "batches" in run:
            have = [int(x) for x in re.findall(r"^baseOffset: (\d+)", out, re.M)]
            need(have == run["batches"], f"{what} prints the batches at {have}, not at {run['batches']}")
        if "records" in run:
            have = [int(x) for x in re.findall(r"^\| offset: (\d+)", out, re.M)]
            need(have == run["records"], f"{what} prints the records {show(have)}, not {show(run['records'])}")


VERIFY = {"exit", "args", "findings", "no_findings", "mentions", "mentions_not"}
PREDICT = {"start", "loses", "records_at_risk", "mentions", "mentions_not"}
OUTCOME = {"exit", "lost", "unchanged", "verify_after", "starts", "serves", "epochs"}
REPAIR = OUTCOME | {"donor", "plan_exit", "kafka_alone", "any_of"}
DUMP = {"file", "args", "exit", "batches", "records"}


def check_known(expect):
    """Raises a ValueError for a demand that nothing here checks."""
    known = {"verify": VERIFY, "predict": PREDICT, "repair": REPAIR, "repair_with_donor": REPAIR, "dump": DUMP}
    for key, value in expect.items():
        for demand in value if key == "dump" else [value]:
            unknown = set(demand) - known.get(key, set())
            for outcome in demand.get("any_of", []):
                unknown |= set(outcome) - OUTCOME
            if unknown or key not in known:
                raise ValueError(f"unknown demand: {key} {', '.join(sorted(unknown))}")


def judge(case, product, with_broker=True):
    """None, or the first demand that is not met."""
    expect = case.spec["expect"]
    with tempfile.TemporaryDirectory(prefix="case-") as tmp:
        try:
            data = case.fresh(tmp, "v")
            target = case.target(data)
            check_known(expect)
            before = files(data, ["*"])
            if "dump" in expect:
                check_dump(expect["dump"], case, product, data)
            if "verify" in expect:
                check_verify(expect["verify"], product.verify(target, *expect["verify"].get("args", [])), data)
            if "predict" in expect:
                settings = [x for k, v in case.spec.get("settings", {}).items() for x in ("--set", f"{k}={v}")]
                check_predict(expect["predict"], product.verify(target, "--predict", *settings), case, target)
            need(files(data, ["*"]) == before, "verify or dump changes files")
            for key in ("repair", "repair_with_donor"):
                if key in expect:
                    check_repair(expect[key], case, product, tmp, key, with_broker)
        except Unmet as u:
            return str(u)
        except (OSError, ValueError, KeyError, RuntimeError, subprocess.TimeoutExpired) as e:
            return f"could not be judged: {type(e).__name__}: {str(e)[:200]}"
    return None


def cases(paths):
    for p in paths:
        if os.path.exists(os.path.join(p, "case.json")):
            yield Case(p)
        else:
            found = sorted(glob.glob(os.path.join(glob.escape(p), "*", "case.json")))
            if not found:
                raise SystemExit(f"no case in {p}")
            yield from (Case(os.path.dirname(f)) for f in found)
