//! `.index` files (`DumpLogSegments.dumpIndex`).

use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use kafka_log::format::FormatErrorKind;
use kafka_log::format::offset_index::{OffsetPosition, sanity_check};
use kafka_log::segment::chain::{HeaderReader, NoBatch};
use kafka_log::segment::index_file::OffsetIndexFile;

use super::base_offset;
use super::error::{DumpError, OrStopped};
use super::in_order::in_order;
use super::log::FILE_BYTES_MAX;
use super::output::Sink;
use super::text::{number, text};

/// Entries that a thread checks at a time.
const PIECE: usize = 2048;

/// How indexes are checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IndexSettings {
    /// Only the check that a starting broker makes.
    pub(crate) sanity_only: bool,
    /// Check the entries against the log, but do not print them.
    pub(crate) verify_only: bool,
    /// Bytes of the log that are looked at from an entry's position on.
    pub(crate) max_message_size: i32,
    pub(crate) threads: usize,
}

/// An entry whose batch ends elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mismatch {
    pub(crate) index_offset: i64,
    pub(crate) log_offset: i64,
}

/// Prints the entries of the index at `path`, shown as `shown`. Gives those that do not fit the log beside it.
pub(crate) fn dump_index(
    path: &Path,
    name: &str,
    shown: &str,
    settings: IndexSettings,
    sink: &Sink<'_>,
) -> Result<Vec<Mismatch>, DumpError> {
    let base_offset = base_offset(name)?;
    let log = LogBeside::open(path, name)?;
    let file = open(path)?;
    let file_len = file.metadata()?.len();
    let mut index = OffsetIndexFile::new(&file, file_len, base_offset);
    let entries = index.entries();
    if entries == 0 {
        sink.write(format!("{shown} is empty.\n").as_bytes()).or_stopped()?;
        return Ok(Vec::new());
    }
    if settings.sanity_only {
        sanity_check(base_offset, index.last()?, file_len).map_err(DumpError::in_file)?;
        sink.write(format!("{shown} passed sanity check.\n").as_bytes()).or_stopped()?;
        return Ok(Vec::new());
    }
    let new_worker = || Worker {
        index: OffsetIndexFile::new(&file, file_len, base_offset),
        headers: HeaderReader::new(&log.file, log.len),
    };
    let mut workers: Vec<_> = (0..settings.threads.clamp(1, entries.div_ceil(PIECE))).map(|_| new_worker()).collect();
    let mut mismatches = Vec::new();
    let mut end = Ok(());
    let check = |worker: &mut Worker<'_>, piece: usize| {
        let slots = piece * PIECE..entries.min((piece + 1) * PIECE);
        let mut checked = Checked { lines: Vec::new(), mismatches: Vec::new(), end: None };
        for slot in slots {
            match worker.check(slot, base_offset, settings.max_message_size, &log) {
                Ok(Some((entry, last_offset))) => {
                    if last_offset != entry.offset {
                        checked.mismatches.push(Mismatch { index_offset: entry.offset, log_offset: last_offset });
                    }
                    if !settings.verify_only {
                        text(&mut checked.lines, "offset: ");
                        number(&mut checked.lines, entry.offset);
                        text(&mut checked.lines, " position: ");
                        number(&mut checked.lines, entry.position);
                        text(&mut checked.lines, "\n");
                    }
                    continue;
                }
                Ok(None) => checked.end = Some(Ok(())),
                Err(error) => checked.end = Some(Err(error)),
            }
            break;
        }
        checked
    };
    in_order(&mut workers, entries.div_ceil(PIECE), check, |mut checked| {
        mismatches.append(&mut checked.mismatches);
        if sink.write(&checked.lines).is_break() {
            end = Err(DumpError::Stopped);
        } else if let Some(reason) = checked.end {
            end = reason;
        } else {
            return ControlFlow::Continue(());
        }
        ControlFlow::Break(())
    });
    end.map(|()| mismatches)
}

/// What was found in a piece of an index.
struct Checked {
    lines: Vec<u8>,
    mismatches: Vec<Mismatch>,
    /// The dump ends behind this piece, with or without an error.
    end: Option<Result<(), DumpError>>,
}

struct Worker<'f> {
    index: OffsetIndexFile<'f, File>,
    headers: HeaderReader<'f, File>,
}

impl Worker<'_> {
    /// The entry in `slot` and the last offset of the batch it points to; `None` at the zeros behind the last entry.
    fn check(
        &mut self,
        slot: usize,
        base_offset: i64,
        max_message_size: i32,
        log: &LogBeside,
    ) -> Result<Option<(OffsetPosition, i64)>, DumpError> {
        let entry = self.index.entry(slot)?;
        // Preallocated and never written: the file was not closed.
        if entry.offset == base_offset && slot > 0 {
            return Ok(None);
        }
        let position = log.check_position(entry)?;
        let Ok(size) = u64::try_from(max_message_size) else {
            return Err(DumpError::Other(format!("--max-message-size: expected at least 0, found {max_message_size}")));
        };
        // Kafka's sum of position and size is an int, and a negative end stands for that of the file.
        let end = position + size;
        let end = if end > FILE_BYTES_MAX { log.len } else { end.min(log.len) };
        let OffsetPosition { offset, position } = entry;
        let place = self.headers.batch_at(position as u64, end).map_err(|why| match why {
            NoBatch::End => DumpError::Other(format!(
                "entry of offset {offset}: expected a batch at position {position} of {} that ends within the next \
                 {size} bytes, found none",
                log.path.display(),
            )),
            NoBatch::Corrupt(error) => log.damaged(error),
            NoBatch::Io(error) => log.failed(error),
        })?;
        let last_offset = place.last_offset.map_err(|error| log.damaged(error))?;
        Ok(Some((entry, last_offset)))
    }
}

/// The log that an index belongs to: the file of the same offset in the same folder.
pub(crate) struct LogBeside {
    pub(crate) path: PathBuf,
    pub(crate) file: File,
    /// Length when it was opened.
    pub(crate) len: u64,
}

impl LogBeside {
    pub(crate) fn open(index: &Path, name: &str) -> Result<Self, DumpError> {
        let path = sibling(index, name, ".log");
        let file = open(&path)?;
        let len = file.metadata()?.len();
        let log = LogBeside { path, file, len };
        if len > FILE_BYTES_MAX {
            return Err(log.failed(format!("expected at most {FILE_BYTES_MAX} bytes, found {len}")));
        }
        Ok(log)
    }

    /// The position of an entry, if it lies in the log.
    pub(crate) fn check_position(&self, entry: OffsetPosition) -> Result<u64, DumpError> {
        let OffsetPosition { offset, position } = entry;
        u64::try_from(position).ok().filter(|at| *at <= self.len).ok_or_else(|| {
            let kind = FormatErrorKind::OutOfRange { min: 0, max: self.len as i64, found: position.into() };
            DumpError::Other(format!("entry of offset {offset}: position in {}: {kind}", self.path.display()))
        })
    }

    pub(crate) fn damaged(&self, error: kafka_log::format::FormatError) -> DumpError {
        self.failed(error)
    }

    pub(crate) fn failed(&self, error: impl std::fmt::Display) -> DumpError {
        DumpError::Other(format!("{}: {error}", self.path.display()))
    }
}

/// The file of the same offset with another suffix, in the same folder.
pub(crate) fn sibling(path: &Path, name: &str, suffix: &str) -> PathBuf {
    let stem = name.split('.').next().unwrap_or_default();
    path.with_file_name(format!("{stem}{suffix}"))
}

/// Opens a file; an error names it.
pub(crate) fn open(path: &Path) -> Result<File, DumpError> {
    File::open(path).map_err(|error| DumpError::Other(format!("{}: {error}", path.display())))
}
