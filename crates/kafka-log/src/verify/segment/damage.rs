//! Looking closer where a batch does not hold: what is damaged, and where the next good batch is.

use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::ordered::{Hole, Ordered};
use super::seen::Seen;
use super::worker::Judge;
use crate::format::batch::{BatchHeader, HEADER_SIZE_UP_TO_MAGIC, LOG_OVERHEAD, RECORD_BATCH_OVERHEAD};
use crate::format::checksum::RunningChecksum;
use crate::format::{FormatError, FormatErrorKind};
use crate::fs::ReadAt;
use crate::segment::batch::{Batch, RawBatch};
use crate::segment::resync::{Resync, Step, Unreadable};
use crate::verify::code::Code;
use crate::verify::finding::{Class, Remedy, Severity};
use crate::verify::report::FaultKind;

/// Bytes that are read at once for a checksum.
const CHUNK: usize = 64 * 1024;
/// How often a tail is looked at again that may be in the middle of a write, and how long to wait before.
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

/// The magic that batches have today.
const MAGIC_2: i8 = 2;

/// Takes one step over damage; gives whether it led to a good batch.
///
/// # Errors
/// Those of the medium.
pub(super) fn step<R: ReadAt + ?Sized>(
    file: &R,
    resync: &mut Resync<'_, R>,
    end: u64,
    place: Place,
    judge: &mut Judge,
    ordered: &mut Ordered<'_>,
) -> io::Result<Stepped> {
    let Some(step) = resync.step()? else { return Ok(Stepped::End) };
    match step {
        Step::Batch(raw) => Ok(good(&raw, None, judge, ordered)),
        Step::WrongLength { batch, found } => Ok(good(&batch, Some(found), judge, ordered)),
        Step::Damaged(raw) => {
            let (position, size) = (raw.position, raw.as_bytes().len() as u64);
            if let Some(seen) = with_magic(file, position, size)? {
                ordered.batch(seen);
                return Ok(Stepped::Good);
            }
            let torn = place.is_last && position + size == end && has_zero_end(raw.as_bytes());
            ordered.hole(damaged(&raw, torn.then_some(place)));
            Ok(Stepped::Hole)
        }
        Step::Unreadable(unreadable) => {
            let (start, size) = (unreadable.bytes.start, unreadable.bytes.end - unreadable.bytes.start);
            if let Some(seen) = with_magic(file, start, size)? {
                let last = seen.last_offset;
                ordered.batch(seen);
                resync.resume(start + size, Some(last));
                return Ok(Stepped::Good);
            }
            if unreadable.bytes.end == end && place.is_last {
                return Ok(Stepped::Tail(unreadable));
            }
            ordered.hole(unreadable_hole(file, unreadable, end, place)?);
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

fn good(raw: &RawBatch<'_>, wrong_length: Option<i32>, judge: &mut Judge, ordered: &mut Ordered<'_>) -> Stepped {
    match raw.parse() {
        Ok(batch) => {
            let mut seen = judge.judge_valid(raw, &batch);
            seen.wrong_length = wrong_length;
            ordered.batch(seen);
            Stepped::Good
        }
        Err(error) => {
            ordered.hole(bad_batch(
                raw,
                Code::BatchHeader,
                "a batch of a version that exists".into(),
                error.to_string(),
            ));
            Stepped::Hole
        }
    }
}

/// The tail of the last segment as a hole.
///
/// # Errors
/// Those of the medium.
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

/// The batch at `position` if it is one of magic 2 whose magic was changed: `size` bytes long, with a checksum that holds.
fn with_magic<R: ReadAt + ?Sized>(file: &R, position: u64, size: u64) -> io::Result<Option<Seen>> {
    let mut front = [0; RECORD_BATCH_OVERHEAD];
    if size < front.len() as u64 || file.read_full_at(&mut front, position)? < front.len() {
        return Ok(None);
    }
    let found = front[HEADER_SIZE_UP_TO_MAGIC - 1] as i8;
    front[HEADER_SIZE_UP_TO_MAGIC - 1] = MAGIC_2 as u8;
    let Ok((header, _)) = BatchHeader::split_first(&front) else { return Ok(None) };
    if found == MAGIC_2 || i64::from(header.length()) + LOG_OVERHEAD as i64 != size as i64 {
        return Ok(None);
    }
    let mut sum = RunningChecksum::of_magic(MAGIC_2);
    sum.update(&front[HEADER_SIZE_UP_TO_MAGIC + size_of::<u32>()..]);
    let (mut at, behind) = (position + front.len() as u64, position + size);
    let mut piece = vec![0; CHUNK.min((behind - at) as usize)];
    while at < behind {
        let want = piece.len().min((behind - at) as usize);
        let got = file.read_full_at(&mut piece[..want], at)?;
        if got == 0 {
            return Ok(None);
        }
        sum.update(&piece[..got]);
        at += got as u64;
    }
    let holds = sum.value() == header.crc();
    Ok(holds.then(|| Seen::with_magic(position, size as usize, &header, found)))
}

fn damaged(raw: &RawBatch<'_>, torn: Option<Place>) -> Hole {
    let (expected, found) = match raw.parse() {
        Ok(Batch::Default(batch)) => (batch.computed_crc(), batch.header().crc()),
        Ok(Batch::Legacy(message)) => (message.computed_crc(), message.crc()),
        Err(error) => {
            let expected = "a batch of a version that exists".into();
            return bad_batch(raw, Code::BatchHeader, expected, error.to_string());
        }
    };
    let expected = format!("checksum {expected}, computed from its bytes");
    let hole = bad_batch(raw, Code::BatchChecksum, expected, found.to_string());
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
    Hole {
        kind: FaultKind::BadBatch,
        bytes: raw.position..raw.position + raw.as_bytes().len() as u64,
        claimed: Some(claimed),
        code,
        severity: code.severity(),
        class: code.class(),
        remedy: code.remedy(),
        expected,
        found,
    }
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
    let claimed = claimed.filter(|header| header.magic() == MAGIC_2 && header.last_offset_delta() >= 0);
    let claimed = claimed.map(|header| (header.base_offset(), header.last_offset()));
    Ok(Hole { kind, bytes, claimed, code, severity, class: code.class(), remedy: code.remedy(), expected, found })
}

fn words(error: &FormatError, len: u64, is_zero: bool) -> (String, String) {
    if is_zero {
        return ("a batch or the end of the file".into(), format!("{len} bytes of zeros"));
    }
    match error.kind {
        FormatErrorKind::Truncated { needed, available } => {
            (format!("a {} of {needed} bytes", error.field), format!("{available} bytes, and then the end"))
        }
        _ => ("a batch".into(), format!("{len} bytes that are none ({error})")),
    }
}

fn has_zero_end(bytes: &[u8]) -> bool {
    bytes.len() > RECORD_BATCH_OVERHEAD && bytes.iter().rev().take(16).all(|&byte| byte == 0)
}
