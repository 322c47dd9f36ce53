//! Exit codes, the same for every verb.

/// Nothing is wrong, nothing to do.
pub const CLEAN: u8 = 0;
/// `verify`: findings that Kafka tolerates. `repair`: repaired, or a plan exists.
pub const TOLERATED: u8 = 1;
/// Damage, damage that remains, or a directory that Kafka would refuse.
pub const DAMAGE: u8 = 2;
/// The verb could not run: a wrong command line, a path that is not there, a lock that is held.
pub const COULD_NOT_RUN: u8 = 3;
