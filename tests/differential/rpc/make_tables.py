#!/usr/bin/env python3
"""Writes crates/kafka-rpc/schema/*.rs from Kafka's message definitions, one file per API.

    make_tables.py [JARS]      JARS: folder with kafka-clients-*.jar, default ${KAFKA_ORACLE_HOME:-~/.cache/kafka-oracle}/lib

Run it after an upgrade of Kafka, then `run` beside it. What the tables cannot express stops this script.
"""

import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../schema"))
from make_tables import Tables, definitions, upper, versions

OUT = os.path.join(HERE, "../../../crates/kafka-rpc/schema")
# Not served and not sent: requests between controllers, delegation tokens, telemetry, share and streams groups.
LEFT_OUT = re.compile(r"(Vote|(Begin|End)QuorumEpoch|ControllerRegistration|UpdateRaftVoter|\w+DelegationToken"
                      r"|\w*Telemetry\w*|\w*ShareGroup\w*|Share(Fetch|Acknowledge)|StreamsGroup\w+)(Request|Response)")
OTHERS = {
    "header": ("The headers of requests and responses.", ["RequestHeader", "ResponseHeader"]),
    "principal": ("The principal of a forwarded request (`DefaultKafkaPrincipalBuilder`).", ["DefaultPrincipalData"]),
}
MADE = "Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below."


def snake(name):
    return upper(name).lower()


def write(name, about, text):
    path = os.path.join(OUT, name + ".rs")
    with open(path, "w") as f:
        f.write(f"//! {about}\n//!\n//! {MADE}\n\nuse kafka_schema::table::*;\n\n{text}")
    return path


def main():
    home = os.environ.get("KAFKA_ORACLE_HOME") or os.path.expanduser("~/.cache/kafka-oracle")
    jars = sys.argv[1] if len(sys.argv) > 1 else os.path.join(home, "lib")
    found = {spec["name"]: (file, spec) for file, spec in definitions(jars, "kafka-clients")
             if spec["validVersions"] != "none" and not LEFT_OUT.fullmatch(spec["name"])}
    requests = sorted((spec["apiKey"], name.removesuffix("Request")) for name, (_, spec) in found.items() if spec["type"] == "request")
    for old in os.listdir(OUT):
        if old.endswith(".rs"):
            os.remove(os.path.join(OUT, old))
    written = []
    for key, api in requests:
        tables = Tables(added={})
        for kind in ("Request", "Response"):
            tables.message(*found[api + kind])
        spec = found[api + "Request"][1]
        low, high = versions(spec["validVersions"])
        high -= bool(spec.get("latestVersionUnstable"))
        static = upper(api)
        tables.out.append(f"/// The API.\npub static {static}: Api = Api {{ key: {key}, name: \"{api}\", versions: Versions({low}, {high}), "
                          f"request: &{static}_REQUEST, response: &{static}_RESPONSE }};\n")
        written.append(write(snake(api), f"`{api}`, key {key}.", "\n".join(tables.out)))
    for file, (about, names) in OTHERS.items():
        tables = Tables(added={})
        for name in names:
            tables.message(*found[name])
        written.append(write(file, about, "\n".join(tables.out)))
    modules = "".join(f"pub mod {name};\n" for name in sorted([snake(api) for _, api in requests] + list(OTHERS)))
    apis = ", ".join(f"&{snake(api)}::{upper(api)}" for _, api in requests)
    others = ["&" + f"{file}::{upper(name)}" for file, (_, names) in OTHERS.items() for name in names]
    others += [f"&consumer_protocol::CONSUMER_PROTOCOL_{name}" for name in ("ASSIGNMENT", "SUBSCRIPTION")]
    text = modules + "\n/// All APIs, by key.\npub static APIS: &[&Api] = &[" + apis + "];\n"
    text += "/// Messages that are no requests or responses.\npub static OTHERS: &[&Message] = &[" + ", ".join(others) + "];\n"
    path = write("mod", "The messages of the protocol, one file per API.", text)
    with open(path) as f:
        text = f.read()
    with open(path, "w") as f:
        f.write(text.replace(MADE, MADE.replace(" named below", "")).replace("use kafka_schema::table::*;", "use kafka_schema::table::*;\nuse kafka_schema::tables::consumer_protocol;"))
    # mod.rs names all files.
    subprocess.run(["rustfmt", "--edition", "2024", "--config-path", os.path.join(HERE, "../../.."), path], check=True)


main()
