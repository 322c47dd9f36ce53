//! Why a dump ends early.

use std::fmt;
use std::io;
use std::ops::ControlFlow;

use kafka_log::format::FormatError;

/// The end of a dump before the end of its files. Kafka's tool dies of a Java exception here.
#[derive(Debug)]
pub(crate) enum DumpError {
    /// Bytes that cannot be read as what they should be.
    Damaged {
        /// What the error's position counts from.
        place: Place,
        error: FormatError,
    },
    /// A key or value that cannot be read as what it should be; the position counts from its start.
    InRecord(FormatError),
    /// A file that cannot be opened or read.
    Io(io::Error),
    /// Something else about a file or an option, in words.
    Other(String),
    /// Nobody listens any more, or another thread found an error.
    Stopped,
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
    pub(crate) fn in_file(error: FormatError) -> Self {
        DumpError::Damaged { place: Place::File, error }
    }

    pub(crate) fn in_record(error: FormatError) -> Self {
        DumpError::InRecord(error)
    }

    /// Is it about the bytes of a record or batch, so that what lies behind can still be read?
    pub(crate) fn is_about_bytes(&self) -> bool {
        !matches!(self, DumpError::Io(_) | DumpError::Stopped)
    }

    /// The same error with the batch it was found in.
    pub(crate) fn in_batch(self, position: u64, offset: i64) -> Self {
        match self {
            DumpError::InRecord(error) => DumpError::Damaged { place: Place::Batch { position, offset }, error },
            DumpError::Other(what) => {
                DumpError::Other(format!("batch at position {position} with offset {offset}: {what}"))
            }
            other => other,
        }
    }
}

impl fmt::Display for DumpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DumpError::Damaged { place: Place::File, error } | DumpError::InRecord(error) => error.fmt(f),
            DumpError::Damaged { place: Place::Batch { position, offset }, error } => {
                write!(f, "batch at position {position} with offset {offset}: {error}")
            }
            DumpError::Io(error) => error.fmt(f),
            DumpError::Other(what) => f.write_str(what),
            DumpError::Stopped => f.write_str("stopped"),
        }
    }
}

impl From<io::Error> for DumpError {
    fn from(error: io::Error) -> Self {
        DumpError::Io(error)
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
