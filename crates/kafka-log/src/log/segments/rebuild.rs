//! Producer state from a snapshot and the batches after it (`UnifiedLog.rebuildProducerState`).

use super::list::Segments;
use crate::fs::Fs;
use crate::log::error::LogError;
use crate::log::producers::{AppendTerms, EndTransaction, ProducerAppends, ProducerStateManager};
use crate::segment::batch::{Batch, RawBatch};

use crate::segment::log_segment::{BatchWalk, Home, LogSegment, broken_walk};

/// Brings `producers` to the state at `last_offset`, and takes snapshots where the next rebuilding will look for them: at
/// the bases of the last two segments and at the end.
///
/// After a clean shutdown without any snapshot nothing is read: empty snapshots are taken instead, as Kafka does for logs
/// from before there were any.
pub(in crate::log) fn rebuild_producer_state<F: Fs>(
    producers: &mut ProducerStateManager,
    home: &Home<F>,
    segments: &Segments<F>,
    log_start_offset: i64,
    last_offset: i64,
    after_clean_shutdown: bool,
    now_ms: i64,
) -> Result<(), LogError> {
    let last_base = segments.last().map(|segment| segment.base_offset());
    let before = last_base.and_then(|base| segments.lower(base)).map(|segment| segment.base_offset());
    let to_snapshot = [before, last_base, Some(last_offset)];
    let (fs, dir) = (home.fs(), home.dir());
    if producers.latest_snapshot_offset().is_none() && after_clean_shutdown {
        for offset in to_snapshot.into_iter().flatten() {
            producers.update_map_end_offset(offset);
            producers.take_snapshot(fs, &dir, true)?;
        }
        return Ok(());
    }
    let was_empty = producers.is_empty() && producers.map_end_offset() >= last_offset;
    producers.truncate_and_reload(fs, &dir, log_start_offset, last_offset, now_ms)?;
    if last_offset > producers.map_end_offset() && !was_empty {
        let last_segment = segments.floor(last_offset).map(|segment| segment.base_offset());
        for segment in segments.range(producers.map_end_offset(), last_offset) {
            let start = segment.base_offset().max(producers.map_end_offset()).max(log_start_offset);
            producers.update_map_end_offset(start);
            if to_snapshot.contains(&Some(segment.base_offset())) {
                producers.take_snapshot(fs, &dir, true)?;
            }
            let mut end = segment.size();
            if last_segment == Some(segment.base_offset()) {
                end = segment.translate_offset(home, last_offset)?.map_or(end, |found| found.batch.position);
            }
            if let Some(from) = segment.translate_offset(home, start)? {
                replay(producers, home, segment, from.batch.position, end)?;
            }
            if last_base != Some(segment.base_offset()) {
                // There may be more segments than files that a process may have open.
                segment.release_idle(home)?;
            }
        }
    }
    producers.update_map_end_offset(last_offset);
    producers.take_snapshot(fs, &dir, true)?;
    Ok(())
}

/// Takes the batches of a part of a segment into the state (`loadProducersFromRecords`).
fn replay<F: Fs>(
    producers: &mut ProducerStateManager,
    home: &Home<F>,
    segment: &LogSegment<F>,
    from: u32,
    end: u32,
) -> Result<(), LogError> {
    let file = segment.file(home)?;
    let mut appends = ProducerAppends::new();
    let mut walk = BatchWalk::new(&*file, from.into(), end.into());
    loop {
        match walk.next_batch() {
            Ok(Some(batch)) => check(producers, &batch, &mut appends)?,
            Ok(None) => break,
            Err(error) => return Err(broken_walk(segment.log_path(home), error).into()),
        }
    }
    producers.apply(&appends);
    for completed in appends.completed() {
        producers.complete_txn(completed)?;
    }
    Ok(())
}

fn check(
    producers: &mut ProducerStateManager,
    batch: &RawBatch<'_>,
    appends: &mut ProducerAppends,
) -> Result<(), LogError> {
    if let Ok(Batch::Default(batch)) = batch.parse() {
        let header = batch.header();
        if header.producer_id() >= 0 {
            let marker = EndTransaction::read(&batch)?;
            producers.check(&header, marker, None, &AppendTerms::REPLICATION, appends)?;
        }
    }
    Ok(())
}
