//! A log of an internal topic, read from its start to its end.

use std::fmt;

use kafka_log::format::FormatError;
use kafka_log::log::error::{KafkaError as _, LogError};
use kafka_log::log::types::FetchIsolation;
use kafka_log::segment::batch::Batches;
use kafka_rpc::ErrorCode;

use crate::disk::Log;

/// Why a partition cannot be loaded.
#[derive(Debug)]
pub(super) enum ReadLogError<E> {
    /// The log.
    Log(LogError),
    /// A file.
    Io(std::io::Error),
    /// A batch.
    Format(FormatError),
    /// What is in the batches.
    Records(E),
    /// The log does not end here, and what follows is not a batch.
    NoWholeBatch {
        /// Where.
        offset: i64,
    },
}

impl<E> ReadLogError<E> {
    /// Whether a later attempt may succeed: the process may have been short of files, say. What is in the log does not change,
    /// and a log directory that has failed stays so until the next start.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            ReadLogError::Log(error) => error.code() != ErrorCode::KafkaStorageError,
            ReadLogError::Io(_) => true,
            ReadLogError::Format(_) | ReadLogError::Records(_) | ReadLogError::NoWholeBatch { .. } => false,
        }
    }
}

impl<E: fmt::Display> fmt::Display for ReadLogError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadLogError::Log(error) => error.fmt(f),
            ReadLogError::Io(error) => error.fmt(f),
            ReadLogError::Format(error) => error.fmt(f),
            ReadLogError::Records(error) => error.fmt(f),
            ReadLogError::NoWholeBatch { offset } => {
                write!(f, "offset {offset}: expected a batch, found none that is whole")
            }
        }
    }
}

/// Gives whole batches, about `bytes` at once.
pub(super) fn read_log<E>(
    log: &Log,
    bytes: usize,
    mut batches: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), ReadLogError<E>> {
    let mut offset = log.log_start_offset();
    loop {
        let read = log.read(offset, bytes, FetchIsolation::LogEnd, true).map_err(ReadLogError::Log)?;
        if read.records.is_empty() {
            return Ok(());
        }
        let read = read.records.read().map_err(ReadLogError::Io)?;
        let mut found = Batches::new(&read);
        let mut last = None;
        for batch in &mut found {
            let batch = batch.map_err(ReadLogError::Format)?;
            // The offset of a message of magic 0 or 1 is that of its last record.
            let is_legacy = batch.overhead.magic < 2;
            last = Some(if is_legacy {
                batch.overhead.offset
            } else {
                batch.header().map_err(ReadLogError::Format)?.last_offset()
            });
        }
        let last = last.filter(|last| *last >= offset).ok_or(ReadLogError::NoWholeBatch { offset })?;
        let whole = read.len() - found.rest().len();
        batches(read.get(..whole).unwrap_or_default()).map_err(ReadLogError::Records)?;
        offset = last + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_log_holds_does_not_pass_and_a_lack_of_files_may() {
        assert!(ReadLogError::<FormatError>::Io(std::io::Error::from_raw_os_error(24)).may_pass());
        assert!(!ReadLogError::<FormatError>::NoWholeBatch { offset: 3 }.may_pass());
    }
}
