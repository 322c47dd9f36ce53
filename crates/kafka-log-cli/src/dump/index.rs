//! `.index` files (`DumpLogSegments.dumpIndex`).

use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use kafka_log::audit::Code;
use kafka_log::format::offset_index::{OFFSET_INDEX_ENTRY_LEN, OffsetPosition, sanity_check};
use kafka_log::format::{FormatError, FormatErrorKind};
use kafka_log::segment::chain::{HeaderReader, NoBatch};
use kafka_log::segment::index_file::OffsetIndexFile;

use super::checked::{Checked, check_in_order};
use super::entry::{EntryForm, Value};
use super::error::{DumpError, Unfit};
use super::log_context::FILE_BYTES_MAX;
use super::options::OptionError;
use super::output::Sink;
use super::source::open_file;
use crate::visible;

/// Entries that a thread checks at a time.
const PIECE: usize = 2048;

/// How indexes are checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IndexSettings {
    /// Only the check that a starting broker makes.
    pub(crate) sanity_only: bool,
    /// Check the entries against the log, but do not print them.
    pub(crate) verify_only: bool,
    /// Bytes of the log that are examined from an entry's position on.
    pub(crate) max_message_size: i32,
    pub(crate) threads: usize,
}

/// An entry whose batch ends elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mismatch {
    pub(crate) index_offset: i64,
    pub(crate) log_offset: i64,
}

/// An index and the files of the same segment that it is checked against.
#[derive(Clone, Debug)]
pub(crate) struct IndexPlace<'p> {
    pub(crate) path: &'p Path,
    /// The path as the user named it.
    pub(crate) shown: &'p str,
    pub(crate) base_offset: i64,
    /// The log; without it entries are printed as they are.
    pub(crate) log: Option<PathBuf>,
    /// For a time index the offset index; without it the log is searched from its start.
    pub(crate) offset_index: Option<PathBuf>,
}

impl<'p> IndexPlace<'p> {
    /// The index at `path`, beside the log and the offset index of the same offset whose names end in `suffix` too.
    pub(crate) fn new(path: &'p Path, shown: &'p str, name: &str, base_offset: i64, suffix: &str) -> Self {
        let stem = name.split('.').next().unwrap_or_default();
        let beside = |extension| Some(path.with_file_name(format!("{stem}{extension}{suffix}")));
        IndexPlace { path, shown, base_offset, log: beside(".log"), offset_index: beside(".index") }
    }
}

/// Prints the entries of an index. Gives those that do not fit the log.
pub(crate) fn dump_index(
    place: &IndexPlace<'_>,
    settings: IndexSettings,
    form: EntryForm<'_>,
    sink: &Sink<'_>,
) -> Result<Vec<Mismatch>, DumpError> {
    let base_offset = place.base_offset;
    let log = place.log.as_deref().map(LogBeside::open).transpose()?;
    let (file, file_len) = open(place.path)?;
    let mut index = OffsetIndexFile::new(&file, file_len, base_offset);
    let entries = index.entries();
    if entries == 0 {
        form.remark(sink, format_args!("{} is empty.", place.shown))?;
        return Ok(Vec::new());
    }
    if settings.sanity_only {
        sanity_check(base_offset, index.last()?, file_len).map_err(|error| {
            DumpError::in_file(not_sane(&error, Code::OffsetIndexSize, Code::OffsetIndexOrder), error)
        })?;
        form.remark(sink, format_args!("{} passed sanity check.", place.shown))?;
        return Ok(Vec::new());
    }
    let new_worker = || Worker {
        index: OffsetIndexFile::new(&file, file_len, base_offset),
        log: log.as_ref().map(|log| (log, HeaderReader::new(&log.file, log.len))),
    };
    let mut workers: Vec<_> = (0..settings.threads.clamp(1, entries.div_ceil(PIECE))).map(|_| new_worker()).collect();
    let check = |worker: &mut Worker<'_>, piece: usize, checked: &mut Checked<Mismatch>| {
        for slot in piece * PIECE..entries.min((piece + 1) * PIECE) {
            let Some((entry, last_offset)) = worker.check(slot, base_offset, settings.max_message_size)? else {
                return Ok(ControlFlow::Break(()));
            };
            if let Some(log_offset) = last_offset.filter(|last| *last != entry.offset) {
                checked.wrong.push(Mismatch { index_offset: entry.offset, log_offset });
            }
            if !settings.verify_only {
                let fields =
                    [("offset", Value::Number(entry.offset)), ("position", Value::Number(entry.position.into()))];
                form.push(&mut checked.lines, "index_entry", &fields);
            }
        }
        Ok(ControlFlow::Continue(()))
    };
    check_in_order(&mut workers, entries.div_ceil(PIECE), check, sink)
}

/// What a failed sanity check of an index is: `size`, or `order` of its entries.
pub(crate) fn not_sane(error: &FormatError, size: Code, order: Code) -> Code {
    if matches!(error.kind, FormatErrorKind::TrailingBytes { .. }) { size } else { order }
}

/// What a starting broker would say against an index. A file that ends in zeros is in use and not looked at.
pub(crate) fn check_index(place: &IndexPlace<'_>) -> Result<Option<FormatError>, DumpError> {
    let (file, file_len) = open(place.path)?;
    let last = OffsetIndexFile::new(&file, file_len, place.base_offset).last()?;
    let in_use = last.is_some_and(|last| last.offset == place.base_offset && last.position == 0)
        && file_len > OFFSET_INDEX_ENTRY_LEN as u64;
    Ok(if in_use { None } else { sanity_check(place.base_offset, last, file_len).err() })
}

struct Worker<'f> {
    index: OffsetIndexFile<'f, File>,
    log: Option<(&'f LogBeside, HeaderReader<'f, File>)>,
}

impl Worker<'_> {
    /// The entry in `slot` and, if there is a log, the last offset of the batch it points to; `None` at the zeros after
    /// the last entry.
    fn check(
        &mut self,
        slot: usize,
        base_offset: i64,
        max_message_size: i32,
    ) -> Result<Option<(OffsetPosition, Option<i64>)>, DumpError> {
        let entry = self.index.entry(slot)?;
        // Preallocated and never written: the file was not closed.
        if entry.offset == base_offset && slot > 0 {
            return Ok(None);
        }
        let Some((log, headers)) = &mut self.log else { return Ok(Some((entry, None))) };
        let position = log.check_position(entry)?;
        let Ok(size) = u64::try_from(max_message_size) else {
            return Err(OptionError::negative("max-message-size", max_message_size).into());
        };
        // Kafka's sum of position and size is an int, and a negative end stands for that of the file.
        let end = position + size;
        let end = if end > FILE_BYTES_MAX { log.len } else { end.min(log.len) };
        let OffsetPosition { offset, position } = entry;
        let place = headers.batch_at(position as u64, end).map_err(|why| match why {
            NoBatch::End => {
                let path = visible::path(&log.path);
                let expected =
                    format!("a batch at position {position} of {path} that ends within the next {size} bytes");
                of_entry(offset, expected, "none".into())
            }
            NoBatch::Corrupt(error) => log.damaged(error),
            NoBatch::Io(error) => log.failed(&error),
        })?;
        let last_offset = place.last_offset.map_err(|error| log.damaged(error))?;
        Ok(Some((entry, Some(last_offset))))
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
    pub(crate) fn open(path: &Path) -> Result<Self, DumpError> {
        let (file, len) = open_beside(path)?;
        Ok(LogBeside { path: path.to_owned(), file, len })
    }

    /// The position of an entry, if it lies in the log.
    pub(crate) fn check_position(&self, entry: OffsetPosition) -> Result<u64, DumpError> {
        let OffsetPosition { offset, position } = entry;
        u64::try_from(position).ok().filter(|at| *at <= self.len).ok_or_else(|| {
            let expected = format!("a position of 0 to {} in {}", self.len, visible::path(&self.path));
            of_entry(offset, expected, position.to_string())
        })
    }

    /// Something is wrong with the bytes of the log.
    pub(crate) fn damaged(&self, error: FormatError) -> DumpError {
        let (about, expected, found) = (visible::path(&self.path).to_string(), error.expected(), error.found());
        DumpError::Unfit(Box::new(Unfit { code: Code::UnreadableBytes, about, expected, found }))
    }

    /// The log cannot be read.
    pub(crate) fn failed(&self, error: &io::Error) -> DumpError {
        io::Error::new(error.kind(), format!("{}: {error}", visible::path(&self.path))).into()
    }
}

/// An entry of the offset index that leads astray.
fn of_entry(offset: i64, expected: String, found: String) -> DumpError {
    let about = format!("entry of offset {offset}");
    DumpError::Unfit(Box::new(Unfit { code: Code::OffsetIndexEntry, about, expected, found }))
}

/// Opens a file and returns its length, up to that which Kafka maps.
pub(crate) fn open(path: &Path) -> io::Result<(File, u64)> {
    let (file, len) = open_file(path)?;
    if len > FILE_BYTES_MAX {
        return Err(io::Error::other(format!("expected at most {FILE_BYTES_MAX} bytes, found {len}")));
    }
    Ok((file, len))
}

/// Opens a file that was not named on the command line; an error names it.
pub(crate) fn open_beside(path: &Path) -> io::Result<(File, u64)> {
    open(path).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", visible::path(path))))
}
