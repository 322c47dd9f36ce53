//! What a batch and each of its records must be (`LogValidator.validateBatch`, `validateRecord`).

use super::ValidationParams;
use super::batches::BatchView;
use super::refuse::{Refusal, invalid};
use crate::format::batch::{BatchHeader, NO_PRODUCER_ID, NO_TIMESTAMP, TimestampType};
use crate::log::error::Refused;
use crate::log::types::AppendOrigin;

/// Checks a batch: all of one call have one magic, and a client's are as its protocol demands.
#[inline]
pub(super) fn check_batch(params: &ValidationParams, first_magic: i8, batch: &BatchView<'_>) -> Result<(), Refused> {
    if batch.magic() != first_magic {
        return Err(invalid(format!(
            "magic of a batch: expected {first_magic} as of the first, found {}",
            batch.magic()
        )));
    }
    match batch {
        BatchView::Default(batch) if params.origin == AppendOrigin::Client => check_client_batch(batch.header()),
        // Versions 0 and 1 know of no count, producer or control record.
        _ => Ok(()),
    }
}

#[inline]
fn check_client_batch(header: BatchHeader<'_>) -> Result<(), Refused> {
    let delta = i64::from(header.last_offset_delta());
    let count = header.record_count();
    let attributes = header.attributes();
    // Kafka computes last - base + 1 with longs that wrap around, so the base does not matter.
    if delta < 0 {
        return Err(invalid(format!("last offset delta of a batch: expected at least 0, found {delta}")));
    }
    if count <= 0 {
        return Err(invalid(format!("record count of a batch: expected at least 1, found {count}")));
    }
    if delta + 1 != i64::from(count) {
        return Err(invalid(format!("record count of a batch: expected {}, found {count}", delta + 1)));
    }
    if attributes.is_control() {
        return Err(invalid("a client may not write control records"));
    }
    if header.producer_id() > NO_PRODUCER_ID && header.base_sequence() < 0 {
        let found = header.base_sequence();
        return Err(invalid(format!("base sequence of a batch with a producer: expected at least 0, found {found}")));
    }
    Ok(())
}

/// Checks what a record has to say on a topic: a key, and a timestamp in range. The timestamp type is the batch's.
#[inline(always)]
pub(super) fn check_record(
    params: &ValidationParams,
    timestamp_type: TimestampType,
    has_key: bool,
    timestamp: i64,
) -> Option<Refusal> {
    if params.compact && !has_key {
        return Some(Refusal::NoKey);
    }
    check_timestamp(params, timestamp_type, timestamp)
}

#[inline(always)]
pub(super) fn check_timestamp(
    params: &ValidationParams,
    timestamp_type: TimestampType,
    timestamp: i64,
) -> Option<Refusal> {
    if params.timestamp_type == TimestampType::CreateTime && timestamp != NO_TIMESTAMP {
        let age = params.now_ms.wrapping_sub(timestamp);
        if age > params.timestamp_before_max_ms || age.wrapping_neg() > params.timestamp_after_max_ms {
            let min = params.now_ms.wrapping_sub(params.timestamp_before_max_ms);
            let max = params.now_ms.wrapping_add(params.timestamp_after_max_ms);
            return Some(Refusal::OutOfRange { timestamp, min, max });
        }
    } else if timestamp_type == TimestampType::LogAppendTime {
        return Some(Refusal::LogAppendTime);
    }
    None
}
