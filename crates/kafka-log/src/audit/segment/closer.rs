//! Looking closer where a batch does not hold: what is damaged, and where the next good batch is.

use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::deciders::Deciders;
use super::gather::Gather;
use super::holes::Hole;
use crate::audit::batch::Summarizer;
use crate::audit::code::Code;
use crate::audit::finding::{Class, Remedy, Severity};
use crate::audit::report::FaultKind;
use crate::format::batch::{BatchHeader, RECORD_BATCH_OVERHEAD};
use crate::format::{FormatError, FormatErrorKind};
use crate::fs::ReadAt;
use crate::segment::batch::{Batch, RawBatch};
use crate::segment::resync::{Resync, Step, Unreadable};

/// Longest stretch that is tried for one batch with a wiped header, in bytes.
const WIPED_MAX: u64 = 256 * 1024 * 1024;
/// How often a tail is examined again that may be in the middle of a write, and how long to wait before.
const TAIL_LOOKS: u32 = 5;
const TAIL_WAIT: Duration = Duration::from_millis(20);
/// A file written to less long ago than this may be written to now.
const RECENT: Duration = Duration::from_secs(10);

/// What is known of the segment besides its bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Whether no segment follows.
    pub(super) is_last: bool,
    /// How bad a torn tail is.
    pub(super) torn: Severity,
    /// When the file was last written, in ms since 1970.
    pub(super) modified_ms: i64,
}

/// Takes one step over damage, and tells where it led.
///
/// # Errors
/// I/O errors.
pub(super) fn step<R: ReadAt + ?Sized>(
    file: &R,
    resync: &mut Resync<'_, R>,
    end: u64,
    place: Place,
    summarizer: &mut Summarizer,
    gather: &mut Gather,
    deciders: &mut Deciders<'_>,
) -> io::Result<Stepped> {
    let Some(step) = resync.step()? else { return Ok(Stepped::End) };
    match step {
        Step::Batch(raw) => Ok(good(&raw, false, summarizer, gather, deciders)),
        Step::WrongLength { batch, .. } => Ok(good(&batch, true, summarizer, gather, deciders)),
        Step::Damaged(raw) => {
            let position = raw.position;
            if let Some(summary) = summarizer.restore(&mut raw.as_bytes().to_vec(), position) {
                gather.batch(summary, deciders);
                return Ok(Stepped::Good);
            }
            let size = raw.as_bytes().len() as u64;
            let torn = place.is_last && position + size == end && has_zero_end(raw.as_bytes());
            gather.hole(damaged(&raw, torn.then_some(place)));
            Ok(Stepped::Hole)
        }
        Step::Unreadable(unreadable) => {
            let (start, size) = (unreadable.bytes.start, unreadable.bytes.end - unreadable.bytes.start);
            if !unreadable.is_zero && size <= WIPED_MAX {
                let mut bytes = vec![0; size as usize];
                let got = file.read_full_at(&mut bytes, start)?;
                bytes.truncate(got);
                if let Some(summary) = summarizer.restore(&mut bytes, start) {
                    let last = summary.last_offset;
                    gather.batch(summary, deciders);
                    resync.resume(start + size, Some(last));
                    return Ok(Stepped::Good);
                }
            }
            if unreadable.bytes.end == end && place.is_last {
                return Ok(Stepped::Tail(unreadable));
            }
            gather.hole(unreadable_hole(file, unreadable, end, place)?);
            Ok(Stepped::Hole)
        }
    }
}

/// Where a step led.
pub(super) enum Stepped {
    /// To a good batch.
    Good,
    /// Over something that cannot be used.
    Hole,
    /// To the end of the last segment, which may be growing.
    Tail(Unreadable),
    /// Nothing is left.
    End,
}

fn good(
    raw: &RawBatch<'_>,
    is_restored: bool,
    summarizer: &mut Summarizer,
    gather: &mut Gather,
    deciders: &mut Deciders<'_>,
) -> Stepped {
    match raw.parse() {
        Ok(batch) => {
            let mut summary = summarizer.summarize_valid(raw, &batch);
            if is_restored {
                summary.keep_head(raw.as_bytes());
            }
            gather.batch(summary, deciders);
            Stepped::Good
        }
        Err(error) => {
            gather.hole(bad_batch(raw, Code::BatchHeader, error.expected(), error.found()));
            Stepped::Hole
        }
    }
}

/// The tail of the last segment as a hole.
///
/// # Errors
/// I/O errors.
pub(super) fn tail<R: ReadAt + ?Sized>(file: &R, unreadable: Unreadable, end: u64, place: Place) -> io::Result<Hole> {
    unreadable_hole(file, unreadable, end, place)
}

/// Whether the end of the file may be in the middle of a write; waits a moment if so.
pub(super) fn may_grow(place: Place, looks: u32) -> bool {
    let written = UNIX_EPOCH + Duration::from_millis(place.modified_ms.max(0).unsigned_abs());
    let is_recent = SystemTime::now().duration_since(written).is_ok_and(|age| age < RECENT);
    if is_recent && looks < TAIL_LOOKS {
        std::thread::sleep(TAIL_WAIT);
    }
    is_recent && looks < TAIL_LOOKS
}

fn damaged(raw: &RawBatch<'_>, torn: Option<Place>) -> Hole {
    let (expected, found) = match raw.parse() {
        Ok(Batch::Default(batch)) => (batch.computed_crc(), batch.header().crc()),
        Ok(Batch::Legacy(message)) => (message.computed_crc(), message.crc()),
        Err(error) => return bad_batch(raw, Code::BatchHeader, error.expected(), error.found()),
    };
    let expected = format!("checksum {expected}, computed from its bytes");
    let hole = bad_batch(raw, Code::BatchChecksum, expected, format!("checksum {found}"));
    match torn {
        None => hole,
        Some(place) => Hole {
            kind: FaultKind::Torn,
            code: Code::TornTail,
            severity: place.torn,
            class: Class::TornTail,
            remedy: Remedy::TrimTail,
            ..hole
        },
    }
}

fn bad_batch(raw: &RawBatch<'_>, code: Code, expected: String, found: String) -> Hole {
    let claimed = match raw.header() {
        Ok(header) if raw.overhead.magic > 1 => (header.base_offset(), header.last_offset()),
        _ => (raw.overhead.offset, raw.overhead.offset),
    };
    let bytes = raw.position..raw.position + raw.as_bytes().len() as u64;
    Hole { claimed: Some(claimed), ..Hole::new(FaultKind::BadBatch, bytes, code, expected, found) }
}

fn unreadable_hole<R: ReadAt + ?Sized>(file: &R, unreadable: Unreadable, end: u64, place: Place) -> io::Result<Hole> {
    let Unreadable { bytes, is_zero, error, .. } = unreadable;
    let is_tail = bytes.end == end;
    let len = bytes.end - bytes.start;
    let (kind, code) = match (is_tail, is_zero) {
        (true, true) => (FaultKind::Zeros, Code::PreallocatedTail),
        (true, false) if place.is_last => (FaultKind::Torn, Code::TornTail),
        (true, false) => (FaultKind::Torn, Code::TornSegment),
        (false, _) => (FaultKind::Unreadable, Code::UnreadableBytes),
    };
    let severity = match (code, place.is_last) {
        (Code::TornTail, _) | (Code::PreallocatedTail, true) => place.torn,
        // Consumers do not get over zeros that others follow.
        (Code::PreallocatedTail, false) => Severity::Damage,
        _ => code.severity(),
    };
    let (expected, found) = words(&error, len, is_zero);
    // A whole header tells which offsets the incomplete batch had.
    let mut front = [0; RECORD_BATCH_OVERHEAD];
    let got = if is_tail && !is_zero { file.read_full_at(&mut front, bytes.start)? } else { 0 };
    let claimed = BatchHeader::split_first(&front[..got]).ok().map(|(header, _)| header);
    let claimed = claimed.filter(|header| header.magic() == 2 && header.last_offset_delta() >= 0);
    let claimed = claimed.map(|header| (header.base_offset(), header.last_offset()));
    Ok(Hole { claimed, severity, ..Hole::new(kind, bytes, code, expected, found) })
}

fn words(error: &FormatError, len: u64, is_zero: bool) -> (String, String) {
    if is_zero {
        return ("a batch or the end of the file".into(), format!("{len} bytes of zeros, as after a power failure"));
    }
    match error.kind {
        FormatErrorKind::Truncated { needed, available } => {
            (format!("a {} of {needed} bytes", error.field), format!("{available} bytes, and then the end"))
        }
        _ => (
            "a batch".into(),
            format!("{len} bytes that are none: expected {}, found {}", error.expected(), error.found()),
        ),
    }
}

fn has_zero_end(bytes: &[u8]) -> bool {
    bytes.len() > RECORD_BATCH_OVERHEAD && bytes.iter().rev().take(16).all(|&byte| byte == 0)
}
