//! The end of a dump that Kafka's tool does not survive.

use std::fmt;
use std::io;

/// Why dumping a file stopped.
#[derive(Debug)]
pub enum DumpError {
    /// The output could not be written.
    Output(io::Error),
    /// Kafka's tool ends here with an exception and exit code 1. The text is one line: file, position, expected, found.
    Fatal(String),
}

impl fmt::Display for DumpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DumpError::Output(error) => error.fmt(f),
            DumpError::Fatal(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for DumpError {}

impl From<io::Error> for DumpError {
    fn from(error: io::Error) -> Self {
        DumpError::Output(error)
    }
}
