//! Settings that Kafka does not have.

use super::*;

/// All of them.
pub(super) static KEYS: &[ConfigKey] = &[
    // `HOST:PORT` at which metrics are served; nowhere by default.
    key("metrics.listener", String),
];
