//! Configuration of a producer, under the names of Kafka's Java client.

use std::time::Duration;

use kafka_log::compression::Codec;
use kafka_log::format::java_number::{parse_java_int, parse_java_long};

use crate::config::{ConfigError, Properties};

/// Which acknowledgement a producer waits for (`acks`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acks {
    /// None at all.
    None,
    /// The leader's.
    Leader,
    /// That of all replicas in sync.
    All,
}

impl Acks {
    pub(super) fn code(self) -> i16 {
        match self {
            Acks::None => 0,
            Acks::Leader => 1,
            Acks::All => -1,
        }
    }
}

/// Configuration of a [`Producer`](super::Producer), with Kafka's defaults.
#[derive(Clone, Debug)]
pub struct ProducerConfig {
    /// `acks`. All by default.
    pub acks: Acks,
    /// `enable.idempotence`: each record is written once, in order. On by default; off without `acks=all` or retries.
    pub enable_idempotence: bool,
    /// `compression.type`. None by default.
    pub compression: Codec,
    /// `compression.*.level`; `None` for the codec's default.
    pub compression_level: Option<i32>,
    /// `batch.size`: records of one partition that go together, in bytes. 16 KiB by default.
    pub batch_size: usize,
    /// `linger.ms`: how long a batch waits to be filled. 5 ms by default.
    pub linger: Duration,
    /// `buffer.memory`: bytes of records that wait; sending blocks at this number. 32 MiB by default.
    pub buffer_memory: usize,
    /// `max.request.size`: the longest request, in bytes. 1 MiB by default.
    pub max_request_size: usize,
    /// `max.block.ms`: how long sending waits for metadata and for room. 1 minute by default.
    pub max_block: Duration,
    /// `delivery.timeout.ms`: when a record counts as lost. 2 minutes by default.
    pub delivery_timeout: Duration,
    /// `request.timeout.ms`: how long a broker may take. 30 seconds by default.
    pub request_timeout: Duration,
    /// `retries`. As many as the time allows by default.
    pub retries: u32,
    /// `retry.backoff.ms`. 100 ms by default.
    pub retry_backoff: Duration,
    /// `max.in.flight.requests.per.connection`. 5 by default.
    pub max_in_flight: usize,
}

impl Default for ProducerConfig {
    fn default() -> Self {
        ProducerConfig {
            acks: Acks::All,
            enable_idempotence: true,
            compression: Codec::None,
            compression_level: None,
            batch_size: 16 * 1024,
            linger: Duration::from_millis(5),
            buffer_memory: 32 * 1024 * 1024,
            max_request_size: 1024 * 1024,
            max_block: Duration::from_secs(60),
            delivery_timeout: Duration::from_secs(120),
            request_timeout: Duration::from_secs(30),
            retries: i32::MAX.unsigned_abs(),
            retry_backoff: Duration::from_millis(100),
            max_in_flight: 5,
        }
    }
}

impl ProducerConfig {
    /// Takes over the properties that a producer has. The caller gets back those that are none of a producer.
    ///
    /// # Errors
    /// For a value that its key does not allow, and for idempotence asked for without what it needs.
    pub fn apply(&mut self, properties: &Properties) -> Result<Properties, ConfigError> {
        let mut others = Properties::new();
        let mut idempotence = None;
        let mut levels = Vec::new();
        for (key, value) in properties {
            let value = value.trim();
            match key.as_str() {
                "acks" => self.acks = acks(value)?,
                "enable.idempotence" => idempotence = Some(boolean("enable.idempotence", value)?),
                "compression.type" => self.compression = codec(value)?,
                "compression.gzip.level" => levels.push((Codec::Gzip, "compression.gzip.level", value)),
                "compression.lz4.level" => levels.push((Codec::Lz4, "compression.lz4.level", value)),
                "compression.zstd.level" => levels.push((Codec::Zstd, "compression.zstd.level", value)),
                "batch.size" => self.batch_size = number("batch.size", value, 0, i32::MAX.into())?,
                "linger.ms" => self.linger = millis("linger.ms", value, i64::MAX)?,
                "buffer.memory" => self.buffer_memory = number("buffer.memory", value, 0, i64::MAX)?,
                "max.request.size" => self.max_request_size = number("max.request.size", value, 0, i32::MAX.into())?,
                "max.block.ms" => self.max_block = millis("max.block.ms", value, i64::MAX)?,
                "delivery.timeout.ms" => {
                    self.delivery_timeout = millis("delivery.timeout.ms", value, i32::MAX.into())?;
                }
                "retries" => self.retries = number("retries", value, 0, i32::MAX.into())?,
                "max.in.flight.requests.per.connection" => {
                    let key = "max.in.flight.requests.per.connection";
                    self.max_in_flight = number(key, value, 1, i32::MAX.into())?;
                }
                "transactional.id" => {
                    let expected = "no value: this producer has no transactions";
                    return Err(ConfigError::Value { key: "transactional.id", value: value.to_owned(), expected });
                }
                "request.timeout.ms" => {
                    self.request_timeout = millis("request.timeout.ms", value, i32::MAX.into())?;
                    others.push((key.clone(), value.to_owned()));
                }
                "retry.backoff.ms" => {
                    self.retry_backoff = millis("retry.backoff.ms", value, i64::MAX)?;
                    others.push((key.clone(), value.to_owned()));
                }
                _ => others.push((key.clone(), value.to_owned())),
            }
        }
        for (codec, key, value) in levels {
            let allowed = |level: &i32| {
                codec.levels().is_some_and(|levels| levels.contains(level)) || (codec == Codec::Gzip && *level == -1)
            };
            let level = parse_java_int(value).filter(allowed);
            let level = level.ok_or_else(|| invalid(key, value, "a level of the codec"))?;
            if codec == self.compression {
                self.compression_level = Some(level);
            }
        }
        self.settle_idempotence(idempotence)?;
        if self.delivery_timeout < self.linger.saturating_add(self.request_timeout) {
            if properties.iter().any(|(key, _)| key == "delivery.timeout.ms") {
                let expected = "delivery.timeout.ms should be equal to or larger than linger.ms + request.timeout.ms";
                let value = self.delivery_timeout.as_millis().to_string();
                return Err(ConfigError::Value { key: "delivery.timeout.ms", value, expected });
            }
            self.delivery_timeout = self.linger.saturating_add(self.request_timeout);
        }
        Ok(others)
    }

    /// Idempotence by default is turned off by settings that conflict with it.
    fn settle_idempotence(&mut self, asked: Option<bool>) -> Result<(), ConfigError> {
        let conflict = if self.retries == 0 {
            Some("Must set retries to non-zero when using the idempotent producer.")
        } else if self.acks != Acks::All {
            Some("Must set acks to all in order to use the idempotent producer.")
        } else if self.max_in_flight > 5 {
            Some("Must set max.in.flight.requests.per.connection to at most 5 to use the idempotent producer.")
        } else {
            None
        };
        self.enable_idempotence = asked.unwrap_or(true) && conflict.is_none();
        match (asked, conflict) {
            (Some(true), Some(expected)) => Err(invalid("enable.idempotence", "true", expected)),
            _ => Ok(()),
        }
    }
}

fn invalid(key: &'static str, value: &str, expected: &'static str) -> ConfigError {
    ConfigError::Value { key, value: value.to_owned(), expected }
}

fn acks(value: &str) -> Result<Acks, ConfigError> {
    match value {
        "all" | "-1" => Ok(Acks::All),
        "0" => Ok(Acks::None),
        "1" => Ok(Acks::Leader),
        _ => Err(invalid("acks", value, "String must be one of: all, -1, 0, 1")),
    }
}

fn codec(value: &str) -> Result<Codec, ConfigError> {
    let found = Codec::ALL.into_iter().find(|codec| codec.name() == value);
    found.ok_or_else(|| invalid("compression.type", value, "String must be one of: none, gzip, snappy, lz4, zstd"))
}

fn boolean(key: &'static str, value: &str) -> Result<bool, ConfigError> {
    match value.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(invalid(key, value, "Expected value to be either true or false")),
    }
}

fn number<T: TryFrom<i64>>(key: &'static str, value: &str, min: i64, max: i64) -> Result<T, ConfigError> {
    let number = parse_java_long(value).filter(|number| (min..=max).contains(number));
    number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| invalid(key, value, "a number in its range"))
}

fn millis(key: &'static str, value: &str, max: i64) -> Result<Duration, ConfigError> {
    number(key, value, 0, max).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(pairs: &[(&str, &str)]) -> Result<(ProducerConfig, Properties), ConfigError> {
        let mut config = ProducerConfig::default();
        let pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        config.apply(&pairs).map(|others| (config, others))
    }

    #[test]
    fn idempotence_is_on_unless_something_else_excludes_it() {
        let idempotent = |pairs| apply(pairs).map(|(config, _)| config.enable_idempotence);
        assert_eq!(idempotent(&[]), Ok(true));
        assert_eq!(idempotent(&[("acks", "1")]), Ok(false));
        assert_eq!(idempotent(&[("retries", "0")]), Ok(false));
        assert_eq!(idempotent(&[("enable.idempotence", "false")]), Ok(false));
        assert!(idempotent(&[("enable.idempotence", "true"), ("acks", "0")]).is_err());
    }

    #[test]
    fn values_are_checked_and_foreign_keys_returned() {
        let (config, others) = apply(&[("compression.type", "zstd"), ("client.id", "me")]).unwrap();
        assert_eq!(config.compression, Codec::Zstd);
        assert_eq!(others, [("client.id".to_owned(), "me".to_owned())]);
        for wrong in [("acks", "2"), ("compression.type", "brotli"), ("linger.ms", "-1"), ("batch.size", "x")] {
            assert!(apply(&[wrong]).is_err(), "{wrong:?}");
        }
    }
}
