//! Settings of a subscription to the metrics of clients (`ClientMetricsConfigs`).
//!
//! Written by `tests/differential/config_table/make` from Kafka 4.3.0, in the order in which Kafka checks them.

use super::*;

/// All of them.
pub(super) static KEYS: &[ConfigKey] = &[
    key("metrics", List).default("").list(&[], true),
    key("interval.ms", Int).default("300000"),
    key("match", List).default("").list(&[], true),
];
