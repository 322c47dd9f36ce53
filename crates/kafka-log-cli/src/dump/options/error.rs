//! A value that an option does not accept.

use std::fmt;

/// An option whose value is not what it expects; displayed as one line without the program's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionError {
    /// Name, without dashes.
    pub option: String,
    /// What would have been accepted.
    pub expected: String,
    /// What was given, on one line and in quotes if it is a value.
    pub found: String,
}

impl OptionError {
    /// `option` was given the value `found`.
    pub(super) fn value(option: impl Into<String>, expected: impl Into<String>, found: &str) -> Self {
        let found = format!("'{}'", found.escape_debug());
        OptionError { option: option.into(), expected: expected.into(), found }
    }

    /// `option` was given a number below 0.
    pub(in crate::dump) fn negative(option: impl Into<String>, found: i32) -> Self {
        OptionError { option: option.into(), expected: "at least 0".into(), found: found.to_string() }
    }

    /// `option` was given more than one value.
    pub(super) fn repeated(option: impl Into<String>) -> Self {
        OptionError { option: option.into(), expected: "one value".into(), found: "several".into() }
    }
}

impl fmt::Display for OptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--{}: expected {}, found {}", self.option, self.expected, self.found)
    }
}

impl std::error::Error for OptionError {}
