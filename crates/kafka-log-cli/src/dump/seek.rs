//! Where the batches begin that `--offset` and `--since` ask for: by the indexes beside the log, if they can be trusted,
//! else from header to header.

use std::fs::File;
use std::io;

use kafka_log::format::abstract_index::largest_lower_bound_slot;
use kafka_log::format::offset_index::OFFSET_INDEX_ENTRY_LEN;
use kafka_log::format::time_index::{TIME_INDEX_ENTRY_LEN, TimeIndex, TimestampOffset};
use kafka_log::fs::ReadAt;
use kafka_log::segment::batch::Batch;
use kafka_log::segment::chain::{BatchPlace, HeaderReader, NoBatch};
use kafka_log::segment::index_file::OffsetIndexFile;

use super::filter::Selection;
use super::finding::Finding;
use super::log::LogFile;
use super::source::{Source, open_file};

/// The position of the first batch of `log` that may hold what is asked for; batches are looked for up to `end`. What is
/// wrong with the indexes goes to `findings`.
///
/// # Errors
/// Those of the medium.
pub(super) fn start<'f>(
    log: &LogFile<'f>,
    selection: &Selection<'_>,
    file_len: u64,
    end: u64,
    findings: &mut Vec<Finding<'f>>,
) -> io::Result<u64> {
    let mut seek = Seek { log, reader: HeaderReader::new(log.file, file_len), end, findings };
    let since = match selection.since() {
        Some(since) => seek.last_before(since)?,
        None => None,
    };
    let (position, behind) = match since {
        // Nothing up to and with this batch is new enough.
        Some(place) => (place.position, place.last_offset.ok().and_then(|offset| offset.checked_add(1))),
        None => (0, None),
    };
    let first = selection.offsets().first.max(behind.unwrap_or(i64::MIN));
    if first <= log.base_offset {
        return Ok(0);
    }
    let position = seek.by_index(selection.offsets().first)?.max(position);
    Ok(seek.hop(position, |place| place.last_offset.is_ok_and(|last| last < first))?.position)
}

struct Seek<'s, 'f> {
    log: &'s LogFile<'f>,
    reader: HeaderReader<'f, Source<'f>>,
    end: u64,
    findings: &'s mut Vec<Finding<'f>>,
}

impl Seek<'_, '_> {
    /// The first batch from `position` on that is not to be skipped; the end where there is none, or none can be read.
    fn hop(&mut self, mut position: u64, skip: impl Fn(&BatchPlace) -> bool) -> io::Result<BatchPlace> {
        loop {
            match self.reader.batch_at(position, self.end) {
                Ok(place) if skip(&place) => position += place.size,
                Ok(place) => return Ok(place),
                Err(NoBatch::Io(error)) => return Err(error),
                // The dump says what is there.
                Err(_) => return Ok(BatchPlace { position, size: 0, last_offset: Ok(i64::MAX) }),
            }
        }
    }

    /// A position from which a walk surely meets the batch with offset `target`, if there is one.
    fn by_index(&mut self, target: i64) -> io::Result<u64> {
        if target <= self.log.base_offset {
            return Ok(0);
        }
        let Some((file, entries)) = self.open(".index", OFFSET_INDEX_ENTRY_LEN)? else { return Ok(0) };
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
        self.distrust(
            ".index",
            format!("expected a batch with offset {target} or below at position {found}, found none"),
        );
        Ok(0)
    }

    /// Is there an undamaged batch that begins not behind `target`, and belongs to this file?
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

    /// The last batch of which the time index says that nothing up to and with it has a timestamp of `since` or later.
    fn last_before(&mut self, since: i64) -> io::Result<Option<BatchPlace>> {
        let Some((file, entries)) = self.open(".timeindex", TIME_INDEX_ENTRY_LEN)? else { return Ok(None) };
        let Some(before) = since.checked_sub(1) else { return Ok(None) };
        let base_offset = self.log.base_offset;
        let entry = |slot: usize| read_time_entry(&file, slot, base_offset);
        let slot = largest_lower_bound_slot(entries, TIME_INDEX_ENTRY_LEN, before, |slot| {
            Ok::<_, io::Error>(entry(slot)?.timestamp)
        })?;
        let Some(slot) = slot else { return Ok(None) };
        let found = entry(slot)?;
        let is_sorted = slot + 1 >= entries || entry(slot + 1)?.timestamp > before;
        if found.timestamp <= before && is_sorted && self.log.may_hold(found.offset) {
            let from = self.by_index(found.offset)?;
            let place = self.hop(from, |place| place.last_offset.is_ok_and(|last| last < found.offset))?;
            if place.size > 0 && self.max_timestamp(&place)?.is_some_and(|max| max <= found.timestamp) {
                return Ok(Some(place));
            }
        }
        let TimestampOffset { timestamp, offset } = found;
        self.distrust(
            ".timeindex",
            format!("expected a batch with offset {offset} and nothing after {timestamp}, found none"),
        );
        Ok(None)
    }

    fn max_timestamp(&mut self, place: &BatchPlace) -> io::Result<Option<i64>> {
        let mut bytes = Vec::new();
        Ok(match self.reader.read_batch(place, &mut bytes)?.parse() {
            Ok(Batch::Default(batch)) => Some(batch.header().max_timestamp()),
            Ok(Batch::Legacy(message)) => Some(message.timestamp()),
            Err(_) => None,
        })
    }

    /// The index beside the log and how many entries it has, if there is one that can be read. Zeros at the end of a file
    /// that was preallocated do not count.
    fn open(&self, extension: &str, entry_len: usize) -> io::Result<Option<(File, usize)>> {
        if !self.log.name.contains(".log") {
            return Ok(None);
        }
        let name = self.log.name.replacen(".log", extension, 1);
        let Ok((file, len)) = open_file(&self.log.path.with_file_name(name)) else { return Ok(None) };
        let entries = usize::try_from(len / entry_len as u64).unwrap_or(usize::MAX);
        let entries = used_entries(&file, entries, entry_len)?;
        Ok(Some((file, entries)))
    }

    fn distrust(&mut self, extension: &str, what: String) {
        let message = format!("{extension} is not used: {what}");
        self.findings.push(Finding::warning("index-unused", self.log.shown, message));
    }
}

fn read_time_entry(file: &File, slot: usize, base_offset: i64) -> io::Result<TimestampOffset> {
    let mut bytes = [0; TIME_INDEX_ENTRY_LEN];
    let read = file.read_full_at(&mut bytes, (slot * TIME_INDEX_ENTRY_LEN) as u64)?;
    TimeIndex::new(base_offset, &bytes[..read]).entry(0).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

/// Number of entries before the zeros at the end.
fn used_entries(file: &File, entries: usize, entry_len: usize) -> io::Result<usize> {
    let (mut used, mut zero) = (0, entries);
    let mut bytes = [0; TIME_INDEX_ENTRY_LEN];
    while used < zero {
        let middle = used.midpoint(zero);
        let read = file.read_full_at(&mut bytes[..entry_len], (middle * entry_len) as u64)?;
        if bytes[..read].iter().any(|&byte| byte != 0) { used = middle + 1 } else { zero = middle }
    }
    Ok(used)
}
