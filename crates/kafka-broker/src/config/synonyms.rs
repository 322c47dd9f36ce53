//! Settings that stand for one another.

use super::given::find;
use super::table::{ConfigKey, Table};

/// Settings that stand for the same, the finer unit first (`DynamicBrokerConfig.brokerConfigSynonyms`).
const SAME: [&[&str]; 3] = [
    &["log.roll.ms", "log.roll.hours"],
    &["log.roll.jitter.ms", "log.roll.jitter.hours"],
    &["log.retention.ms", "log.retention.minutes", "log.retention.hours"],
];
/// The second gives the default of the first, and not the other way round.
const FLUSH: [&str; 2] = ["log.flush.interval.ms", "log.flush.scheduler.interval.ms"];

/// Settings of a listener that have the name of a SASL mechanism in front.
const OF_MECHANISM: [&str; 5] = [
    "sasl.jaas.config",
    "sasl.login.callback.handler.class",
    "sasl.login.class",
    "sasl.server.callback.handler.class",
    "connections.max.reauth.ms",
];

/// The names under which a broker's setting may be set, in the order in which they count.
pub(super) fn broker_synonyms(name: &str) -> Vec<&str> {
    if let Some(same) = SAME.iter().find(|same| same.contains(&name)) {
        return same.to_vec();
    }
    if name == FLUSH[0] {
        return FLUSH.to_vec();
    }
    match of_listener(name) {
        Some(base) => vec![name, base],
        None => vec![name],
    }
}

/// The setting that `listener.name.NAME.` stands in front of.
pub(super) fn of_listener(name: &str) -> Option<&str> {
    let (_, base) = name.strip_prefix("listener.name.")?.split_once('.')?;
    Some(OF_MECHANISM.into_iter().find(|of_mechanism| base.ends_with(of_mechanism)).unwrap_or(base))
}

/// The key of a broker's setting, also of one of a listener and of one that only the metadata log holds (`KafkaConfig.configType`).
pub(super) fn broker_key(name: &str) -> Option<&'static ConfigKey> {
    find(name).or_else(|| Table::BrokerQuota.find(name)).or_else(|| find(of_listener(name)?))
}
