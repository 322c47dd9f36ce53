//! What the records of an uncompressed batch say about themselves, without what is in them: the one walk that nearly every
//! append takes.

use super::refuse::{broken_record, invalid};
use crate::format::batch::{RECORD_BATCH_OVERHEAD, RecordBatch};
use crate::format::record::Records;
use crate::format::varint::{read_varint, read_varlong};
use crate::log::error::Refused;

/// The head of a record.
#[derive(Clone, Copy)]
pub(super) struct Head {
    /// Timestamp in ms, relative to the base timestamp.
    pub(super) timestamp_delta: i64,
    pub(super) has_key: bool,
}

/// Reads the record at `*at` and moves `*at` after it. `None` for what `DefaultRecord.readFrom` refuses.
#[inline(always)]
pub(super) fn read_head(bytes: &[u8], at: &mut usize) -> Option<Head> {
    let mut next = *at;
    let length = read_varint(bytes, &mut next, "record length").ok()?;
    let end = next.checked_add(usize::try_from(length).ok()?)?;
    let body = bytes.get(..end)?;
    // The attributes, which are not used.
    next += 1;
    let timestamp_delta = read_varlong(body, &mut next, "timestamp delta").ok()?;
    read_varint(body, &mut next, "offset delta").ok()?;
    let has_key = skip(body, &mut next)?;
    skip(body, &mut next)?;
    if body.get(next) == Some(&0) {
        next += 1;
    } else {
        skip_headers(body, &mut next)?;
    }
    *at = end;
    (next == end).then_some(Head { timestamp_delta, has_key })
}

/// Skips bytes with their length before them, and says whether they are not null.
#[inline(always)]
fn skip(body: &[u8], at: &mut usize) -> Option<bool> {
    let length = read_varint(body, at, "length").ok()?;
    *at += usize::try_from(length).unwrap_or(0);
    (*at <= body.len()).then_some(length >= 0)
}

#[inline(never)]
fn skip_headers(body: &[u8], at: &mut usize) -> Option<()> {
    let count = read_varint(body, at, "header count").ok()?;
    if count < 0 {
        return None;
    }
    for _ in 0..count {
        if !skip(body, at)? {
            return None;
        }
        skip(body, at)?;
    }
    Some(())
}

/// Says what is wrong with the records of a batch, once something is.
#[cold]
pub(super) fn first_error(batch: &RecordBatch<'_>) -> Refused {
    let records = match Records::new(&batch.header(), batch.stored_records(), RECORD_BATCH_OVERHEAD) {
        Ok(records) => records,
        Err(error) => return broken_record(0, error),
    };
    let broken = records.enumerate().find_map(|(index, record)| record.err().map(|error| broken_record(index, error)));
    broken.unwrap_or_else(|| invalid("the records of a batch do not fill it"))
}
