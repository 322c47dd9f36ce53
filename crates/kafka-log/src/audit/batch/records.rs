//! The records of a batch: can they be read, and do they say what the header says?

use super::{BatchSummary, Kind, Partial, Problem};
use crate::audit::code::Code;
use crate::compression::{self, Codec, Decompressor};
use crate::format::batch::{NO_TIMESTAMP, RecordBatch, TimestampType};
use crate::format::control::{ControlRecordType, EndTransactionMarker};
use crate::format::legacy::LegacyRecord;
use crate::format::record::{Record, Records};
use crate::format::{FormatError, FormatErrorKind};
use crate::segment::batch::Batch;

/// Reads the first record of a control batch: at every level, because transactions end with them.
pub(super) fn check_control(summary: &mut BatchSummary, batch: &RecordBatch<'_>, decompressor: &mut Decompressor) {
    let read = batch.records(decompressor).and_then(|mut records| records.next().transpose());
    let record = match read {
        Ok(Some(record)) => record,
        // The cleaner leaves empty batches of markers that are no longer needed.
        Ok(None) => return,
        // One that says nothing of transactions concerns no reader, whatever is in it.
        Err(error) if summary.producer_id < 0 => {
            return summary.complain(Problem::odd(Code::ControlRecord, error.expected(), error.found()));
        }
        Err(error) => return summary.complain(Problem::unreadable(Code::ControlRecord, &error)),
    };
    summary.control = ControlRecordType::parse(record.key).map_or(-1, ControlRecordType::id);
    if let Err(problem) = read_control(summary, &record) {
        summary.complain(problem);
    }
}

fn read_control(summary: &mut BatchSummary, record: &Record<'_>) -> Result<(), Problem> {
    let has_producer = summary.producer_id >= 0;
    let unreadable = |error: FormatError| match has_producer {
        true => Problem::unreadable(Code::ControlRecord, &error),
        false => Problem::odd(Code::ControlRecord, error.expected(), error.found()),
    };
    let kind = ControlRecordType::parse(record.key).map_err(unreadable)?;
    let is_commit = match kind {
        ControlRecordType::Commit => true,
        ControlRecordType::Abort => false,
        ControlRecordType::Unknown(_) => {
            return Err(Problem::odd(Code::ControlRecord, "a control record of a known type", kind.name()));
        }
        _ if has_producer => {
            return Err(Problem::odd(Code::ControlRecord, "a commit or abort marker of the producer", kind.name()));
        }
        _ => return Ok(()),
    };
    let marker = EndTransactionMarker::parse(record.value).map_err(unreadable)?;
    if !has_producer {
        return Err(Problem::odd(Code::ControlRecord, "the producer id of a transaction marker", summary.producer_id));
    }
    summary.kind = Kind::Marker { is_commit, coordinator_epoch: marker.coordinator_epoch };
    Ok(())
}

/// Reads every record, and adds what is wrong to the batch.
pub(super) fn check(summary: &mut BatchSummary, batch: &Batch<'_>, decompressor: &mut Decompressor) {
    match batch {
        Batch::Default(batch) => check_default(summary, batch, decompressor),
        Batch::Legacy(message) => check_legacy(summary, message, decompressor),
    }
}

fn check_default(summary: &mut BatchSummary, batch: &RecordBatch<'_>, decompressor: &mut Decompressor) {
    let read = match batch.records(decompressor) {
        Err(error) => Err(error),
        Ok(records) => read_default(summary, batch, records),
    };
    if let Err(error) = read {
        if is_excused(&error) {
            return summary.complain(Problem::odd(Code::Decompression, error.expected(), error.found()));
        }
        summary.complain(Problem::unreadable(code_of(&error), &error));
        if let Some(partial) = Partial::delivered(batch, decompressor) {
            summary.rare_mut().partial = Some(partial);
        }
    }
}

fn read_default(summary: &mut BatchSummary, batch: &RecordBatch<'_>, records: Records<'_>) -> Result<(), FormatError> {
    let header = batch.header();
    let (first, last) = (header.base_offset(), header.last_offset());
    let has_log_append_time = header.attributes().timestamp_type() == TimestampType::LogAppendTime;
    let (mut previous, mut count, mut max_timestamp) = (first.wrapping_sub(1), 0, NO_TIMESTAMP);
    // One problem of a kind is told for a batch.
    let (mut out_of_place, mut has_attributes) = (None, None);
    for record in records {
        let record = record?;
        if record.offset <= previous || record.offset > last {
            out_of_place.get_or_insert((count, previous, record.offset));
        }
        if record.attributes != 0 {
            has_attributes.get_or_insert(record.attributes);
        }
        previous = record.offset;
        max_timestamp = max_timestamp.max(record.timestamp);
        count += 1;
    }
    if let Some((count, previous, found)) = out_of_place {
        let expected = format!("record {count} between offsets {} and {last}", previous.saturating_add(1));
        summary.complain(Problem::odd(Code::RecordOffsets, expected, found));
    }
    if let Some(found) = has_attributes {
        summary.complain(Problem::odd(Code::Records, "record attributes of 0", found));
    }
    // The cleaner keeps the largest timestamp although its record is gone, and with log append time no record has one.
    let is_exact = count > 0 && !summary.is_compacted();
    let stated = header.max_timestamp();
    if !has_log_append_time && (max_timestamp > stated || is_exact && max_timestamp != stated) {
        let expected = format!("largest timestamp {stated}");
        summary.complain(Problem::odd(Code::RecordTimestamps, expected, max_timestamp));
    }
    Ok(())
}

fn check_legacy(summary: &mut BatchSummary, message: &LegacyRecord<'_>, decompressor: &mut Decompressor) {
    let is_wrapper = message.codec().is_ok_and(|codec| codec != Codec::None);
    match read_legacy(summary, message, is_wrapper, decompressor) {
        Ok(()) => {}
        Err(error) if is_excused(&error) => {
            summary.complain(Problem::odd(Code::Decompression, error.expected(), error.found()));
        }
        Err(error) => summary.complain(Problem::unreadable(code_of(&error), &error)),
    }
}

fn read_legacy(
    summary: &mut BatchSummary,
    message: &LegacyRecord<'_>,
    is_wrapper: bool,
    decompressor: &mut Decompressor,
) -> Result<(), FormatError> {
    let (mut first, mut previous, mut out_of_order) = (None, None, None);
    for record in message.records(decompressor)? {
        let record = record?;
        record.key()?;
        record.value()?;
        if is_wrapper && !record.is_valid() {
            let kind = FormatErrorKind::Checksum { computed: record.computed_crc(), stored: record.crc() };
            return Err(FormatError::new(0, "message in a wrapper", kind));
        }
        if previous.is_some_and(|previous| record.offset() <= previous) {
            out_of_order.get_or_insert(record.offset());
        }
        first.get_or_insert(record.offset());
        previous = Some(record.offset());
    }
    let last = summary.last_offset;
    if let Some(found) = out_of_order {
        summary.complain(Problem::odd(Code::RecordOffsets, "inner offsets that grow", found));
    }
    if let (true, Some(found)) = (is_wrapper, previous.filter(|&found| found != last)) {
        summary.complain(Problem::odd(Code::RecordOffsets, format!("last inner offset {last}"), found));
    }
    // The inner offsets of magic 1 count from the one of the wrapper, except where that is 0 (`DeepRecordsIterator`): then it
    // is wrong if they do not end there, and what counts is how many they are.
    let ends_at = if summary.magic == 1 && last == 0 { previous.unwrap_or(last) } else { last };
    // Of a message with more offsets in it than a segment can hold, only the last is believed.
    let span = first.filter(|_| is_wrapper).map(|first| ends_at.wrapping_sub(first));
    if let Some(span) = span.filter(|span| (0..=i64::from(i32::MAX)).contains(span)) {
        summary.first_offset = last.wrapping_sub(span);
        summary.knows_first = true;
    }
    Ok(())
}

fn code_of(error: &FormatError) -> Code {
    match error.kind {
        FormatErrorKind::Compression(_) => Code::Decompression,
        _ => Code::Records,
    }
}

/// Whether a stream that was not decompressed may be a good one all the same.
fn is_excused(error: &FormatError) -> bool {
    use compression::Problem;
    matches!(&error.kind, FormatErrorKind::Compression(e)
        if matches!(e.problem, Problem::TooLarge { .. } | Problem::Unsupported))
}
