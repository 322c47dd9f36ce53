//! One line of a script, and how an operation fails.

use std::io;

use data_encoding::BASE64;
use kafka_log::log::error::{AppendError, KafkaError};
use serde_json::Value;

/// An operation: a JSON object with defaults for what it leaves out.
pub(crate) struct Op<'a>(pub(crate) &'a Value);

impl<'a> Op<'a> {
    pub(crate) fn name(&self) -> &'a str {
        self.text("op", "")
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.0.get(key).is_some()
    }

    pub(crate) fn get(&self, key: &str) -> &'a Value {
        &self.0[key]
    }

    pub(crate) fn list(&self, key: &str) -> &'a [Value] {
        self.0[key].as_array().map_or(&[], Vec::as_slice)
    }

    pub(crate) fn long(&self, key: &str, default: i64) -> i64 {
        self.0[key].as_i64().unwrap_or(default)
    }

    pub(crate) fn int(&self, key: &str, default: i32) -> i32 {
        self.long(key, default.into()) as i32
    }

    pub(crate) fn flag(&self, key: &str, default: bool) -> bool {
        self.0[key].as_bool().unwrap_or(default)
    }

    pub(crate) fn text(&self, key: &str, default: &'a str) -> &'a str {
        self.0[key].as_str().unwrap_or(default)
    }

    pub(crate) fn base64(&self, key: &str) -> Result<Vec<u8>, Failure> {
        BASE64.decode(self.text(key, "").as_bytes()).map_err(|e| Failure::BadScript(format!("{key}: {e}")))
    }
}

/// Why an operation did nothing.
#[derive(Debug)]
pub(crate) enum Failure {
    /// As Kafka names it: class of the exception, error of the protocol, and the records that were refused.
    Kafka { exception: String, code: &'static str, records: Vec<i32> },
    /// The script asks for something that no log can do. Ends the run.
    BadScript(String),
}

impl Failure {
    pub(crate) fn unknown(exception: &str) -> Self {
        Failure::Kafka { exception: exception.to_owned(), code: "UNKNOWN_SERVER_ERROR", records: Vec::new() }
    }

    pub(crate) fn of(error: &impl KafkaError) -> Self {
        Failure::Kafka { exception: error.exception().to_owned(), code: error.code().name(), records: Vec::new() }
    }

    pub(crate) fn of_append(error: &AppendError) -> Self {
        let refused = match error {
            AppendError::InvalidRecord { records, .. } | AppendError::InvalidTimestamp { records, .. } => records,
            other => return Self::of(other),
        };
        let records = refused.iter().map(|record| record.batch_index).collect();
        Failure::Kafka { exception: error.exception().to_owned(), code: error.code().name(), records }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::BadScript(error.to_string())
    }
}
