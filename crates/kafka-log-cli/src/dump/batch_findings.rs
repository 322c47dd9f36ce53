//! What can be wrong with the batches of a log, as findings.

use kafka_log::audit::{Code, Finding, Severity};
use kafka_log::segment::batch::{Batch, RawBatch};
use kafka_log::segment::resync::{Step, Unreadable};

use super::log_context::LogFile;

/// A batch whose checksum does not hold.
#[cold]
pub(super) fn checksum_mismatch(log: &LogFile<'_>, batch: &RawBatch<'_>) -> Finding {
    let (computed, stored) = match batch.parse() {
        Ok(Batch::Default(default)) => (default.computed_crc(), default.header().crc()),
        Ok(Batch::Legacy(message)) => (message.computed_crc(), message.crc()),
        Err(error) => {
            return about(batch, Finding::new(Code::BatchHeader, log.shown, error.expected(), error.found()));
        }
    };
    let expected = format!("checksum {computed}, computed from its bytes");
    about(batch, Finding::new(Code::BatchChecksum, log.shown, expected, format!("checksum {stored}")))
}

/// A batch whose checksum holds, and whose header has the length `found` in place of that of `batch`.
pub(super) fn wrong_length(log: &LogFile<'_>, batch: &RawBatch<'_>, found: i32) -> Finding {
    let expected = format!("length {}, for which the checksum holds", batch.overhead.length);
    about(batch, Finding::new(Code::BatchLength, log.shown, expected, format!("length {found}")))
}

/// A batch with an offset that the file cannot hold.
#[cold]
pub(super) fn offset_out_of_range(log: &LogFile<'_>, batch: &RawBatch<'_>) -> Finding {
    let offset = batch.overhead.offset;
    let (code, expected) = match offset < log.base_offset {
        true => (Code::OffsetOrder, format!("an offset of {} or more", log.base_offset)),
        false => (Code::OffsetOverflow, format!("an offset of up to {}", log.last_offset_max())),
    };
    Finding::new(code, log.shown, expected, format!("offset {offset}"))
        .at(batch.position..batch.position + batch.as_bytes().len() as u64)
        .of(offset, Some(offset))
}

/// Bytes in which no batch can be made out. Where they are the tail of a file that may have been cut by a crash, they are
/// what Kafka's recovery cuts.
pub(super) fn unreadable(log: &LogFile<'_>, found: &Unreadable, is_tail: bool) -> Finding {
    let is_last = !is_tail || !log.is_followed();
    let code = match (is_tail, found.is_zero) {
        (true, true) => Code::PreallocatedTail,
        (true, false) if is_last => Code::TornTail,
        (true, false) => Code::TornSegment,
        (false, _) => Code::UnreadableBytes,
    };
    let severity = match code {
        Code::PreallocatedTail | Code::TornTail if !is_last || log.is_snapshot => Severity::Damage,
        _ => code.severity(),
    };
    let (expected, was) = if found.is_zero {
        let bytes = found.bytes.end - found.bytes.start;
        ("a batch or the end of the file".to_owned(), format!("{bytes} bytes of zeros, as after a power failure"))
    } else {
        (found.error.expected(), found.error.found())
    };
    let finding = Finding::new(code, log.shown, expected, was).graded(severity).at(found.bytes.clone());
    match found.offsets {
        Some((first, last)) if code != Code::PreallocatedTail => finding.of(first, last),
        _ => finding,
    }
}

/// What a step of a walk over damage tells, if it is damage; `end` is where the file ends.
pub(super) fn of_step(log: &LogFile<'_>, step: &Step<'_>, end: u64) -> Option<Finding> {
    match step {
        Step::Damaged(batch) => Some(checksum_mismatch(log, batch)),
        Step::WrongLength { batch, found } => Some(wrong_length(log, batch, *found)),
        Step::Unreadable(found) => Some(unreadable(log, found, found.bytes.end == end)),
        _ => None,
    }
}

fn about(batch: &RawBatch<'_>, finding: Finding) -> Finding {
    let finding = finding.at(batch.position..batch.position + batch.as_bytes().len() as u64);
    match offsets(batch) {
        Some((first, last)) => finding.of(first, Some(last)),
        None => finding,
    }
}

/// First and last offset as the header has them; of a message that of the message for both.
pub(super) fn offsets(batch: &RawBatch<'_>) -> Option<(i64, i64)> {
    if batch.overhead.magic < 2 {
        return Some((batch.overhead.offset, batch.overhead.offset));
    }
    batch.header().ok().map(|header| (header.base_offset(), header.last_offset()))
}
