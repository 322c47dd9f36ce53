//! A batch that is written again with the first of its records, because the others cannot be read or belong to a newer leader
//! epoch.

use std::path::Path;

use crate::audit::batch::{BatchSummary, Partial};
use crate::compression::{Compressor, DECOMPRESSED_MAX, Decompressor};
use crate::format::FormatError;
use crate::format::batch::{HEADER_SIZE_UP_TO_MAGIC, RecordBatch};
use crate::format::builder::{BatchFields, RecordBatchBuilder};
use crate::format::record::Records;
use crate::fs::ReadAt;
use crate::segment::error::StorageError;

/// The bytes of a batch with the records that are kept of it; `None` where not even those can be written again. It keeps
/// its offsets, so that the gap at its end is like one that compaction leaves.
///
/// # Errors
/// I/O errors.
pub(super) fn rebuild<R: ReadAt + ?Sized>(
    file: &R,
    path: &Path,
    batch: &BatchSummary,
    partial: Partial,
) -> Result<Option<Vec<u8>>, StorageError> {
    let mut bytes = vec![0; batch.size as usize];
    let got = file.read_full_at(&mut bytes, batch.position).map_err(StorageError::io("read", path))?;
    bytes.truncate(got);
    if let (Some(head), Some(front)) = (batch.restored(), bytes.get_mut(..HEADER_SIZE_UP_TO_MAGIC)) {
        front.copy_from_slice(head);
    }
    Ok(with_first_records(&bytes, batch, partial).ok().flatten())
}

fn with_first_records(bytes: &[u8], batch: &BatchSummary, partial: Partial) -> Result<Option<Vec<u8>>, FormatError> {
    let source = RecordBatch::parse(bytes)?;
    let header = source.header();
    let attributes = header.attributes();
    let mut builder = RecordBatchBuilder::new(BatchFields {
        base_offset: header.base_offset(),
        partition_leader_epoch: batch.leader_epoch,
        codec: attributes.codec()?,
        timestamp_type: attributes.timestamp_type(),
        is_transactional: attributes.is_transactional(),
        is_control: attributes.is_control(),
        delete_horizon_ms: header.delete_horizon_ms(),
        producer_id: header.producer_id(),
        producer_epoch: header.producer_epoch(),
        base_sequence: header.base_sequence(),
        base_timestamp: header.delete_horizon_ms().is_none().then(|| header.base_timestamp()),
        max_timestamp: Some(header.max_timestamp()),
        last_offset: Some(batch.last_offset),
        ..BatchFields::default()
    });
    let mut decompressor = Decompressor::new(DECOMPRESSED_MAX);
    let mut kept = 0;
    let is_whole = match source.records(&mut decompressor) {
        Ok(records) => {
            kept = append(&mut builder, records, partial)?;
            true
        }
        Err(_) => false,
    };
    if !is_whole {
        kept = append(&mut builder, Records::new(&header, decompressor.delivered(), 0)?, partial)?;
    }
    if kept == 0 {
        return Ok(None);
    }
    let mut out = Vec::new();
    builder.finish(&mut Compressor::new(), &mut out)?;
    Ok(Some(out))
}

fn append(builder: &mut RecordBatchBuilder, records: Records<'_>, partial: Partial) -> Result<u64, FormatError> {
    let mut kept = 0;
    for record in records.with_stored_timestamps().map_while(Result::ok) {
        if record.offset > partial.last_kept {
            break;
        }
        builder.append_record(&record)?;
        kept += 1;
    }
    Ok(kept)
}
