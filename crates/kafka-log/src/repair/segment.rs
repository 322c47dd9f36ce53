//! One segment: what of it survived, which headers were wrong, and whether its indexes lead to the right places.

use std::ops::Range;
use std::path::Path;

use super::epochs::EpochRun;
use super::error::RepairError;
use super::files::{Placed, SegmentFiles};
use super::indexes::{Indexed, Indexes};
use super::plan::Depth;
use super::runs::each;
use super::scan::{LostBytes, scan_log};
use super::settle::{Around, Restored, settle_epochs, settle_offsets};
use super::survivor::Survivor;
use super::transactions::Event;
use crate::format::batch::{BatchHeader, HEADER_SIZE_UP_TO_MAGIC, NO_PARTITION_LEADER_EPOCH, RECORD_BATCH_OVERHEAD};
use crate::format::leader_epoch_checkpoint::EpochEntry;
use crate::format::offset_index::OffsetIndex;
use crate::format::transaction_index::{AbortedTxn, TransactionIndex};
use crate::fs::{Fs, OpenMode, ReadAt, read_whole};
use crate::segment::error::StorageError;

/// What is known before a segment is read.
pub(super) struct Known<'a> {
    /// Last offset of the segments before.
    pub(super) last_before: Option<i64>,
    /// Base offset and first leader epoch of the next segment.
    pub(super) next: Option<(i64, Option<i32>)>,
    /// Where the log ended when it was closed.
    pub(super) closed_at: Option<i64>,
    pub(super) epoch_before: i32,
    pub(super) epochs: Option<&'a [EpochEntry]>,
    pub(super) has_gaps: bool,
    pub(super) depth: Depth,
    /// Base offsets of the log files there are.
    pub(super) log_bases: &'a [i64],
}

impl Known<'_> {
    /// Offsets that a segment of this base offset may have.
    fn inside(&self, base_offset: i64) -> Range<i64> {
        let first = self.last_before.map_or(base_offset, |last| base_offset.max(last.saturating_add(1)));
        first..self.next.map(|(next, _)| next).or(self.closed_at).unwrap_or(i64::MAX)
    }
}

/// What was found of a segment.
#[derive(Debug)]
pub(super) struct SegmentState {
    pub(super) base_offset: i64,
    pub(super) files: SegmentFiles,
    pub(super) len: u64,
    pub(super) modified_ms: Option<i64>,
    /// Empty for a segment whose log stays as it is; what was asked of them is in the other fields.
    pub(super) survivors: Vec<Survivor>,
    pub(super) lost: Vec<LostBytes>,
    pub(super) restored: Vec<Restored>,
    /// Batches that are left out because nobody can tell their offsets.
    pub(super) misplaced: usize,
    /// Whether the log file has to be written anew.
    pub(super) is_changed: bool,
    /// Whether its last batch is taken from another replica.
    pub(super) ends_in_donor: bool,
    pub(super) events: Vec<Event>,
    pub(super) epoch_runs: Vec<EpochRun>,
    pub(super) first_offset: Option<i64>,
    pub(super) last_offset: Option<i64>,
    pub(super) last_epoch: i32,
    pub(super) has_gaps: bool,
    /// Entries of the transaction index; `None` where it cannot be read.
    pub(super) aborts: Option<Vec<AbortedTxn>>,
    /// New indexes for an unchanged log, and why.
    pub(super) new_offset_index: Option<(Vec<u8>, &'static str)>,
    pub(super) new_time_index: Option<(Vec<u8>, &'static str)>,
}

/// Reads a segment. `seen` sees its good batches.
///
/// # Errors
/// Those of the medium.
pub(super) fn read_segment<F: Fs>(
    fs: &F,
    dir: &Path,
    base_offset: i64,
    files: &SegmentFiles,
    known: &Known<'_>,
    seen: &mut dyn FnMut(&Survivor),
) -> Result<SegmentState, RepairError> {
    let mut state = SegmentState {
        base_offset,
        files: files.clone(),
        len: 0,
        modified_ms: None,
        survivors: Vec::new(),
        lost: Vec::new(),
        restored: Vec::new(),
        misplaced: 0,
        is_changed: false,
        ends_in_donor: false,
        events: Vec::new(),
        epoch_runs: Vec::new(),
        first_offset: None,
        last_offset: None,
        last_epoch: known.epoch_before,
        has_gaps: known.has_gaps,
        aborts: read_aborts(fs, dir, files, base_offset)?,
        new_offset_index: None,
        new_time_index: None,
    };
    let Some(log) = &files.log else {
        state.is_changed = true;
        return Ok(state);
    };
    let path = dir.join(&log.from);
    let found = fs.metadata(&path).map_err(StorageError::io("look at", &path))?;
    let mut depth = known.depth;
    let survivors = loop {
        let scan = scan_log(fs, &path, base_offset, known.inside(base_offset), depth)?;
        (state.len, state.modified_ms, state.lost) = (scan.len, Some(found.modified_ms), scan.lost);
        let mut survivors = scan.survivors;
        state.base_offset = true_base(base_offset, &survivors, known);
        settle(fs, dir, &path, &mut state, &mut survivors, known)?;
        // A whole stretch is out of place: then each batch of it is judged by itself.
        if depth.keeps_each || survivors.iter().all(|batch| batch.batches == 1 || !batch.is_misplaced) {
            break survivors;
        }
        depth.keeps_each = true;
    };
    summarize(&mut state, &survivors);
    state.is_changed = !state.lost.is_empty()
        || state.misplaced > 0
        || state.base_offset != base_offset
        || log.from != log.to
        || survivors.iter().any(|batch| batch.restored.is_some())
        || Survivor::need_split(&survivors, state.base_offset);
    let mut checks = if state.is_changed { None } else { Some(read_indexes(fs, dir, &state, known)?) };
    let file = fs.open(&path, OpenMode::Read).map_err(StorageError::io("open", &path))?;
    for batch in survivors.iter().filter(|batch| !batch.is_misplaced) {
        each(&file, &path, batch, &mut |batch| {
            seen(batch);
            if let Some(checks) = &mut checks {
                checks.batch(&Indexed::of(batch));
            }
        })?;
    }
    match checks {
        Some(checks) => (state.new_offset_index, state.new_time_index) = checks.finish(),
        None => state.survivors = survivors,
    }
    Ok(state)
}

/// The base offset that the segment must have: a higher one than in its name where the segment before reaches over that.
fn true_base(named: i64, survivors: &[Survivor], known: &Known<'_>) -> i64 {
    let follows = |first: i64| known.last_before.is_none_or(|last| first > last) && !known.log_bases.contains(&first);
    let grows = survivors.windows(2).all(|pair| pair[0].last_offset < pair[1].first_offset);
    match survivors.first() {
        // The segment before has offsets that its name claims.
        Some(first) if known.last_before.is_some_and(|last| last >= named) && grows => {
            if follows(first.first_offset) {
                first.first_offset
            } else {
                named
            }
        }
        _ => named,
    }
}

fn settle<F: Fs>(
    fs: &F,
    dir: &Path,
    path: &Path,
    state: &mut SegmentState,
    survivors: &mut [Survivor],
    known: &Known<'_>,
) -> Result<(), RepairError> {
    let file = fs.open(path, OpenMode::Read).map_err(StorageError::io("open", path))?;
    let head = |batch: &Survivor| {
        let mut head = [0; HEADER_SIZE_UP_TO_MAGIC];
        file.read_full_at(&mut head, batch.position).map_err(StorageError::io("read", path))?;
        Ok::<_, RepairError>(head)
    };
    let indexed = indexed_positions(fs, dir, state)?;
    let around = Around {
        last_before: known.last_before.unwrap_or(i64::MIN).max(state.base_offset - 1),
        end: known.next.map(|(base_offset, _)| base_offset).or(known.closed_at),
        end_is_next_segment: known.next.is_some(),
        indexed: &indexed,
        has_gaps: known.has_gaps,
    };
    state.restored = settle_offsets(survivors, &around, head)?;
    let epoch_after = known.next.and_then(|(_, epoch)| epoch);
    state.restored.extend(settle_epochs(survivors, known.epoch_before, epoch_after, known.epochs, head)?);
    for batch in survivors.iter().filter(|batch| batch.restored.is_some() && !batch.is_misplaced) {
        if state.restored.iter().all(|restored| restored.position != batch.position) {
            let found = head(batch)?;
            let field = |bytes: &[u8; HEADER_SIZE_UP_TO_MAGIC]| {
                (i32::from_be_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]), bytes[16] as i8)
            };
            let ((length, magic), (true_length, true_magic)) =
                (field(&found), batch.restored.as_ref().map_or((0, 0), field));
            let (field, found, proven) = if length == true_length {
                ("magic", i64::from(magic), i64::from(true_magic))
            } else {
                ("batch length", i64::from(length), i64::from(true_length))
            };
            let offsets = (batch.first_offset, batch.last_offset);
            state.restored.push(Restored { position: batch.position, field, found, proven, offsets });
        }
    }
    state.restored.sort_by_key(|restored| restored.position);
    state.misplaced = survivors.iter().filter(|batch| batch.is_misplaced).map(|batch| batch.batches as usize).sum();
    Ok(())
}

/// Sets what follows from the batches.
pub(super) fn summarize(state: &mut SegmentState, survivors: &[Survivor]) {
    (state.first_offset, state.events, state.epoch_runs) = (None, Vec::new(), Vec::new());
    let mut last: Option<i64> = None;
    for batch in survivors.iter().filter(|batch| !batch.is_misplaced) {
        let is_gap = last.is_some_and(|last| batch.first_offset != last.saturating_add(1)) && !batch.follows_loss;
        state.has_gaps |= is_gap || batch.is_thinned || batch.has_gaps;
        state.first_offset.get_or_insert(batch.first_offset);
        last = Some(batch.last_offset);
        state.events.extend(Event::of(batch));
        if batch.leader_epoch > NO_PARTITION_LEADER_EPOCH {
            match state.epoch_runs.last_mut() {
                Some(run) if run.epoch == batch.leader_epoch => run.last = batch.first_offset,
                _ => state.epoch_runs.push(EpochRun {
                    epoch: batch.leader_epoch,
                    first: batch.first_offset,
                    last: batch.first_offset,
                }),
            }
            state.last_epoch = batch.leader_epoch;
        }
    }
    state.last_offset = last;
}

/// The indexes of a segment, to be compared with its batches.
fn read_indexes<F: Fs>(fs: &F, dir: &Path, state: &SegmentState, known: &Known<'_>) -> Result<Indexes, RepairError> {
    let is_closed = known.next.is_some() || known.closed_at.is_some();
    let read = |placed: &Option<Placed>| match placed {
        None => Ok(None),
        Some(placed) => {
            let path = dir.join(&placed.from);
            read_whole(fs, &path).map_err(StorageError::io("read", &path))
        }
    };
    Ok(Indexes::new(state.base_offset, read(&state.files.offset_index)?, read(&state.files.time_index)?, is_closed))
}

/// Last offsets by position, as the offset index has them, as far as it grows.
fn indexed_positions<F: Fs>(fs: &F, dir: &Path, state: &SegmentState) -> Result<Vec<(u64, i64)>, RepairError> {
    let Some(placed) = &state.files.offset_index else { return Ok(Vec::new()) };
    let path = dir.join(&placed.from);
    let bytes = read_whole(fs, &path).map_err(StorageError::io("read", &path))?.unwrap_or_default();
    let mut positions = Vec::new();
    let mut last = None;
    for entry in OffsetIndex::new(state.base_offset, &bytes).iter() {
        if last.is_some_and(|last| entry.offset <= last) {
            break;
        }
        last = Some(entry.offset);
        if let Ok(position) = u64::try_from(entry.position) {
            positions.push((position, entry.offset));
        }
    }
    positions.sort_unstable();
    Ok(positions)
}

/// Entries of the transaction index, none where there is no file; `None` where the file makes no sense.
fn read_aborts<F: Fs>(
    fs: &F,
    dir: &Path,
    files: &SegmentFiles,
    base_offset: i64,
) -> Result<Option<Vec<AbortedTxn>>, RepairError> {
    let Some(placed) = &files.txn_index else { return Ok(Some(Vec::new())) };
    let path = dir.join(&placed.from);
    let bytes = read_whole(fs, &path).map_err(StorageError::io("read", &path))?.unwrap_or_default();
    let index = TransactionIndex::new(&bytes);
    let is_whole = bytes.len().is_multiple_of(crate::format::transaction_index::ABORTED_TXN_LEN);
    if !is_whole || index.sanity_check(base_offset).is_err() {
        return Ok(None);
    }
    let entries: Vec<AbortedTxn> = index.iter().filter_map(Result::ok).map(|entry| entry.txn).collect();
    let grows = entries.windows(2).all(|pair| pair[0].last_offset < pair[1].last_offset);
    let makes_sense = entries.iter().all(|txn| txn.first_offset <= txn.last_offset && txn.producer_id >= 0);
    Ok((grows && makes_sense).then_some(entries))
}

/// First offset and leader epoch of the first batch of a log file, if its header makes sense.
///
/// # Errors
/// Those of the medium.
pub(super) fn first_batch<F: Fs>(fs: &F, path: &Path) -> Result<Option<(i64, i32)>, StorageError> {
    let file = fs.open(path, OpenMode::Read).map_err(StorageError::io("open", path))?;
    let mut bytes = [0; RECORD_BATCH_OVERHEAD];
    let got = file.read_full_at(&mut bytes, 0).map_err(StorageError::io("read", path))?;
    let header = BatchHeader::split_first(&bytes[..got]).ok().map(|(header, _)| header);
    Ok(header
        .filter(|header| header.magic() == 2)
        .map(|header| (header.base_offset(), header.partition_leader_epoch())))
}

/// Reads the batches of a segment again whose log has turned out to change after all.
///
/// # Errors
/// Those of the medium.
pub(super) fn reread<F: Fs>(
    fs: &F,
    dir: &Path,
    segment: &SegmentState,
    depth: Depth,
) -> Result<SegmentState, RepairError> {
    let mut again = SegmentState {
        base_offset: segment.base_offset,
        files: segment.files.clone(),
        len: segment.len,
        modified_ms: segment.modified_ms,
        survivors: Vec::new(),
        lost: Vec::new(),
        restored: Vec::new(),
        misplaced: 0,
        is_changed: true,
        ends_in_donor: false,
        events: Vec::new(),
        epoch_runs: Vec::new(),
        first_offset: segment.first_offset,
        last_offset: segment.last_offset,
        last_epoch: segment.last_epoch,
        has_gaps: segment.has_gaps,
        aborts: segment.aborts.clone(),
        new_offset_index: None,
        new_time_index: None,
    };
    if let Some(log) = &segment.files.log {
        again.survivors = scan_log(fs, &dir.join(&log.from), segment.base_offset, 0..i64::MAX, depth)?.survivors;
    }
    Ok(again)
}
