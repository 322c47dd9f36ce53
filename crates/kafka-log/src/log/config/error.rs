//! Why a setting is refused.

use std::fmt;

use crate::log::error::{ErrorCode, KafkaError};

/// A setting that Kafka refuses too. Clients get `INVALID_CONFIG` for all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// No setting of a topic has this name (`InvalidConfigurationException`).
    UnknownName {
        /// The name.
        name: String,
    },
    /// The value has another type, or is out of its range (`ConfigException`).
    InvalidValue {
        /// Name of the setting.
        name: &'static str,
        /// The value as it came.
        value: String,
        /// What it may be.
        expected: String,
    },
    /// Two settings contradict each other (`InvalidConfigurationException`).
    Conflict(String),
    /// Tiered storage does not allow it (`ConfigException`).
    RemoteStorage(String),
    /// A setting of the broker makes no sense (`IllegalArgumentException`).
    Requirement(String),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigError::UnknownName { name } => write!(f, "Unknown topic config name: {name}"),
            ConfigError::InvalidValue { name, value, expected } => {
                write!(f, "{name} is {value:?}, expected {expected}")
            }
            ConfigError::Conflict(message)
            | ConfigError::RemoteStorage(message)
            | ConfigError::Requirement(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for ConfigError {}

impl KafkaError for ConfigError {
    fn exception(&self) -> &'static str {
        match self {
            ConfigError::UnknownName { .. } | ConfigError::Conflict(_) => "InvalidConfigurationException",
            ConfigError::InvalidValue { .. } | ConfigError::RemoteStorage(_) => "ConfigException",
            ConfigError::Requirement(_) => "IllegalArgumentException",
        }
    }

    fn code(&self) -> ErrorCode {
        ErrorCode::InvalidConfig
    }
}
