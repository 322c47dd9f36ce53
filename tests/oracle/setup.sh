#!/usr/bin/env bash
# Makes Apache Kafka available: its jars in ${KAFKA_ORACLE_HOME:-$HOME/.cache/kafka-oracle}/lib, the compiled Java helpers
# in the target folder of this checkout. Safe to run again, and at the same time: what is current is left alone.
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
. "$here/bin/env.sh"

need() {
  if ! command -v "$1" >/dev/null; then
    echo "setup.sh: $1 is missing; this needs a Java development kit (17 or later), and Maven to get Kafka's jars" >&2
    exit 69
  fi
}
need java; need javac; need flock

mkdir -p "$KAFKA_ORACLE_HOME" "$oracle_build"
exec 9>"$KAFKA_ORACLE_HOME/lock"; flock 9
pom=$(sha256sum <"$here/pom.xml" | cut -d' ' -f1)
if [ "$(cat "$KAFKA_ORACLE_HOME/lib.stamp" 2>/dev/null)" != "$pom" ]; then
  need mvn
  rm -rf "$KAFKA_ORACLE_HOME/lib"
  mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$KAFKA_ORACLE_HOME/lib"
  echo "$pom" >"$KAFKA_ORACLE_HOME/lib.stamp"
fi

helpers=$(cat "$here/pom.xml" "$here"/java/*.java "$here"/engine/*.java "$here/setup.sh" "$here/bin/env.sh" | sha256sum | cut -d' ' -f1)
if [ "$(cat "$oracle_build/stamp" 2>/dev/null)" = "$helpers" ]; then exit 0; fi
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
"${JAVA_HOME:+$JAVA_HOME/bin/}javac" -nowarn -Xlint:none -XDsuppressNotes -encoding UTF-8 -cp "$KAFKA_ORACLE_HOME/lib/*" -d "$tmp/classes" "$here"/java/*.java "$here"/engine/*.java
"${JAVA_HOME:+$JAVA_HOME/bin/}jar" --create --file "$oracle_build/helpers.jar" -C "$tmp/classes" .
# A class-data archive halves the tool's start. Only a speed-up: without it everything works the same.
rm -f "$oracle_build/dump.jsa"
: >"$tmp/00000000000000000000.log"; : >"$tmp/00000000000000000000.index"; : >"$tmp/00000000000000000000.timeindex"
ORACLE_JVM_OPTS="-XX:ArchiveClassesAtExit=$oracle_build/dump.jsa" "$here/bin/kafka-dump-log" --print-data-log \
  --files "$tmp/00000000000000000000.log,$tmp/00000000000000000000.index,$tmp/00000000000000000000.timeindex" >/dev/null 2>&1 || true
echo "$helpers" >"$oracle_build/stamp"
