//! Why a dump ends early.

use std::fmt;
use std::io;
use std::ops::ControlFlow;

use kafka_log::audit::{Code, Finding};
use kafka_log::format::{FormatError, FormatErrorKind};

use super::options::OptionError;

/// The end of a dump before the end of its files. Kafka's tool dies of a Java exception here.
#[derive(Debug)]
pub(crate) enum DumpError {
    /// Bytes that cannot be read as what they should be.
    Damaged {
        /// What is damaged.
        code: Code,
        /// What the error's position counts from.
        place: Place,
        error: FormatError,
    },
    /// A batch, or a key or value in it, that cannot be read as what it should be; the position counts from its start.
    InRecord { code: Code, error: FormatError },
    /// Damage of a log that was looked at more closely than Kafka's tool does.
    Found { finding: Box<Finding>, error: FormatError },
    /// A file that cannot be opened or read.
    Io(io::Error),
    /// Something about a file that is not as expected.
    Unfit(Box<Unfit>),
    /// A value of an option that is noticed as late as Kafka's tool notices it.
    Option(OptionError),
    /// The output is closed, or another thread found an error.
    Stopped,
}

/// Something that is not as expected, in words.
#[derive(Debug)]
pub(crate) struct Unfit {
    pub(crate) code: Code,
    /// What it is about, besides the file; may be empty.
    pub(crate) about: String,
    pub(crate) expected: String,
    pub(crate) found: String,
}

/// Where the bytes of an error start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// At the start of the file.
    File,
    /// At the start of the batch at this position, of this base offset.
    Batch { position: u64, offset: i64 },
}

impl DumpError {
    pub(crate) fn in_file(code: Code, error: FormatError) -> Self {
        DumpError::Damaged { code, place: Place::File, error }
    }

    /// Records, or a key or value, that cannot be read.
    pub(crate) fn in_record(error: FormatError) -> Self {
        let code = match error.kind {
            FormatErrorKind::Compression(_) => Code::Decompression,
            _ => Code::Records,
        };
        DumpError::InRecord { code, error }
    }

    /// A batch whose header cannot be printed.
    pub(crate) fn in_header(error: FormatError) -> Self {
        DumpError::InRecord { code: Code::BatchHeader, error }
    }

    /// A control record that cannot be read.
    pub(crate) fn in_control_record(error: FormatError) -> Self {
        DumpError::InRecord { code: Code::ControlRecord, error }
    }

    /// Something that is not as expected.
    pub(crate) fn unfit(code: Code, expected: impl Into<String>, found: impl Into<String>) -> Self {
        let (expected, found) = (expected.into(), found.into());
        DumpError::Unfit(Box::new(Unfit { code, about: String::new(), expected, found }))
    }

    /// Is it about the bytes of a record or batch, so that what lies after can still be read?
    pub(crate) fn is_about_bytes(&self) -> bool {
        !matches!(self, DumpError::Io(_) | DumpError::Option(_) | DumpError::Stopped)
    }

    /// The same error with the batch it was found in.
    pub(crate) fn in_batch(self, position: u64, offset: i64) -> Self {
        match self {
            DumpError::InRecord { code, error } => {
                DumpError::Damaged { code, place: Place::Batch { position, offset }, error }
            }
            DumpError::Unfit(mut unfit) => {
                unfit.about = about(&format!("batch at position {position} with offset {offset}"), &unfit.about);
                DumpError::Unfit(unfit)
            }
            other => other,
        }
    }

    /// What is wrong with the file at `path`, if it is the file that something is wrong with.
    pub(crate) fn finding(&self, path: &str) -> Option<Finding> {
        Some(match self {
            DumpError::Damaged { code, place: Place::File, error } => {
                Finding::new(*code, path, error.expected(), error.found()).at(error.at..error.at)
            }
            DumpError::Damaged { code, place: Place::Batch { position, offset }, error } => {
                let finding = Finding::new(*code, path, error.expected(), error.found());
                finding.at(*position..*position).of(*offset, None)
            }
            DumpError::InRecord { code, error } => Finding::new(*code, path, error.expected(), error.found()),
            DumpError::Found { finding, .. } => Finding::clone(finding),
            DumpError::Io(error) => Finding::new(Code::ReadFailed, path, "a file to read", error.to_string()),
            DumpError::Unfit(unfit) => {
                Finding::new(unfit.code, path, about(&unfit.expected, &unfit.about), unfit.found.as_str())
            }
            DumpError::Option(_) | DumpError::Stopped => return None,
        })
    }
}

fn about(what: &str, more: &str) -> String {
    if more.is_empty() { what.to_owned() } else { format!("{what}: {more}") }
}

impl fmt::Display for DumpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DumpError::Damaged { place: Place::File, error, .. }
            | DumpError::InRecord { error, .. }
            | DumpError::Found { error, .. } => error.fmt(f),
            DumpError::Damaged { place: Place::Batch { position, offset }, error, .. } => {
                write!(f, "batch at position {position} with offset {offset}: {error}")
            }
            DumpError::Io(error) => error.fmt(f),
            DumpError::Unfit(unfit) => {
                let Unfit { expected, found, .. } = &**unfit;
                f.write_str(&about(&unfit.about, &format!("expected {expected}, found {found}")))
            }
            DumpError::Option(error) => error.fmt(f),
            DumpError::Stopped => f.write_str("stopped"),
        }
    }
}

impl From<io::Error> for DumpError {
    fn from(error: io::Error) -> Self {
        DumpError::Io(error)
    }
}

impl From<OptionError> for DumpError {
    fn from(error: OptionError) -> Self {
        DumpError::Option(error)
    }
}

/// Lets `?` carry on with the answer of a [`ControlFlow`].
pub(crate) trait OrStopped {
    fn or_stopped(self) -> Result<(), DumpError>;
}

impl OrStopped for ControlFlow<()> {
    fn or_stopped(self) -> Result<(), DumpError> {
        if self.is_break() { Err(DumpError::Stopped) } else { Ok(()) }
    }
}
