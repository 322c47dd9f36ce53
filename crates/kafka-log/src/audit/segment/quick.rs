//! Level quick: the first batch of a segment, the structure of its indexes, and where its last batch ends.

use std::io;

use super::{Indexes, Segment};
use crate::audit::code::Code;
use crate::audit::finding::Finding;
use crate::audit::report::{Fault, FaultKind, SegmentReport};
use crate::format::offset_index::{OFFSET_INDEX_ENTRY_LEN, OffsetIndex, OffsetPosition};
use crate::fs::{FsFile, ReadAt};
use crate::segment::chain::{HeaderReader, NoBatch};

/// Looks at a segment without reading it all.
///
/// # Errors
/// I/O errors.
pub(super) fn look<R: FsFile>(
    file: &R,
    segment: &Segment<'_>,
    indexes: Option<&Indexes<R>>,
    report: &mut SegmentReport,
) -> io::Result<()> {
    let base = segment.base_offset.unwrap_or(0);
    let mut reader = HeaderReader::new(file, report.size);
    let first = match reader.batch_at(0, report.size) {
        Ok(first) => Some(first),
        Err(NoBatch::Io(error)) => return Err(error),
        Err(_) => None,
    };
    if let Some(first) = first {
        let mut offset = [0; 8];
        file.read_full_at(&mut offset, 0)?;
        let offset = i64::from_be_bytes(offset);
        report.first_offset = Some(offset);
        if segment.base_offset.is_some_and(|base| first.last_offset.unwrap_or(offset) < base) {
            let finding =
                Finding::new(Code::SegmentName, segment.path, format!("offsets from {base} on"), offset.to_string());
            report.findings.push(finding);
        }
    }
    let last = match indexes.and_then(Indexes::offset_file) {
        Some((index, used)) => last_entry(index, used, base, report)?,
        None => None,
    };
    // Sealed segments end where the next one begins; only the last has to be followed to its end.
    report.valid_to = report.size;
    if segment.next.is_none() {
        let start = last.map_or(0, |last| u64::try_from(last.position).unwrap_or(0));
        follow(&mut reader, start, segment, report)?;
    } else if let Some(next) = segment.next.map(|next| next.base_offset) {
        report.last_offset = (report.size > 0).then(|| next.saturating_sub(1));
    }
    Ok(())
}

/// The last entry of an offset index, if it can be one of this log.
fn last_entry(
    index: &(dyn ReadAt + Sync),
    used: u64,
    base: i64,
    report: &mut SegmentReport,
) -> io::Result<Option<OffsetPosition>> {
    let len = OFFSET_INDEX_ENTRY_LEN as u64;
    let Some(start) = used.checked_sub(len) else { return Ok(None) };
    let mut bytes = [0; OFFSET_INDEX_ENTRY_LEN];
    index.read_full_at(&mut bytes, start)?;
    let Some(entry) = OffsetIndex::new(base, &bytes).entry(0) else { return Ok(None) };
    let is_inside = u64::try_from(entry.position).is_ok_and(|position| position < report.size);
    if is_inside && entry.offset >= base {
        return Ok(Some(entry));
    }
    let expected = format!("an offset of {base} or more at a position below {}", report.size);
    let found = format!("offset {} at {}", entry.offset, entry.position);
    let path = report.path.with_extension("index");
    report.findings.push(Finding::new(Code::OffsetIndexEntry, path, expected, found).at(start..used));
    Ok(None)
}

/// From header to header up to the end of the file.
fn follow<R: FsFile>(
    reader: &mut HeaderReader<'_, R>,
    start: u64,
    segment: &Segment<'_>,
    report: &mut SegmentReport,
) -> io::Result<()> {
    let mut at = start;
    let error = loop {
        match reader.batch_at(at, report.size) {
            Ok(place) => {
                at += place.size;
                report.last_offset = place.last_offset.ok().or(report.last_offset);
            }
            Err(NoBatch::Io(error)) => return Err(error),
            Err(NoBatch::End) => break None,
            Err(NoBatch::Corrupt(error)) => break Some(error),
        }
    };
    report.valid_to = at;
    if at < report.size {
        let found = error.map_or_else(|| format!("{} bytes that are none", report.size - at), |e| e.to_string());
        let finding = Finding::new(Code::TornTail, segment.path, "a batch or the end of the file", found);
        report.findings.push(finding.at(at..report.size).graded(segment.torn));
        report.faults.push(Fault { kind: FaultKind::Torn, bytes: at..report.size, offsets: None });
    }
    Ok(())
}
