//! The records of a batch: can they be read, and do they say what the header says? (level deep)

use super::seen::{Problem, Seen, marker};
use crate::compression::{Codec, Decompressor};
use crate::format::batch::{NO_TIMESTAMP, RecordBatch, TimestampType};
use crate::format::control::ControlRecordType;
use crate::format::legacy::LegacyRecord;
use crate::format::{FormatError, FormatErrorKind};
use crate::segment::batch::Batch;
use crate::verify::code::Code;

/// Reads the records of a control batch: at every level, because transactions end with them.
pub(super) fn check_control(seen: &mut Seen, batch: &RecordBatch<'_>, decompressor: &mut Decompressor) {
    let read = batch.records(decompressor).and_then(|mut records| records.next().transpose());
    let record = match read {
        Ok(Some(record)) => record,
        // The cleaner leaves empty batches of markers that are no longer needed.
        Ok(None) => return,
        Err(error) => return seen.complain(Problem::of(Code::ControlRecord, &error)),
    };
    let has_producer = seen.producer_id >= 0;
    let mut bad = |is_loss, expected: &str, found: String| {
        let problem = Problem { code: Code::ControlRecord, is_loss, expected: expected.into(), found };
        seen.complain(problem);
    };
    let name = || ControlRecordType::parse(record.key).map_or("none", ControlRecordType::name).to_owned();
    match marker(record.key, record.value) {
        Err(error) => return seen.complain(Problem::of(Code::ControlRecord, &error)),
        Ok(None) if has_producer => bad(true, "a commit or abort marker of the producer", name()),
        Ok(Some(_)) if !has_producer => bad(false, "the producer id of a transaction marker", "-1".into()),
        Ok(None) if matches!(ControlRecordType::parse(record.key), Ok(ControlRecordType::Unknown(_))) => {
            bad(false, "a control record of a known type", name());
        }
        Ok(marker) => seen.marker = marker,
    }
    seen.control = ControlRecordType::parse(record.key).ok().map(ControlRecordType::id);
}

/// Reads every record, and adds what is wrong to the batch.
pub(super) fn check(seen: &mut Seen, batch: &Batch<'_>, decompressor: &mut Decompressor) {
    match batch {
        Batch::Default(batch) => check_default(seen, batch, decompressor),
        Batch::Legacy(message) => check_legacy(seen, message, decompressor),
    }
}

fn check_default(seen: &mut Seen, batch: &RecordBatch<'_>, decompressor: &mut Decompressor) {
    let records = match batch.records(decompressor) {
        Ok(records) => records,
        Err(error) => return seen.complain(Problem::of(code_of(&error), &error)),
    };
    let header = batch.header();
    let (first, last) = (header.base_offset(), header.last_offset());
    let has_log_append_time = header.attributes().timestamp_type() == TimestampType::LogAppendTime;
    let (mut previous, mut count, mut max_timestamp) = (first.wrapping_sub(1), 0, NO_TIMESTAMP);
    for record in records {
        let record = match record {
            Ok(record) => record,
            Err(error) => return seen.complain(Problem::of(Code::Records, &error)),
        };
        if record.offset <= previous || record.offset > last {
            let expected = format!("record {count} between offsets {} and {last}", previous.saturating_add(1));
            let found = record.offset.to_string();
            return seen.complain(Problem { code: Code::RecordOffsets, is_loss: true, expected, found });
        }
        if record.attributes != 0 && count == 0 {
            let (expected, found) = ("record attributes of 0".into(), record.attributes.to_string());
            seen.complain(Problem { code: Code::Records, is_loss: false, expected, found });
        }
        previous = record.offset;
        max_timestamp = max_timestamp.max(record.timestamp);
        count += 1;
    }
    // The cleaner keeps the largest timestamp although its record is gone, and with log append time no record has one.
    let is_exact = count > 0 && !seen.is_compacted();
    let stated = header.max_timestamp();
    if !has_log_append_time && (max_timestamp > stated || is_exact && max_timestamp != stated) {
        let (expected, found) = (format!("largest timestamp {stated}"), max_timestamp.to_string());
        seen.complain(Problem { code: Code::RecordTimestamps, is_loss: false, expected, found });
    }
}

fn check_legacy(seen: &mut Seen, message: &LegacyRecord<'_>, decompressor: &mut Decompressor) {
    let is_wrapper = message.codec().is_ok_and(|codec| codec != Codec::None);
    let records = match message.records(decompressor) {
        Ok(records) => records,
        Err(error) => return seen.complain(Problem::of(code_of(&error), &error)),
    };
    let mut previous: Option<i64> = None;
    let mut first = None;
    for record in records {
        let read = record.and_then(|record| {
            record.key()?;
            record.value()?;
            Ok(record)
        });
        let record = match read {
            Ok(record) => record,
            Err(error) => return seen.complain(Problem::of(Code::Records, &error)),
        };
        if is_wrapper && !record.is_valid() {
            let (expected, found) = ("a checksum that holds inside of the wrapper".into(), "another".into());
            return seen.complain(Problem { code: Code::Records, is_loss: true, expected, found });
        }
        if previous.is_some_and(|previous| record.offset() <= previous) {
            let (expected, found) = ("inner offsets that grow".into(), record.offset().to_string());
            return seen.complain(Problem { code: Code::RecordOffsets, is_loss: true, expected, found });
        }
        first.get_or_insert(record.offset());
        previous = Some(record.offset());
    }
    if let (true, Some(last)) = (is_wrapper, previous)
        && last != seen.last_offset
    {
        let (expected, found) = (format!("last inner offset {}", seen.last_offset), last.to_string());
        return seen.complain(Problem { code: Code::RecordOffsets, is_loss: true, expected, found });
    }
    if let (true, Some(first)) = (is_wrapper, first) {
        seen.first_offset = first;
        seen.knows_first = true;
    }
}

fn code_of(error: &FormatError) -> Code {
    match error.kind {
        FormatErrorKind::Compression(_) => Code::Decompression,
        _ => Code::Records,
    }
}
