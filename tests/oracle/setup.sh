#!/usr/bin/env bash
# Makes Apache Kafka available: its jars in ${KAFKA_ORACLE_HOME:-$HOME/.cache/kafka-oracle}/lib, the compiled Java helpers
# in the target folder of this checkout. Safe to run again, and at the same time: what is current is left alone.
# With KAFKA_ORACLE_VERSION=4.4.0 it does the same for that release, in folders of their own (33 MB).
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
pom_file=$here/pom.xml
if [ "$KAFKA_ORACLE_VERSION" != 4.3.0 ]; then pom_file=$here/pom-$KAFKA_ORACLE_VERSION.xml; fi
pom=$(sha256sum <"$pom_file" | cut -d' ' -f1)
if [ "$(cat "$oracle_lib.stamp" 2>/dev/null)" != "$pom" ]; then
  need mvn
  rm -rf "$oracle_lib"
  mvn -q -B -f "$pom_file" dependency:copy-dependencies -DoutputDirectory="$oracle_lib"
  echo "$pom" >"$oracle_lib.stamp"
fi

case $KAFKA_ORACLE_VERSION in
  4.3.0) sources=("$here"/java/*.java "$here"/engine/*.java) ;;
  *) sources=("$here"/java/{DumpRunner,DirectScenarios,Recover,Gen}.java "$here/java-$KAFKA_ORACLE_VERSION"/*.java) ;;
esac
helpers=$(cat "$pom_file" "${sources[@]}" "$here/setup.sh" "$here/bin/env.sh" | sha256sum | cut -d' ' -f1)
if [ "$(cat "$oracle_build/stamp" 2>/dev/null)" = "$helpers" ]; then exit 0; fi
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
oracle_sources "$tmp/java" "${sources[@]}"
"${JAVA_HOME:+$JAVA_HOME/bin/}javac" -nowarn -Xlint:none -XDsuppressNotes -encoding UTF-8 -cp "$oracle_lib/*" -d "$tmp/classes" "$tmp"/java/*.java
"${JAVA_HOME:+$JAVA_HOME/bin/}jar" --create --file "$oracle_build/helpers.jar" -C "$tmp/classes" .
# A class-data archive halves the tool's start. Only a speed-up: without it everything works the same.
rm -f "$oracle_build/dump.jsa"
: >"$tmp/00000000000000000000.log"; : >"$tmp/00000000000000000000.index"; : >"$tmp/00000000000000000000.timeindex"
ORACLE_JVM_OPTS="-XX:ArchiveClassesAtExit=$oracle_build/dump.jsa" "$here/bin/kafka-dump-log" --print-data-log \
  --files "$tmp/00000000000000000000.log,$tmp/00000000000000000000.index,$tmp/00000000000000000000.timeindex" >/dev/null 2>&1 || true
echo "$helpers" >"$oracle_build/stamp"
