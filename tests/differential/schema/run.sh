#!/usr/bin/env bash
# Compares the schema decoders with those of Kafka's dump tool, record by record.
#   run.sh [COUNT [SEED]]     default 100000 records, a random seed
# Needs Java 17 and Kafka's jars in ${KAFKA_ORACLE_HOME:-$HOME/.cache/kafka-oracle}/lib.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
count=${1:-100000} seed=${2:-$RANDOM$RANDOM}
jars="${KAFKA_ORACLE_HOME:-$HOME/.cache/kafka-oracle}/lib/*"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
javac -d "$work" -cp "$jars" "$here/SchemaCases.java"
echo "seed $seed"
java -cp "$work:$jars" SchemaCases "$seed" "$count" |
    cargo run --quiet --manifest-path "$here/../../../Cargo.toml" -p kafka-log --example schema_cases
