//! Header fields of a batch whose checksum holds: do they make sense together?
//!
//! A field is damage only where readers fail over it. Brokers and consumers do not compare the record count with the offset
//! range, and look at no sequence number or producer epoch on reading: what is odd there is a remark.

use super::{BatchSummary, Problem};
use crate::audit::code::Code;
use crate::format::batch::RECORD_BATCH_OVERHEAD;

/// Smallest record of magic 2 in bytes: each of its seven fields takes one.
const RECORD_LEN_MIN: i64 = 7;

/// Bits of the attributes that no version uses.
const UNUSED_ATTRIBUTES: i16 = !0x7f;

/// Adds what is wrong to the batch.
#[inline]
pub(super) fn check(batch: &mut BatchSummary) {
    if batch.magic < 2 { check_legacy(batch) } else { check_default(batch) }
}

fn check_default(batch: &mut BatchSummary) {
    let attributes = batch.attributes;
    let (count, delta) = (i64::from(batch.record_count), batch.delta());
    let stored = i64::from(batch.size) - RECORD_BATCH_OVERHEAD as i64;
    // One look at the usual batch: nothing of it is wrong.
    let is_usual = batch.magic == 2
        && attributes.0 & !0x1f == 0
        && attributes.codec_id() <= 4
        && (1..=delta + 1).contains(&count)
        && batch.first_offset >= 0
        && (attributes.codec_id() != 0 || count * RECORD_LEN_MIN <= stored)
        && (batch.producer_id >= 0 && batch.producer_epoch >= 0 && batch.base_sequence >= 0
            // Coordinators leave the sequence at 0 where nothing counts it.
            || batch.producer_id == -1 && !attributes.is_transactional());
    if !is_usual {
        check_closely(batch, count, delta, stored);
    }
}

#[cold]
fn check_closely(batch: &mut BatchSummary, count: i64, delta: i64, stored: i64) {
    let attributes = batch.attributes;
    let mut lose = |expected: String, found: i64| {
        let problem = Problem { code: Code::BatchHeader, is_loss: true, expected, found: found.to_string() };
        batch.complain(problem);
    };
    if delta < 0 {
        lose("a last offset delta of 0 or more".into(), delta);
    }
    if count < 0 {
        lose("a record count of 0 or more".into(), count);
    }
    if attributes.codec_id() > 4 {
        lose("a codec of 0 to 4".into(), attributes.codec_id().into());
    }
    if attributes.codec_id() == 0 && count.saturating_mul(RECORD_LEN_MIN) > stored {
        lose(format!("room for {count} records"), stored);
    }
    let mut odd = |expected: &str, found: i64| batch.complain(Problem::odd(Code::BatchHeader, expected, found));
    if count > delta.saturating_add(1) && delta >= 0 {
        odd("no more records than offsets", count);
    }
    if count == 0 && stored > 0 {
        odd("no bytes after the header of a batch without records", stored);
    }
    let (id, epoch, sequence) = (batch.producer_id, batch.producer_epoch, batch.base_sequence);
    let mut odd = |expected: &str, found: i64| batch.complain(Problem::odd(Code::BatchHeader, expected, found));
    if id < -1 {
        odd("a producer id of -1 or more", id);
    } else if id == -1 && attributes.is_transactional() {
        odd("a producer id in a transactional batch", id);
    } else if id >= 0 {
        if epoch < 0 {
            odd("a producer epoch of 0 or more", epoch.into());
        }
        if sequence < 0 && !attributes.is_control() || sequence < -1 {
            odd("a base sequence of 0 or more beside a producer id", sequence.into());
        }
    }
    if attributes.is_control() && attributes.codec_id() != 0 && id >= 0 {
        odd("a transaction marker without a codec", attributes.codec_id().into());
    }
    if attributes.0 & UNUSED_ATTRIBUTES != 0 {
        let found = format!("{:#x}", attributes.0 & UNUSED_ATTRIBUTES);
        batch.complain(Problem::odd(Code::BatchHeader, "unused attribute bits of 0", found));
    }
    if attributes.has_delete_horizon() && batch.base_timestamp <= batch.max_timestamp && !attributes.is_control() {
        let expected = format!("a delete horizon later than the newest record, {}", batch.max_timestamp);
        batch.complain(Problem::odd(Code::BatchHeader, expected, batch.base_timestamp));
    }
}

fn check_legacy(batch: &mut BatchSummary) {
    let codec = batch.attributes.codec_id();
    if codec > 3 {
        let (expected, found) = ("a codec of 0 to 3 in magic 0 and 1".into(), codec.to_string());
        batch.complain(Problem { code: Code::BatchHeader, is_loss: true, expected, found });
    }
    if batch.magic == 0 && batch.attributes.0 & 0x08 != 0 {
        batch.complain(Problem::odd(Code::BatchHeader, "no timestamp type in magic 0", "log append time"));
    }
}
