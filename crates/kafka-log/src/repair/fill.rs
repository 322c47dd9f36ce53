//! Batches that are put into holes: markers of transactions, and an empty batch that keeps the end of the log where it was.

use super::survivor::{Kind, Survivor};
use super::transactions::LostMarker;
use crate::compression::Compressor;
use crate::format::FormatError;
use crate::format::batch::{NO_SEQUENCE, NO_TIMESTAMP};
use crate::format::builder::{BatchFields, RecordBatchBuilder};
use crate::format::control::{ControlRecordType, EndTransactionMarker};

/// A batch of our own, and its bytes.
pub(super) type Made = (Survivor, Vec<u8>);

/// The batch of a marker (`MemoryRecords.withEndTransactionMarker`).
pub(super) fn marker(lost: &LostMarker) -> Result<Made, FormatError> {
    let fields = BatchFields {
        base_offset: lost.offset,
        partition_leader_epoch: lost.leader_epoch,
        is_transactional: true,
        is_control: true,
        producer_id: lost.producer_id,
        producer_epoch: lost.producer_epoch,
        ..BatchFields::default()
    };
    let kind = if lost.is_commit { ControlRecordType::Commit } else { ControlRecordType::Abort };
    let value = EndTransactionMarker { coordinator_epoch: lost.coordinator_epoch }.to_bytes();
    let mut builder = RecordBatchBuilder::new(fields);
    builder.append(lost.offset, lost.timestamp.max(0), Some(&kind.key()), Some(&value), &[])?;
    let kind = Kind::Marker { is_commit: lost.is_commit, coordinator_epoch: lost.coordinator_epoch };
    finish(builder, fields, lost.offset, lost.timestamp.max(0), kind)
}

/// A batch without records that covers offsets `first` to `last`, as the cleaner leaves one
/// (`DefaultRecordBatch.writeEmptyHeader`).
pub(super) fn empty(first: i64, last: i64, leader_epoch: i32) -> Result<Made, FormatError> {
    let fields = BatchFields {
        base_offset: first,
        last_offset: Some(last),
        partition_leader_epoch: leader_epoch,
        max_timestamp: Some(NO_TIMESTAMP),
        ..BatchFields::default()
    };
    finish(RecordBatchBuilder::new(fields), fields, last, NO_TIMESTAMP, Kind::Plain)
}

fn finish(
    builder: RecordBatchBuilder,
    fields: BatchFields,
    last_offset: i64,
    max_timestamp: i64,
    kind: Kind,
) -> Result<Made, FormatError> {
    let mut builder = builder;
    let mut bytes = Vec::new();
    builder.finish(&mut Compressor::new(), &mut bytes)?;
    let survivor = Survivor {
        position: 0,
        size: bytes.len() as u32,
        magic: 2,
        first_offset: fields.base_offset,
        last_offset,
        leader_epoch: fields.partition_leader_epoch,
        max_timestamp,
        producer_id: fields.producer_id,
        producer_epoch: fields.producer_epoch,
        base_sequence: NO_SEQUENCE,
        kind,
        crc: 0,
        origin: None,
        restored: None,
        follows_loss: false,
        is_misplaced: false,
    };
    Ok((survivor, bytes))
}
