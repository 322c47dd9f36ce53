"""Shared by make-corpus and diff-dump: which cases a folder of Kafka files gives, and how results are compared."""
import os
import re
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
UNIT = "\x1f"
DECODERS = ["offsets-decoder", "transaction-log-decoder", "cluster-metadata-decoder", "remote-log-metadata-decoder",
            "share-group-state-decoder"]
API = "org.apache.kafka.tools.api."
OURS = ("scenario.json", "cases.json")  # at the top of a scenario: not Kafka's
DEEP_LIMIT = 400_000  # logs larger than this get fewer flag sets


def data_files(root):
    """Relative paths of the Kafka files of a scenario (not the expected results, not our own lists)."""
    found = []
    for folder, dirs, files in os.walk(root):
        if folder == root:
            dirs[:] = [d for d in dirs if not d.startswith("expected")]
        dirs.sort()
        for f in sorted(files):
            rel = os.path.relpath(os.path.join(folder, f), root)
            if rel not in OURS:
                found.append(rel)
    return sorted(found)


def case(cid, *args):
    return {"id": cid, "args": list(args)}


def log_cases(f, size, full, info, root):
    out = [case(f + ".none", "--files", f), case(f + ".print", "--print-data-log", "--files", f)]
    decoder = info.get("decoder")
    if decoder in DECODERS:
        out.append(case(f + ".decoder", "--" + decoder, "--files", f))
    if not full:
        return out
    if size <= DEEP_LIMIT:
        out += [
            case(f + ".deep", "--deep-iteration", "--files", f),
            case(f + ".deep-print", "--deep-iteration", "--print-data-log", "--files", f),
            case(f + ".skip-print", "--skip-record-metadata", "--print-data-log", "--files", f),
            case(f + ".skip-deep", "--skip-record-metadata", "--deep-iteration", "--files", f),
            case(f + ".verify-flag", "--verify-index-only", "--index-sanity-check", "--files", f),
        ]
        if decoder in DECODERS:
            out += [
                case(f + ".decoder-skip", "--" + decoder, "--skip-record-metadata", "--files", f),
                case(f + ".decoder-print", "--" + decoder, "--print-data-log", "--deep-iteration", "--files", f),
            ]
    with open(os.path.join(root, f), "rb") as h:
        head = h.read(12)
    first = int.from_bytes(head[8:12], "big") + 12 if len(head) == 12 else 0
    for n in sorted({0, 1, 17, first, size // 2, size - 1, size, size + 1}):
        if 0 <= n < 2 ** 31 and (n in (first, size // 2) or size <= DEEP_LIMIT):
            out.append(case(f"{f}.max-bytes-{n}", "--print-data-log" if n % 2 else "--deep-iteration", "--max-bytes", str(n), "--files", f))
    if info.get("decoder") == "key-value":
        for k, v in [("String", "String"), ("Integer", "Long"), ("Long", "Integer"), ("Default", "Default")]:
            out.append(case(f"{f}.kv-{k}-{v}".lower(), "--key-decoder-class", API + k + "Decoder", "--value-decoder-class", API + v + "Decoder", "--files", f))
            out.append(case(f"{f}.v-{v}".lower(), "--value-decoder-class=" + API + v + "Decoder", "--files", f))
            out.append(case(f"{f}.k-{k}".lower(), "--key-decoder-class=" + API + k + "Decoder", "--skip-record-metadata", "--files", f))
        out.append(case(f + ".v-noarg", "--files", f, "--value-decoder-class"))
        out.append(case(f + ".v-unknown", "--files", f, "--value-decoder-class", "no.such.Decoder"))
        for d in DECODERS:
            out.append(case(f"{f}.{d}", "--" + d, "--files", f))
    return out


def file_cases(f, size, full, info, root):
    if f.endswith((".log", ".checkpoint")):
        return log_cases(f, size, full, info, root)
    if f.endswith(".index"):
        out = [case(f + ".none", "--files", f), case(f + ".verify", "--verify-index-only", "--files", f)]
        if full:
            out += [case(f + ".sanity", "--index-sanity-check", "--files", f),
                    case(f + ".sanity-verify", "--index-sanity-check", "--verify-index-only", "--files", f),
                    case(f + ".max-message-40", "--max-message-size", "40", "--files", f),
                    case(f + ".max-message-100000", "--max-message-size", "100000", "--files", f)]
        return out
    if f.endswith(".timeindex"):
        out = [case(f + ".none", "--files", f), case(f + ".verify", "--verify-index-only", "--files", f)]
        if full:
            out += [case(f + ".sanity", "--index-sanity-check", "--files", f)]
        return out
    return [case(f + ".none", "--files", f)]


def focus_cases(f):
    """The shorter list, for the damaged file of a damage scenario."""
    out = [case(f + ".none", "--files", f)]
    if f.endswith(".log"):
        out += [case(f + ".print", "--print-data-log", "--files", f), case(f + ".skip-deep", "--skip-record-metadata", "--deep-iteration", "--files", f),
                case(f + ".max-bytes-300", "--deep-iteration", "--max-bytes", "300", "--files", f)]
    elif f.endswith((".index", ".timeindex")):
        out += [case(f + ".verify", "--verify-index-only", "--files", f), case(f + ".sanity", "--index-sanity-check", "--files", f)]
    return out


def build_cases(root, info):
    """Every case of one scenario folder."""
    files = data_files(root)
    by_dir = {}
    for f in files:
        by_dir.setdefault(os.path.dirname(f), []).append(f)
    cases = []
    focus = info.get("focus")
    if focus is not None:
        by_dir = {}
        for f in focus:
            cases += focus_cases(f)
        for folder in sorted({os.path.dirname(f) for f in focus}):
            members = [f for f in files if os.path.dirname(f) == folder]
            cases.append(case(folder + "/all.none", "--files", ",".join(members)))
            cases.append(case(folder + "/all.deep-verify", "--deep-iteration", "--verify-index-only", "--files", ",".join(reversed(members))))
    for folder, members in by_dir.items():
        bases = sorted({os.path.basename(m).split(".")[0] for m in members if m.endswith(".log")})
        keep = set(bases[:1] + bases[-1:])
        for f in members:
            if f.endswith((".log", ".index", ".timeindex")):
                full = os.path.basename(f).split(".")[0] in keep or len(bases) <= 2
            else:
                full = True
            cases += file_cases(f, os.path.getsize(os.path.join(root, f)), full, info, root)
        where = folder + "/" if folder else ""
        for b in bases[:1]:
            trio = [where + b + s for s in (".log", ".index", ".timeindex") if where + b + s in members]
            if len(trio) > 1:
                cases.append(case(where + b + ".trio", "--files", ",".join(trio)))
                cases.append(case(where + b + ".trio-back", "--print-data-log", "--verify-index-only", "--files", ",".join(reversed(trio))))
        if len(members) > 1 and folder:
            cases.append(case(where + "all.none", "--files", ",".join(members)))
            cases.append(case(where + "all.deep-back", "--deep-iteration", "--files", ",".join(reversed(members))))
    for c in info.get("cases", []):
        cases.append(case(c["id"], *c["args"]))
    seen = set()
    for c in cases:
        if c["id"] in seen:
            raise SystemExit(f"two cases named {c['id']} in {root}")
        seen.add(c["id"])
    return cases


def run_kafka(work, pristine, cases, outdir):
    """Runs the cases through Kafka's tool in one JVM whose working directory is `work`. Returns id -> (code, effects)."""
    feed = "".join(c["id"] + "\t" + UNIT.join(c["args"]) + "\n" for c in cases)
    p = subprocess.run([os.path.join(HERE, "bin", "helper"), "DumpRunner", outdir, pristine], cwd=work, input=feed.encode(),
                       stdout=subprocess.PIPE, check=True)
    results = {}
    for line in p.stdout.decode().splitlines():
        cid, code, effects = line.split("\t")
        results[cid] = (int(code), [e for e in effects.split("; ") if e])
    return results


def read(path):
    with open(path, "rb") as h:
        return h.read()


def copy_scenario(root, dest):
    """A working copy of the scenario's data files only."""
    os.makedirs(dest, exist_ok=True)
    for d, dirs, files in os.walk(root):
        rel = os.path.relpath(d, root)
        if rel == ".":
            dirs[:] = [x for x in dirs if not x.startswith("expected")]
            rel = ""
        os.makedirs(os.path.join(dest, rel), exist_ok=True)
        for f in files:
            if not (rel == "" and f in OURS):
                shutil.copy2(os.path.join(d, f), os.path.join(dest, rel, f))


FRAME = re.compile(rb"^\t(at |\.\.\. \d+ more)")
KINDS = (b"Mismatches in :", b"Found timestamp mismatch in :", b"Found out of order timestamp in :",
         b"The following indexed offsets are not found in :", b"Non-consecutive offsets in ")


def stderr_blocks(text):
    """Splits stderr at the headings of the closing report, one block per heading."""
    blocks = [[]]
    for line in text.split(b"\n"):
        if line.startswith(KINDS):
            blocks.append([])
        blocks[-1].append(line)
    return blocks


def hash_ordered(text):
    """Does the closing report name two files under one heading? Their order then follows the hash of absolute paths."""
    counts = [sum(1 for line in text.split(b"\n") if line.startswith(k)) for k in KINDS]
    return any(c > 1 for c in counts)


def canonical_stderr(text, cwd=None, frames=False, unordered=False):
    if cwd:
        text = text.replace(os.path.realpath(cwd).encode(), b"@CWD@").replace(cwd.encode(), b"@CWD@")
    if not frames:
        text = b"\n".join(line for line in text.split(b"\n") if not FRAME.match(line))
    if unordered:
        blocks = stderr_blocks(text)
        head, rest = blocks[0], blocks[1:]
        rest = [b"\n".join(x).strip(b"\n") for x in rest]
        text = b"\n".join(head) + b"\n".join(sorted(rest)) + b"\n"
    return text


IDENTITY = re.compile(rb"\[B@[0-9a-f]+")


def canonical_stdout(text):
    """The default decoder prints Java's identity hash of a byte array, another one in every run."""
    return IDENTITY.sub(b"[B@HASH", text) if b"[B@" in text else text


def first_difference(want, got):
    a, b = want.split(b"\n"), got.split(b"\n")
    for i in range(max(len(a), len(b))):
        x = a[i] if i < len(a) else None
        y = b[i] if i < len(b) else None
        if x != y:
            return i + 1, x, y
    return None
