#!/usr/bin/env bash
# Compares the schema decoders with those of Kafka's dump tool, record by record.
#   run.sh [COUNT [SEED]]           default 100000 records, a random seed
#   run.sh COUNT SEED --record      writes recorded.txt instead, which the ordinary tests read (made with 300 1)
# Needs Java 17 and Kafka's jars in ${KAFKA_ORACLE_HOME:-$HOME/.cache/kafka-oracle}/lib.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
count=${1:-100000} seed=${2:-$RANDOM$RANDOM}
jars="${KAFKA_ORACLE_HOME:-$HOME/.cache/kafka-oracle}/lib/*"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
javac -d "$work" -cp "$jars" "$here/SchemaCases.java"
echo "seed $seed" >&2
# Compiled code may throw a NullPointerException without its message; the tool's users see it with.
cases() { java -XX:-OmitStackTraceInFastThrow -cp "$work:$jars" SchemaCases "$seed" "$count"; }
if [[ ${3-} == --record ]]; then
    cases > "$here/recorded.txt"
    exit
fi
cases | SCHEMA_CASES=/dev/stdin cargo test --quiet --manifest-path "$here/../../../Cargo.toml" -p kafka-log \
    --test schema_cases records_are_shown_and_rewritten_as_kafka_does -- --nocapture
