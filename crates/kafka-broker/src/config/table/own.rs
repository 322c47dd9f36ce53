//! Settings that Kafka's table of the broker does not have.

use super::*;

/// All of them.
pub(super) static KEYS: &[ConfigKey] = &[
    // `HOST:PORT` at which metrics are served; nowhere by default.
    key("metrics.listener", String),
    // Kafka has them as well: they belong to its authorizer, not to the table of the broker.
    key("super.users", String),
    key("allow.everyone.if.no.acl.found", String),
];
