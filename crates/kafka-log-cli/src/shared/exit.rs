//! Exit codes, the same for every verb of `kafka-log` and for `kafka-dump-log --strict`; docs/json.md has the table.

/// Nothing is wrong, nothing to do.
pub const CLEAN: u8 = 0;
/// `verify`, `kafka-dump-log --strict`: findings that Kafka tolerates. `repair`: repaired, or a plan exists.
pub const TOLERATED: u8 = 1;
/// Damage, damage that remains, or a directory that Kafka would refuse.
pub const DAMAGE: u8 = 2;
/// The tool could not run: a wrong command line, a path that is not there, a lock that is held.
pub const COULD_NOT_RUN: u8 = 3;
/// `kafka-dump-log` without `--strict`: a wrong command line of Kafka's options alone, or where Kafka's tool dies of an
/// exception.
pub const KAFKA_FAILED: u8 = 1;
