//! Header fields of a batch whose checksum holds: do they make sense together?

use super::seen::{Problem, Seen};
use crate::format::batch::RECORD_BATCH_OVERHEAD;
use crate::verify::code::Code;

/// Smallest record of magic 2 in bytes: each of its seven fields takes one.
const RECORD_LEN_MIN: i64 = 7;

/// Bits of the attributes that no version uses.
const UNUSED_ATTRIBUTES: i16 = !0x7f;

/// Adds what is wrong to the batch.
#[inline]
pub(super) fn check(seen: &mut Seen) {
    if seen.magic < 2 { check_legacy(seen) } else { check_default(seen) }
}

fn check_default(seen: &mut Seen) {
    let attributes = seen.attributes;
    let (count, delta) = (i64::from(seen.record_count), seen.delta());
    let stored = i64::from(seen.size) - RECORD_BATCH_OVERHEAD as i64;
    // One look at the usual batch: nothing of it is wrong.
    let is_usual = attributes.0 & !0x1f == 0
        && attributes.codec_id() <= 4
        && (1..=delta + 1).contains(&count)
        && seen.first_offset >= 0
        && (attributes.codec_id() != 0 || count * RECORD_LEN_MIN <= stored)
        && (seen.producer_id >= 0 && seen.producer_epoch >= 0 && seen.base_sequence >= 0
            // Coordinators leave the sequence at 0 where nobody counts.
            || seen.producer_id == -1 && !attributes.is_transactional());
    if is_usual {
        return;
    }
    let mut bad = |expected: String, found: String| {
        seen.complain(Problem { code: Code::BatchHeader, is_loss: true, expected, found });
    };
    if delta < 0 {
        bad("a last offset delta of 0 or more".into(), delta.to_string());
    }
    if count < 0 || count > delta.saturating_add(1) {
        bad(format!("a record count of 0 to {}, one for each offset", delta.saturating_add(1)), count.to_string());
    }
    if count == 0 && stored > 0 {
        bad("no bytes behind the header of a batch without records".into(), stored.to_string());
    }
    if attributes.codec_id() == 0 && count.saturating_mul(RECORD_LEN_MIN) > stored {
        bad(format!("room for {count} records"), format!("{stored} bytes"));
    }
    if attributes.codec_id() > 4 {
        bad("a codec of 0 to 4".into(), attributes.codec_id().to_string());
    }
    let (id, epoch, sequence) = (seen.producer_id, seen.producer_epoch, seen.base_sequence);
    let mut bad_producer =
        |expected: &str, found: String| seen.complain(problem(Code::BatchHeader, expected.into(), found));
    if id < -1 {
        bad_producer("a producer id of -1 or more", id.to_string());
    } else if id == -1 && attributes.is_transactional() {
        bad_producer("a producer id in a transactional batch", "-1".into());
    } else if id >= 0 {
        if epoch < 0 {
            bad_producer("a producer epoch of 0 or more", epoch.to_string());
        }
        if sequence < 0 && !attributes.is_control() || sequence < -1 {
            bad_producer("a base sequence of 0 or more beside a producer id", sequence.to_string());
        }
    }
    if attributes.is_control() && attributes.codec_id() != 0 && seen.producer_id >= 0 {
        let found = attributes.codec_id().to_string();
        seen.complain(problem(Code::ControlRecord, "a transaction marker without a codec".into(), found));
    }
    if attributes.0 & UNUSED_ATTRIBUTES != 0 {
        seen.complain(odd("unused attribute bits of 0".into(), format!("{:#x}", attributes.0 & UNUSED_ATTRIBUTES)));
    }
    if attributes.has_delete_horizon() && seen.base_timestamp <= seen.max_timestamp && !attributes.is_control() {
        let expected = format!("a delete horizon later than the newest record, {}", seen.max_timestamp);
        seen.complain(odd(expected, seen.base_timestamp.to_string()));
    }
}

fn check_legacy(seen: &mut Seen) {
    let attributes = seen.attributes.0;
    let codec = seen.attributes.codec_id();
    if codec > 3 {
        seen.complain(problem(Code::BatchHeader, "a codec of 0 to 3 in magic 0 and 1".into(), codec.to_string()));
    }
    if seen.magic == 0 && attributes & 0x08 != 0 {
        seen.complain(odd("no timestamp type in magic 0".into(), "log append time".into()));
    }
}

fn problem(code: Code, expected: String, found: String) -> Problem {
    Problem { code, is_loss: true, expected, found }
}

/// Nothing is lost by it.
fn odd(expected: String, found: String) -> Problem {
    Problem { code: Code::BatchHeader, is_loss: false, expected, found }
}
