# Sourced by the wrappers: where Kafka lies and how its JVM is started.
oracle_root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
KAFKA_ORACLE_HOME=${KAFKA_ORACLE_HOME:-$HOME/.cache/kafka-oracle}
export KAFKA_ORACLE_HOME
oracle_build=$(cd "$oracle_root/../.." && realpath -m "${CARGO_TARGET_DIR:-target}")/oracle

# oracle_java HEAP LOGCONFIG MAIN ARGS... : replaces this shell by a JVM running MAIN.
# The locale decides how the JVM encodes stdout; a UTF-8 one is assumed unless ORACLE_LC_ALL says otherwise.
oracle_java() {
  local heap=$1 logcfg=$2 main=$3; shift 3
  if [ ! -e "$oracle_build/helpers.jar" ]; then echo "Kafka is not set up: run $oracle_root/setup.sh" >&2; exit 70; fi
  local -a jvm=(-Xmx"$heap" -Xshare:auto -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Djava.awt.headless=true)
  # shellcheck disable=SC2206
  if [ -n "${ORACLE_JVM_OPTS:-}" ]; then jvm+=(${ORACLE_JVM_OPTS}); fi
  if [ "$main" = org.apache.kafka.tools.DumpLogSegments ] && [ -z "${ORACLE_JVM_OPTS:-}" ] && [ -e "$oracle_build/dump.jsa" ]; then
    jvm+=(-XX:SharedArchiveFile="$oracle_build/dump.jsa")
  fi
  local cp=$oracle_build/helpers.jar jar
  for jar in "$KAFKA_ORACLE_HOME"/lib/*.jar; do cp=$cp:$jar; done
  export LC_ALL=${ORACLE_LC_ALL:-C.UTF-8}
  exec "${JAVA_HOME:+$JAVA_HOME/bin/}java" "${jvm[@]}" -Dlog4j2.configurationFile="$oracle_root/config/$logcfg" \
    -cp "$cp" "$main" "$@"
}
