//! Settings as they are given: a file of properties, and what overrides it.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fmt, fs};

use kafka_log::format::java_properties::{self, Property};

use super::error::{ConfigError, ConfigWarning, Place};
use super::nearest::nearest;
use super::supported::is_supported;
use super::synonyms::of_listener;
use super::table::{ConfigKey, Table};

/// A setting, and where it was given.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) value: String,
    pub(crate) place: Place,
}

/// Without the value, which may be a password.
impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Given").field("place", &self.place).finish_non_exhaustive()
    }
}

/// The settings of a broker by name; of two for one name, the later counts.
pub(crate) type Settings = BTreeMap<String, Given>;

/// Reads a file of properties (`java.util.Properties`).
pub(crate) fn read_file(path: &Path) -> Result<Vec<(String, Given)>, ConfigError> {
    let bytes = fs::read(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    let place = |position: usize| {
        let before = bytes.get(..position).unwrap_or(&bytes);
        Place::File { path: path.to_owned(), line: before.iter().filter(|byte| **byte == b'\n').count() + 1 }
    };
    let properties = java_properties::read(&bytes)
        .map_err(|source| ConfigError::Format { place: place(source.at as usize), source })?;
    let given = |Property { key, value, position }| (key, Given { value, place: place(position) });
    Ok(properties.into_iter().map(given).collect())
}

/// Checks each value as its setting says, and tells which settings have no effect.
pub(crate) fn check(settings: &Settings) -> Result<Vec<ConfigWarning>, ConfigError> {
    let mut warnings = Vec::new();
    for (name, Given { value, place }) in settings {
        let (name, place) = (name.clone(), place.clone());
        match find(&name) {
            Some(key) => {
                key.parse(value).map_err(|error| ConfigError::Value { place: place.clone(), source: error.into() })?;
                if !is_supported(&name) {
                    warnings.push(ConfigWarning::Ignored { place, name });
                }
            }
            None if name.starts_with("listener.name.") => {
                match of_listener(&name).filter(|base| is_supported(base) && is_of_some_listener(settings, &name)) {
                    Some(base) => {
                        let parsed = find(base).map_or(Ok(()), |key| key.parse(value).map(drop));
                        parsed.map_err(|error| ConfigError::Value { place, source: error.into() })?;
                    }
                    None => warnings.push(ConfigWarning::Ignored { place, name }),
                }
            }
            None => warnings.push(ConfigWarning::Unknown { place, nearest: nearest(&name), name }),
        }
    }
    Ok(warnings)
}

/// Whether a setting with a prefix is for a listener that there is. The prefix has its name in lower case.
fn is_of_some_listener(settings: &Settings, name: &str) -> bool {
    let Some(name) = name.strip_prefix("listener.name.") else { return false };
    let listeners = settings.get("listeners").map_or("PLAINTEXT", |given| given.value.as_str());
    listeners.split(',').any(|listener| {
        let listener = listener.trim().split("://").next().unwrap_or_default().to_ascii_lowercase();
        name.strip_prefix(listener.as_str()).is_some_and(|rest| rest.starts_with('.'))
    })
}

/// The key of a setting of a broker, ours included.
pub(crate) fn find(name: &str) -> Option<&'static ConfigKey> {
    Table::Broker.find(name).or_else(|| Table::Own.find(name))
}
