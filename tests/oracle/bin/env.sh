# Sourced by the wrappers: where Kafka lies and how its JVM is started.
oracle_root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
KAFKA_ORACLE_HOME=${KAFKA_ORACLE_HOME:-$HOME/.cache/kafka-oracle}
# Which Kafka: 4.3.0, or 4.4.0, of which there are only the dump tool and the scenarios made with its classes.
KAFKA_ORACLE_VERSION=${KAFKA_ORACLE_VERSION:-4.3.0}
export KAFKA_ORACLE_HOME KAFKA_ORACLE_VERSION
oracle_build=$(cd "$oracle_root/../.." && realpath -m "${CARGO_TARGET_DIR:-target}")/oracle
oracle_lib=$KAFKA_ORACLE_HOME/lib
if [ "$KAFKA_ORACLE_VERSION" != 4.3.0 ]; then
  oracle_build=$oracle_build-$KAFKA_ORACLE_VERSION
  oracle_lib=$oracle_lib-$KAFKA_ORACLE_VERSION
fi

# oracle_sources TO FILE... : copies Java sources, written for Kafka 4.3, so that they compile with KAFKA_ORACLE_VERSION.
oracle_sources() {
  local to=$1; shift
  mkdir -p "$to"
  cp "$@" "$to"
  if [ "$KAFKA_ORACLE_VERSION" = 4.3.0 ]; then return; fi
  # Kafka 4.4 moved these classes to a package below.
  local moved='ByteBufferOutputStream|ByteUtils|Exit|ImplicitLinkedHashMultiCollection'
  sed -Ei "s/\\b(common\\.utils)\\.($moved);/\\1.internals.\\2;/" "$to"/*.java
}

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
  for jar in "$oracle_lib"/*.jar; do cp=$cp:$jar; done
  export LC_ALL=${ORACLE_LC_ALL:-C.UTF-8}
  exec "${JAVA_HOME:+$JAVA_HOME/bin/}java" "${jvm[@]}" -Dlog4j2.configurationFile="$oracle_root/config/$logcfg" \
    -cp "$cp" "$main" "$@"
}
