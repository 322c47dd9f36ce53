//! Thins out an uncompressed batch without encoding its records again.

use super::error::FilterError;
use crate::compression::Compressor;
use crate::format::batch::{
    ATTRIBUTES, CRC, LENGTH, LOG_OVERHEAD, MAX_TIMESTAMP, NO_TIMESTAMP, RECORD_BATCH_OVERHEAD, RECORD_COUNT,
    RecordBatch, TimestampType,
};
use crate::format::builder::{BatchFields, RecordBatchBuilder};
use crate::format::checksum::crc32c;
use crate::format::record::{Record, Records};
use crate::format::varint::{varint_len, varlong_len, write_varint, write_varlong};

/// Appends a batch with those records of `batch` for which `keeps` says so, as [`RecordBatchBuilder`] would write it. Bytes
/// of neighbours are copied in one piece; where the timestamps count from another one now, all but that field is.
///
/// `None`, and nothing appended, where a record is not encoded as Kafka encodes it, or the batch has another shape than is
/// dealt with here.
pub(crate) fn copy_records(
    batch: &RecordBatch<'_>,
    mut records: Records<'_>,
    keeps: impl Iterator<Item = bool>,
    fields: &BatchFields,
    (builder, compressor): (&mut RecordBatchBuilder, &mut Compressor),
    out: &mut Vec<u8>,
) -> Result<Option<()>, FilterError> {
    if fields.timestamp_type != TimestampType::CreateTime || fields.last_offset.is_none() {
        return Ok(None);
    }
    let start = out.len();
    let source = batch.as_bytes();
    let old_base = batch.header().base_timestamp();
    let mut new_base = fields.delete_horizon_ms;
    let (mut count, mut max_timestamp, mut last_offset) = (0_i32, NO_TIMESTAMP, None);
    // Bytes that are copied as they are, once they end.
    let mut run = 0..0;
    for keep in keeps {
        let at = records.position() as usize;
        let Some(record) = records.next() else { break };
        if !keep {
            continue;
        }
        let record = record?;
        let end = records.position() as usize;
        let offset_delta = record.offset.wrapping_sub(fields.base_offset);
        let is_fine =
            last_offset.is_none_or(|last| record.offset > last) && (0..=i64::from(i32::MAX)).contains(&offset_delta);
        let tail = tail_len(&record, offset_delta as i32);
        let old_delta = record.timestamp.wrapping_sub(old_base);
        let length = 1 + varlong_len(old_delta) + tail;
        // Anything else is for the builder, which knows how to refuse it.
        if !is_fine
            || record.timestamp < NO_TIMESTAMP
            || record.attributes != 0
            || end - at != varint_len(length as i32) + length
        {
            out.truncate(start);
            return Ok(None);
        }
        let base = match new_base {
            Some(base) => base,
            None => *new_base.insert(record.timestamp),
        };
        if count == 0 {
            builder.reset(BatchFields { base_timestamp: Some(base), ..*fields });
            builder.finish(compressor, out)?;
        }
        count += 1;
        max_timestamp = max_timestamp.max(record.timestamp);
        last_offset = Some(record.offset);
        if base == old_base {
            if run.end != at {
                out.extend_from_slice(&source[run]);
                run = at..end;
            }
            run.end = end;
        } else {
            let new_delta = record.timestamp.wrapping_sub(base);
            write_varint(out, (1 + varlong_len(new_delta) + tail) as i32);
            out.push(0);
            write_varlong(out, new_delta);
            out.extend_from_slice(&source[end - tail..end]);
        }
    }
    out.extend_from_slice(&source[run]);
    let new = &mut out[start..];
    let Ok(length) = i32::try_from(new.len().saturating_sub(LOG_OVERHEAD)) else {
        out.truncate(start);
        return Ok(None);
    };
    if new.len() < RECORD_BATCH_OVERHEAD {
        return Ok(None);
    }
    new[LENGTH..LENGTH + 4].copy_from_slice(&length.to_be_bytes());
    new[MAX_TIMESTAMP..MAX_TIMESTAMP + 8].copy_from_slice(&max_timestamp.to_be_bytes());
    new[RECORD_COUNT..RECORD_COUNT + 4].copy_from_slice(&count.to_be_bytes());
    let crc = crc32c(&new[ATTRIBUTES..]);
    new[CRC..CRC + 4].copy_from_slice(&crc.to_be_bytes());
    Ok(Some(()))
}

/// Bytes from the offset delta to the end of a record that is encoded as short as possible.
fn tail_len(record: &Record<'_>, offset_delta: i32) -> usize {
    let bytes_len = |bytes: Option<&[u8]>| bytes.map_or(1, |b| varint_len(b.len() as i32) + b.len());
    let headers = record.headers;
    let headers_len: usize = headers.map(|h| bytes_len(Some(h.key)) + bytes_len(h.value)).sum();
    varint_len(offset_delta)
        + bytes_len(record.key)
        + bytes_len(record.value)
        + varint_len(record.headers.len() as i32)
        + headers_len
}
