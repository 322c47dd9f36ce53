//! The way of nearly all appends: one batch of magic 2, uncompressed, which stays as it is
//! (`LogValidator.assignOffsetsNonCompressed`). One walk over the heads of its records.

use super::ValidationParams;
use super::checks::check_record;
use super::heads::{first_error, read_head};
use super::refuse::{Refusals, invalid};
use crate::format::batch::{NO_TIMESTAMP, RecordBatch, TimestampType};
use crate::log::error::Refused;

/// Checks the records, and says how many there are and which is their largest timestamp.
#[inline(always)]
pub(super) fn check_records(batch: &RecordBatch<'_>, params: &ValidationParams) -> Result<(i32, i64), Refused> {
    let header = batch.header();
    let count = header.record_count();
    if count <= 0 {
        // Kafka does not look at the bytes of a batch that counts no records.
        let refused = invalid(format!("record count of a batch: expected at least 0, found {count}"));
        return if count == 0 { Ok((0, NO_TIMESTAMP)) } else { Err(refused) };
    }
    let timestamp_type = header.attributes().timestamp_type();
    // The batch's timestamp hides those of its records where a broker has set it.
    let stamped = (timestamp_type == TimestampType::LogAppendTime).then(|| header.max_timestamp());
    let base_timestamp = header.base_timestamp();
    let bytes = batch.stored_records();
    let (mut at, mut max_timestamp) = (0, NO_TIMESTAMP);
    let mut refused = Refusals::default();
    for index in 0..count as usize {
        let Some(head) = read_head(bytes, &mut at) else { return Err(first_error(batch)) };
        let timestamp = stamped.unwrap_or(base_timestamp.wrapping_add(head.timestamp_delta));
        if let Some(refusal) = check_record(params, timestamp_type, head.has_key, timestamp) {
            refused.push(index, refusal);
        }
        max_timestamp = max_timestamp.max(timestamp);
    }
    if at != bytes.len() {
        return Err(first_error(batch));
    }
    refused.finish()?;
    Ok((count, max_timestamp))
}
