//! `.timeindex` files (`DumpLogSegments.dumpTimeIndex`).
//!
//! Kafka lists all batches from the entry's place to the end of the log for every entry. The answers are the same here,
//! found with one walk over the headers of the log and a look into the one batch that the entry names.

use std::fs::File;
use std::ops::ControlFlow;

use kafka_log::audit::Code;
use kafka_log::compression::Decompressor;
use kafka_log::format::FormatError;
use kafka_log::format::batch::NO_TIMESTAMP;
use kafka_log::format::time_index::{TIME_INDEX_ENTRY_LEN, TimeIndex, TimestampOffset, sanity_check};
use kafka_log::fs::ReadAt;
use kafka_log::segment::batch::Batch;
use kafka_log::segment::chain::{BatchPlace, Chain, HeaderReader, NoBatch};
use kafka_log::segment::index_file::OffsetIndexFile;

use super::checked::{Checked, check_in_order};
use super::entry::{EntryForm, Value};
use super::error::DumpError;
use super::index::{IndexPlace, IndexSettings, LogBeside, not_sane, open, open_beside};
use super::output::Sink;

/// Entries that a thread checks at a time.
const PIECE: usize = 256;

/// Something wrong with an entry of a time index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeIndexError {
    /// The largest timestamp of the entry's batch is another one. Where the cleaner took away all records of the batch
    /// and the entry is that of its header, Kafka's tool says so too, but nothing is wrong.
    Mismatch { index_timestamp: i64, log_timestamp: i64, is_cleaned: bool },
    /// The timestamp is not above that of the entry before.
    OutOfOrder { index_timestamp: i64, previous: i64 },
    /// No batch ends with the entry's offset; -1 where no batch ends after it either.
    NotFound { index_offset: i64, log_offset: i64 },
}

/// Prints the entries of a time index. Gives what is wrong with them.
pub(crate) fn dump_time_index(
    place: &IndexPlace<'_>,
    settings: IndexSettings,
    form: EntryForm<'_>,
    decompressed_bytes_max: usize,
    sink: &Sink<'_>,
) -> Result<Vec<TimeIndexError>, DumpError> {
    let base_offset = place.base_offset;
    let log = place.log.as_deref().map(LogBeside::open).transpose()?;
    let index_file = place.offset_index.as_deref().map(open_beside).transpose()?;
    let (file, file_len) = open(place.path)?;
    let entries = usize::try_from(file_len / TIME_INDEX_ENTRY_LEN as u64).unwrap_or(usize::MAX);
    if settings.sanity_only {
        sanity_check(base_offset, ends(&file, base_offset, entries)?, file_len)
            .map_err(|error| DumpError::in_file(not_sane(&error, Code::TimeIndexSize, Code::TimeIndexOrder), error))?;
        form.remark(sink, format_args!("{} passed sanity check.", place.shown))?;
        return Ok(Vec::new());
    }
    if entries == 0 {
        return Ok(Vec::new());
    }
    let log = match &log {
        None => None,
        Some(log) => {
            let chain = Chain::walk(&mut HeaderReader::new(&log.file, log.len)).map_err(|e| log.failed(&e))?;
            Some(CheckedLog { chain, log })
        }
    };
    let check = Check { file: &file, base_offset, entries, log: log.as_ref(), verify_only: settings.verify_only, form };
    let new_worker = || {
        log.as_ref().map(|CheckedLog { log, .. }| Worker {
            index: match &index_file {
                Some((index, len)) => OffsetIndexFile::new(index, *len, base_offset),
                None => OffsetIndexFile::new(&file, 0, base_offset),
            },
            headers: HeaderReader::new(&log.file, log.len),
            decompressor: Decompressor::new(decompressed_bytes_max),
            batch: Vec::new(),
        })
    };
    let mut workers: Vec<_> = (0..settings.threads.clamp(1, entries.div_ceil(PIECE))).map(|_| new_worker()).collect();
    let check = |worker: &mut Option<Worker<'_>>, piece: usize, checked: &mut Checked<TimeIndexError>| {
        check.piece(worker, piece, checked)
    };
    check_in_order(&mut workers, entries.div_ceil(PIECE), check, sink)
}

/// What a starting broker would say against a time index. A file that ends in zeros is in use and not looked at.
pub(crate) fn check_time_index(place: &IndexPlace<'_>) -> Result<Option<FormatError>, DumpError> {
    let (file, file_len) = open(place.path)?;
    let entries = usize::try_from(file_len / TIME_INDEX_ENTRY_LEN as u64).unwrap_or(usize::MAX);
    let ends = ends(&file, place.base_offset, entries)?;
    let zero = TimestampOffset { timestamp: 0, offset: place.base_offset };
    let in_use = ends.is_some_and(|(_, last)| last == zero) && entries > 1;
    Ok(if in_use { None } else { sanity_check(place.base_offset, ends, file_len).err() })
}

/// The first and the last of the entries, if there are any.
fn ends(
    file: &File,
    base_offset: i64,
    entries: usize,
) -> Result<Option<(TimestampOffset, TimestampOffset)>, DumpError> {
    let Some(last) = entries.checked_sub(1) else { return Ok(None) };
    Ok(Some((entry_at(file, base_offset, 0)?, entry_at(file, base_offset, last)?)))
}

struct Worker<'f> {
    index: OffsetIndexFile<'f, File>,
    headers: HeaderReader<'f, File>,
    decompressor: Decompressor,
    batch: Vec<u8>,
}

/// The log of the segment, and where its batches are.
struct CheckedLog<'c> {
    chain: Chain,
    log: &'c LogBeside,
}

struct Check<'c> {
    file: &'c File,
    base_offset: i64,
    entries: usize,
    log: Option<&'c CheckedLog<'c>>,
    verify_only: bool,
    form: EntryForm<'c>,
}

impl Check<'_> {
    /// Checks the entries of a piece; `Break` at the zeros after the last entry.
    fn piece(
        &self,
        worker: &mut Option<Worker<'_>>,
        piece: usize,
        checked: &mut Checked<TimeIndexError>,
    ) -> Result<ControlFlow<()>, DumpError> {
        let first = piece * PIECE;
        let count = PIECE.min(self.entries - first);
        // The entry before the piece is read too: timestamps must grow.
        let from = first.saturating_sub(1);
        let mut bytes = vec![0; (first + count - from) * TIME_INDEX_ENTRY_LEN];
        let got = self.file.read_full_at(&mut bytes, (from * TIME_INDEX_ENTRY_LEN) as u64)?;
        let view = TimeIndex::new(self.base_offset, &bytes[..got]);
        let mut previous =
            if from < first { view.entry(0).map_or(NO_TIMESTAMP, |e| e.timestamp) } else { NO_TIMESTAMP };
        for slot in first..first + count {
            let entry =
                view.entry(slot - from).ok_or(std::io::ErrorKind::UnexpectedEof).map_err(std::io::Error::from)?;
            // Preallocated and never written: the file was not closed.
            if entry.offset == self.base_offset && slot > 0 {
                return Ok(ControlFlow::Break(()));
            }
            if let (Some(worker), Some(log)) = (worker.as_mut(), self.log) {
                log.entry(worker, entry, previous, &mut checked.wrong)?;
            }
            if !self.verify_only {
                let fields =
                    [("timestamp", Value::Timestamp(entry.timestamp)), ("offset", Value::Number(entry.offset))];
                self.form.push(&mut checked.lines, "time_index_entry", &fields);
            }
            previous = entry.timestamp;
        }
        Ok(ControlFlow::Continue(()))
    }
}

impl CheckedLog<'_> {
    fn entry(
        &self,
        worker: &mut Worker<'_>,
        entry: TimestampOffset,
        previous: i64,
        errors: &mut Vec<TimeIndexError>,
    ) -> Result<(), DumpError> {
        let start = self.log.check_position(worker.index.lookup(entry.offset)?)?;
        let index_offset = entry.offset;
        let Some(place) = self.find(&mut worker.headers, start, index_offset)? else {
            errors.push(TimeIndexError::NotFound { index_offset, log_offset: -1 });
            return Ok(());
        };
        let log_offset = place.last_offset.map_err(|e| self.log.damaged(e))?;
        if log_offset != index_offset {
            errors.push(TimeIndexError::NotFound { index_offset, log_offset });
            return Ok(());
        }
        let (log_timestamp, kept) = self.max_timestamp(worker, &place)?;
        let index_timestamp = entry.timestamp;
        if log_timestamp != index_timestamp {
            let is_cleaned = kept == Some(index_timestamp);
            errors.push(TimeIndexError::Mismatch { index_timestamp, log_timestamp, is_cleaned });
        }
        if previous >= index_timestamp {
            errors.push(TimeIndexError::OutOfOrder { index_timestamp, previous });
        }
        Ok(())
    }

    /// The first batch from `start` on that ends with `offset` or after it.
    ///
    /// # Errors
    /// Where Kafka's list of the batches from `start` to the end of the log fails.
    fn find(
        &self,
        headers: &mut HeaderReader<'_, File>,
        start: u64,
        offset: i64,
    ) -> Result<Option<BatchPlace>, DumpError> {
        let failed = |e: std::io::Error| self.log.failed(&e);
        // An entry may point into a batch. The batches found from there are others, until they meet those of the chain.
        let mut at = start;
        let mut found = None;
        let mut on_chain = self.chain.first_at_or_after(headers, at).map_err(failed)?;
        while on_chain != at || at >= self.chain.end {
            match headers.batch_at(at, self.log.len) {
                Ok(place) => {
                    at += place.size;
                    if found.is_none() && !place.last_offset.is_ok_and(|last| last < offset) {
                        found = Some(place);
                    }
                }
                Err(NoBatch::End) => return Ok(found),
                Err(NoBatch::Corrupt(error)) => return Err(self.log.damaged(error)),
                Err(NoBatch::Io(error)) => return Err(failed(error)),
            }
            // The next batch of the chain stays the next one until the hops have passed it.
            if on_chain < at {
                on_chain = self.chain.first_at_or_after(headers, at).map_err(failed)?;
            }
        }
        if let Some(error) = self.chain.corrupt {
            return Err(self.log.damaged(error));
        }
        match found {
            Some(place) => Ok(Some(place)),
            None => self.chain.find(headers, at, offset).map_err(failed),
        }
    }

    /// Largest timestamp of the records of a batch, -1 without any; then also what the header keeps of those that the
    /// cleaner took away.
    fn max_timestamp(&self, worker: &mut Worker<'_>, place: &BatchPlace) -> Result<(i64, Option<i64>), DumpError> {
        let raw = worker.headers.read_batch(place, &mut worker.batch).map_err(|e| self.log.failed(&e))?;
        let in_batch = |e| DumpError::in_record(e).in_batch(raw.position, raw.overhead.offset);
        let (mut max, mut kept) = (NO_TIMESTAMP, None);
        match raw.parse().map_err(in_batch)? {
            // Kafka asks a batch without records for none, not even for its codec (`DefaultRecordBatch.iterator`).
            Batch::Default(batch) if batch.header().record_count() == 0 => kept = Some(batch.header().max_timestamp()),
            Batch::Default(batch) => {
                for record in batch.records(&mut worker.decompressor).map_err(in_batch)? {
                    max = max.max(record.map_err(in_batch)?.timestamp);
                }
            }
            Batch::Legacy(message) => {
                for record in message.records(&mut worker.decompressor).map_err(in_batch)? {
                    max = max.max(record.map_err(in_batch)?.timestamp());
                }
            }
        }
        Ok((max, kept))
    }
}

fn entry_at(file: &File, base_offset: i64, slot: usize) -> Result<TimestampOffset, DumpError> {
    let mut bytes = [0; TIME_INDEX_ENTRY_LEN];
    let got = file.read_full_at(&mut bytes, slot as u64 * TIME_INDEX_ENTRY_LEN as u64)?;
    let entry = TimeIndex::new(base_offset, &bytes[..got]).entry(0);
    entry.ok_or_else(|| std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into())
}
