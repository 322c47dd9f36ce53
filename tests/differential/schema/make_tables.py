#!/usr/bin/env python3
"""Writes crates/kafka-schema/src/tables/*.rs from Kafka's message definitions.

    make_tables.py [JARS]      JARS: folder with lib (4.3.0) and lib-4.4.0, which hold kafka-*.jar, default
                               ${KAFKA_ORACLE_HOME:-~/.cache/kafka-oracle}

The tables are those of the newest release; what an older one does not have is marked with the release that added it.
Run it after an upgrade of Kafka, then `run` beside it: what the tables cannot express stops this script (unknown types,
tagged in some versions only, a field that a release changed), what they express wrongly is found by the comparison.
"""

import glob
import json
import os
import re
import subprocess
import sys
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "../../../crates/kafka-schema/src/tables")

# file: (first doc line, jar, folder of the definitions in it, regular expressions of message names)
FILES = {
    "classic_group": ("Keys and values of `__consumer_offsets`: committed offsets and classic groups.",
                      "kafka-group-coordinator", r"(Legacy)?OffsetCommit(Key|Value)|GroupMetadata(Key|Value)"),
    "consumer_group": ("Keys and values of `__consumer_offsets`: consumer groups (KIP-848).",
                       "kafka-group-coordinator", r"ConsumerGroup\w+"),
    "share_group": ("Keys and values of `__consumer_offsets`: share groups (KIP-932).",
                    "kafka-group-coordinator", r"ShareGroup\w+"),
    "streams_group": ("Keys and values of `__consumer_offsets`: streams groups (KIP-1071).",
                      "kafka-group-coordinator", r"StreamsGroup\w+"),
    "consumer_protocol": ("What the members of a classic consumer group tell each other (`ConsumerProtocol`).",
                          "kafka-clients", r"ConsumerProtocol(Subscription|Assignment)"),
    "transaction": ("Key and value of `__transaction_state`.",
                    "kafka-transaction-coordinator", r"TransactionLog(Key|Value)"),
    "share_state": ("Keys and values of `__share_group_state`.",
                    "kafka-share-coordinator", r"Share(Snapshot|Update)(Key|Value)"),
    "cluster_metadata": ("Values of `__cluster_metadata` (`MetadataRecordType`).", "kafka-metadata", r"\w+"),
    "remote_log": ("Values of `__remote_log_metadata`.", "kafka-storage", r"Remote\w+Record"),
    "control": ("Values of control records (`ControlRecordType`), other than those of transactions.",
                "kafka-clients", r"LeaderChangeMessage|SnapshotHeaderRecord|SnapshotFooterRecord|KRaftVersionRecord|VotersRecord"),
}
# Name in `KafkaVersion`, folder of the jars; oldest first.
RELEASES = [("V4_3", "lib"), ("V4_4", "lib-4.4.0")]
KINDS = {"bool": "Bool", "int8": "Int8", "int16": "Int16", "uint16": "Uint16", "int32": "Int32", "int64": "Int64",
         "float64": "Float64", "uuid": "Uuid", "string": "String", "bytes": "Bytes", "records": "Records"}
MAX = 32767


def definitions(jars, module):
    """All message definitions of a module as (file name, object)."""
    for jar in sorted(glob.glob(os.path.join(jars, module + "-[0-9]*.jar"))):
        with zipfile.ZipFile(jar) as z:
            names = [n for n in z.namelist() if re.search(r"(message|metadata)/\w+\.json$", n)]
            if names:
                for name in sorted(names):
                    lines = z.read(name).decode().split("\n")
                    text = "\n".join(line for line in lines if not line.lstrip().startswith("//"))
                    yield os.path.basename(name), json.loads(text)
                return
    sys.exit(f"no message definitions for {module} in {jars}")


def versions(text):
    """"1+", "0-3", "2" or "none" as (lowest, highest); None for "none"."""
    if text is None or text == "none":
        return None
    if text.endswith("+"):
        return int(text[:-1]), MAX
    low, _, high = text.partition("-")
    return int(low), int(high or low)


def camel(name):
    return name[0].lower() + name[1:]


def upper(name):
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper()


class Tables:
    def __init__(self, added):
        self.out = []
        self.types = []
        self.added = added

    def message(self, file, spec):
        valid = versions(spec["validVersions"])
        flexible = versions(spec["flexibleVersions"])
        prefix = upper(spec["name"])
        structs = {s["name"]: (s, MAX) for s in spec.get("commonStructs", [])}
        if "apiKey" in spec:
            self.types.append((spec["apiKey"], spec["name"]))
        self.names = {}
        self.message_name = spec["name"]
        fields = self.fields(spec["fields"], prefix, structs, valid)
        args = ", ".join([f'name: "{spec["name"]}"', f"api_key: {spec.get('apiKey', -1)}",
                          f"added_in: {self.added.get((spec['name'],), RELEASES[0][0])}",
                          f"versions: Versions({valid[0]}, {valid[1]})",
                          "flexible: " + (f"{flexible[0]}" if flexible else "NEVER")])
        self.out.append(f"/// `{file}`.\npub static {prefix}: Message = Message {{ {args}, fields: &[{fields}] }};\n")

    def record_types(self):
        """The list of the file's record types, by which a record finds its message."""
        if not self.types:
            return
        if self.types[0][1].endswith(("Key", "Value")):
            keys, values = ([upper(n) for _, n in sorted(self.types) if n.endswith(end)] for end in ("Key", "Value"))
            about, kind = "Keys and values by record type.", "(&Message, &Message)"
            items = [f"(&{k}, &{v})" for k, v in zip(keys, values, strict=True)]
        else:
            about, kind = "Records by type.", "&Message"
            items = [f"&{upper(n)}" for _, n in sorted(self.types)]
        self.out.append(f"/// {about}\npub static RECORD_TYPES: &[{kind}] = &[{', '.join(items)}];\n")

    def struct(self, prefix, name, structs, valid):
        """Emits the struct once; its Rust name."""
        if name not in self.names:
            spec, highest = structs[name]
            self.names[name] = f"{prefix}_{upper(name)}"
            parent = (0, MAX) if highest == MAX else valid
            fields = self.fields(spec["fields"], prefix, structs, parent)
            limit = "MAX" if highest == MAX else highest
            self.out.append(f'static {self.names[name]}: Struct = Struct {{ name: "{name}", highest: {limit}, fields: &[{fields}] }};\n')
        return self.names[name]

    def kind(self, kind, spec, prefix, structs, valid):
        if kind.startswith("[]"):
            return f"Array(&{self.kind(kind[2:], spec, prefix, structs, valid)})"
        if kind in KINDS:
            return KINDS[kind]
        if not kind[0].isupper():
            sys.exit(f"unknown type {kind}")
        if "fields" in spec:
            structs = structs | {kind: (spec, valid[1])}
        return f"Struct(&{self.struct(prefix, kind, structs, valid)})"

    def fields(self, specs, prefix, structs, parent):
        return "".join(f"{self.field(f, prefix, structs, parent)},\n" for f in specs)

    def field(self, spec, prefix, structs, parent):
        low, high = versions(spec.get("versions", spec.get("taggedVersions")))
        text = f'field("{camel(spec["name"])}", {self.kind(spec["type"], spec, prefix, structs, parent)})'
        if high < parent[1]:
            text += f".versions({low}, {high})"
        elif low > parent[0]:
            text += f".since({low})"
        nullable = versions(spec.get("nullableVersions"))
        if nullable:
            text += ".nullable()" if nullable[0] <= max(low, parent[0]) else f".nullable_since({nullable[0]})"
        if "tag" in spec:
            if versions(spec["taggedVersions"])[0] != low:
                sys.exit(f"{spec['name']} is tagged in some of its versions only")
            text += f".tag({spec['tag']})"
        if (self.message_name, spec["name"]) in self.added:
            text += f".added_in({self.added[self.message_name, spec['name']]})"
        default = spec.get("default")  # an unquoted null means no default: FieldSpec reads it like an absent one
        if default == "null":
            text += ".default_null()"
        elif default in (True, "true"):
            text += ".default(1)"
        elif default not in (None, "", False, "false", 0, "0"):
            text += f".default({int(str(default), 0)})"
        if spec.get("ignorable"):
            text += ".ignorable()"
        if spec.get("flexibleVersions") == "none":
            text += ".plain()"
        return text


def selected(home, release, module, pattern):
    """Definitions of a release by file name."""
    all_of = definitions(os.path.join(home, dict(RELEASES)[release]), module)
    return {file: spec for file, spec in all_of if re.fullmatch(pattern, spec["name"])}


def plain(spec):
    """What decides about bytes and JSON: a definition without its explanations and tagged fields."""
    if isinstance(spec, list):
        return [plain(x) for x in spec if not (isinstance(x, dict) and "tag" in x)]
    return {k: plain(v) for k, v in spec.items() if k != "about"} if isinstance(spec, dict) else spec


def additions(older, newer, release):
    """Messages as (name,) and tagged fields as (message, field) that a release added. Any other change stops this script."""
    added = {}
    for file, spec in newer.items():
        if file not in older:
            added[(spec["name"],)] = release
        elif plain(older[file]) != plain(spec):
            sys.exit(f"{release} changed {file} in more than its tagged fields")
        else:
            known = {f["name"] for f in older[file]["fields"]}
            added |= {(spec["name"], f["name"]): release for f in spec["fields"] if f["name"] not in known}
    if not older.keys() <= newer.keys():
        sys.exit(f"{release} has lost {older.keys() - newer.keys()}")
    return added


def main():
    home = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("KAFKA_ORACLE_HOME") or os.path.expanduser("~/.cache/kafka-oracle")
    os.makedirs(OUT, exist_ok=True)
    written = []
    for name, (about, module, pattern) in FILES.items():
        of_release = [(release, selected(home, release, module, pattern)) for release, _ in RELEASES]
        added = {}
        for (_, older), (release, newer) in zip(of_release, of_release[1:]):
            added |= additions(older, newer, release)
        tables = Tables(added)
        for file, spec in of_release[-1][1].items():
            tables.message(file, spec)
        tables.record_types()
        text = f"//! {about}\n//!\n//! Written by `tests/differential/schema/make_tables.py` from the definitions of Kafka 4.3.0 and 4.4.0 named below.\n\n"
        text += "use crate::table::*;\n\n" + "\n".join(tables.out)
        path = os.path.join(OUT, name + ".rs")
        with open(path, "w") as f:
            f.write(text)
        written.append(path)
    subprocess.run(["rustfmt", "--edition", "2024", *written], check=True)


if __name__ == "__main__":
    main()
