//! A batch of magic 2 where a codec is involved, the sender's or the topic's
//! (`LogValidator.validateMessagesAndAssignOffsetsCompressed`).

use super::checks::check_record;
use super::rebuild::Rebuild;
use super::refuse::{Refusals, invalid, trips};
use super::skip::SkippingReader;
use super::{Validated, ValidationParams, ValidationScratch, Way, decompress, records_of};
use crate::compression::{Codec, Decompressor};
use crate::format::batch::{NO_TIMESTAMP, RecordBatch};
use crate::log::error::Refused;

/// What the records of a batch say together.
struct Walked {
    count: usize,
    max_timestamp: i64,
    /// Are the inner offsets 0, 1, 2 and so on?
    in_order: bool,
}

impl Walked {
    fn new() -> Self {
        Walked { count: 0, max_timestamp: NO_TIMESTAMP, in_order: true }
    }

    #[inline(always)]
    fn see(&mut self, offset: i64, timestamp: i64) {
        self.max_timestamp = self.max_timestamp.max(timestamp);
        self.in_order &= offset == self.count as i64;
    }
}

pub(super) fn validate(
    batch: &RecordBatch<'_>,
    params: &ValidationParams,
    scratch: &mut ValidationScratch,
) -> Result<Way, Refused> {
    let is_control = batch.header().attributes().is_control();
    let walked = if params.source_codec == params.target_codec {
        let walked = walk_compressed(batch, params, &mut scratch.decompressor)?;
        if !walked.in_order {
            // Kafka would rebuild the batch, but has skipped what it needs for that.
            let message = "the inner offsets of a batch are not 0, 1, 2 and so on";
            return Err(trips("UnsupportedOperationException", message));
        }
        walked
    } else if params.source_codec == Codec::None && is_control {
        let walked = walk(batch, params, &mut scratch.decompressor, None)?;
        if !walked.in_order {
            return rebuild(batch, params, scratch).map(Way::Rebuilt);
        }
        walked
    } else {
        return rebuild(batch, params, scratch).map(Way::Rebuilt);
    };
    // As many as the header counts, which is an int32.
    let count = i32::try_from(walked.count).unwrap_or(i32::MAX);
    Ok(Way::InPlace { count, max_timestamp: walked.max_timestamp })
}

fn rebuild(
    batch: &RecordBatch<'_>,
    params: &ValidationParams,
    scratch: &mut ValidationScratch,
) -> Result<Validated, Refused> {
    let mut rebuild = Rebuild::start(&mut scratch.builder, params, Some(batch.header()));
    walk(batch, params, &mut scratch.decompressor, Some(&mut rebuild))?;
    rebuild.finish(&mut scratch.compressor, &mut scratch.rebuilt)
}

/// Checks the records of a compressed batch, of which only lengths, timestamps and offsets are of interest.
fn walk_compressed(
    batch: &RecordBatch<'_>,
    params: &ValidationParams,
    decompressor: &mut Decompressor,
) -> Result<Walked, Refused> {
    let header = batch.header();
    let mut walked = Walked::new();
    if header.record_count() == 0 {
        return Ok(walked);
    }
    let (bytes, fault) = decompress(batch, params.source_codec, decompressor)?;
    if header.record_count() < 0 {
        return Err(invalid(format!("record count of a batch: expected at least 0, found {}", header.record_count())));
    }
    let timestamp_type = header.attributes().timestamp_type();
    let base_offset = header.base_offset();
    let mut refused = Refusals::default();
    let mut reader = SkippingReader::new(&header, bytes, fault);
    for index in 0..header.record_count() as usize {
        let record = reader.read(index)?;
        match check_record(params, timestamp_type, record.has_key, record.timestamp) {
            Some(refusal) => refused.push(index, refusal),
            None => walked.see(base_offset.wrapping_add(record.offset_delta.into()), record.timestamp),
        }
        walked.count += 1;
    }
    reader.finish()?;
    refused.finish()?;
    Ok(walked)
}

/// Checks the records of a batch, field by field, and hands them to `rebuild`.
fn walk(
    batch: &RecordBatch<'_>,
    params: &ValidationParams,
    decompressor: &mut Decompressor,
    mut rebuild: Option<&mut Rebuild<'_>>,
) -> Result<Walked, Refused> {
    let timestamp_type = batch.header().attributes().timestamp_type();
    let mut walked = Walked::new();
    let mut refused = Refusals::default();
    records_of(batch, decompressor, usize::MAX, |record| {
        match check_record(params, timestamp_type, record.key.is_some(), record.timestamp) {
            Some(refusal) => refused.push(walked.count, refusal),
            None => walked.see(record.offset, record.timestamp),
        }
        if refused.is_empty()
            && let Some(rebuild) = &mut rebuild
        {
            rebuild.append_record(record);
        }
        walked.count += 1;
        Ok(())
    })?;
    refused.finish()?;
    Ok(walked)
}
