//! Where the batches begin that `--offset` and `--since` ask for: by the offset index beside the log, if it can be trusted,
//! and from header to header.
//!
//! The time index is of no use here. Its entries have the largest of the timestamps that headers name, and a header
//! need not name that of its records.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use kafka_log::audit::{Code, Finding, Severity};
use kafka_log::format::offset_index::OFFSET_INDEX_ENTRY_LEN;
use kafka_log::fs::ReadAt;
use kafka_log::segment::chain::{HeaderReader, NoBatch};
use kafka_log::segment::index_file::OffsetIndexFile;

use super::filter::{Selection, Verdict};
use super::log_context::LogFile;
use super::source::{Source, open_file};

/// The position of the first batch of `log` that may hold what is requested; batches are searched for up to `end`. What is
/// wrong with the index goes to `findings`.
///
/// # Errors
/// I/O errors.
pub(super) fn start<'f>(
    log: &LogFile<'f>,
    selection: &Selection<'_>,
    file_len: u64,
    end: u64,
    findings: &mut Vec<Finding>,
) -> io::Result<u64> {
    let first = selection.offsets().first;
    if first <= log.base_offset && selection.since().is_none() {
        return Ok(0);
    }
    let mut seek = Seek { log, reader: HeaderReader::new(log.file, file_len), end, findings };
    let position = seek.by_index(first)?;
    seek.hop(position, selection)
}

struct Seek<'s, 'f> {
    log: &'s LogFile<'f>,
    reader: HeaderReader<'f, Source<'f>>,
    end: u64,
    findings: &'s mut Vec<Finding>,
}

impl Seek<'_, '_> {
    /// Position of the first batch from `position` on that its header does not rule out; the end where there is none,
    /// or none can be read.
    fn hop(&mut self, mut position: u64, selection: &Selection<'_>) -> io::Result<u64> {
        let first = selection.offsets().first;
        loop {
            let place = match self.reader.batch_at(position, self.end) {
                Ok(place) => place,
                Err(NoBatch::Io(error)) => return Err(error),
                // The dump says what is there.
                Err(_) => return Ok(position),
            };
            let is_out = match self.reader.header_at(position) {
                Some(header) => selection.header(&header) == Verdict::Skip,
                None => place.last_offset.is_ok_and(|last| last < first),
            };
            if !is_out {
                return Ok(position);
            }
            position += place.size;
        }
    }

    /// A position from which a walk surely meets the batch with offset `target`, if there is one.
    fn by_index(&mut self, target: i64) -> io::Result<u64> {
        if target <= self.log.base_offset {
            return Ok(0);
        }
        let Some((file, entries)) = self.open()? else { return Ok(0) };
        let len = (entries * OFFSET_INDEX_ENTRY_LEN) as u64;
        let entry = OffsetIndexFile::new(&file, len, self.log.base_offset).lookup(target)?;
        let position = u64::try_from(entry.position).ok();
        if position == Some(0) || entries == 0 {
            return Ok(0);
        }
        if let Some(position) = position
            && entry.offset <= target
            && self.holds(position, target)?
        {
            return Ok(position);
        }
        let found = entry.position;
        self.distrust(format!("a batch with offset {target} or below at position {found} of the log"));
        Ok(0)
    }

    /// Is there an undamaged batch that begins not after `target`, and belongs to this file?
    fn holds(&mut self, position: u64, target: i64) -> io::Result<bool> {
        let place = match self.reader.batch_at(position, self.end) {
            Ok(place) => place,
            Err(NoBatch::Io(error)) => return Err(error),
            Err(_) => return Ok(false),
        };
        let mut bytes = Vec::new();
        let batch = self.reader.read_batch(&place, &mut bytes)?;
        Ok(batch.is_valid() && (self.log.base_offset..=target).contains(&batch.overhead.offset))
    }

    /// The offset index beside the log and how many entries it has, if it can be read. Zeros at the end of a file
    /// that was preallocated do not count.
    fn open(&self) -> io::Result<Option<(File, usize)>> {
        if !self.log.name.contains(".log") {
            return Ok(None);
        }
        let Ok((file, len)) = open_file(&self.index_path()) else { return Ok(None) };
        let entries = usize::try_from(len / OFFSET_INDEX_ENTRY_LEN as u64).unwrap_or(usize::MAX);
        let entries = used_entries(&file, entries)?;
        Ok(Some((file, entries)))
    }

    fn index_path(&self) -> PathBuf {
        self.log.path.with_file_name(self.log.name.replacen(".log", ".index", 1))
    }

    /// The index is not used. Whether it is wrong, or the log where it leads to, only a look at all of both tells.
    fn distrust(&mut self, expected: String) {
        let found = "none, so the log was searched instead";
        let finding = Finding::new(Code::OffsetIndexEntry, self.index_path(), expected, found);
        self.findings.push(finding.graded(Severity::Warning));
    }
}

/// Number of entries before the zeros at the end.
fn used_entries(file: &File, entries: usize) -> io::Result<usize> {
    let (mut used, mut zero) = (0, entries);
    let mut bytes = [0; OFFSET_INDEX_ENTRY_LEN];
    while used < zero {
        let middle = used.midpoint(zero);
        let read = file.read_full_at(&mut bytes, (middle * OFFSET_INDEX_ENTRY_LEN) as u64)?;
        if bytes[..read].iter().any(|&byte| byte != 0) { used = middle + 1 } else { zero = middle }
    }
    Ok(used)
}
