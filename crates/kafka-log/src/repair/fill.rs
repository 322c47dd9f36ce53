//! Batches that are put into holes: markers of transactions, and empty batches for the rest, as the cleaner leaves them.
//!
//! Offsets then follow each other without a gap, as they do in a log that was never compacted, and none that was handed
//! out is used again.

use super::segment::SegmentState;
use super::survivor::{Kind, Survivor};
use super::transactions::{Hole, LostMarker};
use crate::compression::Compressor;
use crate::format::FormatError;
use crate::format::batch::{NO_PARTITION_LEADER_EPOCH, NO_SEQUENCE, NO_TIMESTAMP};
use crate::format::builder::{BatchFields, RecordBatchBuilder};
use crate::format::control::{ControlRecordType, EndTransactionMarker};
use crate::format::leader_epoch_checkpoint::EpochEntry;

/// A batch of our own, and its bytes.
pub(super) type Made = (Survivor, Vec<u8>);

/// Leader epochs, and where they are from.
#[derive(Clone, Copy)]
pub(super) enum Epochs<'a> {
    /// From the epoch file, which agrees with the batches: it tells the epoch of any offset.
    Filed(&'a [EpochEntry]),
    /// Made from the batches.
    OfBatches(&'a [EpochEntry]),
}

/// What is put into the holes, with the place of its segment.
///
/// # Errors
/// None that a marker or an empty batch can run into.
pub(super) fn fill(
    segments: &[SegmentState],
    holes: &[Hole],
    markers: &[LostMarker],
    epochs: Epochs<'_>,
    notes: &mut Vec<String>,
) -> Result<Vec<(usize, Made)>, FormatError> {
    let mut made = Vec::new();
    let filed = |offset: i64| match epochs {
        Epochs::Filed(epochs) => epochs.iter().take_while(|entry| entry.start_offset <= offset).last().map(|e| e.epoch),
        Epochs::OfBatches(_) => None,
    };
    let has_epochs = match epochs {
        Epochs::Filed(epochs) | Epochs::OfBatches(epochs) => !epochs.is_empty(),
    };
    for hole in holes {
        let at = segments.partition_point(|segment| segment.base_offset <= hole.first).saturating_sub(1);
        let Some(segment) = segments.get(at) else { continue };
        let before = segment.survivors.iter().filter(|batch| !batch.is_misplaced && batch.last_offset < hole.first);
        let before = before.max_by_key(|batch| batch.last_offset);
        let last_epoch = segments[..at].iter().rev().map(|segment| segment.last_epoch).find(|&epoch| epoch >= 0);
        let epoch_before = match before.map(|batch| batch.leader_epoch).or(last_epoch) {
            Some(epoch) => epoch,
            // In front of all epochs that the file knows there is none.
            None if !has_epochs => segment.last_epoch,
            None => NO_PARTITION_LEADER_EPOCH,
        };
        let timestamp = before.map_or(NO_TIMESTAMP, |batch| batch.max_timestamp);
        let mut put_empty = |first: i64, last: i64| {
            // What is too far away for a segment stays a gap, which is as legal.
            let fits = first <= last && last - segment.base_offset <= i64::from(i32::MAX);
            if fits {
                made.push((at, empty(first, last, filed(first).unwrap_or(epoch_before), timestamp)?));
            }
            Ok::<(), FormatError>(())
        };
        let mut next = hole.first;
        let mut mine: Vec<&LostMarker> = Vec::new();
        for lost in markers.iter().filter(|lost| (hole.first..=hole.last).contains(&lost.offset)) {
            put_empty(next, lost.offset - 1)?;
            next = lost.offset + 1;
            mine.push(lost);
        }
        put_empty(next, hole.last)?;
        for lost in mine {
            let kind = if lost.is_commit { "commit" } else { "abort" };
            notes.push(format!(
                "the {kind} marker of producer {} is put back at offset {}: {}",
                lost.producer_id, lost.offset, lost.proof
            ));
            let leader_epoch = filed(lost.offset).unwrap_or(lost.leader_epoch);
            made.push((at, marker(&LostMarker { leader_epoch, ..*lost })?));
        }
    }
    Ok(made)
}

/// The batch of a marker (`MemoryRecords.withEndTransactionMarker`).
fn marker(lost: &LostMarker) -> Result<Made, FormatError> {
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
fn empty(first: i64, last: i64, leader_epoch: i32, max_timestamp: i64) -> Result<Made, FormatError> {
    let fields = BatchFields {
        base_offset: first,
        last_offset: Some(last),
        partition_leader_epoch: leader_epoch,
        base_timestamp: Some(max_timestamp),
        max_timestamp: Some(max_timestamp),
        ..BatchFields::default()
    };
    finish(RecordBatchBuilder::new(fields), fields, last, max_timestamp, Kind::Plain)
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
        base_timestamp: max_timestamp,
        max_timestamp,
        producer_id: fields.producer_id,
        producer_epoch: fields.producer_epoch,
        base_sequence: NO_SEQUENCE,
        kind,
        is_thinned: false,
        crc: 0,
        batches: 1,
        has_gaps: false,
        origin: None,
        restored: None,
        follows_loss: false,
        is_misplaced: false,
    };
    Ok((survivor, bytes))
}
