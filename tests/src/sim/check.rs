//! A log held against its model.

use std::sync::Arc;

use kafka_log::log::error::{LogError, StorageError};
use kafka_log::log::types::FetchIsolation;
use kafka_log::log::{Log, TimestampSpec};

use super::SimFs;
use super::model::{Model, ModelBatch, decode};
use crate::Random;

/// Why a run goes no further.
#[derive(Debug)]
pub enum Stop {
    /// The log does not do what it must.
    Wrong(String),
    /// The disk failed, as it was told to, and the log says so.
    Medium(String),
    /// The log cannot be opened, and Kafka would not open it either.
    Refused,
    /// A crash was all that was wanted, and has happened.
    Captured,
    /// The disk failed while the bytes of a read were fetched, of which the log knows nothing.
    Slice(String),
}

impl From<String> for Stop {
    fn from(text: String) -> Self {
        Stop::Wrong(text)
    }
}

impl From<LogError> for Stop {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Storage(error) => Stop::Medium(error.to_string()),
            error => Stop::Wrong(format!("{error:?}")),
        }
    }
}

/// All batches from an offset on, read piece by piece.
///
/// # Errors
/// What is wrong with them; the disk.
pub fn content(log: &Log<SimFs>, from: i64, random: &mut Random) -> Result<Vec<Arc<ModelBatch>>, Stop> {
    let (mut all, mut offset): (Vec<Arc<ModelBatch>>, _) = (Vec::new(), from);
    while offset < log.log_end_offset() {
        let max = [1, 100, 300, 2000, 1 << 20][random.below(5)];
        let (batches, _) = read(log, offset, max, FetchIsolation::LogEnd)?;
        let Some(last) = batches.last() else { break };
        if last.last_offset < offset {
            return Err(Stop::Wrong(format!("a read at {offset} ends at {}", last.last_offset)));
        }
        offset = last.last_offset + 1;
        all.extend(batches);
    }
    Ok(all)
}

type Aborted = Option<Vec<(i64, i64)>>;

fn read(
    log: &Log<SimFs>,
    offset: i64,
    max: usize,
    isolation: FetchIsolation,
) -> Result<(Vec<Arc<ModelBatch>>, Aborted), Stop> {
    let found = log.read(offset, max, isolation, true)?;
    let bytes = found.records.read().map_err(|e| Stop::Slice(e.to_string()))?;
    if bytes.len() != found.records.len() {
        return Err(Stop::Wrong(format!("a slice of {} bytes has {}", found.records.len(), bytes.len())));
    }
    let (batches, rest) = decode(&bytes).map_err(|e| format!("read at {offset}: {e}"))?;
    if rest > 0 && bytes.len() != max && batches.is_empty() {
        return Err(Stop::Wrong(format!("a read at {offset} of at most {max} gives {rest} bytes of a batch")));
    }
    let aborted = found.aborted_transactions;
    Ok((batches, aborted.map(|all| all.iter().map(|txn| (txn.producer_id, txn.first_offset)).collect())))
}

/// Offsets, all content, and what readers of each isolation see.
///
/// # Errors
/// The first thing that differs; the disk.
pub fn all(log: &Log<SimFs>, model: &mut Model, random: &mut Random) -> Result<(), Stop> {
    offsets(log, model)?;
    let found = content(log, model.start, random)?;
    same(&found, &model.visible().cloned().collect::<Vec<_>>())?;
    for _ in 0..3 {
        one_read(log, model, random)?;
        one_lookup(log, model, random)?;
    }
    committed(log, model, random)?;
    offsets(log, model)?;
    Ok(())
}

/// Log start, log end, high watermark, last stable offset.
///
/// # Errors
/// The first that differs.
pub fn offsets(log: &Log<SimFs>, model: &mut Model) -> Result<(), Stop> {
    // A read moves a high watermark in the middle of a batch to its start, as in Kafka.
    if log.high_watermark() == model.found_high_watermark() {
        model.high_watermark = log.high_watermark();
    }
    let found = (log.log_start_offset(), log.high_watermark(), log.log_end_offset());
    let expected = (model.start, model.high_watermark, model.end);
    if found != expected {
        return Err(Stop::Wrong(format!("start, high watermark and end are {found:?}, not {expected:?}")));
    }
    let (lso, expected) = (log.last_stable_offset(), model.last_stable_offsets());
    if !expected.contains(&lso) {
        return Err(Stop::Wrong(format!("the last stable offset is {lso}, not {expected:?}")));
    }
    let recovery_point = log.recovery_point();
    if recovery_point > model.end.max(model.start) {
        return Err(Stop::Wrong(format!("recovery point {recovery_point} above the end {}", model.end)));
    }
    Ok(())
}

fn same(found: &[Arc<ModelBatch>], expected: &[Arc<ModelBatch>]) -> Result<(), Stop> {
    for (found, expected) in found.iter().zip(expected) {
        if found.bytes != expected.bytes {
            return Err(Stop::Wrong(format!("found {found:?}\nexpected {expected:?}")));
        }
    }
    if found.len() != expected.len() {
        return Err(Stop::Wrong(format!("{} batches, not {}", found.len(), expected.len())));
    }
    Ok(())
}

/// What a consumer of committed records gets, filtered as Kafka's consumer does it.
fn committed(log: &Log<SimFs>, model: &Model, random: &mut Random) -> Result<(), Stop> {
    // The first read moves a high watermark in the middle of a batch to its start, and looks again for what is unstable: a
    // truncation that loaded producers again has not done so, as in Kafka, and the last stable offset may sink now.
    read(log, model.start, 1, FetchIsolation::TxnCommitted)?;
    let limit = log.last_stable_offset();
    let (mut offset, mut found) = (model.start, Vec::new());
    while offset < limit {
        let max = [1, 150, 1000, 1 << 20][random.below(4)];
        let (batches, aborted) = read(log, offset, max, FetchIsolation::TxnCommitted)?;
        let Some(last) = batches.last() else { break };
        if last.last_offset >= limit {
            return Err(Stop::Wrong(format!("a read of committed data reaches {}, beyond {limit}", last.last_offset)));
        }
        let mut aborted = aborted.unwrap_or_default();
        aborted.sort_by_key(|(_, first)| *first);
        let mut active = Vec::new();
        for batch in &batches {
            while let Some(&(id, _)) = aborted.first().filter(|(_, first)| *first <= batch.last_offset) {
                active.push(id);
                aborted.remove(0);
            }
            if batch.control.is_some() {
                active.retain(|id| *id != batch.producer_id);
            } else if !(batch.is_transactional && active.contains(&batch.producer_id)) {
                found.extend(batch.records.iter().map(|r| r.offset).filter(|at| (offset..limit).contains(at)));
            }
        }
        offset = last.last_offset + 1;
    }
    if log.last_stable_offset() != limit {
        return Err(Stop::Wrong(format!("reads moved the last stable offset {limit} to {}", log.last_stable_offset())));
    }
    let expected = model.committed(limit);
    if found != expected {
        return Err(Stop::Wrong(format!("committed records below {limit} are {found:?}, not {expected:?}")));
    }
    Ok(())
}

fn one_read(log: &Log<SimFs>, model: &Model, random: &mut Random) -> Result<(), Stop> {
    let offset = model.start + random.below((model.end - model.start + 1) as usize) as i64;
    let (isolation, limit) = match random.below(2) {
        0 => (FetchIsolation::LogEnd, model.end),
        _ => (FetchIsolation::HighWatermark, model.high_watermark),
    };
    let (batches, _) = read(log, offset, 1 + random.below(600), isolation)?;
    let mut expected = model.visible().filter(|batch| batch.last_offset >= offset);
    // A high watermark inside a batch ends a read before that batch.
    if batches.is_empty() && expected.clone().next().is_some_and(|next| next.last_offset < limit) {
        return Err(Stop::Wrong(format!("a read at {offset} with limit {limit} gives nothing")));
    }
    for batch in batches {
        if batch.last_offset >= limit {
            return Err(Stop::Wrong(format!("a read below {limit} gives {}", batch.last_offset)));
        }
        if expected.next().is_none_or(|expected| expected.bytes != batch.bytes) {
            return Err(Stop::Wrong(format!("a read at {offset} gives {batch:?}")));
        }
    }
    let below = log.read(model.start - 1, 100, FetchIsolation::LogEnd, true);
    if !matches!(below, Err(LogError::OffsetOutOfRange { .. })) {
        return Err(Stop::Wrong(format!("a read below the log start gives {below:?}")));
    }
    Ok(())
}

fn one_lookup(log: &Log<SimFs>, model: &Model, random: &mut Random) -> Result<(), Stop> {
    let all: Vec<_> = model.visible().flat_map(|batch| &batch.records).collect();
    let Some(some) = all.get(random.below(all.len())) else { return Ok(()) };
    let target = some.timestamp + random.below(3) as i64 - 1;
    let found = match log.offset_for_timestamp(TimestampSpec::At(target), FetchIsolation::LogEnd) {
        Ok(found) => found.map(|found| (found.offset, found.timestamp)),
        // As in Kafka the look goes through what lies below the log start, too, where a crash may leave what it likes: the
        // recovery point is never below the log start.
        Err(LogError::CorruptRecord(StorageError::Corrupt { path, .. }))
            if log.segments().windows(2).any(|pair| {
                let name = format!("{:020}.log", pair[0].base_offset());
                pair[1].base_offset() <= model.start && path.ends_with(&name)
            }) =>
        {
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    let expected = all.iter().find(|record| record.timestamp >= target && record.offset >= model.start);
    let expected = expected.map(|record| (record.offset, record.timestamp));
    // Kafka looks into one segment alone, which may have the time only in records below the log start or cut off since; an
    // empty one has the time of its last change.
    let was_cut = model.was_cut || log.segments().iter().any(|segment| segment.size() == 0);
    let is_old = found.is_none_or(|found| Some(found) > expected) && model.has_old_times;
    let is_lost = found.is_none() && was_cut || is_old;
    if found != expected && !is_lost {
        let segments: Vec<_> =
            log.segments().iter().map(|s| (s.base_offset(), s.largest_timestamp(log.home()).ok())).collect();
        let times: Vec<_> = model.visible().map(|b| (b.base_offset, b.max_timestamp)).collect();
        return Err(Stop::Wrong(format!(
            "at time {target} there is {found:?}, not {expected:?}; segments {segments:?}, batches {times:?}"
        )));
    }
    Ok(())
}

/// The producers that the log knows of, as the batches tell them.
///
/// # Errors
/// The first that differs.
pub fn producers(log: &Log<SimFs>, model: &Model) -> Result<(), Stop> {
    let mut wrong = None;
    let mut ids = Vec::new();
    log.for_each_producer(|id, state| {
        ids.push(id);
        let Some(view) = model.producer(id) else { return };
        let mut found = (state.producer_epoch(), state.last_sequence(), state.current_txn_first_offset());
        let mut expected = (view.epoch, view.last_sequence, view.open_from);
        // What lies below the log start is not read again when producers are reloaded.
        if view.batches.last().is_none_or(|(_, _, _, last)| *last < model.start) {
            (found.1, expected.1) = (0, 0);
        }
        if view.open_from.is_some_and(|from| from < model.start) {
            (found.2, expected.2) = (None, None);
        }
        if found != expected {
            wrong =
                Some(format!("producer {id}: epoch, last sequence and transaction are {found:?}, not {expected:?}"));
        }
    });
    for batch in model.visible().filter(|batch| batch.producer_id >= 0) {
        if !ids.contains(&batch.producer_id) {
            wrong = Some(format!("producer {} of the batch at {} is unknown", batch.producer_id, batch.base_offset));
        }
    }
    wrong.map_or(Ok(()), |wrong| Err(Stop::Wrong(wrong)))
}
