//! Rates of replication, which a broker takes only while it runs (`QuotaConfig`).
//!
//! Written by `tests/differential/config_table/make` from Kafka 4.3.0, in the order in which Kafka checks them.

use super::*;

/// All of them.
pub(super) static KEYS: &[ConfigKey] = &[
    key("leader.replication.throttled.rate", Long).default("9223372036854775807").from(0),
    key("follower.replication.throttled.rate", Long).default("9223372036854775807").from(0),
    key("replica.alter.log.dirs.io.max.bytes.per.second", Long).default("9223372036854775807").from(0),
];
