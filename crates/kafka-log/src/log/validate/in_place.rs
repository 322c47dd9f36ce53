//! The way of nearly all appends: one batch of magic 2, uncompressed, which stays as it is
//! (`LogValidator.assignOffsetsNonCompressed`). One walk over the heads of its records.

use super::batches::{AppendedBatches, BatchView};
use super::checks::{check_batch, check_record};
use super::refuse::{Refusals, broken_record, corrupt, invalid};
use super::{Validated, ValidationParams, stamp};
use crate::format::batch::{NO_TIMESTAMP, RECORD_BATCH_OVERHEAD};
use crate::format::record::Records;
use crate::log::error::AppendError;

pub(super) fn validate(records: &mut [u8], params: &ValidationParams) -> Result<Validated, AppendError> {
    let (first, more) = AppendedBatches::first(records)?;
    if more {
        return Err(invalid("more than one batch in an append of magic 2"));
    }
    check_batch(params, first.magic(), &first)?;
    let BatchView::Default(batch) = first else {
        return Err(corrupt("magic of a batch: expected 2, found an older one"));
    };
    let header = batch.header();
    let timestamp_type = header.attributes().timestamp_type();
    let mut max_timestamp = NO_TIMESTAMP;
    let mut count = 0;
    if header.record_count() != 0 {
        let mut refused = Refusals::default();
        let records = Records::new(&header, batch.stored_records(), RECORD_BATCH_OVERHEAD);
        for record in records.map_err(|error| broken_record(0, error))? {
            let record = record.map_err(|error| broken_record(count, error))?;
            if let Some(refusal) = check_record(params, timestamp_type, record.key.is_some(), record.timestamp) {
                refused.push(count, refusal);
            }
            max_timestamp = max_timestamp.max(record.timestamp);
            count += 1;
        }
        refused.finish()?;
    }
    stamp(records, params, header_count(count), max_timestamp)
}

/// As many as the header counts, which is an int32.
pub(super) fn header_count(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
