//! Why a batch cannot be cleaned.

use std::fmt;

use crate::format::FormatError;

/// Why a batch cannot be cleaned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum FilterError {
    /// The batch cannot be read. The position is relative to it, or to its decompressed records.
    Format(FormatError),
    /// Kafka would not write such a batch (`IllegalArgumentException`).
    IllegalArgument(&'static str),
    /// (`IllegalStateException`).
    IllegalState(&'static str),
}

impl From<FormatError> for FilterError {
    fn from(error: FormatError) -> Self {
        FilterError::Format(error)
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FilterError::Format(error) => error.fmt(f),
            FilterError::IllegalArgument(what) | FilterError::IllegalState(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for FilterError {}
