//! The plan for a partition directory.

use std::collections::BTreeMap;
use std::path::Path;

use super::apply::Change;
use super::content::{Content, is_same};
use super::donor;
use super::epochs;
use super::error::RepairError;
use super::files::{self, PartitionFiles};
use super::fill::{self, Made};
use super::holes;
use super::layout;
use super::plan::{Checkpoints, Depth, Options, PartitionPlan};
use super::producers::{FoundSnapshot, ProducerReplay};
use super::segment::{Known, SegmentState, first_batch, read_segment};
use super::survivor::{Kind, Survivor};
use super::transactions::{Evidence, Hole, Resolved, Snapshots, resolve};
use crate::format::file_name::{FileKind, FileName, FileState};
use crate::format::leader_epoch_checkpoint::EpochEntry;
use crate::format::partition_dir::PartitionDirName;
use crate::format::producer_snapshot::{ProducerEntry, ProducerSnapshot};
use crate::format::transaction_index::{AbortedTxn, TransactionIndexAppender};
use crate::fs::{Fs, read_whole};
use crate::segment::error::StorageError;

/// The metadata log of KRaft, whose records build on each other: one without a gap, or none.
const METADATA_TOPIC: &str = "__cluster_metadata";

/// Plans the repair of a partition directory. Writes nothing.
///
/// # Errors
/// Those of the medium.
pub fn plan_partition<F: Fs>(
    fs: &F,
    dir: &Path,
    checkpoints: &Checkpoints,
    options: &Options,
) -> Result<PartitionPlan, RepairError> {
    plan_with(fs, dir, checkpoints, options, options.depth())
}

pub(super) fn plan_with<F: Fs>(
    fs: &F,
    dir: &Path,
    checkpoints: &Checkpoints,
    options: &Options,
    depth: Depth,
) -> Result<PartitionPlan, RepairError> {
    let mut plan = PartitionPlan { path: dir.to_owned(), ..PartitionPlan::default() };
    let files = files::list(fs, dir)?;
    let filed_epochs = if files.has_epochs { epochs::read(fs, dir)? } else { None };
    let trusted_epochs = filed_epochs.as_ref().and_then(|epochs| epochs.as_ref().ok());
    let (snapshots, mut replay) = read_snapshots(fs, dir, &files, &mut plan)?;
    let epochs = trusted_epochs.map(Vec::as_slice);
    let seen = &mut |batch: &Survivor| replay.batch(batch);
    let mut segments = read_segments(fs, dir, &files, checkpoints, depth, epochs, seen)?;

    let mut end = end_of(&segments);
    let mut held_end = held_end_of(&segments, &snapshots, end, checkpoints, options);
    let mut found = holes::find(&segments, held_end);
    let name = dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if let Some(donor) = options.donor.as_ref().and_then(|donor| donor::partition_dir(fs, donor, &name)) {
        let mut wanted = found.holes.clone();
        let is_open = segments.last().is_some_and(holes::loses_its_tail) && held_end.is_none();
        if is_open {
            // Nobody knows how much is missing, so all that the donor has is.
            let first = wanted.last().map_or(end, |hole| end.max(hole.last + 1));
            wanted.push(Hole { first, last: i64::MAX - 1, aborts_are_known: false });
        }
        plan.notes = donor::fill(fs, &donor, &mut segments, &wanted, depth)?;
        end = end_of(&segments);
        held_end = held_end.filter(|&held| held > end);
        found = holes::find(&segments, held_end);
    }
    plan.lost = std::mem::take(&mut found.lost);
    let resolved = resolve_transactions(&segments, &found.holes, &snapshots);

    let topic = PartitionDirName::parse(&name).map(|name| name.topic.to_owned()).unwrap_or_default();
    if topic == METADATA_TOPIC && plan.lost.iter().any(|lost| lost.offsets.is_some()) {
        let what = "records of the metadata log are lost: it is of no use with a hole, so nothing is changed; \
                    let the node fetch it anew from the other controllers";
        plan.remaining.push(what.to_owned());
        plan.changes.clear();
        plan.log_end_offset = end;
        return Ok(plan);
    }

    plan.changes.extend(files.leftovers.iter().cloned());
    let runs = || segments.iter().flat_map(|segment| segment.epoch_runs.iter().copied());
    let of_batches = epochs::of_batches(runs());
    let agreed = trusted_epochs.filter(|filed| epochs::agree(filed, runs())).unwrap_or(&of_batches);
    let are_filed = !std::ptr::eq(agreed, &of_batches);
    let epochs = if are_filed { fill::Epochs::Filed(agreed) } else { fill::Epochs::OfBatches(agreed) };
    let made = fill::fill(&segments, &found.holes, &resolved.markers, epochs, &mut plan.notes)
        .map_err(|source| StorageError::Corrupt { path: dir.to_owned(), source })?;
    plan_epochs(&segments, filed_epochs.as_ref(), held_end.unwrap_or(end), &mut plan);
    plan_segments(fs, dir, &segments, made, depth, &mut plan)?;
    plan_txn_indexes(&segments, &resolved, &found.holes, false, &mut plan);
    finish_snapshots(&files, replay.finish(end), held_end.unwrap_or(end), &mut plan);
    if let Some(held_end) = held_end.filter(|&held_end| held_end > end) {
        let last = held_end - 1;
        plan.notes.push(format!("offsets {end} to {last} were handed out and are kept from being used again"));
    }
    for segment in &segments {
        let file = layout::name(FileKind::Log, segment.base_offset);
        plan.restored.extend(segment.restored.iter().map(|restored| (file.clone(), restored.clone())));
        if segment.misplaced > 0 {
            let count = segment.misplaced;
            plan.notes.push(format!("{file}: {count} good batches are left out, for nothing tells their offsets"));
        }
    }
    for (producer_id, first) in &resolved.undecided {
        plan.notes.push(format!(
            "the transaction of producer {producer_id} from offset {first} on is open, and its end may be lost; if \
             readers of committed data wait for it, kafka-transactions.sh abort ends it"
        ));
    }
    plan.first_offset = segments.iter().find_map(|segment| segment.first_offset);
    plan.log_end_offset = held_end.unwrap_or(end);
    check_metadata(fs, dir, &files, &mut plan)?;
    drop_vain_changes(fs, dir, &mut plan)?;
    Ok(plan)
}

pub(super) fn read_segments<F: Fs>(
    fs: &F,
    dir: &Path,
    files: &PartitionFiles,
    checkpoints: &Checkpoints,
    depth: Depth,
    epochs: Option<&[EpochEntry]>,
    seen: &mut dyn FnMut(&Survivor),
) -> Result<Vec<SegmentState>, RepairError> {
    let mut segments: Vec<SegmentState> = Vec::new();
    let bases: Vec<i64> = files.segments.keys().copied().collect();
    let with_log = files.segments.iter().filter(|(_, segment)| segment.log.is_some());
    let log_bases: Vec<i64> = with_log.map(|(&base_offset, _)| base_offset).collect();
    let (mut last_before, mut epoch_before, mut has_gaps) = (None, -1, false);
    for (at, (&base_offset, segment_files)) in files.segments.iter().enumerate() {
        let next = match bases.get(at + 1) {
            None => None,
            Some(next) => {
                let log = files.segments.get(next).and_then(|segment| segment.log.as_ref());
                let first = log.map(|log| first_batch(fs, &dir.join(&log.from))).transpose()?.flatten();
                // A name may be lower than it should be.
                let is_near = |first: i64| first >= *next && first - next <= i64::from(i32::MAX);
                let begin = first.map(|(first, _)| first).filter(|&first| is_near(first)).unwrap_or(*next);
                Some((begin, first.map(|(_, epoch)| epoch).filter(|&epoch| epoch >= 0)))
            }
        };
        let known = Known {
            last_before,
            next,
            closed_at: checkpoints.recovery_point.filter(|_| checkpoints.is_clean_stop),
            epoch_before,
            epochs,
            has_gaps,
            depth,
            log_bases: &log_bases,
        };
        let segment = read_segment(fs, dir, base_offset, segment_files, &known, seen)?;
        last_before = segment.last_offset.or(last_before);
        // The highest, as inside of a segment: a split must not change what its batches prove.
        epoch_before = segment.epoch_runs.iter().map(|run| run.epoch).fold(epoch_before, i32::max);
        has_gaps = segment.has_gaps;
        segments.push(segment);
    }
    Ok(join_orphans(segments))
}

/// Puts a log file that had another name together with the indexes that kept theirs.
fn join_orphans(mut segments: Vec<SegmentState>) -> Vec<SegmentState> {
    segments.sort_by_key(|segment| (segment.base_offset, segment.files.log.is_some()));
    let mut joined: Vec<SegmentState> = Vec::with_capacity(segments.len());
    for mut segment in segments {
        let orphan = joined.pop_if(|last| last.base_offset == segment.base_offset && last.files.log.is_none());
        if let Some(orphan) = orphan.filter(|orphan| orphan.files.txn_index.is_some()) {
            segment.files.txn_index = orphan.files.txn_index;
            segment.aborts = orphan.aborts;
        }
        joined.push(segment);
    }
    joined
}

/// Running transactions in each readable snapshot, and a replay to compare them with; the unreadable ones go.
fn read_snapshots<F: Fs>(
    fs: &F,
    dir: &Path,
    files: &PartitionFiles,
    plan: &mut PartitionPlan,
) -> Result<(Snapshots, ProducerReplay), RepairError> {
    let mut snapshots = Snapshots::new();
    let mut found = Vec::new();
    for (&offset, placed) in &files.snapshots {
        let path = dir.join(&placed.from);
        let bytes = read_whole(fs, &path).map_err(StorageError::io("read", &path))?.unwrap_or_default();
        let is_possible = |entry: &ProducerEntry| entry.last_offset < offset && entry.current_txn_first_offset < offset;
        let entries = match ProducerSnapshot::read(&bytes) {
            Ok(snapshot) if snapshot.iter().all(|entry| is_possible(&entry)) => Ok(snapshot),
            Ok(_) => Err("it knows of offsets above its own".to_owned()),
            Err(error) => Err(format!("Kafka cannot read it: {error}")),
        };
        let entries = match entries {
            Ok(snapshot) => {
                let running = snapshot.iter().filter_map(|p| Some((p.producer_id, p.open_txn_first_offset()?)));
                snapshots.insert(offset, running.collect());
                files::renaming(fs, dir, placed, "the name is put right", &mut plan.changes)?;
                Some(snapshot.iter().collect())
            }
            Err(why) => {
                plan.changes.push(Change { name: placed.from.clone(), content: None, why });
                None
            }
        };
        found.push(FoundSnapshot { offset, entries });
    }
    Ok((snapshots, ProducerReplay::new(found)))
}

/// The offset behind the last batch that survived.
fn end_of(segments: &[SegmentState]) -> i64 {
    let survived_to =
        segments.iter().filter_map(|segment| segment.last_offset).max().map(|last| last.saturating_add(1));
    let with_log = segments.iter().rfind(|segment| segment.files.log.is_some());
    let active_base = with_log.map_or(0, |segment| segment.base_offset);
    survived_to.unwrap_or(active_base).max(active_base)
}

/// The end that the log must keep although its last batches are lost: offsets below were handed out already.
fn held_end_of(
    segments: &[SegmentState],
    snapshots: &Snapshots,
    end: i64,
    checkpoints: &Checkpoints,
    options: &Options,
) -> Option<i64> {
    let handed_out = checkpoints.recovery_point.or(checkpoints.high_watermark)?;
    let last = segments.last()?;
    let is_lost = holes::loses_its_tail(last)
        || snapshots.contains_key(&handed_out)
        || checkpoints.high_watermark.is_some_and(|shown| shown >= handed_out);
    let is_near = handed_out > end && handed_out - end < i64::from(i32::MAX);
    (is_near && is_lost && !options.may_end_lower).then_some(handed_out)
}

pub(super) fn resolve_transactions(segments: &[SegmentState], holes: &[Hole], snapshots: &Snapshots) -> Resolved {
    let events: Vec<_> = segments.iter().flat_map(|segment| segment.events.iter().copied()).collect();
    let aborts: Vec<AbortedTxn> =
        segments.iter().flat_map(|segment| segment.aborts.iter().flatten().copied()).collect();
    let log_start = segments.first().map_or(0, |segment| segment.base_offset);
    resolve(&Evidence { events: &events, holes, aborts: &aborts, snapshots, log_start })
}

fn plan_epochs(
    segments: &[SegmentState],
    filed: Option<&Result<Vec<EpochEntry>, String>>,
    end: i64,
    plan: &mut PartitionPlan,
) {
    let runs = || segments.iter().flat_map(|segment| segment.epoch_runs.iter().copied());
    let why = match filed {
        Some(Err(error)) => format!("Kafka cannot read it: {error}"),
        Some(Ok(entries)) if epochs::agree(entries, runs()) => {
            // A leader that has written nothing yet may begin at the end, but not behind it.
            let kept: Vec<EpochEntry> = entries.iter().copied().filter(|entry| entry.start_offset <= end).collect();
            if kept.len() < entries.len() {
                let content = Content::of(epochs::file_of(&kept));
                let why = "it has epochs behind the end of the log".to_owned();
                plan.changes.push(Change { name: epochs::FILE.to_owned(), content: Some(content), why });
            }
            return;
        }
        Some(Ok(_)) => "it contradicts the batches".to_owned(),
        None if runs().next().is_none() => return,
        None => "it is missing".to_owned(),
    };
    let content = Content::of(epochs::file_of(&epochs::of_batches(runs())));
    plan.changes.push(Change { name: epochs::FILE.to_owned(), content: Some(content), why });
}

fn plan_segments<F: Fs>(
    fs: &F,
    dir: &Path,
    segments: &[SegmentState],
    made: Vec<(usize, Made)>,
    depth: Depth,
    plan: &mut PartitionPlan,
) -> Result<(), RepairError> {
    let mut made: Vec<Option<(usize, Made)>> = made.into_iter().map(Some).collect();
    let last_with_log = segments.iter().rposition(|segment| segment.files.log.is_some());
    for (at, segment) in segments.iter().enumerate() {
        let mine: Vec<Made> = made
            .iter_mut()
            .filter(|made| made.as_ref().is_some_and(|(place, _)| *place == at))
            .filter_map(|made| made.take().map(|(_, made)| made))
            .collect();
        if segment.is_changed || !mine.is_empty() {
            let is_last = at + 1 == segments.len() && last_with_log == Some(at);
            let whole;
            let segment = if segment.is_changed {
                segment
            } else {
                // Its batches are needed after all.
                whole = super::segment::reread(fs, dir, segment, depth)?;
                &whole
            };
            layout::plan(fs, dir, segment, mine, is_last, &mut plan.changes)?;
            continue;
        }
        let indexes = [
            (FileKind::OffsetIndex, &segment.files.offset_index, &segment.new_offset_index),
            (FileKind::TimeIndex, &segment.files.time_index, &segment.new_time_index),
        ];
        for (kind, placed, new) in indexes {
            match (placed, new) {
                (_, Some((bytes, why))) => {
                    let name = layout::name(kind, segment.base_offset);
                    let content = Some(Content::of(bytes.clone()));
                    plan.changes.push(Change { name, content, why: (*why).to_owned() });
                    if let Some(placed) = placed.as_ref().filter(|placed| placed.from != placed.to) {
                        let why = "the name is put right".to_owned();
                        plan.changes.push(Change { name: placed.from.clone(), content: None, why });
                    }
                }
                (Some(placed), None) => {
                    files::renaming(fs, dir, placed, "the name is put right", &mut plan.changes)?;
                }
                (None, None) => {}
            }
        }
    }
    Ok(())
}

/// Transaction indexes that lead readers of committed data to the markers that are in the log. `is_new` asks for all
/// of them, and for no entry without data in front of its marker.
pub(super) fn plan_txn_indexes(
    segments: &[SegmentState],
    resolved: &Resolved,
    holes: &[Hole],
    is_new: bool,
    plan: &mut PartitionPlan,
) {
    let bases_of_logs = |is_written: bool| -> Vec<i64> {
        let changes = plan.changes.iter().filter(|change| change.content.is_some() == is_written);
        let names = changes.filter_map(|change| FileName::parse(&change.name));
        let live = names.filter(|name| name.kind == FileKind::Log && name.state == FileState::Live);
        live.filter_map(|name| name.offset).collect()
    };
    let (logs, removed_logs) = (bases_of_logs(true), bases_of_logs(false));
    for (at, segment) in segments.iter().enumerate() {
        let end = segments.get(at + 1).map_or(i64::MAX, |next| next.base_offset);
        let range = segment.base_offset..end;
        let mut markers: Vec<(i64, i64)> = segment
            .events
            .iter()
            .filter(|event| matches!(event.kind, Kind::Marker { is_commit: false, .. }))
            .map(|event| (event.offset, event.producer_id))
            .collect();
        let put_back = resolved.markers.iter().filter(|marker| !marker.is_commit && range.contains(&marker.offset));
        markers.extend(put_back.map(|marker| (marker.offset, marker.producer_id)));
        markers.sort_unstable();
        let filed = segment.aborts.as_deref();
        let entry_of = |entries: &[AbortedTxn], (last, producer): (i64, i64)| {
            entries.iter().find(|txn| txn.last_offset == last && txn.producer_id == producer).copied()
        };
        // A replay over holes and over what compaction left knows less than the file.
        let is_exact = holes.iter().all(|hole| hole.first >= end) && !segment.has_gaps;
        let wanted: Vec<AbortedTxn> = markers
            .into_iter()
            .filter_map(|marker| {
                let (filed, replayed) = (entry_of(filed.unwrap_or(&[]), marker), entry_of(&resolved.aborted, marker));
                if is_new {
                    replayed
                } else if is_exact {
                    replayed.or(filed)
                } else {
                    filed.or(replayed)
                }
            })
            .collect();
        // A segment that is split has an index for each part.
        let mut bases: Vec<i64> = logs.iter().copied().filter(|base| range.contains(base)).collect();
        bases.push(segment.base_offset);
        bases.sort_unstable();
        bases.dedup();
        for (part, &base_offset) in bases.iter().enumerate() {
            let part_end = bases.get(part + 1).copied().unwrap_or(end);
            let is_of_part = |txn: &&AbortedTxn| (base_offset..part_end).contains(&txn.last_offset);
            let wanted: Vec<AbortedTxn> = wanted.iter().filter(is_of_part).copied().collect();
            let is_whole = base_offset == segment.base_offset;
            let filed = if is_whole { filed } else { Some(&[][..]) };
            let placed = segment.files.txn_index.as_ref().filter(|_| is_whole);
            let is_removed = removed_logs.contains(&base_offset) && !logs.contains(&base_offset);
            let has_no_log = segment.files.log.is_none() || is_removed;
            let must_go = is_whole && wanted.is_empty() && has_no_log;
            if !is_new && filed == Some(wanted.as_slice()) && !must_go {
                let name = layout::name(FileKind::TransactionIndex, base_offset);
                if placed.is_none_or(|placed| placed.from == name) {
                    continue;
                }
            }
            plan_txn_index(base_offset, placed, filed, wanted, plan);
        }
    }
}

fn plan_txn_index(
    base_offset: i64,
    placed: Option<&files::Placed>,
    filed: Option<&[AbortedTxn]>,
    wanted: Vec<AbortedTxn>,
    plan: &mut PartitionPlan,
) {
    let name = layout::name(FileKind::TransactionIndex, base_offset);
    let why = match filed {
        None => "Kafka cannot read it",
        Some(entries) if entries == wanted.as_slice() => "the name is put right",
        Some(_) => "it does not fit the markers in the log",
    };
    if let Some(placed) = placed.filter(|placed| placed.from != name || wanted.is_empty()) {
        plan.changes.push(Change { name: placed.from.clone(), content: None, why: why.to_owned() });
    }
    if !wanted.is_empty() {
        let mut bytes = Vec::new();
        let mut appender = TransactionIndexAppender::default();
        for txn in wanted {
            // In the order of their markers, so none is refused.
            let _ = appender.append(txn, &mut bytes);
        }
        plan.changes.push(Change { name, content: Some(Content::of(bytes)), why: why.to_owned() });
    }
}

/// Snapshots that contradict the batches are written anew, and those above the end of the log go: what they know of never
/// happened.
fn finish_snapshots(files: &PartitionFiles, rewritten: BTreeMap<i64, Vec<u8>>, end: i64, plan: &mut PartitionPlan) {
    for (offset, bytes) in rewritten {
        let name = layout::name(FileKind::ProducerSnapshot, offset);
        let earlier = plan.changes.iter().position(|change| change.name == name);
        let why = match earlier {
            Some(at) => plan.changes.remove(at).why,
            None => "it contradicts the batches".to_owned(),
        };
        plan.changes.push(Change { name, content: Some(Content::of(bytes)), why });
    }
    for (_, placed) in files.snapshots.range(end.saturating_add(1)..) {
        plan.changes.retain(|change| change.name != placed.from);
        let why = "it is above the end of the log".to_owned();
        plan.changes.push(Change { name: placed.from.clone(), content: None, why });
    }
}

/// A file that comes out as it is stays.
fn drop_vain_changes<F: Fs>(fs: &F, dir: &Path, plan: &mut PartitionPlan) -> Result<(), RepairError> {
    let mut changes = Vec::with_capacity(plan.changes.len());
    for change in std::mem::take(&mut plan.changes) {
        let is_vain = match &change.content {
            Some(content) => is_same(fs, &dir.join(&change.name), content)?,
            None => false,
        };
        if !is_vain {
            changes.push(change);
        }
    }
    plan.changes = changes;
    Ok(())
}

fn check_metadata<F: Fs>(
    fs: &F,
    dir: &Path,
    files: &PartitionFiles,
    plan: &mut PartitionPlan,
) -> Result<(), RepairError> {
    if !files.has_metadata {
        return Ok(());
    }
    let path = dir.join("partition.metadata");
    let bytes = read_whole(fs, &path).map_err(StorageError::io("read", &path))?.unwrap_or_default();
    if let Err(error) = crate::format::partition_metadata::PartitionMetadata::read(&bytes) {
        plan.remaining.push(format!("partition.metadata: {error}; the topic id has to come from another replica"));
    }
    Ok(())
}
