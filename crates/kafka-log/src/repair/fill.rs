//! Batches that are put into holes: markers of transactions, and empty batches for the rest, as the cleaner leaves them.
//!
//! Offsets then follow each other without a gap, as they do in a log that was never compacted, and none that was handed
//! out is used again.

use crate::audit::batch::BatchSummary;
use crate::audit::partition::evidence::SegmentEvidence;
use crate::audit::partition::transactions::{Hole, LostMarker};
use crate::compression::Compressor;
use crate::format::FormatError;
use crate::format::batch::{BatchHeader, NO_TIMESTAMP};
use crate::format::builder::{BatchFields, RecordBatchBuilder};
use crate::format::control::{ControlRecordType, EndTransactionMarker};
use crate::format::leader_epoch_checkpoint::EpochEntry;

/// A batch of our own, and its bytes.
pub(super) type Made = (BatchSummary, Vec<u8>);

/// The epoch of what is put in before every batch that has one.
const FIRST_LEADER_EPOCH: i32 = 0;

/// The entries of the epoch file.
#[derive(Clone, Copy)]
pub(super) enum Epochs<'a> {
    /// They agree with the batches, and tell the epoch of any offset.
    Right(&'a [EpochEntry]),
    /// They do not. They tell the epoch of an offset where the batches around it leave it open.
    Wrong(&'a [EpochEntry]),
}

/// What is put into the holes, with the place of its segment. `epochs` are the entries of the epoch file.
///
/// # Errors
/// None that a marker or an empty batch can run into.
pub(super) fn fill(
    segments: &[SegmentEvidence],
    holes: &[Hole],
    markers: &[LostMarker],
    epochs: Epochs<'_>,
    notes: &mut Vec<String>,
) -> Result<Vec<(usize, Made)>, FormatError> {
    let mut made = Vec::new();
    let (Epochs::Right(entries) | Epochs::Wrong(entries)) = epochs;
    let filed = |offset: i64| entries.iter().take_while(|entry| entry.start_offset <= offset).last().map(|e| e.epoch);
    for hole in holes {
        let at = segments.partition_point(|segment| segment.base_offset <= hole.first).saturating_sub(1);
        let Some(segment) = segments.get(at) else { continue };
        let all_before = || segment.batches.iter().filter(|batch| batch.last_offset < hole.first);
        let known = all_before().filter(|batch| batch.leader_epoch >= 0).max_by_key(|batch| batch.last_offset);
        let earlier = || segments[..at].iter().rev().map(SegmentEvidence::last_epoch).find(|&epoch| epoch >= 0);
        // A replica refuses a batch of magic 2 without an epoch (`LeaderEpochFileCache.assign`).
        let epoch_before = known.map(|batch| batch.leader_epoch).or_else(earlier).unwrap_or(FIRST_LEADER_EPOCH);
        let after = segments[at..].iter().flat_map(|segment| &segment.batches);
        let after = after.filter(|batch| batch.first_offset > hole.last && batch.leader_epoch >= 0);
        let epoch_after = after.map(|batch| batch.leader_epoch).next();
        let is_possible = |epoch: &i32| match epochs {
            Epochs::Right(_) => true,
            Epochs::Wrong(_) => *epoch >= epoch_before && epoch_after.is_none_or(|after| *epoch <= after),
        };
        let filed = |offset: i64| filed(offset).filter(is_possible);
        // Of a stretch that is kept as one only the largest timestamp is known.
        let timestamp = all_before().map(|batch| batch.max_timestamp).max().unwrap_or(NO_TIMESTAMP);
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
            let leader_epoch = filed(lost.offset).unwrap_or(lost.leader_epoch.max(epoch_before));
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
    finish(builder)
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
    finish(RecordBatchBuilder::new(fields))
}

fn finish(mut builder: RecordBatchBuilder) -> Result<Made, FormatError> {
    let mut bytes = Vec::new();
    builder.finish(&mut Compressor::new(), &mut bytes)?;
    let (header, _) = BatchHeader::split_first(&bytes)?;
    Ok((BatchSummary::of_default(0, bytes.len(), &header), bytes))
}
