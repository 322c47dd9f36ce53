//! Properties on command lines and in files, for the tools that pass them on to a client.

use kafka_options::Options;
use kafka_thin_client::{ClientConfig, ConfigError, Properties};

use crate::terminal::Stop;

/// The properties in the file that the first of these options names.
pub(crate) fn file(options: &Options, names: &[&'static str]) -> Result<Properties, Stop> {
    for name in names {
        if let Some(path) = options.value(name)? {
            let bytes =
                std::fs::read(&path).map_err(|_| Stop::Failed(format!("java.nio.file.NoSuchFileException: {path}")))?;
            return ClientConfig::read_properties(&bytes).map_err(|error| Stop::Failed(error.to_string()));
        }
    }
    Ok(Properties::new())
}

/// The `key=value` pairs that these options have. A key without a value has an empty one (`parseKeyValueArgs`).
pub(crate) fn pairs(options: &Options, names: &[&str]) -> Properties {
    let values = names.iter().flat_map(|name| options.values(name));
    let pair = |text: String| match text.split_once('=') {
        Some((key, value)) => (key.to_owned(), value.to_owned()),
        None => (text, String::new()),
    };
    values.map(pair).collect()
}

/// The value of a key; the last one counts.
pub(crate) fn get<'p>(properties: &'p Properties, key: &str) -> Option<&'p str> {
    properties.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
}

/// Kafka's exception for a configuration that is refused.
pub(crate) fn config_exception(error: &ConfigError) -> String {
    match error {
        ConfigError::Value { key, value, expected } => format!(
            "org.apache.kafka.common.config.ConfigException: Invalid value {value} for configuration {key}: {expected}"
        ),
        error => format!("org.apache.kafka.common.config.ConfigException: {error}"),
    }
}
