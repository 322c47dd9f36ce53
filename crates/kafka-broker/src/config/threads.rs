//! By how much a broker changes numbers of its threads at a time (`DynamicThreadPool`, `SocketServer`, `LogCleaner`).

use std::collections::BTreeMap;

use super::rules::invalid_request;
use super::table::Table;
use super::value::Value;
use crate::controller::ApiError;

const POOLS: [&str; 5] = [
    "num.io.threads",
    "num.replica.fetchers",
    "num.recovery.threads.per.data.dir",
    "background.threads",
    "num.network.threads",
];
const CLEANERS: &str = "log.cleaner.threads";

/// Refuses settings after which one of them would be less than half or more than double of what it is.
pub(super) fn check(before: &BTreeMap<&str, &str>, after: &BTreeMap<&str, &str>) -> Result<(), ApiError> {
    for name in POOLS.into_iter().chain([CLEANERS]) {
        let (Some(current), Some(new)) = (count(before, name), count(after, name)) else { continue };
        let verdict = match (new < current / 2, new > current * 2) {
            (true, _) if name == CLEANERS => {
                format!("Log cleaner threads cannot be reduced to less than half the current value {current}")
            }
            (_, true) if name == CLEANERS => {
                format!("Log cleaner threads cannot be increased to more than double the current value {current}")
            }
            (true, _) => refused(name, new, &format!("should be at least half the current value {current}")),
            (_, true) => refused(name, new, &format!("should not be greater than double the current value {current}")),
            (false, false) => continue,
        };
        return Err(invalid_request(format!(
            "Invalid value org.apache.kafka.common.config.ConfigException: {verdict} for configuration Invalid dynamic configuration"
        )));
    }
    Ok(())
}

fn refused(name: &str, new: i64, why: &str) -> String {
    format!("Dynamic thread count update validation failed for {name}={new}, value {why}")
}

fn count(settings: &BTreeMap<&str, &str>, name: &str) -> Option<i64> {
    let key = Table::Broker.find(name)?;
    let value = match settings.get(name) {
        Some(text) => key.parse(text).ok(),
        None => key.default_value(),
    };
    match value {
        Some(Value::Integer(number)) => Some(number),
        _ => None,
    }
}
