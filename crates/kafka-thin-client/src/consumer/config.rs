//! Configuration of a consumer, under the names of Kafka's Java client.

use std::time::Duration;

use kafka_log::format::java_number::parse_java_long;

use crate::admin::IsolationLevel;
use crate::config::{ConfigError, Properties};
use crate::group::assignors::Assignor;

/// Where a consumer starts without a committed offset, and goes when its offset is gone (`auto.offset.reset`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetReset {
    /// To the first record.
    Earliest,
    /// To the end.
    Latest,
    /// Nowhere: that is an error.
    None,
}

/// Configuration of a [`Consumer`](super::Consumer), with Kafka's defaults.
#[derive(Clone, Debug)]
pub struct ConsumerConfig {
    /// `group.id`; `None` for a consumer without a group.
    pub group_id: Option<String>,
    /// `group.instance.id`: a static member (KIP-345).
    pub group_instance_id: Option<String>,
    /// `partition.assignment.strategy`. Range, then cooperative-sticky by default.
    pub assignors: Vec<Assignor>,
    /// `session.timeout.ms`. 45 seconds by default.
    pub session_timeout: Duration,
    /// `heartbeat.interval.ms`. 3 seconds by default.
    pub heartbeat_interval: Duration,
    /// `max.poll.interval.ms`: how long members have for a rebalance. 5 minutes by default.
    pub rebalance_timeout: Duration,
    /// `enable.auto.commit`. On by default.
    pub auto_commit: bool,
    /// `auto.commit.interval.ms`. 5 seconds by default.
    pub auto_commit_interval: Duration,
    /// `auto.offset.reset`. Latest by default.
    pub offset_reset: OffsetReset,
    /// `isolation.level`. All records by default.
    pub isolation_level: IsolationLevel,
    /// `fetch.min.bytes`. 1 by default.
    pub fetch_min_bytes: i32,
    /// `fetch.max.bytes`. 50 MiB by default.
    pub fetch_max_bytes: i32,
    /// `fetch.max.wait.ms`. 500 ms by default.
    pub fetch_max_wait: Duration,
    /// `max.partition.fetch.bytes`. 1 MiB by default.
    pub partition_max_bytes: i32,
    /// `max.poll.records`. 500 by default.
    pub max_poll_records: usize,
    /// `check.crcs`. On by default.
    pub check_crcs: bool,
    /// `allow.auto.create.topics`. On by default.
    pub auto_create_topics: bool,
    /// `exclude.internal.topics`, for subscriptions by pattern. On by default.
    pub exclude_internal_topics: bool,
    /// `retry.backoff.ms`. 100 ms by default.
    pub retry_backoff: Duration,
    /// `request.timeout.ms`. 30 seconds by default.
    pub request_timeout: Duration,
    /// `metadata.max.age.ms`. 5 minutes by default.
    pub metadata_max_age: Duration,
}

impl Default for ConsumerConfig {
    fn default() -> Self {
        ConsumerConfig {
            group_id: None,
            group_instance_id: None,
            assignors: vec![Assignor::Range, Assignor::CooperativeSticky],
            session_timeout: Duration::from_secs(45),
            heartbeat_interval: Duration::from_secs(3),
            rebalance_timeout: Duration::from_secs(300),
            auto_commit: true,
            auto_commit_interval: Duration::from_secs(5),
            offset_reset: OffsetReset::Latest,
            isolation_level: IsolationLevel::ReadUncommitted,
            fetch_min_bytes: 1,
            fetch_max_bytes: 50 * 1024 * 1024,
            fetch_max_wait: Duration::from_millis(500),
            partition_max_bytes: 1024 * 1024,
            max_poll_records: 500,
            check_crcs: true,
            auto_create_topics: true,
            exclude_internal_topics: true,
            retry_backoff: Duration::from_millis(100),
            request_timeout: Duration::from_secs(30),
            metadata_max_age: Duration::from_secs(300),
        }
    }
}

impl ConsumerConfig {
    /// Takes over the properties that a consumer has. The caller gets back those that are none of a consumer.
    ///
    /// # Errors
    /// For a value that its key does not allow.
    pub fn apply(&mut self, properties: &Properties) -> Result<Properties, ConfigError> {
        let mut others = Properties::new();
        for (key, value) in properties {
            let value = value.trim();
            match key.as_str() {
                "group.id" => self.group_id = Some(value.to_owned()),
                "group.instance.id" => self.group_instance_id = Some(value.to_owned()),
                "partition.assignment.strategy" => self.assignors = assignors(value)?,
                "session.timeout.ms" => self.session_timeout = millis("session.timeout.ms", value)?,
                "heartbeat.interval.ms" => self.heartbeat_interval = millis("heartbeat.interval.ms", value)?,
                "max.poll.interval.ms" => self.rebalance_timeout = millis("max.poll.interval.ms", value)?,
                "enable.auto.commit" => self.auto_commit = boolean("enable.auto.commit", value)?,
                "auto.commit.interval.ms" => self.auto_commit_interval = millis("auto.commit.interval.ms", value)?,
                "auto.offset.reset" => self.offset_reset = offset_reset(value)?,
                "isolation.level" => self.isolation_level = isolation_level(value)?,
                "fetch.min.bytes" => self.fetch_min_bytes = number("fetch.min.bytes", value, 0)?,
                "fetch.max.bytes" => self.fetch_max_bytes = number("fetch.max.bytes", value, 0)?,
                "fetch.max.wait.ms" => self.fetch_max_wait = millis("fetch.max.wait.ms", value)?,
                "max.partition.fetch.bytes" => {
                    self.partition_max_bytes = number("max.partition.fetch.bytes", value, 0)?;
                }
                "max.poll.records" => {
                    let records: i32 = number("max.poll.records", value, 1)?;
                    self.max_poll_records = records.unsigned_abs() as usize;
                }
                "check.crcs" => self.check_crcs = boolean("check.crcs", value)?,
                "allow.auto.create.topics" => self.auto_create_topics = boolean("allow.auto.create.topics", value)?,
                "exclude.internal.topics" => {
                    self.exclude_internal_topics = boolean("exclude.internal.topics", value)?;
                }
                "group.protocol" => group_protocol(value)?,
                _ => {
                    match key.as_str() {
                        "request.timeout.ms" => self.request_timeout = millis("request.timeout.ms", value)?,
                        "retry.backoff.ms" => self.retry_backoff = millis("retry.backoff.ms", value)?,
                        "metadata.max.age.ms" => self.metadata_max_age = millis("metadata.max.age.ms", value)?,
                        _ => {}
                    }
                    others.push((key.clone(), value.to_owned()));
                }
            }
        }
        Ok(others)
    }
}

fn invalid(key: &'static str, value: &str, expected: &'static str) -> ConfigError {
    ConfigError::Value { key, value: value.to_owned(), expected }
}

fn assignors(value: &str) -> Result<Vec<Assignor>, ConfigError> {
    let unknown = || invalid("partition.assignment.strategy", value, "classes of Kafka's own assignors");
    let class = |name: &str| Assignor::from_class(name.trim()).or_else(|| Assignor::from_name(name.trim()));
    value.split(',').map(|name| class(name).ok_or_else(unknown)).collect()
}

fn offset_reset(value: &str) -> Result<OffsetReset, ConfigError> {
    match value.to_ascii_lowercase().as_str() {
        "earliest" => Ok(OffsetReset::Earliest),
        "latest" => Ok(OffsetReset::Latest),
        "none" => Ok(OffsetReset::None),
        _ => Err(invalid("auto.offset.reset", value, "Value must be one of: earliest, latest, none")),
    }
}

fn isolation_level(value: &str) -> Result<IsolationLevel, ConfigError> {
    match value {
        "read_committed" => Ok(IsolationLevel::ReadCommitted),
        "read_uncommitted" => Ok(IsolationLevel::ReadUncommitted),
        _ => Err(invalid("isolation.level", value, "String must be one of: read_committed, read_uncommitted")),
    }
}

/// Members of both protocols get their partitions; this client joins as a classic one.
fn group_protocol(value: &str) -> Result<(), ConfigError> {
    if ["classic", "consumer"].iter().any(|name| value.eq_ignore_ascii_case(name)) {
        return Ok(());
    }
    Err(invalid("group.protocol", value, "String must be one of: CONSUMER, CLASSIC"))
}

fn boolean(key: &'static str, value: &str) -> Result<bool, ConfigError> {
    match value.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(invalid(key, value, "Expected value to be either true or false")),
    }
}

fn number(key: &'static str, value: &str, min: i32) -> Result<i32, ConfigError> {
    let number = parse_java_long(value).and_then(|number| i32::try_from(number).ok()).filter(|number| *number >= min);
    number.ok_or_else(|| invalid(key, value, "a number in its range"))
}

fn millis(key: &'static str, value: &str) -> Result<Duration, ConfigError> {
    let millis = parse_java_long(value).and_then(|millis| u64::try_from(millis).ok());
    millis.map(Duration::from_millis).ok_or_else(|| invalid(key, value, "a number of milliseconds, 0 or more"))
}
